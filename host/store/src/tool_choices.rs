//! What projects chose of their tools.

use bricklayer_domain::{ProjectId, ToolChoice, UserId};

use crate::engine::args;
use crate::error::StoreError;
use crate::store::Store;

/// Tools and families that one project pins or hides.
pub const MAX_CHOSEN_TOOLS: usize = 500;

/// Longest name of a tool or family, in bytes: what models take.
pub const MAX_CHOSEN_NAME_BYTES: usize = 128;

impl Store {
    /// What a project chose of its tools.
    ///
    /// # Errors
    /// When the database fails. A project that is not this user's chose nothing.
    pub async fn tool_choice(&self, user: &UserId, project: ProjectId) -> Result<ToolChoice, StoreError> {
        let rows = self
            .engine()
            .fetch_all(
                "select c.name, c.choice
                from tool_choices as c
                join projects as p on p.id = c.project_id
                where c.project_id = $1
                    and p.user_id = $2
                limit $3",
                args![project, user, MAX_CHOSEN_TOOLS as i64],
            )
            .await?;
        let mut choice = ToolChoice::default();
        for row in &rows {
            let chosen = if row.text("choice")? == "hidden" { &mut choice.hidden } else { &mut choice.pinned };
            chosen.insert(row.text("name")?);
        }
        Ok(choice)
    }

    /// Puts a choice in the place of what the project chose before; what is in both sets is hidden.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such project of this user's, [`StoreError::TooLarge`] when these are
    /// too many names or one is too long, or the database's failure.
    pub async fn set_tool_choice(
        &self,
        user: &UserId,
        project: ProjectId,
        choice: &ToolChoice,
    ) -> Result<(), StoreError> {
        let too_large = |what, limit| Err(StoreError::TooLarge { what, limit });
        let pinned = choice.pinned.difference(&choice.hidden).map(|name| (name, "pinned"));
        let chosen: Vec<_> = pinned.chain(choice.hidden.iter().map(|name| (name, "hidden"))).collect();
        if chosen.len() > MAX_CHOSEN_TOOLS {
            return too_large("the number of pinned and hidden tools of a project", MAX_CHOSEN_TOOLS);
        }
        if chosen.iter().any(|(name, _)| name.is_empty() || name.len() > MAX_CHOSEN_NAME_BYTES) {
            return too_large("the name of a pinned or hidden tool, in bytes,", MAX_CHOSEN_NAME_BYTES);
        }
        let mut tx = self.engine().begin().await?;
        // The project's row first, so that two who choose at once come one after the other.
        let owned =
            tx.execute("update projects set name = name where id = $1 and user_id = $2", args![project, user]).await?;
        if owned == 0 {
            return Err(StoreError::NotFound("project"));
        }
        tx.execute("delete from tool_choices where project_id = $1", args![project]).await?;
        for (name, word) in chosen {
            tx.execute(
                "insert into tool_choices (project_id, name, choice) values ($1, $2, $3)",
                args![project, name.as_str(), word],
            )
            .await?;
        }
        Ok(tx.commit().await?)
    }
}
