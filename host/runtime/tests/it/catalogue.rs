//! What a model is told about a plugin's tools, from the component's types and documentation alone.

use std::sync::Arc;

use bricklayer_domain::ToolSpec;
use bricklayer_runtime::{LoadError, ToolNamespace};
use serde_json::json;

use crate::support::{Bench, hostile, noop, package_of};

fn spec<'a>(specs: &'a [Arc<ToolSpec>], name: &str) -> &'a ToolSpec {
    specs.iter().find(|spec| spec.name.0 == name).unwrap_or_else(|| panic!("no tool {name}"))
}

#[tokio::test]
async fn names_documentation_and_annotations_come_from_the_package() {
    let bench = Bench::new().await;
    let specs = bench.plugin.tools();
    assert!(!specs.iter().any(|spec| spec.name.0.contains("effect_of")), "the review is no tool");
    let mut names: Vec<_> = specs.iter().map(|spec| spec.name.0.clone()).collect();
    names.sort();
    assert_eq!(names, specs.iter().map(|spec| spec.name.0.clone()).collect::<Vec<_>>(), "stable order");

    let echo = spec(specs, "mcp__databricks__echo");
    assert_eq!(echo.description, "Gives back its argument.");
    assert!(echo.annotations.read_only);
    assert_eq!(echo.annotations.time_limit_seconds, Some(5));
    let crash = spec(specs, "mcp__databricks__crash");
    assert!(crash.annotations.destructive && crash.annotations.ask, "no entry means the careful default");
}

#[tokio::test]
async fn the_input_schema_says_everything_that_is_checked() {
    let bench = Bench::new().await;
    let schema = &spec(bench.plugin.tools(), "mcp__databricks__echo").input_schema;
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(
        schema["required"],
        json!([
            "flag",
            "wide_signed",
            "wide",
            "narrow",
            "fraction",
            "letter",
            "words",
            "powers",
            "shape",
            "inners",
            "pair",
            "went"
        ])
    );
    let of = |name: &str| &schema["properties"][name];
    assert_eq!(*of("flag"), json!({"type": "boolean", "description": "Whether."}));
    assert_eq!(
        *of("wide"),
        json!({"type": "integer", "description": "Unsigned and wide.", "format": "uint64", "minimum": 0})
    );
    assert_eq!(*of("narrow"), json!({"type": "integer", "description": "Narrow.", "minimum": -128, "maximum": 127}));
    assert_eq!(
        *of("color"),
        json!({
            "type": "string",
            "description": "A color, if any.\n- `red`: Like a rose.\n- `deep-blue`: Like the sea.",
            "enum": ["red", "deep-blue"]
        })
    );
    assert_eq!(*of("settings"), json!({"description": "Settings of no fixed shape."}), "a json takes any value");
    assert_eq!(of("inners")["items"]["properties"]["count"]["maximum"], 255);
    assert_eq!(of("inners")["items"]["required"], json!(["label"]));
    assert_eq!(of("shape")["oneOf"][1]["description"], "With its radius.");
    assert_eq!(of("shape")["oneOf"][1]["properties"]["case"], json!({"const": "circle"}));
    assert_eq!(of("pair")["prefixItems"][1], json!({"type": "string"}));
    assert_eq!(of("powers")["uniqueItems"], true);
}

#[tokio::test]
async fn bare_parameters_and_results_have_schemas_too() {
    let bench = Bench::new().await;
    let specs = bench.plugin.tools();
    let write = spec(specs, "mcp__databricks__write_file");
    assert_eq!(write.input_schema["required"], json!(["path", "text"]));
    assert_eq!(write.output_schema, None, "nothing comes back");
    assert_eq!(spec(specs, "mcp__databricks__spin").input_schema["properties"], json!({}));
    assert_eq!(spec(specs, "mcp__databricks__read_file").output_schema, None, "plain text");
    let reported = spec(specs, "mcp__databricks__reported").output_schema.as_ref().unwrap();
    assert_eq!(reported["properties"].as_object().unwrap().keys().collect::<Vec<_>>(), ["rows"], "text is the content");
    let recall = spec(specs, "mcp__databricks__recall").output_schema.as_ref().unwrap();
    assert_eq!(recall["properties"]["result"], json!({"type": "array", "items": {"type": "string"}}));
}

#[tokio::test]
async fn what_is_no_plugin_is_refused_with_the_reason() {
    let bench = Bench::new().await;
    let cases: [(Vec<u8>, &str); 5] = [
        (b"\x7fELF\x02\x01\x01".to_vec(), "precompiled"),
        (wat::parse_str("(module)").unwrap(), "core WebAssembly module"),
        (b"hello".to_vec(), "not a WebAssembly component"),
        (wat::parse_str("(component)").unwrap(), "bricklayer-manifest"),
        (hostile()[..5000].to_vec(), "cut short"),
    ];
    for (bytes, says) in cases {
        let error = bench.runtime.load(bytes, ToolNamespace::databricks()).await.unwrap_err().to_string();
        assert!(error.contains(says), "{error} does not say {says}");
    }
}

#[tokio::test]
async fn unsupported_types_and_missing_imports_are_named() {
    let bench = Bench::new().await;
    let resource = r#"(component
        (type $r (resource (rep i32)))
        (core module $m (func (export "f") (param i32)))
        (core instance $i (instantiate $m))
        (func $f (param "x" (own $r)) (canon lift (core func $i "f")))
        (component $c
            (import "r" (type $t (sub resource)))
            (import "f" (func $g (param "x" (own $t))))
            (export $e "r" (type $t))
            (export "f" (func $g) (func (param "x" (own $e)))))
        (instance $inst (instantiate $c (with "r" (type $r)) (with "f" (func $f))))
        (export "test:wat/api" (instance $inst)))"#;
    let wasm = wat::parse_str(resource).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let wit = folder.path().join("w.wit");
    std::fs::write(&wit, "package test:wat; world w { export run: func(); }").unwrap();
    let manifest = "name = \"test-wat\"\nversion = \"0.1.0\"\ndescription = \"d\"\nwit = \"test:wat\"\n";
    let error = bricklayer_package::pack(&wasm, &[wit], manifest).unwrap_err().to_string();
    assert_eq!(error, "tool `f`: a `own` cannot be part of a tool's signature");

    let imports = package_of(
        r#"(component
            (import "acme:secret/door" (instance (export "open" (func))))
            (core module $m (func (export "f")))
            (core instance $i (instantiate $m))
            (func (export "run") (canon lift (core func $i "f"))))"#,
        "package test:wat; world w { export run: func(); }",
    );
    let error = bench.runtime.load(imports, ToolNamespace::databricks()).await.unwrap_err();
    assert!(matches!(&error, LoadError::Import(text) if text.contains("acme:secret/door")), "{error}");
}

#[tokio::test]
async fn packing_is_deterministic_and_repeatable() {
    let first = noop();
    let contents = bricklayer_package::read(&first).unwrap();
    assert_eq!(contents.functions.len(), 1);
    assert_eq!(first, noop(), "the same input gives the same bytes");
}
