use std::collections::HashMap;

use super::*;

fn layers(
    flags: &[(&'static str, &str)],
    env: &[(&str, &str)],
    env_file: &str,
    yaml: &str,
) -> Result<Layers, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    if !env_file.is_empty() {
        std::fs::write(folder.path().join(".env.local"), env_file).unwrap();
    }
    if !yaml.is_empty() {
        std::fs::write(folder.path().join("config.yaml"), yaml).unwrap();
    }
    let env: HashMap<String, String> = env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    Layers::read(flags.iter().map(|(k, v)| (*k, (*v).to_owned())).collect(), &env, folder.path())
}

fn config(env: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::from_layers(&layers(&[], env, "", "")?)
}

#[track_caller]
fn refused(result: Result<Config, ConfigError>, expect: &str) {
    let message = result.expect_err("the configuration must be refused").to_string();
    assert!(message.contains(expect), "{message:?} does not say {expect:?}");
}

#[test]
fn defaults_just_work() {
    let config = config(&[]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8000");
    assert_eq!(config.identity, IdentityMode::Development);
    assert!(matches!(config.model, ModelConfig::Offline));
    assert!(matches!(config.workspace, WorkspaceConfig::Local { binary: None }));
    assert!(matches!(config.database, DatabaseConfig::Sqlite(path) if path.ends_with("data/bricklayer.db")));
}

#[test]
fn the_strongest_layer_wins() {
    let yaml = "listen: 127.0.0.1:1\n";
    let read = |flags: &[(&'static str, &str)], env: &[(&str, &str)], file: &str| {
        Config::from_layers(&layers(flags, env, file, yaml).unwrap()).unwrap().listen.port()
    };
    assert_eq!(read(&[], &[], ""), 1);
    assert_eq!(read(&[], &[], "BRICKLAYER_LISTEN=127.0.0.1:2 # two"), 2);
    assert_eq!(read(&[], &[("BRICKLAYER_LISTEN", "127.0.0.1:3")], "BRICKLAYER_LISTEN=127.0.0.1:2"), 3);
    assert_eq!(read(&[("listen", "localhost:4")], &[("BRICKLAYER_LISTEN", "127.0.0.1:3")], ""), 4);
}

#[test]
fn unknown_keys_name_the_nearest() {
    let yaml = layers(&[], &[], "", "databrick:\n  host: x\n").unwrap_err().to_string();
    assert!(yaml.contains("unknown setting `databrick.host`, did you mean `databricks.host`?"), "{yaml}");
    let file = layers(&[], &[], "DATABRICKS_HOTS=x\n", "").unwrap_err().to_string();
    assert!(file.contains("did you mean `DATABRICKS_HOST`?"), "{file}");
    let own = layers(&[], &[("BRICKLAYER_LISTN", "x")], "", "").unwrap_err().to_string();
    assert!(own.contains("did you mean `BRICKLAYER_LISTEN`?"), "{own}");
    // Other programs' variables are none of our business, unless they look like ours.
    assert_eq!(layers(&[], &[("PATH", "y"), ("HOME", "/nowhere")], "", "").unwrap().notes(), [""; 0]);
    let unused = layers(&[], &[("DATABRICKS_BUNDLE_ENV", "x"), ("ANTHROPIC_LOG", "y")], "", "").unwrap();
    assert_eq!(unused.notes().len(), 2);
    assert!(unused.notes()[0].contains("ANTHROPIC_LOG is set in the environment and has no effect"));
    refused(config(&[("DATABRICKS_CLIENT_SECRET", "canary")]), "`DATABRICKS_CLIENT_SECRET` is not supported");
    for (line, expect) in [
        ("DATABRICKS_HOST=a\nDATABRICKS_HOST=b\n", "sets DATABRICKS_HOST twice"),
        ("DATABRICKS_HOST=\"a\n", "line 1 opens a quote"),
        ("DATABRICKS_HOST='a' b\n", "line 1 goes on after"),
    ] {
        let said = layers(&[], &[], line, "").unwrap_err().to_string();
        assert!(said.contains(expect), "{said}");
    }
}

/// A folder with a `.databrickscfg`, as a home.
fn home(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".databrickscfg"), text).unwrap();
    folder
}

#[test]
fn a_profile_is_used_or_refused_and_never_ignored() {
    let home =
        home("[DEFAULT]\nhost = https://d\ntoken = dapi-d\n[cli]\nhost = https://c\nauth_type = databricks-cli\n");
    let home = ("HOME", home.path().to_str().unwrap());
    let profile = |name: &'static str| ("DATABRICKS_CONFIG_PROFILE", name);
    let used = config(&[home, profile("DEFAULT")]).unwrap();
    assert!(matches!(&used.workspace, WorkspaceConfig::Remote { host, token: Some(token) }
        if host.as_str() == "https://d/" && token.expose_secret() == "dapi-d"));
    // The same workspace may be named beside it, and another token.
    let both = [home, profile("DEFAULT"), ("DATABRICKS_HOST", "d"), ("DATABRICKS_TOKEN", "dapi-e")];
    assert!(matches!(config(&both).unwrap().workspace, WorkspaceConfig::Remote { token: Some(token), .. }
        if token.expose_secret() == "dapi-e"));
    refused(config(&[home, profile("DEFAULT"), ("DATABRICKS_HOST", "https://e")]), "unset one of them");
    refused(config(&[home, profile("cli")]), "signs in by `databricks-cli`");
    refused(config(&[home, profile("missing")]), "it has `DEFAULT`, `cli`");
    refused(config(&[profile("DEFAULT")]), "set DATABRICKS_CONFIG_FILE");
    refused(config(&[("HOME", "/nowhere"), profile("DEFAULT")]), "cannot be read");
    refused(config(&[home, ("DATABRICKS_CONFIG_FILE", "/x")]), "is set without a profile");
    let proxy = [home, profile("DEFAULT"), ("BRICKLAYER_IDENTITY", "proxy"), ("DATABRICKS_HOST", "d")];
    refused(config(&proxy), "is of no use behind a proxy");
    // Not chosen: the local workspace, and a word about it.
    let layers = layers(&[], &[home], "", "").unwrap();
    assert!(layers.notes()[0].contains("has the profiles DEFAULT, cli, and none is used"), "{:?}", layers.notes());
    assert!(matches!(Config::from_layers(&layers).unwrap().workspace, WorkspaceConfig::Local { .. }));
}

#[test]
fn secrets_are_one_line_and_in_no_address() {
    let host = ("DATABRICKS_HOST", "https://w.cloud.databricks.com");
    for odd in ["dapi\n123", "dapi 123", "dapi\u{e4}", "a\r\nx-evil: 1"] {
        refused(config(&[host, ("DATABRICKS_TOKEN", odd)]), "holds a line break");
        refused(config(&[("ANTHROPIC_API_KEY", odd)]), "holds a line break");
        refused(config(&[("ANTHROPIC_AUTH_TOKEN", odd)]), "holds a line break");
    }
    // What a shell leaves at the end is no part of it.
    assert!(config(&[host, ("DATABRICKS_TOKEN", "dapi-1\n")]).is_ok());
    let key = ("ANTHROPIC_API_KEY", "k");
    for address in ["https://u:canary@h", "https://u@h"] {
        refused(config(&[key, ("ANTHROPIC_BASE_URL", address)]), "must not hold a user name or password");
        refused(config(&[("DATABRICKS_HOST", address), ("DATABRICKS_TOKEN", "t")]), "must not hold a user name");
        refused(config(&[("BRICKLAYER_PUBLIC_URL", address)]), "must not hold a user name");
    }
    let public = config(&[("BRICKLAYER_PUBLIC_URL", "https://a.example.com, https://b.example.com:8443/")]).unwrap();
    assert_eq!(public.public_origins.len(), 2);
    refused(config(&[("BRICKLAYER_PUBLIC_URL", "a.example.com")]), "`server.public_url` must be addresses such as");
}

#[test]
fn references_in_yaml_are_replaced() {
    let port =
        |env: &[(&str, &str)], text: &str| layers(&[], env, "", text).map(|layers| layers.get("listen").unwrap().text);
    assert_eq!(port(&[], "listen: 127.0.0.1:${PORT:7}").unwrap(), "127.0.0.1:7");
    assert_eq!(port(&[("PORT", "8")], "listen: 127.0.0.1:${PORT:7}").unwrap(), "127.0.0.1:8");
    let missing = port(&[], "listen: 127.0.0.1:${PORT}").unwrap_err().to_string();
    assert!(missing.contains("`listen` refers to ${PORT}, which is not set"), "{missing}");
    let open = port(&[], "listen: a${PORT").unwrap_err().to_string();
    assert!(open.contains("without `}`"), "{open}");
}

#[test]
fn wrong_values_name_the_key_and_the_way_out() {
    refused(config(&[("BRICKLAYER_LISTEN", "8000")]), "`listen` must be an address with a port");
    refused(config(&[("BRICKLAYER_LISTEN", "0.0.0.0:8000")]), "other machines can reach");
    refused(config(&[("BRICKLAYER_IDENTITY", "none")]), "must be `development` or `proxy`");
    refused(config(&[("DATABASE_URL", "mysql://x")]), "must begin with postgres:// or sqlite:");
    refused(config(&[("DATABRICKS_TOKEN", "x")]), "`databricks.host` (DATABRICKS_HOST) is not");
    refused(config(&[("DATABRICKS_HOST", "x.cloud.databricks.com")]), "set DATABRICKS_TOKEN");
    refused(
        config(&[("DATABRICKS_HOST", "http://x.cloud.databricks.com"), ("DATABRICKS_TOKEN", "t")]),
        "must use https",
    );
    refused(config(&[("DATABRICKS_HOST", "https://u:p@x.com"), ("DATABRICKS_TOKEN", "t")]), "user name or password");
    refused(config(&[("DATABRICKS_HOST", "https://x.com/path"), ("DATABRICKS_TOKEN", "t")]), "without a path");
    refused(config(&[("BRICKLAYER_IDENTITY", "proxy")]), "set DATABRICKS_HOST");
    refused(config(&[("ANTHROPIC_BASE_URL", "http://x")]), "without a credential");
    refused(config(&[("ANTHROPIC_BASE_URL", "x"), ("ANTHROPIC_API_KEY", "k")]), "must be an address such as");
    refused(config(&[("BRICKLAYER_RUNNING_TURNS", "0")]), "between 1 and 1000000");
    refused(config(&[("BRICKLAYER_CALLS_PER_MINUTE", "0")]), "between 1 and 1000000");
    assert_eq!(
        config(&[("BRICKLAYER_EGRESS_MIB_PER_MINUTE", "2")]).unwrap().fairness.user_egress_bytes_per_minute,
        2 << 20
    );
    refused(config(&[("BRICKLAYER_PLUGINS_INSTALLERS", "me")]), "must be `everyone`, `admins` or `nobody`");
    refused(config(&[("BRICKLAYER_PLUGINS_ADMINS", "ann, a\u{7}b")]), "must be e-mail addresses");
    refused(config(&[("BRICKLAYER_PLUGINS_SOURCES", "ftp://x")]), "ftp");
    refused(config(&[("BRICKLAYER_PLUGINS_SIGNATURES", "yes")]), "must be `require`, `warn` or `allow`");
    refused(config(&[("BRICKLAYER_PLUGINS_SIGNATURES", "require")]), "names no key");
    refused(config(&[("BRICKLAYER_PLUGINS_TRUSTED_KEYS", "acme=x")]), "`plugins.trusted_keys` is wrong");
    for (variable, key) in [
        ("BRICKLAYER_PLUGINS_STAGED_MIB", "`plugins.staged_mib` must be a whole number between 64 and"),
        ("BRICKLAYER_PLUGINS_CODE_CACHE_MIB", "`plugins.code_cache_mib` must be a whole number between 256 and"),
        ("BRICKLAYER_PLUGINS_PROJECT_MIB", "`plugins.project_mib` must be a whole number between 16 and"),
    ] {
        for wrong in ["0", "15", "-1", "1.5", "17179869184", "much"] {
            refused(config(&[(variable, wrong)]), key);
        }
    }
    refused(config(&[("BRICKLAYER_PLUGINS_MAX_MEMORY_MIB", "257")]), "between 64 and 256");
    refused(config(&[("BRICKLAYER_PLUGINS_MAX_CPU_SECONDS", "1")]), "between 2 and 60");
    refused(config(&[("BRICKLAYER_AUDIT_RETENTION_DAYS", "0")]), "between 1 and 36500");
}

#[test]
fn room_on_disk_is_in_mebibytes() {
    let usual = config(&[]).unwrap().plugins;
    let usual = [usual.staged_bytes, usual.code_cache_bytes, usual.project_bytes].map(|bytes| bytes >> 20);
    assert_eq!(usual, [1024, 4096, 4096]);
    let chosen = config(&[
        ("BRICKLAYER_PLUGINS_STAGED_MIB", "64"),
        ("BRICKLAYER_PLUGINS_CODE_CACHE_MIB", "16777216"),
        ("BRICKLAYER_PLUGINS_PROJECT_MIB", "16"),
    ]);
    let chosen = chosen.unwrap().plugins;
    assert_eq!((chosen.staged_bytes, chosen.code_cache_bytes, chosen.project_bytes), (64 << 20, 1 << 44, 16 << 20));
}

#[test]
fn databricks_apps_are_recognised() {
    let config = config(&[
        ("DATABRICKS_APP_NAME", "bricklayer"),
        ("DATABRICKS_APP_PORT", "8080"),
        ("DATABRICKS_HOST", "x.cloud.databricks.com"),
        ("DATABRICKS_TOKEN", "of-the-app"),
    ])
    .unwrap();
    assert_eq!(config.identity, IdentityMode::Proxy);
    assert_eq!(config.listen.to_string(), "0.0.0.0:8080");
    // Never a fallback to the app's own identity: its token is not even kept.
    assert!(matches!(config.workspace, WorkspaceConfig::Remote { token: None, .. }));
}

#[test]
fn secrets_do_not_show_in_debug() {
    let config =
        config(&[("ANTHROPIC_API_KEY", "canary-key"), ("DATABASE_URL", "postgres://u:canary-pw@h/d")]).unwrap();
    assert!(!format!("{config:?}").contains("canary"));
}

#[test]
fn plugins_are_open_in_development_and_closed_behind_a_proxy() {
    use bricklayer_domain::UserId;
    use bricklayer_plugins::{Actor, Installers};

    let ann = || Actor::User(UserId::parse("Ann@example.com").unwrap());
    let proxy = [("DATABRICKS_APP_NAME", "b"), ("DATABRICKS_HOST", "x.cloud.databricks.com")];
    let with = |more: &[(&str, &str)]| config(&[&proxy, more].concat()).unwrap().plugins.policy;

    let policy = config(&[]).unwrap().plugins.policy;
    assert!(policy.is_admin(&ann()) && policy.may_install(&ann()).is_ok());
    let policy = with(&[]);
    assert_eq!(policy.installers, Installers::Admins);
    assert!(!policy.is_admin(&ann()) && policy.may_install(&ann()).is_err());
    let policy = with(&[("BRICKLAYER_PLUGINS_ADMINS", "bob@example.com, ANN@example.com")]);
    assert!(policy.is_admin(&ann()) && policy.may_install(&ann()).is_ok());
    let policy = with(&[("BRICKLAYER_PLUGINS_INSTALLERS", "nobody"), ("BRICKLAYER_PLUGINS_ADMINS", "ann@example.com")]);
    assert!(policy.may_install(&ann()).is_err());
    assert!(policy.may_install(&Actor::operator().unwrap()).is_ok());
    assert!(with(&[("BRICKLAYER_PLUGINS_SOURCES", "none")]).sources.words().is_empty());
}

#[test]
fn permission_modes_are_bounded_by_the_operator() {
    use bricklayer_domain::PermissionMode::{Ask, AskChanges, ReadOnly, RunAll};
    let (loosest, usual) = ("BRICKLAYER_LOOSEST_PERMISSION_MODE", "BRICKLAYER_DEFAULT_PERMISSION_MODE");
    let bounds = |env: &[(&str, &str)]| config(env).unwrap().permissions;
    for (env, expected) in [
        (&[] as &[(&str, &str)], (RunAll, Ask)),
        (&[(loosest, "ask")], (Ask, Ask)),
        (&[(loosest, "ask_changes")], (AskChanges, AskChanges)),
        (&[(usual, "run_all")], (RunAll, RunAll)),
        (&[(loosest, "ask"), (usual, "read_only")], (Ask, ReadOnly)),
    ] {
        let bounds = bounds(env);
        assert_eq!((bounds.loosest, bounds.usual), expected, "{env:?}");
    }
    let (deny, ask) = ("BRICKLAYER_DENY_RULES", "BRICKLAYER_ASK_RULES");
    let rules = config(&[(deny, "mcp__crm__*;\n execute_sql(drop schema)"), (ask, "run_job")]).unwrap().rules;
    assert_eq!((rules.deny.len(), rules.ask.len(), rules.allow.len()), (2, 1, 0));
    refused(config(&[(deny, "Write; Read(")]), "`permissions.deny` holds a rule that cannot be read: `Read(`");
    refused(config(&[(loosest, "all")]), "`permissions.loosest_mode` must be one of `read_only`, `ask_changes`, `ask`");
    refused(config(&[(loosest, "ask"), (usual, "run_all")]), "must not be looser than `permissions.loosest_mode`");
    // A choice from before the bound was drawn is brought within it.
    assert_eq!(bounds(&[(loosest, "ask")]).of(Some(RunAll)), Ask);
    assert_eq!(bounds(&[(loosest, "ask")]).of(Some(ReadOnly)), ReadOnly);
}

#[test]
fn the_setting_that_names_a_model_decides() {
    let provider = |env: &[(&str, &str)]| config(env).unwrap().model.provider();
    let (anthropic, key) = (("ANTHROPIC_API_KEY", "a"), ("OPENAI_API_KEY", "o"));
    let workspace = [("DATABRICKS_HOST", "https://w.cloud.databricks.com"), ("DATABRICKS_TOKEN", "t")];
    assert_eq!(provider(&[key]), "offline", "the key of other programs chooses nothing");
    assert_eq!(provider(&[key, anthropic]), "anthropic");
    assert_eq!(provider(&[key, anthropic, ("OPENAI_MODEL", "m")]), "openai");
    assert_eq!(provider(&[("OPENAI_BASE_URL", "http://127.0.0.1:11434/v1"), ("OPENAI_MODEL", "m")]), "openai");
    let model = ("BRICKLAYER_DATABRICKS_MODEL", "databricks-claude-sonnet-4-5");
    assert_eq!(provider(&[workspace[0], workspace[1], anthropic, model]), "databricks");
    refused(config(&[model]), "the local one has none");
    refused(config(&[("OPENAI_MODEL", "m")]), "set OPENAI_API_KEY");
    refused(config(&[("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")]), "set OPENAI_MODEL");
    refused(config(&[("OPENAI_BASE_URL", "http://u:p@h/v1"), ("OPENAI_MODEL", "m")]), "put the credential into");
    refused(config(&[("BRICKLAYER_DATABRICKS_MODEL_ROUTE", "odd")]), "must be `serving` or `gateway`");
}
