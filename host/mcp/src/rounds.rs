//! Questions to clients of revisions from 2026-07-28 on, whose servers send no requests: the call is answered with the
//! question and nothing of it runs; the client makes it again with the answer (specification, "Multi round-trip
//! requests").
//!
//! What ties the answer to its question is sealed with a key that all hosts share: who asked, where, the tool, its
//! arguments and the very words of the question. So an answer counts for nothing else, at any host, and for ten minutes.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bricklayer_domain::{ApprovalDecision, StandingPermission, argument_digest};
use bricklayer_tools::{Approvals, Question};
use rmcp::ErrorData;
use rmcp::model::{
    ElicitRequest, ElicitResult, InputRequest, InputRequests, InputRequiredResult, InputResponses, SealOptions,
};
use tokio::sync::Notify;

use crate::ask::{ANSWER_TIME, cannot_ask, decision, form, text};
use crate::door::Door;
use crate::shared::Sealer;

/// The question's name; a call has one.
const QUESTION: &str = "approval";

/// What is sealed: nothing but that it was asked.
const ASKED: &[u8] = b"asked";

/// What a client brings back from an earlier round.
pub(crate) struct Given {
    state: String,
    /// None when the client made the call again without an answer.
    answer: Option<serde_json::Value>,
}

impl Given {
    pub(crate) fn of(state: Option<String>, answers: Option<InputResponses>) -> Option<Self> {
        Some(Self { state: state?, answer: answers.and_then(|mut answers| answers.remove(QUESTION)) })
    }
}

/// Asks by answering the call.
pub(crate) struct Rounds<'a> {
    sealer: &'a Sealer,
    door: &'a dyn Door,
    shows_forms: bool,
    given: Option<Given>,
    /// What the call is answered with instead of its outcome.
    said: Mutex<Option<Result<InputRequiredResult, ErrorData>>>,
    there: Notify,
}

impl<'a> Rounds<'a> {
    pub(crate) fn new(sealer: &'a Sealer, door: &'a dyn Door, shows_forms: bool, given: Option<Given>) -> Self {
        Self { sealer, door, shows_forms, given, said: Mutex::default(), there: Notify::new() }
    }

    /// The question, when one is to be asked.
    pub(crate) async fn asked(&self) -> Result<InputRequiredResult, ErrorData> {
        loop {
            self.there.notified().await;
            if let Some(said) = self.said.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return said;
            }
        }
    }

    /// Answers the call, which goes no further.
    async fn say(&self, said: Result<InputRequiredResult, ErrorData>) -> ApprovalDecision {
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) = Some(said);
        self.there.notify_one();
        std::future::pending().await
    }

    /// What an answer is tied to.
    fn tie(&self, question: &Question<'_>) -> String {
        let (user, project) = (self.door.user(), self.door.project());
        let words = argument_digest(&text(question).into());
        format!("{user}\n{project}\n{}\n{}\n{words}", question.name, argument_digest(question.input))
    }
}

#[async_trait]
impl Approvals for Rounds<'_> {
    async fn standing(&self) -> Vec<StandingPermission> {
        Vec::new()
    }

    fn cannot_ask(&self, question: &Question<'_>) -> Option<String> {
        cannot_ask(question, self.shows_forms)
    }

    fn asks_now(&self) -> bool {
        self.given.as_ref().is_none_or(|given| given.answer.is_none())
    }

    async fn ask(&self, question: Question<'_>) -> ApprovalDecision {
        let tie = self.tie(&question);
        if let Some(Given { state, answer }) = &self.given {
            if let Err(error) = self.sealer.0.open_with(state, tie.as_bytes()) {
                let message =
                    format!("`requestState` is none that this call was answered with: {error}; make the call anew");
                return self.say(Err(ErrorData::invalid_params(message, None))).await;
            }
            if let Some(answer) = answer {
                return match serde_json::from_value::<ElicitResult>(answer.clone()) {
                    Ok(answer) => decision(&answer),
                    Err(error) => {
                        let message = format!("`inputResponses.{QUESTION}` is no answer to a form: {error}");
                        self.say(Err(ErrorData::invalid_params(message, None))).await
                    }
                };
            }
        }
        let options = SealOptions::new().associated_data(tie.as_bytes()).ttl(ANSWER_TIME);
        let state = self.sealer.0.seal_with(ASKED, &options);
        let question = InputRequest::Elicitation(ElicitRequest::new(form(&question)));
        let questions = InputRequests::from([(QUESTION.to_owned(), question)]);
        self.say(Ok(InputRequiredResult::new(Some(questions), Some(state)))).await
    }
}
