//! Cases of the family `deployments`.

use bricklayer_domain::ToolErrorKind::{InvalidInput, NotFound};
use serde_json::{Value, json};

use super::{Case, Stage, fails, works};

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
    owner.write("plain/query.sql", "SELECT 1");
    let bundle = |path: &str, target: Value| json!({"bundle_path": path, "target": target});
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
    ]
}
