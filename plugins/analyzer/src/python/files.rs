//! Files of Python: pandas and its like, `open`, `os`, `shutil`, `pathlib`.

use super::Walker;
use super::calls::Arguments;
use super::value::Value;
use crate::analysis::{Mode, ParameterKind, PathOperation};
use crate::names::Reader;
use crate::text::Text;

impl Walker<'_> {
    pub(super) fn file(&mut self, path: &str, arguments: &Arguments) -> Option<Value> {
        let (top, call) = path.split_once('.').unwrap_or((path, ""));
        match (top, call) {
            ("open", "") => {
                let writes = arguments.known(1, "mode").is_some_and(|mode| mode.contains(['w', 'a', 'x', '+']));
                let operation = if writes { PathOperation::Write } else { PathOperation::Read };
                self.touched(arguments, 0, "file", operation, "open");
                None
            }
            ("ps", "read_table") => {
                for name in arguments.texts(0, "name") {
                    self.facts.read(&name, "pyspark.pandas.read_table", Mode::Batch);
                }
                Some(Value::Frame)
            }
            ("ps", "sql") => {
                for text in arguments.texts(0, "query") {
                    self.statement_text(&text);
                }
                Some(Value::Frame)
            }
            ("pandas" | "ps" | "polars", _) if is_reading(call) => {
                let reader = if top == "ps" { Reader::Spark } else { Reader::Machine };
                for name in ["filepath_or_buffer", "path", "io", "path_or_buf", "source"] {
                    for path in arguments.texts(if name == "path" { 0 } else { usize::MAX }, name) {
                        if !path.is_unknown() {
                            self.facts.path(&path, PathOperation::Read, &format!("{top}.{call}"), reader);
                        }
                    }
                }
                None
            }
            ("pathlib", "Path" | "PurePath") => Some(Value::Text(arguments.text(0, "")?)),
            ("os", "path.join") => {
                let mut whole = Text::default();
                for (at, part) in arguments.positional.iter().enumerate() {
                    if at > 0 {
                        whole.append(&Text::literal("/"));
                    }
                    whole.append(&part.text());
                }
                Some(Value::Text(whole))
            }
            ("os", "environ.get" | "getenv") => {
                let name = arguments.known(0, "key")?;
                Some(self.environment(&name, arguments.known(1, "default")))
            }
            ("os", "listdir" | "walk" | "scandir") | ("glob", "glob") => {
                self.touched(arguments, 0, "path", PathOperation::List, path);
                None
            }
            ("os", "makedirs" | "mkdir") => {
                self.touched(arguments, 0, "name", PathOperation::MakeFolder, path);
                None
            }
            ("os", "remove" | "unlink" | "rmdir") | ("shutil", "rmtree") => {
                self.touched(arguments, 0, "path", PathOperation::Delete, path);
                None
            }
            ("os", "rename" | "replace") | ("shutil", "copy" | "copyfile" | "copy2" | "copytree" | "move") => {
                let taken = if matches!(call, "rename" | "replace" | "move") {
                    PathOperation::Delete
                } else {
                    PathOperation::Read
                };
                self.touched(arguments, 0, "src", taken, path);
                self.touched(arguments, 1, "dst", PathOperation::Write, path);
                None
            }
            _ => None,
        }
    }

    fn touched(&mut self, arguments: &Arguments, at: usize, name: &str, operation: PathOperation, via: &str) {
        for path in arguments.texts(at, name) {
            if !path.is_unknown() {
                self.facts.path(&path, operation, via, Reader::Machine);
            }
        }
    }

    /// An argument of the command line that a program declares.
    pub(super) fn command_line(&mut self, arguments: &Arguments) {
        let Some(flag) = arguments
            .positional
            .iter()
            .filter_map(Value::known)
            .find(|flag| flag.starts_with("--") || !flag.starts_with('-'))
        else {
            return;
        };
        let name = flag.trim_start_matches('-').replace('-', "_");
        let name = arguments.named("dest").and_then(Value::known).unwrap_or(name);
        let default = arguments.named("default").and_then(Value::known).filter(|default| default != "None");
        let label = arguments.named("help").and_then(Value::known);
        let choices = match arguments.named("choices") {
            Some(Value::List(items)) => items.iter().filter_map(Value::known).collect(),
            _ => Vec::new(),
        };
        let (kind, at) = (ParameterKind::Argument, self.facts.at);
        self.facts.declare(crate::analysis::Parameter {
            name,
            kind,
            default,
            choices,
            label,
            declared: true,
            uses: 0,
            at,
        });
    }
}

fn is_reading(call: &str) -> bool {
    call.starts_with("read_") || call.starts_with("scan_")
}
