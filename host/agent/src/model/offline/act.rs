//! What to do next about a request: each step follows from the results so far.

use std::fmt::Write as _;

use bricklayer_domain::ToolErrorKind;
use serde_json::{Value, json};

use super::build::{Column, Statement, build};
use super::intent::Intent;
use super::question::Question;
use super::{Action, Done, Scene};

/// Rows shown in an answer.
const MAX_SHOWN_ROWS: usize = 20;

/// How often a statement that still runs is asked for before the user is told.
const MAX_POLLS: usize = 10;

/// How the answer about a saved file begins; such an answer is not itself worth saving.
pub(super) const SAVED: &str = "Saved the last answer as";

/// The next step of a request.
pub(super) fn next(scene: &Scene<'_>, intent: &Intent) -> Action {
    match intent {
        Intent::Question(question) => answer_question(scene, question),
        Intent::Statement { sql, about } => match run_statement(scene, sql) {
            Step::Act(action) => action,
            Step::Result(done) => Action::Say(format!("{about}\n\n{}", result_text(done))),
        },
        Intent::LookAround { catalog, schema } => look_around(scene, catalog, schema),
        // Answered before any step.
        Intent::Unfinished(advice) => Action::Say(advice.clone()),
        Intent::ListWarehouses => once(scene, "list_warehouses", json!({}), "Looking at the warehouses.", |done| {
            format!("These SQL warehouses are available:\n\n{}", done.content)
        }),
        Intent::Save { file } => save(scene, file),
        Intent::Read { file } => once(scene, "Read", json!({"file_path": file}), "", |done| {
            format!("`{file}`:\n\n{}", verbatim(&plain_lines(done.content)))
        }),
        Intent::ListFiles => once(scene, "Glob", json!({"pattern": "**/*"}), "", |done| {
            format!("The project's files, newest first:\n\n{}", bullets(done.content))
        }),
        Intent::Search { text } => {
            let input = json!({"pattern": escape_pattern(text), "output_mode": "content", "-i": true});
            once(scene, "Grep", input, "", |done| format!("`{text}` occurs here:\n\n{}", verbatim(done.content)))
        }
    }
}

/// The tables of a schema and their columns.
fn look_around(scene: &Scene<'_>, catalog: &str, schema: &str) -> Action {
    let input = json!({"catalog": catalog, "schema": schema, "table_stat_level": "none"});
    once(scene, "get_table_stats_and_schema", input, "Looking at the tables.", |done| {
        let tables = done.structured.and_then(|result| result.get("tables")).and_then(Value::as_array);
        let lines: Vec<String> = tables.into_iter().flatten().map(table_line).collect();
        if lines.is_empty() {
            return format!("`{catalog}.{schema}` holds no tables.");
        }
        format!(
            "These are the tables in `{catalog}.{schema}` and what is in them:\n\n{}\n\nTo see rows: \u{201c}preview \
             {catalog}.{schema}.TABLE\u{201d}.",
            lines.join("\n")
        )
    })
}

/// One table with its columns, as a line of a list.
fn table_line(table: &Value) -> String {
    let text = |value: &Value, field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let columns = table.get("columns").and_then(Value::as_array).into_iter().flatten();
    let columns: Vec<String> = columns
        .map(|column| format!("`{}` {}", text(column, "name"), text(column, "type_text").to_lowercase()))
        .collect();
    format!("- **{}**: {}", text(table, "name"), columns.join(", "))
}

/// A request of one call.
fn once(scene: &Scene<'_>, tool: &str, input: Value, say: &str, show: impl Fn(&Done<'_>) -> String) -> Action {
    match scene.done.last() {
        Some(done) if done.is_error => failed(done),
        Some(done) => Action::Say(show(done)),
        None => call(scene, tool, input, say),
    }
}

fn call(scene: &Scene<'_>, tool: &str, input: Value, say: &str) -> Action {
    match scene.tool(tool) {
        Some(spec) => Action::Call { say: say.to_owned(), name: spec.name.clone(), input },
        None => Action::Say(format!("This needs the tool `{tool}`, which this project does not have.")),
    }
}

/// Says what a tool said, as it said it: commands and addresses in it are for copying.
pub(super) fn failed(done: &Done<'_>) -> Action {
    // These outcomes are worded for a model; a person knows already, or needs other words.
    let for_people = match done.kind {
        Some(ToolErrorKind::Denied) if done.content.contains("declined") => {
            Some("You declined this call, so it did not run. Tell me what you want instead.")
        }
        Some(ToolErrorKind::Denied) if done.content.contains("plan mode") || done.content.contains("read only") => {
            Some(
                "This conversation only reads, so the call did not run. Choose another mode beside the message field to let \
             it change something.",
            )
        }
        Some(ToolErrorKind::Cancelled | ToolErrorKind::NotRun) => Some("The call did not run to its end."),
        Some(ToolErrorKind::OutcomeUnknown) => Some(
            "The server restarted while this call ran, so nobody knows whether it took effect. Look at what it would \
             have changed before you repeat it.",
        ),
        _ => None,
    };
    if let Some(text) = for_people {
        return Action::Say(text.to_owned());
    }
    Action::Say(format!("That did not work: `{}` says:\n\n{}", done.name.short(), verbatim(done.content)))
}

/// A block of text in which nothing is markup.
fn verbatim(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}\n{text}\n{fence}")
}

fn save(scene: &Scene<'_>, file: &str) -> Action {
    let Some(answer) = scene.last_answer() else {
        return Action::Say(
            "There is no answer in this conversation yet that I could save. Ask something first.".to_owned(),
        );
    };
    let write = || call(scene, "Write", json!({"file_path": file, "content": format!("{}\n", answer.trim_end())}), "");
    let writes = scene.done.iter().filter(|done| done.name.short() == "Write").count();
    match scene.done.last() {
        None => write(),
        Some(done) if done.name.short() == "Read" && !done.is_error => write(),
        Some(done) if done.is_error && done.name.short() == "Write" && writes == 1 && done.content.contains("read") => {
            call(scene, "Read", json!({"file_path": file}), "The file exists; reading it before it is replaced.")
        }
        Some(done) if done.is_error => failed(done),
        Some(done) => Action::Say(format!("{SAVED} `{file}`. {}", done.content)),
    }
}

/// A step of a request that runs SQL.
enum Step<'a> {
    Act(Action),
    Result(&'a Done<'a>),
}

/// Chooses a warehouse when none is chosen, runs the statement, waits for its end.
fn run_statement<'a>(scene: &'a Scene<'a>, sql: &str) -> Step<'a> {
    let warehouse = match choose_warehouse(scene) {
        Ok(warehouse) => warehouse,
        Err(action) => return Step::Act(action),
    };
    let done = scene.done.iter().filter(|done| matches!(done.name.short(), "execute_sql" | "get_statement"));
    let mut last = None;
    let mut polls = 0_usize;
    for done in done {
        polls = if done.name.short() == "get_statement" { polls.saturating_add(1) } else { 0 };
        last = Some(done).filter(|_| !is_lookup(done) || sql.starts_with("DESCRIBE TABLE "));
    }
    match last {
        None => Step::Act(execute(scene, sql, warehouse.as_deref())),
        Some(done) if done.is_error => Step::Act(failed(done)),
        Some(done) => match (still_running(done), polls) {
            (None, _) => Step::Result(done),
            (Some(id), MAX_POLLS..) => Step::Act(Action::Say(format!(
                "The statement still runs at the workspace. Continue with `/get_statement {{\"statement_id\": \
                 \"{id}\"}}`, or end it with `/cancel_statement {{\"statement_id\": \"{id}\"}}`."
            ))),
            (Some(id), _) => {
                let input = json!({"statement_id": id});
                Step::Act(call(scene, "get_statement", input, "The statement still runs; waiting for it."))
            }
        },
    }
}

fn execute(scene: &Scene<'_>, sql: &str, warehouse: Option<&str>) -> Action {
    let mut input = json!({"statement": sql});
    if let (Some(id), Value::Object(fields)) = (warehouse, &mut input) {
        fields.insert("warehouse_id".to_owned(), json!(id));
    }
    call(scene, "execute_sql", input, "Running the statement.")
}

/// Whether a statement only looked at a table's columns on the way to an answer.
fn is_lookup(done: &Done<'_>) -> bool {
    let columns = done.structured.and_then(|result| result.get("columns")).and_then(Value::as_array);
    let first = columns.and_then(|columns| columns.first()).and_then(|column| column.get("name"));
    done.looked_up && first.and_then(Value::as_str).is_some_and(|name| name.eq_ignore_ascii_case("col_name"))
}

fn still_running(done: &Done<'_>) -> Option<String> {
    let result = done.structured?;
    let state = result.get("state").and_then(Value::as_str)?;
    let id = result.get("statement_id").and_then(Value::as_str)?;
    matches!(state, "running" | "pending").then(|| id.to_owned())
}

/// The warehouse's id, when one is known or the tools choose one themselves; else the step that finds one.
fn choose_warehouse(scene: &Scene<'_>) -> Result<Option<String>, Action> {
    if let Some(chosen) = scene.chosen_warehouse() {
        return Ok(Some(chosen));
    }
    match scene.done.iter().find(|done| done.name.short() == "get_best_warehouse") {
        Some(done) if done.is_error => Err(failed(done)),
        Some(done) => {
            let id = done.structured.and_then(|result| result.get("id").or_else(|| result.get("warehouse_id")));
            Ok(id.and_then(Value::as_str).map(str::to_owned))
        }
        None if scene.tool("get_best_warehouse").is_some() => {
            Err(call(scene, "get_best_warehouse", json!({}), "Choosing a warehouse."))
        }
        None => Ok(None),
    }
}

fn answer_question(scene: &Scene<'_>, question: &Question) -> Action {
    if let Err(action) = choose_warehouse(scene) {
        return action;
    }
    let columns = match look_at_columns(scene, &question.table) {
        Ok(columns) => columns,
        Err(action) => return action,
    };
    let statement = match build(question, &columns) {
        Ok(statement) => statement,
        Err(reason) => return Action::Say(reason),
    };
    match run_statement(scene, &statement.sql) {
        Step::Act(action) => action,
        Step::Result(done) => Action::Say(report(question, &statement, done)),
    }
}

/// The table's columns, or the step that finds them out.
fn look_at_columns(scene: &Scene<'_>, table: &str) -> Result<Vec<Column>, Action> {
    let parts: Vec<&str> = table.split('.').map(|part| part.trim_matches('`')).collect();
    let stats = scene.tool("get_table_stats_and_schema");
    let say = format!("Looking at the columns of `{table}`.");
    if let ([catalog, schema, name], Some(_)) = (parts.as_slice(), stats) {
        match scene.done.iter().find(|done| done.name.short() == "get_table_stats_and_schema") {
            None => {
                let input = json!({
                    "catalog": catalog, "schema": schema, "table_names": [name], "table_stat_level": "none",
                });
                return Err(call(scene, "get_table_stats_and_schema", input, &say));
            }
            Some(done) if done.is_error => return Err(failed(done)),
            Some(done) => {
                let columns = stats_columns(done);
                if !columns.is_empty() {
                    return Ok(columns);
                }
            }
        }
    }
    match scene.done.iter().find(|done| done.name.short() == "execute_sql") {
        None => {
            let warehouse = choose_warehouse(scene)?;
            let sql = format!("DESCRIBE TABLE {table}");
            match execute(scene, &sql, warehouse.as_deref()) {
                Action::Call { name, input, .. } => Err(Action::Call { say, name, input }),
                other => Err(other),
            }
        }
        Some(done) if done.is_error => Err(failed(done)),
        Some(done) => {
            let columns = described_columns(done);
            if columns.is_empty() {
                return Err(Action::Say(format!("The workspace lists no columns for `{table}`.")));
            }
            Ok(columns)
        }
    }
}

fn stats_columns(done: &Done<'_>) -> Vec<Column> {
    let tables = done.structured.and_then(|result| result.get("tables")).and_then(Value::as_array);
    let columns = tables.and_then(|tables| tables.first()?.get("columns")?.as_array());
    let read = |column: &Value| {
        let name = column.get("name")?.as_str()?.to_owned();
        let type_text = column.get("type_text").and_then(Value::as_str).unwrap_or_default().to_owned();
        Some(Column { name, type_text })
    };
    columns.map(|columns| columns.iter().filter_map(read).collect()).unwrap_or_default()
}

fn described_columns(done: &Done<'_>) -> Vec<Column> {
    let rows = done.structured.and_then(|result| result.get("rows")).and_then(Value::as_array);
    let read = |row: &Value| {
        let cell = |at: usize| row.get(at).and_then(Value::as_str).unwrap_or_default().to_owned();
        Some(Column { name: cell(0), type_text: cell(1) })
    };
    // A blank or commented name begins the part about partitions and properties.
    let is_column = |column: &Column| !column.name.is_empty() && !column.name.starts_with('#');
    rows.map(|rows| rows.iter().filter_map(read).take_while(is_column).collect()).unwrap_or_default()
}

/// The answer to a question: one sentence, and the table.
fn report(question: &Question, statement: &Statement, done: &Done<'_>) -> String {
    let rows = done.structured.and_then(|result| result.get("rows")).and_then(Value::as_array);
    let cell = |at: usize| rows?.first()?.get(at)?.as_str();
    let table = &question.table;
    let sentence = match (&statement.group_label, rows.map(Vec::len)) {
        (_, Some(0)) => format!("`{table}` holds no rows for this question."),
        (Some(label), _) if statement.ranked => match (cell(0), cell(1)) {
            (Some(first), Some(value)) if question.busiest => {
                let unit = table.rsplit('.').next().unwrap_or("rows").trim_matches('`');
                format!("The busiest {label} in `{table}` is **{first}**, with {value} {unit}.")
            }
            (Some(first), Some(_)) => format!("First by {label} in `{table}` comes **{first}**."),
            _ => format!("By {label} in `{table}`:"),
        },
        (Some(label), _) => format!("By {label} in `{table}`:"),
        (None, _) => format!("From `{table}`:"),
    };
    format!("{sentence}\n\n{}", result_text(done))
}

/// A result as a Markdown table, from the typed rows where there are any.
fn result_text(done: &Done<'_>) -> String {
    let Some(result) = done.structured else { return done.content.to_owned() };
    let columns = result.get("columns").and_then(Value::as_array);
    let rows = result.get("rows").and_then(Value::as_array);
    let (Some(columns), Some(rows)) = (columns.filter(|columns| !columns.is_empty()), rows) else {
        return done.content.to_owned();
    };
    let name = |column: &Value| column.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let names: Vec<String> = columns.iter().map(name).collect();
    let mut text = format!("| {} |\n|{}\n", escaped(&names).join(" | "), " --- |".repeat(names.len()));
    for row in rows.iter().take(MAX_SHOWN_ROWS) {
        let cells: Vec<String> = row
            .as_array()
            .map(|cells| cells.iter().map(|cell| cell.as_str().unwrap_or_default().to_owned()).collect())
            .unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| {} |", escaped(&cells).join(" | "));
    }
    let total = result.get("total_row_count").and_then(Value::as_u64).unwrap_or(rows.len() as u64);
    if rows.len() > MAX_SHOWN_ROWS || total > rows.len() as u64 {
        let _ = write!(text, "\n{} of {total} rows are shown.", rows.len().min(MAX_SHOWN_ROWS));
    }
    text
}

fn escaped(cells: &[String]) -> Vec<String> {
    cells.iter().map(|cell| cell.replace('|', "\\|").replace(['\n', '\r'], " ")).collect()
}

/// Lines of a numbered read without their numbers.
fn plain_lines(content: &str) -> String {
    let strip = |line: &str| line.split_once('\t').map_or(line, |(_, text)| text).to_owned();
    content.lines().map(strip).collect::<Vec<_>>().join("\n")
}

fn bullets(content: &str) -> String {
    content.lines().map(|line| format!("- {line}")).collect::<Vec<_>>().join("\n")
}

/// Text as a pattern that matches just that text.
fn escape_pattern(text: &str) -> String {
    text.chars()
        .flat_map(|c| (!c.is_alphanumeric() && c.is_ascii() && c != ' ').then_some('\\').into_iter().chain([c]))
        .collect()
}
