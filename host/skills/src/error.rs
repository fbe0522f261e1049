//! Why something about a skill does not work.

use std::io;

/// Why a skill, or a file of it, cannot be read, written or taken in.
#[derive(Debug, thiserror::Error)]
pub enum SkillError {
    /// There is no such skill or file.
    #[error("there is no {0}")]
    NotFound(String),
    /// The path leads out of its skill, or is none.
    #[error("`{0}` is no path inside a skill: use forward slashes, and neither `..` nor an empty or hidden part")]
    BadPath(String),
    /// What is asked for is a folder, a link or a device.
    #[error("`{0}` is not a file of its own; links are not followed")]
    NotAFile(String),
    /// A bound of [`SkillLimits`](crate::SkillLimits).
    #[error("{what} is more than {most} {unit}")]
    TooLarge {
        /// What.
        what: String,
        /// The bound.
        most: u64,
        /// Of what.
        unit: &'static str,
    },
    /// The file is no text.
    #[error("`{0}` is not a text file in UTF-8")]
    NotText(String),
    /// An archive that cannot be taken in.
    #[error("the archive cannot be taken in: {0}")]
    BadArchive(String),
    /// It breaks the specification.
    #[error("it is no valid skill: {}", .0.join("; "))]
    Invalid(Vec<String>),
    /// The disk.
    #[error("the skill's files cannot be used")]
    Io(#[from] io::Error),
}

impl SkillError {
    /// The error of a file operation on this path.
    pub(crate) fn of(error: io::Error, path: &str) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::NotFound(format!("`{path}`")),
            io::ErrorKind::IsADirectory => Self::NotAFile(path.to_owned()),
            // Not following a link fails by this number on Unix.
            _ if error.raw_os_error() == Some(ELOOP) => Self::NotAFile(path.to_owned()),
            _ => Self::Io(error),
        }
    }
}

/// "Too many levels of symbolic links", on Linux.
const ELOOP: i32 = 40;
