//! Cases of the family `workspace`.

use bricklayer_domain::ToolErrorKind::{InvalidInput, NotFound, PermissionDenied, RateLimited};
use serde_json::json;

use super::{Case, Stage, busy, denied, fails, works};

pub(super) async fn cases(stage: &Stage) -> Vec<Case> {
    let owner = &stage.owner;
    owner.write("value.txt", "a value\n");
    for scope in ["kept", "old"] {
        owner.post("/api/2.0/secrets/scopes/create", json!({"scope": scope})).await;
    }
    for key in ["pass", "old"] {
        let secret = json!({"scope": "kept", "key": key, "string_value": "hush"});
        owner.post("/api/2.0/secrets/put", secret).await;
    }
    let none = json!({});
    let (kept, nosuch) = (json!({"scope": "kept"}), json!({"scope": "nosuch"}));
    let secret = |scope: &str, key: &str| json!({"scope": scope, "key": key});
    let put = |scope: &str, file: &str| json!({"scope": scope, "key": "new", "file_path": file});
    let give = |scope: &str| json!({"scope": scope, "principal": stage.stranger.user, "permission": "read"});
    let take = |scope: &str| json!({"scope": scope, "principal": stage.stranger.user});
    vec![
        works("get_current_user", none.clone(), &owner.user),
        fails("get_current_user", json!({"x": 1}), InvalidInput, "x"),
        // It answers whatever the workspace does.
        works("health", none.clone(), "All 7 services answer.").alone(),
        works("health", none.clone(), "| identity | denied |")
            .and("denied: the user may not use it")
            .under(denied())
            .alone(),
        works("health", none.clone(), "No service of the workspace answers.").under(busy()).alone(),
        fails("health", json!({"x": 1}), InvalidInput, "x"),
        works("get_workspace", none.clone(), "metastore").alone(),
        works("get_workspace", none.clone(), "Unity Catalog does not tell all of it").under(denied()).alone(),
        fails("get_workspace", none.clone(), RateLimited, "Too many, says the test.").under(busy()),
        works("list_secret_scopes", none.clone(), "kept"),
        fails("list_secret_scopes", json!({"x": 1}), InvalidInput, "x"),
        works("create_secret_scope", json!({"scope": "new"}), "new"),
        fails("create_secret_scope", kept.clone(), InvalidInput, "RESOURCE_ALREADY_EXISTS"),
        works("list_secrets", kept.clone(), "pass"),
        fails("list_secrets", kept.clone(), PermissionDenied, "PERMISSION_DENIED").by_stranger(),
        fails("list_secrets", nosuch.clone(), NotFound, "list_secret_scopes"),
        works("put_secret", put("kept", "value.txt"), "The file value.txt was removed."),
        fails("put_secret", put("kept", "value.txt"), NotFound, "value.txt"),
        fails("put_secret", put("kept", "value.txt"), NotFound, "value.txt").by_stranger(),
        works("delete_secret", secret("kept", "old"), "was deleted"),
        fails("delete_secret", secret("kept", "pass"), PermissionDenied, "PERMISSION_DENIED").by_stranger(),
        fails("delete_secret", secret("kept", "nosuch"), NotFound, "nosuch"),
        fails("put_secret_acl", give("kept"), PermissionDenied, "PERMISSION_DENIED").by_stranger(),
        works("put_secret_acl", give("kept"), "has READ"),
        fails("put_secret_acl", give("nosuch"), NotFound, "nosuch"),
        works("list_secret_acls", kept.clone(), &stage.stranger.user),
        fails("list_secret_acls", nosuch.clone(), NotFound, "nosuch"),
        fails("list_secret_acls", kept.clone(), PermissionDenied, "PERMISSION_DENIED").by_stranger(),
        fails("delete_secret_acl", take("kept"), PermissionDenied, "PERMISSION_DENIED").by_stranger(),
        works("delete_secret_acl", take("kept"), "no permission of its own"),
        fails("delete_secret_acl", take("nosuch"), NotFound, "nosuch"),
        fails("delete_secret_scope", kept, PermissionDenied, "PERMISSION_DENIED").by_stranger(),
        works("delete_secret_scope", json!({"scope": "old"}), "was deleted with all its secrets"),
        fails("delete_secret_scope", nosuch, NotFound, "nosuch"),
    ]
}
