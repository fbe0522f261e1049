//! The variables of a bundle, and what of settings becomes one.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::names::key;
use crate::references::escape;
use crate::source::{Named, Names, Target};

/// A variable.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Variable {
    pub(crate) description: String,
    pub(crate) meaning: Meaning,
    /// What it is in one target, where that is not what it is in all.
    pub(crate) targets: BTreeMap<Target, String>,
}

/// Where its value comes from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Meaning {
    /// It stands in the bundle.
    Default(String),
    /// It is settings that several resources share.
    Complex(Value),
    /// It is the id of what has this name.
    Lookup(Named, String),
    /// Whoever deploys gives it: it is a secret.
    Withheld,
}

/// The variables by name.
#[derive(Debug, Default)]
pub(crate) struct Variables(BTreeMap<String, Variable>);

impl Variables {
    /// The reference to a variable: one of this meaning that there is, or a new one of the wanted name.
    pub(crate) fn refer(&mut self, wanted: &str, variable: Variable) -> String {
        let mut number = 1_usize;
        loop {
            let name = if number == 1 { wanted.to_owned() } else { format!("{wanted}_{number}") };
            let known = self.0.entry(name.clone()).or_insert_with(|| variable.clone());
            if known.meaning == variable.meaning && known.targets == variable.targets {
                // Two secrets are two, whatever they are called.
                if known.meaning != Meaning::Withheld || known.description == variable.description {
                    return format!("${{var.{name}}}");
                }
            }
            number += 1;
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &Variable)> {
        self.0.iter()
    }

    /// The reference to a catalog or schema, or to something that is named like one.
    pub(crate) fn namespace(&mut self, role: &Role, value: &str) -> String {
        let (wanted, description, targets) = match role {
            Role::Catalog => ("catalog", "Catalog that the resources work in.", same(value)),
            Role::Schema => {
                let mut targets = same(value);
                targets.insert(Target::Dev, "${workspace.current_user.short_name}".to_owned());
                targets.insert(Target::Staging, format!("{value}_staging"));
                ("schema", "Schema that the resources work in.", targets)
            }
            Role::Other(name) => (name.as_str(), "Catalog or schema of a parameter of this name.", BTreeMap::new()),
        };
        let meaning = Meaning::Default(value.to_owned());
        self.refer(wanted, Variable { description: description.to_owned(), meaning, targets })
    }

    /// The reference to the id of something that is looked up by its name, or whose id stands in the bundle.
    pub(crate) fn id(&mut self, kind: Named, id: &str, names: &Names) -> Option<String> {
        let meaning = match names.get(&(kind, id.to_owned())) {
            Some(name) => Meaning::Lookup(kind, escape(name)),
            None if kind == Named::Warehouse => Meaning::Default(id.to_owned()),
            None => return None,
        };
        let description = format!("Id of the {}.", kind.word().replace('_', " "));
        Some(self.refer(kind.variable(), Variable { description, meaning, targets: BTreeMap::new() }))
    }

    /// The reference to settings that several resources share.
    pub(crate) fn shared_cluster(&mut self, cluster: &Value) -> String {
        let description = "Settings of clusters that are alike.".to_owned();
        let meaning = Meaning::Complex(cluster.clone());
        self.refer("cluster", Variable { description, meaning, targets: BTreeMap::new() })
    }

    /// The reference to a value that is not written down.
    pub(crate) fn withheld(&mut self, name: &str, place: &str) -> String {
        let wanted = match key(name).as_str() {
            plain if plain.is_ascii() && plain.starts_with(|c: char| c.is_ascii_alphabetic()) => plain.to_owned(),
            _ => "secret".to_owned(),
        };
        let description = format!("Secret of {place}, which the bundle does not hold.");
        self.refer(&wanted, Variable { description, meaning: Meaning::Withheld, targets: BTreeMap::new() })
    }
}

fn same(value: &str) -> BTreeMap<Target, String> {
    Target::ALL.into_iter().map(|target| (target, value.to_owned())).collect()
}

/// What a parameter holds, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Role {
    Catalog,
    Schema,
    /// Another catalog or schema, whose variable is called as the parameter is.
    Other(String),
}

const CATALOGS: [&str; 3] = ["catalog", "catalog_name", "uc_catalog"];
const SCHEMAS: [&str; 5] = ["schema", "schema_name", "database", "database_name", "uc_schema"];

impl Role {
    /// What a parameter of this name and value holds; none where it is something else.
    pub(crate) fn of(name: &str, value: &str) -> Option<Self> {
        let plain = !value.is_empty() && value.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
        let lower = name.to_lowercase();
        match lower.as_str() {
            _ if !plain => None,
            name if CATALOGS.contains(&name) => Some(Self::Catalog),
            name if SCHEMAS.contains(&name) => Some(Self::Schema),
            name if name.ends_with("_catalog") || name.ends_with("_schema") => {
                let plain = key(name);
                let fits = plain.is_ascii() && plain.starts_with(|c: char| c.is_ascii_alphabetic());
                fits.then_some(Self::Other(plain))
            }
            _ => None,
        }
    }
}

/// Maps of settings whose entries are parameters.
const PARAMETERS: [&str; 6] =
    ["base_parameters", "parameters", "named_parameters", "job_parameters", "sql_params", "configuration"];

/// Maps that have a catalog and a schema of their own.
const NAMESPACES: [&str; 1] = ["dbt_task"];

/// Puts references in the place of catalogs and schemas that parameters name. `top` says whether the settings themselves
/// have such fields, as a pipeline's have.
pub(crate) fn of_parameters(settings: &mut Map<String, Value>, top: bool, variables: &mut Variables) {
    if top {
        entries(settings, |name| matches!(name, "catalog" | "schema" | "target"), variables);
    }
    for (field, value) in settings.iter_mut() {
        match value {
            Value::Object(map) => {
                if PARAMETERS.contains(&field.as_str()) {
                    entries(map, |_| true, variables);
                } else {
                    of_parameters(map, NAMESPACES.contains(&field.as_str()), variables);
                }
            }
            Value::Array(items) => {
                for item in items.iter_mut().filter_map(Value::as_object_mut) {
                    if field == "parameters" {
                        declared(item, variables);
                    }
                    of_parameters(item, false, variables);
                }
            }
            _ => {}
        }
    }
}

fn entries(map: &mut Map<String, Value>, wanted: impl Fn(&str) -> bool, variables: &mut Variables) {
    for (name, value) in map.iter_mut().filter(|(name, _)| wanted(name)) {
        // A pipeline's old word for its schema.
        let called = if name == "target" { "schema" } else { name };
        if let Value::String(text) = value
            && let Some(role) = Role::of(called, text)
        {
            *text = variables.namespace(&role, text);
        }
    }
}

/// A parameter that a job declares.
fn declared(parameter: &mut Map<String, Value>, variables: &mut Variables) {
    let role = match (parameter.get("name"), parameter.get("default")) {
        (Some(Value::String(name)), Some(Value::String(default))) => Role::of(name, default),
        _ => None,
    };
    if let (Some(role), Some(Value::String(default))) = (role, parameter.get_mut("default")) {
        *default = variables.namespace(&role, default);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn catalogs_and_schemas_become_variables() {
        let mut settings = json!({
            "parameters": [{"name": "catalog", "default": "main"}, {"name": "day", "default": "{{job.trigger.time.iso_date}}"},
                {"name": "source_schema", "default": "raw"}, {"name": "schema", "default": ""}],
            "tasks": [{"notebook_task": {"base_parameters": {"CATALOG": "main", "schema": "sales", "table": "t"}}},
                {"dbt_task": {"catalog": "main", "schema": "other"}}, {"for_each_task": {"task": {"sql_task": {"parameters": {"schema": "{{x}}"}}}}}],
            "catalog": "not a pipeline",
        });
        let mut variables = Variables::default();
        of_parameters(settings.as_object_mut().unwrap(), false, &mut variables);
        assert_eq!(
            settings,
            json!({
                "parameters": [{"name": "catalog", "default": "${var.catalog}"}, {"name": "day", "default": "{{job.trigger.time.iso_date}}"},
                    {"name": "source_schema", "default": "${var.source_schema}"}, {"name": "schema", "default": ""}],
                "tasks": [{"notebook_task": {"base_parameters": {"CATALOG": "${var.catalog}", "schema": "${var.schema}", "table": "t"}}},
                    {"dbt_task": {"catalog": "${var.catalog}", "schema": "${var.schema_2}"}}, {"for_each_task": {"task": {"sql_task": {"parameters": {"schema": "{{x}}"}}}}}],
                "catalog": "not a pipeline",
            })
        );
        let names: Vec<_> = variables.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["catalog", "schema", "schema_2", "source_schema"]);
    }

    #[test]
    fn ids_are_looked_up_where_their_name_is_known() {
        let names = Names::from([((Named::Warehouse, "1".to_owned()), "Main ${x}".to_owned())]);
        let mut variables = Variables::default();
        assert_eq!(variables.id(Named::Warehouse, "1", &names).as_deref(), Some("${var.warehouse_id}"));
        assert_eq!(variables.id(Named::Warehouse, "2", &names).as_deref(), Some("${var.warehouse_id_2}"));
        assert_eq!(variables.id(Named::Warehouse, "1", &names).as_deref(), Some("${var.warehouse_id}"));
        assert_eq!(variables.id(Named::ClusterPolicy, "1", &names), None);
        let (_, first) = variables.iter().next().unwrap();
        assert_eq!(first.meaning, Meaning::Lookup(Named::Warehouse, "Main $${x}".to_owned()));
    }
}
