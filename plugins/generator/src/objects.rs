//! Objects of the workspace that a bundle takes along, as whoever asked the workspace found them.

use std::collections::BTreeMap;

/// Roots that are no workspace files: what lies there is not fetched, and stays as it is named.
const OTHER_ROOTS: [&str; 4] = ["Volumes", "dbfs", "databricks", "local_disk0"];

/// An absolute path in the workspace's file tree, without the alias `/Workspace`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WorkspacePath(String);

impl WorkspacePath {
    /// Reads a path as settings have it; none where it is relative, a URL, a volume, or leads upwards.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts: Vec<&str> =
            text.strip_prefix('/')?.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        if parts.first() == Some(&"Workspace") {
            parts.remove(0);
        }
        let bad = |part: &&str| *part == ".." || part.chars().any(char::is_control);
        let elsewhere = parts.first().is_none_or(|first| OTHER_ROOTS.contains(first));
        (!elsewhere && !parts.iter().any(bad)).then(|| Self(format!("/{}", parts.join("/"))))
    }

    /// As text, beginning with `/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last segment.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The folder it is in: empty at the root.
    #[must_use]
    pub fn folder(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// What a relative path means beside this object.
    #[must_use]
    pub fn beside(&self, relative: &str) -> Option<Self> {
        if relative.starts_with('/') {
            return Self::parse(relative);
        }
        let mut parts: Vec<&str> = self.folder().split('/').filter(|part| !part.is_empty()).collect();
        for part in relative.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()?),
                _ => parts.push(part),
            }
        }
        Self::parse(&format!("/{}", parts.join("/")))
    }
}

/// What a notebook is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Python.
    Python,
    /// SQL.
    Sql,
    /// Scala.
    Scala,
    /// R.
    R,
}

impl Language {
    /// By the workspace's word for it, in any case.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word.to_ascii_uppercase().as_str() {
            "PYTHON" => Some(Self::Python),
            "SQL" => Some(Self::Sql),
            "SCALA" => Some(Self::Scala),
            "R" => Some(Self::R),
            _ => None,
        }
    }

    /// How its source files end, with the point.
    #[must_use]
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Python => ".py",
            Self::Sql => ".sql",
            Self::Scala => ".scala",
            Self::R => ".r",
        }
    }
}

/// How a notebook is stored, and so what it is fetched as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// As a source file.
    Source,
    /// As `.ipynb`.
    Jupyter,
}

/// An object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Object {
    /// A notebook.
    Notebook {
        /// Its language.
        language: Language,
        /// Its form.
        stored: Stored,
    },
    /// A file.
    File,
    /// A folder with what is below it, at any depth, in the order of paths.
    Folder(Vec<(WorkspacePath, Self)>),
    /// It cannot be taken along; why, in words: it is not there, it is too large, the user may not read it.
    Left(String),
}

/// The objects that were looked at.
pub type Objects = BTreeMap<WorkspacePath, Object>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_one_form() {
        for (text, expected) in [
            ("/Workspace/Users/me@x.com/a", Some("/Users/me@x.com/a")),
            ("/Users//me/./a/", Some("/Users/me/a")),
            ("/Workspace", None),
            ("/", None),
            ("/Volumes/a/b/c/x.whl", None),
            ("/Workspace/../etc", None),
            ("dbfs:/x", None),
            ("src/x", None),
            ("https://x/y", None),
            ("/a\nb", None),
        ] {
            assert_eq!(WorkspacePath::parse(text).as_ref().map(WorkspacePath::as_str), expected, "{text}");
        }
    }

    #[test]
    fn relative_paths_are_followed() {
        let from = WorkspacePath::parse("/Users/me/etl/a").unwrap();
        for (relative, expected) in [
            ("./b", Some("/Users/me/etl/b")),
            ("../c/d", Some("/Users/me/c/d")),
            ("/x/y", Some("/x/y")),
            ("../../../../x", None),
        ] {
            assert_eq!(from.beside(relative).as_ref().map(WorkspacePath::as_str), expected, "{relative}");
        }
    }
}
