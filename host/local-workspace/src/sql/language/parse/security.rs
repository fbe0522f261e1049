//! GRANT, REVOKE, COMMENT ON, SET TAG and UNSET TAG. Rules: Databricks SQL reference, the pages of these names.

use super::clauses::{securable, tag_part};
use crate::catalog::{Tagged, names::Securable};
use crate::sql::language::{
    command::{Command, CommentTarget, Properties},
    cursor::Cursor,
    error::SqlError,
    lexer::Kind,
    rewrite::Translator,
};

/// The privileges of Unity Catalog that tables, schemas, catalogs and functions know.
const PRIVILEGES: [&str; 21] = [
    "ALL PRIVILEGES",
    "APPLY TAG",
    "BROWSE",
    "CREATE CATALOG",
    "CREATE FUNCTION",
    "CREATE MATERIALIZED VIEW",
    "CREATE MODEL",
    "CREATE SCHEMA",
    "CREATE TABLE",
    "CREATE VOLUME",
    "EXECUTE",
    "EXTERNAL USE SCHEMA",
    "MANAGE",
    "MODIFY",
    "READ VOLUME",
    "REFRESH",
    "SELECT",
    "USE CATALOG",
    "USE SCHEMA",
    "WRITE VOLUME",
    "CREATE VIEW",
];

pub(super) fn grant(cursor: &mut Cursor<'_>, translator: &Translator<'_>) -> Result<Command, SqlError> {
    let grants = cursor.take(&["GRANT"]);
    if !grants {
        cursor.expect(&["REVOKE"])?;
    }
    let privileges = privileges(cursor)?;
    cursor.expect(&["ON"])?;
    let on = securable(cursor, translator)?;
    cursor.expect(&[if grants { "TO" } else { "FROM" }])?;
    let principal = principal(cursor)?;
    cursor.end()?;
    Ok(if grants {
        Command::Grant { privileges, on, principal }
    } else {
        Command::Revoke { privileges, on, principal }
    })
}

fn privileges(cursor: &mut Cursor<'_>) -> Result<Vec<String>, SqlError> {
    let mut privileges = Vec::new();
    loop {
        let mut words = Vec::new();
        while cursor.peek().is_some_and(|t| t.kind == Kind::Word && !t.is("ON")) {
            words.extend(cursor.advance().map(|t| t.text.to_uppercase()));
        }
        let mut privilege = words.join(" ");
        if privilege == "ALL" {
            privilege = "ALL PRIVILEGES".to_owned();
        }
        if !PRIVILEGES.contains(&privilege.as_str()) {
            return Err(cursor.unexpected());
        }
        privileges.push(privilege);
        if !cursor.take(&[","]) {
            return Ok(privileges);
        }
    }
}

/// A principal's name; the words USER and GROUP before it are old and mean nothing.
pub(super) fn principal(cursor: &mut Cursor<'_>) -> Result<String, SqlError> {
    if cursor.peek_at(1).is_some_and(|t| matches!(t.kind, Kind::Word | Kind::Ident) && !t.is("ON")) {
        cursor.take_any(&["USER", "GROUP"]);
    }
    match cursor.take_text() {
        Some(name) => Ok(name),
        None => cursor.identifier(),
    }
}

pub(super) fn comment(cursor: &mut Cursor<'_>, translator: &Translator<'_>) -> Result<Command, SqlError> {
    cursor.expect(&["COMMENT", "ON"])?;
    let on = if cursor.take(&["COLUMN"]) {
        let mut parts = cursor.name()?;
        let column = parts.pop().ok_or_else(|| cursor.unexpected())?;
        CommentTarget::Column { table: translator.namespace().table(&parts)?, column }
    } else {
        CommentTarget::Securable(securable(cursor, translator)?)
    };
    cursor.expect(&["IS"])?;
    let comment = if cursor.take(&["NULL"]) { None } else { Some(cursor.text()?) };
    cursor.end()?;
    Ok(Command::Comment { on, comment })
}

/// `SET TAG ON kind name key [= value]` and `UNSET TAG ON kind name key`.
pub(super) fn tag(cursor: &mut Cursor<'_>, translator: &Translator<'_>) -> Result<Command, SqlError> {
    let sets = cursor.take(&["SET"]);
    if !sets {
        cursor.expect(&["UNSET"])?;
    }
    cursor.expect(&["TAG", "ON"])?;
    let on = if cursor.take(&["COLUMN"]) {
        let mut parts = cursor.name()?;
        let column = parts.pop().map(|column| column.to_lowercase());
        Tagged { on: Securable::Table(translator.namespace().table(&parts)?), column }
    } else {
        let on = match securable(cursor, translator)? {
            Securable::View(name) => Securable::Table(name),
            Securable::Metastore | Securable::Function(_) | Securable::Object(..) => return Err(cursor.unexpected()),
            on => on,
        };
        Tagged { on, column: None }
    };
    let key = tag_part(cursor)?;
    let value = if sets && cursor.take(&["="]) { tag_part(cursor)? } else { String::new() };
    cursor.end()?;
    let (set, unset) = if sets { (vec![(key, value)], Vec::new()) } else { (Properties::new(), vec![key]) };
    Ok(Command::Tag { on, set, unset })
}
