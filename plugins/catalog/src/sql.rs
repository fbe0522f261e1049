//! Statements at a warehouse.

use std::time::Duration;

use bricklayer_databricks::statement::{Job, Outcome, Parameter, Rows, State, Statement, Submit};
use bricklayer_databricks::warehouse;
use bricklayer_databricks::work::{run_one, until};
use bricklayer_sdk::{Failure, Kind, Platform};

use crate::names::FullName;
use crate::show;
use crate::types;

/// Longest time a statement may take: a warehouse that stands still needs minutes to start.
const LIMIT: Duration = Duration::from_secs(600);

/// One statement to run.
#[derive(Debug)]
pub(crate) struct Sql {
    /// The warehouse asked for.
    pub(crate) warehouse_id: Option<String>,
    /// Its text.
    pub(crate) statement: String,
    /// Values for its markers.
    pub(crate) parameters: Vec<Parameter>,
    /// Set for one that changes nothing: it may be sent a second time.
    pub(crate) reads: bool,
    /// Rows to keep.
    pub(crate) keep_rows: usize,
}

impl Sql {
    /// A statement that changes something.
    pub(crate) const fn change(warehouse_id: Option<String>, statement: String) -> Self {
        Self { warehouse_id, statement, parameters: Vec::new(), reads: false, keep_rows: 0 }
    }

    /// Runs it to its end. The rows, and a line that says where it ran when nobody had said where.
    ///
    /// # Errors
    /// No warehouse, a statement that fails, or one that takes longer than its limit.
    pub(crate) fn run(self, platform: &impl Platform) -> Result<(Rows, String), Failure> {
        let choice = warehouse::resolve(platform, self.warehouse_id)?;
        let submit = Submit { parameters: self.parameters, ..Submit::new(self.statement, &choice.id) };
        let work = Statement::send(submit, self.reads, self.keep_rows);
        let finished = run_one(platform, Job { work, limit: Some(LIMIT), continued: None }, until(platform));
        match finished.outcome {
            Outcome::Done(rows) => {
                let ran = if choice.automatic {
                    format!("\nWarehouse: {}, {}.", choice.shown(), choice.reason)
                } else {
                    String::new()
                };
                Ok((rows, ran))
            }
            Outcome::Failed(failure) => {
                if choice.automatic && failure.kind == Kind::NotFound {
                    warehouse::forget(platform);
                }
                Err(failure)
            }
            Outcome::NotStarted => {
                Err(Failure::new(Kind::Timeout, "no time was left to send the statement; it was not started")
                    .retryable())
            }
            Outcome::Unfinished(state) => Err(going(state, finished.id.as_deref().unwrap_or_default())),
        }
    }
}

fn going(state: State, id: &str) -> Failure {
    let said = format!("the statement {id} is still {} at the workspace", state.word());
    Failure::new(Kind::Timeout, said)
        .advise(format!("Do not do the same again: get_statement with {id} shows what becomes of it."))
}

/// Runs a statement that changes an object, and says what was done.
///
/// # Errors
/// As for [`Sql::run`].
pub(crate) fn done(
    platform: &impl Platform,
    name: &FullName,
    warehouse_id: Option<String>,
    statement: String,
    said: &str,
) -> Result<types::ObjectChange, Failure> {
    let (_, ran) = Sql::change(warehouse_id, statement.clone()).run(platform)?;
    let text = format!("{}\n\n```sql\n{statement}\n```{ran}", show::sentence(said));
    Ok(types::ObjectChange { statement: Some(statement), ..show::change(name, text, true) })
}
