//! Layers of raw settings and where each value came from.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::foreign::{Foreign, judge};
use super::profiles::{self, Profile};
use super::settings::{SETTINGS, by_env, by_key, nearest};
use super::{ConfigError, dotenv, yaml};

/// Prefix of our own environment variables; an unknown one is a slip, while other programs own other names.
const OWN_PREFIX: &str = "BRICKLAYER_";
/// Our own variables that are no settings: they choose the files that settings come from, and where a debug build dies
/// for a test (`bricklayer_store::crash_points`).
const OWN_OTHERS: &[&str] = &["BRICKLAYER_CONFIG", "BRICKLAYER_ENV_FILE", "BRICKLAYER_CRASH_AT"];
/// Largest configuration file read; a larger one is not a configuration.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Where a value came from, from the strongest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The command line.
    Flag,
    /// The process environment.
    Environment,
    /// The file of environment-like lines.
    EnvFile(String),
    /// The YAML file.
    File(String),
}

impl Source {
    fn place(&self, key: &str) -> String {
        match self {
            Self::Flag => "command line".into(),
            Self::Environment => {
                by_key(key).map_or_else(|| "environment".into(), |setting| format!("environment {}", setting.env))
            }
            Self::EnvFile(path) | Self::File(path) => path.clone(),
        }
    }
}

/// A raw value.
#[derive(Debug, Clone)]
pub struct Raw {
    /// As written, references replaced.
    pub text: String,
    /// Where.
    pub source: Source,
}

/// All layers, merged.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    values: HashMap<&'static str, Raw>,
    profile: Option<Profile>,
    /// What is set and not used, for people.
    notes: Vec<String>,
}

impl Layers {
    /// Merges flags, environment and files. A file that was not named and does not exist is an empty layer.
    ///
    /// # Errors
    /// An unknown key in a file or with our own prefix in the environment, or a file that cannot be read.
    pub fn read(
        flags: Vec<(&'static str, String)>,
        environment: &HashMap<String, String>,
        folder: &Path,
    ) -> Result<Self, ConfigError> {
        let mut layers = Self::default();
        for (key, text) in flags {
            layers.offer(key, text, Source::Flag);
        }
        layers.add_environment(environment)?;
        let env_file = FileChoice::new(environment, "BRICKLAYER_ENV_FILE", folder, ".env.local");
        if let Some((path, text)) = env_file.read()? {
            layers.add_env_file(&path, &text)?;
        }
        let config = FileChoice::new(environment, "BRICKLAYER_CONFIG", folder, "config.yaml");
        if let Some((path, text)) = config.read()? {
            layers.add_yaml(&path, &text, environment)?;
        }
        layers.add_profile(environment)?;
        layers.judge_foreign(environment)?;
        Ok(layers)
    }

    /// What is set and has no effect, in sentences; to be said at the start.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The profile that was chosen.
    pub(super) const fn profile(&self) -> Option<&Profile> {
        self.profile.as_ref()
    }

    fn add_profile(&mut self, environment: &HashMap<String, String>) -> Result<(), ConfigError> {
        let named = self.get("databricks.config_file").map(|value| PathBuf::from(value.text));
        let home = environment.get("HOME").or_else(|| environment.get("USERPROFILE"));
        let path = named.clone().or_else(|| profiles::usual_path(home));
        match (self.get("databricks.profile"), path) {
            (Some(name), Some(path)) => {
                let failed = |problem| ConfigError::File { path: path.display().to_string(), problem };
                self.profile = Some(profiles::find(&path, &name.text).map_err(failed)?);
            }
            (Some(_), None) => {
                return Err(self.wrong(
                    "databricks.profile",
                    "names a profile, and where profiles are is not known; set DATABRICKS_CONFIG_FILE",
                ));
            }
            (None, _) if named.is_some() => {
                return Err(self.wrong(
                    "databricks.config_file",
                    "is set without a profile; set DATABRICKS_CONFIG_PROFILE to one of its profiles, or unset it",
                ));
            }
            (None, Some(path)) if self.get("databricks.host").is_none() => {
                let names = profiles::names(&path);
                if !names.is_empty() {
                    self.notes.push(format!(
                        "{} has the profiles {}, and none is used; set DATABRICKS_CONFIG_PROFILE to work on its workspace",
                        path.display(),
                        names.join(", ")
                    ));
                }
            }
            (None, _) => {}
        }
        if self.get("anthropic.api_key").is_some() && self.get("anthropic.auth_token").is_some() {
            self.notes
                .push("ANTHROPIC_AUTH_TOKEN has no effect beside ANTHROPIC_API_KEY; unset one of them".to_owned());
        }
        Ok(())
    }

    /// Names what other programs' settings would have chosen.
    fn judge_foreign(&mut self, environment: &HashMap<String, String>) -> Result<(), ConfigError> {
        let is_app = self.get("databricks.app_name").is_some();
        let mut unused = Vec::new();
        for (name, text) in environment {
            if by_env(name).is_some() {
                continue;
            }
            match judge(name, text, is_app) {
                Foreign::Unrelated => {}
                Foreign::Unused => unused.push(name.as_str()),
                Foreign::Refused(problem) => {
                    return Err(ConfigError::WrongValue {
                        key: name.clone(),
                        place: "environment".to_owned(),
                        problem: problem.to_owned(),
                    });
                }
            }
        }
        unused.sort_unstable();
        self.notes
            .extend(unused.into_iter().map(|name| format!("{name} is set in the environment and has no effect here")));
        Ok(())
    }

    /// Takes out what any layer says of the settings whose keys begin so.
    pub(crate) fn forget(&mut self, keys: &str) {
        self.values.retain(|key, _| !key.starts_with(keys));
        self.profile = None;
    }

    /// The strongest value of a setting. Empty text counts as not set, as shells make it hard to unset.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Raw> {
        self.values.get(key).cloned()
    }

    /// Each set setting with its source, in the table's order; for `doctor`.
    pub fn set(&self) -> impl Iterator<Item = (&'static super::Setting, &Raw)> {
        SETTINGS.iter().filter_map(|setting| self.values.get(setting.key).map(|raw| (setting, raw)))
    }

    pub(crate) fn wrong(&self, key: &str, problem: &str) -> ConfigError {
        let place = self.values.get(key).map_or_else(|| "configuration".into(), |raw| raw.source.place(key));
        ConfigError::WrongValue { key: key.into(), place, problem: problem.into() }
    }

    fn offer(&mut self, key: &'static str, text: String, source: Source) {
        if !text.trim().is_empty() {
            self.values.entry(key).or_insert(Raw { text: text.trim().to_owned(), source });
        }
    }

    fn add_environment(&mut self, environment: &HashMap<String, String>) -> Result<(), ConfigError> {
        for (name, text) in environment {
            if let Some(setting) = by_env(name) {
                self.offer(setting.key, text.clone(), Source::Environment);
            } else if name.starts_with(OWN_PREFIX) && !OWN_OTHERS.contains(&name.as_str()) {
                return Err(unknown(name, "environment", SETTINGS.iter().map(|setting| setting.env)));
            }
        }
        Ok(())
    }

    fn add_env_file(&mut self, path: &str, text: &str) -> Result<(), ConfigError> {
        let mut seen = std::collections::HashSet::new();
        for (name, value) in dotenv::parse(path, text)? {
            if !seen.insert(name.clone()) {
                let problem = format!("sets {name} twice; keep one of the two lines");
                return Err(ConfigError::File { path: path.to_owned(), problem });
            }
            let setting =
                by_env(&name).ok_or_else(|| unknown(&name, path, SETTINGS.iter().map(|setting| setting.env)))?;
            self.offer(setting.key, value, Source::EnvFile(path.into()));
        }
        Ok(())
    }

    fn add_yaml(&mut self, path: &str, text: &str, environment: &HashMap<String, String>) -> Result<(), ConfigError> {
        for (key, value) in yaml::parse(path, text, environment)? {
            let setting =
                by_key(&key).ok_or_else(|| unknown(&key, path, SETTINGS.iter().map(|setting| setting.key)))?;
            self.offer(setting.key, value, Source::File(path.into()));
        }
        Ok(())
    }
}

fn unknown<'a>(key: &str, place: &str, known: impl Iterator<Item = &'a str>) -> ConfigError {
    ConfigError::UnknownKey { key: key.into(), place: place.into(), nearest: nearest(key, known) }
}

/// A file that was named, or the one that is read when it exists.
struct FileChoice {
    path: PathBuf,
    named: bool,
}

impl FileChoice {
    fn new(environment: &HashMap<String, String>, variable: &str, folder: &Path, default: &str) -> Self {
        environment.get(variable).filter(|path| !path.is_empty()).map_or_else(
            || Self { path: folder.join(default), named: false },
            |path| Self { path: folder.join(path), named: true },
        )
    }

    fn read(&self) -> Result<Option<(String, String)>, ConfigError> {
        let path = self.path.display().to_string();
        let failed = |problem: String| ConfigError::File { path: path.clone(), problem };
        match std::fs::metadata(&self.path) {
            Ok(metadata) if metadata.len() > MAX_FILE_BYTES => return Err(failed("is larger than 1 MiB".into())),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !self.named => return Ok(None),
            Err(error) => return Err(failed(format!("cannot be read: {error}"))),
        }
        let text = std::fs::read_to_string(&self.path).map_err(|error| failed(format!("cannot be read: {error}")))?;
        Ok(Some((path, text)))
    }
}
