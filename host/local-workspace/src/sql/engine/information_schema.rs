//! The views of information_schema.

use crate::sql::language::{names::literal, rewrite::information_schema_view};

/// The views behind `system.information_schema`, over all attached catalogs. Names follow Databricks' information schema.
pub(super) const VIEWS: &str = "
CREATE SCHEMA memory.information_schema_views;
CREATE MACRO memory.main.catalog_of(alias) AS substr(alias, 4);
CREATE VIEW memory.information_schema_views.catalogs AS
  SELECT catalog_of(database_name) AS catalog_name, 'System user' AS catalog_owner, comment
  FROM duckdb_databases() WHERE starts_with(database_name, 'uc_');
CREATE VIEW memory.information_schema_views.schemata AS
  SELECT catalog_of(database_name) AS catalog_name, schema_name, 'System user' AS schema_owner, comment
  FROM duckdb_schemas() WHERE starts_with(database_name, 'uc_')
    AND (NOT internal OR schema_name = 'information_schema') AND schema_name NOT IN ('pg_catalog', 'bricklayer.internal');
CREATE VIEW memory.information_schema_views.tables AS
  SELECT catalog_of(database_name) AS table_catalog, schema_name AS table_schema, table_name, 'MANAGED' AS table_type,
         'NO' AS is_insertable_into, 'DELTA' AS data_source_format, comment
  FROM duckdb_tables() WHERE starts_with(database_name, 'uc_') AND NOT internal AND schema_name <> 'bricklayer.internal'
  UNION ALL
  SELECT catalog_of(database_name), schema_name, view_name, 'VIEW', 'NO', NULL, comment
  FROM duckdb_views() WHERE starts_with(database_name, 'uc_') AND NOT internal AND schema_name <> 'bricklayer.internal';
CREATE VIEW memory.information_schema_views.views AS
  SELECT catalog_of(database_name) AS table_catalog, schema_name AS table_schema, view_name AS table_name
  FROM duckdb_views() WHERE starts_with(database_name, 'uc_') AND NOT internal AND schema_name <> 'bricklayer.internal';
CREATE VIEW memory.information_schema_views.columns AS
  SELECT catalog_of(database_name) AS table_catalog, schema_name AS table_schema, table_name, column_name,
         CAST(column_index - 1 AS INTEGER) AS ordinal_position, column_default,
         CASE WHEN is_nullable THEN 'YES' ELSE 'NO' END AS is_nullable, upper(spark_type_name(data_type)) AS full_data_type,
         upper(spark_type_name(data_type)) AS data_type, comment
  FROM duckdb_columns() WHERE starts_with(database_name, 'uc_') AND NOT internal AND schema_name <> 'bricklayer.internal';
";

/// The views of one catalog's information_schema.
pub(super) fn views_of(catalog: &str) -> String {
    let view = |table: &str, column: &str| {
        format!(
            "CREATE OR REPLACE VIEW {} AS SELECT * FROM {} WHERE {column} = {};",
            information_schema_view(table, Some(catalog)),
            information_schema_view(table, None),
            literal(catalog)
        )
    };
    [
        view("catalogs", "catalog_name"),
        view("schemata", "catalog_name"),
        view("tables", "table_catalog"),
        view("views", "table_catalog"),
        view("columns", "table_catalog"),
    ]
    .concat()
}
