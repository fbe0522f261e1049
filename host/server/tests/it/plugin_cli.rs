//! `bricklayer plugin`: the operator's verbs against a host that runs, and each way to be refused.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::plugins::{get, hostile_guest, running};
use crate::process::{Running, bricklayer};
use crate::shared::far_end::FarEnd;
use crate::support::{Api, Chat, Guest, World, eventually};

const HOST_POWER: &str = "GET https://api.weather.example/v1/*";

const OTHER_POWER: &str = "GET https://other.example/v1/*";

/// What a verb said.
pub(crate) struct Said {
    code: i32,
    pub(crate) out: String,
    err: String,
}

impl Said {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }

    #[track_caller]
    pub(crate) fn done(self, expect: &str) -> Self {
        self.ended(0, expect)
    }

    /// Ended with this code, and said so.
    #[track_caller]
    pub(crate) fn ended(self, code: i32, expect: &str) -> Self {
        let Self { out, err, .. } = &self;
        assert_eq!(self.code, code, "{out}\n{err}");
        assert!(out.contains(expect) || err.contains(expect), "{expect:?} is in neither of\n{out}\n{err}");
        assert!(!out.contains("canary") && !err.contains("canary"), "{out}\n{err}");
        self
    }

    #[track_caller]
    pub(crate) fn data(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

/// Runs `bricklayer plugin …` beside the host behind a proxy.
pub(crate) fn plugin(world: &World, environment: &[(&str, &str)], arguments: &[&str]) -> Said {
    let mut command = bricklayer(world);
    command.envs(environment.iter().copied()).arg("plugin").args(arguments).args(["--data-dir", "data"]);
    Said::of(command.stdin(Stdio::null()).output().unwrap())
}

async fn plugins_of(api: &Api) -> Vec<(String, String)> {
    let list = api.get("/api/plugins").await.ok();
    let text = |plugin: &Value, key: &str| plugin[key].as_str().unwrap_or_default().to_owned();
    let plugins = list["plugins"].as_array().unwrap().iter();
    plugins
        .filter(|plugin| plugin["scope"] != "shipped")
        .map(|plugin| (text(plugin, "name"), text(plugin, "version")))
        .collect()
}

async fn shows(api: &Api, expected: &[(&str, &str)]) {
    eventually("the host's list of plugins", async || {
        let seen = plugins_of(api).await;
        let same = seen.iter().map(|(name, version)| (name.as_str(), version.as_str())).eq(expected.iter().copied());
        if same { Ok(()) } else { Err(format!("{seen:?}")) }
    })
    .await;
}

fn write(path: &Path, guest: &Guest) {
    std::fs::write(path, guest.package()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_is_managed_while_the_host_runs() {
    let world = World::sqlite().await;
    let host = Running::start_with(&world, &[]);
    let ann = host.ann();
    let file = world.data_dir().join("weather.wasm");
    let guest = |version: &str| Guest::new("weather", version).asks_for_files().asks_for_host("api.weather.example");
    write(&file, &guest("1.0.0"));
    let run = |arguments: &[&str]| plugin(&world, &[], arguments);
    let add = ["add", "weather.wasm", "--everyone"];

    run(&["list"]).done("No plugin is installed");
    // Nobody is at a terminal, so nothing is asked and nothing assumed.
    let undecided = run(&add).ended(2, "--grant-all, --grant-none, or --grant POWER");
    assert!(
        undecided.err.contains("Read files of the project") && undecided.err.contains(HOST_POWER),
        "{}",
        undecided.err
    );
    run(&["add", "weather.wasm"]).ended(2, "--everyone or --for USER");
    run(&[&add[..], &["--grant-all"]].concat()).ended(2, "add --yes to install weather for everyone");
    run(&["list"]).done("No plugin is installed");
    run(&[&add[..], &["--yes", "--grant", "GET https://evil.example/*"]].concat()).ended(1, "does not ask for");

    let installed =
        run(&[&add[..], &["--yes", "--grant", HOST_POWER]].concat()).done("Installed weather 1.0.0 for everyone");
    assert!(installed.out.contains("Not given: files:read"), "{}", installed.out);
    shows(&ann, &[("weather", "1.0.0")]).await;
    run(&[&add[..], &["--yes", "--grant-all"]].concat()).ended(1, "installed for everyone already");

    let listed = run(&["list", "--json"]).done("").data();
    assert_eq!(listed["plugins"][0]["active"]["version"], "1.0.0");
    let source = listed["plugins"][0]["active"]["source"].as_str().unwrap();
    assert!(Path::new(source).is_absolute(), "{source}: another folder must not change what it means");
    run(&["list", "weather"]).done("not given");
    run(&["grant", "weather", "files:write"]).ended(1, "does not ask for");
    run(&["grant", "weather"]).ended(2, "or --all");
    let all = run(&["grant", "weather", "--all"]).done("given everywhere");
    assert!(!all.out.contains("not given"), "{}", all.out);
    run(&["revoke", "weather", "files:read"]).done("not given");
    run(&["revoke", "weather", "files:read"]).ended(1, "was not given there");

    run(&["update", "weather"]).done("is what its source has");
    write(&file, &Guest::new("weather", "1.1.0").asks_for_files());
    run(&["update"]).done("went from 1.0.0 to 1.1.0");
    shows(&ann, &[("weather", "1.1.0")]).await;
    write(&file, &guest("2.0.0").asks_for_host("other.example"));
    let waits = run(&["update", "weather"]).ended(3, "It waits");
    assert!(waits.out.contains("other.example"), "{}", waits.out);
    run(&["list"]).done("update-waiting");
    shows(&ann, &[("weather", "1.1.0")]).await;
    run(&["update", "weather", "--accept", "--grant", OTHER_POWER])
        .done("2.0.0 serves from now on. Given: GET https://other");
    shows(&ann, &[("weather", "2.0.0")]).await;
    run(&["rollback", "weather"]).done("went back from 2.0.0 to 1.1.0");
    shows(&ann, &[("weather", "1.1.0")]).await;
    std::fs::write(&file, b"broken").unwrap();
    run(&["update", "weather"]).ended(1, "not a WebAssembly component");
    let failed = run(&["update", "--json"]).ended(1, "failed").data();
    assert_eq!(failed["plugins"][0]["outcome"], "failed");

    run(&["disable", "weather"]).done("is not used any more");
    run(&["list"]).done("disabled");
    run(&["enable", "weather"]).done("may be used again");
    run(&["remove", "weather"]).ended(2, "add --yes to remove weather of everyone");
    run(&["remove", "weather", "--yes"]).done("Removed weather 1.1.0 of everyone");
    shows(&ann, &[]).await;
    run(&["remove", "weather", "--yes"]).ended(1, "no plugin is installed");

    let audit = run(&["audit", "--json", "--plugin", "weather", "--kind", "change"]).done("").data();
    let outcomes: Vec<_> =
        audit["records"].as_array().unwrap().iter().map(|r| r["outcome"].as_str().unwrap()).collect();
    for change in
        ["installed", "granted", "updated", "update-waiting", "consented", "rolled-back", "disabled", "removed"]
    {
        assert!(outcomes.contains(&change), "{change} is not in {outcomes:?}");
    }
    run(&["audit", "--since", "1h"]).done("installed");
    run(&["audit", "--since", "yesterday"]).ended(2, "is no time");
    run(&["audit", "verify"]).done("as they were written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_of_one_user_is_theirs() {
    let world = World::sqlite().await;
    let host = Running::start_with(&world, &[]);
    let (ann, ben) = (host.ann(), host.user("ben@example.com"));
    let project = ann.project("One").await;
    write(&world.data_dir().join("weather.wasm"), &Guest::new("weather", "1.0.0").asks_for_files());
    let run = |arguments: &[&str]| plugin(&world, &[], arguments);
    let add = ["add", "weather.wasm", "--for", "ann@example.com", "--yes"];
    run(&[&add[..], &["--grant-none"]].concat()).done("Installed weather 1.0.0 for ann@example.com");
    shows(&ann, &[("weather", "1.0.0")]).await;
    assert_eq!(plugins_of(&ben).await, []);
    run(&["add", "weather.wasm", "--everyone", "--yes", "--grant-none"]).done("for everyone");
    run(&["list", "weather"]).ended(1, "add one of");
    let ann_only = ["--for", "ann@example.com"];
    run(&[&["grant", "weather", "--all", "--project", &project][..], &ann_only].concat()).done("given in 1 project");
    let strange = uuid::Uuid::now_v7().to_string();
    run(&[&["grant", "weather", "--all", "--project", &strange][..], &ann_only].concat()).ended(1, "no such project");
    run(&["grant", "weather", "--all", "--project", "x"]).ended(2, "not a project's id");
    run(&["grant", "weather", "--everyone", "--all", "--project", &project]).ended(1, "--for USER");
    run(&[&["disable", "weather", "--project", &project][..], &ann_only].concat()).done("in project");
    run(&[&["list", "weather"][..], &ann_only].concat()).done("Switched off in project");
    run(&[&["remove", "weather", "--yes"][..], &ann_only].concat()).done("of ann@example.com");
    run(&["list", "weather"]).done("for everyone");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_policy_refuses_is_refused_here_too() {
    let world = World::sqlite().await;
    let file = world.data_dir().join("weather.wasm");
    let add = ["add", "weather.wasm", "--everyone", "--yes", "--grant-all"];
    plugin(&world, &[], &["list"]).ended(1, "there is no database");
    plugin(&world, &[], &add).ended(1, "was not found; check the path");
    std::fs::write(&file, b"\0asm\x01\0\0\0").unwrap();
    plugin(&world, &[], &add).ended(1, "core WebAssembly module");
    write(&file, &Guest::new("weather", "1.0.0").with_strange_import());
    plugin(&world, &[], &add).ended(1, "acme:door/door");
    write(&file, &Guest::new("databricks", "1.0.0"));
    plugin(&world, &[], &add).ended(1, "the host's own");
    write(&file, &Guest::new("weather", "1.0.0").with_start("unreachable"));
    plugin(&world, &[], &add).ended(1, "does not work on this host");

    write(&file, &Guest::new("weather", "1.0.0"));
    let only_oci = [("BRICKLAYER_PLUGINS_SOURCES", "oci://registry.example/team/")];
    plugin(&world, &only_oci, &add).ended(1, "not among the sources that the operator allows");
    let pair = bricklayer_sources::keygen(None).unwrap();
    let keys = format!("acme={}", pair.public_key.lines().last().unwrap());
    let signed_only =
        [("BRICKLAYER_PLUGINS_SIGNATURES", "require"), ("BRICKLAYER_PLUGINS_TRUSTED_KEYS", keys.as_str())];
    plugin(&world, &signed_only, &add).ended(1, "the package is not signed");
    let package = Guest::new("weather", "1.0.0").package();
    let sidecar = world.data_dir().join("weather.wasm.minisig");
    let other = bricklayer_sources::keygen(None).unwrap();
    let sign = |pair: &bricklayer_sources::KeyPair, bytes: &[u8]| {
        bricklayer_sources::sign(bytes, &pair.secret_key, None, "weather").unwrap()
    };
    std::fs::write(&sidecar, sign(&other, &package)).unwrap();
    plugin(&world, &signed_only, &add).ended(1, "which the operator does not know");
    std::fs::write(&sidecar, sign(&pair, b"other bytes")).unwrap();
    plugin(&world, &signed_only, &add).ended(1, "the signature is invalid");
    plugin(&world, &[("BRICKLAYER_PLUGINS_TRUSTED_KEYS", &keys)], &add).ended(1, "the signature is invalid");
    let expired = format!("{keys};expires=2020-01-01");
    std::fs::write(&sidecar, sign(&pair, &package)).unwrap();
    plugin(&world, &[("BRICKLAYER_PLUGINS_TRUSTED_KEYS", &expired)], &add).ended(1, "expired on 2020-01-01");
    plugin(&world, &[], &["list"]).done("No plugin is installed");
    plugin(&world, &signed_only, &add).done("signed by acme, whom the operator trusts");
    plugin(&world, &[], &["list"]).done("acme");

    plugin(&world, &[], &["publish", "weather.wasm", "weather2.wasm"]).ended(1, "is not a registry");
    plugin(&world, &[], &["publish", "Cargo.toml", "oci://127.0.0.1:1/a:1"]).ended(1, "cannot be read");
    plugin(&world, &[], &["publish", "weather.wasm", "oci://127.0.0.1:1/a:1"]).ended(1, "not a public address");
}

/// A registry that keeps what is pushed to it; blobs and manifests by the end of their path.
type Kept = Arc<Mutex<Vec<(String, Bytes)>>>;

async fn registry(State(kept): State<Kept>, request: Request) -> Response {
    const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 24).await.unwrap();
    let path = parts.uri.path().to_owned();
    let name = path.rsplit('/').next().unwrap_or_default().to_owned();
    let keep = |name: String| kept.lock().unwrap().push((name, body.clone()));
    let digest = format!("sha256:{}", hex(&Sha256::digest(&body)));
    match (&parts.method, path.as_str()) {
        (&Method::GET, "/v2/") => "{}".into_response(),
        (&Method::POST, _) => (StatusCode::ACCEPTED, [("location", "/upload/1")]).into_response(),
        (&Method::PATCH, _) => {
            keep(digest);
            let range = format!("0-{}", body.len().saturating_sub(1));
            (StatusCode::ACCEPTED, [("location", "/upload/1".to_owned()), ("range", range)]).into_response()
        }
        (&Method::PUT, path) => {
            if path.contains("/manifests/") {
                keep(digest);
                keep(name);
            }
            (StatusCode::CREATED, [("location", "/done")]).into_response()
        }
        _ => match kept.lock().unwrap().iter().rev().find(|(kept, _)| *kept == name) {
            Some((_, bytes)) => ([("content-type", MANIFEST)], bytes.clone()).into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        },
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// On a developer's own machine a registry on loopback may speak plain http.
#[tokio::test(flavor = "multi_thread")]
async fn a_package_goes_through_a_registry() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("oci://{}/team/weather:1", listener.local_addr().unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    let app = Router::new().fallback(registry).with_state(Kept::default());
    tasks.spawn(async move { axum::serve(listener, app).await });
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bricklayer"));
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).current_dir(folder.path());
        Said::of(command.arg("plugin").args(arguments).stdin(Stdio::null()).output().unwrap())
    };
    let file = folder.path().join("weather.wasm");
    write(&file, &Guest::new("weather", "1.0.0"));
    run(&["publish", "weather.wasm", &target]).done("It is not signed");
    run(&["add", &target, "--yes"]).done("Installed weather 1.0.0 for you@localhost");
    let row = run(&["list", "weather", "--json"]).done("").data();
    let pinned = row["active"]["pinned"].as_str().unwrap().to_owned();
    assert!(pinned.contains("/team/weather@sha256:"), "{pinned}");
    run(&["update", "weather"]).done("is what its source has");
    // The tag moves: an update, pinned anew. What was pinned stays what it was.
    write(&file, &Guest::new("weather", "1.1.0"));
    run(&["publish", "weather.wasm", &target]).done("Published weather 1.1.0");
    run(&["update", "weather"]).done("went from 1.0.0 to 1.1.0");
    run(&["update", "weather", "--to", &pinned]).done("went from 1.1.0 to 1.0.0");
    run(&["add", &target.replace(":1", ":absent"), "--everyone", "--yes"]).ended(1, "check the repository and the tag");
}

/// How long a change may take to reach a host that runs, on a busy machine; it looks each second.
const SOON: Duration = Duration::from_secs(30);

/// A call ends so, soon after something was changed elsewhere.
async fn soon(chat: &mut Chat<'_>, tool: &str, input: &Value, what: &str, expect: impl Fn(&Value) -> bool) {
    let since = Instant::now();
    eventually(what, async || {
        let result = chat.call(tool, input.clone()).await;
        if expect(&result) { Ok(()) } else { Err(result.to_string()) }
    })
    .await;
    assert!(since.elapsed() < SOON, "{what} took {:?}", since.elapsed());
}

/// The running host learns of it by itself: nobody asks it about its plugins.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_command_line_changes_is_served_and_refused_soon() {
    let world = World::sqlite().await;
    let host = Running::start_with(&world, &[]);
    let ann = host.ann();
    let mut chat = Chat::new(&world.model, &ann).await;
    let run = |arguments: &[&str]| plugin(&world, &[], arguments);
    let file = world.data_dir().join("greeter.wasm");
    let (tool, nothing) = ("mcp__greeter__version", json!({}));
    write(&file, &Guest::new("greeter", "1.0.0"));
    assert_eq!(chat.call(tool, nothing.clone()).await["is_error"], true);
    run(&["add", "greeter.wasm", "--everyone", "--yes", "--grant-all"]).done("Installed greeter");
    soon(&mut chat, tool, &nothing, "the installation", |result| result["content"] == "1.0.0").await;
    write(&file, &Guest::new("greeter", "1.1.0"));
    run(&["update", "greeter"]).done("went from 1.0.0 to 1.1.0");
    soon(&mut chat, tool, &nothing, "the update", |result| result["content"] == "1.1.0").await;
    run(&["disable", "greeter"]).done("is not used any more");
    soon(&mut chat, tool, &nothing, "the switch", |result| result["is_error"] == true).await;
    run(&["enable", "greeter"]).done("may be used again");
    soon(&mut chat, tool, &nothing, "the switch back", |result| result["content"] == "1.1.0").await;
    run(&["remove", "greeter", "--yes"]).done("Removed greeter");
    soon(&mut chat, tool, &nothing, "the removal", |result| result["is_error"] == true).await;
}

/// What a refusal says to run is run as it stands, and the same call goes well.
#[tokio::test(flavor = "multi_thread")]
async fn the_remedy_is_a_command_that_works() {
    let world = World::sqlite().await;
    let far_end = FarEnd::start().await;
    let host = running(&world, &far_end, &[]);
    let ann = host.ann();
    ann.install(&hostile_guest(), &[]).await;
    let mut chat = Chat::new(&world.model, &ann).await;
    let program = Path::new(env!("CARGO_BIN_EXE_bricklayer")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let write_file = json!({"path": "/project/b.txt", "text": "x"});
    for (tool, input, kind, id) in [
        ("fetch_good", get("/api/ok/x"), "denied", "GET workspace/api/ok/** as-caller"),
        ("fetch_good", get("/api/plain/x"), "denied", "GET workspace/api/plain/*"),
        ("remember", json!({"key": "k", "value": "v"}), "denied", "state"),
        ("write_file", write_file.clone(), "failed", "files:read"),
        ("write_file", write_file, "failed", "files:write"),
        ("allocate", json!({"mib": 90}), "limit-exceeded", "memory:128MiB"),
    ] {
        let tool = format!("mcp__hostile__{tool}");
        let refused = chat.call(&tool, input.clone()).await;
        assert_eq!((refused["error_kind"].as_str(), refused["denied"].as_str()), (Some(kind), Some(id)), "{refused}");
        let remedy = refused["remedy"].as_str().unwrap();
        assert!(refused["content"].as_str().unwrap().contains(remedy), "the model does not see it: {refused}");
        let mut shell = Command::new("sh");
        shell.env_clear().env("PATH", &path).env("DATABRICKS_APP_NAME", "test");
        shell.env("DATABRICKS_HOST", far_end.url().as_str()).current_dir(world.data_dir());
        Said::of(shell.args(["-c", remedy]).stdin(Stdio::null()).output().unwrap()).done("given everywhere");
        let served = |result: &Value| result["is_error"] == false || result["denied"].as_str() != Some(id);
        soon(&mut chat, &tool, &input, id, served).await;
    }
    for (tool, input) in
        [("write_file", json!({"path": "/project/b.txt", "text": "x"})), ("allocate", json!({"mib": 90}))]
    {
        let result = chat.call(&format!("mcp__hostile__{tool}"), input).await;
        assert_eq!(result["is_error"], false, "{result}");
    }
}
