//! Who a request speaks for, and which requests are refused before that matters.

use std::time::Duration;

use bricklayer_server::config::{Config, IdentityMode, ModelConfig, PublicOrigin, WorkspaceConfig};
use reqwest::Method;
use serde_json::json;

use crate::support::{Api, Follow, Reply, Server, Trouble, World, keep_compiled_code};

#[tokio::test]
async fn behind_a_proxy_the_headers_name_the_user_and_nothing_else_does() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    let api = || Api::new(&server.base);
    let ann = server.as_user("Ann").get("/api/me").await.ok();
    assert_eq!(ann["user"], "ann@example.com");
    let by_name = api().with("x-forwarded-user", "77@1").with("x-forwarded-access-token", "canary-token-of-ann");
    assert_eq!(by_name.get("/api/me").await.ok()["user"], "77@1");

    for refused in [
        api(),
        api().with("x-forwarded-email", "ann@example.com"),
        api().with("x-forwarded-access-token", "t"),
        api().with("x-forwarded-email", "").with("x-forwarded-access-token", "t"),
        api().with("x-forwarded-email", "ann@example.com").with("x-forwarded-access-token", ""),
        api()
            .with("x-forwarded-email", "ann@example.com")
            .with("x-forwarded-email", "eve@example.com")
            .with("x-forwarded-access-token", "t"),
        api().with("authorization", "Bearer t"),
        // Lists, and a token that is another's.
        server.as_user("ann").with("x-forwarded-user", "77@1, 78@1"),
        server.as_user("ann").with("x-forwarded-user", "77@1").with("x-forwarded-user", "78@1"),
        server.as_user("ann").with("x-forwarded-user", "78@1"),
        server.as_user("ann").with("x-forwarded-user", "eve@example.com"),
        api().with("x-forwarded-email", "ann@example.com, eve@example.com").with("x-forwarded-access-token", "t"),
        api().with("x-forwarded-email", "eve@example.com").with("x-forwarded-access-token", "canary-token-of-ann"),
        api().with("x-forwarded-user", "78@1").with("x-forwarded-access-token", "canary-token-of-ann"),
        api().with("x-forwarded-email", "ann@example.com").with("x-forwarded-access-token", "canary-token-of-ann,t"),
    ] {
        refused.get("/api/me").await.problem(401, "unauthenticated");
        refused.get("/api/projects").await.problem(401, "unauthenticated");
    }
    server.stop().await;
}

#[tokio::test]
async fn the_workspace_is_asked_once_whose_a_token_is() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    for _ in 0..3 {
        server.as_user("ann").get("/api/me").await.ok();
    }
    assert_eq!(world.workspace.owners_asked(), 1);
    server.as_user("bob").get("/api/me").await.ok();
    assert_eq!(world.workspace.owners_asked(), 2);
    // A token that names its owner needs no question, and is compared all the same. `{"sub":"cem@example.com"}`:
    let token = "e30.eyJzdWIiOiJjZW1AZXhhbXBsZS5jb20ifQ.x";
    let with =
        |email: &str| Api::new(&server.base).with("x-forwarded-email", email).with("x-forwarded-access-token", token);
    assert_eq!(with("Cem@example.com").get("/api/me").await.ok()["user"], "cem@example.com");
    with("ann@example.com").get("/api/me").await.problem(401, "unauthenticated");
    assert_eq!(world.workspace.owners_asked(), 2);
    // A token that the workspace does not know.
    world.workspace.trouble(Trouble::Status(401, vec![], json!({"message": "Invalid"})));
    let stranger =
        Api::new(&server.base).with("x-forwarded-email", "ann@example.com").with("x-forwarded-access-token", "revoked");
    stranger.get("/api/me").await.problem(401, "unauthenticated");
    world.workspace.trouble(Trouble::Status(403, vec![], json!({"message": "Invalid access token"})));
    stranger.get("/api/me").await.problem(401, "unauthenticated");
    // One that it cannot be asked about now.
    world.workspace.trouble(Trouble::Status(500, vec![], json!({})));
    stranger.get("/api/me").await.problem(502, "workspace-failed");
    server.as_user("ann").get("/api/me").await.ok();
    server.stop().await;
}

#[tokio::test]
async fn each_users_own_token_goes_to_the_workspace_and_no_other() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    server.as_user("ann").get("/api/warehouses").await.ok();
    server.as_user("bob").get("/api/warehouses").await.ok();
    let seen: Vec<_> = world.workspace.seen().into_iter().map(|seen| seen.authorization).collect();
    assert_eq!(seen, ["Bearer canary-token-of-ann", "Bearer canary-token-of-bob"], "no answer is shared between users");
    server.stop().await;
}

/// On this machine, on the scripted workspace.
pub(crate) fn development(world: &World) -> Config {
    let config = world.config();
    // A folder has one host, and some tests have one behind a proxy beside it.
    let data_dir = config.data_dir.join("developer");
    keep_compiled_code(&data_dir);
    Config {
        data_dir,
        identity: IdentityMode::Development,
        model: ModelConfig::Offline,
        workspace: WorkspaceConfig::Remote {
            host: world.workspace.url.clone(),
            token: Some("canary-developer-token".into()),
        },
        ..config
    }
}

#[tokio::test]
async fn in_development_the_tokens_owner_is_the_user() {
    let world = World::sqlite().await;
    world.workspace.trouble(Trouble::Status(500, vec![], json!({})));
    let server = Server::start(development(&world)).await;
    let api = Api::new(&server.base);
    api.get("/api/health").await.ok();
    api.get("/api/me").await.problem(502, "workspace-failed");
    world.workspace.trouble(Trouble::Status(403, vec![], json!({"message": "Invalid access token."})));
    let problem = api.get("/api/me").await.problem(403, "workspace-permission-denied");
    assert!(problem["detail"].as_str().unwrap().contains("put a valid token into DATABRICKS_TOKEN"), "{problem}");
    world.workspace.trouble(Trouble::None);
    assert_eq!(api.get("/api/me").await.ok()["user"], "dana@example.com");
    // Known from now on, whatever happens to the workspace; and headers that anybody could send do not matter.
    world.workspace.trouble(Trouble::Hang);
    let pretender = Api::new(&server.base).with("x-forwarded-email", "eve@example.com");
    assert_eq!(pretender.get("/api/me").await.ok()["user"], "dana@example.com");
    server.stop().await;
}

#[tokio::test]
async fn in_development_other_hosts_and_other_origins_are_refused() {
    let world = World::sqlite().await;
    let server = Server::start(development(&world)).await;
    let authority = server.base.trim_start_matches("http://").to_owned();
    let port = authority.rsplit(':').next().unwrap();
    let api = || Api::new(&server.base);

    // DNS rebinding: the name is another's, the address is ours.
    for host in ["evil.example", &format!("evil.example:{port}"), "localhost.evil.example", ""] {
        let problem = api().with("host", host).get("/api/projects").await.problem(421, "wrong-host");
        assert!(problem["detail"].as_str().unwrap().contains("BRICKLAYER_PUBLIC_URL"), "{problem}");
    }
    let local = format!("localhost:{port}");
    api().with("host", &local).get("/api/projects").await.ok();

    // Another site's page, with this browser.
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "http://127.0.0.1:1"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let answer = api().with(name, value).post("/api/projects", json!({"name": "x"})).await;
        answer.problem(403, "cross-origin");
    }
    let own = api().with("origin", &server.base).with("sec-fetch-site", "same-origin");
    own.post("/api/projects", json!({"name": "x"})).await.ok();
    server.stop().await;
}

#[tokio::test]
async fn a_public_name_passes_and_a_strange_one_does_not() {
    let body = json!({"name": "x"});
    let public_origins = PublicOrigin::parse_all("https://bricks.example.com, https://other.example.com:8443").unwrap();
    let mut world = World::sqlite().await;
    world.public_origins.clone_from(&public_origins);
    let proxied = world.serve().await;
    let developer = Server::start(Config { public_origins, ..development(&world) }).await;
    for (api, named) in [(proxied.as_user("ann"), "x-forwarded-host"), (Api::new(&developer.base), "host")] {
        let at = |host: &str| api.clone().with(named, host);
        for (host, origin) in [
            ("bricks.example.com", "https://bricks.example.com"),
            ("bricks.example.com:443", "https://bricks.example.com"),
            ("Bricks.Example.com", "https://bricks.example.com:443"),
            ("other.example.com:8443", "https://other.example.com:8443"),
        ] {
            at(host).get("/api/projects").await.ok();
            at(host).with("origin", origin).post("/api/projects", body.clone()).await.ok();
            let answer = at(host).with("origin", "https://evil.example").post("/api/projects", body.clone()).await;
            let problem = answer.problem(403, "cross-origin");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains("https://evil.example") && detail.contains("BRICKLAYER_PUBLIC_URL"), "{detail}");
        }
        for host in ["evil.example", "bricks.example.com.evil.example", "bricks.example.com:8443", "other.example.com"]
        {
            let problem = at(host).get("/api/projects").await.problem(421, "wrong-host");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains(host) && detail.contains("BRICKLAYER_PUBLIC_URL"), "{detail}");
        }
        // The proxy's own way of calling this server, with the page's public origin.
        let port = if named == "host" { &developer.base } else { &proxied.base };
        let own = port.trim_start_matches("http://");
        at(own).with("origin", "https://bricks.example.com").post("/api/projects", body.clone()).await.ok();
    }
    // The platform asks for health by any address.
    proxied.as_nobody().with("x-forwarded-host", "10.0.0.7").get("/api/health").await.ok();
    proxied.stop().await;
    developer.stop().await;
}

#[tokio::test]
async fn two_hosts_or_origins_are_no_request() {
    let world = World::sqlite().await;
    let proxied = world.serve().await;
    let developer = Server::start(development(&world)).await;
    for (server, api) in [(&proxied, proxied.as_user("ann")), (&developer, Api::new(&developer.base))] {
        let own = server.base.trim_start_matches("http://");
        for (name, value) in [("host", own), ("origin", server.base.as_str()), ("x-forwarded-host", own)] {
            let twice = api.clone().with(name, value).with(name, "evil.example");
            twice.get("/api/projects").await.problem(400, "ambiguous-request");
        }
    }
    proxied.stop().await;
    developer.stop().await;
}

#[tokio::test]
async fn behind_a_proxy_other_origins_are_refused_too() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    let ann = || server.as_user("ann").with("x-forwarded-host", "app.example.com");
    let body = json!({"name": "x"});
    ann().with("origin", "https://app.example.com").post("/api/projects", body.clone()).await.ok();
    ann().with("origin", "https://evil.example").post("/api/projects", body.clone()).await.problem(403, "cross-origin");
    // Reading is not refused: without permission of ours the browser does not show the other page the answer.
    let answer = ann().with("origin", "https://evil.example").get("/api/projects").await;
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
    let preflight = ann().with("origin", "https://evil.example").with("access-control-request-method", "POST");
    let preflight = preflight.send(preflight.request(Method::OPTIONS, "/api/projects")).await;
    assert!(!preflight.headers.contains_key("access-control-allow-origin"));
    server.stop().await;
}

/// Ann with another token than before.
fn signed_in_again(server: &Server) -> Api {
    Api::new(&server.base)
        .with("x-forwarded-email", "ann@example.com")
        .with("x-forwarded-access-token", "canary-token-of-ann@example.com")
}

async fn ask_for(world: &World, server: &Server, statement: &str) -> Follow {
    world.model.script("sql", vec![Reply::sql("call_1", statement), Reply::text("I see")]);
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let (execution, _) = ann.ask(&project, "sql").await;
    ann.follow(&execution, 0).await
}

/// Who asked to run statements, in their order.
fn senders(world: &World) -> Vec<String> {
    let posts = world.workspace.seen().into_iter().filter(|seen| seen.method == "POST");
    posts.map(|seen| seen.authorization).collect()
}

#[tokio::test]
async fn a_statement_that_was_refused_for_its_token_runs_once_with_the_next() {
    let world = World::sqlite().await;
    world.workspace.trouble(Trouble::UnknownSender);
    let server = world.serve().await;
    let mut follow = ask_for(&world, &server, "INSERT INTO main.default.t VALUES (1)").await;
    let waits = follow.until("tool_progress").await;
    assert!(waits.data["message"].as_str().unwrap().contains("sign in again"), "{waits:?}");
    world.workspace.trouble(Trouble::None);
    signed_in_again(&server).get("/api/me").await.ok();
    let result = follow.until("tool_result").await;
    assert_eq!(result.data["is_error"], false, "{result:?}");
    assert_eq!(senders(&world), ["Bearer canary-token-of-ann", "Bearer canary-token-of-ann@example.com"]);
    follow.follow_to_end().await;
    server.stop().await;
}

#[tokio::test]
async fn a_statement_that_was_taken_is_not_sent_again_for_a_token() {
    let world = World::sqlite().await;
    world.workspace.trouble(Trouble::SlowStatements);
    let server = world.serve().await;
    let mut follow = ask_for(&world, &server, "INSERT INTO main.default.t VALUES (1)").await;
    crate::support::eventually("the statement", async || match senders(&world).len() {
        1 => Ok(()),
        count => Err(count.to_string()),
    })
    .await;
    world.workspace.trouble(Trouble::Status(401, vec![], json!({"message": "the token has ended"})));
    let result = follow.until("tool_result").await;
    assert_eq!(result.data["error_kind"], "unauthenticated", "{result:?}");
    assert!(result.data["content"].as_str().unwrap().contains("may still run"), "{result:?}");
    world.workspace.trouble(Trouble::None);
    signed_in_again(&server).get("/api/me").await.ok();
    follow.follow_to_end().await;
    assert_eq!(senders(&world).len(), 1);
    server.stop().await;
}

/// A host of which Ann asked for a change with a token that the workspace refused, and that waited for long enough.
async fn let_go(world: &mut World) -> (Server, String, Follow) {
    world.times.sign_in = Duration::from_millis(300);
    world.workspace.trouble(Trouble::UnknownSender);
    world
        .model
        .script("sql", vec![Reply::sql("call_1", "INSERT INTO main.default.t VALUES (1)"), Reply::text("I see")]);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let (execution, _) = ann.ask(&project, "sql").await;
    let mut follow = ann.follow(&execution, 0).await;
    follow.until("tool_progress").await;
    crate::support::eventually("a turn that waits costs no task", async || match server.app.turns().running() {
        0 => Ok(()),
        count => Err(count.to_string()),
    })
    .await;
    world.workspace.trouble(Trouble::None);
    // Another request with the same token changes nothing.
    ann.get("/api/projects").await.ok();
    assert_eq!(server.app.turns().running(), 0);
    (server, execution, follow)
}

#[tokio::test]
async fn who_does_not_sign_in_again_is_waited_for_without_a_place() {
    let mut world = World::sqlite().await;
    let (server, _, mut follow) = let_go(&mut world).await;
    signed_in_again(&server).get("/api/projects").await.ok();
    let result = follow.until("tool_result").await;
    assert_eq!(result.data["is_error"], false, "{result:?}");
    assert_eq!(senders(&world), ["Bearer canary-token-of-ann", "Bearer canary-token-of-ann@example.com"]);
    let rest = follow.follow_to_end().await;
    assert!(rest.iter().any(|frame| frame.kind() == "stream.completed" && frame.data["is_error"] == false), "{rest:?}");
    server.stop().await;
}

#[tokio::test]
async fn who_signs_in_again_at_another_host_goes_on_there() {
    let mut world = World::sqlite().await;
    let (server, execution, follow) = let_go(&mut world).await;
    drop(follow);
    server.stop().await;
    let server = world.serve().await;
    let mut follow = signed_in_again(&server).follow(&execution, 0).await;
    let result = follow.until("tool_result").await;
    assert_eq!(result.data["is_error"], false, "{result:?}");
    assert_eq!(senders(&world).len(), 2);
    follow.follow_to_end().await;
    server.stop().await;
}

#[tokio::test]
async fn a_call_that_waits_for_its_user_is_stopped_without_having_run() {
    let mut world = World::sqlite().await;
    let (server, execution, mut follow) = let_go(&mut world).await;
    server.as_user("ann").post(&format!("/api/stop_stream/{execution}"), json!({})).await.ok();
    let result = follow.until("tool_result").await;
    assert!(result.data["content"].as_str().unwrap().contains("not run"), "{result:?}");
    follow.follow_to_end().await;
    assert_eq!(senders(&world).len(), 1);
    server.stop().await;
}
