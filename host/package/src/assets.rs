//! What a package carries for people beside its code: a picture and a description.

use std::io::Read;
use std::path::Path;

use crate::{Manifest, PackageError};

/// Largest picture, in bytes; a list of plugins shows many of them.
pub const MAX_ICON_BYTES: usize = 64 * 1024;

/// Largest description, in bytes; it is a page and not a book.
pub const MAX_README_BYTES: usize = 64 * 1024;

pub(crate) const ICON_SECTION: &str = "bricklayer-icon";
pub(crate) const README_SECTION: &str = "bricklayer-readme";

/// The first bytes of every PNG file (RFC 2083, section 3.1).
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// What a picture is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IconFormat {
    /// Portable Network Graphics.
    Png,
    /// Scalable Vector Graphics. It may hold scripts, so whoever serves it forbids them by a sandboxing policy.
    Svg,
}

impl IconFormat {
    /// The media type to serve it as.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Svg => "image/svg+xml",
        }
    }
}

/// A plugin's picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Icon {
    /// What it is made of.
    pub format: IconFormat,
    /// The file.
    pub bytes: Vec<u8>,
}

impl Icon {
    /// Tells the format by the contents.
    ///
    /// # Errors
    /// [`PackageError::Section`] when it is neither PNG nor SVG, or too large.
    pub fn parse(bytes: &[u8]) -> Result<Self, PackageError> {
        let fault = |reason: &str| PackageError::Section { name: ICON_SECTION, reason: reason.to_owned() };
        if bytes.len() > MAX_ICON_BYTES {
            return Err(fault("a picture has at most 65536 bytes"));
        }
        let format = if bytes.starts_with(PNG) {
            IconFormat::Png
        } else if std::str::from_utf8(bytes).is_ok_and(is_svg) {
            IconFormat::Svg
        } else {
            return Err(fault("the picture is neither PNG nor SVG"));
        };
        Ok(Self { format, bytes: bytes.to_owned() })
    }
}

/// Whether a text is an SVG document: its first element, after declarations and comments, is `svg`.
fn is_svg(text: &str) -> bool {
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    loop {
        let end = if rest.starts_with("<?") {
            "?>"
        } else if rest.starts_with("<!--") {
            "-->"
        } else if rest.starts_with("<!") {
            ">"
        } else {
            let root = rest.strip_prefix("<svg").and_then(|rest| rest.chars().next());
            return root.is_some_and(|next| next.is_whitespace() || next == '>' || next == '/');
        };
        let Some((_, after)) = rest.split_once(end) else { return false };
        rest = after.trim_start();
    }
}

pub(crate) fn readme(bytes: &[u8]) -> Result<String, PackageError> {
    let fault = |reason: &str| PackageError::Section { name: README_SECTION, reason: reason.to_owned() };
    if bytes.len() > MAX_README_BYTES {
        return Err(fault("a description has at most 65536 bytes"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| fault("the description is not UTF-8"))?;
    if text.contains('\0') {
        return Err(fault("the description is not text"));
    }
    Ok(text.to_owned())
}

/// The files that a manifest names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assets {
    /// The picture.
    pub icon: Option<Icon>,
    /// The description, Markdown.
    pub readme: Option<String>,
}

impl Assets {
    /// Reads the files that a manifest names, below the plugin's folder.
    ///
    /// # Errors
    /// [`PackageError`] when one is missing, too large or not what it should be.
    pub fn read(folder: &Path, manifest: &Manifest) -> Result<Self, PackageError> {
        let icon =
            manifest.icon.as_ref().map(|name| Icon::parse(&file(folder, "icon", name, MAX_ICON_BYTES)?)).transpose()?;
        let text = manifest
            .readme
            .as_ref()
            .map(|name| readme(&file(folder, "readme", name, MAX_README_BYTES)?))
            .transpose()?;
        Ok(Self { icon, readme: text })
    }
}

fn file(folder: &Path, field: &'static str, name: &str, max: usize) -> Result<Vec<u8>, PackageError> {
    let fault = |reason: String| PackageError::Asset { field, reason };
    let file = std::fs::File::open(folder.join(name)).map_err(|error| fault(format!("{name}: {error}")))?;
    let mut bytes = Vec::new();
    // One byte more than allowed, so that too large is told from just right.
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit).read_to_end(&mut bytes).map_err(|error| fault(format!("{name}: {error}")))?;
    if bytes.len() > max {
        return Err(fault(format!("{name}: it has more than {max} bytes")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_told_by_their_contents() {
        let of = |bytes: &[u8]| Icon::parse(bytes).map(|icon| icon.format).map_err(|error| error.to_string());
        assert_eq!(of(b"\x89PNG\r\n\x1a\nrest"), Ok(IconFormat::Png));
        assert_eq!(of(b"<svg xmlns='x'/>"), Ok(IconFormat::Svg));
        assert_eq!(
            of("\u{feff}<?xml version='1.0'?>\n<!-- a -->\n<!DOCTYPE svg>\n<svg>".as_bytes()),
            Ok(IconFormat::Svg)
        );
        for bad in [&b"GIF89a"[..], b"", b"<html><svg></svg></html>", b"<svgx>", b"<!-- <svg", b"<svg", b"\xff<svg>"] {
            assert!(of(bad).unwrap_err().contains("neither PNG nor SVG"));
        }
        let mut large = b"\x89PNG\r\n\x1a\n".to_vec();
        large.resize(MAX_ICON_BYTES + 1, 0);
        assert!(of(&large).unwrap_err().contains("at most 65536"));
    }
}
