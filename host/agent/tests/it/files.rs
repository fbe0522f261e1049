//! The file tools, called as a model would, in one conversation whose log says which files were read.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::{Duration, SystemTime};

use bricklayer_agent::TurnExit;
use bricklayer_domain::{ToolErrorKind, ToolOutcome};
use serde_json::{Value, json};

use crate::support::*;

/// A project in which tools are called one after the other.
pub(crate) struct Files {
    pub(crate) world: World,
    count: usize,
}

impl Files {
    pub(crate) fn new() -> Self {
        let world = World::new(ScriptedModel::new(vec![]), TableTools::none());
        Self { world, count: 0 }
    }

    pub(crate) fn path(&self, path: &str) -> std::path::PathBuf {
        self.world.dir.path().join(path)
    }

    pub(crate) fn put(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn get(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    pub(crate) async fn call(&mut self, tool: &str, input: Value) -> ToolOutcome {
        self.count += 1;
        let id = format!("t{}", self.count);
        // Each call is a turn of its own: what was read is known from the log alone.
        self.world.model = ScriptedModel::new(vec![calls(vec![tool_use(&id, tool, input)]), say("ok")]);
        let exit = self.world.ask("go").await;
        assert!(matches!(exit, TurnExit::Finished(_)), "{exit:?}");
        self.world.outcome(&id)
    }

    #[track_caller]
    pub(crate) fn assert_ok(outcome: &ToolOutcome, expected: &str) {
        assert!(outcome.failure.is_none(), "{}", outcome.content);
        assert!(outcome.content.contains(expected), "{expected:?} in {}", outcome.content);
    }

    #[track_caller]
    pub(crate) fn assert_fails(outcome: &ToolOutcome, kind: ToolErrorKind, expected: &str) {
        let failure = outcome.failure.as_ref().unwrap_or_else(|| panic!("a failure: {}", outcome.content));
        assert_eq!(failure.kind, kind, "{}", failure.message);
        assert!(failure.message.contains(expected), "{expected:?} in {}", failure.message);
    }
}

#[tokio::test]
async fn reads_are_numbered_and_paged() {
    let mut files = Files::new();
    files.put("a.txt", "one\ntwo\r\nthree");
    files.put("empty.txt", "");
    files.put("long.txt", (0..20_000).map(|n| format!("line {n}\n")).collect::<String>());
    files.put("wide.txt", "x".repeat(10 * 1024 * 1024));
    files.put("latin.txt", b"caf\xe9\n");
    let read = files.call("Read", json!({"file_path": "a.txt"})).await;
    assert_eq!(
        read.content,
        "     1\tone\n     2\ttwo\n     3\tthree\n[The file's form: mixed line ends. Edit keeps it.]"
    );
    let structured = read.structured.unwrap();
    assert_eq!((&structured["total_lines"], &structured["partial"]), (&json!(3), &json!(false)));
    let read = files.call("Read", json!({"file_path": "./a.txt", "offset": 2, "limit": "1"})).await;
    Files::assert_ok(&read, "     2\ttwo\n[Lines 2 to 2 of 3.]");
    Files::assert_ok(&files.call("Read", json!({"file_path": "/project/a.txt"})).await, "     1\tone");
    Files::assert_ok(&files.call("Read", json!({"file_path": "empty.txt"})).await, "[The file is empty.]");
    let past = files.call("Read", json!({"file_path": "a.txt", "offset": 9})).await;
    Files::assert_fails(&past, ToolErrorKind::InvalidInput, "has 3 lines");
    let long = files.call("Read", json!({"file_path": "long.txt"})).await;
    Files::assert_ok(&long, "[PARTIAL: lines 1 to ");
    let next = long.structured.unwrap()["num_lines"].as_u64().unwrap() + 1;
    let rest = files.call("Read", json!({"file_path": "long.txt", "offset": next})).await;
    Files::assert_ok(&rest, &format!("{next:>6}\tline {}", next - 1));
    let overflow = files.call("Read", json!({"file_path": "long.txt", "limit": 19_999})).await;
    Files::assert_fails(&overflow, ToolErrorKind::LimitExceeded, "smaller `limit`, or find the place with Grep");
    let wide = files.call("Read", json!({"file_path": "wide.txt"})).await;
    Files::assert_ok(&wide, "1 lines were longer than 2000 characters");
    assert!(wide.content.len() < 3000);
    Files::assert_ok(
        &files.call("Read", json!({"file_path": "latin.txt"})).await,
        "     1\tcafé\n[The file's form: not Unicode, read as Latin-1",
    );
}

#[tokio::test]
async fn strange_paths_and_files_are_refused() {
    let mut files = Files::new();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.txt"), "canary").unwrap();
    files.put("dir/a.txt", "a");
    files.put("binary.bin", b"MZ\0\x01");
    symlink(outside.path().join("secret.txt"), files.path("out.txt")).unwrap();
    symlink(outside.path(), files.path("outdir")).unwrap();
    symlink("/nowhere/at/all", files.path("dangling")).unwrap();
    symlink("dir/a.txt", files.path("inside.txt")).unwrap();
    symlink("loop", files.path("loop")).unwrap();
    let fifo = std::process::Command::new("mkfifo").arg(files.path("pipe")).status().unwrap();
    assert!(fifo.success());
    use ToolErrorKind::{Denied, InvalidInput, NotFound};
    let cases: &[(&str, ToolErrorKind, &str)] = &[
        ("", InvalidInput, "`file_path` is empty"),
        ("a\0b", InvalidInput, "NUL"),
        ("../secret.txt", Denied, "outside the project folder"),
        ("dir/../../secret.txt", Denied, "outside the project folder"),
        ("/etc/passwd", Denied, "outside the project folder"),
        ("/project/../etc/passwd", Denied, "outside the project folder"),
        ("/projects/a.txt", Denied, "outside the project folder"),
        ("out.txt", Denied, "outside the project folder"),
        ("outdir/secret.txt", Denied, "outside the project folder"),
        ("nothing.txt", NotFound, "does not exist"),
        ("dir/a.txt/b", InvalidInput, "is a file"),
        ("dir", InvalidInput, "list it with Glob"),
        ("/project", InvalidInput, "list it with Glob"),
        ("pipe", InvalidInput, "not a regular file"),
        ("binary.bin", ToolErrorKind::Failed, "binary file of 4 bytes"),
    ];
    for (path, kind, expected) in cases {
        let outcome = files.call("Read", json!({"file_path": path})).await;
        Files::assert_fails(&outcome, *kind, expected);
        assert!(!outcome.content.contains("canary"));
    }
    Files::assert_ok(&files.call("Read", json!({"file_path": "inside.txt"})).await, "     1\ta");
    assert!(files.call("Read", json!({"file_path": "loop"})).await.is_error());
    let long = "a/".repeat(3000);
    Files::assert_fails(&files.call("Read", json!({"file_path": long})).await, InvalidInput, "longer than");
    for (path, kind) in [
        ("out.txt", InvalidInput),
        ("dangling", InvalidInput),
        ("outdir/new.txt", Denied),
        ("../new.txt", Denied),
        ("pipe", InvalidInput),
        ("dir", InvalidInput),
        ("dir/a.txt/b", InvalidInput),
    ] {
        let outcome = files.call("Write", json!({"file_path": path, "content": "x"})).await;
        Files::assert_fails(&outcome, kind, "");
    }
    assert_eq!(fs::read_to_string(outside.path().join("secret.txt")).unwrap(), "canary");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    for (tool, input, expected) in [
        ("Read", json!({"file_path": "dir/a.txt", "ofset": 1}), "unknown field `ofset`"),
        ("Read", json!({}), "`file_path` is missing"),
        ("Read", json!({"file_path": "dir/a.txt", "limit": 0}), "at least 1"),
        ("Read", json!({"file_path": "dir/a.txt", "offset": -1}), "`offset` must be a whole number"),
        ("Write", json!([]), "must be a JSON object"),
        ("Glob", json!({"pattern": "../*"}), "no `..`"),
        ("Glob", json!({"pattern": "/etc/*"}), "no leading `/`"),
        ("Glob", json!({"pattern": "a\0"}), "NUL"),
        ("Glob", json!({"pattern": "{a"}), "is no pattern"),
        ("Grep", json!({"pattern": "("}), "unclosed group"),
        ("Grep", json!({"pattern": "a", "type": "klingon"}), "klingon"),
        ("Grep", json!({"pattern": "a", "output_mode": "loud"}), "`output_mode` must be"),
    ] {
        Files::assert_fails(&files.call(tool, input).await, InvalidInput, expected);
    }
}

#[tokio::test]
async fn writes_need_a_whole_read_of_what_they_replace() {
    let mut files = Files::new();
    files.put("a.txt", "one\ntwo\nthree\n");
    let write = |content: &str| json!({"file_path": "a.txt", "content": content});
    Files::assert_fails(&files.call("Write", write("new")).await, ToolErrorKind::Failed, "was not read");
    files.call("Read", json!({"file_path": "a.txt", "limit": 2})).await;
    Files::assert_fails(&files.call("Write", write("new")).await, ToolErrorKind::Failed, "only a part");
    // The pages of an unchanged file add up.
    files.call("Read", json!({"file_path": "a.txt", "offset": 3})).await;
    let done = files.call("Write", write("one\n2\nthree\n")).await;
    Files::assert_ok(&done, "Replaced `a.txt`");
    let structured = done.structured.unwrap();
    assert_eq!(structured["kind"], "update");
    assert_eq!(structured["patch"][0]["lines"], json!([" one", "-two", "+2", " three"]));
    // What was written is known; what someone else writes is not.
    Files::assert_ok(&files.call("Write", write("mine")).await, "Replaced");
    files.put("a.txt", "theirs");
    Files::assert_fails(&files.call("Write", write("mine 2")).await, ToolErrorKind::Failed, "changed since");
    assert_eq!(files.get("a.txt"), "theirs");
    // The same content again is done already: a repeated call after a restart is no error.
    Files::assert_ok(&files.call("Write", write("theirs")).await, "Replaced");
    let created = files.call("Write", json!({"file_path": "x/y/z.md", "content": "é"})).await;
    Files::assert_ok(&created, "Created `x/y/z.md`: 1 lines, 2 bytes.");
    let left: Vec<_> = fs::read_dir(files.path("x/y")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["z.md"], "no temporary file stays");
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(files.path("x/y/z.md"), fs::Permissions::from_mode(0o640)).unwrap();
    files.call("Write", json!({"file_path": "x/y/z.md", "content": "z"})).await;
    assert_eq!(fs::metadata(files.path("x/y/z.md")).unwrap().permissions().mode() & 0o777, 0o640);
}

#[tokio::test]
async fn edits_are_exact_and_unique() {
    let mut files = Files::new();
    files.put("a.txt", "aa\nbb\naa\n");
    files.put("crlf.txt", "one\r\ntwo\r\nthree\r\n");
    files.put("latin.txt", b"caf\xe9");
    let edit = |old: &str, new: &str| json!({"file_path": "a.txt", "old_string": old, "new_string": new});
    use ToolErrorKind::{Failed, InvalidInput, NotFound};
    Files::assert_fails(&files.call("Edit", edit("bb", "cc")).await, Failed, "read it first");
    files.call("Read", json!({"file_path": "a.txt"})).await;
    Files::assert_fails(&files.call("Edit", edit("zz", "cc")).await, Failed, "does not occur");
    Files::assert_fails(&files.call("Edit", edit("aa", "cc")).await, Failed, "occurs 2 times");
    Files::assert_fails(&files.call("Edit", edit("aa", "aa")).await, InvalidInput, "the same");
    Files::assert_fails(&files.call("Edit", edit("", "aa")).await, InvalidInput, "is empty");
    Files::assert_ok(&files.call("Edit", edit("bb", "$1")).await, "1 replacement.");
    let all = json!({"file_path": "a.txt", "old_string": "aa", "new_string": "x", "replace_all": true});
    Files::assert_ok(&files.call("Edit", all.clone()).await, "2 replacements.");
    assert_eq!(files.get("a.txt"), "x\n$1\nx\n");
    // A file that changed since may be edited where the text is still unique, and the model is told.
    files.put("a.txt", "x\nnew\nx\naa\naa\n");
    Files::assert_ok(&files.call("Edit", edit("new", "newer")).await, "had changed since it was read");
    Files::assert_fails(&files.call("Edit", all).await, Failed, "changed since it was read");
    files.call("Read", json!({"file_path": "crlf.txt"})).await;
    let crlf = json!({"file_path": "crlf.txt", "old_string": "one\ntwo", "new_string": "1\n2"});
    Files::assert_ok(&files.call("Edit", crlf).await, "1 replacement.");
    assert_eq!(files.get("crlf.txt"), "1\r\n2\r\nthree\r\n");
    files.call("Read", json!({"file_path": "latin.txt"})).await;
    let absent = json!({"file_path": "absent.txt", "old_string": "a", "new_string": "b"});
    Files::assert_fails(&files.call("Edit", absent).await, NotFound, "create it with Write");
}

#[tokio::test]
async fn globs_find_newest_first_within_the_project() {
    let mut files = Files::new();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("b.md"), "").unwrap();
    for (age, path) in [(30, "old.md"), (20, "x/mid.md"), (10, "x/y/new.md"), (5, "x/other.txt"), (1, ".git/c.md")] {
        files.put(path, "");
        let file = fs::File::options().write(true).open(files.path(path)).unwrap();
        file.set_modified(SystemTime::from(bricklayer_domain::now()) - Duration::from_secs(age)).unwrap();
    }
    files.put(".gitignore", "*.md");
    symlink(outside.path(), files.path("outdir")).unwrap();
    symlink(files.path(""), files.path("x/circle")).unwrap();
    symlink(outside.path().join("b.md"), files.path("b.md")).unwrap();
    for (pattern, expected) in [
        ("*.md", "x/y/new.md\nx/mid.md\nold.md"),
        ("**/*.md", "x/y/new.md\nx/mid.md\nold.md"),
        ("x/*.md", "x/mid.md"),
        ("/project/x/**", "x/other.txt\nx/y/new.md\nx/mid.md"),
        ("*.{txt,sql}", "x/other.txt"),
        ("*.none", "[No files match.]"),
    ] {
        assert_eq!(files.call("Glob", json!({"pattern": pattern})).await.content, expected, "{pattern}");
    }
    let within = files.call("Glob", json!({"pattern": "*.md", "path": "x/y"})).await;
    assert_eq!(within.content, "x/y/new.md");
    let escape = files.call("Glob", json!({"pattern": "*", "path": "outdir"})).await;
    Files::assert_fails(&escape, ToolErrorKind::Denied, "outside");
    for n in 0..150 {
        files.put(&format!("many/{n}.csv"), "");
    }
    let many = files.call("Glob", json!({"pattern": "*.csv"})).await;
    Files::assert_ok(&many, "[The newest 100 of 150 files");
    assert_eq!(many.structured.unwrap()["paths"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn greps_search_as_ripgrep_does() {
    let mut files = Files::new();
    files.put("a.sql", "select 1\nFROM trips\nwhere x\ngroup by y\n");
    files.put("sub/b.py", "# from trips\nprint('trips trips')\n");
    files.put("ignored/c.sql", "trips");
    files.put("sub/kept.log", "trips");
    files.put(".gitignore", "ignored/\n*.log\n");
    files.put("sub/.gitignore", "!kept.log\n");
    files.put("bin.dat", b"trips\0trips");
    files.put("wide.txt", format!("{}trips{}", "x".repeat(10 * 1024 * 1024), "y".repeat(100)));
    let grep = |extra: Value| {
        let mut input = json!({"pattern": "trips"});
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        input
    };
    let listed = files.call("Grep", grep(json!({}))).await;
    let mut names: Vec<&str> = listed.content.lines().collect();
    names.sort();
    let skipped = "[Not searched, because no text, or not readable: bin.dat.]";
    assert_eq!(names, [skipped, "a.sql", "sub/b.py", "sub/kept.log", "wide.txt"]);
    for (extra, expected) in [
        (json!({"type": "sql"}), "a.sql"),
        (json!({"glob": "sub/*.py"}), "sub/b.py"),
        (json!({"path": "sub/b.py"}), "sub/b.py"),
        (json!({"path": "a.sql", "output_mode": "content"}), "a.sql:2:FROM trips"),
        (json!({"path": "a.sql", "output_mode": "content", "-n": false}), "a.sql:FROM trips"),
        (
            json!({"path": "a.sql", "output_mode": "content", "-C": 1}),
            "a.sql-1-select 1\na.sql:2:FROM trips\na.sql-3-where x",
        ),
        (
            json!({"path": "sub/b.py", "output_mode": "content", "-o": true}),
            "sub/b.py:1:trips\nsub/b.py:2:trips\nsub/b.py:2:trips",
        ),
        (json!({"path": "sub/b.py", "output_mode": "count"}), "sub/b.py:2\n[2 matches in 1 files.]"),
        (json!({"path": "a.sql", "pattern": "from", "-i": true, "output_mode": "content"}), "a.sql:2:FROM trips"),
        (json!({"path": "a.sql", "pattern": "trips.where", "multiline": true}), "a.sql"),
        (json!({"path": "a.sql", "pattern": "trips.where"}), "[No matches.]"),
        (json!({"pattern": "nowhere to be found"}), "[No matches.]"),
        (
            json!({"path": "sub/b.py", "output_mode": "content", "head_limit": 1}),
            "sub/b.py:1:# from trips\n[Entries 1 to 1 of 2; go on with offset 1, or narrow the search.]",
        ),
        (
            json!({"path": "sub/b.py", "output_mode": "content", "offset": 5}),
            "[Nothing at offset 5: there are 2 entries.]",
        ),
    ] {
        let outcome = files.call("Grep", grep(extra.clone())).await;
        let content = outcome.content.replace(&format!("\n{skipped}"), "");
        assert_eq!(content, expected, "{extra}");
    }
    let wide = files.call("Grep", grep(json!({"path": "wide.txt", "output_mode": "content"}))).await;
    assert!(wide.content.ends_with("… [line cut]") && wide.content.len() < 1000);
}
