# Databricks notebook source
import os
import shutil
from pathlib import Path

import pandas as pd

root = Path("/Volumes/main/landing/files")
frame = pd.read_csv(root / "in.csv")
frame.to_parquet("/dbfs/mnt/lake/out.parquet")
with open("/Workspace/Shared/config.json") as handle:
    config = handle.read()
shutil.copy("/tmp/a.txt", "/Volumes/main/landing/a.txt")

# COMMAND ----------

# MAGIC %fs ls /mnt/raw

# COMMAND ----------

dbutils.fs.cp("dbfs:/raw/x.csv", os.path.join("abfss://lake@acct.dfs.core.windows.net", "x.csv"))
raw = spark.read.format("csv").options(header=True).load(["s3://bucket/a", "s3://bucket/b"])
raw.write.mode("overwrite").parquet("/Volumes/main/landing/raw")
spark.sql("SELECT * FROM delta.`/mnt/lake/t`")
