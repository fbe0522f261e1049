//! YAML text to a tree with places.
//!
//! Scalars are read as the official command line does (YAML 1.2's core schema: `yes` is a text). An alias stands for a copy
//! of its anchor's value. `<<` takes in a mapping or a list of them: what the mapping itself says wins, and of a list the
//! later one, which is the command line's order and not that of YAML's proposal.

mod scalar;

pub(crate) use scalar::float;

use std::borrow::Cow;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use crate::finding::{Findings, Rule};
use crate::limits::{MAX_DEPTH, MAX_KEYS, MAX_VALUES};
use crate::value::{Entry, Kind, Map, Place, Value};

/// The first document of a text; none where it cannot be read, which is then among the findings. An empty document is an
/// empty mapping.
pub(crate) fn parse(file: &Arc<str>, bytes: &[u8], findings: &mut Findings) -> Option<Value> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            let place = Place { file: file.clone(), line, column: 1 };
            let advice = "save the file as UTF-8";
            findings.add_at(Rule::YamlSyntax, "", Some(place), "the file is no text in UTF-8", advice);
            return None;
        }
    };
    let mut text = Cow::Borrowed(text);
    let mut indented = Vec::new();
    let root = loop {
        let mut builder = Builder::new(file, findings, &indented);
        let problem = match builder.read(&text) {
            Ok(()) => break builder.root,
            Err(problem) => problem,
        };
        let line = problem.place.as_ref().map_or(0, |place| place.line);
        match indent(&text, line).filter(|_| problem.is_indentation && indented.len() < MAX_INDENTED) {
            Some(changed) if !indented.contains(&line) => {
                indented.push(line);
                text = Cow::Owned(changed);
            }
            _ => {
                findings.add_at(problem.rule, "", problem.place, problem.message, problem.advice);
                return None;
            }
        }
    };
    let start = Place { file: file.clone(), line: 1, column: 1 };
    match root {
        None => Some(Value::new(Kind::Map(Map::default()), Some(start))),
        Some(root) if root.is_null() => Some(Value::new(Kind::Map(Map::default()), root.place)),
        root => root,
    }
}

/// Lines of a file that begin with a closing bracket too far to the left. The command line's parser takes them, against
/// YAML's rule; ours is shown them further to the right.
const MAX_INDENTED: usize = 16;

/// Columns that such a line is moved.
const INDENT: usize = 80;

/// The text with one line moved to the right, when it begins with a closing bracket.
fn indent(text: &str, line: usize) -> Option<String> {
    let start = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let (before, rest) = text.split_at_checked(start)?;
    rest.trim_start_matches(' ').starts_with(['}', ']']).then(|| format!("{before}{}{rest}", " ".repeat(INDENT)))
}

/// Why a file cannot be read.
struct Problem {
    /// Whether a line begins too far to the left.
    is_indentation: bool,
    rule: Rule,
    place: Option<Place>,
    message: String,
    advice: String,
}

/// A list or mapping that is not complete yet.
enum Open {
    List { items: Vec<Value>, place: Place, anchor: usize },
    Map { map: Map, merged: Option<(Place, Vec<Map>)>, key: Option<Key>, place: Place, anchor: usize },
}

/// A key whose value is awaited.
enum Key {
    Name(String, Place),
    Merge(Place),
}

struct Builder<'a> {
    /// Lines that were moved to the right.
    indented: &'a [usize],
    file: &'a Arc<str>,
    findings: &'a mut Findings,
    open: Vec<Open>,
    root: Option<Value>,
    /// The values of anchors, with how many values they hold: the parser numbers anchors from 1.
    anchors: Vec<Option<(Value, usize)>>,
    values: usize,
}

impl<'a> Builder<'a> {
    fn new(file: &'a Arc<str>, findings: &'a mut Findings, indented: &'a [usize]) -> Self {
        Self { indented, file, findings, open: Vec::new(), root: None, anchors: Vec::new(), values: 0 }
    }

    fn read(&mut self, text: &str) -> Result<(), Problem> {
        let mut documents = 0_u32;
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|error| {
                let place = self.place(error.marker().line(), error.marker().col());
                // The scanner has a bound of its own.
                if error.info().contains("recursion limit") {
                    return self.too_deep(place);
                }
                let message = format!("this is no YAML: {}", error.info());
                let advice = "look at indentation, quotes and colons in this line and the one before";
                Problem {
                    is_indentation: error.info().contains("invalid indentation"),
                    rule: Rule::YamlSyntax,
                    place: Some(place),
                    message,
                    advice: advice.to_owned(),
                }
            })?;
            match event {
                Event::DocumentStart(_) => {
                    documents = documents.saturating_add(1);
                    if documents == 2 {
                        let advice = "put it into a file of its own and name that in `include`";
                        let message = "only the first document of a file counts; what follows here is not read";
                        let place = self.span_place(span);
                        self.findings.add_at(Rule::SeveralDocuments, "", Some(place), message, advice);
                    }
                }
                _ if documents > 1 => {}
                event => self.take(event, span)?,
            }
        }
        Ok(())
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Problem> {
        let place = self.span_place(span);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                if self.awaits_key() {
                    return self.key(&text, style, tag.as_deref(), place);
                }
                let kind = self.scalar(&text, style, tag.as_deref(), &place)?;
                self.put(Value::new(kind, Some(place)), anchor, 1)
            }
            Event::Alias(anchor) => {
                let Some((value, count)) = self.anchors.get(anchor).cloned().flatten() else {
                    let advice = "an alias can only repeat what is complete above it";
                    return Err(self.problem(place, "this alias is within the value that it repeats", advice));
                };
                if self.open.len().saturating_add(depth(&value)) > MAX_DEPTH {
                    return Err(self.too_deep(place));
                }
                self.put(value, 0, count)
            }
            Event::SequenceStart(anchor, _) => self.begin(Open::List { items: Vec::new(), place, anchor }),
            Event::MappingStart(anchor, _) => {
                self.begin(Open::Map { map: Map::default(), merged: None, key: None, place, anchor })
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                Ok(())
            }
        }
    }

    fn awaits_key(&self) -> bool {
        matches!(self.open.last(), Some(Open::Map { key: None, .. }))
    }

    fn key(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, place: Place) -> Result<(), Problem> {
        let is_plain = style == ScalarStyle::Plain && tag.is_none();
        let found = if is_plain && text == "<<" {
            Key::Merge(place)
        } else if is_plain && !matches!(scalar::resolve(text), scalar::Scalar::Text) {
            let message = format!("the key `{text}` is no text");
            return Err(self.problem(place, message, "put the key in quotes"));
        } else {
            Key::Name(text.to_owned(), place)
        };
        let Some(Open::Map { map, key, merged, .. }) = self.open.last_mut() else { return Ok(()) };
        match &found {
            Key::Merge(place) if merged.is_some() => {
                let (place, message) = (place.clone(), "`<<` stands twice in this mapping");
                return Err(self.problem(place, message, "give both in one list: `<<: [*a, *b]`"));
            }
            Key::Name(name, place) => {
                if let Some(first) = map.entry(name).and_then(|entry| entry.place.as_ref()) {
                    let message =
                        format!("the key `{name}` stands twice in this mapping, first in line {}", first.line);
                    let advice = "keep one of them; the other would be lost";
                    self.findings.add_at(Rule::DuplicateKey, "", Some(place.clone()), message, advice);
                } else if map.len() >= MAX_KEYS {
                    return Err(self.limit(place.clone(), format!("a mapping has more than {MAX_KEYS} keys")));
                }
            }
            Key::Merge(_) => {}
        }
        *key = Some(found);
        Ok(())
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, place: &Place) -> Result<Kind, Problem> {
        let resolved = match tag {
            Some(tag) => match scalar::tagged(text, tag) {
                Some(resolved) => resolved,
                None => {
                    let message = format!("the tag `{tag}` is not understood here");
                    return Err(self.problem(place.clone(), message, "take the tag away"));
                }
            },
            None if style == ScalarStyle::Plain => scalar::resolve(text),
            None => scalar::Scalar::Text,
        };
        Ok(match resolved {
            scalar::Scalar::Null => Kind::Null,
            scalar::Scalar::Bool(value) => Kind::Bool(value),
            scalar::Scalar::Int(value) => Kind::Int(value),
            scalar::Scalar::Float(value) => Kind::Float(value),
            scalar::Scalar::TooLarge(value) => {
                let message = format!("the number {text} cannot be kept exactly");
                let advice = "put it in quotes where a text is meant";
                self.findings.add_at(Rule::InexactNumber, "", Some(place.clone()), message, advice);
                Kind::Float(value)
            }
            scalar::Scalar::Text => Kind::Text(text.to_owned()),
        })
    }

    fn begin(&mut self, open: Open) -> Result<(), Problem> {
        let (Open::List { place, .. } | Open::Map { place, .. }) = &open;
        let place = place.clone();
        if self.awaits_key() {
            return Err(self.problem(place, "a key is a list or mapping", "keys are texts"));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(self.too_deep(place));
        }
        self.open.push(open);
        Ok(())
    }

    fn end(&mut self) -> Result<(), Problem> {
        match self.open.pop() {
            Some(Open::List { items, place, anchor }) => {
                let count = items.iter().map(count).sum::<usize>() + 1;
                self.keep(anchor, Value::new(Kind::List(items), Some(place)), count)
            }
            Some(Open::Map { map, merged, place, anchor, .. }) => {
                let mut map = map;
                for entry in merged.into_iter().flat_map(|(_, maps)| maps.into_iter().rev()).flatten() {
                    if map.get(&entry.key).is_none() {
                        map.push(entry);
                    }
                }
                let value = Value::new(Kind::Map(map), Some(place));
                let count = if anchor == 0 { 0 } else { count(&value) };
                self.keep(anchor, value, count)
            }
            None => Ok(()),
        }
    }

    /// Puts a complete list or mapping where it belongs; its parts have been counted.
    fn keep(&mut self, anchor: usize, mut value: Value, size: usize) -> Result<(), Problem> {
        if anchor != 0 {
            // The copy is held as well.
            self.values = self.values.saturating_add(size);
            self.anchor(anchor, &value, size);
            value.is_anchor = true;
        }
        self.put(value, 0, 1)
    }

    fn anchor(&mut self, anchor: usize, value: &Value, size: usize) {
        if self.anchors.len() <= anchor {
            self.anchors.resize(anchor.saturating_add(1), None);
        }
        if let Some(slot) = self.anchors.get_mut(anchor) {
            *slot = Some((value.clone(), size));
        }
    }

    fn put(&mut self, value: Value, anchor: usize, size: usize) -> Result<(), Problem> {
        self.values = self.values.saturating_add(size);
        if self.values > MAX_VALUES {
            let place = value.place.clone().unwrap_or_else(|| self.place(1, 0));
            return Err(self.limit(place, format!("there are more than {MAX_VALUES} values, aliases counted")));
        }
        let mut value = value;
        if anchor != 0 {
            self.anchor(anchor, &value, size);
            value.is_anchor = true;
        }
        match self.open.last_mut() {
            None => self.root = Some(value),
            Some(Open::List { items, .. }) => items.push(value),
            Some(Open::Map { map, merged, key, .. }) => match key.take() {
                Some(Key::Name(name, place)) => match map.get_mut(&name) {
                    Some(old) => *old = value,
                    None => map.push(Entry { key: name, place: Some(place), value }),
                },
                Some(Key::Merge(place)) => match mappings(value) {
                    Some(maps) => *merged = Some((place, maps)),
                    None => {
                        let message = "`<<` takes in a mapping or a list of mappings";
                        return Err(self.problem(place, message, "write `<<: *anchor`"));
                    }
                },
                None => {}
            },
        }
        Ok(())
    }

    fn problem(&self, place: Place, message: impl Into<String>, advice: &str) -> Problem {
        let (message, advice) = (message.into(), advice.to_owned());
        Problem { is_indentation: false, rule: Rule::YamlSyntax, place: Some(place), message, advice }
    }

    fn limit(&self, place: Place, message: String) -> Problem {
        let advice = "divide the bundle into smaller ones".to_owned();
        Problem { is_indentation: false, rule: Rule::Limit, place: Some(place), message, advice }
    }

    fn too_deep(&self, place: Place) -> Problem {
        self.limit(place, format!("lists and mappings lie in each other more than {MAX_DEPTH} deep"))
    }

    fn place(&self, line: usize, column: usize) -> Place {
        let moved = if self.indented.contains(&line) { INDENT } else { 0 };
        let column = column.saturating_sub(moved).saturating_add(1);
        Place { file: self.file.clone(), line: line.max(1), column }
    }

    fn span_place(&self, span: Span) -> Place {
        self.place(span.start.line(), span.start.col())
    }
}

fn mappings(value: Value) -> Option<Vec<Map>> {
    match value.kind {
        Kind::Map(map) => Some(vec![map]),
        Kind::List(items) => items
            .into_iter()
            .map(|item| match item.kind {
                Kind::Map(map) => Some(map),
                _ => None,
            })
            .collect(),
        _ => None,
    }
}

/// How many values a value is, with all in it.
pub(crate) fn count(value: &Value) -> usize {
    match &value.kind {
        Kind::List(items) => items.iter().map(count).sum::<usize>() + 1,
        Kind::Map(map) => map.iter().map(|entry| count(&entry.value)).sum::<usize>() + 1,
        _ => 1,
    }
}

/// How many lists and mappings lie in each other.
pub(crate) fn depth(value: &Value) -> usize {
    match &value.kind {
        Kind::List(items) => items.iter().map(depth).max().unwrap_or(0) + 1,
        Kind::Map(map) => map.iter().map(|entry| depth(&entry.value)).max().unwrap_or(0) + 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
