//! `read_result`: pages, groups and values of a result, without asking the workspace again.

use std::fmt::Write as _;

use bricklayer_domain::{
    AggregateFunction, ResultContent, ResultState, StoredResult, TimeUnit, ToolFailure, ToolOutcome, cut,
};
use serde_json::{Value, json};

use super::ToolResult;
use super::args::{Args, invalid};
use super::results::{Columns, column_schema, failed, filter_schema, group_schema, named};
use crate::ports::{GroupBy, GroupPart, Measure, QuestionPart, ResultAnswer, ResultQuestion, ResultReader, SortBy};

/// Rows of an answer when nobody says, and at most.
const DEFAULT_ROWS: usize = 50;
const MAX_ROWS: usize = 500;
/// Bytes of an answer's rows; the rest is for the next page.
const MAX_ANSWER_BYTES: usize = 24 * 1024;
/// Bytes of a cell.
const MAX_CELL_BYTES: usize = 400;
/// Bytes of a text that is read at once.
const MAX_TEXT_BYTES: usize = 24 * 1024;

const FIELDS: [&str; 9] = ["result", "columns", "filter", "sort", "offset", "limit", "group", "measures", "distinct"];

pub(super) fn describe() -> (String, Value) {
    let description = "Reads a result that a tool kept whole, by its id, without running anything again: rows of a table \
        by page, filtered and sorted; with `group` and `measures` sums and counts over all its rows; with `distinct` the \
        most frequent values of a column; of a text or file a part. Sums are exact. Results of this project only.";
    let schema = json!({
        "type": "object",
        "properties": {
            "result": {"type": "string", "description": "The result's id, as a tool's outcome gives it."},
            "columns": {
                "type": "array", "items": column_schema("Name, or place from 0."),
                "description": "Which columns of rows; all when absent."
            },
            "filter": filter_schema(),
            "sort": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "column": column_schema("Name, or place from 0. With `group`: place in the answer."),
                        "descending": {"type": "boolean"}
                    },
                    "required": ["column"], "additionalProperties": false
                }
            },
            "offset": {"type": "integer", "minimum": 0, "description": "Rows to skip; of a text, bytes."},
            "limit": {
                "type": "integer", "minimum": 1, "maximum": MAX_ROWS, "description": "Rows, groups or values; 50 when absent."
            },
            "group": {
                "type": "array",
                "items": group_schema("Each value is a group, without `unit` and `bins`."),
                "description": "At most 4; all rows are one group when only `measures` is given."
            },
            "measures": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "function": {"type": "string", "enum": AggregateFunction::ALL.map(AggregateFunction::as_str)},
                        "column": column_schema("Name, or place from 0; none to count rows.")
                    },
                    "required": ["function"], "additionalProperties": false
                },
                "description": "At most 16; the number of rows when only `group` is given."
            },
            "distinct": column_schema("Count this column's values: name, or place from 0.")
        },
        "required": ["result"],
        "additionalProperties": false
    });
    (description.to_owned(), schema)
}

pub(super) async fn run(reader: &dyn ResultReader, input: &Value) -> ToolResult {
    let args = Args::parse(input, &FIELDS)?;
    let result = named(reader, &args).await?;
    if result.head.content != ResultContent::Table {
        return read_bytes(reader, &result, &args).await;
    }
    let columns = Columns::of(&result)?;
    let limit = limit(&args)?;
    let (groups, measures) = (groups(&args, &columns)?, measures(&args, &columns)?);
    let offset = args.opt_count("offset")?.unwrap_or_default();
    let part = match (args.present("distinct"), groups.is_empty() && measures.is_empty()) {
        (Some(_), false) => return Err(invalid("`distinct` does not go with `group` or `measures`; ask twice")),
        (Some(column), true) => QuestionPart::Values { column: columns.place("distinct", column)? },
        (None, true) => QuestionPart::Rows {
            offset: u64::try_from(offset).unwrap_or(u64::MAX),
            columns: chosen(&args, &columns)?,
            sort: sort(&args, |field, column| columns.place(field, column))?,
        },
        (None, false) => {
            let count = Measure { function: AggregateFunction::Count, column: None };
            let measures = if measures.is_empty() { vec![count] } else { measures };
            let sort = sort(&args, |field, column| shown_place(field, column, &groups, &measures, &columns))?;
            QuestionPart::Groups { by: groups, measures, sort }
        }
    };
    let is_rows = matches!(part, QuestionPart::Rows { .. });
    if offset > 0 && !is_rows {
        return Err(invalid("`offset` is for rows; a longer answer of groups or values comes with a larger `limit`"));
    }
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let question = ResultQuestion { part, filter: columns.filter(&args)?, limit };
    let answer = reader.ask(result.id, question).await.map_err(failed)?;
    Ok(ToolOutcome::text(shown(&result, &answer, is_rows.then_some(offset))))
}

fn limit(args: &Args<'_>) -> Result<usize, ToolFailure> {
    match args.opt_count("limit")? {
        None => Ok(DEFAULT_ROWS),
        Some(limit) if (1..=MAX_ROWS).contains(&limit) => Ok(limit),
        Some(_) => Err(invalid(format!("`limit` must be 1 to {MAX_ROWS}; more rows come page by page, with `offset`"))),
    }
}

fn chosen(args: &Args<'_>, columns: &Columns<'_>) -> Result<Vec<usize>, ToolFailure> {
    let list = args.list("columns")?;
    if list.is_empty() {
        return Ok((0..columns.count()).collect());
    }
    let chosen = list.iter().enumerate();
    chosen.map(|(index, column)| columns.place(&format!("columns.{index}"), column)).collect()
}

fn sort(
    args: &Args<'_>,
    place: impl Fn(&str, &Value) -> Result<usize, ToolFailure>,
) -> Result<Vec<SortBy>, ToolFailure> {
    let key = |(index, key): (usize, &Value)| {
        let path = format!("sort.{index}");
        let key = Args::within(&path, key, &["column", "descending"])?;
        let column = key.needed("column")?;
        Ok(SortBy { column: place(&format!("{path}.column"), column)?, descending: key.flag("descending", false)? })
    };
    args.list("sort")?.iter().enumerate().map(key).collect()
}

fn groups(args: &Args<'_>, columns: &Columns<'_>) -> Result<Vec<GroupBy>, ToolFailure> {
    let group = |(index, group): (usize, &Value)| {
        let path = format!("group.{index}");
        let group = Args::within(&path, group, &["column", "unit", "bins"])?;
        let column = columns.place(&format!("{path}.column"), group.needed("column")?)?;
        Ok(GroupBy { column, part: part(&path, &group)? })
    };
    args.list("group")?.iter().enumerate().map(group).collect()
}

/// What makes a group: `unit` or `bins`, or each value.
pub(super) fn part(path: &str, args: &Args<'_>) -> Result<GroupPart, ToolFailure> {
    match (args.opt_str("unit")?, args.opt_count("bins")?) {
        (None, None) => Ok(GroupPart::Value),
        (Some(unit), None) => TimeUnit::of(unit).map(GroupPart::Unit).ok_or_else(|| {
            invalid(format!("`{path}.unit` must be one of {}", TimeUnit::ALL.map(TimeUnit::as_str).join(", ")))
        }),
        (None, Some(bins)) => Ok(GroupPart::Bins(u32::try_from(bins).unwrap_or(u32::MAX))),
        (Some(_), Some(_)) => Err(invalid(format!("`{path}` has `unit` and `bins`; one of them makes the groups"))),
    }
}

fn measures(args: &Args<'_>, columns: &Columns<'_>) -> Result<Vec<Measure>, ToolFailure> {
    let measure = |(index, measure): (usize, &Value)| {
        let path = format!("measures.{index}");
        let measure = Args::within(&path, measure, &["function", "column"])?;
        let function = AggregateFunction::of(measure.str("function")?).ok_or_else(|| {
            let words = AggregateFunction::ALL.map(AggregateFunction::as_str).join(", ");
            invalid(format!("`{path}.function` must be one of {words}"))
        })?;
        let column = measure.present("column").map(|column| columns.place(&format!("{path}.column"), column));
        Ok(Measure { function, column: column.transpose()? })
    };
    args.list("measures")?.iter().enumerate().map(measure).collect()
}

/// The place of a column in an answer of groups: by its place, or by the name of what is grouped or measured.
fn shown_place(
    field: &str,
    column: &Value,
    groups: &[GroupBy],
    measures: &[Measure],
    columns: &Columns<'_>,
) -> Result<usize, ToolFailure> {
    // Bins are two columns.
    let width = |group: &GroupBy| if matches!(group.part, GroupPart::Bins(_)) { 2 } else { 1 };
    let before = |count: usize| groups.iter().take(count).map(width).sum::<usize>();
    let all = before(groups.len()) + measures.len();
    if let Value::String(name) = column {
        let text = |measure: &Measure| match measure.column {
            None => measure.function.as_str().to_owned(),
            Some(place) => format!("{}({})", measure.function.as_str(), columns.name(place)),
        };
        if let Some(at) = measures.iter().position(|measure| text(measure) == *name) {
            return Ok(before(groups.len()) + at);
        }
        if let Ok(place) = columns.place(field, column)
            && let Some(at) = groups.iter().position(|group| group.column == place)
        {
            return Ok(before(at));
        }
    }
    let place = column.as_u64().and_then(|place| usize::try_from(place).ok()).filter(|place| *place < all);
    place.ok_or_else(|| {
        invalid(format!(
            "`{field}` must be a place in the answer's columns, 0 to {}: first the groups, then the measures",
            all.saturating_sub(1)
        ))
    })
}

/// An answer as a Markdown table with what a reader has to know about it.
fn shown(result: &StoredResult, answer: &ResultAnswer, offset: Option<usize>) -> String {
    let mut text = String::new();
    let numbered = offset.is_some();
    let mut header: Vec<String> = answer.columns.iter().map(|name| cell(&json!(name))).collect();
    if numbered {
        header.insert(0, "row".to_owned());
    }
    let _ = write!(text, "| {} |\n|{}\n", header.join(" | "), " --- |".repeat(header.len()));
    let mut count = 0_usize;
    for (index, row) in answer.rows.iter().enumerate() {
        let mut cells: Vec<String> = row.iter().map(cell).collect();
        if numbered {
            cells.insert(0, answer.row_numbers.get(index).map(u64::to_string).unwrap_or_default());
        }
        let line = format!("| {} |\n", cells.join(" | "));
        if count > 0 && text.len() + line.len() > MAX_ANSWER_BYTES {
            break;
        }
        text.push_str(&line);
        count += 1;
    }
    let total = answer.total;
    match offset {
        Some(offset) if count == 0 => {
            let _ = write!(text, "\n[No rows from {offset} on; there are {total}.]");
        }
        Some(offset) => {
            let next = offset.saturating_add(count);
            let _ = write!(text, "\n[Rows {offset} to {} of {total}", next.saturating_sub(1));
            let more = u64::try_from(next).is_ok_and(|next| next < total);
            text.push_str(if more { "; go on with `offset` " } else { ".]" });
            if more {
                let _ = write!(text, "{next}.]");
            }
            let _ = write!(
                text,
                "\n[To point to a row: `[…](result:{}/ROW)` with the number in the column `row`.]",
                result.id
            );
        }
        None => {
            let _ = write!(text, "\n[{count} of {total} shown.]");
        }
    }
    if !answer.complete {
        text.push_str("\n[There are more different values than are counted: these are of the first of them.]");
    }
    if result.state == ResultState::Open {
        text.push_str("\n[The result is still being written: this is what is there by now.]");
    }
    if let Some(cut) = result.cut {
        let _ = write!(text, "\n[The result is not all that there was: {}.]", cut.advice());
    }
    text
}

/// A cell within a table of Markdown.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => "NULL".to_owned(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    let short = cut(&text, MAX_CELL_BYTES);
    let end = if short.len() < text.len() { "…" } else { "" };
    format!("{short}{end}").replace('\\', "\\\\").replace('|', "\\|").replace(['\n', '\r'], " ")
}

/// A part of what is no table.
async fn read_bytes(reader: &dyn ResultReader, result: &StoredResult, args: &Args<'_>) -> ToolResult {
    if let Some(other) =
        FIELDS.iter().find(|field| !["result", "offset", "limit"].contains(field) && args.present(field).is_some())
    {
        let what = result.head.content.as_str();
        return Err(invalid(format!(
            "`{other}` is for tables, and this result is of a {what}; it takes `offset` in bytes"
        )));
    }
    if result.head.content == ResultContent::Image {
        return Err(invalid("`result` is an image, which is shown to the user and cannot be read here"));
    }
    let offset = args.opt_count("offset")?.unwrap_or_default();
    let at = u64::try_from(offset).unwrap_or(u64::MAX);
    if at >= result.bytes {
        return Ok(ToolOutcome::text(format!("[Nothing from byte {offset} on; there are {}.]", result.bytes)));
    }
    let bytes = reader.bytes(result.id, at, MAX_TEXT_BYTES).await.map_err(failed)?;
    let (text, length) = match std::str::from_utf8(&bytes) {
        Ok(text) => (text, bytes.len()),
        // A character that is cut at the end is for the next page.
        Err(error) if error.error_len().is_none() && error.valid_up_to() > 0 => {
            let whole = bytes.get(..error.valid_up_to()).unwrap_or_default();
            (std::str::from_utf8(whole).unwrap_or_default(), whole.len())
        }
        Err(_) => return Err(invalid("`result` is a file that is no text here; the user can download it")),
    };
    let end = at.saturating_add(u64::try_from(length).unwrap_or_default());
    let more = if end < result.bytes { format!("; go on with `offset` {end}") } else { String::new() };
    Ok(ToolOutcome::text(format!("{text}\n[Bytes {offset} to {end} of {}{more}.]", result.bytes)))
}
