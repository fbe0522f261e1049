//! Datasets that Python defines, as definitions in SQL.
//!
//! The code runs in an interpreter of the update's user. `guest/bricklayer/pipelines.py` gives it `dlt` and
//! `pyspark.pipelines`, calls each function once, and hands over what its DataFrame's query says.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    context::Context,
    ended::{Ended, exception, refused},
};
use crate::{
    pipelines::definition::{Code, Definitions},
    python::{Code as Piece, Ended as Run, NoServices, Surroundings},
    sql::{language::names::Namespace, session::Session},
};

/// How long a pipeline's Python may take to say what its datasets are.
const LIMIT: Duration = Duration::from_mins(10);

/// Runs the code of a pipeline, which may read the datasets that its SQL defines.
pub(super) async fn definitions(
    context: &Context,
    session: &Session,
    namespace: &Namespace,
    configuration: &BTreeMap<String, String>,
    code: Vec<Code>,
    in_sql: &Definitions,
    cancel: &CancellationToken,
) -> Result<Vec<Code>, Ended> {
    let interpreter = tokio::select! {
        started = context.python.start() => started,
        () = cancel.cancelled() => return Err(Ended::Canceled),
    };
    let mut interpreter = interpreter.map_err(|error| Ended::Failed(refused(error.to_string())))?;
    let around = Surroundings { session: session.clone(), services: Arc::new(NoServices), in_job: false };
    let until = Instant::now() + LIMIT;
    for piece in pieces(namespace, configuration, code, in_sql) {
        let path = piece.name.clone();
        let left = until.saturating_duration_since(Instant::now());
        match interpreter.run(&piece, &around, left, cancel).await.ended {
            Run::Well(None) => {}
            Run::Well(Some(said)) => return told(&said),
            Run::Canceled { .. } => return Err(Ended::Canceled),
            Run::Failed(failure) => {
                let class = failure.summary.split(':').next().unwrap_or_default();
                let said = format!("{path}: {}\n{}", failure.summary, failure.trace);
                return Err(Ended::Failed(exception(class, said)));
            }
            Run::OutOfTime { .. } => {
                let said = format!("{path}: the code did not say what its datasets are within {} s", LIMIT.as_secs());
                return Err(Ended::Failed(refused(said)));
            }
            Run::Died(why) => return Err(Ended::Failed(refused(format!("{path}: {why}")))),
        }
    }
    Ok(Vec::new())
}

/// A definition that Python gives.
#[derive(Debug, Deserialize)]
struct Told {
    path: String,
    text: String,
}

fn told(said: &str) -> Result<Vec<Code>, Ended> {
    let told: Vec<Told> = serde_json::from_str(said).map_err(|_| {
        let advice = "a pipeline's code cannot end itself: remove dbutils.notebook.exit";
        Ended::Failed(refused(advice))
    })?;
    Ok(told.into_iter().map(|Told { path, text }| Code { path, text }).collect())
}

/// The code with what begins and ends it; text of JSON is text of Python as well.
fn pieces(
    namespace: &Namespace,
    configuration: &BTreeMap<String, String>,
    code: Vec<Code>,
    in_sql: &Definitions,
) -> Vec<Piece> {
    let known = in_sql.datasets.iter().map(|dataset| json!({"name": dataset.name.quoted(), "query": dataset.query}));
    let flows = in_sql.flows.iter().map(|flow| json!({"target": flow.target.quoted(), "query": flow.writes.shape()}));
    let given = json!({
        "catalog": namespace.catalog,
        "schema": namespace.schema,
        "configuration": configuration,
        "datasets": known.collect::<Vec<_>>(),
        "flows": flows.collect::<Vec<_>>(),
    });
    let ours = |call: String| Piece {
        text: format!("__import__('bricklayer.pipelines').pipelines.{call}"),
        name: "the pipeline's code".to_owned(),
        ..Piece::default()
    };
    let mut pieces = vec![ours(format!("begin(spark, {})", json!(given.to_string())))];
    for Code { path, text } in code {
        pieces.push(ours(format!("at(spark, {})", json!(path))));
        pieces.push(Piece { text, name: path, ..Piece::default() });
    }
    pieces.push(ours("end(spark, dbutils)".to_owned()));
    pieces
}
