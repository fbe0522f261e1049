//! What kind of thing a tool's result is, as clients see it.

use bricklayer_domain::ResultKind;
use serde::Serialize;
use utoipa::ToSchema;

/// What kind of thing a typed result is, and so how it is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShownAs {
    /// Text for reading and nothing more to draw.
    Text,
    /// The same written in Markdown.
    Markdown,
    /// Rows: `columns` with a `name`, and `rows`.
    Table,
    /// Descriptions of tables: `tables` with a `name` and `columns`.
    Tables,
    /// Things of one kind: one field is a list of records, and its name says what they are.
    List,
    /// Parts that ran one after the other: `steps` with a `status`.
    Steps,
    /// What changed in a file: `path` and `patch`.
    Change,
    /// A picture of a result: `chart`, its specification.
    Chart,
    /// What is to be done: `todos` with a `content` and a `status`; the newest counts.
    Todos,
}

impl From<ResultKind> for ShownAs {
    fn from(kind: ResultKind) -> Self {
        match kind {
            ResultKind::Text => Self::Text,
            ResultKind::Markdown => Self::Markdown,
            ResultKind::Table => Self::Table,
            ResultKind::Tables => Self::Tables,
            ResultKind::List => Self::List,
            ResultKind::Steps => Self::Steps,
            ResultKind::Change => Self::Change,
            ResultKind::Chart => Self::Chart,
            ResultKind::Todos => Self::Todos,
        }
    }
}
