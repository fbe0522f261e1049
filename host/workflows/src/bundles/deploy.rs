//! A bundle of the project is checked, planned, deployed when the user says so, and run when that was asked for.

use bricklayer_domain::ToolErrorKind;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::check::{REPAIR, VALIDATE, checked};
use crate::replay::{Done, Pending, Replay};
use crate::values::{text, with};
use crate::workflow::{Report, Status, Workflow};

const PLAN: &str = "plan_bundle";
const DEPLOY: &str = "deploy_bundle";
const RUN: &str = "run_bundle";
const WAIT: &str = "wait_for_bundle_run";

/// Seconds of one wait for a run, the longest that the tools take.
const WAIT_SECONDS: u32 = 600;

/// Waits for a run; what runs for longer goes on and is waited for by whoever wants to know.
const MAX_WAITS: usize = 6;

/// Deploys a bundle.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deployment {
    /// The bundle's folder; none is the project's own.
    #[serde(default)]
    bundle_path: Option<String>,
    /// The target; none is the default one.
    #[serde(default)]
    target: Option<String>,
    /// Values of its variables.
    #[serde(default)]
    variables: Map<String, Value>,
    /// The key of a job or pipeline that is run once all is deployed.
    #[serde(default)]
    run: Option<String>,
}

impl Workflow for Deployment {
    fn tools(&self) -> &'static [&'static str] {
        &[VALIDATE, REPAIR, PLAN, DEPLOY, RUN, WAIT]
    }

    fn run(&self, replay: &mut Replay) -> Result<Report, Pending> {
        let which = self.which();
        let checked = checked(replay, &which)?;
        if !checked.is_fine() {
            return Ok(checked.refusal());
        }
        let plan = replay.call("Planning the deploy.", PLAN, which.clone())?;
        if plan.failure.is_some() {
            return Ok(Report::stopped("the deploy cannot be planned", &plan));
        }
        if !plan.flag("ok") {
            let refusals: Vec<&str> = plan.list("refusals").iter().filter_map(Value::as_str).collect();
            let text = format!("the plan cannot be carried out: {}", refusals.join("; "));
            return Ok(Report::ended(Status::Stopped(ToolErrorKind::Failed), text));
        }
        let of_plan = ["plan_id", "deletes"].map(|field| (field, plan.part(field)));
        let input = with(which.clone(), of_plan);
        let deployed = replay.call("Deploying it.", DEPLOY, input)?;
        if deployed.failure.is_some() {
            return Ok(Report::stopped("nothing was deployed", &deployed));
        }
        let failed: Vec<String> = deployed
            .list("failed")
            .iter()
            .map(|it| format!("`{}`: {}", text(it, "key"), text(it, "message")))
            .collect();
        let report = Report::ended(Status::Done, deployed.text("text").unwrap_or(&deployed.content).to_owned())
            .with("target", plan.part("target"))
            .with("deployment", summed(&deployed))
            .with("mended", json!(checked.mended));
        if !deployed.flag("ok") {
            return Ok(report.warned(failed));
        }
        match &self.run {
            Some(key) => self.run_it(replay, which, key, report),
            None => Ok(report),
        }
    }
}

impl Deployment {
    fn which(&self) -> Value {
        let given = [("bundle_path", &self.bundle_path), ("target", &self.target)];
        let which =
            with(json!({}), given.into_iter().filter_map(|(field, value)| Some((field, json!(value.as_ref()?)))));
        if self.variables.is_empty() {
            return which;
        }
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let variables = self.variables.iter().map(|(name, value)| json!({"name": name, "value": text(value)}));
        with(which, [("variables", variables.collect())])
    }

    fn run_it(&self, replay: &mut Replay, which: Value, key: &str, report: Report) -> Result<Report, Pending> {
        let input = with(which, [("key", json!(key)), ("wait_seconds", json!(WAIT_SECONDS))]);
        let mut run = replay.call("Running it.", RUN, input)?;
        for _ in 0..MAX_WAITS {
            if run.failure.is_some() || run.flag("ended") {
                break;
            }
            let input = json!({"run": run.part("run"), "wait_seconds": WAIT_SECONDS});
            run = replay.call("Waiting for the run.", WAIT, input)?;
        }
        if run.failure.is_some() {
            return Ok(report.warned(vec![format!("`{key}` was not run to its end: {}", run.content)]));
        }
        let state = run.text("state").unwrap_or_default().to_owned();
        let fine = matches!(state.as_str(), "SUCCESS" | "COMPLETED");
        let mut report =
            report.with("run", json!({"key": key, "state": state, "run": run.part("run"), "link": run.part("link")}));
        report.text.push_str(&format!("\n\nThe run of `{key}`: {state}."));
        Ok(if fine { report } else { report.warned(vec![format!("the run of `{key}` ended as {state}")]) })
    }
}

fn summed(deployed: &Done) -> Value {
    json!({
        "ok": deployed.flag("ok"),
        "serial": deployed.count("serial"),
        "root_path": deployed.part("root_path"),
        "done": deployed.list("done").len(),
        "failed": deployed.list("failed").len(),
        "unchanged": deployed.count("unchanged"),
    })
}
