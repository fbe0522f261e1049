//! The main promise: a bundle made of jobs makes the same jobs.

mod chance;
mod core;
mod folders;
mod random;
mod reader;

use std::collections::BTreeMap;

use chance::Chance;
use reader::{Read, SECRET, World};
use serde_json::{Value, json};

use super::*;
use crate::secrets;

/// Bundles that are made, of one to three jobs each.
const BUNDLES: u64 = 1_200;

fn names() -> Names {
    let name = |kind, id: &str, name: &str| ((kind, id.to_owned()), name.to_owned());
    Names::from([
        name(Named::Warehouse, "w-1", "Starter Warehouse"),
        name(Named::Warehouse, "w-2", "null"),
        name(Named::Cluster, "c-1", "Shared: ${all}"),
        name(Named::ClusterPolicy, "pol-1", "Job Compute"),
        name(Named::InstancePool, "pool-1", "pool # 1"),
        name(Named::NotificationDestination, "n-1", "Slack"),
    ])
}

fn source(seed: u64) -> Source {
    let mut chance = Chance::new(seed);
    let mut source = Source::new(BundleName::of("nightly"));
    for i in 0..=chance.below(3) {
        let settings = random::job(&mut chance);
        let grants = vec![
            Grant { principal: Principal::Group("users ${x}".to_owned()), level: "CAN_VIEW".to_owned() },
            Grant { principal: Principal::User("me@x.com".to_owned()), level: "IS_OWNER".to_owned() },
        ];
        source.jobs.push(Job { id: Some(11 + i as u64), settings, grants });
    }
    if chance.once_in(2) {
        let spec = json!({"id": "pipe-1", "name": "on", "catalog": "main", "schema": "sales", "serverless": true,
            "libraries": [{"notebook": {"path": "/Users/me@x.com/etl/load"}}, {"glob": {"include": "/Users/me@x.com/dbt/**"}}],
            "configuration": {"a.token": "hunter2hunter2", "b": "1e3"}});
        source.pipelines.push(Pipeline {
            id: Some("pipe-1".to_owned()),
            spec: reader::object(&spec),
            grants: Vec::new(),
        });
    }
    source.objects = random::objects();
    source.names = names();
    source.deployer = Some(Principal::User("me@x.com".to_owned()));
    source.host = Some("https://w.cloud.databricks.com".to_owned());
    source
}

fn read(source: &Source, plan: &Plan, target: &str) -> Read {
    let mut resources = BTreeMap::new();
    for (draft, resource) in source.jobs.iter().zip(&plan.resources) {
        resources.insert(format!("${{resources.jobs.{}.id}}", resource.key), json!(draft.id));
    }
    for (draft, resource) in source.pipelines.iter().zip(plan.resources.iter().skip(source.jobs.len())) {
        resources.insert(format!("${{resources.pipelines.{}.id}}", resource.key), json!(draft.id));
    }
    reader::read(plan, target, &World { ids: reader::ids(&source.names), resources, user: "me" })
}

/// The source's body with secrets as they are read.
fn expected(settings: &serde_json::Map<String, Value>) -> Value {
    let mut settings = settings.clone();
    for (field, value) in &mut settings {
        secrets::visit(value, field, Some(field), &mut |_, _, text| *text = SECRET.to_owned());
    }
    Value::Object(settings)
}

#[test]
fn a_bundle_of_jobs_makes_the_same_jobs() {
    let (mut jobs, mut tasks) = (0, 0);
    for seed in 0..BUNDLES {
        let source = source(seed);
        let plan = plan(&source);
        let prod = read(&source, &plan, "prod");
        for (job, resource) in source.jobs.iter().zip(&plan.resources) {
            let mut made = reader::defaults(&prod.resources[&format!("jobs.{}", resource.key)], true);
            let mut had = reader::defaults(&expected(&job.settings), false);
            reader::one_form(&mut made);
            reader::one_form(&mut had);
            assert_eq!(reader::difference(&resource.file, &made, &had), None, "seed {seed}");
            jobs += 1;
            tasks += had["tasks"].as_array().unwrap().len();
        }
        check_identities(&source, &prod, seed);
        check_files(&plan, seed);
    }
    assert!(jobs > 2_000 && tasks > 5_000, "{jobs} jobs with {tasks} tasks");
}

/// Who resources run as, and who may do what with them.
fn check_identities(source: &Source, prod: &Read, seed: u64) {
    let target = &prod.root["target"];
    for (job, (key, made)) in
        source.jobs.iter().zip(keys_of(source)).map(|(job, key)| (job, (key.clone(), &prod.resources[&key])))
    {
        let wanted = job.settings.get("run_as");
        let (kind, key) = key.split_once('.').unwrap();
        let own = target["resources"][kind][key].get("run_as").or(target.get("run_as"));
        let as_deployer = wanted == Some(&json!({"user_name": "me@x.com"})) && own.is_none();
        assert!(own == wanted || as_deployer, "seed {seed}: {own:?} for {wanted:?}");
        assert_eq!(made["permissions"], json!([{"group_name": "users ${x}", "level": "CAN_VIEW"}]), "seed {seed}");
    }
    assert_eq!(target["permissions"], json!([{"level": "CAN_MANAGE", "user_name": "me@x.com"}]));
    assert_eq!(target["workspace"]["root_path"], "/Workspace/Users/me@x.com/.bundle/${bundle.name}/${bundle.target}");
}

fn keys_of(source: &Source) -> Vec<String> {
    plan(source).resources.iter().map(|resource| format!("{}.{}", resource.kind.field(), resource.key)).collect()
}

/// Files have places of their own inside the bundle, and nothing secret in them.
fn check_files(plan: &Plan, seed: u64) {
    let mut places: Vec<String> = plan.files.iter().map(|file| file.path.to_lowercase()).collect();
    places.extend(plan.fetches.iter().map(|fetch| fetch.to.to_lowercase()));
    let count = places.len();
    places.sort();
    places.dedup();
    assert_eq!(places.len(), count, "seed {seed}");
    assert!(places.iter().all(|place| !place.starts_with('/') && place.split('/').all(|part| part != "..")));
    for file in &plan.files {
        assert!(!file.text.contains("hunter2"), "seed {seed}: {}", file.path);
    }
}

#[test]
fn the_same_source_gives_the_same_bytes() {
    for seed in 0..20 {
        assert_eq!(plan(&source(seed)).files, plan(&source(seed)).files);
    }
}

#[test]
fn every_target_can_be_read() {
    for seed in 0..100 {
        let source = source(seed);
        let plan = plan(&source);
        for (target, mode) in [("dev", "development"), ("staging", "production"), ("prod", "production")] {
            let read = read(&source, &plan, target);
            assert_eq!(read.root["target"]["mode"], mode);
            // A text that is written wins over the mode, which pauses.
            assert!(
                read.resources.values().all(|body| body["schedule"].get("pause_status") != Some(&json!("UNPAUSED")))
            );
        }
    }
}

#[test]
fn what_is_done_to_a_job_is_told() {
    let mut source = Source::new(BundleName::of("b"));
    let settings = json!({"name": "N", "tasks": [
        {"task_key": "a", "notebook_task": {"notebook_path": "/gone", "base_parameters": {"x": "${foo}", "password": "hunter2hunter2"}}},
        {"task_key": "b", "run_job_task": {"job_id": 5}, "existing_cluster_id": "c"},
    ], "deployment": {"kind": "BUNDLE"}, "run_as": {"user_name": "you@x.com"}});
    source.jobs.push(Job { id: Some(1), settings: reader::object(&settings), grants: Vec::new() });
    let plan = plan(&source);
    for part in [
        "left out deployment",
        "tasks[0].notebook_task.base_parameters.x holds a text that a bundle reads as a reference",
        "looks like a secret and is not in the bundle; it is ${var.password}",
        "it runs the job 5, which the bundle does not make",
        "the name of the cluster c is not known",
        "it runs as you@x.com in staging and prod",
    ] {
        assert!(plan.notes.iter().any(|note| note.text.contains(part)), "{part}: {:#?}", plan.notes);
    }
    let left: Vec<_> = plan.left.iter().map(|left| (left.path.as_str(), left.why.as_str())).collect();
    assert_eq!(left, [("/gone", "it was not looked at")]);
}

#[test]
fn settings_that_are_none_make_no_trouble() {
    for odd in [
        json!({}),
        json!({"name": 1, "tasks": "x"}),
        json!({"tasks": [null, 1], "parameters": {}, "schedule": []}),
        json!({"name": "\u{0}\n${x}"}),
    ] {
        let mut source = Source::new(BundleName::of(""));
        source.jobs.push(Job { id: None, settings: reader::object(&odd), grants: Vec::new() });
        let plan = plan(&source);
        for file in plan.files.iter().filter(|file| file.path.ends_with(".yml")) {
            reader::yaml(file);
        }
    }
}
