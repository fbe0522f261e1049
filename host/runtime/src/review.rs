//! What one call would do, asked of the plugin and bounded.

use std::sync::Arc;

use bricklayer_domain::{CallEffect, CallReview, Operation, ToolSpec, cut};
use serde_json::Value;
use wasmtime::component::Val;

use crate::call::Invocation;
use crate::tally::Tally;
use crate::{CallContext, Grants, NoAudit, PreparedCall, Runtime};

/// Operations that a review keeps; protects the log and the one who reads it. Further ones become one that counts as the
/// gravest of them.
const MAX_OPERATIONS: usize = 128;

/// Bytes of a verb, of an object, and of a detail.
const MAX_VERB_BYTES: usize = 200;
const MAX_OBJECT_BYTES: usize = 1024;
const MAX_DETAIL_BYTES: usize = 500;

/// Objects of one operation; more cannot be told apart by anybody.
const MAX_OBJECTS: usize = 64;

/// Bytes of all texts of a review; protects the log.
const MAX_TEXT_BYTES: usize = 256 * 1024;

impl Runtime {
    /// What one particular call would do, as the plugin's exported `operations`, or the older `review`, answers for
    /// these arguments; none when it exports neither, or when the arguments do not fit, since such a call fails before
    /// the plugin runs. An answer that does not come is one operation of which nothing is known. Runs without HTTP,
    /// files and state, and leaves no record. Ask before [`Runtime::run`].
    ///
    /// A tool that is not to be asked about (`review = false` in the manifest) is what its annotations say: nothing
    /// runs, and its title and its telling argument are what the user sees.
    pub async fn review(&self, call: &PreparedCall, ctx: CallContext) -> Option<CallReview> {
        let plugin = call.tool().plugin();
        let (entry, input) = (plugin.review()?, call.canonical()?);
        call.arguments().ok()?;
        if !plugin.manifest().reviews(call.tool().short_name()) {
            return annotated(call.tool().spec(), input);
        }
        let arguments = vec![Val::String(call.tool().short_name().to_owned()), Val::String(input.as_ref().to_owned())];
        let ctx = CallContext {
            project_dir: None,
            workspace: None,
            grants: Arc::<Grants>::default(),
            progress: Arc::new(|_| {}),
            audit: Arc::new(NoAudit),
            handover: None,
            ..ctx
        };
        let who = plugin.profile().identity(&entry.function.tool, &ctx.caller);
        let tally = Tally::new(who, Arc::clone(&ctx.audit), Arc::clone(call.argument_digest()));
        let asked = Invocation { entry: Arc::clone(entry), arguments: Arc::new(arguments), counted: false };
        let outcome = self.enter(plugin, Some(asked), ctx, tally).await;
        let answer = outcome.structured.and_then(|mut value| value.get_mut("result").map(Value::take));
        Some(answer.and_then(read).unwrap_or_else(|| CallReview::one(Operation::unknown())))
    }
}

/// What the annotations say about a call. None when each call is to be asked about anyway. Its objects are not told:
/// what else is in the arguments could make it another operation, so nobody can allow it for later.
fn annotated(spec: &ToolSpec, input: &str) -> Option<CallReview> {
    let annotations = &spec.annotations;
    if annotations.ask {
        return None;
    }
    let effect = match (annotations.read_only, annotations.destructive) {
        (true, _) => CallEffect::Reads,
        (false, true) => CallEffect::Destroys,
        (false, false) => CallEffect::Writes,
    };
    let verb = cut(&spec.display.title(&spec.name).to_uppercase(), MAX_VERB_BYTES).to_owned();
    let detail = Some(spec.display.detail(&serde_json::from_str(input).ok()?)).filter(|detail| !detail.is_empty());
    let operation = Operation { effect, verb, objects: Vec::new(), text: None, detail };
    Some(CallReview::of(bounded(vec![operation])))
}

/// Reads what a plugin answered: the parts of the call, or one word for all of it.
fn read(answer: Value) -> Option<CallReview> {
    let operations = match answer {
        // The older interface says no more than a word.
        word @ Value::String(_) => {
            let effect: CallEffect = serde_json::from_value(word).ok()?;
            vec![Operation { effect, ..Operation::unknown() }]
        }
        parts => serde_json::from_value(parts).ok()?,
    };
    (!operations.is_empty()).then(|| CallReview::of(bounded(operations)))
}

/// Within the bounds, and never so that something that runs is hidden unsaid: what is cut counts as destroying.
fn bounded(mut operations: Vec<Operation>) -> Vec<Operation> {
    let rest = operations.split_off(operations.len().min(MAX_OPERATIONS));
    let mut left = MAX_TEXT_BYTES;
    for operation in &mut operations {
        bound(operation, &mut left);
    }
    if !rest.is_empty() {
        let detail = Some(format!("and {} more parts, which are not shown", rest.len()));
        operations.push(Operation { detail, ..Operation::unknown() });
    }
    operations
}

fn bound(operation: &mut Operation, left: &mut usize) {
    let mut hidden = None;
    if operation.verb.len() > MAX_VERB_BYTES {
        operation.verb = cut(&operation.verb, MAX_VERB_BYTES).to_owned();
        hidden = Some("what it does is too long to be shown whole");
    }
    let too_many = operation.objects.len() > MAX_OBJECTS;
    if too_many || operation.objects.iter().any(|object| object.len() > MAX_OBJECT_BYTES) {
        hidden = Some("what it works on is too long to be shown");
    }
    if let Some(text) = &mut operation.text {
        if text.len() > *left {
            *text = cut(text, *left).to_owned();
            hidden = Some("too long to be shown whole");
        }
        *left = left.saturating_sub(text.len());
    }
    if let Some(detail) = &mut operation.detail {
        *detail = cut(detail, MAX_DETAIL_BYTES).to_owned();
    }
    if let Some(why) = hidden {
        operation.effect = CallEffect::Destroys;
        operation.objects.clear();
        operation.detail = Some(why.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(effect: CallEffect) -> Operation {
        Operation { effect, objects: vec!["a".to_owned()], text: Some("x".to_owned()), ..Operation::unknown() }
    }

    #[test]
    fn answers_of_both_versions_are_read() {
        let one = read(serde_json::json!("writes")).unwrap();
        assert_eq!((one.effect(), one.operations[0].objects.len()), (CallEffect::Writes, 0));
        let two = read(serde_json::json!([
            {"effect": "reads", "verb": "SELECT", "objects": [], "text": null, "detail": null},
            {"effect": "shares", "verb": "GRANT", "objects": ["a"], "text": "grant", "detail": "x"},
        ]));
        assert_eq!(two.unwrap().effect(), CallEffect::Shares);
        for nothing in [serde_json::json!([]), serde_json::json!("odd"), serde_json::json!(null)] {
            assert_eq!(read(nothing), None);
        }
    }

    #[test]
    fn what_does_not_fit_is_said_and_destroys() {
        let many = bounded(vec![operation(CallEffect::Reads); MAX_OPERATIONS + 7]);
        let last = many.last().unwrap();
        assert_eq!((many.len(), last.effect), (MAX_OPERATIONS + 1, CallEffect::Destroys));
        assert!(last.detail.as_deref().unwrap().contains("7 more"));
        let long = |change: fn(&mut Operation)| {
            let mut long = operation(CallEffect::Reads);
            change(&mut long);
            bounded(vec![long, operation(CallEffect::Reads)])
        };
        for cut in [
            long(|o| o.text = Some("é".repeat(MAX_TEXT_BYTES))),
            long(|o| o.verb = "V".repeat(MAX_VERB_BYTES + 1)),
            long(|o| o.objects = vec!["o".repeat(MAX_OBJECT_BYTES + 1)]),
            long(|o| o.objects = vec!["o".to_owned(); MAX_OBJECTS + 1]),
        ] {
            assert_eq!((cut[0].effect, cut[0].objects.len()), (CallEffect::Destroys, 0));
            assert!(cut[0].detail.as_deref().unwrap().contains("too long"));
        }
        let fits = long(|o| o.text = Some("x".repeat(MAX_TEXT_BYTES - 1)));
        assert_eq!((fits[0].effect, fits[1].effect), (CallEffect::Reads, CallEffect::Reads));
    }
}
