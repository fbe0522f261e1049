//! What is secret: never shown, and taken only by reference.

use bricklayer_sdk::Failure;
use serde_json::Value;

use crate::names::literal;

/// What is in the name of a field or an option that is secret.
const SECRET_WORDS: [&str; 8] =
    ["password", "secret", "private_key", "access_key", "credential_value", "activation_url", "passphrase", "pem_"];

/// Names that are secret as they are.
const SECRET_NAMES: [&str; 5] = ["sharing_code", "recipient_profile_str", "api_key", "pem", "token_value"];

/// What stands in the place of a secret.
const HIDDEN: &str = "[hidden]";

/// Whether the value of such a name is secret.
pub(crate) fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    SECRET_NAMES.contains(&name.as_str())
        || name.ends_with("token")
        || SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// Hides what is secret in an object of the workspace, however deep.
pub(crate) fn hide(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                if is_secret(name) && (field.is_string() || field.is_number()) {
                    *field = Value::String(HIDDEN.to_owned());
                } else {
                    hide(field);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        _ => {}
    }
}

/// The scope and the key of `{{secrets/scope/key}}`.
fn reference(value: &str) -> Option<(&str, &str)> {
    let inside = value.trim().strip_prefix("{{")?.strip_suffix("}}")?.trim();
    let (scope, key) = inside.strip_prefix("secrets/")?.split_once('/')?;
    (!scope.is_empty() && !key.is_empty() && !key.contains('/')).then_some((scope, key))
}

/// Whether a value is a reference to a secret.
pub(crate) fn is_reference(value: &str) -> bool {
    reference(value).is_some()
}

/// An option's value as SQL takes it: a literal, or the call that looks a secret up.
pub(crate) fn sql_value(value: &str) -> String {
    match reference(value) {
        Some((scope, key)) => format!("secret({}, {})", literal(scope), literal(key)),
        None => literal(value),
    }
}

/// Refuses a secret that is given as it is: it would stay in the conversation.
///
/// # Errors
/// Such an option.
pub(crate) fn check_option(name: &str, value: &str) -> Result<(), Failure> {
    if is_secret(name) && !is_reference(value) {
        let said = format!("'{name}' is secret and is not taken as it is, since it would stay in the conversation");
        return Err(Failure::invalid("options", said).advise(
            "Have the user put it into a secret scope, and give {{secrets/<scope>/<key>}} as the option's value.",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_secret_is_hidden_however_deep() {
        let mut value = json!({
            "name": "n", "options": {"host": "h", "password": "p", "client_secret": "p"},
            "tokens": [{"id": 1, "activation_url": "https://p"}], "token": "p", "azure": {"access_key_id": "p"},
            "has_password": false,
        });
        hide(&mut value);
        assert!(!value.to_string().contains("\"p\"") && !value.to_string().contains("https://p"), "{value}");
        assert_eq!(
            (&value["name"], &value["options"]["host"], &value["tokens"][0]["id"]),
            (&json!("n"), &json!("h"), &json!(1))
        );
    }

    #[test]
    fn secrets_are_taken_by_reference_only() {
        for (name, value, good) in [
            ("host", "h", true),
            ("password", "p", false),
            ("password", "{{secrets/scope/key}}", true),
            ("password", "{{ secrets/scope/key }}", true),
            ("password", "{{secrets/scope}}", false),
            ("personalAccessToken", "p", false),
            ("bearer_token", "p", false),
            ("pem_private_key", "p", false),
        ] {
            assert_eq!(check_option(name, value).is_ok(), good, "{name} {value}");
        }
        assert_eq!(sql_value("{{secrets/a/b}}"), "secret('a', 'b')");
        assert_eq!(sql_value("it's"), r"'it\'s'");
    }
}
