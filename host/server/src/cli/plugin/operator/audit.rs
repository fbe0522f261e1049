//! `bricklayer plugin audit`: what plugins did and what was done to them, and whether the records are as they were
//! written.

use anyhow::Context as _;
use bricklayer_domain::{AuditBody, AuditKind, CallAudit, ChangeAudit, PluginName, ProjectId, RequestAudit, UserId};
use bricklayer_store::{AuditFilter, AuditPageRequest, AuditRecord, PluginFilter};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::Report;
use super::host::{Host, HostArgs, plugin_name, project_id};
use super::list::columns;

/// Most records of one listing; more is a matter for a query of the database.
const MAX_RECORDS: usize = 10_000;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(in crate::cli::plugin) struct AuditArgs {
    #[command(subcommand)]
    command: Option<AuditCommand>,
    #[command(flatten)]
    filter: FilterArgs,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Checks every record against its chain; the exit code is 1 when one was changed or is missing
    Verify,
}

#[derive(Debug, Args)]
struct FilterArgs {
    /// Of this plugin
    #[arg(long, value_name = "NAME", value_parser = plugin_name)]
    plugin: Option<PluginName>,
    /// For this user
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// In this project
    #[arg(long, value_name = "ID", value_parser = project_id)]
    project: Option<ProjectId>,
    /// Of this kind
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// Since then: 30m, 12h, 7d, or a date such as 2026-01-31
    #[arg(long, value_name = "WHEN", value_parser = since)]
    since: Option<Since>,
    /// The newest so many
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    limit: usize,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// Tool calls
    Call,
    /// HTTP requests
    Request,
    /// Changes of plugins
    Change,
}

#[derive(Debug, Clone, Copy)]
enum Since {
    Ago(TimeDelta),
    At(DateTime<Utc>),
}

pub(super) async fn audit(args: &HostArgs, verb: &AuditArgs) -> anyhow::Result<Report> {
    let host = Host::open(args).await?;
    let report = match verb.command {
        Some(AuditCommand::Verify) => verify(&host).await?,
        None => list(&host, &verb.filter).await?,
    };
    host.close().await;
    Ok(report)
}

async fn list(host: &Host, filter: &FilterArgs) -> anyhow::Result<Report> {
    let since = filter.since.map(|since| match since {
        Since::Ago(time) => bricklayer_domain::now() - time,
        Since::At(at) => at,
    });
    let user = filter.user.as_deref().map(UserId::parse).transpose()?;
    let kind = filter.kind.map(|kind| match kind {
        Kind::Call => AuditKind::Call,
        Kind::Request => AuditKind::Request,
        Kind::Change => AuditKind::Change,
    });
    let wanted =
        AuditFilter { user, project: filter.project, plugin: filter.plugin.clone().map(PluginFilter::Named), kind };
    let limit = filter.limit.min(MAX_RECORDS);
    let mut records: Vec<AuditRecord> = Vec::new();
    let mut after = None;
    while records.len() < limit {
        let left = u32::try_from(limit - records.len()).unwrap_or(u32::MAX);
        let page = host.store.list_audit(&wanted, AuditPageRequest { after, limit: left }).await?;
        let read = page.records.len();
        let new = page.records.into_iter().take_while(|record| since.is_none_or(|since| record.entry.at >= since));
        let before = records.len();
        records.extend(new);
        after = page.next;
        if after.is_none() || records.len() - before < read {
            break;
        }
    }
    let data: Vec<Value> = records.iter().map(record_data).collect();
    let text = if records.is_empty() { "There are no such records.\n".to_owned() } else { table(&records) };
    Ok(Report::new(text, json!({"records": data})))
}

fn table(records: &[AuditRecord]) -> String {
    let mut table = vec![["AT", "KIND", "USER", "PLUGIN", "TOOL", "OUTCOME", "WHAT"].map(ToOwned::to_owned)];
    table.extend(records.iter().map(|record| {
        let entry = &record.entry;
        [
            entry.at.format("%Y-%m-%d %H:%M:%S").to_string(),
            entry.kind().as_str().to_owned(),
            entry.user.to_string(),
            entry.plugin.to_string(),
            if entry.tool.is_empty() { "-".to_owned() } else { entry.tool.clone() },
            entry.outcome.clone(),
            what(&entry.body),
        ]
    }));
    columns(&table)
}

/// The part of a record that says most to a person.
fn what(body: &AuditBody) -> String {
    match body {
        AuditBody::Request(RequestAudit { method, host, path, status, .. }) => {
            let status = status.map(|status| format!(" {status}")).unwrap_or_default();
            format!("{method} {host}{path}{status}")
        }
        AuditBody::Call(CallAudit { powers, .. }) | AuditBody::Change(ChangeAudit { powers, .. })
            if !powers.is_empty() =>
        {
            powers.join(", ")
        }
        AuditBody::Call(call) => format!("{:.0} ms", call.duration_ms),
        AuditBody::Change(change) => change.problem.clone().unwrap_or_default(),
        AuditBody::Omitted { omitted_bytes, .. } => format!("({omitted_bytes} bytes were not kept)"),
    }
}

fn record_data(record: &AuditRecord) -> Value {
    let entry = &record.entry;
    json!({
        "chain": record.chain.to_string(),
        "seq": record.seq,
        "at": entry.at,
        "kind": entry.kind().as_str(),
        "user": entry.user,
        "project": entry.project,
        "turn": entry.turn,
        "plugin": entry.plugin,
        "installation": entry.installation,
        "digest": entry.digest,
        "tool": entry.tool,
        "outcome": entry.outcome,
        "body": entry.body,
    })
}

async fn verify(host: &Host) -> anyhow::Result<Report> {
    let report = host.store.verify_audit().await.context("the audit records cannot be read")?;
    let broken: Vec<Value> = report
        .broken
        .iter()
        .map(|broken| json!({"chain": broken.chain.to_string(), "seq": broken.seq, "fault": broken.fault.to_string()}))
        .collect();
    let mut text = if report.is_intact() {
        format!("All {} records in {} chains are as they were written.\n", report.records, report.chains)
    } else {
        let mut text = format!("{} of {} chains were tampered with or damaged:\n", report.broken_chains, report.chains);
        for broken in &report.broken {
            text.push_str(&format!("  chain {}, record {}: {}\n", broken.chain, broken.seq, broken.fault));
        }
        text
    };
    if report.pruned > 0 {
        text.push_str(&format!("{} older ones were removed by audit.retention_days.\n", report.pruned));
    }
    text.push_str(&format!("State of all chains: {}\n  The same log has the same; note it elsewhere to recognise one that was rewritten as a whole.\n", report.heads));
    let data = json!({
        "intact": report.is_intact(),
        "records": report.records,
        "chains": report.chains,
        "pruned": report.pruned,
        "broken_chains": report.broken_chains,
        "broken": broken,
        "heads": report.heads,
    });
    Ok(Report { text, data, code: u8::from(!report.is_intact()) })
}

fn since(text: &str) -> Result<Since, String> {
    let wrong = || format!("{text:?} is no time; write 30m, 12h, 7d, or a date such as 2026-01-31");
    if let Ok(date) = text.parse::<NaiveDate>() {
        return date.and_hms_opt(0, 0, 0).map(|at| Since::At(at.and_utc())).ok_or_else(wrong);
    }
    if let Ok(at) = text.parse::<DateTime<Utc>>() {
        return Ok(Since::At(at));
    }
    let unit = text.chars().last().ok_or_else(wrong)?;
    let number = text.strip_suffix(unit).and_then(|digits| digits.parse::<u32>().ok()).ok_or_else(wrong)?;
    match unit {
        'm' => Ok(Since::Ago(TimeDelta::minutes(number.into()))),
        'h' => Ok(Since::Ago(TimeDelta::hours(number.into()))),
        'd' => Ok(Since::Ago(TimeDelta::days(number.into()))),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        assert!(matches!(since("30m"), Ok(Since::Ago(time)) if time == TimeDelta::minutes(30)));
        assert!(matches!(since("12h"), Ok(Since::Ago(time)) if time == TimeDelta::hours(12)));
        assert!(matches!(since("7d"), Ok(Since::Ago(time)) if time == TimeDelta::days(7)));
        assert!(matches!(since("2026-01-31"), Ok(Since::At(at)) if at.to_rfc3339() == "2026-01-31T00:00:00+00:00"));
        assert!(matches!(since("2026-01-31T12:00:00Z"), Ok(Since::At(_))));
        for bad in ["", "d", "-1d", "7", "7w", "yesterday", "2026-13-01", "7é"] {
            assert!(since(bad).is_err(), "{bad}");
        }
    }
}
