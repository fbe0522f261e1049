//! The corpus of hostile guests: one line per attack, each ended by the name of what stopped it, while the host goes on,
//! neighbours answer and every slot comes back. `docs/THREATS.md` names these tests.

mod bytes;
mod cases;
mod corpus;
mod shares;
mod tenants;

use std::time::Duration;

use bricklayer_domain::{ToolErrorKind, ToolOutcome};
use bricklayer_runtime::{Limits, Plugin, RuntimeConfig, ToolNamespace};
use serde_json::json;

use self::corpus::{Attack, wit_of};
use crate::support::{Bench, failed, hostile, package_of, until};

/// Small enough that each attack ends soon.
pub(crate) fn limits() -> Limits {
    Limits {
        cpu: Duration::from_millis(300),
        // Generous: the machine may be busy, and what is to end is ended by something else.
        wall: Duration::from_secs(30),
        http_response_bytes: 1024 * 1024,
        http_requests: 50,
        file_write_bytes: 8 * 1024 * 1024,
        ..Limits::default()
    }
}

pub(crate) async fn bench() -> Bench {
    bench_with(limits()).await
}

/// For what ends by its time.
pub(crate) async fn short_bench() -> Bench {
    bench_with(Limits { wall: Duration::from_secs(2), ..limits() }).await
}

async fn bench_with(limits: Limits) -> Bench {
    Bench::configured(hostile(), |config| RuntimeConfig { limits, ..config }).await
}

/// The component's `run`, loaded beside the hostile guest.
pub(crate) async fn loaded(bench: &Bench, text: &str, result: &str) -> std::sync::Arc<Plugin> {
    let package = package_of(text, &wit_of(result));
    bench.runtime.load(package, ToolNamespace::databricks()).await.unwrap()
}

pub(crate) async fn attack(bench: &Bench, attack: Attack) -> ToolOutcome {
    match attack {
        Attack::Tool(tool, input) => bench.call(tool, input).await,
        Attack::Text(text, result) => {
            let plugin = loaded(bench, &text, result).await;
            bench.runtime.call(&plugin, "run", &json!({}), bench.ctx()).await
        }
    }
}

/// The whole of a case: the attack with neighbours beside it, its end, and the host afterwards.
pub(crate) async fn check(case: Attack, kind: ToolErrorKind, says: &str) {
    let bench = if kind == ToolErrorKind::Timeout { short_bench().await } else { bench().await };
    std::fs::write(bench.project.path().join("a.txt"), "inside").unwrap();
    let neighbours = async {
        for _ in 0..3 {
            bench.neighbour_answers().await;
        }
    };
    let (outcome, ()) = tokio::join!(attack(&bench, case), neighbours);
    failed(&outcome, kind, says);
    bench.neighbour_answers().await;
    all_came_back(&bench).await;
}

/// No slot, no place in a queue, nothing of a user is left.
pub(crate) async fn all_came_back(bench: &Bench) {
    until("everything to come back", || {
        let stats = bench.runtime.stats();
        let left =
            [stats.running, stats.admitted, stats.waiting, stats.active_users, stats.active_user_plugins, stats.heavy];
        if left == [0; 6] && stats.free_slots == 8 { Ok(()) } else { Err(format!("{stats:?}")) }
    })
    .await;
}
