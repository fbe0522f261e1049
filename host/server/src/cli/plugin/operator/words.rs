//! Installations, versions and requests in words and as data.

use std::fmt::Write as _;

use bricklayer_domain::PluginOwner;
use bricklayer_package::{Power, Powers};
use bricklayer_plugins::{Inspection, VersionDiff};
use bricklayer_sources::SignatureStatus;
use bricklayer_store::{InstallationRow, VersionRow};
use serde_json::{Value, json};

pub(super) fn owner(owner: &PluginOwner) -> String {
    match owner {
        PluginOwner::Everyone => "everyone".to_owned(),
        PluginOwner::User(user) => user.to_string(),
    }
}

/// How an installation stands, in a word.
pub(super) fn status(row: &InstallationRow) -> &'static str {
    match (row.enabled, &row.pending, &row.last_problem) {
        (false, ..) => "disabled",
        (true, Some(_), _) => "update-waiting",
        (true, None, Some(_)) => "rolled-back",
        (true, None, None) => "active",
    }
}

/// Powers by their ids; an id that this build cannot read is shown as it is.
fn power_words(id: &str) -> String {
    Power::parse(id).map_or_else(|_| id.to_owned(), |power| power.words())
}

/// A numbered list of requests, each in words with its id.
pub(super) fn requests(powers: &Powers) -> String {
    let mut text = String::new();
    for (number, power) in powers.iter().enumerate() {
        let _ = writeln!(text, "  {}. {}\n     {}", number + 1, power.words(), power.id());
    }
    text
}

pub(super) fn powers_data(powers: &Powers) -> Value {
    powers.iter().map(|power| json!({"id": power.id(), "words": power.words(), "identity": power.identity()})).collect()
}

pub(super) fn signature(status: &SignatureStatus) -> String {
    match status {
        SignatureStatus::Unsigned => "not signed".to_owned(),
        SignatureStatus::Trusted { publisher } => format!("signed by {publisher}, whom the operator trusts"),
        SignatureStatus::UnknownKey { key_id } => format!("signed with the key {key_id}, which nobody here knows"),
        SignatureStatus::Expired { publisher, on } => format!("signed by {publisher} with a key that expired on {on}"),
        SignatureStatus::Invalid { reason } => format!("INVALID: {reason}"),
    }
}

/// A looked-at package: everything that a person needs to decide.
pub(super) fn inspection(seen: &Inspection) -> String {
    let manifest = &seen.contents.manifest;
    let mut text = format!("{} {}", manifest.name, manifest.version);
    if !manifest.description.is_empty() {
        let _ = write!(text, "\n  {}", manifest.description);
    }
    let _ = write!(
        text,
        "\n\n  From       {}\n  Pinned as  {}\n  Digest     sha256:{}\n  Size       {} KiB\n  Signature  {}\n",
        seen.source,
        seen.pinned,
        seen.staged,
        seen.contents.size_bytes.div_ceil(1024),
        signature(&seen.signature)
    );
    let _ = writeln!(text, "\nTools");
    for tool in &seen.tools {
        let first = tool.description.lines().next().unwrap_or_default();
        let _ = writeln!(text, "  {}  {first}", tool.name.short());
    }
    if seen.requests.is_empty() {
        let _ = writeln!(text, "\nIt asks for nothing.");
    } else {
        let _ = write!(text, "\nIt asks to\n{}", requests(&seen.requests));
    }
    for warning in &seen.warnings {
        let _ = writeln!(text, "\nWarning: {warning}");
    }
    for refusal in &seen.refusals {
        let _ = writeln!(text, "\nRefused: {refusal}");
    }
    text
}

pub(super) fn inspection_data(seen: &Inspection) -> Value {
    let manifest = &seen.contents.manifest;
    json!({
        "name": manifest.name,
        "version": manifest.version,
        "description": manifest.description,
        "source": seen.source,
        "pinned": seen.pinned,
        "digest": seen.staged,
        "size_bytes": seen.contents.size_bytes,
        "signature": seen.signature,
        "tools": seen.tools.iter().map(|tool| tool.name.short()).collect::<Vec<_>>(),
        "requests": powers_data(&seen.requests),
        "warnings": seen.warnings,
        "refusals": seen.refusals,
    })
}

/// What a version that waits would change.
pub(super) fn diff(diff: &VersionDiff) -> String {
    let mut text = String::new();
    if !diff.powers.added.is_empty() {
        let _ = write!(text, "  It asks in addition to\n{}", requests(&diff.powers.added));
    }
    if !diff.powers.removed.is_empty() {
        let _ = write!(text, "  It no longer asks to\n{}", requests(&diff.powers.removed));
    }
    let tools = [
        ("New tools", &diff.tools_added),
        ("Tools that are gone", &diff.tools_removed),
        ("Tools that changed", &diff.tools_changed),
        ("Tools that would ask less often than before", &diff.tools_less_careful),
    ];
    for (words, names) in tools.into_iter().filter(|(_, names)| !names.is_empty()) {
        let _ = writeln!(text, "  {words}: {}", names.join(", "));
    }
    text
}

pub(super) fn diff_data(diff: &VersionDiff) -> Value {
    json!({
        "added": powers_data(&diff.powers.added),
        "removed": powers_data(&diff.powers.removed),
        "tools_added": diff.tools_added,
        "tools_removed": diff.tools_removed,
        "tools_changed": diff.tools_changed,
        "tools_less_careful": diff.tools_less_careful,
    })
}

/// One installation in full.
pub(super) fn installation(row: &InstallationRow) -> String {
    let mut text = format!("{} {} ({}, for {})\n", row.name, row.active.version, status(row), owner(&row.owner));
    if let Some(problem) = &row.last_problem {
        let _ = writeln!(text, "  Problem    {problem}");
    }
    let signature = match &row.active.publisher {
        Some(publisher) => format!("{} ({publisher})", row.active.signature),
        None => row.active.signature.clone(),
    };
    let _ = write!(
        text,
        "  From       {}\n  Pinned as  {}\n  Digest     sha256:{}\n  Signature  {signature}\n  Installed  {} by {}\n",
        row.active.source,
        row.active.pinned,
        row.active.digest,
        row.active.installed_at.format("%Y-%m-%d %H:%M UTC"),
        row.active.installed_by
    );
    for (words, version) in [("Before", &row.previous), ("Waiting", &row.pending)] {
        if let Some(version) = version {
            let _ = writeln!(text, "  {words:<9}  {} (sha256:{})", version.version, version.digest);
        }
    }
    let _ = write!(text, "  Asks for\n{}", given(row));
    for (project, on) in &row.switches {
        let _ = writeln!(text, "  Switched {} in project {project}", if *on { "on" } else { "off" });
    }
    text
}

/// What an installation asks for, and where each of it was given.
pub(super) fn given(row: &InstallationRow) -> String {
    let mut text = String::new();
    for id in &row.active.requests {
        let _ = writeln!(text, "    {:<24}  {}\n    {:24}  {id}", places(row, id), power_words(id), "");
    }
    if row.active.requests.is_empty() {
        text.push_str("    nothing\n");
    }
    text
}

/// Where a request was given.
fn places(row: &InstallationRow, id: &str) -> String {
    let Ok(request) = Power::parse(id) else { return "not given".to_owned() };
    let gives = |powers: &[String]| Powers::parse(powers).is_ok_and(|powers| powers.covers(&request));
    let places = row.grants.iter().filter(|grant| gives(&grant.powers)).map(|grant| grant.project);
    match places.collect::<Vec<_>>().as_slice() {
        [] => "not given".to_owned(),
        places if places.contains(&None) => "given everywhere".to_owned(),
        [_] => "given in 1 project".to_owned(),
        places => format!("given in {} projects", places.len()),
    }
}

fn version_data(version: &VersionRow) -> Value {
    json!({
        "version": version.version,
        "digest": version.digest,
        "source": version.source,
        "pinned": version.pinned,
        "signature": version.signature,
        "publisher": version.publisher,
        "installed_at": version.installed_at,
        "installed_by": version.installed_by,
    })
}

pub(super) fn installation_data(row: &InstallationRow) -> Value {
    let grants = row.grants.iter().map(|grant| json!({"project": grant.project, "powers": grant.powers}));
    json!({
        "id": row.id,
        "name": row.name,
        "owner": owner(&row.owner),
        "status": status(row),
        "enabled": row.enabled,
        "problem": row.last_problem,
        "active": version_data(&row.active),
        "previous": row.previous.as_ref().map(version_data),
        "pending": row.pending.as_ref().map(version_data),
        "requests": row.active.requests,
        "grants": grants.collect::<Vec<_>>(),
        "switches": row.switches.iter().map(|(project, on)| json!({"project": project, "enabled": on})).collect::<Vec<_>>(),
    })
}
