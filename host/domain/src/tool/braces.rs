//! One line of text with names in braces: `{statement}`, `{catalog}.{schema}.{name}`.

/// Most names in one text; more do not fit into one line.
pub(super) const MAX_NAMES: usize = 4;

/// Longest such text, in bytes.
const MAX_BYTES: usize = 200;

/// The parts of a text, each a name with what stands before it, and what stands behind the last name.
///
/// None when the text is longer than 200 bytes or more than a line, when its braces do not fit, and when it has no name
/// or more than four. What a name may be is for the caller to say.
pub(super) fn parts(text: &str) -> Option<(Vec<(&str, &str)>, &str)> {
    if text.len() > MAX_BYTES || text.chars().any(char::is_control) {
        return None;
    }
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        let (name, behind) = behind.split_once('}')?;
        if before.contains('}') {
            return None;
        }
        parts.push((before, name));
        rest = behind;
    }
    (!rest.contains('}') && (1..=MAX_NAMES).contains(&parts.len())).then_some((parts, rest))
}
