//! The fields that a bundle can have, and what is said about those it has.
//!
//! The table is text: `fields/bundle.txt` is written by hand, `fields/service.txt` is made by `fields/extract.py` from the
//! Python SDK; `build.rs` packs both. A line is a type:
//!
//! ```text
//! engine = direct terraform          one of these values
//! lock enabled:b force:b             these fields
//! job +JobSettings -format x!:[s]    all fields of another type but one, and one more that is required
//! experimental * python:x            further fields may be there
//! ```
//!
//! A kind is `s` text, `b` true or false, `i` whole number, `f` number, `x` anything, `[kind]` list, `{kind}` mapping of
//! free keys, or a type's name.

mod check;
mod table;

pub(crate) use check::{check_complete, check_shape, convert, keep_known};

use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The table.
#[derive(Debug)]
pub(crate) struct Fields {
    types: BTreeMap<&'static str, Type>,
}

#[derive(Debug, Default, Clone)]
struct Type {
    values: Vec<&'static str>,
    fields: Vec<Field>,
    is_open: bool,
}

/// A field of a type.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    is_required: bool,
    kind: FieldKind,
}

/// What a field takes: the kind's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FieldKind(&'static str);

/// What a kind is.
#[derive(Debug)]
pub(crate) enum Shape<'a> {
    Text,
    Bool,
    Int,
    Float,
    Any,
    List(FieldKind),
    Map(FieldKind),
    Enum(&'a [&'static str]),
    Object(&'a [Field], bool),
}

impl FieldKind {
    /// The whole bundle.
    pub(crate) const ROOT: Self = Self("root");
}

impl Fields {
    /// The table, read once.
    pub(crate) fn get() -> &'static Self {
        static TEXT: OnceLock<String> = OnceLock::new();
        static TABLE: OnceLock<Fields> = OnceLock::new();
        TABLE.get_or_init(|| {
            let mut types = BTreeMap::new();
            for line in TEXT.get_or_init(table::text).lines() {
                read_line(line, &mut types);
            }
            Self { types }
        })
    }

    /// What a kind is; a name that the table does not know is anything.
    pub(crate) fn shape(&self, kind: FieldKind) -> Shape<'_> {
        match kind.0 {
            "s" => return Shape::Text,
            "b" => return Shape::Bool,
            "i" => return Shape::Int,
            "f" => return Shape::Float,
            _ => {}
        }
        let inner = |open, close| kind.0.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)).map(FieldKind);
        if let Some(item) = inner('[', ']') {
            return Shape::List(item);
        }
        if let Some(item) = inner('{', '}') {
            return Shape::Map(item);
        }
        match self.types.get(kind.0) {
            Some(found) if !found.values.is_empty() => Shape::Enum(&found.values),
            Some(found) => Shape::Object(&found.fields, found.is_open),
            None => Shape::Any,
        }
    }

    /// The kind of what is below a value of this kind by a key; for a list, by any index.
    pub(crate) fn below(&self, kind: FieldKind, key: &str) -> Option<FieldKind> {
        match self.shape(kind) {
            Shape::Object(fields, is_open) => {
                let found = fields.iter().find(|field| field.name == key).map(|field| field.kind);
                found.or(is_open.then_some(FieldKind("x")))
            }
            Shape::Map(item) | Shape::List(item) => Some(item),
            Shape::Any => Some(kind),
            Shape::Text | Shape::Bool | Shape::Int | Shape::Float | Shape::Enum(_) => None,
        }
    }

    /// The names below a value of this kind.
    pub(crate) fn names(&self, kind: FieldKind) -> Vec<&'static str> {
        match self.shape(kind) {
            Shape::Object(fields, _) => fields.iter().map(|field| field.name).collect(),
            _ => Vec::new(),
        }
    }

    /// The kinds of resources.
    pub(crate) fn resource_kinds(&self) -> impl Iterator<Item = &'static str> {
        self.types.get("resources").into_iter().flat_map(|found| found.fields.iter().map(|field| field.name))
    }

    /// What a resource of a kind takes.
    pub(crate) fn resource(&self, kind: &str) -> Option<FieldKind> {
        let FieldKind(text) = self.below(FieldKind("resources"), kind)?;
        text.strip_prefix('{')?.strip_suffix('}').map(FieldKind)
    }
}

fn read_line(line: &'static str, types: &mut BTreeMap<&'static str, Type>) {
    let mut words = line.split_ascii_whitespace();
    let Some(name) = words.next() else { return };
    let mut found = Type::default();
    let mut is_enum = false;
    for word in words {
        match word.as_bytes() {
            b"=" => is_enum = true,
            b"*" => found.is_open = true,
            _ if is_enum => found.values.push(word),
            [b'+', ..] => {
                let mixed = types.get(word.trim_start_matches('+')).map(|other| other.fields.clone());
                found.fields.extend(mixed.unwrap_or_default());
            }
            [b'-', ..] => found.fields.retain(|field| Some(field.name) != word.get(1..)),
            _ => {
                let Some((name, kind)) = word.split_once(':') else { continue };
                let (name, is_required) = name.strip_suffix('!').map_or((name, false), |name| (name, true));
                found.fields.retain(|field| field.name != name);
                found.fields.push(Field { name, is_required, kind: FieldKind(kind) });
            }
        }
    }
    types.insert(name, found);
}

#[cfg(test)]
mod tests;
