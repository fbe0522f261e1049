-- Databricks notebook source
OPTIMIZE main.gold.facts ZORDER BY (day);
VACUUM main.gold.facts RETAIN 168 HOURS;
ANALYZE TABLE main.gold.facts COMPUTE STATISTICS;

-- COMMAND ----------

-- MAGIC %python
-- MAGIC for name in ["a", "b"]:
-- MAGIC     spark.sql(f"DROP TABLE IF EXISTS main.stage.{name}")

-- COMMAND ----------

COPY INTO main.bronze.files FROM '/Volumes/main/landing/files' FILEFORMAT = PARQUET;
UPDATE main.gold.state SET done = true WHERE id IN (SELECT id FROM hive_metastore.ops.finished);
DESCRIBE HISTORY main.gold.facts;
GRANT SELECT ON TABLE main.gold.facts TO `analysts`;
