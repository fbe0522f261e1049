//! The family of bundles. Its contract is `wit/bundles.wit`.

mod analyze;
mod notebooks;

bricklayer_sdk::family! {
    world: "bricklayer:bundles/databricks-bundles",
    wit: ["../../wit/host.wit", "../../wit/bundles.wit"],
    tools: bricklayer::bundles::tools {
        analyze_notebook(AnalyzeNotebookRequest) -> NotebookAnalysis = analyze::analyze,
    }
}
