//! Settings of other programs that look like ours: those that would choose another workspace, identity or model are
//! refused, the others are named, so that none is ignored unsaid.

/// Prefixes of the settings that Databricks' and Anthropic's own tools read.
const PREFIXES: &[&str] = &["DATABRICKS_", "ANTHROPIC_"];

/// Set by the platform for every app; what they stand for is deliberately not used: users bring their own identity.
const OF_APPS: &[&str] = &[
    "DATABRICKS_CLIENT_ID",
    "DATABRICKS_CLIENT_SECRET",
    "DATABRICKS_WORKSPACE_ID",
    "DATABRICKS_APP_URL",
    "DATABRICKS_SOURCE_CODE_PATH",
];

/// Ways to sign in that are not supported, and what to do instead.
const OTHER_WAYS_IN: &[&str] = &[
    "DATABRICKS_CLIENT_ID",
    "DATABRICKS_CLIENT_SECRET",
    "DATABRICKS_USERNAME",
    "DATABRICKS_PASSWORD",
    "DATABRICKS_AUTH_TYPE",
    "DATABRICKS_ACCOUNT_ID",
    "DATABRICKS_AZURE_RESOURCE_ID",
    "DATABRICKS_GOOGLE_SERVICE_ACCOUNT",
    "DATABRICKS_METADATA_SERVICE_URL",
    "DATABRICKS_OIDC_TOKEN_ENV",
];

/// What a variable of another program means for us.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Foreign {
    /// None of our business.
    Unrelated,
    /// Not used; to be said.
    Unused,
    /// Would choose something else than what we do.
    Refused(&'static str),
}

/// Judges a variable that is no setting of ours; `is_app`: whether the platform of Databricks Apps started us.
pub(super) fn judge(name: &str, text: &str, is_app: bool) -> Foreign {
    if text.trim().is_empty() || !PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
        return Foreign::Unrelated;
    }
    if is_app {
        return if OF_APPS.contains(&name) { Foreign::Unrelated } else { Foreign::Unused };
    }
    // The token is the one way to sign in; it may be named so too.
    if name == "DATABRICKS_AUTH_TYPE" && text.trim() == "pat" {
        return Foreign::Unrelated;
    }
    if OTHER_WAYS_IN.contains(&name) {
        return Foreign::Refused(
            "is not supported: Bricklayer signs in with a personal access token; unset it, and set DATABRICKS_HOST and \
             DATABRICKS_TOKEN, or DATABRICKS_CONFIG_PROFILE",
        );
    }
    Foreign::Unused
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_chooses_an_identity_is_ignored_unsaid() {
        for (name, text, is_app, refused) in [
            ("PATH", "x", false, None),
            ("DATABRICKS_CLIENT_ID", "", false, None),
            ("DATABRICKS_AUTH_TYPE", "pat", false, None),
            ("DATABRICKS_CLIENT_SECRET", "x", true, None),
            ("DATABRICKS_AUTH_TYPE", "databricks-cli", false, Some(true)),
            ("DATABRICKS_CLIENT_ID", "x", false, Some(true)),
            ("DATABRICKS_BUNDLE_TARGET", "x", false, Some(false)),
            ("ANTHROPIC_SMALL_FAST_MODEL", "x", false, Some(false)),
            ("ANTHROPIC_CUSTOM_HEADERS", "x", true, Some(false)),
        ] {
            let judged = match judge(name, text, is_app) {
                Foreign::Unrelated => None,
                Foreign::Unused => Some(false),
                Foreign::Refused(_) => Some(true),
            };
            assert_eq!(judged, refused, "{name}={text}");
        }
    }
}
