//! `continuation` of the contract: how a call's remote work goes on when the host leaves.

use std::error::Error;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bricklayer_domain::{CleanUp, MAX_CALL_OPERATIONS, OperationId};
use serde_json::Value;

use super::contract::wit::continuation as wit;
use super::{Cleanups, Frame, View};
use crate::context::{Continuation, Handover, OperationStore};
use crate::convert;
use crate::profile::Profile;

/// Bytes of a continuation's arguments, as the contract states them; protects the log.
const MAX_INPUT_BYTES: usize = 16_384;
/// Longest that the end of a call waits to hear whether an offer that it was cut off in was kept. Whoever keeps offers
/// has answered by then or has let go of the question, which is an answer.
const HEARD_WITHIN: Duration = Duration::from_secs(2);

/// An offer on its way to whoever keeps it, and what came of it.
type Keeping = Pin<Box<dyn Future<Output = (Option<Continuation>, Heard)> + Send>>;
type Heard = Result<(), Box<dyn Error + Send + Sync>>;

/// What a call offered, and the tools that could take it.
pub(super) struct ContinuationCtx {
    offer: Arc<Offer>,
    operations: Arc<HandedBack>,
    plugin: Arc<Profile>,
}

impl ContinuationCtx {
    pub(super) fn new(frame: &Frame) -> Self {
        Self {
            offer: Arc::clone(&frame.offer),
            operations: Arc::clone(&frame.operations),
            plugin: Arc::clone(&frame.plugin),
        }
    }
}

/// How a call's remote work goes on without it, as far as the caller knows; outlives the guest.
pub(crate) struct Offer {
    handover: Option<Arc<dyn Handover>>,
    cleanups: Arc<Cleanups>,
    /// How the caller knows that the call is continued.
    kept: Mutex<Option<Continuation>>,
    /// The offer that is being kept. It is here and not in the guest's call, because a host that leaves drops that call as
    /// soon as it has kept the offer, and what another host goes on with must not be ended then.
    keeping: tokio::sync::Mutex<Option<Keeping>>,
}

impl Offer {
    pub(crate) fn new(handover: Option<Arc<dyn Handover>>, cleanups: Arc<Cleanups>) -> Self {
        Self { handover, cleanups, kept: Mutex::default(), keeping: tokio::sync::Mutex::default() }
    }

    fn kept(&self) -> MutexGuard<'_, Option<Continuation>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When this host leaves and another continues what the call started: the clean-up requests of that.
    pub(crate) async fn taken_up(&self) -> Option<Vec<CleanUp>> {
        let _ = tokio::time::timeout(HEARD_WITHIN, self.hear()).await;
        let leaving = self.handover.as_ref().is_some_and(|handover| handover.is_leaving());
        self.kept().as_ref().filter(|_| leaving).map(|kept| kept.clean_up.clone())
    }

    /// Takes what the call has withdrawn out of what was kept: it must not be sent by anybody any more.
    pub(super) async fn forget_withdrawn(&self) {
        let Some(kept) = self.kept().clone() else { return };
        let clean_up = self.cleanups.registered();
        if kept.clean_up.iter().any(|request| !clean_up.contains(request)) {
            // Where this fails the turn is not this worker's any more, and the call ends.
            let _ = self.keep(Some(Continuation { clean_up, ..kept })).await;
        }
    }

    async fn keep(&self, continuation: Option<Continuation>) -> Result<(), wit::ContinuationError> {
        let Some(handover) = &self.handover else {
            return Err(wit::ContinuationError::Unavailable("nobody would continue this call".to_owned()));
        };
        let handover = Arc::clone(handover);
        *self.keeping.lock().await = Some(Box::pin(async move {
            let kept = handover.keep(continuation.clone()).await;
            (continuation, kept)
        }));
        match self.hear().await {
            None | Some(Ok(())) => Ok(()),
            Some(Err(error)) => {
                tracing::error!(error = bricklayer_domain::chain(&*error), "how a call is continued was not stored");
                Err(wit::ContinuationError::Unavailable("the host's database cannot be reached".to_owned()))
            }
        }
    }

    /// Waits for what becomes of the offer on its way, if one is; whoever is dropped while waiting leaves it to the next.
    async fn hear(&self) -> Option<Heard> {
        let mut keeping = self.keeping.lock().await;
        let (continuation, heard) = keeping.as_mut()?.await;
        *keeping = None;
        if heard.is_ok() {
            *self.kept() = continuation;
        }
        Some(heard)
    }
}

/// What a call handed back; outlives the guest.
pub(crate) struct HandedBack {
    store: Option<Arc<dyn OperationStore>>,
    ids: Mutex<Vec<OperationId>>,
}

impl HandedBack {
    pub(crate) fn new(store: Option<Arc<dyn OperationStore>>) -> Self {
        Self { store, ids: Mutex::default() }
    }

    /// The operations, in the order in which they were handed back.
    pub(crate) fn ids(&self) -> Vec<OperationId> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn keep(&self, by: Continuation) -> Result<(), wit::ContinuationError> {
        let Some(store) = &self.store else {
            return Err(wit::ContinuationError::Unavailable("nobody would ask for it".to_owned()));
        };
        if self.ids().len() >= MAX_CALL_OPERATIONS {
            let why = format!("the call has handed back {MAX_CALL_OPERATIONS} operations already");
            return Err(wit::ContinuationError::Unavailable(why));
        }
        match store.handed_back(by).await {
            Ok(id) => {
                let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
                if !ids.contains(&id) {
                    ids.push(id);
                }
                Ok(())
            }
            Err(error) => {
                tracing::error!(error = bricklayer_domain::chain(&*error), "an operation was not kept");
                Err(wit::ContinuationError::Unavailable("the host could not keep it".to_owned()))
            }
        }
    }
}

impl View<'_, ContinuationCtx> {
    /// The call that waits for what goes on, with the requests that end it now.
    fn continuing(&self, tool: String, input: &str) -> Result<Continuation, wit::ContinuationError> {
        let invalid = |why: &str| Err(wit::ContinuationError::Invalid(why.to_owned()));
        if input.len() > MAX_INPUT_BYTES {
            return invalid("the input has more than 16384 bytes");
        }
        let Ok(input @ Value::Object(_)) = serde_json::from_str(input) else {
            return invalid("the input is no JSON object");
        };
        if let Err(why) = fits(&self.own.plugin, &tool, &input) {
            return invalid(&why);
        }
        Ok(Continuation { tool, input, clean_up: self.own.offer.cleanups.registered() })
    }
}

impl wit::Host for View<'_, ContinuationCtx> {
    async fn offer(&mut self, tool: String, input: String) -> wasmtime::Result<Result<(), wit::ContinuationError>> {
        self.count()?;
        let by = match self.continuing(tool, &input) {
            Ok(by) => by,
            Err(refusal) => return Ok(Err(refusal)),
        };
        Ok(self.own.offer.keep(Some(by)).await)
    }

    async fn hand_back(&mut self, tool: String, input: String) -> wasmtime::Result<Result<(), wit::ContinuationError>> {
        self.count()?;
        let by = match self.continuing(tool, &input) {
            Ok(by) => by,
            Err(refusal) => return Ok(Err(refusal)),
        };
        Ok(self.own.operations.keep(by).await)
    }

    async fn withdraw(&mut self) -> wasmtime::Result<()> {
        self.count()?;
        let stands = self.own.offer.kept().is_some();
        if stands && self.own.offer.keep(None).await.is_err() {
            // The call goes on from here by what was offered, on another host; what this one began now would not be
            // known there.
            return Err(wasmtime::format_err!(
                "how the call is continued was not taken back, so it does not go on here"
            ));
        }
        Ok(())
    }
}

/// Whether a tool may continue a call: there is one, it only reads, and its arguments fit.
fn fits(plugin: &Profile, tool: &str, input: &Value) -> Result<(), String> {
    let (spec, entry) = plugin.find(tool).ok_or_else(|| format!("the plugin has no tool `{tool}`"))?;
    if !spec.annotations.read_only {
        return Err(format!("the tool `{tool}` does not only read, so nobody would have allowed it"));
    }
    convert::arguments(&entry.function, input).map(drop).map_err(|fault| fault.to_string())
}
