//! The live catalogue: which tools a user has in a project, answered from memory.
//!
//! A table never changes; a change makes the next one and swaps it in whole. Calls find their tool in the table of the
//! moment they begin and hold its code by reference, so a replacement or removal meets nobody in the middle.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bricklayer_domain::{InstallationId, PluginOwner, ProjectId, ToolName, UserId};
use bricklayer_runtime::{Grants, PreparedCall, Tool};
use bricklayer_tools::ToolList;
use serde_json::Value;

use crate::live::{Live, Origin, Serving};

/// Projects whose tools are remembered; past it all are forgotten and found anew. An entry is some hundred bytes, as
/// projects with the same plugins share their tools.
const MAX_REMEMBERED_PROJECTS: usize = 20_000;

/// The tools of the plugins that are on in some projects; shared by all projects with the same ones.
#[derive(Debug)]
struct ToolSet {
    specs: ToolList,
    tools: HashMap<ToolName, (Arc<Live>, Serving, Tool)>,
}

/// A user's tools in one project. Cheap to clone; stays as it is while the catalogue moves on.
#[derive(Debug, Clone)]
pub struct ProjectTools {
    project: Option<ProjectId>,
    set: Arc<ToolSet>,
}

/// A tool as a user has it in a project, found once: whoever holds it calls this very version, whatever is updated or
/// removed meanwhile.
#[derive(Debug, Clone)]
pub struct BoundTool {
    /// The code.
    pub tool: Tool,
    /// What a call of it may do as things stand.
    pub grants: Arc<Grants>,
    /// The installation.
    pub installation: InstallationId,
    pub(crate) project: Option<ProjectId>,
    pub(crate) live: Arc<Live>,
    pub(crate) serving: Serving,
}

impl BoundTool {
    /// Validates and converts the arguments of a call, once for all that happens to it.
    #[must_use]
    pub fn prepare(&self, input: &Value) -> BoundCall {
        BoundCall { tool: self.clone(), prepared: self.tool.prepare(input) }
    }
}

/// A call of a tool that a user has in a project, ready to be judged and made; see
/// [`PluginService::review`](crate::PluginService::review) and [`PluginService::call`](crate::PluginService::call).
#[derive(Debug, Clone)]
pub struct BoundCall {
    pub(crate) tool: BoundTool,
    pub(crate) prepared: PreparedCall,
}

impl BoundCall {
    /// The tool.
    #[must_use]
    pub const fn tool(&self) -> &BoundTool {
        &self.tool
    }

    /// The call as the sandbox takes it.
    #[must_use]
    pub const fn prepared(&self) -> &PreparedCall {
        &self.prepared
    }
}

impl ProjectTools {
    /// The tools, in an order that changes only with the plugins: the shipped families, then the others by name.
    #[must_use]
    pub fn specs(&self) -> ToolList {
        Arc::clone(&self.set.specs)
    }

    /// The tool of a full name.
    #[must_use]
    pub fn find(&self, name: &ToolName) -> Option<BoundTool> {
        let (live, serving, tool) = self.set.tools.get(name)?;
        Some(BoundTool {
            tool: tool.clone(),
            grants: Arc::clone(live.grants(self.project)),
            installation: live.id,
            project: self.project,
            live: Arc::clone(live),
            serving: serving.clone(),
        })
    }
}

impl ToolSet {
    fn new(plugins: &[&Arc<Live>]) -> Self {
        let mut specs = Vec::new();
        let mut tools = HashMap::new();
        for live in plugins {
            let Some(serving) = &live.serving else { continue };
            for spec in serving.plugin.tools() {
                let Some(tool) = serving.plugin.tool(&spec.name.0) else { continue };
                // Two shipped families share a prefix; everybody else's names begin with their own plugin's.
                if tools.contains_key(&spec.name) {
                    tracing::error!(tool = %spec.name, "two plugins have a tool of this name; the first one counts");
                    continue;
                }
                tools.insert(spec.name.clone(), (Arc::clone(live), serving.clone(), tool));
                specs.push(Arc::clone(spec));
            }
        }
        Self { specs: specs.into(), tools }
    }
}

#[derive(Debug, Default)]
struct Remembered {
    projects: HashMap<(UserId, Option<ProjectId>), Arc<ToolSet>>,
    sets: HashMap<Vec<InstallationId>, Arc<ToolSet>>,
}

/// All installations as they serve now.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// The store's generation that it shows.
    pub(crate) generation: i64,
    shipped: Vec<Arc<Live>>,
    installed: HashMap<InstallationId, Arc<Live>>,
    /// Ordered by name, as are those below.
    everyones: Vec<Arc<Live>>,
    own: HashMap<UserId, Vec<Arc<Live>>>,
    remembered: Mutex<Remembered>,
}

impl Table {
    pub(crate) fn new(generation: i64, shipped: Vec<Arc<Live>>, installed: Vec<Arc<Live>>) -> Self {
        let mut table = Self { generation, shipped, ..Self::default() };
        for live in installed {
            match &live.owner {
                PluginOwner::Everyone => table.everyones.push(Arc::clone(&live)),
                PluginOwner::User(user) => table.own.entry(user.clone()).or_default().push(Arc::clone(&live)),
            }
            table.installed.insert(live.id, live);
        }
        for list in table.own.values_mut().chain([&mut table.everyones]) {
            list.sort_by(|a, b| a.name.cmp(&b.name));
        }
        table
    }

    pub(crate) fn get(&self, id: InstallationId) -> Option<&Arc<Live>> {
        self.installed.get(&id).or_else(|| self.shipped.iter().find(|live| live.id == id))
    }

    /// Name, version and number of tools of what serves a user in a project that switched nothing.
    pub(crate) fn summaries(&self, user: &UserId) -> Vec<(String, String, usize)> {
        let serving = |live: &&Arc<Live>| live.serving.as_ref().map(|serving| Arc::clone(&serving.plugin));
        let plugins = self.on_in(user, None);
        let plugins = plugins.iter().filter_map(serving);
        plugins.map(|plugin| (plugin.name().to_string(), plugin.version().to_owned(), plugin.tools().len())).collect()
    }

    pub(crate) fn shipped(&self) -> &[Arc<Live>] {
        &self.shipped
    }

    pub(crate) fn installed(&self) -> impl Iterator<Item = &Arc<Live>> {
        self.installed.values()
    }

    /// What a user can see: the shipped families, then everyone's and their own by name, an own one before everyone's.
    pub(crate) fn visible(&self, user: &UserId) -> Vec<&Arc<Live>> {
        let own = self.own.get(user).map(Vec::as_slice).unwrap_or_default();
        let mut others: Vec<_> = own.iter().chain(&self.everyones).collect();
        // Stable, so that the own one stays first among equals.
        others.sort_by(|a, b| a.name.cmp(&b.name));
        self.shipped.iter().chain(others).collect()
    }

    /// The tools that a user has in a project, or in a project without switches and powers of its own.
    pub(crate) fn tools(&self, user: &UserId, project: Option<ProjectId>) -> ProjectTools {
        let key = (user.clone(), project);
        let known = self.remembered().projects.get(&key).cloned();
        if let Some(set) = known {
            return ProjectTools { project, set };
        }
        let plugins = self.on_in(user, project);
        let ids: Vec<_> = plugins.iter().map(|live| live.id).collect();
        let same = self.remembered().sets.get(&ids).cloned();
        let set = same.unwrap_or_else(|| Arc::new(ToolSet::new(&plugins)));
        let mut remembered = self.remembered();
        if remembered.projects.len() >= MAX_REMEMBERED_PROJECTS {
            *remembered = Remembered::default();
        }
        remembered.sets.insert(ids, Arc::clone(&set));
        remembered.projects.insert(key, Arc::clone(&set));
        ProjectTools { project, set }
    }

    /// The plugins that serve a user in a project. A user's own shadows everyone's of the same name, in their view only.
    fn on_in(&self, user: &UserId, project: Option<ProjectId>) -> Vec<&Arc<Live>> {
        let own = self.own.get(user).map(Vec::as_slice).unwrap_or_default();
        let usable = |live: &&Arc<Live>| live.enabled && project.is_none_or(|project| live.on_in(project));
        let own: Vec<_> = own.iter().filter(usable).collect();
        let everyones =
            self.everyones.iter().filter(usable).filter(|live| !own.iter().any(|mine| mine.name == live.name));
        let mut others: Vec<_> = own.iter().copied().chain(everyones).collect();
        others.sort_by(|a, b| a.name.cmp(&b.name));
        self.shipped.iter().filter(usable).chain(others).collect()
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, Remembered> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Live {
    /// Whether it ships with the host.
    pub(crate) const fn is_shipped(&self) -> bool {
        matches!(self.origin, Origin::Shipped)
    }
}
