//! From a question and a table's real columns to a statement.

use std::fmt::Write as _;

use super::question::{Aggregate, Group, Measure, Question, TimeUnit};
use super::words::quoted;

/// Rows when the question names no number.
const DEFAULT_ROWS: u32 = 100;

/// Rows of a ranking when the question names no number.
const DEFAULT_TOP: u32 = 10;

/// A column of the table, as the workspace describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) type_text: String,
}

impl Column {
    fn has_type(&self, starts: &[&str]) -> bool {
        let lower = self.type_text.to_lowercase();
        starts.iter().any(|start| lower.starts_with(start))
    }

    fn is_time(&self) -> bool {
        self.has_type(&["timestamp", "date"])
    }

    fn is_number(&self) -> bool {
        self.has_type(&[
            "tinyint", "smallint", "int", "bigint", "long", "float", "double", "decimal", "numeric", "byte", "short",
        ])
    }
}

/// A statement, and how its columns are called in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) sql: String,
    pub(super) group_label: Option<String>,
    pub(super) ranked: bool,
}

/// Writes the statement, or says which column is not there.
pub(super) fn build(question: &Question, columns: &[Column]) -> Result<Statement, String> {
    let group = question.group.as_ref().map(|group| group_expression(group, columns)).transpose()?;
    let mut select = Vec::new();
    if let Some((expression, alias)) = &group {
        select.push(format!("{expression} AS {}", quoted(alias)));
    }
    let mut aliases = Vec::new();
    for measure in &question.measures {
        let (expression, alias) = measure_expression(measure, question, columns)?;
        select.push(format!("{expression} AS {}", quoted(&alias)));
        aliases.push(alias);
    }
    let mut sql = format!("SELECT {}\nFROM {}", select.join(", "), question.table);
    let ranked = question.busiest || question.top.is_some();
    if group.is_some() {
        let order = match aliases.first().filter(|_| ranked) {
            Some(alias) => format!("{} DESC, 1", quoted(alias)),
            None => "1".to_owned(),
        };
        let rows = question.top.unwrap_or(if ranked { DEFAULT_TOP } else { DEFAULT_ROWS });
        // Writing to a String cannot fail.
        let _ = write!(sql, "\nGROUP BY 1\nORDER BY {order}\nLIMIT {rows}");
    }
    Ok(Statement { sql, group_label: group.map(|(_, alias)| alias.replace('_', " ")), ranked })
}

fn group_expression(group: &Group, columns: &[Column]) -> Result<(String, String), String> {
    let Some(unit) = group.unit else {
        let column = best(columns, &group.words, |_| true).ok_or_else(|| missing("column", &group.words, columns))?;
        return Ok((quoted(&column.name), column.name.clone()));
    };
    let times: Vec<&Column> = columns.iter().filter(|column| column.is_time()).collect();
    let column = match (best(columns, &group.words, Column::is_time), times.as_slice()) {
        (Some(column), _) => column,
        (None, [only]) => only,
        (None, [first, ..]) if group.words.is_empty() => first,
        (None, _) => return Err(missing("column with a date or time", &group.words, columns)),
    };
    let name = quoted(&column.name);
    let expression = match unit {
        TimeUnit::Hour => format!("hour({name})"),
        TimeUnit::Day => format!("to_date({name})"),
        TimeUnit::Weekday => format!("date_format({name}, 'EEEE')"),
        TimeUnit::Month => format!("date_format({name}, 'yyyy-MM')"),
        TimeUnit::Year => format!("year({name})"),
    };
    let words: Vec<&str> = group.words.iter().map(String::as_str).chain([unit.name()]).collect();
    Ok((expression, words.join("_")))
}

fn measure_expression(measure: &Measure, question: &Question, columns: &[Column]) -> Result<(String, String), String> {
    if measure.aggregate == Aggregate::Count {
        let table = question.table.rsplit('.').next().unwrap_or_default().trim_matches('`');
        let taken = columns.iter().any(|column| column.name.eq_ignore_ascii_case(table));
        let alias = if taken || table.is_empty() { "row_count" } else { table };
        return Ok(("count(*)".to_owned(), alias.to_owned()));
    }
    let ordered = matches!(measure.aggregate, Aggregate::Min | Aggregate::Max);
    let fits = |column: &Column| column.is_number() || (ordered && column.is_time());
    let column =
        best(columns, &measure.words, fits).ok_or_else(|| missing("column with numbers", &measure.words, columns))?;
    let name = quoted(&column.name);
    let expression = match measure.aggregate {
        Aggregate::Average => format!("round(avg({name}), 2)"),
        Aggregate::Sum => format!("round(sum({name}), 2)"),
        Aggregate::Median => format!("round(median({name}), 2)"),
        Aggregate::Min => format!("min({name})"),
        Aggregate::Max => format!("max({name})"),
        Aggregate::Count => "count(*)".to_owned(),
    };
    Ok((expression, format!("{}_{}", measure.aggregate.name(), measure.words.join("_"))))
}

/// The column whose name shares most words with these; of equal ones the one with the shorter name, then the first.
fn best<'a>(columns: &'a [Column], words: &[String], fits: impl Fn(&Column) -> bool) -> Option<&'a Column> {
    let score = |column: &Column| {
        let parts = name_parts(&column.name);
        words.iter().filter(|word| parts.iter().any(|part| same_word(part, word))).count()
    };
    columns
        .iter()
        .enumerate()
        .filter(|(_, column)| fits(column))
        .map(|(at, column)| (score(column), std::cmp::Reverse(column.name.len()), std::cmp::Reverse(at), column))
        .filter(|(score, ..)| *score > 0)
        .max_by_key(|(score, length, at, _)| (*score, *length, *at))
        .map(|(.., column)| column)
}

/// The words of a column's name: `tpep_pickup_datetime`, `fareAmount`.
fn name_parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut lower_before = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && lower_before) {
            parts.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(part) = parts.last_mut()
        {
            part.extend(c.to_lowercase());
        }
        lower_before = c.is_lowercase();
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn same_word(a: &str, b: &str) -> bool {
    let stem = |word: &str| word.strip_suffix('s').filter(|stem| stem.len() > 2).unwrap_or(word).to_owned();
    let (a, b) = (stem(a), stem(&b.replace(['-', '_'], "")));
    a == b || (a.len() >= 4 && b.starts_with(&a)) || (b.len() >= 4 && a.starts_with(&b))
}

fn missing(what: &str, words: &[String], columns: &[Column]) -> String {
    let list: Vec<String> = columns.iter().map(|column| format!("- `{}` {}", column.name, column.type_text)).collect();
    let wanted =
        if words.is_empty() { String::new() } else { format!(" that matches \u{201c}{}\u{201d}", words.join(" ")) };
    format!("I found no {what}{wanted}. The table has these columns; name one of them:\n\n{}", list.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::super::question::parse;
    use super::*;

    fn trips() -> Vec<Column> {
        [
            ("tpep_pickup_datetime", "TIMESTAMP"),
            ("tpep_dropoff_datetime", "TIMESTAMP"),
            ("trip_distance", "DOUBLE"),
            ("fare_amount", "DOUBLE"),
            ("pickup_zip", "INT"),
            ("dropoff_zip", "INT"),
        ]
        .map(|(name, type_text)| Column { name: name.into(), type_text: type_text.into() })
        .to_vec()
    }

    #[track_caller]
    fn check(message: &str, expected: &str) {
        let built = build(&parse(message).expect("understood"), &trips());
        let text = match built {
            Ok(statement) => statement.sql.replace('\n', " "),
            Err(reason) => reason.split('.').next().unwrap().to_owned(),
        };
        assert_eq!(text, expected, "{message}");
    }

    #[test]
    fn columns_are_chosen_by_name_and_type() {
        check(
            "What are the busiest pickup hours in samples.nyctaxi.trips, and what is the average fare in each?",
            "SELECT hour(tpep_pickup_datetime) AS pickup_hour, count(*) AS trips, round(avg(fare_amount), 2) AS \
             average_fare FROM samples.nyctaxi.trips GROUP BY 1 ORDER BY trips DESC, 1 LIMIT 10",
        );
        check(
            "average distance by dropoff zip in samples.nyctaxi.trips",
            "SELECT dropoff_zip AS dropoff_zip, round(avg(trip_distance), 2) AS average_distance FROM \
             samples.nyctaxi.trips GROUP BY 1 ORDER BY 1 LIMIT 100",
        );
        check(
            "top 3 pickup zip: number of trips per pickup zip in samples.nyctaxi.trips",
            "SELECT pickup_zip AS pickup_zip, count(*) AS trips FROM samples.nyctaxi.trips GROUP BY 1 ORDER BY trips \
             DESC, 1 LIMIT 3",
        );
        check(
            "average tip in samples.nyctaxi.trips",
            "I found no column with numbers that matches \u{201c}tip\u{201d}",
        );
    }
}
