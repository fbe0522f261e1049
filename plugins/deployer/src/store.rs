//! What is kept between deploys: the state here and in the workspace, the record of an unfinished deploy, and what was
//! begun to be made without an answer.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::state::{STATE_FILE, Saved, State, TERRAFORM_FILE, check_terraform, choose};
use crate::wal::{self, CORRUPTED_FILE, Replay, WAL_FILE};
use crate::world::{Body, Call, Fault, Method, World, encode_path, optional, send_all};

/// What was begun to be made, in the target's cache. The command line has no such file and passes it over.
const UNANSWERED_FILE: &str = "creating.json";

/// What was kept.
#[derive(Debug, Clone, Default)]
pub(crate) struct Store {
    pub(crate) state: State,
    /// The serial in the workspace; none where there is no state.
    pub(crate) remote_serial: Option<u64>,
    pub(crate) unanswered: BTreeSet<String>,
    /// Whether the state is made of the workspace's and of what was cut off here.
    pub(crate) is_merged: bool,
    pub(crate) warnings: Vec<String>,
}

/// The address of a file in the workspace.
pub(crate) fn read_file(path: &str) -> Call {
    Call::get(format!("/api/2.0/workspace-files{}", encode_path(path)))
}

/// The call that writes a file in the workspace.
pub(crate) fn write_file(path: &str, body: Body, overwrite: bool) -> Call {
    let path = format!("/api/2.0/workspace-files/import-file{}?overwrite={overwrite}", encode_path(path));
    Call { method: Method::Post, path, body }
}

/// The call that makes a folder in the workspace, with those above it.
pub(crate) fn make_folder(path: &str) -> Call {
    Call::json(Method::Post, "/api/2.0/workspace/mkdirs", json!({"path": path}))
}

/// The call that deletes something in the workspace.
pub(crate) fn delete_path(path: &str, recursive: bool) -> Call {
    Call::json(Method::Post, "/api/2.0/workspace/delete", json!({"path": path, "recursive": recursive}))
}

/// Loads what was kept. `keeps` says whether what an unfinished deploy left is put in order here; a plan only looks.
pub(crate) fn load(world: &dyn World, state_path: &str, keeps: bool) -> Result<Store, Fault> {
    let mut store = Store::default();
    let (kept, replay) = local(world)?;
    let has_changes = replay.as_ref().is_some_and(|replay| replay.changed);
    let local = match &replay {
        Some(replay) if replay.changed => Some(replay.state.clone()),
        _ => kept,
    };
    let files = [STATE_FILE, TERRAFORM_FILE].map(|name| read_file(&format!("{state_path}/{name}")));
    let mut answers = send_all(world, &files).into_iter();
    let mut next = || answers.next().map_or(Ok(None), optional);
    let (direct, terraform) = (next()?, next()?);
    let remote = direct.as_ref().map(State::from_json).transpose().map_err(Fault::local)?;
    if let Some(terraform) = &terraform {
        check_terraform(terraform, remote.as_ref().or(local.as_ref())).map_err(Fault::local)?;
    }
    store.remote_serial = remote.as_ref().map(|remote| remote.serial);
    store.unanswered = unanswered(world)?;
    let both = local.clone().zip(remote.clone());
    store.state = choose(local, remote).map_err(Fault::local)?;
    if has_changes {
        store.warnings.push("an earlier deploy was cut off; what it had done is known from its record".to_owned());
    }
    let merged =
        both.filter(|_| has_changes).map(|(local, remote)| merge(&mut store, &local, remote)).unwrap_or_default();
    if let Some(Replay { corrupted, .. }) = &replay
        && !corrupted.is_empty()
    {
        store.warnings.push(format!(
            "{} lines in the record of an unfinished deploy make no sense; they are kept in {CORRUPTED_FILE}",
            corrupted.len()
        ));
    }
    if keeps {
        put_in_order(world, &store, replay, &merged)?;
    }
    Ok(store)
}

/// Somebody else deployed after the deploy that was cut off here: what that one made is not forgotten. The keys of it.
fn merge(store: &mut Store, local: &State, remote: State) -> Vec<String> {
    if remote.serial < local.serial || remote.resources == local.resources {
        return Vec::new();
    }
    let missing = local.resources.iter().filter(|(key, _)| !remote.resources.contains_key(*key));
    let missing: Vec<(String, Saved)> = missing.map(|(key, saved)| (key.clone(), saved.clone())).collect();
    store.state = remote;
    store.is_merged = !missing.is_empty();
    for (key, saved) in &missing {
        let name = key.trim_start_matches("resources.");
        store.warnings.push(format!(
            "`{name}` ({}) was made by a deploy that was cut off here, and somebody else has deployed since",
            saved.id
        ));
        store.state.resources.insert(key.clone(), saved.clone());
    }
    missing.into_iter().map(|(key, _)| key).collect()
}

/// The record of an unfinished deploy becomes the project's state; or, where somebody else has deployed since, the record
/// of one that goes on from the workspace's.
fn put_in_order(world: &dyn World, store: &Store, replay: Option<Replay>, merged: &[String]) -> Result<(), Fault> {
    let Some(replay) = replay else { return world.forget(WAL_FILE) };
    if !replay.corrupted.is_empty() {
        world.append(CORRUPTED_FILE, format!("{}\n", replay.corrupted.join("\n")).as_bytes())?;
    }
    if store.is_merged {
        let mut theirs = store.state.clone();
        theirs.resources.retain(|key, _| !merged.contains(key));
        let mut record = wal::header(&theirs.lineage, theirs.serial + 1);
        for key in merged {
            record.extend(wal::change(key, store.state.resources.get(key)));
        }
        world.keep(STATE_FILE, &theirs.to_bytes())?;
        return world.keep(WAL_FILE, &record);
    }
    if replay.changed {
        world.keep(STATE_FILE, &replay.state.to_bytes())?;
    }
    world.forget(WAL_FILE)
}

/// The project's state as it was kept, and what the record of an unfinished deploy makes of it. A stale record is none.
fn local(world: &dyn World) -> Result<(Option<State>, Option<Replay>), Fault> {
    let kept = world.kept(STATE_FILE)?;
    let state = kept.as_deref().map(State::parse).transpose().map_err(Fault::local)?;
    let Some(record) = world.kept(WAL_FILE)? else { return Ok((state, None)) };
    let replay = wal::replay(&state.clone().unwrap_or_default(), &record).map_err(Fault::local)?;
    Ok((state, replay))
}

fn unanswered(world: &dyn World) -> Result<BTreeSet<String>, Fault> {
    let file: Value =
        world.kept(UNANSWERED_FILE)?.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    let keys = file.get("keys").and_then(Value::as_array).into_iter().flatten();
    Ok(keys.filter_map(|key| key.as_str().map(str::to_owned)).collect())
}

/// Keeps what is begun to be made, before the calls that make it are sent.
pub(crate) fn keep_unanswered(world: &dyn World, keys: &BTreeSet<String>) -> Result<(), Fault> {
    if keys.is_empty() {
        return world.forget(UNANSWERED_FILE);
    }
    world.keep(UNANSWERED_FILE, json!({"keys": keys}).to_string().as_bytes())
}
