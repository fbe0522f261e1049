//! A script's statements.
//!
//! A semicolon separates unless it stands in quotes, comments, a dollar-quoted body or a BEGIN … END compound (also
//! as the body of CREATE PROCEDURE). What BEGIN and END mean follows Databricks' SQL scripting.

use crate::lex::{Kind, Token, lex};

/// One statement of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement<'a> {
    /// Its text, without surrounding comments and without the semicolon.
    pub text: &'a str,
    /// Where that begins in the script, in bytes.
    pub start: usize,
    /// Its line in the script, from 1.
    pub line: u32,
}

/// The statements of a script, in order; empty ones are left out.
pub fn split(script: &str) -> Vec<Statement<'_>> {
    let tokens = lex(script);
    let mut statements = Vec::new();
    let mut first = 0;
    let mut depth = 0_usize;
    for (i, token) in tokens.iter().enumerate() {
        if token.is_symbol(";") && depth == 0 {
            push(script, tokens.get(first..i), &mut statements);
            first = i + 1;
            continue;
        }
        if token.kind == Kind::Word {
            match compound_step(&tokens, first, i, depth) {
                Step::Opens => depth += 1,
                Step::Closes => depth = depth.saturating_sub(1),
                Step::None => {}
            }
        }
    }
    push(script, tokens.get(first..), &mut statements);
    statements
}

fn push<'a>(script: &'a str, tokens: Option<&[Token<'a>]>, statements: &mut Vec<Statement<'a>>) {
    let Some([first, ..]) = tokens else { return };
    let Some(last) = tokens.and_then(<[_]>::last) else { return };
    let Some(text) = script.get(first.start..last.end()) else { return };
    // Counted on from the statement before: a script of many statements is long.
    let (from, line) = statements.last().map_or((0, 1), |last| (last.start, last.line));
    let lines = script.get(from..first.start).map_or(0, |between| between.matches('\n').count());
    let line = line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
    statements.push(Statement { text, start: first.start, line });
}

enum Step {
    Opens,
    Closes,
    None,
}

/// Whether the word at `i` opens or closes a block of the statement that began at `first`.
fn compound_step(tokens: &[Token<'_>], first: usize, i: usize, depth: usize) -> Step {
    let at = |n: usize| tokens.get(n);
    let Some(word) = at(i) else { return Step::None };
    let before = if i > first { at(i - 1) } else { None };
    let after = at(i + 1);
    if before.is_some_and(|t| t.is_symbol(".")) {
        return Step::None;
    }
    if word.is("BEGIN") {
        let opens = if depth == 0 {
            opens_statement(tokens, first, i) || is_procedure(tokens, first)
        } else {
            // Inside a block BEGIN is a statement, unless it stands where a name stands.
            !before.is_some_and(|t| {
                t.is_any(&["AS", "SELECT", "BY", "SET"])
                    || (t.kind == Kind::Symbol && !t.is_symbol(";") && !t.is_symbol(":"))
            }) && !after.is_some_and(|t| t.kind == Kind::Symbol && !t.is_symbol(";"))
        };
        return if opens { Step::Opens } else { Step::None };
    }
    if depth == 0 {
        return Step::None;
    }
    if word.is("CASE") && !before.is_some_and(|t| t.is("END")) {
        return Step::Opens;
    }
    // END IF and its like close what was never counted; only BEGIN and CASE are.
    if word.is("END") && !after.is_some_and(|t| t.is_any(&["IF", "WHILE", "LOOP", "REPEAT", "FOR"])) {
        return Step::Closes;
    }
    Step::None
}

/// BEGIN as a statement's first word, maybe behind a label; but not BEGIN [TRANSACTION] of a transaction.
fn opens_statement(tokens: &[Token<'_>], first: usize, i: usize) -> bool {
    let labelled = i == first + 2 && tokens.get(first + 1).is_some_and(|t| t.is_symbol(":"));
    let transaction = tokens.get(i + 1).is_none_or(|t| t.is("TRANSACTION") || t.is_symbol(";"));
    (i == first || labelled) && !transaction
}

/// CREATE [OR REPLACE] PROCEDURE.
fn is_procedure(tokens: &[Token<'_>], first: usize) -> bool {
    tokens.get(first).is_some_and(|t| t.is("CREATE"))
        && tokens.iter().skip(first + 1).take(3).any(|t| t.is("PROCEDURE"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(script: &str, expect: &[&str]) {
        let texts: Vec<_> = split(script).into_iter().map(|s| s.text).collect();
        assert_eq!(texts, expect, "{script}");
    }

    #[test]
    fn semicolons_separate_outside_quotes_and_comments() {
        check("select 1; select 2", &["select 1", "select 2"]);
        check(";; select ';' ; -- a; b\n/* c; */ select 2 -- end\n;", &["select ';'", "select 2"]);
        check("select `a;b`, \"c;d\", r'\\'; select 2", &["select `a;b`, \"c;d\", r'\\'", "select 2"]);
        check(
            "create function f() returns int language python as $$ a; b $$; select f()",
            &["create function f() returns int language python as $$ a; b $$", "select f()"],
        );
        check("-- nothing\n", &[]);
    }

    #[test]
    fn a_compound_is_one_statement() {
        check(
            "begin declare x int; set x = 1; select x; end; select 2",
            &["begin declare x int; set x = 1; select x; end", "select 2"],
        );
        check(
            "l: begin if a then select 1; end if; while b do select 2; end while; end l; select 3",
            &["l: begin if a then select 1; end if; while b do select 2; end while; end l", "select 3"],
        );
        check(
            "begin select case when a then 1 end; begin select 2; end; case x when 1 then select 1; end case; end; select 3",
            &[
                "begin select case when a then 1 end; begin select 2; end; case x when 1 then select 1; end case; end",
                "select 3",
            ],
        );
        check(
            "begin declare exit handler for sqlexception begin select 1; end; select 2; end; select 3",
            &["begin declare exit handler for sqlexception begin select 1; end; select 2; end", "select 3"],
        );
        check(
            "create or replace procedure p() language sql as begin select 1; end; call p()",
            &["create or replace procedure p() language sql as begin select 1; end", "call p()"],
        );
    }

    #[test]
    fn begin_and_end_as_names_and_transactions_do_not_open_blocks() {
        check("select begin, t.end from t; select 2", &["select begin, t.end from t", "select 2"]);
        check(
            "begin transaction; insert into t values (1); commit; select 1",
            &["begin transaction", "insert into t values (1)", "commit", "select 1"],
        );
        check("select case when a then 1 end; select 2", &["select case when a then 1 end", "select 2"]);
        check(
            "begin select t.begin, begin from t; end; select 2",
            &["begin select t.begin, begin from t; end", "select 2"],
        );
    }

    #[test]
    fn statements_know_their_line() {
        let lines: Vec<_> = split("-- head\nselect 1;\n\n select\n2;").into_iter().map(|s| s.line).collect();
        assert_eq!(lines, [2, 4]);
    }

    /// Any text at all: tokens lie in order within the text, no token but separators is lost, and each statement,
    /// which is sent by itself, is one statement by itself.
    #[test]
    fn holds_for_any_text() {
        const PIECES: &[&str] = &[
            "'",
            "\"",
            "`",
            "$$",
            "$a$",
            "--",
            "\n",
            "/*",
            "*/",
            ";",
            ";",
            "select",
            "begin",
            "end",
            "case",
            "if",
            "loop",
            "procedure",
            "create",
            "\\",
            " ",
            " ",
            "é",
            "r'",
            ".",
            ":",
            "x",
            "transaction",
            "\r",
            "1",
        ];
        let mut seed = 1_u64;
        let mut next = |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(seed >> 33).unwrap() % below
        };
        for _ in 0..20_000 {
            let script: String = (0..next(24)).map(|_| PIECES[next(PIECES.len())]).collect();
            let tokens = lex(&script);
            assert!(tokens.windows(2).all(|pair| pair[0].end() <= pair[1].start), "{script:?}");
            let statements = split(&script);
            let kept: usize = statements.iter().map(|statement| lex(statement.text).len()).sum();
            let separators = tokens.len() - kept;
            let semicolons = tokens.iter().filter(|token| token.is_symbol(";")).count();
            assert!(separators <= semicolons, "{script:?}");
            for statement in &statements {
                let again: Vec<_> = split(statement.text).into_iter().map(|s| s.text).collect();
                assert_eq!(again, [statement.text], "{script:?}");
            }
        }
    }
}
