# Databricks notebook source
# MAGIC %md
# MAGIC # Orders: bronze to silver
# MAGIC Reads spark.table("main.docs.not_a_table").

# COMMAND ----------

dbutils.widgets.text("catalog", "main", "Catalog")
dbutils.widgets.dropdown("mode", "append", ["append", "overwrite"], "How to write")

catalog = dbutils.widgets.get("catalog")
mode = dbutils.widgets.get("mode")

# COMMAND ----------

# DBTITLE 1,Read
from pyspark.sql import functions as F

orders = spark.table(f"{catalog}.bronze.orders")
customers = spark.read.table("main.bronze.customers")  # never spark.table("main.bronze.none")

# COMMAND ----------

silver = (
    orders.join(customers, "customer_id")
    .withColumn("day", F.to_date("ts"))
    .filter("status <> 'from main.bronze.fake'")
)
silver.write.mode(mode).saveAsTable(catalog + ".silver.orders")
