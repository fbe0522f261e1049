# Databricks notebook source
from delta.tables import DeltaTable

TARGET = "main.silver.customers"
SOURCE = "main.bronze.customers_{}".format("eu")

target = DeltaTable.forName(spark, TARGET)
updates = spark.table(SOURCE)

# COMMAND ----------

(target.alias("t")
    .merge(updates.alias("s"), "t.id = s.id")
    .whenMatchedUpdateAll()
    .whenNotMatchedInsertAll()
    .execute())

# COMMAND ----------

history = DeltaTable.forName(spark, "main.silver.audit").toDF()
spark.sql("OPTIMIZE main.silver.customers ZORDER BY (id)")
