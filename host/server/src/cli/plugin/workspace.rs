//! Which workspace an author's command works on: a local one, unless `--real-workspace` says otherwise.

use std::collections::HashMap;
use std::path::Path;

use bricklayer_devkit::Problem;
use bricklayer_runtime::WorkspaceTarget;

use crate::config::{Config, Layers, WorkspaceConfig};

/// Beginning of the variables that choose a workspace and who one is there.
const VARIABLES: &str = "DATABRICKS_";

/// The same in files.
const KEYS: &str = "databricks.";

/// The settings of an author's host in a folder. Without `real`, nothing that is set anywhere leads an unfinished plugin
/// to a real workspace.
pub(super) fn layers(
    flags: Vec<(&'static str, String)>,
    mut environment: HashMap<String, String>,
    folder: &Path,
    real: bool,
) -> Result<Layers, Problem> {
    if !real {
        environment.retain(|name, _| !name.starts_with(VARIABLES));
    }
    let mut layers =
        Layers::read(flags, &environment, folder).map_err(|error| Problem::new(format!("configuration: {error}")))?;
    if !real {
        layers.forget(KEYS);
    }
    Ok(layers)
}

/// The configuration that those settings make; with `real` it has a real workspace.
pub(super) fn config(layers: &Layers, real: bool) -> Result<Config, Problem> {
    let config = Config::from_layers(layers).map_err(|error| Problem::new(format!("configuration: {error}")))?;
    if real && matches!(config.workspace, WorkspaceConfig::Local { .. }) {
        return Err(Problem::new("--real-workspace needs a workspace, and none is set").fix(
            "set DATABRICKS_HOST and DATABRICKS_TOKEN, or DATABRICKS_CONFIG_PROFILE, or leave --real-workspace out",
        ));
    }
    Ok(config)
}

/// The workspace that the environment and the folder's files name, as its user.
pub(super) fn real(environment: HashMap<String, String>, folder: &Path) -> Result<WorkspaceTarget, Problem> {
    let flags = vec![("identity", "development".to_owned()), ("listen", "127.0.0.1:0".to_owned())];
    match config(&layers(flags, environment, folder, true)?, true)?.workspace {
        WorkspaceConfig::Remote { host, token: Some(token) } => Ok(WorkspaceTarget::named(host, token.into())),
        WorkspaceConfig::Remote { token: None, .. } | WorkspaceConfig::Local { .. } => {
            Err(Problem::new("--real-workspace needs a token of the workspace").fix("set DATABRICKS_TOKEN"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn each_way_of_serve_to_name_a_workspace_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".databrickscfg"), "[work]\nhost = https://w.example\ntoken = dapi-w\n")
            .unwrap();
        let home = ("HOME", folder.path().to_str().unwrap());
        let profile = set(&[home, ("DATABRICKS_CONFIG_PROFILE", "work")]);
        assert_eq!(real(profile, folder.path()).unwrap().base_url.as_str(), "https://w.example/");
        let pair = set(&[("DATABRICKS_HOST", "v.example"), ("DATABRICKS_TOKEN", "dapi-v")]);
        assert_eq!(real(pair, folder.path()).unwrap().base_url.as_str(), "https://v.example/");
        let none = real(set(&[home]), folder.path()).unwrap_err();
        assert!(none.fix.unwrap().contains("DATABRICKS_CONFIG_PROFILE"));
        let missing = real(set(&[home, ("DATABRICKS_CONFIG_PROFILE", "play")]), folder.path()).unwrap_err();
        assert!(missing.what.contains("`work`"), "{}", missing.what);
    }

    #[test]
    fn nothing_leads_to_a_real_workspace_unasked() {
        let folder = tempfile::tempdir().unwrap();
        let config_file = folder.path().join(".databrickscfg");
        std::fs::write(&config_file, "[work]\nhost = https://w.example\ntoken = dapi-w\n").unwrap();
        let file = config_file.to_str().unwrap();
        let lines = "DATABRICKS_HOST=https://w.example\nDATABRICKS_TOKEN=dapi-w\n";
        for (variables, written) in [
            (vec![("DATABRICKS_HOST", "w.example"), ("DATABRICKS_TOKEN", "dapi-w")], ""),
            (vec![("DATABRICKS_CONFIG_PROFILE", "work"), ("DATABRICKS_CONFIG_FILE", file)], ""),
            (vec![("DATABRICKS_APP_NAME", "app"), ("DATABRICKS_HOST", "w.example")], ""),
            (vec![], lines),
            (vec![("HOME", folder.path().to_str().unwrap())], "DATABRICKS_CONFIG_PROFILE=work\n"),
        ] {
            std::fs::write(folder.path().join(".env.local"), written).unwrap();
            let flags = vec![("identity", "development".to_owned())];
            let layers = layers(flags, set(&variables), folder.path(), false).unwrap();
            let config = config(&layers, false).unwrap();
            assert!(matches!(config.workspace, WorkspaceConfig::Local { .. }), "{variables:?} {written:?}");
        }
    }
}
