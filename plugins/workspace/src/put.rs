//! put_secret: a value from a file of the project to the workspace, past the conversation.
//!
//! What a model writes is kept: in the log of the conversation, on the card that asks, at the model's provider. So there
//! is no argument for a value. It is read here, sent once, and is in no answer, progress, log line or failure.

use bricklayer_databricks::project_file::read_text;
use bricklayer_databricks::remote_path::project_path;
use bricklayer_sdk::{Failure, Kind, Platform, Workspace};
use serde_json::{Value, json};

use crate::scopes::{SECRETS, given, of_scope};
use crate::types;

/// Bytes of a value; the service's bound.
const MAX_VALUE_BYTES: u64 = 128 * 1024;

/// What stands in a failure's message in the place of the value, should the workspace repeat it.
const REDACTED: &str = "[REDACTED]";

/// Keeps a file's text as a secret.
///
/// # Errors
/// A file that cannot be read, is empty or too long, no such scope, not allowed, a workspace that cannot be asked.
pub(crate) fn put(platform: &impl Platform, request: types::PutSecretRequest) -> Result<types::SecretChange, Failure> {
    let (scope, key) = (given("scope", &request.scope)?, given("key", &request.key)?);
    let path = request.file_path.as_str();
    let text = read_text(&platform.project(), "file_path", path, MAX_VALUE_BYTES)?;
    let value = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    if value.is_empty() {
        return Err(Failure::invalid("file_path", format!("{path} is empty; ask the user to put the value there")));
    }
    let body = json!({"scope": scope, "key": key, "string_value": value});
    let sent = Workspace::new(platform).post::<Value>(&format!("{SECRETS}/put"), &body);
    sent.map_err(|failure| {
        let message = failure.message.replace(value, REDACTED);
        of_scope(Failure { message, ..failure })
    })?;
    let mut text = format!("The secret {key} is kept in the scope {scope}.");
    if request.keep_file == Some(true) {
        text.push_str(&format!(" The file {path} still holds the value."));
    } else {
        let file = platform.project().join(project_path("file_path", path)?);
        std::fs::remove_file(file).map_err(|error| {
            let said = format!("{text} But the file {path}, which holds the value, cannot be removed: {error}.");
            Failure::new(Kind::Failed, said).advise("Ask the user to remove it.")
        })?;
        text.push_str(&format!(" The file {path} was removed."));
    }
    text.push_str(&format!(" Code reads it with dbutils.secrets.get(\"{scope}\", \"{key}\")."));
    Ok(types::SecretChange { text, scope: scope.to_owned() })
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::testing::Script;

    use super::*;

    const PUT: &str = "POST /api/2.0/secrets/put";
    const VALUE: &str = "correct horse";

    struct Folder(std::path::PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("bricklayer-secrets-{name}-{}", std::process::id()));
            std::fs::create_dir_all(path.join("folder")).unwrap();
            Self(path)
        }

        fn file(&self, text: impl AsRef<[u8]>) {
            std::fs::write(self.0.join("pass.txt"), text).unwrap();
        }

        fn has_file(&self) -> bool {
            self.0.join("pass.txt").exists()
        }

        fn script(&self) -> Script {
            Script::new().project(&self.0)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn request(path: &str, keep_file: Option<bool>) -> types::PutSecretRequest {
        types::PutSecretRequest { scope: "s".to_owned(), key: "k".to_owned(), file_path: path.to_owned(), keep_file }
    }

    #[test]
    fn the_value_goes_to_the_workspace_and_nowhere_else() {
        let folder = Folder::new("put");
        for (text, keep) in
            [(format!("{VALUE}\n"), None), (format!("{VALUE}\r\n"), Some(false)), (VALUE.to_owned(), Some(true))]
        {
            folder.file(&text);
            let script = folder.script().on(PUT, 200, "{}");
            let done = put(&script, request("./pass.txt", keep)).unwrap();
            assert_eq!(script.body(0), json!({"scope": "s", "key": "k", "string_value": VALUE}));
            assert_eq!(folder.has_file(), keep == Some(true));
            assert!(!format!("{done:?} {:?} {:?}", script.progress_messages(), script.state_keys()).contains(VALUE));
        }
        folder.file("two\nlines\n\n");
        let script = folder.script().on(PUT, 200, "{}");
        put(&script, request("/project/pass.txt", None)).unwrap();
        assert_eq!(script.body(0)["string_value"], "two\nlines\n");
    }

    #[test]
    fn a_refusal_keeps_the_file_and_shows_no_value() {
        let folder = Folder::new("refused");
        folder.file(VALUE);
        let echo = format!(r#"{{"error_code":"PERMISSION_DENIED","message":"not {VALUE}"}}"#);
        let missing = r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Scope s does not exist!"}"#;
        for (status, body, kind) in
            [(403, echo.as_str(), Kind::PermissionDenied), (404, missing, Kind::NotFound), (429, "", Kind::RateLimited)]
        {
            let failure = put(&folder.script().on(PUT, status, body), request("pass.txt", None)).unwrap_err();
            assert_eq!((failure.kind, folder.has_file()), (kind, true));
            assert!(!failure.message.contains(VALUE), "{}", failure.message);
        }
    }

    #[test]
    fn what_is_no_value_is_named() {
        let folder = Folder::new("odd");
        for (text, path, kind) in [
            (&b""[..], "pass.txt", Kind::InvalidInput),
            (b"\n", "pass.txt", Kind::InvalidInput),
            (&[0xff, 0xfe], "pass.txt", Kind::InvalidInput),
            (b"x", "nosuch.txt", Kind::NotFound),
            (b"x", "folder", Kind::InvalidInput),
            (b"x", "../pass.txt", Kind::InvalidInput),
            (b"x", "/etc/passwd", Kind::InvalidInput),
            (b"x", " ", Kind::InvalidInput),
            (&[b'x'; 128 * 1024 + 1], "pass.txt", Kind::LimitExceeded),
        ] {
            folder.file(text);
            assert_eq!(put(&folder.script(), request(path, None)).unwrap_err().kind, kind, "{path}");
        }
        let nobody = types::PutSecretRequest { scope: String::new(), ..request("pass.txt", None) };
        assert_eq!(put(&folder.script(), nobody).unwrap_err().kind, Kind::InvalidInput);
    }
}
