//! Request bodies on their way to disk: bounded, never whole in memory.

use std::io;

use axum::{body::Body, http::StatusCode};
use http_body_util::BodyExt as _;
use tokio::{fs::File, io::AsyncWriteExt as _};

use crate::http::error::ApiError;

/// Why a body did not arrive.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReceiveError {
    #[error("the body is larger than {0} bytes")]
    TooLarge(u64),
    #[error("the body broke off")]
    Broken,
    #[error("the disk did not take the body")]
    Disk(#[from] io::Error),
}

/// Writes a body into a file, down to the disk; how many bytes it had.
pub(super) async fn receive(mut body: Body, file: &mut File, max_bytes: u64) -> Result<u64, ReceiveError> {
    let mut size = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| ReceiveError::Broken)?.into_data() else { continue };
        size += data.len() as u64;
        if size > max_bytes {
            return Err(ReceiveError::TooLarge(max_bytes));
        }
        file.write_all(&data).await?;
    }
    file.flush().await?;
    file.sync_all().await?;
    Ok(size)
}

/// What the disk cannot do is for the log; a caller can only come back.
pub(super) fn disk_failed(error: io::Error) -> ApiError {
    let message = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "The disk of the local workspace is full. Nothing was changed. Make room in its data folder, then try again."
        }
        _ => "The local workspace cannot read or write its files; its log says why.",
    };
    ApiError::internal(message).caused_by(error)
}

impl From<ReceiveError> for ApiError {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::TooLarge(limit) => {
                let message = format!("The content is larger than {limit} bytes.");
                Self::new(StatusCode::BAD_REQUEST, "MAX_NOTEBOOK_SIZE_EXCEEDED", message)
            }
            ReceiveError::Broken => Self::malformed("The request's body ended before its end."),
            ReceiveError::Disk(error) => disk_failed(error),
        }
    }
}
