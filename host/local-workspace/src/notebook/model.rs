//! What notebooks are made of.

/// The languages of notebooks and commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Language {
    Python,
    Sql,
    Scala,
    R,
}

impl Language {
    pub(super) const ALL: [Self; 4] = [Self::Python, Self::Sql, Self::Scala, Self::R];

    /// As the workspace API spells it: `PYTHON`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Python => "PYTHON",
            Self::Sql => "SQL",
            Self::Scala => "SCALA",
            Self::R => "R",
        }
    }

    /// A language by its name in any case.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.name().eq_ignore_ascii_case(name))
    }

    /// How its files end, without the dot.
    pub(crate) const fn extension(self) -> &'static str {
        match self {
            Self::Python => "py",
            Self::Sql => "sql",
            Self::Scala => "scala",
            Self::R => "r",
        }
    }

    /// A language by the ending of its files, in any case.
    pub(crate) fn of_extension(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.extension().eq_ignore_ascii_case(extension))
    }

    /// What begins a comment.
    pub(super) const fn comment(self) -> &'static str {
        match self {
            Self::Python | Self::R => "#",
            Self::Sql => "--",
            Self::Scala => "//",
        }
    }

    /// What `%…` stands before its cells in notebooks of another language.
    pub(super) const fn magic(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Sql => "sql",
            Self::Scala => "scala",
            Self::R => "r",
        }
    }
}

/// What a cell holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CellKind {
    /// A program.
    Code(Language),
    /// Text for people.
    Markdown,
    /// Another command behind `%`, such as `pip`, `run` or `sh`; its arguments begin the cell's text.
    Other(String),
}

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) kind: CellKind,
    pub(crate) title: Option<String>,
    /// Without the magic before it.
    pub(crate) text: String,
}

/// A notebook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notebook {
    pub(crate) language: Language,
    pub(crate) cells: Vec<Cell>,
}

/// Why bytes are no notebook.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NotANotebook(pub(super) String);

/// The cell of a text that may begin with `%magic`, in a notebook of `language`.
pub(super) fn cell(text: &str, language: Language, title: Option<String>) -> Cell {
    let Some(rest) = text.strip_prefix('%') else {
        return Cell { kind: CellKind::Code(language), title, text: text.to_owned() };
    };
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len());
    let (word, rest) = rest.split_at(end);
    let kind = if word == "md" || word.starts_with("md-") {
        CellKind::Markdown
    } else {
        Language::ALL
            .into_iter()
            .find(|language| language.magic() == word)
            .map_or_else(|| CellKind::Other(word.to_owned()), CellKind::Code)
    };
    let text = rest.strip_prefix('\n').or_else(|| rest.strip_prefix(' ')).unwrap_or(rest);
    Cell { kind, title, text: text.to_owned() }
}

/// The text of a cell with the `%magic` that tells it from those of `language`; none for these themselves.
pub(super) fn with_magic(cell: &Cell, language: Language) -> Option<String> {
    let word = match &cell.kind {
        CellKind::Code(own) if *own == language => return None,
        CellKind::Code(other) => other.magic(),
        CellKind::Markdown => "md",
        CellKind::Other(word) => return Some(format!("%{word} {}", cell.text).trim_end().to_owned()),
    };
    Some(format!("%{word}\n{}", cell.text).trim_end_matches('\n').to_owned())
}
