//! What a notebook is for, by what it does: words in names and comments count nothing.

use std::collections::BTreeSet;

use crate::analysis::{Analysis, CallKind, ImportKind, Mode, PathOperation, TableKind, Workflow, WorkflowKind};

/// Modules of machine learning.
const LEARNING: &[&str] = &[
    "catboost",
    "keras",
    "lightgbm",
    "sklearn",
    "statsmodels",
    "tensorflow",
    "torch",
    "transformers",
    "xgboost",
    "prophet",
];

pub(super) fn of(analysis: &Analysis, seen: &BTreeSet<&'static str>) -> Workflow {
    let mut found: Vec<(WorkflowKind, u32, String)> = Vec::new();
    let mut add = |kind, points: u32, evidence: String| found.push((kind, points, evidence));
    if !analysis.datasets.is_empty() {
        add(WorkflowKind::Pipeline, 20, format!("defines {} datasets of a pipeline", analysis.datasets.len()));
    }
    let written: BTreeSet<&str> =
        analysis.writes.iter().filter(|table| table.mode.produces()).map(|table| table.name.as_str()).collect();
    let files = analysis.paths.iter().filter(|path| path.operation == PathOperation::Write).count();
    let real = |kind| {
        matches!(
            kind,
            TableKind::Table | TableKind::Legacy | TableKind::Sample | TableKind::External | TableKind::System
        )
    };
    let sources = analysis.reads.iter().filter(|table| table.mode != Mode::Metadata && real(table.kind)).count()
        + analysis.paths.iter().filter(|path| path.operation == PathOperation::Read).count();
    if !written.is_empty() {
        add(WorkflowKind::Etl, 4, format!("writes {} tables", written.len()));
    }
    if files > 0 {
        add(WorkflowKind::Etl, 2, format!("writes {files} paths"));
    }
    if sources > 0 && (!written.is_empty() || files > 0) {
        add(WorkflowKind::Etl, 2, format!("of {sources} sources"));
    }
    if analysis.writes.iter().any(|table| table.mode == Mode::Merge) {
        add(WorkflowKind::Etl, 1, "merges rows".to_owned());
    }
    if seen.contains("stream") {
        add(WorkflowKind::Streaming, 8, "reads or writes a stream".to_owned());
    }
    let learning: BTreeSet<&str> = analysis
        .imports
        .iter()
        .filter(|import| {
            import.module.starts_with("pyspark.ml")
                || import.module.split('.').next().is_some_and(|top| LEARNING.contains(&top))
        })
        .map(|import| import.module.as_str())
        .collect();
    if !learning.is_empty() {
        add(
            WorkflowKind::MachineLearning,
            3,
            format!("imports {}", learning.iter().take(4).copied().collect::<Vec<_>>().join(", ")),
        );
        if seen.contains("fit") {
            add(WorkflowKind::MachineLearning, 4, "fits a model".to_owned());
        }
    }
    if !analysis.requirements.mlflow.is_empty() {
        add(
            WorkflowKind::MachineLearning,
            4,
            format!(
                "uses MLflow ({})",
                analysis.requirements.mlflow.iter().take(4).cloned().collect::<Vec<_>>().join(", ")
            ),
        );
    }
    let runs = analysis.calls.iter().filter(|call| call.kind == CallKind::NotebookRun).count();
    if runs > 0 {
        add(WorkflowKind::Orchestration, 5 + u32::from(runs > 1) * 3, format!("runs {runs} other notebooks"));
    }
    if written.is_empty() && files == 0 {
        if seen.contains("display") {
            add(WorkflowKind::Reporting, 3, "shows results".to_owned());
        }
        if analysis.sql.iter().any(|statement| statement.kind == "SELECT") {
            add(WorkflowKind::Reporting, 2, "queries and writes nothing".to_owned());
        }
        let plots =
            |module: &str| ["matplotlib", "plotly", "seaborn", "ggplot2"].iter().any(|known| module.starts_with(known));
        if analysis.imports.iter().any(|import| import.kind != ImportKind::Local && plots(&import.module)) {
            add(WorkflowKind::Reporting, 2, "plots".to_owned());
        }
    }
    if found.is_empty() && !analysis.functions.is_empty() {
        found.push((WorkflowKind::Library, 3, format!("only defines {} functions", analysis.functions.len())));
    }
    decide(&found)
}

fn decide(found: &[(WorkflowKind, u32, String)]) -> Workflow {
    let points = |kind: WorkflowKind| {
        found.iter().filter(|(known, ..)| *known == kind).map(|(_, points, _)| points).sum::<u32>()
    };
    let total: u32 = found.iter().map(|(_, points, _)| points).sum();
    let mut best = WorkflowKind::Unknown;
    for (kind, ..) in found {
        if best == WorkflowKind::Unknown || points(*kind) > points(best) {
            best = *kind;
        }
    }
    let evidence = found.iter().filter(|(kind, ..)| *kind == best).map(|(.., evidence)| evidence.clone()).collect();
    let score = (points(best) * 100).checked_div(total).unwrap_or(0);
    Workflow { kind: best, score, evidence }
}
