//! Skills: what the model gets of them.

use std::fs;
use std::path::Path;

use bricklayer_agent::{Actor, BuiltInTools, PromptFacts, WorkspaceFact, system_prompt};
use bricklayer_domain::{ToolErrorKind, TurnSettings};
use bricklayer_skills::{AgentSet, Origin, SkillLimits, SkillSet};
use serde_json::json;

use crate::support::*;

fn put(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn load(root: &Path) -> SkillSet {
    SkillSet::load(&[(Origin::Shipped, root.to_owned())], &SkillLimits::default())
}

#[tokio::test]
async fn the_model_loads_a_skill_and_its_files_but_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "outside.txt", "secret");
    put(root.path(), "skills/sql/SKILL.md", "---\nname: sql\ndescription: Writes SQL.\n---\nUse CTEs.");
    put(root.path(), "skills/sql/references/dates.md", "date_trunc");
    let skills = load(&root.path().join("skills"));
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
    let skills = load(root.path());
    let facts = PromptFacts {
        workspace: WorkspaceFact::Remote("https://x.cloud.databricks.com".parse().unwrap()),
        // As a log may hold them.
        settings: serde_json::from_value(json!({"warehouse_id": "abc", "default_catalog": "main`\n# Injected"}))
            .unwrap(),
    };
    let agent = Actor::default();
    let prompt = system_prompt(&facts, &agent, &skills);
    assert_eq!(prompt, system_prompt(&facts, &agent, &skills));
    assert!(prompt.contains("- sql: Writes SQL."), "{prompt}");
    assert!(prompt.contains("https://x.cloud.databricks.com/jobs/<id>"));
    assert!(prompt.contains("- SQL warehouse chosen by the user: `abc`"));
    assert!(prompt.contains("- Default catalog: `main  # Injected`"), "a setting stays on its line");
    let none = SkillSet::default();
    assert!(!system_prompt(&PromptFacts::default(), &agent, &none).contains("## Skills"));
    let names = |skills| {
        let list = BuiltInTools::default().list(&skills, &AgentSet::default());
        list.iter().map(|spec| spec.name.0.clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        names(none),
        [
            "Read",
            "Write",
            "Edit",
            "NotebookEdit",
            "Glob",
            "Grep",
            "read_result",
            "make_chart",
            "TodoWrite",
            "AskUserQuestion",
            "EnterPlanMode",
            "ExitPlanMode"
        ]
    );
    assert_eq!(names(skills).last().map(String::as_str), Some("Skill"));
}

#[test]
fn the_prompt_says_which_workspace_there_is() {
    let skills = SkillSet::default();
    let prompt = |workspace| {
        system_prompt(&PromptFacts { workspace, settings: TurnSettings::default() }, &Actor::default(), &skills)
    };
    insta::assert_snapshot!("prompt_without_workspace", prompt(WorkspaceFact::None));
    insta::assert_snapshot!("prompt_with_local_workspace", prompt(WorkspaceFact::Local));
    let remote = WorkspaceFact::Remote("https://x.cloud.databricks.com/".parse().unwrap());
    insta::assert_snapshot!("prompt_with_remote_workspace", prompt(remote));
}

#[test]
fn one_choice_of_skills_has_one_list_of_tools() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "sql/SKILL.md", "---\nname: sql\ndescription: Writes SQL.\n---\nB");
    let tools = BuiltInTools::default();
    let none = AgentSet::default();
    let first = tools.list(&load(root.path()), &none);
    let again = tools.list(&load(root.path()), &none);
    assert!(first.iter().zip(again.iter()).all(|(one, other)| std::sync::Arc::ptr_eq(one, other)));
    let skill = first.last().unwrap();
    assert_eq!(skill.input_schema["properties"]["name"]["enum"], json!(["sql"]));
    assert!(tools.list(&SkillSet::default(), &none).iter().all(|spec| spec.name.0 != "Skill"));
}

#[tokio::test]
async fn the_tools_that_a_skill_asks_for_are_not_granted_by_it() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "sql/SKILL.md", "---\nname: sql\ndescription: D\nallowed-tools: Write Edit\n---\nB");
    let write = tool_use("write", "Write", json!({"file_path": "a.txt", "content": "x"}));
    let script = vec![calls(vec![tool_use("load", "Skill", json!({"name": "sql"}))]), calls(vec![write])];
    let mut world = World::new(ScriptedModel::new(script), TableTools::none());
    world.skills = load(root.path());
    world.mode = bricklayer_domain::PermissionMode::ReadOnly;
    world.ask("go").await;
    assert!(world.outcome("load").failure.is_none());
    assert_eq!(world.outcome("write").failure.unwrap().kind, ToolErrorKind::Denied);
    assert!(!world.dir.path().join("a.txt").exists());
}
