//! Tasks that call an entry point of a wheel: what they are given, and which wheels they need.
//!
//! Rules: Jobs API 2.2, "python_wheel_task", "libraries" and "environments".

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct WheelTask {
    pub(crate) package_name: String,
    pub(crate) entry_point: String,
    #[serde(default)]
    parameters: Vec<String>,
    #[serde(default)]
    named_parameters: BTreeMap<String, String>,
}

impl WheelTask {
    /// Refuses what the service refuses.
    ///
    /// # Errors
    /// What is wrong, for the caller.
    pub(super) fn check(&self) -> Result<(), String> {
        if !self.parameters.is_empty() && !self.named_parameters.is_empty() {
            return Err("parameters and named_parameters cannot both be given.".to_owned());
        }
        Ok(())
    }

    /// `sys.argv` behind its first: the task's own parameters, or those of the run in their place. The job's parameters
    /// are named ones.
    pub(super) fn arguments(&self, job: &BTreeMap<String, String>, overriding: &Map<String, Value>) -> Vec<String> {
        let of_run = overriding.get("python_params").and_then(Value::as_array);
        let positional: Vec<String> = match of_run {
            Some(given) => given.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            None => self.parameters.clone(),
        };
        if !positional.is_empty() {
            return positional;
        }
        let mut named = self.named_parameters.clone();
        let of_run = overriding.get("python_named_params").and_then(Value::as_object).into_iter().flatten();
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        named.extend(of_run.map(|(name, value)| (name.clone(), text(value))));
        named.extend(job.clone());
        named.into_iter().map(|(name, value)| format!("--{name}={value}")).collect()
    }
}

/// Paths of the wheels that a task's libraries, or the environment that it names in the job, ask for. What is no path of
/// a wheel is a package from elsewhere, which the local workspace does not install.
pub(super) fn wheels(task: &Map<String, Value>, settings: &Map<String, Value>) -> Vec<String> {
    let libraries = task.get("libraries").and_then(Value::as_array).into_iter().flatten();
    let libraries = libraries.filter_map(|library| library.get("whl"));
    let key = task.get("environment_key");
    let environments = settings.get("environments").and_then(Value::as_array).into_iter().flatten();
    let own = environments.filter(|environment| key.is_some() && environment.get("environment_key") == key);
    let dependencies = own.filter_map(|environment| environment.pointer("/spec/dependencies")?.as_array()).flatten();
    let mut seen = BTreeSet::new();
    let paths = libraries.chain(dependencies).filter_map(Value::as_str).map(str::trim);
    paths.filter(|path| path.ends_with(".whl") && seen.insert(*path)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_are_those_of_the_task_or_the_run() {
        let task = |more: Value| {
            let mut value = json!({"package_name": "p", "entry_point": "e"});
            value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            serde_json::from_value::<WheelTask>(value).unwrap()
        };
        let job = BTreeMap::from([("day".to_owned(), "1".to_owned())]);
        for (more, overriding, expect) in [
            (json!({"parameters": ["a", "b"]}), json!({}), vec!["a", "b"]),
            (json!({"parameters": ["a"]}), json!({"python_params": ["c"]}), vec!["c"]),
            (json!({"named_parameters": {"x": "y z"}}), json!({}), vec!["--day=1", "--x=y z"]),
            (json!({}), json!({"python_named_params": {"x": 2}}), vec!["--day=1", "--x=2"]),
        ] {
            assert_eq!(task(more).arguments(&job, overriding.as_object().unwrap()), expect);
        }
        assert!(task(json!({"parameters": ["a"], "named_parameters": {"x": "y"}})).check().is_err());
    }

    #[test]
    fn wheels_are_those_of_libraries_and_of_the_environment() {
        let task =
            json!({"libraries": [{"whl": "/Workspace/a.whl"}, {"pypi": {"package": "x"}}], "environment_key": "e"});
        let settings = json!({"environments": [
            {"environment_key": "e", "spec": {"dependencies": ["/Volumes/m/s/v/b.whl", "requests", "/Workspace/a.whl"]}},
            {"environment_key": "f", "spec": {"dependencies": ["/Workspace/c.whl"]}},
        ]});
        let of = |task: &Value| wheels(task.as_object().unwrap(), settings.as_object().unwrap());
        assert_eq!(of(&task), ["/Workspace/a.whl", "/Volumes/m/s/v/b.whl"]);
        assert!(of(&json!({})).is_empty());
    }
}
