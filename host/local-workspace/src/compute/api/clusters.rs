//! /api/2.1/clusters

use axum::{
    Json,
    extract::{Query, State as Extract},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    compute::{
        clusters::{NODE_TYPES, Refused, completed, expect},
        model::{Cluster, Event, Reason, Spec, State},
        state::Compute,
    },
    http::{
        Empty,
        body::{Body, OptionalBody},
        error::ApiError,
        query::Params,
    },
    identity::Caller,
};

/// Entries of one page when the caller does not say, and at most.
const PAGE: usize = 20;
const MAX_PAGE: usize = 100;

type Done = Result<Json<Empty>, ApiError>;

#[derive(Debug, Serialize)]
pub(in crate::compute) struct Created {
    cluster_id: String,
}

/// Names one cluster.
#[derive(Debug, Deserialize)]
pub(in crate::compute) struct One {
    #[serde(default)]
    cluster_id: String,
}

#[derive(Debug, Deserialize)]
pub(in crate::compute) struct Update {
    #[serde(default)]
    cluster_id: String,
    #[serde(default)]
    update_mask: String,
    #[serde(default)]
    cluster: Spec,
}

#[derive(Debug, Deserialize)]
pub(in crate::compute) struct Resize {
    #[serde(default)]
    cluster_id: String,
    num_workers: Option<Value>,
    autoscale: Option<Value>,
}

#[derive(Debug, Deserialize)]
pub(in crate::compute) struct ChangeOwner {
    #[serde(default)]
    cluster_id: String,
    #[serde(default)]
    owner_username: String,
}

#[derive(Debug, Deserialize)]
pub(in crate::compute) struct Events {
    #[serde(default)]
    cluster_id: String,
    #[serde(default)]
    order: Option<String>,
    #[serde(default)]
    offset: usize,
    #[serde(default)]
    limit: Option<usize>,
}

pub(in crate::compute) async fn create(
    Extract(compute): Extract<Compute>,
    Caller(user): Caller,
    OptionalBody(spec): OptionalBody<Spec>,
) -> Result<Json<Created>, ApiError> {
    Ok(Json(Created { cluster_id: compute.clusters.create(spec, &user).await?.id }))
}

pub(in crate::compute) async fn get(
    Extract(compute): Extract<Compute>,
    Params(one): Params<One>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(shown(compute.clusters.get(&one.cluster_id).await?)))
}

/// What a list is asked for: names may be repeated.
#[derive(Debug, Default)]
struct Asked {
    states: Vec<String>,
    sources: Vec<String>,
    pinned: Option<bool>,
    policy: Option<String>,
    by_name: bool,
    descending: bool,
    size: usize,
    offset: usize,
}

impl Asked {
    fn read(query: Vec<(String, String)>) -> Result<Self, ApiError> {
        let mut asked = Self { size: PAGE, ..Self::default() };
        for (name, value) in query {
            let invalid = || ApiError::invalid(format!("The value '{value}' of {name} is not valid."));
            match name.as_str() {
                "filter_by.cluster_states" => asked.states.extend(value.split(',').map(str::to_owned)),
                "filter_by.cluster_sources" => asked.sources.extend(value.split(',').map(str::to_owned)),
                "filter_by.is_pinned" => asked.pinned = Some(value.parse().map_err(|_| invalid())?),
                "filter_by.policy_id" => asked.policy = Some(value),
                "sort_by.field" => asked.by_name = value == "CLUSTER_NAME",
                "sort_by.direction" => asked.descending = value == "DESC",
                "page_size" => {
                    let size: usize = value.parse().map_err(|_| invalid())?;
                    asked.size = if size == 0 { PAGE } else { size.min(MAX_PAGE) };
                }
                "page_token" if !value.is_empty() => asked.offset = value.parse().map_err(|_| invalid())?,
                _ => {}
            }
        }
        Ok(asked)
    }

    fn wants(&self, cluster: &Cluster) -> bool {
        let is = |wanted: &[String], word: &str| wanted.is_empty() || wanted.iter().any(|other| other == word);
        is(&self.states, &state_name(cluster.state()))
            && is(&self.sources, "API")
            && self.pinned.is_none_or(|pinned| pinned == cluster.pinned)
            && self.policy.as_deref().is_none_or(|policy| policy == cluster.text("policy_id"))
    }
}

fn state_name(state: State) -> String {
    state.word().to_uppercase()
}

pub(in crate::compute) async fn list(
    Extract(compute): Extract<Compute>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Json<Value>, ApiError> {
    let asked = Asked::read(query)?;
    let mut found: Vec<_> = compute.clusters.list().await?.into_iter().filter(|c| asked.wants(c)).collect();
    if asked.by_name {
        found.sort_by_key(|cluster| cluster.text("cluster_name").to_lowercase());
    }
    if asked.descending {
        found.reverse();
    }
    let all = found.len();
    let page: Vec<_> = found.into_iter().skip(asked.offset).take(asked.size).map(shown).collect();
    let end = asked.offset.saturating_add(page.len());
    let mut answer = json!({"clusters": page});
    if let Some(fields) = answer.as_object_mut() {
        if end < all {
            fields.insert("next_page_token".to_owned(), end.to_string().into());
        }
        if asked.offset > 0 {
            fields.insert("prev_page_token".to_owned(), asked.offset.saturating_sub(asked.size).to_string().into());
        }
    }
    Ok(Json(answer))
}

pub(in crate::compute) async fn edit(
    Extract(compute): Extract<Compute>,
    Caller(user): Caller,
    Body(spec): Body<Spec>,
) -> Done {
    let id = spec.get("cluster_id").and_then(Value::as_str).unwrap_or_default().to_owned();
    replace(&compute, &id, move |_| completed(spec, &user)).await
}

pub(in crate::compute) async fn update(
    Extract(compute): Extract<Compute>,
    Caller(user): Caller,
    Body(update): Body<Update>,
) -> Done {
    if update.update_mask.trim().is_empty() {
        return Err(ApiError::invalid("Missing required field: update_mask"));
    }
    replace(&compute, &update.cluster_id, move |cluster| {
        let mut spec = cluster.spec.clone();
        for field in update.update_mask.split(',').map(str::trim) {
            if field.contains('.') {
                let message = format!("The local workspace updates whole fields only, and not {field}.");
                return Err(Refused::Invalid(message));
            }
            match update.cluster.get(field) {
                Some(value) => drop(spec.insert(field.to_owned(), value.clone())),
                None => drop(spec.remove(field)),
            }
            // One of the two at a time.
            match field {
                "num_workers" => drop(spec.remove("autoscale")),
                "autoscale" => drop(spec.remove("num_workers")),
                _ => {}
            }
        }
        completed(spec, &user)
    })
    .await
}

async fn replace(compute: &Compute, id: &str, spec: impl FnOnce(&Cluster) -> Result<Spec, Refused> + Send) -> Done {
    let edit = |cluster: &mut Cluster, now| {
        expect(cluster, &[State::Running, State::Terminated])?;
        cluster.edited(spec(cluster)?, now);
        Ok(())
    };
    compute.clusters.change(id, edit).await?;
    compute.contexts.leave(id).await;
    Ok(Json(Empty {}))
}

pub(in crate::compute) async fn start(Extract(compute): Extract<Compute>, Body(one): Body<One>) -> Done {
    let start = |cluster: &mut Cluster, now| {
        expect(cluster, &[State::Terminated])?;
        cluster.start(now);
        Ok(())
    };
    compute.clusters.change(&one.cluster_id, start).await?;
    Ok(Json(Empty {}))
}

pub(in crate::compute) async fn restart(Extract(compute): Extract<Compute>, Body(one): Body<One>) -> Done {
    let restart = |cluster: &mut Cluster, now| {
        expect(cluster, &[State::Running])?;
        cluster.restart(now);
        Ok(())
    };
    compute.clusters.change(&one.cluster_id, restart).await?;
    compute.contexts.leave(&one.cluster_id).await;
    Ok(Json(Empty {}))
}

pub(in crate::compute) async fn resize(
    Extract(compute): Extract<Compute>,
    Caller(user): Caller,
    Body(resize): Body<Resize>,
) -> Done {
    let edit = move |cluster: &mut Cluster, now| {
        if cluster.state() != State::Running {
            return Err(Refused::State(format!("Cluster {} is not running.", cluster.id)));
        }
        let mut spec = cluster.spec.clone();
        spec.remove("num_workers");
        spec.remove("autoscale");
        spec.extend(resize.num_workers.map(|workers| ("num_workers".to_owned(), workers)));
        spec.extend(resize.autoscale.map(|scale| ("autoscale".to_owned(), scale)));
        cluster.spec = completed(spec, &user)?;
        cluster.resize(now);
        Ok(())
    };
    compute.clusters.change(&resize.cluster_id.clone(), edit).await?;
    Ok(Json(Empty {}))
}

/// POST delete: terminates; what is terminated stays so.
pub(in crate::compute) async fn terminate(Extract(compute): Extract<Compute>, Body(one): Body<One>) -> Done {
    let end = |cluster: &mut Cluster, now| {
        if !matches!(cluster.state(), State::Terminating | State::Terminated) {
            cluster.terminate(now);
        }
        Ok(())
    };
    compute.clusters.change(&one.cluster_id, end).await?;
    compute.contexts.leave(&one.cluster_id).await;
    Ok(Json(Empty {}))
}

/// POST permanent-delete
pub(in crate::compute) async fn delete(Extract(compute): Extract<Compute>, Body(one): Body<One>) -> Done {
    compute.clusters.remove(&one.cluster_id).await?;
    compute.contexts.leave(&one.cluster_id).await;
    Ok(Json(Empty {}))
}

pub(in crate::compute) async fn pin(compute: Extract<Compute>, one: Body<One>) -> Done {
    set_pinned(compute, one, true).await
}

pub(in crate::compute) async fn unpin(compute: Extract<Compute>, one: Body<One>) -> Done {
    set_pinned(compute, one, false).await
}

async fn set_pinned(Extract(compute): Extract<Compute>, Body(one): Body<One>, pinned: bool) -> Done {
    let set = |cluster: &mut Cluster, _| {
        cluster.pinned = pinned;
        Ok(())
    };
    compute.clusters.change(&one.cluster_id, set).await?;
    Ok(Json(Empty {}))
}

pub(in crate::compute) async fn change_owner(
    Extract(compute): Extract<Compute>,
    Body(change): Body<ChangeOwner>,
) -> Done {
    if change.owner_username.is_empty() {
        return Err(ApiError::invalid("Missing required field: owner_username"));
    }
    let edit = move |cluster: &mut Cluster, _| {
        expect(cluster, &[State::Terminated])?;
        cluster.creator = change.owner_username;
        Ok(())
    };
    compute.clusters.change(&change.cluster_id, edit).await?;
    Ok(Json(Empty {}))
}

pub(in crate::compute) async fn events(
    Extract(compute): Extract<Compute>,
    Body(asked): Body<Events>,
) -> Result<Json<Value>, ApiError> {
    let cluster = compute.clusters.get(&asked.cluster_id).await?;
    let mut events = cluster.events;
    if asked.order.as_deref() != Some("ASC") {
        events.reverse();
    }
    let (all, size) = (events.len(), asked.limit.unwrap_or(50).clamp(1, 500));
    let id = &cluster.id;
    let event =
        |event: Event| json!({"cluster_id": id, "timestamp": event.timestamp, "type": event.kind, "details": {}});
    let page: Vec<_> = events.into_iter().skip(asked.offset).take(size).map(event).collect();
    let end = asked.offset.saturating_add(page.len());
    let mut answer = json!({"events": page, "total_count": all});
    if let Some(fields) = answer.as_object_mut().filter(|_| end < all) {
        let next = json!({"cluster_id": id, "offset": end, "limit": size, "order": asked.order});
        fields.insert("next_page".to_owned(), next);
    }
    Ok(Json(answer))
}

/// A cluster as the API gives it.
fn shown(cluster: Cluster) -> Value {
    let state = cluster.state();
    let runs = matches!(state, State::Running | State::Resizing);
    let node = NODE_TYPES.iter().find(|kind| kind.id == cluster.text("node_type_id"));
    let (cores, memory) = node.map_or((0.0, 0), |node| (node.cores, node.memory_mb));
    let name = cluster.text("cluster_name").to_owned();
    let message = match (state, cluster.reason) {
        (State::Running, _) => "",
        (State::Terminated, Some(Reason::Inactivity)) => "Inactive cluster terminated.",
        (State::Terminated, _) => "Cluster terminated by a user.",
        (State::Terminating, _) => "Terminating",
        (State::Pending, _) => "Starting",
        (State::Restarting, _) => "Restarting",
        (State::Resizing, _) => "Resizing",
    };
    let mut answer = json!({
        "cluster_id": cluster.id,
        "creator_user_name": cluster.creator,
        "cluster_name": name,
        "cluster_source": "API",
        "state": state_name(state),
        "state_message": message,
        "start_time": cluster.started_at,
        "last_state_loss_time": cluster.restarted_at.unwrap_or_default(),
        "cluster_cores": if runs { cores } else { 0.0 },
        "cluster_memory_mb": if runs { memory } else { 0 },
        "default_tags": {
            "Vendor": "Databricks", "Creator": cluster.creator, "ClusterName": name, "ClusterId": cluster.id,
        },
        "spec": cluster.spec,
    });
    if let Some(fields) = answer.as_object_mut() {
        if let Some(at) = cluster.terminated_at.filter(|_| state == State::Terminated) {
            let (code, user) = match cluster.reason {
                Some(Reason::Inactivity) => ("INACTIVITY", None),
                _ => ("USER_REQUEST", Some(&cluster.creator)),
            };
            fields.insert("terminated_time".to_owned(), at.into());
            let parameters = json!({"username": user});
            fields.insert(
                "termination_reason".to_owned(),
                json!({"code": code, "type": "SUCCESS", "parameters": parameters}),
            );
        }
        fields.extend(cluster.restarted_at.map(|at| ("last_restarted_time".to_owned(), at.into())));
        // What the caller said of it stands beside what became of it.
        for (name, value) in &cluster.spec {
            if !fields.contains_key(name) {
                fields.insert(name.clone(), value.clone());
            }
        }
    }
    answer
}
