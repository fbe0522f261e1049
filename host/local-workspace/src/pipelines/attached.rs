//! Streaming tables and the flows that write into them, put together.

use std::collections::BTreeSet;

use super::{
    changes::{Changes, HISTORY},
    definition::{Dataset, Definitions, Kind},
    flows::Flow,
    query::quoted,
};
use crate::{catalog::names::TableName, sql::language::error::SqlError};

/// The datasets with all that flows write into them.
///
/// # Errors
/// Two flows of one name, a flow into what is no streaming table of the pipeline, and a table that nothing writes into;
/// with the path of the code.
pub(crate) fn attached(definitions: Definitions) -> Result<Vec<Dataset>, (String, SqlError)> {
    let Definitions { datasets, flows } = definitions;
    let with_query = datasets.iter().filter(|dataset| !dataset.query.is_empty());
    let mut names: BTreeSet<&TableName> = with_query.map(|dataset| &dataset.name).collect();
    for flow in &flows {
        check(flow, &datasets, &mut names).map_err(|error| (flow.path.clone(), error))?;
    }
    let attached = datasets.iter().map(|dataset| {
        let flows: Vec<&Flow> = flows.iter().filter(|flow| flow.target == dataset.name).collect();
        with_flows(dataset, &flows).map_err(|error| (dataset.path.clone(), error))
    });
    attached.collect()
}

fn check<'a>(flow: &'a Flow, datasets: &[Dataset], names: &mut BTreeSet<&'a TableName>) -> Result<(), SqlError> {
    let (name, target) = (flow.name.full_name(), flow.target.full_name());
    if !names.insert(&flow.name) {
        let detail = format!("The flow {name} is defined more than once.");
        return Err(SqlError::new("PIPELINE_DUPLICATE_IDENTIFIERS", "42710", detail));
    }
    match datasets.iter().find(|dataset| dataset.name == flow.target) {
        Some(dataset) if dataset.kind == Kind::StreamingTable => Ok(()),
        Some(_) => {
            let detail = format!("The flow {name} writes into {target}, which is no streaming table.");
            Err(SqlError::new("INVALID_FLOW_TARGET", "42809", detail))
        }
        None => {
            let detail = format!("The flow {name} writes into {target}, which the pipeline does not define.");
            Err(SqlError::new("TABLE_OR_VIEW_NOT_FOUND", "42P01", detail))
        }
    }
}

fn with_flows(dataset: &Dataset, flows: &[&Flow]) -> Result<Dataset, SqlError> {
    let mut dataset = dataset.clone();
    let mut queries: Vec<String> = [&dataset.query].into_iter().filter(|query| !query.is_empty()).cloned().collect();
    if !flows.is_empty() {
        let own = (!queries.is_empty()).then(|| dataset.name.clone());
        dataset.flows = own.into_iter().chain(flows.iter().map(|flow| flow.name.clone())).collect();
    }
    if let Some(changes) = flows.iter().find_map(|flow| flow.applies()) {
        if flows.len() > 1 || !queries.is_empty() {
            let what = format!("{}, a table that AUTO CDC and another flow write into,", dataset.name.full_name());
            return Err(SqlError::unsupported(what));
        }
        check_history(&dataset, changes)?;
        dataset.query = changes.shape();
        dataset.changes = Some(Box::new(changes.clone()));
        return Ok(dataset);
    }
    queries.extend(flows.iter().map(|flow| flow.writes.shape()));
    if !flows.is_empty() && dataset.columns.iter().all(|column| column.type_text.is_some()) {
        // A flow may leave out columns that the table has.
        queries.extend(no_rows(&dataset));
    }
    if queries.is_empty() {
        let detail = format!(
            "Pipeline dataset {} does not have any defined flows. Please attach a query with the dataset's definition, or \
             explicitly define at least one flow that writes to the dataset.",
            dataset.name.full_name()
        );
        return Err(SqlError::new("PIPELINE_DATASET_WITHOUT_FLOW", "0A000", detail));
    }
    dataset.query = together(&queries);
    Ok(dataset)
}

/// Where a table with a history names its columns, the history's are among them.
fn check_history(dataset: &Dataset, changes: &Changes) -> Result<(), SqlError> {
    let named = |name: &str| dataset.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
    let is_typed = dataset.columns.iter().any(|column| column.type_text.is_some());
    match HISTORY.iter().find(|name| is_typed && changes.history.is_some() && !named(name)) {
        None => Ok(()),
        Some(name) => {
            let detail = format!(
                "The schema of {} has no column {name}: with SCD TYPE 2 it needs {} of the type of SEQUENCE BY.",
                dataset.name.full_name(),
                HISTORY.join(" and ")
            );
            Err(SqlError::new("INVALID_AUTO_CDC", "42601", detail))
        }
    }
}

/// A query of no rows with all columns that the definition names.
fn no_rows(dataset: &Dataset) -> Option<String> {
    let columns = dataset.columns.iter().filter_map(|column| {
        let kind = column.type_text.as_deref()?;
        Some(format!("CAST(NULL AS {kind}) AS {}", quoted(&column.name)))
    });
    let columns: Vec<_> = columns.collect();
    (!columns.is_empty()).then(|| format!("SELECT {} LIMIT 0", columns.join(", ")))
}

/// The rows of all these queries, by the names of their columns.
fn together(queries: &[String]) -> String {
    match queries {
        [query] => query.clone(),
        queries => queries
            .iter()
            .map(|query| format!("SELECT * FROM ({query})"))
            .collect::<Vec<_>>()
            .join(" UNION ALL BY NAME "),
    }
}
