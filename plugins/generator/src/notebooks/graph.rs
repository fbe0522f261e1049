//! The order of tasks: who writes a table comes before who reads it, who sets a task value before who gets it.

use std::collections::{BTreeMap, BTreeSet};

use super::Facts;

/// One task.
#[derive(Debug, Clone)]
pub(crate) struct Node<'a> {
    pub(crate) key: String,
    /// What it does; of a pipeline that of all its notebooks.
    pub(crate) facts: Vec<&'a Facts>,
}

/// One after another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// What comes first.
    pub from: String,
    /// What comes after it.
    pub to: String,
    /// Why: what the second takes from the first.
    pub reason: String,
}

/// An edge by the places of its tasks.
struct Proposed {
    from: usize,
    to: usize,
    reason: String,
}

/// The order that notebooks have by the tables they hand on, by their names, without what other edges imply; and what could
/// not be decided.
#[must_use]
pub fn hand_overs(notebooks: &[(&str, &Facts)]) -> (Vec<Edge>, Vec<String>) {
    let node = |(name, facts): &(&str, _)| Node { key: (*name).to_owned(), facts: vec![*facts] };
    edges(&notebooks.iter().map(node).collect::<Vec<_>>())
}

/// The edges of tasks in their order, without those that others imply, and what could not be decided.
pub(crate) fn edges(nodes: &[Node<'_>]) -> (Vec<Edge>, Vec<String>) {
    let mut told = Vec::new();
    let mut proposed = by_tables(nodes, &mut told);
    proposed.extend(by_values(nodes));
    let mut chosen: BTreeMap<(usize, usize), String> = BTreeMap::new();
    let mut next: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); nodes.len()];
    let key = |i: usize| nodes.get(i).map(|node| node.key.clone()).unwrap_or_default();
    for Proposed { from, to, reason } in proposed {
        if let Some(known) = chosen.get_mut(&(from, to)) {
            *known = format!("{known}; {reason}");
        } else if reaches(&next, to, from, None) {
            told.push(format!(
                "{} should come after {} ({reason}), which comes after it already: the order is for you to decide",
                key(to),
                key(from)
            ));
        } else {
            chosen.insert((from, to), reason);
            next.get_mut(from).map(|after| after.insert(to));
        }
    }
    chosen.retain(|(from, to), _| !reaches(&next, *from, *to, Some((*from, *to))));
    (chosen.into_iter().map(|((from, to), reason)| Edge { from: key(from), to: key(to), reason }).collect(), told)
}

fn by_tables(nodes: &[Node<'_>], told: &mut Vec<String>) -> Vec<Proposed> {
    let mut writers: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (i, node) in nodes.iter().enumerate() {
        for table in node.writes() {
            writers.entry(table).or_default().insert(i);
        }
    }
    for (table, by) in &writers {
        if by.len() > 1 {
            let keys: Vec<&str> = by.iter().filter_map(|i| nodes.get(*i)).map(|node| node.key.as_str()).collect();
            told.push(format!("{table} is written by several tasks: {}", keys.join(", ")));
        }
    }
    let mut found = Vec::new();
    for (i, node) in nodes.iter().enumerate() {
        for table in node.reads() {
            for (from, as_named) in writers_of(&table, &writers) {
                let Some(writer) = nodes.get(from).filter(|_| from != i) else { continue };
                // Two that both read and write a table have no order by it.
                if writer.reads().contains(&as_named) && node.writes().contains(&as_named) {
                    continue;
                }
                let reason = if as_named == table {
                    format!("reads {table}, which {} writes", writer.key)
                } else {
                    format!("reads {table}, likely the {as_named} that {} writes", writer.key)
                };
                found.push(Proposed { from, to: i, reason });
            }
        }
    }
    found
}

/// Who writes a table: of its very name, or of the only name that is the same as far as both go.
fn writers_of(table: &str, writers: &BTreeMap<String, BTreeSet<usize>>) -> Vec<(usize, String)> {
    if let Some(exact) = writers.get(table) {
        return exact.iter().map(|i| (*i, table.to_owned())).collect();
    }
    let ends = |long: &str, short: &str| long.strip_suffix(short).is_some_and(|rest| rest.ends_with('.'));
    let alike: Vec<_> = writers.iter().filter(|(name, _)| ends(name, table) || ends(table, name)).collect();
    match alike.as_slice() {
        [(name, by)] => by.iter().map(|i| (*i, (*name).clone())).collect(),
        _ => Vec::new(),
    }
}

fn by_values(nodes: &[Node<'_>]) -> Vec<Proposed> {
    let mut found = Vec::new();
    for (to, node) in nodes.iter().enumerate() {
        for (task, key) in node.facts.iter().flat_map(|facts| &facts.gets) {
            if let Some(from) = nodes.iter().position(|other| other.key == *task).filter(|from| *from != to) {
                found.push(Proposed { from, to, reason: format!("reads the task value {key} of {task}") });
            }
        }
    }
    found
}

/// Whether edges lead from one task to another, without one of them.
fn reaches(next: &[BTreeSet<usize>], from: usize, to: usize, without: Option<(usize, usize)>) -> bool {
    let (mut seen, mut open) = (BTreeSet::from([from]), vec![from]);
    while let Some(at) = open.pop() {
        for after in next.get(at).into_iter().flatten().filter(|after| Some((at, **after)) != without) {
            if *after == to {
                return true;
            }
            if seen.insert(*after) {
                open.push(*after);
            }
        }
    }
    from == to
}

impl Node<'_> {
    fn reads(&self) -> BTreeSet<String> {
        self.facts.iter().flat_map(|facts| facts.reads.iter().map(|name| normal(name))).collect()
    }

    fn writes(&self) -> BTreeSet<String> {
        self.facts.iter().flat_map(|facts| facts.writes.iter().map(|name| normal(name))).collect()
    }
}

/// A table's name as it is compared: letter case and quotes do not tell two tables apart.
fn normal(name: &str) -> String {
    name.replace('`', "").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(reads: &[&str], writes: &[&str]) -> Facts {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        Facts { reads: texts(reads), writes: texts(writes), ..Facts::default() }
    }

    #[track_caller]
    fn check(tasks: &[(&str, &[&str], &[&str])], expected: &[&str], notes: usize) {
        let all: Vec<(String, Facts)> =
            tasks.iter().map(|(key, reads, writes)| ((*key).to_owned(), facts(reads, writes))).collect();
        let nodes: Vec<Node<'_>> =
            all.iter().map(|(key, facts)| Node { key: key.clone(), facts: vec![facts] }).collect();
        let (edges, told) = edges(&nodes);
        let found: Vec<String> = edges.iter().map(|edge| format!("{}>{}", edge.from, edge.to)).collect();
        assert_eq!(found, expected);
        assert_eq!(told.len(), notes, "{told:?}");
    }

    #[test]
    fn who_writes_comes_before_who_reads() {
        check(&[("a", &[], &["m.s.t"]), ("b", &["M.`s`.T"], &["m.s.u"]), ("c", &["m.s.u"], &[])], &["a>b", "b>c"], 0);
        // What others imply is left out.
        check(&[("a", &[], &["t"]), ("b", &["t"], &["u"]), ("c", &["t", "u"], &[])], &["a>b", "b>c"], 0);
        // A name with fewer parts may be the same, when it can be one only.
        check(&[("a", &[], &["m.s.t"]), ("b", &["s.t"], &[])], &["a>b"], 0);
        check(&[("a", &[], &["m.s.t"]), ("a2", &[], &["n.s.t"]), ("b", &["s.t"], &[])], &[], 0);
        check(&[("a", &[], &["m.s.xt"]), ("b", &["t"], &[])], &[], 0);
    }

    #[test]
    fn what_has_no_order_is_told() {
        check(&[("a", &["t"], &["u"]), ("b", &["u"], &["t"])], &["b>a"], 1);
        check(&[("a", &["t"], &["t"]), ("b", &["t"], &["t"])], &[], 1);
        check(&[("a", &[], &["t"]), ("b", &["t"], &["t"])], &["a>b"], 1);
        check(&[("a", &["t"], &["t"])], &[], 0);
        check(&[], &[], 0);
    }

    #[test]
    fn task_values_give_an_order() {
        let (set, get) = (Facts::default(), Facts { gets: vec![("a".to_owned(), "n".to_owned())], ..Facts::default() });
        let nodes = [Node { key: "b".to_owned(), facts: vec![&get] }, Node { key: "a".to_owned(), facts: vec![&set] }];
        let (edges, _) = edges(&nodes);
        let expected =
            Edge { from: "a".to_owned(), to: "b".to_owned(), reason: "reads the task value n of a".to_owned() };
        assert_eq!(edges, [expected]);
    }

    #[test]
    fn a_thousand_tasks_in_a_row_are_ordered() {
        let tasks: Vec<Facts> =
            (0..1_000_usize).map(|i| facts(&[&format!("t{}", i.wrapping_sub(1))], &[&format!("t{i}")])).collect();
        let nodes: Vec<Node<'_>> =
            tasks.iter().enumerate().map(|(i, facts)| Node { key: format!("k{i:04}"), facts: vec![facts] }).collect();
        assert_eq!(edges(&nodes).0.len(), 999);
    }
}
