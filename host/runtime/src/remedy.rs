//! What a failure is told with beside its message: its kind when the guest named none, what was refused, what a person
//! does about it, and when to come back.

use bricklayer_domain::{ToolErrorKind, ToolFailure, ToolOutcome};
use bricklayer_package::{FilesGrant, Power, Powers};

use crate::call::CallInfo;
use crate::config::Ceilings;
use crate::fairness::whole_seconds;
use crate::fault::LimitHit;
use crate::plugin::Plugin;
use crate::tally::{LastRequest, Missing};

/// How a guest's run ended badly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With an error that names its kind.
    Spoken,
    /// With an error that is only a text or a value of its own.
    Unspoken,
    /// By the sandbox, perhaps at a limit that a grant could raise.
    Ended(Option<LimitHit>),
}

/// Completes a failure with what the host knows of the call.
pub(crate) fn complete(
    mut failure: ToolFailure,
    ending: Ending,
    plugin: &Plugin,
    call: &CallInfo,
    ceilings: &Ceilings,
) -> ToolOutcome {
    let last = call.tally.how_last_went();
    // A guest that says nothing of its error's kind most likely failed of its latest request.
    if let (Ending::Unspoken, Some((kind, retryable))) = (ending, kind_of(last)) {
        failure.kind = kind;
        failure.retryable = retryable;
    }
    let requested = plugin.manifest().requests();
    if let Some(denial) = call.tally.last_denial() {
        failure.message.push_str("\nthe host refused a request of the plugin: ");
        failure.message.push_str(&denial.said);
        match &denial.missing {
            Some(Missing::Power(power)) => want(&mut failure, plugin, &requested, power),
            Some(Missing::Workspace) => {
                failure.remedy = Some("connect a Databricks workspace, then call again".to_owned());
            }
            Some(Missing::Time(wait)) => {
                if ending == Ending::Unspoken {
                    failure.kind = ToolErrorKind::LimitExceeded;
                }
                failure.retryable = true;
                failure.retry_after_seconds = Some(whole_seconds(*wait));
            }
            None => {}
        }
    } else if let Ending::Ended(Some(hit)) = ending
        && let Some(power) = raising(hit, &requested, call, ceilings)
    {
        want(&mut failure, plugin, &requested, &power);
    } else if failure.kind == ToolErrorKind::Failed
        && ending == Ending::Unspoken
        && let Some(power) = missing_files(&requested, call)
    {
        failure.message.push_str("\nthe plugin asks for more of the project's folder than it was given");
        want(&mut failure, plugin, &requested, &power);
    }
    if let LastRequest::Answered { status, retry_after, as_caller } = last {
        if let (401, true, ToolErrorKind::Unauthenticated, None) = (status, as_caller, failure.kind, &failure.remedy) {
            failure.remedy = Some("sign in to the workspace again: it refused the credential".to_owned());
        }
        let later = matches!(failure.kind, ToolErrorKind::RateLimited | ToolErrorKind::Upstream);
        if later && matches!(status, 429 | 503) {
            failure.retry_after_seconds = retry_after.map(whole_seconds);
        }
    }
    ToolOutcome::failed(failure)
}

fn kind_of(last: LastRequest) -> Option<(ToolErrorKind, bool)> {
    Some(match last {
        LastRequest::None => return None,
        LastRequest::Denied => (ToolErrorKind::Denied, false),
        LastRequest::Limit => (ToolErrorKind::LimitExceeded, false),
        LastRequest::Unanswered { late: true } => (ToolErrorKind::Timeout, true),
        LastRequest::Unanswered { late: false } => (ToolErrorKind::Upstream, true),
        LastRequest::Answered { status, .. } => match status {
            401 => (ToolErrorKind::Unauthenticated, false),
            403 => (ToolErrorKind::PermissionDenied, false),
            404 => (ToolErrorKind::NotFound, false),
            429 => (ToolErrorKind::RateLimited, true),
            500..=599 => (ToolErrorKind::Upstream, true),
            _ => return None,
        },
    })
}

/// Names the power that was missing: as the plugin asks for it, so that it can be given; else as it was needed.
fn want(failure: &mut ToolFailure, plugin: &Plugin, requested: &Powers, needed: &Power) {
    let asked = requested.iter().filter(|power| power.covers(needed));
    // Of several, the one with the caller's identity: it is the one that the plugin's author had in mind.
    match asked.max_by_key(|power| power.identity()) {
        Some(power) => {
            let id = power.id();
            failure.remedy = Some(format!("bricklayer plugin grant {} \"{id}\"", plugin.name()));
            failure.denied = Some(id);
        }
        None => {
            failure.denied = Some(needed.id());
            failure.remedy = Some("the plugin does not ask for this; its author must add it to plugin.toml".to_owned());
        }
    }
}

/// The power that raises a limit, when the plugin asks for it, does not have it, and the operator allows any more.
fn raising(hit: LimitHit, requested: &Powers, call: &CallInfo, ceilings: &Ceilings) -> Option<Power> {
    let (given, limits) = (&call.ctx.grants, &call.limits);
    let asked = |power: &&Power| match (hit, power) {
        (LimitHit::Memory, Power::Memory { mib }) => {
            given.memory_mib.is_none_or(|given| given < *mib) && limits.memory_bytes < ceilings.memory_bytes
        }
        (LimitHit::Cpu, Power::Cpu { seconds }) => {
            given.cpu_seconds.is_none_or(|given| given < *seconds) && limits.cpu < ceilings.cpu
        }
        _ => false,
    };
    requested.iter().find(asked).cloned()
}

/// What of the project's folder the plugin asks for and does not have.
fn missing_files(requested: &Powers, call: &CallInfo) -> Option<Power> {
    call.ctx.project_dir.as_ref()?;
    match (requested.files(), call.ctx.grants.files) {
        (FilesGrant::Read | FilesGrant::ReadWrite, FilesGrant::None) => Some(Power::ReadFiles),
        (FilesGrant::ReadWrite, FilesGrant::Read) => Some(Power::WriteFiles),
        _ => None,
    }
}
