//! Who the host is to a registry: what Docker's configuration says, with its credential helpers.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use docker_credential::{CredentialRetrievalError, DockerCredential};
use oci_client::secrets::RegistryAuth;

use super::{FetcherSettings, SourceError, said};
use crate::source::OciSource;

/// Docker Hub's name in Docker's configuration, for historical reasons.
const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

/// The credentials for a registry; anonymous when the configuration has none for it.
///
/// A helper is another program and may block, hence the thread; the fetch's time limit covers the wait for it.
pub(super) async fn find(settings: &FetcherSettings, source: &OciSource) -> Result<RegistryAuth, SourceError> {
    let Some(config) = config_file(settings.docker_config.as_deref()) else { return Ok(RegistryAuth::Anonymous) };
    let registry = source.registry();
    tokio::task::spawn_blocking(move || lookup(&config, &registry))
        .await
        .map_err(|error| SourceError::Internal(error.to_string()))?
}

/// The configuration: as set, else where Docker looks.
fn config_file(set: Option<&Path>) -> Option<PathBuf> {
    let directory = || {
        let own = std::env::var_os("DOCKER_CONFIG").filter(|value| !value.is_empty()).map(PathBuf::from);
        own.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".docker")))
    };
    let path = set.map(Path::to_path_buf).or_else(directory)?;
    Some(if path.is_dir() { path.join("config.json") } else { path })
}

fn lookup(config: &Path, registry: &str) -> Result<RegistryAuth, SourceError> {
    let keys: &[&str] = match registry {
        "docker.io" | "index.docker.io" | "registry-1.docker.io" => &[DOCKER_HUB_KEY, "docker.io"],
        other => &[other],
    };
    for key in keys {
        let file = match File::open(config) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(RegistryAuth::Anonymous),
            Err(source) => {
                let remedy = "give the host's user leave to read it, or name another one".to_owned();
                return Err(SourceError::File { path: config.display().to_string(), remedy, source });
            }
        };
        match docker_credential::get_credential_from_reader(BufReader::new(file), key) {
            Ok(DockerCredential::UsernamePassword(user, password)) => return Ok(RegistryAuth::Basic(user, password)),
            Ok(DockerCredential::IdentityToken(_)) => {
                return Err(denied(registry, "the stored credential is an identity token, which is not supported"));
            }
            Err(CredentialRetrievalError::NoCredentialConfigured) => {}
            // The helper's own words are left out: they may hold the secret.
            Err(CredentialRetrievalError::HelperFailure { helper, .. }) => {
                return Err(denied(registry, &format!("the credential helper {} failed", said(&helper))));
            }
            Err(error) => return Err(denied(registry, &error.to_string())),
        }
    }
    Ok(RegistryAuth::Anonymous)
}

fn denied(registry: &str, reason: &str) -> SourceError {
    let remedy = format!("run `docker login {registry}` as the host's user, with a user name and a token");
    SourceError::Denied { host: registry.to_owned(), reason: reason.to_owned(), remedy }
}
