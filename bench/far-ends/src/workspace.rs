//! A far end that plays a Databricks workspace: the least that the SQL tools need, answered at once, and the troubles
//! that a real one cannot be asked to make.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Json, Response};
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Value, json};
use url::Url;

use crate::Gate;
use crate::serve::{Serving, serve};
use crate::table;

/// A token that begins so is the user's whose name follows; a name without `@` is at example.com.
pub const TOKEN_OF: &str = "canary-token-of-";

/// What is wrong with it.
#[derive(Debug, Clone, Default)]
pub enum Trouble {
    /// Nothing: statements succeed at once.
    #[default]
    None,
    /// Statements run until they are cancelled.
    SlowStatements,
    /// The same for those whose text says `slow`; all others succeed at once.
    SlowOnes,
    /// The same, and the answer that says that one was taken waits for the gate.
    LateAnswers(Gate),
    /// Statements succeed with rows in three chunks, and this becomes of the last.
    LastChunk(LastChunk),
    /// Statements are taken and the answer that says so is lost.
    LostAnswers,
    /// Statements are refused because nobody knows who sends them.
    UnknownSender,
    /// Every request gets this answer: status, headers, body.
    Status(u16, Vec<(&'static str, &'static str)>, Value),
    /// Every request is read and never answered.
    Hang,
    /// Every request gets bytes that are no JSON.
    Nonsense,
}

/// What becomes of the last chunk of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastChunk {
    /// It never comes.
    Stuck,
    /// It is no JSON.
    Nonsense,
    /// The connection ends in the middle of it.
    CutOff,
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    /// How.
    pub method: Method,
    /// Where, without the query.
    pub path: String,
    /// The header of that name, empty when there is none.
    pub authorization: String,
}

/// The scripted workspace; it serves as long as it lives.
#[derive(Debug)]
pub struct Workspace {
    /// Where it listens.
    pub url: Url,
    shared: Arc<Shared>,
    _serving: Serving,
}

#[derive(Debug, Default)]
struct Shared {
    trouble: Mutex<Trouble>,
    /// None when nothing is kept.
    seen: Option<Mutex<Vec<Seen>>>,
    /// Questions whose a token of the test's users is; they are not among the requests seen.
    owners_asked: AtomicUsize,
    /// Slow statements and whether they were cancelled.
    statements: Mutex<HashMap<String, bool>>,
    /// The texts of all statements, in the order of their arrival.
    texts: Mutex<Vec<String>>,
}

impl Workspace {
    /// One that keeps what it is asked.
    pub async fn start() -> Self {
        Self::serve(Shared { seen: Some(Mutex::default()), ..Shared::default() }).await
    }

    /// One that keeps nothing, for measurements.
    pub async fn forgetful() -> Self {
        Self::serve(Shared::default()).await
    }

    async fn serve(shared: Shared) -> Self {
        let shared = Arc::new(shared);
        let serving = serve(Router::new().fallback(answer).with_state(Arc::clone(&shared)), 0).await;
        Self { url: serving.url.clone(), shared, _serving: serving }
    }

    /// From now on this is wrong with it.
    pub fn trouble(&self, trouble: Trouble) {
        *self.shared.trouble.lock().unwrap() = trouble;
    }

    /// The requests so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.as_ref().map(|seen| seen.lock().unwrap().clone()).unwrap_or_default()
    }

    /// The texts of the statements that arrived, in their order.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        self.shared.texts.lock().unwrap().clone()
    }

    /// The same without those that only counted what a statement would meet, before a question.
    #[must_use]
    pub fn asked_for(&self) -> Vec<String> {
        let counts = ["SELECT count(*) FROM ", "SELECT (SELECT count(*) FROM ", "SHOW TABLES IN "];
        self.texts().into_iter().filter(|text| !counts.iter().any(|count| text.starts_with(count))).collect()
    }

    /// Counts from here on.
    pub fn forget(&self) {
        self.shared.texts.lock().unwrap().clear();
        if let Some(seen) = &self.shared.seen {
            seen.lock().unwrap().clear();
        }
    }

    /// How often it was asked whose a token is.
    #[must_use]
    pub fn owners_asked(&self) -> usize {
        self.shared.owners_asked.load(Ordering::SeqCst)
    }

    /// How many requests of this method had a path that ends so.
    #[must_use]
    pub fn count(&self, method: Method, end: &str) -> usize {
        self.seen().iter().filter(|seen| seen.method == method && seen.path.ends_with(end)).count()
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path().to_owned();
    // Whose a token is, it says even in trouble: else no test behind a proxy would get as far as its trouble.
    let token = headers.get("authorization").map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
    let owner = token.strip_prefix("Bearer ").and_then(|token| token.strip_prefix(TOKEN_OF));
    if let (true, Some(owner)) = (path.ends_with("/scim/v2/Me"), owner) {
        shared.owners_asked.fetch_add(1, Ordering::SeqCst);
        let name = if owner.contains('@') { owner.to_owned() } else { format!("{owner}@example.com") };
        return Json(json!({"userName": name, "id": "77"})).into_response();
    }
    if let Some(seen) = &shared.seen {
        seen.lock().unwrap().push(Seen { method: method.clone(), path: path.clone(), authorization: token });
    }
    let trouble = shared.trouble.lock().unwrap().clone();
    let text = (shared.seen.is_some() && method == Method::POST && path.ends_with("/sql/statements"))
        .then(|| serde_json::from_slice::<Value>(&body).unwrap()["statement"].as_str().unwrap().to_owned());
    let number = shared.texts.lock().unwrap().len();
    shared.texts.lock().unwrap().extend(text.clone());
    match trouble.clone() {
        Trouble::Status(status, headers, body) => {
            let mut response = (StatusCode::from_u16(status).unwrap(), Json(body)).into_response();
            for (name, value) in headers {
                response.headers_mut().insert(name, value.parse().unwrap());
            }
            return response;
        }
        Trouble::Hang => return std::future::pending().await,
        Trouble::Nonsense => return "<html>not what you asked for</html>".into_response(),
        Trouble::LostAnswers if method == Method::POST => return std::future::pending().await,
        Trouble::UnknownSender if method == Method::POST => {
            let body = json!({"error_code": "UNAUTHENTICATED", "message": "the token has ended"});
            return (StatusCode::UNAUTHORIZED, Json(body)).into_response();
        }
        Trouble::LateAnswers(gate) if path.ends_with("/sql/statements") => gate.wait(1).await,
        Trouble::None
        | Trouble::SlowStatements
        | Trouble::SlowOnes
        | Trouble::LastChunk(_)
        | Trouble::LateAnswers(_)
        | Trouble::LostAnswers
        | Trouble::UnknownSender => {}
    }
    let slow = matches!(trouble, Trouble::SlowStatements | Trouble::LateAnswers(_));
    let last_chunk = if let Trouble::LastChunk(last) = trouble { Some(last) } else { None };
    let some_slow = matches!(trouble, Trouble::SlowOnes);
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    match (method.as_str(), segments.as_slice()) {
        ("GET", ["api", "2.0", "preview", "scim", "v2", "Me"]) => {
            Json(json!({"userName": "Dana@Example.com"})).into_response()
        }
        ("GET", ["api", "2.0", "sql", "warehouses"]) => {
            let other = json!({"id": "old", "name": "Old", "state": "STOPPED", "cluster_size": "Small"});
            Json(json!({"warehouses": [other, warehouse()]})).into_response()
        }
        ("GET", ["api", "2.1", "clusters", "list"]) => {
            let cluster = |id: &str, state: &str, source: &str| {
                json!({"cluster_id": id, "cluster_name": id, "state": state, "cluster_source": source,
                    "creator_user_name": "ann@example.com"})
            };
            let all =
                [cluster("old", "TERMINATED", "UI"), cluster("job", "RUNNING", "JOB"), cluster("on", "RUNNING", "API")];
            Json(json!({"clusters": all})).into_response()
        }
        ("GET", ["api", "2.0", "sql", "warehouses", _]) => Json(warehouse()).into_response(),
        ("POST", ["api", "2.0", "sql", "statements"]) if slow => {
            let mut statements = shared.statements.lock().unwrap();
            let id = format!("01ef0000-0000-1000-8000-{:012}", statements.len());
            statements.insert(id.clone(), false);
            Json(json!({"statement_id": id, "status": {"state": "PENDING"}})).into_response()
        }
        ("POST", ["api", "2.0", "sql", "statements"]) if some_slow => {
            let id = format!("01ef0000-0000-1000-8000-{number:012}");
            if !text.unwrap().contains("slow") {
                return Json(statement(&id)).into_response();
            }
            shared.statements.lock().unwrap().insert(id.clone(), false);
            Json(json!({"statement_id": id, "status": {"state": "PENDING"}})).into_response()
        }
        ("POST", ["api", "2.0", "sql", "statements"]) if last_chunk.is_some() => {
            Json(in_chunks("01ef0000-0000-1000-8000-000000000000")).into_response()
        }
        ("GET", ["api", "2.0", "sql", "statements", _, "result", "chunks", number]) if last_chunk.is_some() => {
            match last_chunk.filter(|_| *number == "2") {
                None => Json(chunk(number.parse().unwrap())).into_response(),
                Some(LastChunk::Stuck) => std::future::pending().await,
                Some(LastChunk::Nonsense) => "<html>not what you asked for</html>".into_response(),
                Some(LastChunk::CutOff) => cut_off(chunk(2).to_string()),
            }
        }
        ("POST", ["api", "2.0", "sql", "statements"]) if table::asked(&body).is_some() => {
            as_json(table::answer(table::asked(&body).unwrap()))
        }
        ("GET", ["api", "2.0", "sql", "statements", id, "result", "chunks", number])
            if table::rows_of(id).is_some() =>
        {
            as_json(table::chunk(table::rows_of(id).unwrap(), number.parse().unwrap()))
        }
        ("POST", ["api", "2.0", "sql", "statements"]) => {
            Json(statement("01ef0000-0000-1000-8000-000000000000")).into_response()
        }
        ("GET", ["api", "2.0", "sql", "statements", id])
            if slow || (some_slow && shared.statements.lock().unwrap().contains_key(*id)) =>
        {
            let cancelled = shared.statements.lock().unwrap().get(*id).copied().unwrap_or_default();
            let state = if cancelled { "CANCELED" } else { "RUNNING" };
            Json(json!({"statement_id": id, "status": {"state": state}})).into_response()
        }
        ("GET", ["api", "2.0", "sql", "statements", id]) => Json(statement(id)).into_response(),
        ("POST", ["api", "2.0", "sql", "statements", id, "cancel"]) => {
            shared.statements.lock().unwrap().insert((*id).to_owned(), true);
            Json(json!({})).into_response()
        }
        ("GET", ["api", "2.1", "unity-catalog", "catalogs"]) => {
            let second = uri.query().is_some_and(|query| query.contains("page_token=next"));
            let page = if second {
                json!({"catalogs": [{"name": "samples", "comment": "sample data"}]})
            } else {
                json!({"catalogs": [{"name": "main"}], "next_page_token": "next"})
            };
            Json(page).into_response()
        }
        ("GET", ["api", "2.1", "unity-catalog", "schemas"]) => {
            Json(json!({"schemas": [{"name": "nyctaxi"}]})).into_response()
        }
        _ => {
            (StatusCode::NOT_FOUND, Json(json!({"error_code": "ENDPOINT_NOT_FOUND", "message": path}))).into_response()
        }
    }
}

/// The first half of an answer, after which the connection ends.
fn cut_off(mut text: String) -> Response {
    text.truncate(text.len() / 2);
    let parts = [Ok(text), Err(std::io::Error::other("cut off"))];
    ([(http::header::CONTENT_TYPE, "application/json")], Body::from_stream(futures::stream::iter(parts)))
        .into_response()
}

fn as_json(text: String) -> Response {
    ([(http::header::CONTENT_TYPE, "application/json")], text).into_response()
}

fn warehouse() -> Value {
    json!({"id": "fast", "name": "Fast", "state": "RUNNING", "cluster_size": "2X-Small",
        "creator_name": "ann@example.com", "enable_serverless_compute": true})
}

fn statement(id: &str) -> Value {
    json!({
        "statement_id": id,
        "status": {"state": "SUCCEEDED"},
        "manifest": {"format": "JSON_ARRAY", "schema": {"column_count": 1, "columns": [
            {"name": "one", "position": 0, "type_name": "INT", "type_text": "INT"}]},
            "total_chunk_count": 1, "chunks": [{"chunk_index": 0, "row_offset": 0, "row_count": 1}],
            "total_row_count": 1, "truncated": false},
        "result": {"chunk_index": 0, "row_offset": 0, "row_count": 1, "data_array": [["1"]]},
    })
}

/// Rows of each chunk of a result in chunks: more than the host keeps in one piece.
const CHUNK_ROWS: usize = 20_000;

fn in_chunks(id: &str) -> Value {
    let mut answer = statement(id);
    answer["manifest"]["total_chunk_count"] = json!(3);
    answer["manifest"]["total_row_count"] = json!(3 * CHUNK_ROWS);
    answer["result"] = chunk(0);
    answer
}

fn chunk(number: usize) -> Value {
    let first = number * CHUNK_ROWS;
    let rows: Vec<[String; 1]> = (first..first + CHUNK_ROWS).map(|row| [row.to_string()]).collect();
    json!({
        "chunk_index": number, "row_offset": first, "row_count": CHUNK_ROWS, "data_array": rows,
        "next_chunk_index": number + 1,
    })
}
