//! `bricklayer plugin build` and `bricklayer plugin pack`.

use std::path::PathBuf;
use std::process::ExitCode;

use bricklayer_devkit::{Built, Problem, Project, size};
use bricklayer_package::Severity;
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct BuildArgs {
    #[command(flatten)]
    folder: super::Folder,
}

#[derive(Debug, Args)]
pub(super) struct PackArgs {
    /// The component
    component: PathBuf,
    /// Its manifest, a plugin.toml
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,
    /// The package to write [default: NAME-VERSION.wasm beside the manifest]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &BuildArgs) -> Result<ExitCode, Problem> {
    let built = build(&Project::open(&args.folder.folder)?, Severity::Hint)?;
    super::out(&told(&built))?;
    Ok(ExitCode::SUCCESS)
}

/// Builds and shows the tools' words meanwhile, then what should be mended, as far as it matters that much.
pub(super) fn build(project: &Project, least: Severity) -> Result<Built, Problem> {
    let mut built = bricklayer_devkit::build(project, &|line| super::err(&format!("{line}\n")))?;
    built.advice.retain(|advice| advice.severity <= least);
    super::tell_advice(&built.advice);
    Ok(built)
}

/// What was built, for people.
fn told(built: &Built) -> String {
    let inspection = &built.inspection;
    let tools: Vec<_> = inspection.tools.iter().map(|tool| tool.name.as_str()).collect();
    let reused = if built.reused { ", component of an earlier build of the same source" } else { "" };
    format!(
        "{}\n  {}, sha256:{}\n  {}: {}\n  built with {} in {:.1} s{reused}\n",
        built.path.display(),
        size(inspection.size_bytes),
        inspection.digest,
        super::count(tools.len(), "tool"),
        tools.join(", "),
        built.tools,
        built.took.as_secs_f64(),
    )
}

pub(super) fn pack(args: &PackArgs) -> Result<ExitCode, Problem> {
    let manifest = super::read(&args.manifest)?;
    let manifest = String::from_utf8_lossy(&manifest);
    let packed = bricklayer_package::pack_foreign(&super::read(&args.component)?, &manifest)
        .map_err(|error| Problem::new(error.to_string()))?;
    let contents = &packed.contents;
    let beside = args.manifest.with_file_name(format!("{}-{}.wasm", contents.manifest.name, contents.manifest.version));
    let path = args.out.clone().unwrap_or(beside);
    std::fs::write(&path, &packed.bytes).map_err(|e| Problem::io(format!("write {}", path.display()), &e))?;
    super::out(&format!("{}\n  {}, sha256:{}\n", path.display(), size(packed.bytes.len()), contents.digest))?;
    if let Some(refusal) = contents.refusal() {
        return Err(Problem::new(format!("no host can run it: {refusal}")));
    }
    Ok(ExitCode::SUCCESS)
}
