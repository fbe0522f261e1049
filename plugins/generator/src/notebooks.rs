//! A job of a folder's notebooks, with a pipeline where they define one: tasks in the order that tables and task values give
//! them, parameters of their widgets, serverless compute unless their code cannot run on it.

mod graph;
mod tasks;

pub use graph::{Edge, hand_overs};

use crate::draft::Draft;
use crate::note::Notes;
use crate::objects::{Object, WorkspacePath};
use crate::source::Source;

/// A notebook or file, and what its code says.
#[derive(Debug, Clone)]
pub struct Notebook {
    /// Where it is; what it is stands in the source's objects.
    pub path: WorkspacePath,
    /// What was found in it.
    pub facts: Facts,
}

/// What was found in a notebook.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Its widgets.
    pub widgets: Vec<Widget>,
    /// Tables that it reads, with as many parts as its code names.
    pub reads: Vec<String>,
    /// Tables that it writes; of a pipeline's code its datasets.
    pub writes: Vec<String>,
    /// Keys of task values that it sets.
    pub sets: Vec<String>,
    /// Task values that it reads: task and key.
    pub gets: Vec<(String, String)>,
    /// Notebooks that it runs within itself, by `%run` or `dbutils.notebook.run`.
    pub runs: Vec<WorkspacePath>,
    /// Packages that it imports and that neither the runtime has nor it installs, as requirements.
    pub requirements: Vec<String>,
    /// Whether it defines datasets of a pipeline.
    pub pipeline: bool,
    /// Why it cannot run on serverless compute; none where it can.
    pub needs_cluster: Vec<String>,
    /// Whether it has a stream that does not end by itself.
    pub endless: bool,
    /// What else a reader should know, such as a cell that could not be read.
    pub problems: Vec<String>,
}

/// A widget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Widget {
    /// Its name.
    pub name: String,
    /// What it is when nobody says.
    pub default: Option<String>,
}

/// What the notebooks of a source become.
pub(crate) fn drafts(source: &Source, notes: &mut Notes) -> Vec<Draft> {
    let run = called(source);
    let mut notebooks: Vec<&Notebook> = source.notebooks.iter().collect();
    notebooks.sort_by(|a, b| a.path.cmp(&b.path));
    notebooks.dedup_by(|a, b| a.path == b.path);
    let mut usable = Vec::new();
    for notebook in notebooks {
        let path = notebook.path.as_str();
        for problem in &notebook.facts.problems {
            notes.add(path, problem.clone());
        }
        match source.objects.get(&notebook.path) {
            None | Some(Object::Folder(_)) => notes.add(path, "is no notebook and no file, so it is no task"),
            Some(Object::Left(why)) => notes.add(path, format!("is no task: {why}")),
            Some(_) if run.contains(&notebook.path) => {
                notes.add(path, "is run by another notebook, so it is no task of its own");
            }
            Some(object) => usable.push((notebook, object)),
        }
    }
    tasks::drafts(source, &usable, notes)
}

/// Notebooks that others run: they go along.
pub(crate) fn called(source: &Source) -> Vec<WorkspacePath> {
    let of_one = |notebook: &Notebook| {
        let own = notebook.path.clone();
        notebook.facts.runs.iter().filter(move |path| **path != own).cloned().collect::<Vec<_>>()
    };
    source.notebooks.iter().flat_map(of_one).collect()
}
