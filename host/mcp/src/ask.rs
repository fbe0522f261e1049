//! How a client's user is asked before a call, and what they are told where their client cannot ask.
//!
//! A client of a revision up to 2025-11-25 is asked while its call waits (`elicitation/create`). From 2026-07-28 on the
//! call is answered with the question, and made again with the answer: see [`crate::rounds`].

use std::fmt::Write as _;
use std::time::Duration;

use async_trait::async_trait;
use bricklayer_domain::{
    ApprovalDecision, CallEffect, CallPreview, Operation, StandingPermission, cut, is_bidi_control, is_unseen,
};
use bricklayer_tools::{Approvals, Question};
use rmcp::model::{
    BooleanSchema, ClientCapabilities, ElicitRequestParams, ElicitResult, ElicitationAction, ElicitationSchema,
    PrimitiveSchemaDefinition,
};
use rmcp::{Peer, RoleServer};

/// How long a user may take for an answer; the call waits, and what it could have done is not known any more then.
pub(crate) const ANSWER_TIME: Duration = Duration::from_secs(600);

/// Bytes of a question; what is longer cannot be judged in a dialog, and is not asked there.
const MAX_QUESTION_BYTES: usize = 16 * 1024;

/// The one field of the answer.
const ALLOW: &str = "allow";

/// Asks the user of a client while their call waits.
pub(crate) struct Direct {
    pub(crate) peer: Peer<RoleServer>,
    /// Whether the client can show a form.
    pub(crate) shows_forms: bool,
}

/// Whether a client says that it can show a form.
pub(crate) fn shows_forms(capabilities: Option<&ClientCapabilities>) -> bool {
    // One that names neither way has forms: there was no other before revision 2025-11-25.
    let elicitation = capabilities.and_then(|capabilities| capabilities.elicitation.as_ref());
    elicitation.is_some_and(|ways| ways.form.is_some() || ways.url.is_none())
}

/// Why a question cannot be put to the user of a client, and what they do about it.
pub(crate) fn cannot_ask(question: &Question<'_>, shows_forms: bool) -> Option<String> {
    if !shows_forms {
        return Some(not_asked(question, "your MCP client cannot ask them (it has no elicitation)"));
    }
    (text(question).len() > MAX_QUESTION_BYTES).then(|| not_asked(question, "it is too long to be shown to them"))
}

#[async_trait]
impl Approvals for Direct {
    async fn standing(&self) -> Vec<StandingPermission> {
        Vec::new()
    }

    fn cannot_ask(&self, question: &Question<'_>) -> Option<String> {
        cannot_ask(question, self.shows_forms)
    }

    async fn ask(&self, question: Question<'_>) -> ApprovalDecision {
        let asked = self.peer.create_elicitation_with_timeout(form(&question), Some(ANSWER_TIME)).await;
        match asked {
            Ok(answer) => decision(&answer),
            Err(error) => {
                tracing::debug!(error = bricklayer_domain::chain(&error), "a question was not answered");
                ApprovalDecision::No
            }
        }
    }
}

/// The question as a form.
pub(crate) fn form(question: &Question<'_>) -> ElicitRequestParams {
    let field = BooleanSchema::new()
        .title("Allow this call")
        .description("Only this call, only this time.")
        .with_default(false);
    let schema = ElicitationSchema::builder()
        .required_property(ALLOW, PrimitiveSchemaDefinition::Boolean(field))
        .build_unchecked();
    ElicitRequestParams::FormElicitationParams { meta: None, message: shown(question), requested_schema: schema }
}

/// The question with what the call would meet, as far as that has room: it is no part of what is allowed.
fn shown(question: &Question<'_>) -> String {
    let asked = text(question);
    let preview = match question.review.and_then(|review| review.preview.as_ref()) {
        Some(CallPreview::Found(found)) => format!("\nIt would meet, as the tool says:\n{}\n", plain(found)),
        Some(CallPreview::Unknown(why)) => format!("\nWhat it would meet could not be found out: {}\n", plain(why)),
        None => return asked,
    };
    let room = MAX_QUESTION_BYTES.saturating_sub(asked.len());
    format!("{asked}{}", cut(&preview, room))
}

/// Only a form that was accepted with the field set is a yes.
pub(crate) fn decision(answer: &ElicitResult) -> ApprovalDecision {
    let field = answer.content.as_ref().and_then(|content| content.get(ALLOW));
    let yes = field.and_then(serde_json::Value::as_bool) == Some(true);
    if answer.action == ElicitationAction::Accept && yes { ApprovalDecision::Once } else { ApprovalDecision::No }
}

/// All of the question, in plain sight.
pub(crate) fn text(question: &Question<'_>) -> String {
    let mut text = format!("{}\n\nTool: {}\n", question.reason, plain(&question.name.0));
    let operations = question.review.map(|review| review.operations.as_slice()).unwrap_or_default();
    for operation in operations {
        let Operation { effect, verb, objects, text: exact, detail } = operation;
        let objects = objects.iter().map(|object| plain(object)).collect::<Vec<_>>().join(", ");
        let _ = writeln!(text, "\n{} {objects} ({})", plain(verb), word(*effect));
        for line in detail.iter().chain(exact) {
            let _ = writeln!(text, "{}", plain(line));
        }
    }
    if operations.iter().all(|operation| operation.text.is_none()) {
        let _ = writeln!(text, "\nArguments: {}", plain(&question.input.to_string()));
    }
    text
}

const fn word(effect: CallEffect) -> &'static str {
    match effect {
        CallEffect::Reads => "reads",
        CallEffect::Writes => "changes",
        CallEffect::Shares => "shares or sends",
        CallEffect::Destroys => "destroys, or its effect is not known",
    }
}

/// A text in which what shows nothing, or shows something else than is there, is written out.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        let shown = c == ' ' || c == '\n' || !(is_unseen(c) || is_bidi_control(c));
        if shown {
            plain.push(c);
        } else {
            let _ = write!(plain, "\\u{{{:x}}}", u32::from(c));
        }
    }
    plain
}

/// Bytes of a rule that a refusal proposes.
const MAX_PROPOSAL_BYTES: usize = 400;

/// What a call is refused with whose user cannot be asked.
fn not_asked(question: &Question<'_>, why: &str) -> String {
    let mut message = format!("this call needs its user's yes, and {why}. It did not run. ");
    match rules(question) {
        Some(rules) => {
            let _ = write!(
                message,
                "To let such calls run, the project's owner adds a rule that allows them ({rules}) on the project's page, \
                 or with PUT /api/projects/{{id}}/permission_rules; or has it done in a conversation on the page, which \
                 asks them. Do not try it in another way"
            );
        }
        None => message.push_str(
            "Rules cannot allow it in advance; have it done in a conversation on the page, which asks. Do not try it in \
             another way",
        ),
    }
    message
}

/// The rules that would allow the call, when it can be told what it works on.
fn rules(question: &Question<'_>) -> Option<String> {
    let name = question.name.0.strip_prefix("mcp__databricks__").unwrap_or(&question.name.0);
    let Some(review) = question.review else { return Some(format!("`{name}`")) };
    let mut rules = Vec::new();
    for operation in &review.operations {
        let verb = operation.verb.to_lowercase();
        if operation.objects.is_empty() || operation.verb == bricklayer_domain::UNKNOWN_VERB {
            return None;
        }
        rules.extend(operation.objects.iter().map(|object| format!("`{name}({verb} {})`", plain(object))));
    }
    rules.dedup();
    let all = rules.join(", ");
    (!rules.is_empty() && cut(&all, MAX_PROPOSAL_BYTES).len() == all.len()).then_some(all)
}

#[cfg(test)]
mod tests {
    use bricklayer_domain::{CallReview, ToolCallId, ToolName};
    use serde_json::{Value, json};

    use super::*;

    fn with<T>(operations: Option<Vec<Operation>>, input: Value, look: impl Fn(&Question<'_>) -> T) -> T {
        let (call, name) = (ToolCallId("c".into()), ToolName("mcp__databricks__execute_sql".into()));
        let review = operations.map(CallReview::of);
        let reason = "This call destroys or replaces what exists, or its effect is not known.";
        look(&Question { call: &call, name: &name, input: &input, reason, review: review.as_ref(), standing: None })
    }

    fn dropping(objects: &[&str], text: &str) -> Vec<Operation> {
        vec![Operation {
            effect: CallEffect::Destroys,
            verb: "DROP TABLE".into(),
            objects: objects.iter().map(|&object| object.into()).collect(),
            text: Some(text.into()),
            detail: Some("with its history".into()),
        }]
    }

    #[test]
    fn a_question_shows_all_of_the_call_in_plain_sight() {
        let sql = "DROP TABLE\n main.a -- \u{202e}evil\u{200b}";
        let told = with(Some(dropping(&["main.a"], sql)), json!({}), text);
        assert_eq!(
            told,
            "This call destroys or replaces what exists, or its effect is not known.\n\nTool: \
             mcp__databricks__execute_sql\n\nDROP TABLE main.a (destroys, or its effect is not known)\nwith its \
             history\nDROP TABLE\n main.a -- \\u{202e}evil\\u{200b}\n"
        );
        let told = with(None, json!({"path": "a\u{202e}b"}), text);
        assert!(told.ends_with("\nArguments: {\"path\":\"a\\u{202e}b\"}\n"), "{told}");
    }

    #[test]
    fn what_a_call_would_meet_is_shown_and_is_no_part_of_what_is_tied() {
        for (preview, says) in [
            (CallPreview::Found("12 of 310 rows\u{202e}".into()), "as the tool says:\n12 of 310 rows\\u{202e}\n"),
            (CallPreview::Unknown("no warehouse runs".into()), "could not be found out: no warehouse runs\n"),
        ] {
            let review = CallReview { preview: Some(preview), ..CallReview::of(dropping(&["main.a"], "x")) };
            let (call, name) = (ToolCallId("c".into()), ToolName("execute_sql".into()));
            let input = json!({});
            let question = Question {
                call: &call,
                name: &name,
                input: &input,
                reason: "why",
                review: Some(&review),
                standing: None,
            };
            assert!(shown(&question).ends_with(says), "{}", shown(&question));
            assert!(!text(&question).contains("rows") && !text(&question).contains("found out"));
        }
        let review = CallReview {
            preview: Some(CallPreview::Found("x".repeat(MAX_QUESTION_BYTES))),
            ..CallReview::of(dropping(&["main.a"], "x"))
        };
        let (call, name, input) = (ToolCallId("c".into()), ToolName("execute_sql".into()), json!({}));
        let (reason, standing) = ("why", None);
        let question = Question { call: &call, name: &name, input: &input, reason, review: Some(&review), standing };
        assert_eq!(shown(&question).len(), MAX_QUESTION_BYTES);
    }

    #[test]
    fn a_refusal_says_which_rule_would_allow_the_call() {
        for (operations, says) in [
            (Some(dropping(&["main.a"], "x")), "(`execute_sql(drop table main.a)`)"),
            (Some(dropping(&["a", "b"], "x")), "(`execute_sql(drop table a)`, `execute_sql(drop table b)`)"),
            (None, "(`execute_sql`)"),
            (Some(dropping(&[], "x")), "Rules cannot allow it"),
            (Some(vec![Operation::unknown()]), "Rules cannot allow it"),
            (Some(vec![]), "Rules cannot allow it"),
            (Some(dropping(&[&"a".repeat(500)], "x")), "Rules cannot allow it"),
        ] {
            let told = with(operations, json!({}), |question| not_asked(question, "nobody is there"));
            assert!(told.contains(says) && told.contains("nobody is there. It did not run."), "{told}");
        }
    }

    #[test]
    fn only_a_yes_is_a_yes() {
        use ElicitationAction::{Accept, Cancel, Decline};
        let yes = json!({"allow": true});
        for (action, content, allowed) in [
            (Accept, Some(yes.clone()), true),
            (Accept, Some(json!({"allow": false})), false),
            (Accept, Some(json!({"allow": "true"})), false),
            (Accept, Some(json!({"allow": 1})), false),
            (Accept, Some(json!([true])), false),
            (Accept, Some(json!({})), false),
            (Accept, None, false),
            (Decline, Some(yes.clone()), false),
            (Cancel, Some(yes), false),
        ] {
            let mut answer = ElicitResult::new(action.clone());
            answer.content = content.clone();
            assert_eq!(decision(&answer).allows(), allowed, "{action:?} {content:?}");
        }
    }
}
