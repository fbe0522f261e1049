// Databricks notebook source
val orders = spark.table("main.sales.orders")

// COMMAND ----------

val x = "not closed
val y = 1

// COMMAND ----------

orders.write.saveAsTable("main.gold.orders")
