//! Folders of the workspace, with all that is in them.

use std::cell::RefCell;

use bricklayer_sdk::{Errand, Failure, Method, Platform, Request, encode_query};
use serde::Deserialize;

use crate::side_by_side;

/// Levels that are looked into: protects from folders that have no end.
const MAX_DEPTH: usize = 64;

/// Folders that one call looks into: each is a request.
const MAX_FOLDERS: usize = 2_000;

/// An object of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Object {
    /// In normal form, see [`workspace_path`](crate::remote_path::workspace_path).
    pub path: String,
    /// `NOTEBOOK`, `FILE`, `DIRECTORY`, `REPO`, `LIBRARY`, `DASHBOARD` and so on.
    pub object_type: String,
    /// Of a notebook: `PYTHON`, `SQL`, `SCALA`, `R`.
    pub language: Option<String>,
    /// Bytes of a file.
    pub size: Option<u64>,
    /// Its number.
    pub object_id: Option<u64>,
    /// Milliseconds since 1970.
    pub created_at: Option<u64>,
    /// Milliseconds since 1970.
    pub modified_at: Option<u64>,
    /// Of a notebook, where that was asked for: how it is stored, `SOURCE` or `JUPYTER`.
    pub repos_export_format: Option<String>,
}

/// What was found in a folder.
#[derive(Debug, Default)]
pub struct Found {
    /// In the order of paths.
    pub objects: Vec<Object>,
    /// Folders that could not be looked into, and why.
    pub failed: Vec<(String, String)>,
    /// Whether this is all that there is, but for what failed.
    pub whole: bool,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(default)]
    objects: Vec<Object>,
}

impl Object {
    /// Whether other objects can be in it.
    #[must_use]
    pub fn is_folder(&self) -> bool {
        matches!(self.object_type.as_str(), "DIRECTORY" | "REPO")
    }

    /// Whether it is a notebook.
    #[must_use]
    pub fn is_notebook(&self) -> bool {
        self.object_type == "NOTEBOOK"
    }

    /// How a notebook's source file ends, with the dot.
    #[must_use]
    pub fn source_ending(&self) -> &'static str {
        match self.language.as_deref() {
            Some("SQL") => ".sql",
            Some("SCALA") => ".scala",
            Some("R") => ".r",
            _ => ".py",
        }
    }
}

/// One object.
///
/// # Errors
/// Not there, not allowed, no answer.
pub fn status<P: Platform>(platform: &P, path: &str) -> Result<Object, Failure> {
    let path = encode_query("/api/2.0/workspace/get-status", &[("path", path)]);
    let answer = side_by_side::one(platform, &Errand::Send(Request { method: Method::Get, path, body: None }))?;
    let mut object: Object = answer.json()?;
    object.path = plain(object.path);
    Ok(object)
}

/// Several objects, looked at side by side, with how notebooks are stored.
pub fn statuses<P: Platform>(platform: &P, paths: &[String]) -> Vec<Result<Object, Failure>> {
    let errand = |item: usize| {
        let path = paths.get(item).map_or("/", String::as_str);
        let query = [("path", path), ("return_export_info", "true")];
        let path = encode_query("/api/2.0/workspace/get-status", &query);
        Errand::Send(Request { method: Method::Get, path, body: None })
    };
    side_by_side::all(platform, paths.len(), errand)
        .into_iter()
        .map(|answer| {
            let object: Object = answer?.json()?;
            Ok(Object { path: plain(object.path), ..object })
        })
        .collect()
}

/// What is in a folder, or what is anywhere below it, at most `most` objects. A folder below that cannot be looked into
/// is told and does not fail the others.
///
/// # Errors
/// The folder itself cannot be listed.
pub fn list<P: Platform>(platform: &P, root: &str, recursive: bool, most: usize) -> Result<Found, Failure> {
    let mut found = Found { whole: true, ..Found::default() };
    let (mut level, mut looked) = (vec![root.to_owned()], 0);
    for depth in 0..=MAX_DEPTH {
        let room = MAX_FOLDERS.saturating_sub(looked);
        found.whole &= level.len() <= room && depth < MAX_DEPTH;
        level.truncate(room);
        looked += level.len();
        let answers = RefCell::new(Vec::new());
        let left = side_by_side::each(
            platform,
            level.len(),
            |item| list_errand(level.get(item).map_or("/", String::as_str)),
            |item, answer| answers.borrow_mut().push((item, answer.and_then(|answer| answer.json::<Listed>()))),
        );
        found.whole &= left.is_empty();
        let mut below = Vec::new();
        for (item, answer) in answers.into_inner() {
            let folder = level.get(item).cloned().unwrap_or_default();
            match answer {
                Ok(listed) => {
                    for object in listed.objects {
                        let object = Object { path: plain(object.path), ..object };
                        // A file lists itself, and is nothing to look into.
                        if object.is_folder() && object.path != folder {
                            below.push(object.path.clone());
                        }
                        found.objects.push(object);
                    }
                }
                Err(failure) if depth == 0 => return Err(failure.doing(format!("listing {folder}"))),
                Err(failure) => found.failed.push((folder, failure.message)),
            }
        }
        if !recursive || below.is_empty() || found.objects.len() > most {
            found.whole &= found.objects.len() <= most;
            break;
        }
        if depth == 0 || below.len() > 8 {
            platform.progress(&format!("found {} objects", found.objects.len()), None, None);
        }
        level = below;
    }
    found.objects.sort_by(|a, b| a.path.cmp(&b.path));
    found.failed.sort();
    found.objects.truncate(most);
    Ok(found)
}

fn list_errand(folder: &str) -> Errand {
    let path = encode_query("/api/2.0/workspace/list", &[("path", folder)]);
    Errand::Send(Request { method: Method::Get, path, body: None })
}

/// Without the alias, however the workspace spells.
fn plain(path: String) -> String {
    match path.strip_prefix("/Workspace") {
        Some("") => "/".to_owned(),
        Some(rest) if rest.starts_with('/') => rest.to_owned(),
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::Kind;
    use bricklayer_sdk::testing::Script;

    use super::*;

    fn listed(objects: &[(&str, &str)]) -> String {
        let object =
            |(path, kind): &(&str, &str)| serde_json::json!({"path": path, "object_type": kind, "object_id": 1});
        serde_json::json!({"objects": objects.iter().map(object).collect::<Vec<_>>()}).to_string()
    }

    #[test]
    fn folders_are_looked_into_and_a_closed_one_is_told() {
        let script = Script::new()
            .on(
                "GET /api/2.0/workspace/list?path=%2Fa",
                200,
                &listed(&[("/Workspace/a/z", "NOTEBOOK"), ("/a/c", "DIRECTORY"), ("/a/b", "DIRECTORY")]),
            )
            .on(
                "GET /api/2.0/workspace/list?path=%2Fa%2Fc",
                403,
                r#"{"error_code":"PERMISSION_DENIED","message":"no"}"#,
            )
            .on("GET /api/2.0/workspace/list?path=%2Fa%2Fb", 200, &listed(&[("/a/b/x y", "FILE")]));
        let found = list(&script, "/a", true, 100).unwrap();
        script.done();
        let paths: Vec<_> = found.objects.iter().map(|object| object.path.as_str()).collect();
        assert_eq!(paths, ["/a/b", "/a/b/x y", "/a/c", "/a/z"]);
        assert!(found.failed[0].0 == "/a/c" && found.failed[0].1.contains("PERMISSION_DENIED"), "{found:?}");
        assert!(found.whole);
    }

    #[test]
    fn a_list_that_is_cut_says_so() {
        let one = || listed(&[("/a/x", "FILE"), ("/a/y", "FILE")]);
        let script = Script::new().on("GET /api/2.0/workspace/list?path=%2Fa", 200, &one());
        let found = list(&script, "/a", false, 1).unwrap();
        assert!(!found.whole && found.objects.len() == 1);
        // A file lists itself.
        let script = Script::new().on("GET /api/2.0/workspace/list?path=%2Fa", 200, &listed(&[("/a", "NOTEBOOK")]));
        assert!(list(&script, "/a", true, 10).unwrap().whole);
    }

    #[test]
    fn a_folder_that_is_not_there_is_a_failure() {
        let body = r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Path (/a) doesn't exist."}"#;
        let script = Script::new().on("GET /api/2.0/workspace/list?path=%2Fa", 404, body);
        let failure = list(&script, "/a", true, 10).unwrap_err();
        assert_eq!(failure.kind, Kind::NotFound);
    }
}
