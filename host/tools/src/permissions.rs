//! Who may run a call: it runs, the user is asked, or it is refused.
//!
//! Order, the first that says something counts: the operator's hook where it forbids, the operator's prohibitions, the
//! project's, what the mode forbids, the hook where it asks, the rules that ask, the mode, the rules that allow, what the user allowed for longer, the user. Of a call with several
//! parts the gravest answer to any of them counts.

use bricklayer_domain::{
    CallEffect, CallGrounds, CallReview, ContinuingCall, ModeProposal, Operation, PermissionMode, RuleAuthor, RuleHit,
    Ruling, StandingPermission, StandingScope, ToolAnnotations, ToolName, UserAsk, UserQuestion,
};

use serde_json::Value;

use crate::hooks::HookRuling;

/// On what terms calls run, beside what rules say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// How much runs unasked.
    pub mode: PermissionMode,
    /// Whether content from outside the user's words is in the conversation, and its project's owner wants a second look
    /// at what sends or destroys then: the mode and rules that allow do not count for that any more. What the user
    /// allowed for longer does: it is this verb on these objects, which they saw.
    pub outside: bool,
    /// The loosest mode that the operator allows.
    pub loosest: PermissionMode,
}

impl Terms {
    /// In this mode, where nothing from outside is known.
    #[must_use]
    pub const fn of(mode: PermissionMode) -> Self {
        Self { mode, outside: false, loosest: PermissionMode::RunAll }
    }

    /// Whether a part of this effect is looked at again, because what asks for it may come from outside.
    fn looks_again(&self, effect: CallEffect) -> bool {
        self.outside && effect > CallEffect::Writes
    }

    fn asks_about(&self, effect: CallEffect) -> bool {
        self.mode.asks_about(effect) || self.looks_again(effect)
    }
}

/// What is known about a call before it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallClass {
    /// What its tool says about itself.
    pub annotations: ToolAnnotations,
    /// What this very call would do, when the tool can tell.
    pub review: Option<CallReview>,
    /// What the operator's hook says about it.
    pub hook: HookRuling,
    /// The arguments that the hook wants it to have; the rest of this is about those.
    pub rewritten: Option<Value>,
    /// What rules say about it.
    pub ruling: Ruling,
    /// What only the user can give, when that is what it is for.
    pub asks: Option<UserAsk>,
    /// Whether it goes on where it stood when it is begun a second time.
    pub resumes: bool,
}

impl CallClass {
    /// How grave the call is: what its review says, else what its tool says about itself.
    #[must_use]
    pub fn effect(&self) -> CallEffect {
        match &self.review {
            Some(review) => review.effect(),
            None if self.annotations.read_only => CallEffect::Reads,
            None if self.annotations.destructive => CallEffect::Destroys,
            None => CallEffect::Writes,
        }
    }

    /// Whether a rule or the hook asks, whatever was allowed for longer.
    fn is_asked_each_time(&self) -> bool {
        matches!(self.ruling, Ruling::Ask(_)) || self.hook != HookRuling::Silent
    }

    /// Changes nothing: runs side by side with others.
    #[must_use]
    pub fn reads(&self) -> bool {
        self.effect() == CallEffect::Reads
    }

    /// Whether it may run a second time when nobody knows how the first ended.
    #[must_use]
    pub fn repeatable(&self) -> bool {
        self.reads() || self.annotations.idempotent
    }

    /// The parts that are asked about, and the rules that allow them.
    fn asking(&self, terms: Terms) -> impl Iterator<Item = (&Operation, Option<&RuleHit>)> {
        let operations = self.review.iter().flat_map(|review| &review.operations);
        let allowed = move |place: usize, operation: &Operation| match &self.ruling {
            Ruling::Allow { parts, .. } if !terms.looks_again(operation.effect) => parts.get(place)?.as_ref(),
            _ => None,
        };
        operations
            .enumerate()
            .filter(move |(_, operation)| terms.asks_about(operation.effect))
            .map(move |(place, operation)| (operation, allowed(place, operation)))
    }

    /// What the answer "for this conversation" would cover: what the call does, when that is one thing, is asked about,
    /// and it is known to what. Never offered for several statements at once: who allows one would seem to allow all;
    /// nor where a rule asks each time.
    #[must_use]
    pub fn offered_scope(&self, terms: Terms) -> Option<StandingScope> {
        let [only] = self.review.as_ref()?.operations.as_slice() else { return None };
        let offered = terms.asks_about(only.effect) && !self.is_asked_each_time();
        offered.then(|| StandingScope::of(only)).flatten()
    }

    /// The mode that it proposes to the user.
    #[must_use]
    pub fn proposal(&self, terms: Terms) -> Option<ModeProposal> {
        let asked = self.asks.as_ref()?;
        let modes = asked.modes(terms.mode, terms.loosest);
        let plan = match asked {
            UserAsk::Plan(plan) => Some(plan.clone()),
            UserAsk::Questions(_) | UserAsk::ToPlan => None,
        };
        (!modes.is_empty()).then_some(ModeProposal { plan, modes })
    }

    /// The questions that it puts to the user.
    #[must_use]
    pub fn questions(&self) -> &[UserQuestion] {
        match &self.asks {
            Some(UserAsk::Questions(questions)) => questions,
            Some(UserAsk::ToPlan | UserAsk::Plan(_)) | None => &[],
        }
    }

    /// Whether standing permissions could cover every part that is asked about and that no rule allows.
    #[must_use]
    pub fn may_be_covered(&self, terms: Terms) -> bool {
        if self.is_asked_each_time() || matches!(self.ruling, Ruling::Deny(_)) || self.asks.is_some() {
            return false;
        }
        let mut asking = self.asking(terms).peekable();
        asking.peek().is_some()
            && asking.all(|(operation, rule)| rule.is_some() || StandingScope::of(operation).is_some())
    }

    /// What covers every part that is asked about: a rule about the whole call, else one or a standing permission for
    /// each part.
    fn covered(&self, terms: Terms, tool: &ToolName, standing: &[StandingPermission]) -> Option<CallGrounds> {
        let by_rule = |hit: &RuleHit| CallGrounds::Rule { rule: hit.rule.clone() };
        if let Ruling::Allow { whole: Some(hit), .. } = &self.ruling
            && !terms.looks_again(self.effect())
        {
            return Some(by_rule(hit));
        }
        let covers = |operation: &Operation| standing.iter().find(|permission| permission.covers(tool, operation));
        let mut grounds = None;
        for (operation, rule) in self.asking(terms) {
            let found = match rule {
                Some(hit) => by_rule(hit),
                None => CallGrounds::Standing { since: covers(operation)?.since },
            };
            grounds.get_or_insert(found);
        }
        grounds
    }
}

/// Why a call may run. Only a decision makes one, and nothing runs without: no door can leave the decision out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit(CallGrounds);

impl Permit {
    /// For what brings to its end what a permitted call started: to wait for it changes nothing.
    #[must_use]
    pub const fn to_continue(_by: &ContinuingCall) -> Self {
        Self(CallGrounds::Continues)
    }

    /// Whether it is for another call than the one that was judged: what continues that one.
    #[must_use]
    pub fn is_to_continue(&self) -> bool {
        self.0 == CallGrounds::Continues
    }

    /// Why, for the one who looks at the call later.
    #[must_use]
    pub const fn grounds(&self) -> &CallGrounds {
        &self.0
    }
}

/// The decision about a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permission {
    /// It runs.
    Allow(Permit),
    /// The user decides.
    Ask {
        /// Why, for the user.
        reason: String,
    },
    /// It does not run.
    Deny {
        /// Why, for the model and the user.
        reason: String,
    },
}

/// Decides about a call that the user was not asked about yet.
#[must_use]
pub fn decide(terms: Terms, tool: &ToolName, class: &CallClass, standing: &[StandingPermission]) -> Permission {
    if let Some(refusal) = refused(terms.mode, class) {
        return refusal;
    }
    if let Some(asked) = &class.asks {
        return put_to_user(terms, asked);
    }
    if let HookRuling::Ask(reason) = &class.hook {
        return Permission::Ask { reason: format!("The operator asks before this call: {reason}") };
    }
    if let Ruling::Ask(hit) = &class.ruling {
        return Permission::Ask { reason: asked_by(hit) };
    }
    let effect = class.effect();
    let asks_each_time = class.review.is_none() && class.annotations.ask && terms.mode != PermissionMode::RunAll;
    if !terms.asks_about(effect) && !asks_each_time {
        return Permission::Allow(Permit(CallGrounds::Mode { mode: terms.mode, effect }));
    }
    if let Some(grounds) = class.covered(terms, tool, standing) {
        return Permission::Allow(Permit(grounds));
    }
    let reason = match (&class.review, effect) {
        _ if !terms.mode.asks_about(effect) && terms.looks_again(effect) => {
            "This conversation has read content that you did not write, and this call sends something out or destroys: \
             look whether it is what you want."
        }
        (Some(_), CallEffect::Destroys) => "This call destroys or replaces what exists, or its effect is not known.",
        (Some(_), CallEffect::Shares) => {
            "This call gives rights away, opens something to others, or sends something out."
        }
        (None, CallEffect::Destroys) => "This tool may destroy what exists.",
        (None, _) if asks_each_time => "This tool asks before each call.",
        _ => "This call changes something, and this conversation asks before changes.",
    };
    Permission::Ask { reason: reason.to_owned() }
}

/// What nobody but the user can give is asked of them, where it is in its place.
fn put_to_user(terms: Terms, asked: &UserAsk) -> Permission {
    let in_place = matches!(asked, UserAsk::Questions(_)) || !asked.modes(terms.mode, terms.loosest).is_empty();
    match asked {
        _ if in_place => {
            let reason = match asked {
                UserAsk::Questions(_) => "The agent needs to know something from you.",
                UserAsk::ToPlan => "The agent proposes to make a plan first: nothing changes until you took it.",
                UserAsk::Plan(_) => "The agent puts its plan to you: nothing changes until you took it.",
            };
            Permission::Ask { reason: reason.to_owned() }
        }
        UserAsk::Plan(_) if terms.mode == PermissionMode::ReadOnly => Permission::Deny {
            reason:
                "the operator of this host lets agents only read, so no plan can be carried out here; tell the user \
                     the plan, and that"
                    .to_owned(),
        },
        UserAsk::Questions(_) | UserAsk::Plan(_) => {
            Permission::Deny { reason: "this conversation does not wait for a plan; go on with the work".to_owned() }
        }
        UserAsk::ToPlan => Permission::Deny {
            reason:
                "this conversation only reads already; find out what you need, then put your plan to the user with \
                     ExitPlanMode"
                    .to_owned(),
        },
    }
}

/// Decides about a call to which the user said yes: it runs, unless a rule or the mode forbids it.
#[must_use]
pub fn decide_answered(mode: PermissionMode, class: &CallClass) -> Permission {
    refused(mode, class).unwrap_or(Permission::Allow(Permit(CallGrounds::Answered)))
}

fn refused(mode: PermissionMode, class: &CallClass) -> Option<Permission> {
    if let HookRuling::Deny(reason) = &class.hook {
        return Some(Permission::Deny { reason: forbidden_by_hook(reason) });
    }
    if let Ruling::Deny(hit) = &class.ruling {
        return Some(Permission::Deny { reason: forbidden(hit) });
    }
    (mode == PermissionMode::ReadOnly && !class.reads()).then(|| Permission::Deny {
        reason:
            "this conversation is read only, and this call does more than read: find out what you need, then put a \
                 plan to the user with ExitPlanMode, where you have it; else describe the change, and ask them to \
                 choose another permission mode"
                .to_owned(),
    })
}

fn forbidden_by_hook(reason: &str) -> String {
    let reason = reason.trim_end_matches('.');
    format!("the operator forbids this call: {reason}. Do without it, and do not try it in another way")
}

/// What the model and the user are told of a rule that forbids.
pub(crate) fn forbidden(hit: &RuleHit) -> String {
    let (whose, who) = match hit.author {
        RuleAuthor::Operator => ("the operator's", "the operator"),
        RuleAuthor::Project => ("this project's", "the project's owner"),
    };
    format!(
        "{whose} rule `{}` forbids this call in every permission mode; do without it, and do not try it in another way: \
         only {who} can change the rule",
        hit.rule
    )
}

fn asked_by(hit: &RuleHit) -> String {
    let whose = match hit.author {
        RuleAuthor::Operator => "The operator's",
        RuleAuthor::Project => "This project's",
    };
    if hit.unsure {
        format!("{whose} rule `{}` may be about this call, which does not say what it works on.", hit.rule)
    } else {
        format!("{whose} rule `{}` asks before this call.", hit.rule)
    }
}
