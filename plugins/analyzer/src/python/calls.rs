//! Calls: what is called, with what, and who knows what it means.

use std::rc::Rc;

use ruff_python_ast::{Expr, ExprCall};

use super::Walker;
use super::describe::describe;
use super::value::Value;
use crate::text::Text;

/// The values that a call is given.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    pub(super) positional: Vec<Value>,
    pub(super) named: Vec<(String, Value)>,
}

impl Arguments {
    /// By its place, from 0, or its name.
    pub(super) fn get(&self, at: usize, name: &str) -> Option<&Value> {
        self.named(name).or_else(|| self.positional.get(at))
    }

    pub(super) fn named(&self, name: &str) -> Option<&Value> {
        self.named.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    pub(super) fn text(&self, at: usize, name: &str) -> Option<Text> {
        self.get(at, name).map(Value::text)
    }

    /// Each text that an argument may be.
    pub(super) fn texts(&self, at: usize, name: &str) -> Vec<Text> {
        self.get(at, name).map(Value::texts).unwrap_or_default()
    }

    pub(super) fn known(&self, at: usize, name: &str) -> Option<String> {
        self.get(at, name).and_then(Value::known)
    }
}

impl<'a> Walker<'a> {
    pub(super) fn call(&mut self, call: &'a ExprCall) -> Value {
        let (receiver, method) = match &*call.func {
            Expr::Attribute(attribute) => (Some(self.evaluate(&attribute.value)), attribute.attr.as_str()),
            _ => (None, ""),
        };
        let callee = match &receiver {
            Some(receiver) => self.attribute(receiver, method, true, &call.func),
            None => self.evaluate(&call.func),
        };
        let arguments = self.call_arguments(call);
        match &*call.func {
            Expr::Attribute(attribute) => self.go_to(&attribute.attr),
            other => self.go_to(other),
        }
        for (name, value) in &arguments.named {
            if let Value::Text(text) = value {
                self.facts.look_at_named(name, text);
            }
        }
        self.apply(&callee, receiver.as_ref(), method, &arguments)
            .unwrap_or_else(|| Value::unknown(&format!("{}()", describe(&call.func))))
    }

    /// What a call gives, where somebody knows what it means.
    fn apply(
        &mut self,
        callee: &Value,
        receiver: Option<&Value>,
        method: &str,
        arguments: &Arguments,
    ) -> Option<Value> {
        match callee {
            Value::Function(number) => return Some(self.invoke(*number, arguments)),
            Value::Class(class) => return Some(self.construct(*class, arguments)),
            Value::Name(path) => {
                if let Some(value) = self.api(path, arguments) {
                    return Some(value);
                }
            }
            _ => {}
        }
        if let Some(value) = receiver.and_then(|receiver| self.method(receiver, method, arguments)) {
            return Some(value);
        }
        match callee {
            Value::Name(path) => {
                let last = path.rsplit('.').next().unwrap_or(path);
                // A class is called: what is made answers to its name.
                last.starts_with(char::is_uppercase).then(|| Value::Name(path.clone()))
            }
            _ => None,
        }
    }

    /// What is known by its dotted name.
    fn api(&mut self, path: &str, arguments: &Arguments) -> Option<Value> {
        let (top, rest) = path.split_once('.').unwrap_or((path, ""));
        match top {
            "spark" => self.spark(rest, arguments),
            "sc" => self.rdd(rest, arguments),
            "dbutils" => self.utility(rest, arguments),
            "dp" => self.pipeline(rest, arguments),
            "pandas" | "ps" | "polars" | "os" | "shutil" | "pathlib" | "glob" | "open" => self.file(path, arguments),
            _ => self.service(path, arguments).or_else(|| self.built_in(path, arguments)),
        }
    }

    /// A method of an object.
    fn method(&mut self, receiver: &Value, name: &str, arguments: &Arguments) -> Option<Value> {
        match receiver {
            Value::OneOf(several) => {
                let several = Rc::clone(several);
                let values: Vec<Value> = several.iter().filter_map(|one| self.method(one, name, arguments)).collect();
                (!values.is_empty()).then(|| Value::one_of(values))
            }
            Value::Text(_) | Value::Scalar(_) | Value::List(_) | Value::Dict(_) => texts_of(receiver, name, arguments),
            _ => self.frame_method(receiver, name, arguments),
        }
    }

    pub(super) fn call_arguments(&mut self, call: &'a ExprCall) -> Arguments {
        let mut given = Arguments::default();
        for argument in &call.arguments.args {
            match argument {
                Expr::Starred(starred) => match self.evaluate(&starred.value) {
                    Value::List(items) => given.positional.extend(items.iter().cloned()),
                    other => given.positional.push(other),
                },
                one => {
                    let value = self.evaluate(one);
                    given.positional.push(value);
                }
            }
        }
        for keyword in &call.arguments.keywords {
            let value = self.evaluate(&keyword.value);
            match (&keyword.arg, value) {
                (Some(name), value) => given.named.push((name.to_string(), value)),
                (None, Value::Dict(items)) => given.named.extend(items.iter().cloned()),
                (None, _) => {}
            }
        }
        given
    }
}

fn texts_of(receiver: &Value, name: &str, arguments: &Arguments) -> Option<Value> {
    super::texts::method(receiver, name, arguments)
}
