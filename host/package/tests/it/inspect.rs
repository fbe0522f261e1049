//! A whole inspection as the command line, the API and people get it.

use bricklayer_package::Inspection;

use crate::support::{SMALL, contents};

#[test]
fn everything_is_told() {
    let contents = contents(
        SMALL,
        r#"
        authors = ["Acme"]
        licence = "MIT"
        homepage = "https://acme.example/greet"
        [grants]
        files = "read"
        [[grants.http]]
        audience = "api.acme.example"
        methods = ["GET", "POST"]
        paths = ["/v1/*"]
        [limits]
        memory-mib = 128
        [tools.greet]
        read-only = true
        destructive = false
        ask = false
        "#,
    );
    let mut inspection = serde_json::to_value(Inspection::of(&contents)).unwrap();
    assert_eq!(inspection["digest"].as_str().unwrap(), contents.digest);
    assert_eq!(inspection["size_bytes"], contents.size_bytes);
    inspection["digest"] = "(digest)".into();
    inspection["size_bytes"] = 0.into();
    insta::assert_snapshot!(serde_json::to_string_pretty(&inspection).unwrap());
}
