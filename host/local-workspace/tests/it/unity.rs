//! Unity Catalog: who may do what with its objects, and the objects that are in no catalog. Ann administers; Bob may what
//! he was given.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{ANN, BOB, Lab};

const UC: &str = "/api/2.1/unity-catalog";

/// Status and error code of an answer.
fn told((status, answer): &(StatusCode, Value)) -> (u16, &str) {
    (status.as_u16(), answer["error_code"].as_str().unwrap_or_default())
}

async fn send(lab: &Lab, token: &str, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    let body = (method != Method::GET && method != Method::DELETE).then_some(body);
    lab.call(Some(token), method, &format!("{UC}{path}"), body).await
}

/// Does something as Ann that must succeed.
async fn ann(lab: &Lab, method: Method, path: &str, body: Value) -> Value {
    let (status, answer) = send(lab, ANN, method, path, body).await;
    assert_eq!(status, StatusCode::OK, "{path}: {answer}");
    answer
}

async fn give(lab: &Lab, on: &str, privileges: &[&str]) {
    let change = json!({"changes": [{"principal": "bob@example.com", "add": privileges}]});
    ann(lab, Method::PATCH, &format!("/permissions/{on}"), change).await;
}

async fn names(lab: &Lab, token: &str, path: &str, field: &str) -> Vec<String> {
    let (_, list) = send(lab, token, Method::GET, path, json!({})).await;
    let items = list[field].as_array().cloned().unwrap_or_default();
    items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

/// A catalog of Ann's with one object of each kind.
async fn ground(lab: &Lab) {
    ann(lab, Method::POST, "/catalogs", json!({"name": "lab"})).await;
    ann(lab, Method::POST, "/schemas", json!({"catalog_name": "lab", "name": "s"})).await;
    let volume = json!({"catalog_name": "lab", "schema_name": "s", "name": "v", "volume_type": "MANAGED"});
    ann(lab, Method::POST, "/volumes", volume).await;
    lab.sql("CREATE TABLE lab.s.t (id BIGINT)").await;
    lab.sql("CREATE FUNCTION lab.s.f(x BIGINT) RETURNS BIGINT RETURN x + 1").await;
}

/// What gives the way into the schema.
const WAY: [(&str, &[&str]); 2] = [("catalog/lab", &["USE_CATALOG"]), ("schema/lab.s", &["USE_SCHEMA"])];

#[tokio::test(flavor = "multi_thread")]
async fn each_right_is_refused_until_it_is_given() {
    let lab = Lab::start().await;
    ground(&lab).await;
    let volume = json!({"catalog_name": "lab", "schema_name": "s", "name": "mine", "volume_type": "MANAGED"});
    let comment = json!({"comment": "c"});
    let tag = json!({"entity_type": "tables", "entity_name": "lab.s.t", "tag_key": "k", "tag_value": "v"});
    let monitor = json!({"output_schema_name": "lab.s", "assets_dir": "/x", "snapshot": {}});
    for (method, path, body, grant) in [
        (Method::GET, "/catalogs/lab", json!({}), ("catalog/lab", &["USE_CATALOG"][..])),
        (Method::GET, "/schemas/lab.s", json!({}), ("schema/lab.s", &["USE_SCHEMA"])),
        (Method::GET, "/tables/lab.s.t", json!({}), ("table/lab.s.t", &["SELECT"])),
        (Method::GET, "/volumes/lab.s.v", json!({}), ("volume/lab.s.v", &["READ_VOLUME"])),
        (Method::GET, "/functions/lab.s.f", json!({}), ("function/lab.s.f", &["EXECUTE"])),
        (Method::GET, "/permissions/table/lab.s.t", json!({}), ("table/lab.s.t", &["MODIFY"])),
        (Method::POST, "/volumes", volume, ("schema/lab.s", &["CREATE_VOLUME"])),
        (Method::POST, "/schemas", json!({"catalog_name": "lab", "name": "own"}), ("catalog/lab", &["CREATE_SCHEMA"])),
        (Method::POST, "/catalogs", json!({"name": "own"}), ("metastore/x", &["CREATE_CATALOG"])),
        (Method::POST, "/entity-tag-assignments", tag, ("table/lab.s.t", &["APPLY_TAG"])),
        (Method::PATCH, "/catalogs/lab", comment.clone(), ("catalog/lab", &["MANAGE"])),
        (Method::PATCH, "/schemas/lab.s", comment.clone(), ("schema/lab.s", &["MANAGE"])),
        (Method::PATCH, "/tables/lab.s.t", json!({"owner": "ann@example.com"}), ("table/lab.s.t", &["MANAGE"])),
        (Method::PATCH, "/volumes/lab.s.v", comment, ("volume/lab.s.v", &["MANAGE"])),
        (Method::PATCH, "/functions/lab.s.f", json!({"owner": "ann@example.com"}), ("function/lab.s.f", &["MANAGE"])),
        (Method::PATCH, "/permissions/table/lab.s.t", json!({"changes": []}), ("table/lab.s.t", &["MANAGE"])),
        (Method::POST, "/tables/lab.s.t/monitor", monitor, ("schema/lab.s", &["MANAGE", "CREATE_TABLE"])),
        (Method::DELETE, "/functions/lab.s.f", json!({}), ("function/lab.s.f", &["MANAGE"])),
        (Method::DELETE, "/volumes/lab.s.v", json!({}), ("volume/lab.s.v", &["MANAGE"])),
        (Method::DELETE, "/tables/lab.s.t", json!({}), ("table/lab.s.t", &["MANAGE"])),
        (Method::DELETE, "/schemas/lab.s?force=true", json!({}), ("schema/lab.s", &["MANAGE"])),
        (Method::DELETE, "/catalogs/lab?force=true", json!({}), ("catalog/lab", &["MANAGE"])),
    ] {
        // Nothing but the way there, then that and the right.
        let everything = ["catalog/lab", "schema/lab.s", "table/lab.s.t", "volume/lab.s.v", "function/lab.s.f"];
        for on in everything {
            let take = json!({"changes": [{"principal": "bob@example.com", "remove": ["ALL_PRIVILEGES"]}]});
            send(&lab, ANN, Method::PATCH, &format!("/permissions/{on}"), take).await;
        }
        let is_the_way = WAY.contains(&grant);
        if !is_the_way || grant.0 == "schema/lab.s" {
            give(&lab, WAY[0].0, WAY[0].1).await;
        }
        // Deleting the catalog comes after the schema is gone.
        if !is_the_way && path != "/catalogs/lab?force=true" {
            give(&lab, WAY[1].0, WAY[1].1).await;
        }
        let refused = send(&lab, BOB, method.clone(), path, body.clone()).await;
        assert_eq!(told(&refused), (403, "PERMISSION_DENIED"), "{method} {path}: {}", refused.1);
        give(&lab, grant.0, grant.1).await;
        let allowed = send(&lab, BOB, method.clone(), path, body).await;
        assert_eq!(allowed.0, StatusCode::OK, "{method} {path} with {grant:?}: {}", allowed.1);
    }
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_hold_what_a_user_may_see() {
    let lab = Lab::start().await;
    ground(&lab).await;
    let everything = [
        ("/catalogs", "catalogs", "lab"),
        ("/schemas?catalog_name=lab", "schemas", "s"),
        ("/tables?catalog_name=lab&schema_name=s", "tables", "t"),
        ("/volumes?catalog_name=lab&schema_name=s", "volumes", "v"),
        ("/functions?catalog_name=lab&schema_name=s", "functions", "f"),
    ];
    for (path, field, name) in everything {
        assert!(names(&lab, ANN, path, field).await.contains(&name.to_owned()), "{path}");
        assert!(!names(&lab, BOB, path, field).await.contains(&name.to_owned()), "{path}");
    }
    // The workspace's own places are everybody's.
    assert_eq!(names(&lab, BOB, "/catalogs", "catalogs").await, ["main", "samples"]);
    assert_eq!(names(&lab, BOB, "/tables?catalog_name=samples&schema_name=nyctaxi", "tables").await, ["trips"]);
    give(&lab, "catalog/lab", &["USE_CATALOG", "USE_SCHEMA", "SELECT", "EXECUTE", "READ_VOLUME"]).await;
    for (path, field, name) in everything {
        assert!(names(&lab, BOB, path, field).await.contains(&name.to_owned()), "{path}");
    }
    let found = lab.call(Some(BOB), Method::GET, &format!("{UC}/table-summaries?catalog_name=lab"), None).await.1;
    assert_eq!(found["tables"][0]["full_name"], "lab.s.t");
    let effective =
        lab.call(Some(BOB), Method::GET, &format!("{UC}/effective-permissions/table/lab.s.t"), None).await.1;
    let bob = &effective["privilege_assignments"][0];
    assert_eq!(
        (&bob["privileges"][0]["privilege"], &bob["privileges"][0]["inherited_from_name"]),
        (&json!("SELECT"), &json!("lab"))
    );
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_makes_is_ones_own_and_dies_with_its_grants() {
    let lab = Lab::start().await;
    ground(&lab).await;
    give(&lab, "catalog/lab", &["USE_CATALOG", "CREATE_SCHEMA"]).await;
    let (status, made) =
        send(&lab, BOB, Method::POST, "/schemas", json!({"catalog_name": "lab", "name": "bobs"})).await;
    assert_eq!((status, made["owner"].as_str()), (StatusCode::OK, Some("bob@example.com")));
    let volume = json!({"catalog_name": "lab", "schema_name": "bobs", "name": "v", "volume_type": "MANAGED"});
    assert_eq!(send(&lab, BOB, Method::POST, "/volumes", volume.clone()).await.0, StatusCode::OK);
    let share = json!({"changes": [{"principal": "account users", "add": ["READ_VOLUME"]}]});
    assert_eq!(send(&lab, BOB, Method::PATCH, "/permissions/volume/lab.bobs.v", share).await.0, StatusCode::OK);
    assert_eq!(send(&lab, BOB, Method::DELETE, "/volumes/lab.bobs.v", json!({})).await.0, StatusCode::OK);
    // A new volume of the name begins without them.
    assert_eq!(send(&lab, BOB, Method::POST, "/volumes", volume).await.0, StatusCode::OK);
    let grants = ann(&lab, Method::GET, "/permissions/volume/lab.bobs.v", json!({})).await;
    assert_eq!(grants["privilege_assignments"], json!([]));
    // Whoever gives an object away has no right to it any more.
    let owner = json!({"owner": "ann@example.com"});
    assert_eq!(send(&lab, BOB, Method::PATCH, "/schemas/lab.bobs", owner).await.0, StatusCode::OK);
    assert_eq!(send(&lab, BOB, Method::GET, "/schemas/lab.bobs", json!({})).await.0, StatusCode::FORBIDDEN);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_that_make_no_sense_are_refused_whole() {
    let lab = Lab::start().await;
    ground(&lab).await;
    for (on, change, status, code) in [
        ("table/lab.s.t", json!({"add": ["FLY"]}), 400, "INVALID_PARAMETER_VALUE"),
        ("table/lab.s.t", json!({"add": ["SELECT", "CREATE_TABLE"]}), 400, "INVALID_PARAMETER_VALUE"),
        ("table/lab.s.t", json!({"add": ["SELECT"], "remove": ["SELECT"]}), 400, "INVALID_PARAMETER_VALUE"),
        ("table/lab.s.x", json!({"add": ["SELECT"]}), 404, "TABLE_DOES_NOT_EXIST"),
        ("table/lab.s", json!({"add": ["SELECT"]}), 400, "INVALID_PARAMETER_VALUE"),
        ("share/nosuch", json!({"add": ["SELECT"]}), 404, "SHARE_DOES_NOT_EXIST"),
    ] {
        let mut change = change;
        change["principal"] = json!("bob@example.com");
        let answer = send(&lab, ANN, Method::PATCH, &format!("/permissions/{on}"), json!({"changes": [change]})).await;
        assert_eq!(told(&answer), (status, code), "{on}: {}", answer.1);
    }
    let grants = ann(&lab, Method::GET, "/permissions/table/lab.s.t", json!({})).await;
    assert_eq!(grants["privilege_assignments"], json!([]));
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_in_no_catalog_live_alike() {
    let lab = Lab::start().await;
    ground(&lab).await;
    let credential = json!({"name": "cred", "aws_iam_role": {"role_arn": "arn:aws:iam::1:role/x"}, "comment": "c"});
    let location = json!({"name": "loc", "url": "s3://bucket/a/", "credential_name": "cred"});
    let connection =
        json!({"name": "pg", "connection_type": "POSTGRESQL", "options": {"host": "h", "password": "hunter2"}});
    let recipient = json!({"name": "them", "authentication_type": "TOKEN"});
    let provider = json!({"name": "theirs", "authentication_type": "TOKEN", "recipient_profile_str": "hunter2"});
    for (route, field, body, privilege) in [
        ("storage-credentials", "storage_credentials", credential, "CREATE_STORAGE_CREDENTIAL"),
        ("external-locations", "external_locations", location, "CREATE_EXTERNAL_LOCATION"),
        ("connections", "connections", connection, "CREATE_CONNECTION"),
        ("shares", "shares", json!({"name": "sh"}), "CREATE_SHARE"),
        ("recipients", "recipients", recipient, "CREATE_RECIPIENT"),
        ("providers", "providers", provider, "CREATE_PROVIDER"),
    ] {
        let (all, name) = (format!("/{route}"), body["name"].as_str().unwrap().to_owned());
        let one = format!("/{route}/{name}");
        assert_eq!(
            told(&send(&lab, BOB, Method::POST, &all, body.clone()).await),
            (403, "PERMISSION_DENIED"),
            "{route}"
        );
        let made = ann(&lab, Method::POST, &all, body.clone()).await;
        assert_eq!((&made["name"], &made["owner"]), (&json!(name), &json!("ann@example.com")), "{made}");
        assert!(!made.to_string().contains("hunter2"), "{made}");
        assert_eq!(send(&lab, ANN, Method::POST, &all, body.clone()).await.0, StatusCode::CONFLICT, "{route}");
        assert_eq!(told(&send(&lab, BOB, Method::GET, &one, json!({})).await), (403, "PERMISSION_DENIED"), "{route}");
        assert_eq!(names(&lab, BOB, &all, field).await, Vec::<String>::new(), "{route}");
        assert_eq!(names(&lab, ANN, &all, field).await, [name.as_str()], "{route}");
        for (method, body) in [(Method::PATCH, json!({"comment": "x"})), (Method::DELETE, json!({}))] {
            assert_eq!(told(&send(&lab, BOB, method, &one, body).await), (403, "PERMISSION_DENIED"), "{route}");
        }
        let changed = ann(&lab, Method::PATCH, &one, json!({"comment": "changed"})).await;
        assert_eq!(changed["comment"], "changed", "{route}");
        let missing = send(&lab, ANN, Method::GET, &format!("{all}/nosuch"), json!({})).await;
        assert!(missing.0 == 404 && told(&missing).1.ends_with("_DOES_NOT_EXIST"), "{route}: {}", missing.1);
        give(&lab, "metastore/x", &[privilege]).await;
        let mut own = body.clone();
        own["name"] = json!("bobs");
        own["url"] = json!("s3://other");
        let made = send(&lab, BOB, Method::POST, &all, own).await;
        match route {
            // The credential is Ann's.
            "external-locations" => assert_eq!(told(&made), (403, "PERMISSION_DENIED")),
            _ => assert_eq!(made.0, StatusCode::OK, "{route}: {}", made.1),
        }
    }
    let used = send(&lab, ANN, Method::DELETE, "/storage-credentials/cred", json!({})).await;
    assert_eq!(told(&used), (400, "INVALID_PARAMETER_VALUE"));
    let overlapping = json!({"name": "loc2", "url": "s3://bucket/a/b", "credential_name": "cred"});
    assert_eq!(told(&send(&lab, ANN, Method::POST, "/external-locations", overlapping).await).0, 400);
    let renamed = ann(&lab, Method::PATCH, "/connections/pg", json!({"new_name": "pg2"})).await;
    assert_eq!((&renamed["name"], &renamed["options"]["host"]), (&json!("pg2"), &json!("h")));
    let folder = lab.stop().await;
    // All of it is there after a restart.
    let lab = Lab::start_in(folder).await;
    assert_eq!(ann(&lab, Method::GET, "/connections/pg2", json!({})).await["comment"], "changed");
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shares_hold_tables_and_go_to_recipients() {
    let lab = Lab::start().await;
    ground(&lab).await;
    ann(&lab, Method::POST, "/shares", json!({"name": "sh"})).await;
    let made = ann(&lab, Method::POST, "/recipients", json!({"name": "them", "authentication_type": "TOKEN"})).await;
    let link = made["tokens"][0]["activation_url"].clone();
    let update = |action: &str, table: &str| json!({"updates": [{"action": action, "data_object": {"name": table, "data_object_type": "TABLE"}}]});
    ann(&lab, Method::PATCH, "/shares/sh", update("ADD", "lab.s.t")).await;
    for (action, table, status) in [("ADD", "lab.s.t", 409), ("ADD", "lab.s.x", 404), ("REMOVE", "lab.s.x", 404)] {
        let answer = send(&lab, ANN, Method::PATCH, "/shares/sh", update(action, table)).await;
        assert_eq!(answer.0, status, "{action} {table}: {}", answer.1);
    }
    let whole = ann(&lab, Method::GET, "/shares/sh?include_shared_data=true", json!({})).await;
    assert_eq!(
        (&whole["objects"][0]["name"], &whole["objects"][0]["added_by"]),
        (&json!("lab.s.t"), &json!("ann@example.com"))
    );
    let change = |list: &str, who: &str| json!({"changes": [{"principal": who, list: ["SELECT"]}]});
    ann(&lab, Method::PATCH, "/shares/sh/permissions", change("add", "them")).await;
    let nobody = send(&lab, ANN, Method::PATCH, "/shares/sh/permissions", change("add", "nobody")).await;
    assert_eq!(told(&nobody), (404, "RECIPIENT_DOES_NOT_EXIST"));
    let given = ann(&lab, Method::GET, "/recipients/them/share-permissions", json!({})).await;
    assert_eq!(given["permissions_out"][0]["share_name"], "sh");
    let rotated =
        ann(&lab, Method::POST, "/recipients/them/rotate-token", json!({"existing_token_expire_in_seconds": 0})).await;
    assert!(rotated["tokens"].as_array().unwrap().len() == 1 && rotated["tokens"][0]["activation_url"] != link);
    ann(&lab, Method::PATCH, "/shares/sh", update("REMOVE", "lab.s.t")).await;
    ann(&lab, Method::DELETE, "/shares/sh", json!({})).await;
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_and_monitors_go_with_their_objects() {
    let lab = Lab::start().await;
    ground(&lab).await;
    let path = |kind: &str, name: &str| format!("/entity-tag-assignments/{kind}/{name}/tags");
    for (kind, name) in [
        ("catalogs", "lab"),
        ("schemas", "lab.s"),
        ("tables", "lab.s.t"),
        ("columns", "lab.s.t.id"),
        ("volumes", "lab.s.v"),
    ] {
        let tag = json!({"entity_type": kind, "entity_name": name, "tag_key": "pii", "tag_value": "yes"});
        ann(&lab, Method::POST, "/entity-tag-assignments", tag.clone()).await;
        assert_eq!(told(&send(&lab, ANN, Method::POST, "/entity-tag-assignments", tag).await), (409, "ALREADY_EXISTS"));
        ann(&lab, Method::PATCH, &format!("{}/pii", path(kind, name)), json!({"tag_value": "no"})).await;
        let found = ann(&lab, Method::GET, &path(kind, name), json!({})).await;
        assert_eq!(found["tag_assignments"].as_array().unwrap().len(), 1, "{kind}");
        assert_eq!(found["tag_assignments"][0]["tag_value"], "no", "{kind}");
    }
    let nowhere = send(&lab, ANN, Method::GET, &path("columns", "lab.s.t.nosuch"), json!({})).await;
    assert_eq!(nowhere.0, StatusCode::NOT_FOUND);

    let monitor = json!({"output_schema_name": "lab.s", "assets_dir": "/x", "snapshot": {}});
    let made = ann(&lab, Method::POST, "/tables/lab.s.t/monitor", monitor.clone()).await;
    assert_eq!(made["profile_metrics_table_name"], "lab.s.t_profile_metrics");
    assert_eq!(send(&lab, ANN, Method::POST, "/tables/lab.s.t/monitor", monitor).await.0, StatusCode::CONFLICT);
    let refresh = ann(&lab, Method::POST, "/tables/lab.s.t/monitor/refreshes", json!({})).await;
    assert_eq!((&refresh["refresh_id"], &refresh["state"]), (&json!(1), &json!("SUCCESS")));

    lab.sql("ALTER TABLE lab.s.t RENAME TO lab.s.u").await;
    assert_eq!(ann(&lab, Method::GET, "/tables/lab.s.u/monitor", json!({})).await["table_name"], "lab.s.u");
    let found = ann(&lab, Method::GET, &path("columns", "lab.s.u.id"), json!({})).await;
    assert_eq!(found["tag_assignments"].as_array().unwrap().len(), 1);
    lab.sql("DROP TABLE lab.s.u").await;
    lab.sql("CREATE TABLE lab.s.u (id BIGINT)").await;
    let found = ann(&lab, Method::GET, &path("tables", "lab.s.u"), json!({})).await;
    assert_eq!(found["tag_assignments"], json!([]));
    assert_eq!(send(&lab, ANN, Method::GET, "/tables/lab.s.u/monitor", json!({})).await.0, StatusCode::NOT_FOUND);
    lab.stop().await;
}
