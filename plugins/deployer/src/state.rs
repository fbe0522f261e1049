//! What a bundle has in a workspace, as the official command line's direct engine keeps it: `resources.json`, by the
//! resource's key its id, its settings as they were sent, and what it depends on.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// The file's name, in the bundle's state folder in the workspace and in its cache in the project.
pub const STATE_FILE: &str = "resources.json";

/// The state of the older engine, which is not read here.
pub const TERRAFORM_FILE: &str = "terraform.tfstate";

/// What is written.
const VERSION: u64 = 2;

/// What is read as well, as long as it lists no features.
const VERSION_WITH_FEATURES: u64 = 3;

/// What stands for the release in files that the command line reads too: a version that it takes for a build of its own
/// without a release.
pub(crate) const CLI_VERSION: &str = "0.0.0-dev+bricklayer";

/// Bytes of a state file: a bundle of thousands of resources has some.
pub const MAX_STATE_BYTES: usize = 16 * 1024 * 1024;

/// The state of a bundle in one target.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// What tells one history of deploys from another; empty before the first.
    pub lineage: String,
    /// How many deploys changed something.
    pub serial: u64,
    /// The file's version when it was read; it is not lowered.
    pub(crate) version: u64,
    /// Resources by keys such as `resources.jobs.nightly`.
    pub resources: BTreeMap<String, Saved>,
}

/// A resource that is there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Saved {
    /// Its id in the workspace.
    pub id: String,
    /// Its settings as they were sent.
    pub state: Value,
    /// What it depends on, so that it is deleted before that.
    pub depends_on: Vec<Dependency>,
}

/// A resource that another one needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dependency {
    /// Its key.
    pub node: String,
    /// The reference by which it is needed.
    pub label: String,
}

/// Why a state is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateError {
    /// The file makes no sense; the text says where.
    Malformed(String),
    /// A newer command line wrote it.
    TooNew(u64),
    /// It says that reading it takes these features.
    Features(Vec<String>),
    /// The project's and the workspace's state have no common history.
    Lineages {
        /// The project's.
        local: String,
        /// The workspace's.
        remote: String,
    },
    /// The bundle was deployed with the older engine.
    Terraform,
}

impl std::fmt::Display for StateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Malformed(problem) => write!(f, "the state of the bundle cannot be read: {problem}"),
            Self::TooNew(version) => write!(
                f,
                "the state of the bundle has version {version}, and {VERSION} is known here; deploy with the command line that wrote it"
            ),
            Self::Features(features) => write!(
                f,
                "the state of the bundle needs what is not known here ({}); deploy with the command line that wrote it",
                features.join(", ")
            ),
            Self::Lineages { local, remote } => write!(
                f,
                "the project's state of the bundle ({local}) and the workspace's ({remote}) come from different deploys; move .databricks/bundle of the project away to go on with the workspace's"
            ),
            Self::Terraform => f.write_str(
                "the bundle was deployed with the Terraform engine, whose state is not written here; bring it over once with `databricks bundle deployment migrate`",
            ),
        }
    }
}

impl State {
    /// Reads a state file.
    ///
    /// # Errors
    /// [`StateError`] where it makes no sense or a newer command line wrote it.
    pub fn parse(bytes: &[u8]) -> Result<Self, StateError> {
        let root: Value =
            serde_json::from_slice(bytes).map_err(|error| StateError::Malformed(format!("it is no JSON ({error})")))?;
        Self::from_json(&root)
    }

    /// Reads a state from JSON.
    ///
    /// # Errors
    /// As for [`parse`](Self::parse).
    pub fn from_json(root: &Value) -> Result<Self, StateError> {
        let malformed = |what: &str| StateError::Malformed(what.to_owned());
        let version =
            root.get("state_version").and_then(Value::as_u64).ok_or(malformed("`state_version` is missing"))?;
        if version > VERSION_WITH_FEATURES {
            return Err(StateError::TooNew(version));
        }
        let features = features(root.get("features"));
        if !features.is_empty() {
            return Err(StateError::Features(features));
        }
        let serial = root.get("serial").and_then(Value::as_u64).ok_or(malformed("`serial` is missing"))?;
        let lineage = root.get("lineage").and_then(Value::as_str).filter(|lineage| !lineage.is_empty());
        let lineage = lineage.ok_or(malformed("`lineage` is missing"))?.to_owned();
        let mut resources = BTreeMap::new();
        match root.get("state") {
            None | Some(Value::Null) => {}
            Some(Value::Object(entries)) => {
                for (key, entry) in entries {
                    let saved = Saved::from_json(entry).ok_or_else(|| malformed(&format!("`{key}` has no id")))?;
                    resources.insert(key.clone(), saved);
                }
            }
            Some(_) => return Err(malformed("`state` is no mapping")),
        }
        Ok(Self { lineage, serial, version, resources })
    }

    /// The file.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let resources: Map<String, Value> =
            self.resources.iter().map(|(key, saved)| (key.clone(), saved.to_json())).collect();
        json!({
            "state_version": self.version.max(VERSION),
            "cli_version": CLI_VERSION,
            "lineage": self.lineage,
            "serial": self.serial,
            "state": resources,
        })
    }

    /// The file's text.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(&self.to_json()).unwrap_or_default()
    }

    /// Whether nothing was ever deployed.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.lineage.is_empty()
    }
}

/// Which of a project's and a workspace's state is gone on with: the one with more deploys behind it, the project's where
/// both have as many.
///
/// # Errors
/// States of different histories.
pub(crate) fn choose(local: Option<State>, remote: Option<State>) -> Result<State, StateError> {
    match (local, remote) {
        (Some(local), Some(remote)) if local.lineage != remote.lineage => {
            Err(StateError::Lineages { local: local.lineage, remote: remote.lineage })
        }
        (Some(local), Some(remote)) => Ok(if remote.serial > local.serial { remote } else { local }),
        (Some(state), None) | (None, Some(state)) => Ok(state),
        (None, None) => Ok(State::default()),
    }
}

/// Looks at a state of the older engine: whether the direct one has gone on since.
///
/// # Errors
/// [`StateError::Terraform`] where it has not.
pub(crate) fn check_terraform(terraform: &Value, direct: Option<&State>) -> Result<(), StateError> {
    let serial = terraform.get("serial").and_then(Value::as_u64).unwrap_or(u64::MAX);
    match direct {
        Some(state) if state.serial > serial => Ok(()),
        _ => Err(StateError::Terraform),
    }
}

impl Saved {
    pub(crate) fn from_json(entry: &Value) -> Option<Self> {
        let id = entry.get("__id__").and_then(Value::as_str).filter(|id| !id.is_empty())?;
        let text = |value: &Value, field: &str| {
            value.get(field).and_then(Value::as_str).map(str::to_owned).unwrap_or_default()
        };
        let dependencies = entry.get("depends_on").and_then(Value::as_array).into_iter().flatten();
        let depends_on = dependencies
            .map(|one| Dependency { node: text(one, "node"), label: text(one, "label") })
            .filter(|one| !one.node.is_empty())
            .collect();
        Some(Self { id: id.to_owned(), state: entry.get("state").cloned().unwrap_or(Value::Null), depends_on })
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut entry = Map::new();
        entry.insert("__id__".to_owned(), json!(self.id));
        entry.insert("state".to_owned(), self.state.clone());
        if !self.depends_on.is_empty() {
            let one = |dependency: &Dependency| json!({"node": dependency.node, "label": dependency.label});
            entry.insert("depends_on".to_owned(), self.depends_on.iter().map(one).collect());
        }
        Value::Object(entry)
    }
}

/// The features of a file's header, as a list or as the keys of a mapping.
fn features(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(names)) => {
            names.iter().map(|name| name.as_str().map_or_else(|| name.to_string(), str::to_owned)).collect()
        }
        Some(Value::Object(names)) => names.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{"state_version":2,"cli_version":"1.13.0","lineage":"l","serial":3,"state":{
        "resources.jobs.a":{"__id__":"9223372036854775807","state":{"name":"a","max_concurrent_runs":1},
            "depends_on":[{"node":"resources.pipelines.p","label":"${resources.pipelines.p.id}"}]},
        "resources.pipelines.p":{"__id__":"p-1","state":{"name":"p"}}}}"#;

    #[test]
    fn a_state_survives_writing() {
        let state = State::parse(FILE.as_bytes()).unwrap();
        assert_eq!((state.lineage.as_str(), state.serial, state.resources.len()), ("l", 3, 2));
        assert_eq!(state.resources["resources.jobs.a"].depends_on[0].node, "resources.pipelines.p");
        assert_eq!(State::parse(&state.to_bytes()).unwrap(), state);
        let mut expect: Value = serde_json::from_str(FILE).unwrap();
        expect["cli_version"] = json!(CLI_VERSION);
        assert_eq!(state.to_json(), expect);
    }

    #[test]
    fn what_is_not_known_is_refused_by_name() {
        for (change, part) in [
            (json!({"state_version": 4}), "version 4"),
            (json!({"state_version": 3, "features": ["x"]}), "(x)"),
            (json!({"state_version": 3, "features": {"y": true}}), "(y)"),
            (json!({"state_version": null}), "state_version"),
            (json!({"serial": "1"}), "serial"),
            (json!({"lineage": ""}), "lineage"),
            (json!({"state": []}), "no mapping"),
            (json!({"state": {"resources.jobs.a": {"state": {}}}}), "no id"),
        ] {
            let mut file: Value = serde_json::from_str(FILE).unwrap();
            for (key, value) in change.as_object().unwrap() {
                file[key] = value.clone();
            }
            let error = State::from_json(&file).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        assert!(State::parse(b"{").is_err());
        let newer: Value = json!({"state_version": 3, "features": [], "lineage": "l", "serial": 1});
        assert_eq!(State::from_json(&newer).unwrap().to_json()["state_version"], 3);
    }

    #[test]
    fn the_state_with_more_deploys_wins() {
        let state = |lineage: &str, serial| Some(State { lineage: lineage.to_owned(), serial, ..State::default() });
        for (local, remote, expect) in [
            (None, None, Ok(0)),
            (state("a", 2), None, Ok(2)),
            (None, state("a", 3), Ok(3)),
            (state("a", 2), state("a", 3), Ok(3)),
            (state("a", 4), state("a", 3), Ok(4)),
            (state("a", 2), state("b", 3), Err(())),
        ] {
            assert_eq!(choose(local, remote).map(|state| state.serial).map_err(|_| ()), expect);
        }
    }

    #[test]
    fn the_older_engine_is_refused_until_the_bundle_was_brought_over() {
        let direct = |serial| State { lineage: "a".to_owned(), serial, ..State::default() };
        let terraform = json!({"serial": 5});
        assert_eq!(check_terraform(&terraform, None), Err(StateError::Terraform));
        assert_eq!(check_terraform(&terraform, Some(&direct(5))), Err(StateError::Terraform));
        assert_eq!(check_terraform(&terraform, Some(&direct(6))), Ok(()));
        assert_eq!(check_terraform(&json!("nonsense"), Some(&direct(6))), Err(StateError::Terraform));
    }
}
