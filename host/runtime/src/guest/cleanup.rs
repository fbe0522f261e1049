//! `cleanup` of the contract: requests that end remote work when the call cannot any more.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bricklayer_domain::CleanUp;

use super::contract::wit::cleanup as wit;
use super::{Frame, Offer, View};
use crate::egress::{CallEgress, check_form};
use crate::tally::Tally;

/// Requests that a call may have registered at once, as `wit/host.wit` states it.
const MAX_CLEANUPS: usize = 8;

/// What a call registered.
pub(super) struct CleanupCtx {
    egress: Arc<CallEgress>,
    tally: Arc<Tally>,
    registered: Arc<Cleanups>,
    offer: Arc<Offer>,
}

impl CleanupCtx {
    pub(super) fn new(frame: &Frame) -> Self {
        Self {
            egress: Arc::clone(&frame.egress),
            tally: Arc::clone(&frame.tally),
            registered: Arc::clone(&frame.cleanups),
            offer: Arc::clone(&frame.offer),
        }
    }
}

/// Registered clean-up requests; they outlive the guest.
#[derive(Default)]
pub(crate) struct Cleanups(Mutex<Registered>);

#[derive(Default)]
struct Registered {
    next: u32,
    /// In the order of their registration.
    open: Vec<(u32, CleanUp)>,
}

impl Cleanups {
    /// Takes what is registered and was not withdrawn, newest first.
    pub(crate) fn take(&self) -> Vec<CleanUp> {
        let open = std::mem::take(&mut self.lock().open);
        open.into_iter().rev().map(|(_, request)| request).collect()
    }

    /// What is registered now, in the order of its registration.
    pub(super) fn registered(&self) -> Vec<CleanUp> {
        self.lock().open.iter().map(|(_, request)| request.clone()).collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().open.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Registered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl wit::Host for View<'_, CleanupCtx> {
    async fn register(&mut self, request: wit::Request) -> wasmtime::Result<Result<u32, wit::CleanupError>> {
        self.count()?;
        let request = CleanUp { method: request.method, path: request.path, body: request.body };
        if let Err(reason) = check_form(&request) {
            return Ok(Err(wit::CleanupError::Invalid(reason)));
        }
        let CleanupCtx { egress, tally, registered, .. } = &*self.own;
        if let Err(denial) = egress.may_clean_up(&request) {
            return Ok(Err(wit::CleanupError::Denied(tally.course.denied(*denial).said.clone())));
        }
        let mut registered = registered.lock();
        if registered.open.len() >= MAX_CLEANUPS {
            return Ok(Err(wit::CleanupError::TooMany));
        }
        registered.next += 1;
        let handle = registered.next;
        registered.open.push((handle, request));
        egress.settling.acted();
        Ok(Ok(handle))
    }

    async fn withdraw(&mut self, handle: u32) -> wasmtime::Result<()> {
        self.count()?;
        self.own.registered.lock().open.retain(|(open, _)| *open != handle);
        self.own.offer.forget_withdrawn().await;
        Ok(())
    }
}
