//! Approvals through the API: what an answer covers, taking it back, refusals, modes.

use serde_json::{Value, json};

use crate::support::{Api, Engine, Follow, Reply, World, both_engines};

fn write(id: &str, path: &str) -> Reply {
    Reply::tool(id, "Write", json!({"file_path": path, "content": format!("by {id}")}))
}

fn edit(id: &str, path: &str) -> Reply {
    Reply::tool(id, "Edit", json!({"file_path": path, "old_string": "by", "new_string": "of"}))
}

/// Sends a message in this mode; the turn and the conversation.
async fn ask(api: &Api, project: &str, conversation: Option<&str>, mode: &str, message: &str) -> (String, String) {
    let body = json!({"project_id": project, "conversation_id": conversation, "message": message,
        "permission_mode": mode});
    let ids = api.post("/api/invoke_agent", body).await.ok();
    let id = |key: &str| ids[key].as_str().unwrap().to_owned();
    (id("execution_id"), id("conversation_id"))
}

async fn answer(api: &Api, turn: &str, call: &str, decision: &str) -> Value {
    api.post(&format!("/api/executions/{turn}/approvals/{call}"), json!({"decision": decision})).await.ok()
}

/// The call that the next question is about.
async fn asked(follow: &mut Follow) -> Value {
    follow.until("approval.requested").await.data
}

async fn standing(api: &Api, project: &str, conversation: &str) -> Vec<Value> {
    let detail = api.get(&format!("/api/projects/{project}/conversations/{conversation}")).await.ok();
    detail["standing_permissions"].as_array().unwrap().clone()
}

#[test]
fn an_answer_for_the_conversation_covers_what_it_says_until_it_is_taken_back() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        let replies = vec![write("c1", "a.md"), write("c2", "a.md"), write("c3", "b.md"), edit("c4", "a.md")];
        let replies = replies.into_iter().chain([write("c5", "a.md"), Reply::text("done")]).collect();
        world.model.script("files", replies);
        let server = world.serve().await;
        let (ann, bob) = (server.as_user("ann"), server.as_user("bob"));
        let project = ann.project("One").await;
        let (turn, conversation) = ask(&ann, &project, None, "ask_changes", "files").await;
        let mut follow = ann.follow(&turn, 0).await;
        let question = asked(&mut follow).await;
        assert_eq!(question["tool_id"], "c1");
        assert_eq!(question["standing"], json!({"verb": "WRITE FILE", "objects": ["a.md"]}));
        assert_eq!(question["review"]["effect"], "writes");
        answer(&ann, &turn, "c1", "conversation").await;
        // The same again runs unasked; another file and another verb do not.
        assert_eq!(asked(&mut follow).await["tool_id"], "c3");
        answer(&ann, &turn, "c3", "once").await;
        assert_eq!(asked(&mut follow).await["tool_id"], "c4");
        let given = standing(&ann, &project, &conversation).await;
        let words: Vec<_> = given.iter().map(|it| (&it["tool"], &it["verb"], &it["objects"])).collect();
        assert_eq!(words, [(&json!("Write"), &json!("WRITE FILE"), &json!(["a.md"]))]);
        // Only its owner takes it back, in its own conversation; then the turn that runs asks again.
        let path = |project: &str, id: &Value| {
            format!("/api/projects/{project}/conversations/{conversation}/permissions/{}", id.as_str().unwrap())
        };
        let id = &given[0]["id"];
        bob.delete(&path(&project, id)).await.problem(404, "not-found");
        let other = ann.project("Two").await;
        ann.delete(&path(&other, id)).await.problem(404, "not-found");
        assert_eq!(ann.delete(&path(&project, id)).await.status, 204);
        ann.delete(&path(&project, id)).await.problem(404, "not-found");
        answer(&ann, &turn, "c4", "once").await;
        assert_eq!(asked(&mut follow).await["tool_id"], "c5");
        assert!(standing(&ann, &project, &conversation).await.is_empty());
        answer(&ann, &turn, "c5", "no").await;
        follow.follow_to_end().await;
        server.stop().await;
    });
}

#[test]
fn after_a_refusal_what_the_message_wanted_to_change_does_not_run() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        let call = |id: &str, name: &str, input: Value| (id.to_owned(), name.to_owned(), input);
        let message = || {
            Reply::tools(vec![
                call("drop", "mcp__databricks__execute_sql", json!({"statement": "DROP TABLE main.default.t"})),
                call("write", "Write", json!({"file_path": "a.md", "content": "x"})),
                call("look", "Glob", json!({"pattern": "*"})),
                call("drop2", "mcp__databricks__execute_sql", json!({"statement": "DROP TABLE main.default.u"})),
            ])
        };
        world.model.script("danger", vec![message(), Reply::text("as you like")]);
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let project = ann.project("One").await;
        for decision in ["no", "stop"] {
            let (turn, conversation) = ann.ask(&project, "danger").await;
            let mut follow = ann.follow(&turn, 0).await;
            let question = asked(&mut follow).await;
            assert_eq!(
                (&question["tool_id"], &question["later_changes"]),
                (&json!("drop"), &json!(["write", "drop2"]))
            );
            assert_eq!(asked(&mut follow).await["tool_id"], "drop2");
            let path = |call: &str| format!("/api/executions/{turn}/approvals/{call}");
            let too_long = json!({"decision": decision, "reply": {"words": "x".repeat(4_001)}});
            ann.post(&path("drop"), too_long).await.problem(422, "invalid-request");
            let said = json!({"decision": decision, "reply": {"words": "only look"}});
            assert_eq!(ann.post(&path("drop"), said.clone()).await.ok()["decision"], decision);
            // The same again is fine; another answer is refused, and so is one to what was settled with it.
            assert_eq!(ann.post(&path("drop"), said).await.ok()["decision"], decision);
            for other in [json!({"decision": "once"}), json!({"decision": decision})] {
                let refused = ann.post(&path("drop"), other).await.problem(409, "already-answered");
                assert!(refused["detail"].as_str().unwrap().contains(decision), "{refused}");
            }
            let late = ann.post(&path("drop2"), json!({"decision": "once"})).await;
            late.problem(409, if decision == "no" { "already-answered" } else { "turn-ended" });
            let rest = follow.follow_to_end().await;
            let result = |call: &str| {
                let of_call = rest.iter().find(|frame| frame.data["tool_use_id"] == call);
                of_call.unwrap_or_else(|| panic!("no result of {call}: {rest:#?}")).data.clone()
            };
            assert_eq!(result("drop")["error_kind"], "denied");
            // What the user said beside it reaches the model, and whoever reads the log.
            assert!(result("drop").to_string().contains("only look"), "{}", result("drop"));
            let heard = rest.iter().find(|frame| frame.data["reply"]["words"] == "only look");
            assert_eq!(heard.expect("the answer").data["tool_id"], "drop");
            let (others, look) = if decision == "no" { ("denied", json!(false)) } else { ("cancelled", json!(true)) };
            assert_eq!(result("write")["error_kind"], others);
            assert_eq!(result("drop2")["error_kind"], others);
            assert_eq!(result("look")["is_error"], look);
            let end = &rest[rest.len() - 2].data;
            assert_eq!(end["is_cancelled"], decision == "stop", "{end}");
            assert!(!world.project_dir(&project).join("a.md").exists());
            assert_eq!(world.workspace.asked_for().len(), 0);
            let settled = rest.iter().find(|frame| frame.data["because_of"] == "drop");
            assert_eq!(settled.is_some(), decision == "no");
            // The conversation goes on.
            world.model.script("go on", vec![Reply::text("here we are")]);
            let next = ann.say(&project, &conversation, "go on").await;
            ann.frames(&next).await;
        }
        server.stop().await;
    });
}

/// A `stop` is heard by whoever takes the turn over, and needs nobody's credential.
#[tokio::test]
async fn a_stop_is_carried_out_by_another_host() {
    let world = World::new(Engine::Postgres).await;
    world.model.script("danger", vec![Reply::sql("c1", "DROP TABLE main.default.t"), Reply::text("never")]);
    let (one, two) = (world.serve().await, world.serve_beside("two").await);
    let (here, there) = (one.as_user("ann"), two.as_user("ann"));
    let project = here.project("One").await;
    let (turn, _) = here.ask(&project, "danger").await;
    here.follow(&turn, 0).await.until("approval.requested").await;
    let mut follow = here.follow(&turn, 0).await;
    answer(&there, &turn, "c1", "stop").await;
    let rest = follow.follow_to_end().await;
    assert_eq!(rest[rest.len() - 2].data["is_cancelled"], true, "{rest:#?}");
    one.stop().await;
    two.stop().await;
}

#[tokio::test]
async fn a_question_answered_on_another_host_after_a_restart_counts_the_same() {
    let world = World::new(Engine::Postgres).await;
    let call = |id: &str, path: &str| (id.to_owned(), "Write".to_owned(), json!({"file_path": path, "content": "x"}));
    world.model.script("files", vec![Reply::tools(vec![call("a", "a.md"), call("b", "b.md")]), Reply::text("done")]);
    let one = world.serve().await;
    let ann = one.as_user("ann");
    let project = ann.project("One").await;
    let (turn, _) = ask(&ann, &project, None, "ask_changes", "files").await;
    let mut follow = ann.follow(&turn, 0).await;
    assert_eq!(asked(&mut follow).await["later_changes"], json!(["b"]));
    assert_eq!(asked(&mut follow).await["later_changes"], json!([]));
    answer(&ann, &turn, "b", "once").await;
    one.kill().await;
    let two = world.serve().await;
    let ann = two.as_user("ann");
    answer(&ann, &turn, "a", "no").await;
    let frames = ann.frames(&turn).await;
    let kinds: Vec<_> =
        frames.iter().filter(|frame| frame.kind() == "tool_result").map(|f| &f.data["error_kind"]).collect();
    assert_eq!(kinds, ["denied", "denied"]);
    two.stop().await;
}

#[tokio::test]
async fn what_was_not_offered_is_refused_with_the_way_out() {
    let world = World::sqlite().await;
    let script = "DROP TABLE main.default.t; DROP TABLE main.default.u";
    let call = Reply::tool("c1", "mcp__databricks__execute_sql_multi", json!({"script": script}));
    world.model.script("danger", vec![call, Reply::text("done")]);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let (turn, conversation) = ann.ask(&project, "danger").await;
    let question = asked(&mut ann.follow(&turn, 0).await).await;
    assert_eq!(question["standing"], json!(null));
    let path = format!("/api/executions/{turn}/approvals/c1");
    let refused = ann.post(&path, json!({"decision": "conversation"})).await.problem(422, "invalid-request");
    assert_eq!(refused["errors"][0]["field"], "decision");
    assert!(refused["detail"].as_str().unwrap().contains("answer `once`"), "{refused}");
    assert!(standing(&ann, &project, &conversation).await.is_empty());
    answer(&ann, &turn, "c1", "no").await;
    server.stop().await;
}

#[test]
fn a_mode_bounds_what_runs_and_is_kept_by_its_conversation() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        world.model.script("write it", vec![write("c1", "a.md"), Reply::text("done")]);
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let project = ann.project("One").await;
        let refused = |frames: &[crate::support::Frame]| {
            frames.iter().find(|frame| frame.kind() == "tool_result").unwrap().data["is_error"] == true
        };
        let (turn, conversation) = ask(&ann, &project, None, "read_only", "write it").await;
        assert!(refused(&ann.frames(&turn).await));
        // A client that says nothing of modes does not loosen it.
        let next = ann.say(&project, &conversation, "write it").await;
        assert!(refused(&ann.frames(&next).await));
        let list = ann.get(&format!("/api/projects/{project}/conversations")).await.ok();
        assert_eq!(list["conversations"][0]["settings"]["permission_mode"], "read_only");
        assert!(!world.project_dir(&project).join("a.md").exists());
        let (turn, _) = ask(&ann, &project, Some(&conversation), "run_all", "write it").await;
        assert!(!refused(&ann.frames(&turn).await));
        assert!(world.project_dir(&project).join("a.md").exists());
        server.stop().await;
    });
}

#[tokio::test]
async fn the_operator_bounds_the_modes() {
    use bricklayer_domain::PermissionMode::{Ask, AskChanges};
    let mut world = World::sqlite().await;
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let all = json!({"allowed": ["read_only", "ask_changes", "ask", "run_all"], "default": "ask"});
    assert_eq!(ann.get("/api/me").await.ok()["permission_modes"], all);
    let project = ann.project("One").await;
    world.model.script("danger", vec![Reply::sql("c1", "DROP TABLE main.default.t"), Reply::text("done")]);
    let (turn, conversation) = ask(&ann, &project, None, "run_all", "danger").await;
    let frames = ann.frames(&turn).await;
    assert!(frames.iter().all(|frame| frame.kind() != "approval.requested"), "{frames:#?}");
    server.stop().await;

    (world.permissions.loosest, world.permissions.usual) = (Ask, AskChanges);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let bounded = json!({"allowed": ["read_only", "ask_changes", "ask"], "default": "ask_changes"});
    assert_eq!(ann.get("/api/me").await.ok()["permission_modes"], bounded);
    let body = json!({"project_id": project, "message": "danger", "permission_mode": "run_all"});
    let refused = ann.post("/api/invoke_agent", body).await.problem(422, "invalid-request");
    assert_eq!(refused["errors"][0]["field"], "permission_mode");
    assert!(refused["detail"].as_str().unwrap().contains("permissions.loosest_mode"), "{refused}");
    // What the conversation remembered from before is brought within the bound.
    let next = ann.say(&project, &conversation, "danger").await;
    let mut follow = ann.follow(&next, 0).await;
    assert_eq!(asked(&mut follow).await["tool_id"], "c1");
    // A new conversation has the operator's default.
    world.model.script("write it", vec![write("c1", "a.md"), Reply::text("done")]);
    let (turn, _) = ann.ask(&project, "write it").await;
    assert_eq!(asked(&mut ann.follow(&turn, 0).await).await["tool_id"], "c1");
    let wrong = json!({"project_id": project, "message": "x", "permission_mode": "everything"});
    ann.post("/api/invoke_agent", wrong).await.problem(422, "invalid-request");
    server.stop().await;
}

/// What the SQL plugin says of each statement decides: an answer opens one verb on one object.
#[test]
fn an_answer_for_one_statement_opens_no_other() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        let statements = [
            ("c1", "DROP TABLE main.default.d1"),
            ("c2", "drop  table main.default.d1 -- the same"),
            ("c3", "DROP TABLE main.default.d2"),
            ("c4", "DELETE FROM main.default.d1"),
            ("c5", "DROP SCHEMA main.default CASCADE"),
            ("c6", "DROP TABLE main.default.d1; DROP TABLE main.default.d3"),
            ("c7", "DROP TABLE main.default.d1"),
            ("c8", "DROP TABLE main.default.d1"),
        ];
        let replies = statements.iter().map(|(id, statement)| Reply::sql(id, statement));
        world.model.script("tidy up", replies.chain([Reply::text("done")]).collect());
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let project = ann.project("One").await;
        let (turn, conversation) = ask(&ann, &project, None, "ask", "tidy up").await;
        let mut follow = ann.follow(&turn, 0).await;
        let question = asked(&mut follow).await;
        assert_eq!(question["standing"], json!({"verb": "DROP TABLE", "objects": ["main.default.d1"]}), "{question}");
        answer(&ann, &turn, "c1", "conversation").await;
        // The same statement, however it is written, runs unasked; every other one is asked about.
        for call in ["c3", "c4", "c5", "c6"] {
            let question = asked(&mut follow).await;
            assert_eq!(question["tool_id"], call, "{question}");
            answer(&ann, &turn, call, "once").await;
        }
        // Then it is taken back, and the same statement is asked about again.
        follow.follow_to_end().await;
        let given = standing(&ann, &project, &conversation).await;
        assert_eq!(given.len(), 1, "{given:?}");
        let sent = || world.workspace.asked_for().len();
        let path = format!("/api/projects/{project}/conversations/{conversation}/permissions/");
        assert_eq!(ann.delete(&format!("{path}{}", given[0]["id"].as_str().unwrap())).await.status, 204);
        world.model.script("once more", vec![Reply::sql("c9", "DROP TABLE main.default.d1"), Reply::text("done")]);
        let (turn, _) = ask(&ann, &project, Some(&conversation), "ask", "once more").await;
        let mut follow = ann.follow(&turn, 0).await;
        assert_eq!(asked(&mut follow).await["tool_id"], "c9");
        let before = sent();
        answer(&ann, &turn, "c9", "no").await;
        follow.follow_to_end().await;
        // Two statements are refused where one is meant, whatever was answered.
        assert_eq!((before, sent()), (7, 7), "what was declined was not sent");
        server.stop().await;
    });
}

/// In the mode that lets changes run, what gives rights away or sends something out is asked about.
#[tokio::test]
async fn giving_rights_away_is_asked_about_where_changes_are_not() {
    let world = World::sqlite().await;
    let statements = [
        "GRANT ALL PRIVILEGES ON CATALOG main TO `account users`",
        "REVOKE SELECT ON TABLE main.default.t FROM bob",
        "ALTER TABLE main.default.t OWNER TO `eve@example.com`",
        "CREATE SHARE s",
        "CREATE OR REPLACE TABLE temp.orders AS SELECT 1",
        "SELECT http_request(conn => 'c')",
    ];
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    world.model.script("add", vec![Reply::sql("c1", "INSERT INTO main.default.t VALUES (1)"), Reply::text("done")]);
    let (turn, _) = ask(&ann, &project, None, "ask", "add").await;
    let frames = ann.frames(&turn).await;
    assert!(frames.iter().all(|frame| frame.kind() != "approval.requested"), "{frames:#?}");
    let before = world.workspace.asked_for().len();
    for (number, statement) in statements.into_iter().enumerate() {
        let message = format!("grave {number}.");
        world.model.script(&message, vec![Reply::sql("c1", statement), Reply::text("done")]);
        let (turn, _) = ask(&ann, &project, None, "ask", &message).await;
        let mut follow = ann.follow(&turn, 0).await;
        let question = asked(&mut follow).await;
        assert!(
            matches!(question["review"]["effect"].as_str(), Some("shares" | "destroys")),
            "{statement}: {question}"
        );
        answer(&ann, &turn, "c1", "no").await;
        follow.follow_to_end().await;
    }
    assert_eq!(world.workspace.asked_for().len(), before, "nothing was sent");
    server.stop().await;
}

/// What a question tells is counted at the workspace, before anything runs.
#[tokio::test(flavor = "multi_thread")]
async fn a_question_tells_how_many_rows_its_call_would_meet() {
    let (world, _local, server) = crate::jobs::scene().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let table = "CREATE TABLE main.default.counted AS SELECT id, id % 2 AS odd FROM range(10)";
    world.model.script("make", vec![Reply::sql("c1", table), Reply::text("done")]);
    let (turn, _) = ask(&ann, &project, None, "ask", "make").await;
    ann.frames(&turn).await;
    let missing = "could not be counted";
    for (number, (statement, says)) in [
        ("DELETE FROM main.default.counted WHERE id < 3", "DELETE FROM main.default.counted: 3 of 10 rows"),
        ("UPDATE main.default.counted SET odd = 7", "UPDATE main.default.counted: all 10 rows"),
        (
            "DELETE FROM main.default.counted c WHERE c.id IN (SELECT id + 100 FROM main.default.counted)",
            "none of 10 rows",
        ),
        (
            "MERGE INTO main.default.counted t USING (SELECT 4 AS id) s ON t.id = s.id WHEN MATCHED THEN DELETE",
            "1 row of the source match one of 10 rows",
        ),
        ("DROP TABLE main.default.counted", "DROP TABLE main.default.counted: 10 rows"),
        ("INSERT OVERWRITE main.default.counted SELECT 1, 1", "INSERT OVERWRITE main.default.counted: 10 rows"),
        ("DROP TABLE main.default.nosuch", missing),
        ("DROP SCHEMA main.default CASCADE", "counted"),
    ]
    .into_iter()
    .enumerate()
    {
        let message = format!("change {number}.");
        world.model.script(&message, vec![Reply::sql("c1", statement), Reply::text("done")]);
        let (turn, _) = ask(&ann, &project, None, "ask", &message).await;
        let mut follow = ann.follow(&turn, 0).await;
        let preview = asked(&mut follow).await["review"]["preview"].clone();
        let told = preview["text"].as_str().unwrap_or_else(|| panic!("{statement}: {preview}"));
        assert!(told.contains(says) && preview["known"] == true, "{statement}: {told}");
        answer(&ann, &turn, "c1", "no").await;
        follow.follow_to_end().await;
    }
    server.stop().await;
}

/// A command that a person writes themselves goes through the same gate, whatever the model is.
#[tokio::test]
async fn a_direct_command_is_asked_about_like_any_call() {
    use bricklayer_server::config::{Config, ModelConfig};
    let world = World::sqlite().await;
    let models = [ModelConfig::Offline, world.config().model];
    for model in models {
        let server = crate::support::Server::start(Config { model, ..world.config() }).await;
        let ann = server.as_user("ann");
        let project = ann.project("One").await;
        let drop_it = "/execute_sql {\"statement\": \"DROP TABLE main.default.t\"}";
        for (mode, kind) in [("ask", "denied"), ("read_only", "denied")] {
            let (turn, _) = ask(&ann, &project, None, mode, drop_it).await;
            let mut follow = ann.follow(&turn, 0).await;
            if mode == "ask" {
                let question = asked(&mut follow).await;
                assert_eq!(question["review"]["effect"], "destroys", "{question}");
                answer(&ann, &turn, question["tool_id"].as_str().unwrap(), "no").await;
            }
            let result = follow.until("tool_result").await;
            assert_eq!(result.data["error_kind"], kind, "{mode}: {result:?}");
            follow.follow_to_end().await;
        }
        assert_eq!(world.workspace.asked_for().len(), 0);
        let (turn, _) = ask(&ann, &project, None, "ask", "/execute_sql {\"statement\": \"SELECT 1\"}").await;
        let frames = ann.frames(&turn).await;
        assert!(
            frames.iter().any(|frame| frame.kind() == "tool_result" && frame.data["is_error"] == false),
            "{frames:#?}"
        );
        assert_eq!(world.workspace.asked_for().len(), 1);
        assert!(world.model.requests().is_empty(), "no model was asked");
        server.stop().await;
        world.workspace.forget();
    }
}

/// No mode and no rule answers in the user's place; a rule that forbids does forbid.
#[test]
fn only_the_user_answers_what_the_agent_asks() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        let option = |label: &str| json!({"label": label, "description": "what it means"});
        let question = json!({"question": "Which table?", "header": "Table", "options": [option("a"), option("b")]});
        let ask_user = |id: &str, questions: Value| Reply::tool(id, "AskUserQuestion", json!({"questions": questions}));
        let replies =
            vec![ask_user("wrong", json!([])), ask_user("q", json!([question, question])), Reply::text("well")];
        world.model.script("choose", replies);
        world.model.script("again", vec![ask_user("q2", json!([question])), Reply::text("well")]);
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let project = ann.project("One").await;
        let rules = |kind: &str| json!({"rules": [{"kind": kind, "rule": "AskUserQuestion"}], "second_look": true});
        let path = format!("/api/projects/{project}/permission_rules");
        ann.put(&path, rules("allow")).await.ok();
        let (turn, conversation) = ask(&ann, &project, None, "run_all", "choose").await;
        let question = asked(&mut ann.follow(&turn, 0).await).await;
        assert_eq!((&question["tool_id"], &question["standing"]), (&json!("q"), &Value::Null));
        assert_eq!(question["questions"][0]["options"][1], option("b"));
        let answers = format!("/api/executions/{turn}/approvals/q");
        ann.post(&answers, json!({"decision": "conversation"})).await.problem(422, "invalid-request");
        // The question waits while nobody runs.
        server.stop().await;
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let reply = json!({"answers": [{"chosen": ["b"]}, {"chosen": [], "words": "neither of them"}]});
        ann.post(&answers, json!({"decision": "once", "reply": reply})).await.ok();
        let frames = ann.frames(&turn).await;
        let result = |call: &str| frames.iter().find(|frame| frame.data["tool_use_id"] == call).unwrap().data.clone();
        assert_eq!(result("wrong")["error_kind"], "invalid-input");
        let told = result("q").to_string();
        assert!(told.contains("Which table? b") && told.contains("in their words: neither of them"), "{told}");
        ann.put(&path, rules("deny")).await.ok();
        let (turn, _) = ask(&ann, &project, Some(&conversation), "run_all", "again").await;
        let frames = ann.frames(&turn).await;
        assert!(frames.iter().all(|frame| frame.data["type"] != "approval.requested"));
        server.stop().await;
    });
}

/// Plan mode in and out: the user's answer alone changes the mode, it holds for what follows, and survives a restart.
#[test]
fn only_the_user_lets_a_plan_be_carried_out() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        let plan = |id: &str| Reply::tool(id, "ExitPlanMode", json!({"plan": "1. Write **a.md**"}));
        let enter = |id: &str| Reply::tool(id, "EnterPlanMode", json!({}));
        let forged = Reply::tool("forged", "ExitPlanMode", json!({"plan": "all", "mode": "run_all"}));
        let replies = vec![enter("in"), write("early", "a.md"), forged, plan("p1"), plan("p2"), write("late", "a.md")];
        world.model.script("plan it", replies.into_iter().chain([Reply::text("done")]).collect());
        world.model.script("again", vec![plan("p3"), write("next", "b.md"), Reply::text("done")]);
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let project = ann.project("One").await;
        let allow = |tool: &str| json!({"kind": "allow", "rule": tool});
        let rules = json!({"rules": [allow("EnterPlanMode"), allow("ExitPlanMode")], "second_look": true});
        ann.put(&format!("/api/projects/{project}/permission_rules"), rules).await.ok();
        let (turn, conversation) = ask(&ann, &project, None, "run_all", "plan it").await;
        let mode = async |api: &Api| {
            let list = api.get(&format!("/api/projects/{project}/conversations")).await.ok();
            list["conversations"][0]["settings"]["permission_mode"].as_str().unwrap().to_owned()
        };
        let mut follow = ann.follow(&turn, 0).await;
        let question = asked(&mut follow).await;
        assert_eq!((&question["tool_id"], &question["proposal"]), (&json!("in"), &json!({"modes": ["read_only"]})));
        let to = |call: &str| format!("/api/executions/{turn}/approvals/{call}");
        for wrong in [
            json!({"decision": "once"}),
            json!({"decision": "once", "reply": {"words": "yes"}}),
            json!({"decision": "once", "reply": {"mode": "run_all"}}),
            json!({"decision": "no", "reply": {"mode": "read_only"}}),
        ] {
            let refused = ann.post(&to("in"), wrong).await.problem(422, "invalid-request");
            assert_eq!(refused["errors"][0]["field"], "reply.mode");
        }
        assert_eq!(mode(&ann).await, "run_all");
        ann.post(&to("in"), json!({"decision": "once", "reply": {"mode": "read_only"}})).await.ok();
        let question = asked(&mut follow).await;
        let proposal = json!({"plan": "1. Write **a.md**", "modes": ["ask_changes", "ask", "run_all"]});
        assert_eq!((&question["tool_id"], &question["proposal"]), (&json!("p1"), &proposal));
        assert_eq!(mode(&ann).await, "read_only");
        ann.post(&to("p1"), json!({"decision": "no", "reply": {"words": "in another file"}})).await.ok();
        assert_eq!(asked(&mut follow).await["tool_id"], "p2");
        // It waits while nobody runs.
        server.stop().await;
        let server = world.serve().await;
        let ann = server.as_user("ann");
        ann.post(&to("p2"), json!({"decision": "once", "reply": {"mode": "ask_changes"}})).await.ok();
        let mut follow = ann.follow(&turn, 0).await;
        while asked(&mut follow).await["tool_id"] != "late" {}
        answer(&ann, &turn, "late", "once").await;
        let frames = ann.frames(&turn).await;
        let result = |call: &str| frames.iter().find(|frame| frame.data["tool_use_id"] == call).unwrap().data.clone();
        for (call, kind) in [("early", "denied"), ("forged", "invalid-input"), ("p1", "denied")] {
            assert_eq!(result(call)["error_kind"], kind, "{call}");
        }
        assert!(result("p1").to_string().contains("in another file"));
        assert!(result("p2").to_string().contains("carry it out"));
        assert_eq!(std::fs::read_to_string(world.project_dir(&project).join("a.md")).unwrap(), "by late");
        // The next turn has the mode that was answered, in which there is no plan to wait for.
        assert_eq!(mode(&ann).await, "ask_changes");
        let next = ann.say(&project, &conversation, "again").await;
        assert_eq!(asked(&mut ann.follow(&next, 0).await).await["tool_id"], "next");
        answer(&ann, &next, "next", "no").await;
        let frames = ann.frames(&next).await;
        let refused = frames.iter().find(|frame| frame.data["tool_use_id"] == "p3").unwrap();
        assert_eq!(refused.data["error_kind"], "denied");
        server.stop().await;
    });
}
