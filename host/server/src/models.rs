//! The model that the configuration names, and whose token it is asked with.

mod lists;

use std::sync::Arc;

use bricklayer_agent::model::databricks::DatabricksModels;
use bricklayer_agent::model::{
    CallerToken, ModelAuth, ModelProvider, ModelSetupError, ProviderSettings, anthropic, http_client, openai,
};
use bricklayer_offline_model::{OFFLINE_MODEL, OfflineModel};
use bricklayer_runtime::Credential;
use secrecy::SecretString;

use crate::config::{Config, ModelConfig, ModelCredential};

pub(crate) use lists::ModelLists;

/// The model of this server.
pub(crate) fn model(config: &Config) -> Result<Arc<dyn ModelProvider>, ModelSetupError> {
    let settings =
        |base_url: &url::Url, auth: ModelAuth, model: &str, credential_help: &'static str| ProviderSettings {
            first_byte_timeout: config.times.first_byte,
            pings_only_timeout: config.times.silence,
            credential_help,
            ..ProviderSettings::new(base_url.clone(), auth, model)
        };
    Ok(match &config.model {
        ModelConfig::Offline => Arc::new(OfflineModel),
        ModelConfig::Anthropic { base_url, credential, model } => {
            let auth = match credential {
                ModelCredential::ApiKey(key) => ModelAuth::ApiKey(key.clone()),
                ModelCredential::AuthToken(token) => ModelAuth::Bearer(token.clone()),
            };
            let help = "Check ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN in the configuration.";
            Arc::new(anthropic::model(http_client()?, settings(base_url, auth, model, help))?)
        }
        ModelConfig::OpenAi { base_url, key, model } => {
            let auth = key.clone().map_or(ModelAuth::None, ModelAuth::Bearer);
            let help = "Check OPENAI_API_KEY in the configuration.";
            Arc::new(openai::model(http_client()?, settings(base_url, auth, model, help))?)
        }
        ModelConfig::Databricks { host, route, model } => {
            let settings = settings(host, ModelAuth::Caller(None), model, "");
            Arc::new(DatabricksModels::new(&http_client()?, host, *route, &settings)?)
        }
    })
}

/// The model of a turn whose user chose this one, asked with their token; the one inside the host is always there.
pub(crate) fn chosen(
    model: &Arc<dyn ModelProvider>,
    wanted: Option<&str>,
    credential: &Arc<Credential>,
) -> Arc<dyn ModelProvider> {
    if wanted == Some(OFFLINE_MODEL) {
        return Arc::new(OfflineModel);
    }
    let own = model.asked_for(Arc::new(TurnToken(Arc::clone(credential))));
    own.unwrap_or_else(|| Arc::clone(model))
}

/// The newest token of the user whose turn runs.
#[derive(Debug)]
struct TurnToken(Arc<Credential>);

impl CallerToken for TurnToken {
    fn token(&self) -> SecretString {
        self.0.secret()
    }
}
