//! Databases of every earlier version, with what they held, open and read as ever.
//!
//! `tests/upgrades/<migration>.sql` is what the program of that migration wrote, for both engines: `{id:1}` is an id,
//! `{bytes:x}` are bytes, `{true}` and `{false}` are what the engine takes for them.

use std::path::Path;

use bricklayer_domain::{EventSeq, PluginName, Title, UserId};
use bricklayer_store::{Detail, PageRequest, Store, StoreUrl, TurnPlace};
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

use crate::harness::{World, on_both_engines, user};

on_both_engines!(every_earlier_version_is_taken_over);

async fn every_earlier_version_is_taken_over(world: World) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let engine = if matches!(world.url, StoreUrl::Sqlite(_)) { "sqlite" } else { "postgres" };
    let migrator = Migrator::new(folder.join("../../migrations").join(engine)).await.unwrap();
    let newest = migrator.iter().map(|migration| migration.version).max().unwrap();
    // Before the fifth no program was ever given to anybody.
    for version in 5..=newest {
        let old = world.sibling().await;
        write(&old.url, &migrator, version, &folder.join("tests/upgrades"), engine).await;
        let store = Store::connect(&old.url, old.options()).await.unwrap_or_else(|e| panic!("from {version}: {e}"));
        check(&store, version).await;
        store.close().await;
    }
}

/// A database as the program of that version left it, which had lived through the earlier ones.
async fn write(url: &StoreUrl, migrator: &Migrator, version: i64, fixtures: &Path, engine: &str) {
    for step in 1..=version {
        let migrations = migrator.iter().filter(|migration| migration.version <= step).cloned().collect();
        let steps = Migrator::with_migrations(migrations);
        let rows = std::fs::read_to_string(fixtures.join(format!("{step:04}.sql"))).unwrap_or_default();
        let rows = AssertSqlSafe(in_words_of(engine, &rows));
        match url {
            StoreUrl::Sqlite(path) => {
                let address = format!("sqlite://{}?mode=rwc", path.display());
                let mut connection = SqliteConnection::connect(&address).await.unwrap();
                steps.run_direct(None, &mut connection, false).await.unwrap();
                sqlx::raw_sql(rows).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            StoreUrl::Postgres(url) => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                steps.run_direct(None, &mut connection, false).await.unwrap();
                sqlx::raw_sql(rows).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
        }
    }
}

fn in_words_of(engine: &str, rows: &str) -> String {
    let mut out = String::new();
    for part in rows.split_inclusive(['{', '}']) {
        let Some(inner) = part.strip_suffix('}') else {
            out.push_str(part);
            continue;
        };
        let word = match (inner.split_once(':'), engine) {
            (Some(("id", id)), "sqlite") => format!("x'{id:0>32}'"),
            (Some(("id", id)), _) => format!("'{id:0>32}'"),
            (Some(("bytes", text)), "sqlite") => format!("x'{}'", hex(text)),
            (Some(("bytes", text)), _) => format!("'\\x{}'", hex(text)),
            (None, "sqlite") if inner == "true" || inner == "false" => u8::from(inner == "true").to_string(),
            (None, _) if inner == "true" || inner == "false" => inner.to_owned(),
            _ => {
                out.push_str(part);
                continue;
            }
        };
        // Instead of the brace before it.
        out.pop();
        out.push_str(&word);
    }
    out
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

async fn check(store: &Store, version: i64) {
    let ann = user("ann@example.com");
    let projects = store.list_projects(&ann, PageRequest::default()).await.unwrap().items;
    assert_eq!(projects.iter().map(|project| project.name.as_str()).collect::<Vec<_>>(), ["taxi"], "from {version}");
    let project = projects[0].id;
    let conversations = store.list_conversations(&ann, project, PageRequest::default()).await.unwrap().items;
    assert_eq!((conversations.len(), conversations[0].turn_count), (1, 2), "from {version}");
    let conversation = conversations[0].id;
    let log = store.events_after(&ann, conversation, EventSeq::START, 100, Detail::Settled).await.unwrap().events;
    let kinds: Vec<_> = log.iter().map(|stored| serde_json::to_value(&stored.event).unwrap()["type"].clone()).collect();
    let settled =
        ["turn_started", "tool_finished", "assistant_message", "turn_finished", "turn_started", "turn_finished"];
    assert_eq!(kinds, settled, "from {version}");
    let call = bricklayer_domain::ToolCallId("call_1".into());
    let table = store.structured_result(&ann, log[0].turn, &call).await.unwrap();
    assert_eq!(table.as_deref(), Some(r#"{"rows":[["41"]]}"#), "from {version}");
    if version >= 6 {
        let weather = PluginName::parse("weather").unwrap();
        let kept = store.get_plugin_state(&ann, project, &weather, "last").await.unwrap();
        assert_eq!(kept.as_deref(), Some("sunny"), "from {version}");
    }
    if version >= 15 {
        let standing = store.standing_permissions(&ann, conversation).await.unwrap();
        assert_eq!(standing.len(), 1, "from {version}");
    }
    if version >= 20 {
        let made = store.list_resources(&ann, project, PageRequest::default()).await.unwrap().items;
        assert_eq!(made.iter().map(|one| one.made.id.as_str()).collect::<Vec<_>>(), ["12"], "from {version}");
    }
    if version >= 21 {
        let running = store.list_operations(&ann, project, 10).await.unwrap();
        assert_eq!(running.len(), 1, "from {version}");
        assert!(running[0].state.is_running() && running[0].continued_by.clean_up.is_empty(), "from {version}");
    }
    if version >= 22 {
        let choice = store.tool_choice(&ann, project).await.unwrap();
        assert!(choice.hidden.contains("databricks-jobs") && choice.pinned.is_empty(), "from {version}");
    }
    if version >= 23 {
        let skills = store.project_skills(&ann, project).await.unwrap();
        assert!(skills.enabled.unwrap().contains("databricks-sql") && skills.copies.len() == 1, "from {version}");
    }
    if version >= 26 {
        let permissions = store.project_permissions(&ann, project).await.unwrap();
        assert!(permissions.rules.deny.len() == 1 && !permissions.second_look, "from {version}");
    }
    if version >= 30 {
        let name = Title::parse("work").unwrap();
        assert_eq!(store.mcp_project(&ann, "/work", &name).await.unwrap(), (project, false), "from {version}");
    }
    // It goes on: another turn, and a stranger sees nothing.
    let eve = UserId::parse("eve@example.com").unwrap();
    assert!(store.list_projects(&eve, PageRequest::default()).await.unwrap().items.is_empty());
    go_on(store, &ann, project, conversation).await;
}

async fn go_on(
    store: &Store,
    user: &UserId,
    project: bricklayer_domain::ProjectId,
    conversation: bricklayer_domain::ConversationId,
) {
    use bricklayer_store::{Begun, NewTurn, WorkerId};
    let new = NewTurn {
        project,
        conversation: Some(conversation),
        place: TurnPlace::Next,
        message: "and now".into(),
        settings: Default::default(),
        client_message_id: None,
        rerun_of: None,
    };
    let Begun::New { lease, event, .. } = store.begin_turn(user, WorkerId::new(), new).await.unwrap() else {
        panic!("a new message made no new turn")
    };
    assert_eq!(event.seq, EventSeq(8));
    store.append(&lease, vec![crate::harness::completed()]).await.unwrap();
}
