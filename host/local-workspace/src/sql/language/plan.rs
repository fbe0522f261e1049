//! Plans: translated statements, kept in a bounded cache so that a repeated statement costs no translation.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    error::SqlError,
    names::Namespace,
    parameters::Parameter,
    parse::statement,
    rewrite::{Notes, Translator},
    statement::{DmlKind, Parsed},
    store::Columns,
};
use crate::catalog::names::TableName;

/// How many plans are kept. Agents repeat few statements; each entry is a few kilobytes.
const PLAN_CACHE_ENTRIES: usize = 512;

/// Longest statement that is kept, in bytes, so that the cache stays under a few megabytes.
const PLAN_CACHE_STATEMENT_BYTES: usize = 8 * 1024;

/// A translated statement.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) parsed: Parsed,
    pub(crate) notes: Notes,
}

/// Translates a statement; those of the `inlined` tables and views that it reads stand in it under names of their own.
///
/// # Errors
/// What [`statement`] refuses.
pub(crate) fn translate(
    text: &str,
    namespace: &Namespace,
    parameters: &BTreeMap<String, Parameter>,
    maps: bool,
    columns: &dyn Columns,
    inlined: &[TableName],
) -> Result<Plan, SqlError> {
    let mut translator = Translator::new(namespace, parameters, maps, columns, inlined);
    let parsed = statement(text, &mut translator)?;
    Ok(Plan { parsed, notes: translator.into_notes() })
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    text: String,
    namespace: Namespace,
    types: Vec<(String, String)>,
    maps: bool,
}

/// A bounded cache of plans; the oldest goes first.
#[derive(Debug, Default)]
pub(crate) struct PlanCache {
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    plans: HashMap<Key, Arc<Plan>>,
    order: VecDeque<Key>,
}

impl PlanCache {
    /// The plan of a statement, from the cache or made now.
    ///
    /// # Errors
    /// What [`translate`] refuses; failures are not cached.
    pub(crate) fn plan(
        &self,
        text: &str,
        namespace: &Namespace,
        parameters: &BTreeMap<String, Parameter>,
        maps: bool,
        columns: &dyn Columns,
    ) -> Result<Arc<Plan>, SqlError> {
        if text.len() > PLAN_CACHE_STATEMENT_BYTES {
            return translate(text, namespace, parameters, maps, columns, &[]).map(Arc::new);
        }
        let types = parameters.iter().map(|(name, p)| (name.clone(), p.physical_type.clone())).collect();
        let key = Key { text: text.to_owned(), namespace: namespace.clone(), types, maps };
        if let Some(plan) = self.lock().plans.get(&key) {
            return Ok(Arc::clone(plan));
        }
        let plan = Arc::new(translate(text, namespace, parameters, maps, columns, &[])?);
        // What a metric view means is for its definition of now to say. What assigns values depends on the columns that the table has now.
        let assigns = matches!(&plan.parsed, Parsed::Dml(dml) if dml.kind != DmlKind::Delete);
        if !plan.notes.has_identifier_clause && !assigns && plan.notes.inlined.is_empty() {
            self.insert(key, Arc::clone(&plan));
        }
        Ok(plan)
    }

    fn insert(&self, key: Key, plan: Arc<Plan>) {
        let mut entries = self.lock();
        if entries.plans.insert(key.clone(), plan).is_none() {
            entries.order.push_back(key);
        }
        while entries.order.len() > PLAN_CACHE_ENTRIES {
            if let Some(oldest) = entries.order.pop_front() {
                entries.plans.remove(&oldest);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
