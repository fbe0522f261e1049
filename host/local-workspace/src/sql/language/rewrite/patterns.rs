//! Spark's datetime patterns to DuckDB's strftime formats. Rules: Databricks SQL reference, "Datetime patterns".

use crate::sql::language::error::SqlError;

/// Translates a pattern such as `yyyy-MM-dd HH:mm:ss`.
///
/// # Errors
/// `INVALID_DATETIME_PATTERN` for letters without a counterpart.
pub(super) fn strftime(pattern: &str) -> Result<String, SqlError> {
    let mut format = String::new();
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '\'' {
            quoted(&mut rest, &mut format);
            continue;
        }
        if !c.is_ascii_alphabetic() {
            format.push_str(if c == '%' { "%%" } else { "" });
            if c != '%' {
                format.push(c);
            }
            continue;
        }
        let mut count = 1;
        while rest.peek() == Some(&c) {
            rest.next();
            count += 1;
        }
        format.push_str(directive(c, count).ok_or_else(|| invalid(pattern))?);
    }
    Ok(format)
}

/// Text in quotes stands for itself; two quotes are one.
fn quoted(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, format: &mut String) {
    let mut empty = true;
    while let Some(c) = rest.next() {
        match c {
            '\'' if empty => {
                format.push('\'');
                return;
            }
            '\'' if rest.peek() == Some(&'\'') => {
                rest.next();
                format.push('\'');
            }
            '\'' => return,
            '%' => format.push_str("%%"),
            c => format.push(c),
        }
        empty = false;
    }
}

fn directive(letter: char, count: usize) -> Option<&'static str> {
    Some(match (letter, count) {
        ('y' | 'u', 2) => "%y",
        ('y' | 'u', 1 | 4) => "%Y",
        ('M' | 'L', 1) => "%-m",
        ('M' | 'L', 2) => "%m",
        ('M' | 'L', 3) => "%b",
        ('M' | 'L', 4) => "%B",
        ('d', 1) => "%-d",
        ('d', 2) => "%d",
        ('D', 1) => "%-j",
        ('D', 3) => "%j",
        ('H', 1) => "%-H",
        ('H', 2) => "%H",
        ('h' | 'K', 1) => "%-I",
        ('h' | 'K', 2) => "%I",
        ('m', 1) => "%-M",
        ('m', 2) => "%M",
        ('s', 1) => "%-S",
        ('s', 2) => "%S",
        ('S', 3) => "%g",
        ('S', 6) => "%f",
        ('E', 1..=3) => "%a",
        ('E', 4) => "%A",
        ('a', 1) => "%p",
        ('z' | 'V' | 'O' | 'X' | 'x' | 'Z', _) => "UTC",
        _ => return None,
    })
}

fn invalid(pattern: &str) -> SqlError {
    let detail = format!("Unrecognized datetime pattern: {pattern}.");
    SqlError::new("INVALID_DATETIME_PATTERN.ILLEGAL_CHARACTER", "22007", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_translate() {
        assert_eq!(strftime("yyyy-MM-dd HH:mm:ss.SSS").unwrap(), "%Y-%m-%d %H:%M:%S.%g");
        assert_eq!(strftime("d MMM yy, h 'o''clock' a").unwrap(), "%-d %b %y, %-I o'clock %p");
        assert_eq!(strftime("EEEE 100%").unwrap(), "%A 100%%");
        assert!(strftime("QQQ").is_err());
    }
}
