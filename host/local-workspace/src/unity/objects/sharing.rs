//! /api/2.1/unity-catalog/shares, recipients and providers. They are objects: nothing is sent to anybody, and a
//! recipient's activation link leads nowhere.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Kept, Secret, managed, put, seen};
use crate::{
    catalog::{
        names::{ObjectKind, Securable},
        rights::Privilege,
    },
    http::{body::OptionalBody, error::ApiError},
    identity::Caller,
    unity::{Unity, path::table_name, service::required},
};

/// Objects in one share at most.
const MAX_SHARED: usize = 1_000;

/// How long an activation link holds, in milliseconds: 90 days.
const TOKEN_MS: i64 = 90 * 24 * 3_600 * 1_000;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Share {
    objects: Vec<SharedObject>,
    storage_root: Option<String>,
}

/// A table in a share.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SharedObject {
    name: String,
    data_object_type: String,
    shared_as: Option<String>,
    comment: Option<String>,
    partitions: Option<Value>,
    added_at: i64,
    added_by: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ShareBody {
    updates: Vec<ShareUpdate>,
    storage_root: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ShareUpdate {
    action: String,
    data_object: SharedObject,
}

impl Kept for Share {
    const KIND: ObjectKind = ObjectKind::Share;
    const ROUTE: &'static str = "shares";
    const LIST: &'static str = "shares";
    const CREATE: Privilege = Privilege::CreateShare;
    type Body = ShareBody;

    fn apply(&mut self, body: ShareBody, _: bool) -> Result<Secret, ApiError> {
        self.storage_root = body.storage_root.or_else(|| self.storage_root.take());
        for ShareUpdate { action, mut data_object } in body.updates {
            data_object.name = data_object.name.to_lowercase();
            if data_object.data_object_type.is_empty() {
                "TABLE".clone_into(&mut data_object.data_object_type);
            }
            if !["TABLE", "VIEW"].contains(&data_object.data_object_type.as_str()) {
                return Err(ApiError::invalid("The local workspace shares tables and views only."));
            }
            let at = self.objects.iter().position(|known| known.name == data_object.name);
            match (action.as_str(), at) {
                ("ADD", None) if self.objects.len() < MAX_SHARED => {
                    data_object.added_by.clear();
                    data_object.added_at = crate::clock::now().timestamp_millis();
                    self.objects.push(data_object);
                }
                ("ADD", None) => {
                    return Err(ApiError::invalid(format!("A share holds at most {MAX_SHARED} objects.")));
                }
                ("ADD", Some(_)) => {
                    let message = format!("The share already holds '{}'.", data_object.name);
                    return Err(ApiError::new(StatusCode::CONFLICT, "RESOURCE_ALREADY_EXISTS", message));
                }
                ("REMOVE", Some(at)) => drop(self.objects.remove(at)),
                ("UPDATE", Some(at)) => {
                    if let Some(known) = self.objects.get_mut(at) {
                        known.shared_as = data_object.shared_as.or_else(|| known.shared_as.take());
                        known.comment = data_object.comment.or_else(|| known.comment.take());
                        known.partitions = data_object.partitions.or_else(|| known.partitions.take());
                    }
                }
                ("REMOVE" | "UPDATE", None) => {
                    return Err(ApiError::not_found(format!("The share does not hold '{}'.", data_object.name)));
                }
                _ => return Err(ApiError::invalid(format!("'{action}' is not an action of a share's update."))),
            }
        }
        Ok(None)
    }

    /// Whoever puts something into a share needs SELECT on it.
    async fn check(&mut self, unity: &Unity, user: &str, _: &str) -> Result<(), ApiError> {
        for object in self.objects.iter_mut().filter(|object| object.added_by.is_empty()) {
            let table = Securable::Table(table_name(&object.name)?);
            unity.check_exists(&table).await?;
            unity.check(user, &table, Privilege::Select).await?;
            user.clone_into(&mut object.added_by);
        }
        Ok(())
    }

    fn trim(&mut self) {
        self.objects.clear();
    }
}

/// Somebody that shares are for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Recipient {
    authentication_type: String,
    activated: bool,
    data_recipient_global_metastore_id: Option<String>,
    ip_access_list: Option<Value>,
    properties_kvpairs: Option<Value>,
    tokens: Vec<RecipientToken>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RecipientToken {
    id: Uuid,
    created_at: i64,
    expiration_time: i64,
    activation_url: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RecipientBody {
    authentication_type: Option<String>,
    data_recipient_global_metastore_id: Option<String>,
    ip_access_list: Option<Value>,
    properties_kvpairs: Option<Value>,
    expiration_time: Option<i64>,
}

impl Kept for Recipient {
    const KIND: ObjectKind = ObjectKind::Recipient;
    const ROUTE: &'static str = "recipients";
    const LIST: &'static str = "recipients";
    const CREATE: Privilege = Privilege::CreateRecipient;
    type Body = RecipientBody;

    fn apply(&mut self, body: RecipientBody, is_new: bool) -> Result<Secret, ApiError> {
        if is_new {
            self.authentication_type = required(body.authentication_type, "authentication_type")?;
            match (self.authentication_type.as_str(), &body.data_recipient_global_metastore_id) {
                ("TOKEN", None) => self.tokens = vec![RecipientToken::new(body.expiration_time)],
                ("TOKEN", Some(_)) => {
                    return Err(ApiError::invalid(
                        "A recipient with tokens has no data_recipient_global_metastore_id.",
                    ));
                }
                ("DATABRICKS", Some(_)) => {
                    self.data_recipient_global_metastore_id = body.data_recipient_global_metastore_id
                }
                ("DATABRICKS", None) => {
                    return Err(ApiError::invalid("Required field data_recipient_global_metastore_id is missing."));
                }
                (other, _) => return Err(ApiError::invalid(format!("'{other}' is not an authentication type."))),
            }
        }
        self.ip_access_list = body.ip_access_list.or_else(|| self.ip_access_list.take());
        self.properties_kvpairs = body.properties_kvpairs.or_else(|| self.properties_kvpairs.take());
        Ok(None)
    }
}

impl RecipientToken {
    fn new(expires: Option<i64>) -> Self {
        let now = crate::clock::now().timestamp_millis();
        Self {
            id: Uuid::new_v4(),
            created_at: now,
            expiration_time: expires.unwrap_or(now + TOKEN_MS),
            activation_url: format!("https://local.invalid/delta_sharing/retrieve_config.html?{}", Uuid::new_v4()),
        }
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct Rotate {
    existing_token_expire_in_seconds: i64,
}

/// Gives a recipient a new token; the old ones end after the given time.
pub(crate) async fn rotate(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path(name): Path<String>,
    OptionalBody(body): OptionalBody<Rotate>,
) -> Result<Json<Value>, ApiError> {
    let (name, mut info) = managed::<Recipient>(&unity, &user, &name).await?;
    if info.fields.authentication_type != "TOKEN" {
        return Err(ApiError::invalid("Only recipients of the authentication type TOKEN have tokens."));
    }
    let now = crate::clock::now().timestamp_millis();
    let end = now.saturating_add(body.existing_token_expire_in_seconds.max(0).saturating_mul(1_000));
    for token in &mut info.fields.tokens {
        token.expiration_time = token.expiration_time.min(end);
    }
    info.fields.tokens.retain(|token| token.expiration_time > now);
    info.fields.tokens.push(RecipientToken::new(None));
    let info = put(&unity, &user, (&name, &name), info, None).await?;
    Ok(Json(super::answer(&unity, &name, info)?))
}

#[derive(Debug, Deserialize)]
pub(crate) struct Changes {
    #[serde(default)]
    changes: Vec<Change>,
}

#[derive(Debug, Deserialize)]
struct Change {
    principal: String,
    #[serde(default)]
    add: Vec<String>,
    #[serde(default)]
    remove: Vec<String>,
}

/// Which recipients a share is for.
pub(crate) async fn permissions(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let (name, _) = seen::<Share>(&unity, &user, &name).await?;
    let mut given: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for grant in unity.catalog.grants(&name).await?.into_iter().filter(|grant| grant.kind == Share::KIND.name()) {
        given.entry(grant.principal).or_default().push(grant.privilege.replace(' ', "_"));
    }
    let given =
        given.into_iter().map(|(principal, privileges)| json!({"principal": principal, "privileges": privileges}));
    Ok(Json(json!({"privilege_assignments": given.collect::<Vec<_>>()})))
}

/// Gives a share to recipients or takes it from them.
pub(crate) async fn change_permissions(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path(name): Path<String>,
    OptionalBody(body): OptionalBody<Changes>,
) -> Result<Json<Value>, ApiError> {
    let (name, _) = managed::<Share>(&unity, &user, &name).await?;
    let (mut add, mut remove) = (Vec::new(), Vec::new());
    for change in body.changes {
        let principal = change.principal.to_lowercase();
        for (names, list) in [(&change.add, &mut add), (&change.remove, &mut remove)] {
            for privilege in names {
                if privilege != "SELECT" {
                    return Err(ApiError::invalid(format!(
                        "'{privilege}' is not a privilege of shares; only SELECT is."
                    )));
                }
                list.push((principal.clone(), Privilege::Select));
            }
        }
        let recipient = Securable::Object(ObjectKind::Recipient, principal);
        if !change.add.is_empty() {
            unity.check_exists(&recipient).await?;
        }
    }
    unity.catalog.change_grants(&Securable::Object(Share::KIND, name.clone()), &add, &remove).await?;
    permissions(State(unity), Caller(user), Path(name)).await
}

/// Which shares a recipient was given.
pub(crate) async fn share_permissions(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let (name, _) = seen::<Recipient>(&unity, &user, &name).await?;
    let mut out = Vec::new();
    for (share, _) in unity.catalog.objects::<Share>(Share::KIND).await? {
        let grants = unity.catalog.grants(&share).await?;
        if grants.iter().any(|grant| grant.kind == Share::KIND.name() && grant.principal == name) {
            let assigned = json!([{"principal": name, "privileges": ["SELECT"]}]);
            out.push(json!({"share_name": share, "privilege_assignments": assigned}));
        }
    }
    Ok(Json(json!({"permissions_out": out})))
}

/// Somebody that shares come from.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Provider {
    authentication_type: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ProviderBody {
    authentication_type: Option<String>,
    /// A file with a token; kept, and never shown.
    recipient_profile_str: Option<String>,
}

impl Kept for Provider {
    const KIND: ObjectKind = ObjectKind::Provider;
    const ROUTE: &'static str = "providers";
    const LIST: &'static str = "providers";
    const CREATE: Privilege = Privilege::CreateProvider;
    type Body = ProviderBody;

    fn apply(&mut self, body: ProviderBody, is_new: bool) -> Result<Secret, ApiError> {
        if is_new {
            self.authentication_type = required(body.authentication_type, "authentication_type")?;
        }
        Ok(body.recipient_profile_str.map(|profile| json!({"recipient_profile_str": profile})))
    }
}

/// No provider sends anything to a local workspace.
pub(crate) async fn provider_shares(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    seen::<Provider>(&unity, &user, &name).await?;
    Ok(Json(json!({"shares": []})))
}
