//! What projects chose of their skills, and which of their own are copies. The skills themselves are files.

use std::collections::{BTreeMap, BTreeSet};

use bricklayer_domain::{ProjectId, UserId};

use crate::engine::args;
use crate::error::StoreError;
use crate::rows::to_json;
use crate::store::Store;

/// Skills that a project may name, enabled or copied.
pub const MAX_ENABLED_SKILLS: usize = 2_000;

/// Longest name of a skill, in bytes: 64 characters of at most four.
pub const MAX_SKILL_NAME_BYTES: usize = 256;

const TABLE: &str = "project_skills";

/// A project's row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectSkills {
    /// The names of those that are enabled; none: all, also those that come later.
    pub enabled: Option<BTreeSet<String>>,
    /// The digest of each copy of a host's skill as it was made, by name.
    pub copies: BTreeMap<String, String>,
}

impl Store {
    /// What a project chose of its skills.
    ///
    /// # Errors
    /// When the database fails. A project that is not this user's chose nothing.
    pub async fn project_skills(&self, user: &UserId, project: ProjectId) -> Result<ProjectSkills, StoreError> {
        let rows = self
            .engine()
            .fetch_all(
                "select s.enabled, s.copies
                from project_skills as s
                join projects as p on p.id = s.project_id
                where s.project_id = $1
                    and p.user_id = $2
                limit 1",
                args![project, user],
            )
            .await?;
        let Some(row) = rows.first() else { return Ok(ProjectSkills::default()) };
        let broken = |error| StoreError::inconsistent(TABLE, error);
        let enabled = row.maybe_text("enabled")?;
        Ok(ProjectSkills {
            enabled: enabled.map(|text| serde_json::from_str(&text)).transpose().map_err(broken)?,
            copies: serde_json::from_str(&row.text("copies")?).map_err(broken)?,
        })
    }

    /// Puts this in the place of what the project had.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such project of this user's, [`StoreError::TooLarge`] when these are
    /// too many names or one is too long, or the database's failure.
    pub async fn set_project_skills(
        &self,
        user: &UserId,
        project: ProjectId,
        skills: &ProjectSkills,
    ) -> Result<(), StoreError> {
        let ProjectSkills { enabled, copies } = skills;
        let too_large = |what, limit| Err(StoreError::TooLarge { what, limit });
        if copies.len() > MAX_ENABLED_SKILLS || enabled.as_ref().is_some_and(|names| names.len() > MAX_ENABLED_SKILLS) {
            return too_large("the number of skills of a project", MAX_ENABLED_SKILLS);
        }
        let mut names = enabled.iter().flatten().chain(copies.keys());
        if names.any(|name| name.is_empty() || name.len() > MAX_SKILL_NAME_BYTES) {
            return too_large("the name of a skill, in bytes,", MAX_SKILL_NAME_BYTES);
        }
        let enabled = enabled.as_ref().map(|names| to_json(TABLE, names)).transpose()?;
        let copies = to_json(TABLE, copies)?;
        // Only for a project of this user's.
        let owned = self
            .engine()
            .write(
                "insert into project_skills (project_id, enabled, copies)
                select id, $3, $4 from projects where id = $1 and user_id = $2
                on conflict (project_id) do update
                set enabled = excluded.enabled, copies = excluded.copies
                returning project_id",
                args![project, user, enabled.as_deref(), copies.as_str()],
            )
            .await?;
        if owned.is_empty() { Err(StoreError::NotFound("project")) } else { Ok(()) }
    }
}
