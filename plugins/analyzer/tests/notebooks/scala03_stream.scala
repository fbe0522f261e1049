// Databricks notebook source
import org.apache.spark.sql.streaming.Trigger

val stream = spark.readStream
  .format("cloudFiles")
  .option("cloudFiles.format", "json")
  .load("/Volumes/main/landing/events")

stream.writeStream
  .option("checkpointLocation", "/Volumes/main/ops/cp")
  .trigger(Trigger.AvailableNow())
  .toTable("main.bronze.events")
