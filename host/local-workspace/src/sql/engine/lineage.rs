//! What a statement wrote of what it read, for the catalog's lineage.

use super::context::Context;
use crate::{
    catalog::{MadeOf, names::TableName},
    sql::language::sources::FileSource,
};

/// Notes that this table was written of all that the statement reads, and of a table that it copies as it is. The
/// statement has happened, so that a failure is told in the log only.
///
/// What the body of a function reads, and what a row filter or a mask asks, is none of it, as in Databricks.
pub(super) fn record(context: &Context<'_>, made: &TableName, copied: Option<&TableName>) {
    let notes = context.notes;
    let place = |(_, source): (&str, &FileSource)| {
        let (volume, path) = source.pattern.place();
        (volume.clone(), path.to_owned())
    };
    let of = MadeOf {
        tables: notes.reads.iter().chain(copied).filter(|name| *name != made).cloned().collect(),
        files: notes.sources.iter().map(place).collect(),
    };
    if of == MadeOf::default() {
        return;
    }
    if let Err(e) = context.objects.ask(|known| known.record_lineage(made, &of)) {
        tracing::error!(table = made.full_name(), "what it was made of is missing in its lineage: {e}");
    }
}
