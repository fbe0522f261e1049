//! A bundle is checked, and mended where the check says how.

use bricklayer_domain::ToolErrorKind;
use serde_json::{Value, json};

use crate::replay::{Done, Pending, Replay};
use crate::values::text;
use crate::workflow::{Report, Status};

/// Tools that a check calls.
pub(super) const VALIDATE: &str = "validate_bundle";
pub(super) const REPAIR: &str = "repair_bundle";

/// Rounds of mending. One mends all that the check knows how to; what a mended line brings up takes one more.
const MAX_REPAIRS: usize = 3;

/// Findings that a report names; the rest are in the check's own result.
const MAX_NAMED: usize = 10;

/// What a check came to.
pub(super) struct Checked {
    /// The last answer.
    pub(super) done: Done,
    /// Lines that were mended on the way.
    pub(super) mended: Vec<Value>,
}

impl Checked {
    /// Whether it can be deployed.
    pub(super) fn is_fine(&self) -> bool {
        self.done.failure.is_none() && self.done.flag("ok")
    }

    /// What is left, one line each.
    pub(super) fn findings(&self) -> Vec<String> {
        let findings = self.done.list("findings");
        let mut lines: Vec<String> = findings.iter().take(MAX_NAMED).map(line).collect();
        if findings.len() > MAX_NAMED {
            lines.push(format!("and {} more", findings.len().saturating_sub(MAX_NAMED)));
        }
        lines
    }

    /// How the bundle stands, as facts of a report.
    pub(super) fn facts(&self) -> Value {
        json!({
            "ok": self.is_fine(),
            "errors": self.done.count("errors"),
            "warnings": self.done.count("warnings"),
            "recommendations": self.done.count("recommendations"),
        })
    }

    /// The end of a workflow that cannot go on with such a bundle.
    pub(super) fn refusal(&self) -> Report {
        if self.done.failure.is_some() {
            return Report::stopped("the bundle cannot be checked", &self.done);
        }
        let mut said = "the bundle has errors that are not mended by rule; nothing was deployed:".to_owned();
        for finding in self.findings() {
            said.push_str("\n- ");
            said.push_str(&finding);
        }
        Report::ended(Status::Stopped(ToolErrorKind::Failed), said)
    }
}

/// Checks a bundle for a target; where the check knows what is meant, it is mended and checked again.
pub(super) fn checked(replay: &mut Replay, which: &Value) -> Result<Checked, Pending> {
    let mut mended = Vec::new();
    let mut done = replay.call("Checking the bundle.", VALIDATE, which.clone())?;
    for _ in 0..MAX_REPAIRS {
        let offered = done.list("findings").iter().any(|finding| finding.get("repair").is_some_and(Value::is_object));
        if !offered {
            break;
        }
        let repaired = replay.call("Mending what the check knows how to.", REPAIR, which.clone())?;
        let repairs = repaired.list("repairs");
        if repaired.failure.is_some() || repairs.is_empty() {
            break;
        }
        mended.extend_from_slice(repairs);
        done = replay.call("Checking it again.", VALIDATE, which.clone())?;
    }
    Ok(Checked { done, mended })
}

fn line(finding: &Value) -> String {
    let place = match (text(finding, "file"), finding.get("line").and_then(Value::as_u64)) {
        ("", _) => String::new(),
        (file, Some(line)) => format!("`{file}` line {line}: "),
        (file, None) => format!("`{file}`: "),
    };
    let part = |field| text(finding, field);
    format!("{}: {place}{}; {}", part("severity"), part("message"), part("advice"))
}
