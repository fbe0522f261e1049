//! execute_sql, get_statement and cancel_statement.

use std::time::Duration;

use bricklayer_databricks::operations::Effect;
use bricklayer_databricks::statement::{
    self, Finished, Job, Keeping, MAX_ROWS, Outcome, Parameter, QueryTag, Sent, State, Statement, Submit, continued,
    recall, remember,
};
use bricklayer_databricks::warehouse::{self, Choice};
use bricklayer_databricks::work::{run_one, until};
use bricklayer_sdk::{CallContext, Cut, Deadline, Failure, Kind, Platform};
use serde_json::json;

use crate::effect::of_statement;
use crate::show;
use crate::split::split;
use crate::types;

/// Rows of the answer where they are kept nowhere else and the caller names no number.
const DEFAULT_ROWS: u32 = 1_000;

/// Most rows that a caller may ask for: what a result holds.
pub(crate) const MAX_ROW_LIMIT: u32 = 5_000_000;

/// Longest time a statement may be given, in seconds: a day.
const MAX_TIMEOUT_SECONDS: u32 = 86_400;

/// Tags the workspace keeps.
const MAX_QUERY_TAGS: usize = 20;

/// Parameters one statement may have; protects the request's size.
const MAX_PARAMETERS: usize = 256;

/// How long get_statement waits when the caller names no time, and at most.
const DEFAULT_WAIT_SECONDS: u32 = 50;
const MAX_WAIT_SECONDS: u32 = 100;

/// Runs one statement.
///
/// # Errors
/// Bad arguments, no warehouse, a refused request, a statement that fails or takes longer than its limit.
pub(crate) fn execute(
    platform: &impl Platform,
    request: types::ExecuteSqlRequest,
) -> Result<types::StatementResult, Failure> {
    let text = single(&request.statement)?.to_owned();
    let row_limit = row_limit(request.row_limit)?;
    let limit = timeout(request.timeout_seconds)?;
    let parameters = parameters(request.parameters)?;
    let query_tags = query_tags(request.query_tags)?;
    let (catalog, schema) = namespace(&platform.context(), request.catalog, request.schema);
    let choice = warehouse::resolve(platform, request.warehouse_id)?;
    let reads = of_statement(&text) == Effect::Reads;
    let submit = Submit { catalog, schema, parameters, row_limit, query_tags, ..Submit::new(text, &choice.id) };
    let keep_rows = row_limit.unwrap_or(DEFAULT_ROWS).min(MAX_ROWS);
    let sent = Sent::before(platform, Duration::ZERO, &choice, &submit);
    let continued = Some(continued(Some(&sent), keep_rows));
    let job = Job {
        work: Statement::send(submit, reads, keep_rows as usize).kept_whole(Keeping::default()),
        limit,
        continued,
    };
    let finished = run_one(platform, job, until(platform));
    if matches!(&finished.outcome, Outcome::Failed(failure) if choice.automatic && failure.kind == Kind::NotFound) {
        warehouse::forget(platform);
    }
    if let (Outcome::Unfinished(_), Some(id), None) = (&finished.outcome, &finished.id, &finished.remembered) {
        remember(platform, id, limit.map(|limit| limit.saturating_sub(finished.took)), &sent);
    }
    answer(finished, Some(choice))
}

/// Continues a statement.
///
/// # Errors
/// Bad arguments, an unknown id, a statement that failed or has passed its limit.
pub(crate) fn get(
    platform: &impl Platform,
    request: types::GetStatementRequest,
) -> Result<types::StatementResult, Failure> {
    let id = statement_id(&request.statement_id)?;
    let wait = request.wait_seconds.unwrap_or(DEFAULT_WAIT_SECONDS);
    if wait > MAX_WAIT_SECONDS {
        return Err(Failure::invalid("wait_seconds", format!("must be 0 to {MAX_WAIT_SECONDS}")));
    }
    let keep_rows = row_limit(request.row_limit)?.unwrap_or(DEFAULT_ROWS).min(MAX_ROWS);
    let remembered = recall(platform, &id);
    let limit = remembered.as_ref().and_then(|(_, kept)| kept.limit_left(platform));
    let until = until(platform).min(Deadline::after(platform, Duration::from_secs(wait.into())));
    let sent = remembered.as_ref().map(|(_, kept)| kept.kept.clone());
    // Its rows are gone from the workspace after some hours, and the statement itself makes them again.
    let again = sent.as_ref().and_then(|sent| sent.submit.as_ref()).map(again);
    let work = Statement::sent_earlier(id, sent, keep_rows as usize).kept_whole(Keeping { again });
    let job = Job { work, limit, continued: Some(continued(None, keep_rows)) };
    let finished = run_one(platform, job, until);
    let (choice, said) = remembered
        .map(|(key, kept)| {
            if !matches!(finished.outcome, Outcome::Unfinished(_)) {
                platform.state_delete(&key);
            }
            (kept.kept.choice, kept.said)
        })
        .unzip();
    let answer = answer(finished, choice);
    let Some(said) = said.flatten() else { return answer };
    match answer {
        Ok(result) => Ok(types::StatementResult { text: format!("{}\n\n{said}", result.text), ..result }),
        Err(failure) => Err(failure.advise(said)),
    }
}

/// Cancels a statement.
///
/// # Errors
/// An unknown id, or a workspace that does not answer.
pub(crate) fn cancel(
    platform: &impl Platform,
    request: types::CancelStatementRequest,
) -> Result<types::StatementResult, Failure> {
    let id = statement_id(&request.statement_id)?;
    let began = platform.now();
    let state = statement::cancel(platform, &id)?;
    let remembered = recall(platform, &id);
    if let Some((key, _)) = &remembered {
        platform.state_delete(key);
    }
    let text = match state {
        State::Canceled => format!("The statement {id} is canceled."),
        State::Pending | State::Running => {
            format!("The workspace is canceling the statement {id}; it has not ended yet.")
        }
        State::Succeeded => format!("The statement {id} had already ended well; get_statement fetches its rows."),
        State::Failed | State::Closed => format!("The statement {id} had already ended ({}).", state.word()),
    };
    Ok(types::StatementResult {
        text,
        statement_id: id,
        state: show::state(state),
        warehouse: remembered.map(|(_, kept)| show::warehouse(kept.kept.choice)),
        columns: Vec::new(),
        rows: Vec::new(),
        total_row_count: None,
        result_id: None,
        truncated: false,
        duration_ms: show::millis(platform.now().saturating_sub(began)),
    })
}

fn answer(finished: Finished, choice: Option<Choice>) -> Result<types::StatementResult, Failure> {
    let id = finished.id.unwrap_or_default();
    let mut result = types::StatementResult {
        text: String::new(),
        statement_id: id.clone(),
        state: types::StatementState::Succeeded,
        warehouse: None,
        columns: Vec::new(),
        rows: Vec::new(),
        total_row_count: None,
        result_id: None,
        truncated: false,
        duration_ms: show::millis(finished.took),
    };
    match finished.outcome {
        Outcome::Failed(failure) => return Err(failure),
        Outcome::NotStarted => {
            return Err(
                Failure::new(Kind::Timeout, "no time was left to send the statement; it was not started").retryable()
            );
        }
        Outcome::Unfinished(state) => {
            let seconds = finished.took.as_secs();
            result.state = show::state(state);
            result.text = format!(
                "The statement is still {} after {seconds} s and goes on at the workspace. Do not send it again: continue with get_statement (statement_id {id}), or end it with cancel_statement.",
                state.word()
            );
        }
        Outcome::Done(rows) => {
            result.text = show::rows_text(&rows, Cut::default());
            result.columns = show::columns(rows.columns);
            result.rows = rows.rows;
            result.total_row_count = rows.total;
            result.result_id = rows.kept.map(|kept| kept.id);
            result.truncated = rows.truncated;
        }
    }
    if let Some(choice) = choice {
        if choice.automatic {
            result.text.push_str(&format!("\nWarehouse: {}, {}.", choice.shown(), choice.reason));
        }
        result.warehouse = Some(show::warehouse(choice));
    }
    Ok(result)
}

/// The one statement of the text, without comments around it and without its semicolon.
fn single(text: &str) -> Result<&str, Failure> {
    match split(text).as_slice() {
        [one] => Ok(one.text),
        [] => Err(Failure::invalid("statement", "holds no SQL")),
        several => Err(Failure::invalid(
            "statement",
            format!("holds {} statements; send one, or all of them with execute_sql_multi", several.len()),
        )),
    }
}

fn statement_id(id: &str) -> Result<String, Failure> {
    let id = id.trim();
    let valid =
        !id.is_empty() && id.len() <= 128 && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if valid { Ok(id.to_owned()) } else { Err(Failure::invalid("statement_id", "is not a statement's id")) }
}

/// A number of rows within bounds.
pub(crate) fn row_limit(asked: Option<u32>) -> Result<Option<u32>, Failure> {
    match asked {
        Some(n) if n == 0 || n > MAX_ROW_LIMIT => {
            Err(Failure::invalid("row_limit", format!("must be 1 to {MAX_ROW_LIMIT}, is {n}")))
        }
        asked => Ok(asked),
    }
}

/// A statement's limit within bounds.
pub(crate) fn timeout(asked: Option<u32>) -> Result<Option<Duration>, Failure> {
    match asked {
        Some(n) if n == 0 || n > MAX_TIMEOUT_SECONDS => {
            Err(Failure::invalid("timeout_seconds", format!("must be 1 to {MAX_TIMEOUT_SECONDS}, is {n}")))
        }
        asked => Ok(asked.map(|n| Duration::from_secs(n.into()))),
    }
}

/// The tool and the arguments that run a statement by itself once more.
pub(crate) fn again(submit: &Submit) -> (String, String) {
    let Submit { statement, warehouse_id, catalog, schema, parameters, row_limit, .. } = submit;
    let parameters: Vec<_> = parameters
        .iter()
        .map(|Parameter { name, value, type_text }| json!({ "name": name, "value": value, "type": type_text }))
        .collect();
    let input = json!({
        "statement": statement,
        "warehouse_id": warehouse_id,
        "catalog": catalog,
        "schema": schema,
        "parameters": parameters,
        "row_limit": row_limit,
    });
    ("execute_sql".to_owned(), input.to_string())
}

/// Parameters in the API's shape, each name once.
pub(crate) fn parameters(asked: Option<Vec<types::Parameter>>) -> Result<Vec<Parameter>, Failure> {
    let asked = asked.unwrap_or_default();
    if asked.len() > MAX_PARAMETERS {
        return Err(Failure::invalid("parameters", format!("at most {MAX_PARAMETERS} are allowed")));
    }
    let mut parameters: Vec<Parameter> = Vec::with_capacity(asked.len());
    for (i, parameter) in asked.into_iter().enumerate() {
        let name = parameter.name.trim().trim_start_matches(':').to_owned();
        if name.is_empty() {
            return Err(Failure::invalid(&format!("parameters[{i}].name"), "is empty"));
        }
        if parameters.iter().any(|earlier| earlier.name == name) {
            return Err(Failure::invalid(&format!("parameters[{i}].name"), format!("'{name}' is given twice")));
        }
        parameters.push(Parameter { name, value: parameter.value, type_text: parameter.type_ });
    }
    Ok(parameters)
}

/// Tags in the API's shape.
pub(crate) fn query_tags(asked: Option<Vec<types::QueryTag>>) -> Result<Vec<QueryTag>, Failure> {
    let asked = asked.unwrap_or_default();
    if asked.len() > MAX_QUERY_TAGS {
        return Err(Failure::invalid("query_tags", format!("at most {MAX_QUERY_TAGS} are kept by the workspace")));
    }
    Ok(asked.into_iter().map(|tag| QueryTag { key: tag.key, value: tag.value }).collect())
}

/// Catalog and schema for bare names: what was asked for, completed by the project's defaults where they fit together.
pub(crate) fn namespace(
    context: &CallContext,
    catalog: Option<String>,
    schema: Option<String>,
) -> (Option<String>, Option<String>) {
    let given = |text: Option<String>| text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
    let (catalog, schema) = (given(catalog), given(schema));
    let default_catalog = given(context.catalog.clone());
    // The default schema belongs to the default catalog and to no other.
    let same_catalog = catalog.is_none() || catalog == default_catalog;
    let default_schema = given(context.schema.clone()).filter(|_| same_catalog);
    (catalog.or(default_catalog), schema.or(default_schema))
}

#[cfg(test)]
mod tests;
