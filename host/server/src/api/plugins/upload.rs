//! Looking at a package: one that a source names, or one that is sent.

use std::io;
use std::path::Path;
use std::time::Duration;

use axum::Json;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, FromRequestParts, Multipart, Request, State};
use bricklayer_domain::chain;
use bricklayer_package::MAX_PACKAGE_BYTES;
use bricklayer_plugins::PackageFrom;
use http::{StatusCode, header};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::asked::{InspectPlugin, UploadPlugin};
use super::shown::PluginInspection;
use super::{actor, service};
use crate::api::extract::Body;
use crate::api::problem::Problem;
use crate::app::AppState;
use crate::identity::Caller;
use crate::places::{NoPlace, Place};
use crate::projects::blocking;

/// Largest upload: the largest package, a manifest beside it, and the form around them.
pub(crate) const MAX_UPLOAD_BYTES: usize = MAX_PACKAGE_BYTES + (1 << 20);

/// Wait that a client is told when no more uploads are taken.
const RETRY_SECONDS: u64 = 5;

/// Largest manifest, in bytes, as in a package.
const MAX_MANIFEST_BYTES: usize = 64 * 1024;

/// Longest wait for the next piece of an upload; one that stalls would keep its place.
const STALLED_AFTER: Duration = Duration::from_secs(20);

/// Uploads that are looked at at once, each whole in memory and again as what it holds; further ones wait.
const LOOKED_AT_AT_ONCE: usize = 2;
static LOOKING: Semaphore = Semaphore::const_new(LOOKED_AT_AT_ONCE);

/// The package to look at, sent by somebody who may.
#[derive(Debug)]
pub(crate) struct Upload {
    caller: Caller,
    from: PackageFrom,
    manifest: Option<String>,
    /// Given back when the package was looked at.
    _place: Place,
    /// Held while an upload is in memory.
    _looking: Option<SemaphorePermit<'static>>,
}

impl FromRequest<AppState> for Upload {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let caller = Caller::from_request_parts(&mut parts, app).await?;
        // Before anything of the body is read: who may not install need not send.
        service(app).policy().may_install(&actor(&caller))?;
        let place = app.uploads().take(&caller.user).map_err(no_place)?;
        let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_form =
            content_type.is_some_and(|text| text.trim_start().to_ascii_lowercase().starts_with("multipart/form-data"));
        let request = Request::from_parts(parts, body);
        if is_form {
            let form = Multipart::from_request(request, app).await;
            let form = form.map_err(|error| bad_form(&error.body_text()))?;
            let (file, manifest) = read_form(form, &app.config().data_dir).await?;
            // The semaphore is never closed.
            let looking = LOOKING.acquire().await.ok();
            let from = PackageFrom::Bytes(file.into_bytes().await.map_err(|error| no_room(&error))?);
            return Ok(Self { caller, from, manifest, _place: place, _looking: looking });
        }
        let Body(InspectPlugin { source, manifest }) = Body::from_request(request, app).await?;
        // A source may be slow, and what it sends is bounded by the places.
        Ok(Self { caller, from: PackageFrom::Source(source), manifest, _place: place, _looking: None })
    }
}

/// What is sent, on disk: it may come slowly, and memory is for what is looked at. Nobody else sees the file, and it
/// goes with this value, or with the process.
struct Spool {
    file: tokio::fs::File,
    size: usize,
}

impl Spool {
    async fn new(folder: &Path) -> io::Result<Self> {
        let folder = folder.to_owned();
        let file = blocking(move || tempfile::tempfile_in(folder)).await?;
        Ok(Self { file: tokio::fs::File::from_std(file), size: 0 })
    }

    async fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.size += piece.len();
        self.file.write_all(piece).await
    }

    async fn into_bytes(mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(self.size);
        self.file.flush().await?;
        self.file.rewind().await?;
        self.file.read_to_end(&mut bytes).await?;
        Ok(bytes)
    }
}

async fn read_form(mut form: Multipart, folder: &Path) -> Result<(Spool, Option<String>), Problem> {
    let (mut package, mut manifest) = (None, None);
    while let Some(mut field) = timely(form.next_field()).await? {
        match field.name() {
            Some("package") if package.is_none() => {
                let mut spool = Spool::new(folder).await.map_err(|error| no_room(&error))?;
                while let Some(piece) = timely(field.chunk()).await? {
                    if spool.size + piece.len() > MAX_PACKAGE_BYTES {
                        return Err(too_large("package", MAX_PACKAGE_BYTES));
                    }
                    spool.write(&piece).await.map_err(|error| no_room(&error))?;
                }
                package = Some(spool);
            }
            Some("manifest") if manifest.is_none() => {
                let bytes = read(field, "manifest", MAX_MANIFEST_BYTES).await?;
                let text = String::from_utf8(bytes).map_err(|_| Problem::field("manifest", "is not UTF-8"))?;
                manifest = Some(text).filter(|text| !text.trim().is_empty());
            }
            Some(name @ ("package" | "manifest")) => return Err(Problem::field(name, "came twice")),
            name => {
                let name = name.unwrap_or("(unnamed)").chars().take(100).collect::<String>();
                return Err(Problem::field(name, "is not known here; the fields are `package` and `manifest`"));
            }
        }
    }
    let package = package.ok_or_else(|| Problem::field("package", "is missing"))?;
    Ok((package, manifest))
}

async fn read(mut field: Field<'_>, name: &'static str, limit: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = timely(field.chunk()).await? {
        if bytes.len() + chunk.len() > limit {
            return Err(too_large(name, limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The next piece of a form, which must not be long in coming.
async fn timely<T>(piece: impl Future<Output = Result<T, MultipartError>>) -> Result<T, Problem> {
    match tokio::time::timeout(STALLED_AFTER, piece).await {
        Ok(piece) => piece.map_err(|error| broken(&error)),
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "upload-stalled",
            format!("nothing came for {} seconds; send it again", STALLED_AFTER.as_secs()),
        )),
    }
}

fn no_place(no: NoPlace) -> Problem {
    let whose = match no {
        NoPlace::OfUser => "you are sending",
        NoPlace::InAll => "others are sending",
    };
    let detail = format!("{whose} as many packages as the server takes at once; wait until one is through");
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-uploads", detail).retry_after(RETRY_SECONDS)
}

fn no_room(error: &io::Error) -> Problem {
    tracing::error!(error = chain(&error), "an upload cannot be kept");
    Problem::new(
        StatusCode::INSUFFICIENT_STORAGE,
        "storage-full",
        "the upload cannot be kept on the server's disk; tell the operator",
    )
}

fn too_large(what: &str, limit: usize) -> Problem {
    let detail = format!("`{what}` is larger than {}; send a smaller one", bricklayer_devkit::size(limit));
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", detail)
}

fn broken(error: &MultipartError) -> Problem {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large("the form", MAX_UPLOAD_BYTES),
        _ => bad_form(&error.body_text()),
    }
}

fn bad_form(reason: &str) -> Problem {
    let reason = reason.chars().take(200).collect::<String>();
    Problem::new(StatusCode::BAD_REQUEST, "invalid-form", format!("the form cannot be read: {reason}"))
}

/// Looks at a package without running anything of it, and keeps it for the caller to install.
#[utoipa::path(post, path = "/api/plugins/inspect", tag = "plugins", operation_id = "inspect_plugin",
    request_body(content((InspectPlugin = "application/json"), (UploadPlugin = "multipart/form-data"))),
    responses((status = 200, body = PluginInspection)))]
pub(crate) async fn inspect_plugin(
    State(app): State<AppState>,
    upload: Upload,
) -> Result<Json<PluginInspection>, Problem> {
    let Upload { caller, from, manifest, _place, _looking } = upload;
    let inspection = service(&app).inspect(&actor(&caller), from, manifest.as_deref()).await?;
    Ok(Json(inspection.into()))
}
