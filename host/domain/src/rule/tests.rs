use serde_json::{Value, json};

use super::*;
use crate::{CallEffect, Operation, PluginName};

fn operation(effect: CallEffect, verb: &str, objects: &[&str]) -> Operation {
    let objects = objects.iter().map(|&object| object.to_owned()).collect();
    Operation { effect, verb: verb.to_owned(), objects, text: None, detail: None }
}

fn drops(object: &str) -> Operation {
    operation(CallEffect::Destroys, "DROP TABLE", &[object])
}

const SQL: &str = "mcp__databricks__execute_sql";

/// What these rules, `kind rule`, say about a call.
fn ruling(rules: &[&str], tool: &str, input: Value, operations: &[Operation]) -> Ruling {
    let mut set = PermissionRules::default();
    for rule in rules {
        let (kind, text) = rule.split_once(' ').unwrap();
        let kind = RuleKind::parse(kind).unwrap();
        set.project.of_mut(kind).push(PermissionRule::parse(kind, text).unwrap());
    }
    let plugin = |name: &str| ToolSource::Plugin { plugin: PluginName::parse(name).unwrap() };
    let source = match tool.split("__").nth(1) {
        None => ToolSource::BuiltIn,
        Some("databricks") => plugin("databricks-sql"),
        Some(name) => plugin(name),
    };
    let review = CallReview::of(operations.to_vec());
    let review = (!operations.is_empty()).then_some(&review);
    set.ruling(&RuledCall { name: &ToolName(tool.to_owned()), source: &source, input: &input, review })
}

/// `deny`, `ask`, `perhaps` (asked because it may be meant), `allow` (every part), or `silent`.
fn word(ruling: &Ruling) -> &'static str {
    match ruling {
        Ruling::Silent => "silent",
        Ruling::Deny(_) => "deny",
        Ruling::Ask(hit) if hit.unsure => "perhaps",
        Ruling::Ask(_) => "ask",
        Ruling::Allow { whole: Some(_), .. } => "allow",
        Ruling::Allow { parts, .. } if parts.iter().all(Option::is_some) => "allow",
        Ruling::Allow { .. } => "some",
    }
}

#[track_caller]
fn check(rules: &[&str], tool: &str, operations: &[Operation], expected: &str) {
    let ruling = ruling(rules, tool, json!({}), operations);
    assert_eq!(word(&ruling), expected, "{rules:?} {operations:?}");
}

#[test]
fn a_rule_names_tools() {
    for (rule, tool, expected) in [
        ("deny Write", "Write", "deny"),
        ("deny Write", "WriteAll", "silent"),
        ("deny W*", "Write", "deny"),
        ("deny execute_sql", SQL, "deny"),
        ("deny mcp__databricks__*", SQL, "deny"),
        ("deny *", SQL, "deny"),
        ("deny send", "mcp__crm__send", "deny"),
        ("allow mcp__crm__*", "mcp__crm__send", "allow"),
        ("allow execute_sql", SQL, "allow"),
        // A short name allows only what is ours.
        ("allow execute_sql", "mcp__crm__execute_sql", "silent"),
        ("ask execute_sql", "mcp__crm__execute_sql", "ask"),
    ] {
        check(&[rule], tool, &[], expected);
    }
}

#[test]
fn a_rule_names_what_statements_do_and_to_what() {
    use CallEffect::{Destroys, Reads, Shares, Writes};
    let table = || vec![drops("main.hr.people")];
    let view = || vec![operation(Destroys, "DROP VIEW", &["main.hr.table"])];
    let schema = || vec![operation(Destroys, "DROP SCHEMA CASCADE", &["main.hr"])];
    let grant = || vec![operation(Shares, "GRANT", &["table main.hr.people", "user bob", "SELECT"])];
    let both = || vec![operation(Destroys, "INSERT INTO, DELETE FROM", &["main.a.b", "main.hr.people"])];
    let reads = || vec![operation(Reads, "SELECT", &[])];
    let insert = || vec![operation(Writes, "INSERT INTO", &["main.hr.people"])];
    for (rule, operations, expected) in [
        ("deny execute_sql(drop table main.hr.*)", table(), "deny"),
        ("deny execute_sql(DROP  table MAIN.hr.*)", table(), "deny"),
        ("deny execute_sql(drop)", table(), "deny"),
        ("deny execute_sql(drop table)", table(), "deny"),
        ("deny execute_sql(drop main.*)", table(), "deny"),
        ("deny execute_sql(* main.*)", table(), "deny"),
        ("deny execute_sql(main.hr.*)", table(), "deny"),
        ("deny execute_sql(*)", table(), "deny"),
        ("deny execute_sql(drop table main.sales.*)", table(), "silent"),
        ("deny execute_sql(drop table main.hr.*)", view(), "silent"),
        ("deny execute_sql(drop table)", view(), "silent"),
        ("deny execute_sql(drop schema main.hr)", schema(), "deny"),
        ("deny execute_sql(grant)", grant(), "deny"),
        ("deny execute_sql(grant user bob)", grant(), "deny"),
        ("deny execute_sql(delete from main.hr.*)", both(), "deny"),
        ("deny execute_sql(drop table main.hr.*)", reads(), "silent"),
        ("deny execute_sql(drop)", reads(), "silent"),
        ("deny execute_sql(drop table main.hr.*)", insert(), "silent"),
        // A query does not say what it reads.
        ("deny execute_sql(select main.hr.*)", reads(), "perhaps"),
        ("deny execute_sql(main.hr.*)", reads(), "perhaps"),
        // An allowing rule takes the words whole and every object.
        ("allow execute_sql(drop table main.hr.*)", table(), "allow"),
        ("allow execute_sql(drop main.hr.*)", table(), "silent"),
        ("allow execute_sql(drop schema main.*)", schema(), "silent"),
        ("allow execute_sql(main.hr.*)", both(), "silent"),
        ("allow execute_sql(insert into main.hr.*)", both(), "silent"),
        ("allow execute_sql(main.*)", both(), "allow"),
        ("allow execute_sql(MAIN.*)", table(), "silent"),
        ("allow execute_sql(* main.*)", insert(), "allow"),
    ] {
        check(&[rule], SQL, &operations, expected);
    }
}

#[test]
fn what_cannot_be_told_is_asked_about_and_never_allowed() {
    use CallEffect::{Destroys, Shares};
    let rules = ["deny execute_sql(drop table main.hr.*)", "allow execute_sql(drop table main.*)"];
    for operation in [
        operation(Destroys, "UNKNOWN", &[]),
        operation(Destroys, "SELECT", &[]),
        operation(Shares, "CALL", &[]),
        operation(Destroys, "DROP TABLE", &[]),
        // The catalog and the schema are not known.
        drops("people"),
        drops("hr.people"),
    ] {
        check(&rules, SQL, &[operation], "perhaps");
    }
    check(&rules, SQL, &[drops("sales.people.x")], "silent");
    check(&["deny execute_sql(drop table main.hr.people)"], SQL, &[drops("orders")], "silent");
    // Nothing is known of the call at all.
    check(&rules, SQL, &[], "perhaps");
    check(&["allow execute_sql(drop table main.*)"], SQL, &[], "silent");
    check(&["allow execute_sql(drop table main.*)"], SQL, &[drops("people")], "silent");
}

#[test]
fn every_part_counts_and_the_first_hit_in_the_order_wins() {
    let script = [drops("main.tmp.a"), drops("main.hr.people")];
    check(&["allow execute_sql(drop table main.tmp.*)"], SQL, &script, "some");
    check(
        &["allow execute_sql(drop table main.tmp.*)", "allow execute_sql(drop table main.hr.*)"],
        SQL,
        &script,
        "allow",
    );
    check(&["ask execute_sql(drop table main.hr.*)", "allow execute_sql"], SQL, &script, "ask");
    // The more special rule does not win.
    check(&["allow execute_sql(drop table main.hr.people)", "deny execute_sql(drop)"], SQL, &script, "deny");
    check(&["ask execute_sql", "deny execute_sql(drop table main.hr.people)"], SQL, &script, "deny");
}

#[test]
fn a_rule_names_paths_and_arguments() {
    let write = |path: &str| vec![operation(CallEffect::Writes, "WRITE FILE", &[path])];
    for (rule, path, expected) in [
        ("deny Write(secrets/**)", "secrets/a/b.env", "deny"),
        ("deny Write(secrets/**)", "Secrets/a.env", "deny"),
        ("deny Write(secrets/*)", "secrets/a/b.env", "silent"),
        ("deny Write(**.env)", "a/b.env", "deny"),
        ("deny Write(Makefile)", "Makefile", "deny"),
        ("deny Write(my notes.md)", "my notes.md", "deny"),
        ("deny Write(write file a.md)", "a.md", "deny"),
        ("allow Write(reports/**)", "reports/2026/x.md", "allow"),
        ("allow Write(reports/**)", "x.md", "silent"),
    ] {
        check(&[rule], "Write", &write(path), expected);
    }
    // A link and what it leads to: both must be allowed, one is enough to forbid.
    let link = [operation(CallEffect::Writes, "EDIT FILE", &["reports/a.md", "secrets/a.md"])];
    check(&["allow Edit(reports/**)"], "Edit", &link, "silent");
    check(&["deny Edit(secrets/**)"], "Edit", &link, "deny");
    for (rule, input, expected) in [
        ("deny run_job(job_id: 12)", json!({"job_id": 12}), "deny"),
        ("deny run_job(job_id: 12)", json!({"job_id": 123}), "silent"),
        ("deny run_job(job_id: 12)", json!({}), "silent"),
        ("deny send(to: *@evil.example)", json!({"to": ["a@b.example", "x@EVIL.example"]}), "deny"),
        ("allow run_job(job_id: 1*)", json!({"job_id": 12}), "allow"),
    ] {
        let tool = if rule.contains("send") { "mcp__crm__send" } else { "mcp__databricks__run_job" };
        let ruling = ruling(&[rule], tool, input, &[]);
        assert_eq!(word(&ruling), expected, "{rule}");
    }
    let mixed = json!({"to": ["a@b.example", "x@evil.example"]});
    assert_eq!(word(&ruling(&["allow mcp__crm__send(to: *@b.example)"], "mcp__crm__send", mixed, &[])), "silent");
}

#[test]
fn the_operator_comes_first_and_allows_nothing() {
    let rule = |kind, text| PermissionRule::parse(kind, text).unwrap();
    let mut rules = PermissionRules::default();
    let mut operator = RuleSet { allow: vec![rule(RuleKind::Allow, "execute_sql")], ..RuleSet::default() };
    rules.operator = Arc::new(operator.clone());
    rules.project.deny.push(rule(RuleKind::Deny, "execute_sql"));
    let (name, source) =
        (ToolName(SQL.to_owned()), ToolSource::Plugin { plugin: PluginName::parse("databricks-sql").unwrap() });
    let input = json!({});
    let call = RuledCall { name: &name, source: &source, input: &input, review: None };
    let of_project = RuleHit { author: RuleAuthor::Project, rule: "execute_sql".to_owned(), unsure: false };
    assert_eq!(rules.ruling(&call), Ruling::Deny(of_project.clone()));
    assert_eq!(rules.hides(&name, &source), Some(of_project));
    operator.deny = vec![rule(RuleKind::Deny, "mcp__*")];
    rules.operator = Arc::new(operator.clone());
    assert!(matches!(rules.ruling(&call), Ruling::Deny(hit) if hit.author == RuleAuthor::Operator));
    rules.project.deny.clear();
    operator.deny = vec![rule(RuleKind::Deny, "execute_sql(drop)")];
    rules.operator = Arc::new(operator.clone());
    assert_eq!(rules.hides(&name, &source), None);
    operator.deny.clear();
    rules.operator = Arc::new(operator);
    assert_eq!(rules.ruling(&call), Ruling::Silent);
}

#[test]
fn what_is_no_rule_is_refused() {
    for (kind, text, error) in [
        (RuleKind::Deny, "  ", RuleError::Empty),
        (RuleKind::Deny, "(x)", RuleError::NoTool),
        (RuleKind::Deny, "Write(", RuleError::NoParentheses),
        (RuleKind::Deny, "Write()", RuleError::NoParentheses),
        (RuleKind::Deny, "Write x", RuleError::NoParentheses),
        (RuleKind::Deny, "Write(a)b", RuleError::NoParentheses),
        (RuleKind::Deny, "Write(a\nb)", RuleError::ControlCharacters),
        (RuleKind::Deny, &"x".repeat(MAX_RULE_CHARS + 1), RuleError::TooLong),
        (RuleKind::Allow, "*", RuleError::AllowsAnyTool),
        (RuleKind::Allow, "mcp__*", RuleError::AllowsAnyTool),
        (RuleKind::Allow, "mcp__*__send", RuleError::AllowsAnyTool),
    ] {
        assert_eq!(PermissionRule::parse(kind, text), Err(error), "{text}");
    }
    for kind in RuleKind::ALL {
        assert_eq!(RuleKind::parse(kind.as_str()), Some(kind));
    }
}

/// Compared with the definition: a `*` is tried with every length.
#[test]
fn patterns_agree_with_their_definition() {
    fn slow(pattern: &[char], text: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['*', '*', rest @ ..] => (0..=text.len()).any(|n| slow(rest, &text[n..])),
            ['*', rest @ ..] => {
                (0..=text.len()).take_while(|n| !text[..*n].contains(&'/')).any(|n| slow(rest, &text[n..]))
            }
            [c, rest @ ..] => text.first() == Some(c) && slow(rest, &text[1..]),
        }
    }
    fn words(alphabet: &[&str], length: usize) -> Vec<String> {
        (0..length).fold(vec![String::new()], |words, _| {
            let longer = words.iter().flat_map(|word| alphabet.iter().map(move |part| format!("{word}{part}")));
            words.iter().cloned().chain(longer).collect()
        })
    }
    let texts = words(&["a", "b", "/", "."], 4);
    for pattern in words(&["a", "*", "**", "/", "."], 4) {
        // Three stars in a row are two.
        let read = Pattern::parse(&pattern);
        let plain: Vec<char> = if pattern.contains("***") { continue } else { pattern.chars().collect() };
        for text in &texts {
            let expected = slow(&plain, &text.chars().collect::<Vec<_>>());
            assert_eq!(read.covers(text), expected, "{pattern} {text}");
        }
    }
}
