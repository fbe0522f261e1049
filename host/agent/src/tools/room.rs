//! How large a project's folder may become by what the file tools write.

use std::io;
use std::sync::Arc;

use bricklayer_domain::{ToolErrorKind, ToolFailure};
use cap_fs_ext::DirExt as _;
use cap_std::fs::Dir;

use super::files::{ProjectFolder, ProjectPath, explain};

/// Files and folders that are looked at; a folder with more counts as full, since looking at all of them for each write
/// would cost more than the bytes do.
const MAX_ENTRIES: usize = 200_000;

const MIB: u64 = 1024 * 1024;

/// Whether a file may become so much larger.
pub(super) fn check(folder: &ProjectFolder, path: &ProjectPath, old: usize, new: usize) -> Result<(), ToolFailure> {
    let grows = new.saturating_sub(old) as u64;
    if grows == 0 {
        return Ok(());
    }
    let max = folder.max_bytes();
    let size = size_of(folder.dir()).map_err(|error| explain(path, &error))?;
    if size.is_some_and(|size| size.saturating_add(grows) <= max) {
        return Ok(());
    }
    let holds = match size {
        Some(size) => format!("holds {} MiB", size.div_ceil(MIB)),
        None => format!("holds more than {MAX_ENTRIES} files"),
    };
    Err(ToolFailure::new(
        ToolErrorKind::LimitExceeded,
        format!(
            "`{}` was not written: the project's folder {holds} and may hold {} MiB (the operator's setting \
             plugins.project_mib). Ask the user to delete files that are not needed any more",
            path.text(),
            max / MIB
        ),
    ))
}

/// Bytes of all files below a folder, links not followed; none when there are too many to look at.
fn size_of(root: &Arc<Dir>) -> io::Result<Option<u64>> {
    let mut folders = vec![Arc::clone(root)];
    let (mut size, mut entries) = (0_u64, 0_usize);
    while let Some(folder) = folders.pop() {
        for entry in folder.entries()? {
            entries = entries.saturating_add(1);
            if entries > MAX_ENTRIES {
                return Ok(None);
            }
            // What is gone since it was listed takes no room.
            let Ok(entry) = entry else { continue };
            let Ok(meta) = entry.metadata() else { continue };
            if meta.is_dir() {
                folders.extend(folder.open_dir_nofollow(entry.file_name()).ok().map(Arc::new));
            } else {
                size = size.saturating_add(meta.len());
            }
        }
    }
    Ok(Some(size))
}
