//! CREATE statements. The clauses that only Databricks knows are read here; queries and expressions are translated.
//! Rules: Databricks SQL reference, "CREATE TABLE [USING]", "CREATE VIEW", "CREATE SCHEMA", "CREATE CATALOG",
//! "CREATE FUNCTION (SQL)", "CREATE VOLUME".

use super::clauses::{identifiers, properties, single, table_name};
use crate::catalog::TextLimit;
use crate::sql::language::{
    command::{ColumnDefinition, Command, CreateFunction, CreateTable, CreateView, Generated, Properties, TableSource},
    cursor::Cursor,
    error::SqlError,
    metrics::MetricView,
    rewrite::Translator,
    types::parse_type,
};

pub(super) fn create(cursor: &mut Cursor<'_>, translator: &mut Translator<'_>) -> Result<Command, SqlError> {
    let or_replace = cursor.take(&["REPLACE"]) || {
        cursor.expect(&["CREATE"])?;
        cursor.take(&["OR", "REPLACE"]) || cursor.take(&["OR", "REFRESH"])
    };
    let temporary = cursor.take(&["GLOBAL", "TEMPORARY"]) || cursor.take(&["TEMPORARY"]) || cursor.take(&["TEMP"]);
    let words = ["CATALOG", "SCHEMA", "DATABASE", "TABLE", "VIEW", "FUNCTION", "EXTERNAL", "MATERIALIZED", "STREAMING"];
    match cursor.take_any(&words) {
        Some("CATALOG") => catalog(cursor),
        Some("SCHEMA" | "DATABASE") => schema(cursor, translator),
        Some("TABLE") if temporary => Err(SqlError::unsupported("CREATE TEMPORARY TABLE")),
        Some("TABLE") => table(cursor, translator, or_replace),
        Some("VIEW") => view(cursor, translator, or_replace, temporary),
        Some("FUNCTION") => function(cursor, translator, or_replace),
        Some("EXTERNAL") if cursor.sees(&["VOLUME"]) => Err(SqlError::unsupported("CREATE EXTERNAL VOLUME")),
        Some("EXTERNAL") => Err(SqlError::unsupported("CREATE EXTERNAL TABLE")),
        Some("MATERIALIZED") => Err(SqlError::unsupported("CREATE MATERIALIZED VIEW")),
        Some("STREAMING") => Err(SqlError::unsupported("CREATE STREAMING TABLE")),
        _ if cursor.take(&["VOLUME"]) => volume(cursor, translator),
        _ => Err(cursor.unexpected()),
    }
}

fn catalog(cursor: &mut Cursor<'_>) -> Result<Command, SqlError> {
    let if_not_exists = cursor.take(&["IF", "NOT", "EXISTS"]);
    let name = single(&cursor.name()?)?;
    let mut comment = None;
    while !cursor.is_done() {
        if cursor.take(&["COMMENT"]) {
            comment = Some(cursor.text()?);
        } else if cursor.take(&["MANAGED", "LOCATION"]) {
            return Err(SqlError::unsupported("A catalog with a MANAGED LOCATION"));
        } else {
            return Err(cursor.unexpected());
        }
    }
    Ok(Command::CreateCatalog { name, if_not_exists, comment })
}

fn schema(cursor: &mut Cursor<'_>, translator: &Translator<'_>) -> Result<Command, SqlError> {
    let if_not_exists = cursor.take(&["IF", "NOT", "EXISTS"]);
    let name = translator.namespace().schema(&cursor.name()?)?;
    let (mut comment, mut props) = (None, Properties::new());
    while !cursor.is_done() {
        if cursor.take(&["COMMENT"]) {
            comment = Some(cursor.text()?);
        } else if cursor.take(&["WITH", "DBPROPERTIES"]) {
            props = properties(cursor)?;
        } else if cursor.take(&["MANAGED", "LOCATION"]) || cursor.take(&["LOCATION"]) {
            return Err(SqlError::unsupported("A schema with a LOCATION"));
        } else {
            return Err(cursor.unexpected());
        }
    }
    Ok(Command::CreateSchema { name, if_not_exists, comment, properties: props })
}

fn volume(cursor: &mut Cursor<'_>, translator: &Translator<'_>) -> Result<Command, SqlError> {
    let if_not_exists = cursor.take(&["IF", "NOT", "EXISTS"]);
    let name = table_name(cursor, translator)?;
    translator.check_writable(&name)?;
    if cursor.sees(&["LOCATION"]) {
        return Err(SqlError::unsupported("A volume with a LOCATION"));
    }
    let comment = if cursor.take(&["COMMENT"]) { Some(cursor.text()?) } else { None };
    cursor.end()?;
    Ok(Command::CreateVolume { name, if_not_exists, comment })
}

fn table(cursor: &mut Cursor<'_>, translator: &mut Translator<'_>, or_replace: bool) -> Result<Command, SqlError> {
    let if_not_exists = cursor.take(&["IF", "NOT", "EXISTS"]);
    let name = table_name(cursor, translator)?;
    translator.check_writable(&name)?;
    let mut table = CreateTable {
        name,
        or_replace,
        if_not_exists,
        comment: None,
        properties: Vec::new(),
        partition_columns: Vec::new(),
        cluster_columns: Vec::new(),
        columns: Vec::new(),
        primary_key: Vec::new(),
        source: TableSource::Columns,
    };
    if cursor.sees(&["("]) && !cursor.sees(&["(", "SELECT"]) {
        column_list(cursor, translator, &mut table)?;
    }
    while !cursor.is_done() {
        table_clause(cursor, translator, &mut table)?;
    }
    Ok(Command::CreateTable(Box::new(table)))
}

fn table_clause(
    cursor: &mut Cursor<'_>,
    translator: &mut Translator<'_>,
    table: &mut CreateTable,
) -> Result<(), SqlError> {
    if cursor.take(&["USING"]) {
        let format = cursor.identifier()?;
        if !["delta", "parquet", "iceberg"].contains(&format.to_lowercase().as_str()) {
            return Err(SqlError::unsupported(format!("A table USING {}", format.to_uppercase())));
        }
    } else if cursor.take(&["COMMENT"]) {
        table.comment = Some(cursor.text()?);
    } else if cursor.take(&["TBLPROPERTIES"]) {
        table.properties = properties(cursor)?;
    } else if cursor.take(&["OPTIONS"]) {
        properties(cursor)?;
    } else if cursor.take(&["PARTITIONED", "BY"]) {
        table.partition_columns = identifiers(cursor)?;
    } else if cursor.take(&["CLUSTER", "BY"]) {
        if cursor.take_any(&["AUTO", "NONE"]).is_none() {
            table.cluster_columns = identifiers(cursor)?;
        }
    } else if cursor.take(&["DEFAULT", "COLLATION"]) {
        cursor.identifier()?;
    } else if cursor.sees(&["WITH", "ROW", "FILTER"]) {
        return Err(SqlError::unsupported("WITH ROW FILTER of a new table (ALTER TABLE SET ROW FILTER sets it)"));
    } else if cursor.take(&["LOCATION"]) {
        return Err(SqlError::unsupported("A table with a LOCATION"));
    } else if cursor.take(&["LIKE"]) {
        table.source = TableSource::Like(table_name(cursor, translator)?);
    } else if cursor.take(&["SHALLOW", "CLONE"]) || cursor.take(&["DEEP", "CLONE"]) || cursor.take(&["CLONE"]) {
        table.source = TableSource::Clone(table_name(cursor, translator)?);
    } else if cursor.take(&["AS"]) || ["SELECT", "WITH"].iter().any(|word| cursor.sees(&[word])) {
        table.source = TableSource::Query(translator.query(cursor.rest())?);
    } else {
        return Err(cursor.unexpected());
    }
    Ok(())
}

fn column_list(
    cursor: &mut Cursor<'_>,
    translator: &mut Translator<'_>,
    table: &mut CreateTable,
) -> Result<(), SqlError> {
    cursor.expect(&["("])?;
    loop {
        if ["CONSTRAINT", "PRIMARY", "FOREIGN"].iter().any(|word| cursor.sees(&[word])) {
            table_constraint(cursor, table)?;
        } else {
            let (column, primary) = column(cursor, translator)?;
            if primary {
                table.primary_key.push(column.name.clone());
            }
            table.columns.push(column);
        }
        if !cursor.take(&[","]) {
            return cursor.expect(&[")"]);
        }
    }
}

/// Key constraints are informational in Databricks: kept by name, not enforced.
fn table_constraint(cursor: &mut Cursor<'_>, table: &mut CreateTable) -> Result<(), SqlError> {
    if cursor.take(&["CONSTRAINT"]) {
        cursor.identifier()?;
    }
    if cursor.take(&["PRIMARY", "KEY"]) {
        table.primary_key = identifiers(cursor)?;
    } else if cursor.take(&["FOREIGN", "KEY"]) {
        identifiers(cursor)?;
        references(cursor)?;
    } else if cursor.sees(&["CHECK"]) {
        return Err(SqlError::unsupported("A CHECK constraint"));
    } else {
        return Err(cursor.unexpected());
    }
    while cursor.take(&["NOT", "ENFORCED"]) || cursor.take_any(&["RELY", "NORELY", "DEFERRABLE"]).is_some() {}
    Ok(())
}

fn references(cursor: &mut Cursor<'_>) -> Result<(), SqlError> {
    cursor.expect(&["REFERENCES"])?;
    cursor.name()?;
    if cursor.sees(&["("]) {
        identifiers(cursor)?;
    }
    Ok(())
}

/// The length of the CHAR(n) or VARCHAR(n) at the cursor, which stays where it is.
fn text_limit(cursor: &Cursor<'_>) -> Option<TextLimit> {
    let padded = cursor.sees(&["CHAR"]) || cursor.sees(&["CHARACTER"]);
    if !padded && !cursor.sees(&["VARCHAR"]) || !cursor.peek_at(1)?.is("(") {
        return None;
    }
    cursor.peek_at(2)?.text.parse().ok().map(|length| TextLimit { length, padded })
}

/// One column; the second value says whether it is the primary key.
pub(super) fn column(
    cursor: &mut Cursor<'_>,
    translator: &mut Translator<'_>,
) -> Result<(ColumnDefinition, bool), SqlError> {
    let name = cursor.identifier()?;
    // A list of bare names is legal before AS SELECT only; the type then comes from the query.
    let untyped = cursor.sees(&[","]) || cursor.sees(&[")"]) || cursor.sees(&["COMMENT"]);
    let text_limit = text_limit(cursor);
    let physical_type = if untyped { String::new() } else { parse_type(cursor)? };
    let mut column = ColumnDefinition {
        name,
        physical_type,
        text_limit,
        not_null: false,
        comment: None,
        default: None,
        generated: Generated::No,
    };
    let mut primary = false;
    loop {
        if cursor.take(&["NOT", "NULL"]) {
            column.not_null = true;
        } else if cursor.take(&["NULL"]) || cursor.take(&["RELY"]) || cursor.take(&["NOT", "ENFORCED"]) {
        } else if cursor.take(&["COMMENT"]) {
            column.comment = Some(cursor.text()?);
        } else if cursor.take(&["DEFAULT"]) {
            let text = default_expression(cursor)?;
            column.default = Some(translator.expression(text)?);
        } else if cursor.take(&["GENERATED"]) {
            column.generated = generated(cursor, translator)?;
        } else if cursor.take(&["CONSTRAINT"]) {
            cursor.identifier()?;
        } else if cursor.take(&["PRIMARY", "KEY"]) {
            primary = true;
        } else if cursor.sees(&["REFERENCES"]) {
            references(cursor)?;
        } else if cursor.sees(&["MASK"]) {
            return Err(SqlError::unsupported("MASK of a new column (ALTER TABLE ALTER COLUMN SET MASK sets it)"));
        } else {
            return Ok((column, primary));
        }
    }
}

/// The text of a DEFAULT expression: up to the next column option, comma or closing bracket.
fn default_expression<'a>(cursor: &mut Cursor<'a>) -> Result<&'a str, SqlError> {
    let start = cursor.start();
    while !cursor.is_done() {
        let ends = [",", ")", "COMMENT", "GENERATED", "CONSTRAINT"].iter().any(|word| cursor.sees(&[word]));
        if ends || cursor.sees(&["NOT", "NULL"]) || cursor.sees(&["PRIMARY", "KEY"]) {
            break;
        }
        if cursor.sees(&["("]) {
            cursor.group()?;
        } else {
            cursor.advance();
        }
    }
    Ok(cursor.slice(start, cursor.last_end()))
}

fn generated(cursor: &mut Cursor<'_>, translator: &mut Translator<'_>) -> Result<Generated, SqlError> {
    if !cursor.take(&["ALWAYS"]) {
        cursor.expect(&["BY", "DEFAULT"])?;
    }
    cursor.expect(&["AS"])?;
    if !cursor.take(&["IDENTITY"]) {
        let text = cursor.group()?;
        return Ok(Generated::Expression(translator.expression(text)?));
    }
    let (mut start, mut step) = (1, 1);
    if cursor.take(&["("]) {
        while !cursor.take(&[")"]) {
            if cursor.take(&["START", "WITH"]) {
                start = integer(cursor)?;
            } else if cursor.take(&["INCREMENT", "BY"]) {
                step = integer(cursor)?;
            } else {
                return Err(cursor.unexpected());
            }
        }
    }
    Ok(Generated::Identity { start, step })
}

fn integer(cursor: &mut Cursor<'_>) -> Result<i64, SqlError> {
    let negative = cursor.take(&["-"]);
    let number = cursor.peek().and_then(|t| t.text.parse::<i64>().ok()).ok_or_else(|| cursor.unexpected())?;
    cursor.advance();
    Ok(if negative { -number } else { number })
}

fn view(
    cursor: &mut Cursor<'_>,
    translator: &mut Translator<'_>,
    or_replace: bool,
    temporary: bool,
) -> Result<Command, SqlError> {
    let if_not_exists = cursor.take(&["IF", "NOT", "EXISTS"]);
    let name = table_name(cursor, translator)?;
    translator.check_writable(&name)?;
    let mut columns = Vec::new();
    if cursor.take(&["("]) {
        loop {
            let column = cursor.identifier()?;
            let comment = if cursor.take(&["COMMENT"]) { Some(cursor.text()?) } else { None };
            columns.push((column, comment));
            if !cursor.take(&[","]) {
                cursor.expect(&[")"])?;
                break;
            }
        }
    }
    let (mut comment, mut props, mut metrics) = (None, Properties::new(), false);
    loop {
        if cursor.take(&["COMMENT"]) {
            comment = Some(cursor.text()?);
        } else if cursor.take(&["TBLPROPERTIES"]) {
            props = properties(cursor)?;
        } else if cursor.take(&["WITH", "SCHEMA"]) {
            cursor.identifier()?;
        } else if cursor.take(&["WITH", "METRICS"]) {
            metrics = true;
        } else if metrics && cursor.take(&["LANGUAGE", "YAML"]) {
        } else {
            cursor.expect(&["AS"])?;
            break;
        }
    }
    let (query, definition) = if metrics {
        let text = cursor.text()?;
        cursor.end()?;
        let parsed = MetricView::parse(&text)?;
        // The definition says what its columns are.
        columns = parsed.fields().map(|field| (field.name.clone(), field.comment.clone())).collect();
        comment = comment.or_else(|| parsed.comment.clone());
        (translator.metric_view(&parsed)?, text)
    } else {
        let written = cursor.rest();
        (translator.query(written)?, translator.as_written(written))
    };
    let view = CreateView {
        name,
        or_replace,
        if_not_exists,
        temporary,
        comment,
        properties: props,
        columns,
        query,
        definition,
        metrics,
        inline: metrics,
    };
    Ok(Command::CreateView(Box::new(view)))
}

fn function(cursor: &mut Cursor<'_>, translator: &mut Translator<'_>, or_replace: bool) -> Result<Command, SqlError> {
    let if_not_exists = cursor.take(&["IF", "NOT", "EXISTS"]);
    let name = table_name(cursor, translator)?;
    translator.check_writable(&name)?;
    let mut parameters = Vec::new();
    cursor.expect(&["("])?;
    while !cursor.take(&[")"]) {
        let parameter = cursor.identifier()?;
        let start = cursor.start();
        parse_type(cursor)?;
        parameters.push((parameter, cursor.slice(start, cursor.last_end()).to_owned()));
        if cursor.take(&["DEFAULT"]) {
            return Err(SqlError::unsupported("A function parameter with a DEFAULT"));
        }
        if cursor.take(&["COMMENT"]) {
            cursor.text()?;
        }
        cursor.take(&[","]);
    }
    let (mut comment, mut returns) = (None, None);
    loop {
        if cursor.take(&["RETURNS"]) {
            if cursor.sees(&["TABLE"]) {
                return Err(SqlError::unsupported("A table function"));
            }
            returns = Some(parse_type(cursor)?);
        } else if cursor.take(&["COMMENT"]) {
            comment = Some(cursor.text()?);
        } else if cursor.take(&["LANGUAGE"]) {
            if !cursor.take(&["SQL"]) {
                return Err(SqlError::unsupported("A function in another LANGUAGE than SQL"));
            }
        } else if !(cursor.take(&["DETERMINISTIC"])
            || cursor.take(&["NOT", "DETERMINISTIC"])
            || cursor.take(&["CONTAINS", "SQL"])
            || cursor.take(&["READS", "SQL", "DATA"]))
        {
            break;
        }
    }
    cursor.expect(&["RETURN"])?;
    let body = translator.expression(cursor.rest())?;
    let function = CreateFunction { name, or_replace, if_not_exists, comment, parameters, returns, body };
    Ok(Command::CreateFunction(Box::new(function)))
}
