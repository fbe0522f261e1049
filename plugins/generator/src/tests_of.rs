//! Tests of a bundle, for pytest: of pure functions, of whole notebooks with stand-ins, of the bundle's files, and of its
//! jobs on a workspace.

use serde_json::{Value, json};

use crate::names::{Unique, key};
use crate::notebooks::Widget;
use crate::plan::TextFile;

/// The files that all tests share: they know nothing of the bundle.
const SHARED: [(&str, &str); 3] = [
    ("tests/bundle_standins.py", include_str!("../assets/tests/bundle_standins.py")),
    ("tests/bundle_notebooks.py", include_str!("../assets/tests/bundle_notebooks.py")),
    ("tests/conftest.py", include_str!("../assets/tests/conftest.py")),
];

/// The tests of the bundle's own files.
const OF_BUNDLE: (&str, &str) = ("tests/test_bundle.py", include_str!("../assets/tests/test_bundle.py"));

/// What the tests need beside Python.
const NEEDS: (&str, &str) = ("tests/requirements.txt", "pytest>=8\npyyaml>=6\n");

/// Functions of one notebook that are tested; more are a library, which has tests of its own.
const MAX_FUNCTIONS: usize = 100;

/// A notebook or file of the bundle that is tested.
#[derive(Debug, Clone, Default)]
pub struct Subject {
    /// Where it is, from the bundle's folder.
    pub path: String,
    /// Functions of Python that touch nothing but their arguments.
    pub functions: Vec<String>,
    /// Its widgets.
    pub widgets: Vec<Widget>,
    /// Parameters that its code asks for and that no widget declares.
    pub undeclared: Vec<String>,
    /// Tables that it reads, by the names that its code gives when parameters have their defaults.
    pub reads: Vec<String>,
    /// Tables that it writes.
    pub writes: Vec<String>,
    /// Notebooks that it runs by `%run`, from the bundle's folder, that are to be there.
    pub runs: Vec<String>,
    /// Whether it can run with stand-ins: its cells are Python and SQL.
    pub runnable: bool,
}

/// What is tested.
#[derive(Debug, Clone, Default)]
pub struct TestRequest {
    /// Notebooks and files.
    pub subjects: Vec<Subject>,
    /// Keys of jobs that are run on a workspace, where that is allowed.
    pub jobs: Vec<String>,
    /// Whether the bundle's own files are tested.
    pub bundle: bool,
    /// Whether notebooks are run with stand-ins for Spark and dbutils.
    pub mocks: bool,
    /// Whether tables that are read have files for their rows.
    pub fixtures: bool,
}

/// Tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestPlan {
    /// Their files.
    pub files: Vec<TextFile>,
    /// Tests that pytest collects.
    pub count: usize,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// The tests of a bundle. The same request gives the same bytes.
#[must_use]
pub fn tests_of(request: &TestRequest) -> TestPlan {
    let file = |(path, text): (&str, &str)| TextFile { path: path.to_owned(), text: text.to_owned() };
    let mut plan = TestPlan { files: SHARED.map(file).to_vec(), count: 0, notes: Vec::new() };
    plan.files.push(file(NEEDS));
    if request.bundle {
        plan.count += OF_BUNDLE.1.matches("\ndef test_").count();
        plan.files.push(file(OF_BUNDLE));
    }
    let mut names = Unique::default();
    names.give("bundle");
    names.give("jobs");
    for subject in &request.subjects {
        of_subject(subject, request, &mut names, &mut plan);
    }
    if !request.jobs.is_empty() {
        of_jobs(&request.jobs, &mut plan);
    }
    plan
}

fn of_subject(subject: &Subject, request: &TestRequest, names: &mut Unique, plan: &mut TestPlan) {
    let functions = subject.functions.get(..MAX_FUNCTIONS).unwrap_or(&subject.functions);
    if functions.len() < subject.functions.len() {
        let left = subject.functions.len() - functions.len();
        plan.notes.push(format!("{}: {left} more functions have no tests", subject.path));
    }
    let runs = request.mocks && subject.runnable;
    if functions.is_empty() && !runs && subject.runs.is_empty() {
        plan.notes.push(format!("{}: nothing of it can be tested without a workspace", subject.path));
        return;
    }
    let stem = subject.path.rsplit('/').next().unwrap_or_default();
    let name = names.give(&plain(stem.rsplit_once('.').map_or(stem, |(stem, _)| stem)));
    let fixtures = request.fixtures && runs && !subject.reads.is_empty();
    let mut parts = Unique::default();
    let mut tests: Vec<String> = Vec::new();
    for function in functions {
        let name = parts.give(&format!("test_function_{}", plain(function)));
        tests.push(format!("def {name}(record):\n    check_pure(NOTEBOOK, {}, record)\n", text(function)));
    }
    if runs {
        tests.extend(of_run(subject));
    }
    for target in &subject.runs {
        let name = parts.give(&format!("test_{}_is_there", plain(target)));
        tests.push(format!("def {name}():\n    assert (ROOT / {}).is_file()\n", text(target)));
    }
    let imports: Vec<&str> =
        [(!subject.runs.is_empty(), "ROOT"), (!functions.is_empty(), "check_pure"), (fixtures, "rows"), (runs, "run")]
            .into_iter()
            .filter_map(|(is_used, name)| is_used.then_some(name))
            .collect();
    let mut page = format!("\"\"\"Tests of {}.\"\"\"\n\n", said(&subject.path));
    page.push_str(&format!(
        "from bundle_notebooks import {}\n\nNOTEBOOK = {}\n",
        imports.join(", "),
        text(&subject.path)
    ));
    if runs {
        page.push_str(&format!("PARAMETERS = {}\n", parameters(subject)));
        page.push_str(&if fixtures { format!("TABLES = rows({})\n", text(&name)) } else { "TABLES = {}\n".to_owned() });
    }
    plan.count += tests.len();
    page.push_str("\n\n");
    page.push_str(&tests.join("\n\n"));
    plan.files.push(TextFile { path: format!("tests/test_{name}.py"), text: page });
    if fixtures {
        let tables: serde_json::Map<String, Value> =
            subject.reads.iter().map(|table| (table.clone(), json!([]))).collect();
        let rows = serde_json::to_string_pretty(&tables).unwrap_or_default();
        plan.files.push(TextFile { path: format!("tests/fixtures/{name}.json"), text: rows + "\n" });
    }
}

/// Tests that run the notebook with stand-ins.
fn of_run(subject: &Subject) -> Vec<String> {
    const RUN: &str = "run(NOTEBOOK, utilities(PARAMETERS), TABLES)";
    let mut tests = vec![format!("def test_it_runs_from_top_to_bottom(utilities):\n    {RUN}\n")];
    for (test, tables) in [("reads_what_it_should", &subject.reads), ("writes_what_it_should", &subject.writes)] {
        if !tables.is_empty() {
            let list: Vec<String> = tables.iter().map(|table| format!("        {},\n", text(table))).collect();
            tests.push(format!(
                "def test_it_{test}(utilities):\n    session = {RUN}\n    for table in (\n{}    ):\n        assert \
                 session.touched(table), table\n",
                list.concat()
            ));
        }
    }
    let widgets = subject.widgets.iter().filter_map(|widget| Some((&widget.name, widget.default.as_deref()?)));
    let defaults: Vec<String> =
        widgets.map(|(name, default)| format!("        {}: {},\n", text(name), text(default))).collect();
    if !defaults.is_empty() {
        tests.push(format!(
            "def test_its_widgets_have_their_defaults(utilities):\n    dbutils = utilities(PARAMETERS)\n    run(NOTEBOOK, \
             dbutils, TABLES)\n    expected = {{\n{}    }}\n    assert {{name: dbutils.widgets.declared.get(name) for name \
             in expected}} == expected\n",
            defaults.concat()
        ));
    }
    tests
}

/// What a run is given: values for what no widget declares.
fn parameters(subject: &Subject) -> String {
    if subject.undeclared.is_empty() {
        return "{}".to_owned();
    }
    let lines: Vec<String> = subject.undeclared.iter().map(|name| format!("    {}: \"1\",\n", text(name))).collect();
    format!("{{\n{}}}", lines.concat())
}

fn of_jobs(keys: &[String], plan: &mut TestPlan) {
    let list: Vec<String> = keys.iter().map(|key| format!("    {},\n", text(key))).collect();
    let page = format!(
        "\"\"\"The bundle's jobs run on a workspace. Deploy the bundle first; BUNDLE_TESTS_RUN=1 allows what runs cost.\"\"\"\n\n\
         import os\nimport shutil\nimport subprocess\n\nimport pytest\n\nTARGET = os.environ.get(\"BUNDLE_TARGET\", \
         \"dev\")\nJOBS = (\n{})\n\n\n@pytest.mark.workspace\n@pytest.mark.parametrize(\"key\", JOBS)\ndef test_the_job_runs(key):\n    \
         if os.environ.get(\"BUNDLE_TESTS_RUN\") != \"1\":\n        pytest.skip(\"BUNDLE_TESTS_RUN=1 allows runs on a workspace\")\n    \
         if shutil.which(\"databricks\") is None:\n        pytest.skip(\"the Databricks CLI is not here\")\n    \
         command = [\"databricks\", \"bundle\", \"run\", \"-t\", TARGET, key]\n    \
         done = subprocess.run(command, capture_output=True, text=True)\n    assert done.returncode == 0, done.stderr\n",
        list.concat()
    );
    plan.count += keys.len();
    plan.files.push(TextFile { path: "tests/integration/test_jobs.py".to_owned(), text: page });
}

/// A part of a name in Python.
fn plain(name: &str) -> String {
    let plain: String = key(name).chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let plain = plain.trim_matches('_');
    if plain.is_empty() { "notebook".to_owned() } else { plain.to_owned() }
}

/// A text of Python: what JSON quotes, Python reads.
fn text(text: &str) -> String {
    json!(text).to_string()
}

/// A text within a docstring.
fn said(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || matches!(c, '"' | '\\') { '_' } else { c }).collect()
}

#[cfg(test)]
mod tests;
