//! The skills of projects: the host's own, shipped or the operator's, and before them those that the project has itself,
//! copied when it was made, uploaded or edited.
//!
//! A project's own skills lie beside its folder, not in it: what they say is instructions, so no tool of a turn and no
//! plugin writes them, only their owner by the page.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bricklayer_domain::{ProjectId, UserId, chain};
use bricklayer_skills::{
    AgentSet, FilePath, Origin, PackedSkill, Skill, SkillError, SkillFile, SkillLimits, SkillSet, SkillStore, digest,
};
use bricklayer_store::{ProjectSkills, Store, StoreError};
use tokio::sync::Mutex;

use crate::config::SkillsConfig;
use crate::embedded::Embedded;
use crate::projects::{ProjectFolders, blocking};

/// Skills that a project has itself at most.
const MAX_OWN_SKILLS: usize = 200;

/// Likeness (Jaro-Winkler) from which on a wrong name is taken for a slip.
const LIKE_ENOUGH: f64 = 0.8;

/// Why something about a project's skills does not work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SkillsError {
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The skill, or a file of it.
    #[error(transparent)]
    Skill(#[from] SkillError),
    /// A skill of this name that an upload would replace.
    #[error("this project has a skill named `{0}` already")]
    Exists(String),
    /// The file is not what whoever edits it has seen.
    #[error("`{0}` changed since it was opened")]
    Changed(String),
    /// A project with as many skills as it may have.
    #[error("this project has {MAX_OWN_SKILLS} skills of its own, which is as many as it may")]
    TooMany,
}

/// Why the host's skills cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HostSkillsError {
    /// The disk.
    #[error("the shipped skills cannot be unpacked to {path}")]
    Unpack {
        /// Where.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A name in `skills.enabled` that no skill has.
    #[error(
        "`skills.enabled` (ENABLED_SKILLS) names `{name}`, which is no skill{}; there are: {known}",
        nearest.as_ref().map_or_else(String::new, |nearest| format!(", did you mean `{nearest}`?"))
    )]
    Unknown {
        /// The name.
        name: String,
        /// The most similar one, when one is similar.
        nearest: Option<String>,
        /// All there are.
        known: String,
    },
}

/// The skills of all projects; cheap to clone.
#[derive(Debug, Clone)]
pub struct Skills {
    host: SkillSet,
    host_agents: AgentSet,
    limits: SkillLimits,
    folders: ProjectFolders,
    store: Store,
    /// Changes come one after the other on this host; each takes milliseconds.
    changing: Arc<Mutex<()>>,
}

/// What one project has.
#[derive(Debug, Clone)]
pub(crate) struct SkillsHere {
    /// All, with those that are switched off.
    pub(crate) all: SkillSet,
    /// Those that a model is told of.
    pub(crate) enabled: SkillSet,
    /// The subagents that it may ask.
    pub(crate) agents: AgentSet,
    /// What the project chose.
    pub(crate) chosen: ProjectSkills,
}

impl SkillsHere {
    /// The families of tools that are hidden with the skills that are switched off.
    pub(crate) fn hidden_families(&self) -> BTreeSet<String> {
        self.all.families_hidden_without(&self.enabled)
    }
}

/// What a reload did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reloaded {
    /// Copied anew, or for the first time.
    pub(crate) copied: Vec<String>,
    /// Edited in the project, and so left as they are.
    pub(crate) kept: Vec<String>,
    /// Copies of what the host no longer has.
    pub(crate) removed: Vec<String>,
}

impl Skills {
    /// Unpacks the shipped skills and reads the operator's.
    ///
    /// # Errors
    /// [`HostSkillsError`].
    pub fn load(
        config: &SkillsConfig,
        data_dir: &Path,
        folders: ProjectFolders,
        store: Store,
    ) -> Result<Self, HostSkillsError> {
        let shipped = data_dir.join("cache/skills");
        unpack_shipped(&shipped)
            .map_err(|source| HostSkillsError::Unpack { path: shipped.display().to_string(), source })?;
        let operator = config.dir.clone().map(|dir| (Origin::Operator, dir));
        let roots: Vec<(Origin, PathBuf)> = operator.into_iter().chain([(Origin::Shipped, shipped)]).collect();
        let mut host = SkillSet::load(&roots, &config.limits);
        for warning in host.warnings() {
            tracing::warn!(warning, "a skill is odd");
        }
        let host_agents = AgentSet::load(&roots);
        for warning in host_agents.warnings() {
            tracing::warn!(warning, "a subagent is odd");
        }
        for skill in host.iter() {
            if let Some(replaced) = skill.replaces() {
                tracing::info!(
                    skill = skill.name(),
                    replaced = replaced.as_str(),
                    "the operator's skill stands before another"
                );
            }
        }
        if let Some(names) = &config.enabled {
            for name in names {
                if host.get(name).is_none() {
                    return Err(unknown(name, &host));
                }
            }
            host = host.only(names);
        }
        Ok(Self { host, host_agents, limits: config.limits, folders, store, changing: Arc::default() })
    }

    /// The bounds of skills.
    pub(crate) const fn limits(&self) -> SkillLimits {
        self.limits
    }

    /// The host's own, which a project has that has none itself.
    pub(crate) const fn host(&self) -> &SkillSet {
        &self.host
    }

    /// The host's own subagents.
    pub(crate) const fn host_agents(&self) -> &AgentSet {
        &self.host_agents
    }

    /// What a user's project has.
    ///
    /// # Errors
    /// When the database fails. Own skills that cannot be read are left out, and the log says so.
    pub(crate) async fn of(&self, user: &UserId, project: ProjectId) -> Result<SkillsHere, StoreError> {
        let chosen = self.store.project_skills(user, project).await?;
        let (own, agents) = match self.own(project).await {
            Ok(Some(own)) => own,
            Ok(None) => Default::default(),
            Err(error) => {
                tracing::warn!(error = chain(&error), project.id = %project, "a project's own skills cannot be read");
                Default::default()
            }
        };
        let all = own.over(&self.host);
        let enabled = chosen.enabled.as_ref().map_or_else(|| all.clone(), |names| all.only(names));
        Ok(SkillsHere { all, enabled, agents: agents.over(&self.host_agents), chosen })
    }

    /// The skills and subagents that a model is told of in a project; without one, the host's.
    ///
    /// # Errors
    /// As [`Skills::of`].
    pub(crate) async fn told_in(
        &self,
        user: &UserId,
        project: Option<ProjectId>,
    ) -> Result<(SkillSet, AgentSet), StoreError> {
        let Some(project) = project else { return Ok((self.host.clone(), self.host_agents.clone())) };
        let here = self.of(user, project).await?;
        Ok((here.enabled, here.agents))
    }

    /// The names of the skills here that differ from the copies they were made as.
    pub(crate) async fn edited(&self, project: ProjectId, here: &SkillsHere) -> Result<BTreeSet<String>, SkillsError> {
        let (store, limits, copies) = (self.folder(project).await?, self.limits, here.chosen.copies.clone());
        let edited = blocking(move || {
            let differs = |(name, made): &(String, String)| store.digest(name, &limits).is_some_and(|now| now != *made);
            Ok(copies.into_iter().filter(differs).map(|(name, _)| name).collect())
        });
        Ok(edited.await.map_err(SkillError::from)?)
    }

    /// Copies the host's skills into a project that was just made.
    ///
    /// # Errors
    /// [`SkillsError`]; the project has the host's skills all the same.
    pub(crate) async fn copy_to_new(&self, user: &UserId, project: ProjectId) -> Result<(), SkillsError> {
        self.reload(user, project, false).await.map(drop)
    }

    /// Chooses which skills are enabled; none: all, also those that come later.
    ///
    /// # Errors
    /// [`SkillsError`], also when one of the names is no skill here.
    pub(crate) async fn enable(
        &self,
        user: &UserId,
        project: ProjectId,
        enabled: Option<BTreeSet<String>>,
    ) -> Result<SkillsHere, SkillsError> {
        let _one_at_a_time = self.changing.lock().await;
        let here = self.of(user, project).await?;
        if let Some(name) = enabled.iter().flatten().find(|name| here.all.get(name).is_none()) {
            return Err(SkillError::NotFound(format!("skill named `{name}` in this project")).into());
        }
        self.store.set_project_skills(user, project, &ProjectSkills { enabled, ..here.chosen }).await?;
        Ok(self.of(user, project).await?)
    }

    /// Copies the host's skills anew, as they are now. What was edited in the project stays, unless it is to be given up.
    ///
    /// # Errors
    /// [`SkillsError`].
    pub(crate) async fn reload(
        &self,
        user: &UserId,
        project: ProjectId,
        discard_edits: bool,
    ) -> Result<Reloaded, SkillsError> {
        let _one_at_a_time = self.changing.lock().await;
        let chosen = self.store.project_skills(user, project).await?;
        let (store, host, limits) = (self.folder(project).await?, self.host.clone(), self.limits);
        let made = chosen.copies.clone();
        let (copies, reloaded) = run(move || copy_anew(&store, &host, made, discard_edits, &limits)).await?;
        self.store.set_project_skills(user, project, &ProjectSkills { copies, ..chosen }).await?;
        Ok(reloaded)
    }

    /// The files of every skill here, by its name.
    ///
    /// # Errors
    /// [`SkillsError`].
    pub(crate) async fn files(&self, here: &SkillsHere) -> Result<BTreeMap<String, Vec<SkillFile>>, SkillsError> {
        let (skills, limits) = (here.all.clone(), self.limits);
        run(move || {
            let files =
                |skill: &Arc<Skill>| skill.folder().files(&limits).map(|(files, _)| (skill.name().to_owned(), files));
            skills.iter().map(files).collect::<Result<BTreeMap<_, _>, SkillError>>()
        })
        .await
    }

    /// A file of a skill here, as text.
    ///
    /// # Errors
    /// [`SkillsError`].
    pub(crate) async fn read(&self, here: &SkillsHere, name: &str, path: FilePath) -> Result<String, SkillsError> {
        let (skill, limits) = (found(here, name)?, self.limits);
        run(move || skill.folder().read_text(&path, &limits)).await
    }

    /// Puts a file of a skill in its place. A skill of the host's becomes the project's own by it. `base` is the text that
    /// whoever edits it has seen; none for a new file.
    ///
    /// # Errors
    /// [`SkillsError::Changed`] when the file is another by now, and as always.
    pub(crate) async fn write(
        &self,
        user: &UserId,
        project: ProjectId,
        name: &str,
        path: FilePath,
        content: String,
        base: Option<String>,
    ) -> Result<(), SkillsError> {
        let _one_at_a_time = self.changing.lock().await;
        let here = self.of(user, project).await?;
        let (skill, store, limits) = (found(&here, name)?, self.folder(project).await?, self.limits);
        let name = name.to_owned();
        let work = move || {
            let now = match skill.folder().read(&path, &limits) {
                Ok(bytes) => Some(content_digest(&bytes)),
                Err(SkillError::NotFound(_)) => None,
                Err(error) => return Err(error.into()),
            };
            if now != base {
                return Err(SkillsError::Changed(path.to_string()));
            }
            if skill.origin() != Origin::Project || skill.folder().name() != name {
                store.put(&name, &skill.folder().contents(&limits)?, &limits)?;
            }
            store.put_file(&name, &path, content.into_bytes(), &limits)?;
            Ok(())
        };
        run(work).await
    }

    /// Takes a skill in, enabled.
    ///
    /// # Errors
    /// [`SkillsError::Exists`] when the project has one of this name and it is not to be replaced, and as always.
    pub(crate) async fn take_in(
        &self,
        user: &UserId,
        project: ProjectId,
        archive: axum::body::Bytes,
        replace: bool,
    ) -> Result<(String, SkillsHere), SkillsError> {
        let limits = self.limits;
        let PackedSkill { name, contents } = run(move || bricklayer_skills::unpack(&archive, &limits)).await?;
        let _one_at_a_time = self.changing.lock().await;
        let here = self.of(user, project).await?;
        if !replace && here.all.get(&name).is_some() {
            return Err(SkillsError::Exists(name));
        }
        let own = here.all.iter().filter(|skill| skill.origin() == Origin::Project).count();
        if own >= MAX_OWN_SKILLS {
            return Err(SkillsError::TooMany);
        }
        let store = self.folder(project).await?;
        let taken = name.clone();
        run(move || store.put(&taken, &contents, &limits)).await?;
        let mut chosen = here.chosen;
        chosen.copies.remove(&name);
        chosen.enabled.as_mut().map(|names| names.insert(name.clone()));
        self.store.set_project_skills(user, project, &chosen).await?;
        Ok((name, self.of(user, project).await?))
    }

    /// Removes what the project has itself under this name; a skill of the host's of that name is back by it.
    ///
    /// # Errors
    /// [`SkillsError`].
    pub(crate) async fn remove(&self, user: &UserId, project: ProjectId, name: &str) -> Result<(), SkillsError> {
        let _one_at_a_time = self.changing.lock().await;
        let here = self.of(user, project).await?;
        let skill = found(&here, name)?;
        if skill.origin() != Origin::Project {
            return Err(SkillError::NotFound(format!("skill named `{name}` of the project's own")).into());
        }
        let (store, folder) = (self.folder(project).await?, skill.folder().name().to_owned());
        run(move || store.remove(&folder)).await?;
        let mut chosen = here.chosen;
        chosen.copies.remove(name);
        if self.host.get(name).is_none() {
            chosen.enabled.as_mut().map(|names| names.remove(name));
        }
        Ok(self.store.set_project_skills(user, project, &chosen).await?)
    }

    /// Removes everything that a deleted project had.
    pub(crate) async fn remove_all(&self, project: ProjectId) -> std::io::Result<()> {
        self.folders.remove(project).await
    }

    async fn folder(&self, project: ProjectId) -> Result<SkillStore, SkillsError> {
        Ok(SkillStore::new(self.folders.open(project).await.map_err(SkillError::from)?))
    }

    /// A project's own, with its subagents; none when it never had any here.
    async fn own(&self, project: ProjectId) -> std::io::Result<Option<(SkillSet, AgentSet)>> {
        let (path, limits) = (self.folders.path(project), self.limits);
        blocking(move || match cap_std::fs::Dir::open_ambient_dir(&path, cap_std::ambient_authority()) {
            Ok(dir) => {
                let store = SkillStore::new(dir);
                Ok(Some((store.scan(&limits), store.agents())))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }
}

/// What tells one content of a file from another.
pub(crate) fn content_digest(content: &[u8]) -> String {
    FilePath::parse("file").map_or_else(|_| String::new(), |path| digest(&[(path, content.to_vec())]))
}

/// Runs work on files off the event loop.
async fn run<T, E, F>(work: F) -> Result<T, SkillsError>
where
    T: Send + 'static,
    E: Into<SkillsError> + Send + 'static,
    F: FnOnce() -> Result<T, E> + Send + 'static,
{
    blocking(move || Ok(work())).await.map_err(SkillError::from)?.map_err(Into::into)
}

fn found(here: &SkillsHere, name: &str) -> Result<Arc<Skill>, SkillError> {
    let skill = here.all.get(name).map(Arc::clone);
    skill.ok_or_else(|| SkillError::NotFound(format!("skill named `{name}` in this project")))
}

fn copy_anew(
    store: &SkillStore,
    host: &SkillSet,
    mut made: BTreeMap<String, String>,
    discard_edits: bool,
    limits: &SkillLimits,
) -> Result<(BTreeMap<String, String>, Reloaded), SkillsError> {
    let own = store.scan(limits);
    let mut reloaded = Reloaded::default();
    for skill in host.iter() {
        let name = skill.name().to_owned();
        let contents = skill.folder().contents(limits)?;
        let (now, was) = (store.digest(&name, limits), made.get(&name));
        let is_edited = own.get(&name).is_some() && now.as_ref() != was;
        if is_edited && !discard_edits {
            reloaded.kept.push(name);
        } else if now.as_ref() == Some(&digest(&contents)) {
            made.insert(name, now.unwrap_or_default());
        } else {
            made.insert(name.clone(), store.put(&name, &contents, limits)?);
            reloaded.copied.push(name);
        }
    }
    let gone: Vec<String> = made.keys().filter(|name| host.get(name).is_none()).cloned().collect();
    for name in gone {
        let was = made.remove(&name);
        if store.digest(&name, limits) == was {
            store.remove(&name)?;
            reloaded.removed.push(name);
        }
    }
    Ok((made, reloaded))
}

fn unknown(name: &str, host: &SkillSet) -> HostSkillsError {
    let names = host.names();
    let nearest = names.iter().map(|known| (strsim::jaro_winkler(name, known), *known));
    let nearest = nearest.filter(|(likeness, _)| *likeness >= LIKE_ENOUGH).max_by(|a, b| a.0.total_cmp(&b.0));
    HostSkillsError::Unknown {
        name: name.to_owned(),
        nearest: nearest.map(|(_, known)| known.to_owned()),
        known: names.join(", "),
    }
}

fn unpack_shipped(folder: &Path) -> std::io::Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    for name in Embedded::Skills.list() {
        let Some(file) = Embedded::Skills.get(&name) else { continue };
        let path = folder.join(&name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, file)?;
    }
    Ok(())
}
