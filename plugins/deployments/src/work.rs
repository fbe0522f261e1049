//! A deploy's job, made of a bundle and a call.

use bricklayer_databricks::chance;
use bricklayer_databricks::show::address;
use bricklayer_deployer::{Action, Fresh, Job, LocalFile};
use bricklayer_sdk::{Failure, Platform};

use crate::local;
use crate::opened::Opened;
use crate::remote::Remote;
use crate::types;

/// What a call says beside the bundle.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Options {
    pub(crate) is_destroy: bool,
    pub(crate) force_lock: bool,
    pub(crate) overwrite_drift: bool,
}

/// Does something with a bundle's job.
pub(crate) fn with<P: Platform, T>(
    platform: &P,
    opened: &Opened,
    options: Options,
    work: impl FnOnce(&Remote<'_, P>, &Job<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let local: Vec<LocalFile> =
        if options.is_destroy { Vec::new() } else { local::files(&opened.bundle, &opened.files)? };
    let host = platform.context().workspace_host.map(|host| address(&host)).unwrap_or_default();
    let job = Job {
        bundle: &opened.bundle,
        files: &opened.files,
        local: &local,
        user: &opened.me.user_name,
        host: &host,
        fresh: Fresh { now: platform.unix_seconds(), lineage: uuid(), lock: uuid(), record: uuid() },
        force_lock: options.force_lock,
        overwrite_drift: options.overwrite_drift,
    };
    work(&Remote::new(platform, &opened.bundle, options.is_destroy), &job)
}

/// A UUID of chance (version 4).
pub(crate) fn uuid() -> String {
    let digits: Vec<char> = chance::token().chars().collect();
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default().iter().collect::<String>();
    format!("{}-{}-4{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

/// An action as tools say it.
pub(crate) const fn action(action: Action) -> types::PlanAction {
    match action {
        Action::Skip => types::PlanAction::Skip,
        Action::Update => types::PlanAction::Update,
        Action::Create => types::PlanAction::Create,
        Action::Recreate => types::PlanAction::Recreate,
        Action::Delete => types::PlanAction::Delete,
    }
}

/// A key as people read it: `jobs.nightly`.
pub(crate) fn short(key: &str) -> String {
    key.strip_prefix("resources.").unwrap_or(key).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_have_their_form() {
        let one = uuid();
        let lengths: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{one}");
        assert_ne!(one, uuid());
    }
}
