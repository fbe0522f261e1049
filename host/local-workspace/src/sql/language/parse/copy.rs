//! COPY INTO. Rules: Databricks SQL reference, "COPY INTO".

use super::clauses::{identifiers, properties, table_name};
use crate::sql::language::{
    cursor::Cursor,
    error::SqlError,
    lexer::{Kind, tokenize},
    rewrite::Translator,
    sources::{FileFormat, FileSource, Reader},
    statement::{CopyInto, InsertColumns},
};

/// Files that one statement may name, as in Databricks.
const MAX_FILES: usize = 1_000;

pub(super) fn copy(cursor: &mut Cursor<'_>, translator: &mut Translator<'_>) -> Result<CopyInto, SqlError> {
    cursor.expect(&["COPY", "INTO"])?;
    let target = table_name(cursor, translator)?;
    translator.check_writable(&target)?;
    let columns = if cursor.take(&["BY", "POSITION"]) {
        InsertColumns::InOrder
    } else if cursor.sees(&["("]) {
        InsertColumns::Listed(identifiers(cursor)?)
    } else {
        InsertColumns::ByName
    };
    cursor.expect(&["FROM"])?;
    let (query, path) = from(cursor)?;
    if cursor.sees(&["WITH"]) {
        return Err(SqlError::unsupported("COPY INTO with a CREDENTIAL"));
    }
    let mut source = FileSource::new(Reader::Plain, &path)?;
    let (mut files, mut force) = (Vec::new(), false);
    while !cursor.is_done() {
        if cursor.take(&["FILEFORMAT", "="]) {
            source.format = Some(FileFormat::parse(&cursor.identifier()?)?);
        } else if cursor.take(&["FILES", "="]) {
            files = names(cursor)?;
        } else if cursor.take(&["PATTERN", "="]) {
            let pattern = cursor.text()?;
            source.set("pathGlobFilter", &pattern)?;
        } else if cursor.take(&["FORMAT_OPTIONS"]) {
            for (name, value) in properties(cursor)? {
                source.set(&name, &value)?;
            }
        } else if cursor.take(&["COPY_OPTIONS"]) {
            for (name, value) in properties(cursor)? {
                match (name.to_lowercase().as_str(), value.to_lowercase().as_str()) {
                    ("force", "true") => force = true,
                    ("force" | "mergeschema", "false") => {}
                    _ => return Err(SqlError::unsupported(format!("The copy option `{name}` = '{value}'"))),
                }
            }
        } else if cursor.sees(&["VALIDATE"]) {
            return Err(SqlError::unsupported("COPY INTO with VALIDATE"));
        } else {
            return Err(cursor.unexpected());
        }
    }
    if source.format.is_none() {
        return Err(cursor.unexpected());
    }
    translator.note_table(&target);
    let source = translator.keep_source(source);
    let query = query.unwrap_or_else(|| ("SELECT * FROM ".to_owned(), String::new()));
    let query = translator.query(&format!("{}`{source}`{}", query.0, query.1))?;
    Ok(CopyInto { target, columns, source, query, files, force })
}

/// `'path'` or `(SELECT … FROM 'path' …)`: what stands before and behind the path, and the path.
fn from(cursor: &mut Cursor<'_>) -> Result<(Option<(String, String)>, String), SqlError> {
    if let Some(path) = cursor.take_text() {
        return Ok((None, path));
    }
    let query = cursor.group()?;
    let tokens = tokenize(query)?;
    let mut paths = tokens.windows(2).filter_map(|pair| match pair {
        [from, path] if from.is("FROM") && path.kind == Kind::Text => Some(path),
        _ => None,
    });
    let (Some(path), None) = (paths.next(), paths.next()) else {
        return Err(SqlError::unsupported("COPY INTO from a query that does not read from one path"));
    };
    let before = query.get(..path.start).unwrap_or_default().to_owned();
    let behind = query.get(path.end..).unwrap_or_default().to_owned();
    Ok((Some((before, behind)), path.text.clone()))
}

/// `('a', 'b')`.
fn names(cursor: &mut Cursor<'_>) -> Result<Vec<String>, SqlError> {
    cursor.expect(&["("])?;
    let mut names = Vec::new();
    loop {
        names.push(cursor.text()?);
        if names.len() > MAX_FILES {
            return Err(SqlError::unsupported(format!("COPY INTO of more than {MAX_FILES} named files")));
        }
        if !cursor.take(&[","]) {
            cursor.expect(&[")"])?;
            return Ok(names);
        }
    }
}
