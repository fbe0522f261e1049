//! Operations as tools: work that goes on at a far end after its call has returned is looked at, listed and ended by its
//! handle, whichever family began it.
//!
//! There is no second way to wait for anything: an operation is the call of the family's own that waits for it, kept in
//! a book. To look is to make that call with little time; when it hands the work back once more, that goes on. To end it
//! is to send the requests that its first call had registered for the case that it is cut off.

use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use bricklayer_domain::{
    CallEffect, CallReview, Caller, Detail, Operation, OperationId, OperationState, RemoteOperation, ResultKind,
    ToolAnnotations, ToolDisplay, ToolErrorKind, ToolFailure, ToolName, ToolOutcome, ToolSource, ToolSpec,
};
use serde_json::{Value, json};

use crate::catalogue::ToolList;
use crate::link::CallLink;
use crate::provider::{Provider, ProviderCall};

/// Longest that a look waits for an operation's end, in seconds: what the families' own tools wait.
const MAX_WAIT_SECONDS: u64 = 600;

/// What a look takes beside its wait: tools stop waiting five seconds before their time is over, and the far end has the
/// rest to answer in.
const LOOK_TIME: Duration = Duration::from_secs(15);

/// Operations told of at once; older ones have ended for long.
pub const MAX_LISTED_OPERATIONS: u32 = 50;

/// Why the book of operations does not answer.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// There is none of that id here: none at all, or another user's, or another project's.
    #[error("there is no such operation in this project")]
    NotFound,
    /// The database failed.
    #[error("the list of operations cannot be read")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The operations of one user in one project.
#[async_trait]
pub trait OperationBook: Send + Sync {
    /// One of them.
    ///
    /// # Errors
    /// [`BookError`].
    async fn get(&self, id: OperationId) -> Result<RemoteOperation, BookError>;

    /// All of them, the newest first, at most [`MAX_LISTED_OPERATIONS`].
    ///
    /// # Errors
    /// [`BookError`].
    async fn list(&self) -> Result<Vec<RemoteOperation>, BookError>;

    /// Notes how one ended, and what its end said.
    ///
    /// # Errors
    /// [`BookError`].
    async fn settle(&self, id: OperationId, state: OperationState, said: &str) -> Result<(), BookError>;
}

/// The tools for operations, over a book and the source whose calls hand them back.
#[derive(Clone)]
pub struct OperationTools {
    book: Arc<dyn OperationBook>,
    source: Arc<dyn Provider>,
}

impl fmt::Debug for OperationTools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OperationTools")
    }
}

/// The tools, closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    Check,
    List,
    Cancel,
}

static SPECS: LazyLock<ToolList> = LazyLock::new(|| Tool::ALL.into_iter().map(|tool| Arc::new(tool.spec())).collect());

impl Tool {
    const ALL: [Self; 3] = [Self::Check, Self::List, Self::Cancel];

    const fn name(self) -> &'static str {
        match self {
            Self::Check => "check_operation_status",
            Self::List => "list_operations",
            Self::Cancel => "cancel_operation",
        }
    }

    fn spec(self) -> ToolSpec {
        let operation = json!({"type": "string", "format": "uuid", "description": "The operation's id."});
        let (title, description, properties, required) = match self {
            Self::Check => (
                "Look at an operation",
                "Tells how an operation stands: work of an earlier call that goes on at the workspace. Gives what it left \
                 when it has ended. Do not begin the work again instead.",
                json!({
                    "operation": operation,
                    "wait_seconds": {
                        "type": "integer", "minimum": 0, "maximum": MAX_WAIT_SECONDS,
                        "description": "How long to wait for its end. Leave out to look once."
                    }
                }),
                json!(["operation"]),
            ),
            Self::List => (
                "List operations",
                "Lists the operations of this project, the newest first: work that calls left going at the workspace, and \
                 how it ended.",
                json!({}),
                json!([]),
            ),
            Self::Cancel => (
                "Cancel an operation",
                "Ends an operation at the workspace, for good.",
                json!({"operation": operation}),
                json!(["operation"]),
            ),
        };
        let annotations = match self {
            Self::Check | Self::List => ToolAnnotations::reads(),
            Self::Cancel => ToolAnnotations { idempotent: true, ..ToolAnnotations::default() },
        };
        let (detail, result) = match self {
            Self::List => (None, ResultKind::List),
            Self::Check | Self::Cancel => (Detail::parse("{operation}").ok(), ResultKind::Text),
        };
        let text = |what: &str| json!({"type": "string", "description": what});
        let output_schema = (self == Self::List).then(|| {
            json!({"type": "object", "properties": {
                "text": text("The operations in words."),
                "operations": {"type": "array", "items": {"type": "object", "properties": {
                    "operation": text("Its id."),
                    "state": text("running, succeeded, failed or cancelled, as of the last look."),
                    "tool": text("The tool that began it."),
                    "family": text("The plugin of that tool."),
                    "since": text("When it was handed back."),
                }}}
            }})
        });
        ToolSpec {
            name: ToolName(self.name().to_owned()),
            source: ToolSource::BuiltIn,
            description: description.to_owned(),
            input_schema: json!({
                "type": "object", "properties": properties, "required": required, "additionalProperties": false
            }),
            output_schema,
            annotations,
            display: ToolDisplay { title: Some(title.to_owned()), detail, result: Some(result) },
            resources: Default::default(),
        }
    }
}

impl OperationTools {
    /// The tools for the operations in `book`, which calls of `source` handed back.
    #[must_use]
    pub fn new(book: Arc<dyn OperationBook>, source: Arc<dyn Provider>) -> Self {
        Self { book, source }
    }

    /// The tools, as they are listed.
    #[must_use]
    pub fn specs() -> ToolList {
        Arc::clone(&SPECS)
    }
}

impl Provider for OperationTools {
    fn list(&self) -> ToolList {
        Self::specs()
    }

    fn resolve(&self, caller: &Caller, name: &ToolName, input: &Value) -> Option<Box<dyn ProviderCall>> {
        let tool = Tool::ALL.into_iter().find(|tool| tool.name() == name.0)?;
        let spec = Arc::clone(SPECS.iter().find(|spec| spec.name == *name)?);
        Some(Box::new(OperationCall { tool, spec, tools: self.clone(), caller: caller.clone(), input: input.clone() }))
    }
}

struct OperationCall {
    tool: Tool,
    spec: Arc<ToolSpec>,
    tools: OperationTools,
    caller: Caller,
    input: Value,
}

#[async_trait]
impl ProviderCall for OperationCall {
    fn spec(&self) -> &Arc<ToolSpec> {
        &self.spec
    }

    async fn review(&self) -> Option<CallReview> {
        if self.tool != Tool::Cancel {
            return None;
        }
        let operation = self.operation().await.ok()?;
        Some(CallReview::one(Operation {
            effect: CallEffect::Destroys,
            verb: "CANCEL OPERATION".to_owned(),
            objects: vec![operation.id.to_string()],
            text: None,
            detail: Some(format!("ends what {} began at the workspace", operation.origin.tool.short())),
        }))
    }

    async fn run(&self, link: CallLink) -> ToolOutcome {
        let done = match self.tool {
            Tool::List => self.list().await,
            Tool::Check => self.check(link).await,
            Tool::Cancel => self.cancel(link).await,
        };
        done.unwrap_or_else(ToolOutcome::failed)
    }

    fn time_limit(&self) -> Option<Duration> {
        Some(LOOK_TIME * 2 + Duration::from_secs(MAX_WAIT_SECONDS))
    }
}

type Done = Result<ToolOutcome, ToolFailure>;

/// What a look at an operation shows.
enum Look {
    /// It goes on; what its tool said.
    Going(ToolOutcome),
    /// It has ended.
    Ended(OperationState, ToolOutcome),
    /// Nothing was learned, and why.
    Unknown(ToolFailure),
}

impl OperationCall {
    fn id(&self) -> Result<OperationId, ToolFailure> {
        let text = self.input.get("operation").and_then(Value::as_str).unwrap_or_default();
        text.parse().map_err(|_| {
            let message = "operation: must be the id of an operation, a UUID; list_operations tells them";
            ToolFailure::new(ToolErrorKind::InvalidInput, message)
        })
    }

    fn wait(&self) -> Result<Duration, ToolFailure> {
        let seconds = self.input.get("wait_seconds").filter(|value| !value.is_null());
        let seconds = seconds.map_or(Some(0), Value::as_u64).filter(|seconds| *seconds <= MAX_WAIT_SECONDS);
        seconds.map(Duration::from_secs).ok_or_else(|| {
            let message = format!("wait_seconds: must be a whole number from 0 to {MAX_WAIT_SECONDS}");
            ToolFailure::new(ToolErrorKind::InvalidInput, message)
        })
    }

    async fn operation(&self) -> Result<RemoteOperation, ToolFailure> {
        self.tools.book.get(self.id()?).await.map_err(refused)
    }

    async fn list(&self) -> Done {
        let operations = self.tools.book.list().await.map_err(refused)?;
        let lines: Vec<String> = operations.iter().map(|operation| format!("- {}", words(operation))).collect();
        let text = if lines.is_empty() { "There are no operations in this project.".into() } else { lines.join("\n") };
        let listed: Vec<Value> = operations
            .iter()
            .map(|operation| {
                json!({
                    "operation": operation.id, "state": operation.state.as_str(),
                    "tool": operation.origin.tool.short(), "family": operation.origin.plugin,
                    "since": operation.since,
                })
            })
            .collect();
        let structured = Some(json!({"text": text, "operations": listed}));
        Ok(ToolOutcome { structured, ..ToolOutcome::text(text) })
    }

    async fn check(&self, link: CallLink) -> Done {
        let (operation, wait) = (self.operation().await?, self.wait()?);
        if !operation.state.is_running() {
            return Ok(ToolOutcome::text(ended_before(&operation)));
        }
        match self.look(&operation, link, wait).await? {
            Look::Going(outcome) => Ok(saying(&words(&operation), outcome)),
            Look::Ended(state, outcome) => self.settled(&operation, state, outcome).await,
            Look::Unknown(mut failure) => {
                failure.message.push_str("\nThe operation may go on; look again later.");
                Err(failure)
            }
        }
    }

    async fn cancel(&self, link: CallLink) -> Done {
        let operation = self.operation().await?;
        if !operation.state.is_running() {
            return Ok(ToolOutcome::text(ended_before(&operation)));
        }
        let requests = operation.continued_by.clean_up.clone();
        if requests.is_empty() {
            let message = format!(
                "the host was not told how operation {} is ended; use the tool of {} that ends it",
                operation.id, operation.origin.plugin
            );
            return Err(ToolFailure::new(ToolErrorKind::NotFound, message));
        }
        if !self.waiting(&operation)?.clean_up(requests).await {
            let message = "the workspace did not take the request that ends the operation, so it may go on; look with \
                           check_operation_status";
            return Err(ToolFailure::new(ToolErrorKind::Upstream, message));
        }
        match self.look(&operation, link, Duration::ZERO).await? {
            Look::Ended(OperationState::Failed, outcome) => {
                self.settled(&operation, OperationState::Cancelled, outcome).await
            }
            Look::Ended(state, outcome) => self.settled(&operation, state, outcome).await,
            Look::Going(_) | Look::Unknown(_) => Ok(ToolOutcome::text(format!(
                "Operation {} was told to end; check_operation_status tells when it has.",
                operation.id
            ))),
        }
    }

    /// The call that waits for an operation.
    fn waiting(&self, operation: &RemoteOperation) -> Result<Box<dyn ProviderCall>, ToolFailure> {
        let by = &operation.continued_by;
        self.tools.source.resolve(&self.caller, &by.name, &by.input).ok_or_else(|| {
            let message = format!(
                "the operation goes on, and there is no tool {} any more to look at it with; its plugin was removed or \
                 switched off",
                by.name
            );
            ToolFailure::new(ToolErrorKind::UnknownTool, message)
        })
    }

    async fn look(&self, operation: &RemoteOperation, link: CallLink, wait: Duration) -> Result<Look, ToolFailure> {
        let within = Some(LOOK_TIME + wait);
        let outcome = self.waiting(operation)?.run(CallLink { continuations: None, within, ..link }).await;
        if outcome.operations.contains(&operation.id) {
            return Ok(Look::Going(outcome));
        }
        Ok(match &outcome.failure {
            None => Look::Ended(OperationState::Succeeded, outcome),
            // It failed, or nobody knows it any more.
            Some(failure) if matches!(failure.kind, ToolErrorKind::Failed | ToolErrorKind::NotFound) => {
                Look::Ended(OperationState::Failed, outcome)
            }
            Some(failure) => Look::Unknown(failure.clone()),
        })
    }

    async fn settled(&self, operation: &RemoteOperation, state: OperationState, outcome: ToolOutcome) -> Done {
        self.tools.book.settle(operation.id, state, &outcome.content).await.map_err(refused)?;
        let head = format!("Operation {} {}.", operation.id, ended_as(state));
        // The look did not fail, whatever it found.
        Ok(saying(&head, ToolOutcome { failure: None, ..outcome }))
    }
}

fn saying(head: &str, outcome: ToolOutcome) -> ToolOutcome {
    ToolOutcome { content: format!("{head}\n\n{}", outcome.content), structured: None, ..outcome }
}

const fn ended_as(state: OperationState) -> &'static str {
    match state {
        OperationState::Running => "goes on",
        OperationState::Succeeded => "has ended well",
        OperationState::Failed => "failed",
        OperationState::Cancelled => "was cancelled",
    }
}

fn words(operation: &RemoteOperation) -> String {
    let RemoteOperation { id, origin, state, since, .. } = operation;
    let since = since.format("%Y-%m-%d %H:%M UTC");
    format!("Operation {id} ({}, since {since}) {}.", origin.tool.short(), ended_as(*state))
}

fn ended_before(operation: &RemoteOperation) -> String {
    let said = operation.outcome.as_deref().unwrap_or_default();
    format!("{}\n\n{said}", words(operation)).trim_end().to_owned()
}

fn refused(error: BookError) -> ToolFailure {
    match error {
        BookError::NotFound => {
            let message = "there is no such operation in this project; list_operations tells those that there are";
            ToolFailure::new(ToolErrorKind::NotFound, message)
        }
        BookError::Unavailable(_) => {
            let message = "the host's database cannot be reached; try again later";
            ToolFailure { retryable: true, ..ToolFailure::new(ToolErrorKind::Failed, message) }
        }
    }
}
