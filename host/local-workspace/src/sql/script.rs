//! Several statements in one text, one after the other on a warehouse: what a job's SQL task or a SQL cell does.
//!
//! `USE` holds for the statements after it. Each statement is one of the API's, so that it stands in the history.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    Sql,
    engine::{Format, Limits, Request, Rows},
    language::{
        error::SqlError,
        lexer::{Kind, Token, tokenize},
        names::Namespace,
        parameters::Parameter,
    },
    statements::{Status, Submission},
    warehouses::Refused,
};

/// Statements of one text.
const MAX_STATEMENTS: usize = 1_000;

/// Bytes of one statement's result; nobody fetches more of it in this way.
const RESULT_BYTES: usize = 16 * 1024 * 1024;

/// Longer than any statement; whoever waits has a limit of its own.
const NO_LIMIT: Duration = Duration::from_secs(365 * 24 * 3_600);

/// A text to run.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) text: String,
    pub(crate) warehouse_id: String,
    pub(crate) user: String,
    pub(crate) namespace: Namespace,
    /// Values of `:name` markers, all of them texts.
    pub(crate) parameters: Vec<(String, String)>,
}

/// A text of which all ran well.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Ids of the statements, in order.
    pub(crate) statements: Vec<Uuid>,
    /// The last one's result.
    pub(crate) rows: Arc<Rows>,
}

/// Why a text did not run to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScriptError {
    #[error("the SQL warehouse cannot be used")]
    Warehouse(Refused),
    #[error("the text holds no SQL")]
    Nothing,
    #[error("the text holds more than {MAX_STATEMENTS} statements")]
    TooMany,
    #[error("too many statements are waiting in this workspace")]
    Busy,
    #[error("{0}")]
    Statement(SqlError),
    #[error("canceled")]
    Canceled,
}

impl Sql {
    /// Runs a text to its end or to the first statement that fails.
    ///
    /// # Errors
    /// [`ScriptError`]; what ran before stays done.
    pub(crate) async fn run_script(&self, script: Script, cancel: &CancellationToken) -> Result<Ran, ScriptError> {
        self.warehouses.wake(&script.warehouse_id).await.map_err(ScriptError::Warehouse)?;
        let texts = split(&script.text).map_err(ScriptError::Statement)?;
        if texts.len() > MAX_STATEMENTS {
            return Err(ScriptError::TooMany);
        }
        let mut ran = Ran { statements: Vec::with_capacity(texts.len()), rows: Arc::default() };
        let mut namespace = script.namespace;
        for text in texts {
            let request = Request {
                text: text.to_owned(),
                namespace: namespace.clone(),
                parameters: script
                    .parameters
                    .iter()
                    .map(|(name, value)| {
                        let value = Some(value.clone());
                        (name.clone(), Parameter { physical_type: "VARCHAR".to_owned(), value })
                    })
                    .collect(),
                user: script.user.clone(),
                limits: Limits {
                    row_limit: None,
                    byte_limit: None,
                    inline_bytes: None,
                    total_bytes: RESULT_BYTES,
                    format: Format::JsonArray,
                },
            };
            let warehouse_id = script.warehouse_id.clone();
            let submission = Submission { request, warehouse_id, external: false, client: None };
            let entry = self.statements.submit(submission).ok_or(ScriptError::Busy)?;
            ran.statements.push(entry.id);
            let status = tokio::select! {
                status = entry.wait(NO_LIMIT) => status,
                () = cancel.cancelled() => {
                    self.statements.cancel(&entry);
                    entry.wait(NO_LIMIT).await
                }
            };
            match status {
                Status::Succeeded { rows } => ran.rows = rows,
                Status::Failed(error) => return Err(ScriptError::Statement(error)),
                _ => return Err(ScriptError::Canceled),
            }
            if cancel.is_cancelled() {
                return Err(ScriptError::Canceled);
            }
            use_of(text, &mut namespace);
        }
        if ran.statements.is_empty() { Err(ScriptError::Nothing) } else { Ok(ran) }
    }
}

/// The statements of a text, without the semicolons between them.
pub(crate) fn split(text: &str) -> Result<Vec<&str>, SqlError> {
    let tokens = tokenize(text)?;
    let mut statements = Vec::new();
    for part in tokens.split(|token| token.kind == Kind::Symbol && token.text == ";") {
        if let (Some(first), Some(last)) = (part.first(), part.last())
            && let Some(statement) = text.get(first.start..last.end)
        {
            statements.push(statement);
        }
    }
    Ok(statements)
}

/// What unqualified names belong to after a `USE` that succeeded.
fn use_of(text: &str, namespace: &mut Namespace) {
    let Ok(tokens) = tokenize(text) else { return };
    let [first, rest @ ..] = tokens.as_slice() else { return };
    if !first.is("USE") {
        return;
    }
    let of_catalog = rest.first().is_some_and(|token| token.is("CATALOG"));
    let has_word = |token: &Token| ["CATALOG", "SCHEMA", "DATABASE"].iter().any(|word| token.is(word));
    let names = rest.iter().skip_while(|token| has_word(token)).filter(|token| token.text != ".");
    let names: Vec<String> = names.map(|token| token.text.to_lowercase()).collect();
    match names.as_slice() {
        [catalog] if of_catalog => {
            *namespace = Namespace { catalog: catalog.clone(), schema: "default".to_owned() };
        }
        [schema] => namespace.schema.clone_from(schema),
        [catalog, schema] => *namespace = Namespace { catalog: catalog.clone(), schema: schema.clone() },
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semicolons_in_quotes_and_comments_do_not_separate() {
        let text = "SELECT ';' -- ; no\n; /* ; */ ;\nINSERT INTO t VALUES (`a;b`) ;";
        assert_eq!(split(text).unwrap(), ["SELECT ';'", "INSERT INTO t VALUES (`a;b`)"]);
        assert!(split("SELECT 'x").is_err());
    }

    #[test]
    fn use_holds_for_what_follows() {
        let mut namespace = Namespace { catalog: "main".to_owned(), schema: "default".to_owned() };
        for (text, catalog, schema) in [
            ("USE sales", "main", "sales"),
            ("use schema `Raw`", "main", "raw"),
            ("USE CATALOG lab", "lab", "default"),
            ("USE lab.gold", "lab", "gold"),
            ("SELECT 1", "lab", "gold"),
        ] {
            use_of(text, &mut namespace);
            assert_eq!((namespace.catalog.as_str(), namespace.schema.as_str()), (catalog, schema), "{text}");
        }
    }
}
