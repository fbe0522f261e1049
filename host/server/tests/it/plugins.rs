//! Plugins on the running server, from the first look to the removal.

mod dying;
mod giving;
mod hosts;
mod installing;
mod load;
mod trust;
mod updating;

use serde_json::{Value, json};

use crate::support::{Api, Reply, World};

/// Lets everybody install, and Ada administrate.
pub(crate) fn open(world: &mut World) {
    use bricklayer_domain::UserId;
    use bricklayer_plugins::{Admins, Installers};
    let policy = &mut world.plugins.policy;
    policy.installers = Installers::Everyone;
    policy.admins = Admins::Listed([UserId::parse("ada@example.com").unwrap()].into());
}

pub(crate) fn id(plugin: &Value) -> String {
    plugin["id"].as_str().unwrap().to_owned()
}

/// Calls a tool in a turn of the user's; the frame of its result.
pub(crate) async fn call(world: &World, api: &Api, project: &str, tool: &str, input: Value) -> Value {
    world.model.script("please", vec![Reply::tool("call_1", tool, input), Reply::text("done")]);
    let (execution, _) = api.ask(project, "please").await;
    let frames = api.frames(&execution).await;
    let result = frames.iter().find(|frame| frame.kind() == "tool_result");
    result.unwrap_or_else(|| panic!("{frames:?}")).data.clone()
}

/// What the tool `version` of a plugin says.
pub(crate) async fn version_said(world: &World, api: &Api, project: &str, plugin: &str) -> String {
    let result = call(world, api, project, &format!("mcp__{plugin}__version"), json!({})).await;
    assert_eq!(result["is_error"], false, "{result}");
    result["content"].as_str().unwrap_or_else(|| panic!("{result}")).to_owned()
}

/// The shipped SQL plugin under another name, as a third party's: it makes real requests.
pub(crate) fn sql_guest(name: &str) -> Vec<u8> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../");
    let shipped = std::fs::read(format!("{root}target/plugins/sql.wasm")).unwrap();
    let manifest = std::fs::read_to_string(format!("{root}plugins/sql/plugin.toml")).unwrap();
    let manifest = manifest.replace("name = \"databricks-sql\"", &format!("name = \"{name}\""));
    bricklayer_package::pack_foreign(&shipped, &manifest).unwrap().bytes
}
