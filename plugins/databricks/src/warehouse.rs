//! Which warehouse a statement runs on.

use bricklayer_sdk::{Failure, Kind, Platform, Workspace, encode_segment};
use serde::{Deserialize, Serialize};

/// Where warehouses live.
const WAREHOUSES: &str = "/api/2.0/sql/warehouses";

/// Warehouses looked at when choosing or listing; workspaces have a few dozen.
const MAX_WAREHOUSES: usize = 1_000;

/// How long a choice is kept for the project, in seconds: a chat sends many statements in a row.
const CHOICE_KEPT_SECONDS: u64 = 60;

/// Under which key the choice is kept.
const CHOICE_KEY: &str = "chosen-warehouse";

/// A warehouse as the API lists it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Warehouse {
    /// Its id.
    #[serde(default)]
    pub id: String,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// RUNNING, STOPPED and so on.
    #[serde(default)]
    pub state: String,
    /// In the workspace's words: `Small`.
    #[serde(default)]
    pub cluster_size: Option<String>,
    /// PRO or CLASSIC.
    #[serde(default)]
    pub warehouse_type: Option<String>,
    /// Whether the workspace's owner runs it.
    #[serde(default)]
    pub enable_serverless_compute: bool,
    /// Minutes without work after which it stops.
    #[serde(default)]
    pub auto_stop_mins: Option<u32>,
    /// Who made it.
    #[serde(default)]
    pub creator_name: Option<String>,
}

/// The warehouse to use and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Its id.
    pub id: String,
    /// Its name, when it was looked up.
    pub name: Option<String>,
    /// Its state, when it was looked up.
    pub state: Option<String>,
    /// Why it is this one.
    pub reason: String,
    /// Whether nobody named it, so that the answer should say which it was.
    pub automatic: bool,
}

impl Choice {
    fn named(id: String, reason: &str) -> Self {
        Self { id, name: None, state: None, reason: reason.to_owned(), automatic: false }
    }

    fn of(warehouse: Warehouse, reason: String) -> Self {
        Self {
            id: warehouse.id,
            name: Some(warehouse.name).filter(|name| !name.is_empty()),
            state: Some(warehouse.state).filter(|state| !state.is_empty()),
            reason,
            automatic: true,
        }
    }

    /// Name and id, for people.
    #[must_use]
    pub fn shown(&self) -> String {
        match &self.name {
            Some(name) => format!("{name} ({})", self.id),
            None => self.id.clone(),
        }
    }
}

/// The warehouse for a statement: the one asked for, the project's default, or the best.
///
/// # Errors
/// When none is named and the workspace has none, or cannot be asked.
pub fn resolve(platform: &impl Platform, asked: Option<String>) -> Result<Choice, Failure> {
    if let Some(id) = asked.filter(|id| !id.trim().is_empty()) {
        return Ok(Choice::named(id.trim().to_owned(), "asked for"));
    }
    let context = platform.context();
    if let Some(id) = context.warehouse.filter(|id| !id.is_empty()) {
        return Ok(Choice::named(id, "the project's default"));
    }
    if let Some(kept) = kept(platform, context.workspace_host.as_deref()) {
        return Ok(kept);
    }
    let choice = best(platform)?;
    let keep = Kept { until: platform.unix_seconds() + CHOICE_KEPT_SECONDS, host: context.workspace_host, choice };
    if let Ok(text) = serde_json::to_string(&keep) {
        platform.state_set(CHOICE_KEY, &text);
    }
    Ok(keep.choice)
}

/// Forgets a kept choice, after the workspace did not accept it.
pub fn forget(platform: &impl Platform) {
    platform.state_delete(CHOICE_KEY);
}

#[derive(Serialize, Deserialize)]
struct Kept {
    until: u64,
    host: Option<String>,
    choice: Choice,
}

fn kept(platform: &impl Platform, host: Option<&str>) -> Option<Choice> {
    let kept: Kept = serde_json::from_str(&platform.state_get(CHOICE_KEY)?).ok()?;
    (kept.until > platform.unix_seconds() && kept.host.as_deref() == host).then_some(kept.choice)
}

/// The best warehouse by what the workspace says now.
///
/// # Errors
/// When the workspace has no usable warehouse or cannot be asked.
pub fn best(platform: &impl Platform) -> Result<Choice, Failure> {
    let workspace = Workspace::new(platform);
    // Workspaces with a default for the user answer this; all others say that there is none.
    if let Ok(own) = workspace.get::<Warehouse>(&format!("{WAREHOUSES}/default"), &[])
        && !own.id.is_empty()
        && usable(&own)
    {
        return Ok(Choice::of(own, "the user's default warehouse at the workspace".to_owned()));
    }
    let user = platform.context().user;
    let choices = list(platform)?;
    let best = choices.into_iter().filter(usable).min_by_key(|w| rank(w, user.as_deref()));
    let Some(best) = best else {
        return Err(Failure::new(
            Kind::NotFound,
            "this workspace has no SQL warehouse that the user may use. Ask the user to create one (SQL Warehouses in the workspace's sidebar) or to get the permission to use one.",
        ));
    };
    let (_, why) = tier(&best);
    let serverless = if best.enable_serverless_compute { ", serverless" } else { "" };
    Ok(Choice::of(best, format!("chosen automatically: {why}{serverless}")))
}

/// All warehouses the user may use, in the workspace's order.
///
/// # Errors
/// When the workspace cannot be asked.
pub fn list(platform: &impl Platform) -> Result<Vec<Warehouse>, Failure> {
    let pages = Workspace::new(platform).list::<Warehouse>(
        WAREHOUSES,
        &[("skip_cannot_use", "true")],
        "warehouses",
        MAX_WAREHOUSES,
    )?;
    Ok(pages.items)
}

/// One warehouse by id.
///
/// # Errors
/// When there is none or the workspace cannot be asked.
pub fn get(platform: &impl Platform, id: &str) -> Result<Warehouse, Failure> {
    Workspace::new(platform).get(&format!("{WAREHOUSES}/{}", encode_segment(id)), &[])
}

fn usable(warehouse: &Warehouse) -> bool {
    !matches!(warehouse.state.as_str(), "DELETED" | "DELETING")
}

/// Smaller is better: tier, then serverless, then the user's own, then the name, so that the choice is stable.
fn rank(warehouse: &Warehouse, user: Option<&str>) -> (u8, bool, bool, String) {
    let own = user.is_some() && warehouse.creator_name.as_deref() == user;
    (tier(warehouse).0, !warehouse.enable_serverless_compute, !own, warehouse.name.clone())
}

fn tier(warehouse: &Warehouse) -> (u8, &'static str) {
    let shared = warehouse.name.to_lowercase().contains("shared");
    let usual = matches!(warehouse.name.as_str(), "Shared endpoint" | "dbdemos-shared-endpoint");
    match warehouse.state.as_str() {
        "RUNNING" if usual => (0, "running, and the usual shared one"),
        "RUNNING" if shared => (1, "running and shared"),
        "RUNNING" => (2, "running"),
        "STARTING" => (3, "starting"),
        _ if shared => (4, "shared; it is stopped and starts with the statement"),
        _ => (5, "it is stopped and starts with the statement"),
    }
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::CallContext;
    use bricklayer_sdk::testing::Script;

    use super::*;

    const NO_DEFAULT: &str = r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"no default"}"#;
    const LIST: &str = "GET /api/2.0/sql/warehouses?skip_cannot_use=true";

    fn with_list(list: &str) -> Script {
        Script::new().on("GET /api/2.0/sql/warehouses/default", 404, NO_DEFAULT).on(LIST, 200, list)
    }

    #[track_caller]
    fn check(list: &str, id: &str, reason: &str) {
        let script = with_list(list);
        let choice = best(&script).unwrap();
        assert_eq!((choice.id.as_str(), choice.reason.as_str()), (id, reason));
        script.done();
    }

    #[test]
    fn tiers_then_serverless_then_own() {
        check(
            r#"{"warehouses":[{"id":"a","name":"x","state":"RUNNING"},{"id":"b","name":"Shared endpoint","state":"RUNNING"},{"id":"c","name":"my shared","state":"RUNNING"}]}"#,
            "b",
            "chosen automatically: running, and the usual shared one",
        );
        check(
            r#"{"warehouses":[{"id":"a","name":"shared","state":"STOPPED"},{"id":"b","name":"x","state":"STARTING"}]}"#,
            "b",
            "chosen automatically: starting",
        );
        check(
            r#"{"warehouses":[{"id":"a","name":"a","state":"RUNNING"},{"id":"b","name":"b","state":"RUNNING","enable_serverless_compute":true},{"id":"c","name":"c","state":"DELETING"}]}"#,
            "b",
            "chosen automatically: running, serverless",
        );
        let script = with_list(
            r#"{"warehouses":[{"id":"a","name":"a","state":"RUNNING","creator_name":"x@y"},{"id":"b","name":"b","state":"RUNNING","creator_name":"me@y"}]}"#,
        )
        .context(CallContext { user: Some("me@y".to_owned()), ..CallContext::default() });
        assert_eq!(best(&script).unwrap().id, "b");
    }

    #[test]
    fn no_warehouse_says_what_to_do() {
        let failure = best(&with_list("{}")).unwrap_err();
        assert_eq!(failure.kind, Kind::NotFound);
        assert!(failure.message.contains("create one"));
    }

    #[test]
    fn asked_for_before_project_default_before_kept_before_best() {
        let context = CallContext { warehouse: Some("p".to_owned()), ..CallContext::default() };
        let script = Script::new().context(context);
        assert_eq!(resolve(&script, Some("asked".to_owned())).unwrap().id, "asked");
        assert_eq!(resolve(&script, None).unwrap().id, "p");
        assert_eq!(resolve(&script, Some(" ".to_owned())).unwrap().id, "p");

        let script = with_list(r#"{"warehouses":[{"id":"a","name":"a","state":"RUNNING"}]}"#);
        assert_eq!(resolve(&script, None).unwrap().id, "a");
        // Kept: no request this time.
        assert_eq!(resolve(&script, None).unwrap().id, "a");
        script.done();
        script.sleep(std::time::Duration::from_secs(CHOICE_KEPT_SECONDS));
        assert_eq!(kept(&script, None), None);
        forget(&script);
    }
}
