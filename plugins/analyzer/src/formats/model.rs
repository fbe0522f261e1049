//! The JSON of a notebook as Databricks keeps it: in DBC archives and in exported pages.

use serde::Deserialize;

use super::{Refused, own_cell};
use crate::analysis::Language;
use crate::cell::{Cell, language};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Model {
    #[serde(default)]
    language: String,
    #[serde(default)]
    commands: Vec<Command>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Command {
    #[serde(default)]
    command: String,
    #[serde(default)]
    position: f64,
    #[serde(default)]
    command_title: String,
}

/// The default language and the cells, in the order of their positions.
pub(super) fn read(text: &str) -> Result<(Language, Vec<Cell>), Refused> {
    let malformed =
        |error: serde_json::Error| Refused::Malformed { what: "notebook of Databricks", why: error.to_string() };
    let mut model: Model = serde_json::from_str(text).map_err(malformed)?;
    let default = language(&model.language).unwrap_or(Language::Python);
    model.commands.sort_by(|one, other| one.position.total_cmp(&other.position));
    let cells = model.commands.iter().filter(|command| !command.command.trim().is_empty()).map(|command| {
        let title = Some(command.command_title.clone()).filter(|title| !title.is_empty());
        own_cell(&command.command, default, title)
    });
    Ok((default, cells.collect()))
}
