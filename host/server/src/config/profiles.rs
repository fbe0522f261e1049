//! Profiles of `~/.databrickscfg`, as Databricks' own tools keep them: sections of `key = value` lines.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

/// Largest file read; a larger one is no list of profiles.
const MAX_FILE_BYTES: u64 = 1 << 20;
/// Section of the newer tools' own settings; no profile.
const TOOL_SETTINGS: &str = "__settings__";
/// Keys that a profile with a personal access token may have; any other one chooses another way to sign in.
const TOKEN_KEYS: &[&str] = &["host", "token", "auth_type", "account_id", "workspace_id", "cluster_id", "warehouse_id"];

/// A profile that Bricklayer can use: a workspace with a personal access token.
#[derive(Debug, Clone)]
pub(super) struct Profile {
    /// Its name.
    pub(super) name: String,
    /// The workspace's address, as written.
    pub(super) host: String,
    /// The token.
    pub(super) token: SecretString,
}

type Section = (String, Vec<(String, String)>);

/// Where the file is when nobody says.
pub(super) fn usual_path(home: Option<&String>) -> Option<PathBuf> {
    home.filter(|home| !home.is_empty()).map(|home| Path::new(home).join(".databrickscfg"))
}

/// The names of a file's profiles that name a workspace; none when there is no such file.
pub(super) fn names(path: &Path) -> Vec<String> {
    let Ok(text) = read(path) else { return Vec::new() };
    let has_host = |section: &Section| section.1.iter().any(|(key, _)| key == "host");
    sections(&text).unwrap_or_default().into_iter().filter(has_host).map(|(name, _)| name).collect()
}

/// Reads one profile.
///
/// # Errors
/// What is wrong and what to do, without the file's path.
pub(super) fn find(path: &Path, name: &str) -> Result<Profile, String> {
    let text = read(path)?;
    let all = sections(&text)?;
    let Some((_, pairs)) = all.iter().find(|(own, _)| own == name) else {
        let known: Vec<_> = all.iter().map(|(name, _)| format!("`{name}`")).collect();
        let known = if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
        return Err(format!("has no profile `{name}`; {known}"));
    };
    let value = |key: &str| pairs.iter().find(|(own, _)| own == key).map(|(_, value)| value.clone());
    let way = value("auth_type").filter(|way| way != "pat");
    let other = pairs.iter().map(|(key, _)| key).find(|key| !TOKEN_KEYS.contains(&key.as_str()));
    let token = value("token").filter(|_| way.is_none() && other.is_none());
    let Some(token) = token else {
        let by = way.or_else(|| other.cloned()).map_or_else(|| "without a token".to_owned(), |by| format!("by `{by}`"));
        return Err(format!(
            "the profile `{name}` signs in {by}, which Bricklayer cannot do yet; make a personal access token \
             (`databricks tokens create --profile {name}`) and set DATABRICKS_HOST and DATABRICKS_TOKEN, or put the token \
             into a profile of its own"
        ));
    };
    let host = value("host").ok_or_else(|| format!("the profile `{name}` names no host"))?;
    Ok(Profile { name: name.to_owned(), host, token: token.into() })
}

fn read(path: &Path) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("cannot be read: {error}");
    if std::fs::metadata(path).map_err(failed)?.len() > MAX_FILE_BYTES {
        return Err("is larger than 1 MiB".into());
    }
    std::fs::read_to_string(path).map_err(failed)
}

/// The sections in order; keys in lower case.
fn sections(text: &str) -> Result<Vec<Section>, String> {
    let mut sections: Vec<Section> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            sections.push((name.trim().to_owned(), Vec::new()));
            continue;
        }
        // The line is not repeated: it may be a token.
        let wrong = || format!("line {} is neither a [profile] nor key = value", index + 1);
        let (key, value) = line.split_once('=').ok_or_else(wrong)?;
        let (_, pairs) = sections.last_mut().ok_or_else(wrong)?;
        pairs.push((key.trim().to_lowercase(), value.trim().to_owned()));
    }
    sections.retain(|(name, _)| name != TOOL_SETTINGS);
    Ok(sections)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    const FILE: &str = "; comment\n[__settings__]\ndefault_profile = work\n\n[DEFAULT]\n\n[work]\nhost = https://w\n\
                        token = canary-of-work\n[cli]\nhost=https://c\nauth_type = databricks-cli\n\
                        [machine]\nhost = https://m\nclient_id = x\nclient_secret = canary\n[bare]\nhost = https://b\n";

    fn with_file(text: &str, check: impl FnOnce(&Path)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cfg");
        std::fs::write(&path, text).unwrap();
        check(&path);
    }

    #[test]
    fn a_profile_with_a_token_is_read_and_others_say_why_not() {
        with_file(FILE, |path| {
            let work = find(path, "work").unwrap();
            assert_eq!((work.host.as_str(), work.token.expose_secret()), ("https://w", "canary-of-work"));
            assert_eq!(names(path), ["work", "cli", "machine", "bare"]);
            for (name, expect) in [
                ("wrok", "has no profile `wrok`; it has `DEFAULT`, `work`, `cli`, `machine`, `bare`"),
                ("cli", "signs in by `databricks-cli`"),
                ("machine", "signs in by `client_id`"),
                ("bare", "signs in without a token"),
                ("DEFAULT", "signs in without a token"),
            ] {
                let said = find(path, name).unwrap_err();
                assert!(said.contains(expect) && !said.contains("canary"), "{said}");
            }
        });
        with_file("[a]\ncanary without equals\n", |path| {
            let said = find(path, "a").unwrap_err();
            assert!(said.contains("line 2 is neither") && !said.contains("canary"), "{said}");
        });
        assert!(find(Path::new("/nowhere/at/all"), "a").unwrap_err().contains("cannot be read"));
        assert!(names(Path::new("/nowhere/at/all")).is_empty());
    }
}
