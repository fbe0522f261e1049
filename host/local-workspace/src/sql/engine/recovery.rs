//! What a killed process left half done, decided at the start.

use super::{database::Database, marks, objects::Objects};
use crate::{
    catalog::names::{SchemaName, TableName},
    sql::language::{
        error::SqlError,
        names::{INTERNAL_SCHEMA, READ_ONLY_CATALOGS, catalog_alias, literal},
    },
};

/// Removes the files of catalogs that were dropped.
pub(super) fn remove_dropped(database: &Database, objects: &Objects) -> Result<(), SqlError> {
    for catalog in objects.ask(|catalog| catalog.dropped_catalogs())? {
        database.remove_file(&catalog)?;
        objects.ask(|known| known.file_removed(&catalog))?;
    }
    Ok(())
}

/// Carries out the changes that the engine committed, forgets the others, makes schemas that a file lacks, and gives
/// tables without an entry one.
pub(super) fn recover(database: &Database, objects: &Objects) -> Result<(), SqlError> {
    for catalog in objects.ask(|catalog| catalog.catalog_names())? {
        if READ_ONLY_CATALOGS.contains(&catalog.as_str()) {
            continue;
        }
        for change in objects.ask(|known| known.pending(&catalog))? {
            let committed = database.look(|connection| marks::is_marked(connection, &catalog, change))?;
            tracing::info!(catalog, change, committed, "a change was cut short by the end of the process");
            if committed {
                objects.ask(|known| known.carry_out(change))?;
            } else {
                objects.ask(|known| known.forget(change))?;
            }
        }
        if let Err(e) = database.look(|connection| marks::clear(connection, &catalog)) {
            tracing::warn!(catalog, "old marks cannot be removed: {e}");
        }
        for (schema, _) in objects.ask(|known| known.schemas(&catalog))? {
            let name = SchemaName { catalog: catalog.clone(), schema };
            let make = format!("CREATE SCHEMA IF NOT EXISTS {}", name.physical());
            database.look(|connection| connection.execute_batch(&make))?;
        }
        let tables = tables(database, &catalog)?;
        objects.ask(|known| known.reconcile(&catalog, &tables))?;
    }
    Ok(())
}

/// The tables and views that a catalog's file has.
fn tables(database: &Database, catalog: &str) -> Result<Vec<TableName>, SqlError> {
    let of_catalog = format!(
        "database_name = {} AND NOT internal AND schema_name <> {}",
        literal(&catalog_alias(catalog)),
        literal(INTERNAL_SCHEMA)
    );
    let sql = format!(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE {of_catalog} UNION ALL
         SELECT schema_name, view_name FROM duckdb_views() WHERE {of_catalog}"
    );
    database.look(|connection| {
        let mut statement = connection.prepare(&sql)?;
        let names = statement.query_map([], |row| {
            let (schema, table): (String, String) = (row.get(0)?, row.get(1)?);
            Ok(TableName { catalog: catalog.to_owned(), schema, table: table.to_lowercase() })
        })?;
        names.collect()
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tokio::runtime::Handle;

    use crate::{
        catalog::{Catalog, Change, TableInfo, names::TableName},
        sql::engine::{Engine, EngineConfig, marks},
    };

    async fn open(folder: &Path) -> (Engine, Catalog) {
        let database = crate::database::Database::open(folder).await.unwrap();
        let catalog = Catalog::open(database).await.unwrap();
        let config = EngineConfig { catalogs: folder.join("catalogs"), memory_mib: 256, threads: 1 };
        let volumes = crate::files::volumes::Volumes::open(catalog.clone(), folder).await.unwrap();
        let (known, runtime) = (catalog.clone(), Handle::current());
        let engine = tokio::task::spawn_blocking(move || Engine::open(&config, known, volumes, runtime).unwrap());
        (engine.await.unwrap(), catalog)
    }

    fn name(table: &str) -> TableName {
        TableName { catalog: "main".to_owned(), schema: "default".to_owned(), table: table.to_owned() }
    }

    /// The process ends between the engine's commit and the catalog's, and before both.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_change_cut_short_happened_when_its_mark_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let (engine, catalog) = open(folder.path()).await;
        let put = |table: &str, comment: &str| {
            let info = TableInfo { comment: Some(comment.to_owned()), ..TableInfo::new("ann") };
            Change::PutTable { name: name(table), info: Box::new(info), entry: None }
        };
        let made = catalog.intend(&put("made", "kept")).await.unwrap();
        let lost = catalog.intend(&put("lost", "lost")).await.unwrap();
        assert!(made < lost);
        let commit = format!(
            "BEGIN; CREATE TABLE {} (i INTEGER); {}; COMMIT",
            name("made").physical(),
            marks::mark("main", made)
        );
        let engine = tokio::task::spawn_blocking(move || {
            engine.database.look(|connection| connection.execute_batch(&commit)).unwrap();
            engine
        });
        drop((engine.await.unwrap(), catalog));

        let (engine, catalog) = open(folder.path()).await;
        let info = catalog.table(&name("made")).await.unwrap().unwrap();
        assert_eq!(info.comment.as_deref(), Some("kept"));
        assert!(catalog.table(&name("lost")).await.unwrap().is_none());
        assert!(catalog.pending("main").await.unwrap().is_empty());
        let left = tokio::task::spawn_blocking(move || {
            assert!(engine.table(&name("made")).is_ok());
            engine.database.look(|connection| marks::is_marked(connection, "main", made)).unwrap()
        });
        assert!(!left.await.unwrap(), "the mark has done its work");
    }

    /// The process ends after a catalog is gone and before its file is.
    #[tokio::test(flavor = "multi_thread")]
    async fn the_file_of_a_dropped_catalog_goes_at_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let (engine, catalog) = open(folder.path()).await;
        let info = crate::catalog::CatalogInfo::new("ann", None);
        catalog.create_catalog("lab", &info).await.unwrap();
        drop(engine);
        let (engine, catalog) = open(folder.path()).await;
        let file = folder.path().join("catalogs/lab.duckdb");
        assert!(file.exists());
        catalog.drop_catalog("lab").await.unwrap();
        drop(engine);
        let (_engine, catalog) = open(folder.path()).await;
        assert!(!file.exists());
        assert!(catalog.dropped_catalogs().await.unwrap().is_empty());
    }
}
