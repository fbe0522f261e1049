//! Writing exchanges into `tests.toml`: into their cases, leaving every other byte as the author wrote it.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::Problem;
use crate::cases::{Exchange, Suite};
use crate::record::in_toml;

/// The text with the exchanges of some cases, by their places in the file, in place of those that stood there.
pub(crate) fn with_exchanges(text: &str, new: &BTreeMap<usize, Vec<Exchange>>) -> Result<String, Problem> {
    let before = Suite::parse(text)?;
    let cases = places(text)?;
    let mut changed = String::with_capacity(text.len());
    let mut copied = 0;
    for (index, exchanges) in new {
        let Some(case) = cases.get(*index) else { return Err(lost()) };
        for old in &case.exchanges {
            changed.push_str(text.get(copied..old.start).ok_or_else(lost)?);
            copied = old.end;
        }
        changed.push_str(text.get(copied..case.end).ok_or_else(lost)?);
        copied = case.end;
        if !changed.ends_with('\n') {
            changed.push('\n');
        }
        // The blank lines between exchanges that are gone.
        while !case.exchanges.is_empty() && changed.ends_with("\n\n") {
            changed.pop();
        }
        for exchange in exchanges {
            changed.push_str(&block(exchange));
        }
    }
    changed.push_str(text.get(copied..).ok_or_else(lost)?);
    check(&before, &changed, new)?;
    Ok(changed)
}

/// Whether the new text says of everything else what the old one said.
fn check(before: &Suite, changed: &str, new: &BTreeMap<usize, Vec<Exchange>>) -> Result<(), Problem> {
    let mut wanted = before.clone();
    for (index, exchanges) in new {
        wanted.cases.get_mut(*index).ok_or_else(lost)?.http.clone_from(exchanges);
    }
    if wanted == Suite::parse(changed)? { Ok(()) } else { Err(lost()) }
}

fn lost() -> Problem {
    Problem::new("tests.toml is written in a way that recordings cannot be put into; nothing was changed")
        .fix("write each case as [[case]] and each exchange as [[case.http]]")
}

/// Where a case's parts are.
#[derive(Debug, Default)]
struct Place {
    /// Behind its last line.
    end: usize,
    /// Its exchanges, whole lines, in their order.
    exchanges: Vec<Range<usize>>,
}

/// Where each case and its exchanges stand.
fn places(text: &str) -> Result<Vec<Place>, Problem> {
    let document = DeTable::parse(text).map_err(|error| Problem::new(format!("tests.toml: {error}")))?;
    let mut headers = Vec::new();
    collect(text, document.get_ref(), None, false, &mut headers);
    headers.sort_by_key(|header| header.at);
    let mut places: Vec<Place> = Vec::new();
    for (index, header) in headers.iter().enumerate() {
        let Some(case) = header.case else { continue };
        if places.len() <= case {
            places.resize_with(case + 1, Place::default);
        }
        let next = headers.get(index + 1).map_or(text.len(), |next| next.at);
        let lines = header.at..header.at + filled(text.get(header.at..next).unwrap_or_default());
        let Some(place) = places.get_mut(case) else { continue };
        place.end = place.end.max(lines.end);
        if header.exchange {
            place.exchanges.push(lines);
        }
    }
    Ok(places)
}

/// A line like `[[case]]` or `[case.expect]`.
#[derive(Debug)]
struct Header {
    at: usize,
    case: Option<usize>,
    /// Whether an exchange, or a part of one, follows.
    exchange: bool,
}

fn collect(text: &str, table: &DeTable<'_>, case: Option<usize>, exchange: bool, headers: &mut Vec<Header>) {
    for (name, value) in table {
        let (top, http) = (case.is_none() && name.get_ref() == "case", exchange || name.get_ref() == "http");
        visit(text, value, case, top, case.is_some() && http, headers);
    }
}

fn visit(
    text: &str,
    value: &Spanned<DeValue<'_>>,
    case: Option<usize>,
    cases: bool,
    exchange: bool,
    headers: &mut Vec<Header>,
) {
    match value.get_ref() {
        DeValue::Table(table) => {
            // A table's place is its header, and an inline one's is itself.
            if text.get(value.span()).is_some_and(|header| header.starts_with('[')) {
                headers.push(Header { at: value.span().start, case, exchange });
            }
            collect(text, table, case, exchange, headers);
        }
        DeValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                visit(text, item, if cases { Some(index) } else { case }, false, exchange, headers);
            }
        }
        _ => {}
    }
}

/// How much of a part is its own: without blank lines and comments at its end, which belong to what follows.
fn filled(part: &str) -> usize {
    let mut end = 0;
    let mut at = 0;
    for line in part.split_inclusive('\n') {
        at += line.len();
        let line = line.trim();
        if !line.is_empty() && !line.starts_with('#') {
            end = at;
        }
    }
    end
}

/// One exchange as an author would write it.
fn block(exchange: &Exchange) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let mut lines = vec!["\n[[case.http]]".to_owned(), format!("request = {}", quoted(&exchange.request))];
    if exchange.as_caller == Some(true) {
        lines.push("as-caller = true".to_owned());
    }
    if let Some(body) = exchange.body.as_ref().and_then(in_toml) {
        lines.push(format!("body = {body}"));
    }
    match &exchange.unreachable {
        Some(why) => lines.push(format!("unreachable = {}", quoted(why))),
        None => lines.push(format!("status = {}", exchange.status)),
    }
    if !exchange.headers.is_empty() {
        let pairs: Vec<_> =
            exchange.headers.iter().map(|(name, value)| format!("{name} = {}", quoted(value))).collect();
        lines.push(format!("headers = {{ {} }}", pairs.join(", ")));
    }
    if let Some(json) = exchange.json.as_ref().and_then(in_toml) {
        lines.push(format!("json = {json}"));
    }
    if let Some(text) = &exchange.text {
        lines.push(format!("text = {}", quoted(text)));
    }
    if let Some(file) = &exchange.file {
        lines.push(format!("file = {}", quoted(file)));
    }
    if exchange.times > 1 {
        lines.push(format!("times = {}", exchange.times));
    }
    lines.push(String::new());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# Mine.\n\n[[case]]\nname = \"one\" # first\ntool = \"t\"\narguments = { q = \"[[case]]\" }\n\
        [case.expect]\ntext = '''\n[[case]]\n[[case.http]]\n'''\n\n# About two.\n[[case]]\nname = \"two\"\ntool = \"t\"\n\
        expect = { text = \"x\" }\n\n# An old one.\n[[case.http]]\nrequest = \"GET https://a.example/old\"\n\
        json = { rows = [\n  [1, 2],\n] }\n[case.http.headers]\nlink = \"x\"\n\n[[case.http]]\n\
        request = \"GET https://a.example/older\"\n\n# About three.\n[[case]]\nname = \"three\"\ntool = \"t\"\n\
        expect = { error = \"denied\" }";

    fn exchange(text: &str) -> Exchange {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn exchanges_go_into_their_cases_and_nothing_else_changes() {
        let new = exchange(
            "request = \"GET https://a.example/n\"\nstatus = 404\nheaders = { link = \"a\\\"b\" }\ntext = \"a\\n\\n[[case]]\\n'''\"",
        );
        let block = block(&new);
        let changed = with_exchanges(FILE, &BTreeMap::from([(0, vec![new.clone()]), (2, vec![new.clone()])])).unwrap();
        let (first, rest) = FILE.split_at(FILE.find("\n# About two").unwrap());
        assert_eq!(changed, format!("{first}{block}{rest}\n{block}"));

        // Old ones go, with what belongs to them; comments stay.
        let changed = with_exchanges(FILE, &BTreeMap::from([(1, vec![new.clone(), new])])).unwrap();
        assert!(changed.contains("# An old one.") && changed.contains("# About three."), "{changed}");
        assert!(
            !changed.contains("/old") && !changed.contains("[1, 2]") && !changed.contains("link = \"x\""),
            "{changed}"
        );
        assert_eq!(Suite::parse(&changed).unwrap().cases[1].http.len(), 2);
        // Recording again gives the same again.
        let again = Suite::parse(&changed).unwrap().cases[1].http.clone();
        let twice = with_exchanges(&changed, &BTreeMap::from([(1, again)])).unwrap();
        assert_eq!(Suite::parse(&twice).unwrap().cases.len(), 3);
    }

    #[test]
    fn a_file_that_is_written_otherwise_is_left_alone() {
        let new = exchange("request = \"GET https://a.example/n\"");
        let inline = "case = [{ name = \"a\", tool = \"t\", expect = { text = \"x\" } }]";
        let old = "[[case]]\nname = \"a\"\ntool = \"t\"\nexpect = { text = \"x\" }\nhttp = [{ request = \"GET https://a.example/o\" }]";
        for text in [inline, old] {
            let problem = with_exchanges(text, &BTreeMap::from([(0, vec![new.clone()])])).unwrap_err();
            assert!(problem.what.contains("tests.toml"), "{problem:?}");
        }
    }
}
