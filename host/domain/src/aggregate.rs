//! What groups of a table's rows are made of, and what is said about them: the words of the API, of tools and of charts.

use serde::{Deserialize, Serialize};

use crate::{ColumnType, MAX_DECIMAL_PRECISION};

/// What is said about a column's values in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AggregateFunction {
    /// How many there are; without a column, how many rows.
    Count,
    /// How many different ones there are.
    Distinct,
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// The one in the middle.
    Median,
}

impl AggregateFunction {
    /// Every function.
    pub const ALL: [Self; 7] = [Self::Count, Self::Distinct, Self::Sum, Self::Mean, Self::Min, Self::Max, Self::Median];

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Distinct => "distinct",
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::Min => "min",
            Self::Max => "max",
            Self::Median => "median",
        }
    }

    /// The function of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|function| function.as_str() == word)
    }

    /// Whether it is said of numbers alone.
    #[must_use]
    pub const fn is_for_numbers(self) -> bool {
        matches!(self, Self::Sum | Self::Mean | Self::Median)
    }

    /// The type of what it makes of values of a type. Sums of whole numbers and of decimals are exact.
    #[must_use]
    pub const fn makes(self, kind: ColumnType) -> ColumnType {
        match (self, kind) {
            (Self::Count | Self::Distinct, _) => ColumnType::Integer,
            (Self::Min | Self::Max, kind) => kind,
            (Self::Sum, ColumnType::Integer) => ColumnType::Decimal { precision: MAX_DECIMAL_PRECISION, scale: 0 },
            (Self::Sum, ColumnType::Decimal { scale, .. }) => {
                ColumnType::Decimal { precision: MAX_DECIMAL_PRECISION, scale }
            }
            (Self::Sum | Self::Mean | Self::Median, _) => ColumnType::Double,
        }
    }
}

/// A unit of time that moments are grouped by. Moments are in UTC, weeks begin on Mondays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// A year.
    Year,
    /// A quarter of a year.
    Quarter,
    /// A month.
    Month,
    /// A week.
    Week,
    /// A day.
    Day,
    /// An hour.
    Hour,
    /// A minute.
    Minute,
}

impl TimeUnit {
    /// Every unit.
    pub const ALL: [Self; 7] =
        [Self::Year, Self::Quarter, Self::Month, Self::Week, Self::Day, Self::Hour, Self::Minute];

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::Quarter => "quarter",
            Self::Month => "month",
            Self::Week => "week",
            Self::Day => "day",
            Self::Hour => "hour",
            Self::Minute => "minute",
        }
    }

    /// The unit of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.as_str() == word)
    }

    /// Whether values of a type have it.
    #[must_use]
    pub const fn is_of(self, kind: ColumnType) -> bool {
        match self {
            Self::Year | Self::Quarter | Self::Month | Self::Week | Self::Day => kind.is_time(),
            Self::Hour | Self::Minute => matches!(kind, ColumnType::Timestamp | ColumnType::TimestampNtz),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back() {
        assert!(AggregateFunction::ALL.into_iter().all(|word| AggregateFunction::of(word.as_str()) == Some(word)));
        assert!(TimeUnit::ALL.into_iter().all(|word| TimeUnit::of(word.as_str()) == Some(word)));
    }
}
