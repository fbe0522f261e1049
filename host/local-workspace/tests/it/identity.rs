//! Users, groups, service principals, and tokens that expire.

use std::time::Duration;

use bricklayer_local_workspace::Workspace;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{ANN, BOB, Lab, ROBOT, config};

const SCIM: &str = "/api/2.0/preview/scim/v2";

fn names(list: &Value, field: &str) -> Vec<String> {
    let all = list["Resources"].as_array().unwrap().iter();
    all.map(|it| it[field].as_str().unwrap().to_owned()).collect()
}

/// Asks for a token with a form, and the client in the header where it is given.
async fn token(url: &str, form: &str, basic: Option<(&str, &str)>) -> (u16, Value) {
    let request = reqwest::Client::new().post(url).header("content-type", "application/x-www-form-urlencoded");
    let request = match basic {
        Some((id, secret)) => request.basic_auth(id, Some(secret)),
        None => request,
    };
    let response = request.body(form.to_owned()).send().await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn users_groups_and_machines_are_listed_and_found() {
    let lab = Lab::start().await;
    for (path, field, found) in [
        ("Users", "userName", vec!["ann@example.com", "bob@example.com"]),
        ("Users?filter=userName%20eq%20%22BOB@example.com%22", "userName", vec!["bob@example.com"]),
        ("Users?startIndex=2&count=1", "userName", vec!["bob@example.com"]),
        ("Users?startIndex=9", "userName", vec![]),
        ("Groups", "displayName", vec!["admins", "users"]),
        ("Groups?filter=displayName%20sw%20adm", "displayName", vec!["admins"]),
        ("ServicePrincipals", "applicationId", vec![ROBOT.0]),
    ] {
        let list = lab.get(&format!("{SCIM}/{path}")).await;
        assert_eq!(names(&list, field), found, "{path}: {list}");
        assert_eq!(list["itemsPerPage"], found.len());
    }
    let me = lab.get(&format!("{SCIM}/Me")).await;
    let groups: Vec<_> = me["groups"].as_array().unwrap().iter().map(|it| it["display"].clone()).collect();
    assert_eq!((me["userName"].as_str(), groups), (Some("ann@example.com"), vec![json!("admins"), json!("users")]));
    let same = lab.get(&format!("{SCIM}/Users/{}", me["id"].as_str().unwrap())).await;
    assert_eq!(same["userName"], "ann@example.com");
    let (_, other) = lab.call(Some(BOB), Method::GET, &format!("{SCIM}/Me"), None).await;
    assert_eq!(other["groups"].as_array().unwrap().len(), 1);
    let everybody = lab.get(&format!("{SCIM}/Groups?filter=displayName%20eq%20users")).await;
    assert_eq!(everybody["Resources"][0]["members"].as_array().unwrap().len(), 3);
    for (path, status) in [
        ("Users/1", 404),
        ("Groups/x", 404),
        ("ServicePrincipals/1", 404),
        ("Users?filter=nosuch%20eq%20x", 400),
        ("Users?filter=userName%20eq%20x%20or%20id%20eq%20y", 400),
        ("Users?count=-1", 400),
    ] {
        let (got, answer) = lab.call(Some(ANN), Method::GET, &format!("{SCIM}/{path}"), None).await;
        assert_eq!(got.as_u16(), status, "{path}: {answer}");
    }
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_gets_tokens_by_its_secret() {
    let lab = Lab::start().await;
    let client = reqwest::Client::new();
    let found = client.get(lab.url("/oidc/.well-known/oauth-authorization-server")).send().await.unwrap();
    let found: Value = serde_json::from_str(&found.text().await.unwrap()).unwrap();
    let url = found["token_endpoint"].as_str().unwrap().to_owned();
    let (id, secret) = ROBOT;
    let grant = "grant_type=client_credentials&scope=all-apis";
    let in_form = format!("{grant}&client_id={id}&client_secret={secret}");
    for (form, basic) in [(grant, Some(ROBOT)), (in_form.as_str(), None)] {
        let (status, given) = token(&url, form, basic).await;
        assert_eq!(
            (status, given["token_type"].as_str(), given["expires_in"].as_i64()),
            (200, Some("Bearer"), Some(3600))
        );
        let given = given["access_token"].as_str().unwrap();
        let (status, me) = lab.call(Some(given), Method::GET, &format!("{SCIM}/Me"), None).await;
        assert_eq!((status, me["userName"].as_str()), (StatusCode::OK, Some(id)), "{me}");
        let home = format!("/api/2.0/workspace/get-status?path=/Users/{id}");
        assert_eq!(lab.call(Some(given), Method::GET, &home, None).await.0, StatusCode::OK);
        assert_eq!(lab.call(Some(BOB), Method::GET, &home, None).await.0, StatusCode::FORBIDDEN);
    }
    for (form, basic, status, error) in [
        (grant, Some((id, "wrong")), 401, "invalid_client"),
        (grant, Some(("wrong", secret)), 401, "invalid_client"),
        (grant, None, 401, "invalid_client"),
        ("grant_type=password", Some(ROBOT), 400, "unsupported_grant_type"),
        ("", Some(ROBOT), 400, "unsupported_grant_type"),
        ("grant_type=client_credentials&scope=other", Some(ROBOT), 400, "invalid_scope"),
        ("grant_type=%zz\u{1}", Some(ROBOT), 400, "invalid_request"),
    ] {
        let (got, answer) = token(&url, form, basic).await;
        assert_eq!((got, answer["error"].as_str()), (status, Some(error)), "{form}");
        assert!(!answer.to_string().contains(secret));
    }
    // A client's secret is no token.
    assert_eq!(lab.call(Some(secret), Method::GET, &format!("{SCIM}/Me"), None).await.0, StatusCode::FORBIDDEN);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machines_token_ends() {
    // The harness brings the client's TLS.
    Lab::start().await.stop().await;
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path());
    config.oauth_token_seconds = 0;
    let workspace = Workspace::start(config).await.unwrap();
    let url = |path: &str| format!("http://{}{path}", workspace.address());
    let (_, given) = token(&url("/oidc/v1/token"), "grant_type=client_credentials", Some(ROBOT)).await;
    let request = reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
    let request = request.get(url(&format!("{SCIM}/Me"))).bearer_auth(given["access_token"].as_str().unwrap());
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(answer.text().await.unwrap().contains("Access token expired."));
    workspace.shutdown().await;
}
