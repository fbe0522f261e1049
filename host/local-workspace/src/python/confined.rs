//! The first moments of an interpreter's process: it is this program, bounds itself, builds walls around itself, and then
//! becomes the interpreter. A process cannot take down what it built so.

use std::{ffi::OsString, io, path::PathBuf};

#[cfg(target_os = "linux")]
use super::walls;

/// The largest file that a program may write, in bytes.
#[cfg(target_os = "linux")]
const FILE_BYTES: u64 = 1 << 30;

/// Files that a program may hold open.
#[cfg(target_os = "linux")]
const OPEN_FILES: u64 = 512;

/// Which bounds and walls a program gets, and the program.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Confined {
    /// The process that it must not outlive.
    #[arg(long)]
    pub(super) parent: u32,
    /// Its memory in MiB.
    #[arg(long)]
    pub(super) memory_mib: u64,
    /// A file or folder that it may read; may be repeated.
    #[arg(long)]
    pub(super) read: Vec<PathBuf>,
    /// A folder that it may write; may be repeated.
    #[arg(long)]
    pub(super) write: Vec<PathBuf>,
    /// The program and its arguments.
    #[arg(last = true, required = true)]
    pub(super) command: Vec<OsString>,
}

impl Confined {
    /// The name of the command that reads the rest.
    pub const COMMAND: &'static str = "confined";

    /// The whole command line, without this program's own name.
    pub(super) fn arguments(&self) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = vec![
            Self::COMMAND.into(),
            format!("--parent={}", self.parent).into(),
            format!("--memory-mib={}", self.memory_mib).into(),
        ];
        for (name, paths) in [("--read", &self.read), ("--write", &self.write)] {
            for path in paths {
                arguments.extend([name.into(), path.clone().into_os_string()]);
            }
        }
        arguments.push("--".into());
        arguments.extend(self.command.iter().cloned());
        arguments
    }

    /// Becomes the program. Must come before this process has a second thread.
    #[cfg(unix)]
    #[must_use]
    pub fn become_it(self) -> io::Error {
        use std::os::unix::process::CommandExt as _;

        let Some((program, arguments)) = self.command.split_first() else {
            return io::Error::other("no program was given");
        };
        let mut command = std::process::Command::new(program);
        command.args(arguments);
        #[cfg(target_os = "linux")]
        {
            if let Err(error) = self.bound() {
                return error;
            }
            let files = walls::files(&self.read, &self.write).then_some("files");
            let calls = walls::calls().then_some("processes and network");
            let walls: Vec<_> = [files, calls].into_iter().flatten().collect();
            command.env("BRICKLAYER_WALLS", walls.join(", "));
        }
        command.exec()
    }

    /// Becomes the program.
    #[cfg(not(unix))]
    #[must_use]
    pub fn become_it(self) -> io::Error {
        io::Error::other("Python programs are not supported on this system")
    }

    #[cfg(target_os = "linux")]
    fn bound(&self) -> io::Result<()> {
        use rustix::process::{Resource, Rlimit, Signal, getppid, set_parent_process_death_signal, setrlimit};

        set_parent_process_death_signal(Some(Signal::KILL))?;
        let parent = getppid().map(|parent| parent.as_raw_nonzero().get().unsigned_abs());
        if parent != Some(self.parent) {
            return Err(io::Error::other("the workspace has ended"));
        }
        for (resource, most) in [
            (Resource::Data, self.memory_mib.saturating_mul(1 << 20)),
            (Resource::Fsize, FILE_BYTES),
            (Resource::Nofile, OPEN_FILES),
            (Resource::Core, 0),
        ] {
            setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
        }
        Ok(())
    }
}
