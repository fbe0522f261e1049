//! Names and texts as SQL takes them. Nothing of a caller gets into a statement but through here.

use bricklayer_sdk::Failure;

/// Bytes of one part of a name: Unity Catalog's own bound.
const MAX_PART_BYTES: usize = 255;

/// A full name in its parts, without quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FullName(Vec<String>);

impl FullName {
    /// Reads a dotted name of so many parts; a part in back quotes may hold dots.
    ///
    /// # Errors
    /// Another number of parts, empty parts, back quotes that are not closed, control characters, slashes.
    pub(crate) fn parse(field: &str, text: &str, parts: usize) -> Result<Self, Failure> {
        let said = match parts {
            1 => "one part, without dots",
            2 => "`catalog.schema`",
            _ => "`catalog.schema.name`",
        };
        let wrong = || Failure::invalid(field, format!("'{text}' is not a full name; it must have {said}"));
        let found = split(text.trim()).ok_or_else(wrong)?;
        let is_good = |part: &String| {
            !part.is_empty() && part.len() <= MAX_PART_BYTES && !part.contains(|c: char| c == '/' || c.is_control())
        };
        if found.len() != parts || !found.iter().all(is_good) {
            return Err(wrong());
        }
        Ok(Self(found))
    }

    /// As the REST interface takes it.
    pub(crate) fn dotted(&self) -> String {
        self.0.join(".")
    }

    /// As SQL takes it: every part quoted.
    pub(crate) fn sql(&self) -> String {
        let quoted: Vec<String> = self.0.iter().map(|part| quote(part)).collect();
        quoted.join(".")
    }

    /// A part by its place; empty when there is none.
    pub(crate) fn part(&self, at: usize) -> &str {
        self.0.get(at).map(String::as_str).unwrap_or_default()
    }

    /// The last part.
    pub(crate) fn last(&self) -> &str {
        self.0.last().map(String::as_str).unwrap_or_default()
    }

    /// The same place with another last part.
    pub(crate) fn renamed(&self, last: &str) -> Self {
        let mut parts = self.0.clone();
        parts.pop();
        parts.push(last.to_owned());
        Self(parts)
    }
}

/// The parts of a dotted name; none when a quote is not closed or stands where none can.
fn split(text: &str) -> Option<Vec<String>> {
    let mut parts = vec![String::new()];
    let mut chars = text.chars().peekable();
    let mut quoted = false;
    let mut closed = false;
    while let Some(c) = chars.next() {
        let part = parts.last_mut()?;
        match c {
            '`' if quoted && chars.peek() == Some(&'`') => {
                chars.next();
                part.push('`');
            }
            '`' if quoted => (quoted, closed) = (false, true),
            '`' if part.is_empty() && !closed => quoted = true,
            '`' => return None,
            c if quoted => part.push(c),
            '.' => {
                closed = false;
                parts.push(String::new());
            }
            _ if closed => return None,
            c => part.push(c),
        }
    }
    (!quoted).then_some(parts)
}

/// One name in back quotes.
pub(crate) fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text as a literal.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// A column's name, quoted.
///
/// # Errors
/// An empty name, or control characters.
pub(crate) fn column(field: &str, name: &str) -> Result<String, Failure> {
    let name = name.trim();
    if name.is_empty() || name.len() > MAX_PART_BYTES || name.contains(char::is_control) {
        return Err(Failure::invalid(field, format!("'{name}' is not the name of a column")));
    }
    let bare = name.strip_prefix('`').and_then(|name| name.strip_suffix('`'));
    Ok(quote(&bare.map_or_else(|| name.to_owned(), |bare| bare.replace("``", "`"))))
}

/// A SQL type as it is written: words, numbers, and what types are made of; nothing that ends it.
///
/// # Errors
/// Anything else.
pub(crate) fn sql_type(field: &str, text: &str) -> Result<String, Failure> {
    let text = text.trim();
    let good = |c: char| c.is_ascii_alphanumeric() || "_<>(),: ".contains(c);
    if text.is_empty() || !text.starts_with(|c: char| c.is_ascii_alphabetic()) || !text.chars().all(good) {
        return Err(Failure::invalid(field, format!("'{text}' is not a SQL type")));
    }
    let (mut round, mut pointed) = (0_i32, 0_i32);
    for c in text.chars() {
        match c {
            '(' => round += 1,
            ')' => round -= 1,
            '<' => pointed += 1,
            '>' => pointed -= 1,
            // A comma outside of brackets would begin another parameter.
            ',' if round == 0 && pointed == 0 => round = i32::MIN / 2,
            _ => {}
        }
        if round < 0 || pointed < 0 {
            return Err(Failure::invalid(field, format!("'{text}' is not a SQL type")));
        }
    }
    if round == 0 && pointed == 0 {
        return Ok(text.to_owned());
    }
    Err(Failure::invalid(field, format!("'{text}' is not a SQL type")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_quoted_part_by_part() {
        for (text, parts, sql) in [
            ("main", 1, Some("`main`")),
            (" main.default ", 2, Some("`main`.`default`")),
            ("a.b.c", 3, Some("`a`.`b`.`c`")),
            ("`a.b`.c", 2, Some("`a.b`.`c`")),
            ("`a``b`", 1, Some("`a``b`")),
            ("a-b.c d.é", 3, Some("`a-b`.`c d`.`é`")),
            ("x; DROP TABLE y", 1, Some("`x; DROP TABLE y`")),
            ("a.b", 3, None),
            ("a.b.c", 2, None),
            ("", 1, None),
            ("a..b", 3, None),
            ("`a", 1, None),
            ("a`b", 1, None),
            ("`a`b", 1, None),
            ("a/b", 1, None),
            ("a\nb", 1, None),
        ] {
            let found = FullName::parse("name", text, parts).ok().map(|name| name.sql());
            assert_eq!(found.as_deref(), sql, "{text}");
        }
    }

    #[test]
    fn literals_hold_what_would_end_them() {
        assert_eq!(literal("it's"), r"'it\'s'");
        assert_eq!(literal(r"\' OR 1=1 --"), r"'\\\' OR 1=1 --'");
    }

    #[test]
    fn columns_are_quoted_once() {
        assert_eq!(column("c", "a").unwrap(), "`a`");
        assert_eq!(column("c", "`a``b`").unwrap(), "`a``b`");
        assert_eq!(column("c", "a`; x").unwrap(), "`a``; x`");
        assert!(column("c", " ").is_err());
    }

    #[test]
    fn types_hold_nothing_else() {
        for (text, good) in [
            ("STRING", true),
            ("decimal(10,2)", true),
            ("ARRAY<STRUCT<a: INT, b: STRING>>", true),
            ("", false),
            ("INT) RETURNS INT RETURN 1; --", false),
            ("INT, b INT", false),
            ("INT)", false),
            ("(INT", false),
            ("STRING DEFAULT 'x'", false),
        ] {
            assert_eq!(sql_type("t", text).is_ok(), good, "{text}");
        }
    }
}
