//! The bundle's files as they are in the project, with the digests of their contents.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::time::UNIX_EPOCH;

use bricklayer_bundle::{Bundle, is_notebook};
use bricklayer_deployer::{LocalFile, MAX_FILE_BYTES};
use bricklayer_sdk::{Failure, Kind};
use sha2::{Digest, Sha256};

use crate::project::ProjectFiles;

/// Files of one bundle; each is read once for a plan.
const MAX_FILES: usize = 10_000;

/// Bytes of all of a bundle's files: what a call's time and share of the processor read twice.
const MAX_TOTAL_BYTES: u64 = 1024 * 1024 * 1024;

/// Bytes that are read at once.
const BLOCK_BYTES: usize = 64 * 1024;

/// The files that a bundle uploads.
pub(crate) fn files(bundle: &Bundle, files: &ProjectFiles) -> Result<Vec<LocalFile>, Failure> {
    let paths = bundle.sync.files(files).map_err(|problem| Failure::new(Kind::InvalidInput, problem))?;
    let limit =
        |message: String| Failure::new(Kind::LimitExceeded, message).advise("Name fewer in `sync` of the bundle.");
    if paths.len() > MAX_FILES {
        return Err(limit(format!("the bundle has {} files; at most {MAX_FILES} are uploaded", paths.len())));
    }
    let (mut found, mut total) = (Vec::with_capacity(paths.len()), 0_u64);
    for path in paths {
        let file = file(bundle, files, path)?;
        total = total.saturating_add(file.bytes);
        if total > MAX_TOTAL_BYTES {
            return Err(limit(format!("the bundle's files have more than {MAX_TOTAL_BYTES} bytes")));
        }
        found.push(file);
    }
    Ok(found)
}

fn file(bundle: &Bundle, files: &ProjectFiles, path: String) -> Result<LocalFile, Failure> {
    let failed = |problem: String| Failure::new(Kind::Failed, format!("{path} cannot be read: {problem}"));
    let place = files.0.join(&path);
    let about = fs::metadata(&place).map_err(|error| failed(error.to_string()))?;
    let modified =
        about.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).map_or(0, |since| since.as_secs());
    let hash = if about.len() > MAX_FILE_BYTES {
        String::new()
    } else {
        digest(&place).map_err(|error| failed(error.to_string()))?
    };
    let is_notebook = is_notebook(files, &path).map_err(failed)?;
    let root = &bundle.sync.root;
    let inside = if root.is_empty() {
        Some(path.as_str())
    } else {
        path.strip_prefix(root.as_str()).and_then(|rest| rest.strip_prefix('/'))
    };
    let inside = inside.unwrap_or(&path).to_owned();
    Ok(LocalFile { inside, bytes: about.len(), modified, hash, is_notebook, path })
}

/// The SHA-256 of a file's content, read block by block.
fn digest(place: &Path) -> io::Result<String> {
    let mut file = File::open(place)?;
    let mut hash = Sha256::new();
    let mut block = vec![0; BLOCK_BYTES];
    loop {
        let read = file.read(&mut block)?;
        let Some(content) = block.get(..read).filter(|content| !content.is_empty()) else { break };
        hash.update(content);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_of_whole_contents() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a");
        for content in [b"abc".to_vec(), vec![7; BLOCK_BYTES + 1], Vec::new()] {
            fs::write(&place, &content).unwrap();
            let whole: String = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(digest(&place).unwrap(), whole);
        }
    }
}
