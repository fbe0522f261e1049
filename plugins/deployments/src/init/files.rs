//! The files of a new bundle.

use crate::types::BundleTemplate;

/// What is begun.
pub(super) struct Spec<'a> {
    pub(super) template: BundleTemplate,
    pub(super) name: &'a str,
    pub(super) catalog: &'a str,
    pub(super) personal_schemas: bool,
    pub(super) has_job: bool,
    pub(super) has_pipeline: bool,
    /// Whether transformations are SQL.
    pub(super) is_sql: bool,
    pub(super) warehouse: Option<&'a str>,
    pub(super) host: Option<String>,
    pub(super) user: &'a str,
    pub(super) uuid: String,
}

impl Spec<'_> {
    /// Jobs of SQL are the template's own.
    fn has_sql_job(&self) -> bool {
        self.template == BundleTemplate::DefaultSql
    }

    fn has_python_job(&self) -> bool {
        self.has_job && !self.has_sql_job()
    }

    fn uses_schema(&self) -> bool {
        self.has_sql_job() || self.has_python_job() || self.has_pipeline
    }

    /// A key of a resource.
    fn key(&self, ending: &str) -> String {
        format!("{}_{ending}", self.name.replace('-', "_"))
    }
}

/// All files, by their paths from the bundle's folder.
pub(super) fn files(spec: &Spec<'_>) -> Vec<(String, String)> {
    let mut files = vec![
        ("databricks.yml".to_owned(), root(spec)),
        (".gitignore".to_owned(), ".databricks/\n__pycache__/\n.venv/\ndist/\n".to_owned()),
        ("README.md".to_owned(), readme(spec)),
    ];
    let mut add = |path: String, text: String| files.push((path, text));
    if spec.has_sql_job() {
        add(format!("resources/{}.job.yml", spec.key("job")), sql_job(spec));
        add("src/orders_raw.sql".to_owned(), ORDERS_RAW.to_owned());
        add("src/orders_daily.sql".to_owned(), ORDERS_DAILY.to_owned());
    }
    if spec.has_python_job() {
        add(format!("resources/{}.job.yml", spec.key("job")), python_job(spec));
        add("src/sample_notebook.py".to_owned(), NOTEBOOK.to_owned());
        add("src/main.py".to_owned(), MAIN.to_owned());
        add("tests/main_test.py".to_owned(), MAIN_TEST.to_owned());
    }
    if spec.has_pipeline {
        let folder = spec.key("etl");
        add(format!("resources/{folder}.pipeline.yml"), pipeline(spec));
        let (ending, trips, zones) =
            if spec.is_sql { ("sql", TRIPS_SQL, ZONES_SQL) } else { ("py", TRIPS_PY, ZONES_PY) };
        add(format!("src/{folder}/transformations/sample_trips.{ending}"), trips.to_owned());
        add(format!("src/{folder}/transformations/sample_zones.{ending}"), zones.to_owned());
        add(format!("src/{folder}/explorations/sample_exploration.py"), EXPLORATION.to_owned());
    }
    files
}

/// A text as YAML takes it, whatever is in it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn root(spec: &Spec<'_>) -> String {
    let mut text = format!(
        "# What the bundle is called, and how it differs between targets.\nbundle:\n  name: {}\n  uuid: {}\n",
        spec.name, spec.uuid
    );
    let has_resources = spec.uses_schema();
    if has_resources {
        text.push_str("\ninclude:\n  - resources/*.yml\n\nvariables:\n");
        text.push_str("  catalog:\n    description: The catalog that tables are in\n");
        text.push_str("  schema:\n    description: The schema that tables are in\n");
    }
    if let Some(warehouse) = spec.warehouse.filter(|_| spec.has_sql_job()) {
        text.push_str("  warehouse_id:\n    description: The warehouse that queries run on\n    lookup:\n");
        text.push_str(&format!("      warehouse: {}\n", quoted(warehouse)));
    }
    let host = spec.host.as_deref().map(|host| format!("      host: {}\n", quoted(host)));
    let variables = |schema: &str| {
        if !has_resources {
            return String::new();
        }
        format!("    variables:\n      catalog: {}\n      schema: {schema}\n", spec.catalog)
    };
    let own = if spec.personal_schemas { "${workspace.current_user.short_name}" } else { "dev" };
    text.push_str(
        "\ntargets:\n  dev:\n    # Names begin with the name of whoever deploys, and schedules are paused.\n",
    );
    text.push_str("    mode: development\n    default: true\n");
    if let Some(host) = &host {
        text.push_str(&format!("    workspace:\n{host}"));
    }
    text.push_str(&variables(own));
    text.push_str("\n  prod:\n    mode: production\n    workspace:\n");
    text.push_str(&host.unwrap_or_default());
    let root = format!("/Workspace/Users/{}/.bundle/${{bundle.name}}/${{bundle.target}}", spec.user);
    text.push_str(&format!("      # One place, whoever deploys.\n      root_path: {}\n", quoted(&root)));
    text.push_str(&format!("    permissions:\n      - user_name: {}\n        level: CAN_MANAGE\n", quoted(spec.user)));
    text.push_str(&variables("prod"));
    text
}

fn readme(spec: &Spec<'_>) -> String {
    let mut text = format!("# {}\n\nA Databricks Asset Bundle.\n\n", spec.name);
    text.push_str("- `databricks.yml`: its targets, `dev` for each person and `prod`.\n");
    if spec.uses_schema() {
        text.push_str("- `resources/`: jobs and pipelines.\n- `src/`: what they run.\n");
    } else {
        text.push_str("- Put resources into `resources/*.yml`, and name them with `include` in `databricks.yml`.\n");
    }
    if spec.has_python_job() {
        text.push_str("- `tests/`: run them with `pytest`.\n");
    }
    text.push_str("\nDeploy it with `databricks bundle deploy --target dev`, or ask Bricklayer to.\n");
    text
}

fn python_job(spec: &Spec<'_>) -> String {
    let job = spec.key("job");
    let mut text = format!(
        "resources:
  jobs:
    {job}:
      name: {job}
      trigger:
        # In development it is paused.
        periodic:
          interval: 1
          unit: DAYS
      parameters:
        - name: catalog
          default: ${{var.catalog}}
        - name: schema
          default: ${{var.schema}}
      tasks:
        - task_key: notebook
          notebook_task:
            notebook_path: ../src/sample_notebook.py
        - task_key: main
          depends_on:
            - task_key: notebook
          spark_python_task:
            python_file: ../src/main.py
            parameters: [--catalog, '{{{{job.parameters.catalog}}}}', --schema, '{{{{job.parameters.schema}}}}']
          environment_key: default
"
    );
    if spec.has_pipeline {
        text.push_str(&format!(
            "        - task_key: refresh_pipeline
          depends_on:
            - task_key: notebook
          pipeline_task:
            pipeline_id: ${{resources.pipelines.{}.id}}
",
            spec.key("etl")
        ));
    }
    text.push_str(
        "      environments:
        - environment_key: default
          spec:
            environment_version: '4'
",
    );
    text
}

fn sql_job(spec: &Spec<'_>) -> String {
    let job = spec.key("job");
    let task = |key: &str, before: Option<&str>| {
        let depends_on = before
            .map_or_else(String::new, |before| format!("          depends_on:\n            - task_key: {before}\n"));
        format!(
            "        - task_key: {key}\n{depends_on}          sql_task:\n            warehouse_id: ${{var.warehouse_id}}\n            file:\n              path: ../src/{key}.sql\n"
        )
    };
    format!(
        "resources:
  jobs:
    {job}:
      name: {job}
      trigger:
        # In development it is paused.
        periodic:
          interval: 1
          unit: DAYS
      parameters:
        - name: catalog
          default: ${{var.catalog}}
        - name: schema
          default: ${{var.schema}}
      tasks:
{}{}",
        task("orders_raw", None),
        task("orders_daily", Some("orders_raw"))
    )
}

fn pipeline(spec: &Spec<'_>) -> String {
    let key = spec.key("etl");
    format!(
        "resources:
  pipelines:
    {key}:
      name: {key}
      catalog: ${{var.catalog}}
      schema: ${{var.schema}}
      serverless: true
      root_path: ../src/{key}
      libraries:
        - glob:
            include: ../src/{key}/transformations/**
"
    )
}

const NOTEBOOK: &str = "\
# Databricks notebook source
# MAGIC %md
# MAGIC # A sample notebook
# MAGIC It reads the sample trips and shows a few of them.

# COMMAND ----------

dbutils.widgets.text(\"catalog\", \"main\")
dbutils.widgets.text(\"schema\", \"default\")
catalog = dbutils.widgets.get(\"catalog\")
schema = dbutils.widgets.get(\"schema\")

# COMMAND ----------

display(spark.read.table(\"samples.nyctaxi.trips\").limit(10))
";

const MAIN: &str = "\
import argparse


def table_name(catalog: str, schema: str, table: str) -> str:
    \"\"\"The full name of a table.\"\"\"
    return f\"{catalog}.{schema}.{table}\"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument(\"--catalog\", required=True)
    parser.add_argument(\"--schema\", required=True)
    arguments = parser.parse_args()
    print(table_name(arguments.catalog, arguments.schema, \"trips\"))


if __name__ == \"__main__\":
    main()
";

const MAIN_TEST: &str = "\
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / \"src\"))

from main import table_name


def test_names_have_three_parts():
    assert table_name(\"main\", \"dev\", \"trips\") == \"main.dev.trips\"
";

const ORDERS_RAW: &str = "\
-- The orders as they came.
USE IDENTIFIER(:catalog || '.' || :schema);

CREATE TABLE IF NOT EXISTS orders_raw (order_id BIGINT, ordered_at TIMESTAMP, amount DECIMAL(18, 2));
";

const ORDERS_DAILY: &str = "\
-- The sum of each day.
USE IDENTIFIER(:catalog || '.' || :schema);

CREATE OR REPLACE TABLE orders_daily AS
SELECT date(ordered_at) AS day, count(*) AS orders, sum(amount) AS amount
FROM orders_raw
GROUP BY date(ordered_at);
";

const TRIPS_PY: &str = "\
from pyspark import pipelines as dp


@dp.table
def sample_trips():
    return spark.read.table(\"samples.nyctaxi.trips\")
";

const ZONES_PY: &str = "\
from pyspark import pipelines as dp
from pyspark.sql.functions import sum as total


@dp.table
def sample_zones():
    trips = spark.read.table(\"sample_trips\")
    return trips.groupBy(\"pickup_zip\").agg(total(\"fare_amount\").alias(\"fares\"))
";

const TRIPS_SQL: &str = "\
CREATE MATERIALIZED VIEW sample_trips AS
SELECT * FROM samples.nyctaxi.trips;
";

const ZONES_SQL: &str = "\
CREATE MATERIALIZED VIEW sample_zones AS
SELECT pickup_zip, sum(fare_amount) AS fares
FROM sample_trips
GROUP BY pickup_zip;
";

const EXPLORATION: &str = "\
# Databricks notebook source
# MAGIC %md
# MAGIC # Looking at what the pipeline makes
# MAGIC The pipeline does not run this notebook.

# COMMAND ----------

display(spark.read.table(\"samples.nyctaxi.trips\").limit(10))
";
