//! A project's files: listing and content. Everything goes through one opened folder, which no path leaves.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bricklayer_domain::ProjectId;
use cap_fs_ext::{DirExt, OpenOptionsSyncExt};
use cap_std::fs::{Dir, OpenOptions};
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use tokio_util::io::ReaderStream;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::extract::{Path, Query};
use super::problem::{Problem, ProblemDetails};
use crate::app::AppState;
use crate::identity::Caller;
use crate::projects::blocking;

/// Files that a listing shows; a folder with more is cut, and says so.
const MAX_LISTED_FILES: usize = 2_000;
/// Entries that a listing looks at; protects against folders full of folders.
const MAX_VISITED_ENTRIES: usize = 20_000;
/// How deep a listing goes.
const MAX_DEPTH: usize = 32;
/// Bytes of a file that decide whether it is text.
const SNIFFED_BYTES: usize = 8 * 1024;

/// A project's files.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FileList {
    /// The project.
    project_id: Uuid,
    /// The files of all folders, sorted by path.
    files: Vec<FileInfo>,
    /// Whether there are more.
    truncated: bool,
}

/// One file.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FileInfo {
    /// Its path from the project's folder, with forward slashes.
    path: String,
    /// Its last segment.
    name: String,
    /// In bytes.
    size: u64,
    /// When it last changed.
    modified: DateTime<Utc>,
}

/// How a file is sent.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FileQuery {
    /// `1`: as a download with its name.
    download: Option<String>,
}

/// Lists a project's files.
#[utoipa::path(get, path = "/api/projects/{project_id}/files", tag = "projects", operation_id = "list_files",
    params(("project_id" = Uuid, Path, description = "The project.")),
    responses((status = 200, body = FileList), (status = "default", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn list_files(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<FileList>, Problem> {
    let folder = open_folder(&app, &caller, id).await?;
    let (files, truncated) = blocking(move || Ok(Listing::of(&folder))).await.map_err(|error| unreadable(&error))?;
    Ok(Json(FileList { project_id: id, files, truncated }))
}

/// Sends a file's bytes: text as plain text, everything else as bytes, so that nothing of it runs in the page.
#[utoipa::path(get, path = "/api/projects/{project_id}/files/{*path}", tag = "projects", operation_id = "get_file",
    params(("project_id" = Uuid, Path, description = "The project."),
        ("path" = String, Path, description = "The file's path from the project's folder."), FileQuery),
    responses((status = 200, description = "The file.", content_type = "application/octet-stream"),
        (status = 304, description = "It did not change since the `ETag` of `If-None-Match`."),
        (status = "default", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn get_file(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, path)): Path<(Uuid, String)>,
    Query(query): Query<FileQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let folder = open_folder(&app, &caller, id).await?;
    let wanted = path.clone();
    let opened = blocking(move || OpenedFile::open(&folder, &wanted)).await.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied | io::ErrorKind::NotADirectory => {
            Problem::not_found("file")
        }
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidFilename => Problem::not_found("file"),
        _ => unreadable(&error),
    })?;
    let etag = opened.etag();
    let unchanged = headers.get_all(header::IF_NONE_MATCH).iter().any(|known| known.as_bytes() == etag.as_bytes());
    let mut response = if unchanged { StatusCode::NOT_MODIFIED.into_response() } else { opened.into_response() };
    let sent = response.headers_mut();
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        sent.insert(header::ETAG, etag);
    }
    // Files of one user in no shared cache, and never without asking whether they changed.
    sent.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    let download = query.download.is_some_and(|value| matches!(value.as_str(), "" | "1" | "true"));
    if let Ok(value) = HeaderValue::from_str(&disposition(&path, download)) {
        sent.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

async fn open_folder(app: &AppState, caller: &Caller, id: Uuid) -> Result<Arc<Dir>, Problem> {
    let project = app.store().get_project(&caller.user, ProjectId::from_uuid(id)).await?;
    let folder = app.turns().environment().folders.open(project.id).await.map_err(|error| unreadable(&error))?;
    Ok(Arc::new(folder))
}

fn unreadable(error: &io::Error) -> Problem {
    tracing::error!(%error, "a project's files cannot be read");
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "files-unreadable",
        "the project's files cannot be read; tell the operator",
    )
}

/// A walk over a project's folder, bounded in every direction.
#[derive(Default)]
struct Listing {
    files: Vec<FileInfo>,
    visited: usize,
    truncated: bool,
}

impl Listing {
    fn of(folder: &Dir) -> (Vec<FileInfo>, bool) {
        let mut listing = Self::default();
        listing.walk(folder, "", 0);
        listing.files.sort_by(|a, b| a.path.cmp(&b.path));
        (listing.files, listing.truncated)
    }

    fn walk(&mut self, folder: &Dir, prefix: &str, depth: usize) {
        // An entry that vanishes or cannot be read while the agent works is not in the list.
        let Ok(entries) = folder.entries() else { return };
        for entry in entries.flatten() {
            self.visited += 1;
            if self.visited > MAX_VISITED_ENTRIES || self.files.len() >= MAX_LISTED_FILES {
                self.truncated = true;
                return;
            }
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
            // Of the entry itself: a link is not followed, so that no walk goes round in circles.
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                if depth >= MAX_DEPTH {
                    self.truncated = true;
                } else if let Ok(inner) = folder.open_dir_nofollow(entry.file_name()) {
                    self.walk(&inner, &path, depth + 1);
                }
            } else if metadata.is_file() {
                let modified = metadata.modified().map_or(UNIX_EPOCH, cap_std::time::SystemTime::into_std);
                self.files.push(FileInfo { path, name, size: metadata.len(), modified: modified.into() });
            }
        }
    }
}

/// A regular file, opened.
struct OpenedFile {
    file: std::fs::File,
    size: u64,
    modified: SystemTime,
    head: Vec<u8>,
}

impl OpenedFile {
    fn open(folder: &Dir, path: &str) -> io::Result<Self> {
        // Without this, opening a pipe would wait for somebody to write into it.
        let mut options = OpenOptions::new();
        options.read(true).nonblock(true);
        let file = folder.open_with(path, &options)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::ErrorKind::NotFound.into());
        }
        let modified = metadata.modified().map_or(UNIX_EPOCH, cap_std::time::SystemTime::into_std);
        let mut file = file.into_std();
        let mut head = Vec::new();
        (&mut file).take(SNIFFED_BYTES as u64).read_to_end(&mut head)?;
        Ok(Self { file, size: metadata.len(), modified, head })
    }

    fn etag(&self) -> String {
        let nanos = self.modified.duration_since(UNIX_EPOCH).map_or(0, |age| age.as_nanos());
        format!("\"{nanos:x}-{:x}\"", self.size)
    }

    fn into_response(self) -> Response {
        let content_type = if is_text(&self.head) { "text/plain; charset=utf-8" } else { "application/octet-stream" };
        let rest = self.size.saturating_sub(self.head.len() as u64);
        let head = futures::stream::once(std::future::ready(Ok(bytes::Bytes::from(self.head))));
        // Not past the size it had: a file that grows while it is sent would never end.
        let rest = tokio::io::AsyncReadExt::take(tokio::fs::File::from_std(self.file), rest);
        let body = Body::from_stream(futures::StreamExt::chain(head, ReaderStream::new(rest)));
        ([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))], body).into_response()
    }
}

/// Text is UTF-8 without zero bytes; a character cut at the end of the head is still text.
fn is_text(head: &[u8]) -> bool {
    if head.contains(&0) {
        return false;
    }
    match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && head.len() == SNIFFED_BYTES,
    }
}

/// RFC 6266, with the name in the extended form of RFC 8187.
fn disposition(path: &str, download: bool) -> String {
    let kind = if download { "attachment" } else { "inline" };
    let name = path.rsplit('/').next().unwrap_or(path);
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("{kind}; filename*=UTF-8''{encoded}")
}
