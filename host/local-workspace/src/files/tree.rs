//! A tree of objects in the database. It knows paths, kinds and contents' names; who may do what, and how what cannot be
//! is told, are its callers'.

use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection, Transaction, sqlite::SqliteRow};

use super::{
    model::{Object, Type},
    path::ObjectPath,
};
use crate::database::{self, Database};
use crate::notebook::Language;

/// Objects that one deletion takes; more are deleted in parts. Protects the other changes, which wait.
const MAX_DELETED: usize = 100_000;

/// One of the trees; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    database: Database,
    /// Its name in the database.
    name: &'static str,
}

/// Why a change cannot be.
#[derive(Debug, thiserror::Error)]
pub(super) enum TreeError {
    #[error(transparent)]
    Database(#[from] database::Error),
    #[error("{0} is not there")]
    Missing(ObjectPath),
    #[error("the folder {0} is not there")]
    ParentMissing(ObjectPath),
    /// Something that is no folder stands where a folder has to be.
    #[error("{0} is no folder")]
    NotFolder(ObjectPath),
    #[error("{} is there already", .0.path)]
    Exists(Box<Object>),
    #[error("{0} is not empty")]
    NotEmpty(ObjectPath),
    #[error("{0} has more than {MAX_DELETED} objects in it")]
    TooMany(ObjectPath),
}

impl From<sqlx::Error> for TreeError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

type Result<T> = std::result::Result<T, TreeError>;

/// What becomes of an object's place.
#[derive(Debug)]
pub(super) struct Put<'a> {
    pub(super) path: &'a ObjectPath,
    pub(super) kind: Type,
    pub(super) user: &'a str,
    /// The content's name and size; folders have none.
    pub(super) content: Option<(&'a str, u64)>,
    /// Whether what is there already may be replaced.
    pub(super) overwrite: bool,
}

/// What a change took away: contents that no row names any more.
pub(super) type Dropped = Vec<String>;

impl Tree {
    pub(super) fn new(database: Database, name: &'static str) -> Self {
        Self { database, name }
    }

    pub(super) async fn get(&self, path: &ObjectPath) -> Result<Option<Object>> {
        let found = sqlx::query("SELECT * FROM file_objects WHERE tree = ? AND path = ?");
        let found = found.bind(self.name).bind(path.as_str()).fetch_optional(self.database.read()).await?;
        Ok(found.map(|row| object(&row)).transpose()?)
    }

    pub(super) async fn with_id(&self, id: i64) -> Result<Option<Object>> {
        let found = sqlx::query("SELECT * FROM file_objects WHERE tree = ? AND id = ?");
        let found = found.bind(self.name).bind(id).fetch_optional(self.database.read()).await?;
        Ok(found.map(|row| object(&row)).transpose()?)
    }

    /// The ids of what stands at these paths.
    pub(super) async fn ids(&self, paths: &[ObjectPath]) -> Result<Vec<i64>> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT id FROM file_objects WHERE tree = ");
        query.push_bind(self.name).push(" AND path IN (");
        let mut list = query.separated(", ");
        for path in paths {
            list.push_bind(path.as_str());
        }
        query.push(")");
        Ok(query.build_query_scalar().fetch_all(self.database.read()).await?)
    }

    /// What is in a folder, in the order of names.
    pub(super) async fn list(&self, folder: &ObjectPath) -> Result<Vec<Object>> {
        let rows =
            sqlx::query("SELECT * FROM file_objects WHERE tree = ? AND parent = ? AND path <> '/' ORDER BY path");
        let rows = rows.bind(self.name).bind(folder.as_str()).fetch_all(self.database.read()).await?;
        Ok(rows.iter().map(object).collect::<sqlx::Result<_>>()?)
    }

    /// Makes a folder and those above it; what is there stays.
    pub(super) async fn make_folders(&self, path: &ObjectPath, user: &str) -> Result<()> {
        let mut change = self.database.change().await?;
        self.folders(&mut change, path, user).await?;
        Ok(change.commit().await?)
    }

    /// Puts a file or notebook into its folder, which has to be there unless `make_parents`. Replacing needs `overwrite`
    /// and the same kind.
    pub(super) async fn put(&self, put: &Put<'_>, make_parents: bool) -> Result<(Object, Dropped)> {
        let mut change = self.database.change().await?;
        let parent = put.path.parent();
        if make_parents {
            self.folders(&mut change, &parent, put.user).await?;
        }
        match self.find(&mut change, &parent).await? {
            None => return Err(TreeError::ParentMissing(parent)),
            Some(found) if !found.is_folder() => return Err(TreeError::NotFolder(parent)),
            Some(_) => {}
        }
        let mut dropped = Dropped::new();
        if let Some(found) = self.find(&mut change, put.path).await? {
            if !put.overwrite || found.kind.kind() != put.kind.kind() {
                return Err(TreeError::Exists(Box::new(found)));
            }
            dropped.extend(found.content);
        }
        let object = self.write(&mut change, put).await?;
        change.commit().await?;
        Ok((object, dropped))
    }

    /// Takes an object away, and all that is in it when that is said.
    pub(super) async fn delete(&self, path: &ObjectPath, recursive: bool) -> Result<Dropped> {
        let mut change = self.database.change().await?;
        let found = self.find(&mut change, path).await?.ok_or_else(|| TreeError::Missing(path.clone()))?;
        let inside: Vec<Option<String>> = sqlx::query_scalar(
            "SELECT content FROM file_objects WHERE tree = ?1 AND path > ?2 || '/' AND path < ?2 || '0' LIMIT ?3",
        )
        .bind(self.name)
        .bind(prefix(path))
        .bind(MAX_DELETED as i64 + 1)
        .fetch_all(&mut *change)
        .await?;
        if !inside.is_empty() && !recursive {
            return Err(TreeError::NotEmpty(path.clone()));
        }
        if inside.len() > MAX_DELETED {
            return Err(TreeError::TooMany(path.clone()));
        }
        sqlx::query(
            "DELETE FROM file_objects WHERE tree = ?1 AND (path = ?3 OR (path > ?2 || '/' AND path < ?2 || '0'))",
        )
        .bind(self.name)
        .bind(prefix(path))
        .bind(path.as_str())
        .execute(&mut *change)
        .await?;
        change.commit().await?;
        Ok(inside.into_iter().flatten().chain(found.content).collect())
    }

    /// Moves an object with all that is in it to a place where nothing is.
    pub(super) async fn rename(&self, from: &ObjectPath, to: &ObjectPath, user: &str) -> Result<()> {
        let mut change = self.database.change().await?;
        self.find(&mut change, from).await?.ok_or_else(|| TreeError::Missing(from.clone()))?;
        if let Some(found) = self.find(&mut change, to).await? {
            return Err(TreeError::Exists(Box::new(found)));
        }
        self.folders(&mut change, &to.parent(), user).await?;
        sqlx::query(
            "UPDATE file_objects SET path = ?3 || substr(path, length(?2) + 1),
               parent = CASE path WHEN ?2 THEN ?4 ELSE ?3 || substr(parent, length(?2) + 1) END
             WHERE tree = ?1 AND (path = ?2 OR (path > ?2 || '/' AND path < ?2 || '0'))",
        )
        .bind(self.name)
        .bind(from.as_str())
        .bind(to.as_str())
        .bind(to.parent().as_str())
        .execute(&mut *change)
        .await?;
        Ok(change.commit().await?)
    }

    /// The names of all contents.
    pub(super) async fn contents(&self) -> Result<Vec<String>> {
        let names = sqlx::query_scalar("SELECT content FROM file_objects WHERE tree = ? AND content IS NOT NULL");
        Ok(names.bind(self.name).fetch_all(self.database.read()).await?)
    }

    async fn folders(&self, change: &mut Transaction<'_, Sqlite>, path: &ObjectPath, user: &str) -> Result<()> {
        let root = ObjectPath::parse("/").ok();
        for folder in root.into_iter().chain(path.ancestry()) {
            match self.find(change, &folder).await? {
                Some(found) if !found.is_folder() => return Err(TreeError::NotFolder(folder)),
                Some(_) => {}
                None => {
                    let put = Put { path: &folder, kind: Type::Directory, user, content: None, overwrite: false };
                    self.write(change, &put).await?;
                }
            }
        }
        Ok(())
    }

    async fn find(&self, change: &mut SqliteConnection, path: &ObjectPath) -> Result<Option<Object>> {
        let found = sqlx::query("SELECT * FROM file_objects WHERE tree = ? AND path = ?");
        let found = found.bind(self.name).bind(path.as_str()).fetch_optional(change).await?;
        Ok(found.map(|row| object(&row)).transpose()?)
    }

    async fn write(&self, change: &mut SqliteConnection, put: &Put<'_>) -> Result<Object> {
        let now = crate::clock::now().timestamp_millis();
        let (content, size) = put.content.unzip();
        let row = sqlx::query(
            "INSERT INTO file_objects
               (tree, path, parent, kind, language, format, content, size, created_by, created_at, modified_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10)
             ON CONFLICT DO UPDATE SET language = excluded.language, format = excluded.format,
               content = excluded.content, size = excluded.size, modified_at = excluded.modified_at
             RETURNING *",
        )
        .bind(self.name)
        .bind(put.path.as_str())
        .bind(put.path.parent().as_str())
        .bind(put.kind.kind().as_str())
        .bind(put.kind.language().map(Language::name))
        .bind(put.kind.format().map(super::model::Format::as_str))
        .bind(content)
        .bind(i64::try_from(size.unwrap_or_default()).unwrap_or(i64::MAX))
        .bind(put.user)
        .bind(now)
        .fetch_one(change)
        .await?;
        Ok(object(&row)?)
    }
}

/// What the paths inside a folder begin with, up to the slash. `0` follows `/`, so one range of the index holds them.
fn prefix(folder: &ObjectPath) -> &str {
    if folder.is_root() { "" } else { folder.as_str() }
}

fn object(row: &SqliteRow) -> sqlx::Result<Object> {
    let (language, format): (Option<String>, Option<String>) = (row.try_get("language")?, row.try_get("format")?);
    Ok(Object {
        id: row.try_get("id")?,
        path: ObjectPath::stored(row.try_get("path")?),
        kind: Type::stored(row.try_get("kind")?, language.as_deref(), format.as_deref()),
        content: row.try_get("content")?,
        size: u64::try_from(row.try_get::<i64, _>("size")?).unwrap_or_default(),
        created_at: row.try_get("created_at")?,
        modified_at: row.try_get("modified_at")?,
    })
}
