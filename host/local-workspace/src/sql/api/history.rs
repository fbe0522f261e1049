//! GET /api/2.0/sql/history/queries: the caller's statements, newest first.

use axum::{
    Json,
    extract::{RawQuery, State},
};
use serde_json::{Value, json};

use crate::{
    api::App,
    http::error::ApiError,
    identity::{auth::Caller, misc::user_id},
    sql::statements::{Entry, Status},
};

/// Entries of one page when the caller does not say.
const PAGE: usize = 100;

/// Entries of one page at most.
const MAX_PAGE: usize = 1_000;

pub(crate) async fn list(
    State(app): State<App>,
    Caller(user): Caller,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, ApiError> {
    let filter = Filter::parse(query.as_deref().unwrap_or_default())?;
    let all: Vec<_> = app.statements.history(&user).into_iter().filter(|e| filter.accepts(e)).collect();
    let page: Vec<_> = all.iter().skip(filter.offset).take(filter.size).map(|e| render(e)).collect();
    let next = filter.offset + page.len();
    let more = next < all.len();
    let mut answer = json!({ "res": page, "has_next_page": more });
    if let (true, Value::Object(fields)) = (more, &mut answer) {
        fields.insert("next_page_token".to_owned(), json!(next.to_string()));
    }
    Ok(Json(answer))
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

fn render(entry: &Entry) -> Value {
    let status = entry.status();
    let end = entry.end();
    let user = &entry.submission.request.user;
    let mut value = json!({
        "query_id": entry.id,
        "query_text": entry.submission.request.text,
        "status": status_name(&status),
        "statement_type": end.map_or("OTHER", |e| e.kind),
        "warehouse_id": entry.submission.warehouse_id,
        "endpoint_id": entry.submission.warehouse_id,
        "user_id": user_id(user),
        "user_name": user,
        "executed_as_user_id": user_id(user),
        "executed_as_user_name": user,
        "query_start_time_ms": entry.started_at,
        "is_final": status.is_final(),
        "client_application": entry.submission.client,
    });
    let Value::Object(fields) = &mut value else {
        return value;
    };
    if let Some(end) = end {
        let duration = end.ended_at - entry.started_at;
        fields.insert("execution_end_time_ms".to_owned(), json!(end.ended_at));
        fields.insert("query_end_time_ms".to_owned(), json!(end.ended_at));
        fields.insert("duration".to_owned(), json!(duration));
        fields.insert("rows_produced".to_owned(), json!(end.rows));
        let metrics =
            json!({ "total_time_ms": duration, "execution_time_ms": duration, "rows_produced_count": end.rows });
        fields.insert("metrics".to_owned(), metrics);
    }
    if let Status::Failed(error) = &status {
        fields.insert("error_message".to_owned(), json!(error.to_string()));
    }
    value
}
