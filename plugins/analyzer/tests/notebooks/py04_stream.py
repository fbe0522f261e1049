# Databricks notebook source
dbutils.widgets.text("checkpoint", "/Volumes/main/ops/checkpoints")
checkpoint = dbutils.widgets.get("checkpoint")

events = (
    spark.readStream.format("cloudFiles")
    .option("cloudFiles.format", "json")
    .option("cloudFiles.schemaLocation", f"{checkpoint}/events/schema")
    .load("/Volumes/main/landing/events")
)

# COMMAND ----------

(
    events.writeStream.option("checkpointLocation", f"{checkpoint}/events")
    .trigger(availableNow=True)
    .toTable("main.bronze.events")
)

# COMMAND ----------


def upsert(batch, number):
    batch.createOrReplaceTempView("changes")
    batch.sparkSession.sql("MERGE INTO main.silver.events t USING changes s ON t.id = s.id WHEN MATCHED THEN UPDATE SET *")


spark.readStream.table("main.bronze.events").writeStream.foreachBatch(upsert).option(
    "checkpointLocation", "/Volumes/main/ops/checkpoints/silver"
).trigger(availableNow=True).start()
