//! An analysis in words: short, for a model and a person.

use std::fmt::Debug;

use bricklayer_analyzer::analysis::{Analysis, Expectation, ImportKind, Place, TableUse};

/// Entries of one list that are told; the typed result has more.
const MAX_TOLD: usize = 40;

/// A case of an enum as its JSON and the page have it: `MachineLearning` is `machine-learning`.
pub(super) fn word<T: Debug>(value: &T) -> String {
    let mut word = String::new();
    for c in format!("{value:?}").chars() {
        if c.is_ascii_uppercase() && !word.is_empty() {
            word.push('-');
        }
        word.push(c.to_ascii_lowercase());
    }
    word
}

pub(super) fn expectation(expectation: &Expectation) -> String {
    format!("{}: {} ({})", expectation.name, expectation.condition, expectation.action)
}

/// All of an analysis; with `patterns` what it is for, what it needs and what to look at.
pub(super) fn text(analysis: &Analysis, patterns: bool) -> String {
    let about = &analysis.notebook;
    let language = about.default_language.map_or("no known language".to_owned(), |language| word(&language));
    let mut text = format!(
        "**{}**: {}, {language}, {} cells, {} lines.",
        about.path,
        word(&about.format),
        about.cells,
        about.lines
    );
    let mut out = Out { text: &mut text };
    if patterns {
        let workflow = &analysis.workflow;
        let evidence = workflow.evidence.join("; ");
        let because = if evidence.is_empty() { String::new() } else { format!(": {evidence}") };
        out.line(&format!(
            "Workflow: {} ({} %){because}. Complexity {} of 100.",
            word(&workflow.kind),
            workflow.score,
            analysis.complexity.score
        ));
    }
    let broken = analysis.cells.iter().filter_map(|cell| {
        let error = cell.error.as_ref()?;
        Some(format!("{}: {}", place(Place { cell: cell.index, line: error.line }), error.message))
    });
    out.list("Cells that could not be read as a whole", broken);
    out.list("Reads", analysis.reads.iter().map(table));
    out.list("Writes", analysis.writes.iter().map(table));
    let paths = analysis
        .paths
        .iter()
        .map(|path| format!("{} `{}` ({}, {})", word(&path.operation), path.uri, word(&path.kind), place(path.at)));
    out.list("Paths", paths);
    let datasets = analysis.datasets.iter().map(|dataset| {
        let inputs =
            if dataset.inputs.is_empty() { String::new() } else { format!(" from {}", dataset.inputs.join(", ")) };
        let expected: Vec<String> = dataset.expectations.iter().map(expectation).collect();
        let expected = if expected.is_empty() { String::new() } else { format!("; expects {}", expected.join(", ")) };
        format!("{} `{}`{inputs}{expected}", word(&dataset.kind), dataset.name)
    });
    out.list("Datasets", datasets);
    let parameters = analysis.parameters.iter().map(|parameter| {
        let default = parameter.default.as_ref().map_or(String::new(), |default| format!(" = {default:?}"));
        format!("`{}`{default} ({})", parameter.name, word(&parameter.kind))
    });
    out.list("Parameters", parameters);
    let calls = analysis.calls.iter().map(|call| {
        let arguments: Vec<String> = call.arguments.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{} `{}` {}", word(&call.kind), call.target, arguments.join(", ")).trim_end().to_owned()
    });
    out.list("Calls", calls);
    let values = analysis.task_values.iter().map(|value| match &value.task {
        Some(task) => format!("gets `{}` of task {task}", value.key),
        None => format!("sets `{}`", value.key),
    });
    out.list("Task values", values);
    out.list("Secrets", analysis.secrets.iter().map(|secret| format!("`{}/{}`", secret.scope, secret.key)));
    out.list("Installs", analysis.installs.iter().map(|install| format!("`{}`", install.spec)));
    let needed = |kind: ImportKind| !matches!(kind, ImportKind::StandardLibrary | ImportKind::Runtime);
    let imports = analysis.imports.iter().filter(|import| needed(import.kind));
    out.list("Imports beyond the runtime", imports.map(|import| format!("{} ({})", import.module, word(&import.kind))));
    if patterns {
        needs(&mut out, analysis);
    }
    if analysis.uncomputed > 0 {
        out.line(&format!("Names that cannot be told: {}.", analysis.uncomputed));
    }
    text
}

fn needs(out: &mut Out<'_>, analysis: &Analysis) {
    let requirements = &analysis.requirements;
    let serverless = if requirements.serverless_ok { "runs serverless" } else { "does not run serverless" };
    let mut facts = vec![serverless.to_owned()];
    facts.extend(requirements.ml_runtime.then(|| "needs the ML runtime".to_owned()));
    facts.extend(requirements.gpu.then(|| "needs a GPU".to_owned()));
    facts.extend(requirements.streaming.map(|streaming| format!("streams ({})", word(&streaming))));
    out.line(&format!("Needs: {}.", facts.join(", ")));
    out.list(
        "Because",
        requirements.reasons.iter().map(|reason| format!("{}: {} ({})", reason.topic, reason.text, place(reason.at))),
    );
    out.list("Services", requirements.services.iter().cloned());
    out.list("MLflow", requirements.mlflow.iter().cloned());
    let findings = analysis.findings.iter().map(|finding| {
        format!(
            "{} {} ({}): {}. {}",
            word(&finding.severity),
            finding.rule,
            place(finding.at),
            finding.message,
            finding.fix
        )
    });
    out.list("Findings", findings);
    let advice = &analysis.suggestions;
    let resource = if advice.resource.is_empty() { "no resource of its own" } else { &advice.resource };
    let libraries = if advice.libraries.is_empty() {
        String::new()
    } else {
        format!(", libraries {}", advice.libraries.join(", "))
    };
    out.line(&format!("For a bundle: {resource}, compute {}{libraries}. {}", advice.compute, advice.notes.join(" ")));
}

fn table(table: &TableUse) -> String {
    let default = table.with_defaults.as_ref().map_or(String::new(), |name| format!(", `{name}` by default"));
    format!("`{}` ({}, {}{default}, {})", table.name, word(&table.mode), word(&table.certainty), place(table.at))
}

fn place(at: Place) -> String {
    format!("cell {} line {}", at.cell + 1, at.line)
}

struct Out<'t> {
    text: &'t mut String,
}

impl Out<'_> {
    fn line(&mut self, line: &str) {
        self.text.push('\n');
        self.text.push_str(line.trim_end());
    }

    /// A heading with its entries; nothing where there are none.
    fn list(&mut self, heading: &str, entries: impl Iterator<Item = String>) {
        let entries: Vec<String> = entries.collect();
        if entries.is_empty() {
            return;
        }
        self.line(&format!("\n{heading} ({}):", entries.len()));
        for entry in entries.iter().take(MAX_TOLD) {
            self.line(&format!("- {}", entry.replace('\n', " ")));
        }
        if entries.len() > MAX_TOLD {
            self.line(&format!("- and {} more", entries.len() - MAX_TOLD));
        }
    }
}
