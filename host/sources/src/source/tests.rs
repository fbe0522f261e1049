use super::*;

const D: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

#[track_caller]
fn check(text: &str, canonical: &str) {
    let text = text.replace("{D}", D);
    let canonical = canonical.replace("{D}", D);
    let source = Source::parse(&text).unwrap();
    assert_eq!(source.to_string(), canonical);
    assert_eq!(Source::parse(&canonical).unwrap(), source, "the canonical form reads back");
    let json = serde_json::to_string(&source).unwrap();
    assert_eq!(json, format!("{canonical:?}"));
    assert_eq!(serde_json::from_str::<Source>(&json).unwrap(), source);
}

#[track_caller]
fn refused(text: &str, problem: &str) {
    let text = text.replace("{D}", D);
    let error = Source::parse(&text).expect_err(&text).to_string();
    assert!(error.contains(problem), "{text}: {error}");
}

#[test]
fn sources_read_and_print() {
    check("weather.wasm", "weather.wasm");
    check("  /srv/plugins/weather 2.wasm ", "/srv/plugins/weather 2.wasm");
    check("file:///srv/weather.wasm", "/srv/weather.wasm");
    check("./weather.wasm#sha256={D}", "./weather.wasm#sha256={D}");
    check("https://plugins.example/weather.wasm#sha256={D}", "https://plugins.example/weather.wasm#sha256={D}");
    check(
        "HTTPS://Plugins.Example:443/a/../weather.wasm#sha256={D}",
        "https://plugins.example/weather.wasm#sha256={D}",
    );
    check("http://127.0.0.1:8080/w.wasm#sha256={D}", "http://127.0.0.1:8080/w.wasm#sha256={D}");
    check("https://[::1]:8080/w.wasm#sha256={D}", "https://[::1]:8080/w.wasm#sha256={D}");
    check("oci://ghcr.io/team/weather:1.2.0", "oci://ghcr.io/team/weather:1.2.0");
    check("OCI://GHCR.io:443/team/weather:V1", "oci://ghcr.io/team/weather:V1");
    check("oci://localhost:5000/weather:latest", "oci://localhost:5000/weather:latest");
    check("oci://127.0.0.1:5000/a/b/c@sha256:{D}", "oci://127.0.0.1:5000/a/b/c@sha256:{D}");
    check(&format!("oci://r.example/w@sha256:{}", D.to_uppercase()), "oci://r.example/w@sha256:{D}");
}

#[test]
fn what_is_no_source_says_why() {
    refused("", "it is empty");
    refused("a\nb", "control characters");
    refused(&"a".repeat(3000), "longer than");
    refused("ftp://host/x.wasm", "ftp:// is not a kind of source");
    refused("file://host/x.wasm", "absolute path");
    refused("x.wasm#sha256=12", "64 hexadecimal digits");
    refused("#sha256={D}", "the path is empty");
    refused("https://plugins.example/w.wasm", "does not say the digest");
    refused("https://plugins.example/w.wasm#sha256=abc", "64 hexadecimal digits");
    refused("https://plugins.example/w.wasm#md5={D}", "does not say the digest");
    refused("http://plugins.example/w.wasm#sha256={D}", "plain http");
    refused("http://127.0.0.1.evil.example/w.wasm#sha256={D}", "plain http");
    refused("https://user:secret@plugins.example/w.wasm#sha256={D}", "user information");
    refused("https://plugins.example/w.wasm?token=x#sha256={D}", "query");
    refused("https://plugins.example/a%2F..%2Fw.wasm#sha256={D}", "hides a separator");
    refused("https://plugins.example/a\\w.wasm#sha256={D}", "hides a separator");
    refused("https://plugins.example/#sha256={D}", "directory");
    refused("https://plugins.example./w.wasm#sha256={D}", "ends with a dot");
    refused("https://127.1/w.wasm#sha256={D}", "another way to write 127.0.0.1");
    refused("https://0x7f000001/w.wasm#sha256={D}", "another way to write 127.0.0.1");
    refused("https:///w.wasm", "names a directory");
    refused("https://", "address cannot be read");
    refused("oci://ghcr.io", "names no repository");
    refused("oci://ghcr.io/team/weather", "none is assumed");
    refused("oci://team/weather:1", "not the address of a registry");
    refused("oci://ghcr.io/Team/weather:1", "reference cannot be read");
    refused("oci://ghcr.io/team/weather:1@sha256:{D}", "a tag and a digest");
    refused("oci://ghcr.io/team/weather@sha256:12", "reference cannot be read");
    refused("oci://ghcr.io/team/weather@sha512:{D}{D}", "only sha256");
    refused("oci://user@ghcr.io/team/weather:1", "not a host with a port");
    refused("oci://ghcr.io:99999/team/weather:1", "host cannot be read");
    refused("oci://ghcr.io/../weather:1", "reference cannot be read");
    refused("oci://ghcr.io./weather:1", "ends with a dot");
}
