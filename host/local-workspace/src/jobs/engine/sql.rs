//! SQL tasks: saved queries and files.

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    context::Context,
    leaf::{Done, Given, head},
};
use crate::{
    files::Content,
    jobs::{
        model::{Code, Output},
        settings::{Document, Source, SqlTask},
    },
    sql::warehouses,
    sql::{
        engine::Rows,
        language::names::Namespace,
        script::{Ran, Script, ScriptError},
    },
};

/// What a task says whose area's objects cannot be read; why is in the log.
const UNREADABLE: &str = "The local workspace cannot read its objects; its log says why.";

/// Rows that references can name; the service's bound.
const REFERENCE_ROWS: usize = 1_000;

/// Bytes of these; the service's bound for values of tasks.
const REFERENCE_BYTES: usize = 48 * 1024;

/// Runs the task.
pub(super) async fn run(context: &Context, task: &SqlTask, given: &Given, cancel: &CancellationToken) -> Done {
    let (text, namespace) = match text(context, task, given).await {
        Ok(found) => found,
        Err((code, said)) => return Done::refused(code, said),
    };
    let mut parameters = given.parameters.clone();
    parameters.extend(task.parameters.0.clone());
    if let Some(overriding) = given.overriding.get("sql_params").and_then(Value::as_object) {
        let texts = overriding.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        parameters.extend(texts);
    }
    let script = Script {
        text: text.clone(),
        warehouse_id: task.warehouse_id.clone(),
        user: given.user.clone(),
        namespace,
        parameters: parameters.into_iter().collect(),
    };
    match context.sql.run_script(script, cancel).await {
        Ok(ran) => succeeded(&text, task, &ran),
        Err(ScriptError::Canceled) => Done::canceled(),
        Err(ScriptError::Warehouse(warehouses::Refused::Unknown(id))) => {
            Done::refused(Code::ResourceNotFound, format!("The SQL warehouse {id} does not exist."))
        }
        Err(ScriptError::Statement(error)) => {
            let (error, _) = head(&error.to_string());
            Done::workload_failed(Output { error: Some(error), ..Output::default() })
        }
        Err(ScriptError::Warehouse(warehouses::Refused::Objects(error))) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a SQL task's warehouse cannot be looked up");
            Done::refused(Code::InternalError, UNREADABLE)
        }
        Err(error) => Done::refused(Code::InvalidRunConfiguration, format!("{error}.")),
    }
}

/// The SQL to run, and where its names belong.
async fn text(context: &Context, task: &SqlTask, given: &Given) -> Result<(String, Namespace), (Code, String)> {
    let namespace = |catalog: Option<String>, schema: Option<String>| Namespace {
        catalog: catalog.unwrap_or_else(|| "main".to_owned()).to_lowercase(),
        schema: schema.unwrap_or_else(|| "default".to_owned()).to_lowercase(),
    };
    if let Some(query) = &task.query {
        let id = &query.query_id;
        return match context.sql.saved_query(id, &given.user).await {
            Ok(Some(saved)) => Ok((saved.query_text, namespace(saved.catalog, saved.schema))),
            Ok(None) => Err((Code::ResourceNotFound, format!("The query {id} does not exist."))),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a saved query cannot be read");
                Err((Code::InternalError, UNREADABLE.to_owned()))
            }
        };
    }
    if let Some(file) = task.file.as_ref().filter(|file| file.source == Source::Workspace) {
        return match context.files.program(&given.user, &file.path).await {
            Ok(Content::File(text)) => Ok((text, namespace(None, None))),
            Ok(Content::Notebook(_)) => {
                Err((Code::InvalidRunConfiguration, format!("{} is a notebook and no file.", file.path)))
            }
            Err(error) => Err((Code::ResourceNotFound, error.said().to_owned())),
        };
    }
    let said = "The local workspace runs saved queries and files of the workspace in SQL tasks, and neither dashboards, \
                alerts nor files of Git repositories.";
    Err((Code::FeatureDisabled, said.to_owned()))
}

fn succeeded(text: &str, task: &SqlTask, ran: &Ran) -> Done {
    let statements: Vec<Value> = ran.statements.iter().map(|id| json!({"lookup_key": id.to_string()})).collect();
    let (query_text, _) = head(text);
    let output = json!({"query_output": {
        "query_text": query_text, "warehouse_id": task.warehouse_id, "sql_statements": statements,
    }});
    let rows = reference_rows(&ran.rows);
    Done { rows: Some(rows), ..Done::succeeded(Output { sql_output: Some(output), ..Output::default() }) }
}

/// The first rows as objects.
fn reference_rows(rows: &Rows) -> Vec<Document> {
    let mut found = Vec::new();
    let mut bytes = 0;
    for chunk in &rows.chunks {
        let Ok(values) = serde_json::from_slice::<Vec<Vec<Value>>>(&chunk.data) else { break };
        for row in values {
            let names = rows.columns.iter().map(|column| column.name.clone());
            let row: Document = names.zip(row).collect();
            bytes += serde_json::to_string(&row).map_or(0, |text| text.len());
            if found.len() >= REFERENCE_ROWS || bytes > REFERENCE_BYTES {
                return found;
            }
            found.push(row);
        }
    }
    found
}
