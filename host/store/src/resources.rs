//! Resources: what a project's calls made at the workspace and have not deleted since.

use bricklayer_domain::{
    Caller, ConversationId, MadeResource, ProjectId, RenamedResource, ResourceType, ToolCallId, ToolName,
    TrackedResource, TrackedResourceId, TurnId, UserId,
};
use uuid::Uuid;

use crate::engine::{Row, args};
use crate::error::StoreError;
use crate::page::{Cursor, Page, PageRequest};
use crate::store::Store;

/// Resources of one project; who makes more has another way to keep track of them.
pub const MAX_RESOURCES: u32 = 5_000;

/// The statement that reads resources of a project (`$1`) of a user (`$2`), with what follows.
macro_rules! select_resources {
    ($rest:literal) => {
        concat!(
            "select r.id, r.project_id, r.kind, r.resource_id, r.name, r.link, r.whole, r.tool, r.conversation_id,
                r.turn_id, r.call_id, r.created_at
            from resources as r
            join projects as p on p.id = r.project_id
            where r.project_id = $1
                and p.user_id = $2
            ",
            $rest
        )
    };
}

fn resource(row: &Row) -> Result<TrackedResource, StoreError> {
    let inconsistent = |reason: String| StoreError::inconsistent("resources", reason);
    let call = row.maybe_bytes("call_id")?.map(String::from_utf8).transpose();
    Ok(TrackedResource {
        id: TrackedResourceId::from_uuid(row.uuid("id")?),
        project: ProjectId::from_uuid(row.uuid("project_id")?),
        made: MadeResource {
            kind: ResourceType::parse(&row.text("kind")?).map_err(inconsistent)?,
            id: row.text("resource_id")?,
            name: row.text("name")?,
            link: row.maybe_text("link")?,
            is_whole: row.bool("whole")?,
        },
        tool: ToolName(row.text("tool")?),
        conversation: row.maybe_uuid("conversation_id")?.map(ConversationId::from_uuid),
        turn: row.maybe_uuid("turn_id")?.map(TurnId::from_uuid),
        call: call.map_err(|error| inconsistent(error.to_string()))?.map(ToolCallId),
        created_at: row.time("created_at")?,
    })
}

impl Store {
    /// Puts a resource that a call made into the list of the caller's project; one that stands there already, made
    /// again under the same id, has its name, address and origin replaced.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such project of this user's, [`StoreError::TooMany`] when the list is
    /// full, or the database's failure.
    pub async fn track_resource(
        &self,
        caller: &Caller,
        tool: &ToolName,
        made: &MadeResource,
    ) -> Result<(), StoreError> {
        let Caller { user, project, site, tool_call } = caller;
        let (conversation, turn): (Option<Uuid>, Option<Uuid>) =
            (site.conversation().map(|id| id.as_uuid()), site.turn().map(|id| id.as_uuid()));
        let written = self
            .engine()
            .write(
                "insert into resources (
                    id, project_id, kind, resource_id, name, link, whole, tool, conversation_id, turn_id, call_id,
                    created_at
                )
                select $1, p.id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12
                from projects as p
                where p.id = $2
                    and p.user_id = $13
                    and (
                        (select count(*) from resources where project_id = p.id) < $14
                        or exists (select 1 from resources where project_id = p.id and kind = $3 and resource_id = $4)
                    )
                on conflict (project_id, kind, resource_id) do update
                set name = excluded.name,
                    link = excluded.link,
                    whole = excluded.whole,
                    tool = excluded.tool,
                    conversation_id = excluded.conversation_id,
                    turn_id = excluded.turn_id,
                    call_id = excluded.call_id
                returning id",
                args![
                    TrackedResourceId::new(),
                    *project,
                    made.kind.as_str(),
                    made.id.as_str(),
                    made.name.as_str(),
                    made.link.as_deref(),
                    made.is_whole,
                    tool.0.as_str(),
                    conversation,
                    turn,
                    tool_call.as_ref().map(|id| id.0.as_bytes()),
                    self.now(),
                    user,
                    i64::from(MAX_RESOURCES)
                ],
            )
            .await?;
        if written.is_empty() {
            // It is the project or the bound.
            self.get_project(user, *project).await?;
            return Err(StoreError::TooMany { what: "resources", limit: MAX_RESOURCES });
        }
        Ok(())
    }

    /// Gives a resource that a call renamed its new name, and its new id and address where it got such; whether it stood
    /// there. Whatever stood there under the new id is gone from the workspace, or the call would not have succeeded.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rename_resource(
        &self,
        user: &UserId,
        project: ProjectId,
        renamed: &RenamedResource,
    ) -> Result<bool, StoreError> {
        let RenamedResource { kind, id, to, name, link } = renamed;
        let mut tx = self.engine().begin().await?;
        if id != to {
            tx.execute(
                "delete from resources
                where project_id = (select id from projects where id = $1 and user_id = $2)
                    and kind = $3
                    and resource_id = $5
                    and exists (
                        select 1 from resources as r where r.project_id = $1 and r.kind = $3 and r.resource_id = $4
                    )",
                args![project, user, kind.as_str(), id.as_str(), to.as_str()],
            )
            .await?;
        }
        let changed = tx
            .execute(
                "update resources
                set resource_id = $5, name = $6, link = coalesce($7, link)
                where project_id = (select id from projects where id = $1 and user_id = $2)
                    and kind = $3
                    and resource_id = $4",
                args![project, user, kind.as_str(), id.as_str(), to.as_str(), name.as_str(), link.as_deref()],
            )
            .await?;
        tx.commit().await?;
        Ok(changed > 0)
    }

    /// Takes a resource that a call deleted off the list; whether it stood there.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn untrack_resource(
        &self,
        user: &UserId,
        project: ProjectId,
        kind: &ResourceType,
        resource_id: &str,
    ) -> Result<bool, StoreError> {
        let gone = self
            .engine()
            .write(
                "delete from resources
                where project_id = (select id from projects where id = $1 and user_id = $2)
                    and kind = $3
                    and resource_id = $4
                returning id",
                args![project, user, kind.as_str(), resource_id],
            )
            .await?;
        Ok(!gone.is_empty())
    }

    /// Takes a resource off the list without touching the thing itself.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when this user's project has none of the id, or the database's failure.
    pub async fn forget_resource(
        &self,
        user: &UserId,
        project: ProjectId,
        id: TrackedResourceId,
    ) -> Result<(), StoreError> {
        let gone = self
            .engine()
            .write(
                "delete from resources
                where project_id = (select id from projects where id = $1 and user_id = $2)
                    and id = $3
                returning id",
                args![project, user, id],
            )
            .await?;
        if gone.is_empty() { Err(StoreError::NotFound("resource")) } else { Ok(()) }
    }

    /// One resource.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when this user's project has none of the id, or the database's failure.
    pub async fn get_resource(
        &self,
        user: &UserId,
        project: ProjectId,
        id: TrackedResourceId,
    ) -> Result<TrackedResource, StoreError> {
        let row = self.engine().fetch_optional(select_resources!("and r.id = $3"), args![project, user, id]).await?;
        resource(&row.ok_or(StoreError::NotFound("resource"))?)
    }

    /// The resources of a project, the newest first.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such project of this user's, or the database's failure.
    pub async fn list_resources(
        &self,
        user: &UserId,
        project: ProjectId,
        page: PageRequest,
    ) -> Result<Page<TrackedResource>, StoreError> {
        self.get_project(user, project).await?;
        let start = page.start();
        let rows = self
            .engine()
            .fetch_all(
                select_resources!(
                    "and (r.created_at < $3 or (r.created_at = $3 and r.id < $4))
                    order by r.created_at desc, r.id desc
                    limit $5"
                ),
                args![project, user, start.at, start.id, page.fetch_limit()],
            )
            .await?;
        let items = rows.iter().map(resource).collect::<Result<_, _>>()?;
        Ok(page.page(items, |r: &TrackedResource| Cursor { at: r.created_at, id: r.id.as_uuid() }))
    }
}
