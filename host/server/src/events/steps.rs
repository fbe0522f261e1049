//! Steps of a running call's work, as clients see them.

use bricklayer_domain::{ProgressStep, StepState};
use serde::Serialize;
use utoipa::ToSchema;

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepWord {
    /// It has not begun.
    Waiting,
    /// It goes on.
    Running,
    /// It came to a good end.
    Succeeded,
    /// It failed.
    Failed,
    /// It does not run.
    Skipped,
}

/// A step of a call's work, such as a task of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StepInfo {
    /// What tells it from the others.
    pub key: String,
    /// Where it stands.
    pub state: StepWord,
    /// Where a person sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The keys of the steps that come before it.
    pub depends_on: Vec<String>,
}

impl From<ProgressStep> for StepInfo {
    fn from(step: ProgressStep) -> Self {
        let ProgressStep { key, state, link, depends_on } = step;
        let state = match state {
            StepState::Waiting => StepWord::Waiting,
            StepState::Running => StepWord::Running,
            StepState::Succeeded => StepWord::Succeeded,
            StepState::Failed => StepWord::Failed,
            StepState::Skipped => StepWord::Skipped,
        };
        Self { key, state, link, depends_on }
    }
}
