//! Paths in the workspace, in their one normal form, and paths in the project.

use bricklayer_sdk::{Failure, encode_segment};

/// Folders with one home for each user.
const HOMES: [&str; 2] = ["Users", "Repos"];

/// Reads an absolute workspace path: `/Workspace/x` and `/x` are one, dots are followed, double slashes are one. What
/// comes back is what is sent, so what is judged is what is meant.
///
/// # Errors
/// `field` says which argument is no such path.
pub fn workspace_path(field: &str, text: &str) -> Result<String, Failure> {
    let text = text.trim();
    if !text.starts_with('/') {
        return Err(Failure::invalid(
            field,
            format!("{text:?} is no absolute path; write one such as /Users/me@example.com/x"),
        ));
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ if part.chars().any(char::is_control) => {
                return Err(Failure::invalid(field, "control characters cannot be in a path"));
            }
            _ => parts.push(part),
        }
    }
    if parts.first() == Some(&"Workspace") {
        parts.remove(0);
    }
    Ok(format!("/{}", parts.join("/")))
}

/// Whether a normal path is one that the workspace stands on: the root, the folders of homes and of what is shared, and
/// anybody's home.
#[must_use]
pub fn is_protected(path: &str) -> bool {
    let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [] => true,
        [top] => *top == "Shared" || HOMES.contains(top),
        [top, _] => HOMES.contains(top),
        _ => false,
    }
}

/// A path inside a folder.
#[must_use]
pub fn join(folder: &str, name: &str) -> String {
    format!("{}/{name}", folder.trim_end_matches('/'))
}

/// The last segment.
#[must_use]
pub fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// The folder that a path is in.
#[must_use]
pub fn parent(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) | None => "/",
        Some((parent, _)) => parent,
    }
}

/// A path for a URL, each segment encoded.
#[must_use]
pub fn encode(path: &str) -> String {
    path.split('/').map(encode_segment).collect::<Vec<_>>().join("/")
}

/// Reads a path in the project's folder: relative, or absolute from `/project`; nothing that leads out of it.
///
/// # Errors
/// `field` says which argument is no such path.
pub fn project_path(field: &str, text: &str) -> Result<String, Failure> {
    let text = text.trim();
    let inside = text.strip_prefix("/project").filter(|rest| rest.is_empty() || rest.starts_with('/')).unwrap_or(text);
    let outside =
        || Failure::invalid(field, format!("{text:?} is not in the project's folder; write a path relative to it"));
    if inside == text && text.starts_with('/') {
        return Err(outside());
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in inside.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().ok_or_else(outside)?;
            }
            _ if part.chars().any(char::is_control) => {
                return Err(Failure::invalid(field, "control characters cannot be in a path"));
            }
            _ => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workspace_paths_have_one_normal_form() {
        for (text, path, protected) in [
            ("/Users/me/x", "/Users/me/x", false),
            ("/Workspace/Users/me/x/", "/Users/me/x", false),
            ("//Users//me/./x", "/Users/me/x", false),
            ("/Users/x/../me", "/Users/me", true),
            ("/Workspace/Users/me/a/..", "/Users/me", true),
            ("/a/../Workspace/Shared", "/Shared", true),
            ("/", "/", true),
            ("/..", "/", true),
            ("/Workspace", "/", true),
            ("/Repos/me", "/Repos/me", true),
            ("/Shared/a b+%c", "/Shared/a b+%c", false),
        ] {
            let found = workspace_path("path", text).unwrap();
            assert_eq!((found.as_str(), is_protected(&found)), (path, protected), "{text}");
        }
        for bad in ["", "Users/me", "/a\u{0}b", "/a\nb"] {
            assert!(workspace_path("path", bad).is_err(), "{bad:?}");
        }
        assert_eq!(encode("/a b/c%d"), "/a%20b/c%25d");
    }

    #[test]
    fn project_paths_stay_in_the_project() {
        for (text, path) in
            [("a/b", "a/b"), ("./a//b/", "a/b"), ("/project/a", "a"), ("/project", ""), ("a/../b", "b"), ("", "")]
        {
            assert_eq!(project_path("path", text).unwrap(), path, "{text}");
        }
        for bad in ["..", "a/../../b", "/etc/passwd", "/projects/a", "/project/../x", "a\u{0}"] {
            assert!(project_path("path", bad).is_err(), "{bad:?}");
        }
    }
}
