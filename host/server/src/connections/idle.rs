//! Which connections are idle, and since when: the one that is so for longest makes room for a new one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

/// The idle connections, the longest idle first; cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Idle {
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Grows with each that becomes idle, and so tells since when.
    next: u64,
    connections: BTreeMap<u64, CancellationToken>,
}

/// What one connection does. It leaves when this is dropped.
#[derive(Debug)]
pub(super) struct Activity {
    idle: Idle,
    close: CancellationToken,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    requests: usize,
    /// Its number among the idle ones.
    number: Option<u64>,
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct Busy {
    activity: Arc<Activity>,
}

impl Idle {
    /// A new connection, which says nothing yet, and what fires when it must go.
    pub(super) fn enter(&self) -> (Arc<Activity>, CancellationToken) {
        let close = CancellationToken::new();
        let activity = Activity { idle: self.clone(), close: close.clone(), state: Mutex::default() };
        activity.rest(&mut activity.state());
        (Arc::new(activity), close)
    }

    /// Tells the connection that is idle for longest to go, if there is one.
    pub(super) fn make_room(&self) {
        if let Some((_, close)) = self.waiting().connections.pop_first() {
            close.cancel();
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Activity {
    /// A request begins.
    pub(super) fn begin(activity: &Arc<Self>) -> Busy {
        let mut state = activity.state();
        state.requests += 1;
        if let Some(number) = state.number.take() {
            activity.idle.waiting().connections.remove(&number);
        }
        Busy { activity: Arc::clone(activity) }
    }

    /// Whether no request is being answered.
    pub(super) fn is_idle(&self) -> bool {
        self.state().requests == 0
    }

    fn rest(&self, state: &mut State) {
        let mut waiting = self.idle.waiting();
        waiting.next += 1;
        let number = waiting.next;
        waiting.connections.insert(number, self.close.clone());
        state.number = Some(number);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        state.requests = state.requests.saturating_sub(1);
        if state.requests == 0 {
            self.activity.rest(&mut state);
        }
    }
}

impl Drop for Activity {
    fn drop(&mut self) {
        let number = self.state().number.take();
        if let Some(number) = number {
            self.idle.waiting().connections.remove(&number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_that_is_idle_for_longest_makes_room() {
        let idle = Idle::default();
        let connections: Vec<_> = (0..3).map(|_| idle.enter()).collect();
        let gone = || connections.iter().map(|(_, close)| close.is_cancelled()).collect::<Vec<_>>();
        // The first one answers, and is idle again after the others.
        let (one, two) = (Activity::begin(&connections[0].0), Activity::begin(&connections[0].0));
        drop(one);
        assert!(!connections[0].0.is_idle());
        idle.make_room();
        assert_eq!(gone(), [false, true, false]);
        drop(two);
        idle.make_room();
        assert_eq!(gone(), [false, true, true]);
        let busy = Activity::begin(&connections[0].0);
        idle.make_room();
        assert_eq!(gone(), [false, true, true], "one that answers makes no room");
        drop(busy);
        drop(connections);
        assert!(idle.waiting().connections.is_empty(), "who leaves is forgotten");
    }
}
