//! create_share, change_share, create_recipient and rotate_recipient_token.

use bricklayer_sdk::{Failure, Platform, Workspace};
use serde_json::{Value, json};

use crate::create::make;
use crate::kind::Kind;
use crate::names::FullName;
use crate::objects::below;
use crate::show;
use crate::types::{self, ObjectKind};

/// Tables that one call puts into a share or takes out of it at most.
const MAX_UPDATES: usize = 100;

/// How long a replaced token stays good when nobody says: a day, so that whoever uses it can change over.
const OVERLAP_SECONDS: u32 = 86_400;

/// Where the activation link is found.
const LINK: &str = "Its activation link is a secret and is not shown here: whoever made it finds it in Catalog Explorer, under Delta Sharing.";

/// Makes a share.
///
/// # Errors
/// A name that is none, or what the workspace refuses.
pub(crate) fn create_share(
    platform: &impl Platform,
    request: types::CreateShareRequest,
) -> Result<types::ObjectChange, Failure> {
    let kind = Kind::of(ObjectKind::Share);
    let name = kind.name("name", &request.name)?;
    make(platform, &kind, &name, json!({"name": name.last(), "comment": request.comment}))
}

/// Puts tables into a share, or takes them out.
///
/// # Errors
/// Nothing to change, names that are none, or what the workspace refuses; then nothing of it was changed.
pub(crate) fn change_share(
    platform: &impl Platform,
    request: types::ChangeShareRequest,
) -> Result<types::ObjectChange, Failure> {
    let kind = Kind::of(ObjectKind::Share);
    let name = kind.name("name", &request.name)?;
    let (add, remove) = (request.add.unwrap_or_default(), request.remove.unwrap_or_default());
    let count = add.len() + remove.len();
    if count == 0 || count > MAX_UPDATES {
        return Err(Failure::invalid("add", format!("must be 1 to {MAX_UPDATES} tables to add or remove")));
    }
    let mut updates = Vec::new();
    for table in &add {
        let full = FullName::parse("add", &table.name, 3)?.dotted();
        let mut object = json!({"name": full, "data_object_type": "TABLE"});
        if let (Some(fields), Some(shared_as)) = (object.as_object_mut(), &table.shared_as) {
            fields.insert("shared_as".to_owned(), FullName::parse("shared_as", shared_as, 2)?.dotted().into());
        }
        updates.push(json!({"action": "ADD", "data_object": object}));
    }
    for table in &remove {
        let full = FullName::parse("remove", table, 3)?.dotted();
        updates.push(json!({"action": "REMOVE", "data_object": {"name": full, "data_object_type": "TABLE"}}));
    }
    Workspace::new(platform).patch::<Value>(&kind.one(&name), &json!({"updates": updates}))?;
    let text = format!("Share {}: {} tables added, {} removed.", name.dotted(), add.len(), remove.len());
    Ok(show::change(&name, text, true))
}

/// Makes a recipient.
///
/// # Errors
/// A name that is none, addresses for somebody who has no token, or what the workspace refuses.
pub(crate) fn create_recipient(
    platform: &impl Platform,
    request: types::CreateRecipientRequest,
) -> Result<types::ObjectChange, Failure> {
    let kind = Kind::of(ObjectKind::Recipient);
    let name = kind.name("name", &request.name)?;
    let has_token = request.sharing_identifier.is_none();
    if !has_token && request.ip_access_list.is_some() {
        return Err(Failure::invalid("ip_access_list", "is for recipients without a sharing_identifier"));
    }
    let body = json!({
        "name": name.last(),
        "authentication_type": if has_token { "TOKEN" } else { "DATABRICKS" },
        "data_recipient_global_metastore_id": request.sharing_identifier,
        "ip_access_list": request.ip_access_list.map(|list| json!({"allowed_ip_addresses": list})),
        "comment": request.comment,
    });
    let change = make(platform, &kind, &name, body)?;
    if !has_token || !change.changed {
        return Ok(change);
    }
    Ok(types::ObjectChange { text: format!("{} {LINK}", change.text), ..change })
}

/// Replaces a recipient's token.
///
/// # Errors
/// A recipient that has none, or what the workspace refuses.
pub(crate) fn rotate_token(
    platform: &impl Platform,
    request: types::RotateRecipientTokenRequest,
) -> Result<types::ObjectChange, Failure> {
    let name = Kind::of(ObjectKind::Recipient).name("name", &request.name)?;
    let seconds = request.existing_token_expires_in_seconds.unwrap_or(OVERLAP_SECONDS);
    let path = below("recipients", &name, "/rotate-token");
    // The answer holds the new link; nothing of it is passed on.
    let body = json!({"existing_token_expire_in_seconds": seconds});
    Workspace::new(platform).post::<Value>(&path, &body)?;
    let old = if seconds == 0 { "has ended".to_owned() } else { format!("ends in {seconds} s") };
    let text = format!("Recipient {} has a new token; the old one {old}. {LINK}", name.dotted());
    Ok(show::change(&name, text, true))
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::testing::Script;

    use super::*;

    #[test]
    fn activation_links_go_nowhere() {
        let secret = r#"{"name":"r","tokens":[{"activation_url":"https://x/SECRET"}]}"#;
        let script = Script::new().on("POST /api/2.1/unity-catalog/recipients", 200, secret);
        let asked = types::CreateRecipientRequest {
            name: "r".to_owned(),
            sharing_identifier: None,
            ip_access_list: None,
            comment: None,
        };
        let made = create_recipient(&script, asked).unwrap();
        assert!(!format!("{made:?}").contains("SECRET") && made.text.contains("Catalog Explorer"), "{made:?}");
        assert_eq!(script.body(0), json!({"name": "r", "authentication_type": "TOKEN"}));

        let script = Script::new().on("POST /api/2.1/unity-catalog/recipients/r/rotate-token", 200, secret);
        let asked =
            types::RotateRecipientTokenRequest { name: "r".to_owned(), existing_token_expires_in_seconds: None };
        let rotated = rotate_token(&script, asked).unwrap();
        assert!(!format!("{rotated:?}").contains("SECRET"), "{rotated:?}");
        assert_eq!(script.body(0), json!({"existing_token_expire_in_seconds": 86_400}));
    }

    #[test]
    fn a_share_changes_all_at_once() {
        let script = Script::new().on("PATCH /api/2.1/unity-catalog/shares/sh", 200, "{}");
        let asked = types::ChangeShareRequest {
            name: "sh".to_owned(),
            add: Some(vec![types::SharedTable { name: "c.s.t".to_owned(), shared_as: Some("s.u".to_owned()) }]),
            remove: Some(vec!["c.s.v".to_owned()]),
        };
        change_share(&script, asked).unwrap();
        assert_eq!(script.body(0)["updates"][0]["data_object"]["shared_as"], "s.u");
        assert_eq!(script.body(0)["updates"][1]["action"], "REMOVE");
        let nothing = types::ChangeShareRequest { name: "sh".to_owned(), add: None, remove: None };
        assert!(change_share(&Script::new(), nothing).is_err());
    }
}
