//! The query whose rows a table of changes has.
//!
//! An update reads all changes anew, so one query with windows gives what applying them one by one would: of each key the
//! newest change, or all of them as a history. In which order changes came makes no difference.

use super::changes::{Changes, HISTORY};

/// Columns of the queries within, which no table has.
const KEY: &str = "__change_key_";
const SEQUENCE: &str = "__change_sequence";
const DELETES: &str = "__change_deletes";
const TRUNCATED: &str = "__change_truncated";
const TRUNCATES: &str = "__change_truncates";
const PLACE: &str = "__change_place";
const LIFE: &str = "__change_life";
const BEGINS: &str = "__change_begins";
const NEXT: &str = "__change_next";
const VERSION: &str = "__change_version";
const SINCE: &str = "__change_since";

/// What is said of a change that has no place among the others.
const NO_SEQUENCE: &str =
    "[NULL_SEQUENCE] SEQUENCE BY gives NULL for a row of the source; NULL has no place in a sequence.";

impl Changes {
    /// The rows of the table. `shape` has the columns of [`Changes::shape`], in quotes.
    pub(crate) fn applied(&self, shape: &[String]) -> String {
        let history = |column: &&String| HISTORY.iter().any(|name| column.trim_matches('`').eq_ignore_ascii_case(name));
        let columns: Vec<&str> =
            shape.iter().filter(|column| self.history.is_none() || !history(column)).map(String::as_str).collect();
        let by: Vec<String> = (0..self.keys.len()).map(|at| format!("{KEY}{at}")).collect();
        let within = Within { columns: &columns, keys: &by.join(", ") };
        let mut rows = within.placed(&self.rows(&columns));
        if self.ignores_nulls {
            rows = within.filled(&rows);
        }
        match &self.history {
            None => within.newest(&rows),
            Some(tracked) => {
                let tracked: Vec<&str> = columns.iter().copied().filter(|column| tracked.has(column)).collect();
                within.history(&rows, &tracked)
            }
        }
    }

    /// Changes with their keys, their places in the sequence, and what they do.
    fn rows(&self, columns: &[&str]) -> String {
        let (source, sequence) = (&self.source, &self.sequence);
        let mut selected: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
        selected.extend(self.keys.iter().enumerate().map(|(at, key)| format!("{key} AS {KEY}{at}")));
        selected.push(format!(
            "CASE WHEN ({sequence}) IS NULL THEN raise_error('{NO_SEQUENCE}') ELSE ({sequence}) END AS {SEQUENCE}"
        ));
        let deletes = self.deletes.as_ref().map_or("false".to_owned(), |when| format!("coalesce(({when}), false)"));
        selected.push(format!("{deletes} AS {DELETES}"));
        let Some(truncates) = &self.truncates else {
            return format!("SELECT {} FROM {source}", selected.join(", "));
        };
        selected.push(format!("coalesce(({truncates}), false) AS {TRUNCATES}"));
        selected.push(format!("max(CASE WHEN ({truncates}) THEN ({sequence}) END) OVER () AS {TRUNCATED}"));
        format!(
            "SELECT * FROM (SELECT {} FROM {source}) WHERE NOT {TRUNCATES} AND ({TRUNCATED} IS NULL OR {SEQUENCE} > {TRUNCATED})",
            selected.join(", ")
        )
    }
}

/// Columns of the table, and the columns of keys as a list.
struct Within<'a> {
    columns: &'a [&'a str],
    keys: &'a str,
}

impl Within<'_> {
    fn list(&self) -> String {
        self.columns.join(", ")
    }

    /// Of several changes of a key in one place of the sequence there is one.
    fn placed(&self, rows: &str) -> String {
        let order = [DELETES].iter().chain(self.columns).copied().collect::<Vec<_>>().join(", ");
        let keys = self.keys;
        format!(
            "SELECT * EXCEPT ({PLACE}) FROM (SELECT *, row_number() OVER (PARTITION BY {keys}, {SEQUENCE} ORDER BY {order}) AS \
             {PLACE} FROM ({rows})) WHERE {PLACE} = 1"
        )
    }

    /// NULL leaves a column as it was, since the key was deleted last.
    fn filled(&self, rows: &str) -> String {
        let keys = self.keys;
        let columns = self.columns.iter().map(|column| {
            format!(
                "last_value(CASE WHEN NOT {DELETES} THEN {column} END) IGNORE NULLS OVER (PARTITION BY {keys}, {LIFE} ORDER BY \
                 {SEQUENCE} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS {column}"
            )
        });
        let columns = columns.collect::<Vec<_>>().join(", ");
        format!(
            "SELECT {columns}, {keys}, {SEQUENCE}, {DELETES} FROM (SELECT *, sum(CASE WHEN {DELETES} THEN 1 ELSE 0 END) OVER \
             (PARTITION BY {keys} ORDER BY {SEQUENCE}) AS {LIFE} FROM ({rows}))"
        )
    }

    fn newest(&self, rows: &str) -> String {
        let (columns, keys) = (self.list(), self.keys);
        format!(
            "SELECT {columns} FROM (SELECT *, row_number() OVER (PARTITION BY {keys} ORDER BY {SEQUENCE} DESC) AS {PLACE} FROM \
             ({rows})) WHERE {PLACE} = 1 AND NOT {DELETES}"
        )
    }

    /// Changes that follow each other and leave what is tracked as it is are one row, as the last of them has it.
    fn history(&self, rows: &str, tracked: &[&str]) -> String {
        let keys = self.keys;
        let order = format!("OVER (PARTITION BY {keys} ORDER BY {SEQUENCE})");
        let mut begins = vec![
            DELETES.to_owned(),
            format!("lag({SEQUENCE}) {order} IS NULL"),
            format!("coalesce(lag({DELETES}) {order}, false)"),
        ];
        begins.extend(tracked.iter().map(|column| format!("NOT ({column} <=> lag({column}) {order})")));
        let begins = begins.join(" OR ");
        let rows = format!(
            "SELECT *, lead({SEQUENCE}) {order} AS {NEXT}, CASE WHEN {begins} THEN 1 ELSE 0 END AS {BEGINS} FROM ({rows})"
        );
        let rows = format!("SELECT *, sum({BEGINS}) {order} AS {VERSION} FROM ({rows})");
        let version = format!("OVER (PARTITION BY {keys}, {VERSION}");
        let rows = format!(
            "SELECT *, min({SEQUENCE}) {version}) AS {SINCE}, row_number() {version} ORDER BY {SEQUENCE} DESC) AS {PLACE} FROM \
             ({rows})"
        );
        let ([start, end], columns) = (HISTORY, self.list());
        format!(
            "SELECT {columns}, {SINCE} AS {start}, {NEXT} AS {end} FROM ({rows}) WHERE {PLACE} = 1 AND NOT {DELETES}"
        )
    }
}
