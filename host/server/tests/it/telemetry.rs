//! Spans as a collector gets them: one trace joins a turn, its tool calls and their requests.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::process::Running;
use crate::support::{Reply, World};

/// A collector that keeps what it gets.
pub(crate) struct Collector {
    pub(crate) url: String,
    spans: Arc<Mutex<Vec<Span>>>,
    _serving: JoinSet<()>,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let spans = Arc::<Mutex<Vec<Span>>>::default();
        let router = Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&spans));
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, spans, _serving: serving }
    }

    pub(crate) fn spans(&self) -> Vec<Span> {
        self.spans.lock().unwrap().clone()
    }
}

async fn take(State(spans): State<Arc<Mutex<Vec<Span>>>>, body: Bytes) {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let found = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
    spans.lock().unwrap().extend(found.flat_map(|scope| scope.spans));
}

fn named<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no span `{name}` in {names:?}"))
}

/// The names of a span's ancestors, nearest first.
fn ancestors(spans: &[Span], span: &Span) -> Vec<String> {
    let mut names = Vec::new();
    let mut parent = span.parent_span_id.clone();
    while let Some(found) = spans.iter().find(|span| span.span_id == parent) {
        assert_eq!(found.trace_id, span.trace_id);
        names.push(found.name.clone());
        parent = found.parent_span_id.clone();
    }
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_joins_turn_call_and_request_and_holds_no_secret() {
    let world = World::sqlite().await;
    let collector = Collector::start().await;
    let statement = "SELECT 'canary-argument'";
    world.model.script("work", vec![Reply::sql("call_1", statement), Reply::text("canary-answer")]);
    let mut server = Running::start_with(&world, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url)]);
    let ann = server.ann();
    let project = ann.project("One").await;
    let (execution, _) = ann.ask(&project, "work").await;
    ann.follow(&execution, 0).await.until("stream.completed").await;
    server.signal("-TERM");
    assert!(server.ended().await.success());

    let spans = collector.spans();
    let above = ancestors(&spans, named(&spans, "http_request"));
    let position = |name: &str| above.iter().position(|found| found == name).unwrap_or_else(|| panic!("{above:?}"));
    assert!(position("tool_call") < position("turn"), "{above:?}");
    let turn = named(&spans, "turn");
    let id = turn.attributes.iter().find(|attribute| attribute.key == "turn.id").unwrap();
    assert!(format!("{:?}", id.value).contains(&execution), "{id:?}");
    assert!(!format!("{spans:?}").contains("canary"), "{spans:#?}");
}
