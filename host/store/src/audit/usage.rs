//! How much a plugin was used: added up while recording, per day, so that asking costs a few rows.

use std::collections::BTreeMap;
use std::time::Duration;

use bricklayer_domain::{PluginName, UserId};
use chrono::{DateTime, SubsecRound as _, Utc};
use serde_json::Value;

use super::list::read_record;
use super::{AuditEntry, AuditKind, AuditRecord, OK};
use crate::engine::args;
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

/// What one append adds for one plugin, user and day.
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

fn counted(value: Option<i64>) -> i64 {
    value.unwrap_or_default().clamp(0, MAX_COUNTED)
}

/// Adds an entry to the rows, which are in the order of their keys: hosts that meet never lock each other.
pub(super) fn count<'a>(rows: &mut BTreeMap<(&'a str, &'a str, i64), UsageRow>, entry: &'a AuditEntry) {
    let number = |key: &str| {
        let number = entry.body.get(key)?;
        number.as_i64().or_else(|| number.as_u64().map(|_| MAX_COUNTED))
    };
    if entry.kind == AuditKind::Change {
        return;
    }
    let row = rows.entry((entry.plugin.as_str(), entry.user.as_str(), day(entry.at))).or_default();
    row.last_at = row.last_at.max(entry.at.trunc_subsecs(6));
    if entry.kind == AuditKind::Call {
        row.calls += 1;
        row.errors += i64::from(entry.outcome != OK);
        let cpu_us = entry.body.get("cpu_ms").and_then(Value::as_f64).map(|ms| (ms * 1000.0) as i64);
        row.cpu_us += counted(cpu_us);
    } else {
        row.requests += 1;
        row.bytes_sent += counted(number("bytes_sent"));
        row.bytes_received += counted(number("bytes_received"));
    }
}

impl Store {
    /// What a plugin did since the day of `since` (UTC), for one user or for all; at most [`MAX_USAGE_WINDOW`] back.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn plugin_usage(
        &self,
        plugin: &PluginName,
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
            from plugin_usage";
        let row = match user {
            Some(user) => {
                let sql = format!("{columns} where plugin = $1 and day >= $2 and user_id = $3");
                self.engine()
                    .fetch_optional(crate::engine::Sql::Built(sql.into()), args![plugin.as_str(), since, user])
                    .await?
            }
            None => {
                let sql = format!("{columns} where plugin = $1 and day >= $2");
                self.engine()
                    .fetch_optional(crate::engine::Sql::Built(sql.into()), args![plugin.as_str(), since])
                    .await?
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

    /// The last calls of a plugin that did not end `ok`, for one user or for all, the newest first; at most 100.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn last_plugin_errors(
        &self,
        plugin: &PluginName,
        user: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        let limit = i64::from(limit.min(MAX_LAST_ERRORS));
        let rows =
            match user {
                Some(user) => self
                    .engine()
                    .fetch_all(
                        "select chain, seq, at, user_id, project_id, turn_id, kind, plugin, digest, tool, outcome, body
                        from audit_log
                        where plugin = $1
                            and kind = 'call'
                            and outcome <> 'ok'
                            and user_id = $2
                        order by at desc, chain desc, seq desc
                        limit $3",
                        args![plugin.as_str(), user, limit],
                    )
                    .await?,
                None => self
                    .engine()
                    .fetch_all(
                        "select chain, seq, at, user_id, project_id, turn_id, kind, plugin, digest, tool, outcome, body
                        from audit_log
                        where plugin = $1
                            and kind = 'call'
                            and outcome <> 'ok'
                        order by at desc, chain desc, seq desc
                        limit $2",
                        args![plugin.as_str(), limit],
                    )
                    .await?,
            };
        rows.iter().map(read_record).collect()
    }
}
