//! What all requests of one client share.

use std::sync::Arc;

use rmcp::model::RequestStateCodec;
use tokio::sync::Semaphore;

use crate::logging::Level;

/// Calls of one client that run or wait at once; each holds its arguments and a sandbox.
const MAX_CALLS: usize = 64;

/// Seals what a client holds for the host between two rounds of a call, so that any host can trust what comes back.
/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sealer(pub(crate) Arc<RequestStateCodec>);

impl Sealer {
    /// With the key that all hosts share: 32 random bytes.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        Self(Arc::new(RequestStateCodec::new_unchecked(key)))
    }
}

/// What all requests of one client share; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) sealer: Sealer,
    /// From which level on it hears log messages; for sessions.
    pub(crate) level: Arc<Level>,
    pub(crate) calls: Arc<Semaphore>,
}

impl Shared {
    pub(crate) fn new(sealer: Sealer) -> Self {
        Self { sealer, level: Arc::default(), calls: Arc::new(Semaphore::new(MAX_CALLS)) }
    }
}
