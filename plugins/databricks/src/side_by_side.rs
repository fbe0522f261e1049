//! Many requests of one kind side by side: in their order, again where the workspace asks to slow down, and no further
//! than the call's time reaches.

use std::time::Duration;

use bricklayer_sdk::{Deadline, Errand, Failure, Platform, Response, api_failure};

/// Requests at once: what a call of the host may have.
const AT_ONCE: usize = 16;

/// Times that one request is sent when the workspace asks to slow down.
const ATTEMPTS: u32 = 4;

/// Longest pause that the workspace may ask for; one that asks for more is reported as busy.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// What is left of the call's time for telling how far it came.
const TIME_TO_TELL: Duration = Duration::from_secs(5);

/// Sends the errands of `count` items and hands each answer to `done` with its item's number. The items that were not
/// begun, because the call's time is over, come back.
pub fn each<P: Platform>(
    platform: &P,
    count: usize,
    errand: impl Fn(usize) -> Errand,
    mut done: impl FnMut(usize, Result<Response, Failure>),
) -> Vec<usize> {
    let mut waiting: Vec<usize> = (0..count).collect();
    let deadline = deadline(platform);
    for attempt in 1..=ATTEMPTS {
        let (mut begun, mut later, mut pause) = (Vec::new(), Vec::new(), Duration::ZERO);
        {
            let mut items = waiting.iter();
            // An errand is begun when one before it has ended, so the time is looked at as they go.
            let mut errands = std::iter::from_fn(|| {
                let item = if deadline.passed(platform) { None } else { items.next().copied() };
                begun.extend(item);
                item.map(&errand)
            });
            let mut answered = waiting.iter();
            platform.run_each(&mut errands, AT_ONCE, &mut |answer| {
                let Some(item) = answered.next().copied() else { return false };
                match answer {
                    Ok(response) if is_busy(&response) && attempt < ATTEMPTS => {
                        let asked = response.retry_after_seconds().map_or(first_pause(attempt), Duration::from_secs);
                        if asked > MAX_PAUSE {
                            done(item, Err(api_failure(&response)));
                        } else {
                            pause = pause.max(asked);
                            later.push(item);
                        }
                    }
                    Ok(response) if response.is_success() => done(item, Ok(response)),
                    Ok(response) => done(item, Err(api_failure(&response))),
                    Err(error) => done(item, Err(error.into())),
                }
                true
            });
        }
        let not_begun = waiting.split_off(begun.len());
        if later.is_empty() || !not_begun.is_empty() || deadline.left(platform) < pause {
            later.extend(not_begun);
            return later;
        }
        platform.sleep(pause);
        waiting = later;
    }
    Vec::new()
}

/// The answers to the errands of `count` items, in their order. What the call's time did not reach says so.
pub fn all<P: Platform>(
    platform: &P,
    count: usize,
    errand: impl Fn(usize) -> Errand,
) -> Vec<Result<Response, Failure>> {
    let mut answers: Vec<Option<Result<Response, Failure>>> = (0..count).map(|_| None).collect();
    each(platform, count, errand, |item, answer| {
        if let Some(place) = answers.get_mut(item) {
            *place = Some(answer);
        }
    });
    answers.into_iter().map(|answer| answer.unwrap_or_else(|| Err(too_late()))).collect()
}

/// The failure of what the call's time did not reach.
#[must_use]
pub fn too_late() -> Failure {
    Failure::new(bricklayer_sdk::Kind::Timeout, "the call's time was over before its turn").retryable()
}

/// Sends one errand, with the same patience.
///
/// # Errors
/// No answer, an error status, or no time left.
pub fn one<P: Platform>(platform: &P, errand: &Errand) -> Result<Response, Failure> {
    let mut answer = None;
    each(platform, 1, |_| errand.clone(), |_, result| answer = Some(result));
    answer.unwrap_or_else(|| {
        let message = "the call's time was over before the workspace took the request; it keeps asking to slow down";
        Err(Failure::new(bricklayer_sdk::Kind::RateLimited, message).retryable())
    })
}

/// Until when something may be begun.
#[must_use]
pub fn deadline<P: Platform>(platform: &P) -> Deadline {
    Deadline::after(platform, platform.context().time_left.saturating_sub(TIME_TO_TELL))
}

fn is_busy(response: &Response) -> bool {
    matches!(response.status, 429 | 503)
}

fn first_pause(attempt: u32) -> Duration {
    Duration::from_secs(1 << (attempt - 1))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use bricklayer_sdk::testing::Script;
    use bricklayer_sdk::{CallContext, Method, Request};

    use super::*;

    fn get(item: usize) -> Errand {
        Errand::Send(Request { method: Method::Get, path: format!("/{item}"), body: None })
    }

    /// What came of three items, and what was not begun.
    fn run(script: &Script) -> (Vec<String>, Vec<usize>) {
        let told = RefCell::new(Vec::new());
        let tell = |item, answer: Result<Response, Failure>| {
            told.borrow_mut().push(format!("{item}: {}", answer.map_or_else(|e| e.message, |_| "ok".to_owned())));
        };
        let left = each(script, 3, get, tell);
        script.done();
        (told.into_inner(), left)
    }

    #[test]
    fn a_failure_is_its_items_alone() {
        let script = Script::new().on("GET /0", 200, "").on("GET /1", 404, "gone").on("GET /2", 200, "");
        let (told, left) = run(&script);
        assert_eq!((told.join(" "), left), ("0: ok 1: gone (HTTP 404) 2: ok".to_owned(), vec![]));
    }

    #[test]
    fn a_busy_workspace_is_asked_again() {
        let script = Script::new()
            .on("GET /0", 429, "")
            .on("GET /1", 200, "")
            .on("GET /2", 503, "")
            .on("GET /0", 200, "")
            .on("GET /2", 429, "")
            .on("GET /2", 200, "");
        let (told, left) = run(&script);
        assert_eq!((told.join(" "), left), ("1: ok 0: ok 2: ok".to_owned(), vec![]));
        assert_eq!(script.sleeps(), [Duration::from_secs(1), Duration::from_secs(2)]);
    }

    #[test]
    fn what_the_time_does_not_reach_is_given_back() {
        let context = CallContext { time_left: Duration::from_secs(20), ..CallContext::default() };
        let script = Script::new().context(context).slow("GET /0", Duration::from_secs(16), 200, "");
        let (told, left) = run(&script);
        assert_eq!((told.join(" "), left), ("0: ok".to_owned(), vec![1, 2]));
    }

    #[test]
    fn nobody_is_asked_for_ever() {
        let script = Script::new().always("GET /0", 429, "slow down");
        let failure = one(&script, &get(0)).unwrap_err();
        assert!(failure.retryable && failure.message.contains("slow down"), "{failure:?}");
        assert_eq!(script.sleeps().len(), 3);
    }
}
