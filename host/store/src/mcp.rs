//! What is kept for MCP clients: their sessions, and the projects that were made for them.

use bricklayer_domain::{McpSessionId, ProjectId, Title, UserId};
use chrono::Duration;

use crate::engine::args;
use crate::error::{StoreError, again_on_conflict};
use crate::store::Store;

/// Sessions of one user that are kept; the one that was used longest ago makes room for another.
pub const MAX_MCP_SESSIONS: usize = 256;

/// Days without use after which a session is forgotten: a client that is closed for a weekend goes on.
const SESSION_DAYS: i64 = 7;

/// Sessions that one new session makes forgotten at most; so the work of each is bounded.
const FORGOTTEN_AT_ONCE: i64 = 100;

/// Longest name of a folder, in bytes: what Linux takes for a path.
pub const MAX_FOLDER_BYTES: usize = 4_096;

/// Longest that a client says of itself, in bytes: its name, version and capabilities.
pub const MAX_CLIENT_BYTES: usize = 64 * 1024;

/// Bytes of a key that hosts share.
pub const HOST_KEY_BYTES: usize = 32;

/// A session of an MCP client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpSession {
    /// Its id.
    pub id: McpSessionId,
    /// The project that it works in.
    pub project: ProjectId,
    /// What its client said of itself, as JSON.
    pub client: String,
}

impl Store {
    /// Keeps a new session, and forgets what nobody used for long.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the project is not this user's, [`StoreError::TooLarge`] when the client says more
    /// of itself than is kept, or the database's failure.
    pub async fn begin_mcp_session(&self, user: &UserId, session: &McpSession) -> Result<(), StoreError> {
        if session.client.len() > MAX_CLIENT_BYTES {
            return Err(StoreError::TooLarge {
                what: "what an MCP client says of itself, in bytes,",
                limit: MAX_CLIENT_BYTES,
            });
        }
        let now = self.now();
        let mut tx = self.engine().begin().await?;
        let made = tx
            .execute(
                "insert into mcp_sessions (id, user_id, project_id, client, used_at)
                select $1, $2, p.id, $4, $5
                from projects as p
                where p.id = $3
                    and p.user_id = $2",
                args![session.id, user, session.project, session.client.as_str(), now],
            )
            .await?;
        if made == 0 {
            return Err(StoreError::NotFound("project"));
        }
        tx.execute(
            "delete from mcp_sessions
            where id in (
                select id
                from mcp_sessions
                where user_id = $1
                order by used_at desc, id desc
                limit $2 offset $3
            )",
            args![user, FORGOTTEN_AT_ONCE, MAX_MCP_SESSIONS as i64],
        )
        .await?;
        tx.execute(
            "delete from mcp_sessions
            where id in (
                select id
                from mcp_sessions
                where used_at < $1
                order by used_at
                limit $2
            )",
            args![now - Duration::days(SESSION_DAYS), FORGOTTEN_AT_ONCE],
        )
        .await?;
        Ok(tx.commit().await?)
    }

    /// A session of this user's, which counts as used now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_mcp_session(&self, user: &UserId, id: McpSessionId) -> Result<Option<McpSession>, StoreError> {
        let now = self.now();
        let rows = self
            .engine()
            .write(
                "update mcp_sessions
                set used_at = $3
                where id = $1
                    and user_id = $2
                    and used_at >= $4
                returning project_id, client",
                args![id, user, now, now - Duration::days(SESSION_DAYS)],
            )
            .await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(McpSession { id, project: ProjectId::from_uuid(row.uuid("project_id")?), client: row.text("client")? }))
    }

    /// Forgets a session of this user's; one that is none is forgotten already.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_mcp_session(&self, user: &UserId, id: McpSessionId) -> Result<(), StoreError> {
        self.engine().write("delete from mcp_sessions where id = $1 and user_id = $2", args![id, user]).await?;
        Ok(())
    }

    /// The project of a user's MCP clients in a folder, made at its first use; of the empty name, that of clients which
    /// name no folder. Whether it was made just now.
    ///
    /// # Errors
    /// [`StoreError::TooMany`] when the user has as many projects as they may, [`StoreError::TooLarge`] when the
    /// folder's name is too long, or the database's failure.
    pub async fn mcp_project(
        &self,
        user: &UserId,
        folder: &str,
        name: &Title,
    ) -> Result<(ProjectId, bool), StoreError> {
        if folder.len() > MAX_FOLDER_BYTES {
            return Err(StoreError::TooLarge { what: "the name of a folder, in bytes,", limit: MAX_FOLDER_BYTES });
        }
        let known = "select project_id from mcp_projects where user_id = $1 and folder = $2";
        if let Some(row) = self.engine().fetch_optional(known, args![user, folder]).await? {
            return Ok((ProjectId::from_uuid(row.uuid("project_id")?), false));
        }
        again_on_conflict!(self.make_mcp_project(user, folder, name))
    }

    async fn make_mcp_project(
        &self,
        user: &UserId,
        folder: &str,
        name: &Title,
    ) -> Result<(ProjectId, bool), StoreError> {
        let (project, limit) = (ProjectId::new(), self.projects_per_user());
        let mut tx = self.engine().begin().await?;
        let made = tx
            .execute(
                "insert into projects (id, user_id, name, created_at)
                select $1, $2, $3, $4
                where (select count(*) from projects where user_id = $2) < $5",
                args![project, user, name.as_str(), self.now(), i64::from(limit)],
            )
            .await?;
        if made == 0 {
            return Err(StoreError::TooMany { what: "projects", limit });
        }
        let first = tx
            .execute(
                "insert into mcp_projects (user_id, folder, project_id)
                values ($1, $2, $3)
                on conflict (user_id, folder) do nothing",
                args![user, folder, project],
            )
            .await?;
        if first == 1 {
            tx.commit().await?;
            return Ok((project, true));
        }
        // Another made it meanwhile; dropped, this one's project was never there.
        drop(tx);
        let known = "select project_id from mcp_projects where user_id = $1 and folder = $2";
        let row = self.engine().fetch_optional(known, args![user, folder]).await?;
        let row = row.ok_or(StoreError::NotFound("project"))?;
        Ok((ProjectId::from_uuid(row.uuid("project_id")?), false))
    }

    /// The key of all hosts for a purpose: `fresh` when there was none yet.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn host_key(&self, purpose: &str, fresh: &[u8; HOST_KEY_BYTES]) -> Result<Vec<u8>, StoreError> {
        let insert = "insert into host_keys (purpose, bytes) values ($1, $2) on conflict (purpose) do nothing";
        self.engine().write(insert, args![purpose, fresh.as_slice()]).await?;
        let known = "select bytes from host_keys where purpose = $1";
        let row = self.engine().fetch_optional(known, args![purpose]).await?;
        let row = row.ok_or_else(|| StoreError::inconsistent("host_keys", "a key that was written is not there"))?;
        Ok(row.bytes("bytes")?)
    }
}
