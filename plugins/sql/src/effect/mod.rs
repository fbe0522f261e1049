//! What a statement does: reads, writes, shares or destroys, and on what.
//!
//! Decides whether a person is asked first and whether statements may run side by side, so everything that is not
//! known to be harmless counts as destroying. [`rules`] is the table of statements; [`define`], [`change`], [`rights`]
//! and [`reach`] judge what a table cannot.

mod change;
mod define;
mod names;
mod reach;
mod rights;
mod rules;

use bricklayer_databricks::operations::Effect;

use crate::lex::{Kind, Scan, Token, scan};
use crate::script::{after_use, is_use};
use crate::split::split;

pub(crate) use names::{Level, Namespace, name, skip_if_exists};
use reach::Reach;

/// What one statement does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub(crate) effect: Effect,
    /// How people say it: `DROP TABLE`.
    pub(crate) verb: String,
    /// What it works on, each in one normal form; empty when that cannot be told.
    pub(crate) objects: Vec<String>,
    /// One line more.
    pub(crate) detail: Option<String>,
}

impl Judgement {
    fn new(verb: &str, effect: Effect, detail: &str) -> Self {
        let detail = (!detail.is_empty()).then(|| detail.to_owned());
        Self { effect, verb: verb.to_owned(), objects: Vec::new(), detail }
    }

    /// At least as grave as `effect`; says why when that is news.
    fn raise(&mut self, effect: Effect, why: &str) {
        if effect > self.effect || self.detail.is_none() {
            self.detail = (!why.is_empty()).then(|| why.to_owned());
        }
        self.effect = self.effect.max(effect);
    }

    /// Raises, and makes the verb another one: what was allowed for the plain verb does not cover this.
    fn tagged(&mut self, effect: Effect, words: &str, why: &str) {
        self.raise(effect, why);
        if !words.is_empty() && !self.verb.ends_with(words) {
            self.verb = format!("{} {words}", self.verb);
        }
    }

    /// With a LOCATION, which `rest` begins with.
    fn located(&mut self, rest: &[Token<'_>]) {
        self.tagged(Effect::Shares, "LOCATION", "its data lies outside the catalog");
        match rest.first().and_then(Token::literal) {
            Some(path) => self.objects.push(path.to_owned()),
            None => self.objects.clear(),
        }
    }

    /// With something that is more than reading and writing tables. Its objects are not all that it works on then.
    fn reach(&mut self, found: Option<Reach>) {
        let (effect, why) = match found {
            None => return,
            Some(Reach::Out(why)) => (Effect::Shares, why),
            Some(Reach::Unknown(why)) => (Effect::Destroys, why.to_owned()),
        };
        let on = if self.objects.is_empty() { String::new() } else { format!(" (on {})", self.objects.join(", ")) };
        self.raise(effect, "");
        self.detail = Some(format!("{why}{on}"));
        self.objects.clear();
    }

    /// Two changes in one statement.
    fn join(&mut self, other: Self) {
        if other.verb != self.verb {
            self.verb = format!("{}, {}", self.verb, other.verb);
        }
        if other.effect > self.effect {
            self.detail = other.detail;
        }
        self.effect = self.effect.max(other.effect);
        // When one of them is not known, the other is not all.
        if self.objects.is_empty() || other.objects.is_empty() {
            self.objects.clear();
        } else {
            self.objects.extend(other.objects);
        }
    }
}

/// The effect of one statement.
pub(crate) fn of_statement(statement: &str) -> Effect {
    judge(statement, &Namespace::default()).effect
}

/// The judgement of each statement of a script with its text, in order.
pub(crate) fn of_script(script: &str, namespace: Namespace) -> Vec<(&str, Judgement)> {
    let statements = in_namespaces(script, namespace).into_iter();
    statements.map(|(text, namespace)| (text, judge(text, &namespace))).collect()
}

/// Each statement of a script with what its names belong to, in order; USE applies to those after it.
pub(crate) fn in_namespaces(script: &str, namespace: Namespace) -> Vec<(&str, Namespace)> {
    let mut namespace = namespace;
    let mut found = Vec::new();
    for statement in split(script) {
        found.push((statement.text, namespace.clone()));
        if is_use(statement.text)
            && let Some((catalog, schema)) =
                after_use(statement.text, (namespace.catalog.clone(), namespace.schema.clone()))
        {
            namespace = Namespace { catalog, schema };
        }
    }
    found
}

/// Judges one statement.
pub(crate) fn judge(statement: &str, namespace: &Namespace) -> Judgement {
    let read = scan(statement);
    let mut judged = of_tokens(&read.without_hints(), namespace);
    judged.reach(hint_reach(&read));
    if let Some(doubt) = read.doubt {
        judged.raise(Effect::Destroys, "");
        judged.detail = Some(format!("what it does cannot be told for sure: {doubt}"));
        judged.objects.clear();
    }
    judged
}

/// Calls within hints: nobody needs them.
fn hint_reach(read: &Scan<'_>) -> Option<Reach> {
    let has_hint = read.tokens.iter().any(|t| t.is_symbol(crate::lex::HINT_START));
    if has_hint { reach::reach(&read.tokens) } else { None }
}

fn of_tokens(tokens: &[Token<'_>], namespace: &Namespace) -> Judgement {
    // A query may be wrapped in parentheses.
    let start = tokens.iter().position(|t| !t.is_symbol("(")).unwrap_or(tokens.len());
    let inner = tokens.get(start..).unwrap_or_default();
    let Some(first) = inner.first() else {
        let effect = if start > 0 { Effect::Destroys } else { Effect::Reads };
        return Judgement::new("NOTHING", effect, "holds no SQL");
    };
    let mut judged = if first.is_any(&["SELECT", "VALUES", "TABLE"]) {
        Judgement::new("SELECT", Effect::Reads, "")
    } else if first.is_any(&["WITH", "FROM"]) {
        change::within_query(inner, namespace)
    } else if start > 0 {
        unknown(first)
    } else {
        by_rules(inner, namespace)
    };
    // These run no query of their own.
    let only_looks = first.is_any(&["SHOW", "LIST", "COMMENT", "GRANT", "REVOKE", "DENY"]);
    if !only_looks {
        judged.reach(reach::reach(inner));
    }
    judged
}

fn unknown(first: &Token<'_>) -> Judgement {
    /// How much of an unknown word the verb repeats.
    const MAX_VERB_CHARS: usize = 40;
    let verb: String = match first.kind {
        Kind::Word => first.text.to_uppercase().chars().take(MAX_VERB_CHARS).collect(),
        _ => "UNKNOWN".to_owned(),
    };
    Judgement::new(&verb, Effect::Destroys, "a statement that this host does not know")
}

/// Judges a statement by its leading words.
fn by_rules(tokens: &[Token<'_>], namespace: &Namespace) -> Judgement {
    let [first, rest @ ..] = tokens else { return Judgement::new("NOTHING", Effect::Reads, "holds no SQL") };
    if first.is("INSERT") {
        return change::insert(rest, namespace);
    }
    if first.is("CREATE") {
        return define::create(rest, namespace);
    }
    if first.is("ALTER") {
        return define::alter(rest, namespace);
    }
    for verb in ["GRANT", "REVOKE", "DENY"] {
        if first.is(verb) {
            return rights::rights(verb, rest, namespace);
        }
    }
    let found =
        rules::RULES.iter().find_map(|rule| rules::leading(rule.words, tokens).map(|(verb, rest)| (rule, verb, rest)));
    let Some((rule, verb, rest)) = found else { return unknown(first) };
    let mut judged = Judgement::new(&verb, rule.effect, rule.detail);
    let mut behind = rest;
    if let Some(level) = rule.object {
        match name(skip_if_exists(rest), level, namespace) {
            Some((object, rest)) => {
                judged.objects.push(object);
                behind = rest;
            }
            // VACUUM '/path'
            None => judged.objects.extend(names::lone_literal(rest).map(str::to_owned)),
        }
    }
    amend(&mut judged, &verb, behind, tokens);
    judged
}

/// What stands behind the words and changes the judgement; `behind` follows the name.
fn amend(judged: &mut Judgement, verb: &str, behind: &[Token<'_>], tokens: &[Token<'_>]) {
    let has = |words: &[&str]| behind.iter().any(|t| t.is_any(words));
    match verb {
        "EXPLAIN" => {
            // EXPLAIN only plans; with ANALYZE some engines run the statement.
            if let [analyze, inner @ ..] = behind
                && analyze.is("ANALYZE")
            {
                let inner = of_tokens(inner, &Namespace::default());
                *judged = Judgement { verb: format!("EXPLAIN ANALYZE {}", inner.verb), ..inner };
            }
        }
        "LIST" => {
            let path = behind.first().and_then(Token::literal);
            let files =
                behind.first().is_some_and(|t| t.is_any(&["FILE", "FILES", "JAR", "JARS", "ARCHIVE", "ARCHIVES"]));
            if !files && !path.is_some_and(names::is_in_volume) {
                judged.raise(Effect::Shares, "lists files outside the workspace's volumes");
            }
        }
        "REPAIR TABLE" | "MSCK REPAIR TABLE" if has(&["DROP", "SYNC"]) => {
            judged.tagged(Effect::Destroys, "DROP PARTITIONS", "forgets partitions whose folder is gone");
        }
        "MSCK REPAIR TABLE" if has(&["PRIVILEGES"]) => judged.raise(Effect::Shares, "changes rights"),
        "PUT" if has(&["OVERWRITE"]) => judged.raise(Effect::Destroys, "replaces a file"),
        _ if verb.starts_with("REFRESH") && has(&["FULL"]) => {
            judged.tagged(Effect::Destroys, "FULL", "throws away what it holds and computes it anew");
        }
        _ if verb.starts_with("SYNC") && has(&["OWNER"]) => {
            judged.tagged(Effect::Shares, "SET OWNER", "gives it to another owner");
        }
        "COPY INTO" => change::copy(judged, tokens),
        "CONVERT TO DELTA" if judged.objects.iter().any(|object| names::is_path(object)) => {
            judged.raise(Effect::Shares, "works on files outside the catalog");
        }
        _ if verb.starts_with("DROP") => {
            if has(&["CASCADE"]) {
                judged.tagged(Effect::Destroys, "CASCADE", "removes it with everything in it");
                if verb == "DROP SCHEMA" || verb == "DROP CATALOG" {
                    judged.detail = Some("removes it with everything in it".to_owned());
                }
            }
            // More than one name is more than can be told.
            if behind.iter().any(|t| !t.is_any(&["CASCADE", "RESTRICT", "PURGE", "FORCE"])) {
                judged.objects.clear();
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod spark_tests;
#[cfg(test)]
mod tests;
