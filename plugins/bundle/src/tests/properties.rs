use std::collections::BTreeSet;

use super::{added, fields, files, loading, outcome, references, resources, settings, tasks, variables, written};

fn all() -> impl Iterator<Item = &'static str> {
    [
        added::CASES,
        fields::CASES,
        files::CASES,
        loading::CASES,
        references::CASES,
        resources::CASES,
        settings::CASES,
        tasks::CASES,
        variables::CASES,
    ]
    .into_iter()
    .flatten()
    .map(|(text, _)| *text)
}

/// A stream of numbers that is the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end.max(1)
    }
}

/// Whatever becomes of a bundle's text, it is read or refused: no panic, and nothing without an end.
#[test]
fn broken_bundles_are_read_or_refused() {
    let mut numbers = Numbers(1);
    let pieces = [
        "${var.a}", "${", "}", "*a", "&a ", "<<: ", ": ", "- ", "{", "[", "]", "\n", " ", "..", "/", "~", "null",
        "\u{0}", "ä", "'",
    ];
    for text in all().filter(|text| !text.starts_with('!')) {
        for _ in 0..6 {
            let mut chars: Vec<char> = text.chars().collect();
            for _ in 0..=numbers.below(3) {
                let at = numbers.below(chars.len() + 1);
                match numbers.below(3) {
                    0 => drop(chars.drain(at..chars.len().min(at + 1 + numbers.below(8)))),
                    _ => drop(chars.splice(at..at, pieces[numbers.below(pieces.len())].chars())),
                }
            }
            let broken: String = chars.into_iter().collect();
            // What is given from outside stays as it is.
            if broken
                .lines()
                .filter(|line| line.starts_with("#!"))
                .eq(text.lines().filter(|line| line.starts_with("#!")))
            {
                let _ = outcome(&broken);
            }
        }
    }
}

/// The same text gives the same findings, in the same order, and none twice.
#[test]
fn findings_are_stable() {
    for text in all() {
        let found: Vec<String> = outcome(text).findings.iter().map(written).collect();
        let again: Vec<String> = outcome(text).findings.iter().map(written).collect();
        assert_eq!(found, again, "{text}");
        assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), found.len(), "{text}: {found:?}");
    }
}

/// Comments and empty lines move places and change nothing else.
#[test]
fn places_follow_the_text() {
    for text in all().filter(|text| !text.starts_with(['!', '#', '\'', '-']) && !text.contains("--- ")) {
        let moved = format!("# a comment\n\n{text}");
        let lines = |text: &str, by: usize| -> Vec<(String, usize, usize)> {
            let found = outcome(text).findings;
            let place = |finding: &crate::Finding| {
                finding.place.as_ref().map_or((0, 0), |place| (place.line.saturating_sub(by), place.column))
            };
            found.iter().map(|finding| (finding.rule.id().to_owned(), place(finding).0, place(finding).1)).collect()
        };
        assert_eq!(lines(text, 0), lines(&moved, 2), "{text}");
    }
}

/// What a message says of a secret is not the secret.
#[test]
fn secrets_are_not_repeated() {
    for text in all() {
        for finding in outcome(text).findings {
            assert!(!written(&finding).contains("hunter2") && !written(&finding).contains("dapi0123"), "{finding:?}");
        }
    }
}

/// References can stand for a great many values, and findings can be many.
#[test]
fn hostile_bundles_meet_a_bound() {
    let mut laughs = "variables:\n  v0: {type: complex, default: [x, x, x, x, x, x, x, x, x, x]}\n".to_owned();
    for n in 1..9 {
        let ten = vec![format!("'${{var.v{}}}'", n - 1); 10].join(", ");
        laughs.push_str(&format!("  v{n}: {{type: complex, default: [{ten}]}}\n"));
    }
    laughs.push_str("sync: {paths: '${var.v8}'}\n");
    let texts: String = (1..40).fold("variables:\n  v0: {default: xxxxxxxxxx}\n".to_owned(), |text, n| {
        let two = format!("${{var.v{}}}", n - 1).repeat(4);
        format!("{text}  v{n}: {{default: '{two}'}}\n")
    }) + "presets: {name_prefix: '${var.v39}'}\n";
    for text in [laughs, texts] {
        let found = outcome(&text).findings;
        assert!(found.iter().any(|finding| finding.rule == crate::Rule::Limit), "{:?}", found.first());
    }
    let many: String = (0..3_000).map(|n| format!("x{n}: 1\n")).collect();
    let found = outcome(&many).findings;
    assert!(found.len() <= crate::limits::MAX_FINDINGS + 1);
    assert!(found.iter().any(|finding| finding.rule == crate::Rule::MoreFindings));
    let task = |n| format!("{{task_key: t{n}, run_job_task: {{job_id: 1}}}}");
    let tasks: Vec<String> = (0..2_000).map(task).collect();
    let found = outcome(&format!("resources: {{jobs: {{a: {{tasks: [{}]}}}}}}", tasks.join(", "))).findings;
    assert!(found.iter().any(|finding| finding.message.contains("at most 1000 tasks")), "{:?}", found.first());
    let deep = format!("resources: {{jobs: {{a: {{tags: {}1{}}}}}}}", "{a: ".repeat(60), "}".repeat(60));
    assert!(!outcome(&deep).findings.is_empty());
}
