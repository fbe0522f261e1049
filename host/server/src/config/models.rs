//! Which model answers. The setting that names a model decides: one of the workspace's, one behind chat completions, one
//! of Anthropic's; without any, the one inside the host.

use bricklayer_agent::model::databricks::Route;
use secrecy::SecretString;
use url::Url;

use super::{ConfigError, Layers, WorkspaceConfig, header_secret};

/// Anthropic's own endpoint.
const ANTHROPIC_BASE_URL: &str = "https://api.anthropic.com";
/// Anthropic's model that is asked when nobody chose one.
const ANTHROPIC_MODEL: &str = "claude-sonnet-4-5";
/// OpenAI's own endpoint.
const OPENAI_BASE_URL: &str = "https://api.openai.com/v1";

/// How the model endpoint knows us.
#[derive(Debug, Clone)]
pub enum ModelCredential {
    /// Sent as `x-api-key`.
    ApiKey(SecretString),
    /// Sent as `authorization: Bearer`.
    AuthToken(SecretString),
}

/// Which model answers.
#[derive(Debug, Clone)]
pub enum ModelConfig {
    /// The one inside the host, which needs no key.
    Offline,
    /// Anthropic Messages, or an endpoint that speaks it.
    Anthropic {
        /// Where.
        base_url: Url,
        /// How it knows us.
        credential: ModelCredential,
        /// The model id when the user picks none.
        model: String,
    },
    /// Chat completions: OpenAI, or an endpoint that speaks them.
    OpenAi {
        /// Where.
        base_url: Url,
        /// Our key; a server on this machine may need none.
        key: Option<SecretString>,
        /// The model id when the user picks none.
        model: String,
    },
    /// The workspace's models, asked with the token of whoever asks.
    Databricks {
        /// The workspace.
        host: Url,
        /// By which way.
        route: Route,
        /// The model id when the user picks none.
        model: String,
    },
}

impl ModelConfig {
    /// The provider's name.
    #[must_use]
    pub const fn provider(&self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Anthropic { .. } => "anthropic",
            Self::OpenAi { .. } => "openai",
            Self::Databricks { .. } => "databricks",
        }
    }

    pub(super) fn from_layers(layers: &Layers, workspace: &WorkspaceConfig) -> Result<Self, ConfigError> {
        if let Some(databricks) = databricks(layers, workspace)? {
            return Ok(databricks);
        }
        if let Some(openai) = openai(layers)? {
            return Ok(openai);
        }
        anthropic(layers)
    }
}

fn databricks(layers: &Layers, workspace: &WorkspaceConfig) -> Result<Option<ModelConfig>, ConfigError> {
    let route = match layers.get("databricks.model_route").map(|value| value.text).as_deref() {
        None | Some("serving") => Route::Serving,
        Some("gateway") => Route::Gateway,
        Some(_) => return Err(layers.wrong("databricks.model_route", "must be `serving` or `gateway`")),
    };
    let Some(model) = layers.get("databricks.model") else { return Ok(None) };
    let WorkspaceConfig::Remote { host, .. } = workspace else {
        return Err(layers.wrong(
            "databricks.model",
            "names a model of a workspace, and the local one has none; set DATABRICKS_HOST as well",
        ));
    };
    Ok(Some(ModelConfig::Databricks { host: host.clone(), route, model: model.text }))
}

/// A key alone chooses nothing: other programs on the machine need it as well.
fn openai(layers: &Layers) -> Result<Option<ModelConfig>, ConfigError> {
    let key = header_secret(layers, "openai.api_key")?;
    let base_url = endpoint(layers, "openai.base_url", OPENAI_BASE_URL, "OPENAI_API_KEY")?;
    let Some(model) = layers.get("openai.model") else {
        if layers.get("openai.base_url").is_some() {
            return Err(layers.wrong("openai.base_url", "is set without a model; set OPENAI_MODEL as well"));
        }
        return Ok(None);
    };
    if key.is_none() && layers.get("openai.base_url").is_none() {
        return Err(layers.wrong(
            "openai.model",
            "is set without a credential; set OPENAI_API_KEY, or OPENAI_BASE_URL of a server that needs none",
        ));
    }
    Ok(Some(ModelConfig::OpenAi { base_url, key, model: model.text }))
}

fn anthropic(layers: &Layers) -> Result<ModelConfig, ConfigError> {
    let model = layers.get("anthropic.model").map_or_else(|| ANTHROPIC_MODEL.to_owned(), |value| value.text);
    let (key, token) = (header_secret(layers, "anthropic.api_key")?, header_secret(layers, "anthropic.auth_token")?);
    let credential = match (key, token) {
        (None, None) => {
            if layers.get("anthropic.base_url").is_some() {
                return Err(layers.wrong(
                    "anthropic.base_url",
                    "is set without a credential; set ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN as well",
                ));
            }
            return Ok(ModelConfig::Offline);
        }
        // The official clients send the key when both are set.
        (Some(key), _) => ModelCredential::ApiKey(key),
        (None, Some(token)) => ModelCredential::AuthToken(token),
    };
    let keys = "ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN";
    let base_url = endpoint(layers, "anthropic.base_url", ANTHROPIC_BASE_URL, keys)?;
    Ok(ModelConfig::Anthropic { base_url, credential, model })
}

/// The address of an API.
fn endpoint(layers: &Layers, key: &str, usual: &str, credential: &str) -> Result<Url, ConfigError> {
    let text = layers.get(key).map_or_else(|| usual.to_owned(), |value| value.text);
    let url = Url::parse(&text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
        .ok_or_else(|| layers.wrong(key, &format!("must be an address such as {usual}")))?;
    if !url.username().is_empty() || url.password().is_some() {
        let problem = format!("must not hold a user name or password; put the credential into {credential}");
        return Err(layers.wrong(key, &problem));
    }
    Ok(url)
}
