//! Random settings of jobs: every kind of task, every field, and texts that go wrong when nobody thinks of them.

use serde_json::{Map, Value, json};

use super::chance::Chance;
use crate::objects::{Language, Object, Objects, Stored, WorkspacePath};

/// Texts that YAML, references or the workspace could read as something else.
const TEXTS: [&str; 42] = [
    "yes",
    "No",
    "on",
    "null",
    "~",
    "true",
    "1",
    "1e3",
    "0x1F",
    "012",
    "1_000",
    "1:30",
    "2024-01-01",
    ".5",
    ".inf",
    "-",
    "",
    " lead",
    "trail ",
    "a: b",
    "a #b",
    "#x",
    "[x]",
    "{x}",
    "{{job.id}}",
    "{{tasks.a.values.b}}",
    "${var.catalog}",
    "${foo}",
    "$${var.x}",
    "${resources.jobs.x.id}",
    "${}",
    "$x",
    "two\nlines",
    "three\n\nlines\n",
    " indented\n more",
    "tab\there",
    "nul\u{0}",
    "übung 日本 🚀",
    "\u{2028}",
    "quote \" and ' and \\",
    "*star",
    "plain text",
];

const KINDS: usize = 20;

pub(super) fn text(chance: &mut Chance) -> Value {
    json!(chance.one(&TEXTS))
}

fn word(chance: &mut Chance) -> &'static str {
    chance.one::<&str>(&["load", "clean", "report", "train", "Sync 2", "übung", "on"])
}

/// What there is in the workspace that jobs name.
pub(super) fn objects() -> Objects {
    let path = |text: &str| WorkspacePath::parse(text).unwrap();
    let notebook = |language, stored| Object::Notebook { language, stored };
    let below = vec![
        (path("/Users/me@x.com/dbt/dbt_project.yml"), Object::File),
        (path("/Users/me@x.com/dbt/models/a.sql"), Object::File),
    ];
    Objects::from([
        (path("/Users/me@x.com/etl/load"), notebook(Language::Python, Stored::Source)),
        (path("/Users/me@x.com/etl/Load"), notebook(Language::Sql, Stored::Jupyter)),
        (path("/Users/me@x.com/etl/deep/er/load"), notebook(Language::Scala, Stored::Source)),
        (path("/Users/me@x.com/etl/Strange [1] ${x}"), notebook(Language::R, Stored::Source)),
        (path("/Users/me@x.com/etl/main.py"), Object::File),
        (path("/Users/me@x.com/etl/query.sql"), Object::File),
        (path("/Users/me@x.com/libs/x-1.0-py3-none-any.whl"), Object::File),
        (path("/Shared/libs/x-1.0-py3-none-any.whl"), Object::File),
        (path("/Shared/requirements.txt"), Object::File),
        (path("/Users/me@x.com/dbt"), Object::Folder(below)),
        (path("/Users/you@x.com/secret"), Object::Left("you may not read it".to_owned())),
    ])
}

const NOTEBOOKS: [&str; 8] = [
    "/Users/me@x.com/etl/load",
    "/Workspace/Users/me@x.com/etl/load",
    "/Users/me@x.com/etl/Load",
    "/Users/me@x.com/etl/deep/er/load",
    "/Users/me@x.com/etl/Strange [1] ${x}",
    "/Users/you@x.com/secret",
    "/gone",
    "/Users/me@x.com/etl/main.py",
];
const FILES: [&str; 6] = [
    "/Workspace/Users/me@x.com/etl/main.py",
    "/Users/me@x.com/etl/query.sql",
    "dbfs:/x.py",
    "/Volumes/a/b/c/x.py",
    "s3://b/x.py",
    "/Users/me@x.com/etl/load",
];
const LIBRARIES: [&str; 5] = [
    "/Workspace/Users/me@x.com/libs/x-1.0-py3-none-any.whl",
    "/Workspace/Shared/libs/x-1.0-py3-none-any.whl",
    "/Volumes/a/b/c/y.whl",
    "dbfs:/z.whl",
    "/Workspace/gone.whl",
];

fn texts(chance: &mut Chance) -> Value {
    let count = chance.below(4);
    (0..count).map(|_| text(chance)).collect()
}

/// Tags: everybody sees them, so that nobody has secrets there.
fn tags(chance: &mut Chance) -> Value {
    (0..chance.below(4)).map(|i| (format!("tag {i}"), text(chance))).collect::<Map<_, _>>().into()
}

fn map(chance: &mut Chance) -> Value {
    let mut map = Map::new();
    for _ in 0..chance.below(4) {
        let key = match chance.below(4) {
            0 => (*chance.one(&["catalog", "schema", "target_schema"])).to_owned(),
            1 => (*chance.one(&["db_password", "api_token"])).to_owned(),
            2 => (*chance.one(&TEXTS)).to_owned(),
            _ => format!("spark.key{}", chance.below(9)),
        };
        let value = match chance.below(4) {
            0 => json!("main"),
            1 if key.starts_with("db_") || key.starts_with("api_") => json!("hunter2hunter2"),
            _ => text(chance),
        };
        map.insert(key, value);
    }
    Value::Object(map)
}

fn cluster(chance: &mut Chance) -> Value {
    let mut cluster = json!({"spark_version": chance.one(&["15.4.x-scala2.12", "16.4.x-photon-scala2.12"])});
    let fields = cluster.as_object_mut().unwrap();
    if chance.once_in(2) {
        return cluster;
    }
    if chance.once_in(2) {
        fields.insert("num_workers".to_owned(), json!(chance.below(3)));
    } else {
        fields.insert("autoscale".to_owned(), json!({"min_workers": 1, "max_workers": 1 + chance.below(9)}));
    }
    if chance.once_in(2) {
        fields.insert("node_type_id".to_owned(), json!("i3.xlarge"));
        fields.insert(
            "aws_attributes".to_owned(),
            json!({"first_on_demand": 1, "zone_id": "auto", "spot_bid_price_percent": 100}),
        );
    } else {
        fields.insert("instance_pool_id".to_owned(), json!(chance.one(&["pool-1", "pool-2"])));
    }
    for (field, times) in [("spark_conf", 2), ("custom_tags", 3), ("spark_env_vars", 3)] {
        if chance.once_in(times) {
            let value = if field == "custom_tags" { tags(chance) } else { map(chance) };
            fields.insert(field.to_owned(), value);
        }
    }
    if chance.once_in(3) {
        fields.insert("policy_id".to_owned(), json!(chance.one(&["pol-1", "pol-2"])));
        fields.insert("data_security_mode".to_owned(), json!("SINGLE_USER"));
        fields.insert("enable_elastic_disk".to_owned(), json!(chance.once_in(2)));
    }
    if chance.once_in(3) {
        fields.insert("init_scripts".to_owned(), json!([{"workspace": {"destination": "/Users/me@x.com/init.sh"}}]));
    }
    cluster
}

fn work(chance: &mut Chance, kind: usize, depth: usize) -> (&'static str, Value) {
    let warehouse = *chance.one(&["w-1", "w-2", "w-unknown"]);
    match kind % KINDS {
        0 => (
            "notebook_task",
            json!({"notebook_path": chance.one(&NOTEBOOKS), "source": "WORKSPACE", "base_parameters": map(chance)}),
        ),
        1 => ("spark_python_task", json!({"python_file": chance.one(&FILES), "parameters": texts(chance)})),
        2 => {
            ("python_wheel_task", json!({"package_name": "x", "entry_point": "main", "named_parameters": map(chance)}))
        }
        3 => ("spark_jar_task", json!({"main_class_name": "a.b.C", "parameters": texts(chance), "run_as_repl": true})),
        4 => ("spark_submit_task", json!({"parameters": texts(chance)})),
        5 => (
            "sql_task",
            json!({"warehouse_id": warehouse, "file": {"path": chance.one(&FILES), "source": "WORKSPACE"}, "parameters": map(chance)}),
        ),
        6 => ("sql_task", json!({"warehouse_id": warehouse, "query": {"query_id": "q-1"}})),
        7 => (
            "dbt_task",
            json!({"project_directory": chance.one(&["/Users/me@x.com/dbt", "/gone/dbt", ""]), "commands": ["dbt deps", text(chance)],
            "schema": "sales", "catalog": "main", "warehouse_id": warehouse, "source": "WORKSPACE"}),
        ),
        8 => ("pipeline_task", json!({"pipeline_id": chance.one(&["pipe-1", "pipe-outside"]), "full_refresh": false})),
        9 => (
            "run_job_task",
            json!({"job_id": chance.one(&[11_u64, 9_007_199_254_740_993]), "job_parameters": map(chance)}),
        ),
        10 => ("condition_task", json!({"left": text(chance), "op": "EQUAL_TO", "right": text(chance)})),
        11 if depth < 2 => (
            "for_each_task",
            json!({"inputs": text(chance), "concurrency": 2, "task": task(chance, "inner", depth + 1)}),
        ),
        12 => (
            "dashboard_task",
            json!({"dashboard_id": "d-1", "warehouse_id": warehouse, "subscription": {"subscribers": [{"user_name": "me@x.com"}]}}),
        ),
        13 => {
            ("alert_task", json!({"alert_id": "a-1", "warehouse_id": warehouse, "workspace_path": chance.one(&FILES)}))
        }
        14 => (
            "clean_rooms_notebook_task",
            json!({"clean_room_name": "r", "notebook_name": text(chance), "notebook_base_parameters": {"a": text(chance)}}),
        ),
        15 => ("dbt_platform_task", json!({"connection_resource_name": "c", "dbt_platform_job_id": "1"})),
        16 => (
            "gen_ai_compute_task",
            json!({"dl_runtime_image": "img", "command": text(chance), "compute": {"num_gpus": 8, "gpu_type": "h100"}}),
        ),
        17 => (
            "ai_runtime_task",
            json!({"experiment": "/Users/me@x.com/exp", "deployments": [{"command_path": chance.one(&FILES)}]}),
        ),
        18 => (
            "power_bi_task",
            json!({"connection_resource_name": "c", "warehouse_id": warehouse, "refresh_after_update": true, "tables": [{"catalog": "main", "schema": "sales", "name": "t"}]}),
        ),
        _ => (
            "python_operator_task",
            json!({"main": "a.b:c", "parameters": [{"name": "schema", "value": text(chance)}]}),
        ),
    }
}

fn task(chance: &mut Chance, key: &str, depth: usize) -> Value {
    let kind = chance.below(KINDS);
    let (field, of_kind) = work(chance, kind, depth);
    let mut task = json!({"task_key": key, field: of_kind});
    let fields = task.as_object_mut().unwrap();
    match chance.below(5) {
        0 => drop(fields.insert("new_cluster".to_owned(), cluster(chance))),
        1 => drop(fields.insert("existing_cluster_id".to_owned(), json!(chance.one(&["c-1", "c-unknown"])))),
        2 => drop(fields.insert("job_cluster_key".to_owned(), json!("shared"))),
        3 => drop(fields.insert("environment_key".to_owned(), json!("env"))),
        _ => {}
    }
    for (name, value) in [
        ("run_if", json!(chance.one(&["ALL_SUCCESS", "ALL_DONE", "AT_LEAST_ONE_FAILED"]))),
        ("timeout_seconds", json!(chance.below(2) * 60)),
        ("max_retries", json!(chance.below(3))),
        ("disabled", json!(true)),
        ("retry_on_timeout", json!(false)),
        ("min_retry_interval_millis", json!(0)),
        ("email_notifications", json!({})),
        ("description", text(chance)),
        ("webhook_notifications", json!({"on_failure": [{"id": "n-1"}]})),
        ("extra", json!(null)),
        (
            "libraries",
            json!([{"whl": chance.one(&LIBRARIES)}, {"pypi": {"package": text(chance)}}, {"jar": chance.one(&LIBRARIES)}]),
        ),
        (
            "libraries",
            json!([{"requirements": "/Workspace/Shared/requirements.txt"}, {"maven": {"coordinates": "a:b:1", "exclusions": ["c:d"]}}]),
        ),
        ("health", json!({"rules": [{"metric": "RUN_DURATION_SECONDS", "op": "GREATER_THAN", "value": 10}]})),
    ] {
        if chance.once_in(4) {
            fields.insert(name.to_owned(), value);
        }
    }
    task
}

/// Settings of a job as `jobs/get` gives them.
pub(super) fn job(chance: &mut Chance) -> Map<String, Value> {
    let mut job = Map::from_iter([("name".to_owned(), json!(format!("{} {}", word(chance), chance.one(&TEXTS))))]);
    let mut tasks: Vec<Value> = Vec::new();
    for i in 0..chance.below(7) {
        let key = format!("{}_{i}", crate::key(word(chance)));
        let mut task = task(chance, &key, 0);
        if i > 0 && chance.once_in(2) {
            let before = tasks[chance.below(i)]["task_key"].clone();
            task["depends_on"] = json!([{"task_key": before, "outcome": "true"}]);
        }
        tasks.push(task);
    }
    job.insert("tasks".to_owned(), Value::Array(tasks));
    let when = match chance.below(7) {
        0 => ("schedule", json!({"quartz_cron_expression": "0 0 2 * * ?", "timezone_id": "Europe/Rome"})),
        1 => (
            "schedule",
            json!({"quartz_cron_expression": "0 30 1 ? * 2-6", "timezone_id": "UTC", "pause_status": "UNPAUSED"}),
        ),
        2 => (
            "trigger",
            json!({"pause_status": "UNPAUSED", "file_arrival": {"url": "/Volumes/a/b/c/", "min_time_between_triggers_seconds": 60}}),
        ),
        3 => (
            "trigger",
            json!({"pause_status": "PAUSED", "table_update": {"table_names": ["main.a.b"], "condition": "ANY_UPDATED"}}),
        ),
        4 => ("trigger", json!({"periodic": {"interval": 1, "unit": "DAYS"}})),
        5 => ("continuous", json!({"pause_status": "UNPAUSED"})),
        _ => ("schedule", Value::Null),
    };
    let mut parameters = Vec::new();
    for name in ["catalog", "schema", "day", "db_password", "on"] {
        if chance.once_in(2) {
            let default = if chance.once_in(2) { json!("main") } else { text(chance) };
            parameters.push(json!({ "name": name, "default": default }));
        }
    }
    for (name, value) in [
        when,
        ("description", text(chance)),
        ("parameters", json!(parameters)),
        ("tags", tags(chance)),
        ("format", json!("MULTI_TASK")),
        ("max_concurrent_runs", json!(1 + chance.below(3))),
        ("timeout_seconds", json!(chance.below(2) * 3600)),
        ("queue", json!({"enabled": chance.once_in(2)})),
        ("email_notifications", json!({"on_failure": ["me@x.com"], "no_alert_for_skipped_runs": false})),
        ("webhook_notifications", json!({"on_start": [{"id": "n-1"}, {"id": "n-2"}]})),
        ("notification_settings", json!({"no_alert_for_canceled_runs": true})),
        ("edit_mode", json!("EDITABLE")),
        ("deployment", json!({"kind": "BUNDLE", "metadata_file_path": "/x"})),
        ("performance_target", json!("STANDARD")),
        ("budget_policy_id", json!("b-1")),
        ("run_as", json!({"service_principal_name": "sp-1"})),
        ("run_as", json!({"user_name": "me@x.com"})),
        (
            "job_clusters",
            json!([{"job_cluster_key": "shared", "new_cluster": cluster(chance)}, {"job_cluster_key": "other", "new_cluster": cluster(chance)}]),
        ),
        (
            "environments",
            json!([{"environment_key": "env", "spec": {"client": "2", "dependencies": ["pandas==2.2", chance.one(&LIBRARIES), text(chance)]}}]),
        ),
        ("health", json!({"rules": [{"metric": "RUN_DURATION_SECONDS", "op": "GREATER_THAN", "value": 7200}]})),
    ] {
        if chance.once_in(2) {
            job.insert(name.to_owned(), value);
        }
    }
    if chance.once_in(8) {
        let git = json!({"git_url": "https://github.com/a/b", "git_provider": "gitHub", "git_branch": "main", "git_snapshot": {"used_commit": "c"}});
        job.insert("git_source".to_owned(), git);
    }
    job
}
