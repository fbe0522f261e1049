//! What readers and the API know of lanes beside a conversation's main one.

use bricklayer_domain::{
    Block, CallReview, Event, LaneId, LaneParent, ProjectId, StopReason, ToolCallId, ToolName, TurnEnd, TurnId,
    TurnSettings, Usage, UserId,
};
use bricklayer_store::{Begun, Lease, NewTurn, Store, TurnPlace, WorkerId};
use serde_json::{Value, json};

use crate::support::{Engine, Reply, World, both_engines};

struct Scene<'a> {
    store: &'a Store,
    user: UserId,
    lease: Lease,
    /// A subagent's.
    lane: LaneId,
}

impl<'a> Scene<'a> {
    /// A turn whose call `task` has a subagent, begun as a host does that drives it.
    async fn begin(store: &'a Store, project: &str) -> Self {
        let user = UserId::parse("ann@example.com").unwrap();
        let new = NewTurn {
            project: ProjectId::from_uuid(project.parse().unwrap()),
            conversation: None,
            place: TurnPlace::Next,
            message: "look".into(),
            settings: TurnSettings::default(),
            client_message_id: None,
            rerun_of: None,
        };
        let Begun::New { lease, .. } = store.begin_turn(&user, WorkerId::new(), new).await.unwrap() else {
            panic!("a new message made no new turn")
        };
        let call = ToolCallId("task".into());
        let name = ToolName("Glob".into());
        let input = json!({"pattern": "*"});
        let started = Event::ToolStarted { call: call.clone(), name: name.clone(), input: input.clone(), why: None };
        let asks = said(Block::ToolUse { id: call.clone(), name: name.0, input }, StopReason::ToolUse);
        let step = Event::StepStarted { step: 0, model: "m".into(), context: None };
        store.append(&lease, vec![step, asks, started]).await.unwrap();
        let parent = LaneParent::Call { lane: LaneId::MAIN, turn: lease.turn, call };
        let lane = store.open_lane(&user, lease.conversation, parent).await.unwrap().id;
        Self { store, user, lease, lane }
    }

    async fn in_lane(&self, events: Vec<Event>) {
        let events = events.into_iter().map(|event| (self.lane, event)).collect();
        self.store.append_to_lanes(&self.lease, events).await.unwrap();
    }

    fn told(&self) -> Value {
        json!({"id": self.lane.to_string(),
            "parent": {"execution_id": self.lease.turn.to_string(), "tool_id": "task"}})
    }
}

fn said(block: Block, stop_reason: StopReason) -> Event {
    let (blocks, usage, calls) = (vec![block], Usage::default(), Vec::new());
    Event::AssistantMessage { step: 0, blocks, stop_reason, usage, model: String::new(), aborted: false, calls }
}

fn text(text: &str) -> Event {
    said(Block::Text { text: text.into() }, StopReason::EndTurn)
}

fn ended() -> Event {
    Event::TurnFinished { end: TurnEnd::Completed, usage: Usage::default(), steps: 1, duration_ms: 1 }
}

fn begun(message: &str) -> Event {
    Event::TurnStarted { message: message.into(), settings: TurnSettings::default(), rerun_of: None }
}

#[test]
fn events_of_a_subagent_tell_their_lane_and_their_call() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let project = ann.project("One").await;
        let scene = Scene::begin(server.app.store(), &project).await;
        let execution = scene.lease.turn.to_string();
        scene.in_lane(vec![begun("count"), text("three"), ended()]).await;
        scene.store.append(&scene.lease, vec![text("there are three"), ended()]).await.unwrap();
        let frames = ann.frames(&execution).await;
        let lanes: Vec<_> = frames
            .iter()
            .filter(|frame| frame.data.is_object())
            .map(|frame| (frame.kind().to_owned(), frame.data["lane"].clone()))
            .collect();
        let (main, sub) = (json!(null), scene.told());
        let expected = [
            ("conversation.created", &main),
            ("system", &main),
            ("tool_use", &main),
            ("tool_started", &main),
            ("conversation.created", &sub),
            ("text", &sub),
            ("result", &sub),
            ("stream.completed", &sub),
            // The subagent's end was not the turn's.
            ("text", &main),
            ("result", &main),
            ("stream.completed", &main),
        ];
        let expected: Vec<_> = expected.into_iter().map(|(kind, lane)| (kind.to_owned(), lane.clone())).collect();
        assert_eq!(lanes, expected);
        let ids: Vec<i64> = frames.iter().filter_map(|frame| frame.id).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
        // From anywhere in it, the rest.
        for id in ids {
            let place = frames.iter().position(|frame| frame.id == Some(id)).unwrap();
            let rest = ann.follow(&execution, id).await.follow_to_end().await;
            assert_eq!(rest, frames[place + 1..], "after {id}");
        }
        // The history tells of each event whose it is, as the stream does.
        let conversation = scene.lease.conversation;
        let detail = ann.get(&format!("/api/projects/{project}/conversations/{conversation}")).await.ok();
        let told = |event: &Value| (event["type"].as_str().unwrap().to_owned(), event["lane"].clone());
        assert_eq!(detail["events"].as_array().unwrap().iter().map(told).collect::<Vec<_>>(), expected);
        server.as_user("eve").get(&format!("/api/stream_progress/{execution}")).await.problem(404, "not-found");
        server.stop().await;
    });
}

fn question(call: &str) -> Event {
    Event::ApprovalRequested {
        call: ToolCallId(call.into()),
        name: ToolName("Write".into()),
        input: json!({"file_path": "a.md", "content": "x"}),
        reason: "it changes a file".into(),
        review: CallReview::default(),
        standing: None,
        later_changes: Vec::new(),
        questions: Vec::new(),
        proposal: None,
    }
}

#[test]
fn a_subagents_question_is_answered_like_any_other() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        world.model.script("look", vec![Reply::text("as you say")]);
        let server = world.serve().await;
        let (ann, eve) = (server.as_user("ann"), server.as_user("eve"));
        let project = ann.project("One").await;
        for decision in ["once", "no", "stop"] {
            let scene = Scene::begin(server.app.store(), &project).await;
            let execution = scene.lease.turn.to_string();
            let path = |call: &str| format!("/api/executions/{execution}/approvals/{call}");
            scene.in_lane(vec![begun("write"), question("q1"), question("q2")]).await;
            let body = json!({"decision": decision});
            eve.post(&path("q1"), body.clone()).await.problem(404, "not-found");
            ann.post(&path("q3"), body.clone()).await.problem(404, "not-found");
            ann.post(&path("task"), body.clone()).await.problem(404, "not-found");
            let refused = ann.post(&path("q1"), json!({"decision": "conversation"})).await;
            refused.problem(422, "invalid-request");
            assert_eq!(ann.post(&path("q1"), body.clone()).await.ok()["decision"], decision);
            if decision != "stop" {
                let open =
                    server.app.store().open_approvals(&scene.user, TurnId::from_uuid(execution.parse().unwrap()));
                assert_eq!(open.await.unwrap(), [ToolCallId("q2".into())], "the turn waits for the other one");
                // The first answer counts.
                ann.post(&path("q1"), json!({"decision": "stop"})).await.problem(409, "already-answered");
                assert_eq!(ann.post(&path("q1"), body.clone()).await.ok()["decision"], decision);
                assert_eq!(ann.post(&path("q2"), json!({"decision": "no"})).await.ok()["decision"], "no");
            }
            let frames = ann.frames(&execution).await;
            let answers: Vec<_> = frames
                .iter()
                .filter(|frame| frame.kind() == "approval.answered")
                .map(|frame| (&frame.data["tool_id"], &frame.data["decision"], frame.data["lane"] == scene.told()))
                .collect();
            let (q1, q2, first, no) = (json!("q1"), json!("q2"), json!(decision), json!("no"));
            let expected = if decision == "stop" {
                vec![(&q1, &first, true)]
            } else {
                vec![(&q1, &first, true), (&q2, &no, true)]
            };
            assert_eq!(answers, expected);
            let end = frames.iter().rfind(|frame| frame.kind() == "stream.completed").unwrap();
            assert_eq!(end.data["is_cancelled"], decision == "stop", "{}", end.data);
            if decision == "stop" {
                ann.post(&path("q2"), json!({"decision": "once"})).await.problem(409, "turn-ended");
            }
        }
        server.stop().await;
    });
}
