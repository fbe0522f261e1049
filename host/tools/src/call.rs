//! A call with its tool, from the moment it is found to its end.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bricklayer_domain::{
    Attachment, CallPreview, CallReview, Caller, CleanUp, MAX_CALL_RESULTS, PermissionRules, ResourceChange,
    ResultContent, ResultRef, RuledCall, ToolErrorKind, ToolFailure, ToolOutcome, ToolSpec, cut,
};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::audit::{CallEnd, GateAudit};
use crate::hooks::{After, Before, HookRuling, HookedCall, Hooks, MAX_HOOK_CHARS};
use crate::keeper::{Keeper, ToKeep};
use crate::ledger::ResourceLedger;
use crate::limits::{GateLimits, STOP_GRACE};
use crate::link::CallLink;
use crate::permissions::{CallClass, Permit};
use crate::provider::ProviderCall;

/// A call whose tool was found: once, so that what is judged is what runs. Whoever holds it keeps that very version,
/// whatever is updated or removed meanwhile; what it may do is asked when it runs. Cheap to clone.
#[derive(Clone)]
pub struct ResolvedCall {
    held: Arc<Held>,
}

struct Held {
    call: Box<dyn ProviderCall>,
    caller: Caller,
    limits: GateLimits,
    hearers: Hearers,
    /// What rules say is asked with the call's arguments; none where there are no rules.
    rules: Option<(Arc<PermissionRules>, Value)>,
    /// Who is asked about the call, with its arguments; none where there is no hook.
    hooks: Option<(Arc<dyn Hooks>, Value)>,
    /// Whether these arguments are the hook's and not whose call it is.
    rewritten: bool,
}

/// Who hears of a call's end.
#[derive(Default)]
pub(crate) struct Hearers {
    /// Who is told how the call ended, and the digest of its arguments for that; none when somebody else tells it.
    pub(crate) audit: Option<(Arc<dyn GateAudit>, String)>,
    /// Keeps what is too large for a model; none where it is cut for good.
    pub(crate) keeper: Option<Arc<dyn Keeper>>,
    /// Keeps what the call makes and deletes, with its arguments; none when it does neither.
    pub(crate) ledger: Option<(Arc<dyn ResourceLedger>, Value)>,
}

impl fmt::Debug for ResolvedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Held { call, caller, .. } = &*self.held;
        f.debug_struct("ResolvedCall").field("tool", &call.spec().name).field("caller", caller).finish_non_exhaustive()
    }
}

impl ResolvedCall {
    pub(crate) fn new(
        call: Box<dyn ProviderCall>,
        caller: Caller,
        limits: GateLimits,
        hearers: Hearers,
        rules: Option<(Arc<PermissionRules>, Value)>,
        hooks: Option<(Arc<dyn Hooks>, Value)>,
        rewritten: bool,
    ) -> Self {
        Self { held: Arc::new(Held { call, caller, limits, hearers, rules, hooks, rewritten }) }
    }

    /// The tool.
    #[must_use]
    pub fn spec(&self) -> &Arc<ToolSpec> {
        self.held.call.spec()
    }

    /// Whether it goes on where it stood when it is begun a second time; see [`ProviderCall::resumes`].
    #[must_use]
    pub fn resumes(&self) -> bool {
        self.held.call.resumes()
    }

    /// What the operator's hook says about the call.
    pub(crate) async fn ask_hook(&self, class: &CallClass) -> Before {
        let Held { call, caller, hooks, .. } = &*self.held;
        let Some((hooks, input)) = hooks else { return Before::default() };
        hooks.before(HookedCall { caller, spec: call.spec(), input, review: class.review.as_ref() }).await
    }

    /// What is known about the call before it runs, but for what the operator's hook says. A review that does not come
    /// counts as the gravest one.
    pub(crate) async fn classify(&self) -> CallClass {
        let review = tokio::time::timeout(self.held.limits.review_time, self.held.call.review()).await;
        let review = review.unwrap_or_else(|_| Some(CallReview::default()));
        let spec = self.spec();
        let ruling = self.held.rules.as_ref().map(|(rules, input)| {
            rules.ruling(&RuledCall { name: &spec.name, source: &spec.source, input, review: review.as_ref() })
        });
        let (annotations, call) = (spec.annotations.clone(), &self.held.call);
        let ruling = ruling.unwrap_or_default();
        CallClass {
            annotations,
            review,
            hook: HookRuling::Silent,
            rewritten: None,
            ruling,
            asks: call.asks(),
            resumes: call.resumes(),
        }
    }

    /// What the call would meet, for the user who is about to be asked about it; none where nobody looks. Bounded in time.
    pub async fn preview(&self) -> Option<CallPreview> {
        let looked = tokio::time::timeout(self.held.limits.preview_time, self.held.call.preview()).await;
        looked.unwrap_or_else(|_| Some(CallPreview::Unknown("looking took too long".to_owned())))
    }

    /// Runs the call to its end, within its limits. Never panics; every fault is a failed outcome.
    pub async fn run(&self, _permit: Permit, link: CallLink) -> ToolOutcome {
        let call = &self.held.call;
        let began = Instant::now();
        let outcome = match call.time_limit() {
            None => call.run(link).await,
            Some(limit) => self.run_within(limit, link).await,
        };
        let outcome = self.tracked(outcome).await;
        let outcome = ToolOutcome { origin: call.origin(), ..self.bound(outcome).await };
        let outcome = self.hooked(outcome).await;
        if let Some((audit, digest)) = &self.held.hearers.audit {
            let name = &call.spec().name;
            audit.ended(CallEnd::new(&self.held.caller, name, Some(call.spec()), digest, &outcome, began.elapsed()));
        }
        outcome
    }

    /// Lets the operator's hook look at the outcome, and tells the model of arguments that are not its own.
    async fn hooked(&self, mut outcome: ToolOutcome) -> ToolOutcome {
        let Held { call, caller, hooks, rewritten, .. } = &*self.held;
        let Some((hooks, input)) = hooks else { return outcome };
        if *rewritten {
            let input = cut(&input.to_string(), MAX_HOOK_CHARS).to_owned();
            tell(&mut outcome, &format!("the operator changed this call's arguments; it ran with {input}"));
        }
        let After { output, context } =
            hooks.after(HookedCall { caller, spec: call.spec(), input, review: None }, &outcome).await;
        if let Some(output) = output {
            outcome.structured = None;
            match &mut outcome.failure {
                Some(failure) => failure.message = output,
                None => outcome.content = output,
            }
            tell(&mut outcome, "the operator put this in the place of what the call gave");
        }
        if let Some(context) = context {
            tell(&mut outcome, &format!("the operator says: {context}"));
        }
        outcome
    }

    /// Notes what the call made and deleted, and tells the model of what goes on without it.
    async fn tracked(&self, mut outcome: ToolOutcome) -> ToolOutcome {
        let Held { call, caller, hearers, .. } = &*self.held;
        if let Some((ledger, input)) = &hearers.ledger {
            for change in call.spec().resources.changes(input, &outcome) {
                ledger.changed(caller, &call.spec().name, &change).await;
                if let ResourceChange::Made(made) = change {
                    outcome.made.push(made);
                }
            }
        }
        for operation in &outcome.operations {
            outcome.told.push_str(&format!(
                "\n[operation {operation} goes on at the workspace: check_operation_status tells how it stands, \
                 cancel_operation ends it]"
            ));
        }
        outcome
    }

    /// Cuts an outcome to what a model and a log may hold, and keeps what is cut off.
    async fn bound(&self, mut outcome: ToolOutcome) -> ToolOutcome {
        let Held { call, caller, limits, hearers: Hearers { keeper, .. }, .. } = &*self.held;
        // Without a place for them they go on as they are, to a door that shows them itself.
        let attachments = if keeper.is_some() { std::mem::take(&mut outcome.attachments) } else { Vec::new() };
        for attachment in attachments {
            match self.attached(&outcome, &attachment).await {
                Some(result) => {
                    outcome.told.push_str(&format!("\n[{}: the result {}.]", attachment.title, result.id));
                    outcome.shown.push(result.id);
                    outcome.results.push(result);
                }
                None => {
                    outcome.told.push_str(&format!("\n[{} could not be kept, and is not shown.]", attachment.title));
                }
            }
        }
        let mut kept = Vec::new();
        if let Some(keeper) = keeper {
            for (media_type, text) in limits.too_large(&outcome) {
                let title = call.spec().display.title(&call.spec().name);
                let ordinal = u32::try_from(outcome.results.len() + kept.len()).unwrap_or(u32::MAX);
                let (tool, title, bytes) = (&call.spec().name, &*title, text.as_bytes());
                let content = ResultContent::Text;
                let text = ToKeep { caller, tool, ordinal, title, content, media_type, bytes };
                kept.extend(keeper.keep(text).await.map(|result| (media_type, result)));
            }
        }
        outcome = limits.bound(outcome, &kept);
        outcome.results.extend(kept.into_iter().map(|(_, result)| result));
        outcome
    }

    /// Keeps what the model is to see; none where there is no place for it.
    async fn attached(&self, outcome: &ToolOutcome, attachment: &Attachment) -> Option<ResultRef> {
        let Held { call, caller, hearers: Hearers { keeper, .. }, .. } = &*self.held;
        if outcome.results.len() >= MAX_CALL_RESULTS {
            return None;
        }
        let Attachment { media_type, title, bytes } = attachment;
        let content = if media_type.is_picture() { ResultContent::Image } else { ResultContent::File };
        let it = ToKeep {
            caller,
            tool: &call.spec().name,
            ordinal: u32::try_from(outcome.results.len()).unwrap_or(u32::MAX),
            title,
            content,
            media_type: media_type.as_str(),
            bytes,
        };
        keeper.as_ref()?.keep(it).await
    }

    async fn run_within(&self, limit: Duration, link: CallLink) -> ToolOutcome {
        let cancel: CancellationToken = link.cancel.child_token();
        let mut run = self.held.call.run(CallLink { cancel: cancel.clone(), ..link });
        tokio::select! {
            biased;
            outcome = &mut run => return outcome,
            () = tokio::time::sleep(limit) => {}
        }
        cancel.cancel();
        // What it says about its being cancelled would hide why.
        let ended = tokio::time::timeout(STOP_GRACE, run).await.is_ok();
        let seconds = limit.as_secs();
        let message = if ended || self.spec().annotations.read_only {
            format!("stopped after its time limit of {seconds} seconds; ask for less at a time")
        } else {
            format!(
                "its time limit of {seconds} seconds passed, and the tool did not confirm that it stopped, so it may \
                 take effect; look before you call it again"
            )
        };
        ToolOutcome::failed(ToolFailure::new(ToolErrorKind::Timeout, message))
    }

    /// Ends what an earlier run of this call left running at the far end; see [`ProviderCall::clean_up`].
    pub async fn clean_up(&self, requests: Vec<CleanUp>) -> bool {
        self.held.call.clean_up(requests).await
    }
}

/// Tells the model something beside what came of a call.
fn tell(outcome: &mut ToolOutcome, what: &str) {
    let told = format!("\n[{what}]");
    match &mut outcome.failure {
        Some(failure) => failure.message.push_str(&told),
        None => outcome.content.push_str(&told),
    }
}
