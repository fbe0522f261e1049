//! Text files keep their form: what a tool does not mean to change comes back byte for byte, or is refused by name.

use std::fs;

use bricklayer_domain::ToolErrorKind::{Failed, InvalidInput, LimitExceeded};
use serde_json::json;

use crate::files::Files;

/// The bytes of a form, and those after `two` became `2` and after the whole was written anew.
type Form = (&'static str, &'static [u8], &'static [u8], &'static [u8]);

/// Every form.
const FORMS: &[Form] = &[
    ("plain", b"one\ntwo\n", b"one\n2\n", b"x\ny\n"),
    ("crlf", b"one\r\ntwo\r\n", b"one\r\n2\r\n", b"x\r\ny\r\n"),
    ("mark", b"\xef\xbb\xbfone\ntwo\n", b"\xef\xbb\xbfone\n2\n", b"\xef\xbb\xbfx\ny\n"),
    ("mark and crlf", b"\xef\xbb\xbftwo\r\n", b"\xef\xbb\xbf2\r\n", b"\xef\xbb\xbfx\r\ny\r\n"),
    ("utf-16", b"\xff\xfet\0w\0o\0\n\0", b"\xff\xfe2\0\n\0", b"\xff\xfex\0\n\0y\0\n\0"),
    ("utf-16 be", b"\xfe\xff\0t\0w\0o", b"\xfe\xff\x002", b"\xfe\xff\0x\0\n\0y\0\n"),
    ("latin-1", b"caf\xe9 two", b"caf\xe9 2", b"x\ny\n"),
    ("mixed", b"one\r\ntwo\n", b"one\r\n2\n", b"x\ny\n"),
];

#[tokio::test]
async fn edit_and_write_keep_a_files_form() {
    for (form, bytes, edited, written) in FORMS {
        let mut files = Files::new();
        files.put("a.txt", bytes);
        let read = files.call("Read", json!({"file_path": "a.txt"})).await;
        Files::assert_ok(&read, "two");
        let said = read.content.contains("The file's form:");
        assert_eq!(said, *form != "plain", "{form}: {}", read.content);
        // Write puts back what Read showed.
        let edit = json!({"file_path": "a.txt", "old_string": "two", "new_string": "2"});
        Files::assert_ok(&files.call("Edit", edit).await, "1 replacement.");
        assert_eq!(fs::read(files.path("a.txt")).unwrap(), *edited, "{form}");
        let write = json!({"file_path": "a.txt", "content": "x\ny\n"});
        Files::assert_ok(&files.call("Write", write).await, "Replaced");
        assert_eq!(fs::read(files.path("a.txt")).unwrap(), *written, "{form}");
        // What the tools wrote they know.
        let edit = json!({"file_path": "a.txt", "old_string": "x", "new_string": "z"});
        Files::assert_ok(&files.call("Edit", edit).await, "1 replacement.");
    }
}

#[tokio::test]
async fn new_lines_end_as_the_others_do() {
    let mut files = Files::new();
    files.put("a.txt", "one\r\ntwo\r\n");
    files.call("Read", json!({"file_path": "a.txt"})).await;
    let edit = |old: &str, new: &str| json!({"file_path": "a.txt", "old_string": old, "new_string": new});
    Files::assert_ok(&files.call("Edit", edit("one", "one\nand a half")).await, "1 replacement.");
    Files::assert_ok(&files.call("Edit", edit("half\ntwo", "half\n2\n3")).await, "1 replacement.");
    assert_eq!(fs::read(files.path("a.txt")).unwrap(), b"one\r\nand a half\r\n2\r\n3\r\n");
}

#[tokio::test]
async fn what_a_form_cannot_keep_is_refused_by_name() {
    let mut files = Files::new();
    files.put("latin.txt", b"caf\xe9 two\n");
    files.put("nul.txt", b"one\n\0two\n");
    files.put("late.bin", [vec![b'a'; 100_000], b"\0".to_vec()].concat());
    files.put("broken16.txt", b"\xff\xfea");
    files.put("utf32.txt", b"\xff\xfe\0\0a\0\0\0");
    files.call("Read", json!({"file_path": "latin.txt"})).await;
    let edit = json!({"file_path": "latin.txt", "old_string": "two", "new_string": "☃"});
    Files::assert_fails(&files.call("Edit", edit).await, Failed, "'☃' (U+2603) cannot be kept so; nothing was changed");
    let write = json!({"file_path": "latin.txt", "content": "☃"});
    Files::assert_fails(&files.call("Write", write).await, Failed, "read as Latin-1");
    assert_eq!(fs::read(files.path("latin.txt")).unwrap(), b"caf\xe9 two\n");
    for (path, why) in [
        ("nul.txt", "binary file of 9 bytes (a NUL byte at 4)"),
        ("late.bin", "a NUL byte at 100000"),
        ("broken16.txt", "UTF-16"),
        ("utf32.txt", "UTF-32"),
    ] {
        for (tool, input) in [
            ("Read", json!({"file_path": path})),
            ("Write", json!({"file_path": path, "content": "x"})),
            ("Grep", json!({"pattern": "two", "path": path})),
        ] {
            Files::assert_fails(&files.call(tool, input).await, Failed, why);
        }
    }
    // Among others they are named, not passed over.
    let found = files.call("Grep", json!({"pattern": "caf."})).await;
    Files::assert_ok(&found, "latin.txt");
    for path in ["nul.txt", "late.bin", "broken16.txt", "utf32.txt"] {
        Files::assert_ok(&found, path);
    }
    Files::assert_ok(&found, "[Not searched, because no text, or not readable:");
    let write = json!({"file_path": "new.txt", "content": "a\u{0}b"});
    Files::assert_fails(&files.call("Write", write).await, InvalidInput, "NUL character");
}

#[tokio::test]
async fn grep_finds_text_in_every_form() {
    let mut files = Files::new();
    files.put("utf16.txt", b"\xff\xfe\xfc\0b\0e\0r\0\r\0\n\0");
    files.put("latin.txt", b"\xfcber\n");
    files.put("marked.txt", b"\xef\xbb\xbf\xc3\xbcber\r\nunter\r\n");
    let found = files.call("Grep", json!({"pattern": "^über$", "output_mode": "content"})).await;
    for path in ["utf16.txt", "latin.txt", "marked.txt"] {
        Files::assert_ok(&found, &format!("{path}:1:über"));
    }
}

#[tokio::test]
async fn a_file_too_large_for_one_tool_is_too_large_for_each() {
    let mut files = Files::new();
    let huge = fs::File::create(files.path("huge.log")).unwrap();
    huge.set_len(64 * 1024 * 1024 + 1).unwrap();
    for (tool, input) in [
        ("Read", json!({"file_path": "huge.log"})),
        ("Grep", json!({"pattern": "x", "path": "huge.log"})),
        ("Write", json!({"file_path": "huge.log", "content": "x"})),
    ] {
        let outcome = files.call(tool, input).await;
        Files::assert_fails(&outcome, LimitExceeded, "larger than 64 MiB, which is the most that the file tools take");
        assert!(!outcome.content.contains("Grep"), "no advice that leads back: {}", outcome.content);
    }
}

const COMPOSED: &str = "caf\u{e9}";
const DECOMPOSED: &str = "cafe\u{301}";

#[tokio::test]
async fn a_name_finds_its_file_in_either_unicode_form() {
    for (kept, typed) in [(DECOMPOSED, COMPOSED), (COMPOSED, DECOMPOSED)] {
        let mut files = Files::new();
        files.put(&format!("{kept}/{kept}.md"), "one");
        let path = format!("{typed}/{typed}.md");
        Files::assert_ok(&files.call("Read", json!({"file_path": path})).await, "     1\tone");
        Files::assert_ok(&files.call("Write", json!({"file_path": path, "content": "two"})).await, "Replaced");
        let edit = json!({"file_path": path, "old_string": "two", "new_string": "three"});
        Files::assert_ok(&files.call("Edit", edit).await, "1 replacement.");
        Files::assert_ok(
            &files.call("Write", json!({"file_path": format!("{typed}/b.md"), "content": "b"})).await,
            "Created",
        );
        assert_eq!(fs::read_to_string(files.path(&format!("{kept}/{kept}.md"))).unwrap(), "three");
        assert_eq!(fs::read_dir(files.path("")).unwrap().count(), 1, "no second folder beside the first");
        let glob = files.call("Glob", json!({"pattern": format!("**/{typed}.*")})).await;
        Files::assert_ok(&glob, kept);
        let grep = files.call("Grep", json!({"pattern": "three", "glob": format!("{typed}.md"), "path": typed})).await;
        Files::assert_ok(&grep, kept);
    }
    // Where both are there, each is itself.
    let mut files = Files::new();
    files.put(&format!("{COMPOSED}.md"), "composed");
    files.put(&format!("{DECOMPOSED}.md"), "decomposed");
    for (name, text) in [(COMPOSED, "composed"), (DECOMPOSED, "decomposed")] {
        Files::assert_ok(&files.call("Read", json!({"file_path": format!("{name}.md")})).await, text);
    }
}

#[tokio::test]
async fn writes_stay_within_what_the_project_may_hold() {
    let mut files = Files::new();
    files.world.project_bytes = 1000;
    files.put("deep/old.txt", "x".repeat(600));
    let write = |path: &str, bytes: usize| json!({"file_path": path, "content": "y".repeat(bytes)});
    Files::assert_ok(&files.call("Write", write("a.txt", 300)).await, "Created");
    let refused = files.call("Write", write("b.txt", 101)).await;
    Files::assert_fails(&refused, LimitExceeded, "plugins.project_mib");
    assert!(!files.path("b.txt").exists());
    // What gets smaller, and what stays, always fits.
    files.call("Read", json!({"file_path": "deep/old.txt"})).await;
    Files::assert_ok(&files.call("Write", write("deep/old.txt", 500)).await, "Replaced");
    let grow = json!({"file_path": "a.txt", "old_string": "y", "new_string": "zzzz", "replace_all": true});
    Files::assert_fails(&files.call("Edit", grow).await, LimitExceeded, "plugins.project_mib");
    Files::assert_ok(&files.call("Write", write("c.txt", 200)).await, "Created");
}
