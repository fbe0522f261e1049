//! From bytes to notebooks: source files, Jupyter documents, DBC archives, exported pages, plain files.

mod archive;
mod html;
mod jupyter;
mod model;
mod source;

use sha2::{Digest as _, Sha256};

use crate::analysis::{Format, Language};
use crate::cell::{Cell, Notebook, language};

/// Bytes of one notebook; the workspace exports no larger one.
pub const MAX_BYTES: usize = 10 * 1024 * 1024;

/// Cells of one notebook.
pub const MAX_CELLS: usize = 20_000;

/// Why a notebook could not be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It has more of something than is taken.
    TooLarge { what: &'static str, found: usize, most: usize },
    /// It is not what its name and its first bytes say.
    Malformed { what: &'static str, why: String },
}

impl std::fmt::Display for Refused {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLarge { what, found, most } => write!(out, "it has {found} {what}; at most {most} are read"),
            Self::Malformed { what, why } => write!(out, "it is no {what}: {why}"),
        }
    }
}

impl std::error::Error for Refused {}

/// Opens what is at `path`: one notebook, or those of an archive in the order of their names. `known` is the language
/// that somebody else knows, such as the workspace.
///
/// # Errors
/// More bytes, cells or notebooks than are taken, and documents that are broken.
pub fn open(path: &str, bytes: &[u8], known: Option<Language>) -> Result<Vec<Notebook>, Refused> {
    if bytes.len() > MAX_BYTES {
        return Err(Refused::TooLarge { what: "bytes", found: bytes.len(), most: MAX_BYTES });
    }
    let notebooks = if archive::is(bytes) {
        archive::read(path, bytes)?
    } else {
        let (text, garbled) = decoded(bytes);
        let ending = ending(path);
        let about = Notebook {
            path: path.to_owned(),
            format: Format::File,
            language: known.or_else(|| ending.as_deref().and_then(language)),
            cells: Vec::new(),
            lines: lines(&text),
            sha256: digest(bytes),
            widgets: Vec::new(),
            garbled,
        };
        let notebook = match ending.as_deref() {
            Some("ipynb") => jupyter::read(about, &text)?,
            Some("html" | "htm") => html::read(about, &text)?,
            _ if jupyter::is(&text) => jupyter::read(about, &text)?,
            _ if html::is(&text) => html::read(about, &text)?,
            _ => source::read(about, &text),
        };
        vec![notebook]
    };
    for notebook in &notebooks {
        if notebook.cells.len() > MAX_CELLS {
            return Err(Refused::TooLarge { what: "cells", found: notebook.cells.len(), most: MAX_CELLS });
        }
    }
    Ok(notebooks)
}

/// The text with its line ends as `\n` and without a byte order mark, and whether bytes of it were no UTF-8.
fn decoded(bytes: &[u8]) -> (String, bool) {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    let garbled = matches!(text, std::borrow::Cow::Owned(_));
    (unix_lines(&text), garbled)
}

fn unix_lines(text: &str) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.to_owned() }
}

fn lines(text: &str) -> u32 {
    let lines = text.strip_suffix('\n').unwrap_or(text).matches('\n').count() + usize::from(!text.is_empty());
    u32::try_from(lines).unwrap_or(u32::MAX)
}

fn ending(path: &str) -> Option<String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase())
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A cell as documents keep it, with lines of its own.
fn own_cell(text: &str, language: Language, title: Option<String>) -> Cell {
    Cell::of(&unix_lines(text), 1, language, title)
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::zip;
