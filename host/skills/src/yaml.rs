//! The YAML of a front matter, as texts: `version: 1.0` is the text `1.0`, whatever YAML would make of it.
//!
//! What a careful reader refuses (strictyaml, which the reference validator reads with) is kept beside the values, so
//! that a tolerant reader can go on without it.

use saphyr_parser::{Event, Parser, ScanError, Span};

use crate::limits::MAX_YAML_DEPTH;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    /// A scalar, as it is written. What is absent is the empty text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in its order.
    Map(Vec<(Node, Node)>),
}

impl Node {
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::List(_) | Self::Map(_) => None,
        }
    }

    /// The text of a scalar, or a list's on one line: how people write `allowed-tools`.
    pub(crate) fn joined(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::List(list) => Some(list.iter().filter_map(Node::text).collect::<Vec<_>>().join(" ")),
            Self::Map(_) => None,
        }
    }
}

/// A document, with what a strict reader holds against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Document {
    pub(crate) root: Node,
    /// Why a strict reader refuses it; empty when it does not.
    pub(crate) refused: Vec<String>,
}

/// Reads the first document of a text.
///
/// # Errors
/// When it is no YAML, or deeper than [`MAX_YAML_DEPTH`].
pub(crate) fn parse(text: &str) -> Result<Document, String> {
    let mut builder = Builder { text: text.chars().collect(), ..Builder::default() };
    let mut documents = 0_u32;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error: ScanError| error.to_string())?;
        match event {
            Event::DocumentStart(_) => documents = documents.saturating_add(1),
            _ if documents > 1 => {}
            event => builder.take(event, span)?,
        }
    }
    if documents > 1 {
        builder.refused.push("it holds more than one document".to_owned());
    }
    Ok(Document { root: builder.root.unwrap_or(Node::Text(String::new())), refused: builder.refused })
}

/// A list or mapping that is still open.
enum Open {
    List(Vec<Node>),
    /// Its pairs, the key whose value is awaited, and the column of the mappings in it.
    Map(Vec<(Node, Node)>, Option<Node>, Option<usize>),
}

#[derive(Default)]
struct Builder {
    text: Vec<char>,
    open: Vec<Open>,
    root: Option<Node>,
    refused: Vec<String>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), String> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.look(anchor, tag.is_some());
                let is_absent = style == saphyr_parser::ScalarStyle::Plain && span.start.index() == span.end.index();
                self.put(Node::Text(if is_absent { String::new() } else { text.into_owned() }));
            }
            Event::Alias(_) => {
                self.refused.push("it refers to an anchor".to_owned());
                self.put(Node::Text(String::new()));
            }
            Event::SequenceStart(anchor, tag) => {
                self.look(anchor, tag.is_some());
                self.look_at_style(span);
                self.begin(Open::List(Vec::new()))?;
            }
            Event::MappingStart(anchor, tag) => {
                self.look(anchor, tag.is_some());
                self.look_at_style(span);
                self.look_at_column(span);
                self.begin(Open::Map(Vec::new(), None, None))?;
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List(list)) => self.put(Node::List(list)),
                Some(Open::Map(pairs, ..)) => self.put(Node::Map(pairs)),
                None => {}
            },
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn begin(&mut self, open: Open) -> Result<(), String> {
        if self.open.len() >= MAX_YAML_DEPTH {
            return Err(format!("lists and mappings within each other more than {MAX_YAML_DEPTH} times"));
        }
        self.open.push(open);
        Ok(())
    }

    fn put(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List(list)) => list.push(node),
            Some(Open::Map(pairs, key, _)) => match key.take() {
                None => {
                    if pairs.iter().any(|(known, _)| *known == node) {
                        self.refused.push(format!("it has `{}` twice", node.joined().unwrap_or_default()));
                    }
                    *key = Some(node);
                }
                Some(key) => pairs.push((key, node)),
            },
        }
    }

    fn look(&mut self, anchor: usize, tagged: bool) {
        if anchor != 0 {
            self.refused.push("it has an anchor".to_owned());
        }
        if tagged {
            self.refused.push("it has a tag that says a type".to_owned());
        }
    }

    fn look_at_style(&mut self, span: Span) {
        if matches!(self.text.get(span.start.index()), Some('{' | '[')) {
            self.refused.push("it has a list or mapping in braces or brackets; write one entry a line".to_owned());
        }
    }

    /// Mappings that are values in one mapping begin in one column.
    fn look_at_column(&mut self, span: Span) {
        if let Some(Open::Map(_, Some(_), column)) = self.open.last_mut() {
            let here = span.start.col();
            if *column.get_or_insert(here) != here {
                self.refused.push("its mappings are not indented alike".to_owned());
            }
        }
    }
}
