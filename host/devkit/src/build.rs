//! `bricklayer plugin build`: from a folder to the one file that others install.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use bricklayer_package::{Advice, Inspection, Severity, pack_with, review_for_author};

use crate::run::Say;
use crate::{Problem, Project, advice, cache, toolchain};

/// A package on the disk.
#[derive(Debug, Clone)]
pub struct Built {
    /// Where it is.
    pub path: PathBuf,
    /// The package.
    pub bytes: Vec<u8>,
    /// What is in it.
    pub inspection: Inspection,
    /// What its author should mend.
    pub advice: Vec<Advice>,
    /// The tools that built it.
    pub tools: String,
    /// Whether its component was built earlier from the same source.
    pub reused: bool,
    /// How long it took.
    pub took: Duration,
}

/// Builds and packs. `say` gets the tools' output line by line.
///
/// # Errors
/// Whatever is wrong with the folder, the tools or the source, with its way out.
pub fn build(project: &Project, say: Say<'_>) -> Result<Built, Problem> {
    let began = Instant::now();
    let outline = project.outline()?;
    // What the WIT says wrong is said before minutes of compiling.
    if let Some(advice) = errors(&advice::of_outline(&outline)).first() {
        return Err(Problem::new(advice.what.clone()).fix(advice.fix.clone()));
    }
    let component = toolchain::component(project, &outline, say)?;
    let packed = pack_with(&component.bytes, &project.wit(), &project.manifest_text, &project.assets()?)
        .map_err(|error| advice::package(&error, project))?;
    if let Some(refusal) = packed.contents.refusal() {
        return Err(Problem::new(format!("no host can run the component: {refusal}"))
            .fix("build with the usual tools, for WASI 0.2 and the contract in wit/deps"));
    }
    let path = project.package_path();
    cache::write_whole(&path, &packed.bytes).map_err(|e| Problem::io(format!("write {}", path.display()), &e))?;
    Ok(Built {
        path,
        inspection: Inspection::of(&packed.contents),
        advice: advice::of_package(&review_for_author(&packed.contents), project),
        bytes: packed.bytes,
        tools: component.tools,
        reused: component.reused,
        took: began.elapsed(),
    })
}

/// Those that keep a package from being of use.
pub(crate) fn errors(advice: &[Advice]) -> Vec<&Advice> {
    advice.iter().filter(|advice| advice.severity == Severity::Error).collect()
}
