//! The workspace's own page: who sees it, what is on it, and what must not get through.

use reqwest::{Client, Method, StatusCode, redirect::Policy};
use serde_json::json;

use crate::harness::{ANN, BOB, Lab};

/// A browser that follows nothing by itself.
fn browser() -> Client {
    Client::builder().redirect(Policy::none()).build().unwrap()
}

/// Signs in; the cookie.
async fn sign_in(lab: &Lab, token: &str) -> String {
    let form = format!("token={token}");
    let answer = browser().post(lab.url("/")).body(form).send().await.unwrap();
    assert_eq!((answer.status(), &answer.headers()["location"]), (StatusCode::SEE_OTHER, &"/".parse().unwrap()));
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains(token), "{cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

async fn look(lab: &Lab, cookie: &str, path: &str) -> (StatusCode, String) {
    let answer = browser().get(lab.url(path)).header("cookie", cookie).send().await.unwrap();
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("script"), "{policy}");
    (answer.status(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_what_its_user_may_see() {
    let lab = Lab::start().await;
    let markup = "<img src=x onerror=alert(1)>";
    lab.sql("CREATE TABLE main.default.on_the_page AS SELECT 1 AS a").await;
    lab.post("/api/2.2/jobs/create", json!({"name": markup})).await;
    for path in ["/Users/ann@example.com/<b>bold", "/Users/ann@example.com/\"quoted\" & more"] {
        assert_eq!(lab.post("/api/2.0/workspace/mkdirs", json!({"path": path})).await.0, StatusCode::OK);
    }
    let (ann, bob) = (sign_in(&lab, ANN).await, sign_in(&lab, BOB).await);
    let (status, page) = look(&lab, &ann, "/").await;
    assert_eq!(status, StatusCode::OK);
    for part in
        ["ann@example.com", "samples", "&lt;img src=x", "&lt;b&gt;bold", "&quot;quoted&quot; &amp; more", "Clusters"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("<img") && !page.contains("<b>") && !page.contains("<script"), "{page}");
    let page = look(&lab, &bob, "/").await.1;
    assert!(page.contains("bob@example.com") && !page.contains("&lt;img") && !page.contains("bold"), "{page}");

    // A part by its address, another's as the API refuses it, and one that there is not.
    let page = look(&lab, &ann, "/?show=tables&of=main").await.1;
    assert!(page.contains("main.default.on_the_page"), "{page}");
    let home = "/?show=objects&of=%2FUsers%2Fann%40example.com";
    assert!(look(&lab, &ann, home).await.1.contains("bold"));
    let refused = look(&lab, &bob, home).await.1;
    assert!(refused.contains("PERMISSION_DENIED") && !refused.contains("bold"), "{refused}");
    let page = look(&lab, &ann, "/?show=tables&of=%3Cscript%3E").await.1;
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script"), "{page}");
    assert_eq!(look(&lab, &ann, "/?show=nosuch").await.0, StatusCode::NOT_FOUND);

    // Addresses that the products' links name lead to it.
    let made =
        lab.post("/api/2.0/pipelines", json!({"name": "nightly", "catalog": "main", "schema": "default"})).await.1;
    let pipeline = made["pipeline_id"].as_str().unwrap();
    assert!(look(&lab, &ann, "/").await.1.contains("nightly"));
    for (link, leads_to) in [
        ("/jobs/7".to_owned(), "/?show=runs-of-job&of=7".to_owned()),
        (format!("/pipelines/{pipeline}"), format!("/?show=events-of-pipeline&of={pipeline}")),
        ("/jobs/%26of%3Dx".to_owned(), "/?show=runs-of-job&of=%26of%3Dx".to_owned()),
    ] {
        let answer = browser().get(lab.url(&link)).send().await.unwrap();
        assert_eq!(
            (answer.status(), answer.headers()["location"].to_str().unwrap()),
            (StatusCode::SEE_OTHER, &*leads_to)
        );
    }
    let events = look(&lab, &ann, &format!("/?show=events-of-pipeline&of={pipeline}")).await.1;
    assert!(events.contains("Events of a pipeline") && !events.contains("RESOURCE_DOES_NOT_EXIST"), "{events}");
    lab.stop().await;
}

/// Addresses of the page and what stands there, for Ann; `!` what does not.
const PARTS: &[(&str, &[&str])] = &[
    ("/", &["Secret scopes", "vault", "Saved queries", "Connections", "show=schemas&amp;of=main", "!hunter2"]),
    (
        "/?show=schemas&of=main",
        &["main.default", "show=volumes&amp;of=main.default", "show=functions&amp;of=main.default"],
    ),
    ("/?show=volumes&of=main.default", &["main.default.landing", "show=volume&amp;of=main.default.landing"]),
    ("/?show=functions&of=main.default", &["main.default.double"]),
    (
        "/?show=volume&of=main.default.landing",
        &["show=folder&amp;of=%2FVolumes%2Fmain%2Fdefault%2Flanding%2Fin%20here"],
    ),
    ("/?show=folder&of=%2FVolumes%2Fmain%2Fdefault%2Flanding%2Fin%20here", &["in here/a&amp;b.csv", "<td>5</td>"]),
    ("/?show=volumes&of=main", &["schema_name is missing"]),
    ("/?show=folder&of=%2Fetc", &["is in no volume"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_part_leads_to_what_is_in_it() {
    let lab = Lab::start().await;
    lab.sql("CREATE VOLUME landing").await;
    lab.sql("CREATE FUNCTION double(x INT) RETURNS INT RETURN 2 * x").await;
    let file = "/api/2.0/fs/files/Volumes/main/default/landing/in%20here/a%26b.csv";
    assert!(lab.request(ANN, Method::PUT, file).body("1,2,3").send().await.unwrap().status().is_success());
    lab.post("/api/2.0/secrets/scopes/create", json!({"scope": "vault"})).await;
    lab.post("/api/2.0/secrets/put", json!({"scope": "vault", "key": "k", "string_value": "hunter2"})).await;
    let (ann, bob) = (sign_in(&lab, ANN).await, sign_in(&lab, BOB).await);
    for (path, parts) in PARTS {
        let (status, page) = look(&lab, &ann, path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        for part in *parts {
            let (part, is_there) = part.strip_prefix('!').map_or((*part, true), |absent| (absent, false));
            assert_eq!(page.contains(part), is_there, "{path}: {part}: {page}");
        }
    }
    // Nothing of it is Bob's to see.
    for (path, _) in PARTS {
        let page = look(&lab, &bob, path).await.1;
        for hidden in ["of=main.default.landing", "in%20here\"", "b.csv", "main.default.double", "vault"] {
            assert!(!page.contains(hidden), "{path}: {hidden}: {page}");
        }
    }
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_see_a_form_and_other_pages_nothing() {
    let lab = Lab::start().await;
    for cookie in ["", "bricklayer_workspace=", "bricklayer_workspace=d3Jvbmc", "bricklayer_workspace=%%"] {
        let (status, page) = look(&lab, cookie, "/").await;
        assert!(status == StatusCode::OK && page.contains("type=\"password\"") && !page.contains("samples"), "{page}");
    }
    let post = async |form: &'static str, header: (&'static str, &str)| {
        let request = browser().post(lab.url("/")).header(header.0, header.1).body(form);
        let answer = request.send().await.unwrap();
        (answer.status(), answer.headers().contains_key("set-cookie"))
    };
    let none = ("x-nothing", "x");
    assert_eq!(post("token=wrong", none).await, (StatusCode::FORBIDDEN, false));
    assert_eq!(post("tok=x", none).await, (StatusCode::BAD_REQUEST, false));
    assert!(!post("token=a%0d%0ab", none).await.1);
    assert_eq!(post("token=token-of-ann", ("origin", "http://evil.example")).await, (StatusCode::FORBIDDEN, false));
    assert_eq!(post("token=token-of-ann", ("host", "evil.example")).await, (StatusCode::FORBIDDEN, false));
    let own = lab.url("");
    assert_eq!(post("token=token-of-ann", ("origin", &own)).await, (StatusCode::SEE_OTHER, true));

    // A name of somebody else's that leads here, with the cookie or without.
    let ann = sign_in(&lab, ANN).await;
    let request = browser().get(lab.url("/")).header("cookie", &ann).header("host", "evil.example");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(!answer.text().await.unwrap().contains("samples"));
    // The cookie is no key to the API.
    let api = browser().get(lab.url("/api/2.0/sql/warehouses")).header("cookie", &ann).send().await.unwrap();
    assert_eq!(api.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(lab.call(Some(ANN), Method::PUT, "/", None).await.0, StatusCode::METHOD_NOT_ALLOWED);
    assert!(post("token=", none).await.1, "signing out takes the cookie back");
    lab.stop().await;
}
