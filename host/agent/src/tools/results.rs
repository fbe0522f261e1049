//! What the tools about results have in common: which result, which columns of it, and what becomes of a refusal.

use bricklayer_domain::{
    ColumnType, ResultColumn, ResultContent, ResultId, StoredResult, TimeUnit, ToolErrorKind, ToolFailure,
};
use serde_json::{Map, Value, json};

use super::args::{Args, invalid};
use crate::ports::{ReadError, ResultReader};

/// Columns that an error names.
const MAX_NAMED: usize = 30;
/// How deep a filter's conditions may nest; the reader's own bound is lower.
const MAX_DEPTH: usize = 32;
/// Groups of equal width at most.
pub(super) const MAX_BINS: u32 = 200;

/// The schema of an argument that names a column.
pub(super) fn column_schema(description: &str) -> Value {
    json!({"type": ["string", "integer"], "description": description})
}

/// The schema of what groups rows: each value of a column, or so much of it at once.
pub(super) fn group_schema(description: &str) -> Value {
    json!({
        "type": "object",
        "properties": {
            "column": column_schema("Name, or place from 0."),
            "unit": {"type": "string", "enum": TimeUnit::ALL.map(TimeUnit::as_str), "description": "Groups times."},
            "bins": {
                "type": "integer", "minimum": 1, "maximum": MAX_BINS,
                "description": "Groups numbers or times, in so many of equal width."
            }
        },
        "required": ["column"], "additionalProperties": false,
        "description": description
    })
}

/// The schema of a filter.
pub(super) fn filter_schema() -> Value {
    json!({
        "type": "object",
        "description": "Which rows: {\"column\": name or place, \"op\": …, \"value\": …}; op is eq, ne, lt, le, gt, ge, in, \
                        not_in (lists), is_null, is_not_null, contains, starts_with, ends_with; {\"and\": [...]}, \
                        {\"or\": [...]} and {\"not\": {...}} join such conditions."
    })
}

/// The result that a call names.
pub(super) async fn named(reader: &dyn ResultReader, args: &Args<'_>) -> Result<StoredResult, ToolFailure> {
    let text = args.str("result")?;
    // Models copy the link as well as the id.
    let id = text.trim().strip_prefix("result:").unwrap_or(text.trim());
    let id: ResultId = id.parse().map_err(|_| {
        invalid(format!("`result` must be the id of a result as a tool's outcome gives it, not {text:?}"))
    })?;
    reader.describe(id).await.map_err(failed)
}

/// A refusal in the words of a tool.
pub(super) fn failed(error: ReadError) -> ToolFailure {
    match error {
        ReadError::NotFound => ToolFailure::new(
            ToolErrorKind::NotFound,
            "there is no such result in this project; results are named by the ids that tools' outcomes give",
        ),
        ReadError::Question { .. } => invalid(error.to_string()),
        ReadError::Failed(ref cause) => {
            tracing::warn!(error = bricklayer_domain::chain(&**cause), "a result was not read");
            ToolFailure { retryable: true, ..ToolFailure::new(ToolErrorKind::Failed, error.to_string()) }
        }
    }
}

/// The columns of a table, which are called by their names or places.
pub(super) struct Columns<'a> {
    list: &'a [ResultColumn],
}

impl<'a> Columns<'a> {
    pub(super) fn of(result: &'a StoredResult) -> Result<Self, ToolFailure> {
        if result.head.content != ResultContent::Table {
            let what = result.head.content.as_str();
            return Err(invalid(format!(
                "`result` is of a {what}, which has no columns; it takes `offset` and `limit` alone"
            )));
        }
        Ok(Self { list: &result.head.columns })
    }

    pub(super) fn kind(&self, place: usize) -> ColumnType {
        self.list.get(place).map_or(ColumnType::Json, |column| column.kind)
    }

    pub(super) fn name(&self, place: usize) -> &'a str {
        self.list.get(place).map(|column| column.name.as_str()).unwrap_or_default()
    }

    pub(super) const fn count(&self) -> usize {
        self.list.len()
    }

    /// The place of the column that a value names.
    pub(super) fn place(&self, field: &str, value: &Value) -> Result<usize, ToolFailure> {
        let is_there = |place: &usize| *place < self.list.len();
        match value {
            Value::Number(number) => {
                let place = number.as_u64().and_then(|place| usize::try_from(place).ok()).filter(is_there);
                place.ok_or_else(|| self.unknown(field, &number.to_string()))
            }
            Value::String(name) => {
                let named = |same: &dyn Fn(&str) -> bool| -> Vec<usize> {
                    let columns = self.list.iter().enumerate();
                    columns.filter(|(_, column)| same(&column.name)).map(|(place, _)| place).collect()
                };
                let mut found = named(&|other| other == name);
                if found.is_empty() {
                    found = named(&|other| other.eq_ignore_ascii_case(name));
                }
                match found.as_slice() {
                    [place] => Ok(*place),
                    [] => name.parse().ok().filter(is_there).ok_or_else(|| self.unknown(field, name)),
                    places => {
                        let places: Vec<String> = places.iter().map(usize::to_string).collect();
                        let places = places.join(" or ");
                        Err(invalid(format!(
                            "`{field}`: several columns are called `{name}`; name one by its place: {places}"
                        )))
                    }
                }
            }
            _ => Err(invalid(format!("`{field}` must be the name of a column, or its place from 0"))),
        }
    }

    /// That there is no such column, and which there are.
    fn unknown(&self, field: &str, name: &str) -> ToolFailure {
        let shown: Vec<String> = self.list.iter().take(MAX_NAMED).map(|column| format!("`{}`", column.name)).collect();
        let more = self.list.len().saturating_sub(shown.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        invalid(format!("`{field}`: there is no column `{name}`; there are {}{more}", shown.join(", ")))
    }

    /// A filter with the places of its columns.
    pub(super) fn filter(&self, args: &Args<'_>) -> Result<Option<Value>, ToolFailure> {
        let Some(filter) = args.present("filter") else { return Ok(None) };
        // Models also send objects as text.
        let parsed;
        let filter = match filter {
            Value::String(text) => {
                parsed = serde_json::from_str(text).map_err(|_| invalid("`filter` must be an object"))?;
                &parsed
            }
            filter => filter,
        };
        self.placed("filter", filter, 0).map(Some)
    }

    fn placed(&self, path: &str, filter: &Value, depth: usize) -> Result<Value, ToolFailure> {
        let Value::Object(fields) = filter else { return Err(invalid(format!("`{path}` must be an object"))) };
        if depth > MAX_DEPTH {
            return Err(invalid(format!("`{path}` nests too deep")));
        }
        let mut placed = Map::new();
        for (name, value) in fields {
            let path = format!("{path}.{name}");
            let value = match (name.as_str(), value) {
                ("column", column) => json!(self.place(&path, column)?),
                ("not", inner) => self.placed(&path, inner, depth + 1)?,
                ("and" | "or", Value::Array(list)) => {
                    let inner = list.iter().enumerate();
                    let inner = inner.map(|(index, one)| self.placed(&format!("{path}.{index}"), one, depth + 1));
                    Value::Array(inner.collect::<Result<_, _>>()?)
                }
                (_, value) => value.clone(),
            };
            placed.insert(name.clone(), value);
        }
        Ok(Value::Object(placed))
    }
}
