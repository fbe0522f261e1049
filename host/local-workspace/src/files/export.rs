//! Content on its way out, in the form that a caller asks for.

use serde::Deserialize;

use super::model::{Format, Object, Type};
use crate::http::error::ApiError;

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
}

/// The form of an object in a format.
///
/// # Errors
/// `INVALID_PARAMETER_VALUE` for what the object cannot be written as.
pub(super) fn form(object: &Object, format: ExportFormat) -> Result<Form, ApiError> {
    let refused = |what: &str| Err(ApiError::invalid(format!("The local workspace does not export {what}.")));
    match (object.kind, format) {
        (Type::Directory, _) => refused("folders, but what is in them"),
        (_, ExportFormat::Html | ExportFormat::Dbc | ExportFormat::RMarkdown) => {
            refused("the formats HTML, DBC and R_MARKDOWN, but SOURCE and JUPYTER")
        }
        (Type::File, ExportFormat::Jupyter) => refused("a file as a notebook, but as AUTO"),
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
    pub(super) fn write(self, _object: &Object, content: Vec<u8>) -> Result<Vec<u8>, ApiError> {
        match self {
            Self::Stored => Ok(content),
            Self::Converted(_) => {
                Err(ApiError::invalid("The local workspace exports a notebook in the format in which it was imported."))
            }
        }
    }
}
