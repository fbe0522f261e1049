// Databricks notebook source
import io.delta.tables.DeltaTable

val target = "main.silver.customers"
val updates = spark.read.parquet("/mnt/landing/customers")
updates.createOrReplaceTempView("updates")

DeltaTable.forName(spark, target).as("t")
  .merge(spark.table("updates").as("u"), "t.id = u.id")
  .whenMatched().updateAll()
  .execute()

// COMMAND ----------

dbutils.widgets.text("day", "2024-01-01", "Day")
val day = dbutils.widgets.get("day")
spark.table("main.silver.events").writeTo("main.gold.events_" + day).createOrReplace()
val secret = dbutils.secrets.get("scope", "key")
