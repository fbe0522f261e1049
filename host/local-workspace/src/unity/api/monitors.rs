//! /api/2.1/unity-catalog/tables/{table}/monitor. A monitor is an object: nothing is measured, and a refresh says so.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    catalog::{
        MonitorInfo, Refresh,
        names::{Securable, TableName},
        rights::Privilege,
    },
    http::{Empty, body::OptionalBody, error::ApiError},
    identity::Caller,
    unity::{
        Unity,
        path::{schema_name, table_name},
        service::required,
    },
};

/// Refreshes that are remembered of one monitor.
const MAX_REFRESHES: usize = 20;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Body {
    output_schema_name: Option<String>,
    assets_dir: Option<String>,
    snapshot: Option<Value>,
    time_series: Option<Value>,
    inference_log: Option<Value>,
    schedule: Option<Value>,
    slicing_exprs: Option<Vec<String>>,
}

impl Body {
    /// What is to be measured; none when the request does not say.
    fn profile(&mut self) -> Result<Option<(String, Value)>, ApiError> {
        let given = [
            ("snapshot", self.snapshot.take()),
            ("time_series", self.time_series.take()),
            ("inference_log", self.inference_log.take()),
        ];
        let mut given: Vec<_> = given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        match given.len() {
            0 | 1 => Ok(given.pop()),
            _ => Err(ApiError::invalid("A monitor has one of snapshot, time_series and inference_log.")),
        }
    }
}

pub(crate) async fn create(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path(name): Path<String>,
    OptionalBody(mut body): OptionalBody<Body>,
) -> Result<Json<Value>, ApiError> {
    let table = managed(&unity, &user, &name).await?;
    let profile = body.profile()?;
    let output = schema_name(&required(body.output_schema_name, "output_schema_name")?)?;
    unity.check_schema(&output).await?;
    unity.check(&user, &Securable::Schema(output.clone()), Privilege::CreateTable).await?;
    let info = MonitorInfo {
        output_schema_name: output.full_name(),
        assets_dir: required(body.assets_dir, "assets_dir")?,
        profile: profile
            .ok_or_else(|| ApiError::invalid("A monitor needs one of snapshot, time_series and inference_log."))?,
        schedule: body.schedule,
        slicing_exprs: body.slicing_exprs.unwrap_or_default(),
        version: 0,
        refreshes: Vec::new(),
    };
    if !unity.catalog.create_monitor(&table, &info).await? {
        let message = format!("Monitor of Table '{}' already exists.", table.full_name());
        return Err(ApiError::new(StatusCode::CONFLICT, "RESOURCE_ALREADY_EXISTS", message));
    }
    Ok(Json(answer(&table, &info)))
}

pub(crate) async fn get(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let (table, info) = seen(&unity, &user, &name).await?;
    Ok(Json(answer(&table, &info)))
}

/// Replaces what a monitor measures.
pub(crate) async fn update(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path(name): Path<String>,
    OptionalBody(mut body): OptionalBody<Body>,
) -> Result<Json<Value>, ApiError> {
    let table = managed(&unity, &user, &name).await?;
    let profile = body.profile()?;
    let output = body.output_schema_name.map(|output| schema_name(&output)).transpose()?;
    if let Some(output) = &output {
        unity.check_schema(output).await?;
        unity.check(&user, &Securable::Schema(output.clone()), Privilege::CreateTable).await?;
    }
    let edit = |info: &mut MonitorInfo| {
        info.version += 1;
        info.schedule = body.schedule;
        if let Some(output) = output {
            info.output_schema_name = output.full_name();
        }
        if let Some(profile) = profile {
            info.profile = profile;
        }
        if let Some(slices) = body.slicing_exprs {
            info.slicing_exprs = slices;
        }
    };
    let info = unity.catalog.edit_monitor(&table, edit).await?.ok_or_else(|| missing(&table))?;
    Ok(Json(answer(&table, &info)))
}

pub(crate) async fn delete(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path(name): Path<String>,
) -> Result<Json<Empty>, ApiError> {
    let table = managed(&unity, &user, &name).await?;
    match unity.catalog.drop_monitor(&table).await? {
        true => Ok(Json(Empty {})),
        false => Err(missing(&table)),
    }
}

pub(crate) async fn refresh(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path(name): Path<String>,
) -> Result<Json<Refresh>, ApiError> {
    let table = managed(&unity, &user, &name).await?;
    let now = crate::clock::now().timestamp_millis();
    let edit = |info: &mut MonitorInfo| {
        let id = info.refreshes.last().map_or(1, |last| last.refresh_id + 1);
        info.refreshes.push(Refresh {
            refresh_id: id,
            state: "SUCCESS".to_owned(),
            message: "The local workspace keeps monitors and computes no metrics.".to_owned(),
            trigger: "MANUAL".to_owned(),
            start_time_ms: now,
            end_time_ms: now,
        });
        let old = info.refreshes.len().saturating_sub(MAX_REFRESHES);
        info.refreshes.drain(..old);
    };
    let info = unity.catalog.edit_monitor(&table, edit).await?.ok_or_else(|| missing(&table))?;
    info.refreshes.into_iter().last().map(Json).ok_or_else(|| ApiError::internal("a refresh was not kept"))
}

/// A monitor's refreshes, newest first.
pub(crate) async fn refreshes(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let (_, info) = seen(&unity, &user, &name).await?;
    let newest_first: Vec<_> = info.refreshes.into_iter().rev().collect();
    Ok(Json(json!({"refreshes": newest_first})))
}

pub(crate) async fn get_refresh(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path((name, id)): Path<(String, i64)>,
) -> Result<Json<Refresh>, ApiError> {
    let (_, info) = seen(&unity, &user, &name).await?;
    let found = info.refreshes.into_iter().find(|refresh| refresh.refresh_id == id);
    found.map(Json).ok_or_else(|| ApiError::not_found(format!("Refresh {id} does not exist.")))
}

async fn managed(unity: &Unity, user: &str, name: &str) -> Result<TableName, ApiError> {
    let table = table_name(name)?;
    let on = Securable::Table(table.clone());
    unity.check_exists(&on).await?;
    unity.check(user, &on, Privilege::Manage).await?;
    Ok(table)
}

async fn seen(unity: &Unity, user: &str, name: &str) -> Result<(TableName, MonitorInfo), ApiError> {
    let table = table_name(name)?;
    let on = Securable::Table(table.clone());
    unity.check_exists(&on).await?;
    unity.check(user, &on, Privilege::Select).await?;
    let info = unity.catalog.monitor(&table).await?.ok_or_else(|| missing(&table))?;
    Ok((table, info))
}

fn missing(table: &TableName) -> ApiError {
    ApiError::not_found(format!("Monitor of Table '{}' does not exist.", table.full_name()))
}

fn answer(table: &TableName, info: &MonitorInfo) -> Value {
    let output = |kind: &str| format!("{}.{}_{kind}_metrics", info.output_schema_name, table.table);
    let mut shown = Map::from_iter([
        ("table_name".to_owned(), table.full_name().into()),
        ("status".to_owned(), "MONITOR_STATUS_ACTIVE".into()),
        ("monitor_version".to_owned(), info.version.into()),
        ("output_schema_name".to_owned(), info.output_schema_name.clone().into()),
        ("assets_dir".to_owned(), info.assets_dir.clone().into()),
        ("profile_metrics_table_name".to_owned(), output("profile").into()),
        ("drift_metrics_table_name".to_owned(), output("drift").into()),
        (info.profile.0.clone(), info.profile.1.clone()),
    ]);
    if let Some(schedule) = &info.schedule {
        shown.insert("schedule".to_owned(), schedule.clone());
    }
    if !info.slicing_exprs.is_empty() {
        shown.insert("slicing_exprs".to_owned(), json!(info.slicing_exprs));
    }
    Value::Object(shown)
}
