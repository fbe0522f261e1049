//! Pictures and PDF documents: what a file's first bytes say it is, and whether a model's API takes it.
//!
//! Sources: the headers of the formats; the bounds of the Anthropic Messages API for pictures and documents.

use bricklayer_domain::{AttachmentType, ToolErrorKind, ToolFailure};

/// Largest picture, in bytes: 5 MiB of base64.
const MAX_PICTURE_BYTES: usize = 5 * 1024 * 1024 / 4 * 3;

/// Longest side of a picture, in pixels.
const MAX_PIXELS: u32 = 8000;

/// Largest document, in bytes: one request holds it beside a conversation.
const MAX_DOCUMENT_BYTES: usize = 16 * 1024 * 1024;

/// Where the end of a document says whether it is encrypted, in bytes.
const TRAILER_BYTES: usize = 4096;

/// What a file is, by its first bytes; none for every other file.
pub(super) fn kind(bytes: &[u8]) -> Option<AttachmentType> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some(AttachmentType::Png)
    } else if bytes.starts_with(b"\xff\xd8\xff") {
        Some(AttachmentType::Jpeg)
    } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        Some(AttachmentType::Gif)
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some(AttachmentType::Webp)
    } else if bytes.starts_with(b"%PDF-") {
        Some(AttachmentType::Pdf)
    } else {
        None
    }
}

/// Width and height, where the file says them.
pub(super) fn dimensions(kind: AttachmentType, bytes: &[u8]) -> Option<(u32, u32)> {
    let big = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let little16 = |at: usize| Some(u32::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
    match kind {
        AttachmentType::Png => Some((big(16)?, big(20)?)),
        AttachmentType::Gif => Some((little16(6)?, little16(8)?)),
        AttachmentType::Jpeg => jpeg(bytes),
        AttachmentType::Webp => match bytes.get(12..16)? {
            b"VP8 " => Some((little16(26)? & 0x3fff, little16(28)? & 0x3fff)),
            b"VP8L" => {
                let bits = u32::from_le_bytes(bytes.get(21..25)?.try_into().ok()?);
                Some(((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1))
            }
            b"VP8X" => {
                let side = |at: usize| Some((little16(at)? | (u32::from(*bytes.get(at + 2)?) << 16)) + 1);
                Some((side(24)?, side(27)?))
            }
            _ => None,
        },
        AttachmentType::Pdf => None,
    }
}

/// The frame header, behind other segments.
fn jpeg(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        let [0xff, marker, high, low] = *bytes.get(at..at + 4)? else { return None };
        let is_frame = (0xc0..=0xcf).contains(&marker) && !matches!(marker, 0xc4 | 0xc8 | 0xcc);
        if is_frame {
            let side = |at: usize| Some(u32::from(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
            return Some((side(at + 7)?, side(at + 5)?));
        }
        at += 2 + usize::from(u16::from_be_bytes([high, low]));
    }
}

/// Whether a model's API takes it.
pub(super) fn check(shown: &str, kind: AttachmentType, bytes: &[u8]) -> Result<(), ToolFailure> {
    let too_large = |what: String| Err(ToolFailure::new(ToolErrorKind::LimitExceeded, what));
    if kind == AttachmentType::Pdf {
        let ends = [bytes.get(..TRAILER_BYTES), bytes.get(bytes.len().saturating_sub(TRAILER_BYTES)..)];
        let is_encrypted = ends.into_iter().flatten().any(|end| end.windows(8).any(|window| window == b"/Encrypt"));
        if is_encrypted {
            let message = format!("`{shown}` is an encrypted PDF, which no model reads; ask the user for one without");
            return Err(ToolFailure::new(ToolErrorKind::Failed, message));
        }
        if bytes.len() > MAX_DOCUMENT_BYTES {
            let most = MAX_DOCUMENT_BYTES / (1024 * 1024);
            return too_large(format!("`{shown}` is larger than {most} MiB, which is the most that a PDF may have"));
        }
        return Ok(());
    }
    let Some((width, height)) = dimensions(kind, bytes) else {
        let message = format!("`{shown}` begins as {} but is broken", kind.as_str());
        return Err(ToolFailure::new(ToolErrorKind::Failed, message));
    };
    if width == 0 || height == 0 || width.max(height) > MAX_PIXELS {
        return too_large(format!("`{shown}` has {width} × {height} pixels; a side has 1 to {MAX_PIXELS}; scale it"));
    }
    if bytes.len() > MAX_PICTURE_BYTES {
        let size = bytes.len();
        return too_large(format!("`{shown}` has {size} bytes; a picture has at most {MAX_PICTURE_BYTES}; scale it"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_sides(bytes: &[u8], expected: Option<(u32, u32)>) {
        let kind = kind(bytes).unwrap();
        assert_eq!(dimensions(kind, bytes), expected);
        assert_eq!(check("a", kind, bytes).is_ok(), expected.is_some());
        for end in 0..bytes.len() {
            let _ = dimensions(kind, &bytes[..end]);
        }
    }

    #[test]
    fn sides_are_read_from_each_format() {
        check_sides(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x01\x00\0\0\0\x10", Some((256, 16)));
        check_sides(b"GIF89a\x05\0\x06\0", Some((5, 6)));
        check_sides(b"\xff\xd8\xff\xe0\0\x04ab\xff\xc2\0\x0b\x08\0\x06\0\x05\x01", Some((5, 6)));
        check_sides(b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x05\0\x06\0", Some((5, 6)));
        check_sides(b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\x04\x40\x01\0", Some((5, 6)));
        check_sides(b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\x04\0\0\x05\0\0", Some((5, 6)));
        check_sides(b"\xff\xd8\xff\xd9", None);
        assert_eq!(kind(b"MZ"), None);
        assert!(check("a", AttachmentType::Pdf, b"%PDF-1.7 x").is_ok());
        assert!(check("a", AttachmentType::Pdf, b"%PDF-1.7 trailer << /Encrypt 1 0 R >>").is_err());
        let huge = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x1f\x41\0\0\0\x10";
        assert!(check("a", AttachmentType::Png, huge).unwrap_err().message.contains("8001 × 16 pixels"));
    }
}
