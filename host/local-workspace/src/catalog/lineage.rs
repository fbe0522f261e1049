//! Lineage: which tables, views and files a table was made of, as the statements that wrote it read them.
//!
//! The rows hang on those of the tables and volumes: what is dropped takes its lineage along, what is renamed keeps it.

use sqlx::SqliteConnection;

use super::{
    names::{Securable, TableName},
    store::Catalog,
};
use crate::{clock, database::Result};

/// Neighbours of one table that are kept in each direction, and of files; those that were told of longest ago go first.
const EDGES_PER_TABLE: i64 = 1_000;

/// What a statement read.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct MadeOf {
    /// Tables and views.
    pub(crate) tables: Vec<TableName>,
    /// Volumes, with the path in each.
    pub(crate) files: Vec<(TableName, String)>,
}

/// What a table was made of, or what was made of it.
#[derive(Debug, Clone)]
pub(crate) struct Neighbour {
    pub(crate) on: Securable,
    pub(crate) owner: String,
    /// Where the files are in their volume; none for tables.
    pub(crate) path: Option<String>,
    /// When this was last so, in milliseconds since the epoch.
    pub(crate) at: i64,
}

/// A neighbour's name, owner and time, and whether it is a view.
type TableRow = (String, String, String, String, i64, bool);

impl Catalog {
    /// Notes what a table was made of, now. What the catalog does not know by now is left out, as is a table itself.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub(crate) async fn record_lineage(&self, made: &TableName, of: &MadeOf) -> Result<()> {
        let at = clock::now().timestamp_millis();
        let mut change = self.database.change().await?;
        for source in of.tables.iter().filter(|source| *source != made) {
            put_table(&mut change, made, source, at).await?;
        }
        for (volume, path) in &of.files {
            put_file(&mut change, made, volume, path, at).await?;
        }
        forget_oldest(&mut change, made, &of.tables).await?;
        Ok(change.commit().await?)
    }

    /// Notes of a table all that another one was made of: the other one only held its rows for a while.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub(crate) async fn inherit_lineage(&self, made: &TableName, of: &TableName) -> Result<()> {
        const INHERIT: [&str; 2] = [
            "INSERT INTO table_lineage
             SELECT ?1, ?2, ?3, source_catalog, source_schema, source_name, at FROM table_lineage
             WHERE catalog = ?4 AND schema = ?5 AND name = ?6
             AND (source_catalog, source_schema, source_name) <> (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET at = max(at, excluded.at)",
            "INSERT INTO file_lineage
             SELECT ?1, ?2, ?3, volume_catalog, volume_schema, volume_name, path, at FROM file_lineage
             WHERE catalog = ?4 AND schema = ?5 AND name = ?6
             ON CONFLICT DO UPDATE SET at = max(at, excluded.at)",
        ];
        let sources = self.upstreams(of).await?.into_iter().filter_map(|neighbour| match neighbour.on {
            Securable::Table(name) | Securable::View(name) => Some(name),
            _ => None,
        });
        let sources: Vec<_> = sources.collect();
        let mut change = self.database.change().await?;
        for inherit in INHERIT {
            let inherit = sqlx::query(inherit).bind(&made.catalog).bind(&made.schema).bind(&made.table);
            inherit.bind(&of.catalog).bind(&of.schema).bind(&of.table).execute(&mut *change).await?;
        }
        forget_oldest(&mut change, made, &sources).await?;
        Ok(change.commit().await?)
    }

    /// What a table was made of, newest first.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub(crate) async fn upstreams(&self, name: &TableName) -> Result<Vec<Neighbour>> {
        const TABLES: &str = "SELECT t.catalog, t.schema, t.name, json_extract(t.info, '$.audit.owner'), l.at,
             json_extract(t.info, '$.view_definition') IS NOT NULL
             FROM table_lineage l JOIN tables t
             ON (t.catalog, t.schema, t.name) = (l.source_catalog, l.source_schema, l.source_name)
             WHERE l.catalog = ? AND l.schema = ? AND l.name = ?";
        const FILES: &str = "SELECT v.catalog, v.schema, v.name, json_extract(v.info, '$.audit.owner'), l.at, l.path
             FROM file_lineage l JOIN volumes v
             ON (v.catalog, v.schema, v.name) = (l.volume_catalog, l.volume_schema, l.volume_name)
             WHERE l.catalog = ? AND l.schema = ? AND l.name = ?";
        let mut found = self.tables_beside(TABLES, name).await?;
        let files = sqlx::query_as(FILES).bind(&name.catalog).bind(&name.schema).bind(&name.table);
        let files: Vec<(String, String, String, String, i64, String)> = files.fetch_all(self.database.read()).await?;
        found.extend(files.into_iter().map(|(catalog, schema, table, owner, at, path)| Neighbour {
            on: Securable::Volume(TableName { catalog, schema, table }),
            owner,
            path: Some(path),
            at,
        }));
        found.sort_by_key(|neighbour| std::cmp::Reverse(neighbour.at));
        Ok(found)
    }

    /// What was made of a table, newest first.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub(crate) async fn downstreams(&self, name: &TableName) -> Result<Vec<Neighbour>> {
        const TABLES: &str = "SELECT t.catalog, t.schema, t.name, json_extract(t.info, '$.audit.owner'), l.at,
             json_extract(t.info, '$.view_definition') IS NOT NULL
             FROM table_lineage l JOIN tables t ON (t.catalog, t.schema, t.name) = (l.catalog, l.schema, l.name)
             WHERE l.source_catalog = ? AND l.source_schema = ? AND l.source_name = ? ORDER BY l.at DESC";
        self.tables_beside(TABLES, name).await
    }

    async fn tables_beside(&self, select: &'static str, name: &TableName) -> Result<Vec<Neighbour>> {
        let rows = sqlx::query_as(select).bind(&name.catalog).bind(&name.schema).bind(&name.table);
        let rows: Vec<TableRow> = rows.fetch_all(self.database.read()).await?;
        let neighbour = |(catalog, schema, table, owner, at, is_view)| {
            let name = TableName { catalog, schema, table };
            let on = if is_view { Securable::View(name) } else { Securable::Table(name) };
            Neighbour { on, owner, path: None, at }
        };
        Ok(rows.into_iter().map(neighbour).collect())
    }
}

async fn put_table(change: &mut SqliteConnection, made: &TableName, source: &TableName, at: i64) -> Result<()> {
    sqlx::query(
        "INSERT INTO table_lineage SELECT t.catalog, t.schema, t.name, s.catalog, s.schema, s.name, ?7
         FROM tables t JOIN tables s ON s.catalog = ?4 AND s.schema = ?5 AND s.name = ?6
         WHERE t.catalog = ?1 AND t.schema = ?2 AND t.name = ?3
         ON CONFLICT DO UPDATE SET at = excluded.at",
    )
    .bind(&made.catalog)
    .bind(&made.schema)
    .bind(&made.table)
    .bind(&source.catalog)
    .bind(&source.schema)
    .bind(&source.table)
    .bind(at)
    .execute(change)
    .await?;
    Ok(())
}

async fn put_file(
    change: &mut SqliteConnection,
    made: &TableName,
    volume: &TableName,
    path: &str,
    at: i64,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO file_lineage SELECT t.catalog, t.schema, t.name, v.catalog, v.schema, v.name, ?7, ?8
         FROM tables t JOIN volumes v ON v.catalog = ?4 AND v.schema = ?5 AND v.name = ?6
         WHERE t.catalog = ?1 AND t.schema = ?2 AND t.name = ?3
         ON CONFLICT DO UPDATE SET at = excluded.at",
    )
    .bind(&made.catalog)
    .bind(&made.schema)
    .bind(&made.table)
    .bind(&volume.catalog)
    .bind(&volume.schema)
    .bind(&volume.table)
    .bind(path)
    .bind(at)
    .execute(change)
    .await?;
    Ok(())
}

/// Keeps to the bound: of what a table was made of, and of what was made of each of these.
async fn forget_oldest(change: &mut SqliteConnection, made: &TableName, sources: &[TableName]) -> Result<()> {
    const SOURCES: &str = "DELETE FROM table_lineage WHERE catalog = ?1 AND schema = ?2 AND name = ?3
         AND (source_catalog, source_schema, source_name) IN (
           SELECT source_catalog, source_schema, source_name FROM table_lineage
           WHERE catalog = ?1 AND schema = ?2 AND name = ?3 ORDER BY at DESC LIMIT -1 OFFSET ?4)";
    const FILES: &str = "DELETE FROM file_lineage WHERE catalog = ?1 AND schema = ?2 AND name = ?3
         AND (volume_catalog, volume_schema, volume_name, path) IN (
           SELECT volume_catalog, volume_schema, volume_name, path FROM file_lineage
           WHERE catalog = ?1 AND schema = ?2 AND name = ?3 ORDER BY at DESC LIMIT -1 OFFSET ?4)";
    const MADE: &str = "DELETE FROM table_lineage
         WHERE source_catalog = ?1 AND source_schema = ?2 AND source_name = ?3
         AND (catalog, schema, name) IN (
           SELECT catalog, schema, name FROM table_lineage
           WHERE source_catalog = ?1 AND source_schema = ?2 AND source_name = ?3 ORDER BY at DESC LIMIT -1 OFFSET ?4)";
    let of_sources = sources.iter().map(|source| (MADE, source));
    for (forget, name) in [(SOURCES, made), (FILES, made)].into_iter().chain(of_sources) {
        let forget = sqlx::query(forget).bind(&name.catalog).bind(&name.schema).bind(&name.table);
        forget.bind(EDGES_PER_TABLE).execute(&mut *change).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(table: &str) -> TableName {
        TableName { catalog: "main".to_owned(), schema: "default".to_owned(), table: table.to_owned() }
    }

    #[tokio::test]
    async fn the_oldest_neighbours_go_first() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog::open(crate::database::Database::open(folder.path()).await.unwrap()).await.unwrap();
        let most = usize::try_from(EDGES_PER_TABLE).unwrap();
        let many: Vec<_> = (0..=most).map(|n| name(&format!("t{n}"))).collect();
        for table in many.iter().chain([&name("hub"), &name("made")]) {
            catalog.edit_table(table, "ann", |_| {}).await.unwrap();
        }
        let of = |tables: &[TableName]| MadeOf { tables: tables.to_vec(), files: Vec::new() };
        // Itself and what is not there are no neighbours.
        catalog.record_lineage(&name("hub"), &of(&[name("hub"), name("nosuch")])).await.unwrap();
        assert_eq!(catalog.upstreams(&name("hub")).await.unwrap().len(), 0);

        let (first, rest) = many.split_first().unwrap();
        catalog.record_lineage(&name("hub"), &of(std::slice::from_ref(first))).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        catalog.record_lineage(&name("hub"), &of(rest)).await.unwrap();
        let kept = catalog.upstreams(&name("hub")).await.unwrap();
        assert_eq!((kept.len(), kept.iter().any(|kept| kept.on.full_name() == first.full_name())), (most, false));
        catalog.inherit_lineage(&name("made"), &name("hub")).await.unwrap();
        assert_eq!(catalog.upstreams(&name("made")).await.unwrap().len(), most);

        for table in &many {
            catalog.record_lineage(table, &of(&[name("hub")])).await.unwrap();
        }
        assert_eq!(catalog.downstreams(&name("hub")).await.unwrap().len(), most);
    }
}
