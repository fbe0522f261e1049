//! Paths in the workspace's tree and in DBFS.

use std::fmt;

use crate::http::error::ApiError;

/// The alias of the workspace's root.
const ALIAS: &str = "Workspace";

/// Longest path in bytes: protects the database's index.
const MAX_PATH_BYTES: usize = 4096;

/// Longest name in bytes, what file systems take: so that everything here can be downloaded.
const MAX_NAME_BYTES: usize = 255;

/// A path in its one normal form: absolute, no empty or dot segments, no slash at the end.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ObjectPath(String);

/// A workspace path as a caller wrote it: `/Workspace/x` and `/x` are one object, and answers spell it alike.
#[derive(Debug, Clone)]
pub(crate) struct AskedPath {
    pub(crate) path: ObjectPath,
    aliased: bool,
}

impl ObjectPath {
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` for what is no absolute path, or could be read as another one.
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let invalid = |why: &str| ApiError::invalid(format!("Path ({}) {why}.", text.escape_debug()));
        let rest = text.strip_prefix('/').ok_or_else(|| invalid("doesn't start with '/'"))?;
        if text.len() > MAX_PATH_BYTES {
            return Err(ApiError::invalid(format!("Path is longer than {MAX_PATH_BYTES} bytes.")));
        }
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        for name in rest.split('/').filter(|_| !rest.is_empty()) {
            match name {
                "" => return Err(invalid("has an empty segment")),
                "." | ".." => return Err(invalid("has a dot segment")),
                _ if name.len() > MAX_NAME_BYTES => return Err(invalid("has a name of more than 255 bytes")),
                _ if name.chars().any(char::is_control) => return Err(invalid("has a control character")),
                _ => {}
            }
        }
        Ok(Self(format!("/{rest}")))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// A path from the database.
    pub(super) fn stored(text: String) -> Self {
        Self(text)
    }

    /// The folder that all are in.
    pub(super) fn root() -> Self {
        Self("/".to_owned())
    }

    pub(crate) fn is_root(&self) -> bool {
        self.0 == "/"
    }

    pub(crate) fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|name| !name.is_empty())
    }

    /// The last segment; empty for the root.
    pub(crate) fn name(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(_, name)| name)
    }

    /// The folder it is in; the root is in itself.
    pub(crate) fn parent(&self) -> Self {
        match self.0.rsplit_once('/') {
            Some(("", _)) | None => Self("/".to_owned()),
            Some((parent, _)) => Self(parent.to_owned()),
        }
    }

    /// The folders above it and itself, outermost first, without the root.
    pub(crate) fn ancestry(&self) -> Vec<Self> {
        let mut all = Vec::new();
        let mut at = self.clone();
        while !at.is_root() {
            let parent = at.parent();
            all.push(at);
            at = parent;
        }
        all.reverse();
        all
    }

    /// The same folder, another name.
    pub(crate) fn with_name(&self, name: &str) -> Self {
        let parent = self.parent();
        if parent.is_root() { Self(format!("/{name}")) } else { Self(format!("{}/{name}", parent.0)) }
    }

    /// Whether it is the other one or inside it.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        other.is_root() || self.0.strip_prefix(&other.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Display for ObjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AskedPath {
    /// # Errors
    /// As [`ObjectPath::parse`]; a path is required.
    pub(crate) fn parse(text: Option<&str>) -> Result<Self, ApiError> {
        let text = text.filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| ApiError::invalid("Required parameter path is missing."))?;
        // Clients that join `/` and `/Workspace/x` are common.
        let text = text.strip_prefix('/').filter(|rest| rest.starts_with("/Workspace/")).unwrap_or(text);
        let whole = ObjectPath::parse(text)?;
        match whole.0.strip_prefix('/').and_then(|rest| rest.strip_prefix(ALIAS)) {
            Some("") => Ok(Self { path: ObjectPath("/".to_owned()), aliased: true }),
            Some(rest) if rest.starts_with('/') => Ok(Self { path: ObjectPath(rest.to_owned()), aliased: true }),
            _ => Ok(Self { path: whole, aliased: false }),
        }
    }

    /// A path of the answer, spelt as the caller spells.
    pub(crate) fn echo(&self, path: &ObjectPath) -> String {
        match (self.aliased, path.is_root()) {
            (true, true) => format!("/{ALIAS}"),
            (true, false) => format!("/{ALIAS}{path}"),
            (false, _) => path.to_string(),
        }
    }
}

impl fmt::Display for AskedPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.echo(&self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_object_has_one_normal_form() {
        for (asked, path, echo) in [
            ("/", "/", "/"),
            ("/Workspace", "/", "/Workspace"),
            ("/Workspace/", "/", "/Workspace"),
            ("/Shared/a b+c%20#?é/", "/Shared/a b+c%20#?é", "/Shared/a b+c%20#?é"),
            ("/Workspace/Shared/x", "/Shared/x", "/Workspace/Shared/x"),
            ("//Workspace/Shared/x", "/Shared/x", "/Workspace/Shared/x"),
            ("/Workspaces/x", "/Workspaces/x", "/Workspaces/x"),
        ] {
            let found = AskedPath::parse(Some(asked)).unwrap();
            assert_eq!((found.path.as_str(), found.to_string().as_str()), (path, echo), "{asked}");
        }
        for bad in
            ["", "Shared", "/a//b", "//x", "/a/../b", "/a/.", "/..", "/a\0b", "/a\nb", &format!("/{}", "x".repeat(256))]
        {
            assert!(AskedPath::parse(Some(bad)).is_err(), "{bad:?}");
        }
        assert!(AskedPath::parse(None).is_err());
    }

    #[test]
    fn paths_know_their_folders() {
        let path = |text: &str| ObjectPath::parse(text).unwrap();
        assert_eq!(path("/a/b/c").parent(), path("/a/b"));
        assert_eq!(path("/a").parent(), path("/"));
        assert_eq!(path("/").parent(), path("/"));
        assert_eq!(path("/a/b").ancestry(), [path("/a"), path("/a/b")]);
        assert_eq!(path("/a/b.py").with_name("b"), path("/a/b"));
        assert!(path("/a/b").is_within(&path("/a")) && path("/a").is_within(&path("/a")));
        assert!(path("/a").is_within(&path("/")) && !path("/ab").is_within(&path("/a")));
    }
}
