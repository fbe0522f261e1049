//! Jobs and pipelines with their permissions, and those that they run.

use std::collections::BTreeSet;

use bricklayer_databricks::job;
use bricklayer_generator::{Grant, Job, Pipeline, Principal};
use bricklayer_sdk::{Failure, Platform, Workspace, encode_segment};
use serde_json::Value;

use super::objects::in_short;
use super::{Missing, items, reads, text};

/// Jobs and pipelines of one bundle: protects from chains of jobs that have no end.
const MAX_RESOURCES: usize = 50;

/// What a bundle is made of.
#[derive(Debug, Default)]
pub(crate) struct Resources {
    pub(crate) jobs: Vec<Job>,
    pub(crate) pipelines: Vec<Pipeline>,
}

impl Resources {
    /// Adds jobs, and what they run where that is to `follow`. One that cannot be read fails the call where it was asked
    /// for, and is told where another runs it.
    ///
    /// # Errors
    /// No such job, or a workspace that cannot be asked.
    pub(crate) fn add_jobs(
        &mut self,
        platform: &impl Platform,
        ids: &[u64],
        follow: bool,
        missing: &mut Vec<Missing>,
    ) -> Result<(), Failure> {
        let (mut open, mut seen): (Vec<(u64, bool)>, BTreeSet<u64>) = (Vec::new(), BTreeSet::new());
        open.extend(ids.iter().rev().map(|id| (*id, true)));
        while let Some((id, asked_for)) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            if self.count() >= MAX_RESOURCES {
                let why = format!("a bundle is made of at most {MAX_RESOURCES} jobs and pipelines");
                missing.push(Missing { what: format!("job {id}"), why });
                continue;
            }
            let found = match job::job(platform, id) {
                Ok(found) => found,
                Err(failure) if asked_for => return Err(failure.doing(format!("reading job {id}"))),
                Err(failure) => {
                    missing.push(Missing { what: format!("job {id}"), why: in_short(&failure) });
                    continue;
                }
            };
            let (mut jobs, mut pipelines) = (Vec::new(), Vec::new());
            for value in found.settings.values() {
                runs(value, &mut jobs, &mut pipelines);
            }
            self.jobs.push(Job { id: Some(id), settings: found.settings, grants: Vec::new() });
            if follow {
                open.extend(jobs.into_iter().rev().map(|id| (id, false)));
                for id in pipelines {
                    if let Err(failure) = self.add_pipeline(platform, &id) {
                        missing.push(Missing { what: format!("pipeline {id}"), why: in_short(&failure) });
                    }
                }
            }
        }
        Ok(())
    }

    /// Adds a pipeline, once.
    ///
    /// # Errors
    /// No such pipeline, or a workspace that cannot be asked.
    pub(crate) fn add_pipeline(&mut self, platform: &impl Platform, id: &str) -> Result<(), Failure> {
        if self.pipelines.iter().any(|known| known.id.as_deref() == Some(id)) || self.count() >= MAX_RESOURCES {
            return Ok(());
        }
        let path = format!("/api/2.0/pipelines/{}", encode_segment(id));
        let mut found: Value = Workspace::new(platform).get(&path, &[])?;
        let spec = found.get_mut("spec").and_then(Value::as_object_mut).map(std::mem::take);
        let mut spec = spec.unwrap_or_default();
        // It stands beside the spec and belongs to the settings all the same.
        if let Some(run_as) = found.get("run_as") {
            spec.insert("run_as".to_owned(), run_as.clone());
        }
        self.pipelines.push(Pipeline { id: Some(id.to_owned()), spec, grants: Vec::new() });
        Ok(())
    }

    /// Asks who may do what with all of them. What may not be asked is told.
    pub(crate) fn ask_permissions(&mut self, platform: &impl Platform, missing: &mut Vec<Missing>) {
        let jobs = self.jobs.iter().filter_map(|job| Some(("jobs", job.id?.to_string())));
        let pipelines = self.pipelines.iter().filter_map(|pipeline| Some(("pipelines", pipeline.id.clone()?)));
        let of: Vec<_> = jobs.chain(pipelines).collect();
        let path = |(kind, id): &(&str, String)| format!("/api/2.0/permissions/{kind}/{}", encode_segment(id));
        let paths: Vec<String> = of.iter().map(path).collect();
        let mut answers = of.iter().zip(reads(platform, &paths)).map(|((kind, id), answer)| match answer {
            Ok(permissions) => grants(&permissions),
            Err(failure) => {
                let what = format!("permissions of {} {id}", kind.trim_end_matches('s'));
                missing.push(Missing { what, why: in_short(&failure) });
                Vec::new()
            }
        });
        for grants in self.jobs.iter_mut().map(|job| &mut job.grants) {
            *grants = answers.next().unwrap_or_default();
        }
        for grants in self.pipelines.iter_mut().map(|pipeline| &mut pipeline.grants) {
            *grants = answers.next().unwrap_or_default();
        }
    }

    fn count(&self) -> usize {
        self.jobs.len() + self.pipelines.len()
    }
}

/// What was given to the resource itself.
fn grants(permissions: &Value) -> Vec<Grant> {
    let mut grants = Vec::new();
    for entry in items(permissions, "access_control_list") {
        let named = |field| text(entry, field).map(str::to_owned);
        let principal = named("user_name")
            .map(Principal::User)
            .or_else(|| named("group_name").map(Principal::Group))
            .or_else(|| named("service_principal_name").map(Principal::ServicePrincipal));
        let Some(principal) = principal else { continue };
        let own =
            items(entry, "all_permissions").iter().filter(|level| level.get("inherited") != Some(&Value::Bool(true)));
        let levels = own.filter_map(|level| text(level, "permission_level"));
        grants.extend(levels.map(|level| Grant { principal: principal.clone(), level: level.to_owned() }));
    }
    grants
}

/// Ids of jobs and pipelines that settings run.
fn runs(value: &Value, jobs: &mut Vec<u64>, pipelines: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (field, inner) in map {
                match field.as_str() {
                    "run_job_task" => jobs.extend(inner.get("job_id").and_then(Value::as_u64)),
                    "pipeline_task" => {
                        pipelines.extend(inner.get("pipeline_id").and_then(Value::as_str).map(str::to_owned));
                    }
                    _ => runs(inner, jobs, pipelines),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| runs(item, jobs, pipelines)),
        _ => {}
    }
}
