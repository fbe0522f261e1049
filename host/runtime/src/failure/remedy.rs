//! What a failure is told with beside its message: its kind when the guest named none, what was refused when it failed
//! of that, what a person does about it, and when to come back.

use std::sync::Arc;

use bricklayer_domain::{ToolErrorKind, ToolFailure, ToolOutcome};
use bricklayer_package::{FilesGrant, Power, Powers};

use super::course::{Course, LastRequest, SentAs};
use super::denial::{Denial, Missing};
use super::limit::LimitHit;
use crate::profile::Profile;
use crate::text::whole_seconds;
use crate::{Ceilings, Grants, Limits};

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

/// Under which circumstances a call failed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Circumstances<'a> {
    /// What the plugin says of itself.
    pub(crate) plugin: &'a Profile,
    /// What it was given.
    pub(crate) grants: &'a Grants,
    /// Whether the call has a project with a folder.
    pub(crate) has_project: bool,
    /// What the call could use.
    pub(crate) limits: &'a Limits,
    /// The most that any call could use.
    pub(crate) ceilings: &'a Ceilings,
    /// What became of its requests.
    pub(crate) course: &'a Course,
}

/// Completes a failure with what the host knows of the call.
pub(crate) fn complete(mut failure: ToolFailure, ending: Ending, call: &Circumstances<'_>) -> ToolOutcome {
    let plugin = call.plugin;
    let last = call.course.how_last_went();
    // A guest that says nothing of its error's kind most likely failed of its latest request.
    if let (Ending::Unspoken, Some((kind, retryable))) = (ending, kind_of(&last)) {
        failure.kind = kind;
        failure.retryable = retryable;
    }
    let requested = plugin.manifest.requests();
    if let Some(denial) = passed_on(&failure, ending, call) {
        if !denial.is_said_in(&failure.message) {
            failure.message.push_str("\nthe host refused a request of the plugin: ");
            failure.message.push_str(&denial.said);
        }
        if ending == Ending::Unspoken {
            failure.kind = denial.kind;
            failure.retryable = false;
        }
        match &denial.missing {
            Some(Missing::Power(power)) => want(&mut failure, plugin, &requested, power),
            Some(Missing::Workspace) => {
                failure.remedy = Some("connect a Databricks workspace, then call again".to_owned());
            }
            Some(Missing::Time(wait)) => {
                failure.retryable = true;
                failure.retry_after_seconds = Some(whole_seconds(*wait));
            }
            None => {}
        }
    } else if let Ending::Ended(Some(hit)) = ending
        && let Some(power) = raising(hit, &requested, call)
    {
        want(&mut failure, plugin, &requested, &power);
    } else if ending == Ending::Ended(Some(LimitHit::Project)) {
        failure.remedy = Some("delete files of the project that are no longer needed, then call again".to_owned());
    } else if failure.kind == ToolErrorKind::Failed
        && ending == Ending::Unspoken
        && about_files(&failure.message)
        && let Some(power) = missing_files(&requested, call)
    {
        failure.message.push_str("\nthe plugin asks for more of the project's folder than it was given");
        want(&mut failure, plugin, &requested, &power);
    } else if let (LastRequest::Denied, true, Some(denial)) =
        (&last, says_nothing(&failure, ending), call.course.denials().latest())
    {
        note(&mut failure, plugin, &requested, &denial);
    }
    if failure.kind == ToolErrorKind::LimitExceeded
        && failure.remedy.is_none()
        && !matches!(ending, Ending::Ended(_))
        && let Some(power) = missing_transfer(&requested, call)
    {
        want(&mut failure, plugin, &requested, &power);
    }
    if let LastRequest::Answered { status, retry_after, sent_as } = last {
        match (status, failure.kind, sent_as) {
            (401, ToolErrorKind::Unauthenticated, SentAs::Caller) if failure.remedy.is_none() => {
                failure.remedy = Some("sign in to the workspace again: it refused the credential".to_owned());
            }
            (401, ToolErrorKind::Unauthenticated, SentAs::Nobody(needed)) => {
                as_nobody(&mut failure, plugin, &requested, &needed);
            }
            _ => {}
        }
        let later = matches!(failure.kind, ToolErrorKind::RateLimited | ToolErrorKind::Upstream);
        if later && matches!(status, 429 | 503) {
            failure.retry_after_seconds = retry_after.map(whole_seconds);
        }
    }
    ToolOutcome::failed(failure)
}

/// The workspace asked who calls, and the plugin's request did not say it. What a guest's library says of that answer,
/// that the user should sign in again, is wrong here and leads its reader the wrong way.
fn as_nobody(failure: &mut ToolFailure, plugin: &Profile, requested: &Powers, needed: &Power) {
    failure.kind = ToolErrorKind::Denied;
    failure.message = "the workspace answered 401 because the request went out without the caller's credential: the \
                       rule that allows it attaches none. Signing in again does not help"
        .to_owned();
    want(failure, plugin, requested, needed);
    if asked_for(requested, needed).is_none() {
        failure.remedy = Some("the plugin's author must add `credential = true` to the rule in plugin.toml".to_owned());
    }
}

/// The refusal that the call failed of. One that the sandbox ended at a limit failed of that limit.
fn passed_on(failure: &ToolFailure, ending: Ending, call: &Circumstances<'_>) -> Option<Arc<Denial>> {
    let named = match ending {
        Ending::Spoken => Some(failure.kind),
        Ending::Unspoken | Ending::Ended(None) => None,
        Ending::Ended(Some(_)) => return None,
    };
    call.course.denials().passed_on(&failure.message, named)
}

/// Whether an error leaves open what the call failed of: `failed` is what a guest's library says of any exception.
fn says_nothing(failure: &ToolFailure, ending: Ending) -> bool {
    match ending {
        Ending::Spoken => failure.kind == ToolErrorKind::Failed,
        Ending::Unspoken | Ending::Ended(None) => true,
        Ending::Ended(Some(_)) => false,
    }
}

/// Says that the last thing that the plugin asked for was refused, when its error says nothing of that. Whether the
/// call failed of it is not known (a guest may have lost the code on the way, or got past the refusal), so the failure
/// keeps its kind and gets no remedy of its own.
fn note(failure: &mut ToolFailure, plugin: &Profile, requested: &Powers, denial: &Denial) {
    failure.message.push_str("\nbefore that, the host refused a request of the plugin: ");
    failure.message.push_str(&denial.said);
    if let Some(Missing::Power(needed)) = &denial.missing
        && let Some(power) = asked_for(requested, needed)
    {
        failure.message.push_str(&format!("; what would allow it: {}", grant(plugin, power)));
    }
}

fn kind_of(last: &LastRequest) -> Option<(ToolErrorKind, bool)> {
    Some(match last {
        // A refusal speaks for itself, where the failure passes it on.
        LastRequest::None | LastRequest::Denied => return None,
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
fn want(failure: &mut ToolFailure, plugin: &Profile, requested: &Powers, needed: &Power) {
    match asked_for(requested, needed) {
        Some(power) => {
            failure.remedy = Some(grant(plugin, power));
            failure.denied = Some(power.id());
        }
        None => {
            failure.denied = Some(needed.id());
            failure.remedy = Some("the plugin does not ask for this; its author must add it to plugin.toml".to_owned());
        }
    }
}

/// The power that the plugin asks for and that covers a needed one.
fn asked_for<'a>(requested: &'a Powers, needed: &Power) -> Option<&'a Power> {
    // Of several, the one with the caller's identity: it is the one that the plugin's author had in mind.
    requested.iter().filter(|power| power.covers(needed)).max_by_key(|power| power.identity())
}

/// The command that gives a power.
fn grant(plugin: &Profile, power: &Power) -> String {
    format!("bricklayer plugin grant {} \"{}\"", plugin.name(), power.id())
}

/// The power that raises a limit, when the plugin asks for it, does not have it, and the operator allows any more.
fn raising(hit: LimitHit, requested: &Powers, call: &Circumstances<'_>) -> Option<Power> {
    let (given, limits, ceilings) = (call.grants, call.limits, call.ceilings);
    let asked = |power: &&Power| match (hit, power) {
        (LimitHit::Memory, Power::Memory { mib }) => {
            given.memory_mib.is_none_or(|given| given < *mib) && limits.memory_bytes < ceilings.memory_bytes
        }
        (LimitHit::Cpu, Power::Cpu { seconds }) => {
            given.cpu_seconds.is_none_or(|given| given < *seconds) && limits.cpu < ceilings.cpu
        }
        (LimitHit::Disk, Power::Transfer { .. }) => given.transfer_gib.is_none(),
        _ => false,
    };
    requested.iter().find(asked).cloned()
}

/// What the plugin asks to carry and may not: a call that spoke of a limit itself met one of its requests' or bodies'.
fn missing_transfer(requested: &Powers, call: &Circumstances<'_>) -> Option<Power> {
    let carries = |power: &&Power| matches!(power, Power::Transfer { .. });
    requested.iter().find(carries).filter(|_| call.grants.transfer_gib.is_none()).cloned()
}

/// Whether an error speaks of files: no request to the host is refused when a folder is not there, so only the guest's
/// own words say what it failed of.
fn about_files(message: &str) -> bool {
    // The folder's name; or the error numbers of files, as C, Rust and Python write them.
    ["/project", "os error", "Errno", "errno"].iter().any(|sign| message.contains(sign))
}

/// What of the project's folder the plugin asks for and does not have.
fn missing_files(requested: &Powers, call: &Circumstances<'_>) -> Option<Power> {
    match (requested.files(), call.grants.files) {
        _ if !call.has_project => None,
        (FilesGrant::Read | FilesGrant::ReadWrite, FilesGrant::None) => Some(Power::ReadFiles),
        (FilesGrant::ReadWrite, FilesGrant::Read) => Some(Power::WriteFiles),
        _ => None,
    }
}
