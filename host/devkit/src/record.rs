//! Recording: what real services answered to a case, as exchanges of `tests.toml`.
//!
//! A recording is committed and read by others, so it holds no secret: the runtime gives none of the caller's
//! credential away, and what looks like another secret (in a query, a field, a token's form) is left out. Nothing of
//! the plugin's own headers is kept, and of an answer's only those that plugins read.

use std::collections::BTreeMap;

use bricklayer_runtime::{FarAnswer, FarRequest, Unanswered};
use serde_json::Value;
use url::Url;

use crate::Problem;
use crate::cases::{ANY, Case, Exchange};

/// Exchanges of one case that are kept; a case that needs more shows too much at once.
pub(crate) const MAX_EXCHANGES: usize = 64;

/// Largest body that stands in tests.toml itself; larger ones get files of their own.
const MAX_INLINE_BYTES: usize = 8 * 1024;

/// Largest body that is kept at all.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Where bodies go that are too large for tests.toml, below the plugin's folder.
const BODIES: &str = "testdata/recorded";

/// What stands in a secret's place in a body.
const LEFT_OUT: &str = "(not recorded)";

/// Headers of answers that plugins read and that do not change from answer to answer.
const KEPT_HEADERS: [&str; 6] = ["content-type", "content-disposition", "link", "location", "retry-after", "etag"];

/// Words in the names of fields and of a query's parameters that hold secrets; compared without case and marks.
const SECRET_WORDS: [&str; 10] = [
    "password",
    "passwd",
    "secret",
    "apikey",
    "accesstoken",
    "refreshtoken",
    "tokenvalue",
    "signature",
    "credential",
    "authorization",
];

/// Such names that are secret as a whole word only: `token`, but not `next_page_token`.
const SECRET_NAMES: [&str; 7] = ["token", "key", "sig", "auth", "pwd", "jwt", "bearer"];

/// What was heard of one case.
pub(crate) type Heard = Vec<(FarRequest, Result<FarAnswer, Unanswered>)>;

/// What one case becomes: its exchanges, and the bodies that go to files.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    pub(crate) exchanges: Vec<Exchange>,
    /// By their paths below the plugin's folder.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
}

/// The exchanges that were heard, in their order; equal neighbours are one that is asked several times.
pub(crate) fn exchanges(case: &Case, heard: &Heard) -> Result<Recorded, Problem> {
    let fault = |what: String| Problem::new(format!("{:?} cannot be recorded: {what}", case.name));
    if heard.len() > MAX_EXCHANGES {
        return Err(fault(format!("it sent {} requests, and {MAX_EXCHANGES} are kept", heard.len()))
            .fix("ask for less in this case, or make several cases"));
    }
    let mut recorded = Recorded::default();
    for (index, (request, answer)) in heard.iter().enumerate() {
        let mut exchange = asked(request);
        match answer {
            Err(why) => exchange.unreachable = Some(why.0.clone()),
            Ok(answer) => {
                if answer.body.len() > MAX_BODY_BYTES {
                    let (line, bytes) = (&exchange.request, answer.body.len());
                    return Err(fault(format!(
                        "the answer to {line} has {bytes} bytes, and {MAX_BODY_BYTES} are kept"
                    ))
                    .fix("ask for less in this case"));
                }
                exchange.status = answer.status;
                for (name, value) in &answer.headers {
                    if KEPT_HEADERS.contains(&name.as_str()) {
                        exchange.headers.insert(name.clone(), clean_text(value));
                    }
                }
                let file = format!("{BODIES}/{}-{}", slug(&case.name), index + 1);
                if let Some((path, bytes)) = place(&mut exchange, &answer.body, &file) {
                    recorded.files.insert(path, bytes);
                }
            }
        }
        match recorded.exchanges.last_mut() {
            Some(last) if same(last, &exchange) => last.times += 1,
            _ => recorded.exchanges.push(exchange),
        }
    }
    Ok(recorded)
}

fn asked(request: &FarRequest) -> Exchange {
    let body = serde_json::from_slice::<Value>(&request.body).ok().map(without_secrets);
    Exchange {
        request: format!("{} {}", request.method, clean_url(&request.url, ANY)),
        // A recorded body is what a request holds at least, so leaving a field out asks for less.
        body: body.filter(|body| in_toml(body).is_some()),
        as_caller: request.as_caller.then_some(true),
        status: 200,
        headers: BTreeMap::new(),
        json: None,
        text: None,
        file: None,
        unreachable: None,
        times: 1,
    }
}

/// Puts an answer's body where it belongs; returns what belongs in a file.
fn place(exchange: &mut Exchange, body: &[u8], file: &str) -> Option<(String, Vec<u8>)> {
    if body.is_empty() {
        return None;
    }
    let Ok(text) = std::str::from_utf8(body) else {
        let path = format!("{file}.bin");
        exchange.file = Some(path.clone());
        return Some((path, body.to_vec()));
    };
    let clean = clean_text(text);
    let json = serde_json::from_str::<Value>(&clean).ok();
    let (clean, json) = match json.clone().map(masked) {
        // Written anew only where something was left out, so that no number loses a digit otherwise.
        Some(masked) if Some(&masked) != json.as_ref() => (masked.to_string(), Some(masked)),
        _ => (clean, json),
    };
    if clean.len() > MAX_INLINE_BYTES {
        let path = format!("{file}.{}", if json.is_some() { "json" } else { "txt" });
        exchange.file = Some(path.clone());
        return Some((path, clean.into_bytes()));
    }
    match json {
        Some(json) if in_toml(&json).is_some() && is_written_as(&json, &clean) => {
            // What an answer of JSON has anyway.
            if exchange.headers.get("content-type").is_some_and(|kind| kind == "application/json") {
                exchange.headers.remove("content-type");
            }
            exchange.json = Some(json);
        }
        _ => exchange.text = Some(clean),
    }
    None
}

/// Whether a value that was read from `text` is written as that text again, blanks aside: only then was no digit lost.
fn is_written_as(value: &Value, text: &str) -> bool {
    let written = value.to_string();
    written == compact(text)
}

/// JSON text without the blanks between its parts.
fn compact(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let (mut inside, mut escaped) = (false, false);
    for c in json.chars() {
        if inside || !c.is_ascii_whitespace() {
            text.push(c);
        }
        match c {
            '"' if !escaped => inside = !inside,
            '\\' if inside && !escaped => {
                escaped = true;
                continue;
            }
            _ => {}
        }
        escaped = false;
    }
    text
}

/// A value as TOML writes it within a line; none when TOML has no word for it, such as null, or changes it.
pub(crate) fn in_toml(value: &Value) -> Option<String> {
    let written = toml::Value::try_from(value).ok()?.to_string();
    let read: BTreeMap<String, Value> = toml::from_str(&format!("v = {written}")).ok()?;
    // One line, so that no line of it looks like a header.
    (read.get("v") == Some(value) && !written.contains('\n')).then_some(written)
}

fn same(a: &Exchange, b: &Exchange) -> bool {
    // Bodies in files have files of their own, so two of them are never one.
    *a == Exchange { times: a.times, ..b.clone() }
}

/// A name as part of a file's.
fn slug(name: &str) -> String {
    let words = name.to_lowercase();
    let words = words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug: String = words.collect::<Vec<_>>().join("-").chars().take(40).collect();
    if slug.is_empty() { "case".to_owned() } else { slug }
}

fn is_secret(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    SECRET_NAMES.contains(&plain.as_str()) || SECRET_WORDS.iter().any(|word| plain.contains(word))
}

/// Fields with secret names taken out, as null is, which TOML cannot say.
fn without_secrets(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(name, value)| !is_secret(name) && !value.is_null());
            Value::Object(kept.map(|(name, value)| (name, without_secrets(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_secrets).collect()),
        Value::String(text) => Value::String(clean_text(&text)),
        other => other,
    }
}

/// Texts in fields with secret names, and in addresses, replaced.
fn masked(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let masked = fields.into_iter().map(|(name, value)| match value {
                Value::String(text) if is_secret(&name) && !text.is_empty() => {
                    (name, Value::String(LEFT_OUT.to_owned()))
                }
                other => (name, masked(other)),
            });
            Value::Object(masked.collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(masked).collect()),
        Value::String(text) if text.starts_with("https://") => Value::String(clean_url(&text, "not-recorded")),
        other => other,
    }
}

/// An address whose query tells no secret; unchanged when it has none.
fn clean_url(text: &str, in_place: &str) -> String {
    let Ok(mut url) = Url::parse(text) else { return text.to_owned() };
    if !url.query_pairs().any(|(name, _)| is_secret(&name)) {
        return text.to_owned();
    }
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    url.query_pairs_mut().clear().extend_pairs(pairs.into_iter().map(|(name, value)| {
        let value = if is_secret(&name) { in_place.to_owned() } else { value };
        (name, value)
    }));
    url.into()
}

/// A text without what has the form of a token.
fn clean_text(text: &str) -> String {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let word = rest.split(|c| !part(c)).next().unwrap_or_default();
        clean.push_str(if is_token(word) { LEFT_OUT } else { word });
        rest = rest.get(word.len()..).unwrap_or_default();
        if let Some(mark) = rest.chars().next() {
            clean.push(mark);
            rest = rest.get(mark.len_utf8()..).unwrap_or_default();
        }
    }
    clean
}

/// A personal access token of Databricks, GitHub or Slack, an AWS key's id, or a JSON web token.
fn is_token(word: &str) -> bool {
    let long = |prefix: &str, min: usize| word.starts_with(prefix) && word.len() >= min;
    let jwt = long("eyJ", 40) && word.matches('.').count() == 2;
    jwt || long("dapi", 32)
        || long("dkea", 32)
        || long("ghp_", 36)
        || long("xoxb-", 30)
        || (long("AKIA", 20) && word.len() == 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case() -> Case {
        let text = "[[case]]\nname = \"Reads: ä page!\"\ntool = \"t\"\nexpect = { text = \"x\" }";
        crate::Suite::parse(text).unwrap().cases.remove(0)
    }

    fn asked_for(line: &str, body: &str) -> FarRequest {
        let (method, url) = line.split_once(' ').unwrap();
        FarRequest {
            method: method.into(),
            url: url.into(),
            headers: vec![("x-api-key".into(), "k-123".into())],
            body: body.to_owned().into(),
            as_caller: true,
        }
    }

    fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Result<FarAnswer, Unanswered> {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Ok(FarAnswer { status, headers, body: body.into().into() })
    }

    fn one(request: FarRequest, answer: Result<FarAnswer, Unanswered>) -> Recorded {
        let recorded = exchanges(&case(), &vec![(request, answer)]).unwrap();
        assert_eq!(recorded.exchanges.len(), 1);
        recorded
    }

    #[test]
    fn bodies_keep_every_digit() {
        let json = |body: &str| {
            let request = asked_for("GET https://a.example/x", "");
            one(request, answer(200, &[("content-type", "application/json")], body)).exchanges.remove(0)
        };
        let plain = json("{\"z\": 1, \"a\": [1.5, \"\\\" x\"]}");
        assert_eq!(plain.json.unwrap().to_string(), "{\"z\":1,\"a\":[1.5,\"\\\" x\"]}");
        assert!(plain.headers.is_empty());
        for kept in ["{\"n\": 18446744073709551616}", "{\"n\": 1.10}", "{\"n\": null}", "[1, null]", "no json"] {
            let exchange = json(kept);
            assert_eq!((exchange.text.as_deref(), exchange.json), (Some(kept), None));
            assert_eq!(exchange.headers["content-type"], "application/json");
        }
    }

    #[test]
    fn secrets_are_left_out() {
        let token = "dapi0123456789abcdef0123456789abcdef";
        let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P";
        let recorded = one(
            asked_for(
                "POST https://a.example/x?q=1&api_key=k-456&token=t-1&page_token=p2",
                "{\"sql\": \"select 1\", \"password\": \"pw-789\", \"none\": null, \"deep\": {\"client_secret\": \"cs-1\"}}",
            ),
            answer(
                200,
                &[
                    ("set-cookie", "c-1"),
                    ("date", "now"),
                    ("location", "https://a.example/?x=1"),
                    ("x-request-id", "r-1"),
                ],
                format!(
                    "{{\"access_token\": \"at-1\", \"said\": \"use {token} or {jwt}\", \"next_page_token\": \"p3\", \
                     \"link\": \"https://s.example/o?X-Amz-Signature=sig-1&part=2\"}}"
                ),
            ),
        );
        let all = format!("{recorded:?}");
        for secret in ["k-123", "k-456", "t-1", "pw-789", "cs-1", "c-1", "r-1", "at-1", "sig-1", "dapi", "eyJ"] {
            assert!(!all.contains(secret), "{secret} in {all}");
        }
        let exchange = &recorded.exchanges[0];
        assert_eq!(exchange.request, "POST https://a.example/x?q=1&api_key=*&token=*&page_token=p2");
        assert_eq!(exchange.body.as_ref().unwrap().to_string(), "{\"sql\":\"select 1\",\"deep\":{}}");
        assert_eq!(exchange.as_caller, Some(true));
        let json = exchange.json.as_ref().unwrap();
        assert_eq!(
            (&json["next_page_token"], &json["said"]),
            (&"p3".into(), &"use (not recorded) or (not recorded)".into())
        );
        assert_eq!(json["link"], "https://s.example/o?X-Amz-Signature=not-recorded&part=2");
        assert_eq!(exchange.headers.keys().collect::<Vec<_>>(), ["location"]);
    }

    #[test]
    fn what_is_large_goes_to_files_and_what_is_too_large_nowhere() {
        let get = || asked_for("GET https://a.example/x", "");
        let recorded = one(get(), answer(200, &[], "x".repeat(MAX_INLINE_BYTES + 1)));
        assert_eq!(recorded.exchanges[0].file.as_deref(), Some("testdata/recorded/reads-page-1.txt"));
        assert_eq!(recorded.files["testdata/recorded/reads-page-1.txt"].len(), MAX_INLINE_BYTES + 1);
        let recorded = one(get(), answer(200, &[], vec![0xff, 0]));
        assert_eq!(recorded.files["testdata/recorded/reads-page-1.bin"], [0xff, 0]);
        let large = vec![(get(), answer(200, &[], vec![b'x'; MAX_BODY_BYTES + 1]))];
        assert!(exchanges(&case(), &large).unwrap_err().what.contains("bytes"));
        let many = vec![(get(), answer(200, &[], "x")); MAX_EXCHANGES + 1];
        assert!(exchanges(&case(), &many).unwrap_err().what.contains("65 requests"));
    }

    #[test]
    fn equal_neighbours_are_one_and_silence_is_kept() {
        let get = |path: &str| asked_for(&format!("GET https://a.example/{path}"), "");
        let heard = vec![
            (get("a"), answer(200, &[], "1")),
            (get("a"), answer(200, &[], "1")),
            (get("a"), answer(200, &[], "2")),
            (get("b"), Err(Unanswered("no connection could be made".to_owned()))),
        ];
        let recorded = exchanges(&case(), &heard).unwrap().exchanges;
        let told: Vec<_> = recorded.iter().map(|e| (e.times, e.unreachable.is_some())).collect();
        assert_eq!(told, [(2, false), (1, false), (1, true)]);
    }
}
