//! `plugin.toml`: nothing crashes the reader, and what it takes it writes and reads again without loss.

use bricklayer_package::{Manifest, Power};

/// Any text as a manifest.
pub fn manifest(data: &[u8]) {
    let text = crate::text(data);
    let Ok(manifest) = Manifest::parse(&text) else { return };
    let written = toml::to_string(&manifest).unwrap_or_default();
    let again = Manifest::parse(&written);
    assert!(again.as_ref().is_ok_and(|again| *again == manifest), "{again:?}\nfrom {written}");

    let requests = manifest.requests();
    assert!(requests.ids().iter().all(|id| Power::parse(id).is_ok_and(|power| requests.contains(&power))));
    assert!(requests.len() <= 600, "a person has to read them: {}", requests.len());
    let words = manifest.requests_in_words();
    assert_eq!(words.is_empty(), requests.is_empty());
    // What a person reads is what is meant: nothing in it moves the cursor or turns the text round.
    let shown = words.iter().chain(&manifest.authors).chain([&manifest.description, &manifest.licence]);
    assert!(shown.into_iter().all(|line| !line.chars().any(char::is_control)));
}
