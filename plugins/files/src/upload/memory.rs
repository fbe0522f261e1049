//! What uploads of a folder put where, so that the next one moves only what is new.

use std::collections::BTreeMap;

use bricklayer_databricks::import::digest;
use bricklayer_sdk::{Platform, State};

use crate::local::LocalFile;

/// Values that one folder's memory is spread over: a value holds some 1,300 files.
const SHARDS: u64 = 16;

/// Files after which the memory is kept, so that a call that is cut off is gone on with.
const SAVE_EVERY: usize = 100;

/// Keys of the plugin's store beyond which those of other folders are forgotten: the store holds 256.
const MAX_KEYS: usize = 200;

/// What is remembered of one folder's uploads.
#[derive(Debug)]
pub(super) struct Memory {
    /// Begins all keys of this folder.
    prefix: String,
    /// By the digest of a file's path: the digest of its mark, and when the workspace changed it last.
    files: BTreeMap<String, (String, Option<u64>)>,
    unsaved: usize,
}

impl Memory {
    /// `what` tells the pair of folders from others.
    pub(super) fn load(platform: &impl Platform, what: &str) -> Self {
        let host = platform.context().workspace_host.unwrap_or_default();
        let prefix = format!("upload:{:016x}:", digest(&format!("{host}>{what}")));
        let state = State::new(platform);
        let shards = (0..SHARDS).filter_map(|shard| state.get::<BTreeMap<_, _>>(&format!("{prefix}{shard}")));
        let files = shards.flatten().collect();
        Self { prefix, files, unsaved: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    pub(super) fn knows(&self, file: &LocalFile) -> bool {
        self.files.contains_key(&key(file))
    }

    /// Whether what is there is this file as it is now.
    pub(super) fn is_same(&self, file: &LocalFile, modified: Option<u64>) -> bool {
        let known = self.files.get(&key(file));
        known.is_some_and(|(mark, then)| *mark == mark_of(file) && then.is_none_or(|then| Some(then) == modified))
    }

    /// Whether what is there came from here and was changed by nobody since.
    pub(super) fn is_ours(&self, file: &LocalFile, modified: Option<u64>) -> bool {
        self.files.get(&key(file)).is_some_and(|(_, then)| then.is_some() && *then == modified)
    }

    /// Remembers that a file is there.
    pub(super) fn put(&mut self, platform: &impl Platform, file: &LocalFile, modified: Option<u64>) {
        self.files.insert(key(file), (mark_of(file), modified));
        self.unsaved += 1;
        if self.unsaved >= SAVE_EVERY {
            self.save(platform);
        }
    }

    pub(super) fn save(&mut self, platform: &impl Platform) {
        if self.unsaved == 0 {
            return;
        }
        self.unsaved = 0;
        let keys = platform.state_keys();
        if keys.len() > MAX_KEYS {
            for key in keys.iter().filter(|key| key.starts_with("upload:") && !key.starts_with(&self.prefix)) {
                platform.state_delete(key);
            }
        }
        let mut shards: BTreeMap<u64, BTreeMap<&String, &(String, Option<u64>)>> = BTreeMap::new();
        for (key, value) in &self.files {
            shards.entry(digest(key) % SHARDS).or_default().insert(key, value);
        }
        for (shard, files) in shards {
            State::new(platform).set(&format!("{}{shard}", self.prefix), &files);
        }
    }
}

fn key(file: &LocalFile) -> String {
    format!("{:x}", digest(&file.inside))
}

fn mark_of(file: &LocalFile) -> String {
    format!("{:x}", digest(&file.mark))
}
