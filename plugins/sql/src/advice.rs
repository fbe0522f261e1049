//! What went wrong with a statement, in the workspace's words, with one line on what to do next.

use bricklayer_sdk::{Failure, Kind, Platform, Workspace, cut_text};
use serde::Deserialize;

use crate::api::{ServiceError, State, Submit};
use crate::lex::lex;

/// How much of the statement a syntax error repeats.
const STATEMENT_SHOWN_CHARS: usize = 500;

/// Names looked at for a near match; a schema with more is rare, and this is only advice.
const NAMES_LOOKED_AT: usize = 500;

/// Near names offered.
const NAMES_OFFERED: usize = 5;

/// A request that the workspace refused before it became a statement.
pub(crate) fn refused(failure: Failure, submit: &Submit) -> Failure {
    match failure.kind {
        Kind::NotFound => {
            let id = &submit.warehouse_id;
            failure.advise(format!("The warehouse '{id}' may be gone: list_warehouses shows those that exist."))
        }
        Kind::PermissionDenied => failure.advise(format!(
            "If the warehouse '{}' is what the user may not use, choose another with list_warehouses.",
            submit.warehouse_id
        )),
        Kind::InvalidInput if failure.message.to_ascii_lowercase().contains("warehouse") => {
            failure.advise("list_warehouses shows the warehouses that exist and their state.")
        }
        _ => failure,
    }
}

/// A statement that ended without success.
pub(crate) fn ended_badly(
    platform: &impl Platform,
    state: State,
    error: Option<&ServiceError>,
    id: &str,
    submit: Option<&Submit>,
) -> Failure {
    match state {
        State::Canceled => {
            return Failure::new(
                Kind::Failed,
                format!("the statement {id} was canceled at the workspace before it ended"),
            );
        }
        State::Closed => {
            return Failure::new(
                Kind::NotFound,
                format!("the statement {id} ended well, but the workspace keeps its rows no longer: run it again"),
            );
        }
        State::Pending | State::Running | State::Succeeded | State::Failed => {}
    }
    let code = error.and_then(|error| error.error_code.as_deref()).unwrap_or("UNKNOWN");
    let said = error.and_then(|error| error.message.as_deref()).unwrap_or("the workspace gave no reason");
    let class = error_class(said);
    let kind = kind_of(code, class);
    let mut failure = Failure::new(kind, format!("{said}\n({code}, statement_id {id})"));
    failure.retryable = kind == Kind::Upstream;
    failure.code = Some(class.unwrap_or(code).to_owned());
    match advice(platform, class, said, submit) {
        Some(advice) => failure.advise(advice),
        None => failure,
    }
}

/// `TABLE_OR_VIEW_NOT_FOUND` of `[TABLE_OR_VIEW_NOT_FOUND] The table …`, without its subclass.
fn error_class(said: &str) -> Option<&str> {
    let (_, rest) = said.split_once('[')?;
    let (class, _) = rest.split_once(']')?;
    let class = class.split('.').next().unwrap_or(class);
    let is_class =
        !class.is_empty() && class.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    is_class.then_some(class)
}

fn kind_of(code: &str, class: Option<&str>) -> Kind {
    match class {
        Some(class) if class.ends_with("_NOT_FOUND") => return Kind::NotFound,
        Some("INSUFFICIENT_PERMISSIONS" | "PERMISSION_DENIED" | "UC_PERMISSION_DENIED") => {
            return Kind::PermissionDenied;
        }
        _ => {}
    }
    match code {
        "NOT_FOUND" => Kind::NotFound,
        "UNAUTHENTICATED" => Kind::Unauthenticated,
        "DEADLINE_EXCEEDED" => Kind::Timeout,
        "RESOURCE_EXHAUSTED" => Kind::LimitExceeded,
        "TEMPORARILY_UNAVAILABLE"
        | "WORKSPACE_TEMPORARILY_UNAVAILABLE"
        | "SERVICE_UNDER_MAINTENANCE"
        | "INTERNAL_ERROR" => Kind::Upstream,
        _ => Kind::Failed,
    }
}

fn advice(platform: &impl Platform, class: Option<&str>, said: &str, submit: Option<&Submit>) -> Option<String> {
    let advice = match class {
        None if said.contains("Inline byte limit exceeded") => {
            "The result is too large to be delivered: select fewer columns or rows, aggregate, or write it into a table with CREATE TABLE … AS."
        }
        Some("TABLE_OR_VIEW_NOT_FOUND") => return Some(near_tables(platform, said, submit)),
        Some("SCHEMA_NOT_FOUND") => {
            "SHOW SCHEMAS IN <catalog> lists the schemas; names have three levels: catalog.schema.table."
        }
        Some("CATALOG_NOT_FOUND" | "NO_SUCH_CATALOG_EXCEPTION") => "SHOW CATALOGS lists the catalogs the user can see.",
        Some("UNRESOLVED_COLUMN" | "UNRESOLVED_FIELD") => {
            "Use a column the message suggests, or look with DESCRIBE TABLE; names with special characters stand in backticks, text in single quotes."
        }
        Some("UNRESOLVED_ROUTINE") => "There is no such function: SHOW FUNCTIONS LIKE '…' searches for one.",
        Some("PARSE_SYNTAX_ERROR") => {
            return submit
                .map(|submit| format!("The statement began: {}", cut_text(&submit.statement, STATEMENT_SHOWN_CHARS)));
        }
        Some("UNBOUND_SQL_PARAMETER") => "Every :name in the statement needs an entry in parameters.",
        Some("INSUFFICIENT_PERMISSIONS" | "PERMISSION_DENIED" | "UC_PERMISSION_DENIED") => {
            "The user lacks this privilege; the object's owner or an administrator can GRANT it. Do not retry."
        }
        Some("TABLE_OR_VIEW_ALREADY_EXISTS" | "SCHEMA_ALREADY_EXISTS" | "CATALOG_ALREADY_EXISTS") => {
            "It exists already: choose another name, or CREATE … IF NOT EXISTS; replacing it loses what it holds."
        }
        Some("DIVIDE_BY_ZERO") => "try_divide(a, b) gives NULL instead of this error.",
        Some("CAST_INVALID_INPUT") => "try_cast(x AS type) gives NULL instead of this error.",
        Some("MISSING_AGGREGATION" | "GROUP_BY_AGGREGATE") => {
            "Every selected column must be in GROUP BY or inside an aggregate function."
        }
        _ => return None,
    };
    Some(advice.to_owned())
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// Names near the one that was not found: two cheap list calls at most, and advice in any case.
fn near_tables(platform: &impl Platform, said: &str, submit: Option<&Submit>) -> String {
    let general = "Names have three levels: catalog.schema.table; SHOW TABLES IN catalog.schema lists them.";
    let Some((catalog, schema, table)) = missing_table(said, submit) else { return general.to_owned() };
    let workspace = Workspace::new(platform);
    let tables = workspace.list::<Named>(
        "/api/2.1/unity-catalog/tables",
        &[("catalog_name", &catalog), ("schema_name", &schema), ("max_results", "50"), ("omit_columns", "true")],
        "tables",
        NAMES_LOOKED_AT,
    );
    if let Ok(tables) = tables
        && !tables.items.is_empty()
    {
        let near = nearest(&table, tables.items.into_iter().map(|named| named.name).collect());
        return match near.is_empty() {
            true => format!("{catalog}.{schema} has no table with a similar name. {general}"),
            false => format!("Tables with similar names in {catalog}.{schema}: {}.", near.join(", ")),
        };
    }
    let schemas = workspace.list::<Named>(
        "/api/2.1/unity-catalog/schemas",
        &[("catalog_name", &catalog)],
        "schemas",
        NAMES_LOOKED_AT,
    );
    match schemas {
        Ok(schemas) if !schemas.items.is_empty() => {
            let names: Vec<_> = schemas.items.into_iter().map(|named| named.name).collect();
            let near = nearest(&schema, names.clone());
            let shown = if near.is_empty() { names.into_iter().take(NAMES_OFFERED).collect() } else { near };
            format!("Schemas in {catalog}: {}. {general}", shown.join(", "))
        }
        _ => general.to_owned(),
    }
}

/// The full name in "[TABLE_OR_VIEW_NOT_FOUND] The table or view `a`.`b`.`c` cannot be found", completed by the
/// catalog and schema the statement ran in.
fn missing_table(said: &str, submit: Option<&Submit>) -> Option<(String, String, String)> {
    let tokens = lex(said);
    let start = tokens.iter().position(|token| token.text.starts_with('`'))?;
    let mut names = Vec::new();
    for pair in tokens.get(start..)?.chunks(2) {
        names.push(pair.first()?.name()?.into_owned());
        if !pair.get(1).is_some_and(|token| token.is_symbol(".")) {
            break;
        }
    }
    let table = names.pop()?;
    let schema = names.pop().or_else(|| submit?.schema.clone())?;
    let catalog = names.pop().or_else(|| submit?.catalog.clone())?;
    Some((catalog, schema, table))
}

/// The names most like `wanted`: at most a third of its letters different, or one within the other.
fn nearest(wanted: &str, names: Vec<String>) -> Vec<String> {
    let wanted = wanted.to_lowercase();
    let most = wanted.chars().count().div_ceil(3);
    let mut scored: Vec<(usize, String)> = names
        .into_iter()
        .filter_map(|name| {
            let lower = name.to_lowercase();
            let within = lower.contains(&wanted) || (lower.len() > 2 && wanted.contains(&lower));
            let distance = if within { 1 } else { edit_distance(&wanted, &lower) };
            (distance <= most).then_some((distance, name))
        })
        .collect();
    scored.sort();
    scored.into_iter().take(NAMES_OFFERED).map(|(_, name)| name).collect()
}

/// Levenshtein's distance.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (y, above) in b.iter().zip(row.iter().skip(1)) {
            let cost = (diagonal + usize::from(x != *y)).min(left + 1).min(above + 1);
            diagonal = *above;
            left = cost;
            next.push(cost);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::testing::Script;

    use super::*;

    fn error(message: &str) -> ServiceError {
        ServiceError { error_code: Some("BAD_REQUEST".to_owned()), message: Some(message.to_owned()) }
    }

    #[test]
    fn distance_counts_edits() {
        assert_eq!(edit_distance("trips", "trips"), 0);
        assert_eq!(edit_distance("trip", "trips"), 1);
        assert_eq!(edit_distance("kitten", "sitting"), 3);
        assert_eq!(edit_distance("", "abc"), 3);
    }

    #[test]
    fn a_missing_table_gets_near_names() {
        let script = Script::new().on(
            "GET /api/2.1/unity-catalog/tables?catalog_name=samples&schema_name=nyctaxi&max_results=50&omit_columns=true",
            200,
            r#"{"tables":[{"name":"trips"},{"name":"zones"}]}"#,
        );
        let error = error(
            "[TABLE_OR_VIEW_NOT_FOUND] The table or view `samples`.`nyctaxi`.`trip` cannot be found. SQLSTATE: 42P01",
        );
        let failure = ended_badly(&script, State::Failed, Some(&error), "s1", None);
        assert_eq!(failure.kind, Kind::NotFound);
        assert!(
            failure.message.ends_with("Tables with similar names in samples.nyctaxi: trips."),
            "{}",
            failure.message
        );
        assert!(failure.message.contains("statement_id s1"));
        script.done();
    }

    #[test]
    fn a_missing_schema_gets_the_catalogs_schemas() {
        let script = Script::new()
            .on(
                "GET /api/2.1/unity-catalog/tables?catalog_name=samples&schema_name=taxi&max_results=50&omit_columns=true",
                404,
                r#"{"error_code":"SCHEMA_DOES_NOT_EXIST","message":"no"}"#,
            )
            .on("GET /api/2.1/unity-catalog/schemas?catalog_name=samples", 200, r#"{"schemas":[{"name":"nyctaxi"},{"name":"tpch"}]}"#);
        let error = error("[TABLE_OR_VIEW_NOT_FOUND] The table or view `samples`.`taxi`.`trips` cannot be found.");
        let failure = ended_badly(&script, State::Failed, Some(&error), "s1", None);
        assert!(failure.message.contains("Schemas in samples: nyctaxi."), "{}", failure.message);
        script.done();
    }

    #[test]
    fn an_error_keeps_the_workspaces_words_and_adds_advice() {
        let script = Script::new();
        let divide = error("[DIVIDE_BY_ZERO] Division by zero. SQLSTATE: 22012");
        let failure = ended_badly(&script, State::Failed, Some(&divide), "s1", None);
        assert_eq!(failure.kind, Kind::Failed);
        assert!(failure.message.starts_with("[DIVIDE_BY_ZERO] Division by zero."));
        assert!(failure.message.contains("try_divide"));
        let closed = ended_badly(&script, State::Closed, None, "s1", None);
        assert_eq!(closed.kind, Kind::NotFound);
        let unavailable = ServiceError { error_code: Some("TEMPORARILY_UNAVAILABLE".to_owned()), message: None };
        assert!(ended_badly(&script, State::Failed, Some(&unavailable), "s1", None).retryable);
    }
}
