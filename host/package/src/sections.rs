//! The outermost structure of a component: custom sections in, custom sections out.
//!
//! Source: WebAssembly component model, Binary.md: an 8 byte preamble (`\0asm`, version 0x0d, layer 1), then sections
//! of an id byte, a LEB128 length and that many bytes; a custom section (id 0) begins with its name.

use wasm_encoder::Encode;

use crate::PackageError;

const PREAMBLE_BYTES: usize = 8;
const COMPONENT: [u8; 8] = [0, b'a', b's', b'm', 0x0d, 0, 1, 0];
const MODULE: [u8; 8] = [0, b'a', b's', b'm', 1, 0, 0, 0];
const CUSTOM: u8 = 0;

/// One section of the outermost component.
pub(crate) struct Section<'a> {
    /// Header and contents, as in the file.
    pub(crate) raw: &'a [u8],
    /// Name and data, for a custom section.
    pub(crate) custom: Option<(&'a str, &'a [u8])>,
}

/// Refuses everything that is not a component, saying what it is.
pub(crate) fn check_preamble(bytes: &[u8]) -> Result<(), PackageError> {
    if bytes.starts_with(b"\x7fELF") {
        return Err(PackageError::Precompiled);
    }
    if bytes.starts_with(&COMPONENT) {
        return Ok(());
    }
    if bytes.starts_with(&MODULE) {
        return Err(PackageError::CoreModule);
    }
    Err(PackageError::NotAComponent("it does not begin with a component's preamble".to_owned()))
}

/// Every section of the outermost component, in order.
pub(crate) fn sections(bytes: &[u8]) -> Result<Vec<Section<'_>>, PackageError> {
    check_preamble(bytes)?;
    let cut = || PackageError::NotAComponent("a section is cut short".to_owned());
    let mut found = Vec::new();
    let mut rest = bytes.get(PREAMBLE_BYTES..).ok_or_else(cut)?;
    while let Some((&id, after_id)) = rest.split_first() {
        let (length, contents) = leb128(after_id).ok_or_else(cut)?;
        let data = contents.get(..length).ok_or_else(cut)?;
        let raw_length = rest.len() - contents.len() + length;
        let raw = rest.get(..raw_length).ok_or_else(cut)?;
        let custom = if id == CUSTOM { Some(named(data).ok_or_else(cut)?) } else { None };
        found.push(Section { raw, custom });
        rest = rest.get(raw_length..).ok_or_else(cut)?;
    }
    Ok(found)
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

/// The component without custom sections of these names, and with the given ones at its end.
pub(crate) fn replace(bytes: &[u8], with: &[(&str, &[u8])]) -> Result<Vec<u8>, PackageError> {
    let names: Vec<&str> = with.iter().map(|(name, _)| *name).collect();
    let mut out = without(bytes, &names)?;
    for (name, data) in with {
        out.push(CUSTOM);
        wasm_encoder::CustomSection { name: (*name).into(), data: (*data).into() }.encode(&mut out);
    }
    Ok(out)
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
