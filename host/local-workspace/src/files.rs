//! Files: workspace objects, Unity Catalog volumes and DBFS.
//!
//! Workspace objects and DBFS are trees of rows in the database of objects, their contents files of opaque names
//! ([`blobs`]), so that no path a caller writes is ever one of the disk's. Volumes are real folders, each reached through
//! a handle on it alone ([`volumes`]). Content is written beside and renamed: a reader sees the old or the new.
//!
//! Other areas read and write workspace files through [`Files::objects`].

mod api {
    pub(super) mod dbfs;
    pub(super) mod download;
    pub(super) mod fs;
    pub(super) mod workspace;
    pub(super) mod workspace_files;
}
mod blobs;
mod dbfs;
mod export;
mod format;
mod model;
mod objects;
mod path;
pub(crate) mod pattern;
mod places;
mod programs;
mod receive;
mod rights;
mod routes;
pub(crate) mod snapshot;
mod state;
mod tree;
pub(crate) mod volumes;

pub(crate) use self::{
    objects::Objects,
    places::{Found, Place},
    programs::Content,
    routes::{SECTIONS, area},
    state::Files,
};
