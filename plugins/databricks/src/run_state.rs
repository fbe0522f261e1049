//! Where a run of a job, or a task of one, stands.

use bricklayer_sdk::StepState;
use serde::Deserialize;

/// The state of a run, as the Jobs API gives it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct State {
    /// QUEUED, PENDING, RUNNING, TERMINATED and so on.
    pub life_cycle_state: String,
    /// SUCCESS, FAILED, CANCELED and so on; none while it goes on.
    pub result_state: Option<String>,
    /// What the workspace says of it.
    pub state_message: Option<String>,
}

impl State {
    /// Whether it has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        matches!(self.life_cycle_state.as_str(), "TERMINATED" | "SKIPPED" | "INTERNAL_ERROR")
    }

    /// Whether the end is a good one.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        matches!(self.result_state.as_deref(), Some("SUCCESS" | "SUCCESS_WITH_FAILURES"))
    }

    /// Where it stands, as a step of its run.
    #[must_use]
    pub fn step(&self) -> StepState {
        if !self.has_ended() {
            let runs = matches!(self.life_cycle_state.as_str(), "RUNNING" | "TERMINATING" | "WAITING_FOR_RETRY");
            return if runs { StepState::Running } else { StepState::Waiting };
        }
        let skipped = self.life_cycle_state == "SKIPPED"
            || matches!(
                self.result_state.as_deref(),
                Some("EXCLUDED" | "DISABLED" | "UPSTREAM_FAILED" | "UPSTREAM_CANCELED")
            );
        match (self.succeeded(), skipped) {
            (true, _) => StepState::Succeeded,
            (false, true) => StepState::Skipped,
            (false, false) => StepState::Failed,
        }
    }

    /// Whether it did not do what it was to do; what a condition left out has not failed.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.has_ended() && !matches!(self.result_state.as_deref(), Some("EXCLUDED" | "DISABLED")) && !self.succeeded()
    }

    /// The result, or where it is in its life.
    #[must_use]
    pub fn word(&self) -> &str {
        self.result_state.as_deref().unwrap_or(&self.life_cycle_state)
    }
}
