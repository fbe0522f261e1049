//! The same through the bundle core: what a deployment would send, and that nothing is found on any target.

use std::collections::BTreeMap;

use bricklayer_bundle::{Bundle, Found, Lookup, MemoryFiles, Outcome, Request, Rule, User, open};
use serde_json::{Value, json};

use super::reader::{self, SECRET};
use super::{expected, source};
use crate::{Format, Job, Named, Pipeline, Plan, Principal, Resource, Source, plan};

/// Bundles that are made.
const BUNDLES: u64 = 150;

/// What random settings are not sound in: no bundle of them can help it.
const UNSOUND: [Rule; 10] = [
    Rule::ForEachInputs,
    Rule::NameClash,
    Rule::RequiredField,
    Rule::ResourceCycle,
    Rule::SingleNode,
    Rule::TaskCompute,
    Rule::TaskKind,
    Rule::UnknownEnvironment,
    Rule::UnknownJobCluster,
    Rule::UnusedJobCluster,
];

fn files(plan: &Plan) -> MemoryFiles {
    let own = plan.files.iter().map(|file| (format!("b/{}", file.path), file.text.clone()));
    let fetched = plan.fetches.iter().map(|fetch| {
        let content = match fetch.format {
            Format::Source if fetch.to.ends_with(".sql") => "-- Databricks notebook source\n",
            Format::Source if fetch.to.ends_with(".scala") => "// Databricks notebook source\n",
            Format::Source => "# Databricks notebook source\n",
            Format::Jupyter => {
                r#"{"cells":[],"metadata":{"application/vnd.databricks.v1+notebook":{"language":"sql"}},"nbformat":4}"#
            }
            Format::Raw => "x",
        };
        (format!("b/{}", fetch.to), content.to_owned())
    });
    own.chain(fetched).collect()
}

fn finish(source: &Source, plan: &Plan, target: &str) -> Outcome {
    let files = files(plan);
    let user = User { user_name: "me@x.com".to_owned(), ..User::default() };
    let variables = plan
        .variables
        .iter()
        .filter(|variable| variable.needed)
        .map(|variable| (variable.name.clone(), SECRET.to_owned()));
    let request = Request {
        folder: "b".to_owned(),
        target: Some(target.to_owned()),
        variables: variables.collect(),
        user,
        ..Request::default()
    };
    let draft = open(&files, request);
    let answers: Vec<(Lookup, Found)> = draft
        .lookups()
        .into_iter()
        .map(|lookup| {
            let known = source
                .names
                .iter()
                .find(|((kind, _), name)| Named::word(*kind) == lookup.kind && **name == lookup.name);
            let found = known.map_or(Found::None(Vec::new()), |((_, id), _)| Found::One(id.clone()));
            (lookup, found)
        })
        .collect();
    draft.finish(&files, &answers)
}

/// A body as the source has it: paths of the deployment are those that were fetched, references are ids.
fn as_before(value: &mut Value, bundle: &Bundle, plan: &Plan, ids: &BTreeMap<String, Value>) {
    match value {
        Value::String(text) => {
            if let Some(id) = ids.get(text.as_str()) {
                *value = id.clone();
                return;
            }
            let artifacts = format!("{}/.internal/", bundle.workspace_path("artifact_path"));
            let library = text.strip_prefix(&artifacts).map(str::to_owned);
            let deployed = text.strip_prefix(&format!("{}/", bundle.workspace_path("file_path"))).map(str::to_owned);
            let found = plan.fetches.iter().find(|fetch| {
                let is_notebook = matches!(fetch.format, Format::Source | Format::Jupyter);
                let place =
                    fetch.to.rsplit_once('.').filter(|_| is_notebook).map_or(fetch.to.as_str(), |(stem, _)| stem);
                deployed.as_deref() == Some(place) || library.as_deref() == fetch.to.rsplit('/').next()
            });
            match (found, &deployed) {
                (Some(fetch), _) => *text = fetch.from.as_str().to_owned(),
                // A folder: what is below it says where it was.
                (None, Some(folder)) => {
                    let (folder, pattern) =
                        folder.split_once("/**").map_or((folder.as_str(), ""), |(folder, _)| (folder, "/**"));
                    let below =
                        |place: &str| Some(place.strip_prefix(folder)?.to_owned()).filter(|rest| rest.starts_with('/'));
                    let inside = plan.fetches.iter().find_map(|fetch| Some((fetch, below(&fetch.to)?)));
                    let (fetch, below) = inside.unwrap_or_else(|| panic!("{text} is nowhere"));
                    *text = fetch.from.as_str().strip_suffix(&below).unwrap().to_owned() + pattern;
                }
                (None, None) => {}
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| as_before(item, bundle, plan, ids)),
        Value::Object(map) => map.values_mut().for_each(|item| as_before(item, bundle, plan, ids)),
        _ => {}
    }
}

/// The source without texts that look like references: the core knows no escape yet.
fn plain(mut source: Source) -> Source {
    for job in &mut source.jobs {
        job.settings.values_mut().for_each(without_references);
        job.grants.iter_mut().for_each(|grant| grant.principal = Principal::Group("users".to_owned()));
    }
    source.names.values_mut().for_each(|name| *name = name.replace("${", "$ {"));
    source
}

fn without_references(value: &mut Value) {
    match value {
        Value::String(text) if text.contains("${") => *text = text.replace("${", "$ {"),
        Value::Array(items) => items.iter_mut().for_each(without_references),
        Value::Object(map) => map.values_mut().for_each(without_references),
        _ => {}
    }
}

/// What is found on any target, but for what is the settings' own.
fn findings(source: &Source, plan: &Plan, unsound: &[Rule]) -> Vec<String> {
    let all = ["dev", "staging", "prod"].into_iter().flat_map(|target| {
        let found = finish(source, plan, target).findings;
        found
            .into_iter()
            .filter(|finding| !unsound.contains(&finding.rule))
            .map(move |finding| format!("{target}: {}: {} ({})", finding.rule.id(), finding.message, finding.path))
    });
    all.collect()
}

#[test]
fn the_core_makes_the_same_jobs() {
    for seed in 0..BUNDLES {
        let source = plain(source(seed));
        let plan = plan(&source);
        let jobs = source.jobs.iter().map(|job| json!(job.id));
        let given = jobs.chain(source.pipelines.iter().map(|pipeline| json!(pipeline.id)));
        let reference = |resource: &Resource| format!("${{resources.{}.{}.id}}", resource.kind.field(), resource.key);
        let ids: BTreeMap<String, Value> = plan.resources.iter().map(reference).zip(given).collect();
        let bundle = finish(&source, &plan, "prod").bundle.unwrap();
        for (job, resource) in source.jobs.iter().zip(&plan.resources) {
            let body = bundle.resources().find(|made| made.kind == "jobs" && made.key == resource.key).unwrap();
            let mut made = body.value.to_json();
            as_before(&mut made, &bundle, &plan, &ids);
            let mut made = reader::defaults(&made, true);
            let mut had = reader::defaults(&expected(&job.settings), false);
            reader::one_form(&mut made);
            reader::one_form(&mut had);
            assert_eq!(reader::difference(&resource.file, &made, &had), None, "seed {seed}");
        }
        if seed % 10 == 0 {
            assert_eq!(findings(&source, &plan, &UNSOUND), Vec::<String>::new(), "seed {seed}");
        }
    }
}

/// A job with what jobs have, all of it sound.
fn sound() -> Source {
    let cluster = json!({"spark_version": "16.4.x-scala2.12", "node_type_id": "i3.xlarge", "num_workers": 2,
        "data_security_mode": "SINGLE_USER", "policy_id": "pol-1", "spark_conf": {"a": "true"}});
    let settings = json!({
        "name": "Nightly: load & report", "max_concurrent_runs": 1, "format": "MULTI_TASK", "queue": {"enabled": true},
        "schedule": {"quartz_cron_expression": "0 0 2 * * ?", "timezone_id": "UTC", "pause_status": "UNPAUSED"},
        "parameters": [{"name": "catalog", "default": "main"}, {"name": "schema", "default": "sales"}, {"name": "day", "default": ""}],
        "tags": {"team": "data"}, "email_notifications": {"on_failure": ["me@x.com"]}, "run_as": {"service_principal_name": "sp-1"},
        "job_clusters": [{"job_cluster_key": "shared", "new_cluster": cluster}],
        "environments": [{"environment_key": "env", "spec": {"environment_version": "4", "dependencies": ["pandas==2.2",
            "/Workspace/Users/me@x.com/libs/x-1.0-py3-none-any.whl"]}}],
        "tasks": [
            {"task_key": "load", "notebook_task": {"notebook_path": "/Workspace/Users/me@x.com/etl/load"}, "job_cluster_key": "shared"},
            {"task_key": "own", "notebook_task": {"notebook_path": "/Users/me@x.com/etl/deep/er/load"}, "new_cluster": cluster,
                "depends_on": [{"task_key": "load"}]},
            {"task_key": "python", "spark_python_task": {"python_file": "/Workspace/Users/me@x.com/etl/main.py"}, "environment_key": "env"},
            {"task_key": "wheel", "python_wheel_task": {"package_name": "x", "entry_point": "main"}, "environment_key": "env"},
            {"task_key": "sql", "sql_task": {"warehouse_id": "w-1", "file": {"path": "/Users/me@x.com/etl/query.sql"}}},
            {"task_key": "dbt", "dbt_task": {"project_directory": "/Users/me@x.com/dbt", "commands": ["dbt run"], "warehouse_id": "w-1"},
                "environment_key": "env"},
            {"task_key": "flow", "pipeline_task": {"pipeline_id": "pipe-1"}},
            {"task_key": "check", "condition_task": {"left": "{{job.parameters.day}}", "op": "EQUAL_TO", "right": ""},
                "depends_on": [{"task_key": "own"}]},
            {"task_key": "loop", "for_each_task": {"inputs": "[1, 2]", "task": {"task_key": "inner",
                "notebook_task": {"notebook_path": "/Users/me@x.com/etl/load"}}}, "depends_on": [{"task_key": "check", "outcome": "true"}]},
        ],
    });
    let mut source = plain(source(1));
    source.jobs = vec![Job { id: Some(11), settings: reader::object(&settings), grants: Vec::new() }];
    let spec = json!({"name": "flow", "catalog": "main", "schema": "sales", "serverless": true,
        "libraries": [{"notebook": {"path": "/Users/me@x.com/etl/load"}}]});
    source.pipelines =
        vec![Pipeline { id: Some("pipe-1".to_owned()), spec: reader::object(&spec), grants: Vec::new() }];
    source
}

#[test]
fn nothing_is_found_in_a_bundle_of_a_sound_job() {
    let source = sound();
    let plan = plan(&source);
    assert_eq!(findings(&source, &plan, &[]), Vec::<String>::new());
    assert_eq!(plan.left, []);
}

#[test]
fn nothing_is_found_in_a_bundle_of_a_folder() {
    let source = super::folders::whole();
    assert_eq!(findings(&source, &plan(&source), &[]), Vec::<String>::new());
}
