//! Artifacts: what is built and uploaded beside the bundle's files, and the libraries that name it.

use crate::files::{self, FileKind, Files};
use crate::finding::{Findings, Rule};
use crate::pattern;
use crate::value::{At, Map, Place, Value};

/// The folder below `workspace.artifact_path` that libraries are uploaded to.
const INTERNAL: &str = ".internal";

/// Kinds of libraries that are files.
const LIBRARY_FILES: [&str; 2] = ["whl", "jar"];

/// Something that is built for the bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Its key.
    pub key: String,
    /// The folder that it is built in, from the project's folder.
    pub folder: String,
    /// The command that builds it; none where it is there already.
    pub build: Option<String>,
}

/// A library's file and where it is uploaded to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// From the project's folder.
    pub local: String,
    /// In the workspace, or in a volume.
    pub remote: String,
}

/// The artifacts of a bundle.
pub(crate) fn read(root: &Value, folder: &str, files: &dyn Files, findings: &mut Findings) -> Vec<Artifact> {
    let mut artifacts = Vec::new();
    for entry in root.entries_at(&["artifacts"]).filter(|entry| entry.value.as_map().is_some()) {
        let path = format!("artifacts.{}", entry.key);
        let text = |field: &str| entry.value.text_at(&[field]).filter(|text| !text.is_empty());
        let is_wheel = text("type") == Some("whl");
        let sources = entry.value.items_at(&["files"]);
        if text("build").is_none() && sources.is_empty() && !is_wheel {
            let message = "the artifact is neither built nor found";
            let advice = "add `build` with the command, or `files` with what there is";
            findings.add(Rule::Artifact, &path, &entry.value, message, advice);
        }
        let place = entry.value.get(&["path"]).and_then(|value| value.place.as_ref());
        let own = files::join(place.map_or(folder, Place::folder), text("path").unwrap_or("."));
        let Some(own) = own.filter(|own| files.kind(own) == Some(FileKind::Folder)) else {
            let value = entry.value.get(&["path"]).unwrap_or(&entry.value);
            let message = format!("there is no folder {}", text("path").unwrap_or(folder));
            findings.add(Rule::PathMissing, format!("{path}.path"), value, message, "mend the path");
            continue;
        };
        let build =
            text("build").map(str::to_owned).or_else(|| is_wheel.then(|| "python3 setup.py bdist_wheel".to_owned()));
        let is_built = build.is_some();
        for (index, source) in sources.iter().enumerate() {
            let Some(value) = source.get(&["source"]).filter(|_| !is_built) else { continue };
            let at = format!("{path}.files[{index}].source");
            found(value, folder, files, at, findings);
        }
        artifacts.push(Artifact { key: entry.key.clone(), folder: own, build });
    }
    artifacts
}

/// The files that a local path or pattern names; that there are none is a finding.
fn found(value: &Value, folder: &str, files: &dyn Files, at: String, findings: &mut Findings) -> Vec<String> {
    let text = value.as_text().unwrap_or_default();
    let base = value.place.as_ref().map_or(folder, Place::folder);
    let found = pattern::expand(files, base, text, &mut 0);
    if found.is_empty() {
        let (rule, message) = if pattern::is_pattern(text) {
            (Rule::PatternEmpty, format!("`{text}` matches no file"))
        } else {
            (Rule::PathMissing, format!("there is no file {text}"))
        };
        let advice = "mend the path, which goes from this file, or add an artifact that builds it";
        findings.add(rule, at, value, message, advice);
    }
    found
}

/// Makes local libraries paths of what is uploaded, and says what that is. What an artifact builds may not be there yet.
pub(crate) fn libraries(
    root: &mut Value,
    folder: &str,
    artifacts: &[Artifact],
    files: &dyn Files,
    findings: &mut Findings,
) -> Vec<Upload> {
    let remote = format!("{}/{INTERNAL}", root.text_at(&["workspace", "artifact_path"]).unwrap_or_default());
    let may_build = artifacts.iter().any(|artifact| artifact.build.is_some());
    let mut uploads = Vec::new();
    let mut linker = Linker { folder, files, findings, may_build, remote, uploads: &mut uploads };
    let jobs = root.get_mut(&["resources", "jobs"]).and_then(Value::as_map_mut);
    let at = At::ROOT.key("resources");
    let at = at.key("jobs");
    for job in jobs.into_iter().flat_map(Map::iter_mut) {
        let at = at.key(&job.key);
        let tasks = at.key("tasks");
        for (index, task) in items(&mut job.value, "tasks").enumerate() {
            linker.task(task, tasks.index(index));
        }
        let environments = at.key("environments");
        for (index, environment) in items(&mut job.value, "environments").enumerate() {
            let at = environments.index(index);
            if let Some(spec) = environment.get_mut(&["spec"]) {
                linker.dependencies(spec, at.key("spec"));
            }
        }
    }
    check_names(&uploads, findings);
    uploads
}

fn items<'a>(value: &'a mut Value, list: &str) -> impl Iterator<Item = &'a mut Value> {
    value.get_mut(&[list]).and_then(Value::as_list_mut).into_iter().flatten()
}

/// All libraries lie in one folder, so that their names differ.
fn check_names(uploads: &[Upload], findings: &mut Findings) {
    for (index, upload) in uploads.iter().enumerate() {
        if let Some(other) = uploads.iter().take(index).find(|other| other.remote == upload.remote) {
            let message = format!("the libraries {} and {} have one name", other.local, upload.local);
            findings.add_at(Rule::Artifact, "artifacts", None, message, "rename one of them");
        }
    }
}

struct Linker<'a> {
    folder: &'a str,
    files: &'a dyn Files,
    findings: &'a mut Findings,
    may_build: bool,
    remote: String,
    uploads: &'a mut Vec<Upload>,
}

impl Linker<'_> {
    fn task(&mut self, task: &mut Value, at: At<'_>) {
        let list = at.key("libraries");
        let mut linked = Vec::new();
        for (index, library) in items(task, "libraries").enumerate() {
            let kind = LIBRARY_FILES.iter().find(|kind| library.text_at(&[kind]).is_some_and(is_local));
            let Some((kind, value)) = kind.and_then(|kind| Some((*kind, library.get(&[kind])?.clone()))) else {
                linked.push(library.clone());
                continue;
            };
            let paths = self.link(&value, list.index(index).key(kind));
            if paths.is_empty() {
                linked.push(library.clone());
            }
            for path in paths {
                let mut library = library.clone();
                library.set(kind, Value::text(path).at(value.place.clone()));
                linked.push(library);
            }
        }
        if let Some(libraries) = task.get_mut(&["libraries"]).and_then(Value::as_list_mut) {
            *libraries = linked;
        }
        if let Some(inner) = task.get_mut(&["for_each_task", "task"]) {
            self.task(inner, at.key("for_each_task").key("task"));
        }
    }

    fn dependencies(&mut self, spec: &mut Value, at: At<'_>) {
        let list = at.key("dependencies");
        let mut linked = Vec::new();
        for (index, value) in items(spec, "dependencies").enumerate() {
            let is_file =
                |text: &str| is_local(text) && LIBRARY_FILES.iter().any(|kind| text.ends_with(&format!(".{kind}")));
            if !value.as_text().is_some_and(is_file) {
                linked.push(value.clone());
                continue;
            }
            let paths = self.link(value, list.index(index));
            if paths.is_empty() {
                linked.push(value.clone());
            }
            linked.extend(paths.into_iter().map(|path| Value::text(path).at(value.place.clone())));
        }
        if let Some(dependencies) = spec.get_mut(&["dependencies"]).and_then(Value::as_list_mut) {
            *dependencies = linked;
        }
    }

    /// Where the files that a path names are uploaded to.
    fn link(&mut self, value: &Value, at: At<'_>) -> Vec<String> {
        let mut quiet = Findings::default();
        let findings = if self.may_build { &mut quiet } else { &mut *self.findings };
        let found = found(value, self.folder, self.files, at.to_string(), findings);
        let remote = |local: &String| format!("{}/{}", self.remote, files::name(local));
        let paths = found.iter().map(remote).collect();
        for local in &found {
            if !self.uploads.iter().any(|upload| upload.local == *local) {
                self.uploads.push(Upload { local: local.clone(), remote: remote(local) });
            }
        }
        paths
    }
}

/// Whether a library lies among the bundle's files: a relative path, and no address.
fn is_local(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('/')
        && !text.contains(':')
        && !text.starts_with("${")
        && !text.starts_with('-')
}
