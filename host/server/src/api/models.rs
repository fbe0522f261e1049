//! The models that a user may choose for a message.

use axum::Json;
use axum::extract::State;
use bricklayer_agent::model::{ListError, ModelCard};
use bricklayer_offline_model::OFFLINE_MODEL;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::AppState;
use crate::config::ModelConfig;
use crate::identity::Caller;

/// The models that may be chosen.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelChoices {
    /// The one that answers when none is chosen.
    default: String,
    /// By who provides them, in the order in which they are shown.
    providers: Vec<ProviderModels>,
}

/// What one provider has.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProviderModels {
    /// `databricks`, `openai`, `anthropic` or `offline`.
    provider: &'static str,
    /// Why its list is not here, for the user; null when it is.
    #[schema(required = true)]
    problem: Option<String>,
    /// Its models, those that are known without a list included.
    models: Vec<ModelChoice>,
}

/// A model that may be chosen, and what it can; null where nobody said.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelChoice {
    /// What a message's `model` names it by.
    id: String,
    /// For people.
    name: String,
    /// Tokens of a conversation.
    #[schema(required = true)]
    context_tokens: Option<u64>,
    /// Tokens of one answer.
    #[schema(required = true)]
    max_output_tokens: Option<u64>,
    /// Whether it sees pictures.
    #[schema(required = true)]
    pictures: Option<bool>,
    /// Whether it reads PDF documents.
    #[schema(required = true)]
    documents: Option<bool>,
    /// Whether it can reason before it answers.
    #[schema(required = true)]
    thinking: Option<bool>,
    /// Whether it calls tools.
    #[schema(required = true)]
    tools: Option<bool>,
    /// Whether what it read before costs less when it is read again.
    #[schema(required = true)]
    prompt_cache: Option<bool>,
    /// Why it cannot be used now, for the user; null when it can.
    #[schema(required = true)]
    unavailable: Option<String>,
}

impl From<&ModelCard> for ModelChoice {
    fn from(card: &ModelCard) -> Self {
        Self {
            id: card.id.clone(),
            name: card.name.clone(),
            context_tokens: card.abilities.context_tokens,
            max_output_tokens: card.abilities.max_output_tokens,
            pictures: card.abilities.pictures,
            documents: card.abilities.documents,
            thinking: card.abilities.thinking,
            tools: card.abilities.tools,
            prompt_cache: card.abilities.prompt_cache,
            unavailable: card.unavailable.clone(),
        }
    }
}

/// Lists the models that the user may choose. A provider that does not answer says why, beside what is known without it.
#[utoipa::path(get, path = "/api/models", tag = "service", operation_id = "list_models",
    responses((status = 200, body = ModelChoices)))]
pub(crate) async fn list_models(State(app): State<AppState>, caller: Caller) -> Json<ModelChoices> {
    let config = &app.config().model;
    let default = app.model().model(None);
    let mut providers = Vec::new();
    if !matches!(config, ModelConfig::Offline) {
        let is_callers = matches!(config, ModelConfig::Databricks { .. });
        let listed = app.model_lists().of(app.model(), &caller, is_callers).await;
        let (mut models, problem) = match listed {
            Ok(cards) => (cards.iter().map(ModelChoice::from).collect(), None),
            Err(error) => (Vec::new(), Some(error)),
        };
        // An alias, or a name that the list has not, answers all the same.
        if !models.iter().any(|model: &ModelChoice| model.id == default) {
            models.insert(0, ModelChoice::from(&ModelCard::of_id(&default)));
        }
        // Without a token none of them can be asked.
        if let Some(error @ (ListError::NoToken | ListError::Refused)) = problem {
            models.iter_mut().for_each(|model| model.unavailable = Some(error.to_string()));
        }
        let problem = problem.map(|error| error.to_string());
        providers.push(ProviderModels { provider: config.provider(), problem, models });
    }
    providers.push(ProviderModels {
        provider: ModelConfig::Offline.provider(),
        problem: None,
        models: vec![offline()],
    });
    Json(ModelChoices { default, providers })
}

/// The one inside the host.
fn offline() -> ModelChoice {
    ModelChoice {
        name: "Offline model".to_owned(),
        pictures: Some(false),
        documents: Some(false),
        thinking: Some(false),
        tools: Some(true),
        prompt_cache: Some(false),
        ..ModelChoice::from(&ModelCard::of_id(OFFLINE_MODEL))
    }
}
