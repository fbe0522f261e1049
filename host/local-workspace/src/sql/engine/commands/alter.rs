//! ALTER and COMMENT ON.

use std::collections::BTreeMap;

use super::checks::{check_name, check_securable, existing};
use crate::{
    catalog::{
        Audit, Change, TableEdit,
        names::{Securable, TableName},
    },
    sql::{
        engine::{context::Context, inline, lineage, policies, query::Outcome, rights::called},
        language::{
            command::{AlterTable, ColumnDefinition, CommentTarget, Properties},
            error::SqlError,
            names::quote,
            rewrite::check_catalog_writable,
        },
    },
};

pub(super) fn table(context: &Context<'_>, name: &TableName, action: &AlterTable) -> Result<Outcome, SqlError> {
    check_catalog_writable(&Securable::Table(name.clone()))?;
    let table = existing(context, name)?;
    if let Some(column) = changed_columns(action).into_iter().find(|column| table.info.guards_with(column)) {
        return Err(SqlError::unsupported(format!("Changing `{column}`, which a row filter or a column mask takes,")));
    }
    if table.info.metrics && matches!(action, AlterTable::ViewQuery { .. }) {
        return Err(SqlError::unsupported("ALTER VIEW AS of a metric view (CREATE OR REPLACE VIEW changes it)"));
    }
    match action {
        AlterTable::Rename(to) => return rename(context, name, to, table.is_view),
        AlterTable::AlterComment { column, comment } => {
            let on = CommentTarget::Column { table: name.clone(), column: column.clone() };
            return self::comment(context, &on, Some(comment));
        }
        AlterTable::Policy { column, policy } => {
            return policies::set(context, &table, column.as_deref(), policy.as_ref());
        }
        AlterTable::Recorded(what) => context.record(name, what, BTreeMap::new()),
        action => {
            let statements = statements(context, name, table.is_view, action)?;
            let change = Change::EditTable {
                name: name.clone(),
                edit: edit(context, action)?,
                entry: context.entry(operation(action)),
            };
            context.change(&change, || statements.iter().try_for_each(|statement| context.execute(statement)))?;
            if matches!(action, AlterTable::ViewQuery { .. }) {
                lineage::record(context, name, None);
            }
        }
    }
    Ok(Outcome::nothing("ALTER"))
}

/// Columns that will not be as they were.
fn changed_columns(action: &AlterTable) -> Vec<&String> {
    match action {
        AlterTable::DropColumns { names, .. } => names.iter().collect(),
        AlterTable::RenameColumn { from: column, .. } | AlterTable::AlterType { column, .. } => vec![column],
        _ => Vec::new(),
    }
}

/// What DuckDB has to do.
fn statements(
    context: &Context<'_>,
    name: &TableName,
    is_view: bool,
    action: &AlterTable,
) -> Result<Vec<String>, SqlError> {
    let word = if is_view { "VIEW" } else { "TABLE" };
    let alter = |change: String| format!("ALTER {word} {} {change}", name.physical());
    Ok(match action {
        AlterTable::AddColumns(columns) => {
            let add = |column: &ColumnDefinition| {
                let default = column.default.as_ref().map(|d| format!(" DEFAULT {d}")).unwrap_or_default();
                alter(format!("ADD COLUMN {} {}{default}", quote(&column.name), column.physical_type))
            };
            columns.iter().map(add).collect()
        }
        AlterTable::DropColumns { names, if_exists } => {
            let guard = if *if_exists { "IF EXISTS " } else { "" };
            names.iter().map(|column| alter(format!("DROP COLUMN {guard}{}", quote(column)))).collect()
        }
        AlterTable::RenameColumn { from, to } => {
            vec![alter(format!("RENAME COLUMN {} TO {}", quote(from), quote(to)))]
        }
        AlterTable::AlterType { column, physical_type } => {
            vec![alter(format!("ALTER COLUMN {} TYPE {physical_type}", quote(column)))]
        }
        AlterTable::NotNull { column, set } => {
            let word = if *set { "SET" } else { "DROP" };
            vec![alter(format!("ALTER COLUMN {} {word} NOT NULL", quote(column)))]
        }
        AlterTable::Default { column, expression } => {
            let change = expression.as_ref().map_or_else(|| "DROP DEFAULT".to_owned(), |e| format!("SET DEFAULT {e}"));
            vec![alter(format!("ALTER COLUMN {} {change}", quote(column)))]
        }
        AlterTable::ViewQuery { query, inline, .. } => {
            let query = if *inline { inline::hull(context, query, &[])? } else { query.clone() };
            vec![format!("CREATE OR REPLACE VIEW {} AS {query}", name.physical())]
        }
        AlterTable::Rename(_)
        | AlterTable::AlterComment { .. }
        | AlterTable::Recorded(_)
        | AlterTable::Policy { .. } => Vec::new(),
    })
}

/// What the catalog keeps of columns goes with its columns.
fn edit(context: &Context<'_>, action: &AlterTable) -> Result<TableEdit, SqlError> {
    let mut edit = TableEdit::default();
    match action {
        AlterTable::AddColumns(columns) => {
            edit.comments = columns.iter().filter_map(|c| Some((c.name.to_lowercase(), c.comment.clone()?))).collect();
            edit.limits = columns.iter().filter_map(|c| Some((c.name.to_lowercase(), c.text_limit?))).collect();
        }
        AlterTable::RenameColumn { from, to } => edit.renamed = Some((from.to_lowercase(), to.to_lowercase())),
        AlterTable::DropColumns { names, .. } => edit.dropped = names.iter().map(|name| name.to_lowercase()).collect(),
        AlterTable::ViewQuery { definition, inline, .. } => {
            if *inline {
                context.objects.look_for_inlined();
            }
            edit.inline = *inline;
            edit.view_home = Some(context.home());
            edit.view_definition = Some(definition.clone());
            edit.view_reads = context.notes.reads.clone();
            edit.view_calls = called(context)?;
        }
        _ => {}
    }
    Ok(edit)
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
        | AlterTable::Policy { .. }
        | AlterTable::NotNull { .. }
        | AlterTable::Default { .. } => "CHANGE COLUMN",
    }
}

fn rename(context: &Context<'_>, from: &TableName, to: &TableName, is_view: bool) -> Result<Outcome, SqlError> {
    if from.schema_name() != to.schema_name() {
        return Err(SqlError::unsupported("Moving a table to another schema"));
    }
    check_name(to)?;
    if context.table_exists(to) {
        return Err(SqlError::table_exists(&to.quoted()));
    }
    let word = if is_view { "VIEW" } else { "TABLE" };
    let rename = format!("ALTER {word} {} RENAME TO {}", from.physical(), quote(&to.table));
    let change = Change::RenameTable { from: from.clone(), to: to.clone(), entry: context.entry("RENAME") };
    context.change(&change, || context.execute(&rename))?;
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
    let edit = |properties: &mut BTreeMap<String, String>| {
        for key in unset {
            properties.remove(key);
        }
        properties.extend(set.iter().cloned());
    };
    context.objects.ask(|known| async move {
        match on {
            Securable::Catalog(name) => known.edit_catalog(name, |c| edit(&mut c.properties)).await,
            Securable::Schema(name) => known.edit_schema(name, |s| edit(&mut s.properties)).await,
            Securable::Table(name) | Securable::View(name) => {
                known.edit_table(name, context.user, |t| edit(&mut t.properties)).await
            }
            Securable::Metastore | Securable::Function(_) | Securable::Volume(_) | Securable::Object(..) => Ok(()),
        }
    })?;
    if let Securable::Table(name) = on {
        context.record(name, "SET TBLPROPERTIES", BTreeMap::new());
    }
    Ok(Outcome::nothing("ALTER"))
}

pub(super) fn owner(context: &Context<'_>, on: &Securable, owner: &str) -> Result<Outcome, SqlError> {
    check_catalog_writable(on)?;
    check_securable(context, on)?;
    let edit = |audit: &mut Audit| {
        owner.clone_into(&mut audit.owner);
        audit.touch(context.user);
    };
    context.objects.ask(|known| async move {
        match on {
            Securable::Catalog(name) => known.edit_catalog(name, |c| edit(&mut c.audit)).await,
            Securable::Schema(name) => known.edit_schema(name, |s| edit(&mut s.audit)).await,
            Securable::Table(name) | Securable::View(name) => {
                known.edit_table(name, context.user, |t| edit(&mut t.audit)).await
            }
            Securable::Volume(name) => known.edit_volume(name, |v| edit(&mut v.audit)).await,
            Securable::Function(name) => known.edit_function(name, |f| edit(&mut f.audit)).await,
            Securable::Metastore | Securable::Object(..) => Ok(()),
        }
    })?;
    Ok(Outcome::nothing("ALTER"))
}

pub(super) fn comment(context: &Context<'_>, on: &CommentTarget, text: Option<&str>) -> Result<Outcome, SqlError> {
    let text = text.map(str::to_owned);
    match on {
        CommentTarget::Securable(on) => {
            check_catalog_writable(on)?;
            check_securable(context, on)?;
            context.objects.ask(|known| async move {
                match on {
                    Securable::Catalog(name) => known.edit_catalog(name, |c| c.comment = text).await,
                    Securable::Schema(name) => known.edit_schema(name, |s| s.comment = text).await,
                    Securable::Table(name) | Securable::View(name) => {
                        known.edit_table(name, context.user, |t| t.comment = text).await
                    }
                    Securable::Function(name) => known.edit_function(name, |f| f.comment = text).await,
                    Securable::Volume(name) => known.edit_volume(name, |v| v.comment = text).await,
                    Securable::Metastore | Securable::Object(..) => Ok(()),
                }
            })?;
        }
        CommentTarget::Column { table, column } => {
            check_catalog_writable(&Securable::Table(table.clone()))?;
            let known = existing(context, table)?;
            let names: Vec<_> = known.columns.iter().map(|c| c.name.clone()).collect();
            if !names.iter().any(|name| name.eq_ignore_ascii_case(column)) {
                return Err(SqlError::column_not_found(column, &names));
            }
            let edit = |comments: &mut BTreeMap<String, String>| match text {
                Some(text) => comments.insert(column.to_lowercase(), text),
                None => comments.remove(&column.to_lowercase()),
            };
            context.objects.ask(|known| {
                known.edit_table(table, context.user, |t| {
                    edit(&mut t.column_comments);
                })
            })?;
        }
    }
    Ok(Outcome::nothing("COMMENT"))
}
