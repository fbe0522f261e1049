//! Noticing that an author saved a file, by looking: it works on every disk, and a plugin has few files.

use std::time::{Duration, SystemTime};

use crate::Project;

/// How often the files are looked at.
pub const INTERVAL: Duration = Duration::from_millis(300);

/// What a plugin's sources looked like at one moment: names, times, lengths.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot(Vec<(String, Option<SystemTime>, u64)>);

impl Snapshot {
    /// Looks at a folder. One that cannot be read looks empty.
    #[must_use]
    pub fn of(project: &Project) -> Self {
        let sources = project.sources().unwrap_or_default();
        let look = |(name, path): (String, std::path::PathBuf)| {
            let metadata = std::fs::metadata(path).ok()?;
            Some((name, metadata.modified().ok(), metadata.len()))
        };
        // Editors' own files come and go with every key.
        let own = |name: &str| name.ends_with('~') || name.ends_with(".swp") || name.ends_with(".tmp");
        Self(sources.into_iter().filter(|(name, _)| !own(name)).filter_map(look).collect())
    }

    /// The first file that differs, for telling the author what was noticed.
    #[must_use]
    pub fn changed(&self, newer: &Self) -> Option<String> {
        let entry = newer.0.iter().find(|entry| !self.0.contains(entry));
        let gone = || self.0.iter().find(|(name, ..)| !newer.0.iter().any(|(own, ..)| own == name));
        entry.or_else(gone).map(|(name, ..)| name.clone())
    }
}

#[cfg(test)]
mod tests {
    use bricklayer_package::Language;

    use super::*;

    #[test]
    fn changes_are_noticed_and_named() {
        let parent = tempfile::tempdir().unwrap();
        let folder = crate::create("weather", Language::Python, parent.path()).unwrap();
        let project = Project::open(&folder).unwrap();
        let before = Snapshot::of(&project);
        assert_eq!(before.changed(&Snapshot::of(&project)), None);
        std::fs::create_dir_all(folder.join("dist")).unwrap();
        std::fs::write(folder.join("dist/x.wasm"), "built").unwrap();
        std::fs::write(folder.join(".app.py.swp"), "editor").unwrap();
        assert_eq!(before.changed(&Snapshot::of(&project)), None);
        std::fs::write(folder.join("app.py"), "longer or shorter").unwrap();
        let after = Snapshot::of(&project);
        assert_eq!(before.changed(&after).as_deref(), Some("app.py"));
        std::fs::remove_file(folder.join("tests.toml")).unwrap();
        assert_eq!(after.changed(&Snapshot::of(&project)).as_deref(), Some("tests.toml"));
    }
}
