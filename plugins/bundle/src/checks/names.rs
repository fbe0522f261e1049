//! Names that several resources of a kind have, once prefixes are on.

use crate::finding::{Findings, Rule};
use crate::value::Value;

/// The fields that tell a resource of a kind from others.
const NAMES: [(&str, &[&str]); 13] = [
    ("jobs", &["name"]),
    ("pipelines", &["name"]),
    ("models", &["name"]),
    ("experiments", &["name"]),
    ("clusters", &["cluster_name"]),
    ("sql_warehouses", &["name"]),
    ("apps", &["name"]),
    ("secret_scopes", &["name"]),
    ("model_serving_endpoints", &["name"]),
    ("catalogs", &["name"]),
    ("schemas", &["catalog_name", "name"]),
    ("registered_models", &["catalog_name", "schema_name", "name"]),
    ("volumes", &["catalog_name", "schema_name", "name"]),
];

pub(super) fn check(root: &Value, findings: &mut Findings) {
    for (kind, fields) in NAMES {
        let mut seen: Vec<(Vec<&str>, &str)> = Vec::new();
        for resource in root.entries_at(&["resources", kind]) {
            let Some(name) = fields.iter().map(|field| resource.value.text_at(&[field])).collect::<Option<Vec<_>>>()
            else {
                continue;
            };
            if let Some((_, other)) = seen.iter().find(|(known, _)| *known == name) {
                let path = format!("resources.{kind}.{}", resource.key);
                let message = format!("`{other}` has the same name, {}", name.join("."));
                let advice = "give them different names; people and lookups cannot tell them apart";
                findings.add_at(Rule::NameClash, path, resource.place.clone(), message, advice);
            } else {
                seen.push((name, &resource.key));
            }
        }
    }
}
