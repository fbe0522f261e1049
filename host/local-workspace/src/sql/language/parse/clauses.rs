//! Clauses that several statements have.

use crate::catalog::names::{Securable, TableName};
use crate::sql::language::{command::Properties, cursor::Cursor, error::SqlError, lexer::Kind, rewrite::Translator};

/// A table's name, completed.
pub(super) fn table_name(cursor: &mut Cursor<'_>, translator: &Translator<'_>) -> Result<TableName, SqlError> {
    let parts = cursor.name()?;
    translator.namespace().table(&parts)
}

/// A name that must have one part only.
pub(super) fn single(parts: &[String]) -> Result<String, SqlError> {
    match parts {
        [name] => Ok(name.to_lowercase()),
        _ => {
            let detail = format!("The identifier `{}` has too many name parts.", parts.join("`.`"));
            Err(SqlError::new("IDENTIFIER_TOO_MANY_NAME_PARTS", "42601", detail))
        }
    }
}

/// `('key' = 'value', key.sub = 1, ...)`.
pub(super) fn properties(cursor: &mut Cursor<'_>) -> Result<Properties, SqlError> {
    cursor.expect(&["("])?;
    let mut properties = Vec::new();
    loop {
        let key = property_key(cursor)?;
        cursor.take(&["="]);
        let value = cursor.advance().filter(|t| t.kind != Kind::Symbol).ok_or_else(|| cursor.unexpected())?;
        properties.push((key, value.text));
        if !cursor.take(&[","]) {
            cursor.expect(&[")"])?;
            return Ok(properties);
        }
    }
}

pub(super) fn property_key(cursor: &mut Cursor<'_>) -> Result<String, SqlError> {
    match cursor.take_text() {
        Some(key) => Ok(key),
        None => Ok(cursor.name()?.join(".")),
    }
}

/// `(a, b, c)`.
pub(super) fn identifiers(cursor: &mut Cursor<'_>) -> Result<Vec<String>, SqlError> {
    cursor.expect(&["("])?;
    let mut names = Vec::new();
    loop {
        names.push(cursor.name()?.join("."));
        if !cursor.take(&[","]) {
            cursor.expect(&[")"])?;
            return Ok(names);
        }
    }
}

/// `[CATALOG | SCHEMA | TABLE | VIEW | FUNCTION | METASTORE] name`; without a word it is a table.
pub(super) fn securable(cursor: &mut Cursor<'_>, translator: &Translator<'_>) -> Result<Securable, SqlError> {
    let kinds = ["CATALOG", "SCHEMA", "DATABASE", "TABLE", "VIEW", "FUNCTION", "METASTORE", "VOLUME"];
    let namespace = translator.namespace();
    match cursor.take_any(&kinds) {
        Some("METASTORE") => Ok(Securable::Metastore),
        Some("VOLUME") => table_name(cursor, translator).map(Securable::Volume),
        Some("CATALOG") if cursor.peek().is_none_or(|t| t.is("TO") || t.is("FROM")) => {
            Ok(Securable::Catalog(namespace.catalog.clone()))
        }
        Some("CATALOG") => single(&cursor.name()?).map(Securable::Catalog),
        Some("SCHEMA" | "DATABASE") => namespace.schema(&cursor.name()?).map(Securable::Schema),
        Some("VIEW") => table_name(cursor, translator).map(Securable::View),
        Some("FUNCTION") => table_name(cursor, translator).map(Securable::Function),
        _ => table_name(cursor, translator).map(Securable::Table),
    }
}

/// A tag's key or value.
pub(super) fn tag_part(cursor: &mut Cursor<'_>) -> Result<String, SqlError> {
    match cursor.take_text() {
        Some(text) => Ok(text),
        None => cursor.identifier(),
    }
}
