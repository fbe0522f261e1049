//! What a deploy or a destroy would do, told before its user is asked: the plan as it is now.

use bricklayer_sdk::{Failure, Platform};
use serde_json::Value;

use crate::opened::{self, Asked};
use crate::plan;
use crate::types;
use crate::work::Options;

/// The plan of a call with these arguments; none where a call has none.
///
/// # Errors
/// Those of making the plan: the call itself would end with them.
pub(crate) fn preview(platform: &impl Platform, tool: &str, input: &str) -> Result<Option<String>, Failure> {
    let input: Value = serde_json::from_str(input).unwrap_or_default();
    let text = |field: &str| input.get(field).and_then(Value::as_str).map(str::to_owned);
    let is_destroy = match (tool, text("command").as_deref()) {
        ("deploy_bundle", _) | ("run_bundle_command", Some("deploy")) => false,
        ("destroy_bundle", _) | ("run_bundle_command", Some("destroy")) => true,
        _ => return Ok(None),
    };
    let is_on = |field: &str| input.get(field).and_then(Value::as_bool) == Some(true);
    let asked = Asked { path: text("bundle_path"), target: text("target"), variables: variables(&input) };
    let opened = opened::good(platform, asked)?;
    let options = Options { is_destroy, overwrite_drift: is_on("overwrite_drift"), ..Options::default() };
    let found = plan::made(platform, &opened, options)?;
    let is_same = text("plan_id").is_some_and(|id| id.trim() == found.id());
    let told = plan::text(&found, &opened.bundle.name, &opened.bundle.target);
    let head = if is_same {
        "The plan of this call, which is carried out as it stands or not at all:"
    } else {
        "This is no longer the plan that the call names, so it would be refused. The plan now:"
    };
    Ok(Some(format!("{head}\n\n{told}")))
}

fn variables(input: &Value) -> Option<Vec<types::NamedValue>> {
    let given = input.get("variables")?.as_array()?;
    let text = |value: &Value, field: &str| value.get(field).and_then(Value::as_str).map(str::to_owned);
    Some(
        given
            .iter()
            .filter_map(|one| Some(types::NamedValue { name: text(one, "name")?, value: text(one, "value")? }))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::plan;
    use crate::testing::{planned, project, script};

    #[test]
    fn a_question_shows_the_plan_that_would_be_carried_out() {
        let project = project();
        let request = types::PlanBundleRequest {
            bundle_path: None,
            target: None,
            variables: None,
            overwrite_drift: None,
            destroy: None,
        };
        let made = plan(&planned(script(&project)), request).unwrap();
        for (tool, input, says) in [
            ("deploy_bundle", json!({"plan_id": made.plan_id}), "carried out as it stands or not at all"),
            ("deploy_bundle", json!({"plan_id": "another"}), "it would be refused"),
            ("run_bundle_command", json!({"command": "deploy", "plan_id": made.plan_id}), "as it stands"),
        ] {
            let far_end = planned(script(&project));
            let told = preview(&far_end, tool, &input.to_string()).unwrap().unwrap();
            far_end.done();
            assert!(told.contains(says) && told.contains("Resources: 1 to make."), "{told}");
        }
        assert!(!project.path().join(".databricks").exists(), "a look leaves nothing behind");
        for (tool, input) in
            [("run_bundle_command", r#"{"command":"run"}"#), ("run_bundle", "{}"), ("init_bundle", "{}")]
        {
            assert_eq!(preview(&script(&project), tool, input).unwrap(), None);
        }
    }
}
