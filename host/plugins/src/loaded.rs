//! Code that is loaded in this process, by digest: the same package is compiled and linked once, whoever installed it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bricklayer_domain::PackageDigest;
use bricklayer_runtime::{LoadError, Plugin, Runtime, ToolNamespace};

use crate::PluginError;

/// Plugins kept although no installation uses them (yet): between the preparation of a version and its publication,
/// and while an update waits for consent.
const MAX_RECENT: usize = 16;

/// What is loaded.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    inner: Mutex<Shelf>,
}

#[derive(Debug, Default)]
struct Shelf {
    known: HashMap<PackageDigest, Weak<Plugin>>,
    recent: VecDeque<Arc<Plugin>>,
}

impl Loaded {
    /// The code of a digest, when it is loaded.
    pub(crate) fn get(&self, digest: &PackageDigest) -> Option<Arc<Plugin>> {
        self.shelf().known.get(digest).and_then(Weak::upgrade)
    }

    /// Remembers loaded code.
    fn put(&self, digest: PackageDigest, plugin: &Arc<Plugin>) {
        let mut shelf = self.shelf();
        shelf.known.retain(|_, plugin| plugin.strong_count() > 0);
        shelf.known.insert(digest, Arc::downgrade(plugin));
        shelf.recent.push_back(Arc::clone(plugin));
        while shelf.recent.len() > MAX_RECENT {
            shelf.recent.pop_front();
        }
    }

    fn shelf(&self) -> std::sync::MutexGuard<'_, Shelf> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Compiles and links a package in the bounded worker, and starts it once in a sandbox without any power, calling
    /// nothing; at once when it is loaded already.
    ///
    /// # Errors
    /// [`PluginError::Broken`], [`PluginError::Package`], [`PluginError::Unavailable`].
    pub(crate) async fn prepare(
        &self,
        runtime: &Runtime,
        digest: &PackageDigest,
        bytes: Vec<u8>,
        namespace: ToolNamespace,
    ) -> Result<Arc<Plugin>, PluginError> {
        if let Some(plugin) = self.get(digest) {
            return Ok(plugin);
        }
        let plugin = runtime.load(bytes, namespace).await.map_err(broken)?;
        if plugin.digest() != digest.as_str() {
            return Err(PluginError::Broken("the stored bytes are not those of its digest".to_owned()));
        }
        runtime.dry_run(&plugin).await.map_err(broken)?;
        self.put(digest.clone(), &plugin);
        Ok(plugin)
    }
}

fn broken(error: LoadError) -> PluginError {
    match error {
        LoadError::Package(error) => error.into(),
        // The host's trouble, not the package's.
        LoadError::ShuttingDown | LoadError::Busy | LoadError::CompileWorker(_) => {
            PluginError::Unavailable(error.to_string())
        }
        error => PluginError::Broken(error.to_string()),
    }
}
