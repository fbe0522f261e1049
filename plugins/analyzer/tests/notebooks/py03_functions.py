# Databricks notebook source
CATALOG = "main"
SCHEMA = "sales"


def full(name, schema=SCHEMA):
    """Gives main.nothing.here its whole name."""
    return f"{CATALOG}.{schema}.{name}"


def copy(source, target):
    frame = spark.table(full(source))
    frame.write.mode("overwrite").saveAsTable(full(target, "gold"))


# COMMAND ----------

copy("orders", "orders_daily")
for table in ["items", "returns"]:
    copy(table, table + "_daily")

# COMMAND ----------

SETTINGS = {"in": "main.sales.rates", "out": {"name": "rates_clean"}}
spark.table(SETTINGS["in"]).write.insertInto(full(SETTINGS["out"]["name"], schema="gold"), overwrite=True)
