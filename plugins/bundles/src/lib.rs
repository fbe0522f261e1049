//! The family of bundles. Its contract is `wit/bundles.wit`.

mod analyze;
mod calls;
mod facts;
mod generate;
mod notebooks;
mod staging;
mod tests_for;

bricklayer_sdk::family! {
    world: "bricklayer:bundles/databricks-bundles",
    wit: ["../../wit/host.wit", "../../wit/bundles.wit"],
    tools: bricklayer::bundles::tools {
        analyze_notebook(AnalyzeNotebookRequest) -> NotebookAnalysis = analyze::analyze,
        analyze_notebooks(AnalyzeNotebooksRequest) -> NotebookAnalyses = analyze::analyze_all,
        create_tests(CreateTestsRequest) -> GeneratedTests = tests_for::create,
        generate_bundle(GenerateBundleRequest) -> GeneratedBundle = generate::from_list,
        generate_bundle_from_job(GenerateBundleFromJobRequest) -> GeneratedBundle = generate::from_job,
    }
}

bricklayer_databricks::operations!(calls::operations);
