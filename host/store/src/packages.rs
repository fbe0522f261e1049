//! The bytes of packages, under the SHA-256 of the whole.
//!
//! Storing a package is *staging* it: it can be looked at and installed, and goes away by itself when nobody does, or
//! when room is needed and nobody is about to.
//! Bytes are kept in pieces, each written in a transaction of its own, because a package may have 32 MiB and in SQLite
//! every other write would wait for it. A package counts once its last piece is there; until then nobody sees it, and
//! because the digest says what it must hold, hosts that store the same one at once only help each other.

use bricklayer_domain::PackageDigest;
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};

use crate::crash_points;
use crate::engine::{Sql, Tx, args};
use crate::error::StoreError;
use crate::installations::InstallationError;
use crate::store::Store;

/// Largest package, in bytes. An interpreted language's component has up to 20 MiB.
pub const MAX_PACKAGE_BYTES: usize = 32 * 1024 * 1024;

/// Most packages that were brought and not installed; protects the disk from people who only look.
pub const MAX_STAGED_PACKAGES: usize = 64;

/// How long a package that somebody looked at makes no room for others: a person reads what it asks for meanwhile.
const LOOKED_AT: TimeDelta = TimeDelta::minutes(10);

/// How long a package makes no room that nobody noted looking at yet: it is just being brought.
pub(crate) const BEING_BROUGHT: TimeDelta = TimeDelta::minutes(2);

/// Bytes of one piece: one write of the database, a few milliseconds.
const PIECE_BYTES: usize = 1024 * 1024;

/// Packages that one sweep removes in one transaction.
const SWEEP_BATCH: i64 = 16;

/// The digest of bytes, letting other tasks run in between: 32 MiB take a noticeable time.
async fn digest(bytes: &[u8]) -> String {
    let mut hash = Sha256::new();
    for piece in bytes.chunks(PIECE_BYTES) {
        hash.update(piece);
        tokio::task::yield_now().await;
    }
    hex::encode(hash.finalize())
}

/// Waits for other changes of plugins to end, and makes later ones wait for this one: what refers to a package and what
/// removes it never pass each other.
pub(crate) async fn queue_change(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let lock = Sql::Each {
        // The transaction began as the only one that writes.
        sqlite: "select generation from plugin_generation",
        postgres: "select generation from plugin_generation for update",
    };
    tx.fetch_optional(lock, &[]).await?;
    Ok(())
}

impl Store {
    /// Stages a package; one that is there already stays, and stays longer. Dropping the future leaves pieces that
    /// nobody sees and the sweep removes.
    ///
    /// # Errors
    /// [`InstallationError::WrongDigest`] when the bytes have another digest; nothing is stored.
    /// [`InstallationError::TooManyStaged`] when so many, or so large ones, wait already that no room can be made: all
    /// of them were looked at some minutes ago. [`StoreError::TooLarge`] past
    /// [`MAX_PACKAGE_BYTES`]. The database's failure.
    pub async fn put_package(&self, expected: &PackageDigest, bytes: &[u8]) -> Result<(), InstallationError> {
        if bytes.len() > MAX_PACKAGE_BYTES {
            return Err(StoreError::TooLarge { what: "the package in bytes", limit: MAX_PACKAGE_BYTES }.into());
        }
        if digest(bytes).await != expected.as_str() {
            return Err(InstallationError::WrongDigest);
        }
        if self.begin_staging(expected, bytes.len()).await? {
            return Ok(());
        }
        for (number, piece) in (0_i64..).zip(bytes.chunks(PIECE_BYTES)) {
            crash_points::step("stage", "pieces");
            self.engine()
                .write(
                    "insert into plugin_package_pieces (digest, number, bytes)
                    values ($1, $2, $3)
                    on conflict (digest, number) do nothing",
                    args![expected, number, piece],
                )
                .await?;
        }
        crash_points::step("stage", "complete");
        let completed = self
            .engine()
            .write(
                "update plugin_packages
                set complete = $2
                where digest = $1
                    and size_bytes = (
                        select coalesce(sum(length(bytes)), 0)
                        from plugin_package_pieces
                        where plugin_package_pieces.digest = plugin_packages.digest
                    )
                returning digest",
                args![expected, true],
            )
            .await?;
        crash_points::step("stage", "committed");
        if completed.is_empty() {
            return Err(
                StoreError::inconsistent("plugin_package_pieces", "a staged package was removed meanwhile").into()
            );
        }
        Ok(())
    }

    /// Whether the package is there already; else makes room for it.
    async fn begin_staging(&self, digest: &PackageDigest, size: usize) -> Result<bool, InstallationError> {
        crash_points::step("stage", "packages");
        let mut tx = self.engine().begin().await?;
        queue_change(&mut tx).await?;
        let known = tx
            .fetch_optional(
                "update plugin_packages
                set staged_at = $2
                where digest = $1
                returning complete",
                args![digest, self.now()],
            )
            .await?;
        if known.is_none() {
            self.make_room(&mut tx, size).await?;
            tx.execute(
                "insert into plugin_packages (digest, size_bytes, complete, staged_at)
                values ($1, $2, $3, $4)",
                args![digest, size as i64, false, self.now()],
            )
            .await?;
        }
        tx.commit().await?;
        Ok(known.map(|row| row.bool("complete")).transpose()?.unwrap_or(false))
    }

    /// Removes packages that nobody installed, the oldest first, until one more of this size has room. In use are those
    /// that are being brought or looked at; a user's note that was pushed out by newer ones protects nothing, so one
    /// person keeps others from no more than what one person may look at.
    async fn make_room(&self, tx: &mut Tx, size: usize) -> Result<(), InstallationError> {
        let now = self.now();
        let rows = tx
            .fetch_all(
                "select digest, size_bytes,
                    case
                        when staged_at > $1 then cast(1 as bigint)
                        when exists (
                            select 1
                            from plugin_stagings
                            where plugin_stagings.digest = plugin_packages.digest
                                and plugin_stagings.staged_at >= $2
                        ) then cast(1 as bigint)
                        else cast(0 as bigint)
                    end as in_use
                from plugin_packages
                where staged_at is not null
                    and not exists (
                        select 1 from plugin_versions where plugin_versions.digest = plugin_packages.digest
                    )
                order by staged_at, digest",
                args![now - BEING_BROUGHT, now - LOOKED_AT],
            )
            .await?;
        let mut packages = rows.len();
        let mut bytes = u64::try_from(size).unwrap_or(u64::MAX);
        for row in &rows {
            bytes = bytes.saturating_add(u64::try_from(row.int("size_bytes")?).unwrap_or_default());
        }
        let limit = self.staged_bytes();
        for row in &rows {
            if packages < MAX_STAGED_PACKAGES && bytes <= limit {
                break;
            }
            if row.int("in_use")? == 0 {
                tx.execute("delete from plugin_packages where digest = $1", args![row.text("digest")?.as_str()])
                    .await?;
                packages -= 1;
                bytes = bytes.saturating_sub(u64::try_from(row.int("size_bytes")?).unwrap_or_default());
            }
        }
        if packages < MAX_STAGED_PACKAGES && bytes <= limit { Ok(()) } else { Err(InstallationError::TooManyStaged) }
    }

    /// The bytes of a package, staged or installed; absent when there is none. Never holds a write up.
    ///
    /// # Errors
    /// [`StoreError::Inconsistent`] when the bytes are not those that were stored, or the database's failure.
    pub async fn get_package(&self, expected: &PackageDigest) -> Result<Option<Vec<u8>>, StoreError> {
        let package = self
            .engine()
            .fetch_optional(
                "select size_bytes
                from plugin_packages
                where digest = $1
                    and complete",
                args![expected],
            )
            .await?;
        let Some(package) = package else { return Ok(None) };
        let size = usize::try_from(package.int("size_bytes")?).unwrap_or(usize::MAX).min(MAX_PACKAGE_BYTES);
        let mut bytes = Vec::with_capacity(size);
        let mut number = 0;
        while bytes.len() < size {
            let piece = self
                .engine()
                .fetch_optional(
                    "select bytes
                    from plugin_package_pieces
                    where digest = $1
                        and number = $2",
                    args![expected, number],
                )
                .await?;
            // Removed while it was read.
            let Some(piece) = piece else { return Ok(None) };
            bytes.extend_from_slice(&piece.bytes("bytes")?);
            number += 1;
        }
        if digest(&bytes).await != expected.as_str() {
            return Err(StoreError::inconsistent("plugin_package_pieces", format!("package {expected} was changed")));
        }
        Ok(Some(bytes))
    }

    /// Removes packages that no installation refers to and that were staged before `older_than`, or not staged at
    /// all; says how many.
    ///
    /// # Errors
    /// The database's failure; what was removed until then stays removed.
    pub async fn sweep_packages(&self, older_than: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut swept = 0;
        loop {
            // Few at a time: in SQLite other writes wait meanwhile.
            let mut tx = self.engine().begin().await?;
            queue_change(&mut tx).await?;
            let removed = tx
                .execute(
                    "delete from plugin_packages
                    where digest in (
                        select digest
                        from plugin_packages
                        where (staged_at is null or staged_at < $1)
                            and not exists (
                                select 1 from plugin_versions where plugin_versions.digest = plugin_packages.digest
                            )
                        order by digest
                        limit $2
                    )",
                    args![older_than, SWEEP_BATCH],
                )
                .await?;
            tx.commit().await?;
            swept += removed;
            if removed == 0 {
                return Ok(swept);
            }
        }
    }
}
