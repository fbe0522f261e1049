//! What a call would meet, found out before its user is asked: the rows that it would change or remove.

mod look;

use std::time::Duration;

use bricklayer_databricks::operations::Effect;
use bricklayer_databricks::statement::{Finished, Job, Outcome, Parameter, Rows, Statement, Submit};
use bricklayer_databricks::warehouse::{self, Choice};
use bricklayer_databricks::work::{Plan, run, until};
use bricklayer_sdk::{Failure, Kind, Platform};
use serde_json::Value;

use crate::effect::{Judgement, Namespace, in_namespaces, judge, of_statement};
use crate::statement::namespace;
use look::Look;

/// Statements of a script that are looked at; more would take longer than a user waits for a question.
const MAX_LOOKED: usize = 5;

/// Side by side: they are counts, and the user waits.
const MAX_PARALLEL: usize = MAX_LOOKED;

/// How long one look may take at the warehouse.
const LOOK_TIME: Duration = Duration::from_secs(10);

/// Names that are shown of what lies in a schema.
const MAX_NAMES: usize = 20;

/// Parameters that are passed on; a call with more fails before it runs.
const MAX_PARAMETERS: usize = 256;

/// What a call with these arguments would meet; none when none of its statements is one that can be counted beforehand.
///
/// # Errors
/// When there is no warehouse that runs: to look must not start one.
pub(crate) fn preview(platform: &impl Platform, tool: &str, input: &str) -> Result<Option<String>, Failure> {
    let input: Value = serde_json::from_str(input).unwrap_or_default();
    let text = |name: &str| input.get(name).and_then(Value::as_str);
    let script = match tool {
        "execute_sql" => text("statement"),
        "execute_sql_multi" => text("script"),
        _ => None,
    };
    let Some(script) = script else { return Ok(None) };
    let given = |name: &str| text(name).map(str::to_owned);
    let (catalog, schema) = namespace(&platform.context(), given("catalog"), given("schema"));
    let mut looks = looks(script, Namespace { catalog, schema });
    if looks.is_empty() {
        return Ok(None);
    }
    let more = looks.split_off(looks.len().min(MAX_LOOKED)).len();
    let choice = running(platform, warehouse::resolve(platform, given("warehouse_id"))?)?;
    let parameters = parameters(&input);
    let jobs = looks.iter().map(|planned| planned.job(&choice, &parameters)).collect();
    let plan = Plan { max_parallel: MAX_PARALLEL, until: until(platform), stop_at_error: false };
    let found = run(platform, jobs, plan);
    let mut lines: Vec<String> = looks.iter().zip(found).map(|(planned, found)| planned.told(found)).collect();
    if more > 0 {
        lines.push(format!("{more} further statements were not looked at"));
    }
    Ok(Some(lines.join("\n")))
}

/// A look that is due, and for what.
struct Planned {
    look: Look,
    judged: Judgement,
    namespace: Namespace,
}

/// The looks of a script, in its order.
fn looks(script: &str, namespace: Namespace) -> Vec<Planned> {
    let planned = in_namespaces(script, namespace).into_iter().filter_map(|(text, namespace)| {
        let judged = judge(text, &namespace);
        if judged.effect == Effect::Reads {
            return None;
        }
        let look = Look::before(text)?;
        // It is made of the statement's own text: what does more than read in there is not done by looking.
        (of_statement(&look.query) == Effect::Reads).then_some(Planned { look, judged, namespace })
    });
    planned.collect()
}

/// The warehouse, if it runs.
fn running(platform: &impl Platform, choice: Choice) -> Result<Choice, Failure> {
    let state = match choice.state.clone() {
        Some(state) => state,
        None => warehouse::get(platform, &choice.id)?.state,
    };
    if state == "RUNNING" {
        return Ok(choice);
    }
    let said = format!("the warehouse {} does not run, and is not started to look", choice.shown());
    Err(Failure::new(Kind::Failed, said))
}

/// The call's parameters, as far as they are in form; the call itself tells of the others.
fn parameters(input: &Value) -> Vec<Parameter> {
    let given = input.get("parameters").and_then(Value::as_array);
    let read = |parameter: &Value| {
        let text = |name: &str| parameter.get(name).and_then(Value::as_str).map(str::to_owned);
        let name = text("name")?.trim().trim_start_matches(':').to_owned();
        Some(Parameter { name, value: text("value"), type_text: text("type") })
    };
    given.into_iter().flatten().take(MAX_PARAMETERS).filter_map(read).collect()
}

impl Planned {
    fn job(&self, choice: &Choice, parameters: &[Parameter]) -> Job {
        let query = &self.look.query;
        let used = |parameter: &&Parameter| query.contains(&format!(":{}", parameter.name));
        let Namespace { catalog, schema } = self.namespace.clone();
        let parameters = parameters.iter().filter(used).cloned().collect();
        let submit = Submit { catalog, schema, parameters, ..Submit::new(query.clone(), &choice.id) };
        Job { work: Statement::send(submit, true, MAX_NAMES + 1), limit: Some(LOOK_TIME), continued: None }
    }

    /// One line about it.
    fn told(&self, found: Finished) -> String {
        let Judgement { verb, objects, .. } = &self.judged;
        let what = if objects.is_empty() { verb.clone() } else { format!("{verb} {}", objects.join(", ")) };
        let said = match found.outcome {
            Outcome::Done(rows) => self.look.words(&rows).unwrap_or_else(|| "its count was not understood".to_owned()),
            Outcome::Failed(failure) => {
                let why = failure.message.lines().next().unwrap_or_default().to_owned();
                format!("could not be counted: {why}")
            }
            Outcome::NotStarted | Outcome::Unfinished(_) => "could not be counted in time".to_owned(),
        };
        format!("{what}: {said}")
    }
}

impl Look {
    /// What was found, in words.
    fn words(&self, rows: &Rows) -> Option<String> {
        let cell = |row: usize, column: usize| rows.rows.get(row)?.get(column)?.as_deref();
        let number = |column: usize| cell(0, column)?.parse::<u64>().ok();
        Some(match self.counts {
            look::Counts::Part => match (number(0)?, number(1)?) {
                (0, all) => format!("none of {}", rows_of(all)),
                (1, 1) => "the only row".to_owned(),
                (part, all) if part == all => format!("all {}", rows_of(all)),
                (part, all) => format!("{part} of {}", rows_of(all)),
            },
            look::Counts::Matches => {
                format!("{} of the source match one of {}", rows_of(number(0)?), rows_of(number(1)?))
            }
            look::Counts::All => rows_of(number(0)?),
            look::Counts::Names => {
                // SHOW TABLES tells the schema, the name, and whether it is temporary.
                let names: Vec<&str> = (0..rows.rows.len()).filter_map(|row| cell(row, 1)).collect();
                let shown = names.iter().take(MAX_NAMES).copied().collect::<Vec<_>>().join(", ");
                match names.len() {
                    0 => "nothing in it".to_owned(),
                    found if found > MAX_NAMES || rows.truncated => {
                        format!("more than {MAX_NAMES} tables and views in it: {shown}, …")
                    }
                    found => format!("{found} tables and views in it: {shown}"),
                }
            }
        })
    }
}

fn rows_of(count: u64) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{count} rows") }
}

#[cfg(test)]
mod tests;
