//! What code left that ran serverless: the exit value of the notebook that ran it.

use bricklayer_sdk::{Failure, Kind, Platform};
use serde::Deserialize;

use crate::command::with_trace;
use crate::output::{Output, both, plain, rows};

/// What `runner.py` gives back.
#[derive(Debug, Default, Deserialize)]
struct Left {
    out: String,
    cut: bool,
    tables: Vec<Shown>,
    error: Option<Raised>,
}

#[derive(Debug, Default, Deserialize)]
struct Shown {
    columns: Vec<(String, String)>,
    rows: Vec<Vec<Option<String>>>,
    more: bool,
}

#[derive(Debug, Default, Deserialize)]
struct Raised {
    summary: String,
    trace: String,
}

/// Reads an exit value; one that the code itself gave is what it left.
///
/// # Errors
/// Code that failed, with what it had printed.
pub(crate) fn read(platform: &impl Platform, exit: &str, truncated: bool) -> Result<Output, Failure> {
    if exit.is_empty() {
        return Ok(plain(String::new(), truncated).or_nothing());
    }
    let Ok(left) = serde_json::from_str::<Left>(exit) else {
        return Ok(plain(format!("The code ended with: {exit}"), truncated));
    };
    let printed = left.out.trim_end_matches('\n');
    if let Some(Raised { summary, trace }) = left.error {
        let mut said = with_trace(&summary, &trace);
        if !printed.is_empty() {
            said.push_str(&format!("\n\nIt had printed:\n```\n{}\n```", bricklayer_sdk::cut_text(printed, 2_000)));
        }
        return Err(Failure::new(Kind::Failed, said));
    }
    let mut output = plain(printed.to_owned(), left.cut);
    for shown in &left.tables {
        output = both(output, rows(platform, &shown.columns, &shown.rows, shown.more, "the run"));
    }
    Ok(output.or_nothing())
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::testing::Script;

    use super::*;
    use crate::types::OutputKind;

    #[test]
    fn text_and_tables_are_told_apart_and_kept() {
        let script = Script::new().with_results();
        let exit = r#"{"out":"hello\n","cut":false,"error":null,"tables":[{"columns":[["n","BIGINT"]],"rows":[["9007199254740993"],[null]],"more":true}]}"#;
        let found = read(&script, exit, false).unwrap();
        assert_eq!(
            (found.kind, found.result_id.as_deref(), found.truncated),
            (OutputKind::Table, Some("result-0"), true)
        );
        assert!(found.text.starts_with("hello\n\n| n |") && found.text.contains("9007199254740993"), "{}", found.text);
        assert_eq!(script.results()[0].parts, [r#"[["9007199254740993"],[null]]"#]);
        for (exit, text, kind) in [
            (r#"{"out":"","cut":false,"error":null,"tables":[]}"#, "Done; the code printed nothing.", OutputKind::Text),
            (r#"{"out":"a\n","cut":true,"error":null,"tables":[]}"#, "a", OutputKind::Text),
            ("given by the code", "The code ended with: given by the code", OutputKind::Text),
            (r#"{"out":"#, "The code ended with: {\"out\":", OutputKind::Text),
        ] {
            let found = read(&Script::new(), exit, false).unwrap();
            assert_eq!((found.text.as_str(), found.kind), (text, kind));
        }
    }

    #[test]
    fn an_error_has_its_trace_and_what_came_before() {
        let exit = r#"{"out":"before\n","cut":false,"tables":[],"error":{"summary":"ValueError: boom","trace":"Traceback\nValueError: boom"}}"#;
        let failure = read(&Script::new(), exit, false).unwrap_err();
        assert_eq!(failure.kind, Kind::Failed);
        assert_eq!(
            failure.message,
            "ValueError: boom\n\n```\nTraceback\nValueError: boom\n```\n\nIt had printed:\n```\nbefore\n```"
        );
    }
}
