//! What code reaches by `dbutils`: files wherever they lie, and secrets, which are in nothing that it leaves.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    compute::Repl,
    harness::{ANN, BOB, Lab},
    jobs::has_python,
};

const SECRET: &str = "correct horse battery";

async fn put_secret(lab: &Lab, token: &str, scope: &str) {
    for (path, body) in [
        ("scopes/create", json!({"scope": scope})),
        ("put", json!({"scope": scope, "key": "pass", "string_value": SECRET})),
    ] {
        let (_, answer) = lab.call(Some(token), Method::POST, &format!("/api/2.0/secrets/{path}"), Some(body)).await;
        assert_eq!(answer, json!({}));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn code_reads_secrets_and_shows_none() {
    if !has_python() {
        return;
    }
    let lab = Lab::start().await;
    put_secret(&lab, ANN, "team").await;
    put_secret(&lab, BOB, "closed").await;
    let repl = Repl::open(&lab, "python").await;
    for (code, data) in [
        ("s = dbutils.secrets.get('team', 'pass')\nprint(len(s), s, s + '!')", "21 [REDACTED] [REDACTED]!"),
        // What an earlier command has read is not in what a later one prints.
        ("print('again', s)\ns.upper()", "again [REDACTED]\n'CORRECT HORSE BATTERY'"),
        (
            "print([it.key for it in dbutils.secrets.list('team')], dbutils.secrets.listScopes())",
            "['pass'] [SecretScope(name='team')]",
        ),
    ] {
        assert_eq!(repl.run("python", code).await["data"], data, "{code}");
    }
    let table = repl.run("python", "display(spark.createDataFrame([(s,)], ['s']))").await;
    assert_eq!(table["data"], json!([["[REDACTED]"]]), "{table}");
    for (code, says) in [
        ("raise ValueError(s)", "ValueError: [REDACTED]"),
        ("dbutils.secrets.get('closed', 'pass')", "does not have READ permission on scope closed"),
        ("dbutils.secrets.get('nosuch', 'pass')", "Scope nosuch does not exist!"),
        ("dbutils.secrets.get('team', 'nosuch')", "Secret does not exist with scope: team and key: nosuch"),
    ] {
        let failed = repl.run("python", code).await;
        assert!(failed["summary"].as_str().unwrap().contains(says), "{code}: {failed}");
        assert!(!failed.to_string().contains(SECRET), "{failed}");
    }

    // In jobs as well: in what is printed, in traces, and in what one notebook hands to another.
    lab.import(
        "inner.py",
        "# Databricks notebook source\ndbutils.notebook.exit('got ' + dbutils.secrets.get('team', 'pass'))\n",
    )
    .await;
    lab.import(
        "outer.py",
        "# Databricks notebook source\n\
         s = dbutils.secrets.get('team', 'pass')\n\
         print(s, dbutils.notebook.run('/Users/ann@example.com/inner', 60))\n\
         dbutils.notebook.exit(str(len(s)) + s)\n",
    )
    .await;
    lab.import("fails.py", "s = dbutils.secrets.get('team', 'pass')\nraise ValueError(s)\n").await;
    let home = "/Users/ann@example.com";
    let ended = lab
        .run_of(json!([
            {"task_key": "outer", "notebook_task": {"notebook_path": format!("{home}/outer")}},
            {"task_key": "fails", "spark_python_task": {"python_file": format!("{home}/fails.py")}},
        ]))
        .await;
    let output = async |key: &str| {
        let task = ended["tasks"].as_array().unwrap().iter().find(|task| task["task_key"] == key).unwrap();
        lab.output(task).await
    };
    let (outer, fails) = (output("outer").await, output("fails").await);
    assert_eq!(outer["logs"].as_str().map(str::trim), Some("[REDACTED] got [REDACTED]"), "{outer:#}");
    assert_eq!(outer["notebook_output"]["result"], "21[REDACTED]", "{outer:#}");
    assert_eq!(fails["error"], "ValueError: [REDACTED]", "{fails:#}");
    assert!(!fails.to_string().contains(SECRET) && !outer.to_string().contains(SECRET));
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn code_works_with_files_wherever_they_lie() {
    if !has_python() {
        return;
    }
    let lab = Lab::start().await;
    let volume = json!({"catalog_name": "main", "schema_name": "default", "name": "v", "volume_type": "MANAGED"});
    assert_eq!(lab.post("/api/2.1/unity-catalog/volumes", volume).await.0.as_u16(), 200);
    let repl = Repl::open(&lab, "python").await;
    let roots = [
        ("dbfs", "/tmp/lab", "dbfs:/tmp/lab"),
        ("volume", "/Volumes/main/default/v/lab", "dbfs:/Volumes/main/default/v/lab"),
        ("workspace", "/Workspace/Users/ann@example.com/lab", "file:/Workspace/Users/ann@example.com/lab"),
    ];
    for (what, root, shown) in roots {
        let code = format!(
            "fs, root = dbutils.fs, '{root}'\n\
             fs.mkdirs(root + '/in')\n\
             fs.put(root + '/in/a b.txt', 'hello ü')\n\
             print(fs.head(root + '/in/a b.txt'), fs.head(root + '/in/a b.txt', 2))\n\
             fs.cp(root + '/in', root + '/copy', True)\n\
             fs.cp(root + '/in/a b.txt', root + '/in/c.txt')\n\
             fs.mv(root + '/in/c.txt', root + '/copy')\n\
             print(sorted(it.path for it in fs.ls(root)), sorted((it.name, it.size) for it in fs.ls(root + '/copy')))\n\
             print(fs.rm(root + '/in', True), fs.rm(root + '/in', True), [it.name for it in fs.ls(root)])\n"
        );
        let data = format!(
            "hello ü he\n['{shown}/copy/', '{shown}/in/'] [('a b.txt', 8), ('c.txt', 8)]\nTrue False ['copy/']"
        );
        assert_eq!(repl.run("python", &code).await["data"], data, "{what}");
    }
    let across = "fs.cp('/tmp/lab/copy', '/Volumes/main/default/v/far', True)\n\
                  fs.cp('dbfs:/Volumes/main/default/v/far/c.txt', 'file:/Workspace/Users/ann@example.com/far.txt')\n\
                  fs.head('/Workspace/Users/ann@example.com/far.txt')";
    assert_eq!(repl.run("python", across).await["data"], "'hello ü'");
    let kept = lab.get("/api/2.0/workspace/export?path=/Users/ann@example.com/far.txt&direct_download=true").await;
    assert_eq!(kept, Value::from("hello ü"));

    lab.call(Some(BOB), Method::POST, "/api/2.0/workspace/mkdirs", Some(json!({"path": "/Users/bob@example.com/x"})))
        .await;
    for (code, says) in [
        ("fs.ls('/Workspace/Users/bob@example.com/x')", "does not have View permissions"),
        ("fs.put('/Workspace/Users/bob@example.com/x/y', '')", "does not have"),
        ("fs.cp('/tmp/lab/copy/c.txt', '/Workspace/Users/bob@example.com/y')", "does not have"),
        ("fs.rm('/Workspace/Users/bob@example.com/x', True)", "bob@example.com"),
        ("fs.ls('/Volumes/main/default/nosuch')", "does not exist"),
        ("fs.ls('/tmp/nosuch')", "No file or directory exists on path /tmp/nosuch"),
        ("fs.head('/tmp')", "is a directory"),
        ("fs.put('/tmp/lab/copy/c.txt', 'x')", "already exists"),
        ("fs.rm('/tmp/lab')", "non-empty directory"),
        ("fs.cp('/tmp/lab', '/tmp/other')", "unless recurse is True"),
        ("fs.cp('/tmp/lab', '/tmp/lab/in', True)", "into itself"),
        ("fs.ls('file:/etc')", "reaches no local disk"),
        ("fs.ls('s3://bucket/x')", "no storage of the kind s3"),
        ("fs.ls('/tmp/../etc')", "dot segment"),
        ("fs.ls('tmp')", "must be absolute"),
    ] {
        let failed = repl.run("python", code).await;
        assert!(failed["summary"].as_str().is_some_and(|said| said.contains(says)), "{code}: {failed}");
    }
    assert_eq!(
        repl.run("python", "fs.head('/tmp/lab/copy/c.txt')").await["data"],
        "'hello ü'",
        "refusals change nothing"
    );
    lab.stop().await;
}
