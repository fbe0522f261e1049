//! What a project's owner says of calls: rules, and whether there is a second look.

use axum::Json;
use axum::extract::State;
use bricklayer_domain::{PermissionRule, ProjectId, ProjectPermissions, RuleKind, RuleSet};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Body, Path};
use super::problem::Problem;
use crate::app::AppState;
use crate::identity::Caller;

/// What a rule says about the calls that it names; the first kind that holds counts.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RuleWord {
    /// They run in no mode.
    Deny,
    /// The user is asked before each, in every mode.
    Ask,
    /// They run unasked where the mode would ask.
    Allow,
}

/// A rule about calls: a tool's name, in which `*` stands for any characters, and what it is about in parentheses, such
/// as `execute_sql(drop table main.hr.*)`, `Write(secrets/**)` or `run_job(job_id: 12)`. See docs/PERMISSIONS.md.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    /// What it says.
    kind: RuleWord,
    /// Which calls.
    #[schema(max_length = 500)]
    rule: String,
}

/// What a project's owner says of calls.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProjectRules {
    /// Their rules.
    #[schema(max_items = 200)]
    rules: Vec<Rule>,
    /// Whether what sends or destroys is asked about whatever the mode, once a conversation has read content that the
    /// user did not write.
    second_look: bool,
}

/// What is said of a project's calls.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HeldRules {
    /// Its owner's rules.
    rules: Vec<Rule>,
    /// As in what is written.
    second_look: bool,
    /// The operator's rules, which come first; nobody changes them here.
    operator: Vec<Rule>,
}

impl From<RuleWord> for RuleKind {
    fn from(word: RuleWord) -> Self {
        match word {
            RuleWord::Deny => Self::Deny,
            RuleWord::Ask => Self::Ask,
            RuleWord::Allow => Self::Allow,
        }
    }
}

impl From<RuleKind> for RuleWord {
    fn from(kind: RuleKind) -> Self {
        match kind {
            RuleKind::Deny => Self::Deny,
            RuleKind::Ask => Self::Ask,
            RuleKind::Allow => Self::Allow,
        }
    }
}

fn told(rules: &RuleSet) -> Vec<Rule> {
    let each = |kind: RuleKind| {
        rules.of(kind).iter().map(move |rule| Rule { kind: kind.into(), rule: rule.as_str().to_owned() })
    };
    RuleKind::ALL.into_iter().flat_map(each).collect()
}

async fn held(app: &AppState, caller: &Caller, project: ProjectId) -> Result<Json<HeldRules>, Problem> {
    let ProjectPermissions { rules, second_look } = app.store().project_permissions(&caller.user, project).await?;
    let operator = told(&app.turns().environment().rules);
    Ok(Json(HeldRules { rules: told(&rules), second_look, operator }))
}

/// Tells what is said of a project's calls.
#[utoipa::path(get, path = "/api/projects/{project_id}/permission_rules", tag = "projects", operation_id = "get_permission_rules",
    params(("project_id" = Uuid, Path, description = "The project.")), responses((status = 200, body = HeldRules)))]
pub(crate) async fn get_permission_rules(
    State(app): State<AppState>,
    caller: Caller,
    Path(project): Path<ProjectId>,
) -> Result<Json<HeldRules>, Problem> {
    app.store().get_project(&caller.user, project).await?;
    held(&app, &caller, project).await
}

/// Puts other rules in the place of the owner's; they hold from the next message, or the next answer to a question, on.
#[utoipa::path(put, path = "/api/projects/{project_id}/permission_rules", tag = "projects", operation_id = "set_permission_rules",
    params(("project_id" = Uuid, Path, description = "The project.")), request_body = ProjectRules,
    responses((status = 200, body = HeldRules)))]
pub(crate) async fn set_permission_rules(
    State(app): State<AppState>,
    caller: Caller,
    Path(project): Path<ProjectId>,
    Body(body): Body<ProjectRules>,
) -> Result<Json<HeldRules>, Problem> {
    let ProjectRules { rules, second_look } = body;
    let mut permissions = ProjectPermissions { second_look, ..ProjectPermissions::default() };
    for (place, Rule { kind, rule }) in rules.into_iter().enumerate() {
        let kind = RuleKind::from(kind);
        let rule = PermissionRule::parse(kind, &rule)
            .map_err(|error| Problem::field(format!("rules[{place}].rule"), error.to_string()))?;
        permissions.rules.of_mut(kind).push(rule);
    }
    app.store().set_project_permissions(&caller.user, project, &permissions).await?;
    held(&app, &caller, project).await
}
