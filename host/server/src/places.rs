//! Places for what is under way at once: so many for each user, so many in all. Whoever gets none is told so at once,
//! because what waits here would cost as much as what runs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bricklayer_domain::UserId;

/// The bounds, and who has how many; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    taken: Mutex<Taken>,
    per_user: usize,
    in_all: usize,
}

#[derive(Debug, Default)]
struct Taken {
    users: HashMap<UserId, usize>,
    in_all: usize,
}

/// All places are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoPlace {
    /// The user's own.
    OfUser,
    /// Everybody's.
    InAll,
}

/// One place; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    shared: Arc<Shared>,
    user: UserId,
}

impl Places {
    pub(crate) fn new(per_user: usize, in_all: usize) -> Self {
        Self { shared: Arc::new(Shared { taken: Mutex::default(), per_user, in_all }) }
    }

    pub(crate) fn take(&self, user: &UserId) -> Result<Place, NoPlace> {
        let mut taken = self.shared.taken();
        if taken.users.get(user).is_some_and(|count| *count >= self.shared.per_user) {
            return Err(NoPlace::OfUser);
        }
        if taken.in_all >= self.shared.in_all {
            return Err(NoPlace::InAll);
        }
        taken.in_all += 1;
        *taken.users.entry(user.clone()).or_default() += 1;
        Ok(Place { shared: Arc::clone(&self.shared), user: user.clone() })
    }
}

impl Shared {
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.shared.taken();
        taken.in_all = taken.in_all.saturating_sub(1);
        if let Some(count) = taken.users.get_mut(&self.user) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.users.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_by_user_and_in_all_and_come_back() {
        let user = |name: &str| UserId::parse(name).unwrap();
        let places = Places::new(2, 3);
        let first = places.take(&user("ann")).unwrap();
        let _second = places.take(&user("ann")).unwrap();
        assert_eq!(places.take(&user("ann")).unwrap_err(), NoPlace::OfUser);
        let bobs = places.take(&user("bob")).unwrap();
        assert_eq!(places.take(&user("eve")).unwrap_err(), NoPlace::InAll);
        drop(first);
        drop(places.take(&user("ann")).unwrap());
        drop(bobs);
        // Nobody is remembered who has none.
        assert_eq!(places.shared.taken().users.len(), 1);
    }
}
