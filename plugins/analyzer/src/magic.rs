//! Magics: `%pip`, `%run`, `%fs`, `%sh` and their like.

use crate::analysis::{CallKind, Install, PathOperation, Severity};
use crate::facts::Facts;
use crate::names::Reader;
use crate::text::Text;

/// A magic of one line, without its percent sign.
pub(crate) fn line(facts: &mut Facts, text: &str) {
    let (name, rest) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
    match name {
        "pip" => pip(facts, rest),
        "conda" | "mamba" => facts.finding(
            "conda-magic",
            Severity::Error,
            "%conda does not work on Databricks Runtime",
            "Install by %pip, or put the library into the job's environment.",
        ),
        "run" => run(facts, rest),
        "sh" => shell(facts, rest),
        "fs" => file_system(facts, rest),
        "sql" => {
            let place = facts.at;
            crate::sql::read(facts, &crate::sql::Source::of_cell(rest), place);
        }
        _ => {}
    }
}

/// `%run path $name="value"`.
pub(crate) fn run(facts: &mut Facts, rest: &str) {
    let (path, arguments) = argument(rest);
    if path.is_empty() {
        facts.finding("run-without-path", Severity::Error, "%run names no notebook", "Write the path behind it.");
        return;
    }
    let mut named = Vec::new();
    let mut rest = arguments.trim_start();
    while let Some(behind) = rest.strip_prefix('$') {
        let Some((name, value)) = behind.split_once('=') else { break };
        let (value, more) = argument(value.trim_start());
        named.push((name.trim().to_owned(), value.to_owned()));
        rest = more.trim_start();
    }
    facts.call(CallKind::Run, &Text::literal(path), named);
}

/// The first word, or what stands in quotes, and the rest.
fn argument(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote) {
            return inner.split_once(quote).unwrap_or((inner, ""));
        }
    }
    text.split_once(char::is_whitespace).unwrap_or((text, ""))
}

/// Options of pip that take a value.
const WITH_VALUE: [&str; 12] = [
    "-r",
    "--requirement",
    "-c",
    "--constraint",
    "-i",
    "--index-url",
    "--extra-index-url",
    "-f",
    "--find-links",
    "-e",
    "--editable",
    "--trusted-host",
];

/// Options of pip whose value is what is installed.
const INSTALLS: [&str; 4] = ["-r", "--requirement", "-e", "--editable"];

/// `pip install …`; what else pip does installs nothing.
fn pip(facts: &mut Facts, rest: &str) {
    let Some(rest) = rest.trim_start().strip_prefix("install") else { return };
    let mut words = words(rest.split(" #").next().unwrap_or_default()).into_iter();
    while let Some(word) = words.next() {
        let (option, inline) = match word.split_once('=') {
            Some((option, value)) if word.starts_with("--") => (option.to_owned(), Some(value.to_owned())),
            _ => (word.clone(), None),
        };
        if WITH_VALUE.contains(&option.as_str()) {
            let Some(value) = inline.or_else(|| words.next()) else { continue };
            facts.look_at(&value);
            if INSTALLS.contains(&option.as_str()) || option.contains("index") {
                install(facts, &value, Some(option));
            }
        } else if !word.starts_with('-') {
            install(facts, &word, None);
        }
    }
}

fn install(facts: &mut Facts, spec: &str, flag: Option<String>) {
    let is_file = flag.is_some() || spec.contains("://") || spec.starts_with(['/', '.']) || spec.ends_with(".whl");
    let end = spec.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(spec.len());
    let (name, rest) = spec.split_at(end);
    let version = rest.split_once("==").map(|(_, version)| version.split([',', ';']).next().unwrap_or_default().trim());
    let package = (!is_file && !name.is_empty()).then(|| name.to_owned());
    let spec = crate::sensitive::shown(spec);
    if !facts.is_new(format!("n{spec}|{flag:?}")) {
        return;
    }
    if package.is_some() && rest.is_empty() {
        facts.finding(
            "unpinned-install",
            Severity::Info,
            &format!("{spec} is installed in whatever version is newest"),
            "Pin it (name==version), so that the next run is like this one.",
        );
    }
    let at = facts.at;
    facts.installs.push(Install { spec, package, version: version.map(str::to_owned), flag, at });
}

/// Words as a shell has them: quotes hold together what they surround, and are not a part of it.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in text.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if c.is_whitespace() => words.push(String::new()),
            _ => {
                if let Some(word) = words.last_mut() {
                    word.push(c);
                }
            }
        }
    }
    words.retain(|word| !word.is_empty() && word != "\\");
    words
}

/// Commands of the shell.
pub(crate) fn shell(facts: &mut Facts, text: &str) {
    for line in text.split('\n') {
        let line = line.trim();
        if line.starts_with('#') {
            continue;
        }
        facts.look_at(line);
        let words = words(line);
        if let Some(rest) = line.strip_prefix("pip ").or_else(|| line.strip_prefix("pip3 ")) {
            pip(facts, rest);
        } else if let Some((_, rest)) = line.split_once("pip install ") {
            pip(facts, &format!("install {rest}"));
        }
        for word in words.iter().filter(|word| word.starts_with("/dbfs") || word.starts_with("/Volumes/")) {
            facts.path(&Text::literal(word), PathOperation::Read, "shell", Reader::Machine);
        }
        if words.iter().any(|word| matches!(word.as_str(), "apt-get" | "apt" | "sudo" | "systemctl")) {
            facts.reason("serverless", "the shell changes the machine");
        }
    }
}

/// `%fs ls /path`.
pub(crate) fn file_system(facts: &mut Facts, text: &str) {
    for line in text.split('\n') {
        let words = words(line);
        let Some((command, paths)) = words.split_first() else { continue };
        let paths = paths.iter().filter(|word| !word.starts_with('-')).map(|word| Text::literal(word));
        crate::dbfs::command(facts, command, &paths.collect::<Vec<_>>(), "%fs");
    }
}
