//! The query that tells beforehand what a statement would change or remove.

use crate::effect::{Level, Namespace, name, skip_if_exists};
use crate::lex::{Token, scan};

/// A query that only reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Look {
    /// Its text, made of the statement's.
    pub(super) query: String,
    /// What its rows are.
    pub(super) counts: Counts,
}

/// What the rows of a look are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counts {
    /// How many rows a condition meets, and how many there are.
    Part,
    /// How many rows of a source match the target's, and how many those are.
    Matches,
    /// How many rows there are.
    All,
    /// Names of what lies in a schema, as SHOW TABLES gives them.
    Names,
}

impl Look {
    /// What to look for before this statement; none when nothing can be counted, or not with certainty.
    pub(super) fn before(statement: &str) -> Option<Self> {
        let read = scan(statement);
        if read.doubt.is_some() {
            return None;
        }
        let tokens = read.without_hints();
        let text = Text { source: statement, tokens: &tokens };
        let (first, rest) = tokens.split_first()?;
        let second = rest.first()?;
        if first.is("DELETE") && second.is("FROM") {
            let filter = text.find(2, |t, _| t.is("WHERE"));
            return text.part(2, filter.unwrap_or(tokens.len()), filter);
        }
        if first.is("UPDATE") {
            let set = text.find(1, |t, _| t.is("SET"))?;
            return text.part(1, set, text.find(set, |t, _| t.is("WHERE")));
        }
        if first.is("MERGE") {
            return text.matches();
        }
        let all =
            |from: usize| text.named(from).map(|table| Self::new(Counts::All, format!("SELECT count(*) FROM {table}")));
        match rest {
            [table, ..] if (first.is("TRUNCATE") || first.is("DROP")) && table.is("TABLE") => all(2),
            [schema, ..] if first.is("DROP") && schema.is_any(&["SCHEMA", "DATABASE"]) => {
                Some(Self::new(Counts::Names, format!("SHOW TABLES IN {}", text.named(2)?)))
            }
            [or, replace, table, ..]
                if first.is("CREATE") && or.is("OR") && replace.is("REPLACE") && table.is("TABLE") =>
            {
                all(4)
            }
            // Of a partition or a condition it replaces a part only.
            [overwrite, files, ..] if overwrite.is("OVERWRITE") && files.is_any(&["DIRECTORY", "LOCAL"]) => None,
            [overwrite, ..]
                if first.is("INSERT") && overwrite.is("OVERWRITE") && !tokens.iter().any(|t| t.is("PARTITION")) =>
            {
                all(if rest.get(1)?.is("TABLE") { 3 } else { 2 })
            }
            _ => None,
        }
    }

    const fn new(counts: Counts, query: String) -> Self {
        Self { query, counts }
    }
}

/// A statement's text with its words.
struct Text<'t, 'a> {
    source: &'a str,
    tokens: &'t [Token<'a>],
}

impl<'a> Text<'_, 'a> {
    /// The first word from `from` on, outside parentheses, of which `is` says so, given what stands behind it.
    fn find(&self, from: usize, is: impl Fn(&Token<'a>, &[Token<'a>]) -> bool) -> Option<usize> {
        let mut depth = 0_usize;
        for (at, token) in self.tokens.iter().enumerate().skip(from) {
            if token.is_symbol("(") || token.is_symbol("[") {
                depth += 1;
            } else if token.is_symbol(")") || token.is_symbol("]") {
                depth = depth.saturating_sub(1);
            }
            // `t.where` is a column.
            let member = at.checked_sub(1).and_then(|before| self.tokens.get(before)).is_some_and(|t| t.is_symbol("."));
            if depth == 0 && !member && is(token, self.tokens.get(at + 1..).unwrap_or_default()) {
                return Some(at);
            }
        }
        None
    }

    /// The text of the words from `from` up to `to`, as written.
    fn slice(&self, from: usize, to: usize) -> Option<&'a str> {
        let words = self.tokens.get(from..to)?;
        self.source.get(words.first()?.start..words.last()?.end())
    }

    /// The name at `from`, as written.
    fn named(&self, from: usize) -> Option<&'a str> {
        let words = skip_if_exists(self.tokens.get(from..)?);
        let (_, behind) = name(words, Level::InSchema, &Namespace::default())?;
        let end = self.tokens.len().checked_sub(behind.len())?;
        self.slice(self.tokens.len().checked_sub(words.len())?, end)
    }

    /// How much of the table between two words the condition behind a third meets.
    fn part(&self, from: usize, to: usize, filter: Option<usize>) -> Option<Look> {
        let table = self.slice(from, to)?;
        let filter = match filter {
            Some(at) => format!(" WHERE {}", self.slice(at + 1, self.tokens.len())?),
            None => String::new(),
        };
        // A comment at the end of a slice would hide what stands behind it on the same line.
        let query = format!("SELECT (SELECT count(*) FROM {table}\n{filter}\n), (SELECT count(*) FROM {table}\n)");
        Some(Look::new(Counts::Part, query))
    }

    /// How many rows of a MERGE match.
    fn matches(&self) -> Option<Look> {
        let into = self.find(1, |t, _| t.is("INTO"))?;
        let using = self.find(into, |t, _| t.is("USING"))?;
        let on = self.find(using, |t, _| t.is("ON"))?;
        let when = self.find(on, |t, behind| {
            let mut behind = behind.iter();
            let next = behind.next().is_some_and(|t| t.is("MATCHED"));
            t.is("WHEN") && (next || self.is_not_matched(t))
        })?;
        let (target, source) = (self.slice(into + 1, using)?, self.slice(using + 1, on)?);
        let condition = self.slice(on + 1, when)?;
        let query = format!(
            "SELECT (SELECT count(*) FROM {target}\nJOIN {source}\nON {condition}\n), (SELECT count(*) FROM {target}\n)"
        );
        Some(Look::new(Counts::Matches, query))
    }

    fn is_not_matched(&self, when: &Token<'a>) -> bool {
        let behind = self.tokens.iter().skip_while(|t| t.start <= when.start);
        behind.take(2).zip(["NOT", "MATCHED"]).all(|(token, word)| token.is(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(statement: &str, expect: Option<(Counts, &str)>) {
        let found = Look::before(statement);
        let found = found.map(|look| (look.counts, look.query.split_whitespace().collect::<Vec<_>>().join(" ")));
        let found = found.as_ref().map(|(counts, query)| (*counts, query.as_str()));
        assert_eq!(found, expect, "{statement}");
    }

    #[test]
    fn statements_have_their_looks() {
        use Counts::{All, Matches, Names, Part};
        for (statement, counts, query) in [
            ("delete from t", Part, "SELECT (SELECT count(*) FROM t ), (SELECT count(*) FROM t )"),
            (
                "DELETE FROM a.b.t AS x WHERE x.id IN (SELECT id FROM u WHERE u.ok) -- now",
                Part,
                "SELECT (SELECT count(*) FROM a.b.t AS x WHERE x.id IN (SELECT id FROM u WHERE u.ok) ), (SELECT count(*) \
                 FROM a.b.t AS x )",
            ),
            (
                "update `my t` set a = (select max(b) from u where c), d = t.where where e = :p",
                Part,
                "SELECT (SELECT count(*) FROM `my t` WHERE e = :p ), (SELECT count(*) FROM `my t` )",
            ),
            ("update t set a = 1", Part, "SELECT (SELECT count(*) FROM t ), (SELECT count(*) FROM t )"),
            (
                "merge with schema evolution into t a using (select * from s) b on a.id = case when b.id is null then 1 \
                 else b.id end when not matched then insert *",
                Matches,
                "SELECT (SELECT count(*) FROM t a JOIN (select * from s) b ON a.id = case when b.id is null then 1 else \
                 b.id end ), (SELECT count(*) FROM t a )",
            ),
            ("truncate table t", All, "SELECT count(*) FROM t"),
            ("drop table if exists c.s.`t t` purge", All, "SELECT count(*) FROM c.s.`t t`"),
            ("create or replace table t as select 1", All, "SELECT count(*) FROM t"),
            ("create or replace table if not exists t (a int)", All, "SELECT count(*) FROM t"),
            ("insert overwrite t select 1", All, "SELECT count(*) FROM t"),
            ("insert overwrite table t values (1)", All, "SELECT count(*) FROM t"),
            ("drop schema main.sales cascade", Names, "SHOW TABLES IN main.sales"),
        ] {
            check(statement, Some((counts, query)));
        }
        for nothing in [
            "",
            "select 1",
            "insert into t values (1)",
            "insert overwrite t partition (a = 1) select 1",
            "drop view v",
            "insert overwrite directory '/x' select 1",
            "drop catalog c cascade",
            "create table t (a int)",
            "grant select on t to `x`",
            "update t",
            "merge into t",
            "with x as (select 1) delete from t",
        ] {
            check(nothing, None);
        }
    }
}
