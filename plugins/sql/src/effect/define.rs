//! CREATE and ALTER.

use super::Effect::{self, Destroys, Shares, Writes};
use super::Judgement;
use super::names::Level::{self, InCatalog, InSchema, Top};
use super::names::{Namespace, is_in_volume, is_path, name, skip_if_exists};
use super::reach::reach;
use super::rules::leading;
use crate::lex::{Kind, Token, lex};

/// What can be made and altered: words, what making it does at least, the level of its name, and what to say.
const KINDS: &[(&str, Effect, Level, &str)] = &[
    ("TABLE", Writes, InSchema, ""),
    ("STREAMING|LIVE TABLE", Writes, InSchema, ""),
    ("EXTERNAL TABLE", Shares, InSchema, "its data lies outside the catalog"),
    ("[MATERIALIZED] VIEW", Writes, InSchema, ""),
    ("SCHEMA=DATABASE=NAMESPACE", Writes, InCatalog, ""),
    ("FOREIGN CATALOG", Shares, Top, "connects another system"),
    ("CATALOG", Writes, Top, ""),
    ("EXTERNAL VOLUME", Shares, InSchema, "its files lie outside the catalog"),
    ("VOLUME", Writes, InSchema, ""),
    ("FUNCTION", Writes, InSchema, ""),
    ("PROCEDURE", Destroys, InSchema, "code that runs when it is called"),
    ("SHARE", Shares, Top, "shares data with others"),
    ("RECIPIENT", Shares, Top, "shares data with others"),
    ("PROVIDER", Shares, Top, "takes data of others"),
    ("CONNECTION", Shares, Top, "connects another system"),
    ("SERVER", Shares, Top, "connects another system"),
    ("STORAGE|SERVICE CREDENTIAL", Shares, Top, "gives access to another system"),
    ("CREDENTIAL", Shares, Top, "gives access to another system"),
    ("EXTERNAL LOCATION", Shares, Top, "gives access to storage outside the catalog"),
    ("CLEAN ROOM", Shares, Top, "shares data with others"),
    ("GROUP|USER|ROLE|POLICY", Shares, Top, "changes who may do what"),
];

/// Formats whose tables lie in the catalog's own storage; every other one connects another system.
const OWN_FORMATS: &[&str] = &["avro", "binaryfile", "csv", "delta", "iceberg", "json", "orc", "parquet", "text"];

/// What ALTER does by the words behind the name: words, effect, and what to say. What is not here destroys.
const ALTERS: &[(&str, Effect, &str)] = &[
    ("ADD COLUMN|COLUMNS|CONSTRAINT|PARTITION|SCHEDULE", Writes, ""),
    ("ADD IF NOT EXISTS PARTITION", Writes, ""),
    ("ALTER COLUMN", Writes, ""),
    ("SET TBLPROPERTIES|DBPROPERTIES|PROPERTIES", Writes, ""),
    ("SET TAGS|TAG", Shares, "tags can open or close data to others"),
    ("UNSET TAGS|TAG", Shares, "tags can open or close data to others"),
    ("[SET] OWNER TO", Shares, "gives it to another owner"),
    ("SET [MANAGED] LOCATION", Shares, "its data lies elsewhere from then on"),
    ("SET ROW FILTER", Shares, "changes which rows others see"),
    ("DROP ROW FILTER", Destroys, "opens all rows to others"),
    ("AS", Destroys, "replaces the view's query"),
    ("CLUSTER BY", Writes, ""),
    ("RECOVER PARTITIONS", Writes, ""),
    ("ENABLE|DISABLE|INHERIT PREDICTIVE OPTIMIZATION", Writes, ""),
    ("[SET] DEFAULT COLLATION", Writes, ""),
    ("DROP COLUMN|COLUMNS", Destroys, "removes columns and their values"),
    ("DROP [IF] [EXISTS] PARTITION", Destroys, "removes partitions and their rows"),
    ("DROP", Destroys, "takes something away"),
    ("RENAME COLUMN", Destroys, "what uses the old name breaks"),
    ("RENAME TO", Destroys, "what uses the old name breaks"),
];

/// Words in a change that take something away or rewrite it.
const TAKES_AWAY: &[&str] = &["DROP", "RENAME", "REPLACE", "UNSET", "TYPE", "REMOVE", "TRUNCATE", "RESET"];

/// Judges what follows CREATE.
pub(crate) fn create(rest: &[Token<'_>], namespace: &Namespace) -> Judgement {
    let (replace, rest) = match rest {
        [or, what, behind @ ..] if or.is("OR") => (Some(what), behind),
        all => (None, all),
    };
    // TEMP counts only here: behind it may stand a table of that name.
    let (global, rest) = leading("GLOBAL", rest).map_or((false, rest), |(_, rest)| (true, rest));
    let (temporary, rest) = leading("TEMPORARY=TEMP", rest).map_or((false, rest), |(_, rest)| (true, rest));
    let replaces = replace.map_or("", |word| if word.is("REFRESH") { "OR REFRESH " } else { "OR REPLACE " });
    let head = format!(
        "CREATE {replaces}{}{}",
        if global { "GLOBAL " } else { "" },
        if temporary { "TEMPORARY " } else { "" }
    );
    let found = KINDS.iter().find_map(|kind| leading(kind.0, rest).map(|(said, rest)| (kind, said, rest)));
    let Some((&(_, effect, level, detail), said, rest)) = found else {
        return Judgement::new(head.trim_end(), Destroys, "makes something that this host does not know");
    };
    let mut judged = Judgement::new(&format!("{head}{said}"), effect, detail);
    // What is temporary ends with the statement's session: nothing of the user's is replaced.
    let ends_with_session = temporary && matches!(said.as_str(), "VIEW" | "TABLE" | "FUNCTION");
    if replace.is_some() && !ends_with_session {
        judged.raise(
            Destroys,
            match said.as_str() {
                "TABLE" => "replaces the table and its data",
                _ => "replaces what is there",
            },
        );
    } else if temporary && !ends_with_session {
        judged.raise(Destroys, "makes something that this host does not know");
    }
    let rest = skip_if_exists(rest);
    let behind = match name(rest, level, namespace) {
        Some((object, behind)) => {
            if is_path(&object) {
                judged.raise(Shares, "lies outside the catalog");
            }
            judged.objects.push(object);
            behind
        }
        None => rest,
    };
    clauses(&mut judged, &said, behind);
    judged
}

/// The clauses behind the name that change what a CREATE does.
fn clauses(judged: &mut Judgement, kind: &str, tokens: &[Token<'_>]) {
    let mut depth = 0_usize;
    let mut in_query = false;
    for (i, token) in tokens.iter().enumerate() {
        let rest = tokens.get(i + 1..).unwrap_or_default();
        if token.is_symbol("(") {
            depth += 1;
        } else if token.is_symbol(")") {
            depth = depth.saturating_sub(1);
        } else if token.is("AS") && depth == 0 {
            in_query = rest.first().is_some_and(|t| t.is_symbol("(") || t.kind == Kind::Word);
            if kind == "FUNCTION" {
                judged.raise(Destroys, "code that is no SQL, which queries run from then on");
            }
            if let Some(body) = rest.first().filter(|t| t.kind == Kind::Text).and_then(Token::literal) {
                judged.reach(reach(&lex(body)));
            }
        } else if is_filter(tokens, i) && !in_query {
            judged.tagged(Shares, "WITH FILTER", "a filter or mask decides what others see");
        }
        let in_head = depth == 0 && !in_query;
        if token.is("LOCATION") && (in_head || rest.first().is_some_and(|t| t.kind == Kind::Text)) {
            judged.located(rest);
        } else if token.is("LANGUAGE") && in_head && !rest.first().is_some_and(|t| t.is_any(&["SQL", "YAML"])) {
            judged.raise(Destroys, "code that is no SQL, which queries run from then on");
        } else if token.is("USING") && in_head {
            using(judged, kind, rest);
        } else if token.is("OPTIONS") && in_head && rest.first().is_some_and(|t| t.is_symbol("(")) {
            options(judged, rest);
        } else if token.is("STORED") && in_head && rest.first().is_some_and(|t| t.is("BY")) {
            judged.tagged(Shares, "STORED BY", "connects another system");
        } else if token.is("CLONE") && in_head {
            let path = rest.iter().take(3).filter_map(Token::name).find(|name| is_path(name));
            if path.is_some_and(|path| !is_in_volume(&path)) {
                judged.tagged(Shares, "CLONE OF FILES", "copies files from outside the catalog");
            }
        }
    }
}

/// `MASK function` behind a column, or `ROW FILTER function`; not a column of such a name.
fn is_filter(tokens: &[Token<'_>], i: usize) -> bool {
    let before = i.checked_sub(1).and_then(|before| tokens.get(before));
    let names_it = tokens.get(i + 1).is_some_and(|t| matches!(t.kind, Kind::Word | Kind::QuotedName));
    let Some((token, before)) = tokens.get(i).zip(before) else { return false };
    let is_column = before.is_symbol("(") || before.is_symbol(",");
    names_it && ((token.is("MASK") && !is_column) || (token.is("FILTER") && before.is("ROW")))
}

fn using(judged: &mut Judgement, kind: &str, rest: &[Token<'_>]) {
    if kind == "FUNCTION" {
        judged.raise(Destroys, "code that is no SQL, which queries run from then on");
        return;
    }
    let own = match rest {
        [format, behind @ ..] => {
            let known = format.name().is_some_and(|name| OWN_FORMATS.iter().any(|own| name.eq_ignore_ascii_case(own)));
            known && !behind.first().is_some_and(|t| t.is_symbol("."))
        }
        [] => false,
    };
    if !own {
        let format = rest.first().and_then(Token::name).map_or_else(String::new, |name| name.to_uppercase());
        judged.tagged(Shares, format!("USING {format}").trim_end(), "connects another system");
    }
}

/// OPTIONS (path '…'), (url '…'): data elsewhere.
fn options(judged: &mut Judgement, rest: &[Token<'_>]) {
    for token in rest.iter().take_while(|t| !t.is_symbol(")")) {
        let names_place = |text: &str| {
            let text = text.to_ascii_lowercase();
            matches!(text.as_str(), "path" | "paths" | "url" | "host" | "location") || text.contains("://")
        };
        let named = token.name().is_some_and(|name| names_place(&name));
        if named || token.literal().is_some_and(|text| names_place(text) || text.starts_with('/')) {
            judged.tagged(Shares, "WITH PATH", "its data lies outside the catalog");
            return;
        }
    }
}

/// Judges what follows ALTER.
pub(crate) fn alter(rest: &[Token<'_>], namespace: &Namespace) -> Judgement {
    let found = KINDS.iter().find_map(|kind| leading(kind.0, rest).map(|(said, rest)| (kind, said, rest)));
    let Some((&(_, effect, level, detail), said, rest)) = found else {
        return Judgement::new("ALTER", Destroys, "changes something that this host does not know");
    };
    // To change a shared thing shares; to change a table is judged by what is changed.
    let (effect, detail) = if effect == Shares { (effect, detail) } else { (Writes, "") };
    let mut judged = Judgement::new(&format!("ALTER {said}"), effect, detail);
    let Some((object, rest)) = name(skip_if_exists(rest), level, namespace) else {
        judged.raise(Destroys, "changes something whose name is put together while it runs");
        return judged;
    };
    if is_path(&object) {
        judged.raise(Shares, "lies outside the catalog");
    }
    judged.objects.push(object);
    // A partition may stand between the name and the words.
    let rest = match rest {
        [partition, open, behind @ ..] if partition.is("PARTITION") && open.is_symbol("(") => {
            let end = behind.iter().position(|t| t.is_symbol(")")).map_or(behind.len(), |at| at + 1);
            behind.get(end..).unwrap_or_default()
        }
        all => all,
    };
    let found = ALTERS.iter().find_map(|change| leading(change.0, rest).map(|(said, rest)| (change, said, rest)));
    let Some((&(_, effect, detail), said, behind)) = found else {
        let words: Vec<_> =
            rest.iter().take(2).map_while(|t| (t.kind == Kind::Word).then(|| t.text.to_uppercase())).collect();
        let takes_away = rest.iter().any(|t| t.is_any(TAKES_AWAY));
        if effect == Shares && !takes_away {
            judged.tagged(Shares, &words.join(" "), "");
        } else {
            judged.tagged(Destroys, &words.join(" "), "changes it in a way that this host does not know");
        }
        return judged;
    };
    judged.tagged(effect, &said, detail);
    if said == "ALTER COLUMN" {
        let change = name(behind, Top, &Namespace::default()).map_or(behind, |(_, rest)| rest);
        if change.iter().any(|t| t.is_any(TAKES_AWAY)) {
            judged.tagged(Destroys, "REWRITES", "takes something away from the column or rewrites it");
        } else if change.iter().any(|t| t.is_any(&["MASK", "TAG", "TAGS"])) {
            judged.tagged(Shares, "MASK OR TAG", "changes what others see of it");
        }
    } else if (0..behind.len()).any(|i| is_filter(behind, i)) {
        judged.tagged(Shares, "WITH MASK", "a mask decides what others see");
    }
    if let Some(at) = behind.iter().position(|t| t.is("LOCATION")) {
        judged.located(behind.get(at + 1..).unwrap_or_default());
    } else if said.ends_with("LOCATION") {
        judged.located(behind);
    }
    judged
}
