//! The family of bundles. Its contract is `wit/bundles.wit`.

mod calls;
mod facts;
mod generate;
mod staging;

bricklayer_sdk::family! {
    world: "bricklayer:bundles/databricks-bundles",
    wit: ["../../wit/host.wit", "../../wit/bundles.wit"],
    tools: bricklayer::bundles::tools {
        generate_bundle_from_job(GenerateBundleFromJobRequest) -> GeneratedBundle = generate::from_job,
    }
}

bricklayer_databricks::operations!(calls::operations);
