//! References in a task's settings, such as `{{job.parameters.day}}` or `{{tasks.load.values.count}}`, looked up when the
//! task begins.
//!
//! Rules: "What is a dynamic value reference?" of the public documentation. What is in none of its name spaces stays as
//! it is; what is in one and is not there fails the task.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Timelike, Utc};
use serde_json::Value;

use super::settings::Document;

/// What references of a run's tasks can name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    pub(crate) job_id: i64,
    pub(crate) job_name: String,
    pub(crate) run_id: i64,
    pub(crate) repair_count: usize,
    /// In milliseconds since the epoch.
    pub(crate) started_at: i64,
    pub(crate) trigger: &'static str,
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) workspace_id: u64,
    pub(crate) tasks: BTreeMap<String, TaskFacts>,
}

/// What references can name of one task.
#[derive(Debug, Clone, Default)]
pub(crate) struct TaskFacts {
    pub(crate) run_id: i64,
    pub(crate) attempt: i64,
    pub(crate) notebook_path: Option<String>,
    /// `success`, `failed` and so on; none until it ended.
    pub(crate) result: Option<String>,
    pub(crate) error_code: Option<String>,
    pub(crate) values: BTreeMap<String, Value>,
    pub(crate) rows: Option<Vec<Document>>,
}

/// The task that the references stand in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Own {
    pub(crate) name: String,
    pub(crate) facts: TaskFacts,
    /// The input of an iteration.
    pub(crate) input: Option<Value>,
}

/// Looks up all references in a value's texts.
///
/// # Errors
/// The first reference to something that is not there.
pub(crate) fn resolve(value: &Value, facts: &Facts, own: &Own) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => Value::String(in_text(text, facts, own)?),
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| resolve(item, facts, own)).collect::<Result<_, _>>()?)
        }
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(name, field)| Ok((name.clone(), resolve(field, facts, own)?)))
                .collect::<Result<_, String>>()?,
        ),
        other => other.clone(),
    })
}

fn in_text(text: &str, facts: &Facts, own: &Own) -> Result<String, String> {
    let mut resolved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((path, behind)) = after.split_once("}}") else { break };
        resolved.push_str(before);
        match look_up(path.trim(), facts, own) {
            Some(Some(found)) => resolved.push_str(&found),
            Some(None) => {
                return Err(format!("The reference {{{{{path}}}}} names something that is not there."));
            }
            None => {
                resolved.push_str("{{");
                resolved.push_str(path);
                resolved.push_str("}}");
            }
        }
        rest = behind;
    }
    resolved.push_str(rest);
    Ok(resolved)
}

/// Nothing for what is no reference; `Some(None)` for one to something that is not there.
fn look_up(path: &str, facts: &Facts, own: &Own) -> Option<Option<String>> {
    let (space, rest) = path.split_once('.').unwrap_or((path, ""));
    match space {
        "job" => Some(of_job(rest, facts)),
        "task" if rest == "name" => Some(Some(own.name.clone())),
        "task" => Some(of_task(rest, &own.facts)),
        "tasks" => {
            let (key, rest) = rest.split_once('.')?;
            Some(facts.tasks.get(key).and_then(|task| of_task(rest, task)))
        }
        "workspace" => Some((rest == "id").then(|| facts.workspace_id.to_string())),
        "input" => Some(own.input.as_ref().and_then(|input| match rest {
            "" => Some(as_text(input)),
            key => input.get(key).map(as_text),
        })),
        // The older spellings.
        "job_id" => Some(Some(facts.job_id.to_string())),
        "run_id" => Some(Some(own.facts.run_id.to_string())),
        "parent_run_id" => Some(Some(facts.run_id.to_string())),
        "task_key" => Some(Some(own.name.clone())),
        "task_retry_count" => Some(Some(own.facts.attempt.to_string())),
        "start_date" => Some(moment("iso_date", facts.started_at)),
        "start_time" => Some(moment("timestamp_ms", facts.started_at)),
        _ => None,
    }
}

fn of_job(path: &str, facts: &Facts) -> Option<String> {
    let (field, rest) = path.split_once('.').unwrap_or((path, ""));
    match field {
        "id" => Some(facts.job_id.to_string()),
        "name" => Some(facts.job_name.clone()),
        "run_id" => Some(facts.run_id.to_string()),
        "repair_count" => Some(facts.repair_count.to_string()),
        "start_time" => moment(rest, facts.started_at),
        // Names of parameters may hold dots.
        "parameters" => facts.parameters.get(rest).cloned(),
        "trigger" if rest == "type" => Some(facts.trigger.to_owned()),
        "trigger" => moment(rest.strip_prefix("time.")?, facts.started_at),
        _ => None,
    }
}

fn of_task(path: &str, task: &TaskFacts) -> Option<String> {
    let (field, rest) = path.split_once('.').unwrap_or((path, ""));
    match field {
        "run_id" => Some(task.run_id.to_string()),
        "execution_count" => Some((task.attempt + 1).to_string()),
        "notebook_path" => task.notebook_path.clone(),
        "result_state" => task.result.clone(),
        "error_code" => task.error_code.clone(),
        "values" => task.values.get(rest).map(as_text),
        "output" => {
            let rows = task.rows.as_ref()?;
            match rest.split_once('.') {
                None if rest == "rows" => serde_json::to_string(rows).ok(),
                Some(("first_row", column)) => rows.first()?.get(column).map(as_text),
                _ => None,
            }
        }
        _ => None,
    }
}

fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A moment in the form that is asked for, in UTC.
fn moment(form: &str, millis: i64) -> Option<String> {
    let at: DateTime<Utc> = DateTime::from_timestamp_millis(millis)?;
    let weekday = at.weekday().number_from_monday();
    Some(match form {
        "iso_date" => at.format("%Y-%m-%d").to_string(),
        "iso_datetime" => at.format("%Y-%m-%dT%H:%M:%S").to_string(),
        "iso_weekday" => weekday.to_string(),
        "is_weekday" => (weekday <= 5).to_string(),
        "year" => at.year().to_string(),
        "month" => at.month().to_string(),
        "day" => at.day().to_string(),
        "hour" => at.hour().to_string(),
        "minute" => at.minute().to_string(),
        "second" => at.second().to_string(),
        "timestamp_ms" => millis.to_string(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn facts() -> Facts {
        let mut facts =
            Facts { job_id: 7, job_name: "nightly".into(), run_id: 8, trigger: "periodic", ..Facts::default() };
        facts.started_at = 1_736_935_200_000;
        facts.parameters.insert("day.of".into(), "2025-01-15".into());
        let rows = json!([{"n": "3", "s": null}]);
        let task = TaskFacts {
            run_id: 9,
            attempt: 1,
            result: Some("failed".into()),
            values: BTreeMap::from([("count".into(), json!(41)), ("list".into(), json!(["a", 1]))]),
            rows: serde_json::from_value(rows).unwrap(),
            ..TaskFacts::default()
        };
        facts.tasks.insert("load".into(), task);
        facts
    }

    #[test]
    fn what_is_there_is_put_in_and_the_rest_stays_or_fails() {
        let own = Own { name: "report".into(), input: Some(json!({"city": "Zug"})), ..Own::default() };
        for (text, expected) in [
            ("plain {not} a {{reference", Ok("plain {not} a {{reference")),
            ("{{job.id}}-{{ job.name }}-{{job.run_id}}", Ok("7-nightly-8")),
            ("{{job.parameters.day.of}}", Ok("2025-01-15")),
            (
                "{{job.start_time.iso_date}} {{job.start_time.hour}} {{job.trigger.time.iso_weekday}}",
                Ok("2025-01-15 10 3"),
            ),
            ("{{job.trigger.type}}", Ok("periodic")),
            ("{{tasks.load.values.count}} {{tasks.load.values.list}}", Ok("41 [\"a\",1]")),
            ("{{tasks.load.result_state}} {{tasks.load.execution_count}}", Ok("failed 2")),
            ("{{tasks.load.output.first_row.n}} {{tasks.load.output.rows}}", Ok("3 [{\"n\":\"3\",\"s\":null}]")),
            ("{{task.name}} {{task_key}} {{job_id}} {{start_date}}", Ok("report report 7 2025-01-15")),
            ("{{input}} {{input.city}}", Ok("{\"city\":\"Zug\"} Zug")),
            ("{{city}} {{secrets/a/b}}", Ok("{{city}} {{secrets/a/b}}")),
            ("{{job.parameters.other}}", Err("job.parameters.other")),
            ("{{tasks.gone.values.count}}", Err("tasks.gone")),
            ("{{tasks.load.values.other}}", Err("values.other")),
            ("{{job.naem}}", Err("job.naem")),
        ] {
            match (resolve(&json!([text]), &facts(), &own), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, json!([expected]), "{text}"),
                (Err(said), Err(expected)) => assert!(said.contains(expected), "{text}: {said}"),
                (found, _) => panic!("{text}: {found:?}"),
            }
        }
    }
}
