//! A table of any length: the same rows each time, made when they are asked for.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// Rows of a chunk, as the real workspace has them by the ten thousand.
pub(crate) const CHUNK_ROWS: u64 = 20_000;

/// What stands in a statement before the number of rows: `SELECT * FROM rows(1000)`.
const ASKED: &str = "FROM rows(";

/// The columns: name and type.
const COLUMNS: [(&str, &str); 10] = [
    ("id", "BIGINT"),
    ("fare", "DECIMAL(12,2)"),
    ("tip", "DOUBLE"),
    ("pickup", "TIMESTAMP"),
    ("day", "DATE"),
    ("zone", "STRING"),
    ("note", "STRING"),
    ("paid", "BOOLEAN"),
    ("hour", "INT"),
    ("tags", "ARRAY<INT>"),
];

/// How many rows a request with a statement asks for, when it asks for such a table.
pub(crate) fn asked(body: &[u8]) -> Option<u64> {
    let (_, rest) = std::str::from_utf8(body).ok()?.split_once(ASKED)?;
    rest.split_once(')')?.0.parse().ok()
}

/// The answer to a statement that asked for so many rows, with its first chunk.
pub(crate) fn answer(rows: u64) -> String {
    let columns: Vec<Value> = COLUMNS.iter().map(|(name, kind)| json!({"name": name, "type_text": kind})).collect();
    let chunks = rows.div_ceil(CHUNK_ROWS);
    let manifest = json!({
        "format": "JSON_ARRAY", "schema": {"column_count": COLUMNS.len(), "columns": columns},
        "total_chunk_count": chunks, "total_row_count": rows, "truncated": false,
    });
    let (id, first) = (id(rows), chunk(rows, 0));
    format!(r#"{{"statement_id":"{id}","status":{{"state":"SUCCEEDED"}},"manifest":{manifest},"result":{first}}}"#)
}

/// Names the number of rows, so that nothing has to be remembered.
fn id(rows: u64) -> String {
    format!("rows-{rows}")
}

/// The number of rows of a statement of this kind.
pub(crate) fn rows_of(id: &str) -> Option<u64> {
    id.strip_prefix("rows-")?.parse().ok()
}

/// One chunk.
pub(crate) fn chunk(rows: u64, number: u64) -> String {
    let first = number * CHUNK_ROWS;
    let count = CHUNK_ROWS.min(rows.saturating_sub(first));
    let next = if first + count < rows { format!(r#","next_chunk_index":{}"#, number + 1) } else { String::new() };
    let mut text = format!(r#"{{"chunk_index":{number},"row_offset":{first},"row_count":{count}{next},"data_array":["#);
    for row in first..first + count {
        if row > first {
            text.push(',');
        }
        write_row(row, &mut text);
    }
    text.push_str("]}");
    text
}

fn write_row(row: u64, text: &mut String) {
    let mix = row.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let (cents, second, minute) = (mix % 20_000, mix % 60, mix / 60 % 60);
    let (hour, day) = (mix / 3_600 % 24, 1 + mix % 28);
    let (whole, part) = (cents / 100, cents % 100);
    // Writing to a string does not fail.
    let _ = write!(
        text,
        r#"["{row}","{whole}.{part:02}","{}.{:06}","2024-03-{day:02}T{hour:02}:{minute:02}:{second:02}.000Z","2024-03-{day:02}","zone {}","#,
        mix / 1_000_000 % 1_000,
        mix % 1_000_000,
        mix % 265,
    );
    match mix % 7 {
        0 => text.push_str("null"),
        _ => {
            let _ = write!(text, r#""trip {mix}""#);
        }
    }
    let _ = write!(text, r#","{}","{hour}","[{},{}]"]"#, mix.is_multiple_of(2), mix % 5, mix % 11);
}
