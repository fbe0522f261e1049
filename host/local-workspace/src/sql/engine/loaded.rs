//! The list of files that COPY INTO loaded, in the file of each catalog (see `copy.rs`).

use crate::sql::language::names::{INTERNAL_SCHEMA, catalog_alias, quote};

/// The list's name.
pub(super) fn table(catalog: &str) -> String {
    format!("{}.{}.loaded", quote(&catalog_alias(catalog)), quote(INTERNAL_SCHEMA))
}

/// The statement that makes the list in a file that has none.
pub(super) fn place(catalog: &str) -> String {
    let list = table(catalog);
    format!("CREATE TABLE IF NOT EXISTS {list} (table_id VARCHAR, path VARCHAR, PRIMARY KEY (table_id, path));")
}
