//! Who looked at a package, and where it came from.
//!
//! The bytes are shared by their digest; that somebody brought them is one person's. What a person installs is taken
//! from here by the digest alone, so that nothing else of what a client says has to be believed.

use bricklayer_domain::{PackageDigest, UserId};
use chrono::{DateTime, Utc};

use crate::engine::args;
use crate::error::{StoreError, is_foreign_key_violation};
use crate::installations::InstallationError;
use crate::packages::{BEING_BROUGHT, queue_change};
use crate::store::Store;

/// Most packages that one person has staged; further ones push out the oldest. Protects the table.
const MAX_STAGINGS_PER_USER: i64 = 16;

/// Longest provenance, in bytes: two addresses and a signature.
const MAX_PROVENANCE_BYTES: usize = 16 * 1024;

impl Store {
    /// Notes that a user brought a package that is in the store, and where it came from; replaces an earlier note.
    ///
    /// # Errors
    /// [`InstallationError::UnknownPackage`] when the package is not there (any more), [`StoreError::TooLarge`], or
    /// the database's failure.
    pub async fn put_staging(
        &self,
        user: &UserId,
        digest: &PackageDigest,
        provenance: &str,
    ) -> Result<(), InstallationError> {
        if provenance.len() > MAX_PROVENANCE_BYTES {
            let what = "where the package comes from, in bytes";
            return Err(StoreError::TooLarge { what, limit: MAX_PROVENANCE_BYTES }.into());
        }
        let mut tx = self.engine().begin().await?;
        queue_change(&mut tx).await?;
        tx.execute(
            "insert into plugin_stagings (user_id, digest, provenance, staged_at)
            values ($1, $2, $3, $4)
            on conflict (user_id, digest) do update
            set provenance = excluded.provenance,
                staged_at = excluded.staged_at",
            args![user, digest, provenance.replace('\0', "\u{fffd}").as_str(), self.now()],
        )
        .await
        .map_err(|error| {
            if is_foreign_key_violation(&error) { InstallationError::UnknownPackage } else { error.into() }
        })?;
        let pushed_out = tx
            .fetch_all(
                "delete from plugin_stagings
                where user_id = $1
                    and digest not in (
                        select digest
                        from plugin_stagings
                        where user_id = $1
                        order by staged_at desc, digest
                        limit $2
                    )
                returning digest",
                args![user, MAX_STAGINGS_PER_USER],
            )
            .await?;
        for row in &pushed_out {
            // Nobody looks at it any more: it makes room at once, however short ago it was brought. Otherwise one person
            // who brings many would keep everybody else from bringing one.
            tx.execute(
                "update plugin_packages
                set staged_at = $1
                where digest = $2
                    and staged_at > $1
                    and not exists (select 1 from plugin_stagings where digest = $2)",
                args![self.now() - BEING_BROUGHT, row.text("digest")?.as_str()],
            )
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Where a package came from that this user brought after `since`; absent for anybody else's.
    ///
    /// # Errors
    /// The database's failure.
    pub async fn get_staging(
        &self,
        user: &UserId,
        digest: &PackageDigest,
        since: DateTime<Utc>,
    ) -> Result<Option<String>, StoreError> {
        let row = self
            .engine()
            .fetch_optional(
                "select provenance
                from plugin_stagings
                where user_id = $1
                    and digest = $2
                    and staged_at >= $3",
                args![user, digest, since],
            )
            .await?;
        Ok(row.map(|row| row.text("provenance")).transpose()?)
    }
}
