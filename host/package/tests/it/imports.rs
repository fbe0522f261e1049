//! Which imports a host would refuse, and what it says about the contract's version.

use bricklayer_package::{PackageContents, pack_foreign};

use crate::support::{component, side_manifest};

#[track_caller]
fn of(packages: &str, imports: &str) -> PackageContents {
    let wit = format!("package o:t; {packages} world w {{ {imports} export run: func(); }}");
    pack_foreign(&component(&wit), &side_manifest("")).unwrap().contents
}

fn host(version: &str) -> String {
    format!("package bricklayer:host@{version} {{ interface log {{ write: func(line: string); }} }}")
}

#[test]
fn guests_of_released_contracts_are_taken() {
    for version in ["0.1.0", "0.1.1", "0.1.2", "0.1.3", "0.1.4"] {
        let contents = of(&host(version), &format!("import bricklayer:host/log@{version};"));
        assert_eq!(contents.refusal(), None);
        assert_eq!(contents.contract.as_deref(), Some(version));
        assert_eq!(contents.imports, [format!("bricklayer:host/log@{version}")]);
    }
    assert_eq!(of("", "").contract, None);
}

#[test]
fn another_contract_names_both_versions_and_the_way_out() {
    let contents = of(&host("0.3.0"), "import bricklayer:host/log@0.3.0;");
    assert_eq!(
        contents.refusal().unwrap(),
        "bricklayer:host/log@0.3.0: the plugin was built against version 0.3.0 of bricklayer:host, and this host \
         speaks 0.1.0, 0.1.1, 0.1.2, 0.1.3 and 0.1.4; update Bricklayer, or rebuild the plugin against \
         bricklayer:host@0.1.4"
    );
    assert_eq!(contents.contract.as_deref(), Some("0.3.0"));
    // What it exports for the host counts as well: nobody would ask a review of a version that nobody speaks.
    let exported = of(&host("0.3.0"), "export bricklayer:host/log@0.3.0;");
    assert!(exported.refusal().unwrap().contains("version 0.3.0"));
}

#[test]
fn unknown_interfaces_and_functions_are_listed_and_types_alone_pass() {
    let packages = "
        package acme:secret@1.0.0 { interface door { open: func(); } interface words { type word = string; } }
        package wasi:cli@0.2.3 { interface stdin { get-stdin: func(); } interface tea { brew: func(); } }
    ";
    let contents = of(
        packages,
        "import acme:secret/door@1.0.0; import acme:secret/words@1.0.0; import wasi:cli/stdin@0.2.3;
         import wasi:cli/tea@0.2.3; import ring: func();",
    );
    let refused: Vec<_> = contents.refused_imports.iter().map(|refused| refused.import.as_str()).collect();
    assert_eq!(refused, ["acme:secret/door@1.0.0", "ring", "wasi:cli/tea@0.2.3"]);
    assert!(contents.imports.contains(&"wasi:cli/stdin@0.2.3".to_owned()));
    assert!(contents.refusal().unwrap().contains("no host offers it; build without it"));
}
