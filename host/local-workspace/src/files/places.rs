//! Files by one kind of path, wherever they lie: what code does with `dbutils.fs`, under the rights of its user.
//!
//! `/x` and `dbfs:/x` are DBFS, `/Volumes/…` and `dbfs:/Volumes/…` are volumes, `/Workspace/…` and `file:/Workspace/…` are
//! workspace objects.

use axum::{body::Body, http::StatusCode};
use tokio::{fs::File, io::AsyncReadExt as _};
use tokio_util::io::ReaderStream;

use super::{
    model::Object,
    objects::Becomes,
    path::{AskedPath, ObjectPath},
    receive::disk_failed,
    state::Files,
    volumes::{Entry, VolumePath},
};
use crate::http::error::ApiError;

/// Files and folders that one call copies, moves or removes.
const MAX_ENTRIES: usize = 10_000;

/// Bytes of a file's head at most.
const MAX_HEAD_BYTES: u64 = 16 * 1024 * 1024;

/// Bytes that are copied at a time.
const CHUNK_BYTES: usize = 256 * 1024;

/// Where something lies.
#[derive(Debug, Clone)]
enum At {
    Dbfs(ObjectPath),
    Volume(VolumePath),
    Object(AskedPath),
}

/// A path as code writes it.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// With its scheme, without a slash at its end.
    text: String,
    at: At,
}

/// A file or folder at a place.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    place: Place,
    pub(crate) name: String,
    pub(crate) is_folder: bool,
    pub(crate) size: u64,
    /// Milliseconds since the epoch.
    pub(crate) modified_at: i64,
}

impl Found {
    /// Its path with the scheme; a folder's ends with a slash.
    pub(crate) fn path(&self) -> String {
        format!("{}{}", self.place.text, if self.is_folder { "/" } else { "" })
    }
}

impl Place {
    /// Reads a path.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` for a scheme that is not there and what is no absolute path.
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let (scheme, path) = match text.split_once(":/") {
            _ if text.starts_with('/') => ("", text),
            Some(parts) => parts,
            None => return Err(ApiError::invalid(format!("Path must be absolute: {}", text.escape_debug()))),
        };
        let path = format!("/{}", path.trim_matches('/'));
        let is_in =
            |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let (at, scheme) = match scheme {
            "" | "file" if is_in("/Workspace") => (At::Object(AskedPath::parse(Some(&path))?), "file"),
            "" | "dbfs" if is_in("/Volumes") => (At::Volume(VolumePath::parse(&path)?), "dbfs"),
            "" | "dbfs" => (At::Dbfs(ObjectPath::parse(&path)?), "dbfs"),
            "file" => {
                let message =
                    "dbutils.fs reaches no local disk in the local workspace, only file:/Workspace; use open().";
                return Err(ApiError::invalid(message));
            }
            other => {
                let message = format!("The local workspace has no storage of the kind {}:/.", other.escape_debug());
                return Err(ApiError::invalid(message));
            }
        };
        Ok(Self { text: format!("{scheme}:{}", if path == "/" { "" } else { &path }), at })
    }

    fn join(&self, name: &str) -> Result<Self, ApiError> {
        Self::parse(&format!("{}/{name}", self.text))
    }

    fn is_within(&self, other: &Self) -> bool {
        self.text.strip_prefix(&other.text).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    fn name(&self) -> &str {
        self.text.rsplit_once('/').map_or("", |(_, name)| name)
    }

    fn of_object(self, object: &Object) -> Found {
        Found {
            name: self.name().to_owned(),
            is_folder: object.is_folder(),
            size: object.size,
            modified_at: object.modified_at,
            place: self,
        }
    }

    fn of_entry(self, entry: &Entry) -> Found {
        Found {
            name: self.name().to_owned(),
            is_folder: entry.is_folder,
            size: if entry.is_folder { 0 } else { entry.size },
            modified_at: entry.modified.timestamp_millis(),
            place: self,
        }
    }
}

fn is_missing(error: &ApiError) -> bool {
    error.status() == StatusCode::NOT_FOUND
}

impl Files {
    async fn look(&self, user: &str, place: &Place) -> Result<Found, ApiError> {
        let here = place.clone();
        Ok(match &place.at {
            At::Dbfs(path) => here.of_object(&self.dbfs.status(path).await?),
            At::Object(asked) => here.of_object(&self.objects.status(user, asked).await?),
            At::Volume(path) => here.of_entry(&self.volumes.status(user, path).await?),
        })
    }

    /// What is in a folder; a file lists itself.
    ///
    /// # Errors
    /// Not allowed, not there.
    pub(crate) async fn ls(&self, user: &str, place: &Place) -> Result<Vec<Found>, ApiError> {
        let found = self.look(user, place).await?;
        if !found.is_folder {
            return Ok(vec![found]);
        }
        match &place.at {
            At::Dbfs(path) => inside(place, self.dbfs.list(path).await?),
            At::Object(asked) => inside(place, self.objects.list(user, asked).await?),
            At::Volume(path) => {
                let entries = self.volumes.list(user, path).await?;
                entries.iter().map(|entry| Ok(place.join(&entry.name)?.of_entry(entry))).collect()
            }
        }
    }

    async fn open_at(&self, user: &str, place: &Place) -> Result<File, ApiError> {
        Ok(match &place.at {
            At::Dbfs(path) => self.dbfs.open_file(path).await?,
            At::Object(asked) => self.objects.read(user, asked).await?.1,
            At::Volume(path) => self.volumes.read(user, path).await?.1,
        })
    }

    /// The head of a file as text; what is no text is replaced.
    ///
    /// # Errors
    /// Not allowed, not there, a folder.
    pub(crate) async fn head(&self, user: &str, place: &Place, bytes: u64) -> Result<String, ApiError> {
        let mut head = Vec::new();
        let file = self.open_at(user, place).await?;
        file.take(bytes.min(MAX_HEAD_BYTES)).read_to_end(&mut head).await.map_err(disk_failed)?;
        Ok(String::from_utf8_lossy(&head).into_owned())
    }

    /// A whole file; none when it has more than these bytes.
    ///
    /// # Errors
    /// Not allowed, not there, a folder.
    pub(crate) async fn whole(&self, user: &str, place: &Place, most: u64) -> Result<Option<Vec<u8>>, ApiError> {
        let mut bytes = Vec::new();
        let file = self.open_at(user, place).await?;
        file.take(most.saturating_add(1)).read_to_end(&mut bytes).await.map_err(disk_failed)?;
        Ok((u64::try_from(bytes.len()).unwrap_or(u64::MAX) <= most).then_some(bytes))
    }

    /// Writes a file and makes the folders above it.
    ///
    /// # Errors
    /// Not allowed, too large, something there that may not be replaced.
    pub(crate) async fn put(&self, user: &str, place: &Place, content: Body, overwrite: bool) -> Result<(), ApiError> {
        match &place.at {
            At::Dbfs(path) => self.dbfs.put(path, content, overwrite, user).await?,
            At::Volume(path) => self.volumes.write(user, path, content, overwrite).await?,
            At::Object(asked) => {
                let parent = AskedPath::parse(Some(asked.path.parent().as_str()))?;
                if self.objects.status(user, &parent).await.is_err_and(|error| is_missing(&error)) {
                    self.objects.make_folders(user, &parent).await?;
                }
                self.objects.write(user, asked, Becomes::File, content, overwrite).await?;
            }
        }
        Ok(())
    }

    /// Makes a folder and those above it.
    ///
    /// # Errors
    /// Not allowed, a file is in the way.
    pub(crate) async fn mkdirs(&self, user: &str, place: &Place) -> Result<(), ApiError> {
        match &place.at {
            At::Dbfs(path) => Ok(self.dbfs.make_folders(path, user).await?),
            At::Object(asked) => self.objects.make_folders(user, asked).await,
            At::Volume(path) => self.volumes.make_folders(user, path).await,
        }
    }

    /// A place with all that is in it, each folder before what it holds.
    async fn walk(&self, user: &str, place: &Place) -> Result<Vec<Found>, ApiError> {
        let mut all = vec![self.look(user, place).await?];
        let mut next = 0;
        while let Some(found) = all.get(next).cloned() {
            next += 1;
            if found.is_folder {
                all.extend(self.ls(user, &found.place).await?);
            }
            if all.len() > MAX_ENTRIES {
                let message = format!("{} has more than {MAX_ENTRIES} files and folders in it.", place.text);
                return Err(ApiError::new(StatusCode::BAD_REQUEST, "RESOURCE_LIMIT_EXCEEDED", message));
            }
        }
        Ok(all)
    }

    /// Copies a file, or a folder with all that is in it.
    ///
    /// # Errors
    /// Not allowed, not there, too much, a folder that is not meant to be copied whole.
    pub(crate) async fn cp(&self, user: &str, from: &Place, to: &Place, recurse: bool) -> Result<(), ApiError> {
        let target = match self.look(user, to).await {
            Ok(found) => Some(found),
            Err(error) if is_missing(&error) => None,
            Err(error) => return Err(error),
        };
        let source = self.look(user, from).await?;
        if !source.is_folder {
            let to = match target {
                Some(found) if found.is_folder => to.join(&source.name)?,
                _ => to.clone(),
            };
            return if to.text == from.text { Ok(()) } else { self.copy(user, from, &to).await };
        }
        if !recurse {
            return Err(ApiError::invalid(format!("Cannot copy the directory {} unless recurse is True.", from.text)));
        }
        if to.is_within(from) {
            return Err(ApiError::invalid(format!("Cannot copy the directory {} into itself.", from.text)));
        }
        for found in self.walk(user, from).await? {
            let inside =
                found.place.text.strip_prefix(&from.text).unwrap_or_default().trim_start_matches('/').to_owned();
            let to = if inside.is_empty() { to.clone() } else { to.join(&inside)? };
            if found.is_folder {
                self.mkdirs(user, &to).await?;
            } else {
                self.copy(user, &found.place, &to).await?;
            }
        }
        Ok(())
    }

    async fn copy(&self, user: &str, from: &Place, to: &Place) -> Result<(), ApiError> {
        let file = self.open_at(user, from).await?;
        self.put(user, to, Body::from_stream(ReaderStream::with_capacity(file, CHUNK_BYTES)), true).await
    }

    /// Removes a file, or a folder with all that is in it; whether there was something.
    ///
    /// # Errors
    /// Not allowed, too much, a folder that is not empty and not meant to be removed whole.
    pub(crate) async fn rm(&self, user: &str, place: &Place, recurse: bool) -> Result<bool, ApiError> {
        let found = match self.look(user, place).await {
            Ok(found) => found,
            Err(error) if is_missing(&error) => return Ok(false),
            Err(error) => return Err(error),
        };
        match &place.at {
            At::Dbfs(path) => self.dbfs.delete(path, recurse).await?,
            At::Object(asked) => self.objects.delete(user, asked, recurse).await?,
            At::Volume(_) => {
                let all = if recurse { self.walk(user, place).await? } else { vec![found] };
                for found in all.iter().rev() {
                    match &found.place.at {
                        At::Volume(path) if found.is_folder => self.volumes.delete_folder(user, path).await?,
                        At::Volume(path) => self.volumes.delete_file(user, path).await?,
                        At::Dbfs(_) | At::Object(_) => {}
                    }
                }
            }
        }
        Ok(true)
    }

    /// Copies, then removes what was copied.
    ///
    /// # Errors
    /// As [`Self::cp`] and [`Self::rm`].
    pub(crate) async fn mv(&self, user: &str, from: &Place, to: &Place, recurse: bool) -> Result<(), ApiError> {
        if to.text == from.text {
            return Ok(());
        }
        self.cp(user, from, to, recurse).await?;
        self.rm(user, from, recurse).await.map(drop)
    }
}

fn inside(place: &Place, objects: Vec<Object>) -> Result<Vec<Found>, ApiError> {
    objects.iter().map(|object| Ok(place.join(object.path.name())?.of_object(object))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_has_one_path() {
        for (text, path) in [
            ("/tmp/x", "dbfs:/tmp/x"),
            ("dbfs:/tmp/x/", "dbfs:/tmp/x"),
            ("dbfs:///tmp", "dbfs:/tmp"),
            ("/", "dbfs:"),
            ("/Volumes/main/default/v", "dbfs:/Volumes/main/default/v"),
            ("dbfs:/Volumes/main/default/v/a b", "dbfs:/Volumes/main/default/v/a b"),
            ("/Workspace/Shared/x", "file:/Workspace/Shared/x"),
            ("file:/Workspace/Shared", "file:/Workspace/Shared"),
            ("/Workspaces/x", "dbfs:/Workspaces/x"),
        ] {
            assert_eq!(Place::parse(text).unwrap().text, path, "{text}");
        }
        for bad in ["", "tmp/x", "file:/etc/passwd", "s3://b/x", "/a/../b", "/Volumes/main", "file:/Workspace/../etc"] {
            assert!(Place::parse(bad).is_err(), "{bad:?}");
        }
    }
}
