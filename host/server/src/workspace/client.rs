//! The few questions that the pages ask the workspace directly, with the user's own token.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bricklayer_domain::{UserId, chain};
use http::StatusCode;
use secrecy::ExposeSecret;
use serde::{Deserialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::WorkspaceAccess;

/// Longest one request may take.
const REQUEST_LIMIT: Duration = Duration::from_secs(20);
/// Longest the connection may take to open.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Largest answer read; a page of a list is far smaller.
const MAX_ANSWER_BYTES: usize = 4 << 20;
/// Pages followed of one list; keeps a far end that never ends its list from holding a request.
const MAX_PAGES: usize = 20;
/// Age up to which an answer is given again; people open the same menu several times.
const CACHE_TIME: Duration = Duration::from_secs(10);
/// Answers kept over all users.
const MAX_CACHED: usize = 1_000;
/// Longest wait that a far end's Retry-After is passed on as.
const MAX_RETRY_AFTER_SECONDS: u64 = 3_600;

/// Why the workspace did not answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum WorkspaceError {
    /// It refused the user's token.
    #[error("the workspace refused the token")]
    Unauthenticated,
    /// It refused the user.
    #[error("the workspace refused: {0}")]
    PermissionDenied(String),
    /// The thing asked for does not exist there.
    #[error("the workspace does not know it: {0}")]
    NotFound(String),
    /// It asks to slow down.
    #[error("the workspace asks to slow down")]
    RateLimited {
        /// Seconds to wait.
        retry_after_seconds: u64,
    },
    /// It failed.
    #[error("the workspace failed with status {0}")]
    Failed(u16),
    /// It did not answer in time.
    #[error("the workspace did not answer in time")]
    Timeout,
    /// It cannot be reached.
    #[error("the workspace cannot be reached")]
    Unreachable,
    /// Its answer is not understood.
    #[error("the workspace's answer is not understood")]
    Nonsense,
}

/// A SQL warehouse that the user can choose.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Warehouse {
    /// Its id.
    pub id: String,
    /// For people.
    #[serde(default)]
    pub name: String,
    /// `RUNNING`, `STOPPED`, …
    #[serde(default)]
    pub state: String,
    /// `2X-Small`, …
    #[serde(default)]
    pub cluster_size: String,
    /// Who made it.
    #[serde(default)]
    pub creator_name: Option<String>,
    /// Whether it starts in seconds.
    #[serde(default)]
    pub enable_serverless_compute: bool,
}

/// A cluster that the user can choose.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Cluster {
    /// Its id.
    #[serde(rename = "cluster_id")]
    pub id: String,
    /// For people.
    #[serde(rename = "cluster_name", default)]
    pub name: String,
    /// `RUNNING`, `TERMINATED`, …
    #[serde(default)]
    pub state: String,
    /// Who made it.
    #[serde(rename = "creator_user_name", default)]
    pub creator_name: Option<String>,
    /// `UI`, `API`, `JOB`, …
    #[serde(rename = "cluster_source", default)]
    source: Option<String>,
}

/// A catalog that the user can choose.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Catalog {
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub comment: Option<String>,
}

/// A schema that the user can choose.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Schema {
    /// Its name within its catalog.
    pub name: String,
}

/// A person as the workspace knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceUser {
    /// Their e-mail address, or the application id of a service principal.
    pub name: String,
    /// The workspace's own number for them.
    pub id: Option<String>,
    /// Their addresses.
    pub emails: Vec<String>,
}

impl WorkspaceUser {
    /// Somebody of whom nothing but the name is known.
    #[must_use]
    pub const fn of_name(name: String) -> Self {
        Self { name, id: None, emails: Vec::new() }
    }

    /// Whether this is a name or an address of theirs; the case of letters does not matter.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name) || self.emails.iter().any(|email| email.eq_ignore_ascii_case(name))
    }
}

/// Databricks' error body.
#[derive(Deserialize)]
struct ErrorBody {
    #[serde(default)]
    message: String,
}

/// Who asked, with which credential (its digest), for what.
type CacheKey = (UserId, [u8; 32], String);
/// When it was answered, and with what.
type CacheEntry = (Instant, Arc<[u8]>);

/// Asks the workspace; one per server.
#[derive(Clone)]
pub struct WorkspaceClient {
    http: reqwest::Client,
    cache: Arc<Mutex<HashMap<CacheKey, CacheEntry>>>,
}

impl std::fmt::Debug for WorkspaceClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WorkspaceClient")
    }
}

impl WorkspaceClient {
    /// # Errors
    /// When the TLS roots cannot be loaded.
    pub fn new() -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_LIMIT)
            .timeout(REQUEST_LIMIT)
            .user_agent(concat!("bricklayer/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { http, cache: Arc::default() })
    }

    /// The SQL warehouses, the best to choose first: running serverless, serverless, running shared, running, shared,
    /// the rest.
    ///
    /// # Errors
    /// [`WorkspaceError`].
    pub async fn warehouses(&self, user: &UserId, access: &WorkspaceAccess) -> Result<Vec<Warehouse>, WorkspaceError> {
        #[derive(Deserialize)]
        struct Page {
            #[serde(default)]
            warehouses: Vec<Warehouse>,
        }
        let page: Page = self.get(user, access, "/api/2.0/sql/warehouses", &[]).await?;
        let mut warehouses = page.warehouses;
        warehouses.sort_by_key(rank);
        Ok(warehouses)
    }

    /// The clusters that people share, those that run first: what a job or pipeline has for itself is left out.
    ///
    /// # Errors
    /// [`WorkspaceError`].
    pub async fn clusters(&self, user: &UserId, access: &WorkspaceAccess) -> Result<Vec<Cluster>, WorkspaceError> {
        #[derive(Deserialize)]
        struct Page {
            #[serde(default)]
            clusters: Vec<Cluster>,
            #[serde(default)]
            next_page_token: Option<String>,
        }
        let page = |page: Page| (page.clusters, page.next_page_token);
        let mut all = self.pages(user, access, "/api/2.1/clusters/list", &[], page).await?;
        all.retain(|cluster| matches!(cluster.source.as_deref(), None | Some("UI" | "API")));
        all.sort_by_key(|cluster| !cluster.state.eq_ignore_ascii_case("running"));
        Ok(all)
    }

    /// The catalogs that the user sees.
    ///
    /// # Errors
    /// [`WorkspaceError`].
    pub async fn catalogs(&self, user: &UserId, access: &WorkspaceAccess) -> Result<Vec<Catalog>, WorkspaceError> {
        #[derive(Deserialize)]
        struct Page {
            #[serde(default)]
            catalogs: Vec<Catalog>,
            #[serde(default)]
            next_page_token: Option<String>,
        }
        let page = |page: Page| (page.catalogs, page.next_page_token);
        self.pages(user, access, "/api/2.1/unity-catalog/catalogs", &[], page).await
    }

    /// The schemas of a catalog that the user sees.
    ///
    /// # Errors
    /// [`WorkspaceError`].
    pub async fn schemas(
        &self,
        user: &UserId,
        access: &WorkspaceAccess,
        catalog: &str,
    ) -> Result<Vec<Schema>, WorkspaceError> {
        #[derive(Deserialize)]
        struct Page {
            #[serde(default)]
            schemas: Vec<Schema>,
            #[serde(default)]
            next_page_token: Option<String>,
        }
        let page = |page: Page| (page.schemas, page.next_page_token);
        self.pages(user, access, "/api/2.1/unity-catalog/schemas", &[("catalog_name", catalog)], page).await
    }

    /// All of a list, page by page.
    async fn pages<P: DeserializeOwned, T>(
        &self,
        user: &UserId,
        access: &WorkspaceAccess,
        path: &str,
        query: &[(&str, &str)],
        parts: impl Fn(P) -> (Vec<T>, Option<String>),
    ) -> Result<Vec<T>, WorkspaceError> {
        let mut all = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let of_page = token.as_deref().map(|token| ("page_token", token));
            let query: Vec<_> = query.iter().copied().chain(of_page).collect();
            let (items, next) = parts(self.get(user, access, path, &query).await?);
            all.extend(items);
            token = next.filter(|token| !token.is_empty());
            if token.is_none() {
                break;
            }
        }
        Ok(all)
    }

    /// Whose token it is (SCIM Me). Never from the cache.
    ///
    /// # Errors
    /// [`WorkspaceError`].
    pub async fn me(&self, access: &WorkspaceAccess) -> Result<WorkspaceUser, WorkspaceError> {
        #[derive(Deserialize)]
        struct Me {
            #[serde(rename = "userName")]
            user_name: String,
            #[serde(default)]
            id: Option<String>,
            #[serde(default)]
            emails: Vec<Email>,
        }
        #[derive(Deserialize)]
        struct Email {
            value: String,
        }
        let bytes = self.fetch(access, "/api/2.0/preview/scim/v2/Me", &[]).await?;
        let me: Me = serde_json::from_slice(&bytes).map_err(|_| WorkspaceError::Nonsense)?;
        let emails = me.emails.into_iter().map(|email| email.value).collect();
        Ok(WorkspaceUser { name: me.user_name, id: me.id, emails })
    }

    async fn get<T: DeserializeOwned>(
        &self,
        user: &UserId,
        access: &WorkspaceAccess,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, WorkspaceError> {
        let key = (
            user.clone(),
            Sha256::digest(access.credential.expose_secret()).into(),
            format!("{} {path} {query:?}", access.base_url),
        );
        let known = self.cached(&key);
        let bytes = match known {
            Some(bytes) => bytes,
            None => {
                let bytes: Arc<[u8]> = self.fetch(access, path, query).await?.into();
                self.remember(key, Arc::clone(&bytes));
                bytes
            }
        };
        serde_json::from_slice(&bytes).map_err(|_| WorkspaceError::Nonsense)
    }

    fn cached(&self, key: &CacheKey) -> Option<Arc<[u8]>> {
        let cache = self.cache.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        cache.get(key).filter(|(at, _)| at.elapsed() < CACHE_TIME).map(|(_, bytes)| Arc::clone(bytes))
    }

    fn remember(&self, key: CacheKey, bytes: Arc<[u8]>) {
        let mut cache = self.cache.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if cache.len() >= MAX_CACHED {
            cache.retain(|_, (at, _)| at.elapsed() < CACHE_TIME);
        }
        if cache.len() < MAX_CACHED {
            cache.insert(key, (Instant::now(), bytes));
        }
    }

    async fn fetch(
        &self,
        access: &WorkspaceAccess,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Vec<u8>, WorkspaceError> {
        let mut url = access.base_url.join(path).map_err(|_| WorkspaceError::Nonsense)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = self.http.get(url).bearer_auth(access.credential.expose_secret());
        let mut response = request.send().await.map_err(|error| transport(&error))?;
        let status = response.status();
        let retry_after = response.headers().get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after_seconds =
            retry_after.and_then(|text| text.parse().ok()).unwrap_or(1).min(MAX_RETRY_AFTER_SECONDS);
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| transport(&error))? {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(WorkspaceError::Nonsense);
            }
            body.extend_from_slice(&chunk);
        }
        if status.is_success() {
            return Ok(body);
        }
        let message = serde_json::from_slice::<ErrorBody>(&body).map(|body| body.message).unwrap_or_default();
        Err(match status {
            StatusCode::UNAUTHORIZED => WorkspaceError::Unauthenticated,
            StatusCode::FORBIDDEN => WorkspaceError::PermissionDenied(message),
            StatusCode::NOT_FOUND => WorkspaceError::NotFound(message),
            StatusCode::TOO_MANY_REQUESTS => WorkspaceError::RateLimited { retry_after_seconds },
            status => WorkspaceError::Failed(status.as_u16()),
        })
    }
}

fn transport(error: &reqwest::Error) -> WorkspaceError {
    tracing::debug!(error = chain(&error), "the workspace did not answer");
    if error.is_timeout() { WorkspaceError::Timeout } else { WorkspaceError::Unreachable }
}

fn rank(warehouse: &Warehouse) -> u8 {
    let running = warehouse.state.eq_ignore_ascii_case("running");
    let shared = warehouse.name.to_lowercase().contains("shared");
    match (running, warehouse.enable_serverless_compute, shared) {
        (true, true, _) => 0,
        (false, true, _) => 1,
        (true, false, true) => 2,
        (true, false, false) => 3,
        (false, false, true) => 4,
        (false, false, false) => 5,
    }
}
