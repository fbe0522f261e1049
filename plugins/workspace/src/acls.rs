//! Who may do what with a secret scope.

use bricklayer_sdk::{Failure, Platform, Workspace};
use serde::Deserialize;
use serde_json::json;

use crate::scopes::{SECRETS, change, given, of_scope, table};
use crate::types;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Acls {
    items: Vec<Acl>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Acl {
    principal: String,
    permission: String,
}

/// A permission as the API spells it.
pub(crate) const fn word(permission: types::SecretPermission) -> &'static str {
    match permission {
        types::SecretPermission::Read => "READ",
        types::SecretPermission::Write => "WRITE",
        types::SecretPermission::Manage => "MANAGE",
    }
}

/// Lists who may do what.
///
/// # Errors
/// No such scope, not allowed, or a workspace that cannot be asked.
pub(crate) fn list(
    platform: &impl Platform,
    request: types::SecretScopeRequest,
) -> Result<types::SecretAclList, Failure> {
    let scope = given("scope", &request.scope)?;
    let found = Workspace::new(platform).get(&format!("{SECRETS}/acls/list"), &[("scope", scope)]);
    let Acls { items } = found.map_err(of_scope)?;
    let rows: Vec<_> = items.iter().map(|it| vec![Some(it.principal.clone()), Some(it.permission.clone())]).collect();
    let text = table(&["principal", "permission"], &rows, ("entry", "entries"));
    let acls = items.into_iter().map(|it| types::SecretAcl { principal: it.principal, permission: it.permission });
    Ok(types::SecretAclList { text, acls: acls.collect() })
}

/// Gives a permission.
///
/// # Errors
/// No such scope, not allowed, or a workspace that cannot be asked.
pub(crate) fn put(
    platform: &impl Platform,
    request: types::PutSecretAclRequest,
) -> Result<types::SecretChange, Failure> {
    let (scope, principal) = (given("scope", &request.scope)?, given("principal", &request.principal)?);
    let permission = word(request.permission);
    let did = format!("{principal} has {permission} on the secret scope {scope}.");
    let body = json!({"scope": scope, "principal": principal, "permission": permission});
    change(platform, "acls/put", &body, scope, did)
}

/// Takes a permission back.
///
/// # Errors
/// No such scope or entry, not allowed, or a workspace that cannot be asked.
pub(crate) fn delete(
    platform: &impl Platform,
    request: types::DeleteSecretAclRequest,
) -> Result<types::SecretChange, Failure> {
    let (scope, principal) = (given("scope", &request.scope)?, given("principal", &request.principal)?);
    let did = format!("{principal} has no permission of its own on the secret scope {scope} any more.");
    change(platform, "acls/delete", &json!({"scope": scope, "principal": principal}), scope, did)
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::testing::Script;

    use super::*;

    #[test]
    fn permissions_are_given_listed_and_taken_back() {
        let body = r#"{"items":[{"principal":"bob","permission":"WRITE"}]}"#;
        let script = Script::new()
            .on("POST /api/2.0/secrets/acls/put", 200, "{}")
            .on("GET /api/2.0/secrets/acls/list?scope=s", 200, body)
            .on("POST /api/2.0/secrets/acls/delete", 200, "{}");
        let (scope, principal) = ("s".to_owned(), "bob".to_owned());
        let permission = types::SecretPermission::Write;
        let request = types::PutSecretAclRequest { scope: scope.clone(), principal: principal.clone(), permission };
        assert_eq!(put(&script, request).unwrap().text, "bob has WRITE on the secret scope s.");
        let found = list(&script, types::SecretScopeRequest { scope: scope.clone() }).unwrap();
        assert_eq!(found.acls, [types::SecretAcl { principal: principal.clone(), permission: "WRITE".to_owned() }]);
        delete(&script, types::DeleteSecretAclRequest { scope, principal }).unwrap();
        assert_eq!(script.body(0), json!({"scope": "s", "principal": "bob", "permission": "WRITE"}));
        script.done();
        let nobody = types::DeleteSecretAclRequest { scope: "s".to_owned(), principal: " ".to_owned() };
        assert!(delete(&Script::new(), nobody).unwrap_err().message.starts_with("principal: "));
    }
}
