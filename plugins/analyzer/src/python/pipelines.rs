//! Declarative pipelines: `dlt` and `pyspark.pipelines`, which are one here.

use ruff_python_ast::{Decorator, Expr, StmtFunctionDef};

use super::Walker;
use super::calls::Arguments;
use super::value::Value;
use crate::analysis::{DatasetKind, Expectation, Mode, Streaming};
use crate::text::Text;

impl<'a> Walker<'a> {
    /// A function with decorators: a dataset of a pipeline, or something of others.
    pub(super) fn decorated(&mut self, node: &'a StmtFunctionDef, number: usize) {
        let mut dataset = None;
        let mut expectations = Vec::new();
        for decorator in &node.decorator_list {
            let (path, arguments) = self.decorator(decorator);
            let Some(call) = path.as_deref().and_then(|path| path.strip_prefix("dp.")) else { continue };
            match call {
                "table" | "create_table" | "materialized_view" | "view" | "temporary_view" | "append_flow" => {
                    dataset = Some((call.to_owned(), arguments));
                }
                _ => expectations.extend(expected(call, &arguments)),
            }
        }
        let Some((call, arguments)) = dataset else { return };
        self.go_to(&node.name);
        let named = |name: &str| arguments.named(name).map(Value::text);
        let own = || Text::literal(node.name.as_str());
        let (name, kind) = match call.as_str() {
            "append_flow" => (named("target").unwrap_or_else(own), DatasetKind::StreamingTable),
            "view" | "temporary_view" => (named("name").unwrap_or_else(own), DatasetKind::View),
            _ => (named("name").unwrap_or_else(own), DatasetKind::MaterializedView),
        };
        if kind == DatasetKind::StreamingTable {
            self.facts.stream(Streaming::Pipeline);
        }
        let at = self.facts.open_dataset(&name, kind, Some(node.name.as_str()));
        if let Some(dataset) = self.facts.datasets.get_mut(at) {
            dataset.expectations.extend(expectations);
        }
        self.invoke(number, &Arguments::default());
        self.facts.close_dataset();
        if self.facts.datasets.get(at).is_some_and(|dataset| dataset.kind == DatasetKind::StreamingTable) {
            self.facts.stream(Streaming::Pipeline);
        }
    }

    /// What a decorator is called, and with what.
    fn decorator(&mut self, decorator: &'a Decorator) -> (Option<String>, Arguments) {
        let named = |value: Value| match value {
            Value::Name(path) => Some(path),
            _ => None,
        };
        match &decorator.expression {
            Expr::Call(call) => {
                let path = self.evaluate(&call.func);
                let arguments = self.call_arguments(call);
                (named(path), arguments)
            }
            other => (named(self.evaluate(other)), Arguments::default()),
        }
    }

    /// `dp.…` that is no decorator.
    pub(super) fn pipeline(&mut self, call: &str, arguments: &Arguments) -> Option<Value> {
        match call {
            "read" | "read_stream" => {
                let mode = if call == "read" { Mode::Batch } else { Mode::Stream };
                for name in arguments.texts(0, "name") {
                    self.facts.read_dataset(&name, &format!("dlt.{call}"), mode);
                }
                Some(Value::Frame)
            }
            "create_streaming_table" | "create_target_table" | "create_streaming_live_table" => {
                let name = arguments.text(0, "name")?;
                self.facts.stream(Streaming::Pipeline);
                let at = self.facts.open_dataset(&name, DatasetKind::StreamingTable, None);
                for kind in ["expect_all", "expect_all_or_drop", "expect_all_or_fail"] {
                    if let Some(Value::Dict(items)) = arguments.named(kind) {
                        let all = Arguments { positional: vec![Value::Dict(items.clone())], named: Vec::new() };
                        let expectations = expected(kind, &all);
                        if let Some(dataset) = self.facts.datasets.get_mut(at) {
                            dataset.expectations.extend(expectations);
                        }
                    }
                }
                self.facts.close_dataset();
                None
            }
            "apply_changes"
            | "create_auto_cdc_flow"
            | "apply_changes_from_snapshot"
            | "create_auto_cdc_from_snapshot_flow" => {
                let target = arguments.text(0, "target")?;
                self.facts.stream(Streaming::Pipeline);
                let at = self.facts.open_dataset(&target, DatasetKind::StreamingTable, None);
                if let Some(dataset) = self.facts.datasets.get_mut(at) {
                    dataset.changes = true;
                }
                for source in arguments.texts(1, "source") {
                    self.facts.read_dataset(&source, call, Mode::Stream);
                }
                self.facts.close_dataset();
                None
            }
            "create_sink" => {
                self.facts.open_dataset(&arguments.text(0, "name")?, DatasetKind::Sink, None);
                if let Some(format) = arguments.known(1, "format").filter(|format| format != "delta") {
                    self.facts.service(&format);
                }
                self.facts.close_dataset();
                None
            }
            _ => None,
        }
    }
}

/// What an expectation's decorator says.
fn expected(call: &str, arguments: &Arguments) -> Vec<Expectation> {
    let Some(rest) = call.strip_prefix("expect") else { return Vec::new() };
    let action = match rest.trim_start_matches("_all") {
        "_or_drop" => "drop",
        "_or_fail" => "fail",
        _ => "warn",
    };
    let one = |name: String, condition: &Value| Expectation { name, condition: condition.text().shown(), action };
    if rest.starts_with("_all") {
        return match arguments.get(0, "expectations") {
            Some(Value::Dict(items)) => items.iter().map(|(name, condition)| one(name.clone(), condition)).collect(),
            _ => Vec::new(),
        };
    }
    let name = arguments.get(0, "description").or_else(|| arguments.named("name")).map(|name| name.text().shown());
    let condition = arguments.get(1, "constraint").or_else(|| arguments.named("inv"));
    condition.map(|condition| one(name.unwrap_or_default(), condition)).into_iter().collect()
}
