//! Workspace files and notebooks as what runs them reads them.

use std::collections::BTreeSet;

use super::{
    model::{Format, Type},
    objects::{MAX_NOTEBOOK_BYTES, Objects},
    path::AskedPath,
};
use crate::{http::error::ApiError, notebook::Notebook};

/// Something that can be run.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    Notebook(Notebook),
    /// A file's text.
    File(String),
}

impl Objects {
    /// What stands at a path, for whoever runs it on behalf of a user.
    ///
    /// # Errors
    /// Not allowed, not there, a folder, too large, or no text.
    pub(crate) async fn program(&self, user: &str, path: &str) -> Result<Content, ApiError> {
        let asked = AskedPath::parse(Some(path))?;
        let (object, bytes) = self.read_whole(user, &asked, MAX_NOTEBOOK_BYTES).await?;
        let text = String::from_utf8(bytes).map_err(|_| ApiError::invalid(format!("{asked} is no text in UTF-8.")))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        Ok(match object.kind {
            Type::Notebook { format: Format::Jupyter, .. } => Content::Notebook(
                Notebook::from_jupyter(text).map_err(|e| ApiError::invalid(format!("{asked} is no notebook: {e}.")))?,
            ),
            Type::Notebook { language, format: Format::Source } => {
                Content::Notebook(Notebook::from_source(text, language))
            }
            Type::Directory | Type::File => Content::File(text.to_owned()),
        })
    }

    /// Paths of all notebooks, and of SQL and Python files, within a folder and those in it, in order; at most so many
    /// and one more.
    ///
    /// # Errors
    /// Not allowed, not there.
    pub(crate) async fn programs_within(&self, user: &str, folder: &str, most: usize) -> Result<Vec<String>, ApiError> {
        let asked = AskedPath::parse(Some(folder))?;
        let mut found = BTreeSet::new();
        let mut folders = vec![asked.clone()];
        while let Some(folder) = folders.pop() {
            for object in self.list(user, &folder).await? {
                let path = asked.echo(&object.path);
                match object.kind {
                    Type::Directory => folders.push(AskedPath::parse(Some(&path))?),
                    Type::File if !path.ends_with(".sql") && !path.ends_with(".py") => {}
                    Type::Notebook { .. } | Type::File => {
                        found.insert(path);
                    }
                }
            }
            if found.len() > most || folders.len() > most {
                break;
            }
        }
        Ok(found.into_iter().take(most + 1).collect())
    }
}
