//! Resources made, changed and deleted after a plan: what others need first, as many as the caller's bounds allow at once,
//! each change written down as soon as it is answered.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::decide::of_id;
use crate::desired::{Desired, What, owner, what};
use crate::graph::waves;
use crate::kinds::Kind;
use crate::plan::{Action, Entry, Plan};
use crate::reference::{Field, Known, resolve};
use crate::rights;
use crate::state::{Dependency, Saved, State};
use crate::store::{Store, keep_unanswered};
use crate::wal::{self, WAL_FILE};
use crate::world::{Body, Call, Fault, FaultKind, Method, Step, World};

/// What became of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// Its key, such as `resources.jobs.nightly`.
    pub key: String,
    /// What was done.
    pub action: Action,
    /// Its id; the former one of what was deleted.
    pub id: String,
}

/// What became of all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// What was done.
    pub done: Vec<Done>,
    /// What was not, and why.
    pub failed: Vec<(String, String)>,
}

/// A deploy under way.
pub(crate) struct Apply<'a> {
    world: &'a dyn World,
    /// The state as it is by now.
    pub(crate) state: State,
    pub(crate) applied: Applied,
    /// Keys of what was begun to be made or changed without an answer.
    unanswered: BTreeSet<String>,
    /// Answers to what was made and changed, for references to fields that only they have.
    answers: BTreeMap<String, Value>,
    serial: u64,
    /// Whether the record has its first line, and with it something that the workspace's state has not.
    is_begun: bool,
    total: usize,
}

/// A resource whose calls are under way.
struct Running<'a> {
    key: &'a str,
    what: What,
    action: Action,
    id: String,
    settings: Value,
    /// The settings before.
    saved: Option<Value>,
    depends_on: Vec<Dependency>,
    /// Calls that were answered.
    step: usize,
    /// Whether nothing more is to be sent for it.
    is_over: bool,
}

impl<'a> Apply<'a> {
    pub(crate) fn new(world: &'a dyn World, store: Store, total: usize) -> Self {
        let Store { state, unanswered, is_merged: is_begun, .. } = store;
        let serial = state.serial + 1;
        let (applied, answers) = (Applied::default(), BTreeMap::new());
        Self { world, state, applied, unanswered, answers, serial, is_begun, total }
    }

    /// Makes, changes and deletes what a plan says.
    ///
    /// # Errors
    /// Only what keeps changes from being written down; what the workspace refuses is in [`Applied`].
    pub(crate) fn run(&mut self, desired: &Desired, plan: &Plan) -> Result<(), Fault> {
        let of = |actions: &[Action]| -> Vec<&str> {
            let entries = plan.entries.iter().filter(|(_, entry)| actions.contains(&entry.action));
            entries.map(|(key, _)| key.as_str()).collect()
        };
        let anew: Vec<&str> = of(&[Action::Recreate]);
        self.delete(plan, &anew)?;
        let needs: BTreeMap<String, BTreeSet<String>> = of(&[Action::Create, Action::Update, Action::Recreate])
            .into_iter()
            .map(|key| {
                let own = desired.nodes.get(key).into_iter().flat_map(|node| &node.depends_on);
                (key.to_owned(), own.map(|on| on.node.clone()).chain(owner(key).map(str::to_owned)).collect())
            })
            .collect();
        let order = waves(&needs).map_err(|circle| Fault::local(format!("a circle of {}", circle.join(", "))))?;
        for wave in order {
            self.wave(desired, plan, &needs, &wave)?;
        }
        // Resources that were found and are as they should be are in the state from now on as well.
        self.delete(plan, &of(&[Action::Delete]))
    }

    /// Whether something was changed.
    pub(crate) fn has_changed(&self) -> bool {
        self.is_begun
    }

    fn tell(&self) {
        let done = self.applied.done.len() + self.applied.failed.len();
        self.world.tell(Step::Resources, done.min(self.total), self.total);
    }

    /// Writes a change down.
    fn note(&mut self, key: &str, saved: Option<Saved>) -> Result<(), Fault> {
        if !self.is_begun {
            self.world.keep(WAL_FILE, &wal::header(&self.state.lineage, self.serial))?;
            self.is_begun = true;
        }
        self.world.append(WAL_FILE, &wal::change(key, saved.as_ref()))?;
        match saved {
            Some(saved) => self.state.resources.insert(key.to_owned(), saved),
            None => self.state.resources.remove(key),
        };
        Ok(())
    }

    fn fail(&mut self, key: &str, message: impl Into<String>) {
        self.applied.failed.push((key.to_owned(), message.into()));
    }

    fn has_failed(&self, key: &str) -> bool {
        self.applied.failed.iter().any(|(failed, _)| failed == key)
    }

    /// Deletes these, what needs others before these.
    fn delete(&mut self, plan: &Plan, keys: &[&str]) -> Result<(), Fault> {
        let needs: BTreeMap<String, BTreeSet<String>> = keys
            .iter()
            .map(|key| {
                let saved = self.state.resources.get(*key).into_iter().flat_map(|saved| &saved.depends_on);
                ((*key).to_owned(), saved.map(|on| on.node.clone()).chain(owner(key).map(str::to_owned)).collect())
            })
            .collect();
        // A state whose resources need each other in a circle is deleted in any order.
        let mut order = waves(&needs).unwrap_or_else(|_| vec![needs.keys().cloned().collect()]);
        order.reverse();
        for wave in order {
            self.delete_wave(plan, &needs, &wave)?;
        }
        Ok(())
    }

    fn delete_wave(
        &mut self,
        plan: &Plan,
        needs: &BTreeMap<String, BTreeSet<String>>,
        wave: &[String],
    ) -> Result<(), Fault> {
        let mut asked: Vec<(&String, &Entry, Call)> = Vec::new();
        for key in wave {
            let (Some(entry), Some(what)) = (plan.entries.get(key), what(key)) else { continue };
            let keeper = self
                .applied
                .failed
                .iter()
                .find(|(failed, _)| needs.get(failed).is_some_and(|on| on.contains(key.as_str())));
            if let Some((keeper, _)) = keeper.cloned() {
                self.fail(key, format!("{keeper} needs it and could not be deleted"));
                continue;
            }
            let Some(saved) = self.state.resources.get(key).cloned() else { continue };
            match what {
                What::Resource(kind) if !entry.gone => {
                    asked.push((key, entry, kind.call(&kind.delete, &saved.id, &saved.state, None)));
                }
                // Rights go with their object, and stay as they are where it stays.
                _ => self.deleted(key, entry, saved.id)?,
            }
        }
        let calls: Vec<Call> = asked.iter().map(|(_, _, call)| call.clone()).collect();
        let mut stop = Ok(());
        let world = self.world;
        world.each(&calls, &mut |at, answer| {
            let Some((key, entry, _)) = asked.get(at) else { return };
            let id = entry.id.clone().unwrap_or_default();
            match answer {
                Err(fault) if fault.kind != FaultKind::Missing => self.fail(key, fault.message),
                _ => stop = std::mem::replace(&mut stop, Ok(())).and_then(|()| self.deleted(key, entry, id)),
            }
            self.tell();
        });
        stop
    }

    fn deleted(&mut self, key: &str, entry: &Entry, id: String) -> Result<(), Fault> {
        self.note(key, None)?;
        // What is made anew is told of once it is there again.
        if entry.action == Action::Delete && owner(key).is_none() {
            self.applied.done.push(Done { key: key.to_owned(), action: Action::Delete, id });
        }
        Ok(())
    }

    fn wave(
        &mut self,
        desired: &Desired,
        plan: &Plan,
        needs: &BTreeMap<String, BTreeSet<String>>,
        wave: &[String],
    ) -> Result<(), Fault> {
        let mut running = Vec::new();
        for key in wave {
            let failed = needs.get(key).into_iter().flatten().find(|on| self.has_failed(on)).cloned();
            if self.has_failed(key) {
                continue;
            }
            if let Some(on) = failed {
                self.fail(key, format!("{} failed, which it needs", on.trim_start_matches("resources.")));
                continue;
            }
            match self.begin(desired, plan, key) {
                Ok(Some(begun)) => running.push(begun),
                Ok(None) => {}
                Err(problem) => self.fail(key, problem),
            }
        }
        // Before anything is sent, so that what is not answered is looked for by the next plan.
        let begun = self.unanswered.len();
        self.unanswered.extend(running.iter().map(|one| one.key.to_owned()));
        if self.unanswered.len() > begun {
            keep_unanswered(self.world, &self.unanswered)?;
        }
        loop {
            let sent: Vec<(usize, Call)> =
                running.iter().enumerate().filter_map(|(at, one)| Some((at, one.call()?))).collect();
            if sent.is_empty() {
                break;
            }
            let calls: Vec<Call> = sent.iter().map(|(_, call)| call.clone()).collect();
            let mut stop = Ok(());
            let world = self.world;
            world.each(&calls, &mut |at, answer| {
                let Some(one) = sent.get(at).and_then(|(at, _)| running.get_mut(*at)) else { return };
                stop = std::mem::replace(&mut stop, Ok(())).and_then(|()| self.answered(one, answer));
                self.tell();
            });
            stop?;
        }
        // What was found and needs no call.
        for one in running.iter().filter(|one| !one.is_over) {
            self.unanswered.remove(one.key);
            self.finish(one)?;
        }
        keep_unanswered(self.world, &self.unanswered)?;
        Ok(())
    }

    fn begin<'p>(&self, desired: &Desired, plan: &'p Plan, key: &str) -> Result<Option<Running<'p>>, String> {
        let (Some((key, entry)), Some(node)) = (plan.entries.get_key_value(key), desired.nodes.get(key)) else {
            return Ok(None);
        };
        let resolved = resolve(&node.settings, &|field| self.known(field, desired, plan))?;
        if let Some((at, text)) = resolved.vars.into_iter().next() {
            return Err(format!("{text} in `{at}` is not known"));
        }
        let id = match entry.action {
            Action::Update => entry.id.clone().unwrap_or_default(),
            _ => String::new(),
        };
        let saved = self.state.resources.get(key).map(|saved| saved.state.clone());
        Ok(Some(Running {
            key,
            what: node.what,
            action: entry.action,
            id,
            settings: resolved.value,
            saved,
            depends_on: node.depends_on.clone(),
            step: 0,
            is_over: false,
        }))
    }

    /// What is known of a field of another resource by now.
    fn known(&self, field: &Field, desired: &Desired, plan: &Plan) -> Result<Known, String> {
        let missing = || format!("there is no {}", field.node);
        let node = desired.nodes.get(&field.node).ok_or_else(missing)?;
        let saved = self.state.resources.get(&field.node).ok_or_else(missing)?;
        let What::Resource(kind) = node.what else { return Err(missing()) };
        if let Some(known) = of_id(kind, field, Some(saved.id.clone())) {
            return Ok(known);
        }
        let remote = plan.entries.get(&field.node).and_then(|entry| entry.remote.as_ref());
        let value = field
            .in_settings(&saved.state)
            .or_else(|| field.in_settings(self.answers.get(&field.node)?))
            .or_else(|| field.in_settings(remote?));
        value.map(Known::Value).ok_or_else(|| format!("{} has no such field", field.node))
    }

    fn answered(&mut self, one: &mut Running<'_>, answer: Result<Value, Fault>) -> Result<(), Fault> {
        let answer = match answer {
            Ok(answer) => answer,
            Err(fault) => {
                one.is_over = true;
                if fault.kind != FaultKind::Lost {
                    self.unanswered.remove(one.key);
                }
                self.fail(one.key, fault.message);
                return Ok(());
            }
        };
        if let (What::Resource(kind), 0) = (one.what, one.step) {
            if one.is_made() {
                let Some(id) = kind.id_of(&one.settings, &answer) else {
                    one.is_over = true;
                    self.fail(one.key, "the workspace made it and gave no id");
                    return Ok(());
                };
                one.id = id;
            } else if let Some(id) = kind.id_of(&one.settings, &answer).filter(|_| kind.renames) {
                one.id = id;
            }
            one.take_etag(&answer);
            self.answers.insert(one.key.to_owned(), answer);
        }
        one.step += 1;
        self.unanswered.remove(one.key);
        if one.call().is_some() {
            // It is there, and not complete: without what completes it the next plan changes it once more.
            if let What::Resource(kind) = one.what {
                let saved =
                    Saved { id: one.id.clone(), state: one.incomplete(kind), depends_on: one.depends_on.clone() };
                self.note(one.key, Some(saved))?;
            }
            return Ok(());
        }
        one.is_over = true;
        self.finish(one)
    }

    fn finish(&mut self, one: &Running<'_>) -> Result<(), Fault> {
        let id = match one.what {
            What::Resource(_) => one.id.clone(),
            _ => rights::id(one.what, &one.settings),
        };
        let saved = Saved { id: id.clone(), state: one.settings.clone(), depends_on: one.depends_on.clone() };
        self.note(one.key, Some(saved))?;
        if owner(one.key).is_none() {
            self.applied.done.push(Done { key: one.key.to_owned(), action: one.action, id });
        }
        Ok(())
    }
}

impl Running<'_> {
    fn is_made(&self) -> bool {
        matches!(self.what, What::Resource(_)) && self.action != Action::Update
    }

    /// What is sent next.
    fn call(&self) -> Option<Call> {
        if self.is_over {
            return None;
        }
        let What::Resource(kind) = self.what else {
            return rights::calls(self.what, &self.settings, self.saved.as_ref()).into_iter().nth(self.step);
        };
        let route = match (self.step, self.is_made()) {
            (0, true) => Some(&kind.create),
            (0, false) => kind.update.as_ref(),
            (1, _) => kind.complete.as_ref(),
            _ => None,
        };
        let call = route.map(|route| kind.call(route, &self.id, &self.settings, self.saved.as_ref()));
        // The workspace refuses a change of nothing.
        call.filter(|call| call.method != Method::Patch || call.body != Body::Json(Value::Object(Map::new())))
    }

    /// What tells later whether somebody changed it.
    fn take_etag(&mut self, answer: &Value) {
        if let (Some(etag), Some(fields)) = (answer.get("etag"), self.settings.as_object_mut()) {
            fields.insert("etag".to_owned(), etag.clone());
        }
    }

    fn incomplete(&self, kind: &Kind) -> Value {
        let mut settings = self.settings.clone();
        if let Some(fields) = settings.as_object_mut() {
            fields.retain(|field, _| !kind.hidden.contains(&field.as_str()));
        }
        settings
    }
}
