//! Models of a Databricks workspace, asked with the token of whoever asks: Model Serving endpoints, or AI Gateway's model
//! services. Anthropic's models are reached on the Messages wire, which keeps their reasoning and cache marks; all others
//! by chat completions.
//!
//! Source: Databricks' reference (foundation model APIs, query with the Anthropic and the OpenAI client, AI Gateway).

use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use url::Url;

use super::list::{Form, ListAt, ListError, ModelCard};
use super::send::{CallerToken, HttpModel, ModelAuth, ModelSetupError, ProviderSettings};
use super::{ModelEvent, ModelProvider, ModelRequest, anthropic, openai};

/// What a user does about a token that was refused.
const CREDENTIAL_HELP: &str = "Reload the page to sign in to the workspace again; behind a proxy, the app's user \
                               authorization must include model serving.";

/// By which way the workspace's models are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// Model Serving: names are those of endpoints.
    Serving,
    /// AI Gateway: names are those of model services, such as `system.ai.claude-sonnet-4-5`.
    Gateway,
}

impl Route {
    /// Roots for the Messages wire and for chat completions, as the official clients take them.
    const fn roots(self) -> (&'static str, &'static str) {
        match self {
            Self::Serving => ("serving-endpoints/anthropic", "serving-endpoints"),
            Self::Gateway => ("ai-gateway/anthropic", "ai-gateway/mlflow/v1"),
        }
    }

    /// Where the names that this route takes are listed: the gateway has no such list.
    fn list(self, workspace: &Url) -> Option<ListAt> {
        let mut url = workspace.clone();
        url.set_path("api/2.0/serving-endpoints");
        (self == Self::Serving).then(|| ListAt { url: url.into(), form: Form::Serving })
    }
}

/// The models of a workspace.
#[derive(Debug, Clone)]
pub struct DatabricksModels {
    messages: HttpModel,
    chat: HttpModel,
}

impl DatabricksModels {
    /// `settings`: as for any provider, its address the workspace's own and its credential the caller's, whatever they
    /// say.
    ///
    /// # Errors
    /// [`ModelSetupError`] when a header cannot be sent.
    pub fn new(
        client: &reqwest::Client,
        workspace: &Url,
        route: Route,
        settings: &ProviderSettings,
    ) -> Result<Self, ModelSetupError> {
        let at = |root: &str| {
            let mut base_url = workspace.clone();
            base_url.set_path(root);
            ProviderSettings {
                base_url,
                auth: ModelAuth::Caller(None),
                credential_help: CREDENTIAL_HELP,
                ..settings.clone()
            }
        };
        let (messages, chat) = route.roots();
        Ok(Self {
            messages: anthropic::model(client.clone(), at(messages))?,
            chat: openai::listed(client.clone(), at(chat), route.list(workspace))?,
        })
    }
}

/// Whether a model is Anthropic's, by its name: `databricks-claude-…`, `system.ai.claude-…`.
fn is_anthropics(model: &str) -> bool {
    model.to_ascii_lowercase().contains("claude")
}

impl ModelProvider for DatabricksModels {
    fn model(&self, wanted: Option<&str>) -> String {
        self.chat.model(wanted)
    }

    fn asked_for(&self, caller: Arc<dyn CallerToken>) -> Option<Arc<dyn ModelProvider>> {
        let (messages, chat) = (self.messages.for_caller(Arc::clone(&caller)), self.chat.for_caller(caller));
        Some(Arc::new(Self { messages, chat }))
    }

    fn list(&self) -> BoxFuture<'static, Result<Vec<ModelCard>, ListError>> {
        self.chat.list()
    }

    fn stream(&self, request: ModelRequest) -> BoxStream<'static, ModelEvent> {
        if is_anthropics(&request.model) { self.messages.stream(request) } else { self.chat.stream(request) }
    }
}
