//! Contents as answers: whole or by range, streamed.

use std::io::SeekFrom;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use chrono::{DateTime, Utc};
use tokio::{
    fs::File,
    io::{AsyncReadExt as _, AsyncSeekExt as _},
};
use tokio_util::io::ReaderStream;

use crate::{files::receive::disk_failed, http::error::ApiError};

/// What is read from disk at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// What a file's answers say of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct About {
    pub(super) size: u64,
    pub(super) modified: DateTime<Utc>,
}

impl About {
    /// The headers of an answer with the whole content.
    pub(super) fn headers(self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(self.size));
        let modified = self.modified.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        if let Ok(modified) = HeaderValue::from_str(&modified) {
            headers.insert(header::LAST_MODIFIED, modified);
        }
        headers
    }

    /// # Errors
    /// 412 when it was changed since the caller looked.
    pub(super) fn check_unmodified(self, headers: &HeaderMap) -> Result<(), ApiError> {
        let since = headers.get(header::IF_UNMODIFIED_SINCE).and_then(|value| value.to_str().ok());
        let since = since.and_then(|value| DateTime::parse_from_rfc2822(value).ok());
        if since.is_some_and(|since| self.modified.timestamp() > since.timestamp()) {
            let message = "The file was modified since the given time.";
            return Err(ApiError::new(StatusCode::PRECONDITION_FAILED, "PRECONDITION_FAILED", message));
        }
        Ok(())
    }

    /// Answers with what a caller asks of a file.
    ///
    /// # Errors
    /// A range that is behind the end, a file that changed since, a disk that fails.
    pub(super) async fn send(self, mut file: File, asked: &HeaderMap) -> Result<Response, ApiError> {
        self.check_unmodified(asked)?;
        let range = asked.get(header::RANGE).and_then(|value| value.to_str().ok());
        let mut answer = Response::new(Body::empty());
        *answer.headers_mut() = self.headers();
        let (start, length) = match range.and_then(|range| within(range, self.size)) {
            None => (0, self.size),
            Some(None) => {
                let message = format!("The range is behind the end of the file, which has {} bytes.", self.size);
                return Err(ApiError::new(StatusCode::RANGE_NOT_SATISFIABLE, "INVALID_PARAMETER_VALUE", message));
            }
            Some(Some((start, length))) => {
                *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
                let range = format!("bytes {start}-{}/{}", start + length - 1, self.size);
                if let Ok(range) = HeaderValue::from_str(&range) {
                    answer.headers_mut().insert(header::CONTENT_RANGE, range);
                }
                answer.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
                (start, length)
            }
        };
        file.seek(SeekFrom::Start(start)).await.map_err(disk_failed)?;
        *answer.body_mut() = Body::from_stream(ReaderStream::with_capacity(file.take(length), CHUNK_BYTES));
        Ok(answer)
    }
}

/// Start and length of one range; nothing for what is no range and so not meant, nothing inside for what is behind the end.
fn within(range: &str, size: u64) -> Option<Option<(u64, u64)>> {
    let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
    let last = size.checked_sub(1);
    let (start, end) = match (from.trim(), to.trim()) {
        ("", "") => return None,
        ("", suffix) => (size.saturating_sub(suffix.parse().ok()?), last),
        (start, "") => (start.parse().ok()?, last),
        (start, end) => (start.parse().ok()?, last.min(Some(end.parse::<u64>().ok()?))),
    };
    Some(end.filter(|end| *end >= start).map(|end| (start, end - start + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_to_the_file() {
        for (range, found) in [
            ("bytes=0-3", Some(Some((0, 4)))),
            ("bytes=4-", Some(Some((4, 6)))),
            ("bytes=4-99", Some(Some((4, 6)))),
            ("bytes=-3", Some(Some((7, 3)))),
            ("bytes=-99", Some(Some((0, 10)))),
            ("bytes=10-", Some(None)),
            ("bytes=5-4", Some(None)),
            ("bytes=-", None),
            ("bytes=a-b", None),
            ("lines=1-2", None),
        ] {
            assert_eq!(within(range, 10), found, "{range}");
        }
        assert_eq!(within("bytes=0-", 0), Some(None));
    }
}
