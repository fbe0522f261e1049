// Databricks notebook source
val schema = "sales"
spark.sql(s"""
  INSERT INTO main.$schema.daily
  SELECT * FROM main.$schema.orders JOIN main.reference.rates USING (currency)
""")

// COMMAND ----------

// MAGIC %sql
// MAGIC SELECT * FROM main.sales.daily

// COMMAND ----------

dbutils.notebook.run("./next", 600, Map("day" -> "today"))
spark.sql("CREATE TABLE IF NOT EXISTS main.sales.log (id INT)")
