//! What an update will do: its datasets in order, every query of them checked, and which of them are made anew.

use std::collections::BTreeSet;

use super::{
    context::Context,
    ended::{Ended, exception, of_sql, refused},
    python, sources,
    statements::{NoRows, Statements},
};
use crate::{
    catalog::names::TableName,
    pipelines::{
        attached::attached,
        definition::{Code, definitions},
        graph::{Broken, Graph, Node},
        model::{Exception, Scope},
        query::quoted,
        spec::Spec,
    },
    sql::language::{
        error::SqlError,
        names::{Namespace, READ_ONLY_CATALOGS},
    },
};

/// What an update will do.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) namespace: Namespace,
    pub(super) graph: Graph,
    /// Datasets to make, by their places in the graph.
    pub(super) chosen: BTreeSet<usize>,
}

/// Makes the plan, and finds what is wrong with the pipeline before anything is written.
pub(super) async fn plan(
    context: &Context,
    user: &str,
    spec: &Spec,
    scope: &Scope,
    statements: &Statements<'_>,
) -> Result<Plan, Ended> {
    let namespace = spec.namespace.clone().ok_or_else(|| {
        Ended::Failed(refused(
            "The pipeline has no catalog: give it the fields catalog and schema, where its datasets are made.",
        ))
    })?;
    let sources = sources::read(context, user, &spec.libraries).await?;
    let of_path = |(path, error): (String, SqlError)| Ended::Failed(at(&path, of_sql(&error)));
    let read = |codes: &[Code]| definitions(codes, &namespace, &spec.configuration).map_err(of_path);
    let mut definitions = read(&sources.sql)?;
    if !sources.python.is_empty() {
        let (session, cancel) = (statements.session(), statements.cancel());
        let told = python::definitions(
            context,
            session,
            &namespace,
            &spec.configuration,
            sources.python,
            &definitions,
            cancel,
        );
        definitions.extend(read(&told.await?)?);
    }
    let datasets = attached(definitions).map_err(of_path)?;
    if datasets.is_empty() {
        return Err(Ended::Failed(refused("The pipeline's code defines no dataset.")));
    }
    let mut graph = Graph::build(datasets, &namespace)
        .map_err(|Broken { dataset, error }| Ended::Failed(at(&dataset, of_sql(&error))))?;
    let chosen = chosen(&graph, &namespace, scope)?;
    check_catalogs(&graph, statements).await?;
    for place in 0..graph.nodes.len() {
        if let Some(node) = graph.nodes.get(place) {
            check_sources(node, statements).await?;
        }
        apply(&mut graph, place, &namespace, statements).await?;
        if let Some(node) = graph.nodes.get(place) {
            check_query(&graph, place, node, statements).await?;
        }
    }
    Ok(Plan { namespace, graph, chosen })
}

/// A failure with what it is about before it.
fn at(what: &str, failure: Exception) -> Exception {
    exception(&failure.class_name, format!("{what}: {}", failure.message))
}

fn unresolved(node: &Node, failure: Exception) -> Ended {
    let name = node.dataset.name.full_name();
    Ended::Failed(exception(&failure.class_name, format!("Failed to resolve flow '{name}': {}", failure.message)))
}

/// The datasets that the update names, or all of them.
fn chosen(graph: &Graph, namespace: &Namespace, scope: &Scope) -> Result<BTreeSet<usize>, Ended> {
    let named: Vec<&String> = scope.refresh_selection.iter().chain(&scope.full_refresh_selection).collect();
    if named.is_empty() {
        return Ok((0..graph.nodes.len()).collect());
    }
    let mut chosen = BTreeSet::new();
    for text in named {
        let name = named_table(text, namespace);
        let place = graph.nodes.iter().position(|node| Some(&node.dataset.name) == name.as_ref());
        let place = place.ok_or_else(|| {
            let known: Vec<_> = graph.nodes.iter().map(|node| node.dataset.name.table.as_str()).collect();
            Ended::Failed(refused(format!(
                "The dataset '{text}' of the selection is not defined in the pipeline, which defines {}.",
                known.join(", ")
            )))
        })?;
        chosen.insert(place);
    }
    Ok(chosen)
}

/// The table that a selection names.
fn named_table(text: &str, namespace: &Namespace) -> Option<TableName> {
    let parts: Vec<String> = text.split('.').map(|part| part.trim_matches('`').to_owned()).collect();
    namespace.table(&parts).ok()
}

/// Catalogs are there and can be written; schemas are made when they are needed.
async fn check_catalogs(graph: &Graph, statements: &Statements<'_>) -> Result<(), Ended> {
    let catalogs: BTreeSet<&str> = graph.nodes.iter().map(|node| node.dataset.name.catalog.as_str()).collect();
    for catalog in catalogs {
        if READ_ONLY_CATALOGS.contains(&catalog) {
            return Err(Ended::Failed(refused(format!(
                "The catalog {catalog} is read only; choose another for the pipeline."
            ))));
        }
        let quoted = quoted(catalog);
        statements.run(format!("DESCRIBE CATALOG {quoted}")).await?;
    }
    Ok(())
}

/// Tables that are none of the pipeline's are there.
async fn check_sources(node: &Node, statements: &Statements<'_>) -> Result<(), Ended> {
    for table in &node.outside {
        match statements.run(format!("SELECT * FROM {} LIMIT 0", table.quoted())).await {
            Ok(_) => {}
            Err(NoRows::Canceled) => return Err(Ended::Canceled),
            Err(NoRows::Failed(error)) => return Err(unresolved(node, of_sql(&error))),
        }
    }
    Ok(())
}

/// Where a dataset is made of changes, its query needs its columns, which the queries before it give.
async fn apply(
    graph: &mut Graph,
    place: usize,
    namespace: &Namespace,
    statements: &Statements<'_>,
) -> Result<(), Ended> {
    let Some(node) = graph.nodes.get(place).filter(|node| node.dataset.changes.is_some()).cloned() else {
        return Ok(());
    };
    let text = format!("SELECT * FROM ({}) LIMIT 0", graph.text(place, |_| true));
    let rows = match statements.run(text).await {
        Ok(rows) => rows,
        Err(NoRows::Canceled) => return Err(Ended::Canceled),
        Err(NoRows::Failed(error)) => return Err(unresolved(&node, of_sql(&error))),
    };
    let columns: Vec<String> = rows.columns.iter().map(|column| quoted(&column.name)).collect();
    graph.apply(place, &columns, namespace).map_err(|error| unresolved(&node, of_sql(&error)))
}

/// A query and its expectations fit what they read, before any of that is made.
async fn check_query(graph: &Graph, place: usize, node: &Node, statements: &Statements<'_>) -> Result<(), Ended> {
    let rows = graph.text(place, |_| true);
    let conditions = node.dataset.expectations.iter().map(|expectation| format!("({})", expectation.condition));
    let conditions: Vec<_> = conditions.collect();
    // No EXPLAIN: there is none over files.
    let columns = if conditions.is_empty() { "*".to_owned() } else { conditions.join(", ") };
    let text = format!("SELECT {columns} FROM ({rows}) LIMIT 0");
    match statements.run(text).await {
        Ok(_) => Ok(()),
        Err(NoRows::Canceled) => Err(Ended::Canceled),
        Err(NoRows::Failed(error)) => Err(unresolved(node, of_sql(&error))),
    }
}
