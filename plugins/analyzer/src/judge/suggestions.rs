//! What a bundle of a notebook would have.

use crate::analysis::{Analysis, ImportKind, ParameterKind, Streaming, Suggestions, WorkflowKind};

pub(super) fn of(analysis: &Analysis) -> Suggestions {
    let requirements = &analysis.requirements;
    let resource = match analysis.workflow.kind {
        WorkflowKind::Pipeline => "pipeline",
        WorkflowKind::Library => "",
        _ => "job",
    };
    let compute = match (requirements.gpu, requirements.ml_runtime, requirements.serverless_ok) {
        (true, ..) => "gpu",
        (_, true, _) => "ml-runtime",
        (_, _, true) => "serverless",
        _ => "classic",
    };
    let given = |kind| !matches!(kind, ParameterKind::Environment);
    let parameters = analysis
        .parameters
        .iter()
        .filter(|parameter| given(parameter.kind))
        .map(|parameter| (parameter.name.clone(), parameter.default.clone().unwrap_or_default()))
        .collect();
    let mut libraries: Vec<String> = Vec::new();
    for install in &analysis.installs {
        let line = match install.flag.as_deref() {
            Some("-r" | "--requirement") => format!("-r {}", install.spec),
            Some(_) => continue,
            None => install.spec.clone(),
        };
        if !libraries.contains(&line) {
            libraries.push(line);
        }
    }
    let installed: Vec<String> = analysis
        .installs
        .iter()
        .filter_map(|install| install.package.as_deref())
        .map(|package| package.to_lowercase().replace('_', "-"))
        .collect();
    let by_file = analysis.installs.iter().any(|install| install.flag.is_some());
    for import in analysis.imports.iter().filter(|import| import.kind == ImportKind::Package) {
        let Some(package) = &import.package else { continue };
        let known = installed.contains(&package.to_lowercase().replace('_', "-"));
        if !known && !by_file && !libraries.contains(package) {
            libraries.push(package.clone());
        }
    }
    let mut notes = Vec::new();
    if resource == "pipeline" {
        notes.push("It defines datasets, so it belongs into a pipeline and not into a notebook task.".to_owned());
    }
    if resource.is_empty() {
        notes.push("It only defines things that others use, so it is no task of its own.".to_owned());
    }
    if requirements.streaming == Some(Streaming::Continuous) {
        notes.push("It streams until it is stopped: run it as a continuous job.".to_owned());
    }
    if !analysis.task_values.is_empty() {
        notes.push("It passes values between tasks: the task that sets them comes first.".to_owned());
    }
    Suggestions { resource: resource.to_owned(), parameters, libraries, compute: compute.to_owned(), notes }
}
