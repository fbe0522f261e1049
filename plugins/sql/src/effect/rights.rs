//! GRANT, REVOKE and DENY.

use super::Effect::Shares;
use super::Judgement;
use super::names::Level::{InCatalog, InSchema, Top};
use super::names::{Level, Namespace, name, principal};
use super::rules::leading;
use crate::lex::Token;

/// What rights are given on: words, and the level of the name behind them; none when no name stands there.
const SECURABLES: &[(&str, Option<Level>)] = &[
    ("ANY FILE", None),
    ("ANONYMOUS FUNCTION", None),
    ("METASTORE", None),
    ("EXTERNAL LOCATION", Some(Top)),
    ("STORAGE|SERVICE CREDENTIAL", Some(Top)),
    ("CLEAN ROOM", Some(Top)),
    ("MATERIALIZED VIEW", Some(InSchema)),
    ("TABLE|VIEW|FUNCTION|PROCEDURE|VOLUME|MODEL", Some(InSchema)),
    ("SCHEMA=DATABASE=NAMESPACE", Some(InCatalog)),
    ("CATALOG|CONNECTION|CREDENTIAL|PROVIDER|RECIPIENT|SHARE", Some(Top)),
];

/// Longest list of rights that is repeated, in bytes; with a longer one the objects are not said.
const MAX_RIGHTS_BYTES: usize = 120;

/// Judges what follows GRANT, REVOKE or DENY. Its objects are the thing, the person and the rights: to have
/// allowed one right for one person allows no other.
pub(crate) fn rights(verb: &str, rest: &[Token<'_>], namespace: &Namespace) -> Judgement {
    let detail = match verb {
        "GRANT" => "gives rights away",
        "REVOKE" => "takes rights away",
        _ => "forbids something to others",
    };
    let mut judged = Judgement::new(verb, Shares, detail);
    let edge = rest.iter().position(|t| t.is_any(&["ON", "TO", "FROM"])).unwrap_or(rest.len());
    let rights = rest.get(..edge).unwrap_or_default().iter().map(|t| t.text.to_uppercase()).collect::<Vec<_>>();
    let rights = rights.join(" ").replace(" ,", ",");
    if rights.is_empty() || rights.len() > MAX_RIGHTS_BYTES {
        return judged;
    }
    judged.objects = objects(rest.get(edge..).unwrap_or_default(), namespace).unwrap_or_default();
    if !judged.objects.is_empty() {
        judged.objects.push(rights);
    }
    judged
}

/// The thing and the person; none when either is not plainly named.
fn objects(rest: &[Token<'_>], namespace: &Namespace) -> Option<Vec<String>> {
    let (on, behind) = rest.split_first()?;
    if !on.is("ON") {
        return Some(vec![person(rest)?]);
    }
    let kind = SECURABLES.iter().find_map(|(words, level)| {
        let (said, behind) = leading(words, behind)?;
        // A table may be called like a kind of thing.
        let names_follow = level.is_none() || !behind.first()?.is_any(&["TO", "FROM"]);
        names_follow.then_some((said, *level, behind))
    });
    match kind {
        Some((said, None, behind)) => Some(vec![said.to_lowercase(), person(behind)?]),
        Some((_, Some(level), behind)) => {
            let (object, behind) = name(behind, level, namespace)?;
            Some(vec![object, person(behind)?])
        }
        None => {
            let (object, behind) = name(behind, InSchema, namespace)?;
            Some(vec![object, person(behind)?])
        }
    }
}

fn person(rest: &[Token<'_>]) -> Option<String> {
    let (to, behind) = rest.split_first()?;
    if !to.is_any(&["TO", "FROM"]) {
        return None;
    }
    match behind {
        [one] => principal(one),
        [kind, one] if kind.is_any(&["RECIPIENT", "USER", "GROUP", "ROLE"]) => principal(one),
        _ => None,
    }
}
