use bricklayer_sdk::TransportError;
use bricklayer_sdk::testing::Script;

use super::*;
use crate::create;
use crate::types::ObjectKind;

const UC: &str = "/api/2.1/unity-catalog";

fn asked(kind: ObjectKind, within: Option<&str>) -> types::ListCatalogObjectsRequest {
    types::ListCatalogObjectsRequest { kind, within: within.map(str::to_owned), name_contains: None, limit: None }
}

fn named(kind: ObjectKind, name: &str) -> types::GetCatalogObjectRequest {
    types::GetCatalogObjectRequest { kind, name: name.to_owned() }
}

#[test]
fn lists_follow_all_pages_and_say_whether_they_are_complete() {
    let path = format!("GET {UC}/tables?max_results=0&catalog_name=c&schema_name=s&omit_columns=true");
    let script = Script::new()
        .on(
            &path,
            200,
            r#"{"tables":[{"full_name":"c.s.a","table_type":"MANAGED","owner":"o"}],"next_page_token":"n"}"#,
        )
        .on(&format!("{path}&page_token=n"), 200, r#"{"tables":[{"full_name":"c.s.b","table_type":"VIEW"}]}"#);
    let found = list(&script, asked(ObjectKind::Table, Some("c.s"))).unwrap();
    assert_eq!(found.objects.iter().map(|object| object.name.as_str()).collect::<Vec<_>>(), ["c.s.a", "c.s.b"]);
    assert!(found.complete && found.text.contains("all there are"), "{}", found.text);
    script.done();

    let script = Script::new().on(&path, 200, r#"{"tables":[{"full_name":"c.s.a"},{"full_name":"c.s.b"}]}"#);
    let some = types::ListCatalogObjectsRequest { limit: Some(1), ..asked(ObjectKind::Table, Some("c.s")) };
    let found = list(&script, some).unwrap();
    assert!(!found.complete && found.text.contains("there are more"), "{}", found.text);

    let script = Script::new().on(&path, 200, r#"{"tables":[{"full_name":"c.s.trips"},{"full_name":"c.s.zones"}]}"#);
    let part = types::ListCatalogObjectsRequest {
        name_contains: Some("TRI".to_owned()),
        ..asked(ObjectKind::Table, Some("c.s"))
    };
    let found = list(&script, part).unwrap();
    assert_eq!((found.objects.len(), found.complete), (1, true));
}

#[test]
fn every_kind_is_listed_where_it_lives() {
    for (kind, within, path, field) in [
        (ObjectKind::Catalog, None, "catalogs?max_results=0", "catalogs"),
        (ObjectKind::Schema, Some("c"), "schemas?max_results=0&catalog_name=c", "schemas"),
        (ObjectKind::Volume, Some("c.s"), "volumes?max_results=0&catalog_name=c&schema_name=s", "volumes"),
        (ObjectKind::Function, Some("c.s"), "functions?max_results=0&catalog_name=c&schema_name=s", "functions"),
        (ObjectKind::StorageCredential, None, "storage-credentials?max_results=0", "storage_credentials"),
        (ObjectKind::ExternalLocation, None, "external-locations?max_results=0", "external_locations"),
        (ObjectKind::Connection, None, "connections?max_results=0", "connections"),
        (ObjectKind::Share, None, "shares?max_results=0", "shares"),
        (ObjectKind::Recipient, None, "recipients?max_results=0", "recipients"),
        (ObjectKind::Provider, None, "providers?max_results=0", "providers"),
    ] {
        let script = Script::new().on(&format!("GET {UC}/{path}"), 200, &format!(r#"{{"{field}":[{{"name":"x"}}]}}"#));
        let found = list(&script, asked(kind, within)).unwrap();
        assert_eq!(found.objects.len(), 1, "{path}");
        script.done();
    }
    for (kind, within) in [
        (ObjectKind::Catalog, Some("c")),
        (ObjectKind::Schema, None),
        (ObjectKind::Table, None),
        (ObjectKind::Table, Some("c")),
        (ObjectKind::Share, Some("c")),
    ] {
        assert_eq!(list(&Script::new(), asked(kind, within)).unwrap_err().kind, FailureKind::InvalidInput, "{kind:?}");
    }
}

#[test]
fn what_is_not_found_is_told_with_names_like_it() {
    let missing = r#"{"error_code":"TABLE_DOES_NOT_EXIST","message":"no"}"#;
    let list = format!("GET {UC}/tables?max_results=0&catalog_name=c&schema_name=s&omit_columns=true");
    let script = Script::new().on(&format!("GET {UC}/tables/c.s.trip"), 404, missing).on(
        &list,
        200,
        r#"{"tables":[{"name":"trips"},{"name":"zones"}]}"#,
    );
    let failure = get(&script, named(ObjectKind::Table, "c.s.trip")).unwrap_err();
    assert!(failure.kind == FailureKind::NotFound && failure.message.contains("There are: trips."), "{failure:?}");
    script.done();
}

#[test]
fn failures_keep_what_the_workspace_says() {
    let path = format!("GET {UC}/catalogs/c");
    for (status, body, kind, retryable) in [
        (429, r#"{"error_code":"REQUEST_LIMIT_EXCEEDED","message":"slow"}"#, FailureKind::RateLimited, true),
        (
            403,
            r#"{"error_code":"PERMISSION_DENIED","message":"User does not have USE CATALOG"}"#,
            FailureKind::PermissionDenied,
            false,
        ),
        (404, r#"{"error_code":"ENDPOINT_NOT_FOUND","message":"no"}"#, FailureKind::NotFound, false),
        (500, "<html>", FailureKind::Upstream, true),
        (200, "<html>", FailureKind::Upstream, false),
    ] {
        let script = Script::new().on(&path, status, body);
        let failure = get(&script, named(ObjectKind::Catalog, "c")).unwrap_err();
        assert_eq!((failure.kind, failure.retryable), (kind, retryable), "{status} {body}");
        script.done();
    }
    let script = Script::new().fail(&path, TransportError::Timeout("x".to_owned()));
    assert_eq!(get(&script, named(ObjectKind::Catalog, "c")).unwrap_err().kind, FailureKind::Timeout);
}

#[test]
fn secrets_are_hidden_and_columns_are_shown() {
    let script = Script::new().on(
        &format!("GET {UC}/connections/pg"),
        200,
        r#"{"name":"pg","connection_type":"POSTGRESQL","options":{"host":"h","password":"hunter2"},"owner":"o"}"#,
    );
    let found = get(&script, named(ObjectKind::Connection, "pg")).unwrap();
    assert!(!format!("{found:?}").contains("hunter2") && found.details.contains("[hidden]"), "{found:?}");
    let script = Script::new().on(
        &format!("GET {UC}/tables/c.s.t"),
        200,
        r#"{"full_name":"c.s.t","table_type":"MANAGED","columns":[{"name":"id","type_text":"bigint","type_json":"{}"}]}"#,
    );
    let found = get(&script, named(ObjectKind::Table, "c.s.t")).unwrap();
    assert!(found.text.contains("| id | bigint |") && !found.details.contains("type_json"), "{found:?}");
}

#[test]
fn a_share_is_read_with_what_is_in_it_and_a_provider_with_its_shares() {
    let script = Script::new().on(
        &format!("GET {UC}/shares/sh?include_shared_data=true"),
        200,
        r#"{"name":"sh","objects":[{"name":"c.s.t","data_object_type":"TABLE"}]}"#,
    );
    assert!(get(&script, named(ObjectKind::Share, "sh")).unwrap().text.contains("c.s.t"));
    let script = Script::new()
        .on(&format!("GET {UC}/providers/p"), 200, r#"{"name":"p","authentication_type":"DATABRICKS"}"#)
        .on(&format!("GET {UC}/providers/p/shares?max_results=0"), 200, r#"{"shares":[{"name":"theirs"}]}"#);
    assert!(get(&script, named(ObjectKind::Provider, "p")).unwrap().text.contains("theirs"));
    script.done();
}

#[test]
fn what_is_there_stays_as_it_is() {
    let request = || types::CreateSchemaRequest {
        name: "c.s".to_owned(),
        comment: Some("x".to_owned()),
        storage_root: None,
        properties: None,
    };
    let script = Script::new().on(&format!("POST {UC}/schemas"), 200, "{}");
    assert!(create::schema(&script, request()).unwrap().changed);
    assert_eq!(script.body(0), json!({"catalog_name": "c", "name": "s", "comment": "x"}));
    let script = Script::new()
        .on(&format!("POST {UC}/schemas"), 409, r#"{"error_code":"SCHEMA_ALREADY_EXISTS","message":"there"}"#)
        .on(&format!("GET {UC}/schemas/c.s"), 200, r#"{"owner":"ann"}"#);
    let found = create::schema(&script, request()).unwrap();
    assert!(!found.changed && found.text.contains("owned by ann"), "{found:?}");
    let script = Script::new().fail(&format!("POST {UC}/schemas"), TransportError::Timeout("x".to_owned()));
    assert!(create::schema(&script, request()).unwrap_err().message.contains("Calling again is safe"));
}

#[test]
fn volumes_are_external_only_with_a_place() {
    for (place, kind) in [(None, "MANAGED"), (Some("s3://b/x"), "EXTERNAL")] {
        let script = Script::new().on(&format!("POST {UC}/volumes"), 200, "{}");
        let request = types::CreateVolumeRequest {
            name: "c.s.v".to_owned(),
            comment: None,
            storage_location: place.map(str::to_owned),
        };
        create::volume(&script, request).unwrap();
        assert_eq!(script.body(0)["volume_type"], kind);
    }
}

#[test]
fn only_what_is_named_is_changed() {
    let asked = |kind| types::UpdateCatalogObjectRequest {
        kind,
        name: "c".to_owned(),
        new_name: None,
        comment: None,
        properties: None,
        isolation_mode: None,
    };
    let script = Script::new().on(&format!("PATCH {UC}/catalogs/c"), 200, "{}");
    let request = types::UpdateCatalogObjectRequest {
        new_name: Some("d".to_owned()),
        isolation_mode: Some("isolated".to_owned()),
        ..asked(ObjectKind::Catalog)
    };
    let change = update(&script, request).unwrap();
    assert_eq!((change.name, change.old_name), ("d".to_owned(), Some("c".to_owned())));
    assert_eq!(script.body(0), json!({"new_name": "d", "isolation_mode": "ISOLATED"}));
    let table =
        |request| types::UpdateCatalogObjectRequest { kind: ObjectKind::Table, name: "c.s.t".to_owned(), ..request };
    for bad in [
        asked(ObjectKind::Catalog),
        asked(ObjectKind::Share),
        types::UpdateCatalogObjectRequest {
            isolation_mode: Some("ISOLATION_MODE_OPEN".to_owned()),
            ..asked(ObjectKind::Catalog)
        },
        types::UpdateCatalogObjectRequest { new_name: Some("a.b".to_owned()), ..asked(ObjectKind::Catalog) },
        table(types::UpdateCatalogObjectRequest { comment: Some("x".to_owned()), ..asked(ObjectKind::Table) }),
        table(types::UpdateCatalogObjectRequest { new_name: Some("x".to_owned()), ..asked(ObjectKind::Table) }),
    ] {
        assert_eq!(update(&Script::new(), bad.clone()).unwrap_err().kind, FailureKind::InvalidInput, "{bad:?}");
    }
}

#[test]
fn force_is_sent_only_when_asked_for() {
    let asked = |kind, name: &str, force| types::DeleteCatalogObjectRequest { kind, name: name.to_owned(), force };
    let script = Script::new().on(
        &format!("DELETE {UC}/schemas/c.s"),
        400,
        r#"{"error_code":"SCHEMA_NOT_EMPTY","message":"not empty"}"#,
    );
    let failure = delete(&script, asked(ObjectKind::Schema, "c.s", None)).unwrap_err();
    assert!(failure.message.contains("SCHEMA_NOT_EMPTY") && failure.message.contains("With force"), "{failure:?}");
    let script = Script::new().on(&format!("DELETE {UC}/schemas/c.s?force=true"), 200, "");
    assert!(delete(&script, asked(ObjectKind::Schema, "c.s", Some(true))).unwrap().changed);
    assert!(delete(&Script::new(), asked(ObjectKind::Table, "c.s.t", Some(true))).is_err());
    let script = Script::new()
        .on(&format!("DELETE {UC}/volumes/c.s.v"), 404, r#"{"error_code":"VOLUME_DOES_NOT_EXIST","message":"no"}"#)
        .on(&format!("GET {UC}/volumes?max_results=0&catalog_name=c&schema_name=s"), 200, "{}");
    let gone = delete(&script, asked(ObjectKind::Volume, "c.s.v", None)).unwrap();
    assert!(!gone.changed && gone.text.starts_with("Nothing was deleted"), "{gone:?}");
}

#[test]
fn an_owner_is_set_on_any_kind() {
    let script = Script::new().on(&format!("PATCH {UC}/external-locations/l"), 200, "{}");
    let request =
        types::SetOwnerRequest { kind: ObjectKind::ExternalLocation, name: "l".to_owned(), owner: " ann ".to_owned() };
    assert!(set_owner(&script, request.clone()).unwrap().changed);
    assert_eq!(script.body(0), json!({"owner": "ann"}));
    let nobody = types::SetOwnerRequest { owner: " ".to_owned(), ..request };
    assert!(set_owner(&Script::new(), nobody).is_err());
}
