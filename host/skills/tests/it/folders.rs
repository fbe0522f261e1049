//! What is read and written of a skill's folder, and that nothing outside it is.

use bricklayer_skills::{FilePath, Origin, SkillError, SkillLimits, SkillStore};
use cap_std::ambient_authority;
use cap_std::fs::Dir;

use crate::support::{load, put, skill};

fn path(text: &str) -> FilePath {
    FilePath::parse(text).unwrap()
}

#[test]
fn paths_neither_climb_nor_hide() {
    for good in ["SKILL.md", "references/a.md", "a/b/ü c.txt"] {
        assert_eq!(path(good).as_str(), good);
    }
    for wrong in ["", "/etc/passwd", "..", "../x", "a/../b", "a//b", "a/", ".git/config", "a/.b", "a\\b", "a\nb", "./a"]
    {
        assert!(matches!(FilePath::parse(wrong), Err(SkillError::BadPath(_))), "{wrong:?}");
    }
    assert!(FilePath::parse(&"x".repeat(513)).is_err());
}

#[cfg(unix)]
#[test]
fn no_link_is_followed_and_no_pipe_waited_for() {
    use std::os::unix::fs::symlink;
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "secret/SKILL.md", &skill("secret", ""));
    put(root.path(), "secret/key.txt", "secret");
    put(root.path(), "skills/sql/SKILL.md", &skill("sql", ""));
    put(root.path(), "skills/sql/own.md", "own");
    let sql = root.path().join("skills/sql");
    symlink(root.path().join("secret/key.txt"), sql.join("key.txt")).unwrap();
    symlink("../../secret", sql.join("folder")).unwrap();
    symlink("own.md", sql.join("inside.md")).unwrap();
    symlink("../../secret", root.path().join("skills/secret")).unwrap();
    std::fs::create_dir(root.path().join("skills/linked")).unwrap();
    symlink("../../secret/SKILL.md", root.path().join("skills/linked/SKILL.md")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(sql.join("pipe")).status().unwrap().success());
    let set = load(&[(Origin::Operator, &root.path().join("skills"))]);
    assert_eq!(set.names(), ["sql"]);
    let (folder, limits) = (set.get("sql").unwrap().folder(), SkillLimits::default());
    assert_eq!(folder.read_text(&path("own.md"), &limits).unwrap(), "own");
    for outside in ["key.txt", "folder/key.txt", "inside.md", "pipe", "absent.md"] {
        let error = folder.read(&path(outside), &limits).unwrap_err();
        assert!(matches!(error, SkillError::NotAFile(_) | SkillError::NotFound(_)), "{outside}: {error:?}");
    }
    let listed: Vec<_> = folder.files(&limits).unwrap().0.into_iter().map(|file| file.path.to_string()).collect();
    assert_eq!(listed, ["SKILL.md", "own.md"]);
}

#[test]
fn a_store_replaces_whole_skills_and_keeps_its_bounds() {
    let root = tempfile::tempdir().unwrap();
    let store = SkillStore::new(Dir::open_ambient_dir(root.path(), ambient_authority()).unwrap());
    let limits = SkillLimits { files: 3, file_bytes: 100, skill_bytes: 150, depth: 2, ..SkillLimits::default() };
    let file = |name: &str, content: &str| (path(name), content.as_bytes().to_vec());
    let body = file("SKILL.md", &skill("one", ""));
    let first = store.put("one", &[body.clone(), file("references/a.md", "a")], &limits).unwrap();
    assert_eq!(store.digest("one", &limits).as_deref(), Some(&*first));
    let second = store.put("one", &[body.clone(), file("references/b.md", "b")], &limits).unwrap();
    assert_ne!(first, second);
    let set = store.scan(&limits);
    assert_eq!(set.get("one").unwrap().resources(&limits).unwrap(), [path("references/b.md")]);

    for wrong in [
        vec![body.clone(), file("a", ""), file("b", ""), file("c", "")],
        vec![body.clone(), file("a", &"x".repeat(101))],
        vec![body.clone(), file("a", &"x".repeat(99)), file("b", &"x".repeat(99))],
        vec![body.clone(), file("a/b/c", "x")],
    ] {
        assert!(matches!(store.put("one", &wrong, &limits), Err(SkillError::TooLarge { .. })));
    }
    for wrong in ["", "..", "One", "a/b", ".incoming"] {
        assert!(
            matches!(store.put(wrong, std::slice::from_ref(&body), &limits), Err(SkillError::BadPath(_))),
            "{wrong}"
        );
        assert!(matches!(store.remove(wrong), Err(SkillError::BadPath(_))), "{wrong}");
    }
    assert_eq!(store.digest("one", &limits), Some(second), "what was refused changed nothing");

    let edited = store.put_file("one", &path("references/b.md"), b"c".to_vec(), &limits).unwrap();
    assert_eq!(store.digest("one", &limits), Some(edited));
    let invalid = store.put_file("one", &path("SKILL.md"), b"---\nname: two\n---\n".to_vec(), &limits).unwrap_err();
    assert!(matches!(invalid, SkillError::Invalid(problems) if problems.len() == 2));
    assert!(matches!(store.put_file("two", &path("SKILL.md"), vec![], &limits), Err(SkillError::NotFound(_))));
    store.remove("one").unwrap();
    store.remove("one").unwrap();
    assert!(store.scan(&limits).is_empty());
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0, "nothing is left behind");
}

#[test]
fn what_a_crash_left_behind_is_no_skill_and_is_cleared() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), ".incoming/SKILL.md", &skill("half", ""));
    put(root.path(), ".outgoing/SKILL.md", &skill("old", ""));
    let store = SkillStore::new(Dir::open_ambient_dir(root.path(), ambient_authority()).unwrap());
    let limits = SkillLimits::default();
    assert!(store.scan(&limits).is_empty());
    store.put("one", &[(path("SKILL.md"), skill("one", "").into_bytes())], &limits).unwrap();
    assert_eq!(store.scan(&limits).names(), ["one"]);
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 1);
}
