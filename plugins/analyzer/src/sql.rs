//! What statements of SQL read and write, told from their words: a name in a comment or in a text is none.
//!
//! Follows Databricks' SQL reference. A parser for the whole dialect (sqlparser 0.64) would be 1.7 MB of a component and
//! refuses what it does not know; words are enough to find targets and sources, and a statement of a newer release is
//! read as far as it is like the others.

mod definitions;
mod names;
mod queries;
mod source;
mod targets;

use bricklayer_spark_sql::lex::{Token, scan};
use bricklayer_spark_sql::split::split;

use crate::analysis::{CellError, Place, Statement};
use crate::facts::Facts;

pub(crate) use source::Source;

/// Statements of one text.
const MAX_STATEMENTS: usize = 5_000;

/// What every statement begins with that is neither a query nor a change of a table.
const OTHERS: &[&str] = &[
    "ADD", "CALL", "CLEAR", "COMMENT", "COMMIT", "DECLARE", "DENY", "EXPLAIN", "GET", "GRANT", "LIST", "LOAD", "PUT",
    "REMOVE", "RESET", "REVOKE", "ROLLBACK", "SET", "SHOW", "SIGNAL", "SYNC", "UNDROP", "REPAIR", "IF", "FOR", "WHILE",
    "LOOP", "REPEAT", "LEAVE", "ITERATE", "RESIGNAL", "CASE", "END", "OPEN", "FETCH", "CLOSE", "GENERATE", "UNCACHE",
    "FSCK",
];

/// Reads all statements; `first` is the place of the source's first line. What is wrong is told of the first one that is.
pub(crate) fn read(facts: &mut Facts, source: &Source, first: Place) -> Option<CellError> {
    let mut error = None;
    let statements = split(source.text());
    facts.truncated |= statements.len() > MAX_STATEMENTS;
    for statement in statements.iter().take(MAX_STATEMENTS) {
        let line =
            if source.is_cell() { first.line.saturating_add(statement.line.saturating_sub(1)) } else { first.line };
        facts.at = Place { line, ..first };
        let wrong = one(facts, source, statement.text, statement.start);
        error = error.or(wrong.map(|message| CellError { line, message }));
    }
    facts.at = first;
    error
}

/// One statement, or a compound of several.
fn one(facts: &mut Facts, source: &Source, text: &str, start: usize) -> Option<String> {
    let scanned = scan(text);
    let tokens = scanned.without_hints();
    let mut reader = Reader { facts, source, start, tokens: &tokens, ctes: Vec::new(), tables: Vec::new() };
    let kind = if tokens.first().is_some_and(|first| first.is("BEGIN")) && tokens.len() > 2 {
        reader.compound();
        "BEGIN".to_owned()
    } else {
        reader.statement(&tokens)
    };
    let tables = std::mem::take(&mut reader.tables);
    let wrong = wrong(scanned.doubt, &tokens, &kind, source);
    let at = facts.at;
    if facts.sql.len() < crate::facts::MAX_ENTRIES {
        let kind = if kind.is_empty() { "UNKNOWN".to_owned() } else { kind };
        facts.sql.push(Statement { kind, tables, ok: wrong.is_none(), at });
    }
    wrong
}

/// Why a statement cannot run as it stands.
fn wrong(doubt: Option<&'static str>, tokens: &[Token<'_>], kind: &str, source: &Source) -> Option<String> {
    let open = tokens.iter().fold(0_i64, |open, token| match token.text {
        "(" if token.is_symbol("(") => open + 1,
        ")" if token.is_symbol(")") => open - 1,
        _ => open,
    });
    if doubt.is_some_and(|doubt| doubt.contains("not closed") || doubt.contains("no end")) {
        Some("a quote or a comment of a SQL statement is not closed".to_owned())
    } else if open != 0 {
        let (more, fewer) = if open > 0 { ("opened", "closed") } else { ("closed", "opened") };
        Some(format!("a SQL statement has parentheses that are {more} and not {fewer}"))
    } else if kind.is_empty() && (source.is_cell() || !source.has_holes()) {
        let word: String = tokens.first().map_or("", |first| first.text).chars().take(40).collect();
        Some(format!("no SQL statement begins with {:?}", crate::sensitive::shown(&word)))
    } else {
        None
    }
}

/// Reads one statement's words.
struct Reader<'r, 'a> {
    facts: &'r mut Facts,
    source: &'r Source,
    /// Where the statement begins in the source.
    start: usize,
    /// All words of the statement.
    tokens: &'r [Token<'a>],
    /// Names of common table expressions, in lower case.
    ctes: Vec<String>,
    /// The names that were found, for the list of statements.
    tables: Vec<String>,
}

impl<'a> Reader<'_, 'a> {
    /// Reads a statement; what it is, or nothing when its first word begins none.
    fn statement(&mut self, tokens: &[Token<'a>]) -> String {
        let from = tokens.iter().position(|token| !token.is_symbol("(")).unwrap_or(0);
        let Some(first) = tokens.get(from) else { return String::new() };
        self.ctes.extend(queries::common_tables(tokens));
        self.markers(tokens);
        let rest = tokens.get(from + 1..).unwrap_or_default();
        let known = |kind: &str| kind.to_owned();
        if first.is_any(&["SELECT", "WITH", "FROM", "VALUES", "TABLE"]) {
            self.query(tokens);
            // A query in front of an INSERT: Hive's FROM … INSERT, and WITH … INSERT.
            return known(if tokens.iter().any(|token| token.is("INSERT")) { "INSERT" } else { "SELECT" });
        }
        let handled = self.change(first, rest).or_else(|| self.definition(first, rest));
        if let Some(kind) = handled {
            return kind;
        }
        if first.is("EXPLAIN") {
            self.query(rest);
        }
        if first.is("EXECUTE") {
            self.immediate(rest);
            return known("EXECUTE IMMEDIATE");
        }
        match OTHERS.iter().find(|word| first.is(word)) {
            Some(word) => {
                self.query(rest);
                known(word)
            }
            None => String::new(),
        }
    }

    /// The statements between BEGIN and END.
    fn compound(&mut self) {
        let borders = |token: &&Token<'_>| token.is_symbol(";") || token.is_any(&["BEGIN", "THEN", "DO", "ELSE"]);
        let parts: Vec<&[Token<'a>]> = self.tokens.split(|token| borders(&token)).collect();
        for part in parts {
            self.statement(part);
        }
    }

    /// EXECUTE IMMEDIATE of a text: what stands in it runs.
    fn immediate(&mut self, rest: &[Token<'a>]) {
        let literal = rest.iter().find_map(Token::literal);
        match literal {
            Some(text) => {
                let source = Source::of_text(&crate::text::Text::literal(text));
                let place = self.facts.at;
                read(self.facts, &source, place);
            }
            None => self.facts.uncomputed += 1,
        }
    }

    /// Markers of parameters: `:day`, and what was put in for `${day}`.
    fn markers(&mut self, tokens: &[Token<'a>]) {
        if !self.source.is_cell() {
            return;
        }
        for (at, token) in tokens.iter().enumerate() {
            for name in self.source.parameters_in(token.text) {
                self.facts.asks(&name, crate::analysis::ParameterKind::Undeclared, None);
            }
            if let Some(name) = names::marker(tokens, at) {
                self.facts.asks(name, crate::analysis::ParameterKind::Marker, None);
            }
        }
    }
}

#[cfg(test)]
mod tests;
