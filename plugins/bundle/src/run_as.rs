//! Who jobs and pipelines run as.

use crate::finding::{Findings, Rule};
use crate::presets::of_kind;
use crate::value::Value;
use crate::workspace::User;

const IDENTITIES: [&str; 2] = ["user_name", "service_principal_name"];

/// Kinds of resources that always run as who deploys them.
const AS_DEPLOYER: [&str; 3] = ["model_serving_endpoints", "quality_monitors", "apps"];

/// Looks at the bundle's identity and gives it to the jobs and pipelines that have none.
pub(crate) fn apply(root: &mut Value, user: &User, findings: &mut Findings) {
    let Some(run_as) = root.get(&["run_as"]).filter(|value| !value.is_null()).cloned() else { return };
    let named: Vec<&str> =
        IDENTITIES.iter().filter_map(|field| run_as.text_at(&[field]).filter(|name| !name.is_empty())).collect();
    let [name] = named.as_slice() else {
        let message = if named.is_empty() { "`run_as` names nobody" } else { "`run_as` names two identities" };
        let advice = "give either `user_name` or `service_principal_name`";
        findings.add(Rule::RunAs, "run_as", &run_as, message, advice);
        return;
    };
    if *name != user.user_name {
        check_kinds(root, &run_as, findings);
    }
    for kind in ["jobs", "pipelines"] {
        for resource in of_kind(root, kind) {
            resource.set_default("run_as", run_as.clone().at(None));
        }
    }
}

fn check_kinds(root: &Value, run_as: &Value, findings: &mut Findings) {
    let mut refuse = |kind: &str, key: &str, what: &str| {
        let message = format!("resources.{kind}.{key} {what}, so it cannot run as somebody else");
        let advice = "deploy as that identity, or give `run_as` to the jobs that need it";
        findings.add(Rule::RunAs, "run_as", run_as, message, advice);
    };
    for kind in AS_DEPLOYER {
        for resource in root.entries_at(&["resources", kind]) {
            refuse(kind, &resource.key, "runs as who deploys it");
        }
    }
    for dashboard in root.entries_at(&["resources", "dashboards"]) {
        if dashboard.value.get(&["embed_credentials"]).and_then(Value::as_bool) == Some(true) {
            refuse("dashboards", &dashboard.key, "embeds the credentials of who deploys it");
        }
    }
}
