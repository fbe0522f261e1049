//! The filters of lists: of pipelines `name LIKE '%x%'` or `notebook = '/path'`, of events conditions on level, id, update
//! and time that are joined by AND. Rules: Pipelines API 2.0, "List pipelines" and "List pipeline events".

use chrono::DateTime;
use sqlx::{QueryBuilder, Sqlite};

use super::model::Level;
use crate::sql::language::{cursor::Cursor, error::SqlError};

/// Characters of a filter.
const MAX_FILTER_CHARS: usize = 4_096;

/// Which pipelines are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum PipelineFilter {
    #[default]
    All,
    Name(Pattern),
    /// Those with a library that is this notebook.
    Notebook(String),
}

/// A pattern of LIKE: `%` for any text, `_` for one character, a backslash before what stands for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern(String);

impl Pattern {
    /// The same as a pattern of SQLite's GLOB.
    pub(crate) fn glob(&self) -> String {
        let mut glob = String::new();
        let mut characters = self.0.chars();
        while let Some(c) = characters.next() {
            match c {
                '%' => glob.push('*'),
                '_' => glob.push('?'),
                '\\' => plain(&mut glob, characters.next().unwrap_or('\\')),
                c => plain(&mut glob, c),
            }
        }
        glob
    }
}

fn plain(glob: &mut String, c: char) {
    if matches!(c, '*' | '?' | '[') {
        glob.extend(['[', c, ']']);
    } else {
        glob.push(c);
    }
}

/// How a time is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Condition {
    Levels(Vec<Level>),
    Id(String),
    Update(String),
    At(Comparison, i64),
}

/// Which events are asked for: all conditions hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EventFilter(Vec<Condition>);

impl EventFilter {
    /// Adds the conditions to a query over the events.
    pub(crate) fn push(&self, query: &mut QueryBuilder<Sqlite>) {
        for condition in &self.0 {
            match condition {
                Condition::Levels(levels) => {
                    query.push(" AND level IN (");
                    let mut list = query.separated(", ");
                    for level in levels {
                        list.push_bind(level.word());
                    }
                    query.push(")");
                }
                Condition::Id(id) => {
                    query.push(" AND id = ").push_bind(id.clone());
                }
                Condition::Update(id) => {
                    query.push(" AND update_id = ").push_bind(id.clone());
                }
                Condition::At(comparison, at) => {
                    let sign = match comparison {
                        Comparison::Less => " < ",
                        Comparison::LessOrEqual => " <= ",
                        Comparison::Equal => " = ",
                        Comparison::GreaterOrEqual => " >= ",
                        Comparison::Greater => " > ",
                    };
                    query.push(" AND at").push(sign).push_bind(*at);
                }
            }
        }
    }
}

/// Reads a filter of pipelines.
///
/// # Errors
/// What is no such filter, in words.
pub(crate) fn pipelines(text: Option<&str>) -> Result<PipelineFilter, String> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(PipelineFilter::All) };
    let said = "filter must be name LIKE '%text%' or notebook='/path'.";
    let read = |cursor: &mut Cursor<'_>| {
        let filter = if cursor.take(&["name"]) {
            cursor.expect(&["LIKE"])?;
            // The lexer keeps the backslashes of \% and \_.
            PipelineFilter::Name(Pattern(cursor.text()?))
        } else {
            cursor.expect(&["notebook"])?;
            cursor.expect(&["="])?;
            PipelineFilter::Notebook(cursor.text()?)
        };
        cursor.end()?;
        Ok(filter)
    };
    with_cursor(text, said, read)
}

/// Reads a filter of events.
///
/// # Errors
/// What is no such filter, in words.
pub(crate) fn events(text: Option<&str>) -> Result<EventFilter, String> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(EventFilter::default()) };
    let said = "filter must be made of level='ERROR', level in ('ERROR', 'WARN'), id='…', update_id='…' and \
                timestamp > '2026-01-31T00:00:00.000Z', joined by AND.";
    let read = |cursor: &mut Cursor<'_>| {
        let mut conditions = vec![condition(cursor)?];
        while cursor.take(&["AND"]) {
            conditions.push(condition(cursor)?);
        }
        cursor.end()?;
        Ok(EventFilter(conditions))
    };
    with_cursor(text, said, read)
}

fn with_cursor<T>(
    text: &str,
    said: &str,
    read: impl FnOnce(&mut Cursor<'_>) -> Result<T, SqlError>,
) -> Result<T, String> {
    if text.chars().count() > MAX_FILTER_CHARS {
        return Err(format!("filter has more than {MAX_FILTER_CHARS} characters."));
    }
    Cursor::new(text)
        .and_then(|mut cursor| read(&mut cursor))
        .map_err(|_| format!("The filter '{text}' cannot be read: {said}"))
}

fn condition(cursor: &mut Cursor<'_>) -> Result<Condition, SqlError> {
    if cursor.take(&["level"]) {
        let mut levels = Vec::new();
        if cursor.take(&["IN"]) {
            cursor.expect(&["("])?;
            levels.push(level(cursor)?);
            while cursor.take(&[","]) {
                levels.push(level(cursor)?);
            }
            cursor.expect(&[")"])?;
        } else {
            cursor.expect(&["="])?;
            levels.push(level(cursor)?);
        }
        return Ok(Condition::Levels(levels));
    }
    if cursor.take(&["id"]) {
        cursor.expect(&["="])?;
        return cursor.text().map(Condition::Id);
    }
    if cursor.take(&["update_id"]) {
        cursor.expect(&["="])?;
        return cursor.text().map(Condition::Update);
    }
    cursor.expect(&["timestamp"])?;
    let comparison = match (cursor.take_any(&["<", ">", "="]), cursor.take(&["="])) {
        (Some("<"), true) => Comparison::LessOrEqual,
        (Some("<"), false) => Comparison::Less,
        (Some(">"), true) => Comparison::GreaterOrEqual,
        (Some(">"), false) => Comparison::Greater,
        (Some(_), false) => Comparison::Equal,
        _ => return Err(cursor.unexpected()),
    };
    let unread = cursor.unexpected();
    let at = DateTime::parse_from_rfc3339(&cursor.text()?).map_err(|_| unread)?;
    Ok(Condition::At(comparison, at.timestamp_millis()))
}

fn level(cursor: &mut Cursor<'_>) -> Result<Level, SqlError> {
    let unknown = cursor.unexpected();
    let word = cursor.text()?;
    Level::ALL.into_iter().find(|level| level.word() == word).ok_or(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_of_pipelines_are_read() {
        for (text, glob) in [
            ("name LIKE '%sales%'", "*sales*"),
            ("name like 'a_b'", "a?b"),
            (r"name LIKE 'a\_b\%c'", "a_b%c"),
            ("name LIKE 'x*[y]?'", "x[*][[]y][?]"),
            ("name LIKE 'it''s'", "it's"),
        ] {
            match pipelines(Some(text)).unwrap() {
                PipelineFilter::Name(pattern) => assert_eq!(pattern.glob(), glob, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
        assert_eq!(pipelines(Some("notebook='/a b'")), Ok(PipelineFilter::Notebook("/a b".to_owned())));
        assert_eq!(pipelines(Some("  ")), Ok(PipelineFilter::All));
        for text in ["name = 'x'", "name LIKE x", "owner LIKE 'x'", "name LIKE 'x' AND name LIKE 'y'", "'"] {
            assert!(pipelines(Some(text)).unwrap_err().contains("cannot be read"), "{text}");
        }
    }

    #[test]
    fn filters_of_events_are_read() {
        let sql = |text: &str| {
            let mut query = QueryBuilder::<Sqlite>::new("");
            events(Some(text)).unwrap().push(&mut query);
            query.into_string()
        };
        for (text, expect) in [
            ("level='ERROR'", " AND level IN (?)"),
            ("level in ('ERROR','WARN')", " AND level IN (?, ?)"),
            ("update_id = 'u' AND timestamp >= '2026-01-31T00:00:00.000Z'", " AND update_id = ? AND at >= ?"),
            ("id='e' and timestamp < '2026-01-31T00:00:00+01:00'", " AND id = ? AND at < ?"),
        ] {
            assert_eq!(sql(text), expect, "{text}");
        }
        for text in
            ["level='LOUD'", "level = ERROR", "timestamp > 'yesterday'", "level='INFO' OR level='WARN'", "x='y'"]
        {
            assert!(events(Some(text)).unwrap_err().contains("cannot be read"), "{text}");
        }
    }
}
