//! /api/2.1/unity-catalog/permissions and effective-permissions

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
};
use serde::{Deserialize, Serialize};

use crate::{
    catalog::names::Securable,
    http::{body::OptionalBody, error::ApiError},
    identity::Caller,
    sql::language::command::Command,
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
pub(crate) struct Effective {
    privilege: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    inherited_from_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inherited_from_type: Option<&'static str>,
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

pub(crate) async fn get(
    State(unity): State<Unity>,
    Path((kind, name)): Path<(String, String)>,
) -> Result<Json<Assignments<String>>, ApiError> {
    let on = securable(&kind, &name)?;
    assignments(&unity, &[on], |privilege, _| privilege).await
}

/// What a principal holds on an object, with what comes from the objects around it.
pub(crate) async fn effective(
    State(unity): State<Unity>,
    Path((kind, name)): Path<(String, String)>,
) -> Result<Json<Assignments<Effective>>, ApiError> {
    let on = securable(&kind, &name)?;
    let mut chain = vec![on.clone()];
    match &on {
        Securable::Table(t) | Securable::View(t) | Securable::Function(t) | Securable::Volume(t) => {
            chain.push(Securable::Schema(t.schema_name()));
            chain.push(Securable::Catalog(t.catalog.clone()));
        }
        Securable::Schema(s) => chain.push(Securable::Catalog(s.catalog.clone())),
        Securable::Catalog(_) | Securable::Metastore => {}
    }
    let held = |privilege, from: &Securable| {
        let inherited = *from != on;
        Effective {
            privilege,
            inherited_from_name: inherited.then(|| from.full_name()),
            inherited_from_type: inherited.then(|| from.kind()),
        }
    };
    assignments(&unity, &chain, held).await
}

async fn assignments<P>(
    unity: &Unity,
    chain: &[Securable],
    held: impl Fn(String, &Securable) -> P,
) -> Result<Json<Assignments<P>>, ApiError> {
    let mut by_principal: BTreeMap<String, Vec<P>> = BTreeMap::new();
    for on in chain {
        let grants = unity.catalog.grants(&on.full_name()).await?;
        for grant in grants.into_iter().filter(|grant| grant.kind == on.kind()) {
            let privilege = held(grant.privilege.replace(' ', "_"), on);
            by_principal.entry(grant.principal).or_default().push(privilege);
        }
    }
    let list = by_principal.into_iter().map(|(principal, privileges)| Assignment { principal, privileges });
    Ok(Json(Assignments { privilege_assignments: list.collect() }))
}

pub(crate) async fn update(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path((kind, name)): Path<(String, String)>,
    OptionalBody(body): OptionalBody<Changes>,
) -> Result<Json<Assignments<String>>, ApiError> {
    let on = securable(&kind, &name)?;
    for change in &body.changes {
        if change.add.iter().any(|p| change.remove.contains(p)) {
            let message = format!("Duplicate privileges to add and delete for principal {}.", change.principal);
            return Err(ApiError::invalid(message));
        }
    }
    let spaced = |list: Vec<String>| list.into_iter().map(|p| p.replace('_', " ").to_uppercase()).collect::<Vec<_>>();
    for Change { principal, add, remove } in body.changes {
        if !add.is_empty() {
            let privileges = spaced(add);
            unity.run(&user, Command::Grant { privileges, on: on.clone(), principal: principal.clone() }).await?;
        }
        if !remove.is_empty() {
            unity.run(&user, Command::Revoke { privileges: spaced(remove), on: on.clone(), principal }).await?;
        }
    }
    get(State(unity), Path((kind, name))).await
}
