//! Objects of the metastore that are in no catalog: storage credentials, external locations, connections, shares,
//! recipients, providers. What each kind says of itself is its REST interface's; the database keeps it as one document,
//! with what is secret apart from it.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use uuid::Uuid;

use super::{
    model::Audit,
    names::ObjectKind,
    rows::{document, named},
    store::Catalog,
};
use crate::database::Result;

/// An object as it is stored, with what its kind says. Fields may be added (with a default), never renamed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ObjectInfo<T> {
    pub(crate) id: Uuid,
    pub(crate) audit: Audit,
    #[serde(default)]
    pub(crate) comment: Option<String>,
    pub(crate) fields: T,
}

/// What became of a change of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edited {
    Done,
    Missing,
    /// Another object has the new name.
    Taken,
}

impl<T> ObjectInfo<T> {
    pub(crate) fn new(user: &str, comment: Option<String>, fields: T) -> Self {
        Self { id: Uuid::new_v4(), audit: Audit::new(user), comment, fields }
    }
}

impl Catalog {
    /// All objects of a kind, in the order of names.
    pub(crate) async fn objects<T: DeserializeOwned>(&self, kind: ObjectKind) -> Result<Vec<(String, ObjectInfo<T>)>> {
        let rows = sqlx::query_as("SELECT name, info FROM metastore_objects WHERE kind = ? ORDER BY name");
        named(rows.bind(kind.name()).fetch_all(self.database.read()).await?)
    }

    pub(crate) async fn object<T: DeserializeOwned>(
        &self,
        kind: ObjectKind,
        name: &str,
    ) -> Result<Option<ObjectInfo<T>>> {
        let found = sqlx::query_scalar("SELECT info FROM metastore_objects WHERE kind = ? AND name = ?");
        document(found.bind(kind.name()).bind(name).fetch_optional(self.database.read()).await?)
    }

    /// Adds an object; whether there was none of that name.
    pub(crate) async fn create_object<T: Serialize + Sync>(
        &self,
        kind: ObjectKind,
        name: &str,
        info: &ObjectInfo<T>,
        secret: Option<&Value>,
    ) -> Result<bool> {
        let mut change = self.database.change().await?;
        let put = sqlx::query(
            "INSERT INTO metastore_objects (kind, name, info, secret) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        );
        let put =
            put.bind(kind.name()).bind(name).bind(serde_json::to_string(info)?).bind(secret.map(Value::to_string));
        let made = put.execute(&mut *change).await?.rows_affected();
        change.commit().await?;
        Ok(made > 0)
    }

    /// Changes an object, its name too; a secret that is not given stays. Grants go along with the name.
    pub(crate) async fn put_object<T: Serialize + Sync>(
        &self,
        kind: ObjectKind,
        name: &str,
        new_name: &str,
        info: &ObjectInfo<T>,
        secret: Option<&Value>,
    ) -> Result<Edited> {
        let mut change = self.database.change().await?;
        let put = sqlx::query(
            "UPDATE OR IGNORE metastore_objects SET name = ?3, info = ?4, secret = coalesce(?5, secret)
             WHERE kind = ?1 AND name = ?2",
        );
        let put = put.bind(kind.name()).bind(name).bind(new_name);
        let put = put.bind(serde_json::to_string(info)?).bind(secret.map(Value::to_string));
        if put.execute(&mut *change).await?.rows_affected() == 0 {
            let known = sqlx::query_scalar::<_, i64>("SELECT 1 FROM metastore_objects WHERE kind = ? AND name = ?");
            let known = known.bind(kind.name()).bind(name).fetch_optional(&mut *change).await?;
            return Ok(if known.is_some() { Edited::Taken } else { Edited::Missing });
        }
        sqlx::query("UPDATE OR REPLACE grants SET full_name = ?3 WHERE kind = ?1 AND full_name = ?2")
            .bind(kind.name())
            .bind(name)
            .bind(new_name)
            .execute(&mut *change)
            .await?;
        change.commit().await?;
        Ok(Edited::Done)
    }

    /// Takes an object with its grants away; whether there was one.
    pub(crate) async fn drop_object(&self, kind: ObjectKind, name: &str) -> Result<bool> {
        let mut change = self.database.change().await?;
        let gone = sqlx::query("DELETE FROM metastore_objects WHERE kind = ? AND name = ?");
        let gone = gone.bind(kind.name()).bind(name).execute(&mut *change).await?.rows_affected();
        let grants = sqlx::query("DELETE FROM grants WHERE kind = ? AND full_name = ?");
        grants.bind(kind.name()).bind(name).execute(&mut *change).await?;
        change.commit().await?;
        Ok(gone > 0)
    }
}
