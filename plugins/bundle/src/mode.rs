//! What a target's mode sets and demands.

use crate::finding::{Findings, Rule};
use crate::value::Value;
use crate::workspace::{PATHS, User};

/// The mode of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Copies of one person, named so, and paused.
    Development,
    /// The one that counts.
    Production,
}

/// Runs of a job at once in development.
const DEVELOPMENT_RUNS: i64 = 4;

/// The mode of the target that was applied.
pub(crate) fn of(root: &Value, findings: &mut Findings) -> Option<Mode> {
    let value = root.get(&["bundle", "mode"])?;
    match value.as_text() {
        Some("development") => Some(Mode::Development),
        Some("production") => Some(Mode::Production),
        _ => {
            let message = format!("`{}` is no mode", value.display().unwrap_or_default());
            findings.add(Rule::Mode, "bundle.mode", value, message, "write `development` or `production`");
            None
        }
    }
}

/// Sets what mode `development` sets, where the bundle says nothing.
pub(crate) fn set_presets(root: &mut Value, mode: Option<Mode>, user: &User, findings: &mut Findings) {
    if mode != Some(Mode::Development) {
        return;
    }
    if let Some(bundle) = root.section("bundle")
        && let Some(deployment) = bundle.section("deployment")
        && let Some(lock) = deployment.section("lock")
    {
        lock.set_default("enabled", Value::bool(false));
    }
    let short_name = user.short_name();
    let Some(presets) = root.section("presets") else { return };
    if let Some(prefix) = presets.get(&["name_prefix"]).filter(|prefix| prefix.as_text() == Some("")) {
        let message = "an empty prefix has no effect in mode `development`";
        let advice = "write another prefix that holds your name, or take the line away";
        findings.add(Rule::PresetIgnored, "presets.name_prefix", prefix, message, advice);
    }
    if presets.text_at(&["name_prefix"]).is_none_or(str::is_empty) {
        presets.set("name_prefix", Value::text(format!("[dev {short_name}] ")));
    }
    if let Some(tags) = presets.section("tags") {
        tags.set_default("dev", Value::text(short_name));
    }
    presets.set_default("jobs_max_concurrent_runs", Value::int(DEVELOPMENT_RUNS));
    presets.set_default("trigger_pause_status", Value::text("PAUSED"));
    presets.set_default("pipelines_development", Value::bool(true));
}

/// Lets tasks run on the cluster that the target names, which only copies of one person may.
pub(crate) fn override_cluster(root: &mut Value, mode: Option<Mode>, findings: &mut Findings) {
    let found = ["cluster_id", "compute_id"].iter().find_map(|field| root.get(&["bundle", field]).cloned());
    let Some(cluster) = found.filter(|value| value.as_text().is_some_and(|text| !text.is_empty())) else { return };
    if mode != Some(Mode::Development) {
        let message = "a target can run its tasks on another cluster only in mode `development`";
        let advice = "take `cluster_id` away, or give the target `mode: development`";
        findings.add(Rule::Mode, "bundle.cluster_id", &cluster, message, advice);
        return;
    }
    for job in
        root.get_mut(&["resources", "jobs"]).and_then(Value::as_map_mut).into_iter().flat_map(|map| map.iter_mut())
    {
        for task in job.value.get_mut(&["tasks"]).and_then(Value::as_list_mut).into_iter().flatten() {
            let task = if task.get(&["for_each_task", "task"]).is_some() {
                task.get_mut(&["for_each_task", "task"])
            } else {
                Some(task)
            };
            let Some(map) = task.and_then(Value::as_map_mut) else { continue };
            let fields = ["new_cluster", "existing_cluster_id", "job_cluster_key", "environment_key"];
            if fields.iter().any(|field| map.get(field).is_some()) {
                map.retain(|entry| !fields.contains(&entry.key.as_str()));
                map.set("existing_cluster_id", cluster.clone());
            }
        }
    }
}

/// Looks at what the mode demands.
pub(crate) fn check(root: &Value, mode: Option<Mode>, user: &User, findings: &mut Findings) {
    match mode {
        Some(Mode::Development) => check_development(root, user, findings),
        Some(Mode::Production) => check_production(root, user, findings),
        None => {}
    }
}

fn check_development(root: &Value, user: &User, findings: &mut Findings) {
    let short_name = user.short_name();
    let names_user = |text: &str| text.contains(&user.user_name) || text.contains(&short_name);
    for field in PATHS {
        let Some(value) = root.get(&["workspace", field]) else { continue };
        if let Some(text) = value.as_text().filter(|text| !names_user(text) && !text.contains("${")) {
            let message = format!("in mode `development`, `{field}` is a place of your own, and {text} is not");
            let advice = "begin the path with `~/`, or put `${workspace.current_user.short_name}` into it";
            findings.add(Rule::DevelopmentMode, format!("workspace.{field}"), value, message, advice);
        }
    }
    if let Some(value) = root.get(&["presets", "name_prefix"])
        && value.as_text().is_some_and(|text| !names_user(text) && !text.contains("${"))
    {
        let message = "in mode `development`, the prefix holds your name, so that copies do not meet";
        let advice = "put `${workspace.current_user.short_name}` into it";
        findings.add(Rule::DevelopmentMode, "presets.name_prefix", value, message, advice);
    }
    if let Some(value) = root.get(&["presets", "trigger_pause_status"])
        && value.as_text() == Some("UNPAUSED")
    {
        let message = "in mode `development`, schedules are not started for all jobs at once";
        let advice = "set `pause_status: UNPAUSED` in the schedule that is meant";
        findings.add(Rule::DevelopmentMode, "presets.trigger_pause_status", value, message, advice);
    }
}

fn check_production(root: &Value, user: &User, findings: &mut Findings) {
    for pipeline in root.entries_at(&["resources", "pipelines"]) {
        if let Some(value) = pipeline.value.get(&["development"]).filter(|value| value.as_bool() == Some(true)) {
            let path = format!("resources.pipelines.{}.development", pipeline.key);
            let message = "a pipeline in mode `production` cannot have `development: true`";
            findings.add(
                Rule::ProductionMode,
                path,
                value,
                message,
                "take the line away, or set it in the target `dev`",
            );
        }
    }
    let root_path = root.get(&["workspace", "root_path"]);
    let is_chosen = root_path.is_some_and(|value| value.place.is_some());
    if is_chosen {
        return;
    }
    let run_as = |job: &crate::value::Entry| job.value.get(&["run_as"]).is_some();
    let all_run_as = root.entries_at(&["resources", "jobs"]).all(run_as);
    let place = root.get(&["bundle", "mode"]).and_then(|mode| mode.place.clone());
    let message = "a target in mode `production` says where it lies, so that there is one copy whoever deploys";
    let advice = format!(
        "set `workspace.root_path: /Workspace/Users/{}/.bundle/${{bundle.name}}/${{bundle.target}}` in the target",
        user.user_name
    );
    let rule = if user.is_service_principal() || all_run_as { Rule::ProductionRoot } else { Rule::ProductionMode };
    findings.add_at(rule, "workspace.root_path", place, message, advice);
}
