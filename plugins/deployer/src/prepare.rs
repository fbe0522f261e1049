//! What a deploy or destroy would do: what is kept is loaded, the workspace is looked at, and the plan is made.

use bricklayer_bundle::{Bundle, Files, Mode};

use crate::decide::{decide, decide_destroy};
use crate::desired::{Desired, desired};
use crate::files::{self, FilePlan, LocalFile, RECORD_FILE, Record, Snapshot};
use crate::lock;
use crate::look;
use crate::moment::Fresh;
use crate::plan::Plan;
use crate::store::{self, Store, read_file};
use crate::world::{Call, Fault, World, encode, optional, send};

/// A bundle to be deployed or destroyed.
pub struct Job<'a> {
    /// The bundle, without errors.
    pub bundle: &'a Bundle,
    /// The project's files.
    pub files: &'a dyn Files,
    /// The files that are uploaded; none for a destroy.
    pub local: &'a [LocalFile],
    /// Who deploys.
    pub user: &'a str,
    /// The workspace's address.
    pub host: &'a str,
    /// What is new about this one.
    pub fresh: Fresh,
    /// Whether a lock that somebody else holds is taken.
    pub force_lock: bool,
    /// Whether what others changed in the workspace is set back.
    pub overwrite_drift: bool,
}

/// A plan and what it was made of.
pub struct Prepared {
    /// The plan.
    pub plan: Plan,
    /// What is done about files.
    pub files: FilePlan,
    pub(crate) desired: Desired,
    pub(crate) store: Store,
    pub(crate) snapshot: Snapshot,
    pub(crate) record: Record,
    /// Whether the bundle's folder is in the workspace.
    pub has_root: bool,
}

impl Job<'_> {
    pub(crate) fn path(&self, field: &str) -> String {
        self.bundle.workspace_path(field).to_owned()
    }

    pub(crate) fn is_locked(&self) -> bool {
        let said =
            self.bundle.config.get(&["bundle", "deployment", "lock", "enabled"]).and_then(|value| value.as_bool());
        lock::is_used(said, self.bundle.mode == Some(Mode::Development))
    }

    pub(crate) fn forces(&self) -> bool {
        let said = self.bundle.config.get(&["bundle", "deployment", "lock", "force"]).and_then(|value| value.as_bool());
        self.force_lock || said == Some(true)
    }
}

/// Prepares a deploy. `keeps` says whether what an unfinished deploy left in the project is put in order; a plan only
/// looks.
///
/// # Errors
/// A workspace that cannot be read, a state that is not used, and what cannot be deployed here.
pub fn prepare(world: &dyn World, job: &Job<'_>, keeps: bool) -> Result<Prepared, Fault> {
    let desired = desired(job.bundle, job.files).map_err(|problems| Fault::local(problems.join("\n")))?;
    built(job.bundle).map_err(Fault::local)?;
    let store = store::load(world, &job.path("state_path"), keeps)?;
    let seen = look::look(world, &desired, &store.state, &store.unanswered)?;
    let mut plan = decide(&desired, &store.state, &seen, &store.unanswered, job.overwrite_drift)
        .map_err(|problems| Fault::local(problems.join("\n")))?;
    let file_path = job.path("file_path");
    let record = optional(send(world, read_file(&format!("{}/{RECORD_FILE}", job.path("state_path")))))?;
    let record = Record::from_json(record.as_ref());
    let kept = world.kept(&Snapshot::name(job.host, &file_path))?;
    let snapshot = Snapshot::parse(kept.as_deref(), job.host, &file_path);
    let there = files::tree(world, &file_path)?;
    let files = match files::plan(job.local, &snapshot, &record, &there) {
        Ok(files) => files,
        Err(problems) => {
            plan.refusals.extend(problems);
            FilePlan::default()
        }
    };
    plan.root_path = job.path("root_path");
    plan.files = files.lines();
    plan.warnings.extend(store.warnings.iter().cloned());
    Ok(Prepared { plan, files, desired, store, snapshot, record, has_root: true })
}

/// Prepares a destroy.
///
/// # Errors
/// As for [`prepare`].
pub fn prepare_destroy(world: &dyn World, job: &Job<'_>, keeps: bool) -> Result<Prepared, Fault> {
    let store = store::load(world, &job.path("state_path"), keeps)?;
    let seen = look::saved(world, &store.state)?;
    let mut plan = decide_destroy(&store.state, &seen);
    let root_path = job.path("root_path");
    let root = Call::get(format!("/api/2.0/workspace/get-status?path={}", encode(&root_path)));
    let has_root = optional(send(world, root))?.is_some();
    if is_shared(&root_path) {
        plan.refusals.push(format!("{root_path} is not a folder of the bundle's own, so it is not deleted"));
    }
    for (key, node) in desired(job.bundle, job.files).unwrap_or_default().nodes {
        if node.prevent_destroy && plan.entries.contains_key(&key) {
            let name = key.trim_start_matches("resources.");
            plan.refusals.push(format!("`{name}` is not to be deleted: the bundle says `lifecycle.prevent_destroy`"));
        }
    }
    plan.root_path = root_path;
    plan.warnings.extend(store.warnings.iter().cloned());
    if has_root {
        plan.files = vec!["- everything in the bundle's folder".to_owned()];
    }
    let (files, snapshot, record) = (FilePlan::default(), Snapshot::default(), Record::default());
    Ok(Prepared { plan, files, desired: Desired::default(), store, snapshot, record, has_root })
}

/// Folders that others use as well: the workspace's root, homes, what is shared.
fn is_shared(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != "Workspace").collect();
    match parts.as_slice() {
        [] | [_] => true,
        [top, _] => ["Users", "Repos"].contains(top),
        _ => parts.contains(&".."),
    }
}

/// What must be built first cannot be deployed from here.
fn built(bundle: &Bundle) -> Result<(), String> {
    let names: Vec<String> = bundle
        .artifacts
        .iter()
        .filter(|artifact| artifact.build.is_some())
        .map(|artifact| {
            format!(
                "the artifact `{}` is built by a command (`{}`), and commands are not run here; build it, and name the file that there is in `files` or in the task's libraries, without `build` and `type`",
                artifact.key,
                artifact.build.as_deref().unwrap_or_default()
            )
        })
        .collect();
    if names.is_empty() { Ok(()) } else { Err(names.join("\n")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_others_are_not_deleted() {
        for (path, expect) in [
            ("/Workspace/Users/ann@x.y/.bundle/b/dev", false),
            ("/Workspace/Users/ann@x.y", true),
            ("/Workspace/Shared", true),
            ("/Workspace/Shared/b", false),
            ("/Workspace", true),
            ("/", true),
            ("/Workspace/Users/ann@x.y/a/../..", true),
        ] {
            assert_eq!(is_shared(path), expect, "{path}");
        }
    }
}
