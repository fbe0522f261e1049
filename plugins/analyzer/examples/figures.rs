//! How long analyses take: `cargo run --release --example figures -p bricklayer-analyzer`.
//!
//! The profile of the guests is for size, so a native program says what a component takes as well, within a factor of two.

#![allow(clippy::print_stdout, reason = "a program that prints a table")]

use std::time::{Duration, Instant};

use bricklayer_analyzer::{Analysis, Surroundings, analyze, open, relate};

/// Runs of which the middle one counts.
const RUNS: usize = 21;

/// One step of a notebook as people write them: 20 lines with the lines of its cell.
fn step(number: usize) -> String {
    format!(
        r#"
# COMMAND ----------

# DBTITLE 1,Step {number}
source_{number} = f"{{catalog}}.bronze.orders_{number}"
orders_{number} = (
    spark.table(source_{number})
    .withColumn("day", F.to_date(F.col("ts")))
    .filter((F.col("amount") > 0) & F.col("customer_id").isNotNull())
    .groupBy("day", "customer_id")
    .agg(F.sum("amount").alias("total"), F.count("*").alias("n"))
)
orders_{number}.write.mode("overwrite").saveAsTable(full("silver", "orders_{number}"))
result_{number} = spark.sql(f"""
    SELECT o.day, sum(o.total) AS total, c.region
    FROM {{catalog}}.silver.orders_{number} o
    JOIN main.reference.customers c ON o.customer_id = c.id
    GROUP BY o.day, c.region
""")
"#
    )
}

fn notebook(steps: usize) -> String {
    let head = "# Databricks notebook source\nfrom pyspark.sql import functions as F\n\ndbutils.widgets.text(\"catalog\", \"main\")\ncatalog = dbutils.widgets.get(\"catalog\")\n\n\ndef full(schema, name):\n    return f\"{catalog}.{schema}.{name}\"\n";
    let steps: String = (0..steps).map(step).collect();
    format!("{head}{steps}")
}

fn told(path: &str, text: &str) -> Vec<Analysis> {
    let opened = open(path, text.as_bytes(), None).unwrap_or_default();
    opened.iter().map(|notebook| analyze(notebook, Surroundings::default())).collect()
}

fn middle(work: impl Fn()) -> Duration {
    let mut took: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    took.sort();
    took.get(RUNS / 2).copied().unwrap_or_default()
}

fn main() {
    for (what, path, text) in [
        ("notebook of 1,000 lines", "n.py", notebook(50)),
        ("notebook of 10,000 lines", "n.py", notebook(500)),
        (
            "SQL of 1,000 lines",
            "n.sql",
            "SELECT a, b FROM main.x.y JOIN main.x.z USING (id) WHERE a > 1;\n".repeat(1_000),
        ),
    ] {
        let lines = text.lines().count();
        println!("| {what} ({lines} lines, {} KiB) | {:.1?} |", text.len() / 1024, middle(|| drop(told(path, &text))));
    }
    let hundred: Vec<Analysis> = (0..100)
        .flat_map(|number| {
            let mut analyses = told("n.py", &notebook(5));
            for analysis in &mut analyses {
                analysis.notebook.path = format!("/etl/{number}");
            }
            analyses
        })
        .collect();
    println!("| relate 100 notebooks | {:.1?} |", middle(|| drop(relate(&hundred))));
}
