//! Python programs of users, in processes of their own.
//!
//! [`Python::start`] gives an [`Interpreter`] that runs one piece of code after the other and keeps its variables between
//! them; command contexts hold one. [`Python::run_once`] runs one program, a file or a notebook, to its end; jobs call
//! it. Both take the caller's [`Session`], whose rights hold for each statement that the code sends, [`Services`] for
//! what the code may ask for beside SQL (files, other notebooks, values of tasks), and a token that cancels.
//!
//! What holds the code: at most [`PROCESSES`] processes at a time, each with bounded memory, one run with bounded time and
//! output, a clean environment, no standard input, and on Linux walls that it cannot take down (`confined.rs`): it reads
//! the system's libraries and its own interpreter, writes in its own folder, starts no other process and opens no
//! connection. It ends with this process, however this one ends: its channel closes, and the system kills it.
//!
//! Inside it (`guest/`, Python) `spark`, `dbutils` and `display` stand ready. SQL goes over the channel to the engine, and
//! cells come back exact. What is not there says so by its name.

mod confined;
mod folder;
mod interpreter;
mod machine;
mod once;
mod redacted;
mod services;
mod spawner;
#[cfg(target_os = "linux")]
mod walls;
mod wire;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, Once, PoisonError},
    time::Duration,
};

use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

pub use self::confined::Confined;
use self::{
    folder::{Folders, Place},
    machine::Machine,
    spawner::Spawner,
};
pub(crate) use self::{
    interpreter::{Code, Ended, Failure, Interpreter, Printed, Ran, Surroundings},
    machine::Settings,
    once::{Outcome, Program, Wheel, run_sql},
    services::{NoServices, Refused, Services},
    wire::{Shown, ShownColumn},
};

/// Interpreters at the same time; each may use its whole memory.
const PROCESSES: usize = 8;

/// How long an interpreter may take until it is ready.
const START_LIMIT: Duration = Duration::from_secs(30);

/// How long whoever is asked to give its place up may take.
const GIVE_UP_LIMIT: Duration = Duration::from_secs(5);

/// Why no interpreter started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// This machine has none.
    #[error("Python cannot run in this local workspace: {0}")]
    Absent(String),
    /// All places are taken.
    #[error(
        "{PROCESSES} Python processes run in this local workspace already. Detach notebooks, destroy execution contexts, or wait for a run to end; then try again."
    )]
    Busy,
    /// It did not become ready.
    #[error("the Python interpreter did not start: {0}")]
    Failed(String),
}

/// Python on this machine; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Python(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    machine: OnceCell<Result<Machine, String>>,
    folders: Folders,
    spawner: Spawner,
    places: Arc<Semaphore>,
    idle: Mutex<IdleList>,
    walls_told: Once,
}

/// Who holds an interpreter that does nothing, and how each is told to give it up; who waits for longest comes first.
#[derive(Debug, Default)]
struct IdleList {
    last: u64,
    holders: BTreeMap<u64, CancellationToken>,
}

/// Holds an interpreter that does nothing, until it is dropped.
#[derive(Debug)]
pub(crate) struct Idle(Python, u64);

impl Drop for Idle {
    fn drop(&mut self) {
        self.0.idle_list().holders.remove(&self.1);
    }
}

impl Python {
    /// Makes room for interpreters, and removes what those of a killed process left.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub(crate) fn open(settings: Settings) -> anyhow::Result<Self> {
        let folders = Folders::open(&settings.folder)?;
        Ok(Self(Arc::new(Inner {
            settings,
            machine: OnceCell::new(),
            folders,
            spawner: Spawner::start()?,
            places: Arc::new(Semaphore::new(PROCESSES)),
            idle: Mutex::default(),
            walls_told: Once::new(),
        })))
    }

    fn idle_list(&self) -> MutexGuard<'_, IdleList> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that an interpreter waits for its next piece of code: where places run out, `give_up` is cancelled, and who
    /// holds it ends it.
    pub(crate) fn idle(&self, give_up: &CancellationToken) -> Idle {
        let mut list = self.idle_list();
        list.last += 1;
        let number = list.last;
        list.holders.insert(number, give_up.clone());
        Idle(self.clone(), number)
    }

    /// A free place, or that of the interpreter that did nothing for longest.
    async fn place(&self) -> Result<OwnedSemaphorePermit, StartError> {
        let places = &self.0.places;
        if let Ok(permit) = Arc::clone(places).try_acquire_owned() {
            return Ok(permit);
        }
        let (_, longest) = self.idle_list().holders.pop_first().ok_or(StartError::Busy)?;
        longest.cancel();
        match tokio::time::timeout(GIVE_UP_LIMIT, Arc::clone(places).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(StartError::Busy),
        }
    }

    /// Starts an interpreter.
    ///
    /// # Errors
    /// No Python on this machine, all places taken, or an interpreter that does not become ready.
    pub(crate) async fn start(&self) -> Result<Interpreter, StartError> {
        let inner = &self.0;
        let machine = inner.machine.get_or_init(|| machine::look(&inner.settings)).await;
        let machine = machine.as_ref().map_err(|why| StartError::Absent(why.clone()))?;
        let permit = self.place().await?;
        let folder = inner.folders.make().map_err(|e| StartError::Failed(e.to_string()))?;
        let command = machine.command(&inner.folders, &folder, inner.settings.memory_mib);
        let child = inner.spawner.spawn(command).await.map_err(|e| StartError::Failed(e.to_string()))?;
        let started = Interpreter::start(child, Place { folder, _permit: permit });
        let (interpreter, ready) = match tokio::time::timeout(START_LIMIT, started).await {
            Ok(started) => started.map_err(StartError::Failed)?,
            Err(_) => return Err(StartError::Failed(format!("it was not ready after {} s", START_LIMIT.as_secs()))),
        };
        inner.walls_told.call_once(|| {
            let python = &ready.python;
            match ready.walls.as_str() {
                "" => tracing::warn!(
                    python,
                    "this system has no walls for Python programs: they reach the files and the network of this user"
                ),
                walls => tracing::info!(python, walls, "Python programs run behind walls"),
            }
        });
        Ok(interpreter)
    }
}

#[cfg(test)]
mod tests;
