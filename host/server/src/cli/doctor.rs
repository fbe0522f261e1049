//! `bricklayer doctor`: what is configured, what is reachable, and what to do about what is not.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use bricklayer_store::{Store, StoreOptions, StoreUrl};
use secrecy::ExposeSecret;

use super::{ServeArgs, print, runtime};
use crate::config::{Config, DatabaseConfig, IdentityMode, ModelConfig, ModelCredential, WorkspaceConfig};
use crate::workspace::{WorkspaceAccess, WorkspaceClient, find_binary};

/// Longest one check may take.
const CHECK_LIMIT: Duration = Duration::from_secs(15);

/// What was found.
enum Finding {
    Good(String),
    Note(String),
    Bad(String),
}

pub(super) fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let layers = args.layers()?;
    let mut report = String::from("Settings\n");
    for (setting, raw) in layers.set() {
        let value = if setting.secret { "(set)" } else { &raw.text };
        writeln!(report, "  {} = {value}    from {:?}", setting.key, raw.source)?;
    }
    let config = Config::from_layers(&layers)?;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let findings = runtime()?.block_on(check(&config));
    report.push_str("Checks\n");
    let mut healthy = true;
    for finding in findings {
        let (mark, text) = match finding {
            Finding::Good(text) => ("ok  ", text),
            Finding::Note(text) => ("note", text),
            Finding::Bad(text) => {
                healthy = false;
                ("FAIL", text)
            }
        };
        writeln!(report, "  {mark}  {text}")?;
    }
    print(&report)?;
    Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn check(config: &Config) -> Vec<Finding> {
    vec![port(config).await, database(config).await, workspace(config).await, model(config).await]
}

async fn port(config: &Config) -> Finding {
    match tokio::net::TcpListener::bind(config.listen).await {
        Ok(_) => Finding::Good(format!("{} is free to listen on", config.listen)),
        Err(error) => {
            Finding::Bad(format!("cannot listen on {}: {error}; choose another with --listen", config.listen))
        }
    }
}

async fn database(config: &Config) -> Finding {
    let url: StoreUrl = match &config.database {
        // Opening it would make it; a check must not.
        DatabaseConfig::Sqlite(path) if !path.exists() => {
            return Finding::Good(format!("the database {} will be made at the first start", path.display()));
        }
        DatabaseConfig::Sqlite(path) => StoreUrl::sqlite(path),
        DatabaseConfig::Postgres(url) => match url.expose_secret().parse() {
            Ok(url) => url,
            Err(error) => return Finding::Bad(format!("`database.url` is {error}")),
        },
    };
    let opened = tokio::time::timeout(CHECK_LIMIT, Store::connect(&url, StoreOptions::default())).await;
    match opened {
        Ok(Ok(store)) => {
            store.close().await;
            Finding::Good(format!("the database {url} answers"))
        }
        Ok(Err(error)) => Finding::Bad(format!("the database {url}: {error}")),
        Err(_) => Finding::Bad(format!("the database {url} does not answer in time")),
    }
}

async fn workspace(config: &Config) -> Finding {
    match &config.workspace {
        WorkspaceConfig::Local { binary } => match find_binary(binary.as_deref()) {
            Ok(path) => Finding::Good(format!("the local workspace will be started from {}", path.display())),
            Err(problem) => Finding::Bad(problem),
        },
        WorkspaceConfig::Remote { host, token: None } => {
            debug_assert!(config.identity == IdentityMode::Proxy);
            Finding::Note(format!("the workspace {host} is used with each user's own token, so it is not checked here"))
        }
        WorkspaceConfig::Remote { host, token: Some(token) } => {
            let client = match WorkspaceClient::new() {
                Ok(client) => client,
                Err(error) => return Finding::Bad(format!("outgoing HTTPS cannot be set up: {error}")),
            };
            let access = WorkspaceAccess { base_url: host.clone(), credential: token.clone() };
            match client.me(&access).await {
                Ok(user) => Finding::Good(format!("the workspace {host} knows you as {}", user.name)),
                Err(error) => {
                    Finding::Bad(format!("the workspace {host}: {error}; check DATABRICKS_HOST and DATABRICKS_TOKEN"))
                }
            }
        }
    }
}

async fn model(config: &Config) -> Finding {
    let (base_url, credential) = match &config.model {
        ModelConfig::Offline => {
            return Finding::Note("the offline model answers; set ANTHROPIC_API_KEY for a real one".into());
        }
        ModelConfig::Anthropic { base_url, credential, .. } => (base_url, credential),
    };
    let Ok(client) = reqwest::Client::builder().timeout(CHECK_LIMIT).build() else {
        return Finding::Bad("outgoing HTTPS cannot be set up".into());
    };
    let address = format!("{}/v1/models", base_url.as_str().trim_end_matches('/'));
    let request = client.get(address).header("anthropic-version", "2023-06-01");
    let request = match credential {
        ModelCredential::ApiKey(key) => request.header("x-api-key", key.expose_secret()),
        ModelCredential::AuthToken(token) => request.bearer_auth(token.expose_secret()),
    };
    match request.send().await {
        Ok(answer) if matches!(answer.status().as_u16(), 401 | 403) => {
            Finding::Bad(format!("the model endpoint {base_url} refuses the credential"))
        }
        Ok(answer) if answer.status().is_success() => Finding::Good(format!("the model endpoint {base_url} answers")),
        Ok(answer) => {
            Finding::Note(format!("the model endpoint {base_url} answers {} to a list of models", answer.status()))
        }
        Err(_) => Finding::Bad(format!("the model endpoint {base_url} cannot be reached; check ANTHROPIC_BASE_URL")),
    }
}
