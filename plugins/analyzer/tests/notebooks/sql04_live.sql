-- Databricks notebook source
CREATE STREAMING LIVE TABLE raw_orders AS SELECT * FROM cloud_files("/mnt/landing", "csv");

-- COMMAND ----------

CREATE LIVE VIEW cleaned AS SELECT * FROM STREAM(LIVE.raw_orders) WHERE id > 0;

-- COMMAND ----------

CREATE LIVE TABLE totals AS SELECT c.day, sum(amount) FROM LIVE.cleaned c JOIN LIVE.other_notebook o ON c.id = o.id GROUP BY c.day;
