//! Read, for Jupyter notebooks: cells with what they put out.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bricklayer_domain::{Attachment, ToolOutcome};
use serde_json::json;

use super::ToolResult;
use super::args::invalid;
use super::files::{ProjectPath, digest};
use super::notebook::{Cell, Notebook, outputs};
use super::picture;
use super::read::MAX_OUTPUT_BYTES;

/// Pictures of one answer; each costs a model as much as pages of text.
const MAX_PICTURES: usize = 8;

pub(super) fn run(
    path: &ProjectPath,
    bytes: &[u8],
    notebook: &Notebook<'_>,
    offset: Option<usize>,
    limit: Option<usize>,
) -> ToolResult {
    let total = notebook.cells.len();
    let first = offset.unwrap_or(1).max(1);
    if total > 0 && first > total {
        return Err(invalid(format!("`offset` is {first}, but `{}` has {total} cells", path.text())));
    }
    let (mut content, mut attachments, mut shown, mut cut) = (String::new(), Vec::new(), 0, false);
    for (index, cell) in notebook.cells.iter().enumerate().skip(first - 1).take(limit.unwrap_or(usize::MAX)) {
        let source = cell.source();
        let (told, pictures, is_cut) = in_words(cell, index + 1, total, &source);
        if shown > 0 && content.len() + told.len() > MAX_OUTPUT_BYTES {
            break;
        }
        content.push_str(&told);
        attachments.extend(pictures);
        shown += 1;
        cut |= is_cut;
    }
    attachments.truncate(MAX_PICTURES);
    content.truncate(content.trim_end().len());
    let next = first.saturating_add(shown);
    if total == 0 {
        content.push_str("[The notebook has no cells.]");
    } else if shown < total {
        let _ = write!(content, "\n[PARTIAL: cells {first} to {} of {total}.", next.saturating_sub(1));
        let rest = if next <= total { format!(" Go on with offset {next}.]") } else { "]".to_owned() };
        content.push_str(&rest);
    }
    let structured = json!({
        "path": path.text(), "digest": digest(bytes), "size_bytes": bytes.len(), "start_line": first,
        "num_lines": shown, "total_lines": total, "partial": shown < total || cut, "lines_cut": cut,
    });
    Ok(ToolOutcome { content, structured: Some(structured), attachments, ..ToolOutcome::default() })
}

/// A cell with its outputs, and whether its source is cut.
fn in_words(cell: &Cell<'_>, number: usize, total: usize, source: &str) -> (String, Vec<Attachment>, bool) {
    let mut told = format!("[Cell `{}`, {number} of {total}, {}]\n", cell.id(), cell.kind());
    let end = source.floor_char_boundary(MAX_OUTPUT_BYTES);
    told.push_str(source.get(..end).unwrap_or_default());
    let is_cut = end < source.len();
    if is_cut {
        let _ = write!(told, "\n[CUT: {} bytes in all.]", source.len());
    }
    told.push('\n');
    let mut room = MAX_OUTPUT_BYTES;
    let mut pictures = Vec::new();
    for output in cell.outputs() {
        if let Some(text) = outputs::in_words(&output) {
            if text.len() > room {
                told.push_str("[Further outputs of this cell are left out.]\n");
                break;
            }
            room -= text.len();
            let _ = writeln!(told, "[Output of cell {number}]\n{text}");
        }
        for picture in outputs::pictures(&output) {
            let _ = writeln!(told, "[Output of cell {number}: a picture, {}]", picture.media_type);
            pictures.extend(attachment(number, &picture));
        }
    }
    told.push('\n');
    (told, pictures, is_cut)
}

/// A picture as the model sees it; none when no model's API takes it.
fn attachment(number: usize, output: &outputs::Picture) -> Option<Attachment> {
    let bytes = STANDARD.decode(&output.base64).ok()?;
    let media_type = picture::kind(&bytes)?;
    let title = format!("Output of cell {number}");
    picture::check(&title, media_type, &bytes).ok()?;
    Some(Attachment { media_type, title, bytes })
}
