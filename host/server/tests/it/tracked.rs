//! What a project made at the workspace, what goes on there after its call, and which tools a project chose.

use bricklayer_domain::{ContinuingCall, OperationOrigin, PluginName, ToolName, UserId};
use bricklayer_server::config::{Config, ModelConfig};
use serde_json::{Value, json};

use crate::jobs::{ENDLESS, config, scene, tool, well};
use crate::support::{Chat, Reply, Server, World};

#[track_caller]
fn text(answer: &Value) -> &str {
    answer["content"].as_str().unwrap()
}

fn check(operation: &str) -> Value {
    json!({"operation": operation})
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_outlives_its_call_and_its_host_and_is_ended_by_its_handle() {
    let (world, local, server) = scene().await;
    let ann = server.as_user("ann");
    let mut chat = Chat::new(&world.model, &ann).await;
    let endless = local.task("endless", ENDLESS, json!({})).await;
    let begun =
        chat.call(&tool("submit_run"), json!({"tasks": [endless], "run_name": "long", "wait_seconds": 0})).await;
    let run = well(&begun)["run_id"].clone();
    let operation = begun["operations"][0].as_str().unwrap_or_else(|| panic!("{begun:#}")).to_owned();
    assert!(text(&begun).contains(&format!("operation {operation} goes on")), "{begun:#}");
    local.run_until(&run, |state| state["life_cycle_state"] == "RUNNING").await;
    let looked = chat.call("check_operation_status", check(&operation)).await;
    assert!(text(&looked).contains("goes on") && looked["is_error"] == false, "{looked:#}");
    assert_eq!(looked["operations"], json!([operation]), "the same one, under its own handle");

    // It is in no other project.
    let mut elsewhere = Chat::new(&world.model, &ann).await;
    is_unknown(&mut elsewhere, &operation).await;
    for (input, field) in [
        (json!({}), "operation: "),
        (json!({"operation": 7}), "operation: "),
        (json!({"operation": operation, "wait_seconds": 601}), "wait_seconds: "),
        (json!({"operation": operation, "wait_seconds": "1"}), "wait_seconds: "),
    ] {
        let refused = chat.call("check_operation_status", input).await;
        assert!(refused["error_kind"] == "invalid-input" && text(&refused).starts_with(field), "{refused:#}");
    }

    let project = chat.project().to_owned();
    server.stop().await;
    let server = Server::start(config(&world, &local)).await;
    let ann = server.as_user("ann");
    let mut chat = Chat::within(&world.model, &ann, project);
    let listed = chat.call("list_operations", json!({})).await;
    let line = &well(&listed)["operations"][0];
    let told = [&line["operation"], &line["state"], &line["tool"], &line["family"]];
    assert_eq!(told, [&json!(operation), &json!("running"), &json!("submit_run"), &json!("databricks-jobs")]);
    let cancelled = chat.call("cancel_operation", check(&operation)).await;
    assert!(cancelled["is_error"] == false, "{cancelled:#}");
    let ended = local.run_until(&run, |state| !state["result_state"].is_null()).await;
    assert_eq!(ended["state"]["result_state"], "CANCELED", "{ended:#}");
    let looked = chat.call("check_operation_status", json!({"operation": operation, "wait_seconds": 30})).await;
    assert!(looked["is_error"] == false && looked["operations"].is_null(), "{looked:#}");
    let again = chat.call("cancel_operation", check(&operation)).await;
    assert!(again["is_error"] == false && text(&again).contains("CANCELED"), "it has ended: {again:#}");
    server.stop().await;
}

/// Whoever asks knows of no such operation, and has none.
async fn is_unknown(chat: &mut Chat<'_>, operation: &str) {
    for name in ["check_operation_status", "cancel_operation"] {
        let refused = chat.call(name, check(operation)).await;
        assert_eq!(refused["error_kind"], "not-found", "{refused:#}");
    }
    let listed = chat.call("list_operations", json!({})).await;
    assert_eq!(well(&listed)["operations"], json!([]));
}

#[tokio::test]
async fn anothers_operation_is_not_found() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    let (ann, bob) = (server.as_user("ann"), server.as_user("bob"));
    let origin = OperationOrigin {
        user: UserId::parse("ann@example.com").unwrap(),
        project: ann.project("One").await.parse().unwrap(),
        plugin: PluginName::parse("databricks-jobs").unwrap(),
        tool: ToolName(tool("run_job")),
        conversation: None,
        turn: None,
        call: None,
    };
    let by = ContinuingCall { name: ToolName(tool("wait_for_run")), input: json!({"run_id": 7}), clean_up: Vec::new() };
    let operation = server.app.store().keep_operation(&origin, &by).await.unwrap().to_string();
    is_unknown(&mut Chat::new(&world.model, &bob).await, &operation).await;
    let mut own = Chat::within(&world.model, &ann, origin.project.to_string());
    let listed = own.call("list_operations", json!({})).await;
    assert_eq!(well(&listed)["operations"][0]["operation"], operation);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_ends_by_itself_gives_what_it_left() {
    let (world, local, server) = scene().await;
    let ann = server.as_user("ann");
    let mut chat = Chat::new(&world.model, &ann).await;
    let quick = local.task("quick", "SELECT 1", json!({})).await;
    let begun = chat.call(&tool("submit_run"), json!({"tasks": [quick], "wait_seconds": 0})).await;
    let operation = begun["operations"][0].as_str().unwrap_or_else(|| panic!("{begun:#}")).to_owned();
    let ended = chat.call("check_operation_status", json!({"operation": operation, "wait_seconds": 60})).await;
    assert!(text(&ended).contains("has ended well") && text(&ended).contains("SUCCESS"), "{ended:#}");
    // Told again without asking the workspace.
    let told = chat.call("check_operation_status", check(&operation)).await;
    assert!(text(&told).contains("has ended well") && text(&told).contains("SUCCESS"), "{told:#}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_project_made_is_listed_and_removed_by_its_familys_tool() {
    let (world, _local, server) = scene().await;
    let ann = server.as_user("ann");
    let mut chat = Chat::new(&world.model, &ann).await;
    let list = format!("/api/projects/{}/resources", chat.project());
    let settings = json!({"tasks": [{"task_key": "a", "notebook_task": {"notebook_path": "/a"}}]});
    let make = json!({"name": "nightly", "settings": settings});
    let made = chat.call(&tool("create_or_update_job"), make.clone()).await;
    let job = well(&made)["job_id"].to_string();
    let link = well(&made)["link"].clone();
    assert_eq!(
        made["made"],
        json!([{"type": "job", "id": job, "name": "nightly", "link": link, "whole": true}]),
        "{made:#}"
    );
    // It is there: nothing was made.
    assert!(chat.call(&tool("create_or_update_job"), make).await["made"].is_null());
    chat.call(&tool("create_job"), json!({"name": "second", "settings": settings})).await;
    let listed = ann.get(&format!("{list}?limit=1")).await.ok();
    let newest = &listed["resources"][0];
    assert_eq!(
        (&newest["name"], &newest["type"], &newest["removable"]),
        (&json!("second"), &json!("job"), &json!(true))
    );
    assert_eq!((&newest["tool"], newest["execution_id"].is_string()), (&json!(tool("create_job")), true));
    let next = listed["next"].as_str().unwrap();
    let rest = ann.get(&format!("{list}?after={next}")).await.ok();
    assert_eq!((rest["resources"][0]["id"].as_str(), &rest["next"]), (Some(job.as_str()), &Value::Null));

    // A tool that renames it says so to the list; another change leaves the name.
    let second = newest["id"].as_str().unwrap();
    for settings in [json!({"name": "weekly"}), json!({"max_concurrent_runs": 2})] {
        let change = json!({"job_id": second.parse::<u64>().unwrap(), "settings": settings});
        well(&chat.call(&tool("update_job"), change).await);
        let renamed = ann.get(&format!("{list}?limit=1")).await.ok()["resources"][0].clone();
        let expected = json!([second, "weekly", newest["link"], tool("create_job")]);
        assert_eq!(json!([renamed["id"], renamed["name"], renamed["link"], renamed["tool"]]), expected, "{renamed:#}");
    }

    // A tool that deletes it takes it off the list.
    well(&chat.call(&tool("delete_job"), json!({"job_id": job.parse::<u64>().unwrap()})).await);
    let left = ann.get(&list).await.ok();
    assert_eq!(left["resources"].as_array().unwrap().len(), 1, "{left:#}");

    // Removing asks as any call does: declined, it stays; allowed, it goes.
    let id = left["resources"][0]["resource_id"].as_str().unwrap();
    for (decision, count) in [("no", 1), ("once", 0)] {
        let begun = ann.post(&format!("{list}/{id}/remove"), json!({})).await.ok();
        let turn = begun["execution_id"].as_str().unwrap();
        let mut follow = ann.follow(turn, 0).await;
        let asked = follow.until("approval.requested").await;
        assert_eq!(asked.data["tool_name"], tool("delete_job"), "{asked:?}");
        let path = format!("/api/executions/{turn}/approvals/{}", asked.data["tool_id"].as_str().unwrap());
        ann.post(&path, json!({"decision": decision})).await.ok();
        follow.follow_to_end().await;
        assert_eq!(ann.get(&list).await.ok()["resources"].as_array().unwrap().len(), count, "{decision}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_catalog_and_the_files_made_is_listed_by_type_and_removed_by_it() {
    let (world, _local, server) = scene().await;
    let ann = server.as_user("ann");
    let mut chat = Chat::new(&world.model, &ann).await;
    let list = format!("/api/projects/{}/resources", chat.project());
    let listed = async || -> Vec<(String, String)> {
        let found = ann.get(&list).await.ok()["resources"].as_array().unwrap().clone();
        assert!(found.iter().all(|one| one["removable"] == true), "{found:#?}");
        let text = |one: &Value, field: &str| one[field].as_str().unwrap().to_owned();
        found.iter().map(|one| (text(one, "type"), text(one, "id"))).collect()
    };
    let folder = world.project_dir(chat.project());
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("a.txt"), "one\n").unwrap();
    let home = "/Users/ann@example.com";
    for (name, input) in [
        ("create_schema", json!({"name": "`main`.listed"})),
        ("create_volume", json!({"name": "main.listed.v"})),
        ("create_storage_credential", json!({"name": "cred", "aws_iam_role_arn": "arn:aws:iam::1:role/r"})),
        ("upload_file", json!({"local_path": "a.txt", "workspace_path": format!("/Workspace{home}/a.txt")})),
        ("upload_to_volume", json!({"local_path": "a.txt", "volume_path": "/Volumes/main/listed/v/"})),
        // It is there: nothing was made.
        ("create_schema", json!({"name": "main.listed"})),
    ] {
        well(&chat.call(&tool(name), input).await);
    }
    let line = |kind: &str, id: &str| (kind.to_owned(), id.to_owned());
    let (schema, volume, credential) =
        (line("schema", "main.listed"), line("volume", "main.listed.v"), line("storage_credential", "cred"));
    let (object, file) =
        (line("workspace_object", &format!("{home}/a.txt")), line("volume_file", "/Volumes/main/listed/v/a.txt"));
    assert_eq!(listed().await, [file, object, credential.clone(), volume.clone(), schema.clone()]);

    // What is known by its name stands there under the new one.
    let rename = json!({"kind": "storage-credential", "name": "`cred`", "new_name": "key"});
    well(&chat.call(&tool("update_external_object"), rename).await);
    let credential = line("storage_credential", "key");
    assert!(listed().await.contains(&credential));

    // The same tool deletes things of several types.
    for (name, input) in [
        ("delete_volume_file", json!({"path": "/Volumes/main/listed/v/a.txt"})),
        ("delete_workspace_object", json!({"path": format!("/Workspace{home}/a.txt")})),
        ("delete_catalog_object", json!({"kind": "volume", "name": "main.listed.v"})),
    ] {
        well(&chat.call(&tool(name), input).await);
    }
    assert_eq!(listed().await, [credential, schema.clone()]);
    let id = ann.get(&list).await.ok()["resources"][0]["resource_id"].as_str().unwrap().to_owned();
    let begun = ann.post(&format!("{list}/{id}/remove"), json!({})).await.ok();
    let turn = begun["execution_id"].as_str().unwrap();
    let mut follow = ann.follow(turn, 0).await;
    let asked = follow.until("approval.requested").await;
    assert_eq!(asked.data["tool_name"], tool("delete_catalog_object"), "{asked:?}");
    let path = format!("/api/executions/{turn}/approvals/{}", asked.data["tool_id"].as_str().unwrap());
    ann.post(&path, json!({"decision": "once"})).await.ok();
    follow.follow_to_end().await;
    assert_eq!(listed().await, [schema]);
    server.stop().await;
}

#[tokio::test]
async fn a_project_hides_and_pins_tools() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let choice = format!("/api/projects/{project}/tool_choice");
    assert_eq!(ann.get(&choice).await.ok(), json!({"pinned": [], "hidden": []}));
    let (pinned, hidden) = (tool("list_warehouses"), tool("list_jobs"));
    let chosen = json!({"pinned": [pinned, "databricks-files"], "hidden": ["databricks-files", hidden, "Write"]});
    let kept = json!({"pinned": [pinned], "hidden": ["Write", "databricks-files", hidden]});
    assert_eq!(ann.put(&choice, chosen).await.ok(), kept);
    ann.put(&choice, json!({"pinned": [""], "hidden": []})).await.problem(413, "too-large");
    ann.put(&choice, json!({"pinned": []})).await.problem(422, "invalid-request");

    let replies = vec![
        Reply::tool("call_1", "search_tools", json!({"query": "list_jobs upload_folder", "limit": 20})),
        Reply::tool("call_2", "call_tool", json!({"name": hidden, "arguments": {}})),
        Reply::tool("call_3", "call_tool", json!({"name": tool("list_workspace"), "arguments": {}})),
        Reply::tool("call_4", "Write", json!({"file_path": "a.md", "content": "x"})),
        Reply::text("I cannot"),
    ];
    world.model.script("look", replies);
    let (execution, _) = ann.ask(&project, "look").await;
    let frames = ann.frames(&execution).await;
    let results: Vec<_> = frames.iter().filter(|frame| frame.kind() == "tool_result").map(|f| &f.data).collect();
    assert_eq!(results.len(), 4, "{frames:#?}");
    let found = text(results[0]);
    for name in ["list_jobs", "upload_folder"] {
        assert!(!found.contains(&tool(name)), "{found}");
    }
    for refused in &results[1..] {
        assert!(text(refused).contains("is hidden in this project"), "{refused:#}");
    }
    assert!(!world.project_dir(&project).join("a.md").exists());
    let told = world.model.requests()[0]["tools"].clone();
    let names: Vec<_> = told.as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert!(names.contains(&pinned.as_str()) && !names.contains(&"Write"), "{names:?}");
    let search = told.as_array().unwrap().iter().find(|tool| tool["name"] == "search_tools").unwrap();
    assert!(!search["description"].as_str().unwrap().contains("databricks-files"), "{search}");
    server.stop().await;
}

/// The sentences that the model without a key understands, over the real tools and a local workspace: each with the tool
/// that it leads to, or what it says when there is none.
#[tokio::test(flavor = "multi_thread")]
async fn the_offline_models_sentences_lead_to_tools() {
    let (world, local, server) = scene().await;
    server.stop().await;
    let server = Server::start(Config { model: ModelConfig::Offline, ..config(&world, &local) }).await;
    let ann = server.as_user("ann");
    let project = ann.project("Words").await;
    let folder = world.project_dir(&project);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("report.py"), "print('hello')\n").unwrap();
    for (sentence, leads_to) in [
        ("upload the project folder", Ok("upload_folder")),
        ("create a job that runs report.py every day", Ok("create_job")),
        ("show my jobs", Ok("list_jobs")),
        ("run report.py", Ok("get_run_output")),
        ("show the failed runs", Ok("list_runs")),
        ("list notebooks", Ok("list_notebooks")),
        ("list clusters", Ok("list_clusters")),
        ("list operations", Ok("list_operations")),
        ("make a pipeline", Ok("create_or_update_pipeline")),
        ("make a dashboard", Err("which this project does not have")),
        ("sing me a song", Err("I did not understand that")),
    ] {
        let (execution, _) = ann.ask(&project, sentence).await;
        let mut follow = ann.follow(&execution, 0).await;
        let mut frames = Vec::new();
        while let Some(frame) = follow.next().await {
            if frame.kind() == "approval.requested" {
                let path = format!("/api/executions/{execution}/approvals/{}", frame.data["tool_id"].as_str().unwrap());
                ann.post(&path, json!({"decision": "once"})).await.ok();
            }
            let done = frame.is_done();
            frames.push(frame);
            if done {
                break;
            }
        }
        let called: Vec<_> = frames.iter().filter(|frame| frame.kind() == "tool_result").map(|f| &f.data).collect();
        match leads_to {
            Ok(name) => {
                let known = called.iter().any(|call| {
                    let full = call["tool_name"].as_str().unwrap();
                    full.rsplit("__").next() == Some(name) && call["is_error"] == false
                });
                assert!(known, "{sentence}: {called:#?} {frames:?}");
            }
            Err(says) => {
                let said: String =
                    frames.iter().filter(|f| f.kind() == "text").map(|f| f.data["text"].to_string()).collect();
                assert!(called.is_empty() && said.contains(says), "{sentence}: {said}");
            }
        }
    }
    server.stop().await;
}
