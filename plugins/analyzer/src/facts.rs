//! What has been found so far: the languages put it here, in the order of the notebook.

use std::collections::BTreeSet;

use crate::analysis::{
    Call, CallKind, Certainty, Dataset, DatasetKind, Finding, Function, Import, Install, Mode, Parameter,
    ParameterKind, PathOperation, PathUse, Place, Reason, Secret, Severity, Statement, Streaming, TableKind, TableUse,
    TaskValue,
};
use crate::names::{self, Namespace, Reader};
use crate::sensitive::{self, Sensitive};
use crate::text::Text;

/// Entries of one list.
pub(crate) const MAX_ENTRIES: usize = 5_000;

/// A table that was found; its name is told when all parameters are known.
#[derive(Debug, Clone)]
struct Found {
    parts: Vec<Text>,
    kind: Option<TableKind>,
    via: String,
    mode: Mode,
    write: bool,
    at: Place,
}

/// Everything that was found.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// Where it is being looked.
    pub(crate) at: Place,
    pub(crate) namespace: Namespace,
    pub(crate) imports: Vec<Import>,
    pub(crate) installs: Vec<Install>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) paths: Vec<PathUse>,
    pub(crate) datasets: Vec<Dataset>,
    pub(crate) calls: Vec<Call>,
    pub(crate) task_values: Vec<TaskValue>,
    pub(crate) secrets: Vec<Secret>,
    pub(crate) sql: Vec<Statement>,
    pub(crate) functions: Vec<Function>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) services: BTreeSet<String>,
    pub(crate) mlflow: BTreeSet<String>,
    pub(crate) streaming: Option<Streaming>,
    /// Words of what was seen, for telling what the notebook is for: `display`, `fit`.
    pub(crate) seen: BTreeSet<&'static str>,
    pub(crate) truncated: bool,
    /// Expressions that no name could be told of.
    pub(crate) uncomputed: u32,
    tables: Vec<Found>,
    temporary: BTreeSet<String>,
    keys: BTreeSet<String>,
    /// The datasets that are being defined, the innermost last.
    open: Vec<usize>,
}

impl Facts {
    /// Whether it is the first of its kind; of everything else only the first counts.
    pub(crate) fn is_new(&mut self, key: String) -> bool {
        if self.keys.len() >= 16 * MAX_ENTRIES {
            self.truncated = true;
            return false;
        }
        self.keys.insert(key)
    }

    /// A table that is read.
    pub(crate) fn read(&mut self, name: &Text, via: &str, mode: Mode) {
        self.table(name, via, mode, false, None);
    }

    /// A table that is written.
    pub(crate) fn write(&mut self, name: &Text, via: &str, mode: Mode) {
        self.table(name, via, mode, true, None);
    }

    /// A table of another system.
    pub(crate) fn external(&mut self, name: &Text, via: &str, write: bool) {
        let mode = if write { Mode::Write } else { Mode::Batch };
        self.table(name, via, mode, write, Some(TableKind::External));
    }

    /// A dataset of the pipeline that this is a part of.
    pub(crate) fn read_dataset(&mut self, name: &Text, via: &str, mode: Mode) {
        self.table(name, via, mode, false, Some(TableKind::Dataset));
    }

    fn table(&mut self, name: &Text, via: &str, mode: Mode, write: bool, kind: Option<TableKind>) {
        let name = name.trimmed();
        if name.is_empty() {
            return;
        }
        let parts = name.split('.');
        let lower: Vec<String> = parts.iter().map(|part| part.shown().to_lowercase()).collect();
        match lower.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            // A path in the place of a name: delta.`/mnt/x`.
            [_, path] | [path] if names::is_path(path) => {
                let operation = if write { PathOperation::Write } else { PathOperation::Read };
                if let Some(path) = parts.last() {
                    self.path(path, operation, via, Reader::Spark);
                }
                return;
            }
            ["live", _] if kind.is_none() => {
                if let Some(name) = parts.last() {
                    self.read_dataset(name, via, mode);
                }
                return;
            }
            ["global_temp", _] => return,
            [one] if kind.is_none() && self.temporary.contains(*one) => return,
            _ => {}
        }
        let parts = match kind {
            None => self.namespace.complete(&name),
            Some(_) => parts,
        };
        let shown = joined(&parts);
        if !write {
            self.input(&shown, mode == Mode::Stream);
        }
        if name.certainty() == Certainty::Unknown {
            self.uncomputed += u32::from(self.is_new(format!("?{}:{}:{shown}", self.at.cell, self.at.line)));
        }
        if self.is_new(format!("t{write}{shown}|{via}|{mode:?}|{}:{}", self.at.cell, self.at.line)) {
            if self.tables.len() >= MAX_ENTRIES {
                self.truncated = true;
                return;
            }
            self.tables.push(Found { parts, kind, via: via.to_owned(), mode, write, at: self.at });
        }
    }

    /// A name that stands for a query, in this notebook only.
    pub(crate) fn temporary(&mut self, name: &Text) {
        if let Some(name) = name.known() {
            self.temporary.insert(name.trim_matches('`').to_lowercase());
        }
    }

    /// A path that is used.
    pub(crate) fn path(&mut self, path: &Text, operation: PathOperation, via: &str, reader: Reader) {
        let path = path.trimmed();
        let uri = path.shown();
        if uri.is_empty() {
            return;
        }
        if operation == PathOperation::Read {
            self.input(&uri, false);
        }
        if path.certainty() == Certainty::Unknown && path.is_unknown() {
            self.uncomputed += u32::from(self.is_new(format!("?{}:{}:{uri}", self.at.cell, self.at.line)));
        }
        if !self.is_new(format!("p{uri}|{operation:?}|{via}|{}:{}", self.at.cell, self.at.line)) {
            return;
        }
        let kind = names::place(&path, reader);
        if self.paths.len() >= MAX_ENTRIES {
            self.truncated = true;
            return;
        }
        self.paths.push(PathUse {
            uri,
            kind,
            operation,
            via: via.to_owned(),
            certainty: path.certainty(),
            from_parameters: path.parameters(),
            at: self.at,
        });
    }

    /// Something that a dataset is made of, while one is being defined.
    pub(crate) fn input(&mut self, name: &str, stream: bool) {
        let Some(dataset) = self.open.last().and_then(|at| self.datasets.get_mut(*at)) else { return };
        if !dataset.inputs.iter().any(|input| input == name) {
            dataset.inputs.push(name.to_owned());
        }
        if stream && dataset.kind == DatasetKind::MaterializedView {
            dataset.kind = DatasetKind::StreamingTable;
        }
    }

    /// Begins a dataset: what is read until [`Facts::close_dataset`] goes into it. One that is there already is gone on with.
    pub(crate) fn open_dataset(&mut self, name: &Text, kind: DatasetKind, function: Option<&str>) -> usize {
        let shown = joined(&name.split('.'));
        let known = self.datasets.iter().position(|dataset| dataset.name.eq_ignore_ascii_case(&shown));
        let at = known.unwrap_or_else(|| {
            self.datasets.push(Dataset {
                name: shown,
                kind,
                certainty: name.certainty(),
                function: function.map(str::to_owned),
                expectations: Vec::new(),
                inputs: Vec::new(),
                changes: false,
                at: self.at,
            });
            self.datasets.len() - 1
        });
        self.open.push(at);
        at
    }

    pub(crate) fn close_dataset(&mut self) {
        self.open.pop();
    }

    /// A parameter that is declared.
    pub(crate) fn declare(&mut self, parameter: Parameter) {
        let default = parameter.default.as_deref().map(sensitive::shown);
        if let Some(default) = &default {
            self.look_at_named(&parameter.name, &Text::literal(default));
        }
        let parameter = Parameter { default, ..parameter };
        let full = self.parameters.len() >= MAX_ENTRIES;
        match self.parameters.iter_mut().find(|known| known.name == parameter.name) {
            Some(known) if !known.declared => {
                let uses = known.uses;
                *known = Parameter { uses, ..parameter };
            }
            Some(known) => {
                if known.default.is_none() {
                    known.default = parameter.default;
                }
            }
            None if !full => self.parameters.push(parameter),
            None => self.truncated = true,
        }
    }

    /// A parameter whose value is asked for.
    pub(crate) fn asks(&mut self, name: &str, kind: ParameterKind, default: Option<String>) {
        let at = self.at;
        let default = default.as_deref().map(sensitive::shown);
        // A place counts once, however often it is passed.
        let counts = u32::from(self.is_new(format!("a{name}|{}:{}", at.cell, at.line)));
        let full = self.parameters.len() >= MAX_ENTRIES;
        match self.parameters.iter_mut().find(|known| known.name == name) {
            Some(known) => {
                known.uses += counts;
                if known.default.is_none() {
                    known.default = default;
                }
            }
            None if !full => self.parameters.push(Parameter {
                name: name.to_owned(),
                kind,
                default,
                choices: Vec::new(),
                label: None,
                declared: false,
                uses: 1,
                at,
            }),
            None => self.truncated = true,
        }
    }

    pub(crate) fn call(&mut self, kind: CallKind, target: &Text, arguments: Vec<(String, String)>) {
        let shown = target.shown();
        if target.certainty() == Certainty::Unknown {
            self.uncomputed += u32::from(self.is_new(format!("?{}:{}:{shown}", self.at.cell, self.at.line)));
        }
        if self.is_new(format!("c{kind:?}{shown}|{}:{}", self.at.cell, self.at.line)) {
            let (certainty, at) = (target.certainty(), self.at);
            self.calls.push(Call { kind, target: shown, resolved: None, arguments, certainty, at });
        }
    }

    pub(crate) fn secret(&mut self, scope: &Text, key: &Text) {
        let (scope, key) = (scope.shown(), key.shown());
        if self.is_new(format!("s{scope}/{key}")) {
            self.secrets.push(Secret { scope, key, at: self.at });
        }
    }

    pub(crate) fn task_value(&mut self, key: &Text, task: Option<&Text>, set: bool) {
        let (key, task) = (key.shown(), task.map(Text::shown));
        if self.is_new(format!("v{set}{key}|{task:?}")) {
            self.task_values.push(TaskValue { key, task, set, at: self.at });
        }
    }

    /// Why something is required; once for each text.
    pub(crate) fn reason(&mut self, topic: &'static str, text: &str) {
        if self.is_new(format!("r{topic}|{text}")) {
            self.reasons.push(Reason { topic, text: text.to_owned(), at: self.at });
        }
    }

    pub(crate) fn service(&mut self, name: &str) {
        self.services.insert(name.to_owned());
    }

    /// A stream; one that goes on counts more than one that ends.
    pub(crate) fn stream(&mut self, streaming: Streaming) {
        self.streaming = self.streaming.max(Some(streaming));
    }

    pub(crate) fn finding(&mut self, rule: &'static str, severity: Severity, message: &str, fix: &str) {
        self.finding_at(self.at, rule, severity, message, fix);
    }

    pub(crate) fn finding_at(&mut self, at: Place, rule: &'static str, severity: Severity, message: &str, fix: &str) {
        if self.is_new(format!("f{rule}|{message}|{}:{}", at.cell, at.line)) && self.findings.len() < MAX_ENTRIES {
            let certainty = Certainty::Literal;
            self.findings.push(Finding {
                rule,
                severity,
                certainty,
                message: message.to_owned(),
                fix: fix.to_owned(),
                at,
            });
        }
    }

    /// Looks at a text of the notebook for what should not stand there.
    pub(crate) fn look_at(&mut self, text: &str) {
        match sensitive::find(text) {
            Some(Sensitive::Secret(kind)) => self.hard_coded_secret(&format!("{kind} stands in the code")),
            Some(Sensitive::WorkspaceHost) => self.finding(
                "hard-coded-host",
                Severity::Warning,
                "the address of a workspace stands in the code",
                "Ask the context for it (`spark.conf.get(\"spark.databricks.workspaceUrl\")`), or make it a parameter.",
            ),
            Some(Sensitive::ClusterId) => self.finding(
                "hard-coded-cluster",
                Severity::Warning,
                "the id of a cluster stands in the code",
                "Make it a parameter, or let the job say where it runs.",
            ),
            Some(Sensitive::HomeFolder) => self.finding(
                "hard-coded-home",
                Severity::Warning,
                "somebody's home folder stands in the code",
                "Use a path relative to the notebook, a volume, or a parameter.",
            ),
            None => {}
        }
    }

    /// Looks at a value of a name: `password = "…"`.
    pub(crate) fn look_at_named(&mut self, name: &str, value: &Text) {
        if value.known().is_some_and(|value| sensitive::is_secret_value(name, &value)) {
            self.hard_coded_secret(&format!("`{name}` is given as a text in the code"));
        }
    }

    fn hard_coded_secret(&mut self, message: &str) {
        self.finding(
            "hard-coded-secret",
            Severity::Error,
            message,
            "Put it into a secret scope, read it by dbutils.secrets.get, and make the old one invalid.",
        );
    }

    /// The tables that are read and written. Those that are datasets of this notebook are their inputs and not read.
    pub(crate) fn tables(&self) -> (Vec<TableUse>, Vec<TableUse>) {
        let default = |name: &str| {
            self.parameters
                .iter()
                .find(|parameter| parameter.name == name)
                .and_then(|parameter| parameter.default.clone())
        };
        let (mut reads, mut writes) = (Vec::new(), Vec::new());
        for found in &self.tables {
            let whole = found.parts.iter().fold(Text::default(), |mut whole, part| {
                whole.append(part);
                whole
            });
            let parts: Vec<String> = found.parts.iter().map(Text::shown).collect();
            let name = joined(&found.parts);
            let filled: Option<Vec<String>> = found.parts.iter().map(|part| part.filled(default)).collect();
            let with_defaults = filled.filter(|_| whole.certainty() == Certainty::Parameterised);
            let with_defaults = with_defaults.filter(|parts| parts.iter().all(|part| !part.is_empty()));
            let is_own = |name: &str| self.datasets.iter().any(|dataset| dataset.name.eq_ignore_ascii_case(name));
            if !found.write && (is_own(&name) || parts.last().is_some_and(|last| parts.len() == 1 && is_own(last))) {
                continue;
            }
            let used = TableUse {
                kind: found.kind.unwrap_or_else(|| names::kind(&parts)),
                name,
                parts,
                via: found.via.clone(),
                mode: found.mode,
                certainty: whole.certainty(),
                from_parameters: whole.parameters(),
                with_defaults: with_defaults
                    .map(|parts| parts.iter().map(|part| names::quoted(part)).collect::<Vec<_>>().join(".")),
                at: found.at,
            };
            if found.write { writes.push(used) } else { reads.push(used) }
        }
        (reads, writes)
    }
}

fn joined(parts: &[Text]) -> String {
    parts.iter().map(|part| names::quoted(&part.shown())).collect::<Vec<_>>().join(".")
}
