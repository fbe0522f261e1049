// Databricks notebook source
import org.apache.spark.sql.functions._
import com.example.tools.Cleaner

val catalog = dbutils.widgets.get("catalog")
val source = s"$catalog.bronze.orders" // spark.table("main.no.ne")
val orders = spark.table(source)

// COMMAND ----------

/* val old = spark.table("main.old.orders") */
orders
  .filter(col("amount") > 0)
  .write
  .mode("overwrite")
  .saveAsTable(s"${catalog}.silver.orders")
