//! The SQL engine: DuckDB behind a small interface, the only place that names it.
//!
//! [`Engine::run`] carries out one statement on a blocking thread. Catalogs are attached database files, the functions
//! of Databricks live in the in-memory database beside them.

mod canceller;
mod cells;
mod commands;
mod context;
mod copy;
mod database;
mod failure;
mod information;
mod inline;
mod lineage;
mod loaded;
mod marks;
mod objects;
mod policies;
mod query;
mod recovery;
mod rights;
mod rows;
mod samples;
mod schema;
mod sources;
mod store;

use std::collections::BTreeMap;

use tokio::runtime::Handle;

pub(crate) use self::{
    canceller::Canceller,
    cells::Format,
    database::EngineConfig,
    query::Outcome,
    rows::{Chunk, Limits, Rows},
    schema::{Column, Table, TableColumn, TypeName},
};
use self::{context::Context, database::Database, objects::Objects};
use crate::{
    catalog::{Catalog, Inlined, names::TableName},
    files::volumes::Volumes,
    sql::language::{
        command::Command,
        error::SqlError,
        lexer::tokenize,
        names::{Namespace, catalog_alias},
        parameters::Parameter,
        plan::{PlanCache, translate},
        rewrite::Notes,
        statement::Parsed,
    },
};

/// One statement to run.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) text: String,
    pub(crate) namespace: Namespace,
    pub(crate) parameters: BTreeMap<String, Parameter>,
    pub(crate) user: String,
    pub(crate) limits: Limits,
}

/// The first words of statements that change nothing.
const READING: [&str; 9] = ["SELECT", "WITH", "VALUES", "FROM", "TABLE", "SHOW", "DESCRIBE", "DESC", "EXPLAIN"];

fn first_word(text: &str) -> Option<String> {
    tokenize(text).ok()?.into_iter().find(|token| token.text != "(").map(|token| token.text)
}

/// The engine. What exists it asks the catalog.
#[derive(Debug)]
pub(crate) struct Engine {
    database: Database,
    objects: Objects,
    plans: PlanCache,
}

impl Engine {
    /// Opens the database, attaches all catalogs, decides what a killed process left half done, and makes the sample data
    /// if it is not there yet. Blocks, and later calls wait on `runtime`: call all of them on its blocking threads.
    ///
    /// # Errors
    /// Files that cannot be opened, and sample data that cannot be written.
    pub(crate) fn open(
        config: &EngineConfig,
        catalog: Catalog,
        volumes: Volumes,
        runtime: Handle,
    ) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&config.catalogs)?;
        sources::remove_all(&config.catalogs)?;
        let objects = Objects::new(catalog, volumes, runtime);
        samples::ensure(&config.catalogs, &objects)?;
        let database = Database::open(config)?;
        recovery::remove_dropped(&database, &objects)?;
        database.attach_all(&objects.ask(|known| known.catalog_names())?)?;
        recovery::recover(&database, &objects)?;
        if objects.ask(|known| known.inlined())? != Inlined::default() {
            objects.look_for_inlined();
        }
        Ok(Self { database, objects, plans: PlanCache::default() })
    }

    /// Version of the DuckDB library.
    pub(crate) fn version(&self) -> String {
        self.database.version()
    }

    /// Runs one statement to its end. Blocks; call it on a blocking thread.
    ///
    /// # Errors
    /// What is wrong with the statement, in Databricks' words; `CANCELLED` after [`Canceller::cancel`].
    pub(crate) fn run(&self, request: &Request, canceller: &Canceller) -> Result<Outcome, SqlError> {
        let mut first = self.run_as(request, canceller, false);
        if let Err(invalidated) = &first
            && invalidated.class == failure::INVALIDATED
        {
            let catalogs = self.objects.ask(|known| known.catalog_names())?;
            for catalog in catalogs.iter().filter(|catalog| catalog_alias(catalog) == invalidated.detail) {
                self.database.reattach(catalog);
            }
            // Only what reads is run again: whether a change was kept is for its author to find out.
            let reads =
                first_word(&request.text).is_some_and(|word| READING.iter().any(|w| w.eq_ignore_ascii_case(&word)));
            first = if reads { self.run_as(request, canceller, false) } else { Err(SqlError::disk_full(false)) };
        }
        match &first {
            // The array reading of a subscript does not bind on a map: try the other.
            Err(e) if e.class == failure::BINDS_AS_MAP => self.run_as(request, canceller, true),
            _ => first,
        }
    }

    fn run_as(&self, request: &Request, canceller: &Canceller, maps: bool) -> Result<Outcome, SqlError> {
        canceller.check()?;
        let mut session = self.database.session(&request.namespace, canceller)?;
        let subject = self.objects.subject(&request.user);
        session.identify(&request.user, &subject.groups()).map_err(failure::internal)?;
        let catalog = store::Catalog { session: &session, objects: &self.objects };
        let plan = self.plans.plan(&request.text, &request.namespace, &request.parameters, maps, &catalog)?;
        let parameters: BTreeMap<String, Option<String>> =
            request.parameters.iter().map(|(name, p)| (name.clone(), p.value.clone())).collect();
        let context = Context {
            session: &session,
            objects: &self.objects,
            database: &self.database,
            notes: &plan.notes,
            parameters: &parameters,
            limits: request.limits,
            user: &request.user,
            namespace: &request.namespace,
            maps,
            canceller,
        };
        rights::check(&context, &plan.parsed)?;
        let inlined = inline::names(&context, &plan.parsed)?;
        if inlined.is_empty() {
            return fill_and_carry_out(&context, &plan.parsed);
        }
        let plan = translate(&request.text, &request.namespace, &request.parameters, maps, &catalog, &inlined)?;
        fill_and_carry_out(&Context { notes: &plan.notes, ..context }, &plan.parsed)
    }

    /// Carries out a catalog statement on behalf of the REST API.
    ///
    /// # Errors
    /// As for the SQL statement.
    pub(crate) fn command(&self, command: &Command, user: &str) -> Result<Outcome, SqlError> {
        let canceller = Canceller::default();
        let namespace = Namespace { catalog: "main".to_owned(), schema: "default".to_owned() };
        let session = self.database.session(&namespace, &canceller)?;
        let context = Context {
            session: &session,
            objects: &self.objects,
            database: &self.database,
            notes: &Notes::default(),
            parameters: &BTreeMap::new(),
            limits: Limits::default(),
            user,
            namespace: &namespace,
            maps: false,
            canceller: &canceller,
        };
        commands::run(&context, command)
    }

    /// Notes of a table all that another one was made of, which only held its rows for a while.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub(crate) fn inherit_lineage(&self, made: &TableName, of: &TableName) -> Result<(), SqlError> {
        self.objects.ask(|known| known.inherit_lineage(made, of))
    }

    /// Reads the tables of a schema, or of all schemas of a catalog, for the REST API.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub(crate) fn tables(&self, catalog: &str, schema: Option<&str>) -> Result<Vec<Table>, SqlError> {
        let canceller = Canceller::default();
        let namespace = Namespace { catalog: catalog.to_owned(), schema: "default".to_owned() };
        let session = self.database.session(&namespace, &canceller)?;
        schema::tables(&session, &self.objects, catalog, schema, None)
    }

    /// Reads one table.
    ///
    /// # Errors
    /// `TABLE_OR_VIEW_NOT_FOUND`, or a database that cannot be read.
    pub(crate) fn table(&self, name: &TableName) -> Result<Table, SqlError> {
        let canceller = Canceller::default();
        let namespace = Namespace { catalog: name.catalog.clone(), schema: name.schema.clone() };
        let session = self.database.session(&namespace, &canceller)?;
        schema::table(&session, &self.objects, name)
    }

    /// Writes everything to the database files.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(crate) fn checkpoint(&self) -> anyhow::Result<()> {
        self.database.checkpoint(&self.objects.ask(|known| known.catalog_names())?)
    }
}

/// Puts queries in the place of what only this statement's user may read, then carries it out.
fn fill_and_carry_out(context: &Context<'_>, parsed: &Parsed) -> Result<Outcome, SqlError> {
    // COPY INTO finds its files by itself: those that were loaded are left out.
    if !inline::is_needed(context) || matches!(parsed, Parsed::Copy(_)) {
        return carry_out(context, parsed);
    }
    let ready = inline::ready(context, parsed)?;
    carry_out(context, &ready.parsed)
}

fn carry_out(context: &Context<'_>, parsed: &Parsed) -> Result<Outcome, SqlError> {
    match parsed {
        Parsed::Query(sql) => query::select(context, sql),
        Parsed::Explain(sql) => query::explain(context, sql),
        Parsed::Dml(dml) => query::change(context, dml),
        Parsed::Copy(copy) => copy::copy(context, copy),
        Parsed::Command(command) => commands::run(context, command),
    }
}
