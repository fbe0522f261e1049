//! Date functions whose units and patterns are words of the language rather than values.

use polyglot_sql::Expression;

use super::patterns::strftime;
use crate::sql::language::{
    builders::{fill, function, string_value, text},
    error::SqlError,
};

pub(super) fn with_pattern(template: &str, value: &Expression, pattern: &Expression) -> Result<Expression, SqlError> {
    let pattern =
        string_value(pattern).ok_or_else(|| SqlError::unsupported("A datetime pattern that is no literal"))?;
    fill(template, &[value.clone(), text(&strftime(pattern)?)])
}

pub(super) fn trunc_unit(unit: &Expression) -> Result<String, SqlError> {
    let unit = string_value(unit).ok_or_else(|| SqlError::unsupported("A date unit that is no literal"))?;
    Ok(match unit.to_uppercase().as_str() {
        "YEAR" | "YYYY" | "YY" => "year",
        "QUARTER" => "quarter",
        "MONTH" | "MM" | "MON" => "month",
        "WEEK" => "week",
        "DAY" | "DD" => "day",
        "HOUR" => "hour",
        "MINUTE" => "minute",
        "SECOND" => "second",
        "MILLISECOND" => "millisecond",
        "MICROSECOND" => "microsecond",
        _ => return Err(invalid_unit(unit)),
    }
    .to_owned())
}

/// A unit written as a bare word, which the parser takes for a column.
pub(super) fn unit_name(unit: &Expression) -> Result<String, SqlError> {
    let name = match unit {
        Expression::Column(column) => column.name.name.to_lowercase(),
        Expression::Identifier(identifier) => identifier.name.to_lowercase(),
        Expression::Var(var) => var.this.to_lowercase(),
        other => string_value(other).unwrap_or_default().to_lowercase(),
    };
    match name.as_str() {
        "year" | "quarter" | "month" | "week" | "day" | "hour" | "minute" | "second" | "millisecond"
        | "microsecond" => Ok(name),
        "dayofyear" => Ok("day".to_owned()),
        _ => Err(invalid_unit(&name)),
    }
}

pub(super) fn invalid_unit(unit: &str) -> SqlError {
    let detail = format!("`{unit}` is no datetime unit.");
    SqlError::new("INVALID_PARAMETER_VALUE.DATETIME_UNIT", "22023", detail)
}

pub(super) fn date_arithmetic(
    unit: &Expression,
    amount: &Expression,
    value: &Expression,
) -> Result<Expression, SqlError> {
    let (convert, factor) = match unit_name(unit)?.as_str() {
        "year" => ("to_years", 1),
        "quarter" => ("to_months", 3),
        "month" => ("to_months", 1),
        "week" => ("to_days", 7),
        "day" => ("to_days", 1),
        "hour" => ("to_hours", 1),
        "minute" => ("to_minutes", 1),
        "second" => ("to_seconds", 1),
        "millisecond" => ("to_milliseconds", 1),
        _ => ("to_microseconds", 1),
    };
    let template = format!("CAST(_1 AS TIMESTAMP) + {convert}(CAST(_0 * {factor} AS INTEGER))");
    fill(&template, &[amount.clone(), value.clone()])
}

pub(super) fn date_part(field: &str, value: Expression) -> Result<Expression, SqlError> {
    let name = match field {
        "year" | "years" | "yr" | "y" => "year",
        "quarter" | "qtr" => "quarter",
        "month" | "mon" | "months" => "month",
        "week" | "weeks" | "w" => "weekofyear",
        "day" | "d" | "days" => "day",
        "dayofweek" | "dow" => "dayofweek",
        "dayofweek_iso" | "dow_iso" => "dayofweek_iso",
        "doy" | "dayofyear" => "dayofyear",
        "hour" | "h" | "hours" => "hour",
        "minute" | "min" | "m" => "minute",
        "second" | "sec" | "s" => "second",
        _ => return Err(invalid_unit(field)),
    };
    Ok(function(name, vec![value]))
}
