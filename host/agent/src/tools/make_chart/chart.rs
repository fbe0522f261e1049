//! A chart as the page gets it: columns by their places.

use bricklayer_domain::{AggregateFunction, ResultId, TimeUnit};
use serde::{Serialize, Serializer};
use serde_json::Value;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Bar,
    Line,
    Area,
    Scatter,
    Histogram,
    Heatmap,
    Points,
}

impl Kind {
    pub(super) const ALL: [Self; 7] =
        [Self::Bar, Self::Line, Self::Area, Self::Scatter, Self::Histogram, Self::Heatmap, Self::Points];

    /// Which kinds draw a part.
    pub(super) const PARTS: [(&'static str, &'static [Self]); 8] = [
        ("x", &[Self::Bar, Self::Line, Self::Area, Self::Scatter, Self::Histogram, Self::Heatmap]),
        ("y", &[Self::Bar, Self::Line, Self::Area, Self::Scatter, Self::Heatmap]),
        ("color", &[Self::Bar, Self::Line, Self::Area, Self::Scatter, Self::Heatmap, Self::Points]),
        ("size", &[Self::Scatter, Self::Points]),
        ("latitude", &[Self::Points]),
        ("longitude", &[Self::Points]),
        ("stack", &[Self::Bar, Self::Area]),
        ("sort", &[Self::Bar]),
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Bar => "bar",
            Self::Line => "line",
            Self::Area => "area",
            Self::Scatter => "scatter",
            Self::Histogram => "histogram",
            Self::Heatmap => "heatmap",
            Self::Points => "points",
        }
    }

    pub(super) fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Which of the bars comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    X,
    XDescending,
    Y,
    YDescending,
}

impl Sort {
    pub(super) const ALL: [Self; 4] = [Self::X, Self::XDescending, Self::Y, Self::YDescending];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::X => "x",
            Self::XDescending => "-x",
            Self::Y => "y",
            Self::YDescending => "-y",
        }
    }

    pub(super) fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.as_str() == word)
    }
}

impl Serialize for Sort {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// How values become one mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aggregate {
    /// Each is one.
    None,
    Of(AggregateFunction),
}

impl Aggregate {
    const NONE: &'static str = "none";

    pub(super) fn words() -> impl Iterator<Item = &'static str> {
        std::iter::once(Self::NONE).chain(AggregateFunction::ALL.map(AggregateFunction::as_str))
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        if word == Self::NONE { Some(Self::None) } else { AggregateFunction::of(word).map(Self::Of) }
    }
}

impl Serialize for Aggregate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_str(Self::NONE),
            Self::Of(function) => function.serialize(serializer),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Axis {
    pub(super) column: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unit: Option<TimeUnit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bins: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Series {
    /// None counts rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) aggregate: Option<Aggregate>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Color {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) column: Option<usize>,
    /// Of a heatmap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) aggregate: Option<Aggregate>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct ColumnAt {
    pub(super) column: usize,
}

/// A chart over one result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Chart {
    pub(super) result: ResultId,
    pub(super) kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) x: Option<Axis>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) y: Vec<Series>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) color: Option<Color>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) size: Option<ColumnAt>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) latitude: Option<ColumnAt>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) longitude: Option<ColumnAt>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) stack: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sort: Option<Sort>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) limit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) filter: Option<Value>,
}
