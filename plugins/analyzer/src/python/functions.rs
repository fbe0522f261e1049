//! Functions and classes of the notebook, followed where they are called.

use std::collections::{BTreeMap, BTreeSet};

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprContext, Stmt, StmtClassDef, StmtFunctionDef};

use super::Walker;
use super::calls::Arguments;
use super::value::Value;
use crate::analysis::Function;

/// Calls within calls that are followed.
const MAX_CALL_DEPTH: usize = 6;

/// Functions that are kept; loops that are run define theirs anew each time.
const MAX_FUNCTIONS: usize = 20_000;

/// A function of the notebook.
pub(super) struct FunctionInfo<'a> {
    node: &'a StmtFunctionDef,
    /// The cell it stands in.
    code: usize,
    /// The class that it is a method of.
    class: Option<usize>,
    pub(super) called: bool,
}

/// A class of the notebook: its instances are taken for one.
#[derive(Default)]
pub(super) struct ClassInfo {
    methods: BTreeMap<String, usize>,
    attributes: BTreeMap<String, Value>,
}

/// A call that is being followed.
pub(super) struct Frame {
    function: usize,
    pub(super) returns: Vec<Value>,
}

/// Modules without effects.
const HARMLESS: &[&str] = &[
    "collections",
    "datetime",
    "decimal",
    "fractions",
    "functools",
    "itertools",
    "json",
    "math",
    "operator",
    "re",
    "statistics",
    "string",
    "textwrap",
    "typing",
    "uuid",
    "hashlib",
    "base64",
    "dataclasses",
    "enum",
];

/// Built-in functions with effects or of the notebook.
const WITH_EFFECT: &[&str] =
    &["open", "print", "input", "exec", "eval", "display", "displayHTML", "spark", "dbutils", "sc", "sql", "table"];

/// Built-in names that functions may use and stay pure.
const BUILT_IN: &[&str] = &[
    "abs",
    "all",
    "any",
    "bool",
    "bytes",
    "callable",
    "chr",
    "dict",
    "divmod",
    "enumerate",
    "filter",
    "float",
    "format",
    "frozenset",
    "getattr",
    "hasattr",
    "hash",
    "hex",
    "int",
    "isinstance",
    "issubclass",
    "iter",
    "len",
    "list",
    "map",
    "max",
    "min",
    "next",
    "object",
    "oct",
    "ord",
    "pow",
    "range",
    "repr",
    "reversed",
    "round",
    "set",
    "slice",
    "sorted",
    "str",
    "sum",
    "tuple",
    "type",
    "zip",
    "Exception",
    "ValueError",
    "TypeError",
    "KeyError",
    "IndexError",
    "RuntimeError",
    "ZeroDivisionError",
    "NotImplementedError",
    "StopIteration",
    "AttributeError",
    "ArithmeticError",
    "OverflowError",
];

impl<'a> Walker<'a> {
    /// Takes up a function; its number.
    pub(super) fn define(&mut self, node: &'a StmtFunctionDef, class: Option<usize>) -> usize {
        if self.functions.len() >= MAX_FUNCTIONS {
            self.facts.truncated = true;
            return MAX_FUNCTIONS;
        }
        if self.frames.is_empty() && class.is_none() {
            self.go_to(&node.name);
            let at = self.facts.at;
            let parameters = node.parameters.iter().map(|parameter| parameter.name().to_string()).collect();
            if self.facts.is_new(format!("d{}|{}:{}", node.name, at.cell, at.line))
                && self.facts.functions.len() < MAX_FUNCTIONS
            {
                let pure = self.is_pure(node);
                self.facts.functions.push(Function { name: node.name.to_string(), parameters, pure, at });
            }
        }
        self.functions.push(FunctionInfo { node, code: self.code, class, called: false });
        self.functions.len() - 1
    }

    pub(super) fn define_class(&mut self, node: &'a StmtClassDef) {
        self.classes.push(ClassInfo::default());
        let class = self.classes.len() - 1;
        self.scopes.push();
        for statement in &node.body {
            match statement {
                Stmt::FunctionDef(method) => {
                    let number = self.define(method, Some(class));
                    if let Some(info) = self.classes.get_mut(class) {
                        info.methods.insert(method.name.to_string(), number);
                    }
                }
                Stmt::Assign(assign) => {
                    let value = self.evaluate(&assign.value);
                    for target in &assign.targets {
                        if let Expr::Name(name) = target {
                            self.set_attribute(class, name.id.as_str(), value.clone());
                        }
                    }
                }
                other => self.statement(other),
            }
        }
        self.scopes.pop();
        self.scopes.set(node.name.as_str(), Value::Class(class));
    }

    pub(super) fn set_attribute(&mut self, class: usize, name: &str, value: Value) {
        if let Some(info) = self.classes.get_mut(class) {
            let joined = match info.attributes.get(name) {
                Some(before) => Value::one_of(vec![before.clone(), value]),
                None => value,
            };
            info.attributes.insert(name.to_owned(), joined);
        }
    }

    /// An attribute or a method of a class.
    pub(super) fn member(&self, class: usize, name: &str) -> Option<Value> {
        let info = self.classes.get(class)?;
        let attribute = info.attributes.get(name).map(Value::computed);
        attribute.or_else(|| info.methods.get(name).map(|number| Value::Function(*number)))
    }

    /// Makes an instance.
    pub(super) fn construct(&mut self, class: usize, arguments: &Arguments) -> Value {
        if let Some(Value::Function(number)) = self.member(class, "__init__") {
            self.invoke(number, arguments);
        }
        Value::Instance(class)
    }

    /// Follows a call; what it returns.
    pub(super) fn invoke(&mut self, number: usize, arguments: &Arguments) -> Value {
        let within = self.frames.iter().any(|frame| frame.function == number);
        let Some(info) = self.functions.get_mut(number).filter(|_| !within) else { return Value::unknown("…") };
        info.called = true;
        let (node, code, class) = (info.node, info.code, info.class);
        if self.frames.len() >= MAX_CALL_DEPTH || !self.step() {
            return Value::unknown(&format!("{}()", node.name));
        }
        let (code_before, at_before) = (self.code, self.facts.at);
        self.code = code;
        self.scopes.push();
        self.bind(node, class, arguments);
        self.frames.push(Frame { function: number, returns: Vec::new() });
        self.body(&node.body);
        let returns = self.frames.pop().map(|frame| frame.returns).unwrap_or_default();
        self.scopes.pop();
        (self.code, self.facts.at) = (code_before, at_before);
        if returns.is_empty() { Value::Scalar("None".to_owned()) } else { Value::one_of(returns).computed() }
    }

    fn bind(&mut self, node: &'a StmtFunctionDef, class: Option<usize>, arguments: &Arguments) {
        let is_static = node
            .decorator_list
            .iter()
            .any(|one| matches!(&one.expression, Expr::Name(name) if name.id.as_str() == "staticmethod"));
        let mut position = 0;
        for (at, parameter) in node.parameters.iter_non_variadic_params().enumerate() {
            let name = parameter.name().as_str();
            if let Some(class) = class.filter(|_| at == 0 && !is_static) {
                self.scopes.set(name, Value::Instance(class));
                continue;
            }
            let given = arguments.get(position, name).cloned();
            position += 1;
            let value = match (given, parameter.default()) {
                (Some(value), _) => value,
                (None, Some(default)) => self.evaluate(default),
                (None, None) => Value::unknown(name),
            };
            // Sessions are passed under their usual names.
            let value = match (&value, name) {
                (Value::Unknown(_) | Value::Scalar(_), "spark" | "spark_session" | "session") => {
                    Value::Name("spark".to_owned())
                }
                (Value::Unknown(_) | Value::Scalar(_), "dbutils" | "sc") => Value::Name(name.to_owned()),
                _ => value,
            };
            self.scopes.set(name, value);
        }
        for variadic in [&node.parameters.vararg, &node.parameters.kwarg].into_iter().flatten() {
            self.scopes.set(variadic.name.as_str(), Value::unknown(variadic.name.as_str()));
        }
    }

    /// Follows what nobody calls here, with arguments that are not known.
    pub(super) fn uncalled(&mut self) {
        let mut number = 0;
        while number < self.functions.len() {
            if self.functions.get(number).is_some_and(|info| !info.called) {
                self.invoke(number, &Arguments::default());
            }
            number += 1;
        }
    }

    /// Whether a function touches nothing but its arguments.
    fn is_pure(&self, node: &'a StmtFunctionDef) -> bool {
        if node.body.is_empty() || node.is_async || !node.decorator_list.is_empty() {
            return false;
        }
        let mut uses = Uses::default();
        uses.visit_body(&node.body);
        let own = |name: &str| {
            uses.stored.contains(name) || node.parameters.iter().any(|parameter| parameter.name().as_str() == name)
        };
        let harmless = |name: &str| match self.scopes.get(name) {
            Some(Value::Name(path)) => path.split('.').next().is_some_and(|top| HARMLESS.contains(&top)),
            Some(Value::Function(number)) => self.facts.functions.iter().any(|known| {
                known.pure && self.functions.get(*number).is_some_and(|info| info.node.name.as_str() == known.name)
            }),
            Some(Value::Text(_) | Value::Scalar(_)) => true,
            Some(_) => false,
            None => BUILT_IN.contains(&name),
        };
        !uses.reaches_out
            && uses.returns
            && uses.loaded.iter().all(|name| own(name) || (!WITH_EFFECT.contains(&name.as_str()) && harmless(name)))
    }
}

/// The names that a function uses.
#[derive(Default)]
struct Uses {
    loaded: BTreeSet<String>,
    stored: BTreeSet<String>,
    reaches_out: bool,
    returns: bool,
}

impl<'a> Visitor<'a> for Uses {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Import(_) | Stmt::ImportFrom(_) | Stmt::Global(_) | Stmt::Nonlocal(_) | Stmt::IpyEscapeCommand(_) => {
                self.reaches_out = true;
            }
            Stmt::FunctionDef(inner) => {
                self.stored.insert(inner.name.to_string());
                self.stored.extend(inner.parameters.iter().map(|parameter| parameter.name().to_string()));
            }
            Stmt::Return(returned) => self.returns |= returned.value.is_some(),
            _ => {}
        }
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Name(name) if name.ctx == ExprContext::Load => {
                self.loaded.insert(name.id.to_string());
            }
            Expr::Name(name) => {
                self.stored.insert(name.id.to_string());
            }
            Expr::Lambda(lambda) => {
                let parameters = lambda.parameters.iter().flat_map(|parameters| parameters.iter());
                self.stored.extend(parameters.map(|parameter| parameter.name().to_string()));
            }
            // Frames of Spark and their columns come and go through attributes.
            Expr::Attribute(attribute)
                if matches!(
                    attribute.attr.as_str(),
                    "write"
                        | "writeStream"
                        | "withColumn"
                        | "select"
                        | "filter"
                        | "where"
                        | "groupBy"
                        | "agg"
                        | "join"
                        | "sparkSession"
                ) =>
            {
                self.reaches_out = true;
            }
            Expr::Await(_) | Expr::Yield(_) | Expr::YieldFrom(_) => self.reaches_out = true,
            _ => {}
        }
        walk_expr(self, expression);
    }
}
