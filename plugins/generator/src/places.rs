//! Where in the bundle the objects go that it takes along: below `src`, with the folders that they have below the one that
//! they share.

use std::collections::BTreeMap;

use crate::names::{Unique, file_name};
use crate::objects::{Object, Stored, WorkspacePath};

/// The folder of the bundle that holds them.
pub(crate) const SOURCES: &str = "src";

/// What an object is fetched as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// A notebook's source.
    Source,
    /// A notebook as `.ipynb`.
    Jupyter,
    /// A file's bytes.
    Raw,
}

/// One object to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// Where it is.
    pub from: WorkspacePath,
    /// As what.
    pub format: Format,
    /// Where it goes, from the bundle's folder.
    pub to: String,
}

/// The places of all objects.
#[derive(Debug, Default)]
pub(crate) struct Places {
    objects: BTreeMap<WorkspacePath, Fetch>,
    /// Local folders by the remote ones.
    folders: BTreeMap<String, String>,
    given: BTreeMap<String, Unique>,
    shared: String,
}

impl Places {
    /// Gives each object its place, in the order of paths, so that the same objects have the same places.
    pub(crate) fn of(objects: &BTreeMap<WorkspacePath, Object>) -> Self {
        let mut places = Self { shared: shared_folder(objects.iter()), ..Self::default() };
        for (path, object) in objects {
            places.add(path, object);
        }
        places
    }

    fn add(&mut self, path: &WorkspacePath, object: &Object) {
        if self.objects.contains_key(path) {
            return;
        }
        let (ending, format) = match object {
            Object::Notebook { stored: Stored::Jupyter, .. } => (".ipynb", Format::Jupyter),
            Object::Notebook { language, .. } => (language.ending(), Format::Source),
            Object::File => ("", Format::Raw),
            Object::Folder(below) => {
                self.folder(path.as_str());
                below.iter().for_each(|(path, object)| self.add(path, object));
                return;
            }
            Object::Left(_) => return,
        };
        let folder = self.folder(path.folder());
        let name = file_name(path.name());
        // A notebook may be called `etl.py`, which is not how its file ends twice.
        let (stem, ending) = match name.strip_suffix(ending) {
            Some(stem) if !ending.is_empty() && !stem.is_empty() => (stem, ending),
            _ if ending.is_empty() => name.rfind('.').filter(|at| *at > 0).map_or((&*name, ""), |at| name.split_at(at)),
            _ => (&*name, ending),
        };
        let given = self.given.entry(folder.clone()).or_default().give_with(stem, ending);
        let fetch = Fetch { from: path.clone(), format, to: format!("{folder}/{given}") };
        self.objects.insert(path.clone(), fetch);
    }

    fn folder(&mut self, remote: &str) -> String {
        let remote = remote.trim_end_matches('/');
        if remote.len() <= self.shared.len() {
            return SOURCES.to_owned();
        }
        if let Some(known) = self.folders.get(remote) {
            return known.clone();
        }
        let (parent, name) = remote.rsplit_once('/').unwrap_or(("", remote));
        let parent = self.folder(parent);
        let given = self.given.entry(parent.clone()).or_default().give(&file_name(name));
        let local = format!("{parent}/{given}");
        self.folders.insert(remote.to_owned(), local.clone());
        local
    }

    /// Where an object goes.
    pub(crate) fn object(&self, path: &WorkspacePath) -> Option<&Fetch> {
        self.objects.get(path)
    }

    /// Where a folder goes.
    pub(crate) fn of_folder(&self, path: &WorkspacePath) -> Option<&str> {
        if path.as_str() == self.shared {
            return Some(SOURCES);
        }
        self.folders.get(path.as_str()).map(String::as_str)
    }

    /// All that is to be fetched, in the order of where it is.
    pub(crate) fn fetches(&self) -> Vec<Fetch> {
        self.objects.values().cloned().collect()
    }
}

/// The innermost folder that all objects are in.
fn shared_folder<'a>(objects: impl Iterator<Item = (&'a WorkspacePath, &'a Object)>) -> String {
    let mut shared: Option<Vec<&str>> = None;
    for (path, object) in objects {
        let folder = match object {
            Object::Left(_) => continue,
            // What is below a folder is told apart by the folder.
            Object::Folder(_) => path.as_str(),
            Object::Notebook { .. } | Object::File => path.folder(),
        };
        let parts: Vec<&str> = folder.split('/').collect();
        shared = Some(match shared {
            None => parts,
            Some(known) => known.into_iter().zip(parts).take_while(|(a, b)| a == b).map(|(a, _)| a).collect(),
        });
    }
    shared.unwrap_or_default().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::Language;

    fn path(text: &str) -> WorkspacePath {
        WorkspacePath::parse(text).unwrap()
    }

    const PYTHON: Object = Object::Notebook { language: Language::Python, stored: Stored::Source };

    #[track_caller]
    fn check(objects: Vec<(&str, Object)>, expected: &[(&str, &str)]) {
        let objects = objects.into_iter().map(|(at, object)| (path(at), object)).collect();
        let fetches = Places::of(&objects).fetches();
        let places: Vec<_> = fetches.iter().map(|fetch| (fetch.from.as_str(), fetch.to.as_str())).collect();
        assert_eq!(places, expected);
    }

    #[test]
    fn folders_below_the_shared_one_are_kept() {
        check(vec![("/Users/me/etl/load", PYTHON)], &[("/Users/me/etl/load", "src/load.py")]);
        check(
            vec![("/Users/me/etl/a/x", PYTHON), ("/Users/me/etl/b/c/x", PYTHON), ("/Users/me/etl/q.sql", Object::File)],
            &[
                ("/Users/me/etl/a/x", "src/a/x.py"),
                ("/Users/me/etl/b/c/x", "src/b/c/x.py"),
                ("/Users/me/etl/q.sql", "src/q.sql"),
            ],
        );
        check(
            vec![("/Users/me/x", PYTHON), ("/Shared/x", PYTHON)],
            &[("/Shared/x", "src/Shared/x.py"), ("/Users/me/x", "src/Users/me/x.py")],
        );
    }

    #[test]
    fn names_that_would_meet_are_told_apart() {
        let jupyter = Object::Notebook { language: Language::Sql, stored: Stored::Jupyter };
        check(
            vec![("/f/a", PYTHON), ("/f/A", PYTHON), ("/f/a.py", Object::File), ("/f/b", jupyter), ("/f/c.py", PYTHON)],
            &[
                ("/f/A", "src/A.py"),
                ("/f/a", "src/a_2.py"),
                ("/f/a.py", "src/a_3.py"),
                ("/f/b", "src/b.ipynb"),
                ("/f/c.py", "src/c.py"),
            ],
        );
    }

    #[test]
    fn a_folder_comes_with_all_that_is_in_it() {
        let below = vec![(path("/p/dbt/models/a.sql"), Object::File), (path("/p/dbt/dbt_project.yml"), Object::File)];
        let objects = [(path("/p/dbt"), Object::Folder(below)), (path("/p/n"), PYTHON)].into_iter().collect();
        let places = Places::of(&objects);
        let to: Vec<_> = places.fetches().into_iter().map(|fetch| fetch.to).collect();
        assert_eq!(to, ["src/dbt/dbt_project.yml", "src/dbt/models/a.sql", "src/n.py"]);
        assert_eq!(places.of_folder(&path("/p/dbt")), Some("src/dbt"));
        assert_eq!(places.of_folder(&path("/p/dbt/models")), Some("src/dbt/models"));
        assert_eq!(places.of_folder(&path("/q")), None);
    }

    #[test]
    fn a_name_leads_nowhere_else() {
        let named = path("/f/sub/..x");
        assert_eq!(named.name(), "..x");
        check(vec![("/f/...", Object::File), ("/f/a:b", PYTHON)], &[("/f/...", "src/_"), ("/f/a:b", "src/a_b.py")]);
        check(vec![("/f/x", Object::Left("gone".to_owned()))], &[]);
    }
}
