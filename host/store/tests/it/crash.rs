//! Killing a process in the middle of writing, and the child processes that other cases need.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use bricklayer_domain::{Event, TurnStatus};
use bricklayer_store::{Begun, Detail, NewTurn, PageRequest, Store, StoreOptions, StoreUrl, TurnPlace, WorkerId};

use crate::harness::{Scene, World, completed, on_both_engines, step_started, text_delta, user};

const ROLE: &str = "BRICKLAYER_STORE_TEST_CHILD";
const URL: &str = "BRICKLAYER_STORE_TEST_URL";
/// Somebody who may not write what root owns.
const UNPRIVILEGED: u32 = 65_534;

on_both_engines!(a_killed_process_leaves_whole_appends);

/// This test program again, as a child that does one thing. With a folder for a copy of the program it has no
/// privileges, even when this process is root: the target folder may be closed to others.
pub(crate) fn child(role: &str, url: &StoreUrl, unprivileged: Option<&Path>) -> Command {
    let program = std::env::current_exe().unwrap();
    let address = match url {
        StoreUrl::Sqlite(path) => format!("sqlite:{}", path.display()),
        StoreUrl::Postgres(url) => url.clone(),
    };
    let mut command = match unprivileged {
        Some(folder) if folder.metadata().unwrap().uid() == 0 => {
            let copy = folder.join("store-test-child");
            std::fs::copy(&program, &copy).unwrap();
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
            let mut command = Command::new(copy);
            command.uid(UNPRIVILEGED).gid(UNPRIVILEGED);
            command
        }
        _ => Command::new(program),
    };
    command.args(["--exact", "crash::child_process", "--nocapture", "--test-threads=1"]);
    command.env(ROLE, role).env(URL, address).current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Not a case of its own: what the children started by other cases run. Started by itself it has no role.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_process() {
    let (Ok(role), Ok(url)) = (std::env::var(ROLE), std::env::var(URL)) else { return };
    let opened = Store::connect(&url.parse().unwrap(), StoreOptions::default()).await;
    match role.as_str() {
        "open" => say(&format!("opened: {opened:?}")),
        "append" => append_for_ever(opened.unwrap()).await,
        "result" => crate::results::write(&opened.unwrap()).await,
        other => match other.strip_prefix("change ") {
            Some(change) => crate::crash_changes::make(&opened.unwrap(), change).await,
            None => panic!("unknown role {other}"),
        },
    }
}

fn say(line: &str) {
    // The test harness may have left its own line open.
    std::io::stdout().write_all(format!("\n{line}\n").as_bytes()).unwrap();
}

/// Six turns append three events at a time and say how many appends were acknowledged.
async fn append_for_ever(store: Store) {
    let ann = user("ann@example.com");
    let project = store.list_projects(&ann, PageRequest::default()).await.unwrap().items.remove(0);
    let worker = WorkerId::new();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let conversation = store.create_conversation(&ann, project.id, None).await.unwrap().id;
        let new = NewTurn {
            project: project.id,
            conversation: Some(conversation),
            place: TurnPlace::Next,
            message: "go".into(),
            settings: Default::default(),
            client_message_id: None,
            rerun_of: None,
        };
        let Begun::New { lease, .. } = store.begin_turn(&ann, worker, new).await.unwrap() else { panic!() };
        let store = store.clone();
        tasks.spawn(async move {
            for step in 0.. {
                let events = vec![step_started(step), text_delta(step, 0, "a"), text_delta(step, 1, "b")];
                store.append(&lease, events).await.unwrap();
                say(&format!("acknowledged {conversation} {}", step + 1));
            }
        });
    }
    tasks.join_all().await;
}

async fn a_killed_process_leaves_whole_appends(world: World) {
    let scene = world.scene().await;
    let mut process = child("append", &world.url, None).spawn().unwrap();
    let mut acknowledged = std::collections::HashMap::<String, usize>::new();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut heard = 0;
    for line in lines.by_ref() {
        heard += note(&line.unwrap(), &mut acknowledged);
        if heard == 300 {
            process.kill().unwrap();
        }
    }
    process.wait().unwrap();
    assert!(heard >= 300, "the child ended early");

    // The database opens, and each log holds whole appends, at least those that were acknowledged.
    scene.store.close().await;
    let store = world.store().await;
    let scene = Scene { store, ..scene };
    let conversations =
        scene.store.list_conversations(&scene.user, scene.project.id, PageRequest::default()).await.unwrap();
    let mut checked = 0;
    for conversation in conversations.items.into_iter().filter(|c| c.turn_count > 0) {
        let acknowledged = acknowledged.get(&conversation.id.to_string()).copied().unwrap_or_default();
        let scene = Scene {
            store: scene.store.clone(),
            user: scene.user.clone(),
            project: scene.project.clone(),
            conversation,
            worker: WorkerId::new(),
        };
        let mut events = Vec::new();
        loop {
            let after =
                events.last().map_or(bricklayer_domain::EventSeq::START, |e: &bricklayer_domain::StoredEvent| e.seq);
            let next = scene
                .store
                .events_after(&scene.user, scene.conversation.id, after, 1000, Detail::All)
                .await
                .unwrap()
                .events;
            if next.is_empty() {
                break;
            }
            events.extend(next);
        }
        assert!(events.iter().enumerate().all(|(index, e)| e.seq.0 == index as i64 + 1));
        let appends: Vec<_> = events[1..].chunks(3).collect();
        assert!(appends.len() >= acknowledged, "{} of {acknowledged}", appends.len());
        for (step, append) in appends.iter().enumerate() {
            assert_eq!(append.len(), 3, "half an append");
            assert!(matches!(append[0].event, Event::StepStarted { step: s, .. } if s as usize == step));
        }
        // Its turn is an orphan that another worker ends.
        let turn = events[0].turn;
        assert_eq!(scene.store.get_turn(&scene.user, turn).await.unwrap().status, TurnStatus::Running);
        scene.store.void_leases_of_others(scene.worker).await.unwrap();
        let claim = scene.store.claim_turn(turn, scene.worker).await.unwrap();
        let Some(claim) = claim else {
            // The child's clock is the real one, ahead of this world's.
            panic!("the turn is not free");
        };
        let end = scene.store.append(&claim.lease, vec![completed()]).await.unwrap();
        assert_eq!(end[0].seq.0, events.len() as i64 + 1);
        checked += 1;
    }
    assert_eq!(checked, 6);
}

fn note(line: &str, acknowledged: &mut std::collections::HashMap<String, usize>) -> usize {
    let Some(rest) = line.strip_prefix("acknowledged ") else { return 0 };
    let (conversation, count) = rest.split_once(' ').unwrap();
    acknowledged.insert(conversation.into(), count.parse().unwrap());
    1
}
