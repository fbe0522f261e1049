//! One file: what goes in comes out, and nothing else is taken for it.

use bricklayer_package::{Assets, Icon, PackageError, pack_with, read, signed_part, with_signature};

use crate::support::{SMALL, component, manifest, pack, section, try_pack, wit_file};

#[track_caller]
fn check_refused(bytes: &[u8], says: &str) {
    let message = read(bytes).unwrap_err().to_string();
    assert!(message.contains(says), "{message}");
}

fn with_sections(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = pack(SMALL, "").bytes;
    for (name, data) in sections {
        bytes.extend(section(name, data));
    }
    bytes
}

#[test]
fn what_goes_in_comes_out() {
    let (_wit, files) = wit_file(SMALL);
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("assets")).unwrap();
    std::fs::write(folder.path().join("assets/icon.svg"), "<svg xmlns='http://www.w3.org/2000/svg'/>").unwrap();
    std::fs::write(folder.path().join("README.md"), "# Greets\n").unwrap();
    let text = manifest("icon = \"assets/icon.svg\"\nreadme = \"README.md\"\n");
    let parsed = bricklayer_package::Manifest::parse(&text).unwrap();
    let assets = Assets::read(folder.path(), &parsed).unwrap();
    let first = pack_with(&component(SMALL), &files, &text, &assets).unwrap();
    let found = read(&first.bytes).unwrap();
    assert_eq!(found.icon.as_ref().map(|icon| icon.format.media_type()), Some("image/svg+xml"));
    assert_eq!(found.icon, assets.icon);
    assert_eq!(found.readme.as_deref(), Some("# Greets\n"));
    assert_eq!((found.manifest_text.as_str(), &found.manifest), (text.as_str(), &parsed));
    assert_eq!(found.functions[0].docs, "Says hello.");
    assert_eq!(found.size_bytes, first.bytes.len());
    assert_eq!(found.signature, None);
    // The same input gives the same bytes, and packing a package is packing its component.
    assert_eq!(pack_with(&component(SMALL), &files, &text, &assets).unwrap().bytes, first.bytes);
    let signed = with_signature(&first.bytes, "somebody").unwrap();
    assert_eq!(pack_with(&signed, &files, &text, &assets).unwrap().bytes, first.bytes);
    // A file that is named and not given, missing, or not what it should be.
    let message = try_pack(SMALL, "icon = \"icon.png\"\n").unwrap_err().to_string();
    assert_eq!(message, "plugin.toml: icon: the file was not given");
    std::fs::remove_file(folder.path().join("README.md")).unwrap();
    assert!(Assets::read(folder.path(), &parsed).unwrap_err().to_string().contains("README.md"));
    std::fs::write(folder.path().join("README.md"), "x".repeat(65537)).unwrap();
    assert!(Assets::read(folder.path(), &parsed).unwrap_err().to_string().contains("more than 65536 bytes"));
    assert!(Icon::parse(b"GIF89a").is_err());
}

#[test]
fn what_is_no_component_is_named() {
    check_refused(b"", "the file is empty");
    check_refused(b"\x7fELF\x02\x01\x01 .wasmtime.engine", "precompiled native code (ELF)");
    check_refused(b"MZ\x90\0", "precompiled native code (PE)");
    check_refused(b"\xcf\xfa\xed\xfe\x07", "send the .wasm file");
    check_refused(&wat::parse_str("(module)").unwrap(), "core WebAssembly module");
    check_refused(b"\0asm\x0c\0\x01\0", "another version of the binary format");
    check_refused(b"\x1f\x8b\x08\0", "it is an archive");
    check_refused(b"PK\x03\x04", "unpack it first");
    check_refused(b"\n<!DOCTYPE html><title>Sign in</title>", "it is a web page");
    check_refused(b"(component)", "WebAssembly text");
    check_refused(b"hello", "does not begin with a component's preamble");
    check_refused(&wat::parse_str("(component)").unwrap(), "`bricklayer-manifest`: it is missing");
    let mut wit = wit_parser::Resolve::default();
    let package = wit.push_str("t.wit", SMALL).unwrap();
    let mut wit = wit_component::encode(&wit, package).unwrap();
    wit.extend(section("bricklayer-manifest", manifest("").as_bytes()));
    check_refused(&wit, "this is a WIT package and not a component");
    let mut none = wat::parse_str("(component)").unwrap();
    none.extend(section("bricklayer-manifest", manifest("").as_bytes()));
    check_refused(&none, "exports no function that could be a tool");
}

#[test]
fn a_package_cut_anywhere_is_refused() {
    let bytes = pack(SMALL, "").bytes;
    for end in 0..bytes.len() {
        assert!(read(&bytes[..end]).is_err(), "cut at {end} of {}", bytes.len());
    }
}

#[test]
fn sections_stand_alone_and_in_bounds() {
    let text = manifest("");
    check_refused(&with_sections(&[("bricklayer-manifest", text.as_bytes())]), "there twice");
    let png = b"\x89PNG\r\n\x1a\n".as_slice();
    assert!(read(&with_sections(&[("bricklayer-icon", png)])).is_ok());
    check_refused(&with_sections(&[("bricklayer-icon", png), ("bricklayer-icon", png)]), "there twice");
    check_refused(&with_sections(&[("bricklayer-icon", b"GIF89a")]), "neither PNG nor SVG");
    check_refused(&with_sections(&[("bricklayer-icon", &[0; 65537])]), "more than 65536 bytes");
    check_refused(&with_sections(&[("bricklayer-readme", b"\xff")]), "not UTF-8");
    check_refused(&with_sections(&[("bricklayer-readme", &[b'x'; 65537])]), "more than 65536 bytes");
    check_refused(&with_sections(&[("package-docs", b"\0{}")]), "there twice");
    let long = format!("{}#{}", manifest(""), "x".repeat(70_000));
    let mut bytes = component(SMALL);
    bytes.extend(section("bricklayer-manifest", long.as_bytes()));
    check_refused(&bytes, "more than 65536 bytes");
    let mut bytes = component(SMALL);
    bytes.extend(section("bricklayer-manifest", b"\xff"));
    check_refused(&bytes, "not UTF-8");
    check_refused(&vec![0; 32 * 1024 * 1024 + 1], "at most 33554432 are allowed");
}

#[test]
fn sections_of_ours_in_nested_parts_are_refused() {
    let hidden = |inner: &[u8], id: u8| {
        let mut bytes = pack(SMALL, "").bytes;
        bytes.push(id);
        wasm_encoder::Encode::encode(inner, &mut bytes);
        bytes
    };
    let mut module = wat::parse_str("(module)").unwrap();
    let mut inner = wat::parse_str("(component)").unwrap();
    assert!(read(&hidden(&module, 1)).is_ok() && read(&hidden(&inner, 4)).is_ok());
    module.extend(section("bricklayer-signature", b"x"));
    inner.extend(section("bricklayer-manifest", b"name = 'other'"));
    check_refused(&hidden(&module, 1), "`bricklayer-signature` stands inside a nested component");
    check_refused(&hidden(&inner, 4), "pack after composing");
    let mut deep = wat::parse_str("(component)").unwrap();
    for _ in 0..40 {
        let mut outer = wat::parse_str("(component)").unwrap();
        outer.push(4);
        wasm_encoder::Encode::encode(deep.as_slice(), &mut outer);
        deep = outer;
    }
    check_refused(&hidden(&deep, 4), "nested more than 16 deep");
}

#[test]
fn a_signature_is_last_and_over_everything_before_it() {
    let bytes = pack(SMALL, "").bytes;
    assert_eq!(signed_part(&bytes).unwrap(), (bytes.as_slice(), None));
    let signed = with_signature(&bytes, "untrusted comment: x\nRWQ").unwrap();
    assert_eq!(signed_part(&signed).unwrap(), (bytes.as_slice(), Some("untrusted comment: x\nRWQ")));
    assert_eq!(read(&signed).unwrap().signature.as_deref(), Some("untrusted comment: x\nRWQ"));
    assert_ne!(read(&signed).unwrap().digest, read(&bytes).unwrap().digest);
    let again = with_signature(&signed, "other").unwrap();
    assert_eq!(signed_part(&again).unwrap(), (bytes.as_slice(), Some("other")));

    let mut followed = signed.clone();
    followed.extend(section("anything", b""));
    check_refused(&followed, "something follows it");
    let mut double = signed.clone();
    double.extend(section("bricklayer-signature", b"x"));
    check_refused(&double, "there twice");
    let mut binary = bytes.clone();
    binary.extend(section("bricklayer-signature", b"\xff"));
    check_refused(&binary, "no text");
    assert!(with_signature(&bytes, &"x".repeat(4097)).is_err());
    assert!(with_signature(&bytes, " ").is_err());
    assert!(matches!(with_signature(b"\x7fELF", "x"), Err(PackageError::Precompiled("ELF"))));
}

#[test]
fn words_are_bounded_and_plain() {
    let wordy = SMALL.replace("Says hello.", &"very ".repeat(14_000));
    assert!(try_pack(&wordy, "").unwrap_err().to_string().contains("tool `greet`: its description"));
    let long = SMALL.replace("greet:", &format!("{}:", "a".repeat(65)));
    assert!(try_pack(&long, "").unwrap_err().to_string().contains("more than 64 bytes"));
    // The WIT parser refuses such characters; a section made by hand holds them all the same.
    let docs = b"\0{\"interfaces\":{\"api\":{\"funcs\":{\"greet\":\"Says \\u001b[31mhello\\u202e.\\u0007\"}}}}";
    let mut bytes = component(SMALL);
    bytes.extend(section("package-docs", docs));
    bytes.extend(section("bricklayer-manifest", manifest("").as_bytes()));
    assert_eq!(read(&bytes).unwrap().functions[0].docs, "Says [31mhello.");
    let turned = try_pack(SMALL, "licence = \"MIT \u{202e}\"").unwrap_err().to_string();
    assert!(turned.contains("licence"), "{turned}");
}
