//! The seam for recorded HTTP: whoever tests a plugin answers its requests in the place of the network.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;

/// Answers requests of plugins in the place of the network; see [`RuntimeConfig::far_end`](crate::RuntimeConfig).
///
/// It stands behind every check: what it is asked has passed the grants, lost the headers that belong to the host,
/// counts against the call's limits and is in the audit; what it answers is bounded and repeated (429, 503) like any
/// answer. No name is resolved and no connection made. It never gets a credential.
#[async_trait]
pub trait FarEnd: Send + Sync + fmt::Debug {
    /// Whether requests to this host are answered here: `workspace`, or a public host in lower case. Those to others go
    /// to the network as if there were no far end.
    fn plays(&self, host: &str) -> bool {
        let _ = host;
        true
    }

    /// Answers one request. A call that ends drops the future.
    ///
    /// # Errors
    /// [`Unanswered`]: to the plugin as if no connection could be made.
    async fn answer(&self, request: FarRequest) -> Result<FarAnswer, Unanswered>;

    /// Whether to hear what the network answers to requests that are not played. Answers are then read whole, within
    /// the call's bounds, before the plugin sees them.
    fn listens(&self) -> bool {
        false
    }

    /// Hears a request that went to the network, and the answer as the plugin sees it: after repetitions, bounded, and
    /// with the caller's credential starred out wherever it stood; or that there was none.
    fn heard(&self, request: FarRequest, answer: Result<FarAnswer, Unanswered>) {
        let _ = (request, answer);
    }
}

/// A request as it would have gone out, without the caller's credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FarRequest {
    /// Upper case.
    pub method: String,
    /// As the plugin wrote it and the checks understood it: `https://workspace/api/2.0/x?y=1`,
    /// `https://api.weather.example/v1/now`. Host in lower case, no port.
    pub url: String,
    /// Names in lower case, in the order in which they were set.
    pub headers: Vec<(String, String)>,
    /// Empty when there is none. At most 32 MiB.
    pub body: Bytes,
    /// Whether the caller's credential would have gone with it.
    pub as_caller: bool,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FarAnswer {
    /// From 100 to 999.
    pub status: u16,
    /// Names and values; those that are no header fail the request.
    pub headers: Vec<(String, String)>,
    /// At most 32 MiB.
    pub body: Bytes,
}

/// No answer, and why; the reason stands in the audit and in what the model reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unanswered(pub String);
