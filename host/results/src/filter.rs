//! Which rows: a typed condition over columns, checked before anything is read.

use std::borrow::Cow;
use std::cmp::Ordering;

use bricklayer_domain::{ColumnType, ResultColumn};
use serde_json::Value as Json;

use crate::column::{Column, Rows, Value};
use crate::error::{Broken, ResultsError};
use crate::parse::{Cell, expected, text_cell};

/// Longest filter, in bytes.
pub const MAX_FILTER_BYTES: usize = 16 * 1024;
/// How deep conditions may nest; bounds the stack.
const MAX_DEPTH: usize = 8;
/// Conditions of one filter; each is looked at for every row.
const MAX_CONDITIONS: usize = 100;
/// Values of one list.
const MAX_VALUES: usize = 1_000;

/// A condition that fits its columns.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    Null { column: usize, is: bool },
    Compare { column: usize, accept: Accept, value: Cell<'static> },
    In { column: usize, values: Vec<Cell<'static>>, negated: bool },
    Text { column: usize, search: Search, text: String, ignore_case: bool },
}

/// Which orders of a row's value to the given one are let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Accept {
    less: bool,
    equal: bool,
    greater: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Search {
    Contains,
    StartsWith,
    EndsWith,
}

impl Filter {
    /// # Errors
    /// What is wrong, by its path in the filter.
    pub(crate) fn parse(text: &str, columns: &[ResultColumn]) -> Result<Self, ResultsError> {
        if text.len() > MAX_FILTER_BYTES {
            return Err(ResultsError::query("filter", format!("must be at most {MAX_FILTER_BYTES} bytes")));
        }
        let json: Json = serde_json::from_str(text)
            .map_err(|error| ResultsError::query("filter", format!("must be JSON: {error}")))?;
        Parser { columns, conditions: 0 }.filter(&json, "filter".to_owned(), 0)
    }

    /// The columns that it looks at.
    pub(crate) fn columns(&self, into: &mut Vec<usize>) {
        match self {
            Self::And(list) | Self::Or(list) => list.iter().for_each(|filter| filter.columns(into)),
            Self::Not(filter) => filter.columns(into),
            Self::Null { column, .. }
            | Self::Compare { column, .. }
            | Self::In { column, .. }
            | Self::Text { column, .. } => into.push(*column),
        }
    }

    /// Which of the rows it lets through; `columns` are those of the rows, by place in the result.
    pub(crate) fn matches(&self, columns: &[(usize, ColumnType)], rows: &Rows) -> Result<Vec<bool>, Broken> {
        let column = |wanted: usize| {
            let at = columns.iter().position(|(place, _)| *place == wanted);
            let (at, kind) = at.and_then(|at| Some((at, columns.get(at)?.1))).ok_or(Broken("a column was not read"))?;
            Column::of(kind, rows.columns.get(at).ok_or(Broken("a column was not read"))?)
        };
        let each = |place: usize, test: &dyn Fn(Value<'_>) -> bool| -> Result<Vec<bool>, Broken> {
            Ok(column(place)?.values().map(test).collect())
        };
        match self {
            Self::And(list) => fold(list, columns, rows, true, |a, b| a && b),
            Self::Or(list) => fold(list, columns, rows, false, |a, b| a || b),
            Self::Not(filter) => Ok(filter.matches(columns, rows)?.into_iter().map(|matched| !matched).collect()),
            Self::Null { column, is } => each(*column, &|value| value.is_null() == *is),
            Self::Compare { column, accept, value: wanted } => each(*column, &|value| {
                !value.is_null()
                    && match value.order(&wanted.value()) {
                        Ordering::Less => accept.less,
                        Ordering::Equal => accept.equal,
                        Ordering::Greater => accept.greater,
                    }
            }),
            // The list is sorted.
            Self::In { column, values, negated } => each(*column, &|value| {
                let found = || values.binary_search_by(|wanted| wanted.value().order(&value)).is_ok();
                !value.is_null() && found() != *negated
            }),
            Self::Text { column, search, text, ignore_case } => each(*column, &|value| {
                let Value::Text(value) = value else { return false };
                let value = if *ignore_case { Cow::Owned(value.to_lowercase()) } else { Cow::Borrowed(value) };
                match search {
                    Search::Contains => value.contains(text.as_str()),
                    Search::StartsWith => value.starts_with(text.as_str()),
                    Search::EndsWith => value.ends_with(text.as_str()),
                }
            }),
        }
    }
}

fn fold(
    list: &[Filter],
    columns: &[(usize, ColumnType)],
    rows: &Rows,
    start: bool,
    join: impl Fn(bool, bool) -> bool,
) -> Result<Vec<bool>, Broken> {
    let mut all = vec![start; rows.count];
    for filter in list {
        for (one, more) in all.iter_mut().zip(filter.matches(columns, rows)?) {
            *one = join(*one, more);
        }
    }
    Ok(all)
}

struct Parser<'a> {
    columns: &'a [ResultColumn],
    conditions: usize,
}

fn wrong<T>(path: String, message: impl Into<String>) -> Result<T, ResultsError> {
    Err(ResultsError::query(path, message))
}

impl Parser<'_> {
    fn filter(&mut self, json: &Json, path: String, depth: usize) -> Result<Filter, ResultsError> {
        let Json::Object(object) = json else { return wrong(path, "must be an object") };
        if depth >= MAX_DEPTH {
            return wrong(path, format!("nests deeper than {MAX_DEPTH}"));
        }
        let joins: Vec<&str> = ["and", "or", "not"].into_iter().filter(|join| object.contains_key(*join)).collect();
        let Some(join) = joins.first() else { return self.condition(object, path) };
        if object.len() != 1 {
            return wrong(path, "must have one of `and`, `or`, `not` and nothing else, or be a condition");
        }
        let inner = object.get(*join).unwrap_or(&Json::Null);
        let path = format!("{path}.{join}");
        if *join == "not" {
            return Ok(Filter::Not(Box::new(self.filter(inner, path, depth + 1)?)));
        }
        let Json::Array(list) = inner else { return wrong(path, "must be a list of conditions") };
        let mut filters = Vec::new();
        for (index, json) in list.iter().enumerate() {
            filters.push(self.filter(json, format!("{path}.{index}"), depth + 1)?);
        }
        Ok(if *join == "and" { Filter::And(filters) } else { Filter::Or(filters) })
    }

    fn condition(&mut self, object: &serde_json::Map<String, Json>, path: String) -> Result<Filter, ResultsError> {
        const KNOWN: [&str; 4] = ["column", "op", "value", "ignore_case"];
        self.conditions += 1;
        if self.conditions > MAX_CONDITIONS {
            return wrong(path, format!("is one condition too many; there may be {MAX_CONDITIONS}"));
        }
        if let Some(unknown) = object.keys().find(|key| !KNOWN.contains(&key.as_str())) {
            return wrong(format!("{path}.{unknown}"), "is not known here; a condition has `column`, `op`, `value`");
        }
        let column = object.get("column").and_then(Json::as_u64).and_then(|column| usize::try_from(column).ok());
        let Some((column, kind)) = column.and_then(|column| Some((column, self.columns.get(column)?.kind))) else {
            return wrong(format!("{path}.column"), "must be the place of a column, from 0");
        };
        let Some(op) = object.get("op").and_then(Json::as_str) else {
            return wrong(format!("{path}.op"), "must be a word such as `eq`");
        };
        let value_path = format!("{path}.value");
        let value = object.get("value");
        let ignore_case = match object.get("ignore_case") {
            None => false,
            Some(Json::Bool(ignore)) => *ignore,
            Some(_) => return wrong(format!("{path}.ignore_case"), "must be true or false"),
        };
        let search = match op {
            "contains" => Some(Search::Contains),
            "starts_with" => Some(Search::StartsWith),
            "ends_with" => Some(Search::EndsWith),
            _ => None,
        };
        if let Some(search) = search {
            if !matches!(kind, ColumnType::String | ColumnType::Json) {
                return wrong(format!("{path}.op"), "is for columns of text");
            }
            let Some(text) = value.and_then(Json::as_str) else { return wrong(value_path, "must be text") };
            let text = if ignore_case { text.to_lowercase() } else { text.to_owned() };
            return Ok(Filter::Text { column, search, text, ignore_case });
        }
        if ignore_case {
            return wrong(format!("{path}.ignore_case"), "is for `contains`, `starts_with` and `ends_with`");
        }
        let one = |value: Option<&Json>, path: String| match value.and_then(|value| constant(kind, value)) {
            Some(cell) => Ok(cell),
            None => wrong(path, format!("must be {}", expected(kind))),
        };
        let accept = |less, equal, greater| Accept { less, equal, greater };
        let accept = match op {
            "is_null" | "is_not_null" => {
                if value.is_some() {
                    return wrong(value_path, "is not for this `op`");
                }
                return Ok(Filter::Null { column, is: op == "is_null" });
            }
            "in" | "not_in" => {
                let Some(Json::Array(list)) = value else { return wrong(value_path, "must be a list of values") };
                if !(1..=MAX_VALUES).contains(&list.len()) {
                    return wrong(value_path, format!("must have 1 to {MAX_VALUES} values"));
                }
                let values = list.iter().enumerate();
                let values = values.map(|(index, value)| one(Some(value), format!("{value_path}.{index}")));
                let mut values = values.collect::<Result<Vec<_>, _>>()?;
                values.sort_by(|a, b| a.value().order(&b.value()));
                return Ok(Filter::In { column, values, negated: op == "not_in" });
            }
            "eq" => accept(false, true, false),
            "ne" => accept(true, false, true),
            "lt" => accept(true, false, false),
            "le" => accept(true, true, false),
            "gt" => accept(false, false, true),
            "ge" => accept(false, true, true),
            _ => {
                return wrong(
                    format!("{path}.op"),
                    "must be one of eq, ne, lt, le, gt, ge, in, not_in, is_null, is_not_null, contains, starts_with, \
                     ends_with",
                );
            }
        };
        Ok(Filter::Compare { column, accept, value: one(value, value_path)? })
    }
}

/// A value of a filter, as answers write it; numbers may be numbers as well.
fn constant(kind: ColumnType, value: &Json) -> Option<Cell<'static>> {
    let text = match (value, kind) {
        (Json::String(text), _) => text.clone(),
        (Json::Number(number), kind) if kind.is_number() => number.to_string(),
        (Json::Bool(truth), ColumnType::Boolean) => truth.to_string(),
        _ => return None,
    };
    text_cell(kind, Cow::Owned(text)).map(|cell| Cell::of(cell.value()))
}
