//! /api/2.0/workspace: folders, notebooks and files of the workspace.

use axum::{
    Json,
    body::{Body, Bytes},
    extract::{FromRequest, Multipart, Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::download::About;
use crate::{
    files::{
        Files,
        export::{self, ExportFormat},
        model::{Kind, Object, Type},
        objects::{Becomes, MAX_NOTEBOOK_BYTES},
        path::AskedPath,
    },
    http::{Empty, body::OptionalBody, error::ApiError, query::Params},
    identity::Caller,
    notebook::Language,
};

#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    path: String,
    object_type: Kind,
    object_id: i64,
    resource_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    created_at: i64,
    modified_at: i64,
}

#[derive(Debug, Serialize)]
pub(crate) struct List {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    objects: Vec<Answer>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct PathQuery {
    path: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ListQuery {
    path: Option<String>,
    notebooks_modified_after: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ExportQuery {
    path: Option<String>,
    format: Option<ExportFormat>,
    #[serde(default)]
    direct_download: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Folder {
    path: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Delete {
    path: Option<String>,
    #[serde(default)]
    recursive: bool,
}

#[derive(Debug, Serialize)]
struct Exported {
    content: String,
    file_type: String,
}

/// What an import may be written as.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum ImportFormat {
    #[default]
    Source,
    Auto,
    Jupyter,
    Html,
    Dbc,
    RMarkdown,
    Raw,
}

#[derive(Debug, Default, Deserialize)]
struct ImportFields {
    path: Option<String>,
    format: Option<ImportFormat>,
    language: Option<String>,
    #[serde(default)]
    overwrite: bool,
    content: Option<String>,
}

/// An import, however it was sent.
#[derive(Debug)]
pub(crate) struct Import {
    fields: ImportFields,
    content: Bytes,
}

pub(crate) async fn status(
    State(files): State<Files>,
    Caller(user): Caller,
    Params(query): Params<PathQuery>,
) -> Result<Json<Answer>, ApiError> {
    let asked = AskedPath::parse(query.path.as_deref())?;
    let object = files.objects.status(&user, &asked).await?;
    Ok(Json(answer(&asked, object)))
}

pub(crate) async fn list(
    State(files): State<Files>,
    Caller(user): Caller,
    Params(query): Params<ListQuery>,
) -> Result<Json<List>, ApiError> {
    let asked = AskedPath::parse(query.path.as_deref())?;
    let mut objects = files.objects.list(&user, &asked).await?;
    if let Some(after) = query.notebooks_modified_after {
        objects.retain(|object| object.kind.kind() != Kind::Notebook || object.modified_at > after);
    }
    Ok(Json(List { objects: objects.into_iter().map(|object| answer(&asked, object)).collect() }))
}

pub(crate) async fn make_folders(
    State(files): State<Files>,
    Caller(user): Caller,
    OptionalBody(body): OptionalBody<Folder>,
) -> Result<Json<Empty>, ApiError> {
    files.objects.make_folders(&user, &AskedPath::parse(body.path.as_deref())?).await?;
    Ok(Json(Empty {}))
}

pub(crate) async fn delete(
    State(files): State<Files>,
    Caller(user): Caller,
    OptionalBody(body): OptionalBody<Delete>,
) -> Result<Json<Empty>, ApiError> {
    files.objects.delete(&user, &AskedPath::parse(body.path.as_deref())?, body.recursive).await?;
    Ok(Json(Empty {}))
}

pub(crate) async fn import(
    State(files): State<Files>,
    Caller(user): Caller,
    Import { fields, content }: Import,
) -> Result<Json<Empty>, ApiError> {
    let asked = AskedPath::parse(fields.path.as_deref())?;
    if content.len() as u64 > MAX_NOTEBOOK_BYTES {
        let message = format!("The content has {} bytes, which is more than {MAX_NOTEBOOK_BYTES}.", content.len());
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "MAX_NOTEBOOK_SIZE_EXCEEDED", message));
    }
    let unknown = |name: &String| ApiError::invalid(format!("'{name}' is no language of a notebook."));
    let language = |name: &String| Language::of_name(name).ok_or_else(|| unknown(name));
    let language = fields.language.as_ref().map(language).transpose()?;
    let becomes = match (fields.format.unwrap_or_default(), language) {
        (ImportFormat::Auto, _) => Becomes::Auto,
        (ImportFormat::Jupyter, _) => Becomes::Jupyter,
        (ImportFormat::Raw, _) => Becomes::File,
        (ImportFormat::Source, Some(language)) => Becomes::Notebook { language },
        (ImportFormat::Source, None) => {
            return Err(ApiError::invalid("Required parameter language is missing: the format SOURCE needs it."));
        }
        (ImportFormat::Html | ImportFormat::Dbc | ImportFormat::RMarkdown, _) => {
            return Err(ApiError::invalid(
                "The local workspace does not import the formats HTML, DBC and R_MARKDOWN. Use SOURCE, JUPYTER, AUTO or RAW.",
            ));
        }
    };
    files.objects.write(&user, &asked, becomes, Body::from(content), fields.overwrite).await?;
    Ok(Json(Empty {}))
}

pub(crate) async fn export(
    State(files): State<Files>,
    Caller(user): Caller,
    Params(query): Params<ExportQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let asked = AskedPath::parse(query.path.as_deref())?;
    let (object, file) = files.objects.read(&user, &asked).await?;
    let form = export::form(&object, query.format.unwrap_or_default())?;
    if query.direct_download && form.is_stored() {
        return About::of(&object).send(file, &headers).await;
    }
    let (object, content) = files.objects.read_whole(&user, &asked, MAX_NOTEBOOK_BYTES).await?;
    let content = form.write(&object, content)?;
    if query.direct_download {
        return Ok(([(header::CONTENT_TYPE, "application/octet-stream")], content).into_response());
    }
    let file_type = form.extension(&object);
    Ok(Json(Exported { content: BASE64_STANDARD.encode(content), file_type }).into_response())
}

impl About {
    pub(super) fn of(object: &Object) -> Self {
        let modified = DateTime::<Utc>::from_timestamp_millis(object.modified_at).unwrap_or_default();
        Self { size: object.size, modified }
    }
}

impl<S: Send + Sync> FromRequest<S> for Import {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if kind.is_some_and(|kind| kind.starts_with("multipart/form-data")) {
            return from_form(request, state).await;
        }
        let OptionalBody(mut fields) = OptionalBody::<ImportFields>::from_request(request, state).await?;
        let content = fields.content.take().unwrap_or_default();
        let content = BASE64_STANDARD.decode(content).map_err(|_| ApiError::invalid("content is not valid base64."))?;
        Ok(Self { fields, content: content.into() })
    }
}

async fn from_form<S: Send + Sync>(request: Request, state: &S) -> Result<Import, ApiError> {
    let malformed = |e: &dyn std::fmt::Display| ApiError::malformed(format!("Could not parse the form: {e}"));
    let mut form = Multipart::from_request(request, state).await.map_err(|e| malformed(&e.body_text()))?;
    let (mut fields, mut content) = (serde_json::Map::new(), Bytes::new());
    while let Some(field) = form.next_field().await.map_err(|e| malformed(&e.body_text()))? {
        match field.name().unwrap_or_default().to_owned() {
            name if name == "content" => content = field.bytes().await.map_err(|e| malformed(&e.body_text()))?,
            name if name == "overwrite" => {
                let text = field.text().await.map_err(|e| malformed(&e.body_text()))?;
                fields.insert(name, (text == "true").into());
            }
            name => {
                let text = field.text().await.map_err(|e| malformed(&e.body_text()))?;
                fields.insert(name, text.into());
            }
        }
    }
    let fields = serde_json::from_value(fields.into()).map_err(|e| malformed(&e))?;
    Ok(Import { fields, content })
}

fn answer(asked: &AskedPath, object: Object) -> Answer {
    Answer {
        path: asked.echo(&object.path),
        object_type: object.kind.kind(),
        object_id: object.id,
        resource_id: object.id.to_string(),
        language: object.kind.language().map(Language::name),
        size: (object.kind == Type::File).then_some(object.size),
        created_at: object.created_at,
        modified_at: object.modified_at,
    }
}
