//! ALTER statements. Rules: Databricks SQL reference, "ALTER TABLE", "ALTER VIEW", "ALTER SCHEMA", "ALTER CATALOG".

use super::{
    clauses::{identifiers, properties, property_key, single, table_name, tag_part},
    create::column,
};
use crate::catalog::{
    Policy, Tagged,
    names::{Securable, TableName},
};
use crate::sql::language::{
    command::{AlterTable, ColumnDefinition, Command, Properties},
    cursor::Cursor,
    error::SqlError,
    rewrite::Translator,
    types::parse_type,
};

pub(super) fn alter(cursor: &mut Cursor<'_>, translator: &mut Translator<'_>) -> Result<Command, SqlError> {
    cursor.expect(&["ALTER"])?;
    let command = match cursor.take_any(&["TABLE", "VIEW", "SCHEMA", "DATABASE", "CATALOG", "VOLUME"]) {
        Some(kind @ ("TABLE" | "VIEW")) => {
            let name = table_name(cursor, translator)?;
            translator.check_writable(&name)?;
            table(cursor, translator, name, kind == "VIEW")?
        }
        Some("SCHEMA" | "DATABASE") => {
            let name = translator.namespace().schema(&cursor.name()?)?;
            container(cursor, Securable::Schema(name))?
        }
        Some("CATALOG") => {
            let name = single(&cursor.name()?)?;
            container(cursor, Securable::Catalog(name))?
        }
        Some("VOLUME") => {
            let on = Securable::Volume(table_name(cursor, translator)?);
            match tags(cursor, &on, None)? {
                Some(command) => command,
                None if cursor.sees(&["RENAME"]) => return Err(SqlError::unsupported("ALTER VOLUME RENAME")),
                None => owner(cursor, on)?,
            }
        }
        _ => return Err(cursor.unexpected()),
    };
    cursor.end()?;
    Ok(command)
}

fn container(cursor: &mut Cursor<'_>, on: Securable) -> Result<Command, SqlError> {
    if cursor.take(&["SET", "DBPROPERTIES"]) || cursor.take(&["SET", "PROPERTIES"]) {
        return Ok(Command::AlterProperties { on, set: properties(cursor)?, unset: Vec::new() });
    }
    match tags(cursor, &on, None)? {
        Some(command) => Ok(command),
        None => owner(cursor, on),
    }
}

/// `SET TAGS ('key' = 'value', 'key')` and `UNSET TAGS ('key')`, if one comes next.
fn tags(cursor: &mut Cursor<'_>, on: &Securable, column: Option<&str>) -> Result<Option<Command>, SqlError> {
    let sets = cursor.take(&["SET", "TAGS"]);
    if !sets && !cursor.take(&["UNSET", "TAGS"]) {
        return Ok(None);
    }
    let (mut set, mut unset) = (Properties::new(), Vec::new());
    cursor.expect(&["("])?;
    loop {
        let key = tag_part(cursor)?;
        if sets {
            let value = if cursor.take(&["="]) { tag_part(cursor)? } else { String::new() };
            set.push((key, value));
        } else {
            unset.push(key);
        }
        if !cursor.take(&[","]) {
            break;
        }
    }
    cursor.expect(&[")"])?;
    let on = Tagged { on: on.clone(), column: column.map(str::to_lowercase) };
    Ok(Some(Command::Tag { on, set, unset }))
}

/// `[SET] OWNER TO principal`.
fn owner(cursor: &mut Cursor<'_>, on: Securable) -> Result<Command, SqlError> {
    cursor.take(&["SET"]);
    cursor.expect(&["OWNER", "TO"])?;
    let owner = super::security::principal(cursor)?;
    Ok(Command::SetOwner { on, owner })
}

fn table(
    cursor: &mut Cursor<'_>,
    translator: &mut Translator<'_>,
    name: TableName,
    is_view: bool,
) -> Result<Command, SqlError> {
    let on = || {
        if is_view { Securable::View(name.clone()) } else { Securable::Table(name.clone()) }
    };
    if cursor.take(&["SET", "TBLPROPERTIES"]) {
        return Ok(Command::AlterProperties { on: on(), set: properties(cursor)?, unset: Vec::new() });
    }
    if cursor.take(&["UNSET", "TBLPROPERTIES"]) {
        cursor.take(&["IF", "EXISTS"]);
        return Ok(Command::AlterProperties { on: on(), set: Vec::new(), unset: keys(cursor)? });
    }
    if cursor.sees(&["OWNER"]) || cursor.sees(&["SET", "OWNER"]) {
        return owner(cursor, on());
    }
    // Tags of views are kept as tables' are.
    let tagged = Securable::Table(name.clone());
    if let Some(command) = tags(cursor, &tagged, None)? {
        return Ok(command);
    }
    if cursor.sees(&["ALTER", "COLUMN"]) || cursor.sees(&["CHANGE", "COLUMN"]) {
        let position = cursor.position();
        let _ = cursor.take(&["ALTER", "COLUMN"]) || cursor.take(&["CHANGE", "COLUMN"]);
        let column = cursor.identifier()?;
        if let Some(command) = tags(cursor, &tagged, Some(&column))? {
            return Ok(command);
        }
        cursor.rewind(position);
    }
    let action = action(cursor, translator)?;
    Ok(Command::AlterTable { name, action })
}

fn keys(cursor: &mut Cursor<'_>) -> Result<Vec<String>, SqlError> {
    cursor.expect(&["("])?;
    let mut keys = Vec::new();
    loop {
        keys.push(property_key(cursor)?);
        if !cursor.take(&[","]) {
            cursor.expect(&[")"])?;
            return Ok(keys);
        }
    }
}

fn action(cursor: &mut Cursor<'_>, translator: &mut Translator<'_>) -> Result<AlterTable, SqlError> {
    if cursor.take(&["RENAME", "TO"]) {
        return Ok(AlterTable::Rename(table_name(cursor, translator)?));
    }
    if cursor.take(&["RENAME", "COLUMN"]) {
        let from = cursor.identifier()?;
        cursor.expect(&["TO"])?;
        return Ok(AlterTable::RenameColumn { from, to: cursor.identifier()? });
    }
    if cursor.take(&["ADD", "COLUMNS"]) || cursor.take(&["ADD", "COLUMN"]) {
        return add_columns(cursor, translator).map(AlterTable::AddColumns);
    }
    if cursor.take(&["DROP", "COLUMNS"]) || cursor.take(&["DROP", "COLUMN"]) {
        let if_exists = cursor.take(&["IF", "EXISTS"]);
        let names = if cursor.sees(&["("]) { identifiers(cursor)? } else { vec![cursor.identifier()?] };
        return Ok(AlterTable::DropColumns { names, if_exists });
    }
    if cursor.take(&["ALTER", "COLUMN"]) || cursor.take(&["CHANGE", "COLUMN"]) {
        return alter_column(cursor, translator);
    }
    if cursor.take(&["SET", "ROW", "FILTER"]) {
        let function = table_name(cursor, translator)?;
        cursor.expect(&["ON"])?;
        let columns = columns(cursor)?;
        return Ok(AlterTable::Policy { column: None, policy: Some(Policy { function, columns }) });
    }
    if cursor.take(&["DROP", "ROW", "FILTER"]) {
        return Ok(AlterTable::Policy { column: None, policy: None });
    }
    if cursor.take(&["AS"]) {
        let written = cursor.rest();
        let query = translator.query(written)?;
        return Ok(AlterTable::ViewQuery { query, definition: translator.as_written(written), inline: false });
    }
    for (words, what) in [(["CLUSTER", "BY"], "CLUSTER BY"), (["DROP", "CONSTRAINT"], "DROP CONSTRAINT")] {
        if cursor.take(&words) {
            cursor.rest();
            return Ok(AlterTable::Recorded(what));
        }
    }
    if cursor.sees(&["ADD", "CONSTRAINT"]) {
        let text = cursor.rest().to_uppercase();
        if text.contains("PRIMARY KEY") || text.contains("FOREIGN KEY") {
            return Ok(AlterTable::Recorded("ADD CONSTRAINT"));
        }
        return Err(SqlError::unsupported("A CHECK constraint"));
    }
    Err(cursor.unexpected())
}

/// Columns that a row filter or a mask takes; constants are refused.
fn columns(cursor: &mut Cursor<'_>) -> Result<Vec<String>, SqlError> {
    if cursor.take(&["(", ")"]) {
        return Ok(Vec::new());
    }
    identifiers(cursor)
}

fn add_columns(cursor: &mut Cursor<'_>, translator: &mut Translator<'_>) -> Result<Vec<ColumnDefinition>, SqlError> {
    let bracketed = cursor.take(&["("]);
    let mut columns = Vec::new();
    loop {
        columns.push(column(cursor, translator)?.0);
        if cursor.take(&["FIRST"]) || cursor.take(&["AFTER"]) {
            return Err(SqlError::unsupported("ADD COLUMN at a position"));
        }
        if !cursor.take(&[","]) {
            break;
        }
    }
    if bracketed {
        cursor.expect(&[")"])?;
    }
    Ok(columns)
}

fn alter_column(cursor: &mut Cursor<'_>, translator: &mut Translator<'_>) -> Result<AlterTable, SqlError> {
    let column = cursor.identifier()?;
    if cursor.take(&["COMMENT"]) {
        return Ok(AlterTable::AlterComment { column, comment: cursor.text()? });
    }
    if cursor.take(&["TYPE"]) {
        return Ok(AlterTable::AlterType { column, physical_type: parse_type(cursor)? });
    }
    if cursor.take(&["SET", "MASK"]) {
        let function = table_name(cursor, translator)?;
        let columns = if cursor.take(&["USING", "COLUMNS"]) { columns(cursor)? } else { Vec::new() };
        return Ok(AlterTable::Policy { column: Some(column), policy: Some(Policy { function, columns }) });
    }
    if cursor.take(&["DROP", "MASK"]) {
        return Ok(AlterTable::Policy { column: Some(column), policy: None });
    }
    if cursor.take(&["SET", "NOT", "NULL"]) {
        return Ok(AlterTable::NotNull { column, set: true });
    }
    if cursor.take(&["DROP", "NOT", "NULL"]) {
        return Ok(AlterTable::NotNull { column, set: false });
    }
    if cursor.take(&["SET", "DEFAULT"]) {
        let expression = translator.expression(cursor.rest())?;
        return Ok(AlterTable::Default { column, expression: Some(expression) });
    }
    if cursor.take(&["DROP", "DEFAULT"]) {
        return Ok(AlterTable::Default { column, expression: None });
    }
    Err(cursor.unexpected())
}
