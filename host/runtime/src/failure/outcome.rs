//! From what a guest returned to what the model reads and the page shows; the conventions of the contract's README.

use bricklayer_domain::{ToolErrorKind, ToolFailure, ToolOutcome};
use bricklayer_package::{Function, Shape, ShapeKind};
use serde_json::{Map, Value};
use wasmtime::component::Val;

use super::remedy::Ending;
use crate::Limits;
use crate::convert::{OutputFault, to_json};

/// What a guest returned: a success, or its failure and whether it named the failure's kind. Where the caller
/// `keeps_more` than an output may have, only what a host call may carry bounds it.
pub(crate) fn outcome(
    function: &Function,
    result: Option<&Val>,
    limits: &Limits,
    keeps_more: bool,
) -> Result<ToolOutcome, (ToolFailure, Ending)> {
    let odd = |fault: OutputFault| (ToolFailure::new(ToolErrorKind::Trap, fault.to_string()), Ending::Ended(None));
    let (Some(shape), Some(value)) = (&function.result, result) else { return Ok(done()) };
    let outcome = match (&shape.kind, value) {
        (ShapeKind::Result { ok, .. }, Val::Result(Ok(value))) => success(function, ok.as_deref(), value.as_deref()),
        (ShapeKind::Result { error, .. }, Val::Result(Err(value))) => {
            let (failure, ending) = failure(error.as_deref(), value.as_deref()).map_err(odd)?;
            bounded(failure.message.len(), limits)?;
            return Err((failure, ending));
        }
        _ => success(function, Some(shape), Some(value)),
    };
    let outcome = outcome.map_err(odd)?;
    let structured = outcome.structured.as_ref().map_or(0, |value| value.to_string().len());
    // What is larger than a model and the log take is kept whole by whoever made the call, where it can be.
    if !keeps_more {
        bounded(outcome.content.len().max(structured), limits)?;
    }
    Ok(outcome)
}

fn done() -> ToolOutcome {
    ToolOutcome::text("Done.")
}

fn success(function: &Function, shape: Option<&Shape>, value: Option<&Val>) -> Result<ToolOutcome, OutputFault> {
    let (Some(shape), Some(value)) = (shape, value) else { return Ok(done()) };
    let json = to_json(shape, value)?;
    Ok(match (&shape.kind, json) {
        (ShapeKind::String, Value::String(text)) => ToolOutcome::text(text),
        (ShapeKind::Record(_), Value::Object(mut object)) => {
            let text = function.text_property().and_then(|name| object.shift_remove(name));
            let json = Value::Object(object);
            let content = match text {
                Some(Value::String(text)) => text,
                _ => json.to_string(),
            };
            let structured = function.output_schema().is_some().then_some(json);
            ToolOutcome { content, structured, ..ToolOutcome::default() }
        }
        (_, json) => {
            let content = json.to_string();
            let structured = Some(Value::Object(Map::from_iter([("result".to_owned(), json)])));
            ToolOutcome { content, structured, ..ToolOutcome::default() }
        }
    })
}

fn failure(shape: Option<&Shape>, value: Option<&Val>) -> Result<(ToolFailure, Ending), OutputFault> {
    let plain = |message: String| (ToolFailure::new(ToolErrorKind::Failed, message), Ending::Unspoken);
    let (Some(shape), Some(value)) = (shape, value) else {
        return Ok(plain("the tool failed and gave no reason".to_owned()));
    };
    let json = to_json(shape, value)?;
    Ok(match (conventional(&json), json) {
        (Some(failure), _) => (failure, Ending::Spoken),
        (None, Value::String(text)) => plain(text),
        (None, other) => plain(other.to_string()),
    })
}

/// An error record with `kind`, `message` and `retryable`.
fn conventional(json: &Value) -> Option<ToolFailure> {
    let kind = kind(json.get("kind")?.as_str()?)?;
    let mut message = json.get("message")?.as_str()?.to_owned();
    let retryable = json.get("retryable")?.as_bool()?;
    if let Some(details) = json.get("details") {
        message.push('\n');
        message.push_str(&details.to_string());
    }
    Some(ToolFailure { retryable, ..ToolFailure::new(kind, message) })
}

/// The kinds that a guest may claim; the others are the host's to say.
fn kind(name: &str) -> Option<ToolErrorKind> {
    Some(match name {
        "invalid-input" => ToolErrorKind::InvalidInput,
        "not-found" => ToolErrorKind::NotFound,
        "denied" => ToolErrorKind::Denied,
        "limit-exceeded" => ToolErrorKind::LimitExceeded,
        "timeout" => ToolErrorKind::Timeout,
        "unauthenticated" => ToolErrorKind::Unauthenticated,
        "permission-denied" => ToolErrorKind::PermissionDenied,
        "rate-limited" => ToolErrorKind::RateLimited,
        "upstream" => ToolErrorKind::Upstream,
        "failed" => ToolErrorKind::Failed,
        _ => return None,
    })
}

fn bounded(bytes: usize, limits: &Limits) -> Result<(), (ToolFailure, Ending)> {
    if bytes <= limits.output_bytes {
        return Ok(());
    }
    let message =
        format!("output limit: the result has more than {} bytes; ask for less at a time", limits.output_bytes);
    Err((ToolFailure::new(ToolErrorKind::LimitExceeded, message), Ending::Ended(None)))
}
