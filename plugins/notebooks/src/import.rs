//! import_notebook.

use std::fs;

use bricklayer_databricks::import::{self, Import};
use bricklayer_databricks::remote_path::{is_protected, parent, project_path, workspace_path};
use bricklayer_databricks::{side_by_side, tree};
use bricklayer_sdk::{Failure, Kind, Part, Platform, Workspace};
use serde_json::{Value, json};

use crate::{list, types};

/// Bytes of a notebook that the workspace takes.
const MAX_NOTEBOOK_BYTES: u64 = 10 * 1000 * 1000;

/// Languages with the endings of their files and the comment sign of their header.
const LANGUAGES: [(&str, &str, &str); 4] =
    [("PYTHON", "py", "#"), ("SQL", "sql", "--"), ("SCALA", "scala", "//"), ("R", "r", "#")];

/// What stands behind the comment sign in a notebook's first line.
const HEADER: &str = "Databricks notebook source";

/// Imports a notebook.
///
/// # Errors
/// Arguments that do not fit, no such file, something there already, and what the workspace refuses.
pub(crate) fn import(
    platform: &impl Platform,
    request: types::ImportNotebookRequest,
) -> Result<types::ImportedNotebook, Failure> {
    let path = workspace_path("path", &request.path)?;
    let (content, local) = match (request.content, &request.local_path) {
        (Some(content), None) => (Part::Bytes(content.into_bytes()), None),
        (None, Some(local)) => {
            let file = project_path("local_path", local)?;
            let found = fs::metadata(platform.project().join(&file)).ok().filter(fs::Metadata::is_file);
            let missing = || Failure::new(Kind::NotFound, format!("there is no file {file:?} in the project"));
            let bytes = found.ok_or_else(missing)?.len();
            (Part::File { file: file.clone(), bytes }, Some(file))
        }
        _ => return Err(Failure::invalid("content", "give either content or local_path")),
    };
    if content.bytes() > MAX_NOTEBOOK_BYTES {
        let message = format!("a notebook has at most 10 MB; this one has {} bytes", content.bytes());
        return Err(Failure::new(Kind::LimitExceeded, message));
    }
    let ending = local.as_deref().and_then(|file| file.rsplit_once('.')).map(|(_, ending)| ending.to_lowercase());
    let default = if ending.as_deref() == Some("ipynb") { "JUPYTER" } else { "SOURCE" };
    let format = request.format.as_deref().unwrap_or(default).to_ascii_uppercase();
    let language = match format.as_str() {
        "JUPYTER" => None,
        "SOURCE" => Some(language(platform, request.language.as_deref(), ending.as_deref(), &content)?),
        _ => return Err(Failure::invalid("format", "must be SOURCE or JUPYTER")),
    };
    let overwrite = request.overwrite.unwrap_or(false);
    if !is_protected(parent(&path)) {
        Workspace::new(platform).post::<Value>("/api/2.0/workspace/mkdirs", &json!({"path": parent(&path)}))?;
    }
    let import = Import { path: &path, format: &format, language, overwrite };
    side_by_side::one(platform, &import::errand(&import, content)).map_err(|failure| {
        let said = failure.message.to_lowercase();
        if said.contains("type mismatch") {
            failure.advise("Something that is no notebook is there: choose another path, or delete it first.")
        } else if !overwrite && said.contains("already exists") {
            failure.advise("Set overwrite to replace it.")
        } else {
            failure
        }
    })?;
    let notebook = list::notebook(tree::status(platform, &path)?);
    Ok(types::ImportedNotebook { text: format!("The notebook {path} is there, in {}.", notebook.language), notebook })
}

/// The language that is named, else that of the header, else that of the ending.
fn language(
    platform: &impl Platform,
    named: Option<&str>,
    ending: Option<&str>,
    content: &Part,
) -> Result<&'static str, Failure> {
    if let Some(named) = named {
        let known = LANGUAGES.into_iter().find(|(language, ..)| named.eq_ignore_ascii_case(language));
        let unknown = || Failure::invalid("language", "must be PYTHON, SQL, SCALA or R");
        return known.map(|(language, ..)| language).ok_or_else(unknown);
    }
    let head = match content {
        Part::Bytes(bytes) => bytes.get(..bytes.len().min(64)).unwrap_or_default().to_vec(),
        Part::File { file, .. } => {
            use std::io::Read as _;
            let mut head = Vec::new();
            if let Ok(file) = fs::File::open(platform.project().join(file)) {
                let _ = file.take(64).read_to_end(&mut head);
            }
            head
        }
    };
    let text = String::from_utf8_lossy(&head).into_owned();
    let line = text.trim_start_matches('\u{feff}').lines().next().unwrap_or_default().trim_end().to_owned();
    // Python's and R's headers are alike; the ending tells them apart.
    let by_ending = LANGUAGES.into_iter().find(|(_, known, _)| ending == Some(known));
    let by_header = LANGUAGES.into_iter().find(|(.., comment)| line == format!("{comment} {HEADER}"));
    let found = by_ending.or(by_header).map(|(language, ..)| language);
    found.ok_or_else(|| {
        Failure::invalid("language", "neither the content's first line nor a file's ending says it; name it")
    })
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::testing::Script;

    use super::*;

    const IMPORT: &str = "POST /api/2.0/workspace/import";
    const MKDIRS: &str = "POST /api/2.0/workspace/mkdirs";
    const STATUS: &str = "GET /api/2.0/workspace/get-status?path=%2FShared%2Fx%2Fa";
    const NOTEBOOK: &str = r#"{"path":"/Shared/x/a","object_type":"NOTEBOOK","language":"SQL"}"#;

    fn request() -> types::ImportNotebookRequest {
        types::ImportNotebookRequest {
            path: "/Shared/x/a".to_owned(),
            content: None,
            local_path: None,
            language: None,
            format: None,
            overwrite: None,
        }
    }

    fn of(content: &str) -> types::ImportNotebookRequest {
        types::ImportNotebookRequest { content: Some(content.to_owned()), ..request() }
    }

    #[test]
    fn the_language_is_found_and_the_bytes_stay() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.r"), "\u{feff}# Databricks notebook source\r\n").unwrap();
        fs::write(folder.path().join("b.ipynb"), "{}").unwrap();
        let local = |file: &str| types::ImportNotebookRequest { local_path: Some(file.to_owned()), ..request() };
        let named = types::ImportNotebookRequest { language: Some("sql".to_owned()), ..of("SELECT '----bricklayer'") };
        for (request, fields, content) in [
            (of("-- Databricks notebook source\nSELECT 1"), "SOURCE SQL", "SELECT 1"),
            (of("// Databricks notebook source"), "SOURCE SCALA", "// Databricks"),
            (local("a.r"), "SOURCE R", "\u{feff}# Databricks notebook source\r\n"),
            (local("b.ipynb"), "JUPYTER ", "{}"),
            (named, "SOURCE SQL", "SELECT '----bricklayer'"),
        ] {
            let script = Script::new()
                .project(folder.path())
                .on(MKDIRS, 200, "")
                .on(IMPORT, 200, "{}")
                .on(STATUS, 200, NOTEBOOK);
            import(&script, request).unwrap();
            script.done();
            let body = String::from_utf8(script.uploaded()[0].1.clone()).unwrap();
            let value = |name: &str| {
                let rest = body.split_once(&format!("name=\"{name}\"\r\n\r\n")).map_or("", |(_, rest)| rest);
                rest.split("\r\n").next().unwrap_or_default().to_owned()
            };
            assert_eq!(format!("{} {}", value("format"), value("language")), fields, "{body}");
            assert_eq!((value("path").as_str(), value("overwrite").as_str()), ("/Shared/x/a", "false"));
            assert!(body.contains(content), "{body}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let exists = r#"{"error_code":"RESOURCE_ALREADY_EXISTS","message":"NOTEBOOK at /Shared/x/a already exists."}"#;
        let mismatch = r#"{"error_code":"INVALID_PARAMETER_VALUE","message":"Cannot overwrite: type mismatch (asked: NOTEBOOK, actual: FILE)."}"#;
        let header = "-- Databricks notebook source\n";
        let both = types::ImportNotebookRequest { local_path: Some("a".to_owned()), ..of(header) };
        let nowhere = types::ImportNotebookRequest { local_path: Some("nosuch".to_owned()), ..request() };
        let odd = types::ImportNotebookRequest { format: Some("DBC".to_owned()), ..of(header) };
        let cobol = types::ImportNotebookRequest { language: Some("COBOL".to_owned()), ..of(header) };
        for (script, request, kind, says) in [
            (Script::new(), request(), Kind::InvalidInput, "either content or local_path"),
            (Script::new(), both, Kind::InvalidInput, "either content or local_path"),
            (Script::new(), nowhere, Kind::NotFound, "nosuch"),
            (Script::new(), odd, Kind::InvalidInput, "SOURCE or JUPYTER"),
            (Script::new(), cobol, Kind::InvalidInput, "PYTHON, SQL"),
            (Script::new(), of("print(1)"), Kind::InvalidInput, "name it"),
            (Script::new(), of(&"x".repeat(10_000_001)), Kind::LimitExceeded, "10 MB"),
            (Script::new().on(MKDIRS, 403, ""), of(header), Kind::PermissionDenied, ""),
            (
                Script::new().on(MKDIRS, 200, "").on(IMPORT, 400, exists),
                of(header),
                Kind::InvalidInput,
                "Set overwrite",
            ),
            (
                Script::new().on(MKDIRS, 200, "").on(IMPORT, 400, mismatch),
                of(header),
                Kind::InvalidInput,
                "no notebook is there",
            ),
        ] {
            let failure = import(&script, request).unwrap_err();
            script.done();
            assert!(failure.kind == kind && failure.message.contains(says), "{failure:?}");
        }
    }

    #[test]
    fn a_busy_workspace_is_asked_again() {
        let script =
            Script::new().on(MKDIRS, 200, "").on(IMPORT, 429, "").on(IMPORT, 200, "").on(STATUS, 200, NOTEBOOK);
        import(&script, of("-- Databricks notebook source\n")).unwrap();
        assert_eq!(script.sleeps().len(), 1);
        script.done();
    }
}
