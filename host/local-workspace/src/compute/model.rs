//! Clusters and their lives.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How long a cluster is on its way up or down, in milliseconds: long enough to be seen, short enough to wait for.
const ON_THE_WAY_MILLIS: i64 = 400;

/// Events that are kept of one cluster; the oldest go first.
const KEPT_EVENTS: usize = 100;

/// Milliseconds of a minute.
const MINUTE: i64 = 60_000;

/// What a caller says of a cluster.
pub(crate) type Spec = Map<String, Value>;

/// Where a cluster is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum State {
    Pending,
    Running,
    Restarting,
    Resizing,
    Terminating,
    Terminated,
}

impl State {
    /// In the words of error messages.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Running => "Running",
            Self::Restarting => "Restarting",
            Self::Resizing => "Resizing",
            Self::Terminating => "Terminating",
            Self::Terminated => "Terminated",
        }
    }

    /// Where it comes to by itself.
    const fn next(self) -> Option<Self> {
        match self {
            Self::Pending | Self::Restarting | Self::Resizing => Some(Self::Running),
            Self::Terminating => Some(Self::Terminated),
            Self::Running | Self::Terminated => None,
        }
    }
}

/// Why a cluster was terminated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Reason {
    UserRequest,
    Inactivity,
}

/// Something that happened to a cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) timestamp: i64,
    #[serde(rename = "type")]
    pub(crate) kind: String,
}

/// A cluster. Times are milliseconds since the epoch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Cluster {
    pub(crate) id: String,
    pub(crate) creator: String,
    pub(crate) spec: Spec,
    state: State,
    /// Since when.
    since: i64,
    /// When something last ran on it.
    active_at: i64,
    pub(crate) created_at: i64,
    pub(crate) started_at: i64,
    #[serde(default)]
    pub(crate) restarted_at: Option<i64>,
    #[serde(default)]
    pub(crate) terminated_at: Option<i64>,
    #[serde(default)]
    pub(crate) reason: Option<Reason>,
    #[serde(default)]
    pub(crate) pinned: bool,
    #[serde(default)]
    pub(crate) events: Vec<Event>,
}

impl Cluster {
    /// A new cluster, on its way up.
    pub(crate) fn new(id: String, creator: String, spec: Spec, now: i64) -> Self {
        let mut made = Self {
            id,
            creator,
            spec,
            state: State::Pending,
            since: now,
            active_at: now,
            created_at: now,
            started_at: now,
            restarted_at: None,
            terminated_at: None,
            reason: None,
            pinned: false,
            events: Vec::new(),
        };
        made.happened("CREATING", now);
        made
    }

    pub(crate) const fn state(&self) -> State {
        self.state
    }

    /// A text of its settings, empty when it is not there.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.spec.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A number of its settings, zero when it is not there.
    pub(crate) fn number(&self, name: &str) -> i64 {
        self.spec.get(name).and_then(Value::as_i64).unwrap_or_default()
    }

    /// Lets time pass: what is on its way arrives, and what nobody used for as long as its settings say is terminated.
    pub(crate) fn at(mut self, now: i64) -> Self {
        if let Some(next) = self.state.next()
            && now.saturating_sub(self.since) >= ON_THE_WAY_MILLIS
        {
            let arrived = self.since.saturating_add(ON_THE_WAY_MILLIS);
            if next == State::Terminated {
                self.terminated_at = Some(arrived);
            }
            self.enter(next, arrived);
        }
        let idle = self.number("autotermination_minutes").saturating_mul(MINUTE);
        let last_used = self.active_at.max(self.since);
        if self.state == State::Running && idle > 0 && now.saturating_sub(last_used) >= idle {
            let ended = last_used.saturating_add(idle);
            (self.terminated_at, self.reason) = (Some(ended), Some(Reason::Inactivity));
            self.happened("TERMINATING", ended);
            self.enter(State::Terminated, ended);
        }
        self
    }

    fn enter(&mut self, state: State, now: i64) {
        (self.state, self.since) = (state, now);
    }

    fn happened(&mut self, kind: &str, now: i64) {
        self.events.push(Event { timestamp: now, kind: kind.to_owned() });
        let over = self.events.len().saturating_sub(KEPT_EVENTS);
        self.events.drain(..over);
    }

    /// Something runs on it.
    pub(crate) fn used(&mut self, now: i64) {
        self.active_at = now;
    }

    pub(crate) fn start(&mut self, now: i64) {
        (self.started_at, self.reason, self.terminated_at) = (now, None, None);
        self.happened("STARTING", now);
        self.enter(State::Pending, now);
    }

    pub(crate) fn restart(&mut self, now: i64) {
        self.restarted_at = Some(now);
        self.happened("RESTARTING", now);
        self.enter(State::Restarting, now);
    }

    pub(crate) fn resize(&mut self, now: i64) {
        self.happened("RESIZING", now);
        self.enter(State::Resizing, now);
    }

    pub(crate) fn terminate(&mut self, now: i64) {
        self.reason = Some(Reason::UserRequest);
        self.happened("TERMINATING", now);
        self.enter(State::Terminating, now);
    }

    /// Its settings were changed; one that runs takes them up by a restart.
    pub(crate) fn edited(&mut self, spec: Spec, now: i64) {
        self.spec = spec;
        self.happened("EDITED", now);
        if self.state == State::Running {
            self.restart(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_goes_by_time_alone() {
        let spec = Spec::from_iter([("autotermination_minutes".to_owned(), Value::from(10))]);
        let mut cluster = Cluster::new("c".to_owned(), "ann".to_owned(), spec, 1_000);
        assert_eq!(cluster.clone().at(1_000 + ON_THE_WAY_MILLIS - 1).state(), State::Pending);
        cluster = cluster.at(1_000 + ON_THE_WAY_MILLIS);
        assert_eq!(cluster.state(), State::Running);
        cluster.used(5 * MINUTE);
        assert_eq!(cluster.clone().at(15 * MINUTE - 1).state(), State::Running);
        let idle = cluster.clone().at(60 * MINUTE);
        assert_eq!(
            (idle.state(), idle.reason, idle.terminated_at),
            (State::Terminated, Some(Reason::Inactivity), Some(15 * MINUTE))
        );
        cluster.terminate(6 * MINUTE);
        assert_eq!(cluster.state(), State::Terminating);
        let mut cluster = cluster.at(7 * MINUTE);
        assert_eq!((cluster.state(), cluster.reason), (State::Terminated, Some(Reason::UserRequest)));
        cluster.start(8 * MINUTE);
        assert_eq!((cluster.state(), cluster.reason), (State::Pending, None));
        assert_eq!(cluster.at(9 * MINUTE).state(), State::Running);
    }
}
