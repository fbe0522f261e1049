//! Glob: files by a pattern of their path, newest first.

use std::path::Path;

use bricklayer_domain::{PermissionRules, ToolFailure, ToolOutcome};
use globset::{GlobBuilder, GlobMatcher};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::args::{Args, invalid};
use super::files::{ProjectFolder, ProjectPath};
use super::guard::Guard;
use super::names::composed;
use super::walk::{Found, Walk, WalkEnd};
use super::{BuiltIn, ToolResult};

/// Files in one answer.
const MAX_FILES: usize = 100;

/// Longest pattern, in bytes.
const MAX_PATTERN_BYTES: usize = 1000;

pub(super) fn describe() -> (String, Value) {
    let description = "Finds files of the project folder by a pattern of their path, such as `**/*.sql` or \
        `reports/*.{md,csv}`; a pattern without a slash matches names in every folder. Newest first, at most 100.";
    let schema = json!({
        "type": "object",
        "properties": {
            "pattern": {"type": "string", "description": "`*`, `?`, `[a-z]`, `{a,b}`, and `**` for any folders."},
            "path": {"type": "string", "description": "Folder to look in; the project folder when absent."}
        },
        "required": ["pattern"],
        "additionalProperties": false
    });
    (description.to_owned(), schema)
}

/// A pattern for paths below the folder that is searched.
pub(super) fn compile(field: &str, pattern: &str) -> Result<GlobMatcher, ToolFailure> {
    if pattern.contains('\0') {
        return Err(invalid(format!("`{field}` holds a NUL byte")));
    }
    if pattern.trim().is_empty() || pattern.len() > MAX_PATTERN_BYTES {
        return Err(invalid(format!("`{field}` must have 1 to {MAX_PATTERN_BYTES} bytes")));
    }
    let pattern = composed(pattern);
    let relative = pattern.strip_prefix("/project/").unwrap_or(&pattern);
    let relative = relative.strip_prefix("./").unwrap_or(relative);
    if relative.starts_with('/') || relative.split('/').any(|part| part == "..") {
        return Err(invalid(format!("`{field}` must stay inside the folder: no leading `/`, no `..`")));
    }
    let anywhere = if relative.contains('/') { relative.to_owned() } else { format!("**/{relative}") };
    let glob = GlobBuilder::new(&anywhere).literal_separator(true).build();
    glob.map(|glob| glob.compile_matcher()).map_err(|error| invalid(format!("`{field}` is no pattern: {error}")))
}

/// The folder or file to search, from an optional argument.
pub(super) fn start(folder: &ProjectFolder, args: &Args<'_>) -> Result<ProjectPath, ToolFailure> {
    ProjectPath::locate(folder, "path", args.opt_str("path")?.unwrap_or("."))
}

/// Whether a found path fits a pattern, in whatever Unicode form its name is kept.
pub(super) fn fits(matcher: &GlobMatcher, found: &Path, start: &ProjectPath) -> bool {
    let path = below(found, start);
    match path.to_str() {
        Some(text) if !text.is_ascii() => matcher.is_match(composed(text)),
        Some(_) | None => matcher.is_match(path),
    }
}

/// A found path relative to where the search began.
fn below<'a>(path: &'a Path, start: &ProjectPath) -> &'a Path {
    if start.is_root() { path } else { path.strip_prefix(start.as_path()).unwrap_or(path) }
}

pub(super) fn run(
    folder: &ProjectFolder,
    rules: &PermissionRules,
    input: &Value,
    cancel: &CancellationToken,
) -> ToolResult {
    let args = Args::parse(input, &["pattern", "path"])?;
    let matcher = compile("pattern", args.str("pattern")?)?;
    let start = start(folder, &args)?;
    let mut files: Vec<Found> = Vec::new();
    let mut guard = Guard::new(BuiltIn::Glob, folder, rules);
    let end = Walk::new(cancel, false).run(folder, &start, |found| {
        if fits(&matcher, &found.path, &start) && !guard.keeps(&found.path) {
            files.push(found);
        }
        true
    })?;
    sort_newest_first(&mut files);
    let total = files.len();
    files.truncate(MAX_FILES);
    let paths: Vec<String> = files.iter().map(|found| found.path.to_string_lossy().into_owned()).collect();
    let mut content = if paths.is_empty() { "[No files match.]".to_owned() } else { paths.join("\n") };
    if total > paths.len() {
        content.push_str(&format!("\n[The newest {} of {total} files; narrow the pattern for others.]", paths.len()));
    }
    if let Some(note) = guard.note() {
        content.push_str(&format!("\n{note}"));
    }
    if end == WalkEnd::Cut {
        content.push_str("\n[The folder is too large; not everything was searched. Give a `path`.]");
    }
    let truncated = total > paths.len() || end == WalkEnd::Cut;
    let structured = json!({"paths": paths, "total": total, "truncated": truncated});
    Ok(ToolOutcome { content, structured: Some(structured), ..ToolOutcome::default() })
}

/// Newest first; equal times by path, so that an answer can be repeated.
pub(super) fn sort_newest_first(files: &mut [Found]) {
    files.sort_by(|a, b| b.modified.cmp(&a.modified).then_with(|| a.path.cmp(&b.path)));
}
