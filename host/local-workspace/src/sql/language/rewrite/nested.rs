//! Arrays, maps and structs: constructors, lambdas over them, and JSON read into them.

use polyglot_sql::{
    DialectType, Expression,
    dialects::Dialect,
    expressions::{DataType, LambdaExpr, Struct},
};

use crate::sql::language::builders::{column, fill, function, string_value, substitute, text};
use crate::sql::language::{error::SqlError, types::schema_type};

pub(super) fn structure(items: Vec<Expression>) -> Expression {
    let field = |(index, item): (usize, Expression)| match item {
        Expression::Alias(alias) => (Some(alias.alias.name), alias.this),
        Expression::Column(column) => (Some(column.name.name.clone()), Expression::Column(column)),
        Expression::Dot(dot) => (Some(dot.field.name.clone()), Expression::Dot(dot)),
        item => (Some(format!("col{}", index + 1)), item),
    };
    let fields = items.into_iter().enumerate().map(field).collect();
    Expression::Struct(Box::new(Struct { fields }))
}

pub(super) fn named_structure(items: &[Expression]) -> Result<Expression, SqlError> {
    let mut fields = Vec::new();
    for pair in items.chunks(2) {
        match pair {
            [name, value] => {
                let name = string_value(name).ok_or_else(|| SqlError::unsupported("A computed struct field name"))?;
                fields.push((Some(name.to_owned()), value.clone()));
            }
            _ => return Err(wrong_arguments("named_struct")),
        }
    }
    Ok(Expression::Struct(Box::new(Struct { fields })))
}

pub(super) fn map(items: &[Expression]) -> Result<Expression, SqlError> {
    if !items.len().is_multiple_of(2) {
        return Err(wrong_arguments("map"));
    }
    let keys = items.iter().step_by(2).cloned().collect();
    let values = items.iter().skip(1).step_by(2).cloned().collect();
    Ok(function("map", vec![function("list_value", keys), function("list_value", values)]))
}

pub(super) fn wrong_arguments(name: &str) -> SqlError {
    let detail = format!("The `{name}` requires an even number of parameters.");
    SqlError::new("WRONG_NUM_ARGS.WITHOUT_SUGGESTION", "42605", detail)
}

/// A lambda of (element, index): Spark counts from zero, DuckDB from one.
pub(super) fn indexed(lambda: &LambdaExpr) -> Result<Expression, SqlError> {
    let mut lambda = lambda.clone();
    if let [_, index] = lambda.parameters.as_slice() {
        let shifted = fill("_0 - 1", &[column(None, index.clone())])?;
        let index = index.clone();
        lambda.body = substitute(lambda.body, &[index], &[shifted])?;
    }
    Ok(Expression::Lambda(Box::new(lambda)))
}

/// aggregate(array, start, merge [, finish]).
pub(super) fn reduce(args: Vec<Expression>) -> Result<Expression, SqlError> {
    let mut args = args.into_iter();
    let (Some(array), Some(start), Some(merge)) = (args.next(), args.next(), args.next()) else {
        return Err(wrong_arguments("aggregate"));
    };
    let reduced = function("list_reduce", vec![array, merge, start]);
    match args.next() {
        Some(Expression::Lambda(finish)) => substitute(finish.body, &finish.parameters, &[reduced]),
        _ => Ok(reduced),
    }
}

pub(super) fn zip_with(left: Expression, right: Expression, lambda: &LambdaExpr) -> Result<Expression, SqlError> {
    let values = [fill("bl_z[1]", &[])?, fill("bl_z[2]", &[])?];
    let body = substitute(lambda.body.clone(), &lambda.parameters, &values)?;
    fill("list_transform(list_zip(_0, _1), bl_z -> _2)", &[left, right, body])
}

/// A lambda of (key, value) over a map's entries, named `bl_e` in the template.
pub(super) fn over_entries(template: &str, map: &Expression, lambda: &LambdaExpr) -> Result<Expression, SqlError> {
    let values = [fill("bl_e.key", &[])?, fill("bl_e.value", &[])?];
    let body = substitute(lambda.body.clone(), &lambda.parameters, &values)?;
    fill(template, &[map.clone(), body])
}

pub(super) fn arrays_zip(items: &[Expression]) -> Result<Expression, SqlError> {
    let mut fields = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let name = match item {
            Expression::Column(column) => column.name.name.clone(),
            _ => index.to_string(),
        };
        fields.push((Some(name), fill(&format!("bl_z[{}]", index + 1), &[])?));
    }
    let entry = Expression::Struct(Box::new(Struct { fields }));
    fill("list_transform(_0, bl_z -> _1)", &[function("list_zip", items.to_vec()), entry])
}

/// from_json(text, schema): what does not fit becomes NULL, as in PERMISSIVE mode.
pub(super) fn from_json(json: &Expression, schema: &Expression) -> Result<Expression, SqlError> {
    let schema = string_value(schema).ok_or_else(|| SqlError::unsupported("A schema that is no literal"))?;
    let physical = schema_type(schema)?;
    let structure = Dialect::get(DialectType::DuckDB)
        .parse_data_type(&physical)
        .map_err(|e| SqlError::internal(e.to_string()))
        .and_then(|kind| json_structure(&kind))?;
    fill("TRY(json_transform(_0, _1))", &[json.clone(), text(&structure)])
}

/// A type as DuckDB's json_transform wants it.
pub(super) fn json_structure(kind: &DataType) -> Result<String, SqlError> {
    match kind {
        DataType::Array { element_type, .. } | DataType::List { element_type } => {
            Ok(format!("[{}]", json_structure(element_type)?))
        }
        DataType::Struct { fields, .. } => {
            let mut parts = Vec::new();
            for field in fields {
                let name = field.name.trim_matches('"');
                parts.push(format!("{}:{}", serde_json::Value::from(name), json_structure(&field.data_type)?));
            }
            Ok(format!("{{{}}}", parts.join(",")))
        }
        kind => {
            let expression = Expression::DataType(kind.clone());
            let text = Dialect::get(DialectType::DuckDB).generate(&expression);
            text.map(|t| serde_json::Value::from(t).to_string()).map_err(|e| SqlError::internal(e.to_string()))
        }
    }
}
