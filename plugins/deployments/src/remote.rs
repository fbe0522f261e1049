//! The outside of a deploy over a call's platform: calls side by side, kept files in the project, progress by steps.

use std::cell::{Cell, RefCell};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::time::Duration;

use bricklayer_bundle::Bundle;
use bricklayer_databricks::side_by_side;
use bricklayer_deployer::{Body, Call, Fault, FaultKind, MAX_STATE_BYTES, Method, Step, World};
use bricklayer_sdk::{
    Errand, Failure, Kind, Method as Verb, Part, Platform, Request, Response, StepState, TransportError, Upload,
    api_failure,
};
use serde_json::Value;

/// Calls that make something and go at once: what a call of the host may have.
const AT_ONCE: usize = 8;

/// Times that a call is sent that the workspace did not take because it was busy.
const ATTEMPTS: u32 = 4;

/// Longest pause that a busy workspace may ask for.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// Calls that are begun before the time that is left is looked at again.
const BATCH: usize = 64;

/// What is left of a call's time for state, metadata and lock.
const TIME_TO_END: Duration = Duration::from_secs(30);

/// Reports of one step at most.
const MAX_REPORTS: usize = 40;

/// The steps as they are told, in their order.
const DEPLOY: [(Step, &str); 5] = [
    (Step::Lock, "lock"),
    (Step::Libraries, "libraries"),
    (Step::Files, "files"),
    (Step::Resources, "resources"),
    (Step::State, "state"),
];
const DESTROY: [(Step, &str); 4] =
    [(Step::Lock, "lock"), (Step::Resources, "resources"), (Step::State, "state"), (Step::Folder, "folder")];

/// A platform as deploys see it.
pub(crate) struct Remote<'a, P> {
    platform: &'a P,
    cache: PathBuf,
    steps: &'static [(Step, &'static str)],
    step: Cell<Option<Step>>,
    /// The failures behind faults, for what a tool answers.
    failures: RefCell<Vec<Failure>>,
}

impl<'a, P: Platform> Remote<'a, P> {
    /// For a bundle of the project; what is kept lies where the official command line keeps it.
    pub(crate) fn new(platform: &'a P, bundle: &Bundle, is_destroy: bool) -> Self {
        let cache = platform.project().join(&bundle.folder).join(".databricks/bundle").join(&bundle.target);
        let steps: &[(Step, &str)] = if is_destroy { &DESTROY } else { &DEPLOY };
        Self { platform, cache, steps, step: Cell::new(None), failures: RefCell::new(Vec::new()) }
    }

    /// What a tool answers for a fault: the failure behind it where there is one.
    pub(crate) fn failure(&self, fault: Fault) -> Failure {
        let known = self.failures.borrow();
        if let Some(failure) = known.iter().rev().find(|failure| fault.message.ends_with(&failure.message)) {
            return Failure { message: fault.message, ..failure.clone() };
        }
        let kind = match fault.kind {
            FaultKind::Missing => Kind::NotFound,
            FaultKind::Lost => Kind::Upstream,
            FaultKind::NotSent => Kind::Timeout,
            FaultKind::Exists | FaultKind::Refused | FaultKind::Local => Kind::Failed,
        };
        Failure::new(kind, fault.message)
    }

    fn fault(&self, failure: Failure) -> Fault {
        let exists = |code: &str| code.ends_with("ALREADY_EXISTS");
        let absent = matches!(failure.code.as_deref(), Some("ENDPOINT_NOT_FOUND" | "FEATURE_DISABLED"));
        let kind = match failure.kind {
            Kind::NotFound if !absent => FaultKind::Missing,
            Kind::Upstream | Kind::Timeout => FaultKind::Lost,
            _ if failure.code.as_deref().is_some_and(exists) || failure.message.contains("already exists") => {
                FaultKind::Exists
            }
            _ => FaultKind::Refused,
        };
        let fault = Fault::new(kind, failure.message.clone());
        self.failures.borrow_mut().push(failure);
        fault
    }

    fn answer(&self, answer: Result<Response, Failure>) -> Result<Value, Fault> {
        answer.and_then(|response| response.json::<Value>()).map_err(|failure| self.fault(failure))
    }

    /// Whether there is time for more calls. Work that was begun is brought to its end in the last of the time; before, and
    /// where it is only planned, there is nothing to end.
    fn has_time(&self) -> bool {
        let is_under_way = self.step.get().is_some_and(|step| step < Step::State);
        !is_under_way || self.platform.context().time_left > TIME_TO_END
    }

    /// Calls that make something are sent again only when the workspace says that it did not take them.
    fn once(&self, calls: &[(usize, &Call)], done: &mut dyn FnMut(usize, Result<Value, Fault>)) {
        let mut waiting = calls.to_vec();
        for attempt in 1..=ATTEMPTS {
            let (mut later, mut pause) = (Vec::new(), Duration::ZERO);
            let mut errands = waiting.iter().map(|(_, call)| errand(call));
            let mut answered = waiting.iter();
            self.platform.run_each(&mut errands, AT_ONCE, &mut |answer| {
                let Some((at, call)) = answered.next().copied() else { return false };
                match answer {
                    Ok(response) if response.status == 429 && attempt < ATTEMPTS => {
                        let asked = response.retry_after_seconds().unwrap_or(1 << attempt);
                        pause = pause.max(Duration::from_secs(asked).min(MAX_PAUSE));
                        later.push((at, call));
                    }
                    answer => done(at, self.answer(response(answer))),
                }
                true
            });
            if later.is_empty() {
                return;
            }
            self.platform.sleep(pause);
            waiting = later;
        }
    }
}

fn response(answer: Result<Response, TransportError>) -> Result<Response, Failure> {
    let response = answer?;
    if response.is_success() { Ok(response) } else { Err(api_failure(&response)) }
}

fn errand(call: &Call) -> Errand {
    let method = match call.method {
        Method::Get => Verb::Get,
        Method::Post => Verb::Post,
        Method::Put => Verb::Put,
        Method::Patch => Verb::Patch,
        Method::Delete => Verb::Delete,
    };
    let path = call.path.clone();
    let content = |part| {
        Errand::Upload(Upload {
            method,
            path: path.clone(),
            content_type: "application/octet-stream".to_owned(),
            body: vec![part],
        })
    };
    match &call.body {
        Body::Nothing => Errand::Send(Request { method, path, body: None }),
        Body::Json(value) => Errand::Send(Request { method, path, body: Some(value.to_string()) }),
        Body::Bytes(bytes) => content(Part::Bytes(bytes.clone())),
        Body::File { path: file, bytes } => content(Part::File { file: file.clone(), bytes: *bytes }),
    }
}

impl<P: Platform> World for Remote<'_, P> {
    fn each(&self, calls: &[Call], done: &mut dyn FnMut(usize, Result<Value, Fault>)) {
        let not_sent = || {
            Err(Fault::new(
                FaultKind::NotSent,
                "the call's time was over before this was sent; plan and deploy again to go on",
            ))
        };
        let numbered: Vec<(usize, &Call)> = calls.iter().enumerate().collect();
        for batch in numbered.chunks(BATCH) {
            if !self.has_time() {
                batch.iter().for_each(|(at, _)| done(*at, not_sent()));
                continue;
            }
            let (again, once): (Vec<_>, Vec<_>) = batch.iter().copied().partition(|(_, call)| call.is_repeatable());
            let nothing = || Errand::Send(Request { method: Verb::Get, path: "/".to_owned(), body: None });
            let left = side_by_side::each(
                self.platform,
                again.len(),
                |item| again.get(item).map_or_else(nothing, |(_, call)| errand(call)),
                |item, answer| {
                    if let Some((at, _)) = again.get(item) {
                        done(*at, self.answer(answer));
                    }
                },
            );
            for (at, _) in left.iter().filter_map(|item| again.get(*item)) {
                done(*at, not_sent());
            }
            self.once(&once, done);
        }
    }

    fn size(&self, path: &str) -> Option<u64> {
        let about = fs::metadata(self.platform.project().join(path)).ok()?;
        about.is_file().then_some(about.len())
    }

    fn kept(&self, name: &str) -> Result<Option<Vec<u8>>, Fault> {
        let place = self.cache.join(name);
        match fs::metadata(&place) {
            Ok(about) if about.len() > MAX_STATE_BYTES as u64 => {
                Err(local(name, &format!("it has more than {MAX_STATE_BYTES} bytes")))
            }
            Ok(_) => fs::read(&place).map(Some).map_err(|error| local(name, &error)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(local(name, &error)),
        }
    }

    fn keep(&self, name: &str, content: &[u8]) -> Result<(), Fault> {
        let place = self.cache.join(name);
        let arriving = self.cache.join(format!("{name}.part"));
        let written = fs::create_dir_all(place.parent().unwrap_or(&self.cache))
            .and_then(|()| fs::write(&arriving, content))
            .and_then(|()| fs::rename(&arriving, &place));
        written.map_err(|error| local(name, &error))
    }

    fn append(&self, name: &str, content: &[u8]) -> Result<(), Fault> {
        let open = fs::create_dir_all(&self.cache)
            .and_then(|()| OpenOptions::new().create(true).append(true).open(self.cache.join(name)));
        open.and_then(|mut file| file.write_all(content)).map_err(|error| local(name, &error))
    }

    fn forget(&self, name: &str) -> Result<(), Fault> {
        match fs::remove_file(self.cache.join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(local(name, &error)),
            _ => Ok(()),
        }
    }

    fn tell(&self, step: Step, done: usize, total: usize) {
        let is_new = self.step.replace(Some(step)) != Some(step);
        if !is_new && done != total && !done.is_multiple_of(total.div_ceil(MAX_REPORTS).max(1)) {
            return;
        }
        let state = |one: Step| match one.cmp(&step) {
            std::cmp::Ordering::Less => StepState::Succeeded,
            std::cmp::Ordering::Equal if done == total && total > 0 => StepState::Succeeded,
            std::cmp::Ordering::Equal => StepState::Running,
            std::cmp::Ordering::Greater => StepState::Waiting,
        };
        let told = |(index, (one, key)): (usize, &(Step, &str))| bricklayer_sdk::Step {
            key: (*key).to_owned(),
            state: state(*one),
            link: None,
            depends_on: index
                .checked_sub(1)
                .and_then(|before| self.steps.get(before))
                .map(|(_, key)| (*key).to_owned())
                .into_iter()
                .collect(),
        };
        let name = self.steps.iter().find(|(one, _)| *one == step).map_or("", |(_, key)| key);
        let message = if total > 1 { format!("{name}: {done} of {total}") } else { name.to_owned() };
        self.platform.progress_steps(&message, self.steps.iter().enumerate().map(told).collect());
    }
}

fn local(name: &str, problem: &dyn std::fmt::Display) -> Fault {
    Fault::new(FaultKind::Local, format!("the project's file .databricks/bundle/…/{name}: {problem}"))
}

#[cfg(test)]
mod tests {
    use bricklayer_bundle::{MemoryFiles, open};
    use bricklayer_sdk::CallContext;
    use bricklayer_sdk::testing::Script;

    use super::*;

    fn bundle() -> Bundle {
        let files: MemoryFiles = [("databricks.yml", "bundle: {name: b}")].into_iter().collect();
        open(&files, bricklayer_bundle::Request::default()).finish(&files, &[]).bundle.unwrap()
    }

    fn call(method: Method, path: &str) -> Call {
        Call { method, path: path.to_owned(), body: Body::Nothing }
    }

    fn kinds(script: &Script, calls: &[Call]) -> Vec<Option<FaultKind>> {
        let remote = Remote::new(script, &bundle(), false);
        let mut kinds = vec![None; calls.len()];
        remote.each(calls, &mut |at, answer| kinds[at] = answer.err().map(|fault| fault.kind));
        kinds
    }

    #[test]
    fn what_makes_something_is_not_sent_again_when_it_may_be_there() {
        let create = call(Method::Post, "/api/2.2/jobs/create");
        let line = "POST /api/2.2/jobs/create";
        for (script, expect) in [
            (Script::new().on(line, 200, "{}"), None),
            (Script::new().on(line, 503, ""), Some(FaultKind::Lost)),
            (Script::new().on(line, 500, ""), Some(FaultKind::Lost)),
            (Script::new().fail(line, TransportError::Timeout("t".to_owned())), Some(FaultKind::Lost)),
            (Script::new().on(line, 429, "").on(line, 200, "{}"), None),
            (
                Script::new().on(line, 400, r#"{"error_code":"RESOURCE_ALREADY_EXISTS","message":"x"}"#),
                Some(FaultKind::Exists),
            ),
            (
                Script::new().on(line, 403, r#"{"error_code":"PERMISSION_DENIED","message":"x"}"#),
                Some(FaultKind::Refused),
            ),
        ] {
            assert_eq!(kinds(&script, std::slice::from_ref(&create)), [expect]);
            script.done();
        }
        let read = call(Method::Get, "/api/2.0/pipelines/p");
        let line = "GET /api/2.0/pipelines/p";
        let script = Script::new().on(line, 503, "").on(line, 404, r#"{"error_code":"NOT_FOUND","message":"x"}"#);
        assert_eq!(kinds(&script, std::slice::from_ref(&read)), [Some(FaultKind::Missing)]);
        // A feature that is not there says nothing about the object.
        let script = Script::new().on(line, 404, r#"{"error_code":"ENDPOINT_NOT_FOUND","message":"x"}"#);
        assert_eq!(kinds(&script, &[read]), [Some(FaultKind::Refused)]);
    }

    #[test]
    fn the_last_steps_have_the_last_of_the_time() {
        let context = CallContext { time_left: Duration::from_secs(20), ..CallContext::default() };
        let read = call(Method::Get, "/api/2.0/pipelines/p");
        let bundle = bundle();
        let answers = |script: &Script, step: Option<Step>| {
            let remote = Remote::new(script, &bundle, false);
            step.inspect(|step| remote.tell(*step, 0, 1));
            let mut answers = 0;
            remote.each(std::slice::from_ref(&read), &mut |_, answer| answers += usize::from(answer.is_ok()));
            answers
        };
        let there = || Script::new().context(context.clone()).on("GET /api/2.0/pipelines/p", 200, "{}");
        // A look before a question has half of that.
        assert_eq!(answers(&there(), None), 1);
        assert_eq!(answers(&Script::new().context(context.clone()), Some(Step::Files)), 0);
        let script = there();
        assert_eq!(answers(&script, Some(Step::State)), 1);
        assert_eq!(
            script.progress_messages(),
            ["state [lock:StepState::Succeeded libraries:StepState::Succeeded files:StepState::Succeeded \
              resources:StepState::Succeeded state:StepState::Running]"]
        );
    }

    #[test]
    fn kept_files_lie_where_the_command_line_keeps_them() {
        let folder = tempfile::tempdir().unwrap();
        let script = Script::new().project(folder.path());
        let remote = Remote::new(&script, &bundle(), false);
        assert_eq!(remote.kept("a/b.json"), Ok(None));
        remote.keep("a/b.json", b"1").unwrap();
        remote.append("a/b.json", b"2").unwrap();
        assert_eq!(remote.kept("a/b.json"), Ok(Some(b"12".to_vec())));
        assert!(folder.path().join(".databricks/bundle/default/a/b.json").is_file());
        remote.forget("a/b.json").unwrap();
        remote.forget("a/b.json").unwrap();
        assert_eq!(remote.kept("a/b.json"), Ok(None));
    }
}
