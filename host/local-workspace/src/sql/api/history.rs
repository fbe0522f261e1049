//! GET /api/2.0/sql/history/queries: the caller's statements, newest first.

use axum::{
    Json,
    extract::{RawQuery, State},
};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    http::error::ApiError,
    identity::{Caller, user_id},
    sql::{
        Sql,
        statements::{Entry, Status},
    },
};

/// Entries of one page when the caller does not say.
const PAGE: usize = 100;

/// Entries of one page at most.
const MAX_PAGE: usize = 1_000;

/// A page of the history.
#[derive(Debug, Serialize)]
pub(crate) struct History {
    res: Vec<Query>,
    has_next_page: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

/// A statement.
#[derive(Debug, Serialize)]
struct Query {
    query_id: Uuid,
    query_text: String,
    status: &'static str,
    statement_type: &'static str,
    warehouse_id: String,
    endpoint_id: String,
    user_id: u64,
    user_name: String,
    executed_as_user_id: u64,
    executed_as_user_name: String,
    query_start_time_ms: i64,
    is_final: bool,
    client_application: Option<String>,
    #[serde(flatten)]
    end: Option<Ended>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<String>,
}

/// What is known of a statement that has ended.
#[derive(Debug, Serialize)]
struct Ended {
    execution_end_time_ms: i64,
    query_end_time_ms: i64,
    duration: i64,
    rows_produced: u64,
    metrics: Metrics,
}

#[derive(Debug, Serialize)]
struct Metrics {
    total_time_ms: i64,
    execution_time_ms: i64,
    rows_produced_count: u64,
}

pub(crate) async fn list(
    State(sql): State<Sql>,
    Caller(user): Caller,
    RawQuery(query): RawQuery,
) -> Result<Json<History>, ApiError> {
    let filter = Filter::parse(query.as_deref().unwrap_or_default())?;
    let all: Vec<_> = sql.statements.history(&user).into_iter().filter(|e| filter.accepts(e)).collect();
    let res: Vec<_> = all.iter().skip(filter.offset).take(filter.size).map(|e| answer(e)).collect();
    let next = filter.offset + res.len();
    let has_next_page = next < all.len();
    Ok(Json(History { res, has_next_page, next_page_token: has_next_page.then(|| next.to_string()) }))
}

#[derive(Debug, Default)]
struct Filter {
    offset: usize,
    size: usize,
    statuses: Vec<String>,
    ids: Vec<String>,
    warehouses: Vec<String>,
    from_ms: Option<i64>,
    to_ms: Option<i64>,
}

impl Filter {
    /// Lists repeat their key, nested messages are flattened with dots.
    fn parse(query: &str) -> Result<Self, ApiError> {
        let mut filter = Self { size: PAGE, ..Self::default() };
        let pairs: Vec<(String, String)> = axum::extract::Query::try_from_uri(
            &format!("/?{query}").parse().map_err(|_| ApiError::invalid("The query string is malformed."))?,
        )
        .map_err(|_| ApiError::invalid("The query string is malformed."))?
        .0;
        let number = |key: &str, value: &str| {
            value.parse::<i64>().map_err(|_| ApiError::invalid(format!("{key} must be a whole number.")))
        };
        for (key, value) in pairs {
            match key.as_str() {
                "filter_by.statuses" => filter.statuses.push(value),
                "filter_by.statement_ids" => filter.ids.push(value),
                "filter_by.warehouse_ids" => filter.warehouses.push(value),
                "filter_by.query_start_time_range.start_time_ms" => filter.from_ms = Some(number(&key, &value)?),
                "filter_by.query_start_time_range.end_time_ms" => filter.to_ms = Some(number(&key, &value)?),
                "max_results" => {
                    let size = usize::try_from(number(&key, &value)?).unwrap_or(0);
                    if !(1..=MAX_PAGE).contains(&size) {
                        return Err(ApiError::invalid(format!("max_results must be from 1 to {MAX_PAGE}.")));
                    }
                    filter.size = size;
                }
                "page_token" => filter.offset = usize::try_from(number(&key, &value)?).unwrap_or(0),
                _ => {}
            }
        }
        Ok(filter)
    }

    fn accepts(&self, entry: &Entry) -> bool {
        let listed = |list: &[String], value: &str| list.is_empty() || list.iter().any(|v| v == value);
        listed(&self.statuses, status_name(&entry.status()))
            && listed(&self.ids, &entry.id.to_string())
            && listed(&self.warehouses, &entry.submission.warehouse_id)
            && self.from_ms.is_none_or(|from| entry.started_at >= from)
            && self.to_ms.is_none_or(|to| entry.started_at <= to)
    }
}

fn status_name(status: &Status) -> &'static str {
    match status {
        Status::Pending => "QUEUED",
        Status::Running => "RUNNING",
        Status::Succeeded { .. } | Status::Closed => "FINISHED",
        Status::Failed(_) => "FAILED",
        Status::Canceled => "CANCELED",
    }
}

fn answer(entry: &Entry) -> Query {
    let status = entry.status();
    let end = entry.end();
    let submission = &entry.submission;
    let user = &submission.request.user;
    Query {
        query_id: entry.id,
        query_text: submission.request.text.clone(),
        status: status_name(&status),
        statement_type: end.map_or("OTHER", |e| e.kind),
        warehouse_id: submission.warehouse_id.clone(),
        endpoint_id: submission.warehouse_id.clone(),
        user_id: user_id(user),
        user_name: user.clone(),
        executed_as_user_id: user_id(user),
        executed_as_user_name: user.clone(),
        query_start_time_ms: entry.started_at,
        is_final: status.is_final(),
        client_application: submission.client.clone(),
        end: end.map(|end| {
            let duration = end.ended_at - entry.started_at;
            Ended {
                execution_end_time_ms: end.ended_at,
                query_end_time_ms: end.ended_at,
                duration,
                rows_produced: end.rows,
                metrics: Metrics {
                    total_time_ms: duration,
                    execution_time_ms: duration,
                    rows_produced_count: end.rows,
                },
            }
        }),
        error_message: match &status {
            Status::Failed(error) => Some(error.to_string()),
            _ => None,
        },
    }
}
