//! Projects.

use bricklayer_domain::{Project, ProjectId, Title, TurnId, UserId};

use crate::engine::{Row, Sql, args};
use crate::error::{StoreError, again_on_conflict};
use crate::page::{Cursor, Page, PageRequest};
use crate::store::Store;

/// A user's (`$1`) projects with what goes on in them.
macro_rules! select_projects {
    () => {
        "select p.id, p.user_id, p.name, p.created_at,
            coalesce((select max(updated_at) from conversations where project_id = p.id), p.created_at) as updated_at,
            (select count(*) from conversations where project_id = p.id) as conversation_count,
            coalesce(t.running, 0) as running_count,
            coalesce(t.waiting, 0) as waiting_count
        from projects as p
        left join (
            select project_id,
                sum(case when status = 'running' then 1 else 0 end) as running,
                sum(case when status = 'waiting' then 1 else 0 end) as waiting
            from turns
            where user_id = $1
                and status in ('running', 'waiting')
            group by project_id
        ) as t on t.project_id = p.id
        "
    };
}

fn project(row: &Row) -> Result<Project, StoreError> {
    Ok(Project {
        id: ProjectId::from_uuid(row.uuid("id")?),
        user: UserId::parse(&row.text("user_id")?).map_err(|e| StoreError::inconsistent("projects", e))?,
        name: row.text("name")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        conversation_count: row.int("conversation_count")?,
        running_count: row.int("running_count")?,
        waiting_count: row.int("waiting_count")?,
    })
}

impl Store {
    /// Makes a project. Two projects may have the same name.
    ///
    /// # Errors
    /// [`StoreError::TooMany`] when the user has as many as they may, or the database's failure.
    pub async fn create_project(&self, user: &UserId, name: &Title) -> Result<Project, StoreError> {
        let now = self.now();
        let project = Project {
            id: ProjectId::new(),
            user: user.clone(),
            name: name.as_str().to_owned(),
            created_at: now,
            updated_at: now,
            conversation_count: 0,
            running_count: 0,
            waiting_count: 0,
        };
        let limit = self.projects_per_user();
        let inserted = self
            .engine()
            .write(
                "insert into projects (id, user_id, name, created_at)
                select $1, $2, $3, $4
                where (select count(*) from projects where user_id = $2) < $5
                returning id",
                args![project.id, user, name.as_str(), project.created_at, i64::from(limit)],
            )
            .await?;
        if inserted.is_empty() {
            return Err(StoreError::TooMany { what: "projects", limit });
        }
        Ok(project)
    }

    /// A user's projects, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_projects(&self, user: &UserId, page: PageRequest) -> Result<Page<Project>, StoreError> {
        let start = page.start();
        let rows = self
            .engine()
            .fetch_all(
                concat!(
                    select_projects!(),
                    "where p.user_id = $1
                        and (p.created_at < $2 or (p.created_at = $2 and p.id < $3))
                    order by p.created_at desc, p.id desc
                    limit $4"
                ),
                args![user, start.at, start.id, page.fetch_limit()],
            )
            .await?;
        let items = rows.iter().map(project).collect::<Result<_, _>>()?;
        Ok(page.page(items, |p: &Project| Cursor { at: p.created_at, id: p.id.as_uuid() }))
    }

    /// One project.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none of this user's, or the database's failure.
    pub async fn get_project(&self, user: &UserId, id: ProjectId) -> Result<Project, StoreError> {
        let row = self
            .engine()
            .fetch_optional(
                concat!(
                    select_projects!(),
                    "where p.user_id = $1
                        and p.id = $2"
                ),
                args![user, id],
            )
            .await?;
        project(&row.ok_or(StoreError::NotFound("project"))?)
    }

    /// Gives a project another name.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none of this user's, or the database's failure.
    pub async fn rename_project(&self, user: &UserId, id: ProjectId, name: &Title) -> Result<Project, StoreError> {
        self.engine()
            .write(
                "update projects
                set name = $1
                where id = $2
                    and user_id = $3",
                args![name.as_str(), id, user],
            )
            .await?;
        self.get_project(user, id).await
    }

    /// Deletes a project with everything in it. Audit records stay.
    ///
    /// Returns the turns that were in progress: their next append fails with [`StoreError::LostLease`], and whoever
    /// drives one here should stop it at once.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none of this user's, or the database's failure.
    pub async fn delete_project(&self, user: &UserId, id: ProjectId) -> Result<Vec<TurnId>, StoreError> {
        let turns = again_on_conflict!(self.try_delete_project(user, id))?;
        self.notices().stop_requested(self.engine(), &turns).await;
        Ok(turns)
    }

    async fn try_delete_project(&self, user: &UserId, id: ProjectId) -> Result<Vec<TurnId>, StoreError> {
        let mut tx = self.patient().begin().await?;
        // Turns before their conversations, which is the order of appending.
        let active = tx
            .fetch_all(
                Sql::Each {
                    sqlite: "select id
                    from turns
                    where user_id = $1
                        and project_id = $2
                        and status in ('running', 'waiting')
                    order by id",
                    postgres: "select id
                    from turns
                    where user_id = $1
                        and project_id = $2
                        and status in ('running', 'waiting')
                    order by id
                    for update",
                },
                args![user, id],
            )
            .await?;
        let deleted = tx
            .execute(
                "delete from projects
                where id = $1
                    and user_id = $2",
                args![id, user],
            )
            .await?;
        if deleted == 0 {
            return Err(StoreError::NotFound("project"));
        }
        tx.commit().await?;
        self.announce(id, None).await;
        turn_ids(&active)
    }
}

pub(crate) fn turn_ids(rows: &[Row]) -> Result<Vec<TurnId>, StoreError> {
    Ok(rows.iter().map(|row| row.uuid("id").map(TurnId::from_uuid)).collect::<Result<_, _>>()?)
}
