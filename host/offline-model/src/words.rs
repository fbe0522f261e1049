//! Words of a message: what looks like a table, a file, a number.

/// Endings by which a dotted word is a file and not a table.
const FILE_ENDINGS: [&str; 22] = [
    "md", "txt", "csv", "tsv", "json", "jsonl", "sql", "py", "ipynb", "yaml", "yml", "toml", "html", "css", "js", "ts",
    "rs", "sh", "log", "xml", "cfg", "ini",
];

/// The message's words without the punctuation around them, as typed.
pub(super) fn words(message: &str) -> Vec<&str> {
    message
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '"' | '\''))
        .map(|word| word.trim_matches(|c: char| matches!(c, '.' | '?' | '!' | ':')))
        .filter(|word| !word.is_empty())
        .collect()
}

/// Whether a word names a file of the project.
pub(super) fn is_file(word: &str) -> bool {
    let word = word.trim_matches('`');
    let ending = word.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    word.contains('/') || ending.is_some_and(|ending| FILE_ENDINGS.contains(&ending.as_str()))
}

/// The first word that names a file.
pub(super) fn file<'a>(words: &[&'a str]) -> Option<&'a str> {
    words.iter().find(|word| is_file(word)).map(|word| word.trim_matches('`'))
}

fn is_name_part(part: &str) -> bool {
    let part = part.trim_matches('`');
    !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

/// Whether a word is a name of one to three parts.
pub(super) fn is_name(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    (1..=3).contains(&parts.len()) && parts.iter().all(|part| is_name_part(part))
}

/// The table that a message is about: a dotted name, else the word after `table`, else the word after `from` or `in`
/// at the very end.
pub(super) fn table(words: &[&str]) -> Option<String> {
    let dotted = words.iter().find(|word| word.contains('.') && is_name(word) && !is_file(word));
    let after = |keys: &[&str]| {
        let at = words.iter().rposition(|word| keys.contains(&word.to_ascii_lowercase().as_str()))?;
        let word = words.get(at.checked_add(1)?)?;
        (is_name(word) && !is_file(word) && !is_filler(word)).then_some(word)
    };
    let last = || {
        let from = words.len().checked_sub(2)?;
        let key = words.get(from)?.to_ascii_lowercase();
        let word = words.last()?;
        (matches!(key.as_str(), "from" | "in" | "of") && is_name(word) && !is_filler(word)).then_some(word)
    };
    dotted.or_else(|| after(&["table"])).or_else(last).map(|word| quoted(word))
}

/// Words that stand where a name could, and name nothing.
pub(super) fn is_filler(word: &str) -> bool {
    const FILLERS: [&str; 24] = [
        "each",
        "the",
        "all",
        "total",
        "it",
        "this",
        "that",
        "these",
        "those",
        "them",
        "there",
        "here",
        "my",
        "our",
        "your",
        "which",
        "what",
        "general",
        "workspace",
        "databricks",
        "files",
        "and",
        "both",
        "any",
    ];
    FILLERS.contains(&word.to_ascii_lowercase().as_str())
}

/// A name as SQL takes it: parts in backticks where they need them.
pub(super) fn quoted(name: &str) -> String {
    let parts: Vec<String> = name
        .split('.')
        .map(|part| {
            let part = part.trim_matches('`');
            let plain = part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                && !part.starts_with(|c: char| c.is_ascii_digit());
            if plain { part.to_owned() } else { format!("`{}`", part.replace('`', "``")) }
        })
        .collect();
    parts.join(".")
}

/// A number between 1 and 1000 in digits or, up to ten, in words.
pub(super) fn number(word: &str) -> Option<u32> {
    const NAMES: [&str; 10] = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    let named = NAMES.iter().position(|name| *name == word).and_then(|at| u32::try_from(at.saturating_add(1)).ok());
    named.or_else(|| word.parse().ok()).filter(|n| (1..=1000).contains(n))
}
