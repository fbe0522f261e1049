//! Clusters, execution contexts and commands.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{BOB, Lab};

const CLUSTERS: &str = "/api/2.1/clusters";

/// A cluster's state once it is this one.
async fn comes_to(lab: &Lab, id: &str, state: &str) -> Value {
    for _ in 0..1_000 {
        let cluster = lab.get(&format!("{CLUSTERS}/get?cluster_id={id}")).await;
        if cluster["state"] == state {
            return cluster;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the cluster {id} does not come to {state}");
}

async fn made(lab: &Lab, spec: Value) -> String {
    let (status, answer) = lab.post(&format!("{CLUSTERS}/create"), spec).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer["cluster_id"].as_str().unwrap().to_owned()
}

fn spec(name: &str) -> Value {
    json!({
        "cluster_name": name, "spark_version": "16.4.x-scala2.12", "node_type_id": "i3.xlarge", "num_workers": 2,
        "custom_tags": {"team": "data"}, "spark_conf": {"a": "b"}, "init_scripts": [{"workspace": {"destination": "/x"}}],
    })
}

/// The first cluster, which a fresh workspace has, once it runs.
async fn first(lab: &Lab) -> String {
    let listed = lab.get(&format!("{CLUSTERS}/list")).await;
    let id = listed["clusters"][0]["cluster_id"].as_str().unwrap().to_owned();
    comes_to(lab, &id, "RUNNING").await;
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_lives_and_outlives_a_restart() {
    let lab = Lab::start().await;
    let id = made(&lab, spec("mine")).await;
    let act = async |lab: &Lab, action: &str, body: Value| lab.post(&format!("{CLUSTERS}/{action}"), body).await;
    let cluster = comes_to(&lab, &id, "RUNNING").await;
    assert_eq!(
        (cluster["creator_user_name"].as_str(), cluster["driver_node_type_id"].as_str()),
        (Some("ann@example.com"), Some("i3.xlarge"))
    );
    assert_eq!(cluster["spark_conf"], json!({"a": "b"}));
    let one = json!({"cluster_id": id});
    let (status, answer) = act(&lab, "start", one.clone()).await;
    assert_eq!((status.as_u16(), answer["error_code"].as_str()), (400, Some("INVALID_STATE")), "{answer}");
    assert_eq!(act(&lab, "restart", one.clone()).await.0, StatusCode::OK);
    comes_to(&lab, &id, "RUNNING").await;
    assert_eq!(act(&lab, "resize", json!({"cluster_id": id, "num_workers": 5})).await.0, StatusCode::OK);
    assert_eq!(comes_to(&lab, &id, "RUNNING").await["num_workers"], 5);
    let mut edited = spec("renamed");
    edited["cluster_id"] = id.clone().into();
    assert_eq!(act(&lab, "edit", edited).await.0, StatusCode::OK);
    assert_eq!(comes_to(&lab, &id, "RUNNING").await["cluster_name"], "renamed");
    let update =
        json!({"cluster_id": id, "update_mask": "autotermination_minutes", "cluster": {"autotermination_minutes": 30}});
    assert_eq!(act(&lab, "update", update).await.0, StatusCode::OK);
    let cluster = comes_to(&lab, &id, "RUNNING").await;
    assert_eq!(
        (cluster["autotermination_minutes"].as_i64(), &cluster["custom_tags"]),
        (Some(30), &json!({"team": "data"}))
    );
    for _ in 0..2 {
        assert_eq!(act(&lab, "delete", one.clone()).await.0, StatusCode::OK);
    }
    let ended = comes_to(&lab, &id, "TERMINATED").await;
    assert_eq!(ended["termination_reason"]["code"], "USER_REQUEST");
    let (_, answer) = act(&lab, "resize", json!({"cluster_id": id, "num_workers": 1})).await;
    assert_eq!(answer["error_code"], "INVALID_STATE");
    let (_, events) = act(&lab, "events", json!({"cluster_id": id, "limit": 2, "order": "ASC"})).await;
    assert_eq!(
        (events["events"][0]["type"].as_str(), events["next_page"]["offset"].as_i64()),
        (Some("CREATING"), Some(2))
    );
    let lab = Lab::start_in(lab.stop().await).await;
    assert_eq!(comes_to(&lab, &id, "TERMINATED").await["cluster_name"], "renamed");
    assert_eq!(act(&lab, "start", one.clone()).await.0, StatusCode::OK);
    comes_to(&lab, &id, "RUNNING").await;
    assert_eq!(act(&lab, "permanent-delete", one).await.0, StatusCode::OK);
    let (status, answer) = lab.call(Some(BOB), Method::GET, &format!("{CLUSTERS}/get?cluster_id={id}"), None).await;
    assert_eq!(
        (status.as_u16(), answer["message"].as_str()),
        (400, Some(format!("Cluster {id} does not exist").as_str()))
    );
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clusters_are_listed_by_page_and_filter_and_refused_by_field() {
    let lab = Lab::start().await;
    for n in 0..4 {
        made(&lab, spec(&format!("c{n}"))).await;
    }
    let (mut token, mut names) = (String::new(), Vec::new());
    loop {
        let page = lab.get(&format!("{CLUSTERS}/list?page_size=2&sort_by.field=CLUSTER_NAME&page_token={token}")).await;
        names.extend(
            page["clusters"].as_array().unwrap().iter().map(|c| c["cluster_name"].as_str().unwrap().to_owned()),
        );
        match page["next_page_token"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(names, ["c0", "c1", "c2", "c3", "Shared Local Cluster"]);
    first(&lab).await;
    let running = lab.get("/api/2.0/clusters/list?filter_by.cluster_states=RUNNING&filter_by.cluster_states=PENDING&filter_by.cluster_sources=UI&filter_by.cluster_sources=API").await;
    assert_eq!(running["clusters"].as_array().unwrap().len(), 5);
    assert_eq!(lab.get(&format!("{CLUSTERS}/list?filter_by.cluster_states=TERMINATED")).await["clusters"], json!([]));
    assert!(!lab.get(&format!("{CLUSTERS}/list-node-types")).await["node_types"].as_array().unwrap().is_empty());
    assert!(lab.get(&format!("{CLUSTERS}/spark-versions")).await["versions"].as_array().unwrap().len() > 3);
    for (field, value, said) in [
        ("spark_version", json!(""), "spark_version"),
        ("spark_version", json!("1.0"), "Invalid spark version 1.0."),
        ("node_type_id", json!("huge"), "Node type huge is not supported."),
        ("num_workers", json!(-1), "num_workers"),
        ("num_workers", json!("two"), "num_workers"),
        ("autoscale", json!({"min_workers": 1, "max_workers": 2}), "Only one of num_workers and autoscale"),
        ("autotermination_minutes", json!(5), "between 10 and 10000"),
    ] {
        let mut wrong = spec("wrong");
        wrong[field] = value;
        let (status, answer) = lab.post(&format!("{CLUSTERS}/create"), wrong).await;
        assert_eq!((status.as_u16(), answer["error_code"].as_str()), (400, Some("INVALID_PARAMETER_VALUE")), "{field}");
        assert!(answer["message"].as_str().unwrap().contains(said), "{field}: {answer}");
    }
    lab.stop().await;
}

/// A context for commands.
pub(crate) struct Repl<'a> {
    lab: &'a Lab,
    cluster: String,
    id: String,
}

impl<'a> Repl<'a> {
    pub(crate) async fn open(lab: &'a Lab, language: &str) -> Self {
        let cluster = first(lab).await;
        let body = json!({"clusterId": cluster, "language": language});
        let (status, answer) = lab.post("/api/1.2/contexts/create", body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        Self { lab, cluster, id: answer["id"].as_str().unwrap().to_owned() }
    }

    fn body(&self, more: Value) -> Value {
        let mut body = json!({"clusterId": self.cluster, "contextId": self.id});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    }

    async fn start(&self, language: &str, command: &str) -> String {
        let body = self.body(json!({"language": language, "command": command}));
        let (status, answer) = self.lab.post("/api/1.2/commands/execute", body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
    }

    fn status_path(&self, command: &str) -> String {
        format!("/api/1.2/commands/status?clusterId={}&contextId={}&commandId={command}", self.cluster, self.id)
    }

    async fn end(&self, command: &str) -> Value {
        for _ in 0..6_000 {
            let answer = self.lab.get(&self.status_path(command)).await;
            if matches!(answer["status"].as_str().unwrap(), "Finished" | "Error" | "Cancelled") {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the command does not end");
    }

    pub(crate) async fn run(&self, language: &str, command: &str) -> Value {
        let id = self.start(language, command).await;
        let answer = self.end(&id).await;
        assert_eq!(answer["status"], "Finished", "{command}: {answer}");
        answer["results"].clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_keep_their_variables_and_tell_their_results_apart() {
    let lab = Lab::start().await;
    let repl = Repl::open(&lab, "python").await;
    assert_eq!(repl.run("python", "x = 20\nprint('hello')").await, json!({"resultType": "text", "data": "hello"}));
    assert_eq!(repl.run("python", "x = 1").await, json!({"resultType": "text", "data": ""}));
    let failed = repl.run("python", "x = 21\nraise ValueError('boom')").await;
    assert_eq!((failed["resultType"].as_str(), failed["summary"].as_str()), (Some("error"), Some("ValueError: boom")));
    assert!(failed["cause"].as_str().unwrap().contains("line 2"), "{failed}");
    assert_eq!(repl.run("python", "x * 2").await["data"], "42");
    let table = repl.run("python", "display(spark.sql('SELECT CAST(9007199254740993 AS BIGINT) AS n, CAST(1.50 AS DECIMAL(5,2)) AS d, NULL AS z'))").await;
    assert_eq!(
        (table["resultType"].as_str(), &table["data"]),
        (Some("table"), &json!([[9_007_199_254_740_993_i64, "1.50", null]]))
    );
    assert_eq!(table["schema"][0], json!({"name": "n", "type": "\"long\"", "metadata": "{}"}));
    let image = "class P:\n  def _repr_png_(self): return b'\\x89PNG'\ndisplay(P())";
    assert_eq!(
        repl.run("python", image).await,
        json!({"resultType": "image", "fileName": "data:image/png;base64,iVBORw=="})
    );
    repl.run("python", "spark.range(3).createOrReplaceTempView('few')").await;
    assert_eq!(repl.run("sql", "SELECT count(*) AS n FROM few").await["data"], json!([[3]]));

    let sql = Repl::open(&lab, "sql").await;
    sql.run("sql", "CREATE SCHEMA s; USE s; CREATE TABLE t AS SELECT 1 AS a").await;
    assert_eq!(sql.run("sql", "SELECT a FROM t").await["data"], json!([[1]]));
    assert!(sql.run("sql", "SELECT nosuch FROM t").await["summary"].as_str().unwrap().contains("UNRESOLVED_COLUMN"));
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_cancelled_and_belong_to_their_user() {
    let lab = Lab::start().await;
    let repl = Repl::open(&lab, "python").await;
    repl.run("python", "kept = 1").await;
    let running = repl.start("python", "import time\ntime.sleep(1000)").await;
    let waiting = repl.start("python", "print('never')").await;
    for id in [&waiting, &running] {
        let (status, _) = lab.post("/api/1.2/commands/cancel", repl.body(json!({"commandId": id}))).await;
        assert_eq!(status, StatusCode::OK);
    }
    for id in [&running, &waiting] {
        let ended = repl.end(id).await;
        assert_eq!(
            (ended["status"].as_str(), ended["results"]["resultType"].as_str()),
            (Some("Cancelled"), Some("error"))
        );
    }
    assert_eq!(repl.run("python", "kept").await["data"], "1", "an interrupt leaves the variables");
    let died = repl.start("python", "import os\nos._exit(3)").await;
    let died = repl.end(&died).await;
    assert_eq!(died["status"], "Error");
    assert!(died["results"]["summary"].as_str().unwrap().contains("variables of this context are lost"), "{died}");
    assert_eq!(repl.run("python", "'kept' in dir()").await["data"], "False");

    let (status, answer) = lab.call(Some(BOB), Method::GET, &repl.status_path(&running), None).await;
    assert_eq!(status.as_u16(), 400);
    assert!(answer["error"].as_str().unwrap().starts_with("ContextNotFound"), "{answer}");
    for (language, said) in
        [("scala", "does not support the language scala"), ("r", "language r"), ("cobol", "Unknown language")]
    {
        let (status, answer) =
            lab.post("/api/1.2/contexts/create", json!({"clusterId": repl.cluster, "language": language})).await;
        assert_eq!(status.as_u16(), 400);
        assert!(answer["message"].as_str().unwrap().contains(said), "{answer}");
    }
    let (status, _) = lab.post("/api/1.2/contexts/destroy", repl.body(json!({}))).await;
    assert_eq!(status, StatusCode::OK);
    let (status, answer) =
        lab.post("/api/1.2/commands/execute", repl.body(json!({"language": "python", "command": "1"}))).await;
    assert_eq!(
        (status.as_u16(), answer["error"].as_str().map(|said| said.starts_with("ContextNotFound"))),
        (400, Some(true))
    );

    let mut own = spec("own");
    own["data_security_mode"] = "SINGLE_USER".into();
    let own = made(&lab, own).await;
    comes_to(&lab, &own, "RUNNING").await;
    let body = json!({"clusterId": own, "language": "sql"});
    let (status, answer) = lab.call(Some(BOB), Method::POST, "/api/1.2/contexts/create", Some(body.clone())).await;
    assert_eq!((status.as_u16(), answer["error_code"].as_str()), (403, Some("PERMISSION_DENIED")), "{answer}");
    lab.post(&format!("{CLUSTERS}/delete"), json!({"cluster_id": own})).await;
    let (status, answer) = lab.post("/api/1.2/contexts/create", body).await;
    assert_eq!((status.as_u16(), answer["error_code"].as_str()), (400, Some("INVALID_STATE")), "{answer}");
    lab.stop().await;
}

/// Where interpreters run out, the context that did nothing for longest makes room, and whoever comes back is told.
#[tokio::test(flavor = "multi_thread")]
async fn idle_contexts_make_room_for_new_ones() {
    let lab = Lab::start().await;
    let mut repls = Vec::new();
    for n in 0..9 {
        let repl = Repl::open(&lab, "python").await;
        assert_eq!(repl.run("python", &format!("n = {n}\nn")).await["data"], n.to_string());
        repls.push(repl);
    }
    let body = repls[0].body(json!({"language": "python", "command": "n"}));
    let (status, answer) = lab.post("/api/1.2/commands/execute", body).await;
    assert_eq!(status.as_u16(), 400);
    assert!(answer["error"].as_str().unwrap().starts_with("ContextNotFound"), "{answer}");
    assert_eq!(repls[1].run("python", "n").await["data"], "1");
    lab.stop().await;
}
