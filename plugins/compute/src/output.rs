//! What a command left: text, rows or a picture, told apart, and kept whole for the user.

use bricklayer_sdk::results::{self, NewResult};
use bricklayer_sdk::{Cut, LogLevel, Platform, Table};
use serde::Deserialize;
use serde_json::Value;

use crate::base64;
use crate::types::OutputKind;

/// What a command left, for the model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Output {
    pub(crate) kind: OutputKind,
    pub(crate) text: String,
    pub(crate) result_id: Option<String>,
    pub(crate) truncated: bool,
}

#[derive(Deserialize)]
struct Column {
    name: String,
    /// As Spark's JSON has it: `"long"` with its quotes, an object, or the bare word.
    #[serde(rename = "type", default)]
    kind: Value,
}

/// The output in a command's results.
pub(crate) fn output(platform: &impl Platform, results: &Value) -> Output {
    let text = |name: &str| results.get(name).and_then(Value::as_str).unwrap_or_default();
    match text("resultType") {
        "table" => table(platform, results),
        "image" => images(platform, &[text("fileName")]),
        "images" => {
            let names = results.get("fileNames").and_then(Value::as_array);
            images(platform, &names.into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>())
        }
        _ => {
            let said = match results.get("data") {
                Some(Value::String(text)) => text.clone(),
                None | Some(Value::Null) => String::new(),
                Some(other) => other.to_string(),
            };
            let truncated = results.get("truncated").and_then(Value::as_bool).unwrap_or(false);
            plain(said, truncated).or_nothing()
        }
    }
}

/// What code printed.
pub(crate) fn plain(text: String, truncated: bool) -> Output {
    Output { kind: OutputKind::Text, text, result_id: None, truncated }
}

/// Two outputs of the same code, one after the other; the first result that is kept is named.
pub(crate) fn both(first: Output, then: Output) -> Output {
    let text = if first.text.is_empty() { then.text } else { format!("{}\n\n{}", first.text, then.text) };
    let result_id = first.result_id.or(then.result_id);
    Output { kind: then.kind, text, result_id, truncated: first.truncated || then.truncated }
}

impl Output {
    /// The same, and a word where the code left none.
    pub(crate) fn or_nothing(self) -> Self {
        if self.text.is_empty() { Self { text: "Done; the code printed nothing.".to_owned(), ..self } } else { self }
    }
}

fn table(platform: &impl Platform, results: &Value) -> Output {
    let columns: Vec<Column> =
        results.get("schema").and_then(|schema| Vec::deserialize(schema).ok()).unwrap_or_default();
    let empty = Vec::new();
    let data = results.get("data").and_then(Value::as_array).unwrap_or(&empty);
    let truncated = results.get("truncated").and_then(Value::as_bool).unwrap_or(false);
    let rows: Vec<Vec<Option<String>>> =
        data.iter().map(|row| row.as_array().into_iter().flatten().map(cell).collect()).collect();
    let columns: Vec<_> = columns.into_iter().map(|column| (column.name, sql_type(&column.kind))).collect();
    self::rows(platform, &columns, &rows, truncated, "the cluster")
}

/// Rows of columns with their names and types; `who` gave them, and may have more.
pub(crate) fn rows(
    platform: &impl Platform,
    columns: &[(String, String)],
    rows: &[Vec<Option<String>>],
    truncated: bool,
    who: &str,
) -> Output {
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let shown = Table::render(&names, rows, Cut::default());
    let types = columns.iter().cloned();
    let result_id = keep(platform, results::table(types), !truncated, |result| result.append_rows(rows).map(drop));
    let count = match (truncated, rows.len()) {
        (true, all) => {
            format!("showing {} rows; {who} gave {all} and there are more: aggregate, filter or LIMIT", shown.shown)
        }
        (false, 1) => "1 row".to_owned(),
        (false, all) if all == shown.shown => format!("{all} rows"),
        (false, all) => format!("showing {} of {all} rows", shown.shown),
    };
    let truncated = truncated || shown.shown < rows.len();
    Output { kind: OutputKind::Table, text: format!("{}\n\n({count})", shown.text), result_id, truncated }
}

/// A cell as the workspace spells it.
fn cell(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// A type of Spark's JSON as SQL spells it; what is nested is shown as text.
fn sql_type(kind: &Value) -> String {
    let word = kind.as_str().unwrap_or_default().trim_matches('"');
    match word {
        "long" => "BIGINT",
        "integer" => "INT",
        "short" => "SMALLINT",
        "byte" => "TINYINT",
        "double" | "float" | "boolean" | "date" | "timestamp" | "binary" => return word.to_ascii_uppercase(),
        _ if word.starts_with("decimal(") => return word.to_ascii_uppercase(),
        _ => "STRING",
    }
    .to_owned()
}

fn images(platform: &impl Platform, names: &[&str]) -> Output {
    let mut first = None;
    let mut shown = 0;
    for name in names {
        let picture = name.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
        let Some((media_type, bytes)) = picture.and_then(|(kind, text)| Some((kind, base64::decode(text)?))) else {
            continue;
        };
        shown += 1;
        let kept = keep(platform, results::image(media_type), true, |result| result.append_bytes(&bytes).map(drop));
        first = first.or(kept);
    }
    let text = match (shown, &first) {
        (0, _) => {
            "The code showed a picture that only the workspace itself can draw; open its notebook there.".to_owned()
        }
        (_, None) => "The code showed a picture, which is kept nowhere here.".to_owned(),
        (1, _) => "The code showed a picture; the user sees it.".to_owned(),
        (shown, _) => format!("The code showed {shown} pictures; the user sees them."),
    };
    Output { kind: OutputKind::Image, text, result_id: first, truncated: shown < names.len() }
}

/// Keeps a result for the user, where results are kept; its id.
fn keep<P: Platform>(
    platform: &P,
    about: NewResult,
    whole: bool,
    fill: impl FnOnce(&mut results::OpenResult<'_, P>) -> Result<(), results::ResultError>,
) -> Option<String> {
    let kept = about.open(platform).and_then(|mut result| {
        let id = result.id().to_owned();
        fill(&mut result)?;
        if whole {
            result.finish()?
        } else {
            result.break_off(None)?
        };
        Ok(id)
    });
    match kept {
        Ok(id) => Some(id),
        Err(error) => {
            platform.log(LogLevel::Debug, &format!("what the code showed is not kept: {error}"));
            None
        }
    }
}
