//! Plan mode, in and out. The agent proposes; only the user's answer changes the mode, and what runs here tells the model
//! what they chose.

use bricklayer_domain::{ApprovalReply, MAX_PLAN_CHARS, PermissionMode, ToolErrorKind, ToolFailure, ToolOutcome};
use serde_json::{Value, json};

use super::ToolResult;
use super::args::{Args, invalid};

pub(super) fn describe_enter() -> (String, Value) {
    let description = "Asks the user to let you plan first: when they agree, nothing that changes runs until they took a \
        plan that you put to them with ExitPlanMode. Use it before work that is large or can be done in several ways.";
    (description.to_owned(), json!({"type": "object", "properties": {}, "additionalProperties": false}))
}

pub(super) fn describe_exit() -> (String, Value) {
    let description = "Puts your plan to the user while the conversation only reads. When they take it, they choose how \
        much you may do without asking, and you carry it out; else they say what to change.";
    let plan = format!(
        "The whole plan as Markdown, at most {MAX_PLAN_CHARS} characters: what you will create, change and destroy, in \
         which order, and how you will check it."
    );
    let schema = json!({
        "type": "object",
        "properties": {"plan": {"type": "string", "description": plan}},
        "required": ["plan"],
        "additionalProperties": false
    });
    (description.to_owned(), schema)
}

/// The plan of a call.
pub(super) fn of(input: &Value) -> Result<String, ToolFailure> {
    let plan = Args::parse(input, &["plan"])?.str("plan")?.trim();
    if plan.is_empty() || plan.chars().count() > MAX_PLAN_CHARS {
        return Err(invalid(format!("`plan` must be a text of 1 to {MAX_PLAN_CHARS} characters")));
    }
    Ok(plan.to_owned())
}

/// That a call says nothing.
pub(super) fn none(input: &Value) -> Result<(), ToolFailure> {
    Args::parse(input, &[]).map(drop)
}

pub(super) fn enter(input: &Value, reply: Option<&ApprovalReply>) -> ToolResult {
    none(input)?;
    chosen(reply)?;
    Ok(ToolOutcome::text(
        "The user agrees: from here on nothing that changes runs. Find out what you need, then put the whole plan to them \
         with ExitPlanMode.",
    ))
}

pub(super) fn exit(input: &Value, reply: Option<&ApprovalReply>) -> ToolResult {
    of(input)?;
    let asks = match chosen(reply)? {
        PermissionMode::ReadOnly => "nothing that changes runs",
        PermissionMode::AskChanges => "they are asked before each change",
        PermissionMode::Ask => "they are asked before something is destroyed or given to others",
        PermissionMode::RunAll => "they are asked about nothing",
    };
    Ok(ToolOutcome::text(format!("The user takes the plan: carry it out. From here on {asks}.")))
}

fn chosen(reply: Option<&ApprovalReply>) -> Result<PermissionMode, ToolFailure> {
    let unanswered = || ToolFailure::new(ToolErrorKind::Denied, "the user chose no mode, so nothing has changed");
    reply.and_then(ApprovalReply::mode).ok_or_else(unanswered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_bounded_and_only_an_answer_changes_anything() {
        assert_eq!(of(&json!({"plan": " one \n"})).unwrap(), "one");
        let long = "é".repeat(MAX_PLAN_CHARS + 1);
        for wrong in [json!({}), json!({"plan": " \n"}), json!({"plan": long}), json!({"plan": "a", "mode": "run_all"})]
        {
            assert_eq!(of(&wrong).unwrap_err().kind, ToolErrorKind::InvalidInput, "{wrong}");
        }
        let words = ApprovalReply::parse(Some("do it".to_owned()), Vec::new(), None).unwrap();
        for reply in [None, words.as_ref()] {
            assert_eq!(exit(&json!({"plan": "a"}), reply).unwrap_err().kind, ToolErrorKind::Denied);
            assert_eq!(enter(&json!({}), reply).unwrap_err().kind, ToolErrorKind::Denied);
        }
        let all = ApprovalReply::parse(None, Vec::new(), Some(PermissionMode::RunAll)).unwrap();
        assert!(exit(&json!({"plan": "a"}), all.as_ref()).unwrap().content.contains("asked about nothing"));
    }
}
