//! `continuation` of the contract: how a call's remote work goes on when the host leaves.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::Value;

use super::wit::continuation as wit;
use crate::call::{CallInfo, CallState};
use crate::context::Continuation;
use crate::{Plugin, convert};

/// Bytes of a continuation's arguments, as the contract states them; protects the log.
const MAX_INPUT_BYTES: usize = 16_384;

impl wit::Host for CallState {
    async fn offer(&mut self, tool: String, input: String) -> wasmtime::Result<Result<(), wit::ContinuationError>> {
        self.count()?;
        let invalid = |why: &str| Ok(Err(wit::ContinuationError::Invalid(why.to_owned())));
        if input.len() > MAX_INPUT_BYTES {
            return invalid("the input has more than 16384 bytes");
        }
        let Ok(input @ Value::Object(_)) = serde_json::from_str(&input) else {
            return invalid("the input is no JSON object");
        };
        if let Err(why) = fits(&self.call.own, &tool, &input) {
            return invalid(&why);
        }
        Ok(keep(Arc::clone(&self.call), Some(Continuation { tool, input })).await)
    }

    async fn withdraw(&mut self) -> wasmtime::Result<()> {
        self.count()?;
        if self.call.continued.swap(false, Ordering::SeqCst) {
            // Nothing is lost when this fails: what the offer named has ended, and says so when it is asked.
            let _ = keep(Arc::clone(&self.call), None).await;
        }
        Ok(())
    }
}

/// Whether a tool may continue a call: there is one, it only reads, and its arguments fit.
fn fits(plugin: &Plugin, tool: &str, input: &Value) -> Result<(), String> {
    let found = plugin.entry(tool).ok_or_else(|| format!("the plugin has no tool `{tool}`"))?;
    if !plugin.manifest().annotations(tool).read_only {
        return Err(format!("the tool `{tool}` does not only read, so nobody would have allowed it"));
    }
    convert::arguments(&found.function, input).map(drop).map_err(|fault| fault.to_string())
}

/// Takes the call and not its state, which cannot be shared between threads.
async fn keep(call: Arc<CallInfo>, continuation: Option<Continuation>) -> Result<(), wit::ContinuationError> {
    let Some(handover) = &call.ctx.handover else {
        return Err(wit::ContinuationError::Unavailable("nobody would continue this call".to_owned()));
    };
    let offered = continuation.is_some();
    match handover.keep(continuation).await {
        Ok(()) => {
            call.continued.store(offered, Ordering::SeqCst);
            Ok(())
        }
        Err(error) => {
            tracing::error!(error = &*error as &dyn Error, "how a call is continued was not stored");
            Err(wit::ContinuationError::Unavailable("the host's database cannot be reached".to_owned()))
        }
    }
}
