//! Folders of the workspace: listing, looking, making, deleting.

use bricklayer_databricks::remote_path::{is_protected, workspace_path};
use bricklayer_databricks::tree::{self, Object};
use bricklayer_sdk::{Cut, Failure, Kind, Platform, Table, Workspace};
use serde_json::{Value, json};

use crate::types;

/// Objects that are listed when nobody says, and at most.
const DEFAULT_LISTED: u32 = 1_000;
const MAX_LISTED: u32 = 10_000;

/// Lists a folder.
///
/// # Errors
/// An argument that is no path, no such folder, and a workspace that cannot be asked.
pub(crate) fn list(
    platform: &impl Platform,
    request: types::ListWorkspaceRequest,
) -> Result<types::WorkspaceList, Failure> {
    let path = match (request.path, platform.context()) {
        (Some(path), _) => path,
        (None, context) => match (context.workspace_folder, context.user) {
            (Some(folder), _) if !folder.is_empty() => folder,
            (_, Some(user)) => format!("/Users/{user}"),
            _ => "/".to_owned(),
        },
    };
    let path = workspace_path("path", &path)?;
    let limit = limit(request.limit, DEFAULT_LISTED, MAX_LISTED)?;
    let found = tree::list(platform, &path, request.recursive.unwrap_or(false), limit)?;
    let rows: Vec<_> = found.objects.iter().map(row).collect();
    let table = Table::render(&["path", "type", "language", "size"], &rows, Cut::default());
    let mut text = if rows.is_empty() { format!("{path} is empty.") } else { table.text };
    if table.shown < rows.len() {
        text.push_str(&format!("\n\nShowing {} of {} objects; list a folder below.", table.shown, rows.len()));
    }
    if !found.whole {
        text.push_str("\n\nThere are more objects than these; list a folder below, or raise limit.");
    }
    let failed: Vec<_> = found.failed.iter().map(|(folder, why)| format!("{folder}: {why}")).collect();
    for why in failed.iter().take(10) {
        text.push_str(&format!("\nNot looked into: {why}"));
    }
    Ok(types::WorkspaceList {
        text,
        objects: found.objects.into_iter().map(object).collect(),
        more: !found.whole,
        failed,
    })
}

/// Tells what a path is.
///
/// # Errors
/// An argument that is no path, no such object, and a workspace that cannot be asked.
pub(crate) fn get(platform: &impl Platform, request: types::PathRequest) -> Result<types::ObjectResult, Failure> {
    let found = tree::status(platform, &workspace_path("path", &request.path)?)?;
    let language = found.language.as_deref().map(|language| format!(" in {language}")).unwrap_or_default();
    let size = found.size.map(|size| format!(" of {size} bytes")).unwrap_or_default();
    let text = format!("{}: {}{language}{size}.", found.path, found.object_type);
    Ok(types::ObjectResult { text, object: object(found) })
}

/// Makes a folder.
///
/// # Errors
/// An argument that is no path, something else in the way, and what the workspace refuses.
pub(crate) fn make_folder(
    platform: &impl Platform,
    request: types::PathRequest,
) -> Result<types::ChangeResult, Failure> {
    let path = workspace_path("path", &request.path)?;
    Workspace::new(platform).post::<Value>("/api/2.0/workspace/mkdirs", &json!({"path": path}))?;
    Ok(types::ChangeResult { text: format!("The folder {path} is there."), path })
}

/// Deletes an object.
///
/// # Errors
/// A path that everything stands on, no such object, a folder that is not empty, and what the workspace refuses.
pub(crate) fn delete(
    platform: &impl Platform,
    request: types::DeleteWorkspaceObjectRequest,
) -> Result<types::ChangeResult, Failure> {
    let path = workspace_path("path", &request.path)?;
    if is_protected(&path) {
        let message = format!("{path} is a folder that the workspace or somebody's home stands on; it is not deleted");
        return Err(Failure::new(Kind::Denied, message).advise("Delete what is in it, one by one."));
    }
    let body = json!({"path": path, "recursive": request.recursive.unwrap_or(false)});
    let deleted = Workspace::new(platform).post::<Value>("/api/2.0/workspace/delete", &body);
    deleted.map_err(|failure| match failure.code.as_deref() {
        Some("DIRECTORY_NOT_EMPTY") => failure.advise("Set recursive to delete it with all that is in it."),
        _ => failure,
    })?;
    Ok(types::ChangeResult { text: format!("{path} is deleted."), path })
}

/// A limit within its bounds.
///
/// # Errors
/// Zero, or more than there may be.
pub(crate) fn limit(given: Option<u32>, default: u32, most: u32) -> Result<usize, Failure> {
    match given.unwrap_or(default) {
        0 => Err(Failure::invalid("limit", "must be at least 1")),
        limit if limit > most => Err(Failure::invalid("limit", format!("must be at most {most}"))),
        limit => Ok(limit as usize),
    }
}

fn row(object: &Object) -> Vec<Option<String>> {
    let size = object.size.map(|size| size.to_string());
    vec![Some(object.path.clone()), Some(object.object_type.clone()), object.language.clone(), size]
}

fn object(object: Object) -> types::WorkspaceObject {
    types::WorkspaceObject {
        path: object.path,
        object_type: object.object_type,
        object_id: object.object_id,
        language: object.language,
        size: object.size,
        created_at: object.created_at,
        modified_at: object.modified_at,
    }
}
