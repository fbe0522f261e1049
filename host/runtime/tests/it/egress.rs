//! The one door: what may leave, in which spelling, with whose credential, and what comes back.

use std::collections::HashSet;
use std::sync::Arc;

use bricklayer_domain::{ToolErrorKind, UserId};
use bricklayer_runtime::{CallContext, Grants, Limits, Powers, Verdict, WorkspaceTarget};
use serde_json::{Value, json};

use crate::support::{Bench, CANARY, FarEnd, failed, hostile, until};

/// Both doors that a request can leave by: `wasi:http`, and the plain function of the contract.
const DOORS: [&str; 2] = ["fetch", "fetch_plain"];

fn request(method: &str, authority: &str, path: &str) -> Value {
    json!({"method": method, "authority": authority, "path": path, "headers": [], "trailers": []})
}

fn get(path: &str) -> Value {
    request("GET", "workspace", path)
}

#[tokio::test]
async fn a_granted_request_carries_the_token_and_the_guest_does_not_see_it() {
    let bench = Bench::new().await;
    let answer = Bench::ok(&bench.call("fetch", get("/api/ok/echo?x=1")).await);
    let seen = bench.far_end.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].header("authorization"), Some(format!("Bearer {CANARY}").as_str()));
    assert_eq!(seen[0].uri, "/api/ok/echo?x=1");
    assert_eq!(seen[0].header("host"), Some(bench.far_end.url().authority()));
    assert_eq!(seen[0].header("accept-encoding"), Some("identity"));
    // The far end gave everything back; the guest saw asterisks, and no cookie.
    let body = answer["body"].as_str().unwrap();
    assert!(body.contains(&format!("Bearer {}", "*".repeat(CANARY.len()))), "{body}");
    let headers = answer["headers"].to_string();
    assert!(headers.contains("x-echo") && !headers.contains("set-cookie"), "{headers}");
    let audit = bench.audit();
    assert_eq!(audit.len(), 1);
    let record = &audit[0];
    assert_eq!((record.method.as_str(), record.path.as_str(), record.status), ("GET", "/api/ok/echo", Some(200)));
    assert_eq!((record.who.tool.as_str(), &record.verdict), ("fetch", &Verdict::Answered));
    assert!(record.response_bytes > 0);
    bench.far_end.seen().clear();

    // The same when the token arrives byte by byte.
    let answer = Bench::ok(&bench.call("fetch", get("/api/ok/drip")).await);
    assert_eq!(answer["body"], format!("Bearer {}", "*".repeat(CANARY.len())));
}

#[tokio::test]
async fn links_are_followed_when_the_workspace_named_them_and_never_with_the_token() {
    let bench = Bench::new().await;
    let host = bench.far_end.url().authority().to_owned();
    let link = |scheme: &str, authority: &str, path: &str| {
        let mut request = request("GET", authority, path);
        request["scheme"] = json!(scheme);
        request
    };
    let power = Powers::parse(["GET workspace/api/2.0/sql/statements/* as-caller"]).unwrap();
    let grants = Arc::new(Grants::from_powers(&power));
    let all = async |requests: Vec<Value>| {
        let ctx = CallContext { grants: Arc::clone(&grants), ..bench.ctx() };
        let outcome = bench.call_with("fetch_all", json!({ "requests": requests }), ctx).await;
        let answers = Bench::ok(&outcome)["result"].clone();
        serde_json::from_value::<Vec<String>>(answers).unwrap()
    };
    let named = || get("/api/2.0/sql/statements/linked");
    let stored = || link("http", &host, "/stored/part?sig=1");
    // Nobody named it to this call, whatever earlier calls were told.
    let answers = all(vec![stored(), named(), stored()]).await;
    assert_eq!((answers[0].contains("HttpRequestDenied"), answers[2].as_str()), (true, "ok"), "{answers:?}");
    let answers = all(vec![stored()]).await;
    assert!(answers[0].contains("HttpRequestDenied"), "{answers:?}");
    let seen = bench.far_end.seen();
    assert_eq!(seen.iter().filter(|seen| seen.uri == "/stored/part?sig=1").count(), 1);
    assert_eq!(seen.last().unwrap().header("authorization"), None);
    // Exactly what was named, and only where anybody may go.
    let others = vec![
        named(),
        link("http", &host, "/stored/part?sig=2"),
        link("http", &host, "/stored/part"),
        json!({ "method": "POST", "scheme": "http", "authority": host, "path": "/stored/part?sig=1", "headers": [], "trailers": [] }),
        link("http", "127.0.0.1:9", "/stored/part"),
        link("https", "127.0.0.1", "/stored/part"),
        link("https", "169.254.169.254", "/stored/part"),
    ];
    let answers = all(others).await;
    for answer in &answers[1..] {
        assert!(answer.contains("HttpRequestDenied") || answer.contains("DestinationIpProhibited"), "{answers:?}");
    }
    assert_eq!(bench.far_end.seen().iter().filter(|seen| seen.uri.starts_with("/stored")).count(), 1);
}

/// The longest piece of a spelled token that the bytes beside it decide, and padding.
const AROUND: usize = "QmVhcmVyI".len() + 3;

#[tokio::test]
async fn a_token_in_another_spelling_is_not_seen_either() {
    let bench = Bench::new().await;
    for door in DOORS {
        for path in ["/api/ok/spelled", "/api/ok/spelled-drip"] {
            let answer = Bench::ok(&bench.call(door, get(path)).await);
            let body = answer["body"].as_str().unwrap();
            let spelled: Vec<&str> = body.split(['[', ']']).filter(|text| !text.is_empty()).collect();
            assert!(spelled.len() >= 27, "{body}");
            for text in spelled {
                let rest = text.trim_matches(|c| c != '*').len() + AROUND;
                assert!(text.contains("****") && rest >= text.len(), "{path} by {door}: {text}");
            }
            let headers = answer["headers"].to_string().to_lowercase();
            // The name of a header that is the token, and the values of all others.
            for piece in
                ["canary", "2d63616e6172", "y2fuyxj5", "yw5hcnkt", "y2fuyxj5lt", "jhbmfyes", "yranac", "%2d%63"]
            {
                assert!(!headers.contains(piece), "{path} by {door}: {piece} in {headers}");
            }
        }
    }
}

#[tokio::test]
async fn a_call_takes_the_newest_token_of_its_user() {
    let bench = Bench::new().await;
    let renewed = || "dapi-renewed-5d41402abc4b".into();
    // The token ends while a request is on its way: the request is repeated with the one that came since.
    let ctx = bench.ctx();
    let credential = ctx.workspace.as_ref().unwrap().credential.clone();
    let call = bench.call_with("fetch", get("/api/ok/held"), ctx);
    let renewal = async {
        until("the request", || if bench.far_end.seen().len() == 1 { Ok(()) } else { Err(String::new()) }).await;
        credential.renew(&renewed());
        bench.far_end.release();
        until("its repetition", || if bench.far_end.seen().len() == 2 { Ok(()) } else { Err(String::new()) }).await;
        bench.far_end.release();
    };
    let (outcome, ()) = tokio::join!(call, renewal);
    let answer = Bench::ok(&outcome);
    let sent = bench.far_end.seen().into_iter().map(|seen| seen.header("authorization").unwrap().to_owned());
    assert_eq!(sent.collect::<Vec<_>>(), [format!("Bearer {CANARY}"), "Bearer dapi-renewed-5d41402abc4b".to_owned()]);
    assert!(!answer.to_string().contains("renewed"), "{answer}");
    // A token that is not renewed is refused once, and the answer is passed on.
    let before = bench.far_end.seen().len();
    bench.far_end.release();
    assert_eq!(Bench::ok(&bench.call("fetch", get("/api/ok/held")).await)["status"], 401);
    assert_eq!(bench.far_end.seen().len(), before + 1);
}

#[tokio::test]
async fn a_rule_without_credential_sends_none() {
    let bench = Bench::new().await;
    Bench::ok(&bench.call("fetch", get("/api/plain/echo")).await);
    assert_eq!(bench.far_end.seen()[0].header("authorization"), None);
    // A host that the operator named, under a rule for it; never with the workspace's credential.
    Bench::ok(&bench.call("fetch", request("GET", "127.0.0.1", "/public/echo")).await);
    assert_eq!(bench.far_end.seen()[1].header("authorization"), None);
}

#[tokio::test]
async fn whatever_is_not_granted_stays_inside_in_every_spelling() {
    let bench = Bench::new().await;
    let mut with_scheme = get("/api/ok/x");
    with_scheme["scheme"] = json!("http");
    let mut odd_scheme = get("/api/ok/x");
    odd_scheme["scheme"] = json!("file");
    let far_end = bench.far_end.url().authority().to_owned();
    let cases = [
        // Other method, path, host.
        request("DELETE", "workspace", "/api/ok/x"),
        request("get", "workspace", "/api/ok/x"),
        request("CONNECT", "workspace", "/api/ok/x"),
        request("TRACE", "workspace", "/api/ok/x"),
        get("/api/other"),
        get("/api/okay/x"),
        get("/api/ok"),
        get("/api/item/1/2"),
        get("/"),
        request("GET", "evil.example", "/api/ok/x"),
        request("GET", "workspace.evil.example", "/api/ok/x"),
        request("GET", &far_end, "/api/ok/x"),
        request("GET", "127.0.0.1", "/api/ok/x"),
        // Scheme and authority.
        with_scheme,
        odd_scheme,
        request("GET", "user@workspace", "/api/ok/x"),
        request("GET", "workspace@evil.example", "/api/ok/x"),
        request("GET", "user:pass@workspace", "/api/ok/x"),
        request("GET", "workspace:8443", "/api/ok/x"),
        request("GET", "workspace:80", "/api/ok/x"),
        request("GET", "workspace.", "/api/ok/x"),
        request("GET", "[::1]", "/api/ok/x"),
        request("GET", "2130706433", "/api/ok/x"),
        request("GET", "0x7f.0.0.1", "/api/ok/x"),
        request("GET", "wörkspace", "/api/ok/x"),
        request("GET", "xn--wrkspace-n4a", "/api/ok/x"),
        request("GET", "work space", "/api/ok/x"),
        request("GET", "workspace\u{3002}evil.example", "/api/ok/x"),
        request("GET", "workspace%2eevil.example", "/api/ok/x"),
        request("GET", "workspace:443@evil.example", "/api/ok/x"),
        request("GET", "workspace:443:443", "/api/ok/x"),
        request("GET", "", "/api/ok/x"),
        // Granted, and yet no public address.
        request("GET", "10.0.0.1", "/api/ok/x"),
        // Spellings of a path.
        get("/api/ok/../other"),
        get("/api/ok/./x"),
        get("/api/ok/%2e%2e/other"),
        get("/api/ok/%2E%2E%2fother"),
        get("/api/ok/..%2fother"),
        get("/api/ok/a%2fb"),
        get("/api/ok/a%5cb"),
        get("/api/ok/..\\other"),
        get("/api/ok/%252e%252e/other"),
        get("/api/ok/..;/other"),
        get("/api/ok//x"),
        get("//evil.example/api/ok/x"),
        get("http://evil.example/api/ok/x"),
        get("https://workspace/api/ok/x"),
        get("api/ok/x"),
        get("*"),
        get("/api/ok/a%00b"),
        get("/api/ok/a%0d%0aHost:%20evil"),
        get("/api/%6fk/x"),
        get("/API/ok/x"),
        get("/api/ok/x%"),
        get("/api/ok/%zz"),
        get("/api/ok/x\u{e4}"),
        get("/api/item/{id}/more"),
        get(&format!("/api/ok/{}", "x".repeat(8200))),
    ];
    for case in cases {
        for door in DOORS {
            let outcome = bench.call(door, case.clone()).await;
            assert!(outcome.is_error(), "{case} went out by {door}: {outcome:?}");
            // Some spellings are no request at all, and fail inside the guest or where they are read.
            let kind = outcome.failure.unwrap().kind;
            assert!(matches!(kind, ToolErrorKind::Denied | ToolErrorKind::Failed), "{case} by {door}: {kind:?}");
        }
    }
    assert!(bench.far_end.seen().is_empty(), "{:?}", bench.far_end.seen());
    assert!(bench.audit().iter().all(|record| matches!(record.verdict, Verdict::Denied(_))), "{:?}", bench.audit());
    assert!(bench.audit().len() > 60, "refusals are recorded: {}", bench.audit().len());
    // Upper case and the default port are the same place and pass.
    for door in DOORS {
        Bench::ok(&bench.call(door, request("GET", "WORKSPACE:443", "/api/ok/x")).await);
    }
}

#[tokio::test]
async fn the_model_learns_why_a_request_was_refused() {
    let bench = Bench::new().await;
    let outcome = bench.call("fetch", get("/api/other")).await;
    failed(&outcome, ToolErrorKind::Denied, "HttpRequestDenied");
    failed(&outcome, ToolErrorKind::Denied, "no grant allows GET /api/other at workspace");
    let outcome = bench.call("fetch_plain", get("/api/other")).await;
    failed(&outcome, ToolErrorKind::Denied, "HttpError::Denied(\"no grant allows GET /api/other at workspace");
}

#[tokio::test]
async fn forbidden_headers_go_neither_in_the_head_nor_in_trailers() {
    let bench = Bench::new().await;
    for name in [
        "authorization",
        "Authorization",
        "cookie",
        "host",
        "connection",
        "proxy-authorization",
        "proxy-anything",
        "transfer-encoding",
        "upgrade",
        "te",
        "trailer",
        "x-forwarded-for",
        "x-forwarded-access-token",
        "forwarded",
        "x-http-method-override",
        "x-databricks-org-id",
        "keep-alive",
    ] {
        for place in ["headers", "trailers"] {
            let mut case = request("POST", "workspace", "/api/ok/x");
            case[place] = json!([[name, "evil"]]);
            case["body"] = json!("{}");
            let outcome = bench.call("fetch", case.clone()).await;
            failed(&outcome, ToolErrorKind::Failed, "Forbidden");
            if place == "headers" {
                let outcome = bench.call("fetch_plain", case).await;
                failed(&outcome, ToolErrorKind::Denied, "belongs to the host");
                assert!(matches!(bench.audit().last().unwrap().verdict, Verdict::Denied(_)));
            }
        }
    }
    let mut good = request("POST", "workspace", "/api/ok/echo");
    good["headers"] = json!([["x-mine", "1"], ["content-type", "application/json"], ["accept-encoding", "gzip"]]);
    good["trailers"] = json!([["x-end", "2"]]);
    good["body"] = json!("{\"a\":1}");
    for door in DOORS {
        Bench::ok(&bench.call(door, good.clone()).await);
        let seen = bench.far_end.seen();
        let last = seen.last().unwrap();
        assert_eq!((last.body.as_str(), last.header("x-mine")), ("{\"a\":1}", Some("1")));
        assert_eq!(last.header("accept-encoding"), Some("identity"));
        assert_eq!(last.header("authorization"), Some(format!("Bearer {CANARY}").as_str()));
    }
    for seen in &bench.far_end.seen() {
        assert!(!format!("{:?}{:?}", seen.headers, seen.trailers).contains("evil"), "{seen:?}");
    }
}

#[tokio::test]
async fn without_grants_or_workspace_nothing_leaves() {
    let bench = Bench::new().await;
    let mut none = bench.ctx();
    none.grants = Arc::new(Grants::default());
    for door in DOORS {
        failed(&bench.call_with(door, get("/api/ok/x"), none.clone()).await, ToolErrorKind::Denied, "no grant");
    }
    let mut homeless = bench.ctx();
    homeless.workspace = None;
    let outcome = bench.call_with("fetch", get("/api/ok/x"), homeless).await;
    failed(&outcome, ToolErrorKind::Denied, "no workspace is connected");
    let mut foreign = bench.ctx();
    foreign.workspace = Some(WorkspaceTarget::new("https://evil.example".parse().unwrap(), CANARY.into()));
    let outcome = bench.call_with("fetch", get("/api/ok/x"), foreign).await;
    failed(&outcome, ToolErrorKind::Denied, "neither a Databricks domain nor an origin that the operator named");
    for address in ["127.0.0.1:9", "169.254.169.254:80", "localhost:80"] {
        failed(&bench.call("connect", json!({"address": address})).await, ToolErrorKind::Failed, "");
    }
    assert!(bench.far_end.seen().is_empty());
}

#[tokio::test]
async fn connections_are_kept_and_never_shared_between_users() {
    let bench = Bench::new().await;
    for _ in 0..10 {
        Bench::ok(&bench.call("fetch", get("/api/ok/ada")).await);
    }
    for _ in 0..10 {
        let mut other = bench.ctx();
        other.caller.user = UserId::parse("grace@example.com").unwrap();
        Bench::ok(&bench.call_with("fetch", get("/api/ok/grace"), other).await);
    }
    let peers = |path: &str| -> HashSet<_> {
        bench.far_end.seen().iter().filter(|seen| seen.uri == path).map(|seen| seen.peer).collect()
    };
    let (ada, grace) = (peers("/api/ok/ada"), peers("/api/ok/grace"));
    assert!(ada.len() <= 2 && grace.len() <= 2, "{ada:?} {grace:?}");
    assert!(ada.is_disjoint(&grace), "two users shared a connection");
}

#[tokio::test]
async fn safe_requests_are_repeated_when_asked_and_others_are_not() {
    let bench = Bench::new().await;
    let answer = Bench::ok(&bench.call("fetch", get("/api/ok/busy")).await);
    assert_eq!((&answer["status"], bench.far_end.seen().len()), (&json!(200), 3));
    assert_eq!(bench.audit().last().unwrap().retries, 2);

    let post = Bench::ok(&bench.call("fetch", request("POST", "workspace", "/api/ok/a/busy")).await);
    assert_eq!((&post["status"], bench.far_end.seen().len()), (&json!(429), 4));
    let long = Bench::ok(&bench.call("fetch", get("/api/ok/busy-long")).await);
    assert_eq!((&long["status"], bench.far_end.seen().len()), (&json!(503), 5));
}

#[tokio::test]
async fn sizes_and_counts_are_bounded() {
    let limits = Limits { http_response_bytes: 1024 * 1024, http_requests: 5, ..Limits::default() };
    let bench = Bench::with(limits, hostile()).await;
    let outcome = bench.call("fetch", get("/api/ok/huge")).await;
    assert!(outcome.is_error(), "{}", outcome.content.len());
    assert!(
        matches!(&bench.audit()[0].verdict, Verdict::Failed(why) if why.contains("too large")),
        "{:?}",
        bench.audit()
    );
    failed(&outcome, ToolErrorKind::LimitExceeded, "HTTP response body size exceeds limit");
    failed(&bench.call("fetch", get("/api/ok/gzip")).await, ToolErrorKind::Failed, "HttpResponseContentCoding");
    let outcome = bench.call("fetch_flood", json!({"path": "/api/ok/x", "count": 50})).await;
    failed(&outcome, ToolErrorKind::LimitExceeded, "request 5");
    failed(&outcome, ToolErrorKind::LimitExceeded, "request limit: a call may send 5 requests");
}

#[tokio::test]
async fn the_plain_function_has_limits_of_its_own() {
    let bench = Bench::with(Limits { http_request_bytes: 4 << 20, ..Limits::default() }, hostile()).await;
    let sized =
        |path: &str, timeout: Option<u32>, bytes: u32| json!({"path": path, "timeout_ms": timeout, "bytes": bytes});
    let outcome = bench.call("fetch_sized", sized("/api/ok/x", Some(5000), 3 << 20)).await;
    assert_eq!(Bench::ok(&outcome), json!({"result": 2}));
    assert_eq!(bench.far_end.seen().pop().unwrap().body.len(), 3 << 20);
    let outcome = bench.call("fetch_sized", sized("/api/ok/x", None, 9 << 20)).await;
    failed(&outcome, ToolErrorKind::Failed, "TooLarge(\"the body has more than 8388608 bytes\")");
    let outcome = bench.call("fetch_sized", sized("/api/ok/x", None, 5 << 20)).await;
    failed(&outcome, ToolErrorKind::LimitExceeded, "TooLarge(\"the request's body is too large\")");
    let began = std::time::Instant::now();
    let outcome = bench.call("fetch_sized", sized("/api/ok/hang", Some(50), 1)).await;
    failed(&outcome, ToolErrorKind::Timeout, "Timeout(\"the far end did not answer in time\")");
    assert!(began.elapsed() < std::time::Duration::from_secs(30), "{:?}", began.elapsed());

    let mut case = get("/api/ok/x");
    case["headers"] = json!([["x-big", "x".repeat(40_000)]]);
    failed(&bench.call("fetch_plain", case).await, ToolErrorKind::Failed, "the headers have more than 32768 bytes");
    for (authority, path, says) in [
        ("workspace", "/api/ok/x#part", "fragment"),
        ("workspace", "/api/ok/a b", "cannot be read"),
        ("", "", "cannot be read"),
    ] {
        let outcome = bench.call("fetch_plain", request("GET", authority, path)).await;
        failed(&outcome, ToolErrorKind::Failed, "Invalid");
        failed(&outcome, ToolErrorKind::Failed, says);
    }
    // Without a path the root is meant, and that is not granted.
    failed(
        &bench.call("fetch_plain", request("GET", "workspace", "")).await,
        ToolErrorKind::Denied,
        "GET / at workspace",
    );
}

#[tokio::test]
async fn two_calls_use_two_workspaces_side_by_side() {
    let bench = Bench::new().await;
    let ends = [FarEnd::start().await, FarEnd::start_on("127.0.0.2:0").await];
    let tokens = ["renewed-token-of-one", "renewed-token-of-two"];
    for door in DOORS {
        let calls = ends.iter().zip(tokens).map(|(end, token)| {
            let workspace = Some(WorkspaceTarget::named(end.url(), token.into()));
            bench.call_with(door, get("/api/ok/held"), CallContext { workspace, ..bench.ctx() })
        });
        let before: Vec<_> = ends.iter().map(|end| end.seen().len()).collect();
        let both = async {
            until("both to be asked", || {
                let seen: Vec<_> = ends.iter().map(|end| end.seen().len()).collect();
                if seen.iter().zip(&before).all(|(seen, before)| seen > before) {
                    Ok(())
                } else {
                    Err(format!("{seen:?}"))
                }
            })
            .await;
            ends.iter().for_each(FarEnd::release);
        };
        let (outcomes, ()) = tokio::join!(futures::future::join_all(calls), both);
        for outcome in &outcomes {
            assert_eq!(Bench::ok(outcome)["status"], 200, "{door}");
        }
    }
    for (end, token) in ends.iter().zip(tokens) {
        let bearer = format!("Bearer {token}");
        assert_eq!(end.seen().len(), DOORS.len());
        assert!(end.seen().iter().all(|seen| seen.header("authorization") == Some(&bearer)), "{:?}", end.seen());
    }
    // What one call's workspace may be is nothing to another's.
    let workspace = Some(WorkspaceTarget::new(ends[0].url(), tokens[0].into()));
    let outcome = bench.call_with("fetch", get("/api/ok/x"), CallContext { workspace, ..bench.ctx() }).await;
    failed(&outcome, ToolErrorKind::Denied, "nor an origin that the operator named");
}
