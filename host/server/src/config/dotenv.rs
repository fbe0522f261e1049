//! The `.env.local` format: `NAME=value` lines, `#` comments, optional `export`, optional quotes.

use super::ConfigError;

/// The pairs of a file, in order.
pub(super) fn parse(path: &str, text: &str) -> Result<Vec<(String, String)>, ConfigError> {
    let mut pairs = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line.split_once('=').ok_or_else(|| ConfigError::File {
            path: path.into(),
            problem: format!("line {} is not NAME=value", index + 1),
        })?;
        let value = unquote(value.trim()).map_err(|problem| ConfigError::File {
            path: path.into(),
            problem: format!("line {} {problem}", index + 1),
        })?;
        pairs.push((name.trim().to_owned(), value));
    }
    Ok(pairs)
}

/// Quoted text is taken whole; a bare value ends at ` #`.
fn unquote(value: &str) -> Result<String, &'static str> {
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            let (inner, after) = rest.split_once(quote).ok_or("opens a quote and does not close it")?;
            let after = after.trim_start();
            if !after.is_empty() && !after.starts_with('#') {
                return Err("goes on after its closing quote");
            }
            return Ok(inner.to_owned());
        }
    }
    Ok(value.split(" #").next().unwrap_or(value).trim().to_owned())
}
