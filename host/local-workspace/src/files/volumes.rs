//! Volumes as real folders. Each is reached through a handle on its own folder, which nothing leads out of: no `..`, no
//! link that somebody made beside the API. Folders are named by their volume's id, so a new volume of an old name is empty.

use std::{io, path::Path, sync::Arc};

use axum::{body::Body, http::StatusCode};
use cap_std::{ambient_authority, fs::Dir};
use chrono::{DateTime, Utc};
use tokio::fs::File;
use uuid::Uuid;

use super::{
    path::ObjectPath,
    receive::{ReceiveError, disk_failed, receive},
};
use crate::{
    catalog::{
        Catalog, VolumeInfo,
        names::{Securable, TableName},
        rights::Privilege,
    },
    http::{blocking, error::ApiError},
};

/// Most bytes of a file in a volume, the Files API's own bound.
const MAX_FILE_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// Longest name in bytes, as of schemas and tables.
const MAX_NAME_BYTES: usize = 255;

/// Folder of all volumes below the data folder, and of what arrives within it.
const FOLDER: &str = "volumes";
const ARRIVING: &str = "arriving";

/// All volumes' files; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Volumes {
    catalog: Catalog,
    folder: Arc<Path>,
}

/// A place in a volume.
#[derive(Debug, Clone)]
pub(crate) struct VolumePath {
    volume: TableName,
    /// From the volume's folder; the root is the folder itself.
    inside: ObjectPath,
    /// As the caller wrote it.
    shown: String,
}

/// What a user wants to do in a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// A file or folder of a volume.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) is_folder: bool,
    pub(crate) size: u64,
    pub(crate) modified: DateTime<Utc>,
}

impl VolumePath {
    /// Reads `/Volumes/catalog/schema/volume/…`.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` for what could be read as another path, `NOT_FOUND` for what is in no volume.
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let path = ObjectPath::parse(&format!("/{}", text.strip_prefix('/').unwrap_or(text)))?;
        let parts: Vec<_> = path.segments().collect();
        match parts.as_slice() {
            ["Volumes", catalog, schema, volume, rest @ ..] => Ok(Self {
                volume: TableName {
                    catalog: catalog.to_lowercase(),
                    schema: schema.to_lowercase(),
                    table: volume.to_lowercase(),
                },
                inside: ObjectPath::parse(&format!("/{}", rest.join("/")))?,
                shown: path.to_string(),
            }),
            _ => Err(not_found(format!("{path} is in no volume; paths are /Volumes/<catalog>/<schema>/<volume>/…"))),
        }
    }

    /// From the volume's folder; `.` for the folder itself.
    fn relative(&self) -> &str {
        self.inside.as_str().strip_prefix('/').filter(|inside| !inside.is_empty()).unwrap_or(".")
    }

    /// The volume's own folder.
    pub(super) fn of_root(&self) -> Self {
        let TableName { catalog, schema, table } = &self.volume;
        Self {
            volume: self.volume.clone(),
            inside: ObjectPath::root(),
            shown: format!("/Volumes/{catalog}/{schema}/{table}"),
        }
    }

    /// Names below the volume's own folder, outermost first.
    pub(super) fn below(&self) -> impl Iterator<Item = &str> {
        self.inside.segments()
    }

    /// The volume, and from its folder the path that begins with `/`; nothing for the folder itself.
    pub(crate) fn place(&self) -> (&TableName, &str) {
        (&self.volume, if self.inside.is_root() { "" } else { self.inside.as_str() })
    }

    pub(super) fn is_volume(&self) -> bool {
        self.inside.is_root()
    }

    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }
}

impl Volumes {
    /// Opens the folder, and removes those of volumes that are gone and what had not arrived.
    ///
    /// # Errors
    /// A folder or a database that cannot be read.
    pub(crate) async fn open(catalog: Catalog, data: &Path) -> anyhow::Result<Self> {
        let folder = data.join(FOLDER);
        let known = catalog.volume_ids().await?;
        let mut entries = match tokio::fs::read_dir(&folder).await {
            Ok(entries) => Some(entries),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(e.into()),
        };
        while let Some(entry) = match &mut entries {
            Some(entries) => entries.next_entry().await?,
            None => None,
        } {
            if entry.file_name().to_str().is_none_or(|name| !known.iter().any(|id| id == name)) {
                tokio::fs::remove_dir_all(entry.path()).await?;
            }
        }
        tokio::fs::create_dir_all(folder.join(ARRIVING)).await?;
        Ok(Self { catalog, folder: folder.into() })
    }

    /// Makes a volume with its folder; none when one of that name is there.
    ///
    /// # Errors
    /// A name that no path could hold, a database or a disk that cannot be written.
    pub(crate) async fn create(
        &self,
        user: &str,
        name: &TableName,
        comment: Option<String>,
    ) -> Result<Option<VolumeInfo>, ApiError> {
        let bad = |c: char| c == '/' || c == '.' || c == ' ' || c.is_control();
        if name.table.is_empty() || name.table.len() > MAX_NAME_BYTES || name.table.contains(bad) {
            return Err(ApiError::invalid(format!("'{}' is not a valid name for a volume.", name.table)));
        }
        let info = VolumeInfo::new(user, comment);
        self.make(&info).await?;
        if self.catalog.create_volume(name, &info).await? {
            return Ok(Some(info));
        }
        self.remove(&info).await;
        Ok(None)
    }

    /// Takes a volume and what is in it away; whether there was one.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub(crate) async fn drop(&self, name: &TableName) -> Result<bool, ApiError> {
        let gone = self.catalog.drop_volume(name).await?;
        if let Some(volume) = &gone {
            self.remove(volume).await;
        }
        Ok(gone.is_some())
    }

    /// Makes the folder of a volume.
    ///
    /// # Errors
    /// A disk that takes no folder.
    pub(crate) async fn make(&self, volume: &VolumeInfo) -> Result<(), ApiError> {
        tokio::fs::create_dir_all(self.folder.join(volume.id.to_string())).await.map_err(disk_failed)
    }

    /// Removes the folder of a volume that is gone; what stays is removed at the next start.
    pub(crate) async fn remove(&self, volume: &VolumeInfo) {
        if let Err(e) = tokio::fs::remove_dir_all(self.folder.join(volume.id.to_string())).await {
            tracing::warn!(volume = %volume.id, "the folder of a dropped volume was not removed: {e}");
        }
    }

    /// What is in a folder, in the order of names.
    ///
    /// # Errors
    /// Not allowed, not there, or a file.
    pub(crate) async fn list(&self, user: &str, path: &VolumePath) -> Result<Vec<Entry>, ApiError> {
        let wanted = path.clone();
        self.work(user, path, Access::Read, move |dir| {
            let mut entries = Vec::new();
            for entry in dir.read_dir(wanted.relative())? {
                let entry = entry?;
                // A name that is no text came from elsewhere, and no path of the API reaches it.
                let Ok(name) = entry.file_name().into_string() else { continue };
                entries.push(entry_of(name, &entry.metadata()?));
            }
            entries.sort_by(|a, b| a.name.cmp(&b.name));
            Ok(entries)
        })
        .await
    }

    /// # Errors
    /// Not allowed, not there.
    pub(super) async fn status(&self, user: &str, path: &VolumePath) -> Result<Entry, ApiError> {
        let wanted = path.clone();
        let look = move |dir: Dir| Ok(entry_of(wanted.inside.name().to_owned(), &dir.metadata(wanted.relative())?));
        self.work(user, path, Access::Read, look).await
    }

    /// A file, open at its beginning.
    ///
    /// # Errors
    /// Not allowed, not there, or a folder.
    pub(super) async fn read(&self, user: &str, path: &VolumePath) -> Result<(Entry, File), ApiError> {
        let wanted = path.clone();
        let found = self.work(user, path, Access::Read, move |dir| {
            let file = dir.open(wanted.relative())?;
            let entry = entry_of(wanted.inside.name().to_owned(), &file.metadata()?);
            Ok((entry, File::from_std(file.into_std())))
        });
        match found.await? {
            (entry, _) if entry.is_folder => Err(missing(path)),
            found => Ok(found),
        }
    }

    /// Writes a file and makes the folders above it.
    ///
    /// # Errors
    /// Not allowed, too large, or something there that may not be replaced.
    pub(super) async fn write(
        &self,
        user: &str,
        path: &VolumePath,
        content: Body,
        overwrite: bool,
    ) -> Result<(), ApiError> {
        let dir = self.volume(user, path, Access::Write).await?;
        let arriving = self.folder.join(ARRIVING).join(Uuid::new_v4().to_string());
        let mut file = File::create_new(&arriving).await.map_err(disk_failed)?;
        let arrived = receive(content, &mut file, MAX_FILE_BYTES).await;
        drop(file);
        let wanted = path.clone();
        let (from, place) = (arriving.clone(), self.folder.join(ARRIVING));
        let put = match arrived {
            Ok(_) => {
                blocking(move || {
                    let place = Dir::open_ambient_dir(place, ambient_authority()).map_err(|e| failed(&wanted, e))?;
                    let name = from.file_name().unwrap_or_default();
                    put(&place, Path::new(name), &dir, &wanted, overwrite)
                })
                .await
            }
            Err(ReceiveError::TooLarge(limit)) => {
                Err(ApiError::too_large(usize::try_from(limit).unwrap_or(usize::MAX)))
            }
            Err(e) => Err(e.into()),
        };
        // Gone when it was renamed; whatever stays is removed at the next start.
        let _ = tokio::fs::remove_file(&arriving).await;
        put
    }

    /// Makes a folder and those above it.
    ///
    /// # Errors
    /// Not allowed, or a file is in the way.
    pub(super) async fn make_folders(&self, user: &str, path: &VolumePath) -> Result<(), ApiError> {
        let wanted = path.clone();
        let made = move |dir: Dir| dir.create_dir_all(wanted.relative());
        self.work(user, path, Access::Write, made).await
    }

    /// # Errors
    /// Not allowed, not there, or a folder.
    pub(super) async fn delete_file(&self, user: &str, path: &VolumePath) -> Result<(), ApiError> {
        let wanted = path.clone();
        self.work(user, path, Access::Write, move |dir| {
            if dir.metadata(wanted.relative())?.is_dir() {
                return Err(io::ErrorKind::NotFound.into());
            }
            dir.remove_file(wanted.relative())
        })
        .await
    }

    /// # Errors
    /// Not allowed, not there, not empty, or a file.
    pub(super) async fn delete_folder(&self, user: &str, path: &VolumePath) -> Result<(), ApiError> {
        if path.is_volume() {
            return Err(ApiError::invalid("A volume's own folder goes with the volume."));
        }
        let wanted = path.clone();
        self.work(user, path, Access::Write, move |dir| match dir.metadata(wanted.relative())?.is_dir() {
            true => dir.remove_dir(wanted.relative()),
            false => Err(io::ErrorKind::NotFound.into()),
        })
        .await
    }

    /// # Errors
    /// Not allowed to write there, or no such volume.
    pub(super) async fn check_writable(&self, user: &str, path: &VolumePath) -> Result<(), ApiError> {
        self.volume(user, path, Access::Write).await.map(drop)
    }

    /// Does something in a volume's folder on a thread that may block.
    async fn work<T: Send + 'static>(
        &self,
        user: &str,
        path: &VolumePath,
        access: Access,
        work: impl FnOnce(Dir) -> io::Result<T> + Send + 'static,
    ) -> Result<T, ApiError> {
        let dir = self.volume(user, path, access).await?;
        let asked = path.clone();
        blocking(move || work(dir).map_err(|e| failed(&asked, e))).await
    }

    /// A handle on the folder of a path's volume, for whoever may do that in it.
    pub(super) async fn volume(&self, user: &str, path: &VolumePath, access: Access) -> Result<Dir, ApiError> {
        let name = &path.volume;
        let Some(info) = self.catalog.volume(name).await? else {
            return Err(not_found(format!("Volume '{}' does not exist.", name.full_name())));
        };
        self.check(user, name, access).await?;
        let folder = self.folder.join(info.id.to_string());
        let open = move || {
            std::fs::create_dir_all(&folder)?;
            Dir::open_ambient_dir(&folder, ambient_authority())
        };
        blocking(move || open().map_err(disk_failed)).await
    }

    /// Owners may do all, others what they were given.
    async fn check(&self, user: &str, name: &TableName, access: Access) -> Result<(), ApiError> {
        let privilege = match access {
            Access::Read => Privilege::ReadVolume,
            Access::Write => Privilege::WriteVolume,
        };
        match self.catalog.denied(user, &Securable::Volume(name.clone()), privilege).await? {
            Some(denied) => Err(denied.into()),
            None => Ok(()),
        }
    }
}

/// Links that lead to each other.
fn is_loop(error: &io::Error) -> bool {
    #[cfg(unix)]
    let found = rustix::io::Errno::from_io_error(error) == Some(rustix::io::Errno::LOOP);
    #[cfg(not(unix))]
    let found = false;
    found
}

/// Gives what has arrived its place.
fn put(arriving: &Dir, name: &Path, dir: &Dir, path: &VolumePath, overwrite: bool) -> Result<(), ApiError> {
    let place = path.relative();
    if path.is_volume() || dir.metadata(place).is_ok_and(|found| found.is_dir()) {
        return Err(conflict(
            "The given path points to an existing directory. The path must not point to a directory.",
        ));
    }
    let parent = path.inside.parent();
    let parent = parent.as_str().strip_prefix('/').filter(|parent| !parent.is_empty()).unwrap_or(".");
    dir.create_dir_all(parent).map_err(|e| failed(path, e))?;
    // A link is made where nothing is, or not at all.
    let placed = if overwrite { arriving.rename(name, dir, place) } else { arriving.hard_link(name, dir, place) };
    placed.map_err(|e| match e.kind() {
        io::ErrorKind::AlreadyExists => {
            let message = format!("The file at {} already exists and overwrite is not set.", path.shown);
            ApiError::new(StatusCode::CONFLICT, "ALREADY_EXISTS", message)
        }
        _ => failed(path, e),
    })?;
    if let Ok(parent) = dir.open_dir(parent) {
        // Its entries too survive the machine's end where the file system can do that.
        let _ = parent.into_std_file().sync_all();
    }
    Ok(())
}

fn entry_of(name: String, metadata: &cap_std::fs::Metadata) -> Entry {
    let modified = metadata.modified().map_or(DateTime::UNIX_EPOCH, |time| time.into_std().into());
    Entry { name, is_folder: metadata.is_dir(), size: metadata.len(), modified }
}

fn not_found(message: String) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
}

pub(super) fn missing(path: &VolumePath) -> ApiError {
    not_found(format!("The file or directory at {} does not exist.", path.shown))
}

fn conflict(message: &str) -> ApiError {
    ApiError::new(StatusCode::CONFLICT, "ALREADY_EXISTS", message)
}

pub(super) fn failed(path: &VolumePath, error: io::Error) -> ApiError {
    match error.kind() {
        _ if is_loop(&error) => missing(path),
        io::ErrorKind::NotFound => missing(path),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            conflict("The given path points to an existing file. The path must not point to an existing file.")
        }
        io::ErrorKind::DirectoryNotEmpty => {
            let message = format!("The directory at {} is not empty.", path.shown);
            ApiError::new(StatusCode::BAD_REQUEST, "DIRECTORY_NOT_EMPTY", message)
        }
        // What leads out of the folder: a link that was made beside the API.
        io::ErrorKind::PermissionDenied => missing(path),
        io::ErrorKind::InvalidFilename => ApiError::invalid("A name in the path is too long."),
        _ => disk_failed(error),
    }
}
