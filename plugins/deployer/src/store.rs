//! What is kept between deploys: the state here and in the workspace, the record of an unfinished deploy, and what was
//! begun to be made without an answer.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::state::{STATE_FILE, State, TERRAFORM_FILE, check_terraform, choose};
use crate::wal::{self, CORRUPTED_FILE, WAL_FILE};
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
    let (local, has_replayed) = local(world, keeps, &mut store.warnings)?;
    let files = [STATE_FILE, TERRAFORM_FILE].map(|name| read_file(&format!("{state_path}/{name}")));
    let mut answers = send_all(world, &files).into_iter();
    let mut next = || answers.next().map_or(Ok(None), optional);
    let (direct, terraform) = (next()?, next()?);
    let remote = direct.as_ref().map(State::from_json).transpose().map_err(Fault::local)?;
    if let Some(terraform) = &terraform {
        check_terraform(terraform, remote.as_ref().or(local.as_ref())).map_err(Fault::local)?;
    }
    store.remote_serial = remote.as_ref().map(|remote| remote.serial);
    let both = local.clone().zip(remote.clone());
    store.state = choose(local, remote).map_err(Fault::local)?;
    if let Some((local, remote)) = both.filter(|_| has_replayed) {
        merge(&mut store, &local, &remote);
    }
    store.unanswered = unanswered(world)?;
    Ok(store)
}

/// Somebody else deployed after the deploy that was cut off here: what that one made is not forgotten.
fn merge(store: &mut Store, local: &State, remote: &State) {
    if remote.serial < local.serial || remote.resources == local.resources {
        return;
    }
    let mut merged = remote.clone();
    for (key, saved) in &local.resources {
        if !merged.resources.contains_key(key) {
            merged.resources.insert(key.clone(), saved.clone());
            let name = key.trim_start_matches("resources.");
            store.warnings.push(format!(
                "`{name}` ({}) was made by a deploy that was cut off here, and somebody else has deployed since",
                saved.id
            ));
        }
    }
    store.state = merged;
}

/// The project's state, and whether a record of an unfinished deploy changed it.
fn local(world: &dyn World, keeps: bool, warnings: &mut Vec<String>) -> Result<(Option<State>, bool), Fault> {
    let kept = world.kept(STATE_FILE)?;
    let state = kept.as_deref().map(State::parse).transpose().map_err(Fault::local)?;
    let Some(record) = world.kept(WAL_FILE)? else { return Ok((state, false)) };
    let before = state.clone().unwrap_or_default();
    let Some(replay) = wal::replay(&before, &record).map_err(Fault::local)? else {
        if keeps {
            world.forget(WAL_FILE)?;
        }
        return Ok((state, false));
    };
    if !replay.corrupted.is_empty() {
        warnings.push(format!(
            "{} lines in the record of an unfinished deploy make no sense; they are kept in {CORRUPTED_FILE}",
            replay.corrupted.len()
        ));
    }
    if replay.changed {
        warnings.push("an earlier deploy was cut off; what it had done is known from its record".to_owned());
    }
    if keeps {
        if !replay.corrupted.is_empty() {
            world.append(CORRUPTED_FILE, format!("{}\n", replay.corrupted.join("\n")).as_bytes())?;
        }
        if replay.changed {
            world.keep(STATE_FILE, &replay.state.to_bytes())?;
        }
        world.forget(WAL_FILE)?;
    }
    Ok(if replay.changed { (Some(replay.state), true) } else { (state, false) })
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
