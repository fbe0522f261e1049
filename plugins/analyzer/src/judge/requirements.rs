//! What a notebook needs to run.

use crate::analysis::{CellFacts, ImportKind, Language, Place, Reason, Requirements, Streaming};
use crate::facts::Facts;

pub(super) fn of(cells: &[CellFacts], facts: &mut Facts) -> Requirements {
    for (language, name) in [(Language::Scala, "Scala"), (Language::R, "R")] {
        if let Some(cell) = cells.iter().find(|cell| cell.language == language) {
            facts.at = Place { cell: cell.index, line: cell.first_line };
            facts.reason("serverless", &format!("{name} does not run"));
        }
    }
    if facts.streaming == Some(Streaming::Continuous) {
        facts.at = facts.reasons.first().map_or(Place::default(), |reason| reason.at);
        facts.reason("serverless", "only streams that end (availableNow) run");
    }
    let installed = |package: Option<&str>| {
        package.is_some() && facts.installs.iter().any(|install| install.package.as_deref() == package)
    };
    let ml: Vec<Reason> = facts
        .imports
        .iter()
        .filter(|import| import.kind == ImportKind::MlRuntime && !installed(import.package.as_deref()))
        .map(|import| Reason {
            topic: "ml-runtime",
            text: format!("{} comes with the runtime for machine learning", import.module),
            at: import.at,
        })
        .collect();
    facts.reasons.extend(ml);
    let mut reasons = std::mem::take(&mut facts.reasons);
    reasons.sort_by_key(|reason| reason.at);
    let says = |topic: &str| reasons.iter().any(|reason| reason.topic == topic);
    Requirements {
        ml_runtime: says("ml-runtime"),
        gpu: says("gpu"),
        serverless_ok: !says("serverless") && !says("gpu"),
        streaming: facts.streaming,
        mlflow: facts.mlflow.iter().cloned().collect(),
        services: facts.services.iter().cloned().collect(),
        reasons,
    }
}
