//! How much an installation was used: added up while recording, per day, so that asking costs a few rows.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use bricklayer_domain::{AuditBody, AuditKind, InstallationId, PluginName, UserId, day_of};
use chrono::{DateTime, SubsecRound as _, Utc};
use uuid::Uuid;

use super::list::read_record;
use super::{AuditEntry, AuditRecord, OK};
use crate::engine::{Arg, Sql, args};
use crate::error::StoreError;
use crate::store::Store;

/// How far back usage goes; what was asked from before is counted from there.
pub const MAX_USAGE_WINDOW: Duration = Duration::from_hours(90 * 24);

/// Installations that one statement asks about at most: SQLite takes 500 parts.
const MAX_ASKED_AT_ONCE: usize = 200;

/// Most errors that are listed.
const MAX_LAST_ERRORS: u32 = 100;

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

fn counted(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(MAX_COUNTED).min(MAX_COUNTED)
}

/// Adds an entry to the rows, which are in the order of their keys: hosts that meet never lock each other.
pub(super) fn count<'a>(rows: &mut BTreeMap<UsageKey<'a>, UsageRow>, entry: &'a AuditEntry) {
    let Some(installation) = entry.installation.filter(|_| entry.kind() != AuditKind::Change) else { return };
    let row = rows.entry((installation.as_uuid(), entry.user.as_str(), day_of(entry.at))).or_default();
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
        Ok(self.plugin_usages(&[(id, user)], since).await?.remove(&id).unwrap_or_default())
    }

    /// The same of several installations at once, each for one user or for all. What was not used is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn plugin_usages(
        &self,
        of: &[(InstallationId, Option<&UserId>)],
        since: DateTime<Utc>,
    ) -> Result<HashMap<InstallationId, PluginUsage>, StoreError> {
        let since = day_of(since.max(self.now() - MAX_USAGE_WINDOW));
        let mut usages = HashMap::with_capacity(of.len());
        for of in of.chunks(MAX_ASKED_AT_ONCE) {
            let mut args = args![since].to_vec();
            let wanted = of.iter().map(|(id, user)| {
                args.push(Arg::from(*id));
                let installation = format!("installation_id = ${}", args.len());
                let Some(user) = user else { return installation };
                args.push(Arg::from(*user));
                format!("({installation} and user_id = ${})", args.len())
            });
            let sql = format!(
                "select installation_id,
                    cast(sum(calls) as bigint) as calls,
                    cast(sum(errors) as bigint) as errors,
                    cast(sum(cpu_us) as bigint) as cpu_us,
                    cast(sum(requests) as bigint) as requests,
                    cast(sum(bytes_sent) as bigint) as bytes_sent,
                    cast(sum(bytes_received) as bigint) as bytes_received,
                    max(last_at) as last_at
                from installation_usage
                where day >= $1
                    and ({})
                group by installation_id",
                wanted.collect::<Vec<_>>().join(" or ")
            );
            for row in self.engine().fetch_all(Sql::Built(sql.into()), &args).await? {
                let total = |column| Ok::<_, sqlx::Error>(u64::try_from(row.int(column)?).unwrap_or_default());
                let usage = PluginUsage {
                    calls: total("calls")?,
                    errors: total("errors")?,
                    cpu_ms: total("cpu_us")? / 1000,
                    requests: total("requests")?,
                    bytes_sent: total("bytes_sent")?,
                    bytes_received: total("bytes_received")?,
                    last_used_at: row.maybe_time("last_at")?,
                };
                usages.insert(InstallationId::from_uuid(row.uuid("installation_id")?), usage);
            }
        }
        Ok(usages)
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
        Ok(self.last_errors_of_plugins(&[(id, name, user)], limit).await?.remove(&id).unwrap_or_default())
    }

    /// The same of several installations at once, `limit` of each. Those without errors are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn last_errors_of_plugins(
        &self,
        of: &[(InstallationId, &PluginName, Option<&UserId>)],
        limit: u32,
    ) -> Result<HashMap<InstallationId, Vec<AuditRecord>>, StoreError> {
        let mut errors = HashMap::<_, Vec<_>>::new();
        for of in of.chunks(MAX_ASKED_AT_ONCE) {
            let mut args = args![i64::from(limit.min(MAX_LAST_ERRORS))].to_vec();
            // Each finds the end of its own index, which no statement over all of them does.
            let parts = of.iter().enumerate().map(|(index, (id, name, user))| {
                args.extend([Arg::from(name.as_str()), Arg::from(*id)]);
                let (name, id) = (args.len() - 1, args.len());
                args.extend(user.map(Arg::from));
                let of_user = if user.is_some() { format!("and user_id = ${}", args.len()) } else { String::new() };
                format!(
                    "select *
                    from (
                        select cast({index} as bigint) as asked, chain, seq, at, user_id, project_id, turn_id, kind, plugin,
                            digest, tool, outcome, body, installation_id
                        from audit_log
                        where plugin = ${name}
                            and (installation_id = ${id} or installation_id is null)
                            and kind = 'call'
                            and outcome <> 'ok'
                            {of_user}
                        order by at desc, chain desc, seq desc
                        limit $1
                    ) as part_{index}"
                )
            });
            let parts = parts.collect::<Vec<_>>().join(" union all ");
            let sql = format!("select * from ({parts}) as parts order by asked, at desc, chain desc, seq desc");
            for row in self.engine().fetch_all(Sql::Built(sql.into()), &args).await? {
                let asked = usize::try_from(row.int("asked")?).ok().and_then(|index| of.get(index));
                let (id, ..) =
                    asked.ok_or_else(|| StoreError::inconsistent("audit_log", "an answer to no question"))?;
                errors.entry(*id).or_default().push(read_record(&row)?);
            }
        }
        Ok(errors)
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
