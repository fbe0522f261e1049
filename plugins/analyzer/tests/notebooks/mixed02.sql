-- Databricks notebook source
CREATE TABLE IF NOT EXISTS main.ops.log (message STRING)

-- COMMAND ----------

-- MAGIC %run ./common

-- COMMAND ----------

-- MAGIC %python
-- MAGIC table = spark.conf.get("job.table", "main.ops.default")
-- MAGIC spark.table(table).write.mode("append").saveAsTable("main.ops.log")

-- COMMAND ----------

-- MAGIC %scala
-- MAGIC spark.sql("DELETE FROM main.ops.log WHERE day < current_date() - 30")
