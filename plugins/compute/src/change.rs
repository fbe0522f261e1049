//! create_cluster, modify_cluster, start_cluster, terminate_cluster and delete_cluster.

use bricklayer_sdk::{Failure, Kind, Platform, Workspace};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::list::{CLUSTERS, Found, advise_unknown, one, shown};
use crate::offers::{usual_node_type, usual_version};
use crate::types;

/// Minutes without work after which a new cluster ends when nobody says.
const AUTOTERMINATION_MINUTES: u32 = 60;

/// What the workspace tells of a cluster that is none of its settings. What it tells beside these is sent back as it
/// came, so that a change loses nothing.
const NO_SETTINGS: [&str; 24] = [
    "state",
    "state_message",
    "creator_user_name",
    "cluster_source",
    "start_time",
    "terminated_time",
    "last_state_loss_time",
    "last_activity_time",
    "last_restarted_time",
    "cluster_memory_mb",
    "cluster_cores",
    "default_tags",
    "driver",
    "executors",
    "spark_context_id",
    "jdbc_port",
    "termination_reason",
    "cluster_log_status",
    "init_scripts_safe_mode",
    "effective_spark_version",
    "disk_spec",
    "pinned_by_user_name",
    "instance_source",
    "spec",
];

#[derive(Deserialize)]
struct Created {
    cluster_id: String,
}

type Settings = Map<String, Value>;

/// Makes a cluster.
///
/// # Errors
/// Bad arguments, or a workspace that refuses.
pub(crate) fn create(
    platform: &impl Platform,
    request: types::CreateClusterRequest,
) -> Result<types::ClusterChange, Failure> {
    let name = request.cluster_name.trim().to_owned();
    if name.is_empty() {
        return Err(Failure::invalid("cluster_name", "is empty"));
    }
    let mut settings = further(request.settings.as_deref())?;
    let workers = Workers::read(request.num_workers, request.autoscale_min_workers, request.autoscale_max_workers)?;
    settings.insert("cluster_name".to_owned(), name.clone().into());
    match request.spark_version {
        Some(version) => drop(settings.insert("spark_version".to_owned(), version.into())),
        None if settings.contains_key("spark_version") => {}
        None => drop(settings.insert("spark_version".to_owned(), usual_version(platform)?.into())),
    }
    let pooled = settings.contains_key("instance_pool_id");
    match request.node_type_id {
        Some(kind) => drop(settings.insert("node_type_id".to_owned(), kind.into())),
        None if pooled || settings.contains_key("node_type_id") => {}
        None => drop(settings.insert("node_type_id".to_owned(), usual_node_type(platform)?.into())),
    }
    let given = settings.contains_key("num_workers") || settings.contains_key("autoscale");
    match workers {
        Some(workers) => workers.put(&mut settings),
        None if given => {}
        None => Workers::Fixed(1).put(&mut settings),
    }
    let minutes = request.autotermination_minutes;
    if minutes.is_some() || !settings.contains_key("autotermination_minutes") {
        settings.insert("autotermination_minutes".to_owned(), minutes.unwrap_or(AUTOTERMINATION_MINUTES).into());
    }
    let mode = request.data_security_mode;
    if mode.is_some() || !settings.contains_key("data_security_mode") {
        settings.insert("data_security_mode".to_owned(), mode.unwrap_or_else(|| "SINGLE_USER".to_owned()).into());
    }
    let created: Created =
        Workspace::new(platform).post(&format!("{CLUSTERS}/create"), &settings).map_err(|failure| {
            // The request may have arrived although its answer did not.
            if matches!(failure.kind, Kind::Timeout | Kind::Upstream) {
                let mut failure = failure.advise(format!(
                    "Whether the cluster was made is not known: look for '{name}' with list_clusters first."
                ));
                failure.retryable = false;
                failure
            } else {
                failure
            }
        })?;
    let id = created.cluster_id;
    let text = format!(
        "The cluster {name} ({id}) is being made and starts, which takes 3 to 8 minutes; get_cluster shows when it runs."
    );
    Ok(types::ClusterChange { text, cluster_id: id, state: "PENDING".to_owned() })
}

/// Changes some settings and sends all others back as they came.
///
/// # Errors
/// Bad arguments, an unknown cluster, or a workspace that refuses.
pub(crate) fn modify(
    platform: &impl Platform,
    request: types::ModifyClusterRequest,
) -> Result<types::ClusterChange, Failure> {
    let changed = further(request.settings.as_deref())?;
    let workers = Workers::read(request.num_workers, request.autoscale_min_workers, request.autoscale_max_workers)?;
    let texts = [
        ("cluster_name", request.cluster_name),
        ("spark_version", request.spark_version),
        ("node_type_id", request.node_type_id),
    ];
    let nothing = changed.is_empty()
        && workers.is_none()
        && texts.iter().all(|(_, text)| text.is_none())
        && request.autotermination_minutes.is_none();
    if nothing {
        return Err(Failure::invalid("settings", "nothing is to be changed; name at least one setting"));
    }
    let (found, details) = one(platform, &request.cluster_id)?;
    let mut settings = settings_of(details);
    for (name, value) in changed {
        if value.is_null() {
            settings.remove(&name);
        } else {
            settings.insert(name, value);
        }
    }
    for (name, text) in texts {
        if let Some(text) = text {
            // The driver goes with the workers where it went with them before.
            let same = settings.get("driver_node_type_id") == settings.get("node_type_id");
            if name == "node_type_id" && same && settings.contains_key("driver_node_type_id") {
                settings.insert("driver_node_type_id".to_owned(), text.clone().into());
            }
            settings.insert(name.to_owned(), text.into());
        }
    }
    if let Some(workers) = workers {
        workers.put(&mut settings);
    }
    if let Some(minutes) = request.autotermination_minutes {
        settings.insert("autotermination_minutes".to_owned(), minutes.into());
    }
    settings.insert("cluster_id".to_owned(), found.cluster_id.clone().into());
    Workspace::new(platform).post::<Value>(&format!("{CLUSTERS}/edit"), &settings)?;
    let runs = found.state == "RUNNING";
    let (state, next) = if runs {
        ("RESTARTING", "It restarts now with its new settings; get_cluster shows when it runs.")
    } else {
        (found.state.as_str(), "They hold from its next start.")
    };
    let text = format!("The settings of {} are changed. {next}", shown(&found));
    Ok(types::ClusterChange { text, state: state.to_owned(), cluster_id: found.cluster_id })
}

/// The settings of a cluster, as they are sent back.
fn settings_of(details: Value) -> Settings {
    let Value::Object(mut fields) = details else { return Settings::new() };
    fields.retain(|name, _| !NO_SETTINGS.contains(&name.as_str()));
    // Of the two ways to say how many workers there are, the number follows the load beside the other.
    if fields.contains_key("autoscale") {
        fields.remove("num_workers");
    }
    fields
}

/// Starts a cluster.
///
/// # Errors
/// An unknown cluster, or a workspace that refuses.
pub(crate) fn start(platform: &impl Platform, request: types::ClusterRequest) -> Result<types::ClusterChange, Failure> {
    let (found, _) = one(platform, &request.cluster_id)?;
    let name = shown(&found);
    match found.state.as_str() {
        "RUNNING" | "RESIZING" => Ok(unchanged(found, format!("{name} runs already."))),
        "PENDING" | "RESTARTING" => {
            Ok(unchanged(found, format!("{name} is starting already; get_cluster shows when it runs.")))
        }
        "TERMINATING" => Err(Failure::new(
            Kind::Failed,
            format!("{name} is still terminating; start it once get_cluster shows TERMINATED."),
        )
        .retryable()),
        _ => {
            act(platform, "start", &found)?;
            let text = format!("{name} starts, which takes 3 to 8 minutes; get_cluster shows when it runs.");
            Ok(types::ClusterChange { text, cluster_id: found.cluster_id, state: "PENDING".to_owned() })
        }
    }
}

/// Terminates a cluster.
///
/// # Errors
/// As for [`start`].
pub(crate) fn terminate(
    platform: &impl Platform,
    request: types::ClusterRequest,
) -> Result<types::ClusterChange, Failure> {
    let (found, _) = one(platform, &request.cluster_id)?;
    let name = shown(&found);
    if matches!(found.state.as_str(), "TERMINATING" | "TERMINATED") {
        return Ok(unchanged(found, format!("{name} is terminated already.")));
    }
    act(platform, "delete", &found)?;
    let text = format!("{name} is terminating: what ran on it ends. start_cluster brings it back with its settings.");
    Ok(types::ClusterChange { text, cluster_id: found.cluster_id, state: "TERMINATING".to_owned() })
}

/// Deletes a cluster for good.
///
/// # Errors
/// As for [`start`].
pub(crate) fn delete(
    platform: &impl Platform,
    request: types::ClusterRequest,
) -> Result<types::ClusterChange, Failure> {
    let (found, _) = one(platform, &request.cluster_id)?;
    act(platform, "permanent-delete", &found)?;
    let text = format!("{} is deleted for good, with its settings.", shown(&found));
    Ok(types::ClusterChange { text, cluster_id: found.cluster_id, state: "DELETED".to_owned() })
}

fn act(platform: &impl Platform, action: &str, found: &Found) -> Result<(), Failure> {
    let body = json!({"cluster_id": found.cluster_id});
    Workspace::new(platform).post::<Value>(&format!("{CLUSTERS}/{action}"), &body).map_err(advise_unknown)?;
    Ok(())
}

fn unchanged(found: Found, text: String) -> types::ClusterChange {
    types::ClusterChange { text, cluster_id: found.cluster_id, state: found.state }
}

/// Further settings of the API.
fn further(text: Option<&str>) -> Result<Settings, Failure> {
    match text.map(serde_json::from_str::<Value>) {
        None | Some(Ok(Value::Null)) => Ok(Settings::new()),
        Some(Ok(Value::Object(settings))) => Ok(settings),
        Some(_) => Err(Failure::invalid("settings", "must be an object of settings of the clusters API")),
    }
}

/// How many workers.
#[derive(Debug, Clone, Copy)]
enum Workers {
    Fixed(u32),
    Between(u32, u32),
}

impl Workers {
    fn read(fixed: Option<u32>, min: Option<u32>, max: Option<u32>) -> Result<Option<Self>, Failure> {
        match (fixed, min, max) {
            (None, None, None) => Ok(None),
            (Some(workers), None, None) => Ok(Some(Self::Fixed(workers))),
            (None, Some(min), Some(max)) if min <= max => Ok(Some(Self::Between(min, max))),
            (Some(_), ..) => Err(Failure::invalid(
                "num_workers",
                "cannot be given together with autoscale_min_workers or autoscale_max_workers",
            )),
            _ => Err(Failure::invalid(
                "autoscale_min_workers",
                "must be given together with autoscale_max_workers, and be no more than that",
            )),
        }
    }

    fn put(self, settings: &mut Settings) {
        settings.remove("num_workers");
        settings.remove("autoscale");
        match self {
            Self::Fixed(workers) => settings.insert("num_workers".to_owned(), workers.into()),
            Self::Between(min, max) => {
                settings.insert("autoscale".to_owned(), json!({"min_workers": min, "max_workers": max}))
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::TransportError;
    use bricklayer_sdk::testing::Script;

    use super::*;

    const GET: &str = "GET /api/2.1/clusters/get?cluster_id=c";

    fn found(state: &str) -> String {
        json!({
            "cluster_id": "c", "cluster_name": "n", "state": state, "spark_version": "16.4.x-scala2.12", "num_workers": 2,
            "node_type_id": "a", "driver_node_type_id": "a", "custom_tags": {"t": "1"}, "init_scripts": [{"s3": {}}],
            "policy_id": "p", "spark_env_vars": {"A": "b"}, "a_setting_of_tomorrow": true,
            "start_time": 5, "spec": {"x": 1}, "default_tags": {}, "termination_reason": {"code": "X"},
        })
        .to_string()
    }

    fn one() -> types::ClusterRequest {
        types::ClusterRequest { cluster_id: "c".to_owned() }
    }

    fn change() -> types::ModifyClusterRequest {
        types::ModifyClusterRequest {
            cluster_id: "c".to_owned(),
            cluster_name: None,
            spark_version: None,
            node_type_id: None,
            num_workers: None,
            autoscale_min_workers: None,
            autoscale_max_workers: None,
            autotermination_minutes: None,
            settings: None,
        }
    }

    fn new() -> types::CreateClusterRequest {
        types::CreateClusterRequest {
            cluster_name: "n".to_owned(),
            spark_version: Some("v".to_owned()),
            node_type_id: Some("m".to_owned()),
            num_workers: None,
            autoscale_min_workers: None,
            autoscale_max_workers: None,
            autotermination_minutes: None,
            data_security_mode: None,
            settings: None,
        }
    }

    #[test]
    fn a_change_sends_back_all_that_it_read() {
        let script = Script::new().on(GET, 200, &found("RUNNING")).on("POST /api/2.1/clusters/edit", 200, "{}");
        let request = types::ModifyClusterRequest {
            node_type_id: Some("b".to_owned()),
            autoscale_min_workers: Some(1),
            autoscale_max_workers: Some(4),
            settings: Some(r#"{"policy_id":null,"spark_conf":{"k":"v"}}"#.to_owned()),
            ..change()
        };
        let changed = modify(&script, request).unwrap();
        assert_eq!(changed.state, "RESTARTING");
        let sent = json!({
            "cluster_id": "c", "cluster_name": "n", "spark_version": "16.4.x-scala2.12", "node_type_id": "b",
            "driver_node_type_id": "b", "custom_tags": {"t": "1"}, "init_scripts": [{"s3": {}}],
            "spark_env_vars": {"A": "b"}, "a_setting_of_tomorrow": true, "spark_conf": {"k": "v"},
            "autoscale": {"min_workers": 1, "max_workers": 4},
        });
        assert_eq!(script.body(1), sent);
        assert_eq!(modify(&Script::new(), change()).unwrap_err().kind, Kind::InvalidInput);
    }

    #[test]
    fn a_new_cluster_has_what_is_usual_unless_it_is_named() {
        let script = Script::new().on("POST /api/2.1/clusters/create", 200, r#"{"cluster_id":"c"}"#);
        let made = create(&script, new()).unwrap();
        assert_eq!((made.cluster_id.as_str(), made.state.as_str()), ("c", "PENDING"));
        let usual = json!({
            "cluster_name": "n", "spark_version": "v", "node_type_id": "m", "num_workers": 1,
            "autotermination_minutes": 60, "data_security_mode": "SINGLE_USER",
        });
        assert_eq!(script.body(0), usual);
        for (request, field) in [
            (types::CreateClusterRequest { cluster_name: " ".to_owned(), ..new() }, "cluster_name"),
            (types::CreateClusterRequest { settings: Some("[]".to_owned()), ..new() }, "settings"),
            (
                types::CreateClusterRequest { num_workers: Some(1), autoscale_min_workers: Some(1), ..new() },
                "num_workers",
            ),
            (types::CreateClusterRequest { autoscale_min_workers: Some(1), ..new() }, "autoscale_min_workers"),
        ] {
            let failure = create(&Script::new(), request).unwrap_err();
            assert!(failure.kind == Kind::InvalidInput && failure.message.starts_with(field), "{}", failure.message);
        }
    }

    #[test]
    fn a_lost_answer_is_not_tried_again() {
        let lost = TransportError::Timeout("no answer".to_owned());
        let failure = create(&Script::new().fail("POST /api/2.1/clusters/create", lost), new()).unwrap_err();
        assert!(
            !failure.retryable && failure.message.contains("look for 'n' with list_clusters"),
            "{}",
            failure.message
        );
    }

    #[test]
    fn what_is_so_already_is_not_asked_for() {
        for (state, said) in [("RUNNING", "runs already"), ("PENDING", "is starting already")] {
            let kept = start(&Script::new().on(GET, 200, &found(state)), one()).unwrap();
            assert!(kept.text.contains(said) && kept.state == state, "{}", kept.text);
        }
        let kept = terminate(&Script::new().on(GET, 200, &found("TERMINATED")), one()).unwrap();
        assert!(kept.text.contains("already"));
        assert!(start(&Script::new().on(GET, 200, &found("TERMINATING")), one()).unwrap_err().retryable);
        let script = Script::new().on(GET, 200, &found("TERMINATED")).on("POST /api/2.1/clusters/start", 200, "{}");
        assert_eq!(start(&script, one()).unwrap().state, "PENDING");
        let script = Script::new().on(GET, 200, &found("RUNNING")).on("POST /api/2.1/clusters/delete", 200, "{}");
        assert_eq!(terminate(&script, one()).unwrap().state, "TERMINATING");
        let denied = r#"{"error_code":"PERMISSION_DENIED","message":"no"}"#;
        let script =
            Script::new().on(GET, 200, &found("RUNNING")).on("POST /api/2.1/clusters/permanent-delete", 403, denied);
        assert_eq!(delete(&script, one()).unwrap_err().kind, Kind::PermissionDenied);
    }
}
