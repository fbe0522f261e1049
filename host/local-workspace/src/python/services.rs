//! What code may ask of the workspace.

use std::{collections::BTreeMap, fmt, sync::Arc};

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{
    Value,
    value::{RawValue, to_raw_value},
};

use super::wire::{CallError, ShownColumn};
use crate::sql::{
    engine::{Limits, Rows},
    language::{parameters::Parameter, types::physical_type},
    session::Session,
};

/// Bytes of rows that code gets at once; more are for the engine to aggregate.
const ROWS_BYTES: usize = 32 * 1024 * 1024;

/// Why the workspace does not do what code asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Such as `RESOURCE_DOES_NOT_EXIST`.
    pub(crate) code: String,
    pub(crate) message: String,
}

/// What the areas of the workspace do for code beside SQL, on behalf of one user: each method of `dbutils` that leaves
/// the interpreter arrives here, named as there (`fs.ls`, `notebook.run`, `jobs.taskValues.set`, `secrets.get`), with its
/// arguments as an object.
#[async_trait]
pub(crate) trait Services: fmt::Debug + Send + Sync {
    /// Does it. Dropping the future gives it up.
    ///
    /// # Errors
    /// What the code reads as an exception.
    async fn call(&self, method: &str, arguments: Value) -> Result<Value, Refused>;

    /// Secrets that the code has read, which are taken out of what it leaves.
    fn revealed(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Nothing beside SQL.
#[derive(Debug)]
pub(crate) struct NoServices;

#[async_trait]
impl Services for NoServices {
    async fn call(&self, method: &str, _: Value) -> Result<Value, Refused> {
        let message = format!("dbutils.{method} is not supported here by the local workspace");
        Err(Refused { code: "NOT_IMPLEMENTED".to_owned(), message })
    }
}

#[derive(Deserialize)]
struct Statement {
    text: String,
    #[serde(default)]
    parameters: BTreeMap<String, Given>,
    #[serde(default)]
    row_limit: Option<u64>,
}

#[derive(Deserialize)]
struct Given {
    #[serde(rename = "type")]
    kind: String,
    value: Option<String>,
}

/// Answers one call of the code.
pub(super) async fn answer(
    session: &Session,
    services: &Arc<dyn Services>,
    method: &str,
    arguments: Value,
) -> Result<Box<RawValue>, CallError> {
    let failed = |code: &str, message: String| CallError { code: code.to_owned(), message };
    if method == "sql" {
        let statement: Statement =
            serde_json::from_value(arguments).map_err(|e| failed("MALFORMED_REQUEST", e.to_string()))?;
        let limited = statement.row_limit.is_some();
        let rows = sql(session, statement).await?;
        if rows.truncated && !limited {
            let message = "the rows are more than the local workspace gives Python at once; aggregate, filter or limit \
                           them in SQL, or write them to a table";
            return Err(failed("RESULT_TOO_LARGE", message.to_owned()));
        }
        return as_json(&rows).map_err(|e| failed("INTERNAL_ERROR", e.to_string()));
    }
    let result = services.call(method, arguments).await;
    let result = result.map_err(|refused| failed(&refused.code, refused.message))?;
    to_raw_value(&result).map_err(|e| failed("INTERNAL_ERROR", e.to_string()))
}

async fn sql(session: &Session, statement: Statement) -> Result<Rows, CallError> {
    let limits = Limits { row_limit: statement.row_limit, total_bytes: ROWS_BYTES, ..Limits::default() };
    let parameters = statement.parameters.into_iter().map(|(name, given)| {
        let physical_type = physical_type(&given.kind)?;
        Ok((name, Parameter { physical_type, value: given.value }))
    });
    let parameters: Result<_, crate::sql::language::error::SqlError> = parameters.collect();
    let ran = match parameters {
        Ok(parameters) => session.run(statement.text, parameters, limits).await,
        Err(error) => Err(error),
    };
    ran.map_err(|error| CallError { code: error.class.to_owned(), message: error.to_string() })
}

/// Columns as they are shown and sent.
pub(super) fn columns(rows: &Rows) -> Vec<ShownColumn> {
    let column = |column: &crate::sql::engine::Column| ShownColumn {
        name: column.name.clone(),
        type_text: column.kind.text.clone(),
    };
    rows.columns.iter().map(column).collect()
}

/// The rows as the engine wrote them, put together without being read.
fn as_json(rows: &Rows) -> serde_json::Result<Box<RawValue>> {
    let inner = |data: &[u8]| {
        let text = String::from_utf8_lossy(data);
        text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or_default().to_owned()
    };
    let chunks: Vec<_> = rows.chunks.iter().map(|chunk| inner(&chunk.data)).collect();
    let columns = serde_json::to_string(&columns(rows))?;
    let (rows, truncated) = (chunks.join(","), rows.truncated);
    RawValue::from_string(format!(r#"{{"columns":{columns},"rows":[{rows}],"truncated":{truncated}}}"#))
}
