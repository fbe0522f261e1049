//! Whether a user may do what a statement does.
//!
//! Who may what is the catalog's to say (`catalog/rights.rs`); this says what each statement needs. Rules: Databricks'
//! documentation, "Unity Catalog privileges and securable objects", and the "Required permissions" of the statements'
//! own pages. An administrator is asked nothing.

use std::collections::BTreeSet;

use super::context::Context;
use crate::{
    catalog::{
        names::{SchemaName, Securable, TableName},
        rights::{Denied, Privilege},
    },
    sql::language::{
        command::{AlterTable, Command, CommentTarget, Describe, DropKind, Maintenance, Show, TableSource},
        error::SqlError,
        statement::{DmlKind, Parsed},
    },
};

/// What a statement needs beside reading.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Need {
    /// One of these privileges; a refusal names the first.
    Has(&'static [Privilege], Securable),
    /// Any privilege: the statement only shows what the object is.
    Sees(Securable),
}

/// What changes an object as data.
const CHANGES: &[Privilege] = &[Privilege::Modify, Privilege::Manage];

/// Refuses a statement that its user may not run.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, naming what the user lacks.
pub(super) fn check(context: &Context<'_>, parsed: &Parsed) -> Result<(), SqlError> {
    if context.objects.subject(context.user).is_admin() {
        return Ok(());
    }
    reads(context, context.user, &context.notes.reads, &mut BTreeSet::new())?;
    let needs = called(context)?.into_iter().map(|name| Need::Has(&[Privilege::Execute], Securable::Function(name)));
    for need in needs.chain(needs_of(parsed)) {
        meet(context, &need)?;
    }
    Ok(())
}

/// Whether a user meets a need. Of what does not exist only the way to it is asked for; the statement says the rest.
fn meet(context: &Context<'_>, need: &Need) -> Result<(), SqlError> {
    let (Need::Has(_, on) | Need::Sees(on)) = need;
    if context.objects.ask(|known| known.owner(on))?.is_none() {
        return way(context, on);
    }
    let mut lacking = None;
    match need {
        Need::Sees(on) => lacking = context.objects.ask(|known| known.hidden(context.user, on))?,
        Need::Has(privileges, on) => {
            for privilege in *privileges {
                match context.objects.ask(|known| known.denied(context.user, on, *privilege))? {
                    Some(denied) => lacking = lacking.or(Some(denied)),
                    None => return Ok(()),
                }
            }
        }
    }
    lacking.map_or(Ok(()), |denied| Err(refused(&denied)))
}

fn refused(denied: &Denied) -> SqlError {
    SqlError::permission(format!("Insufficient privileges: {denied}"))
}

/// Refuses who may not come to where an object would be.
fn way(context: &Context<'_>, on: &Securable) -> Result<(), SqlError> {
    for container in on.around() {
        let privilege = match &container {
            Securable::Schema(_) => Privilege::UseSchema,
            Securable::Catalog(_) => Privilege::UseCatalog,
            _ => continue,
        };
        if context.objects.ask(|known| known.owner(&container))?.is_some() {
            let denied = context.objects.ask(|known| known.denied(context.user, &container, privilege))?;
            return denied.map_or(Ok(()), |denied| Err(refused(&denied)));
        }
    }
    Ok(())
}

/// Whether a user may read tables. What a view reads is its owner's to read.
fn reads(
    context: &Context<'_>,
    user: &str,
    names: &[TableName],
    passed: &mut BTreeSet<TableName>,
) -> Result<(), SqlError> {
    for name in names {
        let on = Securable::Table(name.clone());
        let Some(info) = context.objects.ask(|known| known.table(name))? else {
            if user == context.user {
                way(context, &on)?;
            }
            continue;
        };
        if let Some(denied) = context.objects.ask(|known| known.denied(user, &on, Privilege::Select))? {
            return Err(match user == context.user {
                true => refused(&denied),
                false => SqlError::permission(format!(
                    "Insufficient privileges: the owner '{user}' of a view may not read what it shows any more. {denied}"
                )),
            });
        }
        if info.view_definition.is_some() && passed.insert(name.clone()) {
            reads(context, &info.audit.owner, &info.view_reads, passed)?;
        }
    }
    Ok(())
}

/// Functions of the catalog that the statement calls; what they read was asked for when they were made.
pub(super) fn called(context: &Context<'_>) -> Result<Vec<TableName>, SqlError> {
    let notes = context.notes;
    let mut found = notes.functions.clone();
    if !notes.calls.is_empty() {
        let namespace = context.namespace;
        let schema = SchemaName { catalog: namespace.catalog.clone(), schema: namespace.schema.clone() };
        let known = context.objects.ask(|known| known.functions(&schema))?.into_iter().map(|(name, _)| name);
        found.extend(known.filter(|name| notes.calls.contains(name)).map(|name| schema.object(&name)));
    }
    Ok(found)
}

/// What a statement needs beside the tables that it reads and the functions that it calls.
fn needs_of(parsed: &Parsed) -> Vec<Need> {
    let table = |privileges, name: &TableName| Need::Has(privileges, Securable::Table(name.clone()));
    match parsed {
        Parsed::Query(_) | Parsed::Explain(_) => Vec::new(),
        Parsed::Dml(dml) => match dml.kind {
            // What is changed is looked for first.
            DmlKind::Update | DmlKind::Delete | DmlKind::Merge => {
                vec![table(&[Privilege::Modify], &dml.target), table(&[Privilege::Select], &dml.target)]
            }
            DmlKind::Insert => vec![table(&[Privilege::Modify], &dml.target)],
        },
        // Whoever owns the volume, or the volume's grants, says who reads the files.
        Parsed::Copy(copy) => vec![table(&[Privilege::Modify], &copy.target)],
        Parsed::Command(command) => of_command(command),
    }
}

fn of_command(command: &Command) -> Vec<Need> {
    let has = |privileges, on: Securable| vec![Need::Has(privileges, on)];
    let manages = |on: Securable| vec![Need::Has(&[Privilege::Manage], on)];
    let in_schema = |privileges, name: &TableName| vec![Need::Has(privileges, Securable::Schema(name.schema_name()))];
    let table = |name: &TableName| Securable::Table(name.clone());
    match command {
        Command::Show(show) => of_show(show),
        Command::Describe(describe) => of_describe(describe),
        Command::UseCatalog(name) => has(&[Privilege::UseCatalog], Securable::Catalog(name.clone())),
        Command::UseSchema(name) => has(&[Privilege::UseSchema], Securable::Schema(name.clone())),
        Command::CreateCatalog { .. } => has(&[Privilege::CreateCatalog], Securable::Metastore),
        Command::DropCatalog { name, .. } => manages(Securable::Catalog(name.clone())),
        Command::CreateSchema { name, .. } => has(&[Privilege::CreateSchema], Securable::Catalog(name.catalog.clone())),
        Command::DropSchema { name, .. } => manages(Securable::Schema(name.clone())),
        Command::CreateVolume { name, .. } => in_schema(&[Privilege::CreateVolume], name),
        Command::DropVolume { name, .. } => manages(Securable::Volume(name.clone())),
        Command::CreateTable(made) => {
            let mut needs = in_schema(&[Privilege::CreateTable], &made.name);
            if let TableSource::Like(source) | TableSource::Clone(source) = &made.source {
                needs.push(Need::Has(&[Privilege::Select], table(source)));
            }
            needs.extend(replaced(made.or_replace, table(&made.name)));
            needs
        }
        Command::CreateView(made) => {
            let mut needs = in_schema(&[Privilege::CreateTable], &made.name);
            needs.extend(replaced(made.or_replace, table(&made.name)));
            needs
        }
        Command::CreateFunction(made) => {
            let mut needs = in_schema(&[Privilege::CreateFunction], &made.name);
            needs.extend(replaced(made.or_replace, Securable::Function(made.name.clone())));
            needs
        }
        Command::Drop { kind: DropKind::Function, name, .. } => manages(Securable::Function(name.clone())),
        Command::Drop { name, .. } => manages(table(name)),
        Command::AlterTable { name, action: AlterTable::Rename(_) | AlterTable::ViewQuery { .. } } => {
            manages(table(name))
        }
        Command::AlterTable { name, action: AlterTable::Policy { policy, .. } } => {
            let mut needs = manages(table(name));
            let function = policy.as_ref().map(|policy| Securable::Function(policy.function.clone()));
            needs.extend(function.map(|function| Need::Has(&[Privilege::Execute], function)));
            needs
        }
        Command::Truncate(name) => has(&[Privilege::Modify], table(name)),
        Command::Maintain { what: Maintenance::Refresh | Maintenance::Cache, table: Some(name) } => {
            has(&[Privilege::Select], table(name))
        }
        Command::AlterTable { name, .. }
        | Command::AlterProperties { on: Securable::Table(name) | Securable::View(name), .. }
        | Command::Comment {
            on:
                CommentTarget::Securable(Securable::Table(name) | Securable::View(name))
                | CommentTarget::Column { table: name, .. },
            ..
        }
        | Command::Maintain { table: Some(name), .. } => has(CHANGES, table(name)),
        Command::Tag { on, .. } => has(&[Privilege::ApplyTag], on.on.clone()),
        Command::AlterProperties { on, .. }
        | Command::SetOwner { on, .. }
        | Command::Comment { on: CommentTarget::Securable(on), .. }
        | Command::Grant { on, .. }
        | Command::Revoke { on, .. } => manages(on.clone()),
        // The files area looks at the right to a volume's files.
        Command::List { .. } | Command::Maintain { table: None, .. } | Command::Set { .. } => Vec::new(),
    }
}

/// CREATE OR REPLACE of something that is there takes it away.
fn replaced(or_replace: bool, on: Securable) -> Option<Need> {
    or_replace.then_some(Need::Has(&[Privilege::Manage], on))
}

fn of_show(show: &Show) -> Vec<Need> {
    match show {
        // What these show is sifted.
        Show::Catalogs { .. } | Show::CurrentSchema | Show::Grants { on: Securable::Metastore, .. } => Vec::new(),
        Show::Schemas { catalog, .. } => vec![Need::Sees(Securable::Catalog(catalog.clone()))],
        Show::Tables { schema, .. }
        | Show::Views { schema, .. }
        | Show::Volumes { schema, .. }
        | Show::Functions { schema, user: true, .. } => vec![Need::Sees(Securable::Schema(schema.clone()))],
        Show::Functions { .. } => Vec::new(),
        Show::Columns { table } | Show::CreateTable { table } | Show::Properties { table, .. } => {
            vec![Need::Sees(Securable::Table(table.clone()))]
        }
        Show::Grants { on, .. } => vec![Need::Sees(on.clone())],
    }
}

fn of_describe(describe: &Describe) -> Vec<Need> {
    match describe {
        Describe::Table { table, .. } | Describe::Json { table } | Describe::Detail { table } => {
            vec![Need::Sees(Securable::Table(table.clone()))]
        }
        // Who did what to a table is for those who may read it.
        Describe::History { table } => vec![Need::Has(&[Privilege::Select], Securable::Table(table.clone()))],
        Describe::Catalog { name, .. } => vec![Need::Sees(Securable::Catalog(name.clone()))],
        Describe::Schema { name, .. } => vec![Need::Sees(Securable::Schema(name.clone()))],
        Describe::Function { name } => vec![Need::Sees(Securable::Function(name.clone()))],
        Describe::Volume { name } => vec![Need::Sees(Securable::Volume(name.clone()))],
        Describe::Query { .. } => Vec::new(),
    }
}

/// Keeps of objects in one container what the statement's user may know of.
///
/// # Errors
/// A database that cannot be read.
pub(super) fn visible<T>(
    context: &Context<'_>,
    container: Option<&Securable>,
    items: Vec<T>,
    of: impl Fn(&T) -> (Securable, String),
) -> Result<Vec<T>, SqlError> {
    context.objects.ask(|known| known.visible(context.user, container, items, of))
}
