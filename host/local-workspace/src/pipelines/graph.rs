//! What reads what: the datasets of a pipeline in the order in which they can be made.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    definition::{Dataset, Kind, Violation},
    query::{Query, quoted},
};
use crate::{
    catalog::names::TableName,
    sql::language::{error::SqlError, names::Namespace},
};

/// A dataset and what it reads.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) dataset: Dataset,
    pub(crate) query: Query,
    /// Datasets of the pipeline, by their places in the graph.
    pub(crate) reads: BTreeSet<usize>,
    /// Tables that are none of the pipeline's datasets.
    pub(crate) outside: Vec<TableName>,
}

/// A pipeline's datasets; each one stands behind all that it reads.
#[derive(Debug, Clone, Default)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
}

/// Why there is no graph.
#[derive(Debug, Clone)]
pub(crate) struct Broken {
    /// The full name of the dataset at which it was found out.
    pub(crate) dataset: String,
    pub(crate) error: SqlError,
}

impl Graph {
    /// Puts datasets into order.
    ///
    /// # Errors
    /// Two datasets of one name, a query that cannot be parsed, datasets that read each other in a circle.
    pub(crate) fn build(datasets: Vec<Dataset>, namespace: &Namespace) -> Result<Self, Broken> {
        let names = distinct(&datasets)?;
        let mut left = Vec::with_capacity(datasets.len());
        for dataset in datasets {
            let of = |error| Broken { dataset: dataset.name.full_name(), error };
            let query = Query::read(&dataset.query, namespace, &names).map_err(of)?;
            let tables = query.tables(namespace).map_err(of)?;
            let (inside, outside): (Vec<_>, Vec<_>) = tables.into_iter().partition(|name| names.contains(name));
            left.push((dataset, query, inside, outside));
        }
        let mut graph = Self::default();
        let mut places: BTreeMap<TableName, usize> = BTreeMap::new();
        while !left.is_empty() {
            let (free, bound): (Vec<_>, Vec<_>) =
                left.into_iter().partition(|(_, _, inside, _)| inside.iter().all(|name| places.contains_key(name)));
            if free.is_empty() {
                return Err(circle(&bound.iter().map(|(dataset, _, inside, _)| (&dataset.name, inside)).collect()));
            }
            for (dataset, query, inside, outside) in free {
                places.insert(dataset.name.clone(), graph.nodes.len());
                let reads = inside.iter().filter_map(|name| places.get(name).copied()).collect();
                graph.nodes.push(Node { dataset, query, reads, outside });
            }
            left = bound;
        }
        Ok(graph)
    }

    /// A dataset's rows as a query. The datasets that `inlined` names stand in it as queries of their own, all others are
    /// read as tables.
    pub(crate) fn text(&self, place: usize, inlined: impl Fn(&Dataset) -> bool) -> String {
        let Some(node) = self.nodes.get(place) else { return String::new() };
        let mut within = BTreeSet::new();
        self.gather(node, &inlined, &mut within);
        let known: BTreeSet<&TableName> =
            within.iter().filter_map(|place| self.nodes.get(*place)).map(|node| &node.dataset.name).collect();
        let written = |query: &Query| {
            query.written(|name| if known.contains(name) { quoted(&name.table) } else { name.quoted() })
        };
        let definitions = within.iter().filter_map(|place| self.nodes.get(*place)).map(|node| {
            let rows = kept(&node.dataset, &projected(&node.dataset, &written(&node.query)));
            format!("{} AS ({rows})", quoted(&node.dataset.name.table))
        });
        let definitions: Vec<String> = definitions.collect();
        let body = written(&node.query);
        if definitions.is_empty() {
            return projected(&node.dataset, &body);
        }
        // A list of names of its own stays within brackets, so that it hides none of these.
        projected(&node.dataset, &format!("WITH {} SELECT * FROM ({body})", definitions.join(", ")))
    }

    /// Makes the rows of a dataset those that become of its changes, whose columns are known now.
    ///
    /// # Errors
    /// A query that cannot be read.
    pub(crate) fn apply(&mut self, place: usize, columns: &[String], namespace: &Namespace) -> Result<(), SqlError> {
        let names = self.nodes.iter().map(|node| node.dataset.name.clone()).collect();
        if let Some(node) = self.nodes.get_mut(place)
            && let Some(changes) = &node.dataset.changes
        {
            node.query = Query::read(&changes.applied(columns), namespace, &names)?;
        }
        Ok(())
    }

    fn gather(&self, node: &Node, inlined: &impl Fn(&Dataset) -> bool, within: &mut BTreeSet<usize>) {
        for place in &node.reads {
            if let Some(read) = self.nodes.get(*place)
                && inlined(&read.dataset)
                && within.insert(*place)
            {
                self.gather(read, inlined, within);
            }
        }
    }
}

/// A query whose columns are those that the definition names, in its types.
fn projected(dataset: &Dataset, query: &str) -> String {
    if dataset.columns.iter().all(|column| column.type_text.is_none()) {
        return query.to_owned();
    }
    let columns = dataset.columns.iter().map(|column| {
        let name = quoted(&column.name);
        match &column.type_text {
            Some(kind) => format!("CAST(rows.{name} AS {kind}) AS {name}"),
            None => format!("rows.{name}"),
        }
    });
    format!("SELECT {} FROM ({query}) AS rows", columns.collect::<Vec<_>>().join(", "))
}

/// A query without the rows that expectations drop.
fn kept(dataset: &Dataset, query: &str) -> String {
    let dropping = dataset.expectations.iter().filter(|expectation| expectation.on_violation == Violation::Dropped);
    let conditions: Vec<_> = dropping.map(|expectation| format!("({})", expectation.condition)).collect();
    if conditions.is_empty() {
        return query.to_owned();
    }
    format!("SELECT * FROM ({query}) WHERE {}", conditions.join(" AND "))
}

fn distinct(datasets: &[Dataset]) -> Result<BTreeSet<TableName>, Broken> {
    let mut names = BTreeSet::new();
    let mut tables: BTreeMap<&str, &TableName> = BTreeMap::new();
    for dataset in datasets {
        let of = |error| Broken { dataset: dataset.name.full_name(), error };
        if !names.insert(dataset.name.clone()) {
            let detail = format!("The dataset {} is defined more than once.", dataset.name.full_name());
            return Err(of(SqlError::new("PIPELINE_DUPLICATE_IDENTIFIERS", "42710", detail)));
        }
        if let Some(other) = tables.insert(&dataset.name.table, &dataset.name) {
            let what = format!(
                "{} and {}, two datasets of one name in different schemas,",
                other.full_name(),
                dataset.name.full_name()
            );
            return Err(of(SqlError::unsupported(what)));
        }
    }
    Ok(names)
}

/// Follows what each reads until a dataset comes again.
fn circle(bound: &BTreeMap<&TableName, &Vec<TableName>>) -> Broken {
    let mut path: Vec<&TableName> = Vec::new();
    let mut at = bound.keys().next().copied();
    while let Some(name) = at {
        if let Some(start) = path.iter().position(|before| *before == name) {
            path.drain(..start);
            path.push(name);
            break;
        }
        path.push(name);
        at = bound.get(name).and_then(|reads| reads.iter().find(|read| bound.contains_key(read)));
    }
    let names: Vec<_> = path.iter().map(|name| name.full_name()).collect();
    let detail = format!("The datasets read each other in a circle: {}.", names.join(" -> "));
    let error = SqlError::new("PIPELINE_GRAPH_NOT_TOPOLOGICALLY_SORTABLE", "42K0E", detail);
    Broken { dataset: names.first().cloned().unwrap_or_default(), error }
}

/// Whether a dataset has no table, so that whoever reads it runs its query.
pub(crate) fn is_temporary(dataset: &Dataset) -> bool {
    dataset.kind == Kind::TemporaryView
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipelines::{
        attached::attached,
        definition::{Code, definitions},
    };

    fn graph(text: &str) -> Result<Graph, Broken> {
        let namespace = Namespace { catalog: "main".to_owned(), schema: "s".to_owned() };
        let code = Code { path: "/a.sql".to_owned(), text: text.to_owned() };
        let definitions = definitions(&[code], &namespace, &BTreeMap::new()).unwrap();
        Graph::build(attached(definitions).unwrap(), &namespace)
    }

    #[test]
    fn datasets_come_behind_what_they_read() {
        let text = "CREATE MATERIALIZED VIEW c AS SELECT * FROM b JOIN LIVE.a; CREATE MATERIALIZED VIEW b AS SELECT * FROM \
                    main.s.a; CREATE STREAMING TABLE a AS SELECT * FROM STREAM(x.y.z)";
        let graph = graph(text).unwrap();
        let names: Vec<_> = graph.nodes.iter().map(|node| node.dataset.name.table.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert_eq!(graph.nodes[2].reads, BTreeSet::from([0, 1]));
        assert_eq!(graph.nodes[0].outside[0].full_name(), "x.y.z");
    }

    #[test]
    fn temporary_views_stand_in_whoever_reads_them() {
        let text = "CREATE TEMPORARY VIEW v (i INT, CONSTRAINT c EXPECT (i > 0) ON VIOLATION DROP ROW) AS SELECT i FROM t; \
                    CREATE MATERIALIZED VIEW m AS WITH x AS (SELECT * FROM LIVE.v) SELECT * FROM x";
        let expect = "WITH `v` AS (SELECT * FROM (SELECT CAST(rows.`i` AS INT) AS `i` FROM (SELECT i FROM t) AS rows) WHERE (i > 0)) \
                      SELECT * FROM (WITH x AS (SELECT * FROM `v`) SELECT * FROM x)";
        assert_eq!(graph(text).unwrap().text(1, is_temporary), expect);
    }

    #[test]
    fn what_cannot_be_ordered_is_named() {
        for (text, says) in [
            (
                "CREATE MATERIALIZED VIEW a AS SELECT * FROM b; CREATE MATERIALIZED VIEW b AS SELECT * FROM c; CREATE \
                 MATERIALIZED VIEW c AS SELECT * FROM b",
                "main.s.b -> main.s.c -> main.s.b",
            ),
            ("CREATE MATERIALIZED VIEW a AS SELECT * FROM a", "main.s.a -> main.s.a"),
            ("CREATE VIEW a AS SELECT 1; CREATE VIEW A AS SELECT 2", "main.s.a is defined more than once"),
            ("CREATE VIEW a AS SELECT 1; CREATE VIEW x.y.a AS SELECT 2", "main.s.a and x.y.a"),
            ("CREATE VIEW a AS SELECT * FROM LIVE.b", "dataset 'b'"),
            ("CREATE VIEW a AS SELECT FROM WHERE", "PARSE_SYNTAX_ERROR"),
        ] {
            let broken = graph(text).unwrap_err();
            assert!(!broken.dataset.is_empty() && broken.error.to_string().contains(says), "{text}: {}", broken.error);
        }
    }
}
