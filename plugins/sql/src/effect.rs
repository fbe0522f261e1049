//! What a statement does: reads, writes, or destroys.
//!
//! Decides whether a person is asked first and whether statements may run side by side, so everything that is not
//! known to be harmless counts as destroying.

use crate::lex::{Kind, Token, lex};
use crate::split::split;

/// What a statement may do, from harmless to grave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effect {
    /// Changes nothing that outlives it.
    Reads,
    /// Adds or changes something that can be put back.
    Writes,
    /// May remove or overwrite what cannot be put back, may send something out, or is not known.
    Destroys,
}

/// Functions through which a query reaches out of the warehouse: they send, or run code of the JVM.
const REACHING_FUNCTIONS: &[&str] = &["http_request", "java_method", "reflect", "try_reflect"];

/// Words in ALTER that take something away or rewrite it.
const ALTER_DESTROYS: &[&str] = &["DROP", "RENAME", "REPLACE", "OWNER", "UNSET", "TYPE", "REMOVE", "TRUNCATE", "RESET"];

/// The effect of a tool call with these JSON arguments.
pub(crate) fn of_call(tool: &str, input: &str) -> Effect {
    let argument = |name: &str| {
        let input: serde_json::Value = serde_json::from_str(input).ok()?;
        input.get(name)?.as_str().map(of_script)
    };
    match tool {
        "execute_sql" => argument("statement").unwrap_or(Effect::Destroys),
        "execute_sql_multi" => argument("script").unwrap_or(Effect::Destroys),
        "get_statement" | "list_warehouses" | "get_best_warehouse" | "get_table_stats_and_schema" => Effect::Reads,
        "cancel_statement" => Effect::Writes,
        _ => Effect::Destroys,
    }
}

/// The gravest effect of a script's statements.
pub(crate) fn of_script(script: &str) -> Effect {
    split(script).iter().map(|statement| of_statement(statement.text)).max().unwrap_or(Effect::Reads)
}

/// The effect of one statement.
pub(crate) fn of_statement(statement: &str) -> Effect {
    of_tokens(&lex(statement))
}

fn of_tokens(tokens: &[Token<'_>]) -> Effect {
    // A query may be wrapped in parentheses.
    let start = tokens.iter().position(|t| !t.is_symbol("(")).unwrap_or(tokens.len());
    let wrapped = start > 0;
    let Some(tokens) = tokens.get(start..) else { return Effect::Destroys };
    let [first, rest @ ..] = tokens else { return Effect::Reads };
    if first.kind != Kind::Word {
        return Effect::Destroys;
    }
    let word = first.text.to_ascii_uppercase();
    let has = |wanted: &str| rest.iter().any(|t| t.is(wanted));
    let next_is = |wanted: &[&str]| rest.first().is_some_and(|t| t.is_any(wanted));
    let effect = match word.as_str() {
        "SELECT" | "VALUES" | "TABLE" => Effect::Reads,
        "WITH" | "FROM" => data_change_within(tokens),
        _ if wrapped => Effect::Destroys,
        "SHOW" | "DESCRIBE" | "DESC" | "LIST" | "USE" | "DECLARE" | "CACHE" | "UNCACHE" | "CLEAR" => Effect::Reads,
        "EXPLAIN" => explain(rest),
        "SET" if next_is(&["TAG", "TAGS", "RECIPIENT"]) => Effect::Writes,
        "SET" | "RESET" => Effect::Reads,
        "REFRESH" if has("FULL") => Effect::Destroys,
        "REFRESH" if next_is(&["TABLE", "FUNCTION"]) => Effect::Reads,
        "REFRESH" | "ANALYZE" | "OPTIMIZE" | "COMMENT" | "GRANT" | "UNDROP" | "SYNC" | "COPY" | "CONVERT" => {
            Effect::Writes
        }
        "CREATE" => create(rest),
        "INSERT" => insert(rest),
        "ALTER" if rest.iter().any(|t| t.is_any(ALTER_DESTROYS)) => Effect::Destroys,
        "ALTER" => Effect::Writes,
        "MSCK" if has("DROP") || has("SYNC") => Effect::Destroys,
        "MSCK" => Effect::Writes,
        "LOAD" | "PUT" if has("OVERWRITE") => Effect::Destroys,
        "LOAD" | "PUT" => Effect::Writes,
        _ => Effect::Destroys,
    };
    // These run no query of their own.
    let only_looks = first.is_any(&["EXPLAIN", "SHOW", "DESCRIBE", "DESC", "LIST", "COMMENT", "GRANT"]);
    if only_looks { effect } else { effect.max(reach(tokens)) }
}

/// A query reads, unless it calls a function that reaches out, or pipes rows through a program
/// (`TRANSFORM … USING 'program'`).
fn reach(tokens: &[Token<'_>]) -> Effect {
    let reaches = |name: &Token<'_>| {
        name.name().is_some_and(|name| REACHING_FUNCTIONS.iter().any(|function| name.eq_ignore_ascii_case(function)))
    };
    let found = tokens.windows(2).any(|pair| match pair {
        [name, open] if open.is_symbol("(") => reaches(name),
        [using, program] => using.is("USING") && program.kind == Kind::Text,
        _ => false,
    });
    if found { Effect::Destroys } else { Effect::Reads }
}

/// WITH … INSERT and FROM … INSERT are statements that change data. Almost every word may be a name in Databricks SQL
/// (`WITH select AS (…) DELETE …`), so each place that could be the verb counts.
fn data_change_within(tokens: &[Token<'_>]) -> Effect {
    let mut effect = Effect::Reads;
    let mut before: Option<&Token<'_>> = None;
    for (i, token) in tokens.iter().enumerate() {
        let rest = tokens.get(i + 1..).unwrap_or_default();
        let is_member = before.is_some_and(|t| t.is_symbol("."));
        before = Some(token);
        if is_member {
            continue;
        }
        if token.is("INSERT") && !rest.first().is_some_and(|t| t.is_symbol("(")) {
            effect = effect.max(insert(rest));
        } else if token.is_any(&["DELETE", "UPDATE", "MERGE"]) && rest.first().is_some_and(|t| t.kind != Kind::Symbol) {
            effect = Effect::Destroys;
        }
    }
    effect
}

/// EXPLAIN only plans; with ANALYZE some engines run the statement.
fn explain(rest: &[Token<'_>]) -> Effect {
    match rest.split_first() {
        Some((first, inner)) if first.is("ANALYZE") => of_tokens(inner),
        _ => Effect::Reads,
    }
}

fn create(rest: &[Token<'_>]) -> Effect {
    let replaces = rest.first().is_some_and(|t| t.is("OR"));
    // A temporary view ends with the statement's session; nothing of the user's is replaced.
    let temporary = rest.iter().take(4).any(|t| t.is_any(&["TEMP", "TEMPORARY"]));
    if replaces && !temporary { Effect::Destroys } else { Effect::Writes }
}

fn insert(rest: &[Token<'_>]) -> Effect {
    let overwrites = rest.first().is_some_and(|t| t.is("OVERWRITE"));
    // INSERT INTO t REPLACE WHERE/ON/USING …; the function replace(…) is something else.
    let replaces =
        rest.windows(2).any(|pair| matches!(pair, [a, b] if a.is("REPLACE") && b.is_any(&["WHERE", "ON", "USING"])));
    if overwrites || replaces { Effect::Destroys } else { Effect::Writes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expect: Effect, statements: &[&str]) {
        for statement in statements {
            assert_eq!(of_script(statement), expect, "{statement}");
        }
    }

    #[test]
    fn queries_and_their_like_read() {
        check(
            Effect::Reads,
            &[
                "select 1",
                "/* drop table t */ SELECT 'drop table t'",
                "((select 1) union (select 2))",
                "with a as (select 1) select * from a",
                "select reflect, 'http_request(' from t",
                "with a as (select t.delete, insert('abc', 1, 1, 'x') from t) select replace(a, 'x', 'y') from a",
                "from t |> where x > 1 |> select y",
                "values (1), (2)",
                "table samples.nyctaxi.trips",
                "show tables in main.default",
                "describe history t",
                "explain delete from t",
                "explain analyze select 1",
                "use catalog main",
                "set time zone 'UTC'",
                "refresh table t",
                "list '/Volumes/a/b/c'",
                "-- nothing",
                "",
            ],
        );
    }

    #[test]
    fn additions_write() {
        check(
            Effect::Writes,
            &[
                "create table t (a int)",
                "create table if not exists t as select 1",
                "create or replace temporary view v as select 1",
                "insert into t values (1)",
                "insert into t select replace(a, 'x', 'y') from s",
                "with a as (select 1) insert into t select * from a",
                "grant select on table t to `a b`",
                "comment on table t is 'x'",
                "alter table t add column b int",
                "alter table t set tblproperties ('a' = 'drop')",
                "optimize t",
                "copy into t from '/Volumes/x' fileformat = csv",
                "undrop table t",
                "set tag on catalog c `k` = 'v'",
                "select 1; create table t (a int); select 2",
            ],
        );
    }

    #[test]
    fn removals_and_the_unknown_destroy() {
        check(
            Effect::Destroys,
            &[
                "drop table t",
                "DELETE FROM t WHERE a = 1",
                "truncate table t",
                "update t set a = 1",
                "merge into t using s on t.a = s.a when matched then delete",
                "insert overwrite t select 1",
                "insert overwrite table t select 1",
                "insert into t replace where a = 1 select 1",
                "create or replace table t as select 1",
                "alter table t drop column a",
                "alter table t rename to u",
                "alter table t owner to x",
                "revoke select on table t from u",
                "vacuum t",
                "restore table t to version as of 1",
                "refresh materialized view v full",
                "call p()",
                "execute immediate 'drop table t'",
                "begin drop table t; end",
                "frobnicate",
                "'select'",
                "`select` 1",
                "explain analyze delete from t",
                "(drop table t)",
                "select 1; drop table t",
                "load data inpath 'x' overwrite into table t",
                "remove '/Volumes/x'",
                "put 'a' into 'b' overwrite",
            ],
        );
    }

    #[test]
    fn calls_are_judged_by_what_they_would_send() {
        let judge = |tool: &str, input: &str| of_call(tool, input);
        assert_eq!(judge("execute_sql", r#"{"statement":"select 1"}"#), Effect::Reads);
        assert_eq!(judge("execute_sql", r#"{"statement":"drop table t"}"#), Effect::Destroys);
        assert_eq!(judge("execute_sql_multi", r#"{"script":"select 1; insert into t values (1)"}"#), Effect::Writes);
        assert_eq!(judge("execute_sql", r#"{"script":"select 1"}"#), Effect::Destroys);
        assert_eq!(judge("execute_sql", "nonsense"), Effect::Destroys);
        assert_eq!(judge("list_warehouses", "{}"), Effect::Reads);
        assert_eq!(judge("another", "{}"), Effect::Destroys);
    }

    #[test]
    fn a_query_cannot_hide_a_change() {
        check(
            Effect::Destroys,
            &[
                "with a as (select 1) delete from t",
                "with select as (select 1) delete from t",
                "with table as (select 1) update t set a = 1",
                "with a as (select 1) merge into t using a on true when matched then delete",
                "with a as (select 1) insert overwrite t select * from a",
                "from s insert overwrite t select *",
                "select 1 -- \\\n; drop table t\n; drop table u",
                "select '\\' ; ' ; drop table t",
                "select http_request(conn => 'c', method => 'POST', path => '/')",
                "select `http_request`(conn => 'c')",
                "insert into t select reflect('java.lang.System', 'exit', 0)",
                "create table t as select system.builtin.http_request (conn => 'c')",
                "declare x string default (select http_request(conn => 'c'))",
                "set var x = (select http_request(conn => 'c'))",
                "cache table t as select java_method('a', 'b')",
                "select transform(a) using 'sh -c x' from t",
                "select/**/1;drop/**/table/**/t",
            ],
        );
    }
}
