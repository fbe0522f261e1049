//! What owners of projects say of calls.

use bricklayer_domain::{MAX_RULES, PermissionRule, ProjectId, ProjectPermissions, RuleKind, UserId};

use crate::engine::args;
use crate::error::StoreError;
use crate::store::Store;

impl Store {
    /// What a project's owner says of calls.
    ///
    /// # Errors
    /// When the database fails. A project that is not this user's says nothing.
    pub async fn project_permissions(
        &self,
        user: &UserId,
        project: ProjectId,
    ) -> Result<ProjectPermissions, StoreError> {
        // One way to the database: each turn takes it.
        let rows = self
            .engine()
            .fetch_all(
                "select r.kind, r.rule, w.project_id as looked_away
                from projects as p
                left join permission_rules as r on r.project_id = p.id
                left join without_second_look as w on w.project_id = p.id
                where p.id = $1
                    and p.user_id = $2
                order by r.kind, r.place
                limit $3",
                args![project, user, MAX_RULES as i64],
            )
            .await?;
        let mut permissions = ProjectPermissions::default();
        let inconsistent = |reason: String| StoreError::inconsistent("permission_rules", reason);
        for row in &rows {
            permissions.second_look = row.maybe_uuid("looked_away")?.is_none();
            // A project without rules has one row for itself.
            let Some(word) = row.maybe_text("kind")? else { continue };
            let kind = RuleKind::parse(&word).ok_or_else(|| inconsistent(format!("kind {word}")))?;
            let rule =
                PermissionRule::parse(kind, &row.text("rule")?).map_err(|error| inconsistent(error.to_string()))?;
            permissions.rules.of_mut(kind).push(rule);
        }
        Ok(permissions)
    }

    /// Puts this in the place of what the project's owner said before.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such project of this user's, [`StoreError::TooLarge`] when these are too
    /// many rules, or the database's failure.
    pub async fn set_project_permissions(
        &self,
        user: &UserId,
        project: ProjectId,
        permissions: &ProjectPermissions,
    ) -> Result<(), StoreError> {
        let rules = || RuleKind::ALL.into_iter().map(|kind| (kind, permissions.rules.of(kind)));
        if rules().map(|(_, rules)| rules.len()).sum::<usize>() > MAX_RULES {
            return Err(StoreError::TooLarge { what: "the number of a project's permission rules", limit: MAX_RULES });
        }
        let mut tx = self.engine().begin().await?;
        // The project's row first, so that two who write at once come one after the other.
        let owned =
            tx.execute("update projects set name = name where id = $1 and user_id = $2", args![project, user]).await?;
        if owned == 0 {
            return Err(StoreError::NotFound("project"));
        }
        tx.execute("delete from permission_rules where project_id = $1", args![project]).await?;
        tx.execute("delete from without_second_look where project_id = $1", args![project]).await?;
        for (kind, rules) in rules() {
            for (place, rule) in (0_i64..).zip(rules) {
                tx.execute(
                    "insert into permission_rules (project_id, kind, place, rule) values ($1, $2, $3, $4)",
                    args![project, kind.as_str(), place, rule.as_str()],
                )
                .await?;
            }
        }
        if !permissions.second_look {
            tx.execute("insert into without_second_look (project_id) values ($1)", args![project]).await?;
        }
        Ok(tx.commit().await?)
    }
}
