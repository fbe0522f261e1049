//! Faults on demand, and workspaces that are isolated from each other.

use std::time::{Duration, Instant};

use bricklayer_local_workspace::{Answer, Fault, Outcome, StartError, Workspace};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{ANN, BOB, Lab, config};

const ME: &str = "/api/2.0/preview/scim/v2/Me";

async fn lab() -> Lab {
    Lab::start_with(tempfile::tempdir().unwrap(), |config| config.faults = true).await
}

/// Adds a rule over HTTP; its identifier.
async fn add(lab: &Lab, rule: Value) -> u64 {
    let (status, answer) = lab.post("/_faults", rule).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer["id"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_answers_in_the_places_that_it_is_about() {
    let lab = lab().await;
    let slow_down = json!({"status": 429, "headers": {"retry-after": "1"},
        "error_code": "REQUEST_LIMIT_EXCEEDED", "message": "Slow down."});
    add(
        &lab,
        json!({"path": "/api/2.0/sql/**", "method": "GET", "user": "ann@example.com", "skip": 1, "times": 1,
        "outcome": {"answer": slow_down}}),
    )
    .await;
    let statuses = async |token: &str, path: &str| {
        let mut statuses = Vec::new();
        for _ in 0..3 {
            let response = lab.request(token, Method::GET, path).send().await.unwrap();
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            if status == 429 {
                assert_eq!(headers["retry-after"], "1");
                let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
                assert_eq!(body, json!({"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "Slow down."}));
            }
            statuses.push(status);
        }
        statuses
    };
    assert_eq!(statuses(BOB, "/api/2.0/sql/warehouses").await, [200, 200, 200], "another's are let be");
    assert_eq!(statuses(ANN, "/api/2.1/clusters/list").await, [200, 200, 200], "and other paths");
    assert_eq!(statuses(ANN, "/api/2.0/sql/warehouses").await, [200, 429, 200]);

    let page = json!({"status": 200, "headers": {"content-type": "text/html"}, "body": "<html>"});
    let id = add(&lab, json!({"path": ME, "delay_ms": 50, "outcome": {"answer": page}})).await;
    let began = Instant::now();
    let (status, body) = lab.call(Some(ANN), Method::GET, ME, None).await;
    assert_eq!((status, body), (StatusCode::OK, json!("<html>")));
    assert!(began.elapsed() >= Duration::from_millis(50));
    let rules = lab.get("/_faults").await;
    assert_eq!((&rules["rules"][0]["met"], &rules["rules"][1]["met"]), (&json!(1), &json!(1)), "{rules}");
    assert_eq!(lab.call(Some(ANN), Method::DELETE, &format!("/_faults/{id}"), None).await.0, StatusCode::OK);
    assert_eq!(lab.call(Some(ANN), Method::DELETE, &format!("/_faults/{id}"), None).await.0, StatusCode::NOT_FOUND);
    assert_eq!(lab.get(ME).await["userName"], "ann@example.com");
    add(&lab, json!({"path": ME, "outcome": "cut"})).await;
    assert_eq!(lab.call(Some(ANN), Method::DELETE, "/_faults", None).await.0, StatusCode::OK);
    assert_eq!(lab.get(ME).await["userName"], "ann@example.com");
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_cut_before_or_after_the_effect() {
    let lab = lab().await;
    let faults = lab.workspace.faults().unwrap();
    let schemas = "/api/2.1/unity-catalog/schemas";
    for (after, status) in [(false, StatusCode::NOT_FOUND), (true, StatusCode::OK)] {
        for (name, outcome) in [("cut", Outcome::Cut), ("lost", Outcome::Answer(Answer::error(503, "X", "gone")))] {
            let name = format!("{name}_{after}");
            let cut = outcome == Outcome::Cut;
            let id = faults.add(Fault { after, times: Some(1), ..Fault::at(schemas, outcome) }).unwrap();
            let body = json!({"name": name, "catalog_name": "main"}).to_string();
            let sent = lab.request(ANN, Method::POST, schemas).body(body).send().await;
            match sent {
                Ok(response) => assert!(!cut && response.status() == StatusCode::SERVICE_UNAVAILABLE, "{response:?}"),
                Err(error) => assert!(cut && error.is_request(), "{error:?}"),
            }
            let (found, _) = lab.call(Some(ANN), Method::GET, &format!("{schemas}/main.{name}"), None).await;
            assert_eq!(found, status, "{name}");
            let arrived = faults.requests(0);
            let met: Vec<_> = arrived.iter().filter(|arrived| arrived.fault == Some(id)).collect();
            assert_eq!((met.len(), met[0].status), (1, (!cut).then_some(503)), "{met:?}");
            assert!(faults.remove(id));
        }
    }
    lab.stop().await;
}

/// A large body is read before it is answered, so that its sender gets the answer and no broken connection.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_upload_meets_its_rule() {
    let lab = lab().await;
    let refused = Outcome::Answer(Answer::error(403, "PERMISSION_DENIED", "no"));
    lab.workspace.faults().unwrap().add(Fault::at("/api/2.0/fs/files/**", refused)).unwrap();
    let request = lab.request(ANN, Method::PUT, "/api/2.0/fs/files/Volumes/main/default/v/large");
    let response = request.body(vec![0_u8; 16 << 20]).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_recorded_with_their_users() {
    let lab = lab().await;
    lab.call(Some(ANN), Method::DELETE, "/_faults/requests", None).await;
    lab.get(ME).await;
    lab.call(Some(BOB), Method::POST, "/api/2.2/jobs/get?job_id=1", None).await;
    lab.call(Some("nobody's"), Method::GET, ME, None).await;
    lab.call(None, Method::GET, "/.well-known/databricks-config", None).await;
    let seen = lab.get("/_faults/requests").await;
    let seen = seen["requests"].as_array().unwrap();
    let shown: Vec<_> = seen.iter().map(|r| json!([r["method"], r["path"], r["user"], r["status"]])).collect();
    assert_eq!(
        shown,
        [
            json!(["GET", ME, "ann@example.com", 200]),
            json!(["POST", "/api/2.2/jobs/get", "bob@example.com", 404]),
            json!(["GET", "/.well-known/databricks-config", null, 200]),
        ]
    );
    let last = seen.last().unwrap()["number"].as_u64().unwrap();
    lab.get(ME).await;
    let later = lab.get(&format!("/_faults/requests?after={last}")).await;
    assert_eq!(later["requests"].as_array().unwrap().len(), 1, "{later}");
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_rule_is_refused() {
    let lab = lab().await;
    for (rule, says) in [
        (json!({}), "path"),
        (json!({"path": "api"}), "must begin with '/'"),
        (json!({"path": "/x", "outcome": "explode"}), "explode"),
        (json!({"path": "/x", "outcome": {"answer": {"status": 7}}}), "status 7"),
        (json!({"path": "/x", "often": 3}), "often"),
        (json!({"path": "/x", "skip": -1}), "-1"),
        (json!([]), "Fault"),
    ] {
        let (status, answer) = lab.post("/_faults", rule.clone()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{rule}: {answer}");
        assert!(answer["message"].as_str().unwrap().contains(says), "{rule}: {answer}");
    }
    let stranger = json!({"path": "/**", "outcome": "cut"});
    assert_eq!(lab.call(None, Method::POST, "/_faults", Some(stranger.clone())).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(lab.call(Some("x"), Method::POST, "/_faults", Some(stranger)).await.0, StatusCode::FORBIDDEN);
    assert_eq!(lab.get("/_faults").await["rules"], json!([]));
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_switch_there_are_no_faults() {
    let lab = Lab::start().await;
    assert!(lab.workspace.faults().is_none());
    for (method, path) in
        [(Method::POST, "/_faults"), (Method::GET, "/_faults/requests"), (Method::DELETE, "/_faults/1")]
    {
        let (status, answer) = lab.call(Some(ANN), method, path, Some(json!({"path": "/**", "outcome": "cut"}))).await;
        assert_eq!((status, &answer["error_code"]), (StatusCode::NOT_FOUND, &json!("FEATURE_DISABLED")), "{path}");
    }
    assert_eq!(lab.call(None, Method::GET, "/_faults", None).await.0, StatusCode::UNAUTHORIZED);
    lab.stop().await;
}

#[tokio::test]
async fn what_is_for_tests_is_for_this_machine_only() {
    let folder = tempfile::tempdir().unwrap();
    for (faults, isolated) in [(true, false), (false, true)] {
        let mut config = config(folder.path());
        (config.faults, config.isolated, config.listen) = (faults, isolated, ([0, 0, 0, 0], 0).into());
        let refused = Workspace::start(config).await.unwrap_err();
        assert!(matches!(refused, StartError::TestsOnly(_)), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn isolated_workspaces_share_nothing() {
    const MOST: usize = 5;
    let folder = tempfile::tempdir().unwrap();
    let change = |config: &mut bricklayer_local_workspace::Config| {
        (config.faults, config.isolated, config.isolated_most) = (true, true, MOST);
    };
    let lab = Lab::start_with(folder, change).await;
    assert!(lab.workspace.faults().is_none(), "each has its own");
    // Warehouses are seen by all users of a workspace.
    let warehouses = "/api/2.0/sql/warehouses";
    let make = async |token: &str, name: &str| {
        let body = json!({"name": name, "cluster_size": "2X-Small", "max_num_clusters": 1, "auto_stop_mins": 10});
        lab.call(Some(token), Method::POST, warehouses, Some(body)).await.0
    };
    let names = async |lab: &Lab, token: &str| {
        let (status, answer) = lab.call(Some(token), Method::GET, warehouses, None).await;
        assert_eq!(status, StatusCode::OK, "{token}: {answer}");
        let all = answer["warehouses"].as_array().unwrap().iter();
        let names = all.map(|one| one["name"].as_str().unwrap().to_owned()).filter(|name| name != "Local Warehouse");
        names.collect::<Vec<_>>()
    };
    let (ann_1, bob_1, ann_2) = (format!("{ANN}:one"), format!("{BOB}:one"), format!("{ANN}:two"));
    assert_eq!(make(ANN, "own").await, StatusCode::OK);
    assert_eq!(make(&ann_1, "first").await, StatusCode::OK);
    assert_eq!(make(&ann_2, "second").await, StatusCode::OK);
    assert_eq!(names(&lab, ANN).await, ["own"]);
    assert_eq!(names(&lab, BOB).await, Vec::<String>::new());
    assert_eq!(names(&lab, &ann_1).await, ["first"]);
    assert_eq!(names(&lab, &bob_1).await, ["first"], "who names it shares it");
    assert_eq!(names(&lab, &ann_2).await, ["second"]);
    let me = lab.call(Some(&bob_1), Method::GET, ME, None).await.1;
    assert_eq!(me["userName"], "bob@example.com");

    // Rules and records are each one's own.
    let cut = json!({"path": ME, "outcome": {"answer": {"status": 418}}});
    assert_eq!(lab.call(Some(&ann_1), Method::POST, "/_faults", Some(cut)).await.0, StatusCode::OK);
    assert_eq!(lab.call(Some(&bob_1), Method::GET, ME, None).await.0, StatusCode::IM_A_TEAPOT);
    assert_eq!(lab.call(Some(&ann_2), Method::GET, ME, None).await.0, StatusCode::OK);
    let seen = lab.call(Some(BOB), Method::GET, "/_faults/requests", None).await.1;
    assert!(seen["requests"].as_array().unwrap().iter().all(|r| r["user"] == "bob@example.com"), "{seen}");

    // Links that need no token lead back to their workspace.
    let listed = lab.call(Some(&ann_2), Method::GET, warehouses, None).await.1;
    let body = json!({"statement": "SELECT 7", "warehouse_id": listed["warehouses"][0]["id"],
        "disposition": "EXTERNAL_LINKS"});
    let answer = lab.call(Some(&ann_2), Method::POST, "/api/2.0/sql/statements", Some(body)).await.1;
    let link = answer["result"]["external_links"][0]["external_link"].as_str().unwrap();
    let link = link.strip_prefix(&lab.url("")).unwrap();
    assert_eq!(lab.call(None, Method::GET, link, None).await.1, json!([["7"]]));
    let elsewhere = link.replace(link.split('/').nth(2).unwrap(), &"0".repeat(32));
    assert_eq!(lab.call(None, Method::GET, &elsewhere, None).await.0, StatusCode::UNAUTHORIZED);

    // Strangers come in nowhere, and there is an end to it.
    assert_eq!(lab.call(Some("x:one"), Method::GET, ME, None).await.0, StatusCode::FORBIDDEN);
    assert_eq!(lab.call(Some(&format!("{ANN}:../one")), Method::GET, ME, None).await.0, StatusCode::FORBIDDEN);
    assert_eq!(lab.call(None, Method::GET, ME, None).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(names(&lab, &format!("{ANN}:three")).await, Vec::<String>::new());
    let (status, answer) = lab.call(Some(&format!("{ANN}:four")), Method::GET, ME, None).await;
    assert_eq!((status, &answer["error_code"]), (StatusCode::BAD_REQUEST, &json!("QUOTA_EXCEEDED")), "{answer}");

    // They are there again after a restart.
    let folder = lab.stop().await;
    let lab = Lab::start_with(folder, change).await;
    assert_eq!(names(&lab, &bob_1).await, ["first"]);
    lab.stop().await;
}
