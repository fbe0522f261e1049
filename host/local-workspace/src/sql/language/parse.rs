//! From a statement's text to what the engine runs: the first keywords decide which parser reads the rest.

mod alter;
mod clauses;
mod copy;
mod create;
mod describe;
mod dml;
mod security;
mod show;

use self::clauses::{single, table_name};
use super::{
    command::{Command, DropKind, Maintenance},
    cursor::Cursor,
    error::SqlError,
    lexer::Kind,
    rewrite::Translator,
    sources::volume_path,
    statement::{DmlKind, Parsed},
};

/// Parses and translates one statement.
///
/// # Errors
/// Syntax errors, names of too many parts, and statements that the local workspace does not support.
pub(crate) fn statement(text: &str, translator: &mut Translator<'_>) -> Result<Parsed, SqlError> {
    let text = &translator.resolve_identifier_clauses(text)?;
    let text = &translator.take_sources(text)?;
    let mut cursor = Cursor::new(text)?;
    let cursor = &mut cursor;
    let first = cursor.peek().map(|t| t.text.to_uppercase()).unwrap_or_default();
    if cursor.peek().is_some_and(|t| t.kind != Kind::Word && !t.is("(")) {
        return Err(cursor.unexpected());
    }
    match first.as_str() {
        "SELECT" | "WITH" | "VALUES" | "FROM" | "(" => translator.query(cursor.rest()).map(Parsed::Query),
        "TABLE" => {
            cursor.expect(&["TABLE"])?;
            translator.query(&format!("SELECT * FROM {}", cursor.rest())).map(Parsed::Query)
        }
        "EXPLAIN" => explain(cursor, translator),
        "INSERT" => dml::insert(cursor, translator),
        "UPDATE" => dml::whole(cursor, translator, DmlKind::Update),
        "DELETE" => dml::whole(cursor, translator, DmlKind::Delete),
        "MERGE" => dml::whole(cursor, translator, DmlKind::Merge),
        "COPY" => copy::copy(cursor, translator).map(Parsed::Copy),
        "LIST" => list(cursor).map(Parsed::Command),
        "SHOW" => show::show(cursor, translator).map(Parsed::Command),
        "DESCRIBE" | "DESC" => describe::describe(cursor, translator).map(Parsed::Command),
        "CREATE" => create::create(cursor, translator).map(Parsed::Command),
        "REPLACE" if cursor.sees(&["REPLACE", "TABLE"]) => create::create(cursor, translator).map(Parsed::Command),
        "DROP" => drop(cursor, translator).map(Parsed::Command),
        "ALTER" => alter::alter(cursor, translator).map(Parsed::Command),
        "USE" => use_namespace(cursor, translator).map(Parsed::Command),
        "GRANT" | "REVOKE" => security::grant(cursor, translator).map(Parsed::Command),
        "COMMENT" => security::comment(cursor, translator).map(Parsed::Command),
        "TRUNCATE" => truncate(cursor, translator).map(Parsed::Command),
        "OPTIMIZE" | "VACUUM" | "ANALYZE" | "REFRESH" | "CACHE" | "UNCACHE" | "CLEAR" | "MSCK" | "FSCK" | "REORG" => {
            maintain(cursor, translator).map(Parsed::Command)
        }
        "SET" | "UNSET" if cursor.sees(&["SET", "TAG", "ON"]) || cursor.sees(&["UNSET", "TAG", "ON"]) => {
            security::tag(cursor, translator).map(Parsed::Command)
        }
        "SET" | "RESET" => set(cursor).map(Parsed::Command),
        _ => refuse(cursor, &first),
    }
}

/// Statements of Databricks that the local workspace does not have, told apart from what is no statement at all.
fn refuse(cursor: &Cursor<'_>, first: &str) -> Result<Parsed, SqlError> {
    const KNOWN: [&str; 10] =
        ["RESTORE", "CONVERT", "UNDROP", "PUT", "GET", "CALL", "EXECUTE", "BEGIN", "DECLARE", "SYNC"];
    if KNOWN.contains(&first) { Err(SqlError::unsupported(first)) } else { Err(cursor.unexpected()) }
}

/// `LIST '/Volumes/…' [LIMIT n]`.
fn list(cursor: &mut Cursor<'_>) -> Result<Command, SqlError> {
    cursor.expect(&["LIST"])?;
    let pattern = volume_path(&cursor.text()?)?;
    if pattern.has_glob() {
        return Err(SqlError::unsupported("LIST of a pattern"));
    }
    let limit = if cursor.take(&["LIMIT"]) {
        let number = cursor.peek().and_then(|token| token.text.parse().ok()).ok_or_else(|| cursor.unexpected())?;
        cursor.advance();
        Some(number)
    } else {
        None
    };
    cursor.end()?;
    Ok(Command::List { path: pattern.shown().to_owned(), limit })
}

fn explain(cursor: &mut Cursor<'_>, translator: &mut Translator<'_>) -> Result<Parsed, SqlError> {
    cursor.expect(&["EXPLAIN"])?;
    cursor.take_any(&["EXTENDED", "CODEGEN", "COST", "FORMATTED"]);
    translator.query(cursor.rest()).map(Parsed::Explain)
}

fn drop(cursor: &mut Cursor<'_>, translator: &Translator<'_>) -> Result<Command, SqlError> {
    cursor.expect(&["DROP"])?;
    let kinds = ["CATALOG", "SCHEMA", "DATABASE", "TABLE", "VIEW", "MATERIALIZED", "TEMPORARY", "FUNCTION", "VOLUME"];
    let kind = cursor.take_any(&kinds).ok_or_else(|| cursor.unexpected())?;
    match kind {
        "MATERIALIZED" => cursor.expect(&["VIEW"])?,
        "TEMPORARY" => return Err(SqlError::unsupported("DROP TEMPORARY")),
        _ => {}
    }
    let if_exists = cursor.take(&["IF", "EXISTS"]);
    let parts = cursor.name()?;
    let cascade = cursor.take_any(&["CASCADE", "RESTRICT", "PURGE"]) == Some("CASCADE");
    cursor.end()?;
    let namespace = translator.namespace();
    let drop_object = |kind| namespace.table(&parts).map(|name| Command::Drop { kind, name, if_exists });
    match kind {
        "CATALOG" => single(&parts).map(|name| Command::DropCatalog { name, if_exists, cascade }),
        "SCHEMA" | "DATABASE" => namespace.schema(&parts).map(|name| Command::DropSchema { name, if_exists, cascade }),
        "VOLUME" => namespace.table(&parts).map(|name| Command::DropVolume { name, if_exists }),
        "FUNCTION" => drop_object(DropKind::Function),
        "TABLE" => drop_object(DropKind::Table),
        _ => drop_object(DropKind::View),
    }
}

fn use_namespace(cursor: &mut Cursor<'_>, translator: &Translator<'_>) -> Result<Command, SqlError> {
    cursor.expect(&["USE"])?;
    if cursor.take(&["CATALOG"]) {
        let name = match cursor.take_text() {
            Some(text) => text.to_lowercase(),
            None => single(&cursor.name()?)?,
        };
        cursor.end()?;
        return Ok(Command::UseCatalog(name));
    }
    cursor.take_any(&["SCHEMA", "DATABASE"]);
    let parts = cursor.name()?;
    cursor.end()?;
    translator.namespace().schema(&parts).map(Command::UseSchema)
}

fn truncate(cursor: &mut Cursor<'_>, translator: &Translator<'_>) -> Result<Command, SqlError> {
    cursor.expect(&["TRUNCATE", "TABLE"])?;
    let name = table_name(cursor, translator)?;
    if cursor.sees(&["PARTITION"]) {
        return Err(SqlError::unsupported("TRUNCATE of a partition"));
    }
    cursor.end()?;
    Ok(Command::Truncate(name))
}

fn maintain(cursor: &mut Cursor<'_>, translator: &Translator<'_>) -> Result<Command, SqlError> {
    let word = cursor.advance().map(|t| t.text.to_uppercase()).unwrap_or_default();
    let what = match word.as_str() {
        "OPTIMIZE" => Maintenance::Optimize,
        "VACUUM" => Maintenance::Vacuum,
        "ANALYZE" => Maintenance::Analyze,
        "REFRESH" => Maintenance::Refresh,
        "CACHE" | "UNCACHE" | "CLEAR" => Maintenance::Cache,
        _ => return Err(SqlError::unsupported(word)),
    };
    let _ = cursor.take(&["MATERIALIZED", "VIEW"]) || cursor.take(&["SELECT"]) || cursor.take(&["CACHE"]);
    if cursor.take(&["TABLES"]) || (what == Maintenance::Cache && !cursor.sees(&["TABLE"])) {
        cursor.rest();
        return Ok(Command::Maintain { what, table: None });
    }
    cursor.take(&["TABLE"]);
    cursor.take(&["IF", "EXISTS"]);
    let table = table_name(cursor, translator)?;
    // The options (ZORDER BY, WHERE, RETAIN, COMPUTE STATISTICS, ...) change nothing here, so only their brackets are read.
    cursor.rest();
    Ok(Command::Maintain { what, table: Some(table) })
}

fn set(cursor: &mut Cursor<'_>) -> Result<Command, SqlError> {
    if cursor.take(&["RESET"]) {
        let key = cursor.rest();
        return Ok(Command::Set { key: Some(key.to_owned()), value: None });
    }
    cursor.expect(&["SET"])?;
    if cursor.sees(&["VARIABLE"]) || cursor.sees(&["VAR"]) {
        return Err(SqlError::unsupported("SET VARIABLE"));
    }
    if cursor.take(&["TIME", "ZONE"]) {
        let value = cursor.take_text().unwrap_or_else(|| cursor.rest().to_owned());
        return Ok(Command::Set { key: Some("timezone".to_owned()), value: Some(value) });
    }
    let rest = cursor.rest();
    let (key, value) = match rest.split_once('=') {
        Some((key, value)) => (key.trim(), Some(value.trim().trim_matches(['\'', '"']).to_owned())),
        None => (rest.trim(), None),
    };
    let key = Some(key.trim_matches('`').to_owned()).filter(|k| !k.is_empty() && k != "-v");
    Ok(Command::Set { key, value })
}
