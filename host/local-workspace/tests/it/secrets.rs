//! Secrets: scopes, values, and who may do what with them.

use base64::Engine as _;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{ANN, BOB, Lab};

const SECRETS: &str = "/api/2.0/secrets";

async fn post(lab: &Lab, token: &str, path: &str, body: Value) -> (u16, String) {
    let (status, answer) = lab.call(Some(token), Method::POST, &format!("{SECRETS}/{path}"), Some(body)).await;
    (status.as_u16(), answer["error_code"].as_str().unwrap_or_default().to_owned())
}

async fn get(lab: &Lab, token: &str, path: &str) -> (u16, Value) {
    let (status, answer) = lab.call(Some(token), Method::GET, &format!("{SECRETS}/{path}"), None).await;
    (status.as_u16(), answer)
}

fn ok() -> (u16, String) {
    (200, String::new())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_kept_and_given_back_to_who_may_read_them() {
    let lab = Lab::start().await;
    assert_eq!(post(&lab, ANN, "scopes/create", json!({"scope": "Team"})).await, ok());
    let text = json!({"scope": "team", "key": "pass", "string_value": "a 'secret' ü"});
    assert_eq!(post(&lab, ANN, "put", text).await, ok());
    let bytes = json!({"scope": "team", "key": "bytes", "bytes_value": "AAH/"});
    assert_eq!(post(&lab, ANN, "put", bytes).await, ok());
    let lab = Lab::start_in(lab.stop().await).await;
    let value = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let (_, found) = get(&lab, ANN, "get?scope=team&key=PASS").await;
    assert_eq!(found["value"], value("a 'secret' ü"));
    assert_eq!(get(&lab, ANN, "get?scope=team&key=bytes").await.1["value"], "AAH/");
    let (_, list) = get(&lab, ANN, "list?scope=team").await;
    assert_eq!((list["secrets"][0]["key"].as_str(), list["secrets"][1]["key"].as_str()), (Some("bytes"), Some("pass")));
    assert!(list["secrets"][0]["last_updated_timestamp"].as_i64().unwrap() > 1_700_000_000_000);
    assert_eq!(
        get(&lab, ANN, "scopes/list").await.1["scopes"],
        json!([{"name": "Team", "backend_type": "DATABRICKS"}])
    );

    // A value is replaced, and goes with its scope.
    post(&lab, ANN, "put", json!({"scope": "team", "key": "pass", "string_value": "new"})).await;
    assert_eq!(get(&lab, ANN, "get?scope=team&key=pass").await.1["value"], value("new"));
    assert_eq!(post(&lab, ANN, "delete", json!({"scope": "team", "key": "pass"})).await, ok());
    assert_eq!(get(&lab, ANN, "get?scope=team&key=pass").await.0, 404);
    assert_eq!(post(&lab, ANN, "scopes/delete", json!({"scope": "team"})).await, ok());
    assert_eq!(post(&lab, ANN, "scopes/create", json!({"scope": "team"})).await, ok());
    assert_eq!(get(&lab, ANN, "list?scope=team").await.1, json!({"secrets": []}));
    #[cfg(unix)]
    {
        let about = std::fs::metadata(lab.folder().join("objects.sqlite")).unwrap();
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o777, 0o600);
    }
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_permission_allows_what_it_says_and_no_more() {
    let lab = Lab::start().await;
    post(&lab, ANN, "scopes/create", json!({"scope": "s"})).await;
    post(&lab, ANN, "put", json!({"scope": "s", "key": "k", "string_value": "v"})).await;
    // What bob may do with each permission: read, write, manage.
    for (permission, may) in [
        (None, [false, false, false]),
        (Some("READ"), [true, false, false]),
        (Some("WRITE"), [true, true, false]),
        (Some("MANAGE"), [true, true, true]),
    ] {
        if let Some(permission) = permission {
            let acl = json!({"scope": "s", "principal": "bob@example.com", "permission": permission});
            assert_eq!(post(&lab, ANN, "acls/put", acl).await, ok());
        }
        let as_expected = |may: bool, status: u16, what: &str| {
            assert_eq!(status, if may { 200 } else { 403 }, "{permission:?}: {what}");
        };
        let [read, write, manage] = may;
        for path in ["get?scope=s&key=k", "list?scope=s"] {
            as_expected(read, get(&lab, BOB, path).await.0, path);
        }
        assert_eq!(get(&lab, BOB, "scopes/list").await.1["scopes"].as_array().unwrap().len(), usize::from(read));
        let put = json!({"scope": "s", "key": "k2", "string_value": "v"});
        as_expected(write, post(&lab, BOB, "put", put).await.0, "put");
        as_expected(write, post(&lab, BOB, "delete", json!({"scope": "s", "key": "k2"})).await.0, "delete");
        as_expected(manage, get(&lab, BOB, "acls/list?scope=s").await.0, "acls/list");
        as_expected(manage, get(&lab, BOB, "acls/get?scope=s&principal=ann@example.com").await.0, "acls/get");
        let acl = json!({"scope": "s", "principal": "someone", "permission": "READ"});
        as_expected(manage, post(&lab, BOB, "acls/put", acl).await.0, "acls/put");
        let acl = json!({"scope": "s", "principal": "someone"});
        as_expected(manage, post(&lab, BOB, "acls/delete", acl).await.0, "acls/delete");
    }
    assert_eq!(post(&lab, BOB, "acls/delete", json!({"scope": "s", "principal": "ann@example.com"})).await, ok());
    assert_eq!(get(&lab, ANN, "get?scope=s&key=k").await.0, 403, "who made it has what the list says");
    assert_eq!(post(&lab, BOB, "scopes/delete", json!({"scope": "s"})).await, ok());
    let open = json!({"scope": "open", "initial_manage_principal": "users"});
    assert_eq!(post(&lab, ANN, "scopes/create", open).await, ok());
    assert_eq!(
        get(&lab, BOB, "acls/list?scope=open").await.1["items"],
        json!([{"principal": "users", "permission": "MANAGE"}])
    );
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused() {
    let lab = Lab::start().await;
    post(&lab, ANN, "scopes/create", json!({"scope": "s"})).await;
    let long = "x".repeat(128 * 1024 + 1);
    for (path, body, status, code) in [
        ("scopes/create", json!({"scope": "S"}), 400, "RESOURCE_ALREADY_EXISTS"),
        ("scopes/create", json!({"scope": "a b"}), 400, "INVALID_PARAMETER_VALUE"),
        ("scopes/create", json!({}), 400, "INVALID_PARAMETER_VALUE"),
        (
            "scopes/create",
            json!({"scope": "v", "scope_backend_type": "AZURE_KEYVAULT"}),
            400,
            "INVALID_PARAMETER_VALUE",
        ),
        ("scopes/create", json!({"scope": "v", "initial_manage_principal": "bob"}), 400, "INVALID_PARAMETER_VALUE"),
        ("scopes/delete", json!({"scope": "nosuch"}), 404, "RESOURCE_DOES_NOT_EXIST"),
        ("put", json!({"scope": "nosuch", "key": "k", "string_value": "v"}), 404, "RESOURCE_DOES_NOT_EXIST"),
        ("put", json!({"scope": "s", "key": "k"}), 400, "INVALID_PARAMETER_VALUE"),
        (
            "put",
            json!({"scope": "s", "key": "k", "string_value": "v", "bytes_value": ""}),
            400,
            "INVALID_PARAMETER_VALUE",
        ),
        ("put", json!({"scope": "s", "key": "k", "bytes_value": "?"}), 400, "INVALID_PARAMETER_VALUE"),
        ("put", json!({"scope": "s", "key": "a/b", "string_value": "v"}), 400, "INVALID_PARAMETER_VALUE"),
        ("put", json!({"scope": "s", "key": "k", "string_value": long}), 400, "INVALID_PARAMETER_VALUE"),
        ("put", json!({"scope": 1}), 400, "MALFORMED_REQUEST"),
        ("delete", json!({"scope": "s", "key": "nosuch"}), 404, "RESOURCE_DOES_NOT_EXIST"),
        ("acls/put", json!({"scope": "s", "principal": "x", "permission": "ALL"}), 400, "INVALID_PARAMETER_VALUE"),
        ("acls/put", json!({"scope": "s", "permission": "READ"}), 400, "INVALID_PARAMETER_VALUE"),
        ("acls/delete", json!({"scope": "s", "principal": "nosuch"}), 404, "RESOURCE_DOES_NOT_EXIST"),
    ] {
        let shown = body.to_string().chars().take(100).collect::<String>();
        assert_eq!(post(&lab, ANN, path, body).await, refused(status, code), "{path} {shown}");
    }
    for path in
        ["get?scope=s&key=nosuch", "get?scope=nosuch&key=k", "list?scope=nosuch", "acls/get?scope=s&principal=x"]
    {
        let (status, answer) = get(&lab, ANN, path).await;
        assert_eq!((status, answer["error_code"].as_str()), (404, Some("RESOURCE_DOES_NOT_EXIST")), "{path}");
    }
    assert_eq!(lab.call(None, Method::GET, &format!("{SECRETS}/scopes/list"), None).await.0, StatusCode::UNAUTHORIZED);
    lab.stop().await;
}
