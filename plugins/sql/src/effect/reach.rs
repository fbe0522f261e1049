//! What a query calls or reads that lies outside the workspace's tables.

use std::borrow::Cow;

use super::names::{is_in_volume, is_path, lone_literal};
use crate::lex::{Kind, Token};

/// Functions through which a query sends something out, brings something in from outside, reads secrets, or runs code
/// that is no SQL. A name that ends in `_` stands for all that begin so.
const REACHING: &[&str] = &[
    "ai_",
    "cloud_files",
    "get_secret",
    "http_request",
    "java_method",
    "list_secrets",
    "read_",
    "reflect",
    "remote_",
    "secret",
    "try_reflect",
    "try_secret",
    "vector_search",
];

/// Formats that name a path in FROM: ``csv.`/mnt/x` ``.
const FORMATS: &[&str] = &[
    "avro",
    "binaryfile",
    "cloudfiles",
    "csv",
    "delta",
    "excel",
    "hudi",
    "iceberg",
    "jdbc",
    "json",
    "kafka",
    "orc",
    "parquet",
    "text",
    "xml",
];

/// What a pipe (`|>`) may do to rows.
const PIPES: &[&str] = &[
    "AGGREGATE",
    "ANTI",
    "AS",
    "CLUSTER",
    "CROSS",
    "DISTRIBUTE",
    "DROP",
    "EXCEPT",
    "EXTEND",
    "FULL",
    "INNER",
    "INTERSECT",
    "JOIN",
    "LATERAL",
    "LEFT",
    "LIMIT",
    "MINUS",
    "NATURAL",
    "OFFSET",
    "ORDER",
    "PIVOT",
    "RIGHT",
    "SELECT",
    "SEMI",
    "SET",
    "SORT",
    "TABLESAMPLE",
    "UNION",
    "UNPIVOT",
    "WHERE",
    "WINDOW",
];

/// What makes a query more than a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It calls something that reaches out: why, in words.
    Out(String),
    /// It does something that cannot be told.
    Unknown(&'static str),
}

/// Looks for the first thing in a statement that is more than reading and writing tables.
pub(crate) fn reach(tokens: &[Token<'_>]) -> Option<Reach> {
    (0..tokens.len()).find_map(|i| at(tokens.get(..i).unwrap_or_default(), tokens.get(i..).unwrap_or_default()))
}

fn at(before: &[Token<'_>], here: &[Token<'_>]) -> Option<Reach> {
    match here {
        [name, open, arguments @ ..] if open.is_symbol("(") => {
            if name.is("IDENTIFIER") && calls_what_it_names(arguments) {
                return Some(Reach::Unknown("calls a function whose name is put together while it runs"));
            }
            // Where the workspace is set so, double quotes hold names.
            let quoted = name.literal().filter(|_| name.text.starts_with('"')).map(Cow::Borrowed);
            reaching_call(&name.name().or(quoted)?, arguments)
        }
        [using, program, ..] if using.is("USING") && program.kind == Kind::Text => {
            Some(Reach::Unknown("pipes rows through a program (TRANSFORM … USING)"))
        }
        [bar, arrow, rest @ ..] if bar.is_symbol("|") && arrow.is_symbol(">") && arrow.start == bar.end() => {
            let known = rest.first().is_some_and(|t| t.is_any(PIPES));
            (!known).then_some(Reach::Unknown("has a pipe (|>) that this host does not know"))
        }
        [path, ..] if path.kind == Kind::QuotedName => {
            let path = path.name()?;
            let by_format = match before {
                [.., format, dot] if dot.is_symbol(".") => {
                    format.name().is_some_and(|format| FORMATS.iter().any(|known| format.eq_ignore_ascii_case(known)))
                }
                _ => false,
            };
            let is_path = (by_format && path.contains(['/', ':'])) || (is_path(&path) && path.contains("://"));
            (is_path && !is_in_volume(&path)).then(|| Reach::Out(format!("works on files outside the catalog: {path}")))
        }
        _ => None,
    }
}

/// Whether the arguments of IDENTIFIER, which begin here, are followed by arguments of their own.
fn calls_what_it_names(arguments: &[Token<'_>]) -> bool {
    let mut depth = 1_usize;
    for (i, token) in arguments.iter().enumerate() {
        if token.is_symbol("(") {
            depth += 1;
        } else if token.is_symbol(")") {
            depth -= 1;
            if depth == 0 {
                return arguments.get(i + 1).is_some_and(|t| t.is_symbol("("));
            }
        }
    }
    true
}

fn reaching_call(name: &str, arguments: &[Token<'_>]) -> Option<Reach> {
    let name = name.to_lowercase();
    let reaches = REACHING.iter().any(|known| match known.strip_suffix('_') {
        Some(_) => name.starts_with(known),
        None => name == *known,
    });
    if !reaches {
        return None;
    }
    if name == "read_files" {
        // read_files('…') and read_files(path => '…').
        let arguments = match arguments {
            [path, equals, arrow, rest @ ..] if path.is("PATH") && equals.is_symbol("=") && arrow.is_symbol(">") => {
                rest
            }
            all => all,
        };
        if lone_literal(arguments).is_some_and(is_in_volume) {
            return None;
        }
        return Some(Reach::Out("reads files outside the workspace's volumes (read_files)".to_owned()));
    }
    Some(Reach::Out(format!("calls {name}, which reaches out of the warehouse")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lex::lex;

    #[test]
    fn what_reaches_out_is_found() {
        for text in [
            "select http_request(conn => 'c')",
            "select `http_request` (conn => 'c')",
            "select system.builtin.HTTP_REQUEST(conn => 'c')",
            "select \"http_request\"(conn => 'c')",
            "select ai_query('m', x) from t",
            "select * from read_files('s3://b/x')",
            "select * from read_files('/Volumes/a/b/c' || x)",
            "select * from read_files('/Volumes/../x')",
            "select * from read_files(:path)",
            "select * from read_kafka(bootstrapServers => 'x')",
            "select * from remote_query('c', query => 'x')",
            "select * from csv.`s3://b/x`",
            "select * from delta.`/mnt/x`",
            "select * from `s3://b/x`",
            "select secret('a', 'b')",
            "select identifier('http_' || 'request')(1)",
            "select transform(a) using 'cat' from t",
            "from t |> insert into u",
            "from t |>",
        ] {
            assert!(reach(&lex(text)).is_some(), "{text}");
        }
    }

    #[test]
    fn plain_queries_stay_plain() {
        for text in [
            "select reflect, 'http_request(' from t",
            "select * from read_files('/Volumes/a/b/c', format => 'csv')",
            "select * from read_files(path => 'dbfs:/Volumes/a/b/c')",
            "select * from csv.`/Volumes/a/b/c.csv`",
            "select t.`price/unit` as `a/b` from t",
            "select identifier('a') from identifier('t') where x > (1)",
            "select * from a join b using (c)",
            "from t |> where x > 1 |> select y |> order by y |> limit 3",
            "select a | b, a || b > c from t",
        ] {
            assert_eq!(reach(&lex(text)), None, "{text}");
        }
    }
}
