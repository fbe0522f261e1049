//! create_function, and row filters and column masks, which are functions that tables are read through. All by SQL: the
//! REST interface has none of it.

use bricklayer_sdk::{Failure, Platform};

use crate::create::kept;
use crate::kind::Kind;
use crate::names::{FullName, column, literal, sql_type};
use crate::objects::read;
use crate::sql;
use crate::types::{self, ObjectKind};

/// Parameters of a function, and columns of a filter, at most.
const MAX_COLUMNS: usize = 100;

/// Makes a SQL function.
///
/// # Errors
/// Names and types that are none, an expression that is more than one, or what the workspace refuses.
pub(crate) fn create_function(
    platform: &impl Platform,
    request: types::CreateFunctionRequest,
) -> Result<types::ObjectChange, Failure> {
    let kind = Kind::of(ObjectKind::Function);
    let name = kind.name("name", &request.name)?;
    let statement = function_statement(&name, &request)?;
    // The statement does not tell whether it made anything.
    if request.replace != Some(true)
        && let Ok(found) = read(platform, &kind, &name)
    {
        return Ok(kept(&kind, &name, &found));
    }
    let said = format!("{} is there.", kind.shown(&name));
    sql::done(platform, &name, request.warehouse_id, statement, &said)
}

fn function_statement(name: &FullName, request: &types::CreateFunctionRequest) -> Result<String, Failure> {
    if request.parameters.len() > MAX_COLUMNS {
        return Err(Failure::invalid("parameters", format!("at most {MAX_COLUMNS} are allowed")));
    }
    let parameter = |parameter: &types::NamedValue| -> Result<String, Failure> {
        Ok(format!("{} {}", column("parameters", &parameter.name)?, sql_type("parameters", &parameter.value)?))
    };
    let parameters: Vec<String> = request.parameters.iter().map(parameter).collect::<Result<_, Failure>>()?;
    let returns = sql_type("returns", &request.returns)?;
    let expression = request.expression.trim();
    if expression.is_empty() || !is_one_expression(expression) {
        return Err(Failure::invalid(
            "expression",
            "must be one SQL expression: without a semicolon or a comment, and with all quotes and brackets closed",
        ));
    }
    let make =
        if request.replace == Some(true) { "CREATE OR REPLACE FUNCTION" } else { "CREATE FUNCTION IF NOT EXISTS" };
    let comment = request.comment.as_ref().map(|comment| format!(" COMMENT {}", literal(comment))).unwrap_or_default();
    // In brackets, so that what is behind it cannot become part of the statement.
    Ok(format!("{make} {}({}) RETURNS {returns}{comment} RETURN ({expression})", name.sql(), parameters.join(", ")))
}

/// Whether a text is at most one expression: nothing in it ends the brackets that it is put into.
fn is_one_expression(text: &str) -> bool {
    let mut open = 0_i32;
    let mut quote: Option<char> = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(_), '\\') if quote != Some('`') => drop(chars.next()),
            (Some(end), c) if c == end => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(c),
            (None, '(') => open += 1,
            (None, ')') => open -= 1,
            (None, ';') => return false,
            (None, '-') if chars.peek() == Some(&'-') => return false,
            (None, '/') if chars.peek() == Some(&'*') => return false,
            // A dollar-quoted text would hide its end from this.
            (None, '$') => return false,
            (None, _) => {}
        }
        if open < 0 {
            return false;
        }
    }
    open == 0 && quote.is_none()
}

/// Sets a row filter.
///
/// # Errors
/// Names that are none, or what the workspace refuses.
pub(crate) fn set_row_filter(
    platform: &impl Platform,
    request: types::SetRowFilterRequest,
) -> Result<types::ObjectChange, Failure> {
    let table = FullName::parse("table", &request.table, 3)?;
    let function = FullName::parse("function", &request.function, 3)?;
    let columns = columns("columns", &request.columns)?;
    let statement = format!("ALTER TABLE {} SET ROW FILTER {} ON ({columns})", table.sql(), function.sql());
    let said = format!("readers of {} see the rows that {} lets through.", table.dotted(), function.dotted());
    sql::done(platform, &table, request.warehouse_id, statement, &said)
}

fn columns(field: &str, names: &[String]) -> Result<String, Failure> {
    if names.len() > MAX_COLUMNS {
        return Err(Failure::invalid(field, format!("at most {MAX_COLUMNS} are allowed")));
    }
    let quoted: Vec<String> = names.iter().map(|name| column(field, name)).collect::<Result<_, Failure>>()?;
    Ok(quoted.join(", "))
}

/// Removes a row filter.
///
/// # Errors
/// A name that is none, or what the workspace refuses.
pub(crate) fn drop_row_filter(
    platform: &impl Platform,
    request: types::DropRowFilterRequest,
) -> Result<types::ObjectChange, Failure> {
    let table = FullName::parse("table", &request.table, 3)?;
    let statement = format!("ALTER TABLE {} DROP ROW FILTER", table.sql());
    let said = format!("{} has no row filter any more: its readers see all rows.", table.dotted());
    sql::done(platform, &table, request.warehouse_id, statement, &said)
}

/// Sets a column mask.
///
/// # Errors
/// Names that are none, or what the workspace refuses.
pub(crate) fn set_column_mask(
    platform: &impl Platform,
    request: types::SetColumnMaskRequest,
) -> Result<types::ObjectChange, Failure> {
    let table = FullName::parse("table", &request.table, 3)?;
    let function = FullName::parse("function", &request.function, 3)?;
    let masked = column("column", &request.column)?;
    let using = match request.using_columns.filter(|using| !using.is_empty()) {
        Some(using) => format!(" USING COLUMNS ({})", columns("using_columns", &using)?),
        None => String::new(),
    };
    let statement = format!("ALTER TABLE {} ALTER COLUMN {masked} SET MASK {}{using}", table.sql(), function.sql());
    let said = format!("readers of {} see of {masked} what {} makes of it.", table.dotted(), function.dotted());
    sql::done(platform, &table, request.warehouse_id, statement, &said)
}

/// Removes a column mask.
///
/// # Errors
/// Names that are none, or what the workspace refuses.
pub(crate) fn drop_column_mask(
    platform: &impl Platform,
    request: types::DropColumnMaskRequest,
) -> Result<types::ObjectChange, Failure> {
    let table = FullName::parse("table", &request.table, 3)?;
    let masked = column("column", &request.column)?;
    let statement = format!("ALTER TABLE {} ALTER COLUMN {masked} DROP MASK", table.sql());
    let said = format!("{masked} of {} has no mask any more: its readers see its values.", table.dotted());
    sql::done(platform, &table, request.warehouse_id, statement, &said)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(parameters: &[(&str, &str)], returns: &str, expression: &str) -> Result<String, Failure> {
        let pair =
            |(name, value): &(&str, &str)| types::NamedValue { name: (*name).to_owned(), value: (*value).to_owned() };
        let request = types::CreateFunctionRequest {
            name: "c.s.f".to_owned(),
            parameters: parameters.iter().map(pair).collect(),
            returns: returns.to_owned(),
            expression: expression.to_owned(),
            comment: Some("it's".to_owned()),
            replace: None,
            warehouse_id: None,
        };
        function_statement(&FullName::parse("name", &request.name, 3)?, &request)
    }

    #[test]
    fn a_function_is_one_statement() {
        assert_eq!(
            function(&[("region", "STRING")], "BOOLEAN", "is_account_group_member('admins') OR region = 'it''s (EU'")
                .unwrap(),
            r"CREATE FUNCTION IF NOT EXISTS `c`.`s`.`f`(`region` STRING) RETURNS BOOLEAN COMMENT 'it\'s' RETURN (is_account_group_member('admins') OR region = 'it''s (EU')"
        );
    }

    #[test]
    fn what_would_leave_the_statement_is_refused() {
        for expression in [
            "",
            "1; DROP TABLE x",
            "1) ; DROP TABLE x --",
            "1) (",
            "'a",
            "`a",
            "1 -- x",
            "1 /* x",
            "$$x$$",
            r"'a\' || 1",
        ] {
            assert!(function(&[], "INT", expression).is_err(), "{expression}");
        }
        assert!(function(&[("x", "INT, y INT")], "INT", "1").is_err());
        assert!(function(&[("x", "INT")], "INT RETURN 1 --", "1").is_err());
        assert!(function(&[("a b", "ARRAY<INT>")], "INT", r"'\'' || (1)").is_ok());
    }
}
