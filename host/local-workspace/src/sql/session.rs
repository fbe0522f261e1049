//! One user's statements one after the other, as a notebook or a program sends them: USE holds for those that follow.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::{
    engine::{Canceller, Engine, Limits, Request, Rows},
    language::{error::SqlError, names::Namespace, parameters::Parameter},
};
use crate::catalog::names::TableName;

/// How often a statement that was given up is interrupted, as the engine forgets an interrupt that comes before its query.
const INTERRUPT_INTERVAL: Duration = Duration::from_millis(10);

/// A session; its copies share where unqualified names belong.
#[derive(Clone)]
pub(crate) struct Session {
    engine: Arc<Engine>,
    user: Arc<str>,
    namespace: Arc<Mutex<Namespace>>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Session {
    /// A session of this user, whose rights hold for every statement; names belong to `main.default` at first.
    pub(crate) fn new(engine: Arc<Engine>, user: &str) -> Self {
        let namespace = Namespace { catalog: "main".to_owned(), schema: "default".to_owned() };
        Self { engine, user: user.into(), namespace: Arc::new(Mutex::new(namespace)) }
    }

    /// The user.
    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    /// A session of the same user that begins anew.
    pub(crate) fn fresh(&self) -> Self {
        Self::new(Arc::clone(&self.engine), &self.user)
    }

    /// Runs one statement. Dropping the future ends the statement.
    ///
    /// # Errors
    /// What is wrong with the statement, in Databricks' words.
    pub(crate) async fn run(
        &self,
        text: String,
        parameters: BTreeMap<String, Parameter>,
        limits: Limits,
    ) -> Result<Rows, SqlError> {
        let namespace = self.lock().clone();
        let request = Request { text, namespace, parameters, user: self.user.to_string(), limits };
        let (engine, canceller) = (Arc::clone(&self.engine), Arc::new(Canceller::default()));
        let mut given_up = GivenUp(Some(Arc::clone(&canceller)));
        let running = tokio::task::spawn_blocking(move || engine.run(&request, &canceller));
        let outcome = running.await.map_err(|e| SqlError::internal(format!("the statement's thread ended: {e}")))?;
        given_up.0 = None;
        let outcome = outcome?;
        if let Some(namespace) = outcome.uses {
            *self.lock() = namespace;
        }
        Ok(outcome.rows)
    }

    /// Notes of a table all that another one was made of, which only held its rows for a while.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub(crate) async fn inherit_lineage(&self, made: &TableName, of: &TableName) -> Result<(), SqlError> {
        let (engine, made, of) = (Arc::clone(&self.engine), made.clone(), of.clone());
        let inherited = tokio::task::spawn_blocking(move || engine.inherit_lineage(&made, &of)).await;
        inherited.map_err(|e| SqlError::internal(format!("the statement's thread ended: {e}")))?
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Namespace> {
        self.namespace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the statement that nobody waits for any more.
struct GivenUp(Option<Arc<Canceller>>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        let Some(canceller) = self.0.take() else { return };
        canceller.cancel();
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        // The statement's own thread holds the other one; when it is through, this is the last.
        runtime.spawn(async move {
            while Arc::strong_count(&canceller) > 1 {
                tokio::time::sleep(INTERRUPT_INTERVAL).await;
                canceller.cancel();
            }
        });
    }
}
