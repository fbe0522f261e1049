//! What changed in a file, as hunks that a page can show.

use std::time::Duration;

use serde_json::{Value, json};
use similar::{ChangeTag, TextDiff};

/// Lines of a patch that the log keeps; a longer one is left out.
const MAX_PATCH_LINES: usize = 2000;

/// Time spent on finding a small patch; past it the patch is only coarser.
const DIFF_TIME: Duration = Duration::from_millis(200);

/// Unchanged lines around a change.
const CONTEXT_LINES: usize = 3;

/// Hunks from the old text to the new: `old_start`, `new_start` (from 1) and `lines`, each with its sign. `null` when
/// the patch is too long to keep.
pub(super) fn patch(old: &str, new: &str) -> Value {
    let diff = TextDiff::configure().timeout(DIFF_TIME).diff_lines(old, new);
    let mut hunks = Vec::new();
    let mut total = 0_usize;
    for group in diff.grouped_ops(CONTEXT_LINES) {
        let (Some(first), Some(_)) = (group.first(), group.last()) else { continue };
        let mut lines = Vec::new();
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            lines.push(format!("{sign}{}", change.value().trim_end_matches(['\n', '\r'])));
        }
        total = total.saturating_add(lines.len());
        if total > MAX_PATCH_LINES {
            return Value::Null;
        }
        hunks.push(json!({
            "old_start": first.old_range().start + 1,
            "new_start": first.new_range().start + 1,
            "lines": lines,
        }));
    }
    Value::Array(hunks)
}
