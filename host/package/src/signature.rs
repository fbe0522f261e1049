//! The place for a publisher's signature: the last section, over every byte before it.
//!
//! What the text says and whether it is true is for `host/sources` to judge; this keeps it in its place, so that a
//! signed package is still one file and nothing can follow what was signed.

use crate::error::{PackageError, check_size};
use crate::sections;

/// Largest signature, in bytes; minisign's have about 300.
pub const MAX_SIGNATURE_BYTES: usize = 4 * 1024;

pub(crate) const SIGNATURE_SECTION: &str = "bricklayer-signature";

/// The bytes that a signature is over, and the signature's text when there is one.
///
/// # Errors
/// [`PackageError`] when this is no component, or the signature is double, too large, no text or not the last section.
pub fn signed_part(bytes: &[u8]) -> Result<(&[u8], Option<&str>), PackageError> {
    check_size(bytes)?;
    let fault = |reason: &str| PackageError::Section { name: SIGNATURE_SECTION, reason: reason.to_owned() };
    let sections = sections::sections(bytes)?;
    let mut found = sections
        .iter()
        .enumerate()
        .filter_map(|(index, section)| section.named(SIGNATURE_SECTION).map(|data| (index, section.start, data)));
    let Some((index, start, data)) = found.next() else { return Ok((bytes, None)) };
    if found.next().is_some() {
        return Err(fault("it is there twice; sign the package again"));
    }
    if index + 1 != sections.len() {
        return Err(fault("something follows it, which it cannot be over; sign the package again"));
    }
    if data.len() > MAX_SIGNATURE_BYTES {
        return Err(fault("it has more than 4096 bytes"));
    }
    let text = std::str::from_utf8(data).ok().filter(|text| !text.trim().is_empty());
    let text = text.ok_or_else(|| fault("it is no text; sign the package again"))?;
    Ok((bytes.get(..start).unwrap_or_default(), Some(text)))
}

/// The package with this signature, in place of one that it had.
///
/// # Errors
/// [`PackageError`] as for [`signed_part`], also when the text is empty or too large.
pub fn with_signature(bytes: &[u8], text: &str) -> Result<Vec<u8>, PackageError> {
    let (signed, _) = signed_part(bytes)?;
    let mut out = signed.to_vec();
    sections::append(&mut out, SIGNATURE_SECTION, text.as_bytes());
    signed_part(&out)?;
    Ok(out)
}
