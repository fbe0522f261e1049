//! Who is here: users with a request or a stream under way on this host, and their newest credential.
//!
//! A turn is driven with its user's credential, which only their requests bring and which is kept nowhere else. So a
//! host takes over turns of those users alone whom it sees; others' stay claimable for whichever host does.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bricklayer_domain::UserId;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use crate::identity::{Caller, token};

/// Users whose refused credential is remembered at most; bounds memory.
const MAX_REFUSED: usize = 10_000;

/// The users who are here; cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Presence {
    table: Arc<Mutex<Table>>,
}

#[derive(Debug, Default)]
struct Table {
    here: HashMap<UserId, Here>,
    /// Users whose turns nobody held when the database was last looked at, so that a request need not ask it.
    wanted: HashSet<UserId>,
    /// Credentials that the workspace refused, by their digests: with them nothing goes on.
    refused: HashMap<UserId, [u8; 32]>,
}

impl Table {
    /// Whether turns of a user can go on with what they brought.
    fn is_good(&self, user: &UserId, credential: &SecretString) -> bool {
        let credential = credential.expose_secret();
        !token::has_ended(credential) && self.refused.get(user).is_none_or(|refused| *refused != digest(credential))
    }
}

fn digest(credential: &str) -> [u8; 32] {
    Sha256::digest(credential).into()
}

#[derive(Debug)]
struct Here {
    credential: SecretString,
    visits: usize,
}

/// One request or stream of a user; over when dropped.
#[derive(Debug)]
pub struct Visit {
    presence: Presence,
    user: UserId,
}

impl Presence {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a user until the visit is dropped. Also says whether turns of theirs wait to be claimed; it says so once,
    /// until the database was looked at again.
    pub(super) fn enter(&self, caller: &Caller) -> (Visit, bool) {
        let mut table = self.table();
        let here = table
            .here
            .entry(caller.user.clone())
            .or_insert_with(|| Here { credential: caller.credential.clone(), visits: 0 });
        here.visits += 1;
        here.credential = caller.credential.clone();
        let wanted = table.is_good(&caller.user, &caller.credential) && table.wanted.remove(&caller.user);
        if wanted {
            table.refused.remove(&caller.user);
        }
        (Visit { presence: self.clone(), user: caller.user.clone() }, wanted)
    }

    /// Notes that the workspace refused a credential: until its user brings another, their turns wait.
    pub(super) fn refuse(&self, user: &UserId, credential: &SecretString) {
        let mut table = self.table();
        if table.refused.len() >= MAX_REFUSED {
            // Those who are forgotten are tried once more.
            table.refused.clear();
        }
        table.refused.insert(user.clone(), digest(credential.expose_secret()));
    }

    /// Remembers whose turns nobody holds; those of them who are here with a credential that may do.
    pub(super) fn want(&self, users: Vec<UserId>) -> Vec<Caller> {
        let mut table = self.table();
        let here = users.iter().filter_map(|user| {
            let credential = table.here.get(user)?.credential.clone();
            if !table.is_good(user, &credential) {
                return None;
            }
            Some(Caller { user: user.clone(), credential })
        });
        let here = here.collect();
        table.wanted = users.into_iter().collect();
        here
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut table = self.presence.table();
        if let Some(here) = table.here.get_mut(&self.user) {
            here.visits -= 1;
            if here.visits == 0 {
                table.here.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(user: &str, credential: &str) -> Caller {
        Caller { user: UserId::parse(user).unwrap(), credential: credential.into() }
    }

    #[test]
    fn a_user_is_here_until_the_last_visit_ends_with_the_newest_credential() {
        let presence = Presence::default();
        let ann = caller("ann", "old");
        let wanted = || presence.want(vec![ann.user.clone()]);
        assert!(wanted().is_empty());
        let (first, told) = presence.enter(&ann);
        assert!(told, "her turns wait");
        let (second, told) = presence.enter(&caller("ann", "new"));
        assert!(!told, "said once");
        drop(first);
        let here = wanted();
        assert_eq!(here.iter().map(|caller| caller.credential.expose_secret()).collect::<Vec<_>>(), ["new"]);
        drop(second);
        assert!(wanted().is_empty());
        assert!(presence.table().here.is_empty(), "no credential stays behind");
        assert!(!presence.enter(&caller("bob", "x")).1);
    }

    #[test]
    fn a_refused_credential_brings_nothing_on_until_there_is_another() {
        let presence = Presence::default();
        let ann = caller("ann", "refused");
        presence.refuse(&ann.user, &ann.credential);
        let (_visit, told) = presence.enter(&ann);
        let wanted = || presence.want(vec![ann.user.clone()]).len();
        assert_eq!((told, wanted()), (false, 0));
        assert!(!presence.enter(&ann).1, "again");
        let (_visit, told) = presence.enter(&caller("ann", "another"));
        assert!(told);
        assert_eq!(wanted(), 1);
    }
}
