//! Every command and default that the repository's pages quote is the program's own.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use bricklayer_server::config::{Config, Layers, SETTINGS};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The pages for people: the README, `docs`, and those beside plugins and the contract.
fn pages() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("docs"), root().join("plugins"), root().join("wit")];
    let mut files = vec![root().join("README.md")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let (path, name) = (entry.path(), entry.file_name());
            if entry.file_type().unwrap().is_dir() && name != "target" && name != "node_modules" {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                files.push(path);
            }
        }
    }
    for file in files {
        found.push((file.strip_prefix(root()).unwrap().display().to_string(), std::fs::read_to_string(file).unwrap()));
    }
    assert!(found.len() >= 5, "{found:?}");
    found
}

/// What stands between single backticks, and whole lines of blocks of code without their comments.
fn code(page: &str) -> Vec<String> {
    let (mut block, mut found) = (false, Vec::new());
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            block = !block;
        } else if block {
            found.push(line.split("  #").next().unwrap().trim().to_owned());
        } else {
            found.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    found
}

/// Runs a line as a shell does, with the built program as `bricklayer`.
fn shell(line: &str) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_bricklayer")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    Command::new("sh").args(["-c", line]).env_clear().env("PATH", path).stdin(Stdio::null()).output().unwrap()
}

/// With `--help` at its end a command line is read to that end, and nothing is done.
#[test]
fn every_command_of_the_pages_is_one_of_the_programs() {
    let mut count = 0;
    for (page, text) in pages() {
        for line in code(&text).iter().filter(|line| line.starts_with("bricklayer ")) {
            count += 1;
            let line = line.replace('…', "");
            let output = shell(&format!("{line} --help"));
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{page}: `{line}`: {said}");
        }
    }
    assert!(count >= 25, "the pages quote only {count} commands");
    assert!(!shell("bricklayer plugin add x.wasm --grant-some --help").status.success());
    assert!(!shell("bricklayer plugin new x --lang cobol --help").status.success());
}

/// The verbs of the table in PLUGINS.md, with the options that it names beside them.
#[test]
fn every_verb_and_option_of_the_table_exists() {
    let page = std::fs::read_to_string(root().join("docs/PLUGINS.md")).unwrap();
    let (_, table) = page.split_once("| Verb | What it does |").unwrap();
    let rows: Vec<_> = table.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() >= 10, "{rows:?}");
    for row in rows {
        let (verbs, what) = row.trim_matches('|').split_once('|').unwrap();
        let options: Vec<String> = code(what)
            .into_iter()
            .filter_map(|word| word.strip_prefix("--").map(|rest| rest.split(' ').next().unwrap().to_owned()))
            .collect();
        for verb in code(verbs) {
            let verb: String = verb
                .split(' ')
                .take_while(|word| word.starts_with(char::is_lowercase) && !word.contains(':'))
                .collect::<Vec<_>>()
                .join(" ");
            let output = shell(&format!("bricklayer plugin {verb} --help"));
            let help = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success(), "{verb}");
            for option in &options {
                assert!(help.contains(&format!("--{option}")), "`plugin {verb}` has no --{option}:\n{help}");
            }
        }
    }
}

/// The values in force when nobody sets anything, by their keys.
fn defaults() -> HashMap<&'static str, String> {
    let nothing = tempfile::tempdir().unwrap();
    let layers = Layers::read(Vec::new(), &HashMap::new(), nothing.path()).unwrap();
    let config = Config::from_layers(&layers).unwrap();
    let (plugins, fairness) = (&config.plugins, &config.fairness);
    let ceilings = plugins.policy.ceilings;
    HashMap::from([
        ("listen", config.listen.to_string()),
        ("data_dir", format!("./{}", config.data_dir.display())),
        ("limits.running_turns", config.running_turns.to_string()),
        ("limits.running_turns_per_user", config.running_turns_per_user.to_string()),
        ("limits.compact_above_tokens", config.compact_above_tokens.to_string()),
        ("limits.steps", config.steps.to_string()),
        ("limits.subagents", config.subagents.to_string()),
        ("limits.repeats_told", config.repeats.told.to_string()),
        ("limits.repeats", config.repeats.ended.to_string()),
        ("limits.lease_seconds", config.lease.as_secs().to_string()),
        ("limits.turn_seconds", config.times.turn.as_secs().to_string()),
        ("limits.model_call_seconds", config.times.model_call.as_secs().to_string()),
        ("limits.model_first_byte_seconds", config.times.first_byte.as_secs().to_string()),
        ("limits.model_silence_seconds", config.times.silence.as_secs().to_string()),
        ("limits.calls_per_user", fairness.user_calls.to_string()),
        ("limits.calls_per_user_and_plugin", fairness.user_plugin_calls.to_string()),
        ("limits.queued_calls_per_user", fairness.user_queue.to_string()),
        ("limits.calls_per_minute", fairness.user_plugin_calls_per_minute.to_string()),
        ("limits.egress_mib_per_minute", (fairness.user_egress_bytes_per_minute >> 20).to_string()),
        ("plugins.sources", plugins.policy.sources.words().join(",")),
        ("plugins.signatures", format!("{:?}", plugins.policy.signatures).to_lowercase()),
        ("plugins.max_memory_mib", ceilings.memory_mib.to_string()),
        ("plugins.max_cpu_seconds", ceilings.cpu_seconds.to_string()),
        ("plugins.max_time_limit_seconds", ceilings.time_limit_seconds.to_string()),
        ("plugins.staged_mib", (plugins.staged_bytes >> 20).to_string()),
        ("plugins.code_cache_mib", (plugins.code_cache_bytes >> 20).to_string()),
        ("plugins.project_mib", (plugins.project_bytes >> 20).to_string()),
        ("audit.retention_days", plugins.retention_days.to_string()),
        ("stream.window_seconds", config.stream_window.as_secs().to_string()),
        ("stream.keep_alive_seconds", config.stream_keep_alive.as_secs().to_string()),
    ])
}

fn same(one: &str, other: &str) -> bool {
    let plain = |text: &str| text.replace(['`', ' '], "");
    plain(one) == plain(other)
}

/// What `--help` and `doctor` say of a default, in the brackets at the end, and what the pages say.
#[test]
fn quoted_defaults_are_the_programs() {
    let defaults = defaults();
    for (key, value) in &defaults {
        let setting = SETTINGS.iter().find(|setting| setting.key == *key).unwrap();
        let (_, said) = setting.help.trim_end_matches(')').rsplit_once('(').unwrap();
        assert!(same(said, value), "{key} is {value}, and its help says {said}");
    }
    let mut compared = 0;
    for (page, text) in pages() {
        for row in text.lines().filter(|line| line.starts_with("| `")) {
            let cells: Vec<_> = row.trim_matches('|').split('|').collect();
            let names = code(cells[0]);
            let found: Vec<_> =
                names.iter().filter_map(|name| SETTINGS.iter().find(|s| s.key == name || s.env == name)).collect();
            let dotted = names.iter().any(|name| name.starts_with("plugins.") || name.starts_with("BRICKLAYER_"));
            assert!(!dotted || found.len() == names.len(), "{page} names a setting that is none: {row}");
            let values: Option<Vec<_>> = found.iter().map(|setting| defaults.get(setting.key).cloned()).collect();
            if let (Some(values), [_, _, said]) = (values.filter(|values| !values.is_empty()), &cells[..]) {
                compared += 1;
                assert!(same(said, &values.join(", ")), "{page} says {said}, and it is {values:?}: {row}");
            }
        }
    }
    assert!(compared >= 5, "the pages quote only {compared} defaults");
}
