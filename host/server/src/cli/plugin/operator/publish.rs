//! `bricklayer plugin publish`: a package into a registry, with the credentials that Docker keeps.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use bricklayer_sources::Source;
use clap::Args;
use serde_json::json;

use super::Report;
use super::host::HostArgs;

#[derive(Debug, Args)]
pub(in crate::cli::plugin) struct PublishArgs {
    /// The package
    #[arg(value_name = "FILE")]
    package: PathBuf,
    /// Where to: oci://registry/repository:tag
    #[arg(value_name = "TARGET")]
    target: String,
}

pub(super) async fn publish(args: &HostArgs, verb: &PublishArgs) -> anyhow::Result<Report> {
    let target = Source::parse(&verb.target)?;
    let path = &verb.package;
    let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let contents = bricklayer_package::read(&bytes)
        .with_context(|| format!("{} is no package; `bricklayer plugin build` makes one", path.display()))?;
    if let Some(refusal) = contents.refusal() {
        bail!("no host would run {}: {refusal}", path.display());
    }
    let signed = contents.signature.is_some();
    let pinned = args.fetcher()?.publish(&target, bytes.into()).await?;
    let mut text = format!(
        "Published {} {} as {target}\nPinned as {pinned}\nInstall it with: bricklayer plugin add {target}\n",
        contents.manifest.name, contents.manifest.version
    );
    if !signed {
        text.push_str("It is not signed: hosts that require a signature will refuse it (`bricklayer plugin sign`).\n");
    }
    Ok(Report::new(text, json!({"target": target, "pinned": pinned, "digest": contents.digest, "signed": signed})))
}
