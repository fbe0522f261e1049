//! An update as remote work: started or found, looked at, ended by stopping its pipeline.

use std::time::Duration;

use bricklayer_databricks::arguments::MAX_WAIT_SECONDS;
use bricklayer_databricks::update::{begin, errors};
use bricklayer_databricks::work::{Continued, End, Job, Look, Outcome, Started, Work, run_one, until};
use bricklayer_sdk::{Deadline, Failure, Kind, Method, Platform, Request};
use serde_json::{Map, Value, json};

use crate::show;
use crate::types;
use crate::wire::{self, PIPELINES, Update, of_pipeline, of_update};

/// Where an update comes from.
#[derive(Debug, Clone)]
enum Source {
    /// A request that starts it.
    Start(Map<String, Value>),
    /// It is there.
    Watch(String),
}

/// An update to bring to its end.
#[derive(Debug, Clone)]
pub(crate) struct UpdateWork {
    pipeline_id: String,
    source: Source,
}

/// What goes on while an update does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stage(&'static str);

const STAGES: [(&str, &str); 8] = [
    ("QUEUED", "waits in the queue"),
    ("CREATED", "was created"),
    ("WAITING_FOR_RESOURCES", "waits for resources"),
    ("INITIALIZING", "reads the pipeline's code"),
    ("RESETTING", "makes room for a full refresh"),
    ("SETTING_UP_TABLES", "sets tables up"),
    ("RUNNING", "makes the tables"),
    ("STOPPING", "is stopping"),
];

fn stage(state: &str) -> Stage {
    Stage(STAGES.iter().find(|(known, _)| *known == state).map_or("goes on", |(_, words)| words))
}

impl UpdateWork {
    /// An update that a request starts.
    pub(crate) fn start(pipeline_id: &str, body: Map<String, Value>) -> Self {
        Self { pipeline_id: pipeline_id.to_owned(), source: Source::Start(body) }
    }

    /// An update that is there.
    pub(crate) fn watch(pipeline_id: &str, update_id: &str) -> Self {
        Self { pipeline_id: pipeline_id.to_owned(), source: Source::Watch(update_id.to_owned()) }
    }
}

/// What a caller of this family does about a request that was refused.
fn advised(failure: Failure) -> Failure {
    if failure.code.as_deref() == Some("RESOURCE_CONFLICT") {
        return failure.advise(
            "A pipeline has one update at a time: get_pipeline shows which goes on; wait for it with wait_for_update, or \
             stop it with stop_pipeline.",
        );
    }
    of_pipeline(failure)
}

impl Work for UpdateWork {
    type State = Stage;
    type Answer = Update;
    type Output = Update;

    const NOUN: (&'static str, &'static str) = ("The update", "updates");

    fn word(Stage(words): Stage) -> &'static str {
        words
    }

    fn is_there(&self) -> bool {
        matches!(self.source, Source::Watch(_))
    }

    fn start(&mut self, platform: &impl Platform) -> Result<Started<Stage, Update>, Failure> {
        let (id, ours) = match &self.source {
            Source::Start(body) => (begin(platform, &self.pipeline_id, body).map_err(advised)?, true),
            // Who only watches ends nothing.
            Source::Watch(id) => (id.clone(), false),
        };
        Ok(Started { id, state: stage("QUEUED"), answer: None, ends_with_call: ours, outlives_host: ours })
    }

    fn look(&self, platform: &impl Platform, id: &str) -> Result<Look<Stage, Update>, Failure> {
        let update = wire::update(platform, &self.pipeline_id, id)?;
        Ok(if update.has_ended() { Look::Ended(update) } else { Look::Going(stage(&update.state)) })
    }

    fn ended(&mut self, platform: &impl Platform, _id: &str, update: Update) -> End<Update> {
        if Self::ended_well(&update) { End::Done(update) } else { End::Failed(failed(platform, &update)) }
    }

    fn ended_well(update: &Update) -> bool {
        update.state == "COMPLETED"
    }

    fn end_request(&self, _id: &str) -> Request {
        let path = format!("{PIPELINES}/{}/stop", self.pipeline_id);
        Request { method: Method::Post, path, body: Some("{}".to_owned()) }
    }

    fn out_of_time(&self, id: &str, limit: Duration, _ended: Result<bool, Failure>) -> Failure {
        Failure::new(Kind::Timeout, format!("the update {id} did not end within {} s", limit.as_secs()))
    }

    fn lost(&self, id: &str, failure: Failure) -> Failure {
        if failure.kind == Kind::NotFound {
            return of_update(failure);
        }
        failure.advise(format!("The update {id} may go on: continue with wait_for_update, do not start it again."))
    }
}

/// Starts or watches an update for some time, and says where it stands.
pub(crate) fn bring(platform: &impl Platform, mut work: UpdateWork, wait: Duration) -> Result<types::Update, Failure> {
    let pipeline_id = work.pipeline_id.clone();
    let ids = |id: &str| format!("pipeline_id {pipeline_id}, update_id {id}");
    if wait.is_zero() && !work.is_there() {
        let started = work.start(platform)?;
        let goes_on = |failure: Failure| failure.doing(format!("the update {} was started", started.id));
        let update = wire::update(platform, &pipeline_id, &started.id).map_err(goes_on)?;
        let mut text = format!("{}.", show::headline(platform, &update));
        if !update.has_ended() {
            text.push_str(&format!("\n\nIt is not waited for: use wait_for_update ({}).", ids(&started.id)));
        }
        return Ok(show::update(platform, &update, text));
    }
    let until = until(platform).min(Deadline::after(platform, wait));
    let arguments = Map::from_iter([
        ("pipeline_id".to_owned(), json!(pipeline_id)),
        ("wait_seconds".to_owned(), json!(MAX_WAIT_SECONDS)),
    ]);
    let continued = Continued {
        tool: "wait_for_update",
        id_argument: "update_id",
        arguments,
        remembered: None,
        said: None,
        stands: false,
    };
    let finished = run_one(platform, Job { work, limit: None, continued: Some(continued) }, until);
    match finished.outcome {
        Outcome::Done(update) => {
            let text = format!("{}.", show::headline(platform, &update));
            Ok(show::update(platform, &update, text))
        }
        Outcome::Failed(failure) => Err(failure),
        Outcome::NotStarted => {
            Err(Failure::new(Kind::Timeout, "no time was left to start the update; it was not started").retryable())
        }
        Outcome::Unfinished(_) => {
            let id = finished.id.unwrap_or_default();
            let update = wire::update(platform, &pipeline_id, &id)?;
            let text = format!(
                "{}. It goes on at the workspace: do not start it again, continue with wait_for_update ({}), or end it with \
                 stop_pipeline.",
                show::headline(platform, &update),
                ids(&id)
            );
            Ok(show::update(platform, &update, text))
        }
    }
}

/// An update that did not end well: which datasets, and what they said.
fn failed(platform: &impl Platform, update: &Update) -> Failure {
    let headline = show::headline(platform, update);
    if update.state == "CANCELED" {
        return Failure::new(Kind::Failed, format!("{headline}."))
            .advise("\nThe update was stopped; start it again only when the user wants that.");
    }
    Failure::new(Kind::Failed, format!("{headline}.{}", errors(platform, update))).advise(
        "\nMend the code at its path, check it with start_update and validate_only, then start the update again.",
    )
}

#[cfg(test)]
mod tests;
