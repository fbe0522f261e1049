//! Pooled keep-alive connections, one pool per user and far end: no connection ever carries two users' requests.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bricklayer_domain::UserId;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use wasmtime_wasi_http::WasiBody;

use super::Origin;
use super::address::{self, Lookup, VettingResolver};

/// Connections without work are closed after this; below the idle limits that load balancers commonly have.
const IDLE: Duration = Duration::from_secs(50);

/// Idle connections kept for one user and far end.
const MAX_IDLE: usize = 8;

/// Pools kept in all; the one unused the longest goes first.
const MAX_POOLS: usize = 512;

type Connector = HttpsConnector<HttpConnector<VettingResolver>>;

pub(super) type HttpClient = Client<Connector, WasiBody>;

pub(super) struct Pool {
    /// To public addresses only.
    public: Connector,
    /// To wherever the name of an origin leads that the operator named.
    named: Connector,
    clients: Mutex<HashMap<(UserId, Origin), (HttpClient, Instant)>>,
}

impl Pool {
    pub(super) fn new(connect: Duration) -> Result<Self, String> {
        Self::with_lookup(connect, &address::system())
    }

    fn with_lookup(connect: Duration, lookup: &Lookup) -> Result<Self, String> {
        let connector = |private| {
            let mut http = HttpConnector::new_with_resolver(VettingResolver::new(private, Arc::clone(lookup)));
            http.enforce_http(false);
            http.set_nodelay(true);
            http.set_connect_timeout(Some(connect));
            // The provider is named here, so that nothing depends on a process-wide default being installed.
            let connector = HttpsConnectorBuilder::new()
                .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
                .map_err(|error| error.to_string())?
                .https_or_http()
                .enable_http1();
            Ok::<_, String>(connector.wrap_connector(http))
        };
        Ok(Self { public: connector(false)?, named: connector(true)?, clients: Mutex::default() })
    }

    /// The client for one user and far end. Must be called where tokio runs: connections live on the caller's runtime.
    pub(super) fn client(&self, user: &UserId, origin: &Origin) -> HttpClient {
        let now = Instant::now();
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (user.clone(), origin.clone());
        if let Some((client, used)) = clients.get_mut(&key) {
            *used = now;
            return client.clone();
        }
        if clients.len() >= MAX_POOLS {
            let oldest = clients.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                clients.remove(&oldest);
            }
        }
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(MAX_IDLE)
            .build(if origin.named { &self.named } else { &self.public }.clone());
        clients.insert(key, (client.clone(), now));
        client
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, SocketAddr};
    use std::sync::atomic::{AtomicUsize, Ordering};

    use http::Request;
    use http_body_util::{BodyExt as _, Empty};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// A name server that changes its mind: first a public address, then the trap's, then both.
    fn rebinding(trap: IpAddr) -> (Lookup, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        // An address of the public range that nothing of a test's machine leads to.
        let public: IpAddr = "100.128.0.1".parse().unwrap();
        let lookup: Lookup = Arc::new(move |_| {
            let found = match count.fetch_add(1, Ordering::SeqCst) {
                0 => vec![public],
                1 => vec![trap],
                _ => vec![public, trap],
            };
            Box::pin(async move { Ok(found.into_iter().map(|ip| SocketAddr::new(ip, 0)).collect()) })
        });
        (lookup, asked)
    }

    async fn get(client: &HttpClient, port: u16) -> Result<(), String> {
        let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
        let request = Request::get(format!("http://rebind.example:{port}/")).body(body).unwrap();
        let chain = |error: hyper_util::client::legacy::Error| {
            let mut text = error.to_string();
            let mut cause = std::error::Error::source(&error);
            while let Some(source) = cause {
                text.push_str(&format!(": {source}"));
                cause = source.source();
            }
            text
        };
        client.request(request).await.map(drop).map_err(chain)
    }

    #[tokio::test]
    async fn a_name_that_moves_to_a_private_address_is_not_followed() {
        let trap = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = trap.local_addr().unwrap();
        let connect = Duration::from_millis(200);
        let user = UserId::parse("ada@example.com").unwrap();
        let origin = Origin { https: false, host: "rebind.example".to_owned(), port: address.port(), named: false };

        let (lookup, asked) = rebinding(address.ip());
        let pool = Pool::with_lookup(connect, &lookup).unwrap();
        let client = pool.client(&user, &origin);
        let first = get(&client, address.port()).await.unwrap_err();
        assert!(!first.contains("not public"), "vetted and tried: {first}");
        for _ in 0..3 {
            let error = get(&client, address.port()).await.unwrap_err();
            assert!(error.contains("rebind.example resolves to an address that is not public"), "{error}");
        }
        assert_eq!(asked.load(Ordering::SeqCst), 4, "each connection asks once, and connects to what was vetted");
        let arrived = tokio::time::timeout(Duration::from_millis(50), trap.accept()).await;
        assert!(arrived.is_err(), "somebody walked into the trap");

        // The trap works: a host that the operator named is connected to there.
        let client = pool.client(&user, &Origin { named: true, ..origin });
        let answer = async {
            let (mut stream, _) = trap.accept().await.unwrap();
            let mut request = [0u8; 1024];
            assert!(stream.read(&mut request).await.unwrap() > 0);
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
            stream
        };
        let (got, _stream) = tokio::join!(get(&client, address.port()), answer);
        got.unwrap();
    }
}
