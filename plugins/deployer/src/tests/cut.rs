//! A deploy or destroy that is cut off at any call or write, or any of whose answers is lost, and is started again ends in
//! the same workspace as one that nothing disturbed, and nothing was made twice.

use std::collections::BTreeMap;

use serde_json::Value;

use super::workspace::Trouble;
use super::{Project, ROOT};

const FIRST: &[(&str, &str)] = &[
    (
        "databricks.yml",
        "\
bundle: {name: b}
permissions: [{level: CAN_MANAGE, user_name: ann@x.y}]
include: [resources/*.yml]
targets: {dev: {mode: development, bundle: {deployment: {lock: {enabled: true}}}}}
",
    ),
    (
        "resources/all.yml",
        "\
resources:
  schemas:
    raw: {catalog_name: main, name: raw, comment: one, grants: [{principal: team, privileges: [USE_SCHEMA]}]}
  volumes:
    in: {catalog_name: main, schema_name: '${resources.schemas.raw.name}', name: in}
    out: {catalog_name: main, schema_name: '${resources.schemas.raw.name}', name: out, grants: [{principal: team, privileges: [READ_VOLUME]}]}
  pipelines:
    load: {name: load, catalog: main, schema: '${resources.schemas.raw.name}', serverless: true, libraries: [{notebook: {path: ../src/load.py}}]}
  jobs:
    nightly:
      name: nightly
      tasks:
        - task_key: load
          pipeline_task: {pipeline_id: '${resources.pipelines.load.id}'}
        - task_key: then
          depends_on: [{task_key: load}]
          run_job_task: {job_id: '${resources.jobs.report.id}'}
    report:
      name: report
      tasks: [{task_key: r, notebook_task: {notebook_path: ../src/load.py, base_parameters: {v: '${resources.volumes.in.volume_path}'}}}]
    old:
      name: old
      tasks: [{task_key: r, notebook_task: {notebook_path: ../src/load.py}}]
  dashboards:
    d: {display_name: d, warehouse_id: '${resources.sql_warehouses.w.id}', file_path: ../src/d.lvdash.json}
  sql_warehouses:
    w: {name: w, cluster_size: Small}
  secret_scopes:
    s: {name: s, permissions: [{level: READ, group_name: team}]}
",
    ),
    ("src/load.py", "# Databricks notebook source\nx = 1\n"),
    ("src/d.lvdash.json", "{}"),
    ("src/gone.txt", "soon gone"),
];

/// The second deploy changes, renames, removes and makes anew.
fn second(project: &mut Project) {
    let text = FIRST[1]
        .1
        .replace("comment: one", "comment: two")
        .replace("name: in}", "name: inbox}")
        .replace("name: out,", "name: out, volume_type: EXTERNAL, storage_location: 's3://b/x',")
        .replace("cluster_size: Small", "cluster_size: Large")
        .replace("    old:\n      name: old\n", "    new:\n      name: new\n");
    project.write("resources/all.yml", &text);
    project.write("src/load.py", "# Databricks notebook source\nx = 2\n");
    project.write("src/d.lvdash.json", "{\"pages\": []}");
    project.write("src/more/a.txt", "new");
    project.remove("src/gone.txt");
}

/// What of a workspace is the same after each way to deploy.
fn picture(project: &Project) -> BTreeMap<String, String> {
    let workspace = &project.workspace;
    let mut picture = BTreeMap::new();
    for ((kind, id), value) in workspace.objects.borrow().iter() {
        let mut value = value.clone();
        if kind == "dashboards" {
            // How often it was written.
            value["etag"] = Value::Null;
        }
        picture.insert(format!("{kind} {id}"), value.to_string());
    }
    for (object, rights) in workspace.rights.borrow().iter() {
        picture.insert(format!("rights {object}"), rights.to_string());
    }
    for (path, content) in workspace.tree.borrow().iter() {
        let mut text =
            content.as_deref().map(|content| String::from_utf8_lossy(content).into_owned()).unwrap_or_default();
        if let Ok(mut file) = serde_json::from_str::<Value>(&text)
            && path.contains("/state/")
        {
            for field in ["serial", "lineage", "seq", "timestamp"] {
                if let Some(fields) = file.as_object_mut() {
                    fields.remove(field);
                }
            }
            let etag = "/state/resources.dashboards.d/state/etag";
            if let Some(etag) = file.pointer_mut(etag) {
                *etag = Value::Null;
            }
            text = file.to_string();
        }
        picture.insert(format!("tree {path}"), text);
    }
    picture
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    First,
    Second,
    Destroy,
}

/// A project that is about to begin a phase.
fn before(phase: Phase) -> Project {
    let mut project = Project::new(FIRST);
    if phase != Phase::First {
        let report = project.deploy().unwrap();
        assert_eq!(report.applied.failed, []);
    }
    if phase == Phase::Second {
        second(&mut project);
    }
    project
}

fn go(project: &Project, phase: Phase, force_lock: bool) -> Result<Vec<(String, String)>, String> {
    let report = match phase {
        Phase::Destroy => project.destroy(force_lock),
        Phase::First | Phase::Second => project.deploy_as(force_lock, false),
    };
    report.map(|report| report.applied.failed).map_err(|fault| fault.message)
}

#[track_caller]
fn check(phase: Phase) {
    let begun = before(phase);
    let calm = begun.clone();
    calm.workspace.trouble(None);
    assert_eq!(go(&calm, phase, false), Ok(Vec::new()));
    let calls = calm.workspace.trouble(None);
    let expect = picture(&calm);
    let made = calm.workspace.made.borrow().clone();
    assert!(calls > 20, "{calls}");
    let mut tried = 0;
    for at in 1..=calls {
        for trouble in
            [Trouble::GoneBefore(at), Trouble::GoneAfter(at), Trouble::LostBefore(at), Trouble::LostAfter(at)]
        {
            let project = begun.clone();
            project.workspace.trouble(Some(trouble));
            let disturbed = go(&project, phase, false);
            let log = project.workspace.log.borrow().join("\n");
            project.workspace.trouble(None);
            // The lock of the one that is gone is taken by force; a destroy may have come to its end already.
            let again = go(&project, phase, true);
            assert_eq!(again, Ok(Vec::new()), "{phase:?} {trouble:?} {disturbed:?}\n{log}");
            let found = picture(&project);
            for (key, value) in &expect {
                assert_eq!(found.get(key), Some(value), "{phase:?} {trouble:?} {key} {disturbed:?}\n{log}");
            }
            let extra: Vec<&String> = found.keys().filter(|key| !expect.contains_key(*key)).collect();
            assert!(extra.is_empty(), "{phase:?} {trouble:?} {extra:?} {disturbed:?}\n{log}");
            assert_eq!(*project.workspace.made.borrow(), made, "{phase:?} {trouble:?}");
            // And there is nothing left to do.
            if phase != Phase::Destroy {
                let plan = project.plan().unwrap();
                assert!(!plan.changes_resources() && plan.files.is_empty(), "{phase:?} {trouble:?}\n{}", plan.text());
            }
            tried += 1;
        }
    }
    assert_eq!(tried, calls * 4);
}

#[test]
fn a_first_deploy_can_be_cut_off_anywhere() {
    check(Phase::First);
}

#[test]
fn a_further_deploy_can_be_cut_off_anywhere() {
    check(Phase::Second);
}

#[test]
fn a_destroy_can_be_cut_off_anywhere() {
    check(Phase::Destroy);
}

#[test]
fn a_destroy_leaves_nothing_behind() {
    let project = before(Phase::Destroy);
    assert!(project.workspace.tree.borrow().keys().any(|path| ROOT.ends_with(path.as_str())));
    go(&project, Phase::Destroy, false).unwrap();
    let left = picture(&project);
    let is_left = |key: &&String| !key.starts_with("rights") && !key.starts_with("tree /Users");
    assert_eq!(left.keys().filter(is_left).collect::<Vec<_>>(), [""; 0]);
    assert!(!left.contains_key(&format!("tree {}", ROOT.trim_start_matches("/Workspace"))));
    assert!(project.workspace.kept.borrow().is_empty(), "{:?}", project.workspace.kept.borrow().keys());
}
