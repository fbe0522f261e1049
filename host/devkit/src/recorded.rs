//! Recorded HTTP: answers of `tests.toml` in the place of the network.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bricklayer_runtime::{FarAnswer, FarEnd, FarRequest, Unanswered};
use serde_json::Value;
use url::Url;

use crate::cases::{ANY, Exchange, Suite, read_named};
use crate::record::{Heard, MAX_EXCHANGES};
use crate::{Problem, compare};

/// An exchange and how often it has been asked.
#[derive(Debug)]
struct Recording {
    exchange: Exchange,
    answer: FarAnswer,
    asked: u32,
}

/// The far end of one case after another.
#[derive(Debug, Default)]
pub(crate) struct CaseRecordings {
    recordings: Mutex<Vec<Recording>>,
    /// What was asked and was wrong, in words.
    surprises: Mutex<Vec<String>>,
    /// While a case is recorded: what was heard of it so far. The network answers then.
    heard: Mutex<Option<Heard>>,
}

impl CaseRecordings {
    /// Begins a case.
    pub(crate) fn begin(&self, folder: &Path, exchanges: &[Exchange]) -> Result<(), Problem> {
        let recordings = exchanges.iter().map(|exchange| recording(folder, exchange)).collect::<Result<_, _>>()?;
        *lock(&self.recordings) = recordings;
        lock(&self.surprises).clear();
        Ok(())
    }

    /// Begins a case that the network answers.
    pub(crate) fn listen(&self) {
        *lock(&self.heard) = Some(Vec::new());
    }

    /// Ends such a case: all that was heard of it.
    pub(crate) fn heard(&self) -> Heard {
        lock(&self.heard).take().unwrap_or_default()
    }

    /// Ends a case: what was asked and not expected, then what was expected and not asked.
    pub(crate) fn end(&self) -> Vec<String> {
        let mut problems = std::mem::take(&mut *lock(&self.surprises));
        for recording in std::mem::take(&mut *lock(&self.recordings)) {
            if recording.asked < recording.exchange.times {
                let (asked, times) = (recording.asked, recording.exchange.times);
                let count =
                    if times == 1 { "was not sent".to_owned() } else { format!("was sent {asked} of {times} times") };
                problems.push(format!("the recorded request {} {count}", recording.exchange.request));
            }
        }
        problems
    }
}

#[async_trait]
impl FarEnd for CaseRecordings {
    fn plays(&self, _host: &str) -> bool {
        lock(&self.heard).is_none()
    }

    fn listens(&self) -> bool {
        lock(&self.heard).is_some()
    }

    fn heard(&self, request: FarRequest, answer: Result<FarAnswer, Unanswered>) {
        if let Some(heard) = lock(&self.heard).as_mut().filter(|heard| heard.len() <= MAX_EXCHANGES) {
            heard.push((request, answer));
        }
    }

    async fn answer(&self, request: FarRequest) -> Result<FarAnswer, Unanswered> {
        let mut recordings = lock(&self.recordings);
        let mut reasons = Vec::new();
        for recording in recordings.iter_mut() {
            if !same_request(&recording.exchange, &request) {
                continue;
            }
            if recording.asked == recording.exchange.times {
                reasons.push("it was sent more often than it is recorded".to_owned());
                continue;
            }
            let wrong = wrong_with(&recording.exchange, &request);
            if wrong.is_empty() {
                recording.asked += 1;
                return respond(recording);
            }
            reasons.extend(wrong);
        }
        let line = format!("{} {}", request.method, request.url);
        let why = if reasons.is_empty() { "no answer is recorded for it".to_owned() } else { reasons.join("; ") };
        lock(&self.surprises).push(format!("the plugin sent {line}: {why}"));
        Err(Unanswered(format!("tests.toml: {line}: {why}")))
    }
}

/// All recorded answers of a plugin, for playing with it without its services: any number of times, in any order.
#[derive(Debug, Default)]
pub struct Playback {
    folder: PathBuf,
    recordings: Mutex<Vec<Recording>>,
    hosts: Mutex<BTreeSet<String>>,
}

impl Playback {
    /// Nothing yet; see [`reload`](Self::reload).
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), ..Self::default() }
    }

    /// Reads the plugin's tests.toml again. Hosts that it plays: public ones with a recorded exchange.
    ///
    /// # Errors
    /// A tests.toml that makes no sense; what was read before stays.
    pub fn reload(&self) -> Result<(), Problem> {
        let suite = Suite::open(&self.folder)?.unwrap_or(Suite { cases: Vec::new() });
        let mut recordings = Vec::new();
        let mut hosts = BTreeSet::new();
        for exchange in suite.cases.iter().flat_map(|case| &case.http) {
            let host = exchange.line().and_then(|(_, url)| Url::parse(url).ok()?.host_str().map(str::to_owned));
            // The local workspace is at hand and answers better than a recording.
            if let Some(host) = host.filter(|host| host != "workspace") {
                hosts.insert(host);
                recordings.push(recording(&self.folder, exchange)?);
            }
        }
        *lock(&self.recordings) = recordings;
        *lock(&self.hosts) = hosts;
        Ok(())
    }

    /// The hosts that are played.
    #[must_use]
    pub fn hosts(&self) -> Vec<String> {
        lock(&self.hosts).iter().cloned().collect()
    }
}

#[async_trait]
impl FarEnd for Playback {
    fn plays(&self, host: &str) -> bool {
        lock(&self.hosts).contains(host)
    }

    async fn answer(&self, request: FarRequest) -> Result<FarAnswer, Unanswered> {
        let recordings = lock(&self.recordings);
        let found = recordings.iter().find(|recording| {
            same_request(&recording.exchange, &request) && wrong_with(&recording.exchange, &request).is_empty()
        });
        match found {
            Some(recording) => respond(recording),
            None => Err(Unanswered(format!(
                "tests.toml records no answer to {} {}; add one, or start `bricklayer plugin dev --live` to ask the real host",
                request.method, request.url
            ))),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn recording(folder: &Path, exchange: &Exchange) -> Result<Recording, Problem> {
    let mut headers: Vec<_> = exchange.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let body = match (&exchange.json, &exchange.text, &exchange.file) {
        (Some(json), _, _) => {
            if !exchange.headers.keys().any(|name| name.eq_ignore_ascii_case("content-type")) {
                headers.push(("content-type".to_owned(), "application/json".to_owned()));
            }
            json.to_string().into_bytes()
        }
        (_, Some(text), _) => text.clone().into_bytes(),
        (_, _, Some(file)) => read_named(folder, file)?,
        _ => Vec::new(),
    };
    let answer = FarAnswer { status: exchange.status, headers, body: body.into() };
    Ok(Recording { exchange: exchange.clone(), answer, asked: 0 })
}

fn respond(recording: &Recording) -> Result<FarAnswer, Unanswered> {
    match &recording.exchange.unreachable {
        Some(reason) => Err(Unanswered(reason.clone())),
        None => Ok(recording.answer.clone()),
    }
}

/// Method, host, path and the query's pairs, however they are encoded and ordered; a recorded `*` is any value.
fn same_request(exchange: &Exchange, request: &FarRequest) -> bool {
    let Some((method, url)) = exchange.line() else { return false };
    if method != request.method {
        return false;
    }
    let (Ok(expected), Ok(found)) = (Url::parse(url), Url::parse(&request.url)) else { return url == request.url };
    let pairs = |url: &Url| {
        let mut pairs: Vec<_> = url.query_pairs().into_owned().collect();
        pairs.sort();
        pairs
    };
    let (wanted, sent) = (pairs(&expected), pairs(&found));
    expected.host_str() == found.host_str()
        && expected.path() == found.path()
        && wanted.len() == sent.len()
        && wanted.iter().zip(&sent).all(|(wanted, sent)| wanted.0 == sent.0 && (wanted.1 == ANY || wanted.1 == sent.1))
}

/// What a request of the right address lacks.
fn wrong_with(exchange: &Exchange, request: &FarRequest) -> Vec<String> {
    let mut wrong = Vec::new();
    if let Some(expected) = &exchange.body {
        match serde_json::from_slice::<Value>(&request.body) {
            Ok(found) => {
                wrong.extend(compare::differences(expected, &found).into_iter().map(|d| format!("its body: {d}")))
            }
            Err(error) => wrong.push(format!("its body is no JSON: {error}")),
        }
    }
    if exchange.as_caller.is_some_and(|expected| expected != request.as_caller) {
        wrong.push(format!("it went {} the caller's credential", if request.as_caller { "with" } else { "without" }));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(line: &str, body: &'static str) -> FarRequest {
        let (method, url) = line.split_once(' ').unwrap();
        FarRequest { method: method.into(), url: url.into(), headers: Vec::new(), body: body.into(), as_caller: false }
    }

    fn exchange(text: &str) -> Exchange {
        toml::from_str(text).unwrap()
    }

    #[tokio::test]
    async fn answers_once_per_recording_and_tells_what_was_wrong() {
        let recordings = CaseRecordings::default();
        let exchanges = [
            exchange("request = \"GET https://a.example/x?b=*&a=K%C3%B6ln\"\njson = { n = 1 }"),
            exchange("request = \"POST https://a.example/y\"\nbody = { q = 1 }"),
            exchange("request = \"GET https://a.example/never\""),
        ];
        recordings.begin(Path::new("/"), &exchanges).unwrap();
        let answer = recordings.answer(request("GET https://a.example/x?a=K%c3%b6ln&b=2", "")).await.unwrap();
        assert_eq!((answer.status, &*answer.body), (200, &b"{\"n\":1}"[..]));
        assert!(recordings.answer(request("GET https://a.example/x?a=Köln&b=2", "")).await.is_err());
        assert!(recordings.answer(request("POST https://a.example/y", "{\"q\":2}")).await.is_err());
        assert!(recordings.answer(request("POST https://a.example/y", "{\"q\":1,\"r\":0}")).await.is_ok());
        assert!(recordings.answer(request("GET https://b.example/x", "")).await.is_err());
        let problems = recordings.end();
        assert_eq!(problems.len(), 4, "{problems:#?}");
        assert!(problems[0].contains("more often"), "{problems:#?}");
        assert!(problems[1].contains("its body: q: expected 1, found 2"), "{problems:#?}");
        assert!(problems[2].contains("b.example"), "{problems:#?}");
        assert!(problems[3].contains("/never was not sent"), "{problems:#?}");
    }
}
