//! /api/2.0/preview/scim/v2: users, groups and service principals, to be read; they come from how the workspace was
//! started.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    auth::Caller,
    directory::{ADMINS, EVERYBODY, Kind, Principal, user_id},
    state::Identity,
};
use crate::http::query::Params;

const LIST_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
const ERROR_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
const USER_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const SERVICE_PRINCIPAL_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:ServicePrincipal";

/// Entries of one page at most.
const MAX_PAGE: usize = 1_000;

/// What a list is asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Query {
    filter: Option<String>,
    /// From one.
    start_index: Option<usize>,
    count: Option<usize>,
}

/// An error answer in SCIM's shape.
#[derive(Debug)]
pub(super) struct ScimError(StatusCode, String);

impl IntoResponse for ScimError {
    fn into_response(self) -> Response {
        let Self(status, detail) = self;
        (status, Json(json!({"schemas": [ERROR_SCHEMA], "detail": detail, "status": status.as_u16().to_string()})))
            .into_response()
    }
}

type Answer = Result<Json<Value>, ScimError>;

/// The number of a group.
fn group_id(name: &str) -> String {
    user_id(name).to_string()
}

fn principal(it: &Principal) -> Value {
    let groups: Vec<_> =
        it.groups().map(|name| json!({"display": name, "type": "direct", "value": group_id(name)})).collect();
    let entitlements = json!([{"value": "workspace-access"}, {"value": "databricks-sql-access"}]);
    let mut about = json!({
        "id": it.id().to_string(), "displayName": it.display_name, "active": true,
        "entitlements": entitlements, "groups": groups,
    });
    let more = match it.kind {
        Kind::User => json!({
            "schemas": [USER_SCHEMA], "userName": it.name, "name": {"givenName": it.display_name},
            "emails": [{"type": "work", "value": it.name, "primary": true}],
        }),
        Kind::ServicePrincipal => json!({"schemas": [SERVICE_PRINCIPAL_SCHEMA], "applicationId": it.name}),
    };
    if let (Some(about), Value::Object(more)) = (about.as_object_mut(), more) {
        about.extend(more);
    }
    about
}

/// The caller; a service principal has its application id for a user's name.
pub(super) async fn me(State(identity): State<Identity>, Caller(user): Caller) -> Answer {
    let found = identity.directory.get(&user);
    let mut about = found.map(principal).ok_or_else(|| missing("User", &user))?;
    if let Some(fields) = about.as_object_mut() {
        fields.insert("userName".to_owned(), user.into());
    }
    Ok(Json(about))
}

pub(super) async fn users(State(identity): State<Identity>, Params(query): Params<Query>) -> Answer {
    list(principals(&identity, Kind::User), &query)
}

pub(super) async fn user(State(identity): State<Identity>, Path(id): Path<String>) -> Answer {
    one(principals(&identity, Kind::User), "User", &id)
}

pub(super) async fn service_principals(State(identity): State<Identity>, Params(query): Params<Query>) -> Answer {
    list(principals(&identity, Kind::ServicePrincipal), &query)
}

pub(super) async fn service_principal(State(identity): State<Identity>, Path(id): Path<String>) -> Answer {
    one(principals(&identity, Kind::ServicePrincipal), "ServicePrincipal", &id)
}

pub(super) async fn groups(State(identity): State<Identity>, Params(query): Params<Query>) -> Answer {
    list(all_groups(&identity), &query)
}

pub(super) async fn group(State(identity): State<Identity>, Path(id): Path<String>) -> Answer {
    one(all_groups(&identity), "Group", &id)
}

fn principals(identity: &Identity, kind: Kind) -> Vec<Value> {
    identity.directory.all().filter(|it| it.kind == kind).map(principal).collect()
}

fn all_groups(identity: &Identity) -> Vec<Value> {
    let group = |name: &str| {
        let is_in = |it: &&Principal| it.groups().any(|group| group == name);
        let members = identity.directory.all().filter(is_in).map(|it| {
            let folder = if it.kind == Kind::User { "Users" } else { "ServicePrincipals" };
            json!({"display": it.display_name, "value": it.id().to_string(), "$ref": format!("{folder}/{}", it.id())})
        });
        json!({
            "schemas": [GROUP_SCHEMA], "id": group_id(name), "displayName": name, "members": members.collect::<Vec<_>>(),
            "groups": [], "entitlements": [], "meta": {"resourceType": "WorkspaceGroup"},
        })
    };
    [ADMINS, EVERYBODY].map(group).into()
}

fn missing(kind: &str, id: &str) -> ScimError {
    ScimError(StatusCode::NOT_FOUND, format!("{kind} with id {id} not found."))
}

fn one(all: Vec<Value>, kind: &str, id: &str) -> Answer {
    let found = all.into_iter().find(|it| it.get("id").and_then(Value::as_str) == Some(id));
    found.map(Json).ok_or_else(|| missing(kind, id))
}

fn list(mut all: Vec<Value>, query: &Query) -> Answer {
    if let Some(filter) = query.filter.as_deref().filter(|filter| !filter.trim().is_empty()) {
        let Filter { field, is } = Filter::parse(filter)?;
        all.retain(|it| it.get(&field).and_then(Value::as_str).is_some_and(&is));
    }
    let total = all.len();
    let start = query.start_index.unwrap_or(1).max(1);
    let page: Vec<_> = all.into_iter().skip(start - 1).take(query.count.unwrap_or(MAX_PAGE).min(MAX_PAGE)).collect();
    Ok(Json(json!({
        "schemas": [LIST_SCHEMA], "totalResults": total, "startIndex": start, "itemsPerPage": page.len(), "Resources": page,
    })))
}

/// One comparison, which is what clients send.
struct Filter {
    field: String,
    is: Box<dyn Fn(&str) -> bool + Send>,
}

impl Filter {
    /// `userName eq "ann@example.com"`; letters count alike in both cases, as SCIM has it.
    fn parse(text: &str) -> Result<Self, ScimError> {
        let invalid = || {
            let said =
                format!("The filter {text:?} is not supported: write one comparison, such as userName eq \"x\".");
            ScimError(StatusCode::BAD_REQUEST, said)
        };
        let mut parts = text.trim().splitn(3, ' ');
        let (Some(field), Some(operator), Some(value)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(invalid());
        };
        let value = value.trim();
        let bare = value.strip_prefix('"').map_or(Some(value), |rest| rest.strip_suffix('"')).ok_or_else(invalid)?;
        if bare.contains('"') || (bare == value && bare.contains(' ')) {
            return Err(invalid());
        }
        let wanted = bare.to_lowercase();
        let fields = ["userName", "displayName", "applicationId", "id"];
        let field = fields.into_iter().find(|known| known.eq_ignore_ascii_case(field)).ok_or_else(invalid)?;
        let is: Box<dyn Fn(&str) -> bool + Send> = match operator.to_lowercase().as_str() {
            "eq" => Box::new(move |text| text.to_lowercase() == wanted),
            "ne" => Box::new(move |text| text.to_lowercase() != wanted),
            "co" => Box::new(move |text| text.to_lowercase().contains(&wanted)),
            "sw" => Box::new(move |text| text.to_lowercase().starts_with(&wanted)),
            _ => return Err(invalid()),
        };
        Ok(Self { field: field.to_owned(), is })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_one_comparison() {
        for (filter, text, fits) in [
            ("userName eq \"ann@x\"", "Ann@x", true),
            ("username eq ann@x", "ann@x", true),
            ("displayName sw \"an\"", "ann", true),
            ("displayName co \"x y\"", "a x y", true),
            ("id ne \"1\"", "1", false),
        ] {
            assert_eq!((Filter::parse(filter).ok().unwrap().is)(text), fits, "{filter}");
        }
        for bad in [
            "",
            "userName",
            "userName eq",
            "userName pr x",
            "nosuch eq \"x\"",
            "userName eq \"x\" or id eq \"y\"",
            "id eq \"x",
        ] {
            assert!(Filter::parse(bad).is_err(), "{bad}");
        }
    }
}
