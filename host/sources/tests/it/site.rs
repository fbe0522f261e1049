//! A small HTTP/1.1 server with a script: routes by method and path prefix, answers that may lie.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// What a client asked for.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path with query.
    pub(crate) target: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Body,
}

#[derive(Debug, Clone)]
enum Body {
    Whole(Vec<u8>),
    /// A content length that need not be true.
    Declared(u64, Vec<u8>),
    /// Chunks without end.
    Endless,
    /// Nothing at all, ever.
    Silence,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: Body::Whole(body.into()) }
    }

    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, body)
    }

    pub(crate) fn declared(length: u64, body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, headers: Vec::new(), body: Body::Declared(length, body.into()) }
    }

    pub(crate) fn endless() -> Self {
        Self { status: 200, headers: Vec::new(), body: Body::Endless }
    }

    pub(crate) fn silence() -> Self {
        Self { status: 200, headers: Vec::new(), body: Body::Silence }
    }

    pub(crate) fn redirect(to: &str) -> Self {
        Self::new(307, "").header("location", to)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

type Handler = Arc<dyn Fn(&Request) -> Reply + Send + Sync>;

#[derive(Default)]
struct Script {
    routes: Mutex<BTreeMap<String, Handler>>,
    requests: Mutex<Vec<Request>>,
    connections: AtomicUsize,
    bytes_sent: AtomicU64,
}

/// A running server; dropping it ends it.
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    script: Arc<Script>,
    _tasks: JoinSet<()>,
}

impl Site {
    pub(crate) async fn start() -> Self {
        Self::start_with(None).await
    }

    pub(crate) async fn start_with(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let script = Arc::new(Script::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&script), tls));
        Self { address, script, _tasks: tasks }
    }

    /// Answers requests whose `METHOD path` begins with the route; the longest route wins.
    pub(crate) fn on(&self, route: &str, reply: Reply) -> &Self {
        self.on_fn(route, move |_| reply.clone())
    }

    pub(crate) fn on_fn(&self, route: &str, handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> &Self {
        self.script.routes.lock().unwrap().insert(route.to_owned(), Arc::new(handler));
        self
    }

    pub(crate) fn requests(&self, route: &str) -> Vec<Request> {
        let requests = self.script.requests.lock().unwrap();
        requests.iter().filter(|r| format!("{} {}", r.method, r.target).starts_with(route)).cloned().collect()
    }

    pub(crate) fn connections(&self) -> usize {
        self.script.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn bytes_sent(&self) -> u64 {
        self.script.bytes_sent.load(Ordering::SeqCst)
    }
}

async fn accept(listener: TcpListener, script: Arc<Script>, tls: Option<TlsAcceptor>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        script.connections.fetch_add(1, Ordering::SeqCst);
        let (script, tls) = (Arc::clone(&script), tls.clone());
        connections.spawn(async move {
            let _ = match tls {
                None => serve(stream, &script).await,
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => serve(stream, &script).await,
                    Err(error) => Err(error),
                },
            };
        });
    }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, script: &Script) -> io::Result<()> {
    let request = read_request(&mut stream).await?;
    let key = format!("{} {}", request.method, request.target);
    script.requests.lock().unwrap().push(request.clone());
    let handler = {
        let routes = script.routes.lock().unwrap();
        let longest = routes.iter().filter(|(route, _)| key.starts_with(*route)).max_by_key(|(route, _)| route.len());
        longest.map(|(_, handler)| Arc::clone(handler))
    };
    let reply = handler.map_or_else(|| Reply::new(404, "nothing here"), |handler| handler(&request));
    let mut head = format!("HTTP/1.1 {} Scripted\r\nconnection: close\r\n", reply.status);
    for (name, value) in &reply.headers {
        head += &format!("{name}: {value}\r\n");
    }
    match reply.body {
        Body::Whole(body) => {
            head += &format!("content-length: {}\r\n\r\n", body.len());
            send(&mut stream, script, &[head.as_bytes(), &body].concat()).await?;
        }
        Body::Declared(length, body) => {
            head += &format!("content-length: {length}\r\n\r\n");
            send(&mut stream, script, &[head.as_bytes(), &body].concat()).await?;
        }
        Body::Endless => {
            head += "transfer-encoding: chunked\r\n\r\n";
            send(&mut stream, script, head.as_bytes()).await?;
            let chunk = [b"4000\r\n".as_slice(), &[b'x'; 0x4000], b"\r\n"].concat();
            loop {
                send(&mut stream, script, &chunk).await?;
            }
        }
        Body::Silence => tokio::time::sleep(Duration::from_secs(3600)).await,
    }
    stream.shutdown().await
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), script: &Script, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    script.bytes_sent.fetch_add(bytes.len() as u64, Ordering::SeqCst);
    Ok(())
}

async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Request> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
        assert!(head.len() < 64 * 1024, "a request head is short");
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0usize);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Request { method: method.to_owned(), target: target.to_owned(), headers, body })
}

/// A certificate for 127.0.0.1 and localhost: the server's side, and the PEM that trusts it.
pub(crate) fn certificate() -> (TlsAcceptor, Vec<u8>) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let rcgen::CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(names).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
    let config =
        rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).unwrap();
    (TlsAcceptor::from(Arc::new(config)), cert.pem().into_bytes())
}

impl Site {
    /// Drops the routes that begin so.
    pub(crate) fn forget(&self, prefix: &str) {
        self.script.routes.lock().unwrap().retain(|route, _| !route.starts_with(prefix));
    }
}
