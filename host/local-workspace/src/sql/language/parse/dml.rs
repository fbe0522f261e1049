//! INSERT, UPDATE, DELETE and MERGE. INSERT's head is read here (its forms differ most from DuckDB's), the rest is
//! translated as a whole.

use super::clauses::{identifiers, table_name};
use crate::sql::language::{
    cursor::Cursor,
    error::SqlError,
    rewrite::Translator,
    statement::{Dml, DmlKind, Insert, InsertColumns, Parsed},
};

pub(super) fn insert(cursor: &mut Cursor<'_>, translator: &mut Translator<'_>) -> Result<Parsed, SqlError> {
    cursor.expect(&["INSERT"])?;
    let overwrite = cursor.take(&["OVERWRITE"]);
    if !overwrite {
        cursor.expect(&["INTO"])?;
    }
    if cursor.sees(&["DIRECTORY"]) || cursor.sees(&["LOCAL", "DIRECTORY"]) {
        return Err(SqlError::unsupported("INSERT OVERWRITE DIRECTORY"));
    }
    cursor.take(&["TABLE"]);
    let target = table_name(cursor, translator)?;
    translator.check_writable(&target)?;
    if cursor.sees(&["PARTITION"]) {
        return Err(SqlError::unsupported("INSERT into a PARTITION"));
    }
    let mut before = overwrite.then(|| format!("DELETE FROM {}", target.physical()));
    let columns = if starts_column_list(cursor) {
        InsertColumns::Listed(identifiers(cursor)?)
    } else if cursor.take(&["BY", "NAME"]) {
        InsertColumns::ByName
    } else {
        InsertColumns::InOrder
    };
    if cursor.take(&["REPLACE", "WHERE"]) {
        before = Some(replace_where(cursor, translator, &target.physical())?);
    }
    translator.note_table(&target);
    let query = translator.query(cursor.rest())?;
    let insert = Some(Insert { columns, query });
    Ok(Parsed::Dml(Dml { kind: DmlKind::Insert, target, before, check: None, insert, sql: String::new() }))
}

/// Whether the bracket at hand holds column names and not a query.
fn starts_column_list(cursor: &Cursor<'_>) -> bool {
    cursor.sees(&["("])
        && cursor
            .peek_at(1)
            .is_some_and(|t| !["SELECT", "WITH", "VALUES", "FROM", "TABLE", "("].iter().any(|word| t.is(word)))
}

fn replace_where(cursor: &mut Cursor<'_>, translator: &mut Translator<'_>, physical: &str) -> Result<String, SqlError> {
    let start = cursor.start();
    while !cursor.is_done() && !["SELECT", "WITH", "VALUES", "TABLE"].iter().any(|word| cursor.sees(&[word])) {
        if cursor.sees(&["("]) {
            cursor.group()?;
        } else {
            cursor.advance();
        }
    }
    let condition = translator.expression(cursor.slice(start, cursor.last_end()))?;
    Ok(format!("DELETE FROM {physical} WHERE {condition}"))
}

pub(super) fn whole(
    cursor: &mut Cursor<'_>,
    translator: &mut Translator<'_>,
    kind: DmlKind,
) -> Result<Parsed, SqlError> {
    let mut head = vec![match kind {
        DmlKind::Insert => "INSERT",
        DmlKind::Update => "UPDATE",
        DmlKind::Delete => "DELETE",
        DmlKind::Merge => "MERGE",
    }];
    match kind {
        DmlKind::Delete => head.push("FROM"),
        DmlKind::Merge => head.push("INTO"),
        DmlKind::Insert | DmlKind::Update => {}
    }
    let position = cursor.position();
    cursor.take(&head);
    if kind == DmlKind::Merge {
        // MERGE WITH SCHEMA EVOLUTION INTO
        if cursor.sees(&["MERGE", "WITH", "SCHEMA", "EVOLUTION"]) {
            return Err(SqlError::unsupported("MERGE WITH SCHEMA EVOLUTION"));
        }
    }
    let target = table_name(cursor, translator)?;
    translator.check_writable(&target)?;
    cursor.rewind(position);
    let (sql, check) = translator.dml(cursor.rest(), kind, &target)?;
    Ok(Parsed::Dml(Dml { kind, target, before: None, check, insert: None, sql }))
}
