//! The text of the table, as `build.rs` packed it.

const PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/fields.bin"));

/// The first byte that stands for a pair.
const FIRST_PAIR: u8 = 0x80;

/// The whole text.
pub(super) fn text() -> String {
    let Some((count, rest)) = PACKED.split_first() else { return String::new() };
    let (pairs, packed) = rest.split_at_checked(2 * usize::from(*count)).unwrap_or_default();
    let mut text = String::new();
    // What is still to be written, the next one last.
    let mut open: Vec<u8> = Vec::new();
    for byte in packed {
        open.push(*byte);
        while let Some(byte) = open.pop() {
            match byte.checked_sub(FIRST_PAIR).map(usize::from) {
                None => text.push(char::from(byte)),
                Some(code) => open.extend(pairs.get(2 * code..2 * code + 2).into_iter().flatten().rev()),
            }
        }
    }
    text
}
