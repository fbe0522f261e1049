use std::fmt::Write;
use std::time::Instant;

use super::outcome;

/// A bundle of so many jobs of five tasks, each with a notebook.
fn bundle(jobs: usize) -> String {
    let mut text = "variables: {catalog: {default: main}}\ntargets: {dev: {mode: development, default: true}}\nresources:\n  jobs:\n".to_owned();
    for job in 0..jobs {
        writeln!(text, "    job_{job}:\n      name: 'job {job} ${{var.catalog}}'\n      tasks:").unwrap();
        for task in 0..5 {
            writeln!(text, "        - task_key: t{task}\n          notebook_task: {{notebook_path: src/n{task}.ipynb, base_parameters: {{catalog: '${{var.catalog}}'}}}}").unwrap();
            if task > 0 {
                writeln!(text, "          depends_on: [{{task_key: t{}}}]", task - 1).unwrap();
            }
        }
    }
    text.push_str("bundle: {name: b}\n");
    for task in 0..5 {
        writeln!(text, "--- src/n{task}.ipynb\n{{}}").unwrap();
    }
    text
}

/// `cargo test --release -p bricklayer-bundle -- --nocapture speed` prints the figure.
#[test]
fn a_hundred_resources_are_validated_at_once() {
    let text = bundle(100);
    let began = Instant::now();
    let outcome = outcome(&text);
    let elapsed = began.elapsed();
    assert!(outcome.findings.is_empty(), "{:?}", outcome.findings.first());
    assert_eq!(outcome.bundle.unwrap().counts().collect::<Vec<_>>(), [("jobs", 100)]);
    eprintln!("a bundle of 100 jobs with 500 tasks is validated in {elapsed:.1?}");
    // Debug builds are some ten times slower than the bound's release builds.
    assert!(elapsed.as_millis() < 1_000, "{elapsed:?}");
}
