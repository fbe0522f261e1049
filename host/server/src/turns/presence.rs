//! Who is here: users with a request or a stream under way on this host, and their newest credential.
//!
//! A turn is driven with its user's credential, which only their requests bring and which is kept nowhere else. So a
//! host takes over turns of those users alone whom it sees; others' stay claimable for whichever host does.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bricklayer_domain::UserId;
use secrecy::SecretString;

use crate::identity::Caller;

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
        let wanted = table.wanted.remove(&caller.user);
        (Visit { presence: self.clone(), user: caller.user.clone() }, wanted)
    }

    /// Remembers whose turns nobody holds; those of them who are here.
    pub(super) fn want(&self, users: Vec<UserId>) -> Vec<Caller> {
        let mut table = self.table();
        let here = users.iter().filter_map(|user| {
            let credential = table.here.get(user)?.credential.clone();
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
    use secrecy::ExposeSecret as _;

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
}
