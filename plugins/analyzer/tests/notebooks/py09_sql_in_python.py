# Databricks notebook source
spark.sql("USE CATALOG main")
spark.sql("USE SCHEMA sales")
day = dbutils.widgets.get("day")

df = spark.sql("""
  -- FROM comment.is.none
  WITH recent AS (SELECT * FROM orders WHERE day = :day)
  SELECT r.*, 'from nowhere.at.all' AS note
  FROM recent r JOIN reference.rates USING (currency)
""", args={"day": day})
df.createOrReplaceTempView("today")

# COMMAND ----------

spark.sql(f"INSERT OVERWRITE daily SELECT * FROM today WHERE day = '{day}'")
suffix = "_v" + "2"
spark.sql("CREATE OR REPLACE TABLE main.gold.daily" + suffix + " AS SELECT * FROM today")
spark.sql("SELECT * FROM %s.%s" % ("lookup", "codes"))
