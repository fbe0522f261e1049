//! Components that were built for another host, with a manifest on the side.

use bricklayer_package::{DocsSource, pack_foreign};
use serde_json::json;

use crate::support::{component, side_manifest};

/// As a public library of units would be: an interface, and a function of the world itself.
const UNITS: &str = "
    package other:units@2.1.0;
    interface convert {
        enum unit { metre, foot }
        record measure { amount: f64, unit: unit }
        to: func(value: measure, target: unit, digits: option<u8>) -> result<measure, string>;
        list-units: func() -> list<string>;
    }
    world w {
        export convert;
        export version: func() -> string;
        export name-of: func(code: u32) -> option<string>;
    }
";

#[test]
fn its_functions_are_tools_described_by_name_and_type() {
    let contents = pack_foreign(&component(UNITS), &side_manifest("")).unwrap().contents;
    let tools: Vec<_> = contents.functions.iter().map(|tool| (tool.tool.as_str(), tool.interface.as_deref())).collect();
    let of = Some("other:units/convert@2.1.0");
    assert_eq!(tools, [("list_units", of), ("name_of", None), ("to", of), ("version", None)]);
    assert_eq!(
        contents.functions.iter().map(|tool| tool.docs.as_str()).collect::<Vec<_>>(),
        [
            "The function `list-units` of `other:units/convert@2.1.0`. Takes nothing. Returns list of text.",
            "The function `name-of`. Takes `code` (whole number). Returns text or nothing.",
            "The function `to` of `other:units/convert@2.1.0`. Takes `value` (`measure`), `target` (one of `metre`, \
             `foot`), `digits` (optional whole number). Returns `measure`.",
            "The function `version`. Takes nothing. Returns text.",
        ]
    );
    assert!(contents.functions.iter().all(|tool| tool.docs_source == DocsSource::Types));
    assert_eq!(contents.functions[2].input_schema()["required"], json!(["value", "target"]));
}

#[test]
fn a_side_manifest_describes_annotates_and_asks() {
    let text = side_manifest(
        r#"
        [tools.to]
        read-only = true
        destructive = false
        description = "Converts a length."
        [tools.to.parameters]
        target = "The unit to convert to."
        "#,
    );
    let contents = pack_foreign(&component(UNITS), &text).unwrap().contents;
    let tool = &contents.functions[2];
    assert_eq!((tool.docs.as_str(), tool.docs_source), ("Converts a length.", DocsSource::Manifest));
    assert_eq!(tool.input_schema()["properties"]["target"]["description"], "The unit to convert to.");
    assert!(contents.manifest.annotations("to").read_only);

    let unknown = text.replace("[tools.to]", "[tools.from]").replace("[tools.to.p", "[tools.from.p");
    let message = pack_foreign(&component(UNITS), &unknown).unwrap_err().to_string();
    assert_eq!(message, "plugin.toml: tools.from: the component exports no such function");
    let unknown = text.replace("target =", "goal =");
    let message = pack_foreign(&component(UNITS), &unknown).unwrap_err().to_string();
    assert_eq!(message, "plugin.toml: tools.to.parameters.goal: the tool has no such parameter");
}

#[test]
fn documentation_that_it_carries_counts() {
    let wit =
        UNITS.replace("to: func", "/// Converts.\nto: func").replace("export version", "/// Tells.\nexport version");
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve.push_str("t.wit", &wit).unwrap();
    let docs = wit_parser::PackageMetadata::extract(&resolve, package).encode().unwrap();
    let mut bytes = component(&wit);
    bytes.extend(crate::support::section("package-docs", &docs));
    let contents = pack_foreign(&bytes, &side_manifest("")).unwrap().contents;
    assert_eq!(contents.functions[2].docs, "Converts.");
    assert_eq!(contents.functions[3].docs, "Tells.");
    assert!(contents.functions[0].docs.starts_with("The function `list-units`"));
}

#[track_caller]
fn check_type_refused(signature: &str, more: &str, says: &str) {
    let wit = format!(
        "package o:t; interface api {{ resource file {{ read: func() -> string; }} {signature} ok: func(); }} world w {{ export api; }}"
    );
    let result = pack_foreign(&component(&wit), &side_manifest(more));
    if says.is_empty() {
        let tools: Vec<_> = result.unwrap().contents.functions.into_iter().map(|tool| tool.tool).collect();
        assert_eq!(tools, ["ok"]);
    } else {
        let message = result.unwrap_err().to_string();
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn types_that_json_has_no_word_for_are_refused_by_function() {
    let method = "omit = [\"[method]file.read\"]";
    check_type_refused("", "", "tool `[method]file.read`: a resource cannot be part");
    check_type_refused("open: func(path: string) -> file;", method, "tool `open`");
    check_type_refused("show: func(f: borrow<file>);", method, "tool `show`");
    check_type_refused("open: func(path: string) -> file;", "omit = [\"[method]file.read\", \"open\"]", "");
    check_type_refused("", "omit = [\"[method]file.read\", \"clse\"]", "exports no function or interface `clse`");
    check_type_refused("", "omit = [\"o:t/api\"]", "exports no function that could be a tool");
}

#[test]
fn two_tools_of_one_name_are_told_apart_by_leaving_one_out() {
    let wit = "package o:t; interface a { run: func(); } interface b { run: func(); } world w { export a; export b; }";
    let message = pack_foreign(&component(wit), &side_manifest("")).unwrap_err().to_string();
    assert_eq!(message, "two exported functions are called `run`; rename one, or leave one interface out with `omit`");
    let contents = pack_foreign(&component(wit), &side_manifest("omit = [\"o:t/b\"]")).unwrap().contents;
    assert_eq!(contents.functions[0].interface.as_deref(), Some("o:t/a"));
}
