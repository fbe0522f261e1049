//! Sources of queries: what FROM and JOIN name, at any depth.

use bricklayer_spark_sql::lex::{Kind, Token};

use super::Reader;
use super::names::closing;
use crate::analysis::{Mode, PathOperation};
use crate::names::{Reader as PathReader, is_path};
use crate::text::Text;

/// Functions whose arguments hold a FROM of their own.
const FROM_WITHIN: [&str; 6] = ["EXTRACT", "TRIM", "SUBSTRING", "SUBSTR", "OVERLAY", "POSITION"];

/// Words that end the list behind FROM.
const ENDS_FROM: &[&str] = &[
    "WHERE",
    "GROUP",
    "HAVING",
    "ORDER",
    "LIMIT",
    "WINDOW",
    "QUALIFY",
    "CLUSTER",
    "DISTRIBUTE",
    "SORT",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "MINUS",
    "SELECT",
    "SET",
    "WHEN",
    "PIVOT",
    "UNPIVOT",
    "OFFSET",
    "KEYS",
    "INSERT",
];

/// Words that stand where a source stands and are none.
const NO_SOURCE: [&str; 8] = ["SELECT", "WITH", "VALUES", "LATERAL", "UNNEST", "FROM", "WHERE", "JOIN"];

/// Functions that read what their first argument names.
const READ_PATHS: [&str; 3] = ["READ_FILES", "CLOUD_FILES", "CSV"];
const SERVICES: [(&str, &str); 4] =
    [("READ_KAFKA", "kafka"), ("READ_KINESIS", "kinesis"), ("READ_PUBSUB", "pubsub"), ("READ_PULSAR", "pulsar")];

/// A parenthesis that is open.
#[derive(Default)]
struct Level {
    function: bool,
    in_from: bool,
    query: bool,
}

/// Names of common table expressions: `WITH a AS (…), b (x, y) AS (…)`.
pub(super) fn common_tables(tokens: &[Token<'_>]) -> Vec<String> {
    let mut names = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let Some(name) = token.name().filter(|_| matches!(token.kind, Kind::Word | Kind::QuotedName)) else { continue };
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        let follows = before.is_some_and(|before| before.is_any(&["WITH", "RECURSIVE"]) || before.is_symbol(","));
        if !follows {
            continue;
        }
        let mut next = at + 1;
        if tokens.get(next).is_some_and(|token| token.is_symbol("(")) {
            next = closing(tokens, next) + 1;
        }
        let is = |at: usize, test: &dyn Fn(&Token<'_>) -> bool| tokens.get(at).is_some_and(test);
        let queries =
            |token: &Token<'_>| token.is_any(&["SELECT", "WITH", "FROM", "VALUES", "TABLE"]) || token.is_symbol("(");
        if is(next, &|token| token.is("AS")) && is(next + 1, &|token| token.is_symbol("(")) && is(next + 2, &queries) {
            names.push(name.to_lowercase());
        }
    }
    names
}

impl<'a> Reader<'_, 'a> {
    /// Reads the sources of everything in `tokens`.
    pub(super) fn query(&mut self, tokens: &[Token<'a>]) {
        self.sources(tokens, false);
    }

    /// The same behind the target of MERGE (whose source follows USING) or COPY INTO (whose source may be a path).
    pub(super) fn sources(&mut self, tokens: &[Token<'a>], of_change: bool) {
        let mut levels = vec![Level::default()];
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let before = at.checked_sub(1).and_then(|before| tokens.get(before));
            let outermost = levels.len() == 1;
            let Some(level) = levels.last_mut() else { return };
            at += 1;
            if token.is_symbol("(") {
                let function = before.is_some_and(|before| before.is_any(&FROM_WITHIN));
                levels.push(Level { function, ..Level::default() });
            } else if token.is_symbol(")") {
                if !outermost {
                    levels.pop();
                }
            } else if token.is_symbol(",") && level.in_from {
                at = self.source(tokens, at, of_change);
            } else if token.kind != Kind::Word || before.is_some_and(|before| before.is_symbol(".")) {
            } else if token.is("LATERAL") && tokens.get(at).is_some_and(|next| next.is("VIEW")) {
                level.in_from = false;
            } else if token.is("FROM") {
                let compares = before.is_some_and(|before| before.is("DISTINCT"))
                    && at.checked_sub(3).and_then(|at| tokens.get(at)).is_some_and(|word| word.is_any(&["IS", "NOT"]));
                if !compares && (!level.function || level.query) {
                    level.in_from = true;
                    at = self.source(tokens, at, of_change);
                }
            } else if token.is("JOIN") {
                level.in_from = true;
                at = self.source(tokens, at, of_change);
            } else if of_change && outermost && token.is("USING") {
                at = self.source(tokens, at, false);
            } else if token.is("TABLE") && !outermost && tokens.get(at).is_some_and(|next| next.is_symbol("(")) {
                at = self.source(tokens, at + 1, false);
            } else if token.is_any(ENDS_FROM) {
                level.in_from = false;
                level.query |= token.is("SELECT");
                if token.is("INSERT") {
                    at = self.insert(tokens, at);
                }
            }
        }
    }

    /// The source at `at`; where to go on. What is in parentheses is read by who goes on.
    fn source(&mut self, tokens: &[Token<'a>], at: usize, paths: bool) -> usize {
        let mut at = at;
        // Joins in parentheses: the first source is right behind them.
        while tokens.get(at).is_some_and(|token| token.is_symbol("(")) {
            let inner = tokens.get(at + 1);
            if inner.is_none_or(|inner| inner.is_any(&NO_SOURCE) || inner.is_symbol("(") || inner.kind == Kind::Text) {
                return at;
            }
            // The parenthesis is left to its closing one: levels are only lost at the outermost.
            at += 1;
        }
        let Some(token) = tokens.get(at) else { return at };
        if let Some(path) = self.literal(token).filter(|_| paths) {
            self.facts.path(&path, PathOperation::Read, "COPY INTO", PathReader::Spark);
            return at + 1;
        }
        let follows = |at: usize, symbol: &str| tokens.get(at).is_some_and(|next| next.is_symbol(symbol));
        let streams = token.is("STREAM") && !follows(at + 1, ".");
        if streams {
            at += 1;
            if follows(at, "(") {
                at += 1;
            }
        }
        if tokens.get(at).is_none_or(|token| token.is_any(&NO_SOURCE) && !follows(at + 1, ".")) {
            return at;
        }
        let Some((name, end)) = self.name(tokens, at) else { return at };
        if follows(end, "(") {
            self.function(&name, tokens, end, streams);
            return end;
        }
        let mode = if streams { Mode::Stream } else { Mode::Batch };
        self.read_table(&name, mode);
        // The end of STREAM( … ).
        if streams && follows(end, ")") { end + 1 } else { end }
    }

    /// Reads a table, unless it is a common table expression.
    pub(super) fn read_table(&mut self, name: &Text, mode: Mode) {
        let shown = name.shown().replace('`', "");
        if self.ctes.contains(&shown.to_lowercase()) {
            return;
        }
        if !is_path(&shown) {
            self.tables.push(shown);
        }
        self.facts.read(name, "SQL", mode);
    }

    /// A function in the place of a table.
    fn function(&mut self, name: &Text, tokens: &[Token<'a>], open: usize, streams: bool) {
        let function = name.shown().to_uppercase();
        let arguments = tokens.get(open + 1..closing(tokens, open)).unwrap_or_default();
        let first = arguments.split(|token| token.is_symbol(",")).next().unwrap_or_default();
        // By name: `path => '…'`.
        let named = first.iter().position(|token| token.is_symbol(">")).map_or(0, |arrow| arrow + 1);
        let first = self.constant(first.get(named..).unwrap_or_default());
        if READ_PATHS.contains(&function.as_str()) {
            self.facts.path(&first, PathOperation::Read, &function.to_lowercase(), PathReader::Spark);
            if streams || function == "CLOUD_FILES" {
                self.facts.input(&first.shown(), true);
            }
        } else if function == "TABLE_CHANGES" {
            self.read_table(&first, Mode::Batch);
        } else if let Some((_, service)) = SERVICES.iter().find(|(known, _)| *known == function) {
            self.facts.service(service);
            self.facts.input(service, streams);
        }
    }
}
