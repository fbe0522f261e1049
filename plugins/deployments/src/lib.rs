//! The family of deployments. Its contract is `wit/deployments.wit`; what a bundle is and whether it is right, the library
//! `bricklayer-bundle` says.

mod lookups;
mod project;
mod validate;

bricklayer_sdk::family! {
    world: "bricklayer:deployments/databricks-deployments",
    wit: ["../../wit/host.wit", "../../wit/deployments.wit"],
    tools: bricklayer::deployments::tools {
        validate_bundle(ValidateBundleRequest) -> BundleValidation = validate::validate,
    }
}
