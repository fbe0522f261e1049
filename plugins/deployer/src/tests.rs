//! The library against a workspace in memory.

mod cut;
mod life;
mod workspace;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Mutex;

use bricklayer_bundle::{Bundle, MemoryFiles, Request, User, is_notebook, open};
use sha2::{Digest, Sha256};

use self::workspace::Workspace;
use crate::{Fault, Fresh, Job, LocalFile, Plan, Report, deploy, destroy, prepare, prepare_destroy};

const USER: &str = "ann@x.y";
const ROOT: &str = "/Workspace/Users/ann@x.y/.bundle/b/dev";

/// A project with a bundle, and what its deploys keep.
#[derive(Clone)]
struct Project {
    files: BTreeMap<String, String>,
    workspace: Workspace,
    deploys: RefCell<u64>,
}

impl Project {
    /// A project of these files: a path and its content.
    fn new(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Self { files, workspace: Workspace::default(), deploys: RefCell::new(0) }
    }

    fn write(&mut self, path: &str, text: &str) {
        self.files.insert(path.to_owned(), text.to_owned());
    }

    fn remove(&mut self, path: &str) {
        self.files.remove(path);
    }

    fn memory(&self) -> MemoryFiles {
        self.files.iter().map(|(path, text)| (path, text.as_bytes())).collect()
    }

    /// The bundle; each is read once, since a test of all cuts needs it a thousand times.
    fn bundle(&self) -> Bundle {
        static READ: Mutex<BTreeMap<BTreeMap<String, String>, Bundle>> = Mutex::new(BTreeMap::new());
        let mut read = READ.lock().unwrap();
        read.entry(self.files.clone()).or_insert_with(|| self.read()).clone()
    }

    fn read(&self) -> Bundle {
        let files = self.memory();
        let user = User { user_name: USER.to_owned(), ..User::default() };
        let outcome = open(&files, Request { user, ..Request::default() }).finish(&files, &[]);
        assert!(outcome.is_good(), "{:#?}", outcome.findings);
        outcome.bundle.unwrap()
    }

    /// Does something with a job of this bundle.
    fn with<T>(&self, force_lock: bool, overwrite_drift: bool, work: impl FnOnce(&Job<'_>) -> T) -> T {
        let (files, bundle) = (self.memory(), self.bundle());
        let local = |path: String| {
            let text = &self.files[&path];
            let hash = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
            let is_notebook = is_notebook(&files, &path).unwrap();
            LocalFile { inside: path.clone(), path, bytes: text.len() as u64, modified: 0, hash, is_notebook }
        };
        let local: Vec<LocalFile> = bundle.sync.files(&files).unwrap().into_iter().map(local).collect();
        for file in &local {
            self.workspace.put_project_file(&file.path, &self.files[&file.path]);
        }
        *self.deploys.borrow_mut() += 1;
        let n = *self.deploys.borrow();
        let fresh = Fresh {
            now: 1_700_000_000 + n,
            lineage: format!("lineage-{n}"),
            lock: format!("lock-{n}"),
            record: "record".to_owned(),
        };
        let (user, host) = (USER, "https://h");
        work(&Job { bundle: &bundle, files: &files, local: &local, user, host, fresh, force_lock, overwrite_drift })
    }

    fn plan(&self) -> Result<Plan, Fault> {
        self.with(false, false, |job| prepare(&self.workspace, job, false).map(|prepared| prepared.plan))
    }

    fn deploy_as(&self, force_lock: bool, overwrite_drift: bool) -> Result<Report, Fault> {
        self.with(force_lock, overwrite_drift, |job| deploy(&self.workspace, job, prepare(&self.workspace, job, true)?))
    }

    fn deploy(&self) -> Result<Report, Fault> {
        self.deploy_as(false, false)
    }

    fn destroy(&self, force_lock: bool) -> Result<Report, Fault> {
        self.with(force_lock, false, |job| destroy(&self.workspace, job, prepare_destroy(&self.workspace, job, true)?))
    }
}
