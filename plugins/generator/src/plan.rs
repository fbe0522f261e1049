//! What a bundle will be, whole, before anything is fetched or written.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::draft::{self, Draft, Kind};
use crate::note::{Note, Notes};
use crate::places::Fetch;
use crate::references::escape_all;
use crate::source::Source;
use crate::taken::{self, Left, Wanted};
use crate::variables::{self, Variables};
use crate::{files, ids, notebooks, secrets};

/// A bundle.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Its resources.
    pub resources: Vec<Resource>,
    /// Objects of the workspace that it holds, and where.
    pub fetches: Vec<Fetch>,
    /// Its variables, in the order of names.
    pub variables: Vec<VariableNote>,
    /// Its own files.
    pub files: Vec<TextFile>,
    /// What a reader should know.
    pub notes: Vec<Note>,
    /// Objects that its settings name and that it does not hold.
    pub left: Vec<Left>,
}

/// A resource of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// What it is.
    pub kind: Kind,
    /// How the bundle calls it.
    pub key: String,
    /// How people call it.
    pub name: String,
    /// The file that describes it, from the bundle's folder.
    pub file: String,
}

/// A variable of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableNote {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether whoever deploys must give it: it is a secret.
    pub needed: bool,
}

/// A file of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFile {
    /// Where, from the bundle's folder.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// The paths that settings name: what to look at before a bundle is planned.
#[must_use]
pub fn wanted(source: &Source) -> BTreeSet<Wanted> {
    taken::wanted(&draft::of_workspace(source, &mut Notes::default()))
}

/// Plans a bundle. The same source gives the same plan.
#[must_use]
pub fn plan(source: &Source) -> Plan {
    let mut notes = Notes::default();
    let mut drafts = draft::of_workspace(source, &mut notes);
    drafts.extend(notebooks::drafts(source, &mut notes));
    draft::give_keys(&mut drafts);
    let (places, left) = taken::take(&mut drafts, &source.objects, &notebooks::called(source), &mut notes);
    for draft in &mut drafts {
        escape(draft, &mut notes);
    }
    draft::refer_to_each_other(&mut drafts, &mut notes);
    let mut variables = Variables::default();
    for draft in &mut drafts {
        withhold(draft, &mut variables, &mut notes);
        look_up(draft, source, &mut variables, &mut notes);
        variables::of_parameters(&mut draft.settings, draft.kind == Kind::Pipeline, &mut variables);
    }
    share_clusters(&mut drafts, &mut variables, &mut notes);
    files::explain(&variables, &mut notes);
    for draft in &mut drafts {
        files::permit(draft, source, &mut notes);
    }
    let resources: Vec<Resource> = drafts
        .iter()
        .map(|draft| Resource {
            kind: draft.kind,
            key: draft.key.clone(),
            name: draft.name.clone(),
            file: files::resource_path(draft),
        })
        .collect();
    let mut plan = Plan {
        resources,
        fetches: places.fetches(),
        variables: variables.iter().map(|(name, variable)| files::variable_note(name, variable)).collect(),
        files: drafts.iter().map(files::resource).collect(),
        notes: Vec::new(),
        left,
    };
    plan.files.push(files::root(source, &drafts, &variables, &mut notes));
    plan.notes = notes.into_inner();
    plan.files.push(files::readme(source, &plan));
    plan.files.push(files::gitignore());
    plan
}

fn escape(draft: &mut Draft, notes: &mut Notes) {
    let mut escaped = Vec::new();
    let mut settings = Value::Object(std::mem::take(&mut draft.settings));
    escape_all(&mut settings, "", &mut escaped);
    if let Value::Object(settings) = settings {
        draft.settings = settings;
    }
    for place in escaped {
        let told = "holds a text that a bundle reads as a reference; it is escaped with $$, which the Databricks CLI reads since \
                    September 2026";
        notes.add(&draft.told(), format!("{place} {told}"));
    }
}

/// Puts variables in the place of secrets.
fn withhold(draft: &mut Draft, variables: &mut Variables, notes: &mut Notes) {
    let told = draft.told();
    for (field, value) in &mut draft.settings {
        secrets::visit(value, field, Some(field), &mut |name, place, text| {
            *text = variables.withheld(name, &format!("{told}, {place}"));
            let advice = "give it when deploying, or better keep it in a secret scope and write {{secrets/scope/key}}";
            notes.add(&told, format!("{place} looks like a secret and is not in the bundle; it is {text}: {advice}"));
        });
    }
}

/// Puts variables in the place of ids that have a name.
fn look_up(draft: &mut Draft, source: &Source, variables: &mut Variables, notes: &mut Notes) {
    let told = draft.told();
    for (field, value) in &mut draft.settings {
        // A field of the settings themselves is visited with its name as well.
        let mut holder = Value::Object([(field.clone(), value.take())].into_iter().collect());
        ids::visit(&mut holder, "", false, &mut |kind, id, place| {
            if id.starts_with("${") || id.starts_with("{{") {
                return;
            }
            if !source.names.contains_key(&(kind, id.clone())) {
                let word = kind.word().replace('_', " ");
                notes.add(
                    &told,
                    format!("{place}: the name of the {word} {id} is not known or not its own, so its id is kept"),
                );
            }
            if let Some(reference) = variables.id(kind, id, &source.names) {
                *id = reference;
            }
        });
        if let Some(inner) = holder.get_mut(field.as_str()) {
            *value = inner.take();
        }
    }
}

/// Puts one variable in the place of settings of clusters that are there twice.
fn share_clusters(drafts: &mut [Draft], variables: &mut Variables, notes: &mut Notes) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let each = |drafts: &mut [Draft], found: &mut dyn FnMut(&mut Value)| {
        for draft in drafts.iter_mut() {
            draft.settings.values_mut().for_each(|value| new_clusters(value, found));
        }
    };
    each(drafts, &mut |cluster| *counts.entry(cluster.to_string()).or_default() += 1);
    each(drafts, &mut |cluster| {
        let count = counts.get(&cluster.to_string()).copied().unwrap_or_default();
        if count > 1 && cluster.as_object().is_some_and(|map| !map.is_empty()) {
            let reference = variables.shared_cluster(cluster);
            notes.add(
                reference.trim_start_matches("${var.").trim_end_matches('}'),
                format!("{count} clusters have these settings: each is still a cluster of its own"),
            );
            *cluster = Value::String(reference);
        }
    });
}

fn new_clusters(value: &mut Value, found: &mut dyn FnMut(&mut Value)) {
    match value {
        Value::Object(map) => {
            for (field, inner) in map {
                if field == "new_cluster" { found(inner) } else { new_clusters(inner, found) }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| new_clusters(item, found)),
        _ => {}
    }
}
