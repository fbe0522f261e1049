//! Work that is put into the workspace: the project's folder, and what runs its files there.

use serde_json::{Value, json};

use super::act::{Found, call, failed, is_of, once};
use super::intent::Every;
use super::{Action, Done, Scene, find};

/// How long a run is waited for.
const RUN_WAIT_SECONDS: u32 = 300;

/// Uploads all of the project's folder.
pub(super) fn upload(scene: &Scene<'_>) -> Action {
    once(scene, upload_tool(scene), upload_input(), "Uploading the project's folder.", |done| done.content.to_owned())
}

fn upload_tool<'a>(scene: &Scene<'a>) -> Found<'a> {
    find::uploads_folders(scene.tools).ok_or("a tool that uploads folders")
}

/// All of the project's folder; what is there already is not sent again.
fn upload_input() -> Value {
    json!({"local_folder": "."})
}

/// Where a file of the project is in the workspace, once the folder is there; else what to do first.
fn in_workspace(scene: &Scene<'_>, file: &str) -> Result<String, Action> {
    let upload = upload_tool(scene);
    let Some(done) = scene.done.iter().rev().find(|done| is_of(done, upload.ok())) else {
        return Err(call(upload, upload_input(), "Uploading the project's folder first."));
    };
    if done.is_error {
        return Err(failed(done));
    }
    let transfers = done.structured.and_then(|report| report.get("transfers")).and_then(Value::as_array);
    let Some(transfers) = transfers else {
        let said = "The folder was uploaded, and it holds too many files for me to see where each of them is.";
        return Err(Action::Say(said.to_owned()));
    };
    let text = |transfer: &Value, field: &str| transfer.get(field).and_then(Value::as_str).map(str::to_owned);
    let found = transfers.iter().find(|transfer| text(transfer, "local_path").as_deref() == Some(file));
    match found.and_then(|transfer| text(transfer, "remote_path").zip(text(transfer, "state"))) {
        Some((path, state)) if state == "done" || state == "unchanged" => Ok(path),
        Some(_) => Err(Action::Say(format!("`{file}` could not be uploaded:\n\n{}", done.content))),
        None => Err(Action::Say(format!("There is no file `{file}` in this project."))),
    }
}

/// The task that runs a file of the workspace.
fn task(path: &str) -> Value {
    let key: String = name(path).chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    json!({"task_key": key, "spark_python_task": {"python_file": absolute(path)}})
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A path as jobs and pipelines name it.
fn absolute(path: &str) -> String {
    if path.starts_with("/Workspace/") { path.to_owned() } else { format!("/Workspace{path}") }
}

/// Uploads the folder, runs one of its files as a task, and reads what that printed.
pub(super) fn run_file(scene: &Scene<'_>, file: &str) -> Action {
    let path = match in_workspace(scene, file) {
        Ok(path) => path,
        Err(action) => return action,
    };
    let tool = find::runs_tasks(scene.tools).ok_or("a tool that runs tasks");
    match scene.done.iter().rev().find(|done| is_of(done, tool.ok())) {
        None => {
            let input = json!({"tasks": [task(&path)], "run_name": file, "wait_seconds": RUN_WAIT_SECONDS});
            call(tool, input, &format!("Running `{file}`."))
        }
        Some(done) if done.is_error => failed(done),
        Some(done) => printed(scene, done),
    }
}

/// What a run left.
fn printed(scene: &Scene<'_>, run: &Done<'_>) -> Action {
    let Some(tool) = find::reads_outputs(scene.tools) else { return Action::Say(run.content.to_owned()) };
    match scene.done.last() {
        Some(done) if is_of(done, Some(tool)) && done.is_error => failed(done),
        Some(done) if is_of(done, Some(tool)) => Action::Say(done.content.to_owned()),
        _ => match run.structured.and_then(|run| run.get("run_id")) {
            Some(id) => call(Ok(tool), json!({"run_id": id}), ""),
            None => Action::Say(run.content.to_owned()),
        },
    }
}

/// Uploads the folder and makes a job that runs one of its files by itself.
pub(super) fn schedule(scene: &Scene<'_>, file: Option<&str>, every: Every) -> Action {
    let Some(file) = file.map(str::to_owned).or_else(|| scene.last_file()) else {
        let said = "I do not know which file the job is to run. Name it: create a job that runs report.py every day";
        return Action::Say(said.to_owned());
    };
    let path = match in_workspace(scene, &file) {
        Ok(path) => path,
        Err(action) => return action,
    };
    let tool = find::makes_jobs(scene.tools).ok_or("a tool that makes jobs");
    match scene.done.iter().rev().find(|done| is_of(done, tool.ok())) {
        None => {
            let schedule = json!({"quartz_cron_expression": every.quartz, "timezone_id": "UTC"});
            let settings = json!({"tasks": [task(&path)], "schedule": schedule});
            let input = json!({"name": file, "settings": settings});
            call(tool, input, &format!("Making a job that runs `{file}` {}.", every.words))
        }
        Some(done) if done.is_error => failed(done),
        Some(done) => Action::Say(done.content.to_owned()),
    }
}

/// What a pipeline is made of when nobody said it, and where its tables go.
const EXAMPLE_FILE: &str = "trips_pipeline.sql";
const EXAMPLE: &str = "\
-- The pipeline keeps this table as its query says, each time that it is updated.
CREATE OR REFRESH MATERIALIZED VIEW trips_per_day
AS SELECT to_date(tpep_pickup_datetime) AS day, count(*) AS trips, round(avg(fare_amount), 2) AS average_fare
FROM samples.nyctaxi.trips
GROUP BY 1;
";
const CATALOG: &str = "main";
const SCHEMA: &str = "default";

/// Uploads the folder and makes a pipeline of one of its files; writes an example first when none is named.
pub(super) fn pipeline(scene: &Scene<'_>, file: Option<&str>) -> Action {
    let writer = find::writes_files(scene.tools);
    let is_written = scene.done.iter().any(|done| is_of(done, writer));
    if file.is_none() && !is_written {
        let say = format!("You named no SQL file, so I write an example, `{EXAMPLE_FILE}`, and make a pipeline of it.");
        let input = json!({"file_path": EXAMPLE_FILE, "content": EXAMPLE});
        return call(writer.ok_or("a tool that writes files"), input, &say);
    }
    // An example that is there already is not written again, and as good.
    let path = match in_workspace(scene, file.unwrap_or(EXAMPLE_FILE)) {
        Ok(path) => path,
        Err(action) => return action,
    };
    let tool = find::makes_pipelines(scene.tools).ok_or("a tool that makes pipelines");
    match scene.done.iter().rev().find(|done| is_of(done, tool.ok())) {
        None => {
            let name = name(&path).trim_end_matches(".sql").to_owned();
            let settings = json!({
                "catalog": CATALOG, "schema": SCHEMA, "libraries": [{"file": {"path": absolute(&path)}}],
            });
            let say = format!("Making the pipeline `{name}`, whose tables go to `{CATALOG}.{SCHEMA}`.");
            call(tool, json!({"name": name, "settings": settings}), &say)
        }
        Some(done) if done.is_error => failed(done),
        Some(done) => Action::Say(done.content.to_owned()),
    }
}

/// Says how a thing is made: what it needs beside a name is for its maker to say.
pub(super) fn make(scene: &Scene<'_>, what: &str) -> Action {
    let words = what.replace('_', " ");
    let Some(tool) = find::makes_things(scene.tools, what) else {
        return Action::Say(format!("This needs a tool that makes a {words}, which this project does not have."));
    };
    let needed: Vec<String> = find::needed(tool).into_iter().map(|name| format!("\"{name}\": \"\u{2026}\"")).collect();
    Action::Say(format!(
        "I cannot choose the settings of a {words}. Make one by the command `/{} {{{}}}`.",
        tool.name.short(),
        needed.join(", ")
    ))
}
