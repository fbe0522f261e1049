//! Reading records, the newest first, over all chains.

use std::fmt;
use std::str::FromStr;

use bricklayer_domain::{AuditBody, AuditKind, InstallationId, PackageDigest, PluginName, ProjectId, TurnId, UserId};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::chain::StoredRecord;
use super::{AuditEntry, AuditRecord};
use crate::audit_chain::AuditChain;
use crate::engine::{Arg, Row, Sql};
use crate::error::StoreError;
use crate::page::{CursorError, MAX_PAGE, latest};
use crate::store::Store;

/// Which records. An absent field selects all; callers give the user unless they speak for the operator.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of this user.
    pub user: Option<UserId>,
    /// In this project.
    pub project: Option<ProjectId>,
    /// Of this plugin.
    pub plugin: Option<PluginFilter>,
    /// Of this kind.
    pub kind: Option<AuditKind>,
}

/// Which plugin's records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PluginFilter {
    /// Of all installations that ever had the name.
    Named(PluginName),
    /// Of one installation. Records from before there were ids in them go by its name alone.
    Installed(InstallationId, PluginName),
}

impl PluginFilter {
    const fn name(&self) -> &PluginName {
        match self {
            Self::Named(name) | Self::Installed(_, name) => name,
        }
    }

    const fn installation(&self) -> Option<InstallationId> {
        match self {
            Self::Named(_) => None,
            Self::Installed(id, _) => Some(*id),
        }
    }
}

/// Where the next page begins. Opaque to clients; its text form fits a query parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditCursor {
    at: DateTime<Utc>,
    chain: Uuid,
    seq: i64,
}

impl fmt::Display for AuditCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.at.timestamp_micros(), self.chain.simple(), self.seq)
    }
}

impl AuditCursor {
    /// Before everything.
    fn start() -> Self {
        Self { at: latest(), chain: Uuid::max(), seq: i64::MAX }
    }
}

impl FromStr for AuditCursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let mut words = text.split('.');
        let (Some(at), Some(chain), Some(seq), None) = (words.next(), words.next(), words.next(), words.next()) else {
            return Err(CursorError);
        };
        let at = at.parse().ok().and_then(DateTime::from_timestamp_micros).ok_or(CursorError)?;
        let chain = Uuid::try_parse(chain).map_err(|_| CursorError)?;
        Ok(Self { at, chain, seq: seq.parse().map_err(|_| CursorError)? })
    }
}

/// Which page is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AuditPageRequest {
    /// Continue here; the first page when absent.
    pub after: Option<AuditCursor>,
    /// At most so many records, 1 to [`MAX_PAGE`]; anything else is moved into that range, 0 is [`MAX_PAGE`].
    pub limit: u32,
}

/// Some records, and where to continue.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditPage {
    /// The newest first.
    pub records: Vec<AuditRecord>,
    /// Absent on the last page.
    pub next: Option<AuditCursor>,
}

impl Store {
    /// Records that fit the filter, the newest first.
    ///
    /// # Errors
    /// When the database fails or holds what this program would never write.
    pub async fn list_audit(&self, filter: &AuditFilter, page: AuditPageRequest) -> Result<AuditPage, StoreError> {
        let limit = if page.limit == 0 { MAX_PAGE } else { page.limit.min(MAX_PAGE) };
        let (sql, args) = statement(filter, page.after, limit);
        let rows = self.engine().fetch_all(sql, &args).await?;
        let mut records = rows.iter().map(read_record).collect::<Result<Vec<_>, _>>()?;
        let more = records.len() > limit as usize;
        records.truncate(limit as usize);
        let next = records.last().filter(|_| more).map(|record| AuditCursor {
            at: record.entry.at,
            chain: record.chain.as_uuid(),
            seq: record.seq,
        });
        Ok(AuditPage { records, next })
    }
}

/// The statement of a filter: only what is asked is in it, so that each finds its index. At most one record more than
/// the limit, to learn whether there is a next page.
fn statement(filter: &AuditFilter, after: Option<AuditCursor>, limit: u32) -> (Sql, Vec<Arg<'_>>) {
    let wanted = [
        ("user_id", filter.user.as_ref().map(Arg::from)),
        ("project_id", filter.project.map(Arg::from)),
        ("plugin", filter.plugin.as_ref().map(|plugin| Arg::Text(plugin.name().as_str()))),
        ("kind", filter.kind.map(|kind| Arg::Text(kind.as_str()))),
    ];
    let mut conditions = Vec::new();
    let mut args = Vec::new();
    for (column, value) in wanted {
        if let Some(value) = value {
            args.push(value);
            conditions.push(format!("{column} = ${}", args.len()));
        }
    }
    if let Some(installation) = filter.plugin.as_ref().and_then(PluginFilter::installation) {
        args.push(installation.into());
        conditions.push(format!("(installation_id = ${} or installation_id is null)", args.len()));
    }
    // There is always a place to begin, if at the end of time: without one SQLite sorts the whole log.
    let place = args.len() + 1;
    conditions.push(format!("(at, chain, seq) < (${place}, ${}, ${})", place + 1, place + 2));
    let after = after.unwrap_or_else(AuditCursor::start);
    args.extend([Arg::Time(after.at), Arg::Uuid(after.chain), Arg::Int(after.seq)]);
    args.push(Arg::Int(i64::from(limit) + 1));
    let sql = format!(
        "select chain, seq, at, user_id, project_id, turn_id, kind, plugin, digest, tool, outcome, body,
            installation_id
        from audit_log
        where {}
        order by at desc, chain desc, seq desc
        limit ${}",
        conditions.join(" and "),
        args.len()
    );
    (Sql::Built(sql.into()), args)
}

pub(super) fn read_record(row: &Row) -> Result<AuditRecord, StoreError> {
    let wrong = |reason: String| StoreError::inconsistent("audit_log", reason);
    let stored = StoredRecord::read(row)?;
    let kind = AuditKind::parse(&stored.kind).ok_or_else(|| wrong(format!("unknown kind {}", stored.kind)))?;
    let entry = AuditEntry {
        at: stored.at,
        user: UserId::parse(&stored.user).map_err(|e| wrong(e.to_string()))?,
        project: stored.project.map(ProjectId::from_uuid),
        turn: stored.turn.map(TurnId::from_uuid),
        plugin: PluginName::parse(&stored.plugin).map_err(|e| wrong(e.to_string()))?,
        installation: stored.installation.map(InstallationId::from_uuid),
        digest: stored.digest.as_deref().map(PackageDigest::parse).transpose().map_err(|e| wrong(e.to_string()))?,
        tool: stored.tool,
        outcome: stored.outcome,
        body: AuditBody::read(kind, &stored.body).map_err(|e| wrong(e.to_string()))?,
    };
    Ok(AuditRecord { chain: AuditChain(stored.chain), seq: stored.seq, entry })
}
