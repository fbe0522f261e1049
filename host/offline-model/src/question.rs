//! Questions about a table, parsed by rules: aggregates, what they are grouped by, and how many rows are wanted.
//!
//! `top 5 … by …`, `average X by Y`, `busiest X`, `how many … per day`. What no rule reads makes the parse fail, so that
//! the answer can say that it was not understood.

use super::words::{number, table, words};

/// A part of a point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeUnit {
    Hour,
    Day,
    Weekday,
    Month,
    Year,
}

impl TimeUnit {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "hour" | "hours" | "hourly" => Self::Hour,
            "day" | "days" | "date" | "dates" | "daily" => Self::Day,
            "weekday" | "weekdays" => Self::Weekday,
            "month" | "months" | "monthly" => Self::Month,
            "year" | "years" | "yearly" => Self::Year,
            _ => return None,
        })
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Weekday => "weekday",
            Self::Month => "month",
            Self::Year => "year",
        }
    }
}

/// How values are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aggregate {
    Count,
    Average,
    Sum,
    Min,
    Max,
    Median,
}

impl Aggregate {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "count" | "number" | "many" => Self::Count,
            "average" | "avg" | "mean" => Self::Average,
            "sum" | "total" => Self::Sum,
            "min" | "minimum" | "lowest" | "smallest" | "shortest" | "cheapest" | "earliest" => Self::Min,
            "max" | "maximum" | "highest" | "largest" | "longest" | "latest" => Self::Max,
            "median" => Self::Median,
            _ => return None,
        })
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Average => "average",
            Self::Sum => "total",
            Self::Min => "smallest",
            Self::Max => "largest",
            Self::Median => "median",
        }
    }
}

/// An aggregate over the column that these words describe; none for a count of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Measure {
    pub(super) aggregate: Aggregate,
    pub(super) words: Vec<String>,
}

/// What rows are grouped by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) words: Vec<String>,
    pub(super) unit: Option<TimeUnit>,
}

/// A question about one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) table: String,
    pub(super) measures: Vec<Measure>,
    pub(super) group: Option<Group>,
    /// Largest first, by the number of rows.
    pub(super) busiest: bool,
    pub(super) top: Option<u32>,
    /// Drawn as this, when a chart is asked for.
    pub(super) chart: Option<ChartKind>,
}

/// What a chart is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChartKind {
    Bar,
    Line,
    Area,
}

impl ChartKind {
    /// The chart that a message asks for, in lower case; a line where it goes by time, bars elsewhere, unless it says
    /// which.
    pub(super) fn asked_for(words: &[String], by_time: bool) -> Option<Self> {
        const CHARTS: [&str; 8] = ["chart", "charts", "plot", "graph", "diagram", "draw", "visualise", "visualize"];
        let has = |choices: &[&str]| words.iter().any(|word| choices.contains(&word.as_str()));
        if !has(&CHARTS) {
            return None;
        }
        Some(match () {
            () if has(&["bar", "bars", "column"]) => Self::Bar,
            () if has(&["line", "lines"]) || (by_time && !has(&["area"])) => Self::Line,
            () if has(&["area"]) => Self::Area,
            () => Self::Bar,
        })
    }

    /// The word of the tool that draws.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Bar => "bar",
            Self::Line => "line",
            Self::Area => "area",
        }
    }
}

/// Words that end a description of a column.
const STOPS: [&str; 33] = [
    "in", "by", "per", "for", "from", "is", "are", "was", "and", "each", "with", "over", "across", "every", "what",
    "which", "do", "does", "there", "where", "table", "grouped", "ordered", "sorted", "of", "at", "on", "busiest",
    "most", "popular", "rows", "as", "chart",
];

/// Words that say nothing about a column.
const FILLERS: [&str; 8] = ["the", "a", "an", "all", "different", "of", "value", "values"];

/// Longest description of a column, in words.
const MAX_PHRASE_WORDS: usize = 4;

/// Reads a question; nothing when it names no table or asks for nothing known.
pub(super) fn parse(message: &str) -> Option<Question> {
    let original = words(message);
    let table = table(&original)?;
    let lower: Vec<String> =
        original.iter().filter(|word| super::words::quoted(word) != table).map(|word| word.to_lowercase()).collect();
    let mut question = Question { table, measures: Vec::new(), group: None, busiest: false, top: None, chart: None };
    for (at, word) in lower.iter().enumerate() {
        read_word(&mut question, &lower, at, word);
    }
    // `the busiest hours`: the number of rows is what makes them busy.
    if question.busiest && !question.measures.iter().any(|measure| measure.aggregate == Aggregate::Count) {
        question.measures.insert(0, Measure { aggregate: Aggregate::Count, words: Vec::new() });
    }
    // Hours and weekdays come round again.
    let unit = question.group.as_ref().and_then(|group| group.unit);
    let by_time = matches!(unit, Some(TimeUnit::Day | TimeUnit::Month | TimeUnit::Year));
    question.chart = ChartKind::asked_for(&lower, by_time && !question.busiest);
    if question.measures.is_empty() { None } else { Some(question) }
}

fn read_word(question: &mut Question, words: &[String], at: usize, word: &str) {
    let rest = words.get(at.saturating_add(1)..).unwrap_or_default();
    match word {
        "busiest" | "popular" | "frequent" | "commonest" => {
            question.busiest = true;
            set_group(question, &phrase(rest));
            if let Some(before) = at.checked_sub(1).and_then(|before| words.get(before)) {
                question.top = question.top.or_else(|| number(before));
            }
        }
        "common" if at.checked_sub(1).and_then(|before| words.get(before)).is_some_and(|before| before == "most") => {
            question.busiest = true;
            set_group(question, &phrase(rest));
        }
        "by" | "per" | "each" | "every" => set_group(question, &phrase(rest)),
        "top" | "first" | "limit" => {
            question.top = rest.first().and_then(|word| number(word)).or(question.top);
            if question.top.is_some() {
                // `top 5 cities by …`: the cities are what is grouped.
                set_group(question, &phrase(rest.get(1..).unwrap_or_default()));
            }
        }
        "hourly" | "daily" | "monthly" | "yearly" => set_group(question, &[word.to_owned()]),
        _ => {
            if let Some(aggregate) = Aggregate::parse(word) {
                read_measure(question, aggregate, rest);
            }
        }
    }
}

fn read_measure(question: &mut Question, aggregate: Aggregate, rest: &[String]) {
    let rest = rest.strip_prefix(&["of".to_owned()]).unwrap_or(rest);
    let words = if aggregate == Aggregate::Count { Vec::new() } else { phrase(rest) };
    // `the total number of …` counts.
    let counts = words.first().is_some_and(|word| matches!(word.as_str(), "number" | "count"));
    let measure = Measure { aggregate, words };
    if counts || (measure.aggregate != Aggregate::Count && measure.words.is_empty()) {
        return;
    }
    if !question.measures.contains(&measure) {
        question.measures.push(measure);
    }
}

fn set_group(question: &mut Question, phrase: &[String]) {
    if question.group.is_some() || phrase.is_empty() {
        return;
    }
    let unit = phrase.iter().find_map(|word| TimeUnit::parse(word));
    let words = phrase.iter().filter(|word| TimeUnit::parse(word).is_none()).cloned().collect();
    question.group = Some(Group { words, unit });
}

/// The words that describe a column, up to a word that ends the description.
fn phrase(words: &[String]) -> Vec<String> {
    words
        .iter()
        .skip_while(|word| FILLERS.contains(&word.as_str()))
        .take_while(|word| !STOPS.contains(&word.as_str()) && Aggregate::parse(word).is_none())
        .filter(|word| !FILLERS.contains(&word.as_str()))
        .take(MAX_PHRASE_WORDS)
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(message: &str, expected: &str) {
        let shown = match parse(message) {
            None => "not understood".to_owned(),
            Some(question) => {
                let measures: Vec<String> = question
                    .measures
                    .iter()
                    .map(|measure| format!("{}({})", measure.aggregate.name(), measure.words.join(" ")))
                    .collect();
                let group = question.group.map_or(String::new(), |group| {
                    format!(" by {}/{}", group.words.join(" "), group.unit.map_or("-", TimeUnit::name))
                });
                let busiest = if question.busiest { " busiest" } else { "" };
                let top = question.top.map_or(String::new(), |top| format!(" top {top}"));
                let chart = question.chart.map_or(String::new(), |chart| format!(" as {}", chart.name()));
                format!("{} from {}{group}{busiest}{top}{chart}", measures.join(", "), question.table)
            }
        };
        assert_eq!(shown, expected, "{message}");
    }

    #[test]
    fn questions_are_read_by_rules() {
        check(
            "What are the busiest pickup hours in samples.nyctaxi.trips, and what is the average fare in each?",
            "count(), average(fare) from samples.nyctaxi.trips by pickup/hour busiest",
        );
        check("how many trips are in samples.nyctaxi.trips?", "count() from samples.nyctaxi.trips");
        check("average trip distance by pickup zip in a.b.c", "average(trip distance) from a.b.c by pickup zip/-");
        check("top 5 dropoff zip by total fare amount in a.b", "total(fare amount) from a.b by dropoff zip/- top 5");
        check("Max and min of tip per month from sales", "smallest(tip) from sales by /month");
        check("the 3 busiest weekdays in a.b.c", "count() from a.b.c by /weekday busiest top 3");
        check("number of orders per day in shop.orders", "count() from shop.orders by /day");
        check(
            "Draw a chart of the number of trips per day in samples.nyctaxi.trips",
            "count() from samples.nyctaxi.trips by /day as line",
        );
        check("average fare by pickup zip in a.b.c as a chart", "average(fare) from a.b.c by pickup zip/- as bar");
        check("plot the busiest hours in a.b.c", "count() from a.b.c by /hour busiest as bar");
        check("total fare per month in a.b as an area chart", "total(fare) from a.b by /month as area");
        check("what is the weather", "not understood");
        check("hello a.b.c", "not understood");
    }
}
