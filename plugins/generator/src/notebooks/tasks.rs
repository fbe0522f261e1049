//! Tasks of notebooks and files, and the resources that hold them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::graph::{self, Edge, Node};
use super::{Facts, Notebook};
use crate::draft::{Draft, Kind};
use crate::names::{Unique, key};
use crate::note::Notes;
use crate::objects::{Language, Object};
use crate::source::Source;

/// The cluster that tasks share which cannot run on serverless compute.
const CLUSTER: &str = "main";

/// The environment of Python files.
const ENVIRONMENT: &str = "default";

/// The version of serverless environments.
const ENVIRONMENT_VERSION: &str = "4";

/// How the job names the pipeline of the notebooks until that has a key.
const PIPELINE: &str = "the pipeline of the notebooks";

/// Characters of a task's key; the service's bound.
const MAX_KEY_CHARS: usize = 100;

/// The resources of notebooks and files that can be tasks.
pub(super) fn drafts(source: &Source, usable: &[(&Notebook, &Object)], notes: &mut Notes) -> Vec<Draft> {
    let (pipeline, rest): (Vec<_>, Vec<_>) = usable.iter().copied().partition(|(notebook, _)| notebook.facts.pipeline);
    let (endless, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|(notebook, _)| notebook.facts.endless);
    let mut drafts = Vec::new();
    let pipeline = pipeline_of(source, &pipeline, notes).map(|(draft, facts)| {
        drafts.push(draft);
        facts
    });
    if !rest.is_empty() || pipeline.is_some() {
        drafts.extend(job_of(source, source.name.as_str(), &rest, pipeline, notes));
    }
    for one in endless {
        let name = format!("{}_{}", source.name.as_str(), key(one.0.path.name()));
        let job = job_of(source, &name, &[one], None, notes);
        drafts.extend(job.map(|mut draft| {
            draft.settings.insert("continuous".to_owned(), json!({}));
            notes
                .add(one.0.path.as_str(), "has a stream that does not end, so it is a job of its own that always runs");
            draft
        }));
    }
    drafts
}

fn pipeline_of<'a>(
    source: &Source,
    notebooks: &[(&'a Notebook, &Object)],
    notes: &mut Notes,
) -> Option<(Draft, Vec<&'a Facts>)> {
    let mut libraries = Vec::new();
    let mut facts = Vec::new();
    for (notebook, object) in notebooks {
        let path = notebook.path.as_str();
        let kind = match object {
            Object::Notebook { language: Language::Python | Language::Sql, .. } => "notebook",
            Object::File if path.ends_with(".py") || path.ends_with(".sql") => "file",
            _ => {
                notes.add(path, "defines a pipeline in a language that pipelines do not run, so it is left out");
                continue;
            }
        };
        libraries.push(json!({ kind: { "path": path } }));
        facts.push(&notebook.facts);
    }
    let (catalog, schema) = source.namespace.clone();
    let settings = json!({
        "name": format!("{}_pipeline", source.name.as_str()), "catalog": catalog, "schema": schema, "serverless": true,
        "libraries": libraries,
    });
    match settings {
        Value::Object(settings) if !facts.is_empty() => {
            let draft = Draft { made_as: Some(PIPELINE), ..Draft::new(Kind::Pipeline, settings) };
            notes.add(&draft.name, format!("its tables go to {catalog}.{schema} in prod: this was guessed"));
            Some((draft, facts))
        }
        _ => None,
    }
}

fn job_of(
    source: &Source,
    name: &str,
    notebooks: &[(&Notebook, &Object)],
    pipeline: Option<Vec<&Facts>>,
    notes: &mut Notes,
) -> Option<Draft> {
    let called = values_name_tasks(notebooks);
    let mut keys = Unique::default();
    let (mut tasks, mut nodes) = (Vec::new(), Vec::new());
    for (notebook, object) in notebooks {
        let Some(mut task) = task(source, notebook, object, notes) else { continue };
        let wanted = called.get(notebook.path.as_str()).cloned().unwrap_or_else(|| task_key(notebook.path.name()));
        let key = keys.give(&wanted);
        task.insert("task_key".to_owned(), json!(key));
        nodes.push(Node { key, facts: vec![&notebook.facts] });
        tasks.push(task);
    }
    let parameters = parameters(&nodes, &mut tasks, notes);
    if let Some(facts) = pipeline {
        let key = keys.give("pipeline");
        let task = json!({"task_key": key, "pipeline_task": {"pipeline_id": PIPELINE}});
        tasks.extend(task.as_object().cloned());
        nodes.push(Node { key, facts });
    }
    if tasks.is_empty() {
        return None;
    }
    let (edges, told) = graph::edges(&nodes);
    for text in told {
        notes.add(name, text);
    }
    let mut settings = Map::from_iter([("name".to_owned(), json!(name))]);
    let on_cluster = tasks.iter().any(|task| task.contains_key("job_cluster_key"));
    if on_cluster {
        settings.insert("job_clusters".to_owned(), json!([cluster(source, notebooks)]));
        let text = format!("the cluster is of {}, which was guessed: choose what fits", source.cluster.node_type_id);
        notes.add(name, text);
    }
    let needed = nodes
        .iter()
        .zip(&tasks)
        .filter(|(_, task)| task.contains_key("environment_key"))
        .flat_map(|(node, _)| node.facts.iter().flat_map(|facts| &facts.requirements).map(String::as_str));
    let mut dependencies = BTreeSet::new();
    dependencies.extend(needed);
    if tasks.iter().any(|task| task.contains_key("environment_key")) {
        let spec = json!({"environment_version": ENVIRONMENT_VERSION, "dependencies": dependencies});
        settings.insert("environments".to_owned(), json!([{"environment_key": ENVIRONMENT, "spec": spec}]));
    }
    if !parameters.is_empty() {
        settings.insert("parameters".to_owned(), Value::Array(parameters));
    }
    order(&mut tasks, &edges);
    settings.insert("tasks".to_owned(), tasks.into_iter().map(Value::Object).collect());
    let reasons = edges.into_iter().map(|edge| ((edge.to, edge.from), edge.reason)).collect();
    Some(Draft { reasons, ..Draft::new(Kind::Job, settings) })
}

/// Keys of tasks that others' code names: who sets a value is called as the one who gets it calls it.
fn values_name_tasks<'a>(notebooks: &[(&'a Notebook, &Object)]) -> BTreeMap<&'a str, String> {
    let mut called = BTreeMap::new();
    for (task, value) in notebooks.iter().flat_map(|(notebook, _)| &notebook.facts.gets) {
        let named = notebooks.iter().any(|(notebook, _)| task_key(notebook.path.name()) == *task);
        let setters: Vec<_> = notebooks.iter().filter(|(notebook, _)| notebook.facts.sets.contains(value)).collect();
        if let ([(setter, _)], false) = (setters.as_slice(), named) {
            called.entry(setter.path.as_str()).or_insert_with(|| task.clone());
        }
    }
    called
}

fn task_key(name: &str) -> String {
    let stem = name.strip_suffix(".py").or_else(|| name.strip_suffix(".sql")).unwrap_or(name);
    let plain: String = key(stem).chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let plain: String = plain.trim_matches('_').chars().take(MAX_KEY_CHARS).collect();
    if plain.is_empty() { "task".to_owned() } else { plain }
}

/// A task without its key.
fn task(source: &Source, notebook: &Notebook, object: &Object, notes: &mut Notes) -> Option<Map<String, Value>> {
    let (path, facts) = (notebook.path.as_str(), &notebook.facts);
    let mut task = Map::new();
    let mut reasons = facts.needs_cluster.clone();
    match object {
        Object::Notebook { language, .. } => {
            if matches!(language, Language::Scala | Language::R) {
                reasons.push("serverless compute runs Python and SQL".to_owned());
            }
            task.insert("notebook_task".to_owned(), json!({ "notebook_path": path }));
        }
        Object::File if path.ends_with(".py") => {
            task.insert("spark_python_task".to_owned(), json!({ "python_file": path }));
            if reasons.is_empty() {
                task.insert("environment_key".to_owned(), json!(ENVIRONMENT));
            }
        }
        Object::File if path.ends_with(".sql") => {
            let Some(warehouse) = &source.warehouse else {
                notes.add(path, "is a file of SQL, which needs a warehouse to run, and none was named: it is no task");
                return None;
            };
            let of_sql = json!({"warehouse_id": warehouse, "file": {"path": path}});
            task.insert("sql_task".to_owned(), of_sql);
            return Some(task);
        }
        Object::File | Object::Folder(_) | Object::Left(_) => {
            notes.add(path, "is neither a notebook nor a file of Python or SQL: it is no task");
            return None;
        }
    }
    if !reasons.is_empty() {
        task.insert("job_cluster_key".to_owned(), json!(CLUSTER));
        notes.add(path, format!("runs on a cluster: {}", reasons.join("; ")));
        if !facts.requirements.is_empty() {
            let libraries = facts.requirements.iter().map(|package| json!({"pypi": {"package": package}}));
            task.insert("libraries".to_owned(), libraries.collect());
        }
    } else if !facts.requirements.is_empty() && task.contains_key("notebook_task") {
        let packages = facts.requirements.join(" ");
        notes.add(path, format!("imports what serverless compute may not have; begin it with %pip install {packages}"));
    }
    Some(task)
}

fn cluster(source: &Source, notebooks: &[(&Notebook, &Object)]) -> Value {
    let shared = notebooks
        .iter()
        .all(|(_, object)| !matches!(object, Object::Notebook { language: Language::Scala | Language::R, .. }));
    let mode = if shared { "USER_ISOLATION" } else { "SINGLE_USER" };
    json!({"job_cluster_key": CLUSTER, "new_cluster": {
        "spark_version": source.cluster.spark_version, "node_type_id": source.cluster.node_type_id,
        "data_security_mode": mode, "autoscale": {"min_workers": 1, "max_workers": 2},
    }})
}

/// Parameters of the job from widgets. One that notebooks do not agree about is a parameter of their tasks.
fn parameters(nodes: &[Node<'_>], tasks: &mut [Map<String, Value>], notes: &mut Notes) -> Vec<Value> {
    let mut defaults: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for widget in nodes.iter().flat_map(|node| &node.facts).flat_map(|facts| &facts.widgets) {
        let given = widget.default.as_deref().unwrap_or_default();
        defaults.entry(&widget.name).or_default().insert(given);
        if widget.default.is_none() {
            let about = format!("parameter {}", widget.name);
            notes.add(&about, "has no default in the code; it is empty until somebody gives it");
        }
    }
    let mut declared = Vec::new();
    for (name, values) in defaults {
        let values: Vec<&str> = values.into_iter().collect();
        if let [one] = values.as_slice() {
            declared.push(json!({"name": name, "default": one}));
            continue;
        }
        notes.add(
            &format!("parameter {name}"),
            format!("has several defaults ({}), so each task has its own", values.join(", ")),
        );
        for (task, node) in tasks.iter_mut().zip(nodes) {
            let mut widgets = node.facts.iter().flat_map(|facts| &facts.widgets);
            let Some(widget) = widgets.find(|widget| widget.name == name) else { continue };
            if let Some(of_notebook) = task.get_mut("notebook_task").and_then(Value::as_object_mut) {
                let parameters = of_notebook.entry("base_parameters").or_insert_with(|| json!({}));
                if let Some(parameters) = parameters.as_object_mut() {
                    parameters.insert(name.to_owned(), json!(widget.default.as_deref().unwrap_or_default()));
                }
            }
        }
    }
    declared
}

/// Writes the edges into tasks, and puts tasks after those that they come after.
fn order(tasks: &mut Vec<Map<String, Value>>, edges: &[Edge]) {
    let key = |task: &Map<String, Value>| task.get("task_key").and_then(Value::as_str).unwrap_or_default().to_owned();
    for task in tasks.iter_mut() {
        let own = key(task);
        let before: Vec<Value> =
            edges.iter().filter(|edge| edge.to == own).map(|edge| json!({"task_key": edge.from})).collect();
        if !before.is_empty() {
            task.insert("depends_on".to_owned(), Value::Array(before));
        }
    }
    let (mut placed, mut sorted) = (BTreeSet::new(), Vec::new());
    let mut left = std::mem::take(tasks);
    while !left.is_empty() {
        let ready = |task: &Map<String, Value>| {
            let own = key(task);
            edges.iter().filter(|edge| edge.to == own).all(|edge| placed.contains(&edge.from))
        };
        // There is one: edges have no circles.
        let at = left.iter().position(ready).unwrap_or(0);
        let task = left.remove(at);
        placed.insert(key(&task));
        sorted.push(task);
    }
    *tasks = sorted;
}
