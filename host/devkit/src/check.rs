//! `bricklayer plugin check`: everything that can be known without building.

use std::collections::BTreeSet;
use std::fs;

use bricklayer_package::{Advice, Audience, Severity};

use crate::{Problem, Project, advice, cases, template};

/// Endings of files in which a host's name is looked for.
const CODE: [&str; 5] = [".rs", ".py", ".js", ".mjs", ".ts"];

/// What was found, what matters most first; empty when all is well.
#[must_use]
pub fn check(project: &Project) -> Vec<Advice> {
    let mut found = Vec::new();
    match project.outline() {
        Ok(outline) => {
            found.extend(advice::of_outline(&outline));
            check_cases(project, &outline.packed.contents.functions, &mut found);
        }
        Err(problem) => found.push(error(problem)),
    }
    if let Err(problem) = project.language() {
        found.push(error(problem));
    }
    found.extend(contract(project));
    found.extend(hosts(project));
    found.sort();
    found.dedup();
    found
}

fn error(problem: Problem) -> Advice {
    Advice { severity: Severity::Error, what: problem.what, fix: problem.fix.unwrap_or_default() }
}

fn hint(what: String, fix: &str) -> Advice {
    Advice { severity: Severity::Hint, what, fix: fix.to_owned() }
}

/// What templates bring; it speaks of hosts in its documentation.
const FROM_TEMPLATES: [&str; 2] = ["bricklayer.py", "bricklayer.js"];

/// Cases that can never run.
fn check_cases(project: &Project, functions: &[bricklayer_package::Function], found: &mut Vec<Advice>) {
    let suite = match cases::Suite::open(&project.folder) {
        Ok(Some(suite)) => suite,
        Ok(None) => {
            found.push(hint(
                "there is no tests.toml".to_owned(),
                "write a case per tool; `bricklayer plugin new` shows how",
            ));
            return;
        }
        Err(problem) => return found.push(error(problem)),
    };
    for case in &suite.cases {
        if !functions.iter().any(|function| function.tool == case.tool) {
            let known: Vec<_> = functions.iter().map(|function| function.tool.as_str()).collect();
            found.push(error(
                Problem::new(format!("tests.toml: {:?} calls `{}`, which is no tool", case.name, case.tool))
                    .fix(format!("the tools are: {}", known.join(", "))),
            ));
        }
    }
    for function in functions {
        if !suite.cases.iter().any(|case| case.tool == function.tool) {
            found.push(hint(
                format!("no case of tests.toml calls `{}`", function.tool),
                "write one: it runs in the sandbox, without a network",
            ));
        }
    }
}

/// A contract that is older than this toolkit's.
fn contract(project: &Project) -> Option<Advice> {
    let text = fs::read_to_string(project.folder.join("wit/deps/bricklayer-host/host.wit")).ok()?;
    let version = text.lines().find_map(|line| line.strip_prefix("package bricklayer:host@"))?.trim_end_matches(';');
    let own = template::contract_version();
    if version == own {
        return None;
    }
    if !bricklayer_package::CONTRACT_VERSIONS.contains(&version) {
        return Some(error(
            Problem::new(format!(
                "wit/deps holds bricklayer:host@{version}, and this toolkit knows versions up to {own}"
            ))
            .fix("update bricklayer, or take the contract that `bricklayer plugin new` writes"),
        ));
    }
    Some(hint(
        format!("wit/deps holds bricklayer:host@{version}; the newest is {own}"),
        "plugins of older versions keep running; for what is new, take the contract that `bricklayer plugin new` writes",
    ))
}

/// Hosts that the source names and that no grant speaks of: a guess, and so a hint.
fn hosts(project: &Project) -> Vec<Advice> {
    let granted: BTreeSet<String> = project.manifest.grants.http.iter().map(|rule| audience(&rule.audience)).collect();
    let mut missing = BTreeSet::new();
    for (name, path) in project.sources().unwrap_or_default() {
        if name.starts_with('.')
            || FROM_TEMPLATES.contains(&name.as_str())
            || !CODE.iter().any(|ending| name.ends_with(ending))
        {
            continue;
        }
        let text = fs::read_to_string(path).unwrap_or_default();
        missing.extend(named_hosts(&text).filter(|host| !granted.contains(host)).map(|host| (name.clone(), host)));
    }
    missing
        .into_iter()
        .map(|(file, host)| {
            let workspace = host == "workspace";
            let fix = if workspace {
                "[[grants.http]]\naudience = \"workspace\"\nmethods = [\"GET\"]\npaths = [\"/api/2.1/jobs/runs/list\"]\ncredential = true".to_owned()
            } else {
                format!("[[grants.http]]\naudience = \"{host}\"\nmethods = [\"GET\"]\npaths = [\"/the/path/*\"]")
            };
            let what = format!("{file} names https://{host}, and plugin.toml asks for no grant to reach it");
            hint(what, &format!("if the plugin sends requests there, add:\n{fix}"))
        })
        .collect()
}

fn audience(audience: &Audience) -> String {
    match audience {
        Audience::Workspace => "workspace".to_owned(),
        Audience::Host(host) => host.to_string(),
    }
}

/// The hosts of all https addresses outside of comments that begin a line.
fn named_hosts(text: &str) -> impl Iterator<Item = String> {
    text.lines()
        .filter(|line| {
            let line = line.trim_start();
            !["//", "#", "*", "/*"].iter().any(|start| line.starts_with(start))
        })
        .flat_map(|line| line.split("https://").skip(1))
        .filter_map(|rest| {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-')).unwrap_or(rest.len());
            rest.get(..end).filter(|host| *host == "workspace" || host.contains('.')).map(str::to_ascii_lowercase)
        })
        .collect::<Vec<_>>()
        .into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_found_in_code_and_not_in_comments() {
        let text = "// see https://docs.example.com\nconst A = 'https://API.example.com/x';\nlet b = \"https://workspace/api\"; // https://c.example\n https://{host}/";
        let hosts: Vec<_> = named_hosts(text).collect();
        assert_eq!(hosts, ["api.example.com", "workspace", "c.example"]);
    }
}
