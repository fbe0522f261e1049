//! Messages and clients that mean no good. Names that an attacker's DNS leads here, and pages of other origins, are
//! refused before anything of this is reached: `host/server/tests/it/mcp`.

use bricklayer_mcp::{MAX_MESSAGE_BYTES, SessionLimits};
use futures::StreamExt as _;
use serde_json::json;

use crate::fixture::Host;

#[tokio::test]
async fn a_session_of_another_user_is_none() {
    let host = Host::start().await;
    let ann = host.client("ann").begin(json!({})).await;
    let unknown = uuid::Uuid::new_v4().to_string();
    let mut told = Vec::new();
    for session in [ann.session.clone().unwrap(), unknown, "x".into(), String::new()] {
        let mut bob = host.client("bob");
        bob.session = Some(session);
        let call = bob.call("read", json!({})).await;
        call.error(404, -32600, "no such session");
        told.push(call.text);
        for method in [reqwest::Method::GET, reqwest::Method::DELETE] {
            let answer = bob.answer(bob.request(method)).await;
            answer.error(404, -32600, "no such session");
            told.push(answer.text);
        }
        let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}});
        told.push(bob.send(&cancel).await.text);
    }
    assert!(told.iter().all(|text| *text == told[0]), "{told:?}");
    // Ann's goes on, and nothing ran for Bob; the same at a host that holds it not.
    let mut ann = ann;
    assert_eq!(ann.call("read", json!({})).await.result()["isError"], false);
    assert_eq!(host.story(), ["began read", "ended read"]);
    let beside = host.beside().await;
    let mut bob = beside.client("bob");
    bob.session.clone_from(&ann.session);
    bob.call("read", json!({})).await.error(404, -32600, "no such session");
    // Of two sessions nobody knows which is meant.
    let request = ann.request(reqwest::Method::POST).header("mcp-session-id", uuid::Uuid::new_v4().to_string());
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "read"}});
    ann.answer(request.json(&call)).await.error(404, -32600, "no such session");
}

#[tokio::test]
async fn nobody_chooses_the_id_of_a_session() {
    let host = Host::start().await;
    let ann = host.client("ann").begin(json!({})).await;
    let fixed = uuid::Uuid::new_v4().to_string();
    for planted in [fixed.clone(), ann.session.clone().unwrap()] {
        let mut bob = host.client("bob");
        bob.session = Some(planted.clone());
        let params =
            json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
        let answer = bob.ask("initialize", params).await;
        answer.result();
        let given = answer.session.unwrap();
        assert!(given != planted && given.len() == 36, "{given}");
    }
    let mut victim = host.client("cleo");
    victim.session = Some(fixed);
    victim.call("read", json!({})).await.error(404, -32600, "no such session");
}

#[tokio::test]
async fn messages_of_no_use_cost_one_answer() {
    let host = Host::start().await;
    let mut client = host.client("ann").begin(json!({})).await;
    let deep = |levels: usize| {
        let (open, close) = ("[".repeat(levels), "]".repeat(levels));
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{{\"name\":\"read\",\"arguments\":{{\"a\":{open}{close}}}}}}}"
        )
    };
    let text = |value: &str| value.as_bytes().to_vec();
    let one = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    for (bytes, status, code, says) in [
        (vec![b'x'; MAX_MESSAGE_BYTES + 1], 413, -32600, "larger than"),
        (text(&deep(200_000)), 400, -32600, "nests deeper"),
        (text(&deep(98)), 400, -32600, "nests deeper"),
        (text(&deep(80)), 200, -32602, "`arguments` nests deeper"),
        (text(&format!("[{}]", vec![one; 10_000].join(","))), 400, -32600, "batches"),
        (text("[]"), 400, -32600, "batches"),
        (text(""), 400, -32700, "not JSON"),
        (text("\0"), 400, -32700, "not JSON"),
        (vec![0xff, 0xfe], 400, -32700, "not JSON"),
        (text("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pi"), 400, -32700, "not JSON"),
        (text("{\"jsonrpc\":\"2.0\",\"id\":[1],\"method\":\"ping\"}"), 400, -32600, "`id`"),
        (text("{\"id\":1,\"method\":\"ping\"}"), 400, -32600, "`jsonrpc`"),
    ] {
        client.send_bytes(bytes).await.error(status, code, says);
    }
    // A NUL in a text is a character like others.
    let nul = client.call("read", json!({"what": "a\u{0}b"})).await;
    assert_eq!(nul.result()["structuredContent"]["said"], "a\u{0}b");
}

#[tokio::test]
async fn a_client_has_so_many_calls_under_way() {
    let host = Host::start().await;
    let client = host.client("ann").begin(json!({})).await;
    let mut streams = Vec::new();
    for id in 0..64 {
        let call = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": "wait"}});
        streams.push(client.request(reqwest::Method::POST).json(&call).send().await.unwrap());
    }
    let mut again = client.clone();
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let answer = again.call("read", json!({})).await;
        if answer.messages.last().is_some_and(|last| last.get("error").is_some()) {
            answer.error(200, -32600, "as many calls under way");
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "{answer:?}");
    }
    // Others are not held up.
    let mut bob = host.client("bob").begin(json!({})).await;
    assert_eq!(bob.call("read", json!({})).await.result()["isError"], false);
}

#[tokio::test]
async fn a_reader_that_does_not_read_holds_up_nobody_else() {
    let host = Host::start().await;
    let mut client = host.client("ann").begin(json!({})).await;
    client.ask("logging/setLevel", json!({"level": "debug"})).await.result();
    // Opened, and never looked at.
    let standing = client.request(reqwest::Method::GET).send().await.unwrap();
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "wait"}});
    let unread = client.request(reqwest::Method::POST).json(&call).send().await.unwrap();
    host.told("began wait").await;
    for _ in 0..100 {
        host.inner.tools.changes.send_modify(|count| *count += 1);
        assert_eq!(client.call("read", json!({})).await.result()["isError"], false);
    }
    let mut bob = host.client("bob").begin(json!({})).await;
    assert_eq!(bob.call("read", json!({})).await.result()["isError"], false);
    host.inner.tools.go.add_permits(1);
    let bytes = unread.bytes_stream().map(|piece| piece.unwrap().to_vec()).concat().await;
    assert!(String::from_utf8(bytes).unwrap().contains("waited"));
    drop(standing);
}

#[tokio::test]
async fn sessions_are_bounded_for_each_user() {
    let limits = SessionLimits { sessions_per_user: 2, sessions: 3, ..SessionLimits::default() };
    let host = Host::with(limits).await;
    let mut first = host.client("ann").begin(json!({})).await;
    let mut seconds = Vec::new();
    for _ in 0..20 {
        seconds.push(host.client("ann").begin(json!({})).await);
    }
    host.client("bob").begin(json!({})).await;
    // There is no room for a third user, who is told so.
    let params =
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let full = host.client("cleo").ask("initialize", params).await;
    full.error(503, -32603, "as many sessions");
    // The first was let go long ago, and goes on.
    assert_eq!(first.call("read", json!({})).await.result()["isError"], false);
}

#[tokio::test]
async fn events_of_another_session_are_none() {
    let host = Host::start().await;
    let ann = host.client("ann").begin(json!({})).await;
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "read", "arguments": {"what": "secret"}}});
    let text = ann.send(&call).await.text;
    let id = text.lines().find_map(|line| line.strip_prefix("id:")).unwrap().trim().to_owned();
    let bob = host.client("bob").begin(json!({})).await;
    for (client, seen) in [(&bob, false), (&ann, true)] {
        let answer = client.answer(client.request(reqwest::Method::GET).header("last-event-id", &id)).await;
        assert_eq!((answer.status.as_u16(), answer.text.contains("secret")), (200, seen), "{answer:?}");
    }
}
