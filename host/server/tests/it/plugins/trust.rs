//! What is refused: packages that nobody vouches for, names that are the host's, people who may not.

use bricklayer_plugins::Installers;
use bricklayer_sources::{KeyPair, SignaturePolicy, SourcePolicy, TrustedKeys, keygen, sign};
use serde_json::json;

use super::{id, open};
use crate::support::{Api, Engine, Guest, World, both_engines};

fn signed(package: &[u8], key: &KeyPair) -> Vec<u8> {
    let (part, _) = bricklayer_package::signed_part(package).unwrap();
    let signature = sign(part, &key.secret_key, None, "for the test").unwrap();
    bricklayer_package::with_signature(package, &signature).unwrap()
}

fn trusted(publisher: &str, key: &KeyPair, tail: &str) -> String {
    format!("{publisher}={}{tail}", key.public_key.lines().last().unwrap())
}

/// Looks at a package and installs it: the signature's word, and the problem's code when it is refused.
async fn attempt(api: &Api, package: &[u8]) -> (String, Option<String>) {
    let seen = api.upload(package, None).await.ok();
    let word = seen["signature"]["status"].as_str().unwrap().to_owned();
    let body = json!({"staged": seen["staged"], "scope": "me", "grants": []});
    let answer = api.post("/api/plugins", body).await;
    if answer.status == 201 {
        assert_eq!(seen["refusals"], json!([]));
        api.delete(&format!("/api/plugins/{}", id(&answer.json()))).await;
        return (word, None);
    }
    assert_ne!(seen["refusals"], json!([]), "the look said nothing: {answer:?}");
    let kind = answer.json()["type"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    (word, Some(kind))
}

#[tokio::test(flavor = "multi_thread")]
async fn signatures_count_as_the_operator_says() {
    let (known, old, strange) = (keygen(None).unwrap(), keygen(None).unwrap(), keygen(None).unwrap());
    let package = Guest::new("greeter", "1.0.0").package();
    let other = Guest::new("greeter", "6.6.6").package();
    let (_, signature) = (0, signed(&other, &known));
    let (_, stolen) = bricklayer_package::signed_part(&signature).unwrap();
    let forged = bricklayer_package::with_signature(&package, stolen.unwrap()).unwrap();
    let refused = || Some("plugin-signature".to_owned());
    let keys = [trusted("acme", &known, ""), trusted("old", &old, ";expires=2020-01-01")].join(", ");
    for (policy, unknown) in
        [(SignaturePolicy::Require, refused()), (SignaturePolicy::Warn, None), (SignaturePolicy::Allow, None)]
    {
        let mut world = World::sqlite().await;
        open(&mut world);
        world.plugins.policy.signatures = policy;
        world.plugins.policy.trusted_keys = TrustedKeys::parse(&keys).unwrap();
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let check = async |package: &[u8], word: &str, code: Option<String>| {
            assert_eq!(attempt(&ann, package).await, (word.to_owned(), code), "{policy:?}");
        };
        check(&signed(&package, &known), "trusted", None).await;
        check(&package, "unsigned", unknown.clone()).await;
        check(&signed(&package, &strange), "unknown-key", unknown).await;
        check(&forged, "invalid", refused()).await;
        check(&signed(&package, &old), "expired", refused()).await;
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publishers_plugin_does_not_pass_to_another_silently() {
    let (acme, evil) = (keygen(None).unwrap(), keygen(None).unwrap());
    let mut world = World::sqlite().await;
    open(&mut world);
    let keys = [trusted("acme", &acme, ""), trusted("evil", &evil, "")].join(",");
    world.plugins.policy.trusted_keys = TrustedKeys::parse(&keys).unwrap();
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let package = |version: &str| Guest::new("greeter", version).package();
    let plugin = ann.install(&signed(&package("1.0.0"), &acme), &[]).await;
    assert_eq!(plugin["signature"], json!({"status": "trusted", "publisher": "acme"}));
    let plugin = id(&plugin);
    let outcome = async |package: Vec<u8>| ann.update(&plugin, &package).await.ok()["outcome"].clone();
    assert_eq!(outcome(signed(&package("1.1.0"), &acme)).await, "swapped");
    assert_eq!(outcome(package("1.2.0")).await, "waiting");
    assert_eq!(outcome(signed(&package("1.2.0"), &evil)).await, "waiting");
    server.stop().await;
}

#[test]
fn who_may_not_install_may_not_look_either() {
    both_engines(async |engine: Engine| {
        for (installers, ann_may, ada_may) in
            [(Installers::Everyone, true, true), (Installers::Admins, false, true), (Installers::Nobody, false, false)]
        {
            let mut world = World::new(engine).await;
            open(&mut world);
            world.plugins.policy.installers = installers;
            let server = world.serve().await;
            let package = Guest::new("greeter", "1.0.0").package();
            for (user, may) in [("ann", ann_may), ("ada", ada_may)] {
                let api = server.as_user(user);
                let policy = api.get("/api/plugins").await.ok()["policy"].clone();
                assert_eq!(policy["may_install"], may, "{installers:?} {user}");
                let looked = api.upload(&package, None).await;
                if may {
                    looked.ok();
                } else {
                    let problem = looked.problem(403, "plugin-forbidden");
                    assert!(problem["detail"].as_str().unwrap().contains("plugins.installers"), "{problem}");
                    let body = json!({"staged": "0".repeat(64), "scope": "me", "grants": []});
                    api.post("/api/plugins", body).await.problem(403, "plugin-forbidden");
                }
            }
            server.stop().await;
        }
    });
}

#[test]
fn what_another_looked_at_is_not_ones_own() {
    both_engines(async |engine: Engine| {
        let mut world = World::new(engine).await;
        open(&mut world);
        let server = world.serve().await;
        let (ann, bob) = (server.as_user("ann"), server.as_user("bob"));
        let staged = ann.stage(&Guest::new("greeter", "1.0.0").package()).await;
        let body = |staged: &str| json!({"staged": staged, "scope": "me", "grants": []});
        bob.post("/api/plugins", body(&staged)).await.problem(409, "plugin-not-staged");
        let unknown = "0".repeat(64);
        bob.post("/api/plugins", body(&unknown)).await.problem(409, "plugin-not-staged");
        bob.post("/api/plugins", body("../../etc")).await.problem(422, "invalid-request");
        // Nor is what another installed.
        ann.post("/api/plugins", body(&staged)).await.ok();
        bob.post("/api/plugins", body(&staged)).await.problem(409, "plugin-not-staged");
        ann.post("/api/plugins", body(&ann.stage(&Guest::new("greeter", "1.0.0").package()).await))
            .await
            .problem(409, "plugin-name-taken");
        server.stop().await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_the_host_are_refused() {
    let mut world = World::sqlite().await;
    open(&mut world);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    for name in ["databricks", "databricks-sql", "bricklayer", "mcp", "host"] {
        let package = Guest::new(name, "1.0.0").package();
        let seen = ann.upload(&package, None).await.ok();
        assert!(seen["refusals"][0].as_str().unwrap().contains("the host's own"), "{seen}");
        let body = json!({"staged": seen["staged"], "scope": "me", "grants": []});
        ann.post("/api/plugins", body).await.problem(422, "plugin-refused");
    }
    // Others are no names at all.
    let component = Guest::new("x", "1.0.0").component();
    for name in ["Databricks", "databricks__sql", "../x", "data\u{0431}ricks", "a b", "", &"x".repeat(60)] {
        let manifest = Guest::new("x", "1.0.0").manifest().replace("name = \"x\"", &format!("name = \"{name}\""));
        ann.upload(&component, Some(&manifest)).await.problem(422, "plugin-invalid");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_package_is_refused_with_the_reason() {
    let mut world = World::sqlite().await;
    open(&mut world);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let mut cut = Guest::new("greeter", "1.0.0").package();
    cut.truncate(cut.len() / 2);
    // An archive is not unpacked whatever is in it, be it paths to elsewhere or a bomb.
    let zip = [b"PK\x03\x04".as_slice(), &[0; 22], b"\x11\0\0\0../../etc/passwd"].concat();
    let tar = [b"../../etc/passwd".as_slice(), &[0; 241], b"ustar\0", &[0; 249]].concat();
    let module = wat::parse_str("(module)").unwrap();
    for (bytes, says) in [
        (b"".as_slice(), "the file is empty"),
        (b"not wasm", "does not begin with a component's preamble"),
        (b"\x7fELF\x02\x01\x01 .wasmtime.engine", "precompiled native code (ELF)"),
        (b"MZ\x90\0", "precompiled native code (PE)"),
        (b"\xcf\xfa\xed\xfe\x07", "send the .wasm file"),
        (b"\x1f\x8b\x08\0", "it is an archive"),
        (&zip, "it is an archive"),
        (&tar, "it is an archive"),
        (&module, "core WebAssembly module"),
        (&cut, ""),
    ] {
        let problem = ann.upload(bytes, None).await.problem(422, "plugin-invalid");
        assert!(problem["detail"].as_str().unwrap().contains(says), "{problem} does not say {says:?}");
    }
    let large = vec![0_u8; bricklayer_package::MAX_PACKAGE_BYTES + 1];
    ann.upload(&large, None).await.problem(413, "body-too-large");
    for (body, field) in [
        (json!({"source": "ftp://x/y"}), "source"),
        (json!({"source": ""}), "source"),
        (json!({"source": 1}), "source"),
        (json!({"sauce": "x"}), "sauce"),
    ] {
        let problem = ann.post("/api/plugins/inspect", body).await.problem(422, "invalid-request");
        assert_eq!(problem["errors"][0]["field"], field);
    }
    // A bare component is one with a manifest on the side.
    let guest = Guest::new("greeter", "1.0.0");
    ann.upload(&guest.component(), None).await.problem(422, "plugin-invalid");
    let seen = ann.upload(&guest.component(), Some(&guest.manifest())).await.ok();
    assert_eq!((seen["name"].clone(), seen["refusals"].clone()), (json!("greeter"), json!([])));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_are_those_that_the_operator_allows() {
    let mut world = World::sqlite().await;
    open(&mut world);
    world.plugins.policy.sources = SourcePolicy::parse("oci://registry.example/team/, file").unwrap();
    let server = world.serve().await;
    let (ann, ada) = (server.as_user("ann"), server.as_user("ada"));
    let path = world.data_dir().join("greeter.wasm");
    std::fs::write(&path, Guest::new("greeter", "1.0.0").package()).unwrap();
    let look = async |api: &Api, source: &str| api.post("/api/plugins/inspect", json!({"source": source})).await;
    let https = format!("https://plugins.example/x.wasm#sha256={}", "0".repeat(64));
    for source in [https.as_str(), "oci://registry.example/other/x:1", "oci://registry.example.evil/team/x:1"] {
        look(&ann, source).await.problem(403, "plugin-source-refused");
    }
    // A path is one of the host's files: it is not even told whether there is one.
    let (there, not_there) = (path.to_str().unwrap(), "/no/such/file.wasm");
    for path in [there, not_there, "/etc/passwd"] {
        look(&ann, path).await.problem(403, "plugin-forbidden");
    }
    let seen = look(&ada, there).await.ok();
    let body = json!({"staged": seen["staged"], "scope": "everyone", "grants": []});
    let plugin = id(&ada.post("/api/plugins", body).await.ok());
    // Looked at again, it is the same; then it is another.
    let update = format!("/api/plugins/{plugin}/update");
    assert_eq!(ada.post(&update, json!({})).await.ok()["outcome"], "unchanged");
    std::fs::write(&path, Guest::new("greeter", "1.1.0").package()).unwrap();
    let answer = ada.post(&update, json!({})).await.ok();
    assert_eq!((answer["outcome"].clone(), answer["plugin"]["version"].clone()), (json!("swapped"), json!("1.1.0")));
    std::fs::remove_file(&path).unwrap();
    ada.post(&update, json!({})).await.problem(422, "plugin-not-fetched");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ceilings_are_the_operators() {
    let mut world = World::sqlite().await;
    open(&mut world);
    world.plugins.policy.ceilings.time_limit_seconds = 100;
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let package =
        |seconds: u32| Guest::new("slow", "1.0.0").says_of_crash(&format!("time-limit-seconds = {seconds}")).package();
    ann.install(&package(100), &[]).await;
    let seen = ann.upload(&package(101), None).await.ok();
    assert!(seen["refusals"][0].as_str().unwrap().contains("plugins.max_time_limit_seconds"), "{seen}");
    server.stop().await;
}

/// What a model can call is what plugins export and the host's file tools: none of it reaches installations or powers.
#[tokio::test(flavor = "multi_thread")]
async fn no_tool_reaches_powers_or_installations() {
    let mut world = World::sqlite().await;
    open(&mut world);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let plugin = id(&ann.install(&super::sql_guest("warehouse"), &[]).await);
    let before = ann.get(&format!("/api/plugins/{plugin}")).await.ok();
    let tools = ann.get(&format!("/api/tools?project_id={project}")).await.ok();
    let sources: std::collections::BTreeSet<_> =
        tools.as_array().unwrap().iter().map(|tool| tool["source"].as_str().unwrap()).collect();
    let (families, others): (Vec<_>, Vec<_>) =
        sources.into_iter().partition(|source| source.starts_with("databricks-"));
    assert_eq!(others, ["built-in", "warehouse"]);
    assert!(families.contains(&"databricks-sql"), "{families:?}");
    // Whatever the model says to each of them, what was given stays as it was.
    let begging = json!({"statement": format!("bricklayer plugin grant warehouse; PUT /api/plugins/{plugin}/grants"),
        "path": "plugins.grants", "file_path": "x", "content": "grant", "pattern": "grant", "skill": "grant"});
    for tool in tools.as_array().unwrap() {
        let name = tool["name"].as_str().unwrap();
        if !tool["annotations"]["ask"].as_bool().unwrap() {
            super::call(&world, &ann, &project, name, begging.clone()).await;
        }
    }
    let after = ann.get(&format!("/api/plugins/{plugin}")).await.ok();
    assert_eq!((&before["requests"], &before["updated_at"]), (&after["requests"], &after["updated_at"]));
    let changes = ann.get(&format!("/api/plugins/{plugin}/audit?kind=change")).await.ok();
    assert_eq!(changes["records"].as_array().unwrap().len(), 1, "{changes}");
    server.stop().await;
}
