//! What tests do with jobs and runs: make them, look until they are as wanted, read what came of them.

use std::{collections::BTreeMap, time::Duration};

use base64::Engine as _;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::Lab;

/// Longest that a run of a test may take; far above what any takes.
pub(crate) const LOOKS: usize = 6_000;

/// A query that runs until it is ended.
pub(crate) const ENDLESS: &str =
    "SELECT count(*) FROM range(1000000000) a CROSS JOIN range(1000000000) b WHERE a.id + b.id = -1";

impl Lab {
    /// Saves a query; its id.
    pub(crate) async fn query(&self, text: &str) -> String {
        let (status, saved) = self.post("/api/2.0/sql/queries", json!({"query": {"query_text": text}})).await;
        assert_eq!(status, StatusCode::OK, "{saved}");
        saved["id"].as_str().unwrap().to_owned()
    }

    /// A task that runs a saved query, with further fields.
    pub(crate) async fn sql_task(&self, key: &str, text: &str, more: Value) -> Value {
        let query_id = self.query(text).await;
        let mut task = json!({
            "task_key": key, "sql_task": {"warehouse_id": self.warehouse, "query": {"query_id": query_id}},
        });
        task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        task
    }

    /// Puts a file, or a notebook where the text says that it is one, into the user's home.
    pub(crate) async fn import(&self, name: &str, text: &str) {
        let path = format!("/Users/ann@example.com/{name}");
        let content = base64::engine::general_purpose::STANDARD.encode(text);
        let body = json!({"path": path, "format": "AUTO", "content": content, "overwrite": true});
        let (status, answer) = self.post("/api/2.0/workspace/import", body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    }

    pub(crate) async fn output(&self, task: &Value) -> Value {
        self.get(&format!("/api/2.2/jobs/runs/get-output?run_id={}", task["run_id"])).await
    }

    pub(crate) async fn create_job(&self, settings: Value) -> i64 {
        let (status, created) = self.post("/api/2.2/jobs/create", settings).await;
        assert_eq!(status, StatusCode::OK, "{created}");
        created["job_id"].as_i64().unwrap()
    }

    pub(crate) async fn run_now(&self, job: i64, more: Value) -> i64 {
        let mut body = json!({"job_id": job});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (status, begun) = self.post("/api/2.2/jobs/run-now", body).await;
        assert_eq!(status, StatusCode::OK, "{begun}");
        begun["run_id"].as_i64().unwrap()
    }

    pub(crate) async fn get_run(&self, run: i64) -> Value {
        self.get(&format!("/api/2.2/jobs/runs/get?run_id={run}")).await
    }

    /// Looks at a run until it is as wanted.
    pub(crate) async fn run_until(&self, run: i64, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut seen = Value::Null;
        for _ in 0..LOOKS {
            seen = self.get_run(run).await;
            if wanted(&seen) {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the run did not come so far: {seen:#}");
    }

    pub(crate) async fn ended(&self, run: i64) -> Value {
        self.run_until(run, |run| !run["state"]["result_state"].is_null()).await
    }

    pub(crate) async fn run_of(&self, tasks: Value) -> Value {
        let (status, begun) = self.post("/api/2.2/jobs/runs/submit", json!({"tasks": tasks})).await;
        assert_eq!(status, StatusCode::OK, "{begun}");
        self.ended(begun["run_id"].as_i64().unwrap()).await
    }

    pub(crate) async fn refused(&self, path: &str, body: Value, status: u16, says: &str) {
        let (got, answer) = self.post(path, body.clone()).await;
        assert_eq!(got.as_u16(), status, "{body}: {answer}");
        assert!(answer["message"].as_str().unwrap().contains(says), "{body}: {answer}");
    }
}

/// The newest attempt at each task.
pub(crate) fn tasks_of(run: &Value) -> BTreeMap<String, Value> {
    let tasks = run["tasks"].as_array().unwrap().iter();
    tasks.map(|task| (task["task_key"].as_str().unwrap().to_owned(), task.clone())).collect()
}

/// What became of each task.
pub(crate) fn results(run: &Value) -> BTreeMap<String, String> {
    tasks_of(run)
        .into_iter()
        .map(|(key, task)| (key, task["state"]["result_state"].as_str().unwrap().to_owned()))
        .collect()
}

pub(crate) fn is(expected: &[(&str, &str)]) -> BTreeMap<String, String> {
    expected.iter().map(|(key, result)| ((*key).to_owned(), (*result).to_owned())).collect()
}
