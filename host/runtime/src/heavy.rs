//! Guests that compute take turns, so that those which only ask and answer need not wait behind them.
//!
//! The guests' threads are few, and a spinning guest leaves its thread only to be put back on it. So a call that has
//! computed for more than a moment needs one of fewer slots than there are threads to go on; slots last for a quantum
//! and go round by user. A call that waits for something holds none.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bricklayer_domain::UserId;
use tokio::sync::oneshot;

/// What every call may compute before it needs a slot; most calls never need one.
const MOMENT: Duration = Duration::from_millis(10);

/// The share of its time that a call may compute for ever without a slot, as a divisor: what a tool that polls needs.
const TRICKLE: u32 = 50;

/// Epoch checks that a slot lasts for.
const QUANTUM_TICKS: u32 = 5;

/// The slots of one process.
pub(crate) struct HeavyGate {
    slots: usize,
    state: Mutex<State>,
}

struct State {
    free: usize,
    users: HashMap<UserId, VecDeque<oneshot::Sender<Slot>>>,
    /// Users of whom somebody waits, the next one first.
    turn: VecDeque<UserId>,
}

impl State {
    fn next(&mut self) -> Option<oneshot::Sender<Slot>> {
        let user = self.turn.pop_front()?;
        let queue = self.users.get_mut(&user)?;
        let waiter = queue.pop_front();
        if queue.is_empty() {
            self.users.remove(&user);
        } else {
            self.turn.push_back(user);
        }
        waiter
    }
}

impl fmt::Debug for HeavyGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeavyGate").field("slots", &self.slots).finish_non_exhaustive()
    }
}

impl HeavyGate {
    /// At least one slot.
    pub(crate) fn new(slots: usize) -> Self {
        let slots = slots.max(1);
        Self { slots, state: Mutex::new(State { free: slots, users: HashMap::new(), turn: VecDeque::new() }) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Slots that are taken.
    pub(crate) fn taken(&self) -> usize {
        self.slots.saturating_sub(self.lock().free)
    }

    async fn acquire(self: &Arc<Self>, user: &UserId) -> Option<Slot> {
        let granted = {
            let mut state = self.lock();
            if state.free > 0 {
                state.free -= 1;
                return Some(Slot { gate: Some(Arc::clone(self)) });
            }
            let (grant, granted) = oneshot::channel();
            if !state.users.contains_key(user) {
                state.turn.push_back(user.clone());
            }
            state.users.entry(user.clone()).or_default().push_back(grant);
            granted
        };
        granted.await.ok()
    }

    /// Hands a slot to the next one who is still there.
    fn pass_on(self: &Arc<Self>) {
        let mut state = self.lock();
        while let Some(waiter) = state.next() {
            match waiter.send(Slot { gate: Some(Arc::clone(self)) }) {
                Ok(()) => return,
                // It went away; its drop must not come back here while the lock is held.
                Err(mut slot) => slot.gate = None,
            }
        }
        state.free += 1;
    }
}

/// One slot; dropping it passes it on.
struct Slot {
    gate: Option<Arc<HeavyGate>>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(gate) = self.gate.take() {
            gate.pass_on();
        }
    }
}

/// One call's part in it.
pub(crate) struct Pace {
    gate: Arc<HeavyGate>,
    user: UserId,
    began: Instant,
    slot: Mutex<Option<Slot>>,
    ticks_left: AtomicU32,
    /// The guest is stopped by [`Pace::check`], and not because it waits for something.
    in_check: AtomicBool,
}

impl Pace {
    pub(crate) fn new(gate: &Arc<HeavyGate>, user: &UserId) -> Arc<Self> {
        Arc::new(Self {
            gate: Arc::clone(gate),
            user: user.clone(),
            began: Instant::now(),
            slot: Mutex::default(),
            ticks_left: AtomicU32::new(0),
            in_check: AtomicBool::new(false),
        })
    }

    /// What a guest waits for at an epoch check, having used so much processor time.
    pub(crate) fn check(self: &Arc<Self>, used: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let heavy = used > MOMENT.saturating_add(self.began.elapsed() / TRICKLE);
        let pace = Arc::clone(self);
        Box::pin(async move {
            pace.in_check.store(true, Ordering::Relaxed);
            let ticks = pace.ticks_left.load(Ordering::Relaxed);
            let renew = heavy && (ticks == 0 || !pace.holds_slot());
            if renew || !heavy {
                pace.put_back();
            }
            // Not a plain yield: that re-queues by a wake, and with every thread spinning tokio rarely looks at its timers.
            tokio::task::yield_now().await;
            if renew {
                let slot = pace.gate.acquire(&pace.user).await;
                *pace.slot() = slot;
                pace.ticks_left.store(QUANTUM_TICKS, Ordering::Relaxed);
            } else {
                pace.ticks_left.store(ticks.saturating_sub(1), Ordering::Relaxed);
            }
            pace.in_check.store(false, Ordering::Relaxed);
        })
    }

    fn slot(&self) -> MutexGuard<'_, Option<Slot>> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn holds_slot(&self) -> bool {
        self.slot().is_some()
    }

    fn put_back(&self) {
        let slot = self.slot().take();
        drop(slot);
    }
}

/// Runs a guest and takes its slot away while it waits.
pub(crate) struct Paced<F> {
    inner: Pin<Box<F>>,
    pace: Arc<Pace>,
}

impl<F: Future> Paced<F> {
    pub(crate) fn new(inner: F, pace: Arc<Pace>) -> Self {
        Self { inner: Box::pin(inner), pace }
    }
}

impl<F: Future> Future for Paced<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let polled = self.inner.as_mut().poll(cx);
        if polled.is_ready() || !self.pace.in_check.load(Ordering::Relaxed) {
            self.pace.put_back();
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> UserId {
        UserId::parse(&format!("{name}@example.com")).unwrap()
    }

    #[tokio::test]
    async fn slots_go_round_by_user_and_come_back() {
        let gate = Arc::new(HeavyGate::new(1));
        let held = gate.acquire(&user("a")).await.unwrap();
        let order = Mutex::new(String::new());
        let turn = async |name: &str| {
            let _slot = gate.acquire(&user(name)).await.unwrap();
            order.lock().unwrap().push_str(name);
            tokio::task::yield_now().await;
        };
        let release = async {
            tokio::task::yield_now().await;
            drop(held);
        };
        tokio::join!(turn("a"), turn("a"), turn("a"), turn("b"), turn("b"), release);
        assert_eq!(order.into_inner().unwrap(), "ababa");
        assert_eq!((gate.taken(), gate.lock().users.len()), (0, 0));
    }

    #[tokio::test]
    async fn whoever_goes_away_is_passed_over() {
        let gate = Arc::new(HeavyGate::new(1));
        let held = gate.acquire(&user("a")).await.unwrap();
        {
            let a = user("a");
            let waiting = gate.acquire(&a);
            tokio::pin!(waiting);
            assert!(futures::poll!(&mut waiting).is_pending());
        }
        let b = user("b");
        let waiting = gate.acquire(&b);
        tokio::pin!(waiting);
        assert!(futures::poll!(&mut waiting).is_pending());
        drop(held);
        let granted = waiting.await.unwrap();
        assert_eq!(gate.taken(), 1);
        drop(granted);
        assert_eq!((gate.taken(), gate.lock().turn.len()), (0, 0));
    }
}
