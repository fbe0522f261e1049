//! A folder of a project as a ZIP archive.

use std::io::{self, Read as _, Seek as _, Write};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bricklayer_domain::ProjectId;
use cap_std::fs::Dir;
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use tokio_util::io::ReaderStream;
use utoipa::IntoParams;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::Uncompressed;
use super::extract::{Path, Query};
use super::files::{Listing, OpenedFile, disposition, open_folder, unreadable};
use super::problem::{Problem, ProblemDetails};
use crate::app::AppState;
use crate::identity::Caller;
use crate::projects::blocking;

/// Bytes of all files of an archive; larger things are taken one by one.
const MAX_ARCHIVED_BYTES: u64 = 256 << 20;

/// Which folder.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ArchiveQuery {
    /// The folder's path from the project's folder; the whole project when left out.
    #[serde(default)]
    path: String,
}

/// What came of making an archive.
enum Made {
    Archive(std::fs::File, u64),
    /// There is no such folder, or nothing in it.
    Nothing,
    TooLarge,
}

/// Sends a folder of the project with all files in it. Links are left out, and so are caches of tools that begin with a
/// dot.
#[utoipa::path(get, path = "/api/projects/{project_id}/archive", tag = "projects", operation_id = "get_archive",
    params(("project_id" = Uuid, Path, description = "The project."), ArchiveQuery),
    responses((status = 200, description = "The archive.", content_type = "application/zip"),
        (status = 413, description = "`archive-too-large`: the folder has too many files, or too large ones.", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn get_archive(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ProjectId>,
    Query(query): Query<ArchiveQuery>,
) -> Result<Response, Problem> {
    let folder = open_folder(&app, &caller, id).await?;
    let path = query.path.trim_matches('/').to_owned();
    let wanted = path.clone();
    let made = blocking(move || archive(&folder, &wanted)).await.map_err(|error| unreadable(&error))?;
    let (file, length) = match made {
        Made::Archive(file, length) => (file, length),
        Made::Nothing => return Err(Problem::not_found("folder with files")),
        Made::TooLarge => {
            let detail = format!(
                "the folder has too many files, or more than {} MiB; take a folder in it, or single files",
                MAX_ARCHIVED_BYTES >> 20
            );
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "archive-too-large", detail));
        }
    };
    let body = Body::from_stream(ReaderStream::new(tokio::fs::File::from_std(file)));
    let mut response = ([(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"))], body).into_response();
    response.extensions_mut().insert(Uncompressed);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    let name = if path.is_empty() { "project.zip".to_owned() } else { format!("{path}.zip") };
    if let Ok(value) = HeaderValue::from_str(&disposition(&name, true)) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// Makes it in a file that is gone when it is closed.
fn archive(project: &Arc<Dir>, path: &str) -> io::Result<Made> {
    let folder = if path.is_empty() {
        project.try_clone()?
    } else {
        match project.open_dir(path) {
            Ok(folder) => folder,
            // Also what leads out of the project.
            Err(_) => return Ok(Made::Nothing),
        }
    };
    let (files, truncated) = Listing::of(&folder);
    let kept: Vec<_> = files.iter().filter(|file| !is_hidden(&file.path)).collect();
    if truncated || kept.iter().map(|file| file.size).sum::<u64>() > MAX_ARCHIVED_BYTES {
        return Ok(Made::TooLarge);
    }
    if kept.is_empty() {
        return Ok(Made::Nothing);
    }
    let mut archive = ZipWriter::new(tempfile::tempfile()?);
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let mut left = MAX_ARCHIVED_BYTES;
    for file in kept {
        // What is gone meanwhile, or has no name that can be written, is not in it.
        let Ok(opened) = OpenedFile::open(&folder, std::path::Path::new(&file.path)) else { continue };
        archive.start_file(&*file.path, options).map_err(io::Error::other)?;
        let mut from = opened.from_start()?.take(left.saturating_add(1));
        let written = io::copy(&mut from, &mut archive)?;
        // It grew while it was read.
        let Some(rest) = left.checked_sub(written) else { return Ok(Made::TooLarge) };
        left = rest;
    }
    let mut file = archive.finish().map_err(io::Error::other)?;
    file.flush()?;
    let length = file.stream_position()?;
    file.rewind()?;
    Ok(Made::Archive(file, length))
}

/// Whether a part of the path begins with a dot and is a folder: `.databricks`, `.venv`, `.git`.
fn is_hidden(path: &str) -> bool {
    path.rsplit_once('/').is_some_and(|(folders, _)| folders.split('/').any(|folder| folder.starts_with('.')))
}
