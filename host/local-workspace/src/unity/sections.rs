//! What the page shows of the catalog.

use crate::http::section::{Column, Of, Section, opens, text};

const CATALOG: &[Column] = &[
    text("Catalog", "/name"),
    text("Owner", "/owner"),
    text("Comment", "/comment"),
    opens("Schemas", "schemas", "/name"),
];

const SCHEMA: &[Column] = &[
    text("Schema", "/full_name"),
    text("Owner", "/owner"),
    text("Comment", "/comment"),
    opens("Volumes", "volumes", "/full_name"),
    opens("Functions", "functions", "/full_name"),
];

const TABLE: &[Column] = &[text("Table", "/full_name"), text("Type", "/table_type")];

const IN_SCHEMA: &[Column] = &[text("Name", "/full_name"), text("Owner", "/owner"), text("Comment", "/comment")];

const IN_METASTORE: &[Column] = &[text("Name", "/name"), text("Owner", "/owner"), text("Comment", "/comment")];

/// A list of all that the caller may know of.
const fn all(
    id: &'static str,
    title: &'static str,
    path: &'static str,
    list: &'static str,
    columns: &'static [Column],
) -> Section {
    Section { id, title, path, list, columns, of: Some(Of::All), opens: None, link: None }
}

/// A list of what is in something.
const fn inside(
    id: &'static str,
    title: &'static str,
    path: &'static str,
    list: &'static str,
    columns: &'static [Column],
) -> Section {
    Section { of: None, ..all(id, title, path, list, columns) }
}

const CATALOGS: Section = all("catalogs", "Catalogs", "/api/2.1/unity-catalog/catalogs", "catalogs", CATALOG);

const VOLUMES: Section = inside(
    "volumes",
    "Volumes",
    "/api/2.1/unity-catalog/volumes?catalog_name={1}&schema_name={2}",
    "volumes",
    IN_SCHEMA,
);

/// In the page's order.
pub(crate) const SECTIONS: &[Section] = &[
    Section { opens: Some(("tables", "/name")), ..CATALOGS },
    inside("schemas", "Schemas", "/api/2.1/unity-catalog/schemas?catalog_name={}", "schemas", SCHEMA),
    inside("tables", "Tables", "/api/2.1/unity-catalog/table-summaries?catalog_name={}", "tables", TABLE),
    Section { opens: Some(("volume", "/full_name")), ..VOLUMES },
    inside(
        "functions",
        "Functions",
        "/api/2.1/unity-catalog/functions?catalog_name={1}&schema_name={2}",
        "functions",
        IN_SCHEMA,
    ),
    all(
        "storage-credentials",
        "Storage credentials",
        "/api/2.1/unity-catalog/storage-credentials",
        "storage_credentials",
        IN_METASTORE,
    ),
    all(
        "external-locations",
        "External locations",
        "/api/2.1/unity-catalog/external-locations",
        "external_locations",
        IN_METASTORE,
    ),
    all("connections", "Connections", "/api/2.1/unity-catalog/connections", "connections", IN_METASTORE),
    all("shares", "Shares", "/api/2.1/unity-catalog/shares", "shares", IN_METASTORE),
    all("recipients", "Recipients", "/api/2.1/unity-catalog/recipients", "recipients", IN_METASTORE),
    all("providers", "Providers", "/api/2.1/unity-catalog/providers", "providers", IN_METASTORE),
];
