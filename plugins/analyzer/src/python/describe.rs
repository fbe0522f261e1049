//! Expressions for people: short, and without the texts in them, which may be secrets.

use ruff_python_ast::Expr;

/// Characters of a description.
const MAX_CHARS: usize = 60;

/// Levels of an expression that are shown.
const MAX_LEVELS: usize = 4;

pub(super) fn describe(expression: &Expr) -> String {
    let shown = level(expression, MAX_LEVELS);
    if shown.chars().count() <= MAX_CHARS { shown } else { shown.chars().take(MAX_CHARS - 1).chain(['…']).collect() }
}

fn level(expression: &Expr, levels: usize) -> String {
    if levels == 0 {
        return "…".to_owned();
    }
    match expression {
        Expr::Name(name) => name.id.to_string(),
        Expr::Attribute(attribute) => format!("{}.{}", level(&attribute.value, levels - 1), attribute.attr),
        Expr::Call(call) => format!("{}()", level(&call.func, levels - 1)),
        Expr::Subscript(subscript) => format!("{}[…]", level(&subscript.value, levels - 1)),
        _ => "…".to_owned(),
    }
}
