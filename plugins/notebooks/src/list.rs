//! list_notebooks.

use bricklayer_databricks::remote_path::workspace_path;
use bricklayer_databricks::tree::{self, Object};
use bricklayer_sdk::{Cut, Failure, Platform, Table};

use crate::types;

/// Notebooks that are listed when nobody says, and at most.
const DEFAULT_LISTED: u32 = 500;
const MAX_LISTED: u32 = 5_000;

/// Objects of any kind that are looked at.
const MAX_OBJECTS: usize = 20_000;

/// Lists notebooks.
///
/// # Errors
/// An argument that is no path, no such folder, and a workspace that cannot be asked.
pub(crate) fn list(
    platform: &impl Platform,
    request: types::ListNotebooksRequest,
) -> Result<types::NotebookList, Failure> {
    let context = platform.context();
    let home = context.user.map(|user| format!("/Users/{user}"));
    let given = request.path.or(context.workspace_folder.filter(|folder| !folder.is_empty())).or(home);
    let path = workspace_path("path", given.as_deref().unwrap_or("/"))?;
    let limit = request.limit.unwrap_or(DEFAULT_LISTED);
    if limit == 0 || limit > MAX_LISTED {
        return Err(Failure::invalid("limit", format!("must be 1 to {MAX_LISTED}")));
    }
    let wanted = request.name.unwrap_or_default().to_lowercase();
    let found = tree::list(platform, &path, request.recursive.unwrap_or(true), MAX_OBJECTS)?;
    let fits = |object: &Object| object.is_notebook() && object.path.to_lowercase().contains(&wanted);
    let mut notebooks: Vec<_> = found.objects.into_iter().filter(fits).map(notebook).collect();
    let more = !found.whole || notebooks.len() > limit as usize;
    notebooks.truncate(limit as usize);
    let rows: Vec<_> = notebooks.iter().map(|one| vec![Some(one.path.clone()), Some(one.language.clone())]).collect();
    let table = Table::render(&["path", "language"], &rows, Cut::default());
    let mut text = if rows.is_empty() { format!("There are no such notebooks in {path}.") } else { table.text };
    if table.shown < rows.len() {
        text.push_str(&format!("\n\nShowing {} of {} notebooks; list a folder below.", table.shown, rows.len()));
    }
    if more {
        text.push_str("\n\nThere are more notebooks than these; list a folder below, or raise limit.");
    }
    let failed: Vec<_> = found.failed.iter().map(|(folder, why)| format!("{folder}: {why}")).collect();
    for why in failed.iter().take(10) {
        text.push_str(&format!("\nNot looked into: {why}"));
    }
    Ok(types::NotebookList { text, notebooks, more, failed })
}

pub(crate) fn notebook(object: Object) -> types::Notebook {
    types::Notebook {
        path: object.path,
        language: object.language.unwrap_or_default(),
        object_id: object.object_id,
        created_at: object.created_at,
        modified_at: object.modified_at,
    }
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::testing::Script;
    use bricklayer_sdk::{CallContext, Kind};

    use super::*;

    const LIST: &str = "GET /api/2.0/workspace/list?path=";

    fn request(more: types::ListNotebooksRequest) -> types::ListNotebooksRequest {
        more
    }

    fn anything() -> types::ListNotebooksRequest {
        types::ListNotebooksRequest { path: None, recursive: None, name: None, limit: None }
    }

    #[test]
    fn notebooks_of_all_folders_are_listed_in_order() {
        let context = CallContext {
            user: Some("me@x.io".to_owned()),
            time_left: std::time::Duration::from_secs(100),
            ..CallContext::default()
        };
        let script = || {
            Script::new()
                .context(context.clone())
                .on(
                    &format!("{LIST}%2FUsers%2Fme%40x.io"),
                    200,
                    r#"{"objects":[{"path":"/Users/me@x.io/z","object_type":"NOTEBOOK","language":"SQL","object_id":7},
                        {"path":"/Users/me@x.io/sub","object_type":"DIRECTORY"},
                        {"path":"/Users/me@x.io/a.txt","object_type":"FILE"}]}"#,
                )
                .on(
                    &format!("{LIST}%2FUsers%2Fme%40x.io%2Fsub"),
                    200,
                    r#"{"objects":[{"path":"/Workspace/Users/me@x.io/sub/Report","object_type":"NOTEBOOK","language":"R"}]}"#,
                )
        };
        let found = list(&script(), anything()).unwrap();
        let paths: Vec<_> = found.notebooks.iter().map(|one| (one.path.as_str(), one.language.as_str())).collect();
        assert_eq!(paths, [("/Users/me@x.io/sub/Report", "R"), ("/Users/me@x.io/z", "SQL")]);
        assert!(!found.more && found.text.contains("| /Users/me@x.io/z | SQL |"), "{}", found.text);
        let named = request(types::ListNotebooksRequest { name: Some("rePORT".to_owned()), ..anything() });
        assert_eq!(list(&script(), named).unwrap().notebooks.len(), 1);
        let one = request(types::ListNotebooksRequest { limit: Some(1), ..anything() });
        assert!(list(&script(), one).unwrap().more);
    }

    #[test]
    fn what_is_wrong_is_said_before_anything_is_asked() {
        for (change, kind) in [
            (types::ListNotebooksRequest { path: Some("relative".to_owned()), ..anything() }, Kind::InvalidInput),
            (types::ListNotebooksRequest { limit: Some(0), ..anything() }, Kind::InvalidInput),
            (types::ListNotebooksRequest { limit: Some(5001), ..anything() }, Kind::InvalidInput),
        ] {
            assert_eq!(list(&Script::new(), change).unwrap_err().kind, kind);
        }
        let refused = r#"{"error_code":"PERMISSION_DENIED","message":"no"}"#;
        let script = Script::new().on(&format!("{LIST}%2F"), 403, refused);
        assert_eq!(list(&script, anything()).unwrap_err().kind, Kind::PermissionDenied);
    }
}
