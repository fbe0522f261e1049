//! `dbutils`: widgets, secrets, files, other notebooks, values of tasks.

use super::Walker;
use super::calls::Arguments;
use super::value::Value;
use crate::analysis::{CallKind, Parameter, ParameterKind, Severity};
use crate::dbfs;
use crate::text::Text;

impl Walker<'_> {
    pub(super) fn utility(&mut self, path: &str, arguments: &Arguments) -> Option<Value> {
        match path {
            "widgets.get" | "widgets.getArgument" => Some(self.widget_value(arguments)),
            "widgets.getAll" => None,
            "widgets.text" => self.declare(ParameterKind::Text, arguments),
            "widgets.dropdown" => self.declare(ParameterKind::Dropdown, arguments),
            "widgets.combobox" => self.declare(ParameterKind::Combobox, arguments),
            "widgets.multiselect" => self.declare(ParameterKind::Multiselect, arguments),
            "secrets.get" | "secrets.getBytes" => {
                let scope = arguments.text(0, "scope").unwrap_or_default();
                let key = arguments.text(1, "key").unwrap_or_default();
                self.facts.secret(&scope, &key);
                Some(Value::unknown("secret"))
            }
            "notebook.run" => {
                let passed = match arguments.get(2, "arguments") {
                    Some(Value::Dict(items)) => {
                        items.iter().map(|(key, value)| (key.clone(), value.text().shown())).collect()
                    }
                    _ => Vec::new(),
                };
                for target in arguments.texts(0, "path") {
                    self.facts.call(CallKind::NotebookRun, &target, passed.clone());
                }
                None
            }
            "jobs.taskValues.set" => {
                self.facts.task_value(&arguments.text(0, "key")?, None, true);
                None
            }
            "jobs.taskValues.get" => {
                let task = arguments.text(0, "taskKey").unwrap_or_default();
                self.facts.task_value(&arguments.text(1, "key")?, Some(&task), false);
                None
            }
            "library.install" | "library.installPyPI" => {
                self.facts.finding(
                    "removed-library-utility",
                    Severity::Error,
                    "dbutils.library.install was removed",
                    "Use %pip install.",
                );
                None
            }
            _ => {
                let command = path.strip_prefix("fs.")?;
                let paths: Vec<Text> = arguments
                    .positional
                    .iter()
                    .map(Value::text)
                    .chain(
                        arguments
                            .named
                            .iter()
                            .filter(|(name, _)| {
                                name.ends_with("path")
                                    || matches!(
                                        name.as_str(),
                                        "source" | "dir" | "file" | "from" | "to" | "mount_point" | "mountPoint"
                                    )
                            })
                            .map(|(_, value)| value.text()),
                    )
                    .collect();
                dbfs::command(&mut self.facts, command, &paths, "dbutils.fs");
                None
            }
        }
    }

    pub(super) fn widget_value(&mut self, arguments: &Arguments) -> Value {
        let Some(name) = arguments.get(0, "name").and_then(Value::known) else { return Value::unknown("widget") };
        self.facts.asks(&name, ParameterKind::Undeclared, None);
        Value::Text(Text::parameter(&name))
    }

    fn declare(&mut self, kind: ParameterKind, arguments: &Arguments) -> Option<Value> {
        let name = arguments.known(0, "name")?;
        let has_choices = kind != ParameterKind::Text;
        let choices = match arguments.get(2, "choices") {
            Some(Value::List(items)) if has_choices => items.iter().filter_map(Value::known).collect(),
            _ => Vec::new(),
        };
        let label = arguments.known(if has_choices { 3 } else { 2 }, "label");
        let default = arguments.known(1, "defaultValue");
        let at = self.facts.at;
        self.facts.declare(Parameter { name, kind, default, choices, label, declared: true, uses: 0, at });
        None
    }
}
