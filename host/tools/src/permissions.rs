//! Who may run a call: it runs, the user is asked, or it is refused.
//!
//! Order: what the mode forbids, the user's answer to this call, the effect of its parts (each of which a standing
//! permission may cover), the tool's annotations. Rules written by users and operators will come before the mode
//! (DESIGN.md section 6).

use bricklayer_domain::{
    CallEffect, CallReview, ContinuingCall, Operation, PermissionMode, StandingPermission, StandingScope,
    ToolAnnotations, ToolName,
};

/// What is known about a call before it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallClass {
    /// What its tool says about itself.
    pub annotations: ToolAnnotations,
    /// What this very call would do, when the tool can tell.
    pub review: Option<CallReview>,
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

    /// The parts that are asked about in this mode.
    fn asking(&self, mode: PermissionMode) -> impl Iterator<Item = &Operation> {
        let operations = self.review.iter().flat_map(|review| &review.operations);
        operations.filter(move |operation| mode.asks_about(operation.effect))
    }

    /// What the answer "for this conversation" would cover: what the call does, when that is one thing, is asked about,
    /// and it is known to what. Never offered for several statements at once: who allows one would seem to allow all.
    #[must_use]
    pub fn offered_scope(&self, mode: PermissionMode) -> Option<StandingScope> {
        let [only] = self.review.as_ref()?.operations.as_slice() else { return None };
        mode.asks_about(only.effect).then(|| StandingScope::of(only)).flatten()
    }

    /// Whether standing permissions could cover every part that is asked about.
    #[must_use]
    pub fn may_be_covered(&self, mode: PermissionMode) -> bool {
        let mut asking = self.asking(mode).peekable();
        asking.peek().is_some() && asking.all(|operation| StandingScope::of(operation).is_some())
    }

    /// Whether standing permissions cover every part that is asked about.
    fn covered(&self, mode: PermissionMode, tool: &ToolName, standing: &[StandingPermission]) -> bool {
        let mut asking = self.asking(mode).peekable();
        let covers = |operation: &Operation| standing.iter().any(|permission| permission.covers(tool, operation));
        asking.peek().is_some() && asking.all(covers)
    }
}

/// Why a call may run. Only a decision makes one, and nothing runs without: no door can leave the decision out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit(Grounds);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Grounds {
    /// It is not asked about, or a standing permission covers it.
    Unasked,
    /// The user said yes to it.
    Answered,
    /// It waits for what an earlier call started, which was permitted.
    Continues,
}

impl Permit {
    /// For what brings to its end what a permitted call started: to wait for it changes nothing.
    #[must_use]
    pub const fn to_continue(_by: &ContinuingCall) -> Self {
        Self(Grounds::Continues)
    }

    /// Whether it is for another call than the one that was judged: what continues that one.
    #[must_use]
    pub fn is_to_continue(&self) -> bool {
        self.0 == Grounds::Continues
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
pub fn decide(mode: PermissionMode, tool: &ToolName, class: &CallClass, standing: &[StandingPermission]) -> Permission {
    if let Some(refusal) = refused_by(mode, class) {
        return refusal;
    }
    let effect = class.effect();
    let asks_each_time = class.review.is_none() && class.annotations.ask;
    let asked = mode.asks_about(effect) || (asks_each_time && mode != PermissionMode::RunAll);
    if !asked || class.covered(mode, tool, standing) {
        return Permission::Allow(Permit(Grounds::Unasked));
    }
    let reason = match (&class.review, effect) {
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

/// Decides about a call to which the user said yes: it runs, unless the mode forbids it.
#[must_use]
pub fn decide_answered(mode: PermissionMode, class: &CallClass) -> Permission {
    refused_by(mode, class).unwrap_or(Permission::Allow(Permit(Grounds::Answered)))
}

fn refused_by(mode: PermissionMode, class: &CallClass) -> Option<Permission> {
    (mode == PermissionMode::ReadOnly && !class.reads()).then(|| Permission::Deny {
        reason: "this conversation is read only, and this call does more than read; describe the change instead, and \
                 ask the user to choose another permission mode"
            .to_owned(),
    })
}
