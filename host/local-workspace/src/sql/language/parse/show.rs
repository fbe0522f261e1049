//! SHOW statements. Rules: Databricks SQL reference, "SHOW ...".

use super::clauses::{securable, single, table_name};
use crate::catalog::names::{SchemaName, Securable};
use crate::sql::language::{
    command::{Command, Show},
    cursor::Cursor,
    error::SqlError,
    rewrite::Translator,
};

pub(super) fn show(cursor: &mut Cursor<'_>, translator: &Translator<'_>) -> Result<Command, SqlError> {
    cursor.expect(&["SHOW"])?;
    let show = read(cursor, translator)?;
    cursor.end()?;
    Ok(Command::Show(show))
}

fn read(cursor: &mut Cursor<'_>, translator: &Translator<'_>) -> Result<Show, SqlError> {
    if cursor.take(&["CREATE", "TABLE"]) || cursor.take(&["CREATE", "VIEW"]) {
        return Ok(Show::CreateTable { table: table_name(cursor, translator)? });
    }
    let words = [
        "CATALOGS",
        "SCHEMAS",
        "DATABASES",
        "TABLES",
        "VIEWS",
        "VOLUMES",
        "COLUMNS",
        "TBLPROPERTIES",
        "GRANTS",
        "GRANT",
        "CURRENT",
        "FUNCTIONS",
        "USER",
        "SYSTEM",
        "ALL",
    ];
    match cursor.take_any(&words) {
        Some("CATALOGS") => Ok(Show::Catalogs { like: like(cursor)? }),
        Some("SCHEMAS" | "DATABASES") => {
            let catalog = match cursor.take_any(&["IN", "FROM"]) {
                Some(_) => single(&cursor.name()?)?,
                None => translator.namespace().catalog.clone(),
            };
            Ok(Show::Schemas { catalog, like: like(cursor)? })
        }
        Some("TABLES") => Ok(Show::Tables { schema: in_schema(cursor, translator)?, like: like(cursor)? }),
        Some("VIEWS") => Ok(Show::Views { schema: in_schema(cursor, translator)?, like: like(cursor)? }),
        Some("VOLUMES") => Ok(Show::Volumes { schema: in_schema(cursor, translator)?, like: like(cursor)? }),
        Some("COLUMNS") => columns(cursor, translator),
        Some("TBLPROPERTIES") => {
            let table = table_name(cursor, translator)?;
            let key = if cursor.take(&["("]) {
                let key = super::clauses::property_key(cursor)?;
                cursor.expect(&[")"])?;
                Some(key)
            } else {
                None
            };
            Ok(Show::Properties { table, key })
        }
        Some("GRANTS" | "GRANT") => grants(cursor, translator),
        Some("CURRENT") => {
            cursor.take_any(&["SCHEMA", "DATABASE"]).ok_or_else(|| cursor.unexpected())?;
            Ok(Show::CurrentSchema)
        }
        Some("FUNCTIONS") => functions(cursor, translator, true, true),
        Some(which @ ("USER" | "SYSTEM" | "ALL")) => {
            cursor.expect(&["FUNCTIONS"])?;
            functions(cursor, translator, which != "SYSTEM", which != "USER")
        }
        _ if cursor.sees(&["PARTITIONS"]) => Err(SqlError::unsupported("SHOW PARTITIONS")),
        _ if cursor.sees(&["TABLE", "EXTENDED"]) => Err(SqlError::unsupported("SHOW TABLE EXTENDED")),
        _ => Err(cursor.unexpected()),
    }
}

/// `[LIKE] 'pattern'`.
fn like(cursor: &mut Cursor<'_>) -> Result<Option<String>, SqlError> {
    if cursor.take(&["LIKE"]) {
        return cursor.text().map(Some);
    }
    Ok(cursor.take_text())
}

fn in_schema(cursor: &mut Cursor<'_>, translator: &Translator<'_>) -> Result<SchemaName, SqlError> {
    let parts = match cursor.take_any(&["IN", "FROM"]) {
        Some(_) => cursor.name()?,
        None => Vec::new(),
    };
    translator.namespace().schema(&parts)
}

fn columns(cursor: &mut Cursor<'_>, translator: &Translator<'_>) -> Result<Show, SqlError> {
    cursor.take_any(&["IN", "FROM"]).ok_or_else(|| cursor.unexpected())?;
    let mut parts = cursor.name()?;
    if cursor.take_any(&["IN", "FROM"]).is_some() {
        let mut schema = cursor.name()?;
        schema.extend(parts.pop());
        parts = schema;
    }
    Ok(Show::Columns { table: translator.namespace().table(&parts)? })
}

fn functions(cursor: &mut Cursor<'_>, translator: &Translator<'_>, user: bool, system: bool) -> Result<Show, SqlError> {
    let schema = in_schema(cursor, translator)?;
    Ok(Show::Functions { schema, like: like(cursor)?, user, system })
}

/// `SHOW GRANTS [principal] ON securable`.
fn grants(cursor: &mut Cursor<'_>, translator: &Translator<'_>) -> Result<Show, SqlError> {
    let principal = if cursor.sees(&["ON"]) { None } else { Some(super::security::principal(cursor)?) };
    let on = if cursor.take(&["ON"]) { securable(cursor, translator)? } else { Securable::Metastore };
    Ok(Show::Grants { principal, on })
}
