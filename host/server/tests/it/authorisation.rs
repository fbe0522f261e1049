//! Each operation of the OpenAPI document, as its owner, as a stranger, and as nobody. A new operation without a row
//! here fails.

use std::collections::BTreeSet;

use bricklayer_domain::{CallSite, Caller, MadeResource, ResourceType, ToolName, UserId};
use bricklayer_plugins::{Admins, Installers};
use reqwest::Method;
use serde_json::{Value, json};

use crate::results::{write_bytes, write_rows};
use crate::support::{Api, Engine, Guest, Reply, Server, World, both_engines};

/// What a stranger gets.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stranger {
    /// The thing does not exist for them.
    NotFound,
    /// Their own answer, which must not hold anything of the owner's.
    OwnAnswer,
    /// Everybody may see it, nobody included.
    Public,
}

struct Row {
    method: Method,
    /// As in the document.
    path: &'static str,
    /// With the owner's ids in it.
    address: String,
    body: Option<Value>,
    stranger: Stranger,
    /// What the owner gets.
    status: u16,
}

/// The owner's things.
struct Things {
    project: String,
    conversation: String,
    execution: String,
    /// A turn that waits for an answer.
    waiting: String,
    /// A standing permission and its conversation.
    careful: String,
    careful_turn: String,
    standing: String,
    /// Things to delete.
    doomed_project: String,
    doomed_conversation: String,
    /// A file on the host, and the plugin that came from it.
    package: String,
    plugin: String,
    /// Plugins of which an update waits: to be agreed to, and to be refused.
    agreed: String,
    update: String,
    refused: String,
    doomed_plugin: String,
    staged: String,
    /// Results: of rows, and of bytes.
    result: String,
    file: String,
    /// Things at the workspace: to be removed, and to be forgotten.
    made: String,
    forgotten: String,
}

fn table(t: &Things) -> Vec<Row> {
    use Stranger::{NotFound, OwnAnswer, Public};
    let row = |method, path, address: &str, body, stranger, status| Row {
        method,
        path,
        address: address.to_owned(),
        body,
        stranger,
        status,
    };
    let (get, post, patch, delete) = (|| Method::GET, || Method::POST, || Method::PATCH, || Method::DELETE);
    let project = format!("/api/projects/{}", t.project);
    let conversations = format!("{project}/conversations");
    let conversation = format!("{conversations}/{}", t.conversation);
    let (one, list) = ("/api/projects/{project_id}", "/api/projects/{project_id}/conversations");
    let thread = "/api/projects/{project_id}/conversations/{conversation_id}";
    let put = || Method::PUT;
    let (resources, choice) = ("/api/projects/{project_id}/resources", "/api/projects/{project_id}/tool_choice");
    let rules = "/api/projects/{project_id}/permission_rules";
    let plugin = format!("/api/plugins/{}", t.plugin);
    let agreed = format!("/api/plugins/{}", t.agreed);
    let one_plugin = "/api/plugins/{plugin_id}";
    let install = json!({"staged": t.staged, "scope": "me", "grants": []});
    let consent = json!({"digest": t.update, "grants": ["files:read"]});
    let result = format!("/api/results/{}", t.result);
    let of_result = |rest: &str| leak(format!("/api/results/{{result_id}}{rest}"));
    let skills = format!("{project}/skills");
    let of_skills = |rest: &str| leak(format!("/api/projects/{{project_id}}/skills{rest}"));
    let skill_file = json!({"path": "databricks-sql/references/ann.md", "content": "kumquat", "base": null});
    let of_plugin = |rest: &str| leak(format!("{one_plugin}{rest}"));
    vec![
        row(get(), "/api/plugins", "/api/plugins", None, OwnAnswer, 200),
        row(post(), "/api/plugins", "/api/plugins", Some(install), OwnAnswer, 201),
        row(post(), "/api/plugins/inspect", "/api/plugins/inspect", Some(json!({"source": t.package})), OwnAnswer, 200),
        row(get(), one_plugin, &format!("{plugin}?project_id={}", t.project), None, NotFound, 200),
        row(patch(), one_plugin, &plugin, Some(json!({"enabled": true})), NotFound, 200),
        row(post(), of_plugin("/update"), &format!("{plugin}/update"), Some(json!({})), NotFound, 200),
        row(post(), of_plugin("/consent"), &format!("{agreed}/consent"), Some(consent), NotFound, 200),
        row(post(), of_plugin("/rollback"), &format!("{agreed}/rollback"), Some(json!({})), NotFound, 200),
        row(delete(), of_plugin("/pending"), &format!("/api/plugins/{}/pending", t.refused), None, NotFound, 200),
        row(put(), of_plugin("/grants"), &format!("{plugin}/grants"), Some(json!({"grants": []})), NotFound, 200),
        row(
            put(),
            of_plugin("/projects/{project_id}"),
            &format!("{plugin}/projects/{}", t.project),
            Some(json!({"enabled": true})),
            NotFound,
            200,
        ),
        row(get(), of_plugin("/audit"), &format!("{plugin}/audit"), None, NotFound, 200),
        row(get(), of_plugin("/icon"), &format!("{plugin}/icon"), None, NotFound, 200),
        row(get(), of_plugin("/readme"), &format!("{plugin}/readme"), None, NotFound, 200),
        row(delete(), one_plugin, &format!("/api/plugins/{}", t.doomed_plugin), None, NotFound, 204),
        row(get(), "/api/health", "/api/health", None, Public, 200),
        row(get(), "/api/health/live", "/api/health/live", None, Public, 200),
        row(get(), "/api/health/ready", "/api/health/ready", None, Public, 200),
        row(get(), "/api/me", "/api/me", None, OwnAnswer, 200),
        row(get(), "/api/config/health", "/api/config/health", None, Public, 200),
        row(get(), "/api/config/me", "/api/config/me", None, OwnAnswer, 200),
        row(get(), "/api/config/user", "/api/config/user", None, OwnAnswer, 200),
        row(
            get(),
            "/api/config/system_prompt",
            &format!("/api/config/system_prompt?project_id={}", t.project),
            None,
            NotFound,
            200,
        ),
        row(post(), "/api/conversations", "/api/conversations", Some(json!({"project_id": t.project})), NotFound, 201),
        row(
            get(),
            "/api/conversations/{conversation_id}",
            &format!("/api/conversations/{}", t.conversation),
            None,
            NotFound,
            200,
        ),
        row(
            post(),
            "/api/agent/invoke",
            "/api/agent/invoke",
            Some(json!({"project_id": t.project, "message": "quick"})),
            NotFound,
            200,
        ),
        row(get(), "/api/models", "/api/models", None, OwnAnswer, 200),
        row(get(), "/api/system_prompt", &format!("/api/system_prompt?project_id={}", t.project), None, NotFound, 200),
        row(get(), "/api/tools", &format!("/api/tools?project_id={}", t.project), None, NotFound, 200),
        row(get(), "/api/warehouses", "/api/warehouses", None, OwnAnswer, 200),
        row(get(), "/api/clusters", "/api/clusters", None, OwnAnswer, 200),
        row(get(), "/api/catalogs", "/api/catalogs", None, OwnAnswer, 200),
        row(get(), "/api/catalogs/{catalog}/schemas", "/api/catalogs/samples/schemas", None, OwnAnswer, 200),
        row(get(), "/api/projects", "/api/projects", None, OwnAnswer, 200),
        row(post(), "/api/projects", "/api/projects", Some(json!({"name": "Another"})), OwnAnswer, 201),
        row(get(), one, &project, None, NotFound, 200),
        row(patch(), one, &project, Some(json!({"name": "Renamed"})), NotFound, 200),
        row(get(), "/api/projects/{project_id}/files", &format!("{project}/files"), None, NotFound, 200),
        row(get(), "/api/projects/{project_id}/archive", &format!("{project}/archive?path=a"), None, NotFound, 200),
        row(
            post(),
            "/api/projects/{project_id}/tools/{tool}/call",
            &format!("{project}/tools/Glob/call"),
            Some(json!({"input": {"pattern": "*"}})),
            NotFound,
            200,
        ),
        row(get(), "/api/projects/{project_id}/files/{path}", &format!("{project}/files/a/b.md"), None, NotFound, 200),
        row(get(), resources, &format!("{project}/resources"), None, NotFound, 200),
        // No tool removes an index.
        row(
            post(),
            leak(format!("{resources}/{{resource_id}}/remove")),
            &format!("{project}/resources/{}/remove", t.made),
            Some(json!({})),
            NotFound,
            409,
        ),
        row(
            delete(),
            leak(format!("{resources}/{{resource_id}}")),
            &format!("{project}/resources/{}", t.forgotten),
            None,
            NotFound,
            204,
        ),
        row(get(), choice, &format!("{project}/tool_choice"), None, NotFound, 200),
        row(
            put(),
            choice,
            &format!("{project}/tool_choice"),
            Some(json!({"pinned": ["a"], "hidden": ["b"]})),
            NotFound,
            200,
        ),
        row(get(), rules, &format!("{project}/permission_rules"), None, NotFound, 200),
        row(
            put(),
            rules,
            &format!("{project}/permission_rules"),
            Some(json!({"rules": [{"kind": "deny", "rule": "a"}], "second_look": true})),
            NotFound,
            200,
        ),
        row(get(), of_skills("/available"), &format!("{skills}/available"), None, NotFound, 200),
        row(get(), of_skills("/tree"), &format!("{skills}/tree"), None, NotFound, 200),
        row(get(), of_skills("/file"), &format!("{skills}/file?path=databricks-sql/SKILL.md"), None, NotFound, 200),
        row(put(), of_skills("/file"), &format!("{skills}/file"), Some(skill_file), NotFound, 200),
        row(
            put(),
            of_skills("/enabled"),
            &format!("{skills}/enabled"),
            Some(json!({"enabled_skills": ["databricks-sql"]})),
            NotFound,
            200,
        ),
        row(post(), of_skills("/reload"), &format!("{skills}/reload"), Some(json!({})), NotFound, 200),
        // It is no archive.
        row(post(), of_skills("/upload"), &format!("{skills}/upload"), Some(json!({})), NotFound, 415),
        row(delete(), of_skills("/own/{name}"), &format!("{skills}/own/databricks-sql"), None, NotFound, 200),
        row(get(), "/api/projects/{project_id}/agents", &format!("{project}/agents"), None, NotFound, 200),
        row(get(), list, &conversations, None, NotFound, 200),
        row(post(), list, &conversations, Some(json!({"title": "Another"})), NotFound, 201),
        row(get(), "/api/usage", "/api/usage", None, OwnAnswer, 200),
        row(get(), leak(format!("{thread}/usage")), &format!("{conversation}/usage"), None, NotFound, 200),
        row(get(), thread, &conversation, None, NotFound, 200),
        row(patch(), thread, &conversation, Some(json!({"title": "Renamed"})), NotFound, 200),
        row(get(), leak(format!("{thread}/executions")), &format!("{conversation}/executions"), None, NotFound, 200),
        row(
            post(),
            "/api/invoke_agent",
            "/api/invoke_agent",
            Some(json!({"project_id": t.project, "conversation_id": t.conversation, "message": "quick"})),
            NotFound,
            202,
        ),
        row(
            get(),
            "/api/stream_progress/{execution_id}",
            &format!("/api/stream_progress/{}", t.execution),
            None,
            NotFound,
            200,
        ),
        row(
            post(),
            "/api/stream_progress/{execution_id}",
            &format!("/api/stream_progress/{}", t.execution),
            Some(json!({})),
            NotFound,
            200,
        ),
        row(
            post(),
            "/api/executions/{execution_id}/approvals/{call_id}",
            &format!("/api/executions/{}/approvals/call_1", t.waiting),
            Some(json!({"decision": "no"})),
            NotFound,
            200,
        ),
        row(post(), "/api/stop_stream/{execution_id}", &format!("/api/stop_stream/{}", t.waiting), None, NotFound, 200),
        row(
            delete(),
            leak(format!("{thread}/permissions/{{permission_id}}")),
            &format!("{conversations}/{}/permissions/{}", t.careful, t.standing),
            None,
            NotFound,
            204,
        ),
        row(
            get(),
            "/api/executions/{execution_id}/calls/{call_id}/structured",
            &format!("/api/executions/{}/calls/call_1/structured", t.careful_turn),
            None,
            NotFound,
            200,
        ),
        row(
            get(),
            "/api/conversations/{conversation_id}/results",
            &format!("/api/conversations/{}/results", t.conversation),
            None,
            NotFound,
            200,
        ),
        row(get(), of_result(""), &result, None, NotFound, 200),
        row(get(), of_result("/rows"), &format!("{result}/rows?sort=0:desc"), None, NotFound, 200),
        row(get(), of_result("/sample"), &format!("{result}/sample?limit=1"), None, NotFound, 200),
        row(get(), of_result("/aggregate"), &format!("{result}/aggregate?group=0"), None, NotFound, 200),
        row(get(), of_result("/changes"), &format!("{result}/changes?to={}", t.result), None, NotFound, 200),
        // It came from no call.
        row(post(), of_result("/run_again"), &format!("{result}/run_again"), Some(json!({})), NotFound, 409),
        row(
            post(),
            "/api/turns/{execution_id}/numbers",
            &format!("/api/turns/{}/numbers", t.execution),
            Some(json!({"numbers": ["1", "2"], "results": [t.result]})),
            NotFound,
            200,
        ),
        row(get(), of_result("/cells/{row}/{column}"), &format!("{result}/cells/0/0"), None, NotFound, 200),
        row(get(), of_result("/columns/{column}/summary"), &format!("{result}/columns/0/summary"), None, NotFound, 200),
        row(
            get(),
            of_result("/columns/{column}/distinct"),
            &format!("{result}/columns/0/distinct"),
            None,
            NotFound,
            200,
        ),
        row(
            get(),
            of_result("/columns/{column}/histogram"),
            &format!("{result}/columns/1/histogram"),
            None,
            NotFound,
            200,
        ),
        row(get(), of_result("/download"), &format!("{result}/download?format=csv"), None, NotFound, 200),
        row(get(), of_result("/content"), &format!("/api/results/{}/content", t.file), None, NotFound, 200),
        row(get(), "/api/projects/{project_id}/changes", &format!("{project}/changes"), None, NotFound, 200),
        row(delete(), thread, &format!("{conversations}/{}", t.doomed_conversation), None, NotFound, 200),
        row(delete(), one, &format!("/api/projects/{}", t.doomed_project), None, NotFound, 200),
    ]
}

fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

async fn things(world: &World, server: &Server, owner: &Api) -> Things {
    world.model.script("quick", vec![Reply::text("done")]);
    let destructive = json!({"statement": "DROP TABLE main.default.precious"});
    world.model.script(
        "danger",
        vec![Reply::tool("call_1", "mcp__databricks__execute_sql", destructive), Reply::text("as you like")],
    );
    let project = owner.project("Ann's kumquat project").await;
    let (execution, conversation) = owner.ask(&project, "quick: Ann's kumquat question").await;
    owner.frames(&execution).await;
    let (waiting, _) = owner.ask(&project, "danger").await;
    owner.follow(&waiting, 0).await.until("approval.requested").await;
    let [careful, careful_turn, standing] = standing_permission(world, owner, &project).await;
    let result = write_rows(server, &project, &conversation, &[("kumquat text", "1"), ("more", "2")]).await;
    let file = write_bytes(server, &project, &conversation, b"Ann's kumquat bytes").await;
    let [made, forgotten] = made_things(server, &project).await;
    let folder = world.project_dir(&project);
    std::fs::create_dir_all(folder.join("a")).unwrap();
    std::fs::write(folder.join("a/b.md"), "Ann's kumquat file").unwrap();
    let doomed_project = owner.project("Doomed").await;
    let path = format!("/api/projects/{project}/conversations");
    let doomed_conversation = owner.post(&path, json!({})).await.ok()["id"].as_str().unwrap().to_owned();
    let package = world.data_dir().join("the-kumquat.wasm").display().to_string();
    let guest = |name: &str| Guest::new(&format!("anns-kumquat-{name}"), "1.0.0");
    std::fs::write(&package, guest("own").with_assets().package()).unwrap();
    let staged = owner.post("/api/plugins/inspect", json!({"source": package})).await.ok()["staged"].clone();
    let body = json!({"staged": staged, "scope": "me", "grants": []});
    let id = |plugin: &Value| plugin["id"].as_str().unwrap().to_owned();
    let plugin = id(&owner.post("/api/plugins", body).await.ok());
    let [agreed, refused, doomed_plugin] = ["agreed", "refused", "doomed"].map(&guest);
    let install = async |guest: &Guest| id(&owner.install(&guest.package(), &[]).await);
    let ids = [install(&agreed).await, install(&refused).await, install(&doomed_plugin).await];
    let update =
        owner.update(&ids[0], &agreed.asks_for_files().package()).await.ok()["plugin"]["pending"]["digest"].clone();
    owner.update(&ids[1], &refused.asks_for_files().package()).await.ok();
    let staged = owner.stage(&guest("staged").package()).await;
    let [agreed, refused, doomed_plugin] = ids;
    let update = update.as_str().unwrap().to_owned();
    Things {
        project,
        conversation,
        execution,
        waiting,
        careful,
        careful_turn,
        standing,
        doomed_project,
        doomed_conversation,
        package,
        plugin,
        agreed,
        update,
        refused,
        doomed_plugin,
        staged,
        result,
        file,
        made,
        forgotten,
    }
}

/// Two lines of the list of resources.
async fn made_things(server: &Server, project: &str) -> [String; 2] {
    let project = project.parse().unwrap();
    let user = UserId::parse("ann@example.com").unwrap();
    let by = Caller::new(user.clone(), project, CallSite::Host);
    for id in ["kumquat-1", "kumquat-2"] {
        let kind = ResourceType::parse("index").unwrap();
        let made = MadeResource { kind, id: id.into(), name: "Ann's kumquat".into(), link: None, is_whole: true };
        server.app.store().track_resource(&by, &ToolName("t".into()), &made).await.unwrap();
    }
    let listed = server.app.store().list_resources(&user, project, Default::default()).await.unwrap();
    [0, 1].map(|at| listed.items[at].id.to_string())
}

/// Allows something for the rest of a conversation.
async fn standing_permission(world: &World, owner: &Api, project: &str) -> [String; 3] {
    let input = json!({"file_path": "kumquat.md", "content": "x"});
    world.model.script("careful", vec![Reply::tool("call_1", "Write", input), Reply::text("written")]);
    let body = json!({"project_id": project, "message": "careful", "permission_mode": "ask_changes"});
    let begun = owner.post("/api/invoke_agent", body).await.ok();
    let [turn, conversation] = ["execution_id", "conversation_id"].map(|key| begun[key].as_str().unwrap().to_owned());
    let mut follow = owner.follow(&turn, 0).await;
    follow.until("approval.requested").await;
    let answer = json!({"decision": "conversation"});
    owner.post(&format!("/api/executions/{turn}/approvals/call_1"), answer).await.ok();
    follow.follow_to_end().await;
    let detail = owner.get(&format!("/api/projects/{project}/conversations/{conversation}")).await.ok();
    let id = detail["standing_permissions"][0]["id"].as_str().unwrap().to_owned();
    [conversation, turn, id]
}

async fn send(api: &Api, row: &Row) -> crate::support::Answer {
    let mut request = api.request(row.method.clone(), &row.address);
    if let Some(body) = &row.body {
        request = request.json(body);
    }
    api.send(request).await
}

#[test]
fn every_operation_refuses_strangers() {
    both_engines(async |engine: Engine| {
        let mut world = World::new(engine).await;
        // A stream of changes is read to the end of its window.
        world.stream_window = std::time::Duration::from_secs(5);
        let policy = &mut world.plugins.policy;
        policy.installers = Installers::Everyone;
        // A file of the host is an administrator's to name; their own plugins are nobody else's all the same.
        policy.admins = Admins::Listed([UserId::parse("ann@example.com").unwrap()].into());
        let server = world.serve().await;
        let (ann, bob, nobody) = (server.as_user("ann"), server.as_user("bob"), server.as_nobody());
        let things = things(&world, &server, &ann).await;
        let rows = table(&things);

        let document = serde_json::to_value(bricklayer_server::api::open_api()).unwrap();
        let mut missing: BTreeSet<String> = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            missing.extend(item.as_object().unwrap().keys().map(|method| format!("{} {path}", method.to_uppercase())));
        }
        for row in &rows {
            assert!(
                missing.remove(&format!("{} {}", row.method, row.path)),
                "no operation {} {}",
                row.method,
                row.path
            );
        }
        assert!(missing.is_empty(), "operations without a row in this table: {missing:?}");

        for row in &rows {
            let name = format!("{} {}", row.method, row.path);
            let anonymous = send(&nobody, row).await;
            let stranger = send(&bob, row).await;
            match row.stranger {
                Stranger::Public => assert_eq!(anonymous.status, 200, "{name}"),
                Stranger::NotFound | Stranger::OwnAnswer => {
                    anonymous.problem(401, "unauthenticated");
                }
            }
            if row.stranger == Stranger::NotFound {
                stranger.problem(404, "not-found");
            }
            for secret in ["kumquat", &things.project, &things.conversation, &things.execution] {
                assert!(!stranger.text.contains(secret), "{name} shows a stranger {secret:?}: {stranger:?}");
                assert!(!anonymous.text.contains(secret), "{name} shows nobody {secret:?}: {anonymous:?}");
            }
            let owner = send(&ann, row).await;
            assert_eq!(owner.status.as_u16(), row.status, "{name} as its owner: {owner:?}");
        }
        server.stop().await;
    });
}

#[tokio::test]
async fn a_conversation_is_only_found_in_its_own_project() {
    let world = World::sqlite().await;
    world.model.script("quick", vec![Reply::text("done")]);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let (one, two) = (ann.project("One").await, ann.project("Two").await);
    let (execution, conversation) = ann.ask(&one, "quick").await;
    ann.frames(&execution).await;
    ann.get(&format!("/api/projects/{two}/conversations/{conversation}")).await.problem(404, "not-found");
    ann.delete(&format!("/api/projects/{two}/conversations/{conversation}")).await.problem(404, "not-found");
    let body = json!({"project_id": two, "conversation_id": conversation, "message": "quick"});
    ann.post("/api/invoke_agent", body).await.problem(404, "not-found");
    server.stop().await;
}
