//! Workspace objects: what the API, jobs and code do with files, notebooks and folders, under the rights of a user.

use axum::{body::Body, http::StatusCode};
use tokio::{fs::File, io::AsyncReadExt as _};

use super::{
    blobs::{Blob, Blobs},
    format::{HEAD_BYTES, detect, jupyter_language},
    model::{Format, Object, Type},
    path::{AskedPath, ObjectPath},
    receive::disk_failed,
    rights::{self, Access, HOMES, SHARED},
    tree::{Put, Tree, TreeError},
};
use crate::{acls::Acls, http::error::ApiError, notebook::Language};

/// Most bytes of a notebook, and of what is imported and exported at once.
pub(crate) const MAX_NOTEBOOK_BYTES: u64 = 10 * 1024 * 1024;

/// Most bytes of a file that is sent as it is.
pub(super) const MAX_FILE_BYTES: u64 = 500 * 1024 * 1024;

/// Workspace objects; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Objects {
    tree: Tree,
    acls: Acls,
    blobs: Blobs,
}

/// What content is meant to become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Becomes {
    /// A notebook where the name and the content say so, else a file. A notebook loses its ending.
    Auto,
    Notebook {
        language: Language,
    },
    /// A notebook that says its language itself.
    Jupyter,
    File,
}

impl Objects {
    /// Makes the folders that every workspace has, and a home for each of the users.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub(super) async fn open(
        tree: Tree,
        acls: Acls,
        blobs: Blobs,
        users: impl IntoIterator<Item = &str>,
    ) -> Result<Self, TreeError> {
        let this = Self { tree, acls, blobs };
        let homes = users.into_iter().map(|user| format!("/Users/{user}"));
        let roots = HOMES.into_iter().chain([SHARED]).map(|name| format!("/{name}"));
        let folders: Vec<_> = roots.chain(homes).filter_map(|folder| ObjectPath::parse(&folder).ok()).collect();
        for folder in folders {
            if this.tree.get(&folder).await?.is_none() {
                this.tree.make_folders(&folder, crate::catalog::SYSTEM_USER).await?;
            }
        }
        Ok(this)
    }

    /// Whose an object is, and how access lists name it, for a user who may see it, or manage it; none for what is
    /// everybody's. `kind` is the kind that it has to have.
    ///
    /// # Errors
    /// Not there, not allowed.
    pub(crate) async fn owner_for(
        &self,
        id: i64,
        kind: &str,
        user: &str,
        manage: bool,
    ) -> Result<(String, Option<String>), ApiError> {
        let missing = || ApiError::not_found(format!("The {kind} {id} does not exist."));
        let found = self.tree.with_id(id).await.map_err(|_| missing())?.ok_or_else(missing)?;
        if !found.kind.kind().as_str().eq_ignore_ascii_case(kind) {
            return Err(missing());
        }
        self.check(user, &found.path, if manage { Access::Manage } else { Access::View }).await?;
        Ok((object_name(id), rights::owner(&found.path).map(str::to_owned)))
    }

    /// Refuses who neither owns a place nor was given so much of it or of a folder above it.
    async fn check(&self, user: &str, path: &ObjectPath, access: Access) -> Result<(), ApiError> {
        let Err(denied) = rights::check(user, path, access) else { return Ok(()) };
        let ids =
            self.tree.ids(&path.ancestry()).await.map_err(|_| ApiError::internal("The rights cannot be read."))?;
        let objects: Vec<_> = ids.into_iter().map(object_name).collect();
        let level = self.acls.level(&objects, user).await?;
        if level.is_some_and(|level| level >= access.level()) { Ok(()) } else { Err(denied) }
    }

    /// # Errors
    /// Not allowed, not there.
    pub(crate) async fn status(&self, user: &str, asked: &AskedPath) -> Result<Object, ApiError> {
        self.check(user, &asked.path, Access::View).await?;
        let found = self.tree.get(&asked.path).await.map_err(|e| failed(asked, e))?;
        found.ok_or_else(|| missing(asked))
    }

    /// What is in a folder and may be seen; a file lists itself.
    ///
    /// # Errors
    /// Not allowed, not there.
    pub(crate) async fn list(&self, user: &str, asked: &AskedPath) -> Result<Vec<Object>, ApiError> {
        let found = self.status(user, asked).await?;
        if !found.is_folder() {
            return Ok(vec![found]);
        }
        let mut inside = self.tree.list(&asked.path).await.map_err(|e| failed(asked, e))?;
        // What was given of a folder holds for all that is in it.
        let is_given = !rights::allows(user, &asked.path, Access::View);
        inside.retain(|object| is_given || rights::allows(user, &object.path, Access::View));
        Ok(inside)
    }

    /// Makes a folder and those above it.
    ///
    /// # Errors
    /// Not allowed, or something else is in the way.
    pub(crate) async fn make_folders(&self, user: &str, asked: &AskedPath) -> Result<(), ApiError> {
        self.check(user, &asked.path, Access::Edit).await?;
        self.tree.make_folders(&asked.path, user).await.map_err(|e| failed(asked, e))
    }

    /// # Errors
    /// Not allowed, not there, not empty, or one of the folders that the workspace stands on.
    pub(crate) async fn delete(&self, user: &str, asked: &AskedPath, recursive: bool) -> Result<(), ApiError> {
        if rights::is_protected(&asked.path) {
            let message = format!("Folder {asked} is protected.");
            return Err(ApiError::new(StatusCode::BAD_REQUEST, "DIRECTORY_PROTECTED", message));
        }
        self.check(user, &asked.path, Access::Edit).await?;
        let dropped = self.tree.delete(&asked.path, recursive).await.map_err(|e| failed(asked, e))?;
        self.blobs.remove(dropped).await;
        Ok(())
    }

    /// Puts content at a path; where it came to lie.
    ///
    /// # Errors
    /// Not allowed, too large, no folder for it, something there that may not be replaced, or not what it is meant to be.
    pub(crate) async fn write(
        &self,
        user: &str,
        asked: &AskedPath,
        becomes: Becomes,
        content: Body,
        overwrite: bool,
    ) -> Result<Object, ApiError> {
        self.check(user, &asked.path, Access::Edit).await?;
        let most = if matches!(becomes, Becomes::Auto | Becomes::File) { MAX_FILE_BYTES } else { MAX_NOTEBOOK_BYTES };
        let blob = self.blobs.take(content, most).await?;
        let (kind, name) = self.judge(&asked.path, becomes, &blob).await?;
        if kind != Type::File && blob.size() > MAX_NOTEBOOK_BYTES {
            return Err(too_large(blob.size()));
        }
        let path = asked.path.with_name(&name);
        let content = Some((blob.name(), blob.size()));
        let put = Put { path: &path, kind, user, content, overwrite };
        let (object, dropped) = self.tree.put(&put, false).await.map_err(|e| match e {
            TreeError::Exists(found) => exists(asked, &found, kind, overwrite),
            other => failed(asked, other),
        })?;
        blob.keep();
        self.blobs.remove(dropped).await;
        Ok(object)
    }

    /// An object and its content, open at its beginning.
    ///
    /// # Errors
    /// Not allowed, not there, or a folder.
    pub(crate) async fn read(&self, user: &str, asked: &AskedPath) -> Result<(Object, File), ApiError> {
        let object = self.status(user, asked).await?;
        let Some(content) = &object.content else {
            return Err(ApiError::invalid(format!("{asked} is a folder; it has no content.")));
        };
        let file = self.blobs.open_content(content).await.map_err(disk_failed)?;
        Ok((object, file))
    }

    /// An object with its whole content.
    ///
    /// # Errors
    /// As [`Self::read`], and one that is larger than so many bytes.
    pub(crate) async fn read_whole(
        &self,
        user: &str,
        asked: &AskedPath,
        most: u64,
    ) -> Result<(Object, Vec<u8>), ApiError> {
        let (object, mut file) = self.read(user, asked).await?;
        if object.size > most {
            return Err(too_large(object.size));
        }
        let mut content = Vec::new();
        file.read_to_end(&mut content).await.map_err(disk_failed)?;
        Ok((object, content))
    }

    /// What content becomes, and under which name.
    async fn judge(&self, path: &ObjectPath, becomes: Becomes, blob: &Blob) -> Result<(Type, String), ApiError> {
        let same = |kind| (kind, path.name().to_owned());
        let (kind, name) = match becomes {
            Becomes::File => return Ok(same(Type::File)),
            Becomes::Notebook { language } => return Ok(same(Type::Notebook { language, format: Format::Source })),
            Becomes::Jupyter => same(Type::Notebook { language: Language::Python, format: Format::Jupyter }),
            Becomes::Auto => {
                let mut head = Vec::new();
                let file = blob.open().await.map_err(disk_failed)?;
                file.take(HEAD_BYTES as u64).read_to_end(&mut head).await.map_err(disk_failed)?;
                let (kind, name) = detect(path.name(), &head);
                (kind, name.to_owned())
            }
        };
        if kind.format() != Some(Format::Jupyter) {
            return Ok((kind, name));
        }
        if blob.size() > MAX_NOTEBOOK_BYTES {
            return Err(too_large(blob.size()));
        }
        let mut content = Vec::new();
        blob.open().await.map_err(disk_failed)?.read_to_end(&mut content).await.map_err(disk_failed)?;
        let language = jupyter_language(&content)?;
        Ok((Type::Notebook { language, format: Format::Jupyter }, name))
    }
}

/// What access lists call an object.
fn object_name(id: i64) -> String {
    format!("objects/{id}")
}

fn missing(asked: &AskedPath) -> ApiError {
    ApiError::not_found(format!("Path ({asked}) doesn't exist."))
}

fn too_large(size: u64) -> ApiError {
    let message = format!("The content has {size} bytes, which is more than {MAX_NOTEBOOK_BYTES}.");
    ApiError::new(StatusCode::BAD_REQUEST, "MAX_NOTEBOOK_SIZE_EXCEEDED", message)
}

/// What is there stays. Clients look at the status and at the words "already exists" and "type mismatch".
fn exists(asked: &AskedPath, found: &Object, kind: Type, overwrite: bool) -> ApiError {
    let place = asked.echo(&found.path);
    let (is, wanted) = (found.kind.kind().as_str(), kind.kind().as_str());
    if overwrite && found.kind.kind() != kind.kind() {
        let message = format!("Cannot overwrite the asset at {place}: type mismatch (asked: {wanted}, actual: {is}).");
        return ApiError::invalid(message);
    }
    let status = if found.kind == Type::File { StatusCode::CONFLICT } else { StatusCode::BAD_REQUEST };
    ApiError::new(status, "RESOURCE_ALREADY_EXISTS", format!("{is} at {place} already exists."))
}

fn failed(asked: &AskedPath, error: TreeError) -> ApiError {
    match error {
        TreeError::Database(e) => e.into(),
        TreeError::Missing(_) => missing(asked),
        TreeError::ParentMissing(folder) => {
            ApiError::not_found(format!("The parent folder ({}) does not exist.", asked.echo(&folder)))
        }
        TreeError::NotFolder(path) => {
            let message = format!("{} already exists and is not a folder.", asked.echo(&path));
            ApiError::new(StatusCode::BAD_REQUEST, "RESOURCE_ALREADY_EXISTS", message)
        }
        TreeError::Exists(found) => exists(asked, &found, found.kind, false),
        TreeError::NotEmpty(_) => {
            let message = format!("Folder ({asked}) is not empty.");
            ApiError::new(StatusCode::BAD_REQUEST, "DIRECTORY_NOT_EMPTY", message)
        }
        TreeError::TooMany(_) => {
            ApiError::invalid(format!("Folder ({asked}) has too many objects in it; delete its parts first."))
        }
    }
}
