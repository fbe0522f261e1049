//! Who may see and change which workspace objects: everybody their own home and what is shared.

use axum::http::StatusCode;

use super::path::ObjectPath;
use crate::{acls::Level, catalog::SYSTEM_USER, http::error::ApiError};

/// Folders that hold one home for each user.
pub(super) const HOMES: [&str; 2] = ["Users", "Repos"];

/// The folder that is everybody's.
pub(super) const SHARED: &str = "Shared";

/// What somebody wants to do with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    View,
    Edit,
    /// Says who may do what.
    Manage,
}

impl Access {
    /// What somebody whose it is not has to be given for it.
    pub(super) const fn level(self) -> Level {
        match self {
            Self::View => Level::CanRead,
            Self::Edit => Level::CanEdit,
            Self::Manage => Level::CanManage,
        }
    }
}

/// Whose an object is; none for what is everybody's.
pub(super) fn owner(path: &ObjectPath) -> Option<&str> {
    let mut segments = path.segments();
    match (segments.next(), segments.next()) {
        (Some(SHARED), _) => None,
        (Some(top), Some(owner)) if HOMES.contains(&top) => Some(owner),
        _ => Some(SYSTEM_USER),
    }
}

/// Whether a user may. Asked before whether the object exists, so that a stranger learns nothing about what does.
pub(super) fn allows(user: &str, path: &ObjectPath, access: Access) -> bool {
    let mut segments = path.segments();
    match (segments.next(), segments.next()) {
        (Some(SHARED), _) => true,
        (Some(top), Some(owner)) if HOMES.contains(&top) => owner == user,
        _ => access == Access::View,
    }
}

/// # Errors
/// `PERMISSION_DENIED`.
pub(super) fn check(user: &str, path: &ObjectPath, access: Access) -> Result<(), ApiError> {
    if allows(user, path, access) {
        return Ok(());
    }
    let right = match access {
        Access::View => "View",
        Access::Edit | Access::Manage => "Manage",
    };
    let message = format!(
        "{user} does not have {right} permissions on {path}. Please contact the owner or an administrator for access."
    );
    Err(ApiError::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", message))
}

/// Whether it is one of the folders that the workspace itself stands on: the root, the folders of homes, the shared one,
/// and everybody's home.
pub(super) fn is_protected(path: &ObjectPath) -> bool {
    let mut segments = path.segments();
    match (segments.next(), segments.next(), segments.next()) {
        (None, ..) => true,
        (Some(top), None, _) => top == SHARED || HOMES.contains(&top),
        (Some(top), Some(_), None) => HOMES.contains(&top),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_a_home_and_shares_one_folder() {
        for (path, view, edit) in [
            ("/", true, false),
            ("/Users", true, false),
            ("/other", true, false),
            ("/Users/ann", true, true),
            ("/Users/ann/x/y", true, true),
            ("/Repos/ann/x", true, true),
            ("/Users/bob", false, false),
            ("/Users/bob/x", false, false),
            ("/Users/annabel", false, false),
            ("/Repos/bob", false, false),
            ("/Shared", true, true),
            ("/Shared/x", true, true),
            ("/Sharedx", true, false),
        ] {
            let path = ObjectPath::parse(path).unwrap();
            let found = (allows("ann", &path, Access::View), allows("ann", &path, Access::Edit));
            assert_eq!(found, (view, edit), "{path}");
        }
    }

    #[test]
    fn what_the_workspace_stands_on_is_protected() {
        for path in ["/", "/Users", "/Shared", "/Repos", "/Users/ann", "/Repos/ann"] {
            assert!(is_protected(&ObjectPath::parse(path).unwrap()), "{path}");
        }
        for path in ["/Users/ann/x", "/Shared/x", "/other"] {
            assert!(!is_protected(&ObjectPath::parse(path).unwrap()), "{path}");
        }
    }
}
