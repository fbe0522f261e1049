//! Texts within bounds.

/// The beginning of a text: at most `max` bytes, whole characters only.
#[must_use]
pub fn cut(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_characters_are_kept() {
        for (text, max, kept) in [
            ("", 0, ""),
            ("abc", 5, "abc"),
            ("abc", 3, "abc"),
            ("abc", 2, "ab"),
            ("aé", 2, "a"),
            ("aé", 3, "aé"),
            ("🧱", 3, ""),
            ("🧱🧱", 7, "🧱"),
        ] {
            assert_eq!(cut(text, max), kept, "{text} at {max}");
        }
    }
}
