//! A resource on its way from the settings of the workspace to those of a bundle.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::names::{Unique, resource_key};
use crate::note::Notes;
use crate::settings;
use crate::source::{Grant, Principal, Source};
use crate::spots;

/// Kinds of resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A job.
    Job,
    /// A pipeline.
    Pipeline,
}

impl Kind {
    /// The word for one: `job`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Job => "job",
            Self::Pipeline => "pipeline",
        }
    }

    /// The field of `resources` that holds them: `jobs`.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::Job => "jobs",
            Self::Pipeline => "pipelines",
        }
    }

    /// The places of settings that name objects of the workspace.
    pub(crate) fn spots(self, settings: &mut Map<String, Value>, visit: &mut dyn FnMut(spots::Spot, &mut String)) {
        match self {
            Self::Job => spots::of_job(settings, visit),
            Self::Pipeline => spots::of_pipeline(settings, visit),
        }
    }
}

/// A resource.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) kind: Kind,
    /// Its id in the workspace: a job's number, a pipeline's text.
    pub(crate) id: Option<String>,
    /// What others of the bundle call it by that has no id yet.
    pub(crate) made_as: Option<&'static str>,
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) settings: Map<String, Value>,
    pub(crate) grants: Vec<Grant>,
    pub(crate) run_as: Option<Principal>,
    /// Why one task comes after another, by both keys.
    pub(crate) reasons: BTreeMap<(String, String), String>,
}

impl Draft {
    /// A resource of these settings, whose key is still to be given.
    pub(crate) fn new(kind: Kind, settings: Map<String, Value>) -> Self {
        let name = settings.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        Self {
            kind,
            id: None,
            made_as: None,
            key: String::new(),
            name,
            settings,
            grants: Vec::new(),
            run_as: None,
            reasons: BTreeMap::new(),
        }
    }

    /// How notes name it.
    pub(crate) fn told(&self) -> String {
        format!("{} {}", self.kind.word(), self.key)
    }

    /// The reference to its id.
    pub(crate) fn reference(&self) -> String {
        format!("${{resources.{}.{}.id}}", self.kind.field(), self.key)
    }
}

/// The resources of the workspace that a source names.
pub(crate) fn of_workspace(source: &Source, notes: &mut Notes) -> Vec<Draft> {
    let jobs = source.jobs.iter().map(|job| Draft {
        id: job.id.map(|id| id.to_string()),
        grants: job.grants.clone(),
        ..Draft::new(Kind::Job, job.settings.clone())
    });
    let pipelines = source.pipelines.iter().map(|pipeline| Draft {
        id: pipeline.id.clone(),
        grants: pipeline.grants.clone(),
        ..Draft::new(Kind::Pipeline, pipeline.spec.clone())
    });
    let mut drafts: Vec<Draft> = jobs.chain(pipelines).collect();
    for draft in &mut drafts {
        let mut left_out = Vec::new();
        match draft.kind {
            Kind::Job => settings::of_job(&mut draft.settings, &mut left_out),
            Kind::Pipeline => settings::of_pipeline(&mut draft.settings, &mut left_out),
        }
        for what in left_out {
            notes.add(&format!("{} '{}'", draft.kind.word(), draft.name), format!("left out {what}"));
        }
        draft.run_as = draft.settings.remove("run_as").as_ref().and_then(principal);
    }
    drafts
}

/// Gives each resource a key of its own: keys of all kinds are told apart.
pub(crate) fn give_keys(drafts: &mut [Draft]) {
    let mut keys = Unique::default();
    for draft in drafts {
        draft.key = keys.give(&resource_key(&draft.name, draft.kind.word()));
    }
}

/// Puts references in the place of ids of jobs and pipelines that the bundle makes itself.
pub(crate) fn refer_to_each_other(drafts: &mut [Draft], notes: &mut Notes) {
    let known: Vec<(Kind, String, String)> = drafts
        .iter()
        .filter_map(|draft| {
            let called = draft.id.clone().or_else(|| draft.made_as.map(str::to_owned))?;
            Some((draft.kind, called, draft.reference()))
        })
        .collect();
    for draft in drafts {
        let told = draft.told();
        let mut outside = Vec::new();
        for value in draft.settings.values_mut() {
            calls(value, &mut |kind, id| {
                let text = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
                match known.iter().find(|(of, called, _)| *of == kind && *called == text) {
                    Some((.., reference)) => *id = json!(reference),
                    None if text.starts_with("${") => {}
                    None => outside.push(format!("it runs the {} {text}, which the bundle does not make", kind.word())),
                }
            });
        }
        for what in outside {
            notes.add(&told, what);
        }
    }
}

fn calls(value: &mut Value, found: &mut dyn FnMut(Kind, &mut Value)) {
    match value {
        Value::Object(map) => {
            for (field, inner) in map {
                let called = match field.as_str() {
                    "run_job_task" => Some((Kind::Job, "job_id")),
                    "pipeline_task" => Some((Kind::Pipeline, "pipeline_id")),
                    _ => None,
                };
                if let Some((kind, field)) = called
                    && let Some(id) = inner.get_mut(field)
                {
                    found(kind, id);
                }
                calls(inner, found);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| calls(item, found)),
        _ => {}
    }
}

fn principal(run_as: &Value) -> Option<Principal> {
    let name = |field: &str| run_as.get(field).and_then(Value::as_str).map(str::to_owned);
    name("service_principal_name")
        .map(Principal::ServicePrincipal)
        .or_else(|| name("user_name").map(Principal::User))
        .or_else(|| name("group_name").map(Principal::Group))
}
