//! Tags of catalogs, schemas, tables, volumes and columns in the database.

use super::{names::Securable, store::Catalog};
use crate::database::Result;

/// Tags of one object at most, and characters of a key and of a value: the service's own bounds.
pub(crate) const MAX_TAGS: usize = 50;
const MAX_KEY_CHARS: usize = 255;
const MAX_VALUE_CHARS: usize = 1_000;

/// Whether this can be a tag.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub(crate) fn check_tag(key: &str, value: &str) -> std::result::Result<(), String> {
    let is_key = !key.is_empty() && key.chars().count() <= MAX_KEY_CHARS && key.trim() == key;
    if !is_key || key.contains(['.', ',', '-', '=', '/', ':']) {
        return Err(format!("'{key}' is not a valid tag key."));
    }
    if value.chars().count() > MAX_VALUE_CHARS {
        return Err(format!("A tag's value has at most {MAX_VALUE_CHARS} characters."));
    }
    Ok(())
}

/// What a tag is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tagged {
    pub(crate) on: Securable,
    /// A column of the table, in lower case.
    pub(crate) column: Option<String>,
}

impl Catalog {
    /// The tags of one object or column with their values, in the order of keys.
    pub(crate) async fn tags(&self, of: &Tagged) -> Result<Vec<(String, String)>> {
        let rows = sqlx::query_as(
            "SELECT key, value FROM tags WHERE kind = ? AND full_name = ? AND column_name = ? ORDER BY key",
        );
        let rows = rows.bind(of.on.kind()).bind(of.on.full_name()).bind(of.column.clone().unwrap_or_default());
        Ok(rows.fetch_all(self.database.read()).await?)
    }

    /// All tags of objects of a kind and of their columns: the object's full name, the column's or nothing, key, value.
    pub(crate) async fn tags_of_kind(&self, kind: &str) -> Result<Vec<(String, String, String, String)>> {
        let rows = sqlx::query_as(
            "SELECT full_name, column_name, key, value FROM tags WHERE kind = ? ORDER BY full_name, column_name, key",
        );
        Ok(rows.bind(kind).fetch_all(self.database.read()).await?)
    }

    /// Sets tags; one that is there gets the new value.
    pub(crate) async fn set_tags(&self, on: &Tagged, tags: &[(String, String)]) -> Result<()> {
        let mut change = self.database.change().await?;
        for (key, value) in tags {
            let put = sqlx::query(
                "INSERT INTO tags (kind, full_name, column_name, key, value) VALUES (?, ?, ?, ?, ?)
                 ON CONFLICT DO UPDATE SET value = excluded.value",
            );
            let put = put.bind(on.on.kind()).bind(on.on.full_name()).bind(on.column.clone().unwrap_or_default());
            put.bind(key).bind(value).execute(&mut *change).await?;
        }
        Ok(change.commit().await?)
    }

    /// Takes a tag away; whether it was there.
    pub(crate) async fn unset_tag(&self, on: &Tagged, key: &str) -> Result<bool> {
        let mut change = self.database.change().await?;
        let gone = sqlx::query("DELETE FROM tags WHERE kind = ? AND full_name = ? AND column_name = ? AND key = ?");
        let gone = gone.bind(on.on.kind()).bind(on.on.full_name()).bind(on.column.clone().unwrap_or_default());
        let gone = gone.bind(key).execute(&mut *change).await?.rows_affected();
        change.commit().await?;
        Ok(gone > 0)
    }
}
