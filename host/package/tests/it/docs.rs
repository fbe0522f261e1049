//! `docs/PLUGINS.md` says what is so.

use bricklayer_package::{CONTRACT_VERSIONS, Manifest, Power};

fn page() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/PLUGINS.md")).unwrap()
}

#[test]
fn example_manifests_are_manifests() {
    let page = page();
    // What begins otherwise is a part of one.
    let whole = |example: &&str| example.starts_with("name = ");
    let examples = page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let examples: Vec<_> = examples.filter(whole).collect();
    assert_eq!(examples.len(), 2);
    for example in examples {
        Manifest::parse(example).unwrap();
    }
}

#[test]
fn the_table_of_fields_is_complete() {
    let page = page();
    let rows: String = page.lines().filter(|line| line.starts_with("| `")).collect();
    let all = Manifest::parse(include_str!("../../../../fuzz/corpus/manifest/whole.toml")).unwrap();
    let all = toml::Value::try_from(all).unwrap();
    let mut names = Vec::new();
    for (name, value) in all.as_table().unwrap() {
        match (name.as_str(), value) {
            ("grants" | "limits", toml::Value::Table(inner)) => {
                names.extend(inner.keys().map(|inner| format!("`{name}.{inner}`")));
            }
            ("build", toml::Value::Table(inner)) => names.extend(inner.keys().map(|inner| format!("`{inner}`"))),
            ("tools", value) => {
                names.extend(value["forecast"].as_table().unwrap().keys().map(|inner| format!("`{inner}`")));
            }
            _ => names.push(format!("`{name}`")),
        }
    }
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        assert!(rows.contains(&name), "{name} is in no table");
    }
}

#[test]
fn the_table_of_powers_is_true() {
    let page = page();
    let section = page.split("## Powers").nth(1).unwrap().split("\n## ").next().unwrap();
    let mut kinds = std::collections::BTreeSet::new();
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let power = Power::parse(cells[0].trim_matches('`')).unwrap();
        assert_eq!(power.words(), cells[1]);
        kinds.insert(power.kind());
    }
    assert_eq!(kinds.len(), 4);
    let (last, earlier) = CONTRACT_VERSIONS.split_last().unwrap();
    assert!(page.contains(&format!("This host speaks {} and {last};", earlier.join(", "))));
}
