//! The workspace's side of `dbutils`: what code may do with files and secrets, on behalf of its user. Commands and jobs
//! give it to the code that they run; jobs add what only a job has.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    files::{Files, Found, Place},
    http::error::ApiError,
    python::{NoServices, Refused, Services},
    secrets::Secrets,
};

/// Different secrets that one piece of code may read: each is looked for in what it prints.
const MAX_REVEALED: usize = 1_000;

/// What `dbutils` reaches; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Utilities {
    files: Files,
    secrets: Secrets,
}

impl Utilities {
    pub(crate) const fn new(files: Files, secrets: Secrets) -> Self {
        Self { files, secrets }
    }

    /// A whole file by a path as code writes it; none when it has more than these bytes.
    ///
    /// # Errors
    /// Not allowed, not there, a folder, no such kind of storage.
    pub(crate) async fn file(&self, user: &str, path: &str, most: u64) -> Result<Option<Vec<u8>>, ApiError> {
        self.files.whole(user, &Place::parse(path)?, most).await
    }

    /// What code of this user reaches.
    pub(crate) fn of(&self, user: &str) -> UserUtilities {
        UserUtilities { all: self.clone(), user: user.to_owned(), revealed: Mutex::default() }
    }
}

/// `dbutils` of one user's code; it remembers which secrets the code has read.
#[derive(Debug)]
pub(crate) struct UserUtilities {
    all: Utilities,
    user: String,
    revealed: Mutex<Revealed>,
}

/// Values of secrets; they are shown nowhere.
#[derive(Default)]
struct Revealed(Vec<String>);

impl std::fmt::Debug for Revealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Revealed")
    }
}

#[derive(Debug, Deserialize)]
struct Path {
    path: String,
    #[serde(default)]
    recurse: bool,
}

#[derive(Debug, Deserialize)]
struct Head {
    path: String,
    max_bytes: u64,
}

#[derive(Debug, Deserialize)]
struct Put {
    path: String,
    text: String,
    overwrite: bool,
}

#[derive(Debug, Deserialize)]
struct FromTo {
    source: String,
    destination: String,
    recurse: bool,
}

#[derive(Debug, Deserialize)]
struct Secret {
    scope: String,
    #[serde(default)]
    key: String,
}

/// Reads the arguments of a call.
///
/// # Errors
/// `MALFORMED_REQUEST`.
pub(crate) fn arguments<T: DeserializeOwned>(given: Value) -> Result<T, Refused> {
    let malformed = |e: serde_json::Error| Refused { code: "MALFORMED_REQUEST".to_owned(), message: e.to_string() };
    serde_json::from_value(given).map_err(malformed)
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        let (_, code, message) = error.told();
        Self { code: code.to_owned(), message }
    }
}

#[async_trait]
impl Services for UserUtilities {
    async fn call(&self, method: &str, given: Value) -> Result<Value, Refused> {
        match method.split_once('.') {
            Some(("fs", name)) => self.fs(name, given).await,
            Some(("secrets", name)) => self.secret(name, given).await,
            _ => NoServices.call(method, given).await,
        }
    }

    fn revealed(&self) -> Vec<String> {
        self.lock().0.clone()
    }
}

impl UserUtilities {
    fn lock(&self) -> MutexGuard<'_, Revealed> {
        self.revealed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn fs(&self, name: &str, given: Value) -> Result<Value, Refused> {
        let (files, user) = (&self.all.files, self.user.as_str());
        Ok(match name {
            "ls" => {
                let found = files.ls(user, &Place::parse(&arguments::<Path>(given)?.path)?).await?;
                json!({"files": found.iter().map(shown).collect::<Vec<_>>()})
            }
            "head" => {
                let Head { path, max_bytes } = arguments(given)?;
                json!({"text": files.head(user, &Place::parse(&path)?, max_bytes).await?})
            }
            "put" => {
                let Put { path, text, overwrite } = arguments(given)?;
                files.put(user, &Place::parse(&path)?, text.into(), overwrite).await?;
                json!({})
            }
            "mkdirs" => {
                files.mkdirs(user, &Place::parse(&arguments::<Path>(given)?.path)?).await?;
                json!({})
            }
            "rm" => {
                let Path { path, recurse } = arguments(given)?;
                json!({"removed": files.rm(user, &Place::parse(&path)?, recurse).await?})
            }
            "cp" | "mv" => {
                let FromTo { source, destination, recurse } = arguments(given)?;
                let (from, to) = (Place::parse(&source)?, Place::parse(&destination)?);
                if name == "cp" {
                    files.cp(user, &from, &to, recurse).await?;
                } else {
                    files.mv(user, &from, &to, recurse).await?;
                }
                json!({})
            }
            other => return NoServices.call(&format!("fs.{other}"), given).await,
        })
    }

    async fn secret(&self, name: &str, given: Value) -> Result<Value, Refused> {
        let (secrets, user) = (&self.all.secrets, self.user.as_str());
        Ok(match name {
            "get" => {
                let Secret { scope, key } = arguments(given)?;
                let value = secrets.get(user, &scope, &key).await.map_err(ApiError::from)?;
                let text = String::from_utf8(value.0).map_err(|_| {
                    ApiError::invalid(format!("The secret {key} is no text; the local workspace gives code only text."))
                })?;
                self.remember(&text)?;
                json!({"value": text})
            }
            "list" => {
                let found = secrets.list(user, &arguments::<Secret>(given)?.scope).await.map_err(ApiError::from)?;
                json!({"secrets": found.into_iter().map(|secret| secret.key).collect::<Vec<_>>()})
            }
            "listScopes" => json!({"scopes": secrets.scopes(user).await.map_err(ApiError::from)?}),
            other => return NoServices.call(&format!("secrets.{other}"), given).await,
        })
    }

    fn remember(&self, value: &str) -> Result<(), Refused> {
        let mut revealed = self.lock();
        if value.is_empty() || revealed.0.iter().any(|known| known == value) {
            return Ok(());
        }
        if revealed.0.len() >= MAX_REVEALED {
            let message = format!("code of the local workspace reads at most {MAX_REVEALED} different secrets");
            return Err(Refused { code: "RESOURCE_EXHAUSTED".to_owned(), message });
        }
        revealed.0.push(value.to_owned());
        Ok(())
    }
}

fn shown(found: &Found) -> Value {
    let name = if found.is_folder { format!("{}/", found.name) } else { found.name.clone() };
    json!({"path": found.path(), "name": name, "size": found.size, "modification_time": found.modified_at})
}
