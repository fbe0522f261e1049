//! Many at once: deleting under appends, stopping under both. Whatever the order, nobody is told that the database failed.

use bricklayer_domain::{ConversationId, ProjectId};
use bricklayer_store::{Begun, Lease, NewTurn, StoreError, WorkerId};

use crate::harness::{World, completed, on_both_engines, step_started, text_delta, title};

on_both_engines!(deleting_and_appending_do_not_get_in_each_others_way);

/// Tasks at once, and what each does.
const TASKS: u64 = 12;
const ROUNDS: u64 = 60;

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// What a caller may be told when others delete and end the same things; anything else is the store's fault.
fn expect<T>(what: &str, done: Result<T, StoreError>) -> Option<T> {
    match done {
        Ok(done) => Some(done),
        Err(StoreError::NotFound(_) | StoreError::LostLease | StoreError::TurnEnded(_) | StoreError::Busy { .. }) => {
            None
        }
        Err(error) => panic!("{what}: {error:?}"),
    }
}

async fn deleting_and_appending_do_not_get_in_each_others_way(world: World) {
    let scene = world.scene().await;
    let shared: std::sync::Arc<std::sync::Mutex<Vec<(ProjectId, ConversationId, Lease)>>> = std::sync::Arc::default();
    let projects: std::sync::Arc<std::sync::Mutex<Vec<ProjectId>>> = std::sync::Arc::default();
    for _ in 0..4 {
        let project = scene.store.create_project(&scene.user, &title("p")).await.unwrap().id;
        projects.lock().unwrap().push(project);
    }
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..TASKS {
        let (store, user) = (scene.store.clone(), scene.user.clone());
        let (shared, projects) = (std::sync::Arc::clone(&shared), std::sync::Arc::clone(&projects));
        let message = scene.message("hi");
        tasks.spawn(async move {
            let mut dice = Dice(task + 1);
            for _ in 0..ROUNDS {
                let some = {
                    let known = shared.lock().unwrap();
                    let count = known.len() as u64;
                    (count > 0).then(|| known[usize::try_from(dice.roll(count)).unwrap()].clone())
                };
                match (dice.roll(10), some) {
                    (0..=2, _) | (_, None) => {
                        let project = {
                            let known = projects.lock().unwrap();
                            known[usize::try_from(dice.roll(known.len() as u64)).unwrap()]
                        };
                        let new = NewTurn { project, conversation: None, ..message.clone() };
                        let begun = expect("begin", store.begin_turn(&user, WorkerId::new(), new).await);
                        if let Some(Begun::New { turn, lease, .. }) = begun {
                            shared.lock().unwrap().push((project, turn.conversation, lease));
                        }
                    }
                    (3..=6, Some((_, _, lease))) => {
                        let events = vec![step_started(0), text_delta(0, 0, "some words")];
                        expect("append", store.append(&lease, events).await);
                    }
                    (7, Some((_, _, lease))) => {
                        expect("stop", store.request_stop(&user, lease.turn).await);
                        expect("end", store.append(&lease, vec![completed()]).await);
                    }
                    (8, Some((_, conversation, _))) => {
                        expect("delete a conversation", store.delete_conversation(&user, conversation).await);
                    }
                    (_, Some((project, ..))) => {
                        expect("delete a project", store.delete_project(&user, project).await);
                        let fresh = store.create_project(&user, &title("p")).await.unwrap().id;
                        let mut known = projects.lock().unwrap();
                        known.retain(|known| *known != project);
                        known.push(fresh);
                    }
                }
            }
        });
    }
    tasks.join_all().await;
}
