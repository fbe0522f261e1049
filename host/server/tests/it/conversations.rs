//! The plain resources.

use serde_json::{Value, json};

use crate::support::{Api, Engine, Reply, World, both_engines};

#[test]
fn projects_and_conversations_are_kept() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        world.model.script("hours", vec![Reply::sql("call_1", "SELECT 1"), Reply::text("One row: **1**.")]);
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let project = ann.project("Taxis").await;
        let settings = json!({"project_id": project, "message": "Which hours are busy in the city, and why is that?",
            "warehouse_id": "fast", "default_catalog": " samples ", "cluster_id": ""});
        world.model.script("Which hours", vec![Reply::sql("call_1", "SELECT 1"), Reply::text("One row: **1**.")]);
        let begun = ann.post("/api/invoke_agent", settings).await;
        assert_eq!(begun.status, 202);
        let execution = begun.ok()["execution_id"].as_str().unwrap().to_owned();
        let conversation = begun.ok()["conversation_id"].as_str().unwrap().to_owned();
        ann.frames(&execution).await;

        let path = format!("/api/projects/{project}/conversations");
        let list = ann.get(&path).await.ok();
        assert_eq!(list["next"], json!(null));
        let list = list["conversations"].clone();
        assert_eq!(list.as_array().unwrap().len(), 1);
        let title = list[0]["title"].as_str().unwrap();
        assert!(title.starts_with("Which hours are busy"), "{title}");
        assert_eq!(list[0]["settings"], json!({"warehouse_id": "fast", "default_catalog": "samples"}));
        assert_eq!((&list[0]["turn_count"], &list[0]["active_execution_id"]), (&json!(1), &json!(null)));

        let detail = ann.get(&format!("{path}/{conversation}")).await.ok();
        let said: Vec<_> =
            detail["messages"].as_array().unwrap().iter().map(|m| (m["role"].clone(), m["content"].clone())).collect();
        assert_eq!(
            said,
            [
                (json!("user"), json!("Which hours are busy in the city, and why is that?")),
                (json!("assistant"), json!("One row: **1**.")),
            ]
        );
        let kinds: Vec<_> = detail["events"].as_array().unwrap().iter().map(|e| e["type"].as_str().unwrap()).collect();
        assert_eq!(
            kinds,
            [
                "conversation.created",
                "system",
                "tool_use",
                "tool_started",
                "tool_result",
                "system",
                "text",
                "result",
                "stream.completed",
            ]
        );
        assert_eq!(detail["last_seq"], detail["events"][kinds.len() - 1]["seq"]);
        assert_eq!(detail["active_execution"], json!(null));
        let result = &detail["events"][4];
        assert_eq!(result["is_error"], false, "{result}");
        assert_eq!(result["structured"]["rows"], json!([["1"]]), "{result}");
        assert_eq!(result["structured"]["columns"][0]["name"], "one");

        let executions = ann.get(&format!("{path}/{conversation}/executions")).await.ok();
        assert_eq!(executions["active"], json!(null));
        assert_eq!(executions["recent"][0]["id"], execution.as_str());
        assert_eq!(executions["recent"][0]["status"], "completed");

        let renamed = ann.patch(&format!("{path}/{conversation}"), json!({"title": " Busy hours "})).await.ok();
        assert_eq!(renamed["title"], "Busy hours");
        let renamed = ann.patch(&format!("/api/projects/{project}"), json!({"name": "Cabs"})).await.ok();
        assert_eq!((&renamed["name"], &renamed["conversation_count"]), (&json!("Cabs"), &json!(1)));

        let empty = ann.post(&path, json!({})).await;
        assert_eq!(empty.status, 201);
        ann.delete(&format!("{path}/{conversation}")).await.ok();
        ann.get(&format!("{path}/{conversation}")).await.problem(404, "not-found");
        ann.get(&format!("/api/stream_progress/{execution}")).await.problem(404, "not-found");
        ann.delete(&format!("/api/projects/{project}")).await.ok();
        assert_eq!(ann.get("/api/projects").await.ok(), json!({"projects": [], "next": null}));
        assert!(!world.project_dir(&project).exists(), "the files are gone");
        server.stop().await;
    });
}

#[tokio::test]
async fn the_prompt_and_the_tools_are_shown() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let prompt = ann.get("/api/system_prompt?default_catalog=samples&warehouse_id=fast").await.ok();
    let text = prompt["system_prompt"].as_str().unwrap();
    assert!(text.contains("samples") && text.contains("fast"), "{text}");
    let tools = ann.get("/api/tools").await.ok();
    let names: Vec<_> = tools.as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    for name in ["Read", "Write", "mcp__databricks__execute_sql", "mcp__databricks__list_warehouses"] {
        assert!(names.contains(&name), "{name} is missing from {names:?}; are the plugins built (cargo xtask test)?");
    }
    let warehouses = ann.get("/api/warehouses").await.ok();
    assert_eq!(
        warehouses[0],
        json!({"warehouse_id": "fast", "warehouse_name": "Fast", "state": "RUNNING",
        "cluster_size": "2X-Small", "creator_name": "ann@example.com", "is_serverless": true})
    );
    // The cluster of a job is nobody's to choose.
    let cluster = |id: &str, state: &str| json!({"cluster_id": id, "cluster_name": id, "state": state, "creator_user_name": "ann@example.com"});
    assert_eq!(ann.get("/api/clusters").await.ok(), json!([cluster("on", "RUNNING"), cluster("old", "TERMINATED")]));
    let catalogs = ann.get("/api/catalogs").await.ok();
    assert_eq!(catalogs, json!([{"name": "main", "comment": null}, {"name": "samples", "comment": "sample data"}]));
    assert_eq!(ann.get("/api/catalogs/samples/schemas").await.ok(), json!([{"name": "nyctaxi"}]));
    server.stop().await;
}

#[test]
fn a_user_has_a_bounded_number_of_projects() {
    both_engines(async |engine: Engine| {
        let mut world = World::new(engine).await;
        world.projects_per_user = 2;
        let server = world.serve().await;
        let (ann, bob) = (server.as_user("ann"), server.as_user("bob"));
        let first = ann.project("One").await;
        ann.project("Two").await;
        let problem = ann.post("/api/projects", json!({"name": "Three"})).await.problem(409, "too-many");
        assert!(problem["detail"].as_str().unwrap().contains("2 projects"), "{problem}");
        bob.project("One").await;
        ann.delete(&format!("/api/projects/{first}")).await;
        ann.project("Three").await;
        server.stop().await;
    });
}

/// Reads a list three at a time: the ids in their order, and how many came in each answer.
async fn by_threes(api: &Api, path: &str, name: &str) -> (Vec<Value>, Vec<usize>) {
    let (mut seen, mut query, mut sizes) = (Vec::new(), "?limit=3".to_owned(), Vec::new());
    loop {
        let answer = api.get(&format!("{path}{query}")).await.ok();
        let page = answer[name].as_array().unwrap();
        sizes.push(page.len());
        seen.extend(page.iter().map(|one| one["id"].clone()));
        let Some(next) = answer["next"].as_str() else { return (seen, sizes) };
        query = format!("?limit=3&after={next}");
    }
}

async fn assert_refuses_bad_parts(api: &Api, path: &str) {
    for (query, field) in [("limit=0", "limit"), ("limit=2001", "limit"), ("after=x", "after"), ("page=2", "page")] {
        let problem = api.get(&format!("{path}?{query}")).await.problem(422, "invalid-request");
        assert_eq!(problem["errors"][0]["field"], field, "{query}");
    }
}

#[test]
fn a_list_of_projects_goes_on_where_an_answer_ends() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        let server = world.serve().await;
        let (ann, bob) = (server.as_user("ann"), server.as_user("bob"));
        let mut made = Vec::new();
        for number in 0..7 {
            made.insert(0, Value::from(ann.project(&format!("Number {number}")).await));
            bob.project("His").await;
        }
        let all = ann.get("/api/projects").await.ok();
        assert_eq!((all["projects"].as_array().unwrap().len(), &all["next"]), (7, &json!(null)));
        assert_eq!(by_threes(&ann, "/api/projects", "projects").await, (made.clone(), vec![3, 3, 1]));
        // Another user's cursor is a place in one's own list.
        let next = bob.get("/api/projects?limit=1").await.ok()["next"].as_str().unwrap().to_owned();
        let rest = ann.get(&format!("/api/projects?after={next}")).await.ok();
        assert!(rest["projects"].as_array().unwrap().iter().all(|one| made.contains(&one["id"])), "{rest}");
        assert_refuses_bad_parts(&ann, "/api/projects").await;
        // More than one page of the store in one answer.
        let user = bricklayer_domain::UserId::parse("ann@example.com").unwrap();
        let name = bricklayer_domain::Title::parse("One of many").unwrap();
        for _ in 0..bricklayer_store::MAX_PAGE {
            server.app.store().create_project(&user, &name).await.unwrap();
        }
        let many = ann.get("/api/projects?limit=206").await.ok();
        assert_eq!(many["projects"].as_array().unwrap().len(), 206);
        let rest = ann.get(&format!("/api/projects?after={}", many["next"].as_str().unwrap())).await.ok();
        assert_eq!((rest["projects"].as_array().unwrap().len(), &rest["next"]), (1, &json!(null)));
        server.stop().await;
    });
}

#[test]
fn a_list_of_conversations_goes_on_where_an_answer_ends() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let project = ann.project("One").await;
        let path = format!("/api/projects/{project}/conversations");
        let mut made = Vec::new();
        for number in 0..7 {
            let one = ann.post(&path, json!({"title": format!("Number {number}")})).await.ok();
            made.insert(0, one["id"].clone());
        }
        let all = ann.get(&path).await.ok();
        assert_eq!((all["conversations"].as_array().unwrap().len(), &all["next"]), (7, &json!(null)));
        assert_eq!(by_threes(&ann, &path, "conversations").await, (made, vec![3, 3, 1]));
        assert_refuses_bad_parts(&ann, &path).await;
        // More than one page of the store in one answer.
        let user = bricklayer_domain::UserId::parse("ann@example.com").unwrap();
        let id = bricklayer_domain::ProjectId::from_uuid(project.parse().unwrap());
        for _ in 0..bricklayer_store::MAX_PAGE {
            server.app.store().create_conversation(&user, id, None).await.unwrap();
        }
        let many = ann.get(&format!("{path}?limit=206")).await.ok();
        assert_eq!(many["conversations"].as_array().unwrap().len(), 206);
        let rest = ann.get(&format!("{path}?after={}", many["next"].as_str().unwrap())).await.ok();
        assert_eq!((rest["conversations"].as_array().unwrap().len(), &rest["next"]), (1, &json!(null)));
        server.stop().await;
    });
}
