//! Generated tests: their Python compiles, pytest collects as many as were promised, right code passes, broken code fails.
//! What needs Python is left out where there is none, and what needs pytest where it is not installed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::*;

const NOTEBOOK: &str = r#"# Databricks notebook source
# MAGIC %md Loads orders.

# COMMAND ----------

# MAGIC %pip install cowsay

# COMMAND ----------

import re
import cowsay
from pyspark.sql import functions as F
from delta.tables import DeltaTable

RATES = {"EUR": 1.1}

def clean(name: str) -> str:
    """Makes a name plain.

    >>> clean(" A b ")
    'a_b'
    """
    return re.sub(r"\s+", "_", name.strip()).lower()

def rated(amount: float, currency: str = "EUR") -> float:
    return amount * RATES[currency]

def unusual(when):
    return when.strftime("%Y")

# COMMAND ----------

dbutils.widgets.text("catalog", "main", "Catalog")
catalog = dbutils.widgets.get("catalog")
day = dbutils.widgets.get("day")

# COMMAND ----------

# MAGIC %run ./setup

# COMMAND ----------

orders = spark.table(f"{catalog}.raw.orders").filter(F.col("day") == day)
if orders.count() > 0 and READY:
    orders.write.mode("append").saveAsTable("main.silver.orders")
first = orders.first()
print(f"{first['amount']:>10}", [row for row in orders.collect()], orders.count() / 2)
target = DeltaTable.forName(spark, "main.gold.sums")
target.alias("t").merge(orders.alias("s"), "t.id = s.id").whenMatchedUpdateAll().execute()

# COMMAND ----------

# MAGIC %sql
# MAGIC INSERT INTO `main`.silver.log SELECT * FROM main.raw.events

# COMMAND ----------

dbutils.fs.put("/tmp/x.txt", "done", True)
dbutils.notebook.exit("done")
"#;

fn request() -> TestRequest {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    TestRequest {
        subjects: vec![
            Subject {
                path: "src/load.py".to_owned(),
                functions: texts(&["clean", "rated", "unusual"]),
                widgets: vec![Widget { name: "catalog".to_owned(), default: Some("main".to_owned()) }],
                undeclared: texts(&["day"]),
                reads: texts(&["main.raw.orders", "main.raw.events"]),
                writes: texts(&["main.silver.orders", "main.gold.sums", "main.silver.log"]),
                runs: texts(&["src/setup.py"]),
                runnable: true,
            },
            Subject { path: "src/report.scala".to_owned(), ..Subject::default() },
        ],
        jobs: vec!["nightly".to_owned()],
        bundle: true,
        mocks: true,
        fixtures: true,
    }
}

/// A bundle with its tests, in a folder of its own.
fn bundle(notebook: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let job = "resources:\n  jobs:\n    nightly:\n      tasks:\n        - task_key: load\n          notebook_task:\n            \
               notebook_path: ../src/load.py\n";
    let own = [
        ("src/load.py", notebook),
        ("src/setup.py", "# Databricks notebook source\nREADY = True\n"),
        ("databricks.yml", "bundle:\n  name: b\ntargets:\n  dev:\n    default: true\n"),
        ("resources/nightly.job.yml", job),
    ];
    let plan = tests_of(&request());
    let files = own.into_iter().chain(plan.files.iter().map(|file| (file.path.as_str(), file.text.as_str())));
    for (path, text) in files {
        let place = folder.path().join(path);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(place, text).unwrap();
    }
    folder
}

/// The Python of this machine, or the one that is named for tests.
fn python() -> PathBuf {
    std::env::var_os("BRICKLAYER_TEST_PYTHON").map_or_else(|| PathBuf::from("python3"), PathBuf::from)
}

fn run(folder: &Path, arguments: &[&str]) -> Option<Output> {
    Command::new(python()).args(arguments).current_dir(folder).env("PYTHONDONTWRITEBYTECODE", "1").output().ok()
}

fn has(module: &str) -> bool {
    let found = run(Path::new("."), &["-c", &format!("import {module}")]).is_some_and(|done| done.status.success());
    if !found {
        eprintln!("without {module}, what needs it is not tested");
    }
    found
}

/// What pytest says: its last line, and whether all passed.
fn pytest(folder: &Path, arguments: &[&str]) -> (String, bool) {
    let done =
        run(folder, &[&["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"][..], arguments].concat()).unwrap();
    let text = String::from_utf8(done.stdout).unwrap();
    (text, done.status.success())
}

#[test]
fn the_plan_is_whole() {
    let plan = tests_of(&request());
    let mut paths: Vec<_> = plan.files.iter().map(|file| file.path.as_str()).collect();
    paths.sort_unstable();
    let expected = [
        "tests/bundle_notebooks.py",
        "tests/bundle_standins.py",
        "tests/conftest.py",
        "tests/fixtures/load.json",
        "tests/integration/test_jobs.py",
        "tests/requirements.txt",
        "tests/test_bundle.py",
        "tests/test_load.py",
    ];
    assert_eq!(paths, expected);
    assert_eq!(plan.notes, ["src/report.scala: nothing of it can be tested without a workspace"]);
    assert_eq!(plan, tests_of(&request()));
}

#[test]
fn the_python_compiles() {
    let hostile = Subject {
        path: "src/\"\"\"\\ \u{2028}é\0.py".to_owned(),
        functions: vec!["f".to_owned(), "F".to_owned()],
        widgets: vec![Widget { name: "\"\n'\\".to_owned(), default: Some("\"\"\"\u{0}\u{feff}".to_owned()) }],
        reads: vec!["`a\"b`".to_owned()],
        undeclared: vec!["\\".to_owned()],
        runnable: true,
        ..Subject::default()
    };
    let mut request = request();
    request.subjects.push(hostile);
    for file in tests_of(&request).files.iter().filter(|file| file.path.ends_with(".py")) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("page.py"), &file.text).unwrap();
        let check = "import ast; ast.parse(open('page.py', encoding='utf-8').read())";
        let Some(done) = run(folder.path(), &["-c", check]) else {
            return eprintln!("without Python nothing is compiled");
        };
        assert!(done.status.success(), "{}: {}\n{}", file.path, String::from_utf8_lossy(&done.stderr), file.text);
    }
}

#[test]
fn right_code_passes_and_the_count_is_true() {
    if !has("pytest") || !has("yaml") {
        return;
    }
    let folder = bundle(NOTEBOOK);
    let (told, passed) = pytest(folder.path(), &[]);
    assert!(passed, "{told}");
    assert!(told.contains("skipped"), "{told}");
    let (collected, _) = pytest(folder.path(), &["--collect-only"]);
    assert!(collected.contains(&format!("{} tests collected", tests_of(&request()).count)), "{collected}");
}

#[test]
fn broken_code_fails() {
    if !has("pytest") || !has("yaml") {
        return;
    }
    for (right, broken) in [
        // An example of the documentation, a type that is promised, a name that is not there.
        (".lower()", ".upper()"),
        ("return amount * RATES[currency]", "return str(amount)"),
        ("return amount * RATES[currency]", "return amount * RATE[currency]"),
        ("def rated(", "def rate("),
        // A table, a widget, a notebook, a line.
        ("main.silver.orders", "main.silver.order"),
        ("main.raw.events", "main.raw.event"),
        ("\"catalog\", \"main\"", "\"catalog\", \"dev\""),
        ("and READY", "and READY_NOT"),
        ("dbutils.widgets.get(\"day\")", "dbutils.widgets.get(\"date\")"),
        ("dbutils.fs.put(", "dbutils.fs.put(("),
    ] {
        let folder = bundle(&NOTEBOOK.replace(right, broken));
        let (told, passed) = pytest(folder.path(), &[]);
        assert!(!passed, "{right} became {broken}, and nothing failed:\n{told}");
    }
}

#[test]
fn recorded_results_must_stay() {
    if !has("pytest") || !has("yaml") {
        return;
    }
    let folder = bundle(NOTEBOOK);
    assert!(pytest(folder.path(), &["--record"]).1);
    assert!(pytest(folder.path(), &[]).1);
    let broken = NOTEBOOK.replace("1.1}", "1.2}");
    std::fs::write(folder.path().join("src/load.py"), broken).unwrap();
    let (told, passed) = pytest(folder.path(), &[]);
    assert!(!passed && told.contains("rated does not give what"), "{told}");
}

#[test]
fn rows_of_fixtures_reach_the_notebook() {
    if !has("pytest") || !has("yaml") {
        return;
    }
    let folder =
        bundle(&NOTEBOOK.replace("first = orders.first()", "first = orders.first()\nassert first.amount == 7"));
    assert!(!pytest(folder.path(), &[]).1);
    let rows = r#"{"main.raw.orders": [{"id": 1, "amount": 7}], "main.raw.events": []}"#;
    std::fs::write(folder.path().join("tests/fixtures/load.json"), rows).unwrap();
    let (told, passed) = pytest(folder.path(), &[]);
    assert!(passed, "{told}");
}
