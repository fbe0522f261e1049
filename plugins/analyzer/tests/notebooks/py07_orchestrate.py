# Databricks notebook source
# MAGIC %run ./setup $env="dev"

# COMMAND ----------

# MAGIC %run "../shared/helpers functions"

# COMMAND ----------

import json

env = dbutils.widgets.get("env")
base = "/Workspace/Shared/jobs"
result = dbutils.notebook.run(f"{base}/load", 3600, {"env": env, "day": "2024-01-01"})
dbutils.notebook.run("./report", timeout_seconds=600)
dbutils.notebook.run(path_from_setup, 60)

# COMMAND ----------

dbutils.jobs.taskValues.set(key="rows", value=json.loads(result)["rows"])
previous = dbutils.jobs.taskValues.get(taskKey="ingest", key="watermark", default="", debugValue="")
dbutils.notebook.exit(result)
