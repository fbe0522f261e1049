//! Databricks SQL types as text, to DuckDB's spelling.
//!
//! Rules: Databricks SQL reference, "Data types". DuckDB's TIMESTAMP (microseconds, no zone) stands for both of
//! Databricks' timestamps, with the session zone fixed to UTC.

use super::{cursor::Cursor, error::SqlError, names::quote};

/// Parses a whole type.
///
/// # Errors
/// `UNSUPPORTED_DATATYPE` for a name that is no type, `PARSE_SYNTAX_ERROR` for a malformed one.
pub(crate) fn physical_type(text: &str) -> Result<String, SqlError> {
    let mut cursor = Cursor::new(text)?;
    let physical = parse_type(&mut cursor)?;
    cursor.end()?;
    Ok(physical)
}

/// Parses the type at the cursor and gives DuckDB's spelling of it.
pub(crate) fn parse_type(cursor: &mut Cursor<'_>) -> Result<String, SqlError> {
    let name = cursor.identifier()?.to_uppercase();
    let physical = match name.as_str() {
        "BOOLEAN" => "BOOLEAN",
        "TINYINT" | "BYTE" => "TINYINT",
        "SMALLINT" | "SHORT" => "SMALLINT",
        "INT" | "INTEGER" => "INTEGER",
        "BIGINT" | "LONG" => "BIGINT",
        "FLOAT" | "REAL" => "FLOAT",
        "DOUBLE" => {
            cursor.take(&["PRECISION"]);
            "DOUBLE"
        }
        "STRING" | "VARIANT" => {
            collation(cursor)?;
            "VARCHAR"
        }
        "VARCHAR" | "CHAR" | "CHARACTER" => {
            if cursor.sees(&["("]) {
                cursor.group()?;
            }
            "VARCHAR"
        }
        "BINARY" => "BLOB",
        "DATE" => "DATE",
        "TIMESTAMP" | "TIMESTAMP_NTZ" | "TIMESTAMP_LTZ" => "TIMESTAMP",
        "VOID" => "INTEGER",
        "INTERVAL" => {
            interval(cursor)?;
            "INTERVAL"
        }
        "DECIMAL" | "DEC" | "NUMERIC" => return decimal(cursor),
        "ARRAY" => {
            cursor.expect(&["<"])?;
            let element = parse_type(cursor)?;
            cursor.expect(&[">"])?;
            return Ok(format!("{element}[]"));
        }
        "MAP" => {
            cursor.expect(&["<"])?;
            let key = parse_type(cursor)?;
            cursor.expect(&[","])?;
            let value = parse_type(cursor)?;
            cursor.expect(&[">"])?;
            return Ok(format!("MAP({key}, {value})"));
        }
        "STRUCT" => {
            cursor.expect(&["<"])?;
            let fields = parse_fields(cursor)?;
            cursor.expect(&[">"])?;
            return Ok(struct_type(&fields));
        }
        _ => {
            let detail = format!("Unsupported data type \"{name}\".");
            return Err(SqlError::new("UNSUPPORTED_DATATYPE", "0A000", detail));
        }
    };
    Ok(physical.to_owned())
}

/// A schema string such as `a INT, b STRING` (as `from_json` takes it) or a whole type.
pub(crate) fn schema_type(text: &str) -> Result<String, SqlError> {
    if let Ok(physical) = physical_type(text) {
        return Ok(physical);
    }
    let mut cursor = Cursor::new(text)?;
    let fields = parse_fields(&mut cursor)?;
    cursor.end()?;
    Ok(struct_type(&fields))
}

/// The columns of a schema string such as `a INT, b STRING`, with DuckDB's spelling of their types.
///
/// # Errors
/// As [`physical_type`].
pub(crate) fn schema_columns(text: &str) -> Result<Vec<(String, String)>, SqlError> {
    let mut cursor = Cursor::new(text)?;
    let fields = parse_fields(&mut cursor)?;
    cursor.end()?;
    Ok(fields)
}

fn struct_type(fields: &[(String, String)]) -> String {
    let list: Vec<_> = fields.iter().map(|(name, kind)| format!("{} {kind}", quote(name))).collect();
    format!("STRUCT({})", list.join(", "))
}

/// `name: TYPE [NOT NULL] [COMMENT '...'], ...`; the colon may be left out.
fn parse_fields(cursor: &mut Cursor<'_>) -> Result<Vec<(String, String)>, SqlError> {
    let mut fields = Vec::new();
    loop {
        let name = cursor.identifier()?;
        cursor.take(&[":"]);
        let kind = parse_type(cursor)?;
        cursor.take(&["NOT", "NULL"]);
        if cursor.take(&["COMMENT"]) {
            cursor.text()?;
        }
        fields.push((name, kind));
        if !cursor.take(&[","]) {
            return Ok(fields);
        }
    }
}

fn decimal(cursor: &mut Cursor<'_>) -> Result<String, SqlError> {
    if !cursor.sees(&["("]) {
        return Ok("DECIMAL(10, 0)".to_owned());
    }
    let arguments = cursor.group()?;
    let numbers: Result<Vec<u8>, _> = arguments.split(',').map(|n| n.trim().parse()).collect();
    match numbers.as_deref() {
        Ok([precision]) if (1..=38).contains(precision) => Ok(format!("DECIMAL({precision}, 0)")),
        Ok([precision, scale]) if (1..=38).contains(precision) && scale <= precision => {
            Ok(format!("DECIMAL({precision}, {scale})"))
        }
        _ => {
            let detail = format!("DECIMAL({arguments}) is no valid decimal type: the precision goes from 1 to 38.");
            Err(SqlError::new("DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION", "22003", detail))
        }
    }
}

fn collation(cursor: &mut Cursor<'_>) -> Result<(), SqlError> {
    if cursor.take(&["COLLATE"]) {
        cursor.identifier()?;
    }
    Ok(())
}

/// `INTERVAL YEAR TO MONTH` and its like; DuckDB has one interval type.
fn interval(cursor: &mut Cursor<'_>) -> Result<(), SqlError> {
    cursor.identifier()?;
    if cursor.take(&["TO"]) {
        cursor.identifier()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        assert_eq!(physical_type(text).unwrap(), expect);
    }

    #[test]
    fn types_map_to_duckdb() {
        check("bigint", "BIGINT");
        check("DECIMAL(10,2)", "DECIMAL(10, 2)");
        check("ARRAY<MAP<STRING, ARRAY<INT>>>", "MAP(VARCHAR, INTEGER[])[]");
        check("STRUCT<a: INT NOT NULL, `b c`: STRING COMMENT 'x'>", "STRUCT(\"a\" INTEGER, \"b c\" VARCHAR)");
        assert_eq!(schema_type("a INT, b ARRAY<STRING>").unwrap(), "STRUCT(\"a\" INTEGER, \"b\" VARCHAR[])");
        assert_eq!(physical_type("GEOGRAPHYX").unwrap_err().class, "UNSUPPORTED_DATATYPE");
        assert_eq!(physical_type("DECIMAL(50,2)").unwrap_err().class, "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION");
    }
}
