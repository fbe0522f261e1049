//! Files of a host that were changed while it was away: nothing of them runs.

use std::path::Path;

use serde_json::json;

use super::{call, id, open, version_said};
use crate::support::{Guest, World, eventually};

/// The files of compiled code, but the largest, which is a shipped plugin's and would take long to make anew.
fn compiled(world: &World) -> Vec<std::path::PathBuf> {
    let folder = world.data_dir().join("cache/code");
    let mut files = Vec::new();
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else if entry.metadata().unwrap().len() > 1024 {
                // Smaller ones hold no code.
                files.push(entry.path());
            }
        }
    }
    files.sort_by_key(|file| std::fs::metadata(file).unwrap().len());
    files.pop();
    files
}

fn flip(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn compiled_code_that_was_changed_or_exchanged_is_made_anew() {
    let mut world = World::without_compiled_code().await;
    open(&mut world);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    ann.install(&Guest::new("greeter", "1.0.0").package(), &[]).await;
    ann.install(&Guest::new("stranger", "6.6.6").package(), &[]).await;
    let plugins = ann.get("/api/plugins").await.ok();
    let shipped = plugins["plugins"].as_array().unwrap().iter().filter(|plugin| plugin["scope"] == "shipped").count();
    server.stop().await;
    let files = compiled(&world);
    // The two are one code.
    assert_eq!(files.len(), shipped + 1, "{files:?}");
    let changes: [&dyn Fn(); 2] = [&|| files.iter().for_each(|file| flip(file)), &|| {
        // Each gets another's.
        let contents: Vec<_> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
        for (file, content) in files.iter().zip(contents.iter().cycle().skip(1)) {
            std::fs::write(file, content).unwrap();
        }
    }];
    for change in changes {
        change();
        let server = world.serve().await;
        let ann = server.as_user("ann");
        assert_eq!(version_said(&world, &ann, &project, "greeter").await, "1.0.0");
        assert_eq!(version_said(&world, &ann, &project, "stranger").await, "6.6.6");
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_that_was_changed_in_the_database_is_not_served() {
    let mut world = World::sqlite().await;
    open(&mut world);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let plugin = id(&ann.install(&Guest::new("greeter", "1.0.0").package(), &[]).await);
    assert_eq!(version_said(&world, &ann, &project, "greeter").await, "1.0.0");
    server.stop().await;
    // In the middle of the component's code: what the tool says.
    let file = world.data_dir().join("bricklayer.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let (needle, other) = (b"\x10\0\0\0\x05\0\0\0", b"\x11\0\0\0\x04\0\0\0");
    let places: Vec<_> =
        bytes.windows(8).enumerate().filter(|(_, window)| window == needle).map(|(at, _)| at).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + 8].copy_from_slice(other);
    }
    std::fs::write(&file, bytes).unwrap();
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let result = call(&world, &ann, &project, "mcp__greeter__version", json!({})).await;
    assert_eq!(result["is_error"], true, "{result}");
    let shown = eventually("what is wrong with it", async || {
        let shown = ann.get(&format!("/api/plugins/{plugin}")).await.ok();
        if shown["problem"].is_string() { Ok(shown) } else { Err(shown.to_string()) }
    })
    .await;
    eprintln!("{}", shown["problem"]);
    server.stop().await;
}
