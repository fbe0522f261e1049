//! list_clusters and get_cluster, and clusters as the API gives them.

use bricklayer_sdk::{Cut, Failure, Platform, Table, Workspace};
use serde::Deserialize;
use serde_json::Value;

use crate::types;

/// Where clusters live.
pub(crate) const CLUSTERS: &str = "/api/2.1/clusters";

/// Clusters given when the caller names no number, and at most.
const DEFAULT_LISTED: u32 = 100;
const MAX_LISTED: u32 = 500;

/// Clusters that are looked through at most.
pub(crate) const MAX_LOOKED_AT: usize = 2_000;

/// Clusters of one page.
const PAGE: &str = "100";

/// States that a list can be narrowed to.
const STATES: [&str; 8] =
    ["PENDING", "RUNNING", "RESTARTING", "RESIZING", "TERMINATING", "TERMINATED", "ERROR", "UNKNOWN"];

/// A cluster as the API gives it.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Found {
    #[serde(default)]
    pub(crate) cluster_id: String,
    #[serde(default)]
    pub(crate) cluster_name: String,
    #[serde(default)]
    pub(crate) state: String,
    #[serde(default)]
    state_message: Option<String>,
    #[serde(default)]
    pub(crate) creator_user_name: Option<String>,
    #[serde(default)]
    spark_version: Option<String>,
    #[serde(default)]
    node_type_id: Option<String>,
    #[serde(default)]
    num_workers: Option<u32>,
    #[serde(default)]
    autotermination_minutes: Option<u32>,
    #[serde(default)]
    pub(crate) single_user_name: Option<String>,
}

impl From<Found> for types::Cluster {
    fn from(found: Found) -> Self {
        let said = |text: Option<String>| text.filter(|text| !text.is_empty());
        Self {
            cluster_id: found.cluster_id,
            cluster_name: found.cluster_name,
            state: found.state,
            state_message: said(found.state_message),
            creator_user_name: said(found.creator_user_name),
            spark_version: said(found.spark_version),
            node_type_id: said(found.node_type_id),
            num_workers: found.num_workers,
            autotermination_minutes: found.autotermination_minutes,
            single_user_name: said(found.single_user_name),
        }
    }
}

/// All clusters that people made, in these states.
///
/// # Errors
/// A workspace that cannot be asked.
pub(crate) fn all(platform: &impl Platform, states: &[String]) -> Result<(Vec<Found>, bool), Failure> {
    let mut query =
        vec![("filter_by.cluster_sources", "UI"), ("filter_by.cluster_sources", "API"), ("page_size", PAGE)];
    query.extend(states.iter().map(|state| ("filter_by.cluster_states", state.as_str())));
    let pages = Workspace::new(platform).list(&format!("{CLUSTERS}/list"), &query, "clusters", MAX_LOOKED_AT)?;
    Ok((pages.items, pages.more))
}

/// Lists clusters.
///
/// # Errors
/// Bad arguments, or a workspace that cannot be asked.
pub(crate) fn list(
    platform: &impl Platform,
    request: types::ListClustersRequest,
) -> Result<types::ClusterList, Failure> {
    let limit = request.limit.unwrap_or(DEFAULT_LISTED);
    if limit == 0 || limit > MAX_LISTED {
        return Err(Failure::invalid("limit", format!("must be 1 to {MAX_LISTED}, is {limit}")));
    }
    let states: Vec<String> =
        request.states.unwrap_or_default().iter().map(|state| state.to_ascii_uppercase()).collect();
    if let Some(wrong) = states.iter().find(|state| !STATES.contains(&state.as_str())) {
        return Err(Failure::invalid("states", format!("{wrong} is none of {}", STATES.join(", "))));
    }
    let wanted = request.name.unwrap_or_default().to_lowercase();
    let (mut found, mut more) = all(platform, &states)?;
    found.retain(|cluster| cluster.cluster_name.to_lowercase().contains(&wanted));
    found.sort_by_key(|cluster| (cluster.state != "RUNNING", cluster.cluster_name.to_lowercase()));
    let total = found.len();
    more |= total > limit as usize;
    found.truncate(limit as usize);
    let rows: Vec<Vec<Option<String>>> = found
        .iter()
        .map(|cluster| {
            let own = cluster.single_user_name.clone().filter(|name| !name.is_empty());
            vec![
                Some(cluster.cluster_name.clone()),
                Some(cluster.cluster_id.clone()),
                Some(cluster.state.clone()),
                cluster.creator_user_name.clone(),
                own,
            ]
        })
        .collect();
    let count = match (more, rows.len()) {
        (true, shown) => format!("showing {shown} of {total} clusters or more; narrow with name or states"),
        (false, 1) => "1 cluster".to_owned(),
        (false, shown) => format!("{shown} clusters"),
    };
    let cut = Cut { rows: MAX_LISTED as usize, ..Cut::default() };
    let table = Table::render(&["name", "id", "state", "creator", "only for"], &rows, cut);
    let text = format!("{}\n\n({count})", table.text);
    Ok(types::ClusterList { text, clusters: found.into_iter().map(Into::into).collect(), more })
}

/// One cluster with all its settings.
///
/// # Errors
/// An unknown cluster, or a workspace that cannot be asked.
pub(crate) fn get(platform: &impl Platform, request: types::ClusterRequest) -> Result<types::ClusterDetails, Failure> {
    let (found, details) = one(platform, &request.cluster_id)?;
    let about = if found.state_message.as_deref().unwrap_or_default().is_empty() {
        String::new()
    } else {
        format!(" ({})", found.state_message.as_deref().unwrap_or_default())
    };
    let settings = serde_json::to_string_pretty(&details).unwrap_or_default();
    let text = format!("{} is {}{about}.\n\n```json\n{settings}\n```", shown(&found), found.state);
    Ok(types::ClusterDetails { text, cluster: found.into(), details: details.to_string() })
}

/// Name and id, for people.
pub(crate) fn shown(found: &Found) -> String {
    format!("{} ({})", found.cluster_name, found.cluster_id)
}

/// A cluster as it is known here and as the workspace gave it.
///
/// # Errors
/// As for [`get`].
pub(crate) fn one(platform: &impl Platform, id: &str) -> Result<(Found, Value), Failure> {
    let id = id.trim();
    if id.is_empty() {
        return Err(Failure::invalid("cluster_id", "is empty; list_clusters shows the ids"));
    }
    let details: Value =
        Workspace::new(platform).get(&format!("{CLUSTERS}/get"), &[("cluster_id", id)]).map_err(advise_unknown)?;
    let found = Found::deserialize(&details)
        .map_err(|e| Failure::new(bricklayer_sdk::Kind::Upstream, format!("the cluster has an unknown shape: {e}")))?;
    Ok((found, details))
}

/// Says where ids are found, of a cluster that there is not.
pub(crate) fn advise_unknown(failure: Failure) -> Failure {
    if failure.kind == bricklayer_sdk::Kind::NotFound {
        failure.advise("list_clusters shows the clusters that there are.")
    } else {
        failure
    }
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::Kind;
    use bricklayer_sdk::testing::Script;

    use super::*;

    const LIST: &str =
        "GET /api/2.1/clusters/list?filter_by.cluster_sources=UI&filter_by.cluster_sources=API&page_size=100";

    fn request(name: Option<&str>, states: Option<Vec<String>>, limit: Option<u32>) -> types::ListClustersRequest {
        types::ListClustersRequest { name: name.map(str::to_owned), states, limit }
    }

    #[test]
    fn pages_are_joined_and_running_ones_come_first() {
        let script = Script::new()
            .on(LIST, 200, r#"{"clusters":[{"cluster_id":"1","cluster_name":"Nightly","state":"TERMINATED"}],"next_page_token":"t"}"#)
            .on(
                &format!("{LIST}&page_token=t"),
                200,
                r#"{"clusters":[{"cluster_id":"2","cluster_name":"nightly 2","state":"RUNNING"},{"cluster_id":"3","cluster_name":"mine","state":"RUNNING"}]}"#,
            );
        let listed = list(&script, request(Some("NIGHT"), None, None)).unwrap();
        let ids: Vec<_> = listed.clusters.iter().map(|cluster| cluster.cluster_id.as_str()).collect();
        assert_eq!((ids, listed.more), (vec!["2", "1"], false));
        assert!(listed.text.ends_with("(2 clusters)"), "{}", listed.text);
        script.done();
        let script = Script::new().on(
            &format!("{LIST}&filter_by.cluster_states=RUNNING"),
            200,
            r#"{"clusters":[{"cluster_id":"1","state":"RUNNING"},{"cluster_id":"2","state":"RUNNING"}]}"#,
        );
        let listed = list(&script, request(None, Some(vec!["running".to_owned()]), Some(1))).unwrap();
        assert_eq!((listed.clusters.len(), listed.more), (1, true));
    }

    #[test]
    fn what_goes_wrong_is_said_with_advice() {
        let throttled = r#"{"error_code":"REQUEST_LIMIT_EXCEEDED","message":"slow down"}"#;
        let denied = r#"{"error_code":"PERMISSION_DENIED","message":"no"}"#;
        for (status, body, kind) in [(429, throttled, Kind::RateLimited), (403, denied, Kind::PermissionDenied)] {
            let failure = list(&Script::new().on(LIST, status, body), request(None, None, None)).unwrap_err();
            assert_eq!(failure.kind, kind);
        }
        for wrong in [request(None, Some(vec!["GONE".to_owned()]), None), request(None, None, Some(0))] {
            assert_eq!(list(&Script::new(), wrong).unwrap_err().kind, Kind::InvalidInput);
        }
        let unknown = r#"{"error_code":"INVALID_PARAMETER_VALUE","message":"Cluster c does not exist"}"#;
        let script = Script::new().on("GET /api/2.1/clusters/get?cluster_id=c", 400, unknown);
        let failure = get(&script, types::ClusterRequest { cluster_id: " c ".to_owned() }).unwrap_err();
        assert_eq!(failure.kind, Kind::NotFound);
        assert!(failure.message.ends_with("list_clusters shows the clusters that there are."), "{}", failure.message);
    }

    #[test]
    fn a_cluster_is_shown_whole() {
        let body = r#"{"cluster_id":"c","cluster_name":"n","state":"TERMINATED","state_message":"by a user","init_scripts":[1]}"#;
        let script = Script::new().on("GET /api/2.1/clusters/get?cluster_id=c", 200, body);
        let found = get(&script, types::ClusterRequest { cluster_id: "c".to_owned() }).unwrap();
        assert!(found.text.starts_with("n (c) is TERMINATED (by a user)."), "{}", found.text);
        assert!(found.details.contains("init_scripts"));
    }
}
