//! Telling clients that there are other tools than they were told of.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;

use bricklayer_domain::chain;
use tokio::sync::watch;

use crate::door::Door;

/// The list of tools as a number: another one when any tool is another.
async fn print(door: &dyn Door) -> Option<u64> {
    let gate = match door.gate().await {
        Ok(gate) => gate,
        Err(error) => {
            tracing::debug!(error = chain(&error), "an MCP client's tools could not be looked at");
            return None;
        }
    };
    let mut hasher = DefaultHasher::new();
    for spec in gate.list().iter() {
        (&spec.name, &spec.description).hash(&mut hasher);
        spec.input_schema.to_string().hash(&mut hasher);
    }
    Some(hasher.finish())
}

/// Calls `tell` whenever a client has other tools than before, until it says that nobody listens any more. `changes` is from
/// before the client could have asked for its tools: what changed since then is told in any case.
pub(crate) async fn watch(door: Arc<dyn Door>, mut changes: watch::Receiver<u64>, mut tell: impl AsyncFnMut() -> bool) {
    let listed = print(&*door).await;
    let mut known = listed.filter(|_| matches!(changes.has_changed(), Ok(false)));
    while changes.changed().await.is_ok() {
        let now = print(&*door).await;
        // To look again for nothing does no harm, and not to look does.
        if now.is_none() || now != known {
            known = now;
            if !tell().await {
                return;
            }
        }
    }
}
