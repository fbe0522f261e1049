//! The wall around private addresses, for both doors: no spelling of one is connected to, no redirect is followed there,
//! and the token goes to no other host.

use std::net::SocketAddr;
use std::sync::Arc;

use bricklayer_domain::ToolErrorKind;
use bricklayer_runtime::{Audience, Grants, HttpRule, Method, PathPattern, RuntimeConfig, Verdict};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{Bench, CANARY, hostile};

const DOORS: [&str; 2] = ["fetch", "fetch_plain"];

fn get(authority: &str, path: &str) -> Value {
    json!({"method": "GET", "authority": authority, "path": path, "headers": [], "trailers": []})
}

/// A listener where requests to this address would arrive, when the port can be had.
async fn trap(address: &str) -> Option<TcpListener> {
    TcpListener::bind(address.parse::<SocketAddr>().unwrap()).await.ok()
}

#[tokio::test]
async fn no_spelling_of_a_private_address_is_connected_to() {
    // The operator names the far end's host; this host name would be let through for that alone.
    let bench = Bench::configured(hostile(), |config| RuntimeConfig { operator_hosts: Vec::new(), ..config }).await;
    let traps = [trap("127.0.0.1:443").await, trap("127.0.0.2:443").await, trap("[::1]:443").await];
    let hosts = [
        "127.0.0.1",
        "127.0.0.2",
        "127.1",
        "127.0.1",
        "0.0.0.0",
        "0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.100.100.200",
        "198.18.0.1",
        "192.0.0.192",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "2130706433.0",
        "0x7f.1",
        "0x7f000001.0",
        "0177.0.0.1",
    ];
    let spelled = [
        "[::1]",
        "[::1]:443",
        "[::ffff:127.0.0.1]",
        "[fd00::1]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[::]",
        "[64:ff9b::7f00:1]",
        "2130706433",
        "0x7f000001",
        "127.0.0.1.",
        "localhost",
        "ip6-localhost",
    ];
    let mut ctx = bench.ctx();
    // Whoever consented to these meant well: the wall does not depend on what was granted.
    let rule = |host: &&str| HttpRule {
        audience: Audience::Host((*host).to_owned()),
        methods: vec![Method::Get],
        paths: vec![PathPattern::parse("/**").unwrap()],
        credential: true,
    };
    ctx.grants = Arc::new(Grants { http: hosts.iter().chain(&spelled).map(rule).collect(), ..Grants::default() });
    ctx.workspace = None;
    for host in hosts.iter().chain(&spelled) {
        for door in DOORS {
            let outcome = bench.call_with(door, get(host, "/x"), ctx.clone()).await;
            let kind = outcome.failure.as_ref().unwrap_or_else(|| panic!("{host} was reached by {door}")).kind;
            // What is no host name at all is none of the guest's either.
            let refused = matches!(kind, ToolErrorKind::Denied | ToolErrorKind::Failed);
            // Numbers that no resolver takes for an address are names that nobody has.
            let unknown = kind == ToolErrorKind::Upstream && host.parse::<std::net::IpAddr>().is_err();
            assert!(refused || unknown, "{host} by {door}: {outcome:?}");
        }
    }
    for record in bench.audit() {
        let unknown = matches!(&record.verdict, Verdict::Failed(why) if !why.contains("not answer"));
        assert!(matches!(record.verdict, Verdict::Denied(_)) || unknown, "{record:?}");
        assert_eq!(record.status, None, "{record:?}");
    }
    assert!(bench.audit().len() >= hosts.len() * 2, "{}", bench.audit().len());
    for listener in traps.into_iter().flatten() {
        let arrived = tokio::time::timeout(std::time::Duration::from_millis(20), listener.accept()).await;
        assert!(arrived.is_err(), "somebody connected to {:?}", listener.local_addr());
    }
}

#[tokio::test]
async fn redirects_are_answers_and_nobody_follows_them() {
    let bench = Bench::new().await;
    for (index, door) in DOORS.into_iter().enumerate() {
        let answer = Bench::ok(&bench.call(door, get("workspace", "/api/ok/redirect")).await);
        assert_eq!(answer["status"], 302);
        assert!(answer["headers"].to_string().contains("http://169.254.169.254/"), "{answer}");
        assert_eq!(bench.far_end.seen().len(), index + 1);
    }
}

#[tokio::test]
async fn the_token_goes_to_no_other_host() {
    // The workspace and a public host that the operator named; the plugin has grants for both, and asks both to be
    // called with the caller's identity.
    let other = crate::support::FarEnd::start_on("127.0.0.2:0").await;
    let bench =
        Bench::configured(hostile(), |config| RuntimeConfig { operator_hosts: vec![other.url()], ..config }).await;
    let mut ctx = bench.ctx();
    let rule = |audience| HttpRule {
        audience,
        methods: vec![Method::Get],
        paths: vec![PathPattern::parse("/**").unwrap()],
        credential: true,
    };
    let rules = vec![rule(Audience::Workspace), rule(Audience::Host("127.0.0.2".to_owned()))];
    ctx.grants = Arc::new(Grants { http: rules, ..Grants::default() });
    for door in DOORS {
        Bench::ok(&bench.call_with(door, get("workspace", "/api/ok/redirect"), ctx.clone()).await);
        Bench::ok(&bench.call_with(door, get("127.0.0.2", "/next"), ctx.clone()).await);
    }
    let token = format!("Bearer {CANARY}");
    assert!(bench.far_end.seen().iter().all(|seen| seen.header("authorization") == Some(&token)));
    assert_eq!(other.seen().len(), 2);
    assert!(!format!("{:?}", other.seen()).contains(CANARY), "{:?}", other.seen());
}
