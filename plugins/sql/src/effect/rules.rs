//! The statements of Databricks SQL: verb, effect, and where the name of their object is.

use super::Effect::{self, Destroys, Reads, Shares, Writes};
use super::names::Level::{self, InCatalog, InSchema, Top};
use crate::lex::Token;

/// One form of statement.
pub(crate) struct Rule {
    /// Its leading words. `[A]`: may be left out; `A|B`: one of them; `A=B`: one of them, said as `A`.
    pub(crate) words: &'static str,
    /// What it does at least.
    pub(crate) effect: Effect,
    /// The level of the name behind the words; none when no name stands there.
    pub(crate) object: Option<Level>,
    /// One line about it; empty for none.
    pub(crate) detail: &'static str,
}

const fn rule(words: &'static str, effect: Effect, object: Option<Level>, detail: &'static str) -> Rule {
    Rule { words, effect, object, detail }
}

/// The first that fits counts. INSERT, CREATE, ALTER, GRANT and queries are judged by what stands behind their words as
/// well; see the modules of their names. What is not here destroys.
pub(crate) const RULES: &[Rule] = &[
    rule("SHOW", Reads, None, ""),
    rule("DESCRIBE=DESC", Reads, None, ""),
    rule("EXPLAIN", Reads, None, "only plans"),
    rule("USE", Reads, None, ""),
    rule("DECLARE", Reads, None, "a variable of this statement's session"),
    rule("CACHE", Reads, None, ""),
    rule("UNCACHE", Reads, None, ""),
    rule("CLEAR CACHE", Reads, None, ""),
    rule("LIST", Reads, None, ""),
    rule("SET TAG|TAGS", Shares, None, "tags can open or close data to others"),
    rule("SET RECIPIENT", Shares, None, "changes what a recipient of shared data sees"),
    rule("SET", Reads, None, "a setting of this statement's session"),
    rule("RESET", Reads, None, "a setting of this statement's session"),
    rule("UNSET TAG|TAGS", Shares, None, "tags can open or close data to others"),
    rule("REFRESH TABLE", Reads, Some(InSchema), "forgets what is cached of it"),
    rule("REFRESH FUNCTION", Reads, Some(InSchema), "forgets what is cached of it"),
    rule("REFRESH MATERIALIZED VIEW", Writes, Some(InSchema), "computes it anew"),
    rule("REFRESH STREAMING TABLE", Writes, Some(InSchema), "takes in what is new"),
    rule("REFRESH", Writes, None, ""),
    rule("ANALYZE TABLE", Writes, Some(InSchema), "gathers statistics"),
    rule("ANALYZE", Writes, None, "gathers statistics"),
    rule("OPTIMIZE", Writes, Some(InSchema), "rewrites its files; its rows stay"),
    rule("COMMENT ON TABLE|VIEW|VOLUME|FUNCTION|PROCEDURE", Writes, Some(InSchema), ""),
    rule("COMMENT ON SCHEMA=DATABASE=NAMESPACE", Writes, Some(InCatalog), ""),
    rule("COMMENT ON CATALOG|SHARE|RECIPIENT|PROVIDER|CONNECTION", Writes, Some(Top), ""),
    rule("COMMENT ON", Writes, None, ""),
    rule("UNDROP TABLE|MATERIALIZED [VIEW]", Writes, Some(InSchema), "brings it back"),
    rule("UNDROP SCHEMA=DATABASE=NAMESPACE", Writes, Some(InCatalog), "brings it back"),
    rule("UNDROP CATALOG", Writes, Some(Top), "brings it back"),
    rule("UNDROP", Writes, None, "brings it back"),
    rule("SYNC TABLE", Writes, Some(InSchema), "takes over tables of the Hive metastore"),
    rule("SYNC SCHEMA=DATABASE", Writes, Some(InCatalog), "takes over tables of the Hive metastore"),
    rule("CONVERT TO DELTA", Writes, Some(InSchema), "turns files into a Delta table in place"),
    rule("COPY INTO", Writes, Some(InSchema), "adds rows from files"),
    rule("[MSCK] REPAIR TABLE", Writes, Some(InSchema), "adds what lies in its folder"),
    rule("MSCK", Shares, None, "changes rights"),
    rule("PUT", Writes, None, "uploads a file"),
    rule("DENY", Shares, None, "changes rights"),
    rule("TRUNCATE TABLE", Destroys, Some(InSchema), "removes all rows"),
    rule("DELETE FROM", Destroys, Some(InSchema), "removes rows"),
    rule("DELETE", Destroys, None, "removes rows"),
    rule("UPDATE", Destroys, Some(InSchema), "overwrites values of rows"),
    rule("MERGE [WITH] [SCHEMA] [EVOLUTION] INTO", Destroys, Some(InSchema), "may overwrite and remove rows"),
    rule("MERGE", Destroys, None, "may overwrite and remove rows"),
    rule("DROP [TEMPORARY=TEMP] TABLE", Destroys, Some(InSchema), "removes the table and its data"),
    rule("DROP [MATERIALIZED] VIEW", Destroys, Some(InSchema), "removes the view"),
    rule("DROP VOLUME", Destroys, Some(InSchema), "removes the volume and its files"),
    rule("DROP [TEMPORARY=TEMP] FUNCTION|VARIABLE", Destroys, Some(InSchema), "removes it"),
    rule("DROP PROCEDURE|MODEL", Destroys, Some(InSchema), "removes it"),
    rule("DROP SCHEMA=DATABASE=NAMESPACE", Destroys, Some(InCatalog), "removes the schema"),
    rule("DROP CATALOG", Destroys, Some(Top), "removes the catalog"),
    rule("DROP STORAGE|SERVICE CREDENTIAL", Destroys, Some(Top), "removes it"),
    rule("DROP EXTERNAL LOCATION", Destroys, Some(Top), "removes it"),
    rule("DROP CREDENTIAL|SHARE|RECIPIENT|PROVIDER|CONNECTION|GROUP", Destroys, Some(Top), "removes it"),
    rule("DROP", Destroys, None, "removes something"),
    rule("REPLACE TABLE", Destroys, Some(InSchema), "replaces the table and its data"),
    rule("RESTORE [TABLE]", Destroys, Some(InSchema), "puts an older state in the place of the present one"),
    rule("VACUUM", Destroys, Some(InSchema), "removes files of its older states"),
    rule("REORG TABLE", Destroys, Some(InSchema), "rewrites its files for good"),
    rule("FSCK REPAIR TABLE", Destroys, Some(InSchema), "removes entries of missing files"),
    rule("LOAD DATA", Destroys, None, "moves files into a table"),
    rule("REMOVE", Destroys, None, "removes a file"),
    rule("CALL", Destroys, None, "runs a stored procedure, which may do anything"),
    rule("EXECUTE IMMEDIATE", Destroys, None, "runs SQL that is put together while it runs"),
    rule("BEGIN TRANSACTION", Destroys, None, "begins a transaction"),
    rule("BEGIN", Destroys, None, "a script of several statements that runs as one"),
];

/// The words of `pattern` at the front of `tokens`: the verb as people say it, and what follows. See [`Rule::words`].
pub(crate) fn leading<'t, 'a>(pattern: &str, tokens: &'t [Token<'a>]) -> Option<(String, &'t [Token<'a>])> {
    let mut said: Vec<&str> = Vec::new();
    let mut rest = tokens;
    for part in pattern.split(' ') {
        let optional = part.strip_prefix('[').and_then(|part| part.strip_suffix(']'));
        let found = rest.first().and_then(|token| one_of(optional.unwrap_or(part), token));
        match found {
            Some(word) => {
                said.push(word);
                rest = rest.get(1..).unwrap_or_default();
            }
            None if optional.is_some() => {}
            None => return None,
        }
    }
    Some((said.join(" "), rest))
}

/// Which of the alternatives a token is, as it is said.
fn one_of<'p>(alternatives: &'p str, token: &Token<'_>) -> Option<&'p str> {
    alternatives.split('|').find_map(|synonyms| {
        let said = synonyms.split('=').next()?;
        synonyms.split('=').any(|word| token.is(word)).then_some(said)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lex::lex;

    #[test]
    fn patterns_match_leading_words() {
        #[track_caller]
        fn check(pattern: &str, text: &str, verb: Option<&str>) {
            assert_eq!(leading(pattern, &lex(text)).map(|(verb, _)| verb).as_deref(), verb, "{text}");
        }
        check("DROP [TEMPORARY=TEMP] TABLE|VIEW", "drop temp view v", Some("DROP TEMPORARY VIEW"));
        check("DROP [TEMPORARY=TEMP] TABLE|VIEW", "drop table t", Some("DROP TABLE"));
        check("DROP [TEMPORARY=TEMP] TABLE|VIEW", "drop `table` t", None);
        check("DROP TABLE", "drop", None);
    }

    #[test]
    fn no_rule_hides_behind_another() {
        for (i, rule) in RULES.iter().enumerate() {
            let words: Vec<_> = rule
                .words
                .split(' ')
                .filter(|part| !part.starts_with('['))
                .filter_map(|part| part.split(['|', '=']).next())
                .collect();
            let text = words.join(" ");
            let first = RULES.iter().position(|rule| leading(rule.words, &lex(&text)).is_some());
            assert_eq!(first, Some(i), "{text}");
        }
    }
}
