//! GET /_results/{statement}/{chunk}: a chunk by its signed link.

use axum::{
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use uuid::Uuid;

use crate::{
    http::error::ApiError,
    sql::{Sql, engine::Format, links::Proof, statements::Status},
};

/// A chunk's data.
pub(crate) async fn download(
    State(sql): State<Sql>,
    Path((id, chunk)): Path<(Uuid, usize)>,
    Query(proof): Query<Proof>,
) -> Result<Response, ApiError> {
    if !sql.signer.accepts(&id, chunk, &proof) {
        return Err(ApiError::new(StatusCode::FORBIDDEN, "403", "The link is not valid, or not any more."));
    }
    let gone = || ApiError::not_found(format!("The result of statement {id} is no longer available."));
    let entry = sql.statements.get_signed(&id).ok_or_else(gone)?;
    let Status::Succeeded { rows } = entry.status() else {
        return Err(gone());
    };
    let data = rows.chunks.get(chunk).map(|c| c.data.clone()).ok_or_else(gone)?;
    let kind = match entry.submission.request.limits.format {
        Format::JsonArray => "application/json",
        Format::Csv => "text/csv",
    };
    Ok(([(header::CONTENT_TYPE, kind)], data).into_response())
}
