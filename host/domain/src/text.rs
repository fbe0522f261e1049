//! Texts within bounds.

/// The beginning of a text: at most `max` bytes, whole characters only.
#[must_use]
pub fn cut(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or_default()
}

/// Longest text of a failure in a record, in characters; protects the log from guests that talk.
pub const MAX_FAILURE_CHARS: usize = 300;

/// The words of a failure as a record keeps them: one line of at most [`MAX_FAILURE_CHARS`]. No credential is in it,
/// because a guest has none; the query of an address, which may be one (a link that is signed), is left out.
#[must_use]
pub fn failure_text(message: &str) -> String {
    let mut text = String::new();
    let printed = |c: char| !c.is_control() && !c.is_whitespace();
    for word in message.split(|c| !printed(c)).filter(|word| !word.is_empty()) {
        let word = match word.contains("://").then(|| word.find(['?', '#'])).flatten() {
            Some(end) => word.get(..end).unwrap_or_default(),
            None => word,
        };
        if !text.is_empty() {
            text.push(' ');
        }
        text.extend(word.chars().take(MAX_FAILURE_CHARS + 1));
        if text.chars().count() > MAX_FAILURE_CHARS {
            let end = text.char_indices().nth(MAX_FAILURE_CHARS - 1).map_or(0, |(end, _)| end);
            text.truncate(end);
            text.push('…');
            break;
        }
    }
    text
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

    #[track_caller]
    fn check(message: &str, expect: &str) {
        assert_eq!(failure_text(message), expect);
    }

    #[test]
    fn a_failures_text_is_one_bounded_line_without_queries() {
        check("", "");
        check("it  answered\n\t503\u{0}\u{1b}[31m", "it answered 503 [31m");
        check(
            "GET https://a.example/x?sig=s3cret#part failed: https://b.example/#t",
            "GET https://a.example/x failed: https://b.example/",
        );
        // Only addresses have queries.
        check("what? #1 is wrong", "what? #1 is wrong");
        let exact = format!("{} {}", "ä".repeat(149), "b".repeat(150));
        assert_eq!(exact.chars().count(), MAX_FAILURE_CHARS);
        check(&exact, &exact);
        for long in [format!("{exact}c"), format!("{exact} c"), "ä".repeat(10_000), "a ".repeat(10_000)] {
            let text = failure_text(&long);
            assert!(text.chars().count() <= MAX_FAILURE_CHARS, "{}", text.chars().count());
            assert!(text.ends_with('…'), "{text}");
        }
    }
}
