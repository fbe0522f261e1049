//! Permissions on objects: what is given holds, and no more.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ANN, BOB, Lab, ROBOT};

const PERMISSIONS: &str = "/api/2.0/permissions";
const BOBS: &str = "bob@example.com";

async fn send(lab: &Lab, token: &str, method: Method, path: &str, body: Value) -> (u16, Value) {
    let body = (method != Method::GET).then_some(body);
    let (status, answer) = lab.call(Some(token), method, path, body).await;
    (status.as_u16(), answer)
}

/// Gives bob a level on an object, in the place of all that was given.
async fn give(lab: &Lab, object: &str, level: &str) -> (u16, Value) {
    let list = json!({"access_control_list": [{"user_name": BOBS, "permission_level": level}]});
    send(lab, ANN, Method::PUT, &format!("{PERMISSIONS}/{object}"), list).await
}

fn levels(answer: &Value) -> Vec<(String, String)> {
    let list = answer["access_control_list"].as_array().unwrap().iter();
    list.map(|it| {
        let who = ["user_name", "group_name", "service_principal_name"].iter().find_map(|field| it[*field].as_str());
        (who.unwrap().to_owned(), it["all_permissions"][0]["permission_level"].as_str().unwrap().to_owned())
    })
    .collect()
}

fn is(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(who, level)| ((*who).to_owned(), (*level).to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_others_as_far_as_it_was_given() {
    let lab = Lab::start().await;
    let task = json!({"task_key": "a", "condition_task": {"op": "EQUAL_TO", "left": "1", "right": "1"}});
    let (_, made) = lab.post("/api/2.2/jobs/create", json!({"name": "shared", "tasks": [task]})).await;
    let (job, object) = (made["job_id"].as_i64().unwrap(), format!("jobs/{}", made["job_id"]));
    let (_, ran) = lab.post("/api/2.2/jobs/run-now", json!({"job_id": job})).await;
    let run = ran["run_id"].as_i64().unwrap();
    // What bob may do with each level: see, run, change.
    for (level, [sees, runs, changes]) in [
        (None, [false, false, false]),
        (Some("CAN_VIEW"), [true, false, false]),
        (Some("CAN_MANAGE_RUN"), [true, true, false]),
        (Some("CAN_MANAGE"), [true, true, true]),
    ] {
        if let Some(level) = level {
            let (status, answer) = give(&lab, &object, level).await;
            assert_eq!(status, 200, "{answer}");
            assert_eq!(levels(&answer), is(&[("ann@example.com", "IS_OWNER"), (BOBS, level)]));
        }
        let get = |path: String| (Method::GET, path, Value::Null);
        let post = |path: &str, body: Value| (Method::POST, format!("/api/2.2/jobs/{path}"), body);
        for (may, (method, path, body)) in [
            (sees, get(format!("/api/2.2/jobs/get?job_id={job}"))),
            (sees, get(format!("/api/2.2/jobs/runs/get?run_id={run}"))),
            (sees, get(format!("/api/2.2/jobs/runs/get-output?run_id={run}"))),
            (sees, get(format!("{PERMISSIONS}/{object}"))),
            (sees, get(format!("{PERMISSIONS}/{object}/permissionLevels"))),
            (runs, post("runs/cancel-all", json!({"job_id": job}))),
            (runs, post("run-now", json!({"job_id": job}))),
            (changes, post("update", json!({"job_id": job, "new_settings": {"name": "renamed"}}))),
            (changes, (Method::PATCH, format!("{PERMISSIONS}/{object}"), json!({}))),
        ] {
            let (status, answer) = send(&lab, BOB, method, &path, body).await;
            assert_eq!(status, if may { 200 } else { 403 }, "{level:?} {path}: {answer}");
        }
        for path in ["/api/2.2/jobs/list".to_owned(), format!("/api/2.2/jobs/runs/list?job_id={job}")] {
            let (_, listed) = send(&lab, BOB, Method::GET, &path, Value::Null).await;
            assert_eq!(listed["jobs"].is_array() || listed["runs"].is_array(), sees, "{level:?} {path}: {listed}");
        }
    }
    // Whoever starts it, it runs as its creator.
    let runs = lab.get(&format!("/api/2.2/jobs/runs/list?job_id={job}")).await;
    assert!(runs["runs"].as_array().unwrap().iter().all(|run| run["creator_user_name"] == "ann@example.com"), "{runs}");
    // PATCH adds, PUT takes back.
    let robot = json!({"access_control_list": [{"service_principal_name": ROBOT.0, "permission_level": "CAN_VIEW"}]});
    let path = format!("{PERMISSIONS}/{object}");
    let (_, answer) = send(&lab, ANN, Method::PATCH, &path, robot.clone()).await;
    assert_eq!(levels(&answer).len(), 3, "{answer}");
    let (_, answer) = send(&lab, ANN, Method::PUT, &path, robot).await;
    assert_eq!(levels(&answer), is(&[("ann@example.com", "IS_OWNER"), (ROBOT.0, "CAN_VIEW")]));
    assert_eq!(send(&lab, BOB, Method::GET, &path, Value::Null).await.0, 403);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_others_with_all_that_is_in_it() {
    let lab = Lab::start().await;
    lab.post("/api/2.0/workspace/mkdirs", json!({"path": "/Users/ann@example.com/team/deep"})).await;
    lab.import("team/deep/note.py", "# Databricks notebook source\nprint(1)\n").await;
    let status = lab.get("/api/2.0/workspace/get-status?path=/Users/ann@example.com/team").await;
    let object = format!("directories/{}", status["object_id"]);
    let note = lab.get("/api/2.0/workspace/get-status?path=/Users/ann@example.com/team/deep/note").await;
    for (level, [sees, changes]) in
        [(None, [false, false]), (Some("CAN_READ"), [true, false]), (Some("CAN_EDIT"), [true, true])]
    {
        if let Some(level) = level {
            assert_eq!(give(&lab, &object, level).await.0, 200);
        }
        let folder = "/Users/ann@example.com/team/deep";
        for path in [
            format!("/api/2.0/workspace/get-status?path={folder}/note"),
            format!("/api/2.0/workspace/export?path={folder}/note"),
            format!("{PERMISSIONS}/notebooks/{}", note["object_id"]),
        ] {
            let (status, answer) = send(&lab, BOB, Method::GET, &path, Value::Null).await;
            assert_eq!(status, if sees { 200 } else { 403 }, "{level:?} {path}: {answer}");
        }
        let (_, listed) =
            send(&lab, BOB, Method::GET, &format!("/api/2.0/workspace/list?path={folder}"), Value::Null).await;
        assert_eq!(listed["objects"].is_array(), sees, "{listed}");
        let made = json!({"path": format!("{folder}/of-bob")});
        let (status, _) = send(&lab, BOB, Method::POST, "/api/2.0/workspace/mkdirs", made).await;
        assert_eq!(status, if changes { 200 } else { 403 }, "{level:?}");
        // Nothing beside it.
        let home = "/api/2.0/workspace/list?path=/Users/ann@example.com";
        assert_eq!(send(&lab, BOB, Method::GET, home, Value::Null).await.0, 403);
        let path = format!("{PERMISSIONS}/{object}");
        assert_eq!(send(&lab, BOB, Method::PATCH, &path, json!({})).await.0, 403, "{level:?}");
    }
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clusters_and_warehouses_have_lists_and_what_cannot_be_is_refused() {
    let lab = Lab::start().await;
    let clusters = lab.get("/api/2.1/clusters/list").await;
    let cluster = format!("clusters/{}", clusters["clusters"][0]["cluster_id"].as_str().unwrap());
    let warehouse = format!("sql/warehouses/{}", lab.warehouse);
    for (object, level) in [(&cluster, "CAN_RESTART"), (&warehouse, "CAN_USE")] {
        let (status, answer) = give(&lab, object, level).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["object_id"], format!("/{object}"));
        let list = levels(&answer);
        assert!(list.contains(&(BOBS.to_owned(), level.to_owned())), "{answer}");
        assert!(list.contains(&("users".to_owned(), "CAN_MANAGE".to_owned())), "{answer}");
        let about = lab.get(&format!("{PERMISSIONS}/{object}/permissionLevels")).await;
        assert!(about["permission_levels"].as_array().unwrap().iter().any(|it| it["permission_level"] == level));
    }
    let same = lab.get(&format!("{PERMISSIONS}/warehouses/{}", lab.warehouse)).await;
    assert_eq!(same["object_type"], "warehouses");
    let list = |entry: Value| json!({"access_control_list": [entry]});
    for (object, body, status) in [
        (cluster.as_str(), list(json!({"user_name": BOBS, "permission_level": "CAN_VIEW"})), 400),
        (&cluster, list(json!({"user_name": BOBS, "permission_level": "ALL"})), 400),
        (&cluster, list(json!({"permission_level": "CAN_MANAGE"})), 400),
        (&cluster, list(json!({"user_name": "a", "group_name": "b", "permission_level": "CAN_MANAGE"})), 400),
        (&cluster, list(json!({"user_name": " ", "permission_level": "CAN_MANAGE"})), 400),
        (&cluster, json!({"access_control_list": 1}), 400),
        (&warehouse, list(json!({"user_name": BOBS, "permission_level": "IS_OWNER"})), 400),
        ("clusters/nosuch", json!({}), 400),
        ("jobs/nosuch", json!({}), 400),
        ("jobs/12", json!({}), 404),
        ("warehouses/nosuch", json!({}), 404),
        ("notebooks/999999", json!({}), 404),
        ("spaceships/1", json!({}), 400),
    ] {
        let path = format!("{PERMISSIONS}/{object}");
        let (got, answer) = send(&lab, ANN, Method::PUT, &path, body).await;
        assert_eq!(got, status, "{object}: {answer}");
        assert!(answer["error_code"].is_string(), "{answer}");
    }
    lab.stop().await;
}
