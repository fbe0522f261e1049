//! One update, from its place in the queue to its end.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{
    context::Context,
    ended::{Ended, refused},
    flow,
    log::{FlowStatus, Log},
    plan::{Plan, plan},
    statements::{NoRows, Statements},
};
use crate::{
    catalog::names::TableName,
    clock, database,
    pipelines::{
        model::{Exception, Pipeline, Update, UpdateState},
        query::quoted,
        spec::Spec,
    },
};

/// How often a change is made again that met another one.
const MAX_MEETINGS: u32 = 50;

/// How long the other one is given for its end.
const AFTER_MEETING: Duration = Duration::from_millis(20);

/// Brings an update to its end and keeps how it ended.
pub(super) async fn drive(context: Context, pipeline: Pipeline, mut update: Update, cancel: CancellationToken) {
    let log = Log::new(context.store.clone(), context.workspace_id, &pipeline, &update);
    let ended = match work(&context, &pipeline, &mut update, &log, &cancel).await {
        Ok(()) => (UpdateState::Completed, None),
        Err(Ended::Canceled) => (UpdateState::Canceled, None),
        Err(Ended::Failed(failure)) => (UpdateState::Failed, Some(failure)),
        Err(Ended::Objects(error)) => {
            tracing::error!(error = &error as &dyn std::error::Error, update.id, "an update cannot be driven");
            (
                UpdateState::Failed,
                Some(refused("The local workspace could not keep the update's state; its log says why.")),
            )
        }
    };
    if let Err(error) = finish(&context, &mut update, &log, ended.0, ended.1).await {
        tracing::error!(error = &error as &dyn std::error::Error, update.id, "an update's end cannot be kept");
    }
}

async fn finish(
    context: &Context,
    update: &mut Update,
    log: &Log,
    state: UpdateState,
    failure: Option<Exception>,
) -> database::Result<()> {
    if state == UpdateState::Canceled {
        step(context, update, log, UpdateState::Stopping).await?;
    }
    end(context, update, log, state, failure).await
}

/// Keeps how an update ended.
pub(super) async fn end(
    context: &Context,
    update: &mut Update,
    log: &Log,
    state: UpdateState,
    failure: Option<Exception>,
) -> database::Result<()> {
    update.ended_at = Some(clock::now().timestamp_millis());
    update.state = state;
    context.store.save_update(update, &log.progress(state, failure)).await
}

async fn step(context: &Context, update: &mut Update, log: &Log, state: UpdateState) -> database::Result<()> {
    update.state = state;
    context.store.save_update(update, &log.progress(state, None)).await
}

async fn work(
    context: &Context,
    pipeline: &Pipeline,
    update: &mut Update,
    log: &Log,
    cancel: &CancellationToken,
) -> Result<(), Ended> {
    step(context, update, log, UpdateState::WaitingForResources).await?;
    let _place = tokio::select! {
        place = context.places.acquire() => place,
        () = cancel.cancelled() => return Err(Ended::Canceled),
    };
    step(context, update, log, UpdateState::Initializing).await?;
    let spec = Spec::read(&update.config).map_err(|said| Ended::Failed(refused(said)))?;
    let user = pipeline.owner.as_str();
    let statements = Statements::new(context.sql.session(user), cancel);
    // Where the schema is not there yet, names without one have nothing to be found in.
    if let Some(namespace) = &spec.namespace {
        let (catalog, schema) = (quoted(&namespace.catalog), quoted(&namespace.schema));
        if !update.scope.validate_only {
            make_schema(&format!("{catalog}.{schema}"), &statements).await?;
        }
        match statements.run(format!("USE {catalog}.{schema}")).await {
            Ok(_) => {}
            Err(_) if update.scope.validate_only => drop(statements.run(format!("USE CATALOG {catalog}")).await?),
            Err(no_rows) => return Err(no_rows.into()),
        }
    }
    let plan = plan(context, user, &spec, &update.scope, &statements).await?;
    for node in &plan.graph.nodes {
        let reads = node.reads.iter().filter_map(|place| plan.graph.nodes.get(*place));
        let reads: Vec<_> = reads.map(|node| node.dataset.name.full_name()).collect();
        log.defined(&node.dataset, &reads).await?;
    }
    if update.scope.validate_only {
        return Ok(());
    }
    if update.scope.full_refresh || !update.scope.full_refresh_selection.is_empty() {
        step(context, update, log, UpdateState::Resetting).await?;
    }
    step(context, update, log, UpdateState::SettingUpTables).await?;
    schemas(&plan, &statements).await?;
    step(context, update, log, UpdateState::Running).await?;
    flows(context, pipeline, log, &plan, &statements).await
}

/// Makes the schemas of datasets that are published elsewhere.
async fn schemas(plan: &Plan, statements: &Statements<'_>) -> Result<(), Ended> {
    let published = plan.chosen.iter().filter_map(|place| plan.graph.nodes.get(*place));
    let schemas: BTreeSet<_> = published.map(|node| node.dataset.name.schema_name()).collect();
    for schema in schemas {
        let is_own = schema.catalog == plan.namespace.catalog && schema.schema == plan.namespace.schema;
        if !is_own {
            make_schema(&schema.quoted(), statements).await?;
        }
    }
    Ok(())
}

/// Makes a schema if it is not there. Another update may make it in the same moment: one of the two then fails, and does
/// not see it before the other one is done.
async fn make_schema(name: &str, statements: &Statements<'_>) -> Result<(), Ended> {
    let mut met = 0;
    loop {
        let error = match statements.run(format!("CREATE SCHEMA IF NOT EXISTS {name}")).await {
            Err(NoRows::Failed(error)) => error,
            made => return Ok(made.map(drop)?),
        };
        if statements.run(format!("DESCRIBE SCHEMA {name}")).await.is_ok() {
            return Ok(());
        }
        met += 1;
        if !error.is_conflict() || met == MAX_MEETINGS {
            return Err(NoRows::Failed(error).into());
        }
        tokio::time::sleep(AFTER_MEETING).await;
    }
}

/// Makes one dataset after the other. What reads one that failed is skipped, everything else goes on.
async fn flows(
    context: &Context,
    pipeline: &Pipeline,
    log: &Log,
    plan: &Plan,
    statements: &Statements<'_>,
) -> Result<(), Ended> {
    for (place, node) in plan.graph.nodes.iter().enumerate() {
        let status = if plan.chosen.contains(&place) { FlowStatus::Queued } else { FlowStatus::Excluded };
        log.flow(&node.dataset, status, json!({})).await?;
    }
    let mut missing = BTreeSet::new();
    let mut failed = Vec::new();
    let mut canceled = false;
    for place in &plan.chosen {
        let Some(node) = plan.graph.nodes.get(*place) else { continue };
        let dataset = &node.dataset;
        if canceled {
            log.flow(dataset, FlowStatus::Stopped, json!({})).await?;
            continue;
        }
        if node.reads.iter().any(|read| missing.contains(read)) {
            missing.insert(*place);
            log.flow(dataset, FlowStatus::Skipped, json!({})).await?;
            continue;
        }
        log.flow(dataset, FlowStatus::Starting, json!({})).await?;
        log.flow(dataset, FlowStatus::Running, json!({})).await?;
        match flow::make(context, &pipeline.id, &plan.graph, *place, statements).await {
            Ok(made) => log.flow(dataset, FlowStatus::Completed, made.details).await?,
            Err((Ended::Canceled, details)) => {
                canceled = true;
                log.flow(dataset, FlowStatus::Stopped, details).await?;
            }
            Err((Ended::Failed(failure), details)) => {
                missing.insert(*place);
                log.flow_failed(dataset, failure, details).await?;
                failed.extend(dataset.flows().map(TableName::full_name));
            }
            Err((ended, _)) => return Err(ended),
        }
    }
    if canceled {
        return Err(Ended::Canceled);
    }
    if failed.is_empty() {
        return Ok(());
    }
    let flows: Vec<_> = failed.iter().map(|name| format!("'{name}'")).collect();
    Err(Ended::Failed(refused(format!("Failed to start or complete flows: {}.", flows.join(", ")))))
}
