//! Content on its way out, in the form that a caller asks for.

use serde::Deserialize;

use super::model::{Format, Object, Type};
use crate::{
    http::error::ApiError,
    notebook::{Cell, CellKind, Notebook},
};

/// What an export may be written as.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum ExportFormat {
    #[default]
    Source,
    Auto,
    Jupyter,
    Html,
    Dbc,
    RMarkdown,
    Raw,
}

/// What an object is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As it was brought, byte for byte.
    Stored,
    /// A notebook in the other of its two forms.
    Converted(Format),
    /// A notebook as a page to be looked at.
    Page,
}

/// The form of an object in a format.
///
/// # Errors
/// `INVALID_PARAMETER_VALUE` for what the object cannot be written as.
pub(super) fn form(object: &Object, format: ExportFormat) -> Result<Form, ApiError> {
    let refused = |what: &str| Err(ApiError::invalid(format!("The local workspace does not export {what}.")));
    match (object.kind, format) {
        (Type::Directory, _) => refused("folders, but what is in them"),
        (_, ExportFormat::Dbc | ExportFormat::RMarkdown) => {
            refused("the formats DBC and R_MARKDOWN, but SOURCE, JUPYTER and HTML")
        }
        (Type::Notebook { .. }, ExportFormat::Html) => Ok(Form::Page),
        (Type::File, ExportFormat::Jupyter | ExportFormat::Html) => refused("a file as a notebook, but as AUTO"),
        (Type::File, _) | (_, ExportFormat::Auto | ExportFormat::Raw) => Ok(Form::Stored),
        (Type::Notebook { format: Format::Source, .. }, ExportFormat::Source)
        | (Type::Notebook { format: Format::Jupyter, .. }, ExportFormat::Jupyter) => Ok(Form::Stored),
        (Type::Notebook { .. }, ExportFormat::Source) => Ok(Form::Converted(Format::Source)),
        (Type::Notebook { .. }, ExportFormat::Jupyter) => Ok(Form::Converted(Format::Jupyter)),
    }
}

impl Form {
    pub(super) fn is_stored(self) -> bool {
        self == Self::Stored
    }

    /// How the name of such a file ends.
    pub(super) fn extension(self, object: &Object) -> String {
        if self == Self::Page {
            return "html".to_owned();
        }
        let format = match (self, object.kind) {
            (Self::Converted(format), _) | (Self::Stored, Type::Notebook { format, .. }) => Some(format),
            _ => None,
        };
        match (format, object.kind.language()) {
            (Some(Format::Jupyter), _) => "ipynb".to_owned(),
            (_, Some(language)) => language.extension().to_owned(),
            _ => object.path.name().rsplit_once('.').map_or_else(String::new, |(_, ending)| ending.to_owned()),
        }
    }

    /// Content in this form.
    ///
    /// # Errors
    /// A notebook that cannot be read.
    pub(super) fn write(self, object: &Object, content: Vec<u8>) -> Result<Vec<u8>, ApiError> {
        let (Type::Notebook { language, format }, true) = (object.kind, self != Self::Stored) else {
            return Ok(content);
        };
        let unreadable =
            |why: &str| ApiError::invalid(format!("The notebook cannot be written in another format: {why}."));
        let text = String::from_utf8(content).map_err(|_| unreadable("it is no text in UTF-8"))?;
        let notebook = match format {
            Format::Source => Notebook::from_source(&text, language),
            Format::Jupyter => Notebook::from_jupyter(&text).map_err(|e| unreadable(&e.to_string()))?,
        };
        Ok(match self {
            Self::Page => page(&notebook, object.path.name()),
            Self::Converted(Format::Jupyter) => notebook.to_jupyter(object.path.name()),
            Self::Converted(Format::Source) | Self::Stored => notebook.to_source(),
        }
        .into_bytes())
    }
}

/// A notebook as a page: its cells one below the other, nothing of them but text.
fn page(notebook: &Notebook, name: &str) -> String {
    let cell = |cell: &Cell| {
        let title = cell.title.as_deref().map(|title| format!("<h2>{}</h2>\n", escaped(title))).unwrap_or_default();
        let kind = match &cell.kind {
            CellKind::Code(language) => language.name(),
            CellKind::Markdown => "MARKDOWN",
            CellKind::Other(word) => word,
        };
        format!("{title}<pre class=\"{}\">{}</pre>\n", escaped(kind), escaped(&cell.text))
    };
    let cells: String = notebook.cells.iter().map(cell).collect();
    let name = escaped(name);
    format!(
        "<!DOCTYPE html>\n<html>\n<head><meta charset=\"utf-8\"><title>{name}</title></head>\n<body>\n<h1>{name}</h1>\n{cells}</body>\n</html>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
