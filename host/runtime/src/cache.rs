//! Compiled code on disk: native code, so only bytes that this host wrote itself are ever loaded.
//!
//! A file's name is the component's digest and the engine's settings. Its first 32 bytes are an HMAC-SHA-256 (RFC
//! 2104) of the name and the code, under a random key that lies beside it, readable for this user alone. Whatever
//! does not verify is deleted and compiled anew. The bytes that were verified are the bytes that are loaded, so that
//! nothing can be swapped in between.
//!
//! The folder is bounded: at the start, and after each component that is kept, code that was not used for longest goes
//! until the rest fits. A file's time of modification says when it was used last, so that hosts which share the folder
//! agree. What is loaded in this process stays: its bytes are in memory, but the next start wants them.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use bricklayer_domain::chain;
use sha2::{Digest as _, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::compile::engine_hash;
use crate::plugin::Plugin;

const KEY_FILE: &str = "key";
const KEY_BYTES: usize = 32;
const MAC_BYTES: usize = 32;

/// How a file of compiled code ends.
const CODE_SUFFIX: &str = ".cwasm";

/// How a file ends that is being written, and how old one is that nobody writes any more: its process died.
const TEMPORARY_SUFFIX: &str = ".tmp";
const ABANDONED: Duration = Duration::from_secs(3600);

/// HMAC's block length for SHA-256.
const BLOCK_BYTES: usize = 64;

/// The folder and its key.
pub(crate) struct CodeCache {
    dir: PathBuf,
    key: [u8; KEY_BYTES],
    max_bytes: u64,
    /// What is loaded, by digest.
    loaded: Mutex<HashMap<String, Weak<Plugin>>>,
}

impl std::fmt::Debug for CodeCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CodeCache").field("dir", &self.dir).finish_non_exhaustive()
    }
}

impl CodeCache {
    /// Opens the folder, making it and its key when they are not there, and sweeps it down to so many bytes. Blocks.
    pub(crate) fn open(dir: &Path, max_bytes: u64) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700))?;
        let path = dir.join(KEY_FILE);
        let key = match fs::read(&path) {
            Ok(bytes) => bytes.try_into().ok(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let key = match key {
            Some(key) => key,
            None => {
                let key: [u8; KEY_BYTES] = rand::random();
                write_whole(dir, &path, &[&key])?;
                // Two hosts may start together: whichever key landed last is the one both use.
                fs::read(&path)?.try_into().unwrap_or(key)
            }
        };
        let cache = Self { dir: dir.to_owned(), key, max_bytes, loaded: Mutex::default() };
        cache.sweep("");
        Ok(cache)
    }

    /// Keeps the code of a plugin on disk for as long as the plugin is loaded.
    pub(crate) fn hold(&self, plugin: &Arc<Plugin>) {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.retain(|_, plugin| plugin.strong_count() > 0);
        loaded.insert(plugin.digest().to_owned(), Arc::downgrade(plugin));
    }

    /// Whether the code in a file is loaded in this process.
    fn is_loaded(&self, name: &str) -> bool {
        let digest = name.split('-').next().unwrap_or_default();
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.get(digest).is_some_and(|plugin| plugin.strong_count() > 0)
    }

    /// Removes the code that was not used for longest until the rest fits, save what is loaded and the file `spared`,
    /// which was just written. A failure is told and leaves the rest to the next sweep.
    fn sweep(&self, spared: &str) {
        let swept = self.files().and_then(|mut files| {
            files.sort_by(|a, b| (a.used, &a.name).cmp(&(b.used, &b.name)));
            let mut bytes: u64 = files.iter().map(|file| file.bytes).sum();
            for file in files {
                if bytes <= self.max_bytes {
                    return Ok(());
                }
                if file.name != spared && !self.is_loaded(&file.name) {
                    remove(&self.dir.join(&file.name))?;
                    bytes = bytes.saturating_sub(file.bytes);
                }
            }
            if bytes > self.max_bytes {
                tracing::warn!(
                    bytes,
                    limit = self.max_bytes,
                    "the code of loaded plugins alone is beyond the cache's limit"
                );
            }
            Ok(())
        });
        if let Err(error) = swept {
            tracing::warn!(path = %self.dir.display(), error = chain(&error), "the folder of compiled code could not be swept");
        }
    }

    /// The files of code; what a process that died left half written is removed on the way.
    fn files(&self) -> io::Result<Vec<CodeFile>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            // Another process may remove it between the listing and the look.
            let Ok(metadata) = entry.metadata() else { continue };
            let used = metadata.modified()?;
            if name.ends_with(CODE_SUFFIX) {
                files.push(CodeFile { name, used, bytes: metadata.len() });
            } else if name.ends_with(TEMPORARY_SUFFIX) && used.elapsed().is_ok_and(|age| age > ABANDONED) {
                remove(&entry.path())?;
            }
        }
        Ok(files)
    }

    /// The compiled component, when our own bytes for it are on disk. Blocks.
    pub(crate) fn find(&self, engine: &Engine, digest: &str) -> Option<Component> {
        let name = name(engine, digest);
        self.read(engine, &name, &self.dir.join(&name))
    }

    /// Loads what this host's own compiler just made, and keeps it for the next start. Blocks.
    pub(crate) fn adopt(&self, engine: &Engine, digest: &str, code: &[u8]) -> wasmtime::Result<Component> {
        // SAFETY: `deserialize` trusts its bytes to come from `Engine::precompile_component` of a compatible wasmtime.
        // They come from `Compiler::compile`: from this process, or over a pipe from a process that this one started
        // from the operator's program, under the same engine settings. No package and no file has a way here.
        #[expect(unsafe_code, reason = "compiled code can be loaded in no other way")]
        let component = unsafe { Component::deserialize(engine, code) }?;
        let name = name(engine, digest);
        let path = self.dir.join(&name);
        if let Err(error) = self.write(&name, &path, code) {
            tracing::warn!(path = %path.display(), error = chain(&error), "cannot keep compiled code; the next start compiles again");
        }
        self.sweep(&name);
        Ok(component)
    }

    /// Removes the code of a component that nobody uses any more, for whatever engine it was made.
    pub(crate) fn forget(&self, digest: &str) -> io::Result<()> {
        let prefix = format!("{digest}-");
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(&prefix)) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    fn read(&self, engine: &Engine, name: &str, path: &Path) -> Option<Component> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(path = %path.display(), error = chain(&error), "cannot read compiled code; compiling again");
                return None;
            }
        };
        let verified =
            bytes.split_at_checked(MAC_BYTES).and_then(|(mac, code)| same(mac, &self.mac(name, code)).then_some(code));
        let Some(code) = verified else {
            tracing::warn!(path = %path.display(), "compiled code is not as this host wrote it; compiling again");
            let _ = fs::remove_file(path);
            return None;
        };
        // SAFETY: `deserialize` trusts its bytes to come from `Component::serialize` of a compatible wasmtime. The MAC
        // just verified them to be what `adopt` kept, under a key that only this user can read.
        #[expect(unsafe_code, reason = "compiled code can be loaded in no other way")]
        let loaded = unsafe { Component::deserialize(engine, code) };
        match loaded {
            Ok(component) => {
                // Used now. Where that cannot be noted it is as old as it was.
                let _ = fs::File::open(path).and_then(|file| file.set_modified(bricklayer_domain::now().into()));
                Some(component)
            }
            Err(error) => {
                tracing::warn!(path = %path.display(), error = chain(error.as_ref()), "compiled code does not fit this host; compiling again");
                let _ = fs::remove_file(path);
                None
            }
        }
    }

    fn write(&self, name: &str, path: &Path, code: &[u8]) -> io::Result<()> {
        write_whole(&self.dir, path, &[&self.mac(name, code), code])
    }

    fn mac(&self, name: &str, code: &[u8]) -> [u8; MAC_BYTES] {
        let mut inner_pad = [0x36u8; BLOCK_BYTES];
        let mut outer_pad = [0x5cu8; BLOCK_BYTES];
        for (byte, key) in inner_pad.iter_mut().zip(self.key) {
            *byte ^= key;
        }
        for (byte, key) in outer_pad.iter_mut().zip(self.key) {
            *byte ^= key;
        }
        let inner = Sha256::new().chain_update(inner_pad).chain_update(name).chain_update([0]).chain_update(code);
        Sha256::new().chain_update(outer_pad).chain_update(inner.finalize()).finalize().into()
    }
}

/// A file of compiled code.
struct CodeFile {
    name: String,
    used: SystemTime,
    bytes: u64,
}

/// Removes a file that may be gone already.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The file of a component for this engine's settings.
fn name(engine: &Engine, digest: &str) -> String {
    format!("{digest}-{:016x}{CODE_SUFFIX}", engine_hash(engine))
}

/// Compares without telling by its time where the difference is.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

/// Writes beside the target and renames, so that a crash leaves the old file, the new one, or none.
fn write_whole(dir: &Path, path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let unique: u64 = rand::random();
    let temporary = dir.join(format!(".{unique:016x}{TEMPORARY_SUFFIX}"));
    let write = || {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        for part in parts {
            file.write_all(part)?;
        }
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().inspect_err(|_| {
        let _ = fs::remove_file(&temporary);
    })
}
