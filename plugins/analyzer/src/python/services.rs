//! Libraries that stand for something: MLflow, feature stores, other systems, arguments of the command line.

use super::Walker;
use super::calls::Arguments;
use super::value::Value;
use crate::analysis::Mode;

/// Modules that speak to systems outside the workspace.
const SERVICES: [(&str, &str); 20] = [
    ("requests", "http"),
    ("httpx", "http"),
    ("aiohttp", "http"),
    ("urllib.request", "http"),
    ("boto3", "aws"),
    ("google.cloud", "google-cloud"),
    ("azure.eventhub", "eventhubs"),
    ("azure.storage", "azure-storage"),
    ("azure.keyvault", "azure-key-vault"),
    ("snowflake", "snowflake"),
    ("psycopg2", "postgresql"),
    ("pymysql", "mysql"),
    ("pymongo", "mongodb"),
    ("pyodbc", "odbc"),
    ("kafka", "kafka"),
    ("confluent_kafka", "kafka"),
    ("redis", "redis"),
    ("openai", "openai"),
    ("slack_sdk", "slack"),
    ("smtplib", "mail"),
];

impl Walker<'_> {
    /// A module that is imported.
    pub(super) fn service_of(&mut self, module: &str) {
        let is =
            |prefix: &str| module.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        if let Some((_, service)) = SERVICES.iter().find(|(prefix, _)| is(prefix)) {
            self.facts.service(service);
        }
    }

    pub(super) fn service(&mut self, path: &str, arguments: &Arguments) -> Option<Value> {
        let last = path.rsplit('.').next().unwrap_or(path);
        if path.starts_with("mlflow") {
            return self.mlflow(last, arguments);
        }
        let features = ["FeatureEngineeringClient", "FeatureStoreClient"].iter().any(|client| path.contains(client));
        match last {
            "getOrCreate" | "getActiveSession"
                if path.contains("SparkSession") || path.contains("DatabricksSession") =>
            {
                Some(Value::Name("spark".to_owned()))
            }
            _ if path.contains("SparkSession.builder") || path.contains("DatabricksSession.builder") => {
                Some(Value::Name("pyspark.sql.SparkSession.builder".to_owned()))
            }
            "DBUtils" => Some(Value::Name("dbutils".to_owned())),
            "FeatureLookup" => {
                for table in arguments.texts(0, "table_name") {
                    self.facts.read(&table, "FeatureLookup", Mode::Batch);
                }
                None
            }
            "read_table" if features => {
                for table in arguments.texts(0, "name") {
                    self.facts.read(&table, "feature store", Mode::Batch);
                }
                Some(Value::Frame)
            }
            "create_table" | "write_table" if features => {
                let mode = if last == "create_table" { Mode::Create } else { Mode::Merge };
                for table in arguments.texts(0, "name") {
                    self.facts.write(&table, "feature store", mode);
                }
                None
            }
            "add_argument" if path.contains("ArgumentParser") => {
                self.command_line(arguments);
                None
            }
            "parse_args" if path.contains("ArgumentParser") => Some(Value::Arguments),
            "fit" | "fit_transform" => {
                self.facts.seen.insert("fit");
                None
            }
            "cuda" | "is_available" if path.contains("cuda") => {
                self.facts.reason("gpu", "CUDA is asked for");
                None
            }
            _ => None,
        }
    }

    fn mlflow(&mut self, call: &str, arguments: &Arguments) -> Option<Value> {
        self.facts.mlflow.insert(call.to_owned());
        if call == "load_table" || call == "load_delta" {
            for table in arguments.texts(usize::MAX, "table_name") {
                self.facts.read(&table, &format!("mlflow.{call}"), Mode::Batch);
            }
        }
        let model = arguments
            .named("registered_model_name")
            .or_else(|| arguments.get(1, "name").filter(|_| call == "register_model"))
            .or_else(|| arguments.get(0, "model_uri").filter(|_| call == "load_model" || call == "spark_udf"));
        if let Some(model) = model {
            self.facts.mlflow.insert(format!("{call}: {}", model.text().shown()));
        }
        None
    }
}
