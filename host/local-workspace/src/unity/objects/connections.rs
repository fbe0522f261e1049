//! /api/2.1/unity-catalog/connections. A connection is an object and nothing else: no foreign catalog can be made of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Kept, Secret};
use crate::{
    catalog::{names::ObjectKind, rights::Privilege},
    http::error::ApiError,
    unity::service::required,
};

/// Kinds of systems that connections lead to, as the API spells them.
const TYPES: [&str; 17] = [
    "BIGQUERY",
    "DATABRICKS",
    "GA4_RAW_DATA",
    "GLUE",
    "HIVE_METASTORE",
    "HTTP",
    "MYSQL",
    "ORACLE",
    "POSTGRESQL",
    "POWER_BI",
    "REDSHIFT",
    "SALESFORCE",
    "SALESFORCE_DATA_CLOUD",
    "SERVICENOW",
    "SNOWFLAKE",
    "SQLDW",
    "SQLSERVER",
];

/// What is in the name of an option that is secret.
const SECRET_WORDS: [&str; 7] = ["password", "secret", "token", "key", "credential", "pem", "passphrase"];

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Connection {
    connection_type: String,
    /// Without what is secret.
    options: BTreeMap<String, String>,
    properties: BTreeMap<String, String>,
    read_only: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Body {
    connection_type: Option<String>,
    options: Option<BTreeMap<String, String>>,
    properties: Option<BTreeMap<String, String>>,
    read_only: Option<bool>,
}

impl Kept for Connection {
    const KIND: ObjectKind = ObjectKind::Connection;
    const ROUTE: &'static str = "connections";
    const LIST: &'static str = "connections";
    const CREATE: Privilege = Privilege::CreateConnection;
    const ID: &'static str = "connection_id";
    type Body = Body;

    fn apply(&mut self, body: Body, is_new: bool) -> Result<Secret, ApiError> {
        if is_new {
            let kind = required(body.connection_type, "connection_type")?;
            if !TYPES.contains(&kind.as_str()) {
                return Err(ApiError::invalid(format!("'{kind}' is not a connection type.")));
            }
            self.connection_type = kind;
            if body.options.as_ref().is_none_or(BTreeMap::is_empty) {
                return Err(ApiError::invalid("Required field options is missing."));
            }
        }
        self.properties = body.properties.unwrap_or_else(|| std::mem::take(&mut self.properties));
        self.read_only = body.read_only.unwrap_or(self.read_only);
        let Some(options) = body.options else { return Ok(None) };
        let (secret, shown): (BTreeMap<_, _>, BTreeMap<_, _>) =
            options.into_iter().partition(|(name, _)| is_secret(name));
        self.options = shown;
        Ok(Some(json!(secret)))
    }
}

fn is_secret(option: &str) -> bool {
    let option = option.to_lowercase();
    SECRET_WORDS.iter().any(|word| option.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_is_kept_apart() {
        let options =
            [("host", "h"), ("user", "u"), ("password", "p1"), ("pem_private_key", "p2"), ("client_secret", "p3")];
        let options = options.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let body = Body {
            connection_type: Some("MYSQL".to_owned()),
            options: Some(BTreeMap::from(options)),
            ..Body::default()
        };
        let mut made = Connection::default();
        let secret = made.apply(body, true).unwrap().unwrap();
        assert_eq!(made.options.keys().collect::<Vec<_>>(), ["host", "user"]);
        assert_eq!(secret.as_object().unwrap().len(), 3);
    }
}
