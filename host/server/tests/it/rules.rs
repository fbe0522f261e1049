//! Rules about calls through the API: a project's, the operator's, and why a call ran.

use bricklayer_domain::{PermissionRule, RuleKind};
use serde_json::{Value, json};

use crate::support::{Api, Engine, Frame, Reply, World, both_engines};

fn sql(id: &str, statement: &str) -> Reply {
    Reply::tool(id, "mcp__databricks__execute_sql", json!({"statement": statement}))
}

async fn ask(api: &Api, project: &str, mode: &str, message: &str) -> String {
    let body = json!({"project_id": project, "message": message, "permission_mode": mode});
    api.post("/api/invoke_agent", body).await.ok()["execution_id"].as_str().unwrap().to_owned()
}

fn result_of<'a>(frames: &'a [Frame], call: &str) -> &'a Value {
    let found = frames.iter().find(|frame| frame.data["type"] == "tool_result" && frame.data["tool_use_id"] == call);
    &found.unwrap_or_else(|| panic!("no result of {call}: {frames:#?}")).data
}

#[test]
fn a_projects_rules_are_its_owners_and_hold_in_every_mode() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        let replies = vec![sql("c1", "drop table main.hr.people"), sql("c2", "drop table people"), Reply::text("well")];
        world.model.script("danger", replies);
        let server = world.serve().await;
        let (ann, bob) = (server.as_user("ann"), server.as_user("bob"));
        let project = ann.project("One").await;
        let path = format!("/api/projects/{project}/permission_rules");
        assert_eq!(ann.get(&path).await.ok(), json!({"rules": [], "second_look": true, "operator": []}));
        let rule = |kind: &str, rule: &str| json!({"kind": kind, "rule": rule});
        let said = json!({"rules": [rule("deny", "execute_sql(drop table main.hr.*)"), rule("allow", "Write(notes/**)")],
            "second_look": true});
        bob.get(&path).await.problem(404, "not-found");
        bob.put(&path, said.clone()).await.problem(404, "not-found");
        let kept = ann.put(&path, said.clone()).await.ok();
        assert_eq!((&kept["rules"], &kept["second_look"]), (&said["rules"], &json!(true)));
        for wrong in ["", "Read(", "(x)"] {
            let body = json!({"rules": [rule("ask", "Read"), rule("deny", wrong)], "second_look": true});
            let problem = ann.put(&path, body).await.problem(422, "invalid-request");
            assert_eq!(problem["errors"][0]["field"], "rules[1].rule", "{problem}");
        }
        let wide = json!({"rules": [rule("allow", "*")], "second_look": true});
        ann.put(&path, wide).await.problem(422, "invalid-request");
        // What runs everything does not run this, and what may be meant is asked about.
        let turn = ask(&ann, &project, "run_all", "danger").await;
        let mut follow = ann.follow(&turn, 0).await;
        let question = follow.until("approval.requested").await.data;
        assert_eq!(question["tool_id"], "c2");
        assert!(question["reason"].as_str().unwrap().contains("may be about this call"), "{question}");
        ann.post(&format!("/api/executions/{turn}/approvals/c2"), json!({"decision": "no"})).await.ok();
        follow.follow_to_end().await;
        let frames = ann.follow(&turn, 0).await.follow_to_end().await;
        let refused = result_of(&frames, "c1");
        assert!(refused.to_string().contains("rule `execute_sql(drop table main.hr.*)` forbids"), "{refused}");
        server.stop().await;
    });
}

#[test]
fn the_operators_rules_come_first_and_a_call_says_why_it_ran() {
    both_engines(async |engine: Engine| {
        let mut world = World::new(engine).await;
        let rule = |text: &str| PermissionRule::parse(RuleKind::Deny, text).unwrap();
        world.rules.deny = vec![rule("Glob"), rule("Write(secrets/**)")];
        let write = |id: &str, path: &str| Reply::tool(id, "Write", json!({"file_path": path, "content": "x"}));
        let replies = vec![write("c1", "secrets/a"), write("c2", "notes/a"), write("c3", "b"), Reply::text("well")];
        world.model.script("files", replies);
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let project = ann.project("One").await;
        let path = format!("/api/projects/{project}/permission_rules");
        let allow = json!({"rules": [{"kind": "allow", "rule": "Write(secrets/**)"},
            {"kind": "allow", "rule": "Write(notes/**)"}], "second_look": true});
        let kept = ann.put(&path, allow).await.ok();
        assert_eq!(kept["operator"][0], json!({"kind": "deny", "rule": "Glob"}));
        let turn = ask(&ann, &project, "ask_changes", "files").await;
        let mut follow = ann.follow(&turn, 0).await;
        assert_eq!(follow.until("approval.requested").await.data["tool_id"], "c3");
        ann.post(&format!("/api/executions/{turn}/approvals/c3"), json!({"decision": "once"})).await.ok();
        follow.follow_to_end().await;
        let frames = ann.follow(&turn, 0).await.follow_to_end().await;
        assert!(result_of(&frames, "c1").to_string().contains("the operator's rule"));
        let why = |call: &str| {
            let started = frames.iter().find(|f| f.data["type"] == "tool_started" && f.data["tool_id"] == call);
            started.map(|frame| frame.data["why"].clone())
        };
        assert_eq!(why("c1"), None);
        assert_eq!(why("c2"), Some(json!({"kind": "rule", "rule": "Write(notes/**)"})));
        assert_eq!(why("c3"), Some(json!({"kind": "answered"})));
        server.stop().await;
    });
}

#[test]
fn after_a_tables_row_was_read_a_drop_asks_in_every_mode() {
    both_engines(async |engine: Engine| {
        for (second_look, asks) in [(true, true), (false, false)] {
            let world = World::new(engine).await;
            let replies =
                vec![sql("c1", "select note from main.a.b"), sql("c2", "drop table main.a.b"), Reply::text("well")];
            world.model.script("read it", replies);
            let server = world.serve().await;
            let ann = server.as_user("ann");
            let project = ann.project("One").await;
            let path = format!("/api/projects/{project}/permission_rules");
            ann.put(&path, json!({"rules": [], "second_look": second_look})).await.ok();
            let turn = ask(&ann, &project, "run_all", "read it").await;
            let mut follow = ann.follow(&turn, 0).await;
            if asks {
                let question = follow.until("approval.requested").await.data;
                assert_eq!(question["tool_id"], "c2");
                assert!(question["reason"].as_str().unwrap().contains("you did not write"), "{question}");
                ann.post(&format!("/api/executions/{turn}/approvals/c2"), json!({"decision": "no"})).await.ok();
            }
            let frames = follow.follow_to_end().await;
            assert!(frames.iter().all(|frame| frame.data["type"] != "approval.requested"));
            server.stop().await;
        }
    });
}
