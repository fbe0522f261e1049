# Databricks notebook source
orders = spark.table("main.sales.orders")

# COMMAND ----------

def broken(:
    return spark.table(

# COMMAND ----------

orders.write.saveAsTable("main.gold.orders")
