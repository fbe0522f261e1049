//! Identity, projects, permissions, what outlives a host.

use bricklayer_domain::{AuditBody, CallSite};
use bricklayer_server::config::PublicOrigin;
use bricklayer_store::{AuditFilter, AuditPageRequest, MAX_PAGE};
use futures::StreamExt as _;
use reqwest::Method;
use serde_json::json;

use super::McpClient;
use super::client::last;
use crate::identity::development;
use crate::plugins::open;
use crate::support::{Api, Engine, Guest, PATIENCE, Server, Trouble, World, both_engines, eventually};

#[tokio::test]
async fn nobody_comes_in_and_each_has_their_own() {
    let mut world = World::sqlite().await;
    open(&mut world);
    let server = world.serve().await;
    for path in ["/mcp", "/mcp-server"] {
        let nobody = McpClient::new(&server.as_nobody(), path);
        nobody.initialize(json!({})).await.problem(401, "unauthenticated");
        let eve = server.as_nobody().with("x-forwarded-email", "ann@example.com");
        let eve = eve.with("x-forwarded-access-token", "canary-token-of-eve");
        McpClient::new(&eve, path).initialize(json!({})).await.problem(401, "unauthenticated");
    }
    let (ann, bob) = (server.as_user("ann"), server.as_user("bob"));
    ann.install(&Guest::new("greeter", "1.0.0").package(), &[]).await;
    let hers = McpClient::begun(&ann, "/mcp", json!({})).await;
    let his = McpClient::begun(&bob, "/mcp-server", json!({})).await;
    let tools = hers.names("tools/list", "tools", "name").await;
    assert!(tools.contains(&"mcp__greeter__version".to_owned()) && tools.contains(&"Read".to_owned()), "{tools:?}");
    // Nobody waits there for the answer to a question, and clients search by themselves.
    for absent in ["AskUserQuestion", "ExitPlanMode", "search_tools"] {
        assert!(!tools.contains(&absent.to_owned()), "{absent}");
    }
    let others = his.names("tools/list", "tools", "name").await;
    assert!(!others.iter().any(|name| name.starts_with("mcp__greeter")), "{others:?}");
    assert_eq!(hers.call("mcp__greeter__version", json!({})).await["content"][0]["text"], "1.0.0");
    assert_eq!(last(&his.ask("tools/call", json!({"name": "mcp__greeter__version"})).await)["error"]["code"], -32602);
    // A session is its user's, and so is the project that was made for it.
    let stolen = hers.through(&bob).ask("tools/list", json!({})).await;
    assert_eq!(stolen.status, 404, "{stolen:?}");
    let projects = async |api: &Api| api.get("/api/projects").await.ok()["projects"].as_array().unwrap().clone();
    let (one, other) = (projects(&ann).await, projects(&bob).await);
    assert_eq!((one.len(), &one[0]["name"], other.len()), (1, &json!("MCP"), 1));
    assert_ne!(one[0]["id"], other[0]["id"]);
    let theirs = one[0]["id"].as_str().unwrap();
    let refused = McpClient::new(&bob, &format!("/mcp?project={theirs}")).initialize(json!({})).await;
    assert!(refused.status == 404 && refused.text.contains("no such project"), "{refused:?}");
    let mine = ann.project("Mine").await;
    let named = McpClient::begun(&ann, &format!("/mcp?project={mine}"), json!({})).await;
    assert_eq!(named.call("Write", json!({"file_path": "a.md", "content": "x"})).await["isError"], false);
    assert_eq!(std::fs::read_to_string(world.project_dir(&mine).join("a.md")).unwrap(), "x");
    server.stop().await;
}

#[tokio::test]
async fn names_that_lead_here_and_pages_of_others_are_refused() {
    let mut world = World::sqlite().await;
    let local = Server::start(development(&world)).await;
    world.public_origins = PublicOrigin::parse_all("https://bricks.example.com").unwrap();
    let proxied = world.serve().await;
    for (server, host, origin, status) in [
        (&local, None, None, 200),
        (&local, Some("evil.example.com"), None, 403),
        (&local, Some("localhost.evil.example.com:80"), None, 403),
        (&local, None, Some("http://evil.example.com"), 403),
        (&local, None, Some("null"), 403),
        (&proxied, Some("bricks.example.com"), None, 200),
        (&proxied, Some("bricks.example.com"), Some("https://bricks.example.com"), 200),
        (&proxied, Some("bricks.example.com"), Some("https://evil.example.com"), 403),
        (&proxied, Some("evil.example.com"), None, 403),
    ] {
        let client = McpClient::new(&server.as_user("ann"), "/mcp");
        let params =
            json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
        let message = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params});
        let with = |mut request: reqwest::RequestBuilder| {
            for (name, value) in [("host", host), ("origin", origin)] {
                if let Some(value) = value {
                    request = request.header(name, value);
                }
            }
            request
        };
        let answer = with(client.request(Method::POST).json(&message)).send().await.unwrap();
        assert_eq!(answer.status(), status, "{host:?} {origin:?}");
        // A request that changes nothing is looked at as well.
        if status == 403 {
            for method in [Method::GET, Method::DELETE] {
                assert_eq!(with(client.request(method)).send().await.unwrap().status(), 403, "{host:?} {origin:?}");
            }
        }
    }
    local.stop().await;
    proxied.stop().await;
}

#[test]
fn sessions_outlive_their_host_and_go_on_at_any() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        let server = world.serve().await;
        let project = server.as_user("ann").project("One").await;
        let path = format!("/mcp?project={project}");
        let client = McpClient::begun(&server.as_user("ann"), &path, json!({})).await;
        let write = json!({"file_path": "a.md", "content": "x"});
        assert_eq!(client.call("Write", write).await["isError"], false);
        server.kill().await;
        let server = world.serve().await;
        let client = client.through(&server.as_user("ann"));
        assert_eq!(client.call("Read", json!({"file_path": "a.md"})).await["isError"], false);
        let stolen = client.through(&server.as_user("bob")).ask("tools/list", json!({})).await;
        assert_eq!(stolen.status, 404, "{stolen:?}");
        if engine == Engine::Postgres {
            let beside = world.serve_beside("other").await;
            let there = client.through(&beside.as_user("ann"));
            assert!(there.names("tools/list", "tools", "name").await.contains(&"Read".to_owned()));
            beside.stop().await;
        }
        server.stop().await;
    });
}

#[tokio::test]
async fn a_cancelled_call_is_cancelled_at_the_workspace() {
    let world = World::sqlite().await;
    world.workspace.trouble(Trouble::SlowStatements);
    let server = world.serve().await;
    let client = McpClient::begun(&server.as_user("ann"), "/mcp", json!({})).await;
    let params = json!({"name": "mcp__databricks__execute_sql", "arguments": {"statement": "SELECT slow()"}});
    let call = json!({"jsonrpc": "2.0", "id": "slow", "method": "tools/call", "params": params});
    let running = client.request(Method::POST).json(&call).send().await.unwrap();
    let came = |end: &'static str| {
        let world = &world;
        async move {
            eventually(end, async || match world.workspace.count(Method::POST, end) {
                0 => Err("nothing came".into()),
                _ => Ok(()),
            })
            .await;
        }
    };
    came("/sql/statements").await;
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "slow"}});
    assert_eq!(client.send(&cancel).await.status, 202);
    came("/cancel").await;
    drop(running);
    let seen = world.workspace.seen();
    assert!(seen.iter().all(|seen| seen.authorization == "Bearer canary-token-of-ann"), "{seen:?}");
    server.stop().await;
}

#[tokio::test]
async fn calls_are_guarded_bounded_and_recorded_as_in_a_turn() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let folder = world.project_dir(&project);
    let client = McpClient::begun(&ann, &format!("/mcp?project={project}"), json!({})).await;
    for file in ["secrets/key.md", "open.md"] {
        assert_eq!(client.call("Write", json!({"file_path": file, "content": "kumquat"})).await["isError"], false);
    }
    // What was read may be written over; what was not, may not.
    std::fs::write(folder.join("open.md"), "changed").unwrap();
    let over = json!({"file_path": "open.md", "content": "new"});
    assert_eq!(client.call("Write", over.clone()).await["isError"], true);
    assert_eq!(client.call("Read", json!({"file_path": "open.md"})).await["isError"], false);
    assert_eq!(client.call("Write", over).await["isError"], false);
    // Rules hold for calls and for what is read without one.
    let uris = async || client.names("resources/list", "resources", "uri").await;
    assert!(uris().await.contains(&"project:///secrets/key.md".to_owned()));
    let rules = json!({"rules": [{"kind": "deny", "rule": "Read(secrets/**)"}, {"kind": "deny", "rule": "Skill"}], "second_look": true});
    ann.put(&format!("/api/projects/{project}/permission_rules"), rules).await.ok();
    assert_eq!(client.call("Read", json!({"file_path": "secrets/key.md"})).await["isError"], true);
    let listed = uris().await;
    assert!(listed.contains(&"project:///open.md".to_owned()), "{listed:?}");
    assert!(!listed.contains(&"project:///secrets/key.md".to_owned()), "{listed:?}");
    let read = async |uri: &str| last(&client.ask("resources/read", json!({"uri": uri})).await);
    assert_eq!(read("project:///open.md").await["result"]["contents"][0]["text"], "new");
    for uri in ["project:///secrets/key.md", "skill://databricks-sql/SKILL.md"] {
        let refused = read(uri).await;
        assert!(refused["error"]["code"] == -32602 && !refused.to_string().contains("kumquat"), "{refused}");
    }
    let prompt = last(&client.ask("prompts/get", json!({"name": "databricks-sql"})).await);
    assert_eq!(prompt["error"]["code"], -32602, "{prompt}");
    // What destroys is asked about, and this client cannot ask.
    let drop = json!({"statement": "DROP TABLE main.a.b"});
    let refused = client.call("mcp__databricks__execute_sql", drop).await;
    let text = refused["content"][0]["text"].as_str().unwrap();
    assert!(refused["isError"] == true && text.contains("`execute_sql(drop table main.a.b)`"), "{text}");
    assert!(world.workspace.texts().is_empty());
    // With the rule that it names, it runs.
    let rules = json!({"rules": [{"kind": "allow", "rule": "execute_sql(drop table main.a.b)"}], "second_look": true});
    ann.put(&format!("/api/projects/{project}/permission_rules"), rules).await.ok();
    client.call("mcp__databricks__execute_sql", json!({"statement": "DROP TABLE main.a.b"})).await;
    assert_eq!(world.workspace.texts().len(), 1);
    // Nothing leads out of the project's folder.
    for uri in ["project:///../../bricklayer.db", "project:////etc/passwd", "file:///etc/passwd"] {
        assert!(read(uri).await.get("error").is_some(), "{uri}");
    }
    std::os::unix::fs::symlink("/etc/passwd", folder.join("link.md")).unwrap();
    assert!(read("project:///link.md").await.get("error").is_some());
    // Each call left its record, with the session.
    let filter = AuditFilter {
        user: Some(bricklayer_domain::UserId::parse("ann@example.com").unwrap()),
        ..AuditFilter::default()
    };
    eventually("the records", async || {
        let page = AuditPageRequest { after: None, limit: MAX_PAGE };
        let records = server.app.store().list_audit(&filter, page).await.unwrap().records;
        let refused = records.iter().any(|record| {
            let AuditBody::Call(call) = &record.entry.body else { return false };
            matches!(call.by.site, Some(CallSite::Mcp { .. }))
                && (record.entry.tool.as_str(), record.entry.outcome.as_str()) == ("execute_sql", "denied")
        });
        if refused { Ok(()) } else { Err(format!("{} records", records.len())) }
    })
    .await;
    server.stop().await;
}

/// A picture of one pixel.
const PIXEL: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 1, 0, 0, 0, 1, 8,
    2, 0, 0, 0, 0x90, 0x77, 0x53, 0xde, 0, 0, 0, 0x0c, 0x49, 0x44, 0x41, 0x54, 8, 0xd7, 0x63, 0xf8, 0xcf, 0xc0, 0, 0,
    3, 1, 1, 0, 0x18, 0xdd, 0x8d, 0xb0, 0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];

#[tokio::test]
async fn a_picture_is_shown_as_it_is() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let client = McpClient::begun(&ann, &format!("/mcp?project={project}"), json!({})).await;
    client.call("Write", json!({"file_path": "a.md", "content": "x"})).await;
    std::fs::write(world.project_dir(&project).join("a.png"), PIXEL).unwrap();
    let shown = client.call("Read", json!({"file_path": "a.png"})).await;
    let content = shown["content"].as_array().unwrap();
    assert_eq!(
        (content[1]["type"].as_str(), content[1]["mimeType"].as_str()),
        (Some("image"), Some("image/png")),
        "{shown}"
    );
    server.stop().await;
}

#[tokio::test]
async fn clients_hear_of_plugins_that_come_and_go() {
    let mut world = World::sqlite().await;
    open(&mut world);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let client = McpClient::begun(&ann, "/mcp", json!({})).await;
    let response = client.request(Method::GET).send().await.unwrap();
    let mut stream = response.bytes_stream();
    let mut told = async || {
        let mut text = String::new();
        let reading = async {
            while !text.contains("notifications/tools/list_changed") {
                text.push_str(&String::from_utf8_lossy(&stream.next().await.unwrap().unwrap()));
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.expect("a word in time");
    };
    let plugin = ann.install(&Guest::new("greeter", "1.0.0").package(), &[]).await;
    told().await;
    assert!(client.names("tools/list", "tools", "name").await.contains(&"mcp__greeter__version".to_owned()));
    ann.delete(&format!("/api/plugins/{}", plugin["id"].as_str().unwrap())).await;
    told().await;
    assert!(!client.names("tools/list", "tools", "name").await.contains(&"mcp__greeter__version".to_owned()));
    server.stop().await;
}
