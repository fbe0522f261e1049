//! create_warehouse, modify_warehouse, start_warehouse, stop_warehouse and delete_warehouse.

use bricklayer_sdk::{Failure, Kind, Platform, Workspace, encode_segment};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::types;

/// Where warehouses live.
const WAREHOUSES: &str = "/api/2.0/sql/warehouses";

/// Warehouses looked through for a name; workspaces have a few dozen.
const MAX_LOOKED_AT: usize = 1_000;

/// Sizes, as the API spells them.
const SIZES: [&str; 10] =
    ["2X-Small", "X-Small", "Small", "Medium", "Large", "X-Large", "2X-Large", "3X-Large", "4X-Large", "5X-Large"];

/// What the workspace tells of a warehouse that is none of its settings. What it tells beside these is sent back as it
/// came, so that a change loses nothing.
const NO_SETTINGS: [&str; 9] =
    ["id", "state", "size", "creator_name", "num_clusters", "num_active_sessions", "jdbc_url", "odbc_params", "health"];

type Settings = Map<String, Value>;

#[derive(Deserialize)]
struct Listed {
    #[serde(default)]
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    state: String,
}

/// Makes a warehouse, unless one of its name is there.
///
/// # Errors
/// Bad arguments, or a workspace that refuses.
pub(crate) fn create(
    platform: &impl Platform,
    request: types::CreateWarehouseRequest,
) -> Result<types::WarehouseChange, Failure> {
    let name = request.name.trim().to_owned();
    if name.is_empty() {
        return Err(Failure::invalid("name", "is empty"));
    }
    let mut settings = match json!({
        "cluster_size": "2X-Small", "min_num_clusters": 1, "max_num_clusters": 1, "auto_stop_mins": 10,
        "warehouse_type": "PRO", "enable_serverless_compute": true,
    }) {
        Value::Object(usual) => usual,
        _ => Settings::new(),
    };
    if let Some(given) = request.settings {
        put(given, &mut settings)?;
    }
    settings.insert("name".to_owned(), name.clone().into());
    let workspace = Workspace::new(platform);
    let known = workspace.list::<Listed>(WAREHOUSES, &[], "warehouses", MAX_LOOKED_AT)?;
    if let Some(found) = known.items.into_iter().find(|found| found.name == name) {
        let text = format!(
            "A warehouse {name} ({}) is there already, {}; nothing was made. modify_warehouse changes its settings.",
            found.id, found.state
        );
        return Ok(types::WarehouseChange { text, warehouse_id: found.id, name, state: found.state, changed: false });
    }
    let made: Listed = workspace.post(WAREHOUSES, &settings).map_err(|failure| {
        // The request may have arrived although its answer did not.
        if matches!(failure.kind, Kind::Timeout | Kind::Upstream) {
            failure.advise(format!(
                "Whether the warehouse was made is not known. Calling this again is safe: one named '{name}' is found first."
            ))
        } else {
            failure
        }
    })?;
    let text = format!("The warehouse {name} ({}) is made and starts; statements may be sent to it now.", made.id);
    Ok(types::WarehouseChange { text, warehouse_id: made.id, name, state: "STARTING".to_owned(), changed: true })
}

/// Changes some settings and sends all others back as they came.
///
/// # Errors
/// Bad arguments, an unknown warehouse, or a workspace that refuses.
pub(crate) fn modify(
    platform: &impl Platform,
    request: types::ModifyWarehouseRequest,
) -> Result<types::WarehouseChange, Failure> {
    let mut changed = Settings::new();
    if let Some(given) = request.settings {
        put(given, &mut changed)?;
    }
    if let Some(name) = request.name {
        changed.insert("name".to_owned(), name.into());
    }
    if changed.is_empty() {
        return Err(Failure::invalid("settings", "nothing is to be changed; name at least one setting"));
    }
    let found = Found::of(platform, &request.warehouse_id)?;
    let mut settings = found.details.clone();
    settings.retain(|name, _| !NO_SETTINGS.contains(&name.as_str()));
    let before = settings.clone();
    for (name, value) in changed {
        if value.is_null() {
            settings.remove(&name);
        } else {
            settings.insert(name, value);
        }
    }
    if settings == before {
        return Ok(found.answer("has these settings already.", None));
    }
    found.post(platform, "edit", &settings)?;
    let name = settings.get("name").and_then(Value::as_str).unwrap_or(&found.name).to_owned();
    let resized = settings.get("cluster_size") != before.get("cluster_size") && found.state == "RUNNING";
    let next = if resized { " It restarts with its new size." } else { "" };
    let mut answer = found.answer(&format!("has its new settings; the others stayed.{next}"), None);
    (answer.name, answer.changed) = (name, true);
    Ok(answer)
}

/// Starts a warehouse.
///
/// # Errors
/// An unknown warehouse, or a workspace that refuses.
pub(crate) fn start(
    platform: &impl Platform,
    request: types::WarehouseRequest,
) -> Result<types::WarehouseChange, Failure> {
    let found = Found::of(platform, &request.warehouse_id)?;
    match found.state.as_str() {
        "RUNNING" => Ok(found.answer("runs already.", None)),
        "STARTING" => Ok(found.answer("is starting already.", None)),
        _ => {
            found.post(platform, "start", &json!({}))?;
            Ok(found.answer("starts; statements may be sent to it now, and wait until it runs.", Some("STARTING")))
        }
    }
}

/// Stops a warehouse.
///
/// # Errors
/// As for [`start`].
pub(crate) fn stop(
    platform: &impl Platform,
    request: types::WarehouseRequest,
) -> Result<types::WarehouseChange, Failure> {
    let found = Found::of(platform, &request.warehouse_id)?;
    if matches!(found.state.as_str(), "STOPPED" | "STOPPING") {
        return Ok(found.answer("is stopped already.", None));
    }
    found.post(platform, "stop", &json!({}))?;
    Ok(found.answer("stops: what ran on it ends. The next statement sent to it starts it again.", Some("STOPPING")))
}

/// Deletes a warehouse for good.
///
/// # Errors
/// As for [`start`].
pub(crate) fn delete(
    platform: &impl Platform,
    request: types::WarehouseRequest,
) -> Result<types::WarehouseChange, Failure> {
    let found = Found::of(platform, &request.warehouse_id)?;
    Workspace::new(platform).delete::<Value>(&found.path(), &[])?;
    Ok(found.answer("is deleted for good.", Some("DELETED")))
}

/// A warehouse as it was before the change.
struct Found {
    id: String,
    name: String,
    state: String,
    details: Settings,
}

impl Found {
    fn of(platform: &impl Platform, id: &str) -> Result<Self, Failure> {
        let id = id.trim().to_owned();
        if id.is_empty() {
            return Err(Failure::invalid("warehouse_id", "is empty"));
        }
        let path = format!("{WAREHOUSES}/{}", encode_segment(&id));
        let details: Settings = Workspace::new(platform).get(&path, &[]).map_err(|failure| match failure.kind {
            Kind::NotFound => failure.advise("list_warehouses shows the warehouses with their ids."),
            _ => failure,
        })?;
        let text = |name: &str| details.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Self { name: text("name"), state: text("state"), id, details })
    }

    fn path(&self) -> String {
        format!("{WAREHOUSES}/{}", encode_segment(&self.id))
    }

    fn post(&self, platform: &impl Platform, verb: &str, body: &impl serde::Serialize) -> Result<(), Failure> {
        Workspace::new(platform).post::<Value>(&format!("{}/{verb}", self.path()), body).map(drop)
    }

    /// What is so, or with `state` what came of it.
    fn answer(self, said: &str, state: Option<&str>) -> types::WarehouseChange {
        types::WarehouseChange {
            text: format!("The warehouse {} ({}) {said}", self.name, self.id),
            warehouse_id: self.id,
            name: self.name,
            changed: state.is_some(),
            state: state.map_or(self.state, str::to_owned),
        }
    }
}

/// Puts in what was given.
fn put(given: types::WarehouseSettings, settings: &mut Settings) -> Result<(), Failure> {
    if let Some(text) = given.further.as_deref() {
        match serde_json::from_str(text) {
            Ok(Value::Object(further)) => settings.extend(further),
            _ => return Err(Failure::invalid("settings.further", "must be a JSON object")),
        }
    }
    if let Some(size) = given.cluster_size {
        let known = SIZES.iter().find(|known| known.eq_ignore_ascii_case(&size));
        let known = known.ok_or_else(|| {
            Failure::invalid("settings.cluster_size", format!("{size} is none of {}", SIZES.join(", ")))
        })?;
        settings.insert("cluster_size".to_owned(), (*known).into());
    }
    if let Some(kind) = given.warehouse_type {
        let kind = kind.to_ascii_uppercase();
        if kind != "PRO" && kind != "CLASSIC" {
            return Err(Failure::invalid("settings.warehouse_type", "must be PRO or CLASSIC"));
        }
        // A classic one cannot be serverless; the usual setting gives way, a given one is the workspace's to refuse.
        if kind == "CLASSIC" && given.enable_serverless_compute.is_none() {
            settings.insert("enable_serverless_compute".to_owned(), false.into());
        }
        settings.insert("warehouse_type".to_owned(), kind.into());
    }
    for (name, number) in [
        ("min_num_clusters", given.min_num_clusters),
        ("max_num_clusters", given.max_num_clusters),
        ("auto_stop_mins", given.auto_stop_mins),
    ] {
        if let Some(number) = number {
            settings.insert(name.to_owned(), number.into());
        }
    }
    if let Some(serverless) = given.enable_serverless_compute {
        settings.insert("enable_serverless_compute".to_owned(), serverless.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::TransportError;
    use bricklayer_sdk::testing::Script;

    use super::*;

    const LIST: &str = "GET /api/2.0/sql/warehouses";
    const GET: &str = "GET /api/2.0/sql/warehouses/w";

    fn none() -> types::WarehouseSettings {
        types::WarehouseSettings {
            cluster_size: None,
            min_num_clusters: None,
            max_num_clusters: None,
            auto_stop_mins: None,
            warehouse_type: None,
            enable_serverless_compute: None,
            further: None,
        }
    }

    fn new(settings: types::WarehouseSettings) -> types::CreateWarehouseRequest {
        types::CreateWarehouseRequest { name: " lab ".to_owned(), settings: Some(settings) }
    }

    fn one() -> types::WarehouseRequest {
        types::WarehouseRequest { warehouse_id: "w".to_owned() }
    }

    fn found(state: &str) -> String {
        json!({
            "id": "w", "name": "lab", "state": state, "cluster_size": "Small", "size": "Small", "auto_stop_mins": 10,
            "tags": {"custom_tags": [{"key": "team", "value": "data"}]}, "num_clusters": 1, "jdbc_url": "jdbc:x",
            "channel": {"name": "CHANNEL_NAME_PREVIEW"},
        })
        .to_string()
    }

    #[test]
    fn a_new_warehouse_is_small_unless_it_is_said() {
        let script = Script::new().on(LIST, 200, "{}").on("POST /api/2.0/sql/warehouses", 200, r#"{"id":"w"}"#);
        let further = Some(r#"{"enable_photon":false}"#.to_owned());
        let settings = types::WarehouseSettings {
            cluster_size: Some("medium".to_owned()),
            max_num_clusters: Some(3),
            further,
            ..none()
        };
        let made = create(&script, new(settings)).unwrap();
        assert_eq!((made.warehouse_id.as_str(), made.state.as_str(), made.changed), ("w", "STARTING", true));
        let sent = json!({
            "name": "lab", "cluster_size": "Medium", "min_num_clusters": 1, "max_num_clusters": 3, "auto_stop_mins": 10,
            "warehouse_type": "PRO", "enable_serverless_compute": true, "enable_photon": false,
        });
        assert_eq!(script.body(1), sent);
    }

    #[test]
    fn a_warehouse_is_not_made_twice() {
        let known = r#"{"warehouses":[{"id":"w","name":"lab","state":"STOPPED"}]}"#;
        let script = Script::new().on(LIST, 200, known);
        let kept = create(&script, new(none())).unwrap();
        assert_eq!((kept.warehouse_id.as_str(), kept.changed), ("w", false));
        assert!(kept.text.contains("there already"), "{}", kept.text);
        script.done();
        let lost = TransportError::Timeout("no answer".to_owned());
        let script = Script::new().on(LIST, 200, "{}").fail("POST /api/2.0/sql/warehouses", lost);
        let failure = create(&script, new(none())).unwrap_err();
        assert!(failure.message.contains("again is safe"), "{}", failure.message);
    }

    #[test]
    fn arguments_are_looked_at_before_the_workspace_is_asked() {
        for (request, field) in [
            (types::CreateWarehouseRequest { name: " ".to_owned(), settings: None }, "name"),
            (
                new(types::WarehouseSettings { cluster_size: Some("Huge".to_owned()), ..none() }),
                "settings.cluster_size",
            ),
            (
                new(types::WarehouseSettings { warehouse_type: Some("x".to_owned()), ..none() }),
                "settings.warehouse_type",
            ),
            (new(types::WarehouseSettings { further: Some("[]".to_owned()), ..none() }), "settings.further"),
        ] {
            let failure = create(&Script::new(), request).unwrap_err();
            assert!(failure.kind == Kind::InvalidInput && failure.message.starts_with(field), "{}", failure.message);
        }
        let nothing =
            types::ModifyWarehouseRequest { warehouse_id: "w".to_owned(), name: None, settings: Some(none()) };
        assert_eq!(modify(&Script::new(), nothing).unwrap_err().kind, Kind::InvalidInput);
        let empty = types::WarehouseRequest { warehouse_id: " ".to_owned() };
        assert_eq!(start(&Script::new(), empty).unwrap_err().kind, Kind::InvalidInput);
    }

    #[test]
    fn a_change_sends_all_other_settings_back() {
        let script = Script::new().on(GET, 200, &found("RUNNING")).on("POST /api/2.0/sql/warehouses/w/edit", 200, "{}");
        let settings = types::WarehouseSettings { cluster_size: Some("Large".to_owned()), ..none() };
        let change = |settings| types::ModifyWarehouseRequest {
            warehouse_id: "w".to_owned(),
            name: None,
            settings: Some(settings),
        };
        let changed = modify(&script, change(settings)).unwrap();
        assert!(changed.changed && changed.text.contains("restarts"), "{}", changed.text);
        let sent = json!({
            "name": "lab", "cluster_size": "Large", "auto_stop_mins": 10,
            "tags": {"custom_tags": [{"key": "team", "value": "data"}]}, "channel": {"name": "CHANNEL_NAME_PREVIEW"},
        });
        assert_eq!(script.body(1), sent);
        let script = Script::new().on(GET, 200, &found("STOPPED"));
        let same = types::WarehouseSettings { cluster_size: Some("small".to_owned()), ..none() };
        assert!(!modify(&script, change(same)).unwrap().changed);
        script.done();
    }

    #[test]
    fn what_is_so_already_is_not_asked_for() {
        for (state, said) in [("RUNNING", "runs already"), ("STARTING", "is starting already")] {
            let kept = start(&Script::new().on(GET, 200, &found(state)), one()).unwrap();
            assert!(kept.text.contains(said) && kept.state == state && !kept.changed, "{}", kept.text);
        }
        assert!(!stop(&Script::new().on(GET, 200, &found("STOPPED")), one()).unwrap().changed);
        let script =
            Script::new().on(GET, 200, &found("STOPPED")).on("POST /api/2.0/sql/warehouses/w/start", 200, "{}");
        assert_eq!(start(&script, one()).unwrap().state, "STARTING");
        let script = Script::new().on(GET, 200, &found("RUNNING")).on("POST /api/2.0/sql/warehouses/w/stop", 200, "{}");
        assert_eq!(stop(&script, one()).unwrap().state, "STOPPING");
        let script = Script::new().on(GET, 200, &found("RUNNING")).on("DELETE /api/2.0/sql/warehouses/w", 200, "{}");
        assert_eq!(delete(&script, one()).unwrap().state, "DELETED");
    }

    #[test]
    fn refusals_keep_the_workspaces_words() {
        let gone = r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"no such warehouse"}"#;
        let failure = stop(&Script::new().on(GET, 404, gone), one()).unwrap_err();
        assert_eq!(failure.kind, Kind::NotFound);
        assert!(failure.message.contains("no such warehouse") && failure.message.contains("list_warehouses"));
        let denied = r#"{"error_code":"PERMISSION_DENIED","message":"no"}"#;
        let script = Script::new().on(GET, 200, &found("RUNNING")).on("DELETE /api/2.0/sql/warehouses/w", 403, denied);
        assert_eq!(delete(&script, one()).unwrap_err().kind, Kind::PermissionDenied);
        let malformed = Script::new().on(GET, 200, "[]");
        assert_eq!(start(&malformed, one()).unwrap_err().kind, Kind::Upstream);
    }
}
