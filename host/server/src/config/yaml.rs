//! The `config.yaml` format: nested maps of scalars, with `${VAR}` and `${VAR:default}` inside strings.

use std::collections::HashMap;

use serde_norway::Value;

use super::ConfigError;

/// The leaves of a file as dotted keys, references replaced.
pub(super) fn parse(
    path: &str,
    text: &str,
    environment: &HashMap<String, String>,
) -> Result<Vec<(String, String)>, ConfigError> {
    let document: Value = serde_norway::from_str(text)
        .map_err(|error| ConfigError::File { path: path.into(), problem: format!("is not YAML: {error}") })?;
    let mut leaves = Vec::new();
    collect(path, "", &document, environment, &mut leaves)?;
    Ok(leaves)
}

fn collect(
    path: &str,
    prefix: &str,
    value: &Value,
    environment: &HashMap<String, String>,
    leaves: &mut Vec<(String, String)>,
) -> Result<(), ConfigError> {
    let wrong =
        |problem: &str| ConfigError::WrongValue { key: prefix.into(), place: path.into(), problem: problem.into() };
    match value {
        Value::Null => Ok(()),
        Value::Bool(value) => {
            leaves.push((prefix.into(), value.to_string()));
            Ok(())
        }
        Value::Number(value) => {
            leaves.push((prefix.into(), value.to_string()));
            Ok(())
        }
        Value::String(text) => {
            let text = substitute(text, environment).map_err(|problem| wrong(&problem))?;
            leaves.push((prefix.into(), text));
            Ok(())
        }
        Value::Mapping(map) => {
            for (key, value) in map {
                let key = key.as_str().ok_or_else(|| wrong("has a key that is not text"))?;
                let key = if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") };
                collect(path, &key, value, environment, leaves)?;
            }
            Ok(())
        }
        Value::Sequence(_) => Err(wrong("must be one value, not a list")),
        Value::Tagged(_) => Err(wrong("must not carry a YAML tag")),
    }
}

/// Replaces `${VAR}` and `${VAR:default}`.
fn substitute(text: &str, environment: &HashMap<String, String>) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let (reference, after) = after.split_once('}').ok_or("has `${` without `}`")?;
        let (name, default) = match reference.split_once(':') {
            // `${VAR:-default}` is the shell's spelling of the same.
            Some((name, default)) => (name, Some(default.strip_prefix('-').unwrap_or(default))),
            None => (reference, None),
        };
        let value = environment.get(name).map(String::as_str).filter(|value| !value.is_empty()).or(default);
        out.push_str(
            value.ok_or_else(|| {
                format!("refers to ${{{name}}}, which is not set; set it or write ${{{name}:default}}")
            })?,
        );
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}
