//! How fast the log grows: `cargo run --release -p bricklayer-store --example append_rate [postgres://…]`.
#![allow(clippy::print_stdout, reason = "it is its purpose")]
//!
//! Prints the latency of single appends by one turn, then turns per second and their latency with 20 and 100 turns
//! side by side, each turn being one message and six appends with eight events in all.

use std::time::{Duration, Instant};

use bricklayer_domain::{
    Block, Event, ProjectId, StopReason, Title, ToolCallId, ToolName, ToolOutcome, TurnEnd, TurnSettings, Usage, UserId,
};
use bricklayer_store::{Begun, Lease, NewTurn, Store, StoreOptions, StoreUrl, TurnPlace, WorkerId};

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let url = match std::env::args().nth(1) {
        Some(address) => address.parse()?,
        None => StoreUrl::sqlite(folder.path().join("store.db")),
    };
    let store = Store::connect(&url, StoreOptions::default()).await?;
    let user = UserId::parse("bench@example.com")?;
    let project = store.create_project(&user, &Title::parse("bench")?).await?.id;
    let worker = WorkerId::new();
    println!("engine {}", store.engine_name());
    println!("single appends of one event: {}", single(&store, &user, project, worker, 5000).await?);
    for (users, turns) in [(1, 1000), (20, 4000), (100, 4000)] {
        let started = Instant::now();
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..users {
            let (store, user) = (store.clone(), user.clone());
            tasks.spawn(async move {
                let conversation = store.create_conversation(&user, project, None).await?.id;
                let mut times = Vec::new();
                for _ in 0..turns / users {
                    let began = Instant::now();
                    let new = message(project, conversation);
                    let Begun::New { lease, .. } = store.begin_turn(&user, worker, new).await? else { continue };
                    turn(&store, &lease).await?;
                    times.push(began.elapsed());
                }
                Ok::<_, Failure>(times)
            });
        }
        let mut times = Vec::new();
        for result in tasks.join_all().await {
            times.extend(result?);
        }
        let seconds = started.elapsed().as_secs_f64();
        println!(
            "{users} users: {:.0} turns/s, {:.0} appends/s, whole turn {}",
            times.len() as f64 / seconds,
            times.len() as f64 * 6.0 / seconds,
            quantiles(&mut times)
        );
    }
    store.close().await;
    Ok(())
}

fn message(project: ProjectId, conversation: bricklayer_domain::ConversationId) -> NewTurn {
    NewTurn {
        project,
        conversation: Some(conversation),
        place: TurnPlace::Next,
        message: "What are the busiest pickup hours?".into(),
        settings: TurnSettings::default(),
        client_message_id: None,
        rerun_of: None,
    }
}

async fn single(
    store: &Store,
    user: &UserId,
    project: ProjectId,
    worker: WorkerId,
    count: u32,
) -> Result<String, Failure> {
    let conversation = store.create_conversation(user, project, None).await?.id;
    let Begun::New { lease, .. } = store.begin_turn(user, worker, message(project, conversation)).await? else {
        return Err("not a new turn".into());
    };
    let mut times = Vec::new();
    for offset in 0..count {
        let began = Instant::now();
        let text = "some forty characters of streamed text. ".to_owned();
        store.append(&lease, vec![Event::TextDelta { step: 0, block: 0, offset: offset.into(), text }]).await?;
        times.push(began.elapsed());
    }
    Ok(quantiles(&mut times))
}

/// What an agent with one tool call writes.
async fn turn(store: &Store, lease: &Lease) -> Result<(), Failure> {
    let call = ToolCallId("toolu_1".into());
    let name = ToolName("mcp__databricks__execute_sql".into());
    let input = serde_json::json!({"statement": "select hour(tpep_pickup_datetime), count(*) from trips group by 1"});
    let answer = |step, blocks| Event::AssistantMessage {
        step,
        blocks,
        stop_reason: StopReason::EndTurn,
        usage: Usage::default(),
        model: String::new(),
        aborted: false,
        calls: Vec::new(),
    };
    let use_tool = Block::ToolUse { id: call.clone(), name: name.0.clone(), input: input.clone() };
    let model = || "claude".to_owned();
    for events in [
        vec![Event::StepStarted { step: 0, model: model(), context: None }],
        vec![
            answer(0, vec![use_tool]),
            Event::ToolStarted { call: call.clone(), name: name.clone(), input, why: None },
        ],
        vec![
            Event::ToolFinished { call, name, outcome: ToolOutcome::text("x".repeat(1500)), duration_ms: 5 },
            Event::StepStarted { step: 1, model: model(), context: None },
        ],
        vec![Event::TextDelta { step: 1, block: 0, offset: 0, text: "The busiest".into() }],
        vec![answer(1, vec![Block::Text { text: "The busiest hours are 18 and 19.".repeat(10) }])],
        vec![Event::TurnFinished { end: TurnEnd::Completed, usage: Usage::default(), steps: 2, duration_ms: 8 }],
    ] {
        store.append(lease, events).await?;
    }
    Ok(())
}

fn quantiles(times: &mut [Duration]) -> String {
    times.sort();
    let at = |q: f64| times.get((times.len() as f64 * q) as usize).copied().unwrap_or_default().as_secs_f64() * 1e3;
    format!("p50 {:.3} ms, p90 {:.3} ms, p99 {:.3} ms", at(0.5), at(0.9), at(0.99))
}
