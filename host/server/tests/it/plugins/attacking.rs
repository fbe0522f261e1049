//! The corpus of hostile guests against the built program, through its API: each attack ends by its name, and the host
//! goes on answering.

use std::time::Duration;

use bricklayer_domain::ToolErrorKind;
use serde_json::{Value, json};

use super::{get, hostile_guest, install_all, running};
use crate::shared::corpus::{
    Attack, after_return, corpus, fetch, module, over_instances, read, returns, returns_at, tool, wit_of,
};
use crate::shared::far_end::FarEnd;
use crate::shared::guests::package_with;
use crate::support::{Api, Chat, Poller, World};

/// Attacks that end after two seconds of processor time, or of the disk's: of these the runtime's suite makes all, with
/// lower limits, and the program the first two.
fn is_slow(name: &str) -> bool {
    name.starts_with("endless_") || name == "disk_filled"
}

/// What the runtime by itself refuses, since the answer is too large, and the program keeps whole as a result.
fn is_kept(name: &str) -> bool {
    matches!(name, "result_of_two_megabytes" | "response_slurping")
}

const SLOW_ONES: usize = 2;

/// Generous: the machine is shared, and the program not optimised. What it holds off is a host that does not answer.
const QUICK: Duration = Duration::from_secs(20);

/// Most memory of the whole program; its guests may have 64 MiB each.
const MAX_MEMORY_KIB: u64 = 768 * 1024;

struct Case {
    name: &'static str,
    attack: Attack,
    kind: ToolErrorKind,
    says: &'static str,
}

macro_rules! table {
    ($($name:ident: $attack:expr => $kind:ident $says:expr;)*) => {
        vec![$(Case { name: stringify!($name), attack: $attack, kind: ToolErrorKind::$kind, says: $says }),*]
    };
}

/// The kind and the words that an attack ended with.
async fn end(api: &Api, chat: &mut Chat<'_>, attack: Attack) -> (Value, String) {
    let called = async |chat: &mut Chat<'_>, tool: &str, input: Value| {
        let result = chat.call(tool, input).await;
        assert_eq!(result["is_error"], true, "{result}");
        (result["error_kind"].clone(), result["content"].as_str().unwrap().to_owned())
    };
    match attack {
        Attack::Tool(tool, input) => called(chat, &format!("mcp__hostile__{tool}"), input).await,
        Attack::Text(text, result) => {
            let harmless = "[tools.run]\nread-only = true\ndestructive = false\nask = false\n";
            let seen = api.upload(&package_with(&text, &wit_of(result), harmless), None).await.ok();
            let body = json!({"staged": seen["staged"], "scope": "me", "grants": []});
            let installed = api.post("/api/plugins", body).await;
            if installed.status == 422 {
                // It ended when it was tried out, and nothing of it is here.
                return (json!("plugin-broken"), installed.problem(422, "plugin-broken")["detail"].to_string());
            }
            let plugin = super::id(&installed.ok());
            let ended = called(chat, seen["tools"][0]["name"].as_str().unwrap(), json!({})).await;
            assert_eq!(api.delete(&format!("/api/plugins/{plugin}")).await.status, 204);
            ended
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_corpus_ends_by_name_in_the_built_program() {
    let world = World::sqlite().await;
    let far_end = FarEnd::start().await;
    let host = running(&world, &far_end, &[]);
    let ann = host.ann();
    install_all(&ann, &hostile_guest(), "me").await;
    let mut chat = Chat::new(&world.model, &ann).await;
    let folder = world.data_dir().join("data/projects").join(chat.project());
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("a.txt"), "inside").unwrap();
    let bob = host.user("bob@example.com");
    install_all(&bob, &hostile_guest(), "me").await;
    let mut neighbour = Chat::new(&world.model, &bob).await;
    let poller = Poller::start(host.nobody());
    let (mut made, mut slow) = (0, 0);
    let cases: Vec<Case> = corpus!(table);
    for Case { name, attack, kind, says } in cases.into_iter().filter(|case| !is_kept(case.name)) {
        if is_slow(name) {
            slow += 1;
            if slow > SLOW_ONES {
                continue;
            }
        }
        made += 1;
        let began = std::time::Instant::now();
        let neighbours = neighbour.call("mcp__hostile__reported", json!({"rows": 7}));
        let ((ended, words), answer) = tokio::join!(end(&ann, &mut chat, attack), neighbours);
        eprintln!("{name}: {ended} after {:?}", began.elapsed());
        assert_eq!(answer["content"], "**7** rows", "beside {name}");
        // Numbers of the limits are the defaults here, so only their names are compared.
        let says = says.split(": ").next().unwrap();
        let kind = serde_json::to_value(kind).unwrap();
        assert!(ended == kind || ended == "plugin-broken", "{name}: {ended} and not {kind}: {words}");
        // What is bounded by an amount ends by its time where the machine is slow.
        assert!(words.contains(says) || words.contains("cpu limit"), "{name}: {words:?} does not say {says:?}");
        assert!(!words.contains("canary"), "{name}: {words}");
    }
    assert!(made >= 45, "only {made} attacks were made");
    let (polls, p50, p99, worst) = poller.times().await;
    let memory = host.memory_peak_kib();
    eprintln!("{made} attacks; health {polls} times: {p50:?} {p99:?} {worst:?}; {memory} KiB at the peak");
    assert!(p99 < QUICK, "the API was as slow as {p99:?}");
    assert!(memory < MAX_MEMORY_KIB, "the program took {memory} KiB");
    // Nothing of what the attacker held is kept: as many calls as ever go through at once.
    let calls: Vec<_> = (0..20).map(|n| ("mcp__hostile__fetch".to_owned(), get(&format!("/api/ok/{n}")))).collect();
    assert!(chat.calls(&calls).await.iter().all(|result| result["is_error"] == false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_too_large_for_a_model_is_kept_whole() {
    let world = World::sqlite().await;
    let far_end = FarEnd::start().await;
    let host = running(&world, &far_end, &[]);
    let (ann, bob) = (host.ann(), host.user("bob@example.com"));
    install_all(&ann, &hostile_guest(), "me").await;
    let mut chat = Chat::new(&world.model, &ann).await;
    let result = chat.call("mcp__hostile__big_output", json!({"bytes": 2_000_000})).await;
    let (content, kept) = (result["content"].as_str().unwrap(), &result["results"][0]);
    assert!(result["is_error"] == false && content.len() < 200_000, "{} bytes for the model", content.len());
    assert_eq!((&kept["content"], &kept["state"]), (&json!("text"), &json!("complete")));
    let id = kept["id"].as_str().unwrap();
    assert!(content.ends_with("]") && content.contains(id), "{content}");
    let path = format!("/api/results/{id}/content");
    assert_eq!(ann.get(&path).await.text, "x".repeat(2_000_000));
    assert_eq!(bob.get(&path).await.status, 404);
}

/// What is wrong with arguments is said with its place, and nothing of the guest runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tools_are_described_and_arguments_checked_before_anything_runs() {
    let world = World::sqlite().await;
    let far_end = FarEnd::start().await;
    let host = running(&world, &far_end, &[]);
    let ann = host.ann();
    install_all(&ann, &hostile_guest(), "me").await;
    let mut chat = Chat::new(&world.model, &ann).await;

    let tools = ann.get(&format!("/api/tools?project_id={}", chat.project())).await.ok();
    let tool = |name: &str| {
        let tools = tools.as_array().unwrap();
        tools.iter().find(|tool| tool["name"] == format!("mcp__hostile__{name}")).unwrap().clone()
    };
    let (echo, fetch) = (tool("echo"), tool("fetch"));
    for schema in [&echo["input_schema"], &echo["output_schema"]] {
        assert_eq!(schema["properties"]["wide_signed"]["description"], "Signed and wide.", "{echo}");
        assert_eq!(schema["properties"]["color"]["enum"][1], "deep-blue", "{echo}");
    }
    assert_eq!(fetch["input_schema"]["required"][0], "method", "{fetch}");

    let good = get("/api/ok/x");
    let spoilt = |key: &str, value: Value| {
        let mut input = good.clone();
        input[key] = value;
        input
    };
    for (input, place) in [
        (spoilt("method", json!(7)), "method"),
        (spoilt("headers", json!([["a"]])), "headers[0]"),
        (spoilt("headers", json!([["a", "b"], ["c", 1]])), "headers[1][1]"),
        (spoilt("extra", json!(1)), "extra"),
        (json!({"method": "GET"}), "authority"),
        (json!([]), "object"),
    ] {
        let result = chat.call("mcp__hostile__fetch", input.clone()).await;
        assert_eq!(result["error_kind"], "invalid-input", "{result}");
        assert!(result["content"].as_str().unwrap().contains(place), "{result} does not name {place}");
    }
    assert_eq!(far_end.seen().len(), 0, "the guest ran");
    assert_eq!(chat.call("mcp__hostile__fetch", good).await["is_error"], false);
    assert_eq!(far_end.seen().len(), 1);
}
