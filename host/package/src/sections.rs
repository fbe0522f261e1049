//! The outermost structure of a component: custom sections in, custom sections out.
//!
//! Source: WebAssembly component model, Binary.md: an 8 byte preamble (`\0asm`, version 0x0d, layer 1), then sections
//! of an id byte, a LEB128 length and that many bytes; a custom section (id 0) begins with its name. Core modules
//! (section id 1) and components (section id 4) nest as whole files.

use wasm_encoder::Encode;

use crate::PackageError;

const PREAMBLE_BYTES: usize = 8;
const COMPONENT: [u8; 8] = [0, b'a', b's', b'm', 0x0d, 0, 1, 0];
const MODULE: [u8; 8] = [0, b'a', b's', b'm', 1, 0, 0, 0];
const CUSTOM: u8 = 0;
const CORE_MODULE: u8 = 1;
const NESTED_COMPONENT: u8 = 4;

/// Deepest nesting of components that is looked into; compilers nest two or three deep.
const MAX_NESTING: usize = 16;

/// Every section of ours begins with this.
const OUR_PREFIX: &str = "bricklayer-";

/// One section of the outermost component.
pub(crate) struct Section<'a> {
    /// What kind.
    id: u8,
    /// Where its header begins in the file.
    pub(crate) start: usize,
    /// Header and contents, as in the file.
    raw: &'a [u8],
    /// Contents.
    data: &'a [u8],
    /// Name and data, for a custom section.
    pub(crate) custom: Option<(&'a str, &'a [u8])>,
}

impl<'a> Section<'a> {
    /// A custom section's data, when it has this name.
    pub(crate) fn named(&self, name: &str) -> Option<&'a [u8]> {
        self.custom.filter(|(own, _)| *own == name).map(|(_, data)| data)
    }
}

/// Refuses everything that is not a component, saying what it is.
pub(crate) fn check_preamble(bytes: &[u8]) -> Result<(), PackageError> {
    if bytes.starts_with(&COMPONENT) {
        return Ok(());
    }
    if bytes.starts_with(&MODULE) {
        return Err(PackageError::CoreModule);
    }
    if let Some(system) = native_code(bytes) {
        return Err(PackageError::Precompiled(system));
    }
    Err(PackageError::NotAComponent(looks_like(bytes).to_owned()))
}

/// Formats of compiled code by their first bytes. The engine's own `.cwasm` files are ELF.
fn native_code(bytes: &[u8]) -> Option<&'static str> {
    let formats: [(&[u8], &str); 6] = [
        (b"\x7fELF", "ELF"),
        (b"MZ", "PE"),
        (b"\xcf\xfa\xed\xfe", "Mach-O"),
        (b"\xce\xfa\xed\xfe", "Mach-O"),
        (b"\xca\xfe\xba\xbe", "Mach-O"),
        (b"!<arch>\n", "object archive"),
    ];
    formats.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, name)| *name)
}

/// What people send by mistake, and what to send instead.
fn looks_like(bytes: &[u8]) -> &'static str {
    if bytes.is_empty() {
        return "the file is empty";
    }
    if bytes.starts_with(b"\0asm") {
        return "it is of another version of the binary format; build it with a current toolchain";
    }
    let archive: [&[u8]; 5] = [b"\x1f\x8b", b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ"];
    if archive.iter().any(|magic| bytes.starts_with(magic)) || bytes.get(257..262) == Some(b"ustar") {
        return "it is an archive; a plugin is one .wasm file, so unpack it first";
    }
    let start = String::from_utf8_lossy(bytes.get(..512).unwrap_or(bytes)).trim_start().to_lowercase();
    if start.starts_with("<!doctype") || start.starts_with("<html") {
        return "it is a web page; use the address of the file itself";
    }
    if start.starts_with("(component") || start.starts_with("(module") {
        return "it is WebAssembly text; make a binary of it first";
    }
    "it does not begin with a component's preamble"
}

/// Every section of the outermost component, in order.
pub(crate) fn sections(bytes: &[u8]) -> Result<Vec<Section<'_>>, PackageError> {
    check_preamble(bytes)?;
    split(bytes).ok_or_else(|| PackageError::NotAComponent("a section is cut short".to_owned()))
}

fn split(bytes: &[u8]) -> Option<Vec<Section<'_>>> {
    let mut found = Vec::new();
    let mut rest = bytes.get(PREAMBLE_BYTES..)?;
    while let Some((&id, after_id)) = rest.split_first() {
        let (length, contents) = leb128(after_id)?;
        let data = contents.get(..length)?;
        let raw_length = rest.len() - contents.len() + length;
        let (raw, after) = rest.split_at_checked(raw_length)?;
        let custom = if id == CUSTOM { Some(named(data)?) } else { None };
        found.push(Section { id, start: bytes.len() - rest.len(), raw, data, custom });
        rest = after;
    }
    Some(found)
}

/// Refuses sections of ours inside nested components and modules: nobody reads them there, so they are either a
/// mistake or meant for a reader that looks less closely.
pub(crate) fn check_nested(sections: &[Section<'_>]) -> Result<(), PackageError> {
    check_nested_in(sections, 0)
}

fn check_nested_in(sections: &[Section<'_>], depth: usize) -> Result<(), PackageError> {
    if depth > MAX_NESTING {
        return Err(PackageError::NotAComponent("components are nested more than 16 deep".to_owned()));
    }
    for section in sections {
        let is_component = match section.id {
            CORE_MODULE => false,
            NESTED_COMPONENT => true,
            _ => continue,
        };
        let inner = split(section.data)
            .ok_or_else(|| PackageError::NotAComponent("a section of a nested part is cut short".to_owned()))?;
        if let Some((name, _)) =
            inner.iter().filter_map(|found| found.custom).find(|(name, _)| name.starts_with(OUR_PREFIX))
        {
            return Err(PackageError::NestedSection(name.chars().take(80).collect()));
        }
        if is_component {
            check_nested_in(&inner, depth + 1)?;
        }
    }
    Ok(())
}

/// The component without custom sections of these names.
pub(crate) fn without(bytes: &[u8], names: &[&str]) -> Result<Vec<u8>, PackageError> {
    let mut out = COMPONENT.to_vec();
    for section in sections(bytes)? {
        if !section.custom.is_some_and(|(name, _)| names.contains(&name)) {
            out.extend_from_slice(section.raw);
        }
    }
    Ok(out)
}

/// Adds a custom section at the end.
pub(crate) fn append(out: &mut Vec<u8>, name: &str, data: &[u8]) {
    out.push(CUSTOM);
    wasm_encoder::CustomSection { name: name.into(), data: data.into() }.encode(out);
}

fn named(data: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = leb128(data)?;
    let (name, data) = rest.split_at_checked(length)?;
    Some((std::str::from_utf8(name).ok()?, data))
}

/// An unsigned 32-bit LEB128 number and what follows it.
fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value: u64 = 0;
    for (index, byte) in bytes.iter().enumerate().take(5) {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let rest = bytes.get(index + 1..)?;
            return Some((usize::try_from(u32::try_from(value).ok()?).ok()?, rest));
        }
    }
    None
}
