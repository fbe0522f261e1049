//! Files of the project that a tool takes as a text, or writes one to.

use std::io::ErrorKind;
use std::path::Path;

use bricklayer_sdk::{Failure, Kind};

use crate::remote_path::project_path;

/// The text of a file of the project, without a byte order mark; `project` is where its folder is, `field` the argument
/// that names the file.
///
/// # Errors
/// A path that leads elsewhere, no such file, more bytes than `most`, or no text in UTF-8.
pub fn read_text(project: &Path, field: &str, path: &str, most: u64) -> Result<String, Failure> {
    let invalid = |problem: &str| Failure::invalid(field, format!("{path} {problem}"));
    let relative = project_path(field, path)?;
    if relative.is_empty() {
        return Err(invalid("is no path in the project's folder; write it from there, such as jobs/report.py"));
    }
    let file = project.join(relative);
    let size = match std::fs::metadata(&file) {
        Ok(about) if about.is_file() => about.len(),
        Ok(_) => return Err(invalid("is no file")),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(Failure::new(Kind::NotFound, format!("{path} is not in the project's folder")));
        }
        Err(error) => return Err(Failure::new(Kind::Failed, format!("{path} cannot be read: {error}"))),
    };
    if size > most {
        return Err(Failure::new(Kind::LimitExceeded, format!("{path} has {size} bytes; at most {most} are taken")));
    }
    let bytes =
        std::fs::read(&file).map_err(|error| Failure::new(Kind::Failed, format!("{path} cannot be read: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| invalid("is no text in UTF-8"))?;
    Ok(text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_owned))
}

/// Writes a text to a file of the project, from whose folder `path` goes; folders above it are made. A reader sees the old
/// file or the new one.
///
/// # Errors
/// Something that is there already unless `replace` is set, and a folder that cannot be written.
pub fn write_text(project: &Path, path: &str, text: &str, replace: bool) -> Result<(), Failure> {
    let failed = |error| Failure::new(Kind::Failed, format!("{path} cannot be written: {error}"));
    let place = project.join(path);
    if place.exists() && !replace {
        return Err(Failure::invalid("overwrite", format!("{path} is there already; set overwrite to replace it")));
    }
    let arriving = project.join(format!("{path}.part"));
    std::fs::create_dir_all(place.parent().unwrap_or(project)).map_err(failed)?;
    std::fs::write(&arriving, text).and_then(|()| std::fs::rename(&arriving, &place)).map_err(failed)
}
