//! The user's session at the workspace while a turn runs: tokens end, and each request of their user brings a new one.

use std::sync::Arc;
use std::time::Duration;

use bricklayer_domain::{Progress, ToolErrorKind, ToolFailure};
use bricklayer_runtime::Credential;
use bricklayer_tools::ProgressSink;
use secrecy::{ExposeSecret as _, SecretString};
use tokio_util::sync::CancellationToken;

use crate::identity::{SIGN_IN_AGAIN, token};

/// One user's session.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) credential: Arc<Credential>,
    /// Whether a newer token may come at all; a configured one stays as it is.
    pub(super) is_renewable: bool,
    /// Longest wait for one.
    pub(super) renewal_wait: Duration,
}

impl Session {
    /// Waits while the token is known to have ended.
    ///
    /// # Errors
    /// No newer one came in time, or the call was stopped.
    pub(super) async fn fresh(&self, progress: &ProgressSink, cancel: &CancellationToken) -> Result<(), ToolFailure> {
        let token = self.credential.secret();
        let has_ended = token::expiry(token.expose_secret()).is_some_and(|end| end <= bricklayer_domain::now());
        if !self.is_renewable || !has_ended || self.renewed(&token, progress, cancel).await {
            return Ok(());
        }
        Err(if cancel.is_cancelled() {
            ToolFailure::new(ToolErrorKind::Cancelled, "stopped by the user")
        } else {
            ended()
        })
    }

    /// Waits for a newer token than `old`; whether one came.
    pub(super) async fn renewed(
        &self,
        old: &SecretString,
        progress: &ProgressSink,
        cancel: &CancellationToken,
    ) -> bool {
        if !self.is_renewable {
            return false;
        }
        let newer = self.credential.renewed_from(old);
        tokio::pin!(newer);
        // Not a word when it is there already.
        if futures::poll!(&mut newer).is_ready() {
            return true;
        }
        progress(Progress {
            message: "waiting for you to sign in again: reload the page".to_owned(),
            done: None,
            total: None,
        });
        matches!(cancel.run_until_cancelled(tokio::time::timeout(self.renewal_wait, newer)).await, Some(Ok(())))
    }

    /// Says what a person does when the workspace refused the token.
    pub(super) fn explain(&self, failure: &mut ToolFailure) {
        failure.remedy = Some(if self.is_renewable {
            format!("{SIGN_IN_AGAIN}; then send the message again")
        } else {
            "put a valid token into DATABRICKS_TOKEN (or into the profile), and start Bricklayer again".to_owned()
        });
    }

    /// Says what a person does when the workspace refused what was asked, unless something was said already.
    pub(super) fn explain_permission(&self, failure: &mut ToolFailure) {
        if failure.remedy.is_some() {
            return;
        }
        // The workspace says so of a token that was revoked or has ended, too.
        if failure.message.to_lowercase().contains("access token") {
            return self.explain(failure);
        }
        failure.remedy = Some(
            "ask whoever owns it, or an administrator of the workspace, for access (Catalog Explorer, Permissions, Grant; \
             or GRANT in SQL)"
                .to_owned(),
        );
    }
}

fn ended() -> ToolFailure {
    let mut failure = ToolFailure::new(ToolErrorKind::Unauthenticated, SIGN_IN_AGAIN);
    failure.remedy = Some("reload the page to sign in again; then send the message again".to_owned());
    failure
}
