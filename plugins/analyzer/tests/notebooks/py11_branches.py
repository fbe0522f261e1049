# Databricks notebook source
import argparse
import os

parser = argparse.ArgumentParser()
parser.add_argument("--catalog", default="main", help="Where")
args = parser.parse_args()
env = os.environ.get("ENV", "dev")

if env == "prod":
    source = "main.prod.orders"
else:
    source = "main.dev.orders"

spark.table(source).writeTo(f"{args.catalog}.gold.orders").createOrReplace()

# COMMAND ----------

try:
    spark.read.table("main.gold.previous")
except Exception:
    spark.createDataFrame([], "id INT").write.saveAsTable("main.gold.previous")

tables = [f"main.dim.{name}" for name in ("a", "b")]
for name in tables:
    if spark.catalog.tableExists(name):
        spark.sql(f"DELETE FROM {name} WHERE old")


class Loader:
    def __init__(self, schema):
        self.schema = schema

    def load(self, name):
        return spark.table(f"main.{self.schema}.{name}")


Loader("stage").load("items")
