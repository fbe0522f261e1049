# Databricks notebook source
# MAGIC %pip install xgboost==2.0.3 "imbalanced-learn>=0.12,<1" -r requirements.txt
# MAGIC %pip install --quiet great_expectations

# COMMAND ----------

dbutils.library.restartPython()

# COMMAND ----------

import mlflow
import xgboost as xgb
from imblearn.over_sampling import SMOTE
from sklearn.ensemble import RandomForestClassifier
from databricks.feature_engineering import FeatureEngineeringClient, FeatureLookup

mlflow.set_registry_uri("databricks-uc")
mlflow.autolog()
fe = FeatureEngineeringClient()

# COMMAND ----------

lookups = [FeatureLookup(table_name="main.features.customer", lookup_key="id")]
labels = spark.table("main.gold.labels")
training = fe.create_training_set(df=labels, feature_lookups=lookups, label="churn").load_df().toPandas()

with mlflow.start_run():
    model = RandomForestClassifier(n_estimators=100)
    model.fit(training.drop(columns=["churn"]), training["churn"])
    mlflow.sklearn.log_model(model, "model", registered_model_name="main.ml.churn")
