//! Requests that may have begun remote work which nobody can end yet, because its id is in an answer that the guest
//! has not acted on.
//!
//! A call that is cut off in that moment *settles*: the guest runs on until it returns or wants to send something else,
//! which is refused; by then it has registered what ends the work. Otherwise a stop between a statement's submission
//! and its answer would leave the statement running for ever.

use std::sync::{Mutex, MutexGuard, PoisonError};

use http::Method;
use tokio::sync::Notify;

/// Whether a call has such a request.
#[derive(Debug, Default)]
pub(crate) struct Settling {
    state: Mutex<State>,
    /// The guest of a closed call wanted to send something.
    went_on: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// A request that may have begun something was sent, and the guest has not acted on its answer.
    owed: bool,
    /// The call was cut off: nothing new is sent for its guest.
    closed: bool,
}

/// The call was cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CutOff;

impl Settling {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request is about to be sent; whatever was asked before, the guest has gone on from it.
    pub(super) fn sends(&self, method: &Method, to_workspace: bool) -> Result<(), CutOff> {
        let mut state = self.state();
        if state.closed {
            self.went_on.notify_one();
            return Err(CutOff);
        }
        state.owed = to_workspace && !method.is_safe();
        Ok(())
    }

    /// The guest acted on what it was answered, or there is no answer to act on.
    pub(crate) fn acted(&self) {
        self.state().owed = false;
    }

    /// Refuses what the guest sends from now on; whether it has something left to act on.
    pub(crate) fn close(&self) -> bool {
        let mut state = self.state();
        state.closed = true;
        state.owed
    }

    /// Until the guest of a closed call wants to send something else.
    pub(crate) async fn went_on(&self) {
        self.went_on.notified().await;
    }

    /// The guest is gone: what is sent now is the host's own.
    pub(crate) fn over(&self) {
        self.state().closed = false;
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[test]
    fn only_an_unsafe_request_to_the_workspace_is_owed_until_the_guest_goes_on() {
        for (method, to_workspace, owed) in [
            (Method::POST, true, true),
            (Method::DELETE, true, true),
            (Method::GET, true, false),
            (Method::POST, false, false),
        ] {
            let settling = Settling::default();
            settling.sends(&method, to_workspace).unwrap();
            assert_eq!(settling.close(), owed, "{method} {to_workspace}");
        }
        let settling = Settling::default();
        settling.sends(&Method::POST, true).unwrap();
        settling.sends(&Method::GET, true).unwrap();
        assert!(!settling.close(), "it went on");
    }

    #[test]
    fn a_closed_call_sends_nothing_and_its_guest_is_heard_going_on() {
        let settling = Settling::default();
        settling.sends(&Method::POST, true).unwrap();
        assert!(settling.close());
        settling.acted();
        assert!(settling.went_on().now_or_never().is_none(), "it may have more to say");
        assert_eq!(settling.sends(&Method::GET, true), Err(CutOff));
        assert!(settling.went_on().now_or_never().is_some());
        settling.over();
        assert_eq!(settling.sends(&Method::POST, true), Ok(()), "the host's own clean-up");
    }
}
