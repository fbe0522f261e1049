//! One client over a stream of lines.

use std::sync::Arc;

use bricklayer_mcp::{MAX_MESSAGE_BYTES, Sealer, serve};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf};
use tokio::task::JoinSet;

use crate::fixture::{Host, SEALING_KEY};

struct Line {
    read: Lines<BufReader<ReadHalf<DuplexStream>>>,
    write: WriteHalf<DuplexStream>,
    serving: JoinSet<Result<(), String>>,
}

impl Line {
    fn open(host: &Host) -> Self {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let (read, write) = tokio::io::split(theirs);
        let (door, sealer) = (Arc::new(host.door()), Sealer::new(&SEALING_KEY));
        let mut serving = JoinSet::new();
        serving.spawn(async move { serve(door, sealer, read, write).await.map_err(|e| e.to_string()) });
        let (read, write) = tokio::io::split(ours);
        Self { read: BufReader::new(read).lines(), write, serving }
    }

    async fn begun(host: &Host) -> Self {
        let mut line = Self::open(host);
        let params =
            json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
        line.say(&json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}).to_string()).await;
        assert_eq!(line.next().await["result"]["serverInfo"]["name"], "bricklayer");
        line.say(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
        line
    }

    async fn say(&mut self, text: &str) {
        self.write.write_all(format!("{text}\n").as_bytes()).await.unwrap();
    }

    async fn next(&mut self) -> Value {
        let line = self.read.next_line().await.unwrap().expect("an answer");
        serde_json::from_str(&line).unwrap()
    }

    async fn call(&mut self, id: u64, tool: &str) -> Value {
        let params = json!({"name": tool, "arguments": {"what": "x"}});
        self.say(&json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}).to_string()).await;
        self.next().await
    }
}

#[tokio::test]
async fn the_same_tools_answer_over_lines() {
    let host = Host::start().await;
    let mut line = Line::begun(&host).await;
    assert_eq!(line.call(1, "read").await["result"]["structuredContent"]["said"], "x");
    let refused = line.call(2, "drop").await;
    assert!(refused["result"]["isError"] == true, "{refused}");
    // The end of the input is the end.
    line.write.shutdown().await.unwrap();
    assert_eq!(line.serving.join_next().await.unwrap().unwrap(), Ok(()));
}

#[tokio::test]
async fn a_client_that_only_looks_is_no_failure() {
    let host = Host::start().await;
    let mut line = Line::open(&host);
    line.write.shutdown().await.unwrap();
    assert_eq!(line.serving.join_next().await.unwrap().unwrap(), Ok(()));
}

#[tokio::test]
async fn bad_lines_cost_no_more_than_an_answer() {
    let host = Host::start().await;
    let mut line = Line::begun(&host).await;
    let deep = format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"params\":{}", "[".repeat(100_000));
    // What is no JSON is passed over, as the official SDKs do: an answer to it could begin an endless exchange.
    for (bad, answers) in
        [("{", 0), ("\u{0}", 0), (&*deep, 0), (&"x".repeat(MAX_MESSAGE_BYTES + 10), 0), ("[]", 1), ("{\"id\":{}}", 1)]
    {
        line.say(bad).await;
        for _ in 0..answers {
            let told = line.next().await;
            assert_eq!(told["error"]["code"], -32600, "{told}");
        }
        assert_eq!(line.call(7, "read").await["id"], 7);
    }
}

#[tokio::test]
async fn revision_2026_works_without_a_handshake() {
    let host = Host::start().await;
    let mut line = Line::open(&host);
    let params = json!({"name": "read", "arguments": {"what": "y"}, "_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {}
    }});
    line.say(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string()).await;
    assert_eq!(line.next().await["result"]["structuredContent"]["said"], "y");
}
