//! Wheel tasks: entry points of packages that lie as wheels among the workspace's files.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{
    code::run as run_program,
    context::Context,
    leaf::{Done, Given},
};
use crate::{
    jobs::{
        model::Code,
        references::Facts,
        settings::Document,
        wheel::{WheelTask, wheels},
    },
    python::{Program, Wheel},
};

/// Wheels of one task, and bytes of all of them: they are held in memory on their way to the program.
const MAX_WHEELS: usize = 100;
const MAX_WHEEL_BYTES: u64 = 64 * 1024 * 1024;

/// Runs a wheel's entry point. `document` is the task, `settings` the job's.
pub(super) async fn run(
    context: &Context,
    task: &WheelTask,
    (document, settings): (&Document, &Document),
    given: &Given,
    facts: &Arc<Facts>,
    cancel: &CancellationToken,
) -> Done {
    let paths = wheels(document, settings);
    if paths.is_empty() {
        let said = "The python_wheel_task has no wheel: name the path of one in the task's libraries, or in the dependencies \
                    of its environment.";
        return Done::refused(Code::InvalidRunConfiguration, said);
    }
    if paths.len() > MAX_WHEELS {
        return Done::refused(Code::InvalidRunConfiguration, format!("A task has at most {MAX_WHEELS} wheels."));
    }
    let mut read = Vec::new();
    let mut left = MAX_WHEEL_BYTES;
    for path in paths {
        let bytes = match context.utilities.file(&given.user, &path, left).await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                let said = format!("The wheels of the task have more than {} MiB in all.", MAX_WHEEL_BYTES >> 20);
                return Done::refused(Code::LibraryInstallationError, said);
            }
            Err(error) => {
                let said = format!("Library installation failed for whl: \"{path}\". {}", error.said());
                return Done::refused(Code::LibraryInstallationError, said);
            }
        };
        left = left.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        read.push(Wheel { path, bytes });
    }
    let program = Program::Wheel {
        wheels: read,
        package: task.package_name.clone(),
        entry_point: task.entry_point.clone(),
        arguments: task.arguments(&given.parameters, &given.overriding),
    };
    run_program(context, program, given, facts, cancel).await
}
