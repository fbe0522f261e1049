//! What follows from what was found: needs, purpose, complexity, findings and suggestions.

mod findings;
mod places;
mod requirements;
mod suggestions;
mod workflow;

use crate::analysis::{About, Analysis, CellFacts, Complexity, Language};
use crate::cell::Notebook;
use crate::facts::Facts;
use crate::notebook::Surroundings;

/// Puts the analysis together.
pub(crate) fn judge(
    about: About,
    notebook: &Notebook,
    cells: Vec<CellFacts>,
    mut facts: Facts,
    surroundings: Surroundings<'_>,
) -> Analysis {
    places::settle(&about.path, &mut facts, surroundings);
    let (reads, writes) = facts.tables();
    let requirements = requirements::of(&cells, &mut facts);
    findings::add(notebook, &cells, &reads, &writes, &mut facts, surroundings);
    let errors = cells.iter().any(|cell| cell.error.is_some());
    let mut analysis = Analysis {
        partial: errors || facts.truncated || notebook.garbled,
        notebook: about,
        cells,
        imports: facts.imports,
        installs: facts.installs,
        parameters: facts.parameters,
        reads,
        writes,
        paths: facts.paths,
        datasets: facts.datasets,
        calls: facts.calls,
        task_values: facts.task_values,
        secrets: facts.secrets,
        sql: facts.sql,
        functions: facts.functions,
        requirements,
        findings: facts.findings,
        uncomputed: facts.uncomputed,
        ..Analysis::default()
    };
    analysis.workflow = workflow::of(&analysis, &facts.seen);
    analysis.complexity = complexity(&analysis);
    analysis.suggestions = suggestions::of(&analysis);
    analysis
}

fn complexity(analysis: &Analysis) -> Complexity {
    let mut languages: Vec<Language> =
        analysis.cells.iter().map(|cell| cell.language).filter(|language| *language != Language::Markdown).collect();
    languages.sort_unstable();
    languages.dedup();
    let errors = analysis.cells.iter().filter(|cell| cell.error.is_some()).count();
    let lines = usize::try_from(analysis.notebook.lines).unwrap_or(usize::MAX);
    let uncomputed = usize::try_from(analysis.uncomputed).unwrap_or(usize::MAX);
    let mut factors = Vec::new();
    let mut score = 0;
    for (count, most, points, what) in [
        (lines, 500, 15, "lines"),
        (analysis.cells.len(), 30, 10, "cells"),
        (languages.len(), 1, 10, "languages"),
        (analysis.reads.len(), 5, 10, "reads of tables"),
        (analysis.writes.len(), 2, 10, "writes of tables"),
        (analysis.datasets.len(), 5, 10, "datasets"),
        (analysis.calls.len(), 2, 10, "calls of other notebooks"),
        (analysis.parameters.len(), 3, 10, "parameters"),
        (analysis.functions.len(), 10, 5, "functions"),
        (uncomputed, 0, 20, "names that could not be told"),
        (errors, 0, 20, "cells with errors"),
    ] {
        if count > most {
            score += points;
            factors.push(format!("{count} {what}"));
        }
    }
    Complexity { score: score.min(100), factors }
}
