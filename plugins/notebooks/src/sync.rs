//! sync_workspace_to_local.

use bricklayer_databricks::download::{self, Existing};
use bricklayer_databricks::remote_path::{name, project_path, workspace_path};
use bricklayer_databricks::transfer::{State, Transfer};
use bricklayer_databricks::tree;
use bricklayer_sdk::{Failure, Platform};

use crate::types;

/// Objects of one call: protects its memory and the project.
const MAX_OBJECTS: usize = 5_000;

/// Brings a workspace folder into the project.
///
/// # Errors
/// Arguments that are no paths, and no such folder. What happens to a file is in the report.
pub(crate) fn sync(
    platform: &impl Platform,
    request: types::SyncWorkspaceToLocalRequest,
) -> Result<types::SyncReport, Failure> {
    let root = workspace_path("workspace_path", &request.workspace_path)?;
    let local = project_path("local_path", request.local_path.as_deref().unwrap_or_else(|| name(&root)))?;
    let found = tree::list(platform, &root, true, MAX_OBJECTS)?;
    let wanted = download::places(&root, &local, found.objects);
    let mut report = download::all(platform, &wanted, Existing::Updated);
    report.missing.extend(found.failed.iter().map(|(folder, why)| format!("{folder} could not be listed: {why}")));
    if !found.whole {
        report.missing.push(format!("Only {MAX_OBJECTS} objects come at once; bring its folders one by one."));
    }
    Ok(types::SyncReport {
        text: report.text("Downloaded", if local.is_empty() { "." } else { &local }),
        complete: report.is_complete(),
        total: report.transfers.len() as u32,
        done: report.done(),
        unchanged: report.unchanged(),
        failed: report.failed(),
        not_tried: report.not_tried(),
        transfers: report.named().into_iter().map(transfer).collect(),
    })
}

fn transfer(transfer: Transfer) -> types::Transfer {
    let (state, error) = match transfer.state {
        State::Done => (types::TransferState::Done, None),
        State::Unchanged => (types::TransferState::Unchanged, None),
        State::Failed(failure) => (types::TransferState::Failed, Some(failure.message)),
        State::NotTried => (types::TransferState::NotTried, None),
    };
    types::Transfer { local_path: transfer.local, remote_path: transfer.remote, state, bytes: transfer.bytes, error }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use bricklayer_sdk::CallContext;
    use bricklayer_sdk::testing::Script;

    use super::*;

    const LIST: &str = "GET /api/2.0/workspace/list?path=%2Fr";
    const OBJECTS: &str = r#"{"objects":[
        {"path":"/r/a","object_type":"NOTEBOOK","language":"SQL","modified_at":1000},
        {"path":"/r/a.sql","object_type":"FILE","size":3,"modified_at":1000},
        {"path":"/r/dash","object_type":"DASHBOARD"}]}"#;
    const A: &str = "GET /api/2.0/workspace/export?path=%2Fr%2Fa&format=SOURCE&direct_download=true";
    const A_SQL: &str = "GET /api/2.0/workspace/export?path=%2Fr%2Fa.sql&format=AUTO&direct_download=true";

    fn request() -> types::SyncWorkspaceToLocalRequest {
        types::SyncWorkspaceToLocalRequest { workspace_path: "/r".to_owned(), local_path: None }
    }

    #[test]
    fn what_is_new_comes_and_what_is_not_older_stays() {
        let folder = tempfile::tempdir().unwrap();
        let script = || Script::new().project(folder.path()).on(LIST, 200, OBJECTS);
        let first = script().on(A, 200, "one").on(A_SQL, 403, "no");
        let report = sync(&first, request()).unwrap();
        first.done();
        assert_eq!((report.done, report.failed, report.complete), (1, 1, false));
        assert_eq!(report.transfers[0].error.as_deref().map(|why| why.contains("no")), Some(true));
        assert_eq!(fs::read_to_string(folder.path().join("r/a.sql")).unwrap(), "one");
        // The second call goes on where the first one failed; a half file is not there.
        let second = script().on(A_SQL, 200, "two");
        let report = sync(&second, request()).unwrap();
        second.done();
        assert_eq!((report.done, report.unchanged, report.complete), (1, 1, true), "{}", report.text);
        let files: Vec<_> =
            fs::read_dir(folder.path().join("r")).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(files.len(), 2, "{files:?}");
        assert_eq!(fs::read_to_string(folder.path().join("r/a~2.sql")).unwrap(), "two");
    }

    #[test]
    fn what_the_time_does_not_reach_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let context = CallContext { time_left: Duration::from_secs(20), ..CallContext::default() };
        let script = Script::new().context(context).project(folder.path()).on(LIST, 200, OBJECTS);
        let script = script.slow(A, Duration::from_secs(16), 200, "one");
        let report = sync(&script, request()).unwrap();
        assert_eq!((report.done, report.not_tried, report.complete), (1, 1, false));
        assert!(report.text.contains("Call again"), "{}", report.text);
    }
}
