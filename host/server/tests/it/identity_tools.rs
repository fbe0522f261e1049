//! The family of the workspace itself, from end to end: who one is, how the services are, and secrets whose values never
//! pass through the conversation.

use std::path::Path;

use serde_json::{Value, json};

use crate::compute::has_python;
use crate::jobs::{scene, tool, well};
use crate::support::Chat;

/// The value of a secret, which must be found nowhere.
const VALUE: &str = "canary-correct-horse-battery";

/// Files below a folder that hold these bytes; what is the workspace's own is not looked at.
pub(crate) fn holding(folder: &Path, bytes: &[u8]) -> Vec<String> {
    let (mut folders, mut found, mut files) = (vec![folder.to_owned()], Vec::new(), 0);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let (kind, path) = (entry.file_type().unwrap(), entry.path());
            if kind.is_dir() && !path.ends_with("local-workspace") {
                folders.push(path);
            } else if kind.is_file() {
                files += 1;
                let content = std::fs::read(&path).unwrap();
                if content.windows(bytes.len()).any(|window| window == bytes) {
                    found.push(path.display().to_string());
                }
            }
        }
    }
    assert!(files > 0);
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn who_one_is_and_how_the_workspace_is_are_told() {
    let (world, local, server) = scene().await;
    let ann = server.as_user("ann");
    let mut chat = Chat::new(&world.model, &ann).await;
    let user = chat.call(&tool("get_current_user"), json!({})).await;
    assert_eq!(well(&user)["home_folder"], "/Workspace/Users/ann@example.com", "{user}");
    let info = chat.call(&tool("get_workspace"), json!({})).await;
    assert!(well(&info)["metastore_id"].is_string() && well(&info)["workspace_id"].is_string(), "{info}");
    let health = chat.call(&tool("health"), json!({})).await;
    assert_eq!(well(&health)["state"], "ok", "{health:#}");
    assert!(well(&health)["services"].as_array().unwrap().iter().all(|it| it["state"] == "ok"), "{health:#}");
    // It answers when the workspace does not.
    drop(local);
    let mut health = Value::Null;
    // Its process takes a moment to be gone.
    for _ in 0..20 {
        health = chat.call(&tool("health"), json!({})).await;
        if well(&health)["state"] == "down" {
            break;
        }
    }
    assert_eq!(well(&health)["state"], "down", "{health:#}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_kept_and_used_and_its_value_is_nowhere() {
    if !has_python() {
        return;
    }
    let (world, local, server) = scene().await;
    let ann = server.as_user("ann");
    let mut chat = Chat::new(&world.model, &ann).await;
    let folder = world.project_dir(chat.project());
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("pass.txt");
    std::fs::write(&file, format!("{VALUE}\n")).unwrap();
    assert_eq!(holding(world.data_dir(), VALUE.as_bytes()).len(), 1, "the search finds what is there");

    let scope = json!({"scope": "team"});
    let put = json!({"scope": "team", "key": "pass", "file_path": "pass.txt"});
    let early = chat.call(&tool("put_secret"), put.clone()).await;
    assert_eq!((&early["error_kind"], file.exists()), (&json!("not-found"), true), "{early}");
    well(&chat.call(&tool("create_secret_scope"), scope.clone()).await);
    well(&chat.call(&tool("put_secret"), put).await);
    assert!(!file.exists(), "the file is removed");
    let listed = chat.call(&tool("list_secrets"), scope.clone()).await;
    assert_eq!(well(&listed)["secrets"][0]["key"], "pass");

    // Code uses it, on serverless compute and on a cluster, and what it shows of it is redacted.
    let code = "s = dbutils.secrets.get('team', 'pass')\nprint(len(s), s)\ns";
    for compute in ["serverless", "cluster"] {
        let ran = chat.call(&tool("execute_code"), json!({"code": code, "compute": compute})).await;
        let said = ran["content"].as_str().unwrap();
        assert!(said.starts_with(&format!("{} [REDACTED]\n'[REDACTED]'", VALUE.len())), "{compute}: {ran}");
    }
    let fails = json!({"code": format!("{code}\nraise ValueError(s)")});
    let failed = chat.call(&tool("execute_code"), fails).await;
    assert!(failed["content"].as_str().unwrap().contains("ValueError: [REDACTED]"), "{failed}");

    let acl = json!({"scope": "team", "principal": "bob@example.com", "permission": "read"});
    well(&chat.call(&tool("put_secret_acl"), acl).await);
    let acls = chat.call(&tool("list_secret_acls"), scope.clone()).await;
    assert_eq!(well(&acls)["acls"].as_array().unwrap().len(), 2);
    well(&chat.call(&tool("delete_secret_acl"), json!({"scope": "team", "principal": "bob@example.com"})).await);
    well(&chat.call(&tool("delete_secret"), json!({"scope": "team", "key": "pass"})).await);
    well(&chat.call(&tool("delete_secret_scope"), scope).await);
    let scopes: Value = local.client.get("/api/2.0/secrets/scopes/list").await.ok();
    assert_eq!(scopes["scopes"], json!([]));
    server.stop().await;
    assert_eq!(holding(world.data_dir(), VALUE.as_bytes()), Vec::<String>::new());
}
