//! create_tests.

use std::fs;
use std::path::Path;

use bricklayer_databricks::remote_path::{join, parent, project_path};
use bricklayer_generator::{Subject, TestRequest, WorkspacePath, tests_of};
use bricklayer_sdk::{Failure, Kind, Platform};

use crate::facts::{Chosen, Look, analyse, choose};
use crate::staging::Staging;
use crate::types;

/// The file that a bundle's folder has.
const ROOT: &str = "databricks.yml";

/// Where a bundle has its code, and its resources.
const SOURCES: &str = "src";
const RESOURCES: &str = "resources";

/// Endings of notebooks that are run by a path without one.
const ENDINGS: [&str; 3] = [".py", ".sql", ".ipynb"];

/// Bytes of a notebook that is analysed.
const MAX_CODE_BYTES: u64 = 5 * 1024 * 1024;

/// Notes that the text repeats.
const MAX_TOLD: usize = 10;

/// Writes tests of a notebook, or of a bundle's notebooks and resources.
///
/// # Errors
/// Arguments that do not fit, nothing there, files that are there already.
pub(crate) fn create(
    platform: &impl Platform,
    request: types::CreateTestsRequest,
) -> Result<types::GeneratedTests, Failure> {
    if let Some(other) = request.test_framework.as_deref().filter(|name| *name != "pytest") {
        return Err(Failure::invalid(
            "test_framework",
            format!("{other:?} is not supported; tests are written for pytest"),
        ));
    }
    let path = given(&request.resource_path)?;
    let project = platform.project();
    if !project.join(&path).exists() {
        return Err(Failure::new(Kind::NotFound, format!("{} is not in the project's folder", request.resource_path))
            .advise("generate_bundle makes a bundle of notebooks of the workspace; its tests can then be written."));
    }
    let root = root(&project, &path);
    let of_bundle = project.join(join_in(&root, ROOT)).is_file();
    let is_notebook = request.resource_type == types::ResourceType::Notebook;
    let code = if is_notebook { path.clone() } else { join_in(&root, SOURCES) };
    let mut tests = TestRequest {
        bundle: of_bundle,
        mocks: request.include_mocks.unwrap_or(true),
        fixtures: request.include_fixtures.unwrap_or(false),
        ..TestRequest::default()
    };
    let mut notes = Vec::new();
    if is_notebook || project.join(&code).is_dir() {
        let chosen = choose(platform, "resource_path", &[code], Look::Kind, &mut Vec::new())?;
        tests.subjects = subjects(&project, &root, &chosen, &mut notes);
    }
    if request.resource_type == types::ResourceType::Job {
        tests.jobs = jobs(&project, &root, &path);
        if tests.jobs.is_empty() {
            return Err(Failure::new(
                Kind::NotFound,
                format!("there is no file that ends with .job.yml in {}", join_in(&root, RESOURCES)),
            ));
        }
    }
    if tests.subjects.is_empty() && !of_bundle {
        return Err(Failure::invalid(
            "resource_path",
            format!("{} has no code that can be tested", request.resource_path),
        ));
    }
    let plan = tests_of(&tests);
    let files = Staging::begin(platform, &root)?.place(&plan.files, &[], request.force.unwrap_or(false))?;
    notes.extend(plan.notes);
    Ok(answer(&root, plan.count, files, notes))
}

fn given(path: &str) -> Result<String, Failure> {
    project_path("resource_path", path).map_err(|failure| {
        failure.advise(
            "Tests are of what is in the project; generate_bundle makes a bundle of notebooks of the workspace.",
        )
    })
}

/// The innermost folder around a path that is a bundle's; else the folder of the path.
fn root(project: &Path, path: &str) -> String {
    let own = if project.join(path).is_dir() { path } else { inside(parent(path)) };
    let mut folder = own.to_owned();
    loop {
        if project.join(join_in(&folder, ROOT)).is_file() {
            return folder;
        }
        if folder.is_empty() {
            return own.to_owned();
        }
        folder = inside(parent(&folder)).to_owned();
    }
}

/// The folder of a relative path with one segment is the project's own.
fn inside(folder: &str) -> &str {
    folder.trim_start_matches('/')
}

fn join_in(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { join(folder, name) }
}

fn subjects(project: &Path, root: &str, chosen: &Chosen, notes: &mut Vec<String>) -> Vec<Subject> {
    let mut subjects = Vec::new();
    for (at, local) in &chosen.local {
        let Some(object) = chosen.objects.get(at) else { continue };
        let place = project.join(local);
        let is_small = fs::metadata(&place).is_ok_and(|about| about.len() <= MAX_CODE_BYTES);
        let Some(bytes) = fs::read(&place).ok().filter(|_| is_small) else {
            notes.push(format!("{local} has more than {MAX_CODE_BYTES} bytes and is not tested"));
            continue;
        };
        let code = analyse(at, object, &bytes);
        notes.extend(code.facts.problems.iter().map(|problem| format!("{local} {problem}")));
        let path = from_root(root, local);
        // The tests of a bundle are no part of what is tested.
        if path.starts_with("tests/") {
            continue;
        }
        let mut runs = Vec::new();
        for target in &code.facts.runs {
            match run(project, target) {
                Some(found) => runs.push(from_root(root, &found)),
                None => notes.push(format!("{local} runs {}, which is not in the project", target.as_str())),
            }
        }
        subjects.push(Subject { path, runs, ..code.subject });
    }
    subjects
}

fn from_root(root: &str, path: &str) -> String {
    path.strip_prefix(root).unwrap_or(path).trim_start_matches('/').to_owned()
}

/// The file of a notebook of the project that another runs.
fn run(project: &Path, target: &WorkspacePath) -> Option<String> {
    let path = target.as_str().strip_prefix("/project/")?;
    let with = ENDINGS.iter().map(|ending| format!("{path}{ending}"));
    std::iter::once(path.to_owned()).chain(with).find(|path| project.join(path).is_file())
}

/// Keys of the jobs: the files of resources are called as they are.
fn jobs(project: &Path, root: &str, path: &str) -> Vec<String> {
    let key = |name: &str| name.strip_suffix(".job.yml").map(str::to_owned);
    if let Some(one) = path.rsplit('/').next().and_then(key) {
        return vec![one];
    }
    let entries = fs::read_dir(project.join(join_in(root, RESOURCES))).into_iter().flatten().flatten();
    let mut keys: Vec<String> = entries.filter_map(|entry| key(&entry.file_name().to_string_lossy())).collect();
    keys.sort_unstable();
    keys
}

fn answer(root: &str, count: usize, files: Vec<String>, notes: Vec<String>) -> types::GeneratedTests {
    let shown = if root.is_empty() { "." } else { root };
    let mut text = format!("{count} tests in {} files are in `{}`.", files.len(), join_in(root, "tests"));
    text.push_str(&format!(
        "\n\nRun them in `{shown}`: `pip install -r tests/requirements.txt` and `python -m pytest tests`. \
         `--record` writes down what pure functions give, to be compared from then on."
    ));
    for note in notes.iter().take(MAX_TOLD) {
        text.push_str(&format!("\n- {note}"));
    }
    if notes.len() > MAX_TOLD {
        text.push_str(&format!("\n- and {} more", notes.len() - MAX_TOLD));
    }
    types::GeneratedTests { text, folder: root.to_owned(), files, test_count: count as u32, notes }
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::testing::Script;

    use super::*;

    const NOTEBOOK: &str = "# Databricks notebook source\n# MAGIC %run ./setup\n\n# COMMAND ----------\n\n\
                            def clean(name: str) -> str:\n    return name.strip()\n\n# COMMAND ----------\n\n\
                            dbutils.widgets.text('day', '1')\nspark.table('main.s.a').write.saveAsTable('main.s.b')\n";

    fn project() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("b/databricks.yml", "bundle:\n  name: b\n"),
            ("b/resources/nightly.job.yml", "resources: {}\n"),
            ("b/src/load.py", NOTEBOOK),
            ("b/src/setup.py", "# Databricks notebook source\nx = 1\n"),
            ("alone/main.py", "def one() -> int:\n    return 1\n"),
            ("data/x.csv", "1"),
        ] {
            fs::create_dir_all(folder.path().join(path).parent().unwrap()).unwrap();
            fs::write(folder.path().join(path), text).unwrap();
        }
        folder
    }

    fn request(resource_type: types::ResourceType, path: &str) -> types::CreateTestsRequest {
        types::CreateTestsRequest {
            resource_type,
            resource_path: path.to_owned(),
            test_framework: None,
            include_mocks: None,
            include_fixtures: None,
            force: None,
        }
    }

    #[test]
    fn a_notebook_is_tested_beside_its_bundle() {
        let folder = project();
        let script = Script::new().project(folder.path());
        let made = create(&script, request(types::ResourceType::Notebook, "b/src/load.py")).unwrap();
        assert!(made.files.contains(&"b/tests/test_load.py".to_owned()), "{:?}", made.files);
        let page = fs::read_to_string(folder.path().join("b/tests/test_load.py")).unwrap();
        for part in [
            "NOTEBOOK = \"src/load.py\"",
            "check_pure(NOTEBOOK, \"clean\", record)",
            "\"main.s.b\"",
            "src/setup.py",
            "\"day\": \"1\"",
        ] {
            assert!(page.contains(part), "{part} is not in\n{page}");
        }
        let again = create(&script, request(types::ResourceType::Notebook, "b/src/load.py")).unwrap_err();
        assert!(again.message.starts_with("force:"), "{}", again.message);
    }

    #[test]
    fn a_job_is_tested_with_all_its_code() {
        let folder = project();
        let script = Script::new().project(folder.path());
        let made = create(&script, request(types::ResourceType::Job, "b")).unwrap();
        for file in [
            "b/tests/test_bundle.py",
            "b/tests/test_load.py",
            "b/tests/test_setup.py",
            "b/tests/integration/test_jobs.py",
        ] {
            assert!(made.files.contains(&file.to_owned()), "{file} is none of {:?}", made.files);
        }
        let written: usize = made
            .files
            .iter()
            .filter(|file| file.ends_with(".py"))
            .map(|file| fs::read_to_string(folder.path().join(file)).unwrap().matches("\ndef test_").count())
            .sum();
        assert_eq!(written, made.test_count as usize);
    }

    /// With the Python that is named for tests, else that of this machine; left out where it has no pytest.
    #[test]
    fn what_is_written_passes_on_code_that_is_right() {
        let folder = project();
        create(&Script::new().project(folder.path()), request(types::ResourceType::Job, "b")).unwrap();
        let python = std::env::var_os("BRICKLAYER_TEST_PYTHON").unwrap_or_else(|| "python3".into());
        let run = |arguments: &[&str]| {
            std::process::Command::new(&python).args(arguments).current_dir(folder.path().join("b")).output().ok()
        };
        if !run(&["-c", "import pytest, yaml"]).is_some_and(|done| done.status.success()) {
            return eprintln!("without pytest what is written is not run");
        }
        // The bundle of this test has no targets.
        let done = run(&["-m", "pytest", "-q", "tests", "--deselect", "tests/test_bundle.py"]).unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
        fs::write(folder.path().join("b/src/load.py"), NOTEBOOK.replace("main.s.b", "main.s.c")).unwrap();
        assert!(!run(&["-m", "pytest", "-q", "tests/test_load.py"]).unwrap().status.success());
    }

    #[test]
    fn a_file_without_a_bundle_is_tested_beside_itself() {
        let folder = project();
        let script = Script::new().project(folder.path());
        let made = create(&script, request(types::ResourceType::Notebook, "alone/main.py")).unwrap();
        assert!(made.files.contains(&"alone/tests/test_main.py".to_owned()), "{:?}", made.files);
    }

    #[test]
    fn what_cannot_be_tested_is_refused() {
        let folder = project();
        use types::ResourceType::{Job, Notebook};
        for (request, kind, says) in [
            (request(Notebook, "nosuch.py"), Kind::NotFound, "nosuch.py"),
            (request(Notebook, "/Users/me/x"), Kind::InvalidInput, "resource_path"),
            (request(Notebook, "data"), Kind::InvalidInput, "no code"),
            (request(Job, "alone"), Kind::NotFound, ".job.yml"),
            (
                types::CreateTestsRequest { test_framework: Some("nose".to_owned()), ..request(Job, "b") },
                Kind::InvalidInput,
                "pytest",
            ),
        ] {
            let failure = create(&Script::new().project(folder.path()), request).unwrap_err();
            assert!(failure.kind == kind && failure.message.contains(says), "{failure:?}");
        }
    }
}
