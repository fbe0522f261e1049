//! The gate at its boundary, over a source of tools that does as it is told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests assert")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bricklayer_domain::{
    ApprovalDecision, Attachment, AttachmentType, CallEffect, CallPreview, CallReview, CallSite, Caller, McpSessionId,
    Operation, PermissionMode, ProjectId, StandingPermission, StandingPermissionId, StandingScope, ToolAnnotations,
    ToolCall, ToolCallId, ToolChoice, ToolErrorKind, ToolName, ToolOutcome, ToolSource, ToolSpec, UserId,
};
use bricklayer_tools::{
    Approvals, CallEnd, CallLink, Gate, GateAudit, GateLimits, GateRules, Offers, Places, Provider, ProviderCall,
    Question, ToolList,
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long calls that do not end by themselves may run.
const LIMIT: Duration = Duration::from_millis(20);

/// What became of its calls, in order.
type Story = Arc<Mutex<Vec<String>>>;

/// A source whose tools are named for what they do: `read`, `write`, `hang`, `deaf`, `silent` (reads, but never says
/// what a call would do).
struct Source {
    story: Story,
    /// Lets one call of `read` or `write` come to its end.
    go: Arc<Semaphore>,
    tools: ToolList,
}

struct SourceCall {
    story: Story,
    go: Arc<Semaphore>,
    spec: Arc<ToolSpec>,
    input: Value,
}

impl Source {
    fn new(story: &Story, go: &Arc<Semaphore>) -> Self {
        let spec = |name: &&str| {
            let annotations = match *name {
                "read" | "hang" => ToolAnnotations::reads(),
                _ => ToolAnnotations::writes(),
            };
            Arc::new(ToolSpec {
                name: ToolName((*name).to_owned()),
                source: ToolSource::BuiltIn,
                description: String::new(),
                input_schema: json!({"type": "object"}),
                output_schema: None,
                annotations,
                display: Default::default(),
                resources: Default::default(),
            })
        };
        let tools = ["read", "write", "hang", "deaf", "silent"].iter().map(spec).collect();
        Self { story: Arc::clone(story), go: Arc::clone(go), tools }
    }
}

impl Provider for Source {
    fn list(&self) -> ToolList {
        Arc::clone(&self.tools)
    }

    fn resolve(&self, _caller: &Caller, name: &ToolName, input: &Value) -> Option<Box<dyn ProviderCall>> {
        let spec = Arc::clone(self.tools.iter().find(|spec| spec.name == *name)?);
        self.story.lock().unwrap().push(format!("found {name}"));
        let (story, go) = (Arc::clone(&self.story), Arc::clone(&self.go));
        Some(Box::new(SourceCall { story, go, spec, input: input.clone() }))
    }
}

#[async_trait]
impl ProviderCall for SourceCall {
    fn spec(&self) -> &Arc<ToolSpec> {
        &self.spec
    }

    async fn review(&self) -> Option<CallReview> {
        match self.spec.name.0.as_str() {
            "silent" => std::future::pending().await,
            "write" => Some(CallReview::one(Operation {
                effect: CallEffect::Writes,
                verb: "WRITE".to_owned(),
                objects: vec![self.input["what"].as_str().unwrap_or_default().to_owned()],
                text: None,
                detail: None,
            })),
            _ => None,
        }
    }

    async fn preview(&self) -> Option<CallPreview> {
        self.story.lock().unwrap().push(format!("looked for {}", self.spec.name));
        match self.input["what"].as_str()? {
            "slow" => std::future::pending().await,
            what => Some(CallPreview::Found(format!("3 rows of {what}"))),
        }
    }

    async fn run(&self, link: CallLink) -> ToolOutcome {
        let name = &self.spec.name;
        self.story.lock().unwrap().push(format!("began {name}"));
        match name.0.as_str() {
            "hang" => link.cancel.cancelled().await,
            "deaf" => std::future::pending().await,
            _ => self.go.acquire().await.unwrap().forget(),
        }
        self.story.lock().unwrap().push(format!("ended {name}"));
        let picture = self.input["picture"].as_str().map(|title| Attachment {
            media_type: AttachmentType::Png,
            title: title.to_owned(),
            bytes: b"png".to_vec(),
        });
        let said = ToolOutcome::text(self.input["say"].as_str().unwrap_or("done"));
        ToolOutcome { attachments: picture.into_iter().collect(), ..said }
    }

    fn time_limit(&self) -> Option<Duration> {
        matches!(self.spec.name.0.as_str(), "hang" | "deaf").then_some(LIMIT)
    }
}

/// A user with one answer and what they allowed for good.
struct User(ApprovalDecision, Vec<StandingPermission>);

#[async_trait]
impl Approvals for User {
    async fn standing(&self) -> Vec<StandingPermission> {
        self.1.clone()
    }

    async fn ask(&self, _question: Question<'_>) -> ApprovalDecision {
        self.0
    }
}

/// A user who cannot be asked about what their client does not show.
struct OutOfReach;

#[async_trait]
impl Approvals for OutOfReach {
    async fn standing(&self) -> Vec<StandingPermission> {
        Vec::new()
    }

    fn cannot_ask(&self, question: &Question<'_>) -> Option<String> {
        Some(format!("nobody is asked about {}; allow it with a rule", question.name))
    }

    async fn ask(&self, question: Question<'_>) -> ApprovalDecision {
        panic!("{question:?}")
    }
}

/// A user who says yes, and what they were shown.
#[derive(Default)]
struct Reader {
    shown: Mutex<Vec<Option<CallPreview>>>,
    answered_before: bool,
}

#[async_trait]
impl Approvals for Reader {
    async fn standing(&self) -> Vec<StandingPermission> {
        Vec::new()
    }

    fn asks_now(&self) -> bool {
        !self.answered_before
    }

    async fn ask(&self, question: Question<'_>) -> ApprovalDecision {
        self.shown.lock().unwrap().push(question.review.and_then(|review| review.preview.clone()));
        ApprovalDecision::Once
    }
}

#[derive(Default)]
struct Records(Mutex<Vec<CallEnd>>);

impl GateAudit for Records {
    fn ended(&self, end: CallEnd) {
        self.0.lock().unwrap().push(end);
    }
}

struct World {
    story: Story,
    go: Arc<Semaphore>,
    records: Arc<Records>,
    gate: Gate,
}

impl World {
    fn new(mode: PermissionMode) -> Self {
        let (story, records) = (Story::default(), Arc::<Records>::default());
        let go = Arc::new(Semaphore::new(0));
        let limits = GateLimits {
            max_concurrent_reads: 2,
            max_result_bytes: 20,
            review_time: LIMIT,
            preview_time: LIMIT,
            ..GateLimits::default()
        };
        let site = CallSite::Mcp { session: McpSessionId::new() };
        let caller = Caller::new(UserId::parse("ann@example.com").unwrap(), ProjectId::new(), site);
        let gate = Gate::new(caller, mode, limits, vec![Arc::new(Source::new(&story, &go))]);
        Self { gate: gate.with_audit(Arc::clone(&records) as _), story, go, records }
    }

    async fn call(&self, tool: &str, input: Value, answer: ApprovalDecision) -> ToolOutcome {
        self.call_of(tool, input, &User(answer, Vec::new()), CancellationToken::new()).await
    }

    async fn call_of(&self, tool: &str, input: Value, user: &dyn Approvals, cancel: CancellationToken) -> ToolOutcome {
        let call = ToolCall { id: ToolCallId("c".to_owned()), name: ToolName(tool.to_owned()), input };
        self.gate.call(&call, user, CallLink::new(cancel)).await
    }

    fn story(&self) -> Vec<String> {
        std::mem::take(&mut self.story.lock().unwrap())
    }
}

#[track_caller]
fn fails(outcome: &ToolOutcome, kind: ToolErrorKind, says: &str) {
    let failure = outcome.failure.as_ref().unwrap_or_else(|| panic!("{outcome:?}"));
    assert!(failure.kind == kind && failure.message.contains(says), "{failure:?}");
}

#[tokio::test]
async fn a_tool_is_found_once_and_runs_only_when_it_may() {
    let world = World::new(PermissionMode::AskChanges);
    world.go.add_permits(1);
    let yes = world.call("write", json!({}), ApprovalDecision::Once).await;
    assert_eq!(
        (yes.failure, world.story()),
        (None, ["found write", "looked for write", "began write", "ended write"].map(String::from).to_vec())
    );
    let no = world.call("write", json!({}), ApprovalDecision::No).await;
    fails(&no, ToolErrorKind::Denied, "the user declined");
    let stop = world.call("write", json!({}), ApprovalDecision::Stop).await;
    fails(&stop, ToolErrorKind::Denied, "the user declined");
    fails(
        &world.call("rub", json!({}), ApprovalDecision::Once).await,
        ToolErrorKind::UnknownTool,
        "the tools are: read,",
    );
    assert_eq!(world.story(), ["found write", "looked for write", "found write", "looked for write"]);
    let told: Vec<_> = world.records.0.lock().unwrap().iter().map(|end| end.failure).collect();
    assert_eq!(
        told,
        [None, Some(ToolErrorKind::Denied), Some(ToolErrorKind::Denied), Some(ToolErrorKind::UnknownTool)]
    );
    let forbidden = World::new(PermissionMode::ReadOnly);
    let denied = forbidden.call("write", json!({}), ApprovalDecision::Once).await;
    fails(&denied, ToolErrorKind::Denied, "read only");
    assert_eq!(forbidden.story(), ["found write"]);
}

#[tokio::test]
async fn what_was_allowed_for_good_is_not_asked_about() {
    let world = World::new(PermissionMode::AskChanges);
    let standing = StandingPermission {
        id: StandingPermissionId::new(),
        tool: ToolName("write".to_owned()),
        scope: StandingScope { verb: "WRITE".to_owned(), objects: vec!["a".to_owned()] },
        effect: CallEffect::Writes,
        since: chrono::DateTime::UNIX_EPOCH,
    };
    let user = User(ApprovalDecision::No, vec![standing]);
    world.go.add_permits(1);
    let covered = world.call_of("write", json!({"what": "a"}), &user, CancellationToken::new()).await;
    assert_eq!(covered.failure, None);
    let other = world.call_of("write", json!({"what": "b"}), &user, CancellationToken::new()).await;
    fails(&other, ToolErrorKind::Denied, "the user declined");
}

#[tokio::test]
async fn a_user_who_cannot_be_asked_is_told_what_to_do() {
    let world = World::new(PermissionMode::AskChanges);
    let refused = world.call_of("write", json!({}), &OutOfReach, CancellationToken::new()).await;
    fails(&refused, ToolErrorKind::Denied, "nobody is asked about write; allow it with a rule");
    assert_eq!(world.story(), ["found write"]);
}

#[tokio::test]
async fn what_is_asked_about_is_looked_at_first() {
    let world = World::new(PermissionMode::AskChanges);
    world.go.add_permits(5);
    let shown = async |tool: &str, what: &str, answered_before: bool| {
        let reader = Reader { answered_before, ..Reader::default() };
        let outcome = world.call_of(tool, json!({"what": what}), &reader, CancellationToken::new()).await;
        assert_eq!(outcome.failure, None);
        (reader.shown.into_inner().unwrap(), world.story().contains(&format!("looked for {tool}")))
    };
    let found = Some(CallPreview::Found("3 rows of t".to_owned()));
    assert_eq!(shown("write", "t", false).await, (vec![found], true));
    let late = Some(CallPreview::Unknown("looking took too long".to_owned()));
    assert_eq!(shown("write", "slow", false).await, (vec![late], true));
    // Nobody looks for whom nobody is asked, or who has answered.
    assert_eq!(shown("read", "t", false).await, (vec![], false));
    assert_eq!(shown("write", "t", true).await, (vec![None], false));
}

#[tokio::test]
async fn pictures_go_on_as_they_are_where_nothing_keeps_them() {
    let world = World::new(PermissionMode::Ask);
    world.go.add_permits(1);
    let shown = world.call("read", json!({"picture": "a.png"}), ApprovalDecision::No).await;
    assert_eq!((shown.attachments.len(), shown.content.as_str()), (1, "done"));
}

#[tokio::test]
async fn gates_of_one_place_keep_their_order_together() {
    let world = World::new(PermissionMode::RunAll);
    let places = Places::new(&GateLimits::default());
    let (one, other) = (world.gate.clone().within(places.clone()), world.gate.clone().within(places));
    let call = |tool: &str| ToolCall { id: ToolCallId("c".into()), name: ToolName(tool.into()), input: json!({}) };
    let mut calls = JoinSet::new();
    calls.spawn(async move { one.call(&call("write"), &OutOfReach, CallLink::new(CancellationToken::new())).await });
    tokio::task::yield_now().await;
    calls.spawn(async move { other.call(&call("read"), &OutOfReach, CallLink::new(CancellationToken::new())).await });
    for _ in 0..5 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.story(), ["found write", "began write", "found read"]);
    world.go.add_permits(2);
    calls.join_all().await;
    assert_eq!(world.story(), ["ended write", "began read", "ended read"]);
}

#[tokio::test]
async fn a_call_that_does_not_say_what_it_does_counts_as_the_gravest() {
    let world = World::new(PermissionMode::Ask);
    // Its tool says of itself that it only writes, which this mode does not ask about.
    fails(&world.call("silent", json!({}), ApprovalDecision::No).await, ToolErrorKind::Denied, "declined");
}

#[tokio::test]
async fn calls_end_within_their_limits() {
    let world = World::new(PermissionMode::RunAll);
    fails(&world.call("hang", json!({}), ApprovalDecision::No).await, ToolErrorKind::Timeout, "after its time limit");
    assert_eq!(world.story(), ["found hang", "began hang", "ended hang"]);
    fails(&world.call("deaf", json!({}), ApprovalDecision::No).await, ToolErrorKind::Timeout, "may take effect");
    world.go.add_permits(1);
    let long = world.call("read", json!({"say": "a".repeat(100)}), ApprovalDecision::No).await;
    assert!(long.content.starts_with(&format!("{}\n[CUT: the first 20 of 100 bytes", "a".repeat(20))), "{long:?}");
    // A call whose caller is gone does not begin.
    let gone = CancellationToken::new();
    gone.cancel();
    world.story();
    let stopped = world.call_of("write", json!({}), &User(ApprovalDecision::No, Vec::new()), gone).await;
    fails(&stopped, ToolErrorKind::Cancelled, "stopped");
    assert_eq!(world.story(), ["found write"]);
}

#[tokio::test]
async fn reads_run_side_by_side_and_changes_in_their_order() {
    let world = Arc::new(World::new(PermissionMode::RunAll));
    let mut calls = JoinSet::new();
    for tool in ["read", "read", "read", "write", "read"] {
        let mine = Arc::clone(&world);
        calls.spawn(async move { mine.call(tool, json!({}), ApprovalDecision::No).await.failure });
        // Each is at its place before the next comes.
        tokio::task::yield_now().await;
    }
    let mut seen = Vec::new();
    let mut step = async |ends: usize| {
        world.go.add_permits(ends);
        for _ in 0..ends {
            assert_eq!(calls.join_next().await.unwrap().unwrap(), None);
        }
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
        seen.extend(world.story().into_iter().filter(|line| !line.starts_with("found")));
        seen.clone()
    };
    assert_eq!(step(0).await, ["began read", "began read"]);
    assert_eq!(step(1).await[2..], ["ended read", "began read"]);
    // The change waits for all of them, and what came after it waits for the change.
    assert_eq!(step(2).await[4..], ["ended read", "ended read", "began write"]);
    assert_eq!(step(1).await[7..], ["ended write", "began read"]);
    assert_eq!(step(1).await[9..], ["ended read"]);
}

#[test]
fn what_a_project_hid_is_neither_listed_nor_found_nor_called() {
    let source: Arc<dyn Provider> = Arc::new(Source::new(&Story::default(), &Arc::new(Semaphore::new(0))));
    let site = CallSite::Mcp { session: McpSessionId::new() };
    let caller = Caller::new(UserId::parse("ann@example.com").unwrap(), ProjectId::new(), site);
    let gate = |hidden: &[&str]| {
        let hidden = hidden.iter().map(|name| (*name).to_owned()).collect();
        let choice = Arc::new(ToolChoice { hidden, ..ToolChoice::default() });
        let rules = GateRules { choice, ..GateRules::of(PermissionMode::RunAll) };
        Gate::ruled(caller.clone(), rules, GateLimits::default(), vec![Arc::clone(&source)], &Offers::default())
    };
    let find = |gate: &Gate, name: &str| {
        let call = gate.resolve(&ToolCallId("c".to_owned()), &ToolName(name.to_owned()), &json!({}));
        call.map(drop).map_err(|failure| (failure.kind, failure.message))
    };
    let one = gate(&["write"]);
    assert!(one.listed(&ToolName("write".to_owned())).is_none() && one.list().len() == 4);
    let (kind, says) = find(&one, "write").unwrap_err();
    assert!(kind == ToolErrorKind::Denied && says.contains("write is hidden in this project"), "{says}");
    assert_eq!(find(&one, "read"), Ok(()));
    let family = gate(&["built-in"]);
    assert!(family.list().is_empty() && find(&family, "read").is_err());
}
