//! A plugin's folder, as its author has it.

use std::fs;
use std::path::{Path, PathBuf};

use bricklayer_package::{Assets, Language, Manifest, outline};
use sha2::{Digest as _, Sha256};

use crate::Problem;

/// Folders that hold no source: what tools install, build or keep.
const NO_SOURCE: [&str; 8] = [".bricklayer", ".git", "data", "dist", "target", "node_modules", "__pycache__", ".venv"];

/// Endings of files that are no source: keys, and what editors and redirected output leave. A change of them builds
/// nothing anew.
const NOT_SOURCE_ENDINGS: [&str; 6] = [".key", ".pub", ".log", ".tmp", ".swp", "~"];

/// Files that a component does not depend on.
const NOT_IN_COMPONENT: [&str; 4] = ["plugin.toml", "tests.toml", "README.md", ".gitignore"];

/// Files of one plugin that are looked at, and bytes of one of them: a folder opened by mistake (a home folder) must
/// not be read whole.
const MAX_FILES: usize = 5_000;
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// A plugin's folder with a manifest that can be read.
#[derive(Debug, Clone)]
pub struct Project {
    /// The folder, absolute.
    pub folder: PathBuf,
    /// Its manifest.
    pub manifest: Manifest,
    /// The manifest as written.
    pub manifest_text: String,
}

impl Project {
    /// Opens a folder.
    ///
    /// # Errors
    /// No such folder, no manifest, or one that says nonsense.
    pub fn open(folder: &Path) -> Result<Self, Problem> {
        let folder = folder.canonicalize().map_err(|e| Problem::io(format!("open {}", folder.display()), &e))?;
        let path = folder.join("plugin.toml");
        let manifest_text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Problem::new(format!("{} holds no plugin.toml", folder.display()))
                    .fix("go to a plugin's folder, or make one: bricklayer plugin new my-plugin --lang python"));
            }
            Err(error) => return Err(Problem::io(format!("read {}", path.display()), &error)),
        };
        let manifest = Manifest::parse(&manifest_text).map_err(|error| Problem::new(error.to_string()))?;
        Ok(Self { folder, manifest, manifest_text })
    }

    /// The language that its author named.
    ///
    /// # Errors
    /// When the manifest names none.
    pub fn language(&self) -> Result<Language, Problem> {
        self.manifest.build.as_ref().map(|build| build.language).ok_or_else(|| {
            Problem::new("plugin.toml does not say how the plugin is built")
                .fix("add to plugin.toml:\n[build]\nlanguage = \"rust\"   # or \"python\", \"javascript\"")
        })
    }

    /// Its WIT, in the form that packing takes.
    #[must_use]
    pub fn wit(&self) -> Vec<PathBuf> {
        vec![self.folder.join("wit")]
    }

    /// Icon and README, as far as the manifest names them.
    ///
    /// # Errors
    /// A file that is named and cannot be used.
    pub fn assets(&self) -> Result<Assets, Problem> {
        Assets::read(&self.folder, &self.manifest).map_err(|error| Problem::new(error.to_string()))
    }

    /// The tools that its WIT offers, whatever the manifest says of them.
    pub(crate) fn tool_names(&self) -> Vec<String> {
        let Ok(mut manifest) = self.manifest_text.parse::<toml::Table>() else { return Vec::new() };
        for name in ["tools", "icon", "readme"] {
            manifest.remove(name);
        }
        let found = outline(&self.wit(), &manifest.to_string(), &Assets::default());
        let functions = found.map(|outline| outline.packed.contents.functions).unwrap_or_default();
        functions.into_iter().map(|function| function.tool).collect()
    }

    /// Where a package is put: `dist/name-version.wasm`.
    #[must_use]
    pub fn package_path(&self) -> PathBuf {
        self.folder.join("dist").join(format!("{}-{}.wasm", self.manifest.name, self.manifest.version))
    }

    /// Every source file with its path in the folder, forward slashes, sorted.
    ///
    /// # Errors
    /// A folder that cannot be read, or too many files.
    pub fn sources(&self) -> Result<Vec<(String, PathBuf)>, Problem> {
        let mut found = Vec::new();
        let mut folders = vec![(String::new(), self.folder.clone())];
        if self.folder.join(".bricklayer/sdk").is_dir() {
            folders.push((".bricklayer/sdk/".to_owned(), self.folder.join(".bricklayer/sdk")));
        }
        while let Some((prefix, folder)) = folders.pop() {
            let entries = fs::read_dir(&folder).map_err(|e| Problem::io(format!("read {}", folder.display()), &e))?;
            for entry in entries.flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                let Ok(kind) = entry.file_type() else { continue };
                if kind.is_dir() && !NO_SOURCE.contains(&name.as_str()) {
                    folders.push((format!("{prefix}{name}/"), entry.path()));
                } else if kind.is_file() && !NOT_SOURCE_ENDINGS.iter().any(|ending| name.ends_with(ending)) {
                    found.push((format!("{prefix}{name}"), entry.path()));
                }
                if found.len() + folders.len() > MAX_FILES {
                    return Err(Problem::new(format!("{} has more than {MAX_FILES} files", self.folder.display()))
                        .fix("a plugin's folder holds the plugin alone; move what does not belong to it"));
                }
            }
        }
        found.sort();
        Ok(found)
    }

    /// SHA-256 over path and contents of every file that may go into the component and over `words`: the same source
    /// has the same digest in any folder of any machine.
    ///
    /// # Errors
    /// As for [`sources`](Self::sources), and a file that is too large.
    pub fn source_digest(&self, words: &[&str]) -> Result<String, Problem> {
        let mut hasher = Sha256::new();
        for word in words {
            hasher.update(Sha256::digest(word));
        }
        let sources = self.sources()?.into_iter().filter(|(name, _)| !NOT_IN_COMPONENT.contains(&name.as_str()));
        for (name, path) in sources {
            let read = |e: std::io::Error| Problem::io(format!("read {}", path.display()), &e);
            if fs::metadata(&path).map_err(read)?.len() > MAX_FILE_BYTES {
                return Err(Problem::new(format!("{name} has more than {MAX_FILE_BYTES} bytes"))
                    .fix("keep data out of the plugin's folder; a plugin reads the project's files when it runs"));
            }
            hasher.update(Sha256::digest(&name));
            hasher.update(Sha256::digest(fs::read(&path).map_err(read)?));
        }
        Ok(format!("{:x}", hasher.finalize()))
    }
}
