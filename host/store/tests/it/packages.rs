//! The bytes of packages: staged, read, swept, bounded, and who looked at them.

use std::time::Duration;

use bricklayer_domain::PluginOwner;
use bricklayer_store::{
    InstallationError, MAX_PACKAGE_BYTES, MAX_STAGED_PACKAGES, NewInstallation, Store, StoreError, StoreOptions,
    StoreUrl,
};
use chrono::DateTime;

use crate::harness::{World, assert_refused, on_both_engines, user};
use crate::installations::{anns, digest, install, name, noted, stage, version};

on_both_engines!(
    packages_are_staged_read_and_swept,
    what_one_looked_at_is_ones_own,
    packages_are_checked,
    a_changed_package_is_not_read,
    half_a_package_is_not_seen,
    packages_that_people_look_at_are_so_many,
    staged_bytes_are_bounded_over_all,
    one_who_brings_many_keeps_nobody_out,
);

async fn packages_are_staged_read_and_swept(world: World) {
    let store = world.store().await;
    let now = || bricklayer_store::Clock::now(world.clock.as_ref());
    let large: Vec<u8> = (0..3_000_000_u32).map(|i| (i % 251) as u8).collect();
    for bytes in [b"".as_slice(), b"small", &large] {
        assert_eq!(store.get_package(&digest(bytes)).await.unwrap(), None);
        store.put_package(&digest(bytes), bytes).await.unwrap();
        store.put_package(&digest(bytes), bytes).await.unwrap();
        assert_eq!(store.get_package(&digest(bytes)).await.unwrap().as_deref(), Some(bytes));
    }
    let kept = install(&store, PluginOwner::Everyone, "weather", &large).await;
    world.clock.advance(Duration::from_secs(3600));
    // Looked at again: stays.
    stage(&store, b"small").await;
    assert_eq!(store.sweep_packages(now() - Duration::from_secs(60)).await.unwrap(), 1);
    assert_eq!(store.get_package(&digest(b"")).await.unwrap(), None);
    assert!(store.get_package(&digest(b"small")).await.unwrap().is_some());
    world.clock.advance(Duration::from_secs(3600));
    assert_eq!(store.sweep_packages(now()).await.unwrap(), 1);
    assert_eq!(store.get_package(&kept.active.digest).await.unwrap(), Some(large));
}

async fn what_one_looked_at_is_ones_own(world: World) {
    let store = world.store().await;
    let now = || bricklayer_store::Clock::now(world.clock.as_ref());
    let (ann, bob) = (user("ann@example.com"), user("bob@example.com"));
    let package = digest(b"one");
    let since = now() - Duration::from_secs(3600);
    // Only what is in the store can be noted.
    let refused = store.put_staging(&ann, &package, "{}").await;
    assert!(matches!(refused, Err(InstallationError::UnknownPackage)), "{refused:?}");
    stage(&store, b"one").await;
    store.put_staging(&ann, &package, "from here").await.unwrap();
    store.put_staging(&ann, &package, "from there\0").await.unwrap();
    assert_eq!(store.get_staging(&ann, &package, since).await.unwrap().as_deref(), Some("from there\u{fffd}"));
    assert_eq!(store.get_staging(&bob, &package, since).await.unwrap(), None);
    // It grows old, goes with its package, and the oldest of many goes first.
    world.clock.advance(Duration::from_secs(7200));
    assert_eq!(store.get_staging(&ann, &package, now() - Duration::from_secs(3600)).await.unwrap(), None);
    for number in 0..16_u8 {
        world.clock.advance(Duration::from_secs(1));
        stage(&store, &[number]).await;
        store.put_staging(&ann, &digest(&[number]), "x").await.unwrap();
    }
    assert_eq!(store.get_staging(&ann, &package, since).await.unwrap(), None);
    assert!(store.get_staging(&ann, &digest(&[0]), since).await.unwrap().is_some());
    store.sweep_packages(now() + Duration::from_secs(1)).await.unwrap();
    assert_eq!(store.get_staging(&ann, &digest(&[0]), since).await.unwrap(), None);
    let long = "x".repeat(17 * 1024);
    let refused = store.put_staging(&ann, &package, &long).await;
    assert!(matches!(refused, Err(InstallationError::Store(StoreError::TooLarge { .. }))), "{refused:?}");
}

async fn packages_are_checked(world: World) {
    let store = world.store().await;
    assert_refused!(store.put_package(&digest(b"one"), b"two").await, InstallationError::WrongDigest);
    assert_eq!(store.get_package(&digest(b"one")).await.unwrap(), None);
    let giant = vec![0; MAX_PACKAGE_BYTES + 1];
    assert_refused!(
        store.put_package(&digest(b"one"), &giant).await,
        InstallationError::Store(StoreError::TooLarge { .. })
    );
}

async fn a_changed_package_is_not_read(world: World) {
    let store = world.store().await;
    stage(&store, b"code").await;
    let longer = match world.url {
        StoreUrl::Sqlite(_) => "x'636f6465ff'",
        StoreUrl::Postgres(_) => "'\\x636f6465ff'",
    };
    assert_eq!(world.raw(&format!("update plugin_package_pieces set bytes = {longer}")).await, 1);
    assert_refused!(store.get_package(&digest(b"code")).await, StoreError::Inconsistent { .. });
}

async fn half_a_package_is_not_seen(world: World) {
    let store = world.store().await;
    let bytes = vec![7; 2_500_000];
    stage(&store, &bytes).await;
    // What a process leaves that dies after the first piece.
    assert_eq!(world.raw("delete from plugin_package_pieces where number > 0").await, 2);
    world.raw("update plugin_packages set complete = not complete").await;
    assert_eq!(store.get_package(&digest(&bytes)).await.unwrap(), None);
    let new =
        NewInstallation { owner: anns(), name: name("weather"), version: version(&bytes, &[]), grants: Vec::new() };
    assert_refused!(store.install_plugin(new, &noted()).await, InstallationError::UnknownPackage);
    // Storing it again makes it whole.
    stage(&store, &bytes).await;
    assert_eq!(store.get_package(&digest(&bytes)).await.unwrap(), Some(bytes));
}

async fn packages_that_people_look_at_are_so_many(world: World) {
    let store = world.store().await;
    for index in 0..MAX_STAGED_PACKAGES {
        stage(&store, &index.to_be_bytes()).await;
        world.clock.advance(Duration::from_millis(1));
    }
    assert_refused!(store.put_package(&digest(b"more"), b"more").await, InstallationError::TooManyStaged);
    stage(&store, &0_usize.to_be_bytes()).await;
    // Installed ones do not count.
    install(&store, anns(), "weather", &0_usize.to_be_bytes()).await;
    stage(&store, b"more").await;
    assert_refused!(store.put_package(&digest(b"again"), b"again").await, InstallationError::TooManyStaged);
    // Nobody noted that they look at these, so that after a moment the oldest makes room, and only it.
    world.clock.advance(Duration::from_secs(180));
    stage(&store, b"again").await;
    assert_eq!(store.get_package(&digest(&1_usize.to_be_bytes())).await.unwrap(), None);
    for bytes in [&2_usize.to_be_bytes()[..], b"more", b"again", &0_usize.to_be_bytes()] {
        assert!(store.get_package(&digest(bytes)).await.unwrap().is_some());
    }
}

async fn one_who_brings_many_keeps_nobody_out(world: World) {
    let store = world.store().await;
    let (ann, bob) = (user("ann@example.com"), user("bob@example.com"));
    let look = async |who, bytes: &[u8]| {
        stage(&store, bytes).await;
        store.put_staging(who, &digest(bytes), "{}").await.unwrap();
    };
    // More than there is room for, one after the other, in no time.
    for index in 0..2 * MAX_STAGED_PACKAGES {
        look(&ann, &index.to_be_bytes()).await;
        world.clock.advance(Duration::from_millis(1));
    }
    look(&bob, b"one").await;
    for index in 0..2 * MAX_STAGED_PACKAGES {
        look(&ann, &(1000 + index).to_be_bytes()).await;
        world.clock.advance(Duration::from_millis(1));
    }
    // What one looks at stays, what was pushed out makes room.
    let there = async |bytes: &[u8]| store.get_package(&digest(bytes)).await.unwrap().is_some();
    let last = 1000 + 2 * MAX_STAGED_PACKAGES;
    assert!(there(b"one").await);
    for index in last - 16..last {
        assert!(there(&index.to_be_bytes()).await, "{index}");
    }
}

async fn staged_bytes_are_bounded_over_all(world: World) {
    let options = StoreOptions { staged_bytes: 1000, ..world.options() };
    let store = Store::connect(&world.url, options).await.unwrap();
    let ann = user("ann@example.com");
    let package = |byte: u8| vec![byte; 300];
    let there = async |byte: u8| store.get_package(&digest(&package(byte))).await.unwrap().is_some();
    let look = async |byte: u8| {
        stage(&store, &package(byte)).await;
        store.put_staging(&ann, &digest(&package(byte)), "{}").await.unwrap();
        world.clock.advance(Duration::from_secs(180));
    };
    // What is installed is no part of it.
    install(&store, anns(), "weather", &[9; 900]).await;
    for byte in [1, 2, 3] {
        look(byte).await;
    }
    // All are looked at: refused, and nothing is gone.
    let four = package(4);
    assert_refused!(store.put_package(&digest(&four), &four).await, InstallationError::TooManyStaged);
    assert!(there(1).await && there(2).await && there(3).await);
    // One that is larger than all room is refused however old the others are.
    world.clock.advance(Duration::from_secs(3600));
    assert_refused!(store.put_package(&digest(&[5; 1001]), &[5; 1001]).await, InstallationError::TooManyStaged);
    assert!(there(1).await && there(2).await && there(3).await);
    // Looked at again is looked at now; of the others the oldest goes first.
    look(1).await;
    look(4).await;
    assert!(there(1).await && !there(2).await && there(3).await && there(4).await);
    assert_eq!(store.get_staging(&ann, &digest(&package(2)), DateTime::UNIX_EPOCH).await.unwrap(), None);
    // Two go for one that is large, and the plugin keeps its package.
    world.clock.advance(Duration::from_secs(3600));
    let large = vec![6; 700];
    store.put_package(&digest(&large), &large).await.unwrap();
    assert!(!there(1).await && !there(3).await && there(4).await);
    assert!(store.get_package(&digest(&[9; 900])).await.unwrap().is_some());
}
