//! A run in a subagent's lane asks, waits and goes on as one in the main lane does.

use std::sync::Arc;

use bricklayer_agent::model::{Content, ModelEvent, ModelProvider, ModelReply, ModelRequest};
use bricklayer_agent::{BuiltInTools, ProjectFolder, TurnDeps, TurnExit, TurnLimits, WorkspaceFact, run_turn};
use bricklayer_domain::{
    ApprovalDecision, Block, CallSite, Caller, Event, EventSeq, LaneId, LaneParent, PermissionMode, StopReason, Title,
    ToolCallId, TurnEnd, TurnSettings, TurnStatus, Usage, UserId,
};
use bricklayer_results::{Results, ResultsSettings};
use bricklayer_skills::SkillSet;
use bricklayer_store::{Begun, Claim, Detail, NewTurn, ReadFrom, Store, StoreOptions, StoreUrl, TurnPlace, WorkerId};
use bricklayer_tools::{Gate, GateLimits};
use futures::stream::{self, BoxStream, StreamExt as _};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::folds::Folds;
use super::hub::{Hub, Hubs};
use super::log::StoreLog;
use super::reading::ProjectResults;
use super::slots::Appending;

/// Writes a file, then says what came of it.
#[derive(Debug)]
struct Writer;

impl ModelProvider for Writer {
    fn model(&self, _wanted: Option<&str>) -> String {
        "writer".into()
    }

    fn stream(&self, request: ModelRequest) -> BoxStream<'static, ModelEvent> {
        let answered =
            request.messages.iter().flat_map(|message| &message.content).find_map(|content| match &**content {
                Content::ToolResult { is_error, .. } => Some(*is_error),
                _ => None,
            });
        let (block, stop_reason) = match answered {
            None => {
                let input = json!({"file_path": "a.md", "content": "x"});
                (Block::ToolUse { id: ToolCallId("w".into()), name: "Write".into(), input }, StopReason::ToolUse)
            }
            Some(is_error) => {
                let text = if is_error { "not written" } else { "written" };
                (Block::Text { text: text.into() }, StopReason::EndTurn)
            }
        };
        let usage = Usage::default();
        let reply =
            ModelReply { blocks: vec![block], broken_calls: Vec::new(), stop_reason, stop_details: None, usage };
        stream::iter([ModelEvent::Finished(reply)]).boxed()
    }
}

struct Scene {
    store: Store,
    user: UserId,
    hub: Arc<Hub>,
    lane: LaneId,
    folds: Folds,
    folder: tempfile::TempDir,
}

impl Scene {
    /// One run in the lane, from what its log holds.
    async fn run(&self, claim: &Claim) -> TurnExit {
        let from = ReadFrom { lane: self.lane, after: EventSeq::START };
        let fold = self.folds.read(&self.store, &claim.turn, from).await.unwrap();
        let results = Results::new(self.store.clone(), ResultsSettings::default());
        let log = StoreLog {
            store: self.store.clone(),
            results: results.clone(),
            lease: claim.lease.clone(),
            lane: LaneId::MAIN,
            subagent: Some(self.lane),
            user: self.user.clone(),
            hub: Arc::clone(&self.hub),
            leaving: CancellationToken::new(),
            appending: Appending::default(),
        };
        let folder = cap_std::fs::Dir::open_ambient_dir(self.folder.path(), cap_std::ambient_authority()).unwrap();
        let skills = SkillSet::default();
        let results = ProjectResults { results, user: self.user.clone(), project: claim.turn.project };
        let seen = fold.seen_files().clone();
        let folder = ProjectFolder::from_dir(folder);
        let results = Arc::new(results);
        let files = BuiltInTools::default().in_project(folder, seen, results.clone(), skills.clone());
        let site = CallSite::Turn { conversation: claim.turn.conversation, turn: claim.turn.id, lane: self.lane };
        let caller = Caller::new(self.user.clone(), claim.turn.project, site);
        let mode = PermissionMode::AskChanges;
        let deps = TurnDeps {
            log: Arc::new(log),
            model: Arc::new(Writer),
            commands: None,
            gate: Gate::new(caller, mode, GateLimits::default(), vec![Arc::new(files)]),
            results,
            skills,
            limits: TurnLimits::default(),
            leaving: CancellationToken::new(),
            workspace: WorkspaceFact::None,
        };
        run_turn(deps, fold, CancellationToken::new()).await
    }
}

async fn check(decision: ApprovalDecision, said: &str, written: bool) {
    let folder = tempfile::tempdir().unwrap();
    let url = StoreUrl::sqlite(folder.path().join("store.db"));
    let store = Store::connect(&url, StoreOptions::default()).await.unwrap();
    let (user, worker) = (UserId::parse("ann@example.com").unwrap(), WorkerId::new());
    let project = store.create_project(&user, &Title::parse("p").unwrap()).await.unwrap().id;
    let settings = TurnSettings::default();
    let message = "go".to_owned();
    let new = NewTurn {
        project,
        conversation: None,
        place: TurnPlace::Next,
        message,
        settings,
        client_message_id: None,
        rerun_of: None,
    };
    let Begun::New { turn, lease, .. } = store.begin_turn(&user, worker, new).await.unwrap() else {
        panic!("a new message")
    };
    let parent = LaneParent::Call { lane: LaneId::MAIN, turn: turn.id, call: ToolCallId("task".into()) };
    let lane = store.open_lane(&user, turn.conversation, parent).await.unwrap().id;
    let begins = Event::TurnStarted { message: "write it".into(), settings: TurnSettings::default(), rerun_of: None };
    store.append_to_lanes(&lease, vec![(lane, begins)]).await.unwrap();
    let hub = Hubs::default().get(turn.id);
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene { store: store.clone(), user: user.clone(), hub, lane, folds: Folds::default(), folder };

    let claim = Claim { turn: turn.clone(), lease, stop_requested: false };
    let exit = scene.run(&claim).await;
    assert!(matches!(exit, TurnExit::Parked), "{exit:?}");
    assert_eq!(store.get_turn(&user, turn.id).await.unwrap().status, TurnStatus::Waiting);
    let open = store.open_approvals(&user, turn.id).await.unwrap();
    assert_eq!(open, [ToolCallId("w".into())]);
    assert!(!scene.folder.path().join("a.md").exists());
    assert!(store.answer_approval(&user, turn.id, &open[0], decision).await.unwrap().resumed);
    let claim = store.claim_turn(turn.id, worker).await.unwrap().unwrap();
    let exit = scene.run(&claim).await;
    assert!(matches!(exit, TurnExit::Finished(TurnEnd::Completed)), "{exit:?}");
    assert_eq!(scene.folder.path().join("a.md").exists(), written);

    let from = ReadFrom { lane, after: EventSeq::START };
    let last = scene.folds.read(&store, &turn, from).await.unwrap();
    assert_eq!(last.message(), "write it");
    let page =
        store.lane_events_after(&user, turn.conversation, lane, EventSeq::START, 100, Detail::All).await.unwrap();
    let texts: Vec<_> = page
        .events
        .iter()
        .filter_map(|stored| match &stored.event {
            Event::AssistantMessage { blocks, .. } => blocks.iter().find_map(|block| match block {
                Block::Text { text } => Some(text.clone()),
                _ => None,
            }),
            _ => None,
        })
        .collect();
    assert_eq!(texts, [said]);
    // The turn itself goes on, and has nothing of it in its own lane.
    assert_eq!(store.get_turn(&user, turn.id).await.unwrap().status, TurnStatus::Running);
    let main = store.events_after(&user, turn.conversation, EventSeq::START, 100, Detail::All).await.unwrap();
    assert_eq!(main.events.len(), 1, "{main:?}");
}

#[tokio::test]
async fn a_subagent_that_was_allowed_goes_on() {
    check(ApprovalDecision::Once, "written", true).await;
}

#[tokio::test]
async fn a_subagent_that_was_refused_goes_on_without() {
    check(ApprovalDecision::No, "not written", false).await;
}
