//! `plugin.toml`: who made a plugin, what it asks for, and what its author says about each tool.

mod check;

use std::collections::BTreeMap;
use std::fmt;

use bricklayer_domain::{
    Creates, Deletes, Detail, PluginName, Renames, ResultKind, ToolAnnotations, ToolDisplay, ToolResources,
};
use serde::{Deserialize, Serialize};

pub(crate) use check::fault;

use crate::{FilesGrant, HttpRule, PathPattern, Power, Powers};

/// Largest manifest, in bytes; a person has to be able to read it.
pub(crate) const MAX_MANIFEST_BYTES: usize = 64 * 1024;

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
    /// Memory of one call, in MiB: more than [`crate::DEFAULT_MEMORY_MIB`], at most [`crate::MAX_MEMORY_MIB`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_mib: Option<u32>,
    /// CPU time of one call, in seconds: more than [`crate::DEFAULT_CPU_SECONDS`], at most [`crate::MAX_CPU_SECONDS`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<u32>,
    /// What one call may carry both ways, in GiB: more than [`crate::DEFAULT_TRANSFER_GIB`], at most
    /// [`crate::MAX_TRANSFER_GIB`]; with it go larger bodies and more requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transfer_gib: Option<u32>,
}

/// What the exported `previews` needs to look beyond requests by GET and HEAD. It gives nothing: only what the plugin was
/// given for its calls passes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PreviewRequests {
    /// Paths of `grants.http`, as they stand there, to which a request by POST only asks: a query, say.
    pub posts: Vec<PathPattern>,
}

impl PreviewRequests {
    fn is_empty(&self) -> bool {
        self.posts.is_empty()
    }
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
    /// Whether a model is told of it at once, however many tools there are.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub core: bool,
    /// Whether the plugin's exported `operations` or `review` is asked about each call; when not, what stands here says
    /// all.
    #[serde(skip_serializing_if = "is_true")]
    pub review: bool,
    /// What a call does, in a few words, for people: `Run SQL`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The arguments that tell one call from another, in braces: `{statement}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Detail>,
    /// What kind of thing the typed result is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<ResultKind>,
    /// The resource that its calls make.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creates: Option<Creates>,
    /// The resource that its calls give another name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renames: Option<Renames>,
    /// The resource that its calls delete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletes: Option<Deletes>,
    /// What it does, in place of what WIT says: for components that carry no documentation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What its parameters mean, by their names in JSON; likewise in place of what WIT says.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
}

impl Default for ToolEntry {
    fn default() -> Self {
        let ToolAnnotations { read_only, destructive, idempotent, ask, time_limit_seconds, core } =
            ToolAnnotations::default();
        let ToolDisplay { title, detail, result } = ToolDisplay::default();
        let ToolResources { creates, renames, deletes } = ToolResources::default();
        let (review, description, parameters) = (true, None, BTreeMap::new());
        Self {
            read_only,
            destructive,
            idempotent,
            ask,
            time_limit_seconds,
            core,
            review,
            title,
            detail,
            result,
            creates,
            renames,
            deletes,
            description,
            parameters,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields so")]
const fn is_true(value: &bool) -> bool {
    *value
}

impl ToolEntry {
    /// The part that says how to treat the tool.
    #[must_use]
    pub const fn annotations(&self) -> ToolAnnotations {
        let Self { read_only, destructive, idempotent, ask, time_limit_seconds, core, .. } = *self;
        ToolAnnotations { read_only, destructive, idempotent, ask, time_limit_seconds, core }
    }

    /// The part that says how to show the tool.
    #[must_use]
    pub fn display(&self) -> ToolDisplay {
        ToolDisplay { title: self.title.clone(), detail: self.detail.clone(), result: self.result }
    }

    /// The part that says what its calls make, rename and delete.
    #[must_use]
    pub fn resources(&self) -> ToolResources {
        let Self { creates, renames, deletes, .. } = self.clone();
        ToolResources { creates, renames, deletes }
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
    /// Exported functions (by the tool's name) and interfaces (`acme:fs/files`) that are no tools: those whose types
    /// cannot be, in a component that was built for another host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub omit: Vec<String>,
    /// What it asks for.
    #[serde(default)]
    pub grants: RequestedGrants,
    /// What a call needs beyond the defaults.
    #[serde(default)]
    pub limits: RequestedLimits,
    /// How its exported `previews` looks.
    #[serde(default, skip_serializing_if = "PreviewRequests::is_empty")]
    pub previews: PreviewRequests,
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

    /// How a tool wants to be shown.
    #[must_use]
    pub fn display(&self, tool: &str) -> ToolDisplay {
        self.tools.get(tool).map(ToolEntry::display).unwrap_or_default()
    }

    /// What a tool's calls make and delete.
    #[must_use]
    pub fn resources(&self, tool: &str) -> ToolResources {
        self.tools.get(tool).map(ToolEntry::resources).unwrap_or_default()
    }

    /// Whether the plugin itself is asked what one call of a tool would do, when it can say so.
    #[must_use]
    pub fn reviews(&self, tool: &str) -> bool {
        self.tools.get(tool).is_none_or(|entry| entry.review)
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
        powers.extend(self.limits.transfer_gib.map(|gib| Power::Transfer { gib }));
        powers
    }

    /// One line for each thing that it asks for; empty when it asks for nothing.
    #[must_use]
    pub fn requests_in_words(&self) -> Vec<String> {
        self.requests().words()
    }

    /// Whether it asks to send requests to the caller's workspace.
    #[must_use]
    pub fn asks_for_workspace(&self) -> bool {
        self.grants.http.iter().any(|rule| rule.audience == crate::Audience::Workspace)
    }
}

#[cfg(test)]
mod tests;
