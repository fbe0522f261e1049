//! information_schema: what a user may know of the catalog, as queries. Names follow Databricks' information schema.
//!
//! Its rows depend on who asks, so no view of the engine's stands behind it: each statement gets the rows that its user
//! may see in the place of the view's name.

use std::collections::BTreeMap;

use chrono::DateTime;

use super::{
    context::Context,
    rights::visible,
    schema::{Table, tables},
};
use crate::{
    catalog::{
        Audit, CatalogInfo, SchemaInfo, VolumeInfo,
        names::{SchemaName, Securable},
    },
    sql::language::{
        error::SqlError,
        names::{literal, quote},
        rewrite::InformationView,
    },
};

/// The schema's own name, which stands among the schemas of every catalog.
pub(super) const INFORMATION_SCHEMA: &str = "information_schema";

type Cells = Vec<Option<String>>;

/// A view's columns with DuckDB's types, and its rows.
struct View {
    columns: Vec<(&'static str, &'static str)>,
    rows: Vec<Cells>,
}

/// The query of a view, with the rows that the statement's user may know of.
///
/// # Errors
/// `TABLE_OR_VIEW_NOT_FOUND` for what is no view of it, and a database that cannot be read.
pub(super) fn query(context: &Context<'_>, view: &InformationView) -> Result<String, SqlError> {
    let place = view.catalog.as_deref();
    let view = match view.table.as_str() {
        name if !is_known(context, place)? => return Err(missing(place, name)),
        "catalogs" => catalogs(context, place)?,
        "schemata" => schemata(context, place)?,
        "tables" => of_tables(context, place)?,
        "views" => views(context, place)?,
        "columns" => columns(context, place)?,
        "volumes" => volumes(context, place)?,
        "catalog_tags" | "schema_tags" | "table_tags" | "column_tags" | "volume_tags" => tags(context, view)?,
        name => return Err(missing(place, name)),
    };
    Ok(view.query())
}

fn is_known(context: &Context<'_>, place: Option<&str>) -> Result<bool, SqlError> {
    let Some(place) = place else { return Ok(true) };
    Ok(context.objects.ask(|known| known.catalog(place))?.is_some())
}

fn missing(place: Option<&str>, name: &str) -> SqlError {
    SqlError::table_not_found(&format!("`{}`.`{INFORMATION_SCHEMA}`.`{name}`", place.unwrap_or("system")))
}

impl View {
    /// Columns of text, but for those whose names say that they are moments.
    fn new(columns: &[&'static str], rows: Vec<Cells>) -> Self {
        let kind = |name: &str| match name {
            "created" | "last_altered" => "TIMESTAMP",
            "ordinal_position" => "INTEGER",
            _ => "VARCHAR",
        };
        Self { columns: columns.iter().map(|name| (*name, kind(name))).collect(), rows }
    }

    fn query(&self) -> String {
        if self.rows.is_empty() {
            let columns = self.columns.iter().map(|(name, kind)| format!("CAST(NULL AS {kind}) AS {}", quote(name)));
            return format!("SELECT {} LIMIT 0", columns.collect::<Vec<_>>().join(", "));
        }
        let columns = self.columns.iter().map(|(name, kind)| format!("CAST({0} AS {kind}) AS {0}", quote(name)));
        let columns: Vec<_> = columns.collect();
        let names: Vec<_> = self.columns.iter().map(|(name, _)| quote(name)).collect();
        let cell = |cell: &Option<String>| cell.as_deref().map_or_else(|| "NULL".to_owned(), literal);
        let row = |row: &Cells| format!("({})", row.iter().map(cell).collect::<Vec<_>>().join(", "));
        let rows: Vec<_> = self.rows.iter().map(row).collect();
        format!("SELECT {} FROM (VALUES {}) AS shown({})", columns.join(", "), rows.join(", "), names.join(", "))
    }
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// Owner, and who made and changed an object when.
fn audit(audit: &Audit) -> [Option<String>; 5] {
    let moment =
        |millis| DateTime::from_timestamp_millis(millis).map(|t| t.format("%Y-%m-%d %H:%M:%S%.3f").to_string());
    [
        text(&audit.owner),
        moment(audit.created_at),
        text(&audit.created_by),
        moment(audit.updated_at),
        text(&audit.updated_by),
    ]
}

fn catalogs(context: &Context<'_>, place: Option<&str>) -> Result<View, SqlError> {
    let row = |(name, info): (String, CatalogInfo)| {
        let [owner, created, by, altered, altered_by] = audit(&info.audit);
        vec![Some(name), owner, info.comment, created, by, altered, altered_by]
    };
    let rows = seen_catalogs(context, place)?.into_iter().map(row).collect();
    let columns =
        ["catalog_name", "catalog_owner", "comment", "created", "created_by", "last_altered", "last_altered_by"];
    Ok(View::new(&columns, rows))
}

fn schemata(context: &Context<'_>, place: Option<&str>) -> Result<View, SqlError> {
    let mut rows = Vec::new();
    for (catalog, info) in seen_catalogs(context, place)? {
        for (name, info) in seen_schemas(context, &catalog)? {
            let [owner, created, by, altered, altered_by] = audit(&info.audit);
            rows.push(vec![text(&catalog), Some(name.schema), owner, info.comment, created, by, altered, altered_by]);
        }
        let [owner, created, by, altered, altered_by] = audit(&info.audit);
        rows.push(vec![text(&catalog), text(INFORMATION_SCHEMA), owner, None, created, by, altered, altered_by]);
    }
    let columns = [
        "catalog_name",
        "schema_name",
        "schema_owner",
        "comment",
        "created",
        "created_by",
        "last_altered",
        "last_altered_by",
    ];
    Ok(View::new(&columns, rows))
}

fn of_tables(context: &Context<'_>, place: Option<&str>) -> Result<View, SqlError> {
    let row = |table: Table| {
        let [owner, created, by, altered, altered_by] = audit(&table.info.audit);
        let (kind, format) = (table.kind(), if table.is_view { None } else { text("DELTA") });
        vec![
            Some(table.name.catalog),
            Some(table.name.schema),
            Some(table.name.table),
            text(kind),
            text("NO"),
            text("PRESERVE"),
            owner,
            table.info.comment,
            created,
            by,
            altered,
            altered_by,
            format,
        ]
    };
    let rows = seen_tables(context, place)?.into_iter().map(row).collect();
    let columns = [
        "table_catalog",
        "table_schema",
        "table_name",
        "table_type",
        "is_insertable_into",
        "commit_action",
        "table_owner",
        "comment",
        "created",
        "created_by",
        "last_altered",
        "last_altered_by",
        "data_source_format",
    ];
    Ok(View::new(&columns, rows))
}

fn views(context: &Context<'_>, place: Option<&str>) -> Result<View, SqlError> {
    let views = seen_tables(context, place)?.into_iter().filter(|table| table.is_view);
    let row = |table: Table| {
        vec![
            Some(table.name.catalog),
            Some(table.name.schema),
            Some(table.name.table),
            table.info.view_definition,
            text("NONE"),
            text("NO"),
        ]
    };
    let columns = ["table_catalog", "table_schema", "table_name", "view_definition", "check_option", "is_updatable"];
    Ok(View::new(&columns, views.map(row).collect()))
}

fn columns(context: &Context<'_>, place: Option<&str>) -> Result<View, SqlError> {
    let mut rows = Vec::new();
    for table in seen_tables(context, place)? {
        for (position, column) in table.columns.into_iter().enumerate() {
            let kind = column.kind.text.to_uppercase();
            rows.push(vec![
                text(&table.name.catalog),
                text(&table.name.schema),
                text(&table.name.table),
                Some(column.name),
                Some(position.to_string()),
                column.default,
                text(if column.nullable { "YES" } else { "NO" }),
                text(&kind),
                Some(kind),
                column.comment,
            ]);
        }
    }
    let columns = [
        "table_catalog",
        "table_schema",
        "table_name",
        "column_name",
        "ordinal_position",
        "column_default",
        "is_nullable",
        "full_data_type",
        "data_type",
        "comment",
    ];
    Ok(View::new(&columns, rows))
}

fn volumes(context: &Context<'_>, place: Option<&str>) -> Result<View, SqlError> {
    let mut rows = Vec::new();
    for (catalog, _) in seen_catalogs(context, place)? {
        for (schema, _) in seen_schemas(context, &catalog)? {
            for (volume, info) in seen_volumes(context, &schema)? {
                let [owner, created, by, altered, altered_by] = audit(&info.audit);
                let name = [text(&schema.catalog), text(&schema.schema), Some(volume), text("MANAGED")];
                let more = [owner, info.comment, created, by, altered, altered_by];
                rows.push(name.into_iter().chain(more).collect());
            }
        }
    }
    let columns = [
        "volume_catalog",
        "volume_schema",
        "volume_name",
        "volume_type",
        "volume_owner",
        "comment",
        "created",
        "created_by",
        "last_altered",
        "last_altered_by",
    ];
    Ok(View::new(&columns, rows))
}

/// What is tagged, by the views' names: the kind of object, its columns of names.
fn tags(context: &Context<'_>, view: &InformationView) -> Result<View, SqlError> {
    let place = view.catalog.as_deref();
    let mut seen = BTreeMap::<String, Vec<String>>::new();
    let mut spelled = BTreeMap::<(String, String), String>::new();
    let (kind, last) = match view.table.as_str() {
        "table_tags" | "column_tags" => {
            for table in seen_tables(context, place)? {
                let (full, name) = (table.name.full_name(), table.name);
                for column in table.columns {
                    spelled.insert((full.clone(), column.name.to_lowercase()), column.name);
                }
                seen.insert(full, vec![name.catalog, name.schema, name.table]);
            }
            ("TABLE", Some("table_name"))
        }
        table => {
            for (catalog, _) in seen_catalogs(context, place)? {
                if table == "catalog_tags" {
                    seen.insert(catalog.clone(), vec![catalog]);
                    continue;
                }
                for (schema, _) in seen_schemas(context, &catalog)? {
                    let parts = vec![schema.catalog.clone(), schema.schema.clone()];
                    if table == "schema_tags" {
                        seen.insert(schema.full_name(), parts);
                        continue;
                    }
                    for (volume, _) in seen_volumes(context, &schema)? {
                        let name = [parts.clone(), vec![volume.clone()]].concat();
                        seen.insert(schema.object(&volume).full_name(), name);
                    }
                }
            }
            match table {
                "catalog_tags" => ("CATALOG", None),
                "schema_tags" => ("SCHEMA", None),
                _ => ("VOLUME", Some("volume_name")),
            }
        }
    };
    let of_columns = view.table == "column_tags";
    let mut rows = Vec::new();
    for (full_name, column, key, value) in context.objects.ask(|known| known.tags_of_kind(kind))? {
        if let Some(name) = seen.get(&full_name).filter(|_| column.is_empty() != of_columns) {
            let column = of_columns.then(|| spelled.get(&(full_name, column.clone())).cloned().unwrap_or(column));
            rows.push(name.iter().cloned().chain(column).chain([key, value]).map(Some).collect());
        }
    }
    let mut columns = vec!["catalog_name"];
    columns.extend((kind != "CATALOG").then_some("schema_name"));
    columns.extend(last);
    columns.extend(of_columns.then_some("column_name"));
    columns.extend(["tag_name", "tag_value"]);
    Ok(View::new(&columns, rows))
}

fn seen_catalogs(context: &Context<'_>, place: Option<&str>) -> Result<Vec<(String, CatalogInfo)>, SqlError> {
    let mut catalogs = context.objects.ask(|known| known.catalogs())?;
    catalogs.retain(|(name, _)| place.is_none_or(|place| place == name));
    let of = |(name, info): &(String, CatalogInfo)| (Securable::Catalog(name.clone()), info.audit.owner.clone());
    visible(context, None, catalogs, of)
}

fn seen_schemas(context: &Context<'_>, catalog: &str) -> Result<Vec<(SchemaName, SchemaInfo)>, SqlError> {
    let schemas = context.objects.ask(|known| known.schemas(catalog))?.into_iter();
    let schemas = schemas.map(|(schema, info)| (SchemaName { catalog: catalog.to_owned(), schema }, info)).collect();
    let of = |(name, info): &(SchemaName, SchemaInfo)| (Securable::Schema(name.clone()), info.audit.owner.clone());
    visible(context, Some(&Securable::Catalog(catalog.to_owned())), schemas, of)
}

fn seen_tables(context: &Context<'_>, place: Option<&str>) -> Result<Vec<Table>, SqlError> {
    let mut seen = Vec::new();
    for (catalog, _) in seen_catalogs(context, place)? {
        let mut by_schema = BTreeMap::<_, Vec<_>>::new();
        for table in tables(context.session, context.objects, &catalog, None, None)? {
            by_schema.entry(table.name.schema_name()).or_default().push(table);
        }
        for (schema, tables) in by_schema {
            let of = |table: &Table| (Securable::Table(table.name.clone()), table.info.audit.owner.clone());
            seen.extend(visible(context, Some(&Securable::Schema(schema)), tables, of)?);
        }
    }
    Ok(seen)
}

fn seen_volumes(context: &Context<'_>, schema: &SchemaName) -> Result<Vec<(String, VolumeInfo)>, SqlError> {
    let volumes = context.objects.ask(|known| known.volumes(schema))?;
    let of = |(name, info): &(String, VolumeInfo)| (Securable::Volume(schema.object(name)), info.audit.owner.clone());
    visible(context, Some(&Securable::Schema(schema.clone())), volumes, of)
}
