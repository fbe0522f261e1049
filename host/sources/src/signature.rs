//! Who vouches for a package: minisign signatures (Ed25519 over BLAKE2b), an operator's trusted keys, and what to do
//! about a package that nobody known has signed.
//!
//! A signature proves that the holder of a key signed these bytes, nothing about what the bytes do: grants do that.
//! The format is minisign's, so `minisign -S` and `minisign -V` read and write the same files and keys.

mod keys;
mod policy;

use std::io::Cursor;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDate, Utc};
use minisign::{PublicKey, SecretKey, SecretKeyBox, SignatureBox};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

pub use keys::{KeyError, PublisherName, TrustedKeys, key_id};
pub use policy::{SignaturePolicy, Verdict};

/// Longest signature text, in bytes: four short lines, so anything longer is not one.
pub const MAX_SIGNATURE_BYTES: usize = 4096;

/// Length of an Ed25519 signature, in bytes.
const ED25519_BYTES: usize = 64;

/// A new key pair, as the two texts that are kept in files.
#[derive(Debug)]
pub struct KeyPair {
    /// For everybody; its last line is what `plugins.trusted_keys` takes.
    pub public_key: String,
    /// For the publisher alone.
    pub secret_key: SecretString,
}

/// What a signature says about a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum SignatureStatus {
    /// There is none.
    Unsigned,
    /// Signed with a key that the operator trusts.
    Trusted {
        /// Whose key, in the operator's words.
        publisher: PublisherName,
    },
    /// Signed, but with a key that nobody here knows, so that it proves nothing.
    UnknownKey {
        /// The key's id, 16 hexadecimal digits as minisign prints them.
        key_id: String,
    },
    /// Signed with a trusted key past its date.
    Expired {
        /// Whose key.
        publisher: PublisherName,
        /// The first day (UTC) on which it no longer counted.
        on: NaiveDate,
    },
    /// Not a signature, or not of these bytes.
    Invalid {
        /// Why.
        reason: String,
    },
}

impl SignatureStatus {
    /// The word that is stored and sent: `trusted`, `unknown-key`, `unsigned`, `expired`, `invalid`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::Trusted { .. } => "trusted",
            Self::UnknownKey { .. } => "unknown-key",
            Self::Expired { .. } => "expired",
            Self::Invalid { .. } => "invalid",
        }
    }

    /// The publisher, when the key is known and counts.
    #[must_use]
    pub fn publisher(&self) -> Option<&PublisherName> {
        match self {
            Self::Trusted { publisher } => Some(publisher),
            Self::Unsigned | Self::UnknownKey { .. } | Self::Expired { .. } | Self::Invalid { .. } => None,
        }
    }
}

/// Signing or making a key failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The secret key's text cannot be used.
    #[error(
        "the secret key cannot be read ({0}); it is the file that `bricklayer plugin keygen` or `minisign -G` wrote"
    )]
    SecretKey(String),
    /// The secret key is protected and no password was given.
    #[error("the secret key is protected by a password; give it")]
    PasswordNeeded,
    /// The comment has more than one line.
    #[error("the comment of a signature is one line of at most 512 bytes")]
    Comment,
    /// The library failed.
    #[error("signing failed: {0}")]
    Failed(String),
}

/// Length of a secret key: algorithms, scrypt's parameters, key id, key, checksum.
const SECRET_KEY_BYTES: usize = 158;

/// Longest trusted comment, in bytes.
const MAX_COMMENT_BYTES: usize = 512;

/// Makes a key pair; with a password the secret key's file is useless without it.
///
/// With a password this takes a second of computation (scrypt): call it from a thread that may block.
///
/// # Errors
/// When the system gives no randomness.
pub fn keygen(password: Option<&SecretString>) -> Result<KeyPair, SignatureError> {
    let failed = |error: minisign::PError| SignatureError::Failed(error.to_string());
    let pair = match password {
        None => minisign::KeyPair::generate_unencrypted_keypair(),
        Some(password) => minisign::KeyPair::generate_encrypted_keypair(Some(password.expose_secret().to_owned())),
    }
    .map_err(failed)?;
    let public_key = pair.pk.to_box().map_err(failed)?.into_string();
    let secret_key = pair.sk.to_box(Some("bricklayer secret key")).map_err(failed)?.into_string();
    Ok(KeyPair { public_key, secret_key: secret_key.into() })
}

/// Signs bytes: the part of a package that a signature covers. `comment` is signed along, for people to read.
///
/// Two signatures of the same bytes differ (the library adds randomness), so sign once and keep the result.
///
/// # Errors
/// When the key cannot be read, is protected and no password was given, or the comment is not one line.
pub fn sign(
    signed_part: &[u8],
    secret_key: &SecretString,
    password: Option<&SecretString>,
    comment: &str,
) -> Result<String, SignatureError> {
    if comment.len() > MAX_COMMENT_BYTES || comment.chars().any(char::is_control) {
        return Err(SignatureError::Comment);
    }
    let key = read_secret_key(secret_key, password)?;
    let failed = |error: minisign::PError| SignatureError::Failed(error.to_string());
    // Checked against its own public half, so that a damaged key does not sign.
    let public = PublicKey::from_secret_key(&key).map_err(failed)?;
    let untrusted = Some("bricklayer package signature");
    let signature =
        minisign::sign(Some(&public), &key, Cursor::new(signed_part), Some(comment), untrusted).map_err(failed)?;
    Ok(signature.into_string())
}

/// Says what a signature is worth for these bytes at a time.
///
/// `signed_part` is the package without its own signature section; `signature` the text of that section or of a
/// `.minisig` file beside it.
#[must_use]
pub fn verify(
    signed_part: &[u8],
    signature: Option<&str>,
    trusted: &TrustedKeys,
    now: DateTime<Utc>,
) -> SignatureStatus {
    let Some(text) = signature else { return SignatureStatus::Unsigned };
    let signature = match parse(text) {
        Ok(signature) => signature,
        Err(reason) => return SignatureStatus::Invalid { reason },
    };
    let Some(key) = trusted.find(signature.keynum()) else {
        return SignatureStatus::UnknownKey { key_id: keys::id_text(signature.keynum()) };
    };
    if let Err(reason) = check(&key.key, &signature, signed_part) {
        return SignatureStatus::Invalid { reason };
    }
    match key.expires {
        Some(on) if now.date_naive() >= on => SignatureStatus::Expired { publisher: key.publisher.clone(), on },
        Some(_) | None => SignatureStatus::Trusted { publisher: key.publisher.clone() },
    }
}

fn read_secret_key(text: &SecretString, password: Option<&SecretString>) -> Result<SecretKey, SignatureError> {
    let unreadable = |what: &dyn std::fmt::Display| SignatureError::SecretKey(what.to_string());
    let line = text.expose_secret().lines().nth(1).ok_or_else(|| unreadable(&"it has one line"))?;
    let bytes = STANDARD.decode(line.trim()).map_err(|error| unreadable(&error))?;
    if bytes.len() != SECRET_KEY_BYTES {
        return Err(unreadable(&"it has the wrong length"));
    }
    // Not through the library's text form: it refuses the unprotected keys that minisign itself writes (no checksum).
    let key = SecretKey::from_bytes(&bytes).map_err(|error| unreadable(&error))?;
    match (key.is_encrypted(), password) {
        (false, _) => Ok(key),
        (true, None) => Err(SignatureError::PasswordNeeded),
        (true, Some(password)) => SecretKeyBox::from_string(text.expose_secret())
            .and_then(|text| text.into_secret_key(Some(password.expose_secret().to_owned())))
            .map_err(|error| unreadable(&error)),
    }
}

fn check(key: &PublicKey, signature: &SignatureBox, signed_part: &[u8]) -> Result<(), String> {
    let (quiet, output, allow_legacy) = (true, false, false);
    minisign::verify(key, signature, Cursor::new(signed_part), quiet, output, allow_legacy)
        .map_err(|error| format!("it does not belong to these bytes ({error})"))
}

/// Reads a signature text; the library indexes into the second signature, so its length is checked first.
fn parse(text: &str) -> Result<SignatureBox, String> {
    if text.len() > MAX_SIGNATURE_BYTES {
        return Err(format!("it is longer than {MAX_SIGNATURE_BYTES} bytes"));
    }
    let unreadable = |what: &str| format!("it is not a minisign signature ({what})");
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let [_, signature, _, global] = lines.as_slice() else {
        return Err(unreadable("four lines are expected"));
    };
    let base64_bytes = |line: &str| line.trim().trim_end_matches('=').len() * 3 / 4;
    if base64_bytes(global) != ED25519_BYTES || base64_bytes(signature) != 2 + 8 + ED25519_BYTES {
        return Err(unreadable("a line has the wrong length"));
    }
    SignatureBox::from_string(text).map_err(|error| unreadable(&error.to_string()))
}

#[cfg(test)]
mod tests;
