# Databricks notebook source
catalog = "main"

# COMMAND ----------

# MAGIC %sql
# MAGIC USE CATALOG main;
# MAGIC CREATE OR REPLACE TEMP VIEW recent AS SELECT * FROM sales.orders WHERE day > '2024-01-01'

# COMMAND ----------

df = spark.table("recent")
df.write.saveAsTable("gold.recent")

# COMMAND ----------

# MAGIC %scala
# MAGIC val frame = spark.table("main.sales.items")
# MAGIC frame.write.insertInto("main.gold.items")

# COMMAND ----------

# MAGIC %r
# MAGIC x <- tableToDF("main.sales.stores")

# COMMAND ----------

# MAGIC %sh
# MAGIC pip install polars==1.2.0
# MAGIC ls /dbfs/mnt/raw
