//! Who may do what with a job: its creator all, others what they were given.

use axum::http::StatusCode;

use super::{state::Jobs, store::Job};
use crate::{acls::Level, database, http::error::ApiError};

/// A job as access lists name it.
fn object(id: i64) -> String {
    format!("jobs/{id}")
}

/// A job that is there.
pub(super) fn there(job: Option<Job>, id: i64) -> Result<Job, ApiError> {
    job.ok_or_else(|| ApiError::not_found(format!("Job {id} does not exist.")))
}

impl Jobs {
    /// A job, for a user who may do so much with it.
    pub(super) async fn allowed(&self, id: i64, user: &str, least: Level) -> Result<Job, ApiError> {
        let job = there(self.store.job(id).await?, id)?;
        if job.owner == user || self.is_given(id, user, least).await? {
            return Ok(job);
        }
        let message =
            format!("User {user} does not have View or Admin or Manage Run or Owner permissions on job {id}.");
        Err(ApiError::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", message))
    }

    /// Whether a user was given so much of a job.
    pub(super) async fn is_given(&self, id: i64, user: &str, least: Level) -> database::Result<bool> {
        let level = self.acls.level(&[object(id)], user).await?;
        Ok(level.is_some_and(|level| level >= least))
    }

    /// The jobs of which a user was given anything.
    pub(super) async fn given(&self, user: &str) -> database::Result<Vec<i64>> {
        self.acls.given("jobs", user).await
    }

    /// Forgets what was given of a job that is gone.
    pub(super) async fn forget_given(&self, id: i64) -> database::Result<()> {
        self.acls.forget(&object(id)).await
    }

    /// Whose a job is, for a user who may do so much with it.
    ///
    /// # Errors
    /// No such job, not allowed.
    pub(crate) async fn owner_for(&self, id: i64, user: &str, least: Level) -> Result<String, ApiError> {
        self.allowed(id, user, least).await.map(|job| job.owner)
    }
}
