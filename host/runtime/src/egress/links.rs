//! Links by which the workspace gives a statement's rows instead of sending them itself: addresses at a cloud's storage,
//! signed, good for some minutes, fetched without any credential.
//!
//! A call may fetch exactly those that an answer to one of its own requests named, by GET. Who may read a statement's
//! rows by the workspace may read them by its link; so no grant beside that one is asked for. Addresses are vetted as ever.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bricklayer_package::{Audience, Method, Power};
use bytes::Bytes;
use http::Uri;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use serde::Deserialize;
use url::Url;
use wasmtime_wasi_http::{Error, WasiBody};

use super::check::Allowed;

/// Where the workspace answers with links.
const STATEMENTS: &str = "/api/2.0/sql/statements/";

/// Longest answer that is looked through for links; with links in it an answer has no rows.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// Links of one call: a result of the largest size has some thousand chunks.
const MAX_LINKS: usize = 16_384;

/// Links that a call may follow, and the power that each came by.
#[derive(Default)]
pub(super) struct Links(Mutex<HashMap<String, Power>>);

impl Links {
    /// The link that a request is for, whose address must be the very one that was named.
    pub(super) fn find(&self, method: &str, uri: &Uri) -> Option<(Url, Power)> {
        if method != Method::Get.as_str() {
            return None;
        }
        let address = uri.to_string();
        let power = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&address).cloned()?;
        Some((Url::parse(&address).ok()?, power))
    }

    fn add(&self, answer: &[u8], power: &Power) {
        let Ok(answer) = serde_json::from_slice::<Named>(answer) else { return };
        let inner = answer.result.unwrap_or_default().external_links;
        let mut links = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for link in answer.external_links.into_iter().chain(inner).flatten() {
            if links.len() < MAX_LINKS
                && let Ok(uri) = link.external_link.parse::<Uri>()
            {
                links.insert(uri.to_string(), power.clone());
            }
        }
    }

    /// The answer's body, looked through for links as it passes, when it may name some.
    pub(super) fn watch(self: &Arc<Self>, allowed: &Allowed, body: WasiBody) -> WasiBody {
        let may_name = allowed.audience == Audience::Workspace
            && allowed.credential
            && format!("{}/", allowed.uri.path()).starts_with(STATEMENTS);
        if !may_name {
            return body;
        }
        let (links, power) = (Arc::clone(self), allowed.power.clone());
        Watching { inner: body, seen: Some(Vec::new()), links, power }.boxed_unsync()
    }
}

/// An answer that may name links.
#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    external_links: Option<Vec<Link>>,
    #[serde(default)]
    result: Option<Inner>,
}

#[derive(Default, Deserialize)]
struct Inner {
    #[serde(default)]
    external_links: Option<Vec<Link>>,
}

#[derive(Deserialize)]
struct Link {
    external_link: String,
}

struct Watching {
    inner: WasiBody,
    /// What has passed; gone when it is too long to name links, or was looked through.
    seen: Option<Vec<u8>>,
    links: Arc<Links>,
    power: Power,
}

impl Watching {
    fn end(&mut self) {
        if let Some(seen) = self.seen.take() {
            self.links.add(&seen, &self.power);
        }
    }
}

impl Body for Watching {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                if let (Some(data), Some(seen)) = (frame.data_ref(), &mut self.seen) {
                    if seen.len() + data.len() <= MAX_ANSWER_BYTES {
                        seen.extend_from_slice(data);
                    } else {
                        self.seen = None;
                    }
                }
                if self.inner.is_end_stream() {
                    self.end();
                }
            }
            Some(Err(_)) => self.seen = None,
            None => self.end(),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
