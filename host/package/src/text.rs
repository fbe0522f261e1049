//! Characters of texts that people and models read.

/// Whether a character changes how others are shown: control characters and those that turn the reading direction,
/// which could show a person another text than the one that a program reads.
pub(crate) fn is_tricky(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t') || bricklayer_domain::is_bidi_control(c)
}
