//! Paths of local files made paths of the workspace: what a job or pipeline names lies at `workspace.file_path` once the
//! bundle's files are there.

use crate::files::{self, FileKind, Files};
use crate::finding::{Findings, Rule};
use crate::notebook::{endings, is_notebook, notebook_path};
use crate::pattern;
use crate::value::{At, Map, Place, Value};

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Notebook,
    File,
    Folder,
    Glob,
}

/// Fields of a task, from the task.
const TASK_PATHS: [(&[&str], Kind); 5] = [
    (&["notebook_task", "notebook_path"], Kind::Notebook),
    (&["spark_python_task", "python_file"], Kind::File),
    (&["dbt_task", "project_directory"], Kind::Folder),
    (&["sql_task", "file", "path"], Kind::File),
    (&["alert_task", "workspace_path"], Kind::File),
];

/// Fields of a pipeline's library, from the library.
const LIBRARY_PATHS: [(&[&str], Kind); 3] =
    [(&["notebook", "path"], Kind::Notebook), (&["file", "path"], Kind::File), (&["glob", "include"], Kind::Glob)];

/// Fields of other resources.
const RESOURCE_PATHS: [(&str, &str, Kind); 5] = [
    ("pipelines", "root_path", Kind::Folder),
    ("apps", "source_code_path", Kind::Folder),
    ("dashboards", "file_path", Kind::File),
    ("alerts", "file_path", Kind::File),
    ("genie_spaces", "file_path", Kind::File),
];

/// Options of pip that name a file.
const PIP_FILE_OPTIONS: [&str; 4] = ["-r ", "--requirement ", "-c ", "--constraint "];

/// Makes all local paths paths of the workspace. `folder` is the bundle's, `sync_root` the one that lies at the bundle's
/// file path.
pub(crate) fn translate(root: &mut Value, folder: &str, sync_root: &str, files: &dyn Files, findings: &mut Findings) {
    let file_path = root.text_at(&["workspace", "file_path"]).unwrap_or_default().to_owned();
    let mut translator = Translator { folder, sync_root, file_path, files, findings, resource: None };
    let Some(resources) = root.get_mut(&["resources"]).and_then(Value::as_map_mut) else { return };
    let resources_at = At::ROOT.key("resources");
    for kind in resources.iter_mut() {
        let kind_at = resources_at.key(&kind.key);
        for resource in kind.value.as_map_mut().into_iter().flat_map(Map::iter_mut) {
            translator.resource = resource.value.place.clone();
            translator.resource(&kind.key, &mut resource.value, kind_at.key(&resource.key));
        }
    }
}

struct Translator<'a> {
    folder: &'a str,
    sync_root: &'a str,
    file_path: String,
    files: &'a dyn Files,
    findings: &'a mut Findings,
    /// Where the resource was written, for paths that were once relative to it.
    resource: Option<Place>,
}

impl Translator<'_> {
    fn resource(&mut self, kind: &str, resource: &mut Value, at: At<'_>) {
        for (_, field, leads_to) in RESOURCE_PATHS.iter().filter(|(of, ..)| *of == kind) {
            self.field(resource, &[field], *leads_to, at);
        }
        // What git holds is not among the bundle's files.
        let is_git = resource.get(&["git_source"]).is_some_and(|value| !value.is_null());
        if kind == "jobs" && !is_git {
            self.list(resource, "tasks", at, Self::task);
            self.list(resource, "environments", at, |translator, environment, at| {
                if let Some(spec) = environment.get_mut(&["spec"]) {
                    translator.list(spec, "dependencies", at.key("spec"), Self::dependency);
                }
            });
        }
        if kind == "pipelines" {
            self.list(resource, "libraries", at, |translator, library, at| {
                for (field, leads_to) in LIBRARY_PATHS {
                    translator.field(library, field, leads_to, at);
                }
            });
            if let Some(environment) = resource.get_mut(&["environment"]) {
                self.list(environment, "dependencies", at.key("environment"), Self::dependency);
            }
        }
    }

    fn list(&mut self, holder: &mut Value, list: &str, at: At<'_>, each: impl Fn(&mut Self, &mut Value, At<'_>)) {
        let at = at.key(list);
        for (index, item) in holder.get_mut(&[list]).and_then(Value::as_list_mut).into_iter().flatten().enumerate() {
            each(self, item, at.index(index));
        }
    }

    fn task(&mut self, task: &mut Value, at: At<'_>) {
        for (field, leads_to) in TASK_PATHS {
            let is_git = field.first().is_some_and(|task_kind| task.text_at(&[task_kind, "source"]) == Some("GIT"));
            if !is_git {
                self.field(task, field, leads_to, at);
            }
        }
        if let Some(ai) = task.get_mut(&["ai_runtime_task"]) {
            self.list(ai, "deployments", at.key("ai_runtime_task"), |translator, deployment, at| {
                translator.field(deployment, &["command_path"], Kind::File, at);
            });
        }
        self.list(task, "libraries", at, |translator, library, at| {
            translator.field(library, &["requirements"], Kind::File, at);
        });
        if let Some(inner) = task.get_mut(&["for_each_task", "task"]) {
            self.task(inner, at.key("for_each_task").key("task"));
        }
    }

    /// `-r requirements.txt` among dependencies; wheels are artifacts.
    fn dependency(&mut self, value: &mut Value, at: At<'_>) {
        let Some(text) = value.as_text() else { return };
        let Some((option, path)) =
            PIP_FILE_OPTIONS.iter().find_map(|option| Some((*option, text.strip_prefix(option)?)))
        else {
            return;
        };
        let mut inner = Value::text(path.trim()).at(value.place.clone());
        self.value(&mut inner, Kind::File, at);
        if let Some(path) = inner.as_text() {
            *value = Value::text(format!("{option}{path}")).at(value.place.clone());
        }
    }

    fn field(&mut self, holder: &mut Value, field: &[&str], kind: Kind, at: At<'_>) {
        let Some(value) = holder.get_mut(field) else { return };
        match field {
            [first] => self.value(value, kind, at.key(first)),
            [first, second] => self.value(value, kind, at.key(first).key(second)),
            [first, second, third] => self.value(value, kind, at.key(first).key(second).key(third)),
            _ => {}
        }
    }

    fn value(&mut self, value: &mut Value, kind: Kind, at: At<'_>) {
        let Some(text) = value.as_text() else { return };
        let has_scheme = text.split_once(':').is_some_and(|(scheme, _)| {
            scheme.len() > 1 && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        });
        if text.is_empty() || text.starts_with('/') || text.starts_with("${") || has_scheme {
            return;
        }
        let base = value.place.as_ref().map_or(self.folder, Place::folder);
        let Some(local) = self.find(base, text) else {
            let message = format!("{text} leads out of the project's folder");
            self.findings.add(Rule::PathOutside, at, value, message, "move the file into the project");
            return;
        };
        let Some(inside) = files::below(self.sync_root, &local) else {
            let message = format!("{local} is not among what is uploaded");
            let advice = "add its folder to `sync.paths`";
            self.findings.add(Rule::PathOutside, at, value, message, advice);
            return;
        };
        let remote = |inside: &str| match inside {
            "." => self.file_path.clone(),
            inside => format!("{}/{inside}", self.file_path),
        };
        let translated = match kind {
            Kind::Notebook => remote(notebook_path(inside)),
            Kind::File | Kind::Folder | Kind::Glob => remote(inside),
        };
        if self.check(value, text, &local, kind, at) {
            *value = Value::text(translated).at(value.place.clone());
        }
    }

    /// From the file that holds the path; or, when nothing is there, from the one that holds the resource.
    fn find(&self, base: &str, text: &str) -> Option<String> {
        let near = files::join(base, text);
        let is_there = |path: &String| self.files.kind(path).is_some();
        if near.as_ref().is_some_and(is_there) {
            return near;
        }
        let other = self.resource.as_ref().map(Place::folder).filter(|other| *other != base);
        other.and_then(|other| files::join(other, text)).filter(is_there).or(near)
    }

    fn check(&mut self, value: &Value, text: &str, local: &str, kind: Kind, at: At<'_>) -> bool {
        let found = self.files.kind(local);
        let mut wrong = |rule, message: String, advice: String| {
            self.findings.add(rule, at, value, message, advice);
            false
        };
        match (kind, found) {
            (Kind::Glob, _) => {
                let matched = pattern::expand(self.files, "", local.trim_end_matches("/**"), &mut 0);
                let is_folder = self.files.kind(local.trim_end_matches("/**")) == Some(FileKind::Folder);
                if matched.is_empty() && !is_folder {
                    return wrong(
                        Rule::PatternEmpty,
                        format!("`{text}` matches no file"),
                        "mend the pattern".to_owned(),
                    );
                }
                true
            }
            (Kind::Folder, Some(FileKind::Folder)) => true,
            (Kind::Folder, Some(FileKind::File)) => {
                wrong(Rule::PathKind, format!("{text} is a file, and a folder is due"), "name its folder".to_owned())
            }
            (Kind::Folder, None) => wrong(
                Rule::PathMissing,
                format!("there is no folder {local}"),
                "mend the path, or make the folder".to_owned(),
            ),
            (_, Some(FileKind::Folder)) => {
                wrong(Rule::PathKind, format!("{text} is a folder, and a file is due"), "name a file in it".to_owned())
            }
            (Kind::Notebook, None) => {
                let ended =
                    endings().map(|ending| format!("{local}{ending}")).find(|path| self.files.kind(path).is_some());
                let all: Vec<_> = endings().collect();
                let advice = match ended {
                    Some(path) => format!("did you mean `{text}{}`?", path.strip_prefix(local).unwrap_or_default()),
                    None => format!("mend the path; the names of notebooks end with {}", all.join(", ")),
                };
                wrong(Rule::PathMissing, format!("there is no notebook {local}"), advice)
            }
            (Kind::File, None) => {
                let advice = "mend the path; it goes from the file that it is written in".to_owned();
                wrong(Rule::PathMissing, format!("there is no file {local}"), advice)
            }
            (_, Some(FileKind::File)) => match (kind, is_notebook(self.files, local)) {
                (Kind::Notebook, Ok(false)) => {
                    let advice = "begin the file with `# Databricks notebook source` (`--` in SQL, `//` in Scala), or use \
                                  a task for files";
                    wrong(Rule::PathKind, format!("{text} is a file, and a notebook is due"), advice.to_owned())
                }
                (Kind::File, Ok(true)) => {
                    let advice =
                        "use a task or library for notebooks, or take away the line that makes it one".to_owned();
                    wrong(Rule::PathKind, format!("{text} is a notebook, and a file is due"), advice)
                }
                (_, Ok(_)) => true,
                (_, Err(problem)) => wrong(
                    Rule::PathMissing,
                    format!("{local} cannot be read: {problem}"),
                    "look at its rights".to_owned(),
                ),
            },
        }
    }
}
