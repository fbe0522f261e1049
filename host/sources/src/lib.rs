//! Where packages come from and who vouches for them: files, https, OCI registries, signatures, an operator's policy.
//!
//! A [`Source`] is what a person writes; a [`SourcePolicy`] says which ones an operator allows; a [`Fetcher`] turns one
//! into bytes whose digest is known; [`verify`] and [`SignaturePolicy`] say whether somebody trusted vouches for them.
//! What the bytes mean is not known here: that is `host/package`.

mod fetch;
mod policy;
mod signature;
mod source;

pub use fetch::{Fetched, Fetcher, FetcherSettings, MAX_PACKAGE_BYTES, SourceError};
pub use policy::{PolicyParseError, PolicyRefusal, SourcePolicy};
pub use signature::{
    KeyError, KeyPair, MAX_SIGNATURE_BYTES, PublisherName, SignatureError, SignaturePolicy, SignatureStatus,
    TrustedKeys, Verdict, key_id, keygen, sign, verify,
};
pub use source::{FileSource, OciSource, OciVersion, Source, SourceParseError, WebSource};
