//! Jobs and runs in the database of objects.

use rand::Rng;
use serde_json::Value;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::{
    model::{Output, Run, RunType, TaskRun},
    settings::Document,
};
use crate::database::{self, Database};

/// Runs that have ended and are kept; the oldest go first.
const KEPT_RUNS: i64 = 5_000;

/// How long runs are kept, in milliseconds: 60 days, as in the service.
const KEPT_MILLIS: i64 = 60 * 24 * 3_600 * 1_000;

/// A job.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) id: i64,
    pub(crate) owner: String,
    pub(crate) created_at: i64,
    /// As the caller gave them, and what the service adds.
    pub(crate) settings: Document,
}

impl Job {
    pub(crate) fn name(&self) -> &str {
        self.settings.get("name").and_then(Value::as_str).unwrap_or("Untitled")
    }
}

/// Which runs are asked for.
#[derive(Debug, Default)]
pub(crate) struct RunFilter {
    pub(crate) job_id: Option<i64>,
    /// Those that go on, or those that have ended.
    pub(crate) active: Option<bool>,
    pub(crate) kind: Option<RunType>,
    pub(crate) started_from: Option<i64>,
    pub(crate) started_to: Option<i64>,
}

/// A part of a list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) offset: i64,
    pub(crate) limit: i64,
}

/// All jobs and runs; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    database: Database,
}

type JobRow = (i64, String, i64, String);

const JOB: &str = "SELECT id, owner, created_at, settings FROM jobs";
const SCHEDULED: &str = "SELECT id, owner, created_at, settings FROM jobs \
                         WHERE settings ->> '$.schedule.pause_status' = 'UNPAUSED' ORDER BY position";
const ONE_JOB: &str = "SELECT id, owner, created_at, settings FROM jobs WHERE id = ?";

fn job((id, owner, created_at, settings): JobRow) -> database::Result<Job> {
    Ok(Job { id, owner, created_at, settings: serde_json::from_str(&settings)? })
}

/// An id that nothing else has, below 2^53.
pub(crate) fn new_id() -> i64 {
    rand::rng().random_range(1 << 40..1 << 50)
}

impl Store {
    pub(crate) const fn new(database: Database) -> Self {
        Self { database }
    }

    /// Adds a job, unless there are as many as there may be.
    pub(crate) async fn add_job(&self, job: &Job, most: i64) -> database::Result<bool> {
        let mut change = self.database.change().await?;
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM jobs").fetch_one(&mut *change).await?;
        if count >= most {
            return Ok(false);
        }
        sqlx::query("INSERT INTO jobs (id, owner, name, created_at, settings) VALUES (?, ?, ?, ?, ?)")
            .bind(job.id)
            .bind(&job.owner)
            .bind(job.name())
            .bind(job.created_at)
            .bind(serde_json::to_string(&job.settings)?)
            .execute(&mut *change)
            .await?;
        change.commit().await?;
        Ok(true)
    }

    pub(crate) async fn job(&self, id: i64) -> database::Result<Option<Job>> {
        let row = sqlx::query_as(ONE_JOB).bind(id).fetch_optional(self.database.read()).await?;
        row.map(job).transpose()
    }

    /// Every job whose schedule is not paused.
    pub(crate) async fn scheduled_jobs(&self) -> database::Result<Vec<Job>> {
        let rows: Vec<JobRow> = sqlx::query_as(SCHEDULED).fetch_all(self.database.read()).await?;
        rows.into_iter().map(job).collect()
    }

    /// A user's jobs and those that were given, newest first; with one more than asked for when there are more.
    pub(crate) async fn jobs(
        &self,
        owner: &str,
        given: &[i64],
        name: Option<&str>,
        window: Window,
    ) -> database::Result<Vec<Job>> {
        let mut query = QueryBuilder::<Sqlite>::new(JOB);
        query.push(" WHERE (owner = ").push_bind(owner).push(" OR id IN (");
        let mut ids = query.separated(", ");
        for id in given {
            ids.push_bind(*id);
        }
        query.push("))");
        if let Some(name) = name {
            query.push(" AND name = ").push_bind(name);
        }
        query.push(" ORDER BY position DESC LIMIT ").push_bind(window.limit + 1);
        query.push(" OFFSET ").push_bind(window.offset);
        let rows: Vec<JobRow> = query.build_query_as().fetch_all(self.database.read()).await?;
        rows.into_iter().map(job).collect()
    }

    /// Puts other settings in the place of a job's: what `change` makes of those it has, in one transaction.
    pub(crate) async fn change_job<E: From<database::Error>>(
        &self,
        id: i64,
        edit: impl FnOnce(Option<Job>) -> Result<Document, E>,
    ) -> Result<(), E> {
        let mut change = self.database.change().await?;
        let row = sqlx::query_as(ONE_JOB).bind(id).fetch_optional(&mut *change).await;
        let known = row.map_err(database::Error::from)?.map(job).transpose()?;
        let settings = edit(known)?;
        let name = settings.get("name").and_then(Value::as_str).unwrap_or("Untitled");
        sqlx::query("UPDATE jobs SET name = ?, settings = ? WHERE id = ?")
            .bind(name)
            .bind(serde_json::to_string(&settings).map_err(database::Error::from)?)
            .bind(id)
            .execute(&mut *change)
            .await
            .map_err(database::Error::from)?;
        change.commit().await.map_err(database::Error::from)?;
        Ok(())
    }

    pub(crate) async fn delete_job(&self, id: i64) -> database::Result<()> {
        let mut change = self.database.change().await?;
        sqlx::query("DELETE FROM jobs WHERE id = ?").bind(id).execute(&mut *change).await?;
        change.commit().await?;
        Ok(())
    }

    /// Keeps a new run and its tasks, counts it, and forgets the oldest ones that are too many.
    pub(crate) async fn add_run(&self, run: &mut Run, tasks: &[TaskRun], token: Option<&str>) -> database::Result<()> {
        let mut change = self.database.change().await?;
        let number: Option<i64> = sqlx::query_scalar("UPDATE jobs SET runs = runs + 1 WHERE id = ? RETURNING runs")
            .bind(run.job_id)
            .fetch_optional(&mut *change)
            .await?;
        run.number_in_job = number.unwrap_or(run.id);
        sqlx::query("INSERT INTO runs (id, job_id, owner, kind, started_at, ended_at, token, run) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
            .bind(run.id)
            .bind(run.job_id)
            .bind(&run.creator)
            .bind(run.kind.name())
            .bind(run.started_at)
            .bind(run.ended_at)
            .bind(token)
            .bind(serde_json::to_string(run)?)
            .execute(&mut *change)
            .await?;
        for task in tasks {
            add_task(&mut change, task).await?;
        }
        sqlx::query(
            "DELETE FROM runs WHERE ended_at IS NOT NULL AND (started_at < ? OR position <= (SELECT position FROM runs \
             WHERE ended_at IS NOT NULL ORDER BY position DESC LIMIT 1 OFFSET ?))",
        )
        .bind(run.started_at - KEPT_MILLIS)
        .bind(KEPT_RUNS)
        .execute(&mut *change)
        .await?;
        change.commit().await?;
        Ok(())
    }

    pub(crate) async fn save_run(&self, run: &Run) -> database::Result<()> {
        let mut change = self.database.change().await?;
        save_run(&mut change, run).await?;
        change.commit().await?;
        Ok(())
    }

    /// Keeps a run and tasks that it gets anew, together.
    pub(crate) async fn save_run_with(&self, run: &Run, added: &[TaskRun]) -> database::Result<()> {
        let mut change = self.database.change().await?;
        save_run(&mut change, run).await?;
        for task in added {
            add_task(&mut change, task).await?;
        }
        change.commit().await?;
        Ok(())
    }

    pub(crate) async fn add_task(&self, task: &TaskRun) -> database::Result<()> {
        let mut change = self.database.change().await?;
        add_task(&mut change, task).await?;
        change.commit().await?;
        Ok(())
    }

    /// Keeps where a task stands, and what it left once it has ended.
    pub(crate) async fn save_task(&self, task: &TaskRun, output: Option<&Output>) -> database::Result<()> {
        let output = output.map(serde_json::to_string).transpose()?;
        let mut change = self.database.change().await?;
        sqlx::query("UPDATE task_runs SET task_run = ?, output = coalesce(?, output) WHERE id = ?")
            .bind(serde_json::to_string(task)?)
            .bind(output)
            .bind(task.id)
            .execute(&mut *change)
            .await?;
        change.commit().await?;
        Ok(())
    }

    pub(crate) async fn run(&self, id: i64) -> database::Result<Option<Run>> {
        let text: Option<String> = sqlx::query_scalar("SELECT run FROM runs WHERE id = ?")
            .bind(id)
            .fetch_optional(self.database.read())
            .await?;
        Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
    }

    /// The run that was started with a token.
    pub(crate) async fn run_of_token(&self, owner: &str, token: &str) -> database::Result<Option<Run>> {
        let text: Option<String> = sqlx::query_scalar("SELECT run FROM runs WHERE owner = ? AND token = ?")
            .bind(owner)
            .bind(token)
            .fetch_optional(self.database.read())
            .await?;
        Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
    }

    /// A user's runs, newest first; with one more than asked for when there are more.
    pub(crate) async fn runs(&self, owner: &str, filter: &RunFilter, window: Window) -> database::Result<Vec<Run>> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT run FROM runs WHERE owner = ");
        query.push_bind(owner);
        if let Some(job_id) = filter.job_id {
            query.push(" AND job_id = ").push_bind(job_id);
        }
        if let Some(active) = filter.active {
            query.push(if active { " AND ended_at IS NULL" } else { " AND ended_at IS NOT NULL" });
        }
        if let Some(kind) = filter.kind {
            query.push(" AND kind = ").push_bind(kind.name());
        }
        if let Some(from) = filter.started_from {
            query.push(" AND started_at >= ").push_bind(from);
        }
        if let Some(to) = filter.started_to {
            query.push(" AND started_at <= ").push_bind(to);
        }
        query.push(" ORDER BY position DESC LIMIT ").push_bind(window.limit + 1);
        query.push(" OFFSET ").push_bind(window.offset);
        read_all(query.build_query_scalar().fetch_all(self.database.read()).await?)
    }

    /// Every run that goes on, oldest first.
    pub(crate) async fn under_way(&self) -> database::Result<Vec<Run>> {
        let query = sqlx::query_scalar("SELECT run FROM runs WHERE ended_at IS NULL ORDER BY position");
        read_all(query.fetch_all(self.database.read()).await?)
    }

    /// The runs of a job that go on, oldest first.
    pub(crate) async fn under_way_of(&self, job_id: i64) -> database::Result<Vec<Run>> {
        let query = sqlx::query_scalar("SELECT run FROM runs WHERE ended_at IS NULL AND job_id = ? ORDER BY position");
        read_all(query.bind(job_id).fetch_all(self.database.read()).await?)
    }

    /// All attempts at all tasks of a run, oldest first; iterations are left out.
    pub(crate) async fn tasks(&self, run_id: i64) -> database::Result<Vec<TaskRun>> {
        let query =
            sqlx::query_scalar("SELECT task_run FROM task_runs WHERE run_id = ? AND parent IS NULL ORDER BY position");
        read_all(query.bind(run_id).fetch_all(self.database.read()).await?)
    }

    /// All attempts at all iterations of a for-each task.
    pub(crate) async fn iterations(&self, parent: &TaskRun) -> database::Result<Vec<TaskRun>> {
        let query =
            sqlx::query_scalar("SELECT task_run FROM task_runs WHERE run_id = ? AND parent = ? ORDER BY position");
        read_all(query.bind(parent.run_id).bind(parent.id).fetch_all(self.database.read()).await?)
    }

    /// Every attempt at anything of a run.
    pub(crate) async fn everything(&self, run_id: i64) -> database::Result<Vec<TaskRun>> {
        let query = sqlx::query_scalar("SELECT task_run FROM task_runs WHERE run_id = ? ORDER BY position");
        read_all(query.bind(run_id).fetch_all(self.database.read()).await?)
    }

    pub(crate) async fn task(&self, id: i64) -> database::Result<Option<TaskRun>> {
        let text: Option<String> = sqlx::query_scalar("SELECT task_run FROM task_runs WHERE id = ?")
            .bind(id)
            .fetch_optional(self.database.read())
            .await?;
        Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
    }

    /// What a task left; nothing while it goes on.
    pub(crate) async fn output(&self, task_run: i64) -> database::Result<Output> {
        let text: Option<Option<String>> = sqlx::query_scalar("SELECT output FROM task_runs WHERE id = ?")
            .bind(task_run)
            .fetch_optional(self.database.read())
            .await?;
        Ok(text.flatten().map(|text| serde_json::from_str(&text)).transpose()?.unwrap_or_default())
    }

    pub(crate) async fn delete_run(&self, id: i64) -> database::Result<()> {
        let mut change = self.database.change().await?;
        sqlx::query("DELETE FROM runs WHERE id = ?").bind(id).execute(&mut *change).await?;
        change.commit().await?;
        Ok(())
    }
}

async fn save_run(change: &mut SqliteConnection, run: &Run) -> database::Result<()> {
    sqlx::query("UPDATE runs SET ended_at = ?, run = ? WHERE id = ?")
        .bind(run.ended_at)
        .bind(serde_json::to_string(run)?)
        .bind(run.id)
        .execute(change)
        .await?;
    Ok(())
}

async fn add_task(change: &mut SqliteConnection, task: &TaskRun) -> database::Result<()> {
    sqlx::query("INSERT INTO task_runs (id, run_id, parent, task_run) VALUES (?, ?, ?, ?)")
        .bind(task.id)
        .bind(task.run_id)
        .bind(task.parent)
        .bind(serde_json::to_string(task)?)
        .execute(change)
        .await?;
    Ok(())
}

fn read_all<T: serde::de::DeserializeOwned>(texts: Vec<String>) -> database::Result<Vec<T>> {
    texts.iter().map(|text| Ok(serde_json::from_str(text)?)).collect()
}
