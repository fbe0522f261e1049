//! The places of settings that name something in the workspace's file tree.

use serde_json::{Map, Value};

/// What a place must name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    /// A notebook.
    Notebook,
    /// A file.
    File,
    /// A folder, which is taken with all that is in it.
    Folder,
    /// A wheel or jar: a file that a deployment uploads by itself, all to one folder.
    Library,
    /// A pattern of files below a folder.
    Pattern,
}

/// Where a text stands and what it must name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) wants: Wants,
    /// Such as `tasks[load].notebook_task.notebook_path`.
    pub(crate) place: String,
}

type Visit<'a> = dyn FnMut(Spot, &mut String) + 'a;

/// Visits the places of a job's settings. A job whose sources are in Git has none: what it names is in the repository.
pub(crate) fn of_job(settings: &mut Map<String, Value>, visit: &mut Visit<'_>) {
    if settings.get("git_source").is_some_and(|git| !git.is_null()) {
        return;
    }
    for (i, task) in items(settings, "tasks").enumerate() {
        of_task(task, &place(task, i), visit);
    }
    for (i, environment) in items(settings, "environments").enumerate() {
        if let Some(spec) = environment.get_mut("spec") {
            dependencies(spec, &format!("environments[{i}].spec"), visit);
        }
    }
}

fn place(task: &Value, i: usize) -> String {
    match task.get("task_key").and_then(Value::as_str) {
        Some(key) => format!("tasks[{key}]"),
        None => format!("tasks[{i}]"),
    }
}

/// Fields of tasks that name one object, in the order kind, field, what it names.
const OF_TASKS: [(&str, &str, Wants); 5] = [
    ("notebook_task", "notebook_path", Wants::Notebook),
    ("spark_python_task", "python_file", Wants::File),
    ("dbt_task", "project_directory", Wants::Folder),
    ("alert_task", "workspace_path", Wants::File),
    ("sql_task", "file.path", Wants::File),
];

fn of_task(task: &mut Value, place: &str, visit: &mut Visit<'_>) {
    for (kind, field, wants) in OF_TASKS {
        let Some(of_kind) = task.get_mut(kind) else { continue };
        let holder = match field.split_once('.') {
            Some((inner, _)) => of_kind.get_mut(inner),
            None => Some(of_kind),
        };
        let Some(holder) = holder else { continue };
        // Of a notebook whose source is left out, the job says where it is: not in Git, or we were not here.
        if holder.get("source").and_then(Value::as_str) == Some("GIT") {
            continue;
        }
        let last = field.rsplit('.').next().unwrap_or(field);
        text(holder, last, wants, &format!("{place}.{kind}.{field}"), visit);
    }
    if let Some(runtime) = task.get_mut("ai_runtime_task").and_then(Value::as_object_mut) {
        for (i, deployment) in items(runtime, "deployments").enumerate() {
            let place = format!("{place}.ai_runtime_task.deployments[{i}].command_path");
            text(deployment, "command_path", Wants::File, &place, visit);
        }
    }
    if let Some(task) = task.as_object_mut() {
        for (i, library) in items(task, "libraries").enumerate() {
            of_library(library, &format!("{place}.libraries[{i}]"), visit);
        }
    }
    if let Some(inner) = task.get_mut("for_each_task").and_then(|each| each.get_mut("task")) {
        of_task(inner, &format!("{place}.for_each_task.task"), visit);
    }
}

fn of_library(library: &mut Value, place: &str, visit: &mut Visit<'_>) {
    for (field, wants) in [("whl", Wants::Library), ("jar", Wants::Library), ("requirements", Wants::File)] {
        text(library, field, wants, &format!("{place}.{field}"), visit);
    }
}

/// Visits the places of a pipeline's spec.
pub(crate) fn of_pipeline(spec: &mut Map<String, Value>, visit: &mut Visit<'_>) {
    for (i, library) in items(spec, "libraries").enumerate() {
        let place = format!("libraries[{i}]");
        for (kind, field, wants) in
            [("notebook", "path", Wants::Notebook), ("file", "path", Wants::File), ("glob", "include", Wants::Pattern)]
        {
            if let Some(holder) = library.get_mut(kind) {
                text(holder, field, wants, &format!("{place}.{kind}.{field}"), visit);
            }
        }
        of_library(library, &place, visit);
    }
    if let Some(Value::String(root)) = spec.get_mut("root_path") {
        visit(Spot { wants: Wants::Folder, place: "root_path".to_owned() }, root);
    }
    if let Some(environment) = spec.get_mut("environment") {
        dependencies(environment, "environment", visit);
    }
}

fn dependencies(holder: &mut Value, place: &str, visit: &mut Visit<'_>) {
    let Some(holder) = holder.as_object_mut() else { return };
    for (i, dependency) in items(holder, "dependencies").enumerate() {
        // The others are requirements: names with versions, options, addresses.
        if let Value::String(path) = dependency
            && path.starts_with('/')
        {
            visit(Spot { wants: Wants::Library, place: format!("{place}.dependencies[{i}]") }, path);
        }
    }
}

fn text(holder: &mut Value, field: &str, wants: Wants, place: &str, visit: &mut Visit<'_>) {
    if let Some(Value::String(path)) = holder.get_mut(field) {
        visit(Spot { wants, place: place.to_owned() }, path);
    }
}

fn items<'a>(map: &'a mut Map<String, Value>, field: &str) -> impl Iterator<Item = &'a mut Value> {
    map.get_mut(field).and_then(Value::as_array_mut).into_iter().flatten()
}

/// The folder of a pattern, and the pattern within it: what stands before the first segment with a sign of patterns.
pub(crate) fn split_pattern(pattern: &str) -> (&str, &str) {
    let sign = pattern.find(['*', '?', '[', '{']).unwrap_or(pattern.len());
    match pattern.get(..sign).and_then(|plain| plain.rfind('/')) {
        Some(at) if sign < pattern.len() => {
            (pattern.get(..at).unwrap_or_default(), pattern.get(at + 1..).unwrap_or_default())
        }
        _ => (pattern, ""),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(mut settings: Value, of: fn(&mut Map<String, Value>, &mut Visit<'_>)) -> Vec<(String, Wants, String)> {
        let mut found = Vec::new();
        of(settings.as_object_mut().unwrap(), &mut |spot, text| found.push((spot.place, spot.wants, text.clone())));
        found
    }

    #[test]
    fn every_field_of_tasks_that_names_an_object_is_visited() {
        let job = json!({"tasks": [
            {"task_key": "a", "notebook_task": {"notebook_path": "/n"}, "libraries": [{"whl": "/w.whl"}, {"jar": "/j.jar"},
                {"requirements": "/r.txt"}, {"pypi": {"package": "x"}}]},
            {"spark_python_task": {"python_file": "/p.py"}},
            {"task_key": "c", "sql_task": {"file": {"path": "/q.sql", "source": "WORKSPACE"}}},
            {"task_key": "d", "dbt_task": {"project_directory": "/dbt", "commands": []}},
            {"task_key": "e", "for_each_task": {"task": {"task_key": "x", "notebook_task": {"notebook_path": "/in"}}}},
            {"task_key": "f", "alert_task": {"workspace_path": "/al.dbalert.json"}},
            {"task_key": "g", "ai_runtime_task": {"deployments": [{"command_path": "/c.sh"}]}},
            {"task_key": "h", "notebook_task": {"notebook_path": "x", "source": "GIT"}},
        ], "environments": [{"spec": {"dependencies": ["pandas", "/e.whl", "-r /x"]}}]});
        let found = found(job, of_job);
        let texts: Vec<_> = found.iter().map(|(_, wants, text)| (*wants, text.as_str())).collect();
        use Wants::{File, Folder, Library, Notebook};
        assert_eq!(
            texts,
            [
                (Notebook, "/n"),
                (Library, "/w.whl"),
                (Library, "/j.jar"),
                (File, "/r.txt"),
                (File, "/p.py"),
                (File, "/q.sql"),
                (Folder, "/dbt"),
                (Notebook, "/in"),
                (File, "/al.dbalert.json"),
                (File, "/c.sh"),
                (Library, "/e.whl"),
            ]
        );
        assert_eq!(found[0].0, "tasks[a].notebook_task.notebook_path");
        assert_eq!(found[5].0, "tasks[c].sql_task.file.path");
        assert_eq!(found[7].0, "tasks[e].for_each_task.task.notebook_task.notebook_path");
    }

    #[test]
    fn jobs_in_git_are_left_alone() {
        let job =
            json!({"git_source": {"git_url": "https://x"}, "tasks": [{"notebook_task": {"notebook_path": "/n"}}]});
        assert_eq!(found(job, of_job), []);
    }

    #[test]
    fn pipelines_name_notebooks_files_patterns_and_a_root() {
        let spec = json!({"libraries": [{"notebook": {"path": "/n"}}, {"file": {"path": "/f.py"}},
            {"glob": {"include": "/r/t/**"}}], "root_path": "/r", "environment": {"dependencies": ["/w.whl"]}});
        let texts: Vec<_> = found(spec, of_pipeline).into_iter().map(|(_, wants, text)| (wants, text)).collect();
        let expected = [
            (Wants::Notebook, "/n"),
            (Wants::File, "/f.py"),
            (Wants::Pattern, "/r/t/**"),
            (Wants::Folder, "/r"),
            (Wants::Library, "/w.whl"),
        ];
        assert_eq!(texts, expected.map(|(wants, text)| (wants, text.to_owned())));
    }

    #[test]
    fn patterns_have_a_folder() {
        for (pattern, expected) in [
            ("/r/t/**", ("/r/t", "**")),
            ("/r/t/a*.py", ("/r/t", "a*.py")),
            ("/r/x.py", ("/r/x.py", "")),
            ("*", ("*", "")),
        ] {
            assert_eq!(split_pattern(pattern), expected);
        }
    }

    #[test]
    fn what_is_no_settings_is_passed_over() {
        for odd in [
            json!({"tasks": 1}),
            json!({"tasks": [null, 1, "x", [], {"notebook_task": 3}]}),
            json!({"environments": {}}),
        ] {
            assert_eq!(found(odd, of_job), []);
        }
    }
}
