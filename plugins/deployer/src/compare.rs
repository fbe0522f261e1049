//! What is different between settings: those of the bundle, those that were sent, those that the workspace has.
//!
//! Lists whose items have keys are compared by these, so that another order is no difference. What the workspace leaves
//! empty counts as not set; a zero that somebody wrote in the bundle counts when it was not there before.

use serde_json::Value;

use crate::kinds::Kind;

/// The keys of lists' items, by the lists' names.
const KEYS: [(&str, &str); 13] = [
    ("tasks", "task_key"),
    ("job_clusters", "job_cluster_key"),
    ("parameters", "name"),
    ("environments", "environment_key"),
    ("depends_on", "task_key"),
    ("clusters", "label"),
    ("on_start", "id"),
    ("on_success", "id"),
    ("on_failure", "id"),
    ("on_duration_warning_threshold_exceeded", "id"),
    ("on_streaming_backlog_exceeded", "id"),
    ("acls", "principal"),
    ("grants", "principal"),
];

/// The list of a child's entries; they are told apart by whom they are about.
pub(crate) const EMBEDDED: &str = "__embed__";

/// Who an entry of a list of rights is about.
const PRINCIPALS: [&str; 4] = ["user_name", "group_name", "service_principal_name", "principal"];

/// Mappings whose keys people choose, so that one more is a difference.
const CHOSEN_KEYS: [&str; 2] = ["tags", "configuration"];

/// A difference.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Difference {
    /// The way to the value, such as `tasks[task_key='a'].timeout_seconds`.
    pub(crate) path: String,
    /// The field at its top.
    pub(crate) field: String,
    pub(crate) a: Option<Value>,
    pub(crate) b: Option<Value>,
}

/// What the settings of a bundle change in those that were sent.
pub(crate) fn local(sent: &Value, new: &Value) -> Vec<Difference> {
    let mut walk = Walk { kind: None, found: Vec::new() };
    walk.both("", "", Some(sent), Some(new));
    walk.found
}

/// What the workspace has else than the settings say: `a` is what was set, `b` what is there.
pub(crate) fn remote(kind: Option<&Kind>, set: &Value, there: &Value) -> Vec<Difference> {
    let mut walk = Walk { kind: Some(kind), found: Vec::new() };
    walk.both("", "", Some(set), Some(there));
    walk.found
}

struct Walk<'a> {
    /// None when two settings of the bundle are compared; then all differences count.
    kind: Option<Option<&'a Kind>>,
    found: Vec<Difference>,
}

impl Walk<'_> {
    fn both(&mut self, path: &str, name: &str, a: Option<&Value>, b: Option<&Value>) {
        let is_ignored = |kind: &Kind| kind.ignored.contains(&name) || kind.hidden.contains(&name);
        if self.kind.is_some_and(|kind| name == "etag" || kind.is_some_and(is_ignored)) || self.is_same(a, b) {
            return;
        }
        match (a, b) {
            (Some(Value::Object(left)), Some(Value::Object(right))) => {
                for key in left.keys().chain(right.keys().filter(|key| !left.contains_key(*key))) {
                    let way = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    let (a, b) = (left.get(key), right.get(key));
                    if a.is_some() || self.counts_alone(path, name, key) {
                        self.both(&way, key, a, b);
                    }
                }
            }
            (Some(Value::Array(left)), Some(Value::Array(right))) => self.lists(path, name, left, right),
            _ => self.add(path, a, b),
        }
    }

    /// Whether a field that only the other side has is a difference.
    fn counts_alone(&self, path: &str, name: &str, key: &str) -> bool {
        match self.kind {
            None => true,
            Some(kind) if path.is_empty() => kind.is_none_or(|kind| kind.watched.contains(&key)),
            Some(_) => CHOSEN_KEYS.contains(&name),
        }
    }

    fn is_same(&self, a: Option<&Value>, b: Option<&Value>) -> bool {
        let given = |value: Option<&Value>| value.is_some_and(|value| !value.is_null());
        if self.kind.is_none() {
            return a == b || !given(a) && !given(b);
        }
        match (a, b) {
            (Some(a), Some(b)) => a == b || is_empty(a) && is_empty(b) || is_alias(a, b, self.folds_case()),
            (Some(one), None) | (None, Some(one)) => is_empty(one),
            (None, None) => true,
        }
    }

    /// Whether the workspace writes names of this kind in small letters.
    fn folds_case(&self) -> bool {
        self.kind.flatten().is_some_and(Kind::is_named)
    }

    fn lists(&mut self, path: &str, name: &str, left: &[Value], right: &[Value]) {
        if name == "privileges" {
            if set(left) != set(right) {
                self.add(path, Some(&left.into()), Some(&right.into()));
            }
            return;
        }
        let key_name = KEYS.iter().find(|(list, _)| *list == name).map(|(_, key)| *key);
        let key_of = |item: &Value| -> Option<(String, String)> {
            if name == EMBEDDED {
                let who = PRINCIPALS.iter().find_map(|who| Some((*who, item.get(*who)?.as_str()?)))?;
                return Some((who.0.to_owned(), who.1.to_owned()));
            }
            let key = key_name?;
            Some((key.to_owned(), item.get(key)?.as_str()?.to_owned()))
        };
        let keyed = |items: &[Value]| items.iter().map(key_of).collect::<Option<Vec<_>>>();
        if let (Some(lefts), Some(rights)) = (keyed(left), keyed(right)) {
            for (key, a) in lefts.iter().zip(left) {
                let b = rights.iter().position(|other| other == key).and_then(|at| right.get(at));
                self.both(&format!("{path}[{}='{}']", key.0, key.1), "", Some(a), b);
            }
            for (key, b) in rights.iter().zip(right).filter(|(key, _)| !lefts.contains(key)) {
                self.both(&format!("{path}[{}='{}']", key.0, key.1), "", None, Some(b));
            }
            return;
        }
        for index in 0..left.len().max(right.len()) {
            self.both(&format!("{path}[{index}]"), "", left.get(index), right.get(index));
        }
    }

    fn add(&mut self, path: &str, a: Option<&Value>, b: Option<&Value>) {
        let field = path.split(['.', '[']).next().unwrap_or_default().to_owned();
        self.found.push(Difference { path: path.to_owned(), field, a: a.cloned(), b: b.cloned() });
    }
}

fn set(items: &[Value]) -> std::collections::BTreeSet<String> {
    items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), |text| text.replace(' ', "_"))).collect()
}

/// What the service answers where nothing is set.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.iter().all(is_empty),
        Value::Object(fields) => fields.values().all(is_empty),
    }
}

/// Two spellings of one value: paths with and without /Workspace, places with a slash at the end, names of Unity Catalog
/// in small letters, numbers as texts.
fn is_alias(a: &Value, b: &Value, folds_case: bool) -> bool {
    let plain = |value: &Value| match value {
        Value::String(text) => {
            let text = text.strip_prefix("/Workspace").filter(|rest| rest.starts_with('/')).unwrap_or(text);
            Some(text.trim_end_matches('/').to_owned())
        }
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    match (plain(a), plain(b)) {
        (Some(a), Some(b)) => a == b || folds_case && b == a.to_ascii_lowercase(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds::kind;

    fn paths(found: &[Difference]) -> Vec<&str> {
        found.iter().map(|difference| difference.path.as_str()).collect()
    }

    #[test]
    fn a_bundles_changes_are_all_found() {
        for (sent, new, expect) in [
            (json!({"a": 1}), json!({"a": 1}), &[][..]),
            (json!({"a": 1}), json!({"a": 2}), &["a"]),
            (json!({"a": 1}), json!({"a": 1, "num_workers": 0}), &["num_workers"]),
            (json!({"a": 1, "x": false}), json!({"a": 1}), &["x"]),
            (json!({"a": null}), json!({}), &[]),
            (
                json!({"tasks": [{"task_key": "a", "t": 1}, {"task_key": "b"}]}),
                json!({"tasks": [{"task_key": "b"}, {"task_key": "a", "t": 2}]}),
                &["tasks[task_key='a'].t"],
            ),
            (
                json!({"tasks": [{"task_key": "a"}]}),
                json!({"tasks": [{"task_key": "c"}]}),
                &["tasks[task_key='a']", "tasks[task_key='c']"],
            ),
            (json!({"libraries": [{"a": 1}]}), json!({"libraries": [{"a": 1}, {"b": 1}]}), &["libraries[1]"]),
            (
                json!({"__embed__": [{"level": "X", "user_name": "a"}, {"level": "Y", "group_name": "a"}]}),
                json!({"__embed__": [{"level": "Y", "group_name": "a"}, {"level": "Z", "user_name": "a"}]}),
                &["__embed__[user_name='a'].level"],
            ),
        ] {
            assert_eq!(paths(&local(&sent, &new)), expect, "{sent} {new}");
        }
    }

    #[test]
    fn what_the_workspace_adds_is_no_difference() {
        let job = kind("jobs");
        for (set, there, expect) in [
            // What it fills in, what it leaves empty, how it orders.
            (
                json!({"name": "n", "tasks": [{"task_key": "b"}, {"task_key": "a"}]}),
                json!({"name": "n", "email_notifications": {}, "timeout_seconds": 0, "format": "MULTI_TASK",
                       "tasks": [{"task_key": "a", "run_if": "ALL_SUCCESS", "email_notifications": {}}, {"task_key": "b"}]}),
                &[][..],
            ),
            (
                json!({"job_clusters": [{"job_cluster_key": "k", "new_cluster": {"num_workers": 0, "aws_attributes": {"a": 1}}}]}),
                json!({"job_clusters": [{"job_cluster_key": "k", "new_cluster": {"aws_attributes": {"b": 2}, "enable_elastic_disk": true}}]}),
                &[],
            ),
            (json!({"name": "n", "root": "/Workspace/x/"}), json!({"name": "n", "root": "/x"}), &[]),
            // What people change.
            (json!({"name": "n"}), json!({"name": "m"}), &["name"]),
            (json!({"name": "N"}), json!({"name": "n"}), &["name"]),
            (json!({"name": "n"}), json!({"name": "n", "schedule": {"x": "y"}}), &["schedule"]),
            (json!({"tags": {"a": "b"}}), json!({"tags": {"a": "b", "c": "d"}}), &["tags.c"]),
            (json!({"tasks": []}), json!({"tasks": [{"task_key": "new"}]}), &["tasks[task_key='new']"]),
            (json!({"max_concurrent_runs": 4}), json!({}), &["max_concurrent_runs"]),
        ] {
            assert_eq!(paths(&remote(job, &set, &there)), expect, "{set} {there}");
        }
        let schema = kind("schemas");
        assert_eq!(paths(&remote(schema, &json!({"name": "Raw"}), &json!({"name": "raw", "owner": "x"}))), [""; 0]);
        let rights = json!({"grants": [{"principal": "p", "privileges": ["USE_SCHEMA", "SELECT"]}]});
        let there = json!({"grants": [{"principal": "p", "privileges": ["SELECT", "USE SCHEMA"]}]});
        assert_eq!(paths(&remote(None, &rights, &there)), [""; 0]);
    }
}
