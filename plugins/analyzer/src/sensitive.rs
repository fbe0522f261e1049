//! Texts that should not stand in a notebook: secrets by their shape, hosts and ids of one workspace. What is found is
//! named and never shown.

/// What a text holds that belongs elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sensitive {
    /// A secret, of this kind.
    Secret(&'static str),
    WorkspaceHost,
    ClusterId,
    HomeFolder,
}

/// Names of what holds a secret.
const SECRET_NAMES: [&str; 14] = [
    "password",
    "passwd",
    "pwd",
    "secret",
    "client_secret",
    "clientsecret",
    "token",
    "access_token",
    "api_key",
    "apikey",
    "access_key",
    "account_key",
    "secret_key",
    "private_key",
];

/// Values that hold the place of a secret.
const PLACEHOLDERS: [&str; 8] = ["changeme", "password", "secret", "token", "dummy", "example", "none", "test"];

/// Hosts of workspaces end so.
const HOSTS: [&str; 4] =
    [".azuredatabricks.net", ".cloud.databricks.com", ".gcp.databricks.com", ".databricks.azure.us"];

/// Looks at one text.
pub(crate) fn find(text: &str) -> Option<Sensitive> {
    if let Some(kind) = secret(text) {
        return Some(Sensitive::Secret(kind));
    }
    if HOSTS.iter().any(|host| text.contains(host)) {
        return Some(Sensitive::WorkspaceHost);
    }
    if words(text, |c| c.is_ascii_alphanumeric() || c == '-').any(is_cluster_id) {
        return Some(Sensitive::ClusterId);
    }
    let home = ["/Users/", "/Repos/"].iter().find_map(|home| text.split_once(home));
    home.filter(|(_, rest)| rest.split('/').next().is_some_and(|user| user.contains('@')))
        .map(|_| Sensitive::HomeFolder)
}

/// Whether what has this name holds a secret, when it is this text.
pub(crate) fn is_secret_value(name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase().replace(['-', '.', ' '], "_");
    let holds = SECRET_NAMES.iter().any(|known| name == *known || name.ends_with(&format!("_{known}")));
    let lower = value.to_ascii_lowercase();
    holds
        && value.len() >= 6
        && !value.contains(char::is_whitespace)
        && !value.contains(['{', '<', '$', '/'])
        && !PLACEHOLDERS.contains(&lower.as_str())
        && !SECRET_NAMES.contains(&lower.as_str())
        && value.chars().any(|c| c.is_ascii_digit() || c.is_ascii_uppercase() || !c.is_ascii_alphanumeric())
        && !value.chars().all(|c| c == '*' || c == 'x' || c == 'X')
        && !lower.ends_with("_key")
        && !lower.ends_with("_token")
        && !lower.ends_with("-key")
        && !lower.ends_with("-token")
}

fn secret(text: &str) -> Option<&'static str> {
    let word = |prefix: &str, least: usize, valid: fn(char) -> bool| {
        text.match_indices(prefix).any(|(at, _)| {
            let rest = text.get(at + prefix.len()..).unwrap_or_default();
            rest.chars().take_while(|c| valid(*c)).count() >= least
        })
    };
    let hex = |c: char| c.is_ascii_hexdigit();
    let letters = |c: char| c.is_ascii_alphanumeric();
    let base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-');
    let found = [
        (word("dapi", 32, hex), "a Databricks access token"),
        (word("dose", 32, hex), "a Databricks secret"),
        (word("AKIA", 16, letters), "an AWS access key"),
        (word("ghp_", 30, letters) || word("github_pat_", 30, base64), "a GitHub token"),
        (word("xoxb-", 20, base64) || word("xoxp-", 20, base64), "a Slack token"),
        (word("sk-", 32, base64), "an API key"),
        (word("AccountKey=", 20, base64), "a storage account key"),
        (word("SharedAccessKey=", 20, base64), "a shared access key"),
        (word("&sig=", 20, |c| c.is_ascii_alphanumeric() || c == '%'), "a shared access signature"),
        (text.contains("-----BEGIN ") && text.contains("PRIVATE KEY"), "a private key"),
        (text.starts_with("jdbc:") && password_in_url(text), "a password in an address"),
    ];
    found.into_iter().find(|(is, _)| *is).map(|(_, kind)| kind)
}

fn password_in_url(text: &str) -> bool {
    let value = text.to_ascii_lowercase().split_once("password=").map(|(_, rest)| rest.to_owned());
    value.is_some_and(|value| !value.is_empty() && !value.starts_with(['{', '$', '<']))
}

fn words(text: &str, inside: fn(char) -> bool) -> impl Iterator<Item = &str> {
    text.split(move |c: char| !inside(c))
}

/// `0123-456789-abcdefgh`.
fn is_cluster_id(word: &str) -> bool {
    let mut parts = word.split('-');
    let digits = |part: Option<&str>, long: usize| {
        part.is_some_and(|part| part.len() == long && part.chars().all(|c| c.is_ascii_digit()))
    };
    digits(parts.next(), 4)
        && digits(parts.next(), 6)
        && parts
            .next()
            .is_some_and(|part| (7..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric()))
        && parts.next().is_none()
}

/// The text, or words in its place when it holds a secret.
pub(crate) fn shown(text: &str) -> String {
    match secret(text) {
        Some(kind) => format!("({kind})"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_shape_and_their_name() {
        let token = format!("dapi{}", "0a".repeat(16));
        assert_eq!(find(&format!("Bearer {token}")), Some(Sensitive::Secret("a Databricks access token")));
        assert_eq!(shown(&token), "(a Databricks access token)");
        assert_eq!(find("https://adb-1.2.azuredatabricks.net/x"), Some(Sensitive::WorkspaceHost));
        assert_eq!(find("use 0923-164208-meows279 here"), Some(Sensitive::ClusterId));
        assert_eq!(find("/Workspace/Users/me@x.io/a"), Some(Sensitive::HomeFolder));
        for plain in ["dapi", "2024-01-02", "/Users/x", "sk-learn", "main.a.b"] {
            assert_eq!(find(plain), None, "{plain}");
        }
        for (name, value, is) in [
            ("db_password", "S3cr3t!x", true),
            ("api-key", "abc123def", true),
            ("password", "password", false),
            ("password", "{{secrets/a/b}}", false),
            ("token_count", "1234567", false),
            ("client_secret", "sp-client-key", false),
        ] {
            assert_eq!(is_secret_value(name, value), is, "{name} {value}");
        }
    }
}
