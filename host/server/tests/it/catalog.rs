//! Unity Catalog from end to end: a scripted model, the compiled family, a local workspace, and two of its users. Ann
//! administers it; Bob may what he was given.

use serde_json::{Value, json};

use crate::jobs::{scene, tool, well};
use crate::support::Chat;

/// A call that must succeed: its typed result, with what a model reads as `text`.
async fn ok(chat: &mut Chat<'_>, name: &str, input: Value) -> Value {
    let told = chat.call(&tool(name), input).await;
    let mut result = well(&told).clone();
    result["text"] = told["content"].clone();
    result
}

/// A call that must fail: what kind of failure, and what it says.
async fn refused(chat: &mut Chat<'_>, name: &str, input: Value) -> (String, String) {
    let told = chat.call(&tool(name), input).await;
    assert_eq!(told["is_error"], true, "{name}: {told:#}");
    (told["error_kind"].as_str().unwrap().to_owned(), told["content"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_makes_and_grants_and_the_other_may_then_read() {
    let (world, _local, server) = scene().await;
    let (ann, bob) = (server.as_user("ann"), server.as_user("bob"));
    let (mut ann, mut bob) = (Chat::new(&world.model, &ann).await, Chat::new(&world.model, &bob).await);
    for (make, input) in [
        ("create_catalog", json!({"name": "lab", "comment": "it's ours"})),
        ("create_schema", json!({"name": "lab.raw"})),
        ("create_volume", json!({"name": "lab.raw.files"})),
    ] {
        assert_eq!(ok(&mut ann, make, input.clone()).await["changed"], true, "{make}");
        // A second time nothing changes, and the answer says so.
        let again = ok(&mut ann, make, input).await;
        assert!(again["changed"] == false && again["text"].as_str().unwrap().contains("already"), "{again}");
    }
    let volume = json!({"kind": "volume", "name": "lab.raw.files"});
    let (kind, said) = refused(&mut bob, "get_catalog_object", volume.clone()).await;
    assert_eq!(kind, "permission-denied", "{said}");
    assert!(said.contains("User does not have USE CATALOG on Catalog 'lab'."), "{said}");
    let seen = ok(&mut bob, "list_catalog_objects", json!({"kind": "catalog"})).await;
    assert!(!seen["text"].as_str().unwrap().contains("lab") && seen["complete"] == true, "{seen}");

    for (kind, name, privileges) in
        [("catalog", "lab", json!(["use catalog"])), ("schema", "lab.raw", json!(["USE_SCHEMA", "READ_VOLUME"]))]
    {
        let changes = json!([{"principal": "bob@example.com", "add": privileges}]);
        ok(&mut ann, "change_grants", json!({"kind": kind, "name": name, "changes": changes})).await;
    }
    let found = ok(&mut bob, "get_catalog_object", volume.clone()).await;
    assert_eq!(found["owner"], "ann@example.com");
    let effective = json!({"kind": "volume", "name": "lab.raw.files", "effective": true});
    let grants = ok(&mut bob, "get_grants", effective).await;
    assert_eq!(grants["grants"][0]["inherited_from"], "schema lab.raw", "{grants}");
    ok(&mut bob, "list_volume_files", json!({"path": "/Volumes/lab/raw/files"})).await;
    // Reading is no more than that.
    for (name, input) in [
        ("delete_catalog_object", volume.clone()),
        ("set_owner", json!({"kind": "volume", "name": "lab.raw.files", "owner": "bob@example.com"})),
        ("create_schema", json!({"name": "lab.bobs"})),
        ("create_share", json!({"name": "sh"})),
    ] {
        assert_eq!(refused(&mut bob, name, input).await.0, "permission-denied", "{name}");
    }
    let (kind, said) = refused(&mut ann, "delete_catalog_object", json!({"kind": "schema", "name": "lab.raw"})).await;
    assert!(kind == "invalid-input" && said.contains("SCHEMA_NOT_EMPTY") && said.contains("With force"), "{said}");
    ok(&mut ann, "delete_catalog_object", json!({"kind": "catalog", "name": "lab", "force": true})).await;
    let gone = ok(&mut ann, "delete_catalog_object", json!({"kind": "catalog", "name": "lab"})).await;
    assert_eq!(gone["changed"], false, "{gone}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_gives_away_or_destroys_asks_and_what_reads_does_not() {
    let (world, _local, server) = scene().await;
    let api = server.as_user("ann");
    let mut chat = Chat::new(&world.model, &api).await;
    ok(&mut chat, "create_schema", json!({"name": "main.asked"})).await;
    let grants = json!([{"principal": "bob@example.com", "add": ["USE_SCHEMA"]}]);
    for (name, input, effect) in [
        ("change_grants", json!({"kind": "schema", "name": "main.asked", "changes": grants}), "shares"),
        ("set_owner", json!({"kind": "schema", "name": "main.asked", "owner": "ann@example.com"}), "shares"),
        ("create_share", json!({"name": "sh"}), "shares"),
        ("delete_catalog_object", json!({"kind": "schema", "name": "main.asked"}), "destroys"),
    ] {
        let turn = chat.begin(&[(tool(name), input)]).await;
        let mut follow = api.follow(&turn, 0).await;
        let asked = follow.until("approval.requested").await;
        assert_eq!(asked.data["review"]["effect"], effect, "{name}: {asked:?}");
        chat.allow(&turn, &asked).await;
        follow.follow_to_end().await;
    }
    // Unasked: the stream holds the result and no question before it.
    let turn = chat.begin(&[(tool("list_catalog_objects"), json!({"kind": "catalog"}))]).await;
    let kinds: Vec<String> = api.frames(&turn).await.iter().map(|frame| frame.kind().to_owned()).collect();
    assert!(!kinds.iter().any(|kind| kind == "approval.requested"), "{kinds:?}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_comments_functions_and_secrets_of_what_lies_outside() {
    let (world, _local, server) = scene().await;
    let api = server.as_user("ann");
    let mut chat = Chat::new(&world.model, &api).await;
    ok(&mut chat, "execute_sql", json!({"statement": "CREATE TABLE main.default.people (id BIGINT, mail STRING)"}))
        .await;
    let column = json!({"kind": "table", "name": "main.default.people", "column": "mail"});
    let with = |more: Value| {
        let mut input = column.clone();
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    ok(&mut chat, "change_tags", with(json!({"set": [{"name": "pii", "value": "it's"}]}))).await;
    ok(&mut chat, "change_tags", with(json!({"set": [{"name": "pii", "value": "yes"}]}))).await;
    let tags = ok(&mut chat, "get_tags", column.clone()).await;
    assert_eq!(tags["tags"], json!([{"name": "pii", "value": "yes"}]));
    ok(&mut chat, "execute_sql", json!({"statement": "ALTER TABLE main.default.people SET TAGS ('of' = 'sql')"})).await;
    for (search, name, key, value) in [
        (json!({"catalog": "main", "columns": true, "key": "pii"}), "main.default.people.mail", "pii", "yes"),
        (json!({"catalog": "main"}), "main.default.people", "of", "sql"),
    ] {
        let found = ok(&mut chat, "find_tagged", search).await;
        assert_eq!(found["found"], json!([{"name": name, "key": key, "value": value}]), "{found}");
    }
    ok(&mut chat, "set_comment", with(json!({"comment": "it's \\ a mail"}))).await;
    let table = ok(&mut chat, "get_catalog_object", json!({"kind": "table", "name": "main.default.people"})).await;
    assert_eq!(table["details"]["columns"][1]["comment"], "it's \\ a mail", "{table}");
    let function = json!({
        "name": "main.default.mask", "parameters": [{"name": "m", "value": "STRING"}], "returns": "STRING",
        "expression": "concat(left(m, 1), '***')", "comment": "it's a mask",
    });
    ok(&mut chat, "create_function", function).await;
    let rows = ok(&mut chat, "execute_sql", json!({"statement": "SELECT main.default.mask('ann')"})).await;
    assert_eq!(rows["rows"], json!([["a***"]]));

    let password = |value: &str| {
        json!({"name": "pg", "connection_type": "POSTGRESQL",
            "options": [{"name": "host", "value": "h"}, {"name": "password", "value": value}]})
    };
    let (kind, said) = refused(&mut chat, "create_connection", password("hunter2")).await;
    assert!(kind == "invalid-input" && said.contains("{{secrets/") && !said.contains("hunter2"), "{said}");
    let plain = json!({"name": "pg", "connection_type": "POSTGRESQL", "options": [{"name": "host", "value": "h"}]});
    ok(&mut chat, "create_connection", plain).await;
    let made = chat.call(&tool("create_recipient"), json!({"name": "them"})).await;
    let read = chat.call(&tool("get_catalog_object"), json!({"kind": "recipient", "name": "them"})).await;
    for told in [&made, &read] {
        assert!(told["is_error"] == false && !told.to_string().contains("retrieve_config"), "{told:#}");
    }
    ok(&mut chat, "create_share", json!({"name": "sh"})).await;
    ok(&mut chat, "change_share", json!({"name": "sh", "add": [{"name": "main.default.people"}]})).await;
    let give = json!([{"principal": "them", "add": ["SELECT"]}]);
    ok(&mut chat, "change_grants", json!({"kind": "share", "name": "sh", "changes": give})).await;
    let monitor = json!({"table": "main.default.people", "output_schema": "main.default"});
    ok(&mut chat, "create_monitor", monitor).await;
    ok(&mut chat, "refresh_monitor", json!({"table": "main.default.people"})).await;
    let shown = ok(&mut chat, "get_monitor", json!({"table": "main.default.people"})).await;
    assert!(shown["text"].as_str().unwrap().contains("computes no metrics"), "{shown}");
    server.stop().await;
}
