//! Powers: the single things that a plugin may do, as a person gives or refuses them.
//!
//! A manifest asks for powers, a person gives some, and a call gets what is both asked and given. A power's text id is
//! canonical and stable: it is what the database, the HTTP API and the command line hold.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::rules::{Audience, HttpRule, Method, PathPattern, RuleError};

/// Memory of one call that every plugin gets without asking, in MiB.
pub const DEFAULT_MEMORY_MIB: u32 = 64;

/// Most memory of one call that a plugin may ask for, in MiB: what one slot of the sandbox's pool holds.
pub const MAX_MEMORY_MIB: u32 = 256;

/// CPU time of one call that every plugin gets without asking, in seconds.
pub const DEFAULT_CPU_SECONDS: u32 = 2;

/// Most CPU time of one call that a plugin may ask for, in seconds: a minute of a core for one question.
pub const MAX_CPU_SECONDS: u32 = 60;

/// Bytes in both directions that one call may carry without asking, in GiB.
pub const DEFAULT_TRANSFER_GIB: u32 = 1;

/// Most that one call may ask to carry, in GiB: the largest file of the Files API, and what goes around it.
pub const MAX_TRANSFER_GIB: u32 = 6;

/// Longest id of a power that is read, in bytes: a path pattern, a host name and the words around them.
const MAX_ID_BYTES: usize = 1024;

/// The last word of the id of a power that attaches the caller's credential.
const AS_CALLER: &str = "as-caller";

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

/// Why a text is no power's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PowerError {
    /// None of the forms.
    #[error(
        "{0:?} is no power; powers are written like `GET https://api.example.com/v1/*`, \
         `POST workspace/api/2.0/jobs/create as-caller`, `files:read`, `files:write`, `state`, `memory:128MiB`, `cpu:10s`, \
         `transfer:6GiB`"
    )]
    Form(String),
    /// A number outside its range.
    #[error("{id:?}: {what} must be a whole number between 1 and {max}")]
    Range {
        /// The text.
        id: String,
        /// Memory in MiB, CPU time in seconds or transfer in GiB.
        what: &'static str,
        /// The most that may be asked for.
        max: u32,
    },
    /// The credential for someone other than the workspace.
    #[error("{0:?}: only `workspace` gets the caller's credential; leave `as-caller` out")]
    Credential(String),
    /// A method, audience or path that breaks its own rule.
    #[error("{id:?}: {source}")]
    Rule {
        /// The text.
        id: String,
        /// Which rule.
        source: RuleError,
    },
}

/// One thing that a plugin may do.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Power {
    /// Send requests of one method to the paths of one pattern.
    Http {
        /// Whom.
        audience: Audience,
        /// How.
        method: Method,
        /// Where.
        path: PathPattern,
        /// Whether the caller's credential is attached; only for the workspace.
        credential: bool,
    },
    /// Read the project's folder.
    ReadFiles,
    /// Change, create and delete in the project's folder; of use together with [`Power::ReadFiles`] only.
    WriteFiles,
    /// Keep the plugin's own key-value store, one for each project.
    State,
    /// More memory for a call than [`DEFAULT_MEMORY_MIB`].
    Memory {
        /// At most this much, in MiB.
        mib: u32,
    },
    /// More CPU time for a call than [`DEFAULT_CPU_SECONDS`].
    Cpu {
        /// At most this much, in seconds.
        seconds: u32,
    },
    /// Carry more in a call than [`DEFAULT_TRANSFER_GIB`], in bodies as large and requests as many as folders and large
    /// files need.
    Transfer {
        /// At most this much both ways, in GiB.
        gib: u32,
    },
}

/// What a power is about; how a page groups them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PowerKind {
    /// Outgoing HTTP.
    Http,
    /// The project's folder.
    Files,
    /// The key-value store.
    State,
    /// A limit above the default.
    Limit,
}

impl PowerKind {
    /// The kind's word in the HTTP API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Files => "files",
            Self::State => "state",
            Self::Limit => "limit",
        }
    }
}

impl Power {
    /// The canonical text: `GET https://api.example.com/v1/*`, `POST workspace/api/2.0/jobs/create as-caller`,
    /// `files:read`, `files:write`, `state`, `memory:128MiB`, `cpu:10s`, `transfer:6GiB`.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Self::Http { audience, method, path, credential } => {
                let scheme = if *audience == Audience::Workspace { "" } else { "https://" };
                let tail = if *credential { " as-caller" } else { "" };
                format!("{} {scheme}{audience}{}{tail}", method.as_str(), path.as_str())
            }
            Self::ReadFiles => "files:read".to_owned(),
            Self::WriteFiles => "files:write".to_owned(),
            Self::State => "state".to_owned(),
            Self::Memory { mib } => format!("memory:{mib}MiB"),
            Self::Cpu { seconds } => format!("cpu:{seconds}s"),
            Self::Transfer { gib } => format!("transfer:{gib}GiB"),
        }
    }

    /// Reads an id; only the canonical spelling is one, so that equal powers have equal ids.
    ///
    /// # Errors
    /// [`PowerError`], with the way it should be written.
    pub fn parse(id: &str) -> Result<Self, PowerError> {
        if id.len() > MAX_ID_BYTES {
            let cut: String = id.chars().take(80).collect();
            return Err(PowerError::Form(format!("{cut}…")));
        }
        match id {
            "files:read" => return Ok(Self::ReadFiles),
            "files:write" => return Ok(Self::WriteFiles),
            "state" => return Ok(Self::State),
            _ => {}
        }
        if let Some(amount) = id.strip_prefix("memory:") {
            let mib = amount.strip_suffix("MiB").ok_or_else(|| PowerError::Form(id.to_owned()))?;
            return Ok(Self::Memory { mib: number(id, mib, "memory in MiB", MAX_MEMORY_MIB)? });
        }
        if let Some(amount) = id.strip_prefix("cpu:") {
            let seconds = amount.strip_suffix('s').ok_or_else(|| PowerError::Form(id.to_owned()))?;
            return Ok(Self::Cpu { seconds: number(id, seconds, "CPU time in seconds", MAX_CPU_SECONDS)? });
        }
        if let Some(amount) = id.strip_prefix("transfer:") {
            let gib = amount.strip_suffix("GiB").ok_or_else(|| PowerError::Form(id.to_owned()))?;
            return Ok(Self::Transfer { gib: number(id, gib, "transfer in GiB", MAX_TRANSFER_GIB)? });
        }
        parse_http(id)
    }

    /// For people, without a full stop: `GET api.example.com/v1/*`, `Read files of the project`.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Http { audience, method, path, credential } => {
                http_words(method.as_str(), audience, path, *credential)
            }
            Self::ReadFiles => "Read files of the project".to_owned(),
            Self::WriteFiles => "Change, create and delete files of the project".to_owned(),
            Self::State => "Keep a small store of its own for each project".to_owned(),
            Self::Memory { mib } => format!("Use up to {mib} MiB of memory for a call"),
            Self::Cpu { seconds } => format!("Use up to {seconds} seconds of CPU time for a call"),
            Self::Transfer { gib } => format!("Carry up to {gib} GiB in a call, in thousands of requests"),
        }
    }

    /// What it is about.
    #[must_use]
    pub const fn kind(&self) -> PowerKind {
        match self {
            Self::Http { .. } => PowerKind::Http,
            Self::ReadFiles | Self::WriteFiles => PowerKind::Files,
            Self::State => PowerKind::State,
            Self::Memory { .. } | Self::Cpu { .. } | Self::Transfer { .. } => PowerKind::Limit,
        }
    }

    /// Whether requests carry the caller's identity.
    #[must_use]
    pub const fn identity(&self) -> bool {
        matches!(self, Self::Http { credential: true, .. })
    }

    /// Whether who has this power may do everything that `other` allows.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Http { audience, method, path, credential },
                Self::Http { audience: to, method: how, path: narrow, credential: wanted },
            ) => audience == to && method == how && (*credential || !wanted) && path.covers(narrow),
            (Self::Memory { mib }, Self::Memory { mib: wanted }) => mib >= wanted,
            (Self::Cpu { seconds }, Self::Cpu { seconds: wanted }) => seconds >= wanted,
            (Self::Transfer { gib }, Self::Transfer { gib: wanted }) => gib >= wanted,
            _ => self == other,
        }
    }
}

fn number(id: &str, text: &str, what: &'static str, max: u32) -> Result<u32, PowerError> {
    let fault = || PowerError::Range { id: id.to_owned(), what, max };
    // No sign and no leading zero: one spelling for one power.
    if text.starts_with('0') || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(fault());
    }
    text.parse().ok().filter(|number| (1..=max).contains(number)).ok_or_else(fault)
}

fn parse_http(id: &str) -> Result<Power, PowerError> {
    let form = || PowerError::Form(id.to_owned());
    let rule = |source| PowerError::Rule { id: id.to_owned(), source };
    let (method, rest) = id.split_once(' ').ok_or_else(form)?;
    let (target, credential) = match rest.split_once(' ') {
        None => (rest, false),
        Some((target, AS_CALLER)) => (target, true),
        Some(_) => return Err(form()),
    };
    let (whom, named) = target.strip_prefix("https://").map_or((target, false), |target| (target, true));
    let slash = whom.find('/').ok_or_else(form)?;
    let (whom, path) = whom.split_at(slash);
    let method = Method::parse(method).map_err(rule)?;
    let audience = Audience::parse(whom).map_err(rule)?;
    if named == (audience == Audience::Workspace) {
        return Err(form());
    }
    if credential && audience != Audience::Workspace {
        return Err(PowerError::Credential(id.to_owned()));
    }
    let path = PathPattern::parse(path).map_err(rule)?;
    Ok(Power::Http { audience, method, path, credential })
}

fn http_words(methods: &str, audience: &Audience, path: &PathPattern, credential: bool) -> String {
    let whom = match audience {
        Audience::Workspace => "your workspace: ",
        Audience::Host(host) => host,
    };
    let identity = if credential { " with your identity" } else { "" };
    format!("{methods} {whom}{}{identity}", path.as_str())
}

impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id())
    }
}

impl FromStr for Power {
    type Err = PowerError;

    fn from_str(id: &str) -> Result<Self, PowerError> {
        Self::parse(id)
    }
}

impl TryFrom<String> for Power {
    type Error = PowerError;

    fn try_from(id: String) -> Result<Self, PowerError> {
        Self::parse(&id)
    }
}

impl From<Power> for String {
    fn from(power: Power) -> Self {
        power.id()
    }
}

/// A set of powers, in a fixed order; as JSON, the list of their ids.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Powers(BTreeSet<Power>);

/// What an update changes. Powers are compared by what they allow, so that writing `{name}` for `*` changes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PowerDiff {
    /// Asked for by the new version and not covered by what the old one asked for: these need consent.
    pub added: Powers,
    /// Asked for by the old version and covered by nothing in the new one.
    pub removed: Powers,
    /// Asked for by the new version and covered by what the old one asked for.
    pub kept: Powers,
}

impl PowerDiff {
    /// Whether the new version asks for nothing that the old one did not ask for.
    #[must_use]
    pub fn asks_for_no_more(&self) -> bool {
        self.added.is_empty()
    }
}

impl Powers {
    /// Reads ids.
    ///
    /// # Errors
    /// The first text that is no power.
    pub fn parse<I>(ids: I) -> Result<Self, PowerError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        ids.into_iter().map(|id| Power::parse(id.as_ref())).collect()
    }

    /// The ids in order.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        self.0.iter().map(Power::id).collect()
    }

    /// The powers in order.
    pub fn iter(&self) -> std::collections::btree_set::Iter<'_, Power> {
        self.0.iter()
    }

    /// Whether exactly this power is in the set; see [`Powers::covers`] for what it allows.
    #[must_use]
    pub fn contains(&self, power: &Power) -> bool {
        self.0.contains(power)
    }

    /// Adds a power; false when it was there.
    pub fn insert(&mut self, power: Power) -> bool {
        self.0.insert(power)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether one power of the set allows everything that `power` allows.
    #[must_use]
    pub fn covers(&self, power: &Power) -> bool {
        self.0.iter().any(|own| own.covers(power))
    }

    /// Whether each power of `other` is covered.
    #[must_use]
    pub fn covers_all(&self, other: &Self) -> bool {
        other.iter().all(|power| self.covers(power))
    }

    /// Both sets together.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).cloned().collect())
    }

    /// What a call may do: everything asked that is given, and everything given that is asked. A gift narrower than
    /// the request (`/v1/a` of `/v1/*`, 128 MiB of 256) counts as far as it goes; nothing counts that is only one of
    /// both.
    #[must_use]
    pub fn effective(given: &Self, requested: &Self) -> Self {
        let asked = requested.iter().filter(|power| given.covers(power));
        let narrower = given.iter().filter(|power| requested.covers(power));
        asked.chain(narrower).cloned().collect()
    }

    /// What changes from the requests of one version to those of the next.
    #[must_use]
    pub fn diff(old: &Self, new: &Self) -> PowerDiff {
        let (kept, added): (Vec<_>, Vec<_>) = new.iter().cloned().partition(|power| old.covers(power));
        let removed = old.iter().filter(|power| !new.covers(power)).cloned().collect();
        PowerDiff { added: added.into_iter().collect(), removed, kept: kept.into_iter().collect() }
    }

    /// One line for each thing, for the person who decides; methods to the same place share a line.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut places: BTreeMap<(&Audience, &PathPattern, bool), Vec<&str>> = BTreeMap::new();
        for power in &self.0 {
            if let Power::Http { audience, method, path, credential } = power {
                places.entry((audience, path, *credential)).or_default().push(method.as_str());
            }
        }
        let http = places.iter().map(|((audience, path, credential), methods)| {
            http_words(&methods.join(", "), audience, path, *credential)
        });
        let others = self.0.iter().filter(|power| power.kind() != PowerKind::Http).map(Power::words);
        http.chain(others).collect()
    }

    /// The HTTP powers as rules, one for each.
    #[must_use]
    pub fn http_rules(&self) -> Vec<HttpRule> {
        let rule = |power: &Power| match power {
            Power::Http { audience, method, path, credential } => Some(HttpRule {
                audience: audience.clone(),
                methods: vec![*method],
                paths: vec![path.clone()],
                credential: *credential,
            }),
            _ => None,
        };
        self.0.iter().filter_map(rule).collect()
    }

    /// How the project's folder is seen. Writing without reading is nothing: no folder can be opened that way.
    #[must_use]
    pub fn files(&self) -> FilesGrant {
        match (self.contains(&Power::ReadFiles), self.contains(&Power::WriteFiles)) {
            (true, true) => FilesGrant::ReadWrite,
            (true, false) => FilesGrant::Read,
            (false, _) => FilesGrant::None,
        }
    }

    /// Whether the key-value store is there.
    #[must_use]
    pub fn state(&self) -> bool {
        self.contains(&Power::State)
    }

    /// Memory of one call in MiB: the default, or more.
    #[must_use]
    pub fn memory_mib(&self) -> u32 {
        let amount = |power: &Power| if let Power::Memory { mib } = power { Some(*mib) } else { None };
        self.0.iter().filter_map(amount).fold(DEFAULT_MEMORY_MIB, u32::max)
    }

    /// CPU time of one call in seconds: the default, or more.
    #[must_use]
    pub fn cpu_seconds(&self) -> u32 {
        let amount = |power: &Power| if let Power::Cpu { seconds } = power { Some(*seconds) } else { None };
        self.0.iter().filter_map(amount).fold(DEFAULT_CPU_SECONDS, u32::max)
    }
}

impl FromIterator<Power> for Powers {
    fn from_iter<I: IntoIterator<Item = Power>>(powers: I) -> Self {
        Self(powers.into_iter().collect())
    }
}

impl Extend<Power> for Powers {
    fn extend<I: IntoIterator<Item = Power>>(&mut self, powers: I) {
        self.0.extend(powers);
    }
}

impl IntoIterator for Powers {
    type Item = Power;
    type IntoIter = std::collections::btree_set::IntoIter<Power>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Powers {
    type Item = &'a Power;
    type IntoIter = std::collections::btree_set::Iter<'a, Power>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl HttpRule {
    /// The rule's powers: one for each method and path.
    pub fn powers(&self) -> impl Iterator<Item = Power> {
        self.methods.iter().flat_map(|method| {
            self.paths.iter().map(|path| Power::Http {
                audience: self.audience.clone(),
                method: *method,
                path: path.clone(),
                credential: self.credential,
            })
        })
    }
}

#[cfg(test)]
mod tests;
