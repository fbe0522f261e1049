//! `bricklayer doctor`: what is configured, what is reachable, and what to do about what is not.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use bricklayer_store::{Store, StoreOptions, StoreUrl};
use secrecy::ExposeSecret;

use super::{ServeArgs, print, runtime};
use crate::config::{Config, DatabaseConfig, IdentityMode, ModelConfig, ModelCredential, WorkspaceConfig};
use crate::workspace::{WorkspaceAccess, WorkspaceClient, WorkspaceError, find_binary};

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
        let value = if setting.secret { "(set)".to_owned() } else { without_userinfo(&raw.text) };
        writeln!(report, "  {} = {value}    from {:?}", setting.key, raw.source)?;
    }
    let config = Config::from_layers(&layers)?;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut findings = runtime()?.block_on(check(&config));
    findings.extend(layers.notes().iter().map(|note| Finding::Note(note.clone())));
    findings.extend(authors());
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

/// What the author of a plugin needs. A host runs without it.
fn authors() -> impl Iterator<Item = Finding> {
    bricklayer_devkit::author_tools(std::path::Path::new(".")).into_iter().map(|(language, tools)| match tools {
        Ok(tools) => Finding::Good(format!("plugins in {language} can be built here ({tools})")),
        Err(problem) => Finding::Note(match problem.fix {
            Some(fix) => format!("plugins in {language} cannot be built here: {}; {fix}", problem.what),
            None => format!("plugins in {language} cannot be built here: {}", problem.what),
        }),
    })
}

/// A value without the names and passwords of the addresses in it.
fn without_userinfo(text: &str) -> String {
    let mut parts = text.split("://");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        shown.push_str("://");
        let end = part.find(['/', '?', '#', ',', ' ']).unwrap_or(part.len());
        let (authority, rest) = part.split_at(end);
        shown.push_str(
            &authority.rsplit_once('@').map_or_else(|| authority.to_owned(), |(_, host)| format!("***@{host}")),
        );
        shown.push_str(rest);
    }
    shown
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
            let probed = tokio::time::timeout(CHECK_LIMIT, store.probe()).await;
            store.close().await;
            match probed {
                Ok(Ok(())) => Finding::Good(format!("the database {url} answers and takes writes")),
                Ok(Err(error)) => Finding::Bad(format!("the database {url} takes no writes: {error}")),
                Err(_) => Finding::Bad(format!("the database {url} does not take a write in time")),
            }
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
                Err(error) => Finding::Bad(format!("the workspace {host}: {error}; {}", way_out(&error))),
            }
        }
    }
}

/// What to do about a workspace that does not answer as it should.
const fn way_out(error: &WorkspaceError) -> &'static str {
    match error {
        WorkspaceError::Unauthenticated | WorkspaceError::PermissionDenied(_) => {
            "the token is not valid there, or no longer: make a new one (in the workspace under Settings, Developer, Access \
             tokens, or `databricks tokens create`) and put it into DATABRICKS_TOKEN, or into the profile"
        }
        WorkspaceError::Unreachable | WorkspaceError::Timeout => "check DATABRICKS_HOST, and the network or its proxy",
        WorkspaceError::NotFound(_) | WorkspaceError::Nonsense => {
            "check that DATABRICKS_HOST is a Databricks workspace"
        }
        WorkspaceError::RateLimited { .. } | WorkspaceError::Failed(_) => "try again later",
    }
}

async fn model(config: &Config) -> Finding {
    let (base_url, list, credential) = match &config.model {
        ModelConfig::Offline => {
            return Finding::Note("the offline model answers; set ANTHROPIC_API_KEY for a real one".into());
        }
        ModelConfig::Databricks { host, model, .. } => {
            return Finding::Note(format!("the model `{model}` of {host} answers, asked with each user's own token"));
        }
        ModelConfig::Anthropic { base_url, credential, .. } => (base_url, "v1/models", Some(credential.clone())),
        ModelConfig::OpenAi { base_url, key, .. } => (base_url, "models", key.clone().map(ModelCredential::AuthToken)),
    };
    let Ok(client) = reqwest::Client::builder().timeout(CHECK_LIMIT).build() else {
        return Finding::Bad("outgoing HTTPS cannot be set up".into());
    };
    let address = format!("{}/{list}", base_url.as_str().trim_end_matches('/'));
    let request = client.get(address).header("anthropic-version", "2023-06-01");
    let request = match &credential {
        Some(ModelCredential::ApiKey(key)) => request.header("x-api-key", key.expose_secret()),
        Some(ModelCredential::AuthToken(token)) => request.bearer_auth(token.expose_secret()),
        None => request,
    };
    match request.send().await {
        Ok(answer) if matches!(answer.status().as_u16(), 401 | 403) => Finding::Bad(format!(
            "the model endpoint {base_url} refuses the credential; put a valid key into ANTHROPIC_API_KEY (or a token into ANTHROPIC_AUTH_TOKEN), or into OPENAI_API_KEY"
        )),
        Ok(answer) if answer.status().is_success() => Finding::Good(format!("the model endpoint {base_url} answers")),
        Ok(answer) => {
            Finding::Note(format!("the model endpoint {base_url} answers {} to a list of models", answer.status()))
        }
        Err(_) => Finding::Bad(format!(
            "the model endpoint {base_url} cannot be reached; check ANTHROPIC_BASE_URL or OPENAI_BASE_URL"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::without_userinfo;

    #[test]
    fn no_address_shows_who_signs_in() {
        for (text, expect) in [
            ("https://u:canary@h/p@q", "https://***@h/p@q"),
            ("https://u:can@ary@h", "https://***@h"),
            ("https://a, https://u@b:1, c", "https://a, https://***@b:1, c"),
            ("ann@example.com", "ann@example.com"),
            ("127.0.0.1:8000", "127.0.0.1:8000"),
        ] {
            assert_eq!(without_userinfo(text), expect);
        }
    }
}
