//! Leases: which worker drives a turn, and for how long.

use std::time::Duration;

use bricklayer_domain::{ConversationId, Turn, TurnId, UserId};
use chrono::{DateTime, Utc};

use crate::connect::silence;
use crate::engine::{Row, Sql, args};
use crate::error::StoreError;
use crate::fencing::{Lease, WorkerId};
use crate::lease_clock::LeaseMoment;
use crate::lease_sql::on_lease_clock;
use crate::rows::turn;
use crate::store::Store;

/// Most turns that one claim takes, most users that [`Store::users_with_orphans`] names, and most leases that one
/// renewal reports.
const MAX_LEASES: u32 = 10_000;

/// A turn taken over, or taken up again after its approvals were answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The turn; what happened so far is in its log.
    pub turn: Turn,
    /// The right to go on with it.
    pub lease: Lease,
    /// Whether the user asked to stop it: the claimer ends it as cancelled.
    pub stop_requested: bool,
}

/// A lease that a worker still holds after renewing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldLease {
    /// The lease.
    pub lease: Lease,
    /// When others may take the turn over unless it is renewed or appended to, by the clock of leases: the database's in
    /// PostgreSQL, this host's in SQLite.
    pub expires_at: DateTime<Utc>,
    /// Whether the user asked to stop it.
    pub stop_requested: bool,
}

pub(crate) fn claim(row: &Row, worker: WorkerId) -> Result<Claim, StoreError> {
    let turn = turn(row)?;
    let lease = Lease { turn: turn.id, conversation: turn.conversation, worker, token: row.int("lease_token")? };
    Ok(Claim { turn, lease, stop_requested: row.bool("stop_requested")? })
}

/// A user with turns that nobody holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphaned {
    /// Whose.
    pub user: UserId,
    /// Whether they asked to stop them.
    pub stop_requested: bool,
}

/// Which turns that nobody holds.
enum Orphans<'a> {
    Of(&'a UserId),
    Stopped { since: Duration },
}

impl Store {
    /// Takes over a turn that nobody holds: its approvals were answered, its worker let it go, or its lease ran out.
    /// `None` when it is held, parked, ended or gone.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim_turn(&self, turn: TurnId, worker: WorkerId) -> Result<Option<Claim>, StoreError> {
        let rows = self
            .prompt()
            .write(
                on_lease_clock!("update turns
                set lease_worker = $1,
                    lease_token = lease_token + 1,
                    lease_expires_at = " [2] "
                where id = $3
                    and status = 'running'
                    and lease_expires_at <= " [4] "
                returning id, conversation_id, project_id, user_id, status, created_at, updated_at,
                    stop_requested, lease_token"),
                args![worker, self.lease_end(), turn, self.lease_now()],
            )
            .await?;
        rows.first().map(|row| claim(row, worker)).transpose()
    }

    /// Users with turns that nobody holds, at most `limit` entries. Who has such a user's credential claims them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn users_with_orphans(&self, limit: u32) -> Result<Vec<Orphaned>, StoreError> {
        let rows = self
            .prompt()
            .fetch_all(
                on_lease_clock!("select distinct user_id, stop_requested
                from turns
                where status = 'running'
                    and lease_expires_at <= " [1] "
                limit $2"),
                args![self.lease_now(), i64::from(limit.min(MAX_LEASES))],
            )
            .await?;
        rows.iter()
            .map(|row| {
                let user = UserId::parse(&row.text("user_id")?).map_err(|e| StoreError::inconsistent("turns", e))?;
                Ok(Orphaned { user, stop_requested: row.bool("stop_requested")? })
            })
            .collect()
    }

    /// Takes over at most `limit` of a user's turns that nobody holds, the longest abandoned first. Several hosts may
    /// call it at once and get different turns.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim_orphans_of(
        &self,
        user: &UserId,
        worker: WorkerId,
        limit: u32,
    ) -> Result<Vec<Claim>, StoreError> {
        self.claim_orphans(Orphans::Of(user), worker, limit).await
    }

    /// Takes over at most `limit` turns that nobody holds and whose users asked to stop them: ending them needs no
    /// credential, so any host may. Those that have been free for less than `since` are left to a host that sees their
    /// user, because ending what they started at the workspace does.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim_stopped_orphans(
        &self,
        worker: WorkerId,
        limit: u32,
        since: Duration,
    ) -> Result<Vec<Claim>, StoreError> {
        self.claim_orphans(Orphans::Stopped { since }, worker, limit).await
    }

    async fn claim_orphans(&self, which: Orphans<'_>, worker: WorkerId, limit: u32) -> Result<Vec<Claim>, StoreError> {
        let (user, stopped, free_at) = match which {
            Orphans::Of(user) => (Some(user.as_str()), false, self.lease_now()),
            Orphans::Stopped { since } => (None, true, LeaseMoment::ago(self.now(), since)),
        };
        let rows = self
            .prompt()
            .write(
                Sql::Each {
                    sqlite: "update turns
                    set lease_worker = $1,
                        lease_token = lease_token + 1,
                        lease_expires_at = $2
                    where id in (
                            select id
                            from turns
                            where status = 'running'
                                and lease_expires_at <= $3
                                and (user_id = $4 or (stop_requested and $5))
                            order by lease_expires_at
                            limit $6
                        )
                    returning id, conversation_id, project_id, user_id, status, created_at, updated_at,
                        stop_requested, lease_token",
                    postgres: "update turns
                    set lease_worker = $1,
                        lease_token = lease_token + 1,
                        lease_expires_at = statement_timestamp() + $2
                    where id in (
                            select id
                            from turns
                            where status = 'running'
                                and lease_expires_at <= statement_timestamp() + $3
                                and (user_id = $4 or (stop_requested and $5))
                            order by lease_expires_at
                            limit $6
                            for update skip locked
                        )
                    returning id, conversation_id, project_id, user_id, status, created_at, updated_at,
                        stop_requested, lease_token",
                },
                args![worker, self.lease_end(), free_at, user, stopped, i64::from(limit.min(MAX_LEASES))],
            )
            .await?;
        rows.iter().map(|row| claim(row, worker)).collect()
    }

    /// Takes a stopped turn from whoever holds it: its holder did not end it in time, or is gone. `None` when it ended
    /// meanwhile, waits, or nobody asked to stop it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn seize_stopped_turn(&self, turn: TurnId, worker: WorkerId) -> Result<Option<Claim>, StoreError> {
        let rows = self
            .prompt()
            .write(
                on_lease_clock!("update turns
                set lease_worker = $1,
                    lease_token = lease_token + 1,
                    lease_expires_at = " [2] "
                where id = $3
                    and status = 'running'
                    and stop_requested
                    and (lease_worker is null or lease_worker <> $1)
                returning id, conversation_id, project_id, user_id, status, created_at, updated_at,
                    stop_requested, lease_token"),
                args![worker, self.lease_end(), turn],
            )
            .await?;
        rows.first().map(|row| claim(row, worker)).transpose()
    }

    /// A new token for a lease that this worker still holds; `None` when it does not. After an append whose outcome is
    /// unknown: once this returns, that append is in the log or never will be.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn refresh_lease(&self, lease: &Lease) -> Result<Option<Claim>, StoreError> {
        let rows = self
            .prompt()
            .write(
                on_lease_clock!("update turns
                set lease_token = lease_token + 1,
                    lease_expires_at = " [1] "
                where id = $2
                    and lease_worker = $3
                    and lease_token = $4
                    and status = 'running'
                returning id, conversation_id, project_id, user_id, status, created_at, updated_at,
                    stop_requested, lease_token"),
                args![self.lease_end(), lease.turn, lease.worker, lease.token],
            )
            .await?;
        rows.first().map(|row| claim(row, lease.worker)).transpose()
    }

    /// Keeps a worker's leases alive and returns those it still holds: a turn it drives that is not among them was
    /// lost, and one with `stop_requested` is to be stopped. Appending renews as well.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn renew_leases(&self, worker: WorkerId) -> Result<Vec<HeldLease>, StoreError> {
        self.prompt()
            .write(
                Sql::Each {
                    sqlite: "update turns
                    set lease_expires_at = $1
                    where lease_worker = $2
                        and status = 'running'",
                    // One that is locked is being appended to, which renews it.
                    postgres: "update turns
                    set lease_expires_at = statement_timestamp() + $1
                    where id in (
                            select id
                            from turns
                            where lease_worker = $2
                                and status = 'running'
                            for update skip locked
                        )",
                },
                args![self.lease_end(), worker],
            )
            .await?;
        let rows = self
            .prompt()
            .fetch_all(
                "select id, conversation_id, lease_token, lease_expires_at, stop_requested
                from turns
                where lease_worker = $1
                    and status = 'running'
                order by id
                limit $2",
                args![worker, i64::from(MAX_LEASES)],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(HeldLease {
                    lease: Lease {
                        turn: TurnId::from_uuid(row.uuid("id")?),
                        conversation: ConversationId::from_uuid(row.uuid("conversation_id")?),
                        worker,
                        token: row.int("lease_token")?,
                    },
                    expires_at: row.time("lease_expires_at")?,
                    stop_requested: row.bool("stop_requested")?,
                })
            })
            .collect()
    }

    /// Ends sessions of hosts at PostgreSQL that went silent in the middle of a transaction for half a lease: the rows
    /// that they hold are others' to take. The server does so by itself where it can tell; it cannot in the middle of a
    /// message. Returns how many there were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_silent_sessions(&self) -> Result<usize, StoreError> {
        if self.engine_name() != "postgres" {
            return Ok(0);
        }
        let milliseconds = i64::try_from(silence(self.lease_duration()).as_millis()).unwrap_or(i64::MAX);
        let rows = self
            .prompt()
            .write(
                "select pg_terminate_backend(pid) as ended
                from pg_stat_activity
                where datname = current_database()
                    and usename = current_user
                    and application_name = 'bricklayer'
                    and pid <> pg_backend_pid()
                    and state <> 'idle'
                    and wait_event = 'ClientRead'
                    and state_change < clock_timestamp() - $1 * interval '1 millisecond'",
                args![milliseconds],
            )
            .await?;
        Ok(rows.len())
    }

    /// Lets all of a worker's turns go, so that others take them over at once; its own appends fail from then on.
    /// Returns how many. Called on shutdown, after the last checkpoint.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release_leases(&self, worker: WorkerId) -> Result<usize, StoreError> {
        let rows = self
            .prompt()
            .write(
                on_lease_clock!("update turns
                set lease_worker = null,
                    lease_token = lease_token + 1,
                    lease_expires_at = " [1] "
                where lease_worker = $2
                    and status = 'running'
                returning id"),
                args![self.lease_now(), worker],
            )
            .await?;
        if !rows.is_empty() {
            self.notices().turns_freed(self.prompt()).await;
        }
        Ok(rows.len())
    }

    /// Lets one turn go, so that it is taken over at once. False when the lease was not current any more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release_lease(&self, lease: &Lease) -> Result<bool, StoreError> {
        let rows = self
            .prompt()
            .write(
                on_lease_clock!("update turns
                set lease_worker = null,
                    lease_token = lease_token + 1,
                    lease_expires_at = " [1] "
                where id = $2
                    and lease_worker = $3
                    and lease_token = $4
                    and status = 'running'
                returning id"),
                args![self.lease_now(), lease.turn, lease.worker, lease.token],
            )
            .await?;
        if !rows.is_empty() {
            self.notices().turns_freed(self.prompt()).await;
        }
        Ok(!rows.is_empty())
    }

    /// Voids the leases of every other worker, so that [`Store::claim_orphans_of`] takes their turns without waiting
    /// for them to run out. Only for a host that knows it is alone: one that just started on its own SQLite file.
    /// Should another be alive after all, its appends fail and the log stays whole.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn void_leases_of_others(&self, worker: WorkerId) -> Result<usize, StoreError> {
        let rows = self
            .prompt()
            .write(
                on_lease_clock!("update turns
                set lease_worker = null,
                    lease_token = lease_token + 1,
                    lease_expires_at = " [1] "
                where lease_worker <> $2
                    and status = 'running'
                returning id"),
                args![self.lease_now(), worker],
            )
            .await?;
        Ok(rows.len())
    }
}
