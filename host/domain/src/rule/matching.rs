//! What rules say about a call.

use serde_json::Value;

use super::pattern::Pattern;
use super::{About, PermissionRule, PermissionRules, Reading, RuleKind, RuleSet, RuledCall};
use crate::{CallEffect, Operation, ToolName, ToolSource, UNKNOWN_VERB};

/// What full names of the Databricks families' tools begin with.
const FAMILIES: &str = "mcp__databricks__";

/// Whose rule it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleAuthor {
    /// The operator, for everybody.
    Operator,
    /// The project's owner.
    Project,
}

/// A rule that holds for a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleHit {
    /// Whose.
    pub author: RuleAuthor,
    /// As it was written.
    pub rule: String,
    /// Whether it only may hold: the call does not say what it works on.
    pub unsure: bool,
}

/// What the rules say about a call, the first that holds in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Ruling {
    /// Nothing.
    #[default]
    Silent,
    /// It does not run.
    Deny(RuleHit),
    /// The user is asked.
    Ask(RuleHit),
    /// Some or all of it may run unasked.
    Allow {
        /// The rule about all of the call, whatever it does.
        whole: Option<RuleHit>,
        /// For each operation of its review the rule that allows it.
        parts: Vec<Option<RuleHit>>,
    },
}

/// How surely a rule holds, or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Holds {
    No,
    Perhaps,
    Yes,
}

impl PermissionRules {
    /// What they say about a call. The operator's prohibitions come first, then the project's, then what asks; where it
    /// cannot be told whether a prohibition holds, the user is asked.
    #[must_use]
    pub fn ruling(&self, call: &RuledCall<'_>) -> Ruling {
        let hits = |kind: RuleKind, wanted: Holds| {
            self.by_author().into_iter().find_map(|(author, rules)| {
                let rule = rules.of(kind).iter().find(|rule| rule.holds(call) == wanted)?;
                Some(RuleHit { author, rule: rule.text.clone(), unsure: wanted == Holds::Perhaps })
            })
        };
        if let Some(hit) = hits(RuleKind::Deny, Holds::Yes) {
            return Ruling::Deny(hit);
        }
        let asks = hits(RuleKind::Ask, Holds::Yes)
            .or_else(|| hits(RuleKind::Deny, Holds::Perhaps))
            .or_else(|| hits(RuleKind::Ask, Holds::Perhaps));
        if let Some(hit) = asks {
            return Ruling::Ask(hit);
        }
        self.project.allowance(call)
    }

    /// The rule that forbids every call of a tool, which is then hidden; none when there is none.
    #[must_use]
    pub fn hides(&self, name: &ToolName, source: &ToolSource) -> Option<RuleHit> {
        self.by_author().into_iter().find_map(|(author, rules)| {
            let mut bare = rules.deny.iter().filter(|rule| rule.is_bare());
            let rule = bare.find(|rule| rule.is_about(name, source, false))?;
            Some(RuleHit { author, rule: rule.text.clone(), unsure: false })
        })
    }

    /// The rules that keep files from these tools, each by its own path: what a tool that looks into many files leaves out,
    /// because reading each by itself would be forbidden, or asked about. Rules about all calls of a tool are not among
    /// them.
    #[must_use]
    pub fn guards(&self, tools: &[&ToolName]) -> Vec<&PermissionRule> {
        let about = |rule: &&PermissionRule| {
            !rule.is_bare() && tools.iter().any(|tool| rule.is_about(tool, &ToolSource::BuiltIn, false))
        };
        self.by_author().into_iter().flat_map(|(_, rules)| rules.deny.iter().chain(&rules.ask)).filter(about).collect()
    }

    /// In the order in which they count.
    fn by_author(&self) -> [(RuleAuthor, &RuleSet); 2] {
        [(RuleAuthor::Operator, &self.operator), (RuleAuthor::Project, &self.project)]
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.operator.is_empty() && self.project.is_empty()
    }
}

impl RuleSet {
    fn allowance(&self, call: &RuledCall<'_>) -> Ruling {
        let hit =
            |rule: &PermissionRule| RuleHit { author: RuleAuthor::Project, rule: rule.text.clone(), unsure: false };
        let mut named = self.allow.iter().filter(|rule| rule.is_about(call.name, call.source, true)).peekable();
        if named.peek().is_none() {
            return Ruling::Silent;
        }
        let named: Vec<_> = named.collect();
        let whole = named.iter().find(|rule| match &rule.about {
            None => true,
            Some(About::Argument { name, value }) => values(call.input, name)
                .is_some_and(|given| !given.is_empty() && given.iter().all(|given| value.covers(given))),
            Some(About::Operation(_)) => false,
        });
        let allowed = |operation: &Operation| {
            named.iter().find(|rule| match &rule.about {
                Some(About::Operation(readings)) => readings.iter().any(|reading| reading.allows(operation)),
                None | Some(About::Argument { .. }) => false,
            })
        };
        let operations = call.review.map(|review| review.operations.as_slice()).unwrap_or_default();
        let parts: Vec<_> = operations.iter().map(|operation| allowed(operation).map(|rule| hit(rule))).collect();
        let whole = whole.map(|rule| hit(rule));
        if whole.is_none() && parts.iter().all(Option::is_none) {
            Ruling::Silent
        } else {
            Ruling::Allow { whole, parts }
        }
    }
}

impl PermissionRule {
    /// Whether it is about this tool. A short name allows only where its source is known to be ours.
    fn is_about(&self, name: &ToolName, source: &ToolSource, allows: bool) -> bool {
        if self.tool.covers(&name.0) {
            return true;
        }
        let ours = *source == ToolSource::BuiltIn || name.0.starts_with(FAMILIES);
        (ours || !allows) && self.tool.covers(name.short())
    }

    /// Whether a rule that forbids or asks holds for a call, or may.
    #[must_use]
    pub fn may_hold(&self, call: &RuledCall<'_>) -> bool {
        self.holds(call) != Holds::No
    }

    /// Whether a rule that forbids or asks holds.
    fn holds(&self, call: &RuledCall<'_>) -> Holds {
        if !self.is_about(call.name, call.source, false) {
            return Holds::No;
        }
        match &self.about {
            None => Holds::Yes,
            Some(About::Argument { name, value }) => match values(call.input, name) {
                Some(given) if given.iter().any(|given| value.covers_any_case(given)) => Holds::Yes,
                Some(_) | None => Holds::No,
            },
            Some(About::Operation(readings)) => {
                let Some(review) = call.review.filter(|review| !review.operations.is_empty()) else {
                    // Nobody knows what it does.
                    return Holds::Perhaps;
                };
                let each = review
                    .operations
                    .iter()
                    .flat_map(|operation| readings.iter().map(move |reading| reading.holds(operation)));
                each.max().unwrap_or(Holds::No)
            }
        }
    }
}

impl Reading {
    /// Whether a rule that forbids or asks holds for this part when it is read so.
    fn holds(&self, operation: &Operation) -> Holds {
        // Two changes in one statement are told with a comma.
        let known = operation.verb != UNKNOWN_VERB;
        let named = !known || operation.verb.split(", ").any(|verb| self.begins(verb));
        match &self.object {
            None if named && known => Holds::Yes,
            None if named => Holds::Perhaps,
            // What is grave and does not say on what may be anything.
            _ if operation.objects.is_empty() && operation.effect >= CallEffect::Shares => Holds::Perhaps,
            None => Holds::No,
            Some(_) if !named => Holds::No,
            Some(pattern) if operation.objects.is_empty() => {
                let meant = !self.verb.is_empty() || pattern.is_telling();
                if meant { Holds::Perhaps } else { Holds::No }
            }
            Some(pattern) => {
                operation.objects.iter().map(|object| covers_name(pattern, object)).max().unwrap_or(Holds::No)
            }
        }
    }

    /// Whether an operation is one of those that the words name, or the words are only their beginning.
    fn begins(&self, verb: &str) -> bool {
        if self.verb.is_empty() || self.verb == ["*"] {
            return true;
        }
        let mut said = verb.split_whitespace();
        if !self.verb.iter().all(|word| said.next().is_some_and(|said| said.eq_ignore_ascii_case(word))) {
            return false;
        }
        // A word that the operation's own would go on with is not taken for an object.
        said.next().is_none() || self.object.as_ref().is_none_or(Pattern::is_telling)
    }

    /// Whether a rule that allows covers this part when it is read so.
    fn allows(&self, operation: &Operation) -> bool {
        let any = self.verb == ["*"];
        let whole = operation.verb.split_whitespace().eq(self.verb.iter().map(String::as_str));
        let known = operation.verb != UNKNOWN_VERB && !operation.objects.is_empty();
        match &self.object {
            None => known && (any || whole),
            Some(pattern) => {
                let named = any || whole || self.verb.is_empty();
                named && known && operation.objects.iter().all(|object| pattern.covers(object))
            }
        }
    }
}

/// Whether a pattern covers an object's name, which may lack its first levels.
fn covers_name(pattern: &Pattern, object: &str) -> Holds {
    /// Dots in a whole name: catalog.schema.name.
    const WHOLE: usize = 2;
    if pattern.covers_any_case(object) {
        return Holds::Yes;
    }
    let is_path = object.contains(['/', ':', ' ']);
    let incomplete = !is_path && object.matches('.').count() < WHOLE && pattern.has_levels();
    if incomplete && pattern.may_complete(object) { Holds::Perhaps } else { Holds::No }
}

/// The texts of an argument: its own, or those of its parts. None when the call does not give it.
fn values(input: &Value, name: &str) -> Option<Vec<String>> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match input.get(name)? {
        Value::Null => None,
        Value::Array(values) => Some(values.iter().map(text).collect()),
        value => Some(vec![text(value)]),
    }
}
