use std::fmt::Write as _;

use super::*;

/// Has what tokens have: letters in both cases, digits, and what URLs and JSON escape.
const SECRET: &str = "dapi-Canary/7+e30.x_Q=~canary";

fn each(spell: impl Fn(char) -> String) -> String {
    SECRET.chars().map(spell).collect()
}

fn joined(by: &str, spell: impl Fn(u8) -> String) -> String {
    SECRET.bytes().map(spell).collect::<Vec<_>>().join(by)
}

fn encode(text: &str, bits: usize, alphabet: &str) -> String {
    let binary: String = text.bytes().fold(String::new(), |mut all, byte| {
        let _ = write!(all, "{byte:08b}");
        all
    });
    let padded = format!("{binary}{}", "0".repeat((bits - binary.len() % bits) % bits));
    padded
        .as_bytes()
        .chunks(bits)
        .map(|digit| usize::from_str_radix(std::str::from_utf8(digit).unwrap(), 2).unwrap())
        .map(|digit| char::from(alphabet.as_bytes()[digit]))
        .collect()
}

const STANDARD: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn base64(text: &str) -> String {
    encode(text, 6, STANDARD)
}

fn lines(text: &str, width: usize, end: &str) -> String {
    text.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect::<Vec<_>>().join(end)
}

/// Nothing of the spelled text is left but `left` bytes at its ends, which hold less than a byte of the credential
/// each, and everything around it stays.
#[track_caller]
fn gone(spelled: &str, left: usize) {
    let text = format!("before {spelled} after");
    let redactor = Redactor::new(SECRET);
    let seen = redactor.text(&text);
    assert_eq!(seen.len(), text.len(), "{spelled}");
    assert!(seen.starts_with("before ") && seen.ends_with(" after"), "{seen}");
    let kept = seen["before ".len()..seen.len() - " after".len()].chars().filter(|c| *c != '*').count();
    assert!(kept <= left, "{spelled} became {seen}");
    assert!(redactor.finds(text.as_bytes()));
}

#[test]
fn every_usual_spelling_is_found() {
    gone(SECRET, 0);
    gone(&SECRET.to_uppercase(), 0);
    gone(&SECRET.to_lowercase(), 0);
    gone(&SECRET.chars().rev().collect::<String>(), 0);
    gone(&lines(SECRET, 10, "\r\n\t"), 0);
    gone(&lines(SECRET, 10, "=\n"), 0);
    gone(&each(|c| format!("{c}\0")), 1);
    gone(&each(|c| format!("\0\0\0{c}")), 3);
    // Escapes of all characters, or of those that need it.
    for spell in [
        |c: char| format!("%{:02X}", c as u32),
        |c: char| format!("%{:02x}", c as u32),
        |c: char| format!("%25{:02X}", c as u32),
        |c: char| format!("%2525{:02X}", c as u32),
        |c: char| format!("%u{:04x}", c as u32),
        |c: char| format!("\\u{:04x}", c as u32),
        |c: char| format!("\\u{:04X}", c as u32),
        |c: char| format!("\\\\u{:04x}", c as u32),
        |c: char| format!("\\u{{{:x}}}", c as u32),
        |c: char| format!("\\U{:08x}", c as u32),
        |c: char| format!("\\x{:02x}", c as u32),
        |c: char| format!("\\{:03o}", c as u32),
        |c: char| format!("&#{};", c as u32),
        |c: char| format!("&#{:04};", c as u32),
        |c: char| format!("&#x{:X};", c as u32),
        |c: char| format!("&amp;#x{:x};", c as u32),
        |c: char| format!("={:02X}", c as u32),
    ] {
        gone(&each(spell), 0);
        gone(&each(|c| if c.is_ascii_alphanumeric() { c.to_string() } else { spell(c) }), 0);
        gone(&each(|c| if c.is_ascii_lowercase() { spell(c) } else { c.to_string() }), 0);
    }
    gone(&SECRET.replace('/', "\\/"), 0);
    gone(&SECRET.replace('/', "\\\\\\/"), 0);
    // Digits and numbers.
    for (by, prefix) in [("", ""), (":", ""), (" ", ""), ("-", ""), ("\\n", ""), (", ", "0x"), (",\n  ", "0X")] {
        gone(&joined(by, |byte| format!("{prefix}{byte:02x}")), 2);
        gone(&joined(by, |byte| format!("{prefix}{byte:02X}")), 2);
    }
    gone(&joined(", ", |byte| byte.to_string()), 0);
    gone(&joined(",\n      ", |byte| byte.to_string()), 0);
}

#[test]
fn base_64_and_32_are_found_at_every_alignment() {
    for before in ["", "u", "us", "use", "user", "user:", "Bearer ", "token:"] {
        for after in ["", "x", "xy", "xyz"] {
            let text = format!("{before}{SECRET}{after}");
            // What is left spells the text around it, and less than a byte of the credential at either end.
            let around = |bits: usize| (before.len() * 8).div_ceil(bits) + (after.len() * 8).div_ceil(bits) + 2;
            for alphabet in [STANDARD, URL_SAFE] {
                let encoded = encode(&text, 6, alphabet);
                let padded = format!("{encoded}{}", "=".repeat((4 - encoded.len() % 4) % 4));
                gone(&encoded, around(6));
                gone(&padded, around(6) + 2);
                gone(&lines(&encoded, 20, "\r\n"), around(6) + 4);
                gone(&lines(&encoded, 20, "\\n"), around(6) + 4);
                gone(&encoded.replace('+', "%2B").replace('/', "%2F"), around(6) + 4);
                gone(&encoded.replace('+', "\\u002b").replace('/', "\\/"), around(6) + 10);
            }
            gone(&encode(&text, 5, BASE32), around(5));
            gone(&encode(&text, 5, BASE32).to_lowercase(), around(5));
        }
    }
}

#[test]
fn ordinary_text_stays() {
    let redactor = Redactor::new(SECRET);
    for text in [
        "",
        "dapi-Canary/7+e30.x_Q=~canar",
        "dapi-Canary",
        "100% of a \\ path\\name & co = &#; &#x; %zz %",
        "{\"a\": \"\\u0064\\u0061\", \"b\": [100, 97, 112]}",
        &base64("another credential altogether"),
    ] {
        assert_eq!(redactor.text(text), text);
        assert!(!redactor.finds(text.as_bytes()));
    }
    // A word is no credential.
    assert!(Redactor::new("secret").is_idle());
    assert_eq!(Redactor::new("secret").text("the secret"), "the secret");
}

#[test]
fn what_may_be_a_beginning_is_held_and_bounded() {
    let redactor = Redactor::new(SECRET);
    let held = |text: &str| text.len() - redactor.blot(&mut text.as_bytes().to_vec());
    assert_eq!(held("nothing."), 0);
    assert_eq!(held("then dapi-Can"), 8);
    assert_eq!(held("then %64\\u006"), 8);
    // Blanks within a credential are passed over, but not for ever.
    assert_eq!(held(&format!("dapi{}", " ".repeat(10))), 14);
    assert_eq!(held(&format!("dapi{}", " ".repeat(1_000))), 0);
    assert_eq!(held(&"\\".repeat(1_000)), 8);
}

#[test]
fn two_in_one_text_and_one_after_a_false_start() {
    let redactor = Redactor::new(SECRET);
    let stars = "*".repeat(SECRET.len());
    assert_eq!(redactor.text(&format!("dapi-dapi-{SECRET}{SECRET}.")), format!("dapi-dapi-{stars}{stars}."));
}
