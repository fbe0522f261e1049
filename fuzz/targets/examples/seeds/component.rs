//! A committed seed as bytes.

#![allow(clippy::unwrap_used, reason = "the seeds are ours; one that is broken has to stop the run")]

use std::path::Path;

use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{ManglingAndAbi, Resolve};

const MANIFEST: &str = "name = \"seed\"\nversion = \"1.0.0\"\ndescription = \"A seed.\"\nwit = \"acme:seed@1.0.0\"\n";

/// The file as it is; a `.hex` file as the bytes that it spells; a `.wit` file as a package whose component is of its
/// world `w`.
pub(crate) fn seed(path: &Path) -> Vec<u8> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("wit") => package(path),
        Some("hex") => hex(std::fs::read_to_string(path).unwrap().trim()),
        _ => std::fs::read(path).unwrap(),
    }
}

fn hex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn package(path: &Path) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve.push_file(path).unwrap();
    let world = resolve.select_world(&[package], Some("w")).unwrap();
    let mut module = dummy_module(&resolve, world, ManglingAndAbi::Standard32);
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    let component = ComponentEncoder::default().module(&module).unwrap().encode().unwrap();
    bricklayer_package::pack(&component, &[path.to_owned()], MANIFEST).unwrap().bytes
}
