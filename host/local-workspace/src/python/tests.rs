//! Programs in real processes on a real engine. The launcher is the workspace's own program, which is built beside the
//! tests.

use std::{path::Path, sync::Arc, time::Duration};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use std::path::PathBuf;

use super::*;
use crate::{
    catalog::Catalog,
    database::Database,
    notebook::{Language, Notebook},
    sql::{
        engine::{Engine, EngineConfig},
        session::Session,
    },
};

const LIMIT: Duration = Duration::from_secs(60);

struct Lab {
    python: Python,
    around: Surroundings,
    _folder: TempDir,
}

/// A service that knows one file and the values that tasks set.
#[derive(Debug)]
struct Files;

#[async_trait::async_trait]
impl Services for Files {
    async fn call(&self, method: &str, arguments: Value) -> Result<Value, Refused> {
        match method {
            "fs.head" => {
                Ok(json!({"text": format!("{} of {}", arguments["max_bytes"], arguments["path"].as_str().unwrap())}))
            }
            "jobs.taskValues.get" => Ok(json!({"value": {"from": arguments["task_key"]}})),
            _ => NoServices.call(method, arguments).await,
        }
    }
}

impl Lab {
    async fn start() -> Self {
        let launcher =
            std::env::current_exe().unwrap().parent().and_then(Path::parent).unwrap().join("bricklayer-workspace");
        assert!(launcher.exists(), "build the programs beside the tests: --bins --tests");
        Self::with(Some(launcher), None).await
    }

    async fn with(launcher: Option<PathBuf>, interpreter: Option<PathBuf>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(folder.path()).await.unwrap();
        let catalog = Catalog::open(database).await.unwrap().with_admins(["ann@example.com"]);
        let volumes = crate::files::volumes::Volumes::open(catalog.clone(), folder.path()).await.unwrap();
        let config = EngineConfig { catalogs: folder.path().join("catalogs"), memory_mib: 256, threads: 2 };
        let runtime = Handle::current();
        let engine = tokio::task::spawn_blocking(move || Engine::open(&config, catalog, volumes, runtime));
        let engine = engine.await.unwrap().unwrap();
        let settings = Settings { launcher, interpreter, folder: folder.path().join("python"), memory_mib: 512 };
        let session = Session::new(Arc::new(engine), "ann@example.com");
        let around = Surroundings { session, services: Arc::new(Files), in_job: true };
        Self { python: Python::open(settings).unwrap(), around, _folder: folder }
    }

    async fn run(&self, program: Program) -> Outcome {
        self.python.run_once(program, &self.around, LIMIT, &CancellationToken::new()).await
    }

    async fn file(&self, text: &str) -> Outcome {
        let arguments = vec!["one".to_owned(), "two words".to_owned()];
        self.run(Program::File { path: "/Workspace/main.py".to_owned(), text: text.to_owned(), arguments }).await
    }

    async fn notebook(&self, text: &str, language: Language, parameters: &[(&str, &str)]) -> Outcome {
        let notebook = Notebook::from_source(text, language);
        let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.run(Program::Notebook { path: "/n".to_owned(), notebook, parameters }).await
    }
}

fn failure(outcome: &Outcome) -> &Failure {
    match &outcome.ended {
        Ended::Failed(failure) => failure,
        other => panic!("{other:?}, printed {:?}", outcome.printed.text),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_runs_as_on_a_cluster() {
    let lab = Lab::start().await;
    let outcome = lab
        .file(
            r#"
import sys, os
from pyspark.sql import SparkSession
spark = SparkSession.builder.appName("x").getOrCreate()
print(__name__, sys.argv[1:], sorted(os.environ))
print(spark.sql("SELECT CAST(1.10 AS DECIMAL(5,2)) AS d, 9007199254740993 AS n, DATE '2024-02-29' AS day, array(1, 2) AS a").collect())
spark.createDataFrame([(1, "it's \\ ok"), (2, None)], ["id", "text"]).write.saveAsTable("t")
spark.table("t").filter("id > 0").orderBy("id", ascending=False).show()
print(dbutils.fs.head("/x", 3), dbutils.jobs.taskValues.get("a", "k"))
if __name__ == "__main__":
    raise ValueError("boom")
"#,
        )
        .await;
    let failed = failure(&outcome);
    assert_eq!(failed.summary, "ValueError: boom");
    assert!(
        failed.trace.contains("raise ValueError(\"boom\")") && !failed.trace.contains("interpreter.py"),
        "{}",
        failed.trace
    );
    let expected = "__main__ ['one', 'two words'] ['DATABRICKS_RUNTIME_VERSION', 'HOME', 'LANG', 'MPLBACKEND', 'PATH', 'TMPDIR', 'TZ']
[Row(d=Decimal('1.10'), n=9007199254740993, day=datetime.date(2024, 2, 29), a=[1, 2])]
+---+---------+
| id|     text|
+---+---------+
|  2|     NULL|
|  1|it's \\ ok|
+---+---------+

3 of /x {'from': 'a'}
";
    assert_eq!(outcome.printed.text, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn notebooks_keep_their_state_from_cell_to_cell() {
    let lab = Lab::start().await;
    let text = "# Databricks notebook source
dbutils.widgets.text('city', 'Ulm')
spark.sql('SELECT 1 AS a UNION ALL SELECT 2').createOrReplaceTempView('numbers')

# COMMAND ----------

# MAGIC %md text

# COMMAND ----------

# MAGIC %sql
# MAGIC SELECT sum(a) AS s, :city AS c FROM numbers; SELECT 5 AS five

# COMMAND ----------

print(_sqldf.first().five)
dbutils.notebook.exit(dbutils.widgets.get('city'))

# COMMAND ----------

print('never')
";
    let outcome = lab.notebook(text, Language::Python, &[("city", "Bonn")]).await;
    assert_eq!(outcome.ended, Ended::Well(Some("Bonn".to_owned())), "{outcome:?}");
    assert_eq!(outcome.printed.text, "5\n");
    let Shown::Table { columns, rows, .. } = &outcome.printed.shown[0] else { panic!("{outcome:?}") };
    assert_eq!((columns[0].name.as_str(), columns[0].type_text.as_str()), ("s", "BIGINT"));
    assert_eq!(rows, &[[Some("3".to_owned()), Some("Bonn".to_owned())]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn sql_runs_without_python_and_the_rest_says_why_not() {
    let lab = Lab::with(None, None).await;
    let text = "-- Databricks notebook source
CREATE SCHEMA s;
USE s;
CREATE TABLE t AS SELECT 7 AS n

-- COMMAND ----------

SELECT n, :who AS who FROM t";
    let outcome = lab.notebook(text, Language::Sql, &[("who", "ann")]).await;
    assert_eq!(outcome.ended, Ended::Well(None));
    let Some(Shown::Table { rows, .. }) = outcome.printed.shown.last() else { panic!("{outcome:?}") };
    assert_eq!(rows, &[[Some("7".to_owned()), Some("ann".to_owned())]]);
    let ran = run_sql(&lab.around.session, "SELECT 1; SELECT * FROM nosuch", LIMIT, &CancellationToken::new()).await;
    assert!(
        matches!(&ran.ended, Ended::Failed(failure) if failure.summary.contains("TABLE_OR_VIEW_NOT_FOUND")),
        "{ran:?}"
    );
    for (language, text, said) in [
        (Language::Python, "print(1)", "without a way to hold Python programs"),
        (Language::Scala, "val x = 1", "%scala is not supported"),
        (Language::Python, "# MAGIC %sh ls", "%sh is not supported"),
    ] {
        let outcome = lab.notebook(text, language, &[]).await;
        assert!(failure(&outcome).summary.contains(said), "{outcome:?}");
    }
    let launcher = Some(std::env::current_exe().unwrap());
    for (interpreter, said) in
        [("nosuch-python", "was not found"), ("true", "is no Python 3"), ("false", "does not work")]
    {
        let lab = Lab::with(launcher.clone(), Some(interpreter.into())).await;
        let outcome = lab.file("print(1)").await;
        let summary = &failure(&outcome).summary;
        assert!(summary.contains(said) && summary.contains("Install Python 3"), "{summary}");
    }
}

/// What code tries, and what it sees.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn code_stays_behind_its_walls() {
    let lab = Lab::start().await;
    let outside = lab._folder.path().join("objects.sqlite");
    assert!(outside.exists());
    let code = format!(
        r#"
import os, socket, subprocess, signal, resource, ctypes, glob
def attempt(name, what):
    try:
        got = what()
        print(name, "HAPPENED", got)
    except (OSError, ValueError, MemoryError) as error:
        print(name, type(error).__name__)
attempt("read a password", lambda: open("/etc/passwd").read())
attempt("read the objects", lambda: open({outside:?}, "rb").read())
attempt("list the data", lambda: os.listdir({folder:?}))
attempt("write beside", lambda: open("/tmp/bricklayer-left", "w"))
attempt("follow a link", lambda: (os.symlink("/etc/passwd", "link"), open("link").read()))
attempt("connect", lambda: socket.socket())
attempt("start a program", lambda: subprocess.run(["/bin/true"]))
attempt("fork", os.fork)
attempt("signal the parent", lambda: os.kill(os.getppid(), signal.SIGTERM))
attempt("signal all", lambda: os.kill(-1, 0))
attempt("read the parent", lambda: open(f"/proc/{{os.getppid()}}/environ", "rb").read())
attempt("take more memory", lambda: resource.setrlimit(resource.RLIMIT_DATA, (2**40, 2**40)))
attempt("fill the memory", lambda: len(bytearray(2**30)))
attempt("read standard input", lambda: input() if False else os.read(0, 1) or (_ for _ in ()).throw(OSError()))
open("own", "w").write("kept")
print("own", open("own").read(), os.getcwd() == os.environ["HOME"])
"#,
        outside = outside.to_str().unwrap(),
        folder = lab._folder.path().to_str().unwrap(),
    );
    let outcome = lab.file(&code).await;
    assert_eq!(outcome.ended, Ended::Well(None), "{outcome:?}");
    let lines: Vec<_> = outcome.printed.text.lines().collect();
    assert!(!outcome.printed.text.contains("HAPPENED"), "{lines:#?}");
    assert_eq!((lines.len(), lines.last().copied()), (15, Some("own kept True")), "{lines:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn code_ends_when_it_is_told_to_or_else_with_its_process() {
    let lab = Lab::start().await;
    let mut interpreter = lab.python.start().await.unwrap();
    let run = |text: &str| Code { text: text.to_owned(), name: "c".to_owned(), interactive: true, ..Code::default() };
    let never = CancellationToken::new();
    interpreter.run(&run("kept = 41"), &lab.around, LIMIT, &never).await;
    for (text, lost) in [
        ("import time\ntime.sleep(1000)", false),
        ("while True: pass", false),
        (
            "spark.sql('SELECT count(*) FROM range(1000000000) a CROSS JOIN range(1000000000) b WHERE a.id + b.id = -1').collect()",
            false,
        ),
        ("while True:\n  try: time.sleep(1000)\n  except KeyboardInterrupt: pass", true),
    ] {
        let limit = Duration::from_millis(300);
        let ran = interpreter.run(&run(text), &lab.around, limit, &never).await;
        assert_eq!(ran.ended, Ended::OutOfTime { limit, lost }, "{text}");
        assert_eq!(interpreter.is_alive(), !lost);
        if !lost {
            let ran = interpreter.run(&run("kept + 1"), &lab.around, LIMIT, &never).await;
            assert_eq!((ran.printed.text.as_str(), ran.ended), ("42\n", Ended::Well(None)), "{text}");
        }
    }
    let cancel = CancellationToken::new();
    let mut interpreter = lab.python.start().await.unwrap();
    cancel.cancel();
    let ran = interpreter.run(&run("import time\ntime.sleep(1000)"), &lab.around, LIMIT, &cancel).await;
    assert_eq!(ran.ended, Ended::Canceled { lost: false });
    let ran = interpreter.run(&run("import os\nos._exit(3)"), &lab.around, LIMIT, &never).await;
    assert!(matches!(&ran.ended, Ended::Died(how) if how.contains("exit status: 3")), "{ran:?}");
    assert!(!interpreter.is_alive());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_code_prints_and_shows_is_bounded() {
    let lab = Lab::start().await;
    let outcome = lab.file("for _ in range(100): print('x' * 100_000)").await;
    assert_eq!(outcome.ended, Ended::Well(None));
    assert!(
        outcome.printed.truncated && outcome.printed.text.len() == 5 * 1024 * 1024,
        "{}",
        outcome.printed.text.len()
    );
    let outcome = lab.file("for n in range(100): display(spark.sql('SELECT 1 AS a'))").await;
    assert!(outcome.printed.truncated && outcome.printed.shown.len() == 64, "{}", outcome.printed.shown.len());
    let outcome = lab.file("x = spark.range(10_000_000).collect()").await;
    assert!(failure(&outcome).summary.starts_with("MemoryError: the rows are more than"), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_are_few_and_their_places_come_back() {
    let lab = Lab::start().await;
    let mut held = Vec::new();
    for _ in 0..PROCESSES {
        held.push(lab.python.start().await.unwrap());
    }
    assert!(matches!(lab.python.start().await, Err(StartError::Busy)));
    assert!(failure(&lab.file("1").await).summary.contains("then try again"));
    held.pop();
    assert_eq!(lab.file("1").await.ended, Ended::Well(None));
    let runs = lab._folder.path().join("python/runs");
    assert_eq!(std::fs::read_dir(&runs).unwrap().count(), PROCESSES - 1);
    drop(held);
    assert_eq!(std::fs::read_dir(&runs).unwrap().count(), 0);
}

/// What is not there refuses by its name; nothing is left out in silence.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_supported_is_named() {
    let lab = Lab::start().await;
    for (code, said) in [
        ("spark.table('samples.nyctaxi.trips').rdd", "NotImplementedError: DataFrame.rdd is not supported"),
        ("spark.readStream", "NotImplementedError: SparkSession.readStream is supported by the local workspace within"),
        ("import dlt", "ModuleNotFoundError: dlt is there within pipelines only"),
        ("spark.read.orc('x')", "NotImplementedError: DataFrameReader.orc is not supported"),
        (
            "spark.conf.set('spark.sql.session.timeZone', 'UTC')",
            "NotImplementedError: the setting spark.sql.session.timeZone",
        ),
        ("import pyspark.sql.functions as F; F.udf", "AttributeError: pyspark.sql.functions.udf is not supported"),
        ("import pyspark.ml", "ModuleNotFoundError: pyspark.ml is not supported"),
        ("dbutils.library.restartPython()", "NotImplementedError: dbutils.library is not supported"),
        ("dbutils.fs.mount('a', 'b')", "NotImplementedError: dbutils.fs.mount is not supported"),
        ("dbutils.secrets.get('a', 'b')", "CallFailed: dbutils.secrets.get is not supported here"),
        ("dbutils.notebook.run('/x', 60)", "CallFailed: dbutils.notebook.run is not supported here"),
        ("dbutils.widgets.get('x')", "ValueError: InputWidgetNotDefined: No input widget named x is defined"),
        ("spark.sql('SELECT * FROM nosuch')", "AnalysisException: [TABLE_OR_VIEW_NOT_FOUND]"),
        ("spark.createDataFrame([(1,), ('a',)], ['x'])", "TypeError: the column x has values of several types"),
    ] {
        let outcome = lab.file(code).await;
        let summary = &failure(&outcome).summary;
        assert!(summary.starts_with(said), "{code}: {summary}");
    }
}

/// DataFrames of columns: each expression prints what it prints with Spark.
#[tokio::test(flavor = "multi_thread")]
async fn columns_and_functions_mean_what_they_mean_on_a_cluster() {
    let lab = Lab::start().await;
    let cases = [
        (
            "a.select('name', (F.col('n') * 2).alias('d')).collect()",
            "[Row(name='x', d=2), Row(name='y', d=4), Row(name='z', d=6)]",
        ),
        ("a.select(a.n + 1, F.upper('name'), F.lit(True)).columns", "['(n + 1)', 'upper(name)', 'true']"),
        ("a.filter((a.n > 1) & ~(F.col('name') == 'z')).collect()", "[Row(n=2, name='y')]"),
        ("a.where(F.col('name').isin('x', 'z')).count()", "2"),
        ("a[a['n'].between(2, 3)].select('n').collect()", "[Row(n=2), Row(n=3)]"),
        (
            "a.withColumn('big', F.when(a.n >= 3, 'yes').when(a.n == 2, 'maybe').otherwise('no')).select('big').collect()",
            "[Row(big='no'), Row(big='maybe'), Row(big='yes')]",
        ),
        ("a.withColumn('n', F.col('n').cast('string')).dtypes", "[('n', 'string'), ('name', 'string')]"),
        ("a.withColumnRenamed('n', 'm').drop('name').columns", "['m']"),
        (
            "b.groupBy('id').agg(F.sum('v').alias('s'), F.count('*'), F.countDistinct('v')).orderBy('id').collect()",
            "[Row(id=1, s=30, count(1)=2, count(DISTINCT v)=2), Row(id=2, s=5, count(1)=1, count(DISTINCT v)=1)]",
        ),
        ("b.groupBy(F.col('id') % 2).count().orderBy(F.desc('count')).columns", "['(id % 2)', 'count']"),
        ("b.groupBy().sum().collect()", "[Row(sum(id)=4, sum(v)=35)]"),
        ("b.agg({'v': 'max'}).collect()", "[Row(max(v)=20)]"),
        (
            "a.join(b, a.n == b.id).select(a.n, b.v).orderBy('v').collect()",
            "[Row(n=2, v=5), Row(n=1, v=10), Row(n=1, v=20)]",
        ),
        (
            "a.withColumnRenamed('n', 'id').join(b, 'id', 'left').orderBy('id', 'v').collect()[3:]",
            "[Row(id=3, name='z', v=None)]",
        ),
        ("a.withColumnRenamed('n', 'id').join(b, 'id', 'left_anti').collect()", "[Row(id=3, name='z')]"),
        ("c.join(b, c.id == b.id).columns", "['id', 'w', 'id', 'v']"),
        ("c.join(b, c.id == b.id).select(b.id, 'w', b['v']).orderBy('v').collect()[0]", "Row(id=2, w='two', v=5)"),
        ("c.join(b, c.id == b.id).drop(b.id).orderBy('v').collect()[0]", "Row(id=2, w='two', v=5)"),
        (
            "c.join(b, c.id == b.id).filter(b.v > 10).withColumn('x', c.id + 1).collect()",
            "[Row(id=1, w='one', id=1, v=20, x=2)]",
        ),
        (
            "c.alias('l').join(c.alias('r'), F.col('l.id') < F.col('r.id')).select(F.col('l.w'), 'r.w').collect()",
            "[Row(w='one', w='two')]",
        ),
        ("c.join(b, c.id == b.id).select('id')", "AnalysisException: [AMBIGUOUS_REFERENCE]"),
        ("c.select(b.v)", "AnalysisException: [MISSING_ATTRIBUTES"),
        ("c.nosuch", "NotImplementedError: DataFrame.nosuch is not supported"),
        ("c['nosuch']", "AnalysisException: [UNRESOLVED_COLUMN"),
        ("c.filter(c.id and True)", "ValueError: Cannot convert column into bool"),
        (
            "b.select('v', F.row_number().over(Window.partitionBy('id').orderBy(F.desc('v'))).alias('r')).orderBy('v').collect()",
            "[Row(v=5, r=1), Row(v=10, r=2), Row(v=20, r=1)]",
        ),
        (
            "b.select(F.sum('v').over(Window.orderBy('v').rowsBetween(Window.unboundedPreceding, 0)).alias('s')).orderBy('s').collect()",
            "[Row(s=5), Row(s=15), Row(s=35)]",
        ),
        ("a.union(a).distinct().count()", "3"),
        ("b.dropDuplicates(['id']).count()", "2"),
        ("c.unionByName(b, allowMissingColumns=True).columns", "['id', 'w', 'v']"),
        (
            "spark.createDataFrame([(1, None), (None, 'q')], 'i int, s string').fillna(0).fillna('-').collect()",
            "[Row(i=1, s='-'), Row(i=0, s='q')]",
        ),
        ("spark.createDataFrame([(1, None)], 'i int, s string').dropna().count()", "0"),
        (
            "spark.sql('SELECT named_struct(\"a\", 1, \"b\", array(7, 8)) AS s').select('s.a', F.col('s.b')[1].alias('x')).collect()",
            "[Row(a=1, x=8)]",
        ),
        ("a.select(F.concat_ws('-', 'name', F.lit('q')).alias('c')).first().c", "x-q"),
        (
            "spark.range(1).select(F.to_date(F.lit('2024-03-01')).alias('d')).select(F.date_format('d', 'yyyy/MM').alias('f')).collect()",
            "[Row(f='2024/03')]",
        ),
        (
            "spark.range(1).select(F.split(F.lit('a,b'), ',').alias('p')).select(F.explode('p')).collect()",
            "[Row(col='a'), Row(col='b')]",
        ),
        (
            "spark.createDataFrame([(1, 'x')], T.StructType([T.StructField('i', T.LongType()), T.StructField('s', T.StringType())])).schema.simpleString()",
            "struct<i:bigint,s:string>",
        ),
        ("a.schema.fieldNames()", "['n', 'name']"),
        ("a.transform(lambda f: f.limit(1)).count()", "1"),
        ("a.join(b, a.n == b.id, 'sideways')", "AnalysisException: [UNSUPPORTED_JOIN_TYPE]"),
    ];
    let mut code = String::from(
        "from pyspark.sql import functions as F, types as T, Window\n\
         a = spark.createDataFrame([(1, 'x'), (2, 'y'), (3, 'z')], 'n int, name string')\n\
         b = spark.createDataFrame([(1, 10), (1, 20), (2, 5)], 'id int, v int')\n\
         c = spark.createDataFrame([(1, 'one'), (2, 'two')], 'id int, w string')\n\
         def told(text):\n    try:\n        print(eval(text))\n    except Exception as error:\n        print(f'{type(error).__name__}: {error}'.splitlines()[0])\n",
    );
    for (case, _) in cases {
        code.push_str(&format!("told({})\n", serde_json::to_string(case).unwrap()));
    }
    let outcome = lab.file(&code).await;
    assert_eq!(outcome.ended, Ended::Well(None), "{}", outcome.printed.text);
    let said: Vec<&str> = outcome.printed.text.lines().collect();
    assert_eq!(said.len(), cases.len(), "{}", outcome.printed.text);
    for ((case, expected), said) in cases.iter().zip(said) {
        // Of errors the beginning.
        let refused = expected.contains("Error: ") || expected.contains("Exception: ");
        assert!(
            said == *expected || refused && said.starts_with(expected),
            "{case}\n  said     {said}\n  expected {expected}"
        );
    }
}
