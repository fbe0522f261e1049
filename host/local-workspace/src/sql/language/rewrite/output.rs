//! Names of unnamed result columns, as Spark gives them: `count(1)`, `round(avg(fare), 2)`, `(a + 1)`.

use polyglot_sql::{DialectType, Expression, dialects::Dialect, expressions::Literal};

use crate::sql::language::builders::alias;

/// Functions whose results have names of their own.
const GENERATORS: [&str; 8] =
    ["explode", "explode_outer", "posexplode", "posexplode_outer", "inline", "inline_outer", "stack", "json_tuple"];

/// Gives a name to each unnamed item of a SELECT list.
pub(super) fn name_columns(node: Expression) -> Expression {
    let Expression::Select(mut select) = node else {
        return node;
    };
    select.expressions = select.expressions.into_iter().map(name_column).collect();
    Expression::Select(select)
}

fn name_column(item: Expression) -> Expression {
    match &item {
        Expression::Alias(_)
        | Expression::Column(_)
        | Expression::Star(_)
        | Expression::Explode(_)
        | Expression::ExplodeOuter(_)
        | Expression::Aliases(_)
        | Expression::Columns(_)
        | Expression::BracedWildcard(_)
        | Expression::Identifier(_) => item,
        Expression::Dot(dot) => {
            let name = dot.field.name.clone();
            alias(item, &name)
        }
        Expression::Function(f) if GENERATORS.contains(&f.name.to_lowercase().as_str()) => item,
        _ => match spark_name(&item) {
            Some(name) => alias(item, &name),
            None => item,
        },
    }
}

fn spark_name(item: &Expression) -> Option<String> {
    match item {
        Expression::Literal(literal) => match literal.as_ref() {
            Literal::String(value) | Literal::Number(value) => return Some(value.clone()),
            Literal::Date(value) => return Some(format!("DATE '{value}'")),
            Literal::Timestamp(value) => return Some(format!("TIMESTAMP '{value}'")),
            _ => {}
        },
        Expression::Paren(paren) => return spark_name(&paren.this),
        Expression::Parameter(parameter) => return parameter.name.clone(),
        Expression::Subquery(_) | Expression::Select(_) => {
            return Some("scalarsubquery()".to_owned());
        }
        _ => {}
    }
    let text = Dialect::get(DialectType::Databricks).generate(item).ok()?;
    let text = lower_function_names(&text).replace("count(*)", "count(1)");
    let operator = matches!(
        item,
        Expression::Add(_)
            | Expression::Sub(_)
            | Expression::Mul(_)
            | Expression::Div(_)
            | Expression::Mod(_)
            | Expression::IntDiv(_)
            | Expression::Eq(_)
            | Expression::Neq(_)
            | Expression::Lt(_)
            | Expression::Lte(_)
            | Expression::Gt(_)
            | Expression::Gte(_)
            | Expression::And(_)
            | Expression::Or(_)
            | Expression::Not(_)
            | Expression::IsNull(_)
    );
    Some(if operator { format!("({text})") } else { text })
}

/// The printer writes function names in upper case; Spark shows them in lower case.
fn lower_function_names(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    let mut quote = None;
    for c in text.chars() {
        if let Some(open) = quote {
            if c == open {
                quote = None;
            }
            // String literals lose their quotes in Spark's names.
            if open != '\'' || c != '\'' {
                out.push(c);
            }
            continue;
        }
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        let keyword =
            matches!(word.as_str(), "CAST" | "TRY_CAST" | "OVER" | "IN" | "AND" | "OR" | "NOT" | "BY" | "AS" | "WHEN");
        out.push_str(&if c == '(' && !keyword { word.to_lowercase() } else { word.clone() });
        word.clear();
        match c {
            '\'' => quote = Some('\''),
            '`' => {
                quote = Some('`');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out.push_str(&word);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expression: &str, expect: &str) {
        let sql = format!("SELECT {expression}");
        let parsed = Dialect::get(DialectType::Databricks).parse(&sql).unwrap().remove(0);
        let Expression::Select(select) = name_columns(parsed) else { panic!("no select") };
        let Expression::Alias(alias) = &select.expressions[0] else { panic!("no alias for {expression}") };
        assert_eq!(alias.alias.name, expect);
    }

    #[test]
    fn unnamed_columns_are_called_as_in_spark() {
        check("count(*)", "count(1)");
        check("ROUND(AVG(fare_amount), 2)", "round(avg(fare_amount), 2)");
        check("a + 1", "(a + 1)");
        check("1", "1");
        check("'x'", "x");
        check("CAST(a AS INT)", "CAST(a AS INT)");
    }
}
