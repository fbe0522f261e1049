//! DuckDB's errors in Databricks' words. The texts on the left are DuckDB's of the pinned version; a message that is not
//! recognised keeps its text under a general class, so nothing is lost but the class.

use crate::{
    database,
    sql::language::{error::SqlError, rewrite::Notes},
};

/// Class of the inner signal that an array reading met a map; never shown.
pub(super) const BINDS_AS_MAP: &str = "BRICKLAYER_BINDS_AS_MAP";

/// An error of the engine itself, while it reads its own catalog.
pub(super) fn internal(error: duckdb::Error) -> SqlError {
    SqlError::internal(message(&error))
}

/// Class of errors of a disk that takes no more.
pub(super) const DISK_FULL: &str = "LOCAL_WORKSPACE_DISK_FULL";

/// An error of the database of objects.
pub(super) fn of_objects(error: database::Error) -> SqlError {
    if error.is_disk_full() {
        return SqlError::disk_full(false);
    }
    SqlError::internal(format!("{:#}", anyhow::Error::from(error)))
}

/// An error of a user's statement; `missing_table` says of a table that DuckDB does not find what Databricks would say.
pub(super) fn of_statement(
    error: duckdb::Error,
    cancelled: bool,
    notes: &Notes,
    missing_table: impl Fn(&str) -> Option<SqlError>,
) -> SqlError {
    if cancelled {
        return SqlError::cancelled();
    }
    translate(&message(&error), notes, missing_table)
}

fn message(error: &duckdb::Error) -> String {
    match error {
        duckdb::Error::DuckDBFailure(_, Some(message)) => message.clone(),
        other => other.to_string(),
    }
}

fn translate(text: &str, notes: &Notes, missing_table: impl Fn(&str) -> Option<SqlError>) -> SqlError {
    if let Some(error) = raised(text) {
        return error;
    }
    if let Some(error) = disk(text) {
        return error;
    }
    if let Some(error) = file(text) {
        return error;
    }
    let (kind, rest) = text.split_once(": ").unwrap_or(("", text));
    // DuckDB draws the place below its message; the text there is the translation, not the statement.
    let rest = rest.split("\n\nLINE ").next().unwrap_or(rest).trim();
    match kind {
        "Catalog Error" | "Binder Error" => catalog_or_binder(rest, notes, missing_table),
        "Conversion Error" => conversion(rest),
        "Out of Range Error" => SqlError::new("ARITHMETIC_OVERFLOW", "22003", without_candidates(rest)),
        "Constraint Error" => constraint(rest),
        // What follows advises on settings that nobody can change here.
        "Out of Memory Error" => SqlError::exhausted(format!(
            "{}. The local workspace bounds the memory of its engine; ask for less at a time.",
            rest.split("\n\n").next().unwrap_or(rest).trim_end_matches('.')
        )),
        "INTERRUPT Error" | "Interrupt Error" => SqlError::cancelled(),
        // What the engine reads is the translation: the statement itself was read.
        "Parser Error" => SqlError::beyond_engine("its translation cannot be read."),
        "Permission Error" => SqlError::permission(rest),
        "Invalid Input Error" => invalid_input(rest),
        "TransactionContext Error" => SqlError::conflict(format!("The change met a conflicting one: {rest}")),
        "INTERNAL Error" | "FATAL Error" | "IO Error" => SqlError::internal(rest),
        _ => SqlError::beyond_engine(sentence(rest)),
    }
}

/// Class of the inner signal that the catalog whose alias is its text has to be attached anew; never shown.
pub(super) const INVALIDATED: &str = "BRICKLAYER_INVALIDATED";

/// Errors of a disk that takes no more. DuckDB gives a catalog up when it cannot write a checkpoint, and then refuses
/// reads as well until it is attached again.
fn disk(text: &str) -> Option<SqlError> {
    if text.contains("has been invalidated because checkpointing failed") {
        let alias = between(text, "Database \"", "\"").unwrap_or_default();
        return Some(SqlError::new(INVALIDATED, "53100", alias));
    }
    const FULL: [&str; 5] = [
        "No space left on device",
        "File too large",
        "Disk quota exceeded",
        "Could not write file",
        "Could not sync file",
    ];
    let full = FULL.iter().any(|words| text.contains(words));
    full.then(|| SqlError::disk_full(text.contains("Checkpoint failed")))
}

/// Errors of reading files, which DuckDB tells with the places of the links.
fn file(text: &str) -> Option<SqlError> {
    // The statement that is drawn below a message names the links as well.
    let text = text.split("\n\nLINE ").next()?;
    let (_, rest) = text.split_once(": ")?;
    if !text.contains("/linked/") && !rest.starts_with("CSV Error") && !rest.starts_with("Error when sniffing file") {
        return None;
    }
    // What follows the first lines advises on settings of DuckDB's readers.
    let lines = rest.lines().take_while(|line| !line.trim().is_empty()).take(3);
    let words =
        lines.flat_map(str::split_whitespace).map(|word| if word.contains("/linked/") { "the file" } else { word });
    let said = words.collect::<Vec<_>>().join(" ");
    let detail = format!(
        "Malformed records are detected in record parsing: {}. To process malformed records as null result, set 'mode' as \
         'PERMISSIVE' where the format knows it.",
        said.trim_end_matches('.')
    );
    Some(SqlError::new("MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION", "22023", detail))
}

/// Errors that our own macros raise, recognisable by the class in brackets.
fn raised(text: &str) -> Option<SqlError> {
    let start = text.find('[')?;
    let (class, rest) = text.get(start + 1..)?.split_once(']')?;
    let mut parts = rest.split('|');
    let mut part = || parts.next().unwrap_or_default();
    match class {
        "DIVIDE_BY_ZERO" => Some(SqlError::new(
            "DIVIDE_BY_ZERO",
            "22012",
            "Division by zero. Use `try_divide` to tolerate divisor being 0 and return NULL instead.",
        )),
        "REMAINDER_BY_ZERO" => Some(SqlError::new(
            "REMAINDER_BY_ZERO",
            "22012",
            "Remainder by zero. Use `try_mod` to tolerate divisor being 0 and return NULL instead.",
        )),
        "INVALID_ARRAY_INDEX" => {
            let (index, size) = (part(), part());
            let detail = format!(
                "The index {index} is out of bounds. The array has {size} elements. Use the SQL function `get()` to \
                 tolerate accessing element at invalid index and return NULL instead."
            );
            Some(SqlError::new("INVALID_ARRAY_INDEX", "22003", detail))
        }
        "INVALID_ARRAY_INDEX_IN_ELEMENT_AT" => {
            let (index, size) = (part(), part());
            let detail = format!(
                "The index {index} is out of bounds. The array has {size} elements. Use `try_element_at` to tolerate \
                 accessing element at invalid index and return NULL instead."
            );
            Some(SqlError::new("INVALID_ARRAY_INDEX_IN_ELEMENT_AT", "22003", detail))
        }
        "INVALID_INDEX_OF_ZERO" => {
            let detail = "The index 0 is invalid. An index shall be either < 0 or > 0 (the first element has index 1).";
            Some(SqlError::new("INVALID_INDEX_OF_ZERO", "22003", detail))
        }
        "INVALID_PARAMETER_VALUE.START" => {
            let detail = "The value of parameter(s) `start` in `slice` is invalid: Expects a positive or a negative value \
                          for `start`, but got 0.";
            Some(SqlError::new("INVALID_PARAMETER_VALUE.START", "22023", detail))
        }
        "INVALID_PARAMETER_VALUE.LENGTH" => {
            let detail = format!(
                "The value of parameter(s) `length` in `slice` is invalid: Expects `length` greater than or equal to 0, \
                 but got {}.",
                part()
            );
            Some(SqlError::new("INVALID_PARAMETER_VALUE.LENGTH", "22023", detail))
        }
        "CAST_OVERFLOW_IN_TABLE_INSERT" => {
            let (from, to) = (part(), part());
            let detail = format!(
                "Fail to assign a value of \"{from}\" type to the \"{to}\" type column due to an overflow. Use `try_cast` \
                 on the input value to tolerate overflow and return NULL instead."
            );
            Some(SqlError::new("CAST_OVERFLOW_IN_TABLE_INSERT", "22003", detail))
        }
        "DELTA_EXCEED_CHAR_VARCHAR_LIMIT" => {
            let (value, limit) = (part(), part());
            let detail = format!(
                "Value \"{value}\" exceeds char/varchar type length limitation. Failed check: length <= {limit}."
            );
            Some(SqlError::new("DELTA_EXCEED_CHAR_VARCHAR_LIMIT", "22001", detail))
        }
        "VALUE_TOO_LARGE" => Some(SqlError::exhausted(format!(
            "The function `{}` would make a value of more than 256 MiB or 50,000,000 elements, which the local workspace \
             refuses. Ask for a smaller one.",
            part()
        ))),
        "CAST_INVALID_INPUT" => {
            let (value, from, to) = (part(), part(), part());
            Some(cast_invalid(value, from, to))
        }
        _ => None,
    }
}

fn cast_invalid(value: &str, from: &str, to: &str) -> SqlError {
    let detail = format!(
        "The value '{value}' of the type \"{from}\" cannot be cast to \"{to}\" because it is malformed. Correct the value \
         as per the syntax, or change its target type. Use `try_cast` to tolerate malformed input and return NULL instead."
    );
    SqlError::new("CAST_INVALID_INPUT", "22018", detail)
}

/// The first text between the given marks.
fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(open)?;
    rest.split_once(close).map(|(inner, _)| inner)
}

fn catalog_or_binder(text: &str, notes: &Notes, missing_table: impl Fn(&str) -> Option<SqlError>) -> SqlError {
    if text.contains("len(MAP(") || text.contains("'len(MAP") {
        return SqlError::new(BINDS_AS_MAP, "42000", text);
    }
    if text.starts_with("Table with name")
        || text.starts_with("Catalog \"uc_")
        || text.contains("Catalog with name uc_")
    {
        let name = between(text, "Table with name ", " does not exist").unwrap_or_default().trim_matches('"');
        return missing_table(name)
            .or_else(|| notes.tables.first().map(|t| SqlError::table_not_found(&t.quoted())))
            .unwrap_or_else(|| SqlError::table_not_found(&format!("`{name}`")));
    }
    if text.contains(" with name") && text.contains("already exists") {
        let name = between(text, "with name \"", "\"").unwrap_or_default();
        return SqlError::table_exists(&format!("`{name}`"));
    }
    if let Some(name) = between(text, "Function with name ", " does not exist") {
        return SqlError::routine_not_found(name.trim_matches('"'));
    }
    if let Some(name) = between(text, "Referenced column \"", "\" not found") {
        return SqlError::column_not_found(name, &candidates(text));
    }
    if let Some(name) = between(text, "Referenced column \"", "\" was not found because the FROM clause is missing") {
        return SqlError::column_not_found(name, &[]);
    }
    if let Some(name) = between(text, "does not have a column named \"", "\"") {
        let table = between(text, "Table \"", "\"").unwrap_or_default();
        return SqlError::column_not_found(&format!("{table}`.`{name}"), &candidates(text));
    }
    if let Some(name) = between(text, "Referenced table \"", "\" not found") {
        return SqlError::column_not_found(name, &candidates(text));
    }
    if let Some(name) = between(text, "column \"", "\" must appear in the GROUP BY clause") {
        let detail = format!(
            "The non-aggregating expression \"{name}\" is based on columns which are not participating in the GROUP BY \
             clause. Add the columns or the expression to the GROUP BY, aggregate the expression, or use \
             \"any_value({name})\" if you do not care which of the values within a group is returned."
        );
        return SqlError::new("MISSING_AGGREGATION", "42803", detail);
    }
    if let Some(name) = between(text, "Ambiguous reference to column name \"", "\"") {
        let detail = format!("Reference `{name}` is ambiguous: qualify it with its table.");
        return SqlError::new("AMBIGUOUS_REFERENCE", "42704", detail);
    }
    if text.contains("WHERE clause cannot contain aggregates") {
        let detail = "An aggregate function is not allowed in the WHERE clause. Use HAVING instead.";
        return SqlError::new("INVALID_WHERE_CONDITION", "42903", detail);
    }
    if text.contains("columns but") && text.contains("values were supplied") {
        return SqlError::new("INSERT_COLUMN_ARITY_MISMATCH", "21S01", text);
    }
    if text.contains("Cannot mix values of type")
        || text.contains("No function matches")
        || text.contains("Could not choose")
        || text.contains("does not support the supplied arguments")
        || text.contains("Cannot compare values")
    {
        return SqlError::beyond_engine(sentence(text));
    }
    if text.contains("Unexpected prepared parameter") {
        return SqlError::unsupported("A parameter in a statement of this kind");
    }
    if text.contains("Set operations can only apply") || text.contains("same number of result columns") {
        return SqlError::new("NUM_COLUMNS_MISMATCH", "42826", text);
    }
    if text.contains("read-only mode") || text.contains("read-only") {
        return SqlError::permission("The catalog is read only.");
    }
    SqlError::beyond_engine(sentence(text))
}

/// DuckDB's words as a sentence, without the names that only the translation has.
fn sentence(text: &str) -> String {
    let text = without_candidates(text);
    let words = text.split(' ').map(|word| {
        let inner = ["uc_", "spark_", "bl_"].iter().fold(word.to_owned(), |word, prefix| word.replace(prefix, ""));
        inner.split_once('@').map_or(inner.clone(), |(view, _)| view.to_owned())
    });
    let text = words.collect::<Vec<_>>().join(" ");
    let text = text.trim_end_matches(['.', '!', ' ']);
    format!("{text}.")
}

/// DuckDB's proposals for a misspelt column.
fn candidates(text: &str) -> Vec<String> {
    let Some((_, list)) = text.split_once("Candidate bindings:") else {
        return Vec::new();
    };
    let list = list.lines().next().unwrap_or_default();
    list.split(',')
        .map(|c| c.trim().trim_start_matches(':').trim().trim_matches('"'))
        .filter(|c| !c.is_empty())
        .map(|c| c.rsplit('.').next().unwrap_or(c).trim_matches('"').to_owned())
        .collect()
}

fn without_candidates(text: &str) -> String {
    let text = text.split("\n\tCandidate functions:").next().unwrap_or(text);
    text.split("\nDid you mean").next().unwrap_or(text).replace('\n', " ")
}

fn conversion(text: &str) -> SqlError {
    if text.contains("Unimplemented type for cast") {
        return SqlError::beyond_engine(sentence(text));
    }
    if text.contains(" to DECIMAL(") || text.contains("can't be cast to DECIMAL") || text.contains("to type DECIMAL") {
        let detail = format!("{} Use `try_cast` to tolerate overflow and return NULL instead.", sentence(text));
        if !text.contains("Could not convert string") {
            return SqlError::new("NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION", "22003", detail);
        }
    }
    if let Some(value) = between(text, "Could not convert string '", "' to ") {
        let target = text.rsplit("' to ").next().unwrap_or_default();
        return cast_invalid(value, "STRING", databricks_type(target.trim_matches('.')));
    }
    if let Some(value) = between(text, "field value out of range: \"", "\"") {
        let target = if text.starts_with("date") { "DATE" } else { "TIMESTAMP" };
        return cast_invalid(value, "STRING", target);
    }
    if let Some(value) = between(text, "invalid date field format: \"", "\"") {
        return cast_invalid(value, "STRING", "DATE");
    }
    if let Some(value) = between(text, "invalid timestamp field format: \"", "\"") {
        return cast_invalid(value, "STRING", "TIMESTAMP");
    }
    if let (Some(value), true) = (between(text, "with value ", " can't be cast"), text.contains("out of range")) {
        let target = between(text, "destination type ", "\n").or_else(|| text.rsplit("destination type ").next());
        let detail = format!(
            "The value {value} cannot be cast to \"{}\" due to an overflow. Use `try_cast` to tolerate overflow and return \
             NULL instead.",
            databricks_type(target.unwrap_or_default())
        );
        return SqlError::new("CAST_OVERFLOW", "22003", detail);
    }
    SqlError::new("CAST_INVALID_INPUT", "22018", text)
}

fn databricks_type(duckdb: &str) -> &str {
    match duckdb.split_whitespace().next().unwrap_or_default() {
        "INT8" => "TINYINT",
        "INT16" => "SMALLINT",
        "INT32" => "INT",
        "INT64" => "BIGINT",
        "BOOL" => "BOOLEAN",
        "VARCHAR" => "STRING",
        other => other,
    }
}

fn constraint(text: &str) -> SqlError {
    if text.contains("NOT NULL constraint failed") {
        let column = text.rsplit('.').next().unwrap_or_default();
        let detail = format!("NOT NULL constraint violated for column: {column}.");
        return SqlError::new("DELTA_NOT_NULL_CONSTRAINT_VIOLATED", "23502", detail);
    }
    SqlError::new("CHECK_CONSTRAINT_VIOLATION", "23001", text)
}

fn invalid_input(text: &str) -> SqlError {
    if text.starts_with("Could not parse string \"") {
        let value = between(text, "Could not parse string \"", "\"").unwrap_or_default();
        let detail = format!(
            "The value '{value}' could not be parsed with the given pattern. Use the `try_` form of the function to \
             tolerate malformed input and return NULL instead."
        );
        return SqlError::new("CANNOT_PARSE_TIMESTAMP", "22007", detail);
    }
    if text.contains("More than one row returned by a subquery") {
        let detail = "More than one row returned by a subquery used as an expression.";
        return SqlError::new("SCALAR_SUBQUERY_TOO_MANY_ROWS", "21000", detail);
    }
    SqlError::new("USER_RAISED_EXCEPTION", "P0001", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(duckdb: &str, class: &str, contains: &str) {
        let error = translate(duckdb, &Notes::default(), |_| None);
        assert_eq!(error.class, class, "{duckdb}");
        assert!(error.detail.contains(contains), "{error}");
    }

    #[test]
    fn duckdb_errors_become_spark_errors() {
        check("Invalid Input Error: [DIVIDE_BY_ZERO]", "DIVIDE_BY_ZERO", "try_divide");
        check(
            "Binder Error: Referenced column \"nosuch\" not found in FROM clause!\nCandidate bindings: \"a\", \"t.b\"\n\nLINE 1: x",
            "UNRESOLVED_COLUMN.WITH_SUGGESTION",
            "[`a`, `b`]",
        );
        check(
            "Conversion Error: Could not convert string 'abc' to INT32\n\nLINE 1: x",
            "CAST_INVALID_INPUT",
            "\"INT\"",
        );
        check("Catalog Error: Scalar Function with name nosuch does not exist!", "UNRESOLVED_ROUTINE", "nosuch");
        check("Out of Range Error: Overflow in addition of INT32 (1 + 2)!", "ARITHMETIC_OVERFLOW", "Overflow");
        check("INTERRUPT Error: Interrupted!", "OPERATION_CANCELED", "");
    }
}
