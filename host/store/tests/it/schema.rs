//! Both sets of migrations have the same names and make the same tables, columns and indexes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bricklayer_store::StoreUrl;
use sqlx::{Connection as _, PgConnection, Row as _, SqliteConnection};

use crate::harness::World;

/// Table and column to type and whether it may be null.
type Columns = BTreeMap<(String, String), (String, bool)>;

#[test]
fn migrations_have_the_same_names() {
    let names = |engine: &str| -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(engine);
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert_eq!(names("sqlite"), names("postgres"));
    assert!(names("sqlite").len() >= 7);
}

#[tokio::test]
async fn both_engines_have_the_same_tables() {
    let (sqlite_columns, sqlite_indexes) = sqlite().await;
    let (postgres_columns, postgres_indexes) = postgres().await;
    let shape = |columns: &Columns| -> Vec<(String, String, bool)> {
        columns.iter().map(|((table, column), (_, null))| (table.clone(), column.clone(), *null)).collect()
    };
    assert_eq!(shape(&sqlite_columns), shape(&postgres_columns));
    assert_eq!(sqlite_indexes, postgres_indexes);
    for (place, (sqlite, _)) in &sqlite_columns {
        let postgres = &postgres_columns[place].0;
        let fits = match sqlite.as_str() {
            "BLOB" => ["uuid", "bytea"].contains(&postgres.as_str()),
            "TEXT" => ["text", "timestamp with time zone"].contains(&postgres.as_str()),
            "INTEGER" => ["bigint", "boolean"].contains(&postgres.as_str()),
            _ => false,
        };
        assert!(fits, "{place:?} is {sqlite} and {postgres}");
    }
}

async fn sqlite() -> (Columns, BTreeSet<String>) {
    let world = World::sqlite();
    world.store().await.close().await;
    let StoreUrl::Sqlite(path) = &world.url else { panic!("{:?}", world.url) };
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    let rows = sqlx::query(
        "select m.name as table_name, c.name as column_name, c.type as type, c.\"notnull\" = 0 as nullable
        from sqlite_schema m, pragma_table_info(m.name) c
        where m.type = 'table' and m.name not like '\\_sqlx%' escape '\\' and m.name not like 'sqlite%'",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let indexes = sqlx::query("select name from sqlite_schema where type = 'index' and sql is not null");
    let indexes = indexes.fetch_all(&mut connection).await.unwrap();
    (columns(rows), indexes.iter().map(|row| row.get("name")).collect())
}

async fn postgres() -> (Columns, BTreeSet<String>) {
    let world = World::postgres().await;
    world.store().await.close().await;
    let mut connection = PgConnection::connect(&world.postgres_address()).await.unwrap();
    let rows = sqlx::query(
        "select table_name::text, column_name::text, data_type::text as type, is_nullable = 'YES' as nullable
        from information_schema.columns
        where table_schema = 'public' and table_name not like '\\_sqlx%'",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let indexes = sqlx::query(
        "select indexname::text as name from pg_indexes
        where schemaname = 'public' and tablename not like '\\_sqlx%' and indexname not like '%\\_pkey'",
    );
    let indexes = indexes.fetch_all(&mut connection).await.unwrap();
    (columns(rows), indexes.iter().map(|row| row.get("name")).collect())
}

fn columns<R: sqlx::Row>(rows: Vec<R>) -> Columns
where
    for<'a> &'a str: sqlx::ColumnIndex<R>,
    for<'a> String: sqlx::Decode<'a, R::Database> + sqlx::Type<R::Database>,
    for<'a> bool: sqlx::Decode<'a, R::Database> + sqlx::Type<R::Database>,
{
    rows.into_iter()
        .map(|row| ((row.get("table_name"), row.get("column_name")), (row.get("type"), row.get("nullable"))))
        .collect()
}
