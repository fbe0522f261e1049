//! `bricklayer plugin new`: a folder with a plugin that works, to be changed into the one that is wanted.

use std::fs;
use std::path::{Path, PathBuf};

use bricklayer_domain::PluginName;
use bricklayer_package::Language;
use rust_embed::RustEmbed;

use crate::Problem;

/// Files whose names end so have their placeholders filled in and lose the ending.
const TEMPLATE_ENDING: &str = ".tmpl";

/// The contract that new plugins are written against.
const HOST_WIT: &str = include_str!("../../../wit/host.wit");

/// Versions of what a Rust plugin depends on; cargo leaves out of it what the plugin does not use.
const GUEST_LOCK: &str = include_str!("../../../plugins/Cargo.lock");

/// How the guest library's manifest stands alone, outside of this repository's workspace.
const SDK_MANIFEST: &str = include_str!("../templates/sdk-Cargo.toml");

/// The line of the guest library that names the contract's file, here and in a plugin's folder.
const SDK_WIT_HERE: &str = "\"../../wit/host.wit\"";
const SDK_WIT_THERE: &str = "\"wit/host.wit\"";

/// Words that cannot be the name of a WIT package, a world or a crate, or that the template uses itself.
const RESERVED: [&str; 84] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "bool",
    "borrow",
    "box",
    "break",
    "bricklayer",
    "char",
    "const",
    "constructor",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "error-context",
    "export",
    "extern",
    "f32",
    "f64",
    "false",
    "final",
    "flags",
    "fn",
    "for",
    "from",
    "func",
    "future",
    "gen",
    "host",
    "if",
    "impl",
    "import",
    "in",
    "include",
    "interface",
    "let",
    "list",
    "loop",
    "macro",
    "map",
    "match",
    "mod",
    "move",
    "mut",
    "my",
    "option",
    "own",
    "package",
    "priv",
    "pub",
    "record",
    "ref",
    "resource",
    "result",
    "return",
    "self",
    "static",
    "std",
    "stream",
    "string",
    "struct",
    "super",
    "test",
    "tools",
    "trait",
    "true",
    "try",
    "tuple",
    "type",
    "typeof",
    "unsafe",
    "use",
    "variant",
    "virtual",
    "where",
    "while",
    "with",
];

#[derive(RustEmbed)]
#[folder = "templates"]
struct Templates;

#[derive(RustEmbed)]
#[folder = "../../plugins/sdk"]
struct Sdk;

/// Makes a new plugin's folder; returns it.
///
/// # Errors
/// A name that cannot be one, a folder that is there already, a disk that refuses.
pub fn create(name: &str, language: Language, parent: &Path) -> Result<PathBuf, Problem> {
    let name = check_name(name)?;
    let folder = parent.join(name.as_str());
    if folder.exists() {
        return Err(Problem::new(format!("{} is there already", folder.display()))
            .fix("choose another name, or another parent folder with --dir"));
    }
    let contract = contract_version();
    for (path, contents) in files(&name, language, contract) {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|e| Problem::io(format!("make {}", parent.display()), &e))?;
        }
        fs::write(&path, contents).map_err(|e| Problem::io(format!("write {}", path.display()), &e))?;
    }
    Ok(folder)
}

/// The version of `bricklayer:host` that this toolkit writes into new plugins.
#[must_use]
pub fn contract_version() -> &'static str {
    let line = HOST_WIT.lines().find_map(|line| line.strip_prefix("package bricklayer:host@"));
    line.map_or("", |rest| rest.trim_end_matches(';'))
}

fn check_name(name: &str) -> Result<PluginName, Problem> {
    const FIX: &str = "names are lower-case words joined by hyphens, such as `weather` or `team-calendar`";
    let parsed = PluginName::parse(name).map_err(|e| Problem::new(format!("{name:?} is {e}")).fix(FIX))?;
    let bad_word = name.split('-').find(|word| !word.starts_with(|c: char| c.is_ascii_lowercase()));
    if bad_word.is_some() {
        return Err(Problem::new(format!("{name:?} has a word that does not begin with a letter")).fix(FIX));
    }
    if RESERVED.contains(&name) {
        return Err(Problem::new(format!("{name:?} is a word of WIT or of a language"))
            .fix(format!("take `{name}-tools` or so")));
    }
    Ok(parsed)
}

fn files(name: &PluginName, language: Language, contract: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let source = match language {
        Language::Rust => "src/lib.rs",
        Language::Python => "app.py",
        Language::JavaScript => "plugin.js",
    };
    let shown = match language {
        Language::Rust => "Rust",
        Language::Python => "Python",
        Language::JavaScript => "JavaScript",
    };
    let values = [
        ("{{name}}", name.as_str()),
        ("{{snake}}", &name.as_str().replace('-', "_")),
        ("{{contract}}", contract),
        ("{{source}}", source),
        ("{{language}}", shown),
    ];
    let prefix = format!("{}/", language.as_str());
    let mut files = vec![(PathBuf::from("wit/deps/bricklayer-host/host.wit"), HOST_WIT.as_bytes().to_vec())];
    for path in Templates::iter() {
        let Some(file) = path.strip_prefix(&prefix) else { continue };
        let Some(contents) = Templates::get(&path) else { continue };
        let Some(file) = file.strip_suffix(TEMPLATE_ENDING) else {
            files.push((file.into(), contents.data.into_owned()));
            continue;
        };
        let mut text = String::from_utf8_lossy(&contents.data).into_owned();
        for (placeholder, value) in values {
            text = text.replace(placeholder, value);
        }
        files.push((if file == "gitignore" { ".gitignore".into() } else { file.into() }, text.into_bytes()));
    }
    if language == Language::Rust {
        files.extend(sdk());
        files.push(("Cargo.lock".into(), GUEST_LOCK.as_bytes().to_vec()));
    }
    files
}

/// The guest library's source: it is on no registry, so each Rust plugin carries it.
fn sdk() -> Vec<(PathBuf, Vec<u8>)> {
    let root = Path::new(".bricklayer/sdk");
    let mut files = vec![
        (root.join("Cargo.toml"), SDK_MANIFEST.as_bytes().to_vec()),
        (root.join("wit/host.wit"), HOST_WIT.as_bytes().to_vec()),
    ];
    for path in Sdk::iter().filter(|path| path.starts_with("src/")) {
        let Some(contents) = Sdk::get(&path) else { continue };
        let text = String::from_utf8_lossy(&contents.data).replace(SDK_WIT_HERE, SDK_WIT_THERE);
        files.push((root.join(&*path), text.into_bytes()));
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Language; 3] = [Language::Rust, Language::Python, Language::JavaScript];

    #[test]
    fn names_that_work_everywhere_are_taken_and_others_get_advice() {
        for good in ["weather", "team-calendar", "a1-b2"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["Weather", "1a", "a--b", "a-1", "list", "tools", "std", "../x", "", "a_b"] {
            assert!(check_name(bad).unwrap_err().fix.is_some(), "{bad}");
        }
    }

    #[test]
    fn no_placeholder_is_left_and_every_plugin_has_the_same_parts() {
        for language in ALL {
            let name = PluginName::parse("my-weather").unwrap();
            let files = files(&name, language, contract_version());
            for (path, contents) in &files {
                let text = String::from_utf8(contents.clone()).unwrap();
                assert!(!text.contains("{{") || path.starts_with(".bricklayer"), "{}", path.display());
                assert!(!path.to_string_lossy().ends_with(TEMPLATE_ENDING));
            }
            for part in [".gitignore", "README.md", "plugin.toml", "tests.toml", "wit/world.wit"] {
                assert!(files.iter().any(|(path, _)| path == Path::new(part)), "{language:?}: {part}");
            }
        }
    }

    #[test]
    fn an_existing_folder_is_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        let folder = create("weather", Language::Python, parent.path()).unwrap();
        fs::write(folder.join("app.py"), "mine").unwrap();
        let problem = create("weather", Language::Rust, parent.path()).unwrap_err();
        assert!(problem.what.contains("there already"), "{problem:?}");
        assert_eq!(fs::read_to_string(folder.join("app.py")).unwrap(), "mine");
    }

    #[test]
    fn the_guest_library_stands_alone_with_the_versions_of_its_workspace() {
        let bindings = sdk().into_iter().find(|(path, _)| path.ends_with("bindings.rs")).unwrap();
        assert!(String::from_utf8(bindings.1).unwrap().contains(SDK_WIT_THERE), "the library names its WIT otherwise");
        let workspace: toml::Table = include_str!("../../../plugins/Cargo.toml").parse().unwrap();
        let own: toml::Table = include_str!("../../../plugins/sdk/Cargo.toml").parse().unwrap();
        let alone: toml::Table = SDK_MANIFEST.parse().unwrap();
        for (name, entry) in own["dependencies"].as_table().unwrap() {
            let mut expected = workspace["workspace"]["dependencies"][name].clone();
            if let (Some(extra), toml::Value::String(version)) = (entry.get("features"), expected.clone()) {
                let mut table = toml::Table::new();
                table.insert("version".to_owned(), version.into());
                table.insert("features".to_owned(), extra.clone());
                expected = table.into();
            }
            assert_eq!(alone["dependencies"].get(name), Some(&expected), "{name}");
        }
    }

    #[test]
    fn the_library_and_the_templates_speak_of_the_same_contract() {
        assert!(bricklayer_package::CONTRACT_VERSIONS.contains(&contract_version()));
        let uses: Vec<_> = sdk()
            .into_iter()
            .map(|(_, text)| String::from_utf8(text).unwrap())
            .flat_map(|text| {
                text.lines()
                    .filter(|line| line.contains("bricklayer:host/") && line.contains("@0."))
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
            .filter(|line| !line.contains(&format!("@{}", contract_version())))
            .collect();
        assert_eq!(uses, Vec::<String>::new());
    }
}
