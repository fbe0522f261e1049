//! Built-in tools: the project's files, results and skills, as a source of tools for the gate. What works on files runs
//! inside one opened folder; no path leads out of it.

mod args;
mod ask;
mod edit;
mod files;
mod glob;
mod grep;
mod guard;
mod ledger;
mod make_chart;
mod names;
mod notebook;
mod notebook_edit;
mod patch;
mod picture;
mod plan;
mod read;
mod read_notebook;
mod read_result;
mod results;
mod room;
mod skill;
mod task;
mod text;
mod todo;
mod walk;
mod write;

pub use files::ProjectFolder;
pub use ledger::{FileLedger, SeenFiles};

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bricklayer_domain::{
    CallEffect, CallReview, Caller, ContentOrigin, Detail, Operation, PermissionRules, ResultKind, ToolAnnotations,
    ToolCallId, ToolDisplay, ToolErrorKind, ToolFailure, ToolName, ToolOutcome, ToolSource, ToolSpec, UserAsk,
};
use bricklayer_skills::{AgentSet, SkillLimits, SkillSet};
use bricklayer_tools::{CallLink, Provider, ProviderCall, ToolList};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::ports::{ResultReader, Subagents};
use files::ProjectPath;

/// A tool's result before it becomes an outcome.
pub(crate) type ToolResult = Result<ToolOutcome, ToolFailure>;

/// How long a file tool may run. What holds one up longer is a file system that does not answer.
const TIME_LIMIT: Duration = Duration::from_secs(600);

/// Lists that are kept: one for each choice of skills that projects of late have.
const MAX_KEPT_LISTS: usize = 64;

/// The tools beside skills of these names.
type KeptList = (Vec<String>, ToolList);

/// The built-in tools of this host; cheap to clone. Which skills there are differs from project to project.
#[derive(Debug, Clone, Default)]
pub struct BuiltInTools {
    limits: SkillLimits,
    /// By the names of the skills, the newest in front. Kept, because one list is one in memory, in what a model is
    /// offered, and in a request's beginning.
    lists: Arc<Mutex<VecDeque<KeptList>>>,
}

impl BuiltInTools {
    /// Makes them; what is read of skills keeps within these limits.
    #[must_use]
    pub fn new(limits: SkillLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// The tools, in the order in which the model sees them. Without skills there is no Skill tool, without subagents no
    /// Task tool.
    #[must_use]
    pub fn list(&self, skills: &SkillSet, agents: &AgentSet) -> ToolList {
        let names = [skills.names(), vec![""], agents.names()].concat();
        let mut kept = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(|(known, _)| known.iter().eq(names.iter()));
        let found = place.and_then(|place| kept.remove(place));
        let entry =
            found.unwrap_or_else(|| (names.iter().map(ToString::to_string).collect(), built_in_specs(skills, agents)));
        let list = Arc::clone(&entry.1);
        kept.push_front(entry);
        kept.truncate(MAX_KEPT_LISTS);
        list
    }

    /// The tools at work in a project's folder, on its results and with its skills, for whoever has seen these files.
    #[must_use]
    pub fn in_project(
        &self,
        folder: ProjectFolder,
        seen: SeenFiles,
        results: Arc<dyn ResultReader>,
        skills: SkillSet,
    ) -> BuiltIns {
        let list = self.list(&skills, &AgentSet::default());
        let (maker, rules, subagents) = (self.clone(), Arc::default(), None);
        BuiltIns { maker, list, skills, folder, seen, results, rules, subagents }
    }
}

/// The built-in tools at work in one project.
#[derive(Debug, Clone)]
pub struct BuiltIns {
    maker: BuiltInTools,
    list: ToolList,
    skills: SkillSet,
    folder: ProjectFolder,
    seen: SeenFiles,
    results: Arc<dyn ResultReader>,
    rules: Arc<PermissionRules>,
    subagents: Option<Arc<dyn Subagents>>,
}

/// A call of a built-in tool.
#[derive(Debug)]
struct BuiltInCall {
    tool: BuiltIn,
    id: Option<ToolCallId>,
    spec: Arc<ToolSpec>,
    input: Arc<Value>,
    works_with: BuiltIns,
}

/// The built-in tools, closed: adding one is adding a variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BuiltIn {
    Read,
    Write,
    Edit,
    NotebookEdit,
    Glob,
    Grep,
    ReadResult,
    MakeChart,
    TodoWrite,
    AskUserQuestion,
    EnterPlanMode,
    ExitPlanMode,
    Skill,
    Task,
}

impl BuiltIn {
    const ALL: [Self; 14] = [
        Self::Read,
        Self::Write,
        Self::Edit,
        Self::NotebookEdit,
        Self::Glob,
        Self::Grep,
        Self::ReadResult,
        Self::MakeChart,
        Self::TodoWrite,
        Self::AskUserQuestion,
        Self::EnterPlanMode,
        Self::ExitPlanMode,
        Self::Skill,
        Self::Task,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Read => "Read",
            Self::Write => "Write",
            Self::Edit => "Edit",
            Self::NotebookEdit => "NotebookEdit",
            Self::Glob => "Glob",
            Self::Grep => "Grep",
            Self::ReadResult => "read_result",
            Self::MakeChart => "make_chart",
            Self::TodoWrite => "TodoWrite",
            Self::AskUserQuestion => "AskUserQuestion",
            Self::EnterPlanMode => "EnterPlanMode",
            Self::ExitPlanMode => "ExitPlanMode",
            Self::Skill => "Skill",
            Self::Task => "Task",
        }
    }

    /// How it is shown.
    fn display(self) -> ToolDisplay {
        let (title, detail, result) = match self {
            Self::Read => ("Read file", "{file_path}", ResultKind::Text),
            Self::Write => ("Write file", "{file_path}", ResultKind::Change),
            Self::Edit => ("Edit file", "{file_path}", ResultKind::Change),
            Self::NotebookEdit => ("Edit notebook", "{notebook_path} {cell_id}", ResultKind::Change),
            Self::Glob => ("Find files", "{pattern}", ResultKind::Text),
            Self::Grep => ("Search in files", "{pattern}", ResultKind::Text),
            Self::ReadResult => ("Read result", "{result}", ResultKind::Text),
            Self::MakeChart => ("Make chart", "{kind} {title}", ResultKind::Chart),
            Self::TodoWrite => ("Update to-do list", "", ResultKind::Todos),
            Self::AskUserQuestion => ("Ask you", "", ResultKind::Text),
            Self::EnterPlanMode => ("Plan first", "", ResultKind::Text),
            Self::ExitPlanMode => ("Put a plan to you", "", ResultKind::Text),
            Self::Skill => ("Load skill", "{name}", ResultKind::Text),
            Self::Task => ("Ask subagent", "{subagent_type} {description}", ResultKind::Text),
        };
        ToolDisplay { title: Some(title.to_owned()), detail: Detail::parse(detail).ok(), result: Some(result) }
    }

    fn parse(name: &ToolName) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name.0)
    }

    /// Whether a model is told of it at once. Room for definitions is small: cells are edited now and then, and the
    /// newest models keep track of their work without a list.
    const fn is_core(self) -> bool {
        !matches!(self, Self::NotebookEdit | Self::TodoWrite | Self::Task) && !self.asks()
    }

    /// Whether only the user can give what it is for.
    const fn asks(self) -> bool {
        matches!(self, Self::AskUserQuestion | Self::EnterPlanMode | Self::ExitPlanMode)
    }

    /// What it does to files, in the words of rules, and which argument says to which; none when it is not about files.
    const fn on_files(self) -> Option<(CallEffect, &'static str, &'static str)> {
        use CallEffect::{Reads, Writes};
        Some(match self {
            Self::Write => (Writes, "WRITE FILE", "file_path"),
            Self::Edit => (Writes, "EDIT FILE", "file_path"),
            Self::NotebookEdit => (Writes, "EDIT FILE", "notebook_path"),
            Self::Read => (Reads, "READ FILE", "file_path"),
            Self::Glob => (Reads, "FIND FILES", "path"),
            Self::Grep => (Reads, "SEARCH FILES", "path"),
            Self::ReadResult
            | Self::MakeChart
            | Self::TodoWrite
            | Self::AskUserQuestion
            | Self::EnterPlanMode
            | Self::ExitPlanMode
            | Self::Skill
            | Self::Task => return None,
        })
    }

    fn annotations(self) -> ToolAnnotations {
        match self {
            Self::Read
            | Self::Glob
            | Self::Grep
            | Self::ReadResult
            | Self::MakeChart
            | Self::TodoWrite
            | Self::AskUserQuestion
            | Self::EnterPlanMode
            | Self::ExitPlanMode
            | Self::Skill
            // Each call of its subagent is judged by itself.
            | Self::Task => ToolAnnotations::reads(),
            // Writing the same content twice leaves the same file, so a write is safe to repeat after a restart.
            Self::Write => ToolAnnotations { idempotent: true, ..ToolAnnotations::writes() },
            Self::Edit | Self::NotebookEdit => ToolAnnotations::writes(),
        }
    }
}

fn built_in_specs(skills: &SkillSet, agents: &AgentSet) -> ToolList {
    BuiltIn::ALL
        .into_iter()
        .filter(|tool| *tool != BuiltIn::Skill || !skills.is_empty())
        .filter(|tool| *tool != BuiltIn::Task || !agents.is_empty())
        .map(|tool| {
            let (description, input_schema) = match tool {
                BuiltIn::Read => read::describe(),
                BuiltIn::Write => write::describe(),
                BuiltIn::Edit => edit::describe(),
                BuiltIn::NotebookEdit => notebook_edit::describe(),
                BuiltIn::Glob => glob::describe(),
                BuiltIn::Grep => grep::describe(),
                BuiltIn::ReadResult => read_result::describe(),
                BuiltIn::MakeChart => make_chart::describe(),
                BuiltIn::TodoWrite => todo::describe(),
                BuiltIn::AskUserQuestion => ask::describe(),
                BuiltIn::EnterPlanMode => plan::describe_enter(),
                BuiltIn::ExitPlanMode => plan::describe_exit(),
                BuiltIn::Skill => skill::describe(skills),
                BuiltIn::Task => task::describe(agents),
            };
            Arc::new(ToolSpec {
                name: ToolName(tool.name().to_owned()),
                source: ToolSource::BuiltIn,
                description,
                input_schema,
                output_schema: (tool == BuiltIn::MakeChart).then(make_chart::output_schema),
                annotations: ToolAnnotations { core: tool.is_core(), ..tool.annotations() },
                display: tool.display(),
                resources: Default::default(),
            })
        })
        .collect()
}

impl BuiltIns {
    /// The same where these rules hold for files.
    #[must_use]
    pub fn under(self, rules: Arc<PermissionRules>) -> Self {
        Self { rules, ..self }
    }

    /// The same with the tool that asks subagents.
    #[must_use]
    pub fn with_subagents(self, subagents: Arc<dyn Subagents>) -> Self {
        let list = self.maker.list(&self.skills, subagents.definitions());
        Self { list, subagents: Some(subagents), ..self }
    }

    /// The same for a door behind which no user answers while a call waits: without the tools that only they can answer.
    #[must_use]
    pub fn without_questions(mut self) -> Self {
        let asks = |spec: &ToolSpec| BuiltIn::parse(&spec.name).is_some_and(BuiltIn::asks);
        self.list = self.list.iter().filter(|spec| !asks(spec)).map(Arc::clone).collect();
        self
    }
}

impl Provider for BuiltIns {
    fn list(&self) -> ToolList {
        Arc::clone(&self.list)
    }

    fn resolve(&self, caller: &Caller, name: &ToolName, input: &Value) -> Option<Box<dyn ProviderCall>> {
        let spec = self.list.iter().find(|spec| spec.name == *name)?;
        Some(Box::new(BuiltInCall {
            tool: BuiltIn::parse(name)?,
            id: caller.tool_call.clone(),
            spec: Arc::clone(spec),
            input: Arc::new(input.clone()),
            works_with: self.clone(),
        }))
    }
}

#[async_trait]
impl ProviderCall for BuiltInCall {
    fn spec(&self) -> &Arc<ToolSpec> {
        &self.spec
    }

    async fn review(&self) -> Option<CallReview> {
        let (effect, verb, field) = self.tool.on_files()?;
        let given = match (self.input.get(field).and_then(Value::as_str), effect) {
            (None, CallEffect::Reads) => Some(".".to_owned()),
            (given, _) => given.map(str::to_owned),
        };
        let folder = self.works_with.folder.clone();
        let look = move || given.map(|path| ProjectPath::names(&folder, field, &path)).unwrap_or_default();
        let objects = tokio::task::spawn_blocking(look).await.unwrap_or_default();
        Some(CallReview::one(Operation { effect, verb: verb.to_owned(), objects, text: None, detail: None }))
    }

    fn asks(&self) -> Option<UserAsk> {
        // What cannot be shown is told to the model when the call runs.
        match self.tool {
            BuiltIn::AskUserQuestion => ask::questions(&self.input).ok().map(UserAsk::Questions),
            BuiltIn::EnterPlanMode => plan::none(&self.input).ok().map(|()| UserAsk::ToPlan),
            BuiltIn::ExitPlanMode => plan::of(&self.input).ok().map(UserAsk::Plan),
            _ => None,
        }
    }

    fn resumes(&self) -> bool {
        self.tool == BuiltIn::Task
    }

    fn origin(&self) -> ContentOrigin {
        match self.tool {
            // The user's own words, and what the host says to them.
            BuiltIn::AskUserQuestion | BuiltIn::EnterPlanMode | BuiltIn::ExitPlanMode => ContentOrigin::Host,
            // What was written, told back.
            BuiltIn::Write | BuiltIn::TodoWrite => ContentOrigin::Host,
            // Skills are the operator's and the project owner's words, chosen by them.
            BuiltIn::Skill => ContentOrigin::Host,
            // Nobody knows who wrote what is in a file or a result, nor what a subagent has read.
            BuiltIn::Read
            | BuiltIn::Task
            | BuiltIn::Edit
            | BuiltIn::Glob
            | BuiltIn::Grep
            | BuiltIn::ReadResult
            | BuiltIn::MakeChart
            | BuiltIn::NotebookEdit => ContentOrigin::Outside,
        }
    }

    /// What holds up its thread, a network file system say, must not hold up a stop: what reads may be left behind, what
    /// writes is short and is waited for by the caller's grace time.
    async fn run(&self, link: CallLink) -> ToolOutcome {
        // A subagent ends by itself, and its log tells how.
        let may_be_left = self.tool.annotations().read_only && !self.resumes();
        let cancelled = || ToolOutcome::failed(ToolFailure::new(ToolErrorKind::Cancelled, "stopped by the user"));
        tokio::select! {
            biased;
            done = self.works_with.run(self, &link) => {
                done.unwrap_or_else(ToolOutcome::failed)
            }
            () = link.cancel.cancelled(), if may_be_left => cancelled(),
        }
    }

    /// A subagent's is its turn's.
    fn time_limit(&self) -> Option<Duration> {
        (self.tool != BuiltIn::Task).then_some(TIME_LIMIT)
    }
}

impl BuiltIns {
    async fn run(&self, call: &BuiltInCall, link: &CallLink) -> ToolResult {
        let input = &call.input;
        let on_files: fn(&Self, &Value, &CancellationToken) -> ToolResult = match call.tool {
            BuiltIn::ReadResult => return read_result::run(&*self.results, input).await,
            BuiltIn::MakeChart => return make_chart::run(&*self.results, input).await,
            BuiltIn::Read => |this, input, _| read::run(&this.folder, input),
            BuiltIn::Write => |this, input, _| write::run(&this.folder, input, &this.seen.now()),
            BuiltIn::Edit => |this, input, _| edit::run(&this.folder, input, &this.seen.now()),
            BuiltIn::NotebookEdit => |this, input, _| notebook_edit::run(&this.folder, input, &this.seen.now()),
            BuiltIn::Glob => |this, input, cancel| glob::run(&this.folder, &this.rules, input, cancel),
            BuiltIn::Grep => |this, input, cancel| grep::run(&this.folder, &this.rules, input, cancel),
            BuiltIn::TodoWrite => return todo::run(input),
            BuiltIn::AskUserQuestion => return ask::run(input, link.reply.as_ref()),
            BuiltIn::EnterPlanMode => return plan::enter(input, link.reply.as_ref()),
            BuiltIn::ExitPlanMode => return plan::exit(input, link.reply.as_ref()),
            BuiltIn::Skill => |this, input, _| skill::run(&this.skills, &this.maker.limits, input),
            BuiltIn::Task => return task::run(self.subagents.as_ref(), call.id.as_ref(), input, link).await,
        };
        // File work happens on a blocking thread, which ends soon after the token fires.
        let (this, input, cancel) = (self.clone(), Arc::clone(input), link.cancel.clone());
        let work = tokio::task::spawn_blocking(move || on_files(&this, &input, &cancel));
        work.await.unwrap_or_else(|_| Err(ToolFailure::new(ToolErrorKind::Failed, "the tool failed inside the host")))
    }
}
