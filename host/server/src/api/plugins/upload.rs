//! Looking at a package: one that a source names, or one that is sent.

use axum::Json;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request, State};
use bricklayer_package::MAX_PACKAGE_BYTES;
use bricklayer_plugins::PackageFrom;
use http::{StatusCode, header};

use super::asked::{InspectPlugin, UploadPlugin};
use super::shown::PluginInspection;
use super::{actor, service};
use crate::api::extract::Body;
use crate::api::problem::{Problem, ProblemDetails};
use crate::app::AppState;
use crate::identity::Caller;

/// Largest upload: the largest package, a manifest beside it, and the form around them.
pub(crate) const MAX_UPLOAD_BYTES: usize = MAX_PACKAGE_BYTES + (1 << 20);

/// Largest manifest, in bytes, as in a package.
const MAX_MANIFEST_BYTES: usize = 64 * 1024;

/// The package to look at.
#[derive(Debug)]
pub(crate) struct Upload {
    from: PackageFrom,
    manifest: Option<String>,
}

impl<S: Send + Sync> FromRequest<S> for Upload {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_form =
            content_type.is_some_and(|text| text.trim_start().to_ascii_lowercase().starts_with("multipart/form-data"));
        if is_form {
            let form = Multipart::from_request(request, state).await;
            return read_form(form.map_err(|error| bad_form(&error.body_text()))?).await;
        }
        let Body(InspectPlugin { source, manifest }) = Body::from_request(request, state).await?;
        Ok(Self { from: PackageFrom::Source(source), manifest })
    }
}

async fn read_form(mut form: Multipart) -> Result<Upload, Problem> {
    let (mut package, mut manifest) = (None, None);
    while let Some(field) = form.next_field().await.map_err(|error| broken(&error))? {
        match field.name() {
            Some("package") if package.is_none() => package = Some(read(field, "package", MAX_PACKAGE_BYTES).await?),
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
    Ok(Upload { from: PackageFrom::Bytes(package), manifest })
}

async fn read(mut field: Field<'_>, name: &'static str, limit: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| broken(&error))? {
        if bytes.len() + chunk.len() > limit {
            return Err(too_large(name, limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
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
    responses((status = 200, body = PluginInspection), (status = "default", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn inspect_plugin(
    State(app): State<AppState>,
    caller: Caller,
    Upload { from, manifest }: Upload,
) -> Result<Json<PluginInspection>, Problem> {
    let inspection = service(&app).inspect(&actor(&caller), from, manifest.as_deref()).await?;
    Ok(Json(inspection.into()))
}
