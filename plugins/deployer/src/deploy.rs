//! A deploy and a destroy, step by step. Each step can be the last: starting again goes on from what is there.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::apply::{Applied, Apply};
use crate::files::{RECORD_FILE, Snapshot};
use crate::lock::{LOCK_FILE, Lock};
use crate::metadata;
use crate::moment::rfc3339;
use crate::plan::{Action, Plan};
use crate::prepare::{Job, Prepared};
use crate::rights;
use crate::state::{STATE_FILE, State};
use crate::store::{Store, delete_path, keep_unanswered, make_folder, read_file, write_file};
use crate::uploads;
use crate::wal::WAL_FILE;
use crate::world::{Body, Call, Fault, FaultKind, Method, Step, World, encode, optional, send};

/// What a deploy or destroy came to.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Resources.
    pub applied: Applied,
    /// Files and libraries that were uploaded.
    pub uploaded: usize,
    /// Files that were deleted.
    pub deleted_files: usize,
    /// Whether the bundle's folder was deleted.
    pub root_deleted: bool,
    /// The state's serial.
    pub serial: u64,
    /// What is to be known.
    pub warnings: Vec<String>,
}

/// Deploys what was prepared.
///
/// # Errors
/// A lock that somebody holds, a state that has changed since, files that cannot be uploaded. What becomes of single
/// resources is in the report.
pub fn deploy(world: &dyn World, job: &Job<'_>, prepared: Prepared) -> Result<Report, Fault> {
    refuse(&prepared.plan)?;
    locked(world, job, true, |report| {
        unchanged(world, job, &prepared)?;
        let Prepared { plan, files, desired, store, mut snapshot, record, .. } = prepared;
        report.uploaded += uploads::libraries(world, job)?;
        uploads::files(world, job, &files, &mut snapshot)?;
        report.uploaded += files.uploads.len();
        report.deleted_files = files.deletes.len();
        let state_path = job.path("state_path");
        let text = record.next(job.local, job.fresh.now, &job.fresh.record);
        put(world, &format!("{state_path}/{RECORD_FILE}"), text)?;
        folder_rights(world, job)?;
        resource_folder(world, job)?;
        let total = plan.entries.values().filter(|entry| entry.action != Action::Skip).count();
        world.tell(Step::Resources, 0, total);
        let remote_serial = store.remote_serial;
        let state = with_lineage(store.state, &job.fresh.lineage);
        let mut apply = Apply::new(world, Store { state, ..store }, total);
        apply.run(&desired, &plan)?;
        world.tell(Step::State, 0, 1);
        let state = commit(world, &state_path, apply, remote_serial, report)?;
        let metadata = metadata::metadata(job.bundle, &state);
        put(world, &format!("{state_path}/{}", metadata::METADATA_FILE), metadata)
    })
}

/// Destroys what was prepared.
///
/// # Errors
/// A lock that somebody holds, a state that has changed since. What becomes of single resources is in the report.
pub fn destroy(world: &dyn World, job: &Job<'_>, prepared: Prepared) -> Result<Report, Fault> {
    refuse(&prepared.plan)?;
    let has_root = prepared.has_root;
    locked(world, job, has_root, |report| {
        unchanged(world, job, &prepared)?;
        let Prepared { plan, store, .. } = prepared;
        let total = plan.entries.len();
        world.tell(Step::Resources, 0, total);
        let remote_serial = store.remote_serial;
        let mut apply = Apply::new(world, store, total);
        apply.run(&crate::desired::Desired::default(), &plan)?;
        world.tell(Step::State, 0, 1);
        let is_whole = apply.applied.failed.is_empty();
        if !is_whole && has_root {
            commit(world, &job.path("state_path"), apply, remote_serial, report)?;
            return Ok(());
        }
        let changed = apply.has_changed();
        let mut state = apply.state;
        state.serial += u64::from(changed);
        (report.applied, report.serial) = (apply.applied, state.serial);
        if changed {
            world.keep(STATE_FILE, &state.to_bytes())?;
        }
        world.forget(WAL_FILE)?;
        if is_whole && has_root {
            world.tell(Step::Folder, 0, 1);
            optional(send(world, delete_path(&job.path("root_path"), true)))?;
            report.root_deleted = true;
        }
        if is_whole {
            world.forget(&Snapshot::name(job.host, &job.path("file_path")))?;
            world.forget(STATE_FILE)?;
            keep_unanswered(world, &BTreeSet::new())?;
        }
        Ok(())
    })
}

/// Dashboards and alerts lie in a folder of their own.
fn resource_folder(world: &dyn World, job: &Job<'_>) -> Result<(), Fault> {
    let has = |kind: &&str| job.bundle.config.entries_at(&["resources", kind]).next().is_some();
    if ["dashboards", "alerts"].iter().any(has) {
        send(world, make_folder(&job.path("resource_path")))?;
    }
    Ok(())
}

fn refuse(plan: &Plan) -> Result<(), Fault> {
    if plan.refusals.is_empty() {
        return Ok(());
    }
    Err(Fault::local(format!("the plan cannot be carried out:\n{}", plan.refusals.join("\n"))))
}

/// The first deploy begins a lineage.
fn with_lineage(state: State, lineage: &str) -> State {
    if state.is_new() { State { lineage: lineage.to_owned(), ..state } } else { state }
}

/// Whether somebody deployed between the plan and the lock.
fn unchanged(world: &dyn World, job: &Job<'_>, prepared: &Prepared) -> Result<(), Fault> {
    let path = format!("{}/{STATE_FILE}", job.path("state_path"));
    let remote = optional(send(world, read_file(&path)))?;
    let serial = remote.and_then(|remote| remote.get("serial").and_then(Value::as_u64));
    if serial == prepared.store.remote_serial {
        return Ok(());
    }
    Err(Fault::local("somebody else deployed the bundle since the plan was made; plan again"))
}

/// Writes the state here, then in the workspace.
fn commit(
    world: &dyn World,
    state_path: &str,
    apply: Apply<'_>,
    remote_serial: Option<u64>,
    report: &mut Report,
) -> Result<State, Fault> {
    let changed = apply.has_changed();
    let mut state = apply.state;
    state.serial += u64::from(changed);
    (report.applied, report.serial) = (apply.applied, state.serial);
    if state.serial > 0 {
        world.keep(STATE_FILE, &state.to_bytes())?;
        world.forget(WAL_FILE)?;
        if remote_serial != Some(state.serial) {
            put(world, &format!("{state_path}/{STATE_FILE}"), state.to_bytes())?;
        }
    }
    Ok(state)
}

/// Writes a file in the workspace; its folder is made where there is none.
fn put(world: &dyn World, path: &str, content: Vec<u8>) -> Result<(), Fault> {
    put_as(world, path, content, true).map_err(|fault| fault.doing(&format!("writing {path}")))
}

fn put_as(world: &dyn World, path: &str, content: Vec<u8>, overwrite: bool) -> Result<(), Fault> {
    let call = write_file(path, Body::Bytes(content), overwrite);
    match send(world, call.clone()) {
        Err(fault) if fault.kind == FaultKind::Missing => {
            let folder = path.rsplit_once('/').map_or("/", |(folder, _)| folder);
            send(world, make_folder(folder))?;
            send(world, call)?;
        }
        answer => {
            answer?;
        }
    }
    Ok(())
}

/// Who may do what in the bundle's folder, where the bundle says it.
fn folder_rights(world: &dyn World, job: &Job<'_>) -> Result<(), Fault> {
    let declared = job.bundle.config.items_at(&["permissions"]);
    let root = job.path("root_path");
    if declared.is_empty() || root.starts_with("/Workspace/Shared") {
        return Ok(());
    }
    let status = send(world, Call::get(format!("/api/2.0/workspace/get-status?path={}", encode(&root))))?;
    let Some(id) = status.get("object_id").and_then(Value::as_u64) else { return Ok(()) };
    let mut entries: Vec<Value> = declared.iter().map(|entry| folder_entry(&entry.to_json())).collect();
    if !entries.iter().any(|entry| entry.get("user_name").and_then(Value::as_str) == Some(job.user)) {
        // Whoever deploys must be able to do so again.
        entries.push(json!({"user_name": job.user, "permission_level": "CAN_MANAGE"}));
    }
    let path = format!("/api/2.0/permissions/directories/{id}");
    send(world, Call::json(Method::Put, path, json!({"access_control_list": entries}))).map(|_| ())
}

fn folder_entry(entry: &Value) -> Value {
    let mut entry = rights::access(entry);
    let level = entry.get("permission_level").and_then(Value::as_str);
    if level == Some("CAN_VIEW")
        && let Some(fields) = entry.as_object_mut()
    {
        fields.insert("permission_level".to_owned(), json!("CAN_READ"));
    }
    entry
}

/// Does work under the bundle's lock; `has_root` says whether there is a folder for it.
fn locked(
    world: &dyn World,
    job: &Job<'_>,
    has_root: bool,
    work: impl FnOnce(&mut Report) -> Result<(), Fault>,
) -> Result<Report, Fault> {
    let mut report = Report::default();
    let path = format!("{}/{LOCK_FILE}", job.path("state_path"));
    let is_locked = job.is_locked() && has_root;
    if is_locked {
        world.tell(Step::Lock, 0, 1);
        take(world, job, &path)?;
    }
    let outcome = work(&mut report);
    if is_locked && !report.root_deleted {
        match release(world, job, &path) {
            Ok(()) => {}
            Err(fault) if outcome.is_ok() => {
                report.warnings.push(format!("the lock was not released: {}", fault.message))
            }
            Err(_) => {}
        }
    }
    outcome.map(|()| report)
}

fn take(world: &dyn World, job: &Job<'_>, path: &str) -> Result<(), Fault> {
    let lock = Lock {
        id: job.fresh.lock.clone(),
        since: rfc3339(job.fresh.now),
        is_forced: job.forces(),
        user: job.user.to_owned(),
    };
    match put_as(world, path, lock.to_bytes(), lock.is_forced) {
        Ok(()) => {}
        // Whether it was taken shows when it is read.
        Err(fault) if matches!(fault.kind, FaultKind::Exists | FaultKind::Lost) => {}
        Err(fault) => return Err(fault.doing("taking the bundle's lock")),
    }
    let held = optional(send(world, read_file(path)))?.map(|held| Lock::from_json(&held));
    match held {
        Some(held) if held.id == lock.id => Ok(()),
        Some(held) => Err(Fault::new(FaultKind::Exists, held.held())),
        None => Err(Fault::new(FaultKind::Refused, "the bundle's lock was not kept by the workspace; try again")),
    }
}

/// Releases the lock, unless somebody took it by force.
fn release(world: &dyn World, job: &Job<'_>, path: &str) -> Result<(), Fault> {
    let Some(held) = optional(send(world, read_file(path)))? else { return Ok(()) };
    let held = Lock::from_json(&held);
    if held.id != job.fresh.lock {
        return Err(Fault::new(FaultKind::Exists, format!("{} took it by force", held.user)));
    }
    optional(send(world, delete_path(path, false))).map(|_| ())
}
