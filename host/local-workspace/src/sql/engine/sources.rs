//! Files of volumes as the engine reads them: found by the volume's own rules, linked into a folder that only this
//! statement knows, and read by a query with Databricks' names and types.
//!
//! **Invariant**: a path in a query that DuckDB runs is one of those links.

mod csv;
mod json;
mod place;

use std::{io, path::Path};

use self::place::{Place, list};
use super::context::Context;
use crate::{
    files::snapshot::{Linked, Wanted},
    sql::language::{
        error::SqlError,
        names::quote,
        sources::{FileFormat, FileSource, Mode, Reader},
    },
};

/// Bytes of text files that one statement reads: each is held whole.
const MAX_TEXT_BYTES: u64 = 256 * 1024 * 1024;

/// Files that were found, for as long as they are read.
pub(super) struct Found {
    pub(super) files: Vec<Linked>,
    _place: Place,
}

/// Removes the links that a killed process left.
///
/// # Errors
/// A folder that cannot be removed.
pub(super) fn remove_all(catalogs: &Path) -> io::Result<()> {
    place::remove_all(catalogs)
}

/// Finds the files of a source.
///
/// # Errors
/// Not allowed, not there, or too many.
pub(super) fn find(context: &Context<'_>, source: &FileSource) -> Result<Found, SqlError> {
    let place = Place::make(context.database.folder()).map_err(|e| SqlError::internal(e.to_string()))?;
    let recursive = source.options.recursive.unwrap_or(source.reader == Reader::Function);
    let wanted = Wanted { recursive, named: source.options.named.clone() };
    let path = place.path().to_owned();
    let files = context.objects.files(|volumes| volumes.link(context.user, &source.pattern, wanted, path))?;
    let depth = source.pattern.depth();
    let is_partition = |file: &Linked| {
        let mut folders: Vec<_> = file.shown.split('/').skip(depth).collect();
        folders.pop();
        folders.iter().any(|folder| folder.contains('='))
    };
    if files.iter().any(is_partition) {
        return Err(SqlError::unsupported("Columns that the names of folders hold (key=value)"));
    }
    Ok(Found { files, _place: place })
}

/// The query that reads files of a source.
///
/// # Errors
/// Nothing that tells the columns, and what is wrong with the files.
pub(super) fn query(context: &Context<'_>, source: &FileSource, files: &[Linked]) -> Result<String, SqlError> {
    let first = files.first();
    let Some(format) = source.format.or_else(|| first.and_then(|file| FileFormat::of_name(&file.shown))) else {
        return match first {
            Some(_) => {
                Err(SqlError::unsupported("read_files without a format, where the files' names do not tell it,"))
            }
            None => Err(no_files(source, "files")),
        };
    };
    if source.options.rescued.is_some() && source.schema.is_some() {
        return Err(SqlError::unsupported("rescuedDataColumn together with a schema"));
    }
    if files.is_empty() {
        return match source.schema.is_some() || format == FileFormat::Text {
            true => Ok(nothing(source)),
            false => Err(no_files(source, format.name())),
        };
    }
    let query = match format {
        FileFormat::Csv => csv::query(context, source, files)?,
        FileFormat::Json => json::query(context, source, files)?,
        FileFormat::Parquet => parquet(source, files)?,
        FileFormat::Text => return text(files),
    };
    let rescued = source.options.rescued.as_deref();
    let rescued = rescued.or((source.reader == Reader::Function && source.schema.is_none()).then_some("_rescued_data"));
    // Types are found from all rows, so that no value is left to be rescued.
    Ok(match rescued {
        Some(name) => format!("SELECT *, CAST(NULL AS VARCHAR) AS {} FROM ({query})", quote(name)),
        None => query,
    })
}

fn no_files(source: &FileSource, format: &str) -> SqlError {
    if source.pattern.has_glob() {
        let detail = format!("Path does not exist: {}.", source.pattern.shown());
        return SqlError::new("PATH_NOT_FOUND", "42K03", detail);
    }
    match source.reader {
        Reader::Function => SqlError::new(
            "CF_EMPTY_DIR_FOR_SCHEMA_INFERENCE",
            "42000",
            format!(
                "Cannot infer schema when the input path `{}` is empty. Try again when there are files in the input path, or \
                 specify the schema.",
                source.pattern.shown()
            ),
        ),
        Reader::Plain => SqlError::new(
            "UNABLE_TO_INFER_SCHEMA",
            "42KD9",
            format!("Unable to infer schema for {format}. It must be specified manually."),
        ),
    }
}

/// No rows of the columns that a source must have.
fn nothing(source: &FileSource) -> String {
    let text = [("value".to_owned(), "VARCHAR".to_owned())];
    let columns = source.schema.as_deref().unwrap_or(&text);
    let columns: Vec<_> =
        columns.iter().map(|(name, kind)| format!("CAST(NULL AS {kind}) AS {}", quote(name))).collect();
    format!("SELECT {} LIMIT 0", columns.join(", "))
}

fn parquet(source: &FileSource, files: &[Linked]) -> Result<String, SqlError> {
    if source.schema.is_some() || source.options.mode != Mode::Permissive {
        return Err(SqlError::unsupported("A schema or mode for Parquet files, which have their own,"));
    }
    let by_name = source.options.merge_schema || source.reader == Reader::Function;
    Ok(format!("SELECT * FROM read_parquet({}, hive_partitioning=false, union_by_name={by_name})", list(files)))
}

/// A row for each line.
fn text(files: &[Linked]) -> Result<String, SqlError> {
    let bytes: u64 = files.iter().map(|file| file.size).sum();
    if bytes > MAX_TEXT_BYTES {
        return Err(SqlError::exhausted(format!(
            "The text files have {bytes} bytes, and the local workspace reads {MAX_TEXT_BYTES} at once. Name fewer of them."
        )));
    }
    if files.iter().any(|file| file.shown.ends_with(".gz")) {
        return Err(SqlError::unsupported("Packed text files"));
    }
    // The last line break ends a line and begins none.
    Ok(format!(
        "SELECT unnest(CASE WHEN content = '' THEN [] ELSE string_split_regex(regexp_replace(content, '\\r?\\n$', ''), \
         '\\r?\\n') END) AS \"value\" FROM read_text({})",
        list(files)
    ))
}
