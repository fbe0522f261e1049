//! Grep: text in files by ripgrep's own engine and syntax.

mod output;

use std::path::Path;

use bricklayer_domain::{PermissionRules, ToolErrorKind, ToolFailure, ToolOutcome};
use globset::GlobMatcher;
use grep_matcher::LineTerminator;
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::SearcherBuilder;
use ignore::types::{Types, TypesBuilder};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::args::{Args, invalid};
use super::files::{ProjectFolder, ProjectPath, read_text};
use super::glob::{compile, fits, sort_newest_first, start};
use super::guard::Guard;
use super::walk::{Found, Walk, WalkEnd};
use super::{BuiltIn, ToolResult};
use output::{FileHits, HitSink};

/// Entries of an answer when `head_limit` is absent.
const DEFAULT_HEAD_LIMIT: usize = 250;

/// Lines around a match at most.
const MAX_CONTEXT_LINES: usize = 100;

/// Entries gathered over all files before the search ends; protects memory.
const MAX_ENTRIES: usize = 100_000;

/// Files that were not searched and are named.
const MAX_NAMED: usize = 5;

/// Size of a compiled pattern, in bytes; ripgrep's own is larger, but its patterns are typed by their owner.
const MAX_PATTERN_MEMORY: usize = 4 * 1024 * 1024;

const FIELDS: [&str; 14] = [
    "pattern",
    "path",
    "glob",
    "type",
    "output_mode",
    "-A",
    "-B",
    "-C",
    "context",
    "-n",
    "-i",
    "-o",
    "multiline",
    "head_limit",
];

pub(super) fn describe() -> (String, Value) {
    let description = "Searches the text of files in the project folder with ripgrep's regular expressions. Honours \
        .gitignore. Lists files with matches, newest first, or with `output_mode` the lines or the counts.";
    let schema = json!({
        "type": "object",
        "properties": {
            "pattern": {"type": "string", "description": "Regular expression."},
            "path": {"type": "string", "description": "File or folder to search; the project folder when absent."},
            "glob": {"type": "string", "description": "Only files whose path matches, such as `*.sql`."},
            "type": {"type": "string", "description": "Only files of this ripgrep type, such as `py`, `sql`, `md`."},
            "output_mode": {
                "type": "string", "enum": ["files_with_matches", "content", "count"],
                "description": "What to list; files_with_matches when absent."
            },
            "-A": {"type": "integer", "minimum": 0, "description": "Lines after a match, with `content`."},
            "-B": {"type": "integer", "minimum": 0, "description": "Lines before a match, with `content`."},
            "-C": {"type": "integer", "minimum": 0, "description": "Lines before and after a match."},
            "context": {"type": "integer", "minimum": 0, "description": "The same as `-C`."},
            "-n": {"type": "boolean", "description": "Show line numbers, with `content`; true when absent."},
            "-i": {"type": "boolean", "description": "Ignore case."},
            "-o": {"type": "boolean", "description": "Only the matching parts, with `content`."},
            "multiline": {"type": "boolean", "description": "Let a match span lines; `.` matches line breaks too."},
            "head_limit": {"type": "integer", "minimum": 0, "description": "Entries listed; 250 when absent, 0 for all."},
            "offset": {"type": "integer", "minimum": 0, "description": "Entries to skip first."}
        },
        "required": ["pattern"],
        "additionalProperties": false
    });
    (description.to_owned(), schema)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Files,
    Content,
    Count,
}

struct Query {
    matcher: RegexMatcher,
    mode: Mode,
    glob: Option<GlobMatcher>,
    types: Option<Types>,
    before: usize,
    after: usize,
    numbers: bool,
    only_matching: bool,
    multiline: bool,
    head_limit: usize,
    offset: usize,
}

impl Query {
    fn parse(args: &Args<'_>) -> Result<Self, ToolFailure> {
        let mode = match args.opt_str("output_mode")? {
            None | Some("files_with_matches") => Mode::Files,
            Some("content") => Mode::Content,
            Some("count") => Mode::Count,
            Some(_) => return Err(invalid("`output_mode` must be files_with_matches, content or count")),
        };
        let multiline = args.flag("multiline", false)?;
        let matcher = RegexMatcherBuilder::new()
            .case_insensitive(args.flag("-i", false)?)
            .multi_line(true)
            .dot_matches_new_line(multiline)
            // Where lines end with CRLF, `$` stands before both.
            .crlf(!multiline)
            .size_limit(MAX_PATTERN_MEMORY)
            .build(args.str("pattern")?)
            .map_err(|error| invalid(format!("`pattern` is no regular expression: {error}")))?;
        let context = args.opt_count("-C")?.or(args.opt_count("context")?);
        let lines = |field: &str| -> Result<usize, ToolFailure> {
            Ok(args.opt_count(field)?.or(context).unwrap_or(0).min(MAX_CONTEXT_LINES))
        };
        let head_limit = match args.opt_count("head_limit")? {
            None => DEFAULT_HEAD_LIMIT,
            Some(0) => usize::MAX,
            Some(limit) => limit,
        };
        Ok(Self {
            matcher,
            mode,
            glob: args.opt_str("glob")?.map(|pattern| compile("glob", pattern)).transpose()?,
            types: args.opt_str("type")?.map(file_type).transpose()?,
            before: lines("-B")?,
            after: lines("-A")?,
            numbers: args.flag("-n", true)?,
            only_matching: args.flag("-o", false)?,
            multiline,
            head_limit,
            offset: args.opt_count("offset")?.unwrap_or(0),
        })
    }

    fn wants(&self, found: &Found, start: &ProjectPath) -> bool {
        self.glob.as_ref().is_none_or(|glob| fits(glob, &found.path, start))
            && self.types.as_ref().is_none_or(|types| types.matched(&found.path, false).is_whitelist())
    }
}

fn file_type(name: &str) -> Result<Types, ToolFailure> {
    let mut builder = TypesBuilder::new();
    builder.add_defaults().select(name);
    builder.build().map_err(|error| invalid(format!("`type`: {error}")))
}

pub(super) fn run(
    folder: &ProjectFolder,
    rules: &PermissionRules,
    input: &Value,
    cancel: &CancellationToken,
) -> ToolResult {
    let mut fields = FIELDS.to_vec();
    fields.push("offset");
    let args = Args::parse(input, &fields)?;
    let query = Query::parse(&args)?;
    let start = start(folder, &args)?;
    let mut guard = Guard::new(BuiltIn::Grep, folder, rules);
    let mut walk = Walk::new(cancel, true);
    let mut files = Vec::new();
    let end = walk.run(folder, &start, |found| {
        if query.wants(&found, &start) && !guard.keeps(&found.path) {
            files.push(found);
        }
        true
    })?;
    sort_newest_first(&mut files);
    let mut hits = Vec::new();
    let mut skipped = Vec::new();
    let mut entries = 0_usize;
    for found in &files {
        walk.check()?;
        let room = MAX_ENTRIES.saturating_sub(entries);
        if room == 0 {
            break;
        }
        match search_file(folder, &query, found, room, cancel) {
            Ok(found) if found.matches > 0 => {
                entries = entries.saturating_add(found.lines.len().max(1));
                hits.push(found);
            }
            Ok(_) => {}
            Err(failure) if start.as_path() == found.path => return Err(failure),
            Err(failure) => skipped.push(Skipped { path: &found.path, kind: failure.kind }),
        }
    }
    walk.check()?;
    let mut outcome = answer(&query, &hits, &skipped, end == WalkEnd::Cut || entries >= MAX_ENTRIES);
    if let Some(note) = guard.note() {
        outcome.content.push_str(&format!("\n{note}"));
    }
    Ok(outcome)
}

/// A file that could not be searched.
struct Skipped<'a> {
    path: &'a Path,
    kind: ToolErrorKind,
}

/// Which files were not searched, and why.
fn not_searched(skipped: &[Skipped<'_>]) -> Vec<String> {
    type Reason = (&'static str, fn(ToolErrorKind) -> bool);
    let reasons: [Reason; 2] = [
        ("larger than the file tools take", |kind| kind == ToolErrorKind::LimitExceeded),
        ("no text, or not readable", |kind| kind != ToolErrorKind::LimitExceeded),
    ];
    let note = |(reason, fits): (&str, fn(ToolErrorKind) -> bool)| {
        let paths: Vec<String> = skipped
            .iter()
            .filter(|file| fits(file.kind))
            .map(|file| file.path.to_string_lossy().into_owned())
            .collect();
        let more = paths.len().checked_sub(MAX_NAMED).filter(|more| *more > 0);
        let more = more.map_or(String::new(), |more| format!(" and {more} more"));
        let named: Vec<&str> = paths.iter().take(MAX_NAMED).map(String::as_str).collect();
        (!paths.is_empty()).then(|| format!("[Not searched, because {reason}: {}{more}.]", named.join(", ")))
    };
    reasons.into_iter().filter_map(note).collect()
}

fn search_file(
    folder: &ProjectFolder,
    query: &Query,
    found: &Found,
    room: usize,
    cancel: &CancellationToken,
) -> Result<FileHits, ToolFailure> {
    let shown = found.path.to_string_lossy().into_owned();
    let path = ProjectPath::parse("path", &shown)?;
    let (_, file) = read_text(folder, &path)?;
    let mut searcher = SearcherBuilder::new()
        .line_terminator(if query.multiline { LineTerminator::byte(b'\n') } else { LineTerminator::crlf() })
        .multi_line(query.multiline)
        .before_context(query.before)
        .after_context(query.after)
        .build();
    let keep_lines = query.mode == Mode::Content;
    let mut sink = HitSink::new(shown.clone(), &query.matcher, keep_lines, query.only_matching, room, cancel);
    if query.mode == Mode::Files {
        sink.stop_at_first();
    }
    let result = searcher.search_slice(&query.matcher, file.text.as_bytes(), &mut sink);
    result
        .map_err(|error| ToolFailure::new(ToolErrorKind::Failed, format!("`{shown}` cannot be searched: {error}")))?;
    Ok(sink.into_hits())
}

fn answer(query: &Query, hits: &[FileHits], skipped: &[Skipped<'_>], cut: bool) -> ToolOutcome {
    let entries: Vec<String> = match query.mode {
        Mode::Files => hits.iter().map(|hit| hit.path.clone()).collect(),
        Mode::Count => hits.iter().map(|hit| format!("{}:{}", hit.path, hit.matches)).collect(),
        Mode::Content => output::content_lines(hits, query.numbers, query.before > 0 || query.after > 0),
    };
    let total = entries.len();
    let matches: u64 = hits.iter().map(|hit| hit.matches).sum();
    let shown: Vec<String> = entries.into_iter().skip(query.offset).take(query.head_limit).collect();
    let mut content = shown.join("\n");
    let mut note = |text: String| {
        if !content.is_empty() {
            content.push('\n');
        }
        content.push_str(&text);
    };
    if total == 0 {
        note("[No matches.]".to_owned());
    } else if shown.is_empty() {
        note(format!("[Nothing at offset {}: there are {total} entries.]", query.offset));
    } else if shown.len() < total {
        let next = query.offset.saturating_add(shown.len());
        let first = query.offset.saturating_add(1);
        note(format!("[Entries {first} to {next} of {total}; go on with offset {next}, or narrow the search.]"));
    }
    if query.mode == Mode::Count && total > 0 {
        note(format!("[{matches} matches in {} files.]", hits.len()));
    }
    for text in not_searched(skipped) {
        note(text);
    }
    if cut {
        note("[Not everything was searched: too many files or matches. Narrow the search.]".to_owned());
    }
    let structured = json!({
        "mode": match query.mode { Mode::Files => "files_with_matches", Mode::Content => "content", Mode::Count => "count" },
        "entries": total, "files": hits.len(), "truncated": cut || shown.len() < total,
    });
    ToolOutcome { content, structured: Some(structured), ..ToolOutcome::default() }
}
