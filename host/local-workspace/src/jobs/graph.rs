//! Which task of a run is next, and what a run comes to: pure decisions on where its tasks stand.
//!
//! Rules: "Configure task dependencies" (Run if) and "Add branching logic with the If/else task" of the public
//! documentation.

use super::{
    model::{Code, ResultState, State},
    settings::{RunIf, Task},
};

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Waiting,
    Going,
    /// Ended; a condition with its outcome.
    Ended(ResultState, Option<bool>),
}

/// What to do with a waiting task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Start,
    /// It does not run.
    Settle(ResultState),
}

/// What a dependency's end means for those that depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Met {
    Succeeded,
    Failed,
    Canceled,
    Excluded,
}

fn met(result: ResultState) -> Met {
    match result {
        ResultState::Success | ResultState::SuccessWithFailures => Met::Succeeded,
        ResultState::Failed | ResultState::Timedout | ResultState::UpstreamFailed => Met::Failed,
        ResultState::Canceled | ResultState::UpstreamCanceled => Met::Canceled,
        ResultState::Excluded | ResultState::Disabled | ResultState::MaximumConcurrentRunsReached => Met::Excluded,
    }
}

/// What to do with a waiting task now; nothing while a dependency has not ended.
pub(crate) fn step(task: &Task, standing: impl Fn(&str) -> Standing) -> Option<Step> {
    let mut on = Vec::with_capacity(task.depends_on.len());
    for dependency in &task.depends_on {
        let Standing::Ended(result, outcome) = standing(&dependency.task_key) else { return None };
        let wanted = dependency.outcome.as_deref().map(|outcome| outcome == "true");
        // The branch that a condition did not take.
        let other_branch = wanted.is_some() && met(result) == Met::Succeeded && wanted != outcome;
        on.push(if other_branch { Met::Excluded } else { met(result) });
    }
    if task.disabled {
        return Some(Step::Settle(ResultState::Disabled));
    }
    if on.is_empty() {
        return Some(Step::Start);
    }
    let any = |met: Met| on.contains(&met);
    let all = |met: Met| on.iter().all(|it| *it == met);
    if all(Met::Excluded) {
        return Some(Step::Settle(ResultState::Excluded));
    }
    let runs = match task.run_if {
        RunIf::AllSuccess => all(Met::Succeeded),
        RunIf::AtLeastOneSuccess => any(Met::Succeeded),
        RunIf::NoneFailed => !any(Met::Failed) && !any(Met::Canceled),
        RunIf::AllDone => true,
        RunIf::AtLeastOneFailed => any(Met::Failed),
        RunIf::AllFailed => all(Met::Failed),
    };
    let waits_for_failure = matches!(task.run_if, RunIf::AtLeastOneFailed | RunIf::AllFailed);
    Some(if runs {
        Step::Start
    } else if waits_for_failure {
        Step::Settle(ResultState::Excluded)
    } else if any(Met::Failed) {
        Step::Settle(ResultState::UpstreamFailed)
    } else if any(Met::Canceled) {
        Step::Settle(ResultState::UpstreamCanceled)
    } else {
        Step::Settle(ResultState::Excluded)
    })
}

/// The state of a task that does not run.
pub(crate) fn settled(result: ResultState) -> State {
    let (code, message) = match result {
        ResultState::UpstreamFailed => (Code::RunExecutionError, "An upstream task failed."),
        ResultState::UpstreamCanceled => (Code::Canceled, "An upstream task was canceled."),
        ResultState::Disabled => (Code::Disabled, "The task is disabled."),
        ResultState::Canceled => (Code::UserCanceled, "Run cancelled."),
        ResultState::Timedout => (Code::RunExecutionError, "The run's time was over before the task began."),
        _ => (Code::Skipped, "The task's condition was not met."),
    };
    State::ended(result, code, message)
}

/// What a run comes to whose tasks have all ended: the leaves decide.
pub(crate) fn roll_up<'a>(tasks: &'a [Task], end: impl Fn(&str) -> Option<&'a State>) -> State {
    let is_leaf = |key: &str| !tasks.iter().any(|task| task.depends_on.iter().any(|on| on.task_key == key));
    let (mut leaf_failed, mut leaf_canceled, mut failed) = (false, false, None);
    let mut skipped = false;
    for task in tasks {
        let Some(state) = end(&task.task_key) else { continue };
        let met = state.result.map_or(Met::Failed, met);
        let leaf = is_leaf(&task.task_key);
        leaf_failed |= leaf && met == Met::Failed;
        leaf_canceled |= leaf && met == Met::Canceled;
        skipped |= matches!(state.result, Some(ResultState::UpstreamFailed));
        if met == Met::Failed && state.result != Some(ResultState::UpstreamFailed) && failed.is_none() {
            failed = Some((task.task_key.as_str(), state));
        }
    }
    let message = failed.map(|(key, state)| {
        let rest = if skipped { " This caused all downstream tasks to get skipped." } else { "" };
        let said = if state.message.is_empty() { "Workload failed" } else { state.message.as_str() };
        format!("Task {key} failed with message: {}.{rest}", said.trim_end_matches('.'))
    });
    let code = failed.and_then(|(_, state)| state.code).unwrap_or(Code::RunExecutionError);
    if leaf_failed {
        return State::failed_run(code, message.unwrap_or_default());
    }
    if leaf_canceled {
        return State::ended(ResultState::Canceled, Code::Canceled, "A task was canceled.");
    }
    match message {
        Some(message) => State::ended(ResultState::SuccessWithFailures, Code::SuccessWithFailures, message),
        None => State::ended(ResultState::Success, Code::Success, ""),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use ResultState::{Canceled, Excluded, Failed, Success, UpstreamCanceled, UpstreamFailed};
    use serde_json::json;

    use super::*;

    fn task(run_if: &str, on: serde_json::Value) -> Task {
        let task = json!({"task_key": "t", "run_if": run_if, "depends_on": on, "pipeline_task": {"pipeline_id": "p"}});
        Task::read(&task, "tasks[0]").unwrap()
    }

    #[test]
    fn run_if_decides_by_what_became_of_the_dependencies() {
        let start = Step::Start;
        for (run_if, results, expected) in [
            ("ALL_SUCCESS", [Success, Success], start),
            ("ALL_SUCCESS", [Success, Failed], Step::Settle(UpstreamFailed)),
            ("ALL_SUCCESS", [Success, UpstreamFailed], Step::Settle(UpstreamFailed)),
            ("ALL_SUCCESS", [Success, Canceled], Step::Settle(UpstreamCanceled)),
            ("ALL_SUCCESS", [Success, Excluded], Step::Settle(Excluded)),
            ("AT_LEAST_ONE_SUCCESS", [Success, Failed], start),
            ("AT_LEAST_ONE_SUCCESS", [Failed, Failed], Step::Settle(UpstreamFailed)),
            ("NONE_FAILED", [Success, Excluded], start),
            ("NONE_FAILED", [Success, Failed], Step::Settle(UpstreamFailed)),
            ("ALL_DONE", [Failed, Canceled], start),
            ("AT_LEAST_ONE_FAILED", [Success, Failed], start),
            ("AT_LEAST_ONE_FAILED", [Success, Success], Step::Settle(Excluded)),
            ("ALL_FAILED", [Failed, Failed], start),
            ("ALL_FAILED", [Failed, Success], Step::Settle(Excluded)),
            ("ALL_DONE", [Excluded, Excluded], Step::Settle(Excluded)),
        ] {
            let task = task(run_if, json!([{"task_key": "a"}, {"task_key": "b"}]));
            let standing = |key: &str| Standing::Ended(results[usize::from(key == "b")], None);
            assert_eq!(step(&task, standing), Some(expected), "{run_if} {results:?}");
            let waits = |key: &str| if key == "b" { Standing::Going } else { Standing::Ended(results[0], None) };
            assert_eq!(step(&task, waits), None, "{run_if} waits for all");
        }
    }

    #[test]
    fn a_branch_that_was_not_taken_is_excluded() {
        let task = task("ALL_SUCCESS", json!([{"task_key": "c", "outcome": "true"}]));
        assert_eq!(step(&task, |_| Standing::Ended(Success, Some(true))), Some(Step::Start));
        assert_eq!(step(&task, |_| Standing::Ended(Success, Some(false))), Some(Step::Settle(Excluded)));
        assert_eq!(step(&task, |_| Standing::Ended(Failed, None)), Some(Step::Settle(UpstreamFailed)));
    }

    #[test]
    fn leaves_decide_what_a_run_comes_to() {
        let tasks: Vec<Task> = [json!([]), json!([{"task_key": "t0"}])]
            .into_iter()
            .enumerate()
            .map(|(i, on)| {
                let mut task = task("ALL_DONE", on);
                task.task_key = format!("t{i}");
                task
            })
            .collect();
        for (results, expected) in [
            ([Success, Success], "Some(Success)"),
            ([Failed, Success], "Some(SuccessWithFailures)"),
            ([Success, Failed], "Some(Failed)"),
            ([Failed, UpstreamFailed], "Some(Failed)"),
            ([Canceled, UpstreamCanceled], "Some(Canceled)"),
            ([Success, Excluded], "Some(Success)"),
        ] {
            let states: HashMap<_, _> =
                results.iter().enumerate().map(|(i, r)| (format!("t{i}"), settled(*r))).collect();
            let state = roll_up(&tasks, |key| states.get(key));
            assert_eq!(format!("{:?}", state.result), expected, "{results:?}");
            assert_eq!(state.message.contains("Task t0 failed with message"), results[0] == Failed, "{state:?}");
        }
    }
}
