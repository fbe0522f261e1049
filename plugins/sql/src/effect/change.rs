//! INSERT, and the changes that queries can begin with: WITH … INSERT, FROM … INSERT, WITH … DELETE.

use super::Effect::{Destroys, Reads, Shares, Writes};
use super::Judgement;
use super::by_rules;
use super::names::Level::InSchema;
use super::names::{Namespace, is_in_volume, is_path, name};
use crate::lex::{Kind, Token};

/// Judges what follows INSERT.
pub(crate) fn insert(rest: &[Token<'_>], namespace: &Namespace) -> Judgement {
    // INSERT [WITH SCHEMA EVOLUTION] INTO | OVERWRITE …
    let at = rest.iter().take(4).position(|t| t.is_any(&["INTO", "OVERWRITE"]));
    let Some((word, behind)) = at.and_then(|at| rest.get(at..)?.split_first()) else {
        return Judgement::new("INSERT", Destroys, "an INSERT that this host does not know");
    };
    let overwrites = word.is("OVERWRITE");
    let mut judged = if overwrites {
        Judgement::new("INSERT OVERWRITE", Destroys, "replaces the rows that are there")
    } else {
        Judgement::new("INSERT INTO", Writes, "")
    };
    let into_files = |t: &[Token<'_>]| {
        t.first().is_some_and(|t| t.is("DIRECTORY"))
            || (t.first().is_some_and(|t| t.is("LOCAL")) && t.get(1).is_some_and(|t| t.is("DIRECTORY")))
    };
    if overwrites && into_files(behind) {
        judged.verb = "INSERT OVERWRITE DIRECTORY".to_owned();
        judged.raise(Destroys, "writes files outside the catalog, in the place of those there");
        judged.objects.extend(behind.iter().take(3).find_map(Token::literal).map(str::to_owned));
        return judged;
    }
    let target = match behind {
        [table, next, ..] if table.is("TABLE") && !next.is_any(&["SELECT", "VALUES", "WITH"]) => {
            behind.get(1..).unwrap_or_default()
        }
        all => all,
    };
    if let Some((object, _)) = name(target, InSchema, namespace) {
        if is_path(&object) {
            judged.raise(if is_in_volume(&object) { Writes } else { Shares }, "writes files outside the catalog");
        }
        judged.objects.push(object);
    }
    // INSERT INTO t REPLACE WHERE/ON/USING …; the function replace(…) is something else.
    let replaces =
        behind.windows(2).any(|pair| matches!(pair, [a, b] if a.is("REPLACE") && b.is_any(&["WHERE", "ON", "USING"])));
    if replaces {
        judged.tagged(Destroys, "REPLACE", "replaces rows that are there");
    }
    judged
}

/// WITH … INSERT and FROM … INSERT are statements that change data. Almost every word may be a name in Databricks SQL
/// (`WITH select AS (…) DELETE …`), so each place outside parentheses that could be the verb counts.
pub(crate) fn within_query(tokens: &[Token<'_>], namespace: &Namespace) -> Judgement {
    let mut found: Option<Judgement> = None;
    let mut depth = 0_usize;
    let mut before: Option<&Token<'_>> = None;
    for (i, token) in tokens.iter().enumerate() {
        let rest = tokens.get(i + 1..).unwrap_or_default();
        let is_member = before.is_some_and(|t| t.is_symbol("."));
        // What WITH defines ends with a parenthesis; elsewhere these words are names.
        let behind_with = before.is_some_and(|t| t.is_symbol(")"));
        before = Some(token);
        if token.is_symbol("(") {
            depth += 1;
        } else if token.is_symbol(")") {
            depth = depth.saturating_sub(1);
        }
        if is_member || depth > 0 {
            continue;
        }
        let change = if token.is("INSERT") && !rest.first().is_some_and(|t| t.is_symbol("(")) {
            insert(rest, namespace)
        } else if behind_with
            && token.is_any(&["DELETE", "UPDATE", "MERGE"])
            && rest.first().is_some_and(|t| t.kind != Kind::Symbol)
        {
            by_rules(tokens.get(i..).unwrap_or_default(), namespace)
        } else {
            continue;
        };
        found = Some(match found {
            None => change,
            Some(mut all) => {
                all.join(change);
                all
            }
        });
    }
    found.unwrap_or_else(|| Judgement::new("SELECT", Reads, ""))
}

/// COPY INTO target FROM source: rows of a volume's files are added; everything else comes from outside.
pub(crate) fn copy(judged: &mut Judgement, tokens: &[Token<'_>]) {
    let mut sources = tokens.windows(2).filter_map(|pair| match pair {
        [from, path] if from.is("FROM") => path.literal(),
        _ => None,
    });
    let volume = sources.next().is_some_and(is_in_volume) && sources.all(is_in_volume);
    let credentials = tokens.iter().any(|t| t.is_any(&["CREDENTIAL", "CREDENTIALS", "ENCRYPTION"]));
    if volume && !credentials {
        return;
    }
    judged.tagged(Shares, "FROM OUTSIDE", "takes rows from files outside the catalog");
    let path = tokens.iter().skip_while(|t| !t.is("FROM")).find_map(Token::literal);
    match path {
        Some(path) => judged.objects.push(path.to_owned()),
        None => judged.objects.clear(),
    }
}
