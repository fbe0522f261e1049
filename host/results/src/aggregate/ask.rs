//! What to group by and what to measure, read from the API's parameters and checked against the columns.

use bricklayer_domain::{AggregateFunction, ColumnType, ResultColumn, TimeUnit};

use crate::bins::edge_kind;
use crate::error::ResultsError;
use crate::query::MAX_BINS;

/// Groups of one question, one within the other.
pub const MAX_GROUP_COLUMNS: usize = 4;
/// Measures of one question; each is held for every group.
pub const MAX_MEASURES: usize = 16;

/// What makes a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Each value.
    Value,
    /// Each unit of time.
    Unit(TimeUnit),
    /// So many bins of equal width.
    Bins(usize),
}

/// A column to group by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grouping {
    pub(super) column: usize,
    pub(super) kind: ColumnType,
    pub(super) part: Part,
}

/// A function of a column; of the rows themselves when there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Measure {
    pub(super) function: AggregateFunction,
    pub(super) column: Option<(usize, ColumnType)>,
}

fn column_at(text: &str, columns: &[ResultColumn]) -> Option<(usize, ColumnType)> {
    let place = text.parse().ok()?;
    Some((place, columns.get(place)?.kind))
}

impl Grouping {
    /// Reads `2,0:month,1:bins:20`.
    pub(super) fn parse(text: &str, columns: &[ResultColumn]) -> Result<Vec<Self>, ResultsError> {
        let wrong = |what: &str| {
            ResultsError::query("group", format!("{what}; it reads like `2`, `0:month` or `1:bins:20`, with commas"))
        };
        let mut groups = Vec::new();
        for text in text.split(',').filter(|text| !text.is_empty()) {
            let mut words = text.trim().split(':');
            let named = words.next().and_then(|place| column_at(place, columns));
            let (column, kind) = named.ok_or_else(|| wrong("must name columns by their places, from 0"))?;
            let part = match (words.next(), words.next(), words.next()) {
                (None, ..) => Part::Value,
                (Some("bins"), Some(count), None) => {
                    let count = count.parse().ok().filter(|count| (1..=MAX_BINS).contains(count));
                    let count = count.ok_or_else(|| wrong(&format!("must have 1 to {MAX_BINS} bins")))?;
                    if !kind.is_number() && !kind.is_time() {
                        return Err(wrong("has bins for a column that is not of numbers or times"));
                    }
                    Part::Bins(usize::try_from(count).unwrap_or(usize::MAX))
                }
                (Some(unit), None, _) => {
                    let unit = TimeUnit::of(unit).ok_or_else(|| {
                        wrong(&format!("must have one of the units {}", TimeUnit::ALL.map(TimeUnit::as_str).join(", ")))
                    })?;
                    if !unit.is_of(kind) {
                        return Err(wrong("has a unit of time that its column's values do not have"));
                    }
                    Part::Unit(unit)
                }
                _ => return Err(wrong("has a word too many")),
            };
            groups.push(Self { column, kind, part });
        }
        if groups.len() > MAX_GROUP_COLUMNS {
            return Err(wrong(&format!("must have at most {MAX_GROUP_COLUMNS} columns")));
        }
        Ok(groups)
    }

    /// The columns of the answer that it makes.
    pub(super) fn shown(&self, columns: &[ResultColumn]) -> Vec<ResultColumn> {
        let Some(column) = columns.get(self.column) else { return Vec::new() };
        match self.part {
            Part::Value | Part::Unit(_) => vec![column.clone()],
            Part::Bins(_) => {
                let edge = |end: &str| ResultColumn {
                    name: format!("{}_{end}", column.name),
                    kind: edge_kind(self.kind),
                    source_type: None,
                };
                vec![edge("from"), edge("to")]
            }
        }
    }
}

impl Measure {
    /// Reads `count,sum:3,max:0`.
    pub(super) fn parse(text: &str, columns: &[ResultColumn]) -> Result<Vec<Self>, ResultsError> {
        let wrong =
            |what: &str| ResultsError::query("measures", format!("{what}; it reads like `count,sum:3,median:0`"));
        let mut measures = Vec::new();
        for text in text.split(',').filter(|text| !text.is_empty()) {
            let (word, place) = text.trim().split_once(':').map_or((text.trim(), None), |(word, at)| (word, Some(at)));
            let function = AggregateFunction::of(word);
            let function = function.ok_or_else(|| {
                wrong(&format!("must be of {}", AggregateFunction::ALL.map(AggregateFunction::as_str).join(", ")))
            })?;
            let column = match place {
                Some(place) => {
                    Some(column_at(place, columns).ok_or_else(|| wrong("must name columns by their places, from 0"))?)
                }
                None if function == AggregateFunction::Count => None,
                None => return Err(wrong(&format!("must say of which column, such as `{word}:0`"))),
            };
            if column.is_some_and(|(_, kind)| function.is_for_numbers() && !kind.is_number()) {
                return Err(wrong(&format!("has `{text}`, and that column is not of numbers")));
            }
            measures.push(Self { function, column });
        }
        if !(1..=MAX_MEASURES).contains(&measures.len()) {
            return Err(wrong(&format!("must have 1 to {MAX_MEASURES} measures")));
        }
        Ok(measures)
    }

    /// The column of the answer that it makes.
    pub(super) fn shown(&self, columns: &[ResultColumn]) -> ResultColumn {
        let word = self.function.as_str();
        let (name, kind) = match self.column {
            None => (word.to_owned(), ColumnType::Integer),
            Some((place, kind)) => {
                let name = columns.get(place).map(|column| column.name.as_str()).unwrap_or_default();
                (format!("{word}({name})"), self.function.makes(kind))
            }
        };
        ResultColumn { name, kind, source_type: None }
    }
}
