//! `plugin.toml`: who made a plugin, what it asks for, and what its author says about each tool.

use std::collections::BTreeMap;
use std::fmt;

use bricklayer_domain::{PluginName, ToolAnnotations};
use serde::{Deserialize, Serialize};

use crate::HttpRule;

/// Largest manifest, in bytes; a person has to be able to read it.
pub(crate) const MAX_MANIFEST_BYTES: usize = 64 * 1024;

/// Most HTTP rules of one plugin, and most entries of one rule; a person has to be able to judge them.
const MAX_RULES: usize = 64;

/// Longest wall-clock limit that a tool may ask for, in seconds: a quarter of an hour, for long remote work.
pub const MAX_TIME_LIMIT_SECONDS: u32 = 900;

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not the TOML that is expected; the message names the place.
    #[error("plugin.toml: {0}")]
    Syntax(#[from] toml::de::Error),
    /// A value that makes no sense.
    #[error("plugin.toml: {field}: {reason}")]
    Value {
        /// The field.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Whether and how a plugin sees the project's folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FilesGrant {
    /// Not at all.
    #[default]
    None,
    /// Read only.
    Read,
    /// Read and write.
    ReadWrite,
}

/// The powers that a plugin asks for; nothing is given by asking.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RequestedGrants {
    /// Outgoing HTTP; a request passes when one rule allows it.
    pub http: Vec<HttpRule>,
    /// The project's folder.
    pub files: FilesGrant,
    /// The key-value store.
    pub state: bool,
}

/// A WIT package id, `namespace:name` or `namespace:name@version`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WitPackage(String);

impl WitPackage {
    /// # Errors
    /// When the text is not of that form.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, version) = text.split_once('@').map_or((text, None), |(name, version)| (name, Some(version)));
        let part = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_lowercase())
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        let named = name.split_once(':').is_some_and(|(namespace, name)| part(namespace) && part(name));
        if !named || version.is_some_and(|version| !is_version(version)) {
            return Err(format!("{text:?} is no WIT package such as `acme:weather@1.0.0`"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The id as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for WitPackage {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<WitPackage> for String {
    fn from(package: WitPackage) -> Self {
        package.0
    }
}

impl fmt::Display for WitPackage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Semantic versioning's three numbers with an optional pre-release or build part (semver.org, point 2).
fn is_version(text: &str) -> bool {
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let plain = |part: &str| !part.is_empty() && part.len() <= 9 && part.bytes().all(|b| b.is_ascii_digit());
    core.split('.').count() == 3
        && core.split('.').all(plain)
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+'))
}

/// A plugin's manifest, checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Its name, unique in a host.
    pub name: PluginName,
    /// Its version, semantic.
    pub version: String,
    /// Who made it.
    #[serde(default)]
    pub authors: Vec<String>,
    /// An SPDX expression.
    #[serde(default)]
    pub licence: String,
    /// One line for people.
    pub description: String,
    /// The package whose exported interfaces are its tools, and whose documentation the component carries.
    pub wit: WitPackage,
    /// What it asks for.
    #[serde(default)]
    pub grants: RequestedGrants,
    /// By a tool's name in snake case; a tool without an entry changes things, may destroy, and asks.
    #[serde(default)]
    pub tools: BTreeMap<String, ToolAnnotations>,
}

impl Manifest {
    /// # Errors
    /// [`ManifestError`] with the field that is wrong.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        if text.len() > MAX_MANIFEST_BYTES {
            return Err(fault("(file)", "it has more than 65536 bytes"));
        }
        let manifest: Self = toml::from_str(text)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// What a tool's author says about it.
    #[must_use]
    pub fn annotations(&self, tool: &str) -> ToolAnnotations {
        self.tools.get(tool).cloned().unwrap_or_default()
    }

    fn check(&self) -> Result<(), ManifestError> {
        if !is_version(&self.version) {
            return Err(fault("version", "not a semantic version such as 1.0.0"));
        }
        let line = |field: &str, text: &str, max: usize| {
            if text.chars().count() > max || text.chars().any(char::is_control) {
                return Err(fault(field, &format!("must be one line of at most {max} characters")));
            }
            Ok(())
        };
        line("description", &self.description, 500)?;
        line("licence", &self.licence, 200)?;
        for author in &self.authors {
            line("authors", author, 200)?;
        }
        if self.grants.http.len() > MAX_RULES {
            return Err(fault("grants.http", "more than 64 rules"));
        }
        for (index, rule) in self.grants.http.iter().enumerate() {
            let field = |name: &str| format!("grants.http[{index}].{name}");
            if rule.methods.is_empty() || rule.methods.len() > MAX_RULES {
                return Err(fault(&field("methods"), "between 1 and 64 methods are needed"));
            }
            if rule.paths.is_empty() || rule.paths.len() > MAX_RULES {
                return Err(fault(&field("paths"), "between 1 and 64 paths are needed"));
            }
            if rule.credential && rule.audience != crate::Audience::Workspace {
                return Err(fault(&field("credential"), "only the audience `workspace` gets the caller's credential"));
            }
        }
        for (tool, annotations) in &self.tools {
            if annotations.time_limit_seconds.is_some_and(|limit| limit == 0 || limit > MAX_TIME_LIMIT_SECONDS) {
                return Err(fault(&format!("tools.{tool}.time-limit-seconds"), "must be between 1 and 900"));
            }
            if annotations.read_only && annotations.destructive {
                return Err(fault(&format!("tools.{tool}.destructive"), "a read-only tool cannot be destructive"));
            }
        }
        Ok(())
    }
}

fn fault(field: &str, reason: &str) -> ManifestError {
    ManifestError::Value { field: field.to_owned(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        name = "sql"
        version = "0.1.0"
        description = "Runs SQL."
        wit = "bricklayer:sql@0.1.0"
        [grants]
        files = "read"
        [[grants.http]]
        audience = "workspace"
        methods = ["GET", "POST"]
        paths = ["/api/2.0/sql/**"]
        credential = true
        [[grants.http]]
        audience = "pypi.org"
        methods = ["GET"]
        paths = ["/simple/{project}/"]
        [tools.list_warehouses]
        read-only = true
        destructive = false
        ask = false
    "#;

    fn good() -> String {
        GOOD.replace("/simple/{project}/", "/simple/{project}")
    }

    #[test]
    fn a_manifest_reads_back() {
        let manifest = Manifest::parse(&good()).unwrap();
        assert_eq!(manifest.grants.files, FilesGrant::Read);
        assert!(manifest.annotations("list_warehouses").read_only);
        assert_eq!(manifest.annotations("execute_sql"), ToolAnnotations::default());
    }

    #[track_caller]
    fn check_refused(from: &str, to: &str, names: &str) {
        let text = good().replace(from, to);
        assert_ne!(text, good(), "nothing was replaced");
        let message = Manifest::parse(&text).unwrap_err().to_string();
        assert!(message.contains(names), "{message}");
    }

    #[test]
    fn faults_name_their_field() {
        check_refused("name = \"sql\"", "name = \"SQL\"", "lower-case");
        check_refused("0.1.0\"\n        desc", "one\"\n        desc", "version");
        check_refused("\"GET\", \"POST\"", "\"GET\", \"TRACE\"", "TRACE");
        check_refused("/api/2.0/sql/**", "/api/../sql/**", "dot segments");
        check_refused("audience = \"pypi.org\"", "audience = \"pypi.org\"\ncredential = true", "credential");
        check_refused("files = \"read\"", "fils = \"read\"", "fils");
        check_refused("ask = false", "time-limit-seconds = 901", "time-limit-seconds");
        check_refused("destructive = false", "destructive = true", "destructive");
        check_refused("\"pypi.org\"", "\"localhost\"", "localhost");
    }
}
