//! What went wrong with a statement, in the workspace's words, with one line on what to do next.

use bricklayer_sdk::{Failure, Kind, Platform, Workspace, cut_text};
use serde::Deserialize;

use super::wire::{ServiceError, State, Submit};
use crate::near::{nearest, nearest_or_first};

/// How much of the statement a syntax error repeats.
const STATEMENT_SHOWN_CHARS: usize = 500;

/// Names looked at for a near match; a schema with more is rare, and this is only advice.
const NAMES_LOOKED_AT: usize = 500;

/// A request that the workspace refused before it became a statement.
pub(super) fn refused(failure: Failure, submit: &Submit) -> Failure {
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
pub(super) fn ended_badly(
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
        Some(class) if class.ends_with("_NOT_FOUND") || class.starts_with("NO_SUCH_") => return Kind::NotFound,
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
            let shown = nearest_or_first(&schema, names);
            format!("Schemas in {catalog}: {}. {general}", shown.join(", "))
        }
        _ => general.to_owned(),
    }
}

/// The full name in "[TABLE_OR_VIEW_NOT_FOUND] The table or view `a`.`b`.`c` cannot be found", completed by the
/// catalog and schema the statement ran in.
fn missing_table(said: &str, submit: Option<&Submit>) -> Option<(String, String, String)> {
    let mut names = quoted_names(said);
    let table = names.pop()?;
    let schema = names.pop().or_else(|| submit?.schema.clone())?;
    let catalog = names.pop().or_else(|| submit?.catalog.clone())?;
    Some((catalog, schema, table))
}

/// The parts of the first name that stands in backticks, a doubled one inside being a backtick.
fn quoted_names(said: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = said.split_once('`').map(|(_, rest)| rest);
    while let Some(quoted) = rest {
        let mut name = String::new();
        let mut after = quoted;
        while let Some((part, behind)) = after.split_once('`') {
            name.push_str(part);
            after = behind;
            match behind.strip_prefix('`') {
                Some(behind) => {
                    name.push('`');
                    after = behind;
                }
                None => break,
            }
        }
        names.push(name);
        rest = after.strip_prefix(".`");
    }
    names
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::testing::Script;

    use super::*;

    fn error(message: &str) -> ServiceError {
        ServiceError { error_code: Some("BAD_REQUEST".to_owned()), message: Some(message.to_owned()) }
    }

    #[test]
    fn a_quoted_name_is_read_in_parts() {
        assert_eq!(quoted_names("The table `a`.`b``c`.`d` is `not` there"), ["a", "b`c", "d"]);
        assert_eq!(quoted_names("nothing"), Vec::<String>::new());
        assert_eq!(quoted_names("`open"), [""]);
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
