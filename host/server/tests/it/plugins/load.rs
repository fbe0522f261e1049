//! Replacing a plugin while it is called: every call succeeds and is wholly of one version.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bricklayer_domain::{CallSite, Caller, ProjectId, ToolName, UserId};
use bricklayer_runtime::{CallContext, FairnessLimits};
use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{id, open};
use crate::support::{Guest, World};

const REPLACEMENTS: u64 = 50;
/// Every fifth one does not start.
const BROKEN: u64 = 5;
/// 200 calls a second.
const PACE: Duration = Duration::from_millis(5);
/// Calls at once at most.
const AT_ONCE: usize = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replacing_under_load_fails_no_call() {
    let mut world = World::sqlite().await;
    open(&mut world);
    // One user calls as often as many would.
    world.fairness = FairnessLimits::unlimited();
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ProjectId::from_uuid(ann.project("One").await.parse().unwrap());
    let package = |number: u64| Guest::new("greeter", &format!("1.0.{number}"));
    let plugin = id(&ann.install(&package(0).package(), &[]).await);

    let user = UserId::parse("ann@example.com").unwrap();
    let app = server.app.clone();
    // The newest version that was answered as swapped: a call that begins then must not be of an older one.
    let published = Arc::new(AtomicU64::new(0));
    let stop = CancellationToken::new();
    let calls = {
        let (published, stop) = (Arc::clone(&published), stop.clone());
        async move {
            let mut ticks = tokio::time::interval(PACE);
            let mut running = JoinSet::new();
            let mut ended = 0_u64;
            while !stop.is_cancelled() {
                ticks.tick().await;
                // A machine that cannot keep the pace would pile them up until they wait for too long.
                if running.len() >= AT_ONCE {
                    running.join_next().await.unwrap().unwrap();
                    ended += 1;
                }
                let (app, user, published) = (app.clone(), user.clone(), Arc::clone(&published));
                running.spawn(async move {
                    let least = published.load(Ordering::SeqCst);
                    let plugins = &app.turns().environment().plugins;
                    let name = ToolName("mcp__greeter__version".into());
                    let tool = plugins.service().tool(&user, project, &name).unwrap();
                    let caller = Caller::new(user.clone(), project, CallSite::Host);
                    let call = tool.prepare(&json!({}));
                    let outcome = plugins.service().call(&call, CallContext::new(caller)).await;
                    assert!(outcome.failure.is_none(), "{outcome:?}");
                    let number: u64 = outcome.content.strip_prefix("1.0.").unwrap().parse().unwrap();
                    assert!(number >= least && number <= REPLACEMENTS, "{number} after {least} was published");
                    assert!(!number.is_multiple_of(BROKEN) || number == 0, "the broken version {number} served");
                });
                while let Some(done) = running.try_join_next() {
                    done.unwrap();
                    ended += 1;
                }
            }
            ended + running.join_all().await.len() as u64
        }
    };
    let replacing = async {
        for number in 1..=REPLACEMENTS {
            let broken = number % BROKEN == 0;
            let guest = package(number);
            let guest = if broken { guest.with_start("unreachable") } else { guest };
            let answer = ann.update(&plugin, &guest.package()).await;
            if broken {
                answer.problem(422, "plugin-broken");
            } else {
                assert_eq!(answer.ok()["outcome"], "swapped");
                published.store(number, Ordering::SeqCst);
            }
        }
        stop.cancel();
    };
    let (ended, ()) = tokio::join!(calls, replacing);
    assert!(ended > REPLACEMENTS, "only {ended} calls were made");
    let after = ann.get(&format!("/api/plugins/{plugin}")).await.ok();
    assert_eq!(after["version"], "1.0.49");
    server.stop().await;
}
