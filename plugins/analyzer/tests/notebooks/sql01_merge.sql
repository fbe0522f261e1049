-- Databricks notebook source
USE CATALOG main;
USE SCHEMA sales;

-- COMMAND ----------

WITH q AS (
  SELECT * FROM `order items` -- FROM other.one
)
SELECT * FROM q;

-- COMMAND ----------

MERGE INTO gold.`daily totals` AS t
USING (SELECT o.day, sum(o.amount) AS total FROM orders o GROUP BY o.day) AS s
ON t.day = s.day
WHEN MATCHED THEN UPDATE SET total = s.total
WHEN NOT MATCHED THEN INSERT *
