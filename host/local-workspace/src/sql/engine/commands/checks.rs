//! What statements ask before they do anything.

use crate::{
    catalog::names::{SchemaName, Securable, TableName},
    sql::{
        engine::{
            context::Context,
            schema::{Table, table},
        },
        language::error::SqlError,
    },
};

/// Longest name of a table, view or function, in characters: Unity Catalog's own bound.
const NAME_LENGTH: usize = 255;

pub(super) fn check_catalog(context: &Context<'_>, name: &str) -> Result<(), SqlError> {
    let known = context.objects.ask(|known| known.catalog(name))?.is_some();
    if known { Ok(()) } else { Err(SqlError::catalog_not_found(name)) }
}

pub(super) fn check_schema(context: &Context<'_>, name: &SchemaName) -> Result<(), SqlError> {
    check_catalog(context, &name.catalog)?;
    let known = context.objects.ask(|known| known.schema(name))?.is_some();
    if known { Ok(()) } else { Err(SqlError::schema_not_found(&name.quoted())) }
}

pub(super) fn existing(context: &Context<'_>, name: &TableName) -> Result<Table, SqlError> {
    table(context.session, context.objects, name)
}

/// Refuses an object that does not exist.
pub(super) fn check_securable(context: &Context<'_>, on: &Securable) -> Result<(), SqlError> {
    match on {
        Securable::Metastore | Securable::Object(..) => Ok(()),
        Securable::Catalog(name) => check_catalog(context, name),
        Securable::Schema(name) => check_schema(context, name),
        Securable::Table(name) | Securable::View(name) => existing(context, name).map(drop),
        Securable::Function(name) => {
            let known = context.objects.ask(|known| known.function(name))?.is_some();
            if known { Ok(()) } else { Err(SqlError::routine_not_found(&name.full_name())) }
        }
        Securable::Volume(name) => {
            let known = context.objects.ask(|known| known.volume(name))?.is_some();
            if known { Ok(()) } else { Err(SqlError::volume_not_found(&name.full_name())) }
        }
    }
}

/// Refuses a name that no table, view or function can have.
pub(super) fn check_name(name: &TableName) -> Result<(), SqlError> {
    let bad = |c: char| c == '/' || c == '.' || c == ' ' || c.is_control();
    if name.table.is_empty() || name.table.chars().count() > NAME_LENGTH || name.table.contains(bad) {
        let detail = format!(
            "`{}` is not a valid name for tables/schemas. Valid names are not empty, have at most {NAME_LENGTH} characters, and \
             hold no blanks, dots, slashes and control characters.",
            name.table
        );
        return Err(SqlError::new("INVALID_SCHEMA_OR_RELATION_NAME", "42602", detail));
    }
    Ok(())
}
