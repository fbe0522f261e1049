//! The order of keys in a bundle's files, after the Databricks CLI: what a reader looks for first, then the alphabet.

use serde_json::Value;

use crate::yaml::{Pair, Yaml};

/// Keys that come first in what stands below a field, in this order. The rest follows by the alphabet.
const FIRST: [(&str, &[&str]); 5] = [
    ("jobs", &["name", "job_clusters", "compute", "tasks"]),
    ("pipelines", &["name", "catalog", "schema", "serverless"]),
    ("tasks", &["task_key", "depends_on", "existing_cluster_id", "new_cluster", "job_cluster_key"]),
    ("task", &["task_key", "depends_on", "existing_cluster_id", "new_cluster", "job_cluster_key"]),
    ("parameters", &["name", "default"]),
];

/// Maps whose keys and values are texts whatever they look like.
const QUOTED: [&str; 3] = ["spark_conf", "tags", "custom_tags"];

/// A value below a field, in order.
pub(crate) fn ordered(field: &str, value: &Value) -> Yaml {
    match value {
        Value::Object(map) => {
            let quoted = QUOTED.contains(&field);
            let first = FIRST.iter().find(|(name, _)| *name == field).map_or(&[][..], |(_, first)| *first);
            // A map has its keys in the order of the alphabet.
            let ahead = first.iter().filter_map(|name| map.get_key_value(*name));
            let rest = map.iter().filter(|(key, _)| !first.contains(&key.as_str()));
            let pair = |(key, value): (&String, &Value)| match value {
                Value::String(text) if quoted => Pair { quoted, ..Pair::new(key.as_str(), Yaml::Quoted(text.clone())) },
                value => Pair { quoted, ..Pair::new(key.as_str(), ordered(key, value)) },
            };
            Yaml::map(ahead.chain(rest).map(pair))
        }
        Value::Array(items) => Yaml::list(items.iter().map(|item| ordered(field, item))),
        Value::Null => Yaml::Null,
        Value::Bool(value) => Yaml::Bool(*value),
        Value::Number(number) => Yaml::Number(number.clone()),
        Value::String(text) => Yaml::Text(text.clone()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_have_the_order_of_the_cli() {
        let job = json!({"tasks": [{"run_if": "ALL_DONE", "new_cluster": {"spark_conf": {"a": "true"}, "num_workers": 1},
            "depends_on": [{"task_key": "b"}], "task_key": "a"}], "email_notifications": {}, "name": "nightly",
            "parameters": [{"default": "", "name": "p"}], "tags": {"k": "1"}, "job_clusters": []});
        let expected = "name: nightly\njob_clusters: []\ntasks:\n  - task_key: a\n    depends_on:\n      - task_key: b\n    \
            new_cluster:\n      num_workers: 1\n      spark_conf:\n        \"a\": \"true\"\n    run_if: ALL_DONE\n\
            email_notifications: {}\nparameters:\n  - name: p\n    default: \"\"\ntags:\n  \"k\": \"1\"\n";
        assert_eq!(ordered("jobs", &job).document(), expected);
    }
}
