//! get_workspace.

use bricklayer_databricks::show::address;
use bricklayer_sdk::{Failure, Kind, Platform, Workspace, cut_text};
use serde::Deserialize;
use serde_json::Value;

use crate::types;

const ASSIGNMENT: &str = "/api/2.1/unity-catalog/current-metastore-assignment";
const SUMMARY: &str = "/api/2.1/unity-catalog/metastore_summary";

/// Endings of a workspace's host, and whose cloud it is in.
const CLOUDS: [(&str, &str); 3] =
    [("azuredatabricks.net", "azure"), ("gcp.databricks.com", "gcp"), ("cloud.databricks.com", "aws")];

/// Characters of a failure that the text repeats.
const SAID_CHARS: usize = 300;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Assignment {
    /// A number or a text.
    workspace_id: Value,
    metastore_id: Option<String>,
    default_catalog_name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Summary {
    name: Option<String>,
    metastore_id: Option<String>,
    cloud: Option<String>,
    region: Option<String>,
}

fn said(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// Which workspace it is. What Unity Catalog does not tell is left out: a workspace without it is one as well.
///
/// # Errors
/// A sign-in that is not taken, or a workspace that cannot be reached.
pub(crate) fn get(platform: &impl Platform) -> Result<types::WorkspaceInfo, Failure> {
    let host = platform.context().workspace_host.unwrap_or_default();
    let host = host.trim_end_matches('/').to_owned();
    let workspace = Workspace::new(platform);
    let mut missing = Vec::new();
    let assignment: Assignment = known(workspace.get(ASSIGNMENT, &[]), &mut missing)?;
    let summary: Summary = known(workspace.get(SUMMARY, &[]), &mut missing)?;
    let of_host = CLOUDS.iter().find(|(ending, _)| host.ends_with(ending)).map(|(_, cloud)| (*cloud).to_owned());
    let workspace_id = match &assignment.workspace_id {
        Value::Number(id) => Some(id.to_string()),
        Value::String(id) => said(Some(id.clone())),
        _ => None,
    };
    let info = types::WorkspaceInfo {
        text: String::new(),
        address: address(&host),
        workspace_id,
        cloud: of_host.or_else(|| said(summary.cloud).map(|cloud| cloud.to_lowercase())),
        region: said(summary.region),
        metastore_name: said(summary.name),
        metastore_id: said(summary.metastore_id).or_else(|| said(assignment.metastore_id)),
        default_catalog: said(assignment.default_catalog_name),
    };
    let mut lines = vec![format!("Workspace {}", info.address)];
    for (name, value) in [
        ("id", &info.workspace_id),
        ("cloud", &info.cloud),
        ("region", &info.region),
        ("metastore", &info.metastore_name),
        ("metastore id", &info.metastore_id),
        ("default catalog", &info.default_catalog),
    ] {
        lines.extend(value.as_ref().map(|value| format!("- {name}: {value}")));
    }
    lines.extend(missing.first().map(|why| format!("Unity Catalog does not tell all of it: {why}")));
    Ok(types::WorkspaceInfo { text: lines.join("\n"), ..info })
}

/// What an answer says, or nothing where Unity Catalog is not there or closed to the user; why goes to `missing`.
fn known<T: Default>(answer: Result<T, Failure>, missing: &mut Vec<String>) -> Result<T, Failure> {
    match answer {
        Err(failure)
            if matches!(failure.kind, Kind::NotFound | Kind::PermissionDenied | Kind::InvalidInput | Kind::Failed) =>
        {
            missing.push(cut_text(&failure.message, SAID_CHARS));
            Ok(T::default())
        }
        answer => answer,
    }
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::CallContext;
    use bricklayer_sdk::testing::Script;

    use super::*;

    fn script(host: &str) -> Script {
        Script::new().context(CallContext { workspace_host: Some(host.to_owned()), ..CallContext::default() })
    }

    #[test]
    fn what_is_known_is_told_and_what_is_not_is_left_out() {
        let assignment = r#"{"workspace_id":42,"metastore_id":"m","default_catalog_name":"main"}"#;
        let summary = r#"{"name":"prod","cloud":"azure","region":"westeurope"}"#;
        let found = get(&script("adb-1.2.azuredatabricks.net").on(&format!("GET {ASSIGNMENT}"), 200, assignment).on(
            &format!("GET {SUMMARY}"),
            200,
            summary,
        ))
        .unwrap();
        assert_eq!(
            found.text,
            "Workspace https://adb-1.2.azuredatabricks.net\n- id: 42\n- cloud: azure\n- region: westeurope\n- metastore: prod\n- metastore id: m\n- default catalog: main"
        );
        let none = r#"{"error_code":"METASTORE_DOES_NOT_EXIST","message":"No metastore assigned."}"#;
        let found = get(&script("x.cloud.databricks.com").on(&format!("GET {ASSIGNMENT}"), 404, none).on(
            &format!("GET {SUMMARY}"),
            404,
            none,
        ))
        .unwrap();
        assert_eq!((found.cloud.as_deref(), found.metastore_name), (Some("aws"), None));
        assert!(found.text.contains("No metastore assigned."), "{}", found.text);
        for (status, kind) in [(401, Kind::Unauthenticated), (503, Kind::Upstream), (429, Kind::RateLimited)] {
            let failure = get(&script("x").on(&format!("GET {ASSIGNMENT}"), status, "")).unwrap_err();
            assert_eq!(failure.kind, kind, "{status}");
        }
    }
}
