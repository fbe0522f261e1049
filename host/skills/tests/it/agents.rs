//! Subagents as files: the shipped ones, what a tolerant reader makes of others, what a strict one says.

use std::fs;

use bricklayer_skills::{AgentSet, Origin, agent_problems};

use crate::shipped;
use crate::support::put;

/// Tools of the host that have names of their own.
const BUILT_IN: [&str; 7] = ["Read", "Write", "Edit", "NotebookEdit", "Glob", "Grep", "Skill"];

#[test]
fn shipped_ones_are_valid_and_name_tools_that_exist() {
    let tools = shipped::tools();
    let set = AgentSet::load(&[(Origin::Shipped, shipped::root().join("skills"))]);
    assert_eq!(set.warnings(), Vec::<String>::new());
    assert_eq!(set.names(), ["bundle-specialist", "data-explorer", "deployment-manager"]);
    for agent in set.iter() {
        let name = agent.name();
        let text = fs::read_to_string(shipped::root().join(format!("skills/agents/{name}.md"))).unwrap();
        assert_eq!(agent_problems(&text, name), Vec::<String>::new(), "{name}");
        let named = agent.tools().unwrap();
        assert!(!named.is_empty() && agent.model().is_none());
        for tool in named {
            assert!(BUILT_IN.contains(&&**tool) || tools.contains(tool), "{name} names {tool}, which is no tool");
        }
    }
    // Whoever explores changes nothing.
    let explorer = set.get("data-explorer").unwrap();
    assert!(!explorer.tools().unwrap().iter().any(|tool| tool == "Write" || tool.starts_with("create")));
}

fn agent(front: &str) -> String {
    format!("---\n{front}\n---\nDo it well.\n")
}

#[test]
fn loading_is_tolerant_and_bounded() {
    let root = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| put(root.path(), &format!("agents/{name}"), text);
    file("a.md", &agent("name: a\ndescription: Use when: it fits\ntools: Read, mcp__x__go\nmodel: fast\ncolor: red"));
    file("b.md", &agent("description: Has no name.\ntools:\n  - Read\n  - Grep\nmodel: inherit"));
    file("c.md", &agent("name: a\ndescription: Another of that name."));
    file("d.md", &agent("name: d"));
    file("e.md", "no front matter");
    file("f.md", "---\nname: f\ndescription: Says nothing.\n---\n  \n");
    file("g.md", &"x".repeat(70_000));
    file("notes.txt", "no agent");
    let set = AgentSet::load(&[(Origin::Operator, root.path().to_owned())]);
    assert_eq!(set.names(), ["a", "b"]);
    let (a, b) = (set.get("a").unwrap(), set.get("b").unwrap());
    assert_eq!((a.tools().unwrap(), a.model()), (&["Read".to_owned(), "mcp__x__go".to_owned()][..], Some("fast")));
    assert_eq!((b.tools().unwrap(), b.model()), (&["Read".to_owned(), "Grep".to_owned()][..], None));
    assert_eq!((a.prompt(), a.description()), ("Do it well.", "Use when: it fits"));
    assert_eq!(set.warnings().len(), 7, "{:?}", set.warnings());
    for number in 0..40 {
        file(&format!("z{number:02}.md"), &agent("description: One of many."));
    }
    let set = AgentSet::load(&[(Origin::Operator, root.path().to_owned())]);
    assert!(set.warnings().iter().any(|warning| warning.contains("more than 32 files")), "{:?}", set.warnings());
    assert!(AgentSet::load(&[(Origin::Operator, root.path().join("absent"))]).is_empty());
}

#[test]
fn the_earlier_root_counts_and_no_link_is_followed() {
    let root = tempfile::tempdir().unwrap();
    let (own, host) = (root.path().join("own"), root.path().join("host"));
    put(&own, "agents/a.md", &agent("name: a\ndescription: Mine."));
    put(&host, "agents/a.md", &agent("name: a\ndescription: Theirs."));
    put(&host, "agents/b.md", &agent("name: b\ndescription: Theirs."));
    #[cfg(unix)]
    std::os::unix::fs::symlink(host.join("agents/b.md"), own.join("agents/c.md")).unwrap();
    let set = AgentSet::load(&[(Origin::Project, own), (Origin::Shipped, host)]);
    assert_eq!(set.names(), ["a", "b"]);
    let a = set.get("a").unwrap();
    assert_eq!((a.description(), a.origin(), a.replaces()), ("Mine.", Origin::Project, Some(Origin::Shipped)));
}

#[test]
fn validation_is_strict() {
    let problems = |text: &str| agent_problems(text, "a");
    assert!(problems(&agent("name: a\ndescription: Does it.\ntools: Read\nmodel: fast")).is_empty());
    for (text, why) in [
        (agent("name: a\ndescription: Does it.\ncolor: red"), "`color` is no field"),
        (agent("name: b\ndescription: Does it."), "is not its file's"),
        (agent("name: A b\ndescription: Does it."), "breaks the rules"),
        (agent("name: a"), "no description"),
        (agent(&format!("name: a\ndescription: {}", "x".repeat(1025))), "more than 1024"),
        ("Do it.".to_owned(), "front matter"),
        ("---\nname: a\ndescription: Does it.\n---\n".to_owned(), "no text"),
        ("x".repeat(70_000), "bytes"),
    ] {
        let found = problems(&text);
        assert!(found.iter().any(|problem| problem.contains(why)), "{found:?}");
    }
}
