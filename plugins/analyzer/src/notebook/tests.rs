use super::*;
use crate::analysis::{ImportKind, Mode, TableUse, WorkflowKind};
use crate::corpus::{facts, notebooks};
use crate::open;

fn of(path: &str, text: &str) -> Analysis {
    analyze(&open(path, text.as_bytes(), None).unwrap()[0], Surroundings::default())
}

fn python(text: &str) -> Analysis {
    of("/etl/n.py", text)
}

fn names(tables: &[TableUse]) -> Vec<&str> {
    tables.iter().map(|table| table.name.as_str()).collect()
}

/// What an earlier analyser got wrong, case by case.
mod once_wrong {
    use super::*;

    const ETL: &str = r#"# Databricks notebook source
import logging
from delta.tables import DeltaTable
from pyspark.sql import SparkSession
from pyspark.sql.functions import col, sum as total

logging.basicConfig(level=logging.INFO)
OUTPUT = "main.silver.daily_sales_summary"

# COMMAND ----------

# MAGIC %md
# MAGIC ## The bronze layer

# COMMAND ----------

sales = spark.table("main.bronze.sales")
customers = spark.table("main.bronze.customers")

# COMMAND ----------

# MAGIC %sql
# MAGIC SELECT count(*) FROM main.bronze.sales

# COMMAND ----------

summary = sales.join(customers, "customer_id").groupBy("day").agg(total(col("amount")))
summary.write.mode("overwrite").saveAsTable(OUTPUT)
"#;

    #[test]
    fn a_word_within_a_word_is_no_evidence() {
        assert_eq!(python(ETL).workflow.kind, WorkflowKind::Etl);
    }

    #[test]
    fn modules_are_no_tables() {
        let read = python(ETL);
        assert_eq!(names(&read.reads), ["main.bronze.sales", "main.bronze.customers", "main.bronze.sales"]);
    }

    #[test]
    fn a_name_in_a_variable_is_a_target() {
        let read = python(ETL);
        assert_eq!(
            (names(&read.writes), read.writes[0].mode),
            (vec!["main.silver.daily_sales_summary"], Mode::Overwrite)
        );
    }

    #[test]
    fn the_language_of_a_magic_ends_with_its_cell() {
        let languages: Vec<_> = python(ETL).cells.iter().map(|cell| cell.language).collect();
        use Language::{Markdown, Python, Sql};
        assert_eq!(languages, [Python, Markdown, Python, Sql, Python]);
    }

    #[test]
    fn a_module_is_not_the_package_it_comes_in() {
        let read = python("from sklearn.ensemble import RandomForestClassifier\nfrom sklearn.metrics import f1_score");
        let import = &read.imports[0];
        assert_eq!((import.package.as_deref(), import.kind), (Some("scikit-learn"), ImportKind::Runtime));
        assert_eq!(read.suggestions.libraries, Vec::<String>::new());
    }

    #[test]
    fn a_comment_is_no_code() {
        assert_eq!(python("# spark.table('main.a.b')\nx = 1").reads, []);
    }

    #[test]
    fn a_name_of_widgets_is_a_parameterised_one() {
        let read = python(
            "dbutils.widgets.text('cat', 'main')\ncat = dbutils.widgets.get('cat')\nsch = dbutils.widgets.get('sch')\nspark.table(f\"{cat}.{sch}.t\")",
        );
        let table = &read.reads[0];
        assert_eq!(
            (table.name.as_str(), &table.from_parameters[..]),
            ("{cat}.{sch}.t", &["cat".to_owned(), "sch".to_owned()][..])
        );
        assert_eq!(
            (table.certainty, table.with_defaults.as_deref()),
            (crate::analysis::Certainty::Parameterised, None)
        );
        let read = python("dbutils.widgets.text('c', 'main')\nspark.table(dbutils.widgets.get('c') + '.a.t')");
        assert_eq!(read.reads[0].with_defaults.as_deref(), Some("main.a.t"));
    }

    #[test]
    fn a_notebook_that_is_taken_in_is_a_dependency() {
        let read = python(
            "# Databricks notebook source\n# MAGIC %run ./setup\n\n# COMMAND ----------\n# MAGIC %sql INSERT OVERWRITE main.g.t SELECT 1",
        );
        assert_eq!(read.calls[0].resolved.as_deref(), Some("/etl/setup"));
        assert_eq!(names(&read.writes), ["main.g.t"]);
    }

    #[test]
    fn an_install_keeps_its_version() {
        let read = python(
            "# Databricks notebook source\n# MAGIC %pip install great_expectations==0.18\n\n# COMMAND ----------\nimport great_expectations as gx",
        );
        assert_eq!(read.installs[0].version.as_deref(), Some("0.18"));
        assert_eq!(read.imports[0].version.as_deref(), Some("0.18"));
        assert_eq!(read.suggestions.libraries, ["great_expectations==0.18"]);
    }

    #[test]
    fn a_pipeline_is_one_and_needs_no_package() {
        let read = python("import dlt\n@dlt.table\ndef t():\n    return spark.table('main.a.b')");
        assert_eq!((read.workflow.kind, read.suggestions.resource.as_str()), (WorkflowKind::Pipeline, "pipeline"));
        assert_eq!((&read.suggestions.libraries[..], read.imports[0].package.as_deref()), (&[][..], None));
    }

    #[test]
    fn auto_loader_in_a_pipeline_is_a_streaming_table() {
        let read = python(
            "from pyspark import pipelines as dp\n@dp.table\ndef t():\n    return spark.readStream.format('cloudFiles').option('cloudFiles.format', 'json').load('/Volumes/a/b/c')",
        );
        let dataset = &read.datasets[0];
        assert_eq!(
            (dataset.kind, &dataset.inputs[..]),
            (crate::analysis::DatasetKind::StreamingTable, &["/Volumes/a/b/c".to_owned()][..])
        );
        assert_eq!(read.workflow.kind, WorkflowKind::Pipeline);
    }

    #[test]
    fn a_common_table_expression_is_no_table() {
        let read = of(
            "/etl/n.sql",
            "-- Databricks notebook source\nWITH q AS (SELECT * FROM main.a.`odd name`) SELECT * FROM q;\nMERGE INTO main.g.t USING (SELECT * FROM main.a.u) s ON t.id = s.id WHEN MATCHED THEN DELETE",
        );
        assert_eq!(
            (names(&read.reads), names(&read.writes)),
            (vec!["main.a.`odd name`", "main.a.u"], vec!["main.g.t"])
        );
    }

    #[test]
    fn a_table_is_not_what_its_name_sounds_like() {
        let read = python("spark.table('main.a.car_models').write.saveAsTable('main.b.car_models')");
        assert_eq!(read.workflow.kind, WorkflowKind::Etl);
    }

    #[test]
    fn a_variable_is_not_what_its_name_sounds_like() {
        let read = python("config = {'t': 'main.a.b'}\nspark.table(config['t']).write.saveAsTable('main.b.c')");
        assert_eq!(read.workflow.kind, WorkflowKind::Etl);
    }
}

/// Changes of a text that change nothing of what it does.
mod changes_that_change_nothing {
    use super::*;

    #[track_caller]
    fn same(name: &str, notebook: &Notebook, changed: &Notebook) {
        let told = |notebook: &Notebook| {
            let mut facts = facts(&analyze(notebook, Surroundings::default()));
            // Places move with the text.
            facts.retain(|fact| !fact.starts_with("error"));
            facts
        };
        assert_eq!(told(notebook), told(changed), "{name}");
    }

    fn with_cells(notebook: &Notebook, change: impl Fn(&Cell) -> Vec<Cell>) -> Notebook {
        Notebook { cells: notebook.cells.iter().flat_map(change).collect(), ..notebook.clone() }
    }

    fn sound() -> impl Iterator<Item = (String, Notebook)> {
        notebooks().into_iter().filter(|(name, _)| !name.starts_with("broken"))
    }

    #[test]
    fn comments_and_blank_lines() {
        for (name, notebook) in sound() {
            let comment = |language| match language {
                Language::Python | Language::R | Language::Shell => Some("# spark.table('main.no.ne') \"\n\n"),
                Language::Sql => Some("-- FROM main.no.ne '\n\n"),
                Language::Scala => Some("// spark.table(\"main.no.ne\n\n"),
                _ => None,
            };
            let changed = with_cells(&notebook, |cell| {
                let text = format!("{}{}", comment(cell.language).unwrap_or_default(), cell.text);
                vec![Cell { text, ..cell.clone() }]
            });
            same(&name, &notebook, &changed);
        }
    }

    #[test]
    fn cells_that_are_joined_or_stand_alone() {
        for (name, notebook) in sound() {
            let mut joined: Vec<Cell> = Vec::new();
            for cell in &notebook.cells {
                match joined.last_mut() {
                    Some(last) if last.language == cell.language && cell.language == Language::Python => {
                        last.text = format!("{}\n\n{}", last.text, cell.text);
                    }
                    _ => joined.push(cell.clone()),
                }
            }
            same(&name, &notebook, &Notebook { cells: joined, ..notebook.clone() });
        }
        let (one, other) = ("a = 'main.x.y'", "spark.table(a)");
        let apart = python(&format!("# Databricks notebook source\n{one}\n# COMMAND ----------\n{other}"));
        assert_eq!(names(&apart.reads), names(&python(&format!("{one}\n{other}")).reads));
    }

    #[test]
    fn other_names_of_variables() {
        for (name, notebook) in sound() {
            let renamed = |text: &str| {
                ["orders", "events", "target", "updates", "catalog", "source", "summary", "frame"].iter().fold(
                    text.to_owned(),
                    |text, word| {
                        // As a whole word that is used as a variable: not within a text, and not as a keyword argument.
                        let mut changed = String::new();
                        for (at, part) in text.split(word).enumerate() {
                            if at > 0 {
                                let before = changed.chars().last().unwrap_or(' ');
                                let after = part.chars().next().unwrap_or(' ');
                                let beside = |c: char, signs: &str| c.is_alphanumeric() || signs.contains(c);
                                let alone = !beside(before, "_\"'./-`{$") && !beside(after, "_\"'/-`=");
                                let in_hole = before == '{' && after == '}';
                                changed.push_str(word);
                                if alone || in_hole {
                                    changed.push_str("_zz");
                                }
                            }
                            changed.push_str(part);
                        }
                        changed
                    },
                )
            };
            // Only where no parameter and no text has the name.
            if !["py02_merge", "py04_stream", "nb06_kafka", "mixed01"].contains(&name.as_str()) {
                continue;
            }
            let changed = with_cells(&notebook, |cell| match cell.language {
                Language::Python => vec![Cell { text: renamed(&cell.text), ..cell.clone() }],
                _ => vec![cell.clone()],
            });
            same(&name, &notebook, &changed);
        }
    }

    #[test]
    fn a_source_file_or_a_jupyter_document() {
        for (name, notebook) in sound() {
            let cells: Vec<_> = notebook
                .cells
                .iter()
                .map(|cell| {
                    let source = match &cell.magic {
                        Some(magic) if cell.language == Language::Run => format!("%{magic} {}", cell.arguments),
                        Some(magic) => format!("%{magic}\n{}", cell.text),
                        None => cell.text.clone(),
                    };
                    let kind =
                        if cell.magic.is_none() && cell.language == Language::Markdown { "markdown" } else { "code" };
                    serde_json::json!({"cell_type": kind, "metadata": {}, "source": source})
                })
                .collect();
            let language = notebook.language.map(|language| format!("{language:?}").to_lowercase());
            let metadata = serde_json::json!({"application/vnd.databricks.v1+notebook": {"language": language}});
            let document = serde_json::json!({"cells": cells, "metadata": metadata, "nbformat": 4}).to_string();
            let mut changed = open("/etl/n.ipynb", document.as_bytes(), None).unwrap().remove(0);
            changed.widgets.clone_from(&notebook.widgets);
            same(&name, &notebook, &changed);
        }
    }

    #[test]
    fn line_ends_and_the_time_of_day() {
        let text =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/notebooks/py01_bronze_to_silver.py"))
                .unwrap();
        let plain = facts(&of("/etl/n.py", &text));
        for ends in ["\r\n", "\r"] {
            assert_eq!(facts(&of("/etl/n.py", &text.replace('\n', ends))), plain);
        }
        let json = || serde_json::to_string(&of("/etl/n.py", &text)).unwrap();
        assert_eq!(json(), json());
    }
}

/// What nobody writes by hand.
mod hostile {
    use std::time::{Duration, Instant};

    use super::*;

    /// Each is answered in this time by a build for debugging on a busy machine.
    const MOST: Duration = Duration::from_secs(20);

    #[track_caller]
    fn answered(what: &str, path: &str, text: &str) -> Option<Analysis> {
        let start = Instant::now();
        let analysis = open(path, text.as_bytes(), None).ok().map(|found| analyze(&found[0], Surroundings::default()));
        assert!(start.elapsed() < MOST, "{what}: {:?}", start.elapsed());
        analysis
    }

    #[test]
    fn deep_nesting_is_an_error_of_its_cell() {
        let cells = |inner: &str| {
            format!(
                "# Databricks notebook source\nspark.table('a.b.c')\n# COMMAND ----------\n{inner}\n# COMMAND ----------\nspark.table('d.e.f')"
            )
        };
        for (what, text) in [
            ("brackets", "(".repeat(100_000)),
            ("calls", format!("x = {}1{}", "f(".repeat(5_000), ")".repeat(5_000))),
            ("lists", format!("x = {}{}", "[".repeat(5_000), "]".repeat(5_000))),
            ("subscripts", format!("x{}", "[x".repeat(5_000))),
            ("sums", format!("x = 1{}", "+ 1".repeat(50_000))),
            ("attributes", format!("x{}", ".a".repeat(50_000))),
            ("methods", format!("x{}", ".a()".repeat(50_000))),
            ("negations", format!("x = {}1", "not ".repeat(50_000))),
            ("signs", format!("x = {}1", "-".repeat(50_000))),
            ("powers", format!("x = 2{}", "**2".repeat(50_000))),
            ("lambdas", format!("x = {}1", "lambda a, b: ".repeat(50_000))),
            ("choices", format!("x = {}1", "1 if a else ".repeat(50_000))),
            ("f-strings", format!("x = {}1{}", "f'{".repeat(5_000), "}'".repeat(5_000))),
            ("awaits", format!("{}x", "await ".repeat(50_000))),
            ("blocks", (0..2_000).map(|depth| format!("{}if x:\n", " ".repeat(depth))).collect()),
            ("one-line blocks", "if x: ".repeat(20_000)),
            ("decorators", format!("{}def f(): pass", "@a\n".repeat(20_000))),
            ("patterns", format!("match x:\n  case {}:\n    pass", "[".repeat(5_000))),
            ("unions", format!("match x:\n  case {}1:\n    pass", "1|".repeat(20_000))),
            ("comparisons", format!("x = 1{}", " < 1".repeat(50_000))),
            ("annotations", format!("x: {}int{}", "list[".repeat(5_000), "]".repeat(5_000))),
            ("stars", format!("f({}x)", "*".repeat(50_000))),
        ] {
            let analysis = answered(what, "/a.py", &cells(&text)).unwrap();
            assert_eq!(names(&analysis.reads), ["a.b.c", "d.e.f"], "{what}");
        }
        // What people write is read: long chains, and the nesting of data.
        let chain =
            format!("spark.table('a.b.c'){}.write.saveAsTable('d.e.f')", ".withColumn('x', F.lit(1))".repeat(300));
        assert_eq!(names(&python(&chain).writes), ["d.e.f"]);
        let sum = format!("spark.sql('SELECT * FROM a.b.c WHERE 1 = 1'{})", " + ' AND 1 = 1'".repeat(400));
        assert_eq!(names(&python(&sum).reads), ["a.b.c"]);
        let nested = format!("x = {}spark.table('a.b.c'){}", "[".repeat(100), "]".repeat(100));
        assert_eq!(names(&python(&nested).reads), ["a.b.c"]);
    }

    #[test]
    fn a_great_deal_is_answered() {
        let cell = "\n# COMMAND ----------\nspark.table(f'main.a.t')\n";
        let many = format!("# Databricks notebook source{}", cell.repeat(10_000));
        let analysis = answered("cells", "/a.py", &many).unwrap();
        assert_eq!((analysis.cells.len(), analysis.partial), (10_000, true));
        answered("lines", "/a.py", &"x = f(1, 'abc')\n".repeat(300_000)).unwrap();
        answered("statements", "/a.sql", &"SELECT a FROM b;\n".repeat(100_000)).unwrap();
        answered("parentheses", "/a.sql", &"SELECT * FROM IDENTIFIER(".repeat(20_000)).unwrap();
        answered("scala", "/a.scala", &"f(g(".repeat(100_000)).unwrap();
        answered(
            "loops",
            "/a.py",
            &"for a in range(9):\n  for b in [1,2,3]:\n    spark.table(f'x.{b}')\n".repeat(2_000),
        )
        .unwrap();
        let calls =
            (0..40).map(|n| format!("def f{n}():\n  f{m}()\n  f{m}()\n  return 'x'\n", m = n + 1)).collect::<String>()
                + "f0()";
        answered("calls of calls", "/a.py", &calls).unwrap();
        let doubled = "x = 'a'\n".to_owned() + &"x = x + x\n".repeat(100);
        answered("doubling", "/a.py", &doubled).unwrap();
        let listed = "x = [1]\n".to_owned() + &"x = x + x\n".repeat(60);
        answered("doubling lists", "/a.py", &listed).unwrap();
        answered("adding lists", "/a.py", &("x = [1]\n".to_owned() + &"x += x\n".repeat(60))).unwrap();
        answered(
            "lists of lists",
            "/a.py",
            &("x = [1]\n".to_owned() + &"x = [x, x]\n".repeat(60) + "y = x if x else [x]\nspark.table(x)"),
        )
        .unwrap();
        let branches = "x = 'a'\n".to_owned() + &"if y:\n  x = x + 'b'\n".repeat(2_000);
        answered("branches", "/a.py", &branches).unwrap();
    }

    #[test]
    fn odd_bytes_are_answered() {
        for text in [
            "# Databricks notebook source\nx = '\0'\nspark.table('a.b.c')",
            "# Databricks notebook source\r\nspark.table('a.b.c')\r\n# COMMAND ----------\r\nx = 1",
            "# Databricks notebook source\rspark.table('a.b.c')\r# COMMAND ----------\rx = 1",
            "# Databricks notebook source\nspark.table('a.b.c') # \u{202e}\u{feff}",
            "# Databricks notebook source\nх = 'кириллица' + '😀'\nspark.table('a.b.c')",
            "# Databricks notebook source\nspark.table('a.b.c')\nx = '\\N{BULLET}'",
        ] {
            let analysis = answered("odd", "/a.py", text).unwrap();
            assert_eq!(names(&analysis.reads), ["a.b.c"], "{text:?}");
        }
        let broken =
            [b"# Databricks notebook source\nspark.table('a.b.c') # ".as_slice(), &[0xff, 0xfe, 0x80]].concat();
        let found = open("/a.py", &broken, None).unwrap();
        let analysis = analyze(&found[0], Surroundings::default());
        assert!(analysis.partial && analysis.findings.iter().any(|finding| finding.rule == "no-utf8"));
        for empty in ["", "\n", "# Databricks notebook source", "# Databricks notebook source\n# COMMAND ----------\n"]
        {
            assert_eq!(answered("empty", "/a.py", empty).unwrap().findings, [], "{empty:?}");
        }
    }
}

#[test]
fn secrets_are_named_and_never_shown() {
    let token = format!("dapi{}", "0a1b".repeat(8));
    let text = format!(
        "token = '{token}'\npassword = 'Hunter2-long'\nspark.read.option('password', 'S3cr3t-1').table('a.b.c')\nconnect('{token}')\nspark.table('{token}'); dbutils.widgets.text('t', '{token}')\nspark.conf.set('x.key', '{{{{secrets/sc/k}}}}')\ndbutils.secrets.get('s', 'k')\nspark.read.load('wasbs://c@a/x?AccountKey={}')",
        "Z".repeat(40)
    );
    let analysis = python(&text);
    let mut lines: Vec<_> = analysis
        .findings
        .iter()
        .filter(|finding| finding.rule == "hard-coded-secret")
        .map(|finding| finding.at.line)
        .collect();
    lines.dedup();
    assert_eq!(lines, [1, 2, 3, 4, 5, 8]);
    let shown = serde_json::to_string(&analysis).unwrap();
    for secret in [token.as_str(), "Hunter2", "S3cr3t", "ZZZZ"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    let secrets: Vec<_> = analysis.secrets.iter().map(|one| format!("{}/{}", one.scope, one.key)).collect();
    assert_eq!(secrets, ["sc/k", "s/k"]);
}

#[test]
fn needs_are_told_with_their_reasons() {
    for (text, serverless, ml, gpu) in [
        ("spark.table('a.b.c').show()", true, false, false),
        ("sc.parallelize([1])", false, false, false),
        ("spark.table('a.b.c').rdd.map(f)", false, false, false),
        ("dbutils.fs.mount('s3://b', '/mnt/b')", false, false, false),
        ("import torch\nimport cudf", false, true, true),
        ("spark.readStream.table('a.b.c').writeStream.toTable('d.e.f')", false, false, false),
    ] {
        let needs = python(text).requirements;
        assert_eq!(
            (needs.serverless_ok, needs.ml_runtime, needs.gpu),
            (serverless, ml, gpu),
            "{text} {:?}",
            needs.reasons
        );
    }
    let analysis = python(
        "def a(x, y=1):\n    return x + y\n\ndef b(z):\n    return spark.table(z)\n\ndef c(z):\n    print(z)\n    return z",
    );
    let pure: Vec<_> = analysis.functions.iter().map(|one| (one.name.as_str(), one.pure)).collect();
    assert_eq!(pure, [("a", true), ("b", false), ("c", false)]);
    assert_eq!(analysis.uncomputed, 1);
}

#[test]
fn neighbours_say_what_is_local_and_what_is_missing() {
    let text = "# Databricks notebook source\n# MAGIC %run ./setup\n\n# COMMAND ----------\nimport helpers, pandas, unheard\ndbutils.notebook.run('gone', 60)";
    let neighbours = ["setup".to_owned(), "helpers.py".to_owned()];
    let found = open("/etl/n", text.as_bytes(), None).unwrap();
    let analysis = analyze(&found[0], Surroundings { neighbours: Some(&neighbours) });
    let kinds: Vec<_> = analysis.imports.iter().map(|import| import.kind).collect();
    assert_eq!(kinds, [ImportKind::Local, ImportKind::Runtime, ImportKind::Package]);
    let missing: Vec<_> = analysis.findings.iter().filter(|finding| finding.rule == "missing-notebook").collect();
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert!(missing[0].message.contains("gone"));
}
