//! Names in another Unicode form: `é` is one character or two, and looks the same. A name that is typed in one form finds
//! the file that is kept in the other, and no second file is made beside it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use cap_std::fs::Dir;
use unicode_normalization::UnicodeNormalization as _;

/// Entries of one folder that are compared; a folder with more keeps its names to itself.
const MAX_COMPARED: usize = 50_000;

/// A name in the one form in which names are compared.
pub(super) fn composed(name: &str) -> String {
    name.nfc().collect()
}

/// The path as it is on the disk, as far as it exists; the rest as it was given.
pub(super) fn on_disk(root: &Dir, path: &Path) -> PathBuf {
    if path.to_str().is_none_or(str::is_ascii) || root.symlink_metadata(path).is_ok() {
        return path.to_owned();
    }
    let mut found = PathBuf::new();
    let mut parts = path.components();
    for part in parts.by_ref() {
        let name = part.as_os_str();
        let direct = found.join(name);
        if name.is_ascii() || root.symlink_metadata(&direct).is_ok() {
            found = direct;
            continue;
        }
        match twin(root, &found, name) {
            Some(twin) => found.push(twin),
            None => {
                found = direct;
                break;
            }
        }
    }
    found.extend(parts);
    found
}

/// The entry of a folder whose name is the same in another form; the first in order when there are several.
fn twin(root: &Dir, folder: &Path, name: &OsStr) -> Option<String> {
    let wanted = composed(name.to_str()?);
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let names = root.read_dir(folder).ok()?.flatten().take(MAX_COMPARED);
    names.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| composed(name) == wanted).min()
}
