//! Whole bundles: a text and what is found in it, or what it comes to. A case is a line.
//!
//! A text is the file `databricks.yml`; a line `--- path` begins another file. Lines that begin with `#!` are what is given
//! from outside: `#! target dev`, `#! var x=1`, `#! env BUNDLE_VAR_x=1`, `#! found job nightly=17`, `#! user name`,
//! `#! host https://…`, `#! folder path`, `#! volume no`,
//! `#! acl group_name=team CAN_MANAGE`. The name of the bundle is added where there is none.

mod added;
mod fields;
mod files;
mod loading;
mod properties;
mod references;
mod resources;
mod settings;
mod speed;
mod tasks;
mod variables;

use std::collections::BTreeSet;

use crate::{Finding, FolderPermission, Found, Git, Lookup, MemoryFiles, Outcome, Remote, Request, Rule, User, open};

/// A bundle and what is found in it: `rule@line:column`, then maybe the path, then maybe a part of message or advice.
type Case = (&'static str, &'static [&'static str]);

/// A bundle, a way in it, and what is there, as JSON.
type Gives = (&'static str, &'static str, &'static str);

const USER: &str = "ann.lee@example.com";

fn outcome(text: &str) -> Outcome {
    let mut request = Request {
        user: User {
            user_name: USER.to_owned(),
            display_name: Some("Ann Lee".to_owned()),
            groups: vec!["team".to_owned()],
        },
        git: Some(Git { branch: Some("main".to_owned()), ..Git::default() }),
        ..Request::default()
    };
    let mut answers = Vec::new();
    let mut remote = Remote::default();
    let mut files: Vec<(String, String)> = vec![("databricks.yml".to_owned(), String::new())];
    for line in text.lines() {
        if let Some(path) = line.strip_prefix("--- ") {
            files.push((path.to_owned(), String::new()));
        } else if let Some(given) = line.strip_prefix("#! ") {
            let (what, value) = given.split_once(' ').unwrap();
            let pair = || value.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap();
            match what {
                "target" => request.target = Some(value.to_owned()),
                "var" => drop(request.variables.insert(pair().0, pair().1)),
                "env" => drop(request.environment.insert(pair().0, pair().1)),
                "user" => request.user.user_name = value.to_owned(),
                "host" => request.host = Some(value.to_owned()),
                "volume" => remote.has_artifact_volume = Some(value == "yes"),
                "acl" => {
                    let (field, name) = (pair().0, pair().1);
                    let (name, level) =
                        name.split_once(' ').map(|(name, level)| (name.to_owned(), level.to_owned())).unwrap();
                    remote.folder_permissions.push(FolderPermission { field, name, level });
                }
                "folder" => request.folder = value.to_owned(),
                "found" => {
                    let (object, found) = pair();
                    let (kind, name) = object.split_once(' ').unwrap();
                    let found = match found.as_str() {
                        "none" => Found::None(vec!["nightly".to_owned()]),
                        "several" => Found::Several(vec!["1".to_owned(), "2".to_owned()]),
                        "failed" => Found::Failed("no answer".to_owned()),
                        id => Found::One(id.to_owned()),
                    };
                    answers.push((Lookup { kind: kind.to_owned(), name: name.to_owned() }, found));
                }
                other => panic!("{other}"),
            }
        } else {
            let (_, content) = files.last_mut().unwrap();
            content.push_str(line);
            content.push('\n');
        }
    }
    let root = &mut files[0];
    if !root.1.contains("bundle:") && !root.1.starts_with("!") {
        root.1.push_str("bundle: {name: b}\n");
    }
    if !request.folder.is_empty() {
        root.0 = format!("{}/databricks.yml", request.folder);
    }
    let files: MemoryFiles =
        files.into_iter().filter(|(path, content)| !(path == "databricks.yml" && content.starts_with('!'))).collect();
    let mut outcome = open(&files, request).finish(&files, &answers);
    outcome.findings.extend(outcome.bundle.iter().flat_map(|bundle| bundle.check_remote(&remote, USER)));
    outcome
}

/// How a finding is written in a case.
fn written(finding: &Finding) -> String {
    let (line, column) = finding.place.as_ref().map_or((0, 0), |place| (place.line, place.column));
    format!("{}@{line}:{column} {} ~ {} / {}", finding.rule.id(), finding.path, finding.message, finding.advice)
}

/// What is wrong about a case.
fn check((text, expect): &Case) -> Option<String> {
    let outcome = outcome(text);
    let found: Vec<String> = outcome.findings.iter().map(written).collect();
    let fits = |found: &String, expect: &&str| {
        let (head, part) = expect.split_once(" ~ ").unwrap_or((expect, ""));
        let (head_found, rest) = found.split_once(" ~ ").unwrap();
        (head_found == head || head_found.split_once(' ').is_some_and(|(rule, _)| rule == head)) && rest.contains(part)
    };
    let missing: Vec<_> = expect.iter().filter(|expect| !found.iter().any(|found| fits(found, expect))).collect();
    let unexpected: Vec<_> = found.iter().filter(|found| !expect.iter().any(|expect| fits(found, expect))).collect();
    (!missing.is_empty() || !unexpected.is_empty())
        .then(|| format!("{text}\n  missing: {missing:#?}\n  unexpected: {unexpected:#?}"))
}

#[track_caller]
fn run(cases: &[Case]) {
    let wrong: Vec<String> = cases.iter().filter_map(check).collect();
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[track_caller]
fn give(cases: &[Gives]) {
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(text, way, expect)| {
            let outcome = outcome(text);
            let bundle = outcome.bundle.unwrap_or_else(|| panic!("{text}: {:?}", outcome.findings));
            let pointer = format!("/{}", way.replace('.', "/"));
            let json = bundle.config.to_json();
            let found = json.pointer(&pointer).cloned().unwrap_or_default();
            let expect: serde_json::Value = serde_json::from_str(expect).unwrap_or_else(|_| panic!("{expect}"));
            (found != expect).then(|| format!("{text}\n  {way}: {found}, not {expect}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// Each rule is found by a case, but for the two that `properties` has.
#[test]
fn each_rule_has_a_case() {
    let elsewhere = BTreeSet::from([Rule::MoreFindings, Rule::Limit]);
    let all = [
        added::CASES,
        fields::CASES,
        files::CASES,
        loading::CASES,
        references::CASES,
        resources::CASES,
        settings::CASES,
        tasks::CASES,
        variables::CASES,
    ];
    let expected: BTreeSet<&str> = all
        .iter()
        .copied()
        .flatten()
        .flat_map(|(_, expect)| expect.iter().filter_map(|line| line.split_once('@').map(|(rule, _)| rule)))
        .collect();
    let without: Vec<&str> = Rule::ALL
        .iter()
        .filter(|rule| !elsewhere.contains(rule) && !expected.contains(rule.id()))
        .map(|rule| rule.id())
        .collect();
    assert!(without.is_empty(), "rules without a case: {without:?}");
    let count: usize = all.iter().map(|cases| cases.len()).sum();
    assert!(count >= 150, "{count} cases");
}
