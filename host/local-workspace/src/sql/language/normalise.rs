//! Text of a statement in the one spelling that the parser reads rightly.
//!
//! polyglot-sql's tokenizer knows only part of Databricks' lexical rules, and some clauses only in one of their forms.
//! Both are put right here, on the tokens of our own lexer, before it sees the text: literals are written anew from their
//! values, and forms that mean the same become the one that it knows. Nothing here changes what a statement means.

use super::{
    error::SqlError,
    lexer::{Kind, Token, tokenize},
};

/// Rewrites a statement or expression; what needs no change is returned as it is.
///
/// # Errors
/// Literals that are never closed, and binary literals with other than hexadecimal digits.
pub(crate) fn normalise(text: &str) -> Result<String, SqlError> {
    let tokens = tokenize(text)?;
    let mut pass =
        Pass { text, tokens: &tokens, out: String::with_capacity(text.len() + 16), copied: 0, groups: Vec::new() };
    let mut at = 0;
    while at < tokens.len() {
        at = pass.step(at)?;
    }
    pass.copy_to(text.len());
    Ok(pass.out)
}

struct Pass<'a> {
    text: &'a str,
    tokens: &'a [Token],
    out: String,
    /// How much of `text` is in `out`, or stands replaced there.
    copied: usize,
    /// Each BY of a GROUP BY, with the length of `out` behind it.
    groups: Vec<(usize, usize)>,
}

/// Words that continue an expression behind a finished operand; any other word there is an alias.
const OPERATOR_WORDS: [&str; 14] =
    ["AND", "OR", "DIV", "IS", "IN", "NOT", "BETWEEN", "LIKE", "ILIKE", "RLIKE", "REGEXP", "COLLATE", "ESCAPE", "XOR"];

/// Words that DuckDB keeps for itself and Databricks SQL knows nothing of.
const RESERVED_IN_DUCKDB: [&str; 21] = [
    "ANALYSE",
    "ASOF",
    "ASYMMETRIC",
    "AT",
    "CONCURRENTLY",
    "DEFERRABLE",
    "DO",
    "FREEZE",
    "GLOB",
    "INITIALLY",
    "LAMBDA",
    "NOTNULL",
    "PIVOT_LONGER",
    "PIVOT_WIDER",
    "POSITIONAL",
    "RETURNING",
    "SUMMARIZE",
    "SYMMETRIC",
    "UNPACK",
    "VARIADIC",
    "VERBOSE",
];

impl Pass<'_> {
    /// Handles the token at `at`; returns the next one to look at.
    fn step(&mut self, at: usize) -> Result<usize, SqlError> {
        let Some(token) = self.tokens.get(at) else { return Ok(at + 1) };
        match token.kind {
            Kind::Text => Ok(self.literal(at)),
            Kind::Word if self.is_prefix_of_literal(at) => self.typed_literal(at),
            Kind::Word if self.is_reserved_elsewhere(at) => {
                self.replace(at, at, &format!("`{}`", token.text));
                Ok(at + 1)
            }
            Kind::Word if token.is("LIMIT") || token.is("OFFSET") => Ok(self.limit(at)),
            Kind::Word if token.is("BY") && at > 0 && self.is(at - 1, "GROUP") => {
                self.copy_to(token.end);
                self.groups.push((at, self.out.len()));
                Ok(at + 1)
            }
            Kind::Word if token.is("GROUPING") => Ok(self.grouping_sets(at)),
            Kind::Word if token.is("VALUES") => self.values(at),
            Kind::Symbol if token.text == "!" && !self.touches(at, "=") => {
                self.replace(at, at, " NOT ");
                Ok(at + 1)
            }
            _ => Ok(at + 1),
        }
    }

    /// Whether a word names something that DuckDB would take for a keyword; a function's name and a parameter's are
    /// printed rightly.
    fn is_reserved_elsewhere(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| RESERVED_IN_DUCKDB.iter().any(|word| token.is(word)))
            && !self.is(at + 1, "(")
            && !(at > 0 && self.is(at - 1, ":"))
    }

    fn is(&self, at: usize, word: &str) -> bool {
        self.tokens.get(at).is_some_and(|t| t.is(word))
    }

    fn kind(&self, at: usize) -> Option<Kind> {
        self.tokens.get(at).map(|t| t.kind)
    }

    /// Whether the next token is this one, with nothing in between.
    fn touches(&self, at: usize, word: &str) -> bool {
        match (self.tokens.get(at), self.tokens.get(at + 1)) {
            (Some(token), Some(next)) => token.end == next.start && next.is(word),
            _ => false,
        }
    }

    fn copy_to(&mut self, end: usize) {
        self.out.push_str(self.text.get(self.copied..end).unwrap_or_default());
        self.copied = end.max(self.copied);
    }

    /// Puts `with` in the place of the tokens `first` to `last`.
    fn replace(&mut self, first: usize, last: usize, with: &str) {
        let (Some(from), Some(to)) = (self.tokens.get(first), self.tokens.get(last)) else { return };
        self.copy_to(from.start);
        self.out.push_str(with);
        self.copied = to.end;
    }

    /// A string literal; literals side by side are one.
    fn literal(&mut self, at: usize) -> usize {
        let mut last = at;
        let mut value = String::new();
        while let Some(token) = self.tokens.get(last).filter(|t| t.kind == Kind::Text) {
            value.push_str(&token.text);
            last += 1;
        }
        self.replace(at, last - 1, &quoted(&value));
        last
    }

    /// `X'1F'` and `TIMESTAMP_NTZ'…'`; other prefixes (DATE, TIMESTAMP, INTERVAL) are words of their own.
    fn is_prefix_of_literal(&self, at: usize) -> bool {
        let literal = self.kind(at + 1) == Some(Kind::Text);
        let member = at > 0 && self.is(at - 1, ".");
        let touching = matches!((self.tokens.get(at), self.tokens.get(at + 1)), (Some(a), Some(b)) if a.end == b.start);
        literal
            && !member
            && (self.is(at, "TIMESTAMP_NTZ") || self.is(at, "TIMESTAMP_LTZ") || (self.is(at, "X") && touching))
    }

    fn typed_literal(&mut self, at: usize) -> Result<usize, SqlError> {
        let Some(value) = self.tokens.get(at + 1) else { return Ok(at + 1) };
        let text = if self.is(at, "X") {
            if !value.text.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(invalid_binary(&value.text));
            }
            let pad = if value.text.len() % 2 == 1 { "0" } else { "" };
            format!("unhex('{pad}{}')", value.text)
        } else {
            let kind = if self.is(at, "TIMESTAMP_NTZ") { "TIMESTAMP_NTZ" } else { "TIMESTAMP" };
            format!("CAST({} AS {kind})", quoted(&value.text))
        };
        self.replace(at, at + 1, &text);
        Ok(at + 2)
    }

    /// `LIMIT ALL` is no limit. `LIMIT :n` becomes `LIMIT (:n)`: behind a table's name the parser takes the bare form for a
    /// path into a column.
    fn limit(&mut self, at: usize) -> usize {
        if self.is(at + 1, "ALL") {
            self.replace(at, at + 1, "");
            return at + 2;
        }
        match self.tokens.get(at + 2) {
            Some(name) if self.is(at + 1, ":") && name.kind == Kind::Word => {
                self.replace(at + 1, at + 2, &format!("(:{})", name.text));
                at + 3
            }
            _ => at + 1,
        }
    }

    /// `GROUP BY a, b GROUPING SETS (…)`: the list only repeats what the sets name, and the parser would take it for
    /// another grouping to be crossed with them.
    fn grouping_sets(&mut self, at: usize) -> usize {
        let listed = self.is(at + 1, "SETS") && at > 0 && !self.is(at - 1, ",") && !self.is(at - 1, "BY");
        let by = listed.then(|| self.start_of_group(at)).flatten();
        let kept = by.and_then(|by| self.groups.iter().rfind(|(index, _)| *index == by)).map(|(_, length)| *length);
        let (Some(kept), Some(token)) = (kept, self.tokens.get(at)) else { return at + 1 };
        self.out.truncate(kept);
        self.out.push(' ');
        self.copied = token.start;
        at + 1
    }

    /// The `BY` of the GROUP BY whose list ends before `at`.
    fn start_of_group(&self, at: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for index in (0..at).rev() {
            let token = self.tokens.get(index)?;
            match token.text.as_str() {
                ")" if token.kind == Kind::Symbol => depth += 1,
                "(" if token.kind == Kind::Symbol => depth = depth.checked_sub(1)?,
                _ if depth == 0 && token.is("BY") && index > 0 && self.is(index - 1, "GROUP") => return Some(index),
                _ => {}
            }
        }
        None
    }

    /// `VALUES 1, 2` becomes `VALUES (1), (2)`.
    fn values(&mut self, at: usize) -> Result<usize, SqlError> {
        if !self.starts_bare_row(at + 1) {
            return Ok(at + 1);
        }
        self.copy_to(self.tokens.get(at).map_or(0, |t| t.end));
        let mut index = at + 1;
        self.out.push_str(" (");
        loop {
            let item = index;
            // Without the blank before it.
            self.copied = self.tokens.get(item).map_or(self.copied, |t| t.start);
            let mut depth = 0_usize;
            while let Some(token) = self.tokens.get(index) {
                let opens = token.kind == Kind::Symbol && matches!(token.text.as_str(), "(" | "[" | "{");
                let closes = token.kind == Kind::Symbol && matches!(token.text.as_str(), ")" | "]" | "}");
                if depth == 0 && index > item && self.ends_row(index) || depth == 0 && closes {
                    break;
                }
                depth = if opens {
                    depth + 1
                } else if closes {
                    depth - 1
                } else {
                    depth
                };
                index = self.step(index)?;
            }
            self.copy_to(self.tokens.get(index - 1).map_or(self.text.len(), |t| t.end));
            self.out.push(')');
            if !self.is(index, ",") {
                return Ok(index);
            }
            self.copy_to(self.tokens.get(index).map_or(0, |t| t.end));
            self.out.push_str(" (");
            index += 1;
        }
    }

    /// Whether a row of VALUES that is no list in brackets starts here.
    fn starts_bare_row(&self, at: usize) -> bool {
        const CONSTANTS: [&str; 12] = [
            "NULL",
            "TRUE",
            "FALSE",
            "CAST",
            "ARRAY",
            "MAP",
            "STRUCT",
            "NAMED_STRUCT",
            "DATE",
            "TIMESTAMP",
            "INTERVAL",
            "X",
        ];
        match self.tokens.get(at) {
            Some(token) => {
                matches!(token.kind, Kind::Number | Kind::Text)
                    || matches!(token.text.as_str(), "-" | "+") && token.kind == Kind::Symbol
                    || CONSTANTS.iter().any(|word| token.is(word))
            }
            None => false,
        }
    }

    /// Whether a row of VALUES has ended before this token: at a comma, a clause, or an alias behind an operand.
    fn ends_row(&self, at: usize) -> bool {
        let Some(token) = self.tokens.get(at) else { return true };
        if token.kind == Kind::Symbol {
            return matches!(token.text.as_str(), "," | ";");
        }
        let operand = at > 0
            && self.tokens.get(at - 1).is_some_and(|before| {
                matches!(before.kind, Kind::Number | Kind::Text)
                    || before.is(")")
                    || ["NULL", "TRUE", "FALSE"].iter().any(|word| before.is(word))
            });
        let operator = OPERATOR_WORDS.iter().any(|word| token.is(word));
        operand && !operator && matches!(token.kind, Kind::Word | Kind::Ident)
    }
}

/// A literal of this value.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "''"))
}

fn invalid_binary(value: &str) -> SqlError {
    let detail = format!("The literal X'{value}' is no binary value: only hexadecimal digits may stand in it.");
    SqlError::new("INVALID_TYPED_LITERAL", "42604", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(from: &str, to: &str) {
        assert_eq!(normalise(from).unwrap(), to, "{from}");
        assert_eq!(normalise(to).unwrap(), to, "not stable: {to}");
    }

    #[test]
    fn literals_are_written_anew() {
        check(r#"SELECT 'a\tb', "q\"r", r'\d'"#, "SELECT 'a\tb', 'q\"r', '\\\\d'");
        check(r"x LIKE 'a\%b'", r"x LIKE 'a\\%b'");
        check("SELECT 'x' 'y' \"z\" AS c", "SELECT 'xyz' AS c");
        check("SELECT X'1F0' , t.x 'b', x 'c'", "SELECT unhex('01F0') , t.x 'b', x 'c'");
        check("TIMESTAMP_NTZ'2024-01-01'", "CAST('2024-01-01' AS TIMESTAMP_NTZ)");
        assert_eq!(normalise("X'zz'").unwrap_err().class, "INVALID_TYPED_LITERAL");
    }

    #[test]
    fn clauses_take_their_known_form() {
        check("SELECT a FROM t LIMIT ALL", "SELECT a FROM t ");
        check("SELECT a FROM t LIMIT :n OFFSET :m", "SELECT a FROM t LIMIT (:n) OFFSET (:m)");
        check("SELECT !a, a != 1", "SELECT  NOT a, a != 1");
        check(
            "SELECT a FROM t GROUP BY a, b GROUPING SETS ((a), ())",
            "SELECT a FROM t GROUP BY GROUPING SETS ((a), ())",
        );
        check("GROUP BY a, f('x') GROUPING SETS ((a))", "GROUP BY GROUPING SETS ((a))");
        check("GROUP BY city, f('x') GROUPING SETS ((city), ())", "GROUP BY GROUPING SETS ((city), ())");
        check("SELECT a FROM t GROUP BY a, GROUPING SETS ((b))", "SELECT a FROM t GROUP BY a, GROUPING SETS ((b))");
    }

    #[test]
    fn bare_rows_get_brackets() {
        check("VALUES 1, 2", "VALUES (1), (2)");
        check("SELECT * FROM VALUES 1, -2 + 3, 'x' AS t(a)", "SELECT * FROM VALUES (1), (-2 + 3), ('x') AS t(a)");
        check("(VALUES array(1, 2), NULL t(a))", "(VALUES (array(1, 2)), (NULL) t(a))");
        check("VALUES (1, 2), (3, 4)", "VALUES (1, 2), (3, 4)");
        check("SELECT values FROM t", "SELECT values FROM t");
    }
}
