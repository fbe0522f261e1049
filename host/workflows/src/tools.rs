//! Workflows as tools for the gate.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use bricklayer_agent::{SubagentTask, Subagents, Worker, run_in_lane};
use bricklayer_domain::{
    Caller, Detail, ResultKind, ToolAnnotations, ToolCallId, ToolDisplay, ToolErrorKind, ToolFailure, ToolName,
    ToolOutcome, ToolSource, ToolSpec,
};
use bricklayer_tools::{CallLink, Provider, ProviderCall, ToolList};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::bundles::{Creation, Deployment, Target};
use crate::plan::Plan;
use crate::workflow::{Report, Status, Workflow};

/// The tools, closed: adding one is adding a variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    Create,
    Delegate,
}

/// What a specialist is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Delegation {
    task_type: Task,
    task_details: Value,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Task {
    BundleGeneration,
    Deployment,
}

static SPECS: LazyLock<ToolList> = LazyLock::new(|| Tool::ALL.into_iter().map(|tool| Arc::new(tool.spec())).collect());

impl Tool {
    const ALL: [Self; 2] = [Self::Create, Self::Delegate];

    const fn name(self) -> &'static str {
        match self {
            Self::Create => "orchestrate_bundle_creation",
            Self::Delegate => "delegate_to_specialist",
        }
    }

    fn spec(self) -> ToolSpec {
        let creation = json!({
            "source_type": {"type": "string", "enum": ["job", "notebook", "workspace_path"],
                "description": "What it is made of."},
            "source_identifier": {"type": "string",
                "description": "The job's number, the notebook's absolute path, or the folder's."},
            "target_env": {"type": "string", "enum": Target::ALL, "description": "The target that is meant; dev when left out."},
            "bundle_name": {"type": "string", "description": "The bundle's name. Leave out for one made of the source's."},
            "output_path": {"type": "string", "description": "The folder in the project. Leave out for one of the bundle's name."},
        });
        let (title, detail, description, properties, required) = match self {
            Self::Create => (
                "Create a bundle",
                "{source_type} {source_identifier}",
                "Makes an asset bundle of a job, a notebook or a folder of notebooks in fixed steps, without a model: looks at the \
                 source, analyses notebooks, makes the bundle, checks it, and mends what the check knows how to. A notebook that \
                 cannot be read is left out and named. Changes nothing in the workspace.",
                creation,
                json!(["source_type", "source_identifier"]),
            ),
            Self::Delegate => (
                "Have a specialist work",
                "{task_type}",
                "Has a piece of work done in fixed steps, without a model. `bundle_generation` takes the arguments of \
                 orchestrate_bundle_creation. `deployment` takes bundle_path, target, variables (an object) and run (the key of a \
                 job or pipeline): it checks the bundle, plans, asks the user with the plan, deploys, and runs.",
                json!({
                    "task_type": {"type": "string", "enum": ["bundle_generation", "deployment"], "description": "The work."},
                    "task_details": {"type": "object", "description": "What it takes."}
                }),
                json!(["task_type", "task_details"]),
            ),
        };
        ToolSpec {
            name: ToolName(self.name().to_owned()),
            source: ToolSource::BuiltIn,
            description: description.to_owned(),
            input_schema: json!({"type": "object", "properties": properties, "required": required,
                "additionalProperties": false}),
            output_schema: None,
            // Each of its calls is judged by itself.
            annotations: ToolAnnotations { core: false, ..ToolAnnotations::reads() },
            display: ToolDisplay {
                title: Some(title.to_owned()),
                detail: Detail::parse(detail).ok(),
                result: Some(ResultKind::Markdown),
            },
            resources: Default::default(),
        }
    }

    /// The workflow that these arguments ask for.
    fn workflow(self, input: &Value) -> Result<Arc<dyn Workflow>, ToolFailure> {
        Ok(match self {
            Self::Create => Arc::new(read::<Creation>(input.clone())?),
            Self::Delegate => {
                let Delegation { task_type, task_details } = read(input.clone())?;
                let details = details(task_details)?;
                match task_type {
                    Task::BundleGeneration => Arc::new(read::<Creation>(details)?),
                    Task::Deployment => Arc::new(read::<Deployment>(details)?),
                }
            }
        })
    }
}

/// Details as an object; models also send them as its text.
fn details(given: Value) -> Result<Value, ToolFailure> {
    match given {
        Value::String(text) => serde_json::from_str(&text)
            .map_err(|error| invalid(format!("`task_details` is an object, or the JSON text of one: {error}"))),
        other => Ok(other),
    }
}

fn read<T: for<'de> Deserialize<'de>>(input: Value) -> Result<T, ToolFailure> {
    serde_json::from_value(input).map_err(|error| invalid(error.to_string()))
}

fn invalid(message: String) -> ToolFailure {
    ToolFailure::new(ToolErrorKind::InvalidInput, message)
}

/// The workflows at work for one lane of a turn.
#[derive(Debug)]
pub struct WorkflowTools {
    lanes: Arc<dyn Subagents>,
}

impl WorkflowTools {
    /// Workflows whose steps are lanes of these.
    #[must_use]
    pub const fn new(lanes: Arc<dyn Subagents>) -> Self {
        Self { lanes }
    }

    /// The tools.
    #[must_use]
    pub fn specs() -> ToolList {
        Arc::clone(&SPECS)
    }
}

impl Provider for WorkflowTools {
    fn list(&self) -> ToolList {
        Self::specs()
    }

    fn resolve(&self, caller: &Caller, name: &ToolName, input: &Value) -> Option<Box<dyn ProviderCall>> {
        let tool = Tool::ALL.into_iter().find(|tool| tool.name() == name.0)?;
        let spec = SPECS.iter().find(|spec| spec.name == *name)?;
        Some(Box::new(WorkflowCall {
            id: caller.tool_call.clone(),
            spec: Arc::clone(spec),
            workflow: tool.workflow(input),
            input: input.clone(),
            lanes: Arc::clone(&self.lanes),
        }))
    }
}

struct WorkflowCall {
    id: Option<ToolCallId>,
    spec: Arc<ToolSpec>,
    workflow: Result<Arc<dyn Workflow>, ToolFailure>,
    input: Value,
    lanes: Arc<dyn Subagents>,
}

#[async_trait]
impl ProviderCall for WorkflowCall {
    fn spec(&self) -> &Arc<ToolSpec> {
        &self.spec
    }

    fn resumes(&self) -> bool {
        true
    }

    async fn run(&self, link: CallLink) -> ToolOutcome {
        let workflow = match &self.workflow {
            Ok(workflow) => Arc::clone(workflow),
            Err(failure) => return ToolOutcome::failed(failure.clone()),
        };
        let (Some(call), Some(terms)) = (&self.id, link.terms) else {
            let message = "workflows run in conversations only";
            return ToolOutcome::failed(ToolFailure::new(ToolErrorKind::NotFound, message));
        };
        let tools = workflow.tools().iter().map(|tool| (*tool).to_owned()).collect();
        let plan = Plan(workflow);
        let task = SubagentTask {
            call: call.clone(),
            worker: Worker::Workflow { plan: Arc::new(plan.clone()), tools },
            prompt: self.input.to_string(),
            terms,
            cancel: link.cancel.clone(),
        };
        let work = match run_in_lane(&*self.lanes, task, &link).await {
            Ok(work) => work,
            Err(outcome) => return outcome,
        };
        let report = plan.report(&work.messages).unwrap_or_else(|| {
            let text = "the workflow did not come to its end; begin it again".to_owned();
            Report::ended(Status::Stopped(ToolErrorKind::Failed), text)
        });
        ToolOutcome { spent: Some(work.spent), ..report.outcome() }
    }

    /// Its lane's is its turn's.
    fn time_limit(&self) -> Option<Duration> {
        None
    }
}
