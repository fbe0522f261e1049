use super::*;

#[track_caller]
fn check(name: &str, id: &str, settings: Value, expect: [(&str, Value); 4]) {
    let kind = kind(name).unwrap();
    let word = |method| match method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
    };
    let line = |call: Call| {
        let body = match call.body {
            Body::Json(value) => value,
            _ => Value::Null,
        };
        (format!("{} {}", word(call.method), call.path), body)
    };
    let read = (format!("GET {}", kind.read.path.replace("{id}", &encode(id))), Value::Null);
    let update = kind.update.as_ref().map(|route| line(kind.call(route, id, &settings, None)));
    let found = [
        line(kind.call(&kind.create, "", &settings, None)),
        read,
        update.unwrap_or_default(),
        line(kind.call(&kind.delete, id, &settings, None)),
    ];
    for ((line, body), (expected, json)) in found.iter().zip(expect) {
        assert_eq!((line.as_str(), body), (expected, &json));
    }
}

#[test]
fn each_kind_has_its_calls() {
    let job = json!({"name": "n"});
    check(
        "jobs",
        "9223372036854775807",
        job.clone(),
        [
            ("POST /api/2.2/jobs/create", job.clone()),
            ("GET /api/2.2/jobs/get?job_id=9223372036854775807", Value::Null),
            ("POST /api/2.2/jobs/reset", json!({"job_id": 9223372036854775807_i64, "new_settings": job})),
            ("POST /api/2.2/jobs/delete", json!({"job_id": 9223372036854775807_i64})),
        ],
    );
    check(
        "pipelines",
        "p",
        json!({"name": "n", "cascade_on_destroy": false}),
        [
            ("POST /api/2.0/pipelines", json!({"name": "n"})),
            ("GET /api/2.0/pipelines/p", Value::Null),
            ("PUT /api/2.0/pipelines/p", json!({"name": "n", "id": "p"})),
            ("DELETE /api/2.0/pipelines/p?cascade=false", Value::Null),
        ],
    );
    let schema = json!({"name": "s", "catalog_name": "c", "comment": "x"});
    check(
        "schemas",
        "c.s",
        schema.clone(),
        [
            ("POST /api/2.1/unity-catalog/schemas", schema),
            ("GET /api/2.1/unity-catalog/schemas/c.s", Value::Null),
            ("PATCH /api/2.1/unity-catalog/schemas/c.s", json!({"comment": "x"})),
            ("DELETE /api/2.1/unity-catalog/schemas/c.s?force=true", Value::Null),
        ],
    );
    let dashboard = json!({"display_name": "d", "embed_credentials": false, "dataset_catalog": "c"});
    check(
        "dashboards",
        "d1",
        dashboard,
        [
            ("POST /api/2.0/lakeview/dashboards?dataset_catalog=c", json!({"display_name": "d"})),
            ("GET /api/2.0/lakeview/dashboards/d1", Value::Null),
            ("PATCH /api/2.0/lakeview/dashboards/d1", json!({"display_name": "d"})),
            ("DELETE /api/2.0/lakeview/dashboards/d1", Value::Null),
        ],
    );
    check(
        "alerts",
        "a1",
        json!({"display_name": "a", "query_text": "q"}),
        [
            ("POST /api/2.0/alerts", json!({"display_name": "a", "query_text": "q"})),
            ("GET /api/2.0/alerts/a1", Value::Null),
            (
                "PATCH /api/2.0/alerts/a1?update_mask=display_name%2Cquery_text",
                json!({"display_name": "a", "query_text": "q"}),
            ),
            ("DELETE /api/2.0/alerts/a1", Value::Null),
        ],
    );
    check(
        "experiments",
        "7",
        json!({"name": "/e"}),
        [
            ("POST /api/2.0/mlflow/experiments/create", json!({"name": "/e"})),
            ("GET /api/2.0/mlflow/experiments/get?experiment_id=7", Value::Null),
            ("POST /api/2.0/mlflow/experiments/update", json!({"experiment_id": "7", "new_name": "/e"})),
            ("POST /api/2.0/mlflow/experiments/delete", json!({"experiment_id": "7"})),
        ],
    );
}

#[test]
fn only_what_makes_something_is_not_repeated() {
    for (method, path, expect) in [
        (Method::Post, "/api/2.2/jobs/create", false),
        (Method::Post, "/api/2.0/lakeview/dashboards?dataset_catalog=c", false),
        (Method::Get, "/api/2.0/pipelines", true),
        (Method::Post, "/api/2.2/jobs/reset", true),
        (Method::Post, "/api/2.0/workspace/mkdirs", true),
    ] {
        assert_eq!(Call { method, path: path.to_owned(), body: Body::Nothing }.is_repeatable(), expect, "{path}");
    }
}

#[test]
fn what_is_no_longer_set_is_emptied() {
    let kind = kind("volumes").unwrap();
    let update = kind.update.as_ref().unwrap();
    let call = kind.call(update, "c.s.v", &json!({"name": "v"}), Some(&json!({"name": "v", "comment": "old"})));
    assert_eq!(call.body, Body::Json(json!({"comment": ""})));
}

#[test]
fn names_of_kinds_are_the_bundles() {
    for one in &KINDS {
        assert!(std::ptr::eq(kind(one.name).unwrap(), kind(one.name).unwrap()));
    }
    assert_eq!(kind("volumes").unwrap().page_of("c.s.v").as_deref(), Some("explore/data/volumes/c/s/v"));
    assert_eq!(kind("apps").map(|kind| kind.name), None);
}

#[test]
fn a_volume_keeps_its_files_under_another_name() {
    let kind = kind("volumes").unwrap();
    let update = kind.update.as_ref().unwrap();
    let settings = json!({"catalog_name": "c", "schema_name": "s", "name": "w", "comment": "x"});
    let call = kind.call(update, "c.s.v", &settings, None);
    assert_eq!(call.path, "/api/2.1/unity-catalog/volumes/c.s.v");
    assert_eq!(call.body, Body::Json(json!({"comment": "x", "new_name": "w"})));
    assert_eq!(kind.call(update, "c.s.w", &settings, None).body, Body::Json(json!({"comment": "x"})));
}
