//! validate_bundle.

use bricklayer_bundle::{Bundle, Finding, FolderPermission, Mode, Outcome, Remote, Severity};
use bricklayer_sdk::{Failure, Kind, Platform, Workspace, cut_text, encode_segment};
use serde_json::Value;

use crate::opened::{self, Asked, Read};
use crate::types;

/// Findings that the text names; the typed result has all of them.
const MAX_IN_TEXT: usize = 40;

/// Characters of one line of a finding in the text.
const MAX_LINE_CHARS: usize = 600;

/// Checks a bundle.
///
/// # Errors
/// No bundle in that folder, variables that are given twice, a workspace that does not say who the caller is.
pub(crate) fn validate(
    platform: &impl Platform,
    request: types::ValidateBundleRequest,
) -> Result<types::BundleValidation, Failure> {
    let asked = Asked { path: request.bundle_path, target: request.target, variables: request.variables };
    let Read { mut outcome, folder, target, me } = opened::read(platform, asked)?;
    if let Some(bundle) = &outcome.bundle {
        outcome.findings.extend(bundle.check_remote(&ask(platform, bundle), &me.user_name));
    }
    Ok(report(outcome, folder, target, request.strict == Some(true)))
}

/// What only the workspace knows. What it does not say is not checked: the bundle can be right without.
fn ask(platform: &impl Platform, bundle: &Bundle) -> Remote {
    let workspace = Workspace::new(platform);
    let mut remote = Remote::default();
    if let Some(name) = bundle.artifact_volume().filter(|name| !name.contains("${")) {
        let path = format!("/api/2.1/unity-catalog/volumes/{}", encode_segment(&name));
        match workspace.get::<Value>(&path, &[]) {
            Ok(_) => remote.has_artifact_volume = Some(true),
            Err(failure) if failure.kind == Kind::NotFound => remote.has_artifact_volume = Some(false),
            Err(_) => {}
        }
    }
    if bundle.config.items_at(&["permissions"]).is_empty() {
        return remote;
    }
    let root = bundle.workspace_path("root_path");
    let status = workspace.get::<Value>("/api/2.0/workspace/get-status", &[("path", root)]);
    let id = status.ok().and_then(|status| status.get("object_id").and_then(Value::as_u64));
    let permissions =
        id.and_then(|id| workspace.get::<Value>(&format!("/api/2.0/permissions/directories/{id}"), &[]).ok());
    let entries = permissions.as_ref().and_then(|found| found.get("access_control_list")).and_then(Value::as_array);
    remote.folder_permissions = entries.into_iter().flatten().filter_map(FolderPermission::from_json).collect();
    remote
}

fn report(outcome: Outcome, folder: String, target: Option<String>, strict: bool) -> types::BundleValidation {
    let count = |severity| outcome.findings.iter().filter(|finding| finding.severity() == severity).count() as u32;
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let recommendations = count(Severity::Recommendation);
    let bundle = outcome.bundle.as_ref();
    let ok = outcome.is_good() && !(strict && warnings > 0);
    let resources: Vec<types::ResourceCount> = bundle
        .into_iter()
        .flat_map(Bundle::counts)
        .map(|(kind, count)| types::ResourceCount { kind: kind.to_owned(), count: count as u32 })
        .collect();
    let mode = bundle.and_then(|bundle| bundle.mode).map(|mode| match mode {
        Mode::Development => "development".to_owned(),
        Mode::Production => "production".to_owned(),
    });
    let name = bundle.map(|bundle| bundle.name.clone()).filter(|name| !name.is_empty());
    let mut validation = types::BundleValidation {
        text: String::new(),
        ok,
        folder,
        name,
        target,
        mode,
        root_path: bundle.map(|bundle| bundle.workspace_path("root_path").to_owned()),
        findings: [Severity::Error, Severity::Warning, Severity::Recommendation]
            .into_iter()
            .flat_map(|severity| outcome.findings.iter().filter(move |finding| finding.severity() == severity))
            .map(finding)
            .collect(),
        errors,
        warnings,
        recommendations,
        resources,
        files: bundle.and_then(|bundle| bundle.file_count).map(|count| count as u32),
    };
    validation.text = text(&validation);
    validation
}

fn finding(finding: &Finding) -> types::Finding {
    let place = finding.place.as_ref();
    types::Finding {
        severity: match finding.severity() {
            Severity::Error => types::Severity::Error,
            Severity::Warning => types::Severity::Warning,
            Severity::Recommendation => types::Severity::Recommendation,
        },
        rule: finding.rule.id().to_owned(),
        path: finding.path.clone(),
        file: place.map(|place| place.file.to_string()),
        line: place.map(|place| place.line as u32),
        column: place.map(|place| place.column as u32),
        message: finding.message.clone(),
        advice: finding.advice.clone(),
        repair: finding
            .repair
            .as_ref()
            .map(|repair| types::Repair { written: repair.written.clone(), instead: repair.instead.clone() }),
    }
}

fn text(validation: &types::BundleValidation) -> String {
    let counted = |count: u32, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    let verdict = if validation.ok { "can be deployed" } else { "cannot be deployed as it is" };
    let name = validation.name.as_deref().unwrap_or("bundle");
    let target = validation.target.as_deref().map_or_else(String::new, |target| format!(", target `{target}`"));
    let resources: Vec<String> =
        validation.resources.iter().map(|one| format!("{} of {}", one.count, one.kind)).collect();
    let mut lines = vec![format!(
        "The bundle **{name}**{target} {verdict}: {}, {}, {}.",
        counted(validation.errors, "error"),
        counted(validation.warnings, "warning"),
        counted(validation.recommendations, "recommendation"),
    )];
    if let Some(root) = &validation.root_path {
        let files = validation.files.map_or_else(String::new, |files| format!(", {}", counted(files, "file")));
        let resources = if resources.is_empty() { "no resources".to_owned() } else { resources.join(", ") };
        lines.push(format!("Resources: {resources}{files}; it would lie at {root}."));
    }
    for finding in validation.findings.iter().take(MAX_IN_TEXT) {
        let severity = match finding.severity {
            types::Severity::Error => "error",
            types::Severity::Warning => "warning",
            types::Severity::Recommendation => "recommendation",
        };
        let place = match (&finding.file, finding.line, finding.column) {
            (Some(file), Some(line), Some(column)) => format!(" {file}:{line}:{column}"),
            _ => String::new(),
        };
        let path = if finding.path.is_empty() { String::new() } else { format!(" `{}`", finding.path) };
        let line = format!("- **{severity}**{place}{path}: {}. {}", finding.message, sentence(&finding.advice));
        lines.push(cut_text(&line, MAX_LINE_CHARS));
    }
    if validation.findings.len() > MAX_IN_TEXT {
        lines.push(format!("… and {} more.", validation.findings.len() - MAX_IN_TEXT));
    }
    lines.join("\n")
}

/// With a capital letter and an end.
fn sentence(text: &str) -> String {
    let mut sentence = text.to_owned();
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    if !text.ends_with(['?', '.']) {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests;
