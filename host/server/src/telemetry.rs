//! Logs on standard error, and spans to an OpenTelemetry collector when one is configured.
//!
//! A turn, each of its tool calls and each request of a plugin are one trace. Only spans with named fields leave the
//! host: log lines may quote what belongs to a user, and stay here.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use bricklayer_domain::chain;
use bytes::Bytes;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tracing_subscriber::filter::{FilterFn, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::Layers;

/// What is logged when nobody chose. The protocol's library tells of each session by its id.
const DEFAULT_FILTER: &str = "info,rmcp=warn";

/// Longest that leaving waits for the last spans; the process promises to be gone within ten seconds of a signal.
const FLUSH_TIME: Duration = Duration::from_secs(1);

/// Longest that one batch of spans may take; spans wait in a bounded queue meanwhile, further ones are dropped.
const EXPORT_TIME: Duration = Duration::from_secs(5);

/// Where the collector takes traces, below its address (OTLP specification, section OTLP/HTTP request).
const TRACES_PATH: &str = "v1/traces";

/// Keeps the export of spans going; [`Telemetry::shut_down`] sends the last ones.
#[derive(Debug, Default)]
pub(crate) struct Telemetry(Option<SdkTracerProvider>);

impl Telemetry {
    /// Starts logging, and exporting when `otel.endpoint` is set. Once per process.
    ///
    /// # Errors
    /// A setting that makes no sense, by its name.
    pub(crate) fn start(layers: &Layers, handle: &Handle) -> anyhow::Result<Self> {
        let filter = layers.get("log").map_or_else(|| DEFAULT_FILTER.to_owned(), |value| value.text);
        let filter = EnvFilter::try_new(&filter).map_err(|error| anyhow::anyhow!("`log` is no log filter: {error}"))?;
        let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
        let lines = match layers.get("log_format").map(|value| value.text).as_deref() {
            None | Some("text") => lines.boxed(),
            Some("json") => lines.json().boxed(),
            Some(other) => anyhow::bail!("`log_format` must be `text` or `json`, not `{other}`"),
        };
        let provider = provider(layers, handle)?;
        let spans = provider
            .as_ref()
            .map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("bricklayer")))
            .map(|layer| layer.with_location(false).with_threads(false).with_filter(only_our_spans()));
        tracing_subscriber::registry().with(lines.with_filter(filter)).with(spans).init();
        Ok(Self(provider))
    }

    /// Sends what is left. Blocks for at most a second; call it where blocking is allowed and while the runtime lives.
    pub(crate) fn shut_down(self) {
        if let Some(provider) = self.0
            && let Err(error) = provider.shutdown_with_timeout(FLUSH_TIME)
        {
            tracing::warn!(error = chain(&error), "the last spans did not reach the collector");
        }
    }
}

/// Events are left out whatever their level, and so are other crates' spans.
fn only_our_spans() -> FilterFn {
    filter_fn(|metadata| {
        metadata.is_span() && metadata.target().starts_with("bricklayer") && *metadata.level() <= tracing::Level::INFO
    })
}

fn provider(layers: &Layers, handle: &Handle) -> anyhow::Result<Option<SdkTracerProvider>> {
    let Some(endpoint) = layers.get("otel.endpoint") else { return Ok(None) };
    let wrong = || layers.wrong("otel.endpoint", "must be the address of a collector, such as http://127.0.0.1:4318");
    let mut url = url::Url::parse(&endpoint.text).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong().into());
    }
    url.path_segments_mut().map_err(|()| wrong())?.pop_if_empty().extend(TRACES_PATH.split('/'));
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| anyhow::anyhow!("spans cannot be exported: {error}"))?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Collector { client, handle: handle.clone() })
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(url.as_str())
        .with_timeout(EXPORT_TIME)
        .with_headers(headers(layers)?)
        .build()
        .map_err(|error| anyhow::anyhow!("spans cannot be exported: {error}"))?;
    let resource = Resource::builder_empty()
        .with_service_name("bricklayer")
        .with_attribute(opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    Ok(Some(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build()))
}

/// `key=value` pairs with commas between them, as OpenTelemetry's own variable has it.
fn headers(layers: &Layers) -> anyhow::Result<HashMap<String, String>> {
    let Some(value) = layers.get("otel.headers") else { return Ok(HashMap::new()) };
    value
        .text
        .split(',')
        .filter(|pair| !pair.trim().is_empty())
        .map(|pair| {
            let (name, value) = pair
                .split_once('=')
                .ok_or_else(|| layers.wrong("otel.headers", "must be pairs such as authorization=Bearer%20x"))?;
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        })
        .collect()
}

/// The exporter works on a thread of its own, outside of tokio; requests run on the server's runtime.
#[derive(Debug)]
struct Collector {
    client: reqwest::Client,
    handle: Handle,
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, HttpError> {
        let client = self.client.clone();
        // The exporter's thread awaits it, so it has an owner.
        let sent = self.handle.spawn(async move {
            let mut request = reqwest::Request::try_from(request)?;
            request.timeout_mut().get_or_insert(EXPORT_TIME);
            client.execute(request).await
        });
        let response = sent.await??;
        // What a collector says beside its status is of no use here.
        let mut answer = http::Response::new(Bytes::new());
        *answer.status_mut() = response.status();
        Ok(answer)
    }
}
