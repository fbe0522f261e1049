//! Files that arrive beside their places and go there together: what is refused or fails leaves the project as it was.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bricklayer_databricks::remote_path::{encode, join};
use bricklayer_databricks::{progress, side_by_side};
use bricklayer_generator::{Fetch, Format, TextFile, WorkspacePath};
use bricklayer_sdk::{Errand, Failure, Kind, Platform, encode_query};

/// What the folder of arriving files is called behind the name of the one that they go to.
const ENDING: &str = ".arriving";

/// Files that a refusal names.
const MAX_NAMED: usize = 5;

/// Files on their way into a folder of the project. They are gone with it, unless they were placed.
pub(crate) struct Staging {
    project: PathBuf,
    /// Where they go, from the project's folder; empty for that itself.
    target: String,
    /// Where they are until then.
    arriving: String,
    /// What was fetched, by where it comes from, and as what.
    fetched: BTreeMap<(WorkspacePath, Format), String>,
}

impl Staging {
    /// Begins; what an earlier call left behind is removed.
    ///
    /// # Errors
    /// A folder that cannot be made.
    pub(crate) fn begin(platform: &impl Platform, target: &str) -> Result<Self, Failure> {
        let arriving = format!("{}{ENDING}", if target.is_empty() { "bundle" } else { target });
        let project = platform.project();
        let folder = project.join(&arriving);
        let failed = |error: io::Error| Failure::new(Kind::Failed, format!("{arriving} cannot be made: {error}"));
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(failed)?;
        }
        fs::create_dir_all(&folder).map_err(failed)?;
        Ok(Self { project, target: target.to_owned(), arriving, fetched: BTreeMap::new() })
    }

    /// The folder that files go to.
    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    /// Fetches objects that are not here yet; which of them did not come, and why.
    pub(crate) fn fetch(&mut self, platform: &impl Platform, wanted: &[Fetch]) -> Vec<(WorkspacePath, Failure)> {
        let new: Vec<&Fetch> =
            wanted.iter().filter(|fetch| !self.fetched.contains_key(&(fetch.from.clone(), fetch.format))).collect();
        let known = self.fetched.len();
        let place = |item: usize| join(&self.arriving, &format!("fetched-{}", known + item));
        let came = RefCell::new(Vec::new());
        let errand = |item: usize| Errand::Download {
            path: new.get(item).map(|fetch| content(fetch)).unwrap_or_default(),
            file: place(item),
        };
        let left = side_by_side::each(platform, new.len(), errand, |item, answer| {
            came.borrow_mut().push((item, answer.map(|_| ())));
            let from = new.get(item).map_or("", |fetch| fetch.from.as_str());
            progress::tell(platform, &format!("fetched {from}"), came.borrow().len(), new.len());
        });
        let mut failed = Vec::new();
        let ended = came.into_inner().into_iter().chain(left.into_iter().map(|item| (item, Err(side_by_side::too_late()))));
        let mut arrived = Vec::new();
        for (item, answer) in ended {
            let Some(fetch) = new.get(item) else { continue };
            match answer {
                Ok(()) => arrived.push(((fetch.from.clone(), fetch.format), place(item))),
                Err(failure) => failed.push((fetch.from.clone(), failure)),
            }
        }
        self.fetched.extend(arrived);
        failed
    }

    /// Takes a file of the project as one that was fetched.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(crate) fn take(&mut self, fetch: &Fetch, path: &str) -> Result<(), Failure> {
        let place = join(&self.arriving, &format!("fetched-{}", self.fetched.len()));
        fs::copy(self.project.join(path), self.project.join(&place))
            .map_err(|error| Failure::new(Kind::Failed, format!("{path} cannot be read: {error}")))?;
        self.fetched.insert((fetch.from.clone(), fetch.format), place);
        Ok(())
    }

    /// The bytes of what was fetched, if it is here and no larger than `most`.
    pub(crate) fn bytes(&self, from: &WorkspacePath, format: Format, most: u64) -> Option<Vec<u8>> {
        let place = self.project.join(self.fetched.get(&(from.clone(), format))?);
        fs::metadata(&place).ok().filter(|about| about.len() <= most)?;
        fs::read(place).ok()
    }

    /// Puts all files into their places; those that are not here yet were not fetched. Their paths in the project.
    ///
    /// # Errors
    /// Files that are there already unless `force` is set, and a folder that cannot be written: nothing is changed then.
    pub(crate) fn place(&self, texts: &[TextFile], fetches: &[Fetch], force: bool) -> Result<Vec<String>, Failure> {
        let mut moves: Vec<(String, String)> = Vec::new();
        for (number, text) in texts.iter().enumerate() {
            let from = join(&self.arriving, &format!("text-{number}"));
            fs::write(self.project.join(&from), &text.text).map_err(|error| cannot(&text.path, &error))?;
            moves.push((from, self.inside(&text.path)));
        }
        for fetch in fetches {
            if let Some(from) = self.fetched.get(&(fetch.from.clone(), fetch.format)) {
                moves.push((from.clone(), self.inside(&fetch.to)));
            }
        }
        moves.sort_by(|a, b| a.1.cmp(&b.1));
        let to: Vec<String> = moves.iter().map(|(_, to)| to.clone()).collect();
        refuse_existing(&self.project, &to, force)?;
        let mut done = Done { project: &self.project, steps: Vec::new() };
        for (number, (from, to)) in moves.iter().enumerate() {
            let old = join(&self.arriving, &format!("replaced-{number}"));
            if let Err(error) = done.step(from, to, &old) {
                done.undo();
                return Err(cannot(to, &error));
            }
        }
        Ok(to)
    }

    /// Refuses what would replace files.
    ///
    /// # Errors
    /// Files that are there already unless `force` is set.
    pub(crate) fn refuse_existing(&self, texts: &[TextFile], fetches: &[Fetch], force: bool) -> Result<(), Failure> {
        let texts = texts.iter().map(|text| self.inside(&text.path));
        let all: Vec<String> = texts.chain(fetches.iter().map(|fetch| self.inside(&fetch.to))).collect();
        refuse_existing(&self.project, &all, force)
    }

    fn inside(&self, path: &str) -> String {
        if self.target.is_empty() { path.to_owned() } else { join(&self.target, path) }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.project.join(&self.arriving));
    }
}

/// The request for an object's content.
pub(crate) fn content(fetch: &Fetch) -> String {
    let format = match fetch.format {
        Format::Source => "SOURCE",
        Format::Jupyter => "JUPYTER",
        // A file of any size, as it is.
        Format::Raw => return format!("/api/2.0/workspace-files{}", encode(fetch.from.as_str())),
    };
    let query = [("path", fetch.from.as_str()), ("format", format), ("direct_download", "true")];
    encode_query("/api/2.0/workspace/export", &query)
}

fn refuse_existing(project: &Path, paths: &[String], force: bool) -> Result<(), Failure> {
    let folder = paths.iter().find(|path| project.join(path).is_dir());
    if let Some(folder) = folder {
        return Err(Failure::invalid("force", format!("{folder} is a folder; choose another folder for the bundle")));
    }
    let there: Vec<&str> = paths.iter().map(String::as_str).filter(|path| project.join(path).exists()).collect();
    if there.is_empty() || force {
        return Ok(());
    }
    let named = there.get(..MAX_NAMED).unwrap_or(&there).join(", ");
    let more = there.len().saturating_sub(MAX_NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let said = format!(
        "{named}{more} are there already; nothing was written. Set force to replace them, or name another folder"
    );
    Err(Failure::invalid("force", said))
}

fn cannot(path: &str, error: &io::Error) -> Failure {
    Failure::new(Kind::Failed, format!("{path} cannot be written, and nothing was: {error}"))
}

/// Moves that were made, to be taken back when one fails.
struct Done<'a> {
    project: &'a Path,
    /// Where to, and where what was there is.
    steps: Vec<(String, Option<String>)>,
}

impl Done<'_> {
    fn step(&mut self, from: &str, to: &str, old: &str) -> io::Result<()> {
        let place = self.project.join(to);
        fs::create_dir_all(place.parent().unwrap_or(self.project))?;
        let replaced = place.exists();
        if replaced {
            fs::rename(&place, self.project.join(old))?;
        }
        self.steps.push((to.to_owned(), replaced.then(|| old.to_owned())));
        fs::rename(self.project.join(from), place)
    }

    fn undo(&mut self) {
        for (to, old) in self.steps.drain(..).rev() {
            let place = self.project.join(to);
            // The folder that a new file made stays; it is empty.
            let _ = match old {
                Some(old) => fs::rename(self.project.join(old), place),
                None => fs::remove_file(place),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::testing::Script;

    use super::*;

    fn text(path: &str, text: &str) -> TextFile {
        TextFile { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn what_is_there_stays_unless_it_is_forced() {
        let folder = tempfile::tempdir().unwrap();
        let script = Script::new().project(folder.path());
        let texts = [text("a.yml", "new"), text("b/c.yml", "new")];
        let place = |force| Staging::begin(&script, "out").unwrap().place(&texts, &[], force);
        assert_eq!(place(false).unwrap(), ["out/a.yml", "out/b/c.yml"]);
        fs::write(folder.path().join("out/a.yml"), "mine").unwrap();
        let failure = place(false).unwrap_err();
        assert!(failure.message.contains("out/a.yml, out/b/c.yml are there already"), "{}", failure.message);
        assert_eq!(fs::read_to_string(folder.path().join("out/a.yml")).unwrap(), "mine");
        place(true).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("out/a.yml")).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "what arrives is gone");
    }

    #[test]
    fn a_failure_in_the_middle_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let script = Script::new().project(folder.path());
        fs::create_dir_all(folder.path().join("out")).unwrap();
        fs::write(folder.path().join("out/a.yml"), "mine").unwrap();
        // A file where a folder must be.
        fs::write(folder.path().join("out/b"), "mine").unwrap();
        let staging = Staging::begin(&script, "out").unwrap();
        let failure = staging.place(&[text("a.yml", "new"), text("b/c.yml", "new")], &[], true).unwrap_err();
        assert!(failure.message.contains("nothing was"), "{}", failure.message);
        for kept in ["out/a.yml", "out/b"] {
            assert_eq!(fs::read_to_string(folder.path().join(kept)).unwrap(), "mine");
        }
    }
}
