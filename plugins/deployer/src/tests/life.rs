//! Plans and deploys, case by case.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Project, ROOT};
use crate::{Action, CORRUPTED_FILE, LOCK_FILE, STATE_FILE, Standing, TERRAFORM_FILE, WAL_FILE, summary};

const JOB: &str = "\
bundle: {name: b}
targets: {dev: {mode: development}}
resources:
  jobs:
    j: {name: j, tasks: [{task_key: a, notebook_task: {notebook_path: n.py}}], permissions: [{level: CAN_VIEW, group_name: g}]}
";

const NOTEBOOK: (&str, &str) = ("n.py", "# Databricks notebook source\n");

fn project(text: &str) -> Project {
    Project::new(&[("databricks.yml", text), NOTEBOOK])
}

/// The actions of a plan, by short keys.
fn actions(project: &Project) -> BTreeMap<String, Action> {
    let plan = project.plan().unwrap();
    plan.entries.iter().map(|(key, entry)| (key.trim_start_matches("resources.").to_owned(), entry.action)).collect()
}

fn change(project: &Project, kind: &str, pointer: &str, value: Value) {
    let mut objects = project.workspace.objects.borrow_mut();
    let (_, object) = objects.iter_mut().find(|((of, _), _)| of == kind).unwrap();
    *object.pointer_mut(pointer).unwrap() = value;
}

#[test]
fn a_plan_is_done_and_then_there_is_none() {
    let mut project = project(JOB);
    let plan = project.plan().unwrap();
    assert!(project.workspace.log.borrow().is_empty() && project.workspace.kept.borrow().is_empty());
    assert_eq!((plan.count(Action::Create), plan.lineage.as_str(), plan.serial), (1, "", 0));
    assert!(plan.text().starts_with("Resources: 1 to make.\n- `+` create **jobs.j**"), "{}", plan.text());
    assert_eq!(plan.id(), project.plan().unwrap().id());
    let report = project.deploy().unwrap();
    assert_eq!((report.applied.done.len(), report.uploaded, report.serial), (1, 2, 1));
    // Nothing to do writes nothing but the records.
    project.workspace.trouble(None);
    let report = project.deploy().unwrap();
    assert_eq!((report.applied.done.len(), report.uploaded, report.serial), (0, 0, 1));
    let log = project.workspace.log.borrow().clone();
    assert!(
        log.iter().all(|line| line.contains("/state/deployment.json") || line.contains("/state/metadata.json")),
        "{log:?}"
    );
    // A change of the bundle is a change of the job.
    let before = project.plan().unwrap().id();
    project.write("databricks.yml", &JOB.replace("task_key: a", "task_key: b"));
    let plan = project.plan().unwrap();
    assert_ne!(plan.id(), before);
    let paths: Vec<&str> = plan.entries["resources.jobs.j"].changes.iter().map(|change| change.path.as_str()).collect();
    assert_eq!(paths, ["tasks[task_key='a']", "tasks[task_key='b']"]);
    assert_eq!(project.deploy().unwrap().serial, 2);
}

#[test]
fn a_plan_is_also_the_command_lines_json() {
    let project = project(JOB);
    let plan = project.plan().unwrap().to_json();
    assert_eq!((plan["plan_version"].clone(), plan["serial"].clone()), (json!(2), json!(0)));
    assert_eq!(plan["plan"]["resources.jobs.j"]["action"], "create");
    let rights = &plan["plan"]["resources.jobs.j.permissions"];
    assert_eq!(rights["new_state"]["vars"], json!({"object_id": "/jobs/${resources.jobs.j.id}"}));
    assert_eq!(rights["depends_on"], json!([{"node": "resources.jobs.j", "label": "${resources.jobs.j.id}"}]));
    project.deploy().unwrap();
    let state: Value = serde_json::from_slice(&project.workspace.kept.borrow()[STATE_FILE]).unwrap();
    let saved = &state["state"]["resources.jobs.j.permissions"];
    assert!(saved["__id__"].as_str().unwrap().starts_with("/jobs/9"), "{saved}");
    assert_eq!(saved["state"]["object_id"], saved["__id__"]);
}

#[test]
fn what_others_changed_is_told_and_stays() {
    let mut project = project(JOB);
    project.deploy().unwrap();
    change(&project, "jobs", "/max_concurrent_runs", json!(99));
    let plan = project.plan().unwrap();
    let entry = &plan.entries["resources.jobs.j"];
    assert_eq!((entry.action, entry.drift.len(), entry.changes.len()), (Action::Skip, 1, 0));
    assert!(plan.text().contains("`max_concurrent_runs` is 99, was 4"), "{}", plan.text());
    project.deploy().unwrap();
    assert_eq!(project.plan().unwrap().entries["resources.jobs.j"].drift.len(), 1);
    // A change of the bundle would overwrite it: that takes a word.
    project.write("databricks.yml", &JOB.replace("task_key: a", "task_key: b"));
    let refusal = project.deploy().unwrap_err().message;
    assert!(refusal.contains("overwrite_drift"), "{refusal}");
    project.deploy_as(false, true).unwrap();
    assert_eq!(actions(&project).values().max(), Some(&Action::Skip));
    assert!(project.plan().unwrap().drifted().next().is_none());
    // What the workspace has as the bundle now wants it is nobody's change.
    change(&project, "jobs", "/tasks/0/task_key", json!("c"));
    project.write("databricks.yml", &JOB.replace("task_key: a", "task_key: c"));
    project.deploy().unwrap();
    // What is gone is made again.
    project.workspace.objects.borrow_mut().clear();
    assert_eq!(actions(&project)["jobs.j"], Action::Create);
    project.deploy().unwrap();
    assert_eq!(actions(&project).values().max(), Some(&Action::Skip));
}

#[test]
fn what_leaves_the_bundle_is_deleted_by_name() {
    let mut project = project(JOB);
    project.deploy().unwrap();
    project.write("databricks.yml", "bundle: {name: b}\ntargets: {dev: {mode: development}}\n");
    let plan = project.plan().unwrap();
    assert_eq!(plan.losses().into_iter().collect::<Vec<_>>(), ["jobs.j"]);
    assert_eq!(summary(&project.workspace, &project.bundle()).unwrap()[0].standing, Standing::Removed);
    project.workspace.objects.borrow_mut().clear();
    let plan = project.plan().unwrap();
    assert!(plan.losses().is_empty() && plan.text().contains("gone already"), "{}", plan.text());
    let report = project.deploy().unwrap();
    assert_eq!(report.applied.done.len(), 1);
    assert_eq!(project.plan().unwrap().entries, BTreeMap::new());
}

const PLACES: &str = "\
bundle: {name: b}
resources:
  schemas: {s: {catalog_name: c, name: s, lifecycle: {prevent_destroy: PREVENT}}}
  volumes: {v: {catalog_name: c, schema_name: s, name: v}}
  pipelines: {p: {name: p, catalog: c, schema: s, libraries: [{notebook: {path: n.py}}]}}
";

#[test]
fn what_lies_in_something_goes_with_it() {
    let mut project = project(&PLACES.replace("PREVENT", "false"));
    let plan = project.plan().unwrap();
    let on: Vec<&str> = plan.entries["resources.volumes.v"].depends_on.iter().map(|on| on.node.as_str()).collect();
    assert_eq!(on, ["resources.schemas.s"]);
    project.deploy().unwrap();
    let anew = PLACES.replace("name: s, lif", "name: s, storage_root: 's3://x', lif");
    project.write("databricks.yml", &anew.replace("PREVENT", "false"));
    let plan = project.plan().unwrap();
    assert_eq!(plan.losses().into_iter().collect::<Vec<_>>(), ["schemas.s", "volumes.v"]);
    assert!(plan.text().contains("what it holds is lost"), "{}", plan.text());
    project.write("databricks.yml", &anew.replace("PREVENT", "true"));
    assert!(project.deploy().unwrap_err().message.contains("prevent_destroy"));
    assert!(project.destroy(false).unwrap_err().message.contains("prevent_destroy"));
    project.write("databricks.yml", &anew.replace("PREVENT", "false"));
    project.deploy().unwrap();
    assert_eq!(actions(&project).values().max(), Some(&Action::Skip));
}

#[test]
fn what_somebody_else_made_is_not_taken() {
    let project = project(&PLACES.replace("PREVENT", "false"));
    let theirs = json!({"catalog_name": "c", "name": "s"});
    project.workspace.objects.borrow_mut().insert(("schemas".to_owned(), "c.s".to_owned()), theirs);
    assert!(project.plan().unwrap().text().contains("this bundle did not make it"));
    assert!(project.deploy().unwrap_err().message.contains("choose another name"));
}

#[test]
fn a_job_is_found_again_by_its_bundle() {
    let mut project = project(JOB);
    project.deploy().unwrap();
    // The state is lost, here and there.
    project.workspace.kept.borrow_mut().clear();
    project.workspace.tree.borrow_mut().retain(|path, _| !path.contains("/state/"));
    let plan = project.plan().unwrap();
    assert!(plan.entries["resources.jobs.j"].is_found && plan.text().contains("found as 9"), "{}", plan.text());
    project.deploy().unwrap();
    assert_eq!(project.workspace.made.borrow().values().max(), Some(&1));
    // One of the same name and another bundle is not ours.
    project.workspace.kept.borrow_mut().clear();
    project.workspace.tree.borrow_mut().retain(|path, _| !path.contains("/state/"));
    change(&project, "jobs", "/deployment/metadata_file_path", json!("/other"));
    assert_eq!(actions(&project)["jobs.j"], Action::Create);
    project.write("databricks.yml", &JOB.replace("mode: development", ""));
}

#[test]
fn one_deploys_at_a_time() {
    let text = JOB.replace("mode: development", "mode: development, bundle: {deployment: {lock: {enabled: true}}}");
    let project = project(&text);
    project.deploy().unwrap();
    let lock = json!({"ID": "x", "AcquisitionTime": "2026-01-02T03:04:05Z", "IsForced": false, "User": "bob@x.y"});
    let path = format!("{}/state/{LOCK_FILE}", ROOT.trim_start_matches("/Workspace"));
    let hold = || project.workspace.tree.borrow_mut().insert(path.clone(), Some(lock.to_string().into_bytes()));
    hold();
    let held = project.deploy().unwrap_err().message;
    assert!(held.contains("bob@x.y holds its lock since 2026-01-02T03:04:05Z"), "{held}");
    assert!(project.destroy(false).unwrap_err().message.contains("bob@x.y"));
    project.deploy_as(true, false).unwrap();
    assert!(!project.workspace.tree.borrow().contains_key(&path));
    hold();
    project.destroy(true).unwrap();
}

#[test]
fn states_that_are_not_ours_stop_a_deploy() {
    let put = |name: &str, value: Value| {
        let project = project(JOB);
        project.deploy().unwrap();
        let path = format!("{}/state/{name}", ROOT.trim_start_matches("/Workspace"));
        project.workspace.tree.borrow_mut().insert(path, Some(value.to_string().into_bytes()));
        project.plan().unwrap_err().message
    };
    for (name, value, part) in [
        (TERRAFORM_FILE, json!({"serial": 7}), "Terraform"),
        (STATE_FILE, json!({"state_version": 2, "lineage": "other", "serial": 9}), "different deploys"),
        (STATE_FILE, json!({"state_version": 9, "lineage": "other", "serial": 9}), "version 9"),
    ] {
        let message = put(name, value);
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn one_failure_does_not_stop_what_does_not_need_it() {
    let text = "\
bundle: {name: b}
resources:
  schemas: {s: {catalog_name: c, name: s}, t: {catalog_name: c, name: t}}
  volumes: {v: {catalog_name: c, schema_name: '${resources.schemas.s.name}', name: v}}
";
    let project = project(text);
    // The schema's creation is not answered.
    let refused = (1..100).find_map(|at| {
        let project = Project::new(&[("databricks.yml", text), NOTEBOOK]);
        project.workspace.trouble(Some(super::workspace::Trouble::LostBefore(at)));
        let report = project.deploy().ok()?;
        (report.applied.failed.len() == 2).then_some(report.applied)
    });
    let applied = refused.unwrap();
    let failed: Vec<&str> = applied.failed.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(failed, ["resources.schemas.s", "resources.volumes.v"]);
    assert!(applied.failed[1].1.contains("schemas.s failed, which it needs"));
    assert_eq!(applied.done[0].key, "resources.schemas.t");
    project.deploy().unwrap();
}

#[test]
fn what_is_not_deployed_here_is_refused_by_name() {
    for (text, part) in [
        ("bundle: {name: b}\nresources: {apps: {a: {name: a, source_code_path: src}}}\n", "apps are not deployed here"),
        (
            "bundle: {name: b}\nartifacts: {w: {type: whl, build: make}}\n",
            "the artifact `w` is built by a command (`make`)",
        ),
    ] {
        let project = Project::new(&[("databricks.yml", text), NOTEBOOK, ("src/app.py", "")]);
        let message = project.plan().unwrap_err().message;
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn libraries_that_are_there_are_uploaded_beside_the_files() {
    let text = "\
bundle: {name: b}
targets: {dev: {mode: development}}
resources:
  jobs:
    j: {name: j, tasks: [{task_key: a, python_wheel_task: {package_name: p, entry_point: e}, environment_key: d}], environments: [{environment_key: d, spec: {environment_version: '4', dependencies: [./dist/p-1.whl]}}]}
";
    let project = Project::new(&[("databricks.yml", text), ("dist/p-1.whl", "wheel"), (".gitignore", "dist\n")]);
    project.workspace.put_project_file("dist/p-1.whl", "wheel");
    let report = project.deploy().unwrap();
    assert_eq!((report.applied.failed, report.uploaded), (vec![], 3));
    let path = format!("{}/artifacts/.internal/p-1.whl", ROOT.trim_start_matches("/Workspace"));
    assert_eq!(project.workspace.tree.borrow()[&path].as_deref(), Some(&b"wheel"[..]));
    let objects = project.workspace.objects.borrow();
    let job = objects.values().next().unwrap();
    assert_eq!(job["environments"][0]["spec"]["dependencies"][0], format!("{ROOT}/artifacts/.internal/p-1.whl"));
}

const TWO: &str = "    k: {name: k, tasks: [{task_key: a, notebook_task: {notebook_path: n.py}}]}\n";

/// A deploy that made a second job and was then cut off, once its record knows of the job.
fn cut_off() -> Project {
    let cut = (1..100).find_map(|at| {
        let mut project = project(JOB);
        project.deploy().unwrap();
        project.write("databricks.yml", &format!("{JOB}{TWO}"));
        project.workspace.trouble(Some(super::workspace::Trouble::GoneAfter(at)));
        let _ = project.deploy();
        project.workspace.trouble(None);
        let record = project.workspace.kept.borrow().get(WAL_FILE).cloned().unwrap_or_default();
        String::from_utf8(record).unwrap().contains("resources.jobs.k").then_some(project)
    });
    cut.unwrap()
}

#[test]
fn what_a_cut_off_deploy_made_is_known_also_when_somebody_else_deployed_since() {
    let project = cut_off();
    let plan = project.plan().unwrap();
    assert_eq!(plan.entries["resources.jobs.k"].action, Action::Skip);
    assert!(plan.warnings[0].contains("an earlier deploy was cut off"), "{:?}", plan.warnings);
    // A plan leaves the record where it is.
    assert!(project.workspace.kept.borrow().contains_key(WAL_FILE));
    let path = format!("{}/state/{STATE_FILE}", ROOT.trim_start_matches("/Workspace"));
    let mut remote: Value = serde_json::from_slice(project.workspace.tree.borrow()[&path].as_deref().unwrap()).unwrap();
    remote["serial"] = json!(5);
    project.workspace.tree.borrow_mut().insert(path, Some(remote.to_string().into_bytes()));
    let plan = project.plan().unwrap();
    assert_eq!((plan.serial, plan.entries["resources.jobs.k"].action), (5, Action::Skip));
    assert!(
        plan.warnings.iter().any(|warning| warning.contains("somebody else has deployed since")),
        "{:?}",
        plan.warnings
    );
    let calm = project.clone();
    calm.workspace.trouble(None);
    assert_eq!(calm.deploy().unwrap().serial, 6);
    let calls = calm.workspace.trouble(None);
    assert!(!calm.workspace.kept.borrow().contains_key(WAL_FILE));
    // Wherever this one is cut off, the workspace's state knows the job in the end, and it was made once.
    for at in 0..=calls {
        let project = project.clone();
        project.workspace.trouble(Some(super::workspace::Trouble::GoneBefore(at)));
        let _ = project.deploy();
        project.workspace.trouble(None);
        project.deploy().unwrap();
        let path = format!("{}/state/{STATE_FILE}", ROOT.trim_start_matches("/Workspace"));
        let text = String::from_utf8(project.workspace.tree.borrow()[&path].clone().unwrap()).unwrap();
        assert!(text.contains("resources.jobs.k"), "{at}");
        assert_eq!(project.workspace.made.borrow().values().max(), Some(&1), "{at}");
    }
}

#[test]
fn lines_of_a_record_that_make_no_sense_are_kept() {
    let project = cut_off();
    project.workspace.kept.borrow_mut().get_mut(WAL_FILE).unwrap().extend(b"half a li");
    let report = project.deploy().unwrap();
    assert_eq!(report.applied.failed, []);
    assert_eq!(project.workspace.kept.borrow()[CORRUPTED_FILE], b"half a li\n");
    // One of other deploys stops everything.
    project.workspace.kept.borrow_mut().insert(WAL_FILE.to_owned(), b"{\"lineage\":\"other\",\"serial\":9}\n".to_vec());
    assert!(project.plan().unwrap_err().message.contains("other deploys"));
}

#[test]
fn files_that_were_uploaded_are_not_uploaded_again_when_others_fail() {
    let mut tried = 0;
    for at in 1..40 {
        let project = Project::new(&[("databricks.yml", JOB), NOTEBOOK, ("a.txt", "a"), ("x/b.txt", "b")]);
        project.workspace.trouble(Some(super::workspace::Trouble::LostBefore(at)));
        let Err(fault) = project.deploy() else { continue };
        project.workspace.trouble(None);
        if fault.message.contains("1 of 4 files were not uploaded") {
            assert_eq!(project.plan().unwrap().files.len(), 1, "{at}");
            tried += 1;
        }
    }
    assert_eq!(tried, 4);
}
