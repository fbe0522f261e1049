//! What one call would meet, found out by the plugin with powers that change nothing.

use std::sync::Arc;

use bricklayer_domain::{CallPreview, ToolErrorKind, ToolFailure, ToolOutcome, cut};
use serde_json::Value;
use wasmtime::component::Val;

use crate::call::Invocation;
use crate::context::MemoryState;
use crate::tally::Tally;
use crate::{AuditSink, CallContext, PreparedCall, RequestRecord, Runtime};

/// Bytes of what a plugin tells; more is for nobody to read before they answer.
const MAX_PREVIEW_BYTES: usize = 16 * 1024;

/// Bytes of why it could not be found out.
const MAX_REASON_BYTES: usize = 500;

/// Keeps what was sent: to look is no call of its own.
struct Requests(Arc<dyn AuditSink>);

impl AuditSink for Requests {
    fn request(&self, record: RequestRecord) {
        self.0.request(record);
    }
}

impl Runtime {
    /// What one particular call would meet, as the plugin's exported `previews` finds out; none when it has none, or has
    /// nothing to tell. It looks with what of the context's grants is for looking, and with a state that is forgotten
    /// afterwards. Ask only when the user is asked about the call.
    pub async fn preview(&self, call: &PreparedCall, ctx: CallContext) -> Option<CallPreview> {
        let plugin = call.tool().plugin();
        let (entry, input) = (plugin.preview()?, call.canonical()?);
        call.arguments().ok()?;
        let arguments = vec![Val::String(call.tool().short_name().to_owned()), Val::String(input.as_ref().to_owned())];
        let grants = Arc::new(ctx.grants.to_look(&plugin.manifest().previews));
        let ctx = CallContext {
            grants,
            state: Arc::new(MemoryState::default()),
            audit: Arc::new(Requests(Arc::clone(&ctx.audit))),
            progress: Arc::new(|_| {}),
            handover: None,
            results: None,
            operations: None,
            ..ctx
        };
        let who = plugin.profile().identity(&entry.function.tool, &ctx.caller);
        let tally = Tally::new(who, Arc::clone(&ctx.audit), Arc::clone(call.argument_digest()));
        let asked = Invocation { entry: Arc::clone(entry), arguments: Arc::new(arguments), counted: false };
        read(self.enter(plugin, Some(asked), ctx, tally).await)
    }
}

/// Reads what a plugin answered.
fn read(outcome: ToolOutcome) -> Option<CallPreview> {
    if let Some(ToolFailure { kind, message, .. }) = outcome.failure {
        let why = match kind {
            ToolErrorKind::Timeout => "looking took too long".to_owned(),
            ToolErrorKind::Trap => "the plugin failed while it looked".to_owned(),
            _ => cut(message.lines().next().unwrap_or_default(), MAX_REASON_BYTES).to_owned(),
        };
        return Some(CallPreview::Unknown(why));
    }
    let found = outcome.structured?.get_mut("result").map(Value::take)?;
    let found = found.as_str().filter(|found| !found.trim().is_empty())?;
    let cut = cut(found, MAX_PREVIEW_BYTES);
    let rest = if cut.len() < found.len() { "\n(more is not shown)" } else { "" };
    Some(CallPreview::Found(format!("{cut}{rest}")))
}
