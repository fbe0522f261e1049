//! One program from its start to its end.

use std::{collections::BTreeMap, time::Duration};

use serde_json::json;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    Python, StartError,
    interpreter::{Code, Ended, Failure, Interpreter, Printed, Ran, Surroundings, redact},
    services::columns,
    wire::Shown,
};
use crate::{
    notebook::{Cell, CellKind, Language, Notebook},
    sql::{
        engine::{Limits, Rows},
        language::{parameters::Parameter, types::physical_type},
        script::split,
        session::Session,
    },
};

/// Rows of a statement of a notebook that are shown.
const SHOWN_ROWS: u64 = 10_000;

/// Bytes of them.
const SHOWN_BYTES: usize = 16 * 1024 * 1024;

/// A program.
#[derive(Debug, Clone)]
pub(crate) enum Program {
    /// A Python file, run as `__main__` with these arguments.
    File { path: String, text: String, arguments: Vec<String> },
    /// An entry point of a package that these wheels hold, with these arguments.
    Wheel { wheels: Vec<Wheel>, package: String, entry_point: String, arguments: Vec<String> },
    /// A notebook, cell by cell, with values for its widgets. SQL cells of a notebook without Python run without it.
    Notebook { path: String, notebook: Notebook, parameters: BTreeMap<String, String> },
}

/// A wheel as it lies among files.
#[derive(Debug, Clone)]
pub(crate) struct Wheel {
    pub(crate) path: String,
    pub(crate) bytes: Vec<u8>,
}

/// What became of a program.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) ended: Ended,
    pub(crate) printed: Printed,
}

impl Python {
    /// Runs a program to its end. `limit` bounds it; `cancel` ends it earlier, by an exception if it listens, else with
    /// its process.
    pub(crate) async fn run_once(
        &self,
        program: Program,
        around: &Surroundings,
        limit: Duration,
        cancel: &CancellationToken,
    ) -> Outcome {
        let mut printed = Printed::default();
        let run = Run { python: self, around, until: Instant::now() + limit, limit, cancel, interpreter: None };
        let mut ended = match program {
            Program::File { path, text, arguments } => run.file(path, text, arguments, &mut printed).await,
            Program::Wheel { wheels, package, entry_point, arguments } => {
                run.wheel(wheels, &package, &entry_point, arguments, &mut printed).await
            }
            Program::Notebook { path, notebook, parameters } => {
                run.notebook(&path, notebook, parameters, &mut printed).await
            }
        };
        redact(around.services.revealed(), &mut ended, &mut printed);
        Outcome { ended, printed }
    }
}

/// Runs one text of SQL without an interpreter, statement by statement.
pub(crate) async fn run_sql(session: &Session, text: &str, limit: Duration, cancel: &CancellationToken) -> Ran {
    let mut printed = Printed::default();
    let statements = Statements { session, limit, until: Instant::now() + limit, cancel };
    let ended = statements.script(text, &BTreeMap::new(), &mut printed).await;
    Ran { ended, printed }
}

/// Statements that run without an interpreter.
struct Statements<'a> {
    session: &'a Session,
    limit: Duration,
    until: Instant,
    cancel: &'a CancellationToken,
}

struct Run<'a> {
    python: &'a Python,
    around: &'a Surroundings,
    until: Instant,
    limit: Duration,
    cancel: &'a CancellationToken,
    interpreter: Option<Interpreter>,
}

impl Run<'_> {
    fn statements(&self) -> Statements<'_> {
        Statements { session: &self.around.session, limit: self.limit, until: self.until, cancel: self.cancel }
    }

    async fn file(mut self, path: String, text: String, arguments: Vec<String>, printed: &mut Printed) -> Ended {
        let arguments = [path.clone()].into_iter().chain(arguments).collect();
        let code = Code { text, name: path, arguments: Some(arguments), ..Code::default() };
        self.run(&code, printed).await
    }

    async fn wheel(
        mut self,
        wheels: Vec<Wheel>,
        package: &str,
        entry_point: &str,
        arguments: Vec<String>,
        printed: &mut Printed,
    ) -> Ended {
        let interpreter = match self.interpreter().await {
            Ok(interpreter) => interpreter,
            Err(ended) => return ended,
        };
        let mut files = Vec::new();
        for (at, Wheel { path, bytes }) in wheels.into_iter().enumerate() {
            let file = format!("wheel_{at}.whl");
            if let Err(error) = interpreter.put(&file, &bytes).await {
                return Ended::Died(format!("{path} cannot be put into the program's folder: {error}"));
            }
            files.push([file, path]);
        }
        // Text of JSON is text of Python as well.
        let given = [json!(package), json!(entry_point), json!(files)].map(|value| value.to_string()).join(", ");
        let code = Code {
            text: format!("__import__('bricklayer.wheels').wheels.call({given})"),
            name: "python_wheel_task".to_owned(),
            arguments: Some([entry_point.to_owned()].into_iter().chain(arguments).collect()),
            ..Code::default()
        };
        self.run(&code, printed).await
    }

    async fn notebook(
        mut self,
        path: &str,
        notebook: Notebook,
        parameters: BTreeMap<String, String>,
        printed: &mut Printed,
    ) -> Ended {
        if let Some(why) = notebook.cells.iter().find_map(not_supported) {
            return failed(why);
        }
        let has_python = notebook.cells.iter().any(|cell| cell.kind == CellKind::Code(Language::Python));
        let mut given = Some(parameters.clone());
        for (index, cell) in notebook.cells.into_iter().enumerate() {
            let CellKind::Code(language) = cell.kind else { continue };
            let pieces = match language {
                Language::Sql => match split(&cell.text) {
                    Ok(statements) => statements.into_iter().map(str::to_owned).collect(),
                    Err(error) => return failed(error.to_string()),
                },
                _ if cell.text.trim().is_empty() => Vec::new(),
                _ => vec![cell.text],
            };
            for piece in pieces {
                let ended = if has_python {
                    let name = format!("{path} (cell {})", index + 1);
                    let Some(code) = Code::cell(language, piece, name) else { continue };
                    self.run(&Code { parameters: given.take(), ..code }, printed).await
                } else {
                    self.statements().one(piece, &parameters, printed).await
                };
                match ended {
                    Ended::Well(None) => {}
                    ended => return ended,
                }
            }
        }
        Ended::Well(None)
    }

    /// The program's one interpreter, which starts when it is asked for first.
    async fn interpreter(&mut self) -> Result<&mut Interpreter, Ended> {
        match &mut self.interpreter {
            Some(interpreter) => Ok(interpreter),
            none => {
                let started = tokio::select! {
                    started = self.python.start() => started,
                    () = self.cancel.cancelled() => return Err(Ended::Canceled { lost: false }),
                };
                match started {
                    Ok(interpreter) => Ok(none.insert(interpreter)),
                    Err(StartError::Failed(why)) => Err(Ended::Died(why)),
                    Err(error) => Err(failed(error.to_string())),
                }
            }
        }
    }

    /// Runs code in the program's interpreter.
    async fn run(&mut self, code: &Code, printed: &mut Printed) -> Ended {
        let left = self.until.saturating_duration_since(Instant::now());
        let (around, cancel, limit) = (self.around, self.cancel, self.limit);
        let interpreter = match self.interpreter().await {
            Ok(interpreter) => interpreter,
            Err(ended) => return ended,
        };
        match interpreter.run_into(printed, code, around, left, cancel).await {
            Ended::OutOfTime { lost, .. } => Ended::OutOfTime { limit, lost },
            ended => ended,
        }
    }
}

impl Statements<'_> {
    async fn script(&self, text: &str, parameters: &BTreeMap<String, String>, printed: &mut Printed) -> Ended {
        let statements = match split(text) {
            Ok(statements) => statements,
            Err(error) => return failed(error.to_string()),
        };
        for statement in statements {
            match self.one(statement.to_owned(), parameters, printed).await {
                Ended::Well(_) => {}
                ended => return ended,
            }
        }
        Ended::Well(None)
    }

    /// Runs a statement without an interpreter.
    async fn one(&self, text: String, parameters: &BTreeMap<String, String>, printed: &mut Printed) -> Ended {
        let limits = Limits { row_limit: Some(SHOWN_ROWS), total_bytes: SHOWN_BYTES, ..Limits::default() };
        let parameters = parameters.iter().filter_map(|(name, value)| {
            let physical_type = physical_type("STRING").ok()?;
            Some((name.clone(), Parameter { physical_type, value: Some(value.clone()) }))
        });
        tokio::select! {
            ran = self.session.run(text, parameters.collect(), limits) => match ran {
                Ok(rows) => {
                    if let Some(table) = table(&rows) {
                        printed.show(table);
                    }
                    Ended::Well(None)
                }
                Err(error) => failed(error.to_string()),
            },
            () = self.cancel.cancelled() => Ended::Canceled { lost: false },
            () = tokio::time::sleep_until(self.until) => Ended::OutOfTime { limit: self.limit, lost: false },
        }
    }
}

/// Why a cell cannot run here.
fn not_supported(cell: &Cell) -> Option<String> {
    let what = match &cell.kind {
        CellKind::Code(Language::Scala) => "%scala",
        CellKind::Code(Language::R) => "%r",
        CellKind::Other(word) => return Some(format!("%{word} is not supported by the local workspace.")),
        CellKind::Code(Language::Python | Language::Sql) | CellKind::Markdown => return None,
    };
    Some(format!("{what} is not supported by the local workspace, only Python and SQL are."))
}

fn failed(summary: String) -> Ended {
    Ended::Failed(Failure { trace: summary.clone(), summary })
}

/// Rows as they are shown; none for a statement without a result.
pub(crate) fn table(rows: &Rows) -> Option<Shown> {
    if rows.columns.is_empty() {
        return None;
    }
    let read = |chunk: &crate::sql::engine::Chunk| {
        serde_json::from_slice::<Vec<Vec<Option<String>>>>(&chunk.data).unwrap_or_default()
    };
    let cells = rows.chunks.iter().flat_map(read).collect();
    Some(Shown::Table { columns: columns(rows), rows: cells, truncated: rows.truncated })
}
