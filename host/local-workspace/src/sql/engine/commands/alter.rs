//! ALTER and COMMENT ON.

use super::{check_securable, existing, record};
use crate::{
    catalog::State,
    sql::engine::query::{Context, Outcome},
    sql::language::{
        command::{AlterTable, CommentTarget, Properties, Securable},
        error::SqlError,
        names::{TableName, quote},
        rewrite::check_catalog_writable,
    },
};

pub(super) fn table(context: &Context<'_>, name: &TableName, action: &AlterTable) -> Result<Outcome, SqlError> {
    check_catalog_writable(&Securable::Table(name.clone()))?;
    let table = existing(context, name)?;
    let alter = |change: String| {
        let word = if table.is_view { "VIEW" } else { "TABLE" };
        context.execute(&format!("ALTER {word} {} {change}", name.physical()))
    };
    match action {
        AlterTable::Rename(to) => return rename(context, name, to, table.is_view),
        AlterTable::AddColumns(columns) => context.transaction(|| {
            for column in columns {
                let default = column.default.as_ref().map(|d| format!(" DEFAULT {d}")).unwrap_or_default();
                alter(format!("ADD COLUMN {} {}{default}", quote(&column.name), column.physical_type))?;
            }
            Ok(())
        })?,
        AlterTable::DropColumns { names, if_exists } => context.transaction(|| {
            for column in names {
                let guard = if *if_exists { "IF EXISTS " } else { "" };
                alter(format!("DROP COLUMN {guard}{}", quote(column)))?;
            }
            Ok(())
        })?,
        AlterTable::RenameColumn { from, to } => alter(format!("RENAME COLUMN {} TO {}", quote(from), quote(to)))?,
        AlterTable::AlterType { column, physical_type } => {
            alter(format!("ALTER COLUMN {} TYPE {physical_type}", quote(column)))?;
        }
        AlterTable::NotNull { column, set } => {
            let word = if *set { "SET" } else { "DROP" };
            alter(format!("ALTER COLUMN {} {word} NOT NULL", quote(column)))?;
        }
        AlterTable::Default { column, expression } => {
            let change = expression.as_ref().map_or_else(|| "DROP DEFAULT".to_owned(), |e| format!("SET DEFAULT {e}"));
            alter(format!("ALTER COLUMN {} {change}", quote(column)))?;
        }
        AlterTable::AlterComment { column, comment } => {
            let on = CommentTarget::Column { table: name.clone(), column: column.clone() };
            return self::comment(context, &on, Some(comment));
        }
        AlterTable::ViewQuery { query, definition } => {
            context.execute(&format!("CREATE OR REPLACE VIEW {} AS {query}", name.physical()))?;
            context.metastore.write(|state| {
                if let Some(info) = state.table_mut(name, context.user) {
                    info.view_definition = Some(definition.clone());
                }
            });
        }
        AlterTable::Recorded(_) => {}
    }
    follow_columns(context, name, action);
    record(context, name, operation(action));
    Ok(Outcome::nothing("ALTER"))
}

/// Keeps what the catalog knows of columns with their columns.
fn follow_columns(context: &Context<'_>, name: &TableName, action: &AlterTable) {
    context.metastore.write(|state| {
        let Some(info) = state.table_mut(name, context.user) else { return };
        let comments = &mut info.column_comments;
        match action {
            AlterTable::AddColumns(columns) => {
                let new = columns.iter().filter_map(|c| Some((c.name.to_lowercase(), c.comment.clone()?)));
                comments.extend(new);
                let limits = columns.iter().filter_map(|c| Some((c.name.to_lowercase(), c.text_limit?)));
                info.text_limits.extend(limits);
            }
            AlterTable::RenameColumn { from, to } => {
                if let Some(comment) = comments.remove(&from.to_lowercase()) {
                    comments.insert(to.to_lowercase(), comment);
                }
                if let Some(limit) = info.text_limits.remove(&from.to_lowercase()) {
                    info.text_limits.insert(to.to_lowercase(), limit);
                }
            }
            AlterTable::DropColumns { names, .. } => {
                for name in names {
                    comments.remove(&name.to_lowercase());
                    info.text_limits.remove(&name.to_lowercase());
                }
            }
            _ => {}
        }
    });
}

fn operation(action: &AlterTable) -> &'static str {
    match action {
        AlterTable::Rename(_) => "RENAME",
        AlterTable::AddColumns(_) => "ADD COLUMNS",
        AlterTable::DropColumns { .. } => "DROP COLUMNS",
        AlterTable::RenameColumn { .. } => "RENAME COLUMN",
        AlterTable::ViewQuery { .. } => "ALTER VIEW",
        AlterTable::Recorded(what) => what,
        AlterTable::AlterType { .. }
        | AlterTable::AlterComment { .. }
        | AlterTable::NotNull { .. }
        | AlterTable::Default { .. } => "CHANGE COLUMN",
    }
}

fn rename(context: &Context<'_>, from: &TableName, to: &TableName, is_view: bool) -> Result<Outcome, SqlError> {
    if from.schema_name() != to.schema_name() {
        return Err(SqlError::unsupported("Moving a table to another schema"));
    }
    if context.table_exists(to) {
        return Err(SqlError::table_exists(&to.quoted()));
    }
    let word = if is_view { "VIEW" } else { "TABLE" };
    context.execute(&format!("ALTER {word} {} RENAME TO {}", from.physical(), quote(&to.table)))?;
    context.metastore.write(|state| {
        let Some(schema) = state.schema_mut(&from.schema_name()) else {
            return;
        };
        if let Some(info) = schema.tables.remove(&from.table) {
            schema.tables.insert(to.table.clone(), info);
        }
        let (old, new) = (from.full_name(), to.full_name());
        for grant in state.grants.iter_mut().filter(|g| g.full_name == old) {
            grant.full_name.clone_from(&new);
        }
    });
    record(context, to, "RENAME");
    Ok(Outcome::nothing("ALTER"))
}

pub(super) fn properties(
    context: &Context<'_>,
    on: &Securable,
    set: &Properties,
    unset: &[String],
) -> Result<Outcome, SqlError> {
    check_catalog_writable(on)?;
    check_securable(context, on)?;
    context.metastore.write(|state| {
        let Some(properties) = properties_of(state, on, context.user) else {
            return;
        };
        for key in unset {
            properties.remove(key);
        }
        properties.extend(set.iter().cloned());
    });
    if let Securable::Table(name) = on {
        record(context, name, "SET TBLPROPERTIES");
    }
    Ok(Outcome::nothing("ALTER"))
}

fn properties_of<'a>(
    state: &'a mut State,
    on: &Securable,
    user: &str,
) -> Option<&'a mut std::collections::BTreeMap<String, String>> {
    match on {
        Securable::Catalog(name) => state.catalogs.get_mut(name).map(|c| &mut c.properties),
        Securable::Schema(name) => state.schema_mut(name).map(|s| &mut s.properties),
        Securable::Table(name) | Securable::View(name) => state.table_mut(name, user).map(|t| &mut t.properties),
        Securable::Metastore | Securable::Function(_) => None,
    }
}

pub(super) fn owner(context: &Context<'_>, on: &Securable, owner: &str) -> Result<Outcome, SqlError> {
    check_catalog_writable(on)?;
    check_securable(context, on)?;
    context.metastore.write(|state| {
        let audit = match on {
            Securable::Catalog(name) => state.catalogs.get_mut(name).map(|c| &mut c.audit),
            Securable::Schema(name) => state.schema_mut(name).map(|s| &mut s.audit),
            Securable::Table(name) | Securable::View(name) => state.table_mut(name, context.user).map(|t| &mut t.audit),
            Securable::Metastore | Securable::Function(_) => None,
        };
        if let Some(audit) = audit {
            owner.clone_into(&mut audit.owner);
            audit.touch(context.user);
        }
    });
    Ok(Outcome::nothing("ALTER"))
}

pub(super) fn comment(context: &Context<'_>, on: &CommentTarget, text: Option<&str>) -> Result<Outcome, SqlError> {
    let text = text.map(str::to_owned);
    match on {
        CommentTarget::Securable(on) => {
            check_catalog_writable(on)?;
            check_securable(context, on)?;
            context.metastore.write(|state| {
                let comment = match on {
                    Securable::Catalog(name) => state.catalogs.get_mut(name).map(|c| &mut c.comment),
                    Securable::Schema(name) => state.schema_mut(name).map(|s| &mut s.comment),
                    Securable::Table(name) | Securable::View(name) => {
                        state.table_mut(name, context.user).map(|t| &mut t.comment)
                    }
                    Securable::Function(name) => state
                        .schema_mut(&name.schema_name())
                        .and_then(|s| s.functions.get_mut(&name.table))
                        .map(|f| &mut f.comment),
                    Securable::Metastore => None,
                };
                if let Some(comment) = comment {
                    *comment = text;
                }
            });
        }
        CommentTarget::Column { table, column } => {
            check_catalog_writable(&Securable::Table(table.clone()))?;
            let known = existing(context, table)?;
            let names: Vec<_> = known.columns.iter().map(|c| c.name.clone()).collect();
            if !names.iter().any(|name| name.eq_ignore_ascii_case(column)) {
                return Err(SqlError::column_not_found(column, &names));
            }
            context.metastore.write(|state| {
                let Some(info) = state.table_mut(table, context.user) else {
                    return;
                };
                match text {
                    Some(text) => info.column_comments.insert(column.to_lowercase(), text),
                    None => info.column_comments.remove(&column.to_lowercase()),
                };
            });
        }
    }
    Ok(Outcome::nothing("COMMENT"))
}
