//! Write: creates a file or replaces its whole content.

use bricklayer_domain::{ToolErrorKind, ToolFailure, ToolOutcome};
use serde_json::{Value, json};

use super::ToolResult;
use super::args::Args;
use super::files::{ProjectFolder, ProjectPath, Target, digest, inspect_target, replace};
use super::ledger::FileLedger;
use super::patch::patch;

/// Largest content of one call, in bytes; far above what a model can write, a bound for direct commands.
const MAX_CONTENT_BYTES: usize = 16 * 1024 * 1024;

pub(super) fn describe() -> (String, Value) {
    let description = "Creates a file in the project folder, or replaces the whole content of one; missing folders \
        are made. An existing file must have been read in this conversation and not have changed since. To change \
        part of a file use Edit.";
    let schema = json!({
        "type": "object",
        "properties": {
            "file_path": {"type": "string", "description": "Path relative to the project folder."},
            "content": {"type": "string", "description": "The whole content."}
        },
        "required": ["file_path", "content"],
        "additionalProperties": false
    });
    (description.to_owned(), schema)
}

pub(super) fn run(folder: &ProjectFolder, input: &Value, ledger: &FileLedger) -> ToolResult {
    let args = Args::parse(input, &["file_path", "content"])?;
    let path = ProjectPath::parse("file_path", args.str("file_path")?)?;
    let content = args.str("content")?;
    if content.len() > MAX_CONTENT_BYTES {
        let message = format!("`content` is larger than {MAX_CONTENT_BYTES} bytes");
        return Err(ToolFailure::new(ToolErrorKind::LimitExceeded, message));
    }
    let target = inspect_target(folder, &path)?;
    let (kind, old) = match &target {
        Target::Absent => ("create", None),
        // The file already holds this: what a repeated call finds.
        Target::File(old) if old.as_slice() == content.as_bytes() => ("update", Some(old)),
        Target::File(old) => {
            check_seen(&path, ledger, old)?;
            ("update", Some(old))
        }
    };
    if old.map(Vec::as_slice) != Some(content.as_bytes()) {
        replace(folder, &path, content.as_bytes())?;
    }
    let hunks = match old {
        Some(old) => patch(&String::from_utf8_lossy(old), content),
        None => Value::Null,
    };
    let lines = content.lines().count();
    let done = if old.is_some() { "Replaced" } else { "Created" };
    let structured = json!({
        "path": path.text(), "kind": kind, "digest": digest(content.as_bytes()), "size_bytes": content.len(),
        "total_lines": lines, "patch": hunks,
    });
    let text = format!("{done} `{}`: {lines} lines, {} bytes.", path.text(), content.len());
    Ok(ToolOutcome { content: text, structured: Some(structured), failure: None })
}

/// The rule for existing files: seen whole, and unchanged since.
fn check_seen(path: &ProjectPath, ledger: &FileLedger, current: &[u8]) -> Result<(), ToolFailure> {
    let shown = path.text();
    let message = match ledger.get(&shown) {
        None => format!("`{shown}` exists and was not read in this conversation; read it first"),
        Some(seen) if !seen.whole => format!("only a part of `{shown}` was read; read the whole file first"),
        Some(seen) if seen.digest != digest(current) => {
            format!("`{shown}` changed since it was read; read it again first")
        }
        Some(_) => return Ok(()),
    };
    Err(ToolFailure::new(ToolErrorKind::Failed, message))
}
