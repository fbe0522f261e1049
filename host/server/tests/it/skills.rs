//! Skills of a project: copied when it is made, chosen, changed, uploaded, loaded by a model.

use std::collections::BTreeSet;
use std::path::Path;

use bricklayer_server::app::App;
use bricklayer_server::config::SkillsConfig;
use bricklayer_server::lifecycle::Lifecycle;
use serde_json::{Value, json};

use crate::support::{Api, Chat, Engine, Server, World, both_engines};

fn put(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn skill(name: &str, more: &str) -> String {
    format!("---\nname: {name}\ndescription: Does {name}.\n{more}---\nBody of {name}.\n")
}

/// A ZIP archive whose entries are stored as they are.
fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    fn crc(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0_u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
        })
    }
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let size = (content.len() as u32).to_le_bytes();
        let head =
            [&[20, 0, 0, 0, 0, 0, 0, 0, 0, 0], &crc(content.as_bytes()).to_le_bytes()[..], &size, &size].concat();
        let lengths = [(name.len() as u16).to_le_bytes(), [0; 2]].concat();
        let offset = (bytes.len() as u32).to_le_bytes();
        bytes.extend([b"PK\x03\x04", &head[..], &lengths, name.as_bytes(), content.as_bytes()].concat());
        directory.extend([b"PK\x01\x02\x1e\x03", &head[..], &lengths, &[0; 6], &[0, 0, 0xa4, 0x81], &offset].concat());
        directory.extend(name.as_bytes());
    }
    let (count, offset) = ((files.len() as u16).to_le_bytes(), (bytes.len() as u32).to_le_bytes());
    let size = (directory.len() as u32).to_le_bytes();
    let end = [b"PK\x05\x06\0\0\0\0", &count[..], &count, &size, &offset, &[0; 2]].concat();
    [bytes, directory, end].concat()
}

/// A host whose operator has skills: of jobs, which goes with a family, and of style, which stands in a shipped one's
/// place.
async fn scene(engine: Engine) -> (World, tempfile::TempDir, Server) {
    let world = World::new(engine).await;
    let operator = tempfile::tempdir().unwrap();
    let families = "metadata:\n  bricklayer-families: databricks-jobs\n";
    put(operator.path(), "our-jobs/SKILL.md", &skill("our-jobs", families));
    put(operator.path(), "our-style/SKILL.md", &skill("our-style", "allowed-tools: Write\n"));
    put(operator.path(), "our-style/references/colours.md", "Red and black.");
    let names = ["our-jobs", "our-style", "databricks-sql"].map(str::to_owned);
    let mut config = world.config();
    config.skills =
        SkillsConfig { dir: Some(operator.path().to_owned()), enabled: Some(names.into()), ..SkillsConfig::default() };
    let server = Server::start(config).await;
    (world, operator, server)
}

/// `our-jobs on project`, one for each skill.
fn lines(list: &Value) -> Vec<String> {
    let line = |skill: &Value| {
        let state = if skill["enabled"] == true { "on" } else { "off" };
        format!("{} {state} {}", skill["name"].as_str().unwrap(), skill["origin"].as_str().unwrap())
    };
    list["skills"].as_array().unwrap().iter().map(line).collect()
}

async fn project(api: &Api) -> (String, String) {
    let project = api.project("Skilled").await;
    let skills = format!("/api/projects/{project}/skills");
    (project, skills)
}

#[test]
fn a_project_gets_copies_and_chooses_among_them() {
    both_engines(|engine| async move {
        let (_world, operator, server) = scene(engine).await;
        let ann = server.as_user("ann");
        let (id, skills) = project(&ann).await;
        let list = ann.get(&format!("{skills}/available")).await.ok();
        assert_eq!(lines(&list), ["databricks-sql on project", "our-jobs on project", "our-style on project"]);
        assert_eq!(
            [&list["all_enabled"], &list["enabled_count"], &list["total_count"]],
            [&json!(true), &json!(3), &json!(3)]
        );
        let style = &list["skills"][2];
        assert_eq!(
            [&style["copied"], &style["edited"], &style["replaces"]],
            [&json!(true), &json!(false), &json!("operator")]
        );
        assert_eq!(style["allowed_tools"], "Write");

        let chosen = json!({"enabled_skills": ["our-style"]});
        let enabled = ann.put(&format!("{skills}/enabled"), chosen).await.ok();
        assert_eq!(enabled, json!({"success": true, "enabled_skills": ["our-style"], "all_enabled": false}));
        let list = ann.get(&format!("{skills}/available")).await.ok();
        assert_eq!([&list["all_enabled"], &list["enabled_count"]], [&json!(false), &json!(1)]);
        let prompt = ann.get(&format!("/api/system_prompt?project_id={id}")).await.ok().to_string();
        assert!(prompt.contains("- our-style: Does our-style.") && !prompt.contains("- our-jobs"), "{prompt}");
        let unknown = json!({"enabled_skills": ["our-stile"]});
        let refused = ann.put(&format!("{skills}/enabled"), unknown).await.problem(404, "not-found");
        assert!(refused["detail"].as_str().unwrap().contains("`our-stile`"), "{refused}");
        ann.put(&format!("{skills}/enabled"), json!({"enabled_skills": []})).await.ok();
        let prompt = ann.get(&format!("/api/system_prompt?project_id={id}")).await.ok().to_string();
        assert!(!prompt.contains("## Skills"), "{prompt}");
        ann.put(&format!("{skills}/enabled"), json!({"enabled_skills": null})).await.ok();
        assert_eq!(ann.get(&format!("{skills}/available")).await.ok()["all_enabled"], true);

        // What the operator changes comes with a reload; what was edited here stays.
        put(operator.path(), "our-jobs/references/more.md", "More.");
        put(operator.path(), "our-style/references/colours.md", "Blue.");
        let colours = format!("{skills}/file?path=our-style/references/colours.md");
        let seen = ann.get(&colours).await.ok();
        assert_eq!([&seen["content"], &seen["filename"]], [&json!("Red and black."), &json!("colours.md")]);
        let edit = |content: &str, base: &Value| json!({"path": seen["path"], "content": content, "base": base});
        ann.put(&format!("{skills}/file"), edit("Green.", &seen["digest"])).await.ok();
        ann.put(&format!("{skills}/file"), edit("Pink.", &seen["digest"])).await.problem(409, "skill-file-changed");
        let done = ann.post(&format!("{skills}/reload"), json!({})).await.ok();
        assert_eq!(
            [&done["copied"], &done["kept"], &done["removed"]],
            [&json!(["our-jobs"]), &json!(["our-style"]), &json!([])]
        );
        assert_eq!(ann.get(&colours).await.ok()["content"], "Green.");
        assert_eq!(ann.get(&format!("{skills}/available")).await.ok()["skills"][2]["edited"], true);
        ann.post(&format!("{skills}/reload?discard_edits=true"), json!({})).await.ok();
        assert_eq!(ann.get(&colours).await.ok()["content"], "Blue.");
        server.stop().await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_shown_changed_and_bounded() {
    let (world, _operator, server) = scene(Engine::Sqlite).await;
    let ann = server.as_user("ann");
    let (id, skills) = project(&ann).await;
    let tree = ann.get(&format!("{skills}/tree")).await.ok();
    let style = &tree["tree"][2];
    assert_eq!([&style["name"], &style["type"]], [&json!("our-style"), &json!("directory")], "{tree:#}");
    let paths: Vec<_> = style["children"].as_array().unwrap().iter().map(|node| node["path"].clone()).collect();
    assert_eq!(paths, [json!("our-style/references"), json!("our-style/SKILL.md")], "folders first");

    let file = async |path: &str| ann.get(&format!("{skills}/file?path={path}")).await;
    for path in
        ["our-style/../our-jobs/SKILL.md", "our-style//etc/passwd", "our-style", "our-style/.hidden", "..%2F/SKILL.md"]
    {
        file(path).await.problem(422, "invalid-request");
    }
    for path in ["our-style/absent.md", "absent/SKILL.md", "our-style/references"] {
        file(path).await.problem(404, "not-found");
    }
    let write = async |path: &str, content: &str, base: Value| {
        ann.put(&format!("{skills}/file"), json!({"path": path, "content": content, "base": base})).await
    };
    let digest = file("our-style/SKILL.md").await.ok()["digest"].clone();
    let invalid = write("our-style/SKILL.md", &skill("other", ""), digest.clone()).await.problem(422, "invalid-skill");
    assert!(invalid["detail"].as_str().unwrap().contains("not its folder's"), "{invalid}");
    write("our-style/SKILL.md", &skill("our-style", "license: MIT\n"), digest).await.ok();
    write("our-style/new/note.md", "A note.", Value::Null).await.ok();
    write("our-style/large.md", &"x".repeat(257 << 10), Value::Null).await.problem(413, "too-large");
    write("our-style/../x.md", "x", Value::Null).await.problem(422, "invalid-request");
    write("absent/SKILL.md", "x", Value::Null).await.problem(404, "not-found");
    let list = ann.get(&format!("{skills}/available")).await.ok();
    assert_eq!([&list["skills"][2]["license"], &list["skills"][2]["edited"]], [&json!("MIT"), &json!(true)]);

    // No tool of a turn reaches them: they are not in the project's folder.
    let mut chat = Chat::within(&world.model, &ann, id.clone());
    let found = chat.call("Glob", json!({"pattern": "**/SKILL.md"})).await;
    assert!(!found["content"].as_str().unwrap().contains("our-style"), "{found:#}");
    assert!(!world.project_dir(&id).join(".claude").exists());

    // Removing the project's own brings the host's back.
    ann.delete(&format!("{skills}/own/our-style")).await.ok();
    let list = ann.get(&format!("{skills}/available")).await.ok();
    assert_eq!(lines(&list)[2], "our-style on operator");
    ann.delete(&format!("{skills}/own/our-style")).await.problem(404, "not-found");
    // Editing it makes it the project's again.
    let digest = file("our-style/references/colours.md").await.ok()["digest"].clone();
    write("our-style/references/colours.md", "White.", digest).await.ok();
    assert_eq!(lines(&ann.get(&format!("{skills}/available")).await.ok())[2], "our-style on project");
    let folder = world.data_dir().join("skills").join(&id);
    assert!(folder.join("our-style/SKILL.md").exists());

    // Subagents lie beside skills: the project's before the host's.
    std::fs::create_dir(folder.join("agents")).unwrap();
    let own = "---\nname: data-explorer\ndescription: Ours.\ntools: Read\n---\nLook.\n";
    std::fs::write(folder.join("agents/data-explorer.md"), own).unwrap();
    let agents = ann.get(&format!("/api/projects/{id}/agents")).await.ok();
    let told = agents["agents"].as_array().unwrap().iter();
    let told: Vec<_> = told.map(|agent| [&agent["name"], &agent["origin"], &agent["replaces"]]).collect();
    assert_eq!(told[0], [&json!("bundle-specialist"), &json!("shipped"), &json!(null)]);
    assert_eq!(told[1], [&json!("data-explorer"), &json!("project"), &json!("shipped")]);
    assert_eq!([&agents["agents"][1]["tools"], &agents["agents"][1]["prompt"]], [&json!(["Read"]), &json!("Look.")]);
    server.as_user("eve").get(&format!("/api/projects/{id}/agents")).await.problem(404, "not-found");
    ann.delete(&format!("/api/projects/{id}")).await.ok();
    assert!(!folder.exists());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skill_is_uploaded_and_loaded_by_the_model() {
    let (world, _operator, server) = scene(Engine::Sqlite).await;
    let ann = server.as_user("ann");
    let (id, skills) = project(&ann).await;
    let upload = format!("{skills}/upload");
    let bytes = archive(&[("mine/SKILL.md", &skill("mine", "")), ("mine/references/a.md", "Deep knowledge.")]);
    ann.put(&format!("{skills}/enabled"), json!({"enabled_skills": ["our-jobs"]})).await.ok();
    let taken = ann.upload_skill(&upload, bytes.clone()).await;
    assert_eq!(taken.status, 201, "{taken:?}");
    assert_eq!([&taken.json()["name"], &taken.json()["enabled"]], [&json!("mine"), &json!(true)]);
    ann.upload_skill(&upload, bytes.clone()).await.problem(409, "skill-exists");
    assert_eq!(ann.upload_skill(&format!("{upload}?replace=true"), bytes.clone()).await.status, 201);
    let link = archive(&[("mine/SKILL.md", &skill("mine", "")), ("mine/../../x", "x")]);
    ann.upload_skill(&upload, link).await.problem(422, "invalid-request");
    ann.upload_skill(&upload, b"no archive".to_vec()).await.problem(422, "bad-archive");
    ann.upload_skill(&upload, archive(&[("SKILL.md", "---\nname: x\n---\n")])).await.problem(422, "invalid-skill");
    ann.upload_skill(&upload, vec![0; (8 << 20) + 1]).await.problem(413, "body-too-large");
    ann.post(&upload, json!({})).await.problem(415, "unsupported-media-type");
    server.as_user("eve").upload_skill(&upload, bytes).await.problem(404, "not-found");

    let mut chat = Chat::within(&world.model, &ann, id);
    let body = chat.call("Skill", json!({"name": "mine"})).await;
    let text = body["content"].as_str().unwrap();
    assert!(text.contains("Body of mine.") && text.contains("- references/a.md"), "{body:#}");
    let file = chat.call("Skill", json!({"name": "mine", "file": "references/a.md"})).await;
    assert_eq!(file["content"], "Deep knowledge.");
    for (input, kind) in [
        (json!({"name": "mine", "file": "../our-jobs/SKILL.md"}), "denied"),
        (json!({"name": "mine", "file": "absent.md"}), "not-found"),
        (json!({"name": "our-style"}), "not-found"),
    ] {
        assert_eq!(chat.call("Skill", input.clone()).await["error_kind"], kind, "{input}");
    }
    ann.delete(&format!("{skills}/own/mine")).await.ok();
    assert_eq!(chat.call("Skill", json!({"name": "mine"})).await["error_kind"], "not-found");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_of_a_family_go_with_the_skills_that_name_it() {
    let (world, _operator, server) = scene(Engine::Sqlite).await;
    let ann = server.as_user("ann");
    let (id, skills) = project(&ann).await;
    let list_jobs = "mcp__databricks__list_jobs";
    ann.put(&format!("{skills}/enabled"), json!({"enabled_skills": ["our-style"]})).await.ok();
    let mut chat = Chat::within(&world.model, &ann, id.clone());
    let hidden = chat.call(list_jobs, json!({})).await;
    assert_eq!(hidden["is_error"], true, "{hidden:#}");
    assert!(hidden["content"].as_str().unwrap().contains("hidden in this project"), "{hidden:#}");
    ann.put(&format!("{skills}/enabled"), json!({"enabled_skills": ["our-jobs"]})).await.ok();
    let shown = chat.call(list_jobs, json!({})).await;
    assert!(!shown["content"].as_str().unwrap().contains("hidden"), "{shown:#}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_no_skill_has_stops_the_start() {
    let world = World::sqlite().await;
    let mut config = world.config();
    config.skills.enabled = Some(BTreeSet::from(["databricks-sqll".to_owned()]));
    let error = App::build(config, Lifecycle::new()).await.unwrap_err().to_string();
    assert!(error.contains("`databricks-sqll`") && error.contains("did you mean `databricks-sql`?"), "{error}");
}
