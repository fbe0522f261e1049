//! Objects of the metastore that are in no catalog. All kinds are listed, read, made, changed and deleted alike; what a
//! kind has of its own is a [`Kept`].

pub(super) mod connections;
pub(super) mod sharing;
pub(super) mod storage;

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::get,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{
    catalog::{
        Edited, ObjectInfo,
        names::{ObjectKind, Securable},
        rights::Privilege,
    },
    http::{Empty, body::OptionalBody, error::ApiError, page::PageQuery, query::Params},
    identity::Caller,
    unity::{
        Unity,
        service::{DeleteQuery, missing, required},
    },
};

/// Longest name in bytes, as of catalogs.
const MAX_NAME_BYTES: usize = 255;

/// What is secret of an object: kept, and never shown.
pub(super) type Secret = Option<Value>;

/// A kind of object.
pub(super) trait Kept: Serialize + DeserializeOwned + Clone + Default + Send + Sync + 'static {
    const KIND: ObjectKind;
    /// Its routes are `/<this>` and `/<this>/{name}`.
    const ROUTE: &'static str;
    /// The field of a list's answer.
    const LIST: &'static str;
    /// What it takes to make one.
    const CREATE: Privilege;
    /// The field that holds its id.
    const ID: &'static str = "id";
    /// What a request says of it beyond name, owner and comment.
    type Body: DeserializeOwned + Send;

    /// Takes over what a request says; `is_new` when there was nothing before.
    ///
    /// # Errors
    /// What is wrong about it.
    fn apply(&mut self, body: Self::Body, is_new: bool) -> Result<Secret, ApiError>;

    /// Whether it fits to everything else, and the user may use what it names.
    ///
    /// # Errors
    /// What is wrong about it, or what the user lacks.
    fn check(&mut self, _unity: &Unity, _user: &str, _name: &str) -> impl Future<Output = Result<(), ApiError>> + Send {
        std::future::ready(Ok(()))
    }

    /// Leaves out of an answer what is shown only when it is asked for.
    fn trim(&mut self) {}

    /// Whether it may go though it is in use; without `force` it is asked.
    ///
    /// # Errors
    /// What uses it.
    fn check_unused(_unity: &Unity, _name: &str) -> impl Future<Output = Result<(), ApiError>> + Send {
        std::future::ready(Ok(()))
    }
}

/// What every kind's request may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Common {
    name: Option<String>,
    new_name: Option<String>,
    owner: Option<String>,
    comment: Option<String>,
}

/// What a request for one object may ask for beyond it.
#[derive(Debug, Default, Deserialize)]
struct ReadQuery {
    /// Of a share: with what is in it.
    #[serde(default)]
    include_shared_data: bool,
}

/// The routes of a kind.
pub(super) fn routes<T: Kept>() -> Router<Unity> {
    let (all, one) = (format!("/{}", T::ROUTE), format!("/{}/{{name}}", T::ROUTE));
    Router::new()
        .route(&all, get(list::<T>).post(create::<T>))
        .route(&one, get(read::<T>).patch(update::<T>).delete(delete::<T>))
}

async fn list<T: Kept>(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Params(page): Params<PageQuery>,
) -> Result<Json<Value>, ApiError> {
    let of = |(name, info): &(String, ObjectInfo<T>)| (securable::<T>(name), info.audit.owner.clone());
    let objects = unity.catalog.objects::<T>(T::KIND).await?;
    let page = page.cut(unity.catalog.visible(&user, Some(&Securable::Metastore), objects, of).await?)?;
    let trimmed = page.items.into_iter().map(|(name, mut info)| {
        info.fields.trim();
        answer(&unity, &name, info)
    });
    let mut list = Map::from_iter([(T::LIST.to_owned(), trimmed.collect::<Result<Value, _>>()?)]);
    if let Some(token) = page.next_page_token {
        list.insert("next_page_token".to_owned(), token.into());
    }
    Ok(Json(Value::Object(list)))
}

async fn read<T: Kept>(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path(name): Path<String>,
    Params(query): Params<ReadQuery>,
) -> Result<Json<Value>, ApiError> {
    let (name, mut info) = seen::<T>(&unity, &user, &name).await?;
    if !query.include_shared_data {
        info.fields.trim();
    }
    Ok(Json(answer(&unity, &name, info)?))
}

async fn create<T: Kept>(
    State(unity): State<Unity>,
    Caller(user): Caller,
    OptionalBody(body): OptionalBody<Value>,
) -> Result<Json<Value>, ApiError> {
    let (common, body) = parts::<T>(body)?;
    let name = valid_name(T::KIND, &required(common.name, "name")?)?;
    unity.check(&user, &Securable::Metastore, T::CREATE).await?;
    let mut fields = T::default();
    let secret = fields.apply(body, true)?;
    fields.check(&unity, &user, &name).await?;
    let info = ObjectInfo::new(&user, common.comment, fields);
    if !unity.catalog.create_object(T::KIND, &name, &info, secret.as_ref()).await? {
        return Err(taken(T::KIND, &name));
    }
    Ok(Json(answer(&unity, &name, info)?))
}

async fn update<T: Kept>(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path(name): Path<String>,
    OptionalBody(body): OptionalBody<Value>,
) -> Result<Json<Value>, ApiError> {
    let (common, body) = parts::<T>(body)?;
    let (name, mut info) = managed::<T>(&unity, &user, &name).await?;
    let new_name = common.new_name.map_or_else(|| Ok(name.clone()), |new| valid_name(T::KIND, &new))?;
    let secret = info.fields.apply(body, false)?;
    info.fields.check(&unity, &user, &name).await?;
    info.audit.owner = common.owner.unwrap_or(info.audit.owner);
    info.comment = common.comment.or(info.comment);
    let info = put(&unity, &user, (&name, &new_name), info, secret.as_ref()).await?;
    Ok(Json(answer(&unity, &new_name, info)?))
}

async fn delete<T: Kept>(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path(name): Path<String>,
    Params(query): Params<DeleteQuery>,
) -> Result<Json<Empty>, ApiError> {
    let (name, _) = managed::<T>(&unity, &user, &name).await?;
    if !query.force {
        T::check_unused(&unity, &name).await?;
    }
    unity.catalog.drop_object(T::KIND, &name).await?;
    Ok(Json(Empty {}))
}

/// Stores a changed object under its old or a new name.
///
/// # Errors
/// `…_ALREADY_EXISTS` for a name that another one has.
async fn put<T: Kept>(
    unity: &Unity,
    user: &str,
    (name, new_name): (&str, &str),
    mut info: ObjectInfo<T>,
    secret: Option<&Value>,
) -> Result<ObjectInfo<T>, ApiError> {
    info.audit.touch(user);
    match unity.catalog.put_object(T::KIND, name, new_name, &info, secret).await? {
        Edited::Done => Ok(info),
        Edited::Missing => Err(missing(&securable::<T>(name))),
        Edited::Taken => Err(taken(T::KIND, new_name)),
    }
}

/// An object that a user may know of.
async fn seen<T: Kept>(unity: &Unity, user: &str, name: &str) -> Result<(String, ObjectInfo<T>), ApiError> {
    let found = found::<T>(unity, name).await?;
    unity.check_seen(user, &securable::<T>(&found.0)).await?;
    Ok(found)
}

/// An object that a user may change.
async fn managed<T: Kept>(unity: &Unity, user: &str, name: &str) -> Result<(String, ObjectInfo<T>), ApiError> {
    let found = found::<T>(unity, name).await?;
    unity.check(user, &securable::<T>(&found.0), Privilege::Manage).await?;
    Ok(found)
}

async fn found<T: Kept>(unity: &Unity, name: &str) -> Result<(String, ObjectInfo<T>), ApiError> {
    let name = name.to_lowercase();
    let info = unity.catalog.object::<T>(T::KIND, &name).await?;
    let info = info.ok_or_else(|| missing(&securable::<T>(&name)))?;
    Ok((name, info))
}

fn securable<T: Kept>(name: &str) -> Securable {
    Securable::Object(T::KIND, name.to_owned())
}

/// A request's fields that all kinds have, and the kind's own.
fn parts<T: Kept>(body: Value) -> Result<(Common, T::Body), ApiError> {
    let malformed = |e: serde_json::Error| ApiError::malformed(format!("Could not parse request object: {e}"));
    let common = Common::deserialize(&body).map_err(malformed)?;
    Ok((common, serde_json::from_value(body).map_err(malformed)?))
}

fn valid_name(kind: ObjectKind, name: &str) -> Result<String, ApiError> {
    let bad = |c: char| matches!(c, '/' | '.' | ' ') || c.is_control();
    if name.is_empty() || name.len() > MAX_NAME_BYTES || name.contains(bad) {
        return Err(ApiError::invalid(format!("'{name}' is not a valid name for a {}.", kind.word())));
    }
    Ok(name.to_lowercase())
}

fn taken(kind: ObjectKind, name: &str) -> ApiError {
    let code = match kind {
        ObjectKind::StorageCredential => "STORAGE_CREDENTIAL_ALREADY_EXISTS",
        ObjectKind::ExternalLocation => "EXTERNAL_LOCATION_ALREADY_EXISTS",
        ObjectKind::Connection => "CONNECTION_ALREADY_EXISTS",
        ObjectKind::Share => "SHARE_ALREADY_EXISTS",
        ObjectKind::Recipient => "RECIPIENT_ALREADY_EXISTS",
        ObjectKind::Provider => "PROVIDER_ALREADY_EXISTS",
    };
    ApiError::new(StatusCode::CONFLICT, code, format!("{} '{name}' already exists.", kind.word()))
}

/// An object as callers see it: its kind's fields beside those that all have.
fn answer<T: Kept>(unity: &Unity, name: &str, info: ObjectInfo<T>) -> Result<Value, ApiError> {
    let shape = |e: serde_json::Error| ApiError::internal(format!("an object cannot be shown: {e}"));
    let mut shown = Map::new();
    for part in [serde_json::to_value(info.fields), serde_json::to_value(info.audit)] {
        if let Value::Object(part) = part.map_err(shape)? {
            shown.extend(part.into_iter().filter(|(_, value)| !value.is_null()));
        }
    }
    let common = [
        ("name", Some(name.to_owned())),
        ("full_name", Some(name.to_owned())),
        (T::ID, Some(info.id.to_string())),
        ("metastore_id", Some(unity.workspace().metastore_id.to_string())),
        ("securable_type", Some(T::KIND.name().to_owned())),
        ("comment", info.comment),
    ];
    shown.extend(common.into_iter().filter_map(|(field, value)| Some((field.to_owned(), Value::String(value?)))));
    Ok(Value::Object(shown))
}
