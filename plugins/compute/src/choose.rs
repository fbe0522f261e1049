//! get_best_cluster, and which cluster code runs on.

use bricklayer_sdk::{Failure, Kind, Platform};

use crate::list::{Found, all, shown};
use crate::types;

/// Clusters named in advice.
const NAMED: usize = 5;

/// The cluster to run on and why.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Choice {
    pub(crate) id: String,
    /// When it was looked up.
    pub(crate) name: Option<String>,
    pub(crate) reason: String,
    /// Whether nobody named it, so that the answer says which it was.
    pub(crate) automatic: bool,
}

/// The cluster asked for, the project's default, or the best.
///
/// # Errors
/// When none is named and none can be used.
pub(crate) fn resolve(platform: &impl Platform, asked: Option<&str>) -> Result<Choice, Failure> {
    let named =
        |id: &str, reason: &str| Choice { id: id.to_owned(), name: None, reason: reason.to_owned(), automatic: false };
    if let Some(id) = asked.map(str::trim).filter(|id| !id.is_empty()) {
        return Ok(named(id, "asked for"));
    }
    if let Some(id) = platform.context().cluster.filter(|id| !id.is_empty()) {
        return Ok(named(&id, "the project's default"));
    }
    let user = platform.context().user;
    let (found, _) = all(platform, &[])?;
    let best = found
        .iter()
        .filter(|cluster| cluster.state == "RUNNING" && is_open(cluster, user.as_deref()))
        .min_by_key(|cluster| (tier(cluster).0, cluster.cluster_name.to_lowercase()));
    match best {
        Some(cluster) => Ok(Choice {
            id: cluster.cluster_id.clone(),
            name: Some(cluster.cluster_name.clone()),
            reason: format!("chosen automatically: {}", tier(cluster).1),
            automatic: true,
        }),
        None => Err(none(&found, user.as_deref())),
    }
}

/// The best running cluster.
///
/// # Errors
/// When none can be used; the message says what can be done.
pub(crate) fn best(platform: &impl Platform) -> Result<types::BestCluster, Failure> {
    let choice = resolve(platform, None)?;
    let name = choice.name.unwrap_or_default();
    let called = if name.is_empty() { choice.id.clone() } else { format!("{name} ({})", choice.id) };
    let text = format!("{called}, {}.", choice.reason);
    Ok(types::BestCluster { text, cluster_id: choice.id, cluster_name: name, reason: choice.reason })
}

/// Whether a cluster is nobody else's alone.
fn is_open(cluster: &Found, user: Option<&str>) -> bool {
    let only = cluster.single_user_name.as_deref().filter(|name| !name.is_empty());
    only.is_none_or(|only| Some(only) == user)
}

fn tier(cluster: &Found) -> (u8, &'static str) {
    let name = cluster.cluster_name.to_lowercase();
    if name.contains("shared") {
        (0, "running and shared")
    } else if name.contains("demo") {
        (1, "running, for demonstrations")
    } else {
        (2, "running")
    }
}

/// No cluster can be used: which could be started, and what else can be done.
fn none(found: &[Found], user: Option<&str>) -> Failure {
    let mut startable: Vec<&Found> =
        found.iter().filter(|c| matches!(c.state.as_str(), "TERMINATED" | "ERROR") && is_open(c, user)).collect();
    // One's own first.
    startable.sort_by_key(|cluster| {
        let own = user.is_some() && cluster.creator_user_name.as_deref() == user;
        (!own, cluster.cluster_name.to_lowercase())
    });
    let starting: Vec<&Found> =
        found.iter().filter(|c| matches!(c.state.as_str(), "PENDING" | "RESTARTING") && is_open(c, user)).collect();
    let others = found.iter().filter(|cluster| !is_open(cluster, user)).count();
    let named = |list: &[&Found]| list.iter().take(NAMED).map(|c| shown(c)).collect::<Vec<_>>().join(", ");
    let mut said = "no running cluster that the user may use.".to_owned();
    let mut advice = Vec::new();
    if !starting.is_empty() {
        advice.push(format!("Wait for {}, which is starting: get_cluster shows its state.", named(&starting)));
    }
    if !startable.is_empty() {
        advice.push(format!(
            "Ask the user whether to start one with start_cluster (3 to 8 minutes): {}.",
            named(&startable)
        ));
    }
    advice.push("For SQL use execute_sql, which needs no cluster.".to_owned());
    if startable.is_empty() && starting.is_empty() {
        advice.push("Or ask the user whether to make one with create_cluster, or for access to one.".to_owned());
    }
    for (n, line) in advice.iter().enumerate() {
        said.push_str(&format!("\n{}. {line}", n + 1));
    }
    if others > 0 {
        said.push_str(&format!("\n({others} clusters are for single other users and were left out.)"));
    }
    Failure::new(Kind::NotFound, said)
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::CallContext;
    use bricklayer_sdk::testing::Script;

    use super::*;

    pub(crate) const LIST: &str =
        "GET /api/2.1/clusters/list?filter_by.cluster_sources=UI&filter_by.cluster_sources=API&page_size=100";

    fn with(list: &str) -> Script {
        let context = CallContext { user: Some("me".to_owned()), ..CallContext::default() };
        Script::new().context(context).on(LIST, 200, list)
    }

    #[test]
    fn shared_ones_come_first_and_others_own_ones_not_at_all() {
        let list = r#"{"clusters":[
            {"cluster_id":"a","cluster_name":"Shared of another","state":"RUNNING","single_user_name":"you"},
            {"cluster_id":"b","cluster_name":"demo","state":"RUNNING"},
            {"cluster_id":"c","cluster_name":"shared","state":"TERMINATED"},
            {"cluster_id":"d","cluster_name":"The SHARED one","state":"RUNNING","single_user_name":"me"}]}"#;
        let found = best(&with(list)).unwrap();
        assert_eq!(
            (found.cluster_id.as_str(), found.reason.as_str()),
            ("d", "chosen automatically: running and shared")
        );
    }

    #[test]
    fn without_a_cluster_it_says_what_can_be_done() {
        let list = r#"{"clusters":[
            {"cluster_id":"a","cluster_name":"big","state":"TERMINATED"},
            {"cluster_id":"b","cluster_name":"x","state":"RUNNING","single_user_name":"you"},
            {"cluster_id":"c","cluster_name":"mine","state":"TERMINATED","creator_user_name":"me"},
            {"cluster_id":"d","cluster_name":"soon","state":"PENDING"}]}"#;
        let failure = best(&with(list)).unwrap_err();
        assert_eq!(failure.kind, Kind::NotFound);
        for said in [
            "1. Wait for soon (d)",
            "2. Ask the user",
            "mine (c), big (a)",
            "3. For SQL use execute_sql",
            "(1 clusters are for single other users",
        ] {
            assert!(failure.message.contains(said), "{said}: {}", failure.message);
        }
        assert!(best(&with("{}")).unwrap_err().message.contains("create_cluster"));
    }
}
