//! A project's files: listing and content. Everything goes through one opened folder, which no path leaves.

use std::ffi::OsString;
use std::io::{self, Read, Seek as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::body::Body;
use axum::extract::{OriginalUri, State};
use axum::response::{IntoResponse, Response};
use bricklayer_domain::{ProjectId, chain};
use cap_fs_ext::{DirExt, OpenOptionsSyncExt};
use cap_std::fs::{Dir, OpenOptions};
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncSeekExt as _;
use tokio_util::io::ReaderStream;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::Uncompressed;
use super::extract::{Path, Query};
use super::problem::{Problem, ProblemDetails};
use crate::app::AppState;
use crate::identity::Caller;
use crate::percent::{percent_decode, percent_encode};
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
    pub(super) path: String,
    /// Its last segment; what is not Unicode of it is replaced, as in `path`.
    name: String,
    /// Its path as an address spells it, percent-encoded: what to ask for under `…/files/`.
    url_path: String,
    /// In bytes.
    pub(super) size: u64,
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
    responses((status = 200, body = FileList)))]
pub(crate) async fn list_files(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ProjectId>,
) -> Result<Json<FileList>, Problem> {
    let folder = open_folder(&app, &caller, id).await?;
    let (files, truncated) = blocking(move || Ok(Listing::of(&folder))).await.map_err(|error| unreadable(&error))?;
    Ok(Json(FileList { project_id: id.as_uuid(), files, truncated }))
}

/// Sends a file's bytes, or a range of them: text as plain text, everything else as bytes, so that nothing of it runs in
/// the page. Names that are not UTF-8 are asked for with their bytes percent-encoded.
#[utoipa::path(get, path = "/api/projects/{project_id}/files/{*path}", tag = "projects", operation_id = "get_file",
    params(("project_id" = Uuid, Path, description = "The project."),
        ("path" = String, Path, description = "The file's path from the project's folder."), FileQuery),
    responses((status = 200, description = "The file.", content_type = "application/octet-stream"),
        (status = 206, description = "The one range that `Range` asked for.", content_type = "application/octet-stream"),
        (status = 304, description = "It did not change since the `ETag` of `If-None-Match`."),
        (status = 416, description = "No byte of the file is in the range.", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn get_file(
    State(app): State<AppState>,
    caller: Caller,
    OriginalUri(uri): OriginalUri,
    Query(query): Query<FileQuery>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (id, path) = file_of(uri.path()).ok_or_else(|| Problem::not_found("file"))?;
    let folder = open_folder(&app, &caller, id).await?;
    let wanted = path.clone();
    let opened = blocking(move || OpenedFile::open(&folder, std::path::Path::new(&wanted)))
        .await
        .map_err(|error| not_opened(&error))?;
    let etag = opened.etag();
    let unchanged = headers.get_all(header::IF_NONE_MATCH).iter().any(|known| known.as_bytes() == etag.as_bytes());
    let mut response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        // A range is asked of the version that one has, and of what is sent at all.
        let is_same = headers.get(header::IF_RANGE).is_none_or(|known| known.as_bytes() == etag.as_bytes());
        let asked = headers.get(header::RANGE).filter(|_| is_same && method == Method::GET);
        opened.send(ByteRange::parse(asked.and_then(|value| value.to_str().ok()))).await?
    };
    let sent = response.headers_mut();
    sent.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        sent.insert(header::ETAG, etag);
    }
    // Files of one user in no shared cache, and never without asking whether they changed.
    sent.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    let download = query.download.is_some_and(|value| matches!(value.as_str(), "" | "1" | "true"));
    if let Ok(value) = HeaderValue::from_str(&disposition(&path.to_string_lossy(), download)) {
        sent.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// The project and the path of a file's address: `/api/projects/{id}/files/{path}`. The path is bytes, as names of files
/// are.
fn file_of(address: &str) -> Option<(ProjectId, OsString)> {
    let (id, path) = address.strip_prefix("/api/projects/")?.split_once("/files/")?;
    Some((id.parse().ok()?, OsString::from_vec(percent_decode(path)?)))
}

/// What the host's own trouble looks like, by the number of the system's error: the disk, memory, open files. All else
/// is of the file that was asked for.
const HOST_TROUBLE: [i32; 4] = [5, 12, 23, 24];

fn not_opened(error: &io::Error) -> Problem {
    if error.raw_os_error().is_some_and(|number| HOST_TROUBLE.contains(&number)) {
        return unreadable(error);
    }
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::PermissionDenied => {
            Problem::not_found("file")
        }
        _ => Problem::new(
            StatusCode::NOT_FOUND,
            "not-found",
            "there is no file to read here: it is a folder, a socket, a device, or a link that leads round in circles",
        ),
    }
}

/// One range of bytes, as a request asks for it. Several at once, and what is no range, are not answered: then all of it
/// is sent (RFC 9110, section 14.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteRange {
    All,
    /// From here to there, both sent.
    Between(u64, u64),
    /// So many from the end.
    Last(u64),
}

impl ByteRange {
    pub(super) fn parse(header: Option<&str>) -> Self {
        let number = |text: &str| text.parse::<u64>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
        let range = || {
            let (unit, range) = header?.split_once('=')?;
            let (first, last) = range.trim().split_once('-')?;
            if !unit.trim().eq_ignore_ascii_case("bytes") {
                return None;
            }
            match (first, last) {
                ("", last) => Some(Self::Last(number(last)?)),
                (first, "") => Some(Self::Between(number(first)?, u64::MAX)),
                (first, last) => {
                    Some(Self::Between(number(first)?, number(last)?)).filter(|_| number(first) <= number(last))
                }
            }
        };
        range().unwrap_or(Self::All)
    }

    /// First byte and number of bytes of a file of this size; none when no byte is in the range.
    pub(super) fn within(self, size: u64) -> Option<(u64, u64)> {
        match self {
            Self::All => Some((0, size)),
            Self::Between(first, last) if first < size => Some((first, last.min(size - 1) - first + 1)),
            Self::Last(count) if count > 0 && size > 0 => Some((size.saturating_sub(count), count.min(size))),
            Self::Between(..) | Self::Last(_) => None,
        }
    }
}

pub(super) async fn open_folder(app: &AppState, caller: &Caller, id: ProjectId) -> Result<Arc<Dir>, Problem> {
    let project = app.store().get_project(&caller.user, id).await?;
    let folder = app.folders().open(project.id).await.map_err(|error| unreadable(&error))?;
    Ok(Arc::new(folder))
}

pub(super) fn unreadable(error: &io::Error) -> Problem {
    tracing::error!(error = chain(&error), "a project's files cannot be read");
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "files-unreadable",
        "the project's files cannot be read; tell the operator",
    )
}

/// A walk over a project's folder, bounded in every direction.
#[derive(Default)]
pub(super) struct Listing {
    files: Vec<FileInfo>,
    visited: usize,
    truncated: bool,
}

impl Listing {
    pub(super) fn of(folder: &Dir) -> (Vec<FileInfo>, bool) {
        let mut listing = Self::default();
        listing.walk(folder, &[], 0);
        listing.files.sort_by(|a, b| a.path.cmp(&b.path));
        (listing.files, listing.truncated)
    }

    fn walk(&mut self, folder: &Dir, prefix: &[u8], depth: usize) {
        // An entry that vanishes or cannot be read while the agent works is not in the list.
        let Ok(entries) = folder.entries() else { return };
        for entry in entries.flatten() {
            self.visited += 1;
            if self.visited > MAX_VISITED_ENTRIES || self.files.len() >= MAX_LISTED_FILES {
                self.truncated = true;
                return;
            }
            let name = entry.file_name();
            let mut path = prefix.to_vec();
            path.extend_from_slice(name.as_bytes());
            // Of the entry itself: a link is not followed, so that no walk goes round in circles.
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                if depth >= MAX_DEPTH {
                    self.truncated = true;
                } else if let Ok(inner) = folder.open_dir_nofollow(&name) {
                    path.push(b'/');
                    self.walk(&inner, &path, depth + 1);
                }
            } else if metadata.is_file() {
                let modified = metadata.modified().map_or(UNIX_EPOCH, cap_std::time::SystemTime::into_std);
                self.files.push(FileInfo {
                    path: String::from_utf8_lossy(&path).into_owned(),
                    name: name.to_string_lossy().into_owned(),
                    url_path: percent_encode(&path),
                    size: metadata.len(),
                    modified: modified.into(),
                });
            }
        }
    }
}

/// A regular file, opened.
pub(super) struct OpenedFile {
    file: std::fs::File,
    size: u64,
    modified: SystemTime,
    head: Vec<u8>,
}

impl OpenedFile {
    pub(super) fn open(folder: &Dir, path: &std::path::Path) -> io::Result<Self> {
        // Without this, opening a pipe would wait for somebody to write into it.
        let mut options = OpenOptions::new();
        options.read(true).nonblock(true);
        let file = folder.open_with(path, &options)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let modified = metadata.modified().map_or(UNIX_EPOCH, cap_std::time::SystemTime::into_std);
        let mut file = file.into_std();
        let mut head = Vec::new();
        (&mut file).take(SNIFFED_BYTES as u64).read_to_end(&mut head)?;
        Ok(Self { file, size: metadata.len(), modified, head })
    }

    /// The file, from its beginning.
    pub(super) fn from_start(mut self) -> io::Result<std::fs::File> {
        self.file.rewind()?;
        Ok(self.file)
    }

    fn etag(&self) -> String {
        let nanos = self.modified.duration_since(UNIX_EPOCH).map_or(0, |age| age.as_nanos());
        format!("\"{nanos:x}-{:x}\"", self.size)
    }

    /// The file, or a range of it. Never compressed, so that its length is known: what ends early is seen to have, and
    /// who asks for the length alone learns it.
    async fn send(self, range: ByteRange) -> Result<Response, Problem> {
        let Some((first, length)) = range.within(self.size) else {
            let detail = format!("the file has {} bytes, none of them in this range", self.size);
            let mut response =
                Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "range-not-satisfiable", detail).into_response();
            if let Ok(value) = HeaderValue::from_str(&format!("bytes */{}", self.size)) {
                response.headers_mut().insert(header::CONTENT_RANGE, value);
            }
            return Ok(response);
        };
        let content_type = if is_text(&self.head) { "text/plain; charset=utf-8" } else { "application/octet-stream" };
        let mut file = tokio::fs::File::from_std(self.file);
        file.seek(io::SeekFrom::Start(first)).await.map_err(|error| unreadable(&error))?;
        // Not past the size it had: a file that grows while it is sent would never end.
        let body = Body::from_stream(ReaderStream::new(tokio::io::AsyncReadExt::take(file, length)));
        let mut response = ([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))], body).into_response();
        response.extensions_mut().insert(Uncompressed);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        if range != ByteRange::All {
            let last = first + length - 1;
            if let Ok(value) = HeaderValue::from_str(&format!("bytes {first}-{last}/{}", self.size)) {
                headers.insert(header::CONTENT_RANGE, value);
            }
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
        Ok(response)
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
pub(super) fn disposition(path: &str, download: bool) -> String {
    let kind = if download { "attachment" } else { "inline" };
    let name = path.rsplit('/').next().unwrap_or(path);
    format!("{kind}; filename*=UTF-8''{}", percent_encode(name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        for (header, size, expect) in [
            (None, 10, Some((0, 10))),
            (Some("bytes=0-3"), 10, Some((0, 4))),
            (Some("Bytes = 3-3"), 10, Some((3, 1))),
            (Some("bytes=4-"), 10, Some((4, 6))),
            (Some("bytes=4-99"), 10, Some((4, 6))),
            (Some("bytes=-4"), 10, Some((6, 4))),
            (Some("bytes=-99"), 10, Some((0, 10))),
            (Some("bytes=10-"), 10, None),
            (Some("bytes=10-12"), 10, None),
            (Some("bytes=-0"), 10, None),
            (Some("bytes=0-"), 0, None),
            (Some("bytes=-1"), 0, None),
            (Some("bytes=0-18446744073709551615"), 10, Some((0, 10))),
            // No range, or several: everything.
            (Some("bytes=3-2"), 10, Some((0, 10))),
            (Some("bytes=0-1,3-4"), 10, Some((0, 10))),
            (Some("bytes=+1-2"), 10, Some((0, 10))),
            (Some("bytes=-"), 10, Some((0, 10))),
            (Some("lines=1-2"), 10, Some((0, 10))),
            (Some("bytes"), 10, Some((0, 10))),
            (None, 0, Some((0, 0))),
        ] {
            assert_eq!(ByteRange::parse(header).within(size), expect, "{header:?} of {size}");
        }
    }

    #[test]
    fn names_survive_their_address() {
        for name in [&b"a b"[..], b"\xff\xfe/x", "ü%/?#".as_bytes(), b""] {
            assert_eq!(percent_decode(&percent_encode(name)).as_deref(), Some(name));
        }
        for broken in ["%", "%1", "%zz", "a%+1", "%\u{fc}"] {
            assert_eq!(percent_decode(broken), None, "{broken}");
        }
    }
}
