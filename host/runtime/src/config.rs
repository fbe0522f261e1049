//! Settings and limits, each with what it protects.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bricklayer_domain::DEFAULT_CALL_TIME_LIMIT;
use url::Url;

use crate::{Compiler, FairnessLimits, FarEnd, Grants};

/// What one call may use. The defaults suit tools that talk to a workspace; see each field for what it protects.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Linear memory, summed over all memories of all instances of the call. At most [`MAX_MEMORY_BYTES`].
    pub memory_bytes: usize,
    /// Table elements, summed likewise; each costs the host a pointer.
    pub table_elements: usize,
    /// Time on a processor, host functions included and waiting not: stops endless loops.
    pub cpu: Duration,
    /// Wall time of a call whose tool names none: stops what waits for ever.
    pub wall: Duration,
    /// JSON of the result: what the model, the log and the page have to carry.
    pub output_bytes: usize,
    /// Bytes on standard output and error together; only the tail is kept, for error messages.
    pub stdio_bytes: usize,
    /// Calls of the host's own functions (progress, log, state, context, cleanup).
    pub host_calls: u32,
    /// Bytes that one host call, or the result, may carry out of the guest: host memory.
    pub host_call_bytes: usize,
    /// Bytes that a call may append to its results, before they are packed: the database, and the host's time.
    pub result_bytes: u64,
    /// Resource handles of the component model alive at once, and entries of the host's table: host memory.
    pub handles: usize,
    /// Bytes written to files, or added to their length: the disk that all projects share.
    pub file_write_bytes: u64,
    /// Bytes that a project's folder may have, for plugins to write more into it; the same disk, over all calls.
    pub project_bytes: u64,
    /// Bytes of one set of HTTP headers, the host's bookkeeping included.
    pub header_bytes: usize,
    /// Bytes of one request for random numbers.
    pub random_bytes: u64,
    /// HTTP requests; a tool that waits 15 minutes for several statements asks a few hundred times.
    pub http_requests: u32,
    /// HTTP requests at the same time.
    pub http_parallel: usize,
    /// Bytes of one HTTP response's body.
    pub http_response_bytes: u64,
    /// Bytes of one HTTP request's body.
    pub http_request_bytes: u64,
    /// Bytes of all bodies, both ways.
    pub http_total_bytes: u64,
    /// Wait for a connection.
    pub http_connect: Duration,
    /// Longest wait for a response's head; a guest may ask for less.
    pub http_first_byte: Duration,
    /// Longest silence within a response's body; a guest may ask for less.
    pub http_between_bytes: Duration,
}

/// Size of a memory slot in the pool, and so the most that [`Limits::memory_bytes`] can be.
pub const MAX_MEMORY_BYTES: usize = 256 * 1024 * 1024;

const MIB: usize = 1024 * 1024;

/// Requests of a call that carries files.
const TRANSFER_REQUESTS: u32 = 10_000;

/// Largest file that is carried, in bytes. Source: the Files API's limit of an upload.
const MAX_FILE_BYTES: u64 = 5 * 1024 * MIB as u64;

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 64 * MIB,
            table_elements: 20_000,
            cpu: Duration::from_secs(2),
            wall: DEFAULT_CALL_TIME_LIMIT,
            output_bytes: MIB,
            stdio_bytes: MIB,
            host_calls: 10_000,
            host_call_bytes: 16 * MIB,
            result_bytes: 1024 * MIB as u64,
            handles: 1000,
            file_write_bytes: 256 * MIB as u64,
            project_bytes: 4096 * MIB as u64,
            header_bytes: 32 * 1024,
            random_bytes: 64 * 1024,
            http_requests: 1000,
            http_parallel: 16,
            http_response_bytes: 32 * MIB as u64,
            http_request_bytes: 16 * MIB as u64,
            http_total_bytes: 1024 * MIB as u64,
            http_connect: Duration::from_secs(5),
            http_first_byte: Duration::from_secs(75),
            http_between_bytes: Duration::from_secs(30),
        }
    }
}

impl Limits {
    /// The limits of one call: the defaults, or more where the plugin was given more, within the host's ceilings.
    pub(crate) fn of_call(&self, grants: &Grants, ceilings: &Ceilings) -> Self {
        let memory = grants.memory_mib.and_then(|mib| usize::try_from(mib).ok()).unwrap_or(0).saturating_mul(MIB);
        let cpu = Duration::from_secs(grants.cpu_seconds.unwrap_or(0).into());
        let limits = Self {
            memory_bytes: self.memory_bytes.max(memory).min(ceilings.memory_bytes),
            cpu: self.cpu.max(cpu).min(ceilings.cpu),
            wall: self.wall.min(ceilings.wall),
            ..self.clone()
        };
        match grants.transfer_gib {
            Some(gib) => limits.carrying(u64::from(gib) * 1024 * MIB as u64),
            None => limits,
        }
    }

    /// The same for a call that carries files: its bodies are streams, of which the host holds no more than of small
    /// ones, and a folder costs a request or more for each of its files.
    fn carrying(self, bytes: u64) -> Self {
        Self {
            http_requests: self.http_requests.max(TRANSFER_REQUESTS),
            http_response_bytes: self.http_response_bytes.max(bytes.min(MAX_FILE_BYTES)),
            http_request_bytes: self.http_request_bytes.max(bytes.min(MAX_FILE_BYTES)),
            http_total_bytes: self.http_total_bytes.max(bytes),
            file_write_bytes: self.file_write_bytes.max(bytes.min(self.project_bytes)),
            ..self
        }
    }
}

/// The most that a call of any plugin gets, whatever was asked for and given: the operator's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ceilings {
    /// Linear memory in bytes. At most [`MAX_MEMORY_BYTES`].
    pub memory_bytes: usize,
    /// Processor time.
    pub cpu: Duration,
    /// Wall time, tools with a limit of their own included.
    pub wall: Duration,
}

impl Default for Ceilings {
    fn default() -> Self {
        Self {
            memory_bytes: MAX_MEMORY_BYTES,
            cpu: Duration::from_secs(bricklayer_package::MAX_CPU_SECONDS.into()),
            wall: Duration::from_secs(bricklayer_package::MAX_TIME_LIMIT_SECONDS.into()),
        }
    }
}

/// Most bytes of compiled code on disk when nobody chose: some thirty interpreters of other languages, or a thousand
/// plugins in Rust. Protects the disk from versions that nobody uses any more.
pub const DEFAULT_CACHE_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// What the runtime needs to start.
#[derive(Debug, Clone)]
pub struct RuntimeConfig {
    /// Folder for compiled code; made with mode 0700. Only bytes that this host wrote are ever loaded from it.
    pub cache_dir: PathBuf,
    /// Most bytes of it; what was not used for longest goes first, and never what is loaded.
    pub cache_bytes: u64,
    /// Where components are compiled; a host that loads other people's packages wants a child process.
    pub compiler: Compiler,
    /// What one call may use.
    pub limits: Limits,
    /// The most that one call may get by its grants.
    pub ceilings: Ceilings,
    /// Origins besides workspaces that the operator allows although their address is private or their scheme is http. A
    /// plugin reaches one by its host's name when its grants say so. Scheme, host and port must match; the path is ignored.
    pub operator_hosts: Vec<Url>,
    /// Calls that run at once in this process; further ones wait. Each costs a slot of the memory pool.
    pub max_concurrent_calls: usize,
    /// What of them one user gets.
    pub fairness: FairnessLimits,
    /// Calls that compute for more than a moment at once; the others of them take turns, user by user. Fewer than
    /// threads, so that a call which only asks and answers finds one free.
    pub heavy_calls: usize,
    /// Longest wait for a slot before a call is told to come back later.
    pub queue_wait: Duration,
    /// Threads that run guests; a guest never runs on the caller's own threads.
    pub threads: usize,
    /// Answers every request of every plugin, after all checks, in the place of the network: for authors' tests.
    pub far_end: Option<Arc<dyn FarEnd>>,
}

impl RuntimeConfig {
    /// The defaults, with compiled code under `cache_dir`.
    #[must_use]
    pub fn new(cache_dir: impl Into<PathBuf>) -> Self {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            cache_dir: cache_dir.into(),
            cache_bytes: DEFAULT_CACHE_BYTES,
            compiler: Compiler::default(),
            limits: Limits::default(),
            ceilings: Ceilings::default(),
            operator_hosts: Vec::new(),
            max_concurrent_calls: 64,
            fairness: FairnessLimits::default(),
            queue_wait: Duration::from_secs(20),
            threads,
            heavy_calls: threads.saturating_sub(1).max(1),
            far_end: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use bricklayer_package::Powers;

    use super::*;

    fn limits(powers: &[&str]) -> Limits {
        let grants = Grants::from_powers(&Powers::parse(powers).unwrap());
        Limits::default().of_call(&grants, &Ceilings::default())
    }

    #[test]
    fn who_carries_files_may_carry_more_and_others_not() {
        let (usual, more, most) = (limits(&[]), limits(&["transfer:2GiB"]), limits(&["transfer:6GiB"]));
        let gib = 1024 * MIB as u64;
        let carried = |limits: &Limits| (limits.http_requests, limits.http_total_bytes, limits.http_response_bytes);
        assert_eq!(carried(&usual), (1000, gib, 32 * MIB as u64));
        assert_eq!(carried(&more), (10_000, 2 * gib, 2 * gib));
        assert_eq!(carried(&most), (10_000, 6 * gib, 5 * gib));
        assert_eq!((usual.file_write_bytes, most.file_write_bytes), (256 * MIB as u64, 4 * gib));
        assert_eq!((most.memory_bytes, most.cpu), (usual.memory_bytes, usual.cpu));
    }
}
