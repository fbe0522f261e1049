//! /api/2.1/unity-catalog/permissions and effective-permissions

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
};
use serde::{Deserialize, Serialize};

use crate::{
    catalog::{
        names::Securable,
        rights::{Effective, Privilege},
    },
    http::{body::OptionalBody, error::ApiError, query::Params},
    identity::Caller,
    unity::{Unity, path::securable},
};

#[derive(Debug, Serialize)]
pub(crate) struct Assignments<P> {
    privilege_assignments: Vec<Assignment<P>>,
}

#[derive(Debug, Serialize)]
struct Assignment<P> {
    principal: String,
    privileges: Vec<P>,
}

/// A privilege with where it comes from, when it is not the object itself.
#[derive(Debug, Serialize)]
pub(crate) struct Counting {
    privilege: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    inherited_from_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inherited_from_type: Option<&'static str>,
}

/// Whose privileges are wanted; everybody's when left out.
#[derive(Debug, Deserialize)]
pub(crate) struct Filter {
    principal: Option<String>,
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

/// What is granted on the object itself.
pub(crate) async fn get(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path((kind, name)): Path<(String, String)>,
    Params(filter): Params<Filter>,
) -> Result<Json<Assignments<String>>, ApiError> {
    let on = securable(&kind, &name)?;
    let counting = shown(&unity, &user, &on, filter.principal.as_deref()).await?;
    let own = counting.into_iter().filter(|given| given.from.is_none());
    Ok(by_principal(own.map(|given| (given.principal, given.privilege.api_name()))))
}

/// What a principal holds on an object, with what comes from the objects around it.
pub(crate) async fn effective(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path((kind, name)): Path<(String, String)>,
    Params(filter): Params<Filter>,
) -> Result<Json<Assignments<Counting>>, ApiError> {
    let on = securable(&kind, &name)?;
    let counting = shown(&unity, &user, &on, filter.principal.as_deref()).await?;
    let counting = counting.into_iter().map(|given| {
        let counts = Counting {
            privilege: given.privilege.api_name(),
            inherited_from_name: given.from.as_ref().map(Securable::full_name),
            inherited_from_type: given.from.as_ref().map(Securable::kind),
        };
        (given.principal, counts)
    });
    Ok(by_principal(counting))
}

/// What counts on an object, as far as a user may know: who manages it sees all, others what is theirs.
async fn shown(unity: &Unity, user: &str, on: &Securable, principal: Option<&str>) -> Result<Vec<Effective>, ApiError> {
    unity.check_exists(on).await?;
    let subject = unity.catalog.subject(user);
    let chain = unity.catalog.chain(on).await?;
    let sees_all = chain.check(&subject, Privilege::Manage).is_ok();
    if !sees_all && *on != Securable::Metastore {
        chain.check_seen(&subject)?;
    }
    let mut found = chain.effective();
    found.retain(|given| {
        (sees_all || subject.is(&given.principal)) && principal.is_none_or(|principal| given.principal == principal)
    });
    Ok(found)
}

fn by_principal<P>(given: impl Iterator<Item = (String, P)>) -> Json<Assignments<P>> {
    let mut found: BTreeMap<String, Vec<P>> = BTreeMap::new();
    for (principal, privilege) in given {
        found.entry(principal).or_default().push(privilege);
    }
    let list = found.into_iter().map(|(principal, privileges)| Assignment { principal, privileges });
    Json(Assignments { privilege_assignments: list.collect() })
}

/// All changes of one request are checked before the first is made, and made together.
pub(crate) async fn update(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path((kind, name)): Path<(String, String)>,
    OptionalBody(body): OptionalBody<Changes>,
) -> Result<Json<Assignments<String>>, ApiError> {
    let on = securable(&kind, &name)?;
    unity.check_exists(&on).await?;
    unity.check(&user, &on, Privilege::Manage).await?;
    let (mut add, mut remove) = (Vec::new(), Vec::new());
    for change in body.changes {
        if change.principal.is_empty() {
            return Err(ApiError::invalid("Required field principal is missing."));
        }
        let added = privileges(&change.add, &on)?;
        let removed = privileges(&change.remove, &on)?;
        if added.iter().any(|privilege| removed.contains(privilege)) {
            let message = format!("Duplicate privileges to add and delete for principal {}.", change.principal);
            return Err(ApiError::invalid(message));
        }
        add.extend(added.into_iter().map(|privilege| (change.principal.clone(), privilege)));
        remove.extend(removed.into_iter().map(|privilege| (change.principal.clone(), privilege)));
    }
    unity.catalog.change_grants(&on, &add, &remove).await?;
    get(State(unity), Caller(user), Path((kind, name)), Params(Filter { principal: None })).await
}

fn privileges(names: &[String], on: &Securable) -> Result<Vec<Privilege>, ApiError> {
    let read = |name: &String| {
        let privilege =
            Privilege::parse(name).ok_or_else(|| ApiError::invalid(format!("'{name}' is not a privilege.")))?;
        if privilege.applies_to(on) {
            return Ok(privilege);
        }
        let (privilege, kind) = (privilege.api_name(), on.kind());
        let message = format!("Privilege {privilege} is not applicable to this entity [{}:{kind}].", on.full_name());
        Err(ApiError::invalid(message))
    };
    names.iter().map(read).collect()
}
