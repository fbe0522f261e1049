//! How much agents may do without asking, as the operator bounds it.

use bricklayer_domain::{MAX_RULES, PermissionMode, PermissionRule, RuleKind, RuleSet};

use super::{ConfigError, Layers};

/// The setting that bounds what users choose.
pub const LOOSEST_MODE: &str = "permissions.loosest_mode";
/// The setting of what holds when a user chose nothing.
const DEFAULT_MODE: &str = "permissions.default_mode";

/// The rules of what nobody's agent does.
const DENY: &str = "permissions.deny";
/// The rules of what everybody's agent asks about.
const ASK: &str = "permissions.ask";

/// The operator's rules, which can only tighten. In a setting they stand on lines of their own, or with semicolons
/// between them.
///
/// # Errors
/// When one cannot be read, or they are too many.
pub(super) fn rules_from_layers(layers: &Layers) -> Result<RuleSet, ConfigError> {
    let mut rules = RuleSet::default();
    for (key, kind) in [(DENY, RuleKind::Deny), (ASK, RuleKind::Ask)] {
        let Some(value) = layers.get(key) else { continue };
        for text in value.text.split(['\n', ';']).map(str::trim).filter(|text| !text.is_empty()) {
            let rule = PermissionRule::parse(kind, text)
                .map_err(|error| layers.wrong(key, &format!("holds a rule that cannot be read: `{text}` {error}")))?;
            rules.of_mut(kind).push(rule);
        }
        if rules.of(kind).len() > MAX_RULES {
            return Err(layers.wrong(key, &format!("must hold at most {MAX_RULES} rules")));
        }
    }
    Ok(rules)
}

/// The permission modes of this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PermissionBounds {
    /// The loosest mode that a user may choose.
    pub loosest: PermissionMode,
    /// The mode when a user chose none; never looser.
    pub usual: PermissionMode,
}

impl Default for PermissionBounds {
    fn default() -> Self {
        Self { loosest: PermissionMode::RunAll, usual: PermissionMode::Ask }
    }
}

impl PermissionBounds {
    /// # Errors
    /// When one names no mode, or the default is looser than the loosest.
    pub(super) fn from_layers(layers: &Layers) -> Result<Self, ConfigError> {
        let loosest = mode(layers, LOOSEST_MODE)?.unwrap_or(PermissionMode::RunAll);
        let usual = mode(layers, DEFAULT_MODE)?;
        if usual.is_some_and(|usual| usual > loosest) {
            let problem = format!("must not be looser than `{LOOSEST_MODE}`, which is `{}`", loosest.as_str());
            return Err(layers.wrong(DEFAULT_MODE, &problem));
        }
        Ok(Self { loosest, usual: usual.unwrap_or_default().min(loosest) })
    }

    /// The modes that a user may choose, from careful to loose.
    pub fn allowed(self) -> impl Iterator<Item = PermissionMode> {
        PermissionMode::ALL.into_iter().filter(move |mode| *mode <= self.loosest)
    }

    /// The mode of a turn whose user chose this. A choice from before the operator drew the bounds is brought within
    /// them.
    #[must_use]
    pub fn of(self, chosen: Option<PermissionMode>) -> PermissionMode {
        chosen.unwrap_or(self.usual).min(self.loosest)
    }
}

fn mode(layers: &Layers, key: &'static str) -> Result<Option<PermissionMode>, ConfigError> {
    let Some(value) = layers.get(key) else { return Ok(None) };
    let parsed = PermissionMode::parse(&value.text);
    let words = PermissionMode::ALL.map(|mode| format!("`{}`", mode.as_str())).join(", ");
    parsed.map(Some).ok_or_else(|| layers.wrong(key, &format!("must be one of {words}")))
}
