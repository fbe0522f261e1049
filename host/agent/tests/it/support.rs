//! The far ends: a log in memory, tools that answer from a table, models that follow a script.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bricklayer_agent::model::{ModelEvent, ModelProvider, ModelReply, ModelRequest, Prices};
use bricklayer_agent::{
    AccountEntry, Actor, BuiltInTools, Fold, LogError, ProjectFolder, ReadError, ResultAnswer, ResultQuestion,
    ResultReader, TurnDeps, TurnExit, TurnFailure, TurnLimits, TurnLog, WorkspaceFact, run_turn,
};
use bricklayer_domain::{
    Block, CallEffect, CallPreview, CallReview, CallSite, Caller, CleanUp, ContinuingCall, ConversationId, Event,
    EventSeq, LaneId, Operation, PermissionMode, PermissionRules, PluginName, ProjectId, ResultId, StandingPermission,
    StopReason, StoredEvent, StoredResult, ToolAnnotations, ToolCall, ToolCallId, ToolErrorKind, ToolName, ToolOutcome,
    ToolSource, ToolSpec, TurnId, TurnSettings, Usage, UserId,
};
use bricklayer_offline_model::DirectCommand;
use bricklayer_skills::SkillSet;
use bricklayer_tools::{CallLink, Gate, GateLimits, GateRules, Offers, Provider, ProviderCall, ToolList};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Longest that a test waits for anything; far above what anything takes.
pub(crate) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// What a stop may take on a busy machine; without it, what is stopped would go on for ever.
pub(crate) const AT_ONCE: std::time::Duration = std::time::Duration::from_secs(30);

/// A conversation's log in memory; fails when its budget of appends is used up, as a dying worker would.
#[derive(Debug)]
pub(crate) struct MemoryLog {
    conversation: ConversationId,
    turn: Mutex<TurnId>,
    events: Mutex<Vec<StoredEvent>>,
    pub(crate) previews: Mutex<Vec<Event>>,
    pub(crate) standing: Mutex<Vec<StandingPermission>>,
    appends_left: AtomicUsize,
    changed: watch::Sender<usize>,
}

impl MemoryLog {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            conversation: ConversationId::new(),
            turn: Mutex::new(TurnId::new()),
            events: Mutex::default(),
            previews: Mutex::default(),
            standing: Mutex::default(),
            appends_left: AtomicUsize::new(usize::MAX),
            changed: watch::channel(0).0,
        })
    }

    /// The next so many appends work, then the lease is lost.
    pub(crate) fn die_after(&self, appends: usize) {
        self.appends_left.store(appends, Ordering::SeqCst);
    }

    pub(crate) fn begin(&self, message: &str) {
        self.begin_with(message, TurnSettings::default());
    }

    pub(crate) fn begin_with(&self, message: &str, settings: TurnSettings) {
        *self.turn.lock().unwrap() = TurnId::new();
        self.push(vec![Event::TurnStarted { message: message.to_owned(), settings, rerun_of: None }]);
    }

    pub(crate) fn push(&self, events: Vec<Event>) -> Vec<StoredEvent> {
        let turn = *self.turn.lock().unwrap();
        let mut log = self.events.lock().unwrap();
        let first = log.len();
        log.extend(events.into_iter().enumerate().map(|(index, event)| StoredEvent {
            seq: EventSeq((first + index + 1) as i64),
            conversation: self.conversation,
            lane: LaneId::MAIN,
            turn,
            at: bricklayer_domain::now(),
            event,
            structured_bytes: None,
        }));
        self.changed.send_replace(log.len());
        log[first..].to_vec()
    }

    pub(crate) fn history(&self) -> Vec<StoredEvent> {
        self.events.lock().unwrap().clone()
    }

    pub(crate) fn fold(&self) -> Fold {
        self.events.lock().unwrap().iter().collect()
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.history().into_iter().map(|stored| stored.event).collect()
    }

    /// Waits until something is appended or previewed.
    pub(crate) async fn grown(&self) {
        self.changed.subscribe().changed().await.unwrap();
    }

    /// Waits until an event of the log, or a preview, fits.
    pub(crate) async fn wait_for(&self, fits: impl Fn(&Event) -> bool) {
        let mut changed = self.changed.subscribe();
        loop {
            let seen = self.events().iter().any(&fits) || self.previews.lock().unwrap().iter().any(&fits);
            if seen {
                return;
            }
            tokio::time::timeout(PATIENCE, changed.changed()).await.expect("the awaited event").unwrap();
        }
    }
}

#[async_trait]
impl TurnLog for MemoryLog {
    async fn append(&self, events: Vec<Event>) -> Result<Vec<StoredEvent>, LogError> {
        let left = self.appends_left.load(Ordering::SeqCst);
        if left == 0 {
            return Err(LogError::LostLease);
        }
        if left != usize::MAX {
            self.appends_left.store(left - 1, Ordering::SeqCst);
        }
        Ok(self.push(events))
    }

    async fn standing_permissions(&self) -> Result<Vec<StandingPermission>, LogError> {
        Ok(self.standing.lock().unwrap().clone())
    }

    async fn overspent(&self) -> Result<Option<TurnFailure>, LogError> {
        Ok(None)
    }

    async fn typed_result(&self, call: &ToolCallId) -> Result<Option<Value>, LogError> {
        let of_call = |event| match event {
            Event::ToolFinished { call: ended, outcome, .. } if ended == *call => outcome.structured,
            _ => None,
        };
        Ok(self.events().into_iter().rev().find_map(of_call))
    }

    async fn ask(&self, questions: Vec<(LaneId, Event)>) -> Result<(), LogError> {
        self.push(questions.into_iter().map(|(_, question)| question).collect());
        Ok(())
    }

    fn preview(&self, delta: &Event) {
        self.previews.lock().unwrap().push(delta.clone());
        self.changed.send_modify(|_| ());
    }
}

type Answer = dyn Fn(&ToolCall) -> ToolOutcome + Send + Sync;

/// Tools that answer from a table and count how often each was called.
pub(crate) struct TableTools {
    specs: Vec<ToolSpec>,
    answer: Box<Answer>,
    pub(crate) calls: Mutex<Vec<ToolCall>>,
    /// The ids of the calls whose tool was looked up, each time.
    pub(crate) resolved: Mutex<Vec<String>>,
    /// Statements that were looked at before a question.
    pub(crate) looked: Mutex<Vec<String>>,
    /// Whether looking does not come back.
    pub(crate) never_found: bool,
    /// Tools of this short name hang until they are cancelled.
    pub(crate) hang: Option<&'static str>,
    pub(crate) deaf: bool,
    /// Calls that hang say what continues them.
    pub(crate) continued: bool,
    /// And what ends what they started.
    pub(crate) clean_up: Vec<CleanUp>,
    /// What was asked to end what which call started.
    pub(crate) cleaned_up: Mutex<Vec<(String, Vec<CleanUp>)>>,
    /// Whether that does not come back.
    pub(crate) cannot_clean_up: bool,
}

impl TableTools {
    pub(crate) fn new(specs: Vec<ToolSpec>, answer: impl Fn(&ToolCall) -> ToolOutcome + Send + Sync + 'static) -> Self {
        Self {
            specs,
            answer: Box::new(answer),
            calls: Mutex::default(),
            resolved: Mutex::default(),
            looked: Mutex::default(),
            never_found: false,
            hang: None,
            deaf: false,
            continued: false,
            clean_up: Vec::new(),
            cleaned_up: Mutex::default(),
            cannot_clean_up: false,
        }
    }

    pub(crate) fn none() -> Self {
        Self::new(Vec::new(), |_| ToolOutcome::text(""))
    }

    pub(crate) fn called(&self) -> Vec<String> {
        self.calls.lock().unwrap().iter().map(|call| call.name.short().to_owned()).collect()
    }
}

pub(crate) fn spec(name: &str, annotations: ToolAnnotations) -> ToolSpec {
    ToolSpec {
        name: ToolName(format!("mcp__databricks__{name}")),
        source: ToolSource::Plugin { plugin: PluginName::parse("sql").unwrap() },
        description: format!("The {name} tool. More about it."),
        input_schema: json!({"type": "object"}),
        output_schema: None,
        annotations,
        display: Default::default(),
        resources: Default::default(),
    }
}

/// `DROP TABLE a, b`: the verb is two words, the objects are what follows.
fn reviewed(statement: &str) -> Operation {
    let words: Vec<&str> = statement.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let (verb, objects) = words.split_at(words.len().min(2));
    Operation {
        effect: match verb[0] {
            "DROP" => CallEffect::Destroys,
            "GRANT" => CallEffect::Shares,
            "INSERT" => CallEffect::Writes,
            _ => CallEffect::Reads,
        },
        verb: verb.join(" "),
        objects: objects.iter().map(|&object| object.to_owned()).collect(),
        text: Some(statement.trim().to_owned()),
        detail: None,
    }
}

/// The table as a source of tools.
struct Table(Arc<TableTools>);

/// A call of one of its tools.
struct TableCall {
    table: Arc<TableTools>,
    spec: Arc<ToolSpec>,
    call: ToolCall,
}

impl Provider for Table {
    fn list(&self) -> ToolList {
        self.0.specs.iter().cloned().map(Arc::new).collect()
    }

    fn resolve(&self, caller: &Caller, name: &ToolName, input: &Value) -> Option<Box<dyn ProviderCall>> {
        let spec = self.0.specs.iter().find(|spec| spec.name == *name)?.clone();
        let call = ToolCall { id: caller.tool_call.clone().unwrap(), name: name.clone(), input: input.clone() };
        self.0.resolved.lock().unwrap().push(call.id.0.clone());
        Some(Box::new(TableCall { table: Arc::clone(&self.0), spec: Arc::new(spec), call }))
    }
}

#[async_trait]
impl ProviderCall for TableCall {
    fn spec(&self) -> &Arc<ToolSpec> {
        &self.spec
    }

    /// Statements that begin with DROP destroy, SELECT reads: what a SQL plugin would say.
    async fn review(&self) -> Option<CallReview> {
        let script = self.call.input.get("statement")?.as_str()?;
        Some(CallReview::of(script.split(';').map(reviewed).collect()))
    }

    async fn preview(&self) -> Option<CallPreview> {
        let statement = self.call.input.get("statement")?.as_str()?;
        self.table.looked.lock().unwrap().push(statement.to_owned());
        match self.table.never_found {
            true => std::future::pending().await,
            false => statement.strip_prefix("DROP ").map(|what| CallPreview::Found(format!("3 rows of {what}"))),
        }
    }

    async fn clean_up(&self, requests: Vec<CleanUp>) -> bool {
        self.table.cleaned_up.lock().unwrap().push((self.call.id.0.clone(), requests));
        if self.table.cannot_clean_up {
            std::future::pending::<()>().await;
        }
        true
    }

    /// A tool that hangs says first that `look` brings to its end what it started.
    async fn run(&self, link: CallLink) -> ToolOutcome {
        let Self { table, call, .. } = self;
        let hangs = table.hang == Some(call.name.short());
        if table.continued && hangs {
            let name = ToolName("mcp__databricks__look".to_owned());
            let by = ContinuingCall { name, input: json!({"id": "s1"}), clean_up: table.clean_up.clone() };
            link.continuations.unwrap().keep(Some(by)).await.unwrap();
        }
        table.calls.lock().unwrap().push(call.clone());
        (link.progress)(bricklayer_domain::Progress { message: "working".into(), ..Default::default() });
        if hangs {
            if table.deaf {
                std::future::pending::<()>().await;
            }
            link.cancel.cancelled().await;
            let failure = bricklayer_domain::ToolFailure::new(ToolErrorKind::Cancelled, "cancelled");
            return ToolOutcome::failed(failure);
        }
        (table.answer)(call)
    }
}

/// A model that plays replies in order and keeps what it was asked.
pub(crate) struct ScriptedModel {
    replies: Mutex<VecDeque<Vec<ModelEvent>>>,
    pub(crate) requests: Mutex<Vec<ModelRequest>>,
    /// After the script's events of a reply without an end, the stream stays open.
    silent: bool,
}

impl ScriptedModel {
    pub(crate) fn new(replies: Vec<Vec<ModelEvent>>) -> Arc<Self> {
        Arc::new(Self { replies: Mutex::new(replies.into()), requests: Mutex::default(), silent: true })
    }
}

impl ModelProvider for ScriptedModel {
    fn model(&self, wanted: Option<&str>) -> String {
        wanted.unwrap_or("scripted").to_owned()
    }

    fn stream(&self, request: ModelRequest) -> BoxStream<'static, ModelEvent> {
        self.requests.lock().unwrap().push(request);
        let events = self.replies.lock().unwrap().pop_front().unwrap_or_else(|| say("done"));
        let ends = matches!(events.last(), Some(ModelEvent::Finished(_) | ModelEvent::Failed(_)));
        let stream = futures::stream::iter(events);
        if ends || !self.silent { stream.boxed() } else { stream.chain(futures::stream::pending()).boxed() }
    }
}

pub(crate) fn reply(blocks: Vec<Block>, stop_reason: StopReason) -> Vec<ModelEvent> {
    let usage = Usage { input_tokens: 10, output_tokens: 5, ..Usage::default() };
    vec![ModelEvent::Finished(ModelReply { blocks, broken_calls: Vec::new(), stop_reason, stop_details: None, usage })]
}

pub(crate) fn say(text: &str) -> Vec<ModelEvent> {
    let mut events = vec![ModelEvent::TextDelta { block: 0, text: text.to_owned() }];
    events.extend(reply(vec![Block::Text { text: text.to_owned() }], StopReason::EndTurn));
    events
}

pub(crate) fn tool_use(id: &str, name: &str, input: Value) -> Block {
    Block::ToolUse { id: ToolCallId(id.to_owned()), name: name.to_owned(), input }
}

pub(crate) fn calls(uses: Vec<Block>) -> Vec<ModelEvent> {
    reply(uses, StopReason::ToolUse)
}

/// A project in which no tool has made anything yet.
struct NoResults;

#[async_trait]
impl ResultReader for NoResults {
    async fn describe(&self, _: ResultId) -> Result<StoredResult, ReadError> {
        Err(ReadError::NotFound)
    }

    async fn ask(&self, _: ResultId, _: ResultQuestion) -> Result<ResultAnswer, ReadError> {
        Err(ReadError::NotFound)
    }

    async fn bytes(&self, _: ResultId, _: u64, _: usize) -> Result<Vec<u8>, ReadError> {
        Err(ReadError::NotFound)
    }
}

/// A project with its log, tools and model.
pub(crate) struct World {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) log: Arc<MemoryLog>,
    pub(crate) tools: Arc<TableTools>,
    pub(crate) model: Arc<dyn ModelProvider>,
    pub(crate) mode: PermissionMode,
    pub(crate) rules: Arc<PermissionRules>,
    pub(crate) second_look: bool,
    pub(crate) limits: TurnLimits,
    pub(crate) prices: Arc<Prices>,
    pub(crate) gate_limits: GateLimits,
    pub(crate) skills: SkillSet,
    pub(crate) leaving: CancellationToken,
    /// What the project's folder may hold, in bytes.
    pub(crate) project_bytes: u64,
}

impl World {
    pub(crate) fn new(model: Arc<dyn ModelProvider>, tools: TableTools) -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            log: MemoryLog::new(),
            tools: Arc::new(tools),
            model,
            mode: PermissionMode::Ask,
            rules: Arc::default(),
            second_look: true,
            limits: TurnLimits::default(),
            prices: Arc::default(),
            gate_limits: GateLimits::default(),
            skills: SkillSet::default(),
            leaving: CancellationToken::new(),
            project_bytes: u64::MAX,
        }
    }

    fn gate(&self, fold: &Fold) -> Gate {
        let folder = ProjectFolder::open(self.dir.path()).unwrap().with_max_bytes(self.project_bytes);
        let (seen, skills) = (fold.seen_files().clone(), self.skills.clone());
        let files = BuiltInTools::default()
            .in_project(folder, seen, Arc::new(NoResults), skills)
            .under(Arc::clone(&self.rules));
        let site = CallSite::Turn {
            conversation: self.log.conversation,
            turn: *self.log.turn.lock().unwrap(),
            lane: LaneId::MAIN,
        };
        let caller = Caller::new(UserId::parse("ada@example.com").unwrap(), ProjectId::new(), site);
        let providers: Vec<Arc<dyn Provider>> = vec![Arc::new(files), Arc::new(Table(Arc::clone(&self.tools)))];
        let rules = GateRules {
            mode: self.mode,
            rules: Arc::clone(&self.rules),
            second_look: self.second_look,
            loosest: PermissionMode::RunAll,
            ..GateRules::default()
        };
        Gate::ruled(caller, rules, self.gate_limits.clone(), providers, &Offers::default())
    }

    pub(crate) fn deps(&self, fold: &Fold) -> TurnDeps {
        TurnDeps {
            log: self.log.clone(),
            model: self.model.clone(),
            commands: Some(Arc::new(DirectCommand)),
            gate: self.gate(fold),
            results: Arc::new(NoResults),
            skills: self.skills.clone(),
            limits: self.limits.clone(),
            prices: self.prices.clone(),
            leaving: self.leaving.clone(),
            workspace: WorkspaceFact::Remote("https://example.cloud.databricks.com".parse().unwrap()),
            actor: Actor::default(),
            account: AccountEntry::default(),
        }
    }

    pub(crate) async fn run(&self) -> TurnExit {
        self.run_with(CancellationToken::new()).await
    }

    pub(crate) async fn run_with(&self, cancel: CancellationToken) -> TurnExit {
        let fold = self.log.fold();
        run_turn(self.deps(&fold), fold, cancel).await
    }

    pub(crate) async fn ask(&self, message: &str) -> TurnExit {
        self.log.begin(message);
        self.run().await
    }

    /// The text of the stored deltas, put together by their offsets.
    pub(crate) fn stored_text(&self) -> String {
        let mut text = String::new();
        for event in self.log.events() {
            if let Event::TextDelta { offset, text: piece, .. } = event {
                assert_eq!(offset, text.chars().count() as u64);
                text.push_str(&piece);
            }
        }
        text
    }

    /// The text of the last assistant message.
    pub(crate) fn answer(&self) -> String {
        let events = self.log.events();
        let blocks = events.iter().rev().find_map(|event| match event {
            Event::AssistantMessage { blocks, .. } => Some(blocks.clone()),
            _ => None,
        });
        blocks
            .unwrap_or_default()
            .iter()
            .filter_map(|block| match block {
                Block::Text { text } => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn outcome(&self, id: &str) -> ToolOutcome {
        let events = self.log.events();
        let found = events.into_iter().find_map(|event| match event {
            Event::ToolFinished { call, outcome, .. } if call.0 == id => Some(outcome),
            _ => None,
        });
        found.unwrap_or_else(|| panic!("no outcome of {id}: {:#?}", self.log.events()))
    }
}

/// How a call failed.
pub(crate) fn kind(outcome: &ToolOutcome) -> Option<ToolErrorKind> {
    outcome.failure.as_ref().map(|failure| failure.kind)
}
