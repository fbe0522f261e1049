//! `bricklayer plugin inspect`.

use std::path::PathBuf;
use std::process::ExitCode;

use bricklayer_devkit::{Problem, describe};
use bricklayer_package::{Inspection, pack_foreign, read, signed_part};
use bricklayer_sources::{SignatureStatus, TrustedKeys, verify};
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// The package
    file: PathBuf,
    /// Everything as JSON, schemas included
    #[arg(long)]
    json: bool,
    /// A manifest to use, for a component that carries none
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Keys to check its signature against, as in `plugins.trusted_keys`: name=RW…
    #[arg(long, value_name = "KEYS", env = "BRICKLAYER_PLUGINS_TRUSTED_KEYS", default_value = "")]
    keys: String,
}

pub(super) fn run(args: &InspectArgs) -> Result<ExitCode, Problem> {
    let refused = |error: bricklayer_package::PackageError| {
        Problem::new(format!("{}: {error}", args.file.display())).fix(
            "for a component of another host, give its manifest: bricklayer plugin inspect FILE --manifest plugin.toml",
        )
    };
    let bytes = super::read(&args.file)?;
    let contents = match &args.manifest {
        None => read(&bytes).map_err(refused)?,
        Some(manifest) => {
            let manifest = super::read(manifest)?;
            pack_foreign(&bytes, &String::from_utf8_lossy(&manifest)).map_err(refused)?.contents
        }
    };
    let keys = TrustedKeys::parse(&args.keys).map_err(|error| Problem::new(error.to_string()))?;
    let (signed, signature) = signed_part(&bytes).map_err(refused)?;
    let status = verify(signed, signature, &keys, bricklayer_domain::now());
    let inspection = Inspection::of(&contents);
    if args.json {
        let mut json = serde_json::to_value(&inspection).map_err(|error| Problem::new(error.to_string()))?;
        if let Some(object) = json.as_object_mut() {
            object.insert("signature".to_owned(), serde_json::to_value(&status).unwrap_or_default());
        }
        super::out(&format!("{json:#}\n"))?;
    } else {
        super::out(&describe(&inspection, &words(&status)))?;
    }
    Ok(if inspection.refusals.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn words(status: &SignatureStatus) -> String {
    match status {
        SignatureStatus::Unsigned => "none; nobody vouches for it".to_owned(),
        SignatureStatus::Trusted { publisher } => format!("by {publisher}"),
        SignatureStatus::UnknownKey { key_id } => format!("by a key that nobody here knows ({key_id})"),
        SignatureStatus::Expired { publisher, on } => format!("by {publisher}, whose key no longer counts since {on}"),
        SignatureStatus::Invalid { reason } => format!("INVALID: {reason}"),
    }
}
