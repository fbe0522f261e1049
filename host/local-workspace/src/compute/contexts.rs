//! Execution contexts: each is an owned task that runs its commands one after the other, and keeps their variables
//! between them. They live in memory, as on a cluster: what ends this process or the cluster ends them.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use super::results;
use crate::{
    notebook::Language,
    python::{Code, Ended, Failure, Interpreter, Printed, Python, Ran, StartError, Surroundings, run_sql},
    sql::{engine::Engine, session::Session},
    utilities::Utilities,
};

/// Contexts of the workspace; more are refused. The service has 145 on a cluster.
const MAX_CONTEXTS: usize = 145;

/// Commands that wait in one context; more are refused.
const WAITING_COMMANDS: usize = 64;

/// Commands whose results are kept in one context; the oldest go first.
const KEPT_COMMANDS: usize = 50;

/// How long a context is kept that nobody uses.
const IDLE_LIMIT: Duration = Duration::from_secs(4 * 60 * 60);

/// How long one command may run.
const COMMAND_LIMIT: Duration = Duration::from_secs(6 * 60 * 60);

/// What is not there.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub(crate) enum Unknown {
    #[error(
        "ContextNotFound: the execution context does not exist; it was destroyed, or its cluster was terminated or restarted"
    )]
    Context,
    #[error("CommandNotFound: the command does not exist in this execution context")]
    Command,
}

/// A command to run.
#[derive(Debug)]
pub(crate) struct NewCommand {
    pub(crate) language: Language,
    pub(crate) text: String,
}

/// Where a command stands.
#[derive(Debug)]
enum Status {
    Queued,
    Running,
    Cancelling,
    Ended(&'static str, Value),
}

#[derive(Debug)]
struct Command {
    status: Status,
    cancel: CancellationToken,
}

/// A context, for those who look at it and give it commands.
#[derive(Debug)]
pub(crate) struct Context {
    cluster: String,
    user: String,
    shared: Mutex<Shared>,
    work: mpsc::Sender<(String, NewCommand)>,
    end: CancellationToken,
}

#[derive(Debug)]
struct Shared {
    status: &'static str,
    commands: HashMap<String, Command>,
    /// In the order in which they came.
    order: VecDeque<String>,
    used: Instant,
    busy: bool,
}

/// All contexts of the workspace.
pub(crate) struct Contexts {
    engine: Arc<Engine>,
    python: Python,
    utilities: Utilities,
    known: Mutex<HashMap<String, Arc<Context>>>,
    tasks: TaskTracker,
}

impl fmt::Debug for Contexts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contexts").field("running", &self.tasks.len()).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Context {
    fn shared(&self) -> MutexGuard<'_, Shared> {
        lock(&self.shared)
    }

    /// `Pending`, `Running` or `Error`.
    pub(crate) fn status(&self) -> &'static str {
        self.shared().status
    }

    /// Puts a command behind those that wait; none when too many do.
    pub(crate) fn execute(&self, command: NewCommand) -> Option<String> {
        let id = Uuid::new_v4().simple().to_string();
        let mut shared = self.shared();
        // Under the lock, so that nobody sees the command before it is known.
        self.work.try_send((id.clone(), command)).ok()?;
        let cancel = self.end.child_token();
        shared.commands.insert(id.clone(), Command { status: Status::Queued, cancel });
        shared.order.push_back(id.clone());
        shared.used = Instant::now();
        while shared.order.len() > KEPT_COMMANDS + WAITING_COMMANDS
            && let Some(oldest) = shared.order.pop_front()
        {
            shared.commands.remove(&oldest);
        }
        Some(id)
    }

    /// Where a command stands, and its results once it has ended.
    pub(crate) fn look(&self, id: &str) -> Result<(&'static str, Option<Value>), Unknown> {
        let shared = self.shared();
        Ok(match &shared.commands.get(id).ok_or(Unknown::Command)?.status {
            Status::Queued => ("Queued", None),
            Status::Running => ("Running", None),
            Status::Cancelling => ("Cancelling", None),
            Status::Ended(state, results) => (state, Some(results.clone())),
        })
    }

    /// Asks a command to end; one that has ended stays as it is.
    pub(crate) fn cancel(&self, id: &str) -> Result<(), Unknown> {
        let mut shared = self.shared();
        let command = shared.commands.get_mut(id).ok_or(Unknown::Command)?;
        if matches!(command.status, Status::Queued | Status::Running) {
            command.status = Status::Cancelling;
        }
        command.cancel.cancel();
        Ok(())
    }

    /// A command's turn has come; none when it is to be cancelled already.
    fn begin(&self, id: &str) -> Option<CancellationToken> {
        let mut shared = self.shared();
        shared.busy = true;
        let command = shared.commands.get_mut(id)?;
        if command.cancel.is_cancelled() {
            return None;
        }
        command.status = Status::Running;
        Some(command.cancel.clone())
    }

    fn ended(&self, id: &str, ran: Ran) {
        let (state, results) = results::of(ran);
        let mut shared = self.shared();
        (shared.busy, shared.used) = (false, Instant::now());
        if let Some(command) = shared.commands.get_mut(id) {
            command.status = Status::Ended(state, results);
        }
    }

    fn is_idle(&self) -> bool {
        let shared = self.shared();
        !shared.busy && shared.used.elapsed() > IDLE_LIMIT
    }
}

impl Contexts {
    pub(crate) fn new(engine: Arc<Engine>, python: Python, utilities: Utilities) -> Self {
        Self { engine, python, utilities, known: Mutex::default(), tasks: TaskTracker::new() }
    }

    /// Makes a context on a cluster; none when there are too many.
    pub(crate) fn create(&self, cluster: &str, user: &str, language: Language) -> Option<String> {
        let id = Uuid::new_v4().simple().to_string();
        let (work, commands) = mpsc::channel(WAITING_COMMANDS);
        let context = Arc::new(Context {
            cluster: cluster.to_owned(),
            user: user.to_owned(),
            shared: Mutex::new(Shared {
                status: "Pending",
                commands: HashMap::new(),
                order: VecDeque::new(),
                used: Instant::now(),
                busy: false,
            }),
            work,
            end: CancellationToken::new(),
        });
        let mut known = lock(&self.known);
        known.retain(|_, context| {
            let is_idle = context.end.is_cancelled() || context.is_idle();
            if is_idle {
                context.end.cancel();
            }
            !is_idle
        });
        if known.len() >= MAX_CONTEXTS {
            return None;
        }
        known.insert(id.clone(), Arc::clone(&context));
        let session = Session::new(Arc::clone(&self.engine), user);
        let around = Surroundings { session, services: Arc::new(self.utilities.of(user)), in_job: false };
        let worker = Worker { context, python: self.python.clone(), around, interpreter: None, commands: 0 };
        self.tasks.spawn(worker.serve(language, commands));
        Some(id)
    }

    /// A context of this user on this cluster.
    pub(crate) fn get(&self, cluster: &str, id: &str, user: &str) -> Result<Arc<Context>, Unknown> {
        let found = lock(&self.known).get(id).cloned();
        let is_there = |context: &Arc<Context>| !context.end.is_cancelled();
        found.filter(is_there).filter(|c| c.cluster == cluster && c.user == user).ok_or(Unknown::Context)
    }

    /// Ends a context with all that runs in it.
    pub(crate) async fn destroy(&self, cluster: &str, id: &str, user: &str) -> Result<(), Unknown> {
        let context = self.get(cluster, id, user)?;
        lock(&self.known).remove(id);
        context.end.cancel();
        Ok(())
    }

    /// Ends all contexts of a cluster.
    pub(crate) async fn leave(&self, cluster: &str) {
        lock(&self.known).retain(|_, context| {
            let leaves = context.cluster == cluster;
            if leaves {
                context.end.cancel();
            }
            !leaves
        });
    }

    /// Ends all of them and waits.
    pub(crate) async fn shutdown(&self) {
        for (_, context) in lock(&self.known).drain() {
            context.end.cancel();
        }
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// The task of a context.
struct Worker {
    context: Arc<Context>,
    python: Python,
    around: Surroundings,
    interpreter: Option<Interpreter>,
    commands: u64,
}

impl Worker {
    async fn serve(mut self, language: Language, mut commands: mpsc::Receiver<(String, NewCommand)>) {
        let end = self.context.end.clone();
        // A context for Python is ready when its interpreter is; what hinders it is said of the first command.
        let ready = match language {
            Language::Python => tokio::select! {
                started = self.interpreter() => started.is_ok(),
                () = end.cancelled() => return,
            },
            _ => true,
        };
        self.context.shared().status = if ready { "Running" } else { "Error" };
        loop {
            // What is given up is the whole context: whoever comes back is told that it is gone.
            let idle = self.interpreter.is_some().then(|| self.python.idle(&end));
            let (id, command) = tokio::select! {
                command = commands.recv() => match command { Some(command) => command, None => return },
                () = end.cancelled() => return,
            };
            drop(idle);
            let ran = match self.context.begin(&id) {
                Some(cancel) => self.run(command, &cancel).await,
                None => Ran { ended: Ended::Canceled { lost: false }, printed: Printed::default() },
            };
            self.context.ended(&id, ran);
        }
    }

    async fn interpreter(&mut self) -> Result<&mut Interpreter, StartError> {
        let kept = self.interpreter.take().filter(Interpreter::is_alive);
        let interpreter = match kept {
            Some(interpreter) => interpreter,
            None => self.python.start().await?,
        };
        Ok(self.interpreter.insert(interpreter))
    }

    async fn run(&mut self, command: NewCommand, cancel: &CancellationToken) -> Ran {
        self.commands += 1;
        if command.language == Language::Sql && self.interpreter.is_none() {
            return run_sql(&self.around.session, &command.text, COMMAND_LIMIT, cancel).await;
        }
        let name = format!("<command-{}>", self.commands);
        let around = self.around.clone();
        let Some(code) = Code::cell(command.language, command.text, name) else {
            return failed("this language is not supported by the local workspace".to_owned());
        };
        match self.interpreter().await {
            Ok(interpreter) => interpreter.run(&code, &around, COMMAND_LIMIT, cancel).await,
            Err(error) => failed(error.to_string()),
        }
    }
}

fn failed(summary: String) -> Ran {
    let failure = Failure { trace: summary.clone(), summary };
    Ran { ended: Ended::Failed(failure), printed: Printed::default() }
}
