//! The shipped skills: what they say is so. The official SDK knows the fields, Python's parser the samples.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::python;

/// Tools that are no plugin's.
const HOSTS_OWN: [&str; 7] = [
    "read_result",
    "make_chart",
    "search_tools",
    "call_tool",
    "check_operation_status",
    "list_operations",
    "cancel_operation",
];

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The names of all tools of the shipped families, and of their arguments.
pub(crate) fn tools() -> BTreeSet<String> {
    let mut names: BTreeSet<String> = HOSTS_OWN.map(str::to_owned).into();
    for family in fs::read_dir(root().join("plugins")).unwrap() {
        let Ok(manifest) = fs::read_to_string(family.unwrap().path().join("plugin.toml")) else { continue };
        let tool = |line: &str| Some(line.strip_prefix("[tools.")?.strip_suffix(']')?.to_owned());
        names.extend(manifest.lines().filter_map(tool));
    }
    for contract in fs::read_dir(root().join("wit")).unwrap() {
        let path = contract.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "wit") {
            continue;
        }
        let text = fs::read_to_string(path).unwrap();
        let fields = text.lines().filter_map(|line| Some(line.trim().split_once(": ")?.0.replace('-', "_")));
        names.extend(fields.filter(|name| name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())));
    }
    names
}

#[test]
fn names_exist_samples_parse_and_links_lead_somewhere() {
    let packages = ["databricks-sdk==0.156.0", "pyyaml==6.0.3"];
    let Some(python) = python::environment("shipped-skills", &packages) else { return };
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("tools");
    let tools = tools();
    assert!(tools.len() > 100 && tools.contains("create_or_update_job"), "{tools:?}");
    fs::write(&list, tools.into_iter().collect::<Vec<_>>().join("\n")).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/shipped.py");
    let ran = python::output(Command::new(python).arg(script).arg(root().join("skills")).arg(list)).unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    println!("{said}");
}
