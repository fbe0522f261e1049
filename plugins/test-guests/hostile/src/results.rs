//! What a plugin does with results, rightly and wrongly.

use crate::bricklayer::host::progress;
use crate::bricklayer::host::results::{
    Again, Appended, Column, ColumnValues, Content, NewResult, Origin, ResultError, append_bytes, append_columns,
    append_rows, finish, open,
};

fn said(error: ResultError) -> String {
    match error {
        ResultError::Unavailable(why) => format!("unavailable: {why}"),
        ResultError::Invalid(why) => format!("invalid: {why}"),
        ResultError::TooMany(why) => format!("too many: {why}"),
    }
}

fn nothing_known() -> Origin {
    Origin {
        statement_id: None,
        statement: Some("select 1".to_owned()),
        parameters: None,
        warehouse: None,
        catalog: None,
        schema: None,
        started_ms: Some(0.0),
        duration_ms: Some(f64::NAN),
        rows: Some(-1.0),
        bytes: None,
        truncated: None,
    }
}

fn of(content: Content, again: Option<Again>) -> NewResult {
    let column = |name: &str, type_text: &str| Column { name: name.to_owned(), type_text: type_text.to_owned() };
    let columns = match content {
        Content::Table => vec![column("n", "BIGINT"), column("s", "STRING")],
        _ => Vec::new(),
    };
    let title = Some("kept".to_owned());
    NewResult { content, title, media_type: None, file_name: None, columns, origin: nothing_known(), again }
}

fn table() -> Result<(u32, String), String> {
    let opened = open(&of(Content::Table, None)).map_err(said)?;
    append_rows(opened.handle, br#"[["1","a"],[2,null]]"#).map_err(said)?;
    Ok((opened.handle, opened.id))
}

fn again(tool: &str, input: &str) -> Result<String, String> {
    let again = Again { tool: tool.to_owned(), input: input.to_owned() };
    open(&of(Content::Table, Some(again))).map(|opened| opened.id).map_err(said)
}

pub(crate) fn keep(how: &str) -> Result<String, String> {
    match how {
        "finish" => {
            let (handle, id) = table()?;
            let numbers = ColumnValues::Numbers(vec![Some(3.0), None]);
            let texts = ColumnValues::Texts(vec![Some("c".to_owned()), None]);
            append_columns(handle, &[numbers, texts]).map_err(said)?;
            let finished = finish(handle, true, Some(&nothing_known())).map_err(said)?;
            Ok(format!("{id} {}", finished.rows))
        }
        "break off" => {
            let (handle, id) = table()?;
            finish(handle, false, None).map_err(said)?;
            Ok(id)
        }
        "text" => {
            let opened = open(&of(Content::Text, None)).map_err(said)?;
            append_bytes(opened.handle, "väter".as_bytes()).map_err(said)?;
            finish(opened.handle, true, None).map_err(said)?;
            Ok(opened.id)
        }
        "leave" => Ok(table()?.1),
        "leave empty" => open(&of(Content::Table, None)).map(|opened| opened.id).map_err(said),
        "trap" => {
            table()?;
            panic!("in the middle");
        }
        "spin" => {
            let kept = table()?;
            loop {
                std::hint::black_box(&kept);
            }
        }
        "wait" => {
            let (_, id) = table()?;
            progress::report("kept", None, None);
            std::thread::sleep(std::time::Duration::from_secs(100));
            Ok(id)
        }
        "after the end" => {
            let (handle, _) = table()?;
            finish(handle, true, None).map_err(said)?;
            append_rows(handle, b"[]").map(|_| String::new()).map_err(said)
        }
        "twice" => {
            let (handle, _) = table()?;
            finish(handle, true, None).map_err(said)?;
            finish(handle, true, None).map(|_| String::new()).map_err(said)
        }
        "unknown" => append_rows(7, b"[]").map(|_| String::new()).map_err(said),
        "narrow" => append_rows(table()?.0, br#"[["1"]]"#).map(|_| String::new()).map_err(said),
        "short" => {
            let columns = [ColumnValues::Integers(vec![Some(1)]), ColumnValues::Booleans(Vec::new())];
            append_columns(table()?.0, &columns).map(|_| String::new()).map_err(said)
        }
        "nonsense" => append_rows(table()?.0, b"rows").map(|_| String::new()).map_err(said),
        "bytes" => append_bytes(table()?.0, b"rows").map(|_| String::new()).map_err(said),
        "rows" => {
            let opened = open(&of(Content::File, None)).map_err(said)?;
            append_rows(opened.handle, b"[]").map(|_| String::new()).map_err(said)
        }
        "many" => loop {
            table()?;
        },
        "endless" => {
            let row = format!(r#"[["1","{}"]]"#, "x".repeat(1024 * 1024));
            let (handle, _) = table()?;
            loop {
                if let Appended::Full(why) = append_rows(handle, row.as_bytes()).map_err(said)? {
                    return Err(why);
                }
            }
        }
        "huge" => {
            let row = format!(r#"[["1","{}"]]"#, "x".repeat(17 * 1024 * 1024));
            append_rows(table()?.0, row.as_bytes()).map(|_| String::new()).map_err(said)
        }
        "again" => again("keep", r#"{"how":"finish"}"#),
        "again by nobody" => again("missing", "{}"),
        "again unfit" => again("keep", r#"{"who":"finish"}"#),
        other => panic!("no way {other}"),
    }
}
