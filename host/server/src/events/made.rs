//! What calls made at the workspace, as events and the API show it.

use bricklayer_domain::MadeResource;
use serde::Serialize;
use utoipa::ToSchema;

/// Something that a call made at the workspace and that stays there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MadeInfo {
    /// What it is, by Databricks' word: `job`, `cluster`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The workspace's id of it.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Where people see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Whether the call that made it ended well; otherwise it may be half made.
    pub whole: bool,
}

impl From<MadeResource> for MadeInfo {
    fn from(made: MadeResource) -> Self {
        let MadeResource { kind, id, name, link, is_whole } = made;
        Self { kind: kind.into(), id, name, link, whole: is_whole }
    }
}
