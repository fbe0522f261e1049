//! `bricklayer plugin test`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use bricklayer_devkit::{Case, CaseReport, Live, Problem, Project, Suite, record_cases, run_cases};
use bricklayer_domain::{ResultContent, ResultRef};
use bricklayer_package::Severity;
use bricklayer_runtime::WorkspaceTarget;
use clap::Args;

use super::workspace;
use crate::identity::LOCAL_USER;
use crate::lifecycle::Lifecycle;
use crate::workspace::LocalWorkspace;

/// Longest wait for the local workspace, whose first start makes its sample data.
const READY_LIMIT: Duration = Duration::from_secs(120);

#[derive(Debug, Args)]
pub(super) struct TestArgs {
    /// The plugin's folder, which is built first, or a package, whose cases are in tests.toml beside it
    #[arg(value_name = "DIR|FILE", default_value = ".")]
    target: PathBuf,
    /// Run only cases whose name or tool contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Show the plugin's own log lines
    #[arg(long)]
    logs: bool,
    /// Let the real services answer the cases that have no recorded answers yet, and write what they answer into
    /// tests.toml: public hosts over the network, the workspace by a local one. Secrets are left out
    #[arg(long)]
    record: bool,
    /// Record anew where there are recorded answers
    #[arg(long, requires = "record")]
    overwrite: bool,
    /// Record from the workspace that DATABRICKS_HOST and DATABRICKS_TOKEN, or DATABRICKS_CONFIG_PROFILE name, as
    /// yourself
    #[arg(long, requires = "record")]
    real_workspace: bool,
}

pub(super) fn run(args: &TestArgs) -> Result<ExitCode, Problem> {
    if args.logs {
        super::log_guests("off");
    }
    let (package, folder) = if args.target.is_file() {
        (super::read(&args.target)?, cases_folder(&args.target))
    } else {
        let project = Project::open(&args.target)?;
        (super::build::build(&project, Severity::Hint)?.bytes, project.folder)
    };
    let mut suite = Suite::open(&folder)?.ok_or_else(|| {
        Problem::new(format!("{} holds no tests.toml", folder.display()))
            .fix("write one; `bricklayer plugin new` shows how")
    })?;
    let wanted = |case: &Case| match &args.only {
        Some(only) => case.name.contains(only.as_str()) || case.tool.contains(only.as_str()),
        None => true,
    };
    suite.cases.retain(wanted);
    if suite.cases.is_empty() {
        return Err(Problem::new("there is no case to run").fix("add a [[case]] to tests.toml, or leave --only out"));
    }
    let runtime = tokio::runtime::Runtime::new().map_err(|e| Problem::io("start", &e))?;
    let done = |report: &CaseReport| super::err(&line(report));
    let reports = if args.record {
        let kept = suite.cases.iter().filter(|case| !args.overwrite && !case.http.is_empty()).count();
        if kept > 0 {
            super::err(&format!("{} kept as recorded; --overwrite records anew\n", super::count(kept, "case")));
        }
        runtime.block_on(record(args, package, &folder, &wanted, &done))?
    } else {
        runtime.block_on(run_cases(package, &suite, &folder, &done))?
    };
    let failed = reports.iter().filter(|report| !report.passed()).count();
    let passed = reports.len() - failed;
    if failed > 0 {
        super::out(&format!("{} passed, {failed} failed\n", super::count(passed, "case")))?;
        return Ok(ExitCode::FAILURE);
    }
    super::out(&format!("{} passed\n", super::count(passed, "case")))?;
    Ok(ExitCode::SUCCESS)
}

/// Records, with a workspace at hand where the plugin asks for one.
async fn record(
    args: &TestArgs,
    package: Vec<u8>,
    folder: &Path,
    wanted: &(dyn Fn(&Case) -> bool + Sync),
    done: &(dyn Fn(&CaseReport) + Sync),
) -> Result<Vec<CaseReport>, Problem> {
    let lifecycle = Lifecycle::new();
    let manifest = bricklayer_package::read(&package).map_err(|error| Problem::new(error.to_string()))?.manifest;
    let asks = manifest.requests().iter().any(|power| {
        matches!(power, bricklayer_package::Power::Http { audience: bricklayer_package::Audience::Workspace, .. })
    });
    let workspace = match (args.real_workspace, asks) {
        (true, _) => Some(workspace::real(crate::cli::environment(), folder)?),
        (false, true) => Some(local_workspace(&lifecycle, folder).await?),
        (false, false) => None,
    };
    let live = Live { workspace, overwrite: args.overwrite };
    let recorded = record_cases(package, folder, live, wanted, done).await;
    lifecycle.shutdown().await;
    recorded
}

/// A local workspace with its sample data, for as long as the lifecycle lasts. Not that of `plugin dev`, which may be
/// running.
async fn local_workspace(lifecycle: &Lifecycle, folder: &Path) -> Result<WorkspaceTarget, Problem> {
    let data = folder.join(".bricklayer/record");
    std::fs::create_dir_all(&data).map_err(|e| Problem::io("make a folder for the local workspace", &e))?;
    let local = LocalWorkspace::start(lifecycle, None, data, LOCAL_USER);
    let base_url = local.ready(READY_LIMIT).await.map_err(|error| Problem::new(error.to_string()))?;
    Ok(WorkspaceTarget::named(base_url, local.token().clone().into()))
}

/// A package's cases: beside it, or beside the folder `dist` that it lies in.
fn cases_folder(package: &Path) -> PathBuf {
    let own = package.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let above = if own.ends_with("dist") { own.join("..") } else { own.to_owned() };
    if own.join("tests.toml").is_file() { own.to_owned() } else { above }
}

/// What a call kept for people, in one line.
fn shape(result: &ResultRef) -> String {
    let what = match result.head.content {
        ResultContent::Table => {
            let names: Vec<&str> = result.head.columns.iter().map(|column| column.name.as_str()).collect();
            format!("{} rows of {}", result.rows, names.join(", "))
        }
        ResultContent::Text | ResultContent::Image | ResultContent::File => format!("{} bytes", result.bytes),
    };
    format!("kept: {} with {what}, {}", result.head.content.as_str(), result.state.as_str())
}

fn line(report: &CaseReport) -> String {
    let mark = if report.passed() { "ok    " } else { "FAILED" };
    let mut text = format!("{mark}  {}: {} ({} ms)\n", report.tool, report.name, report.took.as_millis());
    for result in &report.results {
        text.push_str(&format!("          {}\n", super::harmless(&shape(result))));
    }
    for problem in &report.problems {
        let problem = super::harmless(problem);
        text.push_str(&format!("          {}\n", problem.replace('\n', "\n          ")));
    }
    text
}
