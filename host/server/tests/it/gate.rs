//! The tool gate without any turn: an MCP session's calls are judged, asked about, bounded and recorded as a turn's are.

use std::sync::Mutex;

use async_trait::async_trait;
use bricklayer_domain::{
    ApprovalDecision, AuditBody, CallSite, McpSessionId, PermissionMode, ProjectId, StandingPermission, ToolCall,
    ToolCallId, ToolErrorKind, ToolName, ToolOutcome, TurnSettings, UserId,
};
use bricklayer_server::identity::Caller;
use bricklayer_store::{AuditFilter, AuditPageRequest, AuditRecord, MAX_PAGE};
use bricklayer_tools::{Approvals, CallLink, Gate, NobodyToAsk, Question};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::plugins::open;
use crate::support::{Engine, Guest, Server, World, both_engines, eventually};

/// A user who always answers the same, and what they were asked.
struct Answers {
    always: ApprovalDecision,
    asked: Mutex<Vec<(String, Vec<String>)>>,
}

impl Answers {
    fn new(always: ApprovalDecision) -> Self {
        Self { always, asked: Mutex::default() }
    }
}

#[async_trait]
impl Approvals for Answers {
    async fn standing(&self) -> Vec<StandingPermission> {
        Vec::new()
    }

    async fn ask(&self, question: Question<'_>) -> ApprovalDecision {
        let parts = question.review.iter().flat_map(|review| &review.operations);
        let parts = parts.map(|part| format!("{} {}", part.verb, part.objects.join(" "))).collect();
        self.asked.lock().unwrap().push((question.call.to_string(), parts));
        self.always
    }
}

fn caller(name: &str) -> Caller {
    Caller { user: UserId::parse(&format!("{name}@example.com")).unwrap(), credential: "token".into() }
}

async fn gate(server: &Server, project: ProjectId, site: &CallSite, mode: PermissionMode) -> Gate {
    let settings = TurnSettings { permission_mode: Some(mode), ..TurnSettings::default() };
    server.app.turns().open_gate(&caller("ann"), project, site.clone(), settings).await.unwrap()
}

async fn call(gate: &Gate, user: &dyn Approvals, id: &str, tool: &str, input: Value) -> ToolOutcome {
    let call = ToolCall { id: ToolCallId(id.to_owned()), name: ToolName(tool.to_owned()), input };
    gate.call(&call, user, CallLink::new(CancellationToken::new())).await
}

#[track_caller]
fn fails(outcome: &ToolOutcome, kind: ToolErrorKind, says: &str) {
    let failure = outcome.failure.as_ref().unwrap_or_else(|| panic!("{outcome:?}"));
    assert!(failure.kind == kind && failure.message.contains(says), "{failure:?}");
}

/// The calls that are recorded for Ann, by their ids.
async fn records(server: &Server, count: usize) -> Vec<AuditRecord> {
    let filter = AuditFilter { user: Some(caller("ann").user), ..AuditFilter::default() };
    eventually("the records", async || {
        let page = AuditPageRequest { after: None, limit: MAX_PAGE };
        let records = server.app.store().list_audit(&filter, page).await.unwrap().records;
        let calls: Vec<_> =
            records.into_iter().filter(|record| matches!(record.entry.body, AuditBody::Call(_))).collect();
        if calls.len() >= count { Ok(calls) } else { Err(format!("{} records", calls.len())) }
    })
    .await
}

async fn without_a_turn(engine: Engine) {
    let mut world = World::new(engine).await;
    open(&mut world);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let file = world.project_dir(&project).join("note.md");
    let project = ProjectId::from_uuid(project.parse().unwrap());
    ann.install(&Guest::new("greeter", "1.0.0").package(), &[]).await;
    let session = McpSessionId::new();
    let site = CallSite::Mcp { session };
    let note = json!({"file_path": "note.md", "content": "hello"});

    // What only reads runs, in a mode that forbids everything else, and nobody is asked.
    let reading = gate(&server, project, &site, PermissionMode::ReadOnly).await;
    // Only in a turn does a question wait for the user.
    for name in ["AskUserQuestion", "EnterPlanMode", "ExitPlanMode"] {
        let name = ToolName(name.to_owned());
        assert!(reading.listed(&name).is_none(), "{name}");
        assert!(reading.resolve(&ToolCallId("asks".to_owned()), &name, &json!({})).is_err(), "{name}");
    }
    let nobody = Answers::new(ApprovalDecision::Once);
    let said = call(&reading, &nobody, "reads", "mcp__greeter__version", json!({})).await;
    assert_eq!((said.content.as_str(), said.failure), ("1.0.0", None));
    for (id, tool, input) in [("forbidden", "Write", &note), ("forbidden_too", "mcp__greeter__crash", &json!({}))] {
        fails(&call(&reading, &nobody, id, tool, input.clone()).await, ToolErrorKind::Denied, "read only");
    }
    assert!(nobody.asked.lock().unwrap().is_empty() && !file.exists());

    // What changes something is asked about. No is no, also where nobody can be asked.
    let asking = gate(&server, project, &site, PermissionMode::AskChanges).await;
    let no = Answers::new(ApprovalDecision::No);
    fails(&call(&asking, &no, "declined", "Write", note.clone()).await, ToolErrorKind::Denied, "the user declined");
    let question = ("declined".to_owned(), vec!["WRITE FILE note.md".to_owned()]);
    assert_eq!(*no.asked.lock().unwrap(), [question]);
    let crash = call(&asking, &NobodyToAsk, "unasked", "mcp__greeter__crash", json!({})).await;
    fails(&crash, ToolErrorKind::Denied, "the user declined");
    assert!(!file.exists());
    let yes = Answers::new(ApprovalDecision::Once);
    assert_eq!(call(&asking, &yes, "allowed", "Write", note.clone()).await.failure, None);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "hello");
    fails(&call(&asking, &yes, "odd", "Rub", json!({})).await, ToolErrorKind::UnknownTool, "no tool named `Rub`");

    // Each of them left one record, with the door and without the arguments.
    let mut told: Vec<_> = records(&server, 7)
        .await
        .into_iter()
        .map(|AuditRecord { entry, .. }| {
            let AuditBody::Call(call) = entry.body else { panic!("{entry:?}") };
            assert_eq!((call.by.site.as_ref(), call.argument_digest.len()), (Some(&site), 64));
            assert!(!format!("{call:?}").contains("hello"), "{call:?}");
            let id = call.by.tool_call_id.unwrap().to_string();
            [id, entry.plugin.to_string(), entry.tool, entry.outcome].join(" ")
        })
        .collect();
    told.sort();
    let expected = [
        "allowed built-in Write ok",
        "declined built-in Write denied",
        "forbidden built-in Write denied",
        "forbidden_too greeter crash denied",
        "odd built-in Rub unknown-tool",
        "reads greeter version ok",
        "unasked greeter crash denied",
    ];
    assert_eq!(told, expected);

    // A project of somebody else's has no gate.
    let (bob, settings) = (caller("bob"), TurnSettings::default());
    let refused = server.app.turns().open_gate(&bob, project, site, settings).await.unwrap_err();
    assert!(refused.to_string().contains("no such"), "{refused}");
    server.stop().await;
}

#[test]
fn whoever_is_no_turn_is_guarded_as_one() {
    both_engines(without_a_turn);
}
