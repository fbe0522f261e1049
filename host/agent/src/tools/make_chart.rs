//! `make_chart`: a picture of a result by a typed specification, checked against its columns. The page draws it from the
//! result itself.

mod chart;

use bricklayer_domain::{AggregateFunction, ColumnType, ResultState, StoredResult, ToolFailure, ToolOutcome};
use serde_json::{Value, json};

use super::ToolResult;
use super::args::{Args, invalid};
use super::read_result::part;
use super::results::{Columns, MAX_BINS, column_schema, failed, filter_schema, group_schema, named};
use crate::ports::{GroupBy, GroupPart, Measure, QuestionPart, ResultQuestion, ResultReader};
use chart::{Aggregate, Axis, Chart, Color, ColumnAt, Kind, Series, Sort};

/// Longest title, in bytes.
const MAX_TITLE_BYTES: usize = 200;
/// Values that are drawn together at most.
const MAX_SERIES: usize = 8;
/// Marks of one chart at most.
const MAX_MARKS: usize = 10_000;
/// Bins of a histogram when nobody says.
const DEFAULT_BINS: u32 = 20;

const FIELDS: [&str; 13] =
    ["result", "kind", "title", "x", "y", "color", "size", "latitude", "longitude", "stack", "sort", "limit", "filter"];

pub(super) fn describe() -> (String, Value) {
    let description = "Draws a chart of a result that a tool kept, in the user's page: it reads all rows of the result, so \
        nothing has to be repeated in the answer. Values that are already grouped are drawn as they are; `aggregate`, \
        `unit` and `bins` group the rows of the result first.";
    let aggregates: Vec<&str> = Aggregate::words().collect();
    let schema = json!({
        "type": "object",
        "properties": {
            "result": {"type": "string", "description": "The result's id, as a tool's outcome gives it."},
            "kind": {
                "type": "string", "enum": Kind::ALL.map(Kind::as_str),
                "description": "histogram takes x; heatmap x, y (the second axis) and color; points latitude and longitude; all others x and y."
            },
            "title": {"type": "string"},
            "x": group_schema("With `unit` or `bins`, `y` needs an aggregate."),
            "y": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "column": column_schema("Name, or place from 0; none to count rows."),
                        "aggregate": {"type": "string", "enum": aggregates, "description": "none draws the values as they are."}
                    },
                    "additionalProperties": false
                },
                "description": "The number of rows when absent."
            },
            "color": {
                "type": "object",
                "properties": {
                    "column": column_schema("Name, or place from 0."),
                    "aggregate": {"type": "string", "enum": aggregates, "description": "Of a heatmap; count when absent."}
                },
                "additionalProperties": false,
                "description": "One colour for each value; of a heatmap, what the colours say."
            },
            "size": column_schema("Of scatter and points: a column of numbers, by name or place."),
            "latitude": column_schema("Of points: name, or place from 0."),
            "longitude": column_schema("Of points: name, or place from 0."),
            "stack": {"type": "boolean", "description": "Of bar and area."},
            "sort": {"type": "string", "enum": Sort::ALL.map(Sort::as_str), "description": "Of bar; - is the largest first."},
            "limit": {"type": "integer", "minimum": 1, "maximum": MAX_MARKS, "description": "Bars, or rows that are drawn."},
            "filter": filter_schema()
        },
        "required": ["result", "kind"],
        "additionalProperties": false
    });
    (description.to_owned(), schema)
}

pub(super) fn output_schema() -> Value {
    json!({
        "type": "object",
        "properties": {"chart": {"type": "object", "description": "The chart, its columns by their places."}},
        "required": ["chart"]
    })
}

pub(super) async fn run(reader: &dyn ResultReader, input: &Value) -> ToolResult {
    let args = Args::parse(input, &FIELDS)?;
    let result = named(reader, &args).await?;
    let columns = Columns::of(&result)?;
    let chart = Reading { args: &args, columns: &columns }.chart(&result)?;
    let drawn = look(reader, &result, &chart).await?;
    let name = chart.title.as_deref().map(|title| format!(" \u{201c}{title}\u{201d}")).unwrap_or_default();
    let mut content = format!(
        "The {} chart{name} is shown to the user, from {drawn}. Do not repeat its values.",
        chart.kind.as_str()
    );
    if result.state == ResultState::Partial || result.cut.is_some() {
        content.push_str(" The result is not all that there was; say so.");
    }
    let structured = json!({"chart": chart});
    Ok(ToolOutcome { structured: Some(structured), ..ToolOutcome::text(content) })
}

/// Asks the result what the page will ask it, so that a chart that cannot be drawn is refused; says of what it is drawn.
async fn look(reader: &dyn ResultReader, result: &StoredResult, chart: &Chart) -> Result<String, ToolFailure> {
    let by = chart.groups();
    let part = if by.is_empty() {
        QuestionPart::Rows { offset: 0, columns: Vec::new(), sort: Vec::new() }
    } else {
        QuestionPart::Groups { by, measures: chart.measures(), sort: Vec::new() }
    };
    let is_grouped = matches!(part, QuestionPart::Groups { .. });
    let question = ResultQuestion { part, filter: chart.filter.clone(), limit: 1 };
    let answer = reader.ask(result.id, question).await.map_err(failed)?;
    match answer.total {
        0 if chart.filter.is_some() => Err(invalid(
            "there is nothing to draw: `filter` lets no row through; loosen it, or look with `read_result`",
        )),
        0 => Err(invalid("there is nothing to draw: the result has no rows; say so instead")),
        total if is_grouped => Ok(format!("{total} groups of {} rows", result.rows)),
        total => Ok(format!("{total} rows")),
    }
}

/// A call's arguments and what they are checked against.
struct Reading<'a> {
    args: &'a Args<'a>,
    columns: &'a Columns<'a>,
}

impl Reading<'_> {
    fn chart(&self, result: &StoredResult) -> Result<Chart, ToolFailure> {
        let kinds = || Kind::ALL.map(Kind::as_str).join(", ");
        let kind = self.args.str("kind")?;
        let kind = Kind::of(kind).ok_or_else(|| invalid(format!("`kind` must be one of {}", kinds())))?;
        self.only_what_it_takes(kind)?;
        let title = self.args.opt_str("title")?.map(str::trim).filter(|title| !title.is_empty());
        if title.is_some_and(|title| title.len() > MAX_TITLE_BYTES) {
            return Err(invalid(format!("`title` must be at most {MAX_TITLE_BYTES} bytes")));
        }
        let mut chart = Chart {
            result: result.id,
            kind,
            title: title.map(str::to_owned),
            x: self.x(kind)?,
            y: self.y(kind)?,
            color: self.color(kind)?,
            size: self.number_at("size")?,
            latitude: self.number_at("latitude")?,
            longitude: self.number_at("longitude")?,
            stack: self.args.flag("stack", false)?,
            sort: self.sort()?,
            limit: self.limit()?,
            filter: self.columns.filter(self.args)?,
        };
        self.fits_together(&mut chart)?;
        Ok(chart)
    }

    /// Each kind has its parts, and a part that it does not draw is a misunderstanding.
    fn only_what_it_takes(&self, kind: Kind) -> Result<(), ToolFailure> {
        for (field, takes) in Kind::PARTS {
            let given = self.args.present(field).is_some();
            if given && !takes.contains(&kind) {
                let others = takes.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
                return Err(invalid(format!(
                    "`{field}` is not drawn in a {} chart; leave it out, or take one of {others}",
                    kind.as_str()
                )));
            }
        }
        let needed: &[&str] = match kind {
            Kind::Points => &["latitude", "longitude"],
            Kind::Scatter | Kind::Heatmap => &["x", "y"],
            Kind::Bar | Kind::Line | Kind::Area | Kind::Histogram => &["x"],
        };
        match needed.iter().find(|field| self.args.present(field).is_none()) {
            Some(field) => {
                Err(invalid(format!("`{field}` is missing: a {} chart needs {}", kind.as_str(), needed.join(" and "))))
            }
            None => Ok(()),
        }
    }

    fn kind_of(
        &self,
        field: &str,
        place: usize,
        fits: impl Fn(ColumnType) -> bool,
        what: &str,
    ) -> Result<(), ToolFailure> {
        if fits(self.columns.kind(place)) {
            return Ok(());
        }
        let name = self.columns.name(place);
        let word = self.columns.kind(place).as_str();
        Err(invalid(format!(
            "`{field}` must be a column of {what}, and `{name}` is of {word}; take another column, or convert it in the statement"
        )))
    }

    fn x(&self, kind: Kind) -> Result<Option<Axis>, ToolFailure> {
        let Some(x) = self.args.present("x") else { return Ok(None) };
        // Models also give the column alone.
        let wrapped = json!({"column": x});
        let x = Args::within("x", if x.is_object() { x } else { &wrapped }, &["column", "unit", "bins"])?;
        let column = self.columns.place("x.column", x.needed("column")?)?;
        let ordered = |kind: ColumnType| kind.is_number() || kind.is_time();
        let part = part("x", &x)?;
        let (unit, mut bins) = match part {
            GroupPart::Value => (None, None),
            GroupPart::Unit(unit) => {
                self.kind_of("x.unit", column, |kind| unit.is_of(kind), "times that have it")?;
                (Some(unit), None)
            }
            GroupPart::Bins(bins) => {
                if !(1..=MAX_BINS).contains(&bins) {
                    return Err(invalid(format!("`x.bins` must be 1 to {MAX_BINS}")));
                }
                self.kind_of("x.bins", column, ordered, "numbers or times")?;
                (None, Some(bins))
            }
        };
        match kind {
            Kind::Scatter => self.kind_of("x", column, ordered, "numbers or times")?,
            Kind::Histogram => {
                self.kind_of("x", column, ordered, "numbers or times")?;
                if unit.is_some() {
                    return Err(invalid(
                        "`x.unit` is not for a histogram, whose bins are of equal width; take kind bar",
                    ));
                }
                bins = bins.or(Some(DEFAULT_BINS));
            }
            Kind::Bar | Kind::Line | Kind::Area | Kind::Heatmap | Kind::Points => {}
        }
        if kind == Kind::Scatter && (unit.is_some() || bins.is_some()) {
            return Err(invalid(
                "`x.unit` and `x.bins` group rows, and a scatter chart draws them one by one; take kind bar or line",
            ));
        }
        Ok(Some(Axis { column, unit, bins }))
    }

    fn y(&self, kind: Kind) -> Result<Vec<Series>, ToolFailure> {
        // Models also give one in the place of a list of one.
        let one;
        let list = match self.args.present("y") {
            None => &[],
            Some(Value::Array(list)) => list.as_slice(),
            Some(value) => {
                one = [value.clone()];
                &one
            }
        };
        let most = if matches!(kind, Kind::Scatter | Kind::Heatmap) { 1 } else { MAX_SERIES };
        if list.len() > most {
            return Err(invalid(format!("`y` must have at most {most} for a {} chart", kind.as_str())));
        }
        let mut series = Vec::new();
        for (index, value) in list.iter().enumerate() {
            let path = format!("y.{index}");
            let wrapped = json!({"column": value});
            let args = Args::within(&path, if value.is_object() { value } else { &wrapped }, &["column", "aggregate"])?;
            let column = args.present("column").map(|column| self.columns.place(&format!("{path}.column"), column));
            let column = column.transpose()?;
            let aggregate = self.aggregate(&path, &args)?;
            series.push(self.one_series(kind, &path, column, aggregate)?);
        }
        if series.is_empty() && matches!(kind, Kind::Bar | Kind::Line | Kind::Area) {
            series.push(Series { column: None, aggregate: Some(Aggregate::Of(AggregateFunction::Count)) });
        }
        Ok(series)
    }

    fn one_series(
        &self,
        kind: Kind,
        path: &str,
        column: Option<usize>,
        aggregate: Option<Aggregate>,
    ) -> Result<Series, ToolFailure> {
        let field = format!("{path}.column");
        if matches!(kind, Kind::Scatter | Kind::Heatmap) {
            let Some(place) = column else {
                return Err(invalid(format!("`{field}` is missing: a {} chart needs a second column", kind.as_str())));
            };
            if !matches!(aggregate, None | Some(Aggregate::None)) {
                let way = if kind == Kind::Heatmap { "put it into `color.aggregate`" } else { "take kind bar or line" };
                return Err(invalid(format!("`{path}.aggregate` is not for a {} chart; {way}", kind.as_str())));
            }
            if kind == Kind::Scatter {
                self.kind_of(&field, place, |kind| kind.is_number() || kind.is_time(), "numbers or times")?;
            }
            let aggregate = (kind == Kind::Scatter).then_some(Aggregate::None);
            return Ok(Series { column, aggregate });
        }
        let count = Aggregate::Of(AggregateFunction::Count);
        let aggregate = match (column, aggregate) {
            (None, None) => count,
            (None, Some(aggregate)) if aggregate == count => count,
            (None, Some(_)) => {
                return Err(invalid(format!("`{field}` is missing: only `count` does without a column")));
            }
            (Some(_), aggregate) => aggregate.unwrap_or(Aggregate::None),
        };
        if let Some(place) = column {
            let is_number = |kind: ColumnType| kind.is_number();
            match aggregate {
                Aggregate::None => self.kind_of(&field, place, is_number, "numbers")?,
                Aggregate::Of(AggregateFunction::Count | AggregateFunction::Distinct) => {}
                Aggregate::Of(_) => self.kind_of(&field, place, is_number, "numbers")?,
            }
        }
        Ok(Series { column, aggregate: Some(aggregate) })
    }

    fn aggregate(&self, path: &str, args: &Args<'_>) -> Result<Option<Aggregate>, ToolFailure> {
        let Some(word) = args.opt_str("aggregate")? else { return Ok(None) };
        let words = || Aggregate::words().collect::<Vec<_>>().join(", ");
        Aggregate::parse(word)
            .map(Some)
            .ok_or_else(|| invalid(format!("`{path}.aggregate` must be one of {}", words())))
    }

    fn color(&self, kind: Kind) -> Result<Option<Color>, ToolFailure> {
        let heatmap = kind == Kind::Heatmap;
        let count = Aggregate::Of(AggregateFunction::Count);
        let Some(value) = self.args.present("color") else {
            return Ok(heatmap.then_some(Color { column: None, aggregate: Some(count) }));
        };
        let wrapped = json!({"column": value});
        let args = Args::within("color", if value.is_object() { value } else { &wrapped }, &["column", "aggregate"])?;
        let column = args.present("column").map(|column| self.columns.place("color.column", column)).transpose()?;
        let aggregate = self.aggregate("color", &args)?;
        if !heatmap {
            if aggregate.is_some() {
                return Err(invalid("`color.aggregate` is for a heatmap; the height of others is `y.0.aggregate`"));
            }
            return match column {
                Some(_) => Ok(Some(Color { column, aggregate: None })),
                None => Err(invalid("`color.column` is missing: which column's values have a colour each?")),
            };
        }
        match (column, aggregate) {
            (None, None) => Ok(Some(Color { column: None, aggregate: Some(count) })),
            (None, Some(given)) if given == count => Ok(Some(Color { column: None, aggregate: Some(count) })),
            (None, Some(_)) => Err(invalid("`color.column` is missing: only `count` does without a column")),
            (Some(_), None | Some(Aggregate::None)) => {
                Err(invalid("`color.aggregate` is missing: which one of sum, mean, min, max, median, count, distinct?"))
            }
            (Some(place), Some(Aggregate::Of(function))) => {
                if !matches!(function, AggregateFunction::Count | AggregateFunction::Distinct) {
                    self.kind_of("color.column", place, ColumnType::is_number, "numbers")?;
                }
                Ok(Some(Color { column, aggregate }))
            }
        }
    }

    fn number_at(&self, field: &str) -> Result<Option<ColumnAt>, ToolFailure> {
        let Some(value) = self.args.present(field) else { return Ok(None) };
        let column = value.get("column").unwrap_or(value);
        let column = self.columns.place(field, column)?;
        self.kind_of(field, column, ColumnType::is_number, "numbers")?;
        Ok(Some(ColumnAt { column }))
    }

    fn sort(&self) -> Result<Option<Sort>, ToolFailure> {
        let Some(word) = self.args.opt_str("sort")? else { return Ok(None) };
        let sort = Sort::of(word);
        sort.map(Some)
            .ok_or_else(|| invalid(format!("`sort` must be one of {}", Sort::ALL.map(Sort::as_str).join(", "))))
    }

    fn limit(&self) -> Result<Option<u32>, ToolFailure> {
        match self.args.opt_count("limit")? {
            None => Ok(None),
            Some(limit) if (1..=MAX_MARKS).contains(&limit) => Ok(u32::try_from(limit).ok()),
            Some(_) => Err(invalid(format!("`limit` must be 1 to {MAX_MARKS}"))),
        }
    }

    /// Rows are grouped for all that is drawn, or for nothing of it.
    fn fits_together(&self, chart: &mut Chart) -> Result<(), ToolFailure> {
        if !matches!(chart.kind, Kind::Bar | Kind::Line | Kind::Area) {
            return Ok(());
        }
        let is_plain = |series: &Series| series.aggregate == Some(Aggregate::None);
        let plain = chart.y.iter().position(is_plain);
        let grouped = chart.y.iter().position(|series| !is_plain(series));
        let groups_x = chart.x.as_ref().is_some_and(|x| x.unit.is_some() || x.bins.is_some());
        match (plain, grouped) {
            (Some(plain), Some(grouped)) => Err(invalid(format!(
                "`y.{plain}` is drawn as it is and `y.{grouped}` by groups; give all of them an aggregate, or make two charts"
            ))),
            (Some(plain), None) if groups_x => Err(invalid(format!(
                "`y.{plain}.aggregate` is missing: `x.unit` and `x.bins` group rows, so say what is drawn of a group: sum, \
                 mean, min, max, median, count or distinct"
            ))),
            _ => Ok(()),
        }
    }
}

impl Chart {
    /// What its rows are grouped by; nothing when they are drawn as they are.
    fn groups(&self) -> Vec<GroupBy> {
        let value = |column| GroupBy { column, part: GroupPart::Value };
        let x = self.x.as_ref().map(|x| {
            let part = match (x.unit, x.bins) {
                (Some(unit), _) => GroupPart::Unit(unit),
                (None, Some(bins)) => GroupPart::Bins(bins),
                (None, None) => GroupPart::Value,
            };
            GroupBy { column: x.column, part }
        });
        match self.kind {
            Kind::Scatter | Kind::Points | Kind::Histogram => Vec::new(),
            Kind::Heatmap => x.into_iter().chain(self.y.iter().filter_map(|y| y.column).map(value)).collect(),
            Kind::Bar | Kind::Line | Kind::Area => {
                if self.y.iter().any(|series| series.aggregate == Some(Aggregate::None)) {
                    return Vec::new();
                }
                x.into_iter().chain(self.color.as_ref().and_then(|color| color.column).map(value)).collect()
            }
        }
    }

    /// What is drawn of a group.
    fn measures(&self) -> Vec<Measure> {
        let of = |column: Option<usize>, aggregate: Option<Aggregate>| match aggregate {
            Some(Aggregate::Of(function)) => Some(Measure { function, column }),
            Some(Aggregate::None) | None => None,
        };
        if self.kind == Kind::Heatmap {
            return self.color.iter().filter_map(|color| of(color.column, color.aggregate)).collect();
        }
        self.y.iter().filter_map(|series| of(series.column, series.aggregate)).collect()
    }
}
