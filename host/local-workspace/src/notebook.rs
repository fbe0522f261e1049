//! Notebooks: cells in their languages, and the two forms in which they are kept and exchanged, the source format and
//! Jupyter's.
//!
//! The source format is a program of the notebook's language. Its first line is the header, cells are divided by
//! `# COMMAND ----------`, cells of another language and Markdown are comments that begin with `# MAGIC`, and a title is
//! `# DBTITLE 1,…`; `#` stands for the language's comment. Whoever keeps a notebook keeps its bytes: this module only
//! reads and writes, and what it writes it reads as the same notebook again.

mod jupyter;
mod model;
mod source;

pub(crate) use self::model::{Cell, CellKind, Language, NotANotebook, Notebook};

impl Notebook {
    /// The language of a text in source format, by its header; none when it has none. A byte order mark is passed over.
    pub(crate) fn language_of(text: &str) -> Option<Language> {
        source::language_of(text)
    }

    /// Reads the source format. Without a header the whole text is cells of `language`.
    pub(crate) fn from_source(text: &str, language: Language) -> Self {
        source::read(text, language)
    }

    /// Writes the source format, header first.
    pub(crate) fn to_source(&self) -> String {
        source::write(self)
    }

    /// Reads Jupyter's format, version 4. What its cells once printed is left out.
    ///
    /// # Errors
    /// What is no notebook of that version.
    pub(crate) fn from_jupyter(text: &str) -> Result<Self, NotANotebook> {
        jupyter::read(text)
    }

    /// Writes Jupyter's format, with the workspace's own notes on cells.
    pub(crate) fn to_jupyter(&self, name: &str) -> String {
        jupyter::write(self, name)
    }
}

#[cfg(test)]
mod tests;
