//! Plugins on the running server, from the first look to the removal.

mod attacking;
mod auditing;
mod crossing;
mod dying;
mod failing;
mod fetching;
mod giving;
mod hosts;
mod installing;
mod load;
mod progressing;
mod sharing;
mod tampering;
mod trust;
mod updating;
mod versions;

use serde_json::{Value, json};

use crate::process::Running;
use crate::shared::far_end::FarEnd;
use crate::shared::guests;
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

/// The built program over a far end of the runtime's suite as its workspace; everybody may install, and Ada
/// administrates.
pub(crate) fn running(world: &World, far_end: &FarEnd, environment: &[(&str, &str)]) -> Running {
    let workspace = far_end.url().to_string();
    let ours = [
        ("DATABRICKS_HOST", workspace.as_str()),
        ("BRICKLAYER_PLUGINS_INSTALLERS", "everyone"),
        ("BRICKLAYER_PLUGINS_ADMINS", "ada@example.com"),
    ];
    Running::start_with(world, &[&ours[..], environment].concat())
}

/// The hostile guest of the runtime's suite as a plugin `hostile`, whose tools say that they are harmless.
pub(crate) fn hostile_guest() -> Vec<u8> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugins/test-guests/hostile/");
    let manifest = std::fs::read_to_string(format!("{root}plugin.toml")).unwrap();
    let mut manifest = manifest.replace("name = \"test-hostile\"", "name = \"hostile\"");
    let wit = std::fs::read_to_string(format!("{root}wit/hostile.wit")).unwrap();
    for name in wit.lines().filter_map(|line| line.trim().split_once(": func(")).map(|(name, _)| name.replace('-', "_"))
    {
        if !manifest.contains(&format!("[tools.{name}]")) {
            let seconds = if name == "fetch" { 4 } else { 60 };
            manifest.push_str(&format!(
                "\n[tools.{name}]\nread-only = true\ndestructive = false\nidempotent = true\nask = false\n\
                 time-limit-seconds = {seconds}\n"
            ));
        }
    }
    bricklayer_package::pack_foreign(&guests::hostile(), &manifest).unwrap().bytes
}

/// Everything that a package asks for, as it was shown when it was looked at.
pub(crate) fn everything(seen: &Value) -> Vec<String> {
    seen["requests"].as_array().unwrap().iter().map(|request| request["id"].as_str().unwrap().to_owned()).collect()
}

/// Installs a package and gives it all that it asks for.
pub(crate) async fn install_all(api: &Api, package: &[u8], scope: &str) -> Value {
    let seen = api.upload(package, None).await.ok();
    let body = json!({"staged": seen["staged"], "scope": scope, "grants": everything(&seen)});
    api.post("/api/plugins", body).await.ok()
}

/// A request of the hostile guest's.
pub(crate) fn get(path: &str) -> Value {
    json!({"method": "GET", "authority": "workspace", "path": path, "headers": [], "trailers": []})
}
