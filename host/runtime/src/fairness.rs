//! Who may run a call now: slots by process, user and plugin, a bounded queue per user, and rates per minute.
//!
//! Calls of one user run in the order in which they came, as far as their plugins have slots; users take turns, so that
//! the length of one user's queue is nothing to another. Everything is given back by dropping, and a user of whom
//! nothing is left is forgotten.

mod bucket;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bricklayer_domain::{PluginName, ToolErrorKind, ToolFailure, UserId};
use tokio::sync::oneshot;
use tokio::time::Instant;

use bucket::Bucket;

use crate::text::whole_seconds;

/// How often users are looked through for those of whom nothing is left.
const SWEEP: Duration = Duration::from_secs(10);

/// When a caller who found no room may try again: a few tool calls take about so long.
const COME_BACK: Duration = Duration::from_secs(2);

/// What users share of one process. [`crate::RuntimeConfig::max_concurrent_calls`] is the bound of all together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FairnessLimits {
    /// Calls of one user that run at once.
    pub user_calls: usize,
    /// Calls of one user to one plugin that run at once.
    pub user_plugin_calls: usize,
    /// Calls of one user that wait; a further one is refused at once.
    pub user_queue: usize,
    /// Calls of one user to one plugin per minute; as many may come at once.
    pub user_plugin_calls_per_minute: u32,
    /// Bytes of request and answer bodies of one user's plugins per minute, all calls together.
    pub user_egress_bytes_per_minute: u64,
}

impl Default for FairnessLimits {
    fn default() -> Self {
        Self {
            user_calls: 16,
            user_plugin_calls: 8,
            user_queue: 64,
            user_plugin_calls_per_minute: 6_000,
            user_egress_bytes_per_minute: 4 * 1024 * 1024 * 1024,
        }
    }
}

impl FairnessLimits {
    /// No limits: for a process with a single user, such as a measurement.
    #[must_use]
    pub const fn unlimited() -> Self {
        Self {
            user_calls: usize::MAX,
            user_plugin_calls: usize::MAX,
            user_queue: usize::MAX,
            user_plugin_calls_per_minute: u32::MAX,
            user_egress_bytes_per_minute: u64::MAX,
        }
    }
}

/// Which limit refused a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The process had no room for as long as the caller may wait.
    Process,
    /// The user had none.
    User(usize),
    /// The user had none for this plugin.
    UserPlugin(usize),
    /// The user's queue is full.
    Queue(usize),
    /// Too many calls in the last minute; when the next one fits.
    Rate(u32, Duration),
}

impl Refusal {
    /// What the model and the page are told.
    pub(crate) fn failure(self) -> ToolFailure {
        let message = match self {
            Self::Process => "call limit: the host runs as many calls as it can".to_owned(),
            Self::User(max) => format!("user limit: you have {max} calls running, which is all that one user gets"),
            Self::UserPlugin(max) => {
                format!("plugin limit: you have {max} calls of this plugin running, which is all that one user gets")
            }
            Self::Queue(max) => format!("queue limit: you have {max} calls waiting, which is all that one user gets"),
            Self::Rate(max, _) => format!("rate limit: a user may call one plugin {max} times a minute"),
        };
        let wait = if let Self::Rate(_, wait) = self { wait } else { COME_BACK };
        let seconds = whole_seconds(wait);
        let failure =
            ToolFailure::new(ToolErrorKind::LimitExceeded, format!("{message}; try again in {seconds} seconds"));
        ToolFailure { retryable: true, retry_after_seconds: Some(seconds), ..failure }
    }
}

/// Counters of the gate; all but the last are zero when nothing runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct GateStats {
    pub(crate) running: usize,
    pub(crate) waiting: usize,
    pub(crate) users: usize,
    pub(crate) user_plugins: usize,
    pub(crate) refused: u64,
}

/// The door that every call passes.
pub(crate) struct Gate {
    limits: FairnessLimits,
    process: usize,
    state: Mutex<State>,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

struct State {
    running: usize,
    users: HashMap<UserId, User>,
    /// Users with waiting calls, the next one first; each is in it once.
    turn: VecDeque<UserId>,
    next_ticket: u64,
    swept: Instant,
    refused: u64,
}

struct User {
    running: usize,
    plugins: HashMap<PluginName, PluginUse>,
    queue: VecDeque<Waiter>,
    egress: Bucket,
}

struct PluginUse {
    running: usize,
    calls: Bucket,
}

struct Waiter {
    ticket: u64,
    plugin: PluginName,
    grant: oneshot::Sender<Permit>,
}

impl User {
    fn may_run(&self, plugin: &PluginName, limits: &FairnessLimits) -> bool {
        let of_plugin = self.plugins.get(plugin).map_or(0, |own| own.running);
        self.running < limits.user_calls && of_plugin < limits.user_plugin_calls
    }

    /// Nothing of it would be missed.
    fn is_idle(&mut self, now: Instant) -> bool {
        self.plugins.retain(|_, own| own.running > 0 || !own.calls.is_full(now));
        self.running == 0 && self.queue.is_empty() && self.plugins.is_empty() && self.egress.is_full(now)
    }
}

impl Gate {
    pub(crate) fn new(limits: FairnessLimits, process: usize) -> Self {
        let state = State {
            running: 0,
            users: HashMap::new(),
            turn: VecDeque::new(),
            next_ticket: 0,
            swept: Instant::now(),
            refused: 0,
        };
        Self { limits, process, state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn user<'a>(&self, state: &'a mut State, user: &UserId, now: Instant) -> &'a mut User {
        let bytes = self.limits.user_egress_bytes_per_minute;
        state.users.entry(user.clone()).or_insert_with(|| User {
            running: 0,
            plugins: HashMap::new(),
            queue: VecDeque::new(),
            egress: Bucket::new(bytes, now),
        })
    }

    /// Waits for a slot, at most for `wait`. Dropping the future leaves the queue. `counted` calls use the rate as well;
    /// what the host does by itself on the way to a call does not.
    pub(crate) async fn admit(
        self: &Arc<Self>,
        user: &UserId,
        plugin: &PluginName,
        counted: bool,
        wait: Duration,
    ) -> Result<Permit, Refusal> {
        let (mut place, granted) =
            self.line_up(user, plugin, counted, Instant::now()).inspect_err(|_| self.count_refusal())?;
        match tokio::time::timeout(wait, granted).await {
            Ok(Ok(permit)) => {
                place.left = true;
                Ok(permit)
            }
            // Nobody drops a waiter but its own place.
            Ok(Err(_)) => Err(Refusal::Process),
            Err(_) => {
                let refusal = self.why_not(user, plugin);
                self.count_refusal();
                Err(refusal)
            }
        }
    }

    fn count_refusal(&self) {
        let mut state = self.lock();
        state.refused = state.refused.saturating_add(1);
    }

    fn line_up(
        self: &Arc<Self>,
        user: &UserId,
        plugin: &PluginName,
        counted: bool,
        now: Instant,
    ) -> Result<(Place, oneshot::Receiver<Permit>), Refusal> {
        let mut state = self.lock();
        if now.saturating_duration_since(state.swept) >= SWEEP {
            state.swept = now;
            state.users.retain(|_, user| !user.is_idle(now));
        }
        let room = state.running < self.process;
        let own = self.user(&mut state, user, now);
        let at_once = room && own.may_run(plugin, &self.limits);
        if !at_once && own.queue.len() >= self.limits.user_queue {
            return Err(Refusal::Queue(self.limits.user_queue));
        }
        let rate = self.limits.user_plugin_calls_per_minute;
        let of_plugin = own
            .plugins
            .entry(plugin.clone())
            .or_insert_with(|| PluginUse { running: 0, calls: Bucket::new(rate.into(), now) });
        if counted && let Err(wait) = of_plugin.calls.take(1, now) {
            return Err(Refusal::Rate(rate, wait));
        }
        let (grant, granted) = oneshot::channel();
        state.next_ticket += 1;
        let ticket = state.next_ticket;
        let own = self.user(&mut state, user, now);
        own.queue.push_back(Waiter { ticket, plugin: plugin.clone(), grant });
        if own.queue.len() == 1 {
            state.turn.push_back(user.clone());
        }
        let gone = self.hand_out(&mut state);
        drop(state);
        drop(gone);
        Ok((Place { gate: Arc::clone(self), user: user.clone(), ticket, left: false }, granted))
    }

    /// Gives slots to waiters while there are both. What it returns is to be dropped after the lock: permits of waiters
    /// that went away.
    fn hand_out(self: &Arc<Self>, state: &mut State) -> Vec<Permit> {
        let mut gone = Vec::new();
        let mut blocked = 0;
        while state.running < self.process && blocked < state.turn.len() {
            let Some(user) = state.turn.pop_front() else { break };
            let Some(own) = state.users.get_mut(&user) else { continue };
            let next = own.queue.iter().position(|waiter| own.may_run(&waiter.plugin, &self.limits));
            let Some(waiter) = next.and_then(|next| own.queue.remove(next)) else {
                blocked += 1;
                state.turn.push_back(user);
                continue;
            };
            own.running += 1;
            if let Some(of_plugin) = own.plugins.get_mut(&waiter.plugin) {
                of_plugin.running += 1;
            }
            if !own.queue.is_empty() {
                state.turn.push_back(user.clone());
            }
            state.running += 1;
            blocked = 0;
            let permit = Permit { gate: Arc::clone(self), user, plugin: waiter.plugin };
            if let Err(permit) = waiter.grant.send(permit) {
                gone.push(permit);
            }
        }
        gone
    }

    /// Which limit a call that waited in vain met.
    fn why_not(&self, user: &UserId, plugin: &PluginName) -> Refusal {
        let state = self.lock();
        let Some(own) = state.users.get(user) else { return Refusal::Process };
        if own.running >= self.limits.user_calls {
            Refusal::User(self.limits.user_calls)
        } else if !own.may_run(plugin, &self.limits) {
            Refusal::UserPlugin(self.limits.user_plugin_calls)
        } else {
            Refusal::Process
        }
    }

    fn give_back(self: &Arc<Self>, permit: &Permit) {
        let gone = {
            let mut state = self.lock();
            state.running = state.running.saturating_sub(1);
            if let Some(own) = state.users.get_mut(&permit.user) {
                own.running = own.running.saturating_sub(1);
                if let Some(of_plugin) = own.plugins.get_mut(&permit.plugin) {
                    of_plugin.running = of_plugin.running.saturating_sub(1);
                }
            }
            self.hand_out(&mut state)
        };
        drop(gone);
    }

    fn leave(&self, user: &UserId, ticket: u64) {
        let mut state = self.lock();
        let Some(own) = state.users.get_mut(user) else { return };
        own.queue.retain(|waiter| waiter.ticket != ticket);
        if own.queue.is_empty() {
            state.turn.retain(|other| other != user);
        }
    }

    /// Takes bytes of the user's minute.
    ///
    /// # Errors
    /// When there are not enough: how long until there are.
    pub(crate) fn take_egress(&self, user: &UserId, bytes: u64) -> Result<(), Duration> {
        self.take_egress_at(user, bytes, Instant::now())
    }

    fn take_egress_at(&self, user: &UserId, bytes: u64, now: Instant) -> Result<(), Duration> {
        let mut state = self.lock();
        self.user(&mut state, user, now).egress.take(bytes, now)
    }

    /// How many bytes a user has per minute.
    pub(crate) const fn egress_per_minute(&self) -> u64 {
        self.limits.user_egress_bytes_per_minute
    }

    pub(crate) fn stats(&self) -> GateStats {
        let state = self.lock();
        let users = state.users.values();
        GateStats {
            running: state.running,
            waiting: users.clone().map(|user| user.queue.len()).sum(),
            users: users.clone().filter(|user| user.running > 0 || !user.queue.is_empty()).count(),
            user_plugins: users.flat_map(|user| user.plugins.values()).filter(|own| own.running > 0).count(),
            refused: state.refused,
        }
    }

    /// Users that are remembered.
    #[cfg(test)]
    fn remembered(&self) -> usize {
        self.lock().users.len()
    }
}

/// A place in the queue; dropping it leaves the queue.
struct Place {
    gate: Arc<Gate>,
    user: UserId,
    ticket: u64,
    left: bool,
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.left {
            self.gate.leave(&self.user, self.ticket);
        }
    }
}

/// The right to run one call; dropping it lets the next one in.
pub(crate) struct Permit {
    gate: Arc<Gate>,
    user: UserId,
    plugin: PluginName,
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("user", &self.user).field("plugin", &self.plugin).finish_non_exhaustive()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let gate = Arc::clone(&self.gate);
        gate.give_back(self);
    }
}

#[cfg(test)]
mod tests;
