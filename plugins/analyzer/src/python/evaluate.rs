//! Expressions: what they are, and the calls within them in their order.

use std::rc::Rc;

use ruff_python_ast::{
    Comprehension, Expr, ExprFString, ExprSubscript, FStringPart, InterpolatedStringElement, Operator,
};

use super::Walker;
use super::calls::Arguments;
use super::describe::describe;
use super::imports::canonical;
use super::statements::items;
use super::texts;
use super::value::{Source, Value};
use crate::analysis::ParameterKind;
use crate::text::{Piece, Text};

/// Parts of one value; a larger one is not followed.
const MAX_WEIGHT: usize = 20_000;

/// Names that every notebook has, and what they are called here.
const BUILT_IN: [(&str, &str); 16] = [
    ("spark", "spark"),
    ("sqlContext", "spark"),
    ("sqlc", "spark"),
    ("dbutils", "dbutils"),
    ("sc", "sc"),
    ("table", "spark.table"),
    ("sql", "spark.sql"),
    ("getArgument", "getArgument"),
    ("display", "display"),
    ("displayHTML", "displayHTML"),
    ("open", "open"),
    ("str", "str"),
    ("enumerate", "enumerate"),
    ("zip", "zip"),
    ("list", "list"),
    ("dict", "dict"),
];

impl<'a> Walker<'a> {
    pub(super) fn evaluate(&mut self, expression: &'a Expr) -> Value {
        if !self.step() {
            return Value::unknown("…");
        }
        let value = self.unbounded(expression);
        self.bounded(value)
    }

    /// The value, unless it is too large to be followed.
    pub(super) fn bounded(&mut self, value: Value) -> Value {
        let weight = value.weight(MAX_WEIGHT);
        self.steps += weight / 4;
        if weight > MAX_WEIGHT { Value::unknown("…") } else { value }
    }

    fn unbounded(&mut self, expression: &'a Expr) -> Value {
        match expression {
            Expr::StringLiteral(literal) => {
                let text = literal.value.to_str();
                self.go_to(expression);
                self.facts.look_at(text);
                Value::literal(text)
            }
            Expr::FString(literal) => self.f_string(literal),
            Expr::NumberLiteral(_) => Value::Scalar(self.source(expression)),
            Expr::BooleanLiteral(literal) => Value::Scalar(if literal.value { "True" } else { "False" }.to_owned()),
            Expr::NoneLiteral(_) => Value::Scalar("None".to_owned()),
            Expr::Name(name) => self.name(name.id.as_str()),
            Expr::Attribute(attribute) => {
                let holder = self.evaluate(&attribute.value);
                self.go_to(&attribute.attr);
                self.attribute(&holder, attribute.attr.as_str(), false, expression)
            }
            Expr::Call(call) => self.call(call),
            Expr::Subscript(subscript) => self.subscript(subscript, expression),
            Expr::BinOp(binary) => {
                let left = self.evaluate(&binary.left);
                let right = self.evaluate(&binary.right);
                self.binary(&left, binary.op, &right, expression)
            }
            Expr::BoolOp(boolean) => {
                let values: Vec<Value> = boolean.values.iter().map(|value| self.evaluate(value)).collect();
                // `a or "default"`: what counts is the first.
                values.into_iter().next().unwrap_or_else(|| Value::unknown("…"))
            }
            Expr::If(choice) => {
                self.evaluate(&choice.test);
                let values = vec![self.evaluate(&choice.body), self.evaluate(&choice.orelse)];
                Value::one_of(values)
            }
            Expr::Named(named) => {
                let value = self.evaluate(&named.value);
                self.assign(&named.target, &value);
                value
            }
            Expr::List(list) => self.list(&list.elts),
            Expr::Tuple(tuple) => self.list(&tuple.elts),
            Expr::Set(set) => self.list(&set.elts),
            Expr::Dict(dict) => {
                let mut items = Vec::new();
                for item in &dict.items {
                    let key = item.key.as_ref().map(|key| self.evaluate(key));
                    let value = self.evaluate(&item.value);
                    match (key.and_then(|key| key.known()), value) {
                        (Some(key), value) => {
                            if let Value::Text(text) = &value {
                                self.go_to(&item.value);
                                self.facts.look_at_named(&key, text);
                            }
                            items.push((key, value));
                        }
                        // `{**others}`
                        (None, Value::Dict(others)) => items.extend(others.iter().cloned()),
                        (None, _) => {}
                    }
                }
                Value::Dict(Rc::new(items))
            }
            Expr::ListComp(comprehension) => self.comprehension(&comprehension.generators, &comprehension.elt),
            Expr::SetComp(comprehension) => self.comprehension(&comprehension.generators, &comprehension.elt),
            Expr::Generator(comprehension) => self.comprehension(&comprehension.generators, &comprehension.elt),
            Expr::DictComp(comprehension) => {
                self.scopes.push();
                for generator in &comprehension.generators {
                    self.evaluate(&generator.iter);
                    self.assign_unknown(&generator.target);
                }
                self.evaluate(&comprehension.value);
                self.scopes.pop();
                Value::unknown("…")
            }
            Expr::Lambda(lambda) => {
                self.scopes.push();
                for parameter in lambda.parameters.iter().flat_map(|parameters| parameters.iter()) {
                    let name = parameter.name().as_str();
                    self.scopes.set(name, Value::unknown(name));
                }
                self.evaluate(&lambda.body);
                self.scopes.pop();
                Value::unknown("lambda")
            }
            Expr::UnaryOp(unary) => {
                self.evaluate(&unary.operand);
                Value::Scalar(self.source(expression))
            }
            Expr::Compare(compare) => {
                self.evaluate(&compare.left);
                for other in &compare.comparators {
                    self.evaluate(other);
                }
                Value::unknown("…")
            }
            Expr::Await(inner) => self.evaluate(&inner.value),
            Expr::Starred(inner) => self.evaluate(&inner.value),
            Expr::Yield(inner) => {
                inner.value.as_deref().map_or_else(|| Value::unknown("…"), |value| self.evaluate(value))
            }
            Expr::YieldFrom(inner) => self.evaluate(&inner.value),
            Expr::IpyEscapeCommand(command) => {
                self.go_to(expression);
                self.magic(command.kind, &command.value);
                Value::unknown("…")
            }
            Expr::Slice(_) | Expr::TString(_) | Expr::BytesLiteral(_) | Expr::EllipsisLiteral(_) => Value::unknown("…"),
        }
    }

    /// The source of a short expression.
    fn source(&self, expression: &Expr) -> String {
        use ruff_text_size::Ranged as _;
        let range = expression.range();
        let code = self.codes.get(self.code).map_or("", |code| code.text);
        let text = code.get(range.start().to_usize()..range.end().to_usize()).unwrap_or_default();
        if text.len() <= 40 { text.to_owned() } else { "…".to_owned() }
    }

    pub(super) fn name(&self, name: &str) -> Value {
        if let Some(value) = self.scopes.get(name) {
            return value.computed();
        }
        match BUILT_IN.iter().find(|(known, _)| *known == name) {
            Some((_, path)) => Value::Name((*path).to_owned()),
            None => Value::unknown(name),
        }
    }

    /// An attribute of an object; `called` when it is a method that is about to be called.
    pub(super) fn attribute(&mut self, holder: &Value, name: &str, called: bool, expression: &Expr) -> Value {
        match holder {
            Value::Name(path) => {
                let path = canonical(&format!("{path}.{name}"));
                match path.as_str() {
                    "spark.read" => Value::Reader(Rc::new(Source::default())),
                    "spark.readStream" => Value::Reader(Rc::new(Source { stream: true, ..Source::default() })),
                    "sc" => {
                        self.facts.reason("serverless", "the Spark context is not available");
                        Value::Name(path)
                    }
                    // A dataset behind another name: `result.write`.
                    _ if !called && matches!(name, "write" | "writeStream") => self.written(name),
                    _ => Value::Name(path),
                }
            }
            Value::OneOf(several) => {
                let several = Rc::clone(several);
                Value::one_of(several.iter().map(|one| self.attribute(one, name, called, expression)).collect())
            }
            Value::Instance(class) | Value::Class(class) => match self.member(*class, name) {
                Some(value) => value,
                None => self.session(name).unwrap_or_else(|| Value::unknown(&describe(expression))),
            },
            Value::Arguments => {
                self.facts.asks(name, ParameterKind::Argument, None);
                Value::Text(Text::parameter(name))
            }
            _ if !called && matches!(name, "write" | "writeStream") => self.written(name),
            Value::Frame | Value::Unknown(_) => {
                if name == "rdd" {
                    self.facts.reason("serverless", "RDDs are not available");
                }
                match self.session(name) {
                    Some(session) => session,
                    None if matches!(holder, Value::Frame) && !called => Value::Frame,
                    None => Value::unknown(&describe(expression)),
                }
            }
            _ => Value::unknown(&describe(expression)),
        }
    }

    fn written(&mut self, name: &str) -> Value {
        Value::Writer(Rc::new(Source { stream: name == "writeStream", ..Source::default() }))
    }

    /// Sessions that objects hold under their usual names: `self.spark`.
    fn session(&self, name: &str) -> Option<Value> {
        match name {
            "spark" | "sparkSession" => Some(Value::Name("spark".to_owned())),
            "dbutils" => Some(Value::Name(name.to_owned())),
            _ => None,
        }
    }

    fn list(&mut self, elements: &'a [Expr]) -> Value {
        let mut values = Vec::new();
        for element in elements {
            match element {
                Expr::Starred(starred) => match self.evaluate(&starred.value) {
                    Value::List(items) => values.extend(items.iter().cloned()),
                    other => values.push(other),
                },
                one => {
                    let value = self.evaluate(one);
                    values.push(value);
                }
            }
        }
        Value::List(Rc::new(values))
    }

    fn comprehension(&mut self, generators: &'a [Comprehension], element: &'a Expr) -> Value {
        self.scopes.push();
        let mut known = None;
        for (at, generator) in generators.iter().enumerate() {
            let over = self.evaluate(&generator.iter);
            if at == 0 && generators.len() == 1 && generator.ifs.is_empty() {
                known = items(&over).filter(|items| items.len() <= 256);
            }
            if known.is_none() {
                self.assign_unknown(&generator.target);
            }
        }
        let value = match (known, generators.first()) {
            (Some(known), Some(generator)) => {
                let mut values = Vec::new();
                for item in known {
                    self.assign(&generator.target, &item.computed());
                    let value = self.evaluate(element);
                    values.push(value);
                }
                Value::List(Rc::new(values))
            }
            _ => {
                for condition in generators.iter().flat_map(|generator| &generator.ifs) {
                    self.evaluate(condition);
                }
                self.evaluate(element);
                Value::unknown("…")
            }
        };
        self.scopes.pop();
        value
    }

    fn f_string(&mut self, literal: &'a ExprFString) -> Value {
        let mut text = Text::default();
        self.go_to(literal);
        for part in literal.value.iter() {
            match part {
                FStringPart::Literal(literal) => text.append(&Text::literal(&literal.value)),
                FStringPart::FString(string) => {
                    for element in string.elements.iter() {
                        match element {
                            InterpolatedStringElement::Literal(literal) => {
                                self.facts.look_at(&literal.value);
                                text.append(&Text::literal(&literal.value));
                            }
                            InterpolatedStringElement::Interpolation(hole) => {
                                let value = self.evaluate(&hole.expression);
                                if hole.format_spec.is_some() {
                                    text.push(Piece::Unknown(describe(&hole.expression)));
                                } else {
                                    text.append(&value.text().computed());
                                }
                            }
                        }
                    }
                }
            }
        }
        Value::Text(text)
    }

    fn subscript(&mut self, subscript: &'a ExprSubscript, expression: &'a Expr) -> Value {
        let holder = self.evaluate(&subscript.value);
        let key = self.evaluate(&subscript.slice);
        self.go_to(expression);
        match (&holder, &key) {
            (Value::Dict(items), key) if key.known().is_some() => {
                let key = key.known();
                let found = items.iter().find(|(known, _)| Some(known) == key.as_ref());
                found.map(|(_, value)| value.computed())
            }
            (Value::List(items), Value::Scalar(at)) => {
                let at = match at.strip_prefix('-') {
                    Some(back) => back.parse::<usize>().ok().and_then(|back| items.len().checked_sub(back)),
                    None => at.parse().ok(),
                };
                at.and_then(|at| items.get(at)).map(Value::computed)
            }
            (Value::Name(path), key) if path == "os.environ" => key.known().map(|name| self.environment(&name, None)),
            (Value::Name(path), Value::Scalar(at)) if path == "sys.argv" && at != "0" => {
                let name = format!("argv[{at}]");
                self.facts.asks(&name, ParameterKind::Argument, None);
                Some(Value::Text(Text::parameter(&name)))
            }
            (Value::Arguments, Value::Text(name)) => {
                name.known().map(|name| self.attribute(&Value::Arguments, &name, false, expression))
            }
            (Value::Frame, _) => Some(Value::Frame),
            _ => None,
        }
        .unwrap_or_else(|| Value::unknown(&describe(expression)))
    }

    pub(super) fn environment(&mut self, name: &str, default: Option<String>) -> Value {
        self.facts.asks(name, ParameterKind::Environment, default);
        Value::Text(Text::parameter(name))
    }

    pub(super) fn binary(&mut self, left: &Value, operator: Operator, right: &Value, expression: &Expr) -> Value {
        match (left, operator, right) {
            (Value::OneOf(_), _, _) => left.each(|one| self.binary(one, operator, right, expression)),
            (_, _, Value::OneOf(_)) => right.each(|one| self.binary(left, operator, one, expression)),
            (Value::List(one), Operator::Add, Value::List(other)) => {
                Value::List(Rc::new(one.iter().chain(other.iter()).cloned().collect()))
            }
            (Value::Text(text), Operator::Mod, value) => Value::Text(texts::percent(text, value)),
            (Value::Text(_), Operator::Add, Value::Text(_) | Value::Unknown(_))
            | (Value::Unknown(_), Operator::Add, Value::Text(_)) => {
                let mut whole = left.text();
                whole.append(&right.text());
                Value::Text(whole)
            }
            // Paths of pathlib are texts here.
            (Value::Text(_), Operator::Div, Value::Text(_) | Value::Unknown(_)) => {
                let mut whole = left.text();
                whole.append(&Text::literal("/"));
                whole.append(&right.text());
                Value::Text(whole)
            }
            _ => Value::unknown(&describe(expression)),
        }
    }

    /// Functions of Python itself.
    pub(super) fn built_in(&mut self, path: &str, arguments: &Arguments) -> Option<Value> {
        let first = arguments.get(0, "");
        match path {
            "str" => Some(Value::Text(first?.text())),
            "getArgument" => Some(self.widget_value(arguments)),
            "display" | "displayHTML" => {
                self.facts.seen.insert("display");
                Some(Value::Scalar("None".to_owned()))
            }
            "list" => Some(Value::List(Rc::new(items(first?)?))),
            "dict" => Some(Value::Dict(Rc::new(arguments.named.clone()))),
            "enumerate" => {
                let items = items(first?)?;
                let pair = |(at, item): (usize, Value)| Value::List(Rc::new(vec![Value::Scalar(at.to_string()), item]));
                Some(Value::List(Rc::new(items.into_iter().enumerate().map(pair).collect())))
            }
            "zip" => {
                let (one, other) = (items(first?)?, items(arguments.get(1, "")?)?);
                let pair = |(one, other): (Value, Value)| Value::List(Rc::new(vec![one, other]));
                Some(Value::List(Rc::new(one.into_iter().zip(other).map(pair).collect())))
            }
            _ => None,
        }
    }
}
