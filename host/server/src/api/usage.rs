//! What models took and cost: of one conversation, and of a user by day.

use axum::Json;
use axum::extract::State;
use bricklayer_domain::{Budget, ConversationId, DayUsage, ModelUsage, ProjectId, Usage, day_of};
use chrono::{DateTime, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::conversations;
use super::extract::{Path, Query};
use super::problem::Problem;
use crate::app::AppState;
use crate::events::WireUsage;
use crate::identity::Caller;

/// Days of one answer, when nobody says how many.
const USUAL_DAYS: u16 = 30;
/// Days of one answer at most.
const MAX_DAYS: u16 = 366;

/// What the calls of one model took.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelSpending {
    /// The model; empty where it is not known any more.
    model: String,
    /// Its calls.
    calls: u64,
    /// Their tokens and their cost.
    usage: WireUsage,
    /// Whether the host knows a price; without one the cost is 0.
    priced: bool,
}

/// How much may be spent; null without a bound.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BudgetInfo {
    /// Tokens, read and written.
    #[schema(required = true)]
    tokens: Option<u64>,
    /// Their cost, in millionths of a US dollar.
    #[schema(required = true)]
    micro_usd: Option<u64>,
}

impl From<Budget> for BudgetInfo {
    fn from(Budget { tokens, micro_usd }: Budget) -> Self {
        Self { tokens, micro_usd }
    }
}

/// What a conversation took, with its subagents and what was taken back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConversationSpending {
    /// By model, the dearest first.
    models: Vec<ModelSpending>,
    /// Of all models.
    total: WireUsage,
    /// What it may take.
    budget: BudgetInfo,
    /// What the user took today (UTC), in all conversations.
    today: WireUsage,
    /// What a user may take in a day.
    day_budget: BudgetInfo,
}

/// What one model took on one day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DaySpending {
    /// The day, UTC.
    day: NaiveDate,
    /// What a model took.
    #[serde(flatten)]
    of: ModelSpending,
}

/// What a user took.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserSpending {
    /// By day and model, the newest day first.
    days: Vec<DaySpending>,
    /// What a user may take in a day.
    day_budget: BudgetInfo,
}

/// How far back.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsageQuery {
    /// Days until today, today included; 30 when absent, at most 366.
    days: Option<u16>,
}

fn shown(app: &AppState, of: ModelUsage) -> ModelSpending {
    let priced = app.config().spending.prices.of(&of.model).is_some();
    ModelSpending { model: of.model, calls: of.calls, usage: of.usage.into(), priced }
}

/// What the models of a conversation took and cost.
#[utoipa::path(get, path = "/api/projects/{project_id}/conversations/{conversation_id}/usage", tag = "conversations",
    operation_id = "get_conversation_usage",
    params(("project_id" = Uuid, Path, description = "The project."),
        ("conversation_id" = Uuid, Path, description = "The conversation.")),
    responses((status = 200, body = ConversationSpending)))]
pub(crate) async fn get_conversation_usage(
    State(app): State<AppState>,
    caller: Caller,
    Path((project, conversation)): Path<(ProjectId, ConversationId)>,
) -> Result<Json<ConversationSpending>, Problem> {
    let store = app.store();
    conversations::find(store, &caller.user, project, conversation).await?;
    let models = store.conversation_usage(&caller.user, conversation).await?;
    let today = store.spending(&caller.user, None).await?.today;
    let mut total = Usage::default();
    models.iter().for_each(|model| total.add(model.usage));
    let spending = &app.config().spending;
    Ok(Json(ConversationSpending {
        models: models.into_iter().map(|model| shown(&app, model)).collect(),
        total: total.into(),
        budget: spending.conversation.into(),
        today: today.into(),
        day_budget: spending.user_day.into(),
    }))
}

/// What the user's models took and cost, by day, deleted conversations included.
#[utoipa::path(get, path = "/api/usage", tag = "service", operation_id = "get_usage", params(UsageQuery),
    responses((status = 200, body = UserSpending)))]
pub(crate) async fn get_usage(
    State(app): State<AppState>,
    caller: Caller,
    Query(UsageQuery { days }): Query<UsageQuery>,
) -> Result<Json<UserSpending>, Problem> {
    let days = days.unwrap_or(USUAL_DAYS);
    if !(1..=MAX_DAYS).contains(&days) {
        return Err(Problem::field("days", format!("must be between 1 and {MAX_DAYS}")));
    }
    let since = day_of(bricklayer_domain::now()) - i64::from(days) + 1;
    let days = app.store().daily_usage(&caller.user, since).await?;
    let shown = days.into_iter().filter_map(|DayUsage { day, of }| {
        let day = DateTime::from_timestamp(day.checked_mul(86_400)?, 0)?.date_naive();
        Some(DaySpending { day, of: shown(&app, of) })
    });
    Ok(Json(UserSpending { days: shown.collect(), day_budget: app.config().spending.user_day.into() }))
}
