//! Edit: replaces an exact piece of a file.

use bricklayer_domain::{ToolErrorKind, ToolFailure, ToolOutcome};
use serde_json::{Value, json};

use super::ToolResult;
use super::args::{Args, invalid};
use super::files::{ProjectFolder, ProjectPath, Target, digest, inspect_target, replace};
use super::ledger::FileLedger;
use super::notebook::is_notebook;
use super::patch::patch;
use super::room;
use super::text::{Form, LineEnds, TextFile, cannot_keep, encode, with_line_ends};

pub(super) fn describe() -> (String, Value) {
    let description = "Replaces an exact piece of a file of the project folder. `old_string` must occur exactly once \
        (add surrounding lines until it does), or set `replace_all`. Copy it from the file without the line numbers. \
        The file must have been read in this conversation.";
    let schema = json!({
        "type": "object",
        "properties": {
            "file_path": {"type": "string", "description": "Path relative to the project folder."},
            "old_string": {"type": "string", "description": "The exact text to replace."},
            "new_string": {"type": "string", "description": "What takes its place; may be empty."},
            "replace_all": {"type": "boolean", "description": "Replace every occurrence; false when absent."}
        },
        "required": ["file_path", "old_string", "new_string"],
        "additionalProperties": false
    });
    (description.to_owned(), schema)
}

fn failed(message: String) -> ToolFailure {
    ToolFailure::new(ToolErrorKind::Failed, message)
}

pub(super) fn run(folder: &ProjectFolder, input: &Value, ledger: &FileLedger) -> ToolResult {
    let args = Args::parse(input, &["file_path", "old_string", "new_string", "replace_all"])?;
    let path = ProjectPath::locate(folder, "file_path", args.str("file_path")?)?;
    let (old, new) = (args.str("old_string")?, args.str("new_string")?);
    let replace_all = args.flag("replace_all", false)?;
    if old.is_empty() {
        return Err(invalid("`old_string` is empty; create or replace a file with Write"));
    }
    if new.contains('\0') {
        return Err(invalid("`new_string` holds a NUL character; the file tools write text only"));
    }
    if old == new {
        return Err(invalid("`old_string` and `new_string` are the same"));
    }
    let shown = path.text();
    let Target::File(bytes) = inspect_target(folder, &path)? else {
        return Err(ToolFailure::new(
            ToolErrorKind::NotFound,
            format!("`{shown}` does not exist; create it with Write"),
        ));
    };
    let moved = match ledger.get(&shown) {
        None => return Err(failed(format!("`{shown}` was not read in this conversation; read it first"))),
        Some(seen) if !seen.whole => {
            return Err(failed(format!("only a part of `{shown}` was read; read the whole file first")));
        }
        Some(seen) => seen.digest != digest(&bytes),
    };
    let TextFile { text, form } = TextFile::decode(&bytes).map_err(|why| why.failure(&shown, bytes.len()))?;
    let (old, new) = match_line_ends(&text, form, old, new);
    let count = text.matches(&old).count();
    match count {
        0 => {
            let hint = if is_notebook(&shown) {
                "its cells are changed with NotebookEdit"
            } else {
                "read the file again and copy it exactly"
            };
            return Err(failed(format!("`old_string` does not occur in `{shown}`; {hint}")));
        }
        1 => {}
        _ if moved => {
            return Err(failed(format!("`{shown}` changed since it was read; read it again first")));
        }
        _ if replace_all => {}
        _ => {
            let hint = "add surrounding lines to make it unique, or set `replace_all`";
            return Err(failed(format!("`old_string` occurs {count} times in `{shown}`; {hint}")));
        }
    }
    let edited = if replace_all { text.replace(&old, &new) } else { text.replacen(&old, &new, 1) };
    let kept = encode(&edited, form).map_err(|c| cannot_keep(&shown, form, c))?;
    room::check(folder, &path, bytes.len(), kept.len())?;
    replace(folder, &path, &kept)?;
    let mut content = format!("Edited `{shown}`: {count} replacement{}.", if count == 1 { "" } else { "s" });
    if moved {
        content.push_str(" The file had changed since it was read; read it again before further work on it.");
    }
    // A file that moved was not seen in its new form: its digest is left out, so that it counts as unread.
    let known_digest = if moved { Value::Null } else { Value::String(digest(&kept)) };
    let structured = json!({
        "path": shown, "kind": "update", "digest": known_digest, "size_bytes": kept.len(),
        "replacements": count, "moved": moved, "patch": patch(&text, &edited),
    });
    Ok(ToolOutcome { content, structured: Some(structured), ..ToolOutcome::default() })
}

/// Models see lines without their ends: in a file with CRLF their line breaks mean CRLF.
fn match_line_ends(text: &str, form: Form, old: &str, new: &str) -> (String, String) {
    if text.contains(old) || old.contains('\r') {
        return (old.to_owned(), with_line_ends(new, form));
    }
    // In a file with some of each, what is replaced tells how the new lines end.
    let crlf = Form { line_ends: LineEnds::CrLf, ..form };
    (with_line_ends(old, crlf), with_line_ends(new, crlf))
}
