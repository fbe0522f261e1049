//! Skills: what is loaded, what is skipped and why, and what the model gets.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use bricklayer_agent::{BuiltInTools, PromptFacts, SkillSet, WorkspaceFact, system_prompt};
use bricklayer_domain::{ToolErrorKind, TurnSettings};
use serde_json::json;

use crate::support::*;

fn put(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn loading_is_tolerant_and_says_what_is_odd() {
    let root = tempfile::tempdir().unwrap();
    let shadow = tempfile::tempdir().unwrap();
    put(root.path(), "good/SKILL.md", "---\nname: good\ndescription: Does good.\n---\n# Body\n");
    put(root.path(), "folded/SKILL.md", "---\r\nname: folded\r\ndescription: >-\r\n  Two\r\n  lines.\r\n---\r\nB");
    put(root.path(), "colon/SKILL.md", "---\nname: colon\ndescription: Use when: always: yes\n---\nB");
    put(root.path(), "deep/er/named/SKILL.md", "---\nname: other\ndescription: D\n---\nB");
    put(root.path(), "Bad_Name/SKILL.md", "---\nname: Bad_Name\ndescription: D\n---\nB");
    put(root.path(), "no-description/SKILL.md", "---\nname: no-description\n---\nB");
    put(root.path(), "no-front/SKILL.md", "# Just text");
    put(root.path(), "broken/SKILL.md", "---\nname: [\n---\nB");
    put(root.path(), ".git/hidden/SKILL.md", "---\nname: hidden\ndescription: D\n---\nB");
    put(shadow.path(), "good/SKILL.md", "---\nname: good\ndescription: Shadow.\n---\nB");
    let roots = [root.path().to_owned(), shadow.path().to_owned(), root.path().join("absent")];
    let set = SkillSet::load(&roots);
    let names: Vec<&str> = set.iter().map(|skill| skill.name()).collect();
    assert_eq!(names, ["colon", "folded", "good", "other"]);
    assert_eq!(set.get("good").unwrap().description(), "Does good.");
    assert_eq!(set.get("folded").unwrap().description(), "Two lines.");
    assert_eq!(set.get("colon").unwrap().description(), "Use when: always: yes");
    let warnings = set.warnings().join("\n");
    for part in ["Bad_Name: skipped", "no-description: skipped", "no-front: skipped", "broken: skipped"] {
        assert!(warnings.contains(part), "{part} in {warnings}");
    }
    assert!(warnings.contains("a skill named good exists already"));
}

#[tokio::test]
async fn the_model_loads_a_skill_and_its_files_but_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "outside.txt", "secret");
    put(root.path(), "skills/sql/SKILL.md", "---\nname: sql\ndescription: Writes SQL.\n---\nUse CTEs.");
    put(root.path(), "skills/sql/references/dates.md", "date_trunc");
    let skills = Arc::new(SkillSet::load(&[root.path().join("skills")]));
    let load = |id: &str, input| tool_use(id, "Skill", input);
    let script = vec![calls(vec![
        load("body", json!({"name": "sql"})),
        load("file", json!({"name": "sql", "file": "references/dates.md"})),
        load("escape", json!({"name": "sql", "file": "../../outside.txt"})),
        load("unknown", json!({"name": "python"})),
    ])];
    let mut world = World::new(ScriptedModel::new(script), TableTools::none());
    world.skills = skills;
    world.ask("go").await;
    let body = world.outcome("body").content;
    assert!(body.contains("Use CTEs.") && body.contains("- references/dates.md"), "{body}");
    assert_eq!(world.outcome("file").content, "date_trunc");
    assert_eq!(world.outcome("escape").failure.unwrap().kind, ToolErrorKind::Denied);
    let unknown = world.outcome("unknown");
    assert_eq!(unknown.failure.unwrap().kind, ToolErrorKind::NotFound);
    assert!(unknown.content.contains("there are: sql"));
}

#[test]
fn the_prompt_lists_skills_and_facts_and_never_changes_by_itself() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "sql/SKILL.md", "---\nname: sql\ndescription: \"Writes\\nSQL.\"\n---\nB");
    let skills = SkillSet::load(&[root.path().to_owned()]);
    let facts = PromptFacts {
        workspace: WorkspaceFact::Remote("https://x.cloud.databricks.com".parse().unwrap()),
        // As a log may hold them.
        settings: serde_json::from_value(json!({"warehouse_id": "abc", "default_catalog": "main`\n# Injected"}))
            .unwrap(),
    };
    let prompt = system_prompt(&facts, &skills);
    assert_eq!(prompt, system_prompt(&facts, &skills));
    assert!(prompt.contains("- sql: Writes SQL."), "{prompt}");
    assert!(prompt.contains("https://x.cloud.databricks.com/jobs/<id>"));
    assert!(prompt.contains("- SQL warehouse chosen by the user: `abc`"));
    assert!(prompt.contains("- Default catalog: `main  # Injected`"), "a setting stays on its line");
    let none = SkillSet::default();
    assert!(!system_prompt(&PromptFacts::default(), &none).contains("## Skills"));
    let names = |skills| {
        let list = BuiltInTools::new(Arc::new(skills)).list();
        list.iter().map(|spec| spec.name.0.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(none), ["Read", "Write", "Edit", "Glob", "Grep", "read_result", "make_chart"]);
    assert_eq!(names(skills).last().map(String::as_str), Some("Skill"));
}

#[test]
fn the_prompt_says_which_workspace_there_is() {
    let skills = SkillSet::default();
    let prompt = |workspace| system_prompt(&PromptFacts { workspace, settings: TurnSettings::default() }, &skills);
    insta::assert_snapshot!("prompt_without_workspace", prompt(WorkspaceFact::None));
    insta::assert_snapshot!("prompt_with_local_workspace", prompt(WorkspaceFact::Local));
    let remote = WorkspaceFact::Remote("https://x.cloud.databricks.com/".parse().unwrap());
    insta::assert_snapshot!("prompt_with_remote_workspace", prompt(remote));
}
