//! The caller, as the workspace knows them: the host's name of a user is not always the workspace's.

use bricklayer_sdk::{Failure, Platform, Workspace};
use serde::Deserialize;

/// Where the workspace says who asks.
pub const ME: &str = "/api/2.0/preview/scim/v2/Me";

/// The caller.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Me {
    /// Id at the workspace.
    pub id: String,
    /// An address, or a service principal's application id.
    pub user_name: String,
    /// For people.
    pub display_name: Option<String>,
    /// Whether the user may sign in.
    pub active: bool,
    /// The user's groups.
    pub groups: Vec<Group>,
}

/// A group of the caller.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Group {
    /// Its name.
    pub display: String,
}

impl Me {
    /// The caller's own folder, as the workspace's tree has it.
    #[must_use]
    pub fn home(&self) -> String {
        format!("/Users/{}", self.user_name)
    }
}

/// Asks the workspace who the caller is.
///
/// # Errors
/// A workspace that cannot be asked, or names nobody.
pub fn me(platform: &impl Platform) -> Result<Me, Failure> {
    let me: Me = Workspace::new(platform).get(ME, &[])?;
    if me.user_name.is_empty() {
        return Err(Failure::new(bricklayer_sdk::Kind::Upstream, "the workspace does not say who the user is"));
    }
    Ok(me)
}
