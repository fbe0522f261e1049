-- Databricks notebook source
SELECT * FROM main.sales.orders

-- COMMAND ----------

SELECT (1 + 2 FROM main.sales.items

-- COMMAND ----------

SELEKT * FORM main.sales.stores

-- COMMAND ----------

INSERT INTO main.gold.orders SELECT * FROM main.sales.orders
