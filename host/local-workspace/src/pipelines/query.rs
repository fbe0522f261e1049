//! A dataset's query with the references that only pipelines have: `LIVE.x`, `STREAM(x)` and `STREAM x`.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    catalog::names::TableName,
    sql::language::{
        error::SqlError,
        lexer::{Kind, Token, tokenize},
        metrics::MetricView,
        names::Namespace,
        rewrite::Translator,
        store::{Columns, StoredColumns},
    },
};

/// Words that may stand behind FROM's STREAM where that is a table's own name.
const NO_NAME: [&str; 25] = [
    "ANTI",
    "AS",
    "CROSS",
    "EXCEPT",
    "FULL",
    "GROUP",
    "HAVING",
    "INNER",
    "INTERSECT",
    "JOIN",
    "LATERAL",
    "LEFT",
    "LIMIT",
    "MINUS",
    "NATURAL",
    "OFFSET",
    "ON",
    "ORDER",
    "PIVOT",
    "QUALIFY",
    "RIGHT",
    "SEMI",
    "UNION",
    "USING",
    "WHERE",
];

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// A table that has to be written anew.
    Reference(TableName),
}

/// A query in pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query(Vec<Piece>);

/// Nothing of the catalog: only names are looked for.
struct NoColumns;

impl Columns for NoColumns {
    fn stored(&self, _: &TableName) -> StoredColumns {
        Vec::new()
    }

    fn metrics(&self, _: &TableName) -> Option<MetricView> {
        None
    }
}

/// A name in the quotes of Databricks SQL.
pub(crate) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

impl Query {
    /// Reads a query of a pipeline with these datasets.
    ///
    /// # Errors
    /// Unclosed quotes, and `LIVE.x` where there is no dataset x.
    pub(crate) fn read(text: &str, namespace: &Namespace, datasets: &BTreeSet<TableName>) -> Result<Self, SqlError> {
        let tokens = tokenize(text)?;
        let mut reader = Reader { text, tokens: &tokens, namespace, datasets, pieces: Vec::new(), copied: 0 };
        reader.read()?;
        Ok(Self(reader.pieces))
    }

    /// The query with each reference as it is to be written.
    pub(crate) fn written(&self, write: impl Fn(&TableName) -> String) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Reference(name) => write(name),
        };
        self.0.iter().map(piece).collect()
    }

    /// The query as plain SQL that reads tables by their full names.
    fn plain(&self) -> String {
        self.written(TableName::quoted)
    }

    /// Every table that it reads.
    ///
    /// # Errors
    /// A query that cannot be parsed or is not supported.
    pub(crate) fn tables(&self, namespace: &Namespace) -> Result<BTreeSet<TableName>, SqlError> {
        let parameters = BTreeMap::new();
        let mut translator = Translator::new(namespace, &parameters, false, &NoColumns, &[]);
        // Files are none of the pipeline's datasets; a name of no table stands for each.
        let text = translator.take_sources(&self.plain())?;
        translator.query(&text)?;
        Ok(translator.into_notes().tables.into_iter().collect())
    }
}

struct Reader<'a> {
    text: &'a str,
    tokens: &'a [Token],
    namespace: &'a Namespace,
    datasets: &'a BTreeSet<TableName>,
    pieces: Vec<Piece>,
    /// Bytes of the text that are in pieces.
    copied: usize,
}

impl Reader<'_> {
    fn token(&self, index: usize) -> Option<&Token> {
        self.tokens.get(index)
    }

    fn is(&self, index: usize, word: &str) -> bool {
        self.token(index).is_some_and(|token| token.is(word))
    }

    fn read(&mut self) -> Result<(), SqlError> {
        let mut index = 0;
        while let Some(token) = self.token(index) {
            let within = index.checked_sub(1).is_some_and(|before| self.is(before, "."));
            if within || !matches!(token.kind, Kind::Word | Kind::Ident) {
                index += 1;
            } else if token.is("STREAM") {
                index = self.stream(index)?;
            } else {
                index = self.name(index)?;
            }
        }
        self.copy(self.text.len());
        Ok(())
    }

    fn copy(&mut self, end: usize) {
        let text = self.text.get(self.copied..end).unwrap_or_default();
        if !text.is_empty() {
            self.pieces.push(Piece::Text(text.to_owned()));
        }
        self.copied = end;
    }

    /// Puts a reference in the place of the tokens from `first` up to `end`, which is not among them.
    fn put(&mut self, first: usize, end: usize, name: TableName) {
        let start = self.token(first).map_or(self.text.len(), |token| token.start);
        let stop = end.checked_sub(1).and_then(|last| self.token(last)).map_or(start, |token| token.end);
        self.copy(start);
        self.pieces.push(Piece::Reference(name));
        self.copied = stop;
    }

    /// The parts of the name at a token, and the token behind it.
    fn chain(&self, mut index: usize) -> (Vec<String>, usize) {
        let mut parts = Vec::new();
        while let Some(token) = self.token(index).filter(|token| matches!(token.kind, Kind::Word | Kind::Ident)) {
            parts.push(token.text.clone());
            index += 1;
            if !self.is(index, ".") {
                break;
            }
            index += 1;
        }
        (parts, index)
    }

    /// `STREAM(x)` or `STREAM x`. Where a function follows, STREAM alone is left out.
    fn stream(&mut self, index: usize) -> Result<usize, SqlError> {
        let bracketed = self.is(index + 1, "(");
        let first = index + 1 + usize::from(bracketed);
        let (parts, behind) = self.chain(first);
        let before = index.checked_sub(1).and_then(|before| self.token(before));
        let of_from = before.is_some_and(|token| ["FROM", "JOIN", ",", "("].iter().any(|word| token.is(word)));
        let is_name = self
            .token(first)
            .is_some_and(|token| token.kind == Kind::Ident || !NO_NAME.iter().any(|word| token.is(word)));
        if parts.is_empty() || !of_from || !is_name {
            return Ok(index + 1);
        }
        if self.is(behind, "(") {
            let start = self.token(index).map_or(0, |token| token.start);
            self.copy(start);
            self.copied = self.token(index + 1).map_or(start, |token| token.start);
            return Ok(behind);
        }
        if bracketed && !self.is(behind, ")") {
            return Ok(index + 1);
        }
        let end = behind + usize::from(bracketed);
        let name = match parts.as_slice() {
            [live, name] if live.eq_ignore_ascii_case("live") => self.dataset(name)?,
            parts => self.namespace.table(parts)?,
        };
        self.put(index, end, name);
        Ok(end)
    }

    /// A name that may be a dataset's, with columns behind it.
    fn name(&mut self, index: usize) -> Result<usize, SqlError> {
        let (parts, behind) = self.chain(index);
        let behind = behind.max(index + 1);
        if let [live, name, ..] = parts.as_slice()
            && live.eq_ignore_ascii_case("live")
            && self.token(index).is_some_and(|token| token.kind == Kind::Word)
        {
            let name = self.dataset(name)?;
            self.put(index, index + 3, name);
            return Ok(behind);
        }
        for length in [3, 2] {
            let known = parts.get(..length).and_then(|parts| self.namespace.table(parts).ok());
            if let Some(name) = known.filter(|name| self.datasets.contains(name)) {
                self.put(index, index + 2 * length - 1, name);
                return Ok(behind);
            }
        }
        Ok(behind)
    }

    fn dataset(&self, name: &str) -> Result<TableName, SqlError> {
        let name = self.namespace.table(&[name.to_owned()])?;
        if self.datasets.contains(&name) {
            return Ok(name);
        }
        let detail = format!("Failed to read dataset '{}'. Dataset is not defined in the pipeline.", name.table);
        Err(SqlError::new("TABLE_OR_VIEW_NOT_FOUND", "42P01", detail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Query, SqlError> {
        let namespace = Namespace { catalog: "main".to_owned(), schema: "s".to_owned() };
        let name = |table: &str| namespace.table(&[table.to_owned()]).unwrap();
        Query::read(text, &namespace, &BTreeSet::from([name("a"), name("b")]))
    }

    #[test]
    fn references_of_pipelines_become_plain_names() {
        for (text, expect) in [
            ("SELECT * FROM LIVE.a", "SELECT * FROM `main`.`s`.`a`"),
            ("SELECT * FROM STREAM(LIVE.a) x", "SELECT * FROM `main`.`s`.`a` x"),
            ("SELECT * FROM stream( `a` )", "SELECT * FROM `main`.`s`.`a`"),
            ("SELECT * FROM STREAM c.d.e WHERE x", "SELECT * FROM `c`.`d`.`e` WHERE x"),
            ("SELECT main.s.a.id FROM s.a JOIN b", "SELECT `main`.`s`.`a`.id FROM `main`.`s`.`a` JOIN b"),
            ("SELECT live.x, stream FROM t live", "SELECT live.x"),
            (
                "SELECT 'LIVE.a' AS `LIVE`, t.live FROM t -- LIVE.a",
                "SELECT 'LIVE.a' AS `LIVE`, t.live FROM t -- LIVE.a",
            ),
            ("SELECT * FROM STREAM read_files('/x')", "SELECT * FROM read_files('/x')"),
        ] {
            match read(text) {
                Ok(query) => assert_eq!(query.plain(), expect, "{text}"),
                Err(error) => {
                    assert!(text.contains("live.x") && error.detail.contains("dataset 'x'"), "{text}: {error}")
                }
            }
        }
    }

    #[test]
    fn files_are_no_tables() {
        let namespace = Namespace { catalog: "main".to_owned(), schema: "s".to_owned() };
        let text = "SELECT * FROM STREAM read_files('/Volumes/main/s/v', format => 'csv') JOIN a JOIN csv.`/Volumes/main/s/v/x`";
        let query = Query::read(text, &namespace, &BTreeSet::new()).unwrap();
        let tables: Vec<_> = query.tables(&namespace).unwrap().iter().map(TableName::full_name).collect();
        assert_eq!(tables, ["main.s.a"]);
    }

    #[test]
    fn tables_are_those_that_are_read() {
        let namespace = Namespace { catalog: "main".to_owned(), schema: "s".to_owned() };
        let text = "WITH b AS (SELECT * FROM STREAM(LIVE.a)) SELECT * FROM b JOIN x.y.z ON b.i = z.i";
        let query = read(text).unwrap();
        let names: Vec<_> = query.tables(&namespace).unwrap().iter().map(TableName::full_name).collect();
        assert_eq!(names, ["main.s.a", "x.y.z"]);
    }
}
