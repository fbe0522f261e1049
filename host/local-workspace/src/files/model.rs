//! What a tree holds.

use serde::Serialize;

use super::path::ObjectPath;
use crate::notebook::Language;

/// Kinds of objects, as the API and the database spell them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Kind {
    Directory,
    Notebook,
    File,
}

/// How a notebook's content is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Source,
    Jupyter,
}

/// What an object is beside its place and content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Directory,
    Notebook { language: Language, format: Format },
    File,
}

/// An object of a tree.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    /// Below 2^53: the database counts from one.
    pub(crate) id: i64,
    pub(crate) path: ObjectPath,
    pub(crate) kind: Type,
    /// The name of its content; folders have none.
    pub(super) content: Option<String>,
    pub(crate) size: u64,
    /// Milliseconds since the epoch.
    pub(crate) created_at: i64,
    pub(crate) modified_at: i64,
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Directory => "DIRECTORY",
            Self::Notebook => "NOTEBOOK",
            Self::File => "FILE",
        }
    }
}

impl Format {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Source => "SOURCE",
            Self::Jupyter => "JUPYTER",
        }
    }
}

impl Type {
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Directory => Kind::Directory,
            Self::Notebook { .. } => Kind::Notebook,
            Self::File => Kind::File,
        }
    }

    pub(crate) fn language(self) -> Option<Language> {
        if let Self::Notebook { language, .. } = self { Some(language) } else { None }
    }

    pub(crate) fn format(self) -> Option<Format> {
        if let Self::Notebook { format, .. } = self { Some(format) } else { None }
    }

    /// What the columns of a row mean; a row that is no notebook, folder or file is a file.
    pub(super) fn stored(kind: &str, language: Option<&str>, format: Option<&str>) -> Self {
        match (kind, language.and_then(Language::of_name)) {
            ("DIRECTORY", _) => Self::Directory,
            ("NOTEBOOK", Some(language)) => {
                let format = if format == Some("JUPYTER") { Format::Jupyter } else { Format::Source };
                Self::Notebook { language, format }
            }
            _ => Self::File,
        }
    }
}

impl Object {
    pub(crate) fn is_folder(&self) -> bool {
        self.kind == Type::Directory
    }
}
