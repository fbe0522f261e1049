//! A package from a file: a regular one, of bounded size, with the signature that may lie beside it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use rustix::fs::OFlags;

use super::{Fetched, FetcherSettings, SourceError, digest_of, expect_digest};
use crate::signature::MAX_SIGNATURE_BYTES;
use crate::source::{FileSource, Source};

/// Reads the file, on a thread that may block.
pub(super) async fn read(settings: &FetcherSettings, file: &FileSource) -> Result<Fetched, SourceError> {
    let (file, limit) = (file.clone(), settings.max_bytes);
    tokio::task::spawn_blocking(move || read_blocking(&file, limit))
        .await
        .map_err(|error| SourceError::Internal(error.to_string()))?
}

fn read_blocking(file: &FileSource, limit: u64) -> Result<Fetched, SourceError> {
    let shown = file.path().display().to_string();
    let failed = |error| not_readable(file.path(), error);
    let path = file.path().canonicalize().map_err(failed)?;
    let bytes = match read_bounded(&path, limit).map_err(failed)? {
        Some(bytes) => Bytes::from(bytes),
        None => return Err(SourceError::TooLarge { what: shown, limit_bytes: limit }),
    };
    let digest = digest_of(&bytes)?;
    let source = Source::File(file.clone());
    if let Some(expected) = source.expected_digest() {
        expect_digest(&shown, expected, &digest)?;
    }
    let pinned = Source::File(file.with_digest(path.clone(), digest.clone()));
    Ok(Fetched { bytes, digest, pinned, signature_sidecar: sidecar(&path)? })
}

/// The text of `<path>.minisig`, if there is one.
fn sidecar(path: &Path) -> Result<Option<String>, SourceError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".minisig");
    let path = PathBuf::from(name);
    let limit = u64::try_from(MAX_SIGNATURE_BYTES).unwrap_or(u64::MAX);
    match read_bounded(&path, limit) {
        Ok(Some(bytes)) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Ok(None) => Err(SourceError::TooLarge { what: path.display().to_string(), limit_bytes: limit }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(not_readable(&path, error)),
    }
}

/// The bytes of a regular file, or nothing when there are more than the limit.
fn read_bounded(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    // Without waiting: opening a named pipe would block until somebody writes.
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file: File = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((u64::try_from(bytes.len()).unwrap_or(u64::MAX) <= limit).then_some(bytes))
}

fn not_readable(path: &Path, error: io::Error) -> SourceError {
    let shown = path.display().to_string();
    match error.kind() {
        io::ErrorKind::NotFound => {
            let remedy = format!("it was not found; {}", missing_remedy(&shown));
            SourceError::File { path: shown, remedy, source: error }
        }
        io::ErrorKind::PermissionDenied => {
            SourceError::File { path: shown, remedy: "give the host's user leave to read it".to_owned(), source: error }
        }
        _ => {
            SourceError::File { path: shown, remedy: format!("{error}; name the package's .wasm file"), source: error }
        }
    }
}

/// A name that looks like a registry's is most likely meant as one.
fn missing_remedy(path: &str) -> String {
    match path.split_once('/') {
        Some((first, rest)) if first.contains('.') && !first.starts_with('.') && rest.contains(':') => {
            format!("for a registry write oci://{path}")
        }
        _ => "check the path; it is read on the machine that runs the host".to_owned(),
    }
}
