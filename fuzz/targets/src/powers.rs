//! Ids of powers, and what is left of gifts and requests together.

use bricklayer_package::{Power, Powers};

/// Lines of ids: what is given, an empty line, what is asked.
pub fn powers(data: &[u8]) {
    let text = crate::text(data);
    let (given, asked) = text.split_once("\n\n").unwrap_or((&text, ""));
    let (given, asked) = (set(given), set(asked));
    let effective = Powers::effective(&given, &asked);
    assert!(given.covers_all(&effective), "more than given: {given:?} {asked:?}");
    assert!(asked.covers_all(&effective), "more than asked: {given:?} {asked:?}");
    assert_eq!(Powers::effective(&asked, &asked), asked);

    let diff = Powers::diff(&given, &asked);
    assert_eq!(diff.added.union(&diff.kept), asked);
    assert!(diff.kept.iter().all(|power| given.covers(power)));
    assert!(diff.added.iter().all(|power| !given.covers(power)));
    let json = serde_json::to_string(&asked).unwrap_or_default();
    assert_eq!(serde_json::from_str::<Powers>(&json).ok(), Some(asked));
}

fn set(lines: &str) -> Powers {
    let mut powers = Powers::default();
    for line in lines.lines().take(64) {
        let Ok(power) = Power::parse(line) else { continue };
        assert_eq!(power.id(), line, "two spellings of one power");
        assert!(power.covers(&power) && !power.words().is_empty());
        powers.insert(power);
    }
    powers
}
