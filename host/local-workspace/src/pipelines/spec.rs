//! A pipeline's specification as an update reads it. The specification itself is kept as the document that the caller
//! gave. Rules: Pipelines API 2.0, "Create a pipeline".

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::model::Document;
use crate::sql::language::names::Namespace;

/// Bytes of one specification; each update keeps a copy of it.
const MAX_SPEC_BYTES: usize = 1024 * 1024;

/// Libraries of one pipeline.
const MAX_LIBRARIES: usize = 1_000;

/// Fields of a request that are no part of the specification.
const BESIDE: [&str; 9] = [
    "access_control_list",
    "allow_duplicate_names",
    "dry_run",
    "expected_last_modified",
    "id",
    "inherited_access_control",
    "parameters",
    "pipeline_id",
    "run_as",
];

/// What the service does and the local workspace does not, by its field.
const REFUSED: [(&str, &str); 6] = [
    ("access_control_list", "pipelines are their creator's alone"),
    ("filters", "all of a package's code runs"),
    ("gateway_definition", "it does not ingest from other systems"),
    ("ingestion_definition", "it does not ingest from other systems"),
    ("restart_window", "it has no continuous pipelines"),
    ("trigger", "updates start when they are asked for"),
];

/// Why a specification is refused: which field, and what about it.
pub(crate) type Refusal = String;

/// What an update needs of a specification.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    pub(crate) name: String,
    /// Where datasets are published; none when the specification names no catalog.
    pub(crate) namespace: Option<Namespace>,
    pub(crate) libraries: Vec<Library>,
    pub(crate) configuration: BTreeMap<String, String>,
}

/// Code of a pipeline, by its path in the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Library {
    Notebook(String),
    File(String),
    /// A file, a notebook, or with `/**` at its end everything within a folder.
    Glob(String),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Raw {
    name: Option<String>,
    catalog: Option<String>,
    schema: Option<String>,
    target: Option<String>,
    libraries: Vec<RawLibrary>,
    configuration: BTreeMap<String, String>,
    continuous: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawLibrary {
    notebook: Option<Path>,
    file: Option<Path>,
    glob: Option<Include>,
}

#[derive(Debug, Deserialize)]
struct Path {
    path: String,
}

#[derive(Debug, Deserialize)]
struct Include {
    include: String,
}

impl Spec {
    /// Reads a specification and refuses what no update could be made of.
    pub(crate) fn read(document: &Document) -> Result<Self, Refusal> {
        if serde_json::to_string(document).map_or(0, |text| text.len()) > MAX_SPEC_BYTES {
            return Err(format!("The specification is larger than {MAX_SPEC_BYTES} bytes."));
        }
        if let Some((field, why)) = REFUSED.iter().find(|(field, _)| document.contains_key(*field)) {
            return Err(format!("{field}: the local workspace does not support it: {why}."));
        }
        let raw: Raw = serde_path_to_error::deserialize(Value::Object(document.clone())).map_err(|e| {
            let path = e.path().to_string();
            format!("{path}: {}", e.into_inner())
        })?;
        for field in ["development", "photon", "serverless"] {
            if document.get(field).is_some_and(|value| !value.is_boolean()) {
                return Err(format!("{field} must be true or false."));
            }
        }
        let name =
            raw.name.filter(|name| !name.trim().is_empty()).ok_or("name is missing: a pipeline needs a name.")?;
        if raw.continuous {
            return Err("continuous: the local workspace runs triggered pipelines only; set it to false.".to_owned());
        }
        if raw.libraries.len() > MAX_LIBRARIES {
            return Err(format!("libraries: a pipeline has at most {MAX_LIBRARIES} libraries."));
        }
        let libraries = raw.libraries.into_iter().enumerate().map(|(index, library)| library_of(index, library));
        let libraries = libraries.collect::<Result<_, _>>()?;
        let schema = raw.schema.or(raw.target);
        for (field, value) in [("catalog_name", &raw.catalog), ("target_schema_name", &schema)] {
            if let Some(value) = value.as_deref().filter(|value| !is_plain_name(value)) {
                return Err(format!(
                    "CreatePipeline {field} \"{value}\" is not a valid name. It must not be empty, and have no dots, slashes, \
                     blanks or control characters."
                ));
            }
        }
        let namespace = raw.catalog.map(|catalog| Namespace {
            catalog: catalog.to_lowercase(),
            schema: schema.unwrap_or_else(|| "default".to_owned()).to_lowercase(),
        });
        Ok(Self { name, namespace, libraries, configuration: raw.configuration })
    }
}

fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c == '.' || c == '/' || c == ' ' || c.is_control())
}

fn library_of(index: usize, library: RawLibrary) -> Result<Library, Refusal> {
    let RawLibrary { notebook, file, glob } = library;
    match (notebook, file, glob) {
        (Some(Path { path }), None, None) => Ok(Library::Notebook(path)),
        (None, Some(Path { path }), None) => Ok(Library::File(path)),
        (None, None, Some(Include { include })) => {
            let folder = include.strip_suffix("/**").unwrap_or(&include);
            if folder.contains(['*', '?', '[', '{']) {
                return Err(format!(
                    "libraries[{index}].glob.include: '{include}' must be a path, or the path of a folder with /** at its end."
                ));
            }
            Ok(Library::Glob(include))
        }
        _ => Err(format!(
            "libraries[{index}] must be exactly one of notebook, file and glob; the local workspace runs no other kind."
        )),
    }
}

/// The part of a request that is the specification, with what the service adds.
pub(crate) fn kept(mut document: Document, id: &str) -> Document {
    for field in BESIDE {
        document.remove(field);
    }
    document.insert("id".to_owned(), json!(id));
    if !document.contains_key("catalog") && !document.contains_key("storage") {
        document.insert("storage".to_owned(), json!(format!("dbfs:/pipelines/{id}")));
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_run_is_refused_by_its_field() {
        for (spec, says) in [
            (json!({}), "name is missing"),
            (json!({"name": " "}), "name is missing"),
            (json!({"name": 1}), "name: invalid type"),
            (json!({"name": "n", "serverless": "yes"}), "serverless must be true or false"),
            (json!({"name": "n", "continuous": true}), "continuous:"),
            (
                json!({"name": "n", "catalog": "main", "target": "a.b"}),
                "target_schema_name \"a.b\" is not a valid name.",
            ),
            (json!({"name": "n", "catalog": ""}), "catalog_name \"\""),
            (json!({"name": "n", "libraries": [{"jar": "x"}]}), "libraries[0] must be exactly one of"),
            (json!({"name": "n", "libraries": [{"file": {"path": "/a"}, "notebook": {"path": "/a"}}]}), "libraries[0]"),
            (json!({"name": "n", "libraries": [{"file": {}}]}), "libraries[0].file: missing field `path`"),
            (json!({"name": "n", "libraries": [{"glob": {"include": "/a/*.sql"}}]}), "libraries[0].glob.include"),
            (json!({"name": "n", "ingestion_definition": {}}), "ingestion_definition:"),
            (json!({"name": "n", "access_control_list": []}), "access_control_list:"),
        ] {
            let refusal = Spec::read(spec.as_object().unwrap()).unwrap_err();
            assert!(refusal.contains(says), "{spec}: {refusal}");
        }
    }

    #[test]
    fn what_is_kept_is_what_was_given() {
        let given = json!({"name": "n", "run_as": {"user_name": "a"}, "dry_run": false, "future": [1]});
        let kept = kept(given.as_object().unwrap().clone(), "p");
        let expect = json!({"name": "n", "future": [1], "id": "p", "storage": "dbfs:/pipelines/p"});
        assert_eq!(Value::Object(kept.clone()), expect);
        let spec = Spec::read(&kept).unwrap();
        assert_eq!((spec.name.as_str(), spec.namespace), ("n", None));
        let published = json!({"name": "n", "catalog": "Main", "target": "Sales"});
        let spec = Spec::read(published.as_object().unwrap()).unwrap();
        let namespace = Namespace { catalog: "main".to_owned(), schema: "sales".to_owned() };
        assert_eq!(spec.namespace, Some(namespace));
    }
}
