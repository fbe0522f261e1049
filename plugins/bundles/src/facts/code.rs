//! What code says, as a bundle needs it.

use bricklayer_analyzer::analysis::{
    self, CallKind, ImportKind, ParameterKind, Streaming, TableKind, TableUse, WorkflowKind,
};
use bricklayer_analyzer::{Analysis, Refused, Surroundings, analyze, open};
use bricklayer_generator::{Facts, Language, Object, Stored, Subject, Widget, WorkspacePath};

/// What was found in a notebook or file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Code {
    pub(crate) facts: Facts,
    /// What tests need to know beside it; its place is still to be said.
    pub(crate) subject: Subject,
}

/// Analyses a notebook or file. One that cannot be read as code has no facts but the reason.
pub(crate) fn analyse(path: &WorkspacePath, object: &Object, bytes: &[u8]) -> Code {
    match analysed(path, object, bytes) {
        Ok(Some(found)) => code(path, &found),
        Ok(None) => Code::default(),
        Err(refused) => {
            let problems = vec![format!("could not be analysed: {refused}")];
            Code { facts: Facts { problems, ..Facts::default() }, subject: Subject::default() }
        }
    }
}

/// The analysis of a notebook or file; none of one without code.
///
/// # Errors
/// Bytes that are no code.
pub(crate) fn analysed(path: &WorkspacePath, object: &Object, bytes: &[u8]) -> Result<Option<Analysis>, Refused> {
    let (known, ending) = match object {
        Object::Notebook { stored: Stored::Jupyter, language } => (word(*language), ".ipynb"),
        Object::Notebook { language, .. } => (word(*language), language.ending()),
        Object::File | Object::Folder(_) | Object::Left(_) => (None, ""),
    };
    // The ending tells the form of a notebook, whose path has none.
    let named = format!("{}{ending}", path.as_str());
    let notebooks = open(&named, bytes, known)?;
    Ok(notebooks.first().map(|notebook| analyze(notebook, Surroundings::default())))
}

const fn word(language: Language) -> Option<analysis::Language> {
    Some(match language {
        Language::Python => analysis::Language::Python,
        Language::Sql => analysis::Language::Sql,
        Language::Scala => analysis::Language::Scala,
        Language::R => analysis::Language::R,
    })
}

/// What an analysis says, as a bundle needs it.
pub(crate) fn code(path: &WorkspacePath, found: &Analysis) -> Code {
    let read = |table: &&TableUse| table.mode != analysis::Mode::Metadata && is_table(table);
    let reads: Vec<String> = unique(found.reads.iter().filter(read).map(name));
    let written: Vec<String> =
        unique(found.writes.iter().filter(|table| table.mode.produces() && is_table(table)).map(name));
    let datasets = unique(found.datasets.iter().map(|dataset| dataset.name.clone()));
    let runs = found.calls.iter().filter(|call| matches!(call.kind, CallKind::Run | CallKind::NotebookRun));
    let widgets: Vec<Widget> = found.parameters.iter().filter(|one| is_widget(one.kind)).map(widget).collect();
    let is_missing = |import: &&analysis::Import| {
        import.kind == ImportKind::Package && !found.installs.iter().any(|install| install.package == import.package)
    };
    let needs = &found.requirements;
    let mut needs_cluster: Vec<String> =
        needs.reasons.iter().filter(|_| !needs.serverless_ok).map(|reason| reason.text.clone()).collect();
    needs_cluster.truncate(MAX_REASONS);
    if !needs.serverless_ok && needs_cluster.is_empty() {
        needs_cluster.push("its code does not fit serverless compute".to_owned());
    }
    let pipeline = found.workflow.kind == WorkflowKind::Pipeline || !found.datasets.is_empty();
    let facts = Facts {
        widgets: widgets.clone(),
        reads: reads.clone(),
        writes: unique(written.iter().cloned().chain(datasets)),
        sets: found.task_values.iter().filter(|value| value.set).map(|value| value.key.clone()).collect(),
        gets: found.task_values.iter().filter_map(|value| Some((value.task.clone()?, value.key.clone()))).collect(),
        runs: runs.filter_map(|call| path.beside(&call.target)).collect(),
        requirements: unique(found.imports.iter().filter(is_missing).filter_map(requirement)),
        pipeline,
        needs_cluster,
        endless: !pipeline && needs.streaming == Some(Streaming::Continuous),
        problems: problems(found),
    };
    let runnable = found.cells.iter().all(|cell| {
        use analysis::Language::{Markdown, Other, Python, Run, Shell, Sql};
        cell.error.is_none() && matches!(cell.language, Python | Sql | Markdown | Run | Shell | Other)
    });
    let subject = Subject {
        functions: found
            .functions
            .iter()
            .filter(|function| function.pure)
            .map(|function| function.name.clone())
            .collect(),
        undeclared: found
            .parameters
            .iter()
            .filter(|one| one.kind == ParameterKind::Undeclared)
            .map(|one| one.name.clone())
            .collect(),
        widgets: widgets.into_iter().filter(|widget| widget.default.is_some()).collect(),
        reads,
        writes: written,
        runnable: runnable && !pipeline,
        ..Subject::default()
    };
    Code { facts, subject }
}

/// Reasons and problems of one notebook that are told.
const MAX_REASONS: usize = 3;

/// A table that other code may read or write, and whose name is known.
fn is_table(table: &TableUse) -> bool {
    matches!(table.kind, TableKind::Table | TableKind::Legacy | TableKind::Dataset) && !name(table).contains('{')
}

/// Its name when parameters have their defaults.
fn name(table: &TableUse) -> String {
    table.with_defaults.clone().unwrap_or_else(|| table.name.clone())
}

const fn is_widget(kind: ParameterKind) -> bool {
    use ParameterKind::{Combobox, Dropdown, Multiselect, Text, Undeclared};
    matches!(kind, Text | Dropdown | Combobox | Multiselect | Undeclared)
}

fn widget(parameter: &analysis::Parameter) -> Widget {
    Widget { name: parameter.name.clone(), default: parameter.default.clone() }
}

fn requirement(import: &analysis::Import) -> Option<String> {
    let package = import.package.clone()?;
    Some(import.version.as_ref().map_or(package.clone(), |version| format!("{package}=={version}")))
}

fn problems(found: &Analysis) -> Vec<String> {
    let broken = found.cells.iter().filter_map(|cell| {
        let error = cell.error.as_ref()?;
        Some(format!("could be read in part only: cell {}, line {}: {}", cell.index + 1, error.line, error.message))
    });
    let errors = found.findings.iter().filter(|finding| finding.severity == analysis::Severity::Error);
    broken.chain(errors.map(|finding| finding.message.clone())).take(MAX_REASONS).collect()
}

fn unique(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut found = Vec::new();
    for text in texts {
        if !found.contains(&text) {
            found.push(text);
        }
    }
    found
}
