//! What a deploy needs of the outside: the workspace's calls, the project's files, a folder for what is kept.

use serde_json::Value;

/// Methods of the workspace's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates or does.
    Post,
    /// Replaces.
    Put,
    /// Changes a part.
    Patch,
    /// Removes.
    Delete,
}

/// One call of the workspace.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Method.
    pub method: Method,
    /// Absolute path with its query, encoded.
    pub path: String,
    /// What is sent.
    pub body: Body,
}

/// The body of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// None.
    Nothing,
    /// JSON.
    Json(Value),
    /// A small file as it is.
    Bytes(Vec<u8>),
    /// A file of the project as it is.
    File {
        /// From the project's folder.
        path: String,
        /// Its length when it was looked at.
        bytes: u64,
    },
}

/// Why a call came to nothing, as far as a deploy acts on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// What it is about is not there.
    Missing,
    /// What it makes is there already.
    Exists,
    /// No answer came, or none that says whether it was done.
    Lost,
    /// The call's time was over before it was sent.
    NotSent,
    /// The workspace refused it.
    Refused,
    /// Something here: a file that cannot be written, a state that is not used.
    Local,
}

/// A call that came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What to do about it.
    pub kind: FaultKind,
    /// What happened, in words.
    pub message: String,
}

impl Fault {
    /// A fault.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    pub(crate) fn local(message: impl std::fmt::Display) -> Self {
        Self::new(FaultKind::Local, message.to_string())
    }

    pub(crate) fn doing(mut self, what: &str) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }
}

/// Bytes of a file of the project that is read whole, such as a dashboard.
pub(crate) const MAX_READ_BYTES: usize = 10 * 1024 * 1024;

/// The outside of a deploy. Names of kept files go from the target's cache, `.databricks/bundle/<target>`.
pub trait World {
    /// Sends calls side by side, as many as the caller's bounds allow, and hands each answer to `done` with its call's
    /// number; each exactly once, in any order.
    fn each(&self, calls: &[Call], done: &mut dyn FnMut(usize, Result<Value, Fault>));

    /// The length of a file of the project, in bytes; none where there is no file.
    fn size(&self, path: &str) -> Option<u64>;

    /// Reads a kept file; none where there is none.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn kept(&self, name: &str) -> Result<Option<Vec<u8>>, Fault>;

    /// Keeps a file: a reader sees the old one or the new one.
    ///
    /// # Errors
    /// Why it cannot be written.
    fn keep(&self, name: &str, content: &[u8]) -> Result<(), Fault>;

    /// Appends to a kept file.
    ///
    /// # Errors
    /// Why it cannot be written.
    fn append(&self, name: &str, content: &[u8]) -> Result<(), Fault>;

    /// Removes a kept file, if it is there.
    ///
    /// # Errors
    /// Why it cannot be removed.
    fn forget(&self, name: &str) -> Result<(), Fault>;

    /// Tells how far the work is.
    fn tell(&self, step: Step, done: usize, total: usize);
}

/// The steps of a deploy and of a destroy, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The lock is taken.
    Lock,
    /// Libraries are uploaded.
    Libraries,
    /// Files are uploaded and deleted.
    Files,
    /// Resources are made, changed and deleted.
    Resources,
    /// State and metadata are written.
    State,
    /// The bundle's folder is deleted.
    Folder,
}

impl Call {
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self { method: Method::Get, path: path.into(), body: Body::Nothing }
    }

    pub(crate) fn json(method: Method, path: impl Into<String>, body: Value) -> Self {
        Self { method, path: path.into(), body: Body::Json(body) }
    }
}

/// Sends one call.
pub(crate) fn send(world: &dyn World, call: Call) -> Result<Value, Fault> {
    let mut answer = None;
    world.each(&[call], &mut |_, result| answer = Some(result));
    answer.unwrap_or_else(|| Err(Fault::new(FaultKind::NotSent, "the call was not sent")))
}

/// Sends calls side by side; their answers in their order.
pub(crate) fn send_all(world: &dyn World, calls: &[Call]) -> Vec<Result<Value, Fault>> {
    let not_sent = || Err(Fault::new(FaultKind::NotSent, "the call was not sent"));
    let mut answers: Vec<_> = calls.iter().map(|_| not_sent()).collect();
    world.each(calls, &mut |at, answer| {
        if let Some(slot) = answers.get_mut(at) {
            *slot = answer;
        }
    });
    answers
}

/// `None` where what a call is about is not there.
pub(crate) fn optional(answer: Result<Value, Fault>) -> Result<Option<Value>, Fault> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(fault) if fault.kind == FaultKind::Missing => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// A text in a path or query of an address.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// A path of the workspace in an address, each name encoded.
pub(crate) fn encode_path(path: &str) -> String {
    path.split('/').map(encode).collect::<Vec<_>>().join("/")
}
