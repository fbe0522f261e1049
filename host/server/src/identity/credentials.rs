//! The newest token of each user whose turns run here: a turn outlives the token that it began with, and each request of
//! its user brings the newest one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bricklayer_domain::UserId;
use bricklayer_runtime::Credential;
use secrecy::{ExposeSecret as _, SecretString};

use super::Caller;
use super::token::expiry;

/// The credentials of users with running turns; cheap to clone. A token is forgotten with the last turn that uses it.
#[derive(Debug, Clone)]
pub struct Credentials {
    cells: Arc<Mutex<HashMap<UserId, Weak<Credential>>>>,
    renewable: bool,
}

impl Credentials {
    /// `renewable`: whether requests bring tokens, so that waiting for a newer one makes sense.
    #[must_use]
    pub fn new(renewable: bool) -> Self {
        Self { cells: Arc::default(), renewable }
    }

    /// Whether a newer token may come with a request.
    #[must_use]
    pub const fn is_renewable(&self) -> bool {
        self.renewable
    }

    /// The credential that all turns of this user share, with `secret` as its newest token.
    pub(crate) fn of(&self, user: &UserId, secret: &SecretString) -> Arc<Credential> {
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = cells.get(user).and_then(Weak::upgrade) {
            renew(&cell, secret);
            return cell;
        }
        cells.retain(|_, cell| cell.strong_count() > 0);
        let cell = Arc::new(Credential::from(secret.clone()));
        cells.insert(user.clone(), Arc::downgrade(&cell));
        cell
    }

    /// Takes the token that a user's request brought, when turns of theirs run here.
    pub(crate) fn note(&self, caller: &Caller) {
        let cell = {
            let cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
            cells.get(&caller.user).and_then(Weak::upgrade)
        };
        if let Some(cell) = cell {
            renew(&cell, &caller.credential);
        }
    }
}

/// Takes a token unless it is none, or ends before the one that is there: requests overtake each other.
fn renew(cell: &Credential, secret: &SecretString) {
    let is_older = || {
        let (old, new) = (cell.secret(), secret);
        matches!((expiry(old.expose_secret()), expiry(new.expose_secret())), (Some(old), Some(new)) if new < old)
    };
    if !secret.expose_secret().is_empty() && !is_older() {
        cell.renew(secret);
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn token(exp: i64) -> SecretString {
        format!("e30.{}.x", URL_SAFE_NO_PAD.encode(format!("{{\"sub\":\"a@b\",\"exp\":{exp}}}"))).into()
    }

    #[test]
    fn turns_of_a_user_share_the_newest_token() {
        let credentials = Credentials::new(true);
        let user = UserId::parse("a@b").unwrap();
        let note = |secret: SecretString| credentials.note(&Caller { user: user.clone(), credential: secret });
        let is = |cell: &Credential, secret: SecretString| {
            assert_eq!(cell.secret().expose_secret(), secret.expose_secret());
        };
        note(token(1));
        let first = credentials.of(&user, &token(2));
        note(token(3));
        is(&first, token(3));
        // A request that was on its way for long brings an older one; a turn that only stops brings none.
        note(token(1));
        is(&first, token(3));
        let second = credentials.of(&user, &SecretString::default());
        is(&second, token(3));
        note("opaque".into());
        is(&first, "opaque".into());
        // Another's is another's, and nothing stays behind the turns.
        credentials.note(&Caller { user: UserId::parse("c@d").unwrap(), credential: "other".into() });
        is(&first, "opaque".into());
        drop((first, second));
        is(&credentials.of(&user, &token(1)), token(1));
    }
}
