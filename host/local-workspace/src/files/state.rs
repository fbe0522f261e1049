//! What the area holds.

use std::path::Path;

use super::{blobs::Blobs, dbfs::Dbfs, objects::Objects, tree::Tree, volumes::Volumes};
use crate::{acls::Acls, catalog::Catalog, database::Database};

/// Names of the trees in the database.
const WORKSPACE_TREE: &str = "workspace";
const DBFS_TREE: &str = "dbfs";

/// Folder of contents below the data folder.
const BLOBS: &str = "files";

/// The area's state; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    /// Workspace objects, for all areas.
    pub(crate) objects: Objects,
    pub(super) dbfs: Dbfs,
    pub(crate) volumes: Volumes,
}

impl Files {
    /// Opens the trees, removes contents that nothing names, and makes every user's home.
    ///
    /// # Errors
    /// A folder or a database that cannot be used.
    pub(crate) async fn open(
        database: &Database,
        catalog: Catalog,
        data: &Path,
        users: impl IntoIterator<Item = &str>,
    ) -> anyhow::Result<Self> {
        let [workspace, dbfs] = [WORKSPACE_TREE, DBFS_TREE].map(|name| Tree::new(database.clone(), name));
        let known = workspace.contents().await?.into_iter().chain(dbfs.contents().await?).collect();
        let blobs = Blobs::open(data.join(BLOBS), &known).await?;
        Ok(Self {
            objects: Objects::open(workspace, Acls::new(database.clone()), blobs.clone(), users).await?,
            dbfs: Dbfs::open(dbfs, blobs).await?,
            volumes: Volumes::open(catalog, data).await?,
        })
    }
}
