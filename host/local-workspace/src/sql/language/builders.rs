//! Small constructors for syntax tree nodes. Larger ones are written as DuckDB SQL with holes and parsed.

use polyglot_sql::{
    DialectType, Expression,
    dialects::Dialect,
    expressions::{Alias, Column, DotAccess, Function, Identifier, Literal, Null},
    traversal::transform_all,
};

use crate::sql::language::error::SqlError;

pub(super) fn null() -> Expression {
    Expression::Null(Null)
}

pub(super) fn text(value: &str) -> Expression {
    Expression::Literal(Box::new(Literal::String(value.to_owned())))
}

pub(super) fn number(value: i64) -> Expression {
    Expression::Literal(Box::new(Literal::Number(value.to_string())))
}

pub(super) fn function(name: &str, args: Vec<Expression>) -> Expression {
    Expression::Function(Box::new(Function { name: name.to_owned(), args, ..Function::default() }))
}

pub(super) fn alias(this: Expression, name: &str) -> Expression {
    Expression::Alias(Box::new(Alias::new(this, Identifier::quoted(name))))
}

/// A string literal's value.
pub(super) fn string_value(expression: &Expression) -> Option<&str> {
    match expression {
        Expression::Literal(literal) => match literal.as_ref() {
            Literal::String(value) | Literal::RawString(value) => Some(value),
            _ => None,
        },
        _ => None,
    }
}

/// An integer literal's value.
pub(super) fn integer_value(expression: &Expression) -> Option<i64> {
    match expression {
        Expression::Literal(literal) => match literal.as_ref() {
            Literal::Number(value) => value.parse().ok(),
            _ => None,
        },
        Expression::Neg(operand) => integer_value(&operand.this).map(|v| -v),
        Expression::Paren(paren) => integer_value(&paren.this),
        _ => None,
    }
}

/// Parses a DuckDB expression.
pub(super) fn fragment(sql: &str) -> Result<Expression, SqlError> {
    let broken = || SqlError::internal(format!("the rewrite template {sql} does not parse"));
    let mut statements = Dialect::get(DialectType::DuckDB).parse(&format!("SELECT {sql}")).map_err(|_| broken())?;
    match statements.pop() {
        Some(Expression::Select(mut select)) => select.expressions.pop().ok_or_else(broken),
        _ => Err(broken()),
    }
}

/// Parses a DuckDB expression with holes `_0`, `_1`, ... and fills them.
pub(in crate::sql::language) fn fill(template: &str, args: &[Expression]) -> Result<Expression, SqlError> {
    let hole = |node: &Expression| {
        let name = match node {
            Expression::Column(column) if column.table.is_none() => &column.name.name,
            Expression::Identifier(identifier) => &identifier.name,
            _ => return None,
        };
        name.strip_prefix('_')?.parse::<usize>().ok().and_then(|index| args.get(index))
    };
    transform_all(fragment(template)?, &|node| Ok(hole(&node).map_or(node, |argument| bracket(argument.clone()))))
        .map_err(|e| SqlError::internal(e.to_string()))
}

/// Makes a condition hold together with another one.
pub(super) fn and(condition: &mut Expression, other: &Expression) {
    let both = polyglot_sql::expressions::BinaryOp::new(bracket(std::mem::replace(condition, null())), other.clone());
    *condition = Expression::And(Box::new(both));
}

/// Puts an operator expression in brackets, so that it may stand anywhere.
pub(super) fn bracket(expression: Expression) -> Expression {
    match &expression {
        Expression::Column(_)
        | Expression::Literal(_)
        | Expression::Function(_)
        | Expression::Paren(_)
        | Expression::Lambda(_)
        | Expression::Identifier(_)
        | Expression::Null(_)
        | Expression::Cast(_)
        | Expression::Subscript(_)
        | Expression::AggregateFunction(_)
        | Expression::Boolean(_) => expression,
        _ if needs_brackets(&expression) => Expression::Paren(Box::new(polyglot_sql::expressions::Paren {
            this: expression,
            trailing_comments: Vec::new(),
        })),
        _ => expression,
    }
}

fn needs_brackets(expression: &Expression) -> bool {
    matches!(
        expression,
        Expression::Add(_)
            | Expression::Sub(_)
            | Expression::Mul(_)
            | Expression::Div(_)
            | Expression::Mod(_)
            | Expression::Neg(_)
            | Expression::And(_)
            | Expression::Or(_)
            | Expression::Not(_)
            | Expression::Eq(_)
            | Expression::Neq(_)
            | Expression::Lt(_)
            | Expression::Lte(_)
            | Expression::Gt(_)
            | Expression::Gte(_)
            | Expression::Is(_)
            | Expression::IsNull(_)
            | Expression::IsTrue(_)
            | Expression::IsFalse(_)
            | Expression::In(_)
            | Expression::Between(_)
            | Expression::Like(_)
            | Expression::ILike(_)
            | Expression::Concat(_)
            | Expression::DPipe(_)
            | Expression::BitwiseAnd(_)
            | Expression::BitwiseOr(_)
            | Expression::BitwiseXor(_)
            | Expression::BitwiseNot(_)
            | Expression::NullSafeEq(_)
    )
}

/// A parameter of the statement, cast to its declared type.
pub(super) fn bound_parameter(name: &str, physical_type: &str) -> Result<Expression, SqlError> {
    if !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
        return Err(SqlError::unsupported(format!("The parameter name '{name}'")));
    }
    // Text with a zone, as in a literal.
    if physical_type == "TIMESTAMP" {
        return fragment(&format!("spark_timestamp(${name})"));
    }
    fragment(&format!("CAST(${name} AS {physical_type})"))
}

/// The identifiers of `a.b.c...`, if the node is such a chain of three or more.
pub(super) fn chain(node: &Expression) -> Option<Vec<Identifier>> {
    match node {
        Expression::Dot(dot) => {
            let mut parts = chain(&dot.this)?;
            parts.push(dot.field.clone());
            Some(parts)
        }
        Expression::Column(column) => Some(column.table.iter().chain([&column.name]).cloned().collect()),
        Expression::Identifier(identifier) => Some(vec![identifier.clone()]),
        _ => None,
    }
}

/// `table.column` and struct fields from a chain whose first `skip` parts are dropped.
pub(super) fn column_chain(parts: &[Identifier], skip: usize) -> Option<Expression> {
    let mut parts = parts.iter().skip(skip).cloned();
    let (table, name) = (parts.next()?, parts.next()?);
    let column = column(Some(table), name);
    Some(parts.fold(column, |this, field| Expression::Dot(Box::new(DotAccess { this, field, inferred_type: None }))))
}

pub(super) fn column(table: Option<Identifier>, name: Identifier) -> Expression {
    Expression::Column(Box::new(Column {
        name,
        table,
        join_mark: false,
        trailing_comments: Vec::new(),
        span: None,
        inferred_type: None,
    }))
}

/// Replaces a lambda's parameters in its body.
pub(super) fn substitute(
    body: Expression,
    parameters: &[Identifier],
    values: &[Expression],
) -> Result<Expression, SqlError> {
    let value_of = |name: &str| {
        let position = parameters.iter().position(|p| p.name.eq_ignore_ascii_case(name))?;
        values.get(position)
    };
    let replace = |node: Expression| match &node {
        Expression::Column(column) => match &column.table {
            None => value_of(&column.name.name).map_or(node.clone(), |v| bracket(v.clone())),
            // `x.field` of a parameter x reads as a column of a table x.
            Some(table) => match value_of(&table.name) {
                Some(value) => Expression::Dot(Box::new(DotAccess {
                    this: bracket(value.clone()),
                    field: column.name.clone(),
                    inferred_type: None,
                })),
                None => node,
            },
        },
        Expression::Identifier(identifier) => value_of(&identifier.name).map_or(node.clone(), |v| bracket(v.clone())),
        _ => node,
    };
    transform_all(body, &|node| Ok(replace(node))).map_err(|e| SqlError::internal(e.to_string()))
}
