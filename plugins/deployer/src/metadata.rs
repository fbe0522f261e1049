//! The file that the workspace's pages read to say which bundle a job or pipeline comes from.

use bricklayer_bundle::{Bundle, Mode};
use serde_json::{Map, Value, json};

use crate::state::State;

/// The file's name, in the bundle's state folder.
pub(crate) const METADATA_FILE: &str = "metadata.json";

/// The kinds that it tells of.
const KINDS: [&str; 2] = ["jobs", "pipelines"];

/// The file.
pub(crate) fn metadata(bundle: &Bundle, state: &State) -> Vec<u8> {
    let mut resources = Map::new();
    for kind in KINDS {
        let entry = |key: &str, file: Option<&str>| {
            let saved = state.resources.get(&format!("resources.{kind}.{key}"))?;
            let below = format!("{}/", bundle.folder);
            let file = file.map(|file| file.strip_prefix(&below).unwrap_or(file)).unwrap_or_default();
            Some((key.to_owned(), json!({"id": saved.id, "relative_path": file})))
        };
        let all: Map<String, Value> = bundle
            .resources()
            .filter(|resource| resource.kind == kind)
            .filter_map(|resource| entry(resource.key, resource.place.map(|place| &*place.file)))
            .collect();
        if !all.is_empty() {
            resources.insert(kind.to_owned(), Value::Object(all));
        }
    }
    let text = |field: &str| bundle.config.text_at(&["bundle", "git", field]).map(str::to_owned);
    let mut git = Map::new();
    for field in ["branch", "origin_url", "commit"] {
        git.extend(text(field).map(|text| (field.to_owned(), json!(text))));
    }
    git.insert("bundle_root_path".to_owned(), json!("."));
    let mut about = json!({"name": bundle.name, "target": bundle.target, "git": git});
    if let (Some(mode), Some(fields)) = (bundle.mode, about.as_object_mut()) {
        let mode = match mode {
            Mode::Development => "development",
            Mode::Production => "production",
        };
        fields.insert("mode".to_owned(), json!(mode));
    }
    let file = json!({
        "version": 1,
        "config": {
            "bundle": about,
            "workspace": {"file_path": bundle.workspace_path("file_path")},
            "resources": resources,
            "presets": {"source_linked_deployment": false},
        },
        "extra": {},
    });
    serde_json::to_vec_pretty(&file).unwrap_or_default()
}
