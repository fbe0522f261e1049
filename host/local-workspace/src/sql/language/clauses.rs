//! Constructs that Databricks SQL has and the local workspace lacks, so that a refusal says whose fault it is.

use super::lexer::{Token, tokenize};

/// Words that stand together in a construct that the parser does not know, and how people call it.
const MISSING_CLAUSES: &[(&[&str], &str)] = &[
    (&["|", ">"], "Pipe syntax"),
    (&["VERSION", "AS", "OF"], "Time travel"),
    (&["TIMESTAMP", "AS", "OF"], "Time travel"),
    (&["YEAR", "TO", "MONTH"], "An INTERVAL of several units"),
    (&["DAY", "TO"], "An INTERVAL of several units"),
    (&["HOUR", "TO"], "An INTERVAL of several units"),
    (&["MINUTE", "TO"], "An INTERVAL of several units"),
    (&["MATCH_RECOGNIZE"], "MATCH_RECOGNIZE"),
    (&["TABLESAMPLE"], "This form of TABLESAMPLE"),
    (&["COLLATE"], "COLLATE"),
    (&["WITHIN", "GROUP"], "This use of WITHIN GROUP"),
    (&["STREAM"], "A STREAM"),
    (&["EXECUTE", "IMMEDIATE"], "EXECUTE IMMEDIATE"),
];

/// The first construct of a text that Databricks has and the local workspace lacks.
pub(crate) fn missing_clause(text: &str) -> Option<&'static str> {
    let tokens = tokenize(text).ok()?;
    let stands = |at: &[Token], words: &[&str]| {
        at.len() >= words.len() && words.iter().zip(at).all(|(word, token)| token.is(word))
    };
    MISSING_CLAUSES
        .iter()
        .find(|(words, _)| (0..tokens.len()).any(|start| tokens.get(start..).is_some_and(|rest| stands(rest, words))))
        .map(|(_, name)| *name)
}
