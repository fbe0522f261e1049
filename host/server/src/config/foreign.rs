//! Settings of other programs that look like ours: those that would choose another workspace, identity or model are
//! refused, the others are named, so that none is ignored unsaid.

/// Prefixes of the settings that Databricks', Anthropic's and OpenTelemetry's own tools read.
const PREFIXES: &[&str] = &["DATABRICKS_", "ANTHROPIC_", TELEMETRY];

const TELEMETRY: &str = "OTEL_";

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

/// OpenTelemetry's settings that its library follows by itself: how many spans are kept, and how long they wait.
const FOLLOWED: &[&str] = &[
    "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_SAMPLER_ARG",
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_SPAN_EVENT_COUNT_LIMIT",
    "OTEL_SPAN_LINK_COUNT_LIMIT",
    "OTEL_BSP_SCHEDULE_DELAY",
    "OTEL_BSP_MAX_QUEUE_SIZE",
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
];

/// OpenTelemetry's settings that would send spans elsewhere, otherwise, or not at all; the values that say what happens
/// anyway; and what to do instead.
const OTHER_WAYS_OUT: &[(&str, &[&str], &str)] = &[
    ("OTEL_SDK_DISABLED", &["false"], "is not supported: unset it, and OTEL_EXPORTER_OTLP_ENDPOINT to export no spans"),
    (
        "OTEL_TRACES_EXPORTER",
        &["otlp"],
        "is not supported: spans go by OTLP or nowhere; unset it, and OTEL_EXPORTER_OTLP_ENDPOINT to export none",
    ),
    ("OTEL_EXPORTER_OTLP_PROTOCOL", HTTP, ONLY_HTTP),
    ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", HTTP, ONLY_HTTP),
    ("OTEL_EXPORTER_OTLP_COMPRESSION", PLAIN, ONLY_PLAIN),
    ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", PLAIN, ONLY_PLAIN),
    (
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        &[],
        "is not supported: unset it, and set OTEL_EXPORTER_OTLP_ENDPOINT, to which /v1/traces is added",
    ),
    (
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
        &[],
        "is not supported: unset it, and set OTEL_EXPORTER_OTLP_HEADERS, as only spans are exported",
    ),
    ("OTEL_EXPORTER_OTLP_CERTIFICATE", &[], OWN_TRUST),
    ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", &[], OWN_TRUST),
    ("OTEL_EXPORTER_OTLP_CLIENT_KEY", &[], OWN_TRUST),
    ("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", &[], OWN_TRUST),
    ("OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", &[], OWN_TRUST),
    ("OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", &[], OWN_TRUST),
];

const HTTP: &[&str] = &["http/protobuf"];
const ONLY_HTTP: &str = "is not supported: spans go as http/protobuf; unset it, and name the collector's port for that \
                         (usually 4318) in OTEL_EXPORTER_OTLP_ENDPOINT";
const PLAIN: &[&str] = &["none"];
const ONLY_PLAIN: &str = "is not supported: spans are not compressed; unset it";
const OWN_TRUST: &str = "is not supported: collectors are trusted as the system trusts them, and no certificate is shown \
                         to them; unset it";

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
    if FOLLOWED.contains(&name) {
        return Foreign::Unrelated;
    }
    if is_app {
        return if OF_APPS.contains(&name) { Foreign::Unrelated } else { Foreign::Unused };
    }
    if let Some((_, same, problem)) = OTHER_WAYS_OUT.iter().find(|(other, ..)| *other == name) {
        let same = same.iter().any(|same| same.eq_ignore_ascii_case(text.trim()));
        return if same { Foreign::Unrelated } else { Foreign::Refused(problem) };
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
    fn nothing_that_chooses_an_identity_or_a_way_out_is_ignored_unsaid() {
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
            ("OTEL_BSP_SCHEDULE_DELAY", "1000", false, None),
            ("OTEL_TRACES_SAMPLER", "always_off", true, None),
            ("OTEL_SERVICE_NAME", "x", false, Some(false)),
            ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://c", false, Some(false)),
            ("OTEL_EXPORTER_OTLP_ENDPONT", "http://c", false, Some(false)),
            ("OTEL_SDK_DISABLED", "False", false, None),
            ("OTEL_SDK_DISABLED", "true", false, Some(true)),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", false, None),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", false, Some(true)),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", true, Some(false)),
            ("OTEL_TRACES_EXPORTER", "none", false, Some(true)),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip", false, Some(true)),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c", false, Some(true)),
            ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=b", false, Some(true)),
            ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "/k", false, Some(true)),
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
