//! Secret scopes, and secrets without their values.

use bricklayer_sdk::{Cut, Failure, Kind, Platform, Table, Workspace};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::types;

/// Where secrets live.
pub(crate) const SECRETS: &str = "/api/2.0/secrets";

/// Rows of a list in the text.
const SHOWN_ROWS: usize = 200;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Scopes {
    scopes: Vec<Scope>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Scope {
    name: String,
    backend_type: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Secrets {
    secrets: Vec<Secret>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Secret {
    key: String,
    last_updated_timestamp: Option<u64>,
}

/// A name that is there.
///
/// # Errors
/// An empty one.
pub(crate) fn given<'a>(field: &str, text: &'a str) -> Result<&'a str, Failure> {
    let text = text.trim();
    if text.is_empty() { Err(Failure::invalid(field, "is empty")) } else { Ok(text) }
}

/// Says where scopes and keys are found, of what there is not.
pub(crate) fn of_scope(failure: Failure) -> Failure {
    match failure.kind {
        Kind::NotFound => failure.advise("list_secret_scopes and list_secrets show what there is."),
        _ => failure,
    }
}

/// Changes something.
///
/// # Errors
/// A workspace that refuses or cannot be asked.
pub(crate) fn change(
    platform: &impl Platform,
    path: &str,
    body: &Value,
    scope: &str,
    did: String,
) -> Result<types::SecretChange, Failure> {
    Workspace::new(platform).post::<Value>(&format!("{SECRETS}/{path}"), body).map_err(of_scope)?;
    Ok(types::SecretChange { text: did, scope: scope.to_owned() })
}

/// A list as a table, with its count.
pub(crate) fn table(columns: &[&str], rows: &[Vec<Option<String>>], (one, many): (&str, &str)) -> String {
    let shown = Table::render(columns, rows, Cut { rows: SHOWN_ROWS, ..Cut::default() });
    let count = match rows.len() {
        1 => format!("1 {one}"),
        all if shown.shown < all => format!("showing {} of {all} {many}", shown.shown),
        all => format!("{all} {many}"),
    };
    format!("{}\n\n({count})", shown.text)
}

/// Lists scopes.
///
/// # Errors
/// A workspace that cannot be asked.
pub(crate) fn list(platform: &impl Platform) -> Result<types::SecretScopeList, Failure> {
    let Scopes { scopes } = Workspace::new(platform).get(&format!("{SECRETS}/scopes/list"), &[])?;
    let rows: Vec<_> = scopes.iter().map(|it| vec![Some(it.name.clone()), Some(it.backend_type.clone())]).collect();
    let text = table(&["scope", "kept by"], &rows, ("scope", "scopes"));
    let scopes = scopes.into_iter().map(|it| types::SecretScope { name: it.name, backend_type: it.backend_type });
    Ok(types::SecretScopeList { text, scopes: scopes.collect() })
}

/// Makes a scope.
///
/// # Errors
/// A name that does not fit or is taken, or a workspace that cannot be asked.
pub(crate) fn create(
    platform: &impl Platform,
    request: types::CreateSecretScopeRequest,
) -> Result<types::SecretChange, Failure> {
    let scope = given("scope", &request.scope)?;
    let (mut body, mut who) = (json!({"scope": scope}), "its maker manages it");
    if request.for_all_users == Some(true)
        && let Some(fields) = body.as_object_mut()
    {
        fields.insert("initial_manage_principal".to_owned(), "users".into());
        who = "all users manage it";
    }
    change(platform, "scopes/create", &body, scope, format!("The secret scope {scope} was made; {who}."))
}

/// Deletes a scope.
///
/// # Errors
/// No such scope, not allowed, or a workspace that cannot be asked.
pub(crate) fn delete(
    platform: &impl Platform,
    request: types::SecretScopeRequest,
) -> Result<types::SecretChange, Failure> {
    let scope = given("scope", &request.scope)?;
    let did = format!("The secret scope {scope} was deleted with all its secrets.");
    change(platform, "scopes/delete", &json!({"scope": scope}), scope, did)
}

/// Lists a scope's secrets.
///
/// # Errors
/// No such scope, not allowed, or a workspace that cannot be asked.
pub(crate) fn secrets(
    platform: &impl Platform,
    request: types::SecretScopeRequest,
) -> Result<types::SecretList, Failure> {
    let scope = given("scope", &request.scope)?;
    let found = Workspace::new(platform).get(&format!("{SECRETS}/list"), &[("scope", scope)]);
    let Secrets { secrets } = found.map_err(of_scope)?;
    let rows: Vec<_> = secrets.iter().map(|it| vec![Some(it.key.clone())]).collect();
    let text = table(&["key"], &rows, ("secret", "secrets"));
    let secrets = secrets.into_iter().map(|it| types::Secret { key: it.key, updated_at_ms: it.last_updated_timestamp });
    Ok(types::SecretList { text, secrets: secrets.collect() })
}

/// Deletes a secret.
///
/// # Errors
/// No such secret, not allowed, or a workspace that cannot be asked.
pub(crate) fn delete_secret(
    platform: &impl Platform,
    request: types::SecretRequest,
) -> Result<types::SecretChange, Failure> {
    let (scope, key) = (given("scope", &request.scope)?, given("key", &request.key)?);
    let did = format!("The secret {key} of the scope {scope} was deleted.");
    change(platform, "delete", &json!({"scope": scope, "key": key}), scope, did)
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::testing::Script;

    use super::*;

    fn scope(name: &str) -> types::SecretScopeRequest {
        types::SecretScopeRequest { scope: name.to_owned() }
    }

    #[test]
    fn scopes_and_keys_are_listed() {
        let body =
            r#"{"scopes":[{"name":"a","backend_type":"DATABRICKS"},{"name":"b","backend_type":"AZURE_KEYVAULT"}]}"#;
        let found = list(&Script::new().on("GET /api/2.0/secrets/scopes/list", 200, body)).unwrap();
        assert_eq!((found.scopes.len(), found.text.ends_with("(2 scopes)")), (2, true), "{}", found.text);
        assert!(list(&Script::new().on("GET /api/2.0/secrets/scopes/list", 200, "{}")).unwrap().scopes.is_empty());
        let body = r#"{"secrets":[{"key":"k","last_updated_timestamp":1700000000000}]}"#;
        let found =
            secrets(&Script::new().on("GET /api/2.0/secrets/list?scope=a%20b", 200, body), scope(" a b ")).unwrap();
        assert_eq!(found.secrets, [types::Secret { key: "k".to_owned(), updated_at_ms: Some(1_700_000_000_000) }]);
        assert!(found.text.ends_with("(1 secret)"), "{}", found.text);
    }

    #[test]
    fn changes_are_sent_as_they_are_meant() {
        let create = |all| types::CreateSecretScopeRequest { scope: "s".to_owned(), for_all_users: all };
        let script = Script::new()
            .on("POST /api/2.0/secrets/scopes/create", 200, "{}")
            .on("POST /api/2.0/secrets/scopes/create", 200, "{}")
            .on("POST /api/2.0/secrets/scopes/delete", 200, "{}")
            .on("POST /api/2.0/secrets/delete", 200, "{}");
        super::create(&script, create(None)).unwrap();
        super::create(&script, create(Some(true))).unwrap();
        delete(&script, scope("s")).unwrap();
        delete_secret(&script, types::SecretRequest { scope: "s".to_owned(), key: "k".to_owned() }).unwrap();
        assert_eq!(
            [0, 1, 2, 3].map(|n| script.body(n)),
            [
                json!({"scope": "s"}),
                json!({"scope": "s", "initial_manage_principal": "users"}),
                json!({"scope": "s"}),
                json!({"scope": "s", "key": "k"}),
            ]
        );
        script.done();
    }

    #[test]
    fn what_goes_wrong_is_said_with_advice() {
        let missing = r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Scope s does not exist!"}"#;
        let denied = r#"{"error_code":"PERMISSION_DENIED","message":"no"}"#;
        for (status, body, kind) in
            [(404, missing, Kind::NotFound), (403, denied, Kind::PermissionDenied), (429, "", Kind::RateLimited)]
        {
            let failure = delete(&Script::new().on("POST /api/2.0/secrets/scopes/delete", status, body), scope("s"));
            let failure = failure.unwrap_err();
            assert_eq!(failure.kind, kind);
            assert_eq!(failure.message.contains("list_secret_scopes"), kind == Kind::NotFound, "{}", failure.message);
        }
        assert_eq!(secrets(&Script::new(), scope(" ")).unwrap_err().kind, Kind::InvalidInput);
    }
}
