//! export_run: a notebook's run as pages for the user.

use bricklayer_databricks::project_file::write_text;
use bricklayer_databricks::remote_path::{join, project_path};
use bricklayer_sdk::results::{self, ResultError};
use bricklayer_sdk::{Failure, Kind, Platform, Workspace};
use serde::Deserialize;

use crate::types;
use crate::wire::{JOBS, of_run};

/// Pages of one run that are kept.
const MAX_VIEWS: usize = 20;

/// Characters of a page's name.
const NAME_CHARS: usize = 80;

#[derive(Debug, Deserialize)]
struct Export {
    #[serde(default)]
    views: Vec<View>,
}

#[derive(Debug, Deserialize)]
struct View {
    #[serde(default)]
    name: String,
    #[serde(default)]
    content: String,
}

/// Exports a run.
///
/// # Errors
/// No such run, one that is no notebook's, a file that is there already, a call whose results are kept nowhere.
pub(crate) fn export(
    platform: &impl Platform,
    request: types::ExportRunRequest,
) -> Result<types::ExportedRun, Failure> {
    let views = match request.views_to_export {
        None | Some(types::Views::Code) => "CODE",
        Some(types::Views::Dashboards) => "DASHBOARDS",
        Some(types::Views::All) => "ALL",
    };
    let folder = request.local_folder.as_deref().map(|folder| project_path("local_folder", folder)).transpose()?;
    let id = request.run_id.to_string();
    let query = [("run_id", id.as_str()), ("views_to_export", views)];
    let export: Export = Workspace::new(platform).get(&format!("{JOBS}/runs/export"), &query).map_err(of_run)?;
    if export.views.is_empty() {
        return Err(Failure::new(Kind::NotFound, format!("the run {id} has nothing to export")));
    }
    let (mut result_ids, mut names) = (Vec::new(), Vec::new());
    for view in export.views.iter().take(MAX_VIEWS) {
        let plain = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
        let name: String = view.name.chars().take(NAME_CHARS).map(plain).collect();
        let name = format!("{}.html", if name.is_empty() { format!("run-{id}") } else { name });
        match &folder {
            Some(folder) => {
                let file = if folder.is_empty() { name } else { join(folder, &name) };
                write_text(&platform.project(), &file, &view.content, request.overwrite == Some(true))?;
                names.push(file);
            }
            None => {
                result_ids.push(keep(platform, &id, &name, &view.content)?);
                names.push(name);
            }
        }
    }
    let (done, local_paths) = match folder {
        Some(_) => ("Written into the project", names.clone()),
        None => ("Kept as pages for the user", Vec::new()),
    };
    Ok(types::ExportedRun { text: format!("{done}: {}.", names.join(", ")), result_ids, local_paths })
}

/// Keeps one page as a result; its id.
fn keep(platform: &impl Platform, run: &str, name: &str, content: &str) -> Result<String, Failure> {
    let fault = |error: ResultError| match error {
        ResultError::Unavailable(why) => Failure::new(Kind::InvalidInput, format!("'{name}' cannot be kept: {why}"))
            .advise("Give local_folder to have it written into the project."),
        error => Failure::new(Kind::LimitExceeded, format!("'{name}' cannot be kept: {error}")),
    };
    let file = results::file(name, "text/html").title(format!("Run {run}: {name}"));
    let mut result = file.open(platform).map_err(fault)?;
    let id = result.id().to_owned();
    result.append_bytes(content.as_bytes()).map_err(fault)?;
    result.finish().map_err(fault)?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::testing::Script;

    use super::*;

    const LINE: &str = "GET /api/2.2/jobs/runs/export?run_id=7&views_to_export=CODE";
    const ANSWER: &str = r#"{"views":[{"name":"my notebook","type":"NOTEBOOK","content":"<html>x</html>"}]}"#;

    fn request() -> types::ExportRunRequest {
        types::ExportRunRequest { run_id: 7, views_to_export: None, local_folder: None, overwrite: None }
    }

    #[test]
    fn pages_are_kept_for_the_user() {
        let script = Script::new().with_results().on(LINE, 200, ANSWER);
        let exported = export(&script, request()).unwrap();
        assert_eq!((exported.result_ids, exported.local_paths), (vec!["result-0".to_owned()], vec![]));
        assert_eq!(script.results()[0].parts, ["<html>x</html>"]);
        assert_eq!(script.results()[0].about.file_name.as_deref(), Some("my_notebook.html"));
    }

    #[test]
    fn pages_are_written_into_the_project_and_not_replaced_unasked() {
        let folder = std::env::temp_dir().join(format!("bricklayer-export-run-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let into = |overwrite| types::ExportRunRequest {
            local_folder: Some("./out/pages".to_owned()),
            overwrite: Some(overwrite),
            ..request()
        };
        let script = || Script::new().project(&folder).on(LINE, 200, ANSWER);
        let exported = export(&script(), into(false)).unwrap();
        assert_eq!(exported.local_paths, ["out/pages/my_notebook.html"]);
        let page = folder.join("out/pages/my_notebook.html");
        assert_eq!(std::fs::read_to_string(&page).unwrap(), "<html>x</html>");
        std::fs::write(&page, "mine").unwrap();
        assert!(export(&script(), into(false)).unwrap_err().message.contains("set overwrite"));
        assert_eq!(std::fs::read_to_string(&page).unwrap(), "mine");
        export(&script(), into(true)).unwrap();
        assert_eq!(std::fs::read_to_string(&page).unwrap(), "<html>x</html>");
        let outside = types::ExportRunRequest { local_folder: Some("../x".to_owned()), ..request() };
        assert_eq!(export(&Script::new(), outside).unwrap_err().kind, Kind::InvalidInput);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_cannot_be_exported_says_why() {
        let failure = export(&Script::new().on(LINE, 200, "{}"), request()).unwrap_err();
        assert!(failure.message.contains("nothing to export"));
        let failure = export(&Script::new().on(LINE, 200, ANSWER), request()).unwrap_err();
        assert!(failure.message.contains("cannot be kept") && failure.message.contains("local_folder"), "{failure:?}");
    }
}
