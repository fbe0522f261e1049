//! One dataset: its rows, its expectations, and the table that they become.

use serde_json::{Value, json};

use super::{
    context::Context,
    ended::{Ended, exception, refused},
    statements::Statements,
};
use crate::{
    catalog::names::TableName,
    pipelines::{
        definition::{Dataset, Kind, Violation},
        graph::{Graph, Node, is_temporary},
        query::quoted,
    },
};

/// The rows of a table while its expectations are looked at.
pub(super) const STAGING: &str = "__materialization_of_";

/// A column of it: whether the row meets an expectation.
const MET: &str = "__meets_expectation_";

/// What a flow did, as its last event tells.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) details: Value,
}

/// Makes a dataset. The failure's details come with it, as far as they are known.
pub(super) async fn make(
    context: &Context,
    pipeline_id: &str,
    graph: &Graph,
    place: usize,
    statements: &Statements<'_>,
) -> Result<Made, (Ended, Value)> {
    let nothing = |ended| (ended, json!({}));
    let Some(node) = graph.nodes.get(place) else { return Ok(Made::default()) };
    let rows = graph.text(place, is_temporary);
    match node.dataset.kind {
        Kind::TemporaryView => looked_at(node, &rows, statements).await,
        Kind::View => {
            own(context, pipeline_id, &node.dataset.name, statements).await.map_err(nothing)?;
            let text = create(&node.dataset, "VIEW", &rows);
            statements.run(text).await.map_err(|no_rows| nothing(no_rows.into()))?;
            Ok(Made { details: json!({}) })
        }
        Kind::StreamingTable | Kind::MaterializedView => {
            own(context, pipeline_id, &node.dataset.name, statements).await.map_err(nothing)?;
            if node.dataset.expectations.is_empty() {
                let written = write(&node.dataset, &rows, statements).await.map_err(nothing)?;
                return Ok(Made { details: json!({"metrics": {"num_output_rows": written}}) });
            }
            let staging =
                TableName { table: format!("{STAGING}{}", node.dataset.name.table), ..node.dataset.name.clone() };
            let made = staged(node, &rows, &staging.quoted(), statements).await;
            // What the rows were read from is known of the table that goes.
            if made.is_ok()
                && let Err(error) = statements.session().inherit_lineage(&node.dataset.name, &staging).await
            {
                tracing::warn!(table = staging.full_name(), "a table's lineage is incomplete: {error}");
            }
            // Whatever became of it: the rows are in the table, or belong nowhere.
            if let Err(error) = statements.run_to_its_end(format!("DROP TABLE IF EXISTS {}", staging.quoted())).await {
                tracing::warn!(table = staging.full_name(), "a staging table is left: {error}");
            }
            made
        }
    }
}

/// Makes sure that the table's name is free or this pipeline's.
async fn own(context: &Context, pipeline_id: &str, name: &TableName, statements: &Statements<'_>) -> Result<(), Ended> {
    let full_name = name.full_name();
    match context.store.pipeline_of(&full_name).await? {
        Some(owner) if owner == pipeline_id => return Ok(()),
        Some(owner) => {
            let said = format!(
                "The table {full_name} is made by the pipeline {owner} already. Give the dataset another name, or delete it there."
            );
            return Err(Ended::Failed(refused(said)));
        }
        None => {}
    }
    if statements.exists(&name.quoted()).await? {
        let said = format!(
            "Could not materialize '{full_name}' because a table or view of that name exists that no pipeline made. Give the \
             dataset another name, or drop what is there."
        );
        return Err(Ended::Failed(refused(said)));
    }
    context.store.add_table(&full_name, pipeline_id).await?;
    Ok(())
}

/// Puts rows in the place of all that a table has; how many.
async fn write(dataset: &Dataset, rows: &str, statements: &Statements<'_>) -> Result<u64, Ended> {
    statements.run(create(dataset, "TABLE", rows)).await?;
    let counted = statements.numbers(format!("SELECT count(*) FROM {}", dataset.name.quoted())).await?;
    Ok(counted.first().copied().unwrap_or(0))
}

fn create(dataset: &Dataset, what: &str, rows: &str) -> String {
    let columns = dataset.columns.iter().map(|column| match &column.comment {
        Some(comment) => {
            format!("{} COMMENT '{}'", quoted(&column.name), comment.replace('\\', "\\\\").replace('\'', "\\'"))
        }
        None => quoted(&column.name),
    });
    let columns: Vec<String> = columns.collect();
    let columns = if columns.is_empty() { String::new() } else { format!(" ({})", columns.join(", ")) };
    let (name, clauses) = (dataset.name.quoted(), &dataset.clauses);
    format!("CREATE OR REPLACE {what} {name}{columns} {clauses} AS {rows}")
}

/// A temporary view has no table: only its expectations are counted.
async fn looked_at(node: &Node, rows: &str, statements: &Statements<'_>) -> Result<Made, (Ended, Value)> {
    if node.dataset.expectations.is_empty() {
        return Ok(Made { details: json!({}) });
    }
    let columns = met(&node.dataset);
    let quality = count(&node.dataset, &format!("(SELECT {columns} FROM ({rows}))"), statements).await;
    let quality = quality.map_err(|ended| (ended, json!({})))?;
    let details = json!({"metrics": {}, "data_quality": quality.details});
    match quality.failure {
        Some(failure) => Err((failure, details)),
        None => Ok(Made { details }),
    }
}

/// A column for each expectation; what is neither true nor false is not met.
fn met(dataset: &Dataset) -> String {
    let columns = dataset.expectations.iter().enumerate();
    let columns = columns.map(|(at, expectation)| format!("coalesce(({}), false) AS {MET}{at}", expectation.condition));
    columns.collect::<Vec<_>>().join(", ")
}

/// Keeps the rows beside the table until it is known what they meet, so that what is counted is what is written.
async fn staged(node: &Node, rows: &str, staging: &str, statements: &Statements<'_>) -> Result<Made, (Ended, Value)> {
    let dataset = &node.dataset;
    let nothing = |ended| (ended, json!({}));
    let text = format!("CREATE OR REPLACE TABLE {staging} AS SELECT *, {} FROM ({rows})", met(dataset));
    statements.run(text).await.map_err(|no_rows| nothing(no_rows.into()))?;
    let quality = count(dataset, staging, statements).await.map_err(nothing)?;
    let mut details = json!({"metrics": {"num_output_rows": 0}, "data_quality": quality.details});
    if let Some(failure) = quality.failure {
        return Err((failure, details));
    }
    let marks: Vec<_> = (0..dataset.expectations.len()).map(|at| format!("{MET}{at}")).collect();
    let dropping = dataset.expectations.iter().zip(&marks);
    let dropping = dropping.filter(|(expectation, _)| expectation.on_violation == Violation::Dropped);
    let dropping: Vec<_> = dropping.map(|(_, mark)| mark.as_str()).collect();
    let kept = if dropping.is_empty() { String::new() } else { format!(" WHERE {}", dropping.join(" AND ")) };
    let rows = format!("SELECT * EXCEPT ({}) FROM {staging}{kept}", marks.join(", "));
    let written = write(dataset, &rows, statements).await.map_err(nothing)?;
    if let Some(metrics) = details.get_mut("metrics").and_then(Value::as_object_mut) {
        metrics.insert("num_output_rows".to_owned(), json!(written));
    }
    Ok(Made { details })
}

/// What expectations say of rows.
struct Quality {
    details: Value,
    failure: Option<Ended>,
}

async fn count(dataset: &Dataset, rows: &str, statements: &Statements<'_>) -> Result<Quality, Ended> {
    let expectations = &dataset.expectations;
    let each = (0..expectations.len()).map(|at| format!("count_if({MET}{at})"));
    let dropping = expectations.iter().enumerate().filter(|(_, it)| it.on_violation == Violation::Dropped);
    let dropping: Vec<_> = dropping.map(|(at, _)| format!("{MET}{at}")).collect();
    let kept = if dropping.is_empty() { "true".to_owned() } else { dropping.join(" AND ") };
    let counts = [format!("count(*) - count_if({kept})"), "count(*)".to_owned()].into_iter().chain(each);
    let text = format!("SELECT {} FROM {rows}", counts.collect::<Vec<_>>().join(", "));
    let numbers = statements.numbers(text).await?;
    let number = |at: usize| numbers.get(at).copied().unwrap_or(0);
    let (dropped, total) = (number(0), number(1));
    let name = dataset.name.full_name();
    let mut told = Vec::new();
    let mut violated = Vec::new();
    for (at, expectation) in expectations.iter().enumerate() {
        let passed = number(at + 2);
        let failed = total.saturating_sub(passed);
        told.push(json!({
            "name": expectation.name, "dataset": name, "passed_records": passed, "failed_records": failed,
        }));
        if failed > 0 && expectation.on_violation == Violation::Fails {
            violated.push(format!(
                "'{}' ({failed} of {total} rows do not meet {})",
                expectation.name, expectation.condition
            ));
        }
    }
    let failure = (!violated.is_empty()).then(|| {
        let said = format!(
            "[EXPECTATION_VIOLATION] Flow '{name}' failed to meet the expectation. Violated expectations: {}. Nothing of it was \
             written. SQLSTATE: 22000",
            violated.join(", ")
        );
        Ended::Failed(exception("com.databricks.pipelines.ExpectationViolationException", said))
    });
    Ok(Quality { details: json!({"dropped_records": dropped, "expectations": told}), failure })
}
