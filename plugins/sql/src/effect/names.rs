//! The names of what a statement works on.

use crate::lex::{Kind, Token};

/// Catalog and schema that names without one belong to, as far as the call says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Namespace {
    pub(crate) catalog: Option<String>,
    pub(crate) schema: Option<String>,
}

/// How many levels the name of a thing has, so that a shorter one can be completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// Tables, views, functions, volumes: catalog.schema.name.
    InSchema,
    /// Schemas: catalog.name.
    InCatalog,
    /// Everything else: one name.
    Top,
}

/// Reads a name of one or more parts at the front of `tokens`: its normal form, and what follows it. None when there is
/// no plain name: `IDENTIFIER(…)`, a parameter, a variable, an expression.
pub(crate) fn name<'t, 'a>(
    tokens: &'t [Token<'a>],
    level: Level,
    namespace: &Namespace,
) -> Option<(String, &'t [Token<'a>])> {
    let mut parts = Vec::new();
    let mut rest = tokens;
    loop {
        let (first, behind) = rest.split_first()?;
        parts.push(first.name()?.into_owned());
        rest = behind;
        match rest.split_first() {
            Some((dot, behind)) if dot.is_symbol(".") => rest = behind,
            _ => break,
        }
    }
    // IDENTIFIER(…), a function, or a parameter marker that some releases take for a name.
    if rest.first().is_some_and(|t| t.is_symbol("("))
        && parts.len() == 1
        && tokens.first().is_some_and(|t| t.is("IDENTIFIER"))
    {
        return None;
    }
    if let [path] | [_, path] = parts.as_slice()
        && is_path(path)
    {
        return Some((path.clone(), rest));
    }
    let missing = match level {
        Level::InSchema => 3_usize,
        Level::InCatalog => 2,
        Level::Top => 1,
    }
    .saturating_sub(parts.len());
    let given = match level {
        Level::InSchema => [namespace.schema.as_ref(), namespace.catalog.as_ref()],
        Level::InCatalog | Level::Top => [namespace.catalog.as_ref(), None],
    };
    // A table of two parts lacks the catalog only.
    let skipped = if level == Level::InSchema && missing == 1 { 1 } else { 0 };
    for part in given.into_iter().skip(skipped).take(missing) {
        let Some(part) = part else { break };
        parts.insert(0, part.clone());
    }
    Some((parts.iter().map(|part| folded(part)).collect::<Vec<_>>().join("."), rest))
}

/// Whether a name in backticks is a path: `/mnt/x`, `s3://bucket/x`, as in ``delta.`/mnt/x` ``.
pub(crate) fn is_path(name: &str) -> bool {
    name.starts_with('/') || name.contains(":/")
}

/// Whether a path lies in a volume, which the workspace governs.
pub(crate) fn is_in_volume(path: &str) -> bool {
    let path = path.strip_prefix("dbfs:").unwrap_or(path);
    path.starts_with("/Volumes/") && !path.contains("..") && !path.contains('\\') && !path.contains('%')
}

/// Somebody who gets or loses rights: as written, in backticks only where they are needed.
pub(crate) fn principal(token: &Token<'_>) -> Option<String> {
    let name = token.name()?;
    Some(quoted_if_needed(&name))
}

/// Names are case-insensitive in the catalog; backticks only where they are needed.
fn folded(part: &str) -> String {
    quoted_if_needed(&part.to_lowercase())
}

fn quoted_if_needed(name: &str) -> String {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if plain { name.to_owned() } else { format!("`{}`", name.replace('`', "``")) }
}

/// Behind `IF EXISTS` and `IF NOT EXISTS`.
pub(crate) fn skip_if_exists<'t, 'a>(tokens: &'t [Token<'a>]) -> &'t [Token<'a>] {
    match tokens {
        [a, b, c, rest @ ..] if a.is("IF") && b.is("NOT") && c.is("EXISTS") => rest,
        [a, b, rest @ ..] if a.is("IF") && b.is("EXISTS") => rest,
        all => all,
    }
}

/// The content of a string literal that is the whole of an argument or a clause: nothing is put together with it.
pub(crate) fn lone_literal<'a>(tokens: &[Token<'a>]) -> Option<&'a str> {
    let (first, rest) = tokens.split_first()?;
    let ends = rest.first().is_none_or(|t| t.is_symbol(",") || t.is_symbol(")") || t.kind == Kind::Word);
    if ends && !rest.first().is_some_and(|t| t.is_any(&["COLLATE"])) { first.literal() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lex::lex;

    #[track_caller]
    fn check(text: &str, level: Level, expect: Option<&str>) {
        let namespace = Namespace { catalog: Some("Main".to_owned()), schema: Some("my sales".to_owned()) };
        let tokens = lex(text);
        let found = name(&tokens, level, &namespace).map(|(name, _)| name);
        assert_eq!(found.as_deref(), expect, "{text}");
    }

    #[test]
    fn names_have_one_form() {
        check("Orders x", Level::InSchema, Some("main.`my sales`.orders"));
        check("Raw.`Orders`", Level::InSchema, Some("main.raw.orders"));
        check("a . b . `c d`", Level::InSchema, Some("a.b.`c d`"));
        check("raw cascade", Level::InCatalog, Some("main.raw"));
        check("Dev", Level::Top, Some("dev"));
        check("delta.`/mnt/X`", Level::InSchema, Some("/mnt/X"));
        check("delta.`s3://B/x`", Level::InSchema, Some("s3://B/x"));
        check("identifier(:t)", Level::InSchema, None);
        check(":t", Level::InSchema, None);
        check("'t'", Level::InSchema, None);
        check("a.", Level::InSchema, None);
    }

    #[test]
    fn what_the_call_does_not_say_stays_out() {
        let tokens = lex("t");
        let schema_only = Namespace { catalog: None, schema: Some("s".to_owned()) };
        assert_eq!(name(&tokens, Level::InSchema, &schema_only).unwrap().0, "s.t");
        assert_eq!(name(&tokens, Level::InSchema, &Namespace::default()).unwrap().0, "t");
    }
}
