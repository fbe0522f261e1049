use super::*;

const D: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

#[track_caller]
fn check(policy: &str, source: &str, allowed: bool) {
    let policy = SourcePolicy::parse(policy).unwrap();
    let pinned = if source.starts_with("http") { format!("{source}#sha256={D}") } else { source.to_owned() };
    let source = Source::parse(&pinned).unwrap();
    assert_eq!(policy.check(&source).is_ok(), allowed, "{source} under {}", policy.words().join(", "));
}

#[test]
fn kinds_allow_all_of_a_kind() {
    check("file,https,oci", "x.wasm", true);
    check("file,https,oci", "https://a.example/x.wasm", true);
    check("file,https,oci", "oci://a.example/x:1", true);
    check("file", "https://a.example/x.wasm", false);
    check("https", "oci://a.example/x:1", false);
    check("oci", "x.wasm", false);
    check("", "x.wasm", false);
}

#[test]
fn prefixes_hold_by_host_port_and_whole_segments() {
    let web = "https://plugins.example/team/";
    check(web, "https://plugins.example/team/x.wasm", true);
    check(web, "https://PLUGINS.example:443/team/a/b.wasm", true);
    check("https://plugins.example/team", "https://plugins.example/team/x.wasm", true);
    check("https://plugins.example", "https://plugins.example/x.wasm", true);
    for bad in [
        "https://plugins.example.evil/team/x.wasm",
        "https://plugins.example:8443/team/x.wasm",
        "https://sub.plugins.example/team/x.wasm",
        "https://plugins.example/teams/x.wasm",
        "https://plugins.example/other/x.wasm",
        "https://plugins.example/team/../other/x.wasm",
        "https://plugins.example/team/%2e%2e/other/x.wasm",
        "https://evil.example/plugins.example/team/x.wasm",
        "oci://plugins.example/team/x:1",
    ] {
        check(web, bad, false);
    }
    let oci = "oci://registry.example/team/";
    check(oci, "oci://registry.example/team/weather:1", true);
    check(oci, "oci://registry.example:443/team/a/b:1", true);
    for bad in [
        "oci://registry.example.evil/team/weather:1",
        "oci://registry.example:5000/team/weather:1",
        "oci://registry.example/teams/weather:1",
        "oci://registry.example/team-x/weather:1",
        "oci://registry.example/other/weather:1",
        "https://registry.example/team/weather.wasm",
    ] {
        check(oci, bad, false);
    }
}

#[test]
fn a_directory_holds_what_really_lies_in_it() {
    let root = tempfile::tempdir().unwrap();
    let inside = root.path().join("in");
    std::fs::create_dir(&inside).unwrap();
    std::fs::write(inside.join("x.wasm"), b"").unwrap();
    std::fs::write(root.path().join("y.wasm"), b"").unwrap();
    std::os::unix::fs::symlink(root.path().join("y.wasm"), inside.join("link.wasm")).unwrap();
    let rule = format!("file://{}/", inside.display());
    check(&rule, inside.join("x.wasm").to_str().unwrap(), true);
    check(&rule, root.path().join("y.wasm").to_str().unwrap(), false);
    check(&rule, inside.join("../y.wasm").to_str().unwrap(), false);
    check(&rule, inside.join("link.wasm").to_str().unwrap(), false);
    check(&rule, inside.join("missing.wasm").to_str().unwrap(), false);
}

#[test]
fn a_refusal_names_what_is_allowed() {
    let policy = SourcePolicy::parse("oci://registry.example:5000/team, file").unwrap();
    assert_eq!(policy.words(), ["oci://registry.example:5000/team/", "file"]);
    let error = policy.check(&Source::parse("oci://evil.example/x:1").unwrap()).unwrap_err().to_string();
    assert_eq!(
        error,
        "oci://evil.example/x:1 is not among the sources that the operator allows (oci://registry.example:5000/team/, \
         file); use one of these, or ask the operator to add it to the setting plugins.sources"
    );
}

#[test]
fn bad_rules_are_refused() {
    for (text, problem) in [
        ("ftp", "neither a kind"),
        ("ftp://x/", "ftp:// is not a kind"),
        ("http://plugins.example/", "plain http"),
        ("https://u:p@plugins.example/", "a host and a path"),
        ("https://plugins.example/?x", "a host and a path"),
        ("https://127.1/", "another way to write"),
        ("oci://registry.example/a:1", "first parts of a repository"),
        ("oci://registry.example/a/../b", "first parts of a repository"),
        ("oci://u@registry.example/", "not a host with a port"),
        ("file://relative/", "must be absolute"),
    ] {
        let error = SourcePolicy::parse(text).unwrap_err().to_string();
        assert!(error.contains(problem), "{text}: {error}");
    }
}
