//! /api/2.0/permissions: who may do what with jobs, clusters, warehouses and workspace objects.
//!
//! Jobs and workspace objects belong to somebody, and their areas hold to what is given here. Clusters and warehouses are
//! everybody's in the local workspace, which is what their lists say.

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use serde::{Deserialize, Serialize};

use crate::{
    acls::{Acls, Entry, Level, PrincipalKind},
    compute::Compute,
    files::Objects,
    http::{Area, body::OptionalBody, error::ApiError},
    identity::{Caller, EVERYBODY},
    jobs::Jobs,
    sql::Sql,
};

/// Entries of one list; a bound against scripts gone wild.
const MAX_ENTRIES: usize = 1_000;

/// Levels that clusters, warehouses, jobs and workspace objects have.
const CLUSTER: &[Level] = &[Level::CanAttachTo, Level::CanRestart, Level::CanManage];
const WAREHOUSE: &[Level] = &[Level::CanUse, Level::CanMonitor, Level::CanView, Level::CanManage, Level::IsOwner];
const JOB: &[Level] = &[Level::CanView, Level::CanManageRun, Level::CanManage, Level::IsOwner];
const OBJECT: &[Level] = &[Level::CanRead, Level::CanRun, Level::CanEdit, Level::CanManage];

/// A kind of object, as paths name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Job,
    Cluster,
    Warehouse,
    /// `notebook`, `directory` or `file`.
    Object(&'static str),
}

impl Kind {
    fn parse(text: &str) -> Result<Self, ApiError> {
        Ok(match text {
            "jobs" => Self::Job,
            "clusters" => Self::Cluster,
            "warehouses" => Self::Warehouse,
            "notebooks" => Self::Object("notebook"),
            "directories" => Self::Object("directory"),
            "files" => Self::Object("file"),
            other => {
                let said = format!("The local workspace has no permissions on objects of the type '{other}'.");
                return Err(ApiError::invalid(said));
            }
        })
    }

    const fn levels(self) -> &'static [Level] {
        match self {
            Self::Job => JOB,
            Self::Cluster => CLUSTER,
            Self::Warehouse => WAREHOUSE,
            Self::Object(_) => OBJECT,
        }
    }

    /// What its owner has.
    fn owners(self) -> Level {
        self.levels().last().copied().unwrap_or(Level::CanManage)
    }

    const fn object_type(self) -> &'static str {
        match self {
            Self::Job => "job",
            Self::Cluster => "cluster",
            Self::Warehouse => "warehouses",
            Self::Object(word) => word,
        }
    }

    /// What its ids stand behind in answers.
    fn place(self) -> &'static str {
        match self {
            Self::Job => "/jobs/",
            Self::Cluster => "/clusters/",
            Self::Warehouse => "/sql/warehouses/",
            Self::Object("directory") => "/directories/",
            Self::Object("notebook") => "/notebooks/",
            Self::Object(_) => "/files/",
        }
    }
}

/// The area's state; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Permissions {
    pub(crate) acls: Acls,
    pub(crate) jobs: Jobs,
    pub(crate) compute: Compute,
    pub(crate) sql: Sql,
    pub(crate) objects: Objects,
}

/// An object and whose it is.
struct Found {
    /// As the access lists name it.
    object: String,
    /// As answers name it.
    shown: String,
    owner: Option<String>,
    /// Whether it is everybody's as well.
    is_open: bool,
}

#[derive(Debug, Serialize)]
struct Answer {
    object_id: String,
    object_type: &'static str,
    access_control_list: Vec<Control>,
}

#[derive(Debug, Default, Serialize)]
struct Control {
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_principal_name: Option<String>,
    all_permissions: Vec<Permission>,
}

#[derive(Debug, Serialize)]
struct Permission {
    permission_level: &'static str,
    inherited: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    inherited_from_object: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Levels {
    permission_levels: Vec<LevelAbout>,
}

#[derive(Debug, Serialize)]
struct LevelAbout {
    permission_level: &'static str,
    description: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Change {
    access_control_list: Vec<Given>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Given {
    user_name: Option<String>,
    group_name: Option<String>,
    service_principal_name: Option<String>,
    permission_level: String,
}

pub(crate) fn area(permissions: Permissions) -> Area {
    // The one type whose name has a slash has another name without one.
    let warehouse = "/api/2.0/permissions/sql/warehouses";
    let closed = Router::new()
        .route("/api/2.0/permissions/{kind}/{id}", get(show).put(set).patch(update))
        .route("/api/2.0/permissions/{kind}/{id}/permissionLevels", get(levels))
        .route(
            &format!("{warehouse}/{{id}}"),
            get(|permissions, caller, Path(id): Path<String>| show(permissions, caller, named(id)))
                .put(|permissions, caller, Path(id): Path<String>, body| set(permissions, caller, named(id), body))
                .patch(|permissions, caller, Path(id): Path<String>, body| {
                    update(permissions, caller, named(id), body)
                }),
        )
        .route(
            &format!("{warehouse}/{{id}}/permissionLevels"),
            get(|permissions, caller, Path(id): Path<String>| levels(permissions, caller, named(id))),
        );
    Area { closed: closed.with_state(permissions), open: Router::new() }
}

fn named(id: String) -> Path<(String, String)> {
    Path(("warehouses".to_owned(), id))
}

type Named = Path<(String, String)>;

async fn show(
    State(permissions): State<Permissions>,
    Caller(user): Caller,
    Path((kind, id)): Named,
) -> Result<Json<Answer>, ApiError> {
    let kind = Kind::parse(&kind)?;
    let found = permissions.find(kind, &id, &user, false).await?;
    permissions.answer(kind, found).await.map(Json)
}

/// PUT: what is not said is taken back.
async fn set(
    permissions: State<Permissions>,
    caller: Caller,
    named: Named,
    body: OptionalBody<Change>,
) -> Result<Json<Answer>, ApiError> {
    change(permissions, caller, named, body, true).await
}

/// PATCH: what is not said stays.
async fn update(
    permissions: State<Permissions>,
    caller: Caller,
    named: Named,
    body: OptionalBody<Change>,
) -> Result<Json<Answer>, ApiError> {
    change(permissions, caller, named, body, false).await
}

async fn change(
    State(permissions): State<Permissions>,
    Caller(user): Caller,
    Path((kind, id)): Named,
    OptionalBody(change): OptionalBody<Change>,
    replace: bool,
) -> Result<Json<Answer>, ApiError> {
    let kind = Kind::parse(&kind)?;
    let found = permissions.find(kind, &id, &user, true).await?;
    if change.access_control_list.len() > MAX_ENTRIES {
        return Err(ApiError::invalid(format!("An access control list has at most {MAX_ENTRIES} entries.")));
    }
    let mut entries = Vec::new();
    for given in change.access_control_list {
        let entry = entry(kind, given)?;
        let is_owner = found.owner.as_ref() == Some(&entry.principal);
        if entry.level == Level::IsOwner && !is_owner {
            let owner = found.owner.as_deref().unwrap_or("nobody");
            let said = format!("The local workspace changes no owners; the {} is {owner}'s.", kind.object_type());
            return Err(ApiError::invalid(said));
        }
        // What the owner has is not given.
        if !is_owner {
            entries.push(entry);
        }
    }
    permissions.acls.give(&found.object, &entries, replace).await?;
    permissions.answer(kind, found).await.map(Json)
}

async fn levels(
    State(permissions): State<Permissions>,
    Caller(user): Caller,
    Path((kind, id)): Named,
) -> Result<Json<Levels>, ApiError> {
    let kind = Kind::parse(&kind)?;
    permissions.find(kind, &id, &user, false).await?;
    let about = |level: &Level| {
        let words = level.as_str().to_lowercase().replace('_', " ");
        LevelAbout { permission_level: level.as_str(), description: format!("{words} the {}", kind.object_type()) }
    };
    Ok(Json(Levels { permission_levels: kind.levels().iter().map(about).collect() }))
}

/// Reads what is to be given.
fn entry(kind: Kind, given: Given) -> Result<Entry, ApiError> {
    let (principal_kind, principal) = match (given.user_name, given.group_name, given.service_principal_name) {
        (Some(name), None, None) => (PrincipalKind::User, name),
        (None, Some(name), None) => (PrincipalKind::Group, name),
        (None, None, Some(name)) => (PrincipalKind::ServicePrincipal, name),
        _ => {
            let said = "Exactly one of user_name, group_name and service_principal_name must be given.";
            return Err(ApiError::invalid(said));
        }
    };
    let level =
        Level::parse(&given.permission_level).filter(|level| kind.levels().contains(level)).ok_or_else(|| {
            let known: Vec<_> = kind.levels().iter().map(|level| level.as_str()).collect();
            let said = format!(
                "'{}' is not a permission level of a {}: {}.",
                given.permission_level,
                kind.object_type(),
                known.join(", ")
            );
            ApiError::invalid(said)
        })?;
    if principal.trim().is_empty() {
        return Err(ApiError::invalid("The name of a principal is empty."));
    }
    Ok(Entry { kind: principal_kind, principal, level })
}

impl Permissions {
    /// An object that the user may see, or may manage.
    async fn find(&self, kind: Kind, id: &str, user: &str, manage: bool) -> Result<Found, ApiError> {
        let shown = format!("{}{id}", kind.place());
        let number = || id.parse::<i64>().map_err(|_| ApiError::invalid(format!("'{id}' is no id.")));
        match kind {
            Kind::Job => {
                let id = number()?;
                let least = if manage { Level::CanManage } else { Level::CanView };
                let owner = self.jobs.owner_for(id, user, least).await?;
                Ok(Found { object: format!("jobs/{id}"), shown, owner: Some(owner), is_open: false })
            }
            Kind::Object(word) => {
                let (object, owner) = self.objects.owner_for(number()?, word, user, manage).await?;
                let is_open = owner.is_none();
                Ok(Found { object, shown, owner, is_open })
            }
            Kind::Cluster => {
                let owner = self.compute.creator_of(id).await?;
                Ok(Found { object: format!("clusters/{id}"), shown, owner: Some(owner), is_open: true })
            }
            Kind::Warehouse => {
                let owner = self.sql.creator_of(id).await?;
                Ok(Found { object: format!("warehouses/{id}"), shown, owner: Some(owner), is_open: true })
            }
        }
    }

    async fn answer(&self, kind: Kind, found: Found) -> Result<Answer, ApiError> {
        let own = |level: Level| Permission {
            permission_level: level.as_str(),
            inherited: false,
            inherited_from_object: Vec::new(),
        };
        let mut list = Vec::new();
        list.extend(found.owner.map(|owner| Control {
            user_name: Some(owner),
            all_permissions: vec![own(kind.owners())],
            ..Control::default()
        }));
        for Entry { kind, principal, level } in self.acls.entries(&found.object).await? {
            let control = Control { all_permissions: vec![own(level)], ..Control::default() };
            list.push(match kind {
                PrincipalKind::User => Control { user_name: Some(principal), ..control },
                PrincipalKind::Group => Control { group_name: Some(principal), ..control },
                PrincipalKind::ServicePrincipal => Control { service_principal_name: Some(principal), ..control },
            });
        }
        if found.is_open {
            let from = vec![kind.place().to_owned()];
            let permission = Permission {
                permission_level: Level::CanManage.as_str(),
                inherited: true,
                inherited_from_object: from,
            };
            list.push(Control {
                group_name: Some(EVERYBODY.to_owned()),
                all_permissions: vec![permission],
                ..Control::default()
            });
        }
        Ok(Answer { object_id: found.shown, object_type: kind.object_type(), access_control_list: list })
    }
}
