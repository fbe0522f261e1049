//! Read: numbered lines of a text file.

use std::fmt::Write as _;

use bricklayer_domain::{Attachment, AttachmentType, ToolErrorKind, ToolFailure, ToolOutcome};
use serde_json::{Value, json};

use super::ToolResult;
use super::args::{Args, invalid};
use super::files::{ProjectFolder, ProjectPath, digest, read_whole};
use super::notebook::{Notebook, is_notebook, source};
use super::picture;
use super::read_notebook;
use super::text::TextFile;

/// Text given to the model in one read, in bytes: about 20,000 tokens, below the driver's own cut.
pub(super) const MAX_OUTPUT_BYTES: usize = 80 * 1024;

/// Characters shown of one line; longer ones are data, which Grep or a query reads better.
const MAX_LINE_CHARS: usize = 2000;

pub(super) fn describe() -> (String, Value) {
    let description = "Reads a file of the project folder: text as numbered lines, pictures and \
        PDF documents as they look, a Jupyter notebook as its cells with their outputs (`offset` and `limit` count cells \
        then). What is too long for one answer comes in pages. A file must be read before it is edited or overwritten.";
    let schema = json!({
        "type": "object",
        "properties": {
            "file_path": {"type": "string", "description": "Path relative to the project folder."},
            "offset": {"type": "integer", "minimum": 1, "description": "First line; 1 when absent."},
            "limit": {"type": "integer", "minimum": 1, "description": "How many lines; all when absent."}
        },
        "required": ["file_path"],
        "additionalProperties": false
    });
    (description.to_owned(), schema)
}

/// The lines that fit.
struct Page {
    text: String,
    shown: usize,
    cut_lines: usize,
    overflow: bool,
}

pub(super) fn run(folder: &ProjectFolder, input: &Value) -> ToolResult {
    let args = Args::parse(input, &["file_path", "offset", "limit"])?;
    let path = ProjectPath::locate(folder, "file_path", args.str("file_path")?)?;
    let offset = args.opt_count("offset")?;
    let limit = args.opt_count("limit")?;
    if limit == Some(0) {
        return Err(invalid("`limit` must be at least 1"));
    }
    let bytes = read_whole(folder, &path)?;
    if let Some(kind) = picture::kind(&bytes) {
        return see(&path, kind, bytes);
    }
    let file = TextFile::decode(&bytes).map_err(|why| why.failure(&path.text(), bytes.len()))?;
    if is_notebook(&path.text())
        && let Ok(notebook) = Notebook::parse(&file.text)
    {
        return read_notebook::run(&path, &bytes, &notebook, offset, limit);
    }
    let lines: Vec<&str> = file.text.lines().collect();
    let total = lines.len();
    let first = offset.unwrap_or(1).max(1);
    let wanted = limit.unwrap_or(usize::MAX);
    if total > 0 && first > total {
        return Err(invalid(format!("`offset` is {first}, but `{}` has {total} lines", path.text())));
    }
    let page = number_lines(lines.iter().skip(first.saturating_sub(1)).take(wanted), first);
    if page.overflow && limit.is_some() {
        return Err(ToolFailure::new(
            ToolErrorKind::LimitExceeded,
            format!(
                "{wanted} lines from line {first} are more than {MAX_OUTPUT_BYTES} bytes; {} lines fit. Use a smaller \
                 `limit`, or find the place with Grep",
                page.shown
            ),
        ));
    }
    let partial = page.shown < total || page.cut_lines > 0;
    let mut content = page.text;
    if total == 0 {
        content.push_str("[The file is empty.]");
    }
    let next = first.saturating_add(page.shown);
    if page.overflow {
        let _ = write!(
            content,
            "\n[PARTIAL: lines {first} to {} of {total}. Go on with offset {next}.]",
            next.saturating_sub(1)
        );
    } else if page.shown < total {
        let _ = write!(content, "\n[Lines {first} to {} of {total}.]", next.saturating_sub(1));
    }
    if page.cut_lines > 0 {
        let _ =
            write!(content, "\n[{} lines were longer than {MAX_LINE_CHARS} characters and are cut.]", page.cut_lines);
    }
    if let Some(cells) = source::cells(&path.text(), &lines) {
        let _ = write!(content, "\n{}", source::told(&cells, first..next));
    }
    let form = file.form.to_string();
    if !form.is_empty() {
        let _ = write!(content, "\n[The file's form: {form}. Edit keeps it.]");
    }
    let structured = json!({
        "path": path.text(), "digest": digest(&bytes), "size_bytes": bytes.len(), "start_line": first,
        "num_lines": page.shown, "total_lines": total, "partial": partial, "lines_cut": page.cut_lines > 0,
    });
    Ok(ToolOutcome { content, structured: Some(structured), ..ToolOutcome::default() })
}

/// A picture or a document: the model sees it as it is.
fn see(path: &ProjectPath, kind: AttachmentType, bytes: Vec<u8>) -> ToolResult {
    let shown = path.text();
    picture::check(&shown, kind, &bytes)?;
    let (width, height) = picture::dimensions(kind, &bytes).unzip();
    let sides = width.zip(height).map(|(width, height)| format!(", {width} × {height} pixels")).unwrap_or_default();
    let content = format!("`{shown}`: {}, {} bytes{sides}.", kind.as_str(), bytes.len());
    let structured = json!({
        "path": shown, "digest": digest(&bytes), "size_bytes": bytes.len(), "media_type": kind.as_str(),
        "width": width, "height": height,
    });
    let attachments = vec![Attachment { media_type: kind, title: shown, bytes }];
    Ok(ToolOutcome { content, structured: Some(structured), attachments, ..ToolOutcome::default() })
}

fn number_lines<'a>(lines: impl Iterator<Item = &'a &'a str>, first: usize) -> Page {
    let mut page = Page { text: String::new(), shown: 0, cut_lines: 0, overflow: false };
    for (index, line) in lines.enumerate() {
        let cut = line.char_indices().nth(MAX_LINE_CHARS).map(|(at, _)| at);
        let visible = cut.and_then(|at| line.get(..at)).unwrap_or(line);
        if page.text.len() + visible.len() + 16 > MAX_OUTPUT_BYTES && page.shown > 0 {
            page.overflow = true;
            break;
        }
        let mark = if cut.is_some() { "…" } else { "" };
        // Writing to a String cannot fail.
        let _ = writeln!(page.text, "{:>6}\t{visible}{mark}", first.saturating_add(index));
        page.cut_lines += usize::from(cut.is_some());
        page.shown += 1;
    }
    page.text.truncate(page.text.trim_end_matches('\n').len());
    page
}
