//! One call of a tool.

use std::time::Instant;

use bricklayer_domain::{ToolCall, ToolCallId, ToolErrorKind, ToolName, ToolOutcome};
use bricklayer_tools::{Approvals, CallLink, Gate, MAX_JSON_DEPTH, fits_depth};
use rmcp::model::{CallToolRequestParams, CallToolResponse, ProtocolVersion};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::Value;
use uuid::Uuid;

use crate::ask::{Direct, shows_forms};
use crate::door::{Door, failed};
use crate::rounds::{Given, Rounds};
use crate::shared::Shared;
use crate::{logging, progress, tools};

/// Makes a call and tells what came of it. A fault of the call is a result with `isError`, which a model can act on;
/// what is no call at all is an error of the protocol.
pub(crate) async fn call(
    shared: &Shared,
    door: &dyn Door,
    params: CallToolRequestParams,
    context: RequestContext<RoleServer>,
) -> Result<CallToolResponse, ErrorData> {
    let CallToolRequestParams { name, arguments, input_responses, request_state, .. } = params;
    let input = Value::Object(arguments.unwrap_or_default());
    if !fits_depth(&input) {
        let message = format!("`arguments` nests deeper than {MAX_JSON_DEPTH} levels; flatten it");
        return Err(ErrorData::invalid_params(message, None));
    }
    // Ids of clients' requests are theirs to choose and to repeat, so the record of a call has one of ours.
    let id = ToolCallId(format!("mcp_{}", Uuid::now_v7().simple()));
    let call = ToolCall { id, name: ToolName(name.into_owned()), input };
    let gate = door.gate().await.map_err(failed)?;
    let promises = gate.listed(&call.name).is_some_and(|spec| spec.output_schema.is_some());
    let shows_forms = shows_forms(context.client_capabilities().as_ref());
    let began = Instant::now();
    let outcome = if is_modern(&context) {
        let given = Given::of(request_state, input_responses);
        let asking = Rounds::new(&shared.sealer, door, shows_forms, given);
        tokio::select! {
            biased;
            outcome = run(&gate, &call, &asking, &context) => outcome,
            // Nothing of the call has begun.
            asked = asking.asked() => return asked.map(CallToolResponse::from),
        }
    } else {
        run(&gate, &call, &Direct { peer: context.peer.clone(), shows_forms }, &context).await
    };
    if let Some(failure) = outcome.failure.as_ref().filter(|failure| failure.kind == ToolErrorKind::UnknownTool) {
        return Err(ErrorData::invalid_params(failure.message.clone(), None));
    }
    door.finished(&call, &outcome);
    let from = if is_modern(&context) { context.meta.log_level() } else { shared.level.get() };
    if let Some(message) = from.and_then(|from| logging::ended(from, &call, &outcome, began.elapsed())) {
        logging::tell(&context.peer, message).await;
    }
    Ok(tools::result(outcome, promises).into())
}

/// Whether a request is of a revision from 2026-07-28 on: without sessions, and without requests of the server's own.
pub(crate) fn is_modern(context: &RequestContext<RoleServer>) -> bool {
    context.protocol_version().is_some_and(|version| version >= ProtocolVersion::V_2026_07_28)
}

/// Makes the call, and tells its progress where the client gave a token for it.
async fn run(
    gate: &Gate,
    call: &ToolCall,
    asking: &dyn Approvals,
    context: &RequestContext<RoleServer>,
) -> ToolOutcome {
    let mut link = CallLink::new(context.ct.clone());
    match context.meta.get_progress_token() {
        None => gate.call(call, asking, link).await,
        Some(token) => {
            let (sink, telling) = progress::telling(context.peer.clone(), token);
            link.progress = sink;
            // The sink goes with the call, and its end ends the telling.
            tokio::join!(gate.call(call, asking, link), telling).0
        }
    }
}
