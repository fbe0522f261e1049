//! How much an installation was used: added up while recording, per day, so that asking costs a few rows.

use std::collections::BTreeMap;
use std::time::Duration;

use bricklayer_domain::{AuditBody, AuditKind, InstallationId, PluginName, UserId};
use chrono::{DateTime, SubsecRound as _, Utc};
use uuid::Uuid;

use super::list::read_record;
use super::{AuditEntry, AuditRecord, OK};
use crate::engine::{Arg, Sql, args};
use crate::error::StoreError;
use crate::store::Store;

/// How far back usage goes; what was asked from before is counted from there.
pub const MAX_USAGE_WINDOW: Duration = Duration::from_hours(90 * 24);

/// Most errors that are listed.
const MAX_LAST_ERRORS: u32 = 100;

const SECONDS_PER_DAY: i64 = 86_400;

/// Numbers that a plugin caused are cut here, so that no sum of them ever overflows.
const MAX_COUNTED: i64 = 1 << 40;

/// Totals since some day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PluginUsage {
    /// Tool calls.
    pub calls: u64,
    /// Those that did not end `ok`.
    pub errors: u64,
    /// Processor time of its calls, in milliseconds.
    pub cpu_ms: u64,
    /// HTTP requests, refused ones included.
    pub requests: u64,
    /// Body bytes of its requests.
    pub bytes_sent: u64,
    /// Body bytes of the answers.
    pub bytes_received: u64,
    /// The last call or request.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// Installation, user and day.
pub(super) type UsageKey<'a> = (Uuid, &'a str, i64);

/// What one append adds for one of them.
#[derive(Debug, Default)]
pub(super) struct UsageRow {
    pub(super) calls: i64,
    pub(super) errors: i64,
    pub(super) cpu_us: i64,
    pub(super) requests: i64,
    pub(super) bytes_sent: i64,
    pub(super) bytes_received: i64,
    pub(super) last_at: DateTime<Utc>,
}

fn day(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(SECONDS_PER_DAY)
}

fn counted(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(MAX_COUNTED).min(MAX_COUNTED)
}

/// Adds an entry to the rows, which are in the order of their keys: hosts that meet never lock each other.
pub(super) fn count<'a>(rows: &mut BTreeMap<UsageKey<'a>, UsageRow>, entry: &'a AuditEntry) {
    let Some(installation) = entry.installation.filter(|_| entry.kind() != AuditKind::Change) else { return };
    let row = rows.entry((installation.as_uuid(), entry.user.as_str(), day(entry.at))).or_default();
    row.last_at = row.last_at.max(entry.at.trunc_subsecs(6));
    match entry.kind() {
        AuditKind::Call => {
            row.calls += 1;
            row.errors += i64::from(entry.outcome != OK);
        }
        AuditKind::Request => row.requests += 1,
        AuditKind::Change => {}
    }
    match &entry.body {
        AuditBody::Call(call) => row.cpu_us += ((call.cpu_ms * 1000.0) as i64).clamp(0, MAX_COUNTED),
        AuditBody::Request(request) => {
            row.bytes_sent += counted(request.bytes_sent);
            row.bytes_received += counted(request.bytes_received);
        }
        AuditBody::Change(_) | AuditBody::Omitted { .. } => {}
    }
}

impl Store {
    /// What an installation did since the day of `since` (UTC), for one user or for all; at most [`MAX_USAGE_WINDOW`] back.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn plugin_usage(
        &self,
        id: InstallationId,
        user: Option<&UserId>,
        since: DateTime<Utc>,
    ) -> Result<PluginUsage, StoreError> {
        let since = day(since.max(self.now() - MAX_USAGE_WINDOW));
        let columns = "select
                cast(coalesce(sum(calls), 0) as bigint) as calls,
                cast(coalesce(sum(errors), 0) as bigint) as errors,
                cast(coalesce(sum(cpu_us), 0) as bigint) as cpu_us,
                cast(coalesce(sum(requests), 0) as bigint) as requests,
                cast(coalesce(sum(bytes_sent), 0) as bigint) as bytes_sent,
                cast(coalesce(sum(bytes_received), 0) as bigint) as bytes_received,
                max(last_at) as last_at
            from installation_usage";
        let row = match user {
            Some(user) => {
                let sql = format!("{columns} where installation_id = $1 and day >= $2 and user_id = $3");
                self.engine().fetch_optional(Sql::Built(sql.into()), args![id, since, user]).await?
            }
            None => {
                let sql = format!("{columns} where installation_id = $1 and day >= $2");
                self.engine().fetch_optional(Sql::Built(sql.into()), args![id, since]).await?
            }
        };
        let Some(row) = row else { return Ok(PluginUsage::default()) };
        let total = |column| Ok::<_, sqlx::Error>(u64::try_from(row.int(column)?).unwrap_or_default());
        Ok(PluginUsage {
            calls: total("calls")?,
            errors: total("errors")?,
            cpu_ms: total("cpu_us")? / 1000,
            requests: total("requests")?,
            bytes_sent: total("bytes_sent")?,
            bytes_received: total("bytes_received")?,
            last_used_at: row.maybe_time("last_at")?,
        })
    }

    /// The last calls of an installation that did not end `ok`, for one user or for all, the newest first; at most 100.
    /// Records from before there were ids in them go by its name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn last_plugin_errors(
        &self,
        id: InstallationId,
        name: &PluginName,
        user: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        let mut args = args![name.as_str(), id, i64::from(limit.min(MAX_LAST_ERRORS))].to_vec();
        let of_user = if user.is_some() { "and user_id = $4" } else { "" };
        args.extend(user.map(Arg::from));
        let sql = format!(
            "select chain, seq, at, user_id, project_id, turn_id, kind, plugin, digest, tool, outcome, body,
                installation_id
            from audit_log
            where plugin = $1
                and (installation_id = $2 or installation_id is null)
                and kind = 'call'
                and outcome <> 'ok'
                {of_user}
            order by at desc, chain desc, seq desc
            limit $3"
        );
        let rows = self.engine().fetch_all(Sql::Built(sql.into()), &args).await?;
        rows.iter().map(read_record).collect()
    }

    /// Gives what was counted by name, before installations were told apart, to the installations of these names;
    /// where there is nothing any more it costs one small read. For plugins that come with the host: their ids are
    /// made from their names, which no installed plugin can have.
    ///
    /// # Errors
    /// When the database fails; nothing was moved then.
    pub async fn adopt_named_usage(&self, names: &[(PluginName, InstallationId)]) -> Result<(), StoreError> {
        if self.engine().fetch_optional("select plugin from plugin_usage limit 1", &[]).await?.is_none() {
            return Ok(());
        }
        let mut tx = self.engine().begin().await?;
        let lock = Sql::Each {
            // The transaction began as the only one that writes.
            sqlite: "select 1 as locked",
            postgres: "lock table plugin_usage in share row exclusive mode",
        };
        tx.execute(lock, &[]).await?;
        for (name, id) in names {
            tx.execute(
                "insert into installation_usage (
                    installation_id, user_id, day, chain, calls, errors, cpu_us, requests, bytes_sent, bytes_received,
                    last_at
                )
                select $1, user_id, day, chain, calls, errors, cpu_us, requests, bytes_sent, bytes_received, last_at
                from plugin_usage
                where plugin = $2
                on conflict (installation_id, user_id, day, chain) do update
                set calls = installation_usage.calls + excluded.calls,
                    errors = installation_usage.errors + excluded.errors,
                    cpu_us = installation_usage.cpu_us + excluded.cpu_us,
                    requests = installation_usage.requests + excluded.requests,
                    bytes_sent = installation_usage.bytes_sent + excluded.bytes_sent,
                    bytes_received = installation_usage.bytes_received + excluded.bytes_received,
                    last_at = excluded.last_at",
                args![*id, name.as_str()],
            )
            .await?;
            tx.execute("delete from plugin_usage where plugin = $1", args![name.as_str()]).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
