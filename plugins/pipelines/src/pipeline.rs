//! create_pipeline, create_or_update_pipeline, get_pipeline, list_pipelines, find_pipeline_by_name, update_pipeline and
//! delete_pipeline.

use bricklayer_databricks::arguments::{limit, named_object, object};
use bricklayer_databricks::near::nearest;
use bricklayer_databricks::show::link;
use bricklayer_sdk::{Cut, Failure, Kind, Platform, Table, Workspace};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::settings::{check, libraries, with_defaults};
use crate::show::{pipeline_link, summary};
use crate::types;
use crate::wire::{self, PIPELINES, PIPELINES_PAGE, Pipeline, check_id, of_pipeline};

/// Pipelines listed when the caller names no number, and at most.
const DEFAULT_LISTED: u32 = 50;
const MAX_LISTED: u32 = 500;

/// Pipelines that are looked through for a part of a name, and for a name like one that was not found.
const LOOKED_THROUGH: usize = 5_000;

#[derive(Debug, Deserialize)]
struct Created {
    #[serde(default)]
    pipeline_id: String,
}

/// Makes a pipeline.
///
/// # Errors
/// Settings that the workspace would refuse, a pipeline of that name.
pub(crate) fn create(
    platform: &impl Platform,
    request: types::CreatePipelineRequest,
) -> Result<types::PipelineChange, Failure> {
    let mut settings = named_object(&request.name, &request.settings)?;
    let notes = check(&settings)?;
    if request.allow_duplicate_name == Some(true) {
        settings.insert("allow_duplicate_names".to_owned(), json!(true));
    } else if let Some(known) = of_name(platform, &request.name)?.first() {
        let said = format!(
            "name: there is a pipeline '{}' already, pipeline_id {}; nothing was made",
            request.name, known.pipeline_id
        );
        return Err(Failure::new(Kind::InvalidInput, said)
            .advise("Use create_or_update_pipeline to put these settings in its place, or set allow_duplicate_name."));
    }
    made(platform, &request.name, settings, &notes)
}

fn made(
    platform: &impl Platform,
    name: &str,
    settings: Map<String, Value>,
    notes: &[String],
) -> Result<types::PipelineChange, Failure> {
    let created: Created =
        Workspace::new(platform).post(PIPELINES, &with_defaults(settings)).map_err(|mut failure| {
            if failure.retryable && matches!(failure.kind, Kind::Timeout | Kind::Upstream) {
                failure.retryable = false;
                return failure.advise(
                    "Whether the pipeline was made is not known: look with find_pipeline_by_name before making it again.",
                );
            }
            failure
        })?;
    if created.pipeline_id.is_empty() {
        return Err(Failure::new(Kind::Upstream, "the workspace took the pipeline but gave no pipeline_id"));
    }
    let next = "Nothing runs until start_update.";
    let notes: Vec<String> = notes.iter().cloned().chain([next.to_owned()]).collect();
    Ok(change(platform, &created.pipeline_id, name, true, "was made", &notes))
}

pub(crate) fn change(
    platform: &impl Platform,
    id: &str,
    name: &str,
    created: bool,
    what: &str,
    notes: &[String],
) -> types::PipelineChange {
    let page = pipeline_link(platform, id);
    let words = if name.is_empty() { format!("Pipeline {id}") } else { format!("Pipeline {name}") };
    let mut text = format!("{} {what}: pipeline_id {id}.", link(&words, page.as_deref()));
    for note in notes {
        text.push_str(&format!("\n{note}"));
    }
    types::PipelineChange { text, pipeline_id: id.to_owned(), created, link: page }
}

/// Makes a pipeline, or puts its settings in the place of those it has.
///
/// # Errors
/// Settings that the workspace would refuse, several pipelines of that name.
pub(crate) fn create_or_update(
    platform: &impl Platform,
    request: types::CreateOrUpdatePipelineRequest,
) -> Result<types::PipelineChange, Failure> {
    let settings = named_object(&request.name, &request.settings)?;
    let notes = check(&settings)?;
    match of_name(platform, &request.name)?.as_slice() {
        [] => made(platform, &request.name, settings, &notes),
        [known] => {
            let known = wire::pipeline(platform, &known.pipeline_id)?;
            put(platform, &known, with_defaults(settings))?;
            Ok(change(platform, &known.pipeline_id, &request.name, false, "was updated", &notes))
        }
        several => {
            let ids: Vec<&str> = several.iter().map(|pipeline| pipeline.pipeline_id.as_str()).collect();
            let said = format!("name: several pipelines are called '{}': {}", request.name, ids.join(", "));
            Err(Failure::new(Kind::InvalidInput, said)
                .advise("Choose one and use update_pipeline with its pipeline_id."))
        }
    }
}

/// Sends settings for those that a pipeline had when it was read: somebody else's change in between is no victim.
fn put(platform: &impl Platform, known: &Pipeline, mut settings: Map<String, Value>) -> Result<(), Failure> {
    settings.insert("id".to_owned(), json!(known.pipeline_id));
    if let Some(at) = known.last_modified {
        settings.insert("expected_last_modified".to_owned(), json!(at));
    }
    let path = format!("{PIPELINES}/{}", known.pipeline_id);
    Workspace::new(platform).put::<Value>(&path, &settings).map(drop).map_err(of_pipeline)
}

/// The pipelines of exactly this name.
fn of_name(platform: &impl Platform, name: &str) -> Result<Vec<Pipeline>, Failure> {
    // In the filter, quotes and backslashes would have to be escaped, and how is not told: any character will do there.
    let pattern: String = name.chars().map(|c| if matches!(c, '\'' | '\\') { '_' } else { c }).collect();
    let filter = format!("name LIKE '{pattern}'");
    let query = [("max_results", PIPELINES_PAGE), ("filter", filter.as_str())];
    let found = Workspace::new(platform).list::<Pipeline>(PIPELINES, &query, "statuses", LOOKED_THROUGH)?;
    Ok(found.items.into_iter().filter(|pipeline| pipeline.name == name).collect())
}

/// Reads a pipeline.
///
/// # Errors
/// No such pipeline, or a workspace that cannot be asked.
pub(crate) fn get(platform: &impl Platform, request: types::GetPipelineRequest) -> Result<types::Pipeline, Failure> {
    check_id(&request.pipeline_id, "pipeline_id")?;
    let pipeline = wire::pipeline(platform, &request.pipeline_id)?;
    let settings = pipeline.settings();
    let page = pipeline_link(platform, &pipeline.pipeline_id);
    let words = format!("Pipeline {}", pipeline.name);
    let mut text = format!("{}, pipeline_id {}", link(&words, page.as_deref()), pipeline.pipeline_id);
    if let Some(creator) = &pipeline.creator_user_name {
        text.push_str(&format!(", made by {creator}"));
    }
    text.push_str(&format!(": {}", pipeline.state));
    if let Some(health) = &pipeline.health {
        text.push_str(&format!(", {health}"));
    }
    text.push('.');
    let field = |name: &str| settings.get(name).and_then(Value::as_str);
    if let Some(catalog) = field("catalog") {
        let schema = field("schema").or(field("target")).unwrap_or("default");
        text.push_str(&format!(" It publishes to {catalog}.{schema}."));
    }
    let paths = libraries(&settings);
    for path in &paths {
        text.push_str(&format!("\n- {path}"));
    }
    if !pipeline.latest_updates.is_empty() {
        let rows: Vec<_> = pipeline
            .latest_updates
            .iter()
            .map(|update| {
                vec![Some(update.update_id.clone()), Some(update.state.clone()), update.creation_time.clone()]
            })
            .collect();
        let table = Table::render(&["update_id", "state", "started"], &rows, Cut::default());
        text.push_str(&format!("\n\nLatest updates:\n\n{}", table.text));
    }
    Ok(types::Pipeline {
        text,
        pipeline_id: pipeline.pipeline_id.clone(),
        name: pipeline.name.clone(),
        state: pipeline.state.clone(),
        health: pipeline.health.clone(),
        creator: pipeline.creator_user_name.clone(),
        run_as: pipeline.run_as_user_name.clone(),
        libraries: paths,
        settings: Value::Object(settings).to_string(),
        updates: pipeline
            .latest_updates
            .iter()
            .map(|update| types::UpdateSummary {
                update_id: update.update_id.clone(),
                state: update.state.clone(),
                created: update.creation_time.clone(),
            })
            .collect(),
        link: page,
    })
}

/// Pipelines that fit, at most so many, and whether there are no others.
fn fitting(
    platform: &impl Platform,
    fits: impl Fn(&Pipeline) -> bool,
    most: usize,
) -> Result<(Vec<Pipeline>, bool), Failure> {
    let query = [("max_results", PIPELINES_PAGE)];
    let all = Workspace::new(platform).list::<Pipeline>(PIPELINES, &query, "statuses", LOOKED_THROUGH)?;
    let mut found: Vec<Pipeline> = all.items.into_iter().filter(|pipeline| fits(pipeline)).collect();
    let complete = !all.more && found.len() <= most;
    found.truncate(most);
    Ok((found, complete))
}

/// Lists pipelines.
///
/// # Errors
/// Bad arguments, or a workspace that cannot be asked.
pub(crate) fn list(
    platform: &impl Platform,
    request: types::ListPipelinesRequest,
) -> Result<types::PipelineList, Failure> {
    let most = limit(request.limit, DEFAULT_LISTED, MAX_LISTED)?;
    let part = request.name_contains.unwrap_or_default().to_lowercase();
    let (found, complete) = fitting(platform, |pipeline| pipeline.name.to_lowercase().contains(&part), most)?;
    let rows: Vec<Vec<Option<String>>> = found
        .iter()
        .map(|pipeline| {
            let page = pipeline_link(platform, &pipeline.pipeline_id);
            vec![
                Some(link(&pipeline.name, page.as_deref())),
                Some(pipeline.pipeline_id.clone()),
                Some(pipeline.state.clone()),
                pipeline.health.clone(),
                pipeline.latest_updates.first().map(|update| update.state.clone()),
                pipeline.creator_user_name.clone(),
            ]
        })
        .collect();
    let text = if rows.is_empty() {
        "No pipeline fits.".to_owned()
    } else {
        let columns = ["name", "pipeline_id", "state", "health", "last update", "creator"];
        let table = Table::render(&columns, &rows, Cut::default());
        let said = if complete { "all that fit" } else { "there are more: raise limit or narrow it down" };
        format!("{}\n\n({} pipelines; {said})", table.text, found.len())
    };
    Ok(types::PipelineList { text, pipelines: found.iter().map(summary).collect(), complete })
}

/// Finds a pipeline by its name.
///
/// # Errors
/// A workspace that cannot be asked.
pub(crate) fn find(
    platform: &impl Platform,
    request: types::FindPipelineByNameRequest,
) -> Result<types::FoundPipeline, Failure> {
    let wanted = request.name;
    if wanted.trim().is_empty() {
        return Err(Failure::invalid("name", "is empty"));
    }
    let ids: Vec<String> = of_name(platform, &wanted)?.into_iter().map(|pipeline| pipeline.pipeline_id).collect();
    let text = match ids.as_slice() {
        [] => {
            let (others, _) = fitting(platform, |_| true, LOOKED_THROUGH)?;
            let near = nearest(&wanted, others.into_iter().map(|pipeline| pipeline.name).collect());
            let near = if near.is_empty() { String::new() } else { format!(" Names like it: {}.", near.join(", ")) };
            format!("There is no pipeline '{wanted}'.{near}")
        }
        [id] => {
            let page = pipeline_link(platform, id);
            format!("{}: pipeline_id {id}.", link(&format!("Pipeline {wanted}"), page.as_deref()))
        }
        several => format!("{} pipelines are called '{wanted}': {}.", several.len(), several.join(", ")),
    };
    Ok(types::FoundPipeline { text, pipeline_id: ids.first().cloned(), pipeline_ids: ids })
}

/// Changes a pipeline: the API takes whole settings only, so those it has are read and sent with the changes.
///
/// # Errors
/// Settings that the workspace would refuse, no such pipeline, a pipeline that somebody changed at the same time.
pub(crate) fn update(
    platform: &impl Platform,
    request: types::UpdatePipelineRequest,
) -> Result<types::PipelineChange, Failure> {
    check_id(&request.pipeline_id, "pipeline_id")?;
    let changes = match &request.settings {
        Some(settings) => object(settings, "settings")?,
        None => Map::new(),
    };
    let remove = request.fields_to_remove.unwrap_or_default();
    if changes.is_empty() && remove.is_empty() {
        return Err(Failure::invalid("settings", "changes nothing: name settings to change, or fields_to_remove"));
    }
    let notes = check(&changes)?;
    let known = wire::pipeline(platform, &request.pipeline_id)?;
    let mut settings = known.settings();
    for field in &remove {
        if settings.remove(field).is_none() {
            let near = nearest(field, settings.keys().cloned().collect());
            let near = near.first().map_or_else(String::new, |near| format!("; did you mean '{near}'?"));
            return Err(Failure::invalid("fields_to_remove", format!("the pipeline has no setting '{field}'{near}")));
        }
    }
    // The older and the newer name of one thing do not stand beside each other.
    for (given, other) in [("schema", "target"), ("target", "schema")] {
        if changes.contains_key(given) {
            settings.remove(other);
        }
    }
    settings.extend(changes);
    put(platform, &known, settings.clone())?;
    let name = settings.get("name").and_then(Value::as_str).unwrap_or_default();
    Ok(change(platform, &request.pipeline_id, name, false, "was changed", &notes))
}

/// Deletes a pipeline.
///
/// # Errors
/// No such pipeline, or a workspace that does not answer.
pub(crate) fn delete(
    platform: &impl Platform,
    request: types::DeletePipelineRequest,
) -> Result<types::PipelineChange, Failure> {
    let id = request.pipeline_id;
    check_id(&id, "pipeline_id")?;
    let keep = request.keep_tables == Some(true);
    let query: &[(&str, &str)] = if keep { &[("cascade", "false")] } else { &[] };
    Workspace::new(platform).delete::<Value>(&format!("{PIPELINES}/{id}"), query).map_err(of_pipeline)?;
    let tables = if keep { "Its tables stay." } else { "The tables that it made are deleted with it." };
    let text = format!("Pipeline {id} was deleted. {tables}");
    Ok(types::PipelineChange { text, pipeline_id: id, created: false, link: None })
}

#[cfg(test)]
mod tests;
