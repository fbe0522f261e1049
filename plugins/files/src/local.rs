//! What of the project's folder goes up.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::time::UNIX_EPOCH;

use bricklayer_databricks::remote_path::join;
use bricklayer_sdk::{Failure, Kind};

/// Names that never go up: what tools make and can make again. Names that begin with a dot do not either.
const LEFT_OUT: [&str; 8] =
    ["node_modules", "__pycache__", "venv", "env", "dist", "build", "site-packages", "spark-warehouse"];

/// Endings of such names.
const LEFT_OUT_ENDINGS: [&str; 3] = [".egg-info", ".pyc", ".part"];

/// Files of one upload: protects the call's memory and the workspace.
const MAX_FILES: usize = 5_000;

/// Levels of folders.
const MAX_DEPTH: usize = 64;

/// Bytes in which a notebook's first line is found.
const HEAD_BYTES: u64 = 64;

/// What stands behind the comment sign in a notebook's first line.
const HEADER: &str = "Databricks notebook source";

/// A file of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LocalFile {
    /// From the project's folder.
    pub(crate) path: String,
    /// From the folder that goes up.
    pub(crate) inside: String,
    pub(crate) bytes: u64,
    /// Length and time of the last change: what tells a file that was changed.
    pub(crate) mark: String,
}

/// What a folder holds.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// In the order of paths.
    pub(crate) files: Vec<LocalFile>,
    /// What could not be read, and what was too much.
    pub(crate) missing: Vec<String>,
}

/// One file.
///
/// # Errors
/// Not there, or a folder.
pub(crate) fn file(project: &Path, path: &str) -> Result<LocalFile, Failure> {
    let found = fs::metadata(project.join(path)).map_err(|e| unreadable(path, &e))?;
    if found.is_dir() {
        return Err(Failure::new(Kind::InvalidInput, format!("{path:?} is a folder; upload_folder uploads one")));
    }
    let inside = path.rsplit('/').next().unwrap_or(path).to_owned();
    Ok(local_file(path.to_owned(), inside, &found))
}

/// The files below a folder that go up; `exclude` names more that stay.
///
/// # Errors
/// The folder is not there.
pub(crate) fn walk(project: &Path, folder: &str, exclude: &[String]) -> Result<Walk, Failure> {
    let mut walk = Walk::default();
    let mut waiting = vec![(String::new(), 0)];
    while let Some((inside, depth)) = waiting.pop() {
        let here = if inside.is_empty() { folder.to_owned() } else { under(folder, &inside) };
        let entries = match fs::read_dir(project.join(&here)) {
            Ok(entries) => entries,
            Err(e) if inside.is_empty() => return Err(unreadable(folder, &e)),
            Err(e) => {
                walk.missing.push(format!("{here} could not be read: {e}"));
                continue;
            }
        };
        for entry in entries.flatten() {
            let Ok(name) = entry.file_name().into_string() else {
                walk.missing.push(format!("a name in {here} is no text and was left out"));
                continue;
            };
            let below = if inside.is_empty() { name.clone() } else { join(&inside, &name) };
            if stays(&name) || exclude.iter().any(|pattern| fits(pattern, &name) || fits(pattern, &below)) {
                continue;
            }
            let path = under(folder, &below);
            match fs::metadata(project.join(&path)) {
                // A link is not followed into folders: it may lead back up.
                Ok(found) if found.is_dir() && entry.file_type().is_ok_and(|kind| kind.is_symlink()) => {
                    walk.missing.push(format!("{path} is a link to a folder and was left out"));
                }
                Ok(found) if found.is_dir() && depth < MAX_DEPTH => waiting.push((below, depth + 1)),
                Ok(found) if found.is_dir() => walk.missing.push(format!("{path} is too deep and was left out")),
                Ok(_) if walk.files.len() >= MAX_FILES => {
                    walk.missing.push(format!("only {MAX_FILES} files go up at once; upload its folders one by one"));
                    waiting.clear();
                    break;
                }
                Ok(found) => walk.files.push(local_file(path, below, &found)),
                Err(e) => walk.missing.push(format!("{path} could not be read: {e}")),
            }
        }
    }
    walk.files.sort_by(|a, b| a.inside.cmp(&b.inside));
    Ok(walk)
}

/// Whether a file is a notebook, by its ending and first line: what the workspace makes one of.
pub(crate) fn is_notebook(project: &Path, file: &LocalFile) -> bool {
    let Some((_, ending)) = file.inside.rsplit_once('/').map_or(&*file.inside, |(_, name)| name).rsplit_once('.')
    else {
        return false;
    };
    let comment = match ending.to_lowercase().as_str() {
        "ipynb" => return true,
        "py" | "r" => "#",
        "sql" => "--",
        "scala" => "//",
        _ => return false,
    };
    let mut head = Vec::new();
    let read = fs::File::open(project.join(&file.path)).and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut head));
    let text = String::from_utf8_lossy(&head);
    let line = text.strip_prefix('\u{feff}').unwrap_or(&text).lines().next().unwrap_or_default();
    read.is_ok() && line.trim_end() == format!("{comment} {HEADER}")
}

/// What a notebook is called that was a file of this name.
pub(crate) fn without_ending(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(stem, _)| stem)
}

fn under(folder: &str, inside: &str) -> String {
    if folder.is_empty() { inside.to_owned() } else { join(folder, inside) }
}

fn local_file(path: String, inside: String, found: &fs::Metadata) -> LocalFile {
    let modified = found.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    LocalFile { path, inside, bytes: found.len(), mark: format!("{:x}-{:x}", found.len(), modified.as_nanos()) }
}

fn stays(name: &str) -> bool {
    name.starts_with('.') || LEFT_OUT.contains(&name) || LEFT_OUT_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Whether a name fits a pattern in which `*` is any text.
fn fits(pattern: &str, name: &str) -> bool {
    let pattern = pattern.trim_matches('/');
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(first) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return left.ends_with(part);
        }
        let Some(at) = left.find(part) else { return false };
        left = left.get(at + part.len()..).unwrap_or_default();
    }
    true
}

fn unreadable(path: &str, error: &std::io::Error) -> Failure {
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            let message = format!("there is no {path:?} in the project; list its files to see what there is");
            Failure::new(Kind::NotFound, message)
        }
        _ => Failure::new(Kind::Failed, format!("{path:?} cannot be read: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, path: &str, text: &str) {
        let place = root.join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }

    #[test]
    fn what_tools_make_stays_and_the_rest_goes() {
        let root = tempfile::tempdir().unwrap();
        for path in [
            "src/a.py",
            "src/b c.sql",
            "src/deep/er/x",
            "top.txt",
            ".git/config",
            ".env",
            "node_modules/x/y.js",
            "src/__pycache__/a.pyc",
            "venv/bin/x",
            "x.egg-info/y",
            "data/big.csv",
            "data/small.csv",
            "half.part",
        ] {
            write(root.path(), path, "x");
        }
        let found = |folder: &str, exclude: &[&str]| -> Vec<String> {
            let exclude: Vec<_> = exclude.iter().map(|text| (*text).to_owned()).collect();
            walk(root.path(), folder, &exclude).unwrap().files.into_iter().map(|file| file.inside).collect()
        };
        assert_eq!(
            found("", &[]),
            ["data/big.csv", "data/small.csv", "src/a.py", "src/b c.sql", "src/deep/er/x", "top.txt"]
        );
        assert_eq!(found("src", &["deep"]), ["a.py", "b c.sql"]);
        assert_eq!(found("", &["src/", "*.txt", "data/b*"]), ["data/small.csv"]);
        assert_eq!(walk(root.path(), "nosuch", &[]).unwrap_err().kind, Kind::NotFound);
        assert_eq!(file(root.path(), "src").unwrap_err().kind, Kind::InvalidInput);
    }

    #[test]
    fn patterns_have_stars() {
        for (pattern, name, is) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "anything", true),
            ("*.csv", "a.csv", true),
            ("*.csv", "a.csv.gz", false),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "a1c", false),
            ("/data/", "data", true),
            ("a*a", "a", false),
        ] {
            assert_eq!(fits(pattern, name), is, "{pattern} {name}");
        }
    }

    #[test]
    fn notebooks_are_known_by_ending_and_first_line() {
        let root = tempfile::tempdir().unwrap();
        for (path, text, is) in [
            ("a.py", "# Databricks notebook source\r\nx", true),
            ("b.py", "\u{feff}# Databricks notebook source", true),
            ("c.SQL", "-- Databricks notebook source\n", true),
            ("d.ipynb", "{}", true),
            ("e.py", "print(1)", false),
            ("f.txt", "# Databricks notebook source", false),
            ("g", "# Databricks notebook source", false),
        ] {
            write(root.path(), path, text);
            assert_eq!(is_notebook(root.path(), &file(root.path(), path).unwrap()), is, "{path}");
        }
    }
}
