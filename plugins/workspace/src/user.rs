//! get_current_user.

use bricklayer_databricks::current_user::me;
use bricklayer_sdk::{Failure, Platform};

use crate::types;

/// Groups that the text names.
const NAMED_GROUPS: usize = 20;

/// Who the user is.
///
/// # Errors
/// A workspace that cannot be asked.
pub(crate) fn get(platform: &impl Platform) -> Result<types::CurrentUser, Failure> {
    let me = me(platform)?;
    let groups: Vec<String> = me.groups.iter().map(|group| group.display.clone()).collect();
    let home_folder = format!("/Workspace{}", me.home());
    let mut text = format!("{} (id {}). Home folder: {home_folder}.", me.user_name, me.id);
    if !groups.is_empty() {
        let named = groups.iter().take(NAMED_GROUPS).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = groups.len().saturating_sub(NAMED_GROUPS);
        text.push_str(&format!(
            " Groups: {named}{}.",
            if more > 0 { format!(" and {more} more") } else { String::new() }
        ));
    }
    if !me.active {
        text.push_str(" The user is not active.");
    }
    Ok(types::CurrentUser {
        text,
        user_name: me.user_name,
        display_name: me.display_name.filter(|name| !name.is_empty()),
        id: me.id,
        active: me.active,
        home_folder,
        groups,
    })
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::Kind;
    use bricklayer_sdk::testing::Script;

    use super::*;

    const ME: &str = "GET /api/2.0/preview/scim/v2/Me";

    #[test]
    fn the_user_is_shown_with_home_and_groups() {
        let body = r#"{"id":"7","userName":"ann@x.y","displayName":"Ann","active":true,"groups":[{"display":"admins"},{"display":"users"}]}"#;
        let user = get(&Script::new().on(ME, 200, body)).unwrap();
        assert_eq!(user.text, "ann@x.y (id 7). Home folder: /Workspace/Users/ann@x.y. Groups: admins, users.");
        assert_eq!((user.display_name.as_deref(), user.groups.len()), (Some("Ann"), 2));
        for (status, body, kind) in [
            (403, r#"{"detail":"no","status":"403"}"#, Kind::PermissionDenied),
            (429, "", Kind::RateLimited),
            (200, "{}", Kind::Upstream),
        ] {
            assert_eq!(get(&Script::new().on(ME, status, body)).unwrap_err().kind, kind, "{status}");
        }
    }
}
