# Databricks notebook source
import logging
import matplotlib.pyplot as plt

logging.basicConfig(level=logging.INFO)
car_models = spark.table("main.sales.car_models")
password = dbutils.secrets.get(scope="mail", key="password")

# COMMAND ----------

display(car_models.groupBy("model").count())
pdf = car_models.toPandas()
plt.plot(pdf["model"], pdf["price"])
name = input_name()
spark.table(name)
