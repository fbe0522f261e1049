//! Files that travel inside the binary: the web client, the shipped plugins, the shipped skills.
//!
//! A release build holds them. A debug build reads the folders of the repository at the time of use, so that what was
//! rebuilt needs no rebuilt host, and a folder that is missing is an empty one.

use std::borrow::Cow;

/// A folder that ships with the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Embedded {
    /// The web client, as its bundler left it.
    Client,
    /// Plugin packages.
    Plugins,
    /// Skills.
    Skills,
}

#[cfg(not(debug_assertions))]
mod inside {
    use rust_embed::RustEmbed;

    #[derive(RustEmbed)]
    #[folder = "../../client/dist"]
    #[allow_missing = true]
    pub(super) struct Client;

    #[derive(RustEmbed)]
    #[folder = "../../target/plugins"]
    #[allow_missing = true]
    pub(super) struct Plugins;

    #[derive(RustEmbed)]
    #[folder = "../../skills"]
    #[allow_missing = true]
    pub(super) struct Skills;
}

#[cfg(not(debug_assertions))]
impl Embedded {
    /// A file by its path in the folder, with forward slashes.
    pub(crate) fn get(self, path: &str) -> Option<Cow<'static, [u8]>> {
        let file = match self {
            Self::Client => inside::Client::get(path),
            Self::Plugins => inside::Plugins::get(path),
            Self::Skills => inside::Skills::get(path),
        };
        file.map(|file| file.data)
    }

    /// The paths of all files, sorted.
    pub(crate) fn list(self) -> Vec<String> {
        let names: Vec<_> = match self {
            Self::Client => inside::Client::iter().collect(),
            Self::Plugins => inside::Plugins::iter().collect(),
            Self::Skills => inside::Skills::iter().collect(),
        };
        let mut names: Vec<String> = names.into_iter().map(Cow::into_owned).collect();
        names.sort();
        names
    }
}

#[cfg(debug_assertions)]
impl Embedded {
    const fn folder(self) -> &'static str {
        match self {
            Self::Client => concat!(env!("CARGO_MANIFEST_DIR"), "/../../client/dist"),
            Self::Plugins => concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/plugins"),
            Self::Skills => concat!(env!("CARGO_MANIFEST_DIR"), "/../../skills"),
        }
    }

    /// A file by its path in the folder, with forward slashes.
    pub(crate) fn get(self, path: &str) -> Option<Cow<'static, [u8]>> {
        use std::path::{Component, Path};
        let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        if path.is_empty() || !inside {
            return None;
        }
        std::fs::read(Path::new(self.folder()).join(path)).ok().map(Cow::Owned)
    }

    /// The paths of all files, sorted.
    pub(crate) fn list(self) -> Vec<String> {
        fn walk(folder: &std::path::Path, prefix: &str, names: &mut Vec<String>) {
            let Ok(entries) = std::fs::read_dir(folder) else { return };
            for entry in entries.flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => walk(&entry.path(), &path, names),
                    Ok(kind) if kind.is_file() => names.push(path),
                    Ok(_) | Err(_) => {}
                }
            }
        }
        let mut names = Vec::new();
        walk(std::path::Path::new(self.folder()), "", &mut names);
        names.sort();
        names
    }
}
