//! What to do next about a request: each step follows from the results so far.

use std::fmt::Write as _;
use std::sync::Arc;

use bricklayer_domain::{ResultId, ToolErrorKind, ToolSpec};
use serde_json::{Value, json};

use super::build::{Column, Statement, build};
use super::intent::Intent;
use super::question::{ChartKind, Question};
use super::{Action, Done, Scene, find, work};

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
        Intent::Chart(kind) => chart_of_last(scene, *kind),
        Intent::LookAround { catalog, schema } => look_around(scene, catalog, schema),
        // Answered before any step.
        Intent::Unfinished(advice) => Action::Say(advice.clone()),
        Intent::Save { file } => save(scene, file),
        Intent::Read { file } => {
            once(scene, files_tool(scene, find::reads_files), json!({"file_path": file}), "", |done| {
                format!("`{file}`:\n\n{}", verbatim(&plain_lines(done.content)))
            })
        }
        Intent::ListFiles => {
            once(scene, files_tool(scene, find::finds_files), json!({"pattern": "**/*"}), "", |done| {
                format!("The project's files, newest first:\n\n{}", bullets(done.content))
            })
        }
        Intent::Upload => work::upload(scene),
        Intent::Run { file } => work::run_file(scene, file),
        Intent::Schedule { file, every } => work::schedule(scene, file.as_deref(), *every),
        Intent::Pipeline { file } => work::pipeline(scene, file.as_deref()),
        Intent::Make { what } => work::make(scene, what),
        Intent::Search { text } => {
            let input = json!({"pattern": escape_pattern(text), "output_mode": "content", "-i": true});
            once(scene, files_tool(scene, find::searches_files), input, "", |done| {
                format!("`{text}` occurs here:\n\n{}", verbatim(done.content))
            })
        }
    }
}

/// Things that a tool lists, called `things`; only those that the message asks for where the tool can choose them.
pub(super) fn list(scene: &Scene<'_>, tool: &ToolSpec, things: &str, message: &str) -> Action {
    let chosen = find::choices(tool, message);
    let words: String = chosen.iter().map(|(word, _)| format!("{word} ")).collect();
    let input: serde_json::Map<String, Value> =
        chosen.into_iter().map(|(_, argument)| (argument.to_owned(), json!(true))).collect();
    once(scene, Ok(tool), Value::Object(input), &format!("Looking at the {words}{things}."), |done| {
        format!("Here are the {words}{things}:\n\n{}", done.content)
    })
}

/// A tool, or what a project lacks that has none.
pub(super) type Found<'a> = Result<&'a ToolSpec, &'static str>;

type Find = for<'a> fn(&'a [Arc<ToolSpec>]) -> Option<&'a ToolSpec>;

pub(super) fn files_tool<'a>(scene: &Scene<'a>, find: Find) -> Found<'a> {
    find(scene.tools).ok_or("a tool for files of that kind")
}

fn statement_tool<'a>(scene: &Scene<'a>) -> Found<'a> {
    find::runs_statements(scene.tools).ok_or("a tool that runs SQL")
}

fn tables_tool<'a>(scene: &Scene<'a>) -> Found<'a> {
    find::describes_tables(scene.tools).ok_or("a tool that describes tables")
}

/// Whether a call was one of this tool.
pub(super) fn is_of(done: &Done<'_>, tool: Option<&ToolSpec>) -> bool {
    tool.is_some_and(|spec| spec.name == done.name)
}

/// What a tool that describes tables is asked: their columns, and no more where less can be asked for.
fn tables_input(tool: &ToolSpec, catalog: &str, schema: &str, table: Option<&str>) -> Value {
    let mut input = serde_json::Map::new();
    input.insert("catalog".to_owned(), json!(catalog));
    input.insert("schema".to_owned(), json!(schema));
    if let Some(table) = table {
        input.insert("table_names".to_owned(), json!([table]));
    }
    if find::takes(tool, "table_stat_level") {
        input.insert("table_stat_level".to_owned(), json!("none"));
    }
    Value::Object(input)
}

/// The tables of a schema and their columns.
fn look_around(scene: &Scene<'_>, catalog: &str, schema: &str) -> Action {
    let tool = tables_tool(scene);
    let input = tool.map_or(Value::Null, |tool| tables_input(tool, catalog, schema, None));
    once(scene, tool, input, "Looking at the tables.", |done| {
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
pub(super) fn once(
    scene: &Scene<'_>,
    tool: Found<'_>,
    input: Value,
    say: &str,
    show: impl Fn(&Done<'_>) -> String,
) -> Action {
    match scene.done.last() {
        Some(done) if done.is_error => failed(done),
        Some(done) => Action::Say(show(done)),
        None => call(tool, input, say),
    }
}

pub(super) fn call(tool: Found<'_>, input: Value, say: &str) -> Action {
    match tool {
        Ok(spec) => Action::Call { say: say.to_owned(), name: spec.name.clone(), input },
        Err(what) => Action::Say(format!("This needs {what}, which this project does not have.")),
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
    let (reader, writer) = (files_tool(scene, find::reads_files), files_tool(scene, find::writes_files));
    let write = || call(writer, json!({"file_path": file, "content": format!("{}\n", answer.trim_end())}), "");
    let writes = scene.done.iter().filter(|done| is_of(done, writer.ok())).count();
    match scene.done.last() {
        None => write(),
        Some(done) if is_of(done, reader.ok()) && !done.is_error => write(),
        // A file that is there is read first: the tool's own rule, and its refusal the only sign.
        Some(done) if done.is_error && is_of(done, writer.ok()) && writes == 1 && is_about_reading(done) => {
            call(reader, json!({"file_path": file}), "The file exists; reading it before it is replaced.")
        }
        Some(done) if done.is_error => failed(done),
        Some(done) => Action::Say(format!("{SAVED} `{file}`. {}", done.content)),
    }
}

pub(super) fn is_about_reading(done: &Done<'_>) -> bool {
    done.kind == Some(ToolErrorKind::InvalidInput) || done.content.contains("read")
}

/// A step of a request that runs SQL.
enum Step<'a> {
    Act(Action),
    Result(&'a Done<'a>),
}

/// Runs the statement and waits for its end. The tool chooses a warehouse itself when the user chose none.
fn run_statement<'a>(scene: &'a Scene<'a>, sql: &str) -> Step<'a> {
    let (runs, waits) = (find::runs_statements(scene.tools), find::waits_for_statements(scene.tools));
    let mut last = None;
    let mut polls = 0_usize;
    for done in scene.done.iter().filter(|done| is_of(done, runs) || is_of(done, waits)) {
        polls = if is_of(done, waits) { polls.saturating_add(1) } else { 0 };
        last = Some(done).filter(|_| !is_lookup(done) || sql.starts_with("DESCRIBE TABLE "));
    }
    match last {
        None => Step::Act(execute(scene, sql, "Running the statement.")),
        Some(done) if done.is_error => Step::Act(failed(done)),
        Some(done) => match (still_running(done), polls) {
            (None, _) => Step::Result(done),
            (Some(id), polls) => Step::Act(match waits.filter(|_| polls < MAX_POLLS) {
                Some(tool) => call(Ok(tool), json!({"statement_id": id}), "The statement still runs; waiting for it."),
                None => Action::Say(goes_on(scene, &id)),
            }),
        },
    }
}

/// What to do about a statement that does not end.
fn goes_on(scene: &Scene<'_>, id: &str) -> String {
    let command =
        |tool: Option<&ToolSpec>| tool.map(|spec| format!("`/{} {{\"statement_id\": \"{id}\"}}`", spec.name.short()));
    let waits = command(find::waits_for_statements(scene.tools)).map(|command| format!("continue with {command}"));
    let ends = command(find::ends_statements(scene.tools)).map(|command| format!("end it with {command}"));
    let ways: Vec<String> = [waits, ends].into_iter().flatten().collect();
    let ways = if ways.is_empty() { String::new() } else { format!(" You can {}.", ways.join(", or ")) };
    format!("The statement {id} still runs at the workspace.{ways}")
}

fn execute(scene: &Scene<'_>, sql: &str, say: &str) -> Action {
    let tool = statement_tool(scene);
    let mut input = json!({"statement": sql});
    let chosen = scene.facts.settings.warehouse_id.as_ref();
    let takes_it = tool.is_ok_and(|spec| find::takes(spec, "warehouse_id"));
    if let (Some(id), true, Value::Object(fields)) = (chosen, takes_it, &mut input) {
        fields.insert("warehouse_id".to_owned(), json!(&**id));
    }
    call(tool, input, say)
}

/// Whether a statement only looked at a table's columns on the way to an answer.
fn is_lookup(done: &Done<'_>) -> bool {
    let columns = done.structured.and_then(|result| result.get("columns")).and_then(Value::as_array);
    let first = columns.and_then(|columns| columns.first()).and_then(|column| column.get("name"));
    let statement = done.input.and_then(|input| input.get("statement")).and_then(Value::as_str);
    statement.is_some_and(|sql| sql.starts_with("DESCRIBE TABLE "))
        && first.and_then(Value::as_str).is_some_and(|name| name.eq_ignore_ascii_case("col_name"))
}

fn still_running(done: &Done<'_>) -> Option<String> {
    let result = done.structured?;
    let state = result.get("state").and_then(Value::as_str)?;
    let id = result.get("statement_id").and_then(Value::as_str)?;
    matches!(state, "running" | "pending").then(|| id.to_owned())
}

fn answer_question(scene: &Scene<'_>, question: &Question) -> Action {
    let columns = match look_at_columns(scene, &question.table) {
        Ok(columns) => columns,
        Err(action) => return action,
    };
    let statement = match build(question, &columns) {
        Ok(statement) => statement,
        Err(reason) => return Action::Say(reason),
    };
    let done = match run_statement(scene, &statement.sql) {
        Step::Act(action) => return action,
        Step::Result(done) => done,
    };
    let answer = report(question, &statement, done);
    let Some(kind) = question.chart else { return Action::Say(answer) };
    let (Some(result), Some(tool)) = (done.results.first(), find::draws_charts(scene.tools)) else {
        return Action::Say(format!("{answer}\n\nThere is nothing here to draw it with."));
    };
    match scene.done.iter().find(|done| is_of(done, Some(tool))) {
        None => call(Ok(tool), chart_input(*result, kind, &title(question, &statement)), "Drawing a chart."),
        Some(drawn) if drawn.is_error => failed(drawn),
        Some(_) => Action::Say(format!("The chart is drawn from [the result](result:{result}). {answer}")),
    }
}

/// A chart of two columns of a result: what is grouped, and the first measure of it.
fn chart_input(result: ResultId, kind: ChartKind, title: &str) -> Value {
    let mut input = json!({
        "result": result, "kind": kind.name(), "x": {"column": 0}, "y": [{"column": 1, "aggregate": "none"}],
    });
    if let (Value::Object(fields), false) = (&mut input, title.is_empty()) {
        fields.insert("title".to_owned(), json!(title));
    }
    input
}

fn title(question: &Question, statement: &Statement) -> String {
    let table = question.table.rsplit('.').next().unwrap_or_default().trim_matches('`');
    let measure = question.measures.first();
    let what = match measure {
        Some(measure) if !measure.words.is_empty() => {
            format!("{} {}", measure.aggregate.name(), measure.words.join(" "))
        }
        _ => table.to_owned(),
    };
    let by = statement.group_label.as_ref().map(|label| format!(" by {label}")).unwrap_or_default();
    let mut letters = what.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}{by}", letters.as_str())
}

/// A chart of what was shown last.
fn chart_of_last(scene: &Scene<'_>, kind: ChartKind) -> Action {
    let Some(result) = scene.last_result() else {
        return Action::Say(
            "There is no result in this conversation yet that I could draw. Ask something first, for example: draw a chart \
             of the number of trips per day in samples.nyctaxi.trips"
                .to_owned(),
        );
    };
    let tool = find::draws_charts(scene.tools).ok_or("a tool that draws charts");
    once(scene, tool, chart_input(result, kind, ""), "Drawing a chart.", |_| {
        format!("The chart is drawn from [the last result](result:{result}): its second column by its first.")
    })
}

/// The table's columns, or the step that finds them out.
fn look_at_columns(scene: &Scene<'_>, table: &str) -> Result<Vec<Column>, Action> {
    let parts: Vec<&str> = table.split('.').map(|part| part.trim_matches('`')).collect();
    let tables = find::describes_tables(scene.tools);
    let say = format!("Looking at the columns of `{table}`.");
    if let ([catalog, schema, name], Some(tool)) = (parts.as_slice(), tables) {
        match scene.done.iter().find(|done| is_of(done, tables)) {
            None => return Err(call(Ok(tool), tables_input(tool, catalog, schema, Some(name)), &say)),
            Some(done) if done.is_error => return Err(failed(done)),
            Some(done) => {
                let columns = stats_columns(done);
                if !columns.is_empty() {
                    return Ok(columns);
                }
            }
        }
    }
    match scene.done.iter().find(|done| is_of(done, find::runs_statements(scene.tools))) {
        None => Err(execute(scene, &format!("DESCRIBE TABLE {table}"), &say)),
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
                let value = cited(&format!("{value} {unit}"), done, "/0/1");
                format!("The busiest {label} in `{table}` is **{first}**, with {value}.")
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
        let all = cited(&format!("{total} rows"), done, "");
        let _ = write!(text, "\n{} of {all} are shown.", rows.len().min(MAX_SHOWN_ROWS));
    }
    text
}

/// Words that point to a place in what a call made, where it made something.
fn cited(words: &str, done: &Done<'_>, place: &str) -> String {
    match done.results.first() {
        Some(result) => format!("[{words}](result:{result}{place})"),
        None => words.to_owned(),
    }
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
