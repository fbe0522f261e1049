use super::*;

/// Short where a call is to wait in vain, long enough where it is not.
const IN_VAIN: Duration = Duration::from_millis(30);
const WAIT: Duration = Duration::from_secs(20);

fn user(name: &str) -> UserId {
    UserId::parse(&format!("{name}@example.com")).unwrap()
}

fn plugin(name: &str) -> PluginName {
    PluginName::parse(name).unwrap()
}

fn small() -> FairnessLimits {
    FairnessLimits { user_calls: 3, user_plugin_calls: 2, user_queue: 4, ..FairnessLimits::unlimited() }
}

fn gate(limits: FairnessLimits, process: usize) -> Arc<Gate> {
    Arc::new(Gate::new(limits, process))
}

async fn admit(gate: &Arc<Gate>, name: &str, own: &str) -> Result<Permit, Refusal> {
    gate.admit(&user(name), &plugin(own), true, WAIT).await
}

/// Everything came back.
#[track_caller]
fn check_idle(gate: &Gate) {
    let stats = gate.stats();
    assert_eq!(GateStats { refused: 0, ..stats }, GateStats::default());
}

/// Waits in vain.
async fn refused(gate: &Arc<Gate>, name: &str, own: &str) -> Refusal {
    gate.admit(&user(name), &plugin(own), true, IN_VAIN).await.unwrap_err()
}

#[tokio::test]
async fn each_limit_has_its_name_and_a_time_to_come_back() {
    let gate = gate(FairnessLimits { user_plugin_calls_per_minute: 60, ..small() }, 5);
    let first = [admit(&gate, "a", "x").await.unwrap(), admit(&gate, "a", "x").await.unwrap()];
    assert_eq!(refused(&gate, "a", "x").await, Refusal::UserPlugin(2));
    let second = admit(&gate, "a", "y").await.unwrap();
    assert_eq!(refused(&gate, "a", "z").await, Refusal::User(3));
    let third = [admit(&gate, "b", "x").await.unwrap(), admit(&gate, "b", "y").await.unwrap()];
    assert_eq!(refused(&gate, "c", "x").await, Refusal::Process);
    assert_eq!(gate.stats(), GateStats { running: 5, waiting: 0, users: 2, user_plugins: 4, refused: 3 });
    drop((first, second, third));
    check_idle(&gate);

    let now = Instant::now();
    let line_up = |at: Instant| gate.line_up(&user("d"), &plugin("x"), true, at).map(drop);
    for _ in 0..60 {
        line_up(now).unwrap();
    }
    let refusal = line_up(now).unwrap_err();
    assert_eq!(refusal, Refusal::Rate(60, Duration::from_secs(1)));
    let failure = refusal.failure();
    assert_eq!((failure.kind, failure.retryable), (ToolErrorKind::LimitExceeded, true));
    assert_eq!(failure.retry_after_seconds, Some(1));
    assert_eq!(failure.message, "rate limit: a user may call one plugin 60 times a minute; try again in 1 seconds");
    line_up(now + Duration::from_secs(1)).unwrap();
    assert_eq!(line_up(now + Duration::from_millis(1500)), Err(Refusal::Rate(60, Duration::from_secs(1))));
    check_idle(&gate);
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let gate = gate(small(), 5);
    let running = [admit(&gate, "a", "x").await.unwrap(), admit(&gate, "a", "x").await.unwrap()];
    let waiting = futures::future::join_all((0..4).map(|_| admit(&gate, "a", "x")));
    let beyond = async {
        tokio::task::yield_now().await;
        assert_eq!(gate.stats().waiting, 4);
        // With all the time in the world it would wait for ever, so this shows that it does not.
        let full = gate.admit(&user("a"), &plugin("x"), true, Duration::MAX).await;
        assert_eq!(full.unwrap_err(), Refusal::Queue(4));
        // The queue is of this user alone.
        drop(admit(&gate, "b", "x").await.unwrap());
        drop(running);
    };
    let drained = async {
        let (admitted, ()) = tokio::join!(waiting, beyond);
        admitted
    };
    // Two got in when two left; the others wait until these leave, which they do not.
    assert!(tokio::time::timeout(IN_VAIN, drained).await.is_err());
    check_idle(&gate);
}

#[tokio::test]
async fn users_take_turns_and_each_keeps_its_order() {
    let gate = gate(FairnessLimits { user_queue: 100, ..FairnessLimits::unlimited() }, 1);
    let holder = admit(&gate, "holder", "x").await.unwrap();
    let order = Mutex::new(Vec::new());
    let call = async |name: &str, number: u32| {
        let _permit = admit(&gate, name, "x").await.unwrap();
        order.lock().unwrap().push(format!("{name}{number}"));
        tokio::task::yield_now().await;
    };
    let many = futures::future::join_all((0..5).map(|number| call("a", number)));
    let few = async {
        tokio::task::yield_now().await;
        tokio::join!(call("b", 0), call("b", 1), async {
            tokio::task::yield_now().await;
            drop(holder);
        });
    };
    tokio::join!(many, few);
    assert_eq!(order.into_inner().unwrap(), ["a0", "b0", "a1", "b1", "a2", "a3", "a4"]);
    check_idle(&gate);
}

#[tokio::test]
async fn whoever_goes_away_leaves_nothing() {
    let gate = gate(small(), 1);
    let running = admit(&gate, "a", "x").await.unwrap();
    for _ in 0..100 {
        let waiting = admit(&gate, "b", "x");
        assert!(tokio::time::timeout(Duration::from_millis(1), waiting).await.is_err());
    }
    assert_eq!(gate.stats().waiting, 0);
    {
        // Granted, and dropped before the grant was seen.
        let waiting = admit(&gate, "b", "x");
        tokio::pin!(waiting);
        assert!(futures::poll!(&mut waiting).is_pending());
        drop(running);
        assert_eq!(gate.stats().running, 1);
    }
    check_idle(&gate);
    let panicked = std::panic::AssertUnwindSafe(async {
        let _permit = admit(&gate, "a", "x").await.unwrap();
        panic!("in the middle of a call");
    });
    assert!(futures::FutureExt::catch_unwind(panicked).await.is_err());
    check_idle(&gate);
    drop(admit(&gate, "c", "x").await.unwrap());
}

#[test]
fn idle_users_are_forgotten() {
    let gate = gate(FairnessLimits::default(), 4);
    let now = Instant::now();
    for number in 0..1000 {
        let user = user(&format!("u{number}"));
        drop(gate.line_up(&user, &plugin("x"), true, now).unwrap());
        gate.take_egress_at(&user, 1000, now).unwrap();
    }
    assert_eq!(gate.remembered(), 1000);
    drop(gate.line_up(&user("last"), &plugin("x"), true, now + Duration::from_secs(61)).unwrap());
    assert_eq!(gate.remembered(), 1);
}

#[test]
fn bytes_come_back_with_time() {
    let gate = gate(FairnessLimits { user_egress_bytes_per_minute: 6000, ..small() }, 4);
    let now = Instant::now();
    gate.take_egress_at(&user("a"), 6000, now).unwrap();
    assert_eq!(gate.take_egress_at(&user("a"), 100, now).unwrap_err(), Duration::from_secs(1));
    gate.take_egress_at(&user("b"), 6000, now).unwrap();
    gate.take_egress_at(&user("a"), 100, now + Duration::from_secs(1)).unwrap();
}
