//! Cases of the family `deployments`.

use bricklayer_domain::ToolErrorKind::{InvalidInput, NotFound};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{Actor, Case, Stage, fails, works};

/// Jobs whose tasks each run a query, on a warehouse that is looked up.
const BUNDLE: &str = "\
bundle: {name: etl}
include: [resources/*.yml]
variables:
  catalog: {default: main}
  warehouse: {lookup: {warehouse: WAREHOUSE}}
  nightly: {lookup: {job: nightly}}
permissions: [{level: CAN_MANAGE, user_name: USER}]
targets:
  dev: {mode: development, default: true}
  prod: {mode: production, workspace: {root_path: /Workspace/Users/USER/prod}}
";

const JOB: &str = "\
resources:
  jobs:
    report:
      name: report of ${var.catalog}
      tasks:
        - task_key: query
          sql_task: {warehouse_id: '${var.warehouse}', file: {path: ../query.sql}}
        - task_key: after
          run_job_task: {job_id: '${var.nightly}'}
          depends_on: [{task_key: query}]
";

/// A bundle with a target for each thing that is done to it.
const LIFE: &str = "\
bundle: {name: life}
variables: {warehouse: {lookup: {warehouse: WAREHOUSE}}}
resources:
  jobs:
    j:
      name: life
      parameters: [{name: day, default: monday}]
      tasks: [{task_key: q, sql_task: {warehouse_id: '${var.warehouse}', file: {path: q.sql}}}]
targets: {planned: {default: true}, deployed: {}, destroyed: {}, ran: {}}
";

/// Makes a call that must succeed; its typed result.
async fn done(owner: &Actor, number: usize, tool: &str, input: Value) -> Value {
    let outcome = owner.call(number, tool, &input, CancellationToken::new()).await;
    assert!(outcome.failure.is_none(), "{tool}: {}", outcome.content);
    outcome.structured.unwrap()
}

/// The id of a plan.
async fn planned(owner: &Actor, number: usize, target: &str, destroy: bool) -> Value {
    let input = json!({"bundle_path": "life", "target": target, "destroy": destroy});
    done(owner, number, "plan_bundle", input).await["plan_id"].clone()
}

/// Deploys the bundle to a target.
async fn deployed(owner: &Actor, number: usize, target: &str) {
    let plan_id = planned(owner, number, target, false).await;
    let input = json!({"bundle_path": "life", "target": target, "plan_id": plan_id});
    let found = done(owner, number + 1, "deploy_bundle", input).await;
    assert_eq!(found["ok"], true, "{found}");
}

/// Numbers of the calls that prepare the cases, beyond those of the cases.
const PREPARING: usize = 100_000;

pub(super) async fn cases(stage: &Stage) -> Vec<Case> {
    let owner = &stage.owner;
    let warehouses = owner.get("/api/2.0/sql/warehouses").await;
    let warehouse = warehouses["warehouses"][0]["name"].as_str().unwrap();
    let task = owner.task("one", "SELECT 1").await;
    owner.post("/api/2.2/jobs/create", json!({"name": "nightly", "tasks": [task]})).await;
    owner.write("good/databricks.yml", &BUNDLE.replace("WAREHOUSE", warehouse).replace("USER", &owner.user));
    owner.write("good/resources/report.job.yml", JOB);
    owner.write("good/query.sql", "SELECT 1");
    owner.write("bad/databricks.yml", "bundle: {name: b}\nresurces: {}\nvariables: {x: {lookup: {job: nosuch}}}\n");
    owner.write("meant/databricks.yml", "bundle: {name: m}\nresources:\n  jobs:\n    j: {nmae: x, tasks: []}\n");
    owner.write("plain/query.sql", "SELECT 1");
    owner.write("life/databricks.yml", &LIFE.replace("WAREHOUSE", warehouse));
    owner.write("life/q.sql", "SELECT 6 * 7 AS answer");
    deployed(owner, PREPARING, "destroyed").await;
    deployed(owner, PREPARING + 2, "ran").await;
    let to_deploy = planned(owner, PREPARING + 4, "deployed", false).await;
    let to_destroy = planned(owner, PREPARING + 5, "destroyed", true).await;
    let run = json!({"bundle_path": "life", "target": "ran", "key": "j", "wait_seconds": 0});
    let run = done(owner, PREPARING + 6, "run_bundle", run).await["run"].clone();
    let bundle = |path: &str, target: Value| json!({"bundle_path": path, "target": target});
    let life = |target: &str, more: Value| {
        let mut input = bundle("life", json!(target));
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let names = json!({"plan_id": to_destroy, "deletes": ["jobs.j"]});
    vec![
        works("validate_bundle", bundle("good", Value::Null), "target `dev` can be deployed: 0 errors, 0 warnings"),
        works("validate_bundle", bundle("good", json!("prod")), "it would lie at /Workspace/Users/")
            .and("1 of jobs, 3 files"),
        works("validate_bundle", bundle("good/resources", json!("production")), "no target `production`")
            .and("Name one of dev, prod"),
        works("validate_bundle", bundle("bad", Value::Null), "bad/databricks.yml:2:1").and("no job named `nosuch`"),
        fails("validate_bundle", bundle("plain", Value::Null), NotFound, "databricks.yml"),
        fails("validate_bundle", bundle("nosuch", Value::Null), NotFound, "nosuch"),
        fails("validate_bundle", bundle("../good", Value::Null), InvalidInput, "bundle_path"),
        fails("validate_bundle", json!({"bundle_path": "good", "variables": [{"name": "a"}]}), InvalidInput, "value"),
        works("repair_bundle", bundle("meant", Value::Null), "+    j: {name: x, tasks: []}").alone(),
        works("repair_bundle", bundle("good", Value::Null), "nothing in `good`"),
        fails("repair_bundle", bundle("plain", Value::Null), NotFound, "databricks.yml"),
        works("plan_bundle", bundle("life", json!("planned")), "create **jobs.j**").and("Files: 2 to upload"),
        fails("plan_bundle", bundle("bad", Value::Null), InvalidInput, "has errors"),
        fails("plan_bundle", bundle("nosuch", Value::Null), NotFound, "nosuch"),
        fails("deploy_bundle", life("planned", json!({"plan_id": "0"})), InvalidInput, "no longer the plan"),
        fails("deploy_bundle", bundle("life", Value::Null), InvalidInput, "plan_id"),
        works(
            "deploy_bundle",
            life("deployed", json!({"plan_id": to_deploy})),
            "Deployed **life**, target `deployed`: 1 made",
        ),
        works("plan_bundle", bundle("life", json!("deployed")), "Resources: 1 unchanged."),
        fails(
            "destroy_bundle",
            life("destroyed", json!({"plan_id": to_destroy})),
            InvalidInput,
            "jobs.j; nothing was done",
        ),
        works("destroy_bundle", life("destroyed", names), "Destroyed **life**, target `destroyed`: 1 deleted"),
        works("bundle_summary", bundle("life", json!("ran")), "“life”: "),
        works("bundle_summary", bundle("life", json!("planned")), "not deployed yet"),
        fails("bundle_summary", bundle("plain", Value::Null), NotFound, "databricks.yml"),
        works("run_bundle", life("ran", json!({"key": "j", "wait_seconds": 60})), "SUCCESS"),
        works(
            "run_bundle",
            life("ran", json!({"key": "jobs.j", "parameters": [{"name": "day", "value": "x"}], "wait_seconds": 60})),
            "SUCCESS",
        ),
        fails("run_bundle", life("ran", json!({"key": "k"})), InvalidInput, "it has j"),
        fails("run_bundle", life("planned", json!({"key": "j"})), NotFound, "not deployed"),
        fails(
            "run_bundle",
            life("ran", json!({"key": "j", "parameters": [{"name": "night", "value": "x"}]})),
            InvalidInput,
            "no parameter `night`",
        ),
        works("wait_for_bundle_run", json!({"run": run, "wait_seconds": 60}), "SUCCESS"),
        fails("wait_for_bundle_run", json!({"run": "x"}), InvalidInput, "run"),
        fails("wait_for_bundle_run", json!({"run": "9007199254740991"}), NotFound, "does not know this run"),
        works("upload_bundle", bundle("life", json!("planned")), "Uploaded 2 of 2 files to /Users/"),
        fails("upload_bundle", bundle("life", json!("planned")), InvalidInput, "overwrite: 2 files"),
        fails("upload_bundle", bundle("bad", Value::Null), InvalidInput, "has errors"),
        works("init_bundle", json!({"template": "default-python", "project_name": "fresh"}), "fresh/databricks.yml"),
        fails("init_bundle", json!({"project_name": "fresh"}), InvalidInput, "is there already"),
        fails("init_bundle", json!({"project_name": "1"}), InvalidInput, "project_name"),
        works("run_bundle_command", bundle("good", Value::Null), "can be deployed"),
        works("run_bundle_command", life("planned", json!({"command": "plan"})), "create **jobs.j**"),
        fails("run_bundle_command", life("planned", json!({"command": "deploy"})), InvalidInput, "plan_id"),
        fails("run_bundle_command", life("planned", json!({"command": "build"})), InvalidInput, "command"),
    ]
}
