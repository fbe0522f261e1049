//! The statements of a pipeline's code: what defines datasets, and settings for what comes after.
//!
//! Rules: Databricks' pipelines SQL language reference: "CREATE STREAMING TABLE (pipelines)", "CREATE MATERIALIZED VIEW
//! (pipelines)", "CREATE VIEW (pipelines)", the older CREATE LIVE forms, and expectations.

use std::collections::BTreeMap;

use super::{
    changes::Changes,
    flows::{Flow, target},
};
use crate::{
    catalog::names::TableName,
    sql::{
        language::{cursor::Cursor, error::SqlError, names::Namespace},
        script::split,
    },
};

/// Datasets of one pipeline.
const MAX_DATASETS: usize = 2_000;

/// Code of a pipeline.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    /// Where it stands in the workspace.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// What a dataset becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    StreamingTable,
    MaterializedView,
    /// A view of the catalog.
    View,
    /// Known within the pipeline only.
    TemporaryView,
}

impl Kind {
    /// As events have it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::StreamingTable => "STREAMING_TABLE",
            Self::MaterializedView => "MATERIALIZED_VIEW",
            Self::View | Self::TemporaryView => "VIEW",
        }
    }
}

/// What becomes of rows that do not meet an expectation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Violation {
    Counted,
    Dropped,
    Fails,
}

/// A condition that rows should meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expectation {
    pub(crate) name: String,
    pub(crate) condition: String,
    pub(crate) on_violation: Violation,
}

/// A column that a definition names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// As written; none when the query gives it.
    pub(crate) type_text: Option<String>,
    pub(crate) comment: Option<String>,
}

/// A dataset of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dataset {
    pub(crate) name: TableName,
    pub(crate) kind: Kind,
    pub(crate) columns: Vec<Column>,
    pub(crate) expectations: Vec<Expectation>,
    /// COMMENT, TBLPROPERTIES and their like, as written.
    pub(crate) clauses: String,
    /// As written; of a table that flows write into, what they write.
    pub(crate) query: String,
    /// How the rows are made, where they are made of changes; the query has their shape.
    pub(crate) changes: Option<Box<Changes>>,
    /// Flows that write into it, where there are others than the one of its own name.
    pub(crate) flows: Vec<TableName>,
    /// The code that defines it.
    pub(crate) path: String,
}

impl Dataset {
    /// The names of the flows that write it.
    pub(crate) fn flows(&self) -> impl Iterator<Item = &TableName> {
        let own = self.flows.is_empty().then_some(&self.name);
        own.into_iter().chain(&self.flows)
    }
}

/// What the code of a pipeline defines.
#[derive(Debug, Clone, Default)]
pub(crate) struct Definitions {
    pub(crate) datasets: Vec<Dataset>,
    pub(crate) flows: Vec<Flow>,
}

impl Definitions {
    /// Takes those of other code as well.
    pub(crate) fn extend(&mut self, other: Self) {
        self.datasets.extend(other.datasets);
        self.flows.extend(other.flows);
    }
}

/// Reads all definitions of a pipeline.
///
/// # Errors
/// What is no such statement, with the path of its code.
pub(crate) fn definitions(
    codes: &[Code],
    namespace: &Namespace,
    configuration: &BTreeMap<String, String>,
) -> Result<Definitions, (String, SqlError)> {
    let mut definitions = Definitions::default();
    for code in codes {
        let mut settings = configuration.clone();
        let at = |error| (code.path.clone(), error);
        for statement in split(&code.text).map_err(at)? {
            let statement = substituted(statement, &settings);
            match read(&statement, namespace, &code.path).map_err(at)? {
                Statement::Dataset(dataset) => definitions.datasets.push(*dataset),
                Statement::Flow(flow) => definitions.flows.push(*flow),
                Statement::Set(name, value) => {
                    settings.insert(name, value);
                }
            }
            if definitions.datasets.len() > MAX_DATASETS || definitions.flows.len() > MAX_DATASETS {
                let said = format!("A pipeline has at most {MAX_DATASETS} datasets, and as many flows.");
                return Err(at(SqlError::exhausted(said)));
            }
        }
    }
    Ok(definitions)
}

/// `${name}` by its value; what has none stays.
fn substituted(text: &str, settings: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        match after.split_once('}') {
            Some((name, behind)) if settings.contains_key(name.trim()) => {
                out.push_str(settings.get(name.trim()).map_or("", String::as_str));
                rest = behind;
            }
            _ => {
                out.push_str("${");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

enum Statement {
    Dataset(Box<Dataset>),
    Flow(Box<Flow>),
    Set(String, String),
}

fn read(text: &str, namespace: &Namespace, path: &str) -> Result<Statement, SqlError> {
    let mut cursor = Cursor::new(text)?;
    let cursor = &mut cursor;
    if cursor.take(&["SET"]) {
        let rest = cursor.rest();
        let (name, value) = rest.split_once('=').ok_or_else(|| SqlError::syntax("", text, text.len()))?;
        let value = value.trim().trim_matches(['\'', '"']);
        return Ok(Statement::Set(name.trim().trim_matches('`').to_owned(), value.to_owned()));
    }
    if cursor.sees(&["CREATE", "PRIVATE"]) {
        return Err(SqlError::unsupported("A PRIVATE dataset in a pipeline"));
    }
    if cursor.take(&["APPLY", "CHANGES", "INTO"]) {
        return Ok(Statement::Flow(Box::new(Flow::read_changes(None, cursor, namespace, path)?)));
    }
    if cursor.take(&["CREATE", "FLOW"]) {
        return Ok(Statement::Flow(Box::new(Flow::read(cursor, namespace, path)?)));
    }
    if cursor.sees(&["USE"]) {
        return Err(SqlError::unsupported("USE in a pipeline (names can be given with their catalog and schema)"));
    }
    if !cursor.take(&["CREATE"]) {
        let word = cursor.peek().map(|token| token.text.to_uppercase()).unwrap_or_default();
        let detail = format!(
            "A pipeline's code defines datasets with CREATE STREAMING TABLE, CREATE MATERIALIZED VIEW, CREATE VIEW and CREATE \
             FLOW; {word} is no such statement."
        );
        return Err(SqlError::new("UNSUPPORTED_PIPELINE_STATEMENT", "0A000", detail));
    }
    let _ = cursor.take(&["OR", "REFRESH"]) || cursor.take(&["OR", "REPLACE"]);
    let kind = kind(cursor)?;
    cursor.take(&["IF", "NOT", "EXISTS"]);
    let name = target(cursor, namespace)?;
    let (mut columns, mut expectations) = (Vec::new(), Vec::new());
    if cursor.take(&["("]) {
        loop {
            if cursor.take(&["CONSTRAINT"]) {
                constraint(cursor, &mut expectations)?;
            } else {
                columns.push(column(cursor)?);
            }
            if !cursor.take(&[","]) {
                cursor.expect(&[")"])?;
                break;
            }
        }
    }
    let start = cursor.start();
    while !cursor.is_done() && !cursor.sees(&["AS"]) {
        if cursor.sees(&["FLOW"]) {
            return Err(SqlError::unsupported(
                "FLOW within CREATE STREAMING TABLE (a flow can be written as CREATE FLOW)",
            ));
        }
        if cursor.sees(&["("]) {
            cursor.group()?;
        } else {
            cursor.advance();
        }
    }
    let clauses = cursor.slice(start, cursor.start()).trim().to_owned();
    let is_written_by_flows = cursor.is_done() && kind == Kind::StreamingTable;
    if !is_written_by_flows && !cursor.take(&["AS"]) {
        let what = format!("The dataset {}, which has no AS query,", name.full_name());
        return Err(SqlError::unsupported(what));
    }
    let query = cursor.rest().to_owned();
    if query.is_empty() && !is_written_by_flows {
        return Err(cursor.unexpected());
    }
    if !expectations.is_empty() && kind == Kind::View {
        return Err(SqlError::unsupported("An expectation on a view of the catalog"));
    }
    let (changes, flows, path) = (None, Vec::new(), path.to_owned());
    let dataset = Dataset { name, kind, columns, expectations, clauses, query, changes, flows, path };
    Ok(Statement::Dataset(Box::new(dataset)))
}

/// The words up to TABLE or VIEW.
fn kind(cursor: &mut Cursor<'_>) -> Result<Kind, SqlError> {
    let (mut temporary, mut streaming, mut live, mut materialized) = (false, false, false, false);
    loop {
        match cursor.take_any(&["TEMPORARY", "TEMP", "STREAMING", "LIVE", "MATERIALIZED", "TABLE", "VIEW"]) {
            Some("TEMPORARY" | "TEMP") => temporary = true,
            Some("STREAMING") => streaming = true,
            Some("LIVE") => live = true,
            Some("MATERIALIZED") => materialized = true,
            Some("TABLE") if temporary => return Err(SqlError::unsupported("A TEMPORARY table in a pipeline")),
            Some("TABLE") if streaming => return Ok(Kind::StreamingTable),
            Some("TABLE") if live => return Ok(Kind::MaterializedView),
            Some("TABLE") => {
                let detail =
                    "A pipeline has no plain tables: write CREATE STREAMING TABLE or CREATE MATERIALIZED VIEW.";
                return Err(SqlError::new("UNSUPPORTED_PIPELINE_STATEMENT", "0A000", detail));
            }
            Some(_) if materialized => return Ok(Kind::MaterializedView),
            // The older CREATE LIVE VIEW was never published.
            Some(_) if temporary || live => return Ok(Kind::TemporaryView),
            Some(_) => return Ok(Kind::View),
            None => return Err(cursor.unexpected()),
        }
    }
}

/// `name EXPECT (condition) [ON VIOLATION DROP ROW | FAIL UPDATE]`, or a key, which is only told.
fn constraint(cursor: &mut Cursor<'_>, expectations: &mut Vec<Expectation>) -> Result<(), SqlError> {
    let name = cursor.identifier()?;
    if !cursor.take(&["EXPECT"]) {
        while !cursor.is_done() && !cursor.sees(&[","]) && !cursor.sees(&[")"]) {
            if cursor.sees(&["("]) {
                cursor.group()?;
            } else {
                cursor.advance();
            }
        }
        return Ok(());
    }
    let condition = cursor.group()?.trim().to_owned();
    let on_violation = if !cursor.take(&["ON", "VIOLATION"]) {
        Violation::Counted
    } else if cursor.take(&["DROP", "ROW"]) {
        Violation::Dropped
    } else {
        cursor.expect(&["FAIL", "UPDATE"])?;
        Violation::Fails
    };
    expectations.push(Expectation { name, condition, on_violation });
    Ok(())
}

fn column(cursor: &mut Cursor<'_>) -> Result<Column, SqlError> {
    let name = cursor.identifier()?;
    let (start, mut depth) = (cursor.start(), 0_usize);
    let mut end = start;
    while !cursor.is_done() {
        let ends = depth == 0 && [",", ")", "COMMENT"].iter().any(|word| cursor.sees(&[word]));
        if ends {
            break;
        }
        for (words, what) in
            [(&["NOT", "NULL"][..], "NOT NULL"), (&["GENERATED"][..], "GENERATED"), (&["MASK"][..], "MASK")]
        {
            if depth == 0 && cursor.sees(words) {
                return Err(SqlError::unsupported(format!("{what} on a column of a pipeline's dataset")));
            }
        }
        if cursor.sees(&["("]) {
            cursor.group()?;
        } else {
            depth =
                if cursor.sees(&["<"]) { depth + 1 } else { depth.saturating_sub(usize::from(cursor.sees(&[">"]))) };
            cursor.advance();
        }
        end = cursor.last_end();
    }
    let type_text = Some(cursor.slice(start, end).trim().to_owned()).filter(|text| !text.is_empty());
    let comment = if cursor.take(&["COMMENT"]) { Some(cursor.text()?) } else { None };
    Ok(Column { name, type_text, comment })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Result<Vec<Dataset>, String> {
        let namespace = Namespace { catalog: "main".to_owned(), schema: "s".to_owned() };
        let code = Code { path: "/a.sql".to_owned(), text: text.to_owned() };
        let configuration = BTreeMap::from([("day".to_owned(), "1".to_owned())]);
        let read = definitions(&[code], &namespace, &configuration);
        read.map(|definitions| definitions.datasets).map_err(|(path, error)| format!("{path}: {error}"))
    }

    #[test]
    fn every_form_of_a_definition_is_read() {
        for (text, name, kind, query) in [
            ("CREATE OR REFRESH STREAMING TABLE a AS SELECT 1", "main.s.a", Kind::StreamingTable, "SELECT 1"),
            ("CREATE STREAMING LIVE TABLE A AS SELECT 1;", "main.s.a", Kind::StreamingTable, "SELECT 1"),
            ("CREATE OR REFRESH LIVE TABLE LIVE.a AS SELECT 1", "main.s.a", Kind::MaterializedView, "SELECT 1"),
            ("CREATE OR REPLACE MATERIALIZED VIEW x.y.a AS SELECT 1", "x.y.a", Kind::MaterializedView, "SELECT 1"),
            ("CREATE TEMPORARY LIVE VIEW a AS SELECT 1", "main.s.a", Kind::TemporaryView, "SELECT 1"),
            ("create live view a as select 1", "main.s.a", Kind::TemporaryView, "select 1"),
            ("CREATE TEMPORARY VIEW a AS SELECT 1", "main.s.a", Kind::TemporaryView, "SELECT 1"),
            ("CREATE VIEW a COMMENT 'AS x' AS SELECT ${day}", "main.s.a", Kind::View, "SELECT 1"),
            ("SET n = 2; CREATE MATERIALIZED VIEW a AS SELECT ${n}", "main.s.a", Kind::MaterializedView, "SELECT 2"),
        ] {
            let read = all(text).unwrap();
            let [dataset] = read.as_slice() else { panic!("{text}: {read:?}") };
            assert_eq!((dataset.name.full_name().as_str(), dataset.kind, dataset.query.as_str()), (name, kind, query));
        }
    }

    #[test]
    fn columns_and_expectations_are_read() {
        let text = "CREATE OR REFRESH MATERIALIZED VIEW a (id BIGINT COMMENT 'the id', m MAP<STRING, ARRAY<INT>>, d \
                    DECIMAL(10, 2), CONSTRAINT good EXPECT (id IN (1, 2)) ON VIOLATION DROP ROW, CONSTRAINT some EXPECT \
                    (d > 0), CONSTRAINT must EXPECT (m IS NOT NULL) ON VIOLATION FAIL UPDATE, CONSTRAINT k PRIMARY KEY(id)) \
                    PARTITIONED BY (id) COMMENT 'x' TBLPROPERTIES ('quality' = 'gold') AS WITH b AS (SELECT 1) SELECT * FROM b";
        let dataset = all(text).unwrap().remove(0);
        let columns: Vec<_> =
            dataset.columns.iter().map(|c| (c.name.as_str(), c.type_text.as_deref().unwrap())).collect();
        assert_eq!(columns, [("id", "BIGINT"), ("m", "MAP<STRING, ARRAY<INT>>"), ("d", "DECIMAL(10, 2)")]);
        let expected: Vec<_> =
            dataset.expectations.iter().map(|e| (e.name.as_str(), e.condition.as_str(), e.on_violation)).collect();
        let wanted = [
            ("good", "id IN (1, 2)", Violation::Dropped),
            ("some", "d > 0", Violation::Counted),
            ("must", "m IS NOT NULL", Violation::Fails),
        ];
        assert_eq!(expected, wanted);
        assert_eq!(dataset.clauses, "PARTITIONED BY (id) COMMENT 'x' TBLPROPERTIES ('quality' = 'gold')");
        assert_eq!(dataset.query, "WITH b AS (SELECT 1) SELECT * FROM b");
    }

    #[test]
    fn what_defines_no_dataset_is_refused_by_name() {
        for (text, says) in [
            ("SELECT 1", "SELECT is no such statement"),
            ("CREATE TABLE a AS SELECT 1", "no plain tables"),
            ("CREATE MATERIALIZED VIEW a", "has no AS query"),
            ("CREATE STREAMING TABLE a FLOW INSERT BY NAME SELECT 1", "FLOW within CREATE STREAMING TABLE"),
            ("CREATE FLOW f AS INSERT INTO a SELECT 1", "without BY NAME"),
            ("CREATE FLOW f AS INSERT INTO a BY NAME", "PARSE_SYNTAX_ERROR"),
            ("APPLY CHANGES INTO LIVE.a FROM b", "AUTO CDC needs KEYS"),
            ("CREATE FLOW f AS AUTO CDC INTO a FROM b KEYS (i)", "AUTO CDC needs SEQUENCE BY"),
            ("CREATE PRIVATE MATERIALIZED VIEW a AS SELECT 1", "PRIVATE"),
            ("CREATE MATERIALIZED VIEW a (b INT NOT NULL) AS SELECT 1", "NOT NULL on a column"),
            (
                "CREATE MATERIALIZED VIEW a (CONSTRAINT c EXPECT (x) ON VIOLATION IGNORE) AS SELECT 1",
                "PARSE_SYNTAX_ERROR",
            ),
            ("CREATE MATERIALIZED VIEW a.b.c.d AS SELECT 1", "too many"),
            ("CREATE MATERIALIZED VIEW a AS SELECT 'x", "never closed"),
            ("USE CATALOG x", "USE in a pipeline"),
        ] {
            let error = all(text).unwrap_err();
            assert!(error.starts_with("/a.sql: ") && error.contains(says), "{text}: {error}");
        }
    }
}
