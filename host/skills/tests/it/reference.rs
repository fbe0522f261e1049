//! Our strict validator beside the reference one, `skills-ref` from PyPI, unchanged: on the shipped skills, on a corpus of
//! cases that each break one rule, and on front matters made at random. Where there is no python3 the test says so and
//! checks nothing.

use std::fs;
use std::path::Path;
use std::process::Command;

use bricklayer_skills::problems;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

use crate::python;
use crate::support::skill;

const PACKAGE: &str = "skills-ref==0.1.1";
/// Front matters made at random; the same ones each time.
const RANDOM_CASES: usize = 2_000;
const SEED: u64 = 12;

/// Prints one line of JSON with the verdict on each case: a list of problems, or `null` where the validator itself fails.
const SCRIPT: &str = "
import json, sys
from pathlib import Path
from skills_ref.validator import validate
for line in open(sys.argv[1]):
    try:
        verdict = validate(Path(json.loads(line)))
    except Exception as error:
        verdict = None
    print(json.dumps(verdict))
";

struct Case {
    folder: String,
    text: String,
}

fn case(folder: &str, text: impl Into<String>) -> Case {
    Case { folder: folder.to_owned(), text: text.into() }
}

/// One rule each; what the reference's own tests have is among them.
fn corpus() -> Vec<Case> {
    let front = |lines: &str| case("my-skill", format!("---\n{lines}\n---\n# Body\n"));
    let named = |name: &str| case(name, format!("---\nname: {name}\ndescription: D\n---\n"));
    let mut cases = vec![
        case("my-skill", skill("my-skill", "")),
        case(
            "my-skill",
            skill("my-skill", "license: MIT\ncompatibility: Needs git\nallowed-tools: Bash(git:*) Read\n"),
        ),
        case("my-skill", skill("my-skill", "metadata:\n  author: someone\n  version: 1.0\n")),
        case("my-skill", skill("my-skill", "metadata: text\n")),
        case("my-skill", skill("my-skill", "metadata:\n")),
        case("my-skill", skill("my-skill", "unknown: x\n")),
        case("my-skill", skill("my-skill", "license:\n  - a\n  - b\n")),
        case("my-skill", skill("my-skill", &format!("compatibility: {}\n", "x".repeat(500)))),
        case("my-skill", skill("my-skill", &format!("compatibility: {}\n", "x".repeat(501)))),
        case("my-skill", skill("my-skill", "compatibility:\n  a: b\n")),
        case("other", skill("my-skill", "")),
        case("my-skill", ""),
        case("my-skill", "# Just text"),
        case("my-skill", "---\nname: my-skill\ndescription: never closed\n"),
        case("my-skill", "\u{feff}---\nname: my-skill\ndescription: D\n---\n"),
        case("my-skill", "---\r\nname: my-skill\r\ndescription: D\r\n---\r\nB"),
        case("my-skill", "--- \nname: my-skill\ndescription: D\n---\n"),
        case("my-skill", "---\n---\n"),
        case("my-skill", "---name: my-skill\ndescription: D\n---\n"),
        front("- name\n- description"),
        front("just text"),
        front("name: my-skill"),
        front("description: D"),
        front("name:\ndescription: D"),
        front("name: my-skill\ndescription:"),
        front("name: my-skill\ndescription: \"  \""),
        front("name: my-skill\ndescription: ''"),
        front("name: my-skill\ndescription: ~"),
        front("name: my-skill\ndescription: null"),
        front("name: my-skill\ndescription: 12"),
        front("name: my-skill\ndescription:\n  - a"),
        front("name: [my-skill]\ndescription: D"),
        front("name: my-skill\ndescription: a --- b"),
        front("name: my-skill\ndescription: Use when: always"),
        front("name: my-skill\ndescription: >-\n  Two\n  lines."),
        front("name: my-skill\ndescription: |\n  Two\n  lines."),
        front("name: my-skill\ndescription: D\nname: my-skill"),
        front("name: &a my-skill\ndescription: D"),
        front("name: my-skill\ndescription: &a D\nlicense: *a"),
        front("name: !!str my-skill\ndescription: D"),
        front("name: my-skill\ndescription: {a: b}"),
        front("name: my-skill\ndescription: D\nmetadata: {a: b}"),
        front("name: my-skill\ndescription: D\nmetadata:\n  a: b\n  a: c"),
        front("name: my-skill\ndescription: D\nmetadata:\n  a:\n    b: c\n  d:\n      e: f"),
        front("{name: my-skill, description: D}"),
        front("\"name\": my-skill\n'description': D"),
        front("name: my-skill # comment\ndescription: D"),
        front("# comment\nname: my-skill\n\ndescription: D"),
        front("\tname: my-skill\ndescription: D"),
        front("name:\tmy-skill\ndescription: D"),
        front("name : my-skill\ndescription: D"),
        front("? name\n: my-skill\ndescription: D"),
        front("name: my-skill\n description: D"),
        front("  name: my-skill\n  description: D"),
        front("name: \"my-skill\\n\"\ndescription: D"),
        front("name: my-skill\ndescription: \"a\\x41\\u0041\""),
        front("name: my-skill\ndescription: \"unclosed"),
        front("name: my-skill\ndescription: %x"),
        front("name: my-skill\ndescription: @x"),
        front("name: my-skill\ndescription: `x`"),
        front("name: my-skill\ndescription: 'it''s'"),
        front("name: my-skill\ndescription: D\n..."),
        front("<<: x\nname: my-skill\ndescription: D"),
        front(&format!("name: my-skill\ndescription: {}", "x".repeat(1024))),
        front(&format!("name: my-skill\ndescription: {}", "x".repeat(1025))),
        front(&format!("name: my-skill\ndescription: {}", "ü".repeat(1024))),
    ];
    for name in [
        "a",
        "0",
        "a-b",
        "-a",
        "a-",
        "a--b",
        "A",
        "aB",
        "a_b",
        "a b",
        "a.b",
        "ü",
        "über-skill",
        "技能",
        "навык",
        "НАВЫК",
        "ﬁle",
        "a\u{301}",
        "é",
        "e\u{301}",
        "ⅷ",
        "²",
        "①",
        "٣",
        "ß",
        "ẞ",
        "ǅ",
        "a\u{200b}b",
        "क्षेत्र",
        "true",
        "1.0",
        "1e3",
    ] {
        cases.push(named(name));
    }
    for length in [64, 65] {
        cases.push(named(&"x".repeat(length)));
    }
    cases
}

/// Mostly the usual, sometimes one of the odd ones.
fn mostly<'a>(rng: &mut StdRng, usual: &'a str, odd: &[&'a str]) -> &'a str {
    if rng.random_range(0..10) == 0 { odd.choose(rng).copied().unwrap_or(usual) } else { usual }
}

/// Front matters as people and machines garble them.
fn random(rng: &mut StdRng) -> Case {
    const KEYS: [&str; 12] = [
        "name",
        "description",
        "license",
        "metadata",
        "compatibility",
        "allowed-tools",
        "version",
        "Name",
        "\"name\"",
        "name ",
        "? name",
        "tags",
    ];
    const VALUES: [&str; 40] = [
        "my-skill",
        "my-skill ",
        "'my-skill'",
        "\"my-skill\"",
        "My-Skill",
        "my--skill",
        "-my-skill",
        "my_skill",
        "",
        "~",
        "null",
        "true",
        "1.0",
        "0x1f",
        "2024-01-01",
        "Does things.",
        "Use when: always",
        "a # b",
        "a#b",
        "it's",
        "'it''s'",
        "\"a\\tb\"",
        "\"a\\qb\"",
        "'open",
        "\"open",
        "[a, b]",
        "{a: b}",
        "[a",
        "&x a",
        "*x",
        "!t a",
        "!!int 3",
        "- a",
        "@a",
        "%a",
        "a --- b",
        "|",
        ">-",
        "a: b: c",
        "x\\y",
    ];
    let mut text = mostly(rng, "---\n", &["--- \n", "---\r\n", "----\n", "\n---\n"]).to_owned();
    let mut lines: Vec<(String, String)> =
        vec![("name".to_owned(), "my-skill".to_owned()), ("description".to_owned(), "Does things.".to_owned())];
    for _ in 0..rng.random_range(0..4) {
        let (key, value) = (KEYS.choose(rng).unwrap(), VALUES.choose(rng).unwrap());
        match rng.random_range(0..4) {
            0 if !lines.is_empty() => {
                let place = rng.random_range(0..lines.len());
                lines[place].1 = (*value).to_owned();
            }
            1 if !lines.is_empty() && rng.random_range(0..3) == 0 => {
                lines.remove(rng.random_range(0..lines.len()));
            }
            _ => lines.insert(rng.random_range(0..=lines.len()), ((*key).to_owned(), (*value).to_owned())),
        }
    }
    for (key, value) in lines {
        text.push_str(mostly(rng, "", &["", " ", "  ", "# "]));
        text.push_str(&key);
        text.push_str(mostly(rng, ": ", &[":", ":  ", ":\t", " : "]));
        text.push_str(&value);
        text.push_str(mostly(rng, "\n", &["\r\n", "\n\n", " \n", " # c\n"]));
        let further = if key == "metadata" { 2 } else { usize::from(rng.random_range(0..8) == 0) };
        for _ in 0..further {
            text.push_str(mostly(rng, "  ", &["    ", " ", "\t", "  - ", ""]));
            text.push_str(["a: b", "c: d", "text", "- x", "a:", "k: [1]", "# c", "b: 'x'"].choose(rng).unwrap());
            text.push('\n');
        }
    }
    text.push_str(mostly(rng, "---\n# Body\n", &["---", "", "...\n---\n", "----\n"]));
    case("my-skill", text)
}

fn shipped() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../skills");
    let folders = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    folders
        // The subagents have one beside the skills.
        .filter(|path| path.is_dir() && !path.ends_with("agents"))
        .map(|folder| {
            let text = fs::read_to_string(folder.join("SKILL.md")).unwrap();
            case(folder.file_name().unwrap().to_str().unwrap(), text)
        })
        .collect()
}

#[test]
fn shipped_skills_are_valid() {
    for Case { folder, text } in shipped() {
        assert_eq!(problems(&text, &folder), Vec::<String>::new(), "{folder}");
        assert!(text.lines().count() < 500, "{folder} has 500 lines or more; put some beside it");
    }
}

#[test]
fn verdicts_are_those_of_the_reference_validator() {
    let Some(python) = python::environment("skills-ref", &[PACKAGE]) else { return };
    let mut rng = StdRng::seed_from_u64(SEED);
    let shipped = shipped();
    let shipped_count = shipped.len();
    let random = std::iter::repeat_with(|| random(&mut rng)).take(RANDOM_CASES);
    let cases: Vec<Case> = shipped.into_iter().chain(corpus()).chain(random).collect();
    let root = tempfile::tempdir().unwrap();
    let mut list = String::new();
    for (index, Case { folder, text }) in cases.iter().enumerate() {
        let folder = root.path().join(index.to_string()).join(folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("SKILL.md"), text).unwrap();
        list.push_str(&serde_json::to_string(&folder).unwrap());
        list.push('\n');
    }
    fs::write(root.path().join("list"), list).unwrap();
    let ran = python::output(Command::new(python).args(["-c", SCRIPT]).arg(root.path().join("list"))).unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let said = String::from_utf8(ran.stdout).unwrap();
    let verdicts: Vec<Option<Vec<String>>> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(verdicts.len(), cases.len());
    let (mut valid, mut broken, mut differ) = (0, 0, Vec::new());
    for (index, (Case { folder, text }, verdict)) in cases.iter().zip(&verdicts).enumerate() {
        let ours = problems(text, folder);
        // Where the reference itself breaks down it has no verdict.
        let Some(theirs) = verdict else {
            broken += 1;
            continue;
        };
        valid += usize::from(theirs.is_empty());
        assert!(index >= shipped_count || theirs.is_empty(), "{folder}: {theirs:?}");
        if ours.is_empty() != theirs.is_empty() {
            differ.push(format!("{folder} {text:?}\n  ours:   {ours:?}\n  theirs: {theirs:?}"));
        }
    }
    assert!(differ.is_empty(), "{} of {} differ:\n{}", differ.len(), cases.len(), differ.join("\n"));
    assert!(valid > RANDOM_CASES / 20 && broken < RANDOM_CASES / 20, "{valid} valid, {broken} without a verdict");
    println!("{} cases agree, {valid} of them valid, {broken} without a verdict", cases.len() - broken);
}
