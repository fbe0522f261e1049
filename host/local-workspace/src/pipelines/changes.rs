//! AUTO CDC: a table made of the changes that its source tells.
//!
//! Rules: Databricks' pipelines SQL language reference, "AUTO CDC INTO" and the older "APPLY CHANGES INTO".

use super::query::quoted;
use crate::sql::language::{cursor::Cursor, error::SqlError};

/// What to do with changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Changes {
    /// What stands behind FROM, as written.
    pub(super) source: String,
    /// In quotes.
    pub(super) keys: Vec<String>,
    pub(super) sequence: String,
    pub(super) deletes: Option<String>,
    pub(super) truncates: Option<String>,
    pub(super) ignores_nulls: bool,
    pub(super) columns: Columns,
    /// Which columns' changes begin a new row of the history; none when no history is kept.
    pub(super) history: Option<Columns>,
}

/// Which columns of many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Columns {
    #[default]
    All,
    Only(Vec<String>),
    Except(Vec<String>),
}

/// The columns that a history adds: since when and until when a row was true.
pub(crate) const HISTORY: [&str; 2] = ["__START_AT", "__END_AT"];

/// What begins a clause, and so ends the expression before it.
const CLAUSES: [&[&str]; 9] = [
    &["KEYS"],
    &["WHERE"],
    &["IGNORE", "NULL", "UPDATES"],
    &["APPLY", "AS", "DELETE", "WHEN"],
    &["APPLY", "AS", "TRUNCATE", "WHEN"],
    &["SEQUENCE", "BY"],
    &["COLUMNS"],
    &["STORED", "AS"],
    &["TRACK", "HISTORY", "ON"],
];

impl Changes {
    /// Reads what stands behind the target's name.
    ///
    /// # Errors
    /// What is no such clause, a clause that comes twice or not at all, and clauses that do not go together.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, SqlError> {
        cursor.expect(&["FROM"])?;
        let source = expression(cursor)?;
        let (mut keys, mut sequence, mut deletes, mut truncates) = (None, None, None, None);
        let (mut ignores_nulls, mut columns, mut scd, mut tracked) = (None, None, None, None);
        while !cursor.is_done() {
            let Some(clause) = CLAUSES.iter().find(|words| cursor.sees(words)) else {
                return Err(cursor.unexpected());
            };
            let refused = cursor.unexpected();
            cursor.expect(clause)?;
            let is_new = match *clause {
                ["KEYS", ..] => keys.replace(list(cursor)?).is_none(),
                ["IGNORE", ..] => {
                    if cursor.sees(&["ON"]) {
                        return Err(SqlError::unsupported("IGNORE NULL UPDATES ON columns"));
                    }
                    ignores_nulls.replace(true).is_none()
                }
                ["APPLY", _, "DELETE", ..] => deletes.replace(expression(cursor)?).is_none(),
                ["APPLY", _, "TRUNCATE", ..] => truncates.replace(expression(cursor)?).is_none(),
                ["SEQUENCE", ..] => sequence.replace(expression(cursor)?).is_none(),
                ["COLUMNS", ..] => columns.replace(Columns::read(cursor)?).is_none(),
                ["STORED", ..] => scd.replace(scd_type(cursor)?).is_none(),
                ["TRACK", ..] => tracked.replace(Columns::read(cursor)?).is_none(),
                _ => return Err(SqlError::unsupported("WHERE in AUTO CDC (a view over the source can have it)")),
            };
            if !is_new {
                return Err(refused);
            }
        }
        let history = match (scd.unwrap_or(1), tracked) {
            (1, Some(_)) => return Err(unfit("TRACK HISTORY ON needs STORED AS SCD TYPE 2.")),
            (1, None) => None,
            (_, tracked) => Some(tracked.unwrap_or_default()),
        };
        if history.is_some() && truncates.is_some() {
            return Err(unfit("APPLY AS TRUNCATE WHEN is supported with SCD TYPE 1 only."));
        }
        let missing = |what: &str| unfit(&format!("AUTO CDC needs {what}."));
        Ok(Self {
            source,
            keys: keys.ok_or_else(|| missing("KEYS"))?,
            sequence: sequence.ok_or_else(|| missing("SEQUENCE BY"))?,
            deletes,
            truncates,
            ignores_nulls: ignores_nulls.unwrap_or(false),
            columns: columns.unwrap_or_default(),
            history,
        })
    }

    /// A query of the columns that the table has, and of what it reads; its rows are none of the table's.
    pub(crate) fn shape(&self) -> String {
        let columns = match &self.columns {
            Columns::All => "*".to_owned(),
            Columns::Only(names) => names.join(", "),
            Columns::Except(names) => format!("* EXCEPT ({})", names.join(", ")),
        };
        let [start, end] = HISTORY;
        let (source, sequence) = (&self.source, &self.sequence);
        match self.history {
            None => format!("SELECT {columns} FROM {source}"),
            Some(_) => format!("SELECT {columns}, ({sequence}) AS {start}, ({sequence}) AS {end} FROM {source}"),
        }
    }
}

impl Columns {
    /// `* EXCEPT (a, b)`, `(a, b)` or `a, b`.
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, SqlError> {
        if !cursor.take(&["*"]) {
            return Ok(Self::Only(list(cursor)?));
        }
        if cursor.take(&["EXCEPT"]) { Ok(Self::Except(list(cursor)?)) } else { Ok(Self::All) }
    }

    /// Whether a column, in quotes, is among them.
    pub(super) fn has(&self, column: &str) -> bool {
        let among = |names: &[String]| names.iter().any(|name| name.to_lowercase() == column.to_lowercase());
        match self {
            Self::All => true,
            Self::Only(names) => among(names),
            Self::Except(names) => !among(names),
        }
    }
}

/// Names of columns, in quotes; with brackets around them or without.
fn list(cursor: &mut Cursor<'_>) -> Result<Vec<String>, SqlError> {
    let bracketed = cursor.take(&["("]);
    let mut names = Vec::new();
    loop {
        let parts = cursor.name()?;
        names.push(parts.iter().map(|part| quoted(part)).collect::<Vec<_>>().join("."));
        if !cursor.take(&[","]) {
            break;
        }
    }
    if bracketed {
        cursor.expect(&[")"])?;
    }
    Ok(names)
}

fn scd_type(cursor: &mut Cursor<'_>) -> Result<u8, SqlError> {
    cursor.expect(&["SCD", "TYPE"])?;
    let refused = cursor.unexpected();
    match cursor.advance().map(|token| token.text).as_deref() {
        Some("1") => Ok(1),
        Some("2") => Ok(2),
        _ => Err(refused),
    }
}

/// The text up to the next clause.
fn expression(cursor: &mut Cursor<'_>) -> Result<String, SqlError> {
    let start = cursor.start();
    let first = cursor.position();
    while !cursor.is_done() && !CLAUSES.iter().any(|words| cursor.sees(words)) {
        if cursor.sees(&["("]) {
            cursor.group()?;
        } else {
            cursor.advance();
        }
    }
    if cursor.position() == first {
        return Err(cursor.unexpected());
    }
    Ok(cursor.slice(start, cursor.last_end()).to_owned())
}

fn unfit(detail: &str) -> SqlError {
    SqlError::new("INVALID_AUTO_CDC", "42601", detail.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Changes, SqlError> {
        Changes::read(&mut Cursor::new(text).unwrap())
    }

    #[test]
    fn all_clauses_are_read() {
        let text = "FROM STREAM(LIVE.a) KEYS (id, `k 2`) IGNORE NULL UPDATES APPLY AS DELETE WHEN op = 'STORED AS' SEQUENCE BY \
                    STRUCT(t, n) COLUMNS * EXCEPT (op) STORED AS SCD TYPE 2 TRACK HISTORY ON city, zip";
        let changes = read(text).unwrap();
        assert_eq!((changes.source.as_str(), changes.sequence.as_str()), ("STREAM(LIVE.a)", "STRUCT(t, n)"));
        assert_eq!(
            (&changes.keys, changes.deletes.as_deref()),
            (&vec!["`id`".to_owned(), "`k 2`".to_owned()], Some("op = 'STORED AS'"))
        );
        assert!(changes.ignores_nulls && !changes.columns.has("`OP`") && changes.columns.has("`id`"));
        assert!(changes.history.as_ref().is_some_and(|tracked| tracked.has("`city`") && !tracked.has("`name`")));
        let shape =
            "SELECT * EXCEPT (`op`), (STRUCT(t, n)) AS __START_AT, (STRUCT(t, n)) AS __END_AT FROM STREAM(LIVE.a)";
        assert_eq!(changes.shape(), shape);
        assert_eq!(read("FROM a KEYS (i) SEQUENCE BY t COLUMNS (i, t)").unwrap().shape(), "SELECT `i`, `t` FROM a");
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        for (text, says) in [
            ("FROM a SEQUENCE BY t", "needs KEYS"),
            ("FROM a KEYS (i)", "needs SEQUENCE BY"),
            ("FROM KEYS (i) SEQUENCE BY t", "PARSE_SYNTAX_ERROR"),
            ("FROM a KEYS (i) KEYS (i) SEQUENCE BY t", "PARSE_SYNTAX_ERROR"),
            ("FROM a KEYS (i) SEQUENCE BY t STORED AS SCD TYPE 3", "PARSE_SYNTAX_ERROR"),
            ("FROM a KEYS (i) WHERE i > 1 SEQUENCE BY t", "WHERE in AUTO CDC"),
            ("FROM a KEYS (i) IGNORE NULL UPDATES ON (i) SEQUENCE BY t", "IGNORE NULL UPDATES ON"),
            ("FROM a KEYS (i) SEQUENCE BY t TRACK HISTORY ON i", "needs STORED AS SCD TYPE 2"),
            ("FROM a KEYS (i) APPLY AS TRUNCATE WHEN x SEQUENCE BY t STORED AS SCD TYPE 2", "SCD TYPE 1 only"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
