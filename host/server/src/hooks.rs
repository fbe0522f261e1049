//! The operator's hooks: services that are asked before a call of a tool, after it and before a message, and told when a
//! turn ended (docs/HOOKS.md).
//!
//! A hook is asked within a bounded time, with a bounded answer, and fails in one way: what it was asked about does not
//! happen, or, where the operator says so, happens as if there were no hook.

mod wire;

use std::sync::Arc;

use async_trait::async_trait;
use bricklayer_domain::{ConversationId, ProjectId, RuledCall, ToolOutcome, Turn, TurnEnd, UserId, chain, cut};
use bricklayer_tools::{After, Before, HookRuling, HookedCall, Hooks, MAX_HOOK_CHARS};
use futures::StreamExt as _;
use http::StatusCode;
use secrecy::ExposeSecret as _;
use tokio::sync::Semaphore;
use url::Url;

use crate::config::{HooksConfig, OnFailure};
use crate::lifecycle::Lifecycle;
use wire::{Answer, Decision, HookEvent};

/// Largest answer of a hook, in bytes: arguments of a call may be as long as a model writes them.
const MAX_ANSWER_BYTES: usize = 1 << 20;

/// Hooks that are told of turns' ends at a time; further ends are told to nobody.
const MAX_TELLING: usize = 64;

/// What the model and the user are told when a hook fails.
const CANNOT_ASK: &str = "its policy service cannot be asked right now; try again later, or tell the operator";

/// Why a hook gave no answer.
#[derive(Debug, thiserror::Error)]
enum HookError {
    #[error("it cannot be reached")]
    Transport(#[source] reqwest::Error),
    #[error("it answered with status {0}")]
    Status(StatusCode),
    #[error("its answer has more than {MAX_ANSWER_BYTES} bytes")]
    TooLarge,
    #[error("its answer is not understood")]
    Nonsense(#[source] serde_json::Error),
}

/// What becomes of a message.
#[derive(Debug)]
pub(crate) enum Prompted {
    /// It begins a turn, as it is here.
    Message(String),
    /// It does not. Why, for the user.
    Refused(String),
}

/// The hooks of this host; cheap to clone.
#[derive(Debug, Clone)]
pub struct OperatorHooks {
    http: reqwest::Client,
    config: Arc<HooksConfig>,
    telling: Arc<Semaphore>,
    lifecycle: Lifecycle,
}

impl OperatorHooks {
    /// # Errors
    /// When the TLS roots cannot be loaded.
    pub(crate) fn new(config: &HooksConfig, lifecycle: Lifecycle) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(config.limit)
            .user_agent(concat!("bricklayer/", env!("CARGO_PKG_VERSION")))
            .build()?;
        let telling = Arc::new(Semaphore::new(MAX_TELLING));
        Ok(Self { http, config: Arc::new(config.clone()), telling, lifecycle })
    }

    /// Those that are asked about calls; none where there are none.
    pub(crate) fn of_calls(&self) -> Option<Arc<dyn Hooks>> {
        let is_asked = self.config.before_tool.is_some() || self.config.after_tool.is_some();
        is_asked.then(|| Arc::new(self.clone()) as Arc<dyn Hooks>)
    }

    /// Asks whether a message may begin a turn, and as what.
    pub(crate) async fn before_prompt(
        &self,
        user: &UserId,
        project: ProjectId,
        conversation: Option<ConversationId>,
        message: String,
    ) -> Prompted {
        let Some(url) = &self.config.before_prompt else { return Prompted::Message(message) };
        let event = HookEvent::prompt(user, project, conversation, &message);
        let answer = match self.ask(url, &event).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::error!(hook = event.hook, error = chain(&error), "a hook failed");
                return match self.config.on_failure {
                    OnFailure::Block => Prompted::Refused(format!("the operator refuses it: {CANNOT_ASK}")),
                    OnFailure::Continue => Prompted::Message(message),
                };
            }
        };
        let reason = answer.reason();
        match answer.decision {
            Decision::Deny | Decision::Ask => Prompted::Refused(format!("the operator refuses this message: {reason}")),
            Decision::Continue => {
                let message = answer.message.unwrap_or(message);
                Prompted::Message(match answer.context {
                    Some(context) => format!("{message}\n\n[The operator adds: {}]", cut(&context, MAX_HOOK_CHARS)),
                    None => message,
                })
            }
        }
    }

    /// Tells that a turn ended. Nobody waits for it.
    pub(crate) fn turn_ended(&self, turn: &Turn, end: &TurnEnd) {
        let Some(url) = self.config.turn_end.clone() else { return };
        let event = HookEvent::end(turn, end);
        let Ok(place) = Arc::clone(&self.telling).try_acquire_owned() else {
            tracing::warn!(hook = event.hook, "too many ends of turns wait for their hook; this one is told to nobody");
            return;
        };
        let hooks = self.clone();
        self.lifecycle.spawn("turn end hook", async move {
            let _place = place;
            if let Err(error) = hooks.ask(&url, &event).await {
                tracing::error!(hook = event.hook, error = chain(&error), "a hook failed");
            }
        });
    }

    fn is_about(&self, call: &HookedCall<'_>) -> bool {
        let HookedCall { spec, input, review, .. } = *call;
        self.config.is_about(&RuledCall { name: &spec.name, source: &spec.source, input, review })
    }

    async fn ask(&self, url: &Url, event: &HookEvent<'_>) -> Result<Answer, HookError> {
        let mut request = self.http.post(url.clone()).json(event);
        if let Some(secret) = &self.config.secret {
            request = request.bearer_auth(secret.expose_secret());
        }
        // The address is the operator's own matter.
        let response = request.send().await.map_err(|error| HookError::Transport(error.without_url()))?;
        match response.status() {
            StatusCode::NO_CONTENT => return Ok(Answer::default()),
            status if !status.is_success() => return Err(HookError::Status(status)),
            _ => {}
        }
        let mut body = Vec::new();
        let mut pieces = response.bytes_stream();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|error| HookError::Transport(error.without_url()))?;
            if body.len().saturating_add(piece.len()) > MAX_ANSWER_BYTES {
                return Err(HookError::TooLarge);
            }
            body.extend_from_slice(&piece);
        }
        serde_json::from_slice(&body).map_err(HookError::Nonsense)
    }
}

#[async_trait]
impl Hooks for OperatorHooks {
    async fn before(&self, call: HookedCall<'_>) -> Before {
        let Some(url) = self.config.before_tool.as_ref().filter(|_| self.is_about(&call)) else {
            return Before::default();
        };
        let event = HookEvent::before(&call);
        match self.ask(url, &event).await {
            Ok(answer) => {
                let reason = answer.reason();
                let ruling = match answer.decision {
                    Decision::Continue => HookRuling::Silent,
                    Decision::Ask => HookRuling::Ask(reason),
                    Decision::Deny => HookRuling::Deny(reason),
                };
                Before { ruling, input: answer.input }
            }
            Err(error) => {
                tracing::error!(hook = event.hook, error = chain(&error), "a hook failed");
                match self.config.on_failure {
                    OnFailure::Block => Before { ruling: HookRuling::Deny(CANNOT_ASK.to_owned()), ..Before::default() },
                    OnFailure::Continue => Before::default(),
                }
            }
        }
    }

    async fn after(&self, call: HookedCall<'_>, outcome: &ToolOutcome) -> After {
        let Some(url) = self.config.after_tool.as_ref().filter(|_| self.is_about(&call)) else {
            return After::default();
        };
        let event = HookEvent::after(&call, outcome);
        match self.ask(url, &event).await {
            Ok(answer) => {
                let bounded = |text: String| cut(&text, MAX_HOOK_CHARS).to_owned();
                let withheld =
                    (answer.decision != Decision::Continue).then(|| format!("withheld: {}", answer.reason()));
                After { output: withheld.or(answer.output).map(bounded), context: answer.context.map(bounded) }
            }
            Err(error) => {
                tracing::error!(hook = event.hook, error = chain(&error), "a hook failed");
                match self.config.on_failure {
                    OnFailure::Block => After { output: Some(format!("withheld: {CANNOT_ASK}")), ..After::default() },
                    OnFailure::Continue => After::default(),
                }
            }
        }
    }
}
