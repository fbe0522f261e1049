//! `bricklayer plugin test`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bricklayer_devkit::{CaseReport, Problem, Project, Suite, run_cases};
use bricklayer_package::Severity;
use clap::Args;

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
    if let Some(only) = &args.only {
        suite.cases.retain(|case| case.name.contains(only.as_str()) || case.tool.contains(only.as_str()));
    }
    if suite.cases.is_empty() {
        return Err(Problem::new("there is no case to run").fix("add a [[case]] to tests.toml, or leave --only out"));
    }
    let runtime = tokio::runtime::Runtime::new().map_err(|e| Problem::io("start", &e))?;
    let reports = runtime.block_on(run_cases(package, &suite, &folder, &|report| super::err(&line(report))))?;
    let failed = reports.iter().filter(|report| !report.passed()).count();
    let passed = reports.len() - failed;
    if failed > 0 {
        super::out(&format!("{} passed, {failed} failed\n", super::count(passed, "case")))?;
        return Ok(ExitCode::FAILURE);
    }
    super::out(&format!("{} passed\n", super::count(passed, "case")))?;
    Ok(ExitCode::SUCCESS)
}

/// A package's cases: beside it, or beside the folder `dist` that it lies in.
fn cases_folder(package: &Path) -> PathBuf {
    let own = package.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let above = if own.ends_with("dist") { own.join("..") } else { own.to_owned() };
    if own.join("tests.toml").is_file() { own.to_owned() } else { above }
}

fn line(report: &CaseReport) -> String {
    let mark = if report.passed() { "ok    " } else { "FAILED" };
    let mut text = format!("{mark}  {}: {} ({} ms)\n", report.tool, report.name, report.took.as_millis());
    for problem in &report.problems {
        text.push_str(&format!("          {}\n", problem.replace('\n', "\n          ")));
    }
    text
}
