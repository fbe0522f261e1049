//! The keys that an operator trusts, each with a publisher's name and perhaps a last day.

use std::fmt;

use chrono::NaiveDate;
use minisign::PublicKey;
use serde::{Deserialize, Serialize};

/// Most trusted keys: the setting is one line.
const MAX_KEYS: usize = 100;

/// Longest name of a publisher, in bytes.
const MAX_NAME_BYTES: usize = 64;

/// What the operator calls a publisher: 1 to 64 letters, digits, `.`, `-`, `_`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PublisherName(String);

impl PublisherName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PublisherName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The keys that an operator trusts.
#[derive(Debug, Clone, Default)]
pub struct TrustedKeys {
    keys: Vec<TrustedKey>,
}

#[derive(Clone)]
pub(super) struct TrustedKey {
    pub(super) publisher: PublisherName,
    pub(super) key: PublicKey,
    /// The first day (UTC) on which the key no longer counts.
    pub(super) expires: Option<NaiveDate>,
}

impl fmt::Debug for TrustedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustedKey")
            .field("publisher", &self.publisher)
            .field("key_id", &id_text(self.key.keynum()))
            .field("expires", &self.expires)
            .finish()
    }
}

/// A text that names no trusted keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{entry:?} is not a trusted key: {problem}; write name=RW… (the last line of a minisign public key), optionally followed by ;expires=2027-01-01, and separate keys by commas"
)]
pub struct KeyError {
    entry: String,
    problem: String,
}

impl TrustedKeys {
    /// Reads the setting `plugins.trusted_keys`: `acme=RWQ…;expires=2027-01-01, other=RW…`. Empty trusts nobody.
    ///
    /// # Errors
    /// Names the entry that cannot be read.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut keys: Vec<TrustedKey> = Vec::new();
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let fail = |problem: String| KeyError { entry: entry.to_owned(), problem };
            let key = TrustedKey::parse(entry).map_err(fail)?;
            if keys.iter().any(|known| known.key.keynum() == key.key.keynum()) {
                return Err(fail(format!("the key {} is listed twice", id_text(key.key.keynum()))));
            }
            if keys.len() == MAX_KEYS {
                return Err(fail(format!("more than {MAX_KEYS} keys are listed")));
            }
            keys.push(key);
        }
        Ok(Self { keys })
    }

    /// The publishers, as the operator wrote them.
    pub fn publishers(&self) -> impl Iterator<Item = &PublisherName> {
        self.keys.iter().map(|key| &key.publisher)
    }

    /// Whether nobody is trusted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(super) fn find(&self, id: &[u8]) -> Option<&TrustedKey> {
        self.keys.iter().find(|key| key.key.keynum() == id)
    }
}

impl TrustedKey {
    fn parse(entry: &str) -> Result<Self, String> {
        let (name, rest) = entry.split_once('=').ok_or("it has no =")?;
        let mut parts = rest.split(';').map(str::trim);
        let key = parse_public_key(parts.next().unwrap_or_default())?;
        let mut expires = None;
        for option in parts {
            let date = option.strip_prefix("expires=").ok_or_else(|| format!("{option:?} is not understood"))?;
            let date = date.parse::<NaiveDate>().map_err(|_| format!("{date:?} is not a date like 2027-01-01"))?;
            if expires.replace(date).is_some() {
                return Err("it has two dates".to_owned());
            }
        }
        Ok(Self { publisher: parse_name(name.trim())?, key, expires })
    }
}

fn parse_name(name: &str) -> Result<PublisherName, String> {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    if name.is_empty() || name.len() > MAX_NAME_BYTES || !plain {
        return Err(format!("the name is not 1 to {MAX_NAME_BYTES} letters, digits, dots, dashes or underscores"));
    }
    Ok(PublisherName(name.to_owned()))
}

fn parse_public_key(text: &str) -> Result<PublicKey, String> {
    // The first two bytes name the algorithm: "RW" in base64 is minisign's only one, Ed25519.
    if !text.starts_with("RW") {
        return Err("the key does not begin with RW".to_owned());
    }
    PublicKey::from_base64(text).map_err(|error| format!("the key cannot be read ({error})"))
}

/// The id of a public key, given as its file or as its base64 line, as minisign prints it.
///
/// # Errors
/// When the text is no public key.
pub fn key_id(public_key: &str) -> Result<String, KeyError> {
    let line = public_key.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    parse_public_key(line)
        .map(|key| id_text(key.keynum()))
        .map_err(|problem| KeyError { entry: line.chars().take(80).collect(), problem })
}

/// A key's id as minisign prints it: its eight bytes as a little-endian number.
pub(super) fn id_text(id: &[u8]) -> String {
    hex::encode_upper(id.iter().rev().copied().collect::<Vec<u8>>())
}
