//! The families of files and notebooks in turns: the compiled components, the real host, the local workspace.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use bricklayer_server::config::{Config, IdentityMode, WorkspaceConfig};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::shared::guests::target_dir;
use crate::support::{Api, Chat, Server, World};

const TOKEN: &str = "token-of-the-test";

/// What is lost where a name is encoded once too often or too rarely.
const ODD_NAMES: [&str; 5] = ["a b.txt", "a+b.txt", "100%.txt", "a#b?.txt", "änderung 变更.txt"];

/// A local workspace of the test's own, whose token it knows.
struct Workspace {
    child: Child,
    url: String,
    _data: TempDir,
}

impl Workspace {
    fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut child = Command::new(target_dir().join("debug/bricklayer-workspace"))
            .args([
                "--listen",
                "127.0.0.1:0",
                "--memory-mib",
                "256",
                "--token",
                &format!("{TOKEN}=me@x.io"),
                "--data-dir",
            ])
            .arg(data.path())
            .args(["--exit-with-parent"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let line: Value = serde_json::from_str(&line).unwrap();
        Self { child, url: format!("http://{}", line["listening"].as_str().unwrap()), _data: data }
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = reqwest::Client::new().request(method, format!("{}{path}", self.url));
        let request = request.header("authorization", format!("Bearer {TOKEN}"));
        let answer = request.header("content-type", "application/json").body(body.to_string()).send().await.unwrap();
        (answer.status().as_u16(), serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Scene {
    world: World,
    workspace: Workspace,
    server: Server,
    api: Api,
}

impl Scene {
    async fn new() -> Self {
        let world = World::sqlite().await;
        let workspace = Workspace::start();
        let remote = WorkspaceConfig::Remote { host: workspace.url.parse().unwrap(), token: Some(TOKEN.into()) };
        let config = Config { identity: IdentityMode::Development, workspace: remote, ..world.config() };
        let server = Server::start(config).await;
        let api = Api::new(&server.base);
        Self { world, workspace, server, api }
    }

    fn folder(&self, chat: &Chat<'_>) -> PathBuf {
        let folder = self.world.project_dir(chat.project());
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }
}

/// The typed result of a call that must succeed.
async fn ok(chat: &mut Chat<'_>, tool: &str, input: Value) -> Value {
    let told = chat.call(&format!("mcp__databricks__{tool}"), input).await;
    assert_eq!(told["is_error"], false, "{tool}: {told:#}");
    told["structured"].clone()
}

/// The text of a call that must fail.
async fn refused(chat: &mut Chat<'_>, tool: &str, input: Value) -> String {
    let told = chat.call(&format!("mcp__databricks__{tool}"), input).await;
    assert_eq!(told["is_error"], true, "{tool}: {told:#}");
    told["content"].as_str().unwrap().to_owned()
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(here) = waiting.pop() {
        for entry in std::fs::read_dir(here).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let inside = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.push((inside, std::fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_goes_up_and_comes_back_as_it_was() {
    let scene = Scene::new().await;
    let mut chat = Chat::new(&scene.world.model, &scene.api).await;
    let folder = scene.folder(&chat);
    let source = folder.join("app");
    std::fs::create_dir_all(source.join("many")).unwrap();
    for name in ODD_NAMES {
        std::fs::create_dir_all(source.join(format!("in {name}"))).unwrap();
        std::fs::write(source.join(format!("in {name}")).join(name), name).unwrap();
    }
    for n in 0..1000 {
        std::fs::write(source.join(format!("many/{n}.txt")), format!("file {n}")).unwrap();
    }
    std::fs::write(source.join("note.py"), "\u{feff}# Databricks notebook source\r\nprint(1)\r\n").unwrap();
    std::fs::write(source.join("empty"), "").unwrap();
    std::fs::File::create(source.join("large.bin")).unwrap().write_all(&vec![7; 12_000_000]).unwrap();
    let all = json!({"local_folder": "app", "workspace_folder": "/Workspace/Users/me@x.io/app"});
    let began = std::time::Instant::now();
    let report = ok(&mut chat, "upload_folder", all.clone()).await;
    println!("1,000 small files and a large one went up in {:.2?}", began.elapsed());
    assert_eq!(
        (&report["done"], &report["failed"], &report["complete"]),
        (&json!(1008), &json!(0), &json!(true)),
        "{report:#}"
    );
    let began = std::time::Instant::now();
    let report = ok(&mut chat, "upload_folder", all).await;
    println!("and were found to be there in {:.2?}", began.elapsed());
    assert_eq!((&report["done"], &report["unchanged"]), (&json!(0), &json!(1008)), "{report:#}");

    let object = ok(&mut chat, "get_workspace_object", json!({"path": "/Users/me@x.io/app/note"})).await;
    assert_eq!(
        (&object["object"]["object_type"], &object["object"]["language"]),
        (&json!("NOTEBOOK"), &json!("PYTHON"))
    );
    let listed =
        ok(&mut chat, "list_workspace", json!({"path": "/Users/me@x.io/app", "recursive": true, "limit": 5})).await;
    assert_eq!((listed["objects"].as_array().unwrap().len(), &listed["more"]), (5, &json!(true)));
    let notebooks = ok(&mut chat, "list_notebooks", json!({"path": "/Users/me@x.io"})).await;
    assert_eq!(
        (&notebooks["notebooks"][0]["path"], &notebooks["more"]),
        (&json!("/Users/me@x.io/app/note"), &json!(false))
    );

    let down = json!({"workspace_folder": "/Users/me@x.io/app", "local_folder": "back"});
    let report = ok(&mut chat, "download_folder", down.clone()).await;
    assert_eq!((&report["done"], &report["complete"]), (&json!(1008), &json!(true)), "{report:#}");
    assert!(files(&source) == files(&folder.join("back")), "what came back is not what went up");
    let again = ok(&mut chat, "download_folder", down).await;
    assert_eq!((&again["failed"], &again["complete"]), (&json!(1008), &json!(false)), "nothing is replaced unasked");
    let sync = json!({"workspace_path": "/Users/me@x.io/app", "local_path": "back"});
    let report = ok(&mut chat, "sync_workspace_to_local", sync).await;
    assert_eq!((&report["unchanged"], &report["complete"]), (&json!(1008), &json!(true)), "{}", report["text"]);

    let gone = json!({"path": "/Users/me@x.io/app", "recursive": true});
    ok(&mut chat, "delete_workspace_object", gone.clone()).await;
    let text = refused(&mut chat, "delete_workspace_object", gone).await;
    assert!(text.contains("doesn't exist"), "{text}");
    let text =
        refused(&mut chat, "delete_workspace_object", json!({"path": "/Users/x/../me@x.io", "recursive": true})).await;
    assert!(text.contains("is not deleted"), "{text}");
    scene.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn notebooks_are_made_shown_and_written() {
    let scene = Scene::new().await;
    let mut chat = Chat::new(&scene.world.model, &scene.api).await;
    let source = "-- Databricks notebook source\nSELECT 1\n\n-- COMMAND ----------\n\n-- MAGIC %md\n-- MAGIC # Title\n";
    let path = "/Users/me@x.io/reports/one";
    let made = ok(&mut chat, "import_notebook", json!({"path": path, "content": source})).await;
    assert_eq!((&made["notebook"]["language"], &made["notebook"]["path"]), (&json!("SQL"), &json!(path)));
    let text = refused(&mut chat, "import_notebook", json!({"path": path, "content": source})).await;
    assert!(text.contains("Set overwrite"), "{text}");
    ok(&mut chat, "import_notebook", json!({"path": path, "content": source, "overwrite": true})).await;
    let told = chat.call("mcp__databricks__export_notebook", json!({"path": path})).await;
    assert!(told["content"].as_str().unwrap().starts_with(source), "{told:#}");
    assert_eq!(
        (&told["results"][0]["content"], &told["structured"]["truncated"]),
        (&json!("text"), &json!(false)),
        "{told:#}"
    );
    let written =
        ok(&mut chat, "export_notebook", json!({"path": path, "format": "JUPYTER", "local_path": "out/"})).await;
    assert_eq!(written["local_path"], "out/one.ipynb");
    let folder = scene.folder(&chat);
    let jupyter: Value = serde_json::from_str(&std::fs::read_to_string(folder.join("out/one.ipynb")).unwrap()).unwrap();
    assert_eq!(jupyter["cells"].as_array().unwrap().len(), 2, "{jupyter:#}");
    // And back as a notebook of the same source.
    let two = json!({"path": "/Users/me@x.io/reports/two", "local_path": "out/one.ipynb"});
    ok(&mut chat, "import_notebook", two).await;
    let told = chat.call("mcp__databricks__export_notebook", json!({"path": "/Users/me@x.io/reports/two"})).await;
    assert!(told["content"].as_str().unwrap().contains("-- MAGIC # Title"), "{told:#}");
    let text = refused(&mut chat, "export_notebook", json!({"path": "/Users/bob@x.io/secret"})).await;
    assert!(text.contains("PERMISSION_DENIED"), "{text}");
    scene.server.stop().await;
}

/// Peak of this process's memory in MiB, where the system tells.
fn peak_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib / 1024)
}

/// `BRICKLAYER_LARGE_MIB=1024` measures with a file of a gigabyte.
#[tokio::test(flavor = "multi_thread")]
async fn files_of_volumes_pass_without_being_in_memory() {
    let scene = Scene::new().await;
    let volume = json!({"catalog_name": "main", "schema_name": "default", "name": "v", "volume_type": "MANAGED"});
    let (status, made) = scene.workspace.send(Method::POST, "/api/2.1/unity-catalog/volumes", volume).await;
    assert_eq!(status, 200, "{made}");
    let mut chat = Chat::new(&scene.world.model, &scene.api).await;
    let folder = scene.folder(&chat);
    let asked: Option<u64> = std::env::var("BRICKLAYER_LARGE_MIB").ok().and_then(|mib| mib.parse().ok());
    let (is_measured, mib) = (asked.is_some(), asked.unwrap_or(100));
    let mut file = std::fs::File::create(folder.join("large 100%.bin")).unwrap();
    let block: Vec<u8> = (0..1_u32 << 18).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    for _ in 0..mib {
        file.write_all(&block).unwrap();
    }
    drop(file);
    // The component is compiled and the first call made before memory is looked at.
    ok(&mut chat, "create_volume_directory", json!({"path": "/Volumes/main/default/v/in"})).await;
    let before = peak_mib();
    let began = std::time::Instant::now();
    let up = json!({"local_path": "large 100%.bin", "volume_path": "/Volumes/main/default/v/in/"});
    let report = ok(&mut chat, "upload_to_volume", up.clone()).await;
    println!("{mib} MiB went up in {:.2?}", began.elapsed());
    assert_eq!((&report["bytes"], &report["complete"]), (&json!(mib << 20), &json!(true)));
    let began = std::time::Instant::now();
    let down = json!({"volume_path": "/Volumes/main/default/v/in/large 100%.bin", "local_path": "back.bin"});
    ok(&mut chat, "download_from_volume", down).await;
    println!("{mib} MiB came down in {:.2?}", began.elapsed());
    // Other tests share the process, so its peak counts when this one was asked for. A guest has 64 MiB in any case.
    if let (true, Some(before), Some(after)) = (is_measured, before, peak_mib()) {
        println!("the peak of memory went from {before} to {after} MiB");
        assert!(after - before < 100, "{before} to {after} MiB");
    }
    let same = |left: &Path, right: &Path| {
        let (mut left, mut right) = (std::fs::File::open(left).unwrap(), std::fs::File::open(right).unwrap());
        let (mut a, mut b) = (vec![0; 1 << 20], vec![0; 1 << 20]);
        (0..mib).all(|_| left.read_exact(&mut a).is_ok() && right.read_exact(&mut b).is_ok() && a == b)
    };
    assert!(same(&folder.join("large 100%.bin"), &folder.join("back.bin")));
    assert_eq!(std::fs::metadata(folder.join("back.bin")).unwrap().len(), mib << 20);

    let text = refused(&mut chat, "upload_to_volume", up).await;
    assert!(text.contains("Set overwrite"), "{text}");
    for name in ODD_NAMES {
        std::fs::create_dir_all(folder.join("odd")).unwrap();
        std::fs::write(folder.join("odd").join(name), name).unwrap();
    }
    let odd = json!({"local_path": "odd", "volume_path": "/Volumes/main/default/v/odd"});
    assert_eq!(ok(&mut chat, "upload_to_volume", odd).await["complete"], true);
    let back = json!({"volume_path": "/Volumes/main/default/v/odd", "local_path": "odd2"});
    assert_eq!(ok(&mut chat, "download_from_volume", back).await["complete"], true);
    assert!(files(&folder.join("odd")) == files(&folder.join("odd2")));
    let info = ok(&mut chat, "get_volume_file_info", json!({"path": "/Volumes/main/default/v/odd/100%.txt"})).await;
    assert_eq!((&info["file"]["file_size"], &info["file"]["is_directory"]), (&json!(8), &json!(false)), "{info}");
    let listed =
        ok(&mut chat, "list_volume_files", json!({"path": "/Volumes/main/default/v", "recursive": true})).await;
    assert_eq!((listed["files"].as_array().unwrap().len(), &listed["more"]), (8, &json!(false)), "{listed:#}");
    let text = refused(&mut chat, "delete_volume_file", json!({"path": "/Volumes/main/default/v/odd"})).await;
    assert!(text.contains("Set recursive"), "{text}");
    let gone =
        ok(&mut chat, "delete_volume_file", json!({"path": "/Volumes/main/default/v/odd", "recursive": true})).await;
    assert_eq!(
        (&gone["files_deleted"], &gone["directories_deleted"], &gone["complete"]),
        (&json!(5), &json!(1), &json!(true))
    );
    scene.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dbfs_is_reached_block_by_block() {
    let scene = Scene::new().await;
    let mut chat = Chat::new(&scene.world.model, &scene.api).await;
    let folder = scene.folder(&chat);
    let content: Vec<u8> = (0..700_000_u32).flat_map(u32::to_le_bytes).collect();
    std::fs::write(folder.join("d 100%.bin"), &content).unwrap();
    ok(&mut chat, "upload_to_dbfs", json!({"local_path": "d 100%.bin", "dbfs_path": "dbfs:/tmp/in/"})).await;
    let text = refused(&mut chat, "upload_to_dbfs", json!({"local_path": "d 100%.bin", "dbfs_path": "/tmp/in/"})).await;
    assert!(text.contains("Set overwrite"), "{text}");
    ok(&mut chat, "move_dbfs_file", json!({"source_path": "/tmp/in", "destination_path": "/tmp/out"})).await;
    ok(&mut chat, "download_from_dbfs", json!({"dbfs_path": "/tmp/out/d 100%.bin", "local_path": "back.bin"})).await;
    assert!(std::fs::read(folder.join("back.bin")).unwrap() == content);
    let listed = ok(&mut chat, "list_dbfs_files", json!({"path": "/tmp/out"})).await;
    assert_eq!(listed["files"][0]["file_size"], content.len());
    std::fs::write(folder.join("t.txt"), "grüße").unwrap();
    ok(&mut chat, "upload_to_dbfs", json!({"local_path": "t.txt", "dbfs_path": "/tmp/t.txt"})).await;
    let told = chat.call("mcp__databricks__read_dbfs_file", json!({"path": "/tmp/t.txt"})).await;
    assert_eq!(
        (told["content"].as_str().unwrap(), &told["structured"]["encoding"]),
        ("grüße", &json!("utf-8")),
        "{told:#}"
    );
    let text = refused(&mut chat, "delete_dbfs_file", json!({"path": "/tmp/out"})).await;
    assert!(text.contains("Set recursive"), "{text}");
    ok(&mut chat, "delete_dbfs_file", json!({"path": "/tmp/out", "recursive": true})).await;
    scene.server.stop().await;
}
