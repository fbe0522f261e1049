//! Which numbers of an answer are in what its turn saw.

use axum::Json;
use axum::extract::State;
use bricklayer_domain::{Event, EventSeq, ResultId, TurnId, UserId};
use bricklayer_results::{NumberPlace, WrittenNumber, numbers_in_text};
use bricklayer_store::{Detail, Store, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::asking;
use crate::api::extract::{Body, Path};
use crate::api::problem::{Problem, ProblemDetails};
use crate::app::AppState;
use crate::identity::Caller;

/// Numbers of one question.
const MAX_NUMBERS: usize = 500;
/// Longest number, in characters.
const MAX_NUMBER_CHARS: usize = 64;
/// Results that a question names, and results of the turn that are looked through.
const MAX_RESULTS: usize = 32;
/// Events that are read at once, and pages of them that are looked through.
const EVENTS_AT_ONCE: u32 = 500;
const MAX_EVENT_PAGES: usize = 20;

/// Numbers as an answer writes them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NumbersQuestion {
    /// At most 500, each of at most 64 characters, such as `1,234.5` or `12 %`.
    #[schema(max_items = 500)]
    numbers: Vec<String>,
    /// Results besides the turn's own: those that the answer points to, at most 32.
    #[serde(default)]
    #[schema(max_items = 32)]
    results: Vec<Uuid>,
}

/// What a number is known from.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NumberSource {
    /// The user wrote it.
    Question,
    /// A tool's text has it.
    Tool,
    /// It is how many rows or columns a result has.
    Count,
}

/// Where a number was found: a cell, or else the source.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NumberFound {
    /// The result that has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Uuid>,
    /// The row's place in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<u64>,
    /// The column's place.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    /// What else it is known from.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<NumberSource>,
}

/// A number and where it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckedNumber {
    /// As it was asked.
    number: String,
    /// Where it is; none when it is nowhere, or no number that is understood.
    #[schema(required = true)]
    found: Option<NumberFound>,
}

/// Numbers and where they are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckedNumbers {
    /// As many as were asked, in that order.
    numbers: Vec<CheckedNumber>,
    /// Whether all was looked through; when not, a number that was not found may be there all the same.
    complete: bool,
}

impl NumberFound {
    const fn from_source(source: NumberSource) -> Self {
        Self { result: None, row: None, column: None, source: Some(source) }
    }
}

impl From<NumberPlace> for NumberFound {
    fn from(place: NumberPlace) -> Self {
        match place {
            NumberPlace::Cell { result, row, column } => {
                Self { result: Some(result.as_uuid()), row: Some(row), column: Some(column), source: None }
            }
            NumberPlace::Count { result } => {
                Self { result: Some(result.as_uuid()), row: None, column: None, source: Some(NumberSource::Count) }
            }
        }
    }
}

fn checked(question: &NumbersQuestion) -> Result<(), Problem> {
    if question.numbers.len() > MAX_NUMBERS {
        return Err(Problem::field("numbers", format!("must be at most {MAX_NUMBERS}")));
    }
    let long = question.numbers.iter().position(|number| number.chars().count() > MAX_NUMBER_CHARS);
    if let Some(index) = long {
        return Err(Problem::field(
            format!("numbers.{index}"),
            format!("must have at most {MAX_NUMBER_CHARS} characters"),
        ));
    }
    if question.results.len() > MAX_RESULTS {
        return Err(Problem::field("results", format!("must be at most {MAX_RESULTS}")));
    }
    Ok(())
}

/// Looks whether numbers, as an answer writes them, are in the results of its turn: exact after rounding to the digits
/// written, a percentage also as its hundredth; else in the user's message or a tool's text.
#[utoipa::path(post, path = "/api/turns/{execution_id}/numbers", tag = "results", operation_id = "check_numbers", request_body = NumbersQuestion,
    params(("execution_id" = Uuid, Path, description = "The turn.")),
    responses((status = 200, body = CheckedNumbers), (status = "default", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn check_numbers(
    State(app): State<AppState>,
    caller: Caller,
    Path(turn): Path<TurnId>,
    Body(question): Body<NumbersQuestion>,
) -> Result<Json<CheckedNumbers>, Problem> {
    let _place = asking(&app, &caller)?;
    checked(&question)?;
    let user = &caller.user;
    let numbers: Vec<_> = question.numbers.iter().map(|number| WrittenNumber::parse(number)).collect();
    // What the answer points to first: that is where a reader looks.
    let mut results: Vec<ResultId> = question.results.into_iter().map(ResultId::from_uuid).collect();
    for result in app.results().of_turn(user, turn, MAX_RESULTS as u32).await? {
        if !results.contains(&result.id) {
            results.push(result.id);
        }
    }
    let found = app.results().find_numbers(user, &results, &numbers).await?;
    let mut places: Vec<Option<NumberFound>> = found.places.into_iter().map(|place| place.map(Into::into)).collect();
    let complete = found.complete & in_texts(app.store(), user, turn, &numbers, &mut places).await?;
    let numbers = question.numbers.into_iter().zip(places);
    let numbers = numbers.map(|(number, found)| CheckedNumber { number, found }).collect();
    Ok(Json(CheckedNumbers { numbers, complete }))
}

/// Looks for what is not found yet in what the user and the tools wrote. Whether all of that was read.
async fn in_texts(
    store: &Store,
    user: &UserId,
    turn: TurnId,
    numbers: &[Option<WrittenNumber>],
    places: &mut [Option<NumberFound>],
) -> Result<bool, StoreError> {
    let (mut after, mut complete) = (EventSeq::START, false);
    for _ in 0..MAX_EVENT_PAGES {
        if places.iter().zip(numbers).all(|(place, number)| place.is_some() || number.is_none()) {
            return Ok(true);
        }
        let page = store.turn_events_after(user, turn, after, EVENTS_AT_ONCE, Detail::NoDeltas).await?;
        (after, complete) = (page.through, page.complete);
        let sought = numbers.to_vec();
        // Tools say much: this is not for the threads that wait for the network.
        let known = tokio::task::spawn_blocking(move || {
            let texts = page.events.iter().filter_map(|stored| text_of(&stored.event));
            texts.map(|(text, source)| (numbers_in_text(text, &sought), source)).collect::<Vec<_>>()
        });
        for (is_there, source) in known.await.unwrap_or_default() {
            for (place, is_there) in places.iter_mut().zip(is_there) {
                if is_there && place.is_none() {
                    *place = Some(NumberFound::from_source(source));
                }
            }
        }
        if complete {
            break;
        }
    }
    Ok(complete)
}

/// What of an event somebody wrote that an answer may take numbers from.
const fn text_of(event: &Event) -> Option<(&String, NumberSource)> {
    match event {
        Event::TurnStarted { message, .. } => Some((message, NumberSource::Question)),
        Event::ToolFinished { outcome, .. } => Some((&outcome.content, NumberSource::Tool)),
        _ => None,
    }
}
