//! What became of a command, as the old API gives it.

use serde_json::{Value, json};

use crate::python::{Ended, Ran, Shown, ShownColumn};

/// The state of an ended command, and its results.
pub(super) fn of(ran: Ran) -> (&'static str, Value) {
    let Ran { ended, printed } = ran;
    match ended {
        Ended::Failed(failure) => ("Finished", error(&failure.summary, &failure.trace)),
        Ended::Canceled { lost } => ("Cancelled", error(&with_loss("The command was cancelled.", lost), "")),
        Ended::OutOfTime { limit, lost } => {
            let said = format!("TimeoutError: the command ran for more than {} s.", limit.as_secs());
            ("Finished", error(&with_loss(&said, lost), ""))
        }
        Ended::Died(how) => {
            let said =
                format!("Fatal error: {how}. The variables of this context are lost; the next command starts anew.");
            ("Error", error(&said, ""))
        }
        Ended::Well(exit) => {
            let mut images = Vec::new();
            let mut table = None;
            for shown in printed.shown {
                match shown {
                    Shown::Image { media_type, data } => images.push(format!("data:{media_type};base64,{data}")),
                    Shown::Table { columns, rows, truncated } => table = Some((columns, rows, truncated)),
                }
            }
            let results = if images.len() > 1 {
                json!({"resultType": "images", "fileNames": images})
            } else if let Some(image) = images.pop() {
                json!({"resultType": "image", "fileName": image})
            } else if let Some((columns, rows, truncated)) = table {
                self::table(&columns, &rows, truncated)
            } else {
                let mut text = printed.text;
                if let Some(value) = exit {
                    text.push_str(&format!("Notebook exited: {value}\n"));
                }
                if printed.truncated {
                    text.push_str("\n*** WARNING: the output is longer than what is kept; its end is left out. ***\n");
                }
                json!({"resultType": "text", "data": text.trim_end_matches('\n')})
            };
            ("Finished", results)
        }
    }
}

fn with_loss(said: &str, lost: bool) -> String {
    let loss = " The code did not stop when it was interrupted, so its process was ended: the variables of this context are \
                lost.";
    format!("{said}{}", if lost { loss } else { "" })
}

/// An error that ends a command.
pub(super) fn error(summary: &str, cause: &str) -> Value {
    let cause = if cause.is_empty() { summary } else { cause };
    json!({"resultType": "error", "summary": summary, "cause": cause})
}

fn table(columns: &[ShownColumn], rows: &[Vec<Option<String>>], truncated: bool) -> Value {
    let schema: Vec<_> = columns
        .iter()
        .map(|column| {
            let kind = Value::from(json_type(&column.type_text)).to_string();
            json!({"name": column.name, "type": kind, "metadata": "{}"})
        })
        .collect();
    let data: Vec<Vec<Value>> = rows
        .iter()
        .map(|row| {
            row.iter().zip(columns).map(|(cell, column)| cell_value(cell.as_deref(), &column.type_text)).collect()
        })
        .collect();
    json!({
        "resultType": "table", "data": data, "schema": schema, "pos": null, "truncated": truncated, "isJsonSchema": true,
    })
}

/// A type as Spark's JSON schemas spell it.
fn json_type(sql: &str) -> String {
    match sql {
        "BIGINT" => "long".to_owned(),
        "INT" => "integer".to_owned(),
        "SMALLINT" => "short".to_owned(),
        "TINYINT" => "byte".to_owned(),
        other => other.to_lowercase(),
    }
}

/// Numbers and truths as JSON has them, everything else as text: exact.
fn cell_value(cell: Option<&str>, sql: &str) -> Value {
    let Some(text) = cell else { return Value::Null };
    let parsed = match sql {
        "BIGINT" | "INT" | "SMALLINT" | "TINYINT" => text.parse::<i64>().ok().map(Value::from),
        "DOUBLE" | "FLOAT" => text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from),
        "BOOLEAN" => text.parse::<bool>().ok().map(Value::from),
        _ => None,
    };
    parsed.unwrap_or_else(|| text.into())
}
