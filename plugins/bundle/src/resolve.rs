//! References put in: what `bundle`, `workspace`, `var` and `variables` name. References to `resources` and `artifacts`
//! wait for a deployment, and what begins with any other word is no reference.
//!
//! A text that is one reference becomes the value itself, at the place of the text: relative paths go from where they are
//! used. In other texts only scalars can stand.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::fields::{FieldKind, Fields};
use crate::finding::{Findings, Rule};
use crate::limits::{MAX_DEPTH, MAX_REFERENCE_DEPTH, MAX_REFERENCE_ROUNDS, MAX_TEXT_BYTES, MAX_VALUES};
use crate::near::near;
use crate::reference::{Part, Reference, Step, has_references, parts};
use crate::value::{At, Kind, Map, Value};
use crate::yaml;

/// Puts in the references of a whole bundle. Declarations of variables stay as they are written.
pub(crate) fn resolve(root: &mut Value, table: &Fields, findings: &mut Findings) {
    let source = root.clone();
    let mut resolver = Resolver::new(&source, table, findings);
    let Some(map) = root.as_map_mut() else { return };
    for entry in map.iter_mut() {
        let at = At::ROOT.key(&entry.key);
        match entry.key.as_str() {
            "variables" => {
                for variable in entry.value.as_map_mut().into_iter().flat_map(Map::iter_mut) {
                    if let Some(value) = variable.value.get_mut(&["value"]) {
                        resolver.value(value, at.key(&variable.key).key("value"));
                    }
                }
            }
            // A script's `${…}` is the shell's.
            "scripts" => {}
            _ => resolver.value(&mut entry.value, at),
        }
    }
}

/// Puts in the references within lookups; those to other looked-up variables stay.
pub(crate) fn resolve_lookups(root: &mut Value, table: &Fields, findings: &mut Findings) {
    let source = root.clone();
    let mut resolver = Resolver::new(&source, table, findings);
    let variables = At::ROOT.key("variables");
    for entry in root.get_mut(&["variables"]).and_then(Value::as_map_mut).into_iter().flat_map(Map::iter_mut) {
        if let Some(lookup) = entry.value.get_mut(&["lookup"]) {
            resolver.value(lookup, variables.key(&entry.key).key("lookup"));
        }
    }
}

/// What a reference leads to.
#[derive(Clone)]
enum Found {
    Value(Value),
    /// It stays: it waits for something, or what is wrong has been said.
    Left,
}

struct Resolver<'a> {
    source: &'a Value,
    table: &'a Fields,
    findings: &'a mut Findings,
    /// What was found, with the rounds that it takes.
    known: BTreeMap<Reference, (Found, usize)>,
    /// The references that are being followed.
    following: Vec<Reference>,
    values: usize,
    /// Rounds of what was followed last.
    rounds: usize,
    has_met_limit: bool,
}

impl<'a> Resolver<'a> {
    fn new(source: &'a Value, table: &'a Fields, findings: &'a mut Findings) -> Self {
        let (known, following) = (BTreeMap::new(), Vec::new());
        Self { source, table, findings, known, following, values: 0, rounds: 0, has_met_limit: false }
    }

    fn value(&mut self, value: &mut Value, at: At<'_>) {
        match &mut value.kind {
            Kind::Text(text) if text.contains("${") => {
                let text = text.clone();
                self.text(&text, value, at);
            }
            Kind::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.value(item, at.index(index));
                }
            }
            Kind::Map(map) => {
                for entry in map.iter_mut() {
                    self.value(&mut entry.value, at.key(&entry.key));
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str, value: &mut Value, at: At<'_>) {
        let parts = parts(text);
        if let [Part::Reference(reference)] = parts.as_slice() {
            if let Found::Value(found) = self.follow(reference, value, at) {
                value.kind = found.kind;
            }
            return;
        }
        let mut joined = String::new();
        for part in parts {
            match part {
                Part::Literal(literal) => joined.push_str(literal),
                Part::Malformed(text) => {
                    self.look_at_malformed(text, value, at);
                    joined.push_str(text);
                }
                Part::Reference(reference) => match self.follow(&reference, value, at) {
                    Found::Left => joined.push_str(&format!("${{{reference}}}")),
                    Found::Value(found) => match found.display() {
                        Some(text) => joined.push_str(&text),
                        None => {
                            let message =
                                format!("`${{{reference}}}` is {}, which cannot stand in a text", found.words());
                            let advice = "let it be the whole value, or refer to a part of it";
                            self.findings.add(Rule::ReferenceKind, at, value, message, advice);
                        }
                    },
                },
            }
            if joined.len() > MAX_TEXT_BYTES {
                self.meet_limit(value, at, &format!("a text has more than {MAX_TEXT_BYTES} bytes"));
                return;
            }
        }
        value.kind = Kind::Text(joined);
    }

    fn look_at_malformed(&mut self, text: &str, value: &Value, at: At<'_>) {
        let inside = text.trim_start_matches("${");
        let is_ours = ["bundle.", "workspace.", "var.", "variables.", "resources.", "artifacts."]
            .iter()
            .any(|prefix| inside.trim_start().starts_with(prefix));
        if is_ours {
            let message = format!("`{text}` is no reference, so it stays as it is");
            let advice = "write `${…}` with names of letters, digits, `-` and `_`, joined by dots, and no spaces";
            self.findings.add(Rule::ReferenceSyntax, at, value, message, advice);
        }
    }

    fn follow(&mut self, reference: &Reference, site: &Value, at: At<'_>) -> Found {
        let Some(way) = way(reference) else { return Found::Left };
        if let Some((found, rounds)) = self.known.get(&way).cloned() {
            self.rounds = self.rounds.max(rounds);
            return self.counted(found, site, at);
        }
        if let Some(start) = self.following.iter().position(|one| *one == way) {
            let mut round: Vec<String> = self.following.iter().skip(start).map(as_written).collect();
            // From the least, so that it reads the same wherever it was entered.
            let least = round.iter().enumerate().min_by_key(|(_, name)| *name).map_or(0, |(index, _)| index);
            round.rotate_left(least);
            round.extend(round.first().cloned());
            let message = format!("these references lead back to where they began: {}", round.join(" → "));
            self.findings.add(Rule::ReferenceCycle, at, site, message, "give one of them a value of its own");
            return Found::Left;
        }
        if self.following.len() >= MAX_REFERENCE_DEPTH {
            let message = format!("references lead on more than {MAX_REFERENCE_DEPTH} times");
            self.findings.add(Rule::Limit, at, site, message, "let them lead to the value more directly");
            return Found::Left;
        }
        self.following.push(way.clone());
        let before = std::mem::take(&mut self.rounds);
        let found = self.look_up(&way, reference, site, at);
        self.following.pop();
        self.known.insert(way, (found.clone(), self.rounds));
        self.rounds = self.rounds.max(before);
        self.counted(found, site, at)
    }

    /// What is copied counts: a few references can stand for very many values.
    fn counted(&mut self, found: Found, site: &Value, at: At<'_>) -> Found {
        if let Found::Value(value) = &found {
            self.values = self.values.saturating_add(yaml::count(value));
            if self.values > MAX_VALUES {
                self.meet_limit(site, at, &format!("references stand for more than {MAX_VALUES} values"));
                return Found::Left;
            }
            if yaml::depth(value) > MAX_DEPTH {
                self.meet_limit(site, at, &format!("references make lists and mappings more than {MAX_DEPTH} deep"));
                return Found::Left;
            }
        }
        found
    }

    fn meet_limit(&mut self, site: &Value, at: At<'_>, message: &str) {
        if !self.has_met_limit {
            self.has_met_limit = true;
            self.findings.add(Rule::Limit, at, site, message, "divide the bundle into smaller ones");
        }
    }

    fn look_up(&mut self, way: &Reference, reference: &Reference, site: &Value, at: At<'_>) -> Found {
        let mut current = Cow::Borrowed(self.source);
        let mut kind = Some(FieldKind::ROOT);
        for (index, step) in way.steps().iter().enumerate() {
            // A value on the way may itself be a reference.
            if current.as_text().is_some_and(has_references) {
                self.value(current.to_mut(), at);
                if current.as_text().is_some_and(has_references) {
                    return Found::Left;
                }
            }
            kind = kind.and_then(|kind| match step {
                Step::Key(key) => self.table.below(kind, key),
                Step::Index(_) => self.table.below(kind, ""),
            });
            match child(&current, step) {
                Some(next) => current = next,
                None => return self.not_there(way, reference, index, &current, kind.is_some(), site, at),
            }
        }
        let mut current = current.into_owned();
        let is_collection = matches!(current.kind, Kind::List(_) | Kind::Map(_));
        self.value(&mut current, at);
        self.rounds = if is_collection { self.rounds.saturating_add(1) } else { self.rounds.max(1) };
        if self.rounds > MAX_REFERENCE_ROUNDS {
            let message = format!("it takes more than {MAX_REFERENCE_ROUNDS} rounds to put all references in");
            let advice = "the official command line leaves the rest as it is: nest fewer complex variables";
            self.findings.add(Rule::ReferenceRounds, at, site, message, advice);
        }
        Found::Value(current)
    }

    #[expect(clippy::too_many_arguments, reason = "all that a message about it needs")]
    fn not_there(
        &mut self,
        way: &Reference,
        reference: &Reference,
        index: usize,
        current: &Value,
        is_field: bool,
        site: &Value,
        at: At<'_>,
    ) -> Found {
        let first = way.keys();
        // A variable without a value was told of; one that is looked up waits.
        if first.first() == Some(&"variables") && index == 2 {
            return Found::Left;
        }
        // Fields that are not set are empty, as with the command line.
        if is_field && first.first() != Some(&"variables") {
            return Found::Value(Value::text(""));
        }
        let names: Vec<&str> = current.entries_at(&[]).map(|entry| entry.key.as_str()).collect();
        let wanted = match way.steps().get(index) {
            Some(Step::Key(key)) => key.clone(),
            Some(Step::Index(index)) => format!("[{index}]"),
            None => String::new(),
        };
        let message = if first.first() == Some(&"variables") && index == 1 {
            format!("`${{{reference}}}`: there is no variable `{wanted}`")
        } else {
            format!("`${{{reference}}}`: there is no `{wanted}`")
        };
        let mut steps = reference.steps().to_vec();
        let offered: Vec<String> = near(&wanted, &names)
            .into_iter()
            .map(|name| {
                // `var.x` is a step shorter than `variables.x.value`.
                let position = if steps.len() == way.steps().len() { index } else { index.min(1) };
                if let Some(step) = steps.get_mut(position) {
                    *step = Step::Key(name.to_owned());
                }
                let text: Vec<String> = steps.iter().map(step_text).collect();
                format!("`${{{}}}`", text.join("."))
            })
            .collect();
        let advice = match (offered.is_empty(), first.first()) {
            (false, _) => format!("did you mean {}?", offered.join(" or ")),
            (true, Some(&"variables")) => format!("declare it: `variables: {{{wanted}: {{}}}}`"),
            (true, _) => "mend the reference".to_owned(),
        };
        self.findings.add(Rule::ReferenceMissing, at, site, message, advice);
        Found::Left
    }
}

fn child<'a>(value: &Cow<'a, Value>, step: &Step) -> Option<Cow<'a, Value>> {
    fn get<'v>(value: &'v Value, step: &Step) -> Option<&'v Value> {
        match (step, &value.kind) {
            (Step::Key(key), Kind::Map(map)) => map.get(key),
            (Step::Index(index), Kind::List(items)) => items.get(*index),
            _ => None,
        }
    }
    match value {
        Cow::Borrowed(value) => get(value, step).map(Cow::Borrowed),
        Cow::Owned(value) => get(value, step).cloned().map(Cow::Owned),
    }
}

fn step_text(step: &Step) -> String {
    match step {
        Step::Key(key) => key.clone(),
        Step::Index(index) => format!("[{index}]"),
    }
}

/// The way in the tree of a reference that is put in here.
fn way(reference: &Reference) -> Option<Reference> {
    let steps = reference.steps();
    match steps {
        [Step::Key(first), Step::Key(name), rest @ ..] if first == "var" => {
            let head = ["variables", name.as_str(), "value"].map(|key| Step::Key(key.to_owned()));
            Some(Reference::new(head.into_iter().chain(rest.iter().cloned()).collect()))
        }
        [Step::Key(first), _, ..] if ["bundle", "workspace", "variables"].contains(&first.as_str()) => {
            Some(reference.clone())
        }
        _ => None,
    }
}

/// The shorter form, which people write.
fn as_written(way: &Reference) -> String {
    match way.steps() {
        [Step::Key(first), Step::Key(name), Step::Key(value), rest @ ..]
            if first == "variables" && value == "value" =>
        {
            let head = ["var", name.as_str()].map(|key| Step::Key(key.to_owned()));
            Reference::new(head.into_iter().chain(rest.iter().cloned()).collect()).to_string()
        }
        _ => way.to_string(),
    }
}
