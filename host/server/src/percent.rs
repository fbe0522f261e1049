//! Paths in addresses (RFC 3986, section 2.1).

/// The bytes that a percent-encoded text stands for; none when an escape is broken.
pub(crate) fn percent_decode(text: &str) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let (digits, after) = rest.split_at_checked(2)?;
            let digits = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()))?;
            decoded.push(u8::from_str_radix(digits, 16).ok()?);
            rest = after;
        } else {
            decoded.push(byte);
        }
    }
    Some(decoded)
}

/// A path as an address spells it: everything but what no address needs to escape.
pub(crate) fn percent_encode(path: &[u8]) -> String {
    let mut encoded = String::with_capacity(path.len());
    for &byte in path {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~' | b'/') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_come_back_as_they_were() {
        for path in [&b"a/b.md"[..], b"\xff\0 %", "größe ü/x".as_bytes(), b""] {
            assert_eq!(percent_decode(&percent_encode(path)).as_deref(), Some(path));
        }
        for broken in ["%", "%4", "%zz", "a%"] {
            assert_eq!(percent_decode(broken), None, "{broken}");
        }
    }
}
