//! Names and their values: of the notebook, and of functions that are followed.

use std::collections::{BTreeMap, BTreeSet};

use super::value::Value;

/// The values of names.
#[derive(Debug, Default)]
struct Scope {
    /// Tells it from others that were in its place.
    number: u64,
    names: BTreeMap<String, Value>,
    /// Names that belong to the notebook.
    global: BTreeSet<String>,
}

/// All scopes, the innermost last, and what branches change.
#[derive(Debug)]
pub(super) struct Scopes {
    scopes: Vec<Scope>,
    made: u64,
    /// What was overwritten since the outermost branch began: scope, name and the value before.
    journal: Vec<(u64, String, Option<Value>)>,
    branches: usize,
}

impl Default for Scopes {
    fn default() -> Self {
        Self { scopes: vec![Scope::default()], made: 0, journal: Vec::new(), branches: 0 }
    }
}

impl Scopes {
    pub(super) fn push(&mut self) {
        self.made += 1;
        self.scopes.push(Scope { number: self.made, ..Scope::default() });
    }

    pub(super) fn pop(&mut self) {
        self.scopes.pop();
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.scopes.iter().rev().find_map(|scope| scope.names.get(name))
    }

    /// Says that a name belongs to the notebook.
    pub(super) fn global(&mut self, name: &str) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.global.insert(name.to_owned());
        }
    }

    pub(super) fn set(&mut self, name: &str, value: Value) {
        let is_global = self.scopes.last().is_some_and(|scope| scope.global.contains(name));
        let scope = if is_global { self.scopes.first_mut() } else { self.scopes.last_mut() };
        let Some(scope) = scope else { return };
        let before = scope.names.insert(name.to_owned(), value);
        if self.branches > 0 {
            self.journal.push((scope.number, name.to_owned(), before));
        }
    }

    /// Begins a part that may not run.
    pub(super) fn begin_branch(&mut self) -> usize {
        self.branches += 1;
        self.journal.len()
    }

    /// Ends it: gives back what it changed, with its values, and puts the values before it in their place.
    pub(super) fn end_branch(&mut self, mark: usize) -> Branch {
        self.branches -= 1;
        let mut changed = BTreeMap::new();
        for (number, name, before) in self.journal.split_off(mark).into_iter().rev() {
            let Some(scope) = self.scopes.iter_mut().find(|scope| scope.number == number) else { continue };
            let now = match before {
                Some(before) => scope.names.insert(name.clone(), before),
                None => scope.names.remove(&name),
            };
            if let Some(now) = now {
                changed.entry((number, name)).or_insert(now);
            }
        }
        Branch(changed)
    }

    /// Joins branches of which one runs; with `all` it is certain that one does.
    pub(super) fn join(&mut self, branches: Vec<Branch>, all: bool) {
        let names: BTreeSet<_> = branches.iter().flat_map(|branch| branch.0.keys().cloned()).collect();
        for key in names {
            let mut values: Vec<Value> = Vec::new();
            let mut in_all = all;
            for branch in &branches {
                match branch.0.get(&key) {
                    Some(value) => values.push(value.clone()),
                    None => in_all = false,
                }
            }
            let (number, name) = key;
            let Some(scope) = self.scopes.iter_mut().find(|scope| scope.number == number) else { continue };
            let before = scope.names.get(&name).cloned();
            if !in_all {
                values.splice(0..0, before.clone());
            }
            scope.names.insert(name.clone(), Value::one_of(values));
            if self.branches > 0 {
                self.journal.push((number, name, before));
            }
        }
    }
}

/// What a branch changed.
#[derive(Debug)]
pub(super) struct Branch(BTreeMap<(u64, String), Value>);
