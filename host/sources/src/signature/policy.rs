//! What the operator wants of signatures, and the verdict on one package.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::SignatureStatus;

/// The setting `plugins.signatures`. An invalid or expired signature is refused under each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignaturePolicy {
    /// Only packages that a trusted key has signed.
    Require,
    /// Others too, with a warning that is shown and recorded.
    #[default]
    Warn,
    /// Others too.
    Allow,
}

impl SignaturePolicy {
    /// The setting's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Require => "require",
            Self::Warn => "warn",
            Self::Allow => "allow",
        }
    }
}

impl FromStr for SignaturePolicy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "require" => Ok(Self::Require),
            "warn" => Ok(Self::Warn),
            "allow" => Ok(Self::Allow),
            _ => Err(format!("{text:?} is not a policy for signatures; write require, warn or allow")),
        }
    }
}

/// What to do with a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Use it.
    Accept,
    /// Use it and show this.
    AcceptWithWarning(String),
    /// Do not use it; the text says why and the way out.
    Refuse(String),
}

impl SignaturePolicy {
    /// Judges a package by its signature.
    #[must_use]
    pub fn judge(self, status: &SignatureStatus) -> Verdict {
        let problem = match status {
            SignatureStatus::Trusted { .. } => return Verdict::Accept,
            SignatureStatus::Invalid { reason } => {
                return Verdict::Refuse(format!(
                    "the signature is invalid: {reason}; the package or its signature was changed after signing: \
                     get both again from the publisher"
                ));
            }
            SignatureStatus::Expired { publisher, on } => {
                return Verdict::Refuse(format!(
                    "the key of {publisher} that signed the package expired on {on}; ask {publisher} to sign it with \
                     its current key, or ask the operator to extend the date in plugins.trusted_keys"
                ));
            }
            SignatureStatus::Unsigned => "the package is not signed".to_owned(),
            SignatureStatus::UnknownKey { key_id } => {
                format!("the package is signed with the key {key_id}, which the operator does not know")
            }
        };
        match self {
            Self::Allow => Verdict::Accept,
            Self::Warn => Verdict::AcceptWithWarning(format!("{problem}: nobody known vouches for it")),
            Self::Require => Verdict::Refuse(format!(
                "{problem}, and this host installs only what a trusted publisher has signed; sign it with a trusted key \
                 (`bricklayer plugin sign`), or ask the operator to add the publisher's key to plugins.trusted_keys"
            )),
        }
    }
}
