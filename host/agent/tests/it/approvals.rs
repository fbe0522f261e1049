//! Who may run a call, through the driver: modes, standing permissions, refusals.

use bricklayer_agent::TurnExit;
use std::sync::Arc;

use bricklayer_domain::{
    ApprovalDecision, ApprovalReply, Block, CallEffect, CallGrounds, CallPreview, Event, PermissionMode,
    PermissionRule, PermissionRules, RuleKind, StandingPermission, StandingPermissionId, StandingScope,
    ToolAnnotations, ToolCallId, ToolErrorKind, ToolName, ToolOutcome, TurnEnd,
};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::*;

const SQL: &str = "mcp__databricks__execute_sql";

fn sql(id: &str, statement: &str) -> Block {
    tool_use(id, SQL, json!({"statement": statement}))
}

/// A world whose model asks for these statements in one message; calls are named `a`, `b` and so on.
fn world(statements: &[&str]) -> World {
    script(&[statements])
}

/// The same with several messages of one turn, or of several turns.
fn script(messages: &[&[&str]]) -> World {
    let tools = vec![spec("execute_sql", ToolAnnotations::default()), spec("unmarked", ToolAnnotations::default())];
    let mut ids = ('a'..='z').map(String::from);
    let replies = messages.iter().map(|statements| {
        let statements = statements.iter();
        calls(statements.map(|statement| sql(&ids.next().unwrap(), statement)).collect())
    });
    let replies = replies.collect();
    World::new(ScriptedModel::new(replies), TableTools::new(tools, |_| ToolOutcome::text("done")))
}

fn answer(world: &World, call: &str, decision: ApprovalDecision) {
    world.log.push(vec![Event::ApprovalAnswered {
        call: ToolCallId(call.into()),
        decision,
        because_of: None,
        reply: None,
    }]);
}

fn answer_in_words(world: &World, call: &str, decision: ApprovalDecision, words: &str) {
    let reply = ApprovalReply::parse(Some(words.to_owned()), Vec::new(), None).unwrap();
    let call = ToolCallId(call.into());
    world.log.push(vec![Event::ApprovalAnswered { call, decision, because_of: None, reply }]);
}

fn ran(world: &World) -> Vec<String> {
    let calls = world.tools.calls.lock().unwrap();
    calls.iter().map(|call| call.input["statement"].as_str().unwrap_or_default().to_owned()).collect()
}

fn questions(world: &World) -> Vec<String> {
    let asked = |event: &Event| match event {
        Event::ApprovalRequested { call, .. } => Some(call.0.clone()),
        _ => None,
    };
    world.log.events().iter().filter_map(asked).collect()
}

fn failure(world: &World, call: &str) -> (ToolErrorKind, String) {
    let failure = world.outcome(call).failure.unwrap();
    (failure.kind, failure.message)
}

fn permission(tool: &str, verb: &str, objects: &[&str]) -> StandingPermission {
    StandingPermission {
        id: StandingPermissionId::new(),
        tool: ToolName(tool.into()),
        scope: StandingScope { verb: verb.into(), objects: objects.iter().map(|&object| object.to_owned()).collect() },
        effect: CallEffect::Destroys,
        since: bricklayer_domain::now(),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Runs,
    Asks,
    Refused,
}

#[tokio::test]
async fn the_mode_and_the_gravest_part_decide() {
    use PermissionMode::{Ask, AskChanges, ReadOnly, RunAll};
    use Seen::{Asks, Refused, Runs};
    let modes = [ReadOnly, AskChanges, Ask, RunAll];
    let cases = [
        ("SELECT 1", [Runs, Runs, Runs, Runs]),
        ("INSERT INTO t", [Refused, Asks, Runs, Runs]),
        ("GRANT SELECT t ann", [Refused, Asks, Asks, Runs]),
        ("DROP TABLE t", [Refused, Asks, Asks, Runs]),
        ("SELECT 1; SELECT 2", [Runs, Runs, Runs, Runs]),
        ("SELECT 1; INSERT INTO t", [Refused, Asks, Runs, Runs]),
        ("INSERT INTO t; GRANT SELECT t ann; SELECT 1", [Refused, Asks, Asks, Runs]),
        ("SELECT 1; DROP TABLE t; INSERT INTO t", [Refused, Asks, Asks, Runs]),
    ];
    for (statement, expected) in cases {
        for (mode, expected) in modes.into_iter().zip(expected) {
            let mut world = world(&[statement]);
            world.mode = mode;
            let exit = world.ask("go").await;
            let seen = match exit {
                TurnExit::Parked => Asks,
                _ if world.outcome("a").is_error() => Refused,
                _ => Runs,
            };
            assert_eq!(seen, expected, "{mode:?} {statement}");
            assert_eq!(ran(&world).len(), usize::from(seen == Runs), "{mode:?} {statement}");
        }
    }
    // Without a review the annotations decide; the default is the careful one.
    for (mode, asks) in modes.into_iter().zip([false, true, true, false]) {
        let script = vec![calls(vec![tool_use("a", "mcp__databricks__unmarked", json!({}))])];
        let tools = TableTools::new(vec![spec("unmarked", ToolAnnotations::default())], |_| ToolOutcome::text(""));
        let mut world = World::new(ScriptedModel::new(script), tools);
        world.mode = mode;
        assert_eq!(matches!(world.ask("go").await, TurnExit::Parked), asks, "{mode:?}");
    }
}

#[tokio::test]
async fn a_question_tells_what_its_call_would_meet() {
    let world = world(&["DROP TABLE t", "SELECT 1", "GRANT SELECT t ann", "DROP TABLE u"]);
    assert!(matches!(world.ask("go").await, TurnExit::Parked));
    let previews = || {
        let of = |event: &Event| match event {
            Event::ApprovalRequested { review, .. } => Some(review.preview.clone()),
            _ => None,
        };
        world.log.events().iter().filter_map(of).collect::<Vec<_>>()
    };
    let found = |what: &str| Some(CallPreview::Found(format!("3 rows of TABLE {what}")));
    assert_eq!(previews(), [found("t"), None, found("u")]);
    // Each once, and only what is asked about; not again when the turn is taken up.
    assert!(matches!(world.run().await, TurnExit::Parked));
    let mut looked = world.tools.looked.lock().unwrap().clone();
    looked.sort();
    assert_eq!(looked, ["DROP TABLE t", "DROP TABLE u", "GRANT SELECT t ann"]);
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_look() {
    let mut world = world(&["DROP TABLE t"]);
    Arc::get_mut(&mut world.tools).unwrap().never_found = true;
    world.log.begin("go");
    let stop = CancellationToken::new();
    let stopper = async {
        while world.tools.looked.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    let (exit, ()) = tokio::join!(world.run_with(stop.clone()), stopper);
    assert!(matches!(exit, TurnExit::Parked), "{exit:?}");
    assert!(matches!(world.run_with(stop).await, TurnExit::Finished(TurnEnd::Cancelled)));
    assert_eq!(ran(&world), [""; 0]);
}

#[tokio::test]
async fn what_the_user_says_with_an_answer_reaches_the_model() {
    let mut world = world(&["DROP TABLE t", "DROP TABLE u"]);
    world.mode = PermissionMode::Ask;
    assert!(matches!(world.ask("go").await, TurnExit::Parked));
    answer_in_words(&world, "a", ApprovalDecision::Once, "then count");
    answer_in_words(&world, "b", ApprovalDecision::No, "keep u");
    world.run().await;
    assert_eq!(ran(&world), ["DROP TABLE t"]);
    assert_eq!(world.outcome("a").content, "done\n[The user allowed this call, and says: then count]");
    let (kind, message) = failure(&world, "b");
    assert_eq!(kind, ToolErrorKind::Denied);
    assert!(message.ends_with("They say what they want instead:\nkeep u"), "{message}");
}

#[tokio::test]
async fn files_of_the_project_are_asked_about_only_before_changes() {
    let write = || calls(vec![tool_use("a", "Write", json!({"file_path": "a.md", "content": "x"}))]);
    for (mode, asks, written) in [
        (PermissionMode::Ask, false, true),
        (PermissionMode::RunAll, false, true),
        (PermissionMode::AskChanges, true, false),
        (PermissionMode::ReadOnly, false, false),
    ] {
        let mut world = World::new(ScriptedModel::new(vec![write()]), TableTools::none());
        world.mode = mode;
        assert_eq!(matches!(world.ask("go").await, TurnExit::Parked), asks, "{mode:?}");
        assert_eq!(world.dir.path().join("a.md").exists(), written, "{mode:?}");
    }
    let mut world = World::new(ScriptedModel::new(vec![write()]), TableTools::none());
    world.mode = PermissionMode::AskChanges;
    world.ask("go").await;
    let Some(Event::ApprovalRequested { standing, .. }) = world.log.events().pop() else { panic!("asked last") };
    assert_eq!(standing, Some(StandingScope { verb: "WRITE FILE".into(), objects: vec!["a.md".into()] }));
}

#[tokio::test]
async fn a_standing_permission_covers_the_same_verb_on_the_same_objects_and_nothing_else() {
    let given = [permission(SQL, "DROP TABLE", &["main.a"])];
    for (statement, asks) in [
        ("DROP TABLE main.a", false),
        ("DROP TABLE main.a; SELECT 1", false),
        ("DROP TABLE main.b", true),
        ("DROP TABLE main.a, main.b", true),
        ("DROP SCHEMA main.a", true),
        ("GRANT TABLE main.a", true),
        ("DROP TABLE main.a; DROP TABLE main.b", true),
        ("DROP TABLE", true),
    ] {
        let world = world(&[statement]);
        *world.log.standing.lock().unwrap() = given.to_vec();
        assert_eq!(matches!(world.ask("go").await, TurnExit::Parked), asks, "{statement}");
    }
    for wrong in [permission("mcp__other__execute_sql", "DROP TABLE", &["main.a"]), {
        let lighter = permission(SQL, "DROP TABLE", &["main.a"]);
        StandingPermission { effect: CallEffect::Writes, ..lighter }
    }] {
        let world = world(&["DROP TABLE main.a"]);
        *world.log.standing.lock().unwrap() = vec![wrong.clone()];
        assert!(matches!(world.ask("go").await, TurnExit::Parked), "{wrong:?}");
    }
    // It opens nothing in a conversation that only reads.
    let mut world = world(&["DROP TABLE main.a"]);
    world.mode = PermissionMode::ReadOnly;
    *world.log.standing.lock().unwrap() = given.to_vec();
    world.ask("go").await;
    assert_eq!(failure(&world, "a").0, ToolErrorKind::Denied);
}

#[tokio::test]
async fn what_is_taken_back_opens_nothing_in_the_same_turn() {
    // Of one message, and of the next.
    for replies in [
        vec![calls(vec![sql("a", "DROP TABLE a"), sql("b", "DROP TABLE a")])],
        vec![calls(vec![sql("a", "DROP TABLE a")]), calls(vec![sql("b", "DROP TABLE a")])],
    ] {
        let log = MemoryLog::new();
        log.standing.lock().unwrap().push(permission(SQL, "DROP TABLE", &["a"]));
        let taken_back = log.clone();
        let tools = TableTools::new(vec![spec("execute_sql", ToolAnnotations::default())], move |_| {
            taken_back.standing.lock().unwrap().clear();
            ToolOutcome::text("done")
        });
        let world = World { log, ..World::new(ScriptedModel::new(replies), tools) };
        assert!(matches!(world.ask("go").await, TurnExit::Parked));
        assert_eq!((ran(&world).len(), questions(&world)), (1, vec!["b".to_owned()]));
    }
}

#[tokio::test]
async fn an_old_answer_for_the_conversation_opens_nothing() {
    let world = script(&[&["DROP TABLE a"], &["DROP TABLE a"]]);
    world.ask("go").await;
    // As hosts before standing permissions stored it: the answer is in the log and nowhere else.
    answer(&world, "a", ApprovalDecision::Conversation);
    assert!(matches!(world.run().await, TurnExit::Parked));
    assert_eq!((ran(&world).len(), questions(&world)), (1, vec!["a".to_owned(), "b".to_owned()]));
}

#[tokio::test]
async fn a_question_says_what_runs_what_an_answer_covers_and_what_depends_on_it() {
    let world = world(&[
        "INSERT INTO x",
        "SELECT 1",
        "DROP TABLE t",
        "SELECT 2",
        "INSERT INTO t",
        "DROP TABLE u; DROP TABLE v",
    ]);
    assert!(matches!(world.ask("go").await, TurnExit::Parked));
    let asked: Vec<_> = world
        .log
        .events()
        .into_iter()
        .filter(|event| matches!(event, Event::ApprovalRequested { .. }))
        .map(|event| serde_json::to_value(event).unwrap())
        .collect();
    insta::assert_json_snapshot!(asked);
}

#[tokio::test]
async fn after_a_refusal_what_the_message_wanted_to_change_does_not_run() {
    let world = world(&["DROP TABLE t", "INSERT INTO t", "SELECT 1", "DROP TABLE u"]);
    assert!(matches!(world.ask("go").await, TurnExit::Parked));
    assert_eq!(questions(&world), ["a", "d"]);
    // The yes to a later call came first; it does not run either, as its question's predecessor said.
    answer(&world, "d", ApprovalDecision::Once);
    answer(&world, "a", ApprovalDecision::No);
    assert!(matches!(world.run().await, TurnExit::Finished(TurnEnd::Completed)));
    assert_eq!(ran(&world), ["SELECT 1"]);
    assert!(failure(&world, "a").1.contains("declined this call"));
    for call in ["b", "d"] {
        let (kind, message) = failure(&world, call);
        assert_eq!(kind, ToolErrorKind::Denied);
        assert!(message.contains("declined an earlier call of this message"), "{message}");
    }
}

#[tokio::test]
async fn a_refusal_holds_back_nothing_before_it_and_nothing_of_the_next_message() {
    let world = script(&[&["DROP TABLE a", "DROP TABLE b"], &["INSERT INTO c"]]);
    world.ask("go").await;
    answer(&world, "b", ApprovalDecision::No);
    answer(&world, "a", ApprovalDecision::Once);
    assert!(matches!(world.run().await, TurnExit::Finished(TurnEnd::Completed)));
    assert_eq!(ran(&world), ["DROP TABLE a", "INSERT INTO c"]);
}

#[tokio::test]
async fn stop_declines_and_ends_the_turn_with_an_outcome_for_every_call() {
    let world = world(&["DROP TABLE t", "INSERT INTO t", "SELECT 1", "DROP TABLE u"]);
    world.ask("go").await;
    answer(&world, "a", ApprovalDecision::Stop);
    assert!(matches!(world.run().await, TurnExit::Finished(TurnEnd::Cancelled)));
    assert_eq!(ran(&world), Vec::<String>::new());
    assert_eq!(failure(&world, "a").0, ToolErrorKind::Denied);
    for call in ["b", "c", "d"] {
        assert_eq!(failure(&world, call).0, ToolErrorKind::Cancelled);
    }
    // The conversation goes on.
    assert!(matches!(world.ask("next").await, TurnExit::Finished(TurnEnd::Completed)));
}

/// Rules of the project, `kind rule`.
fn ruled(world: &mut World, rules: &[&str]) {
    let mut set = PermissionRules::default();
    for rule in rules {
        let (kind, text) = rule.split_once(' ').unwrap();
        let kind = RuleKind::parse(kind).unwrap();
        set.project.of_mut(kind).push(PermissionRule::parse(kind, text).unwrap());
    }
    world.rules = Arc::new(set);
}

fn why(world: &World, call: &str) -> Option<CallGrounds> {
    let started = |event: &Event| match event {
        Event::ToolStarted { call: started, why, .. } if started.0 == call => why.clone(),
        _ => None,
    };
    world.log.events().iter().find_map(started)
}

#[tokio::test]
async fn rules_come_before_the_mode_and_what_was_allowed() {
    use PermissionMode::{Ask, ReadOnly, RunAll};
    use Seen::{Asks, Refused, Runs};
    let modes = [ReadOnly, Ask, RunAll];
    let standing = [permission(SQL, "DROP TABLE", &["main.hr.people"])];
    let (deny, ask) = ("deny execute_sql(drop table main.hr.*)", "ask execute_sql(drop table main.hr.*)");
    let allow = "allow execute_sql(drop table main.hr.*)";
    let drop = "DROP TABLE main.hr.people";
    let cases: [(&str, &[&str], [Seen; 3]); 9] = [
        (drop, &[deny], [Refused, Refused, Refused]),
        (drop, &[deny, allow, ask], [Refused, Refused, Refused]),
        ("SELECT 1; DROP TABLE main.hr.people", &[deny], [Refused, Refused, Refused]),
        (drop, &[ask], [Refused, Asks, Asks]),
        (drop, &[ask, allow], [Refused, Asks, Asks]),
        (drop, &[allow], [Refused, Runs, Runs]),
        (drop, &[], [Refused, Runs, Runs]),
        ("DROP TABLE main.hr.people; DROP TABLE main.b.c", &[allow], [Refused, Asks, Runs]),
        ("SELECT 1", &["ask execute_sql"], [Asks, Asks, Asks]),
    ];
    for (statement, rules, expected) in cases {
        for (mode, expected) in modes.into_iter().zip(expected) {
            let mut world = world(&[statement]);
            world.mode = mode;
            ruled(&mut world, rules);
            *world.log.standing.lock().unwrap() = standing.to_vec();
            let seen = match world.ask("go").await {
                TurnExit::Parked => Asks,
                _ if world.outcome("a").is_error() => Refused,
                _ => Runs,
            };
            assert_eq!(seen, expected, "{mode:?} {statement} {rules:?}");
            assert_eq!(ran(&world).len(), usize::from(seen == Runs), "{mode:?} {statement}");
            if seen == Asks && rules.contains(&ask) {
                let Some(Event::ApprovalRequested { standing, .. }) = world.log.events().pop() else { panic!("asks") };
                assert_eq!(standing, None, "a rule that asks each time offers nothing for later");
            }
        }
    }
}

#[tokio::test]
async fn a_rule_that_came_while_the_user_was_asked_still_forbids() {
    let mut world = world(&["DROP TABLE main.hr.people"]);
    assert!(matches!(world.ask("go").await, TurnExit::Parked));
    ruled(&mut world, &["deny execute_sql(drop)"]);
    answer(&world, "a", ApprovalDecision::Once);
    world.run().await;
    let (kind, message) = failure(&world, "a");
    assert!(kind == ToolErrorKind::Denied && message.contains("rule `execute_sql(drop)` forbids"), "{message}");
    assert!(ran(&world).is_empty());
}

#[tokio::test]
async fn a_tool_that_a_rule_forbids_whole_is_not_there() {
    let mut world = world(&[]);
    ruled(&mut world, &["deny mcp__databricks__execute_*"]);
    let model = ScriptedModel::new(vec![calls(vec![sql("a", "SELECT 1")])]);
    world.model = model.clone();
    world.ask("go").await;
    let told = format!("{:?}", model.requests.lock().unwrap()[0].tools);
    assert!(told.contains("unmarked") && !told.contains("execute_sql"), "{told}");
    let (_, message) = failure(&world, "a");
    assert!(message.contains("rule `mcp__databricks__execute_*` forbids"), "{message}");
    assert!(ran(&world).is_empty());
}

#[tokio::test]
async fn a_call_says_why_it_ran() {
    let mode = |mode, effect| Some(CallGrounds::Mode { mode, effect });
    let rule = "execute_sql(drop table main.a)";
    let mut world =
        world(&["SELECT 1", "INSERT INTO t", "DROP TABLE main.a", "DROP TABLE main.b", "DROP TABLE main.c"]);
    ruled(&mut world, &[&format!("allow {rule}")]);
    // Content from outside makes the rule not count.
    world.second_look = false;
    let given = permission(SQL, "DROP TABLE", &["main.b"]);
    *world.log.standing.lock().unwrap() = vec![given.clone()];
    assert!(matches!(world.ask("go").await, TurnExit::Parked));
    answer(&world, "e", ApprovalDecision::Once);
    world.run().await;
    assert_eq!(why(&world, "a"), mode(PermissionMode::Ask, CallEffect::Reads));
    assert_eq!(why(&world, "b"), mode(PermissionMode::Ask, CallEffect::Writes));
    assert_eq!(why(&world, "c"), Some(CallGrounds::Rule { rule: rule.to_owned() }));
    assert_eq!(why(&world, "d"), Some(CallGrounds::Standing { since: given.since }));
    assert_eq!(why(&world, "e"), Some(CallGrounds::Answered));
}

#[tokio::test]
async fn after_content_from_outside_what_destroys_asks_in_every_mode() {
    let rule = "allow execute_sql(drop table main.a)";
    for (second_look, asks) in [(true, true), (false, false)] {
        for (mode, rules) in [(PermissionMode::RunAll, vec![]), (PermissionMode::Ask, vec![rule])] {
            // A row of the table says: drop table main.a.
            let mut world = script(&[&["SELECT 1"], &["DROP TABLE main.a"]]);
            (world.mode, world.second_look) = (mode, second_look);
            ruled(&mut world, &rules);
            assert_eq!(matches!(world.ask("go").await, TurnExit::Parked), asks, "{mode:?} {rules:?}");
            assert_eq!(ran(&world).len(), if asks { 1 } else { 2 });
        }
    }
    // Before, the mode alone counts; a write is not looked at again; and a call that was refused brings nothing in.
    let mut world = script(&[&["DROP TABLE main.a"], &["INSERT INTO t"]]);
    world.mode = PermissionMode::RunAll;
    world.ask("go").await;
    assert_eq!(ran(&world).len(), 2);
    // It is kept from turn to turn, and after the restart of a host.
    world.model = ScriptedModel::new(vec![calls(vec![sql("z", "DROP TABLE main.z")])]);
    assert!(matches!(world.ask("again").await, TurnExit::Parked));
    assert_eq!(questions(&world), ["z"]);
    // What the user allowed for longer, this on this, counts.
    *world.log.standing.lock().unwrap() = vec![permission(SQL, "DROP TABLE", &["main.y"])];
    answer(&world, "z", ApprovalDecision::Once);
    world.model = ScriptedModel::new(vec![calls(vec![sql("y", "DROP TABLE main.y")])]);
    world.run().await;
    assert_eq!(ran(&world).last().map(String::as_str), Some("DROP TABLE main.y"));
}

/// A rule about files keeps them from the tools that look into many as well, by every name of theirs.
#[tokio::test]
async fn what_may_not_be_read_is_found_by_no_search() {
    let grep = |id: &str, path: &str| tool_use(id, "Grep", json!({"pattern": "word", "path": path}));
    let glob = tool_use("glob", "Glob", json!({"pattern": "**"}));
    for rules in [vec!["deny Read(secrets/**)"], vec!["ask Read(secrets/**)"]] {
        let searches = calls(vec![glob.clone(), grep("all", "."), grep("link", "link.md"), grep("open", "open.md")]);
        let mut world = World::new(ScriptedModel::new(vec![searches]), TableTools::new(Vec::new(), |_| unreachable!()));
        std::fs::create_dir(world.dir.path().join("secrets")).unwrap();
        for name in ["open.md", "Secrets.md", "secrets/a.md"] {
            std::fs::write(world.dir.path().join(name), "the word").unwrap();
        }
        std::os::unix::fs::symlink("secrets/a.md", world.dir.path().join("link.md")).unwrap();
        ruled(&mut world, &rules);
        assert!(matches!(world.ask("go").await, TurnExit::Finished(_)));
        let found = |call: &str| world.outcome(call).content;
        for call in ["glob", "all"] {
            let found = found(call);
            assert!(found.contains("open.md") && found.contains("Secrets.md"), "{found}");
            assert!(!found.contains("a.md") && !found.contains("link.md"), "{found}");
            assert!(found.contains("[2 left out: rules forbid to read them, or ask first"), "{found}");
        }
        assert!(found("link").starts_with("[No matches.]") && !found("open").contains("left out"));
    }
    // A rule about the search itself keeps its files one by one.
    let mut world = World::new(
        ScriptedModel::new(vec![calls(vec![grep("all", ".")])]),
        TableTools::new(Vec::new(), |_| unreachable!()),
    );
    std::fs::create_dir(world.dir.path().join("kept")).unwrap();
    for name in ["open.md", "kept/a.md"] {
        std::fs::write(world.dir.path().join(name), "the word").unwrap();
    }
    ruled(&mut world, &["deny Grep(kept/**)"]);
    world.ask("go").await;
    assert_eq!(world.outcome("all").content.lines().next(), Some("open.md"));
}
