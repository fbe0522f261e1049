//! Compiling untrusted components where they can do no harm.
//!
//! A component can be made so that its compilation takes hours, or all memory, or the process with it; by wasmtime's own
//! policy that is no bug of wasmtime. So a host compiles in a child process that has limits of its own
//! ([`Compiler::Child`]) and takes nothing from it but bytes of bounded length. The code cache signs and loads them.
//! Before it reads a component, the child takes away from itself what a compiler does not need: files, the network,
//! other programs ([`confine`]).

mod child;
mod confine;
mod probe;
mod worker;

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

pub use worker::compile_worker;
pub(crate) use worker::{engine_hash, settings};

use crate::LoadError;
use wasmtime::Engine;

const MIB: u64 = 1024 * 1024;

/// Where components are compiled.
#[derive(Debug, Clone, Default)]
pub enum Compiler {
    /// In this process, without limits: for components that are trusted, and for tests.
    #[default]
    InProcess,
    /// In a child process with limits.
    Child(CompileWorker),
}

/// The child process that compiles one component and ends.
#[derive(Clone)]
pub struct CompileWorker {
    /// A program that calls [`compile_worker`].
    pub program: PathBuf,
    /// Arguments that make it do so.
    pub args: Vec<OsString>,
    /// Address space of the child: a component of 18 MiB takes about a gigabyte.
    pub memory_bytes: u64,
    /// Processor time of all its threads, to whole seconds.
    pub cpu: Duration,
    /// Wall time, from its start to its last byte.
    pub wall: Duration,
    /// Compiled code, which the host has to hold and keep: usually three times the component.
    pub code_bytes: u64,
    /// Whether nothing is compiled on a system that has not all the walls: Landlock and a system-call filter.
    pub walls_required: bool,
}

impl CompileWorker {
    /// A worker with the usual limits: 2 GiB, two minutes on a processor, five in all, 256 MiB of code.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>, args: impl IntoIterator<Item = OsString>) -> Self {
        Self {
            program: program.into(),
            args: args.into_iter().collect(),
            memory_bytes: 2048 * MIB,
            cpu: Duration::from_secs(120),
            wall: Duration::from_secs(300),
            code_bytes: 256 * MIB,
            walls_required: false,
        }
    }

    /// Has a child try the walls that it builds around itself: whether this system has them all, and what it could
    /// do that it must not, one line each.
    ///
    /// # Errors
    /// A child that does not start or answer.
    pub async fn try_the_walls(&self) -> Result<(bool, String), LoadError> {
        child::gaps(self).await
    }

    /// This very program, with arguments that make it call [`compile_worker`]. Also right when the file was replaced
    /// since this process began.
    ///
    /// # Errors
    /// When the system does not tell which program this is.
    pub fn of_this_program(args: impl IntoIterator<Item = OsString>) -> std::io::Result<Self> {
        let program = if cfg!(target_os = "linux") { "/proc/self/exe".into() } else { std::env::current_exe()? };
        Ok(Self::new(program, args))
    }
}

impl fmt::Debug for CompileWorker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompileWorker")
            .field("program", &self.program)
            .field("memory_bytes", &self.memory_bytes)
            .field("cpu", &self.cpu)
            .field("wall", &self.wall)
            .finish_non_exhaustive()
    }
}

impl Compiler {
    /// Machine code for `engine`; the bytes are only as trustworthy as the compiler. Dropping the future ends a child.
    pub(crate) async fn compile(
        &self,
        engine: &Engine,
        blocking: &tokio::runtime::Handle,
        component: Vec<u8>,
    ) -> Result<Vec<u8>, LoadError> {
        match self {
            Self::InProcess => {
                let engine = engine.clone();
                let work = move || engine.precompile_component(&component);
                let compiled = blocking.spawn_blocking(work).await.map_err(|_| LoadError::ShuttingDown)?;
                compiled.map_err(|error| LoadError::Compile(format!("{error:#}")))
            }
            Self::Child(worker) => child::compile(worker, &component, engine_hash(engine)).await,
        }
    }
}
