//! Files of a volume as they are at one moment, for whoever reads them by a path of the machine: the SQL engine.
//!
//! A file of a volume is never written in place (see [`Volumes::write`]), so a second link to it is a copy that costs
//! nothing. The links are made through the handle on the volume's folder, in a folder that only their reader knows: what
//! is read is then inside the volume, whatever becomes of names and links there meanwhile.

use std::{io, path::PathBuf};

use cap_std::{ambient_authority, fs::Dir};

use super::{
    pattern::{Glob, Name, PathPattern},
    volumes::{Access, Volumes, failed},
};
use crate::http::{blocking, error::ApiError};

/// Files that one pattern may name; protects the folder of links and the statement's length.
const MAX_FILES: usize = 10_000;

/// Entries that one pattern may look at; protects from walking a volume of millions of files.
const MAX_LOOKED: usize = 200_000;

/// Levels of folders below the one that was named.
const MAX_DEPTH: usize = 64;

/// A file that was found.
#[derive(Debug, Clone)]
pub(crate) struct Linked {
    /// Where it is in its volume, as a user writes it.
    pub(crate) shown: String,
    /// The link, for the reader.
    pub(crate) place: PathBuf,
    pub(crate) size: u64,
}

/// Which files of the folders that a pattern names are meant.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// Those of folders inside them as well.
    pub(crate) recursive: bool,
    /// Those whose names fit.
    pub(crate) named: Option<Glob>,
}

impl Volumes {
    /// Links the files that a pattern names into a folder, in the order of their paths. Hidden ones (`_x`, `.x`) are left
    /// out unless they are named whole, and links that somebody made beside the API always.
    ///
    /// # Errors
    /// Not allowed, not there, or too many.
    pub(crate) async fn link(
        &self,
        user: &str,
        pattern: &PathPattern,
        wanted: Wanted,
        place: PathBuf,
    ) -> Result<Vec<Linked>, ApiError> {
        let dir = self.volume(user, &pattern.root, Access::Read).await?;
        let pattern = pattern.clone();
        blocking(move || {
            let mut walk = Walk { dir: &dir, wanted, found: Vec::new(), looked: 0, too_many: false };
            let walked = walk.named(String::new(), &pattern.names);
            if walk.too_many {
                let message = format!(
                    "{} names more than {MAX_FILES} files or {MAX_LOOKED} entries, which the local workspace refuses to \
                     read at once. Name a smaller part.",
                    pattern.shown()
                );
                return Err(ApiError::invalid(message));
            }
            walked.map_err(|e| failed(&pattern.whole, e))?;
            let mut found = walk.found;
            found.sort();
            let into = Dir::open_ambient_dir(&place, ambient_authority()).map_err(|e| failed(&pattern.whole, e))?;
            let link = |(index, inside): (usize, String)| {
                let name = format!("{index}{}", compression(&inside));
                dir.hard_link(&inside, &into, &name)?;
                let metadata = into.symlink_metadata(&name)?;
                // Between the look and the link a symbolic one may have taken the file's place.
                if !metadata.is_file() {
                    into.remove_file(&name)?;
                    return Ok(None);
                }
                let shown = format!("{}/{inside}", pattern.root.shown());
                Ok(Some(Linked { shown, place: place.join(name), size: metadata.len() }))
            };
            let linked: io::Result<Vec<Option<Linked>>> = found.into_iter().enumerate().map(link).collect();
            Ok(linked.map_err(|e| failed(&pattern.whole, e))?.into_iter().flatten().collect())
        })
        .await
    }
}

/// The ending that tells a reader to unpack.
fn compression(name: &str) -> &'static str {
    if name.to_lowercase().ends_with(".gz") { ".gz" } else { "" }
}

/// A walk through a volume's folder. Places are relative to it; the empty one is the folder itself.
struct Walk<'a> {
    dir: &'a Dir,
    wanted: Wanted,
    found: Vec<String>,
    looked: usize,
    too_many: bool,
}

fn joined(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}/{name}") }
}

fn is_hidden(name: &str) -> bool {
    name.starts_with(['_', '.'])
}

impl Walk<'_> {
    fn named(&mut self, at: String, names: &[Name]) -> io::Result<()> {
        let Some((first, rest)) = names.split_first() else { return self.whole(at) };
        match first {
            Name::Exact(name) => self.named(joined(&at, name), rest),
            Name::Any(glob) => {
                for (name, is_folder) in self.entries(&at)? {
                    if glob.matches(&name) && !is_hidden(&name) && (is_folder || rest.is_empty()) {
                        match self.named(joined(&at, &name), rest) {
                            // The rest of the path is in some of the folders only.
                            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                            other => other?,
                        }
                    }
                }
                Ok(())
            }
        }
    }

    /// A file, or the files of a folder.
    fn whole(&mut self, at: String) -> io::Result<()> {
        if at.is_empty() {
            return self.folder(&at, 0);
        }
        let metadata = self.dir.symlink_metadata(&at)?;
        if metadata.is_symlink() {
            return Err(io::ErrorKind::NotFound.into());
        }
        if metadata.is_dir() {
            return self.folder(&at, 0);
        }
        let name = at.rsplit('/').next().unwrap_or(&at);
        if self.wanted.named.as_ref().is_none_or(|glob| glob.matches(name)) {
            self.push(at);
        }
        Ok(())
    }

    fn folder(&mut self, at: &str, depth: usize) -> io::Result<()> {
        for (name, is_folder) in self.entries(at)? {
            if is_hidden(&name) {
                continue;
            }
            let place = joined(at, &name);
            if !is_folder {
                if self.wanted.named.as_ref().is_none_or(|glob| glob.matches(&name)) {
                    self.push(place);
                }
            } else if self.wanted.recursive && depth < MAX_DEPTH {
                self.folder(&place, depth + 1)?;
            }
        }
        Ok(())
    }

    /// Names with whether they are folders, in order, without links.
    fn entries(&mut self, at: &str) -> io::Result<Vec<(String, bool)>> {
        let mut entries = Vec::new();
        for entry in self.dir.read_dir(if at.is_empty() { "." } else { at })? {
            self.looked += 1;
            if self.looked > MAX_LOOKED {
                self.too_many = true;
                return Ok(Vec::new());
            }
            let entry = entry?;
            let kind = entry.file_type()?;
            // A name that is no text came from elsewhere.
            if let Ok(name) = entry.file_name().into_string()
                && (kind.is_file() || kind.is_dir())
            {
                entries.push((name, kind.is_dir()));
            }
        }
        entries.sort();
        Ok(entries)
    }

    fn push(&mut self, place: String) {
        if self.found.len() < MAX_FILES {
            self.found.push(place);
        } else {
            self.too_many = true;
        }
    }
}
