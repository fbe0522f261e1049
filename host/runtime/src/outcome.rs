//! From what a guest returned to what the model reads and the page shows; the conventions of the contract's README.

use bricklayer_domain::{ToolErrorKind, ToolFailure, ToolOutcome};
use bricklayer_package::{Function, Shape, ShapeKind};
use serde_json::{Map, Value};
use wasmtime::component::Val;

use crate::Limits;
use crate::convert::{OutputFault, to_json};

/// The outcome of a call that returned.
pub(crate) fn outcome(function: &Function, result: Option<&Val>, limits: &Limits) -> ToolOutcome {
    match read(function, result) {
        Ok(outcome) => bounded(outcome, limits),
        Err(fault) => ToolOutcome::failed(ToolFailure::new(ToolErrorKind::Trap, fault.to_string())),
    }
}

fn read(function: &Function, result: Option<&Val>) -> Result<ToolOutcome, OutputFault> {
    let (Some(shape), Some(value)) = (&function.result, result) else { return Ok(done()) };
    match (&shape.kind, value) {
        (ShapeKind::Result { ok, .. }, Val::Result(Ok(value))) => success(function, ok.as_deref(), value.as_deref()),
        (ShapeKind::Result { error, .. }, Val::Result(Err(value))) => failure(error.as_deref(), value.as_deref()),
        _ => success(function, Some(shape), Some(value)),
    }
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
            ToolOutcome { content, structured, failure: None }
        }
        (_, json) => {
            let content = json.to_string();
            let structured = Some(Value::Object(Map::from_iter([("result".to_owned(), json)])));
            ToolOutcome { content, structured, failure: None }
        }
    })
}

fn failure(shape: Option<&Shape>, value: Option<&Val>) -> Result<ToolOutcome, OutputFault> {
    let (Some(shape), Some(value)) = (shape, value) else {
        return Ok(ToolOutcome::failed(ToolFailure::new(ToolErrorKind::Failed, "the tool failed and gave no reason")));
    };
    let json = to_json(shape, value)?;
    Ok(ToolOutcome::failed(conventional(&json).unwrap_or_else(|| {
        let message = match &json {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        ToolFailure::new(ToolErrorKind::Failed, message)
    })))
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

fn bounded(outcome: ToolOutcome, limits: &Limits) -> ToolOutcome {
    let structured = outcome.structured.as_ref().map_or(0, |value| value.to_string().len());
    if outcome.content.len().max(structured) <= limits.output_bytes {
        return outcome;
    }
    ToolOutcome::failed(ToolFailure::new(
        ToolErrorKind::LimitExceeded,
        format!("output limit: the result has more than {} bytes; ask for less at a time", limits.output_bytes),
    ))
}
