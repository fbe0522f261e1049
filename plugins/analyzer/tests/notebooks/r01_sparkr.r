# Databricks notebook source
library(SparkR)
orders <- tableToDF("main.sales.orders") # tableToDF("main.no.ne")
totals <- summarize(groupBy(orders, orders$region), total = sum(orders$amount))
saveAsTable(totals, "main.gold.totals", mode = "overwrite")

# COMMAND ----------

# MAGIC %python
# MAGIC spark.table("main.gold.totals").write.saveAsTable("main.gold.copy")
