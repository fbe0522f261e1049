//! Statements that change tables, or look at them.

use bricklayer_spark_sql::lex::Token;

use super::Reader;
use crate::analysis::{Mode, PathOperation};
use crate::names::Reader as PathReader;
use crate::text::Text;

impl<'a> Reader<'_, 'a> {
    /// Reads a statement that changes rows or looks at a table; what it is, when it is one.
    pub(super) fn change(&mut self, first: &Token<'a>, rest: &[Token<'a>]) -> Option<String> {
        let skip = |words: &[&str]| rest.iter().take_while(|token| token.is_any(words)).count();
        let (kind, mode, skipped) = if first.is("INSERT") {
            let end = self.insert(rest, 0);
            self.sources(rest.get(end..).unwrap_or_default(), false);
            return Some("INSERT".to_owned());
        } else if first.is("MERGE") {
            ("MERGE", Mode::Merge, skip(&["WITH", "SCHEMA", "EVOLUTION", "INTO"]))
        } else if first.is("UPDATE") {
            ("UPDATE", Mode::Update, 0)
        } else if first.is("DELETE") {
            ("DELETE", Mode::Delete, skip(&["FROM"]))
        } else if first.is("TRUNCATE") {
            ("TRUNCATE", Mode::Truncate, skip(&["TABLE"]))
        } else if first.is("COPY") {
            ("COPY INTO", Mode::Copy, skip(&["INTO"]))
        } else if first.is("OPTIMIZE") {
            ("OPTIMIZE", Mode::Maintain, 0)
        } else if first.is("VACUUM") {
            ("VACUUM", Mode::Maintain, 0)
        } else if first.is("ANALYZE") {
            ("ANALYZE", Mode::Maintain, skip(&["TABLE"]))
        } else if first.is_any(&["REORG", "MSCK", "RESTORE"]) {
            ("RESTORE", Mode::Maintain, skip(&["REPAIR", "TABLE", "TO"]))
        } else if first.is("REFRESH") {
            ("REFRESH", Mode::Maintain, skip(&["TABLE", "MATERIALIZED", "STREAMING", "VIEW"]))
        } else if first.is("CONVERT") {
            ("CONVERT", Mode::Alter, skip(&["TO", "DELTA"]))
        } else if first.is_any(&["DESCRIBE", "DESC"]) {
            self.describe(rest);
            return Some("DESCRIBE".to_owned());
        } else if first.is("CACHE") {
            let at = skip(&["LAZY", "TABLE"]);
            if let Some((name, _)) = self.name(rest, at) {
                self.read_table(&name, Mode::Metadata);
            }
            self.facts.reason("serverless", "CACHE TABLE is not available");
            return Some("CACHE".to_owned());
        } else {
            return None;
        };
        let Some((name, end)) = self.name(rest, skipped) else { return Some(kind.to_owned()) };
        self.write_table(&name, kind, mode);
        self.sources(rest.get(end..).unwrap_or_default(), first.is_any(&["MERGE", "COPY"]));
        Some(kind.to_owned())
    }

    /// Behind INSERT, at `at`: the target; where it ends.
    pub(super) fn insert(&mut self, tokens: &[Token<'a>], at: usize) -> usize {
        let overwrites = tokens.get(at).is_some_and(|token| token.is("OVERWRITE"));
        let words =
            tokens.iter().skip(at).take_while(|t| t.is_any(&["INTO", "OVERWRITE", "TABLE", "LOCAL", "DIRECTORY"]));
        let start = at + words.count();
        if let Some(path) = tokens.get(start).and_then(|token| self.literal(token)) {
            self.facts.path(&path, PathOperation::Write, "INSERT", PathReader::Spark);
            return start + 1;
        }
        let Some((name, end)) = self.name(tokens, start) else { return start };
        let replaces = tokens.iter().skip(end).take(2).any(|token| token.is("REPLACE"));
        let mode = if overwrites || replaces { Mode::Overwrite } else { Mode::Append };
        self.write_table(&name, "INSERT", mode);
        end
    }

    /// A table that is changed.
    pub(super) fn write_table(&mut self, name: &Text, via: &str, mode: Mode) {
        self.tables.push(name.shown().replace('`', ""));
        self.facts.write(name, via, mode);
    }

    fn describe(&mut self, rest: &[Token<'a>]) {
        let words = ["TABLE", "EXTENDED", "FORMATTED", "HISTORY", "DETAIL"];
        let at = rest.iter().take_while(|token| token.is_any(&words)).count();
        let other = ["CATALOG", "SCHEMA", "DATABASE", "FUNCTION", "VOLUME", "QUERY", "SELECT", "CONNECTION", "SHARE"];
        if rest.get(at).is_some_and(|token| !token.is_any(&other))
            && let Some((name, _)) = self.name(rest, at)
        {
            self.read_table(&name, Mode::Metadata);
        }
    }
}
