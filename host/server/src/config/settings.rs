//! The table of settings: each is one row, and nothing else knows a key.

/// One thing that can be set.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its key in `config.yaml`, dotted.
    pub key: &'static str,
    /// Its environment variable, also its name in `.env.local`.
    pub env: &'static str,
    /// Whether its value must never be shown.
    pub secret: bool,
    /// What it means and its default.
    pub help: &'static str,
}

const fn setting(key: &'static str, env: &'static str, secret: bool, help: &'static str) -> Setting {
    Setting { key, env, secret, help }
}

/// Every setting.
pub const SETTINGS: &[Setting] = &[
    setting("listen", "BRICKLAYER_LISTEN", false, "address and port to listen on (127.0.0.1:8000)"),
    setting("data_dir", "BRICKLAYER_DATA_DIR", false, "folder for the database, projects and caches (./data)"),
    setting(
        "server.public_url",
        "BRICKLAYER_PUBLIC_URL",
        false,
        "addresses that browsers know this server by, with commas, such as https://bricks.example.com (its own)",
    ),
    setting("identity", "BRICKLAYER_IDENTITY", false, "development, or proxy behind a proxy that names the user"),
    setting("skills_dir", "BRICKLAYER_SKILLS_DIR", false, "folder with further skills (none)"),
    setting(
        "skills.enabled",
        "ENABLED_SKILLS",
        false,
        "names of the shipped and further skills that there are, with commas (all)",
    ),
    setting(
        "skills.depth",
        "BRICKLAYER_SKILLS_DEPTH",
        false,
        "folders within each other that skills are looked for in (4)",
    ),
    setting("skills.folders", "BRICKLAYER_SKILLS_FOLDERS", false, "folders that are looked into for skills (2000)"),
    setting("skills.files", "BRICKLAYER_SKILLS_FILES", false, "files of one skill (200)"),
    setting("skills.mib", "BRICKLAYER_SKILLS_MIB", false, "MiB of all files of one skill (8)"),
    setting("database.url", "DATABASE_URL", true, "postgres://… or sqlite:FILE (a file in the data folder)"),
    setting(
        "database.statement_seconds",
        "BRICKLAYER_DATABASE_STATEMENT_SECONDS",
        false,
        "longest that PostgreSQL may take for a statement which turns stand on (a third of the lease)",
    ),
    setting(
        "workspace.binary",
        "BRICKLAYER_WORKSPACE_BINARY",
        false,
        "the bricklayer-workspace binary (beside this one)",
    ),
    setting("databricks.host", "DATABRICKS_HOST", false, "address of a real workspace (none: the local one)"),
    setting("databricks.token", "DATABRICKS_TOKEN", true, "your token there, in development"),
    setting(
        "databricks.profile",
        "DATABRICKS_CONFIG_PROFILE",
        false,
        "a profile with a personal access token, instead of host and token",
    ),
    setting("databricks.config_file", "DATABRICKS_CONFIG_FILE", false, "where profiles are (~/.databrickscfg)"),
    setting("databricks.app_name", "DATABRICKS_APP_NAME", false, "set by Databricks Apps; makes identity: proxy"),
    setting("databricks.app_port", "DATABRICKS_APP_PORT", false, "set by Databricks Apps; the port to listen on"),
    setting("anthropic.api_key", "ANTHROPIC_API_KEY", true, "key of the Anthropic API (none: the offline model)"),
    setting("anthropic.auth_token", "ANTHROPIC_AUTH_TOKEN", true, "bearer token instead of a key"),
    setting("anthropic.base_url", "ANTHROPIC_BASE_URL", false, "an endpoint that speaks Anthropic Messages"),
    setting("anthropic.model", "ANTHROPIC_MODEL", false, "model id when the user picks none"),
    setting("openai.model", "OPENAI_MODEL", false, "a model behind chat completions, which then answers (none)"),
    setting("openai.api_key", "OPENAI_API_KEY", true, "key for it; alone it chooses nothing"),
    setting("openai.base_url", "OPENAI_BASE_URL", false, "an endpoint that speaks chat completions (OpenAI's own)"),
    setting(
        "databricks.model",
        "BRICKLAYER_DATABRICKS_MODEL",
        false,
        "a model of the workspace, which then answers, asked with each user's own token (none)",
    ),
    setting(
        "databricks.model_route",
        "BRICKLAYER_DATABRICKS_MODEL_ROUTE",
        false,
        "how the workspace's models are reached: serving, or gateway for AI Gateway (serving)",
    ),
    setting(
        "model.prices",
        "BRICKLAYER_MODEL_PRICES",
        false,
        "what models cost, `NAME INPUT OUTPUT` or with `CACHE_READ CACHE_WRITE` behind it, in US dollars for a million tokens, \
         `;` between them; NAME is a part of the model's (list prices)",
    ),
    setting("mcp.sessions", "BRICKLAYER_MCP_SESSIONS", false, "sessions of MCP clients that this host holds (4000)"),
    setting(
        "mcp.sessions_per_user",
        "BRICKLAYER_MCP_SESSIONS_PER_USER",
        false,
        "sessions of one user's MCP clients that this host holds; the one used longest ago makes room (64)",
    ),
    setting(
        "mcp.idle_seconds",
        "BRICKLAYER_MCP_IDLE_SECONDS",
        false,
        "without a message, before this host lets go of an MCP session; it goes on when it is used again (1800)",
    ),
    setting("limits.running_turns", "BRICKLAYER_RUNNING_TURNS", false, "turns at once on this host (1000)"),
    setting(
        "limits.compact_above_tokens",
        "BRICKLAYER_COMPACT_ABOVE_TOKENS",
        false,
        "tokens of a conversation above which the model goes on from a summary; less than the model reads (150000)",
    ),
    setting(
        "limits.running_turns_per_user",
        "BRICKLAYER_RUNNING_TURNS_PER_USER",
        false,
        "turns of one user at once (200)",
    ),
    setting("limits.projects_per_user", "BRICKLAYER_PROJECTS_PER_USER", false, "projects of one user (2000)"),
    setting(
        "limits.conversation_mib",
        "BRICKLAYER_CONVERSATION_MIB",
        false,
        "MiB of messages and calls that one conversation may hold; each of its turns reads them again (64)",
    ),
    setting(
        "limits.conversation_results_mib",
        "BRICKLAYER_CONVERSATION_RESULTS_MIB",
        false,
        "MiB of results, kept beside them to be shown, that one conversation may hold (512)",
    ),
    setting("results.result_mib", "BRICKLAYER_RESULT_MIB", false, "MiB that one result may take in the database (512)"),
    setting("results.result_rows", "BRICKLAYER_RESULT_ROWS", false, "rows that one table may have (5000000)"),
    setting(
        "results.conversation_mib",
        "BRICKLAYER_RESULTS_CONVERSATION_MIB",
        false,
        "MiB that the results of one conversation may take (2048)",
    ),
    setting(
        "results.user_mib",
        "BRICKLAYER_RESULTS_USER_MIB",
        false,
        "MiB that the results of one user may take (16384)",
    ),
    setting(
        "results.retention_days",
        "BRICKLAYER_RESULTS_RETENTION_DAYS",
        false,
        "days that results are kept; 0: as long as their conversation (0)",
    ),
    setting(
        "results.view_cache_mib",
        "BRICKLAYER_RESULTS_VIEW_CACHE_MIB",
        false,
        "MiB for the orders of sorted and filtered tables; a quarter is one user's at most (64)",
    ),
    setting(
        "results.column_cache_mib",
        "BRICKLAYER_RESULTS_COLUMN_CACHE_MIB",
        false,
        "MiB of unpacked columns kept for the next page; at most half is one user's (256)",
    ),
    setting(
        "results.sort_mib",
        "BRICKLAYER_RESULTS_SORT_MIB",
        false,
        "MiB of values that one sort or grouping may hold (256)",
    ),
    setting(
        "permissions.loosest_mode",
        "BRICKLAYER_LOOSEST_PERMISSION_MODE",
        false,
        "the loosest of read_only, ask_changes, ask, run_all that users may choose (run_all)",
    ),
    setting(
        "permissions.default_mode",
        "BRICKLAYER_DEFAULT_PERMISSION_MODE",
        false,
        "the mode when a user chose none; never looser than that (ask)",
    ),
    setting(
        "permissions.deny",
        "BRICKLAYER_DENY_RULES",
        false,
        "rules of calls that run in no mode, `;` between them; see docs/PERMISSIONS.md (none)",
    ),
    setting(
        "permissions.ask",
        "BRICKLAYER_ASK_RULES",
        false,
        "rules of calls that are asked about in every mode, `;` between them (none)",
    ),
    setting(
        "hooks.before_tool",
        "BRICKLAYER_HOOK_BEFORE_TOOL",
        false,
        "address of a service that is asked before each call of a tool; see docs/HOOKS.md (none)",
    ),
    setting("hooks.after_tool", "BRICKLAYER_HOOK_AFTER_TOOL", false, "the same after each call (none)"),
    setting(
        "hooks.before_prompt",
        "BRICKLAYER_HOOK_BEFORE_PROMPT",
        false,
        "the same before a message begins a turn (none)",
    ),
    setting("hooks.turn_end", "BRICKLAYER_HOOK_TURN_END", false, "the same, told that a turn ended (none)"),
    setting(
        "hooks.tools",
        "BRICKLAYER_HOOK_TOOLS",
        false,
        "rules of the calls that hooks are asked about, `;` between them; see docs/PERMISSIONS.md (all)",
    ),
    setting("hooks.secret", "BRICKLAYER_HOOK_SECRET", true, "sent to hooks as a bearer token (none)"),
    setting("hooks.seconds", "BRICKLAYER_HOOK_SECONDS", false, "time that a hook has to answer, at most 60 (5)"),
    setting(
        "hooks.on_failure",
        "BRICKLAYER_HOOK_ON_FAILURE",
        false,
        "what a hook that fails means: block, or continue as if there were none (block)",
    ),
    setting("limits.steps", "BRICKLAYER_STEPS", false, "model calls of one turn (100)"),
    setting(
        "limits.turn_tokens",
        "BRICKLAYER_TURN_TOKENS",
        false,
        "tokens that the model calls of one turn may take, read and written; no further call begins then (no bound)",
    ),
    setting("limits.turn_usd", "BRICKLAYER_TURN_USD", false, "the same in US dollars, by the prices (no bound)"),
    setting(
        "limits.conversation_tokens",
        "BRICKLAYER_CONVERSATION_TOKENS",
        false,
        "tokens that all turns of one conversation may take (no bound)",
    ),
    setting("limits.conversation_usd", "BRICKLAYER_CONVERSATION_USD", false, "the same in US dollars (no bound)"),
    setting(
        "limits.user_day_tokens",
        "BRICKLAYER_USER_DAY_TOKENS",
        false,
        "tokens that one user may take from midnight to midnight UTC (no bound)",
    ),
    setting("limits.user_day_usd", "BRICKLAYER_USER_DAY_USD", false, "the same in US dollars (no bound)"),
    setting(
        "limits.subagents",
        "BRICKLAYER_SUBAGENTS",
        false,
        "subagents of one turn side by side, each of which asks the model; 0 for none at all (5)",
    ),
    setting(
        "limits.repeats_told",
        "BRICKLAYER_REPEATS_TOLD",
        false,
        "model messages in a row that only do again what was done, to the same end, from which on the model is told (2)",
    ),
    setting("limits.repeats", "BRICKLAYER_REPEATS", false, "as many of them after which the turn ends (8)"),
    setting(
        "limits.lease_seconds",
        "BRICKLAYER_LEASE_SECONDS",
        false,
        "silence after which another host takes over (8)",
    ),
    setting(
        "limits.turn_seconds",
        "BRICKLAYER_TURN_SECONDS",
        false,
        "time of a turn, waits for the user left out (7200)",
    ),
    setting(
        "limits.model_call_seconds",
        "BRICKLAYER_MODEL_CALL_SECONDS",
        false,
        "time of one model call with all its attempts (1200)",
    ),
    setting(
        "limits.model_first_byte_seconds",
        "BRICKLAYER_MODEL_FIRST_BYTE_SECONDS",
        false,
        "time until the first byte of a model's answer (60)",
    ),
    setting(
        "limits.model_silence_seconds",
        "BRICKLAYER_MODEL_SILENCE_SECONDS",
        false,
        "time in which a model sends nothing but signs of life (300)",
    ),
    setting(
        "limits.sign_in_seconds",
        "BRICKLAYER_SIGN_IN_SECONDS",
        false,
        "wait of a call for a user whose token has ended; then its turn is let go until they are back (120)",
    ),
    setting("limits.calls_per_user", "BRICKLAYER_CALLS_PER_USER", false, "tool calls of one user at once (16)"),
    setting(
        "limits.calls_per_user_and_plugin",
        "BRICKLAYER_CALLS_PER_USER_AND_PLUGIN",
        false,
        "tool calls of one user to one plugin at once (8)",
    ),
    setting(
        "limits.queued_calls_per_user",
        "BRICKLAYER_QUEUED_CALLS_PER_USER",
        false,
        "tool calls of one user that wait; further ones are told to come back (64)",
    ),
    setting(
        "limits.calls_per_minute",
        "BRICKLAYER_CALLS_PER_MINUTE",
        false,
        "tool calls of one user to one plugin per minute (6000)",
    ),
    setting(
        "limits.egress_mib_per_minute",
        "BRICKLAYER_EGRESS_MIB_PER_MINUTE",
        false,
        "MiB that one user's plugins send and receive per minute (4096)",
    ),
    setting(
        "plugins.installers",
        "BRICKLAYER_PLUGINS_INSTALLERS",
        false,
        "who may install plugins: everyone, admins or nobody (everyone in development, else admins)",
    ),
    setting(
        "plugins.admins",
        "BRICKLAYER_PLUGINS_ADMINS",
        false,
        "who may change everyone's plugins: e-mail addresses, with commas (you in development, else nobody)",
    ),
    setting(
        "plugins.sources",
        "BRICKLAYER_PLUGINS_SOURCES",
        false,
        "where plugins may come from: file, https, oci, prefixes such as oci://registry/team/, or none (file, https, oci)",
    ),
    setting(
        "plugins.signatures",
        "BRICKLAYER_PLUGINS_SIGNATURES",
        false,
        "what a missing signature means: require, warn or allow (warn)",
    ),
    setting(
        "plugins.trusted_keys",
        "BRICKLAYER_PLUGINS_TRUSTED_KEYS",
        false,
        "publishers' minisign keys: acme=RW…;expires=2027-01-01, with commas (none)",
    ),
    setting(
        "plugins.compile_walls",
        "BRICKLAYER_PLUGINS_COMPILE_WALLS",
        false,
        "whether plugins are compiled only behind Landlock and a system-call filter: `require`, or `try` and say so (try)",
    ),
    setting(
        "plugins.max_memory_mib",
        "BRICKLAYER_PLUGINS_MAX_MEMORY_MIB",
        false,
        "most memory of a call that a plugin may ask for (256)",
    ),
    setting(
        "plugins.max_cpu_seconds",
        "BRICKLAYER_PLUGINS_MAX_CPU_SECONDS",
        false,
        "most CPU time of a call that a plugin may ask for (60)",
    ),
    setting(
        "plugins.max_time_limit_seconds",
        "BRICKLAYER_PLUGINS_MAX_TIME_LIMIT_SECONDS",
        false,
        "longest a plugin's call may be asked to take (900)",
    ),
    setting(
        "plugins.staged_mib",
        "BRICKLAYER_PLUGINS_STAGED_MIB",
        false,
        "MiB of inspected packages that nobody installed; older ones make room (1024)",
    ),
    setting(
        "plugins.code_cache_mib",
        "BRICKLAYER_PLUGINS_CODE_CACHE_MIB",
        false,
        "MiB of compiled code on disk; what was not used for longest goes (4096)",
    ),
    setting(
        "plugins.project_mib",
        "BRICKLAYER_PLUGINS_PROJECT_MIB",
        false,
        "MiB of a project's folder up to which plugins may write (4096)",
    ),
    setting("audit.retention_days", "BRICKLAYER_AUDIT_RETENTION_DAYS", false, "days that audit records are kept (180)"),
    setting("stream.window_seconds", "BRICKLAYER_STREAM_WINDOW", false, "age at which a stream reconnects (50)"),
    setting("stream.keep_alive_seconds", "BRICKLAYER_STREAM_KEEP_ALIVE", false, "silence before a sign of life (15)"),
    setting(
        "otel.endpoint",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        false,
        "OpenTelemetry collector that takes OTLP over HTTP, such as http://127.0.0.1:4318 (none)",
    ),
    setting("otel.headers", "OTEL_EXPORTER_OTLP_HEADERS", true, "headers for it: name=value, comma between"),
    setting("log", "BRICKLAYER_LOG", false, "log filter, such as info or bricklayer_server=debug (info)"),
    setting("log_format", "BRICKLAYER_LOG_FORMAT", false, "text or json (text)"),
];

/// The setting of a key.
pub(super) fn by_key(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// The setting of an environment variable.
pub(super) fn by_env(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.env == name)
}

/// The known name most like an unknown one, when it is like enough to be a slip.
pub(super) fn nearest<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    /// Jaro-Winkler similarity below which a suggestion confuses more than it helps.
    const LIKE_ENOUGH: f64 = 0.8;
    known
        .map(|name| (strsim::jaro_winkler(unknown, name), name))
        .filter(|(likeness, _)| *likeness >= LIKE_ENOUGH)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name.to_owned())
}
