//! Values that look like secrets: a bundle is a folder that people share, so they do not go into it.

use serde_json::Value;

/// Last words of names whose values are secrets.
const NAMES: [&str; 11] = [
    "password",
    "passwd",
    "secret",
    "secret_key",
    "access_key",
    "api_key",
    "apikey",
    "private_key",
    "token",
    "credential",
    "credentials",
];

/// Maps whose values are settings that people put secrets into.
const MAPS: [&str; 9] = [
    "spark_conf",
    "spark_env_vars",
    "base_parameters",
    "named_parameters",
    "job_parameters",
    "parameters",
    "configuration",
    "sql_params",
    "env",
];

/// Letters of a value that is no secret: a flag, a number, a word.
const MIN_SECRET_CHARS: usize = 8;

/// How texts begin that are secrets, with the least number of letters and digits that follow.
const MARKS: [(&str, usize); 8] = [
    ("dapi", 32),
    ("dose", 32),
    ("dkea", 32),
    ("AKIA", 16),
    ("ghp_", 36),
    ("github_pat_", 22),
    ("xoxb-", 20),
    ("sk-ant-", 20),
];

/// Visits each text that is likely a secret with its name and place.
pub(crate) fn visit(
    value: &mut Value,
    place: &str,
    named: Option<&str>,
    found: &mut dyn FnMut(&str, &str, &mut String),
) {
    match value {
        Value::Object(map) => {
            let parameter = match (map.get("name"), map.get("default")) {
                (Some(Value::String(name)), Some(Value::String(_))) => Some(name.clone()),
                _ => None,
            };
            let in_map = named.is_some_and(|map| MAPS.contains(&map));
            for (field, inner) in map {
                let place = if place.is_empty() { field.clone() } else { format!("{place}.{field}") };
                let name = match &parameter {
                    Some(name) if field == "default" => Some(name.as_str()),
                    _ if in_map => Some(field.as_str()),
                    _ => None,
                };
                match inner {
                    Value::String(text) if holds_token(text) || name.is_some_and(|name| is_secret(name, text)) => {
                        found(name.unwrap_or("token"), &place, text);
                    }
                    inner => visit(inner, &place, Some(field), found),
                }
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter_mut().enumerate() {
                let place = format!("{place}[{i}]");
                match item {
                    Value::String(text) if holds_token(text) => found("token", &place, text),
                    item => visit(item, &place, None, found),
                }
            }
        }
        _ => {}
    }
}

fn is_secret(name: &str, value: &str) -> bool {
    let name = name.to_lowercase().replace(['-', '.', ' '], "_");
    let ends = |word: &str| name.strip_suffix(word).is_some_and(|before| before.is_empty() || before.ends_with('_'));
    // References to secrets and to values of a run, paths and sentences are no secrets.
    let plain = ["{{", "${", "/"].iter().all(|mark| !value.contains(mark)) && !value.contains(char::is_whitespace);
    plain && value.chars().count() >= MIN_SECRET_CHARS && NAMES.iter().any(|word| ends(word))
}

fn holds_token(text: &str) -> bool {
    let follows = |mark: &str, least: usize| {
        text.match_indices(mark).any(|(at, _)| {
            let rest = text.get(at + mark.len()..).unwrap_or_default();
            rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')).count() >= least
        })
    };
    MARKS.iter().any(|(mark, least)| follows(mark, *least))
        || text.contains("-----BEGIN ") && text.contains("PRIVATE KEY-----")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_found_by_name_and_by_form() {
        let token = format!("dapi{}", "0a".repeat(16));
        let mut settings = json!({
            "new_cluster": {
                "spark_conf": {"fs.account.key.password": "hunter2hunter2", "spark.token": "{{secrets/s/k}}",
                    "x.secret.provider": "org.apache.hadoop.Provider", "tokenizer": "bert-base-uncased", "short.secret": "true"},
                "spark_env_vars": {"API_KEY": "abcdefghijkl", "PATH": "/x/secret"},
            },
            "parameters": [{"name": "db_password", "default": "correct-horse"}, {"name": "day", "default": "2024-01-01"}],
            "tasks": [{"python_wheel_task": {"parameters": ["--token", token]}, "description": "the token is secretive"}],
            "tags": {"secret_owner": "somebody-else"},
        });
        let mut found = Vec::new();
        visit(&mut settings, "", None, &mut |name, place, _| found.push(format!("{name} {place}")));
        assert_eq!(
            found,
            [
                "fs.account.key.password new_cluster.spark_conf.fs.account.key.password",
                "API_KEY new_cluster.spark_env_vars.API_KEY",
                "db_password parameters[0].default",
                "token tasks[0].python_wheel_task.parameters[1]",
            ]
        );
    }
}
