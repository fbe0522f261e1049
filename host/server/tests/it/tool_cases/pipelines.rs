//! Cases of the family `pipelines`.

use bricklayer_domain::ToolErrorKind::{Failed, InvalidInput, NotFound, PermissionDenied};
use serde_json::{Value, json};

use super::{Case, ENDLESS, Stage, fails, stopped, works};
use crate::support::eventually;

/// Pipelines: more than one page of their list.
const MANY: usize = 101;

pub(super) async fn cases(stage: &Stage) -> Vec<Case> {
    let owner = &stage.owner;
    let settings = async |name: &str, query: &str| {
        let sql = format!("CREATE MATERIALIZED VIEW {name}_of_cases AS {query}");
        let path = owner.import(&format!("{name}.sql"), &sql).await;
        json!({"catalog": "main", "schema": "default", "libraries": [{"file": {"path": path}}]})
    };
    let good = settings("good", "SELECT sum(id) AS n FROM range(5)").await;
    let make = async |name: &str, settings: &Value| {
        let mut body = settings.clone();
        body["name"] = json!(name);
        owner.post("/api/2.0/pipelines", body).await["pipeline_id"].clone()
    };
    let begin = async |pipeline: &Value| {
        let path = format!("/api/2.0/pipelines/{}/updates", pipeline.as_str().unwrap());
        owner.post(&path, json!({})).await["update_id"].clone()
    };
    for n in 0..MANY {
        make(&format!("many {n}"), &good).await;
    }
    let (nightly, spare) = (make("nightly", &good).await, make("spare", &good).await);
    let bad = make("bad", &settings("bad", "SELECT 1 / id AS n FROM range(2)").await).await;
    let endless = settings("endless", ENDLESS).await;
    let (slow, slower) = (make("slow", &endless).await, make("slower", &endless).await);
    let (done, failed, running) = (begin(&nightly).await, begin(&bad).await, begin(&slow).await);
    for (pipeline, update) in [(&nightly, &done), (&bad, &failed)] {
        let path = format!("/api/2.0/pipelines/{}/updates/{}", pipeline.as_str().unwrap(), update.as_str().unwrap());
        eventually("the end of an update", async || match owner.get(&path).await["update"]["state"].as_str() {
            Some("COMPLETED" | "FAILED") => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .await;
    }
    let of = |pipeline: &Value| json!({"pipeline_id": pipeline});
    let update = |pipeline: &Value, update: &Value| json!({"pipeline_id": pipeline, "update_id": update});
    let with = |pipeline: &Value, more: Value| {
        let mut input = of(pipeline);
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let named = |name: &str| json!({"name": name, "settings": good});
    let nosuch = json!("01234567-89ab-cdef-0123-456789abcdef");
    let (id, no_id) = (nightly.as_str().unwrap().to_owned(), nosuch.as_str().unwrap());
    let mine = "PERMISSION_DENIED";
    vec![
        works("create_pipeline", named("new"), "new"),
        fails("create_pipeline", named("nightly"), InvalidInput, &id),
        fails("create_pipeline", json!({"name": "x", "settings": {"libraries": 7}}), InvalidInput, "libraries"),
        works("create_or_update_pipeline", named("nightly"), &id),
        fails("create_or_update_pipeline", json!({"name": "nightly"}), InvalidInput, "settings"),
        works("get_pipeline", of(&nightly), "nightly"),
        fails("get_pipeline", of(&nightly), PermissionDenied, mine).by_stranger(),
        fails("get_pipeline", of(&nosuch), NotFound, no_id),
        works("list_pipelines", json!({"name_contains": "many", "limit": 200}), "many 100")
            .in_pages("/api/2.0/pipelines", 2)
            .alone(),
        works("list_pipelines", json!({"name_contains": "NIGHTLY"}), &id),
        fails("list_pipelines", json!({"limit": 0}), InvalidInput, "limit"),
        works("find_pipeline_by_name", json!({"name": "nightly"}), &id),
        fails("find_pipeline_by_name", json!({}), InvalidInput, "name"),
        works("update_pipeline", with(&spare, json!({"settings": {"configuration": {"day": "1"}}})), "was changed"),
        fails("update_pipeline", with(&spare, json!({"settings": {"photon": true}})), PermissionDenied, mine)
            .by_stranger(),
        fails("update_pipeline", with(&nosuch, json!({"settings": {"photon": true}})), NotFound, no_id),
        fails("update_pipeline", of(&spare), InvalidInput, "fields_to_remove"),
        works("start_update", with(&nightly, json!({"wait_seconds": 30})), "COMPLETED"),
        works("start_update", with(&bad, json!({"validate_only": true, "wait_seconds": 30})), "COMPLETED").alone(),
        fails("start_update", with(&bad, json!({"wait_seconds": 30})), Failed, "[DIVIDE_BY_ZERO]"),
        fails("start_update", of(&nightly), PermissionDenied, mine).by_stranger(),
        fails("start_update", of(&nosuch), NotFound, no_id),
        stopped("start_update", with(&slower, json!({"wait_seconds": 60})), "/updates/", "/stop"),
        works("get_update", update(&nightly, &done), "COMPLETED"),
        works("get_update", update(&bad, &failed), "[DIVIDE_BY_ZERO]").alone(),
        fails("get_update", update(&nightly, &done), PermissionDenied, mine).by_stranger(),
        fails("get_update", update(&nightly, &nosuch), NotFound, no_id),
        works("wait_for_update", update(&nightly, &done), "COMPLETED"),
        works(
            "wait_for_update",
            json!({"pipeline_id": slow, "update_id": running, "wait_seconds": 1}),
            "wait_for_update",
        )
        .alone(),
        fails("wait_for_update", update(&bad, &failed), Failed, "[DIVIDE_BY_ZERO]"),
        fails("wait_for_update", update(&nightly, &done), PermissionDenied, mine).by_stranger(),
        works("get_pipeline_events", of(&bad), "[DIVIDE_BY_ZERO]"),
        works("get_pipeline_events", with(&bad, json!({"level": "info", "limit": 500})), "all that fit").alone(),
        works("get_pipeline_events", with(&bad, json!({"limit": 1})), "there are more").alone(),
        fails("get_pipeline_events", of(&bad), PermissionDenied, mine).by_stranger(),
        fails("get_pipeline_events", of(&nosuch), NotFound, no_id),
        fails("stop_pipeline", of(&slow), PermissionDenied, mine).by_stranger(),
        works("stop_pipeline", of(&slow), "was stopped"),
        works("stop_pipeline", of(&slow), "It was idle").alone(),
        fails("stop_pipeline", of(&nosuch), NotFound, no_id),
        fails("delete_pipeline", of(&spare), PermissionDenied, mine).by_stranger(),
        works("delete_pipeline", of(&spare), "was deleted"),
        fails("delete_pipeline", of(&spare), NotFound, spare.as_str().unwrap()),
    ]
}
