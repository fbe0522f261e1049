//! A notebook as cells, whatever it was written down as.

use crate::analysis::{Format, Language};

/// A notebook that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notebook {
    /// Where it is; for one of an archive its name there.
    pub path: String,
    pub format: Format,
    /// The language of cells that name none.
    pub language: Option<Language>,
    pub cells: Vec<Cell>,
    /// Lines of all of it.
    pub lines: u32,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Parameters that the document itself declares, with defaults.
    pub widgets: Vec<(String, String)>,
    /// Whether bytes were no UTF-8.
    pub garbled: bool,
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    pub language: Language,
    /// What says so in the cell, without the percent sign.
    pub magic: Option<String>,
    /// What stands behind the magic in its line.
    pub arguments: String,
    pub title: Option<String>,
    /// The code, without the line of the magic where nothing else stands there.
    pub text: String,
    /// The line of the text's first one.
    pub first_line: u32,
}

/// Magics that say what a whole cell is written in.
const CELL_MAGICS: [(&str, Language); 16] = [
    ("python", Language::Python),
    ("sql", Language::Sql),
    ("scala", Language::Scala),
    ("r", Language::R),
    ("R", Language::R),
    ("md", Language::Markdown),
    ("md-sandbox", Language::Markdown),
    ("markdown", Language::Markdown),
    ("sh", Language::Shell),
    ("bash", Language::Shell),
    ("fs", Language::FileSystem),
    ("run", Language::Run),
    ("html", Language::Other),
    ("javascript", Language::Other),
    ("skip", Language::Other),
    ("writefile", Language::Other),
];

impl Cell {
    /// Reads the text of a cell, of which `first_line` is the first line: a magic in front says what it is.
    pub(crate) fn of(text: &str, first_line: u32, language: Language, title: Option<String>) -> Self {
        let blank = text.split('\n').take_while(|line| line.trim().is_empty()).count();
        let mut rest = text;
        for _ in 0..blank {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
        }
        let plain = |language| Self {
            language,
            magic: None,
            arguments: String::new(),
            title: title.clone(),
            text: text.to_owned(),
            first_line,
        };
        let line = rest.split('\n').next().unwrap_or_default().trim();
        let Some(magic) = line.strip_prefix('%') else { return plain(language) };
        let magic = magic.trim_start_matches('%');
        let (name, arguments) = magic.split_once(char::is_whitespace).unwrap_or((magic, ""));
        let Some((_, said)) = CELL_MAGICS.into_iter().find(|(known, _)| *known == name) else {
            // Magics of a line, such as %pip, are a part of Python.
            return plain(if language == Language::Markdown { language } else { Language::Python });
        };
        let below = rest.split_once('\n').map_or("", |(_, below)| below);
        let code_beside = said != Language::Run && !arguments.trim().is_empty();
        let line_of_magic = first_line.saturating_add(u32::try_from(blank).unwrap_or(u32::MAX));
        let (text, first_line) = match code_beside {
            true => (format!("{}\n{below}", arguments.trim()), line_of_magic),
            false => (below.to_owned(), line_of_magic.saturating_add(1)),
        };
        Self {
            language: said,
            magic: Some(name.to_owned()),
            arguments: arguments.trim().to_owned(),
            title,
            text,
            first_line,
        }
    }
}

/// The language of a name as people and documents write it.
pub(crate) fn language(name: &str) -> Option<Language> {
    match name.to_ascii_lowercase().as_str() {
        "python" | "py" | "python3" | "ipython" => Some(Language::Python),
        "sql" => Some(Language::Sql),
        "scala" => Some(Language::Scala),
        "r" => Some(Language::R),
        "markdown" | "md" => Some(Language::Markdown),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_magic_in_front_says_the_language_and_where_the_code_is() {
        for (text, language, magic, code, line) in [
            ("x = 1", Language::Python, None, "x = 1", 5),
            ("%sql\nSELECT 1", Language::Sql, Some("sql"), "SELECT 1", 6),
            ("\n%sql SELECT 1\nFROM t", Language::Sql, Some("sql"), "SELECT 1\nFROM t", 6),
            ("%%bash\nls", Language::Shell, Some("bash"), "ls", 6),
            ("%run ./setup $x=\"1\"", Language::Run, Some("run"), "", 6),
            ("%pip install x\nimport x", Language::Python, None, "%pip install x\nimport x", 5),
            ("# %sql", Language::Python, None, "# %sql", 5),
        ] {
            let cell = Cell::of(text, 5, Language::Python, None);
            let found = (cell.language, cell.magic.as_deref(), cell.text.as_str(), cell.first_line);
            assert_eq!(found, (language, magic, code, line), "{text:?}");
        }
    }
}
