//! Opening databases: new, old, newer, damaged, read-only, full.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

use bricklayer_store::{Detail, PageRequest, Store, StoreError, StoreOptions, StoreUrl};
use sqlx::{Connection as _, PgConnection, SqliteConnection};

use crate::crash::child;
use crate::harness::{World, assert_refused, on_both_engines, text_delta, title, user};

on_both_engines!(
    four_hosts_start_together,
    data_survives_a_restart,
    a_newer_schema_is_refused,
    a_changed_migration_is_refused,
    a_closed_store_says_so,
    a_store_answers_pings,
);

async fn execute(world: &World, sql: &'static str) {
    match &world.url {
        StoreUrl::Sqlite(path) => {
            let mut connection = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
        StoreUrl::Postgres(url) => {
            let mut connection = PgConnection::connect(url).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
    }
}

async fn four_hosts_start_together(world: World) {
    let mut tasks = tokio::task::JoinSet::new();
    for index in 0..4 {
        let (url, options) = (world.url.clone(), world.options());
        tasks.spawn(async move {
            let store = Store::connect(&url, options).await.unwrap();
            let user = user("ann@example.com");
            store.create_project(&user, &title(&format!("{index}"))).await.unwrap();
            store
        });
    }
    let stores = tasks.join_all().await;
    for store in &stores {
        let page = store.list_projects(&user("ann@example.com"), PageRequest::default()).await.unwrap();
        assert_eq!(page.items.len(), 4);
    }
}

async fn data_survives_a_restart(world: World) {
    let scene = world.scene().await;
    scene.begin().await;
    let before = scene.events(Detail::All).await;
    scene.store.close().await;
    let store = world.store().await;
    assert_eq!(store.get_project(&scene.user, scene.project.id).await.unwrap().conversation_count, 1);
    let scene = crate::harness::Scene { store, ..scene };
    assert_eq!(scene.events(Detail::All).await, before);
}

async fn a_newer_schema_is_refused(world: World) {
    world.store().await.close().await;
    let copy = "insert into _sqlx_migrations (version, description, installed_on, success, checksum, execution_time)
        select 9001, 'from the future', installed_on, success, checksum, execution_time
        from _sqlx_migrations where version = 1";
    execute(&world, copy).await;
    let refused = Store::connect(&world.url, world.options()).await;
    assert_refused!(refused, StoreError::NewerSchema { found: 9001 });
}

async fn a_changed_migration_is_refused(world: World) {
    world.store().await.close().await;
    let change = "update _sqlx_migrations
        set checksum = (select checksum from _sqlx_migrations where version = 2)
        where version = 1";
    execute(&world, change).await;
    let refused = Store::connect(&world.url, world.options()).await;
    assert_refused!(refused, StoreError::SchemaMismatch { version: 1 });
}

async fn a_closed_store_says_so(world: World) {
    let scene = world.scene().await;
    let (_, lease) = scene.begin().await;
    let copy = scene.store.clone();
    scene.store.close().await;
    scene.store.close().await;
    assert_refused!(copy.ping().await, StoreError::Closed);
    assert_refused!(copy.append(&lease, vec![text_delta(0, 0, "x")]).await, StoreError::Closed);
    assert_refused!(copy.create_project(&scene.user, &title("x")).await, StoreError::Closed);
}

async fn a_store_answers_pings(world: World) {
    world.store().await.ping().await.unwrap();
}

fn sqlite_path(world: &World) -> &Path {
    match &world.url {
        StoreUrl::Sqlite(path) => path,
        StoreUrl::Postgres(_) => panic!("not SQLite"),
    }
}

#[tokio::test]
async fn the_file_is_its_owners_only() {
    let world = World::sqlite();
    let scene = world.scene().await;
    scene.begin().await;
    for entry in std::fs::read_dir(sqlite_path(&world).parent().unwrap()).unwrap() {
        let metadata = entry.unwrap().metadata().unwrap();
        assert_eq!(metadata.mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn what_is_no_database_is_refused_and_left_alone() {
    for garbage in
        [b"not a database, just some text that is longer than a header would be".repeat(100), vec![0xff; 8192]]
    {
        let world = World::sqlite();
        std::fs::write(sqlite_path(&world), &garbage).unwrap();
        assert_refused!(Store::connect(&world.url, world.options()).await, StoreError::Corrupt(_));
        assert_eq!(std::fs::read(sqlite_path(&world)).unwrap(), garbage);
    }
}

#[tokio::test]
async fn a_damaged_database_is_refused() {
    let world = World::sqlite();
    world.store().await.close().await;
    let mut bytes = std::fs::read(sqlite_path(&world)).unwrap();
    let half = bytes.len() / 2;
    // The header stays; the pages of the schema and the tables do not.
    bytes[100..half].fill(0x5a);
    std::fs::write(sqlite_path(&world), bytes).unwrap();
    assert_refused!(Store::connect(&world.url, world.options()).await, StoreError::Corrupt(_));
}

#[tokio::test]
async fn a_missing_folder_is_named() {
    let world = World::sqlite();
    let url = StoreUrl::sqlite(sqlite_path(&world).join("nowhere/store.db"));
    let error = Store::connect(&url, world.options()).await.unwrap_err();
    assert!(matches!(error, StoreError::CannotOpen(_)), "{error:?}");
    assert!(error.to_string().contains("folder"), "{error}");
}

/// Root may write everything, so an unprivileged child tries.
#[tokio::test]
async fn a_read_only_database_is_refused() {
    let world = World::sqlite();
    world.store().await.close().await;
    let path = sqlite_path(&world);
    let folder = path.parent().unwrap();
    let programs = tempfile::tempdir().unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o444)).unwrap();
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o555)).unwrap();
    let output = child("open", &world.url, Some(programs.path())).output().unwrap();
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("opened: Err(ReadOnly("), "{said} {}", String::from_utf8_lossy(&output.stderr));
}

/// A full disk refuses what does not fit, keeps what did, and works again once there is room.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_database_refuses_and_recovers() {
    let world = World::sqlite();
    let options = StoreOptions { sqlite_max_pages: Some(200), ..world.options() };
    let store = Store::connect(&world.url, options).await.unwrap();
    let scene = crate::harness::Scene { store: store.clone(), ..world.scene().await };
    let (_, lease) = scene.begin().await;
    let small = scene.store.create_conversation(&scene.user, scene.project.id, None).await.unwrap();
    let (_, small_lease) = scene.begin_in(small.id).await;
    let mut stored = 1;
    let error = loop {
        match scene.store.append(&lease, vec![text_delta(0, 0, &"x".repeat(50_000))]).await {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 100, "it never filled");
    };
    assert!(matches!(error, StoreError::Full(_)), "{error:?}");
    assert_eq!(scene.events(Detail::All).await.len(), stored);
    // Side by side with a giant, a small append is not dragged down for good.
    let (giant, little) = tokio::join!(
        scene.store.append(&lease, vec![text_delta(0, 0, &"x".repeat(500_000))]),
        scene.store.append(&small_lease, vec![text_delta(0, 0, "y")]),
    );
    assert_refused!(giant, StoreError::Full(_));
    little.unwrap();
    scene.store.delete_conversation(&scene.user, scene.conversation.id).await.unwrap();
    scene.store.append(&small_lease, vec![text_delta(0, 1, &"x".repeat(50_000))]).await.unwrap();
}

#[tokio::test]
async fn an_unreachable_server_is_unavailable() {
    let url: StoreUrl = "postgres://nobody:secret@127.0.0.1:1/none".parse().unwrap();
    let options = StoreOptions { acquire_timeout: Duration::from_millis(200), ..StoreOptions::default() };
    let error = Store::connect(&url, options).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(!format!("{error:?} {error}").contains("secret"));
}

#[test]
fn addresses_are_parsed_and_printed_without_passwords() {
    for (text, printed) in [
        ("sqlite:/a/b.db", "sqlite:/a/b.db"),
        ("sqlite:///a/b.db", "sqlite:/a/b.db"),
        ("sqlite:b.db", "sqlite:b.db"),
        ("postgres://u:secret@h:5/d?sslmode=disable", "postgres://u@h:5/d"),
        ("postgresql://u:secret@h/d", "postgres://u@h:5432/d"),
    ] {
        let url: StoreUrl = text.parse().unwrap();
        assert_eq!(url.to_string(), printed);
        assert_eq!(format!("{url:?}"), printed);
    }
    for bad in ["", "sqlite:", "sqlite://", "mysql://x", "/a/b.db", "postgres:"] {
        assert!(bad.parse::<StoreUrl>().is_err(), "{bad}");
    }
}
