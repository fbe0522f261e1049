//! export_notebook.

use std::fs;

use bricklayer_databricks::download::{self, Existing, File};
use bricklayer_databricks::remote_path::{join, name, project_path, workspace_path};
use bricklayer_databricks::side_by_side;
use bricklayer_databricks::transfer::State;
use bricklayer_databricks::tree::{self, Object};
use bricklayer_sdk::{Errand, Failure, Kind, Method, Platform, Request, cut_text, encode_query, results};

use crate::types;

/// Characters that a model reads of a notebook; the rest is in the result, or in the project when it is written there.
const MAX_SHOWN_CHARS: usize = 64 * 1024;

/// Formats with how their files end and what they are; only text is shown.
const FORMATS: [(&str, &str, Option<&str>); 4] = [
    ("SOURCE", "", Some("text/plain")),
    ("JUPYTER", ".ipynb", Some("application/x-ipynb+json")),
    ("HTML", ".html", Some("text/html")),
    ("DBC", ".dbc", None),
];

/// Exports a notebook.
///
/// # Errors
/// Arguments that do not fit, no such notebook, a file that is there already, and what the workspace refuses.
pub(crate) fn export(
    platform: &impl Platform,
    request: types::ExportNotebookRequest,
) -> Result<types::ExportedNotebook, Failure> {
    let path = workspace_path("path", &request.path)?;
    let wanted = request.format.as_deref().unwrap_or("SOURCE").to_ascii_uppercase();
    let known = FORMATS.into_iter().find(|(name, ..)| *name == wanted);
    let (format, ending, media_type) =
        known.ok_or_else(|| Failure::invalid("format", "must be SOURCE, JUPYTER, HTML or DBC"))?;
    let object = tree::status(platform, &path)?;
    if !object.is_notebook() {
        let message = format!("{path} is a {}, not a notebook", object.object_type);
        return Err(Failure::new(Kind::InvalidInput, message).advise("download_file and download_folder take those."));
    }
    let query = [("path", path.as_str()), ("format", format), ("direct_download", "true")];
    let url = encode_query("/api/2.0/workspace/export", &query);
    match (&request.local_path, media_type) {
        (Some(local), _) => {
            let ending = if ending.is_empty() { object.source_ending() } else { ending };
            let local = place(local, &(name(&path).to_owned() + ending))?;
            to_file(platform, object, url, local, format, request.overwrite.unwrap_or(false))
        }
        (None, Some(media_type)) => to_result(platform, &path, url, format, media_type),
        (None, None) => Err(Failure::invalid("local_path", "DBC is no text; name a file to write it to")),
    }
}

fn place(local: &str, own: &str) -> Result<String, Failure> {
    match project_path("local_path", local)? {
        folder if folder.is_empty() => Ok(own.replace(['/', '\\'], "_")),
        folder if local.trim_end().ends_with('/') => Ok(join(&folder, &own.replace(['/', '\\'], "_"))),
        file => Ok(file),
    }
}

fn to_file(
    platform: &impl Platform,
    object: Object,
    url: String,
    local: String,
    format: &str,
    overwrite: bool,
) -> Result<types::ExportedNotebook, Failure> {
    let existing = if overwrite { Existing::Replaced } else { Existing::Kept };
    let file =
        File { url, local: local.clone(), remote: object.path.clone(), modified_ms: object.modified_at, bytes: None };
    let report = download::files_of(platform, &[file], existing);
    match report.transfers.first().map(|transfer| &transfer.state) {
        Some(State::Failed(failure)) => return Err(failure.clone()),
        Some(State::Done) => {}
        _ => return Err(Failure::new(Kind::Timeout, "the call's time was over before it came").retryable()),
    }
    let bytes = fs::metadata(platform.project().join(&local)).map_or(0, |found| found.len());
    Ok(types::ExportedNotebook {
        text: format!("{} is written to {local} as {format} ({bytes} bytes).", object.path),
        path: object.path,
        format: format.to_owned(),
        bytes,
        local_path: Some(local),
        result_id: None,
        truncated: false,
    })
}

fn to_result(
    platform: &impl Platform,
    path: &str,
    url: String,
    format: &str,
    media_type: &str,
) -> Result<types::ExportedNotebook, Failure> {
    let errand = Errand::Send(Request { method: Method::Get, path: url, body: None });
    let answer = side_by_side::one(platform, &errand)?;
    let bytes = answer.body.len() as u64;
    let content = String::from_utf8(answer.body).map_err(|_| {
        Failure::new(Kind::Failed, format!("{path} is no text in UTF-8")).advise("Write it to a file with local_path.")
    })?;
    let kept = results::text(media_type).title(path).open(platform).ok().and_then(|mut result| {
        result.append_bytes(content.as_bytes()).ok()?;
        let id = result.id().to_owned();
        result.finish().ok().map(|_| id)
    });
    let text = cut_text(&content, MAX_SHOWN_CHARS);
    let truncated = text != content;
    let format = format.to_owned();
    Ok(types::ExportedNotebook {
        text,
        path: path.to_owned(),
        format,
        bytes,
        local_path: None,
        result_id: kept,
        truncated,
    })
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::testing::Script;

    use super::*;

    const STATUS: &str = "GET /api/2.0/workspace/get-status?path=%2Fa%2Fb%20c";
    const NOTEBOOK: &str = r#"{"path":"/a/b c","object_type":"NOTEBOOK","language":"SQL"}"#;

    fn request() -> types::ExportNotebookRequest {
        types::ExportNotebookRequest {
            path: "/Workspace/a/b c".to_owned(),
            format: None,
            local_path: None,
            overwrite: None,
        }
    }

    fn url(format: &str) -> String {
        format!("GET /api/2.0/workspace/export?path=%2Fa%2Fb%20c&format={format}&direct_download=true")
    }

    #[test]
    fn content_is_shown_and_kept_as_a_result() {
        let script = Script::new().with_results().on(STATUS, 200, NOTEBOOK).on(&url("SOURCE"), 200, "-- x\r\nSELECT 1");
        let exported = export(&script, request()).unwrap();
        assert_eq!((exported.text.as_str(), exported.truncated, exported.bytes), ("-- x\r\nSELECT 1", false, 14));
        assert_eq!(
            (exported.result_id.as_deref(), script.results()[0].parts.concat().as_str()),
            (Some("result-0"), "-- x\r\nSELECT 1")
        );
        let long = "ä".repeat(MAX_SHOWN_CHARS + 1);
        let script = Script::new().on(STATUS, 200, NOTEBOOK).on(&url("HTML"), 200, &long);
        let exported =
            export(&script, types::ExportNotebookRequest { format: Some("html".to_owned()), ..request() }).unwrap();
        assert!(
            exported.truncated && exported.result_id.is_none() && exported.text.chars().count() == MAX_SHOWN_CHARS + 1
        );
    }

    #[test]
    fn a_file_gets_the_ending_of_its_format_and_is_not_replaced_unasked() {
        let folder = tempfile::tempdir().unwrap();
        let into = |local: &str, format: &str, overwrite| types::ExportNotebookRequest {
            local_path: Some(local.to_owned()),
            format: Some(format.to_owned()),
            overwrite: Some(overwrite),
            ..request()
        };
        for (local, format, file) in [
            ("out/", "SOURCE", "out/b c.sql"),
            ("out/", "JUPYTER", "out/b c.ipynb"),
            ("own.dbc", "DBC", "own.dbc"),
            (".", "HTML", "b c.html"),
        ] {
            let script = Script::new().project(folder.path()).on(STATUS, 200, NOTEBOOK).on(&url(format), 200, format);
            let exported = export(&script, into(local, format, false)).unwrap();
            script.done();
            assert_eq!(
                (exported.local_path.as_deref(), fs::read_to_string(folder.path().join(file)).unwrap().as_str()),
                (Some(file), format)
            );
        }
        let script = Script::new().project(folder.path()).on(STATUS, 200, NOTEBOOK);
        assert!(export(&script, into("own.dbc", "DBC", false)).unwrap_err().message.contains("set overwrite"));
        let script = Script::new().project(folder.path()).on(STATUS, 200, NOTEBOOK).on(&url("DBC"), 200, "new");
        export(&script, into("own.dbc", "DBC", true)).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("own.dbc")).unwrap(), "new");
    }

    #[test]
    fn what_cannot_be_exported_is_said() {
        let missing = r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Path (/a/b c) doesn't exist."}"#;
        let folder = r#"{"path":"/a/b c","object_type":"DIRECTORY"}"#;
        for (script, request, kind) in [
            (
                Script::new(),
                types::ExportNotebookRequest { format: Some("PDF".to_owned()), ..request() },
                Kind::InvalidInput,
            ),
            (Script::new(), types::ExportNotebookRequest { path: "a".to_owned(), ..request() }, Kind::InvalidInput),
            (Script::new().on(STATUS, 404, missing), request(), Kind::NotFound),
            (Script::new().on(STATUS, 200, folder), request(), Kind::InvalidInput),
            (
                Script::new().on(STATUS, 200, NOTEBOOK),
                types::ExportNotebookRequest { format: Some("DBC".to_owned()), ..request() },
                Kind::InvalidInput,
            ),
            (Script::new().on(STATUS, 200, NOTEBOOK).on(&url("SOURCE"), 403, ""), request(), Kind::PermissionDenied),
            (
                Script::new().on(STATUS, 200, NOTEBOOK),
                types::ExportNotebookRequest { local_path: Some("../x".to_owned()), ..request() },
                Kind::InvalidInput,
            ),
        ] {
            let failure = export(&script, request).unwrap_err();
            script.done();
            assert_eq!(failure.kind, kind, "{failure:?}");
        }
    }
}
