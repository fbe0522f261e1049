//! export_run: a notebook's run as pages for the user.

use bricklayer_sdk::{Failure, Kind, Platform, Workspace, results};
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
/// No such run, one that is no notebook's, a call whose results are not kept.
pub(crate) fn export(
    platform: &impl Platform,
    request: types::ExportRunRequest,
) -> Result<types::ExportedRun, Failure> {
    let views = match request.views_to_export {
        None | Some(types::Views::Code) => "CODE",
        Some(types::Views::Dashboards) => "DASHBOARDS",
        Some(types::Views::All) => "ALL",
    };
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
        let name = if name.is_empty() { format!("run-{id}") } else { name };
        let kept = |error: results::ResultError| {
            Failure::new(Kind::LimitExceeded, format!("the page '{name}' cannot be kept: {error}"))
        };
        let file = results::file(format!("{name}.html"), "text/html").title(format!("Run {id}: {name}"));
        let mut result = file.open(platform).map_err(kept)?;
        let page_id = result.id().to_owned();
        result.append_bytes(view.content.as_bytes()).map_err(kept)?;
        result.finish().map_err(kept)?;
        result_ids.push(page_id);
        names.push(name);
    }
    let text = format!("Kept as pages for the user: {}.", names.join(", "));
    Ok(types::ExportedRun { text, result_ids })
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::testing::Script;

    use super::*;

    const LINE: &str = "GET /api/2.2/jobs/runs/export?run_id=7&views_to_export=CODE";

    fn request() -> types::ExportRunRequest {
        types::ExportRunRequest { run_id: 7, views_to_export: None }
    }

    #[test]
    fn pages_are_kept_for_the_user() {
        let answer = r#"{"views":[{"name":"my notebook","type":"NOTEBOOK","content":"<html>x</html>"}]}"#;
        let script = Script::new().with_results().on(LINE, 200, answer);
        let exported = export(&script, request()).unwrap();
        assert_eq!(exported.result_ids, ["result-0"]);
        assert_eq!(script.results()[0].parts, ["<html>x</html>"]);
        assert_eq!(script.results()[0].about.file_name.as_deref(), Some("my_notebook.html"));
    }

    #[test]
    fn what_cannot_be_exported_says_why() {
        let failure = export(&Script::new().on(LINE, 200, "{}"), request()).unwrap_err();
        assert!(failure.message.contains("nothing to export"));
        let answer = r#"{"views":[{"name":"n","content":"x"}]}"#;
        let failure = export(&Script::new().on(LINE, 200, answer), request()).unwrap_err();
        assert!(failure.message.contains("cannot be kept"), "{}", failure.message);
    }
}
