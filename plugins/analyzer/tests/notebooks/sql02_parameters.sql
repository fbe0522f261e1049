-- Databricks notebook source
CREATE WIDGET TEXT catalog DEFAULT 'main';
CREATE WIDGET DROPDOWN env DEFAULT 'dev' CHOICES SELECT * FROM (VALUES ('dev'), ('prod'));

-- COMMAND ----------

CREATE OR REPLACE TABLE IDENTIFIER(:catalog || '.gold.daily') AS
SELECT * FROM ${catalog}.silver.orders_${env} WHERE day >= :start_day AND extract(year FROM day) > 2020

-- COMMAND ----------

INSERT INTO IDENTIFIER(:target) SELECT * FROM IDENTIFIER('main.silver.fixed')
