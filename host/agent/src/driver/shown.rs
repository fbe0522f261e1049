//! Loads the pictures and documents that the model is shown, once for a turn.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bricklayer_domain::{AttachmentType, ResultId, chain};

use crate::model::{Shown, ShownResults};
use crate::ports::{ReadError, ResultReader};

/// Bytes of base64 in one request: with the conversation beside them it stays below what the API takes.
const MAX_SHOWN_BYTES: usize = 24 * 1024 * 1024;

/// Pieces in one request. With more than 20 pictures the API takes only small ones.
const MAX_SHOWN: usize = 20;

/// The newest of these results that fit into a request. What was loaded before is taken from there.
pub(super) async fn load(results: &dyn ResultReader, wanted: &[ResultId], before: &ShownResults) -> ShownResults {
    let mut shown = HashMap::with_capacity(wanted.len());
    let (mut count, mut room) = (0, MAX_SHOWN_BYTES);
    for id in wanted.iter().rev() {
        if shown.contains_key(id) {
            continue;
        }
        let found = match before.get(id) {
            Some(Some(known)) => Some(Arc::clone(known)),
            _ if count == MAX_SHOWN || room == 0 => None,
            _ => load_one(results, *id, room).await.unwrap_or_else(|error| {
                tracing::warn!(result.id = %id, error = chain(&error), "what the model was to see was not loaded");
                None
            }),
        };
        let found = found.filter(|one| count < MAX_SHOWN && one.base64.len() <= room);
        match &found {
            Some(one) => {
                count += 1;
                room = room.saturating_sub(one.base64.len());
            }
            // What is older is not shown either: what a model sees then changes at one place only.
            None => room = 0,
        }
        shown.insert(*id, found);
    }
    Arc::new(shown)
}

async fn load_one(results: &dyn ResultReader, id: ResultId, room: usize) -> Result<Option<Arc<Shown>>, ReadError> {
    let stored = results.describe(id).await?;
    let media_type = stored.head.media_type.as_deref().and_then(AttachmentType::of);
    let size = usize::try_from(stored.bytes).unwrap_or(usize::MAX);
    let Some(media_type) = media_type.filter(|_| stored.cut.is_none() && size <= room / 4 * 3) else { return Ok(None) };
    let bytes = results.bytes(id, 0, size).await?;
    Ok(Some(Arc::new(Shown { media_type, base64: STANDARD.encode(bytes) })))
}
