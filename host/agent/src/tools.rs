//! Built-in tools: the project's files and skills. Everything runs inside one opened folder; no path leads out of it.

mod args;
mod edit;
mod files;
mod glob;
mod grep;
mod ledger;
mod names;
mod patch;
mod read;
mod room;
mod skill;
mod text;
mod walk;
mod write;

pub use files::ProjectFolder;
pub use ledger::FileLedger;

use std::sync::Arc;

use bricklayer_domain::{
    CallEffect, CallReview, Detail, Operation, ResultKind, ToolAnnotations, ToolCall, ToolDisplay, ToolErrorKind,
    ToolFailure, ToolName, ToolOutcome, ToolSource, ToolSpec,
};
use bricklayer_tools::ToolList;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::skills::SkillSet;
use files::ProjectPath;

/// A tool's result before it becomes an outcome.
pub(crate) type ToolResult = Result<ToolOutcome, ToolFailure>;

/// What a built-in tool works with.
#[derive(Debug, Clone)]
pub(crate) struct BuiltIns {
    folder: ProjectFolder,
    skills: Arc<SkillSet>,
}

/// The built-in tools, closed: adding one is adding a variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BuiltIn {
    Read,
    Write,
    Edit,
    Glob,
    Grep,
    Skill,
}

impl BuiltIn {
    const ALL: [Self; 6] = [Self::Read, Self::Write, Self::Edit, Self::Glob, Self::Grep, Self::Skill];

    const fn name(self) -> &'static str {
        match self {
            Self::Read => "Read",
            Self::Write => "Write",
            Self::Edit => "Edit",
            Self::Glob => "Glob",
            Self::Grep => "Grep",
            Self::Skill => "Skill",
        }
    }

    /// How it is shown.
    fn display(self) -> ToolDisplay {
        let (title, detail, result) = match self {
            Self::Read => ("Read file", "{file_path}", ResultKind::Text),
            Self::Write => ("Write file", "{file_path}", ResultKind::Change),
            Self::Edit => ("Edit file", "{file_path}", ResultKind::Change),
            Self::Glob => ("Find files", "{pattern}", ResultKind::Text),
            Self::Grep => ("Search in files", "{pattern}", ResultKind::Text),
            Self::Skill => ("Load skill", "{name}", ResultKind::Text),
        };
        ToolDisplay { title: Some(title.to_owned()), detail: Detail::parse(detail).ok(), result: Some(result) }
    }

    fn parse(name: &ToolName) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name.0)
    }

    fn annotations(self) -> ToolAnnotations {
        match self {
            Self::Read | Self::Glob | Self::Grep | Self::Skill => ToolAnnotations::reads(),
            // Writing the same content twice leaves the same file, so a write is safe to repeat after a restart.
            Self::Write => ToolAnnotations { idempotent: true, ..ToolAnnotations::writes() },
            Self::Edit => ToolAnnotations::writes(),
        }
    }
}

/// The built-in tools of a project, in the order in which the model sees them. Without skills there is no Skill tool.
#[must_use]
pub fn built_in_specs(skills: &SkillSet) -> ToolList {
    BuiltIn::ALL
        .into_iter()
        .filter(|tool| *tool != BuiltIn::Skill || !skills.is_empty())
        .map(|tool| {
            let (description, input_schema) = match tool {
                BuiltIn::Read => read::describe(),
                BuiltIn::Write => write::describe(),
                BuiltIn::Edit => edit::describe(),
                BuiltIn::Glob => glob::describe(),
                BuiltIn::Grep => grep::describe(),
                BuiltIn::Skill => skill::describe(skills),
            };
            Arc::new(ToolSpec {
                name: ToolName(tool.name().to_owned()),
                source: ToolSource::BuiltIn,
                description,
                input_schema,
                output_schema: None,
                annotations: tool.annotations(),
                display: tool.display(),
            })
        })
        .collect()
}

/// What a call of a built-in tool would do; nothing when its annotations say all.
pub(crate) fn review_built_in(call: &ToolCall) -> Option<CallReview> {
    let verb = match BuiltIn::parse(&call.name)? {
        BuiltIn::Write => "WRITE FILE",
        BuiltIn::Edit => "EDIT FILE",
        BuiltIn::Read | BuiltIn::Glob | BuiltIn::Grep | BuiltIn::Skill => return None,
    };
    let path = call.input.get("file_path").and_then(Value::as_str).and_then(|path| {
        let path = ProjectPath::parse("file_path", path).ok()?;
        Some(path.text().to_owned())
    });
    Some(CallReview::one(Operation {
        effect: CallEffect::Writes,
        verb: verb.to_owned(),
        objects: path.into_iter().collect(),
        text: None,
        detail: None,
    }))
}

impl BuiltIns {
    pub(crate) fn new(folder: ProjectFolder, skills: Arc<SkillSet>) -> Self {
        Self { folder, skills }
    }

    /// Runs a call; `ledger` tells which files the model has seen. File work happens on a blocking thread, which ends
    /// soon after `cancel` fires.
    pub(crate) async fn call(&self, call: ToolCall, ledger: Arc<FileLedger>, cancel: CancellationToken) -> ToolOutcome {
        let Some(tool) = BuiltIn::parse(&call.name) else {
            return ToolOutcome::failed(ToolFailure::new(ToolErrorKind::UnknownTool, format!("no tool {}", call.name)));
        };
        let this = self.clone();
        let stop = cancel.clone();
        let work = tokio::task::spawn_blocking(move || this.run(tool, &call.input, &ledger, &stop));
        let cancelled = || ToolOutcome::failed(ToolFailure::new(ToolErrorKind::Cancelled, "stopped by the user"));
        // A file operation that hangs (a network file system) must not hold up a stop; what reads may be left behind,
        // what writes is short and is waited for by the driver's grace time.
        tokio::select! {
            biased;
            done = work => match done {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(failure)) => ToolOutcome::failed(failure),
                Err(_) => ToolOutcome::failed(ToolFailure::new(ToolErrorKind::Failed, "the tool failed inside the host")),
            },
            () = cancel.cancelled(), if tool.annotations().read_only => cancelled(),
        }
    }

    fn run(&self, tool: BuiltIn, input: &Value, ledger: &FileLedger, cancel: &CancellationToken) -> ToolResult {
        match tool {
            BuiltIn::Read => read::run(&self.folder, input),
            BuiltIn::Write => write::run(&self.folder, input, ledger),
            BuiltIn::Edit => edit::run(&self.folder, input, ledger),
            BuiltIn::Glob => glob::run(&self.folder, input, cancel),
            BuiltIn::Grep => grep::run(&self.folder, input, cancel),
            BuiltIn::Skill => skill::run(&self.skills, input),
        }
    }
}
