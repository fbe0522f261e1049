//! A kind of work that is no statement, against a scripted workspace.

use bricklayer_sdk::testing::Script;
use bricklayer_sdk::{CallContext, Kind, Method, encode_query};
use serde::Deserialize;
use serde_json::json;

use super::*;

const RUN: &str = "POST /api/2.1/jobs/run-now";
const GET: &str = "GET /api/2.1/jobs/runs/get?run_id=7";
const CANCEL: &str = "POST /api/2.1/jobs/runs/cancel";
const STARTED: &str = r#"{"run_id":7}"#;
const GOING: &str = r#"{"state":{"life_cycle_state":"RUNNING"}}"#;
const SUCCESS: &str = r#"{"state":{"life_cycle_state":"TERMINATED","result_state":"SUCCESS"}}"#;
const CANCELED: &str = r#"{"state":{"life_cycle_state":"TERMINATED","result_state":"CANCELED"}}"#;

/// A run of a job.
#[derive(Debug, Clone)]
struct Run {
    job_id: u64,
}

#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(default)]
    run_id: u64,
    #[serde(default)]
    state: RunState,
}

#[derive(Debug, Default, Deserialize)]
struct RunState {
    #[serde(default)]
    life_cycle_state: String,
    #[serde(default)]
    result_state: String,
}

impl Work for Run {
    type State = ();
    type Answer = Answer;
    type Output = String;

    const NOUN: (&'static str, &'static str) = ("Run", "runs");

    fn word((): ()) -> &'static str {
        "running"
    }

    fn start(&mut self, platform: &impl Platform) -> Result<Started<(), Answer>, Failure> {
        let body = json!({"job_id": self.job_id});
        let answer: Answer = Workspace::new(platform).post("/api/2.1/jobs/run-now", &body)?;
        let id = answer.run_id.to_string();
        Ok(Started { id, state: (), answer: None, ends_with_call: true, outlives_host: true })
    }

    fn look(&self, platform: &impl Platform, id: &str) -> Result<Look<(), Answer>, Failure> {
        let answer: Answer = Workspace::new(platform).get("/api/2.1/jobs/runs/get", &[("run_id", id)])?;
        Ok(if answer.state.life_cycle_state == "TERMINATED" { Look::Ended(answer) } else { Look::Going(()) })
    }

    fn ended(&mut self, _platform: &impl Platform, id: &str, answer: Answer) -> End<String> {
        match answer.state.result_state.as_str() {
            "SUCCESS" => End::Done(format!("run {id}")),
            other => End::Failed(Failure::new(Kind::Failed, format!("the run {id} ended as {other}"))),
        }
    }

    fn ended_well(answer: &Answer) -> bool {
        answer.state.result_state == "SUCCESS"
    }

    fn end_request(&self, id: &str) -> Request {
        let path = encode_query("/api/2.1/jobs/runs/cancel", &[]);
        Request { method: Method::Post, path, body: Some(format!(r#"{{"run_id":{id}}}"#)) }
    }

    fn out_of_time(&self, id: &str, limit: Duration, ended: Result<bool, Failure>) -> Failure {
        Failure::new(Kind::Timeout, format!("the run {id} took more than {limit:?}; ended: {}", ended.is_ok()))
    }

    fn lost(&self, id: &str, failure: Failure) -> Failure {
        failure.advise(format!("The run {id} may go on."))
    }
}

fn job(limit: Option<u64>) -> Job<Run> {
    let continued = Continued {
        tool: "wait_for_run",
        id_argument: "run_id",
        arguments: Map::from_iter([("full".to_owned(), json!(true))]),
        remembered: Some(r#""kept""#.to_owned()),
        said: None,
        stands: false,
    };
    Job { work: Run { job_id: 1 }, limit: limit.map(Duration::from_secs), continued: Some(continued) }
}

#[test]
fn work_is_tied_to_its_call_and_continued_by_another() {
    let script = Script::new().on(RUN, 200, STARTED).always(GET, 200, GOING);
    let finished = run_one(&script, job(None), until(&script));
    assert!(matches!(finished.outcome, Outcome::Unfinished(())), "{finished:?}");
    assert_eq!((finished.id.as_deref(), finished.remembered.is_some()), (Some("7"), true));
    assert_eq!(script.continuations(), [r#"wait_for_run {"full":true,"run_id":"7"}"#]);
    assert_eq!(script.handed_back(), [r#"wait_for_run {"full":true,"run_id":"7"} (1)"#], "with what ends it");
    assert_eq!((script.registered(), script.cleanups().len()), (1, 0), "what was handed back is not ended");
    let (_, kept) = handed_back::recall::<String>(&script, "7").unwrap();
    assert_eq!(kept.kept, "kept");
    assert!(script.progress_messages().iter().all(|line| line.starts_with("Run running, ")));
}

#[test]
fn what_ended_is_forgotten() {
    let script = Script::new().on(RUN, 200, STARTED).on(GET, 200, GOING).on(GET, 200, SUCCESS);
    let finished = run_one(&script, job(None), until(&script));
    assert!(matches!(&finished.outcome, Outcome::Done(output) if output == "run 7"), "{finished:?}");
    assert!(handed_back::recall::<String>(&script, "7").is_none());
    assert_eq!(script.handed_back(), [""; 0]);
    script.done();
}

#[test]
fn a_limit_ends_it_at_the_workspace_with_its_own_request() {
    let script = Script::new().on(RUN, 200, STARTED).always(GET, 200, GOING).on(CANCEL, 200, "").on(GET, 200, CANCELED);
    let finished = run_one(&script, job(Some(10)), until(&script));
    let Outcome::Failed(failure) = finished.outcome else { panic!("{finished:?}") };
    assert_eq!((failure.kind, failure.message.as_str()), (Kind::Timeout, "the run 7 took more than 10s; ended: true"));
    let sent = script.sent();
    let cancel = sent.iter().find(|request| request.path.ends_with("/cancel")).unwrap();
    assert_eq!(cancel.body.as_deref(), Some(r#"{"run_id":7}"#));
    script.done();
}

#[test]
fn a_look_may_fail_now_and_then() {
    let failed = r#"{"error_code":"TEMPORARILY_UNAVAILABLE","message":"later"}"#;
    let script = Script::new().on(RUN, 200, STARTED).on(GET, 503, failed).on(GET, 503, failed).on(GET, 200, SUCCESS);
    assert!(matches!(run_one(&script, job(None), until(&script)).outcome, Outcome::Done(_)));
    let script = Script::new().on(RUN, 200, STARTED).always(GET, 503, failed);
    let Outcome::Failed(failure) = run_one(&script, job(None), until(&script)).outcome else { panic!("it goes on") };
    assert!(failure.message.ends_with("The run 7 may go on."), "{}", failure.message);
    assert_eq!(script.sent().len(), 1 + MAX_FAILED_LOOKS as usize);
}

#[test]
fn without_time_nothing_is_started() {
    let context = CallContext { time_left: Duration::ZERO, ..CallContext::default() };
    let script = Script::new().context(context);
    let finished =
        run(&script, vec![job(None), job(None)], Plan { max_parallel: 2, until: until(&script), stop_at_error: true });
    assert_eq!(finished.len(), 2);
    assert!(finished.iter().all(|finished| matches!(finished.outcome, Outcome::NotStarted)));
}
