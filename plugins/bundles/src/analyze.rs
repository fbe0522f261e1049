//! analyze_notebook.

mod many;
mod show;

pub(crate) use many::analyze as analyze_all;

use bricklayer_analyzer::analysis::{self, Certainty, Language, Severity};
use bricklayer_analyzer::{Surroundings, analyze as read};
use bricklayer_sdk::{Failure, Platform};

use crate::{notebooks, types};

/// Entries of one list in the typed result: a bundle needs no more, and a page shows no more.
const MAX_LISTED: usize = 200;

/// Analyses a notebook.
///
/// # Errors
/// An argument that is no path, no such notebook, and what the workspace refuses. What is wrong in a cell is a part of the
/// result.
pub(crate) fn analyze(
    platform: &impl Platform,
    request: types::AnalyzeNotebookRequest,
) -> Result<types::NotebookAnalysis, Failure> {
    let [dependencies, data, patterns] =
        [request.include_dependencies, request.include_data_sources, request.detect_patterns]
            .map(|wanted| wanted.unwrap_or(true));
    let found = notebooks::find(platform, "notebook_path", &request.notebook_path, dependencies)?;
    let mut analysis = read(&found.notebook, Surroundings { neighbours: found.neighbours.as_deref() });
    if !dependencies {
        analysis.imports.clear();
        analysis.installs.clear();
        analysis.calls.clear();
    }
    if !data {
        analysis.reads.clear();
        analysis.writes.clear();
        analysis.paths.clear();
        analysis.datasets.clear();
        analysis.secrets.clear();
    }
    if !patterns {
        analysis.findings.clear();
    }
    Ok(typed(analysis, patterns))
}

fn typed(analysis: analysis::Analysis, patterns: bool) -> types::NotebookAnalysis {
    let text = show::text(&analysis, patterns);
    let about = analysis.notebook;
    let lengths = [
        analysis.reads.len(),
        analysis.writes.len(),
        analysis.paths.len(),
        analysis.datasets.len(),
        analysis.parameters.len(),
        analysis.imports.len(),
        analysis.installs.len(),
        analysis.findings.len(),
    ];
    let broken = analysis.cells.iter().filter_map(|cell| {
        let error = cell.error.as_ref()?;
        Some(types::BrokenCell { cell: cell.index + 1, line: error.line, message: error.message.clone() })
    });
    let imports = analysis.imports.into_iter().map(|import| types::Library {
        name: import.module,
        kind: show::word(&import.kind),
        package: import.package,
        version: import.version,
    });
    let installs = analysis.installs.into_iter().map(|install| types::Library {
        name: install.spec,
        kind: "installed".to_owned(),
        package: install.package,
        version: install.version,
    });
    let needs = analysis.requirements;
    let advice = analysis.suggestions;
    types::NotebookAnalysis {
        text,
        path: about.path,
        format: show::word(&about.format),
        language: about.default_language.map(|language| show::word::<Language>(&language)),
        cells: about.cells,
        lines: about.lines,
        sha256: about.sha256,
        partial: analysis.partial || lengths.iter().any(|length| *length > MAX_LISTED),
        broken: listed(broken),
        reads: listed(analysis.reads.into_iter().map(table)),
        writes: listed(analysis.writes.into_iter().map(table)),
        paths: listed(analysis.paths.into_iter().map(|path| types::PathUse {
            kind: show::word(&path.kind),
            operation: show::word(&path.operation),
            uri: path.uri,
            cell: path.at.cell + 1,
            line: path.at.line,
        })),
        datasets: listed(analysis.datasets.into_iter().map(|dataset| types::Dataset {
            kind: show::word(&dataset.kind),
            expectations: dataset.expectations.iter().map(show::expectation).collect(),
            name: dataset.name,
            inputs: dataset.inputs,
        })),
        secrets: listed(analysis.secrets.iter().map(|secret| format!("{}/{}", secret.scope, secret.key))),
        parameters: listed(analysis.parameters.into_iter().map(|parameter| types::Parameter {
            name: parameter.name,
            kind: show::word(&parameter.kind),
            default: parameter.default,
            choices: parameter.choices,
        })),
        libraries: listed(imports.chain(installs)),
        calls: listed(analysis.calls.into_iter().map(|call| types::NotebookCall {
            kind: show::word(&call.kind),
            target: call.target,
            resolved: call.resolved,
            arguments: call.arguments.iter().map(|(name, value)| format!("{name}={value}")).collect(),
        })),
        task_values: listed(
            analysis.task_values.into_iter().map(|value| types::TaskValue { key: value.key, task: value.task }),
        ),
        uncomputed: analysis.uncomputed,
        workflow: patterns.then(|| show::word(&analysis.workflow.kind)),
        evidence: if patterns { analysis.workflow.evidence } else { Vec::new() },
        complexity: patterns.then_some(analysis.complexity.score),
        requirements: patterns.then(|| types::Requirements {
            serverless_ok: needs.serverless_ok,
            ml_runtime: needs.ml_runtime,
            gpu: needs.gpu,
            streaming: needs.streaming.map(|streaming| show::word(&streaming)),
            mlflow: needs.mlflow,
            services: needs.services,
            reasons: needs.reasons.iter().map(|reason| format!("{}: {}", reason.topic, reason.text)).collect(),
        }),
        findings: listed(analysis.findings.into_iter().map(|finding| types::Finding {
            rule: finding.rule.to_owned(),
            severity: show::word::<Severity>(&finding.severity),
            message: finding.message,
            fix: finding.fix,
            cell: finding.at.cell + 1,
            line: finding.at.line,
        })),
        suggestions: patterns.then_some(types::Suggestions {
            resource: advice.resource,
            compute: advice.compute,
            libraries: advice.libraries,
            notes: advice.notes,
        }),
    }
}

fn listed<T>(entries: impl Iterator<Item = T>) -> Vec<T> {
    entries.take(MAX_LISTED).collect()
}

fn table(table: analysis::TableUse) -> types::TableUse {
    types::TableUse {
        kind: show::word(&table.kind),
        mode: show::word(&table.mode),
        certainty: match table.certainty {
            Certainty::Literal => types::Certainty::Literal,
            Certainty::Computed => types::Certainty::Computed,
            Certainty::Parameterised => types::Certainty::Parameterised,
            Certainty::Unknown => types::Certainty::Unknown,
        },
        name: table.name,
        via: table.via,
        with_defaults: table.with_defaults,
        cell: table.at.cell + 1,
        line: table.at.line,
    }
}

#[cfg(test)]
mod tests;
