//! A bundle of a job, of a notebook, or of a folder of notebooks.

use bricklayer_domain::ToolErrorKind;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use super::check::{REPAIR, VALIDATE, checked};
use crate::replay::{Done, Pending, Replay};
use crate::values::{text, with};
use crate::workflow::{Report, Status, Workflow};

const GET_JOB: &str = "get_job";
const ANALYZE: &str = "analyze_notebook";
const ANALYZE_ALL: &str = "analyze_notebooks";
const OF_JOB: &str = "generate_bundle_from_job";
const GENERATE: &str = "generate_bundle";

/// Characters of a failure in a report.
const MAX_REASON_CHARS: usize = 300;

/// What a bundle is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    /// A job, by its number.
    Job,
    /// A notebook, by its path.
    Notebook,
    /// All notebooks of a folder of the workspace and of those below it.
    WorkspacePath,
}

/// Where it is to go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Target {
    /// Development.
    #[default]
    Dev,
    /// Staging.
    Staging,
    /// Production.
    Prod,
}

impl Target {
    pub(crate) const ALL: [&'static str; 3] = ["dev", "staging", "prod"];
}

/// Makes a bundle, checks it, and mends what the check knows how to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Creation {
    source_type: Source,
    #[serde(deserialize_with = "text_or_number")]
    source_identifier: String,
    #[serde(default)]
    target_env: Target,
    #[serde(default)]
    bundle_name: Option<String>,
    #[serde(default)]
    output_path: Option<String>,
}

/// Models write a job's number either way.
fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(serde::de::Error::custom("`source_identifier` is a job's number or a path")),
    }
}

impl Workflow for Creation {
    fn tools(&self) -> &'static [&'static str] {
        match self.source_type {
            Source::Job => &[GET_JOB, OF_JOB, VALIDATE, REPAIR],
            Source::Notebook => &[ANALYZE, GENERATE, VALIDATE, REPAIR],
            Source::WorkspacePath => &[ANALYZE_ALL, GENERATE, VALIDATE, REPAIR],
        }
    }

    fn run(&self, replay: &mut Replay) -> Result<Report, Pending> {
        match self.source_type {
            Source::Job => self.of_job(replay),
            Source::Notebook => self.of_notebook(replay),
            Source::WorkspacePath => self.of_folder(replay),
        }
    }
}

impl Creation {
    fn of_job(&self, replay: &mut Replay) -> Result<Report, Pending> {
        let Ok(job_id) = self.source_identifier.parse::<u64>() else {
            let text = format!("`{}` is not a job's number; list_jobs has them", self.source_identifier);
            return Ok(Report::ended(Status::Stopped(ToolErrorKind::InvalidInput), text));
        };
        let job = replay.call("Looking at the job.", GET_JOB, json!({"job_id": job_id}))?;
        if job.failure.is_some() {
            return Ok(Report::stopped(&format!("job {job_id} cannot be read"), &job));
        }
        let input = self.with_names(json!({"job_id": job_id}), "output_dir", self.bundle_name.as_deref());
        let made = replay.call("Making the bundle.", OF_JOB, input)?;
        self.check(replay, &made, Vec::new())
    }

    fn of_notebook(&self, replay: &mut Replay) -> Result<Report, Pending> {
        let path = &self.source_identifier;
        let seen = replay.call("Analysing the notebook.", ANALYZE, json!({"notebook_path": path}))?;
        if seen.failure.is_some() {
            return Ok(Report::stopped(&format!("`{path}` cannot be read"), &seen));
        }
        self.generate(replay, vec![path.clone()], Vec::new())
    }

    fn of_folder(&self, replay: &mut Replay) -> Result<Report, Pending> {
        let folder = &self.source_identifier;
        let seen = replay.call("Analysing the notebooks.", ANALYZE_ALL, json!({"paths": [folder]}))?;
        if seen.failure.is_some() {
            return Ok(Report::stopped(&format!("`{folder}` cannot be analysed"), &seen));
        }
        let left = seen.list("skipped").iter();
        let warnings: Vec<String> =
            left.map(|left| format!("`{}` was left out: {}", text(left, "what"), text(left, "why"))).collect();
        let readable: Vec<String> = seen.list("notebooks").iter().map(|it| text(it, "path").to_owned()).collect();
        if readable.is_empty() {
            let text = format!("there is no notebook in `{folder}` that can be read");
            return Ok(Report::ended(Status::Stopped(ToolErrorKind::NotFound), text).warned(warnings));
        }
        self.generate(replay, readable, warnings)
    }

    fn generate(&self, replay: &mut Replay, paths: Vec<String>, warnings: Vec<String>) -> Result<Report, Pending> {
        let name = self.bundle_name.clone().unwrap_or_else(|| name_of(&self.source_identifier));
        let input = self.with_names(json!({"file_paths": paths}), "output_path", Some(&name));
        let made = replay.call("Making the bundle.", GENERATE, input)?;
        self.check(replay, &made, warnings)
    }

    fn with_names(&self, input: Value, folder: &str, name: Option<&str>) -> Value {
        let given = [(folder, self.output_path.as_deref()), ("bundle_name", name)];
        let given = given.into_iter().filter_map(|(field, value)| Some((field, json!(value?))));
        with(input, given.chain([("target_environment", json!(self.target_env))]))
    }

    fn check(&self, replay: &mut Replay, made: &Done, mut warnings: Vec<String>) -> Result<Report, Pending> {
        if made.failure.is_some() {
            return Ok(Report::stopped("the bundle cannot be made", made));
        }
        let (folder, name) = (made.text("folder").unwrap_or_default(), made.text("name").unwrap_or_default());
        for skipped in made.list("skipped") {
            warnings.push(format!("not in the bundle: {}: {}", text(skipped, "what"), text(skipped, "why")));
        }
        let checked = checked(replay, &json!({"bundle_path": folder, "target": self.target_env}))?;
        let mut said = format!("The bundle **{name}** is in `{folder}`");
        said.push_str(if checked.is_fine() { " and can be deployed." } else { ", and cannot be deployed as it is." });
        if !checked.mended.is_empty() {
            said.push_str(&format!(" {} lines were mended.", checked.mended.len()));
        }
        if checked.done.failure.is_some() {
            warnings.push(format!("it could not be checked: {}", first_line(&checked.done)));
        } else if !checked.is_fine() {
            warnings.extend(checked.findings());
        }
        let bundle = json!({"name": name, "folder": folder, "file_count": made.count("file_count")});
        let report = Report::ended(Status::Done, said)
            .with("bundle", bundle)
            .with("target", json!(self.target_env))
            .with("validation", checked.facts())
            .with("mended", json!(checked.mended));
        Ok(report.warned(warnings))
    }
}

fn first_line(done: &Done) -> String {
    done.content.lines().next().unwrap_or_default().chars().take(MAX_REASON_CHARS).collect()
}

/// A bundle's name from the last part of a path.
fn name_of(path: &str) -> String {
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let stem = last.split('.').next().unwrap_or_default();
    let name: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' }).collect();
    let name = name.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
    if name.is_empty() { "bundle".to_owned() } else { name.to_lowercase() }
}
