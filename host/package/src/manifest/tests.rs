use super::*;

const GOOD: &str = r#"
    name = "sql"
    version = "0.1.0"
    description = "Runs SQL."
    wit = "bricklayer:sql@0.1.0"
    [grants]
    files = "read"
    [[grants.http]]
    audience = "workspace"
    methods = ["GET", "POST"]
    paths = ["/api/2.0/sql/**"]
    credential = true
    [[grants.http]]
    audience = "pypi.org"
    methods = ["GET"]
    paths = ["/simple/{project}/"]
    [tools.list_warehouses]
    read-only = true
    destructive = false
    ask = false
"#;

fn good() -> String {
    GOOD.replace("/simple/{project}/", "/simple/{project}")
}

#[test]
fn a_manifest_reads_back() {
    let manifest = Manifest::parse(&good()).unwrap();
    assert_eq!(manifest.grants.files, FilesGrant::Read);
    assert!(manifest.annotations("list_warehouses").read_only);
    assert_eq!(manifest.annotations("execute_sql"), ToolAnnotations::default());
}

#[track_caller]
fn check_refused(from: &str, to: &str, names: &str) {
    let text = good().replace(from, to);
    assert_ne!(text, good(), "nothing was replaced");
    let message = Manifest::parse(&text).unwrap_err().to_string();
    assert!(message.contains(names), "{message}");
}

#[test]
fn faults_name_their_field() {
    check_refused("name = \"sql\"", "name = \"SQL\"", "lower-case");
    check_refused("0.1.0\"\n    desc", "one\"\n    desc", "version");
    check_refused("\"GET\", \"POST\"", "\"GET\", \"TRACE\"", "TRACE");
    check_refused("/api/2.0/sql/**", "/api/../sql/**", "dot segments");
    check_refused("audience = \"pypi.org\"", "audience = \"pypi.org\"\ncredential = true", "credential");
    check_refused("files = \"read\"", "fils = \"read\"", "fils");
    check_refused("ask = false", "time-limit-seconds = 901", "time-limit-seconds");
    check_refused("destructive = false", "destructive = true", "destructive");
    check_refused("ask = false", "title = \"\"", "tools.list_warehouses.title");
    check_refused("ask = false", &format!("title = \"{}\"", "x".repeat(61)), "1 to 60 characters");
    check_refused("ask = false", "detail = \"name\"", "arguments in braces, such as \"{path}\"");
    check_refused("ask = false", "result = \"graph\"", "graph");
    check_refused("\"pypi.org\"", "\"localhost\"", "localhost");
    check_refused("[grants]", "[limits]\n memory-mib = 64\n[grants]", "limits.memory-mib: must be between 65 and 256");
    check_refused("[grants]", "[limits]\n memory-mib = 257\n[grants]", "limits.memory-mib");
    check_refused("[grants]", "[limits]\n cpu-seconds = 61\n[grants]", "limits.cpu-seconds");
    check_refused("[grants]", "[limits]\n transfer-gib = 1\n[grants]", "limits.transfer-gib");
    check_refused("[grants]", "[limits]\n disk-mib = 61\n[grants]", "disk-mib");
    check_refused("[grants]", "[build]\n language = \"cobol\"\n[grants]", "cobol");
    check_refused("[grants]", "[build]\n language = \"rust\"\n output = \"../x.wasm\"\n[grants]", "build.output");
    check_refused("[grants]", "homepage = \"http://a.example\"\n[grants]", "homepage");
    check_refused("[grants]", "homepage = \"https://a.example/\\\"><script>\"\n[grants]", "homepage");
    check_refused("[grants]", "icon = \"/etc/passwd.png\"\n[grants]", "icon");
    check_refused("[grants]", "icon = \"icon.gif\"\n[grants]", "icon");
    check_refused("[grants]", "readme = \"a/../../b\"\n[grants]", "readme");
    let posts = |path: &str| format!("[previews]\n posts = [\"{path}\"]\n[grants]");
    check_refused(
        "[grants]",
        &posts("/api/2.0/sql/statements"),
        "previews.posts: no rule of grants.http asks for POST",
    );
    check_refused("[grants]", &posts("/simple/{project}"), "previews.posts");
    check_refused("[grants]", "[previews]\n puts = []\n[grants]", "puts");
    check_refused("ask = false", "description = \"a\\u0007b\"", "tools.list_warehouses.description");
    let many: Vec<String> = (0..60).map(|n| format!("\"/p{n}\"")).collect();
    let rule = format!(
        "[[grants.http]]\naudience = \"a.example\"\nmethods = [\"GET\", \"POST\"]\npaths = [{}]\n",
        many.join(", ")
    );
    check_refused("[tools.list_warehouses]", &format!("{}[tools.list_warehouses]", rule.repeat(5)), "512");
}

#[test]
fn requests_are_atoms() {
    let text = good().replace("files = \"read\"", "files = \"read-write\"\nstate = true").replace(
        "[tools.list_warehouses]",
        "[limits]\nmemory-mib = 128\ncpu-seconds = 10\n[build]\nlanguage = \"python\"\n[tools.list_warehouses]",
    );
    let manifest = Manifest::parse(&text).unwrap();
    assert_eq!(
        manifest.requests().ids(),
        [
            "GET workspace/api/2.0/sql/** as-caller",
            "POST workspace/api/2.0/sql/** as-caller",
            "GET https://pypi.org/simple/{project}",
            "files:read",
            "files:write",
            "state",
            "memory:128MiB",
            "cpu:10s",
        ]
    );
    assert_eq!(
        manifest.requests_in_words(),
        [
            "GET, POST your workspace: /api/2.0/sql/** with your identity",
            "GET pypi.org/simple/{project}",
            "Read files of the project",
            "Change, create and delete files of the project",
            "Keep a small store of its own for each project",
            "Use up to 128 MiB of memory for a call",
            "Use up to 10 seconds of CPU time for a call",
        ]
    );
    let looks = good().replace("[grants]", "[previews]\nposts = [\"/api/2.0/sql/**\"]\n[grants]");
    assert_eq!(
        Manifest::parse(&looks).unwrap().requests(),
        Manifest::parse(&good()).unwrap().requests(),
        "it gives nothing"
    );
    let back = Manifest::parse(&toml::to_string(&manifest).unwrap()).unwrap();
    assert_eq!(back, manifest);
    assert_eq!(Manifest::parse(&good()).unwrap().requests().len(), 4);
}
