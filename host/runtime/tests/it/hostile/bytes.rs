//! What floods cost the host itself, measured in a process that does nothing else.

use serde_json::json;

use super::bench;
use crate::support::Bench;

/// Set in the process that measures.
const MEASURE: &str = "BRICKLAYER_MEASURE_MEMORY";

/// Most that the host may grow by, the guests' own memory included.
const MAX_GROWTH_KIB: u64 = 64 * 1024;

fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Everything that a guest can pile up on the host's side.
async fn floods(bench: &Bench) {
    for (tool, input) in [
        ("print_flood", json!({})),
        ("log_flood", json!({})),
        ("report_flood", json!({})),
        ("state_flood", json!({})),
        ("context_flood", json!({})),
        ("random_flood", json!({})),
        ("empty_writes", json!({})),
        ("poll_flood", json!({})),
        ("hoard", json!({"count": 1_000_000})),
        ("big_header", json!({"bytes": 1_048_576})),
        ("big_output", json!({"bytes": 20_000_000})),
        ("open_many", json!({"path": "/project/a.txt", "count": 100_000})),
        (
            "fetch",
            json!({"method": "GET", "authority": "workspace", "path": "/api/ok/huge", "headers": [], "trailers": []}),
        ),
    ] {
        let outcome = bench.runtime.call(&bench.plugin, tool, &input, bench.ctx()).await;
        assert!(outcome.is_error(), "{tool}");
    }
}

#[test]
fn floods_do_not_make_the_host_grow() {
    if std::env::var_os(MEASURE).is_none() {
        // Other tests of this process have guests of their own in memory.
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "hostile::bytes::floods_do_not_make_the_host_grow", "--nocapture"])
            .env(MEASURE, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        eprintln!("{}", said.lines().filter(|line| line.starts_with("host:")).collect::<String>());
        assert!(output.status.success(), "{said}");
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let bench = bench().await;
        std::fs::write(bench.project.path().join("a.txt"), "inside").unwrap();
        bench.neighbour_answers().await;
        let before = status("VmRSS");
        // From here on the peak is of what follows.
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
        floods(&bench).await;
        let peak = status("VmHWM").saturating_sub(before);
        let left = status("VmRSS").saturating_sub(before);
        eprintln!("host: {before} KiB before, {peak} KiB more at the peak, {left} KiB more afterwards");
        assert!(peak < MAX_GROWTH_KIB, "the host grew by {peak} KiB");
    });
}
