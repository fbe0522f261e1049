//! Volumes and what is in their folders. Rules: Databricks SQL reference, "CREATE VOLUME", "DROP VOLUME",
//! "DESCRIBE VOLUME", "SHOW VOLUMES", "LIST".

use super::{checks::check_schema, like::matches};
use crate::{
    catalog::{
        VolumeInfo,
        names::{SchemaName, Securable, TableName},
    },
    files::volumes::VolumePath,
    sql::{
        engine::{
            context::Context,
            query::Outcome,
            rights::visible,
            schema::{Column, TypeName},
        },
        language::{error::SqlError, rewrite::check_catalog_writable, sources::of_path},
    },
};

type Cells = Vec<Vec<Option<String>>>;

pub(super) fn create(
    context: &Context<'_>,
    name: &TableName,
    if_not_exists: bool,
    comment: Option<String>,
) -> Result<Outcome, SqlError> {
    check_catalog_writable(&Securable::Volume(name.clone()))?;
    check_schema(context, &name.schema_name())?;
    let made = context.objects.files(|volumes| volumes.create(context.user, name, comment))?;
    if made.is_none() && !if_not_exists {
        let detail = format!(
            "Cannot create volume {} because it already exists. Choose a different name, drop or replace the existing object, \
             or add the IF NOT EXISTS clause to tolerate pre-existing objects.",
            name.quoted()
        );
        return Err(SqlError::new("VOLUME_ALREADY_EXISTS", "42000", detail));
    }
    Ok(Outcome::nothing("CREATE"))
}

pub(super) fn drop(context: &Context<'_>, name: &TableName, if_exists: bool) -> Result<Outcome, SqlError> {
    let gone = context.objects.files(|volumes| volumes.drop(name))?;
    if gone || if_exists { Ok(Outcome::nothing("DROP")) } else { Err(SqlError::volume_not_found(&name.full_name())) }
}

/// The row of DESCRIBE VOLUME. A managed volume has no location that anybody is told.
pub(super) fn describe(context: &Context<'_>, name: &TableName) -> Result<(Vec<Column>, Cells), SqlError> {
    let info = context.objects.ask(|known| known.volume(name))?;
    let info = info.ok_or_else(|| SqlError::volume_not_found(&name.full_name()))?;
    let columns = ["name", "catalog", "database", "owner", "storageLocation", "volumeType", "comment"];
    let row = vec![
        Some(name.table.clone()),
        Some(name.catalog.clone()),
        Some(name.schema.clone()),
        Some(info.audit.owner),
        None,
        Some("MANAGED".to_owned()),
        info.comment,
    ];
    Ok((columns.map(Column::string).to_vec(), vec![row]))
}

pub(super) fn show(context: &Context<'_>, schema: &SchemaName, like: Option<&str>) -> Result<Cells, SqlError> {
    check_schema(context, schema)?;
    let volumes = context.objects.ask(|known| known.volumes(schema))?;
    let container = Securable::Schema(schema.clone());
    let of = |(name, info): &(String, VolumeInfo)| (Securable::Volume(schema.object(name)), info.audit.owner.clone());
    let volumes = visible(context, Some(&container), volumes, of)?;
    let names = volumes.into_iter().map(|(name, _)| name).filter(|name| matches(like, name));
    Ok(names.map(|name| vec![Some(schema.schema.clone()), Some(name)]).collect())
}

pub(super) fn list(context: &Context<'_>, path: &str, limit: Option<u64>) -> Result<Outcome, SqlError> {
    let folder = VolumePath::parse(path).map_err(of_path)?;
    let entries = context.objects.files(|volumes| volumes.list(context.user, &folder))?;
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    let row = |entry: crate::files::volumes::Entry| {
        let end = if entry.is_folder { "/" } else { "" };
        vec![
            Some(format!("{}/{}{end}", folder.shown().trim_end_matches('/'), entry.name)),
            Some(format!("{}{end}", entry.name)),
            Some(if entry.is_folder { 0 } else { entry.size }.to_string()),
            Some(entry.modified.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()),
        ]
    };
    let columns = vec![
        Column::string("path"),
        Column::string("name"),
        Column::of("size", TypeName::Long),
        Column::of("modification_time", TypeName::Timestamp),
    ];
    Outcome::table(context, "OTHER", columns, entries.into_iter().take(limit).map(row).collect())
}
