//! What several notebooks have to do with each other: who makes what others read, and in which order they run.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::analysis::{Analysis, CallKind, Certainty, Mode, PathOperation, TableUse};

/// Why one notebook comes before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Link {
    /// A table that is written and read.
    Table,
    /// A path that is written and read.
    Path,
    /// A dataset of a pipeline.
    Dataset,
    /// A value that one task sets and the other gets.
    TaskValue,
    /// The first runs the second, or takes it in (`%run`, an import).
    Run,
}

/// One notebook before another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Edge {
    pub from: String,
    pub to: String,
    pub link: Link,
    /// The table, path, key or call.
    pub what: String,
    pub certainty: Certainty,
}

/// A notebook in the proposed order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Task {
    pub path: String,
    /// Those that must be done before, without those that follow from others.
    pub after: Vec<String>,
    /// Why, a sentence for each.
    pub reasons: Vec<String>,
}

/// A table that several notebooks write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conflict {
    pub table: String,
    /// The notebooks with how they write.
    pub writers: Vec<(String, Mode)>,
}

/// What several notebooks have to do with each other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Relations {
    pub edges: Vec<Edge>,
    /// Notebooks in an order in which they can run; those that others run or take in are not in it.
    pub order: Vec<Task>,
    /// Notebooks that others run or take in, with one of those.
    pub within: Vec<(String, String)>,
    pub conflicts: Vec<Conflict>,
    /// Notebooks that wait for each other.
    pub cycles: Vec<Vec<String>>,
}

/// Relates notebooks, each named by its path.
#[must_use]
pub fn relate(analyses: &[Analysis]) -> Relations {
    let edges = edges(analyses);
    let mut within: BTreeMap<String, String> = BTreeMap::new();
    for edge in edges.iter().filter(|edge| edge.link == Link::Run) {
        within.entry(edge.to.clone()).or_insert_with(|| edge.from.clone());
    }
    let before: BTreeSet<(&str, &str)> =
        edges.iter().filter(|edge| edge.link != Link::Run).map(|edge| (edge.from.as_str(), edge.to.as_str())).collect();
    let paths: Vec<&str> = analyses.iter().map(|one| one.notebook.path.as_str()).collect();
    let reach = reach(&paths, &before);
    let cycles = cycles(&paths, &reach);
    let order = order(&paths, &before, &reach, &within, &edges);
    let conflicts = conflicts(analyses);
    Relations { edges, order, within: within.into_iter().collect(), conflicts, cycles }
}

/// The name by which a table is compared; none where it is not known.
fn known(table: &TableUse) -> Option<String> {
    let name = table.with_defaults.as_ref().unwrap_or(&table.name);
    // Two names that hang on the same parameters are one, whatever those are.
    (table.certainty != Certainty::Unknown).then(|| name.to_lowercase())
}

/// Whether two names are one table: the same, or one leaves out the catalog. The certainty of that.
fn same(one: &str, other: &str) -> Option<Certainty> {
    let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    if short == long {
        return Some(Certainty::Literal);
    }
    let ends = long.strip_suffix(short).is_some_and(|front| front.ends_with('.'));
    (ends && short.contains('.')).then_some(Certainty::Computed)
}

fn edges(analyses: &[Analysis]) -> Vec<Edge> {
    let mut edges = BTreeSet::new();
    let mut add = |from: &Analysis, to: &Analysis, link: Link, what: &str, certainty: Certainty| {
        if from.notebook.path != to.notebook.path {
            edges.insert(Edge {
                from: from.notebook.path.clone(),
                to: to.notebook.path.clone(),
                link,
                what: what.to_owned(),
                certainty,
            });
        }
    };
    for from in analyses {
        for to in analyses {
            for read in to.reads.iter().filter(|read| read.mode != Mode::Metadata) {
                for write in from.writes.iter().filter(|write| write.mode.produces()) {
                    let both = known(read).zip(known(write));
                    let equal = both.as_ref().and_then(|(read, write)| same(read, write));
                    if let (Some((_, name)), Some(certainty)) = (both, equal) {
                        add(from, to, Link::Table, &name, certainty.max(read.certainty).max(write.certainty));
                    }
                }
                for dataset in &from.datasets {
                    let last = read.parts.last().map(|part| part.to_lowercase());
                    if last.as_deref() == dataset.name.to_lowercase().rsplit('.').next() {
                        add(from, to, Link::Dataset, &dataset.name, Certainty::Computed);
                    }
                }
            }
            for read in to
                .paths
                .iter()
                .filter(|path| path.operation == PathOperation::Read && path.certainty != Certainty::Unknown)
            {
                for write in from
                    .paths
                    .iter()
                    .filter(|path| path.operation == PathOperation::Write && path.certainty != Certainty::Unknown)
                {
                    let (read, write) = (read.uri.trim_end_matches('/'), write.uri.trim_end_matches('/'));
                    let inside = |inner: &str, outer: &str| {
                        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                    };
                    if inside(read, write) || inside(write, read) {
                        add(from, to, Link::Path, write, Certainty::Literal);
                    }
                }
            }
            for get in to.task_values.iter().filter(|value| !value.set) {
                if from.task_values.iter().any(|value| value.set && value.key == get.key) {
                    let named = get.task.as_deref() == Some(stem(&from.notebook.path));
                    let certainty = if named { Certainty::Literal } else { Certainty::Computed };
                    add(from, to, Link::TaskValue, &get.key, certainty);
                }
            }
            for call in &from.calls {
                let target = call.resolved.as_deref().unwrap_or(&call.target);
                let path = &to.notebook.path;
                let is = path == target
                    || without_ending(path) == target
                    || (call.resolved.is_none() && stem(path) == stem(target) && call.kind != CallKind::Import);
                if is {
                    add(from, to, Link::Run, &call.target, call.certainty);
                }
            }
        }
    }
    edges.into_iter().collect()
}

fn without_ending(path: &str) -> &str {
    match path.rsplit_once('.') {
        Some((front, ending)) if !ending.contains('/') => front,
        _ => path,
    }
}

fn stem(path: &str) -> &str {
    without_ending(path.rsplit('/').next().unwrap_or(path))
}

/// What can be reached from each notebook.
fn reach<'p>(paths: &[&'p str], before: &BTreeSet<(&'p str, &'p str)>) -> BTreeMap<&'p str, BTreeSet<&'p str>> {
    let mut next: BTreeMap<&str, Vec<&'p str>> = BTreeMap::new();
    for (from, to) in before {
        next.entry(from).or_default().push(to);
    }
    let from = |path: &'p str| {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&'p str> = next.get(path).cloned().unwrap_or_default();
        while let Some(one) = open.pop() {
            if seen.insert(one) {
                open.extend(next.get(one).into_iter().flatten());
            }
        }
        seen
    };
    paths.iter().map(|path| (*path, from(path))).collect()
}

fn cycles(paths: &[&str], reach: &BTreeMap<&str, BTreeSet<&str>>) -> Vec<Vec<String>> {
    let reaches = |from: &str, to: &str| reach.get(from).is_some_and(|found| found.contains(to));
    let mut cycles: Vec<Vec<String>> = Vec::new();
    for path in paths.iter().filter(|path| reaches(path, path)) {
        let together: Vec<String> = paths
            .iter()
            .filter(|other| reaches(path, other) && reaches(other, path))
            .map(|other| (*other).to_owned())
            .collect();
        if !cycles.contains(&together) {
            cycles.push(together);
        }
    }
    cycles
}

fn order(
    paths: &[&str],
    before: &BTreeSet<(&str, &str)>,
    reach: &BTreeMap<&str, BTreeSet<&str>>,
    within: &BTreeMap<String, String>,
    edges: &[Edge],
) -> Vec<Task> {
    let reaches = |from: &str, to: &str| reach.get(from).is_some_and(|found| found.contains(to));
    let tasks: Vec<&str> = paths.iter().copied().filter(|path| !within.contains_key(*path)).collect();
    let waits_for = |path: &str| -> Vec<&str> {
        let all: Vec<&str> = tasks
            .iter()
            .copied()
            // In a circle nobody can be first: it is told of by itself.
            .filter(|from| before.contains(&(*from, path)) && !reaches(path, from))
            .collect();
        all.iter().copied().filter(|from| !all.iter().any(|other| other != from && reaches(from, other))).collect()
    };
    let mut left: Vec<&str> = tasks.clone();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut order = Vec::new();
    while !left.is_empty() {
        let ready = left.iter().position(|path| waits_for(path).iter().all(|from| done.contains(from))).unwrap_or(0);
        let path = left.remove(ready);
        done.insert(path);
        let after: Vec<String> = waits_for(path).into_iter().map(str::to_owned).collect();
        let why = |edge: &&Edge| edge.to == path && after.contains(&edge.from) && edge.link != Link::Run;
        let reasons = edges.iter().filter(why).map(reason).collect();
        order.push(Task { path: path.to_owned(), after, reasons });
    }
    order
}

fn reason(edge: &Edge) -> String {
    let (from, what) = (&edge.from, &edge.what);
    match edge.link {
        Link::Table => format!("reads {what}, which {from} writes"),
        Link::Path => format!("reads below {what}, where {from} writes"),
        Link::Dataset => format!("reads the dataset {what} of {from}"),
        Link::TaskValue => format!("gets the task value {what}, which {from} sets"),
        Link::Run => format!("is run by {from}"),
    }
}

fn conflicts(analyses: &[Analysis]) -> Vec<Conflict> {
    let mut writers: BTreeMap<String, BTreeMap<String, Mode>> = BTreeMap::new();
    for analysis in analyses {
        for write in analysis.writes.iter().filter(|write| write.mode.produces()) {
            let Some(name) = known(write) else { continue };
            writers.entry(name).or_default().entry(analysis.notebook.path.clone()).or_insert(write.mode);
        }
    }
    let several = writers.into_iter().filter(|(_, writers)| writers.len() > 1);
    several.map(|(table, writers)| Conflict { table, writers: writers.into_iter().collect() }).collect()
}

#[cfg(test)]
mod tests;
