//! Components of any type without compiling a language: what WIT says, with bodies that trap.

use std::path::PathBuf;

use bricklayer_package::{PackageContents, PackageError, Packed};
use tempfile::TempDir;
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{ManglingAndAbi, Resolve};

/// A component that imports and exports what the last package's world `w` says. No documentation is in it, as when a
/// compiler makes one.
pub(crate) fn component(wit: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("test.wit", wit).unwrap();
    let world = resolve.select_world(&[package], Some("w")).unwrap();
    let mut module = dummy_module(&resolve, world, ManglingAndAbi::Standard32);
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&module).unwrap().encode().unwrap()
}

/// A manifest for `acme:test` with these lines after the ones that every manifest needs.
pub(crate) fn manifest(more: &str) -> String {
    format!("name = \"test\"\nversion = \"1.0.0\"\ndescription = \"A test.\"\nwit = \"acme:test@1.0.0\"\n{more}")
}

/// A manifest without a WIT package.
pub(crate) fn side_manifest(more: &str) -> String {
    manifest(more).replace("wit = \"acme:test@1.0.0\"\n", "")
}

/// The WIT source as a file.
pub(crate) fn wit_file(wit: &str) -> (TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.wit");
    std::fs::write(&path, wit).unwrap();
    (folder, vec![path])
}

pub(crate) fn try_pack(wit: &str, more: &str) -> Result<Packed, PackageError> {
    let (_folder, files) = wit_file(wit);
    bricklayer_package::pack(&component(wit), &files, &manifest(more))
}

/// A package from WIT and the lines of its manifest.
#[track_caller]
pub(crate) fn pack(wit: &str, more: &str) -> Packed {
    try_pack(wit, more).unwrap()
}

#[track_caller]
pub(crate) fn contents(wit: &str, more: &str) -> PackageContents {
    pack(wit, more).contents
}

/// Something small with one tool.
pub(crate) const SMALL: &str = "
    package acme:test@1.0.0;
    interface api {
        /// Says hello.
        greet: func(name: string) -> string;
    }
    world w { export api; }
";

/// A custom section as it stands in a component.
pub(crate) fn section(name: &str, data: &[u8]) -> Vec<u8> {
    use wasm_encoder::Encode;
    let mut out = vec![0];
    wasm_encoder::CustomSection { name: name.into(), data: data.into() }.encode(&mut out);
    out
}
