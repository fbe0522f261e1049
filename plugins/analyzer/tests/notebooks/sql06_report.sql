-- Databricks notebook source
-- MAGIC %md ## Report from main.docs.none

-- COMMAND ----------

SELECT region, sum(amount) AS total
FROM samples.tpch.orders o
LEFT JOIN (SELECT id, name AS region FROM main.dim.region) r ON o.region_id = r.id
WHERE o.note NOT LIKE '%from x.y.z%' AND o.a IS DISTINCT FROM o.b
GROUP BY region
ORDER BY total DESC;

-- COMMAND ----------

CREATE OR REPLACE TEMPORARY VIEW top AS SELECT * FROM main.gold.facts LIMIT 10;
SELECT * FROM top;
SELECT * FROM system.access.audit
