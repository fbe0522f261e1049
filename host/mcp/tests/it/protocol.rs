//! Sessions, calls, questions, lists, over HTTP, in both revisions.

use bricklayer_mcp::SessionLimits;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::task::JoinSet;
use tokio_util::io::StreamReader;

use crate::fixture::{Client, Host};

fn names(list: &Value, of: &str) -> Vec<String> {
    let entries = list[of].as_array().unwrap_or_else(|| panic!("{list}"));
    entries.iter().map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
}

/// The messages of a stream that is still open.
struct Stream(Box<dyn tokio::io::AsyncBufRead + Unpin + Send>);

impl Stream {
    async fn open(client: &Client, message: Option<&Value>) -> Self {
        let request = match message {
            Some(message) => client.request(reqwest::Method::POST).json(message),
            None => client.request(reqwest::Method::GET),
        };
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        let bytes = futures::TryStreamExt::map_err(response.bytes_stream(), std::io::Error::other);
        Self(Box::new(BufReader::new(StreamReader::new(bytes))))
    }

    /// The next message; none at the end.
    async fn next(&mut self) -> Option<Value> {
        let mut line = String::new();
        loop {
            line.clear();
            if self.0.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let data = line.trim_end().strip_prefix("data:").map(str::trim);
            if let Some(message) = data.and_then(|data| serde_json::from_str(data).ok()) {
                return Some(message);
            }
        }
    }
}

#[tokio::test]
async fn tools_are_told_with_all_that_they_say_of_themselves() {
    let host = Host::start().await;
    let mut client = host.client("ann").begin(json!({})).await;
    let list = client.ask("tools/list", json!({})).await;
    let read = list.result()["tools"].as_array().unwrap().iter().find(|tool| tool["name"] == "read").unwrap().clone();
    assert_eq!(read["title"], "Read");
    assert_eq!(read["description"], "Does what read says.");
    assert_eq!(read["outputSchema"]["required"], json!(["said"]));
    let hints = json!({"title": "Read", "readOnlyHint": true, "destructiveHint": false, "idempotentHint": true,
        "openWorldHint": true});
    assert_eq!(read["annotations"], hints);
    // What revision 2026-07-28 adds, no earlier one has.
    assert!(list.result().get("resultType").is_none(), "{list:?}");
    let modern = host.client("ann").ask_modern("tools/list", json!({}), json!({})).await;
    assert_eq!(
        (&modern.result()["resultType"], &modern.result()["cacheScope"]),
        (&json!("complete"), &json!("private"))
    );
    assert_eq!(names(modern.result(), "tools"), names(list.result(), "tools"));
}

#[tokio::test]
async fn long_lists_come_by_pages() {
    let host = Host::start().await;
    host.inner.tools.names.lock().unwrap().extend((0..250).map(|n| format!("more{n}")));
    let mut client = host.client("ann").begin(json!({})).await;
    let (mut seen, mut cursor) = (Vec::new(), json!({}));
    for expect in [true, true, false] {
        let page = client.ask("tools/list", cursor.clone()).await;
        seen.extend(names(page.result(), "tools"));
        assert_eq!(page.result().get("nextCursor").is_some(), expect, "{page:?}");
        cursor = json!({"cursor": page.result()["nextCursor"]});
    }
    assert_eq!((seen.len(), seen.last().unwrap().as_str()), (266, "more249"));
    client.ask("tools/list", json!({"cursor": "nosuch"})).await.error(200, -32602, "`cursor`");
}

#[tokio::test]
async fn a_call_is_told_as_typed_and_as_text() {
    let host = Host::start().await;
    let mut client = host.client("ann").begin(json!({})).await;
    let said = client.call("read", json!({"what": "größe ☃ 9007199254740993"})).await;
    let expect = json!({
        "content": [{"type": "text", "text": "größe ☃ 9007199254740993"}],
        "structuredContent": {"said": "größe ☃ 9007199254740993"}, "isError": false
    });
    assert_eq!(*said.result(), expect);
    let failed = client.call("test_error_handling", json!({})).await;
    assert_eq!(failed.result()["isError"], true);
    client.call("nosuch", json!({})).await.error(200, -32602, "there is no tool named `nosuch`");
    assert_eq!(host.inner.finished.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn what_does_not_fit_is_named() {
    let host = Host::start().await;
    let mut client = host.client("ann").begin(json!({})).await;
    for (method, params, code, says) in [
        ("tools/call", json!({"name": "read", "arguments": []}), -32602, "`arguments`"),
        ("tools/call", json!({"arguments": {}}), -32602, "`name`"),
        ("prompts/get", json!({"name": "nosuch"}), -32602, "nosuch"),
        ("resources/read", json!({"uri": "test://nosuch"}), -32002, "test://nosuch"),
        ("resources/read", json!({}), -32602, "`uri`"),
        ("logging/setLevel", json!({"level": "loud"}), -32602, "`level`"),
        ("rub/out", json!({}), -32601, "rub/out"),
    ] {
        client.ask(method, params).await.error(200, code, says);
    }
    let missing = host.client("ann").ask_modern("resources/read", json!({"uri": "test://nosuch"}), json!({})).await;
    missing.error(200, -32602, "test://nosuch");
    assert_eq!(missing.messages[0]["error"]["data"]["uri"], "test://nosuch");
}

#[tokio::test]
async fn revisions_are_negotiated() {
    let host = Host::start().await;
    for (asked, agreed) in [
        ("2025-11-25", "2025-11-25"),
        ("2025-06-18", "2025-06-18"),
        ("2024-11-05", "2024-11-05"),
        ("1999-01-01", "2025-11-25"),
        // It has no `initialize`.
        ("2026-07-28", "2025-11-25"),
    ] {
        let params = json!({"protocolVersion": asked, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
        let answer = host.client("ann").ask("initialize", params).await;
        assert_eq!(answer.result()["protocolVersion"], agreed, "{asked}");
    }
    let found = host.client("ann").ask_modern("server/discover", json!({}), json!({})).await;
    let versions = found.result()["supportedVersions"].as_array().unwrap();
    assert!(versions.contains(&json!("2026-07-28")) && versions.contains(&json!("2025-11-25")), "{found:?}");
    let mut old = host.client("ann");
    let meta = json!({"_meta": {
        "io.modelcontextprotocol/protocolVersion": "2031-01-01",
        "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {}
    }});
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": meta});
    let request = old.request(reqwest::Method::POST).header("mcp-protocol-version", "2031-01-01");
    let answer = old.answer(request.header("mcp-method", "tools/list").json(&message)).await;
    answer.error(400, -32022, "");
    let known = answer.messages[0]["error"]["data"]["supported"].as_array().unwrap();
    assert!(known.contains(&json!("2026-07-28")), "{answer:?}");
    // Without a session there is no earlier revision.
    assert_eq!(old.ask("tools/list", json!({})).await.status, 400, "a session is needed");
}

#[tokio::test]
async fn a_session_that_cannot_ask_is_told_what_to_do() {
    let host = Host::start().await;
    let mut client = host.client("ann").begin(json!({})).await;
    let refused = client.call("drop", json!({"what": "orders"})).await;
    let text = refused.result()["content"][0]["text"].as_str().unwrap();
    assert_eq!(refused.result()["isError"], true);
    assert!(
        text.contains("has no elicitation")
            && text.contains("`mcp__") | text.contains("`drop(drop table main.orders)`"),
        "{text}"
    );
    let modern = host.client("ann").ask_modern("tools/call", json!({"name": "drop"}), json!({})).await;
    let text = modern.result()["content"][0]["text"].as_str().unwrap();
    assert!(modern.result()["isError"] == true && text.contains("has no elicitation"), "{modern:?}");
    assert_eq!(host.story(), Vec::<String>::new());
}

#[tokio::test]
async fn a_session_is_asked_while_its_call_waits() {
    let host = Host::start().await;
    for (answer, ran) in [
        (json!({"action": "accept", "content": {"allow": true}}), true),
        (json!({"action": "accept", "content": {"allow": false}}), false),
        (json!({"action": "accept"}), false),
        (json!({"action": "decline"}), false),
        (json!({"action": "cancel"}), false),
    ] {
        let client = host.client("ann").begin(json!({"elicitation": {}})).await;
        let call = json!({"jsonrpc": "2.0", "id": 77, "method": "tools/call",
            "params": {"name": "drop", "arguments": {"what": "orders"}}});
        let mut stream = Stream::open(&client, Some(&call)).await;
        let question = stream.next().await.unwrap();
        assert_eq!(question["method"], "elicitation/create", "{question}");
        let words = question["params"]["message"].as_str().unwrap();
        assert!(words.contains("DROP TABLE main.orders (destroys"), "{words}");
        assert_eq!(question["params"]["requestedSchema"]["properties"]["allow"]["default"], false);
        assert_eq!(host.story(), Vec::<String>::new(), "nothing runs before the answer");
        let reply = json!({"jsonrpc": "2.0", "id": question["id"], "result": answer});
        assert_eq!(client.send(&reply).await.status, 202);
        let end = stream.next().await.unwrap();
        assert_eq!((end["id"].as_i64(), end["result"]["isError"].as_bool()), (Some(77), Some(!ran)), "{end}");
        let expect: &[&str] = if ran { &["began drop", "ended drop"] } else { &[] };
        assert_eq!(host.story(), expect, "{answer}");
    }
}

#[tokio::test]
async fn a_client_without_a_session_is_asked_by_rounds() {
    let host = Host::start().await;
    let forms = json!({"elicitation": {"form": {}}});
    let call = json!({"name": "drop", "arguments": {"what": "orders"}});
    let yes = json!({"action": "accept", "content": {"allow": true}, "surplus": 1});
    let mut client = host.client("ann");
    let asked = client.ask_modern("tools/call", call.clone(), forms.clone()).await;
    let question = asked.result().clone();
    assert_eq!(question["resultType"], "input_required", "{question}");
    let form = &question["inputRequests"]["approval"];
    assert_eq!(form["method"], "elicitation/create", "{question}");
    assert!(form["params"]["message"].as_str().unwrap().contains("DROP TABLE main.orders"), "{form}");
    assert_eq!(host.story(), Vec::<String>::new());
    let state = question["requestState"].as_str().unwrap();
    let with = |call: &Value, state: &str, answer: Option<&Value>| {
        let mut call = call.clone();
        call["requestState"] = state.into();
        if let Some(answer) = answer {
            call["inputResponses"] = json!({"approval": answer, "other": {}});
        }
        call
    };
    // Made again without an answer, it is asked again.
    let again = client.ask_modern("tools/call", with(&call, state, None), forms.clone()).await;
    assert_eq!(again.result()["resultType"], "input_required", "{again:?}");
    // No is no; what is no answer is an error.
    let no =
        client.ask_modern("tools/call", with(&call, state, Some(&json!({"action": "decline"}))), forms.clone()).await;
    assert_eq!(no.result()["isError"], true, "{no:?}");
    let odd =
        client.ask_modern("tools/call", with(&call, state, Some(&json!({"action": "maybe"}))), forms.clone()).await;
    odd.error(200, -32602, "inputResponses.approval");
    // An answer counts for that call of that user alone.
    let (mut last, mut first) = (state.to_owned(), state.to_owned());
    let end = last.pop().unwrap();
    last.push(if end == 'A' { 'B' } else { 'A' });
    first.insert(0, 'x');
    let other = json!({"name": "drop", "arguments": {"what": "customers"}});
    for (user, call, state) in [
        ("ann", &call, last.as_str()),
        ("ann", &call, &first),
        ("ann", &call, ""),
        ("ann", &other, state),
        ("bob", &call, state),
    ] {
        let refused = host.client(user).ask_modern("tools/call", with(call, state, Some(&yes)), forms.clone()).await;
        refused.error(200, -32602, "`requestState`");
    }
    assert_eq!(host.story(), Vec::<String>::new());
    // A yes runs it, at any host.
    let beside = host.beside().await;
    let done = beside.client("ann").ask_modern("tools/call", with(&call, state, Some(&yes)), forms.clone()).await;
    assert_eq!(
        (&done.result()["isError"], &done.result()["resultType"]),
        (&json!(false), &json!("complete")),
        "{done:?}"
    );
    assert_eq!(host.story(), ["began drop", "ended drop"]);
}

#[tokio::test]
async fn progress_is_told_to_whoever_gave_a_token() {
    let host = Host::start().await;
    let mut client = host.client("ann").begin(json!({})).await;
    let call = json!({"name": "test_tool_with_progress", "_meta": {"progressToken": "p1"}});
    let told = client.ask("tools/call", call).await;
    let progress: Vec<&Value> =
        told.messages.iter().filter(|message| message["method"] == "notifications/progress").collect();
    let last = &progress.last().unwrap()["params"];
    let expect =
        json!({"progressToken": "p1", "progress": 100.0, "total": 100.0, "message": "Completed step 100 of 100"});
    assert_eq!((progress.len(), last), (3, &expect));
    let silent = client.call("test_tool_with_progress", json!({})).await;
    assert!(silent.messages.iter().all(|message| message["method"] != "notifications/progress"), "{silent:?}");
}

#[tokio::test]
async fn a_cancelled_call_ends_at_the_far_end_as_well() {
    let host = Host::start().await;
    let client = host.client("ann").begin(json!({})).await;
    let call = json!({"jsonrpc": "2.0", "id": "slow", "method": "tools/call", "params": {"name": "wait"}});
    let stream = Stream::open(&client, Some(&call)).await;
    host.told("began wait").await;
    // One whose connection breaks goes on: revision 2025-11-25 says so.
    drop(stream);
    let mut other = host.client("ann");
    other.session.clone_from(&client.session);
    assert_eq!(other.call("read", json!({})).await.result()["isError"], false);
    assert!(!host.story().contains(&"cancelled wait".to_owned()));
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "slow"}});
    assert_eq!(client.send(&cancel).await.status, 202);
    host.told("cancelled wait").await;
    // From 2026-07-28 on the broken connection is the sign.
    let modern = host.client("ann");
    let mut asking = JoinSet::new();
    asking.spawn(async move { modern.clone().ask_modern("tools/call", json!({"name": "wait"}), json!({})).await });
    host.told("began wait").await;
    host.story();
    asking.abort_all();
    host.told("cancelled wait").await;
}

#[tokio::test]
async fn clients_hear_when_there_are_other_tools() {
    let host = Host::start().await;
    let client = host.client("ann").begin(json!({})).await;
    let mut stream = Stream::open(&client, None).await;
    let params = json!({"notifications": {"toolsListChanged": true, "promptsListChanged": true}, "_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {}
    }});
    let listen = json!({"jsonrpc": "2.0", "id": 5, "method": "subscriptions/listen", "params": params});
    let modern = host.client("ann");
    let request = modern.request(reqwest::Method::POST).header("mcp-protocol-version", "2026-07-28");
    let response = request.header("mcp-method", "subscriptions/listen").json(&listen).send().await.unwrap();
    let bytes = futures::TryStreamExt::map_err(response.bytes_stream(), std::io::Error::other);
    let mut listening = Stream(Box::new(BufReader::new(StreamReader::new(bytes))));
    let agreed = listening.next().await.unwrap();
    assert_eq!(agreed["params"]["notifications"], json!({"toolsListChanged": true}), "{agreed}");
    // Looked at, and the same.
    host.inner.tools.changes.send_modify(|count| *count += 1);
    host.inner.tools.names.lock().unwrap().push("fresh".into());
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    for stream in [&mut stream, &mut listening] {
        let told = loop {
            host.inner.tools.changes.send_modify(|count| *count += 1);
            let next = tokio::time::timeout(std::time::Duration::from_millis(50), stream.next());
            if let Ok(told) = next.await {
                break told.unwrap();
            }
            assert!(tokio::time::Instant::now() < deadline, "nothing was told");
        };
        assert_eq!(told["method"], "notifications/tools/list_changed", "{told}");
    }
}

#[tokio::test]
async fn no_change_is_missed_however_soon_it_comes() {
    let host = Host::start().await;
    for n in 0..20 {
        let client = host.client("ann").begin(json!({})).await;
        host.inner.tools.names.lock().unwrap().push(format!("fresh{n}"));
        host.inner.tools.changes.send_modify(|count| *count += 1);
        let mut stream = Stream::open(&client, None).await;
        // It may have been told before the stream was there; the next change is told at the latest.
        host.inner.tools.names.lock().unwrap().push(format!("fresher{n}"));
        host.inner.tools.changes.send_modify(|count| *count += 1);
        let told = tokio::time::timeout(std::time::Duration::from_secs(30), stream.next()).await.unwrap().unwrap();
        assert_eq!(told["method"], "notifications/tools/list_changed", "{told}");
    }
}

#[tokio::test]
async fn logs_are_heard_from_the_level_that_was_asked_for() {
    let host = Host::start().await;
    let mut client = host.client("ann").begin(json!({})).await;
    let mut stream = Stream::open(&client, None).await;
    // Nothing is heard before somebody asks.
    client.call("read", json!({})).await.result();
    for (level, tool, told) in
        [("warning", "read", None), ("warning", "test_error_handling", Some("warning")), ("info", "read", Some("info"))]
    {
        assert_eq!(*client.ask("logging/setLevel", json!({"level": level})).await.result(), json!({}));
        client.call(tool, json!({})).await.result();
        if let Some(told) = told {
            let heard = stream.next().await.unwrap();
            assert_eq!(heard["method"], "notifications/message", "{heard}");
            assert_eq!((&heard["params"]["level"], &heard["params"]["data"]["tool"]), (&json!(told), &json!(tool)));
        }
    }
    // From 2026-07-28 on a request says it, and hears it in its own answer.
    let mut modern = host.client("ann");
    for (level, count) in [(Some("info"), 1), (Some("error"), 0), (None, 0)] {
        let answer = modern.ask_modern_at(level, "tools/call", json!({"name": "read"})).await;
        let logs = answer.messages.iter().filter(|message| message["method"] == "notifications/message").count();
        assert_eq!(logs, count, "{level:?}: {answer:?}");
    }
}

#[tokio::test]
async fn arguments_are_completed_where_values_are_known() {
    let host = Host::start().await;
    let mut client = host.client("ann").begin(json!({})).await;
    let of = json!({"type": "ref/prompt", "name": "test_prompt_with_arguments"});
    let all = client.ask("completion/complete", json!({"ref": of, "argument": {"name": "arg1", "value": ""}})).await;
    let completion = &all.result()["completion"];
    let seen = (completion["values"].as_array().unwrap().len(), &completion["total"], &completion["hasMore"]);
    assert_eq!(seen, (100, &json!(200), &json!(true)));
    let some =
        client.ask("completion/complete", json!({"ref": of, "argument": {"name": "arg1", "value": "value19"}})).await;
    assert_eq!(some.result()["completion"]["values"].as_array().unwrap().len(), 11);
}

#[tokio::test]
async fn sessions_outlive_their_host() {
    let host = Host::start().await;
    let mut client = host.client("ann").begin(json!({"elicitation": {}})).await;
    let beside = host.beside().await;
    client.address.clone_from(&beside.address);
    assert_eq!(client.call("read", json!({"what": "x"})).await.result()["structuredContent"]["said"], "x");
    // What the client can do is known there as well.
    let call = json!({"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": {"name": "drop"}});
    let mut stream = Stream::open(&client, Some(&call)).await;
    assert_eq!(stream.next().await.unwrap()["method"], "elicitation/create");
    // Ended, it is ended everywhere.
    let ended = client.answer(client.request(reqwest::Method::DELETE)).await;
    assert_eq!(ended.status, 202);
    assert_eq!(client.call("read", json!({})).await.status, 404);
    let third = host.beside().await;
    client.address.clone_from(&third.address);
    assert_eq!(client.call("read", json!({})).await.status, 404);
}

#[tokio::test]
async fn a_session_works_in_one_project() {
    let host = Host::start().await;
    let client = host.client("ann").begin(json!({})).await;
    let projects = *host.inner.projects.lock().unwrap().values().next().unwrap();
    let read = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "read"}});
    for (project, status) in [(projects[0].to_string(), 200), (projects[1].to_string(), 400), ("x".to_owned(), 400)] {
        let mut named = client.clone();
        named.address = format!("{}?project={project}", client.address);
        assert_eq!(named.send(&read).await.status, status, "{project}");
        let request = client.request(reqwest::Method::POST).header("x-bricklayer-project", &project).json(&read);
        assert_eq!(client.answer(request).await.status, status, "{project}");
    }
    // A stranger's project is none.
    let mut bob = host.client("bob");
    bob.address = format!("{}?project={}", host.address, projects[0]);
    let params =
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    bob.ask("initialize", params).await.error(404, -32600, "no such project");
}

#[tokio::test]
async fn who_only_looks_in_begins_nothing() {
    let host = Host::start().await;
    let client = host.client("ann");
    for method in [reqwest::Method::GET, reqwest::Method::DELETE, reqwest::Method::PUT] {
        client.answer(client.request(method)).await.error(405, -32600, "needs a session");
    }
    assert!(host.inner.projects.lock().unwrap().is_empty());
}

#[tokio::test]
async fn sessions_that_nobody_uses_are_let_go_and_go_on() {
    let limits = SessionLimits { idle: std::time::Duration::from_millis(50), ..SessionLimits::default() };
    let host = Host::with(limits).await;
    let mut client = host.client("ann").begin(json!({})).await;
    let mut stream = Stream::open(&client, None).await;
    assert_eq!(stream.next().await, None, "its stream ends with it");
    assert_eq!(client.call("read", json!({})).await.result()["isError"], false);
}

#[tokio::test]
async fn a_broken_stream_goes_on_where_it_broke() {
    let host = Host::start().await;
    let client = host.client("ann").begin(json!({})).await;
    let call = json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "wait"}});
    let response = client.request(reqwest::Method::POST).json(&call).send().await.unwrap();
    let bytes = futures::TryStreamExt::map_err(response.bytes_stream(), std::io::Error::other);
    let mut lines = BufReader::new(StreamReader::new(bytes)).lines();
    let id = loop {
        let line = lines.next_line().await.unwrap().unwrap();
        if let Some(id) = line.strip_prefix("id:") {
            break id.trim().to_owned();
        }
    };
    host.told("began wait").await;
    drop(lines);
    host.inner.tools.go.add_permits(1);
    host.told("ended wait").await;
    let request = client.request(reqwest::Method::GET).header("last-event-id", &id);
    let mut rest = {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        let bytes = futures::TryStreamExt::map_err(response.bytes_stream(), std::io::Error::other);
        Stream(Box::new(BufReader::new(StreamReader::new(bytes))))
    };
    let end = rest.next().await.unwrap();
    assert_eq!((&end["id"], &end["result"]["content"][0]["text"]), (&json!(3), &json!("waited")), "{end}");
}
