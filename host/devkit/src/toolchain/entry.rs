//! The table of signatures that the entry modules of interpreted languages check a plugin's tools against.

use std::collections::BTreeMap;

use bricklayer_package::{Function, Outline, Shape, ShapeKind};
use serde_json::{Value, json};

use crate::Problem;

/// Numbers beyond which a Number of JavaScript is no longer whole.
const SAFE: i64 = (1 << 53) - 1;

/// How a language spells what WIT names in kebab case.
pub(super) struct Spelling {
    /// Fields of records and names of functions.
    pub(super) member: fn(&str) -> String,
    /// Exported interfaces.
    pub(super) interface: fn(&str) -> String,
    /// Where functions stand that the world exports by itself; none for the module's top.
    pub(super) world: Option<&'static str>,
    /// Whether 64-bit integers must be exact doubles.
    pub(super) safe_integers: bool,
}

/// The tools by the place where the plugin's module has them, each with what it returns.
pub(super) fn table(outline: &Outline, spelling: &Spelling) -> BTreeMap<String, BTreeMap<String, Value>> {
    let mut table: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    for function in &outline.packed.contents.functions {
        let place = match &function.interface {
            Some(interface) => (spelling.interface)(interface_name(interface)),
            None => spelling.world.unwrap_or_default().to_owned(),
        };
        let name = (spelling.member)(&function.name);
        table.entry(place).or_default().insert(name, signature(function, spelling));
    }
    table
}

/// `tools` of `my:weather/tools@0.1.0`.
fn interface_name(interface: &str) -> &str {
    let name = interface.rsplit('/').next().unwrap_or(interface);
    name.split('@').next().unwrap_or(name)
}

fn signature(function: &Function, spelling: &Spelling) -> Value {
    let failure = function.failure().and_then(|shape| match &shape.kind {
        ShapeKind::String => Some("string"),
        ShapeKind::Record(_) if shape.name.as_deref() == Some("tool-error") => Some("tool-error"),
        _ => None,
    });
    json!({ "failure": failure, "success": function.success().map(|shape| describe(shape, spelling)) })
}

fn describe(shape: &Shape, spelling: &Spelling) -> Value {
    let int = |low: i64, high: i64| json!({ "int": [low, high] });
    match &shape.kind {
        ShapeKind::Bool => json!("bool"),
        ShapeKind::S8 => int(i8::MIN.into(), i8::MAX.into()),
        ShapeKind::U8 => int(0, u8::MAX.into()),
        ShapeKind::S16 => int(i16::MIN.into(), i16::MAX.into()),
        ShapeKind::U16 => int(0, u16::MAX.into()),
        ShapeKind::S32 => int(i32::MIN.into(), i32::MAX.into()),
        ShapeKind::U32 => int(0, u32::MAX.into()),
        ShapeKind::S64 if spelling.safe_integers => int(-SAFE, SAFE),
        ShapeKind::U64 if spelling.safe_integers => int(0, SAFE),
        ShapeKind::S64 => int(i64::MIN, i64::MAX),
        ShapeKind::U64 => json!({ "int": [0, u64::MAX] }),
        ShapeKind::F32 | ShapeKind::F64 => json!("float"),
        ShapeKind::Char | ShapeKind::String | ShapeKind::Json => json!("string"),
        ShapeKind::List(element) if element.kind == ShapeKind::U8 => json!("bytes"),
        ShapeKind::List(element) => json!({ "list": describe(element, spelling) }),
        ShapeKind::Option(some) => json!({ "option": describe(some, spelling) }),
        ShapeKind::Enum(cases) => json!({ "enum": cases.iter().map(|case| &case.name).collect::<Vec<_>>() }),
        ShapeKind::Record(fields) => {
            let fields: Vec<_> = fields
                .iter()
                .map(|field| json!([(spelling.member)(&field.name), describe(&field.shape, spelling)]))
                .collect();
            json!({ "record": fields, "name": shape.name })
        }
        ShapeKind::Tuple(_) | ShapeKind::Flags(_) | ShapeKind::Variant(_) | ShapeKind::Result { .. } => json!("any"),
    }
}

/// What an entry module says when the plugin's own lacks a tool.
pub(super) const MISSING: &str = "BRICKLAYER-MISSING ";

/// The mistake of a module that does not have what its WIT promises, from what the language's tool said.
pub(super) fn missing(said: &str, module: &str) -> Option<Problem> {
    let (_, rest) = said.split_once(MISSING)?;
    let what = rest.lines().next().unwrap_or_default().trim_end_matches(['\'', '"', ')', ' ']);
    Some(
        Problem::new(format!("{module} has no {what}, which wit/ promises as a tool"))
            .fix(format!("write {what} in {module}, or take the function out of wit/world.wit")),
    )
}

/// `get-forecast` as `getForecast`.
pub(super) fn camel(name: &str) -> String {
    let mut words = name.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut out, word| {
        out.push_str(&capital(word));
        out
    })
}

/// `get-forecast` as `GetForecast`.
pub(super) fn pascal(name: &str) -> String {
    name.split('-').map(capital).collect()
}

/// `get-forecast` as `get_forecast`.
pub(super) fn snake(name: &str) -> String {
    name.replace('-', "_")
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelt_as_each_language_does() {
        assert_eq!(camel("get-http-2xx"), "getHttp2xx");
        assert_eq!(pascal("tools-of-mine"), "ToolsOfMine");
        assert_eq!(snake("get-forecast"), "get_forecast");
        assert_eq!(interface_name("my:weather/tools@0.1.0"), "tools");
    }

    #[test]
    fn a_missing_tool_is_told_by_its_name() {
        let problem = missing("Error: BRICKLAYER-MISSING tools.getForecast\n    at bind", "plugin.js").unwrap();
        assert!(problem.what.contains("plugin.js has no tools.getForecast,"), "{problem}");
        assert!(missing("SyntaxError", "plugin.js").is_none());
    }
}
