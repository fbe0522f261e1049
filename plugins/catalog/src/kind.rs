//! Kinds of objects: where each lives in the REST interface and what it is called.

use bricklayer_sdk::{Failure, encode_segment};

use crate::names::FullName;
use crate::types::ObjectKind;

/// Where Unity Catalog lives.
pub(crate) const UNITY: &str = "/api/2.1/unity-catalog";

/// One kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    /// Its routes are `/<this>` and `/<this>/{name}`; a list's answer has a field of this name, hyphens as underscores.
    pub(crate) route: &'static str,
    /// In words.
    pub(crate) word: &'static str,
    /// As routes of permissions spell it.
    pub(crate) securable: &'static str,
    /// Parts of its full name.
    pub(crate) parts: usize,
    /// The field that says what sort of it an object is.
    pub(crate) sort: &'static str,
    /// As routes of tags spell it; none for what has no tags.
    pub(crate) tagged: Option<&'static str>,
    /// Whether one that is in use, or not empty, is deleted with `force`.
    pub(crate) has_force: bool,
    /// Whether it governs what lies outside: storage, other systems, other organisations.
    pub(crate) is_external: bool,
}

/// A kind of what holds data or computes on it.
const fn inner(
    route: &'static str,
    word: &'static str,
    parts: usize,
    sort: &'static str,
    tagged: Option<&'static str>,
) -> Kind {
    let has_force = !matches!(word.as_bytes(), b"table" | b"volume");
    Kind { route, word, securable: word, parts, sort, tagged, has_force, is_external: false }
}

/// A kind of what lies outside.
const fn outer(
    route: &'static str,
    word: &'static str,
    securable: &'static str,
    sort: &'static str,
    has_force: bool,
) -> Kind {
    Kind { route, word, securable, parts: 1, sort, tagged: None, has_force, is_external: true }
}

impl Kind {
    /// All that is known of a kind.
    pub(crate) const fn of(kind: ObjectKind) -> Self {
        match kind {
            ObjectKind::Catalog => inner("catalogs", "catalog", 1, "catalog_type", Some("catalogs")),
            ObjectKind::Schema => inner("schemas", "schema", 2, "schema_type", Some("schemas")),
            ObjectKind::Table => inner("tables", "table", 3, "table_type", Some("tables")),
            ObjectKind::Volume => inner("volumes", "volume", 3, "volume_type", Some("volumes")),
            ObjectKind::Function => inner("functions", "function", 3, "full_data_type", None),
            ObjectKind::StorageCredential => {
                outer("storage-credentials", "storage credential", "storage_credential", "credential_type", true)
            }
            ObjectKind::ExternalLocation => {
                outer("external-locations", "external location", "external_location", "url", true)
            }
            ObjectKind::Connection => outer("connections", "connection", "connection", "connection_type", false),
            ObjectKind::Share => outer("shares", "share", "share", "storage_location", false),
            ObjectKind::Recipient => outer("recipients", "recipient", "recipient", "authentication_type", false),
            ObjectKind::Provider => outer("providers", "provider", "provider", "authentication_type", false),
        }
    }

    /// The field of a list's answer that holds the objects.
    pub(crate) fn list_field(&self) -> String {
        self.route.replace('-', "_")
    }

    /// Where all of the kind are.
    pub(crate) fn all(&self) -> String {
        format!("{UNITY}/{}", self.route)
    }

    /// Where one is.
    pub(crate) fn one(&self, name: &FullName) -> String {
        format!("{UNITY}/{}/{}", self.route, encode_segment(&name.dotted()))
    }

    /// A full name of this kind.
    ///
    /// # Errors
    /// Another number of parts.
    pub(crate) fn name(&self, field: &str, text: &str) -> Result<FullName, Failure> {
        FullName::parse(field, text, self.parts)
    }

    /// Kind and name, for people.
    pub(crate) fn shown(&self, name: &FullName) -> String {
        format!("{} {}", self.word, name.dotted())
    }
}

/// The kind in words, the first letter a capital.
pub(crate) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| std::iter::once(first.to_ascii_uppercase()).chain(chars).collect()).unwrap_or_default()
}
