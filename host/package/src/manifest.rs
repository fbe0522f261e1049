//! `plugin.toml`: who made a plugin, what it asks for, and what its author says about each tool.

use std::collections::BTreeMap;
use std::fmt;

use bricklayer_domain::{PluginName, ToolAnnotations};
use serde::{Deserialize, Serialize};

use crate::{DEFAULT_CPU_SECONDS, DEFAULT_MEMORY_MIB, HttpRule, MAX_CPU_SECONDS, MAX_MEMORY_MIB, Power, Powers};

/// Largest manifest, in bytes; a person has to be able to read it.
pub(crate) const MAX_MANIFEST_BYTES: usize = 64 * 1024;

/// Most HTTP rules of one plugin, and most entries of one rule; a person has to be able to judge them.
const MAX_RULES: usize = 64;

/// Most powers that all rules together ask for: methods times paths, which a person sees one by one.
const MAX_POWERS: usize = 512;

/// Longest address or file name in a manifest, in bytes.
const MAX_NAME_BYTES: usize = 500;

/// Longest description of a tool or parameter in a manifest, in bytes; a model reads all of them.
const MAX_DESCRIPTION_BYTES: usize = 4 * 1024;

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

/// What a call may use, where the default does not do. More than the default is a power that a person gives; less
/// cannot be asked for, since nothing would hold it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct RequestedLimits {
    /// Memory of one call, in MiB: more than [`DEFAULT_MEMORY_MIB`], at most [`MAX_MEMORY_MIB`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_mib: Option<u32>,
    /// CPU time of one call, in seconds: more than [`DEFAULT_CPU_SECONDS`], at most [`MAX_CPU_SECONDS`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<u32>,
}

/// The language of a plugin's source, for the author's tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Rust, built with cargo.
    Rust,
    /// Python, built with componentize-py.
    Python,
    /// JavaScript, built with componentize-js.
    JavaScript,
}

impl Language {
    /// The language's word in a manifest and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::JavaScript => "javascript",
        }
    }
}

/// How the author's tools build the component. The host reads nothing of it and never runs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// The language, which has a usual way to build.
    pub language: Language,
    /// A program and its arguments instead of the usual way, run in the plugin's folder without a shell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// The component that the build leaves, relative to the plugin's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
}

/// What a manifest says about one tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ToolEntry {
    /// Changes nothing.
    pub read_only: bool,
    /// May destroy what exists.
    pub destructive: bool,
    /// Running it twice is the same as once.
    pub idempotent: bool,
    /// Whether the user is asked before each call.
    pub ask: bool,
    /// Wall-clock limit for one call in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_limit_seconds: Option<u32>,
    /// What it does, for a component whose WIT does not say it; WIT documentation counts when there is any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What its parameters mean, by their names in JSON; likewise.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
}

impl Default for ToolEntry {
    fn default() -> Self {
        let ToolAnnotations { read_only, destructive, idempotent, ask, time_limit_seconds } =
            ToolAnnotations::default();
        let (description, parameters) = (None, BTreeMap::new());
        Self { read_only, destructive, idempotent, ask, time_limit_seconds, description, parameters }
    }
}

impl ToolEntry {
    /// The part that says how to treat the tool.
    #[must_use]
    pub const fn annotations(&self) -> ToolAnnotations {
        let Self { read_only, destructive, idempotent, ask, time_limit_seconds, .. } = *self;
        ToolAnnotations { read_only, destructive, idempotent, ask, time_limit_seconds }
    }
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
    /// Where to read more: an https address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
    /// File with its picture (PNG or SVG), relative to the plugin's folder; read when packing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// File with its description for people (Markdown), relative to the plugin's folder; read when packing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readme: Option<String>,
    /// The package whose documentation the component carries. A component that was built for another host may do
    /// without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wit: Option<WitPackage>,
    /// What it asks for.
    #[serde(default)]
    pub grants: RequestedGrants,
    /// What a call needs beyond the defaults.
    #[serde(default)]
    pub limits: RequestedLimits,
    /// How its author builds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<Build>,
    /// By a tool's name in snake case; a tool without an entry changes things, may destroy, and asks.
    #[serde(default)]
    pub tools: BTreeMap<String, ToolEntry>,
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
        self.tools.get(tool).map(ToolEntry::annotations).unwrap_or_default()
    }

    /// Everything that it asks for, power by power.
    #[must_use]
    pub fn requests(&self) -> Powers {
        let mut powers: Powers = self.grants.http.iter().flat_map(HttpRule::powers).collect();
        if self.grants.files != FilesGrant::None {
            powers.insert(Power::ReadFiles);
        }
        if self.grants.files == FilesGrant::ReadWrite {
            powers.insert(Power::WriteFiles);
        }
        if self.grants.state {
            powers.insert(Power::State);
        }
        powers.extend(self.limits.memory_mib.map(|mib| Power::Memory { mib }));
        powers.extend(self.limits.cpu_seconds.map(|seconds| Power::Cpu { seconds }));
        powers
    }

    /// One line for each thing that it asks for; empty when it asks for nothing.
    #[must_use]
    pub fn requests_in_words(&self) -> Vec<String> {
        self.requests().words()
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
        let asked: usize = self.grants.http.iter().map(|rule| rule.methods.len() * rule.paths.len()).sum();
        if asked > MAX_POWERS {
            return Err(fault("grants.http", "more than 512 pairs of a method and a path; use wider paths"));
        }
        self.limits.check()?;
        self.check_names()?;
        for (tool, entry) in &self.tools {
            entry.check(tool)?;
        }
        Ok(())
    }

    fn check_names(&self) -> Result<(), ManifestError> {
        if let Some(homepage) = &self.homepage
            && (homepage.len() > MAX_NAME_BYTES
                || !homepage.starts_with("https://")
                || !homepage.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\')))
        {
            return Err(fault("homepage", "must be an address that begins with https://, of at most 500 bytes"));
        }
        if let Some(icon) = &self.icon {
            file_name("icon", icon)?;
            if !icon.ends_with(".png") && !icon.ends_with(".svg") {
                return Err(fault("icon", "must be a file that ends with .png or .svg"));
            }
        }
        if let Some(readme) = &self.readme {
            file_name("readme", readme)?;
        }
        if let Some(output) = self.build.as_ref().and_then(|build| build.output.as_ref()) {
            file_name("build.output", output)?;
        }
        Ok(())
    }
}

impl RequestedLimits {
    fn check(self) -> Result<(), ManifestError> {
        let range = |field: &str, asked: Option<u32>, default: u32, max: u32, unit: &str| match asked {
            Some(amount) if amount <= default || amount > max => Err(fault(
                field,
                &format!(
                    "must be between {} and {max}; {default} {unit} are given without asking, so leave it out when \
                     they do",
                    default + 1
                ),
            )),
            _ => Ok(()),
        };
        range("limits.memory-mib", self.memory_mib, DEFAULT_MEMORY_MIB, MAX_MEMORY_MIB, "MiB")?;
        range("limits.cpu-seconds", self.cpu_seconds, DEFAULT_CPU_SECONDS, MAX_CPU_SECONDS, "seconds")
    }
}

impl ToolEntry {
    fn check(&self, tool: &str) -> Result<(), ManifestError> {
        let field = |name: &str| format!("tools.{tool}.{name}");
        if self.time_limit_seconds.is_some_and(|limit| limit == 0 || limit > MAX_TIME_LIMIT_SECONDS) {
            return Err(fault(&field("time-limit-seconds"), "must be between 1 and 900"));
        }
        if self.read_only && self.destructive {
            return Err(fault(&field("destructive"), "a read-only tool cannot be destructive"));
        }
        let texts = self.description.iter().map(|text| ("description", text));
        for (name, text) in texts.chain(self.parameters.values().map(|text| ("parameters", text))) {
            if text.len() > MAX_DESCRIPTION_BYTES || text.chars().any(|c| c.is_control() && c != '\n') {
                return Err(fault(&field(name), "must be text of at most 4096 bytes"));
            }
        }
        Ok(())
    }
}

/// A file below the plugin's folder, in one spelling for every system.
fn file_name(field: &str, name: &str) -> Result<(), ManifestError> {
    let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    let odd = |c: char| c.is_control() || matches!(c, '\\' | ':');
    if name.len() > MAX_NAME_BYTES || name.contains(odd) || !name.split('/').all(plain) {
        return Err(fault(field, "must be a file below the plugin's folder, such as `assets/icon.png`"));
    }
    Ok(())
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
        check_refused(
            "[grants]",
            "[limits]\n memory-mib = 64\n[grants]",
            "limits.memory-mib: must be between 65 and 256",
        );
        check_refused("[grants]", "[limits]\n memory-mib = 257\n[grants]", "limits.memory-mib");
        check_refused("[grants]", "[limits]\n cpu-seconds = 61\n[grants]", "limits.cpu-seconds");
        check_refused("[grants]", "[limits]\n disk-mib = 61\n[grants]", "disk-mib");
        check_refused("[grants]", "[build]\n language = \"cobol\"\n[grants]", "cobol");
        check_refused("[grants]", "[build]\n language = \"rust\"\n output = \"../x.wasm\"\n[grants]", "build.output");
        check_refused("[grants]", "homepage = \"http://a.example\"\n[grants]", "homepage");
        check_refused("[grants]", "homepage = \"https://a.example/\\\"><script>\"\n[grants]", "homepage");
        check_refused("[grants]", "icon = \"/etc/passwd.png\"\n[grants]", "icon");
        check_refused("[grants]", "icon = \"icon.gif\"\n[grants]", "icon");
        check_refused("[grants]", "readme = \"a/../../b\"\n[grants]", "readme");
        check_refused("ask = false", "description = \"a\\u0007b\"", "tools.list_warehouses.description");
        let many: Vec<String> = (0..60).map(|n| format!("\"/p{n}\"")).collect();
        let rule = format!(
            "[[grants.http]]\naudience = \"a.example\"\nmethods = [\"GET\", \"POST\"]\npaths = [{}]\n",
            many.join(", ")
        );
        check_refused("[tools.list_warehouses]", &format!("{}[tools.list_warehouses]", rule.repeat(5)), "512");
    }

    #[test]
    fn requests_are_atoms() {
        let text = good().replace("files = \"read\"", "files = \"read-write\"\nstate = true").replace(
            "[tools.list_warehouses]",
            "[limits]\nmemory-mib = 128\ncpu-seconds = 10\n[build]\nlanguage = \"python\"\n[tools.list_warehouses]",
        );
        let manifest = Manifest::parse(&text).unwrap();
        assert_eq!(
            manifest.requests().ids(),
            [
                "GET workspace/api/2.0/sql/** as-caller",
                "POST workspace/api/2.0/sql/** as-caller",
                "GET https://pypi.org/simple/{project}",
                "files:read",
                "files:write",
                "state",
                "memory:128MiB",
                "cpu:10s",
            ]
        );
        assert_eq!(
            manifest.requests_in_words(),
            [
                "GET, POST your workspace: /api/2.0/sql/** with your identity",
                "GET pypi.org/simple/{project}",
                "Read files of the project",
                "Change, create and delete files of the project",
                "Keep a small store of its own for each project",
                "Use up to 128 MiB of memory for a call",
                "Use up to 10 seconds of CPU time for a call",
            ]
        );
        let back = Manifest::parse(&toml::to_string(&manifest).unwrap()).unwrap();
        assert_eq!(back, manifest);
        assert_eq!(Manifest::parse(&good()).unwrap().requests().len(), 4);
    }
}
