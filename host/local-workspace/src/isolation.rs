//! Many workspaces behind one address, for tests that run side by side: the token says which.
//!
//! A token that is known has a workspace of its own. Followed by `:NAME`, it is its user's in the workspace of that name,
//! which all who name it share. Each has its own folder, engine and rules of faults, and is made when it is first seen.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;
use tower_service::Service as _;

use crate::{
    areas::Areas,
    config::{Config, Token},
    http::{FORWARDED_PREFIX, error::ApiError},
    identity,
};

/// Folder of all isolated workspaces in the data folder.
const FOLDER: &str = "isolated";

/// Where addresses begin that carry no token, such as those of results: the workspace's key follows.
const PREFIX: &str = "/_isolated/";

/// Longest name of a workspace.
const LONGEST_NAME: usize = 64;

/// The workspaces; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Isolated(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    config: Config,
    known: Mutex<HashMap<String, Arc<OnceCell<Opened>>>>,
}

#[derive(Debug)]
struct Opened {
    areas: Areas,
    router: Router,
}

/// Which workspace a token leads to, and the tokens that do.
#[derive(Debug, PartialEq, Eq)]
struct Door {
    key: String,
    tokens: Vec<Token>,
}

impl Isolated {
    pub(crate) fn new(config: Config) -> Self {
        Self(Arc::new(Shared { config, known: Mutex::default() }))
    }

    pub(crate) fn router(&self) -> Router {
        Router::new().fallback(dispatch).with_state(self.clone())
    }

    /// Ends what runs in all of them.
    pub(crate) async fn end(&self) {
        for opened in self.opened() {
            if let Some(opened) = opened.get() {
                opened.areas.end().await;
            }
        }
    }

    /// Writes everything of all of them to disk.
    pub(crate) async fn close(&self) {
        for opened in self.opened() {
            if let Some(opened) = opened.get() {
                opened.areas.close().await;
            }
        }
    }

    fn opened(&self) -> Vec<Arc<OnceCell<Opened>>> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<OnceCell<Opened>>>> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The routes of the workspace behind a door, opened when it is not yet.
    async fn enter(&self, door: Door) -> Result<Router, ApiError> {
        let config = &self.0.config;
        let cell = {
            let mut known = self.lock();
            let count = known.len();
            match known.get(&door.key) {
                Some(cell) => Arc::clone(cell),
                None if count >= config.isolated_most => {
                    let most = config.isolated_most;
                    let message = format!("There are {most} isolated workspaces already; --isolated-most allows more.");
                    return Err(ApiError::new(StatusCode::BAD_REQUEST, "QUOTA_EXCEEDED", message));
                }
                None => Arc::clone(known.entry(door.key.clone()).or_default()),
            }
        };
        let opened = cell.get_or_try_init(|| open(config, &door));
        match opened.await {
            Ok(opened) => Ok(opened.router.clone()),
            Err(e) => Err(ApiError::internal("The isolated workspace cannot be opened.").caused_by(e)),
        }
    }

    /// The routes of an open workspace, by its key.
    fn entered(&self, key: &str) -> Option<Router> {
        self.lock().get(key)?.get().map(|opened| opened.router.clone())
    }
}

/// Opens a workspace of its own folder and users; machines have none of their own there.
async fn open(config: &Config, door: &Door) -> anyhow::Result<Opened> {
    let data_dir = config.data_dir.join(FOLDER).join(&door.key);
    std::fs::create_dir_all(&data_dir)?;
    let tokens = door.tokens.clone();
    let config = Config { data_dir, tokens, service_principals: Vec::new(), ..config.clone() };
    let areas = Areas::open(&config).await?;
    let router = areas.router();
    Ok(Opened { areas, router })
}

/// Where a token leads; `None` for one that nobody has.
fn door(tokens: &[Token], bearer: &str) -> Option<Door> {
    if let Some(token) = tokens.iter().find(|token| identity::same(&token.secret, bearer)) {
        return Some(Door { key: key("token", bearer), tokens: vec![token.clone()] });
    }
    let (secret, name) = bearer.rsplit_once(':')?;
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(fits) {
        return None;
    }
    tokens.iter().find(|token| identity::same(&token.secret, secret))?;
    let named = |token: &Token| Token::new(format!("{}:{name}", token.secret), token.user.clone());
    Some(Door { key: key("name", name), tokens: tokens.iter().map(named).collect() })
}

/// A workspace's folder and address: nothing of the token can be read from it.
fn key(kind: &str, text: &str) -> String {
    let digest = Sha256::new().chain_update(kind).chain_update([0_u8]).chain_update(text).finalize();
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

async fn dispatch(State(isolated): State<Isolated>, mut request: Request) -> Result<Response, ApiError> {
    let (key, mut router) = match identity::bearer(request.headers()) {
        Some(bearer) => {
            let door = door(&isolated.0.config.tokens, bearer).ok_or_else(identity::invalid_token)?;
            (door.key.clone(), isolated.enter(door).await?)
        }
        None => {
            let (key, rest) = without_prefix(request.uri()).ok_or_else(identity::unauthenticated)?;
            let router = isolated.entered(&key).ok_or_else(identity::unauthenticated)?;
            *request.uri_mut() = rest;
            (key, router)
        }
    };
    // Addresses that it gives lead back to it.
    if let Ok(prefix) = HeaderValue::try_from(format!("{PREFIX}{key}")) {
        request.headers_mut().insert(FORWARDED_PREFIX, prefix);
    }
    let answered: Result<Response, Infallible> = router.call(request).await;
    Ok(answered.into_response())
}

/// The key of an address that begins with the prefix, and the address within that workspace.
fn without_prefix(uri: &Uri) -> Option<(String, Uri)> {
    let rest = uri.path_and_query()?.as_str().strip_prefix(PREFIX)?;
    let (key, _) = rest.split_once('/')?;
    let within = rest.strip_prefix(key)?;
    Some((key.to_owned(), within.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_lead_to_their_own_workspace_or_to_a_named_one() {
        let tokens = [Token::new("a", "ann"), Token::new("b:x", "bob")];
        let key = |bearer: &str| door(&tokens, bearer).map(|door| door.key);
        let users = |bearer: &str| door(&tokens, bearer).unwrap().tokens;
        assert_eq!(users("a"), [Token::new("a", "ann")]);
        assert_eq!(users("a:one"), [Token::new("a:one", "ann"), Token::new("b:x:one", "bob")]);
        assert_eq!(key("a:one"), key("b:x:one"));
        assert_eq!(users("b:x"), [Token::new("b:x", "bob")], "a whole token is no name");
        let all = ["a", "b:x", "a:one", "a:two"].map(key);
        assert!(all.iter().all(Option::is_some));
        assert_eq!(all.iter().collect::<std::collections::HashSet<_>>().len(), all.len());
        let long = format!("a:{}", "x".repeat(LONGEST_NAME + 1));
        for bearer in ["", "c", "c:one", "b:one", "a:", "a:../x", "a:a b", "a:ä", &long] {
            assert_eq!(key(bearer), None, "{bearer}");
        }
    }

    #[test]
    fn addresses_without_token_name_their_workspace() {
        let parse = |text: &str| without_prefix(&text.parse().unwrap()).map(|(key, uri)| (key, uri.to_string()));
        let expect = Some(("abc".to_owned(), "/_results/1?x=/_isolated/".to_owned()));
        assert_eq!(parse("/_isolated/abc/_results/1?x=/_isolated/"), expect);
        for other in ["/", "/_isolated/abc", "/_isolated", "/x/_isolated/abc/d"] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
