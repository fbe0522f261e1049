//! What is found, what is skipped and why, and which of two counts.

use std::path::Path;

use bricklayer_skills::{FilePath, Origin, SkillLimits, SkillSet};

use crate::support::{load, put, skill};

#[test]
fn loading_is_tolerant_and_says_what_is_odd() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "good/SKILL.md", "---\nname: good\ndescription: Does good.\n---\n# Body\n");
    put(root.path(), "folded/SKILL.md", "---\r\nname: folded\r\ndescription: >-\r\n  Two\r\n  lines.\r\n---\r\nB");
    put(root.path(), "colon/SKILL.md", "---\nname: colon\ndescription: Use when: always: yes\n---\nB");
    put(root.path(), "small/skill.md", "---\nname: small\ndescription: D\nallowed-tools: [Read, Grep]\n---\nB");
    put(root.path(), "deep/er/named/SKILL.md", "---\nname: other\ndescription: D\nversion: 1\n---\nB");
    put(root.path(), "Bad_Name/SKILL.md", "---\nname: Bad_Name\ndescription: D\n---\nB");
    put(root.path(), "no-description/SKILL.md", "---\nname: no-description\n---\nB");
    put(root.path(), "no-front/SKILL.md", "# Just text");
    put(root.path(), "broken/SKILL.md", "---\nname: [\n---\nB");
    put(root.path(), "large/SKILL.md", &skill("large", &format!("license: {}\n", "x".repeat(300 << 10))));
    put(root.path(), ".git/hidden/SKILL.md", &skill("hidden", ""));
    put(root.path(), "node_modules/hidden/SKILL.md", &skill("hidden", ""));
    put(root.path(), "a/b/c/d/e/SKILL.md", &skill("e", ""));
    let set = load(&[(Origin::Operator, root.path()), (Origin::Shipped, &root.path().join("absent"))]);
    assert_eq!(set.names(), ["colon", "folded", "good", "other", "small"]);
    assert_eq!(set.get("good").unwrap().description(), "Does good.");
    assert_eq!(set.get("folded").unwrap().description(), "Two lines.");
    assert_eq!(set.get("colon").unwrap().description(), "Use when: always: yes");
    assert_eq!(set.get("small").unwrap().allowed_tools(), Some("Read Grep"));
    let warnings = set.warnings().join("\n");
    for part in
        ["Bad_Name: skipped", "no-description: skipped", "no-front: skipped", "broken: skipped", "large: skipped"]
    {
        assert!(warnings.contains(part), "{part} in {warnings}");
    }
    assert!(warnings.contains("deep/er/named: its name other is not its folder's"), "{warnings}");
}

#[test]
fn the_projects_skill_counts_before_the_operators_before_the_shipped_one() {
    let [project, operator, shipped] = std::array::from_fn(|_| tempfile::tempdir().unwrap());
    for (root, names) in
        [(&project, &["one"] as &[&str]), (&operator, &["one", "two"]), (&shipped, &["one", "two", "six"])]
    {
        for name in names {
            put(root.path(), &format!("{name}/SKILL.md"), &skill(name, ""));
        }
    }
    put(shipped.path(), "z/SKILL.md", &skill("six", ""));
    let set = load(&[
        (Origin::Project, project.path()),
        (Origin::Operator, operator.path()),
        (Origin::Shipped, shipped.path()),
    ]);
    let told: Vec<_> = set.iter().map(|skill| (skill.name(), skill.origin(), skill.replaces())).collect();
    let expect = [
        ("one", Origin::Project, Some(Origin::Operator)),
        ("six", Origin::Shipped, None),
        ("two", Origin::Operator, Some(Origin::Shipped)),
    ];
    assert_eq!(told, expect);
    assert!(set.warnings().iter().any(|text| text == "z: a skill named six exists already"), "{:?}", set.warnings());
}

#[test]
fn a_scan_is_bounded() {
    let root = tempfile::tempdir().unwrap();
    for n in 0..30 {
        put(root.path(), &format!("skill-{n:02}/SKILL.md"), &skill(&format!("skill-{n:02}"), ""));
    }
    let limits = SkillLimits { folders: 11, ..SkillLimits::default() };
    let set = SkillSet::load(&[(Origin::Shipped, root.path().to_path_buf())], &limits);
    assert_eq!(set.len(), 10, "and the root itself");
    assert!(set.warnings().join("\n").contains("more than 11 folders"), "{:?}", set.warnings());
}

#[test]
fn families_follow_the_skills_that_name_them() {
    let root = tempfile::tempdir().unwrap();
    for (name, families) in
        [("jobs", "databricks-jobs databricks-compute"), ("compute", "databricks-compute"), ("x", "")]
    {
        let more = format!("metadata:\n  bricklayer-families: \"{families}\"\n");
        put(root.path(), &format!("{name}/SKILL.md"), &skill(name, &more));
    }
    let all = load(&[(Origin::Shipped, root.path())]);
    let hidden = |enabled: &[&str]| -> Vec<String> {
        let names = enabled.iter().map(|&name| name.to_owned()).collect();
        all.families_hidden_without(&all.only(&names)).into_iter().collect()
    };
    assert_eq!(hidden(&["jobs", "compute", "x"]), Vec::<String>::new());
    assert_eq!(hidden(&["compute", "x"]), ["databricks-jobs"]);
    assert_eq!(hidden(&["jobs"]), Vec::<String>::new());
    assert_eq!(hidden(&[]), ["databricks-compute", "databricks-jobs"]);
}

#[test]
fn the_body_and_the_files_are_those_of_the_moment() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "sql/SKILL.md", &skill("sql", ""));
    let set = load(&[(Origin::Shipped, root.path())]);
    let (sql, limits) = (set.get("sql").unwrap(), SkillLimits::default());
    assert_eq!(sql.body(&limits).unwrap(), "# sql");
    put(root.path(), "sql/references/dates.md", "date_trunc");
    put(root.path(), "sql/.hidden", "x");
    put(root.path(), "sql/__pycache__/x.pyc", "x");
    assert_eq!(sql.resources(&limits).unwrap(), [FilePath::parse("references/dates.md").unwrap()]);
    std::fs::remove_dir_all(root.path().join("sql")).unwrap();
    assert!(sql.body(&limits).unwrap_err().to_string().contains("there is no `SKILL.md`"));
    assert!(!Path::new("sql").exists());
}
