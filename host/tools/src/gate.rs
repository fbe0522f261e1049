//! The gate: list, resolve, classify, call.

use std::sync::Arc;
use std::time::Instant;

use bricklayer_domain::{
    CallReview, Caller, PermissionMode, PermissionRules, ToolCall, ToolCallId, ToolChoice, ToolErrorKind, ToolFailure,
    ToolName, ToolOutcome, ToolSpec, argument_digest,
};
use serde_json::Value;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use crate::approvals::{Approvals, Question};
use crate::audit::{CallEnd, GateAudit};
use crate::call::{Hearers, ResolvedCall};
use crate::catalogue::{ToolList, catalogue};
use crate::hooks::{Before, HookRuling, Hooks};
use crate::keeper::Keeper;
use crate::ledger::ResourceLedger;
use crate::limits::GateLimits;
use crate::link::CallLink;
use crate::offer::{Offer, Offers};
use crate::permissions::{CallClass, Permission, Permit, Terms, decide, decide_answered, forbidden};
use crate::provider::Provider;

/// What holds for whoever comes in by a door.
#[derive(Debug, Clone, Default)]
pub struct GateRules {
    /// How much runs unasked.
    pub mode: PermissionMode,
    /// What operator and project say of calls.
    pub rules: Arc<PermissionRules>,
    /// What the project chose of its tools.
    pub choice: Arc<ToolChoice>,
    /// Whether what sends or destroys is asked about whatever the mode once content from outside has entered, where a
    /// door can tell that it has.
    pub second_look: bool,
    /// The loosest mode that the operator allows; a user who answers a plan chooses up to it.
    pub loosest: PermissionMode,
    /// The tools that there are behind this door, by their full names or by the last part; none: all.
    pub only: Option<Arc<[String]>>,
}

impl GateRules {
    /// This mode alone.
    #[must_use]
    pub fn of(mode: PermissionMode) -> Self {
        Self { mode, second_look: true, loosest: PermissionMode::RunAll, ..Self::default() }
    }

    /// Whether there is this tool behind the door.
    fn has(&self, spec: &ToolSpec) -> bool {
        let is = |name: &String| *name == spec.name.0 || name == spec.name.short();
        self.only.as_ref().is_none_or(|only| only.iter().any(is))
    }

    /// Whether a list leaves it out.
    fn hides(&self, spec: &ToolSpec) -> bool {
        !self.has(spec) || self.choice.hides(spec) || self.rules.hides(&spec.name, &spec.source).is_some()
    }
}

/// What a door has: whoever came in by it (a turn, an MCP session, a workflow), with the tools that they have and the
/// rules that hold for them. Made when the door opens; cheap to clone.
#[derive(Clone)]
pub struct Gate {
    caller: Caller,
    rules: GateRules,
    limits: GateLimits,
    providers: Arc<[Arc<dyn Provider>]>,
    list: ToolList,
    offer: Offer,
    audit: Option<Arc<dyn GateAudit>>,
    keeper: Option<Arc<dyn Keeper>>,
    ledger: Option<Arc<dyn ResourceLedger>>,
    hooks: Option<Arc<dyn Hooks>>,
    places: Places,
}

/// The places of calls: as many as may read at once; what changes something takes all of them. Clones are the same
/// places.
#[derive(Debug, Clone)]
pub struct Places {
    free: Arc<Semaphore>,
    count: u32,
}

impl Places {
    /// As many as the limits say.
    #[must_use]
    pub fn new(limits: &GateLimits) -> Self {
        let count = u32::try_from(limits.max_concurrent_reads).unwrap_or(u32::MAX).max(1);
        Self { free: Arc::new(Semaphore::new(usize::try_from(count).unwrap_or(1))), count }
    }

    /// Waits for the calls before this one, as far as it must.
    async fn take(&self, class: &CallClass) -> Result<OwnedSemaphorePermit, AcquireError> {
        let count = if class.reads() { 1 } else { self.count };
        Arc::clone(&self.free).acquire_many_owned(count).await
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").field("caller", &self.caller).field("mode", &self.rules.mode).finish_non_exhaustive()
    }
}

impl Gate {
    /// A gate for a caller over these sources, of which the first counts when two have a tool of one name.
    #[must_use]
    pub fn new(caller: Caller, mode: PermissionMode, limits: GateLimits, providers: Vec<Arc<dyn Provider>>) -> Self {
        Self::ruled(caller, GateRules::of(mode), limits, providers, &Offers::default())
    }

    /// The same, with what the project chose of these tools and what rules say of them; what a model is told of them is
    /// made once for each list and choice, and kept in `offers`.
    #[must_use]
    pub fn ruled(
        caller: Caller,
        rules: GateRules,
        limits: GateLimits,
        providers: Vec<Arc<dyn Provider>>,
        offers: &Offers,
    ) -> Self {
        let lists: Vec<_> = providers.iter().map(|provider| provider.list()).collect();
        let mut list = catalogue(&lists);
        if list.iter().any(|spec| rules.hides(spec)) {
            list = list.iter().filter(|spec| !rules.hides(spec)).map(Arc::clone).collect();
        }
        let offer = offers.of(&list, &rules.choice);
        if let Some(search) = offer.search() {
            list = catalogue(&[list, [Arc::clone(search)].into()]);
        }
        Self {
            caller,
            rules,
            providers: providers.into(),
            list,
            offer,
            audit: None,
            keeper: None,
            ledger: None,
            hooks: None,
            places: Places::new(&limits),
            limits,
        }
    }

    /// Tells `audit` of the calls that nobody else records. A door whose own log tells of every call needs none.
    #[must_use]
    pub fn with_audit(self, audit: Arc<dyn GateAudit>) -> Self {
        Self { audit: Some(audit), ..self }
    }

    /// Keeps with `keeper` what is too large for a model, instead of cutting it for good.
    #[must_use]
    pub fn with_keeper(self, keeper: Arc<dyn Keeper>) -> Self {
        Self { keeper: Some(keeper), ..self }
    }

    /// Tells `ledger` what calls make and delete at the far end.
    #[must_use]
    pub fn with_ledger(self, ledger: Arc<dyn ResourceLedger>) -> Self {
        Self { ledger: Some(ledger), ..self }
    }

    /// Asks `hooks` about each call.
    #[must_use]
    pub fn with_hooks(self, hooks: Arc<dyn Hooks>) -> Self {
        Self { hooks: Some(hooks), ..self }
    }

    /// For what the host reads by itself: nobody called, so no hook is asked.
    #[must_use]
    pub fn without_hooks(self) -> Self {
        Self { hooks: None, ..self }
    }

    /// Orders its calls among those of other gates with these places: those that one client opens, one after the other.
    #[must_use]
    pub fn within(self, places: Places) -> Self {
        Self { places, ..self }
    }

    /// Who calls.
    #[must_use]
    pub const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// How much runs unasked.
    #[must_use]
    pub const fn mode(&self) -> PermissionMode {
        self.rules.mode
    }

    /// Whether what sends or destroys is looked at again once content from outside has entered.
    #[must_use]
    pub const fn looks_again(&self) -> bool {
        self.rules.second_look
    }

    /// The loosest mode that the operator allows.
    #[must_use]
    pub const fn loosest(&self) -> PermissionMode {
        self.rules.loosest
    }

    /// The bounds of each call.
    #[must_use]
    pub const fn limits(&self) -> &GateLimits {
        &self.limits
    }

    /// The tools, as they were when the door opened, in an order that changes only with their sources.
    #[must_use]
    pub const fn list(&self) -> &ToolList {
        &self.list
    }

    /// Which of the list a model is told of at once, and which it finds.
    #[must_use]
    pub const fn offer(&self) -> &Offer {
        &self.offer
    }

    /// The tool of this name in the list.
    #[must_use]
    pub fn listed(&self, name: &ToolName) -> Option<&Arc<ToolSpec>> {
        self.list.iter().find(|spec| spec.name == *name)
    }

    /// Finds a call's tool and reads its arguments, once for all that happens to the call.
    ///
    /// # Errors
    /// When there is no such tool (any more), as the model is told.
    pub fn resolve(&self, id: &ToolCallId, name: &ToolName, input: &Value) -> Result<ResolvedCall, ToolFailure> {
        self.resolve_as(id, name, input, false)
    }

    /// What is known about a call before it runs, and the call that does: another one where the operator's hook changes its
    /// arguments, which is judged by those.
    pub async fn classify(&self, call: &ToolCall, resolved: ResolvedCall) -> (ResolvedCall, CallClass) {
        let class = resolved.classify().await;
        let Before { ruling, input } = resolved.ask_hook(&class).await;
        let Some(input) = input.filter(|input| *input != call.input) else {
            return (resolved, CallClass { hook: ruling, ..class });
        };
        match self.resolve_as(&call.id, &call.name, &input, true) {
            Ok(changed) => {
                let class = changed.classify().await;
                (changed, CallClass { hook: ruling, rewritten: Some(input), ..class })
            }
            Err(failure) => {
                let reason = format!("what it would run with instead does not fit: {}", failure.message);
                (resolved, CallClass { hook: HookRuling::Deny(reason), ..class })
            }
        }
    }

    fn resolve_as(
        &self,
        id: &ToolCallId,
        name: &ToolName,
        input: &Value,
        rewritten: bool,
    ) -> Result<ResolvedCall, ToolFailure> {
        let caller = Caller { tool_call: Some(id.clone()), ..self.caller.clone() };
        let found = self.providers.iter().find_map(|provider| provider.resolve(&caller, name, input));
        let found = found.filter(|call| self.rules.has(call.spec())).or_else(|| self.offer.call(name, input));
        let Some(call) = found else { return Err(self.no_tool(name)) };
        let spec = call.spec();
        if let Some(hit) = self.rules.rules.hides(&spec.name, &spec.source) {
            return Err(ToolFailure::new(ToolErrorKind::Denied, forbidden(&hit)));
        }
        if self.rules.choice.hides(spec) {
            return Err(hidden(name));
        }
        let audit = self.audit.as_ref().filter(|_| !call.is_recorded());
        let makes = !call.spec().resources.is_empty();
        let hearers = Hearers {
            audit: audit.map(|audit| (Arc::clone(audit), argument_digest(input))),
            keeper: self.keeper.clone(),
            ledger: self.ledger.as_ref().filter(|_| makes).map(|ledger| (Arc::clone(ledger), input.clone())),
        };
        let rules = Some(&self.rules.rules).filter(|rules| !rules.is_empty());
        let rules = rules.map(|rules| (Arc::clone(rules), input.clone()));
        let hooks = self.hooks.as_ref().map(|hooks| (Arc::clone(hooks), input.clone()));
        Ok(ResolvedCall::new(call, caller, self.limits.clone(), hearers, rules, hooks, rewritten))
    }

    /// Makes a call as whoever opened the door: finds its tool, judges it, asks about it where that is due, and runs it,
    /// beside others when it only reads and in its order when not. Never panics; every fault is a failed outcome.
    ///
    /// A turn does the same in steps, between which its log is written.
    pub async fn call(&self, call: &ToolCall, approvals: &dyn Approvals, link: CallLink) -> ToolOutcome {
        let began = Instant::now();
        let (spec, failure) = match self.resolve(&call.id, &call.name, &call.input) {
            Err(failure) => (None, failure),
            Ok(resolved) => {
                let spec = Some(Arc::clone(resolved.spec()));
                let judged = link.cancel.run_until_cancelled(self.judge(call, resolved, approvals)).await;
                match judged.unwrap_or_else(|| Err(stopped())) {
                    Err(failure) => (spec, failure),
                    Ok((permit, class, judged)) => {
                        match link.cancel.run_until_cancelled(self.places.take(&class)).await {
                            Some(Ok(_place)) => return judged.run(permit, link).await,
                            Some(Err(_)) | None => (spec, stopped()),
                        }
                    }
                }
            }
        };
        let outcome = ToolOutcome::failed(failure);
        if let Some(audit) = &self.audit {
            let caller = Caller { tool_call: Some(call.id.clone()), ..self.caller.clone() };
            let digest = argument_digest(&call.input);
            audit.ended(CallEnd::new(&caller, &call.name, spec.as_ref(), &digest, &outcome, began.elapsed()));
        }
        outcome
    }

    /// Whether the call may run.
    async fn judge(
        &self,
        call: &ToolCall,
        resolved: ResolvedCall,
        approvals: &dyn Approvals,
    ) -> Result<(Permit, CallClass, ResolvedCall), ToolFailure> {
        let (resolved, class) = self.classify(call, resolved).await;
        // What this door's caller has read elsewhere is not known here.
        let terms = Terms::of(self.rules.mode);
        let standing = if class.may_be_covered(terms) { approvals.standing().await } else { Vec::new() };
        let mut permission = decide(terms, &call.name, &class, &standing);
        if let Permission::Ask { reason } = &permission {
            let scope = class.offered_scope(terms);
            let question = Question {
                call: &call.id,
                name: &call.name,
                input: class.rewritten.as_ref().unwrap_or(&call.input),
                reason,
                review: class.review.as_ref(),
                standing: scope.as_ref(),
            };
            if let Some(why) = approvals.cannot_ask(&question) {
                return Err(ToolFailure::new(ToolErrorKind::Denied, why));
            }
            let review = match &class.review {
                Some(review) if approvals.asks_now() => {
                    Some(CallReview { preview: resolved.preview().await, ..review.clone() })
                }
                review => review.clone(),
            };
            let question = Question { review: review.as_ref(), ..question };
            if !approvals.ask(question).await.allows() {
                let message = "the user declined this call; do not try it again in another way, ask them what they want \
                               instead";
                return Err(ToolFailure::new(ToolErrorKind::Denied, message));
            }
            permission = decide_answered(terms.mode, &class);
        }
        match permission {
            Permission::Allow(permit) => Ok((permit, class, resolved)),
            Permission::Ask { reason } | Permission::Deny { reason } => {
                Err(ToolFailure::new(ToolErrorKind::Denied, reason))
            }
        }
    }

    fn no_tool(&self, name: &ToolName) -> ToolFailure {
        let message = if self.listed(name).is_some() {
            format!("there is no tool {name} any more; its plugin was removed or switched off")
        } else {
            let names: Vec<&str> = self.list.iter().map(|spec| spec.name.0.as_str()).collect();
            format!("there is no tool named `{name}`; the tools are: {}", names.join(", "))
        };
        ToolFailure::new(ToolErrorKind::UnknownTool, message)
    }
}

fn hidden(name: &ToolName) -> ToolFailure {
    let message = format!(
        "{name} is hidden in this project, so it is not called; do without it, or ask the user to show it again on the \
         project's page of plugins, or of skills"
    );
    ToolFailure::new(ToolErrorKind::Denied, message)
}

fn stopped() -> ToolFailure {
    ToolFailure::new(ToolErrorKind::Cancelled, "stopped by the user")
}
