//! The operator's hooks: where they are, and what it means when one does not answer.

use std::sync::Arc;
use std::time::Duration;

use bricklayer_domain::{MAX_RULES, PermissionRule, PermissionRules, RuleKind, RuleSet, RuledCall, Ruling};
use secrecy::SecretString;
use url::Url;

use super::{ConfigError, Layers, header_secret, seconds};

/// How long one is waited for by itself: a person waits meanwhile.
const DEFAULT_LIMIT: Duration = Duration::from_secs(5);
/// The longest that an operator may have one waited for.
const MAX_LIMIT: Duration = Duration::from_secs(60);

/// Which calls hooks are asked about.
const TOOLS: &str = "hooks.tools";
/// What a failure of a hook means.
const ON_FAILURE: &str = "hooks.on_failure";

/// What a hook that fails means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// What it was asked about does not happen.
    #[default]
    Block,
    /// It happens as if there were no hook.
    Continue,
}

/// The hooks.
#[derive(Debug, Clone)]
pub struct HooksConfig {
    /// Asked before a call runs.
    pub before_tool: Option<Url>,
    /// Asked when it ran.
    pub after_tool: Option<Url>,
    /// Asked before a message begins a turn.
    pub before_prompt: Option<Url>,
    /// Told that a turn ended.
    pub turn_end: Option<Url>,
    /// Which calls the first two are asked about; none: all.
    pub tools: Option<Arc<PermissionRules>>,
    /// Sent along as a bearer token, so that the hook knows who asks.
    pub secret: Option<SecretString>,
    /// How long one is waited for.
    pub limit: Duration,
    /// What it means when one fails.
    pub on_failure: OnFailure,
}

impl Default for HooksConfig {
    fn default() -> Self {
        Self {
            before_tool: None,
            after_tool: None,
            before_prompt: None,
            turn_end: None,
            tools: None,
            secret: None,
            limit: DEFAULT_LIMIT,
            on_failure: OnFailure::Block,
        }
    }
}

impl HooksConfig {
    /// # Errors
    /// When an address, a rule or a number is none.
    pub(super) fn from_layers(layers: &Layers) -> Result<Self, ConfigError> {
        let limit = seconds(layers, "hooks.seconds", DEFAULT_LIMIT)?;
        if limit > MAX_LIMIT {
            return Err(layers.wrong("hooks.seconds", &format!("must be at most {}", MAX_LIMIT.as_secs())));
        }
        Ok(Self {
            before_tool: address(layers, "hooks.before_tool")?,
            after_tool: address(layers, "hooks.after_tool")?,
            before_prompt: address(layers, "hooks.before_prompt")?,
            turn_end: address(layers, "hooks.turn_end")?,
            tools: tools(layers)?,
            secret: header_secret(layers, "hooks.secret")?,
            limit,
            on_failure: match layers.get(ON_FAILURE).as_ref().map(|value| value.text.as_str()) {
                None | Some("block") => OnFailure::Block,
                Some("continue") => OnFailure::Continue,
                Some(_) => return Err(layers.wrong(ON_FAILURE, "must be block or continue")),
            },
        })
    }

    /// Whether a hook is asked about this call; about one that may be meant it is.
    #[must_use]
    pub fn is_about(&self, call: &RuledCall<'_>) -> bool {
        self.tools.as_ref().is_none_or(|rules| matches!(rules.ruling(call), Ruling::Ask(_)))
    }
}

/// Where a hook is.
fn address(layers: &Layers, key: &'static str) -> Result<Option<Url>, ConfigError> {
    let Some(value) = layers.get(key) else { return Ok(None) };
    let wrong = |problem: &str| layers.wrong(key, problem);
    let url = Url::parse(&value.text)
        .map_err(|_| wrong("must be an address such as https://policy.example.com/bricklayer"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("must not hold a user name or password; use hooks.secret"));
    }
    let is_loopback = match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => return Err(wrong("has no host")),
    };
    match url.scheme() {
        "https" => Ok(Some(url)),
        "http" if is_loopback => Ok(Some(url)),
        "http" => Err(wrong("must use https; http would send what users do in the clear")),
        _ => Err(wrong("must begin with https://")),
    }
}

/// The rules of the calls that hooks are about: as rules that ask, because those hold for what may be meant.
fn tools(layers: &Layers) -> Result<Option<Arc<PermissionRules>>, ConfigError> {
    let Some(value) = layers.get(TOOLS) else { return Ok(None) };
    let mut rules = RuleSet::default();
    for text in value.text.split(['\n', ';']).map(str::trim).filter(|text| !text.is_empty()) {
        let rule = PermissionRule::parse(RuleKind::Ask, text)
            .map_err(|error| layers.wrong(TOOLS, &format!("holds a rule that cannot be read: `{text}` {error}")))?;
        rules.of_mut(RuleKind::Ask).push(rule);
    }
    if rules.of(RuleKind::Ask).len() > MAX_RULES {
        return Err(layers.wrong(TOOLS, &format!("must hold at most {MAX_RULES} rules")));
    }
    Ok(Some(Arc::new(PermissionRules { operator: Arc::new(rules), ..PermissionRules::default() })))
}
