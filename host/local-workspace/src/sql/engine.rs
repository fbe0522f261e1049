//! The SQL engine: DuckDB behind a small interface, the only place that names it.
//!
//! [`Engine::run`] carries out one statement on a blocking thread. Catalogs are attached database files, the functions
//! and information_schema views of Databricks live in the in-memory database beside them.

mod cells;
mod commands;
mod database;
mod failure;
mod query;
mod samples;
mod schema;
mod store;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use self::database::{Database, Interrupt};
pub(crate) use self::{
    cells::Format,
    query::{Chunk, Limits, Outcome, Rows},
    schema::{Column, Table, TableColumn},
};
use crate::{
    catalog::Metastore,
    sql::language::{
        command::Command,
        error::SqlError,
        lexer::tokenize,
        names::{Namespace, catalog_alias},
        parameters::{Parameter, USER_PARAMETER},
        plan::PlanCache,
        statement::Parsed,
    },
};

/// How the engine is opened.
#[derive(Debug, Clone)]
pub(crate) struct EngineConfig {
    /// Folder of the catalogs' database files; DuckDB may touch nothing else.
    pub(crate) catalogs: PathBuf,
    /// DuckDB's memory limit in MiB.
    pub(crate) memory_mib: u64,
    /// DuckDB's worker threads.
    pub(crate) threads: usize,
}

/// One statement to run.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) text: String,
    pub(crate) namespace: Namespace,
    pub(crate) parameters: BTreeMap<String, Parameter>,
    pub(crate) user: String,
    pub(crate) limits: Limits,
}

/// Ends a running statement from another thread.
#[derive(Debug, Default)]
pub(crate) struct Canceller {
    cancelled: AtomicBool,
    interrupt: Interrupt,
}

impl Canceller {
    /// Asks the statement to end. It must be called again while the statement runs: DuckDB forgets an interrupt that
    /// comes just before a query starts.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        self.interrupt.fire();
    }

    pub(crate) fn check(&self) -> Result<(), SqlError> {
        if self.cancelled.load(Ordering::SeqCst) { Err(SqlError::cancelled()) } else { Ok(()) }
    }
}

/// The first words of statements that change nothing.
const READING: [&str; 9] = ["SELECT", "WITH", "VALUES", "FROM", "TABLE", "SHOW", "DESCRIBE", "DESC", "EXPLAIN"];

fn first_word(text: &str) -> Option<String> {
    tokenize(text).ok()?.into_iter().find(|token| token.text != "(").map(|token| token.text)
}

/// The engine with its catalog.
#[derive(Debug)]
pub(crate) struct Engine {
    database: Database,
    metastore: Arc<Metastore>,
    plans: PlanCache,
}

impl Engine {
    /// Opens the database, attaches all catalogs and makes the sample data if it is not there yet.
    ///
    /// # Errors
    /// Files that cannot be opened, and sample data that cannot be written.
    pub(crate) fn open(config: &EngineConfig, metastore: Arc<Metastore>) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&config.catalogs)?;
        samples::ensure(&config.catalogs, &metastore)?;
        let database = Database::open(config, &metastore)?;
        Ok(Self { database, metastore, plans: PlanCache::default() })
    }

    pub(crate) fn metastore(&self) -> &Metastore {
        &self.metastore
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
            let catalogs = self.metastore.catalog_names();
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
        let session = self.database.session(&request.namespace, canceller)?;
        let catalog = store::Catalog { session: &session, metastore: &self.metastore };
        let plan = self.plans.plan(&request.text, &request.namespace, &request.parameters, maps, &catalog)?;
        let mut parameters: BTreeMap<String, Option<String>> =
            request.parameters.iter().map(|(name, p)| (name.clone(), p.value.clone())).collect();
        parameters.insert(USER_PARAMETER.to_owned(), Some(request.user.clone()));
        let context = query::Context {
            session: &session,
            metastore: &self.metastore,
            database: &self.database,
            notes: &plan.notes,
            parameters: &parameters,
            limits: request.limits,
            user: &request.user,
            canceller,
        };
        match &plan.parsed {
            Parsed::Query(sql) => query::select(&context, sql),
            Parsed::Explain(sql) => query::explain(&context, sql),
            Parsed::Dml(dml) => query::change(&context, dml),
            Parsed::Command(command) => commands::run(&context, command),
        }
    }

    /// Carries out a catalog statement on behalf of the REST API.
    ///
    /// # Errors
    /// As for the SQL statement.
    pub(crate) fn command(&self, command: &Command, user: &str) -> Result<Outcome, SqlError> {
        let canceller = Canceller::default();
        let namespace = Namespace { catalog: "main".to_owned(), schema: "default".to_owned() };
        let session = self.database.session(&namespace, &canceller)?;
        let context = query::Context {
            session: &session,
            metastore: &self.metastore,
            database: &self.database,
            notes: &crate::sql::language::rewrite::Notes::default(),
            parameters: &BTreeMap::new(),
            limits: Limits::default(),
            user,
            canceller: &canceller,
        };
        commands::run(&context, command)
    }

    /// Reads the tables of a schema, or of all schemas of a catalog, for the REST API.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub(crate) fn tables(&self, catalog: &str, schema: Option<&str>) -> Result<Vec<Table>, SqlError> {
        let canceller = Canceller::default();
        let namespace = Namespace { catalog: catalog.to_owned(), schema: "default".to_owned() };
        let session = self.database.session(&namespace, &canceller)?;
        schema::tables(&session, &self.metastore, catalog, schema, None)
    }

    /// Reads one table.
    ///
    /// # Errors
    /// `TABLE_OR_VIEW_NOT_FOUND`, or a database that cannot be read.
    pub(crate) fn table(&self, name: &crate::sql::language::names::TableName) -> Result<Table, SqlError> {
        let canceller = Canceller::default();
        let namespace = Namespace { catalog: name.catalog.clone(), schema: name.schema.clone() };
        let session = self.database.session(&namespace, &canceller)?;
        schema::table(&session, &self.metastore, name)
    }

    /// Writes everything to the database files.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(crate) fn checkpoint(&self) -> anyhow::Result<()> {
        self.database.checkpoint(&self.metastore)?;
        self.metastore.flush()
    }
}
