//! `bricklayer bundle`: the tools of bundles at the command line, on a folder of this machine: the same components in the
//! same sandbox, at the workspace that the settings name. Whoever types is the one who is asked.

mod desk;

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use bricklayer_domain::ToolOutcome;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};

use desk::{Desk, Workplace};

/// Checks, deploys and runs Databricks Asset Bundles, and makes them of jobs and notebooks. Ends with 0 when all went
/// well, with 1 when something is wrong or was declined, and with 2 when the arguments make no sense.
#[derive(Debug, Args)]
pub(super) struct BundleArgs {
    #[command(subcommand)]
    command: BundleCommand,
}

#[derive(Debug, Subcommand)]
enum BundleCommand {
    /// Checks a bundle against its target
    Validate {
        #[command(flatten)]
        bundle: BundleOf,
        /// Count warnings as errors
        #[arg(long)]
        strict: bool,
    },
    /// Says what a deploy would do
    Plan {
        #[command(flatten)]
        bundle: BundleOf,
        /// What a destroy would do
        #[arg(long)]
        destroy: bool,
        /// Undo what others changed since the last deploy
        #[arg(long)]
        overwrite_drift: bool,
    },
    /// Shows the plan, asks, and carries it out
    Deploy {
        #[command(flatten)]
        bundle: BundleOf,
        #[command(flatten)]
        consent: Consent,
        /// Undo what others changed since the last deploy
        #[arg(long)]
        overwrite_drift: bool,
    },
    /// Shows what would be deleted, asks, and deletes it
    Destroy {
        #[command(flatten)]
        bundle: BundleOf,
        #[command(flatten)]
        consent: Consent,
    },
    /// Runs a job or pipeline of a deployed bundle, and waits for its end
    Run {
        #[command(flatten)]
        bundle: BundleOf,
        /// Its key in the bundle
        #[arg(value_name = "KEY")]
        key: String,
        /// A parameter of the job
        #[arg(long = "param", value_name = "NAME=VALUE")]
        parameters: Vec<String>,
        /// Only this task; + behind it takes those after it along, + before it those before
        #[arg(long, value_name = "TASK")]
        only: Vec<String>,
    },
    /// Lists what the bundle has in the workspace
    Summary {
        #[command(flatten)]
        bundle: BundleOf,
    },
    /// Makes a bundle of a job, or of notebooks and files
    Generate {
        #[command(flatten)]
        place: Place,
        /// The job; files, notebooks, jobs and pipelines beside it go into one bundle of all
        #[arg(long, value_name = "ID")]
        job: Vec<u64>,
        /// A pipeline
        #[arg(long, value_name = "ID")]
        pipeline: Vec<String>,
        /// A notebook or folder of the workspace, or a file or folder below --dir
        #[arg(value_name = "PATH")]
        paths: Vec<String>,
        /// The bundle's name
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// Where it is written, below --dir
        #[arg(long, value_name = "DIR")]
        to: Option<String>,
        /// Replace files that are there
        #[arg(long)]
        force: bool,
    },
    /// Tells what notebooks read, write, import and need: all about one, or several in short with their order
    Analyze {
        #[command(flatten)]
        place: Place,
        /// Notebooks of the workspace, or files below --dir
        #[arg(value_name = "PATH", required = true)]
        notebooks: Vec<String>,
        /// In short, also of one, and of folders with all that is below
        #[arg(long)]
        short: bool,
    },
}

/// Where a command works, and how it answers.
#[derive(Debug, Args)]
struct Place {
    /// The folder of the files; nothing outside of it is read or written
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t = Form::Text)]
    output: Form,
}

/// A bundle, and what of it.
#[derive(Debug, Args)]
struct BundleOf {
    #[command(flatten)]
    place: Place,
    /// The bundle's folder below --dir
    #[arg(long, value_name = "DIR")]
    bundle: Option<String>,
    /// The target
    #[arg(short, long, value_name = "TARGET")]
    target: Option<String>,
    /// A variable's value
    #[arg(long = "var", value_name = "NAME=VALUE")]
    variables: Vec<String>,
}

#[derive(Debug, Clone, Copy, Args)]
struct Consent {
    /// Do not ask
    #[arg(long)]
    auto_approve: bool,
    /// Take the lock from whoever holds it
    #[arg(long)]
    force_lock: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    Text,
    /// The tool's typed result
    Json,
}

/// Arguments of a tool; what is null is left out.
fn arguments(of: Value) -> Value {
    match of {
        Value::Object(fields) => Value::Object(fields.into_iter().filter(|(_, value)| !value.is_null()).collect()),
        other => other,
    }
}

/// `NAME=VALUE` as tools take it.
fn named(given: &[String]) -> anyhow::Result<Vec<Value>> {
    let read = |text: &String| {
        let (name, value) = text.split_once('=').with_context(|| format!("`{text}` is not of the form NAME=VALUE"))?;
        Ok(json!({"name": name, "value": value}))
    };
    given.iter().map(read).collect()
}

/// What the environment gives to variables of bundles, by its own names: they give way to `--var`.
fn environment() -> impl Iterator<Item = Value> {
    let given = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    given
        .filter(|(name, _)| name.starts_with("BUNDLE_VAR_"))
        .filter_map(|(name, value)| Some(json!({"name": name, "value": value.into_string().ok()?})))
}

fn some<T: Into<Value>>(all: Vec<T>) -> Value {
    if all.is_empty() { Value::Null } else { all.into_iter().map(Into::into).collect() }
}

impl BundleOf {
    /// The arguments that all tools of a bundle take, with further ones.
    fn with(&self, further: Value) -> anyhow::Result<Value> {
        let mut all = Map::new();
        all.insert("bundle_path".to_owned(), json!(self.bundle));
        all.insert("target".to_owned(), json!(self.target));
        let variables: Vec<Value> = named(&self.variables)?.into_iter().chain(environment()).collect();
        all.insert("variables".to_owned(), some(variables));
        if let Value::Object(further) = further {
            all.extend(further);
        }
        Ok(arguments(Value::Object(all)))
    }
}

pub(super) fn run(args: &BundleArgs) -> anyhow::Result<ExitCode> {
    let place = args.command.place();
    let form = place.output;
    let needs =
        if matches!(args.command, BundleCommand::Analyze { .. }) { Workplace::Maybe } else { Workplace::Needed };
    let runtime = super::runtime()?;
    let outcome = runtime.block_on(async {
        let desk = Desk::open(&place.dir, needs).await?;
        args.command.carry_out(&desk, form).await
    });
    // A call that was stopped may still be on its way out.
    runtime.shutdown_background();
    outcome
}

impl BundleCommand {
    const fn place(&self) -> &Place {
        match self {
            Self::Validate { bundle, .. }
            | Self::Plan { bundle, .. }
            | Self::Deploy { bundle, .. }
            | Self::Destroy { bundle, .. }
            | Self::Run { bundle, .. }
            | Self::Summary { bundle } => &bundle.place,
            Self::Generate { place, .. } | Self::Analyze { place, .. } => place,
        }
    }

    async fn carry_out(&self, desk: &Desk, form: Form) -> anyhow::Result<ExitCode> {
        let outcome = match self {
            Self::Validate { bundle, strict } => {
                desk.call("validate_bundle", &bundle.with(json!({"strict": strict}))?).await?
            }
            Self::Plan { bundle, destroy, overwrite_drift } => {
                let further = json!({"destroy": destroy, "overwrite_drift": overwrite_drift});
                desk.call("plan_bundle", &bundle.with(further)?).await?
            }
            Self::Deploy { bundle, consent, overwrite_drift } => {
                let further = json!({"overwrite_drift": overwrite_drift});
                return consented(desk, form, bundle, *consent, "deploy_bundle", further).await;
            }
            Self::Destroy { bundle, consent } => {
                let further = json!({"destroy": true});
                return consented(desk, form, bundle, *consent, "destroy_bundle", further).await;
            }
            Self::Run { bundle, key, parameters, only } => {
                let further = json!({"key": key, "parameters": some(named(parameters)?), "only": some(only.clone())});
                let first = desk.call("run_bundle", &bundle.with(further)?).await?;
                waited(desk, first).await?
            }
            Self::Summary { bundle } => desk.call("bundle_summary", &bundle.with(json!({}))?).await?,
            Self::Generate { job, pipeline, paths, name, to, force, .. } => {
                let (tool, input) = match (job.as_slice(), pipeline.is_empty() && paths.is_empty()) {
                    ([one], true) => (
                        "generate_bundle_from_job",
                        json!({"job_id": one, "bundle_name": name, "output_dir": to, "force": force}),
                    ),
                    _ => {
                        let name = name.as_ref().context("--name: a bundle of several things needs a name")?;
                        let (jobs, pipelines) = (some(job.clone()), some(pipeline.clone()));
                        (
                            "generate_bundle",
                            json!({
                                "bundle_name": name, "file_paths": some(paths.clone()), "job_ids": jobs,
                                "pipeline_ids": pipelines, "output_path": to, "force": force,
                            }),
                        )
                    }
                };
                desk.call(tool, &arguments(input)).await?
            }
            Self::Analyze { notebooks, short, .. } => match notebooks.as_slice() {
                [one] if !short => desk.call("analyze_notebook", &json!({"notebook_path": one})).await?,
                several => desk.call("analyze_notebooks", &json!({"paths": several})).await?,
            },
        };
        told(&outcome, form)
    }
}

/// Shows the plan, asks about it, and carries just this one out.
async fn consented(
    desk: &Desk,
    form: Form,
    bundle: &BundleOf,
    consent: Consent,
    tool: &str,
    further: Value,
) -> anyhow::Result<ExitCode> {
    let plan = desk.call("plan_bundle", &bundle.with(further.clone())?).await?;
    let found = plan.structured.clone().unwrap_or_default();
    if plan.is_error() || !is_true(&found, "ok") {
        return told(&plan, form);
    }
    if !consent.auto_approve {
        say(&plan.content)?;
        anyhow::ensure!(
            std::io::stdin().is_terminal(),
            "nobody can be asked here, so nothing was done; look at the plan, then use --auto-approve"
        );
        if !is_yes(if tool == "destroy_bundle" { "Delete this?" } else { "Deploy this?" })? {
            say("Nothing was done.")?;
            return Ok(ExitCode::FAILURE);
        }
    }
    let drift = further.get("overwrite_drift").cloned().unwrap_or_default();
    let of_plan = json!({
        "plan_id": found.get("plan_id"), "deletes": found.get("deletes"), "force_lock": consent.force_lock,
        "overwrite_drift": drift,
    });
    told(&desk.call(tool, &bundle.with(of_plan)?).await?, form)
}

/// Waits for a run until it has ended.
async fn waited(desk: &Desk, first: ToolOutcome) -> anyhow::Result<ToolOutcome> {
    let mut last = first;
    loop {
        let found = last.structured.clone().unwrap_or_default();
        let (false, Some(run), false) =
            (last.is_error(), found.get("run").and_then(Value::as_str), is_true(&found, "ended"))
        else {
            return Ok(last);
        };
        say(&last.content)?;
        last = desk.call("wait_for_bundle_run", &json!({"run": run})).await?;
    }
}

/// Whether an answer says so.
fn is_true(found: &Value, field: &str) -> bool {
    found.get(field).and_then(Value::as_bool) == Some(true)
}

/// The answer on standard output, and how it ended.
fn told(outcome: &ToolOutcome, form: Form) -> anyhow::Result<ExitCode> {
    let typed = outcome.structured.clone().unwrap_or_default();
    let text = match (form, &outcome.failure) {
        (Form::Text, Some(failure)) => {
            say(&format!("bricklayer: {}", failure.message))?;
            return Ok(ExitCode::FAILURE);
        }
        (Form::Text, None) => outcome.content.clone(),
        (Form::Json, Some(failure)) => {
            let error = json!({"kind": failure.kind, "message": failure.message, "retryable": failure.retryable});
            format!("{:#}", json!({ "error": error }))
        }
        (Form::Json, None) => format!("{typed:#}"),
    };
    let went_well = outcome.failure.is_none() && typed.get("ok").is_none_or(|ok| *ok == true);
    super::print(&format!("{text}\n"))?;
    Ok(if went_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A line beside the answer.
fn say(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stderr(), "{text}")?)
}

/// Asks; anything but a yes is a no.
fn is_yes(question: &str) -> anyhow::Result<bool> {
    write!(std::io::stderr(), "{question} [y/N] ")?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
