use std::fs;

use bricklayer_sdk::testing::Script;
use serde_json::Value;

use super::*;
use crate::plan::plan;
use crate::testing::{GONE, ROOT_QUERY, deployed, planned, project, put, script, state_file};

fn planning(destroy: bool) -> types::PlanBundleRequest {
    types::PlanBundleRequest {
        bundle_path: None,
        target: None,
        variables: None,
        overwrite_drift: None,
        destroy: Some(destroy),
    }
}

fn deploying(plan_id: &str) -> types::DeployBundleRequest {
    types::DeployBundleRequest {
        bundle_path: None,
        target: None,
        variables: None,
        plan_id: plan_id.to_owned(),
        deletes: None,
        force_lock: None,
        overwrite_drift: None,
    }
}

fn destroying(plan_id: &str, deletes: &[&str]) -> types::DestroyBundleRequest {
    types::DestroyBundleRequest {
        bundle_path: None,
        target: None,
        variables: None,
        plan_id: plan_id.to_owned(),
        deletes: Some(deletes.iter().map(|name| (*name).to_owned()).collect()),
        force_lock: None,
    }
}

#[test]
fn what_was_planned_is_deployed() {
    let project = project();
    let planning_script = planned(script(&project));
    let found = plan(&planning_script, planning(false)).unwrap();
    planning_script.done();
    assert!(found.ok && found.text.contains("Resources: 1 to make."), "{}", found.text);
    assert_eq!((found.uploads, found.deletes.len(), found.resources.len()), (3, 0, 1));
    assert!(found.text.contains(&found.plan_id) && found.text.contains("deploy_bundle takes it"));
    // A plan leaves nothing behind.
    assert!(!project.path().join(".databricks").exists());

    let list = format!("GET /api/2.0/workspace/list?path={ROOT_QUERY}%2Ffiles");
    let script = planned(script(&project))
        .on(&state_file("resources.json"), 404, GONE)
        .on("POST /api/2.0/workspace/mkdirs", 200, "{}")
        .on(&put("files/.gitignore"), 200, "")
        .on(&put("files/databricks.yml"), 200, "")
        .on(&put("files/n.py"), 200, "")
        .on(
            &list,
            200,
            r#"{"objects":[{"path":"/Users/ann@x.y/.bundle/b/dev/files/n","object_type":"NOTEBOOK","modified_at":5}]}"#,
        )
        .on(&put("state/deployment.json"), 200, "")
        .on("POST /api/2.2/jobs/create", 200, r#"{"job_id":9223372036854775807}"#)
        .on(&put("state/resources.json"), 200, "")
        .on(&put("state/metadata.json"), 200, "");
    let found = deploy_bundle(&script, deploying(&found.plan_id)).unwrap();
    script.done();
    assert_eq!(
        found.text,
        "Deployed **b**, target `dev`: 1 made; 3 files uploaded, 0 deleted.\n\
         - made [jobs.j](<https://w.example/jobs/9223372036854775807>) (9223372036854775807)"
    );
    assert_eq!((found.ok, found.serial, found.uploads), (true, 1, 3));
    let of = |name: &str| {
        let line = put(&format!("state/{name}"));
        let uploaded = script.uploaded();
        let (_, body) = uploaded.iter().find(|(one, _)| *one == line).unwrap();
        serde_json::from_slice::<Value>(body).unwrap()
    };
    assert_eq!(of("resources.json")["state"]["resources.jobs.j"]["__id__"], "9223372036854775807");
    assert_eq!(of("metadata.json")["config"]["resources"]["jobs"]["j"]["relative_path"], "databricks.yml");
    assert_eq!(of("deployment.json")["files"][2]["is_notebook"], true);
    // What the command line keeps here is here as well.
    let kept = fs::read(project.path().join(".databricks/bundle/dev/resources.json")).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&kept).unwrap(), of("resources.json"));
    assert!(!project.path().join(".databricks/bundle/dev/resources.json.wal").exists());
    let told = script.progress_messages();
    assert!(told.iter().any(|line| line.starts_with("files: 3 of 3")), "{told:?}");
}

#[test]
fn another_plan_is_shown_and_not_carried_out() {
    let project = project();
    let script = planned(script(&project));
    let failure = deploy_bundle(&script, deploying("0123")).unwrap_err();
    script.done();
    assert_eq!(failure.kind, Kind::InvalidInput);
    assert!(failure.message.starts_with("plan_id: this is no longer the plan; nothing was done."), "{failure:?}");
    assert!(failure.message.contains("create **jobs.j**") && failure.message.contains("Plan id: `"), "{failure:?}");
    let empty = deploy_bundle(&Script::new(), deploying(" ")).unwrap_err();
    assert!(empty.message.starts_with("plan_id: is empty"), "{empty:?}");
}

fn destroy_planned(script: Script) -> Script {
    deployed(script)
        .on("GET /api/2.2/jobs/get?job_id=17", 200, r#"{"job_id":17,"settings":{"name":"[dev ann] j"}}"#)
        .on(&format!("GET /api/2.0/workspace/get-status?path={ROOT_QUERY}"), 200, r#"{"object_id":5}"#)
}

#[test]
fn what_is_destroyed_is_named() {
    let project = project();
    let planning_script = destroy_planned(script(&project));
    let found = plan(&planning_script, planning(true)).unwrap();
    planning_script.done();
    assert_eq!((found.deletes.join(" ").as_str(), found.destroy), ("jobs.j", true));
    assert!(found.text.contains("`deletes` must name them"), "{}", found.text);

    for (deletes, part) in
        [(&[][..], "deletes or makes anew jobs.j"), (&["jobs.j", "jobs.k"], "does not delete jobs.k")]
    {
        let script = destroy_planned(script(&project));
        let failure = destroy_bundle(&script, destroying(&found.plan_id, deletes)).unwrap_err();
        assert!(failure.message.starts_with("deletes: ") && failure.message.contains(part), "{failure:?}");
        script.done();
    }
    let script = destroy_planned(script(&project))
        .on(&state_file("resources.json"), 200, crate::testing::STATE)
        .on("POST /api/2.2/jobs/delete", 200, "{}")
        .on("POST /api/2.0/workspace/delete", 200, "{}");
    let done = destroy_bundle(&script, destroying(&found.plan_id, &["jobs.j"])).unwrap();
    script.done();
    assert!(done.text.starts_with("Destroyed **b**, target `dev`: 1 deleted.\n- deleted jobs.j (17)"), "{}", done.text);
    assert_eq!(script.body(script.sent().len() - 1)["recursive"], true);
    assert!(!project.path().join(".databricks/bundle/dev/resources.json").exists());
}

#[test]
fn a_failure_of_one_resource_is_told_and_the_state_is_kept() {
    let project = project();
    let id = plan(&planned(script(&project)), planning(false)).unwrap().plan_id;
    let list = format!("GET /api/2.0/workspace/list?path={ROOT_QUERY}%2Ffiles");
    let script = planned(script(&project))
        .on(&state_file("resources.json"), 404, GONE)
        .on("POST /api/2.0/workspace/mkdirs", 200, "{}")
        .on(&put("files/.gitignore"), 200, "")
        .on(&put("files/databricks.yml"), 200, "")
        .on(&put("files/n.py"), 200, "")
        .on(&list, 200, "{}")
        .on(&put("state/deployment.json"), 200, "")
        .on("POST /api/2.2/jobs/create", 403, r#"{"error_code":"PERMISSION_DENIED","message":"you may not"}"#)
        .on(&put("state/metadata.json"), 200, "");
    let found = deploy_bundle(&script, deploying(&id)).unwrap();
    script.done();
    assert!(!found.ok && found.text.starts_with("Deployed in part"), "{}", found.text);
    assert!(found.failed[0].message.contains("you may not"), "{:?}", found.failed);
}

#[test]
fn a_workspace_that_refuses_is_told_of_by_its_kind() {
    let project = project();
    let denied = r#"{"error_code":"PERMISSION_DENIED","message":"no"}"#;
    let script = script(&project).on(&state_file("resources.json"), 403, denied).on(
        &state_file("terraform.tfstate"),
        403,
        denied,
    );
    assert_eq!(plan(&script, planning(false)).unwrap_err().kind, Kind::PermissionDenied);
    fs::write(project.path().join("databricks.yml"), "bundle: {name: b}\nvariables: {x: {}}\n").unwrap();
    let failure = plan(&crate::testing::script(&project), planning(false)).unwrap_err();
    assert_eq!(failure.kind, Kind::InvalidInput);
    assert!(failure.message.contains("databricks.yml:2") && failure.message.contains("validate_bundle"), "{failure:?}");
}
