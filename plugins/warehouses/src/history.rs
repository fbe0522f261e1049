//! list_query_history.

use bricklayer_sdk::{Cut, Failure, Platform, Table, Workspace, cut_text};
use serde::Deserialize;

use crate::types;

/// Where the history is.
const HISTORY: &str = "/api/2.0/sql/history/queries";

/// Statements given when the caller names no number, and at most.
const DEFAULT_LISTED: u32 = 50;
const MAX_LISTED: u32 = 1_000;

/// Statements of one page at most, and pages that are followed: a page may be short.
const PAGE: u32 = 200;
const MAX_PAGES: usize = 20;

/// Values of one filter, as the address has to stay short.
const MAX_VALUES: usize = 50;

/// The longest time back: what the workspace keeps, in minutes.
const MAX_MINUTES: u32 = 30 * 24 * 60;

/// Characters of a statement that are given, and shown in the table.
const TEXT_CHARS: usize = 2_000;
const SHOWN_CHARS: usize = 120;

const STATUSES: [&str; 7] = ["QUEUED", "RUNNING", "CANCELED", "FAILED", "FINISHED", "STARTED", "COMPILED"];

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    res: Vec<Query>,
    #[serde(default)]
    has_next_page: bool,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Query {
    #[serde(default)]
    query_id: String,
    #[serde(default)]
    query_text: String,
    #[serde(default)]
    status: String,
    statement_type: Option<String>,
    warehouse_id: Option<String>,
    user_name: Option<String>,
    query_start_time_ms: Option<u64>,
    duration: Option<u64>,
    rows_produced: Option<u64>,
    error_message: Option<String>,
}

/// Lists statements, newest first.
///
/// # Errors
/// Bad arguments, or a workspace that cannot be asked.
pub(crate) fn list(
    platform: &impl Platform,
    request: types::ListQueryHistoryRequest,
) -> Result<types::QueryHistory, Failure> {
    let limit = request.limit.unwrap_or(DEFAULT_LISTED);
    if limit == 0 || limit > MAX_LISTED {
        return Err(Failure::invalid("limit", format!("must be 1 to {MAX_LISTED}, is {limit}")));
    }
    let statuses: Vec<String> =
        values("statuses", request.statuses)?.iter().map(|text| text.to_ascii_uppercase()).collect();
    if let Some(wrong) = statuses.iter().find(|status| !STATUSES.contains(&status.as_str())) {
        return Err(Failure::invalid("statuses", format!("{wrong} is none of {}", STATUSES.join(", "))));
    }
    let warehouses = values("warehouse_ids", request.warehouse_ids)?;
    let statements = values("statement_ids", request.statement_ids)?;
    let since = match request.within_minutes {
        Some(minutes) if (1..=MAX_MINUTES).contains(&minutes) => {
            let now = platform.unix_seconds();
            Some((now.saturating_sub(u64::from(minutes) * 60) * 1_000).to_string())
        }
        Some(minutes) => {
            return Err(Failure::invalid("within_minutes", format!("must be 1 to {MAX_MINUTES}, is {minutes}")));
        }
        None => None,
    };
    let size = limit.min(PAGE).to_string();
    let mut filter = vec![("max_results", size.as_str())];
    filter.extend(statuses.iter().map(|value| ("filter_by.statuses", value.as_str())));
    filter.extend(warehouses.iter().map(|value| ("filter_by.warehouse_ids", value.as_str())));
    filter.extend(statements.iter().map(|value| ("filter_by.statement_ids", value.as_str())));
    filter.extend(since.iter().map(|value| ("filter_by.query_start_time_range.start_time_ms", value.as_str())));
    let (found, more) = pages(platform, &filter, limit as usize)?;
    let rows: Vec<Vec<Option<String>>> = found.iter().map(row).collect();
    let cut = Cut { rows: MAX_LISTED as usize, ..Cut::default() };
    let table = Table::render(&["statement", "status", "seconds", "rows", "user", "id"], &rows, cut);
    let text = match (rows.len(), more) {
        (0, _) => "No statement fits.".to_owned(),
        (shown, true) => {
            format!("{}\n\n(the newest {shown}; there are more: raise limit or narrow the filters)", table.text)
        }
        (shown, false) => format!("{}\n\n({shown} in all)", table.text),
    };
    Ok(types::QueryHistory { text, queries: found.into_iter().map(Into::into).collect(), more })
}

fn values(field: &str, given: Option<Vec<String>>) -> Result<Vec<String>, Failure> {
    let given = given.unwrap_or_default();
    if given.len() > MAX_VALUES {
        return Err(Failure::invalid(
            field,
            format!("has {} values; at most {MAX_VALUES} can be asked for", given.len()),
        ));
    }
    Ok(given)
}

/// Follows pages up to this many statements; whether there are more.
fn pages(platform: &impl Platform, filter: &[(&str, &str)], most: usize) -> Result<(Vec<Query>, bool), Failure> {
    let mut found = Vec::new();
    let mut token: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let mut query = filter.to_vec();
        if let Some(token) = &token {
            query.push(("page_token", token));
        }
        let page: Page = Workspace::new(platform).get(HISTORY, &query)?;
        found.extend(page.res);
        token = page.next_page_token.filter(|token| page.has_next_page && !token.is_empty());
        if found.len() >= most || token.is_none() {
            break;
        }
    }
    let more = token.is_some() || found.len() > most;
    found.truncate(most);
    Ok((found, more))
}

fn row(query: &Query) -> Vec<Option<String>> {
    let words: Vec<_> = query.query_text.split_whitespace().collect();
    let status = match &query.error_message {
        Some(error) => format!("{}: {}", query.status, cut_text(error, SHOWN_CHARS)),
        None => query.status.clone(),
    };
    vec![
        Some(cut_text(&words.join(" "), SHOWN_CHARS)),
        Some(status),
        // Tenths of a second, without a float's printing.
        query.duration.map(|ms| format!("{}.{}", ms / 1_000, ms % 1_000 / 100)),
        query.rows_produced.map(|rows| rows.to_string()),
        query.user_name.clone(),
        Some(query.query_id.clone()),
    ]
}

impl From<Query> for types::QueryInfo {
    fn from(query: Query) -> Self {
        Self {
            query_id: query.query_id,
            query_text: cut_text(&query.query_text, TEXT_CHARS),
            status: query.status,
            statement_type: query.statement_type,
            warehouse_id: query.warehouse_id,
            user_name: query.user_name,
            query_start_time_ms: query.query_start_time_ms,
            duration_ms: query.duration,
            rows_produced: query.rows_produced,
            error_message: query.error_message,
        }
    }
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::Kind;
    use bricklayer_sdk::testing::Script;

    use super::*;

    fn all() -> types::ListQueryHistoryRequest {
        types::ListQueryHistoryRequest {
            warehouse_ids: None,
            statuses: None,
            statement_ids: None,
            within_minutes: None,
            limit: None,
        }
    }

    fn page(ids: &[&str], next: Option<&str>) -> String {
        let res: Vec<_> = ids
            .iter()
            .map(|id| {
                serde_json::json!({
                    "query_id": id, "query_text": "SELECT\n  1", "status": "FAILED", "duration": 1_250,
                    "rows_produced": 3, "user_name": "ann", "error_message": "[X] no",
                })
            })
            .collect();
        serde_json::json!({"res": res, "has_next_page": next.is_some(), "next_page_token": next}).to_string()
    }

    #[test]
    fn follows_pages_and_says_whether_there_are_more() {
        let script = Script::new()
            .on("GET /api/2.0/sql/history/queries?max_results=3", 200, &page(&["a", "b"], Some("t 1")))
            .on("GET /api/2.0/sql/history/queries?max_results=3&page_token=t%201", 200, &page(&["c"], Some("t2")));
        let found = list(&script, types::ListQueryHistoryRequest { limit: Some(3), ..all() }).unwrap();
        assert_eq!(found.queries.iter().map(|query| query.query_id.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert!(
            found.more && found.text.contains("| SELECT 1 | FAILED: [X] no | 1.2 | 3 | ann | a |"),
            "{}",
            found.text
        );
        script.done();
        let script = Script::new().on("GET /api/2.0/sql/history/queries?max_results=50", 200, "{}");
        let none = list(&script, all()).unwrap();
        assert_eq!((none.text.as_str(), none.more), ("No statement fits.", false));
    }

    #[test]
    fn filters_are_sent_as_the_api_spells_them() {
        let script = Script::new();
        let since = script.unix_seconds().saturating_sub(600) * 1_000;
        let path = format!(
            "GET /api/2.0/sql/history/queries?max_results=50&filter_by.statuses=FAILED&filter_by.warehouse_ids=w1\
             &filter_by.warehouse_ids=w2&filter_by.statement_ids=s\
             &filter_by.query_start_time_range.start_time_ms={since}"
        );
        let script = script.on(&path, 200, &page(&["a"], None));
        let request = types::ListQueryHistoryRequest {
            warehouse_ids: Some(vec!["w1".to_owned(), "w2".to_owned()]),
            statuses: Some(vec!["failed".to_owned()]),
            statement_ids: Some(vec!["s".to_owned()]),
            within_minutes: Some(10),
            limit: None,
        };
        assert!(!list(&script, request).unwrap().more);
        script.done();
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (request, field) in [
            (types::ListQueryHistoryRequest { limit: Some(0), ..all() }, "limit"),
            (types::ListQueryHistoryRequest { within_minutes: Some(0), ..all() }, "within_minutes"),
            (types::ListQueryHistoryRequest { statuses: Some(vec!["DONE".to_owned()]), ..all() }, "statuses"),
            (types::ListQueryHistoryRequest { warehouse_ids: Some(vec![String::new(); 51]), ..all() }, "warehouse_ids"),
        ] {
            let failure = list(&Script::new(), request).unwrap_err();
            assert!(failure.kind == Kind::InvalidInput && failure.message.starts_with(field), "{}", failure.message);
        }
        let path = "GET /api/2.0/sql/history/queries?max_results=50";
        let throttled = Script::new().on(path, 429, r#"{"error_code":"REQUEST_LIMIT_EXCEEDED","message":"slow down"}"#);
        assert!(list(&throttled, all()).unwrap_err().retryable);
        let malformed = Script::new().on(path, 200, r#"{"res": 1}"#);
        assert_eq!(list(&malformed, all()).unwrap_err().kind, Kind::Upstream);
    }
}
