//! Starting processes from one thread that lives as long as the workspace: the system ends a process with the thread that
//! started it, and threads of a pool come and go.

use std::{io, thread};

use tokio::{
    process::{Child, Command},
    runtime::Handle,
    sync::{mpsc, oneshot},
};

/// Starts that wait at most; interpreters are fewer.
const WAITING: usize = 16;

type Start = (Command, Handle, oneshot::Sender<io::Result<Child>>);

/// The thread.
#[derive(Debug)]
pub(super) struct Spawner(mpsc::Sender<Start>);

impl Spawner {
    /// # Errors
    /// A system that gives no thread.
    pub(super) fn start() -> io::Result<Self> {
        let (sender, mut starts) = mpsc::channel::<Start>(WAITING);
        thread::Builder::new().name("python-spawner".to_owned()).spawn(move || {
            while let Some((mut command, runtime, started)) = starts.blocking_recv() {
                let _entered = runtime.enter();
                // Whoever asked may be gone; then the process is ended at once.
                let _ = started.send(command.spawn());
            }
        })?;
        Ok(Self(sender))
    }

    /// # Errors
    /// A process that the system does not start.
    pub(super) async fn spawn(&self, command: Command) -> io::Result<Child> {
        let (started, answer) = oneshot::channel();
        let gone = || io::Error::other("the thread that starts processes has ended");
        self.0.send((command, Handle::current(), started)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}
