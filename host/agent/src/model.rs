//! Language models behind one interface; each provider keeps its own wire format to itself.

pub mod anthropic;
pub mod databricks;
mod draft;
mod failure;
mod features;
pub(crate) mod found;
mod known;
mod list;
mod names;
pub mod openai;
mod prices;
mod reasoning;
mod refusal;
mod send;
mod shown;
mod sse;
mod surrogates;

pub use list::{Abilities, ListError, ModelCard};
pub use prices::{Price, PriceError, Prices};
pub use send::{CallerToken, HttpModel, ModelAuth, ModelSetupError, ProviderSettings, http_client};
pub use send::{FIRST_BYTE_TIMEOUT, PINGS_ONLY_TIMEOUT};

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bricklayer_domain::{Block, HistoryRepair, ResultId, StopReason, ToolCallId, ToolErrorKind, ToolSpec, Usage};
use bricklayer_tools::{Offer, ToolList};
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use serde_json::Value;

use crate::prompt::PromptFacts;
pub(crate) use shown::NOT_SHOWN;
pub use shown::{Shown, ShownResults};

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The user, and the results of tools.
    User,
    /// The model.
    Assistant,
}

/// A piece of a message to the model.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// What a user said, or a note of the host.
    Text(String),
    /// What the model said before, unchanged.
    Block(Block),
    /// The answer to a tool use of the message before.
    ToolResult {
        /// The tool use.
        id: ToolCallId,
        /// What the model reads; never empty.
        content: String,
        /// The typed result, which only a model without a wire reads.
        structured: Option<Value>,
        /// Whether the call failed.
        is_error: bool,
        /// How it failed, which only a model without a wire reads.
        kind: Option<ToolErrorKind>,
        /// What the call made for people; the content names it as well. A model sees those of them that the request
        /// shows.
        results: Vec<ResultId>,
    },
}

/// A message to the model. Roles alternate, and every tool use is answered at the start of the next message.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelMessage {
    /// Who speaks.
    pub role: Role,
    /// What is said; never empty.
    pub content: Vec<Arc<Content>>,
}

/// One model call. What is said in it is shared with whoever keeps the conversation.
#[derive(Debug, Clone)]
pub struct ModelRequest {
    /// The model's id, as [`ModelProvider::model`] gave it.
    pub model: String,
    /// The system prompt; the same bytes for every call of a conversation whose settings do not change.
    pub system: Arc<str>,
    /// What the prompt tells of where the agent works, for a model that reads no prompt.
    pub facts: Arc<PromptFacts>,
    /// The tools, always in the same order.
    pub tools: ToolList,
    /// Which of them the model is told of at once.
    pub offer: Offer,
    /// The conversation.
    pub messages: Vec<Arc<ModelMessage>>,
    /// Pictures and documents of tool results. A provider without them says that in words.
    pub shown: ShownResults,
    /// Where the messages of earlier turns end: the index of the last of them. A place for a cache mark.
    pub previous_turn_end: Option<usize>,
    /// Tokens the model may write.
    pub max_output_tokens: u32,
    /// Whether the model may reason where its settings say so; not when its earlier reasoning was taken out.
    pub reasoning: bool,
}

/// A tool use that cannot run, because the model's output broke off or is not JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenCall {
    /// Which of the answer's blocks it is; it stands there with an empty object as its input.
    pub block: usize,
    /// What is wrong and what the model should do, for the model.
    pub reason: String,
}

/// A complete answer of the model.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelReply {
    /// Every block, in order.
    pub blocks: Vec<Block>,
    /// Tool uses among the blocks that cannot run.
    pub broken_calls: Vec<BrokenCall>,
    /// Why the model stopped.
    pub stop_reason: StopReason,
    /// What the provider said about a refusal, when it did.
    pub stop_details: Option<String>,
    /// Tokens.
    pub usage: Usage,
}

/// Why a model call failed for good, by what the user would do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ModelErrorKind {
    /// No connection, or the connection broke.
    Unreachable,
    /// No first byte, or silence in the middle.
    Timeout,
    /// The credential was refused.
    Unauthorized,
    /// The credential is good but not for this.
    Forbidden,
    /// No such model or no such path.
    NotFound,
    /// Too many requests or no budget.
    RateLimited,
    /// The provider is overloaded or failed.
    Upstream,
    /// The answer is larger than one message may be.
    AnswerTooLarge,
    /// The provider refused the request itself.
    BadRequest,
    /// The conversation or the request is too large.
    TooLarge,
    /// The answer is not what the protocol says.
    BadResponse,
}

impl ModelErrorKind {
    /// The stable word for the turn's end.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unreachable => "model-unreachable",
            Self::Timeout => "model-timeout",
            Self::Unauthorized => "model-unauthorized",
            Self::Forbidden => "model-forbidden",
            Self::NotFound => "model-not-found",
            Self::RateLimited => "model-rate-limited",
            Self::Upstream => "model-failed",
            Self::AnswerTooLarge => "message-too-large",
            Self::BadRequest => "model-refused-request",
            Self::TooLarge => "conversation-too-long",
            Self::BadResponse => "model-bad-response",
        }
    }
}

/// A model call that failed for good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ModelError {
    /// What kind.
    pub kind: ModelErrorKind,
    /// What happened and what to do, for the user; holds no credential and nothing internal.
    pub message: String,
    /// What may make the API take the conversation, in the order in which it is to be tried.
    pub repairs: Vec<HistoryRepair>,
}

/// What a model call yields. The last is always [`ModelEvent::Finished`] or [`ModelEvent::Failed`].
#[derive(Debug, Clone, PartialEq)]
pub enum ModelEvent {
    /// Prose, a piece of it.
    TextDelta {
        /// The content block.
        block: u32,
        /// The piece.
        text: String,
    },
    /// Reasoning, a piece of it.
    ThinkingDelta {
        /// The content block.
        block: u32,
        /// The piece.
        text: String,
    },
    /// Tokens so far; the latest replaces those before.
    Usage(Usage),
    /// An attempt failed, the next begins after the wait; all pieces so far are void.
    Retry {
        /// The attempt that failed, from 1.
        attempt: u32,
        /// The wait.
        delay: Duration,
        /// Why, for the user.
        reason: String,
    },
    /// The whole answer, which replaces the pieces.
    Finished(ModelReply),
    /// It failed for good.
    Failed(ModelError),
}

/// A language model.
pub trait ModelProvider: Send + Sync {
    /// The id of the model that answers, given what the user picked.
    fn model(&self, wanted: Option<&str>) -> String;

    /// Whether it can say in short what was said, when it is asked to.
    fn summarises(&self) -> bool {
        true
    }

    /// The same model asked for somebody, with their own token; none when it takes nobody's.
    fn asked_for(&self, _caller: Arc<dyn CallerToken>) -> Option<Arc<dyn ModelProvider>> {
        None
    }

    /// The models that may be asked by their ids, as the provider tells them now; it is asked with the same credential.
    ///
    /// # Errors
    /// [`ListError`], in a bounded time.
    fn list(&self) -> BoxFuture<'static, Result<Vec<ModelCard>, ListError>> {
        Box::pin(std::future::ready(Err(ListError::NoList)))
    }

    /// Asks the model. Dropping the stream ends the request at once.
    fn stream(&self, request: ModelRequest) -> BoxStream<'static, ModelEvent>;
}

/// A model that answers commands and nothing else: messages that name a tool. What it takes is its, whatever the
/// model of the turn is.
pub trait CommandModel: ModelProvider {
    /// Whether a message is a command for one of these tools.
    fn takes(&self, message: &str, tools: &[Arc<ToolSpec>]) -> bool;
}

impl fmt::Debug for dyn CommandModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CommandModel")
    }
}

impl fmt::Debug for dyn ModelProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ModelProvider")
    }
}
