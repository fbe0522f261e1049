//! Cases of the family `bundles`.

use bricklayer_domain::ToolErrorKind::{InvalidInput, NotFound, PermissionDenied};
use serde_json::json;

use super::{Actor, Case, Stage, fails, works};

/// A number that no job has.
const NOBODYS: u64 = 9_007_199_254_740_991;

pub(super) async fn cases(stage: &Stage) -> Vec<Case> {
    let owner = &stage.owner;
    let notebook = owner.import("load.py", "# Databricks notebook source\nprint(1)").await;
    let notebook = notebook.trim_end_matches(".py").to_owned();
    let query = owner.task("report", "SELECT 1").await;
    let tasks = json!([
        {"task_key": "load", "notebook_task": {"notebook_path": notebook}},
        {"task_key": "gone", "notebook_task": {"notebook_path": format!("{notebook}-gone")}},
        query,
    ]);
    let job =
        owner.post("/api/2.2/jobs/create", json!({"name": "Nightly Load", "tasks": tasks})).await["job_id"].clone();
    let of_job = |more: serde_json::Value| {
        let mut input = json!({"job_id": job});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let of_files = |paths: &[&str], more: serde_json::Value| {
        let mut input = json!({"bundle_name": "listed", "file_paths": paths, "force": true});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    owner.write("code/main.py", "print(1)");
    owner.write("code/pure.py", "def one(): return 1");
    owner.write("taken/databricks.yml", "bundle:\n  name: mine\n");
    let tests = |path: &str| json!({"resource_type": "notebook", "resource_path": path, "force": true});
    let made = vec![
        works("create_tests", tests("code/pure.py"), "2 tests").alone(),
        fails("create_tests", tests("nosuch.py"), NotFound, "nosuch.py"),
        fails("create_tests", tests("/Users/x/y"), InvalidInput, "generate_bundle"),
        works(
            "generate_bundle",
            of_files(&[&notebook, "code"], json!({"job_ids": [job]})),
            "listed/resources/listed.job.yml",
        ),
        fails("generate_bundle", of_files(&[], json!({})), InvalidInput, "file_paths"),
        fails("generate_bundle", of_files(&["nosuch.py"], json!({})), NotFound, "nosuch.py"),
        fails("generate_bundle", of_files(&[&format!("{notebook}-gone")], json!({})), NotFound, "load-gone"),
        fails("generate_bundle", of_files(&[&notebook], json!({})), PermissionDenied, "").by_stranger(),
        works(
            "generate_bundle_from_job",
            of_job(json!({"output_dir": "made", "force": true})),
            "made/resources/nightly_load.job.yml",
        )
        .and("load-gone"),
        fails("generate_bundle_from_job", of_job(json!({"output_dir": "taken"})), InvalidInput, "taken/databricks.yml"),
        fails("generate_bundle_from_job", of_job(json!({"bundle_name": "a b"})), InvalidInput, "bundle_name"),
        fails("generate_bundle_from_job", of_job(json!({"output_dir": "../x"})), InvalidInput, "output_dir"),
        fails("generate_bundle_from_job", json!({"job_id": NOBODYS}), NotFound, &NOBODYS.to_string()),
        fails("generate_bundle_from_job", of_job(json!({})), PermissionDenied, "").by_stranger(),
    ];
    [analyses(owner).await, made].concat()
}

/// Cases of analyze_notebook.
async fn analyses(owner: &Actor) -> Vec<Case> {
    let source = "# Databricks notebook source\nc = 'main'\nspark.table(f'{c}.raw.orders').write.saveAsTable('main.gold.orders')\n\n# COMMAND ----------\nimport helpers\nx = (";
    let path = owner.import("etl.py", source).await;
    let path = path.trim_end_matches(".py");
    let home = path.trim_end_matches("/etl");
    owner.write("src/report.sql", "SELECT * FROM main.gold.orders");
    owner.write("broken.ipynb", "{");
    let notebook = |path: &str| json!({"notebook_path": path});
    let all = |paths: &[&str]| json!({"paths": paths});
    vec![
        works("analyze_notebook", notebook(path), "`main.raw.orders` (batch, computed, cell 1 line 3)")
            .and("Workflow: etl")
            .and("syntax-error (cell 2 line 7)"),
        works("analyze_notebook", notebook("src/report.sql"), "`main.gold.orders`").alone(),
        works(
            "analyze_notebook",
            json!({"notebook_path": path, "include_dependencies": false, "include_data_sources": false}),
            "Needs: runs serverless",
        )
        .alone(),
        fails("analyze_notebook", notebook(path), PermissionDenied, "").by_stranger(),
        fails("analyze_notebook", notebook(&format!("{home}/nosuch")), NotFound, "nosuch"),
        fails("analyze_notebook", notebook("nosuch.py"), NotFound, "nosuch.py"),
        fails("analyze_notebook", notebook(home), InvalidInput, "DIRECTORY"),
        fails("analyze_notebook", notebook("../elsewhere.py"), InvalidInput, "project"),
        fails("analyze_notebook", notebook("broken.ipynb"), InvalidInput, "Jupyter document"),
        works("analyze_notebooks", all(&[path]), "writes `main.gold.orders`"),
        works("analyze_notebooks", all(&[path, "src"]), "`src/report.sql`: it reads main.gold.orders").alone(),
        fails("analyze_notebooks", all(&[path]), PermissionDenied, "").by_stranger(),
        fails("analyze_notebooks", all(&[&format!("{home}/nosuch")]), NotFound, "nosuch"),
        fails("analyze_notebooks", all(&["broken.ipynb"]), InvalidInput, "Jupyter document"),
        fails("analyze_notebooks", all(&["../elsewhere.py"]), InvalidInput, "project"),
        fails("analyze_notebooks", all(&[]), InvalidInput, "paths"),
    ]
}
