//! Queries in the place of names: what a statement's user reads where the engine has no table of that name, or one that
//! is not for everybody to see as it is.
//!
//! These are the views of information_schema, files of volumes, tables with row filters or masks (`policies.rs`), and
//! views over any of these. Of such a view the engine knows the columns only ([`hull`]); each reader gets its query,
//! translated anew, with its owner's right to files and the reader's own policies.
//!
//! **Invariant**: what must not be read as it stands in the engine is found here ([`names`]) before a statement runs,
//! through views and functions of any depth.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    context::Context,
    information, policies,
    rights::called,
    schema,
    sources::{self, Found},
    store,
};
use crate::{
    catalog::{Inlined, TableInfo, names::TableName},
    sql::language::{
        error::SqlError,
        inline::Place,
        names::{Namespace, quote},
        plan::translate,
        statement::Parsed,
    },
};

/// How deep views over views may lie in each other.
const MAX_DEPTH: usize = 32;

/// How many queries of views one statement may hold.
const MAX_QUERIES: usize = 256;

/// How long they may be together, in bytes.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// A statement with queries in the place of names, for as long as it runs.
pub(super) struct Ready {
    pub(super) parsed: Parsed,
    _found: Vec<Found>,
}

/// The tables and views that a statement reads and that need queries in their place.
///
/// # Errors
/// Functions that read such, and what is not done to such tables.
pub(super) fn names(context: &Context<'_>, parsed: &Parsed) -> Result<Vec<TableName>, SqlError> {
    let inlined = context.objects.inlined()?;
    if inlined == Inlined::default() {
        return Ok(Vec::new());
    }
    policies::check(&inlined.guarded, parsed)?;
    let mut walk = Walk { context, inlined: &inlined, known: BTreeMap::new() };
    for function in called(context)? {
        if walk.function(&function)? {
            return Err(SqlError::unsupported(format!("Calling {}, which reads {WHAT},", function.full_name())));
        }
    }
    let mut found = Vec::new();
    for name in &context.notes.reads {
        if walk.table(name)? {
            found.push(name.clone());
        }
    }
    Ok(found)
}

/// What is not read through functions.
const WHAT: &str = "files, information_schema, or a table with a row filter or a column mask";

/// Looks through views and functions for what is not in the engine as it is to be read.
struct Walk<'a> {
    context: &'a Context<'a>,
    inlined: &'a Inlined,
    /// What was looked at; a name that is met while it is looked at reads nothing new.
    known: BTreeMap<TableName, bool>,
}

impl Walk<'_> {
    fn table(&mut self, name: &TableName) -> Result<bool, SqlError> {
        if self.inlined.guarded.contains(name) || self.inlined.views.contains(name) {
            return Ok(true);
        }
        if let Some(known) = self.known.get(name) {
            return Ok(*known);
        }
        self.known.insert(name.clone(), false);
        let Some(info) = self.context.objects.ask(|known| known.table(name))? else { return Ok(false) };
        if info.view_definition.is_none() {
            return Ok(false);
        }
        for function in &info.view_calls {
            if self.function(function)? {
                return Err(SqlError::unsupported(format!(
                    "Reading {}, which calls a function that reads {WHAT},",
                    name.full_name()
                )));
            }
        }
        let mut found = false;
        for read in &info.view_reads {
            found |= self.table(read)?;
        }
        self.known.insert(name.clone(), found);
        Ok(found)
    }

    fn function(&mut self, name: &TableName) -> Result<bool, SqlError> {
        let Some(info) = self.context.objects.ask(|known| known.function(name))? else { return Ok(false) };
        // What functions of earlier versions read was not written down.
        let Some(uses) = info.uses else { return Ok(true) };
        // Names of functions and of tables do not meet.
        let key = TableName { table: format!("{}()", name.table), ..name.clone() };
        if let Some(known) = self.known.get(&key) {
            return Ok(*known);
        }
        self.known.insert(key.clone(), false);
        let mut found = false;
        for table in &uses.tables {
            found |= self.table(table)?;
        }
        for function in &uses.functions {
            found |= self.function(function)?;
        }
        self.known.insert(key, found);
        Ok(found)
    }
}

/// Whether a statement has names that stand for queries.
pub(super) fn is_needed(context: &Context<'_>) -> bool {
    let notes = context.notes;
    !(notes.sources.is_empty() && notes.information.is_empty() && notes.inlined.is_empty())
}

/// Puts queries in the place of the names that stand for them.
///
/// # Errors
/// Files that the user may not read or that are not there, and statements that would keep what they read from.
pub(super) fn ready(context: &Context<'_>, parsed: &Parsed) -> Result<Ready, SqlError> {
    let mut filling = Filling { reader: context.user, within: Vec::new(), queries: 0, bytes: 0, found: Vec::new() };
    let queries = filling.queries(context)?;
    // A plan names the engine's own files.
    if matches!(parsed, Parsed::Explain(_)) && !filling.found.is_empty() {
        return Err(SqlError::unsupported("A plan over files"));
    }
    let Some(parsed) = parsed.with_queries(&queries) else {
        return Err(SqlError::unsupported(format!("A function over {WHAT}")));
    };
    Ok(Ready { parsed, _found: filling.found })
}

/// What is gathered while queries are put into queries.
struct Filling<'a> {
    /// The statement's user, on whom depends what is seen of the catalog.
    reader: &'a str,
    /// The views that the one at hand is read for.
    within: Vec<TableName>,
    queries: usize,
    bytes: usize,
    found: Vec<Found>,
}

impl Filling<'_> {
    /// The query for each name that stands for one in the statement or view whose notes are at hand.
    fn queries(&mut self, context: &Context<'_>) -> Result<Vec<(String, String)>, SqlError> {
        let mut queries = Vec::new();
        for (name, view) in &context.notes.information {
            let reader = Context { user: self.reader, ..*context };
            queries.push((name.clone(), information::query(&reader, view)?));
        }
        for inline in &context.notes.inlined {
            let query = match &inline.place {
                Place::Rows => self.rows(context, &inline.table)?,
                Place::Query { text } => match context.objects.ask(|known| known.table(&inline.table))? {
                    Some(info) => self.translated(context, &inline.table, &info, text)?,
                    None => return Err(SqlError::table_not_found(&inline.table.quoted())),
                },
                Place::NumberedRows => policies::shown(context, &inline.table, true)?,
                Place::Condition { alias } => policies::seen(context, &inline.table, alias)?,
            };
            queries.push((inline.placeholder.clone(), query));
        }
        for (name, source) in context.notes.sources.iter() {
            let found = sources::find(context, source)?;
            queries.push((name.to_owned(), sources::query(context, source, &found.files)?));
            self.found.push(found);
        }
        self.bytes += queries.iter().map(|(_, query)| query.len()).sum::<usize>();
        self.queries += queries.len();
        if self.bytes > MAX_BYTES || self.queries > MAX_QUERIES {
            return Err(SqlError::exhausted(format!(
                "The views that the statement reads hold more than {MAX_QUERIES} queries or {MAX_BYTES} bytes of them. Make a \
                 table of a part of them."
            )));
        }
        Ok(queries)
    }

    fn rows(&mut self, context: &Context<'_>, name: &TableName) -> Result<String, SqlError> {
        match context.objects.ask(|known| known.table(name))? {
            Some(info) if info.view_definition.is_some() => self.view(context, name, &info),
            _ => policies::shown(context, name, false),
        }
    }

    /// A view's query, with its columns' names.
    fn view(&mut self, context: &Context<'_>, name: &TableName, info: &TableInfo) -> Result<String, SqlError> {
        let query = self.translated(context, name, info, info.view_definition.as_deref().unwrap_or_default())?;
        let table = schema::table(context.session, context.objects, name)?;
        let list = table.columns.iter().map(|column| quote(&column.name)).collect::<Vec<_>>().join(", ");
        Ok(format!("SELECT {list} FROM ({query}) AS bl_view({list})"))
    }

    /// A query of a view's, as its owner reads it.
    fn translated(
        &mut self,
        context: &Context<'_>,
        name: &TableName,
        info: &TableInfo,
        text: &str,
    ) -> Result<String, SqlError> {
        if self.within.contains(name) {
            return Err(recursive(name));
        }
        if self.within.len() == MAX_DEPTH {
            return Err(SqlError::exhausted(format!("Views over views lie more than {MAX_DEPTH} deep in each other.")));
        }
        let Some(home) = &info.view_home else {
            return Err(SqlError::unsupported(format!(
                "Reading {}, a view of an earlier version over {WHAT}: make it anew with CREATE OR REPLACE VIEW. It",
                name.full_name()
            )));
        };
        let namespace = Namespace { catalog: home.catalog.clone(), schema: home.schema.clone() };
        let columns = store::Catalog { session: context.session, objects: context.objects };
        let translated =
            |inlined: &[TableName]| translate(text, &namespace, &BTreeMap::new(), context.maps, &columns, inlined);
        let mut plan = translated(&[])?;
        // Files are its owner's to read; rights to tables were looked at when the statement's were.
        let owned = Context { user: &info.audit.owner, namespace: &namespace, ..*context };
        let inlined = names(&Context { notes: &plan.notes, ..owned }, &plan.parsed)?;
        if !inlined.is_empty() {
            plan = translated(&inlined)?;
        }
        self.within.push(name.clone());
        let queries = self.queries(&Context { notes: &plan.notes, ..owned })?;
        self.within.pop();
        let Some(Parsed::Query(query)) = plan.parsed.with_queries(&queries) else {
            return Err(SqlError::internal("a view's definition is no query".to_owned()));
        };
        Ok(query)
    }
}

/// Refuses a view that would read itself.
///
/// # Errors
/// `RECURSIVE_VIEW`.
pub(super) fn check_acyclic(context: &Context<'_>, name: &TableName) -> Result<(), SqlError> {
    let mut passed = BTreeSet::new();
    let mut open = context.notes.reads.clone();
    while let Some(read) = open.pop() {
        if read == *name {
            return Err(recursive(name));
        }
        if passed.insert(read.clone())
            && let Some(info) = context.objects.ask(|known| known.table(&read))?
        {
            open.extend(info.view_reads);
        }
    }
    Ok(())
}

fn recursive(name: &TableName) -> SqlError {
    let detail = format!("Recursive view {} detected (cycle: {0} -> {0}).", name.quoted());
    SqlError::new("RECURSIVE_VIEW", "42K0H", detail)
}

/// What the engine keeps of a view that is read as a query: its columns.
///
/// # Errors
/// What is wrong with the query, and other names than it has columns.
pub(super) fn hull(context: &Context<'_>, query: &str, names: &[String]) -> Result<String, SqlError> {
    let columns = context.describe(query)?;
    if !names.is_empty() && names.len() != columns.len() {
        let (class, what) = match names.len() < columns.len() {
            true => ("CREATE_VIEW_COLUMN_ARITY_MISMATCH.TOO_MANY_DATA_COLUMNS", "too many"),
            false => ("CREATE_VIEW_COLUMN_ARITY_MISMATCH.NOT_ENOUGH_DATA_COLUMNS", "not enough"),
        };
        return Err(SqlError::new(
            class,
            "21S01",
            format!("Cannot create the view, the reason is {what} data columns."),
        ));
    }
    let named = columns.iter().enumerate().map(|(index, (own, kind))| {
        let name = names.get(index).unwrap_or(own);
        format!("CAST(NULL AS {kind}) AS {}", quote(name))
    });
    Ok(format!("SELECT {} LIMIT 0", named.collect::<Vec<_>>().join(", ")))
}
