//! Statements, in order.

use std::rc::Rc;

use ruff_python_ast::{ExceptHandler, Expr, Stmt, StmtFor, StmtIf, StmtTry};

use super::Walker;
use super::value::Value;

/// Rounds of a loop over constants that are run one by one.
const MAX_ROUNDS: usize = 64;

impl<'a> Walker<'a> {
    pub(super) fn body(&mut self, statements: &'a [Stmt]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    pub(super) fn statement(&mut self, statement: &'a Stmt) {
        if !self.step() {
            return;
        }
        self.go_to(statement);
        match statement {
            Stmt::FunctionDef(node) => {
                let number = self.define(node, None);
                self.scopes.set(node.name.as_str(), Value::Function(number));
                self.decorated(node, number);
            }
            Stmt::ClassDef(node) => self.define_class(node),
            Stmt::Return(node) => {
                let value = node.value.as_deref().map(|value| self.evaluate(value));
                if let (Some(value), Some(frame)) = (value, self.frames.last_mut()) {
                    frame.returns.push(value);
                }
            }
            Stmt::Assign(node) => {
                let value = self.evaluate(&node.value);
                for target in &node.targets {
                    self.assign(target, &value);
                }
            }
            Stmt::AnnAssign(node) => {
                if let Some(value) = node.value.as_deref() {
                    let value = self.evaluate(value);
                    self.assign(&node.target, &value);
                }
            }
            Stmt::AugAssign(node) => {
                let before = self.evaluate(&node.target);
                let more = self.evaluate(&node.value);
                let joined = self.binary(&before, node.op, &more, &node.target);
                let value = self.bounded(joined);
                self.assign(&node.target, &value);
            }
            Stmt::For(node) => self.for_each(node),
            Stmt::While(node) => {
                self.evaluate(&node.test);
                self.branches(&[&node.body], false);
                self.body(&node.orelse);
            }
            Stmt::If(node) => self.choose(node),
            Stmt::With(node) => {
                for item in &node.items {
                    let value = self.evaluate(&item.context_expr);
                    if let Some(target) = &item.optional_vars {
                        self.assign(target, &value);
                    }
                }
                self.body(&node.body);
            }
            Stmt::Try(node) => self.attempt(node),
            Stmt::Match(node) => {
                self.evaluate(&node.subject);
                let bodies: Vec<&'a [Stmt]> = node.cases.iter().map(|case| case.body.as_slice()).collect();
                self.branches(&bodies, false);
            }
            Stmt::Expr(node) => {
                self.evaluate(&node.value);
            }
            Stmt::Raise(node) => {
                for value in [&node.exc, &node.cause].into_iter().flatten() {
                    self.evaluate(value);
                }
            }
            Stmt::Assert(node) => {
                self.evaluate(&node.test);
            }
            Stmt::Import(node) => self.import(node),
            Stmt::ImportFrom(node) => self.import_from(node),
            Stmt::Global(node) => {
                for name in &node.names {
                    self.scopes.global(name.as_str());
                }
            }
            Stmt::IpyEscapeCommand(node) => self.magic(node.kind, &node.value),
            Stmt::Delete(_)
            | Stmt::TypeAlias(_)
            | Stmt::Nonlocal(_)
            | Stmt::Pass(_)
            | Stmt::Break(_)
            | Stmt::Continue(_) => {}
        }
    }

    /// Gives a target its value.
    pub(super) fn assign(&mut self, target: &'a Expr, value: &Value) {
        match target {
            Expr::Name(name) => {
                if let Value::Text(text) = value {
                    self.go_to(target);
                    self.facts.look_at_named(name.id.as_str(), text);
                }
                self.scopes.set(name.id.as_str(), value.clone());
            }
            Expr::Tuple(tuple) => self.unpack(&tuple.elts, value),
            Expr::List(list) => self.unpack(&list.elts, value),
            Expr::Starred(starred) => self.assign(&starred.value, &Value::unknown("…")),
            Expr::Attribute(attribute) => {
                let holder = self.evaluate(&attribute.value);
                if let Value::Instance(class) | Value::Class(class) = holder {
                    self.set_attribute(class, attribute.attr.as_str(), value.clone());
                }
                if let Value::Text(text) = value {
                    self.facts.look_at_named(attribute.attr.as_str(), text);
                }
            }
            Expr::Subscript(subscript) => {
                let key = self.evaluate(&subscript.slice).known();
                if let (Some(key), Value::Text(text)) = (&key, value) {
                    self.facts.look_at_named(key, text);
                }
                let holder = self.evaluate(&subscript.value);
                if let (Expr::Name(name), Value::Dict(items), Some(key)) = (&*subscript.value, holder, key) {
                    let mut items = items.as_ref().clone();
                    items.retain(|(known, _)| *known != key);
                    items.push((key, value.clone()));
                    self.scopes.set(name.id.as_str(), Value::Dict(Rc::new(items)));
                }
            }
            _ => {}
        }
    }

    fn unpack(&mut self, targets: &'a [Expr], value: &Value) {
        let items = match value {
            Value::List(items) if items.len() == targets.len() => Some(Rc::clone(items)),
            _ => None,
        };
        for (at, target) in targets.iter().enumerate() {
            let item = items.as_ref().and_then(|items| items.get(at).cloned());
            self.assign(target, &item.unwrap_or_else(|| Value::unknown(&super::describe::describe(target))));
        }
    }

    fn for_each(&mut self, node: &'a StmtFor) {
        let over = self.evaluate(&node.iter);
        match items(&over) {
            Some(items) if items.len() <= MAX_ROUNDS => {
                for item in items {
                    self.assign(&node.target, &item.computed());
                    self.body(&node.body);
                }
            }
            _ => {
                self.assign_unknown(&node.target);
                self.branches(&[&node.body], false);
            }
        }
        self.body(&node.orelse);
    }

    /// What a loop or a comprehension gives when nothing is known of it: the names of its targets.
    pub(super) fn assign_unknown(&mut self, target: &'a Expr) {
        match target {
            Expr::Tuple(tuple) => {
                for one in &tuple.elts {
                    self.assign_unknown(one);
                }
            }
            one => self.assign(one, &Value::unknown(&super::describe::describe(one))),
        }
    }

    fn choose(&mut self, node: &'a StmtIf) {
        self.evaluate(&node.test);
        let mut bodies: Vec<&'a [Stmt]> = vec![&node.body];
        let mut all = false;
        for clause in &node.elif_else_clauses {
            match &clause.test {
                Some(test) => {
                    self.evaluate(test);
                }
                None => all = true,
            }
            bodies.push(&clause.body);
        }
        self.branches(&bodies, all);
    }

    fn attempt(&mut self, node: &'a StmtTry) {
        self.body(&node.body);
        let handlers: Vec<&'a [Stmt]> = node
            .handlers
            .iter()
            .map(|handler| {
                let ExceptHandler::ExceptHandler(handler) = handler;
                handler.body.as_slice()
            })
            .collect();
        self.branches(&handlers, false);
        self.body(&node.orelse);
        self.body(&node.finalbody);
    }

    /// Walks bodies of which one runs, or maybe none.
    fn branches(&mut self, bodies: &[&'a [Stmt]], all: bool) {
        let mut changed = Vec::with_capacity(bodies.len());
        for body in bodies {
            let mark = self.scopes.begin_branch();
            self.body(body);
            changed.push(self.scopes.end_branch(mark));
        }
        self.scopes.join(changed, all);
    }
}

/// What a loop over a value gives, when that is known.
pub(super) fn items(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::List(items) => Some(items.as_ref().clone()),
        Value::Dict(items) => Some(items.iter().map(|(key, _)| Value::literal(key)).collect()),
        _ => None,
    }
}
