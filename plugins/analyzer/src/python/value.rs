//! What an expression of Python is, as far as the notebook says.

use std::rc::Rc;

use crate::text::Text;

/// Values that a name may have at once; more are unknown.
const MAX_CHOICES: usize = 16;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(Text),
    /// A number, a truth value, None: as it is written.
    Scalar(String),
    /// Of a list, a tuple or a set.
    List(Rc<Vec<Value>>),
    Dict(Rc<Vec<(String, Value)>>),
    /// Something that is known by its dotted name: `spark.read`, `pandas`. An instance of a class has the class's name.
    Name(String),
    Function(usize),
    Class(usize),
    Instance(usize),
    /// What `spark.read` and `spark.readStream` begin.
    Reader(Rc<Source>),
    /// What `df.write` and `df.writeStream` begin.
    Writer(Rc<Source>),
    /// What `df.writeTo(name)` begins.
    WriterTo(Text),
    /// A Delta table, by its place in the walker's list.
    Delta(usize),
    /// A builder of a Delta table, with how it creates.
    DeltaBuilder(crate::analysis::Mode),
    /// A DataFrame.
    Frame,
    /// The result of an argument parser.
    Arguments,
    /// One of several.
    OneOf(Rc<Vec<Value>>),
    /// The expression, shortened for people.
    Unknown(Rc<str>),
}

/// How a reader or a writer was set up.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Source {
    pub(super) stream: bool,
    pub(super) format: Option<String>,
    pub(super) mode: Option<String>,
    pub(super) trigger: bool,
    pub(super) options: Vec<(String, Text)>,
}

impl Source {
    pub(super) fn option(&self, name: &str) -> Option<&Text> {
        self.options.iter().rev().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

impl Value {
    pub(super) fn unknown(expression: &str) -> Self {
        Self::Unknown(Rc::from(expression))
    }

    pub(super) fn literal(text: &str) -> Self {
        Self::Text(Text::literal(text))
    }

    /// One of these, without those that are there twice.
    pub(super) fn one_of(values: Vec<Self>) -> Self {
        let mut kept: Vec<Self> = Vec::new();
        for value in values {
            let several = match value {
                Self::OneOf(several) => several.as_ref().clone(),
                one => vec![one],
            };
            for one in several {
                if !kept.contains(&one) {
                    kept.push(one);
                }
            }
        }
        match kept.len() {
            1 => kept.pop().unwrap_or(Self::Frame),
            0 => Self::unknown("…"),
            // What is known counts more than that something else is possible.
            2..=MAX_CHOICES => {
                let known: Vec<Self> =
                    kept.iter().filter(|value| !matches!(value, Self::Unknown(_))).cloned().collect();
                match known.len() {
                    0 => kept.pop().unwrap_or(Self::Frame),
                    1 => known.into_iter().next().unwrap_or(Self::Frame),
                    _ => Self::OneOf(Rc::new(known)),
                }
            }
            _ => Self::unknown("…"),
        }
    }

    /// The texts that it may be; what is none stands in it as unknown.
    pub(super) fn texts(&self) -> Vec<Text> {
        match self {
            Self::OneOf(several) => several.iter().flat_map(Self::texts).collect(),
            Self::List(items) => items.iter().flat_map(Self::texts).collect(),
            one => vec![one.text()],
        }
    }

    /// As a text: of several the first.
    pub(super) fn text(&self) -> Text {
        match self {
            Self::Text(text) => text.clone(),
            Self::Scalar(text) => Text::literal(text),
            Self::Unknown(expression) => Text::unknown(expression),
            Self::Name(name) => Text::unknown(name),
            Self::OneOf(several) => several.first().map(Self::text).unwrap_or_default(),
            Self::List(_) | Self::Dict(_) => Text::unknown("collection"),
            Self::Function(_)
            | Self::Class(_)
            | Self::Instance(_)
            | Self::Reader(_)
            | Self::Writer(_)
            | Self::WriterTo(_)
            | Self::Delta(_)
            | Self::DeltaBuilder(_)
            | Self::Frame
            | Self::Arguments => Text::unknown("object"),
        }
    }

    /// The text when all of it is known.
    pub(super) fn known(&self) -> Option<String> {
        match self {
            Self::Text(text) => text.known(),
            Self::Scalar(text) => Some(text.clone()),
            _ => None,
        }
    }

    /// The same, taken from a name.
    pub(super) fn computed(&self) -> Self {
        match self {
            Self::Text(text) => Self::Text(text.computed()),
            Self::OneOf(several) => Self::OneOf(Rc::new(several.iter().map(Self::computed).collect())),
            Self::List(items) => Self::List(Rc::new(items.iter().map(Self::computed).collect())),
            Self::Dict(items) => {
                Self::Dict(Rc::new(items.iter().map(|(key, value)| (key.clone(), value.computed())).collect()))
            }
            other => other.clone(),
        }
    }

    /// How much there is of it, counted up to `most`: what holds itself many times over is more than it looks.
    pub(super) fn weight(&self, most: usize) -> usize {
        let mut weight = 1;
        let items: &mut dyn Iterator<Item = &Self> = match self {
            Self::Text(text) => return text.weight(),
            Self::List(items) | Self::OneOf(items) => &mut items.iter(),
            Self::Dict(items) => &mut items.iter().map(|(_, value)| value),
            _ => return 1,
        };
        for item in items {
            if weight > most {
                break;
            }
            weight += item.weight(most - weight.min(most));
        }
        weight
    }

    /// Applies to each that it may be.
    pub(super) fn each(&self, mut change: impl FnMut(&Self) -> Self) -> Self {
        match self {
            Self::OneOf(several) => Self::one_of(several.iter().map(&mut change).collect()),
            one => change(one),
        }
    }
}
