//! Bundles of folders of notebooks.

use serde_json::{Value, json};

use super::reader::yaml;
use crate::*;

fn path(text: &str) -> WorkspacePath {
    WorkspacePath::parse(text).unwrap()
}

/// A folder of notebooks in Python with these facts.
fn folder(notebooks: Vec<(&str, Facts)>) -> Source {
    let mut source = Source::new(BundleName::of("sales"));
    for (at, facts) in notebooks {
        let object = match at.rsplit_once('.') {
            Some(_) => Object::File,
            None => Object::Notebook { language: Language::Python, stored: Stored::Source },
        };
        source.objects.insert(path(at), object);
        source.notebooks.push(Notebook { path: path(at), facts });
    }
    source
}

/// A folder with all that a folder may hold.
pub(super) fn whole() -> Source {
    let load =
        Facts { widgets: vec![widget("catalog", Some("main")), widget("day", None)], ..tables(&[], &["main.s.raw"]) };
    let rdd = Facts { needs_cluster: texts(&["it uses RDDs"]), ..tables(&["main.s.raw"], &["main.s.clean"]) };
    let mut source = folder(vec![
        ("/Users/me/etl/load", load),
        ("/Users/me/etl/b/clean", rdd),
        ("/Users/me/etl/flow", Facts { pipeline: true, ..tables(&["main.s.clean"], &["main.s.gold"]) }),
        ("/Users/me/etl/publish", tables(&["main.s.gold"], &[])),
        ("/Users/me/etl/listen", Facts { endless: true, ..Facts::default() }),
        ("/Users/me/etl/main.py", Facts { requirements: texts(&["requests==2.32"]), ..Facts::default() }),
        ("/Users/me/etl/q.sql", Facts::default()),
    ]);
    source.warehouse = Some("w-1".to_owned());
    source.names.insert((Named::Warehouse, "w-1".to_owned()), "Starter".to_owned());
    source.deployer = Some(Principal::User("me@x.com".to_owned()));
    source
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn tables(reads: &[&str], writes: &[&str]) -> Facts {
    Facts { reads: texts(reads), writes: texts(writes), ..Facts::default() }
}

fn widget(name: &str, default: Option<&str>) -> Widget {
    Widget { name: name.to_owned(), default: default.map(str::to_owned) }
}

fn resource(plan: &Plan, file: &str) -> Value {
    let found = plan.files.iter().find(|text| text.path == format!("resources/{file}.yml"));
    let names: Vec<_> = plan.files.iter().map(|file| &file.path).collect();
    let read = yaml(found.unwrap_or_else(|| panic!("{file} is none of {names:?}")));
    let kind = read["resources"].as_object().unwrap().values().next().unwrap().clone();
    kind.as_object().unwrap().values().next().unwrap().clone()
}

#[track_caller]
fn says(plan: &Plan, about: &str, text: &str) {
    let found = plan.notes.iter().any(|note| note.about == about && note.text.contains(text));
    assert!(found, "{about}: {text} is none of {:#?}", plan.notes);
}

#[test]
fn tables_give_the_order_and_the_reason() {
    let load =
        Facts { widgets: vec![widget("catalog", Some("main")), widget("day", None)], ..tables(&[], &["main.s.raw"]) };
    let plan = plan(&folder(vec![
        ("/Users/me/etl/a_report", tables(&["main.s.clean"], &[])),
        ("/Users/me/etl/b/clean", tables(&["main.s.raw"], &["main.s.clean"])),
        ("/Users/me/etl/load", load),
    ]));
    let file = plan.files.iter().find(|file| file.path == "resources/sales.job.yml").unwrap();
    let expected = "# The job \"sales\".
resources:
  jobs:
    sales:
      name: sales
      tasks:
        - task_key: load
          notebook_task:
            notebook_path: ../src/load.py
        - task_key: clean
          depends_on:
            # reads main.s.raw, which load writes
            - task_key: load
          notebook_task:
            notebook_path: ../src/b/clean.py
        - task_key: a_report
          depends_on:
            # reads main.s.clean, which clean writes
            - task_key: clean
          notebook_task:
            notebook_path: ../src/a_report.py
      parameters:
        - name: catalog
          default: ${var.catalog}
        - name: day
          default: \"\"
";
    assert_eq!(file.text, expected);
    says(&plan, "parameter day", "has no default");
}

#[test]
fn pipeline_code_becomes_a_pipeline_that_the_job_runs() {
    let datasets = Facts { pipeline: true, ..tables(&["main.s.raw"], &["main.s.gold"]) };
    let plan = plan(&folder(vec![
        ("/p/dlt", datasets),
        ("/p/load", tables(&[], &["main.s.raw"])),
        ("/p/publish", tables(&["main.s.gold"], &[])),
    ]));
    let job = resource(&plan, "sales.job");
    let order: Vec<_> =
        job["tasks"].as_array().unwrap().iter().map(|task| task["task_key"].as_str().unwrap()).collect();
    assert_eq!(order, ["load", "pipeline", "publish"]);
    assert_eq!(job["tasks"][1]["pipeline_task"], json!({"pipeline_id": "${resources.pipelines.sales_pipeline.id}"}));
    let pipeline = resource(&plan, "sales_pipeline.pipeline");
    let expected = json!({"name": "sales_pipeline", "catalog": "${var.catalog}", "schema": "${var.schema}", "serverless": true,
        "libraries": [{"notebook": {"path": "../src/dlt.py"}}]});
    assert_eq!(pipeline, expected);
}

#[test]
fn what_serverless_cannot_run_gets_a_cluster() {
    let rdd = Facts {
        needs_cluster: texts(&["it uses RDDs"]),
        requirements: texts(&["great_expectations==0.18"]),
        ..Facts::default()
    };
    let mut source =
        folder(vec![("/p/a", rdd), ("/p/b", Facts { requirements: texts(&["cowsay"]), ..Facts::default() })]);
    source.objects.insert(path("/p/c"), Object::Notebook { language: Language::Scala, stored: Stored::Source });
    source.notebooks.push(Notebook { path: path("/p/c"), facts: Facts::default() });
    let plan = plan(&source);
    let job = resource(&plan, "sales.job");
    let keys: Vec<_> =
        job["tasks"].as_array().unwrap().iter().map(|task| task.get("job_cluster_key").cloned()).collect();
    assert_eq!(keys, [Some(json!("main")), None, Some(json!("main"))]);
    assert_eq!(job["tasks"][0]["libraries"], json!([{"pypi": {"package": "great_expectations==0.18"}}]));
    assert_eq!(job["job_clusters"][0]["new_cluster"]["autoscale"], json!({"min_workers": 1, "max_workers": 2}));
    says(&plan, "/p/a", "it uses RDDs");
    says(&plan, "/p/b", "%pip install cowsay");
}

#[test]
fn files_become_tasks_of_their_kind() {
    let mut source = folder(vec![
        ("/p/main.py", Facts { requirements: texts(&["requests==2.32"]), ..Facts::default() }),
        ("/p/q.sql", Facts::default()),
        ("/p/data.csv", Facts::default()),
    ]);
    let without = plan(&source);
    says(&without, "/p/q.sql", "needs a warehouse");
    says(&without, "/p/data.csv", "no task");
    source.warehouse = Some("w-1".to_owned());
    source.names.insert((Named::Warehouse, "w-1".to_owned()), "Starter".to_owned());
    let job = resource(&plan(&source), "sales.job");
    assert_eq!(
        job["tasks"],
        json!([
            {"task_key": "main", "environment_key": "default", "spark_python_task": {"python_file": "../src/main.py"}},
            {"task_key": "q", "sql_task": {"warehouse_id": "${var.warehouse_id}", "file": {"path": "../src/q.sql"}}},
        ])
    );
    assert_eq!(job["environments"][0]["spec"]["dependencies"], json!(["requests==2.32"]));
}

#[test]
fn notebooks_that_others_run_go_along_and_are_no_tasks() {
    let main = Facts { runs: vec![path("/p/lib/setup"), path("/p/gone")], ..Facts::default() };
    let mut source = folder(vec![("/p/main", main), ("/p/lib/setup", Facts::default())]);
    source.objects.insert(path("/p/gone"), Object::Left("it is not there".to_owned()));
    let plan = plan(&source);
    let to: Vec<_> = plan.fetches.iter().map(|fetch| fetch.to.as_str()).collect();
    assert_eq!(to, ["src/lib/setup.py", "src/main.py"]);
    assert_eq!(resource(&plan, "sales.job")["tasks"].as_array().unwrap().len(), 1);
    assert_eq!(plan.left[0].path, "/p/gone");
}

#[test]
fn task_values_name_the_task_that_sets_them() {
    let set = Facts { sets: texts(&["rows"]), ..Facts::default() };
    let get = Facts { gets: vec![("ingest".to_owned(), "rows".to_owned())], ..Facts::default() };
    let job = resource(&plan(&folder(vec![("/p/a_get", get), ("/p/z_set", set)])), "sales.job");
    assert_eq!(job["tasks"][0]["task_key"], "ingest");
    assert_eq!(job["tasks"][1]["depends_on"], json!([{"task_key": "ingest"}]));
}

#[test]
fn streams_that_do_not_end_are_jobs_of_their_own() {
    let plan =
        plan(&folder(vec![("/p/listen", Facts { endless: true, ..Facts::default() }), ("/p/a", Facts::default())]));
    assert_eq!(resource(&plan, "sales_listen.job")["continuous"], json!({}));
    assert_eq!(resource(&plan, "sales.job").get("continuous"), None);
}

#[test]
fn widgets_that_disagree_are_parameters_of_their_tasks() {
    let with = |default| Facts { widgets: vec![widget("mode", Some(default))], ..Facts::default() };
    let plan = plan(&folder(vec![("/p/a", with("full")), ("/p/b", with("delta"))]));
    let job = resource(&plan, "sales.job");
    assert_eq!(job.get("parameters"), None);
    assert_eq!(job["tasks"][1]["notebook_task"]["base_parameters"], json!({"mode": "delta"}));
    says(&plan, "parameter mode", "several defaults (delta, full)");
}

#[test]
fn nothing_usable_makes_no_resource() {
    let mut source = Source::new(BundleName::of("x"));
    source.objects.insert(path("/p/a"), Object::Left("you may not read it".to_owned()));
    for at in ["/p/a", "/p/unknown"] {
        source.notebooks.push(Notebook { path: path(at), facts: Facts::default() });
    }
    let plan = plan(&source);
    assert_eq!(plan.resources, []);
    says(&plan, "/p/a", "you may not read it");
}
