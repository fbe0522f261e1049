//! What lies outside: create_storage_credential, create_external_location, validate_storage_credential,
//! create_connection and update_external_object.

use bricklayer_sdk::{Failure, Platform, Workspace};
use serde_json::{Map, Value, json};

use crate::create::make;
use crate::kind::{Kind, UNITY};
use crate::names::{literal, quote};
use crate::objects::{changed, last_part};
use crate::secrets::{check_option, is_reference, sql_value};
use crate::show::{self, items, text};
use crate::sql;
use crate::types::{self, ObjectKind};

/// Makes a storage credential.
///
/// # Errors
/// Not exactly one way to sign in, or what the workspace refuses.
pub(crate) fn create_credential(
    platform: &impl Platform,
    request: types::CreateStorageCredentialRequest,
) -> Result<types::ObjectChange, Failure> {
    let kind = Kind::of(ObjectKind::StorageCredential);
    let name = kind.name("name", &request.name)?;
    let given = [
        request.aws_iam_role_arn.map(|arn| ("aws_iam_role", json!({"role_arn": arn}))),
        request.azure_access_connector_id.map(|id| ("azure_managed_identity", json!({"access_connector_id": id}))),
        (request.gcp_service_account == Some(true)).then(|| ("databricks_gcp_service_account", json!({}))),
    ];
    let mut given: Vec<(&str, Value)> = given.into_iter().flatten().collect();
    let (Some((way, credential)), true) = (given.pop(), given.is_empty()) else {
        return Err(Failure::invalid(
            "aws_iam_role_arn",
            "give exactly one of aws_iam_role_arn, azure_access_connector_id and gcp_service_account",
        ));
    };
    let mut body = json!({"name": name.last(), "comment": request.comment, "read_only": request.read_only});
    if let Some(fields) = body.as_object_mut() {
        fields.insert(way.to_owned(), credential);
    }
    make(platform, &kind, &name, body)
}

/// Makes an external location.
///
/// # Errors
/// A name that is none, or what the workspace refuses.
pub(crate) fn create_location(
    platform: &impl Platform,
    request: types::CreateExternalLocationRequest,
) -> Result<types::ObjectChange, Failure> {
    let kind = Kind::of(ObjectKind::ExternalLocation);
    let name = kind.name("name", &request.name)?;
    let credential = last_part("credential_name", &request.credential_name)?;
    let body = json!({
        "name": name.last(),
        "url": request.url,
        "credential_name": credential,
        "comment": request.comment,
        "read_only": request.read_only,
    });
    make(platform, &kind, &name, body)
}

/// Tries a storage credential.
///
/// # Errors
/// No place to try it at, or what the workspace refuses. Operations that fail are no error: they are what was asked for.
pub(crate) fn validate(
    platform: &impl Platform,
    request: types::ValidateStorageRequest,
) -> Result<types::StorageValidation, Failure> {
    let credential = last_part("credential_name", &request.credential_name)?;
    if request.url.is_some() == request.external_location_name.is_some() {
        return Err(Failure::invalid("url", "give one of url and external_location_name, as the place to try it at"));
    }
    let mut body = Map::from_iter([("storage_credential_name".to_owned(), credential.clone().into())]);
    for (field, value) in [("url", request.url), ("external_location_name", request.external_location_name)] {
        if let Some(value) = value {
            body.insert(field.to_owned(), value.into());
        }
    }
    if let Some(read_only) = request.read_only {
        body.insert("read_only".to_owned(), read_only.into());
    }
    let answer: Value = Workspace::new(platform).post(&format!("{UNITY}/validate-storage-credentials"), &body)?;
    let results = items(&answer, "results");
    let is = |result: &Value, word: &str| text(result, "result").as_deref() == Some(word);
    let valid = results.iter().any(|result| is(result, "PASS")) && !results.iter().any(|result| is(result, "FAIL"));
    let rows: Vec<Vec<Option<String>>> = results
        .iter()
        .map(|result| ["operation", "result", "message"].iter().map(|field| text(result, field)).collect())
        .collect();
    let table = show::table(&["operation", "result", "message"], &rows, "operations", true);
    let word = if valid { "works" } else { "does not work, or was not tried" };
    Ok(types::StorageValidation { text: format!("The storage credential {credential} {word}.\n\n{table}"), valid })
}

/// Makes a connection: by SQL when its options refer to secrets, which only a statement looks up.
///
/// # Errors
/// A type that is none, a secret that is given as it is, or what the workspace refuses.
pub(crate) fn create_connection(
    platform: &impl Platform,
    request: types::CreateConnectionRequest,
) -> Result<types::ObjectChange, Failure> {
    let kind = Kind::of(ObjectKind::Connection);
    let name = kind.name("name", &request.name)?;
    let sort = request.connection_type.trim().to_ascii_uppercase();
    if sort.is_empty() || !sort.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err(Failure::invalid("connection_type", format!("'{sort}' is not a type of connection")));
    }
    check(&request.options)?;
    if !refers_to_secrets(&request.options) {
        let body = json!({
            "name": name.last(),
            "connection_type": sort,
            "options": show::object_of(&request.options),
            "comment": request.comment,
        });
        return make(platform, &kind, &name, body);
    }
    let comment = request.comment.map(|comment| format!(" COMMENT {}", literal(&comment))).unwrap_or_default();
    let statement =
        format!("CREATE CONNECTION {} TYPE {} {}{comment}", name.sql(), quote(&sort), options(&request.options));
    sql::done(platform, &name, request.warehouse_id, statement, &format!("{} was made.", kind.shown(&name)))
}

/// # Errors
/// No options, or a secret among them that is given as it is.
fn check(given: &[types::NamedValue]) -> Result<(), Failure> {
    if given.is_empty() || given.iter().any(|option| option.name.trim().is_empty()) {
        return Err(Failure::invalid("options", "must hold options, each with its name"));
    }
    given.iter().try_for_each(|option| check_option(&option.name, &option.value))
}

fn refers_to_secrets(given: &[types::NamedValue]) -> bool {
    given.iter().any(|option| is_reference(&option.value))
}

fn options(given: &[types::NamedValue]) -> String {
    let pairs: Vec<String> =
        given.iter().map(|option| format!("{} {}", literal(&option.name), sql_value(&option.value))).collect();
    format!("OPTIONS ({})", pairs.join(", "))
}

/// Changes an object that holds no data; only what is named is sent.
///
/// # Errors
/// What the kind does not have, nothing to change, or what the workspace refuses.
pub(crate) fn update(
    platform: &impl Platform,
    request: types::UpdateExternalObjectRequest,
) -> Result<types::ObjectChange, Failure> {
    let kind = Kind::of(request.kind);
    let name = kind.name("name", &request.name)?;
    if !kind.is_external {
        return Err(Failure::invalid("kind", format!("a {} is changed with update_catalog_object", kind.word)));
    }
    let is_one_of = |routes: &[&str]| routes.contains(&kind.route);
    let refuse = |field: &str| Err(Failure::invalid(field, format!("a {} has no such field", kind.word)));
    let mut body = Map::new();
    if let Some(new_name) = request.new_name {
        body.insert("new_name".to_owned(), last_part("new_name", &new_name)?.into());
    }
    if let Some(comment) = request.comment {
        body.insert("comment".to_owned(), comment.into());
    }
    match request.read_only {
        Some(_) if !is_one_of(&["storage-credentials", "external-locations"]) => return refuse("read_only"),
        Some(read_only) => drop(body.insert("read_only".to_owned(), read_only.into())),
        None => {}
    }
    for (field, value) in [("url", request.url), ("credential_name", request.credential_name)] {
        match value {
            Some(_) if !is_one_of(&["external-locations"]) => return refuse(field),
            Some(value) => drop(body.insert(field.to_owned(), value.into())),
            None => {}
        }
    }
    let Some(given) = request.options else { return changed(platform, &kind, &name, body) };
    if kind.route != "connections" {
        return refuse("options");
    }
    check(&given)?;
    if !refers_to_secrets(&given) {
        body.insert("options".to_owned(), show::object_of(&given));
        return changed(platform, &kind, &name, body);
    }
    if !body.is_empty() {
        return Err(Failure::invalid(
            "options",
            "options that refer to secrets are changed alone: make two calls of it",
        ));
    }
    let statement = format!("ALTER CONNECTION {} {}", name.sql(), options(&given));
    sql::done(platform, &name, request.warehouse_id, statement, &format!("{} was changed.", kind.shown(&name)))
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::CallContext;
    use bricklayer_sdk::testing::Script;

    use super::*;

    fn pairs(given: &[(&str, &str)]) -> Vec<types::NamedValue> {
        let pair =
            |(name, value): &(&str, &str)| types::NamedValue { name: (*name).to_owned(), value: (*value).to_owned() };
        given.iter().map(pair).collect()
    }

    fn connection(options: &[(&str, &str)]) -> types::CreateConnectionRequest {
        types::CreateConnectionRequest {
            name: "pg".to_owned(),
            connection_type: "postgresql".to_owned(),
            options: pairs(options),
            comment: None,
            warehouse_id: Some("w".to_owned()),
        }
    }

    #[test]
    fn secrets_of_connections_are_looked_up_by_the_workspace() {
        let context = CallContext { time_left: std::time::Duration::from_secs(120), ..CallContext::default() };
        let ended = r#"{"statement_id":"s","status":{"state":"SUCCEEDED"}}"#;
        let script = Script::new().context(context).on("POST /api/2.0/sql/statements", 200, ended);
        let options = [("host", "it's"), ("password", "{{secrets/db/pg}}")];
        create_connection(&script, connection(&options)).unwrap();
        assert_eq!(
            script.body(0)["statement"],
            r"CREATE CONNECTION `pg` TYPE `POSTGRESQL` OPTIONS ('host' 'it\'s', 'password' secret('db', 'pg'))"
        );
        let failure = create_connection(&Script::new(), connection(&[("password", "hunter2")])).unwrap_err();
        assert!(failure.message.contains("{{secrets/") && !failure.message.contains("hunter2"), "{failure:?}");
        let script = Script::new().on("POST /api/2.1/unity-catalog/connections", 200, "{}");
        assert!(create_connection(&script, connection(&[("host", "h")])).unwrap().changed);
        assert!(create_connection(&Script::new(), connection(&[])).is_err());
    }

    #[test]
    fn a_storage_credential_has_one_way_to_sign_in() {
        let asked = |arn: Option<&str>, azure: Option<&str>| types::CreateStorageCredentialRequest {
            name: "n".to_owned(),
            aws_iam_role_arn: arn.map(str::to_owned),
            azure_access_connector_id: azure.map(str::to_owned),
            gcp_service_account: None,
            read_only: None,
            comment: None,
        };
        assert!(create_credential(&Script::new(), asked(None, None)).is_err());
        assert!(create_credential(&Script::new(), asked(Some("a"), Some("b"))).is_err());
        let script = Script::new().on("POST /api/2.1/unity-catalog/storage-credentials", 200, "{}");
        create_credential(&script, asked(Some("arn"), None)).unwrap();
        assert_eq!(script.body(0), json!({"name": "n", "aws_iam_role": {"role_arn": "arn"}}));
    }

    #[test]
    fn only_what_is_named_is_changed() {
        let asked = types::UpdateExternalObjectRequest {
            kind: ObjectKind::ExternalLocation,
            name: "l".to_owned(),
            new_name: None,
            comment: Some("c".to_owned()),
            read_only: None,
            url: None,
            credential_name: None,
            options: None,
            warehouse_id: None,
        };
        let script = Script::new().on("PATCH /api/2.1/unity-catalog/external-locations/l", 200, "{}");
        update(&script, asked.clone()).unwrap();
        assert_eq!(script.body(0), json!({"comment": "c"}));
        for bad in [
            types::UpdateExternalObjectRequest { comment: None, ..asked.clone() },
            types::UpdateExternalObjectRequest {
                kind: ObjectKind::Share,
                url: Some("s3://x".to_owned()),
                ..asked.clone()
            },
            types::UpdateExternalObjectRequest { kind: ObjectKind::Catalog, ..asked.clone() },
            types::UpdateExternalObjectRequest { options: Some(pairs(&[("a", "b")])), ..asked },
        ] {
            assert!(update(&Script::new(), bad.clone()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_credential_is_valid_when_something_was_tried_and_nothing_failed() {
        for (results, valid) in [
            (r#"[{"operation":"READ","result":"PASS"}]"#, true),
            (r#"[{"operation":"READ","result":"PASS"},{"operation":"WRITE","result":"FAIL","message":"no"}]"#, false),
            (r#"[{"operation":"READ","result":"SKIP"}]"#, false),
            ("[]", false),
        ] {
            let script = Script::new().on(
                "POST /api/2.1/unity-catalog/validate-storage-credentials",
                200,
                &format!(r#"{{"results":{results}}}"#),
            );
            let asked = types::ValidateStorageRequest {
                credential_name: "n".to_owned(),
                url: Some("s3://b".to_owned()),
                external_location_name: None,
                read_only: None,
            };
            assert_eq!(validate(&script, asked).unwrap().valid, valid, "{results}");
        }
    }
}
