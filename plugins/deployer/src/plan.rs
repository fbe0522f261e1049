//! A plan: what a deploy or destroy would do to each resource, why, and what is not as it was left.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::compare::EMBEDDED;
use crate::desired::{What, owner, what};
use crate::state::{CLI_VERSION, Dependency};

/// The version of a plan as JSON.
const VERSION: u64 = 2;

/// Digits of a plan's id: enough that no two plans share one, and few enough to be passed on.
const ID_DIGITS: usize = 32;

/// Resources that the text names.
const MAX_LINES: usize = 200;

/// Changes that a line of the text names.
const MAX_TOLD: usize = 6;

/// Characters of a value in the text.
const MAX_VALUE_CHARS: usize = 80;

/// What is done to a resource, from the least to the gravest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Nothing.
    Skip,
    /// It is changed.
    Update,
    /// It is made.
    Create,
    /// It is deleted and made anew.
    Recreate,
    /// It is deleted.
    Delete,
}

/// A field that is changed, or that somebody else changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The way to it, such as `tasks[task_key='a'].timeout_seconds`.
    pub path: String,
    /// What its change comes to.
    pub action: Action,
    /// Why, in a word.
    pub reason: &'static str,
    /// As it was sent last.
    pub old: Option<Value>,
    /// As it is to be.
    pub new: Option<Value>,
    /// As it is in the workspace.
    pub remote: Option<Value>,
}

/// What is done to one resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What is done.
    pub action: Action,
    /// Its id, where it is there.
    pub id: Option<String>,
    /// Whether it is to be deleted and is gone already.
    pub gone: bool,
    /// Why, where the changes do not say it.
    pub note: Option<String>,
    /// What it depends on.
    pub depends_on: Vec<Dependency>,
    /// Its settings, as far as they are known.
    pub value: Value,
    /// Texts with references that are known once other resources are made, by their ways.
    pub vars: BTreeMap<String, String>,
    /// What the workspace has.
    pub remote: Option<Value>,
    /// What the bundle changes.
    pub changes: Vec<Change>,
    /// What somebody else changed since the last deploy.
    pub drift: Vec<Change>,
    /// Whether it was found without being in the state.
    pub is_found: bool,
}

/// A plan.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// The state's.
    pub lineage: String,
    /// The state's.
    pub serial: u64,
    /// Where the bundle lies.
    pub root_path: String,
    /// Whether everything is taken away.
    pub is_destroy: bool,
    /// By keys such as `resources.jobs.nightly`.
    pub entries: BTreeMap<String, Entry>,
    /// Files that are uploaded and deleted, as they are told: `+ a.py 5f…`.
    pub files: Vec<String>,
    /// What stands against it, a line each.
    pub refusals: Vec<String>,
    /// What is to be known before.
    pub warnings: Vec<String>,
}

impl Action {
    /// As plans spell it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Update => "update",
            Self::Create => "create",
            Self::Recreate => "recreate",
            Self::Delete => "delete",
        }
    }
}

impl Entry {
    /// An entry that says no more than what is done.
    pub(crate) fn new(action: Action, id: Option<String>) -> Self {
        Self {
            action,
            id,
            gone: false,
            note: None,
            depends_on: Vec::new(),
            value: Value::Null,
            vars: BTreeMap::new(),
            remote: None,
            changes: Vec::new(),
            drift: Vec::new(),
            is_found: false,
        }
    }
}

impl Plan {
    /// What tells this plan from others: its state, its place, all its actions and files.
    #[must_use]
    pub fn id(&self) -> String {
        let mut hash = Sha256::new();
        let mut add = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        };
        add(&self.lineage);
        add(&self.serial.to_string());
        add(&self.root_path);
        add(if self.is_destroy { "destroy" } else { "deploy" });
        for (key, entry) in &self.entries {
            add(key);
            add(entry.action.word());
            add(entry.id.as_deref().unwrap_or_default());
            add(&entry.value.to_string());
            for (at, text) in &entry.vars {
                add(at);
                add(text);
            }
            for drift in &entry.drift {
                add(&drift.path);
                add(&drift.remote.as_ref().map(Value::to_string).unwrap_or_default());
            }
        }
        self.files.iter().for_each(|file| add(file));
        let digits: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        digits.get(..ID_DIGITS).unwrap_or(&digits).to_owned()
    }

    /// The resources that the plan deletes or makes anew, such as `schemas.raw`: whoever consents names them.
    #[must_use]
    pub fn losses(&self) -> BTreeSet<String> {
        let is_loss = |entry: &Entry| matches!(entry.action, Action::Delete | Action::Recreate) && !entry.gone;
        let of_resources = self.entries.iter().filter(|(key, entry)| is_loss(entry) && owner(key).is_none());
        of_resources.map(|(key, _)| key.trim_start_matches("resources.").to_owned()).collect()
    }

    /// How many resources have an action; permissions and grants count with their resources.
    #[must_use]
    pub fn count(&self, action: Action) -> usize {
        self.entries.iter().filter(|(key, entry)| entry.action == action && owner(key).is_none()).count()
    }

    /// Whether resources would be touched at all.
    #[must_use]
    pub fn changes_resources(&self) -> bool {
        self.entries.values().any(|entry| entry.action != Action::Skip)
    }

    /// The resources of which somebody else changed something.
    pub fn drifted(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().filter(|(_, entry)| !entry.drift.is_empty()).map(|(key, entry)| (key.as_str(), entry))
    }

    /// The plan as the official command line writes it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let entries: Map<String, Value> =
            self.entries.iter().map(|(key, entry)| (key.clone(), entry.to_json())).collect();
        json!({
            "plan_version": VERSION,
            "cli_version": CLI_VERSION,
            "lineage": self.lineage,
            "serial": self.serial,
            "plan": entries,
        })
    }

    /// The plan in words: a line for each resource that is touched or was changed by others.
    #[must_use]
    pub fn text(&self) -> String {
        let counts = [Action::Create, Action::Update, Action::Recreate, Action::Delete, Action::Skip];
        let words = ["to make", "to change", "to make anew", "to delete", "unchanged"];
        let told: Vec<String> = counts
            .into_iter()
            .zip(words)
            .map(|(action, word)| (self.count(action), word))
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        let told = if told.is_empty() { "nothing".to_owned() } else { told.join(", ") };
        let mut lines = vec![format!("Resources: {told}.")];
        // Rights go with their resource.
        let is_told = |(key, entry): &(&String, &Entry)| match entry.action {
            Action::Skip => !entry.drift.is_empty(),
            Action::Delete => owner(key).is_none(),
            Action::Update | Action::Create | Action::Recreate => true,
        };
        let told: Vec<(&String, &Entry)> = self.entries.iter().filter(is_told).collect();
        lines.extend(told.iter().take(MAX_LINES).map(|(key, entry)| entry.line(key)));
        if told.len() > MAX_LINES {
            lines.push(format!("- and {} more", told.len() - MAX_LINES));
        }
        if self.is_destroy && !self.files.is_empty() {
            lines.push(format!("The folder {} is deleted with all that is in it.", self.root_path));
        } else if !self.files.is_empty() {
            let begins = |sign: &str| self.files.iter().filter(|line| line.starts_with(sign)).count();
            lines.push(format!("Files: {} to upload, {} to delete.", begins("+"), begins("-")));
        }
        lines.extend(self.warnings.iter().map(|warning| format!("Note: {warning}.")));
        lines.extend(self.refusals.iter().map(|refusal| format!("**Cannot be done**: {refusal}.")));
        lines.join("\n")
    }
}

impl Entry {
    fn to_json(&self) -> Value {
        let mut entry = Map::new();
        entry.insert("action".to_owned(), json!(self.action.word()));
        if let Some(id) = &self.id {
            entry.insert("id".to_owned(), json!(id));
        }
        if !self.depends_on.is_empty() {
            let one = |on: &Dependency| json!({"node": on.node, "label": on.label});
            entry.insert("depends_on".to_owned(), self.depends_on.iter().map(one).collect());
        }
        if self.gone {
            entry.insert("gone".to_owned(), json!(true));
        }
        if !self.value.is_null() {
            let mut new = Map::from_iter([("value".to_owned(), self.value.clone())]);
            if !self.vars.is_empty() {
                new.insert("vars".to_owned(), json!(self.vars));
            }
            entry.insert("new_state".to_owned(), Value::Object(new));
        }
        if let Some(remote) = &self.remote {
            entry.insert("remote_state".to_owned(), remote.clone());
        }
        let changes: Map<String, Value> =
            self.changes.iter().chain(&self.drift).map(|change| (change.path.clone(), change.to_json())).collect();
        if !changes.is_empty() {
            entry.insert("changes".to_owned(), Value::Object(changes));
        }
        Value::Object(entry)
    }

    fn line(&self, key: &str) -> String {
        let name = key.trim_start_matches("resources.");
        let sign = match self.action {
            Action::Skip => "=",
            Action::Update => "~",
            Action::Create => "+",
            Action::Recreate => "-/+",
            Action::Delete => "-",
        };
        let mut line = format!("- `{sign}` {} **{name}**", self.action.word());
        if self.gone {
            line.push_str(" (gone already)");
        }
        if self.action == Action::Recreate && matches!(what(key), Some(What::Resource(kind)) if kind.holds_data) {
            line.push_str(" (what it holds is lost)");
        }
        if let Some(note) = &self.note {
            line.push_str(&format!(": {note}"));
        }
        let told = |changes: &[Change], tell: &dyn Fn(&Change) -> String| {
            let mut told: Vec<String> = changes.iter().take(MAX_TOLD).map(tell).collect();
            if changes.len() > MAX_TOLD {
                told.push(format!("and {} more", changes.len() - MAX_TOLD));
            }
            told.join("; ")
        };
        if !self.changes.is_empty() {
            let tell = |change: &Change| {
                format!("`{}` {} → {}", plain(&change.path), shown(change.old.as_ref()), shown(change.new.as_ref()))
            };
            line.push_str(&format!(": {}", told(&self.changes, &tell)));
        }
        if !self.drift.is_empty() {
            let tell = |change: &Change| {
                format!(
                    "`{}` is {}, was {}",
                    plain(&change.path),
                    shown(change.remote.as_ref()),
                    shown(change.old.as_ref())
                )
            };
            line.push_str(&format!("; changed in the workspace by others: {}", told(&self.drift, &tell)));
        }
        line
    }
}

impl Change {
    fn to_json(&self) -> Value {
        let mut change = Map::new();
        change.insert("action".to_owned(), json!(self.action.word()));
        if !self.reason.is_empty() {
            change.insert("reason".to_owned(), json!(self.reason));
        }
        for (name, value) in [("old", &self.old), ("new", &self.new), ("remote", &self.remote)] {
            if let Some(value) = value {
                change.insert(name.to_owned(), value.clone());
            }
        }
        Value::Object(change)
    }
}

/// The list of rights has no name for people.
fn plain(path: &str) -> &str {
    path.strip_prefix(EMBEDDED).unwrap_or(path)
}

fn shown(value: Option<&Value>) -> String {
    let Some(value) = value else { return "unset".to_owned() };
    let text = value.to_string();
    match text.char_indices().nth(MAX_VALUE_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
