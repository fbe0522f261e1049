//! What the host saw of a call's requests while it ran: what it refused, and how the latest one went.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bricklayer_package::Power;

use super::denial::{Denial, Denials};

/// How the latest request of a call went: what a guest that names no kind of error most likely failed of.
#[derive(Debug, Clone, Default)]
pub(crate) enum LastRequest {
    /// There was none.
    #[default]
    None,
    /// The host refused it.
    Denied,
    /// It would have gone beyond a limit of the call, or did.
    Limit,
    /// The far end did not answer.
    Unanswered { late: bool },
    /// The far end answered.
    Answered { status: u16, retry_after: Option<Duration>, sent_as: SentAs },
}

/// As whom a request went out.
#[derive(Debug, Clone)]
pub(crate) enum SentAs {
    /// As the caller, at the workspace.
    Caller,
    /// As nobody, at the workspace: the rule that allowed it attaches no credential. This power would have.
    Nobody(Power),
    /// At a public host, which never knows the caller.
    Public,
}

/// The course of one call's requests.
#[derive(Debug, Default)]
pub(crate) struct Course {
    denials: Denials,
    last: Mutex<LastRequest>,
}

impl Course {
    /// Notes a refusal.
    pub(crate) fn denied(&self, denial: Denial) -> Arc<Denial> {
        let denial = Arc::new(denial);
        self.denials.add(Arc::clone(&denial));
        self.last_request(LastRequest::Denied);
        denial
    }

    /// Notes how a request went.
    pub(crate) fn last_request(&self, last: LastRequest) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = last;
    }

    /// What the host refused.
    pub(super) const fn denials(&self) -> &Denials {
        &self.denials
    }

    /// How the latest request went.
    pub(super) fn how_last_went(&self) -> LastRequest {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
