//! DESCRIBE statements. Rules: Databricks SQL reference, "DESCRIBE ...".

use super::clauses::{single, table_name};
use crate::sql::language::{
    command::{Command, Describe},
    cursor::Cursor,
    error::SqlError,
    rewrite::Translator,
};

pub(super) fn describe(cursor: &mut Cursor<'_>, translator: &mut Translator<'_>) -> Result<Command, SqlError> {
    cursor.advance();
    let describe = read(cursor, translator)?;
    cursor.end()?;
    Ok(Command::Describe(describe))
}

fn read(cursor: &mut Cursor<'_>, translator: &mut Translator<'_>) -> Result<Describe, SqlError> {
    let more = |cursor: &Cursor<'_>| cursor.peek_at(1).is_some_and(|t| !t.is("."));
    if cursor.sees(&["HISTORY"]) && more(cursor) {
        cursor.advance();
        return Ok(Describe::History { table: table_name(cursor, translator)? });
    }
    if cursor.sees(&["DETAIL"]) && more(cursor) {
        cursor.advance();
        return Ok(Describe::Detail { table: table_name(cursor, translator)? });
    }
    if cursor.sees(&["CATALOG"]) && more(cursor) {
        cursor.advance();
        let extended = cursor.take(&["EXTENDED"]);
        return Ok(Describe::Catalog { name: single(&cursor.name()?)?, extended });
    }
    if (cursor.sees(&["SCHEMA"]) || cursor.sees(&["DATABASE"])) && more(cursor) {
        cursor.advance();
        let extended = cursor.take(&["EXTENDED"]);
        return Ok(Describe::Schema { name: translator.namespace().schema(&cursor.name()?)?, extended });
    }
    if cursor.sees(&["VOLUME"]) && more(cursor) {
        cursor.advance();
        return Ok(Describe::Volume { name: table_name(cursor, translator)? });
    }
    if cursor.sees(&["FUNCTION"]) && more(cursor) {
        cursor.advance();
        cursor.take(&["EXTENDED"]);
        return Ok(Describe::Function { name: table_name(cursor, translator)? });
    }
    if cursor.take(&["QUERY"]) || ["SELECT", "WITH", "VALUES", "("].iter().any(|word| cursor.sees(&[word])) {
        return Ok(Describe::Query { sql: translator.query(cursor.rest())? });
    }
    table(cursor, translator)
}

fn table(cursor: &mut Cursor<'_>, translator: &Translator<'_>) -> Result<Describe, SqlError> {
    cursor.take(&["TABLE"]);
    let extended = cursor.take_any(&["EXTENDED", "FORMATTED"]).is_some();
    let table = table_name(cursor, translator)?;
    if cursor.take(&["AS", "JSON"]) {
        if !extended {
            let detail = "DESCRIBE TABLE ... AS JSON only supported when [EXTENDED|FORMATTED] is specified.";
            return Err(SqlError::new("DESCRIBE_JSON_NOT_EXTENDED", "0A000", detail));
        }
        return Ok(Describe::Json { table });
    }
    let column = if cursor.is_done() { None } else { Some(cursor.identifier()?) };
    Ok(Describe::Table { table, extended, column })
}
