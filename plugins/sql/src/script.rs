//! execute_sql_multi.

use std::borrow::Cow;
use std::time::Duration;

use bricklayer_databricks::operations::Effect;
use bricklayer_databricks::statement::{
    self as sent, Column, Finished, Job, Keeping, Outcome, Parameter, QueryTag, Sent, State, Submit, continued,
};
use bricklayer_databricks::statement::{json_bytes, remember, row_bytes};
use bricklayer_databricks::warehouse::{self, Choice};
use bricklayer_databricks::work::{Continued, Plan, run, until};
use bricklayer_sdk::{Cut, Failure, Kind, Platform, cut_text};

use crate::effect::of_statement;
use crate::lex::{Kind as TokenKind, lex};
use crate::show;
use crate::split::{Statement, split};
use crate::statement::{again, namespace, parameters, query_tags, row_limit, timeout};
use crate::types;

/// Statements one script may have; protects the answer's size and the workspace.
const MAX_STATEMENTS: usize = 100;

/// Rows per statement of the answer: when the caller names no number, and at most.
const DEFAULT_ROWS: u32 = 100;
const MAX_ROWS_PER_STATEMENT: u32 = 1_000;

/// Bytes of cells over all statements of a script that the answer keeps; the host takes 1 MiB of a call's result.
const MAX_SCRIPT_CELL_BYTES: usize = 640 * 1024;

/// Bytes of tables in the text over all statements, and at least for each.
const MAX_TEXT_BYTES: usize = 40 * 1024;
const MIN_TEXT_BYTES_PER_STATEMENT: usize = 1024;

/// Side by side when the caller names no number, and at most: the host keeps eight cancel requests for a call.
const DEFAULT_PARALLEL: u32 = 4;
const MAX_PARALLEL: u32 = 8;

/// How much of a statement the answer repeats.
const STATEMENT_SHOWN_CHARS: usize = 200;

/// Statements that run together: reads that follow each other, or one that changes something.
#[derive(Debug, PartialEq)]
struct Group {
    count: usize,
    reads: bool,
    /// Whether it may change something; a USE runs alone and changes nothing.
    changes: bool,
}

/// Runs a script.
///
/// # Errors
/// Bad arguments, or no warehouse. An error in a statement is part of the result.
pub(crate) fn execute(
    platform: &impl Platform,
    request: types::ExecuteSqlMultiRequest,
) -> Result<types::ScriptResult, Failure> {
    let statements = split(&request.script);
    if statements.is_empty() {
        return Err(Failure::invalid("script", "holds no SQL"));
    }
    if statements.len() > MAX_STATEMENTS {
        return Err(Failure::invalid(
            "script",
            format!("holds {} statements; at most {MAX_STATEMENTS} run in one call", statements.len()),
        ));
    }
    let row_limit = row_limit(request.row_limit)?;
    let keep_rows = row_limit.unwrap_or(DEFAULT_ROWS).min(MAX_ROWS_PER_STATEMENT);
    let limit = timeout(request.timeout_seconds)?;
    let parallel = request.max_parallel.unwrap_or(DEFAULT_PARALLEL);
    if parallel == 0 || parallel > MAX_PARALLEL {
        return Err(Failure::invalid("max_parallel", format!("must be 1 to {MAX_PARALLEL}, is {parallel}")));
    }
    let parameters = parameters(request.parameters)?;
    let tags = query_tags(request.query_tags)?;
    let start = namespace(&platform.context(), request.catalog, request.schema);
    let began = platform.now();
    let choice = warehouse::resolve(platform, request.warehouse_id)?;
    let each = Each { row_limit, keep_rows: keep_rows as usize, limit };
    let jobs = jobs(&statements, &choice.id, start, &parameters, &tags, each)?;
    let submits: Vec<Submit> = jobs.iter().filter_map(|job| job.work.submit().cloned()).collect();
    let mut jobs = jobs.into_iter();

    let until = until(platform);
    let mut results: Vec<Finished> = Vec::with_capacity(jobs.len());
    let groups = groups(&statements);
    // What only reads is sent again by whoever goes on with the turn.
    let changes = groups.iter().any(|group| group.changes);
    let mut offer = Offer::default();
    for group in groups {
        let max_parallel = if group.reads { parallel as usize } else { 1 };
        let mut jobs: Vec<Job> = jobs.by_ref().take(group.count).collect();
        if group.changes {
            offer.withdraw(platform);
        }
        if let Some(first) = jobs.first_mut().filter(|_| changes && (group.changes || results.is_empty())) {
            let said = Some(rest(&results, statements.len()));
            let sent = first.work.submit().map(|submit| Sent::before(platform, Duration::ZERO, &choice, submit));
            first.continued = Some(Continued { said, stands: true, ..continued(sent.as_ref(), keep_rows) });
        }
        results.extend(run(platform, jobs, Plan { max_parallel, until, stop_at_error: true }));
        offer.found(&results);
        if !results.iter().all(|finished| matches!(finished.outcome, Outcome::Done(_))) {
            break;
        }
        platform.progress(
            &format!("{} of {} statements done", results.len(), statements.len()),
            Some(results.len() as f64),
            Some(statements.len() as f64),
        );
    }
    offer.withdraw(platform);
    for (finished, submit) in results.iter().zip(&submits) {
        if let (Outcome::Unfinished(_), Some(id), None) = (&finished.outcome, &finished.id, &finished.remembered) {
            let sent = Sent::before(platform, finished.took, &choice, submit);
            remember(platform, id, limit.map(|limit| limit.saturating_sub(finished.took)), &sent);
            continued(None, keep_rows).hand_back(platform, id.as_str().into());
        }
    }
    Ok(answer(&statements, results, choice, platform.now().saturating_sub(began)))
}

/// How the call is continued should it be lost with its host: by waiting for its newest change, or for its first
/// statement as long as nothing was changed. It stands while what follows only reads, because a read that is lost can be
/// sent again; it is taken back, durably, before the next change is sent, because nobody may send that one twice.
#[derive(Default)]
struct Offer {
    /// What the statement it names is remembered by.
    key: Option<String>,
    /// Results that were looked at.
    seen: usize,
}

impl Offer {
    /// Looks whether one of the statements that ran since was offered.
    fn found(&mut self, results: &[Finished]) {
        let new = results.iter().skip(self.seen);
        let ended = new.filter(|finished| !matches!(finished.outcome, Outcome::Unfinished(_)));
        // One that goes on is handed back: it stays remembered, and its offer is the last.
        let newest = ended.rev().find_map(|finished| finished.remembered.clone());
        self.key = newest.or(self.key.take());
        self.seen = results.len();
    }

    fn withdraw(&mut self, platform: &impl Platform) {
        if let Some(key) = self.key.take() {
            platform.withdraw_continuation();
            platform.state_delete(&key);
        }
    }
}

/// What became of a script, said by whoever waits for the statement after `results`.
fn rest(results: &[Finished], of: usize) -> String {
    let number = results.len() + 1;
    let mut said = format!("It is statement {number} of {of} of a script.");
    let before: Vec<_> = (1..)
        .zip(results)
        .map(|(number, finished)| format!("{number} ({})", finished.id.as_deref().unwrap_or_default()))
        .collect();
    if !before.is_empty() {
        said.push_str(&format!(
            " Before it these succeeded, each with its statement_id, by which get_statement fetches its rows: {}.",
            before.join(", ")
        ));
    }
    match of.saturating_sub(number) {
        0 => {}
        1 => said.push_str(" The one after it changed nothing; send it if it is still wanted."),
        after => said.push_str(&format!(" The {after} after it changed nothing; send them if they are still wanted.")),
    }
    said
}

fn groups(statements: &[Statement<'_>]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for statement in statements {
        let changes = of_statement(statement.text) != Effect::Reads;
        let reads = !changes && !is_use(statement.text);
        match groups.last_mut() {
            Some(group) if group.reads && reads => group.count += 1,
            _ => groups.push(Group { count: 1, reads, changes }),
        }
    }
    groups
}

/// What holds for each statement.
#[derive(Clone, Copy)]
struct Each {
    row_limit: Option<u32>,
    keep_rows: usize,
    limit: Option<Duration>,
}

fn jobs(
    statements: &[Statement<'_>],
    warehouse_id: &str,
    start: (Option<String>, Option<String>),
    parameters: &[Parameter],
    tags: &[QueryTag],
    Each { row_limit, keep_rows, limit }: Each,
) -> Result<Vec<Job>, Failure> {
    let mut names = start;
    let mut jobs = Vec::with_capacity(statements.len());
    for statement in statements {
        let (catalog, schema) = names.clone();
        let mentioned = mentioned(statement.text, parameters);
        let submit = Submit::new(statement.text.to_owned(), warehouse_id);
        let submit = Submit { catalog, schema, parameters: mentioned, query_tags: tags.to_vec(), row_limit, ..submit };
        let reads = of_statement(statement.text) == Effect::Reads;
        let keeping = Keeping { again: Some(again(&submit)) };
        let work = sent::Statement::send(submit, reads, keep_rows).kept_whole(keeping);
        jobs.push(Job { work, limit, continued: None });
        if is_use(statement.text) {
            names = after_use(statement.text, names).ok_or_else(|| {
                Failure::invalid(
                    "script",
                    format!(
                        "line {}: USE needs a plain name in a script; or give catalog and schema as arguments",
                        statement.line
                    ),
                )
            })?;
        }
    }
    Ok(jobs)
}

/// The parameters whose markers a statement has; the workspace refuses values without a marker in some releases.
fn mentioned(statement: &str, parameters: &[Parameter]) -> Vec<Parameter> {
    let tokens = lex(statement);
    let has = |name: &str| {
        tokens.windows(2).any(|pair| matches!(pair, [colon, word] if colon.is_symbol(":") && word.text == name && colon.end() == word.start))
    };
    parameters.iter().filter(|parameter| has(&parameter.name)).cloned().collect()
}

pub(crate) fn is_use(statement: &str) -> bool {
    lex(statement).first().is_some_and(|token| token.is("USE"))
}

/// Catalog and schema after `USE [CATALOG | SCHEMA | DATABASE | NAMESPACE] name[.name]`: each statement is a session
/// of its own at the workspace, so the script's USE is carried over here.
pub(crate) fn after_use(
    statement: &str,
    names: (Option<String>, Option<String>),
) -> Option<(Option<String>, Option<String>)> {
    let tokens = lex(statement);
    let (what, rest) = match tokens.get(1) {
        Some(word) if word.is_any(&["CATALOG", "SCHEMA", "DATABASE", "NAMESPACE"]) && tokens.len() > 2 => {
            (Some(word), tokens.get(2..)?)
        }
        _ => (None, tokens.get(1..)?),
    };
    let name = |token: &crate::lex::Token<'_>| match token.kind {
        // USE CATALOG 'name' is allowed as well.
        TokenKind::Text => token.literal().map(str::to_owned),
        _ => token.name().map(Cow::into_owned),
    };
    match (what.is_some_and(|word| word.is("CATALOG")), rest) {
        (true, [catalog]) => Some((name(catalog), None)),
        (false, [schema]) => Some((names.0, name(schema))),
        (false, [catalog, dot, schema]) if dot.is_symbol(".") => Some((name(catalog), name(schema))),
        _ => None,
    }
}

fn answer(statements: &[Statement<'_>], results: Vec<Finished>, choice: Choice, took: Duration) -> types::ScriptResult {
    let mut steps = Vec::with_capacity(statements.len());
    let mut sections = Vec::with_capacity(statements.len() + 2);
    let cut = Cut { bytes: (MAX_TEXT_BYTES / statements.len()).max(MIN_TEXT_BYTES_PER_STATEMENT), ..Cut::default() };
    let mut bytes_left = MAX_SCRIPT_CELL_BYTES;
    let mut results = results.into_iter();
    for (i, statement) in statements.iter().enumerate() {
        let finished = results.next().unwrap_or(Finished::not_started());
        let (step, text) = step(i, statement, finished, cut, &mut bytes_left);
        steps.push(step);
        sections.push(text);
    }
    let succeeded = steps.iter().all(|step| step.status == types::StepStatus::Succeeded);
    let head = summary(&steps, took);
    let mut text = format!("{head}\n\n{}", sections.join("\n\n"));
    if statements.iter().any(|statement| is_session(statement.text)) {
        text.push_str("\n\nNote: each statement is a session of its own; temporary views, variables and SET do not carry over to the next.");
    }
    if choice.automatic {
        text.push_str(&format!("\n\nWarehouse: {}, {}.", choice.shown(), choice.reason));
    }
    types::ScriptResult { text, warehouse: show::warehouse(choice), steps, succeeded, duration_ms: show::millis(took) }
}

fn step(
    i: usize,
    statement: &Statement<'_>,
    finished: Finished,
    cut: Cut,
    bytes_left: &mut usize,
) -> (types::ScriptStep, String) {
    let shown = cut_text(&statement.text.split_whitespace().collect::<Vec<_>>().join(" "), STATEMENT_SHOWN_CHARS);
    let mut step = types::ScriptStep {
        number: u32::try_from(i + 1).unwrap_or(u32::MAX),
        line: statement.line,
        statement: shown,
        status: types::StepStatus::Succeeded,
        statement_id: finished.id,
        error: None,
        columns: Vec::new(),
        rows: Vec::new(),
        total_row_count: None,
        result_id: None,
        truncated: false,
        duration_ms: show::millis(finished.took),
    };
    let (word, body) = match finished.outcome {
        Outcome::Done(mut rows) => {
            let body = if rows.columns.is_empty() { String::new() } else { show::rows_text(&rows, cut) };
            let columns: usize = rows.columns.iter().map(column_bytes).sum();
            if columns > *bytes_left {
                rows.columns.clear();
                rows.rows.clear();
                rows.truncated = true;
            }
            *bytes_left = bytes_left.saturating_sub(columns);
            rows.rows.retain(|row| {
                let bytes = row_bytes(row);
                let fits = bytes <= *bytes_left;
                *bytes_left = if fits { *bytes_left - bytes } else { 0 };
                fits
            });
            step.truncated = rows.truncated || rows.total.is_some_and(|total| total > rows.rows.len() as u64);
            step.columns = show::columns(rows.columns);
            step.total_row_count = rows.total;
            step.result_id = rows.kept.map(|kept| kept.id);
            step.rows = rows.rows;
            ("succeeded", body)
        }
        Outcome::Failed(failure) => {
            let canceled = failure.kind == Kind::Timeout && step.statement_id.is_some();
            step.status = if canceled { types::StepStatus::Canceled } else { types::StepStatus::Failed };
            step.error = Some(failure.message.clone());
            ("failed", failure.message)
        }
        Outcome::Unfinished(state) => {
            step.status = types::StepStatus::Running;
            let id = step.statement_id.as_deref().unwrap_or_default();
            let word = if state == State::Pending { "waiting for the warehouse" } else { "still running" };
            (
                word,
                format!(
                    "It goes on at the workspace: continue with get_statement (statement_id {id}), do not send it again."
                ),
            )
        }
        Outcome::NotStarted => {
            step.status = types::StepStatus::Skipped;
            ("skipped", String::new())
        }
    };
    let head = format!("{}. line {}, {word}: {}", step.number, step.line, step.statement);
    let text = if body.is_empty() { head } else { format!("{head}\n\n{body}") };
    (step, text)
}

/// What a column weighs as JSON.
fn column_bytes(column: &Column) -> usize {
    /// Names of the properties.
    const FIXED_BYTES: usize = 48;
    FIXED_BYTES + json_bytes(&column.name) + json_bytes(&column.type_name) + json_bytes(&column.type_text)
}

fn summary(steps: &[types::ScriptStep], took: Duration) -> String {
    let count = |status: types::StepStatus| steps.iter().filter(|step| step.status == status).count();
    let list = |status: types::StepStatus| {
        let numbers: Vec<_> =
            steps.iter().filter(|step| step.status == status).map(|step| step.number.to_string()).collect();
        numbers.join(", ")
    };
    let mut parts = vec![format!("{} of {} statements succeeded", count(types::StepStatus::Succeeded), steps.len())];
    for (status, word) in [
        (types::StepStatus::Failed, "failed"),
        (types::StepStatus::Canceled, "canceled at their time limit"),
        (types::StepStatus::Running, "still running"),
        (types::StepStatus::Skipped, "skipped, not sent"),
    ] {
        if count(status) > 0 {
            parts.push(format!("{word}: {}", list(status)));
        }
    }
    format!("{} ({:.1} s).", parts.join("; "), took.as_secs_f64())
}

/// Whether a statement only makes sense for others of the same session.
fn is_session(statement: &str) -> bool {
    let tokens = lex(statement);
    let first = |word: &str| tokens.first().is_some_and(|token| token.is(word));
    first("SET")
        || first("DECLARE")
        || (first("CREATE") && tokens.iter().take(5).any(|token| token.is_any(&["TEMP", "TEMPORARY"])))
}

#[cfg(test)]
mod tests;
