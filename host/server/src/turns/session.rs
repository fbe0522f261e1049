//! The user's session at the workspace while a turn runs: tokens end, and each request of their user brings a new one.

use std::sync::Arc;
use std::time::Duration;

use bricklayer_domain::{Progress, ToolErrorKind, ToolFailure, UserId};
use bricklayer_runtime::Credential;
use bricklayer_tools::{CallLink, Standstill};
use secrecy::{ExposeSecret as _, SecretString};

use super::presence::Presence;
use crate::identity::{SIGN_IN_AGAIN, token};

/// One user's session.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) credential: Arc<Credential>,
    /// Whether a newer token may come at all; a configured one stays as it is.
    pub(super) is_renewable: bool,
    /// How long a call waits for one before its turn is let go, or, where nobody takes it up again, before it fails.
    pub(super) renewal_wait: Duration,
    /// Whose it is, and where it is told that a token does not do.
    pub(super) user: UserId,
    pub(super) presence: Presence,
}

impl Session {
    /// Waits while the token is known to have ended.
    ///
    /// # Errors
    /// No newer one came in time, or the call was stopped.
    pub(super) async fn fresh(&self, link: &CallLink) -> Result<(), ToolFailure> {
        let token = self.credential.secret();
        if !self.is_renewable || !token::has_ended(token.expose_secret()) || self.renewed(&token, link).await {
            return Ok(());
        }
        Err(if link.cancel.is_cancelled() {
            ToolFailure::new(ToolErrorKind::Cancelled, "stopped by the user")
        } else {
            ended()
        })
    }

    /// Waits for a newer token than `old`; whether one came. Nothing of the call may be under way: whoever takes its turn
    /// over meanwhile begins it anew, and when the wait is long the turn is let go for that.
    pub(super) async fn renewed(&self, old: &SecretString, link: &CallLink) -> bool {
        if !self.is_renewable {
            return false;
        }
        let newer = self.credential.renewed_from(old);
        tokio::pin!(newer);
        // Not a word when it is there already.
        if futures::poll!(&mut newer).is_ready() {
            return true;
        }
        (link.progress)(Progress {
            message: "waiting for you to sign in again: reload the page".to_owned(),
            done: None,
            total: None,
            steps: Vec::new(),
        });
        let paused = match &link.continuations {
            Some(turn) => turn.pause().await.is_ok().then_some(turn),
            None => None,
        };
        let wait = async {
            let came = tokio::time::timeout(self.renewal_wait, &mut newer).await.is_ok();
            if let (false, Some(turn)) = (came, paused) {
                self.presence.refuse(&self.user, old);
                turn.stand(Standstill::SignIn).await;
                newer.await;
                return true;
            }
            came
        };
        let came = link.cancel.run_until_cancelled(wait).await.unwrap_or(false);
        // What begins now is not begun a second time by anybody.
        match paused {
            Some(turn) if came => turn.keep(None).await.is_ok(),
            _ => came,
        }
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
