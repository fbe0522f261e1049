# Databricks notebook source
import dlt
from pyspark.sql import functions as F

SOURCE = spark.conf.get("source_path", "/Volumes/main/landing/orders")

# COMMAND ----------

@dlt.table(comment="Raw orders")
@dlt.expect("has_id", "id IS NOT NULL")
def bronze_orders():
    return spark.readStream.format("cloudFiles").option("cloudFiles.format", "csv").load(SOURCE)


# COMMAND ----------

@dlt.view
def valid_orders():
    return dlt.read_stream("bronze_orders").filter("amount > 0")


@dlt.table(name="gold_orders")
@dlt.expect_all_or_drop({"positive": "total > 0", "day": "day IS NOT NULL"})
def totals():
    rates = spark.table("main.reference.rates")
    return dlt.read("valid_orders").join(rates, "currency").groupBy("day").agg(F.sum("amount"))


# COMMAND ----------

dlt.create_streaming_table("customers")
dlt.apply_changes(target="customers", source="customer_changes", keys=["id"], sequence_by="ts")
