//! Findings that only the whole notebook shows.

use crate::analysis::{
    CallKind, CellFacts, Certainty, Format, Language, ParameterKind, Place, Severity, TableKind, TableUse,
};
use crate::cell::Notebook;
use crate::facts::Facts;
use crate::notebook::Surroundings;

pub(super) fn add(
    notebook: &Notebook,
    cells: &[CellFacts],
    reads: &[TableUse],
    writes: &[TableUse],
    facts: &mut Facts,
    surroundings: Surroundings<'_>,
) {
    let start = Place { cell: 0, line: 1 };
    if notebook.garbled {
        facts.finding_at(start, "no-utf8", Severity::Warning, "it has bytes that are no UTF-8", "Save it as UTF-8.");
    }
    if notebook.format == Format::Html {
        let (message, fix) = ("an exported page is read as well as it goes", "Analyse the notebook itself.");
        facts.finding_at(start, "exported-page", Severity::Info, message, fix);
    }
    tables(reads, writes, facts);
    parameters(facts);
    late_installs(cells, facts);
    if let Some(neighbours) = surroundings.neighbours {
        missing(neighbours, facts);
    }
    facts.findings.sort_by(|one, other| (one.at, one.severity, one.rule).cmp(&(other.at, other.severity, other.rule)));
}

fn tables(reads: &[TableUse], writes: &[TableUse], facts: &mut Facts) {
    for table in reads.iter().chain(writes) {
        let name = &table.name;
        if table.kind == TableKind::Legacy && facts.is_new(format!("legacy{name}")) {
            facts.finding_at(
                table.at,
                "legacy-table",
                Severity::Info,
                &format!("{name} is in hive_metastore, outside Unity Catalog"),
                "Upgrade the table, and name it by catalog.schema.table.",
            );
        }
        let short = table.kind == TableKind::Table && table.parts.len() < 3 && table.certainty != Certainty::Unknown;
        if short && !table.name.contains('{') && facts.is_new(format!("short{name}")) {
            facts.finding_at(
                table.at,
                "unqualified-table",
                Severity::Info,
                &format!("which {name} is meant depends on the current catalog and schema"),
                "Name it by catalog.schema.table, with catalog and schema as parameters.",
            );
        }
        if table.certainty == Certainty::Unknown {
            facts.finding_at(
                table.at,
                "uncomputed-name",
                Severity::Info,
                &format!("the name of a table cannot be told: {name}"),
                "Build it of constants and parameters.",
            );
        }
    }
}

fn parameters(facts: &mut Facts) {
    let undeclared: Vec<_> = facts
        .parameters
        .iter()
        .filter(|parameter| parameter.kind == ParameterKind::Undeclared)
        .map(|parameter| (parameter.name.clone(), parameter.at))
        .collect();
    for (name, at) in undeclared {
        facts.finding_at(
            at,
            "undeclared-parameter",
            Severity::Info,
            &format!("`{name}` is asked for and not declared here"),
            "Declare it by dbutils.widgets.text with a default, or give it as a job parameter.",
        );
    }
}

/// `%pip` restarts Python: what was there before is gone.
fn late_installs(cells: &[CellFacts], facts: &mut Facts) {
    let python = |index: u32| cells.iter().any(|cell| cell.index == index && cell.language == Language::Python);
    let first = facts.imports.iter().map(|import| import.at.cell).filter(|cell| python(*cell)).min();
    let late = facts
        .installs
        .iter()
        .map(|install| install.at)
        .find(|at| first.is_some_and(|first| at.cell > first) && python(at.cell));
    if let Some(at) = late {
        facts.finding_at(
            at,
            "late-install",
            Severity::Warning,
            "%pip stands behind other code, and may restart Python without it",
            "Put all %pip lines into the first cell.",
        );
    }
}

fn missing(neighbours: &[String], facts: &mut Facts) {
    let stem = |name: &str| name.rsplit_once('.').map_or(name.to_owned(), |(stem, _)| stem.to_owned());
    let gone: Vec<_> = facts
        .calls
        .iter()
        .filter(|call| matches!(call.kind, CallKind::Run | CallKind::NotebookRun) && !call.target.contains('{'))
        .filter_map(|call| {
            let name = call.target.strip_prefix("./").unwrap_or(&call.target);
            let missing =
                !name.contains('/') && !neighbours.iter().any(|known| known == name || stem(known) == stem(name));
            missing.then(|| (call.target.clone(), call.at))
        })
        .collect();
    for (target, at) in gone {
        let message = format!("there is no {target} beside the notebook");
        facts.finding_at(
            at,
            "missing-notebook",
            Severity::Error,
            &message,
            "Correct the path, or bring the notebook along.",
        );
    }
}
