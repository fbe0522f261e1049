//! Write: creates a file or replaces its whole content.

use bricklayer_domain::{ToolErrorKind, ToolFailure, ToolOutcome};
use serde_json::{Value, json};

use super::ToolResult;
use super::args::{Args, invalid};
use super::files::{ProjectFolder, ProjectPath, Target, digest, inspect_target, replace};
use super::ledger::FileLedger;
use super::patch::patch;
use super::room;
use super::text::{Form, LineEnds, TextFile, cannot_keep, encode, with_line_ends};

/// Largest content of one call, in bytes: what a message may hold.
const MAX_CONTENT_BYTES: usize = bricklayer_domain::MAX_MESSAGE_BYTES;

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
    let path = ProjectPath::locate(folder, "file_path", args.str("file_path")?)?;
    let content = args.str("content")?;
    if content.contains('\0') {
        return Err(invalid("`content` holds a NUL character; the file tools write text only"));
    }
    if content.len() > MAX_CONTENT_BYTES {
        let message = format!("`content` is larger than {MAX_CONTENT_BYTES} bytes; write it in several files");
        return Err(ToolFailure::new(ToolErrorKind::LimitExceeded, message));
    }
    let target = inspect_target(folder, &path)?;
    let old = match &target {
        Target::Absent => None,
        Target::File(bytes) => {
            let file = TextFile::decode(bytes).map_err(|why| why.failure(&path.text(), bytes.len()))?;
            Some((bytes, file))
        }
    };
    // A file that is replaced keeps its encoding, its byte order mark and its line ends.
    let form = old.as_ref().map_or(Form::PLAIN, |(_, file)| file.form);
    let text = with_line_ends(content, form);
    let bytes = encode(&text, form).map_err(|c| cannot_keep(&path.text(), form, c))?;
    let before = old.as_ref().map(|(bytes, _)| bytes.as_slice());
    // A file that already holds this is what a repeated call finds.
    if before != Some(bytes.as_slice()) {
        if let Some(before) = before {
            check_seen(&path, ledger, before)?;
        }
        room::check(folder, &path, before.map_or(0, <[u8]>::len), bytes.len())?;
        replace(folder, &path, &bytes)?;
    }
    let hunks = match &old {
        Some((_, file)) => patch(&file.text, &text),
        None => Value::Null,
    };
    let lines = text.lines().count();
    let (kind, done) = if old.is_some() { ("update", "Replaced") } else { ("create", "Created") };
    let structured = json!({
        "path": path.text(), "kind": kind, "digest": digest(&bytes), "size_bytes": bytes.len(),
        "total_lines": lines, "patch": hunks,
    });
    let mut answer = format!("{done} `{}`: {lines} lines, {} bytes", path.text(), bytes.len());
    let kept =
        Form { line_ends: if form.line_ends == LineEnds::Mixed { LineEnds::Lf } else { form.line_ends }, ..form };
    let kept = kept.to_string();
    if !kept.is_empty() {
        answer.push_str(&format!(", kept as {kept}"));
    }
    if form.line_ends == LineEnds::Mixed {
        answer.push_str("; its lines ended in several ways, now they end as given");
    }
    answer.push('.');
    Ok(ToolOutcome { content: answer, structured: Some(structured), ..ToolOutcome::default() })
}

/// The rule for existing files: seen whole, and unchanged since.
pub(super) fn check_seen(path: &ProjectPath, ledger: &FileLedger, current: &[u8]) -> Result<(), ToolFailure> {
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
