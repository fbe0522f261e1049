//! Two users, one plugin: nothing of one reaches the other, not by results, records, connections, state or memory.

use std::collections::HashSet;
use std::os::unix::fs::{OpenOptionsExt as _, symlink};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bricklayer_domain::{Caller, Operation, ProjectId, ToolErrorKind, ToolOutcome, UserId};
use bricklayer_runtime::{CallContext, FairnessLimits, LoadError, RuntimeConfig, ToolNamespace, WorkspaceTarget};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{all_came_back, bench, limits, short_bench};
use crate::support::{Audit, Bench, hostile, package_of};

/// A user with a token, a project and records of their own.
struct Tenant {
    marker: &'static str,
    ctx: CallContext,
    audit: Arc<Audit>,
    folder: tempfile::TempDir,
}

impl Tenant {
    fn new(bench: &Bench, marker: &'static str) -> Self {
        let audit: Arc<Audit> = Arc::default();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("own.txt"), marker).unwrap();
        let user = UserId::parse(&format!("{marker}@example.com")).unwrap();
        let ctx = CallContext {
            caller: Caller { user, project: ProjectId::new(), ..bench.ctx().caller },
            project_dir: Some(folder.path().to_owned()),
            workspace: Some(WorkspaceTarget::named(
                bench.far_end.url(),
                SecretString::from(format!("dapi-token-of-{marker}")).into(),
            )),
            audit: Arc::clone(&audit) as _,
            ..bench.ctx()
        };
        Self { marker, ctx, audit, folder }
    }

    /// One of five calls, each of which could carry something over.
    async fn call(&self, bench: &Bench, number: usize) -> ToolOutcome {
        let get = |path: &str| json!({"method": "GET", "authority": "workspace", "path": path, "headers": [], "trailers": []});
        let (tool, input) = match number % 20 {
            0 => ("fetch", get("/api/ok/echo")),
            1..=4 => ("remember", json!({"key": format!("{}-{}", self.marker, number % 50), "value": self.marker})),
            5..=8 => ("recall", json!({})),
            9..=12 => ("read_file", json!({"path": "/project/own.txt"})),
            _ => ("who", json!({})),
        };
        bench.runtime.call(&bench.plugin, tool, &input, self.ctx.clone()).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_users_of_one_plugin_see_nothing_of_each_other() {
    const CALLS: usize = 10_000;
    const LANES: usize = 8;
    let bench = Bench::configured(hostile(), |config| RuntimeConfig {
        limits: limits(),
        fairness: FairnessLimits::unlimited(),
        ..config
    })
    .await;
    let tenants = [Tenant::new(&bench, "ada-marker"), Tenant::new(&bench, "bob-marker")];
    let lane = async |lane: usize| {
        for number in (lane..CALLS).step_by(LANES) {
            let (own, other) = (&tenants[number % 2], &tenants[(number + 1) % 2]);
            let outcome = own.call(&bench, number / 2).await;
            assert!(outcome.failure.is_none(), "{outcome:?}");
            let text = serde_json::to_string(&outcome).unwrap();
            assert!(!text.contains(other.marker), "call {number} of {}: {text}", own.marker);
            assert!(!text.contains("dapi-token"), "{text}");
        }
    };
    futures::future::join_all((0..LANES).map(lane)).await;

    let [ada, bob] = &tenants;
    for (own, other) in [(ada, bob), (bob, ada)] {
        assert_eq!(own.audit.calls().len(), CALLS / 2);
        let records = format!("{:?}{:?}", own.audit.calls(), own.audit.requests());
        assert!(records.contains(own.marker) && !records.contains(other.marker));
    }
    let peers = |own: &Tenant| -> HashSet<_> {
        let token = format!("Bearer dapi-token-of-{}", own.marker);
        let seen = bench.far_end.seen().into_iter().filter(|seen| seen.header("authorization") == Some(&token));
        seen.map(|seen| seen.peer).collect()
    };
    assert_eq!(bench.far_end.seen().len(), CALLS / 20);
    assert!(!peers(ada).is_empty() && !peers(bob).is_empty());
    assert!(peers(ada).is_disjoint(&peers(bob)), "a connection served both");
    all_came_back(&bench).await;
}

#[tokio::test]
async fn a_slot_of_the_pool_leaves_nothing_of_its_last_guest() {
    let bench = bench().await;
    for round in 0..40 {
        let outcome = bench.call("scan", json!({"mib": 24, "mark": 0xa5})).await;
        assert_eq!(Bench::ok(&outcome), json!({"result": 0}), "round {round}");
    }
    // The first memory as well, which holds the guest's own data: as compiled, and no more.
    let needle: Vec<u8> = "left-behind-by-ada".bytes().map(|byte| byte ^ 0x55).collect();
    let get = json!({"method": "GET", "authority": "workspace", "path": "/api/ok/x", "headers": [], "trailers": []});
    for _ in 0..10 {
        Bench::ok(&bench.call("remember", json!({"key": "left-behind-by-ada", "value": "left-behind-by-ada"})).await);
        let outcome = bench.call("dump", json!({"request": get, "needle": needle})).await;
        let found = Bench::ok(&outcome)["result"].as_array().unwrap().last().cloned();
        assert_eq!(found, Some(Value::String("0".to_owned())));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_swapped_in_a_loop_leads_nowhere() {
    let bench = bench().await;
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("file"), "outside-secret").unwrap();
    let inside = bench.project.path().join("inside");
    std::fs::create_dir(&inside).unwrap();
    std::fs::write(inside.join("file"), "inside").unwrap();
    let (door, spare) = (bench.project.path().join("door"), bench.project.path().join("spare"));
    let stop = AtomicBool::new(false);
    let (mut good, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        // From outside, as a process of the user's own might: a folder at one moment, a way out at the next.
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for target in [inside.as_path(), outside.path()] {
                    let _ = std::fs::remove_file(&spare);
                    symlink(target, &spare).unwrap();
                    std::fs::rename(&spare, &door).unwrap();
                }
                let _ = std::fs::remove_file(&door);
                let _ = std::fs::rename(&inside, &door);
                let _ = std::fs::rename(&door, &inside);
            }
        });
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                for _ in 0..500 {
                    let call = async |tool: &str, input: Value| {
                        bench.runtime.call(&bench.plugin, tool, &input, bench.ctx()).await
                    };
                    let read = call("read_file", json!({"path": "/project/door/file"})).await;
                    assert!(!read.content.contains("outside-secret"));
                    if read.content == "inside" {
                        good += 1
                    } else {
                        refused += 1
                    }
                    call("write_file", json!({"path": "/project/door/new", "text": "mine"})).await;
                }
            });
        });
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 1, "something was written outside");
    assert!(refused > 0, "{good} and {refused}");
}

#[tokio::test]
async fn special_files_hang_nothing() {
    let bench = short_bench().await;
    let made = std::process::Command::new("mkfifo").arg(bench.project.path().join("fifo")).status().unwrap();
    assert!(made.success());
    symlink("/dev/zero", bench.project.path().join("zero")).unwrap();
    symlink("/proc/self/mem", bench.project.path().join("mem")).unwrap();
    for name in ["zero", "mem"] {
        let read = bench.call("read_file", json!({"path": format!("/project/{name}")})).await;
        assert_eq!(read.failure.unwrap().kind, ToolErrorKind::Failed);
    }
    // Nobody writes to it: opening it would wait for ever.
    let read = bench.call("read_file", json!({"path": "/project/fifo"})).await;
    assert!(matches!(read.failure.unwrap().kind, ToolErrorKind::Timeout | ToolErrorKind::Failed));
    bench.neighbour_answers().await;
    all_came_back(&bench).await;
    // Lets go whoever still waits.
    let _ = std::fs::OpenOptions::new().write(true).custom_flags(0o4000).open(bench.project.path().join("fifo"));
}

#[tokio::test]
async fn a_loop_in_the_review_counts_as_the_worst() {
    let bench = bench().await;
    let review = bench.review("spin", json!({})).await.unwrap();
    assert_eq!(review.operations, [Operation::unknown()]);
    all_came_back(&bench).await;
}

#[tokio::test]
async fn bombs_of_instances_memories_and_tables_do_not_load() {
    let bench = bench().await;
    let many = |module: &str, count: usize| {
        let instances = "(core instance (instantiate $m))".repeat(count);
        format!(
            "(component (core module $m {module}) {instances} (core module $r (func (export \"run\")))
             (core instance $i (instantiate $r)) (func (export \"run\") (canon lift (core func $i \"run\"))))"
        )
    };
    for (module, count) in [("", 100), ("(memory 1)", 20), ("(table 1 funcref)", 40)] {
        let package = package_of(&many(module, count), "package test:wat; world w { export run: func(); }");
        let refused = bench.runtime.load(package, ToolNamespace::databricks()).await;
        assert!(matches!(refused, Err(LoadError::Compile(_))), "{count} of `{module}`: {refused:?}");
    }
    bench.neighbour_answers().await;
}

#[tokio::test]
async fn files_of_another_project_are_not_there() {
    let bench = bench().await;
    let [ada, bob] = [Tenant::new(&bench, "ada-marker"), Tenant::new(&bench, "bob-marker")];
    let name = bob.folder.path().file_name().unwrap().to_str().unwrap();
    for path in [format!("/project/../{name}/own.txt"), bob.folder.path().join("own.txt").display().to_string()] {
        let read = bench.runtime.call(&bench.plugin, "read_file", &json!({"path": path}), ada.ctx.clone()).await;
        assert!(read.is_error() && !read.content.contains("bob-marker"), "{read:?}");
    }
}
