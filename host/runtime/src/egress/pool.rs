//! Pooled keep-alive connections, one pool per user and far end: no connection ever carries two users' requests.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bricklayer_domain::UserId;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use wasmtime_wasi_http::WasiBody;

use super::address::VettingResolver;
use super::{OperatorHosts, Origin};

/// Connections without work are closed after this; below the idle limits that load balancers commonly have.
const IDLE: Duration = Duration::from_secs(50);

/// Idle connections kept for one user and far end.
const MAX_IDLE: usize = 8;

/// Pools kept in all; the one unused the longest goes first.
const MAX_POOLS: usize = 512;

pub(super) type HttpClient = Client<HttpsConnector<HttpConnector<VettingResolver>>, WasiBody>;

pub(super) struct Pool {
    connector: HttpsConnector<HttpConnector<VettingResolver>>,
    clients: Mutex<HashMap<(UserId, Origin), (HttpClient, Instant)>>,
}

impl Pool {
    pub(super) fn new(operator: OperatorHosts, connect: Duration) -> Result<Self, String> {
        let mut http = HttpConnector::new_with_resolver(VettingResolver::new(operator));
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(connect));
        // The provider is named here, so that nothing depends on a process-wide default being installed.
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
            .map_err(|error| error.to_string())?
            .https_or_http()
            .enable_http1();
        Ok(Self { connector: connector.wrap_connector(http), clients: Mutex::default() })
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
            .build(self.connector.clone());
        clients.insert(key, (client.clone(), now));
        client
    }
}
