//! The binary: how it takes tokens, announces itself and ends.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use base64::Engine as _;
use serde_json::Value;

/// How long the process may take to end.
const END_LIMIT: Duration = Duration::from_secs(60);

fn spawn(folder: &Path, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_bricklayer-workspace"))
        .args(["--listen", "127.0.0.1:0", "--memory-mib", "256", "--data-dir"])
        .arg(folder)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The address of its one line on standard output.
fn address(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    line["listening"].as_str().unwrap().to_owned()
}

fn end(child: &mut Child) -> ExitStatus {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(started.elapsed() < END_LIMIT, "the process does not end");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A request by hand: the status line is all that matters.
fn status_of_me(address: &str, token: &str) -> String {
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let request = format!(
        "GET /api/2.0/preview/scim/v2/Me HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    line
}

#[test]
fn tokens_come_by_standard_input_and_its_end_is_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = spawn(folder.path(), &["--token-stdin", "--exit-with-parent"]);
    child.stdin.as_mut().unwrap().write_all(b"first=ann@example.com\nsecond=bob@example.com\n\n").unwrap();
    let address = address(&mut child);
    assert!(status_of_me(&address, "first").contains("200"));
    assert!(status_of_me(&address, "second").contains("200"));
    assert!(status_of_me(&address, "third").contains("403"));
    // The folder is taken for as long as it runs.
    let mut second = spawn(folder.path(), &["--token", "x"]);
    assert!(!end(&mut second).success());
    let mut message = String::new();
    BufReader::new(second.stderr.take().unwrap()).read_line(&mut message).unwrap();
    assert!(message.contains("is in use by another local workspace"), "{message}");
    drop(child.stdin.take());
    assert!(end(&mut child).success());
    // Ended cleanly: everything is in the files, no log of changes is left.
    let left: Vec<_> =
        std::fs::read_dir(folder.path().join("catalogs")).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().ends_with(".wal")), "{left:?}");
}

#[cfg(unix)]
#[test]
fn a_termination_signal_is_a_clean_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = spawn(folder.path(), &["--token", "first=ann@example.com"]);
    let address = address(&mut child);
    assert!(status_of_me(&address, "first").contains("200"));
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert!(end(&mut child).success());
}

#[test]
fn an_ephemeral_workspace_leaves_nothing_and_removes_what_a_killed_one_left() {
    let within = tempfile::tempdir().unwrap();
    let folders = || std::fs::read_dir(within.path()).unwrap().count();
    let start = || {
        let mut child = spawn(within.path(), &["--ephemeral", "--token", "first", "--exit-with-parent"]);
        assert!(status_of_me(&address(&mut child), "first").contains("200"));
        child
    };
    let (mut killed, mut ended) = (start(), start());
    assert_eq!(folders(), 2, "each has its own");
    killed.kill().unwrap();
    killed.wait().unwrap();
    drop(ended.stdin.take());
    assert!(end(&mut ended).success());
    assert_eq!(folders(), 1, "the killed one's is left");
    let mut next = start();
    assert_eq!(folders(), 1, "and swept");
    drop(next.stdin.take());
    assert!(end(&mut next).success());
    assert_eq!(folders(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_beyond_its_memory_ends_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = spawn(folder.path(), &["--token", "first", "--process-memory-mib", "16"]);
    let mut said = String::new();
    std::io::Read::read_to_string(child.stderr.as_mut().unwrap(), &mut said).unwrap();
    assert!(!end(&mut child).success());
    assert!(said.contains("need more memory than this process may have"), "{said}");
}

#[test]
fn without_a_token_it_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = spawn(folder.path(), &[]);
    assert!(!end(&mut child).success());
    let mut message = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut message).unwrap();
    assert!(message.contains("--token"), "{message}");
}

/// What a statement gave: its answer as the API gives it.
async fn run(address: &str, statement: &str) -> Value {
    try_run(address, statement).await.unwrap()
}

/// What a statement gave, if anybody answered.
async fn try_run(address: &str, statement: &str) -> Option<Value> {
    let client = reqwest::Client::new();
    let call = |method: reqwest::Method, path: &str, body: Value| {
        let request = client.request(method, format!("http://{address}{path}")).bearer_auth("x").body(body.to_string());
        async move { serde_json::from_str::<Value>(&request.send().await.ok()?.text().await.ok()?).ok() }
    };
    let warehouses = call(reqwest::Method::GET, "/api/2.0/sql/warehouses", Value::Null).await?;
    let body = serde_json::json!({ "statement": statement, "warehouse_id": warehouses["warehouses"][0]["id"] });
    call(reqwest::Method::POST, "/api/2.0/sql/statements", body).await
}

/// A disk that takes no more is played by a bound on the size of each file.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_leaves_reading_alive_and_says_so() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let mut child = spawn(folder.path(), &["--token", "x", "--exit-with-parent"]);
    let first = address(&mut child);
    assert_eq!(run(&first, "CREATE TABLE t (i INT, s STRING)").await["status"]["state"], "SUCCEEDED");
    drop(child.stdin.take());
    assert!(end(&mut child).success());

    let files = std::fs::read_dir(folder.path().join("catalogs")).unwrap();
    let largest = files.map(|f| f.unwrap().metadata().unwrap().len()).max().unwrap();
    let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", (largest + (1 << 20)) / 512);
    let bounded = || {
        Command::new("sh")
            .args(["-c", &script, "sh", env!("CARGO_BIN_EXE_bricklayer-workspace")])
            .args([
                "--listen",
                "127.0.0.1:0",
                "--memory-mib",
                "256",
                "--token",
                "x",
                "--exit-with-parent",
                "--data-dir",
            ])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let mut child = bounded();
    let full = address(&mut child);
    let insert = "INSERT INTO t SELECT id, uuid() || uuid() || uuid() FROM range(5000)";
    let mut kept = 0;
    let refused = loop {
        let answer = run(&full, insert).await;
        if answer["status"]["state"] != "SUCCEEDED" {
            break answer;
        }
        kept += 5000;
        assert!(kept < 5_000_000, "the bound on files does not hold");
    };
    let message = refused["status"]["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("[LOCAL_WORKSPACE_DISK_FULL] The disk of the local workspace is full."), "{message}");
    assert!(!message.contains(&*folder.path().to_string_lossy()), "{message}");
    for statement in [insert, "OPTIMIZE t", insert] {
        run(&full, statement).await;
        let count = run(&full, "SELECT count(*) FROM t").await;
        assert_eq!(count["status"]["state"], "SUCCEEDED", "{count}");
        let count: i64 = count["result"]["data_array"][0][0].as_str().unwrap().parse().unwrap();
        assert!(count >= kept, "{count} of {kept}");
    }
    child.kill().unwrap();
    child.wait().unwrap();

    // It starts on the full disk as well.
    let mut child = bounded();
    let full = address(&mut child);
    let count = run(&full, "SELECT count(*) FROM t").await;
    assert_eq!(count["status"]["state"], "SUCCEEDED", "{count}");
    child.kill().unwrap();
    child.wait().unwrap();

    let mut child = spawn(folder.path(), &["--token", "x", "--exit-with-parent"]);
    let again = address(&mut child);
    let count = run(&again, "SELECT count(*) FROM t").await;
    assert!(count["result"]["data_array"][0][0].as_str().unwrap().parse::<i64>().unwrap() >= kept, "{count}");
    assert_eq!(run(&again, insert).await["status"]["state"], "SUCCEEDED");
    drop(child.stdin.take());
    assert!(end(&mut child).success());
}

/// What is answered is kept, whatever kind of object it is.
#[tokio::test]
async fn a_killed_process_keeps_what_it_answered() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let mut child = spawn(folder.path(), &["--token", "x=ann@example.com"]);
    let first = address(&mut child);
    for statement in [
        "CREATE CATALOG lab COMMENT 'ours'",
        "CREATE SCHEMA lab.raw COMMENT 'kept'",
        "CREATE TABLE lab.raw.t (v VARCHAR(5) COMMENT 'text') COMMENT 'things'",
        "INSERT INTO lab.raw.t VALUES ('one')",
        "ALTER TABLE lab.raw.t ADD COLUMN w INT COMMENT 'more'",
        "CREATE TABLE lab.raw.gone (i INT)",
        "DROP TABLE lab.raw.gone",
        "CREATE TABLE lab.raw.old (i INT) COMMENT 'renamed'",
        "GRANT SELECT ON TABLE lab.raw.old TO `bob@example.com`",
        "ALTER TABLE lab.raw.old RENAME TO lab.raw.new",
        "CREATE FUNCTION lab.raw.twice(x INT) RETURNS INT RETURN x * 2",
        "CREATE CATALOG short",
        "DROP CATALOG short",
        "ALTER TABLE lab.raw.t SET TBLPROPERTIES ('last' = 'yes')",
    ] {
        let answer = run(&first, statement).await;
        assert_eq!(answer["status"]["state"], "SUCCEEDED", "{statement}: {answer}");
    }
    child.kill().unwrap();
    child.wait().unwrap();

    let mut child = spawn(folder.path(), &["--token", "x=ann@example.com", "--exit-with-parent"]);
    let again = address(&mut child);
    for (statement, expect) in [
        ("SELECT v FROM lab.raw.t", serde_json::json!([["one"]])),
        ("DESCRIBE lab.raw.t", serde_json::json!([["v", "varchar(5)", "text"], ["w", "int", "more"]])),
        ("SELECT lab.raw.twice(4)", serde_json::json!([["8"]])),
        (
            "SHOW GRANTS ON TABLE lab.raw.new",
            serde_json::json!([["bob@example.com", "SELECT", "TABLE", "lab.raw.new"]]),
        ),
        ("SHOW TBLPROPERTIES lab.raw.t", serde_json::json!([["last", "yes"]])),
        ("SHOW TABLES IN lab.raw", serde_json::json!([["raw", "new", "false"], ["raw", "t", "false"]])),
        ("SHOW CATALOGS", serde_json::json!([["lab"], ["main"], ["samples"]])),
    ] {
        let answer = run(&again, statement).await;
        assert_eq!(answer["result"]["data_array"], expect, "{statement}: {answer}");
    }
    let history = run(&again, "DESCRIBE HISTORY lab.raw.t").await;
    let operations: Vec<_> = history["result"]["data_array"].as_array().unwrap().iter().map(|row| &row[4]).collect();
    assert_eq!(operations, ["SET TBLPROPERTIES", "ADD COLUMNS", "WRITE", "CREATE TABLE"]);
    drop(child.stdin.take());
    assert!(end(&mut child).success());
}

/// The process is killed while it replaces a table: what the engine has of it and what the catalog knows of it are of the
/// same statement.
#[tokio::test]
async fn a_table_and_what_is_known_of_it_are_of_one_statement() {
    const KILLS: usize = 8;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    for round in 0..KILLS {
        let mut child = spawn(folder.path(), &["--token", "x", "--exit-with-parent"]);
        let address = address(&mut child);
        if round > 0 {
            let column = run(&address, "DESCRIBE t").await["result"]["data_array"][0][0].clone();
            let extended = run(&address, "DESCRIBE EXTENDED t").await["result"]["data_array"].clone();
            let comment = extended.as_array().unwrap().iter().find(|row| row[0] == "Comment").unwrap()[1].clone();
            assert_eq!(column, comment, "{extended}");
        }
        let settled = format!("CREATE OR REPLACE TABLE t (c{round}_0 INT) COMMENT 'c{round}_0'");
        assert_eq!(run(&address, &settled).await["status"]["state"], "SUCCEEDED");
        // One after the other, until the process is gone in the midst of one.
        let replace = async {
            for i in 1.. {
                let statement = format!("CREATE OR REPLACE TABLE t (c{round}_{i} INT) COMMENT 'c{round}_{i}'");
                if try_run(&address, &statement).await.is_none() {
                    return;
                }
            }
        };
        let kill = async {
            // Each round a different number of requests is answered first, so that the end comes at different moments.
            for _ in 0..round * 3 {
                try_run(&address, "SELECT 1").await;
            }
            child.kill().unwrap();
        };
        tokio::join!(replace, kill);
        child.wait().unwrap();
    }
}

/// What a command on the first cluster printed.
#[cfg(target_os = "linux")]
async fn python(address: &str, code: &str, wait: bool) -> String {
    let client = reqwest::Client::new();
    let call = async |method: reqwest::Method, path: &str, body: Value| -> Value {
        let request = client.request(method, format!("http://{address}{path}")).bearer_auth("first");
        serde_json::from_str(&request.body(body.to_string()).send().await.unwrap().text().await.unwrap()).unwrap()
    };
    let (get, post) = (reqwest::Method::GET, reqwest::Method::POST);
    let cluster = loop {
        let listed = call(get.clone(), "/api/2.1/clusters/list", Value::Null).await;
        if listed["clusters"][0]["state"] == "RUNNING" {
            break listed["clusters"][0]["cluster_id"].clone();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let body = serde_json::json!({"clusterId": cluster, "language": "python"});
    let context = call(post.clone(), "/api/1.2/contexts/create", body).await["id"].clone();
    let body = serde_json::json!({"clusterId": cluster, "contextId": context, "language": "python", "command": code});
    let command = call(post, "/api/1.2/commands/execute", body).await["id"].clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let path = format!(
        "/api/1.2/commands/status?clusterId={}&contextId={}&commandId={}",
        text(&cluster),
        text(&context),
        text(&command)
    );
    loop {
        let status = call(get.clone(), &path, Value::Null).await;
        if status["status"] == "Finished" || !wait && status["status"] == "Running" {
            return status["results"]["data"].as_str().unwrap_or_default().to_owned();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn python_ends_with_a_killed_workspace() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let mut child = spawn(folder.path(), &["--token", "first"]);
    let address = address(&mut child);
    let idle = python(&address, "import os\nos.getpid()", true).await;
    // One that holds on to its interpreter and listens to nothing.
    let deaf = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass";
    python(&address, deaf, false).await;
    let children = || {
        let list = std::fs::read_dir("/proc").unwrap().flatten();
        let lines = list.filter_map(|entry| std::fs::read_to_string(entry.path().join("cmdline")).ok());
        lines.filter(|line| line.contains(folder.path().to_str().unwrap()) && line.contains("main.py")).count()
    };
    assert_eq!(children(), 2);
    assert!(Path::new(&format!("/proc/{idle}")).exists());
    child.kill().unwrap();
    child.wait().unwrap();
    let started = Instant::now();
    while children() > 0 {
        assert!(started.elapsed() < END_LIMIT, "Python lives on");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// An update that was under way is told to have failed, and what it had laid aside is gone.
#[tokio::test(flavor = "multi_thread")]
async fn an_update_ends_with_a_killed_workspace() {
    const ENDLESS: &str =
        "SELECT count(*) AS n FROM range(1000000000) a CROSS JOIN range(1000000000) b WHERE a.id + b.id = -1";
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let client = reqwest::Client::new();
    let call = async |method: &str, address: &str, path: &str, body: Value| -> Value {
        let method = method.parse::<reqwest::Method>().unwrap();
        let request = client.request(method, format!("http://{address}{path}")).bearer_auth("x");
        let answer = request.body(body.to_string()).send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&answer).unwrap()
    };
    let mut child = spawn(folder.path(), &["--token", "x=ann@example.com"]);
    let first = address(&mut child);
    let sql = format!(
        "CREATE MATERIALIZED VIEW one AS SELECT 1 AS i; CREATE MATERIALIZED VIEW slow (CONSTRAINT c EXPECT (n = 0)) AS \
         SELECT i, n FROM one JOIN ({ENDLESS})"
    );
    let content = base64::engine::general_purpose::STANDARD.encode(sql);
    let path = "/Users/ann@example.com/slow.sql";
    let import = serde_json::json!({"path": path, "format": "AUTO", "content": content});
    call("POST", &first, "/api/2.0/workspace/import", import).await;
    let libraries = serde_json::json!([{"file": {"path": path}}]);
    let spec = serde_json::json!({"name": "slow", "catalog": "main", "schema": "lab", "libraries": libraries});
    let made = call("POST", &first, "/api/2.0/pipelines", spec).await;
    let pipeline = format!("/api/2.0/pipelines/{}", made["pipeline_id"].as_str().unwrap());
    let begun = call("POST", &first, &format!("{pipeline}/updates"), serde_json::json!({})).await;
    let update = format!("{pipeline}/updates/{}", begun["update_id"].as_str().unwrap());
    let slow_runs = async || {
        let events = call("GET", &first, &format!("{pipeline}/events?max_results=1"), Value::Null).await;
        events["events"][0]["message"] == "Flow 'main.lab.slow' is RUNNING."
    };
    let started = Instant::now();
    while !slow_runs().await {
        assert!(started.elapsed() < END_LIMIT, "the update does not come so far");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();

    let mut child = spawn(folder.path(), &["--token", "x=ann@example.com", "--exit-with-parent"]);
    let again = address(&mut child);
    assert_eq!(call("GET", &again, &update, Value::Null).await["update"]["state"], "FAILED");
    let events = call("GET", &again, &format!("{pipeline}/events?max_results=1"), Value::Null).await;
    let said = events["events"][0]["message"].as_str().unwrap();
    assert!(said.contains("was stopped while this update was under way"), "{said}");
    assert_eq!(call("GET", &again, &pipeline, Value::Null).await["state"], "IDLE");
    let tables = run(&again, "SHOW TABLES IN main.lab").await;
    assert_eq!(tables["result"]["data_array"], serde_json::json!([["lab", "one", "false"]]));
    drop(child.stdin.take());
    assert!(end(&mut child).success());
}
