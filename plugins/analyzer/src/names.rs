//! Names of tables and places of paths.

use crate::analysis::{PathKind, TableKind};
use crate::text::{Piece, Text};

/// Catalog and schema that shorter names belong to, as far as the notebook says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Namespace {
    pub(crate) catalog: Option<Text>,
    pub(crate) schema: Option<Text>,
}

impl Namespace {
    /// Takes over `catalog.schema`, `schema`, or with `is_catalog` a catalog.
    pub(crate) fn go_to(&mut self, name: &Text, is_catalog: bool) {
        match (is_catalog, name.split('.').as_slice()) {
            (true, _) => *self = Self { catalog: Some(name.computed()), schema: None },
            (false, [schema]) => self.schema = Some(schema.computed()),
            (false, [catalog, schema]) => {
                *self = Self { catalog: Some(catalog.computed()), schema: Some(schema.computed()) };
            }
            _ => {}
        }
    }

    /// The parts of a name, with those in front that it leaves out.
    pub(crate) fn complete(&self, name: &Text) -> Vec<Text> {
        let mut parts = name.split('.');
        // A name that is one parameter may have any number of parts.
        let open = parts.len() == 1 && !name.pieces().iter().any(|piece| matches!(piece, Piece::Literal { .. }));
        if open {
            return parts;
        }
        if let (1, Some(schema)) = (parts.len(), &self.schema) {
            parts.insert(0, schema.clone());
        }
        if let (2, Some(catalog)) = (parts.len(), &self.catalog)
            && !parts.first().is_some_and(|first| first.known().is_some_and(|first| is_catalogless(&first)))
        {
            parts.insert(0, catalog.clone());
        }
        parts
    }
}

/// Schemas that belong to no catalog.
fn is_catalogless(schema: &str) -> bool {
    ["global_temp", "live"].iter().any(|known| schema.eq_ignore_ascii_case(known))
}

/// A part as it is written in a name.
pub(crate) fn quoted(part: &str) -> String {
    let plain = part.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '{' | '}' | '(' | ')' | '…' | '$'));
    if plain || part.contains('{') { part.to_owned() } else { format!("`{part}`") }
}

/// What kind of table its parts mean.
pub(crate) fn kind(parts: &[String]) -> TableKind {
    let is = |at: usize, name: &str| parts.get(at).is_some_and(|part| part.eq_ignore_ascii_case(name));
    let schema = parts.len().saturating_sub(2);
    if is(0, "hive_metastore") {
        TableKind::Legacy
    } else if parts.len() > 1 && (is(schema, "information_schema") || (parts.len() == 3 && is(0, "system"))) {
        TableKind::System
    } else if parts.len() > 1 && is(0, "samples") {
        TableKind::Sample
    } else {
        TableKind::Table
    }
}

/// Whether a name is the path of a table's files, as in ``delta.`/mnt/x` ``.
pub(crate) fn is_path(name: &str) -> bool {
    name.starts_with('/') || name.contains(":/")
}

/// Who reads a path: they take one without a scheme for different places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// Spark and `dbutils.fs`: from the root of DBFS.
    Spark,
    /// Python and the shell: on the machine.
    Machine,
}

const CLOUD: [&str; 10] = ["s3:", "s3a:", "s3n:", "abfs:", "abfss:", "wasb:", "wasbs:", "gs:", "adl:", "r2:"];

/// Where a path leads.
pub(crate) fn place(path: &Text, reader: Reader) -> PathKind {
    let start = path.known_start();
    let lower = start.to_ascii_lowercase();
    let is = |prefixes: &[&str]| prefixes.iter().any(|prefix| lower.starts_with(prefix));
    if start.is_empty() {
        return PathKind::Unknown;
    }
    if is(&["/volumes/", "dbfs:/volumes/", "/dbfs/volumes/", "file:/volumes/"]) {
        PathKind::Volume
    } else if is(&["/workspace/", "file:/workspace/", "/repos/", "/users/"]) {
        PathKind::Workspace
    } else if is(&["/mnt/", "dbfs:/mnt", "/dbfs/mnt"]) || lower == "/mnt" {
        PathKind::Mount
    } else if is(&["dbfs:/", "/dbfs"]) {
        PathKind::DbfsRoot
    } else if is(&CLOUD) {
        PathKind::Cloud
    } else if is(&["http:", "https:"]) {
        PathKind::Http
    } else if is(&["jdbc:"]) {
        PathKind::Jdbc
    } else if is(&["file:"]) || reader == Reader::Machine {
        PathKind::Local
    } else {
        PathKind::DbfsRoot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_completed_as_far_as_is_known() {
        let mut namespace = Namespace::default();
        let complete = |namespace: &Namespace, name: &str| {
            namespace.complete(&Text::literal(name)).iter().map(Text::shown).collect::<Vec<_>>().join(".")
        };
        assert_eq!(complete(&namespace, "a.b"), "a.b");
        namespace.go_to(&Text::literal("main"), true);
        assert_eq!((complete(&namespace, "a.b"), complete(&namespace, "b")), ("main.a.b".into(), "b".into()));
        namespace.go_to(&Text::literal("s"), false);
        assert_eq!(
            (complete(&namespace, "b"), complete(&namespace, "global_temp.v")),
            ("main.s.b".into(), "global_temp.v".into())
        );
        namespace.go_to(&Text::literal("c.d"), false);
        assert_eq!(complete(&namespace, "x"), "c.d.x");
        assert_eq!(namespace.complete(&Text::parameter("t")).len(), 1);
    }

    #[test]
    fn paths_lead_somewhere() {
        for (path, spark, machine) in [
            ("/Volumes/a/b/c", PathKind::Volume, PathKind::Volume),
            ("dbfs:/mnt/x", PathKind::Mount, PathKind::Mount),
            ("/tmp/x", PathKind::DbfsRoot, PathKind::Local),
            ("/dbfs/x", PathKind::DbfsRoot, PathKind::DbfsRoot),
            ("abfss://c@a.dfs.core.windows.net/x", PathKind::Cloud, PathKind::Cloud),
            ("file:/tmp/x", PathKind::Local, PathKind::Local),
            ("https://x.io/a.csv", PathKind::Http, PathKind::Http),
        ] {
            let text = Text::literal(path);
            assert_eq!((place(&text, Reader::Spark), place(&text, Reader::Machine)), (spark, machine), "{path}");
        }
    }
}
