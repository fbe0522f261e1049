//! The package reader: hostile files are refused, and what is taken survives signing and packing again.

use bricklayer_package::{Inspection, pack_foreign, read, review_for_author, signed_part, with_signature};

/// Any bytes as a package.
pub fn package(data: &[u8]) {
    let Ok((signed, signature)) = signed_part(data) else {
        assert!(read(data).is_err(), "a reader that looks less closely than the check of signatures");
        return;
    };
    assert!(data.starts_with(signed) && (signature.is_some() || signed.len() == data.len()));
    let Ok(contents) = read(data) else { return };
    assert!(!contents.functions.is_empty() && contents.functions.iter().all(|function| !function.docs.is_empty()));
    assert!(serde_json::to_string(&Inspection::of(&contents)).is_ok());
    let _ = review_for_author(&contents);

    let Ok(resigned) = with_signature(data, "a signature") else { return };
    assert_eq!(signed_part(&resigned).ok(), Some((signed, Some("a signature"))));
    let again = read(&resigned).map(|again| again.functions);
    assert!(again.is_ok_and(|again| again == contents.functions), "a signature changed the tools");

    let packed = pack_foreign(data, &contents.manifest_text).map(|packed| packed.contents.functions);
    assert!(packed.is_ok_and(|packed| packed == contents.functions), "packing again changed the tools");
}

/// A component with one function `run`, as small as they come: raw bytes mutate its sections rather than the distance
/// to the first valid one.
const SMALLEST: &[u8] = b"\0asm\x0d\0\x01\0\
    \x01\x1f\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x07\x05\x01\x01f\0\0\x0a\x04\x01\x02\0\x0b\
    \x02\x04\x01\0\0\0\
    \x07\x05\x01\x40\0\x01\0\
    \x06\x07\x01\0\0\x01\0\x01f\
    \x08\x06\x01\0\0\0\0\0\
    \x0b\x09\x01\0\x03run\x01\0\0";

const MANIFEST: &str = "name = \"t\"\nversion = \"1.0.0\"\ndescription = \"\"\n";

/// A list of custom sections behind a component that is well: for each a byte that names it, a byte for its length in
/// units of eight, and its contents.
pub fn sections(data: &[u8]) {
    let mut bytes = SMALLEST.to_vec();
    let mut rest = data;
    while let Some(([which, eighths], after)) = rest.split_at_checked(2).and_then(|(head, after)| {
        let head: [u8; 2] = head.try_into().ok()?;
        Some((head, after))
    }) {
        let (name, contents): (&str, Option<&[u8]>) = match which % 8 {
            0 => ("bricklayer-manifest", None),
            1 => ("bricklayer-manifest", Some(MANIFEST.as_bytes())),
            2 => ("package-docs", None),
            3 => ("bricklayer-icon", None),
            4 => ("bricklayer-readme", None),
            5 => ("bricklayer-signature", None),
            6 => ("producers", None),
            _ => ("name", None),
        };
        let (own, after) = after.split_at(after.len().min(usize::from(eighths) * 8));
        append(&mut bytes, name, contents.unwrap_or(own));
        rest = after;
    }
    package(&bytes);
}

fn append(out: &mut Vec<u8>, name: &str, contents: &[u8]) {
    let mut data = Vec::new();
    leb128(&mut data, name.len());
    data.extend_from_slice(name.as_bytes());
    data.extend_from_slice(contents);
    out.push(0);
    leb128(out, data.len());
    out.extend_from_slice(&data);
}

fn leb128(out: &mut Vec<u8>, mut value: usize) {
    loop {
        let byte = u8::try_from(value & 0x7f).unwrap_or_default();
        value >>= 7;
        if value == 0 {
            return out.push(byte);
        }
        out.push(byte | 0x80);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_smallest_component_is_one() {
        let tools = bricklayer_package::pack_foreign(super::SMALLEST, super::MANIFEST).unwrap().contents.functions;
        assert_eq!(tools.iter().map(|tool| tool.tool.as_str()).collect::<Vec<_>>(), ["run"]);
    }
}
